//! The run engine: from a checked suite to sealed trials.
//!
//! | module | holds |
//! |---|---|
//! | [`prepare`] | everything that can be found wrong before money is spent |
//! | [`freeze`] | datasets as the frozen list of cases |
//! | [`estimate`] | what a run will need |
//! | [`budget`], `month`, [`limits`], [`gateway`] | what calls may cost, how fast they may come, how they are retried and cached |
//! | [`batches`] | answers by the providers' batch APIs |
//! | `clock` | time, which a simulation replaces |
//! | [`earlier`] | answers of an earlier run, taken over |
//! | [`explain`] | why the cache has an answer or has none |
//! | [`execute`] | a run from its start or resumption to its end |
//! | [`git`] | what git says of a folder |
//! | [`schedule`] | trials in a seeded order: handed out, executed, scored, recorded in groups |
//! | [`looks`] | when a run may end before its last case |
//! | [`ledger`] | where outcomes go: the journal as they come, the lake in segments |
//! | [`steering`] | what somebody wants of a run that goes on |
//! | [`progress`] | what is known while it goes on |
//!
//! Every planned trial ends in exactly one recorded outcome. A trial counts when the journal has it on disk; a run that
//! is killed goes on where the journal ends.

pub mod batches;
pub mod budget;
mod clock;
pub mod earlier;
pub mod estimate;
pub mod execute;
pub mod explain;
pub mod freeze;
pub mod gateway;
pub mod git;
pub mod imported;
pub mod ledger;
pub mod limits;
pub mod looks;
mod month;
pub mod prepare;
pub mod progress;
pub mod schedule;
#[cfg(test)]
mod simulator;
pub mod steering;

pub use execute::{Finished, Runner};
pub use month::this_month;
pub use prepare::{Options, Prepared};
pub use progress::Progress;
pub use steering::Steering;

/// What can stop the engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The suite is wrong.
    #[error(transparent)]
    Suite(#[from] Box<assay_suite::Diagnostics>),
    /// A dataset is wrong.
    #[error("{}", with_help(.0))]
    Dataset(#[from] assay_datasets::DatasetError),
    /// The workspace cannot be used.
    #[error(transparent)]
    Store(#[from] assay_store::StoreError),
    /// The lake cannot be written.
    #[error(transparent)]
    Lake(#[from] assay_lake::LakeError),
    /// Nothing is left to run.
    #[error("{0}")]
    NothingSelected(String),
    /// A target or a judge would fail on every call.
    #[error("{0}")]
    Preflight(String),
    /// A provider cannot be asked about its batches.
    #[error("{0}")]
    Batch(String),
    /// Something the user asked for does not exist.
    #[error("{0}")]
    Usage(String),
    /// A task of the engine itself failed.
    #[error("the engine failed: {0}")]
    Internal(String),
}

fn with_help(error: &assay_datasets::DatasetError) -> String {
    match &error.help {
        Some(help) => format!("{error} (help: {help})"),
        None => error.to_string(),
    }
}
