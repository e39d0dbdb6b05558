//! Judges compared with people: may a judge replace an annotator, what biases it, how its scores become decisions, and
//! which grade of trust the labels so far support.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calibration::{Corrected, Label, prediction_powered, rare};
use crate::correlation::pearson;
use crate::estimate::{Interval, Item, Reason, is_level};
use crate::linear::Matrix;
use crate::mean::clustered_mean;
use crate::multiplicity::benjamini_yekutieli;
use crate::online::Effect;
use crate::proportion::{clopper_pearson, critical};
use crate::rank::order;
use crate::special::{normal_cdf, t_quantile, t_sf};

/// How well a label agrees with the labels of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// The share of the others that gave the same label.
    Accuracy,
    /// Minus the root mean squared distance to the others' scores.
    Rmse,
}

impl Alignment {
    fn of(self, label: f64, others: &[f64]) -> f64 {
        let n = others.len() as f64;
        match self {
            Self::Accuracy => others.iter().filter(|o| **o == label).count() as f64 / n,
            Self::Rmse => -(others.iter().map(|o| (label - o).powi(2)).sum::<f64>() / n).sqrt(),
        }
    }
}

/// The judge against one annotator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Against {
    /// Items that the annotator, the judge and another person labelled.
    pub items: usize,
    /// How often the judge agrees with the others at least as well as the annotator does.
    pub advantage: f64,
    /// How much more often the annotator does than the judge.
    pub difference: f64,
    /// One-sided p-value that the annotator is better by ε or more.
    pub p: f64,
    /// Whether the judge beats this annotator, after Benjamini and Yekutieli's correction.
    pub beaten: bool,
}

/// The alternative annotator test.
#[derive(Clone, Debug, PartialEq)]
pub struct AltTest {
    /// For each annotator; `None` with fewer than 30 items.
    pub annotators: Vec<Option<Against>>,
    /// ω, the share of annotators that the judge beats.
    pub winning_rate: f64,
    /// ρ, the mean advantage: compare judges by it.
    pub advantage: f64,
    /// Whether ω is at least a half.
    pub passed: bool,
    /// Whether fewer than three annotators were tested, which is less than the test asks for.
    pub few_annotators: bool,
}

/// May the judge replace an annotator? For each annotator with 30 or more items: on how many items is the judge at least
/// as close to the remaining people as the annotator is, and a one-sided t test that the annotator's advantage is below
/// `epsilon` (0.2 for experts, 0.15 for skilled, 0.1 for crowd annotators: what a person costs more); Benjamini and
/// Yekutieli at `q`. Without any variance the test is exact: rejected when the mean is below ε (the authors' code makes
/// that not a number, and so not rejected). `people` has a row per item, a column per annotator. `None` for unequal
/// lengths, a label, ε or q that is not finite or (q) not from 0 to 1, or when no annotator has 30 items. O(ratings · annotators). Calderon, Reichart & Dror 2025 (arXiv
/// 2501.10970).
///
/// # Examples
/// ```
/// use assay_stats::judges::{Alignment, alt_test};
/// let people: Vec<Vec<Option<f64>>> = (0..40).map(|i| vec![Some((i % 2) as f64); 3]).collect();
/// let judge: Vec<Option<f64>> = (0..40).map(|i| Some((i % 2) as f64)).collect();
/// let found = alt_test(&judge, &people, Alignment::Accuracy, 0.2, 0.05).unwrap();
/// assert!(found.passed && found.winning_rate == 1.0 && found.advantage == 1.0);
/// ```
pub fn alt_test(
    judge: &[Option<f64>],
    people: &[Vec<Option<f64>>],
    alignment: Alignment,
    epsilon: f64,
    q: f64,
) -> Option<AltTest> {
    let annotators = people.first()?.len();
    let labels = judge.iter().chain(people.iter().flatten()).flatten();
    let valid = epsilon.is_finite() && (0.0..=1.0).contains(&q) && labels.clone().all(|label| label.is_finite());
    if !valid || judge.len() != people.len() || people.iter().any(|row| row.len() != annotators) {
        return None;
    }
    let mut found: Vec<Option<Against>> = (0..annotators)
        .map(|excluded| {
            let (mut n, mut advantage, mut sum, mut squares) = (0usize, 0.0, 0.0, 0.0);
            for (judge, row) in judge.iter().zip(people) {
                let (Some(judge), Some(own)) = (judge, row[excluded]) else { continue };
                let others: Vec<f64> =
                    row.iter().enumerate().filter(|(at, _)| *at != excluded).filter_map(|(_, label)| *label).collect();
                if others.is_empty() {
                    continue;
                }
                let (person, machine) = (alignment.of(own, &others), alignment.of(*judge, &others));
                let (wins, loses) = (machine >= person, person >= machine);
                let d = f64::from(u8::from(loses)) - f64::from(u8::from(wins));
                n += 1;
                advantage += f64::from(u8::from(wins));
                sum += d;
                squares += d * d;
            }
            let size = n as f64;
            let difference = sum / size;
            let variance = (squares - size * difference * difference) / (size - 1.0);
            let p = if variance > 1e-12 {
                t_sf((epsilon - difference) / (variance / size).sqrt(), size - 1.0)
            } else {
                f64::from(u8::from(difference >= epsilon))
            };
            (n >= 30).then(|| Against { items: n, advantage: advantage / size, difference, p, beaten: false })
        })
        .collect();
    let p: Vec<f64> = found.iter().flatten().map(|one| one.p).collect();
    let adjusted = benjamini_yekutieli(&p);
    let tested = p.len() as f64;
    let mut beaten = 0.0;
    for (one, p) in found.iter_mut().flatten().zip(adjusted) {
        one.beaten = p <= q;
        beaten += f64::from(u8::from(one.beaten));
    }
    let advantage = found.iter().flatten().map(|one| one.advantage).sum::<f64>() / tested;
    (tested > 0.0).then(|| AltTest {
        annotators: found,
        winning_rate: beaten / tested,
        advantage,
        passed: beaten / tested >= 0.5,
        few_annotators: tested < 3.0,
    })
}

/// The difference of the means of two groups whose cases share clusters.
///
/// `values` are cases (such as judge − human), `second` says which group a case is in, `clusters` (such as the item) may
/// span both groups: a judge's leniency to one arm, or to answers of its own family. Second minus first, with CR2
/// standard errors and Bell–McCaffrey degrees of freedom; with every case its own cluster the standard error is Welch's.
///
/// # Errors
/// [`Reason::NoData`] for unequal lengths, an empty group or a value that is not finite; [`Reason::OneCluster`] when all
/// of a group is in one cluster; [`Reason::ZeroVarianceUnbounded`] when neither group varies; [`Reason::Confidence`].
/// O(n log n).
///
/// # Examples
/// ```
/// use assay_stats::judges::group_difference;
/// let values = [0.0, 0.1, 0.2, 0.9, 1.0, 1.1];
/// let second = [false, false, false, true, true, true];
/// let found = group_difference(&values, &second, &[0, 1, 2, 3, 4, 5], 0.95).unwrap();
/// assert!((found.value - 0.9).abs() < 1e-12 && found.interval.lower > 0.6);
/// ```
pub fn group_difference(values: &[f64], second: &[bool], clusters: &[u32], confidence: f64) -> Result<Effect, Reason> {
    let same = values.len() == second.len() && values.len() == clusters.len();
    if !same || values.iter().any(|v| !v.is_finite()) {
        return Err(Reason::NoData);
    }
    if !is_level(confidence) {
        return Err(Reason::Confidence);
    }
    let mut sizes = [0.0; 2];
    let mut means = [0.0; 2];
    for (value, second) in values.iter().zip(second) {
        sizes[usize::from(*second)] += 1.0;
        means[usize::from(*second)] += value;
    }
    if sizes.contains(&0.0) {
        return Err(Reason::NoData);
    }
    means.iter_mut().zip(sizes).for_each(|(mean, size)| *mean /= size);
    // For each cluster and group: the number of cases and the sum of residuals.
    let mut parts: BTreeMap<u32, [(f64, f64); 2]> = BTreeMap::new();
    for ((value, second), cluster) in values.iter().zip(second).zip(clusters) {
        let group = usize::from(*second);
        let part = &mut parts.entry(*cluster).or_default()[group];
        part.0 += 1.0;
        part.1 += value - means[group];
    }
    let (mut variance, mut trace, mut fourth, mut mixed) = (0.0, 0.0, 0.0, 0.0);
    let (mut pp, mut pq, mut qq) = (0.0, 0.0, 0.0);
    for part in parts.values() {
        // Group means have a block-diagonal hat matrix: the adjustment is one factor for each group and cluster.
        let side = |group: usize| {
            let (count, sum) = part[group];
            let scale = 1.0 / (sizes[group] * (1.0 - count / sizes[group]).sqrt());
            (count, if count > 0.0 { scale } else { 0.0 }, sum)
        };
        let ((a, alpha, first), (b, beta, other)) = (side(0), side(1));
        if !(alpha.is_finite() && beta.is_finite()) {
            return Err(Reason::OneCluster);
        }
        variance += (beta * other - alpha * first).powi(2);
        let (p, q) = (a * alpha, b * beta);
        let (length, inside) = (p * alpha + q * beta, p * p / sizes[0] + q * q / sizes[1]);
        trace += length - inside;
        fourth += length * length;
        mixed += length * inside;
        pp += p * p;
        pq += p * q;
        qq += q * q;
    }
    let all = (pp / sizes[0]).powi(2) + 2.0 * pq * pq / (sizes[0] * sizes[1]) + (qq / sizes[1]).powi(2);
    let df = trace * trace / (fourth - 2.0 * mixed + all);
    Effect::with_df(means[1] - means[0], variance.sqrt(), df, confidence).ok_or(Reason::ZeroVarianceUnbounded)
}

/// How many independent judges a jury is worth: k / (1 + (k − 1) · ρ̄), ρ̄ the mean correlation of its members over the
/// items that both of a pair have. The variance of the mean of k equally reliable judges is that of so many independent
/// ones. Columns are members, rows items: their errors (judge − truth) where the truth is known; of bare votes it is a
/// lower bound, because judges that are right agree. A pair without two common items or without variation says nothing;
/// `None` when no pair says anything, for columns of unequal length, a value that is not finite, or correlations so far
/// below 0 that the formula has no meaning. O(members² · items). Kish's design effect applied to raters.
///
/// # Examples
/// ```
/// use assay_stats::judges::independent;
/// let errors = [vec![Some(0.0), Some(1.0), Some(0.0), Some(1.0)], vec![Some(0.0), Some(1.0), Some(0.0), Some(1.0)]];
/// // Two that err alike are one.
/// assert!((independent(&errors).unwrap() - 1.0).abs() < 1e-12);
/// ```
pub fn independent(members: &[Vec<Option<f64>>]) -> Option<f64> {
    let rows = members.first()?.len();
    let valid = |column: &Vec<Option<f64>>| column.len() == rows && column.iter().flatten().all(|v| v.is_finite());
    if !members.iter().all(valid) {
        return None;
    }
    let (mut sum, mut pairs) = (0.0, 0_u32);
    for (i, a) in members.iter().enumerate() {
        for b in &members[..i] {
            let both: (Vec<f64>, Vec<f64>) = a.iter().zip(b).filter_map(|(a, b)| (*a).zip(*b)).unzip();
            if let Some(r) = pearson(&both.0, &both.1) {
                sum += r;
                pairs += 1;
            }
        }
    }
    let k = members.len() as f64;
    let scale = 1.0 + (k - 1.0) * sum / f64::from(pairs);
    (pairs > 0 && scale > 1e-12).then(|| k / scale)
}

/// A logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// The intercept, then a coefficient for each column: changes of the log odds.
    pub coefficients: Vec<f64>,
    /// Their standard errors from the observed information.
    pub se: Vec<f64>,
    /// The log-likelihood.
    pub log_likelihood: f64,
}

impl Logistic {
    /// Wald's interval and two-sided p-value of a coefficient. `None` beyond the last one, or for a confidence outside of
    /// 0 to 1.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::judges::logistic;
    /// let rows = [[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]].map(Vec::from);
    /// let fit = logistic(&rows, &[false, false, true, false, true, true]).unwrap();
    /// let (interval, p) = fit.wald(1, 0.95).unwrap();
    /// assert!(interval.lower < 0.0 && p > 0.4 && fit.wald(2, 0.95).is_none());
    /// ```
    pub fn wald(&self, at: usize, confidence: f64) -> Option<(Interval, f64)> {
        let (value, se) = (*self.coefficients.get(at)?, *self.se.get(at)?);
        let half = critical(confidence) * se;
        let p = 2.0 * normal_cdf(-(value / se).abs());
        is_level(confidence).then_some((Interval { lower: value - half, upper: value + half }, p))
    }
}

/// Logistic regression by Newton's method with an intercept. `rows` are the columns of each case. `None` for unequal
/// lengths, a value that is not finite, one class, columns that depend on each other, or when a column separates the
/// classes, where no finite estimate exists. O(rounds · n · columns²).
///
/// # Examples
/// ```
/// use assay_stats::judges::logistic;
/// let rows = [[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]].map(Vec::from);
/// let fit = logistic(&rows, &[false, false, true, false, true, true]).unwrap();
/// assert!((fit.coefficients[1] - 4f64.ln()).abs() < 1e-9);
/// ```
pub fn logistic(rows: &[Vec<f64>], outcomes: &[bool]) -> Option<Logistic> {
    let p = rows.first()?.len() + 1;
    let yes = outcomes.iter().filter(|y| **y).count();
    let fits = rows.iter().all(|row| row.len() + 1 == p && row.iter().all(|v| v.is_finite()));
    if rows.len() != outcomes.len() || yes == 0 || yes == outcomes.len() || !fits {
        return None;
    }
    let design: Vec<f64> = rows.iter().flat_map(|row| std::iter::once(1.0).chain(row.iter().copied())).collect();
    // The log-likelihood, its slope and information and the largest linear predictor, in one pass.
    // Σ ln(1 + s) is the logarithm of a product; as many factors, each at most 2, are far from the largest number.
    const FACTORS: u32 = 500;
    let look = |beta: &[f64]| {
        let (mut product, mut factors) = (1.0_f64, 0);
        let (mut value, mut information, mut slope, mut largest) = (0.0, Matrix::zeros(p), vec![0.0; p], 0.0_f64);
        for (row, y) in design.chunks_exact(p).zip(outcomes) {
            let y = f64::from(u8::from(*y));
            let eta: f64 = row.iter().zip(beta).map(|(x, b)| x * b).sum();
            largest = largest.max(eta.abs());
            let small = (-eta.abs()).exp();
            let chance = if eta > 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
            value += y * eta - eta.max(0.0);
            product *= 1.0 + small;
            factors += 1;
            if factors == FACTORS {
                value -= product.ln();
                (product, factors) = (1.0, 0);
            }
            for ((x, cells), slope) in row.iter().zip(information.cells.chunks_exact_mut(p)).zip(&mut slope) {
                *slope += x * (y - chance);
                let weighted = x * chance * (1.0 - chance);
                cells.iter_mut().zip(row).for_each(|(cell, other)| *cell += weighted * other);
            }
        }
        (value - product.ln(), information, slope, largest)
    };
    let mut beta = vec![0.0; p];
    let mut now = look(&beta);
    for _ in 0..60 {
        let (best, information, slope, largest) = &now;
        // Separated classes drive the linear predictor, and nothing else does, to where a chance is 0 or 1.
        let factor = information.cholesky().filter(|_| *best < -1e-6 * rows.len() as f64 && *largest < 500.0)?;
        let step = factor.solve(slope);
        let gain: f64 = step.iter().zip(slope).map(|(s, g)| s * g).sum();
        if gain < 1e-18 * (1.0 + best.abs()) {
            let inverse = factor.inverse();
            let se = (0..p).map(|k| inverse.at(k, k).sqrt()).collect();
            return Some(Logistic { coefficients: beta, se, log_likelihood: *best });
        }
        let mut size = 1.0;
        loop {
            let next: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + size * s).collect();
            let found = look(&next);
            if found.0 >= best - 1e-12 * best.abs() || size < 1e-8 {
                (beta, now) = (next, found);
                break;
            }
            size *= 0.5;
        }
    }
    None
}

/// How far a judge prefers longer answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Verbosity {
    /// What one more unit of log-length (an answer e times as long) adds to the log odds of winning, for the same verdict
    /// of people.
    pub coefficient: f64,
    /// Wald's interval.
    pub interval: Interval,
    /// Two-sided p-value.
    pub p: f64,
    /// The correlation of the judge's verdict with the length, the people's held fixed; `None` for a constant column.
    pub partial: Option<f64>,
    /// Pairs.
    pub pairs: usize,
}

/// Verbosity bias over pairs of answers: judge prefers the first ~ people prefer the first (1, ½ or 0) + ln length of the
/// first − ln length of the second. `None` as [`logistic`], and for a confidence outside of 0 to 1. Dubois et al. 2024.
///
/// # Examples
/// ```
/// let n = 40;
/// let judge: Vec<bool> = (0..n).map(|i| i % 2 == 0 || i % 5 == 0).collect();
/// let people: Vec<f64> = (0..n).map(|i| f64::from(i % 4 < 2)).collect();
/// let longer: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { 0.4 } else { -0.3 } + (i % 7) as f64 / 5.0).collect();
/// assert!(assay_stats::judges::verbosity(&judge, &people, &longer, 0.95).unwrap().coefficient > 0.0);
/// ```
pub fn verbosity(judge: &[bool], people: &[f64], log_length: &[f64], confidence: f64) -> Option<Verbosity> {
    if judge.len() != people.len() || judge.len() != log_length.len() {
        return None;
    }
    let rows: Vec<Vec<f64>> = people.iter().zip(log_length).map(|(h, l)| vec![*h, *l]).collect();
    let fit = logistic(&rows, judge)?;
    let (interval, p) = fit.wald(2, confidence)?;
    let verdicts: Vec<f64> = judge.iter().map(|j| f64::from(u8::from(*j))).collect();
    let partial = partial_correlation(&verdicts, log_length, people);
    Some(Verbosity { coefficient: fit.coefficients[2], interval, p, partial, pairs: judge.len() })
}

/// The correlation of x and y with z held fixed: (r_xy − r_xz·r_yz)/√((1 − r_xz²)(1 − r_yz²)). `None` for unequal
/// lengths, NaN, a constant, or where z tells x or y completely.
///
/// # Examples
/// ```
/// let r = assay_stats::judges::partial_correlation(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0], &[1.0, 0.0, 0.0, 1.0]);
/// assert!((r.unwrap() - 0.8).abs() < 1e-12);
/// ```
pub fn partial_correlation(x: &[f64], y: &[f64], z: &[f64]) -> Option<f64> {
    let (xy, xz, yz) = (pearson(x, y)?, pearson(x, z)?, pearson(y, z)?);
    let left = (1.0 - xz * xz) * (1.0 - yz * yz);
    (left > 1e-14).then(|| ((xy - xz * yz) / left.sqrt()).clamp(-1.0, 1.0))
}

/// A stratum of a stratified prediction-powered mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Stratum {
    /// Its share of the population; shares are scaled to sum to 1.
    pub share: f64,
    /// Its labelled cases.
    pub labels: Vec<Label>,
    /// The judge's score and the cluster of its cases without a label.
    pub unlabelled: Vec<(f64, Option<u32>)>,
}

/// PPI++ in each stratum, with its own λ, added up by the strata's shares: Σ W_s·θ_s with variance Σ W_s²·V_s and
/// Satterthwaite's degrees of freedom. For labels drawn with other chances in other strata. Fisch et al. 2024 (arXiv
/// 2406.04291).
///
/// # Errors
/// [`Reason::NoData`] without strata or for a share that is not positive, else as
/// [`prediction_powered`](crate::calibration::prediction_powered) in any stratum.
///
/// # Examples
/// ```
/// use assay_stats::calibration::Label;
/// use assay_stats::judges::{Stratum, stratified_prediction_powered};
/// let label = |truth, judge| Label { truth, judge, cluster: None };
/// let stratum = |share| Stratum {
///     share,
///     labels: vec![label(1.0, 0.9), label(0.0, 0.2), label(1.0, 0.8)],
///     unlabelled: vec![(0.9, None), (0.3, None), (0.7, None), (0.8, None)],
/// };
/// let found = stratified_prediction_powered(&[stratum(0.5), stratum(0.5)], 0.95).unwrap();
/// assert!(found.interval.lower < found.value && found.value < found.interval.upper);
/// ```
pub fn stratified_prediction_powered(strata: &[Stratum], confidence: f64) -> Result<Corrected, Reason> {
    let total: f64 = strata.iter().map(|s| s.share).sum();
    if strata.is_empty() || !total.is_finite() || strata.iter().any(|s| s.share.is_nan() || s.share <= 0.0) {
        return Err(Reason::NoData);
    }
    let (mut value, mut variance, mut spread) = (0.0, 0.0, 0.0);
    for stratum in strata {
        let found = prediction_powered(&stratum.labels, &stratum.unlabelled, None, confidence)?;
        let weight = stratum.share / total;
        let part = (weight * found.corrected.se).powi(2);
        value += weight * found.corrected.value;
        variance += part;
        spread += part * part / found.df;
    }
    if variance <= 0.0 {
        return Err(Reason::ZeroVarianceUnbounded);
    }
    let half = t_quantile(0.5 + 0.5 * confidence, variance * variance / spread) * variance.sqrt();
    Ok(Corrected { value, se: variance.sqrt(), interval: Interval { lower: value - half, upper: value + half } })
}

/// A case that was labelled with a known chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// The judge's score.
    pub judge: f64,
    /// The label, where it was drawn.
    pub truth: Option<f64>,
    /// The chance with which it could be drawn, above 0.
    pub chance: f64,
    /// Its cluster.
    pub cluster: Option<u32>,
}

/// The mean of the truth when labels were drawn with known, unequal chances: mean of f + ξ/π·(Y − f), which is unbiased
/// whatever the judge is worth; CR2 t interval. Keep π at 0.1·n/N or more: one label at a tiny chance can outweigh all.
/// Horvitz & Thompson 1952; Zrnic & Candès 2024.
///
/// # Errors
/// [`Reason::NoData`] for no case or label, or a chance outside of 0 to 1; [`Reason::NLt2`], [`Reason::OneCluster`],
/// [`Reason::ZeroVarianceUnbounded`], [`Reason::Confidence`].
///
/// # Examples
/// ```
/// use assay_stats::judges::{Sampled, active_mean};
/// let case = |i: usize| Sampled { judge: 0.5, truth: (i % 2 == 0).then_some((i % 4) as f64 / 2.0), chance: 0.5, cluster: None };
/// assert_eq!(active_mean(&(0..8).map(case).collect::<Vec<_>>(), 0.95).unwrap().value, 0.5);
/// ```
pub fn active_mean(cases: &[Sampled], confidence: f64) -> Result<Corrected, Reason> {
    inverse_chances(cases, None, confidence).map(|(found, _)| found)
}

/// [`active_mean`] with its degrees of freedom, and the plus-two guard of
/// [`prediction_powered`](crate::calibration::prediction_powered) where a range is given.
pub(crate) fn inverse_chances(
    cases: &[Sampled],
    guard: Option<f64>,
    confidence: f64,
) -> Result<(Corrected, f64), Reason> {
    let valid =
        |c: &Sampled| c.judge.is_finite() && c.truth.is_none_or(f64::is_finite) && c.chance > 0.0 && c.chance <= 1.0;
    let labels = cases.iter().filter(|c| c.truth.is_some()).count();
    if labels == 0 || !cases.iter().all(valid) {
        return Err(Reason::NoData);
    }
    if !is_level(confidence) {
        return Err(Reason::Confidence);
    }
    let items: Vec<Item> = cases
        .iter()
        .map(|c| {
            let value = c.judge + c.truth.map_or(0.0, |truth| (truth - c.judge) / c.chance);
            Item { value, repeats: 1, cluster: c.cluster, weight: 1.0 }
        })
        .collect();
    let m = clustered_mean(&items).ok_or(if items.len() < 2 { Reason::NLt2 } else { Reason::OneCluster })?;
    let se = (m.se * m.se + guard.map_or(0.0, |range| rare(range, labels))).sqrt();
    if se <= 0.0 {
        return Err(Reason::ZeroVarianceUnbounded);
    }
    let half = t_quantile(0.5 + 0.5 * confidence, m.df) * se;
    let interval = Interval { lower: m.mean - half, upper: m.mean + half };
    Ok((Corrected { value: m.mean, se, interval }, m.df))
}

/// Above which confidence a judge may decide alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Abstention {
    /// Decide at this confidence or above.
    pub threshold: f64,
    /// The share of cases decided.
    pub coverage: f64,
    /// Wrong decisions among them.
    pub errors: u64,
    /// Decisions.
    pub decided: u64,
    /// The upper bound of the share of errors, at the corrected level.
    pub upper: f64,
}

/// The lowest confidence at which P(error | decided) ≤ `risk` holds with chance 1 − `delta`: ten thresholds that decide
/// about 10%, 20% … 100% of the cases, each tested by Clopper and Pearson's one-sided bound at level δ/10. Learn then
/// test: the guarantee holds for whichever is chosen. `Ok(None)` when none can be shown to be safe. `Err` with
/// [`Reason::NoData`] for unequal lengths, no case, NaN, or a risk or δ outside of 0 to 1. O(n log n). Angelopoulos et al.
/// 2021 (arXiv 2110.01052).
///
/// # Examples
/// ```
/// let confidence: Vec<f64> = (0..400).map(|i| i as f64).collect();
/// let wrong: Vec<bool> = (0..400).map(|i| i < 100).collect();
/// let found = assay_stats::judges::abstention(&confidence, &wrong, 0.05, 0.05).unwrap().unwrap();
/// assert_eq!((found.threshold, found.errors), (120.0, 0));
/// ```
pub fn abstention(confidences: &[f64], errors: &[bool], risk: f64, delta: f64) -> Result<Option<Abstention>, Reason> {
    let inside = |x: f64| x > 0.0 && x < 1.0;
    let n = errors.len();
    if n == 0 || confidences.len() != n || confidences.iter().any(|c| c.is_nan()) || !inside(risk) || !inside(delta) {
        return Err(Reason::NoData);
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| confidences[*b].total_cmp(&confidences[*a]));
    let mut best = None;
    let (mut decided, mut wrong) = (0usize, 0u64);
    for tenth in 1..=10 {
        let want = (n * tenth).div_ceil(10);
        // Equal confidences are decided together.
        while decided < n && (decided < want || confidences[order[decided]] == confidences[order[decided - 1]]) {
            wrong += u64::from(errors[order[decided]]);
            decided += 1;
        }
        let bound = clopper_pearson(wrong, decided as u64, 1.0 - 2.0 * (delta / 10.0));
        let upper = bound.map_or(1.0, |interval| interval.upper);
        if upper <= risk {
            best = Some(Abstention {
                threshold: confidences[order[decided - 1]],
                coverage: decided as f64 / n as f64,
                errors: wrong,
                decided: decided as u64,
                upper,
            });
        }
    }
    Ok(best)
}

/// A stratum of cases that could be labelled next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    /// Cases without a label.
    pub cases: u64,
    /// How much labels are expected to vary within it, such as √(p(1 − p)) or the judge's uncertainty.
    pub sd: f64,
}

/// How many of the next `labels` each stratum gets: at least the share `uniform` (0.2 or more keeps estimates unbiased
/// whatever the guesses of spread) by size alone, the rest by Neyman's rule n_s ∝ N_s·σ_s; never more than a stratum has.
/// Whole numbers by largest remainder; the chance of a case is its stratum's count over its size. `None` without cases,
/// for a spread that is negative or not finite, or a share outside of 0 to 1. Neyman 1934.
///
/// # Examples
/// ```
/// use assay_stats::judges::{Pool, next_labels};
/// let pools = [Pool { cases: 900, sd: 0.1 }, Pool { cases: 100, sd: 0.5 }];
/// assert_eq!(next_labels(&pools, 100, 0.2).unwrap(), [69, 31]);
/// ```
pub fn next_labels(pools: &[Pool], labels: u64, uniform: f64) -> Option<Vec<u64>> {
    let size = pools.iter().try_fold(0u64, |sum, p| sum.checked_add(p.cases))?;
    if size == 0 || !(0.0..=1.0).contains(&uniform) || pools.iter().any(|p| !p.sd.is_finite() || p.sd < 0.0) {
        return None;
    }
    let labels = labels.min(size) as f64;
    let spread: f64 = pools.iter().map(|p| p.cases as f64 * p.sd).sum();
    let weight = |p: &Pool| {
        let even = p.cases as f64 / size as f64;
        if spread > 0.0 { uniform * even + (1.0 - uniform) * p.cases as f64 * p.sd / spread } else { even }
    };
    // A stratum that would get more than it has is full; what is left over goes to the others.
    let mut full = vec![false; pools.len()];
    let ideal = loop {
        let taken: f64 = pools.iter().zip(&full).filter(|(_, full)| **full).map(|(p, _)| p.cases as f64).sum();
        let open: f64 = pools.iter().zip(&full).filter(|(_, full)| !**full).map(|(p, _)| weight(p)).sum();
        let ideal: Vec<f64> = pools
            .iter()
            .zip(&full)
            .map(|(p, full)| if *full { p.cases as f64 } else { ((labels - taken) * weight(p) / open).max(0.0) })
            .collect();
        let over: Vec<usize> = (0..pools.len()).filter(|i| !full[*i] && ideal[*i] > pools[*i].cases as f64).collect();
        if over.is_empty() {
            break ideal;
        }
        over.into_iter().for_each(|i| full[i] = true);
    };
    let mut counts: Vec<u64> = ideal.iter().map(|x| (x + 1e-9).floor() as u64).collect();
    let mut order: Vec<usize> = (0..pools.len()).collect();
    order.sort_by(|a, b| (ideal[*b] - counts[*b] as f64).total_cmp(&(ideal[*a] - counts[*a] as f64)));
    let mut left = labels as u64 - counts.iter().sum::<u64>().min(labels as u64);
    for i in order {
        if left > 0 && counts[i] < pools[i].cases {
            counts[i] += 1;
            left -= 1;
        }
    }
    Some(counts)
}

/// A group of forecasts in a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Cases.
    pub cases: usize,
    /// Their mean forecast.
    pub forecast: f64,
    /// The share that came true.
    pub observed: f64,
}

/// How far forecasts lie from what follows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Bins of about equal numbers of cases; equal forecasts are in one bin.
    pub bins: Vec<Bin>,
    /// The expected calibration error Σ w·|forecast − observed|; positive even for perfect forecasts.
    pub ece: f64,
    /// Σ w·(forecast − observed)².
    pub squared: f64,
    /// The same less what chance alone makes, Σ w·observed(1 − observed)/(cases − 1): it may be negative, which means no
    /// error found. `None` when a bin has a single case. Kumar, Liang & Ma 2019.
    pub debiased: Option<f64>,
}

/// Calibration error over `bins` bins of equal mass. `None` for unequal lengths, no case, no bin, or a forecast outside of
/// 0 to 1. O(n log n).
///
/// # Examples
/// ```
/// let found = assay_stats::judges::calibration_error(&[0.2, 0.2, 0.8, 0.8], &[false, true, true, true], 2).unwrap();
/// assert!((found.ece - 0.25).abs() < 1e-12 && (found.debiased.unwrap() + 0.06).abs() < 1e-12);
/// ```
pub fn calibration_error(forecasts: &[f64], truths: &[bool], bins: usize) -> Option<Calibration> {
    let n = forecasts.len();
    if n == 0 || n != truths.len() || bins == 0 || forecasts.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return None;
    }
    let order = order(forecasts);
    // More bins than cases are as many as cases.
    let bins = bins.min(n);
    let mut found = Vec::new();
    let (mut from, mut quota) = (0, 0);
    while from < n {
        quota += 1;
        let mut to = (n * quota).div_ceil(bins).min(n);
        if to <= from {
            continue;
        }
        while to < n && forecasts[order[to]] == forecasts[order[to - 1]] {
            to += 1;
        }
        let group = &order[from..to];
        let size = group.len() as f64;
        found.push(Bin {
            cases: group.len(),
            forecast: group.iter().map(|i| forecasts[*i]).sum::<f64>() / size,
            observed: group.iter().filter(|i| truths[**i]).count() as f64 / size,
        });
        from = to;
    }
    let weighted = |of: &dyn Fn(&Bin) -> f64| found.iter().map(|b| b.cases as f64 / n as f64 * of(b)).sum::<f64>();
    let squared = weighted(&|b| (b.forecast - b.observed).powi(2));
    let noise = weighted(&|b| b.observed * (1.0 - b.observed) / (b.cases as f64 - 1.0));
    let debiased = found.iter().all(|b| b.cases > 1).then_some(squared - noise);
    Some(Calibration { ece: weighted(&|b| (b.forecast - b.observed).abs()), squared, debiased, bins: found })
}

/// Temperature scaling: the T > 0 that minimises the log loss of 1/(1 + exp(−logit/T)). Above 1 the forecasts were too
/// sure. `None` for unequal lengths, no case, a value that is not finite, or where no finite T > 0 is best: all right, or
/// no better than a coin. Guo et al. 2017. O(rounds · n).
///
/// # Examples
/// ```
/// // Right in three of four cases at odds of e² to 1: too sure.
/// let t = assay_stats::judges::temperature(&[2.0; 4], &[true, true, true, false]).unwrap();
/// assert!((t - 2.0 / 3f64.ln()).abs() < 1e-9);
/// ```
pub fn temperature(logits: &[f64], truths: &[bool]) -> Option<f64> {
    if logits.is_empty() || logits.len() != truths.len() || logits.iter().any(|l| !l.is_finite()) {
        return None;
    }
    // The loss is convex in 1/T: find where its slope, given with its own, changes sign.
    let slope = |a: f64| {
        logits.iter().zip(truths).fold((0.0, 0.0), |(slope, curve), (l, y)| {
            let p = 1.0 / (1.0 + (-a * l).exp());
            (slope + l * (p - f64::from(u8::from(*y))), curve + l * l * p * (1.0 - p))
        })
    };
    // Wrong signs are what keeps the best T from 0.
    let wrong = logits.iter().zip(truths).any(|(l, y)| if *y { *l < 0.0 } else { *l > 0.0 });
    if slope(0.0).0 >= 0.0 || !wrong {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while slope(high).0 < 0.0 {
        (low, high) = (high, 2.0 * high);
    }
    // Newton's steps, halving where one leaves the bracket.
    let mut inverse = 0.5 * (low + high);
    for _ in 0..200 {
        let (value, curve) = slope(inverse);
        *(if value < 0.0 { &mut low } else { &mut high }) = inverse;
        let next = inverse - value / curve;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        let moved = (next - inverse).abs();
        inverse = next;
        if moved <= 1e-15 * inverse {
            break;
        }
    }
    (inverse > 1e-9 && inverse.is_finite()).then(|| 1.0 / inverse)
}

/// What a judge may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Grade {
    /// Uncalibrated: its numbers are advisory.
    U,
    /// Monitor: trends and drift alerts.
    C,
    /// Compare: differences with a prediction-powered interval.
    B,
    /// Gate: pass or fail, through paired prediction-powered differences only.
    A,
}

/// What is known of a judge. `None` and NaN are not known, and meet no requirement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// Cases with a label by people, drawn at random.
    pub labels: u64,
    /// Labels of the rarer class by people.
    pub rarer_class: u64,
    /// Labels in the smaller arm.
    pub smaller_arm: Option<u64>,
    /// The lower bound of Gwet's AC1 or Krippendorff's α of judge and people, the higher one.
    pub agreement: Option<f64>,
    /// The share of verdicts that could not be read.
    pub parse_failures: Option<f64>,
    /// How often a repeated verdict differs.
    pub flip_rate: Option<f64>,
    /// The lower bound of the rate of passes that it passes.
    pub sensitivity: Option<f64>,
    /// The lower bound of the rate of fails that it fails.
    pub specificity: Option<f64>,
    /// How often both orders of a pair get the same verdict; `Some(1.0)` for a judge of single answers.
    pub position_consistency: Option<f64>,
    /// The interval of judge − human in the candidate less the same in the baseline.
    pub differential: Option<Interval>,
    /// The margin of the comparison; `differential` must lie within twice of it on either side.
    pub margin: f64,
    /// How much worse judge and people agree than people among each other, the upper bound.
    pub below_people: Option<f64>,
    /// The winning rate ω of the alternative annotator test.
    pub winning_rate: Option<f64>,
    /// Days since the labels were made.
    pub age: Option<f64>,
    /// Whether the frozen canary set still gets the same verdicts.
    pub canary: Option<bool>,
}

impl std::fmt::Display for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Grade {
    /// What it allows, in words.
    pub const fn allows(self) -> &'static str {
        match self {
            Self::U => "uncalibrated: its numbers are advisory",
            Self::C => "good for trends and drift alerts",
            Self::B => "good for comparisons with a prediction-powered interval",
            Self::A => "good for gates through paired prediction-powered differences",
        }
    }
}

/// A grade, and what the next one still needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    /// The highest grade whose requirements, and those of all below it, are met.
    pub grade: Grade,
    /// What the next grade needs and the evidence does not show; empty at the highest.
    pub missing: Vec<String>,
}

/// The grade of a judge: U without labels that suffice; C from 50 labels, 10 of the rarer class, agreement of 0.4 or
/// more, fewer than 2% unreadable and 10% flipping verdicts; B from 100 labels, 20 of the rarer class, both arms,
/// agreement of 0.6, sensitivity and specificity of 0.7, position consistency of 0.8, and a differential error shown to lie within
/// ±2 margins; A from 200 labels, 30 of the rarer class, 80 in each arm, sensitivity and specificity of 0.8, agreement
/// not worse than people's by more than 0.1 or ω of a half, labels at most 90 days old and an unchanged canary. All
/// agreement and rates are lower bounds.
///
/// # Examples
/// ```
/// use assay_stats::judges::{Evidence, Grade, grade};
/// let few = Evidence { labels: 20, rarer_class: 8, agreement: Some(0.7), ..Evidence::default() };
/// let found = grade(&few);
/// assert_eq!(found.grade, Grade::U);
/// assert_eq!(found.missing[0], "30 more labels (50 needed)");
/// ```
pub fn grade(evidence: &Evidence) -> Graded {
    let e = evidence;
    let mut grade = Grade::U;
    for next in [Grade::C, Grade::B, Grade::A] {
        let mut missing = Vec::new();
        let mut count = |have: u64, need: u64, what: &str| {
            if have < need {
                missing.push(format!("{} more {what} ({need} needed)", need - have));
            }
        };
        let (labels, rarer, agreement, rate) = match next {
            Grade::C | Grade::U => (50, 10, 0.4, 0.0),
            Grade::B => (100, 20, 0.6, 0.7),
            Grade::A => (200, 30, 0.6, 0.8),
        };
        count(e.labels, labels, "labels");
        count(e.rarer_class, rarer, "labels of the rarer class");
        let mut at_least = |have: Option<f64>, need: f64, what: &str| match have {
            Some(have) if have >= need => {}
            Some(have) => missing.push(format!("{what}: at least {need:.2} needed, it is {have:.2}")),
            None => missing.push(format!("{what} (not measured)")),
        };
        at_least(e.agreement, agreement, "lower bound of agreement");
        if next != Grade::C {
            at_least(e.sensitivity, rate, "lower bound of sensitivity");
            at_least(e.specificity, rate, "lower bound of specificity");
        }
        match next {
            Grade::C | Grade::U => {
                let mut below = |have: Option<f64>, limit: f64, what: &str| match have {
                    Some(have) if have < limit => {}
                    Some(have) => {
                        missing.push(format!("{what}: below {:.0}% needed, it is {:.1}%", 100.0 * limit, 100.0 * have))
                    }
                    None => missing.push(format!("{what} (not measured)")),
                };
                below(e.parse_failures, 0.02, "share of unreadable verdicts");
                below(e.flip_rate, 0.1, "flip rate of repeated verdicts");
            }
            Grade::B => {
                at_least(e.position_consistency, 0.8, "position consistency");
                match e.differential {
                    Some(i) if i.lower >= -2.0 * e.margin && i.upper <= 2.0 * e.margin => {}
                    Some(i) => missing.push(format!(
                        "differential error within ±{:.3}: its interval is {:.3} to {:.3}",
                        2.0 * e.margin,
                        i.lower,
                        i.upper
                    )),
                    None => missing.push("differential error between the arms (not measured)".into()),
                }
            }
            Grade::A => {
                match e.smaller_arm {
                    Some(n) if n >= 80 => {}
                    Some(n) => missing.push(format!("{} more labels in the smaller arm (80 needed)", 80 - n)),
                    None => missing.push("80 labels in each arm (no arms given)".into()),
                }
                let close = e.below_people.is_some_and(|upper| upper <= 0.1);
                if !close && !e.winning_rate.is_some_and(|rate| rate >= 0.5) {
                    missing.push("agreement with people close to people's own, or a passed alt-test".into());
                }
                if !e.age.is_some_and(|days| days <= 90.0) {
                    missing.push("labels at most 90 days old".into());
                }
                if e.canary != Some(true) {
                    missing.push("an unchanged canary set".into());
                }
            }
        }
        if !missing.is_empty() {
            return Graded { grade, missing };
        }
        grade = next;
    }
    Graded { grade, missing: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_judge_climbs_the_grades_one_by_one() {
        let mut e = Evidence {
            labels: 60,
            rarer_class: 15,
            agreement: Some(0.65),
            parse_failures: Some(0.0),
            flip_rate: Some(0.05),
            margin: 0.05,
            ..Evidence::default()
        };
        assert_eq!(grade(&e).grade, Grade::C);
        e = Evidence {
            labels: 250,
            rarer_class: 60,
            sensitivity: Some(0.85),
            specificity: Some(0.82),
            position_consistency: Some(1.0),
            differential: Some(Interval { lower: -0.02, upper: 0.12 }),
            ..e
        };
        let found = grade(&e);
        assert!(found.grade == Grade::C && found.missing[0].contains("differential"), "{found:?}");
        e.differential = Some(Interval { lower: -0.02, upper: 0.08 });
        assert_eq!(grade(&e).grade, Grade::B);
        e = Evidence { smaller_arm: Some(100), winning_rate: Some(0.6), age: Some(10.0), canary: Some(true), ..e };
        assert_eq!(grade(&e), Graded { grade: Grade::A, missing: vec![] });
        // Not enough labels: nothing above matters.
        e.labels = 40;
        assert_eq!(grade(&e).grade, Grade::U);
    }

    #[test]
    fn undefined_stays_undefined() {
        assert!(alt_test(&[Some(1.0); 10], &vec![vec![Some(1.0); 3]; 10], Alignment::Accuracy, 0.2, 0.05).is_none());
        assert_eq!(group_difference(&[1.0], &[true], &[0], 0.95), Err(Reason::NoData));
        let one = group_difference(&[1.0, 2.0, 3.0], &[true, true, false], &[0, 0, 1], 0.95);
        assert_eq!(one, Err(Reason::OneCluster));
        // Separated classes, and one class.
        let rows: Vec<Vec<f64>> = (0..10).map(|i| vec![f64::from(i)]).collect();
        let above: Vec<bool> = (0..10).map(|i| i > 4).collect();
        assert!(logistic(&rows, &above).is_none() && logistic(&rows, &[true; 10]).is_none());
        assert_eq!(abstention(&[0.5; 20], &[false; 20], 0.01, 0.05), Ok(None));
        assert_eq!(temperature(&[1.0, -1.0], &[true, false]), None);
        assert!(active_mean(&[Sampled { judge: 1.0, truth: None, chance: 0.5, cluster: None }], 0.95).is_err());
        assert!(next_labels(&[], 5, 0.2).is_none());
    }

    #[test]
    fn an_abstaining_judge_keeps_its_promise() {
        use rand::{RngExt, SeedableRng};
        // Errors fall with confidence; the promise may break in 5% of data sets, and the true risk is known.
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let broken = (0..300)
            .filter(|_| {
                let confidence: Vec<f64> = (0..400).map(|_| random.random::<f64>()).collect();
                let wrong: Vec<bool> = confidence.iter().map(|c| random.random::<f64>() < 0.3 * (1.0 - c)).collect();
                // Above t the error rate is the mean of 0.3(1 − c), which is 0.15(1 − t).
                let found = abstention(&confidence, &wrong, 0.1, 0.05).unwrap();
                found.is_some_and(|a| 0.15 * (1.0 - a.threshold) > 0.1)
            })
            .count();
        assert!(broken <= 15, "{broken} of 300");
    }

    proptest! {
        #[test]
        fn labels_are_all_given_out(pools in prop::collection::vec((1u64..60, 0.0f64..1.0), 1..8), labels in 0u64..200) {
            let pools: Vec<Pool> = pools.into_iter().map(|(cases, sd)| Pool { cases, sd }).collect();
            let counts = next_labels(&pools, labels, 0.2).unwrap();
            let size: u64 = pools.iter().map(|p| p.cases).sum();
            prop_assert!(counts.iter().zip(&pools).all(|(c, p)| *c <= p.cases));
            prop_assert_eq!(counts.iter().sum::<u64>(), labels.min(size));
        }

        #[test]
        fn a_difference_turns_its_sign(values in prop::collection::vec((-5i32..5, any::<bool>(), 0u32..6), 4..30)) {
            let v: Vec<f64> = values.iter().map(|x| f64::from(x.0)).collect();
            let (second, clusters): (Vec<bool>, Vec<u32>) = values.iter().map(|x| (x.1, x.2)).unzip();
            let turned: Vec<bool> = second.iter().map(|s| !s).collect();
            match (group_difference(&v, &second, &clusters, 0.95), group_difference(&v, &turned, &clusters, 0.95)) {
                (Ok(a), Ok(b)) => prop_assert!((a.value + b.value).abs() < 1e-9 && (a.se - b.se).abs() < 1e-9 && (a.df - b.df).abs() < 1e-6 * a.df),
                (a, b) => prop_assert_eq!(a.is_ok(), b.is_ok()),
            }
        }

        #[test]
        fn bins_hold_every_case(pairs in prop::collection::vec((0u8..=10, any::<bool>()), 1..60), bins in 1usize..20) {
            let f: Vec<f64> = pairs.iter().map(|p| f64::from(p.0) / 10.0).collect();
            let t: Vec<bool> = pairs.iter().map(|p| p.1).collect();
            let c = calibration_error(&f, &t, bins).unwrap();
            prop_assert_eq!(c.bins.iter().map(|b| b.cases).sum::<usize>(), pairs.len());
            prop_assert!(c.ece >= 0.0 && c.squared <= c.ece + 1e-12 && c.ece * c.ece <= c.squared + 1e-9);
        }
    }
}
