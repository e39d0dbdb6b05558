//! `json-schema`: the answer is JSON that follows a JSON Schema.
//!
//! JSON inside other text is accepted. References to other files or servers are not followed.

use assay_core::Problem;
use assay_metrics::structure::find_json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `json-schema`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonSchemaRule {
    /// The JSON Schema.
    pub schema: Value,
    #[serde(skip)]
    #[schemars(skip)]
    compiled: std::sync::OnceLock<Result<jsonschema::Validator, String>>,
}

impl JsonSchemaRule {
    fn compiled(&self) -> &Result<jsonschema::Validator, String> {
        self.compiled.get_or_init(|| jsonschema::validator_for(&self.schema).map_err(|error| error.to_string()))
    }
}

impl Rule for JsonSchemaRule {
    const NAME: &'static str = "json-schema";
    const MAIN: &'static str = "schema";

    fn check(&self) -> Result<(), Problem> {
        let checked = self.compiled().as_ref().map(|_| ());
        checked.map_err(|error| Problem::new("/schema", format!("not a JSON Schema: {error}")))
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let validator = self.compiled().as_ref().map_err(Clone::clone)?;
        let value = match &input.output.value {
            Value::String(text) => match find_json(text) {
                Some(value) => value,
                None => return Ok(Scored::pass(false).because("there is no JSON in the answer")),
            },
            value => value.clone(),
        };
        let faults: Vec<String> =
            validator.iter_errors(&value).take(5).map(|error| format!("{}: {error}", error.instance_path())).collect();
        let score = Scored::pass(faults.is_empty());
        Ok(if faults.is_empty() { score } else { score.because(faults.join("; ")) })
    }
}
