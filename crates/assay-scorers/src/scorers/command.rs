//! `command`: a program scores the trial.
//!
//! It gets the trial as JSON on its standard input (`output`, `expected`, `inputs`, `contexts`, `retrieved`,
//! `tool_calls`, `metadata`, `case_id`) and writes what a `python` scorer returns, as JSON.

use std::path::PathBuf;
use std::time::Duration;

use assay_core::{Digest, Direction, Problem, problem};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint, long_form};
use crate::user::{self, Source, Terms};

/// The parameter that the short form sets.
pub const MAIN: &str = "argv";

/// Parameters of `command`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments; no shell is involved.
    pub argv: Vec<String>,
    /// The smallest and largest score; without it scores are 0 or 1.
    #[serde(default)]
    pub range: Option<(f64, f64)>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// Seconds one score may take; 60 by default.
    #[serde(default)]
    pub timeout: Option<f64>,
}

struct Program {
    argv: Vec<String>,
    base: PathBuf,
    timeout: Duration,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value, context: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let params: Command = problem::read(&long_form(params, MAIN), "").map_err(|problem| vec![problem])?;
    if let Some(problem) = context.targets.refused("command", "/argv") {
        return Err(vec![problem]);
    }
    if params.argv.is_empty() {
        return Err(vec![Problem::new("/argv", "the program is missing")]);
    }
    let terms = Terms::new(params.range, params.direction, params.timeout)?;
    let folder = &context.targets.base_dir;
    let base = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.clone() };
    let files: Vec<Digest> = params
        .argv
        .iter()
        .filter_map(|word| std::fs::read(base.join(word)).ok())
        .map(|bytes| Digest::of_bytes(&bytes))
        .collect();
    let fingerprint = fingerprint("command", 1, &json!({"params": params, "files": files}));
    let program = Program { argv: params.argv, base, timeout: terms.timeout };
    Ok(user::scorer(terms, fingerprint, program))
}

#[async_trait]
impl Source for Program {
    async fn score(&self, trial: Value) -> Result<Value, String> {
        let text = assay_models::command::run(&self.argv, &[], &self.base, &trial, self.timeout)
            .await
            .map_err(|error| error.message)?;
        serde_json::from_str(text.trim()).map_err(|error| format!("the program's output is not JSON: {error}"))
    }
}
