//! `contains`: the expected text stands somewhere in the answer.
//!
//! Looks for `value` in the answer's text, by default the case's expected output; every text of a list must be
//! there. `icontains` ignores case; `contains-any`, `contains-all`, `icontains-any` and `icontains-all` take lists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `contains`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contains {
    /// The text or texts to look for; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for Contains {
    const NAME: &'static str = "contains";
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        find(self.value.as_ref(), input, true, false)
    }
}

/// Looks for texts in the answer: all of them, or any.
pub(crate) fn find(
    value: Option<&Param>,
    input: &ScoreInput<'_>,
    all: bool,
    ignore_case: bool,
) -> Result<Scored, String> {
    let wanted = texts(&or_expected(value, input)?);
    if wanted.iter().all(String::is_empty) {
        return Err("there is no text to look for".into());
    }
    let fold = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
    let answer = fold(&input.output.text());
    let missing: Vec<&str> = wanted.iter().filter(|want| !answer.contains(&fold(want))).map(String::as_str).collect();
    let passed = if all { missing.is_empty() } else { missing.len() < wanted.len() };
    let score = Scored::pass(passed);
    Ok(if passed { score } else { score.because(format!("not found: {}", missing.join(" | "))) })
}
