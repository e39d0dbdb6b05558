//! `assay stats`: statistics without a run: plans, rates, and tables from elsewhere.

mod power;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Failure, say};
use crate::exit;

/// Plans and computes.
#[derive(Args)]
pub struct Stats {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// How many cases show that a candidate is not worse, and what a number of cases can show
    Power(power::Power),
    #[command(flatten)]
    Table(assay_tables::Command),
}

impl Stats {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let answer = match self.what {
            What::Power(power) => return power.run(workspace, self.json).await,
            What::Table(command) => command.answer()?,
        };
        if self.json {
            say(&serde_json::to_string_pretty(answer.json())?);
        } else {
            say(answer.text().trim_end_matches('\n'));
        }
        Ok(if answer.is_alarm() { exit::FAIL } else { exit::PASS })
    }
}
