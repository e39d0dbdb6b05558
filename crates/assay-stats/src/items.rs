//! What the items of a benchmark tell: how hard each is, whether it separates strong runs from weak ones, and how much
//! room is left.
//!
//! Scores are rows of runs and columns of items, from 0 to 1; `None` where a run has no score.

use std::fmt;

use crate::estimate::{Item, Kind, is_level, level};
use crate::special::t_sf;
use crate::{Estimate, Interval};

/// Why a table of scores cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemsError {
    /// There are no runs or no items.
    NoData,
    /// A run has another number of items than the first.
    Ragged {
        /// The run.
        run: usize,
    },
    /// The share of wrong labels is not from 0 to 1.
    LabelNoise,
    /// The confidence is not between 0 and 1.
    Confidence,
    /// A score is NaN or not within 0 and 1.
    NotAScore {
        /// The run.
        run: usize,
        /// The item.
        item: usize,
    },
}

impl fmt::Display for ItemsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("there are no runs or no items"),
            Self::LabelNoise => f.write_str("the share of wrong labels is not from 0 to 1"),
            Self::Confidence => f.write_str("the confidence is not between 0 and 1"),
            Self::Ragged { run } => write!(f, "run {run} has another number of items than the first"),
            Self::NotAScore { run, item } => {
                write!(f, "the score of run {run} on item {item} is not a number from 0 to 1")
            }
        }
    }
}

impl std::error::Error for ItemsError {}

/// What is odd about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Strong runs do worse on it than weak ones: its label may be wrong.
    NegativeDiscrimination,
    /// Every run has score 0: too hard, or broken.
    NeverPassed,
    /// Every run has score 1: it no longer tells runs apart.
    AlwaysPassed,
}

/// One item in the light of all runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemStatistics {
    /// Runs with a score.
    pub runs: usize,
    /// The mean score, which for passed and failed is the item's p-value; `None` without a score.
    pub mean: Option<f64>,
    /// Corrected point-biserial: Pearson's correlation with the run's mean on its other items. `None` below three runs
    /// or where either is constant.
    pub discrimination: Option<f64>,
    /// One-sided p of a discrimination this low when the true one is 0 (t on runs − 2 degrees of freedom).
    pub p_negative: Option<f64>,
    /// What is odd.
    pub flag: Option<Flag>,
}

/// Item analysis of runs × items, O(runs · items). Crocker & Algina 1986.
///
/// # Errors
/// An empty or ragged table, or a score that is NaN or not within 0 and 1.
///
/// # Examples
/// ```
/// use assay_stats::items::{Flag, item_analysis};
/// let scores = [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]];
/// let rows: Vec<Vec<Option<f64>>> = scores.iter().map(|run| run.iter().copied().map(Some).collect()).collect();
/// let items = item_analysis(&rows).unwrap();
/// assert_eq!(items[0].flag, Some(Flag::AlwaysPassed));
/// assert_eq!(items[2].flag, Some(Flag::NegativeDiscrimination));
/// ```
pub fn item_analysis(scores: &[Vec<Option<f64>>]) -> Result<Vec<ItemStatistics>, ItemsError> {
    let items = check(scores)?;
    let totals: Vec<(f64, usize)> =
        scores.iter().map(|run| run.iter().flatten().fold((0.0, 0), |(sum, n), score| (sum + score, n + 1))).collect();
    Ok((0..items).map(|item| one_item(scores, &totals, item)).collect())
}

fn one_item(scores: &[Vec<Option<f64>>], totals: &[(f64, usize)], item: usize) -> ItemStatistics {
    let own = || scores.iter().filter_map(|run| run[item]);
    let runs = own().count();
    let (mut x, mut rest) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    for (run, (sum, n)) in scores.iter().zip(totals) {
        if let Some(score) = run[item]
            && *n > 1
        {
            x.push(score);
            rest.push((sum - score) / (*n as f64 - 1.0));
        }
    }
    // Differences of sums leave rounding where all rests are equal: that is a constant, not a correlation.
    let spread = |values: &[f64]| values.iter().any(|v| (v - values[0]).abs() > 1e-12);
    let discrimination =
        (x.len() > 2 && spread(&x) && spread(&rest)).then(|| crate::correlation::pearson(&x, &rest)).flatten();
    let df = x.len() as f64 - 2.0;
    let p_negative = discrimination.map(|r| t_sf(-r * (df / (1.0 - r * r).max(0.0)).sqrt(), df));
    let flag = if runs == 0 {
        None
    } else if own().all(|score| score == 0.0) {
        Some(Flag::NeverPassed)
    } else if own().all(|score| score == 1.0) {
        Some(Flag::AlwaysPassed)
    } else {
        discrimination.filter(|r| *r < 0.0).map(|_| Flag::NegativeDiscrimination)
    };
    ItemStatistics {
        runs,
        mean: (runs > 0).then(|| own().sum::<f64>() / runs as f64),
        discrimination,
        p_negative,
        flag,
    }
}

fn check(scores: &[Vec<Option<f64>>]) -> Result<usize, ItemsError> {
    let items = scores.first().map_or(0, Vec::len);
    if items == 0 {
        return Err(ItemsError::NoData);
    }
    for (run, row) in scores.iter().enumerate() {
        if row.len() != items {
            return Err(ItemsError::Ragged { run });
        }
        let is_bad = |score: &Option<f64>| score.is_some_and(|score| !(0.0..=1.0).contains(&score));
        if let Some(item) = row.iter().position(is_bad) {
            return Err(ItemsError::NotAScore { run, item });
        }
    }
    Ok(items)
}

/// How much a benchmark can still tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Saturation {
    /// Items with a score.
    pub items: usize,
    /// Share of items that every run passes.
    pub always: f64,
    /// Share of items that no run passes.
    pub never: f64,
    /// The runs from the best down: their place and their mean with its interval.
    pub runs: Vec<(usize, Estimate)>,
    /// Whether the intervals of the best three runs share a point: the benchmark no longer ranks the best. `None` with
    /// fewer than three runs, or where one has no interval.
    pub leaders_overlap: Option<bool>,
    /// The ceiling that label noise leaves minus the best mean; below 0 the best run already fits wrong labels.
    pub headroom: Option<f64>,
}

/// Saturation of a benchmark: shares of items that all or no runs pass, overlap of the best three runs' intervals, and
/// headroom = 1 − `label_noise` − best mean. O(runs · items).
///
/// # Errors
/// As [`item_analysis`]; a share of wrong labels outside of 0 to 1, a confidence that is not between 0 and 1.
///
/// # Examples
/// ```
/// use assay_stats::items::saturation;
/// let found = saturation(&[vec![Some(1.0), Some(0.0)], vec![Some(1.0), Some(1.0)]], 0.05, 0.95).unwrap();
/// assert_eq!((found.always, found.never, found.leaders_overlap), (0.5, 0.0, None));
/// assert!((found.headroom.unwrap() + 0.05).abs() < 1e-12);
/// ```
pub fn saturation(scores: &[Vec<Option<f64>>], label_noise: f64, confidence: f64) -> Result<Saturation, ItemsError> {
    if !(0.0..=1.0).contains(&label_noise) {
        return Err(ItemsError::LabelNoise);
    }
    if !is_level(confidence) {
        return Err(ItemsError::Confidence);
    }
    let analysis = item_analysis(scores)?;
    let seen = analysis.iter().filter(|item| item.runs > 0).count();
    if seen == 0 {
        return Err(ItemsError::NoData);
    }
    let share = |flag: Flag| analysis.iter().filter(|item| item.flag == Some(flag)).count() as f64 / seen as f64;
    let is_binary = scores.iter().flatten().flatten().all(|score| *score == 0.0 || *score == 1.0);
    let kind = if is_binary { Kind::Binary } else { Kind::Bounded { lo: 0.0, hi: 1.0 } };
    let mut runs: Vec<(usize, Estimate)> = scores
        .iter()
        .enumerate()
        .map(|(run, row)| {
            let row: Vec<Item> =
                row.iter().flatten().map(|v| Item { value: *v, repeats: 1, cluster: None, weight: 1.0 }).collect();
            (run, level(&row, kind, confidence))
        })
        .collect();
    runs.sort_by(|a, b| {
        let key = |e: &Estimate| e.value.unwrap_or(f64::NEG_INFINITY);
        key(&b.1).total_cmp(&key(&a.1)).then(a.0.cmp(&b.0))
    });
    let leaders: Option<Vec<Interval>> = runs.get(..3).and_then(|top| top.iter().map(|(_, e)| e.interval).collect());
    let leaders_overlap = leaders.map(|top| {
        let highest = top.iter().map(|i| i.lower).fold(f64::NEG_INFINITY, f64::max);
        highest <= top.iter().map(|i| i.upper).fold(f64::INFINITY, f64::min)
    });
    let headroom = runs[0].1.value.map(|best| 1.0 - label_noise - best);
    Ok(Saturation {
        items: seen,
        always: share(Flag::AlwaysPassed),
        never: share(Flag::NeverPassed),
        runs,
        leaders_overlap,
        headroom,
    })
}
