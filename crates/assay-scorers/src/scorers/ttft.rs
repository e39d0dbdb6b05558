//! `ttft`: seconds to the first token, for streamed answers; less is better.
//!
//! `max` sets up to how much a trial passes. Gate on a quantile with `quantile: 0.95` in a gate rule.

use assay_core::{Direction, ScoreKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `ttft`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ttft {
    /// A trial passes up to this many seconds.
    #[serde(default)]
    pub max: Option<f64>,
}

impl Rule for Ttft {
    const NAME: &'static str = "ttft";
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
        input
            .ttft
            .map(|ttft| ttft.as_secs_f64())
            .map(Scored::value)
            .ok_or_else(|| "the target did not report it".into())
    }
}
