//! Trials per second against a mock server, as a ratio to a bare request loop in the same run.
//!
//! `cargo bench -p assay --bench throughput -- [TRIALS]`; add `--profile dev` for a build that is quick to make. The
//! server answers at once and shares the machine with both clients. Assay's figure includes reading the dataset,
//! rendering prompts, scoring, journaling with fsync, sealing into the lake and the report.

use std::time::{Duration, Instant};

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};

const IN_FLIGHT: usize = 64;

async fn answer(Json(_): Json<Value>) -> Json<Value> {
    Json(json!({
        "model": "mock",
        "choices": [{"finish_reason": "stop", "message": {"content": "ok"}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1},
    }))
}

/// The floor: the same requests with nothing around them.
async fn bare(url: &str, trials: usize) -> Duration {
    let client = reqwest::Client::new();
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..IN_FLIGHT {
        let (client, url) = (client.clone(), format!("{url}/chat/completions"));
        tasks.spawn(async move {
            for i in (lane..trials).step_by(IN_FLIGHT) {
                let body = json!({"model": "mock", "messages": [{"role": "user", "content": format!("q{i}")}]});
                let reply: Value = client.post(&url).json(&body).send().await.unwrap().json().await.unwrap();
                assert_eq!(reply["choices"][0]["message"]["content"], "ok");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    started.elapsed()
}

fn assay(folder: &std::path::Path, arguments: &[&str]) -> Duration {
    let started = Instant::now();
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_assay")).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    started.elapsed()
}

fn main() {
    let trials: usize = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(10_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    runtime
        .spawn(async move { axum::serve(listener, Router::new().route("/v1/chat/completions", post(answer))).await });
    let folder = tempfile::tempdir().unwrap();
    let cases: String =
        (0..trials).map(|i| format!("{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"expected\": \"ok\"}}\n")).collect();
    std::fs::write(folder.path().join("cases.jsonl"), cases).unwrap();
    let suite = format!(
        "suite: throughput\ndataset: cases.jsonl\ntarget:\n  openai: mock\n  base_url: {url}\n  prompt: \"{{{{ question }}}}\"\nscorers: [equals]\nconcurrency: {IN_FLIGHT}\n"
    );
    std::fs::write(folder.path().join("assay.yaml"), suite).unwrap();

    runtime.block_on(bare(&url, trials.min(500)));
    let floor = runtime.block_on(bare(&url, trials));
    let cold = assay(folder.path(), &["run", "--quiet"]);
    let warm = assay(folder.path(), &["run", "--quiet"]);
    let rate = |time: Duration| trials as f64 / time.as_secs_f64();
    println!("{trials} trials, {IN_FLIGHT} in flight");
    println!("bare request loop  {:>8.0} requests/s", rate(floor));
    println!("assay run          {:>8.0} trials/s   {:.2} of the bare loop", rate(cold), rate(cold) / rate(floor));
    println!("assay run, cached  {:>8.0} trials/s   {:.2} s in all", rate(warm), warm.as_secs_f64());
}
