//! `assay dataset refresh`: a share of a rolling set replaced by new cases.

use std::path::Path;

use assay_datasets::library::{How, Lineage, Parent, Sensitivity, name_and_version, who};
use assay_datasets::refresh::{Order, Plan, refresh};
use assay_datasets::{DatasetDecl, Library, add};
use assay_report::{plain, terminal};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{count, find};
use crate::exit;
use assay_home::usage;

/// Replaces a share of the cases by new ones and says how the set moved. Groups go and come whole; critical cases, those of
/// `tier: 1`, and golden sets of tier 1 stay. Cases that the set has already, by id or by content, do not come again.
#[derive(Args)]
pub struct Refresh {
    /// The dataset; its newest version is refreshed.
    pub(super) name: String,
    /// Where new cases come from: a file as `assay dataset add` reads it, or a dataset, with a version behind `@`.
    #[arg(long, value_name = "SOURCE")]
    with: String,
    /// The share of cases that is replaced.
    #[arg(long, value_name = "SHARE")]
    share: f64,
    /// Which cases go first: `oldest` (those longest in the set) or `random`.
    #[arg(long, value_name = "ORDER", default_value = "oldest")]
    order: String,
    /// The seed of the order of new cases, and of old ones where it is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Show what would change, and write nothing.
    #[arg(long)]
    preview: bool,
    /// A note for the record.
    #[arg(long, short)]
    message: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Refresh {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        if self.name.contains('@') {
            return Err(usage("the newest version is refreshed: leave out `@`".into()));
        }
        let order: Order = serde_json::from_value(self.order.as_str().into())
            .map_err(|_| usage(format!("`{}` is no order: oldest or random", self.order)))?;
        let held = if self.preview { None } else { Some(library.hold()?) };
        let (dataset, record) = find(library, &self.name)?;
        let plan = Plan { share: self.share, order, seed: self.seed };
        let mut parents = vec![Parent { dataset: dataset.name.clone(), version: record.version }];
        let mut sources = Vec::new();
        let source = if Path::new(&self.with).exists() {
            sources = add::sources(Path::new(""), Path::new(&self.with))?;
            DatasetDecl { path: self.with.clone(), ..DatasetDecl::default() }
        } else {
            let (other, of) = find(library, &self.with).map_err(|error| match name_and_version(&self.with).1 {
                None => usage(format!("`{}` is neither a file nor a dataset", plain(&self.with, 200))),
                Some(_) => error,
            })?;
            let (theirs, ours) = (other.governance.sensitivity, dataset.governance.sensitivity);
            if let Some(theirs) = theirs.filter(|theirs| *theirs >= Sensitivity::Confidential && Some(*theirs) > ours) {
                let message = format!("`{}` is {}, and `{}` is not", other.name, theirs.as_str(), dataset.name);
                return Err(usage(format!(
                    "{message}: `assay dataset set {} --sensitivity {}` first",
                    dataset.name,
                    theirs.as_str()
                )));
            }
            parents.push(Parent { dataset: other.name, version: of.version });
            DatasetDecl { dataset: Some(self.with.clone()), ..DatasetDecl::default() }
        };
        let (manifest, done) = refresh(library, held.as_ref(), &dataset, &record, &source, &plan)?;
        let mut written = None;
        if let (Some(held), Some(manifest)) = (&held, manifest) {
            let lineage = Lineage {
                how: How::Selected,
                parents,
                sources,
                tool: add::tool(),
                parameters: json!({"refresh": plan, "kept": done.kept, "dropped": done.dropped, "added": done.added,
                    "drift": done.drift.iter().take(20).collect::<Vec<_>>()}),
                note: self.message,
            };
            written = library.add(held, &dataset.name, &who(), &manifest, lineage)?;
        }
        if self.json {
            say(&json!({"refreshed": done, "version": written}).to_string());
            return Ok(exit::PASS);
        }
        if !done.drift.is_empty() {
            let cells = done.drift.iter().take(20).map(|of| {
                let (value, before, after) = &of.most;
                vec![
                    of.key.clone(),
                    of.values.to_string(),
                    format!("{:.4}", of.distance),
                    format!("{value}: {:.1}% → {:.1}%", 100.0 * before, 100.0 * after),
                    of.p.map_or_else(|| "–".into(), |p| format!("{p:.3}")),
                ]
            });
            let heads = ["metadata", "values", "distance", "largest move", "p (gone, come)"];
            say(&terminal::table(&heads, cells.collect(), &[1, 2, 4]));
        }
        say(&format!("{} cases stay, {} go, {} are new", count(done.kept), count(done.dropped), count(done.added)));
        if done.short > 0 {
            say(&format!(
                "note: {} more were wanted: the source has no more that fit ({} of its cases are in the set already)",
                count(done.short),
                count(done.known)
            ));
        }
        match written {
            Some(version) => say(&format!(
                "{}@{} {}: {} cases",
                dataset.name,
                version.number,
                version.version.short(),
                count(version.cases)
            )),
            None if self.preview => say("nothing was written: this is a preview"),
            None => say("nothing changed"),
        }
        Ok(exit::PASS)
    }
}
