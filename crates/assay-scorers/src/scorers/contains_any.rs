//! `contains-any`: any of several texts stands in the answer.
//!
//! Looks for `value` in the answer's text, by default the case's expected output.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::Param;
use crate::rule::{Rule, Scored};
use crate::scorers::contains::find;

/// Parameters of `contains-any`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainsAny {
    /// The text or texts to look for; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for ContainsAny {
    const NAME: &'static str = "contains-any";
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        find(self.value.as_ref(), input, false, false)
    }
}
