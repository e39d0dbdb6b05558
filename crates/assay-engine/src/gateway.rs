//! Every call to a target or a judge goes through here: cache, budget, limits, deadline, retries.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use assay_core::{Digest, ErrorKind, Finish, Money, Usage};
use assay_models::{CallError, Called, Caller, Reply, Target};
use assay_store::{Cache, CachedAnswer};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::budget::{Amount, Budget};
use crate::limits::Accounts;

/// The longest that a provider's request to wait is followed; a longer one is a failure that says so.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Bytes of a payload per token, low on purpose: budgets must not be broken by a dense text.
const BYTES_PER_TOKEN: u64 = 3;

/// Makes calls under the run's limits, budget and cache.
#[derive(Debug)]
pub struct Gateway {
    accounts: Accounts,
    budget: Arc<Budget>,
    cache: Option<CacheHandle>,
}

/// The cache with its queue of answers to be written.
#[derive(Clone, Debug)]
pub struct CacheHandle {
    /// Where answers are looked up.
    pub cache: Cache,
    /// Where new answers go.
    pub put: mpsc::Sender<(Digest, CachedAnswer)>,
}

impl Gateway {
    /// A gateway with at most `concurrency` calls in flight per account.
    pub fn new(concurrency: usize, budget: Arc<Budget>, cache: Option<CacheHandle>) -> Self {
        Self { accounts: Accounts::new(concurrency), budget, cache }
    }

    /// The cache key of a call: everything that can change its answer, the epoch included.
    pub fn key(target: &dyn Target, payload: &Value, epoch: u32) -> Digest {
        Digest::of_json(&json!({"target": target.traits().fingerprint, "payload": payload, "epoch": epoch}))
    }

    async fn look_up(
        &self,
        target: &dyn Target,
        payload: &Value,
        epoch: u32,
    ) -> (Option<Digest>, Option<CachedAnswer>) {
        let Some(handle) = self.cache.as_ref().filter(|_| target.traits().cacheable) else { return (None, None) };
        let key = Self::key(target, payload, epoch);
        match handle.cache.get(key).await {
            Ok(found) => (Some(key), found),
            Err(error) => {
                // A broken cache costs money, never results.
                tracing::warn!("the response cache cannot be read: {error}");
                (None, None)
            }
        }
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
        let account = self.accounts.get(&traits.account, traits.max_concurrency);
        let most = self.most(target, payload);
        let mut called = Called {
            result: Err(CallError::new(ErrorKind::Connection, "no attempt was made")),
            cost: Money::ZERO,
            attempts: 0,
            cached: false,
            refused_by_budget: false,
            latency: Duration::ZERO,
        };
        loop {
            let permit = match account.permit().await {
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
            let started = Instant::now();
            let result = match tokio::time::timeout(traits.timeout, target.call(payload)).await {
                Ok(result) => result,
                Err(_) => Err(CallError::new(
                    ErrorKind::Timeout,
                    format!("no complete answer within {} s", traits.timeout.as_secs_f64()),
                )),
            };
            called.latency = started.elapsed();
            permit.finish(result.as_ref().map(|_| ()));
            let usage = result.as_ref().map(|reply| reply.output.usage).unwrap_or_default();
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
                    tokio::time::sleep(wait).await;
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
    fn most(&self, target: &dyn Target, payload: &Value) -> Amount {
        let traits = target.traits();
        let Some(price) = traits.price else {
            // Without a price only tokens and calls can be bounded.
            let output = self.budget.assumed_output(traits.max_output_tokens);
            return Amount { cost: Money::ZERO, tokens: size_of(payload) / BYTES_PER_TOKEN + output, calls: 1 };
        };
        let usage = Usage {
            input_tokens: Some(size_of(payload) / BYTES_PER_TOKEN),
            output_tokens: Some(self.budget.assumed_output(traits.max_output_tokens)),
            ..Usage::default()
        };
        Amount { cost: price.cost(&usage), tokens: usage.total(), calls: 1 }
    }
}

#[async_trait]
impl Caller for Gateway {
    async fn call(&self, target: &dyn Target, payload: &Value, epoch: u32) -> Called {
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
        let (key, found) = self.look_up(target, payload, epoch).await;
        if let Some(answer) = found {
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
        if let (Some(key), Ok(reply)) = (key, &called.result) {
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
