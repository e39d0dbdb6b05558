//! Whether one forecast is better than another.

use std::fmt;

use crate::estimate::{Interval, is_level};
use crate::mean::{dot, sum};
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
    if losses.iter().any(|loss| !loss.is_finite()) || baseline.iter().any(|loss| !loss.is_finite()) {
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
    let mut d: Vec<f64> = losses.iter().zip(baseline).map(|(a, b)| a - b).collect();
    let largest = d.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let mean = sum(d.iter().copied()) / nf;
    d.iter_mut().for_each(|v| *v -= mean);
    let covariance = |lag: usize| dot(&d, &d[lag..]) / nf;
    let zero = covariance(0);
    if !zero.is_finite() {
        return Err(NoComparison::NotFinite);
    }
    if zero <= (1e-14 * largest).powi(2) {
        return Err(NoComparison::NoVariation);
    }
    let weight = |lag: usize| match window {
        Window::Flat => 1.0,
        Window::Bartlett => 1.0 - lag as f64 / h,
    };
    let variance = (zero + 2.0 * (1..horizon).map(|lag| weight(lag) * covariance(lag)).sum::<f64>()) / nf;
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
