//! What all runs of a workspace may spend together in a calendar month.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assay_core::run::Caps;
use assay_core::{Money, RunId};
use assay_store::{MonthSpend, State, StoreError};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::budget::Amount;
use crate::clock::now;

/// Calls like the next one that are set aside in the month's ledger together: the most that the month allows.
const CALLS_SET_ASIDE: [u64; 3] = [64, 8, 1];

/// Seconds of wall time that are set aside together: the most that the month allows.
const SECONDS_SET_ASIDE: [u64; 3] = [60, 10, 1];

/// A run's part in what all runs of a workspace may spend in a calendar month (UTC). The run sets amounts aside in the
/// workspace's state before it spends them; what a process that died had set aside stays set aside until the run is
/// resumed, so that the limit holds whatever happens. Wall time is that of all runs added
/// up, as far as each was executed; a call in flight is let end.
#[derive(Debug)]
pub(crate) struct Month {
    caps: Caps,
    state: State,
    run: RunId,
    inner: Mutex<InMonth>,
    /// One at a time sets more aside.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct InMonth {
    month: String,
    spent: Amount,
    reserved: Amount,
    aside: Amount,
    /// Seconds that earlier processes of this run took.
    seconds: u64,
    /// Since when this process counts.
    began: Instant,
    /// Until when its time is set aside.
    until: Instant,
}

impl InMonth {
    /// The run's wall time in this month, in seconds begun.
    fn took(&self) -> u64 {
        let since = now().duration_since(self.began);
        self.seconds + since.as_secs() + u64::from(since.subsec_nanos() > 0)
    }
}

/// The calendar month that budgets count in now, UTC, as `2026-11`.
pub fn this_month() -> String {
    let today = OffsetDateTime::now_utc();
    format!("{:04}-{:02}", today.year(), u8::from(today.month()))
}

fn spend(amount: Amount) -> MonthSpend {
    MonthSpend { cost_nanousd: amount.cost.nanos(), tokens: amount.tokens, calls: amount.calls }
}

impl Month {
    pub(crate) async fn open(caps: Caps, state: State, run: RunId, in_all: Amount) -> Result<Self, StoreError> {
        let month = this_month();
        let row = state.month_spend(&month, Some(run)).await?;
        // What an earlier process of this run set aside and did not spend is free again.
        let spent = Amount {
            cost: in_all.cost.min(Money::from_nanos(row.cost_nanousd)),
            tokens: in_all.tokens.min(row.tokens),
            calls: in_all.calls.min(row.calls),
        };
        let (seconds, began) = (state.month_seconds(&month, Some(run)).await?, now());
        let (reserved, aside) = (Amount::default(), Amount::default());
        let inner = InMonth { month, spent, reserved, aside, seconds, began, until: began };
        Ok(Self { caps, state, run, inner: Mutex::new(inner), asking: tokio::sync::Mutex::default() })
    }

    fn inner(&self) -> MutexGuard<'_, InMonth> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves out of what is set aside; gives what would have to be set aside otherwise.
    fn try_reserve(&self, most: Amount) -> Result<(), Amount> {
        let mut inner = self.inner();
        let held = inner.spent.plus(inner.reserved).plus(most);
        if !held.within(inner.aside) {
            return Err(held);
        }
        inner.reserved = inner.reserved.plus(most);
        Ok(())
    }

    pub(crate) async fn reserve(&self, most: Amount) -> Result<(), String> {
        let month = this_month();
        let timely = || self.caps.minutes.is_none() || now() < self.inner().until;
        if self.inner().month == month && timely() && self.try_reserve(most).is_ok() {
            return Ok(());
        }
        let _one = self.asking.lock().await;
        // Another month may have begun while others asked.
        let month = this_month();
        self.turn(&month).await?;
        if !timely() {
            self.set_time_aside(&month).await?;
        }
        // A statement for every call would cost more than most calls. Near the limit other runs need what is left.
        let mut steps = CALLS_SET_ASIDE.into_iter();
        while let Err(needed) = self.try_reserve(most) {
            let Some(ahead) = steps.next() else { return Err(self.used_up(&month).await) };
            let wanted = (1..ahead).fold(needed, |sum, _| sum.plus(most)).at_least(self.inner().aside);
            if self.set_aside(&month, wanted).await? {
                self.inner().aside = wanted;
                // Calls that did not have to ask may be quicker to take it.
                steps = CALLS_SET_ASIDE.into_iter();
            }
        }
        Ok(())
    }

    /// Why a call is refused.
    async fn used_up(&self, month: &str) -> String {
        let all = match self.state.month_spend(month, None).await {
            Ok(all) => all,
            Err(error) => return error.to_string(),
        };
        let limits: Vec<String> = [
            self.caps.usd.map(|usd| Money::from_dollars(usd).to_string()),
            self.caps.tokens.map(|tokens| format!("{tokens} tokens")),
            self.caps.calls.map(|calls| format!("{calls} calls")),
        ]
        .into_iter()
        .flatten()
        .collect();
        format!(
            "another call could exceed the budget of {} for {month}, which all runs of the workspace share ({}, {} \
             tokens, {} calls used or set aside)",
            limits.join(", "),
            Money::from_nanos(all.cost_nanousd),
            all.tokens,
            all.calls
        )
    }

    async fn set_aside(&self, month: &str, amount: Amount) -> Result<bool, String> {
        let limits = (self.caps.usd.map(|usd| Money::from_dollars(usd).nanos()), self.caps.tokens, self.caps.calls);
        let done = self.state.set_aside(month, self.run, spend(amount), limits).await;
        done.map_err(|error| format!("the month's budget cannot be kept: {error}"))
    }

    /// Sets the next piece of wall time aside.
    async fn set_time_aside(&self, month: &str) -> Result<(), String> {
        let failed = |error: StoreError| format!("the month's budget cannot be kept: {error}");
        let minutes = self.caps.minutes.unwrap_or(f64::INFINITY);
        let took = self.inner().took();
        for ahead in SECONDS_SET_ASIDE {
            let limit = Some((minutes * 60.0) as u64);
            if self.state.set_seconds_aside(month, self.run, took + ahead, limit).await.map_err(failed)? {
                self.inner().until = now() + Duration::from_secs(ahead);
                return Ok(());
            }
        }
        let all = self.state.month_seconds(month, None).await.map_err(failed)?;
        Err(format!(
            "the budget of {minutes} minutes for {month}, which all runs of the workspace share, is used up ({:.1} used or \
             set aside)",
            all as f64 / 60.0
        ))
    }

    /// Begins another month: what is in flight counts in the new one.
    async fn turn(&self, month: &str) -> Result<(), String> {
        let (old, spent, took) = {
            let mut inner = self.inner();
            if inner.month.as_str() >= month {
                return Ok(());
            }
            let (spent, took) = (std::mem::take(&mut inner.spent), inner.took());
            inner.aside = Amount::default();
            (inner.seconds, inner.began, inner.until) = (0, now(), now());
            (std::mem::replace(&mut inner.month, month.to_owned()), spent, took)
        };
        self.write(&old, spent, took).await.map_err(|error| error.to_string())
    }

    pub(crate) fn settle(&self, reserved: Amount, spent: Amount) {
        let mut inner = self.inner();
        inner.reserved = inner.reserved.minus(reserved);
        inner.spent = inner.spent.plus(spent);
    }

    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let (month, spent, took) = {
            let mut inner = self.inner();
            inner.aside = inner.spent;
            inner.until = now();
            (inner.month.clone(), inner.spent, inner.took())
        };
        self.write(&month, spent, took).await
    }

    /// Writes down what the run did spend in a month, in place of what it had set aside.
    async fn write(&self, month: &str, spent: Amount, took: u64) -> Result<(), StoreError> {
        if self.caps.minutes.is_some() {
            self.state.set_seconds_aside(month, self.run, took, None).await?;
        }
        self.state.set_aside(month, self.run, spend(spent), (None, None, None)).await.map(|_| ())
    }
}
