//! Paired comparisons: Tango's score interval, McNemar's mid-p, the sign-flip test, the plus-two guard.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::estimate::Interval;
use crate::proportion::invert_score;
use crate::special::{binomial_cdf, binomial_pmf, normal_cdf};

/// Tango's score statistic for the difference of paired rates being `delta`: `better` cases only the candidate
/// passed, `worse` only the baseline, of `n`. Infinite where the restriction rules out what was seen. `None` unless the
/// counts are 0 or more, together at most n, n > 0, and −1 ≤ `delta` ≤ 1. Tango 1998.
///
/// # Examples
/// ```
/// use assay_stats::paired::tango_z;
///
/// // Against no difference it is McNemar's (8 − 2)/√(8 + 2).
/// assert!((tango_z(8.0, 2.0, 50.0, 0.0).unwrap() - 6.0 / 10f64.sqrt()).abs() < 1e-12);
/// ```
pub fn tango_z(better: f64, worse: f64, n: f64, delta: f64) -> Option<f64> {
    let counts = better >= 0.0 && worse >= 0.0 && better + worse <= n && n > 0.0 && n.is_finite();
    (counts && delta.abs() <= 1.0).then(|| restricted_z(better, worse, n, delta))
}

/// [`tango_z`] of counts that are known to be some.
pub(crate) fn restricted_z(better: f64, worse: f64, n: f64, delta: f64) -> f64 {
    let a = 2.0 * n;
    let b = -better - worse + (2.0 * n - better + worse) * delta;
    let c = -worse * delta * (1.0 - delta);
    let q = (((b * b - 4.0 * a * c).max(0.0)).sqrt() - b) / (2.0 * a);
    let variance = n * (2.0 * q + delta * (1.0 - delta));
    let gap = better - worse - n * delta;
    if variance > 0.0 {
        gap / variance.sqrt()
    } else if gap == 0.0 {
        0.0
    } else {
        gap.signum() * f64::INFINITY
    }
}

/// Tango's interval for the difference of paired rates, by bisection of the monotone score statistic. `None` for no case,
/// more discordant cases than cases, or a critical value that is not above 0. Tango 1998.
///
/// # Examples
/// ```
/// use assay_stats::{paired::tango, proportion::critical};
///
/// // No case differs: ± z²/(n + z²), not a width of 0.
/// let interval = tango(0, 0, 100, critical(0.95)).unwrap();
/// assert!((interval.upper - 0.0370).abs() < 5e-5 && interval.lower == -interval.upper);
/// ```
pub fn tango(better: u64, worse: u64, n: u64, z: f64) -> Option<Interval> {
    let (b, c, n) = counts(better, worse, n, z)?;
    if better == 0 && worse == 0 {
        let half = z * z / (n + z * z);
        return Some(Interval { lower: -half, upper: half });
    }
    Some(invert_score((b - c) / n, z, |delta| restricted_z(b, c, n, delta)))
}

fn counts(better: u64, worse: u64, n: u64, z: f64) -> Option<(f64, f64, f64)> {
    let fits = n > 0 && better.checked_add(worse).is_some_and(|discordant| discordant <= n);
    (fits && z > 0.0 && z.is_finite()).then_some((better as f64, worse as f64, n as f64))
}

/// Bonett and Price's interval for the difference of paired rates: Wald after one discordant case more on either side.
/// Fast, and close to Tango's. `None` as [`tango`]. 2012.
///
/// # Examples
/// ```
/// use assay_stats::paired::bonett_price;
///
/// // (2 + 1)/20 ± 2 √((0.25 + 0.1 − 0.15²)/20)
/// let interval = bonett_price(4, 1, 18, 2.0).unwrap();
/// assert!((interval.upper - (0.15 + 2.0 * (0.3275f64 / 20.0).sqrt())).abs() < 1e-12);
/// ```
pub fn bonett_price(better: u64, worse: u64, n: u64, z: f64) -> Option<Interval> {
    let (b, c, n) = counts(better, worse, n, z)?;
    let total = n + 2.0;
    let (p, q) = ((b + 1.0) / total, (c + 1.0) / total);
    let half = z * ((p + q - (p - q).powi(2)) / total).sqrt();
    Some(Interval { lower: (p - q - half).max(-1.0), upper: (p - q + half).min(1.0) })
}

/// One-sided p-value against "the candidate is not worse than the baseline by more than `margin`", from Tango's
/// statistic: small when a loss beyond the margin is shown. `None` as [`tango_z`].
///
/// # Examples
/// ```
/// use assay_stats::paired::tango_p_worse;
///
/// // Twenty of a hundred cases lost and none won: a loss beyond 5 points is shown.
/// assert!(tango_p_worse(0, 20, 100, 0.05).unwrap() < 0.001);
/// ```
pub fn tango_p_worse(better: u64, worse: u64, n: u64, margin: f64) -> Option<f64> {
    tango_z(better as f64, worse as f64, n as f64, -margin).map(normal_cdf)
}

/// McNemar's mid-p value, two-sided: 2·P(X < m) + P(X = m) for m the smaller count and X ~ Bin(better + worse, ½),
/// and 1 without discordant cases. Fagerland, Lydersen & Laake 2013.
///
/// # Examples
/// ```
/// use assay_stats::paired::mcnemar_midp;
///
/// // 2 · P(X < 1) + P(X = 1) for X ~ Bin(9, ½).
/// assert!((mcnemar_midp(1, 8) - 11.0 / 512.0).abs() < 1e-12);
/// ```
pub fn mcnemar_midp(better: u64, worse: u64) -> f64 {
    let n = better.saturating_add(worse);
    let m = better.min(worse);
    if n == 0 || better == worse {
        return 1.0;
    }
    (2.0 * binomial_cdf(m, n, 0.5) - binomial_pmf(m, n, 0.5)).clamp(0.0, 1.0)
}

/// McNemar's exact p-value, two-sided.
///
/// # Examples
/// ```
/// use assay_stats::paired::mcnemar_exact;
///
/// // 2 · P(X ≤ 1) for X ~ Bin(9, ½).
/// assert!((mcnemar_exact(1, 8) - 20.0 / 512.0).abs() < 1e-12);
/// ```
pub fn mcnemar_exact(better: u64, worse: u64) -> f64 {
    let n = better.saturating_add(worse);
    if n == 0 || better == worse {
        return 1.0;
    }
    (2.0 * binomial_cdf(better.min(worse), n, 0.5)).min(1.0)
}

/// The exact two-sided sign-flip p-value of a mean difference, over all 2ⁿ signs in Gray-code order. Fisher 1935.
/// `None` for none, more than 20, or one that is not finite.
///
/// # Examples
/// ```
/// use assay_stats::paired::sign_flip_exact;
///
/// // Two of the eight sums are as extreme.
/// assert_eq!(sign_flip_exact(&[1.0, 2.0, 3.0]), Some(0.25));
/// ```
pub fn sign_flip_exact(differences: &[f64]) -> Option<f64> {
    let n = differences.len();
    if n == 0 || n > 20 || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    let observed = differences.iter().sum::<f64>().abs();
    // Sums in another order differ in the last bits; they must not count as smaller.
    let tolerance = 1e-12 * differences.iter().map(|d| d.abs()).sum::<f64>();
    let mut signs = vec![1.0_f64; n];
    let mut total: f64 = differences.iter().sum();
    let mut extreme = 0u64;
    let flips = 1u64 << n;
    for step in 1..=flips {
        if total.abs() >= observed - tolerance {
            extreme += 1;
        }
        if step < flips {
            let at = step.trailing_zeros() as usize;
            signs[at] = -signs[at];
            total += 2.0 * signs[at] * differences[at];
        }
    }
    Some(extreme as f64 / flips as f64)
}

/// The two-sided sign-flip p-value of a mean difference from the sums of independent clusters (or single differences):
/// exact up to 20 of them, else (1 + at least as extreme)/(1 + draws) over seeded random signs, which never claims less
/// than it knows. `None` without sums, without draws when they are needed, or with a sum that is not finite.
/// O(sums · draws). Fisher 1935; Phipson & Smyth 2010.
///
/// # Examples
/// ```
/// use assay_stats::paired::sign_flip;
/// assert_eq!(sign_flip(&[1.0, 1.0, 1.0, 1.0], 9_999, 1), Some(0.125));
/// assert!(sign_flip(&[0.2; 40], 9_999, 1).unwrap() <= 0.0002);
/// ```
pub fn sign_flip(sums: &[f64], draws: u32, seed: u64) -> Option<f64> {
    if !sums.iter().all(|value| value.is_finite()) {
        return None;
    }
    if sums.len() <= 20 {
        return sign_flip_exact(sums);
    }
    let tolerance = 1e-12 * sums.iter().map(|d| d.abs()).sum::<f64>();
    let observed = sums.iter().sum::<f64>().abs() - tolerance;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut extreme = 0u32;
    for _ in 0..draws {
        // 64 signs from each random number.
        let total: f64 = sums
            .chunks(64)
            .map(|chunk| {
                let bits: u64 = random.random();
                chunk.iter().enumerate().map(|(i, d)| if bits >> i & 1 == 1 { -d } else { *d }).sum::<f64>()
            })
            .sum();
        extreme += u32::from(total.abs() >= observed);
    }
    (draws > 0).then(|| (1.0 + f64::from(extreme)) / (1.0 + f64::from(draws)))
}

/// A golden value computed with the reference packages named in the file.
/// p-value of a difference of two systems by approximate randomisation, two-sided: in each trial a fair coin for each of
/// `cases` decides whether the two swap their answers, and (c + 1)/(trials + 1) is the share of trials whose absolute
/// difference is above the one measured. `difference` gets who swaps; it is first asked with nobody swapping. As
/// sacrebleu's, a system against itself has the smallest p-value there is, which says nothing. `None` without cases or
/// trials, or where the difference is undefined. O(trials · (cases + cost of the difference)). Riezler & Maxwell 2005.
///
/// # Examples
/// ```
/// use assay_stats::paired::approximate_randomisation;
/// let gains = [1.0, 2.0, 1.0, 3.0, 2.0, 1.0];
/// let mean = |swapped: &[bool]| {
///     Some(gains.iter().zip(swapped).map(|(gain, swap)| if *swap { -gain } else { *gain }).sum::<f64>() / 6.0)
/// };
/// // No swap gives a larger difference.
/// assert_eq!(approximate_randomisation(6, 999, 1, mean), Some(0.001));
/// ```
pub fn approximate_randomisation(
    cases: usize,
    trials: u32,
    seed: u64,
    mut difference: impl FnMut(&[bool]) -> Option<f64>,
) -> Option<f64> {
    let mut swapped = vec![false; cases];
    if cases == 0 || trials == 0 {
        return None;
    }
    let measured = difference(&swapped)?.abs();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut above = 0.0;
    for _ in 0..trials {
        swapped.iter_mut().for_each(|swap| *swap = random.random());
        above += f64::from(u8::from(difference(&swapped)?.abs() > measured));
    }
    measured.is_finite().then(|| (above + 1.0) / (f64::from(trials) + 1.0))
}

/// p-value of a difference of two systems by the paired bootstrap of Moses and sacrebleu: the share (c + 1)/(draws + 1) of
/// resamples of `cases` whose absolute difference exceeds the mean one by more than what was measured. `difference` gets
/// the places of the drawn cases, and is first asked with each case once. It is one-sided and approximate: the jackknife
/// and [`approximate_randomisation`] are to be preferred. `None` as there. O(draws · (cases + cost of the difference)).
/// Koehn 2004.
///
/// # Examples
/// ```
/// use assay_stats::paired::paired_bootstrap;
/// let gains: Vec<f64> = (0..40).map(|i| f64::from(i % 5) - 1.0).collect();
/// let mean = |drawn: &[usize]| Some(drawn.iter().map(|at| gains[*at]).sum::<f64>() / 40.0);
/// assert!(paired_bootstrap(40, 999, 1, mean).unwrap() < 0.01);
/// ```
pub fn paired_bootstrap(
    cases: usize,
    draws: u32,
    seed: u64,
    mut difference: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<f64> {
    let mut drawn: Vec<usize> = (0..cases).collect();
    if cases == 0 || draws == 0 {
        return None;
    }
    let measured = difference(&drawn)?.abs();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut found = Vec::new();
    for _ in 0..draws {
        drawn.iter_mut().for_each(|at| *at = random.random_range(0..cases));
        found.push(difference(&drawn)?.abs());
    }
    let mean = found.iter().sum::<f64>() / f64::from(draws);
    let above = found.iter().filter(|value| **value - mean > measured).count() as f64;
    (measured + mean).is_finite().then(|| (above + 1.0) / (f64::from(draws) + 1.0))
}

#[cfg(test)]
pub(crate) fn golden(name: &str) -> Vec<f64> {
    let text = include_str!("../tests/golden/statistics-golden.json");
    let all: serde_json::Value = serde_json::from_str(text).unwrap();
    let value = &all["values"][name];
    value.as_array().unwrap_or_else(|| panic!("no golden value `{name}`")).iter().map(|v| v.as_f64().unwrap()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proportion::critical;
    use proptest::prelude::*;

    #[test]
    fn tango_agrees_with_the_golden_values() {
        for (b, c, n) in [(5, 14, 89), (0, 6, 76), (0, 0, 20), (2, 5, 50)] {
            let want = golden(&format!("tango b={b} c={c} n={n}"));
            let got = tango(b, c, n, critical(0.95)).unwrap();
            assert!((got.lower - want[0]).abs() < 1e-9 && (got.upper - want[1]).abs() < 1e-9, "{b} {c} {n}: {got:?}");
        }
    }

    #[test]
    fn mcnemar_agrees_with_statsmodels() {
        for (b, c) in [(5, 14), (0, 6), (3, 3), (0, 0)] {
            assert!((mcnemar_midp(b, c) - golden(&format!("mcnemar b={b} c={c} midp"))[0]).abs() < 1e-12);
            assert!((mcnemar_exact(b, c) - golden(&format!("mcnemar b={b} c={c} exact"))[0]).abs() < 1e-12);
        }
    }

    proptest! {
        #[test]
        fn swapping_the_arms_mirrors_the_interval(b in 0u64..30, c in 0u64..30, rest in 1u64..50) {
            let n = b + c + rest;
            let (a, m) = (tango(b, c, n, 1.96).unwrap(), tango(c, b, n, 1.96).unwrap());
            prop_assert!((a.lower + m.upper).abs() < 1e-9 && (a.upper + m.lower).abs() < 1e-9);
            let estimate = (b as f64 - c as f64) / n as f64;
            prop_assert!(a.lower <= estimate && estimate <= a.upper);
        }

        #[test]
        fn sign_flips_agree_with_counting(differences in prop::collection::vec(-3i32..4, 1..9)) {
            let d: Vec<f64> = differences.iter().map(|v| f64::from(*v)).collect();
            let observed = d.iter().sum::<f64>().abs();
            let n = d.len();
            let count = (0..1u32 << n).filter(|bits| {
                (0..n).map(|i| if bits >> i & 1 == 1 { -d[i] } else { d[i] }).sum::<f64>().abs() >= observed
            }).count();
            prop_assert!((sign_flip_exact(&d).unwrap() - count as f64 / f64::from(1u32 << n)).abs() < 1e-12);
        }
    }
}
