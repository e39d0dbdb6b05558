//! Every call to a target or a judge goes through here: cache, budget, limits, deadline, retries.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use assay_core::{Digest, ErrorKind, Finish, Money, Output, Usage};
use assay_models::{CallError, Called, Caller, Reply, Target, Traits};
use assay_store::{Cache, CachedAnswer, CallKey};
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::batches::Batched;
use crate::budget::{Amount, Budget, Purse};
use crate::clock::{now, sleep, within};
use crate::execute::now_us;
use crate::limits::{Account, Accounts, LONGEST_WAIT};

/// Bytes of a payload per token, low on purpose: budgets must not be broken by a dense text.
const BYTES_PER_TOKEN: u64 = 3;

/// The same for rate limits, where a guess is put right after the call.
pub(crate) const LIKELY_BYTES_PER_TOKEN: u64 = 4;

/// Tokens of an answer that has no limit, for rate limits.
pub(crate) const LIKELY_OUTPUT_TOKENS: u64 = 256;

/// Makes calls under the run's limits, budget and cache.
#[derive(Debug)]
pub struct Gateway {
    accounts: Accounts,
    budget: Arc<Budget>,
    cache: Option<CacheHandle>,
}

/// The cache behind two queues: keys that are looked up together are one statement, and so are answers that are put in
/// together.
#[derive(Clone, Debug)]
pub struct CacheHandle {
    get: mpsc::Sender<(Digest, oneshot::Sender<Option<CachedAnswer>>)>,
    put: mpsc::Sender<(CallKey, CachedAnswer)>,
}

/// The most keys or answers in one statement.
const CACHE_GROUP: usize = 2_000;

impl CacheHandle {
    /// Serves a cache until the last handle is dropped; the task ends when every answer is written.
    /// The cache is kept within `most` bytes.
    pub fn serve(cache: Cache, most: u64) -> (Self, tokio::task::JoinHandle<()>) {
        let (get, mut keys) = mpsc::channel::<(Digest, oneshot::Sender<Option<CachedAnswer>>)>(CACHE_GROUP);
        let (put, mut answers) = mpsc::channel::<(CallKey, CachedAnswer)>(CACHE_GROUP);
        let store = cache.clone();
        tokio::spawn(async move {
            let mut asked = Vec::new();
            while keys.recv_many(&mut asked, CACHE_GROUP).await > 0 {
                let digests: Vec<Digest> = asked.iter().map(|(key, _)| *key).collect();
                // A broken cache costs money, never results.
                let found = cache.get(&digests).await.unwrap_or_else(|error| {
                    tracing::warn!("the response cache cannot be read: {error}");
                    vec![None; digests.len()]
                });
                let mut used = Vec::new();
                for ((key, reply), answer) in asked.drain(..).zip(found) {
                    if answer.is_some() {
                        used.push(key);
                    }
                    // Nobody waits any more when the call was abandoned.
                    let _ = reply.send(answer);
                }
                if !used.is_empty()
                    && let Err(error) = cache.touch(&used, now_us()).await
                {
                    tracing::warn!("uses of the response cache cannot be written down: {error}");
                }
            }
        });
        let writer = tokio::spawn(async move {
            let mut batch = Vec::new();
            let mut batches = 0_u32;
            while answers.recv_many(&mut batch, CACHE_GROUP).await > 0 {
                if let Err(error) = store.put(&batch, now_us()).await {
                    tracing::warn!("the response cache cannot be written: {error}");
                }
                batch.clear();
                batches += 1;
                if batches.is_multiple_of(CACHE_CHECKED_AFTER) {
                    keep_within(&store, most).await;
                }
                // Answers are not in a hurry: the longer they wait, the more are written at once.
                if !answers.is_closed() {
                    sleep(CACHE_LINGER).await;
                }
            }
            keep_within(&store, most).await;
        });
        (Self { get, put }, writer)
    }

    async fn look_up(&self, keys: &[CallKey]) -> Vec<Option<CachedAnswer>> {
        let mut waiting = Vec::with_capacity(keys.len());
        for key in keys {
            let (reply, answer) = oneshot::channel();
            // The queue ends only after the last call.
            let _ = self.get.send((key.key, reply)).await;
            waiting.push(answer);
        }
        let mut found = Vec::with_capacity(keys.len());
        for answer in waiting {
            found.push(answer.await.ok().flatten());
        }
        found
    }
}

/// Groups of answers after which the size of the cache is looked at.
const CACHE_CHECKED_AFTER: u32 = 256;

/// Removes what was not used for the longest time when the cache is larger than it may be.
async fn keep_within(cache: &Cache, most: u64) {
    let shrunk = async {
        // A tenth more than needed, so that it is not done again at once.
        if cache.size().await? > most { cache.shrink(most - most / 10).await } else { Ok(0) }
    };
    if let Err(error) = shrunk.await {
        tracing::warn!("the response cache cannot be shrunk: {error}");
    }
}

/// How long answers may wait for others before they are put into the cache together.
const CACHE_LINGER: Duration = Duration::from_millis(20);

impl Gateway {
    /// A gateway with at most `concurrency` calls in flight per account.
    pub fn new(concurrency: usize, budget: Arc<Budget>, cache: Option<CacheHandle>) -> Self {
        Self { accounts: Accounts::new(concurrency), budget, cache }
    }

    /// What calls are paid from.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The accounts that calls went to.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The cache key of a call: everything that can change its answer, the epoch included.
    pub fn key(target: &dyn Target, payload: &Value, epoch: u32) -> CallKey {
        let mut digest = Digest::stream();
        digest.update_json(payload);
        CallKey::new(target.traits().fingerprint, digest.finish(), epoch)
    }

    /// Whether calls of a target may be answered from the cache.
    pub fn caches(&self, target: &dyn Target) -> bool {
        self.cache.is_some() && target.traits().remote && target.traits().cacheable
    }

    /// What the cache has under keys, in their order.
    pub async fn look_up(&self, keys: &[CallKey]) -> Vec<LookedUp> {
        let Some(handle) = self.cache.as_ref().filter(|_| !keys.is_empty()) else {
            return keys.iter().map(|key| LookedUp::Absent(*key)).collect();
        };
        let known = |(key, found): (&CallKey, Option<CachedAnswer>)| {
            found.map_or(LookedUp::Absent(*key), |answer| LookedUp::Found(Box::new(answer)))
        };
        keys.iter().zip(handle.look_up(keys).await).map(known).collect()
    }

    async fn remember(&self, key: CallKey, reply: &Reply, latency: Duration) {
        if matches!(reply.output.finish, Some(Finish::Refusal)) {
            return;
        }
        if let Some(handle) = &self.cache {
            let answer = CachedAnswer {
                output: reply.output.clone(),
                latency_us: micros(latency),
                ttft_us: reply.ttft.map(micros),
            };
            // The queue ends only after the last call.
            let _ = handle.put.send((key, answer)).await;
        }
    }

    /// Sends until it is answered, fails for good or attempts are used up.
    async fn attempts(&self, target: &dyn Target, payload: &Value, trial: Option<&Purse>) -> Called {
        let traits = target.traits();
        let account = self.accounts.get(&traits.account, traits.max_concurrency, traits.per_minute);
        let size = size_of(payload);
        let most = self.most(target, size);
        let expected = size / LIKELY_BYTES_PER_TOKEN + traits.max_output_tokens.unwrap_or(LIKELY_OUTPUT_TOKENS);
        let mut called = without_call(Err(CallError::new(ErrorKind::Connection, "no attempt was made")));
        let made = AtomicU32::new(0);
        let call = Call { target, payload, trial, account: &account, expected, most, made: &made };
        loop {
            let attempt = match traits.hedge_after {
                None => self.attempt(call).await,
                Some(after) => self.hedged(call, after).await,
            };
            called.attempts = made.load(Ordering::Relaxed);
            called.latency = attempt.latency;
            called.cost += attempt.cost;
            called.refused_by_budget = attempt.refused;
            let error = match attempt.result {
                Ok(reply) => {
                    called.result = Ok(reply);
                    return called;
                }
                Err(error) => error,
            };
            let retry = !attempt.last && called.attempts <= allowed_retries(&error, traits) && account.worth_retrying();
            let wait = retry.then(|| error.retry_after.unwrap_or_else(|| backoff(payload, called.attempts)));
            match wait {
                Some(wait) if wait <= LONGEST_WAIT => {
                    called.result = Err(error);
                    sleep(wait).await;
                }
                Some(wait) => {
                    let message = format!("{} (asked to wait {} s)", error.message, wait.as_secs());
                    called.result = Err(CallError { message, ..error });
                    return called;
                }
                None => {
                    called.result = Err(error);
                    return called;
                }
            }
        }
    }

    /// One attempt, and a second one beside it when it is not answered for a while. The first answer counts; a failure
    /// waits for the other.
    async fn hedged(&self, call: Call<'_>, after: Duration) -> Attempt {
        let mut first = pin!(self.attempt(call));
        let until = now().checked_add(after).unwrap_or_else(now);
        if let Some(attempt) = within(until, first.as_mut()).await {
            return attempt;
        }
        let mut second = pin!(self.attempt(call));
        tokio::select! {
            biased;
            attempt = first.as_mut() => if attempt.result.is_ok() { attempt } else { second.await },
            attempt = second.as_mut() => if attempt.result.is_ok() { attempt } else { first.await },
        }
    }

    /// One attempt: waits in line, reserves, calls.
    async fn attempt(&self, call: Call<'_>) -> Attempt {
        let Call { target, payload, trial, account, expected, most, made } = call;
        let traits = target.traits();
        let failed = |error, refused, latency| Attempt {
            result: Err(error),
            latency,
            cost: Money::ZERO,
            refused,
            // Neither a budget nor an account that was given up changes its mind.
            last: true,
        };
        // Whoever has no time or money left need not wait for the rate limit.
        let over = self.budget.deadline(trial).filter(|(at, _)| now() >= *at).map(|(_, reason)| reason);
        if let Some(reason) = over.or_else(|| self.budget.could_bear(trial, most).err()) {
            return failed(CallError::new(ErrorKind::QuotaExhausted, reason), true, Duration::ZERO);
        }
        let permit = match account.permit(expected).await {
            Ok(permit) => permit,
            Err(error) => return failed(error, false, Duration::ZERO),
        };
        let mut reservation = match self.budget.reserve(trial, most).await {
            Ok(reservation) => reservation,
            Err(reason) => return failed(CallError::new(ErrorKind::QuotaExhausted, reason), true, Duration::ZERO),
        };
        reservation.begin();
        made.fetch_add(1, Ordering::Relaxed);
        let started = now();
        // A timeout that is longer than time itself is none.
        let until = started.checked_add(traits.timeout).unwrap_or(started + Duration::from_secs(u32::MAX.into()));
        let deadline = self.budget.deadline(trial).filter(|(at, _)| *at < until);
        let until = deadline.as_ref().map_or(until, |(at, _)| *at);
        let answer = within(until, target.call(payload)).await;
        let latency = now() - started;
        let result = match (answer, deadline) {
            (Some(result), _) => result,
            (None, Some((_, reason))) => {
                // The budget's fault, not the provider's: dropped, permit and reservation count it as a lost call.
                return failed(CallError::new(ErrorKind::QuotaExhausted, reason), true, latency);
            }
            (None, None) => {
                let seconds = traits.timeout.as_secs_f64();
                Err(CallError::new(ErrorKind::Timeout, format!("no complete answer within {seconds} s")))
            }
        };
        if let Some(rates) = traits.rates.take() {
            account.learn(&rates);
        }
        let usage = result.as_ref().map(|reply| reply.output.usage).unwrap_or_default();
        let used = result.is_ok().then(|| usage.total()).filter(|tokens| *tokens > 0);
        permit.finish(result.as_ref().map(|_| ()), used);
        let cost = result.as_ref().map(|reply| cost_of(target, &reply.output)).unwrap_or_default();
        reservation.settle(Amount { cost, tokens: usage.total(), calls: 1 }, usage.output_tokens.unwrap_or(0));
        Attempt { result, latency, cost, refused: false, last: false }
    }

    /// The most that one attempt could cost.
    pub(crate) fn most(&self, target: &dyn Target, size: u64) -> Amount {
        let traits = target.traits();
        let Some(price) = traits.price else {
            // Without a price only tokens and calls can be bounded.
            let output = self.budget.assumed_output(traits.max_output_tokens);
            return Amount { cost: Money::ZERO, tokens: size / BYTES_PER_TOKEN + output, calls: 1 };
        };
        let usage = Usage {
            input_tokens: Some(size / BYTES_PER_TOKEN),
            output_tokens: Some(self.budget.assumed_output(traits.max_output_tokens)),
            ..Usage::default()
        };
        Amount { cost: price.cost(&usage), tokens: usage.total(), calls: 1 }
    }
}

/// What every attempt of a call is made with.
#[derive(Clone, Copy)]
struct Call<'a> {
    target: &'a dyn Target,
    payload: &'a Value,
    trial: Option<&'a Purse>,
    account: &'a Account,
    /// Tokens it may need, for the rate limit.
    expected: u64,
    /// The most it could cost.
    most: Amount,
    /// Counts the calls that were made.
    made: &'a AtomicU32,
}

/// How an attempt ended.
struct Attempt {
    result: Result<Reply, CallError>,
    latency: Duration,
    cost: Money,
    refused: bool,
    /// No further attempt can help.
    last: bool,
}

/// Makes calls at the expense of one trial.
#[derive(Clone, Copy, Debug)]
pub struct TrialCaller<'a> {
    /// Where calls are made.
    pub gateway: &'a Gateway,
    /// What the trial may spend, where that is limited.
    pub purse: Option<&'a Purse>,
}

#[async_trait]
impl Caller for TrialCaller<'_> {
    async fn call(&self, target: &dyn Target, payload: &Value, epoch: u32) -> Called {
        self.call_after(target, payload, epoch, LookedUp::Not).await
    }
}

/// What is known of a call's answer in the cache.
#[derive(Clone, Debug, Default)]
pub enum LookedUp {
    /// It was not looked up yet.
    #[default]
    Not,
    /// There was none under this key.
    Absent(CallKey),
    /// This one.
    Found(Box<CachedAnswer>),
    /// There is none, and no call may be made for one: why.
    Missing(String),
    /// This came of it by batch; an answer is kept under the key.
    Batched(Box<Batched>, Option<CallKey>),
}

impl TrialCaller<'_> {
    /// Makes a call whose answer may have been looked up before.
    pub async fn call_after(&self, target: &dyn Target, payload: &Value, epoch: u32, looked_up: LookedUp) -> Called {
        let looked_up = match looked_up {
            LookedUp::Not if self.gateway.caches(target) => {
                let keys = [Gateway::key(target, payload, epoch)];
                self.gateway.look_up(&keys).await.pop().unwrap_or_default()
            }
            known => known,
        };
        let absent = match looked_up {
            LookedUp::Found(answer) => return at_hand(*answer),
            LookedUp::Batched(result, key) => return self.by_batch(*result, key).await,
            LookedUp::Missing(why) => return without_call(Err(CallError::new(ErrorKind::Missing, why))),
            LookedUp::Absent(key) => Some(key),
            LookedUp::Not => None,
        };
        if !target.traits().remote {
            // Recorded and echoed answers are at hand: nothing to limit, retry or pay.
            let result = target.call(payload).await;
            let cost = result.as_ref().map(|reply| cost_of(target, &reply.output)).unwrap_or_default();
            return Called { cost, attempts: 1, ..without_call(result) };
        }
        let called = self.gateway.attempts(target, payload, self.purse).await;
        if let (Some(key), Ok(reply)) = (absent, &called.result) {
            self.gateway.remember(key, reply, called.latency).await;
        }
        called
    }

    /// What came by batch. The run has paid for it when the batch ended, the trial does so here.
    async fn by_batch(&self, result: Batched, key: Option<CallKey>) -> Called {
        // Nobody measured how long it took to answer.
        match result {
            Batched::Answer { output, cost } => {
                if let Some(purse) = self.purse {
                    purse.spend(Amount { cost, tokens: output.usage.total(), calls: 1 });
                }
                let reply = Reply { output: *output, ttft: None };
                if let Some(key) = key {
                    self.gateway.remember(key, &reply, Duration::ZERO).await;
                }
                Called { cost, attempts: 1, ..without_call(Ok(reply)) }
            }
            Batched::Failed { kind, message } => {
                Called { attempts: 1, ..without_call(Err(CallError::new(kind, message))) }
            }
            Batched::Refused { reason } => Called {
                refused_by_budget: true,
                ..without_call(Err(CallError::new(ErrorKind::QuotaExhausted, reason)))
            },
        }
    }
}

/// What is known without a call that costs or takes anything.
fn without_call(result: Result<Reply, CallError>) -> Called {
    Called { result, cost: Money::ZERO, attempts: 0, cached: false, refused_by_budget: false, latency: Duration::ZERO }
}

/// An answer that was made before.
fn at_hand(answer: CachedAnswer) -> Called {
    let reply = Reply { output: answer.output, ttft: answer.ttft_us.map(Duration::from_micros) };
    Called { cached: true, latency: Duration::from_micros(answer.latency_us), ..without_call(Ok(reply)) }
}

/// What an answer cost: the target's own word, else the price table.
pub(crate) fn cost_of(target: &dyn Target, output: &Output) -> Money {
    output.cost.unwrap_or_else(|| target.traits().price.map_or(Money::ZERO, |price| price.cost(&output.usage)))
}

/// A broken answer or a crashed process may be deterministic: it gets one more chance, not all of them. A call that is
/// hedged may be made twice each time.
fn allowed_retries(error: &CallError, traits: &Traits) -> u32 {
    let retries = match error.kind {
        kind if !kind.is_transient() => 0,
        ErrorKind::BadResponse | ErrorKind::Process => traits.retries.min(1),
        _ => traits.retries,
    };
    if traits.hedge_after.is_some() { 2 * retries } else { retries }
}

/// Exponential from half a second to 30 seconds, times a factor from ½ to 1 that depends on the payload, so that
/// calls that failed together do not come back together and a repeated run waits alike.
fn backoff(payload: &Value, attempt: u32) -> Duration {
    let mut hasher = DefaultHasher::new();
    payload.to_string().hash(&mut hasher);
    attempt.hash(&mut hasher);
    let factor = 0.5 + (hasher.finish() % 1024) as f64 / 2048.0;
    Duration::from_secs_f64((0.5 * 2f64.powi(attempt.min(16) as i32 - 1)).min(30.0) * factor)
}

pub(crate) fn size_of(payload: &Value) -> u64 {
    match payload {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(size_of).sum::<u64>() + 2,
        Value::Object(fields) => fields.iter().map(|(key, value)| key.len() as u64 + size_of(value)).sum::<u64>() + 2,
        _ => 8,
    }
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
