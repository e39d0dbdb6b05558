//! `squad-f1`: F1 over the words that the answer shares with the best expected one, from 0 to 1.

use assay_core::ScoreKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, texts};
use crate::rule::{Rule, Scored};

/// Parameters of `squad-f1`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquadF1 {
    /// The expected texts; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

impl Rule for SquadF1 {
    const NAME: &'static str = "squad-f1";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = input.output.text();
        let wanted = texts(&or_expected(self.value.as_ref(), input)?);
        let best = wanted.iter().map(|want| assay_metrics::answer::token_f1(&answer, want)).fold(0.0, f64::max);
        Ok(Scored::value(best))
    }
}
