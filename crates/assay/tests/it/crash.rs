//! Kill it at any moment: nothing finished is lost, nothing recorded is repeated.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::support::{Answer, Folder, Server, served};

const CASES: usize = 400;

/// The questions of the trials that the journal holds.
fn recorded(folder: &Folder) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let workspace = assay_store::Workspace::open(folder.path().join(".assay")).unwrap();
        let run = assay_store::State::open(&workspace).await.unwrap().find_run("latest").await.unwrap().record;
        let journal = assay_store::Journal::open(&workspace, run.id).await.unwrap();
        // The journal counts in the order of the run; a case's position is its line in the file.
        let order = assay_core::permutation::Permutation::new(CASES as u64, run.seed);
        let mut questions = Vec::new();
        journal.for_each_done(|number, _| questions.push(format!("q{}", order.at(number)))).await.unwrap();
        journal.close().await;
        questions
    })
}

/// Starts the binary and kills it when the server was asked `calls` more times, or after `time`; true when it came to
/// its end before.
fn killed(folder: &Folder, server: &Server, command: &str, calls: u32, time: Duration) -> bool {
    let mut child = folder
        .command(&[command, "-j", "8", "--quiet"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let before = server.total();
    let started = Instant::now();
    while server.total() < before.saturating_add(calls) && started.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

/// Every trial is in the lake once, and no question that was on record was asked again.
fn exact(folder: &Folder, server: &Server, known: &HashMap<String, u32>) {
    let rows = folder.query(
        "SELECT count(*) AS n, count(DISTINCT number) AS d, count(DISTINCT case_id) AS c FROM trials \
         WHERE status = 'ok' AND run_id = (SELECT max(run_id) FROM trials)",
    );
    let all = Some(CASES as i64);
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64(), rows[0]["c"].as_i64()), (all, all, all));
    let asked = server.asked();
    for (question, times) in known {
        assert_eq!(asked[question], *times, "{question} was recorded and asked again");
    }
}

/// Kills runs until `kills` are reached. The instants at which they are killed differ from time to time: the law must
/// hold at all of them.
fn kill_again_and_again(kills: u32) {
    let server = Server::start(|_, _| Answer::Slow(4));
    let folder = Folder::new();
    served(&folder, &server, CASES, "  cache: false");
    let (mut done, mut runs) = (0, 0);
    // A pause that grows by an irrational step comes close to every instant.
    let share = |i: u32| (f64::from(i) * 0.618_034).fract();
    while done < kills {
        runs += 1;
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut command = "run";
        while done < kills {
            // Every third is killed by the clock, also before its first call and while it ends.
            let (calls, time) = match done % 3 {
                0 => (u32::MAX, Duration::from_secs_f64(0.02 + 1.2 * share(done))),
                _ => (1 + (90.0 * share(done)) as u32, Duration::from_secs(60)),
            };
            if killed(&folder, &server, command, calls, time) {
                break;
            }
            done += 1;
            let listed = folder.assay(&["runs", "--json"]).out.lines().count();
            if listed == runs {
                command = "resume";
                let asked = server.asked();
                for question in recorded(&folder) {
                    let times = asked[&question];
                    known.entry(question).or_insert(times);
                }
            }
        }
        let finished = folder.assay(&["runs", "--json"]).out.lines().next().is_some_and(|run| run.contains("sealed"));
        if !finished {
            let said = folder.assay(&["resume", "-j", "8"]);
            assert_eq!(said.code, 0, "{said:?}");
            assert!(said.out.contains(&format!("{CASES} of {CASES} trials")), "{}", said.out);
        }
        exact(&folder, &server, &known);
    }
    let asked_again = server.total() as usize - runs * CASES;
    println!("{done} kills, {runs} runs of {CASES} trials, {asked_again} calls that were in flight asked again");
}

#[test]
fn killed_at_random_points_a_run_ends_with_exact_totals() {
    kill_again_and_again(6);
}

/// `cargo nextest run -p assay --run-ignored only killed_two_hundred_times` takes minutes.
#[test]
#[ignore = "takes minutes"]
fn killed_two_hundred_times() {
    kill_again_and_again(200);
}

/// A power cut leaves any part of what was written after the last fsync: the end of the journal's log is missing, or is
/// something else.
#[test]
fn a_torn_journal_loses_its_torn_end_only() {
    let server = Server::start(|_, _| Answer::Slow(2));
    let folder = Folder::new();
    served(&folder, &server, CASES, "  cache: false");
    assert!(!killed(&folder, &server, "run", 150, Duration::from_secs(60)));
    let journal = std::fs::read_dir(folder.path().join(".assay/journal")).unwrap().flatten();
    let log = journal.map(|entry| entry.path()).find(|path| path.to_string_lossy().ends_with("-wal")).unwrap();
    let whole = std::fs::read(&log).unwrap();
    let index = log.to_string_lossy().replace("-wal", "-shm");
    let before = recorded(&folder).len();
    assert!(before > 0);
    let mut least = usize::MAX;
    for (i, share) in [0.999, 0.9, 0.5, 0.2, 0.01, 0.0].into_iter().enumerate() {
        let mut torn = whole.clone();
        let cut = (whole.len() as f64 * share) as usize;
        if i % 2 == 0 {
            torn.truncate(cut);
        } else {
            torn[cut..].fill(0xA5);
        }
        std::fs::write(&log, torn).unwrap();
        // The index lives in memory that a power cut takes with it.
        let _ = std::fs::remove_file(&index);
        let left = recorded(&folder).len();
        assert!(left <= before && left <= least, "{share}: {left} of {before}");
        least = left;
    }
    let known: HashMap<String, u32> =
        recorded(&folder).into_iter().map(|question| (question.clone(), server.asked()[&question])).collect();
    let said = folder.assay(&["resume", "-j", "8"]);
    assert_eq!(said.code, 0, "{said:?}");
    exact(&folder, &server, &known);
}

/// Two runs and readers at once in one workspace.
#[test]
fn processes_share_a_workspace() {
    let server = Server::start(|_, _| Answer::Slow(1));
    let folder = Folder::new();
    served(&folder, &server, CASES, "");
    let quiet = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let mut runs: Vec<_> = (0..3).map(|_| quiet(&["run", "-j", "4", "--quiet"])).collect();
    let mut reads = 0;
    while runs.iter_mut().any(|run| run.try_wait().unwrap().is_none()) {
        let said = folder.assay(&["runs"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(!said.err.contains("locked"), "{}", said.err);
        reads += 1;
    }
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(reads > 0);
    let rows = folder.query("SELECT run_id, count(DISTINCT number) AS n, count(*) AS m FROM trials GROUP BY run_id");
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["n"] == CASES && row["m"] == CASES), "{rows:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_place_that_cannot_be_written_is_said() {
    let server = Server::start(|_, _| Answer::Text("ok"));
    let folder = Folder::new();
    served(&folder, &server, 2, "");
    let said = folder.assay(&["--workspace", "/proc/assay", "run"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("/proc/assay"), "{}", said.err);
    folder.write("taken", "a file");
    let said = folder.assay(&["--workspace", "taken", "run"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert_eq!(server.total(), 0, "before any call");
}

#[test]
fn ctrl_c_seals_what_is_finished_and_says_how_to_go_on() {
    // What a terminal sends, what a supervisor sends, what a closed terminal sends.
    for signal in ["-INT", "-TERM", "-HUP"] {
        stopped_by(signal);
    }
}

fn stopped_by(signal: &str) {
    let server = Server::start(|_, _| Answer::Slow(10));
    let folder = Folder::new();
    served(&folder, &server, 200, "  cache: false");
    let child = folder.command(&["run", "-j", "4", "--quiet"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while server.total() < 20 && started.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
    }
    std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
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
    folder.write(
        "assay.yaml",
        "suite: s\ndataset: cases.jsonl\ntarget: {recorded: a}\nscorers: [{contains: a}]\nepochs: 3\n",
    );
    // The first limit stops the plan, the second the journal.
    for (kilobytes, recorded_something) in [(1_000, false), (8_000, true)] {
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
    assert!(said.out.contains("12000 of 12000 trials") && said.out.contains("100.0%"), "{}", said.out);
    let rows = folder.query("SELECT count(*) AS n, count(DISTINCT number) AS d FROM trials");
    assert_eq!((rows[0]["n"].as_i64(), rows[0]["d"].as_i64()), (Some(12_000), Some(12_000)));
}
