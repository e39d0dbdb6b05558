//! Who is told of what happens: real receivers, a process that dies while it tells, a real MLflow server.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use assay_store::outbox::Outcome;
use assay_store::{Outbox, Workspace};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::Value;

use crate::support::{Folder, Said};

/// Keeps what it gets: the id and the event; answers after a while.
struct Inbox {
    url: String,
    got: Arc<Mutex<Vec<(String, Value)>>>,
    wait: Arc<Mutex<Duration>>,
    _runtime: tokio::runtime::Runtime,
}

type Shared = (Arc<Mutex<Vec<(String, Value)>>>, Arc<Mutex<Duration>>);

impl Inbox {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (got, wait) = (Arc::default(), Arc::default());
        let shared: Shared = (Arc::clone(&got), Arc::clone(&wait));
        let app = Router::new().fallback(take).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, got, wait, _runtime: runtime }
    }

    fn kinds(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(_, event)| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

async fn take(State((got, wait)): State<Shared>, headers: HeaderMap, body: Bytes) {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    got.lock().unwrap().push((id, serde_json::from_slice(&body).unwrap()));
    let wait = *wait.lock().unwrap();
    tokio::time::sleep(wait).await;
}

/// A suite of recorded answers with a gate, a policy, and an endpoint that is told of everything.
fn workspace(url: &str) -> Folder {
    let folder = Folder::new();
    let cases: String = (0..60)
        .map(|i| {
            format!(
                "{{\"id\": \"c{i}\", \"q\": \"q{i}\", \"expected\": \"zebra\", \"outputs\": {{\"v1\": \"zebra\"}}}}\n"
            )
        })
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write(
        "assay.yaml",
        "suite: bot\ndataset: cases.jsonl\ntarget: {name: bot, recorded: v1}\nscorers: [equals]\ngate: {rules: [{scorer: equals, min: 0.5}]}\n",
    );
    folder.write("bot.policy.yaml", "policy: bot\nrequire: [{suite: bot, rules: [{scorer: equals, min: 0.5}]}]\n");
    folder.write("key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    folder.write(
        "notify.yaml",
        format!("endpoints:\n  - name: hook\n    kind: webhook\n    url: {url}/in\n    secret: {{file: key}}\n    events: [\"*\"]\n"),
    );
    folder
}

fn by(folder: &Folder, who: &str, arguments: &[&str]) -> Said {
    Said::new(folder.command(arguments).env("ASSAY_USER", who).output().unwrap())
}

/// A release from proposal to rollback; each step must end with 0.
fn released(folder: &Folder) {
    for (who, arguments) in [
        ("ann", &["run", "--quiet"][..]),
        ("ann", &["release", "open", "A shorter prompt", "--policy", "bot.policy.yaml", "--kind", "prompt"]),
        ("ci", &["release", "evaluate"]),
        ("ben", &["release", "approve", "--reason", "read it"]),
        ("ann", &["release", "ship", "--reason", "ready"]),
    ] {
        let said = by(folder, who, arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
    }
}

const ALL: [&str; 6] = [
    "assay.run.sealed",
    "assay.run.verdict",
    "assay.release.opened",
    "assay.release.evaluated",
    "assay.release.approved",
    "assay.release.shipped",
];

#[test]
fn whoever_is_named_is_told_at_the_end_of_each_command() {
    let inbox = Inbox::start();
    let folder = workspace(&inbox.url);
    released(&folder);
    assert_eq!(inbox.kinds(), ALL);
    let got = inbox.got.lock().unwrap().clone();
    for (id, event) in &got {
        assert_eq!(*id, event["id"]);
        assert!(!event.to_string().contains("zebra"), "no answer of a model: {event}");
        assert_eq!(event["data"]["suites"], serde_json::json!(["bot"]), "{event}");
    }
    assert_eq!(got[5].1["data"]["complete"], true);
    assert_eq!(got[3].1["data"]["rules"][0]["verdict"], "pass");
    let listed = folder.assay(&["notify", "list"]);
    assert!(listed.code == 0 && listed.out.contains("open"), "{listed:?}");
    // Once more, by its id.
    let said = folder.assay(&["notify", "retry", &got[5].0[24..]]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = folder.assay(&["notify", "deliver"]);
    assert!(said.code == 0 && said.out.contains("hook: 1 sent"), "{said:?}");
    assert_eq!(inbox.got.lock().unwrap()[6].0, got[5].0);
    let audit = folder.assay(&["audit", "tail"]).out;
    assert!(audit.contains("notify retry") && audit.contains("notify deliver"), "{audit}");
    let said = folder.assay(&["notify", "test", "hook"]);
    assert!(said.code == 0 && inbox.kinds()[7] == "assay.notify.test", "{said:?}");
    let said = folder.assay(&["notify", "test", "nobody"]);
    assert!(said.code == 2 && said.err.contains("there are: hook"), "{said:?}");
    assert_eq!(folder.assay(&["notify", "retry", "ffff0000"]).code, 2);
}

#[test]
fn an_endpoint_that_is_down_or_a_broken_file_changes_no_exit_code_and_loses_nothing() {
    let inbox = Inbox::start();
    let folder = workspace("http://127.0.0.1:9");
    let said = by(&folder, "ann", &["run", "--quiet"]);
    assert!(said.code == 0 && said.err.contains("warning: hook was not told"), "{said:?}");
    let text = std::fs::read_to_string(folder.path().join("notify.yaml")).unwrap();
    folder.write("notify.yaml", text.replace("kind: webhook", "kind: pigeon"));
    let said = by(&folder, "ann", &["baseline", "set", "main", "latest"]);
    assert!(said.code == 0 && said.err.contains("notify.yaml:3:5"), "{said:?}");
    let said = folder.assay(&["validate", "notify.yaml"]);
    assert!(said.code == 2 && said.err.contains("unknown value `pigeon`"), "{said:?}");
    let said = by(&folder, "ann", &["--no-notify", "baseline", "set", "old", "latest"]);
    assert!(said.code == 0 && said.err.is_empty(), "{said:?}");
    folder.write("notify.yaml", text.replace("http://127.0.0.1:9", &inbox.url));
    assert_eq!(folder.assay(&["validate", "notify.yaml"]).code, 0);
    // It pauses after the outage; whoever does not want to wait says so.
    assert_eq!(folder.assay(&["notify", "enable", "hook"]).code, 0);
    let said = folder.assay(&["notify", "retry", "--dead"]);
    assert_eq!(said.code, 5, "{said:?}");
    let deadline = Instant::now() + Duration::from_secs(20);
    while inbox.kinds().len() < 4 && Instant::now() < deadline {
        folder.assay(&["notify", "deliver"]);
        std::thread::sleep(Duration::from_millis(300));
    }
    let mut kinds = inbox.kinds();
    kinds.sort();
    assert_eq!(kinds, ["assay.baseline.set", "assay.baseline.set", "assay.run.sealed", "assay.run.verdict"]);
}

/// The receiver has it, the sender dies before it can write that down: it is sent again, under the same id.
#[test]
fn killed_between_sending_and_recording_it_is_sent_again_with_the_same_id() {
    let inbox = Inbox::start();
    let folder = workspace(&inbox.url);
    assert_eq!(by(&folder, "ann", &["--no-notify", "run", "--quiet"]).code, 0);
    *inbox.wait.lock().unwrap() = Duration::from_secs(30);
    let mut child = folder.start(&["notify", "deliver"]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while inbox.kinds().is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(inbox.kinds(), ["assay.run.sealed"]);
    *inbox.wait.lock().unwrap() = Duration::ZERO;
    // While its lease lasts nobody else sends it.
    assert_eq!(folder.assay(&["notify", "deliver"]).code, 0);
    assert_eq!(inbox.kinds().len(), 1);
    // A lease ends after 90 seconds: looked at from there, it can be taken.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let outbox = Outbox::open(&Workspace::open(folder.path().join(".assay")).unwrap()).await.unwrap();
        let later = assay_engine::execute::now_us() + 91_000_000;
        let claimed = outbox.claim("hook", "", later, later + 1).await.unwrap().expect("its lease has ended");
        assert!(outbox.record(&claimed, &Outcome::Again(0), "").await.unwrap());
    });
    assert_eq!(folder.assay(&["notify", "deliver"]).code, 0);
    let got = inbox.got.lock().unwrap().clone();
    assert_eq!(inbox.kinds(), ["assay.run.sealed", "assay.run.sealed", "assay.run.verdict"]);
    assert_eq!(got[0], got[1], "the same event under the same id");
}

/// MLflow's own server, of which only the process that was started is ended.
struct Mlflow {
    child: Child,
    url: String,
    python: PathBuf,
    folder: tempfile::TempDir,
}

impl Mlflow {
    /// Starts it; nothing, with the reason, where it is not installed.
    fn start() -> Option<Self> {
        let Some(python) = std::env::var_os("ASSAY_TOOLS_PYTHON").map(PathBuf::from) else {
            println!("skipped: ASSAY_TOOLS_PYTHON is not set (see tests/oracle/README.md)");
            return None;
        };
        let there = Command::new(&python).args(["-c", "import mlflow, flask, sqlalchemy, uvicorn"]).output().unwrap();
        if !there.status.success() {
            println!("skipped: the server of mlflow is not installed (tests/oracle/requirements-tools.txt)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(&python)
            .args(["-m", "mlflow", "server", "--backend-store-uri", "sqlite:///mlflow.db", "--workers", "1"])
            .args(["--artifacts-destination", "./artifacts", "--host", "127.0.0.1", "--port", &port.to_string()])
            .current_dir(folder.path())
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            // It starts others: they end with it.
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, url: format!("http://127.0.0.1:{port}"), python, folder };
        let client = tokio::runtime::Runtime::new().unwrap();
        let deadline = Instant::now() + Duration::from_secs(150);
        while Instant::now() < deadline {
            let health = format!("{}/health", server.url);
            if client.block_on(async { reqwest::get(health).await.is_ok_and(|answer| answer.status().is_success()) }) {
                return Some(server);
            }
            assert!(server.child.try_wait().unwrap().is_none(), "the server of mlflow ended by itself");
            std::thread::sleep(Duration::from_millis(300));
        }
        panic!("the server of mlflow does not answer");
    }

    /// Asks MLflow's own client.
    fn client(&self, script: &str) -> String {
        let output = Command::new(&self.python)
            .args([
                "-W",
                "ignore",
                "-c",
                &format!("import mlflow\nfrom mlflow import MlflowClient\nc = MlflowClient()\n{script}"),
            ])
            .current_dir(self.folder.path())
            .env("MLFLOW_TRACKING_URI", &self.url)
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .output()
            .unwrap();
        let said = Said::new(output);
        assert_eq!(said.code, 0, "{said:?}");
        said.out
    }
}

impl Drop for Mlflow {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn a_release_stands_in_mlflow_as_its_own_client_sees_it() {
    let Some(mlflow) = Mlflow::start() else { return };
    mlflow.client(
        "c.create_registered_model('bot')\n\
         r = c.create_run(c.create_experiment('training'))\n\
         for _ in range(2): c.create_model_version('bot', r.info.artifact_uri + '/model', run_id=r.info.run_id)\n\
         c.set_registered_model_alias('bot', 'champion', '1')\n\
         c.set_registered_model_alias('bot', 'candidate', '2')",
    );
    let folder = workspace("http://127.0.0.1:9");
    folder.write(
        "notify.yaml",
        format!("endpoints:\n  - {{name: registry, kind: mlflow, url: \"{}\", events: [\"release.*\"], mlflow: {{model: bot}}}}\n", mlflow.url),
    );
    let said = folder.assay(&["notify", "test", "registry"]);
    assert_eq!(said.code, 0, "{said:?}");
    released(&folder);
    let check = "v = c.get_model_version('bot', '2')\n\
         t = v.tags\n\
         assert (t['assay.gate'], t['assay.status'], t['assay.release'], t['assay.risk']) == ('pass', 'shipped', '1', 'medium'), t\n\
         assert t['assay.approved_by'] == 'ben' and len(t['assay.run_id']) == 36, t\n\
         assert c.get_model_version_by_alias('bot', 'champion').version == '2'\n\
         e = c.get_experiment_by_name('assay').experiment_id\n\
         runs = c.search_runs([e])\n\
         assert len(runs) == 1 and runs[0].info.status == 'FINISHED', runs\n\
         assert runs[0].data.metrics['assay.bot_1'] == 1.0, runs[0].data.metrics\n\
         assert [a.path for a in c.list_artifacts(runs[0].info.run_id, 'assay')] == ['assay/memo.md']\n\
         text = open(c.download_artifacts(runs[0].info.run_id, 'assay/memo.md')).read()\n\
         assert 'A shorter prompt' in text, text\n\
         traces = mlflow.search_traces(locations=[e], return_type='list', include_spans=False)\n\
         assert len(traces) == 1, traces\n\
         [a] = traces[0].info.assessments\n\
         assert (a.name, a.feedback.value, a.source.source_type) == ('bot#1', 'pass', 'CODE'), a\n";
    mlflow.client(check);
    // What is sent again changes nothing.
    for event in folder.assay(&["notify", "log", "--json"]).out.lines() {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!(event["state"], "sent", "{event}");
        if event["event"]["kind"] == "release.evaluated" {
            let id = event["event"]["id"].as_str().unwrap();
            assert_eq!(folder.assay(&["notify", "retry", id]).code, 0);
            let said = folder.assay(&["notify", "deliver"]);
            assert!(said.code == 0 && said.out.contains("1 sent"), "{said:?}");
        }
    }
    mlflow.client(&check.replace("'shipped'", "'evaluated'"));
    // Taken back, the alias is where it was.
    assert_eq!(by(&folder, "ann", &["release", "rollback", "--reason", "complaints"]).code, 0);
    mlflow.client(
        "assert c.get_model_version_by_alias('bot', 'champion').version == '1'\n\
         assert c.get_model_version('bot', '2').tags['assay.status'] == 'rolled_back'",
    );
}
