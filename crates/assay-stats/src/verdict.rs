//! Verdicts: read off the interval that is shown, with a third answer when the data cannot decide.

use serde::{Deserialize, Serialize};

use crate::difference::Difference;
use crate::estimate::{Estimate, Interval, Method, is_level};
use crate::power::{Goal, paired_binary_cases};
use crate::proportion::critical;
use crate::special::{binomial_cdf, normal_quantile};

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Shown to be good enough.
    Pass,
    /// Shown not to be good enough.
    Fail,
    /// The data cannot decide.
    Inconclusive,
}

impl VerdictKind {
    /// The word.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(assay_stats::VerdictKind::Inconclusive.as_str(), "inconclusive");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// The finer word for a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wording {
    /// The whole interval is above zero.
    Improved,
    /// Worse, but within the margin.
    WorseWithinMargin,
    /// Neither better nor worse by more than the margin.
    Equivalent,
    /// Not worse by more than the margin.
    NonInferior,
    /// The whole interval is below zero, but a loss within the margin is not excluded.
    LikelyWorse,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verdict {
    /// What the gate says.
    pub kind: VerdictKind,
    /// The finer word.
    pub wording: Option<Wording>,
    /// Why it is not a plain pass.
    pub reasons: Vec<String>,
    /// Cases that would settle it, when it is inconclusive.
    pub needed_n: Option<u64>,
    /// The smallest change that this many cases can detect with 80% power.
    pub mde: Option<f64>,
}

/// What may keep a comparison from passing, besides its interval.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guards {
    /// Share of cases that were matched, of the run with the smaller share.
    pub matched_share: f64,
    /// Whether scores are missing more often in one run than in the other.
    pub differential_missing: bool,
    /// The interval's lower end with missing scores at worst for the candidate and at best for the baseline.
    pub worst_case_lower: Option<f64>,
}

/// The fewest cases that may pass.
const LEAST_CASES: usize = 20;
/// The fewest Bell–McCaffrey degrees of freedom that may pass when cases are clustered.
const LEAST_DF: f64 = 15.0;
/// The fewest groups of a jackknife that may pass.
const LEAST_GROUPS: f64 = 10.0;
/// The smallest share of matched cases that may pass.
const LEAST_MATCHED: f64 = 0.95;
/// Power that needed numbers of cases are planned for.
const POWER: f64 = 0.80;

/// Is the candidate not worse than the baseline by more than `margin`? The burden of proof is on the candidate: pass
/// when the interval excludes a larger loss, fail when it shows one, otherwise inconclusive with the number of cases
/// that would settle it. Inconclusive, with the reason, for a margin that is no number or below 0, or a confidence outside
/// of 0 to 1. Non-inferiority: Schuirmann 1987; Wellek 2010.
///
/// # Examples
/// ```
/// use assay_stats::{Guards, Kind, Pair, VerdictKind, difference, no_regression};
///
/// let pair = |candidate, baseline| Pair { candidate, baseline, repeats: 1, cluster: None, weight: 1.0 };
/// let mut pairs = vec![pair(1.0, 1.0); 300];
/// pairs.extend([pair(0.0, 1.0); 3]);
/// let found = difference(&pairs, Kind::Binary, 0.95, 1);
/// let guards = Guards { matched_share: 1.0, ..Guards::default() };
/// assert_eq!(no_regression(&found, 0.05, &guards, 0.95).kind, VerdictKind::Pass);
/// let strict = no_regression(&found, 0.01, &guards, 0.95);
/// assert!(strict.kind == VerdictKind::Inconclusive && strict.needed_n.unwrap() > 303);
/// ```
pub fn no_regression(difference: &Difference, margin: f64, guards: &Guards, confidence: f64) -> Verdict {
    let estimate = &difference.estimate;
    let mde = mde(estimate, confidence);
    let inconclusive = |reason: String| Verdict {
        kind: VerdictKind::Inconclusive,
        wording: None,
        reasons: vec![reason],
        needed_n: None,
        mde,
    };
    let Some(Interval { lower, upper }) = difference.gate_interval else {
        let reason = estimate.reason.map_or_else(|| "no interval".to_owned(), |reason| reason.to_string());
        return inconclusive(reason);
    };
    if !is_level(confidence) {
        return inconclusive("the confidence is not between 0 and 1".into());
    }
    if !(margin >= 0.0 && margin.is_finite()) {
        return inconclusive("the margin is not a number of at least 0".into());
    }
    // A share that is not a number matches nothing.
    let matched = guards.matched_share >= LEAST_MATCHED;
    if difference.paired && !matched {
        let share = 100.0 * guards.matched_share;
        return inconclusive(format!("only {share:.1}% of the cases match (95% are needed)"));
    }
    if guards.differential_missing {
        return inconclusive("scores are missing more often in one run than in the other".into());
    }
    let needed_n = needed_cases(difference, margin, confidence);
    if lower > -margin {
        let wording = if lower > 0.0 {
            Wording::Improved
        } else if upper < 0.0 {
            Wording::WorseWithinMargin
        } else if upper < margin {
            Wording::Equivalent
        } else {
            Wording::NonInferior
        };
        let mut reasons = Vec::new();
        if estimate.n < LEAST_CASES {
            reasons.push(format!("{} cases are too few to pass ({LEAST_CASES} are needed)", estimate.n));
        }
        reasons.extend(few_groups(estimate));
        let jackknife = estimate.method == Method::Jackknife;
        if let (Some(_), Some(df), false) = (estimate.clusters, estimate.df.filter(|df| *df < LEAST_DF), jackknife) {
            reasons.push(format!("clusters are few or unequal: {df:.1} degrees of freedom ({LEAST_DF} are needed)"));
        }
        if guards.worst_case_lower.is_some_and(|worst| worst.is_nan() || worst <= -margin) {
            reasons.push("missing scores could change the verdict".into());
        }
        let kind = if reasons.is_empty() { VerdictKind::Pass } else { VerdictKind::Inconclusive };
        return Verdict { kind, wording: Some(wording), reasons, needed_n: None, mde };
    }
    if upper < -margin {
        return Verdict { kind: VerdictKind::Fail, wording: None, reasons: Vec::new(), needed_n: None, mde };
    }
    Verdict {
        kind: VerdictKind::Inconclusive,
        wording: (upper < 0.0).then_some(Wording::LikelyWorse),
        reasons: vec!["a loss beyond the margin is not excluded".into()],
        needed_n,
        mde,
    }
}

/// Is the level at least `min` and at most `max`? `worst` is the level's interval with missing scores counted as the
/// worst value: a verdict to pass must hold for it too. Inconclusive, with the reason, for limits that are no numbers or in
/// the wrong order, or a confidence outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::{Item, Kind, VerdictKind, level, level_verdict};
///
/// let items: Vec<Item> =
///     (0..100).map(|i| Item { value: f64::from(i < 97), repeats: 1, cluster: None, weight: 1.0 }).collect();
/// let found = level(&items, Kind::Binary, 0.95);
/// assert_eq!(level_verdict(&found, Some(0.9), None, None, 0.95).kind, VerdictKind::Pass);
/// assert_eq!(level_verdict(&found, Some(0.95), None, None, 0.95).kind, VerdictKind::Inconclusive);
/// assert_eq!(level_verdict(&found, None, Some(0.5), None, 0.95).kind, VerdictKind::Fail);
/// ```
pub fn level_verdict(
    estimate: &Estimate,
    min: Option<f64>,
    max: Option<f64>,
    worst: Option<Interval>,
    confidence: f64,
) -> Verdict {
    let verdict = |kind, reasons, needed_n| Verdict { kind, wording: None, reasons, needed_n, mde: None };
    let undecided = |reason: String| verdict(VerdictKind::Inconclusive, vec![reason], None);
    let Some(interval) = estimate.interval else {
        return undecided(estimate.reason.map_or_else(|| "no interval".to_owned(), |reason| reason.to_string()));
    };
    if !is_level(confidence) {
        return undecided("the confidence is not between 0 and 1".into());
    }
    if [min, max].iter().flatten().any(|limit| limit.is_nan()) || min.zip(max).is_some_and(|(min, max)| min > max) {
        return undecided("the limits are no numbers, or the lower one is above the upper one".into());
    }
    let inside = |i: &Interval| min.is_none_or(|min| i.lower >= min) && max.is_none_or(|max| i.upper <= max);
    let outside = |i: &Interval| min.is_some_and(|min| i.upper < min) || max.is_some_and(|max| i.lower > max);
    if outside(&interval) {
        verdict(VerdictKind::Fail, Vec::new(), None)
    } else if inside(&interval) {
        if let Some(reason) = few_groups(estimate) {
            verdict(VerdictKind::Inconclusive, vec![reason], None)
        } else if worst.is_some_and(|worst| !inside(&worst)) {
            verdict(VerdictKind::Inconclusive, vec!["missing scores could change the verdict".into()], None)
        } else {
            verdict(VerdictKind::Pass, Vec::new(), None)
        }
    } else {
        let gap = [min, max].into_iter().flatten().map(|t| (estimate.value.unwrap_or(t) - t).abs()).fold(0.0, f64::max);
        let needed = needed_for_gap(estimate, gap, confidence);
        verdict(VerdictKind::Inconclusive, vec!["the interval contains the threshold".into()], needed)
    }
}

/// Why a jackknife has left out too few groups to be trusted with a pass.
fn few_groups(estimate: &Estimate) -> Option<String> {
    let groups = estimate.df? + 1.0;
    (estimate.method == Method::Jackknife && groups < LEAST_GROUPS)
        .then(|| format!("a jackknife over {groups:.0} groups is too little to pass ({LEAST_GROUPS} are needed)"))
}

/// Variance of one case's contribution: n·SE², which holds the design effect and the repeats already.
fn case_variance(estimate: &Estimate) -> Option<f64> {
    estimate.se.filter(|se| *se > 0.0).map(|se| estimate.n as f64 * se * se)
}

/// Cases needed to show non-inferiority with 80% power, never planned on a lucky estimate: a difference smaller than
/// its standard error counts as zero, and no more than the margin of gain is assumed. Exact for paired pass rates of up
/// to 2,000 cases, else the closed form.
fn needed_cases(difference: &Difference, margin: f64, confidence: f64) -> Option<u64> {
    let estimate = &difference.estimate;
    let (value, se) = (estimate.value?, estimate.se?);
    let planned = if value.abs() < se { 0.0 } else { value.clamp(-margin / 2.0, margin) };
    if estimate.method == Method::Tango {
        let psi = (difference.better + difference.worse) as f64 / estimate.n as f64;
        return paired_binary_cases(psi, Goal { confidence, power: POWER, margin, effect: planned.clamp(-psi, psi) });
    }
    needed_for_gap(estimate, margin + planned, confidence)
}

fn needed_for_gap(estimate: &Estimate, gap: f64, confidence: f64) -> Option<u64> {
    let variance = case_variance(estimate)?;
    if gap <= 0.0 {
        return None;
    }
    let z = critical(confidence) + normal_quantile(POWER);
    let needed = (variance * z * z / (gap * gap)).ceil();
    (needed.is_finite() && needed < 1e12).then_some(needed as u64)
}

/// The smallest change that can be detected with 80% power at the present number of cases.
fn mde(estimate: &Estimate, confidence: f64) -> Option<f64> {
    if matches!(estimate.method, Method::BootstrapQuantile) {
        return None;
    }
    estimate.se.filter(|se| *se > 0.0).map(|se| (critical(confidence) + normal_quantile(POWER)) * se)
}

/// The smallest number of failures of one critical case that its allowed flake does not explain: the smallest c with
/// P(Bin(repeats, flake) ≥ c) ≤ 0.05 / critical cases. With a flake of 0, or one that is no number, any failure counts.
///
/// # Examples
/// ```
/// use assay_stats::verdict::critical_failures;
/// // One failure in ten epochs of a case that fails one time in fifty is no news; three are.
/// assert_eq!((critical_failures(10, 0.02, 1), critical_failures(10, 0.0, 1)), (2, 1));
/// ```
pub fn critical_failures(repeats: u32, flake: f64, critical_cases: usize) -> u32 {
    if flake.is_nan() || flake <= 0.0 {
        return 1;
    }
    let allowed = 0.05 / critical_cases.max(1) as f64;
    (1..=repeats)
        .find(|c| 1.0 - binomial_cdf(u64::from(*c) - 1, u64::from(repeats), flake) <= allowed)
        // A single epoch cannot tell a flake from a failure: the benefit of the doubt would hide every failure.
        .unwrap_or(repeats.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::{Pair, difference};
    use crate::estimate::Kind;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn guards() -> Guards {
        Guards { matched_share: 1.0, ..Guards::default() }
    }

    fn pairs(better: usize, worse: usize, same: usize) -> Vec<Pair> {
        let pair = |candidate: f64, baseline: f64| Pair { candidate, baseline, repeats: 1, cluster: None, weight: 1.0 };
        let mut pairs = vec![pair(1.0, 0.0); better];
        pairs.extend(vec![pair(0.0, 1.0); worse]);
        pairs.extend(vec![pair(1.0, 1.0); same]);
        pairs
    }

    fn verdict(better: usize, worse: usize, same: usize, margin: f64) -> Verdict {
        no_regression(&difference(&pairs(better, worse, same), Kind::Binary, 0.95, 0), margin, &guards(), 0.95)
    }

    #[test]
    fn the_three_verdicts_come_off_the_interval() {
        assert_eq!(verdict(5, 5, 990, 0.02).kind, VerdictKind::Pass);
        assert_eq!(verdict(0, 40, 60, 0.02).kind, VerdictKind::Fail);
        let open = verdict(10, 12, 178, 0.02);
        assert_eq!(open.kind, VerdictKind::Inconclusive);
        assert!(open.needed_n.unwrap() > 200);
    }

    #[test]
    fn too_few_cases_never_pass() {
        assert_eq!(verdict(15, 0, 0, 0.5).kind, VerdictKind::Inconclusive);
    }

    #[test]
    fn unmatched_cases_block_a_pass() {
        let d = difference(&pairs(5, 5, 990), Kind::Binary, 0.95, 0);
        let low = no_regression(&d, 0.02, &Guards { matched_share: 0.9, ..guards() }, 0.95);
        assert_eq!(low.kind, VerdictKind::Inconclusive);
    }

    #[test]
    fn critical_cases_follow_the_published_example() {
        // Five repeats, 50 critical cases, 2% flake: three failures fail.
        assert_eq!(critical_failures(5, 0.02, 50), 3);
        assert_eq!(critical_failures(5, 0.0, 50), 1);
        assert_eq!(critical_failures(1, 0.02, 50), 1);
    }

    #[test]
    fn a_candidate_exactly_at_the_margin_passes_rarely() {
        // Discordance 10%, true difference −3 points, margin 3 points, n = 400: nominal 2.5%.
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let runs = 3_000;
        let mut passes = 0;
        for _ in 0..runs {
            let (mut better, mut worse) = (0, 0);
            for _ in 0..400 {
                let u: f64 = random.random();
                if u < 0.035 {
                    better += 1;
                } else if u < 0.10 {
                    worse += 1;
                }
            }
            passes += usize::from(verdict(better, worse, 400 - better - worse, 0.03).kind == VerdictKind::Pass);
        }
        let rate = passes as f64 / f64::from(runs);
        assert!(rate <= 0.032, "{rate}");
    }
}
