//! Candidate against baseline, paired by case digest.

use assay_core::{Direction, Metric, Reducer, ScoreKind};
use assay_stats::judges::Grade;
use assay_stats::multiplicity::holm;
use assay_stats::{Difference, Estimate, Guards, Item, Kind, Pair, difference, level, unpaired_difference};
use serde::Serialize;

use crate::corpus;
use crate::judged::{self, JudgeNote, LEAST_SLICE_LABELS};
use crate::scores::{Arm, Fill, Slice, kind_of};

/// The most flipped cases that are listed for a scorer.
const MOST_FLIPS: usize = 200;
/// The least effective number of cases of a slice that is tested.
const LEAST_SLICE: usize = 20;

/// A comparison.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// The candidate's run and target.
    pub candidate: String,
    /// The baseline's run and target.
    pub baseline: String,
    /// Cases in both.
    pub matched: usize,
    /// Cases of the candidate only.
    pub candidate_only: usize,
    /// Cases of the baseline only.
    pub baseline_only: usize,
    /// One row for each scorer and reducer.
    pub rows: Vec<Row>,
    /// Scorers that cannot be compared, with the reason.
    pub refused: Vec<Refused>,
}

/// A scorer that cannot be compared, with the reason.
pub type Refused = (String, String);

/// A scorer compared.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ComparisonRow")]
pub struct Row {
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
    /// True when the scorer is a judge and the difference is its own word.
    pub advisory: bool,
    /// What a calibrated judge's difference rests on, and what the judge alone says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeNote<Difference>>,
    /// The candidate's level.
    pub candidate: Estimate,
    /// The baseline's level.
    pub baseline: Estimate,
    /// Candidate minus baseline, turned so that positive is better.
    pub difference: Difference,
    /// Cases whose value moved, the largest losses first.
    pub flips: Vec<Flip>,
    /// Differences by declared slice.
    pub slices: Vec<SliceRow>,
}

impl Row {
    /// The scorer, with its corpus metric.
    pub fn name(&self) -> String {
        crate::summary::named(&self.scorer, self.metric)
    }
}

/// A case whose value moved.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Flip {
    /// The case.
    pub case: String,
    /// Its value in the baseline.
    pub baseline: f64,
    /// Its value in the candidate.
    pub candidate: f64,
    /// Whether the move is a loss.
    pub worse: bool,
}

/// A difference in a slice.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ComparisonSlice")]
pub struct SliceRow {
    /// The slice.
    pub slice: String,
    /// The difference, turned so that positive is better.
    pub difference: Difference,
    /// Holm-adjusted p-value over all tested slices and scorers; absent for slices too small to test, and for a judge's own
    /// word.
    pub adjusted_p: Option<f64>,
    /// True when it is a judge's own word, uncorrected.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub advisory: bool,
}

/// Turns values so that larger is better.
pub(crate) fn sign(direction: Direction) -> f64 {
    if direction == Direction::Higher { 1.0 } else { -1.0 }
}

/// The same kind of number after turning.
fn turned(kind: Kind, direction: Direction) -> Kind {
    match (kind, direction) {
        (Kind::Bounded { lo, hi }, Direction::Lower) => Kind::Bounded { lo: -hi, hi: -lo },
        (Kind::Quantile { q }, Direction::Lower) => Kind::Quantile { q: 1.0 - q },
        (kind, _) => kind,
    }
}

/// The matched cases' values of two arms.
pub(crate) struct Matched {
    pub pairs: Vec<Pair>,
    pub cases: Vec<(usize, usize)>,
    pub unpaired: (Vec<Item>, Vec<Item>),
}

/// Pairs the cases of two arms: all, or some of the candidate's.
pub(crate) fn pair(
    candidate: Arm<'_>,
    baseline: Arm<'_>,
    scorers: (usize, usize),
    reducer: Reducer,
    fills: (Fill, Fill),
    some: Option<&[usize]>,
) -> Matched {
    let record = &candidate.scores.record.scorers[scorers.0];
    let sign = sign(record.direction);
    let mut matched = Matched { pairs: Vec::new(), cases: Vec::new(), unpaired: Default::default() };
    let (cases, others) = (&candidate.scores.cases, &baseline.scores.cases);
    for (c, b) in cases.shared(others, some) {
        let values =
            candidate.value(c, scorers.0, reducer, fills.0).zip(baseline.value(b, scorers.1, reducer, fills.1));
        let Some(((candidate, repeats), (baseline, other))) = values else { continue };
        let (repeats, cluster, weight) = (repeats.max(other), cases.cluster(c), cases.weight(c));
        matched.pairs.push(Pair { candidate: sign * candidate, baseline: sign * baseline, repeats, cluster, weight });
        matched.cases.push((c, b));
    }
    if matched.pairs.is_empty() {
        let turn = |items: Vec<Item>| items.into_iter().map(|i| Item { value: sign * i.value, ..i }).collect();
        matched.unpaired = (
            turn(candidate.items(scorers.0, reducer, fills.0, None)),
            turn(baseline.items(scorers.1, reducer, fills.1, None)),
        );
    }
    matched
}

/// The difference of two arms under one scorer, positive being better. Runs without a common case are compared
/// unpaired.
pub(crate) fn measure(matched: &Matched, kind: Kind, direction: Direction, confidence: f64, seed: u64) -> Difference {
    if matched.pairs.is_empty()
        && !matched.unpaired.0.is_empty()
        && kind == Kind::Binary
        && direction == Direction::Higher
    {
        return unpaired_difference(&matched.unpaired.0, &matched.unpaired.1, kind, confidence);
    }
    let kind = turned(kind, direction);
    if matched.pairs.is_empty() && !matched.unpaired.0.is_empty() {
        return unpaired_difference(&matched.unpaired.0, &matched.unpaired.1, kind, confidence);
    }
    difference(&matched.pairs, kind, confidence, seed)
}

/// Shares of matched cases and of missing scores, for verdicts.
pub(crate) fn guards(candidate: Arm<'_>, baseline: Arm<'_>, scorers: (usize, usize)) -> Guards {
    let (c, b) = (candidate.scores, baseline.scores);
    let common = c.cases.common(&b.cases) as f64;
    let matched_share = common / c.cases.len().max(b.cases.len()).max(1) as f64;
    let share = |(scored, missing): (u64, u64)| missing as f64 / (scored + missing).max(1) as f64;
    let (missing_c, missing_b) = (share(candidate.counts(scorers.0)), share(baseline.counts(scorers.1)));
    Guards { matched_share, differential_missing: (missing_c - missing_b).abs() > 0.02, worst_case_lower: None }
}

/// The lower end of the difference when missing scores are worst for the candidate and best for the baseline; `None`
/// when none is missing or no range is known.
pub(crate) fn worst_case(
    candidate: Arm<'_>,
    baseline: Arm<'_>,
    scorers: (usize, usize),
    reducer: Reducer,
    confidence: f64,
    seed: u64,
) -> Option<f64> {
    if candidate.counts(scorers.0).1 + baseline.counts(scorers.1).1 == 0 {
        return None;
    }
    let record = &candidate.scores.record.scorers[scorers.0];
    let matched = pair(candidate, baseline, scorers, reducer, (Fill::Worst, Fill::Best), None);
    let difference = measure(&matched, kind_of(record, reducer, None), record.direction, confidence, seed);
    Some(difference.gate_interval?.lower)
}

/// The scorers that can be compared, as positions in both runs, and why the others cannot.
pub(crate) fn comparable(candidate: Arm<'_>, baseline: Arm<'_>) -> (Vec<(usize, usize)>, Vec<Refused>) {
    let (mut both, mut refused) = (Vec::new(), Vec::new());
    for (c, record) in candidate.scores.record.scorers.iter().enumerate() {
        match baseline.scores.record.scorers.iter().position(|other| other.name == record.name) {
            None => refused.push((record.name.clone(), "the baseline has no such scorer".to_owned())),
            Some(b) if baseline.scores.record.scorers[b].fingerprint != record.fingerprint => {
                refused.push((
                    record.name.clone(),
                    "its fingerprint differs: the two runs do not measure the same".to_owned(),
                ));
            }
            Some(b) => both.push((c, b)),
        }
    }
    (both, refused)
}

/// Compares two arms scorer by scorer.
pub fn compare(candidate: Arm<'_>, baseline: Arm<'_>, confidence: f64) -> Comparison {
    let (both, refused) = comparable(candidate, baseline);
    let (c, b) = (candidate.scores, baseline.scores);
    let matched = c.cases.common(&b.cases);
    let slices = c.slices();
    let sliced = |of: &dyn Fn(&Slice) -> (Difference, bool)| -> Vec<SliceRow> {
        let row = |slice: &Slice| {
            let (difference, advisory) = of(slice);
            SliceRow { slice: slice.name.clone(), difference, adjusted_p: None, advisory }
        };
        slices.iter().map(row).collect()
    };
    let mut rows = Vec::new();
    for scorers in both {
        let record = &c.record.scorers[scorers.0];
        for reducer in c.record.reducers.iter().filter(|reducer| b.record.reducers.contains(reducer)) {
            let kind = kind_of(record, *reducer, None);
            let fills = (Fill::Available, Fill::Available);
            let all = pair(candidate, baseline, scorers, *reducer, fills, None);
            let sign = sign(record.direction);
            // Which cases of a sealed part moved is not told.
            let sealed = c.record.sealed().is_some() || b.record.sealed().is_some();
            let mut moved: Vec<usize> = (0..all.pairs.len())
                .filter(|at| !sealed && all.pairs[*at].candidate != all.pairs[*at].baseline)
                .collect();
            let rise = |at: usize| all.pairs[at].candidate - all.pairs[at].baseline;
            let id = |at: usize| c.cases.id(all.cases[at].0);
            let order = |x: &usize, y: &usize| rise(*x).total_cmp(&rise(*y)).then_with(|| id(*x).cmp(id(*y)));
            // Of hundreds of thousands that moved only those that are told are put in order.
            if moved.len() > MOST_FLIPS {
                moved.select_nth_unstable_by(MOST_FLIPS, order);
                moved.truncate(MOST_FLIPS);
            }
            moved.sort_by(order);
            let flip = |at: usize| Flip {
                case: id(at).to_owned(),
                baseline: sign * all.pairs[at].baseline,
                candidate: sign * all.pairs[at].candidate,
                worse: rise(at) < 0.0,
            };
            let flips: Vec<Flip> = moved.into_iter().map(flip).collect();
            let correct = |some: Option<&[usize]>| {
                judged::difference_of(candidate, baseline, scorers, *reducer, fills, some, confidence)
            };
            let grade = judged::grade_of(candidate, scorers.0);
            let raw = measure(&all, kind, record.direction, confidence, c.record.seed);
            let mut difference = raw.clone();
            let margin = c.record.gate.rules.iter().find_map(|rule| rule.margin.filter(|_| rule.scorer == record.name));
            let judge = correct(None).map(|found| {
                let labels_needed = found.as_ref().ok().zip(margin).and_then(|(found, margin)| {
                    found.labels_needed(judged::gap(&found.found.estimate, margin), confidence)
                });
                let (note, corrected) = JudgeNote::of(grade, raw, found);
                if let Some(corrected) = corrected {
                    difference = corrected;
                }
                JudgeNote { labels_needed, ..note }
            });
            let corrected = judge.as_ref().is_some_and(|note| note.corrected);
            let level_of = |arm: Arm<'_>, scorer: usize| {
                let found = judged::level_of(arm, scorer, *reducer, None, confidence).and_then(Result::ok);
                let raw = || level(&arm.items(scorer, *reducer, Fill::Available, None), kind, confidence);
                found.filter(|_| corrected).map_or_else(raw, |found| found.found)
            };
            rows.push(Row {
                scorer: record.name.clone(),
                reducer: *reducer,
                metric: None,
                score: record.score,
                direction: record.direction,
                advisory: record.judge && !(corrected && grade >= Grade::B),
                judge,
                candidate: level_of(candidate, scorers.0),
                baseline: level_of(baseline, scorers.1),
                difference,
                flips,
                slices: sliced(&|slice| {
                    let found = correct(Some(&slice.cases)).and_then(Result::ok);
                    if let Some(found) = found.filter(|found| found.labels >= LEAST_SLICE_LABELS) {
                        return (found.found, false);
                    }
                    let part = pair(candidate, baseline, scorers, *reducer, fills, Some(&slice.cases));
                    (measure(&part, kind, record.direction, confidence, c.record.seed), record.judge)
                }),
            });
        }
        let shared = record.metrics.iter().filter(|metric| b.record.scorers[scorers.1].metrics.contains(metric));
        for metric in shared {
            let of =
                |some: Option<&[usize]>| corpus::difference(candidate, baseline, scorers, *metric, some, confidence);
            rows.push(Row {
                scorer: record.name.clone(),
                reducer: Reducer::Mean,
                metric: Some(*metric),
                score: metric.score(),
                direction: metric.direction(),
                advisory: record.judge,
                judge: None,
                candidate: corpus::level(candidate, scorers.0, *metric, None, confidence),
                baseline: corpus::level(baseline, scorers.1, *metric, None, confidence),
                difference: of(None),
                flips: Vec::new(),
                slices: sliced(&|slice| (of(Some(&slice.cases)), record.judge)),
            });
        }
    }
    adjust(&mut rows);
    let label = |arm: Arm<'_>| format!("{}:{}", arm.scores.record.id.short(), arm.name());
    Comparison {
        candidate: label(candidate),
        baseline: label(baseline),
        matched,
        candidate_only: c.cases.len() - matched,
        baseline_only: b.cases.len() - matched,
        rows,
        refused,
    }
}

/// Holm over all slices and scorers that are large enough to test.
fn adjust(rows: &mut [Row]) {
    let tested =
        |slice: &SliceRow| slice.difference.p.filter(|_| !slice.advisory && slice.difference.estimate.n >= LEAST_SLICE);
    let p: Vec<f64> = rows.iter().flat_map(|row| row.slices.iter().filter_map(tested)).collect();
    let mut adjusted = holm(&p).into_iter();
    for slice in rows.iter_mut().flat_map(|row| &mut row.slices) {
        if tested(slice).is_some() {
            slice.adjusted_p = adjusted.next();
        }
    }
}
