//! `assay judge`: judges as instruments. One file per command.

mod calibrate;
mod check;
mod compare;
mod label_file;
mod next;
mod probe;
mod report;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Failure;
use crate::load::Home;

/// Calibrates judges against people, and shows what they may be used for.
#[derive(Args)]
pub struct JudgeCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Compare a judge's stored verdicts with labels by people: agreement, errors, bias, grade
    Calibrate(Box<calibrate::Calibrate>),
    /// Show a judge's certificate and what it is worth today, or all of them
    Report(report::Report),
    /// Ask a judge again on its frozen verdicts: is it still what was calibrated?
    Check(check::Check),
    /// Look for biases: order, length, own family, format, slices, flips
    Probe(probe::Probe),
    /// Compare two judges on the same labelled answers
    Compare(compare::Compare),
}

impl JudgeCommand {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        match self.what {
            What::Calibrate(command) => command.run(&home).await,
            What::Report(command) => command.run(&home).await,
            What::Check(command) => command.run(&home).await,
            What::Probe(command) => command.run(&home).await,
            What::Compare(command) => command.run(&home).await,
        }
    }
}
