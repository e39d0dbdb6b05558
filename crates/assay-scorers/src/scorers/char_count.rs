//! `char-count`: the answer has at least `min` and at most `max` characters.

use assay_core::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `char-count`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CharCount {
    /// The fewest characters.
    #[serde(default)]
    pub min: Option<usize>,
    /// The most characters.
    #[serde(default)]
    pub max: Option<usize>,
}

impl Rule for CharCount {
    const NAME: &'static str = "char-count";
    const MAIN: &'static str = "max";

    fn check(&self) -> Result<(), Problem> {
        if self.min.is_none() && self.max.is_none() {
            return Err(Problem::new("", "`min` or `max` is missing"));
        }
        Ok(())
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let count = input.output.text().chars().count();
        let passed = self.min.is_none_or(|min| count >= min) && self.max.is_none_or(|max| count <= max);
        Ok(Scored::pass(passed).because(format!("{count} characters")))
    }
}
