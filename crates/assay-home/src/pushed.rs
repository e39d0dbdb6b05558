//! Runs that were executed elsewhere and are recorded here: their record, their cases, their rows by segment, their end.
//!
//! Every step may be repeated and does nothing then, so that a push that was cut off is simply begun again.

use std::io::BufRead;
use std::sync::Arc;

use assay_core::run::Totals;
use assay_core::{Case, RunId, RunRecord, RunStatus};
use assay_engine::execute::tidy;
use assay_lake::Table;
use assay_lake::export::RecordBatch;
use assay_store::{PlanBuilder, PlanFile, RunRow, StoreError};
use serde::{Deserialize, Serialize};

use crate::{Conflict, Failure, Home, usage};

/// A case on its way.
#[derive(Deserialize, Serialize)]
pub struct PushedCase {
    /// Which of the run's datasets it is of.
    pub dataset: u32,
    /// The case, by the id that it has in the run.
    pub case: Case,
}

/// A table of the lake by its name.
///
/// # Errors
/// There is none.
pub fn table(name: &str) -> Result<Table, Failure> {
    let found = Table::ALL.into_iter().find(|table| table.name() == name);
    found.ok_or_else(|| usage("a table is `trials` or `scores`".to_owned()))
}

impl Home {
    /// Begins to record a run that was executed elsewhere.
    ///
    /// # Errors
    /// A run over a sealed part, whose looks are counted where it was executed; another run with the same id
    /// ([`Conflict`]).
    pub async fn push_begin(&self, record: &RunRecord) -> Result<(), Failure> {
        if let Some(part) = record.sealed() {
            return Err(usage(format!(
                "the run is over the sealed part `{}`: it stays where looks at that part are counted",
                part.name
            )));
        }
        match self.pushed(record.id).await? {
            Some(row) if row.record == *record => Ok(()),
            Some(_) => Err(Conflict("there is another run with this id".to_owned()).into()),
            None => Ok(self.state.insert_run(record).await?),
        }
    }

    async fn pushed(&self, run: RunId) -> Result<Option<RunRow>, StoreError> {
        match self.state.find_run(&run.to_string()).await {
            Ok(row) => Ok(Some(row)),
            Err(StoreError::NoSuchRun(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The run that is being pushed.
    ///
    /// # Errors
    /// It was not begun, or is executed here.
    pub async fn pushing(&self, run: &str) -> Result<RunRow, Failure> {
        let row = self.state.find_run(run).await?;
        match self.workspace.is_executing(row.record.id) {
            true => Err(Conflict(format!("run {} is executed here", row.record.id.short())).into()),
            false => Ok(row),
        }
    }

    /// Takes the cases of a run, in the order of its list: JSON lines of [`PushedCase`].
    ///
    /// # Errors
    /// A line that is no case; a list that is not the one that the run worked through.
    pub async fn push_cases(&self, record: &RunRecord, lines: impl BufRead) -> Result<(), Failure> {
        if PlanFile::exists(&self.workspace, record.plan) {
            return Ok(());
        }
        let mut builder = PlanBuilder::new(&self.workspace).await?;
        for (at, line) in lines.lines().enumerate() {
            let place = format!("line {}", at + 1);
            let pushed: PushedCase =
                serde_json::from_str(&line?).map_err(|error| usage(format!("{place}: {error}")))?;
            let mut case = pushed.case;
            // Several datasets give their names to the ids of their cases.
            let named = record.datasets.get(pushed.dataset as usize).filter(|_| record.datasets.len() > 1);
            let prefix = named.map_or_else(String::new, |dataset| format!("{}/", dataset.name));
            if let Some(own) = case.id.strip_prefix(&prefix) {
                case.id = own.to_owned();
            }
            builder.add(pushed.dataset, case, &prefix, place).await?;
        }
        let datasets = u32::try_from(record.datasets.len()).unwrap_or(u32::MAX);
        let (plan, _) = builder.finish(datasets).await?;
        match plan.digest == record.plan {
            true => Ok(()),
            false => Err(usage(format!(
                "the cases make the list {}, the run worked through {}",
                plan.digest.short(),
                record.plan.short()
            ))),
        }
    }

    /// Takes rows of a run.
    ///
    /// # Errors
    /// Rows of another run or segment; the lake cannot be written.
    pub async fn push_rows(
        &self,
        record: RunRecord,
        table: Table,
        segment: u64,
        rows: Vec<RecordBatch>,
    ) -> Result<(), Failure> {
        Ok(self.lake.adopt(Arc::new(record), table, segment, rows).await?)
    }

    /// Ends a push: the run is complete when all of its trials are here.
    ///
    /// # Errors
    /// Cases or trials are missing.
    pub async fn push_end(&self, record: &RunRecord, totals: &Totals, ended_us: Option<i64>) -> Result<(), Failure> {
        if !PlanFile::exists(&self.workspace, record.plan) {
            return Err(usage("the run's cases are missing".to_owned()));
        }
        let have = self.lake.count_trials(record, &assay_lake::browse::TrialFilter::default()).await?;
        if have != totals.finished() {
            return Err(usage(format!("{have} of {} trials are here: push the rest", totals.finished())));
        }
        self.state.update_run(record.id, RunStatus::Sealed, totals, ended_us).await?;
        tidy(&self.lake, record).await;
        Ok(())
    }
}
