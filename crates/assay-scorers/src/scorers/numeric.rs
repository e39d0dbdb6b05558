//! `numeric`: the last number in the answer is the expected number.
//!
//! Reads numbers as people write them (`$1,234.50`, `#### 70000`). `abs` and `rel` are tolerances. An answer
//! without any number is wrong. `metrics: [mae, rmse]` shows the mean absolute error and the root of the mean squared
//! error of the numbers that were given; answers without a number do not count there.

use assay_core::Metric;
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

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::Mae, Metric::Rmse]
    }

    fn usual_metrics(&self) -> &'static [Metric] {
        &[]
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let expected = text(&or_expected(self.value.as_ref(), input)?);
        let want = last_number(&expected).ok_or("the expected output holds no number")?;
        Ok(match last_number(&input.output.text()) {
            Some(got) => {
                // Sums of larger numbers would not be finite.
                let error = (got - want).abs().min(1e145);
                Scored::pass(close(got, want, self.abs, self.rel)).because(format!("{got} for {want}")).counting(vec![
                    1.0,
                    error,
                    error * error,
                ])
            }
            None => Scored::pass(false).because("there is no number in the answer"),
        })
    }
}
