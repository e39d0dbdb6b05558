//! Hard limits on what a run may spend.
//!
//! A call reserves the most it could cost before it is made and settles what it did cost afterwards, so that calls in
//! flight together can never break a limit that each of them alone would keep.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assay_core::Money;
use assay_core::run::{Budget as Limits, Totals};
use tokio::time::Instant;

use crate::clock::now;

/// Tokens that an answer is assumed to need at most when neither the target nor earlier answers tell more.
const ASSUMED_OUTPUT_TOKENS: u64 = 1_024;

/// What a run may spend, what it has spent and what is in flight.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    deadline: Option<Instant>,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    spent: Amount,
    reserved: Amount,
    longest_answer: u64,
}

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

impl Budget {
    /// A budget of which earlier parts of the same run have spent `totals`. Wall time counts from now.
    pub fn new(limits: Limits, totals: &Totals) -> Self {
        let spent =
            Amount { cost: totals.cost(), tokens: totals.input_tokens + totals.output_tokens, calls: totals.calls };
        let deadline = limits
            .minutes
            .and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok())
            .map(|allowed| now() + allowed);
        Self { limits, deadline, ledger: Mutex::new(Ledger { spent, ..Ledger::default() }) }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic elsewhere leaves plain numbers behind, which stay usable.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most tokens an answer is expected to need: the target's own limit, else the longest answer so far (at
    /// least [`ASSUMED_OUTPUT_TOKENS`]).
    pub fn assumed_output(&self, limit: Option<u64>) -> u64 {
        limit.unwrap_or_else(|| self.ledger().longest_answer.max(ASSUMED_OUTPUT_TOKENS))
    }

    /// Sets the most that a call could cost aside.
    ///
    /// # Errors
    /// The reason, when the call could break a limit; it must not be made then.
    pub fn reserve(&self, most: Amount) -> Result<(), String> {
        if self.deadline.is_some_and(|deadline| now() >= deadline) {
            let minutes = self.limits.minutes.unwrap_or_default();
            return Err(format!("the budget of {minutes} minutes is used up"));
        }
        let mut ledger = self.ledger();
        let held = Amount {
            cost: ledger.spent.cost + ledger.reserved.cost + most.cost,
            tokens: ledger.spent.tokens + ledger.reserved.tokens + most.tokens,
            calls: ledger.spent.calls + ledger.reserved.calls + most.calls,
        };
        if let Some(limit) = self.limits.usd.map(Money::from_dollars)
            && held.cost > limit
        {
            return Err(format!("another call could exceed the budget of {limit} ({} spent)", ledger.spent.cost));
        }
        if let Some(limit) = self.limits.tokens
            && held.tokens > limit
        {
            let spent = ledger.spent.tokens;
            return Err(format!("another call could exceed the budget of {limit} tokens ({spent} used)"));
        }
        if let Some(limit) = self.limits.calls
            && held.calls > limit
        {
            return Err(format!("the budget of {limit} calls is used up"));
        }
        ledger.reserved.cost += most.cost;
        ledger.reserved.tokens += most.tokens;
        ledger.reserved.calls += most.calls;
        Ok(())
    }

    /// Replaces a reservation by what the call did cost.
    pub fn settle(&self, reserved: Amount, spent: Amount, answer_tokens: u64) {
        let mut ledger = self.ledger();
        ledger.reserved.cost = ledger.reserved.cost - reserved.cost;
        ledger.reserved.tokens = ledger.reserved.tokens.saturating_sub(reserved.tokens);
        ledger.reserved.calls = ledger.reserved.calls.saturating_sub(reserved.calls);
        ledger.spent.cost += spent.cost;
        ledger.spent.tokens += spent.tokens;
        ledger.spent.calls += spent.calls;
        ledger.longest_answer = ledger.longest_answer.max(answer_tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limits: Limits) -> Budget {
        Budget::new(limits, &Totals::default())
    }

    #[test]
    fn calls_in_flight_together_cannot_exceed_a_limit() {
        let budget = budget(Limits { usd: Some(1.0), ..Limits::default() });
        let most = Amount { cost: Money::from_dollars(0.4), tokens: 0, calls: 1 };
        assert!(budget.reserve(most).is_ok() && budget.reserve(most).is_ok());
        assert!(budget.reserve(most).unwrap_err().contains("$1.00"));
        budget.settle(most, Amount { cost: Money::from_dollars(0.1), tokens: 0, calls: 1 }, 0);
        assert!(budget.reserve(most).is_ok());
    }

    #[test]
    fn a_resumed_run_remembers_what_it_spent() {
        let totals = Totals { calls: 9, ..Totals::default() };
        let budget = Budget::new(Limits { calls: Some(10), ..Limits::default() }, &totals);
        let one = Amount { calls: 1, ..Amount::default() };
        assert!(budget.reserve(one).is_ok());
        assert!(budget.reserve(one).is_err());
    }

    #[test]
    fn wall_time_ends_a_run() {
        let plenty = budget(Limits { minutes: Some(60.0), ..Limits::default() });
        assert!(plenty.reserve(Amount::default()).is_ok());
        let none = budget(Limits { minutes: Some(1e-12), ..Limits::default() });
        assert!(none.reserve(Amount::default()).unwrap_err().contains("minutes"));
    }
}
