//! `contains`, `contains-all`, `contains-any`, `icontains`, `icontains-all`, `icontains-any`: expected texts stand
//! somewhere in the answer.
//!
//! Looks for `value` in the answer's text, by default the case's expected output. `contains` and `contains-all` want
//! every text of a list, `contains-any` wants one of them; names that begin with `i` ignore case.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `contains` and its kin; `NAME` indexes [`NAMES`].
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contains<const NAME: usize> {
    /// The text or texts to look for; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

const NAMES: [&str; 6] = ["contains", "contains-all", "contains-any", "icontains", "icontains-all", "icontains-any"];

impl<const NAME: usize> Rule for Contains<NAME> {
    const NAME: &'static str = NAMES[NAME];
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        if wanted.iter().all(String::is_empty) {
            return Err("there is no text to look for".into());
        }
        let (any, ignore_case) = (Self::NAME.ends_with("any"), Self::NAME.starts_with('i'));
        let fold = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
        let answer = fold(&input.output.text());
        let missing: Vec<&str> =
            wanted.iter().filter(|want| !answer.contains(&fold(want))).map(String::as_str).collect();
        let passed = missing.is_empty() || any && missing.len() < wanted.len();
        let score = Scored::pass(passed);
        Ok(if passed { score } else { score.because(format!("not found: {}", missing.join(" | "))) })
    }
}
