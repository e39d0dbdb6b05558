//! What the server tells of runs over sealed parts: nothing that a reason on record was not given for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::serve::{Serving, person};
use crate::support::Folder;

fn fine(said: crate::support::Said) -> String {
    assert_eq!(said.code, 0, "{said:?}");
    said.out
}

/// A run over a sealed part whose every case is critical; the target `bot` fails on all of them, `old` on none.
fn sealed_run() -> Folder {
    let folder = Folder::new();
    let case = |i: usize| {
        json!({"id": format!("secret-{i:02}"), "q": format!("q{i}"), "expected": "zebra", "critical": true,
               "outputs": {"bot": "mouse", "old": "zebra"}})
    };
    folder.write("a.jsonl", (0..40).map(|i| format!("{}\n", case(i))).collect::<String>());
    fine(folder.assay(&["dataset", "add", "animals", "a.jsonl"]));
    fine(folder.assay(&["dataset", "split", "animals", "dev=0.5,holdout=0.5", "--seal", "holdout", "--looks", "5"]));
    let suite = "suite: animals\ndataset: {dataset: animals, split: holdout}\ntargets:\n  - {name: bot, recorded: bot}\n  \
                 - {name: old, recorded: old}\nscorers: [equals]\ngate: {rules: [{scorer: equals, min: 0.1}]}\n";
    folder.write("assay.yaml", suite);
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    folder
}

/// Some case of the run's sealed part; asking for it is on record, as `a test`.
fn some_case(folder: &Folder) -> String {
    let said =
        folder.assay(&["query", "SELECT case_id FROM trials LIMIT 1", "--format", "jsonl", "--reason", "a test"]);
    let row: Value = serde_json::from_str(fine(said).trim()).unwrap();
    row["case_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_case_is_seen_by_who_said_why_and_their_name_is_on_record() {
    let folder = sealed_run();
    let case = some_case(&folder);
    let (ada, ben) = (person(&folder, "ada", &["engineer"]), person(&folder, "ben", &["engineer"]));
    let eve = person(&folder, "eve", &["viewer"]);
    let server = Serving::start_with(&folder, &["--team"]);
    let seen = || fine(folder.assay(&["dataset", "log", "animals"])).matches("sealed cases of holdout").count();
    let before = seen();
    let path = format!("api/v1/runs/latest/cases/{case}");
    let get = async |key: &str, path: &str| server.by(key, Method::GET, path, Value::Null).await.0;
    // No look is an order to look, however it is asked for.
    for path in [path.clone(), format!("{path}?reason=curious"), "api/v1/runs/latest/trials".to_owned()] {
        assert!([403, 422].contains(&get(&ada, &path).await), "{path}");
    }
    // Nothing comes out that could be taken for a run without trials.
    let export = "api/v1/runs/latest/export?table=trials&format=csv";
    assert_eq!(get(&ada, export).await, 403);
    let open = async |key: &str, body: Value| server.by(key, Method::POST, "api/v1/runs/latest/openings", body).await.0;
    assert_eq!(open(&eve, json!({"reason": "curious"})).await, 403);
    assert_eq!(open(&ada, json!({"reason": " "})).await, 422);
    assert_eq!(open(&ada, json!({"reason": "a complaint", "case": "nope"})).await, 404);
    assert_eq!(seen(), before, "nothing was seen, nothing is written");
    assert_eq!(open(&ada, json!({"reason": "a complaint", "case": case})).await, 204);
    for _ in 0..3 {
        assert_eq!(get(&ada, &path).await, 200);
    }
    assert_eq!((get(&ada, export).await, get(&ben, export).await), (200, 403));
    assert_eq!(seen(), before + 1, "said once, however often it is looked at");
    assert_eq!(get(&ben, &path).await, 403, "it was opened to ada alone");
    let shown = server.client.get(format!("{}{path}", server.address)).bearer_auth(&ada).send().await.unwrap();
    assert_eq!(shown.headers()["cache-control"], "no-store");
    assert_eq!(get(&ada, "api/v1/runs/latest/cases/nope").await, 404);
    drop(server);
    let log = fine(folder.assay(&["dataset", "log", "animals"]));
    assert!(log.lines().any(|line| line.contains("ada") && line.contains("a complaint")), "{log}");
    let audit = fine(folder.assay(&["audit", "tail", "--json"]));
    let lines: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let opened = lines.iter().rfind(|line| line["action"] == "open sealed part" && line["outcome"] == "done").unwrap();
    assert_eq!((&opened["by"], &opened["object"]["sealed"]), (&json!("ada"), &json!("animals/holdout")), "{opened}");
}

#[tokio::test(flavor = "multi_thread")]
async fn critical_cases_of_a_sealed_part_fail_without_being_named() {
    let folder = sealed_run();
    let server = Serving::start(&folder);
    let summary = server.get("api/v1/runs/latest/summary").await.to_string();
    assert!(summary.contains("critical cases failed"), "{summary}");
    let compared = server.get("api/v1/compare?candidate=latest:bot&baseline=latest:old").await.to_string();
    let shown = folder.assay(&["show", "latest"]).out;
    assert!(shown.contains("critical cases failed"), "{shown}");
    let flips = folder.assay(&["compare", "latest:bot", "latest:old"]).out;
    for text in [summary, compared, shown, flips, folder.assay(&["report", "--format", "markdown"]).out] {
        assert!(!text.contains("secret-"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_library_holds_up_nobody_else() {
    let folder = sealed_run();
    let server = Serving::start(&folder);
    // As an import has it for as long as it takes.
    let lock = std::fs::File::create(folder.path().join(".assay/datasets/lock")).unwrap();
    lock.lock().unwrap();
    let opening = || {
        let asked = server.ask(Method::POST, "api/v1/runs/latest/openings").json(&json!({"reason": "a complaint"}));
        tokio::spawn(asked.send())
    };
    // More than there are processors to wait on.
    let waiting: Vec<_> = (0..2 * std::thread::available_parallelism().unwrap().get() + 2).map(|_| opening()).collect();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let well = tokio::time::timeout(std::time::Duration::from_secs(3), server.get("healthz")).await;
    assert_eq!(well.expect("others are answered")["status"], "ok");
    for opened in waiting {
        let response = opened.await.unwrap().unwrap();
        assert!(response.status() == 503 && response.headers().contains_key("retry-after"));
    }
    drop(lock);
    assert_eq!(opening().await.unwrap().unwrap().status(), 204);
}
