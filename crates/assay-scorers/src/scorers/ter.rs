//! `ter`: translation edit rate against the expected texts, with shifts of blocks (as sacrebleu); lower is better.
//!
//! 0 is perfect, and above 1 is possible. Case does not count; `normalised` splits punctuation from words. `max` sets the
//! rate up to which a trial passes. Its corpus metric `ter` is the rate over all texts together.

use assay_core::{Direction, Metric, ScoreKind};
use assay_metrics::corpus::Counts;
use assay_metrics::ter::Ter as Formula;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `ter`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ter {
    /// The reference texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// Split punctuation from words and read XML entities.
    #[serde(default)]
    pub normalised: bool,
    /// Upper case and lower case differ.
    #[serde(default)]
    pub case_sensitive: bool,
    /// A trial passes up to this rate.
    #[serde(default)]
    pub max: Option<f64>,
}

impl Rule for Ter {
    const NAME: &'static str = "ter";
    const MAIN: &'static str = "max";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Unbounded
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
        &[Metric::Ter]
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let references = texts(&or_expected(self.value.as_ref(), input)?);
        let references: Vec<&str> = references.iter().map(String::as_str).collect();
        let formula =
            Formula { normalised: self.normalised, case_sensitive: self.case_sensitive, ..Formula::default() };
        let counts = formula.segment(&input.output.text(), &references);
        // Nothing said where nothing was expected needs no edit.
        Ok(Scored::value(counts.rate().unwrap_or(0.0)).counting(counts.numbers()))
    }
}
