//! Rates: score intervals for one rate and for the difference of two.

use crate::estimate::Interval;
use crate::special::{beta_quantile, normal_quantile};

/// The two-sided normal critical value of a confidence level.
pub fn critical(confidence: f64) -> f64 {
    normal_quantile(0.5 + 0.5 * confidence)
}

/// Wilson's score interval for `successes` of `n`, which may be effective, fractional numbers; `z` is the critical
/// value. Bounds at 0 and n are exactly 0 and 1. Wilson 1927.
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
pub fn clopper_pearson(successes: u64, n: u64, confidence: f64) -> Interval {
    let alpha = 1.0 - confidence;
    let (k, rest) = (successes as f64, (n - successes) as f64);
    Interval {
        lower: if successes == 0 { 0.0 } else { beta_quantile(0.5 * alpha, k, rest + 1.0) },
        upper: if successes == n { 1.0 } else { beta_quantile(1.0 - 0.5 * alpha, k + 1.0, rest) },
    }
}

/// One-sided upper bound of a rate after 0 of `n`: 1 − α^(1/n).
pub fn zero_of_n_upper(n: u64, confidence: f64) -> f64 {
    1.0 - (1.0 - confidence).powf(1.0 / n as f64)
}

/// The difference of two independent rates from their own intervals (MOVER; with Wilson intervals this is
/// Newcombe's hybrid method 10). Newcombe 1998; Zou & Donner 2008.
pub fn mover(candidate: f64, c: Interval, baseline: f64, b: Interval) -> Interval {
    let difference = candidate - baseline;
    Interval {
        lower: difference - ((candidate - c.lower).powi(2) + (b.upper - baseline).powi(2)).sqrt(),
        upper: difference + ((c.upper - candidate).powi(2) + (baseline - b.lower).powi(2)).sqrt(),
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
