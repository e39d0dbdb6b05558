//! Google's Gemini API (`generateContent` and `streamGenerateContent`).

use std::sync::Arc;

use assay_core::{Case, ErrorKind, Finish, Output, ToolCall, Usage};
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::chat::{
    Assemble, Chat, Prepared, Provider, count, error_in, mean, set, stream_error, temperature, unfinished, update,
};
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
    let path = |chat: &Chat| {
        let method = if chat.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        format!("/models/{}:{method}", chat.model)
    };
    Ok(Arc::new(Gemini(Prepared::new(config, context, &PROVIDER, path)?)))
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
        let body = self.body(payload);
        if self.0.chat.stream {
            let (answer, ttft) = self.0.stream(&body, Assembled::default()).await?;
            return Ok(Reply { output: read(&answer)?, ttft });
        }
        let answer = self.0.endpoint.json(Method::POST, Some(&body)).await?;
        Ok(Reply { output: read(&answer)?, ttft: None })
    }
}

impl Gemini {
    fn body(&self, payload: &Value) -> Value {
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
        set(&mut settings, "temperature", temperature(chat, payload));
        set(&mut settings, "topP", chat.top_p);
        set(&mut settings, "maxOutputTokens", chat.max_tokens);
        set(&mut settings, "seed", chat.seed);
        set(&mut settings, "stopSequences", chat.stop.as_ref());
        set(&mut settings, "responseLogprobs", chat.logprobs.then_some(true));
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
        body
    }
}

/// A streamed answer put together again, in the shape of a plain one. Its events are answers with a part of the content.
#[derive(Default)]
struct Assembled {
    text: String,
    calls: Vec<Value>,
    finish: Option<String>,
    logprobs: Vec<Value>,
    usage: Map<String, Value>,
    model: Value,
    feedback: Value,
}

impl Assemble for Assembled {
    fn take(&mut self, event: &Value) -> Result<bool, CallError> {
        if let Some(error) = error_in(event) {
            return Err(stream_error(kind(error), error));
        }
        // Counts are those of the whole answer so far.
        update(&mut self.usage, &event["usageMetadata"]);
        if let Some(model) = event.get("modelVersion").filter(|model| !model.is_null()) {
            self.model = model.clone();
        }
        if blocked(event) {
            self.feedback = event["promptFeedback"].clone();
        }
        let mut any = false;
        // Further candidates, where they were asked for, are no part of the answer.
        let first = |candidate: &&Value| candidate.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        for candidate in event["candidates"].as_array().into_iter().flatten().filter(first) {
            let reason = candidate["finishReason"].as_str().filter(|reason| *reason != "FINISH_REASON_UNSPECIFIED");
            if let Some(reason) = reason {
                self.finish = Some(reason.to_owned());
            }
            self.logprobs.extend(chosen(candidate).cloned());
            for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
                if let Some(text) = part["text"].as_str().filter(|text| !text.is_empty() && said(part)) {
                    self.text.push_str(text);
                    any = true;
                }
                if let Some(call) = part.get("functionCall") {
                    if call.get("partialArgs").is_some() || call["willContinue"] == true {
                        let message = "tool calls in pieces are not read: leave out `streamFunctionCallArguments`";
                        return Err(CallError::new(ErrorKind::BadRequest, message));
                    }
                    self.calls.push(json!({"functionCall": call}));
                    any = true;
                }
            }
        }
        Ok(any)
    }

    /// Only the end of the stream is one: older models give a reason to finish with every event.
    fn is_complete(&self) -> bool {
        false
    }

    fn finish(self) -> Result<Value, CallError> {
        if self.finish.is_none() && self.feedback.is_null() {
            return Err(unfinished());
        }
        let mut parts = vec![json!({"text": self.text})];
        parts.extend(self.calls);
        Ok(json!({
            "candidates": [{
                "content": {"parts": parts},
                "finishReason": self.finish,
                "logprobsResult": {"chosenCandidates": self.logprobs},
            }],
            "usageMetadata": self.usage, "modelVersion": self.model, "promptFeedback": self.feedback,
        }))
    }
}

/// What the HTTP status that an error carries says.
fn kind(error: &Value) -> ErrorKind {
    match error["code"].as_u64() {
        Some(400) => ErrorKind::BadRequest,
        Some(401 | 403) => ErrorKind::Authentication,
        Some(404) => ErrorKind::NotFound,
        Some(429) => ErrorKind::RateLimited,
        _ => ErrorKind::Server,
    }
}

/// Whether a filter kept the prompt from the model.
fn blocked(answer: &Value) -> bool {
    answer.pointer("/promptFeedback/blockReason").is_some()
}

/// Whether a part was said and not only thought.
fn said(part: &Value) -> bool {
    part.get("thought").and_then(Value::as_bool) != Some(true)
}

/// The tokens of a candidate with their log-probabilities.
fn chosen(candidate: &Value) -> impl Iterator<Item = &Value> {
    candidate.pointer("/logprobsResult/chosenCandidates").and_then(Value::as_array).into_iter().flatten()
}

fn read(answer: &Value) -> Result<Output, CallError> {
    let written = count(answer, "/usageMetadata/candidatesTokenCount");
    let thoughts = count(answer, "/usageMetadata/thoughtsTokenCount");
    let usage = Usage {
        input_tokens: count(answer, "/usageMetadata/promptTokenCount"),
        // Thoughts are billed as output but counted apart; an answer that never got beyond them counts nothing else.
        output_tokens: (written.is_some() || thoughts.is_some())
            .then(|| written.unwrap_or(0).saturating_add(thoughts.unwrap_or(0))),
        cached_input_tokens: count(answer, "/usageMetadata/cachedContentTokenCount"),
        reasoning_tokens: thoughts,
    };
    let version = answer.get("modelVersion").and_then(Value::as_str).map(str::to_owned);
    if blocked(answer) {
        return Ok(Output { finish: Some(Finish::Refusal), usage, version, ..Output::text_only("") });
    }
    let Some(candidate) = answer.pointer("/candidates/0") else {
        return Err(CallError::new(ErrorKind::BadResponse, "the answer has no candidates"));
    };
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array).cloned().unwrap_or_default();
    let text: String =
        parts.iter().filter(|part| said(part)).filter_map(|p| p["text"].as_str()).collect::<Vec<_>>().concat();
    let tool_calls = parts
        .iter()
        .filter_map(|part| part.get("functionCall"))
        .map(|call| ToolCall {
            name: call["name"].as_str().unwrap_or_default().to_owned(),
            // A call without arguments may leave them out.
            arguments: call.get("args").cloned().unwrap_or_else(|| json!({})),
        })
        .collect();
    let finish = candidate.get("finishReason").and_then(Value::as_str).map(Finish::from_reason);
    // -2^100 stands for no probability at all (as in the answers that langchain-google recorded for its tests).
    let logprobs = chosen(candidate).filter_map(|token| token["logProbability"].as_f64()).filter(|p| *p > -1e30);
    let mean_logprob = mean(logprobs);
    Ok(Output { value: Value::String(text), tool_calls, finish, usage, version, mean_logprob, ..Output::default() })
}
