//! `label`: the answer names the right class.
//!
//! Finds which of `labels` the answer gives: the whole answer, else the only label that stands in it as a word.
//! No label or several of them leave the trial unscored. The label is kept beside the score.

use assay_core::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, or_expected, text};
use crate::rule::{Rule, Scored};

/// Parameters of `label`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The classes there are.
    pub labels: Vec<String>,
    /// The right class; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
}

/// Lowercase words separated by single spaces.
fn words(text: &str) -> String {
    let kept: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Rule for Label {
    const NAME: &'static str = "label";
    const MAIN: &'static str = "labels";

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn check(&self) -> Result<(), Problem> {
        if self.labels.len() < 2 {
            return Err(Problem::new("/labels", "at least two labels are needed"));
        }
        Ok(())
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let answer = format!(" {} ", words(&input.output.text()));
        let whole = self.labels.iter().find(|label| answer.trim() == words(label));
        let found: Vec<&String> = match whole {
            Some(label) => vec![label],
            None => self.labels.iter().filter(|label| answer.contains(&format!(" {} ", words(label)))).collect(),
        };
        let [label] = found.as_slice() else {
            return Err(format!("{} of the labels stand in the answer, one is needed", found.len()));
        };
        let expected = text(&or_expected(self.value.as_ref(), input)?);
        let mut score = Scored::pass(words(label) == words(&expected));
        score.label = Some((*label).clone());
        Ok(score)
    }
}
