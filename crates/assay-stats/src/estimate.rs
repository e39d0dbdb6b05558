//! The level of one run: which interval for which data, first match wins.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::jackknife::{Transform, jackknife};
use crate::mean::{clustered_mean, intraclass_correlation, is_clustered, plain_error, sum_of};
use crate::proportion::{critical, wilson};
use crate::quantile::{order_statistic_interval, quantile_sorted};
use crate::special::t_quantile;

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Interval {
    /// The interval of the negated quantity.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::Interval;
    /// assert_eq!(Interval { lower: 1.0, upper: 3.0 }.negated(), Interval { lower: -3.0, upper: -1.0 });
    /// ```
    pub fn negated(self) -> Self {
        Self { lower: -self.upper, upper: -self.lower }
    }
}

/// One case: the mean of its epochs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// The value.
    pub value: f64,
    /// Independent epochs behind it.
    pub repeats: u32,
    /// Its cluster, when the data declare clusters.
    pub cluster: Option<u32>,
    /// Design weight, above zero.
    pub weight: f64,
}

/// What kind of number is summarised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// 0 or 1 in each epoch.
    Binary,
    /// A number in a closed range.
    Bounded {
        /// Smallest possible value.
        lo: f64,
        /// Largest possible value.
        hi: f64,
    },
    /// Any number.
    Unbounded,
    /// A quantile over cases.
    Quantile {
        /// Above 0 and below 1.
        q: f64,
    },
}

impl Kind {
    /// The range of values, when it is known.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::Kind;
    /// assert_eq!((Kind::Binary.range(), Kind::Unbounded.range()), (Some((0.0, 1.0)), None));
    /// ```
    pub fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Binary => Some((0.0, 1.0)),
            Self::Bounded { lo, hi } => Some((lo, hi)),
            Self::Unbounded | Self::Quantile { .. } => None,
        }
    }
}

/// Why something is undefined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No case has a value.
    NoData,
    /// A single case has no spread.
    NLt2,
    /// All cases are in one cluster.
    OneCluster,
    /// All values are equal and their range is not known.
    ZeroVarianceUnbounded,
    /// Too few cases for an interval of this quantile.
    QuantileNeedsMore,
    /// A value or weight is not a finite number, their sums are not, or a weight is negative or all are 0.
    NotFinite,
    /// The metric has no value for these cases, or for those that are left without one of them.
    Undefined,
    /// A value is outside of its range, or the range is not one.
    OutOfRange,
    /// The quantile that is asked for is not between 0 and 1.
    Quantile,
    /// The confidence is not between 0 and 1.
    Confidence,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoData => "no case has a value",
            Self::NLt2 => "one case has no spread",
            Self::OneCluster => "all cases are in one cluster",
            Self::ZeroVarianceUnbounded => "all values are equal and their range is not known",
            Self::QuantileNeedsMore => "too few cases for an interval of this quantile",
            Self::Undefined => "the metric is not defined for these cases",
            Self::NotFinite => "a value is not a finite number, or a weight is negative",
            Self::OutOfRange => "a value is outside of its range",
            Self::Quantile => "the quantile is not between 0 and 1",
            Self::Confidence => "the confidence is not between 0 and 1",
        })
    }
}

/// How an interval was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Wilson's score interval.
    Wilson,
    /// Wilson's interval at the effective sample size, with a t critical value.
    ClusteredWilson,
    /// CR2 standard error with Bell–McCaffrey degrees of freedom (Student's t when cases are independent).
    Cr2T,
    /// CR2 with the plus-two guard against drops that the sample has not met.
    Cr2TGuarded,
    /// The wider of CR2-t and the studentised bootstrap.
    StudentisedBootstrap,
    /// Tango's score interval.
    Tango,
    /// Newcombe's hybrid score interval.
    Newcombe,
    /// Difference of two clustered Wilson intervals by MOVER.
    Mover,
    /// Welch's t, or its CR2 form.
    Welch,
    /// Exact order statistics.
    OrderStatistics,
    /// Seeded percentile bootstrap over clusters.
    BootstrapQuantile,
    /// Delete-one jackknife over cases or clusters, with a t quantile.
    Jackknife,
    /// All values are equal: R·z²/(n + z²) on either side.
    ZeroVariance,
    /// The whole range of the score: a single case tells no more.
    WholeRange,
    /// The posterior of a binary judge's rate, corrected by labels of a random part.
    DoubleSampling,
    /// A judge's scores corrected by labels of a random part: PPI++ with CR2 and t.
    PredictionPowered,
    /// The same with the plus-two guard against disagreements that the labels have not met.
    PredictionPoweredGuarded,
    /// A judge's scores corrected by labels with inverse chances as weights.
    InverseChances,
    /// No interval.
    None,
}

/// A level with its interval and what is behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Estimate {
    /// Cases with a value.
    pub n: usize,
    /// Clusters, when the data declare them.
    pub clusters: Option<usize>,
    /// The estimate.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Standard error.
    pub se: Option<f64>,
    /// Degrees of freedom.
    pub df: Option<f64>,
    /// How the interval was computed.
    pub method: Method,
    /// Why something is undefined.
    pub reason: Option<Reason>,
    /// Variance relative to independent cases.
    pub design_effect: Option<f64>,
    /// Intra-class correlation.
    pub icc: Option<f64>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

impl Estimate {
    pub(crate) fn undefined(n: usize, reason: Reason) -> Self {
        Self {
            n,
            clusters: None,
            value: None,
            interval: None,
            se: None,
            df: None,
            method: Method::None,
            reason: Some(reason),
            design_effect: None,
            icc: None,
            warnings: Vec::new(),
        }
    }
}

/// The level of one run. Binary scores of independent, unrepeated, unweighted cases get Wilson's interval; other
/// binary scores the clustered Wilson interval; means CR2 with a t quantile; quantiles order statistics. Equal values of a
/// known range R get R·z²/(n + z²) on either side, a single case the whole range. O(n log n). Undefined, with its
/// [`Reason`], for a value that is not finite or outside of its range, a negative weight, and a quantile or a confidence
/// that is not between 0 and 1. Bell & McCaffrey 2002; Korn & Graubard 1998; Wilson 1927.
///
/// # Examples
/// ```
/// use assay_stats::{Item, Kind, Method, Reason, level};
///
/// let items: Vec<Item> =
///     (0..20).map(|i| Item { value: f64::from(i % 4 > 0), repeats: 1, cluster: None, weight: 1.0 }).collect();
/// let found = level(&items, Kind::Binary, 0.95);
/// assert_eq!((found.value, found.method), (Some(0.75), Method::Wilson));
/// assert!((found.interval.unwrap().lower - 0.5313).abs() < 1e-4);
/// assert_eq!(level(&[], Kind::Binary, 0.95).reason, Some(Reason::NoData));
/// ```
pub fn level(items: &[Item], kind: Kind, confidence: f64) -> Estimate {
    if items.is_empty() {
        return Estimate::undefined(0, Reason::NoData);
    }
    if let Some(reason) = refused(items, kind, confidence) {
        return Estimate::undefined(items.len(), reason);
    }
    if let Kind::Quantile { q } = kind {
        return quantile_level(items, q, confidence);
    }
    let n = items.len();
    let clustered = is_clustered(items);
    let Some(mean) = clustered_mean(items) else {
        return few(items, kind, clustered);
    };
    let z = critical(confidence);
    let mut estimate = Estimate {
        n,
        clusters: clustered.then_some(mean.clusters),
        value: Some(mean.mean),
        interval: None,
        se: Some(mean.se),
        df: Some(mean.df),
        method: Method::Cr2T,
        reason: None,
        design_effect: clustered.then_some(mean.design_effect),
        icc: if clustered { intraclass_correlation(items) } else { None },
        warnings: Vec::new(),
    };
    if clustered && mean.largest_share > 0.5 {
        estimate.warnings.push("one cluster holds more than half of the weight".into());
    }
    let plain = || !clustered && items.iter().all(|item| item.repeats == 1 && item.weight == items[0].weight);
    let constant = items.iter().all(|item| item.value == items[0].value);
    match kind {
        Kind::Binary if plain() => {
            estimate.method = Method::Wilson;
            estimate.interval = wilson(mean.mean.clamp(0.0, 1.0) * n as f64, n as f64, z);
        }
        Kind::Binary => {
            let variance = mean.se * mean.se;
            let p = mean.mean.clamp(0.0, 1.0);
            let trials: f64 = items.iter().map(|item| f64::from(item.repeats)).sum();
            // At 0, 1 or without any variance the clusters are all that is known to be independent.
            let (effective, t) = if p <= 0.0 || p >= 1.0 || variance <= 0.0 {
                (mean.clusters as f64, t_quantile(0.5 + 0.5 * confidence, mean.clusters as f64 - 1.0))
            } else {
                ((p * (1.0 - p) / variance).min(trials), t_quantile(0.5 + 0.5 * confidence, mean.df))
            };
            estimate.method = Method::ClusteredWilson;
            estimate.interval = wilson(p * effective, effective, t);
        }
        _ if constant => match kind.range() {
            Some((lo, hi)) => {
                let half = zero_variance_half(hi - lo, mean.clusters, z);
                estimate.method = Method::ZeroVariance;
                estimate.interval =
                    Some(Interval { lower: (mean.mean - half).max(lo), upper: (mean.mean + half).min(hi) });
            }
            None => {
                estimate.method = Method::None;
                estimate.reason = Some(Reason::ZeroVarianceUnbounded);
            }
        },
        _ => {
            let half = t_quantile(0.5 + 0.5 * confidence, mean.df) * mean.se;
            let (lo, hi) = kind.range().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            estimate.interval = Some(Interval { lower: (mean.mean - half).max(lo), upper: (mean.mean + half).min(hi) });
        }
    }
    estimate
}

/// [`level`] of independent cases of one weight, each with one repeat, whose values are read where they are. O(n).
///
/// # Examples
/// ```
/// use assay_stats::{Item, Kind, level, level_of};
///
/// let values = [0.2, 0.9, 0.4, 0.7];
/// let items = values.map(|value| Item { value, repeats: 1, cluster: None, weight: 1.0 });
/// assert_eq!(level_of(&values, Kind::Unbounded, 0.95), level(&items, Kind::Unbounded, 0.95));
/// ```
pub fn level_of(values: &[f64], kind: Kind, confidence: f64) -> Estimate {
    plain_level(values, sum_of(values) / values.len() as f64, kind, confidence)
}

/// [`level_of`] values whose mean is known.
pub(crate) fn plain_level(values: &[f64], mean: f64, kind: Kind, confidence: f64) -> Estimate {
    let n = values.len();
    let (lo, hi) = kind.range().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let usual = n > 1
        && is_level(confidence)
        && !matches!(kind, Kind::Quantile { .. })
        && lo < hi
        && values.iter().fold(true, |all, value| all & value.is_finite() & (lo <= *value) & (*value <= hi))
        && (kind == Kind::Binary || values.iter().any(|value| *value != values[0]));
    let se = if usual { plain_error(values, mean) } else { f64::NAN };
    if !mean.is_finite() || !se.is_finite() {
        let item = |value: &f64| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 };
        return level(&values.iter().map(item).collect::<Vec<_>>(), kind, confidence);
    }
    let df = n as f64 - 1.0;
    let (method, interval) = if kind == Kind::Binary {
        (Method::Wilson, wilson(mean.clamp(0.0, 1.0) * n as f64, n as f64, critical(confidence)))
    } else {
        let half = t_quantile(0.5 + 0.5 * confidence, df) * se;
        (Method::Cr2T, Some(Interval { lower: (mean - half).max(lo), upper: (mean + half).min(hi) }))
    };
    Estimate {
        value: Some(mean),
        interval,
        se: Some(se),
        df: Some(df),
        method,
        reason: None,
        ..Estimate::undefined(n, Reason::NoData)
    }
}

/// A metric of the corpus that is no mean of its cases, with what leaving out each case, or each cluster, makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Corpus {
    /// The metric of all cases.
    pub value: Option<f64>,
    /// The metric without each group.
    pub left_out: Vec<Option<f64>>,
    /// Cases behind it.
    pub n: usize,
    /// Whether a group is a cluster of cases.
    pub clustered: bool,
    /// The range of the metric, when it is known.
    pub range: Option<(f64, f64)>,
}

/// The level of a corpus metric: a delete-one (cluster) jackknife with a t quantile on G − 1 degrees of freedom, on the
/// logit scale for metrics from 0 to 1 and on Fisher's z for those from −1 to 1 (see [`crate::jackknife`]). Where every
/// group changes nothing the half-width is R·z²/(G + z²), so that equal data do not look certain. The standard error is
/// on the metric's own scale.
///
/// # Examples
/// ```
/// use assay_stats::{Corpus, Method, Reason, corpus_level};
/// let left_out = vec![Some(0.5), Some(0.6), Some(0.7)];
/// let f1 = Corpus { value: Some(0.6), left_out, n: 3, clustered: false, range: Some((0.0, 1.0)) };
/// let got = corpus_level(&f1, 0.95);
/// assert_eq!((got.method, got.df), (Method::Jackknife, Some(2.0)));
/// assert!(got.interval.unwrap().upper < 1.0);
/// assert_eq!(corpus_level(&Corpus { value: None, ..f1 }, 0.95).reason, Some(Reason::Undefined));
/// ```
pub fn corpus_level(corpus: &Corpus, confidence: f64) -> Estimate {
    let transform = match corpus.range {
        Some((0.0, 1.0)) => Transform::Logit,
        Some((-1.0, 1.0)) => Transform::FisherZ,
        _ => Transform::Identity,
    };
    of_corpus(corpus, transform, confidence)
}

pub(crate) fn of_corpus(corpus: &Corpus, transform: Transform, confidence: f64) -> Estimate {
    let groups = corpus.left_out.len();
    let mut estimate = Estimate::undefined(corpus.n, if corpus.n == 0 { Reason::NoData } else { Reason::Undefined });
    estimate.clusters = corpus.clustered.then_some(groups);
    let Some(value) = corpus.value.filter(|value| value.is_finite()) else { return estimate };
    estimate.value = Some(value);
    let whole = |estimate: &mut Estimate, reason: Reason| {
        estimate.reason = Some(reason);
        if let Some((lower, upper)) = corpus.range {
            estimate.interval = Some(Interval { lower, upper });
            estimate.method = Method::WholeRange;
        }
    };
    if groups < 2 {
        whole(&mut estimate, if corpus.clustered { Reason::OneCluster } else { Reason::NLt2 });
        return estimate;
    }
    let Some(left_out) = corpus.left_out.iter().copied().collect::<Option<Vec<f64>>>() else {
        whole(&mut estimate, Reason::Undefined);
        return estimate;
    };
    let Some(plain) = jackknife(value, &left_out, Transform::Identity, confidence) else {
        whole(&mut estimate, Reason::Undefined);
        return estimate;
    };
    (estimate.se, estimate.df) = (Some(plain.se), Some(plain.df));
    let (lo, hi) = corpus.range.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let inside = |i: Interval| Interval { lower: i.lower.max(lo), upper: i.upper.min(hi) };
    if plain.se > 0.0 {
        let on_scale = jackknife(value, &left_out, transform, confidence);
        estimate.interval = Some(inside(on_scale.map_or(plain.interval, |scaled| scaled.interval)));
        (estimate.method, estimate.reason) = (Method::Jackknife, None);
    } else if corpus.range.is_some() {
        let half = zero_variance_half(hi - lo, groups, critical(confidence));
        estimate.interval = Some(inside(Interval { lower: value - half, upper: value + half }));
        (estimate.method, estimate.reason) = (Method::ZeroVariance, None);
    } else {
        estimate.reason = Some(Reason::ZeroVarianceUnbounded);
    }
    estimate
}

/// Whether a level of confidence is one.
pub(crate) fn is_level(confidence: f64) -> bool {
    confidence > 0.0 && confidence < 1.0
}

/// Why items cannot be summarised.
fn refused(items: &[Item], kind: Kind, confidence: f64) -> Option<Reason> {
    if !usable(items) {
        return Some(Reason::NotFinite);
    }
    if !is_level(confidence) {
        return Some(Reason::Confidence);
    }
    match (kind, kind.range()) {
        (Kind::Quantile { q }, _) if !is_level(q) => Some(Reason::Quantile),
        (_, Some((lo, hi))) => {
            let is_range = lo < hi && (hi - lo).is_finite();
            // A mean of repeats may leave the range by its last bit.
            let slack = 1e-9 * (hi - lo);
            let inside = |item: &Item| lo - slack <= item.value && item.value <= hi + slack;
            (!is_range || !items.iter().all(inside)).then_some(Reason::OutOfRange)
        }
        _ => None,
    }
}

/// Whether values are finite and weights too, at least 0, and not all 0.
pub(crate) fn usable(items: &[Item]) -> bool {
    // Without a jump for each item.
    let fits = |item: &Item| item.value.is_finite() & (item.weight >= 0.0) & item.weight.is_finite();
    items.chunks(64).all(|chunk| chunk.iter().fold(true, |all, item| all & fits(item)))
        && items.iter().any(|item| item.weight > 0.0)
}

/// Half the width when all values are equal: equals Wilson at 0 of n and Tango without discordant cases.
pub(crate) fn zero_variance_half(range: f64, clusters: usize, z: f64) -> f64 {
    range * z * z / (clusters as f64 + z * z)
}

/// One case, or one cluster.
fn few(items: &[Item], kind: Kind, clustered: bool) -> Estimate {
    let total: f64 = items.iter().map(|item| item.weight).sum();
    let value = items.iter().map(|item| item.weight * item.value).sum::<f64>() / total;
    let mut weighted = items.iter().filter(|item| item.weight > 0.0);
    let first = weighted.next().and_then(|item| item.cluster);
    // Independent cases without an interval: their squares are beyond the numbers.
    if !value.is_finite() || weighted.any(|item| item.cluster.is_none() || item.cluster != first) {
        return Estimate::undefined(items.len(), Reason::NotFinite);
    }
    let reason = if clustered && items.len() > 1 { Reason::OneCluster } else { Reason::NLt2 };
    let range = kind.range().filter(|_| reason == Reason::NLt2);
    Estimate {
        value: Some(value),
        clusters: clustered.then_some(1),
        interval: range.map(|(lower, upper)| Interval { lower, upper }),
        method: if range.is_some() { Method::WholeRange } else { Method::None },
        ..Estimate::undefined(items.len(), reason)
    }
}

fn quantile_level(items: &[Item], q: f64, confidence: f64) -> Estimate {
    let mut sorted: Vec<f64> = items.iter().map(|item| item.value).collect();
    sorted.sort_by(f64::total_cmp);
    let interval = order_statistic_interval(&sorted, q, confidence);
    let mut estimate = Estimate {
        value: quantile_sorted(&sorted, q),
        interval,
        method: if interval.is_some() { Method::OrderStatistics } else { Method::None },
        reason: interval.is_none().then_some(Reason::QuantileNeedsMore),
        ..Estimate::undefined(items.len(), Reason::NoData)
    };
    if is_clustered(items) {
        estimate.warnings.push("the interval of a quantile treats cases as independent".into());
    }
    estimate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(successes: usize, n: usize, cluster: impl Fn(usize) -> Option<u32>) -> Vec<Item> {
        (0..n)
            .map(|i| Item { value: f64::from(u8::from(i < successes)), repeats: 1, cluster: cluster(i), weight: 1.0 })
            .collect()
    }

    #[test]
    fn plain_values_are_items_of_weight_one() {
        let some = [1.5, -2.0, 0.25, 7.0, 1e9];
        for values in [
            &some[..],
            &some[..4],
            &some[..2],
            &some[..1],
            &[],
            &[2.0; 4],
            &[1.0; 3],
            &[0.0, 1.0, 1.0],
            &[1.0, f64::NAN],
            &[1e308, -1e308, 1e308],
        ] {
            let items: Vec<Item> =
                values.iter().map(|value| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 }).collect();
            let mean = crate::mean::sum_of(values) / values.len() as f64;
            for confidence in [0.9, 2.0] {
                let kinds =
                    [Kind::Unbounded, Kind::Binary, Kind::Bounded { lo: -2.0, hi: 7.0 }, Kind::Quantile { q: 0.5 }];
                for kind in kinds {
                    let plain = plain_level(values, mean, kind, confidence);
                    assert_eq!(format!("{plain:?}"), format!("{:?}", level(&items, kind, confidence)), "{values:?}");
                }
            }
        }
    }

    #[test]
    fn undefined_is_never_zero_or_one() {
        let none = level(&[], Kind::Binary, 0.95);
        assert_eq!((none.value, none.reason), (None, Some(Reason::NoData)));
        let one = level(&binary(1, 1, |_| None), Kind::Binary, 0.95);
        assert_eq!(one.interval, Some(Interval { lower: 0.0, upper: 1.0 }));
        let cluster = level(&binary(3, 5, |_| Some(0)), Kind::Binary, 0.95);
        assert_eq!((cluster.interval, cluster.reason), (None, Some(Reason::OneCluster)));
        for (value, weight) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (0.5, -1.0), (0.5, f64::NAN)] {
            let odd = [Item { value, repeats: 1, cluster: None, weight }, binary(1, 1, |_| None)[0]];
            assert_eq!(level(&odd, Kind::Unbounded, 0.95).reason, Some(Reason::NotFinite));
            assert_eq!(clustered_mean(&odd), None);
        }
        let constant = vec![Item { value: 2.0, repeats: 1, cluster: None, weight: 1.0 }; 9];
        assert_eq!(level(&constant, Kind::Unbounded, 0.95).reason, Some(Reason::ZeroVarianceUnbounded));
    }

    #[test]
    fn equal_values_keep_a_width_that_equals_wilson_at_the_edge() {
        let zeros = vec![Item { value: 0.0, repeats: 1, cluster: None, weight: 1.0 }; 20];
        let bounded = level(&zeros, Kind::Bounded { lo: 0.0, hi: 1.0 }, 0.95).interval.unwrap();
        let rate = level(&zeros, Kind::Binary, 0.95).interval.unwrap();
        assert!((bounded.upper - rate.upper).abs() < 1e-12 && bounded.lower == 0.0);
    }

    #[test]
    fn repeats_do_not_pretend_to_be_cases() {
        // 60 cases with 5 epochs each that always agree: the interval is that of 60 cases, up to the t quantile.
        let repeated: Vec<Item> = binary(40, 60, |_| None).into_iter().map(|i| Item { repeats: 5, ..i }).collect();
        let width = |e: Estimate| e.interval.map(|i| i.upper - i.lower).unwrap();
        let (with, without) =
            (width(level(&repeated, Kind::Binary, 0.95)), width(level(&binary(40, 60, |_| None), Kind::Binary, 0.95)));
        assert!(with >= without && with < 1.06 * without, "{with} {without}");
    }

    #[test]
    fn clusters_widen_the_interval() {
        let apart = level(&binary(50, 100, |_| None), Kind::Binary, 0.95).interval.unwrap();
        let together = level(&binary(50, 100, |i| Some(i as u32 / 10)), Kind::Binary, 0.95).interval.unwrap();
        assert!(together.upper - together.lower > 2.0 * (apart.upper - apart.lower));
    }
}
