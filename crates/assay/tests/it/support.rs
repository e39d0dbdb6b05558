//! What the tests share: a folder with the binary, and a server that counts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

/// A folder that is removed at the end.
pub struct Folder(pub tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The binary, in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command.args(arguments).current_dir(self.path()).env("NO_COLOR", "1").env_remove("ASSAY_WORKSPACE");
        command.env_remove("GITHUB_STEP_SUMMARY").env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL");
        command
    }

    pub fn assay(&self, arguments: &[&str]) -> Said {
        Said::new(self.command(arguments).output().unwrap())
    }

    /// The binary, going on in this folder.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Rows of a query.
    pub fn query(&self, sql: &str) -> Vec<Value> {
        let said = self.assay(&["query", sql, "--format", "jsonl"]);
        assert_eq!(said.code, 0, "{said:?}");
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// What the server does with a question.
pub type Behaviour = fn(question: &str, times_asked: u32) -> Answer;

/// One reaction of the server.
pub enum Answer {
    Text(&'static str),
    Status(u16, &'static str),
    Raw(&'static str),
    Slow(u64),
}

/// An OpenAI-compatible server that really listens, and counts how often it was asked what.
pub struct Server {
    pub url: String,
    asked: Arc<Mutex<HashMap<String, u32>>>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Clone)]
struct Shared {
    asked: Arc<Mutex<HashMap<String, u32>>>,
    behaviour: Behaviour,
}

impl Server {
    pub fn start(behaviour: Behaviour) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let asked = Arc::new(Mutex::new(HashMap::new()));
        let shared = Shared { asked: asked.clone(), behaviour };
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1/chat/completions", post(answer))
            .route("/v1/embeddings", post(embed))
            .with_state(shared);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, asked, _runtime: runtime }
    }

    pub fn asked(&self) -> HashMap<String, u32> {
        self.asked.lock().unwrap().clone()
    }

    pub fn total(&self) -> u32 {
        self.asked().values().sum()
    }
}

async fn answer(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let question = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    let times = {
        let mut asked = shared.asked.lock().unwrap();
        let times = asked.entry(question.clone()).or_default();
        *times += 1;
        *times
    };
    let text = match (shared.behaviour)(&question, times) {
        Answer::Text(text) => text,
        Answer::Slow(ms) => {
            tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
            "ok"
        }
        Answer::Status(code, text) => {
            return (StatusCode::from_u16(code).unwrap(), [("retry-after-ms", "5")], text).into_response();
        }
        Answer::Raw(text) => return text.into_response(),
    };
    Json(json!({
        "model": "mock-1",
        "choices": [{"finish_reason": "stop", "message": {"content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2},
    }))
    .into_response()
}

/// Embeddings in which a cat is a feline and a dog is a hound, given in another order than asked.
async fn embed(Json(body): Json<Value>) -> Json<Value> {
    let vector = |text: &str| {
        let has = |words: [&str; 2]| f64::from(words.iter().any(|word| text.contains(word)));
        vec![has(["cat", "feline"]), has(["dog", "hound"]), 0.05]
    };
    let texts = body["input"].as_array().unwrap();
    let data = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(at, text)| json!({"index": at, "embedding": vector(text.as_str().unwrap())}));
    Json(json!({"data": data.collect::<Vec<_>>(), "usage": {"prompt_tokens": texts.len()}}))
}

/// Cases that ask `q0`, `q1`, … and expect `ok`.
pub fn questions(folder: &Folder, n: usize) {
    let cases: String =
        (0..n).map(|i| format!("{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"expected\": \"ok\"}}\n")).collect();
    folder.write("cases.jsonl", cases);
}

/// A suite of `n` cases against a server.
pub fn served(folder: &Folder, server: &Server, n: usize, extra: &str) {
    questions(folder, n);
    folder.write(
        "assay.yaml",
        format!(
            "suite: served\ndataset: cases.jsonl\ntarget:\n  openai: mock-1\n  base_url: {}\n  prompt: \"{{{{ question }}}}\"\n{extra}\nscorers: [equals]\n",
            server.url
        ),
    );
}
