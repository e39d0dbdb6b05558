//! One file per command.

mod adjust;
mod agreement;
mod classify;
mod compare;
mod correlate;
mod did;
mod experiment;
mod interleave;
mod looks;
mod mean;
mod off_policy;
mod passk;
mod rank;
mod rate;
mod sequence;
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
    /// The mean or a quantile of a column, with its interval
    Mean(mean::Mean),
    /// A candidate against a baseline, paired or not
    Compare(compare::Compare),
    /// A randomised online experiment: sample ratio, effects, lift
    Experiment(experiment::Experiment),
    /// What another policy would have earned on logged decisions
    OffPolicy(off_policy::OffPolicy),
    /// Where a running comparison could have stopped
    Sequence(sequence::Sequence),
    /// Difference in differences: a treated group against a control group
    Did(did::Did),
    /// Two rankers by clicks on interleaved lists
    Interleave(interleave::Interleave),
    /// Adjust p-values for the number of tests
    Adjust(adjust::Adjust),
    /// pass@k and pass^k from repeated tries
    Passk(passk::Passk),
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
            Self::Mean(command) => command.answer(),
            Self::Compare(command) => command.answer(),
            Self::Experiment(command) => command.answer(),
            Self::OffPolicy(command) => command.answer(),
            Self::Sequence(command) => command.answer(),
            Self::Did(command) => command.answer(),
            Self::Interleave(command) => command.answer(),
            Self::Adjust(command) => command.answer(),
            Self::Passk(command) => command.answer(),
        }
    }
}
