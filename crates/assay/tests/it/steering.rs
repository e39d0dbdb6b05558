//! Before and during a run: what it will need, what it may spend, and what another terminal can do with it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Answer, Folder, Server, served};

/// Waits until the server has been asked so often.
fn asked(server: &Server, times: u32) {
    let until = Instant::now() + Duration::from_secs(60);
    while server.total() < times {
        assert!(Instant::now() < until, "only {} calls", server.total());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

#[test]
fn a_plan_tells_before_the_first_call_and_knows_more_after_a_run() {
    let server = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    served(&folder, &server, 40, "  max_tokens: 50\nprices:\n  mock-1: {input: 1, output: 2}\nbudget: {calls: 30}");
    let said = folder.assay(&["plan"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("40 cases × 1 targets × 1 epochs = 40 trials"), "{}", said.out);
    assert!(said.out.contains("answers of at most 50 tokens"), "{}", said.out);
    assert!(said.out.contains("time unknown before a first run"), "{}", said.out);
    assert!(said.out.contains("about 40 calls are more than the budget of 30"), "{}", said.out);
    assert_eq!(server.total(), 0, "a plan makes no call");
    let said = folder.assay(&["run", "--limit", "30"]);
    assert!(said.err.contains("about 30 calls"), "{}", said.err);
    let plan: Value = serde_json::from_str(&folder.assay(&["plan", "--json"]).out).unwrap();
    let line = &plan["lines"][0];
    // 30 of 40 are in the cache; the rest as the run has seen: 10 tokens in, 2 out, at $1 and $2 a million.
    assert_eq!((line["cached"].as_u64(), line["calls"].as_u64()), (Some(30), Some(10)), "{plan}");
    assert_eq!((line["input_tokens"].as_u64(), line["output_tokens"].as_u64()), (Some(100), Some(20)));
    assert_eq!(plan["cost"].as_i64(), Some(140_000));
    assert!(line["basis"].as_str().unwrap().starts_with("30 trials of run "), "{plan}");
    assert!(plan["seconds"].as_f64().is_some());
}

#[test]
fn a_paused_run_makes_no_calls_until_it_goes_on() {
    let server = Server::start(|_, _| Answer::Slow(30));
    let folder = Folder::new();
    served(&folder, &server, 200, "");
    let mut run = folder.start(&["run", "-j", "2"]);
    asked(&server, 5);
    let said = folder.assay(&["runs", "pause", "--json"]);
    assert_eq!((said.code, json(&said.out)[0]["order"].as_str()), (0, Some("pause")), "{said:?}");
    std::thread::sleep(Duration::from_millis(300));
    let before = server.total();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(server.total(), before, "a paused run makes calls");
    let said = folder.assay(&["runs", "limit", "--to", "20"]);
    assert_eq!(said.code, 0, "{said:?}");
    let watch = folder.start(&["runs", "watch", "--json"]);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(folder.assay(&["runs", "resume"]).code, 0);
    let resumed = Instant::now();
    assert!(run.wait().unwrap().success());
    assert_eq!(server.total(), 200);
    // 195 calls of 30 ms, two at a time, would take three seconds at least.
    assert!(resumed.elapsed() < Duration::from_millis(2_900), "the limit was not raised: {:?}", resumed.elapsed());
    let seen = json(&String::from_utf8(watch.wait_with_output().unwrap().stdout).unwrap());
    assert_eq!(seen.first().unwrap()["status"], "paused");
    assert_eq!(seen.last().unwrap()["status"], "sealed");
    assert_eq!(seen.last().unwrap()["totals"]["ok"], 200);
    let said = folder.assay(&["runs", "pause"]);
    assert!(said.code == 2 && said.err.contains("is complete"), "{said:?}");
}

#[test]
fn a_cancelled_run_has_an_outcome_for_every_trial_and_can_be_taken_up_again() {
    let server = Server::start(|_, _| Answer::Slow(20));
    let folder = Folder::new();
    served(&folder, &server, 300, "");
    let run = folder.start(&["run", "-j", "2", "--quiet"]);
    asked(&server, 10);
    assert_eq!(folder.assay(&["runs", "cancel"]).code, 0);
    let run = run.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(130), "{run:?}");
    let rows = folder.query("SELECT status, count(*) AS n FROM trials GROUP BY status ORDER BY status");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0]["status"], "cancelled");
    assert_eq!(rows.iter().map(|row| row["n"].as_i64().unwrap()).sum::<i64>(), 300);
    let ok = rows[1]["n"].as_i64().unwrap() as u32;
    let before = server.total();
    assert!(before - ok <= 2, "{before} calls for {ok} answers");
    let said = folder.assay(&["runs", "retry"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(server.total() - before, 300 - ok);
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT number) AS d FROM trials WHERE status = 'ok'");
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64()), (Some(300), Some(300)));
}

#[test]
fn a_stopped_run_can_be_cancelled_without_a_call() {
    let server = Server::start(|_, _| Answer::Slow(20));
    let folder = Folder::new();
    served(&folder, &server, 100, "");
    let mut run = folder.start(&["run", "-j", "2"]);
    asked(&server, 10);
    run.kill().unwrap();
    run.wait().unwrap();
    let before = server.total();
    let said = folder.assay(&["runs", "cancel"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(server.total(), before);
    let rows = folder.query("SELECT count(*) AS n FROM trials WHERE status = 'cancelled'");
    assert!(rows[0]["n"].as_i64().unwrap() >= 85, "{rows:?}");
    assert!(folder.assay(&["runs"]).out.contains("sealed"));
}

#[test]
fn failures_of_a_live_run_are_retried_at_its_end() {
    let server = Server::start(|question, times| match (question, times) {
        ("q1" | "q2" | "q3", 1) => Answer::Status(400, "{\"error\": {\"message\": \"no\"}}"),
        _ => Answer::Slow(20),
    });
    let folder = Folder::new();
    served(&folder, &server, 100, "");
    let run = folder.start(&["run", "-j", "2", "--quiet"]);
    asked(&server, 10);
    assert_eq!(folder.assay(&["runs", "retry"]).code, 0);
    let run = run.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(server.total(), 103);
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT number) AS d FROM trials WHERE status = 'ok'");
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64()), (Some(100), Some(100)));
}

#[test]
fn a_trial_and_a_month_have_budgets() {
    let server = Server::start(|question, _| match question {
        "q3" => Answer::Status(500, "down"),
        _ => Answer::Text("ok"),
    });
    let folder = Folder::new();
    served(&folder, &server, 10, "budget: {per_trial: {calls: 2}, per_month: {calls: 15}}");
    let said = folder.assay(&["run", "--no-cache"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert_eq!(server.asked()["q3"], 2, "a trial of two calls made more");
    let rows = folder.query("SELECT error_message FROM trials WHERE status = 'refused_by_budget'");
    assert!(rows[0]["error_message"].as_str().unwrap().contains("of a trial of 2 calls"), "{rows:?}");
    assert_eq!(server.total(), 11);
    // Four calls are left of the month, for whatever run.
    let said = folder.assay(&["run", "--no-cache", "--limit", "9"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert_eq!(server.total(), 15);
    let rows = folder.query("SELECT error_message FROM trials WHERE status = 'refused_by_budget'");
    assert!(
        rows.iter().any(|row| row["error_message"].as_str().unwrap().contains("which all runs of the workspace share"))
    );
    let said = folder.assay(&["runs", "spend", "--json"]);
    assert_eq!(json(&said.out)[0]["calls"], 4, "{said:?}");
}

#[test]
fn the_cache_says_why_it_has_no_answer() {
    let server = Server::start(|question, _| match question {
        "q2" => Answer::Status(400, "no"),
        _ => Answer::Text("ok"),
    });
    let folder = Folder::new();
    served(&folder, &server, 5, "  temperature: 0");
    let why = |arguments: &[&str]| -> Vec<String> {
        let mut all = vec!["cache", "explain", "--json"];
        all.extend_from_slice(arguments);
        let said = folder.assay(&all);
        assert_eq!(said.code, 0, "{said:?}");
        let mut lines = json(&said.out);
        lines.sort_by_key(|line| (line["case"].as_str().unwrap().to_owned(), line["epoch"].as_u64()));
        lines.iter().map(|line| line["why"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(why(&[]), ["never_asked"; 5]);
    assert_eq!(folder.assay(&["run"]).code, 0);
    assert_eq!(why(&[]), ["hit", "hit", "other_payload", "hit", "hit"]);
    assert_eq!(why(&["--epochs", "2", "--limit", "5"])[..4], ["hit", "other_epoch", "hit", "other_epoch"]);
    assert_eq!(why(&["--no-cache"]), ["not_cached"; 5]);
    served(&folder, &server, 5, "  temperature: 0.5");
    let said = folder.assay(&["cache", "explain"]);
    assert!(said.out.contains("temperature: 0 → 0.5"), "{}", said.out);
    let said = folder.assay(&["cache", "explain", "--case", "c1"]);
    assert!(said.out.contains("temperature: 0 → 0.5"), "{said:?}");
    let said = folder.assay(&["cache", "explain", "--case", "nobody"]);
    assert!(said.code == 2 && said.err.contains("no case `nobody`"), "{said:?}");
    let stats: Value = serde_json::from_str(&folder.assay(&["cache", "stats", "--json"]).out).unwrap();
    assert_eq!((stats["callers"][0]["answers"].as_u64(), stats["callers"].as_array().unwrap().len()), (Some(4), 1));
    assert!(!stats.to_string().contains("Bearer"), "no key is kept");
    let said = folder.assay(&["cache", "prune"]);
    assert_eq!(said.code, 2, "{said:?}");
    let said = folder.assay(&["cache", "prune", "--of", "openai", "--max-size", "1kB"]);
    assert_eq!(said.code, 2, "{said:?}");
    let said = folder.assay(&["cache", "prune", "--unused-for", "1d"]);
    assert!(said.out.starts_with("removed 0 answers"), "{said:?}");
    let said = folder.assay(&["cache", "prune", "--all"]);
    assert!(said.out.starts_with("removed 4 answers"), "{said:?}");
    served(&folder, &server, 5, "  temperature: 0");
    assert_eq!(why(&[]), ["never_asked"; 5]);
}

#[test]
fn the_cache_stays_within_its_size() {
    let server = Server::start(|_, _| Answer::Text("a rather long answer, so that the cache has something to keep"));
    let folder = Folder::new();
    served(&folder, &server, 2_000, "");
    let said = folder.assay(&["run", "--quiet", "--cache-max", "200kB"]);
    assert_eq!(said.code, 0, "{said:?}");
    let stats: Value = serde_json::from_str(&folder.assay(&["cache", "stats", "--json"]).out).unwrap();
    assert!(stats["bytes"].as_u64().unwrap() <= 200_000, "{stats}");
    assert!(stats["callers"][0]["answers"].as_u64().unwrap() > 100, "{stats}");
}

/// A suite whose answers stand in its cases: `wrong` of a hundred are wrong, spread evenly.
fn recorded(folder: &Folder, n: usize, wrong: usize, gate: &str) {
    let cases: String = (0..n)
        .map(|i| {
            let answer = if i * 37 % 100 < wrong { "no" } else { "yes" };
            format!("{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"expected\": \"yes\", \"output\": \"{answer}\"}}\n")
        })
        .collect();
    folder.write("cases.jsonl", cases);
    let suite = format!(
        "suite: recorded\ndataset: {{path: cases.jsonl, fields: {{outputs: [output]}}}}\n\
         target: {{recorded: output}}\nscorers: [equals]\ngate: {gate}\n"
    );
    folder.write("assay.yaml", suite);
}

#[test]
fn a_gate_that_is_decided_ends_the_run_with_intervals_that_allow_for_the_looks() {
    let folder = Folder::new();
    recorded(&folder, 1_000, 8, "{stop: gs, rules: [{scorer: equals, min: 0.8}]}");
    let said = folder.assay(&["run", "--gate"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("ended at look 2 of 5: 400 of 1000 cases decided the gate"), "{}", said.out);
    assert!(said.out.contains("99.921% interval"), "{}", said.out);
    assert_eq!(folder.query("SELECT count(*) AS n FROM trials")[0]["n"], 400);
    // It stays decided, and shows the same later.
    let later = folder.assay(&["gate"]);
    assert_eq!(later.code, 0, "{later:?}");
    assert!(folder.assay(&["show"]).out.contains("ended at look 2 of 5"));
    // As baseline of a run that ends as early, nothing counts as missing from either.
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 0);
    recorded(&folder, 1_000, 5, "{rules: [{scorer: equals, min: 0.8}]}");
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 0);
    recorded(&folder, 1_000, 5, "{stop: gs, rules: [{scorer: equals, margin: 0.05}]}");
    let said = folder.assay(&["run", "--gate"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("cases decided the gate"), "{}", said.out);
}

#[test]
fn a_look_sees_its_cases_only_also_after_a_stop_beyond_them() {
    let server = Server::start(|question, _| match question.trim_start_matches('q').parse::<u32>() {
        // A fifth is wrong: no look before the last decides.
        Ok(n) if n % 5 == 0 => Answer::Text("no"),
        _ => Answer::Slow(5),
    });
    let folder = Folder::new();
    served(&folder, &server, 300, "gate: {stop: gs, rules: [{scorer: equals, min: 0.8}]}");
    let mut run = folder.start(&["run", "-j", "4", "--quiet", "--no-cache"]);
    // The first look is at 60.
    asked(&server, 90);
    run.kill().unwrap();
    run.wait().unwrap();
    let said = folder.assay(&["resume", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT number) AS d FROM trials");
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64()), (Some(300), Some(300)));
    assert!(said.out.contains("300 of 300 trials") && said.out.contains("5 looks"), "{}", said.out);
}

#[test]
fn harm_ends_a_run_early_and_a_close_call_goes_to_the_last_look() {
    let folder = Folder::new();
    recorded(&folder, 500, 60, "{stop: gs, rules: [{scorer: equals, min: 0.8}]}");
    let said = folder.assay(&["run", "--gate"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("of 500 cases decided the gate"), "{}", said.out);
    recorded(&folder, 500, 20, "{stop: gs, rules: [{scorer: equals, min: 0.8}]}");
    let said = folder.assay(&["run", "--gate"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.out.contains("500 of 500 trials") && said.out.contains("5 looks"), "{}", said.out);
}

#[test]
fn early_looks_are_refused_where_they_would_see_parts_of_clusters() {
    let folder = Folder::new();
    folder.write(
        "cases.jsonl",
        "{\"id\": \"a\", \"q\": \"x\", \"group\": \"g\", \"expected\": \"y\", \"output\": \"y\"}\n",
    );
    folder.write(
        "assay.yaml",
        "suite: s\ndataset: {path: cases.jsonl, fields: {outputs: [output], cluster: group}}\ntarget: {recorded: output}\n\
         scorers: [equals]\ngate: {stop: gs, rules: [{scorer: equals, min: 0.8}]}\n",
    );
    let said = folder.assay(&["run"]);
    assert!(said.code == 2 && said.err.contains("without clusters"), "{said:?}");
    let suite = std::fs::read_to_string(folder.path().join("assay.yaml")).unwrap();
    folder.write(
        "cases.jsonl",
        "{\"id\": \"a\", \"q\": \"x\", \"must\": true, \"expected\": \"y\", \"output\": \"y\"}\n",
    );
    folder.write("assay.yaml", suite.replace("cluster: group", "critical: must"));
    let said = folder.assay(&["run"]);
    assert!(said.code == 2 && said.err.contains("not critical"), "{said:?}");
    folder.write("assay.yaml", "suite: s\ndataset: cases.jsonl\ntarget: echo\nscorers: [equals]\ngate: {stop: gs}\n");
    let said = folder.assay(&["validate"]);
    assert!(said.code == 2 && said.err.contains("without rules nothing can be decided early"), "{said:?}");
}

#[test]
fn only_what_changed_is_asked_again_and_stored_answers_are_scored_anew() {
    let server = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    served(&folder, &server, 20, "");
    assert_eq!(folder.assay(&["run", "--no-cache", "--label", "branch=main"]).code, 0);
    assert_eq!(server.total(), 20);
    // Three new cases, and another scorer.
    served(&folder, &server, 23, "");
    let suite = std::fs::read_to_string(folder.path().join("assay.yaml")).unwrap();
    folder.write("assay.yaml", suite.replace("scorers: [equals]", "scorers: [equals, {char-count: {max: 1}}]"));
    let said = folder.assay(&["run", "--no-cache", "--changed-only", "--label", "branch=topic"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(server.total(), 23, "{said:?}");
    assert!(said.out.contains("20 from the cache") && said.out.contains("3 calls"), "{}", said.out);
    let rows = folder.query("SELECT count(DISTINCT number) AS n FROM scores WHERE scorer = 'char-count' AND value = 0");
    assert_eq!(rows[0]["n"], 23);
    // The same answers under a third scorer, without the server.
    let address = server.url.clone();
    drop(server);
    folder.write("assay.yaml", suite.replace("scorers: [equals]", "scorers: [{contains: o}]"));
    let said = folder.assay(&["run", "--rescore", "latest", "--label", "kind=rescore"]);
    assert_eq!(said.code, 0, "{said:?} {address}");
    assert!(said.out.contains("0 calls") && said.out.contains("100.0%"), "{}", said.out);
    let runs = json(&folder.assay(&["runs", "--label", "branch=topic", "--json"]).out);
    assert_eq!((runs.len(), runs[0]["labels"]["branch"].as_str()), (1, Some("topic")));
    let said = folder.assay(&["run", "--rescore", "latest~2"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("3 failed"), "{}", said.out);
    let rows = folder.query("SELECT DISTINCT error_message FROM trials WHERE status = 'error'");
    assert!(rows[0]["error_message"].as_str().unwrap().contains("has no answer for this trial"), "{rows:?}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join(".assay/journal"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("answers"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn tiers_run_one_after_another_until_one_fails() {
    let folder = Folder::new();
    recorded(
        &folder,
        300,
        60,
        "{rules: [{scorer: equals, min: 0.8}]}\ntiers: {smoke: {limit: 100}, full: {limit: 200}}",
    );
    let said = folder.assay(&["run", "--tier", "smoke,full"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("tier `smoke` ends it: not run: full"), "{}", said.err);
    assert_eq!(folder.query("SELECT count(*) AS n FROM trials")[0]["n"], 100);
    recorded(
        &folder,
        300,
        2,
        "{rules: [{scorer: equals, min: 0.8}]}\ntiers: {smoke: {limit: 100}, full: {limit: 200}}",
    );
    let said = folder.assay(&["run", "--tier", "smoke", "--tier", "full", "--gate"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(folder.query("SELECT count(*) AS n FROM trials")[0]["n"], 400);
    let said = folder.assay(&["run", "--tier", "smoke,nightly"]);
    assert!(said.code == 2 && said.err.contains("there is no tier `nightly`"), "{said:?}");
    assert_eq!(folder.query("SELECT count(*) AS n FROM trials")[0]["n"], 400, "nothing ran");
}

#[test]
fn a_schedule_runs_when_it_is_due_and_once() {
    let folder = Folder::new();
    recorded(&folder, 20, 0, "{rules: [{scorer: equals, min: 0.5}]}");
    let said = folder.assay(&["schedule", "add", "nightly", "--cron", "bad", "--", "assay.yaml"]);
    assert!(said.code == 2 && said.err.contains("is no cron expression"), "{said:?}");
    let said = folder.assay(&["schedule", "add", "nightly", "--cron", "0 2 * * *", "--", "assay.yaml", "--quiet"]);
    assert!(said.code == 0 && said.out.contains("02:00"), "{said:?}");
    assert_eq!(folder.assay(&["schedule", "run"]).code, 0);
    assert!(folder.assay(&["runs", "--json"]).out.is_empty(), "it was not due");
    // Six fields: every second.
    assert_eq!(
        folder.assay(&["schedule", "add", "often", "--cron", "* * * * * *", "--", "assay.yaml", "--quiet"]).code,
        0
    );
    std::thread::sleep(Duration::from_millis(2_100));
    let said = folder.assay(&["schedule", "run"]);
    assert_eq!(said.code, 0, "{said:?}");
    let runs = json(&folder.assay(&["runs", "--json"]).out);
    assert_eq!((runs.len(), runs[0]["labels"]["schedule"].as_str()), (1, Some("often")));
    let listed = json(&folder.assay(&["schedule", "list", "--json"]).out);
    assert_eq!(listed.iter().map(|row| row["schedule"]["last_exit"].as_i64()).collect::<Vec<_>>(), [None, Some(0)]);
    assert_eq!(folder.assay(&["schedule", "rm", "often"]).code, 0);
    assert_eq!(folder.assay(&["schedule", "rm", "often"]).code, 2);
}
