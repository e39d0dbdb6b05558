//! `assay judge`: judges as files and as instruments. One file per command.

mod calibrate;
mod check;
mod compare;
mod files;
mod jury;
mod next;
mod probe;
mod report;
mod tune;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Failure;
use assay_home::Home;
use assay_home::audit::Action;

/// Lists and copies judges, calibrates them against people, and shows what they may be used for.
#[derive(Args)]
pub struct JudgeCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the built-in judges
    List(files::List),
    /// Print a judge: a built-in one, or a file, which is checked
    Show(files::Show),
    /// Copy a judge into a file of your own
    Copy(files::Copy),
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
    /// What several judges say together: labels that weigh them, how each errs, how many independent ones they are
    Jury(jury::Jury),
    /// Try solved examples and other words for a judge's prompt, and report the best one once on answers held out
    Tune(Box<tune::Tune>),
}

impl JudgeCommand {
    /// What the command changes.
    pub fn mutates(&self) -> Option<Action> {
        match &self.what {
            What::Calibrate(command) => Some(Action::new("judge calibrate").on("judge", &command.judge)),
            What::Check(command) => Some(Action::new("judge check").on("judge", &command.judge)),
            What::Tune(command) => command.mutates(),
            What::List(_)
            | What::Show(_)
            | What::Copy(_)
            | What::Report(_)
            | What::Probe(_)
            | What::Compare(_)
            | What::Jury(_) => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = || Home::open(workspace, Path::new("."));
        match self.what {
            What::List(command) => command.run(),
            What::Show(command) => command.run(),
            What::Copy(command) => command.run(),
            What::Calibrate(command) => command.run(&home().await?).await,
            What::Report(command) => command.run(&home().await?).await,
            What::Check(command) => command.run(&home().await?).await,
            What::Probe(command) => command.run(&home().await?).await,
            What::Compare(command) => command.run(&home().await?).await,
            What::Jury(command) => command.run(&home().await?).await,
            What::Tune(command) => command.run(&home().await?).await,
        }
    }
}
