//! Hard limits on what a run, each of its trials, and all runs of a month may spend.
//!
//! A call reserves the most it could cost before it is made and settles what it did cost afterwards, so that calls in
//! flight together can never break a limit that each of them alone would keep.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assay_core::run::{Budget as Limits, Caps, Totals};
use assay_core::{Money, RunId};
use assay_store::{State, StoreError};
use tokio::time::Instant;

use crate::clock::now;
use crate::month::Month;

/// Tokens that an answer is assumed to need at most when neither the target nor earlier answers tell more.
const ASSUMED_OUTPUT_TOKENS: u64 = 1_024;

/// Money, tokens and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Money.
    pub cost: Money,
    /// Tokens read and written.
    pub tokens: u64,
    /// Calls.
    pub calls: u64,
}

impl Amount {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            cost: self.cost + other.cost,
            tokens: self.tokens.saturating_add(other.tokens),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            cost: self.cost - other.cost,
            tokens: self.tokens.saturating_sub(other.tokens),
            calls: self.calls.saturating_sub(other.calls),
        }
    }

    /// Of each, the larger.
    pub(crate) fn at_least(self, other: Self) -> Self {
        Self {
            cost: self.cost.max(other.cost),
            tokens: self.tokens.max(other.tokens),
            calls: self.calls.max(other.calls),
        }
    }

    pub(crate) fn within(self, other: Self) -> bool {
        self.cost <= other.cost && self.tokens <= other.tokens && self.calls <= other.calls
    }
}

/// What may be spent, what was and what is in flight.
#[derive(Debug)]
pub struct Purse {
    /// Whose, for messages: nothing for the run itself, ` of a trial`.
    whose: &'static str,
    caps: Caps,
    deadline: Option<Instant>,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    spent: Amount,
    reserved: Amount,
}

impl Purse {
    /// Of which `spent` is gone. Wall time counts from now.
    fn new(whose: &'static str, caps: Caps, spent: Amount) -> Self {
        let deadline = caps
            .minutes
            .and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok())
            .and_then(|allowed| now().checked_add(allowed));
        Self { whose, caps, deadline, ledger: Mutex::new(Ledger { spent, ..Ledger::default() }) }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic elsewhere leaves plain numbers behind, which stay usable.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(&self, most: Amount) -> Result<(), String> {
        if self.deadline.is_some_and(|deadline| now() >= deadline) {
            return Err(self.out_of_time());
        }
        let mut ledger = self.ledger();
        self.bears(ledger.spent, ledger.spent.plus(ledger.reserved).plus(most))?;
        ledger.reserved = ledger.reserved.plus(most);
        Ok(())
    }

    /// Whether a call could be borne if everything else in flight cost nothing.
    fn could_bear(&self, most: Amount) -> Result<(), String> {
        let spent = self.ledger().spent;
        self.bears(spent, spent.plus(most))
    }

    fn bears(&self, spent: Amount, held: Amount) -> Result<(), String> {
        let whose = self.whose;
        if let Some(limit) = self.caps.usd.map(Money::from_dollars)
            && held.cost > limit
        {
            return Err(format!("another call could exceed the budget{whose} of {limit} ({} spent)", spent.cost));
        }
        if let Some(limit) = self.caps.tokens
            && held.tokens > limit
        {
            let spent = spent.tokens;
            return Err(format!("another call could exceed the budget{whose} of {limit} tokens ({spent} used)"));
        }
        if let Some(limit) = self.caps.calls
            && held.calls > limit
        {
            return Err(format!("the budget{whose} of {limit} calls is used up"));
        }
        Ok(())
    }

    fn out_of_time(&self) -> String {
        format!("the budget{} of {} minutes is used up", self.whose, self.caps.minutes.unwrap_or_default())
    }

    fn hold(&self, most: Amount) {
        let mut ledger = self.ledger();
        ledger.reserved = ledger.reserved.plus(most);
    }

    /// Counts what was spent without having been reserved here.
    pub(crate) fn spend(&self, spent: Amount) {
        self.settle(Amount::default(), spent);
    }

    fn settle(&self, reserved: Amount, spent: Amount) {
        let mut ledger = self.ledger();
        ledger.reserved = ledger.reserved.minus(reserved);
        ledger.spent = ledger.spent.plus(spent);
    }
}

/// What a run may spend, what it has spent and what is in flight.
#[derive(Debug)]
pub struct Budget {
    run: Purse,
    month: Option<Month>,
    per_trial: Caps,
    longest_answer: Mutex<u64>,
}

impl Budget {
    /// A budget of which earlier parts of the same run have spent `totals`. Wall time counts from now.
    pub fn new(limits: &Limits, totals: &Totals) -> Self {
        let spent =
            Amount { cost: totals.cost(), tokens: totals.input_tokens + totals.output_tokens, calls: totals.calls };
        Self {
            run: Purse::new("", limits.run(), spent),
            month: None,
            per_trial: limits.per_trial,
            longest_answer: Mutex::default(),
        }
    }

    /// With the limits of the month, which all runs of a workspace share.
    ///
    /// # Errors
    /// The workspace's state cannot be read.
    pub async fn in_month(mut self, caps: Caps, state: &State, run: RunId) -> Result<Self, StoreError> {
        if caps != Caps::default() {
            let spent = self.run.ledger().spent;
            self.month = Some(Month::open(caps, state.clone(), run, spent).await?);
        }
        Ok(self)
    }

    /// What one trial may spend; `None` where that is not limited.
    pub fn trial(&self) -> Option<Purse> {
        (self.per_trial != Caps::default()).then(|| Purse::new(" of a trial", self.per_trial, Amount::default()))
    }

    /// The most tokens an answer is expected to need: the target's own limit, else the longest answer so far (at
    /// least [`ASSUMED_OUTPUT_TOKENS`]).
    pub fn assumed_output(&self, limit: Option<u64>) -> u64 {
        limit.unwrap_or_else(|| (*self.longest()).max(ASSUMED_OUTPUT_TOKENS))
    }

    fn longest(&self) -> MutexGuard<'_, u64> {
        self.longest_answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call is worth waiting for: not one that the run or its trial could not bear even if everything in flight
    /// turned out to cost nothing.
    ///
    /// # Errors
    /// The reason.
    pub fn could_bear(&self, trial: Option<&Purse>, most: Amount) -> Result<(), String> {
        self.run.could_bear(most)?;
        trial.map_or(Ok(()), |purse| purse.could_bear(most))
    }

    /// Sets the most that a call could cost aside.
    ///
    /// # Errors
    /// The reason, when the call could break a limit; it must not be made then.
    pub async fn reserve<'a>(&'a self, trial: Option<&'a Purse>, most: Amount) -> Result<Reservation<'a>, String> {
        self.run.reserve(most)?;
        // Dropped from here on, it gives back what was reserved until then.
        let mut reservation = Reservation { budget: self, trial: None, month: false, most, open: true, begun: false };
        if let Some(purse) = trial {
            purse.reserve(most)?;
            reservation.trial = trial;
        }
        if let Some(month) = &self.month {
            month.reserve(most).await?;
            reservation.month = true;
        }
        Ok(reservation)
    }

    /// Sets aside what is committed already, such as a batch that is at its provider, even where a limit is broken by it.
    pub(crate) async fn hold(&self, most: Amount) -> Reservation<'_> {
        self.run.hold(most);
        let month = match &self.month {
            Some(month) => month.reserve(most).await.is_ok(),
            None => false,
        };
        Reservation { budget: self, trial: None, month, most, open: true, begun: true }
    }

    /// When a call on behalf of a trial must have ended, and what to say then.
    pub fn deadline(&self, trial: Option<&Purse>) -> Option<(Instant, String)> {
        [Some(&self.run), trial]
            .into_iter()
            .flatten()
            .filter_map(|purse| Some((purse.deadline?, purse.out_of_time())))
            .min_by_key(|(at, _)| *at)
    }

    /// Writes down what the run did spend in this month, in place of what it had set aside.
    ///
    /// # Errors
    /// The workspace's state cannot be written.
    pub async fn close(&self) -> Result<(), StoreError> {
        match &self.month {
            Some(month) => month.close().await,
            None => Ok(()),
        }
    }
}

/// What is set aside for a call: settled when it ends. Dropped, it is given back before the call has begun and counted as
/// spent afterwards.
#[derive(Debug)]
pub struct Reservation<'a> {
    budget: &'a Budget,
    trial: Option<&'a Purse>,
    month: bool,
    most: Amount,
    open: bool,
    begun: bool,
}

impl Reservation<'_> {
    /// Replaces the reservation by what the call did cost.
    pub fn settle(mut self, spent: Amount, answer_tokens: u64) {
        let mut longest = self.budget.longest();
        *longest = answer_tokens.max(*longest);
        drop(longest);
        self.give(spent);
    }

    /// The call begins.
    pub(crate) fn begin(&mut self) {
        self.begun = true;
    }

    /// The most that is set aside.
    pub(crate) fn most(&self) -> Amount {
        self.most
    }

    /// Takes over what another reservation of the run has set aside.
    pub(crate) fn join(&mut self, mut other: Self) {
        other.open = false;
        self.most = self.most.plus(other.most);
        self.month |= other.month;
    }

    /// Gives everything back: no call will be made.
    pub(crate) fn cancel(mut self) {
        self.give(Amount::default());
    }

    /// Counts everything as spent: it may be, out of sight.
    pub(crate) fn keep(mut self) {
        self.give(self.most);
    }

    fn give(&mut self, spent: Amount) {
        self.open = false;
        self.budget.run.settle(self.most, spent);
        if let Some(purse) = self.trial {
            purse.settle(self.most, spent);
        }
        if let Some(month) = &self.budget.month {
            // What a limit had no room for is spent all the same.
            month.settle(if self.month { self.most } else { Amount::default() }, spent);
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        // A call that has begun may be answered, and billed, out of sight: only the most it can cost keeps a limit hard.
        if self.open {
            self.give(if self.begun { self.most } else { Amount::default() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limits: &Limits) -> Budget {
        Budget::new(limits, &Totals::default())
    }

    const ONE: Amount = Amount { cost: Money::ZERO, tokens: 0, calls: 1 };

    #[tokio::test]
    async fn calls_in_flight_together_cannot_exceed_a_limit() {
        let budget = budget(&Limits { usd: Some(1.0), ..Limits::default() });
        let most = Amount { cost: Money::from_dollars(0.4), tokens: 0, calls: 1 };
        let first = budget.reserve(None, most).await.unwrap();
        let _second = budget.reserve(None, most).await.unwrap();
        assert!(budget.reserve(None, most).await.unwrap_err().contains("$1.00"));
        first.settle(Amount { cost: Money::from_dollars(0.1), tokens: 0, calls: 1 }, 0);
        assert!(budget.reserve(None, most).await.is_ok());
    }

    #[tokio::test]
    async fn what_never_began_is_free_again_and_what_did_is_not() {
        let budget = budget(&Limits { calls: Some(1), ..Limits::default() });
        drop(budget.reserve(None, ONE).await.unwrap());
        budget.reserve(None, ONE).await.unwrap().cancel();
        let mut begun = budget.reserve(None, ONE).await.unwrap();
        begun.begin();
        drop(begun);
        assert!(budget.reserve(None, ONE).await.is_err());
    }

    #[tokio::test]
    async fn a_resumed_run_remembers_what_it_spent() {
        let totals = Totals { calls: 9, ..Totals::default() };
        let budget = Budget::new(&Limits { calls: Some(10), ..Limits::default() }, &totals);
        let _held = budget.reserve(None, ONE).await.unwrap();
        assert!(budget.reserve(None, ONE).await.is_err());
    }

    #[tokio::test]
    async fn wall_time_ends_a_run() {
        let plenty = budget(&Limits { minutes: Some(60.0), ..Limits::default() });
        assert!(plenty.reserve(None, Amount::default()).await.is_ok());
        let none = budget(&Limits { minutes: Some(1e-12), ..Limits::default() });
        assert!(none.reserve(None, Amount::default()).await.unwrap_err().contains("minutes"));
    }

    #[tokio::test]
    async fn a_trial_has_a_budget_of_its_own_and_what_it_refuses_costs_the_run_nothing() {
        let per_trial = Caps { calls: Some(2), ..Caps::default() };
        let budget = budget(&Limits { calls: Some(5), per_trial, ..Limits::default() });
        for _ in 0..2 {
            let trial = budget.trial().unwrap();
            for _ in 0..2 {
                budget.reserve(Some(&trial), ONE).await.unwrap().settle(ONE, 0);
            }
            assert!(budget.reserve(Some(&trial), ONE).await.unwrap_err().contains("of a trial of 2 calls"));
        }
        let trial = budget.trial().unwrap();
        let _fifth = budget.reserve(Some(&trial), ONE).await.unwrap();
        assert_eq!(budget.reserve(Some(&trial), ONE).await.unwrap_err(), "the budget of 5 calls is used up");
    }

    #[tokio::test]
    async fn the_wall_time_of_all_runs_of_a_month_is_limited_together() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = assay_store::Workspace::open(folder.path().join(".assay")).unwrap();
        let state = State::open(&workspace).await.unwrap();
        let caps = Caps { minutes: Some(4.0 / 60.0), ..Caps::default() };
        let run = |n: u128| RunId::from_uuid(uuid::Uuid::from_u128(n));
        let open = async |n: u128| {
            Budget::new(&Limits::default(), &Totals::default()).in_month(caps, &state, run(n)).await.unwrap()
        };
        let call = async |budget: &Budget| budget.reserve(None, ONE).await.map(|held| held.settle(ONE, 0));
        let (one, two) = (open(1).await, open(2).await);
        let (mut made, mut refused) = ([0; 2], [None, None]);
        while refused.iter().any(Option::is_none) {
            for (i, budget) in [&one, &two].into_iter().enumerate() {
                match call(budget).await {
                    Ok(()) => made[i] += 1,
                    Err(why) => refused[i] = Some(why),
                }
            }
            let month = crate::month::this_month();
            assert!(state.month_seconds(&month, None).await.unwrap() <= 4);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(made[0] > 0 && made[1] > 0, "{made:?}");
        // Until the minutes are used up both go on; what they took stays taken when they end.
        one.close().await.unwrap();
        two.close().await.unwrap();
        let over = call(&open(3).await).await.unwrap_err();
        assert!(over.contains("which all runs of the workspace share, is used up"), "{over}");
    }

    #[tokio::test]
    async fn runs_share_a_month_and_a_dead_one_keeps_what_it_had_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = assay_store::Workspace::open(folder.path().join(".assay")).unwrap();
        let state = State::open(&workspace).await.unwrap();
        let caps = Caps { calls: Some(100), ..Caps::default() };
        let run = |n: u128| RunId::from_uuid(uuid::Uuid::from_u128(n));
        let open = async |n: u128, calls: u64| {
            let totals = Totals { calls, ..Totals::default() };
            Budget::new(&Limits::default(), &totals).in_month(caps, &state, run(n)).await.unwrap()
        };
        let spend =
            async |budget: &Budget| budget.reserve(None, ONE).await.map(|reservation| reservation.settle(ONE, 0));
        let (one, two) = (open(1, 0).await, open(2, 0).await);
        let mut made = 0;
        for budget in [&one, &two, &one, &two] {
            for _ in 0..10 {
                spend(budget).await.unwrap();
                made += 1;
            }
        }
        // The first process dies with 64 calls set aside, 20 of them made: the second may make the other 36.
        drop(one);
        while spend(&two).await.is_ok() {
            made += 1;
        }
        assert_eq!(made, 56);
        two.close().await.unwrap();
        // Resumed, it knows that it made 20.
        let again = open(1, 20).await;
        while spend(&again).await.is_ok() {
            made += 1;
        }
        assert_eq!(made, 100);
        assert!(spend(&two).await.unwrap_err().contains("which all runs of the workspace share"));
    }
}
