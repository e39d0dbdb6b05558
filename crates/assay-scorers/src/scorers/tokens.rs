//! `tokens`: tokens read and written; less is better.
//!
//! `max` sets up to how much a trial passes. Gate on a quantile with `quantile: 0.95` in a gate rule.

use assay_core::{Direction, ScoreKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `tokens`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// A trial passes up to this many tokens.
    #[serde(default)]
    pub max: Option<f64>,
}

impl Rule for Tokens {
    const NAME: &'static str = "tokens";
    const MAIN: &'static str = "max";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Unbounded
    }

    fn direction(&self) -> Direction {
        Direction::Lower
    }

    fn threshold(&self) -> Option<f64> {
        self.max
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        (input.output.usage.total() > 0)
            .then(|| input.output.usage.total() as f64)
            .map(Scored::value)
            .ok_or_else(|| "the target did not report it".into())
    }
}
