//! Judges that are tuned, and judges that are asked on their frozen verdicts before a run spends anything.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::{Folder, Said};

/// How a model decides, from what it is asked and whether it is in its other mood: the verdict.
type Mind = fn(&Asked, bool) -> bool;

/// What a model is asked.
struct Asked {
    system: String,
    /// The words of users, the last one being the question.
    turns: Vec<String>,
}

impl Asked {
    fn of(body: &Value) -> Self {
        let of = |role: &str| {
            let messages = body["messages"].as_array().into_iter().flatten();
            messages
                .filter(|message| message["role"] == role)
                .map(|message| message["content"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        Self { system: of("system").concat(), turns: of("user") }
    }

    fn question(&self) -> &str {
        self.turns.last().map_or("", String::as_str)
    }

    /// The cases that its solved examples are of.
    fn examples(&self) -> BTreeSet<u64> {
        self.turns[..self.turns.len() - 1].iter().filter_map(|turn| number(turn)).collect()
    }
}

/// The case that a prompt is about: its question is `case N`.
fn number(prompt: &str) -> Option<u64> {
    prompt.split("case ").nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

struct Model {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    other_mood: Arc<AtomicBool>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Clone)]
struct Shared(Mind, Arc<Mutex<Vec<Asked>>>, Arc<AtomicBool>);

impl Model {
    fn start(mind: Mind) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let shared = Shared(mind, Arc::default(), Arc::default());
        let (asked, other_mood) = (Arc::clone(&shared.1), Arc::clone(&shared.2));
        let app = Router::new().route("/v1/chat/completions", post(answer)).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, asked, other_mood, _runtime: runtime }
    }

    fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

async fn answer(State(Shared(mind, asked, mood)): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let question = Asked::of(&body);
    let verdict = if mind(&question, mood.load(Ordering::Relaxed)) { "pass" } else { "fail" };
    asked.lock().unwrap().push(question);
    let reply = json!({"reasoning": "so it is", "verdict": verdict}).to_string();
    Json(json!({
        "model": "m",
        "choices": [{"finish_reason": "stop", "message": {"content": reply}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }))
}

/// A number that looks drawn, from 0 to 1.
fn coin(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Answers that are good, bad, or that only look good; people pass the good ones.
fn kind(case: u64) -> &'static str {
    match coin(case) {
        c if c < 0.4 => "good",
        c if c < 0.7 => "bad",
        _ => "tricky",
    }
}

/// A suite whose judge asks the model, run once, with labels of all its answers.
fn judged(model: &Model, cases: u64, extra: &str) -> Folder {
    let folder = Folder::new();
    let (mut rows, mut labels) = (String::new(), String::new());
    for case in 0..cases {
        let kind = kind(case);
        let outputs = json!({"t": {"output": format!("a {kind} answer, number {case}")}});
        rows.push_str(&format!(
            "{}\n",
            json!({"id": format!("c{case}"), "question": format!("case {case}?"), "outputs": outputs})
        ));
        let label = json!({"case": format!("c{case}"), "label": kind == "good", "drawn": "random"});
        labels.push_str(&format!("{label}\n"));
    }
    folder.write("cases.jsonl", rows);
    folder.write("labels.jsonl", labels);
    folder.write("assay.yaml", suite(&model.url, "", extra));
    fine(folder.assay(&["run", "--quiet"]));
    folder
}

fn suite(url: &str, using: &str, extra: &str) -> String {
    format!(
        "suite: tuned\ndatasets:\n  - path: cases.jsonl\n    fields: {{id: id, input: [question]}}\ntargets:\n  - {{name: t, recorded: t}}\nscorers:\n  - name: right\n    judge: {{{using}model: {{openai: m, base_url: \"{url}\", price: {{input: 1, output: 2}}}}, rubric: Is it good?}}\ngate:\n  rules:\n    - {{scorer: right, min: 0.2}}\n{extra}"
    )
}

fn fine(said: Said) -> Said {
    assert_eq!(said.code, 0, "{said:?}");
    said
}

fn value(said: &Said) -> Value {
    serde_json::from_str(said.out.lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// Takes what only looks good for good, unless it is told to be strict.
fn trusting(asked: &Asked, _: bool) -> bool {
    let strict = asked.system.contains("give the worse one");
    asked.question().contains("a good answer") || (!strict && asked.question().contains("a tricky answer"))
}

#[test]
fn a_better_prompt_is_chosen_on_some_cases_and_reported_on_others() {
    let model = Model::start(trusting);
    let folder = judged(&model, 240, "");
    fine(folder.assay(&["judge", "calibrate", "right", "--labels", "labels.jsonl"]));
    let before = model.calls();
    let said = fine(folder.assay(&["judge", "tune", "right", "--dry-run"]));
    assert!(said.err.contains("at most 8 prompts on") && said.err.contains("calls and $"), "{said:?}");
    assert_eq!(model.calls(), before);
    let said = fine(folder.assay(&["judge", "tune", "right"]));
    assert!(
        said.out.contains("strict in doubt") && said.out.contains("better: wrote rubric-v2.judge.yaml"),
        "{said:?}"
    );
    assert!(said.out.contains("answers held out: as it is 0."), "{said:?}");
    // No case is both an example and a question of a prompt with examples.
    {
        let asked = model.asked.lock().unwrap();
        let tuning = &asked[before..];
        let examples: BTreeSet<u64> = tuning.iter().flat_map(Asked::examples).collect();
        let with_examples = tuning.iter().filter(|one| one.turns.len() > 1);
        let questions: BTreeSet<u64> = with_examples.filter_map(|one| number(one.question())).collect();
        assert!(!examples.is_empty() && examples.is_disjoint(&questions), "{examples:?}");
    }
    // The file is a judge, of the next version, with what it was measured at.
    let text = std::fs::read_to_string(folder.path().join("rubric-v2.judge.yaml")).unwrap();
    assert!(text.contains("version: 2\n") && text.contains("agreement with people +0."), "{text}");
    fine(folder.assay(&["judge", "show", "rubric-v2.judge.yaml"]));
    folder.write("assay.yaml", suite(&model.url, "use: ./rubric-v2.judge.yaml, ", ""));
    fine(folder.assay(&["run", "--quiet"]));
    let rows = folder.query("SELECT count(*) AS n FROM scores WHERE value = 1");
    let good = (0..240).filter(|case| kind(*case) == "good").count() as u64;
    let tricky = (0..240).filter(|case| kind(*case) == "tricky").count() as u64;
    assert_eq!(rows[0]["n"].as_u64(), Some(good + tricky + good), "the old judge's passes and the new one's");
    // What is there is not overwritten; a second report on the same answers says that it is one.
    folder.write("assay.yaml", suite(&model.url, "", ""));
    fine(folder.assay(&["run", "--quiet"]));
    let said = folder.assay(&["judge", "tune", "right"]);
    assert!(said.code == 2 && said.err.contains("is there already"), "{said:?}");
    let said = fine(folder.assay(&["judge", "tune", "right", "--out", "again.judge.yaml", "--json"]));
    let told = value(&said);
    assert_eq!((&told["better"], &told["reported_before"]), (&json!(true), &json!(1)), "{told}");
    assert!(told["report"]["difference"]["interval"]["lower"].as_f64().unwrap() > 0.1, "{told}");
    assert!(told["notes"][0].as_str().unwrap().contains("more optimistic"), "{told}");
}

/// Right about everything but a tenth, another tenth for every prompt.
fn erring(asked: &Asked, _: bool) -> bool {
    let words: u64 = asked.system.bytes().chain(asked.question().bytes()).map(u64::from).sum();
    let case = number(asked.question()).unwrap_or(0);
    let wrong = coin(case.wrapping_mul(7919) ^ (words << 20) ^ (asked.turns.len() as u64) << 50) < 0.1;
    (kind(case) == "good") != wrong
}

#[test]
fn luck_on_the_cases_that_it_was_chosen_on_is_no_better_judge() {
    let model = Model::start(erring);
    let folder = judged(&model, 200, "");
    fine(folder.assay(&["judge", "calibrate", "right", "--labels", "labels.jsonl"]));
    let said = fine(folder.assay(&["judge", "tune", "right"]));
    assert!(said.out.contains("no better") && said.out.to_lowercase().contains("nothing was written"), "{said:?}");
    assert!(!folder.path().join("rubric-v2.judge.yaml").exists());
    // A judge that nothing can improve.
    let right = Model::start(|asked, _| asked.question().contains("a good answer"));
    let folder = judged(&right, 120, "");
    fine(folder.assay(&["judge", "calibrate", "right", "--labels", "labels.jsonl"]));
    let said = fine(folder.assay(&["judge", "tune", "right", "--json"]));
    let told = value(&said);
    assert_eq!(
        (&told["report"], &told["better"], &told["written"]),
        (&Value::Null, &json!(false), &Value::Null),
        "{told}"
    );
}

#[test]
fn tuning_that_cannot_be_done_or_paid_says_so_before_it_asks() {
    let model = Model::start(trusting);
    let folder = judged(&model, 120, "budget: {calls: 130}\n");
    let refused = |arguments: &[&str]| {
        let before = model.calls();
        let said = folder.assay(&[&["judge", "tune"][..], arguments].concat());
        assert!(said.code == 2 && model.calls() == before, "{arguments:?}: {said:?}");
        said.err
    };
    assert!(refused(&["right"]).contains("are too few"), "no labels yet");
    fine(folder.assay(&["judge", "calibrate", "right", "--labels", "labels.jsonl"]));
    assert!(refused(&["right"]).contains("are more than the budget of 130 calls"));
    assert!(refused(&["right", "--max-cost", "0.001"]).contains("are more than the budget"));
    assert!(refused(&["right", "--held-out", "0.95"]).contains("--held-out between 0.1 and 0.9"));
    assert!(refused(&["right", "--variant", "none.yaml"]).contains("none.yaml"));
    folder.write("pair.judge.yaml", "judge: p\nversion: 1\ndescription: P.\nkind: pair\nsees: [question, answer]\nuser: \"{{ question }} {{ candidates }}\"\n");
    assert!(refused(&["right", "--variant", "pair.judge.yaml"]).contains("that is another judge"));
    assert!(refused(&["wrong"]).contains("no run has a judge `wrong`"));
    assert!(refused(&["right", "--out", "none/v2.judge.yaml"]).contains("v2.judge.yaml cannot be written"));
    assert!(refused(&["right", "--out", "v2.judge.yaml"]).contains("are more than the budget of 130 calls"));
    assert!(!folder.path().join("v2.judge.yaml").exists(), "what was tried is not left there");
    folder.write("assay.yaml", suite(&model.url, "", "budget: {tokens: 30000}\n"));
    fine(folder.assay(&["run", "--quiet"]));
    assert!(refused(&["right"]).contains("are more than the budget of 30000 tokens"));
}

#[test]
fn the_month_is_shared_by_runs_and_by_what_asks_judges_beside_them() {
    let model = Model::start(trusting);
    let folder = judged(&model, 150, "budget: {per_month: {calls: 170}}\n");
    fine(folder.assay(&["judge", "calibrate", "right", "--labels", "labels.jsonl"]));
    let before = model.calls();
    let said = folder.assay(&["judge", "tune", "right"]);
    assert!(said.code == 2 && said.err.contains("what is left of the month's budget: 20 calls"), "{said:?}");
    assert_eq!(model.calls(), before);
    // Fifty frozen verdicts, of which the month has room for twenty; the next check has room for none.
    for left in [20, 0] {
        let before = model.calls();
        let said = folder.assay(&["judge", "check", "right"]);
        assert!(said.code != 0 && said.err.contains("which all runs of the workspace share"), "{said:?}");
        assert_eq!(model.calls() - before, left);
    }
}

#[test]
fn what_was_reported_on_stays_held_out_when_less_is_asked_for() {
    let model = Model::start(trusting);
    let folder = judged(&model, 240, "");
    fine(folder.assay(&["judge", "calibrate", "right", "--labels", "labels.jsonl"]));
    let tune = |arguments: &[&str]| {
        let all = [&["judge", "tune", "right", "--json", "--shots", "0"][..], arguments].concat();
        value(&fine(folder.assay(&all)))
    };
    let less = tune(&["--held-out", "0.2", "--dry-run"]);
    let first = tune(&["--held-out", "0.6"]);
    assert_eq!((&first["better"], &first["reported_before"]), (&json!(true), &json!(0)), "{first}");
    assert!(less["held_out"].as_u64() < first["held_out"].as_u64(), "{less}");
    // The reports are of other parts: they overlap all the same.
    let again = tune(&["--held-out", "0.2", "--out", "again.judge.yaml"]);
    assert_eq!((&again["held_out"], &again["reported_before"]), (&first["held_out"], &json!(1)), "{again}");
    let more = tune(&["--held-out", "0.7", "--out", "more.judge.yaml"]);
    assert!(more["held_out"].as_u64() > first["held_out"].as_u64(), "{more}");
    assert_eq!(more["reported_before"], json!(2), "{more}");
}

/// Right, and wrong about most of it in its other mood.
fn moody(asked: &Asked, other_mood: bool) -> bool {
    let case = number(asked.question()).unwrap_or(0);
    (kind(case) == "good") != (other_mood && !case.is_multiple_of(3))
}

#[test]
fn a_judge_that_drifted_is_found_out_before_a_run_spends_anything() {
    let model = Model::start(moody);
    let folder = judged(&model, 150, "");
    fine(folder.assay(&["judge", "calibrate", "right", "--labels", "labels.jsonl"]));
    let spent = |said: &Said| {
        let finished: Value = said
            .out
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|event| event["event"] == "finished")
            .unwrap_or_else(|| panic!("{said:?}"));
        let run = finished["run"].as_str().unwrap().to_owned();
        let shown: Value = serde_json::from_str(&folder.assay(&["show", &run, "--json"]).out).unwrap();
        let spends = shown["totals"]["spends"].as_array().unwrap().clone();
        let judge = spends.into_iter().find(|spend| spend["role"] == "judge").unwrap_or_default();
        (judge["calls"].as_u64().unwrap_or(0), judge["trials"].as_u64().unwrap_or(0))
    };
    // As it was: fifty questions beyond those that the cache answers, paid by the run.
    let said = fine(folder.assay(&["run", "--json"]));
    assert!(said.out.contains("\"event\":\"judge_canaries\"") && said.out.contains("\"differ\":0"), "{said:?}");
    assert_eq!(spent(&said), (50, 150));
    let report = fine(folder.assay(&["judge", "report", "right", "--json"]));
    assert_eq!(value_of(&report)["standing"]["checked"], json!([50, 0]));
    // Off, or fewer of them.
    folder.write("assay.yaml", suite(&model.url, "", "judge_canaries: false\n"));
    let said = fine(folder.assay(&["run", "--json"]));
    assert!(!said.out.contains("judge_canaries\"") && spent(&said).0 == 0, "{said:?}");
    folder.write("assay.yaml", suite(&model.url, "", "judge_canaries: 10\n"));
    let said = fine(folder.assay(&["run", "--json"]));
    assert_eq!(spent(&said), (10, 150));
    // Within the budget, and nothing is said of a judge that could not be asked.
    folder.write("assay.yaml", suite(&model.url, "", "budget: {calls: 20}\n"));
    let said = folder.assay(&["run"]);
    assert!(
        said.err.contains("could not be asked on its frozen verdicts: ") && said.err.contains("20 calls"),
        "{said:?}"
    );
    // Another model behind the same name.
    folder.write("assay.yaml", suite(&model.url, "", ""));
    model.other_mood.store(true, Ordering::Relaxed);
    let said = fine(folder.assay(&["run"]));
    assert!(
        said.err.contains("judge `right` has drifted: 3") && said.err.contains("no figure of it is corrected"),
        "{said:?}"
    );
    let said = folder.assay(&["gate", "latest"]);
    assert!(said.code == 3 && said.out.contains("frozen verdicts differ now"), "{said:?}");
    let row = &value_of(&fine(folder.assay(&["report", "--format", "json"])))["summary"]["rows"][0];
    assert_eq!((&row["advisory"], &row["judge"]["corrected"]), (&json!(true), &json!(false)), "{row}");
    assert!(row["judge"]["why"].as_str().unwrap().contains("drifted"), "{row}");
}

fn value_of(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}
