//! `assay runs`: the newest runs, and what can be done with one that goes on.

use std::path::{Path, PathBuf};

use assay_report::{numbers, terminal};
use clap::{Args, Subcommand};
use serde_json::json;

use super::steer::{self, Which};
use super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::audit::Action;

/// Lists runs, the newest first.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    #[command(subcommand)]
    what: Option<What>,
    /// Only runs of this suite.
    #[arg(long)]
    suite: Option<String>,
    /// Only runs with this label.
    #[arg(long, value_name = "KEY=VALUE", value_parser = super::run::label)]
    label: Option<(String, String)>,
    /// At most this many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// Show a run as it goes on, until it ends.
    Watch(Which),
    /// Let no further trial begin; what is in flight ends.
    Pause(Which),
    /// Take a pause back. (`assay resume` goes on with a run that was stopped.)
    Resume(Which),
    /// Stop a run for good: what has no outcome yet is recorded as cancelled.
    Cancel(Which),
    /// Execute failed trials once more: at the end of a run that goes on, else now.
    Retry(Which),
    /// Change how many trials are in flight, and at most how many calls on each account.
    Limit {
        #[command(flatten)]
        which: Which,
        /// Trials in flight.
        #[arg(long = "to", value_name = "TRIALS", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        trials: u32,
    },
    /// How many calls might be in flight on each account while a run went on, and why that changed.
    Limits(Which),
    /// What each target and judge of a run used.
    Spend(Which),
}

impl Runs {
    /// What the command changes.
    pub fn mutates(&self) -> Option<Action> {
        match self.what.as_ref()? {
            What::Pause(_) => Some(Action::new("runs pause")),
            What::Resume(_) => Some(Action::new("runs resume")),
            What::Cancel(_) => Some(Action::new("runs cancel")),
            What::Retry(_) => Some(Action::new("runs retry")),
            What::Limit { trials, .. } => Some(Action::new("runs limit").on("trials", trials.to_string())),
            What::Watch(_) | What::Limits(_) | What::Spend(_) => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        match &self.what {
            None => {}
            Some(What::Watch(which)) => return steer::watch(&home, which).await,
            Some(What::Pause(which)) => return steer::pause(&home, which).await,
            Some(What::Resume(which)) => return steer::go_on(&home, which).await,
            Some(What::Cancel(which)) => return steer::cancel(&home, which).await,
            Some(What::Retry(which)) => return steer::retry(&home, which).await,
            Some(What::Limit { which, trials }) => return steer::limit(&home, which, *trials).await,
            Some(What::Limits(which)) => return limits(&home, which).await,
            Some(What::Spend(which)) => return spend(&home, which).await,
        }
        let label = self.label.as_ref().map(|(key, value)| (key.as_str(), value.as_str()));
        let rows = home.state.runs(self.suite.as_deref(), label, self.limit).await?;
        if self.json {
            for row in &rows {
                say(&json!({"id": row.record.id, "suite": row.record.suite, "status": row.status,
                            "started_us": row.record.started_us, "labels": row.record.labels, "totals": row.totals})
                .to_string());
            }
            return Ok(exit::PASS);
        }
        if rows.is_empty() {
            say("there are no runs yet: start one with `assay run`");
            return Ok(exit::PASS);
        }
        let cells = rows
            .iter()
            .map(|row| {
                let running = row.status == assay_core::RunStatus::Running;
                let status = match running && !home.workspace.is_executing(row.record.id) {
                    true => "stopped (resumable)".to_owned(),
                    false => row.status.as_str().to_owned(),
                };
                vec![
                    row.record.id.short(),
                    row.record.suite.clone(),
                    numbers::time(row.record.started_us),
                    status,
                    format!("{}/{}", row.totals.finished(), row.planned),
                    row.totals.errors.to_string(),
                    row.totals.cost().to_string(),
                ]
            })
            .collect();
        say(&terminal::table(&["run", "suite", "started", "status", "trials", "failed", "cost"], cells, &[4, 5, 6]));
        Ok(exit::PASS)
    }
}

async fn limits(home: &Home, which: &Which) -> Result<u8, Failure> {
    let record = home.state.find_run(&which.run).await?.record;
    let changes = home.state.limit_changes(record.id).await?;
    if which.json {
        for change in &changes {
            say(&serde_json::to_string(change)?);
        }
        return Ok(exit::PASS);
    }
    if changes.is_empty() {
        say("no account's limit changed in this run");
        return Ok(exit::PASS);
    }
    let cells = changes
        .iter()
        .map(|change| {
            let after = (change.at_us - record.started_us).max(0) as f64 / 1e6;
            vec![
                format!("{after:.1} s"),
                assay_report::plain(&change.account, 60),
                change.what.replace('_', " "),
                change.in_flight.to_string(),
                assay_report::plain(&change.why, 100),
            ]
        })
        .collect();
    say(&terminal::table(&["after", "account", "limit", "in flight", "why"], cells, &[0, 3]));
    Ok(exit::PASS)
}

async fn spend(home: &Home, which: &Which) -> Result<u8, Failure> {
    let row = home.state.find_run(&which.run).await?;
    if which.json {
        for spend in &row.totals.spends {
            say(&serde_json::to_string(spend)?);
        }
        return Ok(exit::PASS);
    }
    let cells = row
        .totals
        .spends
        .iter()
        .map(|spend| {
            vec![
                format!("{} {}", spend.role.as_str(), spend.name),
                spend.trials.to_string(),
                spend.cached.to_string(),
                spend.calls.to_string(),
                spend.input_tokens.to_string(),
                spend.output_tokens.to_string(),
                spend.cost.to_string(),
            ]
        })
        .collect();
    let header = ["who", "trials", "from the cache", "calls", "tokens in", "tokens out", "cost"];
    say(&terminal::table(&header, cells, &[1, 2, 3, 4, 5, 6]));
    Ok(exit::PASS)
}
