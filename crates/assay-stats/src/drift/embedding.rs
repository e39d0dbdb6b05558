//! Two samples of vectors, such as embeddings of prompts: kernel distance, and a classifier that tries to tell them apart.

use rand::seq::SliceRandom;
use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Undefined;
use crate::estimate::{Interval, is_level};
use crate::jackknife::{Transform, jackknife};
use crate::linear::Matrix;
use crate::special::normal_cdf;

/// Vectors beyond which the median of distances comes from a seeded draw of so many.
const MEDIAN_FROM: usize = 1000;

/// Checks two samples of vectors of one width and pools them.
fn pool<'a>(reference: &'a [Vec<f64>], current: &'a [Vec<f64>]) -> Result<Vec<&'a [f64]>, Undefined> {
    if reference.len() < 2 || current.len() < 2 {
        return Err(Undefined::TooFew);
    }
    let all: Vec<&[f64]> = reference.iter().chain(current).map(Vec::as_slice).collect();
    if all[0].is_empty() || all.iter().any(|v| v.len() != all[0].len()) {
        return Err(Undefined::Lengths);
    }
    if all.iter().any(|v| v.iter().any(|x| !x.is_finite())) {
        return Err(Undefined::NotFinite);
    }
    Ok(all)
}

fn square_distance(a: &[f64], b: &[f64]) -> f64 {
    // Eight sums side by side: an addition waits for the one before it.
    let mut sums = [0.0_f64; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(x, y)| (x - y) * (x - y)).sum();
    for (a, b) in a_parts.zip(b_parts) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (x, y))| *sum += (x - y) * (x - y));
    }
    sums.iter().sum::<f64>() + rest
}

/// The median distance of two vectors, for a kernel exp(−d² / 2σ²).
fn bandwidth(all: &[&[f64]], seed: u64) -> Result<f64, Undefined> {
    let chosen: Vec<usize> = if all.len() <= MEDIAN_FROM {
        (0..all.len()).collect()
    } else {
        sample(&mut ChaCha8Rng::seed_from_u64(seed), all.len(), MEDIAN_FROM).into_vec()
    };
    let mut distances = Vec::with_capacity(chosen.len() * (chosen.len() - 1) / 2);
    for (place, i) in chosen.iter().enumerate() {
        distances.extend(chosen[..place].iter().map(|j| square_distance(all[*i], all[*j])));
    }
    if distances.iter().any(|distance| distance.is_infinite()) {
        return Err(Undefined::NotFinite);
    }
    let n = distances.len();
    let (below, upper, _) = distances.select_nth_unstable_by(n / 2, f64::total_cmp);
    let lower = if n % 2 == 0 { below.iter().copied().fold(0.0, f64::max) } else { *upper };
    let median = 0.5 * (lower.sqrt() + upper.sqrt());
    if median > 0.0 { Ok(median) } else { Err(Undefined::Constant) }
}

/// A kernel two-sample test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mmd {
    /// The estimate of the squared distance, unbiased: below 0 about half of the time without drift.
    pub squared: f64,
    /// p-value: by permutation, or normal for the linear-time version.
    pub p: f64,
    /// The kernel's σ: the median distance of pooled vectors.
    pub bandwidth: f64,
}

/// Squared maximum mean discrepancy with a Gaussian kernel: the unbiased U-statistic, and p from `permutations` (199 is
/// usual). Each kernel value is computed once and spread over all permutations, none is stored: O(N²(width + permutations))
/// time, O(N · permutations) memory. Gretton et al. 2012.
///
/// # Errors
/// Fewer than two vectors in a sample, different widths, a value that is not finite, more than half of the distances 0, or no
/// permutations.
///
/// # Examples
/// ```
/// let near: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i % 5)]).collect();
/// let far: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i % 5) + 4.0]).collect();
/// let test = assay_stats::drift::embedding::mmd(&near, &far, 199, 1)?;
/// assert!(test.squared > 0.3 && test.p == 0.005);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn mmd(reference: &[Vec<f64>], current: &[Vec<f64>], permutations: usize, seed: u64) -> Result<Mmd, Undefined> {
    let all = pool(reference, current)?;
    if permutations == 0 {
        return Err(Undefined::Setting("permutations"));
    }
    let bandwidth = bandwidth(&all, seed)?;
    let (n, m) = (reference.len(), current.len());
    let columns = permutations + 1;
    // By vector, whether it is in the first sample: as observed, then in each permutation.
    let mut labels = vec![0.0; all.len() * columns];
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..all.len()).collect();
    for column in 0..columns {
        if column > 0 {
            order.shuffle(&mut random);
        }
        for i in &order[..n] {
            labels[i * columns + column] = 1.0;
        }
    }
    let (mut first, mut second, mut total) = (vec![0.0; columns], vec![0.0; columns], 0.0);
    let mut row = vec![0.0; columns];
    let scale = -1.0 / (2.0 * bandwidth * bandwidth);
    for i in 0..all.len() {
        row.fill(0.0);
        let mut sum = 0.0;
        for j in 0..i {
            let kernel = (square_distance(all[i], all[j]) * scale).exp();
            sum += kernel;
            for (cell, label) in row.iter_mut().zip(&labels[j * columns..(j + 1) * columns]) {
                *cell += kernel * label;
            }
        }
        total += sum;
        let own = &labels[i * columns..(i + 1) * columns];
        for ((label, with_first), (a, b)) in own.iter().zip(&row).zip(first.iter_mut().zip(&mut second)) {
            *a += label * with_first;
            *b += (1.0 - label) * (sum - with_first);
        }
    }
    let (n, m) = (n as f64, m as f64);
    let statistic =
        |(a, b): (&f64, &f64)| 2.0 * a / (n * (n - 1.0)) + 2.0 * b / (m * (m - 1.0)) - 2.0 * (total - a - b) / (n * m);
    let found: Vec<f64> = first.iter().zip(&second).map(statistic).collect();
    let extreme = found[1..].iter().filter(|value| **value >= found[0] - 1e-12).count();
    Ok(Mmd { squared: found[0], p: (extreme + 1) as f64 / columns as f64, bandwidth })
}

/// [`mmd`] in linear time: the mean over pairs of neighbouring vectors of both samples, with a normal one-sided p. Uses the
/// first 2⌊min(n, m)/2⌋ of each, in their order; much weaker at equal n, for streams. O(N · width). Gretton et al. 2012, §6.
///
/// # Errors
/// As [`mmd`]; fewer than four vectors in a sample.
///
/// # Examples
/// ```
/// let near: Vec<Vec<f64>> = (0..200).map(|i| vec![f64::from(i % 7)]).collect();
/// let far: Vec<Vec<f64>> = (0..200).map(|i| vec![f64::from(i % 7) + 6.0]).collect();
/// assert!(assay_stats::drift::embedding::mmd_linear(&near, &far, 1)?.p < 1e-6);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn mmd_linear(reference: &[Vec<f64>], current: &[Vec<f64>], seed: u64) -> Result<Mmd, Undefined> {
    let all = pool(reference, current)?;
    let pairs = reference.len().min(current.len()) / 2;
    if pairs < 2 {
        return Err(Undefined::TooFew);
    }
    let bandwidth = bandwidth(&all, seed)?;
    let kernel = |a: &[f64], b: &[f64]| (-square_distance(a, b) / (2.0 * bandwidth * bandwidth)).exp();
    let terms: Vec<f64> = reference
        .chunks_exact(2)
        .zip(current.chunks_exact(2))
        .map(|(x, y)| kernel(&x[0], &x[1]) + kernel(&y[0], &y[1]) - kernel(&x[0], &y[1]) - kernel(&x[1], &y[0]))
        .collect();
    let count = terms.len() as f64;
    let squared = terms.iter().sum::<f64>() / count;
    let variance = terms.iter().map(|t| (t - squared).powi(2)).sum::<f64>() / (count - 1.0);
    if variance <= 0.0 {
        return Err(Undefined::Constant);
    }
    Ok(Mmd { squared, p: normal_cdf(-squared / (variance / count).sqrt()), bandwidth })
}

/// How well a classifier tells two samples apart.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainClassifier {
    /// Area under the ROC curve of scores out of fold, for current against reference: 0.5 without drift.
    pub auc: f64,
    /// Its delete-one jackknife interval on the logit scale, scores held fixed; `None` at an AUC of 0 or 1.
    pub interval: Option<Interval>,
    /// Whether the interval is above 0.5 (or the AUC is 1).
    pub drift: bool,
    /// Features by the size of their coefficient (all data, standardised features), largest first, up to ten; above 0: larger
    /// in current.
    pub features: Vec<(usize, f64)>,
}

/// Logistic regression with an L2 penalty of ½|w|² (scikit-learn's C = 1), by Newton's method, on features standardised over
/// both samples; five folds, each with its share of either sample, drawn from `seed`. Features without variation are left out.
/// O(folds · iterations · (n width² + width³)).
///
/// # Errors
/// Fewer than ten vectors in a sample, different widths, a value that is not finite, no feature with variation, or a
/// confidence outside of 0 to 1.
///
/// # Examples
/// ```
/// let near: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(i % 5), f64::from(i % 3)]).collect();
/// let far: Vec<Vec<f64>> = near.iter().map(|v| vec![v[0] + 3.0, v[1]]).collect();
/// let found = assay_stats::drift::embedding::domain_classifier(&near, &far, 0.95, 1)?;
/// assert!(found.drift && found.features[0].0 == 0);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn domain_classifier(
    reference: &[Vec<f64>],
    current: &[Vec<f64>],
    confidence: f64,
    seed: u64,
) -> Result<DomainClassifier, Undefined> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut folds = Vec::with_capacity(reference.len() + current.len());
    for size in [reference.len(), current.len()] {
        let mut own: Vec<usize> = (0..size).map(|i| i % 5).collect();
        own.shuffle(&mut random);
        folds.extend(own);
    }
    // Which sample gets the odd cases is not always the first folds.
    let turn = random.random_range(0..5);
    folds.iter_mut().for_each(|fold| *fold = (*fold + turn) % 5);
    domain_classifier_on(reference, current, &folds, confidence)
}

/// [`domain_classifier`] on given folds: a number for each vector, of the reference first.
///
/// # Errors
/// As [`domain_classifier`]; folds of another length, fewer than two, or one that holds all of a sample.
///
/// # Examples
/// ```
/// let a: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i)]).collect();
/// let folds: Vec<usize> = (0..40).map(|i| i % 2).collect();
/// let found = assay_stats::drift::embedding::domain_classifier_on(&a, &a, &folds, 0.95)?;
/// assert!(!found.drift);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn domain_classifier_on(
    reference: &[Vec<f64>],
    current: &[Vec<f64>],
    folds: &[usize],
    confidence: f64,
) -> Result<DomainClassifier, Undefined> {
    let all = pool(reference, current)?;
    if !is_level(confidence) {
        return Err(Undefined::Setting("confidence"));
    }
    if reference.len() < 10 || current.len() < 10 {
        return Err(Undefined::TooFew);
    }
    if folds.len() != all.len() {
        return Err(Undefined::Lengths);
    }
    let total = all.len() as f64;
    let (mut kept, mut scale) = (Vec::new(), Vec::new());
    for feature in 0..all[0].len() {
        let mean = all.iter().map(|v| v[feature]).sum::<f64>() / total;
        let sd = (all.iter().map(|v| (v[feature] - mean).powi(2)).sum::<f64>() / total).sqrt();
        if sd > 1e-12 * mean.abs() && sd > 0.0 {
            kept.push(feature);
            scale.push((mean, sd));
        }
    }
    if kept.is_empty() {
        return Err(Undefined::Constant);
    }
    let rows: Vec<Vec<f64>> =
        all.iter().map(|v| kept.iter().zip(&scale).map(|(f, (mean, sd))| (v[*f] - mean) / sd).collect()).collect();
    let is_current = |i: usize| i >= reference.len();
    let mut names = folds.to_vec();
    names.sort_unstable();
    names.dedup();
    let mut scores = vec![0.0; all.len()];
    for fold in &names {
        let train: Vec<usize> = (0..all.len()).filter(|i| folds[*i] != *fold).collect();
        if !train.iter().any(|i| is_current(*i)) || train.iter().all(|i| is_current(*i)) {
            return Err(Undefined::Setting("folds"));
        }
        let weights = logistic(&rows, &train, &is_current)?;
        for i in (0..all.len()).filter(|i| folds[*i] == *fold) {
            scores[i] = predict(&weights, &rows[i]);
        }
    }
    let (auc, left_out) = auc_without_each(&scores, reference.len());
    let interval = jackknife(auc, &left_out, Transform::Logit, confidence).map(|j| j.interval);
    let everything: Vec<usize> = (0..all.len()).collect();
    let weights = logistic(&rows, &everything, &is_current)?;
    let mut features: Vec<(usize, f64)> = kept.iter().copied().zip(weights).collect();
    features.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    features.truncate(10);
    let drift = interval.map_or(auc >= 1.0, |interval| interval.lower > 0.5);
    Ok(DomainClassifier { auc, interval, drift, features })
}

/// The linear predictor: weights of features, then the intercept.
fn predict(weights: &[f64], row: &[f64]) -> f64 {
    weights[row.len()] + weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>()
}

/// Newton's method with halved steps where a full one does not lower the loss.
fn logistic(rows: &[Vec<f64>], train: &[usize], positive: &dyn Fn(usize) -> bool) -> Result<Vec<f64>, Undefined> {
    let width = rows[0].len();
    let loss = |weights: &[f64]| -> f64 {
        let penalty: f64 = weights[..width].iter().map(|w| 0.5 * w * w).sum();
        let each = train.iter().map(|i| {
            let eta = predict(weights, &rows[*i]);
            let signed = if positive(*i) { -eta } else { eta };
            signed.max(0.0) + (-signed.abs()).exp().ln_1p()
        });
        penalty + each.sum::<f64>()
    };
    let mut weights = vec![0.0; width + 1];
    let mut now = loss(&weights);
    for _ in 0..100 {
        let mut hessian = Matrix::zeros(width + 1);
        let mut gradient: Vec<f64> = weights[..width].to_vec();
        gradient.push(0.0);
        (0..width).for_each(|k| hessian.add(k, k, 1.0));
        for i in train {
            let p = 1.0 / (1.0 + (-predict(&weights, &rows[*i])).exp());
            let (error, curve) = (p - f64::from(u8::from(positive(*i))), p * (1.0 - p));
            let x = |k: usize| if k < width { rows[*i][k] } else { 1.0 };
            for (k, slope) in gradient.iter_mut().enumerate() {
                *slope += error * x(k);
                let scaled = curve * x(k);
                // The lower half is all that the factor reads.
                let start = k * (width + 1);
                for (cell, value) in hessian.cells[start..=start + k].iter_mut().zip(&rows[*i]) {
                    *cell += scaled * value;
                }
                if k == width {
                    hessian.cells[start + k] += scaled;
                }
            }
        }
        let step = hessian.cholesky().ok_or(Undefined::Constant)?.solve(&gradient);
        let mut part = 1.0;
        loop {
            let next: Vec<f64> = weights.iter().zip(&step).map(|(w, s)| w - part * s).collect();
            let after = loss(&next);
            if after <= now || part < 1e-8 {
                (weights, now) = (next, after);
                break;
            }
            part *= 0.5;
        }
        if step.iter().all(|s| (part * s).abs() < 1e-10) {
            break;
        }
    }
    Ok(weights)
}

/// The AUC of the scores from place `n` on against those before, and without each case: of its wins over the other sample
/// only. O(N log N).
fn auc_without_each(scores: &[f64], n: usize) -> (f64, Vec<f64>) {
    let (low, high) = (super::sorted(&scores[..n]), super::sorted(&scores[n..]));
    let below = |of: &[f64], score: f64| {
        let (less, up_to) = (of.partition_point(|s| *s < score), of.partition_point(|s| *s <= score));
        0.5 * (less + up_to) as f64
    };
    let m = scores.len() - n;
    let wins: Vec<f64> = scores
        .iter()
        .enumerate()
        .map(|(i, score)| if i < n { m as f64 - below(&high, *score) } else { below(&low, *score) })
        .collect();
    let total: f64 = wins[n..].iter().sum();
    let (n_all, m_all) = (n as f64, m as f64);
    let without = wins
        .iter()
        .enumerate()
        .map(|(i, own)| (total - own) / if i < n { (n_all - 1.0) * m_all } else { n_all * (m_all - 1.0) })
        .collect();
    (total / (n_all * m_all), without)
}
