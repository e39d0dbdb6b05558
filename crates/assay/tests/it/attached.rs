//! Functions of the process that runs the command: found, called, versioned, and gone.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Folder, Said};

/// What a function does with what it is asked.
type Function = fn(&Value) -> Result<Value, &'static str>;

/// A process that has functions, as the Python package is one.
struct Process {
    path: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
    most: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<UnixStream>>>,
}

impl Process {
    fn start(folder: &Folder, functions: &'static [(&'static str, Function)]) -> Self {
        let path = folder.path().join("socket");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let (asked, open) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let shared = (asked.clone(), open.clone(), most.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), (asked, open, most), now) = (stream, shared.clone(), now.clone()) else { return };
                open.lock().unwrap().push(stream.try_clone().unwrap());
                std::thread::spawn(move || serve(stream, functions, &asked, &most, &now));
            }
        });
        Self { path, asked, most, open }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// As if it were killed: nobody listens, every connection ends.
    fn die(&self) {
        std::fs::remove_file(&self.path).unwrap();
        for stream in self.open.lock().unwrap().iter() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn assay(&self, folder: &Folder, arguments: &[&str]) -> Said {
        Said::new(folder.command(arguments).env("ASSAY_ATTACHED", &self.path).output().unwrap())
    }
}

fn serve(
    mut stream: UnixStream,
    functions: &[(&str, Function)],
    asked: &Mutex<Vec<String>>,
    most: &AtomicUsize,
    now: &AtomicUsize,
) {
    let Some(hello) = read(&mut stream) else { return };
    let name = hello["attach"].as_str().unwrap();
    let Some((_, function)) = functions.iter().find(|(known, _)| *known == name) else {
        write(&mut stream, &json!({"fatal": format!("no function `{name}` is attached; there are: answer")}));
        return;
    };
    write(&mut stream, &json!({"ready": true}));
    while let Some(request) = read(&mut stream) {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        asked.lock().unwrap().push(request["kwargs"]["case_id"].as_str().unwrap().to_owned());
        let answer = match function(&request["kwargs"]) {
            Ok(value) => json!({"ok": value}),
            Err(why) => json!({"error": format!("File \"app.py\", line 1\nValueError: {why}")}),
        };
        now.fetch_sub(1, Ordering::SeqCst);
        write(&mut stream, &answer);
    }
}

fn read(stream: &mut UnixStream) -> Option<Value> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut body = vec![0; u32::from_be_bytes(head) as usize];
    stream.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

fn write(stream: &mut UnixStream, message: &Value) {
    let body = message.to_string().into_bytes();
    let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(body);
    let _ = stream.write_all(&frame);
}

fn upper(kwargs: &Value) -> Result<Value, &'static str> {
    match kwargs["inputs"]["question"].as_str().unwrap() {
        "bad" => Err("said why"),
        question => Ok(json!(question.to_uppercase())),
    }
}

fn slow(kwargs: &Value) -> Result<Value, &'static str> {
    std::thread::sleep(Duration::from_millis(20));
    upper(kwargs)
}

fn length(kwargs: &Value) -> Result<Value, &'static str> {
    Ok(json!({"score": kwargs["output"].as_str().unwrap().len(), "reason": "its length"}))
}

const FUNCTIONS: &[(&str, Function)] = &[("answer", upper), ("slow", slow), ("length", length)];

fn suite(target: &str) -> String {
    format!(
        "suite: attached\ndataset: cases.jsonl\ntarget: {{python: {{{target}}}, name: it, retries: 0}}\nscorers:\n  - \
         equals\n  - {{python: {{attached: length, version: '1', range: [0, 10]}}, name: length}}\n"
    )
}

fn cases(folder: &Folder, questions: impl IntoIterator<Item = String>) {
    let lines: Vec<String> = questions
        .into_iter()
        .map(|question| json!({"id": question, "question": question, "expected": question.to_uppercase()}).to_string())
        .collect();
    folder.write("cases.jsonl", lines.join("\n"));
}

#[test]
fn a_function_of_the_calling_process_answers_and_another_one_scores() {
    let folder = Folder::new();
    cases(&folder, ["one", "bad", "three"].map(String::from));
    folder.write("assay.yaml", suite("attached: answer, version: '1'"));
    // What needs no call needs no process.
    for command in [&["validate"][..], &["plan"]] {
        let said = folder.assay(command);
        assert_eq!(said.code, 0, "{said:?}");
    }
    let process = Process::start(&folder, FUNCTIONS);
    let said = process.assay(&folder, &["run", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder.query("SELECT case_id, status, output, error_message FROM trials ORDER BY case_id");
    assert_eq!(rows[1]["output"], "ONE");
    assert!(rows[0]["error_message"].as_str().unwrap().contains("ValueError: said why"), "{rows:?}");
    let rows = folder
        .query("SELECT value, rationale FROM scores WHERE scorer = 'length' AND value IS NOT NULL ORDER BY value");
    assert_eq!(
        rows,
        [json!({"value": 3.0, "rationale": "its length"}), json!({"value": 5.0, "rationale": "its length"})]
    );
}

#[test]
fn what_keeps_a_function_from_being_called_is_said_before_a_run_begins() {
    let folder = Folder::new();
    cases(&folder, ["one".into()]);
    folder.write("assay.yaml", suite("attached: answr, version: '1'"));
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("target `it`: it is a function of a Python process"), "{said:?}");
    assert!(said.err.contains("ASSAY_ATTACHED names none"), "{said:?}");
    let said = Said::new(folder.command(&["run"]).env("ASSAY_ATTACHED", "/nowhere/s").output().unwrap());
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("does not listen at /nowhere/s"), "{said:?}");
    let process = Process::start(&folder, FUNCTIONS);
    let said = process.assay(&folder, &["run"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("no function `answr` is attached; there are: answer"), "{said:?}");
    assert!(process.asked().is_empty());
    for (target, why) in [
        ("attached: answer, function: 'app.py:answer'", "use either `function` or `attached`"),
        ("version: '1'", "`function` is missing"),
        ("attached: answer, interpreter: python3", "an attached function runs in a process that is there"),
        ("function: 'assay.yaml:answer'", "is not `file.py:function`"),
        ("attached: ''", "the name of a function is expected"),
    ] {
        folder.write("assay.yaml", suite(target));
        let said = folder.assay(&["validate"]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(why), "{target}: {said:?}");
        assert!(said.err.contains("assay.yaml:3:"), "{target}: {said:?}");
    }
}

#[test]
fn a_version_is_part_of_who_answers() {
    let folder = Folder::new();
    cases(&folder, (0..5).map(|i| format!("q{i}")));
    let process = Process::start(&folder, FUNCTIONS);
    let run = |version: &str| {
        folder.write("assay.yaml", suite(&format!("attached: answer, version: '{version}', cache: true")));
        let before = process.asked().len();
        let said = process.assay(&folder, &["run", "-q"]);
        assert_eq!(said.code, 0, "{said:?}");
        // The scorer is asked about every answer.
        process.asked().len() - before - 5
    };
    assert_eq!([run("1"), run("1"), run("2")], [5, 0, 5]);
}

#[test]
fn as_many_calls_run_at_once_as_there_are_trials_or_workers() {
    for (more, least, most) in [("", 6, 8), (", workers: 2", 2, 2)] {
        let folder = Folder::new();
        cases(&folder, (0..40).map(|i| format!("q{i}")));
        let process = Process::start(&folder, FUNCTIONS);
        let text = suite(&format!("attached: slow{more}"));
        folder.write("assay.yaml", text.split("  - {python").next().unwrap());
        let said = process.assay(&folder, &["run", "-q", "-j", "8"]);
        assert_eq!(said.code, 0, "{said:?}");
        let seen = process.most.load(Ordering::SeqCst);
        assert!((least..=most).contains(&seen), "{seen} at once with `{more}`");
    }
}

fn started(folder: &Folder, socket: &Path, arguments: &[&str]) -> Child {
    let mut command = folder.command(arguments);
    command.env("ASSAY_ATTACHED", socket).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_process_that_dies_leaves_a_run_that_another_one_goes_on_with() {
    let folder = Folder::new();
    cases(&folder, (0..100).map(|i| format!("q{i}")));
    let text = suite("attached: slow");
    folder.write("assay.yaml", text.split("  - {python").next().unwrap());
    let process = Process::start(&folder, FUNCTIONS);
    let child = started(&folder, &process.path, &["run", "-j", "4", "--json"]);
    let began = Instant::now();
    while process.asked().len() < 30 && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    process.die();
    let said = Said::new(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{said:?}");
    assert!(began.elapsed() < Duration::from_secs(60), "it waited for the dead");
    let rows = folder.query("SELECT status, count(*) AS n FROM trials GROUP BY status");
    let done = rows[0]["n"].as_u64().unwrap();
    assert_eq!(rows.len(), 1, "what nobody answered is no failure: {rows:?}");
    assert!(rows[0]["status"] == "ok" && (20..100).contains(&done), "{rows:?}");
    let again = Process::start(&folder, FUNCTIONS);
    let said = again.assay(&folder, &["resume", "-q"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(again.asked().len() as u64, 100 - done, "no recorded call is repeated");
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT case_id) AS c FROM trials WHERE status = 'ok'");
    assert_eq!((rows[0]["n"].as_u64(), rows[0]["c"].as_u64()), (Some(100), Some(100)));
}

#[test]
fn a_suite_comes_from_standard_input_and_its_run_is_gone_on_with() {
    let folder = Folder::new();
    cases(&folder, ["one", "bad"].map(String::from));
    let piped = |arguments: &[&str], text: &str| {
        let mut command = folder.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Said::new(child.wait_with_output().unwrap())
    };
    let text = "{\"suite\": \"piped\", \"dataset\": \"cases.jsonl\", \"target\": {\"recorded\": \"expected\"}}";
    let said = piped(&["run", "-"], text);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("scorers"), "{said:?}");
    let text =
        "suite: piped\ndataset: cases.jsonl\ntarget: {command: [sh, -c, 'exit 3'], retries: 0}\nscorers: [equals]\n";
    let said = piped(&["run", "-", "-q"], text);
    assert_eq!(said.code, 4, "{said:?}");
    let said = folder.assay(&["resume", "--retry-errors", "-q"]);
    assert_eq!(said.code, 4, "its suite is on record: {said:?}");
    assert!(said.err.contains("every trial failed"), "{said:?}");
}

#[test]
fn other_rules_than_its_own_are_asked_of_a_run() {
    let folder = Folder::new();
    cases(&folder, (0..40).map(|i| format!("q{i}")));
    folder.write(
        "assay.yaml",
        "suite: rules\ndataset: cases.jsonl\ntarget: {echo: '{{ question | upper }}'}\nscorers: [equals]\n",
    );
    assert_eq!(folder.assay(&["run", "-q"]).code, 0);
    for (rules, code, words) in [
        ("[{scorer: equals, min: 0.8}]", 0, "pass"),
        ("- scorer: equals\n  max: 0.5\n", 1, "fail"),
        ("[{scorer: equals, min: 0.99}]", 3, "inconclusive"),
        ("[{scorer: equal, min: 0.8}]", 2, "the run has no scorer `equal`"),
        ("[{scorer: equals}]", 2, "a rule needs `min`, `max` or `margin`"),
        ("{scorer: equals}", 2, "rules.yaml:1:1"),
        ("[{scorer: equals, target: b, min: 0}]", 2, "the run has no target `b`"),
    ] {
        folder.write("rules.yaml", rules);
        let said = folder.assay(&["gate", "--rules", "rules.yaml"]);
        assert_eq!(said.code, code, "{rules}: {said:?}");
        assert!(format!("{}{}", said.out, said.err).contains(words), "{rules}: {said:?}");
    }
}
