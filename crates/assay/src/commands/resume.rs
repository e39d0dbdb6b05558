//! `assay resume`: go on where a run stopped.

use std::path::{Path, PathBuf};

use assay_engine::{Options, Prepared, Runner};
use clap::Args;

use super::Failure;
use super::run::{Outcome, execute, resumable, usage};
use crate::load::Home;

/// Executes the trials of a run that have no outcome yet.
#[derive(Args)]
pub struct Resume {
    /// The run; the newest by default.
    #[arg(default_value = "latest")]
    run: String,
    /// Execute trials again that failed, or that a budget refused.
    #[arg(long)]
    retry_errors: bool,
    /// Trials in flight at once.
    #[arg(short = 'j', long)]
    concurrency: Option<usize>,
    /// Refuse every connection that is not to this machine.
    #[arg(long, env = "ASSAY_OFFLINE")]
    offline: bool,
    /// Dollars that may be spent in all, instead of the suite's budget.
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    #[command(flatten)]
    outcome: Outcome,
}

impl Resume {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let mut row = home.state.find_run(&self.run).await?;
        if !resumable(row.status) && !self.retry_errors {
            return Err(usage(format!(
                "run {} is complete; `--retry-errors` executes its {} failed trials again",
                row.record.id.short(),
                row.totals.finished() - row.totals.ok
            )));
        }
        let record = &row.record;
        let options = Options {
            tier: record.tier.clone(),
            epochs: Some(record.epochs),
            seed: Some(record.seed),
            targets: record.targets.iter().map(|target| target.name.clone()).collect(),
            concurrency: self.concurrency,
            offline: self.offline,
            max_usd: self.max_cost,
            ..Options::default()
        };
        let prepared = Prepared::from_text(&record.suite_text, Path::new(&record.suite_path), &options)?;
        prepared.preflight().await?;
        if let Some(usd) = self.max_cost {
            row.record.budget.usd = Some(usd);
        }
        let runner = Runner::resume(&home.workspace, &home.state, prepared, row, self.retry_errors).await?;
        execute(&home, runner, &self.outcome).await
    }
}
