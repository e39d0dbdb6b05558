//! Rates: score intervals for one rate and for the difference of two. `None` for more successes than cases, no case, and
//! a confidence or a critical value that is none.

use crate::estimate::{Interval, is_level};
use crate::special::{beta_quantile, normal_quantile};

/// The two-sided normal critical value of a confidence level; NaN for one outside of 0 to 1, as every function of
/// [`special`](crate::special) is outside of its domain.
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
/// value. Bounds at 0 and n are exactly 0 and 1. `None` unless 0 ≤ successes ≤ n, n > 0 and z > 0. Wilson 1927.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{critical, wilson};
///
/// // Newcombe 1998: 81 of 263.
/// let interval = wilson(81.0, 263.0, critical(0.95)).unwrap();
/// assert!((interval.lower - 0.2553).abs() < 5e-5 && (interval.upper - 0.3662).abs() < 5e-5);
/// ```
pub fn wilson(successes: f64, n: f64, z: f64) -> Option<Interval> {
    // A mean of scores times their number may exceed the number by its last bit.
    let counts = successes >= 0.0 && successes <= n * (1.0 + 1e-12) && n > 0.0 && n.is_finite();
    if !counts || !is_critical(z) {
        return None;
    }
    // Divisions and roots take longest: z √(p(1 − p)/n + z²/4n²) is √(s (p(1 − p) + s/4)) with s = z²/n.
    let (p, share) = (successes / n, z * z / n);
    let scale = 1.0 / (1.0 + share);
    let centre = (p + 0.5 * share) * scale;
    let half = (share * (p * (1.0 - p) + 0.25 * share)).max(0.0).sqrt() * scale;
    Some(Interval {
        lower: if p <= 0.0 { 0.0 } else { (centre - half).max(0.0) },
        upper: if p >= 1.0 { 1.0 } else { (centre + half).min(1.0) },
    })
}

fn is_critical(z: f64) -> bool {
    z > 0.0 && z.is_finite()
}

/// Clopper and Pearson's exact interval: never covers less than stated. `None` for no case, more successes than cases, or
/// a confidence outside of 0 to 1. 1934.
///
/// # Examples
/// ```
/// use assay_stats::proportion::clopper_pearson;
///
/// // Newcombe 1998: 81 of 263.
/// let interval = clopper_pearson(81, 263, 0.95).unwrap();
/// assert!((interval.lower - 0.2527).abs() < 5e-5 && (interval.upper - 0.3676).abs() < 5e-5);
/// ```
pub fn clopper_pearson(successes: u64, n: u64, confidence: f64) -> Option<Interval> {
    let alpha = 1.0 - confidence;
    let (k, rest) = (successes as f64, failures(successes, n, confidence)?);
    Some(Interval {
        lower: if successes == 0 { 0.0 } else { beta_quantile(0.5 * alpha, k, rest + 1.0) },
        upper: if successes == n { 1.0 } else { beta_quantile(1.0 - 0.5 * alpha, k + 1.0, rest) },
    })
}

/// Cases that failed, when the counts and the level are sensible.
fn failures(successes: u64, n: u64, confidence: f64) -> Option<f64> {
    let failures = n.checked_sub(successes)?;
    (n > 0 && is_level(confidence)).then_some(failures as f64)
}

/// One-sided upper bound of a rate after 0 of `n`: 1 − α^(1/n). `None` for no case or a confidence outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::proportion::zero_of_n_upper;
///
/// // About three in n.
/// assert!((zero_of_n_upper(100, 0.95).unwrap() - 0.0295).abs() < 1e-4);
/// ```
pub fn zero_of_n_upper(n: u64, confidence: f64) -> Option<f64> {
    (n > 0 && is_level(confidence)).then(|| 1.0 - (1.0 - confidence).powf(1.0 / n as f64))
}

/// The difference of two independent rates from their own intervals (MOVER; with Wilson intervals this is
/// Newcombe's hybrid method 10). `None` where a rate is not within its own interval. Newcombe 1998; Zou & Donner 2008.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{critical, mover, wilson};
///
/// // Newcombe 1998: 56 of 70 against 48 of 80.
/// let z = critical(0.95);
/// let interval = mover(0.8, wilson(56.0, 70.0, z).unwrap(), 0.6, wilson(48.0, 80.0, z).unwrap()).unwrap();
/// assert!((interval.lower - 0.0524).abs() < 5e-5 && (interval.upper - 0.3339).abs() < 5e-5);
/// ```
pub fn mover(candidate: f64, c: Interval, baseline: f64, b: Interval) -> Option<Interval> {
    let difference = candidate - baseline;
    // Up to rounding: an end may be the rate itself.
    let holds = |i: Interval, rate: f64| i.lower <= rate + 1e-12 && rate <= i.upper + 1e-12;
    (holds(c, candidate) && holds(b, baseline)).then(|| Interval {
        lower: difference - ((candidate - c.lower).powi(2) + (b.upper - baseline).powi(2)).sqrt(),
        upper: difference + ((c.upper - candidate).powi(2) + (baseline - b.lower).powi(2)).sqrt(),
    })
}

/// Jeffreys' interval: the equal-tailed posterior of a rate under a Beta(½, ½) prior, with the bound at 0 of n set to 0
/// and at n of n to 1. `None` as [`clopper_pearson`]. Brown, Cai & DasGupta 2001.
///
/// # Examples
/// ```
/// use assay_stats::proportion::jeffreys;
///
/// let interval = jeffreys(81, 263, 0.95).unwrap();
/// assert!((interval.lower - 0.2545).abs() < 5e-5 && (interval.upper - 0.3656).abs() < 5e-5);
/// ```
pub fn jeffreys(successes: u64, n: u64, confidence: f64) -> Option<Interval> {
    let tail = 0.5 * (1.0 - confidence);
    let (a, b) = (successes as f64 + 0.5, failures(successes, n, confidence)? + 0.5);
    Some(Interval {
        lower: if successes == 0 { 0.0 } else { beta_quantile(tail, a, b) },
        upper: if successes == n { 1.0 } else { beta_quantile(1.0 - tail, a, b) },
    })
}

/// Agresti and Caffo's interval for the difference of two independent rates: Wald after one success and one failure
/// more in each arm. `None` for no case in an arm, more successes than cases, or a critical value that is not above 0.
/// 2000.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{agresti_caffo, critical};
///
/// let interval = agresti_caffo((56, 70), (48, 80), critical(0.95)).unwrap();
/// assert!((interval.lower - 0.0525).abs() < 5e-5 && (interval.upper - 0.3358).abs() < 5e-5);
/// ```
pub fn agresti_caffo(c: (u64, u64), b: (u64, u64), z: f64) -> Option<Interval> {
    if !are_rates(c, b) || !is_critical(z) {
        return None;
    }
    let plus = |(k, n): (u64, u64)| ((k as f64 + 1.0) / (n as f64 + 2.0), n as f64 + 2.0);
    let ((p, n), (q, m)) = (plus(c), plus(b));
    let half = z * (p * (1.0 - p) / n + q * (1.0 - q) / m).sqrt();
    Some(Interval { lower: (p - q - half).max(-1.0), upper: (p - q + half).min(1.0) })
}

fn are_rates(c: (u64, u64), b: (u64, u64)) -> bool {
    [c, b].iter().all(|(k, n)| *n > 0 && k <= n)
}

/// Miettinen and Nurminen's score statistic for the difference of two independent rates (successes, cases) being
/// `delta`: the variance is that of the maximum-likelihood rates under the restriction, times N / (N − 1). Infinite where
/// the restriction rules out what was seen. `None` for no case in an arm, more successes than cases, or a `delta` outside
/// of −1 to 1. 1985.
///
/// # Examples
/// ```
/// use assay_stats::proportion::miettinen_nurminen_z;
///
/// // Against no difference: the pooled z times √((N − 1)/N).
/// let z = miettinen_nurminen_z((56, 70), (48, 80), 0.0).unwrap();
/// let pooled = 0.2 / (104.0 / 150.0 * 46.0 / 150.0 * (1.0 / 70.0 + 1.0 / 80.0f64)).sqrt();
/// assert!((z - pooled * (149.0 / 150.0f64).sqrt()).abs() < 1e-12);
/// ```
pub fn miettinen_nurminen_z(c: (u64, u64), b: (u64, u64), delta: f64) -> Option<f64> {
    (are_rates(c, b) && delta.abs() <= 1.0).then(|| restricted_z(c, b, delta))
}

fn restricted_z(c: (u64, u64), b: (u64, u64), delta: f64) -> f64 {
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
/// `None` as [`agresti_caffo`]. 1985.
///
/// # Examples
/// ```
/// use assay_stats::proportion::{critical, miettinen_nurminen};
///
/// // Newcombe 1998: 56 of 70 against 48 of 80.
/// let interval = miettinen_nurminen((56, 70), (48, 80), critical(0.95)).unwrap();
/// assert!((interval.lower - 0.0528).abs() < 5e-5 && (interval.upper - 0.3382).abs() < 5e-5);
/// ```
pub fn miettinen_nurminen(c: (u64, u64), b: (u64, u64), z: f64) -> Option<Interval> {
    let estimate = c.0 as f64 / c.1 as f64 - b.0 as f64 / b.1 as f64;
    (are_rates(c, b) && is_critical(z)).then(|| invert_score(estimate, z, |delta| restricted_z(c, b, delta)))
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
            let got = wilson(k as f64, n as f64, critical(0.95)).unwrap();
            assert!((got.lower - want[0]).abs() < 1e-12 && (got.upper - want[1]).abs() < 1e-12, "{k}/{n} {got:?}");
            let want = golden(&format!("prop {k}/{n} beta"));
            let got = clopper_pearson(k, n, 0.95).unwrap();
            assert!((got.lower - want[0]).abs() < 1e-10 && (got.upper - want[1]).abs() < 1e-10, "{k}/{n} {got:?}");
        }
    }

    #[test]
    fn newcombe_agrees_with_statsmodels() {
        for (a, n, b, m) in [(47.0, 50.0, 42.0, 50.0), (10.0, 10.0, 8.0, 10.0)] {
            let want = golden(&format!("2indep {a}/{n}-{b}/{m} newcomb"));
            let z = critical(0.95);
            let got = mover(a / n, wilson(a, n, z).unwrap(), b / m, wilson(b, m, z).unwrap()).unwrap();
            assert!((got.lower - want[0]).abs() < 1e-10 && (got.upper - want[1]).abs() < 1e-10, "{got:?}");
        }
    }
}
