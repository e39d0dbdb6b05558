//! Agreement between raters: Krippendorff's α, the κ family, Gwet's AC, intra-class correlations, raw agreement.
//!
//! Ratings are a table: a row per unit (case), a column per rater, `None` where a rater did not rate. Always show a
//! chance-corrected coefficient with the raw agreement: on 90 to 10 data three raters who are each right nine times of
//! ten reach α = 0.39 only.

use std::collections::BTreeMap;

use crate::estimate::{Interval, is_level};
use crate::jackknife::{Jackknife, Transform, jackknife};
use crate::proportion::critical;
use crate::special::beta_quantile;

/// A row per unit, a column per rater.
pub type Ratings = [Vec<Option<f64>>];

/// How far two ratings are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Equal or not.
    Nominal,
    /// By their ranks among all ratings.
    Ordinal,
    /// By their difference.
    Interval,
    /// By their difference relative to their sum; ratings must not be negative.
    Ratio,
}

/// Krippendorff's α: 1 − observed / expected disagreement over units with two or more ratings. `None` without such
/// units, without variation, for NaN, or for a negative rating on the ratio level. O(n log q) for n ratings with q
/// distinct values, on the ratio level and O(q²). Krippendorff 2011.
///
/// # Examples
/// ```
/// use assay_stats::agreement::{Level, krippendorff};
///
/// let ratings = [[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 2.0]].map(|row| row.map(Some).to_vec());
/// // 1 − 7 · 2/(2 · 3 · 5)
/// let alpha = krippendorff(&ratings, Level::Nominal).unwrap();
/// assert!((alpha - 8.0 / 15.0).abs() < 1e-12);
/// ```
pub fn krippendorff(ratings: &Ratings, level: Level) -> Option<f64> {
    let table = Pairable::of(ratings, level)?;
    table.alpha(&table.counts, table.units().map(|unit| (unit, 1.0)))
}

/// Units with two or more ratings, each rating as the place of its value among the distinct ones.
struct Pairable {
    level: Level,
    /// Distinct values, smallest first.
    values: Vec<f64>,
    /// How often each was given.
    counts: Vec<f64>,
    /// The places, unit after unit, smallest first in each.
    places: Vec<u32>,
    ends: Vec<usize>,
    /// For each of its units the row of the table.
    rows: Vec<usize>,
}

impl Pairable {
    fn of(ratings: &Ratings, level: Level) -> Option<Self> {
        let (mut all, mut ends, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (row, unit) in ratings.iter().enumerate() {
            let start = all.len();
            all.extend(unit.iter().flatten().map(|v| v + 0.0));
            if all.len() > start + 1 {
                ends.push(all.len());
                rows.push(row);
            } else {
                all.truncate(start);
            }
        }
        if all.iter().any(|v| !v.is_finite() || level == Level::Ratio && *v < 0.0) {
            return None;
        }
        let (values, counts): (Vec<f64>, Vec<f64>) = counts(&all).into_iter().unzip();
        let mut places: Vec<u32> = all.iter().map(|v| values.partition_point(|other| other < v) as u32).collect();
        let mut start = 0;
        for end in &ends {
            places[start..*end].sort_unstable();
            start = *end;
        }
        Some(Self { level, values, counts, places, ends, rows })
    }

    fn units(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.places[start..*end])
    }

    /// α of units, each with how often it occurs, whose ratings are counted in `counts`.
    fn alpha<'a>(&self, counts: &[f64], units: impl Iterator<Item = (&'a [u32], f64)>) -> Option<f64> {
        if counts.iter().filter(|count| **count > 0.0).count() < 2 {
            return None;
        }
        // On ranks the ordinal distance is the difference.
        let ranks = (self.level == Level::Ordinal).then(|| {
            let mut below = 0.0;
            let rank = |count: &f64| {
                below += count;
                below - 0.5 * count
            };
            counts.iter().map(rank).collect::<Vec<f64>>()
        });
        let values = ranks.as_ref().unwrap_or(&self.values);
        let observed: f64 = units
            .map(|(unit, times)| {
                let runs = unit.chunk_by(|a, b| a == b).map(|run| (values[run[0] as usize], run.len() as f64));
                times * disagreement(runs, self.level) / (unit.len() as f64 - 1.0)
            })
            .sum();
        let expected = disagreement(values.iter().copied().zip(counts.iter().copied()), self.level);
        let n: f64 = counts.iter().sum();
        (expected > 0.0 && expected.is_finite()).then(|| 1.0 - (n - 1.0) * observed / expected)
    }
}

/// The sum of squared distances over all ordered pairs of values, given with their counts.
fn disagreement(values: impl Iterator<Item = (f64, f64)> + Clone, level: Level) -> f64 {
    let n: f64 = values.clone().map(|(_, count)| count).sum();
    match level {
        Level::Nominal => n * n - values.map(|(_, count)| count * count).sum::<f64>(),
        Level::Ordinal | Level::Interval => {
            let mean = values.clone().map(|(v, count)| v * count).sum::<f64>() / n;
            2.0 * n * values.map(|(v, count)| count * (v - mean).powi(2)).sum::<f64>()
        }
        Level::Ratio => {
            let mut total = 0.0;
            for (i, (a, ca)) in values.clone().enumerate() {
                for (b, cb) in values.clone().take(i) {
                    total += 2.0 * ca * cb * ((a - b) / (a + b)).powi(2);
                }
            }
            total
        }
    }
}

/// The distinct ones of finite values, smallest first, each with how often it occurs.
fn counts(values: &[f64]) -> Vec<(f64, f64)> {
    // Ratings have few values: looking each one up is faster than a sort.
    const FEW: usize = 64;
    let mut found: Vec<(f64, f64)> = Vec::new();
    for value in values {
        let at = found.partition_point(|(known, _)| known < value);
        if found.get(at).is_some_and(|(known, _)| known == value) {
            found[at].1 += 1.0;
        } else if found.len() == FEW {
            return counts_of_many(values);
        } else {
            found.insert(at, (*value, 1.0));
        }
    }
    found
}

fn counts_of_many(values: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)).collect()
}

/// α with its delete-one-unit jackknife interval on the scale log(1 − α), t with units − 1 degrees of freedom: as
/// [`krippendorff_clustered`] with every unit its own cluster. Krippendorff 2004; Efron 1982.
///
/// # Examples
/// ```
/// use assay_stats::agreement::{Level, krippendorff_interval};
/// let rows: Vec<Vec<Option<f64>>> =
///     (0..20).map(|i| vec![Some(f64::from(i % 2)), Some(f64::from((i + i / 9) % 2))]).collect();
/// let found = krippendorff_interval(&rows, Level::Nominal, 0.95).unwrap();
/// assert!(found.interval.lower < found.estimate && found.estimate < found.interval.upper);
/// ```
pub fn krippendorff_interval(ratings: &Ratings, level: Level, confidence: f64) -> Option<Jackknife> {
    let alone: Vec<u32> = (0..u32::try_from(ratings.len()).ok()?).collect();
    krippendorff_clustered(ratings, &alone, level, confidence)
}

/// α of units that hang together, with its delete-one-cluster jackknife interval on the scale log(1 − α), t with
/// clusters − 1 degrees of freedom; `clusters` has a number for each unit. `None` where α is, for unequal lengths, where
/// one cluster carries all variation, or for a confidence outside of 0 to 1. O(n log n + s · u) for n ratings, u kinds of
/// units and s kinds of clusters: units whose ratings are the same, in any order, are of one kind, and so are clusters of
/// the same kinds of units, so that many units on a few categories are few kinds.
///
/// # Examples
/// ```
/// use assay_stats::agreement::{Level, krippendorff_clustered, krippendorff_interval};
/// let rows: Vec<Vec<Option<f64>>> =
///     (0..40).map(|i| vec![Some(f64::from(i / 2 % 2)), Some(f64::from((i / 2 + i / 18) % 2))]).collect();
/// // Every unit twice: twenty clusters know less than forty units.
/// let clusters: Vec<u32> = (0..40).map(|i| i / 2).collect();
/// let found = krippendorff_clustered(&rows, &clusters, Level::Nominal, 0.95).unwrap();
/// assert!(found.se > 1.3 * krippendorff_interval(&rows, Level::Nominal, 0.95).unwrap().se);
/// ```
pub fn krippendorff_clustered(ratings: &Ratings, clusters: &[u32], level: Level, confidence: f64) -> Option<Jackknife> {
    if clusters.len() != ratings.len() {
        return None;
    }
    let table = Pairable::of(ratings, level)?;
    let mut kinds: BTreeMap<&[u32], usize> = BTreeMap::new();
    for unit in table.units() {
        let next = kinds.len();
        kinds.entry(unit).or_insert(next);
    }
    let mut times = vec![0.0; kinds.len()];
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (unit, row) in table.units().zip(&table.rows) {
        times[kinds[unit]] += 1.0;
        members.entry(clusters[*row]).or_default().push(kinds[unit]);
    }
    let mut units = vec![&[][..]; kinds.len()];
    kinds.iter().for_each(|(unit, at)| units[*at] = *unit);
    let alpha = |counts: &[f64], times: &[f64]| table.alpha(counts, units.iter().copied().zip(times.iter().copied()));
    let estimate = alpha(&table.counts, &times)?;
    let left_out = without_each(members, |cluster| {
        let (mut counts, mut times) = (table.counts.clone(), times.clone());
        for kind in cluster {
            times[*kind] -= 1.0;
            units[*kind].iter().for_each(|place| counts[*place as usize] -= 1.0);
        }
        alpha(&counts, &times)
    })?;
    jackknife(estimate, &left_out, Transform::LogOneMinus, confidence)
}

/// A statistic without each cluster in turn: one evaluation for each kind of cluster, since clusters that hold the same
/// leave the same behind.
fn without_each<K: Ord>(clusters: BTreeMap<u32, Vec<K>>, statistic: impl Fn(&[K]) -> Option<f64>) -> Option<Vec<f64>> {
    let mut known: BTreeMap<Vec<K>, f64> = BTreeMap::new();
    let mut left_out = Vec::with_capacity(clusters.len());
    for mut cluster in clusters.into_values() {
        cluster.sort_unstable();
        let value = match known.get(&cluster) {
            Some(value) => *value,
            None => {
                let value = statistic(&cluster)?;
                known.insert(cluster, value);
                value
            }
        };
        left_out.push(value);
    }
    Some(left_out)
}

/// The interval of a chance-corrected coefficient by its `left_out` values on the scale log(1 − κ). Agreement that is
/// complete has no spread: its lower end is Wilson's for so many clusters without a disagreement, n/(n + z²), corrected
/// for the same chance.
fn chance_corrected(found: Coefficient, left_out: &[f64], confidence: f64) -> Option<Interval> {
    if 1.0 - found.observed < 1e-12 {
        let (n, z) = (left_out.len() as f64, critical(confidence));
        let observed = n / (n + z * z);
        let lower = (observed - found.chance) / (1.0 - found.chance);
        return (n > 1.0 && is_level(confidence)).then_some(Interval { lower, upper: 1.0 });
    }
    jackknife(found.value, left_out, Transform::LogOneMinus, confidence).map(|found| found.interval)
}

/// How much credit two different categories get, by their places in the order of categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// None.
    Identity,
    /// 1 − distance / largest distance, of the categories' numbers.
    Linear,
    /// 1 − (distance / largest distance)².
    Quadratic,
}

impl Weights {
    fn of(self, a: f64, b: f64, range: f64) -> f64 {
        let distance = if range > 0.0 { (a - b).abs() / range } else { 0.0 };
        match self {
            Self::Identity => f64::from(u8::from(a == b)),
            Self::Linear => 1.0 - distance,
            Self::Quadratic => 1.0 - distance * distance,
        }
    }
}

/// A chance-corrected coefficient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// (observed − chance)/(1 − chance).
    pub value: f64,
    /// Observed agreement, by the weights.
    pub observed: f64,
    /// Agreement by chance.
    pub chance: f64,
    /// Standard error over units; `None` with fewer than two.
    pub se: Option<f64>,
}

impl Coefficient {
    /// Normal interval, cut at 1. `None` without a standard error, or for a confidence outside of 0 to 1.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::agreement::{Weights, cohen};
    /// let (a, b) = ([1.0, 1.0, 2.0, 2.0, 1.0, 2.0], [1.0, 2.0, 2.0, 2.0, 1.0, 2.0]);
    /// let interval = cohen(&a, &b, Weights::Identity).unwrap().interval(0.95).unwrap();
    /// assert!(interval.lower < 0.5 && interval.upper == 1.0);
    /// ```
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half = critical(confidence) * self.se.filter(|_| is_level(confidence))?;
        Some(Interval { lower: self.value - half, upper: (self.value + half).min(1.0) })
    }
}

/// What agreement by chance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chance {
    /// Gwet's AC1 (identity weights) and AC2: raters guess on hard units only. Gwet 2008, 2014.
    Gwet,
    /// Fleiss' κ: all raters share their distribution of categories. Fleiss 1971.
    Fleiss,
    /// Brennan and Prediger: all categories are equally likely. 1981.
    BrennanPrediger,
}

/// A κ-like coefficient for any number of raters with missing ratings, with Gwet's linearised standard error.
/// `categories` lists every possible rating in order, also those that nobody gave. `None` when a rating is not among
/// them, with fewer than two categories, without a unit of two ratings, or without variation. O(units · categories²).
///
/// # Examples
/// ```
/// use assay_stats::agreement::{Chance, Weights, kappa};
/// let rows = [[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 2.0]].map(|row| row.map(Some).to_vec());
/// let found = kappa(&rows, &[1.0, 2.0], Chance::BrennanPrediger, Weights::Identity).unwrap();
/// // Observed ¾, by chance ½.
/// assert_eq!((found.value, found.observed, found.chance), (0.5, 0.75, 0.5));
/// ```
pub fn kappa(ratings: &Ratings, categories: &[f64], chance: Chance, weights: Weights) -> Option<Coefficient> {
    let credit = Credit::new(categories, chance, weights)?;
    let mut table: Vec<f64> = Vec::with_capacity(ratings.len() * categories.len());
    for unit in ratings {
        credit.row_into(&mut table, categories, unit)?;
    }
    let mut sums = Sums::default();
    table.chunks_exact(categories.len()).for_each(|row| sums.add(row, credit.observed(row)));
    let found = credit.coefficient(&sums)?;
    let Coefficient { value, chance: by_chance, .. } = found;
    let share = sums.shares();
    let (n, pairs) = (sums.units, sums.pairs);
    // A unit's own share in the chance term.
    let chance_of = |row: &[f64]| {
        let r = row.iter().sum::<f64>();
        match chance {
            Chance::Gwet => credit.gwet() * row.iter().zip(&share).map(|(c, p)| c * (1.0 - p)).sum::<f64>() / r,
            Chance::BrennanPrediger => by_chance,
            Chance::Fleiss => {
                let own = |k: usize| credit.weight[k].iter().zip(&share).map(|(w, p)| w * p).sum::<f64>();
                row.iter().enumerate().map(|(k, c)| c * own(k)).sum::<f64>() / r
            }
        }
    };
    let squares: f64 = table
        .chunks_exact(categories.len())
        .map(|row| {
            let own = credit.observed(row).map_or(0.0, |observed| observed - by_chance);
            let part = n / pairs * own / (1.0 - by_chance)
                - 2.0 * (1.0 - value) * (chance_of(row) - by_chance) / (1.0 - by_chance);
            (part - value).powi(2)
        })
        .sum();
    Some(Coefficient { se: (n > 1.0).then(|| (squares / (n * (n - 1.0))).sqrt()), ..found })
}

/// The interval of a κ-like coefficient of units that hang together: delete-one-cluster jackknife on the scale log(1 − κ),
/// t with clusters − 1 degrees of freedom; `clusters` has a number for each unit. Where everybody agrees on everything, the
/// lower end is that of Wilson for so many clusters without a disagreement. `None` where [`kappa`] is, for unequal
/// lengths, fewer than two clusters, or where it is not defined without one of them. O(units · categories²).
///
/// # Examples
/// ```
/// use assay_stats::agreement::{Chance, Weights, kappa_interval};
/// let rows: Vec<Vec<Option<f64>>> =
///     (0..40).map(|i| vec![Some(f64::from(i / 2 % 2)), Some(f64::from((i / 2 + i / 18) % 2))]).collect();
/// let of = |clusters: Vec<u32>| {
///     let found = kappa_interval(&rows, &clusters, &[0.0, 1.0], Chance::Gwet, Weights::Identity, 0.95).unwrap();
///     found.upper - found.lower
/// };
/// // Every unit twice: twenty clusters know less than forty units.
/// assert!(of((0..40).map(|i| i / 2).collect()) > 1.3 * of((0..40).collect()));
/// ```
pub fn kappa_interval(
    ratings: &Ratings,
    clusters: &[u32],
    categories: &[f64],
    chance: Chance,
    weights: Weights,
    confidence: f64,
) -> Option<Interval> {
    if clusters.len() != ratings.len() {
        return None;
    }
    let credit = Credit::new(categories, chance, weights)?;
    let (mut all, mut row) = (Sums::default(), Vec::new());
    let mut parts: BTreeMap<u32, Sums> = BTreeMap::new();
    for (unit, cluster) in ratings.iter().zip(clusters) {
        row.clear();
        credit.row_into(&mut row, categories, unit)?;
        if row.is_empty() {
            continue;
        }
        let observed = credit.observed(&row);
        all.add(&row, observed);
        parts.entry(*cluster).or_default().add(&row, observed);
    }
    let found = credit.coefficient(&all)?;
    let left_out: Option<Vec<f64>> =
        parts.values().map(|part| Some(credit.coefficient(&all.clone().with(part, -1.0))?.value)).collect();
    chance_corrected(found, &left_out?, confidence)
}

/// How ratings are credited, and what is chance.
struct Credit {
    chance: Chance,
    weight: Vec<Vec<f64>>,
}

/// What a coefficient is made of, summed over units: units, those with two ratings or more, the agreement observed in
/// them, and each category's shares.
#[derive(Clone, Default)]
struct Sums {
    units: f64,
    pairs: f64,
    observed: f64,
    categories: Vec<f64>,
}

impl Sums {
    /// Adds a unit: how often it got each category, and the agreement in it.
    fn add(&mut self, row: &[f64], observed: Option<f64>) {
        let r = row.iter().sum::<f64>();
        self.units += 1.0;
        self.pairs += f64::from(u8::from(observed.is_some()));
        self.observed += observed.unwrap_or(0.0);
        self.categories.resize(row.len(), 0.0);
        self.categories.iter_mut().zip(row).for_each(|(sum, count)| *sum += count / r);
    }

    fn with(mut self, other: &Self, times: f64) -> Self {
        self.units += times * other.units;
        self.pairs += times * other.pairs;
        self.observed += times * other.observed;
        self.categories.resize(other.categories.len(), 0.0);
        self.categories.iter_mut().zip(&other.categories).for_each(|(sum, share)| *sum += times * share);
        self
    }

    fn shares(&self) -> Vec<f64> {
        self.categories.iter().map(|sum| sum / self.units).collect()
    }
}

impl Credit {
    fn new(categories: &[f64], chance: Chance, weights: Weights) -> Option<Self> {
        let range = categories.last()? - categories.first()?;
        let rising = categories.windows(2).all(|pair| pair[0] < pair[1]);
        if categories.len() < 2 || !rising || !range.is_finite() {
            return None;
        }
        let weight = |a: &f64| categories.iter().map(|b| weights.of(*a, *b, range)).collect();
        Some(Self { chance, weight: categories.iter().map(weight).collect() })
    }

    /// Adds to `table` how often a unit got each category; nothing for one that nobody rated. `None` for a rating that is no
    /// category.
    fn row_into(&self, table: &mut Vec<f64>, categories: &[f64], unit: &[Option<f64>]) -> Option<()> {
        let start = table.len();
        for rating in unit.iter().flatten() {
            let at = categories.iter().position(|c| c == rating)?;
            table.resize(start + categories.len(), 0.0);
            table[start + at] += 1.0;
        }
        Some(())
    }

    /// The agreement in a unit with two ratings or more.
    fn observed(&self, row: &[f64]) -> Option<f64> {
        let r = row.iter().sum::<f64>();
        let credit = |k: usize| self.weight[k].iter().zip(row).map(|(w, c)| w * c).sum::<f64>();
        let agreeing = || row.iter().enumerate().map(|(k, c)| c * (credit(k) - 1.0)).sum::<f64>() / (r * (r - 1.0));
        (r > 1.0).then(agreeing)
    }

    fn gwet(&self) -> f64 {
        let q = self.weight.len() as f64;
        self.weight.iter().flatten().sum::<f64>() / (q * (q - 1.0))
    }

    /// The coefficient of units, without its standard error. `None` without a pair or without variation.
    fn coefficient(&self, sums: &Sums) -> Option<Coefficient> {
        if sums.pairs < 0.5 {
            return None;
        }
        let (q, share) = (self.weight.len() as f64, sums.shares());
        let chance = match self.chance {
            Chance::Gwet => self.gwet() * share.iter().map(|p| p * (1.0 - p)).sum::<f64>(),
            Chance::BrennanPrediger => self.weight.iter().flatten().sum::<f64>() / (q * q),
            Chance::Fleiss => share
                .iter()
                .zip(&self.weight)
                .map(|(p, row)| p * row.iter().zip(&share).map(|(w, r)| w * r).sum::<f64>())
                .sum(),
        };
        if 1.0 - chance < 1e-12 || self.chance != Chance::BrennanPrediger && share.iter().any(|p| *p > 1.0 - 1e-12) {
            return None;
        }
        let observed = sums.observed / sums.pairs;
        Some(Coefficient { value: (observed - chance) / (1.0 - chance), observed, chance, se: None })
    }
}

/// Cohen's κ of two raters, weighted or not, with Fleiss, Cohen and Everitt's standard error. `None` for unequal or no
/// ratings, values that are not finite, or when chance agreement is complete. Cohen 1960, 1968; Fleiss, Cohen & Everitt 1969.
///
/// # Examples
/// ```
/// use assay_stats::agreement::{Weights, cohen};
///
/// // Observed 3/4, by chance ½.
/// let kappa = cohen(&[1.0, 1.0, 2.0, 2.0], &[1.0, 2.0, 2.0, 2.0], Weights::Identity).unwrap();
/// assert!((kappa.value - 0.5).abs() < 1e-12);
/// ```
pub fn cohen(a: &[f64], b: &[f64], weights: Weights) -> Option<Coefficient> {
    let table = Crossed::of(a, b)?;
    table.cohen(
        &table.places.iter().fold(BTreeMap::new(), |mut cells, place| {
            *cells.entry(*place).or_insert(0.0) += 1.0;
            cells
        }),
        weights,
    )
}

/// The interval of Cohen's κ of units that hang together: delete-one-cluster jackknife on the scale log(1 − κ), as
/// [`kappa_interval`]. O(n log n + kinds of clusters · kinds of pairs).
///
/// # Examples
/// ```
/// use assay_stats::agreement::{Weights, cohen, cohen_interval};
/// let a: Vec<f64> = (0..40).map(|i| f64::from(i / 2 % 2)).collect();
/// let b: Vec<f64> = (0..40).map(|i| f64::from((i / 2 + i / 18) % 2)).collect();
/// let clusters: Vec<u32> = (0..40).map(|i| i / 2).collect();
/// let found = cohen_interval(&a, &b, &clusters, Weights::Identity, 0.95).unwrap();
/// let value = cohen(&a, &b, Weights::Identity).unwrap().value;
/// assert!(found.lower < value && value < found.upper);
/// ```
pub fn cohen_interval(a: &[f64], b: &[f64], clusters: &[u32], weights: Weights, confidence: f64) -> Option<Interval> {
    let table = Crossed::of(a, b).filter(|table| table.places.len() == clusters.len())?;
    let mut cells: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let mut members: BTreeMap<u32, Vec<(usize, usize)>> = BTreeMap::new();
    for (place, cluster) in table.places.iter().zip(clusters) {
        *cells.entry(*place).or_default() += 1.0;
        members.entry(*cluster).or_default().push(*place);
    }
    let found = table.cohen(&cells, weights)?;
    let left_out = without_each(members, |cluster| {
        let mut rest = cells.clone();
        for place in cluster {
            *rest.get_mut(place)? -= 1.0;
        }
        Some(table.cohen(&rest, weights)?.value)
    })?;
    chance_corrected(found, &left_out, confidence)
}

/// Two raters' ratings as places among the distinct values of both.
struct Crossed {
    categories: Vec<f64>,
    places: Vec<(usize, usize)>,
}

impl Crossed {
    fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        if a.len() != b.len() || a.is_empty() || a.iter().chain(b).any(|v| !v.is_finite()) {
            return None;
        }
        let both: Vec<f64> = a.iter().chain(b).map(|v| v + 0.0).collect();
        let categories: Vec<f64> = counts(&both).into_iter().map(|(value, _)| value).collect();
        let place = |v: &f64| categories.partition_point(|c| c < v);
        let places = a.iter().zip(b).map(|(x, y)| (place(x), place(y))).collect();
        Some(Self { categories, places })
    }

    /// κ of pairs that occur as often as `cells` says.
    fn cohen(&self, cells: &BTreeMap<(usize, usize), f64>, weights: Weights) -> Option<Coefficient> {
        let range = Some(self.categories.last()? - self.categories.first()?).filter(|range| range.is_finite())?;
        let (n, q) = (cells.values().sum::<f64>(), self.categories.len());
        let (mut rows, mut columns) = (vec![0.0; q], vec![0.0; q]);
        for ((i, j), times) in cells {
            rows[*i] += times / n;
            columns[*j] += times / n;
        }
        let weight = |i: usize, j: usize| weights.of(self.categories[i], self.categories[j], range);
        let by_row: Vec<f64> = (0..q).map(|i| (0..q).map(|j| weight(i, j) * columns[j]).sum()).collect();
        let by_column: Vec<f64> = (0..q).map(|j| (0..q).map(|i| weight(i, j) * rows[i]).sum()).collect();
        let observed: f64 = cells.iter().map(|((i, j), times)| times / n * weight(*i, *j)).sum();
        let chance: f64 = rows.iter().zip(&by_row).map(|(p, w)| p * w).sum();
        // Also where no pair is left.
        if chance.is_nan() || 1.0 - chance < 1e-12 {
            return None;
        }
        let value = (observed - chance) / (1.0 - chance);
        let spread: f64 = cells
            .iter()
            .map(|((i, j), times)| times / n * (weight(*i, *j) - (by_row[*i] + by_column[*j]) * (1.0 - value)).powi(2))
            .sum();
        let variance = (spread - (value - chance * (1.0 - value)).powi(2)) / (n * (1.0 - chance).powi(2));
        Some(Coefficient { value, observed, chance, se: Some(variance.max(0.0).sqrt()) })
    }
}

/// Raw agreement of two raters on a yes or no question, and what distorts κ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raw {
    /// The share of units on which both say the same.
    pub agreement: f64,
    /// 2·both yes / (yes of one + yes of the other); `None` when nobody says yes.
    pub positive: Option<f64>,
    /// The same for no.
    pub negative: Option<f64>,
    /// Prevalence- and bias-adjusted κ: 2·agreement − 1.
    pub pabak: f64,
    /// |both yes − both no| / units.
    pub prevalence_index: f64,
    /// |only one yes − only the other yes| / units.
    pub bias_index: f64,
}

/// Raw and specific agreement. `None` for unequal lengths or no unit. Byrt, Bishop & Carlin 1993; Cicchetti & Feinstein 1990.
///
/// # Examples
/// ```
/// use assay_stats::agreement::raw;
///
/// let raw = raw(&[true, true, false, false], &[true, false, false, false]).unwrap();
/// assert!(raw.agreement == 0.75 && raw.pabak == 0.5);
/// ```
pub fn raw(a: &[bool], b: &[bool]) -> Option<Raw> {
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let n = a.len() as f64;
    let count = |x: bool, y: bool| a.iter().zip(b).filter(|(p, q)| **p == x && **q == y).count() as f64;
    let (yes, no, first, second) = (count(true, true), count(false, false), count(true, false), count(false, true));
    let specific = |both: f64| (both + first + second > 0.0).then(|| 2.0 * both / (2.0 * both + first + second));
    let agreement = (yes + no) / n;
    Some(Raw {
        agreement,
        positive: specific(yes),
        negative: specific(no),
        pabak: 2.0 * agreement - 1.0,
        prevalence_index: (yes - no).abs() / n,
        bias_index: (first - second).abs() / n,
    })
}

/// How often another rater of the same unit gives a category, given that one rater does: Σ n_c(n_c − 1) / Σ n_c(m − 1)
/// over units with m ≥ 2 ratings, n_c of them in the category; for each of `categories`, `None` where no such unit has one.
/// For two raters it is 2a/(2a + b + c). O(units · categories). Cicchetti & Feinstein 1990; Uebersax 1982.
///
/// # Examples
/// ```
/// use assay_stats::agreement::specific;
/// let rows = [[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 2.0]].map(|row| row.map(Some).to_vec());
/// assert_eq!(specific(&rows, &[1.0, 2.0, 3.0]), [Some(2.0 / 3.0), Some(4.0 / 5.0), None]);
/// ```
pub fn specific(ratings: &Ratings, categories: &[f64]) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0.0); categories.len()];
    for unit in ratings {
        let m = unit.iter().flatten().count() as f64;
        if m < 2.0 {
            continue;
        }
        for (category, (same, all)) in categories.iter().zip(&mut sums) {
            let n = unit.iter().flatten().filter(|rating| *rating == category).count() as f64;
            *same += n * (n - 1.0);
            *all += n * (m - 1.0);
        }
    }
    sums.into_iter().map(|(same, all)| (all > 0.0).then(|| same / all)).collect()
}

/// An intra-class correlation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Icc {
    /// The coefficient.
    pub value: f64,
    /// Its interval from F distributions.
    pub interval: Interval,
}

/// The six intra-class correlations of Shrout and Fleiss 1979: each for a single rating and for the mean of all raters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IccTable {
    /// ICC(1,1) and ICC(1,k): every unit has its own raters.
    pub one_way: (Icc, Icc),
    /// ICC(2,1) and ICC(2,k): raters are a sample; absolute agreement.
    pub two_way_random: (Icc, Icc),
    /// ICC(3,1) and ICC(3,k): these raters only; consistency.
    pub two_way_mixed: (Icc, Icc),
}

/// Intra-class correlations of a complete table of units × raters. `None` below two units or raters, for ragged rows,
/// values that are not finite or whose squares are not, without any variation, or for a confidence outside of 0 to 1.
/// O(ratings). Shrout & Fleiss 1979.
///
/// # Examples
/// ```
/// // Shrout and Fleiss' table 2: six targets, four judges.
/// let rows = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]];
/// let found = assay_stats::agreement::icc(&rows.map(|row| row.map(f64::from).to_vec()), 0.95).unwrap();
/// assert!((found.one_way.0.value - 0.17).abs() < 0.005 && (found.two_way_mixed.1.value - 0.91).abs() < 0.005);
/// ```
pub fn icc(ratings: &[Vec<f64>], confidence: f64) -> Option<IccTable> {
    let (n, k) = (ratings.len() as f64, ratings.first()?.len() as f64);
    if n < 2.0 || k < 2.0 || ratings.iter().any(|row| row.len() as f64 != k || row.iter().any(|v| !v.is_finite())) {
        return None;
    }
    let grand = ratings.iter().flatten().sum::<f64>() / (n * k);
    let total: f64 = ratings.iter().flatten().map(|v| (v - grand).powi(2)).sum();
    let between: f64 = k * ratings.iter().map(|row| (row.iter().sum::<f64>() / k - grand).powi(2)).sum::<f64>();
    let raters: f64 =
        n * (0..k as usize).map(|j| (ratings.iter().map(|row| row[j]).sum::<f64>() / n - grand).powi(2)).sum::<f64>();
    let (df_b, df_w, df_e) = (n - 1.0, n * (k - 1.0), (n - 1.0) * (k - 1.0));
    let msb = between / df_b;
    let msw = (total - between) / df_w;
    let msj = raters / (k - 1.0);
    let mse = (total - between - raters) / df_e;
    if !is_level(confidence) || ![msb, msw, mse].iter().all(|square| *square > 0.0 && square.is_finite()) {
        return None;
    }
    let p = 0.5 + 0.5 * confidence;
    let f = |d1: f64, d2: f64| {
        let x = beta_quantile(p, 0.5 * d1, 0.5 * d2);
        d2 * x / (d1 * (1.0 - x))
    };
    let single = |ratio: f64| (ratio - 1.0) / (ratio + k - 1.0);
    let pair = |ratio: f64, df: f64| {
        let (low, high) = (ratio / f(df_b, df), ratio * f(df, df_b));
        (
            Icc { value: single(ratio), interval: Interval { lower: single(low), upper: single(high) } },
            Icc { value: 1.0 - 1.0 / ratio, interval: Interval { lower: 1.0 - 1.0 / low, upper: 1.0 - 1.0 / high } },
        )
    };
    let value = (msb - mse) / (msb + (k - 1.0) * mse + k * (msj - mse) / n);
    let ratio = msj / mse;
    let shared = n * (1.0 + (k - 1.0) * value) - k * value;
    let v = df_e * (k * value * ratio + shared).powi(2) / (df_b * (k * value * ratio).powi(2) + shared * shared);
    let (upper_f, lower_f) = (f(df_b, v), f(v, df_b));
    let noise = k * msj + (k * n - k - n) * mse;
    let lower = n * (msb - upper_f * mse) / (upper_f * noise + n * msb);
    let upper = n * (lower_f * msb - mse) / (noise + n * lower_f * msb);
    let of_mean = |r: f64| r * k / (1.0 + r * (k - 1.0));
    Some(IccTable {
        one_way: pair(msb / msw, df_w),
        two_way_random: (
            Icc { value, interval: Interval { lower, upper } },
            Icc {
                value: (msb - mse) / (msb + (msj - mse) / n),
                interval: Interval { lower: of_mean(lower), upper: of_mean(upper) },
            },
        ),
        two_way_mixed: pair(msb / mse, df_e),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(rows: &[&[i32]]) -> Vec<Vec<Option<f64>>> {
        rows.iter().map(|row| row.iter().map(|v| (*v > 0).then(|| f64::from(*v))).collect()).collect()
    }

    #[test]
    fn without_variation_there_is_no_coefficient() {
        let same = table(&[&[1, 1], &[1, 1], &[1, 1]]);
        assert_eq!(krippendorff(&same, Level::Nominal), None);
        assert_eq!(kappa(&same, &[1.0, 2.0], Chance::Gwet, Weights::Identity), None);
        assert_eq!(cohen(&[1.0, 1.0], &[1.0, 1.0], Weights::Identity), None);
        assert_eq!(kappa(&table(&[&[1, 3]]), &[1.0, 2.0], Chance::Gwet, Weights::Identity), None);
        assert_eq!((raw(&[], &[]), icc(&[vec![1.0, 1.0], vec![1.0, 1.0]], 0.95)), (None, None));
    }

    #[test]
    fn shrout_and_fleiss_example() {
        // Shrout & Fleiss 1979, table 2 and 4: 6 targets, 4 judges.
        let rows = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]];
        let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect();
        let got = icc(&rows, 0.95).unwrap();
        let values = [got.one_way, got.two_way_random, got.two_way_mixed].map(|(one, mean)| (one.value, mean.value));
        for ((one, mean), (want_one, want_mean)) in values.into_iter().zip([(0.17, 0.44), (0.29, 0.62), (0.71, 0.91)]) {
            assert!((one - want_one).abs() < 0.005 && (mean - want_mean).abs() < 0.005, "{one} {mean}");
        }
    }

    proptest! {
        #[test]
        fn specific_agreement_is_the_share_of_pairs(rows in prop::collection::vec(prop::collection::vec(0i32..4, 4), 1..12)) {
            let ratings: Vec<Vec<Option<f64>>> =
                rows.iter().map(|row| row.iter().map(|v| (*v > 0).then(|| f64::from(*v))).collect()).collect();
            let found = specific(&ratings, &[1.0, 2.0, 3.0]);
            for (category, found) in (1..4).zip(found) {
                let (mut same, mut all) = (0u32, 0u32);
                for row in &rows {
                    for (i, a) in row.iter().enumerate().filter(|(_, a)| **a == category) {
                        for (_, b) in row.iter().enumerate().filter(|(j, b)| *j != i && **b > 0) {
                            all += 1;
                            same += u32::from(a == b);
                        }
                    }
                }
                prop_assert_eq!(found, (all > 0).then(|| f64::from(same) / f64::from(all)));
            }
        }

        #[test]
        fn specific_agreement_of_two_raters_is_that_of_raw(pairs in prop::collection::vec((any::<bool>(), any::<bool>()), 1..30)) {
            let (a, b): (Vec<bool>, Vec<bool>) = pairs.iter().copied().unzip();
            let value = |yes: bool| Some(f64::from(u8::from(yes)));
            let rows: Vec<Vec<Option<f64>>> = pairs.iter().map(|(a, b)| vec![value(*a), value(*b)]).collect();
            let got = raw(&a, &b).unwrap();
            prop_assert_eq!(specific(&rows, &[0.0, 1.0]), vec![got.negative, got.positive]);
        }

        #[test]
        fn order_of_units_and_raters_does_not_matter(rows in prop::collection::vec(prop::collection::vec(0i32..4, 3), 3..12)) {
            let ratings: Vec<Vec<Option<f64>>> =
                rows.iter().map(|row| row.iter().map(|v| (*v > 0).then(|| f64::from(*v))).collect()).collect();
            let mut turned = ratings.clone();
            turned.reverse();
            turned.iter_mut().for_each(|row| row.reverse());
            for level in [Level::Nominal, Level::Ordinal, Level::Interval, Level::Ratio] {
                match (krippendorff(&ratings, level), krippendorff(&turned, level)) {
                    (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-9 && a <= 1.0 + 1e-12),
                    (a, b) => prop_assert_eq!(a.is_some(), b.is_some()),
                }
            }
            for chance in [Chance::Gwet, Chance::Fleiss, Chance::BrennanPrediger] {
                let of = |r: &Ratings| kappa(r, &[1.0, 2.0, 3.0], chance, Weights::Quadratic).map(|c| c.value);
                if let (Some(a), Some(b)) = (of(&ratings), of(&turned)) {
                    prop_assert!((a - b).abs() < 1e-9 && a <= 1.0 + 1e-12);
                }
            }
        }
    }
}
