//! What a certificate is worth today: its age, and what checks of the frozen verdicts found.

use assay_stats::drift::change::Detector;
use assay_stats::drift::chart::BernoulliCusum;
use assay_stats::judges::{Grade, grade};
use serde::Serialize;

use crate::certificate::Certificate;

/// Runs between false alarms of a judge that has not changed.
const RUNS_BETWEEN_ALARMS: f64 = 100.0;

/// What a judge may be used for now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The grade.
    pub grade: Grade,
    /// What the next grade needs.
    pub missing: Vec<String>,
    /// Why it is lower than the labels alone would make it.
    pub dropped: Vec<String>,
    /// Verdicts that were asked again, and those that were not the same.
    pub checked: (u64, u64),
}

/// The standing of a certificate at a time (microseconds since the Unix epoch), after checks that say for each frozen verdict
/// asked again whether it was the same. Labels older than their term, and an alarm of the CUSUM chart over the checks
/// (at most one false alarm in 100 checks), leave no more than C.
pub fn standing(certificate: &Certificate, checks: &[Vec<bool>], now_us: i64) -> Standing {
    let mut evidence = certificate.evidence;
    let mut dropped = Vec::new();
    evidence.age = Some((now_us - certificate.made_us).max(0) as f64 / 86_400e6);
    let asked = checks.iter().map(Vec::len).sum::<usize>() as u64;
    let differ = checks.iter().flatten().filter(|same| !**same).count() as u64;
    if asked > 0 {
        // Frozen verdicts asked again are repeats.
        let rate = differ as f64 / asked as f64;
        evidence.flip_rate = Some(evidence.flip_rate.map_or(rate, |known| known.max(rate)));
    }
    let drifted = drifted(certificate, checks);
    evidence.canary = (asked > 0 && !certificate.canaries.is_empty()).then_some(!drifted);
    let graded = grade(&evidence);
    let (mut grade, mut missing) = (graded.grade, graded.missing);
    if drifted {
        dropped.push(format!("{differ} of {asked} frozen verdicts differ now: the judge is not what it was"));
    }
    if now_us >= certificate.expires_us {
        dropped.push("the certificate has expired: calibrate again with fresh labels".to_owned());
    }
    if !dropped.is_empty() && grade > Grade::C {
        grade = Grade::C;
        missing.clone_from(&dropped);
    }
    Standing { grade, missing, dropped, checked: (asked, differ) }
}

fn drifted(certificate: &Certificate, checks: &[Vec<bool>]) -> bool {
    let frozen = certificate.canaries.len() as f64;
    if frozen == 0.0 {
        return false;
    }
    // What the verdicts flip by themselves is no drift; ten points more is.
    let usual = certificate.evidence.flip_rate.unwrap_or(0.0).clamp(0.01, 0.5);
    let Ok(mut chart) = BernoulliCusum::design(usual, usual + 0.1, RUNS_BETWEEN_ALARMS * frozen) else { return false };
    checks.iter().flatten().any(|same| chart.update(f64::from(u8::from(!same))).unwrap_or(false))
}
