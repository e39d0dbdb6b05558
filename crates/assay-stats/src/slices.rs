//! Slices of the data: shrunken estimates, the worst slice, the winner of several candidates, and the search for slices
//! that differ from the rest.
//!
//! The lowest of many noisy numbers is lower than the truth, the highest higher. Shrinkage toward the common mean takes
//! back what chance gave.

use std::collections::HashMap;
use std::fmt;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Normal};

use crate::estimate::{Interval, is_level};
use crate::multiplicity::{benjamini_hochberg, benjamini_yekutieli, max_t};
use crate::proportion::{critical, wilson};
use crate::special::{beta_quantile, normal_quantile, t_sf};

/// Why there is no answer about slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSlices {
    /// There is no case.
    NoData,
    /// Fewer slices (candidates) than the method needs.
    TooFew {
        /// How many it needs.
        needed: usize,
    },
    /// The input breaks a rule of the method.
    Invalid(&'static str),
}

impl fmt::Display for NoSlices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("there is no case"),
            Self::TooFew { needed } => write!(f, "at least {needed} are needed"),
            Self::Invalid(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NoSlices {}

/// A slice's number, drawn toward the common mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shrunken {
    /// The number as measured.
    pub raw: f64,
    /// The posterior mean.
    pub estimate: f64,
    /// Its posterior interval.
    pub interval: Interval,
    /// The weight of the common mean in the estimate, from 0 to 1.
    pub shrinkage: f64,
}

/// Slice rates under a common Beta prior.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// Mean of the prior: where rates are drawn to.
    pub mean: f64,
    /// Size of the prior in cases: α + β. Infinite when rates vary no more than chance explains: all are one rate.
    pub size: f64,
    /// The slices, in the order given.
    pub slices: Vec<Shrunken>,
    posteriors: Vec<(f64, f64)>,
}

/// Slice means under a common normal prior.
#[derive(Clone, Debug, PartialEq)]
pub struct Means {
    /// Mean of the prior: where means are drawn to.
    pub mean: f64,
    /// Variance between slices beyond chance.
    pub variance: f64,
    /// The slices, in the order given.
    pub slices: Vec<Shrunken>,
    deviations: Vec<f64>,
}

/// The worst slice, by draws from the posteriors.
#[derive(Clone, Debug, PartialEq)]
pub struct Worst {
    /// Posterior expectation of the lowest slice.
    pub expected: f64,
    /// Posterior interval of the lowest slice.
    pub interval: Interval,
    /// For each slice the probability that it is the lowest; they sum to 1.
    pub probability: Vec<f64>,
}

/// ψ(x), x > 0, by recurrence and the asymptotic series.
fn digamma(mut x: f64) -> f64 {
    let mut value = 0.0;
    while x < 12.0 {
        value -= 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = y
        * (1.0 / 12.0
            - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * (1.0 / 240.0 - y * (1.0 / 132.0 - y * 691.0 / 32760.0)))));
    value + x.ln() - 0.5 / x - series
}

/// ψ(x + count) − ψ(x): a sum for whole counts, which keeps the digits that a difference of large terms would lose.
fn rise(x: f64, count: f64) -> f64 {
    if count.fract() == 0.0 && count <= 64.0 {
        return (0..count as u32).map(|j| 1.0 / (x + f64::from(j))).sum();
    }
    digamma(x + count) - digamma(x)
}

/// Score of the beta-binomial likelihood by α and by β.
fn beta_binomial_score(counts: &[(f64, f64)], a: f64, b: f64) -> (f64, f64) {
    let mut score = (0.0, 0.0);
    for (k, n) in counts {
        let all = rise(a + b, *n);
        score.0 += rise(a, *k) - all;
        score.1 += rise(b, n - k) - all;
    }
    score
}

/// The mean that is likeliest for a prior of `size`: the likelihood is concave in it.
fn likeliest_mean(counts: &[(f64, f64)], size: f64, start: f64) -> f64 {
    let (mut low, mut high, mut mean) = (0.0, 1.0, start);
    let slope = |mean: f64| {
        let (a, b) = beta_binomial_score(counts, mean * size, (1.0 - mean) * size);
        a - b
    };
    let mut before: Option<(f64, f64)> = None;
    for _ in 0..200 {
        let at = slope(mean);
        if at > 0.0 {
            low = mean
        } else {
            high = mean
        }
        // A secant step while it stays inside of the bracket, else bisection.
        let secant = before.map(|(x, s)| mean - at * (mean - x) / (at - s));
        before = Some((mean, at));
        let next = secant.filter(|x| *x > low && *x < high).unwrap_or(0.5 * (low + high));
        if at == 0.0 || (next - mean).abs() < 1e-15 {
            break;
        }
        mean = next;
    }
    mean
}

/// (mean, size) of the Beta prior: by moments (Kleinman 1973), then by maximum likelihood. The size is infinite when
/// counts vary no more than binomially (Tarone 1979: then pooling is a maximum).
fn beta_prior(counts: &[(f64, f64)]) -> (f64, f64) {
    let (k, n) = counts.iter().fold((0.0, 0.0), |sum, (k, n)| (sum.0 + k, sum.1 + n));
    let pooled = k / n;
    let chance = pooled * (1.0 - pooled);
    let excess: f64 = counts.iter().map(|(k, n)| (k - n * pooled).powi(2) - n * chance).sum();
    if chance <= 0.0 || excess <= 1e-12 * n {
        return (pooled, f64::INFINITY);
    }
    let spread: f64 = counts.iter().map(|(k, n)| n * (k / n - pooled).powi(2)).sum::<f64>() / chance;
    let groups = counts.len() as f64 - 1.0;
    let squares: f64 = counts.iter().map(|(_, n)| n * n).sum();
    let within = (spread - groups) / (n - squares / n - groups);
    let moments = if within > 0.0 && within < 1.0 { 1.0 / within - 1.0 } else { 10.0 };
    // The slope of the likelihood, at the best mean, by the size.
    let slope = |size: f64| {
        let mean = likeliest_mean(counts, size, pooled);
        let (a, b) = beta_binomial_score(counts, mean * size, (1.0 - mean) * size);
        mean * a + (1.0 - mean) * b
    };
    const LIMITS: (f64, f64) = (1e-4, 1e8);
    let (mut low, mut high) = (moments.clamp(1e-2, 1e6), moments.clamp(1e-2, 1e6));
    while slope(low) < 0.0 && low > LIMITS.0 {
        low /= 4.0;
    }
    while slope(high) > 0.0 && high < LIMITS.1 {
        high *= 4.0;
    }
    if high >= LIMITS.1 {
        return (pooled, f64::INFINITY);
    }
    for _ in 0..70 {
        let middle = (low * high).sqrt();
        if slope(middle) > 0.0 { low = middle } else { high = middle }
    }
    let size = (low * high).sqrt();
    (likeliest_mean(counts, size, pooled), size)
}

/// Slice rates by Beta-binomial empirical Bayes: (successes, cases) of each slice, the prior by moments and then by
/// maximum likelihood, each estimate (α + k)/(α + β + n) with the equal-tailed posterior interval. When slices vary no
/// more than chance explains, all get the pooled rate with its Jeffreys interval. The intervals take the prior as known:
/// with few slices they are somewhat narrow. O(slices) per step of a search of about 70 × 10 steps. Counts may be
/// fractions (effective numbers). Errors: fewer than two slices, a slice without cases, or successes beyond them.
/// Kleinman 1973; Efron & Morris 1975.
///
/// # Examples
///
/// ```
/// let rates = assay_stats::slices::shrink_rates(&[(9.0, 10.0), (50.0, 100.0), (2.0, 10.0)], 0.95)?;
/// assert!(rates.slices[0].estimate < 0.9 && rates.slices[2].estimate > 0.2);
/// # Ok::<(), assay_stats::slices::NoSlices>(())
/// ```
pub fn shrink_rates(counts: &[(f64, f64)], confidence: f64) -> Result<Rates, NoSlices> {
    valid_counts(counts, confidence)?;
    let (mean, size) = beta_prior(counts);
    let tail = 0.5 * (1.0 - confidence);
    let (k, n) = counts.iter().fold((0.0, 0.0), |sum, (k, n)| (sum.0 + k, sum.1 + n));
    let posteriors: Vec<(f64, f64)> = counts
        .iter()
        .map(|(own, cases)| match size.is_finite() {
            true => (mean * size + own, (1.0 - mean) * size + cases - own),
            false => (k + 0.5, n - k + 0.5),
        })
        .collect();
    let slices = counts
        .iter()
        .zip(&posteriors)
        .map(|((own, cases), (a, b))| {
            let interval = Interval { lower: beta_quantile(tail, *a, *b), upper: beta_quantile(1.0 - tail, *a, *b) };
            let (estimate, shrinkage) =
                if size.is_finite() { (a / (a + b), size / (size + cases)) } else { (mean, 1.0) };
            let interval = Interval {
                lower: if estimate <= 0.0 { 0.0 } else { interval.lower },
                upper: if estimate >= 1.0 { 1.0 } else { interval.upper },
            };
            Shrunken { raw: own / cases, estimate, interval, shrinkage }
        })
        .collect();
    Ok(Rates { mean, size, slices, posteriors })
}

fn valid_counts(counts: &[(f64, f64)], confidence: f64) -> Result<(), NoSlices> {
    if counts.is_empty() {
        return Err(NoSlices::NoData);
    }
    if counts.len() < 2 {
        return Err(NoSlices::TooFew { needed: 2 });
    }
    if !counts.iter().all(|(k, n)| n.is_finite() && *n > 0.0 && *k >= 0.0 && k <= n) {
        return Err(NoSlices::Invalid("each slice needs cases, and from 0 to all of them successes"));
    }
    valid_level(confidence)
}

/// Whether sums of squares stay within the numbers.
fn squarable(value: &f64) -> bool {
    value.abs() < 1e150
}

fn valid_level(confidence: f64) -> Result<(), NoSlices> {
    if is_level(confidence) { Ok(()) } else { Err(NoSlices::Invalid("the confidence is not between 0 and 1")) }
}

/// Slice means with known sampling variances by Morris's empirical Bayes, which is James and Stein's estimator toward
/// the weighted mean when variances are equal: weights wᵢ = 1/(Vᵢ + A), A = Σwᵢ((k/(k−1))(yᵢ − μ)² − Vᵢ)/Σwᵢ, shrinkage
/// Bᵢ = ((k−3)/(k−1))·Vᵢ/(Vᵢ + A), intervals from the variance that allows for the estimation of μ and A. O(slices) per
/// step. Errors: fewer than four slices (the estimator would not beat the raw means), or a variance that is not above 0.
/// James & Stein 1961; Morris 1983.
///
/// # Examples
///
/// ```
/// let means = assay_stats::slices::shrink_means(&[1.0, 2.0, 3.0, 8.0], &[1.0, 1.0, 1.0, 4.0], 0.95)?;
/// assert!(means.slices[3].estimate < 8.0);
/// # Ok::<(), assay_stats::slices::NoSlices>(())
/// ```
pub fn shrink_means(values: &[f64], variances: &[f64], confidence: f64) -> Result<Means, NoSlices> {
    if values.is_empty() {
        return Err(NoSlices::NoData);
    }
    let valid = values.iter().all(squarable) && variances.iter().all(|v| v.is_finite() && *v > 0.0);
    if values.len() != variances.len() || !valid {
        return Err(NoSlices::Invalid("each slice needs a finite mean and a sampling variance above 0"));
    }
    if values.len() < 4 {
        return Err(NoSlices::TooFew { needed: 4 });
    }
    valid_level(confidence)?;
    let k = values.len() as f64;
    let centre = |between: f64| {
        let weights = variances.iter().map(|v| 1.0 / (v + between));
        let total: f64 = weights.clone().sum();
        (weights.zip(values).map(|(w, y)| w * y).sum::<f64>() / total, total)
    };
    // Morris's fixed point is where the weighted squares are k − 1; they fall as the variance between slices grows.
    let excess = |between: f64| {
        let (mean, _) = centre(between);
        values.iter().zip(variances).map(|(y, v)| (y - mean).powi(2) / (v + between)).sum::<f64>() - (k - 1.0)
    };
    let mut between = 0.0;
    if excess(0.0) > 0.0 {
        let widest = values.iter().fold(0.0_f64, |far, y| far.max((y - values[0]).abs()));
        let (mut low, mut high) = (0.0, 2.0 * widest * widest + 1e-300);
        while excess(high) > 0.0 {
            high *= 2.0;
        }
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if excess(middle) > 0.0 { low = middle } else { high = middle }
        }
        between = 0.5 * (low + high);
    }
    let (mean, total) = centre(between);
    let typical = variances.iter().map(|v| v / (v + between)).sum::<f64>() / total;
    let z = normal_quantile(0.5 + 0.5 * confidence);
    let (mut slices, mut deviations) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for (y, v) in values.iter().zip(variances) {
        let weight = 1.0 / (v + between);
        let shrinkage = (k - 3.0) / (k - 1.0) * v * weight;
        let estimate = y - shrinkage * (y - mean);
        // What is lost by estimating the mean and the variance between slices.
        let own = weight / total;
        let wobble = 2.0 / (k - 3.0) * shrinkage * shrinkage * (typical + between) * weight;
        let deviation = (v * (1.0 - (1.0 - own) * shrinkage) + wobble * (y - mean).powi(2)).sqrt();
        let interval = Interval { lower: estimate - z * deviation, upper: estimate + z * deviation };
        slices.push(Shrunken { raw: *y, estimate, interval, shrinkage });
        deviations.push(deviation);
    }
    Ok(Means { mean, variance: between, slices, deviations })
}

impl Rates {
    /// The lowest rate by `draws` seeded draws from the posteriors. A pooled rate is one rate: every slice is the lowest
    /// with the same probability. `None` without draws, or for a confidence outside of 0 to 1. O(draws · slices).
    ///
    /// # Examples
    ///
    /// ```
    /// let rates = assay_stats::slices::shrink_rates(&[(95.0, 100.0), (90.0, 100.0), (20.0, 100.0)], 0.95)?;
    /// assert!(rates.worst(2000, 1, 0.95).unwrap().probability[2] > 0.99);
    /// # Ok::<(), assay_stats::slices::NoSlices>(())
    /// ```
    pub fn worst(&self, draws: u32, seed: u64, confidence: f64) -> Option<Worst> {
        let shared = !self.size.is_finite();
        let distributions: Vec<Beta<f64>> =
            self.posteriors.iter().map(|(a, b)| Beta::new(*a, *b).ok()).collect::<Option<_>>()?;
        lowest(&distributions, shared, draws, seed, confidence)
    }
}

impl Means {
    /// The lowest mean by `draws` seeded draws from the posteriors, taken as normal and independent. `None` without
    /// draws, or for a confidence outside of 0 to 1. O(draws · slices).
    ///
    /// # Examples
    ///
    /// ```
    /// let means = assay_stats::slices::shrink_means(&[1.0, 2.0, 3.0, 40.0], &[1.0; 4], 0.95)?;
    /// assert!(means.worst(2000, 1, 0.95).unwrap().probability[3] < 0.01);
    /// # Ok::<(), assay_stats::slices::NoSlices>(())
    /// ```
    pub fn worst(&self, draws: u32, seed: u64, confidence: f64) -> Option<Worst> {
        let both = self.slices.iter().zip(&self.deviations);
        let distributions: Vec<Normal<f64>> =
            both.map(|(slice, sd)| Normal::new(slice.estimate, *sd).ok()).collect::<Option<_>>()?;
        lowest(&distributions, false, draws, seed, confidence)
    }
}

fn lowest<D: Distribution<f64>>(of: &[D], shared: bool, draws: u32, seed: u64, confidence: f64) -> Option<Worst> {
    if draws == 0 || of.is_empty() || !is_level(confidence) {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut probability = vec![0.0; of.len()];
    let drawn = if shared { &of[..1] } else { of };
    let mut minima: Vec<f64> = (0..draws)
        .map(|_| {
            let (mut at, mut least) = (0, f64::INFINITY);
            for (i, distribution) in drawn.iter().enumerate() {
                let value = distribution.sample(&mut random);
                if value < least {
                    (at, least) = (i, value);
                }
            }
            probability[at] += 1.0 / f64::from(draws);
            least
        })
        .collect();
    if shared {
        probability = vec![1.0 / of.len() as f64; of.len()];
    }
    minima.sort_by(f64::total_cmp);
    let at = |p: f64| minima[((p * f64::from(draws)) as usize).min(minima.len() - 1)];
    let tail = 0.5 * (1.0 - confidence);
    Some(Worst {
        expected: minima.iter().sum::<f64>() / f64::from(draws),
        interval: Interval { lower: at(tail), upper: at(1.0 - tail) },
        probability,
    })
}

/// How far the rates of groups lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateGap {
    /// Highest − lowest rate as measured: biased upwards.
    pub difference: f64,
    /// Interval of the true gap, from Wilson intervals that hold for all groups at once (Bonferroni).
    pub interval: Interval,
    /// Highest − lowest of the shrunken rates ([`shrink_rates`]): 0 when chance explains the gap.
    pub shrunken: f64,
}

/// The gap between the highest and the lowest of several rates, each (successes, cases). The interval holds whichever
/// groups are the extremes: from max L − min U (at least 0) to max U − min L over simultaneous Wilson intervals
/// [L, U], each at 1 − α/groups. Errors as for [`shrink_rates`].
///
/// # Examples
///
/// ```
/// let gap = assay_stats::slices::rate_gap(&[(12.0, 20.0), (10.0, 20.0), (9.0, 20.0)], 0.95)?;
/// assert!(gap.interval.lower == 0.0 && gap.shrunken == 0.0);
/// # Ok::<(), assay_stats::slices::NoSlices>(())
/// ```
pub fn rate_gap(counts: &[(f64, f64)], confidence: f64) -> Result<RateGap, NoSlices> {
    let shrunk = shrink_rates(counts, confidence)?;
    let z = critical(1.0 - (1.0 - confidence) / counts.len() as f64);
    let intervals: Vec<Interval> = counts.iter().filter_map(|(k, n)| wilson(*k, *n, z)).collect();
    let most = |of: &dyn Fn(&Interval) -> f64| intervals.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let least = |of: &dyn Fn(&Interval) -> f64| intervals.iter().map(of).fold(f64::INFINITY, f64::min);
    let range = |of: &dyn Fn(&Shrunken) -> f64| {
        let all = shrunk.slices.iter().map(of);
        all.clone().fold(f64::NEG_INFINITY, f64::max) - all.fold(f64::INFINITY, f64::min)
    };
    Ok(RateGap {
        difference: range(&|slice| slice.raw),
        interval: Interval {
            lower: (most(&|i| i.lower) - least(&|i| i.upper)).max(0.0),
            upper: most(&|i| i.upper) - least(&|i| i.lower),
        },
        shrunken: range(&|slice| slice.estimate),
    })
}

/// The best of several candidates, read with the winner's curse taken out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The candidate with the highest mean, the first of several.
    pub at: usize,
    /// Its mean on the items that it was picked on: biased upwards.
    pub observed: f64,
    /// Its mean drawn toward the mean of all candidates.
    pub shrunken: f64,
    /// An interval of its true mean that holds although it was picked: one of intervals that hold for all candidates at
    /// once. `None` without variation.
    pub interval: Option<Interval>,
    /// The weight of the common mean in the shrunken value, from 0 to 1; 1 says that nothing tells the candidates apart.
    pub shrinkage: f64,
}

/// The best of k candidates scored on the same items, `scores[candidate][item]`. The shrunken mean is James and Stein's
/// toward the mean of all, B = min(1, (k−3)V/S), with S = Σ(ȳⱼ − ȳ)² and V the candidate × item mean square over the
/// items, so that items which are hard for all candidates do not count as noise; below four candidates, where James and
/// Stein say nothing, (k−1) replaces k−3. The interval is Wilson's at 1 − α/k for scores of 0 and 1, otherwise max-T's by
/// `draws` seeded sign flips of items. O(draws · k ·
/// items). Errors: fewer than two candidates or items, ragged rows, or numbers that are not finite.
///
/// # Examples
///
/// ```
/// use assay_stats::slices::best_of;
/// let best = best_of(&[vec![1.0, 0.0, 1.0, 1.0], vec![1.0, 0.0, 0.0, 1.0]], 0.95, 500, 1)?;
/// assert!(best.at == 0 && best.shrunken < best.observed);
/// # Ok::<(), assay_stats::slices::NoSlices>(())
/// ```
pub fn best_of(scores: &[Vec<f64>], confidence: f64, draws: u32, seed: u64) -> Result<Best, NoSlices> {
    let Some(first) = scores.first() else { return Err(NoSlices::NoData) };
    let (k, n) = (scores.len(), first.len());
    if k < 2 || n < 2 {
        return Err(NoSlices::TooFew { needed: 2 });
    }
    if scores.iter().any(|row| row.len() != n || !row.iter().all(squarable)) {
        return Err(NoSlices::Invalid("each candidate needs a finite score on each item"));
    }
    valid_level(confidence)?;
    let (kf, nf) = (k as f64, n as f64);
    let means: Vec<f64> = scores.iter().map(|row| row.iter().sum::<f64>() / nf).collect();
    let grand = means.iter().sum::<f64>() / kf;
    let mut residual = 0.0;
    for item in 0..n {
        let easy = scores.iter().map(|row| row[item]).sum::<f64>() / kf;
        residual += scores.iter().zip(&means).map(|(row, m)| (row[item] - m - easy + grand).powi(2)).sum::<f64>();
    }
    let noise = residual / ((kf - 1.0) * (nf - 1.0)) / nf;
    let spread: f64 = means.iter().map(|m| (m - grand).powi(2)).sum();
    let factor = if k < 4 { kf - 1.0 } else { kf - 3.0 };
    let shrinkage = if spread > 0.0 { (factor * noise / spread).min(1.0) } else { 1.0 };
    let at = (1..k).fold(0, |best, j| if means[j] > means[best] { j } else { best });
    // Studentised intervals of rates near 1 are too short on the side of the truth: Wilson's are not.
    let interval = if scores.iter().flatten().all(|score| *score == 0.0 || *score == 1.0) {
        wilson(means[at] * nf, nf, critical(1.0 - (1.0 - confidence) / kf))
    } else {
        let cells: Vec<Vec<(f64, f64)>> =
            scores.iter().map(|row| row.iter().map(|score| (*score, 1.0)).collect()).collect();
        max_t(&cells, confidence, draws, seed).ok_or(NoSlices::Invalid("there are no draws"))?.intervals[at]
    };
    Ok(Best { at, observed: means[at], shrunken: means[at] - shrinkage * (means[at] - grand), interval, shrinkage })
}

/// What is compared between slices.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// Yes or no by case; `None` where the rate is not about the case.
    Rate(&'a [Option<bool>]),
    /// A number by case.
    Mean(&'a [f64]),
}

/// Which slices are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// The smallest share of all cases, such as 0.02.
    pub support: f64,
    /// The smallest number of independent cases with an outcome, such as 20.
    pub cases: usize,
    /// The largest number of columns that define a slice.
    pub items: usize,
}

impl Default for Search {
    fn default() -> Self {
        Self { support: 0.02, cases: 20, items: 3 }
    }
}

/// A slice that the search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// (column, value), columns rising.
    pub items: Vec<(usize, u32)>,
    /// Cases in it.
    pub support: usize,
    /// Those with an outcome.
    pub cases: usize,
    /// Their rate or mean.
    pub mean: f64,
    /// Mean in the slice − mean of all.
    pub divergence: f64,
    /// |t| of the divergence; `None` where nothing varies.
    pub t: Option<f64>,
    /// Two-sided p-value of t on cases − 1 degrees of freedom; NaN without t. The slice is part of "all", which makes it
    /// cautious.
    pub p: f64,
    /// p adjusted by Benjamini and Hochberg over all slices found.
    pub adjusted: f64,
    /// p adjusted by Benjamini and Yekutieli, which holds under any dependence of slices.
    pub adjusted_any: f64,
}

/// All slices that are large enough, with their divergences.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovery {
    /// Rate or mean of all cases with an outcome.
    pub mean: f64,
    /// The slices, in the order of the search.
    pub patterns: Vec<Pattern>,
    places: HashMap<Vec<(usize, u32)>, usize>,
}

/// Sums over the cases of a slice; of numbers around the mean of all.
#[derive(Clone, Copy, Default)]
struct Sums {
    cases: f64,
    sum: f64,
    squares: f64,
}

/// (column, value) of a slice, columns rising.
type Items = Vec<(usize, u32)>;

struct Miner<'a> {
    columns: &'a [Vec<Option<u32>>],
    levels: Vec<usize>,
    values: Vec<Option<f64>>,
    least: usize,
    search: Search,
    found: Vec<(Items, usize, Sums)>,
}

impl Miner<'_> {
    fn sums(&self, rows: &[u32]) -> Sums {
        let mut sums = Sums::default();
        for value in rows.iter().filter_map(|row| self.values[*row as usize]) {
            sums.cases += 1.0;
            sums.sum += value;
            sums.squares += value * value;
        }
        sums
    }

    /// Extends a slice by each value of each column behind its last. Rows are sorted by value in one pass, so that a
    /// step costs as much as the slice has cases, and memory is one list of rows per level.
    fn grow(&mut self, rows: &[u32], from: usize, items: &mut Vec<(usize, u32)>) {
        let mut sorted = vec![0_u32; rows.len()];
        for column in from..self.columns.len() {
            let mut ends = vec![0_usize; self.levels[column] + 1];
            for value in rows.iter().filter_map(|row| self.columns[column][*row as usize]) {
                ends[value as usize + 1] += 1;
            }
            for value in 1..ends.len() {
                ends[value] += ends[value - 1];
            }
            let starts = ends.clone();
            for row in rows {
                if let Some(value) = self.columns[column][*row as usize] {
                    sorted[ends[value as usize]] = *row;
                    ends[value as usize] += 1;
                }
            }
            for value in 0..self.levels[column] {
                let slice = &sorted[starts[value]..starts[value + 1]];
                if slice.len() < self.least {
                    continue;
                }
                let sums = self.sums(slice);
                if sums.cases < self.search.cases.max(1) as f64 {
                    continue;
                }
                items.push((column, value as u32));
                self.found.push((items.clone(), slice.len(), sums));
                if items.len() < self.search.items {
                    self.grow(slice, column + 1, items);
                }
                items.pop();
            }
        }
    }
}

/// All slices by categorical columns, and by combinations of them, that hold enough cases: the frequent patterns that
/// FP-growth finds, here by depth-first search over projected row lists. `columns[column][case]` is a small code, or
/// `None`, which belongs to no slice. t is divexplorer's: for numbers Welch's t of the slice against all, with
/// population variances; for rates the distance of the means of Beta(1 + yes, 1 + no) posteriors in units of their joint
/// deviation. O(Σ over slices of cases · columns) time, O(cases · items) memory beside the slices. Errors: no case,
/// no column, columns of other lengths, numbers that are not finite, no outcome at all, or a support outside (0, 1].
/// Pastor, de Alfaro & Baralis 2021; Benjamini & Yekutieli 2001.
///
/// # Examples
///
/// ```
/// use assay_stats::slices::{Outcome, Search, discover};
/// let device: Vec<Option<u32>> = (0..80).map(|i| Some(i % 2)).collect();
/// let right: Vec<Option<bool>> = (0..80).map(|i| Some(i % 2 == 0 || i % 10 == 1)).collect();
/// let found = discover(&[device], Outcome::Rate(&right), Search::default())?;
/// assert!(found.patterns[1].divergence < -0.3 && found.patterns[1].adjusted < 0.01);
/// # Ok::<(), assay_stats::slices::NoSlices>(())
/// ```
pub fn discover(columns: &[Vec<Option<u32>>], outcome: Outcome<'_>, search: Search) -> Result<Discovery, NoSlices> {
    let raw: Vec<Option<f64>> = match outcome {
        Outcome::Rate(values) => values.iter().map(|v| v.map(|yes| f64::from(u8::from(yes)))).collect(),
        Outcome::Mean(values) => values.iter().map(|v| Some(*v)).collect(),
    };
    let n = raw.len();
    if n == 0 || columns.is_empty() {
        return Err(NoSlices::NoData);
    }
    if columns.iter().any(|column| column.len() != n) || u32::try_from(n).is_err() {
        return Err(NoSlices::Invalid("each column needs a value, or none, for each case"));
    }
    if !raw.iter().flatten().all(squarable) {
        return Err(NoSlices::Invalid("a number, or its square, is not finite"));
    }
    if !(search.support > 0.0 && search.support <= 1.0) || search.items == 0 {
        return Err(NoSlices::Invalid("a support is above 0 and at most 1, and a slice has an item"));
    }
    let with: Vec<f64> = raw.iter().flatten().copied().collect();
    if with.is_empty() {
        return Err(NoSlices::NoData);
    }
    let mean = with.iter().sum::<f64>() / with.len() as f64;
    // Around the mean of all the squares keep their digits.
    let shift = if matches!(outcome, Outcome::Mean(_)) { mean } else { 0.0 };
    let levels: Vec<usize> =
        columns.iter().map(|c| c.iter().flatten().max().map_or(0, |most| *most as usize + 1)).collect();
    if levels.iter().any(|l| *l > n.saturating_mul(4) + 1024) {
        return Err(NoSlices::Invalid("codes of values are small numbers from 0"));
    }
    let values = raw.into_iter().map(|v| v.map(|v| v - shift)).collect();
    // A product such as 0.07 · 100 may lie a rounding error above the whole number that is meant.
    let least = ((search.support * n as f64 - 1e-9).ceil() as usize).max(1);
    let mut miner = Miner { columns, levels, values, least, search, found: Vec::new() };
    let rows: Vec<u32> = (0..n as u32).collect();
    let all = miner.sums(&rows);
    miner.grow(&rows, 0, &mut Vec::new());
    let spread = |s: Sums| (s.squares / s.cases - (s.sum / s.cases).powi(2)).max(0.0) / s.cases;
    let posterior = |s: Sums| {
        let (yes, no) = (1.0 + s.sum, 1.0 + s.cases - s.sum);
        let size = yes + no;
        (yes / size, yes * no / (size * size * (size + 1.0)))
    };
    let mut patterns: Vec<Pattern> = Vec::with_capacity(miner.found.len());
    for (items, support, sums) in miner.found {
        let own = sums.sum / sums.cases;
        let (gap, variance) = match outcome {
            Outcome::Mean(_) => (own, spread(sums) + spread(all)),
            Outcome::Rate(_) => {
                let ((a, v), (b, w)) = (posterior(sums), posterior(all));
                (a - b, v + w)
            }
        };
        let t = (variance > 0.0).then(|| gap.abs() / variance.sqrt());
        let p = t.filter(|_| sums.cases > 1.0).map_or(f64::NAN, |t| 2.0 * t_sf(t, sums.cases - 1.0));
        patterns.push(Pattern {
            items,
            support,
            cases: sums.cases as usize,
            mean: own + shift,
            divergence: own + shift - mean,
            t,
            p,
            adjusted: f64::NAN,
            adjusted_any: f64::NAN,
        });
    }
    let p: Vec<f64> = patterns.iter().map(|pattern| pattern.p).collect();
    let adjusted = benjamini_hochberg(&p).into_iter().zip(benjamini_yekutieli(&p));
    for (pattern, (bh, by)) in patterns.iter_mut().zip(adjusted) {
        (pattern.adjusted, pattern.adjusted_any) = (bh, by);
    }
    let places = patterns.iter().enumerate().map(|(at, pattern)| (pattern.items.clone(), at)).collect();
    Ok(Discovery { mean, patterns, places })
}

impl Discovery {
    /// The divergence of some of the items; every part of a slice that is large enough is large enough.
    fn divergence(&self, items: &[(usize, u32)]) -> f64 {
        self.places.get(items).map_or(0.0, |at| self.patterns[*at].divergence)
    }

    /// For each slice, in order, whether it adds nothing: leaving out one of its items changes the divergence by at most
    /// `epsilon`. A slice of one item is redundant when its divergence is that small.
    ///
    /// # Examples
    ///
    /// ```
    /// use assay_stats::slices::{Outcome, Search, discover};
    /// let column: Vec<Option<u32>> = (0..60).map(|i| Some(i % 2)).collect();
    /// let found = discover(&[column], Outcome::Mean(&[0.5; 60]), Search::default())?;
    /// assert_eq!(found.redundant(0.0), [true, true]);
    /// # Ok::<(), assay_stats::slices::NoSlices>(())
    /// ```
    pub fn redundant(&self, epsilon: f64) -> Vec<bool> {
        let mut rest = Vec::new();
        let one = |pattern: &Pattern| {
            (0..pattern.items.len()).any(|left_out| {
                rest.clear();
                rest.extend(pattern.items.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, item)| *item));
                (pattern.divergence - self.divergence(&rest)).abs() <= epsilon
            })
        };
        self.patterns.iter().map(one).collect()
    }

    /// How much each item of the slice at place `at` contributes to its divergence: Shapley's values over its parts, in
    /// the order of the items; they sum to the divergence. `None` beyond the last slice or for more than 20 items.
    /// O(2^items · items). Shapley 1953.
    ///
    /// # Examples
    ///
    /// ```
    /// use assay_stats::slices::{Outcome, Search, discover};
    /// let columns = [vec![Some(0); 40], (0..40).map(|i| Some(i % 2)).collect()];
    /// let scores: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
    /// let found = discover(&columns, Outcome::Mean(&scores), Search::default())?;
    /// assert_eq!(found.shapley(1), Some(vec![0.0, -0.5]));
    /// # Ok::<(), assay_stats::slices::NoSlices>(())
    /// ```
    pub fn shapley(&self, at: usize) -> Option<Vec<f64>> {
        let items = &self.patterns.get(at)?.items;
        let m = items.len();
        if m > 20 {
            return None;
        }
        let of = |mask: usize| -> Vec<(usize, u32)> {
            items.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, item)| *item).collect()
        };
        let worth: Vec<f64> =
            (0..1_usize << m).map(|mask| if mask == 0 { 0.0 } else { self.divergence(&of(mask)) }).collect();
        // |S|! (m − |S| − 1)! / m! = 1 / (m · C(m − 1, |S|)).
        let mut weights = vec![1.0 / m as f64; m];
        for size in 1..m {
            weights[size] = weights[size - 1] * size as f64 / (m - size) as f64;
        }
        let share = |item: usize| {
            (0..1_usize << m)
                .filter(|mask| mask >> item & 1 == 0)
                .map(|mask| weights[mask.count_ones() as usize] * (worth[mask | 1 << item] - worth[mask]))
                .sum()
        };
        Some((0..m).map(share).collect())
    }
}
