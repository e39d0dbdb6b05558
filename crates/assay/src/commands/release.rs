//! `assay release`: decisions on changes, with everything that led to them on record. One file per step.

mod evaluate;
mod memo;
mod open;
mod say_so;
mod show;

use std::path::{Path, PathBuf};

use assay_store::Releases;
use clap::{Args, Subcommand};

use super::Failure;
use assay_home::Home;
use assay_home::audit::{self, Action};
use assay_home::desk::Desk;
use assay_home::usage;

/// Decides on changes.
#[derive(Args)]
pub struct ReleaseCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Propose a change
    Open(open::Open),
    /// Read the policy off the candidate's runs; the exit code says the verdict
    Evaluate(evaluate::Evaluate),
    /// Attach a document that the policy asks for
    Attach(say_so::Attach),
    /// Agree to the release as it stands
    Approve(say_so::Approve),
    /// Disagree with the release as it stands
    Reject(say_so::Reject),
    /// Let a rule not hold the release up until a day
    Waive(say_so::Waive),
    /// Take the next step of the rollout, if nothing holds it up
    Ship(say_so::Ship),
    /// Record that the change was taken back
    Rollback(say_so::Rollback),
    /// Show a release: verdicts, people, what holds it up, its log
    Show(show::Show),
    /// Write the decision on one page: what changed, how sure, what it costs, risks, limitations
    Memo(memo::MemoCommand),
    /// List releases
    List(show::List),
}

impl ReleaseCommand {
    /// What the command changes. What people wrote stands in the log of the release.
    pub fn mutates(&self) -> Option<Action> {
        let on = |name, act: &Act| Some(Action::new(name).on("release", &act.release).acting_as(act.by.as_deref()));
        match &self.what {
            What::Open(command) => {
                Some(Action::new("release open").on("policy", &command.policy).acting_as(command.by.as_deref()))
            }
            What::Evaluate(command) => on("release evaluate", &command.act),
            What::Attach(command) => on("release attach", &command.act),
            What::Approve(command) => on("release approve", &command.act),
            What::Reject(command) => on("release reject", &command.act),
            What::Waive(command) => on("release waive", &command.act),
            What::Ship(command) => on("release ship", &command.act),
            What::Rollback(command) => on("release rollback", &command.act),
            What::Show(_) | What::Memo(_) | What::List(_) => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let desk = Desk { releases: Releases::open(&home.workspace).await?, home: &home };
        match self.what {
            What::Open(command) => command.run(&desk).await,
            What::Evaluate(command) => command.run(&desk).await,
            What::Attach(command) => command.run(&desk).await,
            What::Approve(command) => command.run(&desk).await,
            What::Reject(command) => command.run(&desk).await,
            What::Waive(command) => command.run(&desk).await,
            What::Ship(command) => command.run(&desk).await,
            What::Rollback(command) => command.run(&desk).await,
            What::Show(command) => command.run(&desk).await,
            What::Memo(command) => command.run(&desk).await,
            What::List(command) => command.run(&desk).await,
        }
    }
}

/// The memo of a release as it stands, as Markdown.
pub async fn memo(home: &Home, release: u64) -> Result<String, Failure> {
    let desk = Desk { releases: Releases::open(&home.workspace).await?, home };
    Ok(desk.memo(&release.to_string()).await?.markdown())
}

/// Which release, and who acts.
#[derive(Args)]
struct Act {
    /// The release: its number, or `latest`.
    #[arg(default_value = "latest")]
    release: String,
    /// Who acts; by default ASSAY_USER, the address that git knows, or the account's name. Nothing here proves it.
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Who acts, as it goes into the logs of the release and of the workspace.
fn who(named: Option<&str>) -> Result<String, Failure> {
    let by = name_of(named)?;
    audit::acts_as(&by);
    Ok(by)
}

/// The name that is given, else ASSAY_USER, the address that git knows, or the account's name.
fn name_of(named: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = named {
        return match name.trim() {
            "" => Err(usage("--as needs a name".into())),
            name if name.chars().any(char::is_control) => Err(usage("--as: a name has no control characters".into())),
            name => Ok(name.to_owned()),
        };
    }
    Ok(assay_home::person())
}
