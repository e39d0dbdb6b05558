//! Kill it at any moment: nothing finished is lost, nothing recorded is repeated.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::support::{Answer, Folder, Server, served};

const CASES: usize = 400;

/// The questions of the trials that the journal holds. A case's position is its line in the file.
fn recorded(folder: &Folder) -> Vec<String> {
    let runs = folder.assay(&["runs", "--json"]).out;
    let run: serde_json::Value = serde_json::from_str(runs.lines().next().unwrap()).unwrap();
    let id = run["id"].as_str().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let workspace = assay_store::Workspace::open(folder.path().join(".assay")).unwrap();
        let journal = assay_store::Journal::open(&workspace, id).await.unwrap();
        let mut questions = Vec::new();
        journal.for_each_done(|number, _| questions.push(format!("q{number}"))).await.unwrap();
        journal.close().await;
        questions
    })
}

#[test]
fn killed_at_random_points_a_run_ends_with_exact_totals() {
    let server = Server::start(|_, _| Answer::Slow(4));
    let folder = Folder::new();
    served(&folder, &server, CASES, "  cache: false");
    let mut known: HashMap<String, u32> = HashMap::new();
    // The instants at which it is killed differ from run to run of this test: the law must hold at all of them.
    for (round, kill_after) in [40, 90, 150, 60].into_iter().enumerate() {
        let command = if round == 0 { "run" } else { "resume" };
        let mut child = folder
            .command(&[command, "-j", "8", "--quiet"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let before = server.total();
        let started = Instant::now();
        while server.total() < before + kill_after && started.elapsed() < Duration::from_secs(60) {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let asked = server.asked();
        for question in recorded(&folder) {
            let times = asked[&question];
            known.entry(question).or_insert(times);
        }
    }
    assert!(folder.assay(&["runs"]).out.contains("resumable"));
    let said = folder.assay(&["resume", "-j", "8"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(&format!("{CASES} of {CASES} trials")), "{}", said.out);
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT number) AS d FROM trials WHERE status = 'ok'");
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64()), (Some(CASES as i64), Some(CASES as i64)));
    let asked = server.asked();
    assert_eq!(asked.len(), CASES);
    assert!(!known.is_empty());
    for (question, times) in known {
        assert_eq!(asked[&question], times, "{question} was recorded and asked again");
    }
}

#[test]
fn ctrl_c_seals_what_is_finished_and_says_how_to_go_on() {
    let server = Server::start(|_, _| Answer::Slow(10));
    let folder = Folder::new();
    served(&folder, &server, 200, "  cache: false");
    let child = folder.command(&["run", "-j", "4", "--quiet"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while server.total() < 20 && started.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("go on with `assay resume"), "{said}");
    let sealed = folder.query("SELECT count(*) AS n FROM trials")[0]["n"].as_i64().unwrap();
    assert!(sealed >= 20, "{sealed}");
    assert_eq!(server.total(), sealed as u32, "every call that was made is recorded");
    assert_eq!(folder.assay(&["resume", "--quiet"]).code, 0);
    assert_eq!(server.total(), 200);
}

#[test]
fn a_run_is_executed_by_one_process_only() {
    let server = Server::start(|_, _| Answer::Slow(20));
    let folder = Folder::new();
    served(&folder, &server, 100, "  cache: false");
    let mut child = folder.command(&["run", "-j", "2", "--quiet"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while server.total() < 4 && started.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
    }
    let said = folder.assay(&["resume"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("another process"), "{}", said.err);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(server.total(), 100);
}

/// No file may grow beyond a limit, as on a disk that is full; with room again the run goes on.
#[test]
#[cfg(target_os = "linux")]
fn without_room_for_more_nothing_recorded_is_lost() {
    let folder = Folder::new();
    let cases: String = (0..4_000)
        .map(|i| {
            format!(
                "{{\"id\": \"c{i}\", \"question\": \"{}\", \"outputs\": {{\"a\": \"{}\"}}}}\n",
                "q".repeat(50),
                "a".repeat(900)
            )
        })
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write("assay.yaml", "suite: s\ndataset: cases.jsonl\ntarget: {recorded: a}\nscorers: [{contains: a}]\n");
    // The first limit stops the plan, the second the journal.
    for (kilobytes, recorded_something) in [(1_000, false), (6_200, true)] {
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\"");
        let program = folder.command(&[]).get_program().to_owned();
        let output = std::process::Command::new("bash")
            .args(["-c", &script, "bash"])
            .arg(program)
            .args(["run", "--quiet"])
            .current_dir(folder.path())
            .env_remove("ASSAY_WORKSPACE")
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{kilobytes}: {err}");
        assert!(err.contains("assay resume") || !recorded_something, "{err}");
        let plans = std::fs::read_dir(folder.path().join(".assay/plans")).unwrap();
        let scratch = plans.flatten().filter(|file| file.file_name().to_string_lossy().contains("building")).count();
        assert_eq!(scratch, 0, "scratch files are removed");
    }
    let said = folder.assay(&["resume"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("4000 of 4000 trials") && said.out.contains("100.0%"), "{}", said.out);
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT number) AS d FROM trials");
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64()), (Some(4_000), Some(4_000)));
}
