//! Every call to a target or a judge goes through here: cache, budget, limits, deadline, retries.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use assay_core::{Digest, ErrorKind, Finish, Money, Usage};
use assay_models::{CallError, Called, Caller, Reply, Target};
use assay_store::{Cache, CachedAnswer};
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::budget::{Amount, Budget};
use crate::clock::{now, sleep, within};
use crate::execute::now_us;
use crate::limits::{Accounts, LONGEST_WAIT};

/// Bytes of a payload per token, low on purpose: budgets must not be broken by a dense text.
const BYTES_PER_TOKEN: u64 = 3;

/// The same for rate limits, where a guess is put right after the call.
const LIKELY_BYTES_PER_TOKEN: u64 = 4;

/// Tokens of an answer that has no limit, for rate limits.
const LIKELY_OUTPUT_TOKENS: u64 = 256;

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
    put: mpsc::Sender<(Digest, CachedAnswer)>,
}

/// The most keys or answers in one statement.
const CACHE_GROUP: usize = 2_000;

impl CacheHandle {
    /// Serves a cache until the last handle is dropped; the task ends when every answer is written.
    pub fn serve(cache: Cache) -> (Self, tokio::task::JoinHandle<()>) {
        let (get, mut keys) = mpsc::channel::<(Digest, oneshot::Sender<Option<CachedAnswer>>)>(CACHE_GROUP);
        let (put, mut answers) = mpsc::channel::<(Digest, CachedAnswer)>(CACHE_GROUP);
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
                for ((_, reply), answer) in asked.drain(..).zip(found) {
                    // Nobody waits any more when the call was abandoned.
                    let _ = reply.send(answer);
                }
            }
        });
        let writer = tokio::spawn(async move {
            let mut batch = Vec::new();
            while answers.recv_many(&mut batch, CACHE_GROUP).await > 0 {
                if let Err(error) = store.put(&batch, now_us()).await {
                    tracing::warn!("the response cache cannot be written: {error}");
                }
                batch.clear();
                // Answers are not in a hurry: the longer they wait, the more are written at once.
                if !answers.is_closed() {
                    sleep(CACHE_LINGER).await;
                }
            }
        });
        (Self { get, put }, writer)
    }

    async fn look_up(&self, keys: &[Digest]) -> Vec<Option<CachedAnswer>> {
        let mut waiting = Vec::with_capacity(keys.len());
        for key in keys {
            let (reply, answer) = oneshot::channel();
            // The queue ends only after the last call.
            let _ = self.get.send((*key, reply)).await;
            waiting.push(answer);
        }
        let mut found = Vec::with_capacity(keys.len());
        for answer in waiting {
            found.push(answer.await.ok().flatten());
        }
        found
    }
}

/// How long answers may wait for others before they are put into the cache together.
const CACHE_LINGER: Duration = Duration::from_millis(20);

impl Gateway {
    /// A gateway with at most `concurrency` calls in flight per account.
    pub fn new(concurrency: usize, budget: Arc<Budget>, cache: Option<CacheHandle>) -> Self {
        Self { accounts: Accounts::new(concurrency), budget, cache }
    }

    /// The accounts that calls went to.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The cache key of a call: everything that can change its answer, the epoch included.
    pub fn key(target: &dyn Target, payload: &Value, epoch: u32) -> Digest {
        let mut digest = Digest::stream();
        digest.update(b"assay answer 2\n");
        digest.update(target.traits().fingerprint.as_bytes());
        digest.update(&epoch.to_le_bytes());
        digest.update_json(payload);
        digest.finish()
    }

    /// Whether calls of a target may be answered from the cache.
    pub fn caches(&self, target: &dyn Target) -> bool {
        self.cache.is_some() && target.traits().remote && target.traits().cacheable
    }

    /// What the cache has under keys, in their order.
    pub async fn look_up(&self, keys: &[Digest]) -> Vec<LookedUp> {
        let Some(handle) = self.cache.as_ref().filter(|_| !keys.is_empty()) else {
            return keys.iter().map(|key| LookedUp::Absent(*key)).collect();
        };
        let known = |(key, found): (&Digest, Option<CachedAnswer>)| {
            found.map_or(LookedUp::Absent(*key), |answer| LookedUp::Found(Box::new(answer)))
        };
        keys.iter().zip(handle.look_up(keys).await).map(known).collect()
    }

    async fn remember(&self, key: Digest, reply: &Reply, latency: Duration) {
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
    async fn attempts(&self, target: &dyn Target, payload: &Value) -> Called {
        let traits = target.traits();
        let account = self.accounts.get(&traits.account, traits.max_concurrency, traits.per_minute);
        let size = size_of(payload);
        let most = self.most(target, size);
        let expected = size / LIKELY_BYTES_PER_TOKEN + traits.max_output_tokens.unwrap_or(LIKELY_OUTPUT_TOKENS);
        let mut called = Called {
            result: Err(CallError::new(ErrorKind::Connection, "no attempt was made")),
            cost: Money::ZERO,
            attempts: 0,
            cached: false,
            refused_by_budget: false,
            latency: Duration::ZERO,
        };
        loop {
            let permit = match account.permit(expected).await {
                Ok(permit) => permit,
                Err(error) => {
                    called.result = Err(error);
                    return called;
                }
            };
            if let Err(reason) = self.budget.reserve(most) {
                called.refused_by_budget = true;
                called.result = Err(CallError::new(ErrorKind::QuotaExhausted, reason));
                return called;
            }
            let reservation = Reservation { budget: &self.budget, most, open: true };
            called.attempts += 1;
            let started = now();
            // A timeout that is longer than time itself is none.
            let until = started.checked_add(traits.timeout).unwrap_or(started + Duration::from_secs(u32::MAX.into()));
            let result = match within(until, target.call(payload)).await {
                Some(result) => result,
                None => Err(CallError::new(
                    ErrorKind::Timeout,
                    format!("no complete answer within {} s", traits.timeout.as_secs_f64()),
                )),
            };
            called.latency = now() - started;
            if let Some(rates) = traits.rates.take() {
                account.learn(&rates);
            }
            let usage = result.as_ref().map(|reply| reply.output.usage).unwrap_or_default();
            let used = result.is_ok().then(|| usage.total()).filter(|tokens| *tokens > 0);
            permit.finish(result.as_ref().map(|_| ()), used);
            let cost = result.as_ref().map(|reply| cost_of(target, reply)).unwrap_or_default();
            reservation.settle(Amount { cost, tokens: usage.total(), calls: 1 }, usage.output_tokens.unwrap_or(0));
            called.cost += cost;
            let error = match result {
                Ok(reply) => {
                    called.result = Ok(reply);
                    return called;
                }
                Err(error) => error,
            };
            let wait = (called.attempts <= allowed_retries(&error, traits.retries) && account.worth_retrying())
                .then(|| error.retry_after.unwrap_or_else(|| backoff(payload, called.attempts)));
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

    /// The most that one attempt could cost.
    fn most(&self, target: &dyn Target, size: u64) -> Amount {
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

#[async_trait]
impl Caller for Gateway {
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
    Absent(Digest),
    /// This one.
    Found(Box<CachedAnswer>),
}

impl Gateway {
    /// Makes a call whose answer may have been looked up before.
    pub async fn call_after(&self, target: &dyn Target, payload: &Value, epoch: u32, looked_up: LookedUp) -> Called {
        if !target.traits().remote {
            // Recorded and echoed answers are at hand: nothing to limit, retry or pay.
            let result = target.call(payload).await;
            let cost = result.as_ref().map(|reply| cost_of(target, reply)).unwrap_or_default();
            return Called {
                result,
                cost,
                attempts: 1,
                cached: false,
                refused_by_budget: false,
                latency: Duration::ZERO,
            };
        }
        let looked_up = match looked_up {
            LookedUp::Not if self.caches(target) => {
                let keys = [Self::key(target, payload, epoch)];
                self.look_up(&keys).await.pop().unwrap_or_default()
            }
            known => known,
        };
        if let LookedUp::Found(answer) = looked_up {
            return Called {
                result: Ok(Reply { output: answer.output, ttft: answer.ttft_us.map(Duration::from_micros) }),
                cost: Money::ZERO,
                attempts: 0,
                cached: true,
                refused_by_budget: false,
                latency: Duration::from_micros(answer.latency_us),
            };
        }
        let called = self.attempts(target, payload).await;
        if let (LookedUp::Absent(key), Ok(reply)) = (looked_up, &called.result) {
            self.remember(key, reply, called.latency).await;
        }
        called
    }
}

/// A reservation that is settled, or given back as one lost call when the attempt is cancelled.
struct Reservation<'a> {
    budget: &'a Budget,
    most: Amount,
    open: bool,
}

impl Reservation<'_> {
    fn settle(mut self, spent: Amount, answer_tokens: u64) {
        self.open = false;
        self.budget.settle(self.most, spent, answer_tokens);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if self.open {
            self.budget.settle(self.most, Amount { calls: 1, ..Amount::default() }, 0);
        }
    }
}

/// What an answer cost: the target's own word, else the price table.
fn cost_of(target: &dyn Target, reply: &Reply) -> Money {
    reply
        .output
        .cost
        .unwrap_or_else(|| target.traits().price.map_or(Money::ZERO, |price| price.cost(&reply.output.usage)))
}

/// A broken answer or a crashed process may be deterministic: it gets one more chance, not all of them.
fn allowed_retries(error: &CallError, retries: u32) -> u32 {
    match error.kind {
        kind if !kind.is_transient() => 0,
        ErrorKind::BadResponse | ErrorKind::Process => retries.min(1),
        _ => retries,
    }
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

fn size_of(payload: &Value) -> u64 {
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
