//! Rates: score intervals for one rate and for the difference of two.

use crate::estimate::Interval;
use crate::special::{beta_quantile, normal_quantile};

/// The two-sided normal critical value of a confidence level.
///
/// # Examples
/// ```
/// use assay_stats::proportion::critical;
///
/// assert!((critical(0.95) - 1.959964).abs() < 1e-6);
/// ```
pub fn critical(confidence: f64) -> f64 {
    normal_quantile(0.5 + 0.5 * confidence)
}

/// Wilson's score interval for `successes` of `n`, which may be effective, fractional numbers; `z` is the critical
/// value. Bounds at 0 and n are exactly 0 and 1. Wilson 1927.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{critical, wilson};
///
/// // Newcombe 1998: 81 of 263.
/// let interval = wilson(81.0, 263.0, critical(0.95));
/// assert!((interval.lower - 0.2553).abs() < 5e-5 && (interval.upper - 0.3662).abs() < 5e-5);
/// ```
pub fn wilson(successes: f64, n: f64, z: f64) -> Interval {
    let p = successes / n;
    let z2 = z * z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0).sqrt() / (1.0 + z2 / n);
    Interval {
        lower: if p <= 0.0 { 0.0 } else { (centre - half).max(0.0) },
        upper: if p >= 1.0 { 1.0 } else { (centre + half).min(1.0) },
    }
}

/// Clopper and Pearson's exact interval: never covers less than stated. 1934.
///
/// # Examples
/// ```
/// use assay_stats::proportion::clopper_pearson;
///
/// // Newcombe 1998: 81 of 263.
/// let interval = clopper_pearson(81, 263, 0.95);
/// assert!((interval.lower - 0.2527).abs() < 5e-5 && (interval.upper - 0.3676).abs() < 5e-5);
/// ```
pub fn clopper_pearson(successes: u64, n: u64, confidence: f64) -> Interval {
    let alpha = 1.0 - confidence;
    let (k, rest) = (successes as f64, (n - successes) as f64);
    Interval {
        lower: if successes == 0 { 0.0 } else { beta_quantile(0.5 * alpha, k, rest + 1.0) },
        upper: if successes == n { 1.0 } else { beta_quantile(1.0 - 0.5 * alpha, k + 1.0, rest) },
    }
}

/// One-sided upper bound of a rate after 0 of `n`: 1 − α^(1/n).
///
/// # Examples
/// ```
/// use assay_stats::proportion::zero_of_n_upper;
///
/// // About three in n.
/// assert!((zero_of_n_upper(100, 0.95) - 0.0295).abs() < 1e-4);
/// ```
pub fn zero_of_n_upper(n: u64, confidence: f64) -> f64 {
    1.0 - (1.0 - confidence).powf(1.0 / n as f64)
}

/// The difference of two independent rates from their own intervals (MOVER; with Wilson intervals this is
/// Newcombe's hybrid method 10). Newcombe 1998; Zou & Donner 2008.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{critical, mover, wilson};
///
/// // Newcombe 1998: 56 of 70 against 48 of 80.
/// let z = critical(0.95);
/// let interval = mover(0.8, wilson(56.0, 70.0, z), 0.6, wilson(48.0, 80.0, z));
/// assert!((interval.lower - 0.0524).abs() < 5e-5 && (interval.upper - 0.3339).abs() < 5e-5);
/// ```
pub fn mover(candidate: f64, c: Interval, baseline: f64, b: Interval) -> Interval {
    let difference = candidate - baseline;
    Interval {
        lower: difference - ((candidate - c.lower).powi(2) + (b.upper - baseline).powi(2)).sqrt(),
        upper: difference + ((c.upper - candidate).powi(2) + (baseline - b.lower).powi(2)).sqrt(),
    }
}

/// Jeffreys' interval: the equal-tailed posterior of a rate under a Beta(½, ½) prior, with the bound at 0 of n set to 0
/// and at n of n to 1. Brown, Cai & DasGupta 2001.
///
/// # Examples
/// ```
/// use assay_stats::proportion::jeffreys;
///
/// let interval = jeffreys(81, 263, 0.95);
/// assert!((interval.lower - 0.2545).abs() < 5e-5 && (interval.upper - 0.3656).abs() < 5e-5);
/// ```
pub fn jeffreys(successes: u64, n: u64, confidence: f64) -> Interval {
    let tail = 0.5 * (1.0 - confidence);
    let (a, b) = (successes as f64 + 0.5, (n - successes) as f64 + 0.5);
    Interval {
        lower: if successes == 0 { 0.0 } else { beta_quantile(tail, a, b) },
        upper: if successes == n { 1.0 } else { beta_quantile(1.0 - tail, a, b) },
    }
}

/// Agresti and Caffo's interval for the difference of two independent rates: Wald after one success and one failure
/// more in each arm. 2000.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{agresti_caffo, critical};
///
/// let interval = agresti_caffo((56, 70), (48, 80), critical(0.95));
/// assert!((interval.lower - 0.0525).abs() < 5e-5 && (interval.upper - 0.3358).abs() < 5e-5);
/// ```
pub fn agresti_caffo(c: (u64, u64), b: (u64, u64), z: f64) -> Interval {
    let plus = |(k, n): (u64, u64)| ((k + 1) as f64 / (n + 2) as f64, (n + 2) as f64);
    let ((p, n), (q, m)) = (plus(c), plus(b));
    let half = z * (p * (1.0 - p) / n + q * (1.0 - q) / m).sqrt();
    Interval { lower: (p - q - half).max(-1.0), upper: (p - q + half).min(1.0) }
}

/// Miettinen and Nurminen's score statistic for the difference of two independent rates (successes, cases) being
/// `delta`: the variance is that of the maximum-likelihood rates under the restriction, times N / (N − 1). 1985.
pub fn miettinen_nurminen_z(c: (u64, u64), b: (u64, u64), delta: f64) -> f64 {
    let ((x1, n1), (x0, n0)) = ((c.0 as f64, c.1 as f64), (b.0 as f64, b.1 as f64));
    let (n, x) = (n1 + n0, x1 + x0);
    // The restricted baseline rate is the root in [0, 1] of a cubic.
    let l3 = n;
    let l2 = (n1 + 2.0 * n0) * delta - n - x;
    let l1 = (n0 * delta - n - 2.0 * x0) * delta + x;
    let l0 = x0 * delta * (1.0 - delta);
    let q = (l2 / (3.0 * l3)).powi(3) - l1 * l2 / (6.0 * l3 * l3) + l0 / (2.0 * l3);
    let p = q.signum() * ((l2 / (3.0 * l3)).powi(2) - l1 / (3.0 * l3)).max(0.0).sqrt();
    let angle = if p == 0.0 { 0.0 } else { (q / p.powi(3)).clamp(-1.0, 1.0) };
    let a = (std::f64::consts::PI + angle.acos()) / 3.0;
    let r0 = (2.0 * p * a.cos() - l2 / (3.0 * l3)).clamp(0.0, 1.0);
    let r1 = (r0 + delta).clamp(0.0, 1.0);
    let variance = (r1 * (1.0 - r1) / n1 + r0 * (1.0 - r0) / n0) * n / (n - 1.0);
    let gap = x1 / n1 - x0 / n0 - delta;
    if variance > 0.0 {
        gap / variance.sqrt()
    } else if gap.abs() < 1e-15 {
        0.0
    } else {
        gap.signum() * f64::INFINITY
    }
}

/// Miettinen and Nurminen's interval for the difference of two independent rates, by bisection of the monotone score.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{critical, miettinen_nurminen};
///
/// // Newcombe 1998: 56 of 70 against 48 of 80.
/// let interval = miettinen_nurminen((56, 70), (48, 80), critical(0.95));
/// assert!((interval.lower - 0.0528).abs() < 5e-5 && (interval.upper - 0.3382).abs() < 5e-5);
/// ```
pub fn miettinen_nurminen(c: (u64, u64), b: (u64, u64), z: f64) -> Interval {
    let estimate = c.0 as f64 / c.1 as f64 - b.0 as f64 / b.1 as f64;
    invert_score(estimate, z, |delta| miettinen_nurminen_z(c, b, delta))
}

/// All differences within [−1, 1] that a falling score statistic does not reject at ±z, by bisection on either side of
/// the estimate.
pub(crate) fn invert_score(estimate: f64, z: f64, score: impl Fn(f64) -> f64) -> Interval {
    let solve = |target: f64, mut low: f64, mut high: f64| {
        // 60 halvings of an interval of length 2 reach the last bit.
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if score(middle) > target {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    };
    Interval {
        lower: if estimate <= -1.0 { -1.0 } else { solve(z, -1.0, estimate) },
        upper: if estimate >= 1.0 { 1.0 } else { solve(-z, estimate, 1.0) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(name: &str) -> Vec<f64> {
        crate::paired::golden(name)
    }

    #[test]
    fn intervals_agree_with_statsmodels() {
        for (k, n) in [(0u64, 20u64), (20, 20), (47, 50), (7, 10)] {
            let want = golden(&format!("prop {k}/{n} wilson"));
            let got = wilson(k as f64, n as f64, critical(0.95));
            assert!((got.lower - want[0]).abs() < 1e-12 && (got.upper - want[1]).abs() < 1e-12, "{k}/{n} {got:?}");
            let want = golden(&format!("prop {k}/{n} beta"));
            let got = clopper_pearson(k, n, 0.95);
            assert!((got.lower - want[0]).abs() < 1e-10 && (got.upper - want[1]).abs() < 1e-10, "{k}/{n} {got:?}");
        }
    }

    #[test]
    fn newcombe_agrees_with_statsmodels() {
        for (a, n, b, m) in [(47.0, 50.0, 42.0, 50.0), (10.0, 10.0, 8.0, 10.0)] {
            let want = golden(&format!("2indep {a}/{n}-{b}/{m} newcomb"));
            let z = critical(0.95);
            let got = mover(a / n, wilson(a, n, z), b / m, wilson(b, m, z));
            assert!((got.lower - want[0]).abs() < 1e-10 && (got.upper - want[1]).abs() < 1e-10, "{got:?}");
        }
    }
}
