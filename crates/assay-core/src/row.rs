//! A score as tables hold it: one row for each trial and scorer, with what analysis needs to know of the trial.

use crate::Digest;

/// One row of the `scores` table, borrowed from wherever it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRow<'a> {
    /// The target's name.
    pub target: &'a str,
    /// The scorer's name.
    pub scorer: &'a str,
    /// The case's id.
    pub case_id: &'a str,
    /// The case's digest.
    pub case_digest: Digest,
    /// The case's cluster.
    pub cluster: Option<&'a str>,
    /// The case's design weight.
    pub weight: f64,
    /// Whether the case must not fail.
    pub critical: bool,
    /// The repeat number.
    pub epoch: u32,
    /// The value, when the trial was scored.
    pub value: Option<f64>,
    /// What corpus metrics are computed from; empty when the scorer has none.
    pub counts: &'a [f64],
    /// Why there is no value.
    pub missing: Option<Missing>,
    /// Repeats of a case that share a generation are one observation.
    pub generation: &'a str,
    /// The case's metadata.
    pub metadata: Vec<(&'a str, &'a str)>,
}

/// Why a trial has no value under a scorer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    /// The target failed.
    TrialError,
    /// The scorer failed.
    ScorerError,
    /// The scorer could not say.
    Unscored,
    /// A budget refused the call.
    Refused,
    /// The run was cancelled before the trial.
    Cancelled,
}
