//! Idempotent commits: a segment of trials enters the lake once.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use assay_core::{RunRecord, Trial};
use datafusion::arrow::array::RecordBatch;
use datafusion::logical_expr::{col, lit};
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use deltalake::kernel::Transaction;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::operations::write::SchemaMode;
use deltalake::protocol::SaveMode;

use crate::tables::{self, Table};
use crate::{Lake, LakeError, failed};

/// Another process may commit or create the table at the same moment; each try starts from its newest state.
const ATTEMPTS: u32 = 8;

/// Trials of a run that enter the lake together, as the rows that they will be.
#[derive(Debug)]
pub struct Segment {
    run: Arc<RunRecord>,
    number: u64,
    trials: Vec<RecordBatch>,
    scores: Vec<RecordBatch>,
    count: u64,
    bytes: usize,
}

impl Segment {
    /// A segment without trials. Numbers count from 1 and are never used twice.
    pub fn new(run: Arc<RunRecord>, number: u64) -> Self {
        Self { run, number, trials: Vec::new(), scores: Vec::new(), count: 0, bytes: 0 }
    }

    /// Adds trials.
    ///
    /// # Errors
    /// Trials that do not fit the tables.
    pub fn push(&mut self, trials: &[Trial]) -> Result<(), LakeError> {
        let batch = tables::trial_batch(&self.run, self.number, trials)?;
        self.bytes += batch.get_array_memory_size();
        self.trials.push(batch);
        if !self.run.scorers.is_empty() {
            let batch = tables::score_batch(&self.run, self.number, trials)?;
            self.bytes += batch.get_array_memory_size();
            self.scores.push(batch);
        }
        self.count += trials.len() as u64;
        Ok(())
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many trials it holds.
    pub fn trials(&self) -> u64 {
        self.count
    }

    /// How much memory its rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Rows of a page of a file: what is read at least for one of them.
const PAGE: usize = 1_024;
/// Rows that are left out together by what they lie between.
const GROUP: usize = 65_536;

/// How files are written. Numbers of trials repeat so seldom that a dictionary only stands in the way.
pub(crate) fn writing() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_column_dictionary_enabled("number".into(), false)
        .set_max_row_group_row_count(Some(GROUP))
        .set_data_page_row_count_limit(PAGE)
        .set_write_batch_size(PAGE)
        .build()
}

/// File times may be coarse.
const MARGIN: Duration = Duration::from_secs(5);

/// Forces what was written since then to disk. The object store hands files to the operating system and no further,
/// and the journal lets go of a segment once it is sealed: a power cut must not find it in neither.
fn force(folder: &Path, since: SystemTime) -> Result<(), LakeError> {
    let failed = |path: &Path, error| LakeError::Io { path: path.to_owned(), error };
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        // A file that another process removes meanwhile is none of ours.
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.is_dir() {
            force(&path, since)?;
        } else if metadata.modified().is_ok_and(|at| at >= since)
            && let Ok(file) = File::open(&path)
        {
            file.sync_all().map_err(|error| failed(&path, error))?;
        }
    }
    force_names(folder)
}

/// Forces the names in a folder to disk.
fn force_names(folder: &Path) -> Result<(), LakeError> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| LakeError::Io { path: folder.to_owned(), error })?;
    Ok(())
}

impl Lake {
    /// Commits a segment of a run's trials and scores. Segments of a run are sealed in the order of their numbers.
    /// Sealing one again changes nothing. On return it survives a power cut.
    ///
    /// # Errors
    /// The tables cannot be written.
    pub async fn seal(&self, segment: Segment) -> Result<(), LakeError> {
        if segment.count == 0 {
            return Ok(());
        }
        let (run, number, began) = (segment.run, segment.number, SystemTime::now());
        let scores = tokio::spawn({
            let (lake, run, rows) = (self.clone(), run.clone(), segment.scores);
            async move { if rows.is_empty() { Ok(()) } else { lake.commit(Table::Scores, &run, number, rows).await } }
        });
        // Both are looked up before a repeat, so that neither has to wait for the other.
        let trials = self.commit(Table::Trials, &run, number, segment.trials).await;
        let scores = scores.await.map_err(|error| LakeError::Task(error.to_string()))?;
        trials.and(scores)?;
        self.force(run, began).await
    }

    /// Commits rows of a segment that another lake holds: what [`Rows`](crate::Rows) gave of one table for one run and
    /// segment. Doing so again changes nothing. On return they survive a power cut.
    ///
    /// # Errors
    /// Rows that are not of this table, run and segment; the tables cannot be written.
    pub async fn adopt(
        &self,
        run: Arc<RunRecord>,
        table: Table,
        segment: u64,
        rows: Vec<RecordBatch>,
    ) -> Result<(), LakeError> {
        let rows = rows
            .iter()
            .filter(|batch| batch.num_rows() > 0)
            .map(|batch| tables::adopted(table, &run, segment, batch))
            .collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        let began = SystemTime::now();
        self.commit(table, &run, segment, rows).await?;
        self.force(run, began).await
    }

    /// Forces what was written of a run since then to disk.
    pub(crate) async fn force(&self, run: Arc<RunRecord>, began: SystemTime) -> Result<(), LakeError> {
        let root = self.root().to_owned();
        let day = format!("dt={}", crate::query::day(tables::partition_day(&run)));
        let forced = tokio::task::spawn_blocking(move || {
            // A table without a row of that day has no folder of it: nobody scored the run.
            let tables = Table::ALL.map(|table| root.join(table.name()));
            for table in tables.into_iter().filter(|table| table.join(&day).is_dir()) {
                force(&table.join(&day), began - MARGIN)?;
                force(&table.join("_delta_log"), began - MARGIN)?;
                force_names(&table)?;
            }
            force_names(&root)
        })
        .await;
        forced.map_err(|error| LakeError::Task(error.to_string()))?
    }

    async fn commit(
        &self,
        table: Table,
        run: &RunRecord,
        segment: u64,
        batches: Vec<RecordBatch>,
    ) -> Result<(), LakeError> {
        let application = run.id.to_string();
        let version = i64::try_from(segment).unwrap_or(i64::MAX);
        let failed = failed(table);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let delta = self.table(table).await?;
            // Delta refuses a concurrent duplicate but takes a later one, so what was committed is looked up first.
            if delta.version().is_some() {
                let snapshot = delta.snapshot().map_err(&failed)?;
                let last =
                    snapshot.transaction_version(delta.log_store().as_ref(), &application).await.map_err(&failed)?;
                if last.is_some_and(|last| last >= version) {
                    return Ok(());
                }
            }
            let result = delta
                .write(batches.clone())
                .with_save_mode(SaveMode::Append)
                // Tables of an earlier version get the columns they lack.
                .with_schema_mode(SchemaMode::Merge)
                .with_partition_columns(["dt"])
                .with_table_name(table.name())
                .with_configuration([
                    ("delta.checkpointInterval", Some("20")),
                    ("delta.dataSkippingStatsColumns", Some(table.statistics_columns())),
                ])
                .with_writer_properties(writing())
                .with_commit_properties(
                    CommitProperties::default().with_application_transaction(Transaction::new(&application, version)),
                )
                .await;
            match result {
                Ok(written) => {
                    self.keep(table, written);
                    return Ok(());
                }
                Err(_) if attempt < ATTEMPTS => {
                    tokio::time::sleep(std::time::Duration::from_millis(20 << attempt)).await;
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Deletes what the lake holds of a run's trials that did not end in an answer, because they are to be executed
    /// again. May be repeated.
    ///
    /// # Errors
    /// The tables cannot be written.
    pub async fn delete_failed(&self, run: &RunRecord) -> Result<(), LakeError> {
        for table in Table::ALL {
            let delta = self.table(table).await?;
            if delta.version().is_none() {
                continue;
            }
            delta
                .delete()
                .with_predicate(col("run_id").eq(lit(run.id.to_string())).and(col(table.outcome()).not_eq(lit("ok"))))
                .await
                .map_err(failed(table))?;
        }
        Ok(())
    }
}
