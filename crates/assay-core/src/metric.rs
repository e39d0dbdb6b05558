//! Corpus metrics: figures over all trials of a scorer that are no mean of its scores.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Direction, ScoreKind};

/// A corpus metric, computed from the numbers that a scorer keeps of each trial ([`crate::Score::counts`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// BLEU of the corpus.
    Bleu,
    /// chrF, or chrF++, of the corpus.
    Chrf,
    /// Edits over all words of the references, with shifts of blocks.
    Ter,
    /// Wrong, missing and superfluous words over all words of the references.
    Wer,
    /// The same of characters.
    Cer,
    /// Match error rate of all words.
    Mer,
    /// Word information lost over all words.
    Wil,
    /// F1 of each class or label, averaged over those that are expected or predicted.
    MacroF1,
    /// F1 of each class or label, weighted by how often it is expected.
    WeightedF1,
    /// Recall of each class, averaged over the classes that are expected.
    BalancedAccuracy,
    /// Matthews' correlation of the classes.
    Mcc,
    /// Cohen's κ of the expected and the predicted classes.
    Kappa,
    /// What is right of all that was given.
    Precision,
    /// What was found of all that is expected.
    Recall,
    /// The harmonic mean of precision and recall over all trials together.
    F1,
    /// Mean absolute error of the numbers that were given.
    Mae,
    /// Root of the mean squared error of the numbers that were given.
    Rmse,
    /// How often a positive gets a higher score than a negative: the area under the ROC curve.
    RocAuc,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 18] = [
        Self::Bleu,
        Self::Chrf,
        Self::Ter,
        Self::Wer,
        Self::Cer,
        Self::Mer,
        Self::Wil,
        Self::MacroF1,
        Self::WeightedF1,
        Self::BalancedAccuracy,
        Self::Mcc,
        Self::Kappa,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::Mae,
        Self::Rmse,
        Self::RocAuc,
    ];

    /// The name in suites, tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bleu => "bleu",
            Self::Chrf => "chrf",
            Self::Ter => "ter",
            Self::Wer => "wer",
            Self::Cer => "cer",
            Self::Mer => "mer",
            Self::Wil => "wil",
            Self::MacroF1 => "macro_f1",
            Self::WeightedF1 => "weighted_f1",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::Mcc => "mcc",
            Self::Kappa => "kappa",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::Mae => "mae",
            Self::Rmse => "rmse",
            Self::RocAuc => "roc_auc",
        }
    }

    /// What kind of number it is.
    pub const fn score(self) -> ScoreKind {
        match self {
            Self::Ter | Self::Wer | Self::Cer | Self::Mae | Self::Rmse => ScoreKind::Unbounded,
            Self::Mcc | Self::Kappa => ScoreKind::Bounded { lo: -1.0, hi: 1.0 },
            _ => ScoreKind::Bounded { lo: 0.0, hi: 1.0 },
        }
    }

    /// Which way is better.
    pub const fn direction(self) -> Direction {
        match self {
            Self::Ter | Self::Wer | Self::Cer | Self::Mer | Self::Wil | Self::Mae | Self::Rmse => Direction::Lower,
            _ => Direction::Higher,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_written_as_it_is_read() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.as_str());
        }
    }
}
