//! `starts-with`, `ends-with`: the answer begins or ends with the expected text.
//!
//! White space around the answer is ignored. Of a list any item will do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `starts-with` and, with `END`, of `ends-with`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Affix<const END: bool> {
    /// How the answer must begin or end; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl<const END: bool> Rule for Affix<END> {
    const NAME: &'static str = if END { "ends-with" } else { "starts-with" };
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let text = input.output.text();
        let answer = text.trim();
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        let has =
            |want: &String| if END { answer.ends_with(want.trim_end()) } else { answer.starts_with(want.trim_start()) };
        Ok(Scored::pass(wanted.iter().any(has)))
    }
}
