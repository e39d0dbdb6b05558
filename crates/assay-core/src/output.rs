//! What a target gave back for one trial.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Money, Passage};

/// What a target gave back: the answer, and everything it said about how it got there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Output {
    /// The answer: a JSON string for text, any JSON value for structured answers.
    pub value: Value,
    /// Retrieved contexts in rank order; `None` when the target reported none at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contexts: Option<Vec<Passage>>,
    /// Tool calls in the order they were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why generation ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// Tokens used.
    #[serde(default)]
    pub usage: Usage,
    /// Cost as told by the target itself; otherwise the price table decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// The application's or model's version as the target reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Mean natural-log probability of the generated tokens, where the provider gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_logprob: Option<f64>,
    /// Anything else the target wants to keep with the trial.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Output {
    /// An output that is only text.
    pub fn text_only(text: impl Into<String>) -> Self {
        Self { value: Value::String(text.into()), ..Self::default() }
    }

    /// The answer as text: the string itself, or compact JSON for structured answers.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.value {
            Value::String(text) => Cow::Borrowed(text),
            Value::Null => Cow::Borrowed(""),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// Reads the answer of a command, a Python function, a recorded field: a text (or number, boolean, array) is
    /// the answer itself; an object must hold `output` and may hold `contexts`, `tool_calls`, `usage`
    /// (`input_tokens`, `output_tokens`, `cost_usd`), `version`, `finish_reason` and `metadata`.
    ///
    /// # Errors
    /// A sentence that says which part does not fit.
    pub fn from_reply(reply: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = reply else {
            return Ok(Self { value: reply, ..Self::default() });
        };
        let Some(value) = fields.remove("output") else {
            let keys: Vec<_> = fields.keys().take(8).map(String::as_str).collect();
            return Err(format!(
                "the reply is an object without `output` (it has: {}); put the answer under `output`",
                if keys.is_empty() { "no keys".to_owned() } else { keys.join(", ") }
            ));
        };
        let mut output = Self { value, ..Self::default() };
        match fields.remove("contexts") {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                let passages: Option<Vec<_>> = items.iter().map(Passage::from_value).collect();
                output.contexts =
                    Some(passages.ok_or("each of `contexts` must be a text or an object with `id` or `text`")?);
            }
            Some(_) => return Err("`contexts` must be a list".into()),
        }
        match fields.remove("tool_calls") {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                output.tool_calls = items.iter().map(ToolCall::from_value).collect::<Result<_, _>>()?;
            }
            Some(_) => return Err("`tool_calls` must be a list".into()),
        }
        if let Some(usage) = fields.remove("usage").filter(|usage| !usage.is_null()) {
            let cost = usage.get("cost_usd").and_then(Value::as_f64);
            output.cost = cost.map(Money::from_dollars);
            output.usage = serde_json::from_value(usage).map_err(|error| format!("`usage`: {error}"))?;
        }
        if let Some(Value::String(version)) = fields.remove("version") {
            output.version = Some(version);
        }
        if let Some(Value::String(reason)) = fields.remove("finish_reason") {
            output.finish = Some(Finish::from_reason(&reason));
        }
        if let Some(Value::Object(metadata)) = fields.remove("metadata") {
            output.metadata = metadata;
        }
        Ok(output)
    }
}

/// One tool call a target made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// Its arguments, parsed; a text that is not JSON stays a JSON string.
    #[serde(default)]
    pub arguments: Value,
}

impl ToolCall {
    /// Reads `{name, arguments}` and OpenAI's `{function: {name, arguments: "json text"}}`.
    ///
    /// # Errors
    /// A sentence when there is no name.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let inner = value.get("function").filter(|inner| inner.is_object()).unwrap_or(value);
        let name = inner.get("name").and_then(Value::as_str).ok_or("each tool call needs a `name`")?;
        let arguments = ["arguments", "args", "input", "input_parameters"]
            .iter()
            .find_map(|key| inner.get(*key))
            .cloned()
            .unwrap_or_else(|| Value::Object(Map::new()));
        let arguments = match arguments {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        Ok(Self { name: name.to_owned(), arguments })
    }
}

/// Why generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// The token limit cut it off.
    Length,
    /// It asked for tools.
    ToolCalls,
    /// A filter or the model itself refused; never cached.
    Refusal,
    /// Anything else.
    Other,
}

impl Finish {
    /// Maps the providers' words onto one set.
    pub fn from_reason(reason: &str) -> Self {
        match reason.to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "stop_sequence" | "eos" => Self::Stop,
            "length" | "max_tokens" | "model_context_window_exceeded" => Self::Length,
            "tool_calls" | "tool_use" | "function_call" => Self::ToolCalls,
            "content_filter" | "refusal" | "safety" | "recitation" | "blocklist" | "prohibited_content" | "spii" => {
                Self::Refusal
            }
            _ => Self::Other,
        }
    }
}

/// Tokens used by one call; `None` where the provider did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Usage {
    /// Tokens read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens written, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// The part of the input that the provider served from its prompt cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// The part of the output spent on hidden reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
}

impl Usage {
    /// Tokens read and written; what was not reported counts as none.
    pub fn total(&self) -> u64 {
        self.input_tokens.unwrap_or(0).saturating_add(self.output_tokens.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plain_reply_is_the_answer() {
        assert_eq!(Output::from_reply(json!("hi")).unwrap().text(), "hi");
        assert_eq!(Output::from_reply(json!(42)).unwrap().text(), "42");
    }

    #[test]
    fn an_object_reply_carries_contexts_tools_usage_and_version() {
        let output = Output::from_reply(json!({
            "output": "x", "contexts": ["a", {"id": "d", "text": "b"}], "version": "v2",
            "tool_calls": [{"function": {"name": "f", "arguments": "{\"a\":1}"}}],
            "usage": {"input_tokens": 3, "output_tokens": 4, "cost_usd": 0.5},
        }))
        .unwrap();
        assert_eq!(output.contexts.unwrap()[1].key(), "d");
        assert_eq!(output.tool_calls[0].arguments, json!({"a": 1}));
        assert_eq!((output.usage.total(), output.cost), (7, Some(Money::from_dollars(0.5))));
    }

    #[test]
    fn an_object_without_output_says_what_to_do() {
        let error = Output::from_reply(json!({"answer": "x"})).unwrap_err();
        assert!(error.contains("`output`") && error.contains("answer"), "{error}");
    }
}
