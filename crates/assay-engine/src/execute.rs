//! Trials in a seeded order, journaled as they finish, sealed in segments, resumable.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use assay_core::permutation::Permutation;
use assay_core::run::{AnswersOf, RunStatus, Totals};
use assay_core::{RunId, RunRecord};
use assay_lake::Lake;
use assay_store::{Cache, Journal, Order, PlanFile, RunLock, State, Workspace};

use crate::EngineError;
use crate::batches::{self, Gathering};
use crate::budget::{Amount, Budget};
use crate::clock::sleep;
use crate::earlier::Earlier;
use crate::estimate::{self, Estimate};
use crate::gateway::{CacheHandle, Gateway};
use crate::git;
use crate::ledger::{DiskLedger, seal_unsealed};
use crate::looks::{self, Referee};
use crate::prepare::Prepared;
use crate::progress::Progress;
use crate::schedule::{Done, Schedule, Work};
use crate::steering::Steering;

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
        let (plan, datasets, cases) = prepared.freeze(workspace, state).await?;
        let suite = &prepared.suite;
        if cases == 0 {
            return Err(EngineError::NothingSelected("no case is selected: check `limit` and the tier".into()));
        }
        let scorers = prepared.scorer_records(&datasets);
        let record = RunRecord {
            id: RunId::from_uuid(uuid::Uuid::now_v7()),
            suite: suite.name.clone(),
            suite_path: workspace.recorded(&prepared.path),
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
            narrowed: prepared.narrowed(cases, plan.cases),
            started_us: now_us(),
            labels: prepared.labels.clone(),
            answers_of: prepared.earlier.as_ref().map(|earlier| AnswersOf { run: earlier.run.id, only: earlier.only }),
            looks: Vec::new(),
        };
        looks::refuse(&record, &plan).await?;
        let lock = workspace.lock_run(record.id)?;
        let journal = Journal::open(workspace, record.id).await?;
        prepared.take_looks(record.id)?;
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
        prepared.check_resumable(&record)?;
        if retry_errors && row.status == RunStatus::Sealed {
            // It was seen as a whole before: executing a part of it again is another look.
            prepared.take_looks(record.id)?;
        }
        let lock = workspace.lock_run(record.id)?;
        // Orders from before belonged to a process that is gone.
        state.drop_orders(record.id).await?;
        for (then, now) in record.targets.iter().zip(prepared.target_records()) {
            if then.fingerprint != now.fingerprint {
                return Err(EngineError::Usage(format!(
                    "target `{}` is not what it was when the run started: its code, version or parameters changed. \
                     Start a new run.",
                    then.name
                )));
            }
        }
        for (then, now) in record.scorers.iter().zip(prepared.scorer_records(&record.datasets)) {
            if then.fingerprint != now.fingerprint {
                return Err(EngineError::Usage(format!(
                    "scorer `{}` is not what it was when the run started. Start a new run.",
                    then.name
                )));
            }
        }
        let journal = Journal::open(workspace, record.id).await?;
        let lake = Lake::new(workspace.lake());
        if retry_errors {
            seal_unsealed(&journal, &lake, &record).await?;
            journal.mark_retries().await?;
        }
        let totals = settle_retries(&journal, &lake, &record).await?;
        let before = totals.finished();
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

    /// What the whole run needs, from its start.
    ///
    /// # Errors
    /// The workspace cannot be read.
    pub async fn estimate(&self) -> Result<Estimate, EngineError> {
        estimate::estimate(&self.workspace, &self.state, &self.prepared, &self.plan, self.record.cases).await
    }

    /// Executes every trial that has no outcome yet.
    ///
    /// # Errors
    /// The journal or the lake cannot be written, such as on a full disk: what was recorded before stays, and the run
    /// can be resumed.
    pub async fn execute(mut self, steering: Steering, referee: &dyn Referee) -> Result<Finished, EngineError> {
        let budget = Budget::new(&self.record.budget, &self.progress.totals())
            .in_month(self.record.budget.per_month, &self.state, self.record.id)
            .await?;
        let paid = batches::paid(&self.journal).await?;
        if paid != Amount::default() {
            budget.hold(paid).await.keep();
        }
        let budget = Arc::new(budget);
        if !steering.is_cancelled() {
            self.open(&budget, referee).await?;
        }
        let (cache, cache_writer) = self.open_cache().await?;
        let gateway = Arc::new(Gateway::new(self.prepared.suite.concurrency, budget.clone(), cache));
        let earlier = match self.prepared.earlier.take() {
            Some(source) => Some(Earlier::load(&self.workspace, &self.lake, &self.record, source).await?),
            None => None,
        };
        let batches = self.prepared.targets.iter().any(|(_, built)| built.target.batches().is_some());
        let work = Arc::new(Work {
            record: Arc::new(self.record.clone()),
            targets: self.prepared.targets.iter().map(|(_, built)| built.target.clone()).collect(),
            scorers: self.prepared.scorers.clone(),
            gateway,
            earlier,
            batched: batches.then(|| self.journal.clone()),
        });
        let orders = tokio::spawn(take_orders(self.state.clone(), self.record.id, steering.clone()));
        let result = self.passes(&work, &steering, referee).await;
        orders.abort();
        // The last handle of the cache is the gateway's.
        if let Some(Work { earlier: Some(earlier), .. }) = Arc::into_inner(work) {
            earlier.remove().await;
        }
        if let Some(writer) = cache_writer {
            let _ = writer.await;
        }
        // What was set aside and not spent goes back, also when the run has to be resumed.
        let closed = budget.close().await;
        let record = result?;
        closed?;
        self.record = record;
        self.finish().await
    }

    /// Lets the referee ask judges before the first trial; what that took is the run's.
    async fn open(&self, budget: &Arc<Budget>, referee: &dyn Referee) -> Result<(), EngineError> {
        let suite = &self.prepared.suite;
        let gateway = Gateway::new(suite.concurrency, budget.clone(), None);
        let opened = referee.opens(&self.record, &self.prepared.scorers, &gateway, suite.judge_canaries);
        let said = opened.await.map_err(EngineError::Internal)?;
        if said.is_empty() {
            return Ok(());
        }
        let mut totals = self.progress.totals();
        said.iter().for_each(|score| totals.add_judging(score, 0));
        self.journal.set_totals(&totals).await?;
        self.progress.set_totals(totals);
        Ok(())
    }

    /// Executes the run from look to look; gives its record as of the look that ended it.
    async fn passes(
        &self,
        work: &Arc<Work>,
        steering: &Steering,
        referee: &dyn Referee,
    ) -> Result<RunRecord, EngineError> {
        let mut record = self.record.clone();
        for look in looks::planned(&self.record)? {
            self.pass(work, steering, look.cases).await?;
            while steering.take_retry() {
                self.again(work, steering, look.cases).await?;
            }
            let trials = look.cases * self.record.targets.len() as u64 * u64::from(self.record.epochs);
            if self.journal.count_before(trials).await? < trials {
                break;
            }
            let Some(taken) = look.taken else { continue };
            record.looks.push(taken);
            let mut at_look = looks::at(&record, &taken);
            let decided = !steering.is_cancelled() && referee.decides(&at_look).await.map_err(EngineError::Internal)?;
            if steering.take_retry() {
                self.again(work, steering, look.cases).await?;
            }
            if let Some(last) = at_look.looks.last_mut() {
                last.decided = decided;
            }
            if decided || look.cases == self.record.cases {
                self.state.update_record(&at_look).await?;
                return Ok(at_look);
            }
        }
        Ok(record)
    }

    /// Executes what has no outcome among the first cases.
    async fn pass(&self, work: &Arc<Work>, steering: &Steering, cases: u64) -> Result<(), EngineError> {
        let record = &work.record;
        seal_unsealed(&self.journal, &self.lake, record).await?;
        let mut done = Done::new(record.planned());
        self.journal.for_each_done(|number, _| done.set(number)).await?;
        let order = Permutation::new(self.plan.cases, record.seed);
        let gathering = Gathering {
            work,
            workspace: &self.workspace,
            state: &self.state,
            journal: &self.journal,
            plan: &self.plan,
            order: &order,
            cases,
            done: &done,
            progress: &self.progress,
            steering,
        };
        if !gathering.run().await? {
            return Ok(());
        }
        let ledger = DiskLedger::new(
            record.clone(),
            self.journal.clone(),
            self.lake.clone(),
            self.state.clone(),
            work.gateway.clone(),
        )
        .await?;
        let concurrency = self.prepared.suite.concurrency;
        let (progress, steering) = (self.progress.clone(), steering.clone());
        Schedule { cases, concurrency, order, done, progress, steering }.run(work.clone(), &self.plan, ledger).await
    }

    /// Executes what failed once more.
    async fn again(&self, work: &Arc<Work>, steering: &Steering, cases: u64) -> Result<(), EngineError> {
        seal_unsealed(&self.journal, &self.lake, &self.record).await?;
        self.journal.mark_retries().await?;
        let totals = settle_retries(&self.journal, &self.lake, &self.record).await?;
        self.progress.set_totals(totals);
        self.pass(work, steering, cases).await
    }

    async fn open_cache(&self) -> Result<(Option<CacheHandle>, Option<tokio::task::JoinHandle<()>>), EngineError> {
        let asks_models = self.prepared.targets.iter().any(|(_, built)| built.target.traits().cacheable)
            || self.record.scorers.iter().any(|scorer| scorer.judge);
        let wanted = self.prepared.cache && asks_models;
        if !wanted {
            return Ok((None, None));
        }
        let cache = Cache::open(&self.workspace).await?;
        self.prepared.introduce(&cache).await?;
        let (handle, writer) = CacheHandle::serve(cache, self.prepared.cache_most);
        Ok((Some(handle), Some(writer)))
    }

    /// Settles where the run stands.
    async fn finish(self) -> Result<Finished, EngineError> {
        let totals = self.progress.totals();
        let planned = self.record.planned();
        let complete = self.journal.count_before(planned).await? >= planned;
        let status = if complete { RunStatus::Sealed } else { RunStatus::Interrupted };
        self.state.update_run(self.record.id, status, &totals, Some(now_us())).await?;
        if complete {
            self.journal.forget_results().await?;
            tidy(&self.lake, &self.record).await;
        }
        self.journal.close().await;
        drop(self.lock);
        Ok(Finished { record: self.record, totals, complete })
    }
}

/// Lays the rows of a large run that is complete in order. It stays complete when that fails.
pub async fn tidy(lake: &Lake, record: &RunRecord) {
    if let Err(error) = lake.compact(record).await {
        tracing::warn!("run {} stays in many files: {error}", record.id.short());
    }
}

/// Removes from journal and lake what is marked to be executed again; gives the totals without it. What it cost stays
/// spent.
async fn settle_retries(journal: &Journal, lake: &Lake, record: &RunRecord) -> Result<Totals, EngineError> {
    if journal.has_retries().await? {
        lake.delete_failed(record).await?;
        journal.drop_retries().await?;
    }
    let mut totals = journal.totals().await?;
    let (mut ok, mut errors, mut refused, mut cancelled) = (0, 0, 0, 0);
    journal
        .for_each_done(|_, status| match status {
            "ok" => ok += 1,
            "error" => errors += 1,
            "refused_by_budget" => refused += 1,
            _ => cancelled += 1,
        })
        .await?;
    (totals.ok, totals.errors, totals.refused, totals.cancelled) = (ok, errors, refused, cancelled);
    Ok(totals)
}

/// How often a run looks for orders.
const ORDERS_EVERY: Duration = Duration::from_millis(250);

/// Takes the orders that other processes leave for a run.
async fn take_orders(state: State, run: RunId, steering: Steering) {
    loop {
        sleep(ORDERS_EVERY).await;
        let orders = match state.orders(run).await {
            Ok(orders) => orders,
            Err(error) => {
                tracing::warn!("orders cannot be read: {error}");
                continue;
            }
        };
        for (id, order) in orders {
            match order {
                Order::Pause => steering.pause(true),
                Order::Resume => steering.pause(false),
                Order::Cancel => steering.cancel(),
                Order::Retry => steering.retry(),
                Order::Limit(limit) => steering.set_concurrency(limit as usize),
            }
            if let Err(error) = state.take_order(id).await {
                tracing::warn!("an order cannot be marked as taken: {error}");
            }
        }
    }
}

/// The commit of the suite's folder, with `-dirty` when files differ from it; `None` outside a repository.
fn git_commit(base: &std::path::Path) -> Option<String> {
    let commit = git::answer(base, &["rev-parse", "HEAD"])?;
    let dirty = !git::answer(base, &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if dirty { format!("{commit}-dirty") } else { commit })
}
