//! One file per command.

mod agreement;
mod classify;
mod correlate;
mod drift;
mod looks;
mod monitor;
mod rank;
mod rate;
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
    /// Whether columns of a table have changed since a reference
    Drift(drift::Drift),
    /// Boundaries for looking at results before the last case
    Looks(looks::Looks),
    /// Whether a series has shifted, with one false alarm per so many values
    Monitor(monitor::Monitor),
    /// Whether traffic was split between arms as configured
    Split(split::Split),
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
            Self::Drift(command) => command.answer(),
            Self::Looks(command) => command.answer(),
            Self::Monitor(command) => command.answer(),
            Self::Split(command) => command.answer(),
        }
    }
}
