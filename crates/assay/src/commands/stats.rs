//! `assay stats`: statistics without a run: plans, rates, and tables from elsewhere.

mod agreement;
mod classify;
mod correlate;
mod looks;
mod power;
mod rank;
mod rate;
mod split;
mod table;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Failure;

/// Plans and computes.
#[derive(Args)]
pub struct Stats {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// How many cases show that a candidate is not worse, and what a number of cases can show
    Power(power::Power),
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
}

impl Stats {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        match self.what {
            What::Power(power) => power.run(workspace).await,
            What::Rate(rate) => rate.run(),
            What::Agreement(agreement) => agreement.run(),
            What::Rank(rank) => rank.run(),
            What::Classify(classify) => classify.run(),
            What::Correlate(correlate) => correlate.run(),
            What::Looks(looks) => looks.run(),
            What::Split(split) => split.run(),
        }
    }
}
