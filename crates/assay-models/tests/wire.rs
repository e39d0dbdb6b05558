//! Each provider's wire format, against a server that really listens and answers in that provider's shape.

use std::sync::{Arc, Mutex};

use assay_core::{Case, ErrorKind, Finish, Output};
use assay_models::{BuildContext, CallError, Reply, build};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

type Seen = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

/// Answers every request with one text, and keeps what it was sent.
async fn serve(status: u16, answer: &'static str) -> (String, Seen) {
    let seen: Seen = Arc::default();
    let keep = seen.clone();
    let handler = move |State(()): State<()>, uri: Uri, headers: HeaderMap, body: Bytes| {
        let value = serde_json::from_slice(&body).unwrap_or_default();
        keep.lock().unwrap().push((uri.path().to_owned(), headers, value));
        async move { (StatusCode::from_u16(status).unwrap(), answer) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler).with_state(())).await });
    (url, seen)
}

async fn call(config: Value) -> Result<Reply, CallError> {
    let built = build(&config, &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut case = Case { id: "c".into(), weight: 1.0, ..Case::default() };
    case.inputs.insert("question".into(), json!("why?"));
    let payload = built.target.prepare(&case)?;
    built.target.call(&payload).await
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
