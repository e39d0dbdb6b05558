//! Executes the runs that are queued, one after another, each as a process of its own (`assay run`).
//!
//! A server that was killed leaves its process behind, or a run that stands still: the next one waits for the first and
//! resumes the second, so that a job ends exactly once.

use std::process::Stdio;
use std::time::Duration;

use assay_core::RunStatus;
use assay_engine::execute::now_us;
use assay_home::{Failure, exit};
use assay_report::plain;
use assay_store::jobs::Job;
use assay_store::state::RunFilter;
use assay_store::{RunRow, StoreError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tracing::Instrument;

use crate::app::App;

/// How often the queue is looked at, beside when something is put into it.
const LOOK: Duration = Duration::from_secs(5);
/// How often a run is looked at that a server left behind.
const WAIT: Duration = Duration::from_secs(1);
/// How much of what a process says at its end is kept, in bytes.
const TAIL: usize = 4_000;

/// The run of a job, if it has begun.
///
/// # Errors
/// The database fails.
pub async fn run_of(app: &App, job: i64) -> Result<Option<RunRow>, StoreError> {
    let number = job.to_string();
    let filter = RunFilter { label: Some(("job", &number)), ..RunFilter::default() };
    Ok(app.home().state.runs_where(&filter, 1).await?.into_iter().next())
}

/// Executes what is queued until the server ends.
pub async fn work(app: App) {
    let mut ending = app.ending.subscribe();
    let all = async {
        match app.home().state.jobs_cut_off().await {
            Ok(jobs) => {
                for job in jobs {
                    go_on(&app, &job).await;
                }
            }
            Err(error) => tracing::error!(%error, "jobs of an earlier server cannot be read"),
        }
        loop {
            match app.home().state.next_job(now_us()).await {
                Ok(Some(job)) => begin(&app, &job).await,
                Ok(None) => {
                    tokio::select! {
                        () = app.queued.notified() => {}
                        () = tokio::time::sleep(LOOK) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be read");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    };
    tokio::select! {
        () = all => {}
        _ = ending.wait_for(|ending| *ending) => {}
    }
}

async fn begin(app: &App, job: &Job) {
    let mut arguments = vec!["run".to_owned(), "--quiet".to_owned(), "--label".to_owned(), format!("job={}", job.id)];
    arguments.extend(job.arguments.iter().cloned());
    execute(app, job, &arguments).await;
}

/// What an earlier server began.
async fn go_on(app: &App, job: &Job) {
    let arguments = match run_of(app, job.id).await {
        Ok(Some(row)) => {
            let id = row.record.id;
            while app.home().workspace.is_executing(id) {
                tokio::time::sleep(WAIT).await;
            }
            match app.home().state.find_run(&id.to_string()).await {
                Ok(row) if row.status == RunStatus::Sealed => {
                    let said = "the run was complete before a server looked at it again";
                    return end(app, job, exit::PASS, Some(said)).await;
                }
                _ => {}
            }
            vec!["resume".to_owned(), "--quiet".to_owned(), id.to_string()]
        }
        // It was cut off before there was a run.
        Ok(None) => return begin(app, job).await,
        Err(error) => {
            tracing::error!(%error, job = job.id, "a job cannot be gone on with");
            return;
        }
    };
    execute(app, job, &arguments).await;
}

async fn execute(app: &App, job: &Job, arguments: &[String]) {
    let span = tracing::info_span!(target: "assay::jobs", "job", number = job.id);
    app.metrics.runs.inc();
    let ended = process(app, job, arguments).instrument(span).await;
    app.metrics.runs.dec();
    let (code, said) = match ended {
        Ok(ended) => ended,
        Err(error) => (exit::INFRASTRUCTURE, error.to_string()),
    };
    // An interrupted run is gone on with by the next server.
    if code == exit::INTERRUPTED && *app.ending.borrow() {
        return;
    }
    end(app, job, code, Some(said.trim()).filter(|said| code != exit::PASS && !said.is_empty())).await;
}

async fn end(app: &App, job: &Job, code: u8, message: Option<&str>) {
    if let Err(error) = app.home().state.end_job(job.id, code, message, now_us()).await {
        tracing::error!(%error, job = job.id, "how a job ended cannot be written down");
    }
}

async fn process(app: &App, job: &Job, arguments: &[String]) -> Result<(u8, String), Failure> {
    let workspace = &app.home().workspace;
    let mut child = Command::new(&app.binary)
        .arg("--workspace")
        .arg(workspace.root().canonicalize()?)
        .args(arguments)
        .current_dir(workspace.project())
        .env("ASSAY_USER", &job.author)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", app.binary.display()))?;
    let said = child.stderr.take().map(|stderr| tokio::spawn(tail(stderr)));
    let status = child.wait().await?;
    let said = match said {
        Some(said) => said.await?,
        None => String::new(),
    };
    Ok((status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::INFRASTRUCTURE), said))
}

/// The end of what is said.
async fn tail(mut from: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut part) = (Vec::new(), [0_u8; 4_096]);
    while let Ok(n @ 1..) = from.read(&mut part).await {
        kept.extend_from_slice(&part[..n]);
        if kept.len() > 2 * TAIL {
            kept.drain(..kept.len() - TAIL);
        }
    }
    let from = kept.len().saturating_sub(TAIL);
    plain(&String::from_utf8_lossy(&kept[from..]), TAIL)
}
