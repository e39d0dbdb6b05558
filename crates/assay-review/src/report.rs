//! From stored ratings to figures: agreement with intervals, who is strict, who drifts, what to discuss, what it costs.
//!
//! Everything is computed from a [`Snapshot`]; nothing here reads a file or a clock.

mod agreement;
mod people;
mod ranking;

use std::collections::BTreeMap;

use assay_core::Money;
use assay_stats::Interval;
use serde::{Deserialize, Serialize};

use crate::ReviewError;
use crate::adjudication::{Dispute, disputes};
use crate::outcome::{Outcome, Snapshot};
use crate::rubric::RubricChange;
use crate::store::Progress;

pub use agreement::{CriterionReport, Impact, LeftOut, SliceAgreement, SpanAgreement, Specific};
pub use people::{GoldReport, RaterReport, Severities};
pub use ranking::{Ranked, Ranking};

/// What a report asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The level of all intervals.
    pub confidence: f64,
    /// From which lower bound of α labels may serve as gold.
    pub gold_at: f64,
    /// From which lower bound of α means of three or more raters may be used.
    pub average_at: f64,
    /// The reliability that the mean of an item's ratings shall have.
    pub target: f64,
    /// Steps of a scale that raters may be apart without a talk.
    pub apart: f64,
    /// Metadata keys to slice by; all with 2 to 12 values when there is none.
    pub slices: Vec<String>,
    /// The share of fast ratings that is flagged.
    pub fast: f64,
    /// The error rate on gold that a rater's chart looks for.
    pub bad: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            gold_at: 0.8,
            // Krippendorff's conventions.
            average_at: 0.667,
            target: 0.8,
            apart: 1.0,
            slices: Vec::new(),
            fast: 0.01,
            bad: 0.3,
        }
    }
}

impl Options {
    /// Whether a report can be made by them.
    ///
    /// # Errors
    /// A level or a reliability that cannot be one.
    pub fn check(&self) -> Result<(), ReviewError> {
        if (0.5..1.0).contains(&self.confidence) && self.target > 0.0 && self.target < 1.0 {
            return Ok(());
        }
        Err(ReviewError::usage("the level is from 0.5 to below 1, the reliability between 0 and 1"))
    }
}

/// A figure with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewFigure")]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// The lower end; none where no interval is defined.
    pub lower: Option<f64>,
    /// The upper end.
    pub upper: Option<f64>,
}

impl Figure {
    pub(crate) fn new(value: f64, interval: Option<Interval>) -> Self {
        Self { value, lower: interval.map(|i| i.lower), upper: interval.map(|i| i.upper) }
    }
}

/// The report of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewReport")]
pub struct Report {
    /// The project.
    pub project: String,
    /// The rubric's digest.
    pub rubric: String,
    /// Its version in the project.
    pub version: i64,
    /// How far it is.
    pub progress: Progress,
    /// By criterion.
    pub criteria: Vec<CriterionReport>,
    /// By rater, in the order of names: raters are not ranked.
    pub raters: Vec<RaterReport>,
    /// What is to be discussed, the widest disagreement first; settled ones are left out.
    pub discuss: Vec<Dispute>,
    /// By how much each week is scored higher than the others, by criterion, where ratings span several weeks.
    pub weeks: BTreeMap<String, Vec<Figure>>,
    /// Questions that were settled.
    pub settled: usize,
    /// Items whose raters are split, by criterion: they have no label until somebody settles them.
    pub split: Vec<(String, usize)>,
    /// What changed between versions of the rubric, and what that did.
    pub impact: Vec<Impact>,
    /// How long and how much.
    pub work: Work,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Throughput and cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewWork")]
pub struct Work {
    /// Items rated, gold among them, whoever rated them.
    pub rated: u64,
    /// Item ratings that count.
    pub accepted: u64,
    /// Seconds on an item, the median.
    pub median_seconds: Option<f64>,
    /// Items in an hour at work.
    pub per_hour: Option<f64>,
    /// Hours at work.
    pub hours: f64,
    /// What was spent.
    pub spent: Money,
    /// What a rating that counts cost, with gold, suspended raters and repeats in it.
    pub cost_per_accepted: Option<Money>,
    /// What the rest of the project would cost at that.
    pub left: Option<Money>,
}

/// Computes a project's report.
pub fn report(snapshot: &Snapshot, options: &Options, outcomes: &[Outcome]) -> Report {
    let disputed = disputes(snapshot, options.apart);
    let settled = disputed.iter().filter(|dispute| dispute.settled.is_some()).count();
    let discuss: Vec<Dispute> = disputed.into_iter().filter(|dispute| dispute.settled.is_none()).collect();
    let criteria: Vec<CriterionReport> = snapshot
        .project
        .rubric
        .criteria
        .iter()
        .map(|criterion| agreement::criterion(snapshot, criterion, options))
        .collect();
    let raters = people::raters(snapshot, options);
    let split = criteria
        .iter()
        .map(|criterion| {
            let own = |outcome: &&Outcome| outcome.criterion == criterion.name && outcome.value.is_none();
            (criterion.name.clone(), outcomes.iter().filter(own).count())
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let work = people::work(snapshot);
    let weeks: BTreeMap<String, Vec<Figure>> = snapshot
        .project
        .rubric
        .criteria
        .iter()
        .filter_map(|criterion| {
            let found = people::severities(snapshot, criterion, options.confidence)?;
            Some((criterion.name.clone(), found.weeks)).filter(|(_, weeks)| !weeks.is_empty())
        })
        .collect();
    let mut notes = notes(snapshot, &raters);
    notes.extend(drift(&weeks));
    Report {
        project: snapshot.project.name.clone(),
        rubric: snapshot.project.rubric.digest().to_string(),
        version: snapshot.project.version,
        progress: snapshot.progress.clone(),
        criteria,
        raters,
        weeks,
        discuss,
        settled,
        split,
        impact: impact(snapshot, options),
        work,
        notes,
    }
}

fn impact(snapshot: &Snapshot, options: &Options) -> Vec<Impact> {
    let steps = snapshot.rubrics.windows(2);
    steps
        .flat_map(|pair| {
            let change = RubricChange::between(&pair[0].rubric, &pair[1].rubric);
            let own = |name: String| agreement::impact(snapshot, &pair[0].rubric, &pair[1], &name, options);
            change.changed.into_iter().filter_map(own).collect::<Vec<_>>()
        })
        .collect()
}

/// Weeks whose interval leaves 0 out: raters have become stricter or milder on the same items.
fn drift(weeks: &BTreeMap<String, Vec<Figure>>) -> Vec<String> {
    let apart = |figure: &Figure| {
        figure.lower.is_some_and(|lower| lower > 0.0) || figure.upper.is_some_and(|upper| upper < 0.0)
    };
    let mut notes = Vec::new();
    for (name, weeks) in weeks {
        for (at, week) in weeks.iter().enumerate().filter(|(_, week)| apart(week)) {
            notes.push(format!(
                "{name} is scored {:+.2} in week {} against the others, on the same items",
                week.value,
                at + 1
            ));
        }
    }
    notes
}

fn notes(snapshot: &Snapshot, raters: &[RaterReport]) -> Vec<String> {
    let mut notes = Vec::new();
    let working = raters.iter().filter(|rater| rater.accepted > 0).count();
    if (1..5).contains(&working) {
        let raters = if working == 1 { "one rater".to_owned() } else { format!("{working} raters") };
        notes.push(format!("{raters}: the figures are about these raters only"));
    }
    if snapshot.progress.stale > 0 {
        notes.push(format!(
            "{} ratings of an item are to questions that are asked otherwise now; they wait to be answered again",
            snapshot.progress.stale
        ));
    }
    let few: Vec<&str> = raters
        .iter()
        .filter(|rater| rater.rated >= 50 && rater.gold.hits + rater.gold.misses < 10)
        .map(|rater| rater.name.as_str())
        .collect();
    if !few.is_empty() && snapshot.progress.gold > 0 {
        notes.push(format!("fewer than 10 gold items: {}; raise the share of gold or add gold items", few.join(", ")));
    }
    if snapshot.progress.gold == 0 {
        notes.push("no gold items: accuracy is not known; `--gold FILE` of `assay review create` hides some".into());
    }
    notes
}
