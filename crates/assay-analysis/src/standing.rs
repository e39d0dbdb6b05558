//! What a certificate is worth today: its age, and what checks of the frozen verdicts found.

use assay_stats::drift::change::Detector;
use assay_stats::drift::chart::BernoulliCusum;
use assay_stats::judges::{Evidence, Grade, grade};
use serde::{Deserialize, Serialize};

use crate::certificate::{Certificate, Scope, TERM_DAYS};
use crate::gate::percent;

/// Runs between false alarms of a judge that has not changed.
const RUNS_BETWEEN_ALARMS: f64 = 100.0;

/// What a judge may be used for now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Standing {
    /// The grade.
    pub grade: Grade,
    /// What the next grade needs.
    pub missing: Vec<String>,
    /// Why it is lower than the labels alone would make it.
    pub dropped: Vec<String>,
    /// Verdicts that were asked again, and those that were not the same.
    pub checked: (u64, u64),
    /// Whether the frozen verdicts say that the judge is not what was calibrated.
    pub drifted: bool,
    /// What the certificate was made for.
    pub scope: Scope,
    /// What the grade rests on.
    pub evidence: Evidence,
}

impl Standing {
    /// Why a gate at a confidence and a margin asks for more than the certificate shows; `None` when it does not. A margin
    /// that is smaller than the certificate's may still be within what its labels show.
    pub fn short_of(&self, confidence: f64, margin: f64) -> Option<String> {
        if confidence > self.scope.confidence + 1e-9 {
            return Some(format!(
                "the judge's certificate holds at {}% and the gate asks for {}%: calibrate it with `--confidence {confidence}`",
                percent(self.scope.confidence),
                percent(confidence)
            ));
        }
        let regraded = grade(&Evidence { margin, ..self.evidence });
        (margin < self.scope.margin && regraded.grade < self.grade).then(|| {
            format!(
                "the judge's certificate was made for a margin of {} and the gate's is {margin}: {}",
                self.scope.margin,
                regraded.missing.join("; ")
            )
        })
    }
}

/// The standing of a certificate at a time (microseconds since the Unix epoch), after checks that say for each frozen verdict
/// asked again whether it was the same. A label older than its term, and an alarm of the CUSUM chart over the checks
/// (at most one false alarm in 100 checks), leave no more than C.
pub fn standing(certificate: &Certificate, checks: &[Vec<bool>], now_us: i64) -> Standing {
    let mut evidence = certificate.evidence;
    let mut dropped = Vec::new();
    let age = (now_us - certificate.aged_from_us()).max(0) as f64 / 86_400e6;
    evidence.age = Some(age);
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
        dropped.push(format!(
            "the certificate has expired: its oldest label is {age:.0} days old, and labels hold {TERM_DAYS}. Calibrate again \
             with fresh labels"
        ));
    }
    if !dropped.is_empty() && grade > Grade::C {
        grade = Grade::C;
        missing.clone_from(&dropped);
    }
    let checked = (asked, differ);
    Standing { grade, missing, dropped, checked, drifted, scope: certificate.scope(), evidence }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    use assay_core::{Digest, Direction, ScoreKind};

    use crate::certificate::{Calibrating, TERM_DAYS, Verdict};
    use crate::labels::{Coding, Truth};

    const DAY_US: i64 = 86_400_000_000;

    /// A judge of two arms that is right on all but every twentieth answer; people label everything.
    fn certificate() -> Certificate {
        let item = |case: u32, arm: usize| Digest::of_bytes(format!("{case} {arm}").as_bytes());
        let truth = |case: u32, arm: usize| f64::from(u8::from((case * 7 + arm as u32 * 3) % 10 > 3));
        let (mut verdicts, mut truths) = (Vec::new(), HashMap::new());
        for case in 0..300u32 {
            for arm in 0..2 {
                let right = truth(case, arm);
                verdicts.push(Verdict {
                    item: item(case, arm),
                    case: format!("c{case}"),
                    cluster: case,
                    clustered: false,
                    arm,
                    epoch: 0,
                    value: Ok(if case % 20 == 7 { 1.0 - right } else { right }),
                    metadata: Vec::new(),
                });
                // Three people, one of whom errs here and there.
                let raters = vec![(0, right), (1, right), (2, if case % 15 == 1 { 1.0 - right } else { right })];
                // The first label is from day 10, the last from day 40.
                let labelled_us = Some((10 + i64::from(case) / 10) * DAY_US);
                let truth = Truth { value: Some(right), random: true, chance: None, raters, labelled_us };
                truths.insert(item(case, arm), truth);
            }
        }
        let names = ["a", "b", "c"].map(str::to_owned);
        Calibrating {
            judge: "j",
            fingerprint: item(0, 9),
            criterion: "j",
            coding: Coding { score: ScoreKind::Binary, positive: vec![], scale: None },
            direction: Direction::Higher,
            threshold: Some(1.0),
            runs: Vec::new(),
            arms: vec!["base".into(), "cand".into()],
            verdicts: &verdicts,
            truths: (&truths, &names),
            swapped: None,
            orders: &[],
            slices: &[],
            margin: 0.1,
            confidence: 0.95,
            epsilon: 0.15,
            now_us: 45 * DAY_US,
            labels_digest: item(0, 9),
            canaries: 50,
        }
        .certificate()
    }

    #[test]
    fn a_grade_lasts_as_long_as_the_labels_and_the_judge_do() {
        let made = certificate();
        let same = vec![vec![true; 50]];
        assert_eq!(made.canaries.len(), 50);
        // Nobody has asked twice yet: how often a verdict flips is not known.
        let now = 45 * DAY_US;
        assert_eq!(standing(&made, &[], now).grade, Grade::U);
        let fresh = standing(&made, &same, now);
        assert_eq!((fresh.grade, fresh.checked), (Grade::A, (50, 0)), "{fresh:?}");
        // Labels age, not certificates: the first is ninety days old on day 100, when the certificate is 55.
        assert_eq!((made.labelled_us, made.expires_us), (Some((10 * DAY_US, 39 * DAY_US)), 100 * DAY_US));
        assert_eq!(standing(&made, &same, 100 * DAY_US - 1).grade, Grade::A);
        let late = standing(&made, &same, (10 + TERM_DAYS) * DAY_US);
        assert!(late.grade == Grade::C && late.dropped[0].contains("oldest label is 90 days old"), "{late:?}");
        // One verdict of fifty that flips now and then is no drift; every third is.
        let mut one = vec![true; 50];
        one[9] = false;
        assert_eq!(standing(&made, &[same[0].clone(), one.clone(), same[0].clone()], now).grade, Grade::A);
        let third: Vec<bool> = (0..50).map(|i| i % 3 > 0).collect();
        let mut checks = vec![same[0].clone(); 20];
        checks.push(third);
        let drifted = standing(&made, &checks, now);
        assert!(
            drifted.drifted && drifted.grade == Grade::C && drifted.dropped[0].contains("frozen verdicts differ"),
            "{drifted:?}"
        );
    }

    #[test]
    fn a_gate_that_asks_for_more_than_the_certificate_shows_is_told() {
        let found = standing(&certificate(), &[vec![true; 50]], 45 * DAY_US);
        assert_eq!(found.grade, Grade::A);
        // Made at 95% for a margin of 0.1.
        assert_eq!((found.short_of(0.95, 0.1), found.short_of(0.9, 0.2)), (None, None));
        assert!(found.short_of(0.99, 0.1).unwrap().contains("holds at 95% and the gate asks for 99%"));
        // The differential error is within ±0.15: a margin of 0.08 is shown by the same labels, a thousandth is not.
        assert_eq!(found.short_of(0.95, 0.08), None, "{:?}", found.evidence);
        let why = found.short_of(0.95, 0.001).unwrap();
        assert!(why.contains("margin of 0.1 and the gate's is 0.001") && why.contains("differential error"), "{why}");
    }

    #[test]
    fn a_certificate_survives_being_kept() {
        let made = certificate();
        let kept: Certificate = serde_json::from_str(&serde_json::to_string(&made).unwrap()).unwrap();
        assert_eq!(kept.evidence, made.evidence);
        assert_eq!(kept.canaries, made.canaries);
    }
}
