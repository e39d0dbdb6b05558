//! `equals`: the answer is the expected one.
//!
//! Compares the whole answer with `value`, by default the case's expected output; with a list, any of its items
//! will do. White space at both ends is ignored. Structured answers are compared as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, text, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `equals`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Equals {
    /// What the answer must be; the case's expected output by default. Of a list any item will do.
    #[serde(default)]
    pub value: Option<Param>,
    /// Ignore upper and lower case.
    #[serde(default)]
    pub ignore_case: bool,
}

impl Rule for Equals {
    const NAME: &'static str = "equals";
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let expected = or_expected(self.value.as_ref(), input)?;
        if input.output.value == expected {
            return Ok(Scored::pass(true));
        }
        let fold = |text: &str| if self.ignore_case { text.trim().to_lowercase() } else { text.trim().to_owned() };
        let given = fold(&input.output.text());
        let passed = texts(&expected).iter().any(|want| fold(want) == given);
        let score = Scored::pass(passed);
        Ok(if passed { score } else { score.because(format!("expected `{}`, got `{given}`", text(&expected))) })
    }
}
