//! `assay compare`: candidate against baseline.

use std::path::{Path, PathBuf};

use assay_report::terminal;
use clap::Args;

use super::{Failure, say};
use crate::exit;
use assay_home::home::several_targets;
use assay_home::usage;
use assay_home::{Against, Home};

/// Compares two runs, or two targets of one run, paired by case.
#[derive(Args)]
pub struct Compare {
    /// The candidate: a run and, after a colon, a target (`latest:v2`).
    candidate: String,
    /// The baseline; the suite's baseline `main` by default.
    baseline: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Cases that got worse, listed for each scorer.
    #[arg(long, default_value_t = 10)]
    flips: usize,
}

impl Compare {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (row, target) = home.find(&self.candidate).await?;
        let (suite, several) = (row.record.suite.clone(), row.record.targets.len() > 1);
        if several && target.is_none() {
            return Err(several_targets(&row.record, &self.candidate));
        }
        let against = Against::said(self.baseline);
        let (report, _) = home.report(row, target.as_deref(), against).await?;
        let Some(comparison) = &report.comparison else {
            return Err(usage(format!(
                "there is nothing to compare with: name a run and target, or `assay baseline set main RUN` for `{suite}`"
            )));
        };
        if self.json {
            say(&serde_json::to_string_pretty(comparison)?);
        } else {
            say(&terminal::comparison(comparison, self.flips));
        }
        Ok(exit::PASS)
    }
}
