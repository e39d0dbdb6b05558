//! Many tests at once: adjusted p-values and simultaneous intervals.
//!
//! A p that is not a number from 0 to 1 is no test: it is not counted, and stands as NaN in the adjusted list.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::estimate::{Interval, is_level};
use crate::quantile::quantile_sorted;

/// Holm's step-down adjusted p-values, in the order given: controls the chance of any false alarm. Holm 1979.
///
/// # Examples
/// ```
/// use assay_stats::multiplicity::holm;
///
/// assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let (order, mut adjusted) = ascending(p);
    let mut running = 0.0_f64;
    for (rank, at) in order.iter().enumerate() {
        running = running.max((order.len() - rank) as f64 * p[*at]).min(1.0);
        adjusted[*at] = running;
    }
    adjusted
}

/// Hochberg's step-up adjusted p-values: as Holm, for independent or positively dependent tests. Hochberg 1988.
///
/// # Examples
/// ```
/// use assay_stats::multiplicity::hochberg;
///
/// assert_eq!(hochberg(&[0.01, 0.04, 0.03]), [0.03, 0.04, 0.04]);
/// ```
pub fn hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, |rank, m| (m - rank) as f64)
}

/// Hommel's adjusted p-values: never larger than Hochberg's, under the same conditions. O(m²). Hommel 1988.
///
/// # Examples
/// ```
/// use assay_stats::multiplicity::hommel;
///
/// assert_eq!(hommel(&[0.01, 0.04, 0.03]), [0.03, 0.04, 0.04]);
/// ```
pub fn hommel(p: &[f64]) -> Vec<f64> {
    let (order, mut adjusted) = ascending(p);
    let sorted: Vec<f64> = order.iter().map(|at| p[*at]).collect();
    let n = sorted.len();
    let simes = |values: &[f64], m: usize, from: usize| {
        values.iter().enumerate().map(|(i, p)| m as f64 * p / (i + from) as f64).fold(f64::INFINITY, f64::min)
    };
    let mut best = vec![simes(&sorted, n, 1); n];
    for m in (2..n).rev() {
        let (low, high) = sorted.split_at(n - m + 1);
        let shared = simes(high, m, 2);
        let mut last = 0.0;
        for (best, p) in best.iter_mut().zip(low) {
            last = (m as f64 * p).min(shared);
            *best = best.max(last);
        }
        best[n - m + 1..].iter_mut().for_each(|best| *best = best.max(last));
    }
    for ((at, best), p) in order.iter().zip(best).zip(sorted) {
        adjusted[*at] = best.max(p).min(1.0);
    }
    adjusted
}

/// Benjamini and Hochberg's step-up adjusted p-values, in the order given: controls the share of false alarms among
/// alarms. 1995.
///
/// # Examples
/// ```
/// use assay_stats::multiplicity::benjamini_hochberg;
///
/// assert_eq!(benjamini_hochberg(&[0.01, 0.04, 0.03]), [0.03, 0.04, 0.04]);
/// ```
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, |rank, m| m as f64 / (rank + 1) as f64)
}

/// Benjamini and Yekutieli's adjusted p-values: the share of false alarms under any dependence. 2001.
///
/// # Examples
/// ```
/// use assay_stats::multiplicity::benjamini_yekutieli;
///
/// // Benjamini and Hochberg's times 1 + ½ + ⅓.
/// assert!((benjamini_yekutieli(&[0.01, 0.04, 0.03])[0] - 0.055).abs() < 1e-12);
/// ```
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    let tests = p.iter().filter(|p| (0.0..=1.0).contains(*p)).count();
    let harmonic: f64 = (1..=tests).map(|i| 1.0 / i as f64).sum();
    step_up(p, |rank, m| harmonic * m as f64 / (rank + 1) as f64)
}

/// Running minima from the largest p-value down of `factor(rank from 0, tests)` · p.
fn step_up(p: &[f64], factor: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let (order, mut adjusted) = ascending(p);
    let mut running = 1.0_f64;
    for (rank, at) in order.iter().enumerate().rev() {
        running = running.min(factor(rank, order.len()) * p[*at]);
        adjusted[*at] = running;
    }
    adjusted
}

/// The positions of the p-values that are some, smallest first, and a vector of NaN to fill.
fn ascending(p: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let mut order: Vec<usize> = (0..p.len()).filter(|at| (0.0..=1.0).contains(&p[*at])).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    (order, vec![f64::NAN; p.len()])
}

/// Simultaneous inference on many mean differences that share cases.
#[derive(Clone, Debug, PartialEq)]
pub struct MaxT {
    /// Step-down adjusted p-values (two-sided) in the order of the cells; `None` for a cell without variation.
    pub adjusted: Vec<Option<f64>>,
    /// The critical value of |t| that all cells together exceed with the chance α; `None` when no cell varies.
    pub critical: Option<f64>,
    /// Simultaneous intervals of the means; `None` for a cell without variation or with fewer than 2 clusters.
    pub intervals: Vec<Option<Interval>>,
}

/// Romano and Wolf's step-down max-T over cells (metrics × slices) by sign flips of clusters. `cells[j][g]` is cluster
/// g's sum of item differences in cell j and its number of items there (0 when it has none). All cells are flipped
/// together, so that their correlation is used. Flips of the differences give the p-values, flips of the residuals the
/// critical value. O(draws · cells · clusters) time; a seed gives the same answer again. `None` without draws, for
/// a number that is not finite or below 0 items, and a confidence outside of 0 to 1. Romano & Wolf 2005; Westfall & Young
/// 1993.
///
/// # Examples
/// ```
/// use assay_stats::multiplicity::max_t;
///
/// // Two cells over twenty clusters of one case: one clear gain, one of nothing.
/// let gain = (0..20).map(|i| (1.0 + 0.1 * f64::from(i % 3), 1.0)).collect();
/// let noise = (0..20).map(|i| (f64::from(i % 2) - 0.5, 1.0)).collect();
/// let tests = max_t(&[gain, noise], 0.95, 999, 1).unwrap();
/// assert!(tests.adjusted[0] < Some(0.01) && tests.adjusted[1] > Some(0.5));
/// ```
pub fn max_t(cells: &[Vec<(f64, f64)>], confidence: f64, draws: u32, seed: u64) -> Option<MaxT> {
    let valid = |(sum, n): &(f64, f64)| sum.is_finite() && *n >= 0.0 && n.is_finite();
    if draws == 0 || !is_level(confidence) || !cells.iter().flatten().all(valid) {
        return None;
    }
    struct Cell {
        mean: f64,
        se: f64,
        t: f64,
        raw: Vec<f64>,
        centred: Vec<f64>,
    }
    let unit = |values: Vec<f64>| {
        let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
        values.into_iter().map(|v| if norm > 0.0 { v / norm } else { 0.0 }).collect::<Vec<f64>>()
    };
    let prepared: Vec<Cell> = cells
        .iter()
        .map(|clusters| {
            let n: f64 = clusters.iter().map(|(_, n)| n).sum();
            let g = clusters.iter().filter(|(_, n)| *n > 0.0).count() as f64;
            let mean = clusters.iter().map(|(sum, _)| sum).sum::<f64>() / n;
            let residuals: Vec<f64> = clusters.iter().map(|(sum, n)| sum - n * mean).collect();
            let squares: f64 = residuals.iter().map(|e| e * e).sum();
            let se = if g > 1.0 { (squares * g / (g - 1.0)).sqrt() / n } else { f64::NAN };
            let raw = unit(clusters.iter().map(|(sum, _)| *sum).collect());
            let t = raw.iter().sum::<f64>().abs();
            Cell { mean, se, t, raw, centred: unit(residuals) }
        })
        .collect();
    let usable: Vec<usize> = (0..cells.len()).filter(|j| prepared[*j].se > 0.0).collect();
    let mut order = usable.clone();
    order.sort_by(|a, b| prepared[*b].t.total_cmp(&prepared[*a].t));
    let clusters = cells.iter().map(Vec::len).max().unwrap_or(0);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut exceeded, mut maxima) = (vec![0u32; order.len()], Vec::with_capacity(draws as usize));
    for _ in 0..draws {
        let signs: Vec<f64> = (0..clusters).map(|_| if random.random::<bool>() { 1.0 } else { -1.0 }).collect();
        let flip = |values: &[f64]| values.iter().zip(&signs).map(|(v, s)| v * s).sum::<f64>().abs();
        let mut largest = 0.0_f64;
        for (rank, j) in order.iter().enumerate().rev() {
            largest = largest.max(flip(&prepared[*j].raw));
            exceeded[rank] += u32::from(largest >= prepared[*j].t - 1e-12);
        }
        maxima.push(usable.iter().map(|j| flip(&prepared[*j].centred)).fold(0.0, f64::max));
    }
    let mut adjusted = vec![None; cells.len()];
    let mut running = 0.0_f64;
    for (count, j) in exceeded.iter().zip(&order) {
        running = running.max((1.0 + f64::from(*count)) / (1.0 + f64::from(draws)));
        adjusted[*j] = Some(running);
    }
    maxima.sort_by(f64::total_cmp);
    let critical = quantile_sorted(&maxima, confidence).filter(|_| !usable.is_empty());
    let intervals = prepared
        .iter()
        .map(|cell| {
            let half = critical? * cell.se;
            (cell.se > 0.0 && half.is_finite()).then_some(Interval { lower: cell.mean - half, upper: cell.mean + half })
        })
        .collect();
    Some(MaxT { adjusted, critical, intervals })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_values_agree_with_statsmodels() {
        // The p-values behind the golden lists: adjusted Bonferroni values divided by their number.
        let p: Vec<f64> = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205].to_vec();
        for (got, name) in [(holm(&p), "multi holm"), (benjamini_hochberg(&p), "multi fdr_bh")] {
            for (got, want) in got.iter().zip(crate::paired::golden(name)) {
                assert!((got - want).abs() < 1e-12, "{name}: {got} {want}");
            }
        }
    }

    #[test]
    fn max_t_uses_correlation() {
        // Ten copies of one cell are one test; ten independent cells are ten.
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut cell = || -> Vec<(f64, f64)> { (0..60).map(|_| (random.random::<f64>() - 0.5, 1.0)).collect() };
        let one = cell();
        let critical = |cells: &[Vec<(f64, f64)>]| max_t(cells, 0.95, 4_000, 1).unwrap().critical.unwrap();
        let alone = critical(std::slice::from_ref(&one));
        assert!((critical(&vec![one; 10]) - alone).abs() < 1e-12);
        let many: Vec<_> = (0..10).map(|_| cell()).collect();
        assert!(critical(&many) > alone + 0.5);
        assert!((alone - 2.0).abs() < 0.1, "{alone}");
    }

    #[test]
    fn a_real_difference_stands_out_and_a_constant_cell_is_undefined() {
        let real: Vec<_> = (0..40).map(|i| (1.0 + f64::from(i % 3) * 0.1, 1.0)).collect();
        let noise: Vec<_> = (0..40).map(|i| (f64::from(i % 2) - 0.5, 1.0)).collect();
        let got = max_t(&[real, noise, vec![(0.0, 1.0); 40]], 0.95, 2_000, 5).unwrap();
        assert!(got.adjusted[0] < Some(0.001) && got.adjusted[1] > Some(0.5) && got.adjusted[2].is_none());
        assert!(got.intervals[0].unwrap().lower > 0.9 && got.intervals[2].is_none());
    }
}
