//! The lake: finished trials and scores as open Delta tables, queried with DataFusion.
//!
//! The tables need no Assay to be read: Spark, DuckDB, Polars, pandas, Snowflake, BigQuery and Trino open them as
//! they are. A segment of trials is committed once: its number travels in the same commit, so that a repeat after a
//! crash finds it and does nothing. DataFusion and Delta are used in this crate only.
//!
//! | module | holds |
//! |---|---|
//! | [`tables`] | the columns of `trials` and `scores`, and trials turned into Arrow batches |
//! | [`seal`] | idempotent commits |
//! | [`compact`] | a finished run's rows in order, in few files |
//! | [`query`] | SQL over the tables, and the rows that analysis reads |
//! | [`export`] | query results as JSON lines, CSV and Parquet, streamed |

pub mod browse;
pub mod budget;
pub mod compact;
pub mod export;
pub mod query;
pub mod seal;
pub mod tables;
mod tag;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deltalake::DeltaTable;
use url::Url;

pub use budget::Budget;
pub use query::{Judgement, Rows};
pub use seal::Segment;
pub use tables::Table;

/// What can go wrong in the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A Delta table could not be read or written.
    #[error("lake table `{table}`: {error}")]
    Table {
        /// Which table.
        table: &'static str,
        /// Why.
        error: deltalake::DeltaTableError,
    },
    /// A query failed: its syntax, a column that does not exist, or reading.
    #[error("{}", plain(.0))]
    Query(#[from] datafusion::error::DataFusionError),
    /// Arrow failed.
    #[error("lake: {0}")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
    /// A file could not be written.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A stored answer cannot be read back.
    #[error("lake: a stored answer cannot be read: {0}")]
    Stored(String),
    /// A task of the lake itself failed.
    #[error("lake: {0}")]
    Task(String),
    /// The lake's folder has no absolute path.
    #[error("{0}: not a usable folder")]
    Path(PathBuf),
}

impl LakeError {
    /// Whether it is what was asked that is at fault, not the lake.
    pub fn is_of_the_query(&self) -> bool {
        use datafusion::error::DataFusionError as Of;
        let Self::Query(error) = self else { return false };
        matches!(
            error.find_root(),
            Of::Plan(_)
                | Of::SQL(..)
                | Of::SchemaError(..)
                | Of::ArrowError(..)
                | Of::Execution(_)
                | Of::NotImplemented(_)
                | Of::Configuration(_)
                | Of::ResourcesExhausted(_)
                | Of::Diagnostic(..)
                | Of::Collection(_)
        )
    }
}

/// What went wrong with a table.
pub(crate) fn failed(table: Table) -> impl Fn(deltalake::DeltaTableError) -> LakeError {
    move |error| LakeError::Table { table: table.name(), error }
}

/// DataFusion's message without its internal prefixes.
fn plain(error: &datafusion::error::DataFusionError) -> String {
    error.strip_backtrace().trim_start_matches("Error during planning: ").to_owned()
}

/// The lake of one workspace.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
    /// The tables as they were read last: only what was committed since has to be read then.
    known: Arc<Mutex<HashMap<Table, DeltaTable>>>,
    /// What its questions stay within.
    budget: Option<Budget>,
}

impl Lake {
    /// The lake in a folder; tables appear with the first sealed segment.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), known: Arc::default(), budget: None }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A table as it is now; without a version when nothing was ever committed to it.
    pub(crate) async fn table(&self, table: Table) -> Result<DeltaTable, LakeError> {
        let known = self.known().get(&table).cloned();
        if let Some(mut delta) = known
            && delta.update_state().await.is_ok()
        {
            return Ok(self.keep(table, delta));
        }
        let folder = self.root.join(table.name());
        std::fs::create_dir_all(&folder).map_err(|error| LakeError::Io { path: folder.clone(), error })?;
        let absolute = folder.canonicalize().map_err(|error| LakeError::Io { path: folder.clone(), error })?;
        let url = Url::from_directory_path(&absolute).map_err(|()| LakeError::Path(absolute))?;
        let delta = DeltaTable::try_from_url(url).await;
        Ok(self.keep(table, delta.map_err(failed(table))?))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Table, DeltaTable>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a table for the next time.
    pub(crate) fn keep(&self, table: Table, delta: DeltaTable) -> DeltaTable {
        if delta.version().is_some() {
            self.known().insert(table, delta.clone());
        }
        delta
    }
}
