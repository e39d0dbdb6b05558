//! Anthropic's messages API.

use std::sync::Arc;

use assay_core::{Case, ErrorKind, Finish, Output, Problem, ToolCall, Usage};
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use crate::chat::{Prepared, Provider, count, set};
use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

const PROVIDER: Provider = Provider {
    kind: "anthropic",
    base_url: "https://api.anthropic.com/v1",
    base_url_env: "ANTHROPIC_BASE_URL",
    key_env: "ANTHROPIC_API_KEY",
    key_header: "x-api-key",
    key_prefix: "",
};

/// The API wants a limit; this is the one when the suite gives none.
const DEFAULT_MAX_TOKENS: u64 = 4_096;

struct Anthropic(Prepared);

/// Builds the target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let mut prepared = Prepared::new(config, context, &PROVIDER, |_| "/messages".to_owned())?;
    for (set, key) in [(prepared.chat.stream, "stream"), (prepared.chat.logprobs, "logprobs")] {
        if set {
            return Err(vec![config.place(Problem::new(format!("/{key}"), format!("`{key}` is not supported here")))]);
        }
    }
    prepared.endpoint.secret("anthropic-version", "2023-06-01");
    prepared.traits.max_output_tokens = Some(prepared.chat.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS));
    Ok(Arc::new(Anthropic(prepared)))
}

#[async_trait]
impl Target for Anthropic {
    fn traits(&self) -> &Traits {
        &self.0.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        self.0.payload(case)
    }

    async fn preflight(&self) -> Result<(), CallError> {
        self.0.preflight()
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        self.0.variables()
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        let chat = &self.0.chat;
        let mut system: Vec<&str> = payload.get("system").and_then(Value::as_str).into_iter().collect();
        let all = payload["messages"].as_array().cloned().unwrap_or_default();
        // System messages are a field of their own here.
        let (lifted, messages): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|m| m["role"] == "system");
        system.extend(lifted.iter().filter_map(|message| message["content"].as_str()));
        let mut body = json!({
            "model": chat.model,
            "messages": messages,
            "max_tokens": chat.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        });
        set(&mut body, "system", (!system.is_empty()).then(|| system.join("\n\n")));
        set(&mut body, "temperature", chat.temperature);
        set(&mut body, "top_p", chat.top_p);
        set(&mut body, "stop_sequences", chat.stop.as_ref());
        set(&mut body, "tools", chat.tools.as_ref().map(|tools| tools.iter().map(tool).collect::<Vec<_>>()));
        set(&mut body, "tool_choice", chat.tool_choice.as_ref());
        if let Some(schema) = payload.get("response_schema") {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
        }
        for (key, value) in &chat.extra {
            body[key] = value.clone();
        }
        let (answer, _) = self.0.endpoint.json(Method::POST, Some(&body)).await?;
        Ok(Reply { output: read(&answer)?, ttft: None })
    }
}

/// OpenAI's tool format in Anthropic's.
fn tool(tool: &Value) -> Value {
    match tool.get("function") {
        Some(function) => json!({
            "name": function["name"],
            "description": function.get("description").cloned().unwrap_or_else(|| json!("")),
            "input_schema": function.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"})),
        }),
        None => tool.clone(),
    }
}

fn read(answer: &Value) -> Result<Output, CallError> {
    let Some(blocks) = answer.get("content").and_then(Value::as_array) else {
        return Err(CallError::new(ErrorKind::BadResponse, "the answer has no content"));
    };
    let text: String =
        blocks.iter().filter(|b| b["type"] == "text").filter_map(|b| b["text"].as_str()).collect::<Vec<_>>().concat();
    let tool_calls = blocks
        .iter()
        .filter(|block| block["type"] == "tool_use")
        .map(|block| ToolCall {
            name: block["name"].as_str().unwrap_or_default().to_owned(),
            arguments: block["input"].clone(),
        })
        .collect();
    // Tokens read from and written to the prompt cache are counted apart from the rest of the input.
    let cached = count(answer, "/usage/cache_read_input_tokens");
    let written = count(answer, "/usage/cache_creation_input_tokens").unwrap_or(0);
    Ok(Output {
        value: Value::String(text),
        tool_calls,
        finish: answer.get("stop_reason").and_then(Value::as_str).map(Finish::from_reason),
        usage: Usage {
            input_tokens: count(answer, "/usage/input_tokens").map(|n| n + cached.unwrap_or(0) + written),
            output_tokens: count(answer, "/usage/output_tokens"),
            cached_input_tokens: cached,
            reasoning_tokens: None,
        },
        version: answer.get("model").and_then(Value::as_str).map(str::to_owned),
        ..Output::default()
    })
}
