//! `contains-json`: there is a JSON object or list somewhere in the answer.

use assay_metrics::structure::find_json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// `contains-json` has no parameters.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainsJson {}

impl Rule for ContainsJson {
    const NAME: &'static str = "contains-json";
    const MAIN: &'static str = "value";

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        Ok(Scored::pass(!input.output.value.is_string() || find_json(&input.output.text()).is_some()))
    }
}
