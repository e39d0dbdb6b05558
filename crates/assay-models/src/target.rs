//! The one trait every target and model provider stands behind.

use std::time::Duration;

use assay_core::{Case, Digest, ErrorKind, Money, Output, Problem, Usage};
use async_trait::async_trait;
use serde_json::Value;

use crate::batch::Batches;
use crate::rates::SeenRates;

/// A system under test, or the model behind a judge.
///
/// A call has two halves, so that the engine can digest, cache, budget and repeat it without knowing what it is:
/// [`Target::prepare`] turns a case into a payload (pure, no I/O), [`Target::call`] sends one payload once. Retries,
/// limits, caching and budgets are the caller's.
#[async_trait]
pub trait Target: Send + Sync {
    /// Who this is and how its calls may be treated.
    fn traits(&self) -> &Traits;

    /// The payload for a case: everything about the case that can change the answer. Never contains the expected
    /// output or the reference contexts.
    ///
    /// # Errors
    /// A template that cannot be rendered for this case, a recorded output that is missing.
    fn prepare(&self, case: &Case) -> Result<Value, CallError>;

    /// Sends one payload once and reads the answer. Cancel-safe: dropping the future abandons the call.
    ///
    /// # Errors
    /// One classified failure; the caller decides about another attempt.
    async fn call(&self, payload: &Value) -> Result<Reply, CallError>;

    /// Finds a wrong key, a missing file, an unreachable server or an unknown model before money is spent.
    ///
    /// # Errors
    /// What a call would fail with.
    async fn preflight(&self) -> Result<(), CallError> {
        Ok(())
    }

    /// The variables the target's templates read, each with the JSON pointer (inside the target's configuration) of
    /// the template, so that missing columns are found before any call.
    fn template_variables(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The provider's batch API, where the suite wants the target's answers by it (`batch: true`).
    fn batches(&self) -> Option<&dyn Batches> {
        None
    }
}

/// Who a target is and how its calls may be treated.
#[derive(Clone, Debug)]
pub struct Traits {
    /// Model id, prompt, parameters, tools, base URL: everything that identifies the target, without secrets.
    pub fingerprint: Digest,
    /// Calls of one account share concurrency and rate limits: provider, host and a digest of the key.
    pub account: String,
    /// Whether an answer may be served from the cache for the same payload and epoch.
    pub cacheable: bool,
    /// Whether calls leave this process at all; `recorded` and `echo` do not, and need no limits or retries.
    pub remote: bool,
    /// Calls that may be in flight at once on the account, when the target itself knows a bound.
    pub max_concurrency: Option<usize>,
    /// The deadline of one attempt.
    pub timeout: Duration,
    /// Attempts after the first one that a transient failure may get.
    pub retries: u32,
    /// After how long a call that is not answered is made a second time.
    pub hedge_after: Option<Duration>,
    /// Dollars per million tokens, where known.
    pub price: Option<Price>,
    /// The largest number of tokens one answer may have, where configured; used to keep budgets.
    pub max_output_tokens: Option<u64>,
    /// Requests and tokens a minute that the account may use, where configured.
    pub per_minute: PerMinute,
    /// What the provider said about its limits.
    pub rates: SeenRates,
}

/// What an account may use in any minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PerMinute {
    /// Requests.
    pub requests: Option<f64>,
    /// Tokens read and written.
    pub tokens: Option<f64>,
}

/// Dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens read.
    pub input: f64,
    /// Tokens written.
    pub output: f64,
    /// Tokens read from the provider's prompt cache; the input price when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
}

impl Price {
    /// A share of it.
    pub fn times(&self, share: f64) -> Self {
        Self {
            input: self.input * share,
            output: self.output * share,
            cached_input: self.cached_input.map(|price| price * share),
        }
    }

    /// What a call with this usage costs.
    pub fn cost(&self, usage: &Usage) -> Money {
        let input = usage.input_tokens.unwrap_or(0);
        let cached = usage.cached_input_tokens.unwrap_or(0).min(input);
        Money::of_tokens(input - cached, self.input)
            + Money::of_tokens(cached, self.cached_input.unwrap_or(self.input))
            + Money::of_tokens(usage.output_tokens.unwrap_or(0), self.output)
    }
}

/// An answered call.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What the target gave back.
    pub output: Output,
    /// Time from sending to the first token, where it was streamed.
    pub ttft: Option<Duration>,
}

/// A failed call, classified.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct CallError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// In words, with the server's own message where it gave one; never contains secrets.
    pub message: String,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
}

impl CallError {
    /// A failure without a hint how long to wait.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None, status: None }
    }

    /// Whether the provider is too busy or restarting (502, 503, 504, 529), which says nothing about this call.
    pub fn is_overload(&self) -> bool {
        matches!(self.status, Some(502 | 503 | 504 | 529))
    }

    /// Whether nothing seems to be there that answers calls at all.
    pub fn is_outage(&self) -> bool {
        matches!(self.kind, ErrorKind::Connection | ErrorKind::Timeout) || self.is_overload()
    }
}

/// Makes calls on behalf of scorers: the engine's gateway, where limits, retries, budget and cache live. A judge is
/// given one, so that judges and targets share an account's limits.
#[async_trait]
pub trait Caller: Send + Sync {
    /// Calls a target with a payload; `epoch` is part of the cache key.
    async fn call(&self, target: &dyn Target, payload: &Value, epoch: u32) -> Called;
}

/// What became of a call made through a [`Caller`].
#[derive(Clone, Debug)]
pub struct Called {
    /// The answer, or the failure after all attempts.
    pub result: Result<Reply, CallError>,
    /// What it cost; zero when it was served from the cache.
    pub cost: Money,
    /// Attempts made; 0 when it was served from the cache.
    pub attempts: u32,
    /// True when it was served from the cache.
    pub cached: bool,
    /// True when the call was not made because it could have broken a budget.
    pub refused_by_budget: bool,
    /// Time of the successful attempt; for a cached answer the time it took when it was made.
    pub latency: Duration,
}

/// What building a target needs from outside.
#[derive(Clone, Debug, Default)]
pub struct BuildContext {
    /// The directory of the suite file: relative paths start there.
    pub base_dir: std::path::PathBuf,
    /// Refuse every connection that is not to this machine.
    pub offline: bool,
    /// User prices by model id, before the built-in table.
    pub prices: std::collections::BTreeMap<String, Price>,
    /// Sensitive data that may not be sent to every server.
    pub guarded: Vec<Guarded>,
}

impl BuildContext {
    /// Refuses a receiver that sensitive data may not go to: a host, or `command` or `python` for user code, which may
    /// send on what it gets.
    pub fn refused(&self, receiver: &str, at: &str) -> Option<Problem> {
        let data = self.guarded.iter().find(|data| !data.hosts.iter().any(|known| known == receiver))?;
        Some(
            Problem::new(at, format!("`{receiver}` may not receive {}", data.what))
                .help(format!("its owner may allow it: `{}{receiver}`", data.allow)),
        )
    }
}

/// Data that only some may receive.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// What it is, for messages: a dataset and how sensitive it is.
    pub what: String,
    /// The hosts that may receive it, beside this machine, and `command` and `python` where user code may.
    pub hosts: Vec<String>,
    /// The command that allows another one, up to its name.
    pub allow: String,
}

/// A builder's faults, each with a JSON pointer into the target's configuration.
pub type Problems = Vec<Problem>;
