//! Files as versions of datasets: what is told, what is kept, and what a file with a fault leaves.

use std::fs;

use assay_core::Case;
use assay_datasets::Library;
use assay_server::access::Role;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::Server;

const CSV: &str = "nr,question,answer,lang\n1,what is 1+1?,2,en\n2,was ist 2+2?,4,de\n3,what is 3+3?,6,en\n";

struct Desk {
    server: Server,
    engineer: String,
    viewer: String,
}

impl Desk {
    async fn start() -> Self {
        let server = Server::start(true).await;
        let engineer = server.person("ada", &[Role::Engineer], None).await;
        let viewer = server.person("vic", &[Role::Viewer], None).await;
        Self { server, engineer, viewer }
    }

    async fn send(&self, key: &str, dataset: &str, query: &str, body: impl Into<reqwest::Body>) -> Response {
        let path = format!("/api/v1/datasets/{dataset}/import?{query}");
        let request = self.server.ask(Method::POST, &path).bearer_auth(key);
        request.header("content-type", "application/octet-stream").body(body).send().await.unwrap()
    }

    async fn import(&self, dataset: &str, query: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let response = self.send(&self.engineer, dataset, query, body).await;
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.server.ask(Method::GET, path).bearer_auth(&self.engineer).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn library(&self) -> Library {
        Library::new(self.server.folder.path().join(".assay/datasets"))
    }

    fn cases(&self, dataset: &str) -> Vec<Case> {
        let library = self.library();
        let version = library.dataset(dataset).unwrap().version(None).unwrap().version;
        library.cases(version).unwrap().map(Result::unwrap).collect()
    }

    /// Files of the library but its lock.
    fn files(&self) -> Vec<String> {
        let (mut files, mut folders) = (Vec::new(), vec![self.server.folder.path().join(".assay/datasets")]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path if path.ends_with("lock") => {}
                    path => files.push(path.display().to_string()),
                }
            }
        }
        files
    }
}

/// Whether a scratch folder with such a file is left.
fn scratch(name: &str) -> bool {
    let entries = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("assay-import-"))
        .any(|entry| entry.path().join(name).exists())
}

fn refused(answer: &(u16, Value), status: u16, words: &str) {
    let detail = answer.1["detail"].as_str().unwrap_or_default();
    assert!(answer.0 == status && detail.contains(words), "{words}: {answer:?}");
    assert!(!detail.contains("assay-import-") && !detail.contains("/tmp"), "a path of the server: {answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_becomes_the_newest_version_under_the_name_that_it_came_by() {
    let desk = Desk::start().await;
    let query =
        "file=..%2F..%2Fdata%2Fcases.csv&id=nr&input=question&expected=answer&metadata=lang&tag=first&note=from%20ann";
    let (status, made) = desk.import("qa", query, CSV).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["dataset"], &made["number"], &made["cases"], &made["new"], &made["tool"], &made["run"], &made["found"]),
        (&json!("qa"), &json!(1), &json!(3), &json!(true), &Value::Null, &Value::Null, &Value::Null)
    );
    assert!(made["new_bytes"].as_u64().unwrap() > 0 && made["lost"] == json!([]), "{made}");
    let cases = desk.cases("qa");
    assert_eq!((cases[1].id.as_str(), &cases[1].inputs["question"]), ("2", &json!("was ist 2+2?")));
    assert_eq!((&cases[1].expected, &cases[1].metadata["lang"]), (&Some(json!("4")), &json!("de")));
    let view = desk.get("/api/v1/datasets/qa").await;
    let version = &view["versions"][0];
    assert_eq!(
        (&version["by"], &version["note"], &version["tags"]),
        (&json!("ada"), &json!("from ann"), &json!(["first"]))
    );
    assert_eq!(
        (&version["sources"][0]["path"], &version["parameters"]["path"]),
        (&json!("cases.csv"), &json!("cases.csv"))
    );
    assert_eq!(version["digest"], made["version"]);
    let told = view.to_string();
    assert!(!told.contains("assay-import-") && !told.contains("/tmp"), "{told}");

    // The same again is no new version; a part of it is one.
    let (_, again) = desk.import("qa", "file=cases.csv&id=nr&input=question&expected=answer&metadata=lang", CSV).await;
    assert_eq!((&again["new"], &again["number"], &again["new_bytes"]), (&json!(false), &json!(1), &json!(0)));
    let (_, part) = desk.import("qa", "file=x.csv&id=nr&metadata=lang&where=lang+%3D+%27en%27&limit=1", CSV).await;
    assert_eq!((&part["number"], &part["cases"]), (&json!(2), &json!(1)), "{part}");
    // A format that the name does not say.
    let (status, other) = desk.import("lines", "file=cases&format=jsonl", "{\"q\": \"a\"}\n{\"q\": \"b\"}\n").await;
    assert_eq!((status, &other["cases"], &other["named"]), (200, &json!(2), &json!(2)), "{other}");
    // Sent twice with one key it is done once.
    let path = "/api/v1/datasets/once/import?file=a.jsonl";
    for _ in 0..2 {
        let request = desk.server.ask(Method::POST, path).bearer_auth(&desk.engineer).header("idempotency-key", "k1");
        let made: Value = request.body("{\"q\": \"a\"}").send().await.unwrap().json().await.unwrap();
        assert_eq!((&made["new"], &made["number"]), (&json!(true), &json!(1)), "{made}");
    }
    let done: Vec<String> = desk.server.audited().into_iter().filter(|of| of.contains("dataset import")).collect();
    assert!(done.iter().all(|of| of.contains("\"by\":\"ada\"")), "{done:?}");
    let ended: Vec<&String> = done.iter().filter(|of| of.contains("\"outcome\":\"done\"")).collect();
    assert_eq!((done.len(), ended.len()), (10, 5), "{done:?}");
    assert!(ended[0].contains("\"dataset\":\"qa\"") && ended[0].contains("\"after\""), "{}", ended[0]);
    assert!(!scratch("cases.csv"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_fault_leaves_nothing_and_is_told_by_its_own_name() {
    let desk = Desk::start().await;
    let many: String = (0..5_000).map(|i| format!("{{\"id\": {i}, \"q\": \"question {i}\"}}\n")).collect();
    let name = format!("faulty-{}", std::process::id());
    let as_file = |ending: &str, more: &str| format!("file=%2Fsrv%2Fsecret%2F{name}.{ending}{more}");
    let told = |ending: &str, rest: &str| format!("{name}.{ending}{rest}");
    let mut bytes = CSV.as_bytes().to_vec();
    bytes.extend(b"4,\xff\xfe,8,en\n");
    let cases: Vec<(String, Vec<u8>, u16, String)> = vec![
        (as_file("csv", "&expected=wrong"), CSV.into(), 422, told("csv", ":2")),
        (as_file("csv", ""), [CSV, "4,one cell too many,8,en,x\n"].concat().into(), 422, told("csv", ":5: 5 cells")),
        (as_file("csv", ""), bytes, 422, told("csv", ":5: not UTF-8")),
        (as_file("csv", ""), b"nr,question\n".to_vec(), 422, "no cases".into()),
        (as_file("csv", ""), Vec::new(), 422, "no cases".into()),
        (as_file("csv", "&id=lang"), CSV.into(), 422, format!("stands here and at {}", told("csv", ":2"))),
        (as_file("jsonl", ""), [many.as_bytes(), b"{"].concat(), 422, told("jsonl", ":5001: broken JSON")),
        (as_file("jsonl", ""), [many.as_bytes(), &vec![b' '; 65 << 20]].concat(), 422, "longer than 64 MiB".into()),
        (as_file("bin", ""), vec![0, 1, 2], 422, "the format cannot be told".into()),
        (as_file("xlsx", ""), vec![b'P', b'K', 3, 4, 0], 422, told("xlsx", ": not a readable workbook")),
        (as_file("parquet", ""), b"PAR1 and nothing PAR1".to_vec(), 422, told("parquet", ": ")),
        (as_file("arrow", ""), vec![255; 64], 422, told("arrow", ": ")),
        (as_file("yaml", ""), vec![b'#'; (16 << 20) + 1], 413, "read whole: save it as JSON lines".into()),
        (as_file("json", ""), vec![b' '; (16 << 20) + 1], 413, "read whole: save it as JSON lines".into()),
        (as_file("csv", "&where=lang+%3D"), CSV.into(), 422, "query".into()),
        (as_file("csv", "&format=word"), CSV.into(), 422, "`word` is no format".into()),
        (as_file("csv", "&redact=policy.yaml"), CSV.into(), 422, "query".into()),
        (as_file("csv", "&tag=3"), CSV.into(), 422, "cannot be a tag".into()),
        (as_file("csv", "&colour=red"), CSV.into(), 422, "colour".into()),
        (as_file("csv", "&tool=promptfo"), CSV.into(), 422, "did you mean `promptfoo`".into()),
        (as_file("csv", "&tool=auto&id=nr"), CSV.into(), 422, "are for tables".into()),
        (as_file("csv", "&tool=auto"), CSV.into(), 422, "no importer knows this content".into()),
        (
            as_file("yaml", "&tool=promptfoo"),
            b"prompts: [file://../../etc/passwd]\ntests: []\n".to_vec(),
            422,
            told("yaml", ":"),
        ),
        ("file=..".into(), CSV.into(), 422, "such as cases.csv".into()),
        (String::new(), CSV.into(), 422, "file".into()),
    ];
    for (query, body, status, words) in cases {
        let answer = desk.import("bad", &query, body).await;
        refused(&answer, status, &words);
        assert_eq!(desk.files(), Vec::<String>::new(), "{query}");
    }
    refused(&desk.import("..%2Fbad", "file=a.csv", CSV).await, 422, "cannot be the name of a dataset");
    refused(&desk.import("qa.quarantine", "file=a.csv", CSV).await, 422, "taken over");
    for ending in ["csv", "jsonl", "yaml", "xlsx"] {
        assert!(!scratch(&told(ending, "")), "{ending}");
    }
    assert_eq!(desk.get("/api/v1/datasets").await["items"], json!([]));
    let failed = desk.server.audited().iter().filter(|of| of.contains("\"outcome\":\"failed\"")).count();
    // What is no request is refused before anything begins.
    assert_eq!(failed, 23);
    // Who only looks changes nothing, whatever they send.
    let response = desk.send(&desk.viewer, "qa", "file=cases.csv", CSV).await;
    assert_eq!(response.status(), 403);
    assert_eq!(desk.files(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_wrote_becomes_a_run_that_knows_no_path_of_the_server() {
    let desk = Desk::start().await;
    let samples: String = (0..4)
        .map(|i| {
            let line = json!({"doc_id": i, "doc": {"q": format!("<script>alert({i})</script>")}, "target": "2",
                "arguments": {"gen_args_0": {"arg_0": "p", "arg_1": " 2"}}, "resps": [["x"]], "filtered_resps": ["x"],
                "filter": "none", "metrics": ["acc"], "acc": f64::from(i % 2)});
            format!("{line}\n")
        })
        .collect();
    let file = "file=samples_%3Cscript%3Ex.jsonl";
    let (status, cases) = desk.import("lm", &format!("{file}&tool=auto&cases_only=true"), samples.clone()).await;
    assert_eq!((status, &cases["run"], &cases["answers"]), (200, &Value::Null, &json!(0)), "{cases}");
    let (status, made) = desk.import("lm", &format!("{file}&tool=lm-eval"), samples).await;
    assert_eq!(
        (status, &made["cases"], &made["answers"], &made["left_out"]),
        (200, &json!(4), &json!(4), &json!(0)),
        "{made}"
    );
    assert!(made["tool"].as_str().unwrap().starts_with("lm-eval") && made["new"] == json!(false), "{made}");
    let run = desk.get(&format!("/api/v1/runs/{}", made["run"].as_str().unwrap())).await;
    assert_eq!(
        (&run["item"]["imported"], &run["item"]["suite"], &run["item"]["status"]),
        (&json!(true), &json!("lm"), &json!("sealed"))
    );
    assert_eq!(run["record"]["suite_path"], "samples_<script>x.jsonl");
    let told = run.to_string();
    assert!(!told.contains("assay-import-") && !told.contains("/tmp"), "{told}");
    assert_eq!(desk.get("/api/v1/runs").await["items"].as_array().unwrap().len(), 1);
    // The run is a baseline by name, in lists too.
    let body = json!({"run": made["run"]});
    let set = desk.server.ask(Method::PUT, "/api/v1/baselines/lm/main").bearer_auth(&desk.engineer).json(&body);
    assert_eq!(set.send().await.unwrap().status(), 204);
    let listed = desk.get("/api/v1/runs").await;
    assert_eq!(listed["items"][0]["baselines"], json!(["main"]));
    assert_eq!(desk.get("/api/v1/overview").await["suites"][0]["confidence"], json!(0.95));
    let audited = desk.server.audited();
    assert!(audited.iter().any(|of| of.contains("dataset import") && of.contains(made["run"].as_str().unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_taken_out_before_it_reaches_the_library() {
    let desk = Desk::start().await;
    let csv = "id,question\n1,write to ann.lee@example.com today\n2,call nobody\n";
    let (status, made) = desk.import("qa", "file=c.csv&id=id&redact=default", csv).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["found"], json!({"EMAIL": 1}));
    let text = serde_json::to_string(&desk.cases("qa")).unwrap();
    assert!(!text.contains("ann.lee") && text.contains("call nobody"), "{text}");
    let (_, none) = desk.import("other", "file=c.csv&id=id&redact=default", "id,q\n1,nothing\n").await;
    assert_eq!(none["found"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_to_the_library_is_waited_for_and_not_for_ever() {
    let desk = Desk::start().await;
    let library = desk.library();
    let held = library.hold().unwrap();
    let response = desk.send(&desk.engineer, "qa", "file=cases.csv", CSV).await;
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    drop(held);
    assert_eq!(desk.import("qa", "file=cases.csv", CSV).await.0, 200);
}
