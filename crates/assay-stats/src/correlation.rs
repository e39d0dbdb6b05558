//! Correlations with intervals, and tests of two correlations that share a variable.

use crate::estimate::Interval;
use crate::proportion::critical;
use crate::rank::midranks;
use crate::special::{normal_cdf, t_sf};

/// Pearson's correlation; `None` below two pairs, for unequal lengths, NaN or a constant. O(n).
///
/// # Examples
/// ```
/// use assay_stats::correlation::pearson;
///
/// assert!((pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]).unwrap() - 1.0).abs() < 1e-12);
/// ```
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 2 {
        return None;
    }
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xx += (a - mx) * (a - mx);
        yy += (b - my) * (b - my);
        xy += (a - mx) * (b - my);
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    (xx > 0.0 && yy > 0.0 && r.is_finite()).then(|| r.clamp(-1.0, 1.0))
}

/// Spearman's correlation: Pearson's of the mid-ranks. O(n log n).
///
/// # Examples
/// ```
/// use assay_stats::correlation::spearman;
///
/// // 1 − 6 · 2/(4 · 15)
/// let rho = spearman(&[1.0, 2.0, 3.0, 4.0], &[10.0, 30.0, 20.0, 40.0]).unwrap();
/// assert!((rho - 0.8).abs() < 1e-12);
/// ```
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.iter().chain(y).any(|v| v.is_nan()) {
        return None;
    }
    pearson(&midranks(x), &midranks(y))
}

/// Kendall's τ_b: concordant minus discordant pairs, over the pairs not tied in x and those not tied in y. O(n log n).
/// Knight 1966.
///
/// # Examples
/// ```
/// use assay_stats::correlation::kendall;
///
/// // Five pairs in order, one not.
/// let tau = kendall(&[1.0, 2.0, 3.0, 4.0], &[10.0, 30.0, 20.0, 40.0]).unwrap();
/// assert!((tau - 4.0 / 6.0).abs() < 1e-12);
/// ```
pub fn kendall(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 2 || x.iter().chain(y).any(|v| v.is_nan()) {
        return None;
    }
    let mut order: Vec<usize> = (0..x.len()).collect();
    // Adding 0 makes −0 and 0 the same number for the total order too.
    let key = |v: f64| v + 0.0;
    order.sort_by(|a, b| key(x[*a]).total_cmp(&key(x[*b])).then(key(y[*a]).total_cmp(&key(y[*b]))));
    let pairs = |n: usize| (n as f64) * (n as f64 - 1.0) / 2.0;
    let total = pairs(x.len());
    let tied_x: f64 = order.chunk_by(|a, b| x[*a] == x[*b]).map(|t| pairs(t.len())).sum();
    let tied_both: f64 = order.chunk_by(|a, b| x[*a] == x[*b] && y[*a] == y[*b]).map(|t| pairs(t.len())).sum();
    let mut sequence: Vec<f64> = order.iter().map(|at| y[*at]).collect();
    let mut scratch = sequence.clone();
    let swaps = sort_counting(&mut sequence, &mut scratch) as f64;
    let tied_y: f64 = sequence.chunk_by(|a, b| a == b).map(|t| pairs(t.len())).sum();
    let scale = ((total - tied_x) * (total - tied_y)).sqrt();
    (scale > 0.0).then(|| ((total - tied_x - tied_y + tied_both - 2.0 * swaps) / scale).clamp(-1.0, 1.0))
}

/// Sorts by merging and counts the inversions.
fn sort_counting(values: &mut [f64], scratch: &mut [f64]) -> u64 {
    let n = values.len();
    if n < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(n / 2);
    let (scratch_left, scratch_right) = scratch.split_at_mut(n / 2);
    let mut inversions = sort_counting(left, scratch_left) + sort_counting(right, scratch_right);
    let (mut i, mut j) = (0, 0);
    for slot in scratch.iter_mut() {
        if j == right.len() || i < left.len() && left[i] <= right[j] {
            *slot = left[i];
            i += 1;
        } else {
            inversions += (left.len() - i) as u64;
            *slot = right[j];
            j += 1;
        }
    }
    values.copy_from_slice(scratch);
    inversions
}

/// Which correlation an interval is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coefficient {
    /// Standard error of Fisher's z: 1/√(n − 3). Fisher 1921.
    Pearson,
    /// √((1 + r²/2)/(n − 3)). Bonett & Wright 2000.
    Spearman,
    /// √(0.437/(n − 4)). Fieller, Hartley & Pearson 1957.
    Kendall,
}

/// The interval of a correlation of `n` independent pairs by Fisher's z. `None` with too few pairs. Below 10 pairs it
/// is a rough guide; clustered pairs need the jackknife.
///
/// # Examples
/// ```
/// use assay_stats::correlation::{Coefficient, interval};
///
/// let r = interval(0.5, 28, Coefficient::Pearson, 0.95).unwrap();
/// assert!((r.lower - 0.156).abs() < 5e-4 && (r.upper - 0.736).abs() < 5e-4);
/// ```
pub fn interval(r: f64, n: usize, kind: Coefficient, confidence: f64) -> Option<Interval> {
    let n = n as f64;
    let variance = match kind {
        Coefficient::Pearson => 1.0 / (n - 3.0),
        Coefficient::Spearman => (1.0 + 0.5 * r * r) / (n - 3.0),
        Coefficient::Kendall => 0.437 / (n - 4.0),
    };
    if !variance.is_finite() || variance <= 0.0 || !(-1.0..=1.0).contains(&r) {
        return None;
    }
    let (centre, half) = (r.atanh(), critical(confidence) * variance.sqrt());
    Some(Interval { lower: (centre - half).tanh(), upper: (centre + half).tanh() })
}

/// Three correlations of one sample: `r12` and `r13` share variable 1, `r23` links the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlapping {
    /// Correlation of 1 and 2.
    pub r12: f64,
    /// Correlation of 1 and 3.
    pub r13: f64,
    /// Correlation of 2 and 3.
    pub r23: f64,
    /// Cases.
    pub n: usize,
}

impl Overlapping {
    /// Williams' T2 for r12 = r13: the statistic and its two-sided p on n − 3 degrees of freedom. Williams 1959; Steiger
    /// 1980, equation 7.
    pub fn williams(&self) -> Option<(f64, f64)> {
        let Self { r12, r13, r23, n } = *self;
        let n = n as f64;
        let determinant = 1.0 - r12 * r12 - r13 * r13 - r23 * r23 + 2.0 * r12 * r13 * r23;
        let mean = 0.5 * (r12 + r13);
        let below = 2.0 * (n - 1.0) / (n - 3.0) * determinant + mean * mean * (1.0 - r23).powi(3);
        let t = (r12 - r13) * ((n - 1.0) * (1.0 + r23) / below).sqrt();
        (n > 3.0 && t.is_finite()).then(|| (t, 2.0 * t_sf(t.abs(), n - 3.0)))
    }

    /// Steiger's Z with the pooled correlation: the statistic and its two-sided p. Steiger 1980, equation 14.
    pub fn steiger(&self) -> Option<(f64, f64)> {
        let Self { r12, r13, r23, n } = *self;
        let square = (0.5 * (r12 + r13)).powi(2);
        let covariance =
            (r23 * (1.0 - 2.0 * square) - 0.5 * square * (1.0 - 2.0 * square - r23 * r23)) / (1.0 - square).powi(2);
        let z = (r12.atanh() - r13.atanh()) * ((n as f64 - 3.0) / (2.0 - 2.0 * covariance)).sqrt();
        (n > 3 && z.is_finite()).then(|| (z, 2.0 * normal_cdf(-z.abs())))
    }

    /// Zou's interval of r12 − r13 from the intervals of each and their correlation. Zou 2007.
    pub fn zou(&self, confidence: f64) -> Option<Interval> {
        let Self { r12, r13, r23, n } = *self;
        let (a, b) =
            (interval(r12, n, Coefficient::Pearson, confidence)?, interval(r13, n, Coefficient::Pearson, confidence)?);
        let above = (r23 - 0.5 * r12 * r13) * (1.0 - r12 * r12 - r13 * r13 - r23 * r23) + r23.powi(3);
        let c = above / ((1.0 - r12 * r12) * (1.0 - r13 * r13));
        let half = |x: f64, y: f64| (x * x + y * y - 2.0 * c * x * y).max(0.0).sqrt();
        let difference = r12 - r13;
        Some(Interval {
            lower: difference - half(r12 - a.lower, b.upper - r13),
            upper: difference + half(a.upper - r12, r13 - b.lower),
        })
    }
}

/// A correlation corrected for the unreliability of both measures: r / √(reliability · reliability), at most 1 in size.
/// `None` unless both reliabilities are above 0. Spearman 1904.
///
/// # Examples
/// ```
/// use assay_stats::correlation::disattenuated;
///
/// assert!((disattenuated(0.42, 0.7, 0.7).unwrap() - 0.6).abs() < 1e-12);
/// ```
pub fn disattenuated(r: f64, reliability_x: f64, reliability_y: f64) -> Option<f64> {
    let scale = (reliability_x * reliability_y).sqrt();
    (reliability_x > 0.0 && reliability_y > 0.0).then(|| (r / scale).clamp(-1.0, 1.0))
}

/// The share of pairs of systems that two scores order alike; pairs that `truth` ties do not count, a tie of `metric`
/// alone counts as wrong. Kocmi et al. 2021. O(systems²).
///
/// # Examples
/// ```
/// use assay_stats::correlation::pairwise_accuracy;
///
/// let accuracy = pairwise_accuracy(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).unwrap();
/// assert!((accuracy - 2.0 / 3.0).abs() < 1e-12);
/// ```
pub fn pairwise_accuracy(metric: &[f64], truth: &[f64]) -> Option<f64> {
    if metric.len() != truth.len() || metric.iter().chain(truth).any(|v| v.is_nan()) {
        return None;
    }
    let (mut right, mut pairs) = (0u64, 0u64);
    for i in 0..truth.len() {
        for j in 0..i {
            if truth[i] != truth[j] {
                pairs += 1;
                right += u64::from((metric[i] - metric[j]) * (truth[i] - truth[j]) > 0.0);
            }
        }
    }
    (pairs > 0).then(|| right as f64 / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dependent_correlations_agree_with_the_golden_values() {
        let three = Overlapping { r12: 0.5, r13: 0.3, r23: 0.4, n: 103 };
        for (got, name) in [
            (three.williams().unwrap(), "Williams t,p r12=.5 r13=.3 r23=.4 n=103"),
            (three.steiger().unwrap(), "Steiger Z,p same"),
        ] {
            let want = crate::paired::golden(name);
            assert!((got.0 - want[0]).abs() < 1e-9 && (got.1 - want[1]).abs() < 1e-9, "{name}: {got:?}");
        }
        let zou = three.zou(0.95).unwrap();
        assert!(zou.lower > 0.0 && zou.lower < 0.2 && zou.upper > 0.2, "{zou:?}");
    }

    #[test]
    fn constants_and_nan_are_undefined() {
        assert_eq!((pearson(&[1.0, 1.0], &[1.0, 2.0]), spearman(&[f64::NAN, 1.0], &[1.0, 2.0])), (None, None));
        assert_eq!((kendall(&[1.0, 1.0], &[1.0, 2.0]), interval(0.5, 3, Coefficient::Pearson, 0.95)), (None, None));
        assert_eq!(disattenuated(0.5, 0.0, 1.0), None);
    }

    proptest! {
        #[test]
        fn coefficients_are_symmetric_and_ignore_monotone_change(pairs in prop::collection::vec((-20i32..20, -20i32..20), 3..30)) {
            let x: Vec<f64> = pairs.iter().map(|p| f64::from(p.0)).collect();
            let y: Vec<f64> = pairs.iter().map(|p| f64::from(p.1)).collect();
            prop_assert_eq!(kendall(&x, &y), kendall(&y, &x));
            let stretched: Vec<f64> = x.iter().map(|v| v.powi(3) + 2.0 * v).collect();
            prop_assert_eq!(kendall(&x, &y), kendall(&stretched, &y));
            if let (Some(a), Some(b)) = (spearman(&x, &y), spearman(&stretched, &y)) {
                prop_assert!((a - b).abs() < 1e-12);
            }
        }
    }
}
