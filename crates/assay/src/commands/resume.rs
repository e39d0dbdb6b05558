//! `assay resume`: go on where a run stopped.

use std::path::{Path, PathBuf};

use assay_engine::earlier::EarlierRun;
use assay_engine::{Options, Prepared, Runner};
use assay_store::RunRow;
use clap::Args;

use super::Failure;
use super::run::{Outcome, execute, resumable};
use assay_home::Home;
use assay_home::usage;

/// Executes the trials of a run that have no outcome yet.
#[derive(Args)]
pub struct Resume {
    /// The run; the newest by default.
    #[arg(default_value = "latest")]
    run: String,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    outcome: Outcome,
}

/// What may differ from how the run began.
#[derive(Args, Default)]
pub struct Choices {
    /// Execute trials again that failed, were cancelled, or that a budget refused.
    #[arg(long)]
    pub retry_errors: bool,
    /// Trials in flight at once.
    #[arg(short = 'j', long)]
    pub concurrency: Option<usize>,
    /// Refuse every connection that is not to this machine.
    #[arg(long, env = "ASSAY_OFFLINE")]
    pub offline: bool,
    /// Dollars that may be spent in all, instead of the suite's budget.
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,
    /// The most that the response cache may take on disk, least recently used answers removed first [default: 4GiB].
    #[arg(long, env = "ASSAY_CACHE_MAX", value_name = "SIZE", value_parser = super::cache::size)]
    pub cache_max: Option<u64>,
}

impl Resume {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let row = home.state.find_run(&self.run).await?;
        assay_home::audit::note("run", row.record.id.to_string());
        home.baseline_run(&row.record, &self.outcome.against()).await?;
        let runner = prepare(&home, row, &self.choices).await?;
        Ok(execute(&home, runner, &self.outcome).await?.code)
    }
}

/// A run that goes on.
pub async fn prepare(home: &Home, mut row: RunRow, choices: &Choices) -> Result<Runner, Failure> {
    if !resumable(row.status) && !choices.retry_errors {
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
        concurrency: choices.concurrency,
        offline: choices.offline,
        max_usd: choices.max_cost,
        cache_most: choices.cache_max,
        library: Some(home.library()),
        ..Options::default()
    };
    let mut prepared =
        Prepared::from_text(&record.suite_text, &home.workspace.find_recorded(&record.suite_path), &options)?;
    if let Some(answers) = record.answers_of {
        let earlier = home.state.find_run(&answers.run.to_string()).await?;
        prepared.earlier = Some(EarlierRun { run: earlier.record, only: answers.only });
    }
    prepared.preflight().await?;
    if let Some(usd) = choices.max_cost {
        row.record.budget.usd = Some(usd);
    }
    Ok(Runner::resume(&home.workspace, &home.state, prepared, row, choices.retry_errors).await?)
}
