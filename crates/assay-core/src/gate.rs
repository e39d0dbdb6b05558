//! The gate of a suite: rules over scores, read off intervals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::score::is_default;
use crate::{Metric, Problem, Reducer, SliceExpr};

/// When a run is good enough. Every rule is decided by an interval, never by a point estimate; the verdict is
/// `pass`, `fail` or `inconclusive`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Two-sided confidence of the intervals shown and used, between 0.5 and 1.
    #[serde(default = "default_confidence")]
    pub confidence: f64,
    /// What an inconclusive verdict means for the exit code.
    #[serde(default)]
    pub on_inconclusive: OnInconclusive,
    /// The rules. All must pass.
    #[serde(default)]
    pub rules: Vec<GateRule>,
    /// The rule for cases marked `critical`.
    #[serde(default)]
    pub critical: CriticalRule,
    /// Whether the run may end before its last case; never, by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRule>,
    /// With `stop`: how often the gate looks, at equal shares of the cases, the last look at all of them; or after how
    /// many cases it looks before that, such as `[500, 1000]` for a run that begins with 500 cases and is extended while
    /// they do not decide.
    #[serde(default, skip_serializing_if = "is_default")]
    pub looks: Looks,
    /// With `stop`: how much of the error of all looks the early ones may use.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: LookSpending,
}

/// When a gate looks before the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Looks {
    /// So often, at equal shares of the cases.
    Times(u32),
    /// After so many cases each, and after all.
    After(Vec<u64>),
}

impl Default for Looks {
    fn default() -> Self {
        Self::Times(5)
    }
}

impl Looks {
    /// Cases that a look must add at least.
    const LEAST: u64 = 10;

    /// After how many of `all` cases the gate looks, the last time at all of them. Looks that would add fewer than ten
    /// are left out.
    pub fn cases(&self, all: u64) -> Vec<u64> {
        let wanted: Vec<u64> = match self {
            Self::Times(times) => {
                let times = u64::from(*times).min(all / Self::LEAST).max(1);
                (1..times).map(|look| (all * look).div_ceil(times)).collect()
            }
            Self::After(cases) => cases.clone(),
        };
        let mut cases: Vec<u64> = Vec::with_capacity(wanted.len() + 1);
        for at in wanted {
            if at >= cases.last().copied().unwrap_or(0) + Self::LEAST
                && at.checked_add(Self::LEAST).is_some_and(|end| end <= all)
            {
                cases.push(at);
            }
        }
        cases.push(all);
        cases
    }
}

/// How the error of a gate that looks several times is spread over its looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LookSpending {
    /// Almost nothing early, so that the last look costs little (O'Brien–Fleming type).
    #[default]
    Late,
    /// About alike at each look: more runs end early, and those that do not need more to pass (Pocock type).
    Even,
}

/// When a run may end before its last case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopRule {
    /// Group-sequential: the run ends at the first look that decides, at boundaries that keep the error of all looks
    /// together (Lan & DeMets 1983, O'Brien–Fleming type).
    #[serde(rename = "gs")]
    GroupSequential,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            confidence: default_confidence(),
            on_inconclusive: OnInconclusive::default(),
            rules: Vec::new(),
            critical: CriticalRule::default(),
            stop: None,
            looks: Looks::default(),
            spending: LookSpending::default(),
        }
    }
}

fn default_confidence() -> f64 {
    0.95
}

/// What to do when the data cannot decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// Exit with code 3.
    #[default]
    Block,
    /// Print a warning and exit with code 0.
    Warn,
}

/// One requirement on one scorer. At least one of `min`, `max` and `margin` is needed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateRule {
    /// The scorer's name.
    pub scorer: String,
    /// The reducer over epochs; the suite's first one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reducer: Option<Reducer>,
    /// Only this target; every target by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Only the cases of this slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<SliceExpr>,
    /// Judge this quantile over cases (such as 0.95 for p95) instead of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// Judge this corpus metric of the scorer (such as `macro_f1` of `label`) instead of the mean of its scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// The level must be at least this: the whole interval above it passes, the whole interval below it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The level must be at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Against the baseline: the largest loss that is tolerated, in the scorer's own unit, 0 or more. The candidate
    /// must prove that it is not worse than the baseline by more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// `gate` rules decide; `guardrail` rules (safety, latency, cost) fail when they are inconclusive.
    #[serde(default)]
    pub role: Role,
}

impl GateRule {
    /// What is wrong with the rule by itself, whatever suite it is for; `at` is its place in the document.
    pub fn problems(&self, at: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.metric.is_some() && (self.quantile.is_some() || self.reducer.is_some()) {
            problems.push(
                Problem::new(format!("{at}/metric"), "a corpus metric is no mean over cases")
                    .help("leave out `quantile` and `reducer`"),
            );
        }
        if self.min.is_none() && self.max.is_none() && self.margin.is_none() {
            problems.push(
                Problem::new(at, "a rule needs `min`, `max` or `margin`")
                    .help("`min: 0.8` asks for a level, `margin: 0.02` for no loss beyond 0.02 against the baseline"),
            );
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            problems.push(Problem::new(format!("{at}/min"), format!("min {min} is above max {max}")));
        }
        if self.margin.is_some_and(|margin| !(margin.is_finite() && margin >= 0.0)) {
            problems.push(Problem::new(format!("{at}/margin"), "a margin is 0 or more"));
        }
        if self.quantile.is_some_and(|q| !(q > 0.0 && q < 1.0)) {
            problems.push(Problem::new(format!("{at}/quantile"), "a quantile is between 0 and 1"));
        }
        problems
    }
}

/// What a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Part of the conjunction that decides.
    #[default]
    Gate,
    /// Fails when it cannot be shown to hold.
    Guardrail,
}

/// The rule for cases marked `critical`: it fails when more of a case's epochs fail than the allowed flake explains
/// (the smallest count whose chance is at most 5% over all critical cases).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CriticalRule {
    /// The share of trials of a critical case that may fail by chance; 0 means that any failure fails the gate.
    #[serde(default = "default_flake")]
    pub allowed_flake: f64,
}

impl Default for CriticalRule {
    fn default() -> Self {
        Self { allowed_flake: default_flake() }
    }
}

fn default_flake() -> f64 {
    0.02
}
