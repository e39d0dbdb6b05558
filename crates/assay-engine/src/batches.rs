//! Answers by the providers' batch APIs, gathered before the trials they belong to are executed.
//!
//! Every trial of a target with `batch: true` that has no outcome, no answer in the cache and none in an earlier run is
//! put into a batch; when all batches have ended, the schedule finds a result for each and calls nobody. The journal
//! knows which trials are in which batch before that is sent, and the provider's id for it as soon as there is one: a
//! run that dies in between looks for the batch at the provider before it sends those trials again.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assay_core::permutation::Permutation;
use assay_core::{ErrorKind, Money, Output, TrialKey, grouped};
use assay_models::batch::{Found, Frame, Standing, Tag};
use assay_models::{Batches, CallError, Target};
use assay_store::{Batch, Journal, PlanFile, State, Workspace};
use serde::{Deserialize, Serialize};

use crate::EngineError;
use crate::budget::{Amount, Budget, Reservation};
use crate::clock::{sleep, sleep_until};
use crate::execute::now_us;
use crate::gateway::{Gateway, LookedUp, cost_of, size_of};
use crate::progress::Progress;
use crate::schedule::{Cases, Done, FETCH, Work};
use crate::steering::Steering;

/// The pauses between two looks at a batch grow from the first to the second.
const POLL: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));
/// Attempts to send a batch, and looks in a row that may fail before the run stops.
const ATTEMPTS: u32 = 12;
/// Results that are written down together.
const GROUP: usize = 256;

/// What became of a trial's request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Batched {
    /// It was answered.
    Answer {
        /// The answer.
        output: Box<Output>,
        /// What it cost.
        cost: Money,
    },
    /// It failed.
    Failed {
        /// How.
        kind: ErrorKind,
        /// In the provider's words.
        message: String,
    },
    /// A budget refused it.
    Refused {
        /// Which.
        reason: String,
    },
}

/// What earlier processes of a run paid for by batch and did not come to record in a trial.
///
/// # Errors
/// The journal cannot be read.
pub(crate) async fn paid(journal: &Journal) -> Result<Amount, EngineError> {
    let mut paid = Amount::default();
    journal
        .for_each_unrecorded_result(|text| {
            // What this version cannot read it makes no trial of either.
            if let Ok(Batched::Answer { output, cost }) = serde_json::from_str(text) {
                paid = paid.plus(Amount { cost, tokens: output.usage.total(), calls: 1 });
            }
        })
        .await?;
    Ok(paid)
}

impl Batched {
    /// As the journal keeps it.
    fn text(&self) -> Result<String, EngineError> {
        serde_json::to_string(self).map_err(|error| EngineError::Internal(error.to_string()))
    }

    fn failed(error: CallError) -> Self {
        Self::Failed { kind: error.kind, message: error.message }
    }
}

/// Gathers answers by batch.
pub(crate) struct Gathering<'a> {
    pub(crate) work: &'a Work,
    pub(crate) workspace: &'a Workspace,
    pub(crate) state: &'a State,
    pub(crate) journal: &'a Journal,
    pub(crate) plan: &'a PlanFile,
    pub(crate) order: &'a Permutation,
    /// The first so many cases in the order.
    pub(crate) cases: u64,
    pub(crate) done: &'a Done,
    pub(crate) progress: &'a Progress,
    pub(crate) steering: &'a Steering,
}

/// A batch that has not ended.
struct Live<'a> {
    batch: Batch,
    held: Reservation<'a>,
    done: u64,
    /// Looks in a row that failed.
    failures: u32,
}

/// A batch that is being put together.
struct Open<'a> {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
    trials: Vec<u64>,
    held: Option<Reservation<'a>>,
}

impl<'a> Gathering<'a> {
    /// Gathers until every trial that needs a result has one. False when the run is to stop first: batches go on at
    /// their providers then, and are taken up again when the run is resumed.
    ///
    /// # Errors
    /// The workspace cannot be used, or a provider cannot be asked about its batches for long.
    pub(crate) async fn run(&self) -> Result<bool, EngineError> {
        let nobody = self.work.targets.iter().all(|target| target.batches().is_none());
        if nobody || self.work.earlier.as_ref().is_some_and(|earlier| earlier.missing().is_some()) {
            return Ok(true);
        }
        let gathered = tokio::select! {
            biased;
            // Somebody does not want to wait for a file on its way: it is looked for when the run is resumed.
            () = self.steering.stopped(2) => Ok(false),
            gathered = self.rounds() => gathered,
        };
        self.progress.set_waiting(None);
        self.state.set_waiting(self.work.record.id, None).await?;
        gathered
    }

    async fn rounds(&self) -> Result<bool, EngineError> {
        self.journal.forget_refusals().await?;
        let mut live = Vec::new();
        for batch in self.journal.batches().await?.into_iter().filter(|batch| !batch.ended) {
            if self.open_trials(batch.part).await?.is_empty() {
                self.journal.batch_ended(batch.part).await?;
                continue;
            }
            // It is paid for already, whatever the budget says now.
            let (cost, tokens) = (Money::from_nanos(batch.cost_nanousd), batch.tokens);
            let held = self.budget().hold(Amount { cost, tokens, calls: batch.requests }).await;
            live.push(Live { batch, held, done: 0, failures: 0 });
        }
        loop {
            // What may have been sent is looked for before anything else is.
            let mut known = Vec::new();
            for mut part in live {
                if part.batch.id.is_some() || self.steering.is_cancelled() || self.look_for(&mut part).await? {
                    known.push(part);
                } else {
                    part.held.cancel();
                }
            }
            live = known;
            if !self.steering.is_cancelled() && !self.send(&mut live).await? {
                self.leave(live);
                return Ok(false);
            }
            let sent = live.len();
            match self.wait(live).await? {
                Waited::Ended => return Ok(true),
                Waited::Stopped => return Ok(false),
                Waited::Lost(rest) => {
                    tracing::warn!("{} batches never reached their provider", sent - rest.len());
                    live = rest;
                }
            }
        }
    }

    fn budget(&self) -> &'a Budget {
        self.work.gateway.budget()
    }

    fn target(&self, batch: &Batch) -> Result<(&'a Arc<dyn Target>, &'a dyn Batches), EngineError> {
        let target = self.work.targets.get(batch.target as usize);
        target
            .and_then(|target| Some((target, target.batches()?)))
            .ok_or_else(|| EngineError::Internal("a batch belongs to a target that makes none".into()))
    }

    fn tag(&self, batch: &Batch) -> Tag {
        let run = self.work.record.id.uuid().simple().to_string();
        Tag { run, part: batch.part, requests: batch.requests, since: batch.since }
    }

    /// The trials of a batch that have no outcome.
    async fn open_trials(&self, part: u64) -> Result<HashSet<u64>, EngineError> {
        let trials = self.journal.batch_trials(part).await?;
        Ok(trials.into_iter().filter(|number| !self.done.get(*number)).collect())
    }

    /// The batches that are known at their providers.
    async fn known(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.journal.batches().await?.into_iter().filter_map(|batch| batch.id).collect())
    }

    /// Gives trials the same result.
    async fn give_all(&self, trials: &[u64], result: &Batched) -> Result<(), EngineError> {
        let text = result.text()?;
        for group in trials.chunks(GROUP) {
            let rows: Vec<_> = group.iter().map(|number| (*number, text.clone())).collect();
            self.journal.add_results(&rows).await?;
        }
        Ok(())
    }

    /// Looks for a batch that may have been sent. False when it was not: its trials are free then.
    async fn look_for(&self, part: &mut Live<'a>) -> Result<bool, EngineError> {
        let (_, provider) = self.target(&part.batch)?;
        match provider.find(&self.tag(&part.batch), &self.known().await?).await {
            Ok(Found::Batch(id)) => {
                self.journal.batch_sent(part.batch.part, &id).await?;
                part.batch.id = Some(id);
                part.failures = 0;
                Ok(true)
            }
            Ok(Found::Nothing) => {
                self.journal.drop_batch(part.batch.part).await?;
                Ok(false)
            }
            Ok(Found::Unsure) => Ok(true),
            Err(error) => {
                self.count(part, error)?;
                Ok(true)
            }
        }
    }

    /// Counts a look that failed; too many in a row, or one that every further one would fail like, stop the run.
    fn count(&self, part: &mut Live<'a>, error: CallError) -> Result<(), EngineError> {
        part.failures += 1;
        tracing::warn!("a batch cannot be looked at: {error}");
        if part.failures >= ATTEMPTS || !error.kind.is_transient() {
            return Err(EngineError::Batch(format!("a batch cannot be looked at: {error}")));
        }
        Ok(())
    }

    /// Puts every trial that needs an answer into a batch. False when the run is to stop.
    async fn send(&self, live: &mut Vec<Live<'a>>) -> Result<bool, EngineError> {
        let record = &self.work.record;
        let (targets, epochs) = (u32::try_from(record.targets.len()).unwrap_or(1), record.epochs);
        let mut covered = Done::new(record.planned());
        self.journal.for_each_batched(|number| covered.set(number)).await?;
        let mut open: Vec<Option<Open<'a>>> = self.work.targets.iter().map(|_| None).collect();
        let mut at = 0;
        while at < self.cases {
            let end = (at + FETCH).min(self.cases);
            let mut wanted: Vec<(u64, TrialKey)> = Vec::new();
            for index in at..end {
                for target in (0..targets).filter(|target| self.work.targets[*target as usize].batches().is_some()) {
                    for epoch in 0..epochs {
                        let number = TrialKey { case: index, target, epoch }.number(targets, epochs);
                        if !self.done.get(number) && !covered.get(number) {
                            wanted.push((number, TrialKey { case: self.order.at(index), target, epoch }));
                        }
                    }
                }
            }
            at = end;
            self.steering.go().await;
            if self.steering.is_stopped() || self.steering.is_cancelled() {
                break;
            }
            if !wanted.is_empty() {
                self.add(&wanted, &mut open, live).await?;
            }
        }
        if self.steering.is_stopped() || self.steering.is_cancelled() {
            open.into_iter().flatten().for_each(Open::discard);
            return Ok(!self.steering.is_stopped());
        }
        for (target, slot) in open.into_iter().enumerate() {
            if let Some(part) = slot {
                self.submit(target, part, live).await?;
            }
        }
        Ok(true)
    }

    /// Adds trials to the batches of their targets, and sends those that are full.
    async fn add(
        &self,
        wanted: &[(u64, TrialKey)],
        open: &mut [Option<Open<'a>>],
        live: &mut Vec<Live<'a>>,
    ) -> Result<(), EngineError> {
        let gateway = &self.work.gateway;
        let mut positions: Vec<u64> = wanted.iter().map(|(_, key)| key.case).collect();
        positions.dedup();
        let cases = self.plan.at(&positions).await?;
        let case_of = |key: &TrialKey| positions.iter().position(|position| *position == key.case).map(|i| &cases[i]);
        let fetched: Vec<_> = wanted.iter().filter_map(|(number, key)| Some((*number, *key, case_of(key)?))).collect();
        let taken = match &self.work.earlier {
            Some(earlier) => {
                let fingerprint = |key: &TrialKey| self.work.record.targets[key.target as usize].fingerprint;
                let trials: Vec<_> =
                    fetched.iter().map(|(_, key, case)| (fingerprint(key), case.digest, key.epoch)).collect();
                earlier.get(&trials).await?.iter().map(Option::is_some).collect()
            }
            None => vec![false; fetched.len()],
        };
        // A payload that cannot be made is the trial's error, and recorded as that when its turn comes.
        let mut asked = Vec::new();
        for ((number, key, case), _) in fetched.into_iter().zip(taken).filter(|(_, taken)| !taken) {
            let target = self.work.targets[key.target as usize].as_ref();
            if let Ok(payload) = target.prepare(&case.case) {
                let call = gateway.caches(target).then(|| Gateway::key(target, &payload, key.epoch));
                asked.push((number, key, payload, call));
            }
        }
        let calls: Vec<_> = asked.iter().filter_map(|(_, _, _, call)| *call).collect();
        let looked_up = gateway.look_up(&calls).await;
        let at_hand: HashSet<_> = calls
            .iter()
            .zip(looked_up)
            .filter(|(_, found)| matches!(found, LookedUp::Found(_)))
            .map(|(call, _)| call.key)
            .collect();
        asked.retain(|(_, _, _, call)| call.is_none_or(|call| !at_hand.contains(&call.key)));
        let run = self.work.record.id.uuid().simple().to_string();
        let tag = Tag { run, part: 0, requests: 0, since: 0 };
        let mut refused = Vec::new();
        for (number, key, payload, _) in asked {
            let target = &self.work.targets[key.target as usize];
            let Some(provider) = target.batches() else { continue };
            let most = gateway.most(target.as_ref(), size_of(&payload));
            let purse = self.budget().trial();
            let reserved = match self.budget().reserve(purse.as_ref(), most).await {
                // What the trial may spend counts when it is executed; here it must only bear the most.
                Ok(reserved) => {
                    reserved.cancel();
                    self.budget().reserve(None, most).await
                }
                Err(reason) => Err(reason),
            };
            let held = match reserved {
                Ok(held) => held,
                Err(reason) => {
                    refused.push((number, Batched::Refused { reason }.text()?));
                    continue;
                }
            };
            let frame = provider.frame();
            let line = provider.request(&tag.id(number), &payload).to_string();
            let slot = &mut open[key.target as usize];
            if slot.as_ref().is_some_and(|part| part.is_full(&frame, line.len()))
                && let Some(full) = slot.take()
            {
                self.submit(key.target as usize, full, live).await?;
            }
            if slot.is_none() {
                *slot = Some(Open::new(self.workspace.batch_file(self.work.record.id, key.target), &frame)?);
            }
            if let Some(part) = slot {
                part.push(&frame, number, &line, held)?;
            }
        }
        if !refused.is_empty() {
            self.journal.add_results(&refused).await?;
        }
        Ok(())
    }

    /// Sends a batch.
    async fn submit(&self, target: usize, part: Open<'a>, live: &mut Vec<Live<'a>>) -> Result<(), EngineError> {
        let Some(provider) = self.work.targets[target].batches() else { return Ok(()) };
        let (path, trials, mut held) = part.finish(&provider.frame())?;
        let most = held.most();
        let batch = Batch {
            part: 0,
            target: target as u32,
            id: None,
            ended: false,
            since: now_us() / 1_000_000,
            requests: trials.len() as u64,
            cost_nanousd: most.cost.nanos(),
            tokens: most.tokens,
        };
        let batch = self.journal.begin_batch(&batch, &trials).await?;
        held.begin();
        let mut sent = Live { batch, held, done: 0, failures: 0 };
        self.try_to_send(&mut sent, provider, &path, &trials).await?;
        let _ = std::fs::remove_file(&path);
        if sent.batch.ended {
            sent.held.cancel();
        } else {
            live.push(sent);
        }
        self.show(live).await
    }

    async fn try_to_send(
        &self,
        part: &mut Live<'a>,
        provider: &dyn Batches,
        path: &std::path::Path,
        trials: &[u64],
    ) -> Result<(), EngineError> {
        let tag = self.tag(&part.batch);
        let mut wait = POLL.0;
        for attempt in 1.. {
            let error = match provider.submit(path, &tag).await {
                Ok(id) => {
                    self.journal.batch_sent(part.batch.part, &id).await?;
                    part.batch.id = Some(id);
                    return Ok(());
                }
                Err(error) => error,
            };
            let refused =
                error.status.is_some_and(|status| (400..500).contains(&status)) || error.kind == ErrorKind::Offline;
            if refused && !error.kind.is_transient() {
                // No batch was made, and none would be.
                self.give_all(trials, &Batched::failed(error)).await?;
                self.journal.batch_ended(part.batch.part).await?;
                part.batch.ended = true;
                return Ok(());
            }
            tracing::warn!("a batch cannot be sent: {error}");
            if attempt >= ATTEMPTS {
                return Err(EngineError::Batch(format!("a batch cannot be sent: {error}")));
            }
            tokio::select! {
                biased;
                // Whether it arrived is found out when the run is resumed.
                () = self.steering.stopped(1) => return Ok(()),
                () = self.steering.cancelled() => return Ok(()),
                () = sleep(error.retry_after.unwrap_or(wait)) => {}
            }
            wait = (wait * 2).min(POLL.1);
            // It may have been made all the same.
            if !refused {
                match provider.find(&tag, &self.known().await?).await {
                    Ok(Found::Batch(id)) => {
                        self.journal.batch_sent(part.batch.part, &id).await?;
                        part.batch.id = Some(id);
                        return Ok(());
                    }
                    Ok(Found::Nothing) => {}
                    // To be asked again while others are waited for.
                    Ok(Found::Unsure) | Err(_) => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// Waits until every batch has ended, and takes their results.
    async fn wait(&self, mut live: Vec<Live<'a>>) -> Result<Waited<'a>, EngineError> {
        let mut pause = POLL.0;
        let mut lost = false;
        while !live.is_empty() {
            self.show(&live).await?;
            let deadline = self.budget().deadline(None);
            let out_of_time = async {
                match &deadline {
                    Some((at, _)) => sleep_until(*at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.steering.cancelled() => {
                    self.give_up(live, None).await?;
                    return Ok(Waited::Ended);
                }
                () = self.steering.stopped(1) => {
                    self.leave(live);
                    return Ok(Waited::Stopped);
                }
                () = out_of_time => {
                    self.give_up(live, deadline.map(|(_, reason)| reason)).await?;
                    return Ok(Waited::Ended);
                }
                () = sleep(pause) => {}
            }
            pause = pause.mul_f64(1.5).min(POLL.1);
            let mut rest = Vec::with_capacity(live.len());
            for mut part in live {
                let Some(id) = part.batch.id.clone() else {
                    if self.look_for(&mut part).await? {
                        rest.push(part);
                    } else {
                        part.held.cancel();
                        lost = true;
                    }
                    continue;
                };
                let (target, provider) = self.target(&part.batch)?;
                let standing = match provider.standing(&id).await {
                    // A batch that the provider does not know any more has no results.
                    Err(error) if error.kind == ErrorKind::NotFound => {
                        Ok(Standing { working: false, done: 0, files: Vec::new(), unanswered: error })
                    }
                    other => other,
                };
                match standing {
                    Ok(standing) if standing.working => {
                        (part.done, part.failures) = (standing.done, 0);
                        rest.push(part);
                    }
                    Ok(standing) => match self.collect(&part.batch, target.as_ref(), provider, &standing).await? {
                        Ok(spent) => {
                            part.held.settle(spent.0, spent.1);
                        }
                        Err(error) => {
                            self.count(&mut part, error)?;
                            rest.push(part);
                        }
                    },
                    Err(error) => {
                        self.count(&mut part, error)?;
                        rest.push(part);
                    }
                }
            }
            live = rest;
            if lost {
                return Ok(Waited::Lost(live));
            }
        }
        Ok(Waited::Ended)
    }

    /// Takes the results of a batch; gives what it cost and the longest answer.
    async fn collect(
        &self,
        batch: &Batch,
        target: &dyn Target,
        provider: &dyn Batches,
        standing: &Standing,
    ) -> Result<Result<(Amount, u64), CallError>, EngineError> {
        let tag = self.tag(batch);
        // Whatever a line says, it can only be the first result of a trial of this batch.
        let mut missing = self.open_trials(batch.part).await?;
        let (mut spent, mut longest, mut strange) = (Amount::default(), 0, 0_u64);
        let mut group = Vec::with_capacity(GROUP);
        let mut unanswered = standing.unanswered.clone();
        for file in &standing.files {
            let mut lines = match provider.results(file).await {
                Ok(lines) => lines,
                // Providers keep results for about a month.
                Err(error) if error.kind == ErrorKind::NotFound => {
                    unanswered = error;
                    continue;
                }
                Err(error) => return Ok(Err(error)),
            };
            loop {
                let line = match lines.next().await {
                    Ok(Some(line)) => line,
                    Ok(None) => break,
                    Err(error) => return Ok(Err(error)),
                };
                let read = provider.read(&line).ok().and_then(|(id, result)| Some((tag.trial(&id)?, result)));
                let Some((number, result)) = read.filter(|(number, _)| missing.remove(number)) else {
                    strange += 1;
                    continue;
                };
                let result = match result {
                    Ok(output) => {
                        let cost = cost_of(target, &output);
                        let usage = output.usage;
                        spent = spent.plus(Amount { cost, tokens: usage.total(), calls: 1 });
                        longest = longest.max(usage.output_tokens.unwrap_or(0));
                        Batched::Answer { output: Box::new(output), cost }
                    }
                    Err(error) => {
                        spent.calls += 1;
                        Batched::failed(error)
                    }
                };
                group.push((number, result.text()?));
                if group.len() == GROUP {
                    self.journal.add_results(&group).await?;
                    group.clear();
                }
            }
        }
        if strange > 0 {
            tracing::warn!("{strange} lines of a batch's results belong to none of its requests");
        }
        let unanswered = Batched::failed(unanswered).text()?;
        for number in missing {
            spent.calls += 1;
            group.push((number, unanswered.clone()));
        }
        for rows in group.chunks(GROUP) {
            self.journal.add_results(rows).await?;
        }
        self.journal.batch_ended(batch.part).await?;
        Ok(Ok((spent, longest)))
    }

    /// Leaves batches to their providers until the run is resumed.
    fn leave(&self, live: Vec<Live<'a>>) {
        live.into_iter().for_each(|part| part.held.keep());
    }

    /// Asks the providers to stop. What they have answered until then is lost, and paid for.
    async fn give_up(&self, live: Vec<Live<'a>>, refused: Option<String>) -> Result<(), EngineError> {
        let refused = refused.map(|reason| Batched::Refused { reason });
        for part in live {
            if let Some(id) = &part.batch.id
                && let Err(error) = self.target(&part.batch)?.1.cancel(id).await
            {
                tracing::warn!("the batch {id} cannot be cancelled at its provider: {error}");
            }
            if let Some(refused) = &refused {
                let trials: Vec<u64> = self.open_trials(part.batch.part).await?.into_iter().collect();
                self.give_all(&trials, refused).await?;
            }
            self.journal.batch_ended(part.batch.part).await?;
            part.held.keep();
        }
        Ok(())
    }

    /// Says what is waited for.
    async fn show(&self, live: &[Live<'a>]) -> Result<(), EngineError> {
        let mut kinds: Vec<&str> =
            live.iter().map(|part| self.work.record.targets[part.batch.target as usize].kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let (done, all) = live.iter().fold((0, 0), |(done, all), part| (done + part.done, all + part.batch.requests));
        let batches = if live.len() == 1 { "1 batch".to_owned() } else { format!("{} batches", live.len()) };
        let text =
            format!("waiting for {batches} at {}, {} of {} done", kinds.join(" and "), grouped(done), grouped(all));
        let text = (!live.is_empty()).then_some(text);
        if self.progress.set_waiting(text.clone()) {
            self.state.set_waiting(self.work.record.id, text.as_deref()).await?;
        }
        Ok(())
    }
}

/// How waiting ended.
enum Waited<'a> {
    /// Every batch has ended.
    Ended,
    /// The run is to stop.
    Stopped,
    /// A batch never reached its provider, so that its trials have to be sent again; these go on.
    Lost(Vec<Live<'a>>),
}

impl<'a> Open<'a> {
    fn new(path: PathBuf, frame: &Frame) -> Result<Self, EngineError> {
        let file = File::create(&path).map_err(|error| unwritable(&path, error))?;
        let mut part = Self { path, file: BufWriter::new(file), bytes: 0, trials: Vec::new(), held: None };
        part.write(frame.before)?;
        Ok(part)
    }

    fn write(&mut self, text: &str) -> Result<(), EngineError> {
        self.bytes += text.len() as u64;
        self.file.write_all(text.as_bytes()).map_err(|error| unwritable(&self.path, error))
    }

    fn is_full(&self, frame: &Frame, more: usize) -> bool {
        let bytes = self.bytes + (frame.between.len() + more + frame.after.len()) as u64;
        self.trials.len() as u64 >= frame.requests || bytes > frame.bytes
    }

    fn push(&mut self, frame: &Frame, number: u64, line: &str, held: Reservation<'a>) -> Result<(), EngineError> {
        if !self.trials.is_empty() {
            self.write(frame.between)?;
        }
        self.write(line)?;
        self.trials.push(number);
        match &mut self.held {
            Some(all) => all.join(held),
            None => self.held = Some(held),
        }
        Ok(())
    }

    /// Nothing of it will be sent.
    fn discard(self) {
        let _ = std::fs::remove_file(&self.path);
        if let Some(held) = self.held {
            held.cancel();
        }
    }

    fn finish(mut self, frame: &Frame) -> Result<(PathBuf, Vec<u64>, Reservation<'a>), EngineError> {
        self.write(frame.after)?;
        self.file.flush().map_err(|error| unwritable(&self.path, error))?;
        let held = self.held.ok_or_else(|| EngineError::Internal("an empty batch".into()))?;
        Ok((self.path, self.trials, held))
    }
}

fn unwritable(path: &std::path::Path, error: std::io::Error) -> EngineError {
    assay_store::StoreError::Io { path: path.to_owned(), error }.into()
}
