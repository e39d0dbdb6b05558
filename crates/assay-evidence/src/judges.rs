//! What is known of a run's judges: what each may be used for, and what people said of the answers that it judged. Without
//! it a verdict that labels corrected could not be computed anew.
//!
//! A standing is the workspace's word on the day the pack was built. The labels are numbers on the judge's scale; who gave
//! them is not in a pack.

use std::collections::HashMap;

use assay_analysis::{Calibration, RunScores, Standing};
use serde::{Deserialize, Serialize};

/// A judge that has a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeFacts {
    /// The scorer's name.
    pub scorer: String,
    /// What it may be used for.
    pub standing: Standing,
    /// For each of the run's targets, the share of its answers that labels were drawn from.
    pub covered: Vec<f64>,
    /// People's word on answers.
    pub labels: Vec<Label>,
}

/// People's word on a target's answers to a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The target's place in the run.
    pub target: usize,
    /// The case's place among those of the scores, in the order in which the rows name them first.
    pub case: usize,
    /// The value.
    pub value: f64,
    /// The chance with which it was drawn, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
}

/// What is attached to scores, as a pack holds it.
pub fn of(scores: &RunScores) -> Vec<JudgeFacts> {
    let scorers = scores.record.scorers.iter().zip(&scores.calibrations);
    scorers
        .filter_map(|(scorer, calibration)| {
            let calibration = calibration.as_ref()?;
            let mut labels: Vec<Label> = calibration
                .truths
                .iter()
                .map(|((target, case), (value, chance))| Label {
                    target: *target,
                    case: *case,
                    value: *value,
                    chance: *chance,
                })
                .collect();
            labels.sort_unstable_by_key(|label| (label.target, label.case));
            let (scorer, covered) = (scorer.name.clone(), calibration.covered.clone());
            Some(JudgeFacts { scorer, standing: calibration.standing.clone(), covered, labels })
        })
        .collect()
}

/// Attaches it to the scores of the same rows.
pub fn attach(facts: &[JudgeFacts], scores: &mut RunScores) {
    let of = |name: &str| {
        let facts = facts.iter().find(|facts| facts.scorer == name)?;
        let truths: HashMap<_, _> = facts.labels.iter().map(|l| ((l.target, l.case), (l.value, l.chance))).collect();
        Some(Calibration { standing: facts.standing.clone(), truths, covered: facts.covered.clone() })
    };
    scores.calibrations = scores.record.scorers.iter().map(|scorer| of(&scorer.name)).collect();
}
