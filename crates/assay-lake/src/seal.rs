//! Idempotent commits: a segment of trials enters the lake once.

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
use crate::{Lake, LakeError};

/// Another process may commit or create the table at the same moment; each try starts from its newest state.
const ATTEMPTS: u32 = 8;

impl Lake {
    /// Commits a segment of a run's trials and scores. Segments of a run are sealed in order, from 1. Sealing one
    /// again changes nothing.
    ///
    /// # Errors
    /// The tables cannot be written.
    pub async fn seal(&self, run: &RunRecord, segment: u64, trials: &[Trial]) -> Result<(), LakeError> {
        if trials.is_empty() {
            return Ok(());
        }
        self.commit(Table::Trials, run, segment, tables::trial_batch(run, segment, trials)?).await?;
        if !run.scorers.is_empty() {
            self.commit(Table::Scores, run, segment, tables::score_batch(run, segment, trials)?).await?;
        }
        Ok(())
    }

    async fn commit(&self, table: Table, run: &RunRecord, segment: u64, batch: RecordBatch) -> Result<(), LakeError> {
        let application = run.id.to_string();
        let version = i64::try_from(segment).unwrap_or(i64::MAX);
        let failed = |error| LakeError::Table { table: table.name(), error };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let delta = self.table(table).await?;
            // Delta refuses a concurrent duplicate but takes a later one, so what was committed is looked up first.
            if delta.version().is_some() {
                let snapshot = delta.snapshot().map_err(failed)?;
                let last =
                    snapshot.transaction_version(delta.log_store().as_ref(), &application).await.map_err(failed)?;
                if last.is_some_and(|last| last >= version) {
                    return Ok(());
                }
            }
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
                .build();
            let result = delta
                .write([batch.clone()])
                .with_save_mode(SaveMode::Append)
                // Tables of an earlier version get the columns they lack.
                .with_schema_mode(SchemaMode::Merge)
                .with_partition_columns(["dt"])
                .with_table_name(table.name())
                .with_configuration([
                    ("delta.checkpointInterval", Some("20")),
                    ("delta.dataSkippingStatsColumns", Some(table.statistics_columns())),
                ])
                .with_writer_properties(properties)
                .with_commit_properties(
                    CommitProperties::default().with_application_transaction(Transaction::new(&application, version)),
                )
                .await;
            match result {
                Ok(_) => return Ok(()),
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
            let status = match table {
                Table::Trials => "status",
                Table::Scores => "trial_status",
            };
            delta
                .delete()
                .with_predicate(col("run_id").eq(lit(run.id.to_string())).and(col(status).not_eq(lit("ok"))))
                .await
                .map_err(|error| LakeError::Table { table: table.name(), error })?;
        }
        Ok(())
    }
}
