//! `assay runs`: the newest runs.

use std::path::{Path, PathBuf};

use assay_report::{numbers, terminal};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failure, say};
use crate::exit;
use crate::load::Home;

/// Lists runs, the newest first.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    #[command(subcommand)]
    what: Option<What>,
    /// Only runs of this suite.
    #[arg(long)]
    suite: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// How many calls might be in flight on each account while a run went on, and why that changed.
    Limits {
        /// The run.
        #[arg(default_value = "latest")]
        run: String,
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
}

impl Runs {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        if let Some(What::Limits { run, json }) = self.what {
            return limits(&home, &run, json).await;
        }
        let rows = home.state.runs(self.suite.as_deref(), self.limit).await?;
        if self.json {
            for row in &rows {
                say(&json!({"id": row.record.id, "suite": row.record.suite, "status": row.status,
                            "started_us": row.record.started_us, "totals": row.totals})
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

async fn limits(home: &Home, run: &str, json: bool) -> Result<u8, Failure> {
    let record = home.state.find_run(run).await?.record;
    let changes = home.state.limit_changes(record.id).await?;
    if json {
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
