//! The level of the worst declared slice, with intervals that hold for all slices together.

use std::collections::BTreeMap;

use assay_core::Reducer;
use assay_stats::multiplicity::max_t;
use assay_stats::special::normal_cdf;
use assay_stats::{Estimate, Verdict, VerdictKind, level, level_verdict};

use crate::gate::together;
use crate::scores::{Arm, Fill, Slice, kind_of};

/// Sign flips behind the critical value.
const DRAWS: u32 = 1_999;

/// What the slices of a target show under a scorer.
#[derive(Clone, Debug)]
pub struct WorstSlice {
    /// The slice that decides: the worst verdict, and the level nearest to its limit among those of that verdict.
    pub slice: String,
    /// Its level, with the simultaneous interval.
    pub estimate: Estimate,
    /// The verdict of all slices together.
    pub verdict: Verdict,
    /// Slices that were looked at.
    pub slices: usize,
}

/// Whether every declared slice keeps a level. Slices with fewer than `at_least` cases are pooled into one called `other`.
/// The critical value is that of the largest of all slices' |t| (max-T by sign flips of clusters, Romano & Wolf 2005); each
/// slice's own kind of interval is taken at the confidence of that value, so that all intervals together keep `confidence`.
/// `None` when no slice is declared or none has a case.
pub fn worst_slice(
    arm: Arm<'_>,
    scorer: usize,
    (min, max): (Option<f64>, Option<f64>),
    at_least: usize,
    holds_together: bool,
) -> Option<WorstSlice> {
    let (scores, record) = (arm.scores, &arm.scores.record);
    let reducer = record.reducers.first().copied().unwrap_or_default();
    let kind = kind_of(&record.scorers[scorer], reducer, None);
    let confidence = record.gate.confidence;
    let slices = pooled(scores.slices(), at_least);
    if slices.is_empty() {
        return None;
    }
    let each = match holds_together {
        true => simultaneous(arm, scorer, reducer, &slices, confidence, record.seed),
        false => confidence,
    };
    let judged: Vec<(Estimate, Verdict)> = slices
        .iter()
        .map(|slice| {
            let of = |fill: Fill| level(&arm.items(scorer, reducer, fill, Some(&slice.cases)), kind, each);
            let estimate = of(Fill::Available);
            let missing = estimate.n < slice.cases.len();
            let worst = (missing && kind.range().is_some()).then(|| of(Fill::Worst).interval).flatten();
            let mut verdict = level_verdict(&estimate, min, max, worst, each);
            if missing && kind.range().is_none() && verdict.kind == VerdictKind::Pass {
                verdict.kind = VerdictKind::Inconclusive;
                verdict.reasons.push("cases of the slice have no score".into());
            }
            (estimate, verdict)
        })
        .collect();
    let verdict = together(judged.iter().map(|(_, verdict)| verdict.kind))?;
    let slack = |estimate: &Estimate| {
        let value = estimate.value.unwrap_or(f64::NEG_INFINITY);
        min.map_or(f64::INFINITY, |min| value - min).min(max.map_or(f64::INFINITY, |max| max - value))
    };
    let at = (0..slices.len())
        .filter(|at| judged[*at].1.kind == verdict)
        .min_by(|a, b| slack(&judged[*a].0).total_cmp(&slack(&judged[*b].0)))?;
    let (estimate, verdict) = judged.into_iter().nth(at)?;
    Some(WorstSlice { slice: slices[at].name.clone(), estimate, verdict, slices: slices.len() })
}

/// Slices with their cases; the small ones as one.
fn pooled(slices: Vec<Slice>, at_least: usize) -> Vec<Slice> {
    let (mut large, small): (Vec<Slice>, Vec<Slice>) =
        slices.into_iter().filter(|slice| !slice.cases.is_empty()).partition(|slice| slice.cases.len() >= at_least);
    let mut cases: Vec<usize> = small.into_iter().flat_map(|slice| slice.cases).collect();
    cases.sort_unstable();
    cases.dedup();
    if !cases.is_empty() {
        large.push(Slice { name: "other".into(), cases });
    }
    large
}

/// The confidence at which single intervals hold together. Never above Bonferroni's, which holds whatever the data are
/// and is taken where a slice does not vary.
fn simultaneous(arm: Arm<'_>, scorer: usize, reducer: Reducer, slices: &[Slice], confidence: f64, seed: u64) -> f64 {
    let bonferroni = 1.0 - (1.0 - confidence) / slices.len() as f64;
    let (mut places, mut columns) = (BTreeMap::new(), Vec::new());
    for slice in slices {
        let mut column: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for case in &slice.cases {
            let Some((value, _)) = arm.value(*case, scorer, reducer, Fill::Available) else { continue };
            let cases = &arm.scores.cases;
            // A case without a cluster is a cluster of its own.
            let cluster = cases.cluster(*case).map_or((1, *case), |cluster| (0, cluster as usize));
            let next = places.len();
            let sums = column.entry(*places.entry(cluster).or_insert(next)).or_default();
            sums.0 += cases.weight(*case) * value;
            sums.1 += cases.weight(*case);
        }
        columns.push(column);
    }
    let cells: Vec<Vec<(f64, f64)>> = columns
        .into_iter()
        .map(|column| (0..places.len()).map(|at| column.get(&at).copied().unwrap_or_default()).collect())
        .collect();
    // A slice without variation is no part of the largest |t|, but its interval must hold too.
    let found = max_t(&cells, confidence, DRAWS, seed).filter(|found| found.intervals.iter().all(Option::is_some));
    match found.and_then(|found| found.critical) {
        Some(critical) => (2.0 * normal_cdf(critical) - 1.0).clamp(confidence, bonferroni),
        None => bonferroni,
    }
}
