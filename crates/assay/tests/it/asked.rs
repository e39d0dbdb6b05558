//! What is asked of the server by many and often: figures that are kept, questions in SQL that stay within bounds.

use reqwest::Method;
use serde_json::json;

use crate::releases;
use crate::serve::{Serving, two_targets};
use crate::support::{Answer, Folder, Server, served};

#[test]
fn what_is_shown_of_a_run_follows_when_it_ends_anew() {
    let model = Server::start(|question, times| match (question, times) {
        ("q1" | "q2", 1) => Answer::Status(400, "{\"error\": {\"message\": \"bad request\"}}"),
        _ => Answer::Text("ok"),
    });
    let folder = Folder::new();
    served(&folder, &model, 4, "");
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let server = Serving::start(&folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scored = || {
        let summary = runtime.block_on(server.get("api/v1/runs/latest/summary"));
        let row = &summary["summary"]["rows"][0];
        (row["scored"].as_u64().unwrap(), row["trial_errors"].as_u64().unwrap())
    };
    let trend = || runtime.block_on(server.get("api/v1/overview"))["suites"][0]["rows"][0]["scored"].clone();
    assert_eq!((scored(), scored(), trend()), ((2, 2), (2, 2), json!(2)));
    assert_eq!(folder.assay(&["resume", "--retry-errors", "--quiet"]).code, 0);
    assert_eq!((scored(), trend()), ((4, 0), json!(4)), "what was executed once more counts");
    let path = "api/v1/runs/latest/summary?target=bogus";
    let status = runtime.block_on(server.ask(Method::GET, path).send()).unwrap().status();
    assert_eq!(status, 404, "no other target is shown in its place");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_reads_no_run_twice_not_even_after_a_restart() {
    let folder = Folder::new();
    two_targets(&folder);
    assert_eq!(folder.assay(&["run", "assay.yaml", "--quiet"]).code, 0);
    let server = Serving::start(&folder);
    let first = server.get("api/v1/overview").await;
    let suite = &first["suites"][0];
    assert_eq!((suite["trend"].as_array().unwrap().len(), &suite["reading"]), (2, &json!(0)), "{suite}");
    assert_eq!(suite["trend"][1]["values"].as_array().unwrap().len(), 2, "{suite}");
    assert_eq!(suite["moved"].as_array().unwrap().len(), 2, "{suite}");
    drop(server);
    // Whoever reads scores now finds none.
    let lake = folder.path().join(".assay/lake");
    std::fs::rename(&lake, folder.path().join("lake")).unwrap();
    let server = Serving::start(&folder);
    assert_eq!(server.get("api/v1/overview").await["suites"], first["suites"]);
}

async fn asked(server: &Serving, sql: &str, form: &str) -> reqwest::Response {
    server.ask(Method::POST, &format!("api/v1/query{form}")).json(&json!({"sql": sql})).send().await.unwrap()
}

/// What is on the processor in these many seconds, in seconds.
#[cfg(target_os = "linux")]
async fn busy(process: u32, seconds: u64) -> f64 {
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let after = stat.rsplit(')').next().unwrap().to_owned();
        after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>()
    };
    let before = ticks();
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    (ticks() - before) / 100.0
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_waits_for_ends() {
    let folder = Folder::new();
    let server = Serving::start(&folder);
    // The answer of each is one row, after years.
    let sql = "SELECT COUNT(*) FROM generate_series(1, 300000000000000)";
    for form in ["?format=csv", "?format=parquet", "?format=csv", "?format=jsonl"] {
        drop(asked(&server, sql, form).await);
    }
    let waiting = tokio::time::timeout(std::time::Duration::from_secs(1), asked(&server, sql, ""));
    assert!(waiting.await.is_err(), "it takes longer than anybody waits");
    let response = asked(&server, "SELECT 1 AS one", "").await;
    assert_eq!(response.status(), 200, "the places are free again");
    assert!(busy(server.process.id(), 3).await < 1.5, "nothing goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_question_takes_is_bounded() {
    let folder = Folder::new();
    let server = Serving::start(&folder);
    // Memory that the engine does not count: 16 GB of text.
    let response = asked(&server, "SELECT repeat('x', 2000000000) FROM generate_series(1, 8)", "").await;
    assert_eq!(response.status(), 422);
    // A thousand rows of 100 kB: as many as fit, and that there are more.
    let text = "SELECT replace('0123456789', '0', '0123456789') AS a FROM generate_series(1, 3)";
    assert_eq!(asked(&server, text, "").await.status(), 200);
    let long = "WITH t AS (SELECT string_agg(CAST(value AS TEXT), ' ') AS a FROM generate_series(1, 20000)) \
                SELECT a FROM t CROSS JOIN generate_series(1, 1000)";
    let answer: serde_json::Value = asked(&server, long, "").await.json().await.unwrap();
    let rows = answer["rows"].as_array().unwrap();
    assert!(answer["truncated"] == true && (10..400).contains(&rows.len()), "{}", rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_one_name_keep_their_values() {
    let folder = Folder::new();
    let server = Serving::start(&folder);
    let sql = "SELECT a.value, b.value FROM generate_series(1, 2) AS a JOIN generate_series(1, 9) AS b \
               ON b.value = a.value * 3 ORDER BY a.value";
    let answer: serde_json::Value = asked(&server, sql, "").await.json().await.unwrap();
    assert_eq!(answer["rows"], json!([[1, 3], [2, 6]]), "{answer}");
    let refused = asked(&server, sql, "?format=jsonl").await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("AS"), "a line of JSON has each name once");
    assert_eq!(asked(&server, sql, "?format=csv").await.text().await.unwrap(), "value,value\n1,3\n2,6\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_ended_breaks_off() {
    let folder = Folder::new();
    let server = Serving::start(&folder);
    let sql = "SELECT value, 1 / (value - 150000) AS part FROM generate_series(1, 200000)";
    let response = asked(&server, sql, "?format=csv").await;
    assert_eq!(response.status(), 200, "it fails when it is on its way");
    assert!(response.bytes().await.is_err(), "nobody takes it for a whole file");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_at_a_release_leaves_nothing_behind() {
    let folder = releases::workspace();
    releases::candidate(&folder, "good");
    for arguments in [
        &["release", "open", "A shorter prompt", "--policy", "bot.policy.yaml", "--changed", "prompts/main.md"][..],
        &["release", "evaluate"],
    ] {
        assert_eq!(folder.assay(arguments).code, 0);
    }
    let server = Serving::start(&folder);
    let before = server.get("api/v1/releases/1").await;
    let files = || {
        let plans = std::fs::read_dir(folder.path().join(".assay/plans")).unwrap();
        let mut names: Vec<_> = plans.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names.retain(|name| !name.to_string_lossy().ends_with("-wal") && !name.to_string_lossy().ends_with("-shm"));
        names
    };
    let plans = files();
    let more = "{\"id\": \"new\", \"q\": \"new\", \"expected\": \"a\", \"outputs\": {\"good\": \"a\"}}\n";
    let cases = std::fs::read_to_string(folder.path().join("cases.jsonl")).unwrap();
    folder.write("cases.jsonl", format!("{cases}{more}"));
    assert_eq!(server.get("api/v1/releases/1").await, before, "what was judged a moment ago is not judged again");
    drop(server);
    let server = Serving::start(&folder);
    let after = server.get("api/v1/releases/1").await;
    assert!(after["blocks"].to_string().contains("dataset") && after["blocks"] != before["blocks"], "{after}");
    assert_eq!(files(), plans, "no plan was made of the new cases");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_baseline_is_a_complete_run_and_a_target_that_it_has() {
    let folder = Folder::new();
    two_targets(&folder);
    let server = Serving::start(&folder);
    let put = async |suite: &str, body: serde_json::Value| {
        let path = format!("api/v1/baselines/{suite}/main");
        let response = server.ask(Method::PUT, &path).json(&body).send().await.unwrap();
        response.status().as_u16()
    };
    for (suite, body) in [
        ("animals", json!({"run": "latest", "target": "bogus"})),
        ("animals", json!({"run": "latest:bogus"})),
        ("plants", json!({"run": "latest:new"})),
    ] {
        assert_eq!(put(suite, body.clone()).await, 422, "{suite} {body}");
    }
    assert_eq!(put("animals", json!({"run": "latest", "target": "old"})).await, 204);
    assert_eq!(server.get("api/v1/runs/latest").await["baselines"], json!(["main:old"]));
}

#[test]
fn a_run_that_was_killed_is_no_baseline() {
    let model = Server::start(|_, _| Answer::Slow(60_000));
    let folder = Folder::new();
    served(&folder, &model, 4, "");
    let mut run = folder.start(&["run", "--quiet"]);
    while model.total() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let server = Serving::start(&folder);
    let put = server.ask(Method::PUT, "api/v1/baselines/served/main").json(&json!({"run": "latest"}));
    let response = tokio::runtime::Runtime::new().unwrap().block_on(put.send()).unwrap();
    assert_eq!(response.status(), 422);
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 2, "as by the command");
}

#[test]
fn trials_that_a_budget_refused_are_found_by_the_word_they_are_shown_with() {
    let model = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    served(&folder, &model, 10, "budget: {calls: 4}");
    folder.assay(&["run", "--quiet"]);
    let server = Serving::start(&folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let page = runtime.block_on(server.get("api/v1/runs/latest/trials?status=refused_by_budget"));
    assert_eq!((&page["total"], &page["items"][0]["status"]), (&json!(6), &json!("refused_by_budget")), "{page}");
}
