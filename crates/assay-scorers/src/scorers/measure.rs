//! `latency`, `ttft`, `cost`, `tokens`: what the answer took; less is better.
//!
//! `latency` and `ttft` (time to the first token of a streamed answer) are seconds, `cost` is dollars, `tokens` counts
//! tokens read and written. `max` sets up to how much a trial passes. Gate on a quantile with `quantile: 0.95` in a
//! gate rule.

use assay_core::{Direction, Money, ScoreKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `latency` and its kin; `NAME` indexes [`NAMES`].
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measure<const NAME: usize> {
    /// A trial passes up to this much: seconds, dollars or tokens.
    #[serde(default)]
    pub max: Option<f64>,
}

const NAMES: [&str; 4] = ["latency", "ttft", "cost", "tokens"];

impl<const NAME: usize> Rule for Measure<NAME> {
    const NAME: &'static str = NAMES[NAME];
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
        let value = match Self::NAME {
            // An answer that came by batch or was recorded took no time that anybody measured.
            "latency" => Some(input.latency.as_secs_f64()).filter(|seconds| *seconds > 0.0),
            "ttft" => input.ttft.map(|ttft| ttft.as_secs_f64()),
            "cost" => input.cost.map(Money::dollars),
            _ => Some(input.output.usage.total()).filter(|total| *total > 0).map(|total| total as f64),
        };
        value.map(Scored::value).ok_or_else(|| "the target did not report it".into())
    }
}
