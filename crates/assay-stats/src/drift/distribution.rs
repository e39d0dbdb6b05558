//! Two samples of one column: how far apart, and could that be chance?
//!
//! A distance between two samples is above zero without any drift: PSI has the expectation (B − 1)(1/n + 1/m). So each
//! comes with its expectation under no drift and a permutation p-value; cut-offs such as 0.1 and 0.25 know nothing of n.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Undefined, finite, sorted};
use crate::linear::Matrix;
use crate::special::chi_square_sf;

/// The least share of a bin in PSI: an empty bin would make it infinite.
pub const FLOOR: f64 = 1e-4;

/// Bins of a reference sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// Ascending inner edges; bin i holds values from edge i − 1 to below edge i, the outer bins are open.
    pub edges: Vec<f64>,
}

impl Bins {
    /// `bins` bins with equal shares of the reference, by linearly interpolated quantiles; ties merge bins. O(n log n).
    ///
    /// # Errors
    /// No values, a value that is not finite, or fewer than two bins asked for.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::distribution::Bins;
    /// let bins = Bins::quantiles(&[1.0, 2.0, 3.0, 4.0, 5.0], 2)?;
    /// assert_eq!((bins.edges.clone(), bins.counts(&[2.9, 3.0, 9.0])?), (vec![3.0], vec![1, 2]));
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn quantiles(reference: &[f64], bins: usize) -> Result<Self, Undefined> {
        finite(reference, 1)?;
        if bins < 2 {
            return Err(Undefined::Setting("bins"));
        }
        Ok(Self::of_sorted(&sorted(reference), bins))
    }

    fn of_sorted(sorted: &[f64], bins: usize) -> Self {
        let mut edges: Vec<f64> = (1..bins)
            .map(|i| {
                let at = i as f64 / bins as f64 * (sorted.len() - 1) as f64;
                let (low, part) = (at as usize, at.fract());
                let (a, b) = (sorted[low], sorted[(low + 1).min(sorted.len() - 1)]);
                // As numpy does: from the nearer end, so that ties give the tied value itself.
                if part < 0.5 { a + (b - a) * part } else { b - (b - a) * (1.0 - part) }
            })
            .collect();
        edges.dedup();
        // With nothing of the reference below it, an edge makes an empty bin, not a quantile.
        edges.retain(|edge| *edge > sorted[0]);
        Self { edges }
    }

    /// Values in each bin. O(n log bins).
    ///
    /// # Errors
    /// A value that is NaN: it is in no bin.
    ///
    /// # Examples
    /// ```
    /// let bins = assay_stats::drift::distribution::Bins { edges: vec![0.0, 1.0] };
    /// assert_eq!(bins.counts(&[-5.0, 0.0, 0.5, 1.0]), Ok(vec![1, 2, 1]));
    /// assert!(bins.counts(&[f64::NAN]).is_err());
    /// ```
    pub fn counts(&self, values: &[f64]) -> Result<Vec<u64>, Undefined> {
        if values.iter().any(|value| value.is_nan()) {
            return Err(Undefined::NotFinite);
        }
        let mut counts = vec![0; self.edges.len() + 1];
        for value in values {
            counts[self.edges.partition_point(|edge| edge <= value)] += 1;
        }
        Ok(counts)
    }
}

fn total(counts: &[u64]) -> f64 {
    counts.iter().map(|count| *count as f64).sum()
}

/// Checks two rows of counts and gives their shares.
fn shares(reference: &[u64], current: &[u64]) -> Result<Vec<(f64, f64)>, Undefined> {
    if reference.len() != current.len() {
        return Err(Undefined::Lengths);
    }
    let (n, m) = (total(reference), total(current));
    if n == 0.0 || m == 0.0 {
        return Err(Undefined::TooFew);
    }
    // Beyond it counts are no whole numbers any more.
    if n + m > (1u64 << 53) as f64 {
        return Err(Undefined::Setting("counts"));
    }
    Ok(reference.iter().zip(current).map(|(a, b)| (*a as f64 / n, *b as f64 / m)).collect())
}

/// Population stability index of two rows of counts: Σ (q − p) ln(q / p) of their shares, none below [`FLOOR`].
///
/// # Errors
/// Rows of different length, or a row without counts.
///
/// # Examples
/// ```
/// let psi = assay_stats::drift::distribution::psi(&[50, 50], &[40, 60])?;
/// assert!((psi - (0.1 * 1.25f64.ln() + 0.1 * 1.2f64.ln())).abs() < 1e-12);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn psi(reference: &[u64], current: &[u64]) -> Result<f64, Undefined> {
    let term = |(p, q): &(f64, f64)| (q.max(FLOOR) - p.max(FLOOR)) * (q.max(FLOOR) / p.max(FLOOR)).ln();
    Ok(shares(reference, current)?.iter().map(term).sum())
}

/// What PSI is on average without any drift, for `bins` bins that all have counts: (B − 1)(1/n + 1/m). `None` for an
/// empty sample or no bins.
///
/// # Examples
/// ```
/// let expected = assay_stats::drift::distribution::psi_expected(10, 100, 100).unwrap();
/// assert!((expected - 0.18).abs() < 1e-12); // "some drift" by the usual cut-off of 0.1
/// ```
pub fn psi_expected(bins: usize, n: usize, m: usize) -> Option<f64> {
    (bins > 0 && n > 0 && m > 0).then(|| (bins - 1) as f64 * (1.0 / n as f64 + 1.0 / m as f64))
}

/// Jensen–Shannon distance of two rows of counts, in natural units: √ of half the Kullback–Leibler divergences of the
/// shares to their mean. From 0 to √ln 2. Lin 1991; Endres & Schindelin 2003.
///
/// # Errors
/// Rows of different length, or a row without counts.
///
/// # Examples
/// ```
/// let far = assay_stats::drift::distribution::jensen_shannon(&[5, 0], &[0, 9])?;
/// assert!((far - 2f64.ln().sqrt()).abs() < 1e-12);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn jensen_shannon(reference: &[u64], current: &[u64]) -> Result<f64, Undefined> {
    let part = |p: f64, mean: f64| if p > 0.0 { p * (p / mean).ln() } else { 0.0 };
    let sum: f64 = shares(reference, current)?
        .iter()
        .map(|(p, q)| {
            let mean = 0.5 * (p + q);
            part(*p, mean) + part(*q, mean)
        })
        .sum();
    Ok((0.5 * sum.max(0.0)).sqrt())
}

/// Hellinger distance of two rows of counts: √(½ Σ (√p − √q)²) of their shares, from 0 to 1.
///
/// # Errors
/// Rows of different length, or a row without counts.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::drift::distribution::hellinger(&[4, 0], &[0, 9]), Ok(1.0));
/// ```
pub fn hellinger(reference: &[u64], current: &[u64]) -> Result<f64, Undefined> {
    let sum: f64 = shares(reference, current)?.iter().map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2)).sum();
    Ok((0.5 * sum).sqrt())
}

/// Total variation of two rows of counts: ½ Σ |p − q| of their shares, from 0 to 1: the share of cases that moved.
///
/// # Errors
/// Rows of different length, or a row without counts.
///
/// # Examples
/// ```
/// let moved = assay_stats::drift::distribution::total_variation(&[5, 5], &[3, 7])?;
/// assert!((moved - 0.2).abs() < 1e-12);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn total_variation(reference: &[u64], current: &[u64]) -> Result<f64, Undefined> {
    Ok(0.5 * shares(reference, current)?.iter().map(|(p, q)| (p - q).abs()).sum::<f64>())
}

/// Wasserstein-1 distance (earth mover's) in the values' own units: the area between the two distribution functions.
/// Divide it by the reference's standard deviation to compare columns. O(n log n).
///
/// # Errors
/// An empty sample, or a value that is not finite.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::drift::distribution::wasserstein(&[0.0, 1.0], &[2.0, 3.0]), Ok(2.0));
/// ```
pub fn wasserstein(reference: &[f64], current: &[f64]) -> Result<f64, Undefined> {
    finite(reference, 1)?;
    finite(current, 1)?;
    Ok(Pooled::new(reference, current).wasserstein())
}

/// A two-sample Kolmogorov–Smirnov test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KolmogorovSmirnov {
    /// The largest distance of the two distribution functions, from 0 to 1.
    pub statistic: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Whether p counts all orders of the pooled values (no ties assumed), or is an approximation.
    pub exact: bool,
}

/// Two-sample Kolmogorov–Smirnov test, two-sided. Exact by counting lattice paths with at most 10,000 values in each sample,
/// O(nm) for different sizes; beyond, the one-sample distribution at nm/(n + m). Ties make p too large. Hodges 1958; Simard &
/// L'Ecuyer 2011.
///
/// # Errors
/// An empty sample, or a value that is not finite.
///
/// # Examples
/// ```
/// let test = assay_stats::drift::distribution::kolmogorov_smirnov(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0])?;
/// assert!(test.statistic == 1.0 && (test.p - 0.1).abs() < 1e-12);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn kolmogorov_smirnov(reference: &[f64], current: &[f64]) -> Result<KolmogorovSmirnov, Undefined> {
    finite(reference, 1)?;
    finite(current, 1)?;
    let (n, m) = (reference.len() as u64, current.len() as u64);
    let common = gcd(n, m);
    // In units of 1 / least common multiple the statistic is a whole number.
    let (step_n, step_m) = (m / common, n / common);
    let pooled = Pooled::new(reference, current);
    let (mut largest, mut apart, mut at) = (0i64, 0i64, 0);
    while at < pooled.values.len() {
        let value = pooled.values[at];
        while at < pooled.values.len() && pooled.values[at] == value {
            apart += if pooled.is_reference[at] { step_n as i64 } else { -(step_m as i64) };
            at += 1;
        }
        largest = largest.max(apart.abs());
    }
    let multiple = (n * step_n) as f64;
    let statistic = largest as f64 / multiple;
    let exact = n.max(m) <= 10_000;
    let p = if largest == 0 {
        1.0
    } else if exact && n == m {
        square(n, largest as u64)
    } else if exact {
        outside(n, m, step_n, step_m, largest)
    } else {
        let size = (n as f64 * m as f64 / (n + m) as f64).round_ties_even();
        kolmogorov_sf(size, statistic)
    };
    Ok(KolmogorovSmirnov { statistic, p: p.clamp(0.0, 1.0), exact })
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// P(D ≥ h/n) of two samples of n: Gnedenko and Korolyuk's alternating sum of binomials, nested so that nothing cancels.
fn square(n: u64, h: u64) -> f64 {
    let mut p = 0.0;
    for k in (0..=n / h).rev() {
        let ratio: f64 = (0..h).map(|j| (n as f64 - (k * h + j) as f64) / (n + k * h + j + 1) as f64).product();
        p = ratio * (1.0 - p);
    }
    2.0 * p
}

/// P(D ≥ h / lcm): the share of lattice paths to (n, m) that ever leave the band. Sums of positive terms only. O(nm) time,
/// O(m) memory.
fn outside(n: u64, m: u64, step_n: u64, step_m: u64, h: i64) -> f64 {
    let mut row = vec![1.0; m as usize + 1];
    for x in 0..=n {
        let centre = (x * step_n) as i64;
        // Inside: |x step_n − y step_m| < h.
        let low = ((centre - h).div_euclid(step_m as i64) + 1).max(0) as usize;
        let high = ((centre + h - 1).div_euclid(step_m as i64)).min(m as i64) as usize;
        let mut below = 1.0;
        for (y, cell) in row.iter_mut().enumerate().take(high + 1).skip(low) {
            *cell = if x == 0 && y == 0 {
                0.0
            } else {
                // Of all paths to (x, y) the share x / (x + y) comes from the left.
                (x as f64 * *cell + y as f64 * below) / (x as f64 + y as f64)
            };
            below = *cell;
        }
        if high as u64 == m && (x == n) {
            return row[m as usize];
        }
        for cell in row.iter_mut().take(low) {
            *cell = 1.0;
        }
    }
    1.0
}

/// P(Dₙ ≥ x) of one sample of n. Which formula is accurate where: Simard & L'Ecuyer 2011.
fn kolmogorov_sf(n: f64, x: f64) -> f64 {
    let t = n * x;
    if x >= 1.0 {
        return 0.0;
    }
    if t <= 0.5 {
        return 1.0;
    }
    let squared = t * x;
    if x >= 0.5 || t >= n - 1.0 || squared >= if n <= 140.0 { 4.0 } else { 2.2 } {
        return if squared >= 370.0 { 0.0 } else { (2.0 * smirnov(n, x)).min(1.0) };
    }
    1.0 - if n <= 140.0 || n <= 1e5 && n * x.powf(1.5) <= 1.4 { marsaglia(n, x) } else { pelz_good(n, x) }
}

/// One-sided P(Dₙ⁺ ≥ x): x Σ C(n, j) (x + j/n)^(j−1) (1 − x − j/n)^(n−j).
fn smirnov(n: f64, x: f64) -> f64 {
    let last = (n * (1.0 - x)).floor() as u64;
    let mut sum = 0.0;
    let mut ln_choose = 0.0;
    for j in 0..=last {
        let share = j as f64 / n;
        let rest = 1.0 - x - share;
        if rest > 0.0 || j as f64 == n {
            let tail = if j as f64 == n { 0.0 } else { (n - j as f64) * rest.ln() };
            sum += (ln_choose + tail + (j as f64 - 1.0) * (x + share).ln()).exp();
        }
        ln_choose += ((n - j as f64) / (j as f64 + 1.0)).ln();
    }
    x * sum
}

/// P(Dₙ < x) by Durbin's matrix: the n-th power of a (2k − 1)² matrix. Marsaglia, Tsang & Wang 2003.
fn marsaglia(n: f64, x: f64) -> f64 {
    let k = (n * x).ceil();
    let h = k - n * x;
    let size = 2 * k as usize - 1;
    let mut matrix = Matrix::zeros(size);
    for i in 0..size {
        for j in 0..size.min(i + 2) {
            matrix.cells[i * size + j] = 1.0;
        }
    }
    for i in 0..size {
        matrix.cells[i * size] -= h.powi(i as i32 + 1);
        matrix.cells[(size - 1) * size + i] -= h.powi((size - i) as i32);
    }
    if 2.0 * h > 1.0 {
        matrix.cells[(size - 1) * size] += (2.0 * h - 1.0).powi(size as i32);
    }
    for i in 0..size {
        for j in 0..size.min(i + 2) {
            for divisor in 1..=(i + 1 - j) {
                matrix.cells[i * size + j] /= divisor as f64;
            }
        }
    }
    let (mut power, mut scale) = (None::<(Matrix, i32)>, 0);
    let mut left = n as u64;
    while left > 0 {
        if left & 1 == 1 {
            power = Some(match power {
                None => (matrix.clone(), scale),
                Some((so_far, exponent)) => (so_far.times(&matrix), exponent + scale),
            });
            if let Some((cells, exponent)) = &mut power {
                rescale(cells, exponent);
            }
        }
        left >>= 1;
        if left > 0 {
            matrix = matrix.times(&matrix);
            scale *= 2;
            rescale(&mut matrix, &mut scale);
        }
    }
    let Some((power, exponent)) = power else { return 0.0 };
    let k = k as usize - 1;
    let mut p = power.at(k, k) * 10f64.powi(exponent.max(-300));
    // n! / nⁿ, kept in range on the way.
    let mut exponent = 0;
    for i in 1..=n as u64 {
        p *= i as f64 / n;
        if p < 1e-140 && p > 0.0 {
            p *= 1e140;
            exponent -= 140;
        }
    }
    p * 10f64.powi(exponent)
}

fn rescale(matrix: &mut Matrix, exponent: &mut i32) {
    let middle = matrix.n / 2;
    if matrix.at(middle, middle) > 1e140 {
        for cell in &mut matrix.cells {
            *cell *= 1e-140;
        }
        *exponent += 140;
    }
}

/// P(Dₙ < x) by Pelz and Good's expansion in 1/√n (1976), as theta functions that converge for small x.
fn pelz_good(n: f64, x: f64) -> f64 {
    let pi2 = std::f64::consts::PI.powi(2);
    let root = (2.0 * std::f64::consts::PI).sqrt();
    let z = n.sqrt() * x;
    let (z2, z4, z6) = (z * z, z.powi(4), z.powi(6));
    let (mut k0, mut k1, mut k2, mut k3) = (0.0, 0.0, 0.0, 0.0);
    for k in 1..=(16.0 * z / std::f64::consts::PI).ceil() as i32 {
        let odd = f64::from(2 * k - 1);
        let m2 = odd * odd * pi2;
        let weight = (-m2 / (8.0 * z2)).exp();
        k0 += weight;
        k1 += weight * (m2 / 4.0 - z2);
        k2 += weight * (6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * m2 / 4.0 + m2 * m2 * (1.0 - 2.0 * z2) / 16.0);
        k3 += weight
            * (-30.0 * z6 - 90.0 * z.powi(8)
                + m2 * (135.0 * z4 - 96.0 * z6) / 4.0
                + m2 * m2 * (212.0 * z4 - 60.0 * z2) / 16.0
                + m2.powi(3) * (5.0 - 30.0 * z2) / 64.0);
    }
    let (mut even2, mut even3) = (0.0, 0.0);
    for k in 1..=(16.0 * z / std::f64::consts::PI).ceil() as i32 {
        let k2 = f64::from(k * k) * pi2;
        let weight = (-k2 / (2.0 * z2)).exp();
        even2 += weight * k2;
        even3 += weight * k2 * (3.0 * z2 - k2);
    }
    root * (k0 / z
        + k1 / (6.0 * z4) / n.sqrt()
        + (k2 / (72.0 * z.powi(7)) - even2 / (36.0 * z.powi(3))) / n
        + (k3 / (6480.0 * z.powi(10)) + even3 / (216.0 * z6)) / n.powf(1.5))
}

/// How categories differ between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Independence {
    /// Pearson's χ².
    pub chi_square: f64,
    /// The likelihood ratio statistic G = 2 Σ O ln(O / E).
    pub g: f64,
    /// Categories with counts, less one.
    pub df: usize,
    /// p-value of χ².
    pub p: f64,
    /// p-value of G.
    pub g_p: f64,
    /// Whether an expected count is below 5, and p-values are from permutations.
    pub monte_carlo: bool,
    /// Effect size √(χ²/N), from 0 to 1.
    pub cramer_v: f64,
}

/// Pearson's χ² and G of two rows of counts over the same categories, without Yates' correction; categories that neither
/// row has are left out. Where an expected count is below 5 the χ² distribution does not hold and p comes from
/// `permutations` shuffles of all cases, (1 + as extreme) / (1 + shuffles), O(permutations · cases); but from χ² above ten
/// million cases. Pearson 1900; Wilks 1938.
///
/// # Errors
/// Rows of different length, an empty row, or a single category.
///
/// # Examples
/// ```
/// let test = assay_stats::drift::distribution::independence(&[60, 40], &[40, 60], 999, 0)?;
/// assert!((test.chi_square - 8.0).abs() < 1e-12 && (test.cramer_v - 0.2).abs() < 1e-12);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn independence(
    reference: &[u64],
    current: &[u64],
    permutations: usize,
    seed: u64,
) -> Result<Independence, Undefined> {
    shares(reference, current)?;
    let table: Vec<(u64, u64)> =
        reference.iter().copied().zip(current.iter().copied()).filter(|(a, b)| a + b > 0).collect();
    if table.len() < 2 {
        return Err(Undefined::Constant);
    }
    let (n, m) = (total(reference), total(current));
    let total = n + m;
    let statistics = |table: &[(u64, u64)]| {
        let (mut chi, mut g) = (0.0, 0.0);
        for (a, b) in table {
            let both = (a + b) as f64;
            for (seen, size) in [(*a as f64, n), (*b as f64, m)] {
                let expected = both * size / total;
                chi += (seen - expected).powi(2) / expected;
                if seen > 0.0 {
                    g += 2.0 * seen * (seen / expected).ln();
                }
            }
        }
        (chi, g)
    };
    let (chi_square, g) = statistics(&table);
    let df = table.len() - 1;
    let few = total <= 1e7;
    let monte_carlo = permutations > 0 && few && table.iter().any(|(a, b)| (a + b) as f64 * n.min(m) / total < 5.0);
    let (p, g_p) = if monte_carlo {
        let mut cases: Vec<usize> =
            table.iter().enumerate().flat_map(|(i, (a, b))| std::iter::repeat_n(i, (a + b) as usize)).collect();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut chi_extreme, mut g_extreme) = (1, 1);
        for _ in 0..permutations {
            let (first, _) = cases.partial_shuffle(&mut random, n as usize);
            let mut drawn: Vec<(u64, u64)> = table.iter().map(|(a, b)| (0, a + b)).collect();
            for case in first.iter() {
                drawn[*case].0 += 1;
                drawn[*case].1 -= 1;
            }
            let (chi, likelihood) = statistics(&drawn);
            chi_extreme += u64::from(chi >= chi_square - 1e-9);
            g_extreme += u64::from(likelihood >= g - 1e-9);
        }
        let share = |extreme: u64| extreme as f64 / (permutations + 1) as f64;
        (share(chi_extreme), share(g_extreme))
    } else {
        (chi_square_sf(chi_square, df as f64), chi_square_sf(g, df as f64))
    };
    Ok(Independence { chi_square, g, df, p, g_p, monte_carlo, cramer_v: (chi_square / total).sqrt() })
}

/// A k-sample Anderson–Darling test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AndersonDarling {
    /// The standardised statistic (A² − (k − 1)) / σ.
    pub statistic: f64,
    /// p-value, interpolated in published tables: from 0.001 (then it is at most that) to 0.25 (then at least).
    pub p: f64,
}

/// Anderson–Darling test that k samples come from one distribution, with midranks for ties. More sensitive in the tails
/// than Kolmogorov–Smirnov. O(N log N + kN). Scholz & Stephens 1987.
///
/// # Errors
/// Fewer than two samples, an empty one, fewer than four values, a value that is not finite, or all values equal.
///
/// # Examples
/// ```
/// let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]);
/// let test = assay_stats::drift::distribution::anderson_darling(&[&low, &high])?;
/// assert!(test.p < 0.01);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn anderson_darling(samples: &[&[f64]]) -> Result<AndersonDarling, Undefined> {
    if samples.len() < 2 {
        return Err(Undefined::TooFew);
    }
    for sample in samples {
        finite(sample, 1)?;
    }
    let k = samples.len() as f64;
    let mut pooled: Vec<(f64, usize)> =
        samples.iter().enumerate().flat_map(|(i, sample)| sample.iter().map(move |v| (v + 0.0, i))).collect();
    pooled.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let total = pooled.len() as f64;
    if pooled.len() < 4 {
        return Err(Undefined::TooFew);
    }
    if pooled[0].0 == pooled[pooled.len() - 1].0 {
        return Err(Undefined::Constant);
    }
    let mut below = vec![0.0; samples.len()];
    let mut sums = vec![0.0; samples.len()];
    let mut here = vec![0.0; samples.len()];
    let mut before = 0.0;
    for ties in pooled.chunk_by(|a, b| a.0 == b.0) {
        let l = ties.len() as f64;
        here.fill(0.0);
        for (_, sample) in ties {
            here[*sample] += 1.0;
        }
        let b = before + l / 2.0;
        let scale = b * (total - b) - total * l / 4.0;
        for (i, sample) in samples.iter().enumerate() {
            let m = below[i] + here[i] / 2.0;
            if scale > 0.0 {
                sums[i] += l / total * (total * m - b * sample.len() as f64).powi(2) / scale;
            }
            below[i] += here[i];
        }
        before += l;
    }
    let raw: f64 = (total - 1.0) / total * sums.iter().zip(samples).map(|(s, x)| s / x.len() as f64).sum::<f64>();
    let inverse: f64 = samples.iter().map(|sample| 1.0 / sample.len() as f64).sum();
    let (mut h, mut g) = (0.0, 0.0);
    for i in 1..pooled.len() - 1 {
        h += 1.0 / (total - i as f64);
        g += h / (i as f64 + 1.0);
    }
    h += 1.0;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * inverse;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * inverse - 8.0 * h + 4.0 * g - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * inverse + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    let variance =
        (a * total.powi(3) + b * total.powi(2) + c * total + d) / ((total - 1.0) * (total - 2.0) * (total - 3.0));
    let m = k - 1.0;
    let statistic = (raw - m) / variance.sqrt();
    // Table 2 of Scholz and Stephens.
    const LEVELS: [(f64, f64, f64, f64); 7] = [
        (0.25, 0.675, -0.245, -0.105),
        (0.1, 1.281, 0.25, -0.305),
        (0.05, 1.645, 0.678, -0.362),
        (0.025, 1.96, 1.149, -0.391),
        (0.01, 2.326, 1.822, -0.396),
        (0.005, 2.573, 2.364, -0.345),
        (0.001, 3.085, 3.615, -0.154),
    ];
    let points = LEVELS.map(|(p, b0, b1, b2)| (b0 + b1 / m.sqrt() + b2 / m, p));
    let p = if statistic < points[0].0 {
        points[0].1
    } else if statistic > points[6].0 {
        points[6].1
    } else {
        parabola(&points.map(|(x, p)| (x, p.ln())), statistic).exp()
    };
    Ok(AndersonDarling { statistic, p })
}

/// The least-squares parabola through points, at `x`.
fn parabola(points: &[(f64, f64)], x: f64) -> f64 {
    let centre = points.iter().map(|(x, _)| x).sum::<f64>() / points.len() as f64;
    let mut normal = Matrix::zeros(3);
    let mut right = [0.0; 3];
    let powers = |x: f64| [1.0, x - centre, (x - centre).powi(2)];
    for (x, y) in points {
        for (i, a) in powers(*x).into_iter().enumerate() {
            right[i] += a * y;
            for (j, b) in powers(*x).into_iter().enumerate() {
                normal.add(i, j, a * b);
            }
        }
    }
    let factor = normal.cholesky().expect("seven different points determine a parabola");
    factor.solve(&right).iter().zip(powers(x)).map(|(a, b)| a * b).sum()
}

/// Two samples pooled and sorted.
struct Pooled {
    values: Vec<f64>,
    is_reference: Vec<bool>,
    n: usize,
}

impl Pooled {
    fn new(reference: &[f64], current: &[f64]) -> Self {
        let mut both: Vec<(f64, bool)> =
            reference.iter().map(|v| (v + 0.0, true)).chain(current.iter().map(|v| (v + 0.0, false))).collect();
        both.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (values, is_reference) = both.into_iter().unzip();
        Self { values, is_reference, n: reference.len() }
    }

    fn wasserstein(&self) -> f64 {
        let (n, m) = (self.n as f64, (self.values.len() - self.n) as f64);
        let (mut a, mut b, mut area) = (0.0, 0.0, 0.0);
        for (i, pair) in self.values.windows(2).enumerate() {
            if self.is_reference[i] {
                a += 1.0;
            } else {
                b += 1.0;
            }
            area += f64::abs(a / n - b / m) * (pair[1] - pair[0]);
        }
        area
    }

    /// Counts in the reference's quantile bins. O(N).
    fn binned(&self, bins: usize) -> (Vec<u64>, Vec<u64>) {
        let of = |wanted: bool| -> Vec<f64> {
            let marked = self.values.iter().zip(&self.is_reference);
            marked.filter(|(_, is)| **is == wanted).map(|(v, _)| *v).collect()
        };
        let (reference, current) = (of(true), of(false));
        let bins = Bins::of_sorted(&reference, bins);
        let counts = |sorted: &[f64]| {
            let mut from = 0;
            let mut counts: Vec<u64> = Vec::with_capacity(bins.edges.len() + 1);
            for edge in &bins.edges {
                let to = sorted.partition_point(|v| v < edge);
                counts.push((to - from) as u64);
                from = to;
            }
            counts.push((sorted.len() - from) as u64);
            counts
        };
        (counts(&reference), counts(&current))
    }

    fn reference_sd(&self) -> Option<f64> {
        let mean = |f: &dyn Fn(f64) -> f64| {
            let marked = self.values.iter().zip(&self.is_reference);
            marked.filter(|(_, is)| **is).map(|(v, _)| f(*v)).sum::<f64>() / self.n as f64
        };
        let centre = mean(&|v| v);
        Some(mean(&|v| (v - centre).powi(2)).sqrt()).filter(|sd| *sd > 0.0)
    }
}

/// A distance with what it is by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Between the two samples.
    pub value: f64,
    /// Its mean over permutations: what it is without drift.
    pub expected: f64,
    /// (1 + permutations at least as far) / (1 + permutations).
    pub p: f64,
}

/// The distances of two samples of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distances {
    /// Bins, or categories.
    pub bins: usize,
    /// Population stability index.
    pub psi: Distance,
    /// Jensen–Shannon distance, natural units.
    pub jensen_shannon: Distance,
    /// Hellinger distance.
    pub hellinger: Distance,
    /// Total variation.
    pub total_variation: Distance,
    /// Wasserstein-1 over the reference's standard deviation (of the sample itself, not of the permutation); `None` for
    /// categories, and for a reference without variation.
    pub wasserstein: Option<Distance>,
}

fn binned_distances(reference: &[u64], current: &[u64]) -> Result<[f64; 4], Undefined> {
    Ok([
        psi(reference, current)?,
        jensen_shannon(reference, current)?,
        hellinger(reference, current)?,
        total_variation(reference, current)?,
    ])
}

/// Sums of permuted distances, and how often they were at least as far as the sample's.
struct Tally<const N: usize> {
    found: [f64; N],
    sums: [f64; N],
    extreme: [u64; N],
    permutations: usize,
}

impl<const N: usize> Tally<N> {
    fn new(found: [f64; N], permutations: usize) -> Self {
        Self { found, sums: [0.0; N], extreme: [1; N], permutations }
    }

    fn add(&mut self, permuted: [f64; N]) {
        for (i, value) in permuted.into_iter().enumerate() {
            self.sums[i] += value;
            self.extreme[i] += u64::from(value >= self.found[i] - 1e-12);
        }
    }

    fn at(&self, i: usize) -> Distance {
        let n = self.permutations as f64;
        Distance { value: self.found[i], expected: self.sums[i] / n, p: self.extreme[i] as f64 / (n + 1.0) }
    }
}

/// All distances of two numeric samples on the reference's quantile bins, with permutations: bins are cut anew from each
/// permuted reference, as they were from the true one. O(permutations · (n + m)).
///
/// # Errors
/// An empty sample, a value that is not finite, fewer than two bins, or no permutations.
///
/// # Examples
/// ```
/// let reference: Vec<f64> = (0..200).map(f64::from).collect();
/// let current: Vec<f64> = reference.iter().map(|v| v + 80.0).collect();
/// let found = assay_stats::drift::distribution::numeric_distances(&reference, &current, 10, 199, 1)?;
/// assert!(found.psi.value > found.psi.expected && found.psi.p <= 0.005);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn numeric_distances(
    reference: &[f64],
    current: &[f64],
    bins: usize,
    permutations: usize,
    seed: u64,
) -> Result<Distances, Undefined> {
    let cut = Bins::quantiles(reference, bins)?;
    finite(current, 1)?;
    if permutations == 0 {
        return Err(Undefined::Setting("permutations"));
    }
    let mut pooled = Pooled::new(reference, current);
    let sd = pooled.reference_sd();
    let all = |pooled: &Pooled| {
        let (a, b) = pooled.binned(bins);
        let [psi, js, hellinger, tv] = binned_distances(&a, &b)?;
        Ok([psi, js, hellinger, tv, pooled.wasserstein() / sd.unwrap_or(1.0)])
    };
    let mut tally = Tally::new(all(&pooled)?, permutations);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..permutations {
        pooled.is_reference.shuffle(&mut random);
        tally.add(all(&pooled)?);
    }
    Ok(Distances {
        bins: cut.edges.len() + 1,
        psi: tally.at(0),
        jensen_shannon: tally.at(1),
        hellinger: tally.at(2),
        total_variation: tally.at(3),
        wasserstein: sd.map(|_| tally.at(4)),
    })
}

/// All distances of two rows of counts over the same categories, with permutations of the cases. O(permutations · cases).
///
/// # Errors
/// Rows of different length, an empty row, or no permutations.
///
/// # Examples
/// ```
/// let found = assay_stats::drift::distribution::categorical_distances(&[90, 10], &[60, 40], 199, 1)?;
/// assert!(found.total_variation.p <= 0.01 && (found.total_variation.value - 0.3).abs() < 1e-12);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn categorical_distances(
    reference: &[u64],
    current: &[u64],
    permutations: usize,
    seed: u64,
) -> Result<Distances, Undefined> {
    if permutations == 0 {
        return Err(Undefined::Setting("permutations"));
    }
    let mut tally = Tally::new(binned_distances(reference, current)?, permutations);
    let n = reference.iter().sum::<u64>() as usize;
    let mut cases: Vec<usize> = reference
        .iter()
        .zip(current)
        .enumerate()
        .flat_map(|(i, (a, b))| std::iter::repeat_n(i, (a + b) as usize))
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..permutations {
        let (mut a, mut b) = (vec![0; reference.len()], vec![0; reference.len()]);
        let (first, rest) = cases.partial_shuffle(&mut random, n);
        first.iter().for_each(|case| a[*case] += 1);
        rest.iter().for_each(|case| b[*case] += 1);
        tally.add(binned_distances(&a, &b)?);
    }
    Ok(Distances {
        bins: reference.iter().zip(current).filter(|(a, b)| *a + *b > 0).count(),
        psi: tally.at(0),
        jensen_shannon: tally.at(1),
        hellinger: tally.at(2),
        total_variation: tally.at(3),
        wasserstein: None,
    })
}

/// What Evidently looks at by default, and from where it says drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidently {
    /// p of Kolmogorov–Smirnov below this.
    KolmogorovSmirnov(f64),
    /// p of χ² below this.
    ChiSquare(f64),
    /// p of the z test of two shares below this.
    TwoShares(f64),
    /// Wasserstein over the reference's standard deviation from this on.
    Wasserstein(f64),
    /// Jensen–Shannon distance from this on.
    JensenShannon(f64),
}

/// Evidently's default choice by the rows of the reference and the distinct values of the column: tests at 0.05 up to 1,000
/// rows, distances at 0.1 beyond. Numeric columns with up to five values count as categories. Kept to compare with it: at
/// many rows any test rejects, and a distance of 0.1 says nothing about chance.
///
/// # Examples
/// ```
/// use assay_stats::drift::distribution::{Evidently, evidently};
/// assert_eq!(evidently(500, 100, true), Evidently::KolmogorovSmirnov(0.05));
/// assert_eq!(evidently(5000, 3, false), Evidently::JensenShannon(0.1));
/// ```
pub fn evidently(reference_rows: usize, distinct: usize, numeric: bool) -> Evidently {
    match (reference_rows <= 1000, numeric && distinct > 5) {
        (true, true) => Evidently::KolmogorovSmirnov(0.05),
        (true, false) if distinct > 2 => Evidently::ChiSquare(0.05),
        (true, false) => Evidently::TwoShares(0.05),
        (false, true) => Evidently::Wasserstein(0.1),
        (false, false) => Evidently::JensenShannon(0.1),
    }
}

/// A percentile interval of Wasserstein-1 over the reference's standard deviation: both samples are redrawn. Biased upward for
/// samples without drift, where distance has its boundary: read it with [`Distance::expected`]. O(resamples · n log n).
///
/// # Errors
/// An empty sample, a value that is not finite, a constant reference, or fewer than 40 resamples.
///
/// # Examples
/// ```
/// let reference: Vec<f64> = (0..100).map(f64::from).collect();
/// let current: Vec<f64> = reference.iter().map(|v| v + 50.0).collect();
/// let (low, high) = assay_stats::drift::distribution::wasserstein_interval(&reference, &current, 0.95, 200, 1)?;
/// assert!(low < 1.73 && high > 1.73);
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn wasserstein_interval(
    reference: &[f64],
    current: &[f64],
    confidence: f64,
    resamples: usize,
    seed: u64,
) -> Result<(f64, f64), Undefined> {
    finite(reference, 1)?;
    finite(current, 1)?;
    if resamples < 40 {
        return Err(Undefined::Setting("resamples"));
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Undefined::Setting("confidence"));
    }
    let sd = Pooled::new(reference, current).reference_sd().ok_or(Undefined::Constant)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut redraw = |sample: &[f64]| -> Vec<f64> {
        (0..sample.len()).map(|_| sample[random.random_range(0..sample.len())]).collect()
    };
    let found: Vec<f64> =
        (0..resamples).map(|_| Pooled::new(&redraw(reference), &redraw(current)).wasserstein() / sd).collect();
    let found = sorted(&found);
    let at = |q: f64| found[((q * resamples as f64) as usize).min(resamples - 1)];
    Ok((at((1.0 - confidence) / 2.0), at((1.0 + confidence) / 2.0)))
}
