//! A trial: one execution of one case against one target.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, Money, Output, Score};

/// Which trial of a run: unique on (case, target, epoch).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TrialKey {
    /// The case's position in the run's frozen list of cases.
    pub case: u64,
    /// The target's position in the suite.
    pub target: u32,
    /// The repeat number, from 0.
    pub epoch: u32,
}

impl TrialKey {
    /// The trial's number in a run of `targets` targets and `epochs` epochs: dense from 0, stable across resumes.
    pub fn number(self, targets: u32, epochs: u32) -> u64 {
        (self.case * u64::from(targets) + u64::from(self.target)) * u64::from(epochs) + u64::from(self.epoch)
    }

    /// The inverse of [`TrialKey::number`].
    pub fn from_number(number: u64, targets: u32, epochs: u32) -> Self {
        let (rest, epoch) = (number / u64::from(epochs), number % u64::from(epochs));
        let (case, target) = (rest / u64::from(targets), rest % u64::from(targets));
        // Both remainders are smaller than a u32.
        Self { case, target: target as u32, epoch: epoch as u32 }
    }
}

/// Why a call to a target failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Name resolution, refused or reset connection, broken TLS.
    Connection,
    /// A deadline passed.
    Timeout,
    /// Too many requests or tokens in a short time.
    RateLimited,
    /// The account has no quota or money left; waiting does not help.
    QuotaExhausted,
    /// The key is missing, wrong or not allowed.
    Authentication,
    /// The model, path or deployment does not exist.
    NotFound,
    /// The request was not accepted as it is.
    BadRequest,
    /// The server failed (5xx) or is overloaded.
    Server,
    /// The answer could not be read: truncated, wrong type, missing fields.
    BadResponse,
    /// A local process or function failed.
    Process,
    /// The template could not be rendered for this case.
    Template,
    /// The recorded output is missing from the case.
    Missing,
    /// `--offline` forbids the call.
    Offline,
}

impl ErrorKind {
    /// The word stored in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Authentication => "authentication",
            Self::NotFound => "not_found",
            Self::BadRequest => "bad_request",
            Self::Server => "server",
            Self::BadResponse => "bad_response",
            Self::Process => "process",
            Self::Template => "template",
            Self::Missing => "missing",
            Self::Offline => "offline",
        }
    }

    /// Whether another attempt may help.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connection | Self::Timeout | Self::RateLimited | Self::Server | Self::BadResponse | Self::Process
        )
    }

    /// Whether every further call on the same account will fail alike, so that going on only wastes time.
    pub const fn is_fatal_for_account(self) -> bool {
        matches!(self, Self::Authentication | Self::QuotaExhausted)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a trial ended. Every planned trial ends in exactly one of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// The target answered.
    Ok {
        /// What it gave back.
        output: Box<Output>,
    },
    /// The target failed after all allowed attempts.
    Error {
        /// Why.
        kind: ErrorKind,
        /// In words.
        message: String,
    },
    /// The call was not made because it could have broken a budget.
    RefusedByBudget {
        /// Which budget.
        reason: String,
    },
    /// The run was stopped for good before the trial was made.
    Cancelled,
}

impl Outcome {
    /// The word stored in tables.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Ok { .. } => "ok",
            Self::Error { .. } => "error",
            Self::RefusedByBudget { .. } => "refused_by_budget",
            Self::Cancelled => "cancelled",
        }
    }

    /// What the target gave back, when it did.
    pub const fn output(&self) -> Option<&Output> {
        match self {
            Self::Ok { output } => Some(output),
            _ => None,
        }
    }
}

/// A finished trial with everything the run keeps of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trial {
    /// Which trial.
    pub key: TrialKey,
    /// The case's id.
    pub case_id: String,
    /// The case's digest.
    pub case_digest: Digest,
    /// The case's cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The case's design weight.
    pub weight: f64,
    /// Whether the case must not fail.
    pub critical: bool,
    /// The case's metadata as text, for slices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(String, String)>,
    /// The target's name.
    pub target: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Identifies the generation: repeats that share one (served from one cached answer) count once.
    pub generation: Digest,
    /// When the first attempt began, in microseconds since the Unix epoch, UTC.
    pub started_us: i64,
    /// Time of the successful attempt in microseconds; for a cached answer the time it took when it was made.
    pub latency_us: u64,
    /// Time to the first token in microseconds, where it was streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_us: Option<u64>,
    /// Attempts made, retries included; 0 for a cached answer.
    pub attempts: u32,
    /// True when the answer came from the cache.
    pub cached: bool,
    /// What the target's calls cost.
    pub cost: Money,
    /// One score per scorer of the suite, in its order.
    pub scores: Vec<Score>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_trial_number_is_dense_and_reversible(case in 0u64..1 << 40, targets in 1u32..9, epochs in 1u32..9, t in 0u32..9, e in 0u32..9) {
            let key = TrialKey { case, target: t % targets, epoch: e % epochs };
            prop_assert_eq!(TrialKey::from_number(key.number(targets, epochs), targets, epochs), key);
        }
    }
}
