//! Many tests at once: adjusted p-values and simultaneous intervals.
//!
//! A p that is not a number from 0 to 1 is no test: it is not counted, and stands as NaN in the adjusted list.

use rand::{Rng, SeedableRng};
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
    let columns: Vec<&[f64]> = order
        .iter()
        .map(|j| &prepared[*j].raw)
        .chain(order.iter().map(|j| &prepared[*j].centred))
        .map(Vec::as_slice)
        .collect();
    let thresholds: Vec<f64> = order.iter().map(|j| prepared[*j].t - 1e-12).collect();
    let mut left = draws as usize;
    while left > 0 {
        let signs = Signs::draw(left.min(AT_ONCE), clusters, &mut random);
        left -= signs.draws;
        // From the least of the cells up: each is compared with the largest of those below it.
        let [mut below, mut residual] = [0, 1].map(|_| vec![0.0_f64; signs.draws]);
        for at in (0..columns.len()).step_by(COLUMNS).rev() {
            let part = &columns[at..columns.len().min(at + COLUMNS)];
            let flips = signs.sums(part).into_iter().zip(below.iter_mut().zip(&mut residual));
            for (sums, (below, residual)) in flips {
                for (column, sum) in (at..at + part.len()).zip(sums).rev() {
                    match thresholds.get(column) {
                        Some(threshold) => {
                            *below = below.max(sum.abs());
                            exceeded[column] += u32::from(*below >= *threshold);
                        }
                        None => *residual = residual.max(sum.abs()),
                    }
                }
            }
        }
        maxima.append(&mut residual);
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

/// Draws whose flips are summed together, so that the tables of [`Signs::sums`] are made once for many.
const AT_ONCE: usize = 1024;
/// Clusters whose signs make up a place in a table.
const BITS: usize = 6;
/// Columns whose sums lie side by side.
const COLUMNS: usize = 8;

/// Random signs, one for each cluster and draw.
struct Signs {
    draws: usize,
    /// By draw, the signs of each [`BITS`] clusters: a bit is set where a cluster is not flipped.
    bits: Vec<u8>,
}

impl Signs {
    fn draw(draws: usize, clusters: usize, random: &mut ChaCha8Rng) -> Self {
        let mut bits = Vec::with_capacity(draws * clusters.div_ceil(BITS));
        let mut words = vec![0_u8; 4 * clusters];
        for _ in 0..draws {
            // A sign is the highest bit of a word, as of a random bool, for which the generator is asked once.
            random.fill_bytes(&mut words);
            for group in words.chunks(4 * BITS) {
                let (words, _) = group.as_chunks::<4>();
                bits.push(words.iter().rev().fold(0, |bits, word| bits << 1 | word[3] >> 7));
            }
        }
        Self { draws, bits }
    }

    /// For each draw the sums ±v₁ ± v₂ … of up to [`COLUMNS`] columns. A few clusters have few combinations of signs, whose
    /// sums are looked up in a table (the method of four Russians).
    fn sums(&self, cells: &[&[f64]]) -> Vec<[f64; COLUMNS]> {
        let mut sums = vec![[0.0; COLUMNS]; self.draws];
        let mut table = [[0.0; COLUMNS]; 1 << BITS];
        let groups = self.bits.len() / self.draws.max(1);
        for group in 0..groups {
            let values: [[f64; COLUMNS]; BITS] = std::array::from_fn(|bit| {
                let value = |cell: &&[f64]| cell.get(group * BITS + bit).copied().unwrap_or(0.0);
                std::array::from_fn(|column| cells.get(column).map_or(0.0, value))
            });
            table[0] = std::array::from_fn(|column| -values.iter().map(|row| row[column]).sum::<f64>());
            for signs in 1_usize..1 << BITS {
                // As with the lowest of its bits the other way, which comes before it.
                let (before, value) = (table[signs & (signs - 1)], &values[signs.trailing_zeros() as usize]);
                table[signs] = std::array::from_fn(|column| before[column] + 2.0 * value[column]);
            }
            for (sums, signs) in sums.iter_mut().zip(self.bits[group..].iter().step_by(groups)) {
                sums.iter_mut().zip(&table[usize::from(*signs)]).for_each(|(sum, part)| *sum += part);
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn looked_up_sums_are_those_of_the_flips() {
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let cells: Vec<Vec<f64>> =
            (0..COLUMNS).map(|j| (0..20 + j).map(|_| random.random::<f64>() - 0.5).collect()).collect();
        let signs = Signs::draw(100, 27, &mut random.clone());
        let cells: Vec<&[f64]> = cells.iter().map(Vec::as_slice).collect();
        for sums in signs.sums(&cells) {
            let flips: Vec<f64> = (0..27).map(|_| if random.random::<bool>() { 1.0 } else { -1.0 }).collect();
            for (cell, sum) in cells.iter().zip(sums) {
                let want: f64 = cell.iter().zip(&flips).map(|(value, sign)| value * sign).sum();
                assert!((sum - want).abs() < 1e-14, "{sum} {want}");
            }
        }
    }

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
