//! How fast the server's pages are over a large run, as ratios within one run of this benchmark, and whether it holds many.
//!
//! | command, after `cargo bench -p assay --bench server --` | measures |
//! |---|---|
//! | `[TRIALS]` | p50 and p95 of what the run, compare and case pages ask, over two runs of so many trials (1,000,000); memory |
//! | `load [TRIALS] [SECONDS]` | 200 readers and 20 raters at once, over two runs of so many trials: errors, latencies, memory, ratings |
//!
//! The server is the real one, in a process of its own; the client shares the machine with it. The floor of a request is a
//! bare server of this benchmark that answers with as many bytes, asked by the same client in the same way. What is asked
//! first is asked of a server that was just started, so that nothing is at hand but the system's cache of files.
//!
//! `--profile dev` is quick to build; most dependencies are not optimised then.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::extract::Path as Part;
use axum::{Router, routing::get};
use reqwest::Client;
use serde_json::{Value, json};

/// How often a page is asked for.
const TIMES: usize = 30;
/// How often a server is started to ask for what nothing is at hand for.
const STARTS: usize = 5;
/// Readers at once.
const READERS: usize = 200;
/// Raters at once.
const RATERS: usize = 20;
/// People that the readers are: one person is let in no more often than 500 times a second.
const PEOPLE: usize = 20;

fn assay(folder: &Path, arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_assay")).args(arguments).current_dir(folder).output().unwrap();
    assert!(done.status.code() < Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A workspace with two runs of a suite; the first is the baseline. Answers are as long as short ones are, one in ten is wrong.
fn workspace(trials: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.path().join("cases.jsonl")).unwrap());
    for i in 0..trials {
        let right = format!("The answer to question {i} is {}, as the third paragraph of page {} says.", i * 7, i % 90);
        let wrong = format!("The answer to question {i} is not in the document that was given with it.");
        let said = |wrong_here: bool| if wrong_here { wrong.clone() } else { right.clone() };
        let row = json!({
            "id": format!("c{i}"), "question": format!("What does the document say of {i}?"), "expected": right,
            "outputs": {"old": said(i % 10 == 3), "new": said(i % 11 == 5)}, "metadata": {"topic": format!("t{}", i % 8)},
        });
        writeln!(file, "{row}").unwrap();
    }
    file.flush().unwrap();
    for answers in ["old", "new"] {
        let suite = format!(
            "suite: pages\ndataset: cases.jsonl\ntarget: {{name: bot, recorded: {answers}}}\nscorers: [equals]\nslices: [topic]\n\
             gate: {{rules: [{{scorer: equals, min: 0.8}}, {{scorer: equals, margin: 0.05}}]}}\n"
        );
        std::fs::write(folder.path().join("assay.yaml"), suite).unwrap();
        let began = Instant::now();
        assay(folder.path(), &["run", "--quiet"]);
        println!("a run of {trials} trials took {:.1} s", began.elapsed().as_secs_f64());
        if answers == "old" {
            assay(folder.path(), &["baseline", "set", "main", "latest"]);
        }
    }
    folder
}

struct Server {
    process: Child,
    address: String,
    token: String,
}

impl Server {
    fn start(folder: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command.args([&["serve", "--port", "0", "--json"], options].concat()).current_dir(folder);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        Self { process, address: text("address"), token: text("token") }
    }

    /// The most memory that was resident, in MiB.
    fn most(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The time of a request with its whole answer, and how many bytes that has.
async fn ask(client: &Client, address: &str, path: &str, key: &str) -> Result<(Duration, usize), String> {
    let began = Instant::now();
    let answer =
        client.get(format!("{address}{path}")).bearer_auth(key).send().await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    match status.is_success() {
        true => Ok((began.elapsed(), bytes.len())),
        false => Err(format!("{status} {path}: {}", String::from_utf8_lossy(&bytes))),
    }
}

/// A part of the times, in milliseconds.
fn quantile(times: &mut [Duration], part: f64) -> f64 {
    times.sort_unstable();
    let at = (part * (times.len() - 1) as f64).round() as usize;
    times[at].as_secs_f64() * 1e3
}

/// The bare server: `/N` answers with N bytes.
async fn bare() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let app = Router::new().route("/{bytes}", get(|Part(bytes): Part<usize>| async move { vec![b' '; bytes] }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// What pages ask, in words and as a path, over the runs `new` and `old`; what is about a place in a run is about `at`.
fn pages(at: usize, new: &str, old: &str) -> Vec<(&'static str, String)> {
    let run = format!("api/v1/runs/{new}");
    // As the server writes it: the place in the order, and the number.
    let cursor = data_encoding::BASE64URL_NOPAD.encode(format!("[{at},{at}]").as_bytes());
    let pair = format!("candidate={new}&baseline={old}");
    vec![
        ("run", run.clone()),
        ("summary", format!("{run}/summary")),
        ("trials, first page", format!("{run}/trials?limit=50")),
        ("trials, a page in the middle", format!("{run}/trials?limit=50&cursor={cursor}")),
        ("trials that scored badly", format!("{run}/trials?limit=50&scorer=equals&max=0.5")),
        ("trials of a topic", format!("{run}/trials?limit=50&tag=topic%3Dt3")),
        ("trials by score", format!("{run}/trials?limit=50&sort=score:equals&order=desc")),
        ("trials by latency", format!("{run}/trials?limit=50&sort=latency&order=desc")),
        ("search for one case", format!("{run}/trials?limit=50&search=c{at}")),
        ("search in answers", format!("{run}/trials?limit=50&search=not%20in%20the%20document")),
        ("distribution", format!("{run}/distribution?scorer=equals&bins=30")),
        ("compare", format!("api/v1/compare?{pair}")),
        ("cases that got worse", format!("api/v1/compare/cases?{pair}&scorer=equals&change=worse&limit=50")),
        ("case", format!("{run}/cases/c{at}")),
        ("overview", "api/v1/overview".to_owned()),
        ("runs", "api/v1/runs".to_owned()),
    ]
}

/// The ids of the newest two runs.
fn runs(folder: &Path) -> (String, String) {
    let said =
        assay(folder, &["query", "SELECT run_id FROM runs ORDER BY started_us DESC LIMIT 2", "--format", "jsonl"]);
    let mut ids =
        said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["run_id"].as_str().unwrap().to_owned());
    (ids.next().unwrap(), ids.next().unwrap())
}

async fn speed(trials: usize) {
    let folder = workspace(trials);
    let (new, old) = runs(folder.path());
    let (client, floor) = (Client::builder().no_proxy().build().unwrap(), bare().await);
    let asked = pages(trials / 2, &new, &old);
    let mut most = 0.0f64;
    let mut started: Vec<Vec<Duration>> = vec![Vec::new(); asked.len()];
    for _ in 0..STARTS {
        for (at, (_, path)) in asked.iter().enumerate().filter(|(_, (what, _))| ["summary", "compare"].contains(what)) {
            let server = Server::start(folder.path(), &[]);
            started[at].push(ask(&client, &server.address, path, &server.token).await.unwrap().0);
            most = most.max(server.most());
        }
    }
    let server = Server::start(folder.path(), &[]);
    println!(
        "| asked | first: p50 ms | p95 ms | again: p50 ms | p95 ms | bytes | again, of the floor |\n|---|---|---|---|---|---|---|"
    );
    for ((what, path), mut first) in asked.iter().zip(started) {
        let (_, bytes) = ask(&client, &server.address, path, &server.token).await.unwrap();
        let (mut again, mut floors) = (Vec::new(), Vec::new());
        for time in 0..TIMES {
            // What is kept is kept by what was asked: a page that is a little longer is another.
            let other = path
                .replace("limit=50", &format!("limit={}", 51 + time))
                .replace("bins=30", &format!("bins={}", 31 + time));
            if other != *path {
                first.push(ask(&client, &server.address, &other, &server.token).await.unwrap().0);
            }
            again.push(ask(&client, &server.address, path, &server.token).await.unwrap().0);
            floors.push(ask(&client, &floor, &bytes.to_string(), "none").await.unwrap().0);
        }
        let floor = quantile(&mut floors, 0.5);
        let said = match first.is_empty() {
            true => "– | –".to_owned(),
            false => format!("{:.1} | {:.1}", quantile(&mut first, 0.5), quantile(&mut first, 0.95)),
        };
        let (half, worst) = (quantile(&mut again, 0.5), quantile(&mut again, 0.95));
        println!("| {what} | {said} | {half:.1} | {worst:.1} | {bytes} | {:.0} |", half / floor);
    }
    println!("\nat most {:.0} MiB, {most:.0} where the server was just started", server.most());
}

/// Somebody with a role, and a key of theirs.
fn person(folder: &Path, name: &str, role: &str) -> String {
    assay(folder, &["user", "add", name, "--role", role]);
    assay(folder, &["user", "key", name, "load"]).split_whitespace().last().unwrap().to_owned()
}

/// A rater who answers one item after the other; gives how long it took each time until the answer was kept and the next item
/// there.
async fn rate(client: Client, address: String, key: String, until: Instant) -> Result<Vec<Duration>, String> {
    let post = async |what: &str, body: Option<Value>| {
        let mut asked = client.post(format!("{address}api/v1/review/projects/load/{what}")).bearer_auth(&key);
        if let Some(body) = body {
            asked = asked.json(&body);
        }
        let answer = asked.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        match status.is_success() {
            true => Ok::<Value, String>(serde_json::from_str(&text).unwrap_or_default()),
            false => Err(format!("{status} {what}: {text}")),
        }
    };
    post("join", None).await?;
    let mut times = Vec::new();
    let mut next = post("next", None).await?;
    while Instant::now() < until && next["next"] == "item" {
        let answers =
            json!({"lease": next["task"]["lease"], "answers": {"correct": times.len() % 3 != 0}, "ms": 1_500});
        let began = Instant::now();
        next = post("ratings", Some(answers)).await?["next"].take();
        times.push(began.elapsed());
    }
    Ok(times)
}

/// Readers that ask for one page after the other, beside raters.
async fn load(trials: usize, seconds: u64) {
    let folder = workspace(trials);
    let (new, old) = runs(folder.path());
    let keys: Vec<String> = (0..PEOPLE).map(|i| person(folder.path(), &format!("reader{i}"), "viewer")).collect();
    let raters: Vec<String> = (0..RATERS).map(|i| person(folder.path(), &format!("rater{i}"), "rater")).collect();
    std::fs::write(
        folder.path().join("load.rubric.yaml"),
        "rubric: load\ncriteria:\n  - {name: correct, kind: yes_no}\n",
    )
    .unwrap();
    let (count, of) = (trials.min(2_000).to_string(), RATERS.to_string());
    let create = ["review", "create", "load", "--rubric", "load.rubric.yaml", "--run", "latest", "--count", &count];
    assay(folder.path(), &[&create[..], &["--raters", &of]].concat());
    let server = Server::start(folder.path(), &["--team"]);
    let client = Client::builder().no_proxy().build().unwrap();
    // What everybody waits for is read before.
    for (_, path) in &pages(trials / 2, &new, &old) {
        ask(&client, &server.address, path, &keys[0]).await.unwrap();
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut rating = tokio::task::JoinSet::new();
    // Servers of an earlier version have no raters.
    let projects = format!("{}api/v1/review/projects", server.address);
    let project = async || client.get(&projects).bearer_auth(&keys[0]).send().await.unwrap();
    let rates = project().await.status().is_success();
    for key in raters.iter().filter(|_| rates) {
        rating.spawn(rate(client.clone(), server.address.clone(), key.clone(), until));
    }
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..READERS {
        let (client, address, key) = (client.clone(), server.address.clone(), keys[reader % PEOPLE].clone());
        let (new, old) = (new.clone(), old.clone());
        readers.spawn(async move {
            let (mut times, mut errors) = (Vec::new(), Vec::new());
            for at in reader.. {
                if Instant::now() > until {
                    break;
                }
                // Everybody is somewhere else in the run.
                let pages = pages((reader * 7_919 + at * 104_729) % trials, &new, &old);
                match ask(&client, &address, &pages[at % pages.len()].1, &key).await {
                    Ok((took, _)) => times.push(took),
                    Err(error) => errors.push(error),
                }
            }
            (times, errors)
        });
    }
    let (mut times, mut errors): (Vec<Duration>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(done) = readers.join_next().await {
        let (some, wrong) = done.unwrap();
        times.extend(some);
        errors.extend(wrong);
    }
    let mut rated = Vec::new();
    while let Some(done) = rating.join_next().await {
        match done.unwrap() {
            Ok(some) => rated.extend(some),
            Err(error) => errors.push(error),
        }
    }
    if rates {
        let projects: Value = project().await.json().await.unwrap();
        println!(
            "{RATERS} raters: {} ratings acknowledged, {} kept; to the next item p50 {:.0} ms, p95 {:.0} ms",
            rated.len(),
            projects[0]["accepted"],
            quantile(&mut rated, 0.5),
            quantile(&mut rated, 0.95)
        );
        assert_eq!(projects[0]["accepted"], rated.len(), "a rating that was acknowledged is kept");
    }
    println!(
        "{READERS} readers for {seconds} s over runs of {trials} trials: {} answers, {} errors, p50 {:.0} ms, p95 {:.0} ms, \
         p99 {:.0} ms, at most {:.0} MiB",
        times.len(),
        errors.len(),
        quantile(&mut times, 0.5),
        quantile(&mut times, 0.95),
        quantile(&mut times, 0.99),
        server.most()
    );
    assert!(errors.is_empty(), "{:?}", &errors[..errors.len().min(5)]);
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    // Whoever lists tests finds none here.
    if words.iter().any(|word| word == "--list") {
        return;
    }
    let numbers: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let trials = usize::try_from(number(0, 1_000_000)).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match words.first().map(String::as_str) {
        Some("load") => runtime.block_on(load(trials, number(1, 10))),
        _ => runtime.block_on(speed(trials)),
    }
}
