//! `icontains`: the expected text stands somewhere in the answer, in any case.
//!
//! Looks for `value` in the answer's text, by default the case's expected output.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::Param;
use crate::rule::{Rule, Scored};
use crate::scorers::contains::find;

/// Parameters of `icontains`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IContains {
    /// The text or texts to look for; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for IContains {
    const NAME: &'static str = "icontains";
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        find(self.value.as_ref(), input, true, true)
    }
}
