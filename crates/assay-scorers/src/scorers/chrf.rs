//! `chrf`: chrF against the expected texts, from 0 to 1 (character 6-grams, β = 2, as sacrebleu).

use assay_core::ScoreKind;
use assay_metrics::chrf::chrf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `chrf`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chrf {
    /// The reference texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for Chrf {
    const NAME: &'static str = "chrf";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let references = texts(&or_expected(self.value.as_ref(), input)?);
        let references: Vec<&str> = references.iter().map(String::as_str).collect();
        Ok(Scored::value(chrf(&input.output.text(), &references)))
    }
}
