//! The server as people start it, over runs that the binary made.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::releases;
use crate::support::{Folder, Said};

struct Serving {
    process: Child,
    address: String,
    token: String,
    client: Client,
}

impl Serving {
    fn start(folder: &Folder) -> Self {
        Self::start_with(folder, &[])
    }

    fn start_with(folder: &Folder, options: &[&str]) -> Self {
        let mut command = folder.command(&[&["serve", "--port", "0", "--json"], options].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { process, address: text("address"), token: text("token"), client }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address)).bearer_auth(&self.token)
    }

    /// Asked with somebody's key: the status and the answer.
    async fn by(&self, key: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.address)).bearer_auth(key);
        let response = request.json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
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

/// Somebody with roles, and a key of theirs.
fn person(folder: &Folder, name: &str, roles: &[&str]) -> String {
    let mut arguments = vec!["user", "add", name];
    roles.iter().for_each(|role| arguments.extend(["--role", role]));
    assert_eq!(folder.assay(&arguments).code, 0);
    let said = folder.assay(&["user", "key", name, "tests"]);
    assert_eq!(said.code, 0, "{said:?}");
    said.out.split_whitespace().last().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_decided_by_people_over_the_api_and_its_evidence_is_taken_away() {
    let folder = releases::workspace();
    releases::candidate(&folder, "good");
    let (ann, ben) = (person(&folder, "ann", &["engineer", "approver"]), person(&folder, "ben", &["approver"]));
    let (eve, kim) = (person(&folder, "eve", &["viewer"]), person(&folder, "kim", &["auditor"]));
    assert_eq!(folder.assay(&["evidence", "keygen", "release"]).code, 0);
    let server = Serving::start_with(&folder, &["--team", "--key", "release.pem"]);
    let post = Method::POST;

    let body = json!({"title": "A shorter prompt", "policy": "bot.policy.yaml", "changed": ["prompts/main.md"]});
    assert_eq!(server.by(&eve, post.clone(), "api/v1/releases", body.clone()).await.0, 403);
    let (status, opened) = server.by(&ann, post.clone(), "api/v1/releases", body.clone()).await;
    assert_eq!((status, &opened["opened_by"]), (200, &json!("ann")), "{opened}");
    // What is outside of the project, or the workspace's own, is no policy.
    for policy in ["../bot.policy.yaml", "/etc/passwd", ".assay/assay.db", "bot.policy"] {
        let mut body = body.clone();
        body["policy"] = json!(policy);
        assert_eq!(server.by(&ann, post.clone(), "api/v1/releases", body).await.0, 422, "{policy}");
    }
    let act = async |key: &str, act: &str, body: Value| {
        server.by(key, Method::POST, &format!("api/v1/releases/1/{act}"), body).await
    };
    let head = opened["head"].clone();
    let (status, evaluated) = act(&ann, "evaluate", json!({"seen": head})).await;
    assert_eq!((status, &evaluated["evaluation"]["verdicts"][0]["kind"]), (200, &json!("pass")), "{evaluated}");
    // Who looked at it before the evaluation agrees to nothing.
    let (status, problem) = act(&ben, "approve", json!({"seen": head, "reason": "fine"})).await;
    assert_eq!(status, 409, "{problem}");
    let (status, problem) = act(&ann, "approve", json!({"reason": "mine"})).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().contains("author"), "{problem}");
    let (status, problem) = act(&ann, "ship", json!({"reason": "ready"})).await;
    assert_eq!((status, &problem["blocks"][0]["why"]), (409, &json!("approvals")), "{problem}");
    let head = evaluated["head"].clone();
    let (status, approved) = act(&ben, "approve", json!({"seen": head, "reason": "read the flips"})).await;
    assert_eq!((status, &approved["approvers"]), (200, &json!(["ben"])), "{approved}");
    let (status, shipped) = act(&ben, "ship", json!({"reason": "ready"})).await;
    assert_eq!((status, &shipped["stand"]), (200, &json!("rolling_out")), "{shipped}");
    let by_command: Value = serde_json::from_str(&folder.assay(&["release", "show", "--json"]).out).unwrap();
    let (_, now) = server.by(&eve, Method::GET, "api/v1/releases/1", Value::Null).await;
    assert_eq!(now, by_command, "page and command say the same");
    let memo = server.ask(Method::GET, "api/v1/releases/1/memo").bearer_auth(&eve);
    assert_eq!(memo.send().await.unwrap().status(), 401, "two keys are none");
    let memo =
        server.client.get(format!("{}api/v1/releases/1/memo", server.address)).bearer_auth(&eve).send().await.unwrap();
    assert!(memo.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert!(memo.text().await.unwrap().contains("<h1>A shorter prompt</h1>"));

    let pack = async |key: &str| {
        let asked = server.client.get(format!("{}api/v1/runs/latest/evidence", server.address)).bearer_auth(key);
        asked.send().await.unwrap()
    };
    assert_eq!(pack(&eve).await.status(), 403);
    let mut bytes = pack(&kim).await.bytes().await.unwrap().to_vec();
    folder.write("rc.assay-evidence", bytes.clone());
    let said = folder.assay(&["evidence", "verify", "rc.assay-evidence", "--key", "release.pub.pem"]);
    assert_eq!(said.code, 0, "{said:?}");
    let verify = async |bytes: Vec<u8>| {
        let asked = server.client.post(format!("{}api/v1/evidence/verify", server.address)).bearer_auth(&kim);
        asked.body(bytes).send().await.unwrap().json::<Value>().await.unwrap()
    };
    let found = verify(bytes.clone()).await;
    assert_eq!((&found["verified"], &found["trials"]), (&json!(true), &json!(200)), "{found}");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let found = verify(bytes).await;
    assert!(found["verified"] == false && !found["faults"].as_array().unwrap().is_empty(), "{found}");
    drop(server);
    let log = folder.assay(&["audit", "tail", "--json"]).out;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let recorded = |action: &str, by: &str, outcome: &str| {
        lines.iter().any(|line| line["action"] == action && line["by"] == by && line["outcome"] == outcome)
    };
    assert!(recorded("release approve", "ben", "done") && recorded("release approve", "ann", "failed"), "{log}");
    assert!(recorded("evidence build", "kim", "done") && recorded("release ship", "ben", "done"), "{log}");
}
