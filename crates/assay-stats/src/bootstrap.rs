//! Seeded bootstrap over independent groups (cases, or clusters of them). An option beside the closed forms: it needs
//! more data than they do to hold its level on sparse differences.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::estimate::{Interval, is_level};
use crate::special::{normal_cdf, normal_quantile};

/// The resampled statistic.
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    /// The statistic of all data.
    pub estimate: f64,
    /// Standard deviation of the draws.
    pub se: f64,
    /// Draws in which the statistic was undefined; they are left out.
    pub undefined: u32,
    sorted: Vec<f64>,
}

/// Draws as many groups as there are, with replacement, `draws` times, and computes the statistic on their members.
/// The same seed gives the same draws. `None` below two groups, when the statistic is undefined on all data, or on more
/// than one draw in twenty. O(draws · cost of the statistic). Efron 1979.
///
/// # Examples
/// ```
/// use assay_stats::bootstrap::bootstrap;
///
/// let values = [1.0, 2.0, 6.0, 3.0, 8.0];
/// let groups: Vec<Vec<usize>> = (0..5).map(|i| vec![i]).collect();
/// let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
/// let drawn = bootstrap(&groups, mean, 999, 7).unwrap();
/// // The plug-in standard error √(6.8/5) is 1.166.
/// assert!(drawn.estimate == 4.0 && (drawn.se - 1.166).abs() < 0.1);
/// ```
pub fn bootstrap(
    groups: &[Vec<usize>],
    statistic: impl Fn(&[usize]) -> Option<f64>,
    draws: u32,
    seed: u64,
) -> Option<Bootstrap> {
    let all: Vec<usize> = groups.iter().flatten().copied().collect();
    let estimate = statistic(&all).filter(|value| value.is_finite())?;
    if groups.len() < 2 || draws < 2 {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut members = Vec::with_capacity(all.len());
    let are_single = groups.iter().all(|group| group.len() == 1);
    let mut sorted: Vec<f64> = (0..draws)
        .filter_map(|_| {
            members.clear();
            for _ in 0..groups.len() {
                let drawn = random.random_range(0..groups.len());
                match are_single {
                    true => members.push(all[drawn]),
                    false => members.extend_from_slice(&groups[drawn]),
                }
            }
            statistic(&members).filter(|value| value.is_finite())
        })
        .collect();
    let undefined = draws - sorted.len() as u32;
    if undefined * 20 > draws {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let se = (sorted.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    Some(Bootstrap { estimate, se, undefined, sorted })
}

impl Bootstrap {
    /// The p-quantile of the draws, interpolated linearly between order statistics.
    fn at(&self, p: f64) -> f64 {
        let place = p.clamp(0.0, 1.0) * (self.sorted.len() - 1) as f64;
        let (low, share) = (place.floor() as usize, place.fract());
        let high = (low + 1).min(self.sorted.len() - 1);
        self.sorted[low] + share * (self.sorted[high] - self.sorted[low])
    }

    /// Quantiles of the draws. `None` for a confidence outside of 0 to 1. Efron 1979.
    ///
    /// # Examples
    /// ```
    /// # let values = [1.0, 2.0, 6.0, 3.0, 8.0];
    /// # let groups: Vec<Vec<usize>> = (0..5).map(|i| vec![i]).collect();
    /// # let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
    /// let drawn = assay_stats::bootstrap::bootstrap(&groups, mean, 999, 7).unwrap();
    /// let interval = drawn.percentile(0.95).unwrap();
    /// assert!(interval.lower < 4.0 && interval.upper > 4.0 && drawn.percentile(1.0).is_none());
    /// ```
    pub fn percentile(&self, confidence: f64) -> Option<Interval> {
        let tail = 0.5 * (1.0 - confidence);
        is_level(confidence).then(|| Interval { lower: self.at(tail), upper: self.at(1.0 - tail) })
    }

    /// Quantiles of the draws mirrored at the estimate. `None` for a confidence outside of 0 to 1. Efron 1979.
    ///
    /// # Examples
    /// ```
    /// # let values = [1.0, 2.0, 6.0, 3.0, 8.0];
    /// # let groups: Vec<Vec<usize>> = (0..5).map(|i| vec![i]).collect();
    /// # let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
    /// let drawn = assay_stats::bootstrap::bootstrap(&groups, mean, 999, 7).unwrap();
    /// let (basic, plain) = (drawn.basic(0.95).unwrap(), drawn.percentile(0.95).unwrap());
    /// assert!((basic.lower + plain.upper - 2.0 * drawn.estimate).abs() < 1e-12);
    /// ```
    pub fn basic(&self, confidence: f64) -> Option<Interval> {
        let Interval { lower, upper } = self.percentile(confidence)?;
        Some(Interval { lower: 2.0 * self.estimate - upper, upper: 2.0 * self.estimate - lower })
    }

    /// Bias-corrected and accelerated: the median bias from the draws (ties count half), the acceleration from
    /// `left_out`, the statistic without each of the same groups: by [`delete_one`](crate::jackknife::delete_one), or in
    /// one pass where it is made of sums. `None` for draws without variation left-out values that are none or not
    /// finite, or a confidence outside of 0 to 1. Efron 1987.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::bootstrap::bootstrap;
    ///
    /// let values = [1.0, 2.0, 6.0, 3.0, 8.0];
    /// let groups: Vec<Vec<usize>> = (0..5).map(|i| vec![i]).collect();
    /// let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
    /// let left_out = values.map(|v| (20.0 - v) / 4.0);
    /// let interval = bootstrap(&groups, mean, 999, 7).unwrap().bca(&left_out, 0.95).unwrap();
    /// assert!(1.5 < interval.lower && interval.upper < 7.0);
    /// ```
    pub fn bca(&self, left_out: &[f64], confidence: f64) -> Option<Interval> {
        let below = self.sorted.partition_point(|v| *v < self.estimate) as f64;
        let at_most = self.sorted.partition_point(|v| *v <= self.estimate) as f64;
        let bias = normal_quantile(0.5 * (below + at_most) / self.sorted.len() as f64);
        let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
        let power = |k: i32| left_out.iter().map(|v| (mean - v).powi(k)).sum::<f64>();
        let acceleration = power(3) / (6.0 * power(2).powf(1.5));
        let end = |p: f64| {
            let z = bias + normal_quantile(p);
            self.at(normal_cdf(bias + z / (1.0 - acceleration * z)))
        };
        let tail = 0.5 * (1.0 - confidence);
        (is_level(confidence) && bias.is_finite() && acceleration.is_finite())
            .then(|| Interval { lower: end(tail), upper: end(1.0 - tail) })
    }
}

/// Bootstrap-t: the statistic with its own standard error, `(θ, se)`, gives quantiles of (θ* − θ)/se*, which are turned
/// back by the estimate's standard error. The best of the bootstraps for skewed means. `None` as for [`bootstrap`] and for
/// a confidence outside of 0 to 1. Efron 1981.
///
/// # Examples
/// ```
/// let values = [1.0, 2.0, 6.0, 3.0, 8.0];
/// let groups: Vec<Vec<usize>> = (0..5).map(|i| vec![i]).collect();
/// let mean = |at: &[usize]| {
///     let n = at.len() as f64;
///     let mean = at.iter().map(|i| values[*i]).sum::<f64>() / n;
///     let squares: f64 = at.iter().map(|i| (values[*i] - mean).powi(2)).sum();
///     Some((mean, (squares / (n - 1.0) / n).sqrt()))
/// };
/// let interval = assay_stats::bootstrap::studentised(&groups, mean, 0.9, 999, 7).unwrap();
/// assert!(interval.lower < 4.0 && interval.upper > 4.0);
/// ```
pub fn studentised(
    groups: &[Vec<usize>],
    statistic: impl Fn(&[usize]) -> Option<(f64, f64)>,
    confidence: f64,
    draws: u32,
    seed: u64,
) -> Option<Interval> {
    let all: Vec<usize> = groups.iter().flatten().copied().collect();
    let (estimate, se) = statistic(&all).filter(|(_, se)| *se > 0.0)?;
    let shifted = |members: &[usize]| {
        if std::ptr::eq(members, all.as_slice()) {
            return Some(0.0);
        }
        statistic(members).filter(|(_, se)| *se > 0.0).map(|(theta, se)| (theta - estimate) / se)
    };
    let drawn = bootstrap(groups, shifted, draws, seed)?;
    let Interval { lower, upper } = drawn.percentile(confidence)?;
    Some(Interval { lower: estimate - upper * se, upper: estimate - lower * se })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(n: usize) -> Vec<Vec<usize>> {
        (0..n).map(|i| vec![i]).collect()
    }

    #[test]
    fn degenerate_data_has_no_interval() {
        let constant = |_: &[usize]| Some(0.5);
        assert_eq!(bootstrap(&groups(1), constant, 100, 1), None);
        let drawn = bootstrap(&groups(5), constant, 100, 1).unwrap();
        assert_eq!(drawn.bca(&[0.5; 5], 0.95), None);
        assert_eq!(bootstrap(&groups(5), |_| None, 100, 1), None);
        assert_eq!(studentised(&groups(5), |_| Some((1.0, 0.0)), 0.95, 100, 1), None);
    }

    #[test]
    fn a_seed_gives_the_same_interval_again_and_clusters_widen_it() {
        let values: Vec<f64> = (0..40).map(|i| f64::from((i / 4) % 3) + 0.1 * f64::from(i % 4)).collect();
        let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
        let clusters: Vec<Vec<usize>> = (0..10).map(|g| (4 * g..4 * g + 4).collect()).collect();
        let one = bootstrap(&groups(40), mean, 2_000, 9).unwrap();
        assert_eq!(one, bootstrap(&groups(40), mean, 2_000, 9).unwrap());
        assert!(bootstrap(&clusters, mean, 2_000, 9).unwrap().se > 1.5 * one.se);
    }
}
