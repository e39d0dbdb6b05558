//! How many cases are enough: sample sizes, minimal detectable effects and exact power, before anything is run.
//!
//! `None` for a confidence or a power outside of 0 to 1, a negative margin, and what else cannot be. Sizes are cases after
//! averaging repeats; multiply by the design effect when cases share clusters ([`design_effect`], [`scaled`]).

use crate::estimate::is_level;
use crate::paired::restricted_z;
use crate::proportion::{critical, wilson};
use crate::special::{ln_gamma, normal_cdf, normal_quantile, t_quantile};

/// What a test should be able to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// The two-sided level of the interval that is shown and decided on, such as 0.95.
    pub confidence: f64,
    /// The wanted chance of a pass.
    pub power: f64,
    /// The tolerated loss, 0 or more.
    pub margin: f64,
    /// The true difference, candidate − baseline, that should pass.
    pub effect: f64,
}

impl Goal {
    fn z(&self) -> f64 {
        critical(self.confidence) + normal_quantile(self.power)
    }

    /// The distance between what is true and what must be excluded.
    fn distance(&self) -> Option<f64> {
        let distance = self.margin + self.effect;
        (self.is_sensible() && distance > 0.0).then_some(distance)
    }

    fn is_sensible(&self) -> bool {
        is_level(self.confidence)
            && is_level(self.power)
            && self.margin >= 0.0
            && (self.margin + self.effect).is_finite()
    }
}

/// A number above 0 that is one.
fn positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

/// Cases for a paired difference with standard deviation `sd` per case: (z_α + z_β)² · sd² / (margin + effect)², with t
/// quantiles below 50 cases. `None` when the true difference lies outside the margin. Cohen 1988, chapter 2.
///
/// # Examples
/// ```
/// use assay_stats::power::{Goal, paired_cases};
///
/// // The textbook's 34 pairs for half a standard deviation.
/// let goal = Goal { confidence: 0.95, power: 0.8, margin: 0.0, effect: 0.5 };
/// assert_eq!(paired_cases(1.0, goal), Some(34));
/// ```
pub fn paired_cases(sd: f64, goal: Goal) -> Option<u64> {
    let distance = goal.distance().filter(|_| positive(sd))?;
    let size = |z: f64| (z * sd / distance).powi(2);
    let first = size(goal.z()).ceil();
    if first >= 50.0 {
        return Some(first as u64);
    }
    let df = (first - 1.0).max(1.0);
    Some(size(t_quantile(0.5 + 0.5 * goal.confidence, df) + t_quantile(goal.power, df)).ceil() as u64)
}

/// Cases for a paired difference of pass rates with discordance `psi`, the share of cases on which the two differ. The
/// closed form (z_α + z_β)²·ψ/(margin + effect)² promises too much below about 30 discordant cases, so up to 2,000 cases
/// it is raised until [`paired_power`] reaches the goal. Miller 2024; Connor 1987.
///
/// # Examples
/// ```
/// use assay_stats::power::{Goal, paired_binary_cases, paired_power};
///
/// // The closed form says 79, which reaches 70% only.
/// let goal = Goal { confidence: 0.95, power: 0.8, margin: 0.1, effect: 0.0 };
/// let n = paired_binary_cases(0.1, goal).unwrap();
/// assert!(n > 79 && paired_power(n, 0.1, goal).unwrap() >= 0.8);
/// ```
pub fn paired_binary_cases(psi: f64, goal: Goal) -> Option<u64> {
    let distance = goal.distance().filter(|_| psi > 0.0 && psi <= 1.0 && goal.effect.abs() <= psi)?;
    let start = ((goal.z() / distance).powi(2) * psi).ceil().max(2.0) as u64;
    if start > 2_000 {
        return Some(start);
    }
    let reached = |n: u64| paired_power(n, psi, goal).is_some_and(|power| power >= goal.power);
    // Power saws up and down by a little with n: the first size from the closed form on that reaches the goal and
    // still does with one case more.
    (start..).take(4_000).find(|n| reached(*n) && reached(n + 1))
}

/// The exact chance that Tango's interval for `n` paired cases excludes a loss of `goal.margin`, when a share `psi` of
/// cases differs and the true difference is `goal.effect`: a sum over all outcomes. `None` for no case, more than ten
/// million, or an effect that such a share cannot make. O(n log n). Tango 1998.
///
/// # Examples
/// ```
/// use assay_stats::power::{Goal, paired_power};
///
/// let goal = Goal { confidence: 0.95, power: 0.8, margin: 0.1, effect: 0.0 };
/// assert!((paired_power(79, 0.1, goal).unwrap() - 0.70).abs() < 0.012);
/// ```
pub fn paired_power(n: u64, psi: f64, goal: Goal) -> Option<f64> {
    let up = 0.5 * (psi + goal.effect);
    let sized = n > 0 && n <= 10_000_000 && goal.is_sensible() && goal.margin <= 1.0;
    if !sized || !(0.0..=1.0).contains(&psi) || !(0.0..=psi).contains(&up) {
        return None;
    }
    let (z, total) = (critical(goal.confidence), n as f64);
    let passes = |better: u64, discordant: u64| {
        restricted_z(better as f64, (discordant - better) as f64, total, -goal.margin) > z
    };
    let choose = |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let term = |k: u64, p: f64| if k == 0 { 0.0 } else { k as f64 * p.ln() };
    let mut power = 0.0;
    for m in 0..=n {
        let weight = (choose(n, m) + term(m, psi) + term(n - m, 1.0 - psi)).exp();
        if weight < 1e-14 {
            continue;
        }
        // More wins among the discordant cases never turn a pass into a miss.
        let (mut low, mut high) = (0, m + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if passes(middle, m) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let share = if psi > 0.0 { up / psi } else { 0.0 };
        let tail: f64 = (low..=m).map(|b| (choose(m, b) + term(b, share) + term(m - b, 1.0 - share)).exp()).sum();
        power += weight * tail;
    }
    Some(power.min(1.0))
}

/// The smallest true difference that `n` cases show with the goal's power against a margin of 0: (z_α + z_β) · sd / √n.
/// Bloom 1995.
///
/// # Examples
/// ```
/// use assay_stats::power::detectable;
///
/// // 2.8016 · 1/√100
/// assert!((detectable(100, 1.0, 0.95, 0.8).unwrap() - 0.28016).abs() < 1e-5);
/// ```
pub fn detectable(n: u64, sd: f64, confidence: f64, power: f64) -> Option<f64> {
    (n > 0 && sd >= 0.0 && sd.is_finite() && is_level(confidence) && is_level(power))
        .then(|| (critical(confidence) + normal_quantile(power)) * sd / (n as f64).sqrt())
}

/// Cases after which Wilson's interval of a rate near `p` is at most `half` wide on either side. `None` unless
/// 1e-6 ≤ half < ½. Wilson 1927.
///
/// # Examples
/// ```
/// use assay_stats::power::rate_cases;
///
/// let n = rate_cases(0.5, 0.05, 0.95).unwrap();
/// assert!((375..=385).contains(&n), "{n}");
/// ```
pub fn rate_cases(p: f64, half: f64, confidence: f64) -> Option<u64> {
    if !(0.0..=1.0).contains(&p) || !(1e-6..0.5).contains(&half) || !is_level(confidence) {
        return None;
    }
    let z = critical(confidence);
    let wide = |n: u64| {
        wilson(p * n as f64, n as f64, z).is_some_and(|interval| 0.5 * (interval.upper - interval.lower) > half)
    };
    let mut high = 1;
    while wide(high) {
        high *= 2;
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if wide(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// Cases that must all pass before Wilson's lower bound reaches `threshold`: ⌈z²·T/(1 − T)⌉. Wilson 1927.
///
/// # Examples
/// ```
/// use assay_stats::power::all_pass_cases;
///
/// // 73 passes of 73 before the lower end reaches 95%.
/// assert_eq!(all_pass_cases(0.95, 0.95), Some(73));
/// ```
pub fn all_pass_cases(threshold: f64, confidence: f64) -> Option<u64> {
    let z = critical(confidence);
    ((0.0..1.0).contains(&threshold) && is_level(confidence))
        .then(|| (z * z * threshold / (1.0 - threshold) - 1e-9).ceil().max(1.0) as u64)
}

/// Cases per arm for the difference of two independent means or rates with standard deviations `sd`: (z_α + z_β)² ·
/// (sd₁² + sd₂²) / (margin + effect)². `None` when the true difference lies outside the margin or neither arm varies.
/// Cohen 1988, chapter 2.
///
/// # Examples
/// ```
/// use assay_stats::power::{Goal, unpaired_cases};
///
/// let goal = Goal { confidence: 0.95, power: 0.8, margin: 0.0, effect: 0.5 };
/// assert_eq!(unpaired_cases((1.0, 1.0), goal), Some(63));
/// ```
pub fn unpaired_cases(sd: (f64, f64), goal: Goal) -> Option<u64> {
    let variance = sd.0 * sd.0 + sd.1 * sd.1;
    let distance = goal.distance().filter(|_| sd.0 >= 0.0 && sd.1 >= 0.0 && positive(variance))?;
    Some(((goal.z() / distance).powi(2) * variance).ceil() as u64)
}

/// Cases when they share clusters: n · design effect. `None` for a design effect that is not above 0. Kish 1965.
///
/// # Examples
/// ```
/// use assay_stats::power::{design_effect, scaled};
///
/// assert_eq!(scaled(100, design_effect(5.0, 0.25).unwrap()), Some(200));
/// ```
pub fn scaled(n: u64, design_effect: f64) -> Option<u64> {
    positive(design_effect).then(|| (n as f64 * design_effect).ceil() as u64)
}

/// The design effect of clusters of `size` cases: 1 + (size − 1) · ICC. `None` for a size below 1 or an ICC outside of 0
/// to 1. Kish 1965.
///
/// # Examples
/// ```
/// use assay_stats::power::design_effect;
///
/// assert_eq!(design_effect(5.0, 0.25), Some(2.0));
/// ```
pub fn design_effect(size: f64, icc: f64) -> Option<f64> {
    (size >= 1.0 && size.is_finite() && (0.0..=1.0).contains(&icc)).then_some(1.0 + (size - 1.0) * icc)
}

/// The chance that the interval of a paired difference with standard deviation `sd` per case excludes a loss of
/// `goal.margin`, by the normal approximation. `goal.power` is not used. `None` unless n and sd are above 0. Cohen 1988,
/// chapter 2.
///
/// # Examples
/// ```
/// use assay_stats::power::{Goal, approximate_power};
///
/// let goal = Goal { confidence: 0.95, power: 0.8, margin: 0.0, effect: 0.5 };
/// assert!((approximate_power(31.4, 1.0, goal).unwrap() - 0.8).abs() < 1e-3);
/// ```
pub fn approximate_power(n: f64, sd: f64, goal: Goal) -> Option<f64> {
    let distance = goal.margin + goal.effect;
    let sensible = is_level(goal.confidence) && goal.margin >= 0.0 && distance.is_finite();
    (sensible && positive(sd) && positive(n)).then(|| normal_cdf(distance * n.sqrt() / sd - critical(goal.confidence)))
}

/// The standard deviation of a paired difference of means over `repeats` epochs, from the variance between cases, their
/// correlation between the arms, and the variance within a case: √(2(1 − ρ)·σ²_b + 2·σ²_w/K). `None` for a negative
/// variance, a correlation outside of −1 to 1, or no repeat. Miller 2024 §3.
///
/// # Examples
/// ```
/// use assay_stats::power::difference_sd;
///
/// assert!((difference_sd(0.2, 0.5, 0.1, 5).unwrap() - 0.24f64.sqrt()).abs() < 1e-12);
/// ```
pub fn difference_sd(between: f64, correlation: f64, within: f64, repeats: u32) -> Option<f64> {
    let variance = 2.0 * (1.0 - correlation) * between + 2.0 * within / f64::from(repeats);
    let sensible = between >= 0.0 && within >= 0.0 && (-1.0..=1.0).contains(&correlation) && repeats > 0;
    (sensible && variance.is_finite()).then(|| variance.sqrt())
}

/// Epochs that make the most of a budget when a case costs `case` and each epoch `epoch`: √(case/epoch · σ²_w/σ²_b), at
/// least 1. `None` for a negative cost or variance, epochs that cost nothing, or cases that do not differ. Miller 2024 §3.
///
/// # Examples
/// ```
/// use assay_stats::power::best_repeats;
///
/// assert_eq!(best_repeats(9.0, 1.0, 0.4, 0.1), Some(6.0));
/// ```
pub fn best_repeats(case: f64, epoch: f64, within: f64, between: f64) -> Option<f64> {
    let best = (case / epoch * within / between).sqrt();
    (case >= 0.0 && epoch > 0.0 && within >= 0.0 && between > 0.0 && best.is_finite()).then(|| best.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE_WORSE: Goal = Goal { confidence: 0.95, power: 0.8, margin: 0.05, effect: 0.0 };

    #[test]
    fn all_pass_sizes_are_the_published_ones() {
        let sizes = [0.8, 0.9, 0.95, 0.99].map(|t| all_pass_cases(t, 0.95).unwrap());
        assert_eq!(sizes, [16, 35, 73, 381]);
        for (threshold, n) in [(0.8, 16.0), (0.95, 73.0)] {
            let z = critical(0.95);
            let lower = |n: f64| wilson(n, n, z).unwrap().lower;
            assert!(lower(n) >= threshold && lower(n - 1.0) < threshold);
        }
    }

    #[test]
    fn exact_power_is_what_simulation_measured() {
        // Pass probabilities of the planning table, measured by 20,000 simulated comparisons in each cell.
        for (psi, margin, n, measured) in [
            (0.05, 0.02, 982, 0.77),
            (0.05, 0.05, 157, 0.67),
            (0.05, 0.10, 40, 0.46),
            (0.10, 0.05, 314, 0.77),
            (0.10, 0.10, 79, 0.70),
            (0.20, 0.10, 157, 0.78),
        ] {
            let power = paired_power(n, psi, Goal { margin, ..NONE_WORSE }).unwrap();
            assert!((power - measured).abs() < 0.012, "ψ {psi} δ {margin}: {power}");
        }
    }

    #[test]
    fn exact_power_equals_the_sum_over_all_outcomes() {
        let (n, psi) = (24u64, 0.3);
        let goal = Goal { margin: 0.15, effect: 0.05, ..NONE_WORSE };
        let (p, q) = (0.5 * (psi + 0.05), 0.5 * (psi - 0.05));
        let factorial = |k: u64| (1..=k).map(|i| i as f64).product::<f64>();
        let mut want = 0.0;
        for b in 0..=n {
            for c in 0..=n - b {
                let lower = crate::paired::tango(b, c, n, critical(0.95)).unwrap().lower;
                if lower > -0.15 {
                    let rest = n - b - c;
                    want += factorial(n) / factorial(b) / factorial(c) / factorial(rest)
                        * f64::powi(p, b as i32)
                        * f64::powi(q, c as i32)
                        * f64::powi(1.0 - psi, rest as i32);
                }
            }
        }
        let got = paired_power(n, psi, goal).unwrap();
        assert!((got - want).abs() < 1e-9, "{got} {want}");
    }

    #[test]
    fn needed_cases_reach_the_goal_and_hopeless_goals_have_none() {
        for psi in [0.05, 0.1, 0.2] {
            let n = paired_binary_cases(psi, NONE_WORSE).unwrap();
            assert!(paired_power(n, psi, NONE_WORSE).unwrap() >= 0.8);
            let formula = (7.8489 * psi / 0.0025f64).ceil() as u64;
            assert!(n >= formula && n < formula + formula / 2, "{psi}: {n}, formula {formula}");
        }
        assert_eq!(paired_binary_cases(0.1, Goal { effect: -0.06, ..NONE_WORSE }), None);
        assert_eq!(paired_cases(1.0, Goal { margin: 0.0, ..NONE_WORSE }), None);
    }

    #[test]
    fn sizes_shrink_with_what_is_known() {
        assert!(difference_sd(0.2, 0.5, 0.1, 5) < difference_sd(0.2, 0.5, 0.1, 1));
        assert_eq!(scaled(100, design_effect(5.0, 0.25).unwrap()), Some(200));
        let goal = Goal { effect: 0.1, ..NONE_WORSE };
        let n = paired_cases(1.0, goal).unwrap() as f64;
        assert!((approximate_power(n, 1.0, goal).unwrap() - 0.8).abs() < 0.005);
        assert_eq!(best_repeats(10.0, 1.0, 0.4, 0.1), Some(40f64.sqrt()));
        let n = rate_cases(0.8, 0.05, 0.95).unwrap();
        let z = critical(0.95);
        let half = |n: f64| wilson(0.8 * n, n, z).map(|i| 0.5 * (i.upper - i.lower)).unwrap();
        assert!(half(n as f64) <= 0.05 && half(n as f64 - 1.0) > 0.05);
    }
}
