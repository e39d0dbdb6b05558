//! Google's Gemini API (`generateContent`).

use std::sync::Arc;

use assay_core::{Case, ErrorKind, Finish, Output, Problem, ToolCall, Usage};
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use crate::chat::{Prepared, Provider, count, set};
use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

const PROVIDER: Provider = Provider {
    kind: "gemini",
    base_url: "https://generativelanguage.googleapis.com/v1beta",
    base_url_env: "GEMINI_BASE_URL",
    key_env: "GEMINI_API_KEY",
    key_header: "x-goog-api-key",
    key_prefix: "",
};

struct Gemini(Prepared);

/// Builds the target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let path = |chat: &crate::chat::Chat| format!("/models/{}:generateContent", chat.model);
    let prepared = Prepared::new(config, context, &PROVIDER, path)?;
    for (set, key) in [(prepared.chat.stream, "stream"), (prepared.chat.logprobs, "logprobs")] {
        if set {
            return Err(vec![config.place(Problem::new(format!("/{key}"), format!("`{key}` is not supported here")))]);
        }
    }
    Ok(Arc::new(Gemini(prepared)))
}

#[async_trait]
impl Target for Gemini {
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
        let mut contents = Vec::new();
        for message in payload["messages"].as_array().into_iter().flatten() {
            let text = message["content"].as_str().unwrap_or_default();
            match message["role"].as_str() {
                Some("system") => system.push(text),
                Some("assistant") => contents.push(json!({"role": "model", "parts": [{"text": text}]})),
                _ => contents.push(json!({"role": "user", "parts": [{"text": text}]})),
            }
        }
        let mut settings = json!({});
        set(&mut settings, "temperature", chat.temperature);
        set(&mut settings, "topP", chat.top_p);
        set(&mut settings, "maxOutputTokens", chat.max_tokens);
        set(&mut settings, "seed", chat.seed);
        set(&mut settings, "stopSequences", chat.stop.as_ref());
        if let Some(schema) = payload.get("response_schema") {
            settings["responseMimeType"] = json!("application/json");
            settings["responseJsonSchema"] = schema.clone();
        }
        let mut body = json!({"contents": contents, "generationConfig": settings});
        if !system.is_empty() {
            body["systemInstruction"] = json!({"parts": [{"text": system.join("\n\n")}]});
        }
        if let Some(tools) = &chat.tools {
            let functions: Vec<&Value> = tools.iter().map(|tool| tool.get("function").unwrap_or(tool)).collect();
            body["tools"] = json!([{"functionDeclarations": functions}]);
        }
        set(&mut body, "toolConfig", chat.tool_choice.as_ref());
        for (key, value) in &chat.extra {
            body[key] = value.clone();
        }
        let (answer, _) = self.0.endpoint.json(Method::POST, Some(&body)).await?;
        Ok(Reply { output: read(&answer)?, ttft: None })
    }
}

fn read(answer: &Value) -> Result<Output, CallError> {
    let usage = Usage {
        input_tokens: count(answer, "/usageMetadata/promptTokenCount"),
        // Thoughts are billed as output but counted apart.
        output_tokens: count(answer, "/usageMetadata/candidatesTokenCount")
            .map(|n| n + count(answer, "/usageMetadata/thoughtsTokenCount").unwrap_or(0)),
        cached_input_tokens: count(answer, "/usageMetadata/cachedContentTokenCount"),
        reasoning_tokens: count(answer, "/usageMetadata/thoughtsTokenCount"),
    };
    let version = answer.get("modelVersion").and_then(Value::as_str).map(str::to_owned);
    if answer.pointer("/promptFeedback/blockReason").is_some() {
        return Ok(Output { finish: Some(Finish::Refusal), usage, version, ..Output::text_only("") });
    }
    let Some(candidate) = answer.pointer("/candidates/0") else {
        return Err(CallError::new(ErrorKind::BadResponse, "the answer has no candidates"));
    };
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array).cloned().unwrap_or_default();
    let said = |part: &&Value| part.get("thought").and_then(Value::as_bool) != Some(true);
    let text: String = parts.iter().filter(said).filter_map(|p| p["text"].as_str()).collect::<Vec<_>>().concat();
    let tool_calls = parts
        .iter()
        .filter_map(|part| part.get("functionCall"))
        .map(|call| ToolCall {
            name: call["name"].as_str().unwrap_or_default().to_owned(),
            arguments: call["args"].clone(),
        })
        .collect();
    let finish = candidate.get("finishReason").and_then(Value::as_str).map(Finish::from_reason);
    Ok(Output { value: Value::String(text), tool_calls, finish, usage, version, ..Output::default() })
}
