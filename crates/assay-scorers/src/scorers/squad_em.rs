//! `squad-em`: the answer equals an expected one after SQuAD normalisation (case, punctuation, articles).

use assay_core::ScoreKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `squad-em`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquadEm {
    /// The expected texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for SquadEm {
    const NAME: &'static str = "squad-em";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Binary
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = input.output.text();
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        let best = wanted
            .iter()
            .map(|want| f64::from(u8::from(assay_metrics::answer::exact_match(&answer, want))))
            .fold(0.0, f64::max);
        Ok(Scored::value(best))
    }
}
