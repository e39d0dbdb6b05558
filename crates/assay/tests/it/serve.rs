//! The server as people start it, over runs that the binary made.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::calibration::judged_suite;
use crate::proofs::{fine, value};
use crate::releases;
use crate::support::{Answer, Folder, Said, Server, served};

pub struct Serving {
    pub process: Child,
    pub address: String,
    pub token: String,
    pub client: Client,
}

impl Serving {
    pub fn start(folder: &Folder) -> Self {
        Self::start_with(folder, &[])
    }

    pub fn start_with(folder: &Folder, options: &[&str]) -> Self {
        let mut command = folder.command(&[&["serve", "--port", "0", "--json"], options].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { process, address: text("address"), token: text("token"), client }
    }

    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address)).bearer_auth(&self.token)
    }

    /// Asked with somebody's key: the status and the answer.
    pub async fn by(&self, key: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.address)).bearer_auth(key);
        let response = request.json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    pub async fn get(&self, path: &str) -> Value {
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
pub fn two_targets(folder: &Folder) {
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

    let arrow = server.ask(Method::GET, "api/v1/runs/latest/export?table=trials&format=arrow").send().await.unwrap();
    let arrow = arrow.bytes().await.unwrap();
    // The framing of the format: each message begins so, and the stream ends so.
    assert!(arrow.starts_with(&[0xff; 4]) && arrow.ends_with(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
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
pub fn person(folder: &Folder, name: &str, roles: &[&str]) -> String {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_change_comes_to_its_end_when_whoever_asked_has_gone_and_is_done_once() {
    let folder = releases::workspace();
    let server = Serving::start(&folder);
    let body = json!({"title": "A shorter prompt", "policy": "bot.policy.yaml", "kinds": ["prompt"]});
    let host = server.address.trim_start_matches("http://").trim_end_matches('/');
    let (text, token) = (body.to_string(), &server.token);
    let request = format!(
        "POST /api/v1/releases HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: once\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    );
    for _ in 0..3 {
        let mut socket = std::net::TcpStream::connect(host).unwrap();
        std::io::Write::write_all(&mut socket, request.as_bytes()).unwrap();
        drop(socket);
    }
    let mut status = 0;
    for _ in 0..100 {
        let again = server.ask(Method::POST, "api/v1/releases").header("idempotency-key", "once").json(&body);
        let again = again.send().await.unwrap();
        status = again.status().as_u16();
        if status == 200 {
            assert_eq!(again.json::<Value>().await.unwrap()["release"], 1);
            break;
        }
        assert_eq!(status, 409, "the first is being done");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status, 200);
    assert_eq!(server.get("api/v1/releases").await["items"].as_array().unwrap().len(), 1);
}

/// A port that nobody has.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_provider_vouches_for_people_who_are_known_here() {
    let Ok(python) = std::env::var("ASSAY_TOOLS_PYTHON") else {
        eprintln!("skipped: ASSAY_TOOLS_PYTHON names no Python with oidc-provider-mock");
        return;
    };
    let folder = Folder::new();
    for (name, email) in [("ada", "ada@example.org"), ("bob", "bob@example.org")] {
        assert_eq!(folder.assay(&["user", "add", name, "--role", "engineer", "--email", email]).code, 0);
    }
    assert_eq!(folder.assay(&["user", "disable", "bob"]).code, 0);
    let (idp, own) = (free_port(), free_port());
    let mut provider = std::process::Command::new(python);
    provider.args(["-m", "oidc_provider_mock", "--port", &idp.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let _provider = Killed(provider.spawn().unwrap());
    let (issuer, public) = (format!("http://127.0.0.1:{idp}"), format!("http://127.0.0.1:{own}"));
    let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let metadata = format!("{issuer}/.well-known/openid-configuration");
    for _ in 0..200 {
        if client.get(&metadata).send().await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    for (name, verified) in [("ada", true), ("bob", true), ("eve", true), ("liar", false)] {
        let email = if name == "liar" { "ada@example.org".to_owned() } else { format!("{name}@example.org") };
        let claims = json!({"email": email, "email_verified": verified});
        assert!(client.put(format!("{issuer}/users/{name}")).json(&claims).send().await.unwrap().status().is_success());
    }
    let mut command =
        folder.command(&["serve", "--port", &own.to_string(), "--json", "--team", "--public-url", &public]);
    command.args(["--oidc-issuer", &issuer, "--oidc-client", "assay"]).env("ASSAY_OIDC_SECRET", "s3cret+/%");
    let mut process = Killed(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();

    let cookies = |response: &reqwest::Response| -> Vec<String> {
        let all = response.headers().get_all("set-cookie").into_iter().map(|value| value.to_str().unwrap());
        all.map(|value| value.split(';').next().unwrap().to_owned()).collect()
    };
    let header = |response: &reqwest::Response, name: &str| response.headers()[name].to_str().unwrap().to_owned();
    // From the page to the provider and back, as a browser does it.
    let log_in = async |name: &str| {
        let begun = client.get(format!("{public}/api/v1/session/oidc")).send().await.unwrap();
        assert_eq!(begun.status(), 302);
        let (to, kept) = (header(&begun, "location"), cookies(&begun).remove(0));
        assert!(to.contains("code_challenge_method=S256") && to.contains("nonce="), "{to}");
        let agreed = client.post(&to).header("content-type", "application/x-www-form-urlencoded");
        let agreed = agreed.body(format!("sub={name}")).send().await.unwrap();
        let back = header(&agreed, "location");
        // Somebody else's browser brings the code, without the cookie: they get nothing.
        let stolen = client.get(&back).send().await.unwrap();
        assert!(header(&stolen, "location").starts_with("/#problem="));
        let back = client.get(&back).header("cookie", kept).send().await.unwrap();
        let location = header(&back, "location");
        let session = cookies(&back).into_iter().find(|pair| pair.starts_with(&format!("assay_session_{own}=")));
        (location, session)
    };
    for _ in 0..2 {
        let (to, session) = log_in("ada").await;
        assert_eq!(to, "/");
        let asked = client.get(format!("{public}/api/v1/session")).header("cookie", session.unwrap());
        assert_eq!(asked.send().await.unwrap().json::<Value>().await.unwrap()["user"]["name"], "ada");
    }
    for name in ["bob", "eve", "liar"] {
        let (to, session) = log_in(name).await;
        assert!(to.starts_with("/#problem=") && session.is_none(), "{name}: {to}");
    }
}

#[test]
fn what_is_queued_is_executed_once_even_if_the_server_is_killed_meanwhile() {
    // The model's server has a runtime of its own.
    let model = Server::start(|_, _| Answer::Slow(10));
    let folder = Folder::new();
    served(&folder, &model, 200, "  cache: false");
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(queued(&folder, &model));
}

async fn queued(folder: &Folder, model: &Server) {
    let mut server = Serving::start(folder);
    for suite in ["../assay.yaml", "/etc/passwd", "--help", "none.yaml"] {
        let refused = server.ask(Method::POST, "api/v1/jobs").json(&json!({"suite": suite})).send().await.unwrap();
        assert_eq!(refused.status(), 422, "{suite}");
    }
    for asked in
        [json!({"suite": "assay.yaml", "labels": {"why": "nightly"}}), json!({"suite": "assay.yaml", "limit": 3})]
    {
        let queued = server.ask(Method::POST, "api/v1/jobs").json(&asked).send().await.unwrap();
        assert_eq!(queued.status(), 202);
    }
    assert_eq!(server.ask(Method::DELETE, "api/v1/jobs/1").send().await.unwrap().status(), 409, "it has begun");
    let began = std::time::Instant::now();
    while model.total() < 40 && began.elapsed().as_secs() < 60 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    server = Serving::start(folder);
    let jobs = loop {
        let jobs = server.get("api/v1/jobs").await;
        if jobs["items"].as_array().unwrap().iter().all(|job| job["stand"] == "ended") {
            break jobs;
        }
        assert!(began.elapsed().as_secs() < 120, "{jobs}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    assert_eq!((&jobs["items"][0]["exit"], &jobs["items"][1]["exit"]), (&json!(0), &json!(0)), "{jobs}");
    let run = server.get(&format!("api/v1/runs/{}", jobs["items"][1]["run"].as_str().unwrap())).await;
    assert_eq!((&run["item"]["status"], &run["item"]["labels"]["why"]), (&json!("sealed"), &json!("nightly")));
    assert_eq!(server.get("api/v1/runs").await["items"].as_array().unwrap().len(), 2);
    assert_eq!(model.total(), 203, "no trial twice");
}

/// Somebody who collects what is posted, and says 200.
fn collector() -> (u16, std::sync::Arc<std::sync::Mutex<Vec<u8>>>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let all = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = all.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, kept) = (stream.unwrap(), kept.clone());
            std::thread::spawn(move || {
                let (mut read, mut part) = (Vec::new(), [0_u8; 65_536]);
                while let Ok(n @ 1..) = stream.read(&mut part) {
                    read.extend_from_slice(&part[..n]);
                    let text = String::from_utf8_lossy(&read).to_lowercase();
                    let Some(body) = text.find("\r\n\r\n").map(|at| at + 4) else { continue };
                    let length =
                        text.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()?.parse().ok());
                    if read.len() >= body + length.unwrap_or(0_usize) {
                        kept.lock().unwrap().append(&mut read);
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    }
                }
            });
        }
    });
    (port, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_tells_of_itself_by_spans_and_json_lines() {
    let folder = Folder::new();
    two_targets(&folder);
    let (port, collected) = collector();
    let mut command =
        folder.command(&["serve", "--port", "0", "--json", "--log", "json", "--log-level", "warn,assay=info"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}"));
    let mut process = Killed(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let (address, token) = (said["address"].as_str().unwrap(), said["token"].as_str().unwrap());
    let client = Client::builder().no_proxy().build().unwrap();
    let parent = "4bf92f3577b34da6a3ce929d0e0e4736";
    let asked = client.get(format!("{address}api/v1/runs?search={token}")).bearer_auth(token);
    let asked = asked.header("traceparent", format!("00-{parent}-00f067aa0ba902b7-01")).send().await.unwrap();
    assert_eq!(asked.status(), 200);
    std::process::Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status().unwrap();
    let mut log = String::new();
    std::io::Read::read_to_string(&mut process.0.stderr.take().unwrap(), &mut log).unwrap();
    assert!(process.0.wait().unwrap().success(), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(&log)).collect();
    let line = lines.iter().find(|line| line["route"] == "/api/v1/runs").expect(&log);
    assert_eq!((&line["status"], &line["method"], &line["level"]), (&json!(200), &json!("GET"), &json!("INFO")));
    assert!(!log.contains(token), "what is asked is not logged");
    let spans = collected.lock().unwrap().clone();
    let holds = |what: &[u8]| spans.windows(what.len()).any(|window| window == what);
    assert!(holds(b"POST /v1/traces") && holds(b"GET /api/v1/runs") && holds(b"http.route"));
    let bytes: Vec<u8> = (0..32).step_by(2).map(|at| u8::from_str_radix(&parent[at..at + 2], 16).unwrap()).collect();
    assert!(holds(&bytes), "the caller's trace goes on");
    assert!(!holds(token.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_executed_here_is_recorded_there_once() {
    let (here, there) = (Folder::new(), Folder::new());
    two_targets(&here);
    two_targets(&there);
    let server = Serving::start(&there);
    let remote = |arguments: &[&str]| {
        let mut command = here.command(&["remote", "--server", &server.address]);
        Said::new(command.args(arguments).env("ASSAY_SERVER_KEY", &server.token).output().unwrap())
    };
    let shown =
        |said: &Said| -> Value { serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}")) };
    let id = shown(&here.assay(&["show", "--json"]))["run"]["id"].as_str().unwrap().to_owned();
    // A push that breaks off leaves a run that is not complete, and is begun again.
    let run: Value = server.get("api/v1/runs/latest").await;
    let mut record = shown(&here.assay(&["show", "--json"]))["run"].clone();
    let begun = server.ask(Method::PUT, &format!("api/v1/runs/{id}")).json(&record).send().await.unwrap();
    assert_eq!(begun.status(), 204, "{}", begun.text().await.unwrap());
    let early = json!({"totals": run["item"]["totals"], "ended_us": 1});
    let early = server.ask(Method::POST, &format!("api/v1/runs/{id}/seal")).json(&early).send().await.unwrap();
    assert_eq!(early.status(), 422, "its trials are missing");
    record["seed"] = json!(99);
    let other = server.ask(Method::PUT, &format!("api/v1/runs/{id}")).json(&record).send().await.unwrap();
    assert_eq!(other.status(), 409, "another run with the same id");
    for _ in 0..2 {
        let said = remote(&["push"]);
        assert!(said.code == 0 && said.out.contains("120 trials"), "{said:?}");
    }
    let said = remote(&["query", &format!("SELECT count(*) AS n FROM trials WHERE run_id = '{id}'")]);
    assert_eq!(said.out.trim(), "{\"n\":120}", "{said:?}");
    let (own, theirs) = (shown(&here.assay(&["show", &id, "--json"])), shown(&there.assay(&["show", &id, "--json"])));
    for part in ["run", "summary", "gate", "totals"] {
        assert_eq!(own[part], theirs[part], "{part}");
    }
    assert_eq!(remote(&["runs", "--json"]).out.lines().count(), 2);
    // A row of another run is not taken.
    let rows = server.ask(Method::GET, "api/v1/runs/latest/export?table=trials&format=parquet").send().await.unwrap();
    let rows = rows.bytes().await.unwrap();
    let path = format!("api/v1/runs/{}/rows/trials/9", run["item"]["id"].as_str().unwrap());
    assert_eq!(server.ask(Method::PUT, &path).body(rows).send().await.unwrap().status(), 422);
    let said = remote(&["run", "assay.yaml", "--limit", "5"]);
    assert!(said.code == 0 && said.out.contains("exit code 0"), "{said:?}");
    assert_eq!(remote(&["run", "none.yaml"]).code, 2);
    let mut nobody = here.command(&["remote", "--server", &server.address, "runs"]);
    assert_eq!(nobody.env("ASSAY_SERVER_KEY", "wrong").output().unwrap().status.code(), Some(2));
    let mut nowhere = here.command(&["remote", "--server", "http://127.0.0.1:9", "runs"]);
    assert_eq!(nowhere.env("ASSAY_SERVER_KEY", "x").output().unwrap().status.code(), Some(4));
}

/// What nobody would think of is sent to every endpoint: nothing makes the server fail, and what it answers is what the
/// document says.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_sent_makes_the_server_fail() {
    let Ok(python) = std::env::var("ASSAY_TOOLS_PYTHON") else {
        eprintln!("skipped: ASSAY_TOOLS_PYTHON names no Python with schemathesis");
        return;
    };
    let folder = releases::workspace();
    releases::candidate(&folder, "good");
    let server = Serving::start(&folder);
    let body = json!({"title": "A shorter prompt", "policy": "bot.policy.yaml", "kinds": ["prompt"]});
    let opened = server.ask(Method::POST, "api/v1/releases").json(&body).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    let mut schemathesis = std::process::Command::new(std::path::Path::new(&python).with_file_name("st"));
    schemathesis
        .current_dir(folder.path())
        .args(["run", &format!("{}api/v1/openapi.json", server.address), "--url", &server.address])
        .args(["-H", &format!("Authorization: Bearer {}", server.token)])
        .args(["--checks", "not_a_server_error,content_type_conformance,response_schema_conformance"])
        .args(["--phases", "examples,coverage,fuzzing", "-n", "5", "--seed", "1", "--no-color", "--warnings", "off"])
        // A stream has no end of its own.
        .args(["--exclude-operation-id", "runEvents", "--continue-on-failure"]);
    let said = Said::new(schemathesis.output().unwrap());
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert_eq!(server.ask(Method::GET, "healthz").send().await.unwrap().status(), 200);
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
        (422, "criterion", |body| body["rubric"] = json!("rubric: x\ncriteria: []\n")),
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
