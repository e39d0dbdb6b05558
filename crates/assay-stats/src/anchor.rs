//! A run on part of the items, made precise by what past runs scored on all of them.

use crate::estimate::{Interval, is_level};
use crate::mean::sum;
use crate::special::t_quantile;

/// A mean over all items, estimated from some of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchored {
    /// The estimate of the mean score over all items.
    pub value: f64,
    /// The mean of the scored items alone.
    pub plain: f64,
    /// The slope of the score on the past mean.
    pub slope: f64,
    /// Standard error, with the finite population factor.
    pub se: f64,
    /// Standard error of `plain`, with the same factor.
    pub plain_se: f64,
    /// The t interval of `value`.
    pub interval: Interval,
}

/// Mean over all items by the difference estimator ȳ + β (X̄ − x̄): `scores` of the items that were run, `past` their
/// mean scores in past runs, `all` the past means of all items, those run among them. A given `slope` (such as 1)
/// leaves it unbiased for a simple random sample; `None` takes the least-squares slope, whose bias is of order 1/n.
/// SE² = (1 − n/N) · Σ residual² / (n − p) / n on n − p degrees of freedom, p = 1 with a given slope, else 2. O(N).
/// Cochran 1977, chapter 7.
///
/// `None` below p + 1 scores, with more scores than items, for unequal lengths, numbers that are not finite or whose
/// squares are not, a confidence outside of 0 to 1, and where a slope is asked for from constant past means.
///
/// # Examples
/// ```
/// use assay_stats::anchor::difference_estimate;
/// let all = [0.1, 0.2, 0.6, 0.9, 0.8, 0.4];
/// let found = difference_estimate(&[0.2, 0.7, 1.0], &all[1..4], &all, Some(1.0), 0.95).unwrap();
/// assert!((found.value - (1.9 / 3.0 + 0.5 - 1.7 / 3.0)).abs() < 1e-12 && found.se < found.plain_se);
/// ```
pub fn difference_estimate(
    scores: &[f64],
    past: &[f64],
    all: &[f64],
    slope: Option<f64>,
    confidence: f64,
) -> Option<Anchored> {
    let parameters = if slope.is_some() { 1 } else { 2 };
    let finite = scores.iter().chain(past).chain(all).chain(slope.as_ref()).all(|v| v.is_finite());
    if scores.len() != past.len()
        || scores.len() <= parameters
        || scores.len() > all.len()
        || !finite
        || !is_level(confidence)
    {
        return None;
    }
    let n = scores.len() as f64;
    let (y, x) = (sum(scores.iter().copied()) / n, sum(past.iter().copied()) / n);
    let population = sum(all.iter().copied()) / all.len() as f64;
    let xx = sum(past.iter().map(|v| (v - x).powi(2)));
    let is_constant = past.iter().all(|v| *v == past[0]);
    let slope = match slope {
        Some(slope) => slope,
        None if is_constant => return None,
        None => sum(scores.iter().zip(past).map(|(s, p)| (s - y) * (p - x))) / xx,
    };
    let squares = sum(scores.iter().zip(past).map(|(s, p)| (s - y - slope * (p - x)).powi(2)));
    let df = n - parameters as f64;
    let rest = 1.0 - n / all.len() as f64;
    let se = (rest * squares / df / n).sqrt();
    let plain_se = (rest * sum(scores.iter().map(|s| (s - y).powi(2))) / (n - 1.0) / n).sqrt();
    let value = y + slope * (population - x);
    let half = t_quantile(0.5 + 0.5 * confidence, df) * se;
    let interval = Interval { lower: value - half, upper: value + half };
    (half.is_finite() && plain_se.is_finite()).then_some(Anchored { value, plain: y, slope, se, plain_se, interval })
}
