//! `similarity`: how alike the answer and the expected text are, from 0 to 1.
//!
//! `method` is `levenshtein` (1 − edit distance / length of the longer text), `jaro-winkler`, `token-sort` or `token-set`
//! (likeness of the sorted words, or of the sets of words), or `partial` (likeness of the shorter text with the part of the
//! longer one that is most like it). Of a list the closest item counts.

use assay_core::ScoreKind;
use assay_metrics::distance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `similarity`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Similarity {
    /// What the answer is compared with; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// How.
    #[serde(default)]
    pub method: Method,
}

/// A measure of likeness.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// 1 − edit distance / length of the longer text.
    #[default]
    Levenshtein,
    /// Jaro–Winkler, for names and short texts.
    JaroWinkler,
    /// Likeness of the sorted words.
    TokenSort,
    /// Likeness of the sets of words.
    TokenSet,
    /// Likeness of the shorter text with the best part of the longer one.
    Partial,
}

impl Rule for Similarity {
    const NAME: &'static str = "similarity";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = input.output.text();
        let measure = match self.method {
            Method::Levenshtein => distance::similarity,
            Method::JaroWinkler => distance::jaro_winkler,
            Method::TokenSort => distance::token_sort_ratio,
            Method::TokenSet => distance::token_set_ratio,
            Method::Partial => distance::partial_ratio,
        };
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        Ok(Scored::value(wanted.iter().map(|want| measure(answer.trim(), want.trim())).fold(0.0, f64::max)))
    }
}
