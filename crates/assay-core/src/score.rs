//! A score: what one scorer said about one trial.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, Metric, Money, Usage};

/// What became of scoring. An error is never a low score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreStatus {
    /// There is a value.
    Scored,
    /// The scorer ran and could not say: an unparsable judgement, no reference, not applicable.
    Unscored,
    /// The scorer itself failed: it crashed, timed out, or its server did not answer.
    Error,
}

impl ScoreStatus {
    /// The word stored in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Unscored => "unscored",
            Self::Error => "error",
        }
    }
}

/// One scorer's word on one trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Score {
    /// The scorer's name in the suite.
    pub scorer: String,
    /// What became of it.
    pub status: ScoreStatus,
    /// The value; present exactly when scored, and always finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// A label beside or behind the value, such as the class that was predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Why: what matched, what differed, the judge's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the scorer's corpus metrics are computed from: the same numbers for each of its trials, such as n-grams and
    /// how many of them matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<f64>,
    /// What stands behind a judge's value: each verdict, each claim with the passage that holds it, what each stage cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Tokens a judge used for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub usage: Usage,
    /// What the judgement cost.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cost: Money,
    /// The calls behind it, where a judge was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// The calls behind a judgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Asked {
    /// Calls made, retries included; none when every answer came from the cache.
    pub calls: u32,
    /// Time their answers took, in microseconds.
    pub busy_us: u64,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Score {
    /// A value; one that is not finite becomes an error, because no statistic may meet it.
    pub fn scored(scorer: &str, value: f64) -> Self {
        if value.is_finite() {
            Self { value: Some(value), ..Self::empty(scorer, ScoreStatus::Scored) }
        } else {
            Self::error(scorer, format!("the scorer returned {value}, which is not a finite number"))
        }
    }

    /// A yes or no as 1 or 0.
    pub fn binary(scorer: &str, passed: bool) -> Self {
        Self::scored(scorer, f64::from(u8::from(passed)))
    }

    /// No value, with the reason.
    pub fn unscored(scorer: &str, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::empty(scorer, ScoreStatus::Unscored) }
    }

    /// The scorer failed.
    pub fn error(scorer: &str, message: impl Into<String>) -> Self {
        Self { reason: Some(message.into()), ..Self::empty(scorer, ScoreStatus::Error) }
    }

    fn empty(scorer: &str, status: ScoreStatus) -> Self {
        Self {
            scorer: scorer.to_owned(),
            status,
            value: None,
            label: None,
            rationale: None,
            reason: None,
            counts: Vec::new(),
            details: None,
            usage: Usage::default(),
            cost: Money::ZERO,
            asked: None,
        }
    }

    /// Adds why.
    #[must_use]
    pub fn because(mut self, rationale: impl Into<String>) -> Self {
        self.rationale = Some(rationale.into());
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// What kind of number a scorer gives: it decides the interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// 0 or 1.
    Binary,
    /// A number in a closed range.
    Bounded {
        /// Smallest possible value.
        lo: f64,
        /// Largest possible value.
        hi: f64,
    },
    /// Any number.
    Unbounded,
}

impl ScoreKind {
    /// The smallest and the largest possible value, where they are known.
    pub const fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Binary => Some((0.0, 1.0)),
            Self::Bounded { lo, hi } => Some((lo, hi)),
            Self::Unbounded => None,
        }
    }

    /// How far two verdicts of a judge may be apart and count as the same: nothing for pass or fail, 2% of a scale. An
    /// expected value over log-probabilities or a mean over repeats is never twice the same number.
    pub fn tolerance(self) -> f64 {
        match self {
            Self::Bounded { lo, hi } => 0.02 * (hi - lo),
            Self::Binary | Self::Unbounded => 0.0,
        }
    }

    /// Whether two verdicts are the same within [`Self::tolerance`].
    pub fn same(self, a: f64, b: f64) -> bool {
        (a - b).abs() <= self.tolerance()
    }
}

/// Why a judge gave no verdict, as far as it matters to those who count: told from the reason, which begins with one of
/// these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It answered, and the answer could not be read.
    Unreadable,
    /// It was less sure than it had to be.
    Abstained,
    /// People have to say.
    NeedsPerson,
    /// It was not asked: a budget forbade the call.
    NotAsked,
    /// Anything else: a part of the trial that is not there, nothing to judge, a jury without a majority.
    Other,
}

impl Silence {
    const WORDS: [(Self, &'static str); 4] = [
        (Self::Unreadable, "the judge's verdict could not be read"),
        (Self::Abstained, "abstained"),
        (Self::NeedsPerson, "needs a person"),
        (Self::NotAsked, "not judged"),
    ];

    /// The kind of a reason. What is left to people because no verdict could be read is unreadable: the judge failed.
    pub fn of(reason: &str) -> Self {
        let reason =
            reason.strip_prefix("needs a person: ").filter(|why| Self::of(why) == Self::Unreadable).unwrap_or(reason);
        let known = Self::WORDS
            .into_iter()
            .find(|(_, word)| reason.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        known.map_or(Self::Other, |(kind, _)| kind)
    }

    /// A reason of this kind.
    pub fn because(self, why: &str) -> String {
        match Self::WORDS.into_iter().find(|(kind, _)| *kind == self) {
            Some((_, word)) => format!("{word}: {why}"),
            None => why.to_owned(),
        }
    }
}

/// Which way is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger is better.
    #[default]
    Higher,
    /// Smaller is better: latency, cost, error rates.
    Lower,
}

/// A scorer as a run remembers it: enough to know what its numbers mean and whether they can be compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScorerRecord {
    /// The name in the suite.
    pub name: String,
    /// The registry name, such as `equals` or `judge`.
    pub kind: String,
    /// Digest of registry name, version and parameters (for a judge also model, rubric, prompt and parser).
    pub fingerprint: Digest,
    /// What kind of number it gives.
    pub score: ScoreKind,
    /// Which way is better.
    pub direction: Direction,
    /// A trial passes this scorer when its value is at least this (at most, when lower is better).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Corpus metrics that are shown beside the mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Weight in the weighted mean over scorers.
    pub weight: f64,
    /// True for a scorer that asks a model: advisory until it is calibrated.
    #[serde(default)]
    pub judge: bool,
}

impl ScorerRecord {
    /// Whether a value passes the threshold; `None` without one.
    pub fn passes(&self, value: f64) -> Option<bool> {
        self.threshold.map(|threshold| match self.direction {
            Direction::Higher => value >= threshold,
            Direction::Lower => value <= threshold,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_tell_what_could_not_be_read_from_what_was_not_said() {
        for kind in [Silence::Unreadable, Silence::Abstained, Silence::NeedsPerson, Silence::NotAsked] {
            assert_eq!(Silence::of(&kind.because("so it is")), kind);
        }
        assert_eq!(Silence::of(&Silence::NeedsPerson.because(&Silence::Unreadable.because("x"))), Silence::Unreadable);
        for other in ["the trial has no reference", "abstained from", "", "needs a personality"] {
            assert_eq!(Silence::of(other), Silence::Other, "{other}");
        }
    }

    #[test]
    fn verdicts_on_a_scale_are_the_same_within_two_hundredths_of_it() {
        let scale = ScoreKind::Bounded { lo: 0.0, hi: 10.0 };
        assert!(scale.same(7.3, 7.45) && !scale.same(7.3, 7.6));
        assert!(ScoreKind::Binary.same(1.0, 1.0) && !ScoreKind::Binary.same(1.0, 0.999));
    }

    #[test]
    fn a_value_that_is_not_finite_is_an_error() {
        assert_eq!(Score::scored("s", f64::NAN).status, ScoreStatus::Error);
        assert_eq!(Score::scored("s", f64::INFINITY).status, ScoreStatus::Error);
        assert_eq!(Score::scored("s", 0.5).value, Some(0.5));
    }
}
