//! `tool-calls`: the target called the expected tools.
//!
//! Expected calls (`[{name, arguments}]`) come from `value`, else from `tool_calls` of the case's expected output,
//! else the expected output is the list. `mode` is `exact` (the same order), `any-order`, `subset` (nothing
//! else), `superset` (at least these) or `f1` (a share from 0 to 1). With `arguments: false` only names count. In `f1`
//! mode the corpus metrics `f1`, `precision` and `recall` are those of all calls of all trials together.

use assay_core::{Metric, ScoreKind, ToolCall};
use assay_metrics::corpus::Counts;
use assay_metrics::tools::{self, Mode as Agreement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ScoreInput;
use crate::param::{Param, or_expected};
use crate::rule::{Rule, Scored};

/// Parameters of `tool-calls`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCalls {
    /// The expected calls.
    #[serde(default)]
    pub value: Option<Param>,
    /// How calls must agree.
    #[serde(default)]
    pub mode: Mode,
    /// Whether arguments count.
    #[serde(default = "yes")]
    pub arguments: bool,
}

fn yes() -> bool {
    true
}

/// How calls must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The same calls in the same order.
    #[default]
    Exact,
    /// The same calls in any order.
    AnyOrder,
    /// Every made call is expected.
    Subset,
    /// Every expected call is made.
    Superset,
    /// F1 of the calls.
    F1,
}

impl Rule for ToolCalls {
    const NAME: &'static str = "tool-calls";
    const MAIN: &'static str = "mode";

    fn kind(&self) -> ScoreKind {
        if self.mode == Mode::F1 { ScoreKind::Bounded { lo: 0.0, hi: 1.0 } } else { ScoreKind::Binary }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        if self.mode == Mode::F1 { &[Metric::F1, Metric::Precision, Metric::Recall] } else { &[] }
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let expected = or_expected(self.value.as_ref(), input)?;
        let list = expected.get("tool_calls").unwrap_or(&expected);
        let Value::Array(items) = list else { return Err("the expected tool calls are not a list".into()) };
        let expected: Vec<ToolCall> = items.iter().map(ToolCall::from_value).collect::<Result<_, _>>()?;
        let calls = |list: &'_ [ToolCall]| -> Vec<(String, Value)> {
            list.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect()
        };
        let (made, wanted) = (calls(&input.output.tool_calls), calls(&expected));
        let made: Vec<tools::Call<'_>> = made.iter().map(|(name, arguments)| (name.as_str(), arguments)).collect();
        let wanted: Vec<tools::Call<'_>> = wanted.iter().map(|(name, arguments)| (name.as_str(), arguments)).collect();
        let agreement = match self.mode {
            Mode::Exact => Agreement::Exact,
            Mode::AnyOrder => Agreement::AnyOrder,
            Mode::Subset => Agreement::Subset,
            Mode::Superset => Agreement::Superset,
            Mode::F1 => {
                let counts = tools::counts(&made, &wanted, self.arguments);
                // Nothing called where nothing was to be called is right.
                return Ok(Scored::value(counts.f1().unwrap_or(1.0)).counting(counts.numbers()));
            }
        };
        let names = |list: &[tools::Call<'_>]| list.iter().map(|call| call.0).collect::<Vec<_>>().join(", ");
        let passed = tools::agree(&made, &wanted, agreement, self.arguments);
        Ok(Scored::pass(passed).because(format!("called [{}], expected [{}]", names(&made), names(&wanted))))
    }
}
