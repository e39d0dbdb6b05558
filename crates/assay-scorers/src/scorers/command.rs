//! `command`: a program scores the trial.
//!
//! It gets the trial as JSON on its standard input (`output`, `expected`, `inputs`, `contexts`, `retrieved`,
//! `tool_calls`, `metadata`, `case_id`) and writes what a `python` scorer returns, as JSON.

use std::path::PathBuf;
use std::time::Duration;

use assay_core::{Digest, Direction, Problem, Score, ScoreKind, problem};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ScoreInput;
use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint, long_form, shorten};

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

struct CommandScorer {
    params: Command,
    base: PathBuf,
    fingerprint: Digest,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value, context: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let params: Command = problem::read(&long_form(params, MAIN), "").map_err(|problem| vec![problem])?;
    if params.argv.is_empty() {
        return Err(vec![Problem::new("/argv", "the program is missing")]);
    }
    let folder = &context.targets.base_dir;
    let base = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.clone() };
    let files: Vec<Digest> = params
        .argv
        .iter()
        .filter_map(|word| std::fs::read(base.join(word)).ok())
        .map(|bytes| Digest::of_bytes(&bytes))
        .collect();
    let fingerprint = fingerprint("command", 1, &json!({"params": params, "files": files}));
    Ok(Box::new(CommandScorer { params, base, fingerprint }))
}

#[async_trait]
impl Scorer for CommandScorer {
    fn score_kind(&self) -> ScoreKind {
        self.params.range.map_or(ScoreKind::Binary, |(lo, hi)| ScoreKind::Bounded { lo, hi })
    }

    fn direction(&self) -> Direction {
        self.params.direction
    }

    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        let timeout =
            Duration::try_from_secs_f64(self.params.timeout.unwrap_or(60.0)).unwrap_or(Duration::from_secs(60));
        let trial = input.trial();
        match assay_models::command::run(&self.params.argv, &[], &self.base, &trial, timeout).await {
            Ok(text) => match serde_json::from_str(text.trim()) {
                Ok(result) => super::python::read(name, &result, self.params.range.unwrap_or((0.0, 1.0))),
                Err(error) => Score::error(name, format!("the program's output is not JSON: {error}")),
            },
            Err(error) => Score::error(name, shorten(&error.message)),
        }
    }
}
