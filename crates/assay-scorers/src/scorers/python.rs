//! `python`: a Python function scores the trial.
//!
//! `file.py:function` gets the keyword arguments it declares out of `output`, `expected`, `inputs`, `contexts`,
//! `retrieved`, `tool_calls`, `metadata` and `case_id`. It returns a boolean, a number, `None` (unscored), or a dict
//! with `score` and, if it likes, `label` and `reason`. State the kind of number by `range: [lo, hi]`; without it a
//! boolean or 0 and 1 are expected. An exception is an error of the scorer, not a low score.

use std::time::Duration;

use assay_core::{Digest, Direction, Problem, Score, ScoreKind, problem};
use assay_models::python::{WorkerPool, split_function};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ScoreInput;
use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint, long_form, shorten};

/// The parameter that the short form sets.
pub const MAIN: &str = "function";

/// Parameters of `python`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Python {
    /// `file.py:function`, relative to the suite file.
    pub function: String,
    /// The smallest and largest score; without it scores are 0 or 1.
    #[serde(default)]
    pub range: Option<(f64, f64)>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// Worker processes.
    #[serde(default)]
    pub workers: Option<usize>,
    /// The interpreter; `python3` by default.
    #[serde(default)]
    pub interpreter: Option<String>,
    /// Seconds one score may take; 60 by default.
    #[serde(default)]
    pub timeout: Option<f64>,
}

struct PythonScorer {
    params: Python,
    pool: WorkerPool,
    fingerprint: Digest,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value, context: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let params: Python = problem::read(&long_form(params, MAIN), "").map_err(|problem| vec![problem])?;
    if params.range.is_some_and(|(lo, hi)| !(lo.is_finite() && hi.is_finite() && lo < hi)) {
        return Err(vec![Problem::new("/range", "the range must be two numbers, the smaller one first")]);
    }
    let (file, function) = split_function(&params.function, &context.targets.base_dir)
        .map_err(|message| vec![Problem::new("/function", message)])?;
    // A changed file scores differently.
    let code = Digest::of_bytes(&std::fs::read(&file).unwrap_or_default());
    let fingerprint = fingerprint("python", 1, &json!({"params": params, "code": code}));
    let timeout = Duration::try_from_secs_f64(params.timeout.unwrap_or(60.0)).unwrap_or(Duration::from_secs(60));
    let pool = WorkerPool::new(params.interpreter.as_deref(), file, function, params.workers, timeout);
    Ok(Box::new(PythonScorer { params, pool, fingerprint }))
}

#[async_trait]
impl Scorer for PythonScorer {
    fn score_kind(&self) -> ScoreKind {
        self.params.range.map_or(ScoreKind::Binary, |(lo, hi)| ScoreKind::Bounded { lo, hi })
    }

    fn direction(&self) -> Direction {
        self.params.direction
    }

    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    async fn preflight(&self) -> Result<(), String> {
        self.pool.check().await.map_err(|error| error.message)
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        match self.pool.call(None, input.trial()).await {
            Ok(result) => read(name, &result, self.params.range.unwrap_or((0.0, 1.0))),
            Err(error) => Score::error(name, shorten(&error.message)),
        }
    }
}

/// Reads a user scorer's result: a boolean, a number, nothing, or an object with `score`, `label` and `reason`.
pub(crate) fn read(name: &str, result: &Value, (lo, hi): (f64, f64)) -> Score {
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
