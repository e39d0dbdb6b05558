//! `probability`: the Brier score of a yes-or-no forecast, (probability − outcome)² from 0 to 1; lower is better.
//!
//! The answer, or what `value` says (`{value: "{{ output.score }}"}`), is the probability of the positive class, from 0
//! to 1. Whether a case is positive stands in its expected output: true, 1 or yes, or the class named by `positive`. The
//! corpus metric `roc_auc` says how often a positive case gets a higher probability than a negative one.

use assay_core::{Direction, Metric, ScoreKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ScoreInput;
use crate::param::{Param, number, text};
use crate::rule::{Rule, Scored};

/// Parameters of `probability`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probability {
    /// The probability of the positive class; the answer by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// The expected output of positive cases; without it the expected output is read as yes or no.
    #[serde(default)]
    pub positive: Option<String>,
    /// A trial passes up to this Brier score.
    #[serde(default)]
    pub max: Option<f64>,
}

impl Probability {
    /// Whether the case is positive.
    fn positive(&self, expected: &Value) -> Result<bool, String> {
        let word = text(expected);
        let word = word.trim();
        match &self.positive {
            Some(positive) => Ok(word == positive),
            None => match word.to_lowercase().as_str() {
                "true" | "1" | "1.0" | "yes" => Ok(true),
                "false" | "0" | "0.0" | "no" => Ok(false),
                _ => Err(format!("the expected output `{word}` is neither yes nor no: `positive` names the class")),
            },
        }
    }
}

impl Rule for Probability {
    const NAME: &'static str = "probability";
    const MAIN: &'static str = "positive";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn direction(&self) -> Direction {
        Direction::Lower
    }

    fn threshold(&self) -> Option<f64> {
        self.max
    }

    fn needs_expected(&self) -> bool {
        true
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::RocAuc]
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let expected = input.case.expected.as_ref().ok_or("the case says nothing about what is expected")?;
        let outcome = f64::from(u8::from(self.positive(expected)?));
        let given = match &self.value {
            Some(param) => param.resolve(input)?,
            None => input.output.value.clone(),
        };
        let probability = number(&given)
            .filter(|p| (0.0..=1.0).contains(p))
            .ok_or_else(|| format!("`{given}` is not a probability from 0 to 1"))?;
        Ok(Scored::value((probability - outcome).powi(2)).counting(vec![probability, outcome]))
    }
}
