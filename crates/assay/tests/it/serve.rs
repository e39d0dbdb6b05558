//! The server as people start it, over runs that the binary made.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::calibration::judged_suite;
use crate::proofs::{fine, value};
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

/// What the page shows of a judge is what the commands say of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_judge_is_told_with_its_certificate_its_checks_and_what_it_lacks() {
    let folder = judged_suite(300, 120, 0.0);
    fine(folder.assay(&["run", "--quiet"]));
    let server = Serving::start(&folder);
    let before = &server.get("api/v1/judges").await[0];
    assert_eq!((&before["judge"], &before["grade"], &before["standing"]), (&json!("good"), &json!("U"), &Value::Null));
    let view = server.get("api/v1/judges/good").await;
    assert_eq!((&view["certificate"], &view["needed"]["more"]), (&Value::Null, &json!(50)), "{view}");

    let more = ["judge", "calibrate", "good", "--labels", "labels.jsonl", "--canaries", "40"];
    fine(folder.assay(&more));
    folder.assay(&["judge", "check", "good", "--json"]);
    let said = value(&fine(folder.assay(&["judge", "report", "good", "--json"])));
    let list = server.get("api/v1/judges").await;
    let item = &list[0];
    assert_eq!(list.as_array().unwrap().len(), 1);
    for (shown, by_command) in [
        (&item["grade"], &said["standing"]["grade"]),
        (&item["standing"]["missing"], &said["standing"]["missing"]),
        (&item["labels"], &said["certificate"]["labels"]),
        (&item["calibrated_us"], &said["certificate"]["made_us"]),
        (&item["criterion"], &said["certificate"]["criterion"]),
        (&item["drifted"], &json!(false)),
        (&item["checks"], &json!(1)),
        (&item["current"], &json!(true)),
    ] {
        assert_eq!(shown, by_command, "{item}");
    }
    let id = item["id"].as_str().unwrap();
    let view = server.get(&format!("api/v1/judges/{}", &id[..12])).await;
    assert_eq!(view["certificate"]["figures"], said["certificate"]["figures"]);
    assert_eq!(view["certificate"]["confusion"], said["certificate"]["confusion"]);
    // The cases behind frozen verdicts may be of a sealed part.
    assert_eq!((&view["frozen"], &view["certificate"]["canaries"]), (&json!(40), &json!([])));
    let check = &view["checks"][0];
    assert_eq!((&check["asked"], &check["differ"]), (&said["standing"]["checked"][0], &said["standing"]["checked"][1]));
    // Each of 240 answers has the words of three people.
    assert_eq!((&view["needed"]["stored"], &view["needed"]["more"]), (&json!(720), &json!(50)));
    let probed = server.get("api/v1/judges/good/probes?family=cand").await;
    let by_command = value(&fine(folder.assay(&["judge", "probe", "good", "--family", "cand", "--json"])));
    assert_eq!(probed, by_command);
    assert!(probed["probes"].as_array().unwrap().iter().any(|found| found["probe"] == "length"), "{probed}");

    for (path, status) in [("judges/none", 404), ("judges/good/probes?confidence=2", 422), ("judges/good?x=1", 422)] {
        let asked = server.ask(Method::GET, &format!("api/v1/{path}")).send().await.unwrap();
        assert_eq!(asked.status(), status, "{path}");
    }
}

/// A project made over the API is the one that the command makes, and is rated over either.
#[tokio::test(flavor = "multi_thread")]
async fn a_review_project_is_made_of_a_run_and_rated() {
    let folder = Folder::new();
    two_targets(&folder);
    let rubric = "rubric: words\ncriteria:\n  - {name: correct, kind: yes_no}\n";
    folder.write("words.rubric.yaml", rubric);
    folder.write("gold.jsonl", "{\"case\": \"c01\", \"correct\": true}\n{\"case\": \"c03\", \"correct\": false}\n");
    let more = [
        "--rubric",
        "words.rubric.yaml",
        "--run",
        "latest:new",
        "--count",
        "20",
        "--seed",
        "7",
        "--gold",
        "gold.jsonl",
    ];
    let said = value(&fine(folder.assay(&[&["review", "create", "by-command", "--json"][..], &more].concat())));
    let server = Serving::start(&folder);
    let make = async |change: fn(&mut Value)| {
        let mut body = json!({"name": "by-page", "rubric": rubric, "run": "latest:new", "count": 20, "seed": 7,
                              "gold": [{"case": "c01", "correct": true}, {"case": "c03", "correct": "no"}]});
        change(&mut body);
        let asked = server.ask(Method::POST, "api/v1/review/projects").json(&body).send().await.unwrap();
        let status = asked.status().as_u16();
        let answer: Value = asked.json().await.unwrap();
        (status, answer)
    };
    for (status, says, change) in [
        (422, "no project", (|body| body["name"] = json!("a b")) as fn(&mut Value)),
        (422, "criteria", |body| body["rubric"] = json!("rubric: x\ncriteria: []\n")),
        (404, "none", |body| body["run"] = json!("none")),
        (422, "gold[0]: there is no answer", |body| body["gold"] = json!([{"case": "c99", "correct": true}])),
        (422, "above 0", |body| body["pay"] = json!({"item": -5})),
        (422, "metadata key", |body| body["stratify"] = json!("colour")),
        (422, "unknown field", |body| body["by"] = json!("somebody")),
    ] {
        let (got, problem) = make(change).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(got == status && (detail.contains(says) || says == "no project"), "{says}: {got} {problem}");
    }
    let (status, made) = make(|_| ()).await;
    assert_eq!((status, &made["gold"]), (200, &json!(2)), "{made}");
    assert_eq!(made["project"]["settings"], said["project"]["settings"], "the same draw, whoever asks");
    assert_eq!(made["progress"], said["progress"]);
    assert_eq!(make(|_| ()).await.0, 422, "the name is taken");

    // The same items in both, and what is rated on the page is in the command's report.
    let post = async |path: &str, body: Value| -> Value {
        let asked = server.ask(Method::POST, &format!("api/v1/review/projects/by-page/{path}"));
        let asked = if body.is_null() { asked } else { asked.json(&body) };
        let response = asked.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    };
    post("join", Value::Null).await;
    let mut rated = 0;
    loop {
        let next = post("next", Value::Null).await;
        if next["next"] != "item" {
            break;
        }
        let task = &next["task"];
        let right = task["content"]["output"] == "zebra";
        post("ratings", json!({"lease": task["lease"], "answers": {"correct": right}, "ms": 900})).await;
        rated += 1;
    }
    assert!((20..=22).contains(&rated), "{rated}");
    let report = value(&fine(folder.assay(&["review", "report", "by-page", "--json"])));
    assert_eq!(
        (&report["work"]["rated"], &report["raters"][0]["gold"]["misses"]),
        (&json!(rated), &json!(0)),
        "{report}"
    );
    let shown = server.get("api/v1/review/projects/by-page/report").await;
    assert_eq!(shown, report, "the page shows what the command says");
    fine(folder.assay(&["audit", "verify"]));
}
