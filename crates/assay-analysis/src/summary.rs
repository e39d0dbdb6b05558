//! One run: a level with its interval for each target, scorer, reducer and slice.

use assay_core::row::Missing;
use assay_core::{Direction, Metric, Reducer, ScoreKind};
use assay_stats::judges::Grade;
use assay_stats::{Estimate, level};
use serde::Serialize;

use crate::corpus;
use crate::judged::{self, JudgeNote, LEAST_SLICE_LABELS};
use crate::scores::{Arm, Fill, RunScores, kind_of};

/// What a run shows.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// One row for each target, scorer and reducer.
    pub rows: Vec<Row>,
    /// Cases with at least one outcome.
    pub cases: usize,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// A level.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "SummaryRow")]
pub struct Row {
    /// The target.
    pub target: String,
    /// The scorer.
    pub scorer: String,
    /// The reducer over epochs.
    pub reducer: Reducer,
    /// The corpus metric; absent for the mean over cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// What kind of number it is.
    pub score: ScoreKind,
    /// Which way is better.
    pub direction: Direction,
    /// True when the scorer is a judge and the level is its own word, or its grade allows no more than trends.
    pub advisory: bool,
    /// The level over the scores that are there; of a calibrated judge with labels, corrected by them.
    pub estimate: Estimate,
    /// What a calibrated judge's level rests on, and what the judge alone says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeNote<Estimate>>,
    /// The level when missing scores count as the worst value; absent when nothing is missing or no range is known.
    pub worst: Option<Estimate>,
    /// The level when missing scores count as the best value.
    pub best: Option<Estimate>,
    /// Trials with a value.
    pub scored: u64,
    /// Trials whose target failed.
    pub trial_errors: u64,
    /// Trials whose scorer failed.
    pub scorer_errors: u64,
    /// Trials that the scorer could not judge.
    pub unscored: u64,
    /// Trials that a budget refused or that were cancelled.
    pub not_run: u64,
    /// Levels by declared slice.
    pub slices: Vec<SliceRow>,
}

impl Row {
    /// The scorer, with its corpus metric.
    pub fn name(&self) -> String {
        named(&self.scorer, self.metric)
    }
}

pub(crate) fn named(scorer: &str, metric: Option<Metric>) -> String {
    match metric {
        None => scorer.to_owned(),
        Some(metric) if metric.as_str() == scorer => format!("{scorer} (corpus)"),
        Some(metric) => format!("{scorer} {metric}"),
    }
}

/// A level in a slice.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "SummarySlice")]
pub struct SliceRow {
    /// The slice.
    pub slice: String,
    /// The level.
    pub estimate: Estimate,
    /// True when it is a judge's own word, uncorrected.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub advisory: bool,
}

/// Summarises a run at a confidence level.
pub fn summarize(scores: &RunScores, confidence: f64) -> Summary {
    let slices = scores.slices();
    let mut rows = Vec::new();
    let mut warnings = Vec::new();
    for target in 0..scores.record.targets.len() {
        let arm = Arm { scores, target };
        for (s, record) in scores.record.scorers.iter().enumerate() {
            let missing = arm.missing(s);
            let count = |why: Missing| missing.get(&why).copied().unwrap_or(0);
            let any = !missing.is_empty();
            let row = |reducer: Reducer, metric: Option<Metric>, of: &dyn Fn(Fill, Option<&[usize]>) -> Estimate| {
                // What a missing score would add to a corpus metric is not known.
                let bounded = any && metric.is_none() && record.score != ScoreKind::Unbounded;
                let bound = |fill: Fill| bounded.then(|| of(fill, None));
                let correct = |cases| match metric {
                    None => judged::level_of(arm, s, reducer, cases, confidence),
                    Some(_) => None,
                };
                let grade = judged::grade_of(arm, s);
                let raw = of(Fill::Available, None);
                let mut estimate = raw.clone();
                let judge = correct(None).map(|found| {
                    let (note, corrected) = JudgeNote::of(grade, raw, found);
                    if let Some(corrected) = corrected {
                        estimate = corrected;
                    }
                    note
                });
                let corrected = judge.as_ref().is_some_and(|note| note.corrected);
                Row {
                    target: arm.name().to_owned(),
                    scorer: record.name.clone(),
                    reducer,
                    metric,
                    score: metric.map_or(record.score, Metric::score),
                    direction: metric.map_or(record.direction, Metric::direction),
                    advisory: record.judge && !(corrected && grade >= Grade::B),
                    estimate,
                    judge,
                    worst: bound(Fill::Worst),
                    best: bound(Fill::Best),
                    scored: arm.counts(s).0,
                    trial_errors: count(Missing::TrialError),
                    scorer_errors: count(Missing::ScorerError),
                    unscored: count(Missing::Unscored),
                    not_run: count(Missing::Refused) + count(Missing::Cancelled),
                    slices: slices
                        .iter()
                        .map(|slice| {
                            let found = correct(Some(&slice.cases)).and_then(Result::ok);
                            let found = found.filter(|found| found.labels >= LEAST_SLICE_LABELS);
                            SliceRow {
                                slice: slice.name.clone(),
                                advisory: record.judge && found.is_none(),
                                estimate: found
                                    .map_or_else(|| of(Fill::Available, Some(&slice.cases)), |found| found.found),
                            }
                        })
                        .collect(),
                }
            };
            for reducer in &scores.record.reducers {
                let kind = kind_of(record, *reducer, None);
                rows.push(row(*reducer, None, &|fill, cases| {
                    level(&arm.items(s, *reducer, fill, cases), kind, confidence)
                }));
            }
            for metric in &record.metrics {
                let of = |_: Fill, cases: Option<&[usize]>| corpus::level(arm, s, *metric, cases, confidence);
                rows.push(row(Reducer::Mean, Some(*metric), &of));
            }
        }
    }
    if scores.repeated_generations > 0 {
        warnings.push(format!(
            "{} repeats are copies of one answer and count once: the target answers the same in every epoch",
            scores.repeated_generations
        ));
    }
    Summary { rows, cases: scores.cases.len(), warnings }
}
