//! `assay runs watch`, `pause`, `resume`, `cancel`, `retry`, `limit`: a run that goes on, from another terminal.
//!
//! An order is left in the workspace's state; the process that executes the run takes it within a quarter of a second.

use std::time::{Duration, Instant};

use assay_core::RunStatus;
use assay_core::run::Totals;
use assay_engine::Steering;
use assay_engine::looks::NoReferee;
use assay_report::terminal;
use assay_store::{Journal, Order, RunRow};
use clap::Args;
use serde_json::json;

use super::run::{Outcome, duration, execute};
use super::{Failure, resume, say};
use assay_home::audit;

use crate::exit;
use assay_home::Home;
use assay_home::usage;

/// Which run, and how to answer.
#[derive(Args)]
pub struct Which {
    /// The run.
    #[arg(default_value = "latest")]
    pub run: String,
    /// Print JSON lines.
    #[arg(long)]
    pub json: bool,
}

/// A run as it was; the cache is not shrunk for it.
fn kept() -> resume::Choices {
    resume::Choices { cache_max: Some(u64::MAX), ..Default::default() }
}

/// How long a process may take to take an order.
const PATIENCE: Duration = Duration::from_secs(10);

/// Leaves an order and waits until it is taken.
async fn leave(home: &Home, row: &RunRow, order: Order, json: bool, done: &str) -> Result<u8, Failure> {
    let run = row.record.id;
    let id = home.state.order(run, order).await?;
    let until = Instant::now() + PATIENCE;
    while !home.state.is_taken(id).await? {
        if !home.workspace.is_executing(run) || Instant::now() > until {
            home.state.drop_orders(run).await?;
            return Err(format!("run {} ended, or does not answer", run.short()).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if json {
        say(&json!({"run": run, "order": order}).to_string());
    } else {
        say(&format!("run {} {done}", run.short()));
    }
    Ok(exit::PASS)
}

/// The run, which some process must be executing.
async fn live(home: &Home, word: &str) -> Result<RunRow, Failure> {
    let row = home.state.find_run(word).await?;
    audit::note("run", row.record.id.to_string());
    if home.workspace.is_executing(row.record.id) {
        return Ok(row);
    }
    let short = row.record.id.short();
    Err(usage(match row.status {
        RunStatus::Sealed => format!("run {short} is complete"),
        _ => format!("nobody executes run {short}: `assay resume {short}` goes on with it"),
    }))
}

/// Lets no further trial begin.
pub async fn pause(home: &Home, which: &Which) -> Result<u8, Failure> {
    let row = live(home, &which.run).await?;
    leave(home, &row, Order::Pause, which.json, "is paused: trials in flight end, none begins").await
}

/// Takes a pause back.
pub async fn go_on(home: &Home, which: &Which) -> Result<u8, Failure> {
    let row = live(home, &which.run).await?;
    leave(home, &row, Order::Resume, which.json, "goes on").await
}

/// Another number of trials in flight.
pub async fn limit(home: &Home, which: &Which, trials: u32) -> Result<u8, Failure> {
    let row = live(home, &which.run).await?;
    let done = format!("has at most {trials} trials in flight, and calls on each account");
    leave(home, &row, Order::Limit(trials), which.json, &done).await
}

/// Stops a run for good. One that nobody executes is cancelled here.
pub async fn cancel(home: &Home, which: &Which) -> Result<u8, Failure> {
    let row = home.state.find_run(&which.run).await?;
    audit::note("run", row.record.id.to_string());
    if home.workspace.is_executing(row.record.id) {
        return leave(home, &row, Order::Cancel, which.json, "is cancelled: what has no outcome is recorded so").await;
    }
    if row.status == RunStatus::Sealed {
        return Err(usage(format!("run {} is complete", row.record.id.short())));
    }
    let runner = resume::prepare(home, row, &kept()).await?;
    let steering = Steering::default();
    steering.cancel();
    let finished = runner.execute(steering, &NoReferee).await?;
    if which.json {
        say(&json!({"run": finished.record.id, "order": Order::Cancel, "totals": finished.totals}).to_string());
    } else {
        say(&format!("run {} is cancelled", finished.record.id.short()));
        say(&terminal::totals(&finished.record, &finished.totals));
    }
    Ok(exit::PASS)
}

/// Executes failed trials once more: at the end of a run that goes on, else now.
pub async fn retry(home: &Home, which: &Which) -> Result<u8, Failure> {
    let row = home.state.find_run(&which.run).await?;
    audit::note("run", row.record.id.to_string());
    if home.workspace.is_executing(row.record.id) {
        let done = "executes what failed once more when all else is done";
        return leave(home, &row, Order::Retry, which.json, done).await;
    }
    let choices = resume::Choices { retry_errors: true, ..kept() };
    let runner = resume::prepare(home, row, &choices).await?;
    Ok(execute(home, runner, &Outcome::shown(which.json)).await?.code)
}

/// Shows a run as it goes on, until it ends.
pub async fn watch(home: &Home, which: &Which) -> Result<u8, Failure> {
    let row = home.state.find_run(&which.run).await?;
    let run = row.record.id;
    let mut journal: Option<Journal> = None;
    let mut last: Option<(Instant, u64)> = None;
    let mut shown = (u64::MAX, "", None);
    loop {
        let executing = home.workspace.is_executing(run);
        let row = home.state.find_run(&run.to_string()).await?;
        if executing && journal.is_none() {
            journal = Some(Journal::open(&home.workspace, run).await?);
        }
        let totals = match journal.as_ref().filter(|_| executing) {
            // The state learns of a run at its segments, the journal of each group of trials.
            Some(journal) => journal.totals().await?,
            None => row.totals.clone(),
        };
        let status = match (executing, row.status) {
            (true, _) if home.state.is_paused(run).await? => "paused",
            (true, _) => "running",
            (false, RunStatus::Running) => "stopped",
            (false, status) => status.as_str(),
        };
        // What a process that was killed waited for nobody waits for now.
        let waiting = if executing { home.state.waiting(run).await? } else { None };
        let done = totals.finished();
        let rate =
            last.map_or(0.0, |(at, before)| done.saturating_sub(before) as f64 / at.elapsed().as_secs_f64().max(1e-3));
        last = Some((Instant::now(), done));
        if shown != (done, status, waiting.clone()) {
            show(&row, &totals, status, rate, waiting.as_deref(), which.json);
            shown = (done, status, waiting);
        }
        if !executing {
            return Ok(exit::PASS);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn show(row: &RunRow, totals: &Totals, status: &str, rate: f64, waiting: Option<&str>, json: bool) {
    let done = totals.finished();
    if json {
        let line = json!({"run": row.record.id, "status": status, "done": done, "planned": row.planned, "rate": rate,
                          "waiting": waiting, "totals": totals});
        say(&line.to_string());
        return;
    }
    let mut text = format!("{status:>11}  {done}/{} trials", row.planned);
    if rate > 0.0 {
        let left = row.planned.saturating_sub(done) as f64 / rate;
        text.push_str(&format!("  {rate:.1}/s, {} left", duration(left)));
    }
    if let Some(waiting) = waiting {
        text.push_str(&format!("  {waiting}"));
    }
    if totals.errors > 0 {
        text.push_str(&format!("  {} failed", totals.errors));
    }
    say(&format!("{text}  {}", totals.cost()));
}
