//! Ranks: Wilcoxon's signed-rank test, Hodges and Lehmann's estimate, effect sizes beside a difference.

use crate::special::normal_cdf;

/// What happens to differences of zero in Wilcoxon's test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// They are left out. Wilcoxon 1945.
    Wilcox,
    /// They are ranked, then their ranks are left out. Pratt 1959.
    Pratt,
}

/// Mid-ranks from 1 in the order given: equal values share the mean of their ranks. `None` for NaN. O(n log n). Kendall
/// 1945.
///
/// # Examples
/// ```
/// use assay_stats::rank::midranks;
///
/// assert_eq!(midranks(&[10.0, 30.0, 20.0, 20.0]).unwrap(), [1.0, 4.0, 2.5, 2.5]);
/// ```
pub fn midranks(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut ranks = vec![0.0; values.len()];
    let mut done = 0;
    for ties in order(values).chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = done as f64 + 0.5 * (ties.len() as f64 + 1.0);
        ties.iter().for_each(|at| ranks[*at] = rank);
        done += ties.len();
    }
    Some(ranks)
}

/// Wilcoxon's signed-rank test, two-sided: the smaller rank sum and the p-value. Exact up to 50 differences without
/// ties and zeros, else normal with the variance corrected for ties. `None` when no difference is left or one is NaN.
/// It tests a pseudo-median, not the mean that a gate decides on. O(n log n), exact O(n³).
///
/// # Examples
/// ```
/// use assay_stats::rank::{Zeros, wilcoxon};
///
/// // All five up: 2/2⁵.
/// assert_eq!(wilcoxon(&[1.0, 2.0, 3.0, 4.0, 5.0], Zeros::Wilcox), Some((0.0, 0.0625)));
/// ```
pub fn wilcoxon(differences: &[f64], zeros: Zeros) -> Option<(f64, f64)> {
    if differences.iter().any(|d| d.is_nan()) {
        return None;
    }
    let kept: Vec<f64> = match zeros {
        Zeros::Wilcox => differences.iter().copied().filter(|d| *d != 0.0).collect(),
        Zeros::Pratt => differences.to_vec(),
    };
    let ranks = midranks(&kept.iter().map(|d| d.abs()).collect::<Vec<_>>())?;
    let sum = |sign: f64| -> f64 { kept.iter().zip(&ranks).filter(|(d, _)| **d * sign > 0.0).map(|(_, r)| r).sum() };
    let (up, down) = (sum(1.0), sum(-1.0));
    let n = kept.len() as f64;
    let null = kept.iter().filter(|d| **d == 0.0).count() as f64;
    if n - null == 0.0 {
        return None;
    }
    let mut sorted: Vec<f64> = ranks.iter().zip(&kept).filter(|(_, d)| **d != 0.0).map(|(r, _)| *r).collect();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|t| (t.len() as f64).powi(3) - t.len() as f64).sum();
    let smaller = up.min(down);
    if ties == 0.0 && null == 0.0 && kept.len() <= 50 {
        return Some((smaller, exact_signed_rank(kept.len(), smaller as usize)));
    }
    let squares = |m: f64| m * (m + 1.0) * (2.0 * m + 1.0);
    let mean = (n * (n + 1.0) - null * (null + 1.0)) / 4.0;
    let variance = (squares(n) - squares(null) - 0.5 * ties) / 24.0;
    let z = (up - mean) / variance.sqrt();
    Some((smaller, (2.0 * normal_cdf(-z.abs())).min(1.0)))
}

/// 2 · P(W ≤ w) for the signed-rank sum of n differences, by counting subsets of 1..n.
fn exact_signed_rank(n: usize, w: usize) -> f64 {
    let most = n * (n + 1) / 2;
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..=most).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let tail: f64 = ways[..=w].iter().sum();
    (2.0 * tail * 0.5f64.powi(n as i32)).min(1.0)
}

/// Hodges and Lehmann's estimate: the median of the means of all pairs of values, each also with itself. Exact, by
/// bisection over the numbers that a computer has: O(n log n) time, O(n) memory. `None` for no value, one that is not
/// finite, or sums beyond the numbers. 1963.
///
/// # Examples
/// ```
/// use assay_stats::rank::hodges_lehmann;
///
/// // The median of 1, 1.5, 2, 3.5, 4 and 6.
/// assert_eq!(hodges_lehmann(&[1.0, 2.0, 6.0]), Some(2.75));
/// ```
pub fn hodges_lehmann(values: &[f64]) -> Option<f64> {
    if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let pairs = n as u64 * (n as u64 + 1) / 2;
    // How many pairs i ≤ j sum to at most `bound`.
    let at_most = |bound: f64| {
        let (mut count, mut high) = (0u64, n);
        for i in 0..n {
            while high > i && sorted[i] + sorted[high - 1] > bound {
                high -= 1;
            }
            if high <= i {
                break;
            }
            count += (high - i) as u64;
        }
        count
    };
    let kth = |k: u64| {
        let (mut low, mut high) = (ordered(2.0 * sorted[0]), ordered(2.0 * sorted[n - 1]));
        while low < high {
            let middle = low + (high - low) / 2;
            if at_most(from_ordered(middle)) >= k {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        from_ordered(low)
    };
    let lower = kth(pairs.div_ceil(2));
    let upper = if pairs.is_multiple_of(2) { kth(pairs / 2 + 1) } else { lower };
    Some(0.25 * (lower + upper)).filter(|estimate| estimate.is_finite())
}

/// The places of values in the order of their values, smallest first; equal ones, 0 and −0 among them, in the order
/// given. O(n log n). The values are sorted with their places: a sort that looks them up by place waits for memory.
pub(crate) fn order(values: &[f64]) -> Vec<usize> {
    let mut pairs: Vec<(u64, usize)> = values.iter().enumerate().map(|(at, value)| (ordered(*value), at)).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, at)| at).collect()
}

/// A number's place among all numbers, as an integer that sorts like it; 0 and −0 have the same.
pub(crate) fn ordered(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

fn from_ordered(place: u64) -> f64 {
    f64::from_bits(if place >> 63 == 1 { place & !(1 << 63) } else { !place })
}

/// Cliff's δ: P(a > b) − P(a < b) over all pairs. `None` for an empty side or NaN. O((n + m) log m). 1993.
///
/// # Examples
/// ```
/// use assay_stats::rank::cliff_delta;
///
/// // Three pairs up, one down.
/// assert_eq!(cliff_delta(&[2.0, 4.0], &[1.0, 3.0]), Some(0.5));
/// ```
pub fn cliff_delta(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|v| v.is_nan()) {
        return None;
    }
    let mut sorted: Vec<f64> = b.iter().map(|v| v + 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let above: i64 = a
        .iter()
        .map(|v| {
            let (less, at_most) = (sorted.partition_point(|w| w < v), sorted.partition_point(|w| w <= v));
            less as i64 - (sorted.len() - at_most) as i64
        })
        .sum();
    Some(above as f64 / (a.len() as f64 * b.len() as f64))
}

/// Cohen's d_z of paired differences: mean / standard deviation (n − 1). `None` below two values, for
/// one that is not finite, or without variation. O(n). 1988.
///
/// # Examples
/// ```
/// use assay_stats::rank::cohen_dz;
///
/// assert_eq!(cohen_dz(&[1.0, 2.0, 3.0]), Some(2.0));
/// ```
pub fn cohen_dz(differences: &[f64]) -> Option<f64> {
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Equal numbers differ from their mean in the last bit: that is no variation.
    let varies = differences.iter().any(|d| *d != differences[0]);
    (varies && variance > 0.0 && variance.is_finite()).then(|| mean / variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hodges_lehmann_is_the_median_of_all_pair_means(values in prop::collection::vec(-50i32..50, 1..25)) {
            let values: Vec<f64> = values.into_iter().map(|v| f64::from(v) / 3.0).collect();
            let mut sums: Vec<f64> = (0..values.len())
                .flat_map(|i| (i..values.len()).map(move |j| (i, j)))
                .map(|(i, j)| values[i] + values[j])
                .collect();
            sums.sort_by(f64::total_cmp);
            let m = sums.len();
            let want = 0.25 * (sums[(m - 1) / 2] + sums[m / 2]);
            prop_assert!((hodges_lehmann(&values).unwrap() - want).abs() < 1e-12);
        }

        #[test]
        fn swapping_the_sides_mirrors(a in prop::collection::vec(-9i32..9, 1..12), b in prop::collection::vec(-9i32..9, 1..12)) {
            let real = |v: &[i32]| v.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
            let (a, b) = (real(&a), real(&b));
            prop_assert_eq!(cliff_delta(&a, &b).unwrap(), -cliff_delta(&b, &a).unwrap());
            let negated: Vec<f64> = a.iter().map(|x| -x).collect();
            let (up, down) = (wilcoxon(&a, Zeros::Pratt), wilcoxon(&negated, Zeros::Pratt));
            prop_assert_eq!(up.map(|x| x.0), down.map(|x| x.0));
        }
    }

    #[test]
    fn nothing_left_is_undefined() {
        assert_eq!(wilcoxon(&[0.0, 0.0], Zeros::Wilcox), None);
        assert_eq!((hodges_lehmann(&[]), cohen_dz(&[1.0, 1.0]), cliff_delta(&[], &[1.0])), (None, None, None));
    }
}
