//! Python workers whose function crashes, hangs, forks, and writes where it should not: each is an error of that call,
//! at most.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_core::ErrorKind;
use assay_models::worker::WorkerPool;
use serde_json::{Value, json};

const FUNCTIONS: &str = r#"
import ctypes, multiprocessing, os, subprocess, sys, threading, time

def answer(inputs):
    act = inputs if isinstance(inputs, str) else "value"
    if act == "pid": return os.getpid()
    if act == "crash": os.kill(os.getpid(), 11)
    if act == "exit": os._exit(0)
    if act == "sys.exit": sys.exit(3)
    if act == "raise": raise ValueError("said why")
    if act == "hang": time.sleep(600)
    if act == "busy":
        while True: pass
    if act == "die later":
        threading.Timer(0.1, lambda: os._exit(1)).start()
    if act == "print":
        print("x" * 100000)
        sys.stdout.write("\x00\x00\x00\x04null"); sys.stdout.flush()
        sys.__stdout__.write("noise"); sys.__stdout__.flush()
    if act == "fd":
        os.write(1, b"\x00\x00\x00\x04null")
        libc = ctypes.CDLL(None)
        libc.puts(b"noise"); libc.fflush(None)
    if act == "child":
        subprocess.run(["sh", "-c", "echo noise; cat"])
        subprocess.run([sys.executable, "-c", "import os; os.write(1, b'noise'); print(os.read(0, 10))"])
    if act == "fork":
        if os.fork() == 0: return "from the fork"
        os.wait()
    if act == "pool":
        with multiprocessing.Pool(2) as pool: return pool.map(abs, [-1, 2])
    if act == "stdin":
        return repr(sys.stdin.read()) + repr(os.read(0, 10))
    if act == "slow": time.sleep(0.2)
    if act == "nan": return float("nan")
    if act == "circle":
        circle = []; circle.append(circle); return circle
    return act
"#;

fn pool(folder: &Path, workers: usize, seconds: f64) -> Arc<WorkerPool> {
    let file = folder.join("app.py");
    std::fs::write(&file, FUNCTIONS).unwrap();
    Arc::new(WorkerPool::new(None, file, "answer".into(), Some(workers), Duration::from_secs_f64(seconds)))
}

async fn call(pool: &WorkerPool, act: &str) -> Result<Value, (ErrorKind, String)> {
    pool.call(Some("inputs"), json!({"inputs": act})).await.map_err(|error| (error.kind, error.message))
}

#[tokio::test]
async fn a_worker_that_ends_is_an_error_of_its_call_and_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path(), 1, 20.0);
    let first = call(&pool, "pid").await.unwrap();
    assert_eq!(call(&pool, "pid").await.unwrap(), first, "a worker is kept");
    for act in ["crash", "exit"] {
        let (kind, message) = call(&pool, act).await.unwrap_err();
        assert_eq!(kind, ErrorKind::Process, "{act}: {message}");
        assert!(message.contains("ended"), "{message}");
        assert_ne!(call(&pool, "pid").await.unwrap(), first);
    }
    let before = call(&pool, "pid").await.unwrap();
    for (act, why) in [("raise", "said why"), ("sys.exit", "SystemExit"), ("circle", "Circular")] {
        let (kind, message) = call(&pool, act).await.unwrap_err();
        assert_eq!(kind, ErrorKind::Process);
        assert!(message.contains(why), "{act}: {message}");
    }
    assert_eq!(call(&pool, "pid").await.unwrap(), before, "an exception costs no worker");
    assert_eq!(call(&pool, "nan").await.unwrap_err().0, ErrorKind::BadResponse);
    // One that dies while nobody asks it fails nobody's call.
    assert_eq!(call(&pool, "die later").await.unwrap(), "die later");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(call(&pool, "next").await.unwrap(), "next");
}

#[tokio::test]
async fn a_worker_that_hangs_is_killed_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path(), 1, 2.0);
    for act in ["hang", "busy"] {
        let before = call(&pool, "pid").await.unwrap().as_u64().unwrap();
        let started = Instant::now();
        assert_eq!(call(&pool, act).await.unwrap_err().0, ErrorKind::Timeout);
        assert!(started.elapsed() < Duration::from_secs(6));
        let after = call(&pool, "pid").await.unwrap().as_u64().unwrap();
        assert_ne!(after, before);
        #[cfg(target_os = "linux")]
        {
            let state = std::fs::read_to_string(format!("/proc/{before}/stat")).unwrap_or_default();
            assert!(state.is_empty() || state.contains(") Z "), "the hung worker lives: {state}");
        }
    }
}

#[tokio::test]
async fn nothing_that_is_written_or_read_breaks_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path(), 1, 30.0);
    for act in ["print", "fd", "child", "fork"] {
        assert_eq!(call(&pool, act).await.unwrap(), act);
        assert_eq!(call(&pool, "next").await.unwrap(), "next", "after {act}");
    }
    assert_eq!(call(&pool, "pool").await.unwrap(), json!([1, 2]));
    assert_eq!(call(&pool, "stdin").await.unwrap(), "''b''");
    assert_eq!(call(&pool, "next").await.unwrap(), "next");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_calls_run_than_there_are_workers() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(folder.path(), 2, 30.0);
    let started = Instant::now();
    let calls = (0..6).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move { call(&pool, "slow").await })
    });
    for done in calls.collect::<Vec<_>>() {
        assert_eq!(done.await.unwrap().unwrap(), "slow");
    }
    assert!(started.elapsed() >= Duration::from_millis(600), "six calls of 0.2 s in two workers");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..6 {
        seen.insert(call(&pool, "pid").await.unwrap().to_string());
    }
    assert!(seen.len() <= 2, "{seen:?}");
}

#[tokio::test]
async fn a_file_that_hangs_while_it_is_loaded_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slow.py");
    std::fs::write(&file, "import time\ntime.sleep(600)\ndef answer(inputs): return 1\n").unwrap();
    let pool = WorkerPool::new(None, file, "answer".into(), Some(1), Duration::from_secs(1));
    let error = pool.check().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("slow.py"), "{}", error.message);
}
