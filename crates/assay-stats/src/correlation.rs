//! Correlations with intervals, and tests of two correlations that share a variable.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::estimate::{Interval, is_level};
use crate::jackknife::{Jackknife, Transform, delete_one, jackknife};
use crate::proportion::critical;
use crate::rank::{midranks, ordered};
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
    // The mean of equal numbers may be off in its last digit, so that their sum of squares is not 0.
    let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
    if x.len() != y.len() || x.len() < 2 || constant(x) || constant(y) {
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
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
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
    pearson(&midranks(x)?, &midranks(y)?)
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
    let mut both: Vec<(u64, u64)> = x.iter().zip(y).map(|(x, y)| (ordered(*x), ordered(*y))).collect();
    both.sort_unstable();
    let pairs = |n: usize| (n as f64) * (n as f64 - 1.0) / 2.0;
    let total = pairs(x.len());
    let tied_x: f64 = both.chunk_by(|a, b| a.0 == b.0).map(|t| pairs(t.len())).sum();
    let tied_both: f64 = both.chunk_by(|a, b| a == b).map(|t| pairs(t.len())).sum();
    let mut sequence: Vec<u64> = both.iter().map(|pair| pair.1).collect();
    let mut scratch = sequence.clone();
    let swaps = sort_counting(&mut sequence, &mut scratch) as f64;
    let tied_y: f64 = sequence.chunk_by(|a, b| a == b).map(|t| pairs(t.len())).sum();
    let scale = ((total - tied_x) * (total - tied_y)).sqrt();
    (scale > 0.0).then(|| ((total - tied_x - tied_y + tied_both - 2.0 * swaps) / scale).clamp(-1.0, 1.0))
}

/// Sorts by merging and counts the inversions.
fn sort_counting(values: &mut [u64], scratch: &mut [u64]) -> u64 {
    let n = values.len();
    if n <= 16 {
        let mut inversions = 0;
        for end in 1..n {
            let value = values[end];
            let place = values[..end].iter().rposition(|other| *other <= value).map_or(0, |at| at + 1);
            values.copy_within(place..end, place + 1);
            values[place] = value;
            inversions += end - place;
        }
        return inversions as u64;
    }
    let (left, right) = values.split_at_mut(n / 2);
    let (scratch_left, scratch_right) = scratch.split_at_mut(n / 2);
    let mut inversions = sort_counting(left, scratch_left) + sort_counting(right, scratch_right);
    let (mut i, mut j) = (0, 0);
    for slot in scratch.iter_mut() {
        if i == left.len() || j == right.len() {
            *slot = if i < left.len() { left[i] } else { right[j] };
            (i, j) = if i < left.len() { (i + 1, j) } else { (i, j + 1) };
            continue;
        }
        // Without a branch: which side is smaller cannot be foreseen.
        let from_right = left[i] > right[j];
        *slot = if from_right { right[j] } else { left[i] };
        inversions += if from_right { (left.len() - i) as u64 } else { 0 };
        i += usize::from(!from_right);
        j += usize::from(from_right);
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

/// The interval of a correlation of `n` independent pairs by Fisher's z. `None` with too few pairs, at ±1, where z is not
/// finite, and for a confidence outside of 0 to 1. Below 10 pairs it is a rough guide; clustered pairs need the jackknife.
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
    if !variance.is_finite() || variance <= 0.0 || r.is_nan() || r.abs() >= 1.0 || !is_level(confidence) {
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
    /// 1980, equation 7. `None` for three pairs or fewer, or correlations that cannot go together.
    ///
    /// # Examples
    /// ```
    /// let three = assay_stats::correlation::Overlapping { r12: 0.5, r13: 0.3, r23: 0.4, n: 103 };
    /// let (t, p) = three.williams().unwrap();
    /// assert!((t - 2.0967).abs() < 1e-4 && (p - 0.0385).abs() < 1e-4);
    /// ```
    pub fn williams(&self) -> Option<(f64, f64)> {
        let Self { r12, r13, r23, n } = *self;
        let n = n as f64;
        let determinant = 1.0 - r12 * r12 - r13 * r13 - r23 * r23 + 2.0 * r12 * r13 * r23;
        let mean = 0.5 * (r12 + r13);
        let below = 2.0 * (n - 1.0) / (n - 3.0) * determinant + mean * mean * (1.0 - r23).powi(3);
        let t = (r12 - r13) * ((n - 1.0) * (1.0 + r23) / below).sqrt();
        (n > 3.0 && t.is_finite()).then(|| (t, 2.0 * t_sf(t.abs(), n - 3.0)))
    }

    /// Steiger's Z with the pooled correlation: the statistic and its two-sided p. `None` as [`Overlapping::williams`].
    /// Steiger 1980, equation 14.
    ///
    /// # Examples
    /// ```
    /// let three = assay_stats::correlation::Overlapping { r12: 0.5, r13: 0.3, r23: 0.4, n: 103 };
    /// let (z, p) = three.steiger().unwrap();
    /// assert!((1.9..2.2).contains(&z) && (0.03..0.05).contains(&p));
    /// ```
    pub fn steiger(&self) -> Option<(f64, f64)> {
        let Self { r12, r13, r23, n } = *self;
        let square = (0.5 * (r12 + r13)).powi(2);
        let covariance =
            (r23 * (1.0 - 2.0 * square) - 0.5 * square * (1.0 - 2.0 * square - r23 * r23)) / (1.0 - square).powi(2);
        let z = (r12.atanh() - r13.atanh()) * ((n as f64 - 3.0) / (2.0 - 2.0 * covariance)).sqrt();
        (n > 3 && z.is_finite()).then(|| (z, 2.0 * normal_cdf(-z.abs())))
    }

    /// Zou's interval of r12 − r13 from the intervals of each and their correlation. `None` where [`interval`] is. Zou 2007.
    ///
    /// # Examples
    /// ```
    /// let three = assay_stats::correlation::Overlapping { r12: 0.5, r13: 0.3, r23: 0.4, n: 103 };
    /// let interval = three.zou(0.95).unwrap();
    /// assert!(interval.lower > 0.0 && interval.upper < 0.41);
    /// ```
    pub fn zou(&self, confidence: f64) -> Option<Interval> {
        let Self { r12, r13, r23, n } = *self;
        let (a, b) =
            (interval(r12, n, Coefficient::Pearson, confidence)?, interval(r13, n, Coefficient::Pearson, confidence)?);
        let above = (r23 - 0.5 * r12 * r13) * (1.0 - r12 * r12 - r13 * r13 - r23 * r23) + r23.powi(3);
        let c = above / ((1.0 - r12 * r12) * (1.0 - r13 * r13));
        let half = |x: f64, y: f64| (x * x + y * y - 2.0 * c * x * y).max(0.0).sqrt();
        let difference = r12 - r13;
        c.is_finite().then(|| Interval {
            lower: difference - half(r12 - a.lower, b.upper - r13),
            upper: difference + half(a.upper - r12, r13 - b.lower),
        })
    }
}

/// A correlation corrected for the unreliability of both measures: r / √(reliability · reliability), at most 1 in size.
/// `None` unless −1 ≤ r ≤ 1 and both reliabilities are above 0 and at most 1. Spearman 1904.
///
/// # Examples
/// ```
/// use assay_stats::correlation::disattenuated;
///
/// assert!((disattenuated(0.42, 0.7, 0.7).unwrap() - 0.6).abs() < 1e-12);
/// ```
pub fn disattenuated(r: f64, reliability_x: f64, reliability_y: f64) -> Option<f64> {
    let scale = (reliability_x * reliability_y).sqrt();
    let is_reliability = |value: f64| value > 0.0 && value <= 1.0;
    (is_reliability(reliability_x) && is_reliability(reliability_y) && r.abs() <= 1.0)
        .then(|| (r / scale).clamp(-1.0, 1.0))
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

/// The correlation of clustered pairs with a delete-one-cluster jackknife interval on Fisher's z: `clusters` names each
/// pair's cluster. `None` for unequal lengths, fewer than two clusters, or where leaving one out makes it undefined.
/// O(clusters · n log n).
///
/// # Examples
/// ```
/// use assay_stats::correlation::{Coefficient, clustered};
/// let (x, y) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2.0, 1.0, 4.0, 3.0, 5.0, 6.0]);
/// let found = clustered(&x, &y, &[0, 0, 1, 1, 2, 2], Coefficient::Spearman, 0.95).unwrap();
/// assert!(found.df == 2.0 && found.interval.lower < found.estimate);
/// ```
pub fn clustered(x: &[f64], y: &[f64], clusters: &[u32], kind: Coefficient, confidence: f64) -> Option<Jackknife> {
    if x.len() != y.len() || x.len() != clusters.len() {
        return None;
    }
    let correlate = match kind {
        Coefficient::Pearson => pearson,
        Coefficient::Spearman => spearman,
        Coefficient::Kendall => kendall,
    };
    let mut groups = std::collections::BTreeMap::<u32, Vec<usize>>::new();
    for (at, cluster) in clusters.iter().enumerate() {
        groups.entry(*cluster).or_default().push(at);
    }
    let groups: Vec<Vec<usize>> = groups.into_values().collect();
    let of = |at: &[usize]| {
        let (a, b): (Vec<f64>, Vec<f64>) = at.iter().map(|i| (x[*i], y[*i])).unzip();
        correlate(&a, &b)
    };
    jackknife(correlate(x, y)?, &delete_one(&groups, of)?, Transform::FisherZ, confidence)
}

/// The correlation of the means of repeated measurements, corrected for their unreliability, by Cronbach's α of each:
/// r / √(α_x α_y), at most 1 in size. `x` and `y` have a row per case with two or more measurements each. The interval is
/// by the delete-one jackknife of r and both α together, cut at ±1. O(n · measurements).
///
/// `None` below three cases, for ragged rows, numbers that are not finite, or where any α is not above 0.
///
/// # Examples
/// ```
/// let x: Vec<Vec<f64>> = [1.0, 2.0, 3.0, 4.0, 5.0].iter().map(|v| vec![*v, v + 0.5 * (v % 2.0)]).collect();
/// let found = assay_stats::correlation::attenuation(&x, &x, 0.95).unwrap();
/// assert_eq!(found.estimate, 1.0);
/// ```
pub fn attenuation(x: &[Vec<f64>], y: &[Vec<f64>], confidence: f64) -> Option<Jackknife> {
    let (kx, ky) = (x.first()?.len(), y.first()?.len());
    let is_table = |rows: &[Vec<f64>], k: usize| rows.iter().all(|r| r.len() == k && r.iter().all(|v| v.is_finite()));
    if x.len() != y.len() || x.len() < 3 || kx < 2 || ky < 2 || !is_table(x, kx) || !is_table(y, ky) {
        return None;
    }
    let n = x.len() as f64;
    // Each case as deviations from the columns' means: measurements of x, of y, and both sums.
    let mut rows: Vec<Vec<f64>> = x
        .iter()
        .zip(y)
        .map(|(x, y)| x.iter().chain(y).copied().chain([x.iter().sum(), y.iter().sum()]).collect())
        .collect();
    for column in 0..kx + ky + 2 {
        let mean = rows.iter().map(|row| row[column]).sum::<f64>() / n;
        rows.iter_mut().for_each(|row| row[column] -= mean);
    }
    let (sx, sy) = (kx + ky, kx + ky + 1);
    let squares: Vec<f64> = (0..kx + ky + 2).map(|c| rows.iter().map(|row| row[c] * row[c]).sum()).collect();
    let product: f64 = rows.iter().map(|row| row[sx] * row[sy]).sum();
    // Without a case at deviation d, a sum of squares falls by d² n/(n − 1).
    let statistic = |left_out: Option<&Vec<f64>>| {
        let gone = |a: usize, b: usize| left_out.map_or(0.0, |row| row[a] * row[b] * n / (n - 1.0));
        let square = |c: usize| squares[c] - gone(c, c);
        let alpha = |from: usize, k: usize, total: usize| {
            let parts: f64 = (from..from + k).map(square).sum();
            k as f64 / (k as f64 - 1.0) * (1.0 - parts / square(total))
        };
        let (ax, ay) = (alpha(0, kx, sx), alpha(kx, ky, sy));
        let r = (product - gone(sx, sy)) / (square(sx) * square(sy)).sqrt();
        (ax > 0.0 && ay > 0.0 && r.is_finite()).then(|| r / (ax * ay).sqrt())
    };
    let estimate = statistic(None)?;
    let rest = rows.iter().map(|row| statistic(Some(row))).collect::<Option<Vec<f64>>>()?;
    let mut found = jackknife(estimate, &rest, Transform::Identity, confidence)?;
    let cut = |v: f64| v.clamp(-1.0, 1.0);
    found.estimate = cut(estimate);
    found.interval = Interval { lower: cut(found.interval.lower), upper: cut(found.interval.upper) };
    Some(found)
}

/// Soft pairwise accuracy: 1 − the mean of |p_metric − p_truth| over pairs of systems, where p is the one-sided p-value
/// of one system being better than the other. Unlike pairwise accuracy it does not reward a metric for ordering systems
/// that truth cannot tell apart. `None` for no pairs, unequal lengths or numbers outside of 0 to 1. Thompson et al. 2024.
///
/// # Examples
/// ```
/// let soft = assay_stats::correlation::soft_pairwise_accuracy(&[0.1, 0.6], &[0.0, 0.5]).unwrap();
/// assert!((soft - 0.9).abs() < 1e-12);
/// ```
pub fn soft_pairwise_accuracy(metric: &[f64], truth: &[f64]) -> Option<f64> {
    let is_p = metric.iter().chain(truth).all(|p| (0.0..=1.0).contains(p));
    if metric.len() != truth.len() || metric.is_empty() || !is_p {
        return None;
    }
    let apart: f64 = metric.iter().zip(truth).map(|(a, b)| (a - b).abs()).sum();
    Some(1.0 - apart / metric.len() as f64)
}

/// The one-sided p-values of a paired permutation test that system j is better than system i for each pair i < j, in the order
/// (0, 1), (0, 2), (1, 2), …; rows are systems, columns items. Resamples swap the same items in all pairs, so that
/// the cost is O(resamples · (systems · items + systems²)); all 2ⁿ swaps are taken when they are fewer. p counts the
/// resamples with a difference at least as large, the observed one among them. `None` for ragged rows or numbers that
/// are not finite, fewer than two systems, no items or no resamples.
///
/// # Examples
/// ```
/// let p = assay_stats::correlation::pairwise_p(&[vec![0.0, 0.0], vec![1.0, 1.0]], 100, 1).unwrap();
/// assert_eq!(p, [0.25]);
/// ```
pub fn pairwise_p(scores: &[Vec<f64>], resamples: u32, seed: u64) -> Option<Vec<f64>> {
    let items = table(scores).filter(|_| resamples > 0)?;
    let pairs: Vec<(usize, usize)> = (1..scores.len()).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
    let sums = |signs: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let signed = |row: &Vec<f64>| row.iter().enumerate().map(|(at, v)| if signs(at) { -v } else { *v }).sum();
        scores.iter().map(signed).collect()
    };
    let observed = sums(&|_| false);
    let scale = scores.iter().flatten().fold(0.0_f64, |a, v| a.max(v.abs())) * items as f64;
    let mut counts = vec![0u64; pairs.len()];
    let mut swaps = Swaps::new(items, resamples, seed);
    while let Some(bits) = swaps.next() {
        let sums = sums(&|at| bits[at]);
        for (count, (i, j)) in counts.iter_mut().zip(&pairs) {
            // Sums in another order differ in their last digits.
            *count += u64::from(sums[*j] - sums[*i] >= observed[*j] - observed[*i] - 1e-12 * scale);
        }
    }
    Some(counts.iter().map(|count| swaps.p(*count)).collect())
}

/// Which correlation of a metric with truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Of the systems' means over items.
    System,
    /// Of the systems' scores within each item, averaged over the items where it is defined.
    Item,
}

/// The correlation of `metric` with `truth`, both systems × items. `None` for ragged or unequal tables, numbers that are not
/// finite, or where it is nowhere defined. O(cells) and the coefficient's.
///
/// # Examples
/// ```
/// use assay_stats::correlation::{Agreement, agreement, pearson};
/// let (metric, truth) = ([vec![1.0, 2.0], vec![3.0, 1.0]], [vec![0.0, 1.0], vec![1.0, 0.5]]);
/// assert!((agreement(&metric, &truth, Agreement::Item, pearson).unwrap() - 1.0).abs() < 1e-12);
/// ```
pub fn agreement(
    metric: &[Vec<f64>],
    truth: &[Vec<f64>],
    level: Agreement,
    coefficient: fn(&[f64], &[f64]) -> Option<f64>,
) -> Option<f64> {
    let items = table(metric)?;
    if table(truth)? != items || metric.len() != truth.len() {
        return None;
    }
    match level {
        Agreement::System => {
            let means = |rows: &[Vec<f64>]| -> Vec<f64> {
                rows.iter().map(|row| row.iter().sum::<f64>() / items as f64).collect()
            };
            coefficient(&means(metric), &means(truth))
        }
        Agreement::Item => {
            let column = |rows: &[Vec<f64>], at: usize| -> Vec<f64> { rows.iter().map(|row| row[at]).collect() };
            let each: Vec<f64> =
                (0..items).filter_map(|at| coefficient(&column(metric, at), &column(truth, at))).collect();
            (!each.is_empty()).then(|| each.iter().sum::<f64>() / each.len() as f64)
        }
    }
}

/// Whether metric `a` agrees with `truth` better than metric `b`: the difference of their correlations and its one-sided
/// p by PERM-BOTH, which swaps the two metrics' standardised scores of each system and item. All swaps are taken when they
/// are fewer than `resamples`; else p = (1 + resamples at least as large) / (1 + resamples). A resample whose
/// correlations are undefined counts as at least as large. `None` where a correlation or a standard deviation is undefined, or without resamples. O(resamples · cells)
/// and the coefficient's. Deutsch, Dror & Roth 2021.
///
/// # Examples
/// ```
/// use assay_stats::correlation::{Agreement, agreement_difference, pearson};
/// let truth = [vec![1.0, 2.0], vec![2.0, 4.0], vec![4.0, 5.0]];
/// let worse = [vec![2.0, 2.0], vec![1.0, 3.0], vec![2.0, 1.0]];
/// let (gain, p) = agreement_difference(&truth, &worse, &truth, Agreement::System, pearson, 999, 1).unwrap();
/// assert!(gain > 0.0 && p < 0.5);
/// ```
pub fn agreement_difference(
    a: &[Vec<f64>],
    b: &[Vec<f64>],
    truth: &[Vec<f64>],
    level: Agreement,
    coefficient: fn(&[f64], &[f64]) -> Option<f64>,
    resamples: u32,
    seed: u64,
) -> Option<(f64, f64)> {
    let standard = |rows: &[Vec<f64>]| -> Option<Vec<Vec<f64>>> {
        let n = rows.iter().map(Vec::len).sum::<usize>() as f64;
        let mean = rows.iter().flatten().sum::<f64>() / n;
        let sd = (rows.iter().flatten().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        (sd > 0.0).then(|| rows.iter().map(|row| row.iter().map(|v| (v - mean) / sd).collect()).collect())
    };
    let items = table(a).filter(|_| resamples > 0)?;
    if table(b)? != items || a.len() != b.len() {
        return None;
    }
    let (a, b) = (standard(a)?, standard(b)?);
    let gain = |a: &[Vec<f64>], b: &[Vec<f64>]| {
        Some(agreement(a, truth, level, coefficient)? - agreement(b, truth, level, coefficient)?)
    };
    let observed = gain(&a, &b)?;
    let mut swaps = Swaps::new(items * a.len(), resamples, seed);
    let (mut left, mut right) = (a.clone(), b.clone());
    let mut count = 0;
    while let Some(bits) = swaps.next() {
        for (at, swap) in bits.iter().enumerate() {
            let (row, column) = (at / items, at % items);
            let (x, y) = (a[row][column], b[row][column]);
            (left[row][column], right[row][column]) = if *swap { (y, x) } else { (x, y) };
        }
        count += u64::from(gain(&left, &right).is_none_or(|gain| gain >= observed - 1e-12));
    }
    Some((observed, swaps.p(count)))
}

/// The items of a table of finite numbers with two or more systems.
fn table(rows: &[Vec<f64>]) -> Option<usize> {
    let items = rows.first()?.len();
    let is_table = rows.iter().all(|row| row.len() == items && row.iter().all(|v| v.is_finite()));
    (items > 0 && rows.len() > 1 && is_table).then_some(items)
}

/// All ways to swap or not, or a random draw of them.
struct Swaps {
    bits: Vec<bool>,
    /// Ways in all, when they are all taken.
    all: Option<u64>,
    taken: u64,
    resamples: u64,
    random: ChaCha8Rng,
}

impl Swaps {
    fn new(n: usize, resamples: u32, seed: u64) -> Self {
        let all = u32::try_from(n).ok().and_then(|n| 1u64.checked_shl(n)).filter(|all| *all <= u64::from(resamples));
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { bits: vec![false; n], all, taken: 0, resamples: u64::from(resamples), random }
    }

    fn next(&mut self) -> Option<&[bool]> {
        if self.taken == self.all.unwrap_or(self.resamples) {
            return None;
        }
        for (at, bit) in self.bits.iter_mut().enumerate() {
            *bit = if self.all.is_some() { self.taken >> at & 1 == 1 } else { self.random.random::<bool>() };
        }
        self.taken += 1;
        Some(&self.bits)
    }

    fn p(&self, count: u64) -> f64 {
        match self.all {
            Some(all) => count as f64 / all as f64,
            None => (count + 1) as f64 / (self.resamples + 1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_constant_has_no_correlation_even_where_its_mean_is_rounded() {
        assert_eq!(pearson(&[0.1; 3], &[1.0, 2.0, 3.0]), None);
    }

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
