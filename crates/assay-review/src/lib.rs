//! The human evaluation program: people as instruments, whose ratings calibrate judges and settle what no scorer can.
//!
//! | module | holds |
//! |---|---|
//! | [`rubric`] | rubric files: criteria, scales with anchors, examples, training, quiz; what changes between versions |
//! | [`sample`] | which items are rated, each with its chance; pure |
//! | [`words`] | project, item, rating, rater as types that a command, a page or an API hands around |
//! | [`store`] | `review.db`: everything a program knows, in one file |
//! | [`work`] | what a rater does: next item under a lease, submit, skip, flag, edit, undo |
//! | `desk` | what is beside the answers: drafts, answers that are sent twice, how far a rater is |
//! | [`onboarding`] | training, quiz, suspension by interval, re-qualification |
//! | [`adjudication`] | disagreements and flags, and the word that settles them |
//! | [`outcome`] | what people say of each item, and the label file that calibration reads |
//! | `pay` | what work costs, and the budget beyond which no item is given out |
//! | [`report`] | agreement, severity, drift, gold, cost: from stored ratings to figures; pure |
//! | [`exchange`] | CSV, Label Studio, Argilla, vendor packets: out and back in |
//!
//! A rating counts when its commit is on disk. The table of ratings is append-only: an edit, an undo and a new rubric add
//! rows and change none. Which of them stand now is a table of its own, unique on item, rater and criterion, so that no
//! order of concurrent raters can lose or double one.

pub mod adjudication;
mod desk;
pub mod exchange;
pub mod onboarding;
pub mod outcome;
mod pay;
pub mod report;
pub mod rubric;
pub mod sample;
pub mod store;
pub mod words;
pub mod work;

pub use desk::Place;
pub use rubric::Rubric;
pub use store::Review;
pub use words::*;

use assay_datasets::DatasetError;
use assay_store::StoreError;

/// What can go wrong in a program of human evaluation.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// A name, an answer or a file that does not fit.
    #[error("{0}")]
    Usage(String),
    /// There is no project, item or rater of that name.
    #[error("{0}")]
    Missing(String),
    /// Things are not as the caller took them to be: an item is not with this rater any more, or is rated already.
    #[error("{0}")]
    Conflict(String),
    /// There is nothing to do.
    #[error("{0}")]
    Nothing(String),
    /// The budget is used up.
    #[error("{0}")]
    Budget(String),
    /// A row of a file.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which one.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file of ratings fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReviewError {
    /// A fault of usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Something that is not there.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::Missing(message.into())
    }

    /// Something that is not as the caller took it to be.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(message.into())
    }
}
