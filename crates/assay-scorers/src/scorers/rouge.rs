//! `rouge`: ROUGE F1 against the best expected text, from 0 to 1, without stemming.

use assay_core::ScoreKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `rouge`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rouge {
    /// The expected texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// Which ROUGE.
    #[serde(default)]
    pub variant: Variant,
}

/// A variant of ROUGE.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub enum Variant {
    /// Single words.
    #[serde(rename = "rouge-1")]
    Rouge1,
    /// Pairs of words.
    #[serde(rename = "rouge-2")]
    Rouge2,
    /// The longest common subsequence.
    #[default]
    #[serde(rename = "rouge-l")]
    RougeL,
}

impl Rule for Rouge {
    const NAME: &'static str = "rouge";
    const MAIN: &'static str = "variant";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = input.output.text();
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        let best = wanted
            .iter()
            .map(|want| match self.variant {
                Variant::Rouge1 => assay_metrics::overlap::rouge_n(&answer, want, 1),
                Variant::Rouge2 => assay_metrics::overlap::rouge_n(&answer, want, 2),
                Variant::RougeL => assay_metrics::overlap::rouge_l(&answer, want),
            })
            .fold(0.0, f64::max);
        Ok(Scored::value(best))
    }
}
