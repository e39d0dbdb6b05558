//! The gate of a suite: rules over scores, read off intervals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Metric, Reducer, SliceExpr};

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
    /// With `stop`: how often the gate looks, at equal shares of the cases, the last look at all of them.
    #[serde(default = "default_looks", skip_serializing_if = "is_default_looks")]
    pub looks: u32,
}

/// When a run may end before its last case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopRule {
    /// Group-sequential: the run ends at the first look that decides, at boundaries that keep the error of all looks
    /// together (Lan & DeMets 1983, O'Brien–Fleming type).
    #[serde(rename = "gs")]
    GroupSequential,
}

const fn default_looks() -> u32 {
    5
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_default_looks(looks: &u32) -> bool {
    *looks == default_looks()
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            confidence: default_confidence(),
            on_inconclusive: OnInconclusive::default(),
            rules: Vec::new(),
            critical: CriticalRule::default(),
            stop: None,
            looks: default_looks(),
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
