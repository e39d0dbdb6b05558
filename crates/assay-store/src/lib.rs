//! The workspace on disk (`.assay/`): what Assay remembers between commands.
//!
//! | module | file | holds |
//! |---|---|---|
//! | [`workspace`] | `.assay/` | the folder, its locks, its version |
//! | [`state`] | `state.db` | runs, totals, baselines, remembered plans |
//! | [`jobs`] | `state.db` | runs that the server is asked to execute |
//! | [`labels`] | `state.db` | labels by people; certificates and checks of judges |
//! | [`figures`] | `state.db` | what was reckoned from whole runs, with what it rests on |
//! | [`plan`] | `plans/DIGEST.db` | the frozen list of cases a run works through, in constant memory |
//! | [`journal`] | `journal/RUN.db` | each finished trial exactly once, durable before it counts |
//! | [`batches`] | `journal/RUN.db` | what a run has sent to providers in batches |
//! | [`cache`] | `cache.db` | answers by content digest |
//! | [`charts`] | `state.db` | saved charts, and dashboards of them |
//! | [`events`] | `state.db`, `releases.db` | what others are told of, written with the change |
//! | [`outbox`] | `state.db`, `releases.db` | what became of each event at each endpoint |
//! | [`sqlite`] | – | how each of these files is opened; `review.db` of `assay-review` too |
//! | [`releases`] | `releases.db` | the logs of releases, line by line, and the versions of their policies |
//!
//! SQLite in WAL mode: many readers beside a writer, and a reader never sees `busy`.

pub mod accounts;
pub mod batches;
pub mod cache;
pub mod charts;
pub mod events;
pub mod figures;
pub mod jobs;
pub mod journal;
pub mod labels;
pub mod outbox;
pub mod plan;
pub mod releases;
pub mod sqlite;
pub mod state;
pub mod workspace;

pub use accounts::{Accounts, Key, User};
pub use batches::Batch;
pub use cache::{Cache, CachedAnswer, CallKey, CallerStats, Entry};
pub use events::Outgoing;
pub use journal::{Journal, JournalEntry};
pub use labels::{Added, Check, Population, StoredCertificate, StoredLabel};
pub use outbox::Outbox;
pub use plan::{CaseAt, PlanBuilder, PlanFile};
pub use releases::Releases;
pub use state::{Baseline, LimitChange, MonthSpend, Order, RunLine, RunRow, Schedule, State};
pub use workspace::{RunLock, Workspace};

/// What can go wrong with the workspace.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which one.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// SQLite failed.
    #[error("{path}: {error}")]
    Database {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        error: sqlx::Error,
    },
    /// Two cases of one dataset have the same id.
    #[error("case id `{id}` occurs twice: {first} and {second}")]
    DuplicateId {
        /// The id.
        id: String,
        /// Where it stands first.
        first: String,
        /// Where it stands again.
        second: String,
    },
    /// Stored data cannot be read back.
    #[error("{path}: stored data cannot be read: {message}")]
    Corrupt {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Another process works on the run.
    #[error("run {0} is being executed by another process")]
    Locked(String),
    /// No such run, or more than one.
    #[error("{0}")]
    NoSuchRun(String),
}

impl StoreError {
    /// True when the disk is full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { error, .. } => error.kind() == std::io::ErrorKind::StorageFull,
            // SQLITE_FULL.
            _ => self.sqlite_code() == Some(13),
        }
    }

    /// True when another connection has what is needed, and SQLite did not wait for it.
    pub(crate) fn is_busy(&self) -> bool {
        // SQLITE_BUSY.
        self.sqlite_code() == Some(5)
    }

    /// The primary result code of SQLite (<https://www.sqlite.org/rescode.html>).
    fn sqlite_code(&self) -> Option<i32> {
        let Self::Database { error, .. } = self else { return None };
        let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
        Some(code & 0xff)
    }

    /// Stored data of a file that cannot be read back.
    pub fn corrupt(path: &std::path::Path, message: impl ToString) -> Self {
        Self::Corrupt { path: path.to_owned(), message: message.to_string() }
    }
}
