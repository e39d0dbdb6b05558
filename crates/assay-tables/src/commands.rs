//! One file per command.

mod agreement;
mod anomalies;
mod classify;
mod correlate;
mod fairness;
mod forecast;
mod looks;
mod rank;
mod rate;
mod slices;
mod split;

use clap::Subcommand;

use crate::{Answer, Failure};

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// The intervals of a rate, or of the difference of two independent rates
    Rate(rate::Rate),
    /// How far raters agree
    Agreement(agreement::Agreement),
    /// Rank models by pairwise preferences
    Rank(rank::Rank),
    /// Confusion, precision, recall and F1 of predicted classes
    Classify(classify::Classify),
    /// How far two columns go together
    Correlate(correlate::Correlate),
    /// Boundaries for looking at results before the last case
    Looks(looks::Looks),
    /// Whether traffic was split between arms as configured
    Split(split::Split),
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
            Self::Rank(command) => command.answer(),
            Self::Classify(command) => command.answer(),
            Self::Correlate(command) => command.answer(),
            Self::Looks(command) => command.answer(),
            Self::Split(command) => command.answer(),
            Self::Slices(command) => command.answer(),
            Self::Forecast(command) => command.answer(),
            Self::Anomalies(command) => command.answer(),
            Self::Fairness(command) => command.answer(),
        }
    }
}
