//! `assay runs`: the newest runs.

use std::path::{Path, PathBuf};

use assay_report::{numbers, terminal};
use clap::Args;
use serde_json::json;

use super::{Failure, say};
use crate::exit;
use crate::load::Home;

/// Lists runs, the newest first.
#[derive(Args)]
pub struct Runs {
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

impl Runs {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
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
