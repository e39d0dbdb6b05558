//! Quantiles: latency and cost are judged at p50, p95 and p99.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::estimate::{Interval, Item, is_level};
use crate::special::binomial_cdf;

/// The q-quantile of sorted values: the smallest value with at least a share q at or below it. `None` for no value or a q
/// outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::quantile::quantile_sorted;
///
/// assert_eq!(quantile_sorted(&[1.0, 2.0, 3.0, 4.0], 0.5), Some(2.0));
/// ```
pub fn quantile_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let rank = ((q * sorted.len() as f64).ceil() as usize).max(1);
    (0.0..=1.0).contains(&q).then(|| sorted.get(rank - 1).copied())?
}

/// A distribution-free interval for the q-quantile from order statistics: ranks chosen by the binomial law so that
/// each side misses with at most half of 1 − confidence. `None` where the sample is too small for such ranks, for a value
/// that is not a number, and a q or a confidence outside of 0 to 1. O(n). David & Nagaraja 2003, §7.1.
///
/// # Examples
/// ```
/// use assay_stats::quantile::order_statistic_interval;
///
/// // The median of ten: ranks 2 and 9.
/// let sorted: Vec<f64> = (1..=10).map(f64::from).collect();
/// let interval = order_statistic_interval(&sorted, 0.5, 0.95).unwrap();
/// assert_eq!((interval.lower, interval.upper), (2.0, 9.0));
/// ```
pub fn order_statistic_interval(sorted: &[f64], q: f64, confidence: f64) -> Option<Interval> {
    if !is_level(q) || !is_level(confidence) || sorted.iter().any(|value| value.is_nan()) {
        return None;
    }
    let n = sorted.len() as u64;
    let tail = 0.5 * (1.0 - confidence);
    // Lower rank l: the largest with P(X < l) ≤ tail, X ~ Bin(n, q); upper rank u: the smallest with P(X ≥ u) ≤ tail.
    let lower = first_rank(n, |k| binomial_cdf(k, n, q) > tail);
    let upper = first_rank(n, |k| 1.0 - binomial_cdf(k, n, q) <= tail) + 1;
    if lower == 0 || upper > n {
        return None;
    }
    Some(Interval { lower: sorted[lower as usize - 1], upper: sorted[upper as usize - 1] })
}

/// The smallest k in 0..=n for which a monotone condition holds.
fn first_rank(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Seeded percentile bootstrap over clusters of the difference of two paired quantiles. The seed is part of the
/// method: the same data give the same interval. `None` for no pair, a value that is not finite, and a q or a confidence
/// outside of 0 to 1. O(draws · pairs).
///
/// # Examples
/// ```
/// use assay_stats::{Item, quantile::bootstrap_difference};
///
/// let item = |value| Item { value, repeats: 1, cluster: None, weight: 1.0 };
/// let pairs: Vec<_> = (0..9).map(|i| (item(f64::from(i) + 2.0), item(f64::from(i)))).collect();
/// // Every case is slower by 2.
/// let interval = bootstrap_difference(&pairs, 0.5, 0.95, 1).unwrap();
/// assert_eq!((interval.lower, interval.upper), (2.0, 2.0));
/// ```
pub fn bootstrap_difference(pairs: &[(Item, Item)], q: f64, confidence: f64, seed: u64) -> Option<Interval> {
    let finite = pairs.iter().all(|(candidate, baseline)| candidate.value.is_finite() && baseline.value.is_finite());
    if pairs.is_empty() || !finite || !is_level(q) || !is_level(confidence) {
        return None;
    }
    let mut groups: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    for (i, (candidate, _)) in pairs.iter().enumerate() {
        match candidate.cluster {
            Some(cluster) => groups.entry(cluster).or_default().push(i),
            None => clusters.push(vec![i]),
        }
    }
    clusters.extend(groups.into_values());
    // The share of draws bounds the work on large samples, where the percentiles settle early.
    let draws: usize = if pairs.len() <= 5_000 { 9_999 } else { 999 };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut candidate, mut baseline) = (Vec::new(), Vec::new());
    let mut differences: Vec<f64> = (0..draws)
        .map(|_| {
            candidate.clear();
            baseline.clear();
            for _ in 0..clusters.len() {
                for &i in &clusters[random.random_range(0..clusters.len())] {
                    candidate.push(pairs[i].0.value);
                    baseline.push(pairs[i].1.value);
                }
            }
            select(&mut candidate, q) - select(&mut baseline, q)
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - confidence);
    Some(Interval { lower: quantile_sorted(&differences, tail)?, upper: quantile_sorted(&differences, 1.0 - tail)? })
}

fn select(values: &mut [f64], q: f64) -> f64 {
    let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
    *values.select_nth_unstable_by(rank - 1, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_the_median_covers_as_stated() {
        // n = 10, q = ½: ranks 2 and 9 miss with 2·P(X ≤ 1) = 0.0215; ranks 3 and 8 would miss with 0.109.
        let sorted: Vec<f64> = (1..=10).map(f64::from).collect();
        let got = order_statistic_interval(&sorted, 0.5, 0.95).unwrap();
        assert_eq!((got.lower, got.upper), (2.0, 9.0));
        assert_eq!(order_statistic_interval(&sorted, 0.95, 0.95), None);
    }

    #[test]
    fn the_bootstrap_is_repeatable() {
        let item = |value: f64| Item { value, repeats: 1, cluster: None, weight: 1.0 };
        let pairs: Vec<_> = (0..50).map(|i| (item(f64::from(i % 17) + 1.0), item(f64::from(i % 17)))).collect();
        let first = bootstrap_difference(&pairs, 0.9, 0.95, 7).unwrap();
        assert_eq!(Some(first), bootstrap_difference(&pairs, 0.9, 0.95, 7));
        assert!(first.lower <= 1.0 && 1.0 <= first.upper);
    }
}
