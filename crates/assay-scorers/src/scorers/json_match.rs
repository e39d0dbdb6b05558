//! `json-match`: the share of expected JSON fields that the answer has right, from 0 to 1.
//!
//! Compares leaf by leaf; numbers up to `tolerance`. The rationale names what is wrong, missing and not expected.

use assay_core::ScoreKind;
use assay_metrics::structure::{compare, find_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ScoreInput;
use crate::param::{Param, or_expected};
use crate::rule::{Rule, Scored};

/// Parameters of `json-match`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonMatch {
    /// The expected value; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// Numbers may differ by this much.
    #[serde(default)]
    pub tolerance: f64,
    /// Top-level fields that do not count.
    #[serde(default)]
    pub ignore: Vec<String>,
}

impl Rule for JsonMatch {
    const NAME: &'static str = "json-match";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let parse = |value: Value| match value {
            Value::String(text) => find_json(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        let expected = parse(or_expected(self.value.as_ref(), input)?);
        let found = compare(&parse(input.output.value.clone()), &expected, self.tolerance, &self.ignore);
        let mut why = format!("{} of {} right", found.right, found.expected);
        for (word, paths) in [("wrong", &found.wrong), ("missing", &found.missing), ("not expected", &found.extra)] {
            if !paths.is_empty() {
                why.push_str(&format!("; {word}: {}", paths.join(", ")));
            }
        }
        Ok(Scored::value(found.share()).because(why))
    }
}
