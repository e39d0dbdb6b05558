//! Scorers that live elsewhere: a function, a program, a service. All get the same trial and answer in the same form.

use std::time::Duration;

use assay_core::{Digest, Direction, Money, Problem, Score, ScoreKind};
use async_trait::async_trait;
use serde_json::Value;

use crate::ScoreInput;
use crate::rule::{Scorer, shorten};

/// Where the scorer lives.
#[async_trait]
pub(crate) trait Source: Send + Sync + 'static {
    /// Scores a trial (see [`ScoreInput::trial`]).
    async fn score(&self, trial: Value) -> Result<Value, String>;

    /// Finds what would make every score fail.
    async fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// What all of them are told.
pub(crate) struct Terms {
    range: Option<(f64, f64)>,
    direction: Direction,
    pub timeout: Duration,
}

impl Terms {
    /// From parameters; 60 seconds by default.
    pub fn new(range: Option<(f64, f64)>, direction: Direction, timeout: Option<f64>) -> Result<Self, Vec<Problem>> {
        if range.is_some_and(|(lo, hi)| !(lo.is_finite() && hi.is_finite() && lo < hi)) {
            return Err(vec![Problem::new("/range", "the range must be two numbers, the smaller one first")]);
        }
        let timeout = Duration::try_from_secs_f64(timeout.unwrap_or(60.0))
            .map_err(|_| vec![Problem::new("/timeout", "not a number of seconds")])?;
        Ok(Self { range, direction, timeout })
    }
}

struct User<S> {
    terms: Terms,
    fingerprint: Digest,
    source: S,
}

/// The scorer of a source.
pub(crate) fn scorer(terms: Terms, fingerprint: Digest, source: impl Source) -> Box<dyn Scorer> {
    Box::new(User { terms, fingerprint, source })
}

#[async_trait]
impl<S: Source> Scorer for User<S> {
    fn score_kind(&self) -> ScoreKind {
        self.terms.range.map_or(ScoreKind::Binary, |(lo, hi)| ScoreKind::Bounded { lo, hi })
    }

    fn direction(&self) -> Direction {
        self.terms.direction
    }

    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    async fn preflight(&self) -> Result<(), String> {
        self.source.check().await
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        match self.source.score(input.trial()).await {
            Ok(result) => read(name, &result, self.terms.range.unwrap_or((0.0, 1.0))),
            Err(message) => Score::error(name, shorten(&message)),
        }
    }
}

/// Reads a user scorer's result: a boolean, a number, nothing, or an object with `score`, `label`, `reason` and `cost_usd`.
fn read(name: &str, result: &Value, range: (f64, f64)) -> Score {
    let mut score = said(name, result, range);
    let cost = result.get("cost_usd").and_then(Value::as_f64).filter(|cost| cost.is_finite() && *cost >= 0.0);
    score.cost = cost.map_or(Money::ZERO, Money::from_dollars);
    score
}

fn said(name: &str, result: &Value, (lo, hi): (f64, f64)) -> Score {
    let text = |key: &str| result.get(key).and_then(Value::as_str).map(shorten);
    let value = match result {
        Value::Object(fields) => fields.get("score").unwrap_or(&Value::Null),
        plain => plain,
    };
    let number = match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::Null => {
            return Score::unscored(name, text("reason").unwrap_or_else(|| "the scorer gave no score".into()));
        }
        _ => None,
    };
    let Some(number) = number else {
        return Score::error(name, format!("the scorer returned {}, not a number", shorten(&result.to_string())));
    };
    if !(lo..=hi).contains(&number) {
        return Score::error(name, format!("the scorer returned {number}, outside its range {lo} to {hi}"));
    }
    let mut score = Score::scored(name, number);
    score.label = text("label");
    score.rationale = text("reason");
    score
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_function_says_that_it_cost_is_the_cost_of_its_score() {
        let cost = |said: Value| read("own", &said, (0.0, 1.0)).cost;
        assert_eq!(cost(json!({"score": 1, "cost_usd": 0.25})), Money::from_dollars(0.25));
        // Also where it gave no value, and never less than nothing.
        assert_eq!(cost(json!({"score": null, "cost_usd": 0.5})), Money::from_dollars(0.5));
        for said in [
            json!(true),
            json!({"score": 1}),
            json!({"score": 1, "cost_usd": -1}),
            json!({"score": 1, "cost_usd": "1"}),
        ] {
            assert_eq!(cost(said), Money::ZERO);
        }
    }
}
