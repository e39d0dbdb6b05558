//! `numeric`: the last number in the answer is the expected number.
//!
//! Reads numbers as people write them (`$1,234.50`, `#### 70000`). `abs` and `rel` are tolerances. An answer
//! without any number is wrong.

use assay_metrics::number::{close, last_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, text};
use crate::rule::{Rule, Scored};

/// Parameters of `numeric`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Numeric {
    /// The expected number, or a text that ends with it; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// Absolute tolerance.
    #[serde(default)]
    pub abs: f64,
    /// Tolerance relative to the expected number.
    #[serde(default)]
    pub rel: f64,
}

impl Rule for Numeric {
    const NAME: &'static str = "numeric";
    const MAIN: &'static str = "value";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let expected = text(&or_expected(self.value.as_ref(), input)?);
        let want = last_number(&expected).ok_or("the expected output holds no number")?;
        Ok(match last_number(&input.output.text()) {
            Some(got) => Scored::pass(close(got, want, self.abs, self.rel)).because(format!("{got} for {want}")),
            None => Scored::pass(false).because("there is no number in the answer"),
        })
    }
}
