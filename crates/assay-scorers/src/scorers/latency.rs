//! `latency`: seconds that the answer took; less is better.
//!
//! `max` sets up to how much a trial passes. Gate on a quantile with `quantile: 0.95` in a gate rule.

use assay_core::{Direction, ScoreKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `latency`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// A trial passes up to this many seconds.
    #[serde(default)]
    pub max: Option<f64>,
}

impl Rule for Latency {
    const NAME: &'static str = "latency";
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
        Ok(Scored::value(input.latency.as_secs_f64()))
    }
}
