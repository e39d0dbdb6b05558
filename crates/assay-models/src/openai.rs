//! Chat completions as OpenAI's API and every compatible server speak them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_core::{Case, Digest, ErrorKind, Finish, Output, ToolCall, Usage};
use async_trait::async_trait;
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::batch::{self, Batches, Found, Frame, Lines, Standing, Tag};
use crate::chat::{Prepared, Provider, count, error_in, set, temperature};
use crate::client::{Endpoint, classify, printable};
use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

pub(crate) const PROVIDER: Provider = Provider {
    kind: "openai",
    base_url: "https://api.openai.com/v1",
    base_url_env: "OPENAI_BASE_URL",
    key_env: "OPENAI_API_KEY",
    key_header: "authorization",
    key_prefix: "Bearer ",
};

struct OpenAi(Prepared, &'static str);

/// Builds the target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let prepared = Prepared::new(config, context, &PROVIDER, |_| "/chat/completions".to_owned())?;
    // OpenAI's own server wants the newer name of the limit; compatible servers know the older one.
    let own = prepared.endpoint.shown().contains("api.openai.com");
    Ok(Arc::new(OpenAi(prepared, if own { "max_completion_tokens" } else { "max_tokens" })))
}

#[async_trait]
impl Target for OpenAi {
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
            return self.stream(&body, payload).await;
        }
        let answer = self.0.endpoint.json(Method::POST, Some(&body)).await?;
        Ok(Reply { output: self.read(&answer, payload)?, ttft: None })
    }
}

#[async_trait]
impl Batches for OpenAi {
    fn frame(&self) -> Frame {
        Frame { requests: 50_000, bytes: 200_000_000, before: "", between: "\n", after: "\n" }
    }

    fn request(&self, id: &str, payload: &Value) -> Value {
        json!({"custom_id": id, "method": "POST", "url": BATCHED, "body": self.body(payload)})
    }

    async fn check(&self) -> Result<(), CallError> {
        let endpoint = self.beside(&["batches"]).query(&[("limit", "1")]);
        batch::checked(&endpoint, endpoint.json(Method::GET, None).await)
    }

    async fn submit(&self, file: &Path, tag: &Tag) -> Result<String, CallError> {
        // Unique, so that no request can hold it by chance.
        let boundary = format!("assay-{}-{}", tag.run, Digest::of_json(&(tag.part, tag.since)).short());
        let name = format!("assay-{}-{}.jsonl", tag.run, tag.part);
        let before = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/jsonl\r\n\r\n"
        );
        let after = format!("\r\n--{boundary}--\r\n");
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let files = batch::patient(self.beside(&["files"]));
        let uploaded = batch::id_in(&files.upload(before, file, after, &content_type).await?, "file")?;
        let body = json!({
            "input_file_id": uploaded, "endpoint": BATCHED, "completion_window": "24h",
            "metadata": {"assay_run": tag.run, "assay_part": tag.part.to_string()},
        });
        batch::id_in(&self.beside(&["batches"]).json(Method::POST, Some(&body)).await?, "batch")
    }

    async fn find(&self, tag: &Tag, _: &[String]) -> Result<Found, CallError> {
        let mut after: Option<String> = None;
        loop {
            let mut endpoint = self.beside(&["batches"]).query(&[("limit", "100")]);
            if let Some(after) = &after {
                endpoint = endpoint.query(&[("after", after)]);
            }
            let page = endpoint.json(Method::GET, None).await?;
            let batches = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let part = tag.part.to_string();
            let ours = batches.iter().find(|batch| {
                let metadata = &batch["metadata"];
                metadata["assay_run"] == tag.run.as_str() && metadata["assay_part"] == part.as_str()
            });
            if let Some(batch) = ours {
                return Ok(Found::Batch(batch::id_in(batch, "batch")?));
            }
            // The newest come first, and the provider's clock may be another.
            let older =
                batches.last().and_then(|last| last["created_at"].as_i64()).is_some_and(|at| at < tag.since - DAY);
            let next = batches.last().map(|last| batch::id_in(last, "batch")).transpose()?;
            if older || next.is_none() || next == after || page["has_more"] != true {
                return Ok(Found::Nothing);
            }
            after = next;
        }
    }

    async fn standing(&self, batch: &str) -> Result<Standing, CallError> {
        standing(&self.beside(&["batches", batch]).json(Method::GET, None).await?)
    }

    async fn cancel(&self, batch: &str) -> Result<(), CallError> {
        self.beside(&["batches", batch, "cancel"]).json(Method::POST, None).await.map(drop)
    }

    async fn results(&self, file: &str) -> Result<Lines, CallError> {
        let endpoint = batch::patient(self.beside(&["files", file, "content"]));
        let response = endpoint.send(Method::GET, None).await?;
        Ok(Lines::new(endpoint, response))
    }

    fn read(&self, line: &[u8]) -> Result<(String, Result<Output, CallError>), String> {
        let line = batch::json(line)?;
        Ok((batch::custom_id(&line)?, result(&line)))
    }
}

/// The endpoint that the requests of a batch are for, as the batch API names it.
const BATCHED: &str = "/v1/chat/completions";

/// Seconds.
const DAY: i64 = 86_400;

/// Reads a batch object.
fn standing(answer: &Value) -> Result<Standing, CallError> {
    let status = answer["status"].as_str().unwrap_or_default();
    let first = &answer["errors"]["data"][0];
    let said = first["message"].as_str().map(|said| format!(": {}", printable(said, 500))).unwrap_or_default();
    let working = matches!(status, "validating" | "in_progress" | "finalizing" | "cancelling");
    let unanswered = match status {
        _ if working => CallError::new(ErrorKind::BadResponse, "the batch has not ended"),
        "completed" => CallError::new(ErrorKind::BadResponse, "the batch has no result for this request"),
        // The account may have so many tokens in batches at once: later there is room again.
        "failed" if first["code"] == "token_limit_exceeded" => {
            CallError::new(ErrorKind::RateLimited, format!("the batch was not taken{said}"))
        }
        "failed" => CallError::new(ErrorKind::BadRequest, format!("the batch failed{said}")),
        "expired" => CallError::new(ErrorKind::Timeout, "the batch expired before this request was answered"),
        "cancelled" => CallError::new(ErrorKind::Server, "the batch was cancelled at the provider"),
        other => {
            let message = format!("the batch has the unknown status `{}`", printable(other, 40));
            return Err(CallError::new(ErrorKind::BadResponse, message));
        }
    };
    let counts = &answer["request_counts"];
    let count = |key: &str| counts[key].as_u64().unwrap_or(0);
    let files = ["output_file_id", "error_file_id"].into_iter().filter(|key| answer[*key].is_string());
    let files = files.map(|key| batch::id_in(&json!({"id": answer[key]}), "file")).collect::<Result<_, _>>()?;
    Ok(Standing { working, done: count("completed").saturating_add(count("failed")), files, unanswered })
}

/// Reads what became of a request.
fn result(line: &Value) -> Result<Output, CallError> {
    if let Some(error) = error_in(line) {
        let said = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
        let kind = if error["code"] == "batch_expired" { ErrorKind::Timeout } else { ErrorKind::Server };
        return Err(CallError::new(kind, printable(&said, 500)));
    }
    let response = &line["response"];
    let body = &response["body"];
    match response["status_code"].as_u64().and_then(|status| u16::try_from(status).ok()) {
        Some(200..=299) => read(body),
        Some(status) => {
            let said = body["error"]["message"].as_str().map_or_else(|| body.to_string(), str::to_owned);
            let message = format!("{status} in the batch: {}", printable(&said, 500));
            Err(CallError { status: Some(status), ..CallError::new(classify(status, &body.to_string()), message) })
        }
        None => Err(CallError::new(ErrorKind::BadResponse, "the result has no status")),
    }
}

impl OpenAi {
    /// Another place of the same server.
    fn beside(&self, segments: &[&str]) -> Endpoint {
        self.0.endpoint.beside(2, segments)
    }

    fn body(&self, payload: &Value) -> Value {
        let chat = &self.0.chat;
        let mut messages = Vec::new();
        if let Some(system) = payload.get("system") {
            messages.push(json!({"role": "system", "content": system}));
        }
        messages.extend(payload["messages"].as_array().cloned().unwrap_or_default());
        let mut body = json!({"model": chat.model, "messages": messages});
        set(&mut body, "temperature", temperature(chat, payload));
        set(&mut body, "top_p", chat.top_p);
        set(&mut body, self.1, chat.max_tokens);
        set(&mut body, "seed", chat.seed);
        set(&mut body, "stop", chat.stop.as_ref());
        set(&mut body, "tools", chat.tools.as_ref());
        set(&mut body, "tool_choice", chat.tool_choice.as_ref());
        let alternatives = payload.get("top_logprobs");
        set(&mut body, "logprobs", (chat.logprobs || alternatives.is_some()).then_some(true));
        set(&mut body, "top_logprobs", alternatives);
        set(&mut body, "prompt_cache_key", chat.prompt_cache.then(|| self.0.traits.fingerprint.short()));
        if let Some(schema) = payload.get("response_schema") {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": true, "schema": schema},
            });
        }
        if chat.stream {
            body["stream"] = json!(true);
            body["stream_options"] = json!({"include_usage": true});
        }
        for (key, value) in &chat.extra {
            body[key] = value.clone();
        }
        body
    }

    /// Reads an answer; the alternatives of its tokens are kept where they were asked for.
    fn read(&self, answer: &Value, payload: &Value) -> Result<Output, CallError> {
        let mut output = read(answer)?;
        if payload.get("top_logprobs").is_some()
            && let Some(tokens) = answer.pointer("/choices/0/logprobs/content").filter(|tokens| tokens.is_array())
        {
            output.metadata.insert("logprobs".into(), tokens.clone());
        }
        Ok(output)
    }

    async fn stream(&self, body: &Value, payload: &Value) -> Result<Reply, CallError> {
        let started = Instant::now();
        let response = self.0.endpoint.send(Method::POST, Some(body)).await?;
        let mut bytes = response.bytes_stream();
        let mut lines = EventLines::default();
        let mut whole = Assembled::default();
        let mut ttft: Option<Duration> = None;
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(|error| self.0.endpoint.failure(&error))?;
            for data in lines.push(&chunk) {
                if whole.take(&data)? && ttft.is_none() {
                    ttft = Some(started.elapsed());
                }
            }
        }
        Ok(Reply { output: self.read(&whole.finish()?, payload)?, ttft })
    }
}

/// Splits server-sent events into their data, however the bytes were cut.
#[derive(Default)]
struct EventLines {
    rest: Vec<u8>,
}

impl EventLines {
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let mut found = Vec::new();
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            if let Some(data) = String::from_utf8_lossy(&line).trim_end().strip_prefix("data:") {
                found.push(data.trim_start().to_owned());
            }
        }
        found
    }
}

/// A streamed answer put together again, in the shape of a plain one.
#[derive(Default)]
struct Assembled {
    content: String,
    refusal: String,
    tools: Vec<(String, String)>,
    finish: Option<String>,
    usage: Value,
    model: Value,
    fingerprint: Value,
    logprobs: Vec<Value>,
}

impl Assembled {
    /// Takes one event; true when it carried content.
    fn take(&mut self, data: &str) -> Result<bool, CallError> {
        if data == "[DONE]" || data.is_empty() {
            return Ok(false);
        }
        let bad = |message: String| CallError::new(ErrorKind::BadResponse, message);
        let event: Value =
            serde_json::from_str(data).map_err(|error| bad(format!("a stream event is not JSON: {error}")))?;
        if let Some(error) = event.get("error") {
            let said = error.get("message").and_then(Value::as_str).unwrap_or("unknown").to_owned();
            return Err(CallError::new(ErrorKind::Server, format!("error in the stream: {said}")));
        }
        for (slot, key) in
            [(&mut self.usage, "usage"), (&mut self.model, "model"), (&mut self.fingerprint, "system_fingerprint")]
        {
            if let Some(value) = event.get(key).filter(|value| !value.is_null()) {
                *slot = value.clone();
            }
        }
        let choice = &event["choices"][0];
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish = Some(reason.to_owned());
        }
        if let Some(items) = choice["logprobs"]["content"].as_array() {
            self.logprobs.extend(items.iter().cloned());
        }
        let delta = &choice["delta"];
        let mut any = false;
        for (slot, key) in [(&mut self.content, "content"), (&mut self.refusal, "refusal")] {
            if let Some(text) = delta[key].as_str().filter(|text| !text.is_empty()) {
                slot.push_str(text);
                any = true;
            }
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().unwrap_or(0) as usize;
            if index > 1_000 {
                return Err(bad("a tool call's index is out of range".into()));
            }
            if self.tools.len() <= index {
                self.tools.resize(index + 1, Default::default());
            }
            self.tools[index].0.push_str(call["function"]["name"].as_str().unwrap_or_default());
            self.tools[index].1.push_str(call["function"]["arguments"].as_str().unwrap_or_default());
            any = true;
        }
        Ok(any)
    }

    fn finish(self) -> Result<Value, CallError> {
        if self.finish.is_none() {
            return Err(CallError::new(ErrorKind::BadResponse, "the stream ended before the answer did"));
        }
        let tools: Vec<Value> = self
            .tools
            .into_iter()
            .map(|(name, arguments)| json!({"function": {"name": name, "arguments": arguments}}))
            .collect();
        let refusal = (!self.refusal.is_empty()).then_some(self.refusal);
        Ok(json!({
            "choices": [{
                "finish_reason": self.finish,
                "message": {"content": self.content, "refusal": refusal, "tool_calls": tools},
                "logprobs": {"content": self.logprobs},
            }],
            "usage": self.usage, "model": self.model, "system_fingerprint": self.fingerprint,
        }))
    }
}

/// Reads a chat completion.
fn read(answer: &Value) -> Result<Output, CallError> {
    let Some(message) = answer.pointer("/choices/0/message") else {
        let start = crate::client::printable(&answer.to_string(), 200);
        return Err(CallError::new(ErrorKind::BadResponse, format!("the answer has no choices: {start}")));
    };
    let refusal = message.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty());
    let finish = answer.pointer("/choices/0/finish_reason").and_then(Value::as_str).map(Finish::from_reason);
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let tool_calls = calls
        .map(ToolCall::from_value)
        .collect::<Result<_, _>>()
        .map_err(|message| CallError::new(ErrorKind::BadResponse, message))?;
    let logprobs: Vec<f64> = answer
        .pointer("/choices/0/logprobs/content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|token| token.get("logprob").and_then(Value::as_f64))
        .filter(|logprob| logprob.is_finite())
        .collect();
    let text = refusal.or_else(|| message.get("content").and_then(Value::as_str)).unwrap_or_default();
    Ok(Output {
        value: Value::String(text.to_owned()),
        tool_calls,
        finish: if refusal.is_some() { Some(Finish::Refusal) } else { finish },
        usage: Usage {
            input_tokens: count(answer, "/usage/prompt_tokens"),
            output_tokens: count(answer, "/usage/completion_tokens"),
            cached_input_tokens: count(answer, "/usage/prompt_tokens_details/cached_tokens"),
            reasoning_tokens: count(answer, "/usage/completion_tokens_details/reasoning_tokens"),
        },
        version: answer
            .get("system_fingerprint")
            .and_then(Value::as_str)
            .or_else(|| answer.get("model").and_then(Value::as_str))
            .map(str::to_owned),
        mean_logprob: (!logprobs.is_empty()).then(|| logprobs.iter().sum::<f64>() / logprobs.len() as f64),
        ..Output::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_are_the_same_however_bytes_are_cut(cuts in prop::collection::vec(1usize..9, 0..60)) {
            let text = "data: {\"a\":\"é\"}\r\n\r\n: comment\ndata: [DONE]\n\n".as_bytes();
            let mut lines = EventLines::default();
            let mut found = Vec::new();
            let mut at = 0;
            for cut in cuts {
                let end = (at + cut).min(text.len());
                found.extend(lines.push(&text[at..end]));
                at = end;
            }
            found.extend(lines.push(&text[at..]));
            prop_assert_eq!(found, vec!["{\"a\":\"é\"}".to_owned(), "[DONE]".to_owned()]);
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_not_an_answer() {
        let mut whole = Assembled::default();
        assert!(whole.take(r#"{"choices":[{"delta":{"content":"half"}}]}"#).unwrap());
        assert_eq!(whole.finish().unwrap_err().kind, ErrorKind::BadResponse);
    }

    #[test]
    fn the_states_of_a_batch() {
        let at = |status: &str| standing(&json!({"status": status, "output_file_id": "file-1", "error_file_id": null}));
        for status in ["validating", "in_progress", "finalizing", "cancelling"] {
            assert!(at(status).unwrap().working, "{status}");
        }
        for (status, kind) in [
            ("completed", ErrorKind::BadResponse),
            ("failed", ErrorKind::BadRequest),
            ("expired", ErrorKind::Timeout),
            ("cancelled", ErrorKind::Server),
        ] {
            let ended = at(status).unwrap();
            assert_eq!((ended.working, ended.unanswered.kind, ended.files), (false, kind, vec!["file-1".to_owned()]));
        }
        assert!(at("").is_err() && at("../x").is_err());
        let full =
            json!({"status": "failed", "errors": {"data": [{"code": "token_limit_exceeded", "message": "too many"}]}});
        let full = standing(&full).unwrap().unanswered;
        assert!(full.kind.is_transient() && full.message.contains("too many"), "{full}");
    }

    #[test]
    fn the_results_of_a_batch() {
        let answer = json!({"choices": [{"finish_reason": "stop", "message": {"content": "4", "refusal": null}}]});
        let line = json!({"response": {"status_code": 200, "request_id": "r", "body": answer}, "error": null});
        assert_eq!(result(&line).unwrap().text(), "4");
        let kind = |line: Value| result(&line).unwrap_err().kind;
        let error = json!({"code": "batch_expired", "message": "late"});
        assert_eq!(kind(json!({"response": null, "error": error})), ErrorKind::Timeout);
        let limited = json!({"status_code": 429, "body": {"error": {"message": "slow down"}}});
        assert_eq!(kind(json!({"response": limited, "error": null})), ErrorKind::RateLimited);
        assert_eq!(kind(json!({"response": {"status_code": 200, "body": {}}})), ErrorKind::BadResponse);
        assert_eq!(kind(json!({"response": {"status_code": 99_999}})), ErrorKind::BadResponse);
        assert_eq!(kind(json!({})), ErrorKind::BadResponse);
    }
}
