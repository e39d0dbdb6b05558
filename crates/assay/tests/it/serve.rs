//! The server as people start it, over runs that the binary made.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Folder, Said};

struct Serving {
    process: Child,
    address: String,
    token: String,
    client: Client,
}

impl Serving {
    fn start(folder: &Folder) -> Self {
        let mut command = folder.command(&["serve", "--port", "0", "--json"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap().to_owned();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { process, address: text("address"), token: text("token"), client }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address)).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.ask(Method::GET, path).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two targets with recorded answers: `new` is right where the case's number is no multiple of 3, `old` where it is even.
fn two_targets(folder: &Folder) {
    let cases: String = (0..60)
        .map(|i| {
            let said = |right: bool| if right { "zebra" } else { "<script>alert('mouse')</script>" };
            let case = json!({"id": format!("c{i:02}"), "q": format!("q{i}"), "expected": "zebra",
                              "outputs": {"new": said(i % 3 != 0), "old": said(i % 2 == 0)},
                              "metadata": {"half": if i < 30 { "first" } else { "second" }}});
            format!("{case}\n")
        })
        .collect();
    folder.write("cases.jsonl", cases);
    let suite = "suite: animals\ndataset: cases.jsonl\ntargets:\n  - {name: new, recorded: new}\n  - {name: old, recorded: old}\n\
                 scorers: [equals]\nslices: [half]\n";
    folder.write("assay.yaml", suite);
    let said: Said = folder.assay(&["run", "assay.yaml", "--quiet"]);
    assert!(said.code == 0, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_looked_at_in_pages_compared_and_taken_away() {
    let folder = Folder::new();
    two_targets(&folder);
    let server = Serving::start(&folder);
    let runs = server.get("api/v1/runs").await;
    assert_eq!(runs["items"][0]["suite"], "animals");

    // Every trial is on exactly one page, whatever the order.
    for sort in ["number", "case", "latency", "score:equals"] {
        for order in ["asc", "desc"] {
            let (mut seen, mut from) = (Vec::new(), String::new());
            loop {
                let path = format!("api/v1/runs/latest/trials?sort={sort}&order={order}&limit=50{from}");
                let page = server.get(&path).await;
                if from.is_empty() {
                    assert_eq!(page["total"], 120, "{sort} {order}");
                }
                seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["number"].as_i64().unwrap()));
                match page["next"].as_str() {
                    Some(next) => from = format!("&cursor={next}"),
                    None => break,
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..120).collect::<Vec<_>>(), "{sort} {order}");
        }
    }
    let count = async |query: &str| server.get(&format!("api/v1/runs/latest/trials?{query}")).await["total"].clone();
    assert_eq!(count("target=new&scorer=equals&max=0.5").await, 20);
    assert_eq!(count("target=new&scorer=equals&min=0.5").await, 40);
    assert_eq!(count("tag=half%3Dfirst").await, 60);
    assert_eq!(count("search=MOUSE").await, 50);
    assert_eq!(count("search=c07").await, 2);
    assert_eq!(count("scorer=equals&unscored=true").await, 0);
    // What looks like SQL is text.
    assert_eq!(count("search=%27%29%20OR%20true%20--").await, 0);
    assert_eq!(count("target=new%27%20OR%20%271%27%3D%271").await, 0);

    let compared = server.get("api/v1/compare?candidate=latest:new&baseline=latest:old").await;
    let row = &compared["comparison"]["rows"][0];
    assert_eq!((row["difference"]["better"].as_u64(), row["difference"]["worse"].as_u64()), (Some(20), Some(10)));
    let by_command = folder.assay(&["compare", "latest:new", "latest:old", "--json"]);
    let by_command: Value = serde_json::from_str(&by_command.out).unwrap();
    assert_eq!(row["difference"], by_command["rows"][0]["difference"], "the page shows what the command says");
    for (change, number) in [("worse", 10), ("better", 20), ("same", 30), ("all", 60)] {
        let path = format!(
            "api/v1/compare/cases?candidate=latest:new&baseline=latest:old&scorer=equals&change={change}&limit=200"
        );
        let pairs = server.get(&path).await;
        assert_eq!(pairs["items"].as_array().unwrap().len(), number, "{change}");
        let first = &pairs["items"][0];
        assert!(first["candidate"]["output"].is_string() && first["baseline"]["output"].is_string(), "{first}");
    }

    let case = server.get("api/v1/runs/latest/cases/c03").await;
    assert_eq!(case["case"]["inputs"]["q"], "q3");
    assert_eq!((&case["neighbours"]["previous"], &case["neighbours"]["next"]), (&json!("c02"), &json!("c04")));
    assert_eq!(case["trials"].as_array().unwrap().len(), 2);
    let spread = server.get("api/v1/runs/latest/distribution?scorer=equals&target=old&bins=2").await;
    assert_eq!((&spread["bins"][0]["count"], &spread["bins"][1]["count"]), (&json!(30), &json!(30)));

    for (format, begins) in [("csv", "dt,run_id"), ("jsonl", "{\"dt\""), ("parquet", "PAR1")] {
        let path = format!("api/v1/runs/latest/export?table=trials&format={format}");
        let bytes = server.ask(Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
        assert!(bytes.starts_with(begins.as_bytes()), "{format}");
        if format != "parquet" {
            let header = usize::from(format == "csv");
            assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 120 + header, "{format}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_killed_server_and_is_in_the_audit_log() {
    let folder = Folder::new();
    two_targets(&folder);
    let mut server = Serving::start(&folder);
    for round in 0..5 {
        let body = json!({"run": "latest:new"});
        let path = format!("api/v1/baselines/animals/round{round}");
        let put = server.ask(Method::PUT, &path).json(&body).send().await.unwrap();
        assert_eq!(put.status(), 204);
        server.process.kill().unwrap();
        server.process.wait().unwrap();
        server = Serving::start(&folder);
        let run = server.get("api/v1/runs/latest").await;
        assert!(
            run["baselines"].as_array().unwrap().contains(&json!(format!("round{round}:new"))),
            "{}",
            run["baselines"]
        );
    }
    drop(server);
    let log = folder.assay(&["audit", "tail", "--json"]);
    assert_eq!(log.out.matches("baseline set").count(), 10, "each has a beginning and an end: {}", log.out);
    let verified = folder.assay(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_of_a_run_goes_through_quarantine_into_a_dataset() {
    let folder = Folder::new();
    two_targets(&folder);
    let one =
        json!({"id": "c07", "q": "another question", "expected": "zebra", "outputs": {"new": "zebra", "old": "zebra"}});
    folder.write("kept.jsonl", format!("{one}\n"));
    assert_eq!(folder.assay(&["dataset", "add", "kept", "kept.jsonl"]).code, 0);
    let server = Serving::start(&folder);
    let take = |case: &str, body: Value| {
        server.ask(Method::POST, &format!("api/v1/runs/latest/cases/{case}/to-dataset")).json(&body).send()
    };
    assert_eq!(take("c08", json!({"dataset": "none"})).await.unwrap().status(), 404);
    assert_eq!(take("nothing", json!({"dataset": "kept"})).await.unwrap().status(), 404);
    let note = json!({"dataset": "kept", "note": "fails since March"});
    let taken: Value = take("c08", note.clone()).await.unwrap().json().await.unwrap();
    assert_eq!(taken, json!({"dataset": "kept", "quarantine": "kept.quarantine", "case": "c08", "known": false}));
    let again: Value = take("c08", note).await.unwrap().json().await.unwrap();
    assert_eq!(again["known"], true);
    // The dataset has another case of this name.
    let other: Value = take("c07", json!({"dataset": "kept"})).await.unwrap().json().await.unwrap();
    assert!(other["case"].as_str().unwrap().starts_with("c07-"), "{other}");

    let runs = server.get("api/v1/runs").await;
    let waiting = server.get("api/v1/datasets/kept/quarantine").await;
    assert_eq!(waiting["waiting"], 2);
    let case = waiting["items"].as_array().unwrap().iter().find(|case| case["id"] == "c08").unwrap();
    let who = server.get("api/v1/session").await["user"]["name"].clone();
    let origin = json!({"run": runs["items"][0]["id"], "case": "c08", "by": who, "note": "fails since March"});
    assert_eq!((&case["metadata"]["taken_from"], &case["metadata"]["half"]), (&origin, &json!("first")));
    // What waits is used by no suite, and accepted by somebody.
    let said = folder.assay(&["dataset", "take", "kept", "latest", "c09", "-m", "by hand"]);
    assert_eq!((said.code, said.out.contains("waits in kept.quarantine")), (0, true), "{said:?}");
    let accept = server.ask(Method::POST, "api/v1/datasets/kept/quarantine/accept").json(&json!({"all": true}));
    let made: Value = accept.send().await.unwrap().json().await.unwrap();
    assert_eq!((&made["accepted"], &made["version"]), (&json!(3), &json!(2)));
    let view = server.get("api/v1/datasets/kept").await;
    assert_eq!((&view["item"]["quarantine"], &view["item"]["cases"]), (&json!(0), &json!(4)));
    let found = server.get("api/v1/datasets/kept/versions/2/cases?search=by+hand").await;
    assert_eq!(found["items"][0]["case"]["id"], "c09");
    let refused = take("c08", json!({"dataset": "kept"})).await.unwrap();
    assert_eq!(refused.status(), 422, "the dataset has it");
    // What is confidential does not go where more may see it.
    let said = folder.assay(&["dataset", "add", "secret", "cases.jsonl"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(folder.assay(&["dataset", "set", "secret", "--sensitivity", "confidential"]).code, 0);
    let suite =
        "suite: secret\ndataset: {dataset: secret}\ntargets:\n  - {name: new, recorded: new}\nscorers: [equals]\n";
    folder.write("secret.yaml", suite);
    let said = folder.assay(&["run", "secret.yaml", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let refused = take("c10", json!({"dataset": "kept"})).await.unwrap();
    assert_eq!(refused.status(), 422);
    let problem: Value = refused.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("confidential"), "{problem}");
}
