//! Answers by the providers' batch APIs: every trial is asked once, whatever dies; what comes back is not trusted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::support::{Folder, questions};

/// What becomes of a request.
#[derive(Clone, Copy)]
enum Fate {
    Text(&'static str),
    Refused(u16, &'static str),
    Expired,
    Lost,
}

#[derive(Default)]
struct Inner {
    files: HashMap<String, String>,
    batches: Vec<Batch>,
    /// How often each question was sent.
    asked: HashMap<String, u32>,
    /// Calls outside of batches.
    direct: u32,
    /// Batches stay in progress.
    hold: bool,
    /// So many batches are made without saying so.
    swallow: u32,
    /// So many result files break off in the middle.
    cut: u32,
    /// How batches end; `completed` when it is empty.
    end: &'static str,
    /// Lines that stand before the results.
    strange: Vec<Vec<u8>>,
    anthropic_list_is_new: bool,
}

struct Batch {
    id: String,
    requests: Vec<Value>,
    metadata: Value,
    looks: u32,
    cancelled: bool,
}

#[derive(Clone)]
struct Provider {
    inner: Arc<Mutex<Inner>>,
    fate: fn(&str) -> Fate,
}

struct Server {
    url: String,
    provider: Provider,
    _runtime: tokio::runtime::Runtime,
}

impl Provider {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

impl Server {
    fn start(fate: fn(&str) -> Fate) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let provider = Provider { inner: Arc::default(), fate };
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1/files", post(upload))
            .route("/v1/files/{id}/content", get(content))
            .route("/v1/batches", post(create).get(list))
            .route("/v1/batches/{id}", get(retrieve))
            .route("/v1/batches/{id}/cancel", post(cancel))
            .route("/v1/chat/completions", post(direct))
            .route("/v1/messages/batches", post(message_create).get(message_list))
            .route("/v1/messages/batches/{id}", get(message_retrieve))
            .route("/v1/messages/batches/{id}/cancel", post(cancel))
            .route("/v1/messages/batches/{id}/results", get(message_results))
            .route("/v1/messages", post(direct))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(provider.clone());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, provider, _runtime: runtime }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.provider.inner()
    }

    /// Waits until so many batches are there.
    fn batches(&self, n: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.inner().batches.len() < n {
            assert!(Instant::now() < until, "no batch came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Every question was sent so often, and nothing was asked outside of batches.
    fn asked(&self, questions: usize, times: u32) {
        let inner = self.inner();
        assert_eq!(inner.asked.len(), questions);
        assert!(inner.asked.values().all(|n| *n == times), "{:?}", inner.asked);
        assert_eq!(inner.direct, 0);
    }
}

async fn direct(State(provider): State<Provider>) -> StatusCode {
    provider.inner().direct += 1;
    StatusCode::BAD_REQUEST
}

async fn upload(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "", "--\r\n"), "{text}");
    assert!(parts[1].contains("name=\"purpose\"") && parts[1].ends_with("\r\n\r\nbatch\r\n"), "{text}");
    let (head, file) = parts[2].split_once("\r\n\r\n").unwrap();
    assert!(head.contains("name=\"file\"; filename=\""), "{head}");
    let mut inner = provider.inner();
    let id = format!("file-{}", inner.files.len());
    inner.files.insert(id.clone(), file.strip_suffix("\r\n").unwrap().to_owned());
    axum::Json(json!({"id": id, "object": "file", "purpose": "batch"})).into_response()
}

fn question(body: &Value) -> String {
    body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
}

fn add(inner: &mut Inner, requests: Vec<Value>, body: &str, metadata: Value) -> Value {
    for request in &requests {
        *inner.asked.entry(question(&request[body])).or_default() += 1;
    }
    let id = format!("batch_{}", inner.batches.len());
    inner.batches.push(Batch { id: id.clone(), requests, metadata, looks: 0, cancelled: false });
    json!({"id": id})
}

async fn create(State(provider): State<Provider>, axum::Json(body): axum::Json<Value>) -> Response {
    let mut inner = provider.inner();
    assert_eq!((&body["endpoint"], &body["completion_window"]), (&json!("/v1/chat/completions"), &json!("24h")));
    let file = inner.files[body["input_file_id"].as_str().unwrap()].clone();
    let requests: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(requests.iter().all(|r| r["method"] == "POST" && r["url"] == "/v1/chat/completions"));
    let id = add(&mut inner, requests, "body", body["metadata"].clone())["id"].clone();
    if inner.swallow > 0 {
        inner.swallow -= 1;
        return (StatusCode::BAD_GATEWAY, "down").into_response();
    }
    let batch = inner.batches.iter().find(|batch| id == batch.id.as_str()).unwrap();
    axum::Json(object(batch, "validating")).into_response()
}

fn object(batch: &Batch, status: &str) -> Value {
    let n = batch.requests.len();
    let ended = matches!(status, "completed" | "expired" | "cancelled");
    json!({"id": batch.id, "object": "batch", "status": status, "metadata": batch.metadata,
           "created_at": std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs(),
           "request_counts": {"total": n, "completed": if ended { n } else { 1 }, "failed": 0},
           "output_file_id": ended.then(|| format!("out-{}", batch.id)),
           "error_file_id": ended.then(|| format!("err-{}", batch.id)),
           "errors": (status == "failed").then(|| json!({"data": [{"code": "x", "message": "<b>bad\u{1b}[31m file"}]}))})
}

async fn list(State(provider): State<Provider>, uri: Uri) -> Response {
    let inner = provider.inner();
    let all: Vec<Value> = inner.batches.iter().rev().map(|batch| object(batch, "in_progress")).collect();
    // Small pages, so that a second one is needed.
    let query = uri.query().unwrap_or_default();
    let from = match query.split('&').find_map(|pair| pair.strip_prefix("after=")) {
        Some(after) => all.iter().position(|batch| batch["id"] == after).unwrap() + 1,
        None => 0,
    };
    let page: Vec<Value> = all.iter().skip(from).take(1).cloned().collect();
    axum::Json(json!({"data": page, "has_more": from + page.len() < all.len()})).into_response()
}

/// Steps a batch on; true when it has ended.
fn step(inner: &mut Inner, id: &str) -> Option<bool> {
    let hold = inner.hold;
    let batch = inner.batches.iter_mut().find(|batch| batch.id == id)?;
    batch.looks += 1;
    Some(!hold && batch.looks > 1)
}

async fn retrieve(State(provider): State<Provider>, Path(id): Path<String>) -> Response {
    let mut inner = provider.inner();
    let Some(ended) = step(&mut inner, &id) else { return StatusCode::NOT_FOUND.into_response() };
    let end = if inner.end.is_empty() { "completed" } else { inner.end };
    let batch = inner.batches.iter().find(|batch| batch.id == id).unwrap();
    axum::Json(object(batch, if ended { end } else { "in_progress" })).into_response()
}

async fn cancel(State(provider): State<Provider>, Path(id): Path<String>) -> Response {
    let mut inner = provider.inner();
    inner.batches.iter_mut().find(|batch| batch.id == id).unwrap().cancelled = true;
    axum::Json(json!({"id": id, "status": "cancelling"})).into_response()
}

/// A result file, possibly broken off.
fn file(inner: &mut Inner, lines: Vec<Vec<u8>>) -> Response {
    let mut bytes = lines.join(&b'\n');
    bytes.push(b'\n');
    if inner.cut == 0 {
        return bytes.into_response();
    }
    inner.cut -= 1;
    bytes.truncate(bytes.len() / 2);
    let pieces: [Result<Vec<u8>, std::io::Error>; 2] = [Ok(bytes), Err(std::io::Error::other("gone"))];
    axum::body::Body::from_stream(futures::stream::iter(pieces)).into_response()
}

async fn content(State(provider): State<Provider>, Path(id): Path<String>) -> Response {
    let mut inner = provider.inner();
    let (which, batch) = id.split_once('-').unwrap();
    let mut lines = if which == "out" { inner.strange.clone() } else { Vec::new() };
    // In another order than they were asked.
    for request in inner.batches.iter().find(|b| b.id == batch).unwrap().requests.iter().rev() {
        let response = match (provider.fate)(&question(&request["body"])) {
            Fate::Text(text) if which == "out" => json!({"status_code": 200, "request_id": "r", "body": {
                "model": "mock-1", "choices": [{"finish_reason": "stop", "message": {"content": text}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 2}}}),
            Fate::Refused(status, said) if which == "err" => {
                json!({"status_code": status, "body": {"error": {"message": said}}})
            }
            Fate::Expired if which == "err" => {
                let error = json!({"code": "batch_expired", "message": "it was not executed in time"});
                let line = json!({"id": "x", "custom_id": request["custom_id"], "response": null, "error": error});
                lines.push(line.to_string().into_bytes());
                continue;
            }
            _ => continue,
        };
        let line = json!({"id": "x", "custom_id": request["custom_id"], "response": response, "error": null});
        lines.push(line.to_string().into_bytes());
    }
    file(&mut inner, lines)
}

async fn message_create(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["anthropic-version"], "2023-06-01");
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut inner = provider.inner();
    let id = add(&mut inner, body["requests"].as_array().unwrap().clone(), "params", Value::Null)["id"].clone();
    if inner.swallow > 0 {
        inner.swallow -= 1;
        return (StatusCode::BAD_GATEWAY, "down").into_response();
    }
    let batch = inner.batches.iter().find(|batch| id == batch.id.as_str()).unwrap();
    axum::Json(message_object(batch, false)).into_response()
}

fn message_object(batch: &Batch, ended: bool) -> Value {
    let n = batch.requests.len();
    let (processing, succeeded) = if ended { (0, n) } else { (n, 0) };
    json!({"id": batch.id, "type": "message_batch", "processing_status": if ended { "ended" } else { "in_progress" },
           "created_at": "2999-01-01T00:00:00.123456+00:00",
           "request_counts": {"processing": processing, "succeeded": succeeded, "errored": 0, "canceled": 0, "expired": 0},
           // Nobody must follow this.
           "results_url": "http://127.0.0.1:1/steal"})
}

async fn message_list(State(provider): State<Provider>) -> Response {
    let mut inner = provider.inner();
    // While it is new, nobody can say what is in it.
    let ended = !std::mem::take(&mut inner.anthropic_list_is_new);
    let all: Vec<Value> = inner.batches.iter().rev().map(|batch| message_object(batch, ended)).collect();
    axum::Json(json!({"data": all, "has_more": false})).into_response()
}

async fn message_retrieve(State(provider): State<Provider>, Path(id): Path<String>) -> Response {
    let mut inner = provider.inner();
    let Some(ended) = step(&mut inner, &id) else { return StatusCode::NOT_FOUND.into_response() };
    axum::Json(message_object(inner.batches.iter().find(|b| b.id == id).unwrap(), ended)).into_response()
}

async fn message_results(State(provider): State<Provider>, Path(id): Path<String>) -> Response {
    let mut inner = provider.inner();
    let mut lines = inner.strange.clone();
    for request in inner.batches.iter().find(|batch| batch.id == id).unwrap().requests.iter().rev() {
        let result = match (provider.fate)(&question(&request["params"])) {
            Fate::Text(text) => json!({"type": "succeeded", "message": {
                "model": "mock-1", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 10, "output_tokens": 2}}}),
            Fate::Refused(_, said) => {
                json!({"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error", "message": said}}})
            }
            Fate::Expired => json!({"type": "expired"}),
            Fate::Lost => continue,
        };
        lines.push(json!({"custom_id": request["custom_id"], "result": result}).to_string().into_bytes());
    }
    file(&mut inner, lines)
}

/// A suite of `n` cases whose target answers by batch.
fn batched(folder: &Folder, server: &Server, kind: &str, n: usize, target: &str, extra: &str) {
    questions(folder, n);
    folder.write(
        "assay.yaml",
        format!(
            "suite: batched\ndataset: cases.jsonl\ntarget:\n  {kind}: mock-1\n  base_url: {}\n  prompt: \"{{{{ question }}}}\"\n{target}\n\
             prices:\n  mock-1: {{input: 1, output: 2}}\n{extra}\nscorers: [equals]\n",
            server.url
        ),
    );
}

/// The outcomes of the newest run by status.
fn outcomes(folder: &Folder) -> HashMap<String, i64> {
    let rows = folder.query(
        "SELECT status, count(*) AS n, count(DISTINCT number) AS d FROM trials \
         WHERE run_id = (SELECT max(run_id) FROM trials) GROUP BY status",
    );
    rows.iter()
        .map(|row| {
            assert_eq!(row["n"], row["d"]);
            (row["status"].as_str().unwrap().to_owned(), row["n"].as_i64().unwrap())
        })
        .collect()
}

fn counts<const N: usize>(pairs: [(&str, i64); N]) -> HashMap<String, i64> {
    pairs.into_iter().map(|(status, n)| (status.to_owned(), n)).collect()
}

fn whole_run(kind: &str) {
    let server = Server::start(|_| Fate::Text("ok"));
    let folder = Folder::new();
    batched(&folder, &server, kind, 40, "  batch: true", "epochs: 2");
    let said = folder.assay(&["plan"]);
    assert!(said.out.contains("at the price of batches") && said.out.contains("within 24 h"), "{said:?}");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    server.asked(40, 2);
    assert_eq!(server.inner().batches.len(), 1);
    assert_eq!(outcomes(&folder), counts([("ok", 80)]));
    let spend: Value = serde_json::from_str(&folder.assay(&["runs", "spend", "--json"]).out).unwrap();
    // 10 tokens in, 2 out, at half of $1 and $2 a million.
    assert_eq!(
        (&spend["calls"], &spend["cached"], &spend["cost"]),
        (&json!(80), &json!(0), &json!(560_000)),
        "{spend}"
    );
    assert_eq!((&spend["input_tokens"], &spend["output_tokens"]), (&json!(800), &json!(160)));
    // Answers by batch and by call are those of one target.
    batched(&folder, &server, kind, 40, "", "epochs: 2");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    server.asked(40, 2);
    let fingerprints: Vec<Value> = folder.query("SELECT DISTINCT cached FROM trials");
    assert_eq!(fingerprints.len(), 2, "the second run is answered from the cache");
}

#[test]
fn a_run_by_batch_at_openai_asks_each_trial_once_at_half_the_price() {
    whole_run("openai");
}

#[test]
fn a_run_by_batch_at_anthropic_asks_each_trial_once_at_half_the_price() {
    whole_run("anthropic");
}

fn fates(kind: &str) {
    let server = Server::start(|question| match question {
        "q1" => Fate::Refused(400, "<script>\u{1b}[2J no"),
        "q2" => Fate::Expired,
        "q3" => Fate::Lost,
        "q4" => Fate::Text("<img src=x onerror=alert(1)>\u{1b}[31m"),
        _ => Fate::Text("ok"),
    });
    let own = json!({"custom_id": "0123456789abcdef0123456789abcdef-1", "response": {"status_code": 200, "body": {}}});
    server.inner().strange = vec![
        own.to_string().into_bytes(),
        b"{\"custom_id\": 7}".to_vec(),
        b"not json \xff\xfe".to_vec(),
        Vec::new(),
        b"[]".to_vec(),
        vec![b'['; 100_000],
    ];
    server.inner().cut = 1;
    let folder = Folder::new();
    batched(&folder, &server, kind, 20, "  batch: true", "");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    server.asked(20, 1);
    assert_eq!(outcomes(&folder), counts([("ok", 17), ("error", 3)]));
    let rows =
        folder.query("SELECT case_id, error_kind, error_message FROM trials WHERE status = 'error' ORDER BY case_id");
    let kinds: Vec<&str> = rows.iter().map(|row| row["error_kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["bad_request", "timeout", "bad_response"], "{rows:?}");
    assert!(rows[0]["error_message"].as_str().unwrap().contains("<script> [2J no"), "{rows:?}");
    server.inner().strange.clear();
    let said = folder.assay(&["resume", "--retry-errors"]);
    assert_eq!(said.code, 0, "{said:?}");
    let inner = server.inner();
    assert_eq!((inner.batches.len(), inner.batches[1].requests.len(), inner.direct), (2, 3, 0));
}

#[test]
fn results_of_openai_are_not_trusted_and_failures_are_sent_again_alone() {
    fates("openai");
}

#[test]
fn results_of_anthropic_are_not_trusted_and_failures_are_sent_again_alone() {
    fates("anthropic");
}

#[test]
fn killed_while_it_waits_a_run_takes_its_batches_up_again() {
    for kind in ["openai", "anthropic"] {
        let server = Server::start(|_| Fate::Text("ok"));
        server.inner().hold = true;
        let folder = Folder::new();
        batched(&folder, &server, kind, 50, "  batch: true\n  cache: false", "");
        let mut run = folder.start(&["run", "--quiet"]);
        server.batches(1);
        let watch = folder.start(&["runs", "watch"]);
        std::thread::sleep(Duration::from_millis(2_500));
        run.kill().unwrap();
        run.wait().unwrap();
        let seen = String::from_utf8(watch.wait_with_output().unwrap().stdout).unwrap();
        assert!(seen.contains(&format!("waiting for 1 batch at {kind}, ")) && seen.contains(" of 50 done"), "{seen}");
        // A stop leaves the batch to its provider as well.
        let run = folder.start(&["resume", "--quiet"]);
        std::thread::sleep(Duration::from_millis(1_500));
        std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
        let run = run.wait_with_output().unwrap();
        assert_eq!(run.status.code(), Some(130), "{run:?}");
        server.inner().hold = false;
        let said = folder.assay(&["resume"]);
        assert_eq!(said.code, 0, "{said:?}");
        server.asked(50, 1);
        assert!(!server.inner().batches[0].cancelled);
        assert_eq!(outcomes(&folder), counts([("ok", 50)]));
    }
}

#[test]
fn a_batch_whose_submission_was_not_answered_is_found_and_not_sent_again() {
    for kind in ["openai", "anthropic"] {
        let server = Server::start(|_| Fate::Text("ok"));
        server.inner().swallow = 1;
        server.inner().anthropic_list_is_new = true;
        let folder = Folder::new();
        batched(&folder, &server, kind, 30, "  batch: true", "");
        // Others have batches too.
        let other = json!({"custom_id": "theirs", "params": {"messages": [{"content": "other"}]}, "body": {"messages": [{"content": "other"}]}});
        add(&mut server.inner(), vec![other; 30], "body", json!({"assay_run": "another", "assay_part": "1"}));
        server.inner().asked.clear();
        let mut run = folder.start(&["run", "--quiet"]);
        server.batches(2);
        if kind == "openai" {
            // Killed before it knows.
            run.kill().unwrap();
            run.wait().unwrap();
            assert_eq!(folder.assay(&["resume"]).code, 0);
        } else {
            assert_eq!(run.wait().unwrap().code(), Some(0));
        }
        server.asked(30, 1);
        assert_eq!(outcomes(&folder), counts([("ok", 30)]));
    }
}

#[test]
fn a_budget_refuses_what_it_could_not_bear() {
    let server = Server::start(|_| Fate::Text("ok"));
    let folder = Folder::new();
    batched(&folder, &server, "openai", 40, "  batch: true", "budget: {calls: 10}");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 6, "{said:?}");
    server.asked(10, 1);
    assert_eq!(outcomes(&folder), counts([("ok", 10), ("refused_by_budget", 30)]));
    // Answers of at most 100 tokens cost $0.0001 each by batch, and a little for the question.
    batched(&folder, &server, "openai", 40, "  batch: true\n  max_tokens: 100", "budget: {usd: 0.0011}");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 6, "{said:?}");
    let sent = server.inner().batches[1].requests.len();
    assert!((5..=10).contains(&sent), "{sent}");
}

#[test]
fn an_expired_or_failed_batch_fails_its_trials_in_the_providers_words() {
    for (end, kind, words) in [("expired", "timeout", "expired"), ("failed", "bad_request", "<b>bad [31m file")] {
        let server = Server::start(|_| Fate::Lost);
        server.inner().end = end;
        let folder = Folder::new();
        batched(&folder, &server, "openai", 5, "  batch: true", "");
        let said = folder.assay(&["run"]);
        assert_eq!(said.code, 4, "{said:?}");
        let rows = folder.query("SELECT error_kind, error_message FROM trials");
        assert_eq!(rows.len(), 5);
        assert!(rows.iter().all(|row| row["error_kind"] == kind), "{rows:?}");
        assert!(rows[0]["error_message"].as_str().unwrap().contains(words), "{rows:?}");
    }
}

#[test]
fn a_cancelled_run_cancels_its_batches() {
    let server = Server::start(|_| Fate::Text("ok"));
    server.inner().hold = true;
    let folder = Folder::new();
    batched(&folder, &server, "openai", 20, "  batch: true", "");
    let run = folder.start(&["run", "--quiet"]);
    server.batches(1);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(folder.assay(&["runs", "cancel"]).code, 0);
    let run = run.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(130), "{run:?}");
    assert!(server.inner().batches[0].cancelled);
    assert_eq!(outcomes(&folder), counts([("cancelled", 20)]));
}

#[test]
fn what_cannot_be_batched_is_said_at_its_place() {
    let server = crate::support::Server::start(|_, _| crate::support::Answer::Text("ok"));
    let folder = Folder::new();
    crate::support::served(&folder, &server, 3, "  batch: true\n  stream: true");
    let said = folder.assay(&["run"]);
    assert!(said.code == 2 && said.err.contains("`batch` and `stream` exclude each other"), "{said:?}");
    assert!(said.err.contains("assay.yaml:7"), "{said:?}");
    // A server without a batch API.
    crate::support::served(&folder, &server, 3, "  batch: true");
    let said = folder.assay(&["run"]);
    assert!(said.code == 4 && said.err.contains("this server has none (404"), "{said:?}");
    assert_eq!(server.total(), 0);
    folder.write(
        "assay.yaml",
        "suite: s\ndataset: cases.jsonl\ntarget: {echo: a}\nscorers:\n  - judge:\n      rubric: \"{{ output }}\"\n      model: {openai: m, batch: true}\n",
    );
    let said = folder.assay(&["run"]);
    assert!(said.code == 2 && said.err.contains("`batch` is for targets: a judge"), "{said:?}");
    folder.write(
        "assay.yaml",
        "suite: s\ndataset: cases.jsonl\ntarget:\n  gemini: m\n  prompt: \"{{ question }}\"\n  batch: true\nscorers: [equals]\n",
    );
    let said = folder.assay(&["run"]);
    assert!(said.code == 2 && said.err.contains("`gemini` has no batch API"), "{said:?}");
    assert!(said.err.contains("assay.yaml:6"), "{said:?}");
}
