//! `word-errors`: the error rate of a transcript against the expected text (as jiwer); lower is better.
//!
//! `rate` is `wer` (words, by default), `cer` (characters), `mer` (match error rate) or `wil` (word information lost). The
//! last two are from 0 to 1; the first two can be above 1. Case and punctuation count. `max` sets the rate up to which a
//! trial passes. Of several expected texts the one with the lowest rate counts; an empty one gives no word or character
//! error rate. The corpus metric of the same name is the rate over all texts together.

use assay_core::{Direction, Metric, ScoreKind};
use assay_metrics::corpus::Counts;
use assay_metrics::word_errors::WordErrors as Errors;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `word-errors`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WordErrors {
    /// The expected texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// Which rate.
    #[serde(default)]
    pub rate: Rate,
    /// A trial passes up to this rate.
    #[serde(default)]
    pub max: Option<f64>,
}

/// A rate of errors.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// Words that are wrong, missing or too many, over the expected words.
    #[default]
    Wer,
    /// The same of characters.
    Cer,
    /// The same of words, over all matches and errors.
    Mer,
    /// Word information lost.
    Wil,
}

impl Rule for WordErrors {
    const NAME: &'static str = "word-errors";
    const MAIN: &'static str = "rate";

    fn kind(&self) -> ScoreKind {
        match self.rate {
            Rate::Wer | Rate::Cer => ScoreKind::Unbounded,
            Rate::Mer | Rate::Wil => ScoreKind::Bounded { lo: 0.0, hi: 1.0 },
        }
    }

    fn direction(&self) -> Direction {
        Direction::Lower
    }

    fn threshold(&self) -> Option<f64> {
        self.max
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        match self.rate {
            Rate::Wer => &[Metric::Wer],
            Rate::Cer => &[Metric::Cer],
            Rate::Mer => &[Metric::Mer],
            Rate::Wil => &[Metric::Wil],
        }
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = input.output.text();
        let measure = |want: &String| {
            let errors = match self.rate {
                Rate::Cer => Errors::of_characters(&answer, want),
                Rate::Wer | Rate::Mer | Rate::Wil => Errors::of_words(&answer, want),
            };
            let rate = match self.rate {
                Rate::Wer | Rate::Cer => errors.rate(),
                Rate::Mer => Some(errors.mer()),
                Rate::Wil => Some(errors.wil()),
            };
            rate.map(|rate| (rate, errors))
        };
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        let lowest = wanted.iter().filter_map(measure).min_by(|a, b| a.0.total_cmp(&b.0));
        let (rate, errors) = lowest.ok_or("the expected text is empty, so there is no error rate")?;
        Ok(Scored::value(rate).counting(errors.numbers()))
    }
}
