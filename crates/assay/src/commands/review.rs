//! `assay review`: the human evaluation program. One file per command.

mod adjudicate;
mod budget;
mod create;
mod exchange;
mod labels;
mod plan;
mod rate;
mod raters;
mod relabel;
mod report;
mod screen;
mod show;

use std::path::{Path, PathBuf};

use assay_core::Money;
use assay_review::{Pay, Review};
use clap::{Args, Subcommand};

use super::Failure;
use assay_home::Home;
use assay_home::audit::Action;

/// People rate answers: samples with chances, blocks in which raters overlap, hidden gold, adjudication, agreement with
/// intervals, labels for calibration.
#[derive(Args)]
pub struct ReviewCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Plan a program: items, raters and gold for a question, before anything is made
    Plan(plan::Plan),
    /// Make a project: draw items from a run or a file and lay out who rates which
    Create(Box<create::Create>),
    /// List projects, or show one: how far it is, its raters, one of its items with its whole history
    Show(show::Show),
    /// Rate items, one after the other, by keyboard (training and quiz first)
    Rate(rate::Rate),
    /// Settle what raters do not agree on and what they flagged
    Adjudicate(adjudicate::Adjudicate),
    /// Report agreement, severity, gold, throughput and cost
    Report(report::ReportCommand),
    /// Write what people say as a label file, for `assay judge calibrate --labels`
    Labels(labels::LabelsCommand),
    /// Write ratings and items for CSV, Label Studio or Argilla, or a packet for a vendor
    Export(exchange::Export),
    /// Take ratings over from CSV, Label Studio, Argilla or a packet that came back
    Import(exchange::Import),
    /// Give a project another version of its rubric; what is asked otherwise is asked again
    Relabel(relabel::Relabel),
    /// Suspend a rater by hand: their ratings stop counting, and others get their items
    Suspend(raters::Suspend),
    /// Let a suspended rater work again, through the quiz where there is one
    Reinstate(raters::Reinstate),
    /// Show what was spent, or change what a project may cost and what work is paid
    Budget(budget::Budget),
}

/// An amount of dollars.
fn dollars(amount: Option<f64>, name: &str) -> Result<Option<Money>, Failure> {
    match amount {
        None => Ok(None),
        Some(amount) if amount.is_finite() && amount > 0.0 && amount < 1e9 => Ok(Some(Money::from_dollars(amount))),
        Some(_) => Err(format!("`{name}` is an amount above 0").into()),
    }
}

/// What work is paid by `--pay` or `--pay-hour`.
fn pay_of(item: Option<f64>, hour: Option<f64>) -> Result<Option<Pay>, Failure> {
    Ok(match (dollars(item, "--pay")?, dollars(hour, "--pay-hour")?) {
        (Some(each), _) => Some(Pay::Item(each)),
        (None, Some(hour)) => Some(Pay::Hour(hour)),
        (None, None) => None,
    })
}

impl ReviewCommand {
    /// What the command changes. A sitting of a rater is one change; its ratings have a history of their own.
    pub fn mutates(&self) -> Option<Action> {
        let on = |name, project: &String| Some(Action::new(name).on("project", project));
        match &self.what {
            What::Create(command) => on("review create", &command.name),
            What::Rate(command) => on("review rate", &command.project),
            What::Adjudicate(command) => on("review adjudicate", &command.project),
            What::Export(command) => on("review export", &command.project),
            What::Import(command) => on("review import", &command.project),
            What::Relabel(command) => on("review relabel", &command.project),
            What::Suspend(command) => on("review suspend", &command.project),
            What::Reinstate(command) => on("review reinstate", &command.project),
            What::Budget(command) if command.changes() => on("review budget", &command.project),
            What::Budget(_) | What::Plan(_) | What::Show(_) | What::Report(_) | What::Labels(_) => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        if let What::Plan(command) = self.what {
            return command.run();
        }
        let home = Home::open(workspace, Path::new(".")).await?;
        let review = Review::open(&home.workspace).await?;
        match self.what {
            What::Plan(command) => command.run(),
            What::Create(command) => command.run(&home, &review).await,
            What::Show(command) => command.run(&review).await,
            What::Rate(command) => command.run(&review).await,
            What::Adjudicate(command) => command.run(&review).await,
            What::Report(command) => command.run(&review).await,
            What::Labels(command) => command.run(&review).await,
            What::Export(command) => command.run(&review).await,
            What::Import(command) => command.run(&review).await,
            What::Relabel(command) => command.run(&review).await,
            What::Suspend(command) => command.run(&review).await,
            What::Reinstate(command) => command.run(&review).await,
            What::Budget(command) => command.run(&review).await,
        }
    }
}
