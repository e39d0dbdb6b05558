//! `is-json`: the whole answer is JSON.
//!
//! An answer that is structured already passes. `contains-json` accepts JSON inside other text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// `is-json` has no parameters.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsJson {}

impl Rule for IsJson {
    const NAME: &'static str = "is-json";
    const MAIN: &'static str = "value";

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let Value::String(text) = &input.output.value else { return Ok(Scored::pass(true)) };
        Ok(match serde_json::from_str::<Value>(text) {
            Ok(_) => Scored::pass(true),
            Err(error) => Scored::pass(false).because(error.to_string()),
        })
    }
}
