//! Trials in a seeded order: handed out, executed, scored, recorded in groups.
//!
//! Nothing here knows a disk: cases come from a [`Cases`], outcomes go to a [`Ledger`], time is tokio's. The simulator
//! runs the same code over a memory and a clock of its own.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assay_core::permutation::Permutation;
use assay_core::{Digest, Outcome, RunRecord, Trial, TrialKey};
use assay_models::Target;
use assay_scorers::{Declared, ScoreInput};
use assay_store::{CaseAt, Journal, JournalEntry, PlanFile};
use async_trait::async_trait;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use crate::EngineError;
use crate::clock::{now, sleep, within};
use crate::earlier::Earlier;
use crate::execute::now_us;
use crate::gateway::{Gateway, LookedUp, TrialCaller, micros};
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::steering::Steering;

/// Bytes of finished trials that may wait for the journal: workers wait while there are more.
const WAITING_BYTES: usize = 64 << 20;
/// The most trials in one commit of the journal.
const GROUP: usize = 2_000;
/// How long finished trials may wait for others to be committed with.
const LINGER: Duration = Duration::from_millis(10);
/// Cases fetched from the plan at once.
pub(crate) const FETCH: u64 = 256;
/// How long calls in flight may still end after a stop was asked for.
const GRACE: Duration = Duration::from_secs(20);

/// Where cases come from.
#[async_trait]
pub(crate) trait Cases: Sync {
    /// The cases at these positions, in the order asked for.
    async fn at(&self, positions: &[u64]) -> Result<Vec<CaseAt>, EngineError>;
}

#[async_trait]
impl Cases for PlanFile {
    async fn at(&self, positions: &[u64]) -> Result<Vec<CaseAt>, EngineError> {
        Ok(self.cases_at(positions).await?)
    }
}

/// One bit for each planned trial, by its place in the run's order.
pub(crate) struct Done(Vec<u64>);

impl Done {
    pub(crate) fn new(planned: u64) -> Self {
        Self(vec![0; usize::try_from(planned / 64 + 1).unwrap_or(usize::MAX)])
    }

    pub(crate) fn set(&mut self, number: u64) {
        if let Some(word) = self.0.get_mut((number / 64) as usize) {
            *word |= 1 << (number % 64);
        }
    }

    pub(crate) fn get(&self, number: u64) -> bool {
        self.0[(number / 64) as usize] & (1 << (number % 64)) != 0
    }
}

/// A trial to be executed.
struct Job {
    case: Arc<CaseAt>,
    key: TrialKey,
    /// Its place in the run's order, which is what the journal knows it by: trials that run together are neighbours
    /// there.
    number: u64,
    prepared: Option<Prepared>,
}

/// The payload of a call, and what the cache had for it.
struct Prepared {
    payload: serde_json::Value,
    looked_up: LookedUp,
}

/// A queue that many workers take from. It is filled in chunks when it runs low.
#[derive(Default)]
struct Queue {
    jobs: Mutex<(VecDeque<Job>, bool)>,
    more: Notify,
    low: Notify,
}

impl Queue {
    fn jobs(&self) -> MutexGuard<'_, (VecDeque<Job>, bool)> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> Option<Job> {
        loop {
            let more = self.more.notified();
            {
                let mut jobs = self.jobs();
                if let Some(job) = jobs.0.pop_front() {
                    if jobs.0.len() == FETCH as usize / 2 {
                        self.low.notify_one();
                    }
                    return Some(job);
                }
                if jobs.1 {
                    return None;
                }
            }
            self.low.notify_one();
            more.await;
        }
    }

    fn push(&self, chunk: Vec<Job>) {
        self.jobs().0.extend(chunk);
        self.more.notify_waiters();
    }

    /// Waits until the queue runs low.
    async fn low(&self) {
        while self.jobs().0.len() > FETCH as usize / 2 {
            self.low.notified().await;
        }
    }

    fn close(&self, keep: bool) {
        let mut jobs = self.jobs();
        if !keep {
            jobs.0.clear();
        }
        jobs.1 = true;
        drop(jobs);
        self.more.notify_waiters();
    }
}

/// Closes the queue when its feeder ends, however it ends.
struct Feeding<'a>(&'a Queue, bool);

impl Drop for Feeding<'_> {
    fn drop(&mut self) {
        self.0.close(self.1);
    }
}

/// A finished trial on its way into the journal.
struct Finished {
    trial: Trial,
    entry: JournalEntry,
    /// Its share of [`WAITING_BYTES`], free again when it is dropped.
    room: OwnedSemaphorePermit,
}

/// How the trials of a run are executed.
pub(crate) struct Schedule {
    /// The first so many cases in the order.
    pub(crate) cases: u64,
    pub(crate) concurrency: usize,
    pub(crate) order: Permutation,
    pub(crate) done: Done,
    pub(crate) progress: Arc<Progress>,
    pub(crate) steering: Steering,
}

impl Schedule {
    /// Executes every trial that is not done.
    ///
    /// # Errors
    /// Cases that cannot be read, or a ledger that cannot be written: what it recorded stays.
    pub(crate) async fn run<C: Cases, L: Ledger + 'static>(
        self,
        work: Arc<Work>,
        cases: &C,
        ledger: L,
    ) -> Result<(), EngineError> {
        let queue = Arc::new(Queue::default());
        let (finished, finished_queue) = mpsc::channel(GROUP * 2);
        let waiting = Arc::new(Semaphore::new(WAITING_BYTES));
        let broken = Arc::new(AtomicBool::new(false));
        let writer = {
            let (progress, broken, steering) = (self.progress.clone(), broken.clone(), self.steering.clone());
            tokio::spawn(async move {
                let result = write(ledger, &progress, finished_queue).await;
                if result.is_err() {
                    // Nothing that is answered from now on could be recorded: no new calls, and none is waited for.
                    broken.store(true, Ordering::Relaxed);
                    steering.stop();
                    steering.stop();
                }
                result
            })
        };
        let mut workers = tokio::task::JoinSet::new();
        let planned = usize::try_from(work.record.planned()).unwrap_or(usize::MAX).max(1);
        let worker = || {
            let (work, queue, finished) = (work.clone(), queue.clone(), finished.clone());
            let (waiting, steering) = (waiting.clone(), self.steering.clone());
            async move {
                let mut abandon = pin!(abandoned(steering.clone()));
                while let Some(job) = queue.next().await {
                    let number = job.number;
                    let Some(trial) = work.trial(job, &steering, abandon.as_mut()).await else {
                        return Ok(());
                    };
                    let entry = JournalEntry::new(number, &trial).map_err(|e| EngineError::Internal(e.to_string()))?;
                    let size = u32::try_from(entry.body.len().min(WAITING_BYTES)).unwrap_or(u32::MAX);
                    let Ok(room) = waiting.clone().acquire_many_owned(size).await else { return Ok(()) };
                    if finished.send(Finished { trial, entry, room }).await.is_err() {
                        // The writer is gone; its error says why.
                        return Ok(());
                    }
                }
                Ok::<_, EngineError>(())
            }
        };
        let mut concurrency = self.concurrency;
        for _ in 0..concurrency.min(planned) {
            workers.spawn(worker());
        }
        let mut feeding = pin!(self.feed(&work, cases, &queue, &broken));
        let mut failure = loop {
            tokio::select! {
                biased;
                fed = feeding.as_mut() => break fed.err(),
                wanted = self.steering.concurrency_but(concurrency) => {
                    // Workers beyond what is wanted wait for their account.
                    for _ in workers.len()..wanted.min(planned) {
                        workers.spawn(worker());
                    }
                    work.gateway.accounts().set_concurrency(wanted);
                    concurrency = wanted;
                }
            }
        };
        drop(finished);
        while let Some(joined) = workers.join_next().await {
            match joined {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failure = failure.or(Some(error)),
                Err(error) => failure = failure.or(Some(EngineError::Internal(error.to_string()))),
            }
        }
        writer.await.unwrap_or_else(|error| Err(EngineError::Internal(error.to_string())))?;
        failure.map_or(Ok(()), Err)
    }

    /// Hands out the trials that have no outcome, case by case in the seeded order.
    async fn feed<C: Cases>(
        &self,
        work: &Work,
        cases: &C,
        queue: &Queue,
        broken: &AtomicBool,
    ) -> Result<(), EngineError> {
        let mut feeding = Feeding(queue, false);
        let (targets, epochs) = (u32::try_from(work.record.targets.len()).unwrap_or(1), work.record.epochs);
        // A trial's place in the order: as its number, with the case's place in the order for its position.
        let keys = |index: u64| {
            (0..targets).flat_map(move |target| {
                (0..epochs).map(move |epoch| {
                    let number = TrialKey { case: index, target, epoch }.number(targets, epochs);
                    (TrialKey { case: self.order.at(index), target, epoch }, number)
                })
            })
        };
        let mut at = 0;
        while at < self.cases {
            let end = (at + FETCH).min(self.cases);
            let open: Vec<u64> =
                (at..end).filter(|index| keys(*index).any(|(_, number)| !self.done.get(number))).collect();
            at = end;
            if open.is_empty() {
                continue;
            }
            let positions: Vec<u64> = open.iter().map(|index| self.order.at(*index)).collect();
            let chunk = cases.at(&positions).await?;
            let mut jobs: Vec<Job> = open
                .iter()
                .zip(chunk)
                .flat_map(|(index, case)| {
                    let case = Arc::new(case);
                    keys(*index).filter(|(_, number)| !self.done.get(*number)).map(move |(key, number)| Job {
                        case: case.clone(),
                        key,
                        number,
                        prepared: None,
                    })
                })
                .collect();
            if !self.steering.is_cancelled() {
                work.look_up(&mut jobs).await?;
            }
            tokio::select! {
                biased;
                () = queue.low() => {}
                () = self.steering.stopped(1) => return Ok(()),
            }
            if broken.load(Ordering::Relaxed) || self.steering.is_stopped() {
                return Ok(());
            }
            queue.push(jobs);
        }
        // What is queued may still be stopped.
        tokio::select! {
            biased;
            () = async { while !queue.jobs().0.is_empty() { queue.low.notified().await } } => feeding.1 = true,
            () = self.steering.stopped(1) => {}
        }
        Ok(())
    }
}

/// Ends when calls in flight are to be abandoned: at the second request to stop, or a while after the first.
async fn abandoned(steering: Steering) {
    steering.stopped(1).await;
    tokio::select! {
        biased;
        () = steering.stopped(2) => {}
        () = sleep(GRACE) => {}
    }
}

/// Records finished trials in groups.
async fn write<L: Ledger>(
    mut ledger: L,
    progress: &Progress,
    mut finished: mpsc::Receiver<Finished>,
) -> Result<(), EngineError> {
    let (mut entries, mut trials, mut room) = (Vec::new(), Vec::new(), Vec::new());
    let mut batch = Vec::with_capacity(GROUP);
    while finished.recv_many(&mut batch, GROUP).await > 0 {
        // A commit costs the same for one trial and for many.
        let until = now() + LINGER;
        while batch.len() < GROUP {
            let left = GROUP - batch.len();
            match within(until, finished.recv_many(&mut batch, left)).await {
                Some(received) if received > 0 => {}
                _ => break,
            }
        }
        let mut totals = progress.totals();
        for done in batch.drain(..) {
            totals.add(&done.trial);
            entries.push(done.entry);
            trials.push(done.trial);
            room.push(done.room);
        }
        ledger.append(&entries, &trials, &totals).await?;
        // A trial counts from here on.
        progress.add(&trials);
        entries.clear();
        trials.clear();
        room.clear();
    }
    ledger.close().await
}

/// What a worker needs.
pub(crate) struct Work {
    pub(crate) record: Arc<RunRecord>,
    pub(crate) targets: Vec<Arc<dyn Target>>,
    pub(crate) scorers: Arc<Vec<Declared>>,
    pub(crate) gateway: Arc<Gateway>,
    /// An earlier run whose answers are taken over.
    pub(crate) earlier: Option<Earlier>,
    /// Where results by batch are, in a run that has a target with `batch: true`.
    pub(crate) batched: Option<Journal>,
}

impl Work {
    /// Looks the answers of many trials up in the cache at once: a statement costs the same for one and for many.
    async fn look_up(&self, jobs: &mut [Job]) -> Result<(), EngineError> {
        if let Some(earlier) = &self.earlier {
            let trials: Vec<(Digest, Digest, u32)> = jobs
                .iter()
                .map(|job| (self.record.targets[job.key.target as usize].fingerprint, job.case.digest, job.key.epoch))
                .collect();
            for (job, found) in jobs.iter_mut().zip(earlier.get(&trials).await?) {
                let looked_up = match (found, earlier.missing()) {
                    (Some(answer), _) => LookedUp::Found(Box::new(answer)),
                    (None, Some(why)) => LookedUp::Missing(why),
                    (None, None) => continue,
                };
                // No payload is needed where no call is made.
                job.prepared = Some(Prepared { payload: serde_json::Value::Null, looked_up });
            }
        }
        self.look_up_batched(jobs).await?;
        let (mut keys, mut of) = (Vec::new(), Vec::new());
        for (at, job) in jobs.iter().enumerate().filter(|(_, job)| job.prepared.is_none()) {
            let target = self.targets[job.key.target as usize].as_ref();
            // A payload that cannot be made is the trial's error, and recorded as that when its turn comes.
            if self.gateway.caches(target)
                && let Ok(payload) = target.prepare(&job.case.case)
            {
                keys.push(Gateway::key(target, &payload, job.key.epoch));
                of.push((at, payload));
            }
        }
        for ((at, payload), looked_up) in of.into_iter().zip(self.gateway.look_up(&keys).await) {
            jobs[at].prepared = Some(Prepared { payload, looked_up });
        }
        // A target that answers by batch is never called, which would cost twice as much as was set aside.
        for job in jobs.iter_mut() {
            let target = self.targets[job.key.target as usize].as_ref();
            let open = job.prepared.as_ref().is_none_or(|prepared| matches!(prepared.looked_up, LookedUp::Absent(_)));
            if open
                && target.batches().is_some()
                && let Ok(payload) = target.prepare(&job.case.case)
            {
                let why = "its answer was in the cache when batches were made, and is not any more";
                job.prepared = Some(Prepared { payload, looked_up: LookedUp::Missing(why.to_owned()) });
            }
        }
        Ok(())
    }

    /// Gives each trial what came of it by batch.
    async fn look_up_batched(&self, jobs: &mut [Job]) -> Result<(), EngineError> {
        let Some(journal) = &self.batched else { return Ok(()) };
        let numbers: Vec<u64> = jobs
            .iter()
            .filter(|job| job.prepared.is_none() && self.targets[job.key.target as usize].batches().is_some())
            .map(|job| job.number)
            .collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let mut found = journal.results(&numbers).await?;
        for job in jobs.iter_mut().filter(|job| job.prepared.is_none()) {
            let Some(text) = found.remove(&job.number) else { continue };
            let target = self.targets[job.key.target as usize].as_ref();
            let Ok(payload) = target.prepare(&job.case.case) else { continue };
            let result = serde_json::from_str(&text).map_err(|error| EngineError::Internal(error.to_string()))?;
            let key = self.gateway.caches(target).then(|| Gateway::key(target, &payload, job.key.epoch));
            job.prepared = Some(Prepared { payload, looked_up: LookedUp::Batched(result, key) });
        }
        Ok(())
    }

    /// Executes and scores one trial, or records it as cancelled. `None` when the run was told to stop at once: the
    /// trial has no outcome then.
    async fn trial(&self, job: Job, steering: &Steering, abandoned: Pin<&mut impl Future>) -> Option<Trial> {
        let Job { case, key, prepared, .. } = job;
        let started_us = now_us();
        tokio::select! {
            biased;
            () = steering.cancelled() => Some(self.blank(&case, key, started_us)),
            trial = async {
                steering.go().await;
                // Whoever stops a paused run wants no new calls.
                if steering.is_stopped() { None } else { Some(self.execute(&case, key, prepared, started_us).await) }
            } => trial,
            _ = abandoned => None,
        }
    }

    /// A trial before anything was done for it.
    fn blank(&self, at: &CaseAt, key: TrialKey, started_us: i64) -> Trial {
        let case = &at.case;
        Trial {
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
        }
    }

    async fn execute(&self, at: &CaseAt, key: TrialKey, prepared: Option<Prepared>, started_us: i64) -> Trial {
        let case = &at.case;
        let target = &self.targets[key.target as usize];
        let mut trial = self.blank(at, key, started_us);
        let purse = self.gateway.budget().trial();
        let caller = TrialCaller { gateway: &self.gateway, purse: purse.as_ref() };
        let prepared = prepared
            .map_or_else(|| target.prepare(case).map(|payload| Prepared { payload, looked_up: LookedUp::Not }), Ok);
        let Prepared { payload, looked_up } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                trial.outcome = Outcome::Error { kind: error.kind, message: error.message };
                return trial;
            }
        };
        let called = caller.call_after(target.as_ref(), &payload, key.epoch, looked_up).await;
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
        let mut generation = Digest::stream();
        generation.update(b"assay generation 2\n");
        generation.update(self.record.targets[key.target as usize].fingerprint.as_bytes());
        if target.traits().remote || called.cached {
            generation.update(at.digest.as_bytes());
            generation.update(&key.epoch.to_le_bytes());
            if !called.cached {
                generation.update(self.record.id.uuid().as_bytes());
            }
        } else {
            generation.update_json(&payload);
        }
        trial.generation = generation.finish();
        trial.ttft_us = reply.ttft.map(micros);
        let known = reply.output.cost.is_some() || target.traits().price.is_some();
        let input = ScoreInput {
            case,
            output: &reply.output,
            latency: called.latency,
            ttft: reply.ttft,
            cost: known.then_some(called.cost),
            epoch: key.epoch,
            caller: Some(&caller),
        };
        for scorer in self.scorers.iter() {
            trial.scores.push(scorer.score(&input).await);
        }
        trial.outcome = Outcome::Ok { output: Box::new(reply.output) };
        trial
    }
}
