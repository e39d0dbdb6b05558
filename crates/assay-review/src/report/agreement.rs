//! How far raters agree on a criterion.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use assay_stats::Item as Weighted;
use assay_stats::agreement::{Chance, Level, Weights, kappa, krippendorff, krippendorff_interval, specific};
use assay_stats::mean::intraclass_correlation;
use assay_stats::proportion::wilson;
use assay_stats::raters::{Score, raters_for, spearman_brown, two_way_mean};
use assay_stats::special::normal_quantile;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ranking::{Ranking, ranking};
use super::{Figure, Options};
use crate::Rubric;
use crate::outcome::{Snapshot, Weighed, weighed};
use crate::rubric::{Criterion, Kind, Span};
use crate::store::RubricVersion;
use crate::words::Rating;

/// Units that a slice needs for an α of its own.
const LEAST_UNITS: usize = 10;
/// Values of a key that are slices; a key with more is a text.
const MOST_VALUES: usize = 12;

/// A row per item, a column per rater.
pub(super) struct Matrix<'a> {
    pub items: Vec<&'a str>,
    pub raters: Vec<&'a str>,
    pub rows: Vec<Vec<Option<f64>>>,
}

impl<'a> Matrix<'a> {
    pub fn of(criterion: &Criterion, ratings: &[&'a Rating]) -> Self {
        let names = |of: fn(&'a Rating) -> &'a str| -> Vec<&'a str> {
            ratings.iter().map(|rating| of(rating)).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let (items, raters) = (names(|rating| &rating.item), names(|rating| &rating.rater));
        let mut rows = vec![vec![None; raters.len()]; items.len()];
        for rating in ratings {
            let places = (items.binary_search(&rating.item.as_str()), raters.binary_search(&rating.rater.as_str()));
            if let (Ok(item), Ok(rater)) = places {
                rows[item][rater] = criterion.number(&rating.value);
            }
        }
        Self { items, raters, rows }
    }

    /// Rows with two ratings or more.
    fn paired(&self) -> usize {
        self.rows.iter().filter(|row| row.iter().flatten().count() > 1).count()
    }

    pub fn scores(&self) -> Vec<Score> {
        let mut scores = Vec::new();
        for (item, row) in self.rows.iter().enumerate() {
            for (rater, score) in row.iter().enumerate() {
                if let Some(score) = score {
                    scores.push(Score { item, rater, period: 0, score: *score });
                }
            }
        }
        scores
    }
}

/// How far raters agree on one criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CriterionReport {
    /// The criterion.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// What distance between answers means: `nominal`, `ordinal` or `interval`; none for comments and spans.
    pub level: Option<String>,
    /// Ratings that count.
    pub ratings: usize,
    /// Items with one or more.
    pub items: usize,
    /// Items with two or more.
    pub paired: usize,
    /// Raters.
    pub raters: usize,
    /// Krippendorff's α with its jackknife interval.
    pub alpha: Option<Figure>,
    /// Gwet's AC1, or AC2 with quadratic weights for a scale.
    pub gwet: Option<Figure>,
    /// How often two raters say the same.
    pub agreement: Option<f64>,
    /// How often another rater says the same, by answer.
    pub specific: Vec<Specific>,
    /// For what the labels may be used, by the lower bound of α.
    pub decision: String,
    /// α on parts of the items.
    pub slices: Vec<SliceAgreement>,
    /// α without each rater.
    pub left_out: Vec<LeftOut>,
    /// How often one rater gives the answer of a row where another gives that of a column, as shares of all pairs; answers
    /// in the order of `specific`.
    pub confusion: Vec<Vec<f64>>,
    /// The mean over items and raters, both as samples.
    pub mean: Option<Figure>,
    /// The reliability of one rating (one-way intra-class correlation).
    pub reliability: Option<f64>,
    /// The reliability of the mean of as many ratings as an item has (Spearman–Brown).
    pub reliability_of_mean: Option<f64>,
    /// Ratings that an item needs for the reliability that is asked for.
    pub raters_needed: Option<u64>,
    /// Dawid and Skene's labels beside the majority's.
    pub weighed: Option<Weighed>,
    /// `pairwise`: how often the answer that was shown first won, ties left out.
    pub shown_first: Option<Figure>,
    /// `pairwise`: the targets by strength.
    pub ranking: Option<Ranking>,
    /// `spans`: how far marked characters are the same.
    pub spans: Option<SpanAgreement>,
}

/// How often raters say the same, given that one of them gives this answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Specific {
    /// The answer.
    pub answer: String,
    /// How often it was given.
    pub ratings: usize,
    /// How often another rater of the same item gives it too; none where nobody else rated such an item.
    pub agreement: Option<f64>,
}

/// Agreement on the items of a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SliceAgreement {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Items with two or more ratings.
    pub paired: usize,
    /// α, where there are ten such items and they vary.
    pub alpha: Option<Figure>,
}

/// α without a rater.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LeftOut {
    /// The rater.
    pub rater: String,
    /// α of the others.
    pub alpha: f64,
    /// How much higher that is than α of all.
    pub change: f64,
}

/// How far marked characters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SpanAgreement {
    /// Pairs of raters of one item, of whom one or both marked something.
    pub pairs: usize,
    /// The mean of 2·|A ∩ B| / (|A| + |B|) over them, in characters.
    pub overlap: f64,
}

/// What a change of the rubric did to ratings of one criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "RubricImpact")]
pub struct Impact {
    /// The criterion.
    pub criterion: String,
    /// The version that asks it otherwise.
    pub version: i64,
    /// Answers that the same rater gave to the same item before and after.
    pub answered_again: usize,
    /// How many of them are other answers.
    pub changed: usize,
    /// By how much the numbers of a scale went up, on average.
    pub shift: Option<f64>,
    /// α of these items before.
    pub alpha_before: Option<Figure>,
    /// α of these items after.
    pub alpha_after: Option<Figure>,
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Nominal => "nominal",
        Level::Ordinal => "ordinal",
        Level::Interval => "interval",
        Level::Ratio => "ratio",
    }
}

fn alpha(rows: &[Vec<Option<f64>>], level: Level, confidence: f64) -> Option<Figure> {
    let found = krippendorff_interval(rows, level, confidence);
    // Two items have an α, but hardly an interval.
    found
        .map(|found| Figure::new(found.estimate, Some(found.interval)))
        .or_else(|| krippendorff(rows, level).map(|value| Figure::new(value, None)))
}

pub(super) fn criterion(snapshot: &Snapshot, criterion: &Criterion, options: &Options) -> CriterionReport {
    let ratings = snapshot.accepted(criterion);
    let matrix = Matrix::of(criterion, &ratings);
    let mut report = CriterionReport {
        name: criterion.name.clone(),
        kind: criterion.kind,
        level: criterion.level().map(|level| word(level).to_owned()),
        ratings: ratings.len(),
        items: matrix.items.len(),
        paired: matrix.paired(),
        raters: matrix.raters.len(),
        alpha: None,
        gwet: None,
        agreement: None,
        specific: Vec::new(),
        decision: String::new(),
        slices: Vec::new(),
        left_out: Vec::new(),
        confusion: Vec::new(),
        mean: None,
        reliability: None,
        reliability_of_mean: None,
        raters_needed: None,
        weighed: None,
        shown_first: None,
        ranking: None,
        spans: (criterion.kind == Kind::Spans).then(|| span_agreement(&ratings)).flatten(),
    };
    let Some(level) = criterion.level() else { return report };
    let confidence = options.confidence;
    report.alpha = alpha(&matrix.rows, level, confidence);
    let categories = criterion.categories();
    let weights = if level == Level::Nominal { Weights::Identity } else { Weights::Quadratic };
    report.gwet = kappa(&matrix.rows, &categories, Chance::Gwet, weights)
        .map(|found| Figure::new(found.value, found.interval(confidence)));
    report.agreement =
        kappa(&matrix.rows, &categories, Chance::BrennanPrediger, Weights::Identity).map(|found| found.observed);
    for (category, agreement) in categories.iter().zip(specific(&matrix.rows, &categories)) {
        let given = matrix.rows.iter().flatten().flatten().filter(|value| *value == category).count();
        let answer = criterion.answer_of(*category).map_or_else(String::new, |value| shown(&value));
        report.specific.push(Specific { answer, ratings: given, agreement });
    }
    report.confusion = coincidences(&matrix.rows, &categories);
    report.decision = decision(report.alpha, report.paired, options);
    report.slices = slices(snapshot, &matrix, level, options);
    report.left_out = left_out(&matrix, level);
    numbers(&mut report, criterion, &matrix, options);
    report.weighed = weighed(snapshot, criterion);
    if criterion.kind == Kind::Pairwise {
        report.shown_first = shown_first(snapshot, &ratings, confidence);
        report.ranking = ranking(snapshot, criterion, &ratings, confidence);
    }
    report
}

/// An answer for people.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn decision(alpha: Option<Figure>, paired: usize, options: &Options) -> String {
    match alpha.map(|alpha| (alpha, alpha.lower)) {
        None if paired == 0 => "no item has two raters: agreement is not known".into(),
        None => "not defined: everybody gave the same answer, or too few items have two raters".into(),
        Some((_, None)) => "too few items with two raters for an interval: nothing can be decided".into(),
        Some((_, Some(lower))) if lower >= options.gold_at => "usable for gold".into(),
        Some((_, Some(lower))) if lower >= options.average_at => "usable for averages over 3 or more raters".into(),
        Some((alpha, _)) if alpha.upper.is_some_and(|upper| upper >= options.average_at) => {
            format!("revise the rubric, or rate more items: the interval reaches {}", options.average_at)
        }
        Some(_) => "revise the rubric".into(),
    }
}

/// The share of all pairs of ratings of one item for each two answers.
fn coincidences(rows: &[Vec<Option<f64>>], categories: &[f64]) -> Vec<Vec<f64>> {
    let mut table = vec![vec![0.0; categories.len()]; categories.len()];
    let mut total = 0.0;
    let place = |value: f64| categories.iter().position(|category| *category == value);
    for row in rows {
        let given: Vec<usize> = row.iter().flatten().filter_map(|value| place(*value)).collect();
        if given.len() < 2 {
            continue;
        }
        // Each item counts by its ratings, as in α.
        let weight = 1.0 / (given.len() as f64 - 1.0);
        total += given.len() as f64;
        for (i, a) in given.iter().enumerate() {
            for (_, b) in given.iter().enumerate().filter(|(j, _)| *j != i) {
                table[*a][*b] += weight;
            }
        }
    }
    if total > 0.0 {
        table.iter_mut().flatten().for_each(|cell| *cell /= total);
    }
    table
}

fn slices(snapshot: &Snapshot, matrix: &Matrix<'_>, level: Level, options: &Options) -> Vec<SliceAgreement> {
    let mut keys: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for item in &snapshot.items {
        let target = item.target.as_deref().map(|target| ("target", target));
        let metadata = item.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in target.into_iter().chain(metadata) {
            keys.entry(key).or_default().entry(value).or_default().insert(&item.id);
        }
    }
    let asked = |key: &str, values: usize| match options.slices.is_empty() {
        true => (2..=MOST_VALUES).contains(&values),
        false => options.slices.iter().any(|asked| asked == key),
    };
    let mut found = Vec::new();
    for (key, values) in keys.iter().filter(|(key, values)| asked(key, values.len())) {
        for (value, items) in values {
            let rows: Vec<Vec<Option<f64>>> = matrix
                .items
                .iter()
                .zip(&matrix.rows)
                .filter(|(item, row)| items.contains(*item) && row.iter().flatten().count() > 1)
                .map(|(_, row)| row.clone())
                .collect();
            if rows.is_empty() {
                continue;
            }
            let figure = (rows.len() >= LEAST_UNITS).then(|| alpha(&rows, level, options.confidence)).flatten();
            let (key, value) = ((*key).to_owned(), (*value).to_owned());
            found.push(SliceAgreement { key, value, paired: rows.len(), alpha: figure });
        }
    }
    found
}

fn left_out(matrix: &Matrix<'_>, level: Level) -> Vec<LeftOut> {
    let Some(all) = krippendorff(&matrix.rows, level).filter(|_| matrix.raters.len() > 2) else { return Vec::new() };
    let without = |rater: usize| {
        let mut rows = matrix.rows.clone();
        rows.iter_mut().for_each(|row| row[rater] = None);
        krippendorff(&rows, level)
    };
    (0..matrix.raters.len())
        .filter_map(|rater| {
            let alpha = without(rater)?;
            Some(LeftOut { rater: matrix.raters[rater].to_owned(), alpha, change: alpha - all })
        })
        .collect()
}

fn numbers(report: &mut CriterionReport, criterion: &Criterion, matrix: &Matrix<'_>, options: &Options) {
    if criterion.kind == Kind::Choice {
        return;
    }
    let scores = matrix.scores();
    report.mean = two_way_mean(&scores, options.confidence).map(|mean| Figure::new(mean.mean, Some(mean.interval)));
    let weighted: Vec<Weighted> = scores
        .iter()
        .map(|s| Weighted { value: s.score, repeats: 1, cluster: u32::try_from(s.item).ok(), weight: 1.0 })
        .collect();
    // An item that one person rated says nothing of how far people agree.
    report.reliability = if report.paired > 1 { intraclass_correlation(&weighted) } else { None };
    if let Some(single) = report.reliability {
        report.reliability_of_mean = spearman_brown(single, scores.len() as f64 / matrix.items.len() as f64);
        report.raters_needed = raters_for(single, options.target);
    }
}

fn shown_first(snapshot: &Snapshot, ratings: &[&Rating], confidence: f64) -> Option<Figure> {
    let swapped: HashMap<(&str, &str), bool> =
        snapshot.done.iter().map(|done| ((done.item.as_str(), done.rater.as_str()), done.swapped)).collect();
    let (mut first, mut decided) = (0u64, 0u64);
    for rating in ratings {
        let Some(swap) = swapped.get(&(rating.item.as_str(), rating.rater.as_str())) else { continue };
        let Some(answer) = rating.value.as_str().filter(|answer| *answer != "tie") else { continue };
        decided += 1;
        first += u64::from((answer == "a") != *swap);
    }
    let z = normal_quantile(0.5 + 0.5 * confidence);
    (decided > 0).then(|| Figure::new(first as f64 / decided as f64, wilson(first as f64, decided as f64, z)))
}

fn span_agreement(ratings: &[&Rating]) -> Option<SpanAgreement> {
    let mut by_item: BTreeMap<&str, Vec<BTreeSet<(String, usize)>>> = BTreeMap::new();
    for rating in ratings {
        let spans: Vec<Span> = serde_json::from_value(rating.value.clone()).unwrap_or_default();
        let marked =
            spans.into_iter().flat_map(|span| (span.start..span.end).map(move |at| (span.field.clone(), at))).collect();
        by_item.entry(&rating.item).or_default().push(marked);
    }
    let (mut pairs, mut sum) = (0usize, 0.0);
    for own in by_item.values() {
        for (i, a) in own.iter().enumerate() {
            for b in own[..i].iter().filter(|b| !a.is_empty() || !b.is_empty()) {
                pairs += 1;
                sum += 2.0 * a.intersection(b).count() as f64 / (a.len() + b.len()) as f64;
            }
        }
    }
    (pairs > 0).then(|| SpanAgreement { pairs, overlap: sum / pairs as f64 })
}

/// Compares the last answers to a question before it changed with the last ones after, by item and rater.
pub(super) fn impact(
    snapshot: &Snapshot,
    old: &Rubric,
    new: &RubricVersion,
    name: &str,
    options: &Options,
) -> Option<Impact> {
    let (before, after) = (old.criterion(name)?, new.rubric.criterion(name)?);
    let last = |criterion: &Criterion| {
        let question = criterion.digest();
        let mut last: BTreeMap<(&str, &str), &Rating> = BTreeMap::new();
        for rating in &snapshot.history {
            if rating.criterion == name && rating.question == question && !rating.value.is_null() {
                last.insert((&rating.item, &rating.rater), rating);
            }
        }
        last
    };
    let (was, is) = (last(before), last(after));
    let both: Vec<(&Rating, &Rating)> = was.iter().filter_map(|(key, old)| Some((*old, *is.get(key)?))).collect();
    let shifts: Vec<f64> = both
        .iter()
        .filter_map(|(old, new)| Some(after.number(&new.value)? - before.number(&old.value)?))
        .filter(|_| matches!(after.kind, Kind::Ordinal | Kind::YesNo) && after.kind == before.kind)
        .collect();
    let figure = |criterion: &Criterion, ratings: Vec<&Rating>| {
        alpha(&Matrix::of(criterion, &ratings).rows, criterion.level()?, options.confidence)
    };
    Some(Impact {
        criterion: name.to_owned(),
        version: new.version,
        answered_again: both.len(),
        changed: both.iter().filter(|(old, new)| old.value != new.value).count(),
        shift: (!shifts.is_empty()).then(|| shifts.iter().sum::<f64>() / shifts.len() as f64),
        alpha_before: figure(before, both.iter().map(|(old, _)| *old).collect()),
        alpha_after: figure(after, both.iter().map(|(_, new)| *new).collect()),
    })
}
