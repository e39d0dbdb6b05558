//! A finished run's rows in the order of its trials, in few files.
//!
//! Trials enter the lake as they end, a segment a file, in an order that chance decided: each file of a large run holds
//! numbers from everywhere in it, and whoever wants a page of trials has to open all of them. Rewritten once by number, a
//! page stands in one place of one file. Nothing else about the rows changes. The log calls it a change of data all the same: who
//! deletes or rewrites the same files at the same moment is refused then, where rows would stand twice otherwise.

use std::sync::Arc;
use std::time::SystemTime;

use assay_core::RunRecord;
use chrono::TimeDelta;
use datafusion::prelude::SessionConfig;
use deltalake::DeltaTable;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, LogicalFileView};
use deltalake::operations::vacuum::VacuumMode;
use deltalake::protocol::DeltaOperation;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use futures::TryStreamExt;
use serde_json::Value;

use crate::query::of_run;
use crate::seal::writing;
use crate::tables::{Table, in_columns};
use crate::{Budget, Lake, LakeError, failed};

/// A run with fewer files of a table is left as it is.
const FEWEST: usize = 8;
/// Rows at a time: answers may be long.
const BATCH: usize = 1_024;
/// What sorting may hold in memory; the rest waits on disk.
const MEMORY: usize = 128 << 20;
/// Of that, what merging needs at least.
const MERGING: usize = 16 << 20;
/// And on disk.
const DISK: u64 = 1 << 40;
/// A file is closed when it has about so many bytes.
const FILE: u64 = 128 << 20;
/// For so long the files that were rewritten stay for those who are reading them.
const GRACE: TimeDelta = TimeDelta::hours(1);

/// The rows of a file when it holds a run's and no other's.
fn rows_of(file: &LogicalFileView, run: &str) -> Option<u64> {
    let told: Value = serde_json::from_str(&file.stats()?).ok()?;
    // Statistics may hold the beginning of a text.
    let is_run = |edge: &str| told[edge]["run_id"].as_str().is_some_and(|id| id.len() >= 32 && run.starts_with(id));
    (is_run("minValues") && is_run("maxValues")).then(|| told["numRecords"].as_u64())?
}

impl Lake {
    /// Rewrites the rows of a run that has ended by number, when they lie in many files. Others may read and write the
    /// tables meanwhile. Says whether there was anything to do; when it fails, the rows are where they were.
    ///
    /// # Errors
    /// The tables cannot be read or written; somebody else rewrote the same rows at the same moment.
    pub async fn compact(&self, run: &RunRecord) -> Result<bool, LakeError> {
        let (scores, trials) = (self.compact_table(Table::Scores, run), self.compact_table(Table::Trials, run));
        // One after the other: together they would hold twice the memory.
        Ok(scores.await? | trials.await?)
    }

    async fn compact_table(&self, table: Table, run: &RunRecord) -> Result<bool, LakeError> {
        let delta = self.table(table).await?;
        if delta.version().is_none() {
            return Ok(false);
        }
        let id = run.id.to_string();
        let (mut old, mut expected) = (Vec::new(), 0);
        {
            let snapshot = delta.snapshot().map_err(failed(table))?.snapshot();
            let log = delta.log_store();
            let mut files = snapshot.file_views(log.as_ref(), None);
            while let Some(file) = files.try_next().await.map_err(failed(table))? {
                if let Some(rows) = rows_of(&file, &id) {
                    expected += rows;
                    old.push(Action::Remove(file.remove_action(true)));
                }
            }
        }
        if old.len() < FEWEST {
            return Ok(false);
        }
        let began = SystemTime::now();
        let (new, rows) = self.rewritten(table, &delta, run).await?;
        if rows != expected {
            return Err(LakeError::Task(format!("{rows} of {expected} rows of `{}` were rewritten", table.name())));
        }
        // On disk before the log says that they are the ones that count.
        self.force(Arc::new(run.clone()), began).await?;
        let actions = new.into_iter().map(Action::Add).chain(old).collect();
        let operation =
            DeltaOperation::Optimize { predicate: Some(format!("run_id = '{id}'")), target_size: FILE as i64 };
        let state = delta.snapshot().map_err(failed(table))?;
        CommitBuilder::from(CommitProperties::default())
            .with_actions(actions)
            .build(Some(state), delta.log_store(), operation)
            .await
            .map_err(failed(table))?;
        self.force(Arc::new(run.clone()), began).await?;
        self.sweep(table).await?;
        Ok(true)
    }

    /// Writes the rows of a run anew, in order; gives the files and how many rows they hold.
    async fn rewritten(&self, table: Table, delta: &DeltaTable, run: &RunRecord) -> Result<(Vec<Add>, u64), LakeError> {
        // Sorting in parts at once would give each a part of the memory.
        let config = SessionConfig::new()
            .with_batch_size(BATCH)
            .with_target_partitions(1)
            .with_sort_spill_reservation_bytes(MERGING);
        let context = self.within(&Budget::new(MEMORY, DISK)?).session(config);
        context.register_table("rows", delta.table_provider().await?)?;
        let then = if table == Table::Scores { ", scorer" } else { "" };
        let sql = format!("SELECT * FROM rows WHERE {} ORDER BY number{then}", of_run(run));
        let mut sorted = context.sql(&sql).await?.execute_stream().await?;
        let mut writer = RecordBatchWriter::for_table(delta)
            .map_err(failed(table))?
            .with_writer_properties(writing())
            .with_target_file_size(FILE);
        let mut rows = 0;
        while let Some(batch) = sorted.try_next().await? {
            rows += batch.num_rows() as u64;
            // Readers give texts in an encoding of their own.
            let batch = in_columns(&writer.arrow_schema(), &batch)?;
            writer.write(batch).await.map_err(failed(table))?;
        }
        Ok((writer.flush().await.map_err(failed(table))?, rows))
    }

    /// Takes away what nobody reads any more.
    async fn sweep(&self, table: Table) -> Result<(), LakeError> {
        let (swept, _) = self
            .table(table)
            .await?
            .vacuum()
            .with_mode(VacuumMode::Lite)
            .with_retention_period(GRACE)
            .with_enforce_retention_duration(false)
            .await
            .map_err(failed(table))?;
        self.keep(table, swept);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use assay_core::run::{Budget as RunBudget, TargetRecord};
    use assay_core::{Digest, Gate, Money, Outcome, Output, RunId, Trial, TrialKey};

    use super::*;
    use crate::Segment;
    use crate::browse::{TrialFilter, TrialOrder, TrialPage};

    fn run() -> RunRecord {
        let digest = Digest::of_bytes(b"compact");
        let target = TargetRecord { name: "bot".into(), kind: "mock".into(), fingerprint: digest, config: Value::Null };
        RunRecord {
            id: RunId::from_uuid(uuid::Uuid::now_v7()),
            suite: "compact".into(),
            suite_path: String::new(),
            suite_digest: digest,
            suite_text: String::new(),
            tier: None,
            datasets: Vec::new(),
            targets: vec![target],
            scorers: Vec::new(),
            epochs: 1,
            reducers: Vec::new(),
            slices: Vec::new(),
            gate: Gate::default(),
            budget: RunBudget::default(),
            seed: 0,
            cases: 1_000,
            plan: digest,
            assay_version: String::new(),
            git: None,
            narrowed: Vec::new(),
            started_us: 1_700_000_000_000_000,
            labels: std::collections::BTreeMap::new(),
            answers_of: None,
            looks: Vec::new(),
        }
    }

    fn trial(number: u64) -> Trial {
        Trial {
            key: TrialKey { case: number, target: 0, epoch: 0 },
            case_id: format!("c{number}"),
            case_digest: Digest::of_bytes(&number.to_be_bytes()),
            cluster: None,
            weight: 1.0,
            critical: false,
            metadata: vec![("topic".into(), format!("t{}", number % 3))],
            target: "bot".into(),
            outcome: Outcome::Ok { output: Box::new(Output::text_only(format!("answer {number}"))) },
            generation: Digest::of_bytes(b"generation"),
            started_us: 0,
            latency_us: 1_000 - number,
            ttft_us: None,
            attempts: 1,
            cached: false,
            cost: Money::ZERO,
            scores: Vec::new(),
        }
    }

    /// Seals the trials of a run in ten segments, each of which has numbers from everywhere.
    async fn fill(lake: &Lake, run: &Arc<RunRecord>) {
        for segment in 0..10 {
            let mut rows = Segment::new(run.clone(), segment + 1);
            rows.push(&(0..100).rev().map(|i| trial(i * 10 + segment)).collect::<Vec<_>>()).unwrap();
            lake.seal(rows).await.unwrap();
        }
    }

    async fn all(lake: &Lake, run: &RunRecord) -> Vec<crate::browse::Row> {
        let mut rows = lake.rows_of_run(Table::Trials, run).await.unwrap().json().await.unwrap();
        rows.sort_by_key(|row| row["number"].as_i64());
        rows
    }

    async fn files(lake: &Lake) -> usize {
        let delta = lake.table(Table::Trials).await.unwrap();
        let state = delta.snapshot().unwrap();
        state.snapshot().file_views(delta.log_store().as_ref(), None).try_collect::<Vec<_>>().await.unwrap().len()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_compacted_run_holds_the_same_rows_in_order_in_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::new(folder.path());
        let (run, other) = (Arc::new(run()), Arc::new(run()));
        fill(&lake, &run).await;
        fill(&lake, &other).await;
        let before = (all(&lake, &run).await, all(&lake, &other).await);
        assert_eq!((before.0.len(), files(&lake).await), (1_000, 20));
        assert!(lake.compact(&run).await.unwrap());
        assert_eq!(files(&lake).await, 11);
        assert_eq!((all(&lake, &run).await, all(&lake, &other).await), before);
        // As it lies there.
        let sql = format!("SELECT number FROM trials WHERE run_id = '{}'", run.id);
        let rows = lake.query(&sql, None).await.unwrap().json().await.unwrap();
        let numbers: Vec<i64> = rows.iter().filter_map(|row| row["number"].as_i64()).collect();
        assert!(numbers.is_sorted());
        // Somebody who knew the table before sees it as it is now, and once is enough.
        assert!(!lake.compact(&run).await.unwrap() && !Lake::new(folder.path()).compact(&run).await.unwrap());
        // What reads and changes the run goes on as before.
        let page = TrialPage {
            filter: TrialFilter { tag: Some(("topic".into(), "t1".into())), ..TrialFilter::default() },
            order: TrialOrder::Number,
            descending: true,
            after: Some((Value::from(500), 500)),
            limit: 3,
        };
        let found = lake.trial_numbers(&run, &page).await.unwrap();
        assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [499, 496, 493]);
        assert_eq!(lake.count_trials(&run, &page.filter).await.unwrap(), 333);
        assert_eq!(lake.trials_of_case(&run, 77).await.unwrap()[0]["output"], "answer 77");
        lake.delete_failed(&run).await.unwrap();
        assert_eq!(all(&lake, &run).await, before.0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn segments_that_are_sealed_meanwhile_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::new(folder.path());
        let (run, other) = (Arc::new(run()), Arc::new(run()));
        fill(&lake, &run).await;
        let elsewhere = Lake::new(folder.path());
        let (compacted, ()) = tokio::join!(lake.compact(&run), fill(&elsewhere, &other));
        assert!(compacted.unwrap());
        for of in [&run, &other] {
            assert_eq!(all(&lake, of).await.len(), 1_000);
        }
        // Of two who do the same at once one is told so; no row is lost or doubled.
        let (one, two) = tokio::join!(lake.compact(&other), elsewhere.compact(&other));
        assert!(one.is_ok() != two.is_ok() || one.unwrap() != two.unwrap());
        assert_eq!(all(&lake, &other).await.len(), 1_000);
        assert_eq!(files(&lake).await, 2);
    }
}
