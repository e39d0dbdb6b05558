//! Limits of one account: how many calls may be in flight, and when the next may start.
//!
//! Whoever wants to call waits in one line per account, so that targets and judges on it share it fairly. The first in
//! line goes when all of these let it:
//!
//! - **Concurrency**, which adapts: it starts at [`FIRST`] and grows by one with each answer (slow start) until the
//!   provider says that it is too much; then it is cut to 70 % and grows by one for each round of answers (additive
//!   increase, multiplicative decrease; Chiu & Jain 1989). It grows only while it is really used, and is cut once per
//!   episode, not once per rejected call: a call that was sent before the last cut says nothing new.
//! - **Pauses** that the provider asks for (`Retry-After`). A 429 that asks for none pauses the account for a twentieth of a
//!   second, twice as long each time, and half as long for each answer: whoever is next in line would only be rejected too,
//!   and what the limiter took last time it will take about again.
//! - **Buckets** of requests and tokens, filled at the rate that the suite states or the provider's headers tell.
//! - **The circuit**: after [`OUTAGE`] failures in a row of a kind that says nothing of the call (no connection, no
//!   answer in time, 502, 503, 504, 529) nobody is let through but one probe after a pause that doubles. One answer
//!   closes the circuit; when probes go on failing the account is given up, and every further call fails at once.
//!
//! What cannot be waited for (a wrong key, an exhausted quota, a request to come back tomorrow) gives the account up
//! at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assay_core::ErrorKind;
use assay_models::{CallError, PerMinute, Rate, Rates};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::{now, sleep_until};

/// Calls in flight at first.
const FIRST: usize = 16;
/// What is left of the limit after a cut.
const CUT: f64 = 0.7;
/// The first pause after a rejection that asks for none; it doubles up to the longest.
const FIRST_REJECTION: Duration = Duration::from_millis(50);
/// Doublings of that pause: to 6.4 seconds.
const LONGEST_REJECTIONS: u32 = 8;
/// Failures in a row after which the circuit opens.
const OUTAGE: u32 = 10;
/// The first pause before a probe; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause before a probe.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Probes that may fail in a row: about a minute of an outage.
const PROBES: u32 = 6;
/// The same on an account that has never answered: about seven seconds.
const FIRST_PROBES: u32 = 3;
/// Rejections of the key in a row that give up an account which has answered before: one may concern one call only.
const REJECTIONS: u32 = 5;
/// The longest that a provider's request to wait is followed; a longer one is a quota that is used up.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// The share of a stated rate that may be used at once. The rest is what flows in, so that no minute sees more than the
/// stated rate.
const BURST: f64 = 0.1;
/// Changes kept per account; later ones are counted only.
const HISTORY: usize = 1_000;

/// The accounts of a run.
#[derive(Debug)]
pub struct Accounts {
    concurrency: AtomicUsize,
    started: Instant,
    accounts: Mutex<HashMap<String, Arc<Account>>>,
}

/// A change of an account's limits.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Change {
    /// Since the process began to execute the run.
    pub after: Duration,
    /// Which account.
    pub account: String,
    /// What happened.
    pub what: What,
    /// Calls that may be in flight from then on.
    pub limit: usize,
    /// Why, in the provider's words where it said something.
    pub why: String,
}

/// What happened to an account's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// More calls may be in flight.
    Grown,
    /// Fewer calls may be in flight.
    Cut,
    /// Fewer calls may be in flight because somebody wants it so.
    Set,
    /// Nothing answers: calls wait for a probe.
    Opened,
    /// A probe was answered.
    Closed,
    /// Every further call fails at once.
    GivenUp,
}

impl What {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grown => "grown",
            Self::Cut => "cut",
            Self::Set => "set",
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::GivenUp => "given_up",
        }
    }
}

impl Accounts {
    /// Accounts that may have up to `concurrency` calls in flight.
    pub fn new(concurrency: usize) -> Self {
        Self { concurrency: AtomicUsize::new(concurrency.max(1)), started: now(), accounts: Mutex::default() }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Arc<Account>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account of a name. What the first of its targets states holds.
    pub fn get(&self, name: &str, bound: Option<usize>, rates: PerMinute) -> Arc<Account> {
        let mut accounts = self.accounts();
        if let Some(account) = accounts.get(name) {
            return Arc::clone(account);
        }
        let account = Arc::new(Account::new(bound, self.concurrency.load(Ordering::Relaxed), rates));
        accounts.insert(name.to_owned(), Arc::clone(&account));
        account
    }

    /// At most so many calls in flight on each account from now on, and on those that are met later. Calls in flight
    /// end; a limit that was raised grows as it is used.
    pub fn set_concurrency(&self, concurrency: usize) {
        self.concurrency.store(concurrency.max(1), Ordering::Relaxed);
        for account in self.accounts().values() {
            account.set_concurrency(concurrency.max(1));
        }
    }

    /// How long ago the accounts came to be.
    pub fn age(&self) -> Duration {
        now() - self.started
    }

    /// Takes what changed since the last time, in order.
    pub fn take_changes(&self) -> Vec<Change> {
        let mut all = Vec::new();
        for (name, account) in self.accounts().iter() {
            for (at, what, limit, why) in account.state().history.drain(..) {
                all.push(Change { after: at - self.started, account: name.clone(), what, limit, why });
            }
        }
        all.sort_by(|a, b| (a.after, &a.account).cmp(&(b.after, &b.account)));
        all
    }
}

/// One account with a provider.
#[derive(Debug)]
pub struct Account {
    /// What the target itself knows as a bound.
    bound: Option<usize>,
    most: AtomicUsize,
    /// Held by the first in line; others wait for it in the order they came.
    line: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    slow_start: bool,
    in_flight: usize,
    paused_until: Option<Instant>,
    last_cut: Option<Instant>,
    /// One more for each cut, one less for each answer: how long a rejection without a hint pauses.
    cuts: u32,
    circuit: Circuit,
    answered: bool,
    rejections: u32,
    requests: Bucket,
    tokens: Bucket,
    given_up: Option<CallError>,
    history: Vec<(Instant, What, usize, String)>,
    /// Changes ever kept, and the limit that was last among them.
    kept: usize,
    told: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Circuit {
    Closed {
        failures: u32,
    },
    /// Nobody goes before `until`; then one probe does.
    Open {
        until: Instant,
        failed: u32,
    },
    Probing {
        failed: u32,
    },
}

/// The most calls in flight on an account with a bound of its own.
fn most(bound: Option<usize>, concurrency: usize) -> usize {
    bound.unwrap_or(concurrency).clamp(1, concurrency)
}

/// The right to have one call in flight.
#[derive(Debug)]
pub struct Permit<'a> {
    account: &'a Account,
    started: Instant,
    tokens: f64,
    probe: bool,
    finished: bool,
}

/// What the first in line is told.
enum Turn {
    Go { probe: bool },
    Wait(Option<Instant>),
    Never(CallError),
}

impl Account {
    fn new(bound: Option<usize>, concurrency: usize, rates: PerMinute) -> Self {
        let now = crate::clock::now();
        let most = most(bound, concurrency);
        let state = State {
            limit: most.min(FIRST) as f64,
            slow_start: true,
            in_flight: 0,
            paused_until: None,
            last_cut: None,
            cuts: 0,
            circuit: Circuit::Closed { failures: 0 },
            answered: false,
            rejections: 0,
            requests: Bucket::stated(rates.requests, now),
            tokens: Bucket::stated(rates.tokens, now),
            given_up: None,
            history: Vec::new(),
            kept: 0,
            told: most.min(FIRST),
        };
        Self {
            bound,
            most: AtomicUsize::new(most),
            line: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in line for a call that may use about `tokens`. Cancel-safe.
    ///
    /// # Errors
    /// The failure that gave the account up: a wrong key or an exhausted quota concerns every further call.
    pub async fn permit(&self, tokens: u64) -> Result<Permit<'_>, CallError> {
        let _first = self.line.lock().await;
        loop {
            let now = crate::clock::now();
            let turn = self.state().turn(now, tokens as f64);
            match turn {
                Turn::Go { probe } => {
                    return Ok(Permit { account: self, started: now, tokens: tokens as f64, probe, finished: false });
                }
                Turn::Never(error) => return Err(error),
                // Only the first in line waits here, and a change that comes before it does is kept for it.
                Turn::Wait(None) => self.changed.notified().await,
                Turn::Wait(Some(until)) => {
                    tokio::select! {
                        biased;
                        () = sleep_until(until) => {}
                        () = self.changed.notified() => {}
                    }
                }
            }
        }
    }

    fn set_concurrency(&self, concurrency: usize) {
        let most = most(self.bound, concurrency);
        self.most.store(most, Ordering::Relaxed);
        let mut state = self.state();
        if state.limit > most as f64 {
            state.limit = most as f64;
            state.note(What::Set, "asked for");
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Whether another attempt may help: not on an account that was given up.
    pub fn worth_retrying(&self) -> bool {
        self.state().given_up.is_none()
    }

    /// Takes note of what the provider said about its limits.
    pub fn learn(&self, rates: &Rates) {
        let now = crate::clock::now();
        let mut state = self.state();
        let alone = state.in_flight <= 1;
        state.requests.learn(rates.requests, alone, now);
        state.tokens.learn(rates.tokens, alone, now);
        drop(state);
        self.changed.notify_one();
    }

    /// Calls that may be in flight now.
    pub fn limit(&self) -> usize {
        self.state().limit as usize
    }
}

impl State {
    fn turn(&mut self, now: Instant, tokens: f64) -> Turn {
        if let Some(error) = &self.given_up {
            return Turn::Never(error.clone());
        }
        let probe = match self.circuit {
            Circuit::Closed { .. } => None,
            Circuit::Open { until, .. } if now < until => return Turn::Wait(Some(until)),
            Circuit::Open { failed, .. } => Some(failed),
            Circuit::Probing { .. } => return Turn::Wait(None),
        };
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Turn::Wait(Some(until));
        }
        if self.in_flight as f64 >= self.limit.floor().max(1.0) {
            return Turn::Wait(None);
        }
        if let Some(wait) = self.requests.wait(1.0, now).max(self.tokens.wait(tokens, now)) {
            return Turn::Wait(Some(now + wait));
        }
        self.requests.take(1.0);
        self.tokens.take(tokens);
        self.in_flight += 1;
        if let Some(failed) = probe {
            self.circuit = Circuit::Probing { failed };
        }
        Turn::Go { probe: probe.is_some() }
    }

    fn note(&mut self, what: What, why: &str) {
        let limit = self.limit as usize;
        if self.kept < HISTORY {
            self.kept += 1;
            self.told = limit;
            self.history.push((now(), what, limit, why.to_owned()));
        }
    }

    fn grow(&mut self, most: usize) {
        // A limit that is not used says nothing about a larger one.
        if (self.in_flight as f64) < 0.8 * self.limit {
            return;
        }
        self.limit = (self.limit + if self.slow_start { 1.0 } else { 1.0 / self.limit }).min(most as f64);
        let limit = self.limit as usize;
        if limit > self.told && (limit >= 2 * self.told || limit == most) {
            self.note(What::Grown, "");
        }
    }

    fn cut(&mut self, sent: Instant, why: &str) {
        if self.last_cut.is_none_or(|cut| sent >= cut) {
            self.limit = (self.limit * CUT).max(1.0);
            self.slow_start = false;
            self.last_cut = Some(now());
            self.cuts = (self.cuts + 1).min(LONGEST_REJECTIONS);
            self.note(What::Cut, why);
        }
    }

    fn give_up(&mut self, kind: ErrorKind, why: String) {
        if self.given_up.is_none() {
            self.note(What::GivenUp, &why);
            self.given_up = Some(CallError::new(kind, why));
        }
    }

    /// The circuit after an answer of any kind.
    fn there(&mut self) {
        if !matches!(self.circuit, Circuit::Closed { .. }) {
            self.note(What::Closed, "");
        }
        self.circuit = Circuit::Closed { failures: 0 };
    }

    /// The circuit after a failure that says nothing about the call.
    fn outage(&mut self, probe: bool, error: &CallError) {
        let failed = match self.circuit {
            Circuit::Closed { failures } if failures + 1 < OUTAGE => {
                self.circuit = Circuit::Closed { failures: failures + 1 };
                return;
            }
            Circuit::Closed { .. } => 0,
            Circuit::Probing { failed } if probe => failed + 1,
            // A call that was sent before the circuit opened.
            _ => return,
        };
        if failed >= if self.answered { PROBES } else { FIRST_PROBES } {
            let why = format!("{} (given up: nothing answers)", error.message);
            self.give_up(error.kind, why);
        }
        let pause = (FIRST_PAUSE * 2u32.pow(failed.min(16))).min(LONGEST_PAUSE);
        self.circuit = Circuit::Open { until: now() + pause, failed };
        if failed == 0 {
            self.note(What::Opened, &error.message);
        }
    }

    fn finished(&mut self, permit: &Permit<'_>, result: Result<(), &CallError>, most: usize) {
        let Err(error) = result else {
            self.answered = true;
            self.rejections = 0;
            self.cuts = self.cuts.saturating_sub(1);
            self.there();
            self.grow(most);
            return;
        };
        if error.kind == ErrorKind::RateLimited || error.is_overload() {
            self.cut(permit.started, &error.message);
        }
        if error.kind == ErrorKind::RateLimited || (error.is_overload() && error.retry_after.is_some()) {
            let pause = error.retry_after.unwrap_or_else(|| FIRST_REJECTION * 2u32.pow(self.cuts.saturating_sub(1)));
            if pause > LONGEST_WAIT {
                let why = format!("{} (asked to wait {} s)", error.message, pause.as_secs());
                self.give_up(ErrorKind::QuotaExhausted, why);
            } else {
                self.paused_until = self.paused_until.max(Some(now() + pause));
            }
        }
        if error.is_outage() {
            self.outage(permit.probe, error);
            return;
        }
        self.there();
        if error.kind == ErrorKind::Authentication {
            self.rejections += 1;
            if !self.answered || self.rejections >= REJECTIONS {
                self.give_up(error.kind, format!("{} (account given up)", error.message));
            }
        } else if error.kind.is_fatal_for_account() {
            self.give_up(error.kind, format!("{} (account given up)", error.message));
        }
    }
}

impl Permit<'_> {
    /// Reports how the call ended, gives the place back, and what was taken of the token bucket but not used.
    pub fn finish(mut self, result: Result<(), &CallError>, tokens: Option<u64>) {
        self.finished = true;
        let most = self.account.most.load(Ordering::Relaxed);
        let mut state = self.account.state();
        if let Some(tokens) = tokens {
            state.tokens.take(tokens as f64 - self.tokens);
        }
        state.finished(&self, result, most);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.account.state();
        state.in_flight -= 1;
        if self.probe && !self.finished {
            // A probe that was abandoned says nothing: the next in line is one.
            if let Circuit::Probing { failed } = state.circuit {
                state.circuit = Circuit::Open { until: now(), failed };
            }
        }
        drop(state);
        self.account.changed.notify_one();
    }
}

/// What may be used now, and how fast more comes. Without a rate there is no limit. A call that needs more than there
/// ever is goes when the bucket is full and leaves it in debt.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: f64,
    most: f64,
    per_second: f64,
    at: Instant,
    stated: bool,
}

impl Bucket {
    /// A bucket for a rate that the suite states.
    fn stated(per_minute: Option<f64>, now: Instant) -> Self {
        match per_minute {
            Some(rate) => {
                let most = (rate * BURST).max(1.0);
                Self { level: most, most, per_second: rate * (1.0 - BURST) / 60.0, at: now, stated: true }
            }
            None => Self { level: f64::INFINITY, most: f64::INFINITY, per_second: 0.0, at: now, stated: false },
        }
    }

    fn fill(&mut self, now: Instant) {
        self.level = (self.level + self.per_second * (now - self.at).as_secs_f64()).min(self.most);
        self.at = now;
    }

    /// How long until `need` is there; `None` when it is.
    fn wait(&mut self, need: f64, now: Instant) -> Option<Duration> {
        self.fill(now);
        let need = need.min(self.most);
        if self.level + 1e-9 >= need {
            return None;
        }
        let seconds = ((need - self.level) / self.per_second).clamp(1e-3, LONGEST_WAIT.as_secs_f64());
        Some(Duration::from_secs_f64(seconds))
    }

    fn take(&mut self, amount: f64) {
        self.level = (self.level - amount).min(self.most);
    }

    /// Takes over what the provider says. It flows in evenly until all of it is back, as providers' buckets do; where
    /// one gives everything back at once, calls only wait longer than they had to. Calls in flight may not be counted
    /// in its word yet, so that only a call that was alone can raise the level.
    fn learn(&mut self, rate: Option<Rate>, alone: bool, now: Instant) {
        let Some(rate) = rate.filter(|_| !self.stated) else { return };
        let reset = rate.reset.map(|reset| reset.as_secs_f64()).filter(|seconds| *seconds > 0.0);
        self.per_second = match (rate.limit, reset) {
            (Some(limit), Some(reset)) if limit > rate.remaining => (limit - rate.remaining) / reset,
            // Limits without a word on when they end are those of a minute.
            (Some(limit), _) => limit / 60.0,
            (None, Some(reset)) => rate.remaining.max(1.0) / reset,
            // Nothing can be told: the provider has to say when it is too much.
            (None, None) => return,
        };
        self.fill(now);
        self.level = if alone { rate.remaining } else { self.level.min(rate.remaining) };
        self.most = rate.limit.unwrap_or(f64::INFINITY).max(rate.remaining);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{simulate, sleep};
    use futures::FutureExt;

    fn since(then: Instant) -> Duration {
        now() - then
    }

    fn account(most: usize) -> Account {
        Account::new(None, most, PerMinute::default())
    }

    fn failure(kind: ErrorKind) -> CallError {
        CallError::new(kind, "no")
    }

    fn limited(retry_after: Option<u64>) -> CallError {
        let mut error = CallError::new(ErrorKind::RateLimited, "slow down");
        error.retry_after = retry_after.map(Duration::from_millis);
        error
    }

    async fn call(account: &Account, result: Result<(), &CallError>) -> Result<(), CallError> {
        account.permit(0).await?.finish(result, None);
        Ok(())
    }

    #[test]
    fn the_limit_doubles_by_the_round_until_it_is_too_much_and_then_grows_by_one() {
        simulate(async {
            let account = Arc::new(account(100));
            let mut callers = tokio::task::JoinSet::new();
            for _ in 0..200 {
                let account = account.clone();
                callers.spawn(async move {
                    loop {
                        let permit = account.permit(0).await.unwrap();
                        sleep(Duration::from_millis(10)).await;
                        permit.finish(Ok(()), None);
                    }
                });
            }
            let mut limits = Vec::new();
            sleep(Duration::from_millis(5)).await;
            for _ in 0..5 {
                limits.push(account.limit());
                sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(limits, [16, 32, 64, 100, 100]);
            account.state().cut(now(), "too much");
            limits.clear();
            for _ in 0..3 {
                limits.push(account.limit());
                sleep(Duration::from_millis(10)).await;
            }
            // Calls beyond the new limit have to end before it is the used one.
            assert!(limits[0] == 70 && (70..=73).contains(&limits[2]), "{limits:?}");
            let told: Vec<usize> = account.state().history.iter().map(|change| change.2).collect();
            assert_eq!(told, [32, 64, 100, 70]);
        });
    }

    #[test]
    fn a_limit_that_is_not_used_does_not_grow() {
        simulate(async {
            let account = account(100);
            for _ in 0..200 {
                call(&account, Ok(())).await.unwrap();
            }
            assert_eq!(account.limit(), FIRST);
        });
    }

    #[test]
    fn one_episode_of_rate_limits_cuts_once() {
        simulate(async {
            let account = account(10);
            let permits = futures::future::join_all((0..10).map(|_| account.permit(0))).await;
            sleep(Duration::from_millis(10)).await;
            for permit in permits {
                permit.unwrap().finish(Err(&limited(None)), None);
            }
            assert_eq!(account.limit(), 7);
            call(&account, Err(&limited(None))).await.unwrap();
            assert_eq!(account.limit(), 4, "a call that was sent after the cut says something new");
        });
    }

    /// A limiter in front of the provider, as nginx has one: so many calls a second, two more at once, and no word about
    /// when to come back.
    #[test]
    fn a_limiter_that_gives_no_hint_is_used_well_and_not_hammered() {
        for rate in [0.7, 5.0] {
            limited_to(rate);
        }
    }

    fn limited_to(rate: f64) {
        simulate(async move {
            let account = Arc::new(account(16));
            let level = Arc::new(Mutex::new((3.0_f64, now())));
            let (answered, rejected) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let mut callers = tokio::task::JoinSet::new();
            for _ in 0..16 {
                let (account, level) = (account.clone(), level.clone());
                let (answered, rejected) = (answered.clone(), rejected.clone());
                callers.spawn(async move {
                    loop {
                        let permit = account.permit(0).await.unwrap();
                        let admitted = {
                            let mut level = level.lock().unwrap();
                            level.0 = (level.0 + rate * since(level.1).as_secs_f64()).min(3.0);
                            level.1 = now();
                            let admitted = level.0 >= 1.0;
                            level.0 -= f64::from(u8::from(admitted));
                            admitted
                        };
                        if admitted {
                            sleep(Duration::from_millis(300)).await;
                            permit.finish(Ok(()), None);
                            answered.fetch_add(1, Ordering::Relaxed);
                        } else {
                            sleep(Duration::from_millis(1)).await;
                            permit.finish(Err(&limited(None)), None);
                            rejected.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            sleep(Duration::from_secs(300)).await;
            let (answered, rejected) = (answered.load(Ordering::Relaxed), rejected.load(Ordering::Relaxed));
            // A rejection for an answer is how the limit is found.
            let possible = (rate * 300.0).min(16.0 / 0.3 * 300.0);
            assert!(
                answered as f64 >= 0.55 * possible && rejected as f64 <= 1.6 * answered as f64,
                "{rate}: {answered} of {possible} answered, {rejected} rejected"
            );
        });
    }

    #[test]
    fn an_overloaded_provider_is_a_cut_too() {
        simulate(async {
            let account = account(10);
            let mut busy = failure(ErrorKind::Server);
            busy.status = Some(529);
            call(&account, Err(&busy)).await.unwrap();
            assert_eq!(account.limit(), 7);
            busy.status = Some(500);
            call(&account, Err(&busy)).await.unwrap();
            assert_eq!(account.limit(), 7, "an error of the application is an answer");
        });
    }

    #[test]
    fn retry_after_pauses_the_whole_account() {
        simulate(async {
            let account = account(4);
            call(&account, Err(&limited(Some(40)))).await.unwrap();
            let before = now();
            drop(account.permit(0).await.unwrap());
            assert_eq!(since(before), Duration::from_millis(40));
        });
    }

    #[test]
    fn come_back_tomorrow_is_a_quota() {
        simulate(async {
            let account = account(4);
            call(&account, Err(&limited(Some(86_400_000)))).await.unwrap();
            let error = account.permit(0).now_or_never().unwrap().unwrap_err();
            assert_eq!(error.kind, ErrorKind::QuotaExhausted);
            assert!(error.message.contains("86400 s"), "{error}");
        });
    }

    #[test]
    fn a_wrong_key_gives_the_account_up_and_wakes_all_who_wait() {
        simulate(async {
            let account = account(1);
            let first = account.permit(0).await.unwrap();
            let waiting = futures::future::join_all((0..50).map(|_| account.permit(0)));
            let rejected = failure(ErrorKind::Authentication);
            let (waited, ()) = futures::join!(waiting, async { first.finish(Err(&rejected), None) });
            assert!(waited.into_iter().all(|permit| permit.unwrap_err().message.contains("given up")));
        });
    }

    #[test]
    fn one_forbidden_call_among_answers_gives_nothing_up() {
        simulate(async {
            let account = account(4);
            call(&account, Ok(())).await.unwrap();
            for _ in 0..REJECTIONS - 1 {
                call(&account, Err(&failure(ErrorKind::Authentication))).await.unwrap();
            }
            call(&account, Ok(())).await.unwrap();
            for _ in 0..REJECTIONS {
                call(&account, Err(&failure(ErrorKind::Authentication))).await.unwrap();
            }
            assert!(account.permit(0).await.is_err());
        });
    }

    #[test]
    fn an_exhausted_quota_gives_the_account_up_at_once() {
        simulate(async {
            let account = account(4);
            call(&account, Ok(())).await.unwrap();
            call(&account, Err(&failure(ErrorKind::QuotaExhausted))).await.unwrap();
            assert_eq!(account.permit(0).await.unwrap_err().kind, ErrorKind::QuotaExhausted);
        });
    }

    #[test]
    fn no_more_calls_than_the_limit_are_in_flight() {
        simulate(async {
            let account = account(2);
            let (a, _b) = (account.permit(0).await.unwrap(), account.permit(0).await.unwrap());
            assert!(account.permit(0).now_or_never().is_none());
            a.finish(Ok(()), None);
            assert!(account.permit(0).await.is_ok());
        });
    }

    #[test]
    fn the_line_is_served_in_order() {
        simulate(async {
            let account = Arc::new(account(1));
            let first = account.permit(0).await.unwrap();
            let served = Arc::new(Mutex::new(Vec::new()));
            let mut tasks = tokio::task::JoinSet::new();
            for i in 0..20 {
                let (account, served) = (account.clone(), served.clone());
                tasks.spawn(async move {
                    let permit = account.permit(0).await.unwrap();
                    served.lock().unwrap().push(i);
                    sleep(Duration::from_millis(1)).await;
                    permit.finish(Ok(()), None);
                });
                tokio::task::yield_now().await;
            }
            first.finish(Ok(()), None);
            while tasks.join_next().await.is_some() {}
            assert_eq!(*served.lock().unwrap(), (0..20).collect::<Vec<_>>());
        });
    }

    #[test]
    fn an_outage_is_waited_for_with_one_probe_at_a_time() {
        simulate(async {
            let account = account(8);
            call(&account, Ok(())).await.unwrap();
            let started = now();
            for _ in 0..OUTAGE {
                call(&account, Err(&failure(ErrorKind::Connection))).await.unwrap();
            }
            assert_eq!(since(started), Duration::ZERO);
            // Probes after 1, 2 and 4 more seconds; the third is answered.
            for seconds in [1, 3] {
                let probe = account.permit(0).await.unwrap();
                assert_eq!(since(started), Duration::from_secs(seconds));
                assert!(account.permit(0).now_or_never().is_none(), "nobody else goes");
                probe.finish(Err(&failure(ErrorKind::Connection)), None);
            }
            let probe = account.permit(0).await.unwrap();
            assert_eq!(since(started), Duration::from_secs(7));
            probe.finish(Ok(()), None);
            let _both = (account.permit(0).await.unwrap(), account.permit(0).await.unwrap());
            let whats: Vec<What> = account.state().history.iter().map(|change| change.1).collect();
            assert_eq!(whats, [What::Opened, What::Closed]);
        });
    }

    #[test]
    fn a_provider_that_never_answered_is_given_up_after_seven_seconds() {
        simulate(async {
            let account = account(8);
            let started = now();
            let mut calls = 0;
            let error = loop {
                match account.permit(0).await {
                    Ok(permit) => permit.finish(Err(&failure(ErrorKind::Connection)), None),
                    Err(error) => break error,
                }
                calls += 1;
            };
            assert_eq!((since(started), calls), (Duration::from_secs(7), OUTAGE + FIRST_PROBES));
            assert_eq!(error.kind, ErrorKind::Connection);
            assert!(!account.worth_retrying());
        });
    }

    #[test]
    fn an_abandoned_probe_lets_the_next_one_go() {
        simulate(async {
            let account = account(8);
            for _ in 0..OUTAGE {
                call(&account, Err(&failure(ErrorKind::Timeout))).await.unwrap();
            }
            drop(account.permit(0).await.unwrap());
            assert!(account.permit(0).await.unwrap().probe);
        });
    }

    #[test]
    fn no_minute_sees_more_than_the_stated_rate() {
        simulate(async {
            let rate = 120.0;
            let account = Account::new(None, 1_000, PerMinute { requests: Some(rate), tokens: None });
            let started = now();
            let mut times = Vec::new();
            for _ in 0..400 {
                call(&account, Ok(())).await.unwrap();
                times.push(since(started).as_secs_f64());
            }
            let most =
                times.iter().map(|from| times.iter().filter(|at| (*from..from + 60.0).contains(*at)).count()).max();
            assert!((110..=120).contains(&most.unwrap()), "{most:?}");
        });
    }

    #[test]
    fn tokens_that_were_not_used_are_given_back() {
        simulate(async {
            let account = Account::new(None, 8, PerMinute { requests: None, tokens: Some(6_000.0) });
            let started = now();
            // 600 at once and 90 a second.
            account.permit(600).await.unwrap().finish(Ok(()), Some(150));
            account.permit(450).await.unwrap().finish(Ok(()), Some(450));
            assert_eq!(since(started), Duration::ZERO);
            account.permit(90).await.unwrap().finish(Ok(()), Some(90));
            assert!((since(started).as_secs_f64() - 1.0).abs() < 0.01, "{:?}", since(started));
            // More than ever fits goes when the bucket is full.
            account.permit(100_000).await.unwrap().finish(Ok(()), Some(0));
            assert!(since(started) < Duration::from_secs(9));
        });
    }

    #[test]
    fn headers_slow_calls_down_before_the_provider_has_to() {
        simulate(async {
            let account = account(8);
            let started = now();
            let none_left = Rate { limit: Some(60.0), remaining: 0.0, reset: Some(Duration::from_secs(60)) };
            account.permit(0).await.unwrap().finish(Ok(()), None);
            account.learn(&Rates { requests: Some(none_left), tokens: None });
            for _ in 0..3 {
                call(&account, Ok(())).await.unwrap();
            }
            assert!((since(started).as_secs_f64() - 3.0).abs() < 0.01, "{:?}", since(started));
            // No word on when more comes is no standstill.
            let account = super::tests::account(8);
            account.learn(&Rates { requests: Some(Rate { limit: None, remaining: 0.0, reset: None }), tokens: None });
            assert!(account.permit(0).now_or_never().is_some());
        });
    }
}
