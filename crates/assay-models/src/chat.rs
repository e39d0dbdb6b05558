//! What chat models share: prompts, parameters, payloads, streams.

use std::time::{Duration, Instant};

use assay_core::{Case, ErrorKind, Problem, Template};
use futures::StreamExt;
use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::batch::PRICE_SHARE;
use crate::client::{Endpoint, printable};
use crate::registry::Config;
use crate::target::{BuildContext, CallError, Price, Problems, Traits};

/// A chat model: which one, what it is asked, with which parameters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// The model's id.
    pub model: String,
    /// The server; the provider's own by default.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The environment variable that holds the key.
    #[serde(default)]
    pub api_key_env: Option<String>,
    /// One user message, a template.
    #[serde(default)]
    pub prompt: Option<String>,
    /// Messages with templates as contents.
    #[serde(default)]
    pub messages: Option<Vec<Message>>,
    /// The system message, a template.
    #[serde(default)]
    pub system: Option<String>,
    /// Ask the provider to keep what all prompts begin with, which makes reading it again cheaper. Anthropic gets a mark
    /// on the system prompt and the tools, OpenAI a key that sends alike prompts to the same machine.
    #[serde(default)]
    pub prompt_cache: bool,
    /// Stream the answer, which measures the time to the first token.
    #[serde(default)]
    pub stream: bool,
    /// Sampling temperature.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(default)]
    pub top_p: Option<f64>,
    /// The most tokens an answer may have.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Seed, where the provider has one.
    #[serde(default)]
    pub seed: Option<i64>,
    /// Texts that end the answer.
    #[serde(default)]
    pub stop: Option<Vec<String>>,
    /// Tools in OpenAI's format.
    #[serde(default)]
    pub tools: Option<Vec<Value>>,
    /// Which tool must or may be called, in the provider's format.
    #[serde(default)]
    pub tool_choice: Option<Value>,
    /// A JSON Schema the answer must follow.
    #[serde(default)]
    pub response_schema: Option<Value>,
    /// Ask for token log-probabilities.
    #[serde(default)]
    pub logprobs: bool,
    /// Any further fields of the request body.
    #[serde(default)]
    pub extra: Map<String, Value>,
}

/// One message.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// A template.
    pub content: String,
}

/// What a provider adds: where it is and how its key travels.
pub struct Provider {
    /// The kind of target.
    pub kind: &'static str,
    /// The server when none is configured.
    pub base_url: &'static str,
    /// The environment variable that may name another server.
    pub base_url_env: &'static str,
    /// The environment variable that holds the key.
    pub key_env: &'static str,
    /// The header that carries the key.
    pub key_header: &'static str,
    /// What stands before the key.
    pub key_prefix: &'static str,
}

/// A chat model ready to be called: its endpoint, its templates, its traits.
pub struct Prepared {
    /// The configuration.
    pub chat: Chat,
    /// Where calls go.
    pub endpoint: Endpoint,
    /// How calls are treated.
    pub traits: Traits,
    /// Roles and templates.
    messages: Vec<(String, Template)>,
    system: Option<Template>,
    key_missing: Option<String>,
    /// Whether answers come by batch.
    pub(crate) batch: bool,
}

impl Prepared {
    /// Reads the configuration and compiles its templates; `path` is added to the server's URL.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn new(
        config: &Config,
        context: &BuildContext,
        provider: &Provider,
        path: impl Fn(&Chat) -> String,
    ) -> Result<Self, Problems> {
        let chat: Chat = config.read()?;
        let mut problems = Vec::new();
        let mut compile = |at: String, text: &str| match Template::new(text) {
            Ok(template) => Some(template),
            Err(error) => {
                problems.push(config.place(Problem::new(at, error.message)));
                None
            }
        };
        let mut messages = Vec::new();
        for (i, message) in chat.messages.iter().flatten().enumerate() {
            if let Some(template) = compile(format!("/messages/{i}/content"), &message.content) {
                messages.push((message.role.clone(), template));
            }
        }
        if let Some(prompt) = &chat.prompt
            && let Some(template) = compile("/prompt".into(), prompt)
        {
            messages.push(("user".to_owned(), template));
        }
        let system = chat.system.as_ref().and_then(|text| compile("/system".into(), text));
        if !problems.is_empty() {
            return Err(problems);
        }
        let base = chat
            .base_url
            .clone()
            .or_else(|| std::env::var(provider.base_url_env).ok().filter(|url| !url.is_empty()))
            .unwrap_or_else(|| provider.base_url.to_owned());
        let url = format!("{}{}", base.trim_end_matches('/'), path(&chat));
        let timeout = config.traits(String::new(), true, &Value::Null).timeout;
        let mut endpoint = Endpoint::new(&url, &config.remote.headers, timeout, context).map_err(|mut problem| {
            problem.at = problem.at.replace("/url", "/base_url");
            vec![config.place(problem)]
        })?;
        let variable = chat.api_key_env.clone().unwrap_or_else(|| provider.key_env.to_owned());
        let mut key_missing = None;
        match std::env::var(&variable).ok().filter(|key| !key.trim().is_empty()) {
            Some(key) => endpoint.secret(provider.key_header, &format!("{}{}", provider.key_prefix, key.trim())),
            None if endpoint.is_local() || !config.remote.headers.is_empty() => {}
            None => key_missing = Some(variable),
        }
        let mut traits = config.traits(endpoint.account(provider.kind), true, &Value::String(base));
        traits.max_output_tokens = chat.max_tokens;
        traits.rates = endpoint.rates().clone();
        // A target's own price is what it costs as it is called; those of models are list prices.
        let share = if config.remote.batch { PRICE_SHARE } else { 1.0 };
        traits.price = traits.price.or_else(|| {
            let listed = context.prices.get(&chat.model).copied().or_else(|| {
                if endpoint.is_local() {
                    Some(Price { input: 0.0, output: 0.0, cached_input: None })
                } else {
                    crate::prices::look_up(&chat.model)
                }
            });
            listed.map(|price| price.times(share))
        });
        Ok(Self { chat, endpoint, traits, messages, system, key_missing, batch: config.remote.batch })
    }

    /// The payload for a case.
    ///
    /// # Errors
    /// A template that cannot be rendered.
    pub fn payload(&self, case: &Case) -> Result<Value, CallError> {
        let variables = case.target_variables();
        let render = |template: &Template| {
            template.render(&variables).map_err(|error| CallError::new(ErrorKind::Template, error.message))
        };
        let messages = if self.messages.is_empty() {
            vec![("user", default_prompt(case))]
        } else {
            self.messages
                .iter()
                .map(|(role, template)| Ok((role.as_str(), render(template)?)))
                .collect::<Result<Vec<_>, CallError>>()?
        };
        let system = self.system.as_ref().map(render).transpose()?;
        Ok(payload(system.as_deref(), &messages, self.chat.response_schema.as_ref()))
    }

    /// A missing key is known before any call.
    ///
    /// # Errors
    /// Which variable to set.
    pub fn preflight(&self) -> Result<(), CallError> {
        match &self.key_missing {
            Some(variable) => Err(CallError::new(
                ErrorKind::Authentication,
                format!("no API key: set the environment variable {variable}"),
            )),
            None => {
                self.endpoint.warm_up();
                Ok(())
            }
        }
    }

    /// The variables of the templates with their places.
    pub fn variables(&self) -> Vec<(String, String)> {
        let system = self.system.iter().map(|template| (template, "/system".to_owned()));
        let prompt = usize::from(self.chat.prompt.is_some());
        let count = self.messages.len() - prompt;
        let messages = self.messages.iter().enumerate().map(move |(i, (_, template))| {
            (template, if i < count { format!("/messages/{i}/content") } else { "/prompt".to_owned() })
        });
        system
            .chain(messages)
            .flat_map(|(template, at)| template.variables().into_iter().map(move |name| (name, at.clone())))
            .collect()
    }

    /// Sends a request whose answer comes as server-sent events. Gives the answer in the shape of a plain one, and the
    /// time from sending to the first event that carried a part of it.
    ///
    /// # Errors
    /// What a plain call fails with, an error inside the stream, a stream that ends before the answer does.
    pub(crate) async fn stream<A: Assemble>(
        &self,
        body: &Value,
        mut whole: A,
    ) -> Result<(Value, Option<Duration>), CallError> {
        let started = Instant::now();
        let response = self.endpoint.send(Method::POST, Some(body)).await?;
        let mut bytes = response.bytes_stream();
        let mut events = Events::default();
        let mut ttft = None;
        let mut size = 0;
        let mut broken = None;
        while let Some(chunk) = bytes.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    broken = Some(self.endpoint.failure(&error));
                    break;
                }
            };
            size += chunk.len();
            if size > LARGEST_STREAM {
                return Err(bad("the stream is larger than 128 MiB"));
            }
            for data in events.push(&chunk) {
                if take(&mut whole, &data)? && ttft.is_none() {
                    ttft = Some(started.elapsed());
                }
            }
        }
        if let Some(data) = events.end().filter(|_| broken.is_none())
            && take(&mut whole, &data)?
        {
            ttft = ttft.or_else(|| Some(started.elapsed()));
        }
        // Gemini ends a stream that it cannot go on with by a plain JSON error behind the last event. It says more
        // than the connection that breaks off after it.
        if let Some(error) = plain_error(&events.outside) {
            whole.take(&error)?;
        }
        match broken {
            Some(error) if !whole.is_complete() => Err(error),
            _ if !events.any && !events.outside.is_empty() => {
                let start = printable(&String::from_utf8_lossy(&events.outside), 200);
                Err(bad(format!("the answer is not a stream of events: {start}")))
            }
            _ => Ok((whole.finish()?, ttft)),
        }
    }
}

/// The largest stream that is read. Events wrap every few characters of an answer in a hundred bytes of their own, so
/// that a stream may be larger than a plain body.
const LARGEST_STREAM: usize = 128 << 20;

/// A streamed answer that is being put together again.
pub(crate) trait Assemble: Send {
    /// Takes one event; true when it carried a part of the answer: text or a tool call, not hidden reasoning.
    ///
    /// # Errors
    /// An error that the server reports in the stream, an event that does not follow from those before it.
    fn take(&mut self, event: &Value) -> Result<bool, CallError>;

    /// Whether the protocol's own end has come, after which a connection may break as it likes.
    fn is_complete(&self) -> bool;

    /// The answer in the shape of a plain one.
    ///
    /// # Errors
    /// An answer that has not come to its end.
    fn finish(self) -> Result<Value, CallError>;
}

fn take(whole: &mut impl Assemble, data: &[u8]) -> Result<bool, CallError> {
    let data = data.trim_ascii();
    if whole.is_complete() || data.is_empty() || data == b"[DONE]" {
        return Ok(false);
    }
    let event = serde_json::from_slice(data).map_err(|error| bad(format!("a stream event is not JSON: {error}")))?;
    whole.take(&event)
}

/// An error body as it is sent without a stream; some servers wrap it in a list.
fn plain_error(text: &[u8]) -> Option<Value> {
    let body = match serde_json::from_slice(text).ok()? {
        Value::Array(items) => items.into_iter().next()?,
        body => body,
    };
    error_in(&body).is_some().then_some(body)
}

/// The error that an event reports.
pub(crate) fn error_in(event: &Value) -> Option<&Value> {
    event.get("error").filter(|error| !error.is_null())
}

/// The failure that an error inside a stream is, with the server's own message.
pub(crate) fn stream_error(kind: ErrorKind, error: &Value) -> CallError {
    let said = error.get("message").or(Some(error)).and_then(Value::as_str).map(str::to_owned);
    let said = said.unwrap_or_else(|| error.to_string());
    CallError::new(kind, format!("error in the stream: {}", printable(&said, 500)))
}

/// An answer that cannot be used.
pub(crate) fn bad(message: impl Into<String>) -> CallError {
    CallError::new(ErrorKind::BadResponse, message)
}

/// A stream that ended early: never a short answer.
pub(crate) fn unfinished() -> CallError {
    bad("the stream ended before the answer did")
}

/// Server-sent events (WHATWG HTML, 9.2.6), however their bytes were cut: each is given as its data, in bytes, because
/// a character may be cut too.
#[derive(Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    after_return: bool,
    any: bool,
    /// Lines that belong to no event.
    outside: Vec<u8>,
}

impl Events {
    /// Takes bytes and gives the data of the events that end in them.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => found.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            self.after_return = byte == b'\r';
        }
        found
    }

    /// The data of an event that the end of the stream ends. One that is cut short is not JSON.
    pub(crate) fn end(&mut self) -> Option<Vec<u8>> {
        let last = if self.line.is_empty() { None } else { self.end_line() };
        last.or_else(|| self.data.take())
    }

    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        // Only the first line can begin with a byte order mark; elsewhere it makes a field that nobody knows.
        let text = line.strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(&line);
        let end = text.iter().position(|byte| *byte == b':');
        let (name, value) = text.split_at(end.unwrap_or(text.len()));
        match name {
            b"data" => {
                let value = value.strip_prefix(b":").unwrap_or(value);
                let value = value.strip_prefix(b" ").unwrap_or(value);
                self.any = true;
                match &mut self.data {
                    Some(data) => {
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                    None => self.data = Some(value.to_vec()),
                }
            }
            // A line that begins with a colon is a comment.
            b"event" | b"id" | b"retry" | b"" => self.any = true,
            _ => {
                self.outside.extend_from_slice(&line);
                self.outside.push(b'\n');
            }
        }
        None
    }
}

/// Without a prompt the single input is the question; several are given as JSON.
pub(crate) fn default_prompt(case: &Case) -> String {
    match case.inputs.values().collect::<Vec<_>>().as_slice() {
        [Value::String(text)] => text.clone(),
        _ => Value::Object(case.inputs.clone()).to_string(),
    }
}

/// The payload that every chat target takes: judges build theirs with it. Beside what it holds here a payload may have
/// `temperature`, which counts where the target's configuration has none, and `top_logprobs`: so many alternatives of each
/// token, which come back as `logprobs` in the answer's metadata where the provider gives them (OpenAI's protocol).
pub fn payload(system: Option<&str>, messages: &[(&str, String)], response_schema: Option<&Value>) -> Value {
    let messages: Vec<Value> =
        messages.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    let mut payload = json!({ "messages": messages });
    if let Some(system) = system {
        payload["system"] = json!(system);
    }
    if let Some(schema) = response_schema {
        payload["response_schema"] = schema.clone();
    }
    payload
}

/// The temperature of a call: the configured one, else what the payload asks for.
pub(crate) fn temperature(chat: &Chat, payload: &Value) -> Option<f64> {
    chat.temperature.or_else(|| payload.get("temperature")?.as_f64())
}

/// Sets what is given.
pub(crate) fn set<T: Serialize>(body: &mut Value, key: &str, value: Option<T>) {
    if let Some(value) = value {
        body[key] = json!(value);
    }
}

/// Sets the keys that are given, for counts that a stream repeats as they grow.
pub(crate) fn update(counts: &mut Map<String, Value>, newer: &Value) {
    for (key, value) in newer.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        counts.insert(key.clone(), value.clone());
    }
}

/// The mean of token log-probabilities, if there are any.
pub(crate) fn mean(logprobs: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = logprobs.fold((0.0, 0u64), |(sum, n), logprob| (sum + logprob, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// A number somewhere in an answer.
pub(crate) fn count(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(pieces: &[&[u8]]) -> (Vec<String>, String) {
        let mut events = Events::default();
        let mut found: Vec<Vec<u8>> = pieces.iter().flat_map(|piece| events.push(piece)).collect();
        found.extend(events.end());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (found.into_iter().map(text).collect(), text(events.outside))
    }

    proptest! {
        #[test]
        fn events_are_the_same_however_bytes_are_cut(cuts in prop::collection::vec(0usize..9, 0..60), ending in 0usize..3) {
            let text = "\u{feff}event: a\ndata: {\"a\":\"é€😀\"}\n\n: comment\n\ndata:one\ndata: two\n\nid\nretry: 1\ndata:  [DONE]\n\nodd: x";
            let text = text.replace('\n', ["\n", "\r\n", "\r"][ending]);
            let mut pieces = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            let (found, outside) = events(&pieces);
            prop_assert_eq!(found, vec!["{\"a\":\"é€😀\"}", "one\ntwo", " [DONE]"]);
            prop_assert_eq!(outside, "odd: x\n");
        }
    }

    /// The examples of the standard (WHATWG HTML, 9.2.6), but for the last: an event that only the end of the stream
    /// ends is kept here, because one that was cut short is found out when it is read.
    #[test]
    fn events_of_the_standard() {
        let read = |text: &str| events(&[text.as_bytes()]).0;
        assert_eq!(read("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
        assert_eq!(
            read(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
            ["first event", "second event", " third event"]
        );
        assert_eq!(read("data\n\ndata\ndata\n\ndata:"), ["", "\n", ""]);
        assert_eq!(read("data:test\n\ndata: test\n\n"), ["test", "test"]);
    }

    #[test]
    fn no_mean_of_nothing() {
        assert_eq!((mean([].into_iter()), mean([-0.5, -1.5].into_iter())), (None, Some(-1.0)));
    }
}
