//! One file per command.

mod adjust;
mod agreement;
mod anomalies;
mod assign;
mod best;
mod calibration;
mod canary;
mod classify;
mod compare;
mod correlate;
mod cutoff;
mod did;
mod drift;
mod duplicates;
mod entities;
mod experiment;
mod extract;
mod fairness;
mod forecast;
mod interleave;
mod items;
mod judge;
mod ladder;
mod looks;
mod mean;
mod monitor;
mod off_policy;
mod overlap;
mod passk;
mod rank;
mod rate;
mod raters;
mod retrieval;
mod sample;
mod selfcheck;
mod sequence;
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
    /// The mean or a quantile of a column, with its interval
    Mean(mean::Mean),
    /// A candidate against a baseline, paired or not
    Compare(compare::Compare),
    /// Which of several candidates is best, and how good although it was picked
    Best(best::Best),
    /// Adjust p-values for the number of tests
    Adjust(adjust::Adjust),
    /// pass@k and pass^k from repeated tries
    Passk(passk::Passk),
    /// Boundaries for looking at results before the last case
    Looks(looks::Looks),
    /// Where a running comparison could have stopped
    Sequence(sequence::Sequence),
    /// A randomised online experiment: sample ratio, effects, lift
    Experiment(experiment::Experiment),
    /// How often a test finds an effect where there is none (A/A)
    Selfcheck(selfcheck::Selfcheck),
    /// Whether traffic was split between arms as configured
    Split(split::Split),
    /// Two rankers by clicks on interleaved lists
    Interleave(interleave::Interleave),
    /// Difference in differences: a treated group against a control group
    Did(did::Did),
    /// What another policy would have earned on logged decisions
    OffPolicy(off_policy::OffPolicy),
    /// Who rates which row: balanced lists with hidden gold
    Assign(assign::Assign),
    /// How far raters agree
    Agreement(agreement::Agreement),
    /// How good and how strict each rater is, and labels that weigh them
    Raters(raters::Raters),
    /// What a judge is worth, compared with people
    Judge(judge::Judge),
    /// Whether a score means what it says, and when to abstain
    Calibration(calibration::Calibration),
    /// Which rows to judge or label next, with the chance of each
    Sample(sample::Sample),
    /// Rank models by pairwise preferences
    Rank(rank::Rank),
    /// Items that are broken or tell nothing, saturation, abilities
    Items(items::Items),
    /// How far two columns go together
    Correlate(correlate::Correlate),
    /// Rows whose texts are nearly the same
    Duplicates(duplicates::Duplicates),
    /// Cases whose texts occur in a corpus
    Overlap(overlap::Overlap),
    /// Canary strings in a corpus, and whether a model knows one
    Canary(canary::Canary),
    /// Whether items from before a model was trained score better
    Cutoff(cutoff::Cutoff),
    /// What a leaderboard on a holdout may show, and how often it was looked at
    Ladder(ladder::Ladder),
    /// Whether columns of a table have changed since a reference
    Drift(drift::Drift),
    /// Whether a series has shifted, with one false alarm per so many values
    Monitor(monitor::Monitor),
    /// Confusion, precision, recall and F1 of predicted classes
    Classify(classify::Classify),
    /// A score by slices: shrunken, the worst slice, and slices that differ
    Slices(slices::Slices),
    /// How far rates lie apart between groups
    Fairness(fairness::Fairness),
    /// Forecasts of numbers against what came
    Forecast(forecast::Forecast),
    /// Reported anomalies in a series against the true ones
    Anomalies(anomalies::Anomalies),
    /// BLEU, chrF, TER, word error rates, METEOR and ROUGE of a column of texts
    Text(text::Text),
    /// Judge a ranked run against relevance grades, as trec_eval does
    Retrieval(retrieval::Retrieval),
    /// Entities in tagged tokens: seqeval's lenient and strict F1, and spans that match in part
    Entities(entities::Entities),
    /// Extracted JSON records, field by field
    Extract(extract::Extract),
}

impl Command {
    /// Computes.
    ///
    /// # Errors
    /// Arguments or data that cannot be used.
    pub fn answer(self) -> Result<Answer, Failure> {
        match self {
            Self::Rate(command) => command.answer(),
            Self::Mean(command) => command.answer(),
            Self::Compare(command) => command.answer(),
            Self::Best(command) => command.answer(),
            Self::Adjust(command) => command.answer(),
            Self::Passk(command) => command.answer(),
            Self::Looks(command) => command.answer(),
            Self::Sequence(command) => command.answer(),
            Self::Experiment(command) => command.answer(),
            Self::Selfcheck(command) => command.answer(),
            Self::Split(command) => command.answer(),
            Self::Interleave(command) => command.answer(),
            Self::Did(command) => command.answer(),
            Self::OffPolicy(command) => command.answer(),
            Self::Assign(command) => command.answer(),
            Self::Agreement(command) => command.answer(),
            Self::Raters(command) => command.answer(),
            Self::Judge(command) => command.answer(),
            Self::Calibration(command) => command.answer(),
            Self::Sample(command) => command.answer(),
            Self::Rank(command) => command.answer(),
            Self::Items(command) => command.answer(),
            Self::Correlate(command) => command.answer(),
            Self::Duplicates(command) => command.answer(),
            Self::Overlap(command) => command.answer(),
            Self::Canary(command) => command.answer(),
            Self::Cutoff(command) => command.answer(),
            Self::Ladder(command) => command.answer(),
            Self::Drift(command) => command.answer(),
            Self::Monitor(command) => command.answer(),
            Self::Classify(command) => command.answer(),
            Self::Slices(command) => command.answer(),
            Self::Fairness(command) => command.answer(),
            Self::Forecast(command) => command.answer(),
            Self::Anomalies(command) => command.answer(),
            Self::Text(command) => command.answer(),
            Self::Retrieval(command) => command.answer(),
            Self::Entities(command) => command.answer(),
            Self::Extract(command) => command.answer(),
        }
    }
}
