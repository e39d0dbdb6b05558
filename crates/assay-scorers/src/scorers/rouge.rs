//! `rouge`: ROUGE F1 against the best expected text, from 0 to 1.
//!
//! Lowercase words of ASCII letters and digits count, as in rouge-score; `stem` cuts them to their stems. `unicode` keeps
//! the words of all scripts.

use assay_core::ScoreKind;
use assay_metrics::rouge::{Tokens, rouge_l, rouge_lsum, rouge_n};
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
    /// Compare stems of words (Porter).
    #[serde(default)]
    pub stem: bool,
    /// Words of all scripts, each ideograph and kana by itself; without it only ASCII letters and digits count.
    #[serde(default)]
    pub unicode: bool,
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
    /// The longest common subsequences of lines.
    #[serde(rename = "rouge-lsum")]
    RougeLsum,
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
        let tokens = Tokens { stem: self.stem, unicode: self.unicode };
        let measure = |want: &String| match self.variant {
            Variant::Rouge1 => rouge_n(&answer, want, 1, tokens),
            Variant::Rouge2 => rouge_n(&answer, want, 2, tokens),
            Variant::RougeL => rouge_l(&answer, want, tokens),
            Variant::RougeLsum => rouge_lsum(&answer, want, tokens),
        };
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        Ok(Scored::value(wanted.iter().map(measure).fold(0.0, f64::max)))
    }
}
