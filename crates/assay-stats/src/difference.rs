//! Candidate against baseline: paired by case wherever cases match.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::estimate::{
    Corpus, Estimate, Interval, Item, Kind, Method, Reason, is_level, level, level_of, of_corpus, zero_variance_half,
};
use crate::jackknife::Transform;
use crate::mean::clustered_mean;
use crate::paired::{mcnemar_midp, sign_flip_exact, tango, tango_p_worse, tango_z};
use crate::proportion::{critical, mover};
use crate::quantile::bootstrap_difference;
use crate::special::{normal_cdf, t_quantile, t_sf};

/// One case in both runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The candidate's mean over epochs.
    pub candidate: f64,
    /// The baseline's mean over epochs.
    pub baseline: f64,
    /// The larger number of epochs of the two.
    pub repeats: u32,
    /// The case's cluster.
    pub cluster: Option<u32>,
    /// Design weight.
    pub weight: f64,
}

/// A difference, candidate minus baseline, higher being better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Difference {
    /// The difference with the interval that is shown.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// The interval that a gate reads: guarded where the sample is small, else the one shown.
    pub gate_interval: Option<Interval>,
    /// How the gate's interval was computed.
    pub gate_method: Method,
    /// Cases where the candidate is better.
    pub better: usize,
    /// Cases where the baseline is better.
    pub worse: usize,
    /// Cases without a difference.
    pub same: usize,
    /// A two-sided p-value, secondary to the interval.
    pub p: Option<f64>,
    /// The test behind it.
    pub p_method: Option<String>,
    /// Whether the cases were paired.
    pub paired: bool,
    /// Standard error and degrees of freedom, or the counts, from which one-sided p-values are computed.
    #[serde(skip)]
    pub harm: Harm,
}

/// What one-sided p-values of a difference are computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Harm {
    /// Nothing: there is no p-value.
    #[default]
    Unknown,
    /// A t statistic.
    T {
        /// Standard error.
        se: f64,
        /// Degrees of freedom.
        df: f64,
    },
    /// The counts of paired passes and failures.
    Tango {
        /// Cases only the candidate passed.
        better: u64,
        /// Cases only the baseline passed.
        worse: u64,
        /// Cases.
        n: u64,
    },
}

impl Difference {
    /// A difference with Student's t behind it: what is shown has `se`, what a gate reads `guarded` with its own; counts of
    /// cases that moved are of the scores that were given.
    pub(crate) fn by_t(estimate: Estimate, guarded: (f64, Interval, Method), df: f64, moved: [usize; 3]) -> Self {
        let (se, interval, method) = guarded;
        let p = estimate.value.zip(estimate.se).filter(|(_, se)| *se > 0.0);
        Self {
            p: p.map(|(value, se)| (2.0 * t_sf((value / se).abs(), df)).min(1.0)),
            p_method: p.map(|_| "t".to_owned()),
            estimate,
            gate_interval: Some(interval),
            gate_method: method,
            better: moved[0],
            worse: moved[1],
            same: moved[2],
            paired: true,
            harm: Harm::T { se, df },
        }
    }

    /// One-sided p-value against "not worse by more than `margin`": small when such a loss is shown.
    /// `None` for a margin that is not a number.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::{Kind, Pair, difference};
    /// let pair = |i| Pair { candidate: f64::from(i % 5 > 0), baseline: 1.0, repeats: 1, cluster: None, weight: 1.0 };
    /// let found = difference(&(0..100).map(pair).collect::<Vec<_>>(), Kind::Binary, 0.95, 1);
    /// assert!(found.p_worse(0.05).unwrap() < 0.001 && found.p_worse(0.2).unwrap() > 0.4);
    /// ```
    pub fn p_worse(&self, margin: f64) -> Option<f64> {
        let value = self.estimate.value.filter(|_| margin.is_finite())?;
        match self.harm {
            Harm::Unknown => None,
            Harm::T { se, df } if se > 0.0 => Some(1.0 - t_sf((value + margin) / se, df)),
            Harm::T { .. } => None,
            Harm::Tango { better, worse, n } => tango_p_worse(better, worse, n, margin),
        }
    }

    /// p-value of equivalence by two one-sided tests: small when the difference is shown to be within ± `margin`. The
    /// larger of the p-values against "worse by `margin` or more" and "better by `margin` or more", from the statistics
    /// behind the interval: t, or Tango's for binary pairs. Below α exactly when the 1 − 2α interval is within ± `margin`.
    /// `None` for a margin that is not above 0, and as [`p_worse`](Self::p_worse). Schuirmann 1987.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::{Kind, Pair, difference};
    /// let pair = |i: u32| Pair { candidate: f64::from(i % 3), baseline: 1.0, repeats: 1, cluster: None, weight: 1.0 };
    /// let found = difference(&(0..300).map(pair).collect::<Vec<_>>(), Kind::Unbounded, 0.95, 0);
    /// assert!(found.p_equivalent(0.2).unwrap() < 1e-4 && found.p_equivalent(0.01).unwrap() > 0.05);
    /// ```
    pub fn p_equivalent(&self, margin: f64) -> Option<f64> {
        let value = self.estimate.value.filter(|_| margin > 0.0 && margin.is_finite())?;
        match self.harm {
            Harm::T { se, df } if se > 0.0 => Some(t_sf((margin - value.abs()) / se, df)),
            Harm::Unknown | Harm::T { .. } => None,
            Harm::Tango { better, worse, n } => {
                let z = |delta: f64| tango_z(better as f64, worse as f64, n as f64, delta);
                Some(normal_cdf(-z(-margin)?).max(normal_cdf(z(margin)?)))
            }
        }
    }
}

/// The paired difference. Unrepeated, independent, unweighted binary cases get Tango's interval; everything else CR2
/// on the cases' differences, guarded for the gate when n < 500 or df < 100; quantiles a seeded bootstrap. Undefined, with
/// the reason, for what [`level`] refuses. O(n), bootstraps O(draws · n). Tango 1998; Bell & McCaffrey 2002; Efron &
/// Tibshirani 1993, §12.5.
///
/// # Examples
/// ```
/// use assay_stats::{Kind, Method, Pair, difference};
///
/// let pair = |candidate, baseline| Pair { candidate, baseline, repeats: 1, cluster: None, weight: 1.0 };
/// let mut pairs = vec![pair(1.0, 0.0); 6];
/// pairs.extend(vec![pair(0.0, 1.0); 2]);
/// pairs.extend(vec![pair(1.0, 1.0); 42]);
/// let found = difference(&pairs, Kind::Binary, 0.95, 1);
/// assert_eq!((found.better, found.worse, found.estimate.method), (6, 2, Method::Tango));
/// assert!((found.estimate.value.unwrap() - 0.08).abs() < 1e-12 && found.p.unwrap() > 0.1);
/// ```
pub fn difference(pairs: &[Pair], kind: Kind, confidence: f64, seed: u64) -> Difference {
    let count = |holds: fn(f64) -> bool| pairs.iter().filter(|pair| holds(pair.candidate - pair.baseline)).count();
    let (better, worse) = (count(|d| d > 0.0), count(|d| d < 0.0));
    let mut result = Difference {
        estimate: Estimate::undefined(pairs.len(), Reason::NoData),
        gate_interval: None,
        gate_method: Method::None,
        better,
        worse,
        same: pairs.len() - better - worse,
        p: None,
        p_method: None,
        paired: true,
        harm: Harm::Unknown,
    };
    if pairs.is_empty() {
        return result;
    }
    let finite = |pair: &Pair| [pair.candidate, pair.baseline, pair.weight].iter().all(|v| v.is_finite());
    if !pairs.iter().all(|pair| finite(pair) && pair.weight >= 0.0) {
        result.estimate.reason = Some(Reason::NotFinite);
        return result;
    }
    if let Kind::Quantile { q } = kind {
        if !is_level(q) || !is_level(confidence) {
            result.estimate.reason = Some(if is_level(confidence) { Reason::Quantile } else { Reason::Confidence });
            return result;
        }
        quantile_difference(&mut result, pairs, q, confidence, seed);
        return result;
    }
    let values: Vec<f64> = pairs.iter().map(|pair| pair.candidate - pair.baseline).collect();
    let items = || -> Vec<Item> {
        let item = |(pair, value): (&Pair, &f64)| Item {
            value: *value,
            repeats: pair.repeats,
            cluster: pair.cluster,
            weight: pair.weight,
        };
        pairs.iter().zip(&values).map(item).collect()
    };
    let range = kind.range().map(|(lo, hi)| hi - lo);
    let of_differences = range.map_or(Kind::Unbounded, |range| Kind::Bounded { lo: -range, hi: range });
    let clustered = pairs.iter().any(|pair| pair.cluster.is_some());
    let weight = pairs[0].weight;
    let plain = !clustered && weight > 0.0 && pairs.iter().all(|pair| (pair.repeats == 1) & (pair.weight == weight));
    result.estimate = match plain {
        true => level_of(&values, of_differences, confidence),
        false => level(&items(), of_differences, confidence),
    };
    let (Some(mean), Some(se), Some(df)) = (result.estimate.value, result.estimate.se, result.estimate.df) else {
        return result;
    };
    let z = critical(confidence);
    if kind == Kind::Binary && plain {
        let n = pairs.len() as u64;
        result.estimate.method = Method::Tango;
        result.estimate.interval = tango(better as u64, worse as u64, n, z);
        result.p = Some(mcnemar_midp(better as u64, worse as u64));
        result.p_method = Some("McNemar mid-p".into());
        result.harm = Harm::Tango { better: better as u64, worse: worse as u64, n };
        result.gate_interval = result.estimate.interval;
        result.gate_method = Method::Tango;
        return result;
    }
    result.harm = Harm::T { se, df };
    if let Some(p) = sign_flip_exact(&values).filter(|_| !clustered) {
        result.p = Some(p);
        result.p_method = Some("exact sign-flip".into());
    } else if se > 0.0 {
        result.p = Some((2.0 * t_sf((mean / se).abs(), df)).min(1.0));
        result.p_method = Some(if clustered { "clustered t" } else { "paired t" }.into());
    }
    result.gate_interval = result.estimate.interval;
    result.gate_method = result.estimate.method;
    match range {
        Some(range) if values.len() < 500 || df < 100.0 => {
            result.gate_interval = Some(guarded(&values, clustered, (mean, se, df), range, confidence));
            result.gate_method = Method::Cr2TGuarded;
        }
        None if result.estimate.interval.is_some() && (values.len() < 20 || skewness(&values).abs() > 2.0) => {
            widen_by_bootstrap(&mut result, &items(), confidence, seed);
        }
        _ => {}
    }
    result
}

/// The plus-two guard: two imagined cases at the ends of the range, so that a rare catastrophic loss that the sample
/// has not met is not excluded. Generalises Bonett & Price 2012 to bounded differences.
fn guarded(values: &[f64], clustered: bool, (mean, se, df): (f64, f64, f64), range: f64, confidence: f64) -> Interval {
    let n = values.len() as f64;
    let centre = mean * n / (n + 2.0);
    let (se, df) = if clustered {
        let variance = se * se + 2.0 * range * range / ((n + 2.0) * (n + 2.0));
        (variance.sqrt(), df)
    } else {
        let squares: f64 = values.iter().map(|value| value * value).sum();
        let variance = (squares + 2.0 * range * range) / (n + 2.0) - centre * centre;
        ((variance / (n + 2.0)).sqrt(), n + 1.0)
    };
    let half = t_quantile(0.5 + 0.5 * confidence, df) * se;
    Interval { lower: (centre - half).max(-range), upper: (centre + half).min(range) }
}

fn skewness(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let moment = |k: i32| values.iter().map(|v| (v - mean).powi(k)).sum::<f64>() / n;
    let m2 = moment(2);
    if m2 > 0.0 { moment(3) / m2.powf(1.5) } else { 0.0 }
}

/// Resamples are drawn for samples up to this size; above it the t interval of a mean is close enough whatever the
/// skewness.
const BOOTSTRAP_UP_TO: usize = 5_000;

/// Studentised bootstrap over clusters; the wider of it and the t interval is kept. Efron & Tibshirani 1993, §12.5.
fn widen_by_bootstrap(result: &mut Difference, items: &[Item], confidence: f64, seed: u64) {
    let (Some(shown), Some(value), Some(se)) = (result.estimate.interval, result.estimate.value, result.estimate.se)
    else {
        return;
    };
    if items.len() > BOOTSTRAP_UP_TO || se <= 0.0 {
        return;
    }
    let mut groups: std::collections::BTreeMap<u32, Vec<Item>> = std::collections::BTreeMap::new();
    let mut clusters: Vec<Vec<Item>> = Vec::new();
    for item in items {
        match item.cluster {
            Some(cluster) => groups.entry(cluster).or_default().push(*item),
            None => clusters.push(vec![*item]),
        }
    }
    clusters.extend(groups.into_values());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw: Vec<Item> = Vec::with_capacity(items.len());
    let mut ratios: Vec<f64> = (0..1_999)
        .filter_map(|_| {
            draw.clear();
            for at in 0..clusters.len() {
                // Each drawn cluster is a cluster of its own, also when it was drawn before.
                let label = u32::try_from(at).unwrap_or(u32::MAX);
                let picked = &clusters[random.random_range(0..clusters.len())];
                draw.extend(picked.iter().map(|item| Item { cluster: item.cluster.map(|_| label), ..*item }));
            }
            let mean = clustered_mean(&draw)?;
            (mean.se > 0.0).then(|| (mean.mean - value) / mean.se)
        })
        .collect();
    if ratios.len() < 1_000 {
        return;
    }
    ratios.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - confidence);
    let at = |q: f64| crate::quantile::quantile_sorted(&ratios, q);
    let (Some(low), Some(high)) = (at(tail), at(1.0 - tail)) else { return };
    let boot = Interval { lower: value - high * se, upper: value - low * se };
    if boot.upper - boot.lower > shown.upper - shown.lower {
        result.estimate.interval = Some(boot);
        result.estimate.method = Method::StudentisedBootstrap;
        result.gate_interval = Some(boot);
        result.gate_method = Method::StudentisedBootstrap;
    }
}

fn quantile_difference(result: &mut Difference, pairs: &[Pair], q: f64, confidence: f64, seed: u64) {
    let item = |value: f64, pair: &Pair| Item { value, repeats: 1, cluster: pair.cluster, weight: 1.0 };
    let both: Vec<(Item, Item)> =
        pairs.iter().map(|pair| (item(pair.candidate, pair), item(pair.baseline, pair))).collect();
    let arm = |pick: fn(&(Item, Item)) -> f64| {
        let mut values: Vec<f64> = both.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        crate::quantile::quantile_sorted(&values, q)
    };
    result.estimate.value =
        arm(|b| b.0.value).zip(arm(|b| b.1.value)).map(|(candidate, baseline)| candidate - baseline);
    if pairs.len() < 2 {
        result.estimate.reason = Some(Reason::NLt2);
        return;
    }
    let Some(interval) = bootstrap_difference(&both, q, confidence, seed) else { return };
    result.estimate.interval = Some(interval);
    result.estimate.method = Method::BootstrapQuantile;
    result.estimate.reason = None;
    result.gate_interval = Some(interval);
    result.gate_method = Method::BootstrapQuantile;
}

/// The paired difference of a corpus metric: both arms are computed from the same cases, and leaving out a case, or a
/// cluster, takes it out of both, so that what the arms share cancels. A delete-one jackknife with a t quantile on G − 1
/// degrees of freedom. `better`, `worse` and `same` count cases, by their own scores.
///
/// # Examples
/// ```
/// use assay_stats::{Corpus, Method, corpus_difference};
/// let arm = |value: f64, left_out: [f64; 3]| Corpus {
///     value: Some(value), left_out: left_out.map(Some).to_vec(), n: 3, clustered: false, range: Some((0.0, 1.0)),
/// };
/// let got = corpus_difference(&arm(0.7, [0.6, 0.7, 0.8]), &arm(0.6, [0.5, 0.6, 0.8]), [1, 0, 2], 0.95);
/// assert!((got.estimate.value.unwrap() - 0.1).abs() < 1e-12);
/// assert_eq!(got.estimate.method, Method::Jackknife);
/// ```
pub fn corpus_difference(candidate: &Corpus, baseline: &Corpus, cases: [usize; 3], confidence: f64) -> Difference {
    let subtract = |(a, b): (&Option<f64>, &Option<f64>)| a.zip(*b).map(|(a, b)| a - b);
    let range = candidate.range.map(|(lo, hi)| (lo - hi, hi - lo));
    let difference = Corpus {
        value: subtract((&candidate.value, &baseline.value)),
        left_out: candidate.left_out.iter().zip(&baseline.left_out).map(subtract).collect(),
        range,
        ..*candidate
    };
    let estimate = of_corpus(&difference, Transform::Identity, confidence);
    let p = estimate.value.zip(estimate.se.filter(|se| *se > 0.0)).zip(estimate.df);
    Difference {
        gate_interval: estimate.interval,
        gate_method: estimate.method,
        better: cases[0],
        worse: cases[1],
        same: cases[2],
        p: p.map(|((value, se), df)| (2.0 * t_sf((value / se).abs(), df)).min(1.0)),
        p_method: p.map(|_| "jackknife t".into()),
        paired: true,
        harm: p.map_or(Harm::Unknown, |((_, se), df)| Harm::T { se, df }),
        estimate,
    }
}

/// The difference of two runs that share no cases: Newcombe for binary scores (by MOVER from clustered Wilson
/// intervals), Welch's t or its CR2 form for means. Undefined, with the reason, for what [`level`] refuses. O(n log n).
/// Newcombe 1998; Zou & Donner 2008; Welch 1947.
///
/// # Examples
/// ```
/// use assay_stats::{Item, Kind, Method, unpaired_difference};
///
/// let items = |passed: u32, n: u32| -> Vec<Item> {
///     (0..n).map(|i| Item { value: f64::from(i < passed), repeats: 1, cluster: None, weight: 1.0 }).collect()
/// };
/// // Newcombe 1998: 56 of 70 against 48 of 80.
/// let found = unpaired_difference(&items(56, 70), &items(48, 80), Kind::Binary, 0.95);
/// let interval = found.estimate.interval.unwrap();
/// assert!((interval.lower - 0.0524).abs() < 5e-5 && (interval.upper - 0.3339).abs() < 5e-5);
/// assert_eq!(found.estimate.method, Method::Newcombe);
/// ```
pub fn unpaired_difference(candidate: &[Item], baseline: &[Item], kind: Kind, confidence: f64) -> Difference {
    let (c, b) = (level(candidate, kind, confidence), level(baseline, kind, confidence));
    unpaired(&c, &b, kind, confidence)
}

/// [`unpaired_difference`] of independent cases of one weight, each with one repeat, whose values are read where they are.
/// O(n + m).
///
/// # Examples
/// ```
/// use assay_stats::{Kind, Method, unpaired_difference_of};
///
/// let found = unpaired_difference_of(&[1.0, 2.0, 3.0], &[2.0, 4.0, 5.5, 6.0], Kind::Unbounded, 0.95);
/// assert_eq!((found.estimate.value, found.estimate.method), (Some(-2.375), Method::Welch));
/// ```
pub fn unpaired_difference_of(candidate: &[f64], baseline: &[f64], kind: Kind, confidence: f64) -> Difference {
    let (c, b) = (level_of(candidate, kind, confidence), level_of(baseline, kind, confidence));
    unpaired(&c, &b, kind, confidence)
}

/// The difference of two levels.
fn unpaired(c: &Estimate, b: &Estimate, kind: Kind, confidence: f64) -> Difference {
    let mut result = Difference {
        estimate: Estimate::undefined(c.n + b.n, Reason::NoData),
        gate_interval: None,
        gate_method: Method::None,
        better: 0,
        worse: 0,
        same: 0,
        p: None,
        p_method: None,
        paired: false,
        harm: Harm::Unknown,
    };
    let (Some(cv), Some(bv)) = (c.value, b.value) else {
        result.estimate.reason = c.reason.or(b.reason);
        return result;
    };
    result.estimate.value = Some(cv - bv);
    result.estimate.reason = c.reason.or(b.reason);
    match (kind, c.interval, b.interval, c.se.zip(c.df), b.se.zip(b.df)) {
        (Kind::Binary, Some(ci), Some(bi), ..) => {
            result.estimate.interval = mover(cv, ci, bv, bi);
            let wilson = c.method == Method::Wilson && b.method == Method::Wilson;
            result.estimate.method = if wilson { Method::Newcombe } else { Method::Mover };
        }
        (_, _, _, Some((cs, cd)), Some((bs, bd))) if cs > 0.0 || bs > 0.0 => {
            let (vc, vb) = (cs * cs, bs * bs);
            let se = (vc + vb).sqrt();
            let df = (vc + vb).powi(2) / (vc * vc / cd + vb * vb / bd);
            let half = t_quantile(0.5 + 0.5 * confidence, df) * se;
            result.estimate.interval = Some(Interval { lower: cv - bv - half, upper: cv - bv + half });
            result.estimate.method = Method::Welch;
            result.estimate.se = Some(se);
            result.estimate.df = Some(df);
            result.harm = Harm::T { se, df };
        }
        _ => {
            if let Some(range) = kind.range().map(|(lo, hi)| hi - lo) {
                let z = critical(confidence);
                let half = zero_variance_half(range, c.n.min(b.n), z);
                result.estimate.interval = Some(Interval { lower: cv - bv - half, upper: cv - bv + half });
                result.estimate.method = Method::ZeroVariance;
            }
        }
    }
    result.gate_interval = result.estimate.interval;
    result.gate_method = result.estimate.method;
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(candidate: f64, baseline: f64) -> Pair {
        Pair { candidate, baseline, repeats: 1, cluster: None, weight: 1.0 }
    }

    #[test]
    fn binary_pairs_get_tango_and_mid_p() {
        let mut pairs = vec![pair(1.0, 0.0); 5];
        pairs.extend(vec![pair(0.0, 1.0); 14]);
        pairs.extend(vec![pair(1.0, 1.0); 70]);
        let got = difference(&pairs, Kind::Binary, 0.95, 0);
        let want = crate::paired::golden("tango b=5 c=14 n=89");
        let interval = got.estimate.interval.unwrap();
        assert!((interval.lower - want[0]).abs() < 1e-9 && (interval.upper - want[1]).abs() < 1e-9);
        assert_eq!((got.better, got.worse, got.same), (5, 14, 70));
        assert!((got.p.unwrap() - 0.04138946533203125).abs() < 1e-12);
    }

    #[test]
    fn the_guard_does_not_exclude_a_rare_catastrophe() {
        // 30 cases without any difference: the plain interval is narrow, the guarded one is not.
        let mut pairs = vec![pair(0.5, 0.5); 29];
        pairs.push(pair(0.51, 0.5));
        let got = difference(&pairs, Kind::Bounded { lo: 0.0, hi: 1.0 }, 0.95, 0);
        assert!(got.estimate.interval.unwrap().lower > -0.01);
        assert!(got.gate_interval.unwrap().lower < -0.05);
        assert_eq!(got.gate_method, Method::Cr2TGuarded);
    }

    #[test]
    fn welch_agrees_with_scipy() {
        let item = |value: f64| Item { value, repeats: 1, cluster: None, weight: 1.0 };
        let a: Vec<Item> = [1.0, 2.0, 3.0, 4.0, 9.0].map(item).to_vec();
        let b: Vec<Item> = [2.0, 2.5, 3.5, 1.0].map(item).to_vec();
        let got = unpaired_difference(&a, &b, Kind::Unbounded, 0.95);
        // By hand: variances 9.7/5 and 1.0833…/4.
        let (va, vb) = (9.7 / 5.0, 1.0833333333333333 / 4.0);
        let df = (va + vb) * (va + vb) / (va * va / 4.0 + vb * vb / 3.0);
        assert!((got.estimate.df.unwrap() - df).abs() < 1e-9);
        assert!((got.estimate.se.unwrap() - (va + vb).sqrt()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn swapping_the_arms_mirrors_the_difference(rows in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 0u32..5), 6..40)) {
            let make = |swap: bool| rows.iter().map(|(a, b, g)| {
                let (candidate, baseline) = if swap { (*b, *a) } else { (*a, *b) };
                Pair { candidate, baseline, repeats: 2, cluster: Some(*g), weight: 1.0 }
            }).collect::<Vec<_>>();
            let kind = Kind::Bounded { lo: 0.0, hi: 1.0 };
            let (a, b) = (difference(&make(false), kind, 0.95, 1), difference(&make(true), kind, 0.95, 1));
            if let (Some(x), Some(y)) = (a.gate_interval, b.gate_interval) {
                prop_assert!((x.lower + y.upper).abs() < 1e-9 && (x.upper + y.lower).abs() < 1e-9);
            }
            prop_assert_eq!(a.better, b.worse);
        }

        #[test]
        fn the_order_of_cases_does_not_matter(rows in prop::collection::vec((0u8..2, 0u8..2), 2..40)) {
            let pairs: Vec<Pair> = rows.iter().map(|(a, b)| pair(f64::from(*a), f64::from(*b))).collect();
            let mut reversed = pairs.clone();
            reversed.reverse();
            prop_assert_eq!(difference(&pairs, Kind::Binary, 0.95, 1).estimate.interval, difference(&reversed, Kind::Binary, 0.95, 1).estimate.interval);
        }
    }
}
