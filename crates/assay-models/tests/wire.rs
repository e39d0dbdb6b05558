//! Each provider's wire format, against a server that really listens and answers in that provider's shape.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use assay_core::{Case, ErrorKind, Finish, Output};
use assay_models::{BuildContext, CallError, Reply, build};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, Uri};
use futures::StreamExt;
use serde_json::{Value, json};

type Seen = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

/// What a server sends: bytes, each after a pause, and whether the connection breaks after them.
#[derive(Clone)]
struct Sent {
    status: u16,
    pieces: Vec<(Duration, Vec<u8>)>,
    breaks: bool,
}

impl Sent {
    fn at_once(text: &str) -> Self {
        Self { status: 200, pieces: vec![(Duration::ZERO, text.into())], breaks: false }
    }

    /// Pieces that are cut just after the first byte of each of these texts, and come one by one.
    fn cut_inside(text: &str, marks: &[&str]) -> Self {
        let mut cuts: Vec<usize> = marks.iter().map(|mark| text.find(mark).expect(mark) + 1).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in cuts.into_iter().chain([text.len()]) {
            pieces.push((Duration::from_millis(20), text.as_bytes()[from..to].to_vec()));
            from = to;
        }
        Self { status: 200, pieces, breaks: false }
    }

    fn byte_by_byte(text: &str) -> Self {
        let pieces = text.bytes().map(|byte| (Duration::ZERO, vec![byte])).collect();
        Self { status: 200, pieces, breaks: false }
    }

    fn then_break(mut self) -> Self {
        // Time for what was written to be read before the connection is reset.
        self.pieces.push((Duration::from_millis(20), Vec::new()));
        self.breaks = true;
        self
    }
}

/// Answers every request alike, and keeps what it was sent.
async fn serve_sent(sent: Sent) -> (String, Seen) {
    let seen: Seen = Arc::default();
    let keep = seen.clone();
    let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let value = serde_json::from_slice(&body).unwrap_or_default();
        keep.lock().unwrap().push((uri.to_string(), headers, value));
        let Sent { status, pieces, breaks } = sent.clone();
        let pieces = futures::stream::iter(pieces).then(|(pause, bytes)| async move {
            tokio::time::sleep(pause).await;
            Ok(Bytes::from(bytes))
        });
        let end = futures::stream::iter(breaks.then(|| Err(std::io::Error::other("broken"))));
        async move { Response::builder().status(status).body(Body::from_stream(pieces.chain(end))).unwrap() }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    (url, seen)
}

async fn serve(status: u16, answer: &str) -> (String, Seen) {
    serve_sent(Sent { status, ..Sent::at_once(answer) }).await
}

async fn call(config: Value) -> Result<Reply, CallError> {
    let built = build(&config, &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut case = Case { id: "c".into(), weight: 1.0, ..Case::default() };
    case.inputs.insert("question".into(), json!("why?"));
    let payload = built.target.prepare(&case)?;
    built.target.call(&payload).await
}

/// Calls a streaming target at a server that sends this.
async fn streamed(kind: &str, sent: Sent) -> Result<Reply, CallError> {
    let (url, _) = serve_sent(sent).await;
    call(json!({kind: "m", "base_url": url, "stream": true})).await
}

/// Each way to end a stream too early: after every event but the last ones, by a proper end and by a broken connection.
async fn never_a_short_answer(kind: &str, transcript: &str, blank: &str, last: usize) {
    let ends: Vec<usize> = transcript.match_indices(blank).map(|(at, _)| at + blank.len()).collect();
    assert!(ends.len() > last + 5);
    for &end in &ends[..ends.len() - last] {
        // At the end of an event and inside the next one.
        for end in [end, end + 20] {
            let text = &String::from_utf8_lossy(&transcript.as_bytes()[..end]);
            for sent in [Sent::at_once(text), Sent::at_once(text).then_break()] {
                let error = streamed(kind, sent).await.unwrap_err();
                assert_eq!(error.kind, ErrorKind::BadResponse, "{text}: {error}");
            }
        }
    }
    let error = streamed(kind, Sent::at_once("")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
}

async fn output(config: Value) -> Output {
    call(config).await.unwrap_or_else(|error| panic!("{error}")).output
}

const TOOLS: &str =
    r#"[{"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object"}}}]"#;

fn tools() -> Value {
    serde_json::from_str(TOOLS).unwrap()
}

#[tokio::test]
async fn anthropic_messages() {
    let (url, seen) = serve(
        200,
        r#"{"model": "claude-x", "stop_reason": "tool_use", "content": [{"type": "text", "text": "so"}, {"type": "tool_use", "name": "look", "input": {"a": 1}}],
            "usage": {"input_tokens": 7, "cache_read_input_tokens": 3, "output_tokens": 5}}"#,
    )
    .await;
    let got = output(json!({"anthropic": "claude-x", "base_url": url, "system": "be short", "prompt": "Q: {{ question }}", "tools": tools(), "headers": {"x-test": "1"}})).await;
    assert_eq!((got.text().as_ref(), got.finish, got.usage.input_tokens), ("so", Some(Finish::ToolCalls), Some(10)));
    assert_eq!((got.tool_calls[0].name.as_str(), &got.tool_calls[0].arguments), ("look", &json!({"a": 1})));
    let (path, headers, body) = seen.lock().unwrap()[0].clone();
    assert_eq!((path.as_str(), headers["anthropic-version"].to_str().unwrap()), ("/messages", "2023-06-01"));
    assert_eq!((&body["system"], &body["messages"][0]["content"]), (&json!("be short"), &json!("Q: why?")));
    assert_eq!((&body["tools"][0]["name"], &body["max_tokens"]), (&json!("look"), &json!(4096)));
}

#[tokio::test]
async fn providers_are_asked_to_keep_the_beginning_of_prompts() {
    let answer = r#"{"stop_reason": "end_turn", "content": [{"type": "text", "text": "so"}]}"#;
    let (url, seen) = serve(200, answer).await;
    output(json!({"anthropic": "m", "base_url": url, "system": "long", "tools": tools(), "prompt_cache": true})).await;
    output(json!({"anthropic": "m", "base_url": url, "tools": tools(), "prompt_cache": true})).await;
    let mark = json!({"type": "ephemeral"});
    let bodies: Vec<Value> = seen.lock().unwrap().iter().map(|(_, _, body)| body.clone()).collect();
    assert_eq!(bodies[0]["system"], json!([{"type": "text", "text": "long", "cache_control": mark}]));
    assert!(bodies[0]["tools"][0].get("cache_control").is_none());
    assert_eq!((&bodies[1]["tools"][0]["cache_control"], bodies[1].get("system")), (&mark, None));
    let answer = r#"{"choices": [{"finish_reason": "stop", "message": {"content": "so"}}]}"#;
    let (url, seen) = serve(200, answer).await;
    output(json!({"openai": "m", "base_url": url})).await;
    output(json!({"openai": "m", "base_url": url, "prompt_cache": true})).await;
    let bodies: Vec<Value> = seen.lock().unwrap().iter().map(|(_, _, body)| body.clone()).collect();
    assert!(bodies[0].get("prompt_cache_key").is_none() && bodies[1]["prompt_cache_key"].is_string());
}

#[tokio::test]
async fn gemini_generate_content() {
    let (url, seen) = serve(
        200,
        r#"{"modelVersion": "gemini-x", "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "hidden", "thought": true}, {"text": "so"}, {"functionCall": {"name": "look", "args": {"a": 1}}}]}}],
            "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5, "thoughtsTokenCount": 2}}"#,
    )
    .await;
    let got =
        output(json!({"gemini": "gemini-x", "base_url": url, "system": "be short", "max_tokens": 9, "tools": tools()}))
            .await;
    assert_eq!((got.text().as_ref(), got.finish, got.usage.output_tokens), ("so", Some(Finish::Stop), Some(7)));
    assert_eq!(got.tool_calls[0].name, "look");
    let (path, _, body) = seen.lock().unwrap()[0].clone();
    assert_eq!(path, "/models/gemini-x:generateContent");
    assert_eq!(body["systemInstruction"]["parts"][0]["text"], "be short");
    assert_eq!(
        (&body["generationConfig"]["maxOutputTokens"], &body["contents"][0]["role"]),
        (&json!(9), &json!("user"))
    );
    let (url, _) = serve(200, r#"{"promptFeedback": {"blockReason": "SAFETY"}}"#).await;
    assert_eq!(output(json!({"gemini": "gemini-x", "base_url": url})).await.finish, Some(Finish::Refusal));
}

#[tokio::test]
async fn openai_plain_with_tools_logprobs_and_refusals() {
    let (url, seen) = serve(
        200,
        r#"{"system_fingerprint": "fp", "choices": [{"finish_reason": "tool_calls", "message": {"content": null, "tool_calls": [{"function": {"name": "look", "arguments": "{\"a\":1}"}}]},
            "logprobs": {"content": [{"logprob": -0.5}, {"logprob": -1.5}]}}], "usage": {"prompt_tokens": 7, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}}"#,
    )
    .await;
    let got = output(json!({"openai": {"model": "m", "base_url": url, "logprobs": true}, "response_schema": {"type": "object"}, "extra": {"top_k": 3}})).await;
    assert_eq!((got.tool_calls[0].arguments.clone(), got.mean_logprob), (json!({"a": 1}), Some(-1.0)));
    assert_eq!((got.usage.cached_input_tokens, got.version.as_deref()), (Some(4), Some("fp")));
    let (path, _, body) = seen.lock().unwrap()[0].clone();
    assert_eq!((path.as_str(), &body["top_k"], &body["logprobs"]), ("/chat/completions", &json!(3), &json!(true)));
    assert_eq!(body["response_format"]["json_schema"]["schema"]["type"], "object");
    let (url, _) =
        serve(200, r#"{"choices": [{"finish_reason": "stop", "message": {"content": null, "refusal": "no"}}]}"#).await;
    let got = output(json!({"openai": "m", "base_url": url})).await;
    assert_eq!((got.finish, got.text().as_ref()), (Some(Finish::Refusal), "no"));
}

#[tokio::test]
async fn openai_streams() {
    let (url, seen) = serve(
        200,
        "data: {\"model\":\"m1\",\"choices\":[{\"delta\":{\"content\":\"he\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"llo\",\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\ndata: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n",
    )
    .await;
    let reply = call(json!({"openai": "m", "base_url": url, "stream": true})).await.unwrap();
    assert!(reply.ttft.is_some());
    assert_eq!((reply.output.text().as_ref(), reply.output.usage.total()), ("hello", 12));
    assert_eq!(reply.output.tool_calls[0].arguments, json!({"a": 1}));
    assert_eq!(seen.lock().unwrap()[0].2["stream_options"]["include_usage"], true);
    let (url, _) = serve(200, "data: {\"error\":{\"message\":\"overloaded\"}}\n\n").await;
    assert_eq!(
        call(json!({"openai": "m", "base_url": url, "stream": true})).await.unwrap_err().kind,
        ErrorKind::Server
    );
}

/// A message in the form of Anthropic's documentation of streams: thoughts, a text, a tool call, usage in two places.
const ANTHROPIC: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hidden"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"caf\u00e9 "}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"für 😀"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"wo\": \"Öl"}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"and\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: yet_to_be_invented
data: {"type":"yet_to_be_invented","index":9}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":null,"output_tokens":15}}

event: message_stop
data: {"type":"message_stop"}

"#;

#[tokio::test]
async fn anthropic_streams_what_it_says_plainly() {
    let (url, _) = serve(
        200,
        r#"{"model": "claude-x", "stop_reason": "tool_use", "content": [{"type": "thinking", "thinking": "hidden", "signature": "EqQB"}, {"type": "text", "text": "café für 😀"},
            {"type": "tool_use", "name": "look", "input": {"wo": "Öland"}}, {"type": "tool_use", "name": "now", "input": {}}],
            "usage": {"input_tokens": 7, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 3, "output_tokens": 15}}"#,
    )
    .await;
    let plain = output(json!({"anthropic": "claude-x", "base_url": url})).await;
    assert_eq!((plain.text().as_ref(), plain.finish), ("café für 😀", Some(Finish::ToolCalls)));
    assert_eq!((plain.usage.input_tokens, plain.usage.output_tokens), (Some(12), Some(15)));
    assert_eq!((&plain.tool_calls[0].arguments, &plain.tool_calls[1].arguments), (&json!({"wo": "Öland"}), &json!({})));
    let crlf = ANTHROPIC.replace('\n', "\r\n");
    let inside = ["ü", "😀", "Öl", "text_delta", "event: ping", "content_block_stop", "\r\n\r\n"];
    for sent in [
        Sent::at_once(ANTHROPIC),
        Sent::cut_inside(ANTHROPIC, &inside[..6]),
        Sent::cut_inside(&crlf, &inside),
        Sent::byte_by_byte(&crlf),
        // Nothing is missing when the connection breaks after the last event, or that lacks its blank line.
        Sent::at_once(ANTHROPIC).then_break(),
        Sent::at_once(ANTHROPIC.trim_end()),
    ] {
        let reply = streamed("anthropic", sent).await.unwrap();
        assert!(reply.ttft.is_some());
        assert_eq!(reply.output, plain);
    }
    let (url, seen) = serve(200, ANTHROPIC).await;
    output(json!({"anthropic": "claude-x", "base_url": url, "stream": true})).await;
    let (path, headers, body) = seen.lock().unwrap()[0].clone();
    assert_eq!((path.as_str(), &body["stream"]), ("/messages", &json!(true)));
    assert_eq!((&headers["anthropic-version"], &body["max_tokens"]), (&"2023-06-01".parse().unwrap(), &json!(4096)));
}

#[tokio::test]
async fn an_anthropic_stream_that_ends_early_is_an_error() {
    never_a_short_answer("anthropic", ANTHROPIC, "\n\n", 1).await;
}

#[tokio::test]
async fn anthropic_errors_in_the_stream() {
    let half = &ANTHROPIC[..ANTHROPIC.find("event: message_delta").unwrap()];
    for (word, kind) in [
        ("overloaded_error", ErrorKind::Server),
        ("api_error", ErrorKind::Server),
        ("rate_limit_error", ErrorKind::RateLimited),
        ("invalid_request_error", ErrorKind::BadRequest),
        ("permission_error", ErrorKind::Authentication),
        ("billing_error", ErrorKind::QuotaExhausted),
    ] {
        let event = format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{word}\",\"message\":\"Öh\"}}}}\n\n"
        );
        for sent in [format!("{half}{event}"), event.clone()] {
            let error = streamed("anthropic", Sent::at_once(&sent)).await.unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, "error in the stream: Öh"));
        }
    }
    let again = ANTHROPIC.replace("\"index\":1", "\"index\":0");
    let orphan = ANTHROPIC.replacen("\"index\":1", "\"index\":7", 1);
    for odd in [again, orphan, ANTHROPIC.replace("für", "\"für")] {
        assert_eq!(streamed("anthropic", Sent::at_once(&odd)).await.unwrap_err().kind, ErrorKind::BadResponse);
    }
    let latin = Sent {
        pieces: vec![(
            Duration::ZERO,
            ANTHROPIC.replace("für", "f@r").bytes().map(|b| if b == b'@' { 0xFC } else { b }).collect(),
        )],
        ..Sent::at_once("")
    };
    assert_eq!(streamed("anthropic", latin).await.unwrap_err().kind, ErrorKind::BadResponse);
    let invalid = ANTHROPIC.replace("and\\\"}", "and");
    let reply = streamed("anthropic", Sent::at_once(&invalid)).await.unwrap();
    assert_eq!(reply.output.tool_calls[0].arguments, json!("{\"wo\": \"Öland"), "the model's own mistake");
}

#[test]
fn anthropic_gives_no_logprobs() {
    let Err(problems) = build(&json!({"anthropic": {"model": "m", "logprobs": true}}), &BuildContext::default()) else {
        panic!("accepted")
    };
    assert_eq!(problems[0].at, "/anthropic/logprobs");
}

/// An answer in the form of Gemini's documentation: each event an answer with a part of the content, no sentinel.
const GEMINI: &str = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"hidden\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 7,\"totalTokenCount\": 9,\"cachedContentTokenCount\": 3,\"thoughtsTokenCount\": 1},\"modelVersion\": \"gemini-x\",\"responseId\": \"r\"}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"café \"}],\"role\": \"model\"},\"index\": 0,\"logprobsResult\": {\"chosenCandidates\": [{\"token\": \"café\",\"tokenId\": 1,\"logProbability\": -0.5},{\"token\": \" \",\"logProbability\": 0}]}}],\"usageMetadata\": {\"promptTokenCount\": 7,\"candidatesTokenCount\": 2,\"totalTokenCount\": 11,\"thoughtsTokenCount\": 2},\"modelVersion\": \"gemini-x\"}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"other\"}]},\"index\": 1,\"finishReason\": \"STOP\"}]}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"für 😀\"}],\"role\": \"model\"},\"index\": 0,\"finishReason\": \"FINISH_REASON_UNSPECIFIED\",\"logprobsResult\": {\"chosenCandidates\": [{\"token\": \"für 😀\",\"logProbability\": -1.0}]}}],\"modelVersion\": \"gemini-x\"}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"look\",\"args\": {\"wo\": \"Öland\"}},\"thoughtSignature\": \"EqQB\"}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"now\"}}],\"role\": \"model\"}}]}\r\n\r\n\
data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 7,\"candidatesTokenCount\": 5,\"totalTokenCount\": 14},\"modelVersion\": \"gemini-x\"}\r\n\r\n";

#[tokio::test]
async fn gemini_streams_what_it_says_plainly_with_logprobs() {
    let (url, seen) = serve(
        200,
        r#"{"modelVersion": "gemini-x", "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "hidden", "thought": true}, {"text": "café für 😀"}, {"functionCall": {"name": "look", "args": {"wo": "Öland"}}}, {"functionCall": {"name": "now"}}]},
            "avgLogprobs": -0.5, "logprobsResult": {"chosenCandidates": [{"token": "café", "logProbability": -0.5}, {"token": " ", "logProbability": 0}, {"token": "für 😀", "logProbability": -1.0}]}}],
            "usageMetadata": {"promptTokenCount": 7, "cachedContentTokenCount": 3, "candidatesTokenCount": 5, "thoughtsTokenCount": 2}}"#,
    )
    .await;
    let plain = output(json!({"gemini": "gemini-x", "base_url": url, "logprobs": true, "temperature": 0.5})).await;
    assert_eq!(
        (plain.text().as_ref(), plain.finish, plain.mean_logprob),
        ("café für 😀", Some(Finish::Stop), Some(-0.5))
    );
    assert_eq!(
        (plain.usage.total(), plain.usage.cached_input_tokens, plain.usage.reasoning_tokens),
        (14, Some(3), Some(2))
    );
    assert_eq!((&plain.tool_calls[0].arguments, &plain.tool_calls[1].arguments), (&json!({"wo": "Öland"}), &json!({})));
    let (path, _, body) = seen.lock().unwrap()[0].clone();
    assert_eq!(path, "/models/gemini-x:generateContent");
    assert_eq!(body["generationConfig"], json!({"temperature": 0.5, "responseLogprobs": true}));
    let inside = ["é", "ü", "😀", "Öl", "functionCall", "\r\n\r\n", "finishReason"];
    for sent in [
        Sent::at_once(GEMINI),
        Sent::cut_inside(GEMINI, &inside),
        Sent::byte_by_byte(GEMINI),
        Sent::at_once(GEMINI.trim_end()),
        Sent::at_once(&GEMINI.replace("\r\n", "\n")),
    ] {
        let reply = streamed("gemini", sent).await.unwrap();
        assert!(reply.ttft.is_some());
        assert_eq!(reply.output, plain);
    }
    let (url, seen) = serve(200, GEMINI).await;
    output(json!({"gemini": "gemini-x", "base_url": url, "stream": true})).await;
    let (path, _, body) = seen.lock().unwrap()[0].clone();
    assert_eq!(path, "/models/gemini-x:streamGenerateContent?alt=sse");
    assert_eq!((body.get("stream"), &body["generationConfig"]), (None, &json!({})));
}

#[tokio::test]
async fn a_gemini_stream_that_ends_early_is_an_error() {
    never_a_short_answer("gemini", GEMINI, "\r\n\r\n", 1).await;
    // A broken connection is one even after the last event: older models finish with every event.
    let error = streamed("gemini", Sent::at_once(GEMINI).then_break()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
}

#[tokio::test]
async fn gemini_errors_and_refusals_in_the_stream() {
    let half = &GEMINI[..GEMINI.find("data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\"").unwrap()];
    for (code, kind) in [
        (503, ErrorKind::Server),
        (500, ErrorKind::Server),
        (429, ErrorKind::RateLimited),
        (403, ErrorKind::Authentication),
        (400, ErrorKind::BadRequest),
    ] {
        let body = json!({"error": {"code": code, "message": "Öh", "status": "S"}});
        let event = format!("data: {body}\r\n\r\n");
        // As an event, and as the plain JSON that overloaded servers send in the place of one.
        for tail in [event, format!("{body:#}"), format!("{body:#}\n"), format!("[{body:#}\n]")] {
            for sent in [Sent::at_once(&format!("{half}{tail}")), Sent::at_once(&format!("{half}{tail}")).then_break()]
            {
                let error = streamed("gemini", sent).await.unwrap_err();
                assert_eq!((error.kind, error.message.as_str()), (kind, "error in the stream: Öh"), "{tail}");
            }
        }
    }
    let blocked = "data: {\"promptFeedback\": {\"blockReason\": \"SAFETY\"},\"usageMetadata\": {\"promptTokenCount\": 7}}\r\n\r\n";
    let reply = streamed("gemini", Sent::at_once(blocked)).await.unwrap();
    assert_eq!(
        (reply.output.finish, reply.output.usage.input_tokens, reply.ttft),
        (Some(Finish::Refusal), Some(7), None)
    );
    let stopped = GEMINI.replace("\"STOP\"", "\"SAFETY\"");
    assert_eq!(streamed("gemini", Sent::at_once(&stopped)).await.unwrap().output.finish, Some(Finish::Refusal));
    let only_thoughts = "data: {\"candidates\": [{\"finishReason\": \"MAX_TOKENS\"}],\"usageMetadata\": {\"promptTokenCount\": 7,\"thoughtsTokenCount\": 9}}\r\n\r\n";
    let reply = streamed("gemini", Sent::at_once(only_thoughts)).await.unwrap();
    assert_eq!((reply.output.finish, reply.output.usage.output_tokens), (Some(Finish::Length), Some(9)));
    let pieces = GEMINI.replace("\"args\"", "\"partialArgs\"");
    let error = streamed("gemini", Sent::at_once(&pieces)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadRequest, "{error}");
}

#[tokio::test]
async fn the_first_token_is_timed_when_it_comes() {
    let pause = Duration::from_millis(300);
    // Thoughts and pings before, the text in the middle, the rest after.
    for (kind, transcript, text) in [("anthropic", ANTHROPIC, "caf"), ("gemini", GEMINI, "caf")] {
        let blank = if kind == "gemini" { "\r\n\r\n" } else { "\n\n" };
        let at = transcript.find(text).unwrap();
        let before = transcript[..at].rfind(blank).unwrap() + blank.len();
        let after = at + transcript[at..].find(blank).unwrap() + blank.len();
        let piece = |from: usize, to: usize| (pause, transcript.as_bytes()[from..to].to_vec());
        let pieces = vec![piece(0, before), piece(before, after), piece(after, transcript.len())];
        let started = Instant::now();
        let reply = streamed(kind, Sent { pieces, ..Sent::at_once("") }).await.unwrap();
        let (first, whole) = (reply.ttft.unwrap(), started.elapsed());
        assert!(first >= pause * 2 && first + pause / 2 < whole, "{kind}: {first:?} of {whole:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_none_stalls_or_never_starts() {
    for kind in ["anthropic", "gemini"] {
        for body in ["<html>no</html>", r#"{"content": [], "candidates": []}"#] {
            let error = streamed(kind, Sent::at_once(body)).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadResponse);
            assert!(error.message.contains(body), "{error}");
        }
        let error = streamed(kind, Sent::at_once("{\"error\": {\"message\": \"no\"}}")).await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Server, "error in the stream: no"));
        let error = streamed(kind, Sent { status: 529, ..Sent::at_once("{}") }).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Server);
        let transcript = if kind == "gemini" { GEMINI } else { ANTHROPIC };
        let (half, rest) = transcript.split_at(transcript.find("für").unwrap());
        let pieces = vec![(Duration::ZERO, half.into()), (Duration::from_secs(30), rest.into())];
        let (url, _) = serve_sent(Sent { pieces, ..Sent::at_once("") }).await;
        let error = call(json!({kind: "m", "base_url": url, "stream": true, "timeout": 0.3})).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    }
}

#[tokio::test]
async fn failures_are_classified_and_say_no_secrets() {
    let cases = [
        (401, "{}", ErrorKind::Authentication),
        (404, "{}", ErrorKind::NotFound),
        (422, "{}", ErrorKind::BadRequest),
        (429, "{}", ErrorKind::RateLimited),
        (
            429,
            r#"{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}"#,
            ErrorKind::QuotaExhausted,
        ),
        (529, "{}", ErrorKind::Server),
        (302, "", ErrorKind::BadResponse),
        (200, "<html>", ErrorKind::BadResponse),
        (200, r#"{"choices": []}"#, ErrorKind::BadResponse),
    ];
    for (status, body, kind) in cases {
        let (url, _) = serve(status, body).await;
        let error = call(json!({"openai": "m", "base_url": format!("{url}/v1?key=hidden"), "headers": {"authorization": "Bearer sk-secret"}})).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
        assert!(!error.to_string().contains("secret") && !error.to_string().contains("hidden"), "{error}");
    }
    let error = call(json!({"openai": "m", "base_url": "http://127.0.0.1:9"})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection);
}
