//! `starts-with`: the answer begins with the expected text.
//!
//! White space before the answer is ignored. Of a list any item will do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `starts-with`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartsWith {
    /// How the answer must begin; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for StartsWith {
    const NAME: &'static str = "starts-with";
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = input.output.text();
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        Ok(Scored::pass(wanted.iter().any(|want| answer.trim_start().starts_with(want.as_str()))))
    }
}
