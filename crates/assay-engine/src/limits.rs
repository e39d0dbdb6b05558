//! Limits of one account: how many calls may be in flight, and when the next may start.
//!
//! Concurrency adapts by additive increase and multiplicative decrease. It is cut once per rate-limit episode, not
//! once per rejected call, and grows only while the limit is really used. A dead account fails fast instead of
//! burning the suite.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assay_core::ErrorKind;
use assay_models::CallError;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Consecutive failures to connect after which calls are no longer retried.
const DEAD_AFTER: u32 = 10;

/// The accounts of a run.
#[derive(Debug)]
pub struct Accounts {
    concurrency: usize,
    accounts: Mutex<HashMap<String, Arc<Account>>>,
}

impl Accounts {
    /// Accounts that start with `concurrency` calls in flight.
    pub fn new(concurrency: usize) -> Self {
        Self { concurrency, accounts: Mutex::default() }
    }

    /// The account of a name. The smallest bound any of its targets states holds.
    pub fn get(&self, name: &str, bound: Option<usize>) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(name) {
            return Arc::clone(account);
        }
        let most = bound.unwrap_or(self.concurrency).clamp(1, self.concurrency.max(1));
        let account = Arc::new(Account::new(most));
        accounts.insert(name.to_owned(), Arc::clone(&account));
        account
    }
}

/// One account with a provider.
#[derive(Debug)]
pub struct Account {
    most: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    in_flight: usize,
    paused_until: Option<Instant>,
    last_cut: Option<Instant>,
    connection_failures: u32,
    closed: Option<CallError>,
}

/// The right to have one call in flight.
#[derive(Debug)]
pub struct Permit<'a> {
    account: &'a Account,
    started: Instant,
}

impl Account {
    fn new(most: usize) -> Self {
        let state = State {
            limit: most as f64,
            in_flight: 0,
            paused_until: None,
            last_cut: None,
            connection_failures: 0,
            closed: None,
        };
        Self { most, state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place, and for the end of a pause that the provider asked for.
    ///
    /// # Errors
    /// The failure that closed the account: a wrong key or an exhausted quota concerns every further call.
    pub async fn permit(&self) -> Result<Permit<'_>, CallError> {
        loop {
            let changed = self.changed.notified();
            let wait = {
                let mut state = self.state();
                if let Some(error) = &state.closed {
                    return Err(error.clone());
                }
                let now = Instant::now();
                match state.paused_until.filter(|until| *until > now) {
                    Some(until) => Some(until),
                    None if (state.in_flight as f64) < state.limit.floor().max(1.0) => {
                        state.in_flight += 1;
                        return Ok(Permit { account: self, started: now });
                    }
                    None => None,
                }
            };
            match wait {
                Some(until) => tokio::time::sleep_until(until).await,
                None => changed.await,
            }
        }
    }

    /// Whether another attempt may help: not on a closed account, and not while nothing answers at all.
    pub fn worth_retrying(&self) -> bool {
        let state = self.state();
        state.closed.is_none() && state.connection_failures < DEAD_AFTER
    }

    /// Calls that may be in flight now.
    pub fn limit(&self) -> usize {
        self.state().limit as usize
    }
}

impl Permit<'_> {
    /// Reports how the call ended and gives the place back.
    pub fn finish(self, result: Result<(), &CallError>) {
        let mut state = self.account.state();
        match result {
            Ok(()) => {
                state.connection_failures = 0;
                let used = state.in_flight as f64 >= 0.8 * state.limit;
                if used {
                    state.limit = (state.limit + 1.0 / state.limit).min(self.account.most as f64);
                }
            }
            Err(error) if error.kind == ErrorKind::RateLimited => {
                let now = Instant::now();
                // Calls sent before the last cut tell nothing new about the rate after it.
                if state.last_cut.is_none_or(|cut| self.started >= cut) {
                    state.limit = (state.limit * 0.7).max(1.0);
                    state.last_cut = Some(now);
                }
                let pause = error.retry_after.unwrap_or(Duration::ZERO);
                state.paused_until = state.paused_until.max(Some(now + pause));
            }
            Err(error) if error.kind.is_fatal_for_account() => {
                state.closed = Some(CallError::new(error.kind, format!("{} (account closed)", error.message)));
            }
            Err(error) if error.kind == ErrorKind::Connection => state.connection_failures += 1,
            Err(_) => {}
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.account.state().in_flight -= 1;
        self.account.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(retry_after: Option<u64>) -> CallError {
        let mut error = CallError::new(ErrorKind::RateLimited, "slow down");
        error.retry_after = retry_after.map(Duration::from_millis);
        error
    }

    #[tokio::test]
    async fn one_episode_of_rate_limits_cuts_once() {
        let account = Account::new(100);
        let permits = futures::future::join_all((0..50).map(|_| account.permit())).await;
        for permit in permits {
            permit.unwrap().finish(Err(&limited(None)));
        }
        assert_eq!(account.limit(), 70);
    }

    #[tokio::test]
    async fn retry_after_pauses_the_whole_account() {
        let account = Account::new(4);
        account.permit().await.unwrap().finish(Err(&limited(Some(40))));
        let before = Instant::now();
        drop(account.permit().await.unwrap());
        assert!(before.elapsed() >= Duration::from_millis(40));
    }

    #[tokio::test]
    async fn a_wrong_key_closes_the_account() {
        let account = Account::new(4);
        account.permit().await.unwrap().finish(Err(&CallError::new(ErrorKind::Authentication, "wrong key")));
        assert!(account.permit().await.unwrap_err().message.contains("wrong key"));
    }

    #[tokio::test]
    async fn no_more_calls_than_the_limit_are_in_flight() {
        let account = Account::new(2);
        let (a, _b) = (account.permit().await.unwrap(), account.permit().await.unwrap());
        assert!(futures::FutureExt::now_or_never(account.permit()).is_none());
        a.finish(Ok(()));
        assert!(account.permit().await.is_ok());
    }
}
