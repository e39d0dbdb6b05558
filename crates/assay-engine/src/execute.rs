//! Trials in a seeded order, journaled as they finish, sealed in segments, resumable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use assay_core::permutation::Permutation;
use assay_core::run::{RunStatus, Totals};
use assay_core::{Digest, Outcome, RunId, RunRecord, Trial, TrialKey};
use assay_lake::Lake;
use assay_models::{Caller, Target};
use assay_scorers::{Declared, ScoreInput};
use assay_store::{Cache, CachedAnswer, CaseAt, Journal, JournalEntry, PlanFile, RunLock, State, Workspace};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::budget::Budget;
use crate::gateway::{CacheHandle, Gateway, micros};
use crate::prepare::Prepared;
use crate::progress::Progress;
use crate::{EngineError, freeze};

/// The most trials in one segment of the lake.
const SEGMENT: u64 = 10_000;
/// A segment is closed when its trials' journal entries reach this many bytes.
const SEGMENT_BYTES: u64 = 32 << 20;
/// Bytes of finished trials that may wait for the journal: workers wait while there are more.
const WAITING_BYTES: usize = 64 << 20;
/// The most trials in one commit of the journal.
const GROUP: usize = 2_000;
/// Cases fetched from the plan at once.
const FETCH: u64 = 256;
/// How long calls in flight may still end after a stop was asked for.
const GRACE: Duration = Duration::from_secs(20);

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

    fn times(&self) -> u8 {
        *self.0.borrow()
    }

    async fn reached(&self, times: u8) {
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
            seal_all(&journal, &lake, &record, 0).await?;
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
        let work = Arc::new(Work {
            record: record.clone(),
            targets: self.prepared.targets.iter().map(|(_, built)| built.target.clone()).collect(),
            scorers,
            gateway,
            stop: stop.clone(),
        });
        let (jobs, job_queue) = async_queue(concurrency * 2);
        let (finished, finished_queue) = mpsc::channel::<Done>(GROUP * 2);
        let waiting = Arc::new(Semaphore::new(WAITING_BYTES));
        let broken = Arc::new(AtomicBool::new(false));

        let writer = tokio::spawn(write(
            self.journal.clone(),
            self.lake.clone(),
            self.state.clone(),
            record.clone(),
            self.progress.clone(),
            finished_queue,
            broken.clone(),
        ));
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..concurrency.min(usize::try_from(self.record.planned()).unwrap_or(usize::MAX)) {
            let (work, queue, finished, waiting) = (work.clone(), job_queue.clone(), finished.clone(), waiting.clone());
            workers.spawn(async move {
                while let Some((case, target, epoch)) = next(&queue).await {
                    let key = TrialKey { case: case.position, target, epoch };
                    let Some(trial) = work.trial(&case, key).await else { return Ok(()) };
                    let number = key.number(u32::try_from(work.targets.len()).unwrap_or(1), work.record.epochs);
                    let entry = JournalEntry::new(number, &trial).map_err(|e| EngineError::Internal(e.to_string()))?;
                    let size = u32::try_from(entry.body.len().min(WAITING_BYTES)).unwrap_or(u32::MAX);
                    let Ok(room) = waiting.clone().acquire_many_owned(size).await else { return Ok(()) };
                    if finished.send(Done { trial, entry, room }).await.is_err() {
                        // The writer is gone; its error says why.
                        return Ok(());
                    }
                }
                Ok::<_, EngineError>(())
            });
        }
        drop(finished);
        drop(job_queue);
        let fed = self.feed(&jobs, &stop, &broken).await;
        drop(jobs);
        let mut failure = fed.err();
        while let Some(joined) = workers.join_next().await {
            match joined {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failure = failure.or(Some(error)),
                Err(error) => failure = failure.or(Some(EngineError::Internal(error.to_string()))),
            }
        }
        drop(work);
        let written = writer.await.unwrap_or_else(|error| Err(EngineError::Internal(error.to_string())));
        if let Some(writer) = cache_writer {
            let _ = writer.await;
        }
        written?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.finish().await
    }

    async fn open_cache(&self) -> Result<(Option<CacheHandle>, Option<tokio::task::JoinHandle<()>>), EngineError> {
        let asks_models = self.prepared.targets.iter().any(|(_, built)| built.target.traits().cacheable)
            || self.record.scorers.iter().any(|scorer| scorer.judge);
        let wanted = self.prepared.cache && asks_models;
        if !wanted {
            return Ok((None, None));
        }
        let cache = Cache::open(&self.workspace).await?;
        let (put, mut queue) = mpsc::channel::<(Digest, CachedAnswer)>(GROUP);
        let store = cache.clone();
        let writer = tokio::spawn(async move {
            let mut batch = Vec::new();
            while queue.recv_many(&mut batch, GROUP).await > 0 {
                if let Err(error) = store.put(&batch, now_us()).await {
                    tracing::warn!("the response cache cannot be written: {error}");
                }
                batch.clear();
            }
        });
        Ok((Some(CacheHandle { cache, put }), Some(writer)))
    }

    /// Hands out the trials that have no outcome, case by case in the seeded order.
    async fn feed(&self, jobs: &Jobs, stop: &Stop, broken: &AtomicBool) -> Result<(), EngineError> {
        let (targets, epochs) = (u32::try_from(self.record.targets.len()).unwrap_or(1), self.record.epochs);
        let planned = self.plan.cases * u64::from(targets) * u64::from(epochs);
        let mut done = vec![0u64; usize::try_from(planned / 64 + 1).unwrap_or(usize::MAX)];
        self.journal.for_each_done(|number, _| done[(number / 64) as usize] |= 1 << (number % 64)).await?;
        let order = Permutation::new(self.plan.cases, self.record.seed);
        let mut at = 0;
        while at < self.record.cases {
            let end = (at + FETCH).min(self.record.cases);
            let open = |key: TrialKey| {
                let number = key.number(targets, epochs);
                done[(number / 64) as usize] & (1 << (number % 64)) == 0
            };
            let keys = |case: u64| {
                (0..targets).flat_map(move |target| (0..epochs).map(move |epoch| TrialKey { case, target, epoch }))
            };
            let positions: Vec<u64> =
                (at..end).map(|index| order.at(index)).filter(|case| keys(*case).any(open)).collect();
            at = end;
            if positions.is_empty() {
                continue;
            }
            for case in self.plan.cases_at(&positions).await? {
                let case = Arc::new(case);
                for key in keys(case.position).filter(|key| open(*key)) {
                    if stop.times() > 0 || broken.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    let send = jobs.send((case.clone(), key.target, key.epoch));
                    tokio::select! {
                        sent = send => if sent.is_err() { return Ok(()) },
                        () = stop.reached(1) => return Ok(()),
                    }
                }
            }
        }
        Ok(())
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

/// A finished trial on its way into the journal.
struct Done {
    trial: Trial,
    entry: JournalEntry,
    /// Its share of [`WAITING_BYTES`], free again when it is dropped.
    room: OwnedSemaphorePermit,
}

type Job = (Arc<CaseAt>, u32, u32);
type Jobs = mpsc::Sender<Job>;
type JobQueue = Arc<tokio::sync::Mutex<mpsc::Receiver<Job>>>;

/// A queue that many workers take from.
fn async_queue(size: usize) -> (Jobs, JobQueue) {
    let (sender, receiver) = mpsc::channel(size);
    (sender, Arc::new(tokio::sync::Mutex::new(receiver)))
}

async fn next(queue: &JobQueue) -> Option<Job> {
    queue.lock().await.recv().await
}

/// What a worker needs.
struct Work {
    record: Arc<RunRecord>,
    targets: Vec<Arc<dyn Target>>,
    scorers: Vec<Declared>,
    gateway: Arc<Gateway>,
    stop: Stop,
}

impl Work {
    /// Executes and scores one trial. `None` when the run was told to stop at once: the trial has no outcome then.
    async fn trial(&self, case: &CaseAt, key: TrialKey) -> Option<Trial> {
        let started_us = now_us();
        let whole = self.execute(case, key, started_us);
        tokio::select! {
            trial = whole => Some(trial),
            () = async {
                self.stop.reached(1).await;
                tokio::select! {
                    () = self.stop.reached(2) => {}
                    () = tokio::time::sleep(GRACE) => {}
                }
            } => None,
        }
    }

    async fn execute(&self, at: &CaseAt, key: TrialKey, started_us: i64) -> Trial {
        let case = &at.case;
        let target = &self.targets[key.target as usize];
        let mut trial = Trial {
            key,
            case_id: case.id.clone(),
            case_digest: at.digest,
            cluster: case.cluster.clone(),
            weight: case.weight,
            critical: case.critical,
            metadata: assay_datasets::metadata_texts(case),
            target: self.record.targets[key.target as usize].name.clone(),
            outcome: Outcome::Cancelled,
            generation: at.digest,
            started_us,
            latency_us: 0,
            ttft_us: None,
            attempts: 0,
            cached: false,
            cost: assay_core::Money::ZERO,
            scores: Vec::new(),
        };
        let payload = match target.prepare(case) {
            Ok(payload) => payload,
            Err(error) => {
                trial.outcome = Outcome::Error { kind: error.kind, message: error.message };
                return trial;
            }
        };
        let called = self.gateway.call(target.as_ref(), &payload, key.epoch).await;
        trial.latency_us = micros(called.latency);
        trial.attempts = called.attempts;
        trial.cached = called.cached;
        trial.cost = called.cost;
        let reply = match called.result {
            Ok(reply) => reply,
            Err(error) if called.refused_by_budget => {
                trial.outcome = Outcome::RefusedByBudget { reason: error.message };
                return trial;
            }
            Err(error) => {
                trial.outcome = Outcome::Error { kind: error.kind, message: error.message };
                return trial;
            }
        };
        // Answers at hand are the same in every epoch, and an answer that was cached under one epoch is one generation.
        trial.generation = if target.traits().remote {
            Digest::of_json(&json!([
                target.traits().fingerprint,
                at.digest,
                key.epoch,
                (!called.cached).then_some(self.record.id)
            ]))
        } else {
            Digest::of_json(&json!([target.traits().fingerprint, payload]))
        };
        trial.ttft_us = reply.ttft.map(micros);
        let known = reply.output.cost.is_some() || target.traits().price.is_some();
        let input = ScoreInput {
            case,
            output: &reply.output,
            latency: called.latency,
            ttft: reply.ttft,
            cost: known.then_some(called.cost),
            epoch: key.epoch,
        };
        for scorer in &self.scorers {
            trial.scores.push(scorer.score(&input).await);
        }
        trial.outcome = Outcome::Ok { output: Box::new(reply.output) };
        trial
    }
}

/// Commits finished trials in groups and seals segments while the run goes on.
async fn write(
    journal: Journal,
    lake: Lake,
    state: State,
    record: Arc<RunRecord>,
    progress: Arc<Progress>,
    mut finished: mpsc::Receiver<Done>,
    broken: Arc<AtomicBool>,
) -> Result<(), EngineError> {
    let result = async {
        let mut batch = Vec::with_capacity(GROUP);
        let mut sealing: Option<tokio::task::JoinHandle<Result<(), EngineError>>> = None;
        let mut unsealed = journal.unsealed().await?;
        let mut unsealed_bytes = 0;
        while finished.recv_many(&mut batch, GROUP).await > 0 {
            let mut totals = progress.totals();
            let (mut entries, mut trials, mut room) = (Vec::new(), Vec::new(), Vec::new());
            for done in batch.drain(..) {
                totals.add(&done.trial);
                unsealed_bytes += done.entry.body.len() as u64;
                entries.push(done.entry);
                trials.push(done.trial);
                room.push(done.room);
            }
            journal.append(&entries, &totals).await?;
            unsealed += entries.len() as u64;
            // A trial counts from here on.
            for trial in &trials {
                progress.add(trial);
            }
            drop((entries, trials, room));
            if sealing.as_ref().is_some_and(tokio::task::JoinHandle::is_finished)
                && let Some(task) = sealing.take()
            {
                task.await.map_err(|error| EngineError::Internal(error.to_string()))??;
            }
            if (unsealed >= SEGMENT || unsealed_bytes >= SEGMENT_BYTES) && sealing.is_none() {
                (unsealed, unsealed_bytes) = (0, 0);
                let (journal, lake, state, record) = (journal.clone(), lake.clone(), state.clone(), record.clone());
                let totals = progress.totals();
                sealing = Some(tokio::spawn(async move {
                    seal_all(&journal, &lake, &record, SEGMENT).await?;
                    state.update_run(record.id, RunStatus::Running, &totals, None).await?;
                    Ok(())
                }));
            }
        }
        if let Some(task) = sealing {
            task.await.map_err(|error| EngineError::Internal(error.to_string()))??;
        }
        seal_all(&journal, &lake, &record, 0).await
    }
    .await;
    if result.is_err() {
        broken.store(true, Ordering::Relaxed);
    }
    result
}

/// Seals segments as long as more than `leave` trials are only in the journal.
async fn seal_all(journal: &Journal, lake: &Lake, record: &RunRecord, leave: u64) -> Result<(), EngineError> {
    loop {
        let segment = journal.current_segment().await?;
        // A segment that was taken before a crash is finished whatever its size.
        let trials = journal.take_segment(segment, SEGMENT, SEGMENT_BYTES).await?;
        if trials.is_empty() {
            return Ok(());
        }
        lake.seal(record, segment, &trials).await?;
        journal.sealed(segment).await?;
        if journal.unsealed().await? <= leave {
            return Ok(());
        }
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
