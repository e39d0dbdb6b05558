//! `bleu`: sentence BLEU against the expected texts, from 0 to 1 (sacrebleu's 13a tokens, exponential smoothing, effective order).
//!
//! Its corpus metric `bleu` is BLEU of all texts together, which is no mean of the sentences'.

use assay_core::{Metric, ScoreKind};
use assay_metrics::bleu::{Bleu as Formula, sentence_bleu};
use assay_metrics::corpus::Counts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `bleu`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bleu {
    /// The reference texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for Bleu {
    const NAME: &'static str = "bleu";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::Bleu]
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let references = texts(&or_expected(self.value.as_ref(), input)?);
        let references: Vec<&str> = references.iter().map(String::as_str).collect();
        let answer = input.output.text();
        let counts = Formula::default().segment(&answer, &references).numbers();
        Ok(Scored::value(sentence_bleu(&answer, &references)).counting(counts))
    }
}
