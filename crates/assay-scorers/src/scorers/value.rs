//! `value`: a number that the trial already holds, such as a rating or a preference that was recorded with the answer.
//!
//! Reads the answer itself, or what `value` says: `{value: "{{ metadata.rating }}", range: [1, 5]}`. True and false are 1
//! and 0. Without `range` the number must be from 0 to 1; `range: null` takes any number. What is no number is unscored.

use assay_core::{Direction, Problem, ScoreKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::param::{Param, number};
use crate::rule::{Rule, Scored};

/// Parameters of `value`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// The number; the answer by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// The smallest and largest number; 0 and 1 by default.
    #[serde(default = "unit")]
    pub range: Option<(f64, f64)>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
}

fn unit() -> Option<(f64, f64)> {
    Some((0.0, 1.0))
}

impl Rule for Value {
    const NAME: &'static str = "value";
    const MAIN: &'static str = "value";

    fn kind(&self) -> ScoreKind {
        self.range.map_or(ScoreKind::Unbounded, |(lo, hi)| ScoreKind::Bounded { lo, hi })
    }

    fn direction(&self) -> Direction {
        self.direction
    }

    fn check(&self) -> Result<(), Problem> {
        match self.range {
            Some((lo, hi)) if lo >= hi => Err(Problem::new("/range", "the first number must be below the second")),
            _ => Ok(()),
        }
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let value = match &self.value {
            Some(param) => param.resolve(input)?,
            None => input.output.value.clone(),
        };
        let number = number(&value).ok_or_else(|| format!("`{value}` is not a number"))?;
        match self.range {
            Some((lo, hi)) if !(lo..=hi).contains(&number) => Err(format!("{number} is outside {lo} to {hi}")),
            _ => Ok(Scored::value(number)),
        }
    }
}
