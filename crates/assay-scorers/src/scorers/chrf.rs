//! `chrf`: chrF against the expected texts, from 0 to 1 (character 6-grams, β = 2, as sacrebleu).
//!
//! `word_order: 2` adds pairs of words: chrF++. Its corpus metric `chrf` is that of all texts together.

use assay_core::{Metric, Problem, ScoreKind};
use assay_metrics::chrf::{Chrf as Formula, MOST_WORD_ORDER};
use assay_metrics::corpus::Counts;
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
    /// The longest word n-grams: 0 for chrF, 2 for chrF++.
    #[serde(default)]
    pub word_order: usize,
}

impl Rule for Chrf {
    const NAME: &'static str = "chrf";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn check(&self) -> Result<(), Problem> {
        if self.word_order > MOST_WORD_ORDER {
            return Err(Problem::new("/word_order", "`word_order` is 0 for chrF or 2 for chrF++"));
        }
        Ok(())
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::Chrf]
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let references = texts(&or_expected(self.value.as_ref(), input)?);
        let references: Vec<&str> = references.iter().map(String::as_str).collect();
        let formula = Formula { word_order: self.word_order, lowercase: false };
        let counts = formula.segment(&input.output.text(), &references);
        let value = formula.score(&counts).ok_or("the expected texts are empty")?;
        Ok(Scored::value(value).counting(counts.numbers()))
    }
}
