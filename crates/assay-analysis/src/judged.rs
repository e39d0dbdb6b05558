//! Figures of a run that a judge made, corrected by labels of its answers.

use std::collections::HashMap;

use assay_core::Reducer;
use assay_stats::judges::Grade;
use assay_stats::{Correction, Difference, Estimate, Judged, corrected_difference, corrected_level};
use serde::Serialize;

use crate::compare::sign;
use crate::scores::{Arm, Fill, RunScores, kind_of};
use crate::standing::Standing;

/// The least share of answers that labels must have been drawn from.
const LEAST_COVERED: f64 = 0.95;
/// Why nothing is corrected after an alarm.
const DRIFTED: &str = "the judge has drifted since it was calibrated, so that its labels are of another instrument";
/// The least labels of a slice that is corrected.
pub(crate) const LEAST_SLICE_LABELS: usize = 20;

/// What is known of a judge for one run: its standing, and people's labels of the run's answers.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// What the judge may be used for.
    pub standing: Standing,
    /// People's word on a target's answers to a case, where all of them carry labels drawn by chance, and the chance where it
    /// is known: by the target's and the case's place.
    pub truths: HashMap<(usize, usize), (f64, Option<f64>)>,
    /// For each target the share of its answers that labels were drawn from.
    pub covered: Vec<f64>,
}

/// How a figure by a judge came about.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct JudgeNote<T> {
    /// The judge's grade, with what it allows.
    pub grade: Grade,
    /// The figure as the judge alone makes it.
    pub raw: T,
    /// Whether the figure beside it is corrected.
    pub corrected: bool,
    /// Cases with labels behind the correction; in a comparison, of both answers.
    pub labels: usize,
    /// How many times as many labels alone would be as precise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_multiplier: Option<f64>,
    /// Labels that would settle the gate's margin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_needed: Option<u64>,
    /// Why it is not corrected, or what it may not be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl<T> JudgeNote<T> {
    /// Of a figure that labels corrected, which is given too, or of one that they did not, with the reason. `raw` is what the
    /// judge alone says.
    pub(crate) fn of(grade: Grade, raw: T, found: Result<Correction<T>, String>) -> (Self, Option<T>) {
        let none =
            Self { grade, raw, corrected: false, labels: 0, label_multiplier: None, labels_needed: None, why: None };
        match found {
            Ok(found) => {
                let (labels, label_multiplier) = (found.labels, found.multiplier);
                (Self { corrected: true, labels, label_multiplier, ..none }, Some(found.found))
            }
            Err(why) => (Self { why: Some(why), ..none }, None),
        }
    }

    /// In words: what stands behind a figure that the judge made. `raw` is the judge's own figure as it is shown.
    pub fn words(&self, raw: &str) -> String {
        let mut words = format!("judge of grade {}", self.grade);
        if self.corrected {
            words.push_str(&format!(", corrected by {} labels; the judge alone says {raw}", self.labels));
            if let Some(multiplier) = self.label_multiplier.filter(|multiplier| *multiplier > 1.05) {
                words.push_str(&format!("; with it a label is worth {multiplier:.1}"));
            }
            if let Some(needed) = self.labels_needed {
                words.push_str(&format!("; about {needed} labels settle the gate's margin"));
            }
        }
        if let Some(why) = &self.why {
            words.push_str(&format!(": {why}"));
        }
        words
    }
}

impl RunScores {
    /// The grade of a judge, by its position; U where no certificate is attached.
    pub fn grade(&self, scorer: usize) -> Grade {
        let calibration = self.calibrations.get(scorer).and_then(Option::as_ref);
        calibration.map_or(Grade::U, |calibration| calibration.standing.grade)
    }
}

impl<'a> Arm<'a> {
    fn calibration(&self, scorer: usize) -> Option<&'a Calibration> {
        self.scores.calibrations.get(scorer)?.as_ref()
    }
}

/// Why labels say nothing of an arm's answers, if so.
fn uncovered(arm: Arm<'_>, calibration: &Calibration) -> Option<String> {
    let covered = calibration.covered.get(arm.target).copied().unwrap_or(0.0);
    (covered < LEAST_COVERED).then(|| {
        format!(
            "only {:.0}% of the answers of `{}` are among those that labels were drawn from: calibrate with this run \
             (`--run {}`) and labels of its answers",
            100.0 * covered,
            arm.name(),
            arm.scores.record.id.short()
        )
    })
}

/// A level corrected by labels, or why it is not. `None` for a scorer that is no judge, or has no certificate.
pub(crate) fn level_of(
    arm: Arm<'_>,
    scorer: usize,
    reducer: Reducer,
    cases: Option<&[usize]>,
    confidence: f64,
) -> Option<Result<Correction<Estimate>, String>> {
    let record = &arm.scores.record.scorers[scorer];
    let calibration = arm.calibration(scorer).filter(|_| record.judge)?;
    Some((|| {
        if calibration.standing.drifted {
            return Err(DRIFTED.to_owned());
        }
        if calibration.standing.grade < Grade::C {
            return Err(calibration.standing.grade.allows().to_owned());
        }
        if reducer != Reducer::Mean {
            return Err(format!("labels correct means, not {reducer}"));
        }
        if let Some(why) = uncovered(arm, calibration) {
            return Err(why);
        }
        let all;
        let cases = match cases {
            Some(cases) => cases,
            None => {
                all = (0..arm.scores.cases.len()).collect::<Vec<_>>();
                &all
            }
        };
        let mut judged = Vec::with_capacity(cases.len());
        let mut weight = None;
        for case in cases {
            let Some((judge, repeats)) = arm.value(*case, scorer, reducer, Fill::Available) else { continue };
            if *weight.get_or_insert(arm.scores.cases.weight(*case)) != arm.scores.cases.weight(*case) {
                return Err("cases carry different weights, which the correction does not know".to_owned());
            }
            let truth = calibration.truths.get(&(arm.target, *case));
            judged.push(Judged {
                judge,
                truth: truth.map(|(truth, _)| *truth),
                chance: truth.and_then(|(_, chance)| *chance),
                cluster: arm.scores.cases.cluster(*case),
                repeats,
            });
        }
        let kind = kind_of(record, reducer, None);
        corrected_level(&judged, kind, confidence, arm.scores.record.seed).map_err(|why| why.to_string())
    })())
}

/// A difference corrected by labels of both answers, positive being better, or why it is not. `None` for a scorer that is no
/// judge, or has no certificate.
pub(crate) fn difference_of(
    candidate: Arm<'_>,
    baseline: Arm<'_>,
    scorers: (usize, usize),
    reducer: Reducer,
    fills: (Fill, Fill),
    some: Option<&[usize]>,
    confidence: f64,
) -> Option<Result<Correction<Difference>, String>> {
    let record = &candidate.scores.record.scorers[scorers.0];
    let own = candidate.calibration(scorers.0).filter(|_| record.judge)?;
    Some((|| {
        if own.standing.drifted {
            return Err(DRIFTED.to_owned());
        }
        if own.standing.grade < Grade::B {
            return Err(format!("{}, not for comparisons", own.standing.grade.allows()));
        }
        let Some(other) = baseline.calibration(scorers.1) else {
            return Err("the baseline's answers carry no labels".to_owned());
        };
        if reducer != Reducer::Mean {
            return Err(format!("labels correct means, not {reducer}"));
        }
        if let Some(why) = uncovered(candidate, own).or_else(|| uncovered(baseline, other)) {
            return Err(why);
        }
        let (cases, others) = (&candidate.scores.cases, &baseline.scores.cases);
        let sign = sign(record.direction);
        let mut judged = Vec::new();
        let mut weight = None;
        // Answers of a case are drawn together or each by itself; the files tell which.
        let (mut both, mut one) = (0usize, 0usize);
        for (c, b) in cases.shared(others, some) {
            let values =
                candidate.value(c, scorers.0, reducer, fills.0).zip(baseline.value(b, scorers.1, reducer, fills.1));
            let Some(((f, repeats), (g, again))) = values else { continue };
            if *weight.get_or_insert(cases.weight(c)) != cases.weight(c) {
                return Err("cases carry different weights, which the correction does not know".to_owned());
            }
            let (y, z) = (own.truths.get(&(candidate.target, c)), other.truths.get(&(baseline.target, b)));
            both += usize::from(y.is_some() && z.is_some());
            one += usize::from(y.is_some() != z.is_some());
            let truth = y.zip(z);
            judged.push((
                Judged {
                    judge: sign * (f - g),
                    truth: truth.map(|((y, _), (z, _))| sign * (y - z)),
                    chance: None,
                    cluster: cases.cluster(c),
                    repeats: repeats.max(again),
                },
                truth.and_then(|((_, p), (_, q))| Some(((*p)?, (*q)?))),
            ));
        }
        let together = one * 50 <= both;
        let judged: Vec<Judged> = judged
            .into_iter()
            .map(|(case, chances)| {
                let chance = chances.map(|(p, q)| if together { p.min(q) } else { p * q });
                Judged { chance, ..case }
            })
            .collect();
        let kind = kind_of(record, reducer, None);
        corrected_difference(&judged, kind, confidence).map_err(|why| match both {
            0 => "no case carries labels of both answers".to_owned(),
            _ => why.to_string(),
        })
    })())
}

/// Why a gate asks for more than a judge's certificate shows.
pub(crate) fn short_of(arm: Arm<'_>, scorer: usize, confidence: f64, margin: f64) -> Option<String> {
    arm.calibration(scorer)?.standing.short_of(confidence, margin)
}

/// The grade of a judge in a run; U without a certificate.
pub(crate) fn grade_of(arm: Arm<'_>, scorer: usize) -> Grade {
    arm.scores.grade(scorer)
}

/// What a judge lacks for the next grade, in words.
pub(crate) fn lacking(arm: Arm<'_>, scorer: usize) -> Vec<String> {
    match arm.calibration(scorer) {
        None => vec!["advisory: the judge is not calibrated against people".to_owned()],
        Some(Calibration { standing, .. }) => {
            let mut words =
                vec![format!("advisory: the judge has grade {}, {}", standing.grade, standing.grade.allows())];
            words.extend(standing.dropped.iter().cloned());
            let lacks = standing.missing.iter().filter(|what| !standing.dropped.contains(what));
            words.extend(lacks.map(|what| format!("for the next grade: {what}")));
            words
        }
    }
}

/// The gap that labels are planned for: never on a lucky estimate.
pub(crate) fn gap(estimate: &Estimate, margin: f64) -> f64 {
    let planned = match (estimate.value, estimate.se) {
        (Some(value), Some(se)) if value.abs() >= se => value.clamp(-margin / 2.0, margin),
        _ => 0.0,
    };
    margin + planned
}
