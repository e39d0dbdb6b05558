//! `levenshtein`: the number of edits between the answer and the expected text; fewer is better.
//!
//! `max` sets the number of edits up to which a trial passes.

use assay_core::{Direction, ScoreKind};
use assay_metrics::distance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `levenshtein`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Levenshtein {
    /// What the answer is compared with; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// A trial passes up to this many edits.
    #[serde(default)]
    pub max: Option<u32>,
}

impl Rule for Levenshtein {
    const NAME: &'static str = "levenshtein";
    const MAIN: &'static str = "max";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Unbounded
    }

    fn direction(&self) -> Direction {
        Direction::Lower
    }

    fn threshold(&self) -> Option<f64> {
        self.max.map(f64::from)
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = input.output.text();
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        let edits = wanted.iter().map(|want| distance::levenshtein(&answer, want)).min();
        edits.map(|edits| Scored::value(edits as f64)).ok_or_else(|| "there is nothing to compare with".into())
    }
}
