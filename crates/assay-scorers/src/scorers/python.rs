//! `python`: a Python function scores the trial.
//!
//! `file.py:function` gets the keyword arguments it declares out of `output`, `expected`, `inputs`, `contexts`,
//! `retrieved`, `tool_calls`, `metadata` and `case_id`. It returns a boolean, a number, `None` (unscored), or a dict
//! with `score` and, if it likes, `label`, `reason` and `cost_usd`, what the judgement cost in dollars, which counts as the
//! run's. State the kind of number by `range: [lo, hi]`; without it a
//! boolean or 0 and 1 are expected. An exception is an error of the scorer, not a low score.
//!
//! `attached: NAME` is a function of the process that runs the command, as `assay.evaluate` of the Python package does.

use assay_core::{Direction, Problem, problem};
use assay_models::worker::{Wanted, WorkerPool};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint, long_form};
use crate::user::{self, Source, Terms};

/// The parameter that the short form sets.
pub const MAIN: &str = "function";

/// Parameters of `python`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Python {
    /// `file.py:function`, relative to the suite file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Instead of `function`: the name of a function that the process which runs the command has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached: Option<String>,
    /// Which version of the attached function it is. Another version scores differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The smallest and largest score; without it scores are 0 or 1.
    #[serde(default)]
    pub range: Option<(f64, f64)>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// Worker processes; for an attached function the most calls at once.
    #[serde(default)]
    pub workers: Option<usize>,
    /// The interpreter; `python3` by default.
    #[serde(default)]
    pub interpreter: Option<String>,
    /// Seconds one score may take; 60 by default.
    #[serde(default)]
    pub timeout: Option<f64>,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value, context: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let params: Python = problem::read(&long_form(params, MAIN), "").map_err(|problem| vec![problem])?;
    let key = if params.attached.is_some() { "/attached" } else { "/function" };
    if let Some(problem) = context.targets.refused("python", key) {
        return Err(vec![problem]);
    }
    let terms = Terms::new(params.range, params.direction, params.timeout)?;
    let wanted = Wanted {
        function: params.function.as_deref(),
        attached: params.attached.as_deref(),
        version: params.version.as_deref(),
        workers: params.workers,
        interpreter: params.interpreter.as_deref(),
    };
    // A changed function scores differently.
    let (pool, code) = wanted.pool(&context.targets.base_dir, terms.timeout).map_err(|problem| vec![problem])?;
    let fingerprint = fingerprint("python", 1, &json!({"params": params, "code": code}));
    Ok(user::scorer(terms, fingerprint, pool))
}

#[async_trait]
impl Source for WorkerPool {
    async fn score(&self, trial: Value) -> Result<Value, String> {
        self.call(None, trial).await.map_err(|error| error.message)
    }

    async fn check(&self) -> Result<(), String> {
        WorkerPool::check(self).await.map_err(|error| error.message)
    }
}
