//! A Python function: in persistent worker processes, or in the process that runs the command.
//!
//! A process for each call would cost tens of milliseconds; a worker is started once and asked by length-framed
//! messages. A worker that crashes, hangs or is abandoned is killed and another takes its place.

use std::sync::Arc;

use assay_core::{Case, ErrorKind, Output};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};
use crate::worker::{Wanted, WorkerPool};

/// A Python function as a target. It gets the inputs as its first argument, and `metadata` and `case_id` if it
/// declares them; it returns a text, or a dict with `output` and, if it likes, `contexts`, `tool_calls`, `usage`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Python {
    /// `file.py:function`, relative to the suite file.
    #[serde(default)]
    pub function: Option<String>,
    /// Instead of `function`: the name of a function that the process which runs the command has, as `assay.evaluate` of
    /// the Python package does. `ASSAY_ATTACHED` names the socket it listens on.
    #[serde(default)]
    pub attached: Option<String>,
    /// Which version of the attached function it is. Another version is another target.
    #[serde(default)]
    pub version: Option<String>,
    /// Worker processes, the number of processors by default; for an attached function the most calls at once, as many as
    /// there are by default.
    #[serde(default)]
    pub workers: Option<usize>,
    /// The interpreter; `python3` by default.
    #[serde(default)]
    pub interpreter: Option<String>,
}

struct PythonTarget {
    pool: WorkerPool,
    traits: Traits,
}

/// Builds a `python` target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let python: Python = config.read()?;
    let key = if python.attached.is_some() { "/attached" } else { "/function" };
    if let Some(problem) = context.refused("python", key) {
        return Err(vec![config.place(problem)]);
    }
    let wanted = Wanted {
        function: python.function.as_deref(),
        attached: python.attached.as_deref(),
        version: python.version.as_deref(),
        workers: python.workers,
        interpreter: python.interpreter.as_deref(),
    };
    let at = |problem| vec![config.place(problem)];
    let account = format!("python {}", wanted.name());
    let (pool, code) = wanted.pool(&context.base_dir, config.timeout()).map_err(at)?;
    let traits = config.traits(account, false, &json!(code));
    Ok(Arc::new(PythonTarget { pool, traits }))
}

#[async_trait]
impl Target for PythonTarget {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        Ok(json!({"inputs": case.inputs, "metadata": case.metadata, "case_id": case.id}))
    }

    async fn preflight(&self) -> Result<(), CallError> {
        self.pool.check().await
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        let reply = self.pool.call(Some("inputs"), payload.clone()).await?;
        let output = Output::from_reply(reply).map_err(|e| CallError::new(ErrorKind::BadResponse, e))?;
        Ok(Reply { output, ttft: None })
    }
}
