//! How fast and how lean a run is, as ratios within one run of this benchmark.
//!
//! | command, after `cargo bench -p assay --bench throughput --` | measures |
//! |---|---|
//! | `[TRIALS]` | trials per second without latency, from a warm cache, and with 50 ms latency; start-up; peers |
//! | `memory [TRIALS]` | resident memory while a run of 1,000,000 trials goes on |
//! | `instructions` | processor instructions per trial, counted by valgrind: hardly disturbed by other work |
//!
//! A mock server answers chat completions. It is a process of its own here, as are all clients, and shares the machine
//! with them. The floor is a bare loop of the same requests over the same HTTP client with nothing around it. Assay's
//! figure includes everything: starting, reading the dataset, rendering prompts, scoring, the journal with fsync,
//! sealing into the lake and the report. Peers are those that `benches/peers/install.sh` could install; theirs is the
//! time of the evaluation alone, without starting Python. Beside rates stands the processor time of the client per
//! trial, which other work on the machine disturbs less.
//!
//! `--profile dev` is quick to build; most dependencies are not optimised then.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::sync::oneshot;

const IN_FLIGHT: usize = 64;
const LATENCY: Duration = Duration::from_millis(50);

/// Ends waits on time, in the order in which they began: a timer of tokio is up to two milliseconds late.
#[derive(Clone)]
struct Clock(mpsc::Sender<(Instant, oneshot::Sender<()>)>);

impl Clock {
    fn new() -> Self {
        let (waits, due) = mpsc::channel::<(Instant, oneshot::Sender<()>)>();
        std::thread::spawn(move || {
            for (at, ended) in due {
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                let _ = ended.send(());
            }
        });
        Self(waits)
    }

    async fn wait(&self) {
        let (ended, waiting) = oneshot::channel();
        self.0.send((Instant::now() + LATENCY, ended)).unwrap();
        waiting.await.unwrap();
    }
}

async fn answer(State(clock): State<Option<Clock>>, Json(_): Json<Value>) -> Json<Value> {
    if let Some(clock) = clock {
        clock.wait().await;
    }
    Json(json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "mock",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
    }))
}

/// `serve`: the mock server; prints its address.
async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .route("/v1/chat/completions", post(answer).with_state(None))
        .route("/slow/v1/chat/completions", post(answer).with_state(Some(Clock::new())));
    axum::serve(listener, app).await.unwrap();
}

/// `floor URL TRIALS`: the same requests with nothing around them; prints its seconds.
async fn floor(url: &str, trials: usize) {
    let client = reqwest::Client::new();
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..IN_FLIGHT {
        let (client, url) = (client.clone(), format!("{url}/chat/completions"));
        tasks.spawn(async move {
            for i in (lane..trials).step_by(IN_FLIGHT) {
                let body = json!({"model": "mock", "messages": [{"role": "user", "content": format!("q{i}")}]});
                let reply: Value = client.post(&url).json(&body).send().await.unwrap().json().await.unwrap();
                assert_eq!(reply["choices"][0]["message"]["content"], "ok");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    println!("{}", started.elapsed().as_secs_f64());
}

/// What a child process took.
struct Took {
    wall: Duration,
    processor: Duration,
    megabytes: f64,
    output: String,
}

/// Processor time of children that have ended, in the kernel's hundredths of a second.
fn processor_of_children() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

/// Resident memory of a process in MiB: all of it, and what is not a file's (the binary's own pages are).
fn memory(child: &Child) -> Option<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
    };
    Some((field("VmRSS:")?, field("RssAnon:")?))
}

fn run(command: &mut Command, mut every: impl FnMut(Duration, f64, f64)) -> Took {
    let before = processor_of_children();
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut most = 0.0f64;
    while child.try_wait().unwrap().is_none() {
        if let Some((all, own)) = memory(&child) {
            most = most.max(all);
            every(started.elapsed(), all, own);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let wall = started.elapsed();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Took {
        wall,
        processor: processor_of_children() - before,
        megabytes: most,
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
    }
}

fn assay(folder: &Path, arguments: &[&str]) -> Took {
    run(Command::new(env!("CARGO_BIN_EXE_assay")).args(arguments).current_dir(folder), |_, _, _| {})
}

fn line(what: &str, trials: usize, seconds: f64, took: &Took, floor: f64) {
    let rate = trials as f64 / seconds;
    println!(
        "{what:<34} {rate:>8.0}/s {:>8.2} of the floor {:>7.1} µs/trial {:>6.0} MiB",
        rate / floor,
        took.processor.as_secs_f64() * 1e6 / trials as f64,
        took.megabytes
    );
}

fn suite(folder: &Path, name: &str, target: &str) {
    let text = format!(
        "suite: throughput\ndataset: cases.jsonl\ntarget:\n{target}scorers: [equals]\nconcurrency: {IN_FLIGHT}\n"
    );
    std::fs::write(folder.join(name), text).unwrap();
}

/// The median in milliseconds.
fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn speed(trials: usize) {
    let this = std::env::current_exe().unwrap();
    let mut server = Command::new(&this).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut address).unwrap();
    let url = format!("{}/v1", address.trim());
    let slow = format!("{}/slow/v1", address.trim());
    let folder = tempfile::tempdir().unwrap();
    let cases: String =
        (0..trials).map(|i| format!("{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"expected\": \"ok\"}}\n")).collect();
    std::fs::write(folder.path().join("cases.jsonl"), cases).unwrap();
    for (name, url) in [("fast.yaml", &url), ("slow.yaml", &slow)] {
        let target = format!("  openai: mock\n  base_url: {url}\n  prompt: \"{{{{ question }}}}\"\n");
        suite(folder.path(), name, &target);
    }
    let bare = |url: &str, trials: usize| {
        let took = run(Command::new(&this).args(["floor", url, &trials.to_string()]), |_, _, _| {});
        let seconds: f64 = took.output.trim().parse().unwrap();
        (took, seconds)
    };
    bare(&url, trials.min(2_000));
    let (took, seconds) = bare(&url, trials);
    let floor = trials as f64 / seconds;
    println!("{trials} trials, {IN_FLIGHT} in flight, {} cores", std::thread::available_parallelism().unwrap());
    line("bare request loop", trials, seconds, &took, floor);
    let cold = assay(folder.path(), &["run", "fast.yaml", "--quiet"]);
    line("assay run", trials, cold.wall.as_secs_f64(), &cold, floor);
    let uncached = assay(folder.path(), &["run", "fast.yaml", "--quiet", "--no-cache"]);
    line("assay run --no-cache", trials, uncached.wall.as_secs_f64(), &uncached, floor);
    let warm = assay(folder.path(), &["run", "fast.yaml", "--quiet"]);
    line("assay run, from the cache", trials, warm.wall.as_secs_f64(), &warm, floor);
    println!("{:<34} {:.2} s", "  in all", warm.wall.as_secs_f64());
    let ideal = (trials as f64 / IN_FLIGHT as f64).ceil() * LATENCY.as_secs_f64();
    let (_, loops) = bare(&slow, trials);
    let late = assay(folder.path(), &["run", "slow.yaml", "--quiet"]).wall.as_secs_f64();
    for (what, seconds) in [("bare request loop, 50 ms", loops), ("assay run, 50 ms", late)] {
        println!("{what:<34} {seconds:.2} s, {:.3} of the ideal {ideal:.2} s", seconds / ideal);
    }
    let ten = |_| assay(folder.path(), &["run", "fast.yaml", "--quiet", "--no-cache", "--limit", "10"]).wall;
    println!("{:<34} {:.0} ms", "assay run, 10 cases, median of 5", median((0..5).map(ten)));
    let version = |_| assay(folder.path(), &["--version"]).wall;
    println!("{:<34} {:.1} ms", "assay --version, median of 20", median((0..20).map(version)));

    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/peers");
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(peers.join(".venv")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    for environment in found {
        let name = environment.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = if environment.join("bin/python").exists() {
            let mut python = Command::new(environment.join("bin/python"));
            python.arg(peers.join(format!("{name}_job.py")));
            python
        } else {
            // Node looks for modules beside the script, so that it has to stand where they are.
            let script = environment.join("job.mjs");
            std::fs::copy(peers.join(format!("{name}_job.mjs")), &script).unwrap();
            let mut node = Command::new("node");
            node.arg(script).envs([("PROMPTFOO_DISABLE_TELEMETRY", "1"), ("PROMPTFOO_DISABLE_UPDATE", "1")]);
            node.env("PROMPTFOO_CONFIG_DIR", folder.path().join("promptfoo"));
            node
        };
        command.arg(&url).arg(folder.path().join("cases.jsonl"));
        let took = run(&mut command, |_, _, _| {});
        let said: Value = serde_json::from_str(took.output.lines().last().unwrap_or_default()).unwrap();
        line(said["version"].as_str().unwrap(), trials, said["seconds"].as_f64().unwrap(), &took, floor);
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Resident memory while a run of recorded answers goes on, twenty lines over its time.
fn memory_of_a_long_run(trials: usize) {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("cases.jsonl")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    for i in 0..trials {
        let question = format!("What is the answer to question {i}, in as many words as a short question has?");
        let answer = format!("The answer to question {i} is {}.", i * 7);
        let row = json!({"id": format!("c{i}"), "question": question, "expected": answer, "outputs": {"a": answer}});
        writeln!(file, "{row}").unwrap();
    }
    drop(file);
    suite(folder.path(), "assay.yaml", "  recorded: a\n");
    let mut samples = Vec::new();
    let took = run(
        Command::new(env!("CARGO_BIN_EXE_assay")).args(["run", "--quiet"]).current_dir(folder.path()),
        |at, all, own| samples.push((at, all, own)),
    );
    println!("{trials} trials in {:.1} s, at most {:.0} MiB", took.wall.as_secs_f64(), took.megabytes);
    let steps: Vec<(f64, f64, f64)> = samples
        .chunks(samples.len().div_ceil(20).max(1))
        .map(|step| {
            let most = |of: &dyn Fn(&(Duration, f64, f64)) -> f64| step.iter().map(of).fold(0.0, f64::max);
            let at = step.last().map(|(at, _, _)| at.as_secs_f64()).unwrap_or_default();
            (at, most(&|sample| sample.1), most(&|sample| sample.2))
        })
        .collect();
    println!("| seconds | most MiB since the line above | of it not the binary's |\n|---|---|---|");
    for (at, all, own) in &steps {
        println!("| {at:.1} | {all:.0} | {own:.0} |");
    }
    let row = |of: &dyn Fn(&(f64, f64, f64)) -> f64| {
        steps.iter().map(|step| format!("{:.0}", of(step))).collect::<Vec<_>>().join(", ")
    };
    println!("\n```mermaid\nxychart-beta");
    println!("  title \"Resident memory of a run of {trials} trials, and what of it is not the binary's\"");
    println!("  x-axis \"seconds\" [{}]\n  y-axis \"MiB\" 0 --> 400", row(&|step| step.0));
    println!("  line [{}]\n  line [{}]\n```", row(&|step| step.1), row(&|step| step.2));
}

/// Instructions of a command, counted by valgrind.
fn instructions(folder: &Path, arguments: &[&str]) -> f64 {
    let took = run(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"])
            .arg(env!("CARGO_BIN_EXE_assay"))
            .args(arguments)
            .current_dir(folder),
        |_, _, _| {},
    );
    let collected = took.output.lines().find_map(|line| line.split("Collected : ").nth(1));
    collected.and_then(|count| count.trim().parse().ok()).expect("valgrind says what it collected")
}

/// Instructions that one more trial takes: the difference of two runs, so that starting and reporting do not count.
fn instructions_of_a_trial() {
    const FEW: usize = 500;
    const MANY: usize = 2_500;
    let this = std::env::current_exe().unwrap();
    let mut server = Command::new(&this).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut address).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| {
        let answer = json!({"a": "ok"});
        format!(
            "{}\n",
            json!({"id": format!("c{i}"), "question": format!("q{i}"), "expected": "ok", "outputs": answer})
        )
    };
    std::fs::write(folder.path().join("cases.jsonl"), (0..MANY).map(row).collect::<String>()).unwrap();
    let openai = format!("  openai: mock\n  base_url: {}/v1\n  prompt: \"{{{{ question }}}}\"\n", address.trim());
    suite(folder.path(), "openai.yaml", &openai);
    suite(folder.path(), "recorded.yaml", "  recorded: a\n");
    println!("| trial | thousand instructions |\n|---|---|");
    let (few, many) = (FEW.to_string(), MANY.to_string());
    for (what, suite, more) in [
        ("recorded answer", "recorded.yaml", "--no-cache"),
        ("call to a server, no cache", "openai.yaml", "--no-cache"),
        ("call to a server, kept in the cache", "openai.yaml", "--offline"),
        ("answer from the cache", "openai.yaml", "--offline"),
    ] {
        // What one run leaves in the workspace the next must not pay for; the last needs what the one before it left.
        if what != "answer from the cache" {
            let _ = std::fs::remove_dir_all(folder.path().join(".assay"));
            // Freezing the cases is no part of a trial, and happens once.
            assay(folder.path(), &["run", suite, more, "--quiet", "--limit", "1"]);
        }
        let count = |limit: &str| {
            if what == "call to a server, kept in the cache" {
                for ending in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(folder.path().join(format!(".assay/cache.db{ending}")));
                }
            }
            instructions(folder.path(), &["run", suite, more, "--quiet", "--limit", limit])
        };
        let (a, b) = (count(&few), count(&many));
        println!("| {what} | {:.0} |", (b - a) / (MANY - FEW) as f64 / 1e3);
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |default: usize| words.iter().filter_map(|word| word.parse().ok()).next_back().unwrap_or(default);
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    match words.first().map(String::as_str) {
        Some("serve") => runtime().block_on(serve()),
        Some("floor") => runtime().block_on(floor(&words[1], number(10_000))),
        Some("instructions") => instructions_of_a_trial(),
        Some("memory") => memory_of_a_long_run(number(1_000_000)),
        _ => speed(number(10_000)),
    }
}
