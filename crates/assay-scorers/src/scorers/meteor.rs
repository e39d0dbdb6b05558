//! `meteor`: METEOR against the best expected text, from 0 to 1: words matched exactly or by their stems, and their order.
//!
//! As NLTK without WordNet: synonyms do not count.

use assay_core::ScoreKind;
use assay_metrics::meteor::{Weights, meteor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `meteor`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Meteor {
    /// The reference texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for Meteor {
    const NAME: &'static str = "meteor";
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
        Ok(Scored::value(meteor(&input.output.text(), &references, Weights::default())))
    }
}
