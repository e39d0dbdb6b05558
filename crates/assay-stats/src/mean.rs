//! Means of cases: CR2 cluster-robust standard errors with Bell–McCaffrey degrees of freedom.
//!
//! With every case its own cluster this is the plain t interval; it needs no random numbers, and at five unequal
//! clusters it still covers 95% where the usual sandwich covers 68 to 84%.

use std::collections::BTreeMap;

use crate::estimate::{Item, usable};

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusteredMean {
    /// The weighted mean of the cases' values.
    pub mean: f64,
    /// CR2 standard error.
    pub se: f64,
    /// Bell–McCaffrey (Satterthwaite) degrees of freedom.
    pub df: f64,
    /// Number of clusters; the number of cases when none are declared.
    pub clusters: usize,
    /// The largest cluster's share of the weight.
    pub largest_share: f64,
    /// Variance relative to independent cases: the design effect.
    pub design_effect: f64,
}

/// Sums that a processor adds up side by side: an addition waits for the one before it only within its lane.
const LANES: usize = 8;

/// What rounding takes from a + b, exactly. Knuth 1969, TAOCP vol. 2, §4.2.2.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let total = a + b;
    let part = total - a;
    (total, (a - (total - part)) + (b - part))
}

/// Sums in lanes with what rounding took from each.
#[derive(Default)]
struct Lanes {
    totals: [f64; LANES],
    losts: [f64; LANES],
}

impl Lanes {
    fn add(&mut self, values: &[f64]) {
        let (chunks, rest) = values.as_chunks::<LANES>();
        let mut last = [0.0; LANES];
        last[..rest.len()].copy_from_slice(rest);
        for chunk in chunks.iter().chain([&last]) {
            for ((total, lost), value) in self.totals.iter_mut().zip(&mut self.losts).zip(chunk) {
                let (next, rest) = two_sum(*total, *value);
                *total = next;
                *lost += rest;
            }
        }
    }

    fn sum(self) -> f64 {
        let (mut total, mut lost) = (0.0, self.losts.iter().sum::<f64>());
        for lane in self.totals {
            let (next, rest) = two_sum(total, lane);
            total = next;
            lost += rest;
        }
        total + lost
    }
}

/// Values that are worked on at once, within the nearest cache.
pub(crate) const BLOCK: usize = 256;

/// Compensated sum (Kahan and Babuška's, in eight lanes that are added up in the same way): the same digits whatever the
/// order of magnitude. Its error is one rounding of the result and about n ε² Σ|x|. O(n).
///
/// # Examples
/// ```
/// use assay_stats::mean::sum;
///
/// assert_eq!(sum([1e16, 1.0, -1e16].into_iter()), 1.0);
/// ```
pub fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut lanes = Lanes::default();
    let (mut block, mut filled) = ([0.0; BLOCK], 0);
    values.for_each(|value| {
        block[filled] = value;
        filled += 1;
        if filled == BLOCK {
            lanes.add(&block);
            filled = 0;
        }
    });
    lanes.add(&block[..filled]);
    lanes.sum()
}

/// [`sum`] of values that lie side by side.
pub(crate) fn sum_of(values: &[f64]) -> f64 {
    let mut lanes = Lanes::default();
    lanes.add(values);
    lanes.sum()
}

/// Several sums whose terms come block by block: compensated between blocks.
#[derive(Clone, Copy)]
pub(crate) struct Sums<const K: usize>([(f64, f64); K]);

impl<const K: usize> Sums<K> {
    pub fn new() -> Self {
        Self([(0.0, 0.0); K])
    }

    pub fn add(&mut self, terms: [f64; K]) {
        for ((total, lost), term) in self.0.iter_mut().zip(terms) {
            let (next, rest) = two_sum(*total, term);
            *total = next;
            *lost += rest;
        }
    }

    pub fn sums(self) -> [f64; K] {
        self.0.map(|(total, lost)| total + lost)
    }
}

/// Σ w, Σ w y, Σ w² and the largest w (0 where none is above it) of a block, in lanes without compensation.
pub(crate) fn weighted(weights: &[f64; BLOCK], values: &[f64; BLOCK]) -> [f64; 4] {
    let mut lanes = [[0.0_f64; 4]; 4];
    let (weights, values) = (weights.as_chunks::<4>().0, values.as_chunks::<4>().0);
    for (weights, values) in weights.iter().zip(values) {
        for lane in 0..4 {
            let (weight, value) = (weights[lane], values[lane]);
            lanes[0][lane] += weight;
            lanes[1][lane] += weight * value;
            lanes[2][lane] += weight * weight;
            lanes[3][lane] = if weight > lanes[3][lane] { weight } else { lanes[3][lane] };
        }
    }
    let [total, products, squares, largest] = lanes;
    let sum = |lanes: [f64; 4]| (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
    [sum(total), sum(products), sum(squares), largest.into_iter().fold(0.0, f64::max)]
}

/// Σ aᵢ bᵢ over the shorter of the two, in lanes without compensation: for centred values, whose sum of squares cannot
/// cancel.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut totals = [0.0_f64; LANES];
    let (a, b) = (&a[..a.len().min(b.len())], &b[..a.len().min(b.len())]);
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        totals.iter_mut().zip(a.iter().zip(b)).for_each(|(total, (a, b))| *total += a * b);
    }
    totals.iter().sum::<f64>() + rest
}

/// CR2 standard error of the mean of independent values of one weight: √(Σ(x − x̄)²/(n(n − 1))).
pub(crate) fn plain_error(values: &[f64], mean: f64) -> f64 {
    let n = values.len() as f64;
    let squares = sum(values.chunks(BLOCK).map(|block| squares(block.iter().map(|value| value - mean))));
    (squares / (n * (n - 1.0))).sqrt()
}

/// The sum of squares of at most [`BLOCK`] numbers.
fn squares(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut block, mut filled) = ([0.0; BLOCK], 0);
    for (place, number) in block.iter_mut().zip(numbers) {
        *place = number;
        filled += 1;
    }
    dot(&block[..filled], &block[..filled])
}

/// Whether any two cases share a cluster or any declares one.
///
/// # Examples
/// ```
/// use assay_stats::{Item, mean::is_clustered};
///
/// assert!(!is_clustered(&[Item { value: 1.0, repeats: 1, cluster: None, weight: 1.0 }]));
/// ```
pub fn is_clustered(items: &[Item]) -> bool {
    items.iter().any(|item| item.cluster.is_some())
}

/// The weighted mean with CR2 variance Σ e_g²/(1 − h_g) / N² (e_g: a cluster's sum of weighted residuals, h_g: its
/// share of the weight) and df = N² / [Σ n_g² + ((Σ a_g)² − Σ a_g²)/N²], a_g = n_g²/(1 − h_g). Bell & McCaffrey
/// 2002; Pustejovsky & Tipton 2018. Weights are scaled so that they sum to the number of cases; a case without a
/// cluster is one of its own. `None` for fewer than two clusters with weight, values that are not finite or whose squares
/// are not, or a negative weight. O(cases), and a sort of the clusters.
///
/// # Examples
/// ```
/// use assay_stats::{Item, mean::clustered_mean};
///
/// let item = |value| Item { value, repeats: 1, cluster: None, weight: 1.0 };
/// let mean = clustered_mean(&[1.0, 2.0, 3.0, 4.0].map(item)).unwrap();
/// // Independent cases: s/√n on n − 1 degrees of freedom.
/// assert!((mean.se - (5f64 / 12.0).sqrt()).abs() < 1e-12 && (mean.df - 3.0).abs() < 1e-9);
/// ```
pub fn clustered_mean(items: &[Item]) -> Option<ClusteredMean> {
    if !usable(items) {
        return None;
    }
    let n = items.len() as f64;
    // The common case, where weights cancel and a case is a cluster, needs two passes.
    if items.len() > 1 && items.iter().all(|item| item.cluster.is_none() && item.weight == items[0].weight) {
        let mean = sum(items.iter().map(|item| item.value)) / n;
        let squares = sum(items.chunks(BLOCK).map(|block| squares(block.iter().map(|item| item.value - mean))));
        let se = (squares / (n * (n - 1.0))).sqrt();
        return (mean.is_finite() && se.is_finite()).then_some(ClusteredMean {
            mean,
            se,
            df: n - 1.0,
            clusters: items.len(),
            largest_share: 1.0 / n,
            design_effect: 1.0,
        });
    }
    let total = sum(items.iter().map(|item| item.weight));
    let mean = sum(items.iter().map(|item| item.weight * item.value)) / total;
    let scale = n / total;
    let terms = |item: &Item| {
        let weight = item.weight * scale;
        [weight, weight * (item.value - mean)]
    };
    let mut parts = Parts::default();
    for item in items.iter().filter(|item| item.cluster.is_none()) {
        let [weight, residual] = terms(item);
        parts.add(weight, residual, n);
    }
    for [weight, residual] in by_cluster(items, terms) {
        parts.add(weight, residual, n);
    }
    if parts.count < 2 {
        return None;
    }
    let variance = parts.squares / (n * n);
    let independent =
        sum(items.iter().map(|item| (item.weight * scale * (item.value - mean)).powi(2))) / (n * (n - 1.0));
    let cross = (parts.a * parts.a - parts.a2) / (n * n);
    let finite = mean.is_finite() && variance.is_finite();
    finite.then(|| ClusteredMean {
        mean,
        se: variance.sqrt(),
        df: n * n / (parts.n2 + cross),
        clusters: parts.count,
        largest_share: parts.largest / n,
        design_effect: if independent > 0.0 { variance / independent } else { 1.0 },
    })
}

/// Sums of each cluster's items, the clusters in the order of their numbers; numbers that are not used may have zeros.
fn by_cluster<const K: usize>(items: &[Item], terms: impl Fn(&Item) -> [f64; K]) -> Vec<[f64; K]> {
    let Some(last) = items.iter().filter_map(|item| item.cluster).max() else { return Vec::new() };
    let own = |sums: &mut [f64; K], item: &Item| {
        sums.iter_mut().zip(terms(item)).for_each(|(sum, term)| *sum += term);
    };
    let named = items.iter().filter_map(|item| Some((item.cluster?, item)));
    // Numbers from 0 on are places; others need a map.
    if last as usize <= 4 * items.len() {
        let mut sums = vec![[0.0; K]; last as usize + 1];
        named.for_each(|(cluster, item)| own(&mut sums[cluster as usize], item));
        return sums;
    }
    let mut sums: BTreeMap<u32, [f64; K]> = BTreeMap::new();
    named.for_each(|(cluster, item)| own(sums.entry(cluster).or_insert([0.0; K]), item));
    sums.into_values().collect()
}

#[derive(Default)]
struct Parts {
    count: usize,
    squares: f64,
    n2: f64,
    a: f64,
    a2: f64,
    largest: f64,
}

impl Parts {
    fn add(&mut self, weight: f64, residual: f64, n: f64) {
        // What has no weight is not there.
        if weight == 0.0 {
            return;
        }
        let rest = 1.0 - weight / n;
        let a = weight * weight / rest;
        self.count += 1;
        self.squares += residual * residual / rest;
        self.n2 += weight * weight;
        self.a += a;
        self.a2 += a * a;
        self.largest = self.largest.max(weight);
    }
}

/// The usual sandwich standard errors CR0 = √(Σ e_g²)/N and CR1 = CR0 · √(G/(G − 1)), for comparison with tools that
/// print them; they are too small with few clusters. `None` as for [`clustered_mean`]. O(cases). Liang & Zeger 1986.
///
/// # Examples
/// ```
/// use assay_stats::{Item, mean::sandwich_errors};
/// let item = |value, cluster| Item { value, repeats: 1, cluster: Some(cluster), weight: 1.0 };
/// let (cr0, cr1) = sandwich_errors(&[item(1.0, 0), item(0.0, 1)]).unwrap();
/// assert!((cr0 - 0.125f64.sqrt()).abs() < 1e-12 && (cr1 - 0.5).abs() < 1e-12);
/// ```
pub fn sandwich_errors(items: &[Item]) -> Option<(f64, f64)> {
    let mean = clustered_mean(items)?;
    let scale = items.len() as f64 / sum(items.iter().map(|item| item.weight));
    let residual = |item: &Item| item.weight * scale * (item.value - mean.mean);
    let mut squares: f64 = items.iter().filter(|item| item.cluster.is_none()).map(|item| residual(item).powi(2)).sum();
    squares += sum(by_cluster(items, |item| [residual(item)]).into_iter().map(|[residual]| residual * residual));
    let (cr0, groups) = (squares.sqrt() / items.len() as f64, mean.clusters as f64);
    Some((cr0, cr0 * (groups / (groups - 1.0)).sqrt()))
}

/// Where the variance of a mean over repeated cases comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variances {
    /// Variance of the repeats within a case, σ²_w: the mean of the cases' sample variances.
    pub within: f64,
    /// Variance between the cases' true means, σ²_b: that of their means less σ²_w times the mean of 1/K, at least 0.
    pub between: f64,
    /// Cases.
    pub cases: usize,
    /// The harmonic mean of the repeats of a case.
    pub repeats: f64,
}

impl Variances {
    /// The variance of the mean of `cases` cases with `repeats` repeats each: σ²_b/n + σ²_w/(nK). `None` unless both
    /// are above 0.
    ///
    /// # Examples
    /// ```
    /// let parts = assay_stats::mean::variances(&[vec![0.0, 2.0], vec![4.0, 6.0]]).unwrap();
    /// assert_eq!(parts.of_mean(4.0, 2.0), Some(7.0 / 4.0 + 2.0 / 8.0));
    /// ```
    pub fn of_mean(&self, cases: f64, repeats: f64) -> Option<f64> {
        (cases > 0.0 && repeats > 0.0).then(|| self.between / cases + self.within / (cases * repeats))
    }
}

/// Splits the variance of repeated cases, each given with all its repeats; within-variances come from cases with two or
/// more. `None` below two cases, without a case that has two repeats, with an empty case, or values that are not
/// finite or whose squares are not. O(repeats). Miller 2024 §3.
///
/// # Examples
/// ```
/// use assay_stats::mean::variances;
/// let parts = variances(&[vec![0.0, 2.0], vec![4.0, 6.0]]).unwrap();
/// assert_eq!((parts.within, parts.between), (2.0, 7.0));
/// ```
pub fn variances(cases: &[Vec<f64>]) -> Option<Variances> {
    if cases.len() < 2 || cases.iter().any(Vec::is_empty) || !cases.iter().flatten().all(|v| v.is_finite()) {
        return None;
    }
    let spread = |values: &[f64]| {
        let mean = sum(values.iter().copied()) / values.len() as f64;
        (mean, sum(values.iter().map(|v| (v - mean).powi(2))) / (values.len() as f64 - 1.0))
    };
    let repeated: Vec<f64> = cases.iter().filter(|case| case.len() > 1).map(|case| spread(case).1).collect();
    if repeated.is_empty() {
        return None;
    }
    let within = sum(repeated.iter().copied()) / repeated.len() as f64;
    let means: Vec<f64> = cases.iter().map(|case| sum(case.iter().copied()) / case.len() as f64).collect();
    let inverse = sum(cases.iter().map(|case| 1.0 / case.len() as f64)) / cases.len() as f64;
    let total = spread(&means).1;
    let between = (total - within * inverse).max(0.0);
    let finite = total.is_finite() && within.is_finite();
    finite.then(|| Variances { within, between, cases: cases.len(), repeats: 1.0 / inverse })
}

/// Intra-class correlation ICC(1) from the one-way analysis of variance, kept within 0 and 1. `None` without two
/// clusters, or when no cluster has two cases.
///
/// # Examples
/// ```
/// use assay_stats::{Item, mean::intraclass_correlation};
///
/// let item = |(value, cluster)| Item { value, repeats: 1, cluster: Some(cluster), weight: 1.0 };
/// let items = [(0.0, 0), (0.0, 0), (1.0, 1), (1.0, 1)].map(item);
/// assert_eq!(intraclass_correlation(&items), Some(1.0));
/// ```
pub fn intraclass_correlation(items: &[Item]) -> Option<f64> {
    let mut values = items.iter().map(|item| Some((item.cluster?, item.value))).collect::<Option<Vec<(u32, f64)>>>()?;
    values.sort_by_key(|(cluster, _)| *cluster);
    let groups = || values.chunk_by(|a, b| a.0 == b.0);
    let (g, n) = (groups().count() as f64, items.len() as f64);
    if g < 2.0 || n <= g {
        return None;
    }
    let grand = sum(items.iter().map(|item| item.value)) / n;
    let (mut between, mut within, mut squares) = (0.0, 0.0, 0.0);
    for group in groups() {
        let size = group.len() as f64;
        let mean = sum(group.iter().map(|(_, value)| *value)) / size;
        between += size * (mean - grand).powi(2);
        within += sum(group.iter().map(|(_, value)| (value - mean).powi(2)));
        squares += size * size;
    }
    let (between, within) = (between / (g - 1.0), within / (n - g));
    let size = (n - squares / n) / (g - 1.0);
    let denominator = between + (size - 1.0) * within;
    (denominator > 0.0).then(|| ((between - within) / denominator).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against whole numbers of 128 bits, in the unit 2^-20, over orders of magnitude that cancel.
        #[test]
        fn a_sum_is_exact_to_a_rounding(parts in proptest::collection::vec((-(1i64 << 53)..1i64 << 53, -20i32..30), 0..200)) {
            let values: Vec<f64> = parts.iter().map(|(digits, power)| *digits as f64 * 2f64.powi(*power)).collect();
            let exact: i128 = parts.iter().map(|(digits, power)| i128::from(*digits) << (power + 20)).sum();
            let exact = exact as f64 * 2f64.powi(-20);
            let size: f64 = values.iter().map(|value| value.abs()).sum();
            let allowed = f64::EPSILON * exact.abs() + values.len() as f64 * f64::EPSILON * f64::EPSILON * size;
            let got = sum(values.iter().copied());
            prop_assert!((got - exact).abs() <= allowed, "{got} {exact}");
            let backwards = sum(values.iter().rev().copied());
            prop_assert!((backwards - exact).abs() <= allowed, "{backwards} {exact}");
        }

        /// Lanes of products, for every remainder of the length.
        #[test]
        fn a_dot_product_is_the_sum_of_products(a in proptest::collection::vec(-1e3..1e3f64, 0..40), b in proptest::collection::vec(-1e3..1e3f64, 0..40)) {
            let exact = sum(a.iter().zip(&b).map(|(a, b)| a * b));
            prop_assert!((dot(&a, &b) - exact).abs() <= 1e-8);
        }

        /// Equal weights, whatever they are, take the short way to the same numbers.
        #[test]
        fn equal_weights_take_the_short_way(values in proptest::collection::vec(-1e3..1e3f64, 2..40), weight in 0.1..10f64) {
            let one = |value: &f64| Item { value: *value, repeats: 1, cluster: None, weight };
            let short: Vec<Item> = values.iter().map(one).collect();
            let long: Vec<Item> = values.iter().zip(0..).map(|(v, at)| Item { cluster: Some(at), ..one(v) }).collect();
            let (short, long) = (clustered_mean(&short).unwrap(), clustered_mean(&long).unwrap());
            prop_assert!((short.mean - long.mean).abs() <= 1e-12 * (1.0 + long.mean.abs()));
            prop_assert!((short.se - long.se).abs() <= 1e-12 * (1.0 + long.se));
            prop_assert!((short.df - long.df).abs() <= 1e-8 * long.df && short.clusters == long.clusters);
            prop_assert!((short.design_effect - long.design_effect).abs() <= 1e-10);
        }
    }

    fn items(values: &[(f64, Option<u32>)]) -> Vec<Item> {
        values
            .iter()
            .map(|(value, cluster)| Item { value: *value, repeats: 1, cluster: *cluster, weight: 1.0 })
            .collect()
    }

    /// The same quantities from explicit matrices: residual maker, block adjustment, and the trace form of the
    /// degrees of freedom.
    fn by_matrices(values: &[f64], clusters: &[u32]) -> (f64, f64) {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let labels: std::collections::BTreeSet<u32> = clusters.iter().copied().collect();
        let maker = |i: usize, j: usize| f64::from(u8::from(i == j)) - 1.0 / n as f64;
        let mut variance = 0.0;
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for label in labels {
            let members: Vec<usize> = (0..n).filter(|i| clusters[*i] == label).collect();
            let share = members.len() as f64 / n as f64;
            // (I − 11ᵀ/n)^(−1/2) applied to a vector of ones is that vector times (1 − share)^(−1/2).
            let factor = 1.0 / (1.0 - share).sqrt();
            let total: f64 = members.iter().map(|i| values[*i] - mean).sum();
            variance += (factor * total / n as f64).powi(2);
            columns
                .push((0..n).map(|j| members.iter().map(|i| maker(*i, j)).sum::<f64>() * factor / n as f64).collect());
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let trace: f64 = columns.iter().map(|c| dot(c, c)).sum();
        let square: f64 = columns.iter().flat_map(|a| columns.iter().map(move |b| dot(a, b).powi(2))).sum();
        (variance.sqrt(), trace * trace / square)
    }

    proptest! {
        #[test]
        fn the_closed_form_equals_the_matrix_form(rows in prop::collection::vec((-5.0..5.0f64, 0u32..6), 4..40)) {
            let values: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let clusters: Vec<u32> = rows.iter().map(|r| r.1).collect();
            prop_assume!(clusters.iter().any(|c| *c != clusters[0]));
            let got = clustered_mean(&items(&rows.iter().map(|r| (r.0, Some(r.1))).collect::<Vec<_>>())).unwrap();
            let (se, df) = by_matrices(&values, &clusters);
            prop_assert!((got.se - se).abs() < 1e-10 && (got.df - df).abs() < 1e-8, "{got:?} {se} {df}");
        }

        #[test]
        fn without_clusters_it_is_the_t_interval(values in prop::collection::vec(-5.0..5.0f64, 2..60)) {
            let got = clustered_mean(&items(&values.iter().map(|v| (*v, None)).collect::<Vec<_>>())).unwrap();
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let se = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
            prop_assert!((got.se - se).abs() < 1e-12 && (got.df - (n - 1.0)).abs() < 1e-8);
            prop_assert!((got.design_effect - 1.0).abs() < 1e-9 || se == 0.0);
        }

        #[test]
        fn equal_clusters_are_the_t_interval_on_cluster_means(values in prop::collection::vec(-5.0..5.0f64, 4..20)) {
            let rows: Vec<_> = values.iter().enumerate().flat_map(|(g, v)| [(v + 0.5, Some(g as u32)), (v - 0.5, Some(g as u32))]).collect();
            let pairs = clustered_mean(&items(&rows)).unwrap();
            let single = clustered_mean(&items(&values.iter().map(|v| (*v, None)).collect::<Vec<_>>())).unwrap();
            prop_assert!((pairs.se - single.se).abs() < 1e-12 && (pairs.df - single.df).abs() < 1e-8);
        }
    }
}
