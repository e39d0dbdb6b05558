//! Delete-one (cluster) jackknife: intervals for statistics that are no means, such as F1, AUC, BLEU over a corpus, or
//! agreement. Deterministic, and closer to its level than the bootstrap on small samples.

use crate::estimate::{Interval, is_level};
use crate::special::t_quantile;

/// A scale on which a statistic varies more evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transform {
    /// The statistic itself.
    #[default]
    Identity,
    /// log(1 − θ), for agreement coefficients.
    LogOneMinus,
    /// Fisher's z, for correlations.
    FisherZ,
    /// log(θ/(1 − θ)), for rates, F1 and AUC.
    Logit,
}

impl Transform {
    fn apply(self, theta: f64) -> f64 {
        match self {
            Self::Identity => theta,
            Self::LogOneMinus => (1.0 - theta).ln(),
            Self::FisherZ => theta.atanh(),
            Self::Logit => (theta / (1.0 - theta)).ln(),
        }
    }

    fn invert(self, value: f64) -> f64 {
        match self {
            Self::Identity => value,
            Self::LogOneMinus => 1.0 - value.exp(),
            Self::FisherZ => value.tanh(),
            Self::Logit => 1.0 / (1.0 + (-value).exp()),
        }
    }
}

/// A statistic with its jackknife standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jackknife {
    /// The statistic of all data.
    pub estimate: f64,
    /// Standard error on the scale of the transform.
    pub se: f64,
    /// Groups − 1.
    pub df: f64,
    /// The interval, on the statistic's own scale.
    pub interval: Interval,
}

/// SE² = (G − 1)/G · Σ(θ₍g₎ − θ̄)² over the `leave_out` values, each the statistic without one of G groups, and a t
/// interval on G − 1 degrees of freedom around the transformed estimate. `None` below two groups, where a value is
/// undefined or at the edge of the transform, or for a confidence outside of 0 to 1. Tukey 1958; Efron 1982.
///
/// # Examples
/// ```
/// use assay_stats::jackknife::{Transform, jackknife};
///
/// // The mean of 1, 2 and 3 without each of them: the standard error of the mean, 1/√3.
/// let got = jackknife(2.0, &[2.5, 2.0, 1.5], Transform::Identity, 0.95).unwrap();
/// assert!((got.se - 1.0 / 3f64.sqrt()).abs() < 1e-12);
/// ```
pub fn jackknife(estimate: f64, leave_out: &[f64], transform: Transform, confidence: f64) -> Option<Jackknife> {
    let groups = leave_out.len() as f64;
    let centre = transform.apply(estimate);
    let values: Vec<f64> = leave_out.iter().map(|theta| transform.apply(*theta)).collect();
    if !is_level(confidence)
        || leave_out.len() < 2
        || !centre.is_finite()
        || values.iter().any(|value| !value.is_finite())
    {
        return None;
    }
    let mean = values.iter().sum::<f64>() / groups;
    let se = ((groups - 1.0) / groups * values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()).sqrt();
    let half = t_quantile(0.5 + 0.5 * confidence, groups - 1.0) * se;
    let (a, b) = (transform.invert(centre - half), transform.invert(centre + half));
    half.is_finite().then(|| Jackknife {
        estimate,
        se,
        df: groups - 1.0,
        interval: Interval { lower: a.min(b), upper: a.max(b) },
    })
}

/// The statistic without each group in turn, by computing it anew: G evaluations. `None` where one is undefined.
///
/// # Examples
/// ```
/// use assay_stats::jackknife::delete_one;
///
/// let values = [1.0, 2.0, 6.0];
/// let total = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum());
/// assert_eq!(delete_one(&[vec![0], vec![1], vec![2]], total), Some(vec![8.0, 7.0, 3.0]));
/// ```
pub fn delete_one(groups: &[Vec<usize>], statistic: impl Fn(&[usize]) -> Option<f64>) -> Option<Vec<f64>> {
    let mut rest = Vec::new();
    (0..groups.len())
        .map(|left_out| {
            rest.clear();
            rest.extend(groups.iter().enumerate().filter(|(g, _)| *g != left_out).flat_map(|(_, group)| group));
            statistic(&rest)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mean_it_is_the_t_interval() {
        let values: [f64; 5] = [1.0, 4.0, 2.0, 8.0, 5.0];
        let groups: Vec<Vec<usize>> = (0..5).map(|i| vec![i]).collect();
        let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
        let got = jackknife(4.0, &delete_one(&groups, mean).unwrap(), Transform::Identity, 0.95).unwrap();
        let variance = values.iter().map(|v| (v - 4.0).powi(2)).sum::<f64>() / 4.0;
        assert!((got.se - (variance / 5.0).sqrt()).abs() < 1e-12);
        assert!((got.interval.upper - 4.0 - t_quantile(0.975, 4.0) * got.se).abs() < 1e-12);
    }

    #[test]
    fn transforms_keep_the_interval_inside_and_edges_are_undefined() {
        for transform in [Transform::Logit, Transform::FisherZ, Transform::LogOneMinus] {
            let got = jackknife(0.95, &[0.94, 0.99, 0.9, 0.97], transform, 0.99).unwrap();
            assert!(got.interval.upper < 1.0 && got.interval.lower < 0.95, "{transform:?} {got:?}");
            assert_eq!(jackknife(1.0, &[1.0, 0.9], transform, 0.95), None);
        }
        assert_eq!(jackknife(0.5, &[0.5], Transform::Identity, 0.95), None);
    }
}
