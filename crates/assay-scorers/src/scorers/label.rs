//! `label`: the answer names the right class.
//!
//! Finds which of `labels` the answer gives: the whole answer, else the only label that stands in it as a word.
//! No label or several of them leave the trial unscored, or wrong with `unclear: wrong`. The label is kept beside the
//! score. `metrics` can be `macro_f1` (shown by default), `weighted_f1`, `balanced_accuracy`, `mcc` and `kappa`. An
//! expected output that is none of the labels leaves the trial unscored.

use assay_core::{Metric, Problem};
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
    /// What an answer is that names no label, or several.
    #[serde(default)]
    pub unclear: Unclear,
}

/// What becomes of an answer without a clear label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unclear {
    /// It has no score.
    #[default]
    Unscored,
    /// It is wrong, and predicts no class.
    Wrong,
}

/// Lowercase words separated by single spaces.
pub(super) fn words(text: &str) -> String {
    let kept: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Rule for Label {
    const NAME: &'static str = "label";
    const MAIN: &'static str = "labels";
    const VERSION: u32 = 2;

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::MacroF1, Metric::WeightedF1, Metric::BalancedAccuracy, Metric::Mcc, Metric::Kappa]
    }

    fn check(&self) -> Result<(), Problem> {
        if self.labels.len() < 2 {
            return Err(Problem::new("/labels", "at least two labels are needed"));
        }
        Ok(())
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let expected = text(&or_expected(self.value.as_ref(), input)?);
        let class = |text: &str| self.labels.iter().position(|label| words(label) == words(text));
        let truth =
            class(&expected).ok_or_else(|| format!("the expected output `{expected}` is none of the labels"))?;
        let answer = format!(" {} ", words(&input.output.text()));
        let whole = self.labels.iter().find(|label| answer.trim() == words(label));
        let found: Vec<&String> = match whole {
            Some(label) => vec![label],
            None => self.labels.iter().filter(|label| answer.contains(&format!(" {} ", words(label)))).collect(),
        };
        let counts = |predicted: f64| vec![truth as f64, predicted];
        let [label] = found.as_slice() else {
            let why = format!("{} of the labels stand in the answer, one is needed", found.len());
            return match self.unclear {
                Unclear::Unscored => Err(why),
                Unclear::Wrong => Ok(Scored::pass(false).because(why).counting(counts(-1.0))),
            };
        };
        let predicted = class(label);
        let mut score = Scored::pass(predicted == Some(truth)).counting(counts(predicted.map_or(-1.0, |at| at as f64)));
        score.label = Some((*label).clone());
        Ok(score)
    }
}
