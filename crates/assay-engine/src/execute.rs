//! Trials in a seeded order, journaled as they finish, sealed in segments, resumable.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use assay_core::permutation::Permutation;
use assay_core::run::{RunStatus, Totals};
use assay_core::{RunId, RunRecord};
use assay_lake::Lake;
use assay_store::{Cache, Journal, PlanFile, RunLock, State, Workspace};
use tokio::sync::watch;

use crate::budget::Budget;
use crate::gateway::{CacheHandle, Gateway};
use crate::ledger::{DiskLedger, seal_unsealed};
use crate::prepare::Prepared;
use crate::progress::Progress;
use crate::schedule::{Done, Schedule, Work};
use crate::{EngineError, freeze};

/// Asks a run to stop: cases in flight end, what is finished is sealed.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<u8>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Stop {
    /// Asks once: no new trials. Asks again: calls in flight are abandoned.
    pub fn ask(&self) {
        self.0.send_modify(|times| *times = times.saturating_add(1));
    }

    pub(crate) async fn reached(&self, times: u8) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = receiver.wait_for(|asked| *asked >= times).await;
    }
}

/// How a run ended for now.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The run.
    pub record: RunRecord,
    /// Its totals.
    pub totals: Totals,
    /// True when every planned trial has an outcome.
    pub complete: bool,
}

/// A run that can be executed.
pub struct Runner {
    /// Everything fixed at its start.
    pub record: RunRecord,
    /// What is known while it goes on.
    pub progress: Arc<Progress>,
    workspace: Workspace,
    state: State,
    plan: PlanFile,
    journal: Journal,
    lake: Lake,
    lock: RunLock,
    prepared: Prepared,
}

/// Microseconds since the Unix epoch.
pub fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl Runner {
    /// Starts a new run of a prepared suite: freezes its cases and records it.
    ///
    /// # Errors
    /// A dataset that cannot be read to its end, or a workspace that cannot be written.
    pub async fn start(workspace: &Workspace, state: &State, prepared: Prepared) -> Result<Self, EngineError> {
        let (plan, datasets) =
            freeze::freeze(workspace, state, &prepared.base, &prepared.datasets, prepared.filter.as_ref()).await?;
        let suite = &prepared.suite;
        let cases = prepared.limit.unwrap_or(u64::MAX).min(plan.cases);
        if cases == 0 {
            return Err(EngineError::NothingSelected("no case is selected: check `limit` and the tier".into()));
        }
        let scorers = prepared.scorers(None)?.into_iter().map(|declared| declared.record).collect();
        let record = RunRecord {
            id: RunId::from_uuid(uuid::Uuid::now_v7()),
            suite: suite.name.clone(),
            suite_path: prepared.path.display().to_string(),
            suite_digest: suite.digest,
            suite_text: prepared.text.clone(),
            tier: prepared.tier.clone(),
            datasets,
            targets: prepared.target_records(),
            scorers,
            epochs: suite.epochs,
            reducers: suite.reducers.clone(),
            slices: suite.slices.clone(),
            gate: suite.gate.clone(),
            budget: suite.budget.clone(),
            seed: suite.seed,
            cases,
            plan: plan.digest,
            assay_version: env!("CARGO_PKG_VERSION").to_owned(),
            git: git_commit(&prepared.base),
            started_us: now_us(),
        };
        let lock = workspace.lock_run(record.id)?;
        let journal = Journal::open(workspace, record.id).await?;
        state.insert_run(&record).await?;
        Ok(Self::new(workspace, state, plan, journal, lock, prepared, record, 0, Totals::default()))
    }

    /// Goes on with a run whose process died or was stopped. With `retry_errors`, trials that did not end in an answer
    /// are executed again.
    ///
    /// # Errors
    /// The run is being executed elsewhere, or its target or scorers are not what they were.
    pub async fn resume(
        workspace: &Workspace,
        state: &State,
        prepared: Prepared,
        row: assay_store::RunRow,
        retry_errors: bool,
    ) -> Result<Self, EngineError> {
        let record = row.record;
        let lock = workspace.lock_run(record.id)?;
        for (then, now) in record.targets.iter().zip(prepared.target_records()) {
            if then.fingerprint != now.fingerprint {
                return Err(EngineError::Usage(format!(
                    "target `{}` is not what it was when the run started: its code, version or parameters changed. \
                     Start a new run.",
                    then.name
                )));
            }
        }
        for (then, now) in record.scorers.iter().zip(prepared.scorers(None)?) {
            if then.fingerprint != now.record.fingerprint {
                return Err(EngineError::Usage(format!(
                    "scorer `{}` is not what it was when the run started. Start a new run.",
                    then.name
                )));
            }
        }
        let journal = Journal::open(workspace, record.id).await?;
        let lake = Lake::new(workspace.lake());
        if retry_errors {
            // What is in the journal only must be in the lake before its failures can be told apart.
            seal_unsealed(&journal, &lake, &record).await?;
            journal.mark_retries().await?;
        }
        if journal.has_retries().await? {
            lake.delete_failed(&record).await?;
            journal.drop_retries().await?;
        }
        let mut totals = journal.totals().await?;
        let mut before = 0;
        // Outcomes that are to be retried no longer count; what they cost stays spent.
        let (mut ok, mut errors, mut refused, mut cancelled) = (0, 0, 0, 0);
        journal
            .for_each_done(|_, status| {
                before += 1;
                match status {
                    "ok" => ok += 1,
                    "error" => errors += 1,
                    "refused_by_budget" => refused += 1,
                    _ => cancelled += 1,
                }
            })
            .await?;
        (totals.ok, totals.errors, totals.refused, totals.cancelled) = (ok, errors, refused, cancelled);
        state.update_run(record.id, RunStatus::Running, &totals, None).await?;
        let plan = PlanFile::open(workspace, record.plan).await?;
        Ok(Self::new(workspace, state, plan, journal, lock, prepared, record, before, totals))
    }

    #[allow(clippy::too_many_arguments, reason = "private: the parts that start and resume share")]
    fn new(
        workspace: &Workspace,
        state: &State,
        plan: PlanFile,
        journal: Journal,
        lock: RunLock,
        prepared: Prepared,
        record: RunRecord,
        before: u64,
        totals: Totals,
    ) -> Self {
        Self {
            progress: Arc::new(Progress::new(record.planned(), before, totals)),
            workspace: workspace.clone(),
            state: state.clone(),
            lake: Lake::new(workspace.lake()),
            plan,
            journal,
            lock,
            prepared,
            record,
        }
    }

    /// Executes every trial that has no outcome yet.
    ///
    /// # Errors
    /// The journal or the lake cannot be written, such as on a full disk: what was recorded before stays, and the run
    /// can be resumed.
    pub async fn execute(self, stop: Stop) -> Result<Finished, EngineError> {
        let concurrency = self.prepared.suite.concurrency;
        let budget = Arc::new(Budget::new(self.record.budget.clone(), &self.progress.totals()));
        let (cache, cache_writer) = self.open_cache().await?;
        let gateway = Arc::new(Gateway::new(concurrency, budget, cache));
        let scorers = self.prepared.scorers(Some(gateway.clone()))?;
        let record = Arc::new(self.record.clone());
        let work = Work {
            record: record.clone(),
            targets: self.prepared.targets.iter().map(|(_, built)| built.target.clone()).collect(),
            scorers,
            gateway: gateway.clone(),
        };
        seal_unsealed(&self.journal, &self.lake, &record).await?;
        let mut done = Done::new(record.planned());
        self.journal.for_each_done(|number, _| done.set(number)).await?;
        let ledger = DiskLedger::new(
            record.clone(),
            self.journal.clone(),
            self.lake.clone(),
            self.state.clone(),
            gateway.clone(),
        )
        .await?;
        let order = Permutation::new(self.plan.cases, record.seed);
        let schedule = Schedule { concurrency, order, done, progress: self.progress.clone(), stop };
        let result = schedule.run(work, &self.plan, ledger).await;
        // The last handle of the cache is the gateway's.
        drop(gateway);
        if let Some(writer) = cache_writer {
            let _ = writer.await;
        }
        result?;
        self.finish().await
    }

    async fn open_cache(&self) -> Result<(Option<CacheHandle>, Option<tokio::task::JoinHandle<()>>), EngineError> {
        let asks_models = self.prepared.targets.iter().any(|(_, built)| built.target.traits().cacheable)
            || self.record.scorers.iter().any(|scorer| scorer.judge);
        let wanted = self.prepared.cache && asks_models;
        if !wanted {
            return Ok((None, None));
        }
        let (handle, writer) = CacheHandle::serve(Cache::open(&self.workspace).await?);
        Ok((Some(handle), Some(writer)))
    }

    /// Settles where the run stands.
    async fn finish(self) -> Result<Finished, EngineError> {
        let totals = self.progress.totals();
        let complete = totals.finished() >= self.record.planned();
        let status = if complete { RunStatus::Sealed } else { RunStatus::Interrupted };
        self.state.update_run(self.record.id, status, &totals, Some(now_us())).await?;
        self.journal.close().await;
        self.lock.finish();
        Ok(Finished { record: self.record, totals, complete })
    }
}

/// The commit of the suite's folder, with `-dirty` when files differ from it; `None` outside a repository.
fn git_commit(base: &std::path::Path) -> Option<String> {
    let folder = if base.as_os_str().is_empty() { std::path::Path::new(".") } else { base };
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let dirty = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if dirty { format!("{commit}-dirty") } else { commit })
}
