//! `assay release`: decisions on changes, with everything that led to them on record. One file per step.

mod evaluate;
mod memo;
mod observe;
mod open;
mod say_so;
mod show;

use std::path::{Path, PathBuf};

use assay_engine::execute::now_us;
use assay_release::record::{self, Event};
use assay_release::{Entry, Policy, Release, notice};
use assay_store::{Outgoing, Releases};
use clap::{Args, Subcommand};

use super::run::usage;
use super::{Failure, policy};
use crate::audit::{self, Action};
use crate::load::Home;
use assay_engine::git;

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

/// The workspace with its releases.
struct Desk<'a> {
    home: &'a Home,
    releases: Releases,
}

/// The memo of a release as it stands, as Markdown.
pub async fn memo(home: &Home, release: u64) -> Result<String, Failure> {
    let desk = Desk { releases: Releases::open(&home.workspace).await?, home };
    Ok(memo::written(&desk, &release.to_string()).await?.markdown())
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

impl Desk<'_> {
    /// A release by its number.
    async fn find(&self, word: &str) -> Result<(u64, Release), Failure> {
        let numbers = self.releases.numbers().await?;
        let number = match word {
            "latest" => numbers.first().copied(),
            word => word.trim_start_matches('r').parse().ok().filter(|number| numbers.contains(number)),
        };
        let Some(number) = number else {
            return Err(usage(match numbers.is_empty() {
                true => "there are no releases yet: `assay release open` proposes one".to_owned(),
                false => {
                    format!("there is no release `{}`: `assay release list` lists them", assay_report::plain(word, 80))
                }
            }));
        };
        let lines = self.releases.lines(number).await?;
        let release =
            Release::read(lines.iter().map(String::as_str)).map_err(|error| format!("release {number}: {error}"))?;
        Ok((number, release))
    }

    /// The policy of a release as its file says now, and its text.
    fn policy_of(&self, release: &Release) -> Result<(Policy, String), Failure> {
        policy::remembered(&release.opened.policy, &self.home.workspace).map_err(|error| match error
            .downcast::<assay_suite::Diagnostics>(
        ) {
            Ok(diagnostics) => diagnostics,
            Err(error) => usage(format!("the policy of the release: {error}")),
        })
    }

    /// What others are told of a line of a release's log.
    fn told(&self, number: u64, release: &Release, entry: &Entry) -> Outgoing {
        // A policy that cannot be read any more keeps nobody from hearing.
        let policy = self.policy_of(release).ok().map(|(policy, _)| policy);
        let (opened, stage) = (&release.opened, release.next_stage());
        let required = policy.iter().flat_map(|policy| policy.required(&opened.changes, opened.risk, stage));
        let suites = required.map(|requirement| requirement.suite.clone()).collect();
        let stages = policy.as_ref().map_or(0, |policy| policy.stages.len());
        Outgoing {
            kind: notice::kind(&entry.event),
            subject: format!("release/{number}"),
            at_us: entry.at_us,
            data: notice::data(number, release, &entry.event, &entry.by, &suites, stages),
        }
    }

    /// Writes an event down after the newest line that was read.
    async fn append(&self, number: u64, release: &mut Release, by: &str, event: Event) -> Result<(), Failure> {
        let entry = Entry { previous: release.head(), at_us: now_us(), by: by.to_owned(), event };
        let (line, digest) = record::line(&entry)?;
        let told = self.told(number, release, &entry);
        if !self.releases.append(number, release.log.len(), &line, &told).await? {
            return Err(usage(format!("somebody else wrote to release {number} just now: look at it again")));
        }
        // As the next reader will find it.
        release.push(digest, serde_json::from_str(&line)?);
        Ok(())
    }
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
    let set = std::env::var("ASSAY_USER").is_ok_and(|name| !name.trim().is_empty());
    let address = || git::answer(Path::new("."), &["config", "user.email"]).filter(|address| !address.is_empty());
    Ok(match set {
        true => assay_datasets::library::who(),
        false => address().unwrap_or_else(assay_datasets::library::who),
    })
}

/// A reason that says something.
fn reason(text: &str) -> Result<String, Failure> {
    match text.trim() {
        "" => Err(usage("--reason needs a text: it is recorded".into())),
        text => Ok(text.to_owned()),
    }
}
