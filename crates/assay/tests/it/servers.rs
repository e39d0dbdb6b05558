//! Servers that misbehave: retried, classified, counted.

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::{Answer, Folder, Server, served};

#[test]
fn rate_limits_and_server_errors_are_retried() {
    let server = Server::start(|_, times| match times {
        1 => Answer::Status(429, "{\"error\": {\"message\": \"slow down\"}}"),
        2 => Answer::Status(503, "overloaded"),
        _ => Answer::Text("ok"),
    });
    let folder = Folder::new();
    served(&folder, &server, 5, "");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("100.0%") && said.out.contains("15 calls"), "{}", said.out);
    assert!(server.asked().values().all(|times| *times == 3));
}

#[test]
fn failed_trials_are_shown_apart_and_can_be_retried_alone() {
    let server = Server::start(|question, times| match (question, times) {
        ("q1", 1) => Answer::Status(400, "{\"error\": {\"message\": \"bad request\"}}"),
        ("q2", 1 | 2) => Answer::Raw("{\"choices\": [{\"mess"),
        _ => Answer::Text("ok"),
    });
    let folder = Folder::new();
    served(&folder, &server, 4, "");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    // Two of four: the level over what there is, and what it could be.
    assert!(
        said.out.contains("2 failed") && said.out.contains("50.0% if worst") && said.out.contains("100.0% if best"),
        "{}",
        said.out
    );
    let kinds = folder.query("SELECT case_id, error_kind FROM trials WHERE status = 'error' ORDER BY case_id");
    assert_eq!(
        (kinds[0]["error_kind"].as_str(), kinds[1]["error_kind"].as_str()),
        (Some("bad_request"), Some("bad_response"))
    );
    let before = server.total();
    let said = folder.assay(&["resume", "--retry-errors"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(server.total() - before, 2, "only what failed is asked again");
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT number) AS d, sum(CASE WHEN status = 'ok' THEN 1 ELSE 0 END) AS ok FROM trials");
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64(), rows[0]["ok"].as_i64()), (Some(4), Some(4), Some(4)));
}

#[test]
fn a_wrong_key_stops_the_burning() {
    let server = Server::start(|_, _| Answer::Status(401, "{\"error\": {\"message\": \"wrong key\"}}"));
    let folder = Folder::new();
    served(&folder, &server, 200, "");
    let said = folder.assay(&["run", "-j", "4"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("wrong key"), "{}", said.err);
    assert!(server.total() <= 8, "{} calls with a wrong key", server.total());
}

#[test]
fn a_hung_server_ends_by_the_deadline() {
    let server = Server::start(|question, _| if question == "q0" { Answer::Slow(60_000) } else { Answer::Text("ok") });
    let folder = Folder::new();
    served(&folder, &server, 3, "  timeout: 0.3\n  retries: 0");
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder.query("SELECT error_kind FROM trials WHERE status = 'error'");
    assert_eq!(rows[0]["error_kind"], "timeout");
}

#[test]
fn a_warm_cache_asks_nothing_and_epochs_are_different_generations() {
    let server = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    served(&folder, &server, 10, "");
    assert_eq!(folder.assay(&["run", "--epochs", "2"]).code, 0);
    assert_eq!(server.total(), 20);
    let said = folder.assay(&["run", "--epochs", "2"]);
    assert!(said.out.contains("20 from the cache"), "{}", said.out);
    assert_eq!(server.total(), 20);
    assert_eq!(folder.assay(&["run", "--no-cache"]).code, 0);
    assert_eq!(server.total(), 30);
}

#[test]
fn a_budget_of_calls_is_never_exceeded() {
    let server = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    served(&folder, &server, 50, "");
    let suite = std::fs::read_to_string(folder.path().join("assay.yaml")).unwrap();
    folder.write("assay.yaml", format!("{suite}budget: {{calls: 12}}\n"));
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert_eq!(server.total(), 12);
    let rows = folder.query("SELECT status, count(*) AS n FROM trials GROUP BY status ORDER BY status");
    assert_eq!((rows[0]["n"].as_i64(), rows[1]["n"].as_i64()), (Some(12), Some(38)));
}

#[test]
fn offline_refuses_other_machines_and_allows_this_one() {
    let server = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    served(&folder, &server, 2, "");
    assert_eq!(folder.assay(&["run", "--offline", "--quiet"]).code, 0);
    folder.write(
        "assay.yaml",
        "suite: s\ndataset: cases.jsonl\ntarget: {http: \"http://192.0.2.1/x\"}\nscorers: [equals]\n",
    );
    let said = folder.assay(&["run", "--offline"]);
    assert_eq!(said.code, 4);
    assert!(said.err.contains("--offline forbids"), "{}", said.err);
}

#[test]
fn commands_and_http_applications_are_targets_too() {
    let server = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    folder.write("cases.jsonl", "{\"id\": \"a\", \"question\": \"x\", \"expected\": \"x!\"}\n");
    folder.write("app.py", "import json, sys\nt = json.load(sys.stdin)\nprint(json.dumps({'output': t['inputs']['question'] + '!', 'usage': {'cost_usd': 0.5}}))\n");
    folder.write(
        "assay.yaml",
        format!(
            "suite: s\ndataset: cases.jsonl\ntargets:\n  - command: [python3, app.py]\n  - http: {}/chat/completions\n    body: {{messages: [{{role: user, content: \"{{{{ question }}}}\"}}]}}\n    response: {{output: \"$.choices[0].message.content\", output_tokens: \"$.usage.completion_tokens\", version: $.model}}\nscorers: [equals, cost]\n",
            server.url
        ),
    );
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder.query("SELECT target, output, output_tokens, version, cost_nanousd FROM trials ORDER BY target");
    assert_eq!((rows[0]["output"].as_str(), rows[0]["cost_nanousd"].as_i64()), (Some("x!"), Some(500_000_000)));
    assert_eq!(
        (rows[1]["output"].as_str(), rows[1]["output_tokens"].as_i64(), rows[1]["version"].as_str()),
        (Some("ok"), Some(2), Some("mock-1"))
    );
}

#[test]
fn services_and_commands_score_the_documented_trial() {
    let folder = Folder::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/score", listener.local_addr().unwrap());
    let score = async |Json(trial): Json<Value>| {
        assert_eq!(trial["metadata"]["area"], "maths");
        Json(json!({"score": trial["output"] == trial["expected"], "reason": trial["inputs"]["question"]}))
    };
    let app = Router::new().route("/score", post(score));
    runtime.spawn(async move { axum::serve(listener, app).await });
    folder.write(
        "cases.jsonl",
        "{\"id\": \"a\", \"question\": \"x\", \"expected\": \"x\", \"area\": \"maths\"}\n{\"id\": \"b\", \"question\": \"y\", \"expected\": \"z\", \"area\": \"maths\"}\n",
    );
    folder.write("score.py", "import json, sys\nt = json.load(sys.stdin)\nprint(json.dumps(sorted(t) == ['case_id', 'contexts', 'expected', 'inputs', 'metadata', 'output', 'retrieved', 'tool_calls']))\n");
    folder.write(
        "assay.yaml",
        format!(
            "suite: s\ndatasets:\n  - path: cases.jsonl\n    fields: {{metadata: [area]}}\ntarget: {{echo: \"{{{{ question }}}}\"}}\nscorers:\n  - http: {url}\n  - command: [python3, score.py]\n"
        ),
    );
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder.query("SELECT value, rationale FROM scores WHERE scorer = 'http' ORDER BY case_id");
    assert_eq!((rows[0]["value"].as_f64(), rows[0]["rationale"].as_str()), (Some(1.0), Some("x")));
    assert_eq!(rows[1]["value"].as_f64(), Some(0.0));
    let rows = folder.query("SELECT sum(value) AS n FROM scores WHERE scorer = 'command'");
    assert_eq!(rows[0]["n"].as_f64(), Some(2.0));
}

/// `ASSAY_TEST_OPENAI_URL` names a real OpenAI-compatible server, such as llama.cpp's llama-server, up to its `/v1`.
#[test]
fn a_real_server_answers_plain_and_streamed_with_usage_and_logprobs() {
    let Ok(url) = std::env::var("ASSAY_TEST_OPENAI_URL") else {
        println!("skipped: ASSAY_TEST_OPENAI_URL is not set");
        return;
    };
    let folder = Folder::new();
    let cases: String = ["France", "Italy", "Spain", "Japan"]
        .iter()
        .map(|land| format!("{{\"id\": \"{land}\", \"question\": \"What is the capital of {land}?\"}}\n"))
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write(
        "assay.yaml",
        format!(
            r#"suite: real
dataset: cases.jsonl
targets:
  - {{name: plain, openai: model, base_url: "{url}", prompt: "{{{{ question }}}}", temperature: 0, seed: 1, max_tokens: 24, logprobs: true}}
  - {{name: streamed, openai: model, base_url: "{url}", prompt: "{{{{ question }}}}", temperature: 0, seed: 1, max_tokens: 24, stream: true}}
  - name: json
    openai: model
    base_url: "{url}"
    prompt: "{{{{ question }}}} Reply with JSON."
    temperature: 0
    max_tokens: 60
    response_schema: {{type: object, properties: {{capital: {{type: string, maxLength: 20}}}}, required: [capital], additionalProperties: false}}
scorers:
  - latency
  - {{word-count: {{min: 1}}}}
  - is-json
"#
        ),
    );
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder.query(
        "SELECT target, count(*) AS n, sum(CASE WHEN status = 'ok' THEN 1 ELSE 0 END) AS ok, min(output_tokens) AS tokens, \
         min(input_tokens) AS read, count(ttft_us) AS ttft, count(mean_logprob) AS logprobs, min(ttft_us * 1.0 / latency_us) AS share \
         FROM trials GROUP BY target ORDER BY target",
    );
    for row in &rows {
        assert_eq!((row["n"].as_i64(), row["ok"].as_i64()), (Some(4), Some(4)), "{row}");
        assert!(row["tokens"].as_i64() > Some(0) && row["read"].as_i64() > Some(4), "{row}");
    }
    assert_eq!((rows[1]["logprobs"].as_i64(), rows[2]["ttft"].as_i64()), (Some(4), Some(4)), "{rows:?}");
    assert!(rows[2]["share"].as_f64().unwrap() < 1.0, "{rows:?}");
    let answers = folder.query("SELECT a.output AS plain, b.output AS streamed FROM trials a JOIN trials b USING (case_id) WHERE a.target = 'plain' AND b.target = 'streamed'");
    assert!(answers.iter().all(|row| row["plain"] == row["streamed"]), "{answers:?}");
    let json = folder.query("SELECT sum(value) AS n FROM scores WHERE scorer = 'is-json' AND target = 'json'");
    assert_eq!(json[0]["n"].as_f64(), Some(4.0), "a schema is enforced");
}
