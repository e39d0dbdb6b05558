//! Where outcomes go: the journal as they come, the lake in segments.

use std::sync::Arc;

use assay_core::run::Totals;
use assay_core::{RunRecord, RunStatus, Trial};
use assay_lake::{Lake, Segment};
use assay_store::{Journal, JournalEntry, LimitChange, State};
use async_trait::async_trait;

use crate::EngineError;
use crate::execute::now_us;
use crate::gateway::Gateway;

/// The most trials in one segment of the lake.
const SEGMENT: u64 = 10_000;
/// A segment is closed when its rows take this much memory.
const SEGMENT_BYTES: usize = 32 << 20;

/// Keeps outcomes so that they survive.
#[async_trait]
pub trait Ledger: Send {
    /// Records outcomes together with the totals after them, all or none. On return they are durable.
    ///
    /// # Errors
    /// Nothing of the group was recorded.
    async fn append(&mut self, entries: &[JournalEntry], trials: &[Trial], totals: &Totals) -> Result<(), EngineError>;

    /// After the last outcome: everything is where it belongs when this returns.
    ///
    /// # Errors
    /// What was recorded stays recorded.
    async fn close(&mut self) -> Result<(), EngineError>;
}

/// The journal and the lake of a workspace. The rows of the open segment are kept ready in memory, so that nothing is
/// read back unless the process dies.
pub(crate) struct DiskLedger {
    record: Arc<RunRecord>,
    journal: Journal,
    lake: Lake,
    state: State,
    gateway: Arc<Gateway>,
    segment: Segment,
    sealing: Option<tokio::task::JoinHandle<Result<(), EngineError>>>,
    totals: Totals,
}

impl DiskLedger {
    pub(crate) async fn new(
        record: Arc<RunRecord>,
        journal: Journal,
        lake: Lake,
        state: State,
        gateway: Arc<Gateway>,
    ) -> Result<Self, EngineError> {
        let segment = Segment::new(record.clone(), journal.next_segment().await?);
        Ok(Self { record, journal, lake, state, gateway, segment, sealing: None, totals: Totals::default() })
    }

    /// Hands the open segment to a task that seals it, and opens the next one.
    async fn turn(&mut self) -> Result<(), EngineError> {
        // One at a time, in order: while the lake is slower than the targets, outcomes wait and then calls do.
        self.sealed().await?;
        let next = Segment::new(self.record.clone(), self.segment.number() + 1);
        let full = std::mem::replace(&mut self.segment, next);
        let (journal, lake, state) = (self.journal.clone(), self.lake.clone(), self.state.clone());
        let (record, totals, changes) = (self.record.clone(), self.totals.clone(), self.limit_changes());
        self.sealing = Some(tokio::spawn(async move {
            let number = full.number();
            lake.seal(full).await?;
            journal.sealed(number).await?;
            state.add_limit_changes(record.id, &changes).await?;
            state.update_run(record.id, RunStatus::Running, &totals, None).await?;
            Ok(())
        }));
        Ok(())
    }

    /// What changed in the accounts' limits since the last time.
    fn limit_changes(&self) -> Vec<LimitChange> {
        let accounts = self.gateway.accounts();
        let began_us = now_us() - micros_i64(accounts.age());
        let changes = accounts.take_changes().into_iter();
        changes
            .map(|change| LimitChange {
                at_us: began_us + micros_i64(change.after),
                account: change.account,
                what: change.what.as_str().to_owned(),
                in_flight: change.limit as u64,
                why: change.why,
            })
            .collect()
    }

    async fn sealed(&mut self) -> Result<(), EngineError> {
        match self.sealing.take() {
            Some(task) => task.await.map_err(|error| EngineError::Internal(error.to_string()))?,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Ledger for DiskLedger {
    async fn append(&mut self, entries: &[JournalEntry], trials: &[Trial], totals: &Totals) -> Result<(), EngineError> {
        if self.sealing.as_ref().is_some_and(tokio::task::JoinHandle::is_finished) {
            self.sealed().await?;
        }
        self.journal.append(self.segment.number(), entries, totals).await?;
        self.totals = totals.clone();
        self.segment.push(trials)?;
        if self.segment.trials() >= SEGMENT || self.segment.bytes() >= SEGMENT_BYTES {
            self.turn().await?;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), EngineError> {
        self.turn().await?;
        self.sealed().await
    }
}

fn micros_i64(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Seals what a process that died left in the journal.
pub(crate) async fn seal_unsealed(journal: &Journal, lake: &Lake, record: &RunRecord) -> Result<(), EngineError> {
    let record = Arc::new(record.clone());
    for number in journal.unsealed().await? {
        let mut segment = Segment::new(record.clone(), number);
        journal
            .for_each_group::<EngineError>(number, |trials| {
                segment.push(&trials)?;
                Ok(())
            })
            .await?;
        lake.seal(segment).await?;
        journal.sealed(number).await?;
    }
    Ok(())
}
