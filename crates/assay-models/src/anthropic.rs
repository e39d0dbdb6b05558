//! Anthropic's messages API.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use assay_core::{Case, ErrorKind, Finish, Output, Problem, ToolCall, Usage};
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::batch::{self, Batches, Found, Frame, Lines, Standing, Tag};
use crate::chat::{
    Assemble, Prepared, Provider, bad, count, error_in, set, stream_error, temperature, unfinished, update,
};
use crate::client::{Endpoint, printable};
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
    if prepared.chat.logprobs {
        let message = "`logprobs` is not supported here: Anthropic's API gives no log-probabilities";
        return Err(vec![config.place(Problem::new("/logprobs", message))]);
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
        self.0.preflight()?;
        if self.0.batch { self.check().await } else { Ok(()) }
    }

    fn batches(&self) -> Option<&dyn Batches> {
        self.0.batch.then_some(self)
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

#[async_trait]
impl Batches for Anthropic {
    fn frame(&self) -> Frame {
        Frame { requests: 100_000, bytes: 256_000_000, before: "{\"requests\":[", between: ",", after: "]}" }
    }

    fn request(&self, id: &str, payload: &Value) -> Value {
        json!({"custom_id": id, "params": self.body(payload)})
    }

    async fn check(&self) -> Result<(), CallError> {
        let endpoint = self.beside(&[]).query(&[("limit", "1")]);
        batch::checked(&endpoint, endpoint.json(Method::GET, None).await)
    }

    async fn submit(&self, file: &Path, _: &Tag) -> Result<String, CallError> {
        let endpoint = batch::patient(self.beside(&[]));
        batch::id_in(&endpoint.upload(String::new(), file, String::new(), "application/json").await?, "batch")
    }

    /// A batch carries nothing of ours but the ids of its requests, which are seen with its results only: what could be
    /// it by time and size is waited for.
    async fn find(&self, tag: &Tag, known: &[String]) -> Result<Found, CallError> {
        let mut after: Option<String> = None;
        let mut unsure = false;
        loop {
            let mut endpoint = self.beside(&[]).query(&[("limit", "100")]);
            if let Some(after) = &after {
                endpoint = endpoint.query(&[("after_id", after)]);
            }
            let page = endpoint.json(Method::GET, None).await?;
            let batches = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut older = false;
            for batch in batches {
                let id = batch::id_in(batch, "batch")?;
                // A batch that does not say when it was made may be it.
                older = made(batch).is_some_and(|at| at < tag.since - CLOCKS_DIFFER);
                if older || known.contains(&id) || requests(batch) != tag.requests {
                    continue;
                }
                if batch["processing_status"] != "ended" {
                    unsure = true;
                    continue;
                }
                let mut lines = self.results(&id).await?;
                while let Some(line) = lines.next().await? {
                    // The first result that can be read tells whose all are.
                    if let Ok((request, _)) = self.read(&line) {
                        if tag.trial(&request).is_some() {
                            return Ok(Found::Batch(id));
                        }
                        break;
                    }
                }
            }
            let next = batches.last().map(|last| batch::id_in(last, "batch")).transpose()?;
            if older || next.is_none() || next == after || page["has_more"] != true {
                return Ok(if unsure { Found::Unsure } else { Found::Nothing });
            }
            after = next;
        }
    }

    async fn standing(&self, batch: &str) -> Result<Standing, CallError> {
        let answer = self.beside(&[batch]).json(Method::GET, None).await?;
        let working = match answer["processing_status"].as_str() {
            Some("in_progress" | "canceling") => true,
            Some("ended") => false,
            other => {
                let status = printable(other.unwrap_or_default(), 40);
                return Err(bad(format!("the batch has the unknown status `{status}`")));
            }
        };
        Ok(Standing {
            working,
            done: requests(&answer) - count(&answer, "/request_counts/processing").unwrap_or(0).min(requests(&answer)),
            // The address in the answer is not followed: the key would go wherever it points.
            files: if working { Vec::new() } else { vec![batch.to_owned()] },
            unanswered: bad("the batch has no result for this request"),
        })
    }

    async fn cancel(&self, batch: &str) -> Result<(), CallError> {
        self.beside(&[batch, "cancel"]).json(Method::POST, None).await.map(drop)
    }

    async fn results(&self, batch: &str) -> Result<Lines, CallError> {
        let endpoint = batch::patient(self.beside(&[batch, "results"]));
        let response = endpoint.send(Method::GET, None).await?;
        Ok(Lines::new(endpoint, response))
    }

    fn read(&self, line: &[u8]) -> Result<(String, Result<Output, CallError>), String> {
        let line = batch::json(line)?;
        Ok((batch::custom_id(&line)?, result(&line["result"])))
    }
}

/// Seconds by which the provider's clock may be behind.
const CLOCKS_DIFFER: i64 = 600;

/// When a batch was made, in seconds since the Unix epoch.
fn made(batch: &Value) -> Option<i64> {
    let text = batch["created_at"].as_str()?;
    Some(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp())
}

/// How many requests a batch has.
fn requests(batch: &Value) -> u64 {
    let counts = ["processing", "succeeded", "errored", "canceled", "expired"];
    counts.iter().filter_map(|key| batch["request_counts"][key].as_u64()).fold(0, u64::saturating_add)
}

/// Reads what became of a request.
fn result(result: &Value) -> Result<Output, CallError> {
    match result["type"].as_str() {
        Some("succeeded") => read(&result["message"]),
        Some("errored") => {
            let outer = &result["error"];
            let error = outer.get("error").unwrap_or(outer);
            let said = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
            Err(CallError::new(kind(error), format!("error in the batch: {}", printable(&said, 500))))
        }
        Some("expired") => {
            Err(CallError::new(ErrorKind::Timeout, "the batch expired before this request was answered"))
        }
        Some("canceled") => Err(CallError::new(ErrorKind::Server, "the batch was cancelled at the provider")),
        other => {
            let other = printable(other.unwrap_or_default(), 40);
            Err(bad(format!("the result is of the unknown type `{other}`")))
        }
    }
}

impl Anthropic {
    /// A place of the batch API.
    fn beside(&self, segments: &[&str]) -> Endpoint {
        self.0.endpoint.beside(0, &["batches"]).beside(0, segments)
    }

    fn body(&self, payload: &Value) -> Value {
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
        let system = (!system.is_empty()).then(|| system.join("\n\n"));
        if chat.prompt_cache {
            // The mark is on the end of what is kept: tools come before the system prompt.
            let mark = json!({"type": "ephemeral"});
            let block = |text| json!([{"type": "text", "text": text, "cache_control": mark}]);
            set(&mut body, "system", system.map(block));
        } else {
            set(&mut body, "system", system);
        }
        set(&mut body, "temperature", temperature(chat, payload));
        set(&mut body, "top_p", chat.top_p);
        set(&mut body, "stop_sequences", chat.stop.as_ref());
        set(&mut body, "tools", chat.tools.as_ref().map(|tools| tools.iter().map(tool).collect::<Vec<_>>()));
        set(&mut body, "tool_choice", chat.tool_choice.as_ref());
        if chat.prompt_cache
            && body.get("system").is_none()
            && let Some(last) = body.get_mut("tools").and_then(|tools| tools.as_array_mut()?.last_mut())
        {
            last["cache_control"] = json!({"type": "ephemeral"});
        }
        if let Some(schema) = payload.get("response_schema") {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
        }
        set(&mut body, "stream", chat.stream.then_some(true));
        for (key, value) in &chat.extra {
            body[key] = value.clone();
        }
        body
    }
}

/// A streamed message put together again, in the shape of a plain one.
#[derive(Default)]
struct Assembled {
    model: Value,
    blocks: BTreeMap<u64, Block>,
    stop_reason: Option<String>,
    usage: Map<String, Value>,
    stopped: bool,
}

/// A content block as it started, and what came after.
struct Block {
    start: Map<String, Value>,
    text: String,
    input: String,
}

impl Block {
    fn finish(self) -> Value {
        let mut block = self.start;
        if !self.text.is_empty() {
            let before = block.get("text").and_then(Value::as_str).unwrap_or_default();
            let text = format!("{before}{}", self.text);
            block.insert("text".into(), text.into());
        }
        if !self.input.is_empty() {
            // The message came to its end, so that arguments that are not JSON are the model's own: they stay a text.
            let input = serde_json::from_str(&self.input).unwrap_or(Value::String(self.input));
            block.insert("input".into(), input);
        }
        Value::Object(block)
    }
}

impl Assemble for Assembled {
    fn take(&mut self, event: &Value) -> Result<bool, CallError> {
        if let Some(error) = error_in(event) {
            return Err(stream_error(kind(error), error));
        }
        let index = || event["index"].as_u64().ok_or_else(|| bad("a content block has no index"));
        match event["type"].as_str() {
            Some("message_start") => {
                self.model = event["message"]["model"].clone();
                update(&mut self.usage, &event["message"]["usage"]);
            }
            Some("content_block_start") => {
                let start = event["content_block"].as_object().ok_or_else(|| bad("a content block is empty"))?.clone();
                let said = start.get("text").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
                let any = said || start.get("type").is_some_and(|kind| kind == "tool_use");
                let block = Block { start, text: String::new(), input: String::new() };
                if self.blocks.insert(index()?, block).is_some() {
                    return Err(bad("a content block starts twice"));
                }
                return Ok(any);
            }
            Some("content_block_delta") => {
                let block = self.blocks.get_mut(&index()?).ok_or_else(|| bad("a content block does not start"))?;
                let delta = &event["delta"];
                // Thoughts, signatures and citations are no part of the answer.
                let (slot, piece) = match delta["type"].as_str() {
                    Some("text_delta") => (&mut block.text, &delta["text"]),
                    Some("input_json_delta") => (&mut block.input, &delta["partial_json"]),
                    _ => return Ok(false),
                };
                let piece = piece.as_str().unwrap_or_default();
                slot.push_str(piece);
                return Ok(!piece.is_empty());
            }
            Some("message_delta") => {
                if let Some(reason) = event["delta"]["stop_reason"].as_str() {
                    self.stop_reason = Some(reason.to_owned());
                }
                // Counts are those of the whole message so far.
                update(&mut self.usage, &event["usage"]);
            }
            Some("message_stop") => self.stopped = true,
            // `ping`, `content_block_stop`, and events that are yet to be invented.
            _ => {}
        }
        Ok(false)
    }

    fn is_complete(&self) -> bool {
        self.stopped && self.stop_reason.is_some()
    }

    fn finish(self) -> Result<Value, CallError> {
        if !self.is_complete() {
            return Err(unfinished());
        }
        Ok(json!({
            "model": self.model,
            "content": self.blocks.into_values().map(Block::finish).collect::<Vec<_>>(),
            "stop_reason": self.stop_reason,
            "usage": self.usage,
        }))
    }
}

/// What the HTTP status that belongs to an error's type would say.
fn kind(error: &Value) -> ErrorKind {
    match error["type"].as_str() {
        Some("invalid_request_error" | "request_too_large") => ErrorKind::BadRequest,
        Some("authentication_error" | "permission_error") => ErrorKind::Authentication,
        Some("billing_error") => ErrorKind::QuotaExhausted,
        Some("not_found_error") => ErrorKind::NotFound,
        Some("rate_limit_error") => ErrorKind::RateLimited,
        // `api_error`, `overloaded_error`, `timeout_error`.
        _ => ErrorKind::Server,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_a_batch() {
        let message = json!({"content": [{"type": "text", "text": "4"}], "stop_reason": "end_turn"});
        assert_eq!(result(&json!({"type": "succeeded", "message": message})).unwrap().text(), "4");
        let kind = |line: Value| result(&line).unwrap_err().kind;
        let error = json!({"type": "invalid_request_error", "message": "no"});
        assert_eq!(kind(json!({"type": "errored", "error": {"type": "error", "error": error}})), ErrorKind::BadRequest);
        assert_eq!(kind(json!({"type": "errored", "error": error})), ErrorKind::BadRequest);
        assert_eq!(kind(json!({"type": "expired"})), ErrorKind::Timeout);
        assert_eq!(kind(json!({"type": "canceled"})), ErrorKind::Server);
        assert_eq!(kind(json!({"type": "succeeded"})), ErrorKind::BadResponse);
        assert_eq!(kind(json!({})), ErrorKind::BadResponse);
    }

    #[test]
    fn a_batch_tells_when_it_was_made_and_how_large_it_is() {
        let batch = json!({"created_at": "2024-08-20T18:37:24.100435Z",
                           "request_counts": {"processing": 1, "succeeded": 2, "errored": 3, "canceled": 4, "expired": 5}});
        assert_eq!((made(&batch), requests(&batch)), (Some(1_724_179_044), 15));
        assert_eq!((made(&json!({})), requests(&json!({}))), (None, 0));
    }
}
