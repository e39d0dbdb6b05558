//! Judges as instruments: levels and differences corrected by labels from people, and how well scores are calibrated.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};

use crate::estimate::{Interval, Item, Reason, is_level};
use crate::mean::clustered_mean;
use crate::proportion::critical;
use crate::rank::order;
use crate::special::t_quantile;

/// What a binary judge said of all cases, and what people said of a random part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubleSample {
    /// Cases that the judge saw.
    pub judged: u64,
    /// … and passed.
    pub judged_pass: u64,
    /// Labelled cases that the judge passed.
    pub labelled_pass: u64,
    /// … and people passed too.
    pub true_of_pass: u64,
    /// Labelled cases that the judge failed.
    pub labelled_fail: u64,
    /// … but people passed.
    pub true_of_fail: u64,
}

/// A corrected estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corrected {
    /// The estimate.
    pub value: f64,
    /// Its standard error, or the posterior's standard deviation.
    pub se: f64,
    /// Its interval.
    pub interval: Interval,
}

/// The true pass rate behind a binary judge: q · PPV + (1 − q) · FOR, with Jeffreys posteriors of the share q that the
/// judge passes, of the truth among its passes and of the truth among its fails; the labelled cases must be a random
/// part of the judged ones. Mean and quantiles of 20,000 seeded draws. Tenenbein 1970.
///
/// # Errors
/// [`Reason::NoData`] when counts do not fit each other or nothing was judged or labelled, [`Reason::Confidence`].
///
/// # Examples
/// ```
/// use assay_stats::calibration::{DoubleSample, double_sampling};
/// // The judge passes 800 of 1,000; people keep 36 of 40 of its passes and turn 2 of 10 of its fails.
/// let sample = DoubleSample {
///     judged: 1000, judged_pass: 800, labelled_pass: 40, true_of_pass: 36, labelled_fail: 10, true_of_fail: 2,
/// };
/// let found = double_sampling(sample, 0.95, 1).unwrap();
/// assert!((found.value - 0.76).abs() < 0.01 && found.interval.lower < 0.7 && found.interval.upper > 0.8);
/// ```
pub fn double_sampling(sample: DoubleSample, confidence: f64, seed: u64) -> Result<Corrected, Reason> {
    let DoubleSample { judged, judged_pass, labelled_pass, true_of_pass, labelled_fail, true_of_fail } = sample;
    let consistent = judged_pass <= judged
        && labelled_pass <= judged_pass
        && labelled_fail <= judged - judged_pass
        && true_of_pass <= labelled_pass
        && true_of_fail <= labelled_fail
        && labelled_pass + labelled_fail > 0;
    if !consistent {
        return Err(Reason::NoData);
    }
    if !is_level(confidence) {
        return Err(Reason::Confidence);
    }
    let posterior = |k: u64, n: u64| Beta::new(k as f64 + 0.5, (n - k) as f64 + 0.5).map_err(|_| Reason::NoData);
    let (q, ppv, missed) = (
        posterior(judged_pass, judged)?,
        posterior(true_of_pass, labelled_pass)?,
        posterior(true_of_fail, labelled_fail)?,
    );
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draws: Vec<f64> = (0..20_000)
        .map(|_| {
            let q = q.sample(&mut random);
            q * ppv.sample(&mut random) + (1.0 - q) * missed.sample(&mut random)
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let se = (draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let at = |p: f64| draws[((p * n) as usize).min(draws.len() - 1)];
    let tail = 0.5 * (1.0 - confidence);
    Ok(Corrected { value: mean, se, interval: Interval { lower: at(tail), upper: at(1.0 - tail) } })
}

/// The true pass rate from a judge's rate and its sensitivity and specificity measured elsewhere, under another rate of
/// passes: (q + Sp − 1)/(Se + Sp − 1), with Lang and Reiczigel's interval. Counts are (right, cases). Wider than
/// [`double_sampling`], which is the choice when labels are of the same cases. `None` when Se + Sp is at most 1.05: such
/// a judge tells nothing; and for no case, more right than cases, or a confidence outside of 0 to 1. Rogan & Gladen 1978;
/// Lang & Reiczigel 2014.
///
/// # Examples
/// ```
/// use assay_stats::calibration::rogan_gladen;
/// // 0.6 passed by a judge with sensitivity and specificity 0.9: (0.6 + 0.9 − 1)/(0.9 + 0.9 − 1).
/// let found = rogan_gladen((600, 1000), (90, 100), (90, 100), 0.95).unwrap();
/// assert!((found.value - 0.625).abs() < 1e-12 && found.interval.lower > 0.5 && found.interval.upper < 0.75);
/// ```
pub fn rogan_gladen(
    judged: (u64, u64),
    sensitivity: (u64, u64),
    specificity: (u64, u64),
    confidence: f64,
) -> Option<Corrected> {
    let z = critical(confidence);
    let z2 = z * z;
    let plain = |(k, n): (u64, u64)| k as f64 / n as f64;
    let counts = [judged, sensitivity, specificity].iter().all(|(k, n)| *n > 0 && k <= n);
    if !counts || !is_level(confidence) || plain(sensitivity) + plain(specificity) <= 1.05 {
        return None;
    }
    let n = judged.1 as f64 + z2;
    let q = (judged.0 as f64 + 0.5 * z2) / n;
    let plus = |(k, n): (u64, u64)| ((k as f64 + 1.0) / (n as f64 + 2.0), n as f64 + 2.0);
    let ((se, n_se), (sp, n_sp)) = (plus(sensitivity), plus(specificity));
    let youden = se + sp - 1.0;
    let p = (q + sp - 1.0) / youden;
    let shift = 2.0 * z2 * (p * se * (1.0 - se) / n_se - (1.0 - p) * sp * (1.0 - sp) / n_sp);
    let variance = q * (1.0 - q) / n + p * p * se * (1.0 - se) / n_se + (1.0 - p).powi(2) * sp * (1.0 - sp) / n_sp;
    let error = variance.sqrt() / youden;
    let value = (plain(judged) + plain(specificity) - 1.0) / (plain(sensitivity) + plain(specificity) - 1.0);
    let bound = |side: f64| (p + shift + side * z * error).clamp(0.0, 1.0);
    Some(Corrected {
        value: value.clamp(0.0, 1.0),
        se: error,
        interval: Interval { lower: bound(-1.0), upper: bound(1.0) },
    })
}

/// A labelled case: what people said and what the judge predicted, or for a comparison the differences of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// By people.
    pub truth: f64,
    /// By the judge.
    pub judge: f64,
    /// Its cluster.
    pub cluster: Option<u32>,
}

/// A prediction-powered mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictionPowered {
    /// Estimate, standard error and interval.
    pub corrected: Corrected,
    /// How much the judge's scores were trusted, from 0 (labels alone) to 1.
    pub lambda: f64,
    /// Degrees of freedom of the interval.
    pub df: f64,
    /// Standard error of the labels' part, mean(Y − λf), the guard included: more labels lower it.
    pub labels_se: f64,
    /// Standard error of the judge's part, λ·mean(f): only more judged cases lower it.
    pub judged_se: f64,
}

/// The variance of disagreements so rare that `labels` of a range have not met them: 2R²/(n + 2)².
pub(crate) fn rare(range: f64, labels: usize) -> f64 {
    2.0 * range * range / (labels as f64 + 2.0).powi(2)
}

/// How many labels would bring the standard error down to `wanted`, when those so far (`labels`) have `labels_se` and the
/// judge's own part, which labels cannot lower, has `judged_se`: n·labels_se²/(wanted² − judged_se²). `None` when the judge's
/// part alone is too wide, so that more judged cases are needed, or for an argument that is not a number above 0.
///
/// # Examples
/// ```
/// use assay_stats::calibration::labels_needed;
/// // Half the standard error takes four times the labels, and more when the judge has an error of its own.
/// assert_eq!(labels_needed(100, 0.04, 0.0, 0.02), Some(400));
/// assert_eq!(labels_needed(100, 0.04, 0.016, 0.02), Some(1112));
/// assert_eq!(labels_needed(100, 0.04, 0.03, 0.02), None);
/// ```
pub fn labels_needed(labels: usize, labels_se: f64, judged_se: f64, wanted: f64) -> Option<u64> {
    let left = wanted * wanted - judged_se * judged_se;
    let needed = (labels as f64 * labels_se * labels_se / left).ceil();
    (wanted > 0.0 && left > 0.0 && needed.is_finite() && needed < 1e12).then_some(needed as u64)
}

/// PPI++ mean of the truth over many cases that only the judge saw (`unlabelled`: score and cluster) and few that people
/// labelled too: λ·mean(f) + mean(Y − λf), λ = cov(Y, f)/((1 + n/N)·var(f)) kept within 0 and 1. Both terms get CR2
/// standard errors and a Satterthwaite t interval, so that clusters and few labels are honest. For a comparison give
/// differences between the arms, candidate − baseline. `guard` is the range of a label when the interval decides a
/// gate: it adds 2R²/(n + 2)² to the variance against disagreements the labels have not met. Angelopoulos et al. 2023
/// (arXiv 2301.09633, 2311.01453).
///
/// # Errors
/// [`Reason::NLt2`] or [`Reason::OneCluster`] when a term has too few cases or clusters, [`Reason::NoData`] without labels,
/// [`Reason::NotFinite`] for values that are not finite or whose squares are not, or a negative guard,
/// [`Reason::ZeroVarianceUnbounded`] when nothing varies and there is no guard, [`Reason::Confidence`].
///
/// # Examples
/// ```
/// use assay_stats::calibration::{Label, prediction_powered};
/// let label = |i: u32| Label { truth: f64::from(i % 4 > 0), judge: f64::from(i % 4 > 0 || i % 8 == 0), cluster: None };
/// let labels: Vec<Label> = (0..40).map(label).collect();
/// let unlabelled: Vec<(f64, Option<u32>)> = (0..400).map(|i| (f64::from(i % 8 != 4), None)).collect();
/// let found = prediction_powered(&labels, &unlabelled, None, 0.95).unwrap();
/// // The judge passes 7 of 8, people 3 of 4.
/// assert!((found.corrected.value - 0.75).abs() < 1e-9 && found.lambda > 0.5);
/// ```
pub fn prediction_powered(
    labels: &[Label],
    unlabelled: &[(f64, Option<u32>)],
    guard: Option<f64>,
    confidence: f64,
) -> Result<PredictionPowered, Reason> {
    let finite = labels.iter().all(|l| l.truth.is_finite() && l.judge.is_finite())
        && unlabelled.iter().all(|(f, _)| f.is_finite());
    if labels.is_empty() || unlabelled.is_empty() {
        return Err(Reason::NoData);
    }
    if !finite || guard.is_some_and(|range| !(range >= 0.0 && range.is_finite())) {
        return Err(Reason::NotFinite);
    }
    if !is_level(confidence) {
        return Err(Reason::Confidence);
    }
    let lambda = lambda(labels, unlabelled);
    let item = |value: f64, cluster: Option<u32>| Item { value, repeats: 1, cluster, weight: 1.0 };
    let rectifier: Vec<Item> = labels.iter().map(|l| item(l.truth - lambda * l.judge, l.cluster)).collect();
    let imputed: Vec<Item> = unlabelled.iter().map(|(f, cluster)| item(lambda * f, *cluster)).collect();
    let few = |items: &[Item]| if items.len() < 2 { Reason::NLt2 } else { Reason::OneCluster };
    let (r, i) = (
        clustered_mean(&rectifier).ok_or_else(|| few(&rectifier))?,
        clustered_mean(&imputed).ok_or_else(|| few(&imputed))?,
    );
    let unseen = guard.map_or(0.0, |range| rare(range, labels.len()));
    let (vr, vi) = (r.se * r.se + unseen, i.se * i.se);
    let variance = vr + vi;
    if variance <= 0.0 {
        return Err(Reason::ZeroVarianceUnbounded);
    }
    let df = variance * variance / (vr * vr / r.df + vi * vi / i.df);
    let (value, se) = (r.mean + i.mean, variance.sqrt());
    let half = t_quantile(0.5 + 0.5 * confidence, df) * se;
    let corrected = Corrected { value, se, interval: Interval { lower: value - half, upper: value + half } };
    Ok(PredictionPowered { corrected, lambda, df, labels_se: vr.sqrt(), judged_se: vi.sqrt() })
}

fn lambda(labels: &[Label], unlabelled: &[(f64, Option<u32>)]) -> f64 {
    let (n, many) = (labels.len() as f64, unlabelled.len() as f64);
    let mean = |values: &mut dyn Iterator<Item = f64>, count: f64| values.sum::<f64>() / count;
    let truth = mean(&mut labels.iter().map(|l| l.truth), n);
    let judge = mean(&mut labels.iter().map(|l| l.judge), n);
    let covariance = labels.iter().map(|l| (l.truth - truth) * (l.judge - judge)).sum::<f64>() / n;
    let all = || labels.iter().map(|l| l.judge).chain(unlabelled.iter().map(|(f, _)| *f));
    let centre = mean(&mut all(), n + many);
    let variance = all().map(|f| (f - centre).powi(2)).sum::<f64>() / (n + many - 1.0);
    if variance > 0.0 { (covariance / ((1.0 + n / many) * variance)).clamp(0.0, 1.0) } else { 0.0 }
}

/// How many labels the judge is worth: with correlation ρ to the truth, n labels and N judged cases, it narrows the
/// interval as 1/(1 − ρ²·N/(N + n)) times as many labels would. `None` unless −1 ≤ ρ ≤ 1 and there is a case, or where the
/// judge is worth any number. Angelopoulos et al. 2023 (arXiv 2311.01453).
///
/// # Examples
/// ```
/// use assay_stats::calibration::label_multiplier;
///
/// // ρ = 0.7 and very many judged cases: 1/(1 − 0.49).
/// assert!((label_multiplier(0.7, 100, 1_000_000_000).unwrap() - 1.961).abs() < 1e-3);
/// ```
pub fn label_multiplier(correlation: f64, labels: u64, judged: u64) -> Option<f64> {
    let left = 1.0 - correlation * correlation * judged as f64 / (judged as f64 + labels as f64);
    (correlation.abs() <= 1.0 && left > 0.0).then(|| 1.0 / left)
}

/// A judge asked in both orders of a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PositionBias {
    /// Pairs with two verdicts.
    pub pairs: usize,
    /// The share that was judged alike in both orders.
    pub consistent: f64,
    /// Among verdicts that flipped, the share that favoured the first place; `None` when none flipped.
    pub first_place: Option<f64>,
}

/// Consistency over pairs judged in both orders: each verdict says which answer won, 1 the first of the pair, 0 the
/// second, ½ a tie; `.0` with the first shown first, `.1` with it shown second. `None` for no pair or another verdict. Shi
/// et al. 2024 (arXiv 2406.07791).
///
/// # Examples
/// ```
/// use assay_stats::calibration::position_bias;
///
/// let bias = position_bias(&[(1.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 0.0)]).unwrap();
/// assert_eq!((bias.consistent, bias.first_place), (0.5, Some(1.0)));
/// ```
pub fn position_bias(verdicts: &[(f64, f64)]) -> Option<PositionBias> {
    let is_verdict = |v: f64| v == 0.0 || v == 0.5 || v == 1.0;
    if verdicts.is_empty() || !verdicts.iter().all(|(a, b)| is_verdict(*a) && is_verdict(*b)) {
        return None;
    }
    let same = verdicts.iter().filter(|(a, b)| a == b).count();
    let flipped: Vec<_> = verdicts.iter().filter(|(a, b)| a != b).collect();
    let first = flipped.iter().filter(|(a, b)| a > b).count();
    Some(PositionBias {
        pairs: verdicts.len(),
        consistent: same as f64 / verdicts.len() as f64,
        first_place: (!flipped.is_empty()).then(|| first as f64 / flipped.len() as f64),
    })
}

/// The chance that two verdicts on one case differ, from repeats: the mean over cases of the share of pairs that are more
/// than `tolerance` apart (0 for verdicts of pass or fail). Cases with one verdict say nothing. `None` when no case has two,
/// for NaN, or for a tolerance that is negative. O(cases · repeats²).
///
/// # Examples
/// ```
/// use assay_stats::calibration::flip_rate;
///
/// // Two of three pairs of verdicts on the first case differ, none on the second.
/// let rate = flip_rate(&[vec![1.0, 1.0, 0.0], vec![1.0, 1.0]], 0.0).unwrap();
/// assert!((rate - 1.0 / 3.0).abs() < 1e-12);
/// // An expected value over log-probabilities is never twice the same number.
/// assert_eq!(flip_rate(&[vec![0.731, 0.733]], 0.02), Some(0.0));
/// ```
pub fn flip_rate(repeats: &[Vec<f64>], tolerance: f64) -> Option<f64> {
    if tolerance.is_nan() || tolerance < 0.0 || repeats.iter().flatten().any(|verdict| verdict.is_nan()) {
        return None;
    }
    let shares: Vec<f64> = repeats
        .iter()
        .filter(|values| values.len() > 1)
        .map(|values| {
            let n = values.len();
            let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
            let unequal = pairs.filter(|(i, j)| (values[*i] - values[*j]).abs() > tolerance);
            unequal.count() as f64 / (n * (n - 1) / 2) as f64
        })
        .collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

/// Isotonic regression: the non-decreasing function of x nearest to y in weighted least squares, at each x in the order
/// given; equal x are pooled. Pool adjacent violators, O(n log n). `None` for unequal lengths, a value that is not
/// finite, or a weight that is not above 0. Ayer et al. 1955.
///
/// # Examples
/// ```
/// use assay_stats::calibration::isotonic;
///
/// let fitted = isotonic(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0], None).unwrap();
/// assert_eq!(fitted, [1.0, 2.5, 2.5]);
/// ```
pub fn isotonic(x: &[f64], y: &[f64], weights: Option<&[f64]>) -> Option<Vec<f64>> {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let bad = |v: &[f64]| v.len() != x.len() || v.iter().any(|v| !v.is_finite());
    if bad(x) || bad(y) || weights.is_some_and(|w| bad(w) || w.iter().any(|w| *w <= 0.0)) {
        return None;
    }
    let order = order(x);
    // Blocks of (weighted sum, weight, number of cases).
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ties in order.chunk_by(|a, b| x[*a] == x[*b]) {
        let sum = ties.iter().map(|i| weight(*i) * y[*i]).sum::<f64>();
        let mut block = (sum, ties.iter().map(|i| weight(*i)).sum::<f64>(), ties.len());
        while let Some(last) = blocks.last().copied().filter(|last| last.0 / last.1 >= block.0 / block.1) {
            block = (block.0 + last.0, block.1 + last.1, block.2 + last.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let mut fitted = vec![0.0; x.len()];
    let mut at = 0;
    for (sum, weight, count) in blocks {
        order[at..at + count].iter().for_each(|i| fitted[*i] = sum / weight);
        at += count;
    }
    Some(fitted)
}

/// Platt's scaling: (A, B) of P(true) = 1/(1 + exp(A·score + B)), by Newton's method on targets (n₊ + 1)/(n₊ + 2) and
/// 1/(n₋ + 2), which keep a separable sample finite. `None` unless both classes are there
/// and scores are finite, or where the fit is beyond the numbers. O(rounds · n), about ten rounds.
/// Platt 1999; Lin, Lin & Weng 2007.
///
/// # Examples
/// ```
/// let truths = [false, false, true, false, true, true];
/// let (a, b) = assay_stats::calibration::platt(&[0.1, 0.2, 0.4, 0.6, 0.8, 0.9], &truths).unwrap();
/// let chance = |score: f64| 1.0 / (1.0 + (a * score + b).exp());
/// assert!(chance(0.1) < 0.4 && chance(0.9) > 0.6);
/// ```
pub fn platt(scores: &[f64], truths: &[bool]) -> Option<(f64, f64)> {
    let positive = truths.iter().filter(|t| **t).count() as f64;
    let negative = truths.len() as f64 - positive;
    if scores.len() != truths.len() || positive == 0.0 || negative == 0.0 || scores.iter().any(|s| !s.is_finite()) {
        return None;
    }
    let targets: Vec<f64> =
        truths.iter().map(|t| if *t { (positive + 1.0) / (positive + 2.0) } else { 1.0 / (negative + 2.0) }).collect();
    // The loss, its slopes and curvatures, in one pass.
    let look = |a: f64, b: f64| {
        let (mut loss, mut ga, mut gb, mut h11, mut h12, mut h22) = (0.0, 0.0, 0.0, 1e-12, 0.0, 1e-12);
        for (s, t) in scores.iter().zip(&targets) {
            let f = a * s + b;
            // Stable on both sides: log(1 + e^f) − (1 − t)·f with p = 1/(1 + e^f).
            let small = (-f.abs()).exp();
            let p = if f > 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) };
            loss += f.max(0.0) + small.ln_1p() - (1.0 - t) * f;
            let (slope, curve) = (t - p, p * (1.0 - p));
            ga += s * slope;
            gb += slope;
            h11 += s * s * curve;
            h12 += s * curve;
            h22 += curve;
        }
        let determinant = h11 * h22 - h12 * h12;
        let (da, db) = (-(h22 * ga - h12 * gb) / determinant, -(h11 * gb - h12 * ga) / determinant);
        // Where Newton's step goes, and by how much it promises to lower the loss, twice.
        (loss, (da, db), -(ga * da + gb * db))
    };
    let (mut a, mut b) = (0.0, ((negative + 1.0) / (positive + 1.0)).ln());
    let (mut loss, mut way, mut gain) = look(a, b);
    for _ in 0..100 {
        if gain <= 1e-18 * (1.0 + loss) || gain.is_nan() {
            break;
        }
        let mut step = 1.0;
        loop {
            let (at, found) = ((a + step * way.0, b + step * way.1), look(a + step * way.0, b + step * way.1));
            if found.0 <= loss + 1e-12 * loss || step < 1e-10 {
                ((a, b), (loss, way, gain)) = (at, found);
                break;
            }
            step *= 0.5;
        }
    }
    (a.is_finite() && b.is_finite()).then_some((a, b))
}

/// Murphy's decomposition of the Brier score over groups of equal forecasts: reliability − resolution + uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brier {
    /// Mean squared error of the forecasts.
    pub score: f64,
    /// How far forecasts lie from the rates that follow them; 0 is perfect.
    pub reliability: f64,
    /// How much those rates differ from the overall rate; more is better.
    pub resolution: f64,
    /// Variance of the truth.
    pub uncertainty: f64,
}

/// The Brier score and its parts; exact when cases are grouped by equal forecasts, as here. O(n log n). Murphy 1973.
///
/// # Examples
/// ```
/// use assay_stats::calibration::brier;
///
/// let brier = brier(&[1.0, 0.5, 0.5, 0.0], &[true, true, false, false]).unwrap();
/// assert!((brier.score - 0.125).abs() < 1e-12);
/// ```
pub fn brier(forecasts: &[f64], truths: &[bool]) -> Option<Brier> {
    if forecasts.len() != truths.len() || forecasts.is_empty() || forecasts.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return None;
    }
    let n = forecasts.len() as f64;
    let truth = |i: usize| f64::from(u8::from(truths[i]));
    let rate = (0..truths.len()).map(truth).sum::<f64>() / n;
    let order = order(forecasts);
    let (mut reliability, mut resolution) = (0.0, 0.0);
    for group in order.chunk_by(|a, b| forecasts[*a] == forecasts[*b]) {
        let size = group.len() as f64;
        let observed = group.iter().map(|i| truth(*i)).sum::<f64>() / size;
        reliability += size * (forecasts[group[0]] - observed).powi(2) / n;
        resolution += size * (observed - rate).powi(2) / n;
    }
    let score = (0..truths.len()).map(|i| (forecasts[i] - truth(i)).powi(2)).sum::<f64>() / n;
    Some(Brier { score, reliability, resolution, uncertainty: rate * (1.0 - rate) })
}

/// Split conformal: the score that a new case stays at or below with chance 1 − `alpha`, from the scores of exchangeable
/// cases: their ⌈(n + 1)(1 − α)⌉-th smallest. `None` when n is too small for any finite bound. O(n). Angelopoulos & Bates
/// 2021.
///
/// # Examples
/// ```
/// use assay_stats::calibration::conformal_bound;
///
/// let scores: Vec<f64> = (1..=19).map(f64::from).collect();
/// assert_eq!(conformal_bound(&scores, 0.05), Some(19.0));
/// ```
pub fn conformal_bound(scores: &[f64], alpha: f64) -> Option<f64> {
    let n = scores.len();
    let rank = ((n as f64 + 1.0) * (1.0 - alpha) - 1e-12).ceil() as usize;
    if rank == 0 || rank > n || scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let mut sorted = scores.to_vec();
    Some(*sorted.select_nth_unstable_by(rank - 1, f64::total_cmp).1)
}

/// The risk–coverage curve of a judge that abstains on its least confident cases: for each number of answered cases,
/// most confident first, (coverage, share of errors); equal confidences enter together. And its area. O(n log n). Geifman
/// & El-Yaniv 2017.
///
/// # Examples
/// ```
/// use assay_stats::calibration::risk_coverage;
///
/// let (curve, _) = risk_coverage(&[0.9, 0.6], &[false, true]).unwrap();
/// assert_eq!(curve, [(0.5, 0.0), (1.0, 0.5)]);
/// ```
pub fn risk_coverage(confidences: &[f64], errors: &[bool]) -> Option<(Vec<(f64, f64)>, f64)> {
    if confidences.len() != errors.len() || errors.is_empty() || confidences.iter().any(|c| c.is_nan()) {
        return None;
    }
    let n = errors.len() as f64;
    let mut order = order(confidences);
    order.reverse();
    let (mut seen, mut wrong, mut area, mut curve) = (0.0, 0.0, 0.0, Vec::new());
    for ties in order.chunk_by(|a, b| confidences[*a] == confidences[*b]) {
        seen += ties.len() as f64;
        wrong += ties.iter().filter(|i| errors[**i]).count() as f64;
        area += ties.len() as f64 / n * wrong / seen;
        curve.push((seen / n, wrong / seen));
    }
    Some((curve, area))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::RngExt;

    #[test]
    fn a_lenient_judge_is_corrected_and_the_interval_covers() {
        // True rate 0.8; the judge passes 95% of good answers and 40% of bad ones; 80 of 1,000 cases are labelled.
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let (mut covered, mut naive) = (0, 0);
        for round in 0..100 {
            let mut sample = DoubleSample {
                judged: 1000,
                judged_pass: 0,
                labelled_pass: 0,
                true_of_pass: 0,
                labelled_fail: 0,
                true_of_fail: 0,
            };
            for i in 0..1000 {
                let truth = random.random::<f64>() < 0.8;
                let pass = random.random::<f64>() < if truth { 0.95 } else { 0.4 };
                sample.judged_pass += u64::from(pass);
                if i < 80 {
                    *(if pass { &mut sample.labelled_pass } else { &mut sample.labelled_fail }) += 1;
                    *(if pass { &mut sample.true_of_pass } else { &mut sample.true_of_fail }) += u64::from(truth);
                }
            }
            let got = double_sampling(sample, 0.95, round).unwrap();
            covered += usize::from(got.interval.lower <= 0.8 && 0.8 <= got.interval.upper);
            let raw = crate::proportion::wilson(sample.judged_pass as f64, 1000.0, critical(0.95)).unwrap();
            naive += usize::from(raw.lower <= 0.8 && 0.8 <= raw.upper);
        }
        assert!(covered >= 90, "covered {covered} of 100");
        assert!(naive < 20, "the raw rate covered {naive} of 100");
    }

    #[test]
    fn rogan_and_gladen_cover_under_another_prevalence() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut draw = |p: f64, n: u64| (0..n).filter(|_| random.random::<f64>() < p).count() as u64;
        let (truth, se, sp) = (0.3, 0.9, 0.85);
        let covered = (0..400)
            .filter(|_| {
                let q = truth * se + (1.0 - truth) * (1.0 - sp);
                let got = rogan_gladen((draw(q, 500), 500), (draw(se, 100), 100), (draw(sp, 100), 100), 0.95).unwrap();
                got.interval.lower <= truth && truth <= got.interval.upper
            })
            .count();
        assert!((370..=396).contains(&covered), "{covered} of 400");
        assert_eq!(rogan_gladen((5, 10), (5, 10), (5, 10), 0.95), None);
    }

    #[test]
    fn predictions_narrow_and_never_bias_the_mean() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let (mut covered, mut narrower) = (0, 0);
        for _ in 0..300 {
            let mut case = || {
                let truth = random.random::<f64>();
                (truth, 0.2 + 0.7 * truth + 0.1 * random.random::<f64>())
            };
            let labels: Vec<Label> =
                (0..40).map(|_| case()).map(|(truth, judge)| Label { truth, judge, cluster: None }).collect();
            let many: Vec<_> = (0..600).map(|_| (case().1, None)).collect();
            let got = prediction_powered(&labels, &many, None, 0.95).unwrap();
            let Interval { lower, upper } = got.corrected.interval;
            covered += usize::from(lower <= 0.5 && 0.5 <= upper);
            let items: Vec<Item> =
                labels.iter().map(|l| Item { value: l.truth, repeats: 1, cluster: None, weight: 1.0 }).collect();
            narrower += usize::from(got.corrected.se < clustered_mean(&items).unwrap().se * 0.6);
        }
        assert!(covered >= 276 && narrower > 280, "{covered} {narrower}");
        let label = Label { truth: 1.0, judge: 1.0, cluster: None };
        assert_eq!(prediction_powered(&[label], &[(1.0, None); 3], None, 0.95), Err(Reason::NLt2));
        assert!((label_multiplier(0.9, 0, 100).unwrap() - 5.263).abs() < 1e-3);
    }

    #[test]
    fn small_measures() {
        let bias = position_bias(&[(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (1.0, 0.0)]).unwrap();
        assert_eq!((bias.consistent, bias.first_place), (0.25, Some(2.0 / 3.0)));
        assert_eq!(flip_rate(&[vec![1.0, 1.0, 0.0], vec![1.0], vec![0.0, 0.0]], 0.0), Some(1.0 / 3.0));
        assert_eq!((conformal_bound(&[1.0, 2.0, 3.0], 0.1), conformal_bound(&[1.0, 2.0, 3.0], 0.5)), (None, Some(2.0)));
        let (curve, area) = risk_coverage(&[0.9, 0.9, 0.1], &[false, true, true]).unwrap();
        assert_eq!((curve, area), (vec![(2.0 / 3.0, 0.5), (1.0, 2.0 / 3.0)], 2.0 / 3.0 * 0.5 + 2.0 / 9.0));
    }

    proptest! {
        #[test]
        fn isotonic_fits_rise_and_keep_the_mean(pairs in prop::collection::vec((0i32..9, 0i32..9), 1..30)) {
            let x: Vec<f64> = pairs.iter().map(|p| f64::from(p.0)).collect();
            let y: Vec<f64> = pairs.iter().map(|p| f64::from(p.1)).collect();
            let fitted = isotonic(&x, &y, None).unwrap();
            prop_assert!((fitted.iter().sum::<f64>() - y.iter().sum::<f64>()).abs() < 1e-9);
            for i in 0..x.len() {
                for j in 0..x.len() {
                    prop_assert!(x[i] >= x[j] || fitted[i] <= fitted[j] + 1e-12);
                }
            }
        }

        #[test]
        fn the_parts_of_the_brier_score_add_up(pairs in prop::collection::vec((0u8..=10, any::<bool>()), 1..40)) {
            let forecasts: Vec<f64> = pairs.iter().map(|p| f64::from(p.0) / 10.0).collect();
            let truths: Vec<bool> = pairs.iter().map(|p| p.1).collect();
            let b = brier(&forecasts, &truths).unwrap();
            prop_assert!((b.score - (b.reliability - b.resolution + b.uncertainty)).abs() < 1e-12);
        }
    }
}
