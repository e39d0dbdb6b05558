//! Whether one forecast is better than another.

use std::fmt;

use crate::estimate::{Interval, is_level};
use crate::mean::sum_of;
use crate::special::{t_quantile, t_sf};

/// Weights of the autocovariances in the variance of a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// All h − 1 lags count fully, as Diebold and Mariano do; the variance can come out negative.
    #[default]
    Flat,
    /// Lag k counts 1 − k/h; the variance is never negative (Newey & West 1987).
    Bartlett,
}

/// Why two forecasts cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoComparison {
    /// The two sides differ in length.
    Lengths,
    /// A loss, or its square, is not finite.
    NotFinite,
    /// The confidence is not between 0 and 1.
    Confidence,
    /// The horizon is 0, or not below the number of forecasts, of which at least two are needed.
    Horizon,
    /// The losses differ by the same amount throughout (or not at all): no variance to judge it by.
    NoVariation,
    /// The flat window's variance is not above 0: use [`Window::Bartlett`].
    NegativeVariance,
}

impl fmt::Display for NoComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lengths => "the two sides differ in length",
            Self::NotFinite => "a loss is not finite",
            Self::Confidence => "the confidence is not between 0 and 1",
            Self::Horizon => "the horizon is at least 1 and below the number of forecasts",
            Self::NoVariation => "the losses differ by the same amount throughout",
            Self::NegativeVariance => "the variance comes out negative: use Bartlett's window",
        })
    }
}

impl std::error::Error for NoComparison {}

/// Diebold and Mariano's test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DieboldMariano {
    /// Mean loss of the first − mean loss of the second: below 0 the first is better.
    pub difference: f64,
    /// Its t interval on n − 1 degrees of freedom.
    pub interval: Interval,
    /// The statistic with the small-sample correction.
    pub statistic: f64,
    /// Two-sided p-value under t with n − 1 degrees of freedom.
    pub p: f64,
}

/// Diebold and Mariano's test of equal accuracy of two forecasts from their losses (such as squared errors), in the
/// order of time, of forecasts `horizon` steps ahead: d̄ / √((γ₀ + 2Σₖγₖ)/n) over lags k < h, times
/// √((n + 1 − 2h + h(h−1)/n)/n), against t with n − 1 degrees of freedom. O(n · h). Diebold & Mariano 1995; Harvey,
/// Leybourne & Newbold 1997.
///
/// # Examples
///
/// ```
/// use assay_stats::forecasts::{Window, diebold_mariano};
/// let test = diebold_mariano(&[1.0, 2.0, 1.5, 1.0], &[2.0, 3.5, 2.0, 2.0], 1, Window::Flat, 0.95)?;
/// assert!(test.difference == -1.0 && test.p < 0.05);
/// # Ok::<(), assay_stats::forecasts::NoComparison>(())
/// ```
pub fn diebold_mariano(
    losses: &[f64],
    baseline: &[f64],
    horizon: usize,
    window: Window,
    confidence: f64,
) -> Result<DieboldMariano, NoComparison> {
    if losses.len() != baseline.len() {
        return Err(NoComparison::Lengths);
    }
    let mut d: Vec<f64> = losses.iter().zip(baseline).map(|(a, b)| a - b).collect();
    let mean = sum_of(&d) / d.len().max(1) as f64;
    // So it is where a loss is not finite.
    if !mean.is_finite() {
        return Err(NoComparison::NotFinite);
    }
    if !is_level(confidence) {
        return Err(NoComparison::Confidence);
    }
    let n = losses.len();
    if n < 2 || horizon == 0 || horizon >= n {
        return Err(NoComparison::Horizon);
    }
    let (nf, h) = (n as f64, horizon as f64);
    d.iter_mut().for_each(|v| *v -= mean);
    let covariances = autocovariances(&d, horizon);
    let zero = covariances[0];
    if !zero.is_finite() {
        return Err(NoComparison::NotFinite);
    }
    // Against the largest difference, which is looked for where it can matter: its square is at most n(γ₀ + d̄²).
    let constant = || {
        let largest = losses.iter().zip(baseline).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        zero <= (1e-14 * largest).powi(2)
    };
    if zero <= 1e-28 * nf * (zero + mean * mean) && constant() {
        return Err(NoComparison::NoVariation);
    }
    let weight = |lag: usize| match window {
        Window::Flat => 1.0,
        Window::Bartlett => 1.0 - lag as f64 / h,
    };
    let variance = (zero + 2.0 * (1..horizon).map(|lag| weight(lag) * covariances[lag]).sum::<f64>()) / nf;
    if variance <= 1e-14 * zero / nf {
        return Err(NoComparison::NegativeVariance);
    }
    let correction = ((nf + 1.0 - 2.0 * h + h * (h - 1.0) / nf) / nf).sqrt();
    let se = variance.sqrt() / correction;
    let statistic = mean / se;
    let half = t_quantile(0.5 + 0.5 * confidence, nf - 1.0) * se;
    let p = (2.0 * t_sf(statistic.abs(), nf - 1.0)).min(1.0);
    Ok(DieboldMariano { difference: mean, interval: Interval { lower: mean - half, upper: mean + half }, statistic, p })
}

/// Lags that are gone through at once.
const LAGS: usize = 4;
/// Values that are gone through for all lags while they are in the nearest cache.
const NEAR: usize = 1024;

/// Σ dᵢ dᵢ₊ₖ / n for the lags k below `horizon`.
fn autocovariances(d: &[f64], horizon: usize) -> Vec<f64> {
    let mut sums = vec![0.0; horizon];
    for from in (0..d.len()).step_by(NEAR) {
        for lag in (0..horizon).step_by(LAGS) {
            // Rows that have all of these lags before them; the others one by one.
            let to = d.len().saturating_sub(lag + LAGS - 1).min(from + NEAR).max(from);
            let few = products(&d[from..to], d.get(from + lag..).unwrap_or_default());
            for (k, sum) in (lag..horizon).zip(few) {
                let late = to.max(from)..d.len().min(from + NEAR);
                let rest: f64 = late.filter_map(|i| Some(d[i] * d.get(i + k)?)).sum();
                sums[k] += sum + rest;
            }
        }
    }
    sums.iter().map(|sum| sum / d.len() as f64).collect()
}

/// Σ aᵢ bᵢ₊ₖ for the first few k: a value that is loaded is used for each.
fn products(a: &[f64], b: &[f64]) -> [f64; LAGS] {
    let mut sums = [[0.0_f64; 4]; LAGS];
    let (chunks, rest) = a.as_chunks::<4>();
    for (at, chunk) in chunks.iter().enumerate() {
        let Some(ahead) = b.get(4 * at..4 * at + 4 + LAGS - 1) else { break };
        for (k, sums) in sums.iter_mut().enumerate() {
            sums.iter_mut().zip(chunk.iter().zip(&ahead[k..])).for_each(|(sum, (a, b))| *sum += a * b);
        }
    }
    let from = a.len() - rest.len();
    std::array::from_fn(|k| {
        let rest: f64 = rest.iter().zip(b.get(from + k..).unwrap_or_default()).map(|(a, b)| a * b).sum();
        sums[k].iter().sum::<f64>() + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn autocovariances_are_sums_of_products(d in prop::collection::vec(-1.0..1.0f64, 1..40), horizon in 1usize..30, copies in 1usize..80) {
            let d = d.repeat(copies);
            let horizon = horizon.min(d.len());
            for (lag, got) in autocovariances(&d, horizon).into_iter().enumerate() {
                let want = d.iter().zip(&d[lag..]).map(|(a, b)| a * b).sum::<f64>() / d.len() as f64;
                prop_assert!((got - want).abs() < 1e-12, "{lag}: {got} {want}");
            }
        }
    }
}
