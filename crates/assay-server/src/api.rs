//! Every endpoint. One file for each thing that is asked about.

pub mod audit;
pub mod calibrate;
pub mod charts;
pub mod compare;
pub mod dataset_cases;
pub mod datasets;
pub mod evidence;
pub mod explore;
pub mod imports;
pub mod jobs;
pub mod judges;
pub mod overview;
pub mod people;
pub mod project;
pub mod pushes;
pub mod releases;
pub mod review;
pub mod review_lead;
pub mod runs;
pub mod session;
pub mod standing;
pub mod summaries;
pub mod trials;

use crate::endpoint::Endpoint;

/// The endpoints.
pub fn endpoints() -> Vec<Endpoint> {
    let mut all = Vec::new();
    all.extend(standing::endpoints());
    all.extend(session::endpoints());
    all.extend(overview::endpoints());
    all.extend(runs::endpoints());
    all.extend(jobs::endpoints());
    all.extend(pushes::endpoints());
    all.extend(trials::endpoints());
    all.extend(releases::endpoints());
    all.extend(compare::endpoints());
    all.extend(explore::endpoints());
    all.extend(evidence::endpoints());
    all.extend(charts::endpoints());
    all.extend(datasets::endpoints());
    all.extend(dataset_cases::endpoints());
    all.extend(imports::endpoints());
    all.extend(audit::endpoints());
    all.extend(people::endpoints());
    all.extend(review::endpoints());
    all.extend(review_lead::endpoints());
    all.extend(judges::endpoints());
    all.extend(calibrate::endpoints());
    all.extend(project::endpoints());
    all
}
