//! What a scorer sees of a trial.

use std::time::Duration;

use assay_core::{Case, Money, Output};
use assay_models::Caller;
use serde_json::{Map, Value, json};

/// A trial with an answer.
#[derive(Clone, Copy)]
pub struct ScoreInput<'a> {
    /// The case.
    pub case: &'a Case,
    /// What the target gave back.
    pub output: &'a Output,
    /// How long the answer took.
    pub latency: Duration,
    /// Time to the first token, where it was streamed.
    pub ttft: Option<Duration>,
    /// What the answer cost; `None` when no price is known.
    pub cost: Option<Money>,
    /// The repeat number.
    pub epoch: u32,
    /// Makes a judge's calls, at the trial's expense; `None` where no model may be asked.
    pub caller: Option<&'a dyn Caller>,
}

impl ScoreInput<'_> {
    /// The variables of templates in parameters: those of a target, and `output`, `output_text`, `expected`,
    /// `contexts`, `retrieved`, `tool_calls`.
    pub fn variables(&self) -> Map<String, Value> {
        let mut variables = self.case.target_variables();
        let mut set = |key: &str, value: Value| variables.insert(key.to_owned(), value);
        set("output", self.output.value.clone());
        set("output_text", Value::String(self.output.text().into_owned()));
        set("expected", self.case.expected.clone().unwrap_or_default());
        set("contexts", json!(self.case.contexts));
        set("retrieved", json!(self.output.contexts));
        set("tool_calls", json!(self.output.tool_calls));
        variables
    }

    /// The trial as user scorers get it: `output`, `expected`, `inputs`, `contexts`, `retrieved`, `tool_calls`,
    /// `metadata`, `case_id`.
    pub fn trial(&self) -> Value {
        json!({
            "output": self.output.value, "expected": self.case.expected, "inputs": self.case.inputs,
            "contexts": self.case.contexts, "retrieved": self.output.contexts,
            "tool_calls": self.output.tool_calls, "metadata": self.case.metadata, "case_id": self.case.id,
        })
    }
}
