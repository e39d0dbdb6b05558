//! Judges from the suite to the report, against a server that answers as models do.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::Folder;

/// A server of judges; it keeps what it was asked.
struct Judges {
    url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Judges {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let app = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&asked));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, asked, _runtime: runtime }
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(asked): State<Arc<Mutex<Vec<Value>>>>, Json(body): Json<Value>) -> Response {
    asked.lock().unwrap().push(body.clone());
    let model = body["model"].as_str().unwrap_or_default();
    // This one has no structured output and wants its own temperature.
    if model == "plain" && (body.get("response_format").is_some() || body.get("temperature").is_some()) {
        let word = if body.get("temperature").is_some() { "temperature" } else { "response_format" };
        let error = json!({"error": {"message": format!("{word} is not supported")}});
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let text =
        |at: usize| messages.get(at).and_then(|message| message["content"].as_str()).unwrap_or_default().to_owned();
    let (system, question) = (text(0), text(1));
    let told = question.split("begin your reasoning with the word ").nth(1).and_then(|rest| rest.split(' ').next());
    let reply = if system.contains("{\"claims\"") {
        json!({"claims": ["The capital is Paris.", "It has a river."]}).to_string()
    } else if system.contains("{\"checks\"") {
        json!({"checks": [
            {"item": 1, "reasoning": "stated", "quote": "Paris is the capital", "verdict": "supported"},
            {"item": 2, "reasoning": "nothing", "quote": "", "verdict": "not_found"},
        ]})
        .to_string()
    } else if question.contains("<candidate_1") {
        json!({"reasoning": "the first", "verdict": "first"}).to_string()
    } else if model == "obedient" {
        let word = told.unwrap_or("It");
        json!({"reasoning": format!("{word} answers"), "verdict": "pass"}).to_string()
    } else if model == "babbling" {
        "Well, it depends.".to_owned()
    } else if model == "plain" {
        "```json\n{'reasoning': 'it fits', 'verdict': 'PASS',}\n```".to_owned()
    } else {
        let sure = if model == "cheap" && question.contains("Rome") { 0.4 } else { 0.9 };
        let verdict = if model == "strict" { "fail" } else { "pass" };
        json!({"reasoning": "so it is", "confidence": sure, "verdict": verdict}).to_string()
    };
    Json(json!({
        "model": model,
        "choices": [{"finish_reason": "stop", "message": {"content": reply}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }))
    .into_response()
}

const CASES: &str = r#"{"id": "a", "question": "Paris?", "expected": "Paris is the capital.", "contexts": [{"id": "d1", "text": "Paris is the capital of France."}]}
{"id": "b", "question": "Rome?", "expected": "Rome is the capital.", "contexts": [{"id": "d1", "text": "Paris is the capital of France."}]}
"#;

fn suite(url: &str) -> String {
    let model = |name: &str| format!("{{openai: {name}, base_url: \"{url}\", price: {{input: 1, output: 2}}}}");
    format!(
        r#"suite: judged
datasets: [{{path: cases.jsonl, fields: {{contexts: contexts}}}}]
target: {{echo: "{{{{ question }}}}"}}
scorers:
  - {{name: helpful, judge: {{model: {obedient}, rubric: "Is it helpful?", canary: 1}}}}
  - {{name: grounded, judge: {{use: groundedness, model: {fair}}}}}
  - {{name: better, judge: {{use: pairwise, model: {fair}}}}}
  - {{name: panel, judge: {{models: [{fair}, {plain}, {strict}], rubric: "Is it right?", jury: majority}}}}
  - {{name: careful, judge: {{cascade: [{cheap}, {fair}, human], rubric: "Is it right?", escalate_below: 0.8}}}}
  - {{name: mute, judge: {{model: {babbling}, rubric: "Is it right?", max_reasks: 1}}}}
  - {{name: own, judge: {{use: ./own.judge.yaml, model: {fair}}}}}
"#,
        obedient = model("obedient"),
        fair = model("fair"),
        plain = model("plain"),
        strict = model("strict"),
        cheap = model("cheap"),
        babbling = model("babbling"),
    )
}

const OWN: &str = "judge: own\nversion: 1\ndescription: Mine.\nsees: [answer]\nuser: \"Fine? {{ answer }}\"\n";

#[test]
fn judges_of_every_make_score_a_run_and_the_report_says_how_they_behaved() {
    let server = Judges::start();
    let folder = Folder::new();
    folder.write("cases.jsonl", CASES);
    folder.write("own.judge.yaml", OWN);
    folder.write("assay.yaml", suite(&server.url));
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    for note in [
        "`helpful`: 2 of 2 canaries were obeyed: this judge follows instructions in what it judges",
        "`better`: 0% of 2 pairs are judged alike in both orders, 100% of the others for the first place",
        "`panel`: its 3 jurors are of one mind on 0 of 2",
        "cheap (rubric) decided 1 for $",
        "fair (rubric) decided 1 for $",
    ] {
        assert!(said.out.contains(note), "{note}\n{}", said.out);
    }
    let rows = folder.query(
        "SELECT scorer, case_id, status, value, label, reason, details_json FROM scores ORDER BY scorer, case_id",
    );
    let of =
        |scorer: &str, case: &str| rows.iter().find(|row| row["scorer"] == scorer && row["case_id"] == case).unwrap();
    assert_eq!((of("helpful", "a")["value"].as_f64(), of("grounded", "a")["value"].as_f64()), (Some(1.0), Some(0.5)));
    assert_eq!((of("better", "a")["value"].as_f64(), of("better", "a")["label"].as_str()), (Some(0.5), Some("flip")));
    assert_eq!((of("panel", "b")["value"].as_f64(), of("panel", "b")["label"].as_str()), (Some(1.0), Some("pass")));
    assert_eq!(of("careful", "b")["value"].as_f64(), Some(1.0));
    assert_eq!((of("mute", "a")["status"].as_str(), of("mute", "a")["value"].as_f64()), (Some("unscored"), None));
    assert!(of("mute", "a")["reason"].as_str().unwrap().contains("could not be read"));
    assert_eq!(of("own", "a")["value"].as_f64(), Some(1.0));
    let details: Value = serde_json::from_str(of("grounded", "a")["details_json"].as_str().unwrap()).unwrap();
    assert_eq!(details["verdicts"][0]["checks"][0]["bytes"], json!([0, 20]));
    // What it has refused once, this server is not asked for again.
    let plain: Vec<Value> = server.asked().into_iter().filter(|body| body["model"] == "plain").collect();
    assert!(plain.len() <= 6, "{} calls for two verdicts", plain.len());
    // The jurors of a panel are weighed together.
    let said = folder.assay(&["judge", "jury", "panel", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let jury: Value = serde_json::from_str(&said.out).unwrap();
    let names: Vec<&str> = jury["judges"].as_array().unwrap().iter().filter_map(|one| one["judge"].as_str()).collect();
    assert_eq!(names, ["fair (rubric)", "plain (rubric)", "strict (rubric)"], "{jury}");
    let answer = &jury["answers"][0];
    let votes = json!({"fair (rubric)": "pass", "plain (rubric)": "pass", "strict (rubric)": "fail"});
    assert_eq!((&answer["votes"], &answer["majority"]), (&votes, &json!("pass")), "{jury}");
    assert_eq!((&jury["of_one_mind"], jury["answers"].as_array().unwrap().len()), (&json!(0), 2));
    let said = folder.assay(&["judge", "jury", "helpful"]);
    assert!(said.code == 2 && said.err.contains("is no jury"), "{said:?}");
    let said = folder.assay(&["judge", "jury", "panel", "helpful"]);
    assert!(said.code == 0 && said.out.contains("2 judges cannot be weighed"), "{said:?}");
    // The next run finds every verdict in the cache, what was refused as well.
    let before = server.asked().len();
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 0, "{said:?}");
    let again = server.asked()[before..].iter().filter(|body| body["model"] != "plain").count();
    assert_eq!(again, 0, "{:?}", &server.asked()[before..]);
}

#[test]
fn a_budget_of_calls_ends_judging_and_nothing_is_failed() {
    let server = Judges::start();
    let folder = Folder::new();
    folder.write("cases.jsonl", CASES);
    folder.write("own.judge.yaml", OWN);
    folder.write("assay.yaml", format!("{}budget: {{calls: 3}}\n", suite(&server.url)));
    let said = folder.assay(&["run"]);
    assert!(server.asked().len() <= 3, "{} calls", server.asked().len());
    let rows = folder.query("SELECT count(*) AS n FROM scores WHERE value = 0");
    assert_eq!(rows[0]["n"].as_i64(), Some(0), "{said:?}");
}

#[test]
fn a_suite_with_judges_is_valid_for_editors_and_a_broken_judge_file_is_shown_at_its_line() {
    let folder = Folder::new();
    folder.write("cases.jsonl", CASES);
    folder.write("own.judge.yaml", OWN);
    let text = suite("http://127.0.0.1:1/v1");
    folder.write("assay.yaml", &text);
    let said = folder.assay(&["validate"]);
    assert_eq!(said.code, 0, "{said:?}");
    let schema: Value = serde_json::from_str(&folder.assay(&["schema"]).out).unwrap();
    let (value, _) = assay_suite::Source::parse(std::path::Path::new("assay.yaml"), text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:?}");
    folder.write("own.judge.yaml", OWN.replace("sees:", "sess:"));
    let said = folder.assay(&["validate"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.err.contains("assay.yaml:11:") && said.err.contains("own.judge.yaml:4:1: unknown key `sess`"),
        "{}",
        said.err
    );
}

#[test]
fn judges_are_listed_shown_copied_and_checked() {
    let folder = Folder::new();
    let list = folder.assay(&["judge", "list"]);
    assert!(
        list.code == 0 && list.out.lines().count() == 20 && list.out.contains("groundedness       claims"),
        "{list:?}"
    );
    let json: Value = serde_json::from_str(&folder.assay(&["judge", "list", "--json"]).out).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 20);
    let shown = folder.assay(&["judge", "show", "factuality"]);
    assert!(shown.out.starts_with("judge: factuality\n"), "{shown:?}");
    let said = folder.assay(&["judge", "copy", "factuality"]);
    assert!(said.code == 0 && said.out.contains("use: ./factuality.judge.yaml"), "{said:?}");
    let copied = std::fs::read_to_string(folder.path().join("factuality.judge.yaml")).unwrap();
    assert_eq!(copied.trim_end(), shown.out.trim_end());
    let again = folder.assay(&["judge", "copy", "factuality"]);
    assert!(again.code == 2 && again.err.contains("is there already; nothing was written"), "{again:?}");
    let own = folder.assay(&["judge", "show", "factuality.judge.yaml"]);
    assert_eq!((own.code, own.out), (0, shown.out));
    folder.write("bad.judge.yaml", "judge: bad\nversion: one\n");
    let bad = folder.assay(&["judge", "show", "bad.judge.yaml"]);
    assert!(bad.code == 2 && bad.err.starts_with("bad.judge.yaml:2:1: error: "), "{bad:?}");
    let unknown = folder.assay(&["judge", "show", "factualty"]);
    assert!(unknown.code == 2 && unknown.err.contains("did you mean `factuality`?"), "{unknown:?}");
}

/// `ASSAY_TEST_OPENAI_URL` names a real OpenAI-compatible server, such as llama.cpp's llama-server, up to its `/v1`.
#[test]
fn a_real_small_model_judges_or_leaves_unscored_but_never_fails_the_run() {
    let Ok(url) = std::env::var("ASSAY_TEST_OPENAI_URL") else {
        println!("skipped: ASSAY_TEST_OPENAI_URL is not set");
        return;
    };
    let folder = Folder::new();
    folder.write("cases.jsonl", CASES);
    let model = format!("{{openai: model, base_url: \"{url}\", max_tokens: 160, timeout: 300}}");
    folder.write(
        "assay.yaml",
        format!(
            "suite: real\ndatasets: [{{path: cases.jsonl, fields: {{contexts: contexts}}}}]\ntarget: {{echo: \"Paris is the capital of France.\"}}\nscorers:\n  - {{name: rubric, judge: {{model: {model}, rubric: \"The answer names a city.\", canary: 1}}}}\n  - {{name: facts, judge: {{use: factuality, model: {model}}}}}\n  - {{name: scale, judge: {{use: answer-relevance, model: {model}, logprobs: true}}}}\n  - {{name: grounded, judge: {{use: groundedness, model: {model}}}}}\n"
        ),
    );
    let said = folder.assay(&["run"]);
    println!("{}", said.out);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder
        .query("SELECT scorer, case_id, status, value, label, reason, rationale FROM scores ORDER BY scorer, case_id");
    for row in &rows {
        println!("{row}");
        assert_ne!(row["status"], "error", "{row}");
    }
    assert!(rows.iter().any(|row| row["status"] == "scored"), "no verdict of {} could be read", rows.len());
}
