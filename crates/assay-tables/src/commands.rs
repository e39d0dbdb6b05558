//! One file per command.

mod agreement;
mod calibration;
mod classify;
mod correlate;
mod judge;
mod duplicates;
mod items;
mod anomalies;
mod classify;
mod correlate;
mod fairness;
mod forecast;
mod looks;
mod overlap;
mod rank;
mod rate;
mod raters;
mod retrieval;
mod slices;
mod split;
mod text;

use clap::Subcommand;

use crate::{Answer, Failure};

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// The intervals of a rate, or of the difference of two independent rates
    Rate(rate::Rate),
    /// How far raters agree
    Agreement(agreement::Agreement),
    /// What a judge is worth, compared with people
    Judge(judge::Judge),
    /// How good and how strict each rater is, and labels that weigh them
    Raters(raters::Raters),
    /// Whether a score means what it says, and when to abstain
    Calibration(calibration::Calibration),
    /// Rank models by pairwise preferences
    Rank(rank::Rank),
    /// Confusion, precision, recall and F1 of predicted classes
    Classify(classify::Classify),
    /// How far two columns go together
    Correlate(correlate::Correlate),
    /// Rows whose texts are nearly the same
    Duplicates(duplicates::Duplicates),
    /// Items that are broken or tell nothing, saturation, abilities
    Items(items::Items),
    /// Boundaries for looking at results before the last case
    Looks(looks::Looks),
    /// Cases whose texts occur in a corpus
    Overlap(overlap::Overlap),
    /// Whether traffic was split between arms as configured
    Split(split::Split),
    /// BLEU, chrF, TER, word error rates, METEOR and ROUGE of a column of texts
    Text(text::Text),
    /// Judge a ranked run against relevance grades, as trec_eval does
    Retrieval(retrieval::Retrieval),
    /// A score by slices: shrunken, the worst slice, and slices that differ
    Slices(slices::Slices),
    /// Forecasts of numbers against what came
    Forecast(forecast::Forecast),
    /// Reported anomalies in a series against the true ones
    Anomalies(anomalies::Anomalies),
    /// How far rates lie apart between groups
    Fairness(fairness::Fairness),
}

impl Command {
    /// Computes.
    ///
    /// # Errors
    /// Arguments or data that cannot be used.
    pub fn answer(self) -> Result<Answer, Failure> {
        match self {
            Self::Rate(command) => command.answer(),
            Self::Agreement(command) => command.answer(),
            Self::Judge(command) => command.answer(),
            Self::Raters(command) => command.answer(),
            Self::Calibration(command) => command.answer(),
            Self::Rank(command) => command.answer(),
            Self::Classify(command) => command.answer(),
            Self::Correlate(command) => command.answer(),
            Self::Duplicates(command) => command.answer(),
            Self::Items(command) => command.answer(),
            Self::Looks(command) => command.answer(),
            Self::Overlap(command) => command.answer(),
            Self::Split(command) => command.answer(),
            Self::Text(command) => command.answer(),
            Self::Retrieval(command) => command.answer(),
            Self::Slices(command) => command.answer(),
            Self::Forecast(command) => command.answer(),
            Self::Anomalies(command) => command.answer(),
            Self::Fairness(command) => command.answer(),
        }
    }
}
