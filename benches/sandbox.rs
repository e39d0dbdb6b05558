//! What isolation costs: a Python that does nothing, bare and in each backend that holds here.
//!
//! `cargo bench -p assay-sandbox`. The rows take turns, so that a busy machine slows all of them; times are those that a tenth of the
//! rounds stay below. The bare one gets a session of its own, as jobs have: the kernel shares processors between sessions.

use std::time::{Duration, Instant};

use assay_sandbox::{Backend, End, Helper, Job, Sandbox, View};

const ROUNDS: usize = 60;

fn tenth(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 10].as_secs_f64() * 1e3
}

fn main() {
    if assay_sandbox::serve_if_asked() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(race());
}

async fn race() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (view, python) = View::of_python("python3").await.expect("python3");
    let job = || Job {
        argv: vec![python.clone(), "-I".into(), "-c".into(), "pass".into()],
        view: view.clone(),
        ..Job::default()
    };
    let mut sandboxes = Vec::new();
    for backend in Backend::ALL {
        let started = Instant::now();
        match Sandbox::with(*backend, Helper::this_binary(), cores).await {
            Ok(sandbox) => {
                println!("{backend}: holds, seen in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
                sandboxes.push(sandbox);
            }
            Err(why) => println!("{backend}: {why}"),
        }
    }
    let mut bare = Vec::new();
    let mut inside: Vec<Vec<Duration>> = vec![Vec::new(); sandboxes.len()];
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let status = tokio::process::Command::new("setsid")
            .args(["--wait", &python, "-I", "-c", "pass"])
            .status()
            .await
            .expect("python3");
        assert!(status.success());
        bare.push(started.elapsed());
        for (sandbox, times) in sandboxes.iter().zip(&mut inside) {
            let started = Instant::now();
            assert_eq!(sandbox.run(job()).await.expect("a job").end, End::Exit(0));
            times.push(started.elapsed());
        }
    }
    let floor = tenth(&mut bare);
    println!("\n| {ROUNDS} × `python3 -I -c pass` | ms | ratio | a second, {cores} at a time |\n|---|--:|--:|--:|");
    println!("| bare | {floor:.1} | 1.0 | |");
    for (sandbox, times) in sandboxes.iter().zip(&mut inside) {
        let started = Instant::now();
        let all = futures::future::join_all((0..ROUNDS * 2).map(|_| sandbox.run(job()))).await;
        assert!(all.iter().all(Result::is_ok));
        let rate = (ROUNDS * 2) as f64 / started.elapsed().as_secs_f64();
        let time = tenth(times);
        println!("| {} | {time:.1} | {:.1} | {rate:.0} |", sandbox.backend(), time / floor);
    }
}
