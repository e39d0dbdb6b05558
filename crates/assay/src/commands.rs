//! One file per command.

mod audit;
mod baseline;
mod cache;
mod ci;
mod compare;
mod dataset;
mod evidence;
mod export;
mod gate;
mod init;
mod judge;
mod notify;
mod plan;
mod policy;
mod query;
mod release;
mod remote;
mod report;
mod resume;
mod review;
pub mod run;
mod runs;
mod schedule;
mod schema;
mod scorers;
mod serve;
mod show;
mod signing;
mod stats;
mod steer;
mod user;
mod validate;

use std::path::PathBuf;

use clap::Subcommand;

pub use assay_home::Failure;
use assay_home::audit::Action;

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Write a first suite that runs at once
    Init(init::Init),
    /// Check suites, policies and notify.yaml without calling anything
    Validate(validate::Validate),
    /// Estimate what a run would need, without a call
    Plan(plan::Plan),
    /// Run a suite
    Run(run::Run),
    /// Go on with a run that was stopped, or retry what failed
    Resume(resume::Resume),
    /// Show, explain and prune the response cache
    Cache(cache::Cache),
    /// List runs
    Runs(runs::Runs),
    /// Run suites at set times
    Schedule(schedule::Schedule),
    /// Show a run, or one of its cases
    Show(show::Show),
    /// Compare a candidate with a baseline, paired by case
    Compare(compare::Compare),
    /// Read the verdict of a run's gate
    Gate(gate::Gate),
    /// Write what CI systems show of a run: JUnit, SARIF, GitLab's reports, a comment, annotations
    Ci(ci::CiCommand),
    /// Name a run to compare with
    Baseline(baseline::Baseline),
    /// Write a report: HTML, Markdown, JSON, JUnit
    Report(report::ReportCommand),
    /// Ask the tables `trials`, `scores` and `runs` in SQL
    Query(query::Query),
    /// Write a run's trials or scores as JSON lines, CSV or Parquet
    Export(export::Export),
    /// Decide on a change: evidence, approvals, waivers, stages
    Release(release::ReleaseCommand),
    /// List, show and copy release policies
    Policy(policy::PolicyCommand),
    /// Tell others what happens: webhooks, chat, issue trackers, model registries
    Notify(notify::NotifyCommand),
    /// Bundle a run, its verdict and what led to it, signed, so that anybody can check it
    Evidence(evidence::Evidence),
    /// Show and check who changed what in the workspace
    Audit(audit::Audit),
    /// Keep datasets as versions
    Dataset(dataset::DatasetCommand),
    /// List and copy judges, calibrate them against people
    Judge(judge::JudgeCommand),
    /// Have people rate answers: projects, raters, agreement, labels
    Review(review::ReviewCommand),
    /// Push runs to a server, have it execute suites, ask it
    Remote(remote::RemoteCommand),
    /// Serve the web page and the HTTP API
    Serve(serve::Serve),
    /// Let people use the server, make keys for programs
    User(user::UserCommand),
    /// List the scorers
    Scorers(scorers::Scorers),
    /// Plan sample sizes and compute intervals
    Stats(stats::Stats),
    /// Print the JSON Schema of suite, policy, rubric and notification files
    Schema(schema::Schema),
}

impl Command {
    /// What the command changes in the workspace; every command that does is recorded in the audit log. (`init` writes the
    /// user's own files and needs no workspace.)
    fn mutates(&self) -> Option<Action> {
        match self {
            Self::Run(command) => Some(command.mutates()),
            Self::Resume(_) => Some(Action::new("resume").beginning_itself()),
            Self::Cache(command) => command.mutates(),
            Self::Runs(command) => command.mutates(),
            Self::Schedule(command) => command.mutates(),
            Self::Baseline(command) => command.mutates(),
            Self::Dataset(command) => command.mutates(),
            Self::Release(command) => command.mutates(),
            Self::Judge(command) => command.mutates(),
            Self::Notify(command) => command.mutates(),
            Self::Review(command) => command.mutates(),
            Self::Evidence(command) => command.mutates(),
            Self::Audit(command) => command.mutates(),
            Self::User(command) => command.mutates(),
            Self::Init(_)
            | Self::Validate(_)
            | Self::Plan(_)
            | Self::Show(_)
            | Self::Compare(_)
            | Self::Gate(_)
            | Self::Ci(_)
            | Self::Report(_)
            | Self::Query(_)
            | Self::Export(_)
            | Self::Policy(_)
            | Self::Scorers(_)
            | Self::Serve(_)
            | Self::Remote(_)
            | Self::Stats(_)
            | Self::Schema(_) => None,
        }
    }
}

/// Whether others are told at the end of a command, and whether that may leave this machine.
#[derive(Clone, Copy)]
pub struct Telling {
    /// Nobody is told now.
    pub silent: bool,
    /// Only this machine is called.
    pub offline: bool,
}

/// Runs a command and records what it changed; gives its exit code. What others are to hear of it they are told at its end.
pub async fn dispatch(command: Command, workspace: Option<PathBuf>, telling: Telling) -> Result<u8, Failure> {
    let action = command.mutates();
    // Other commands write no events, or deliver them themselves.
    let tells = matches!(
        command,
        Command::Run(_)
            | Command::Resume(_)
            | Command::Runs(_)
            | Command::Release(_)
            | Command::Baseline(_)
            | Command::Judge(_)
    );
    let near = action.as_ref().filter(|_| tells && !telling.silent).map(|action| action.near.clone());
    let ended = assay_home::audit::recorded(action, workspace.clone(), execute(command, workspace.clone())).await;
    if let Some(near) = near {
        notify::after(workspace, &near, telling.offline).await;
    }
    ended
}

async fn execute(command: Command, workspace: Option<PathBuf>) -> Result<u8, Failure> {
    match command {
        Command::Init(command) => command.run(),
        Command::Validate(command) => command.run(workspace).await,
        Command::Plan(command) => command.run(workspace).await,
        Command::Run(command) => command.run(workspace).await,
        Command::Resume(command) => command.run(workspace).await,
        Command::Cache(command) => command.run(workspace).await,
        Command::Runs(command) => command.run(workspace).await,
        Command::Schedule(command) => command.run(workspace).await,
        Command::Show(command) => command.run(workspace).await,
        Command::Compare(command) => command.run(workspace).await,
        Command::Gate(command) => command.run(workspace).await,
        Command::Ci(command) => command.run(workspace).await,
        Command::Baseline(command) => command.run(workspace).await,
        Command::Report(command) => command.run(workspace).await,
        Command::Query(command) => command.run(workspace).await,
        Command::Export(command) => command.run(workspace).await,
        Command::Release(command) => command.run(workspace).await,
        Command::Policy(command) => command.run(),
        Command::Notify(command) => command.run(workspace).await,
        Command::Evidence(command) => command.run(workspace).await,
        Command::Audit(command) => command.run(workspace),
        Command::Dataset(command) => command.run(workspace).await,
        Command::Judge(command) => command.run(workspace).await,
        Command::Review(command) => command.run(workspace).await,
        Command::Serve(command) => command.run(workspace).await,
        Command::Remote(command) => command.run(workspace).await,
        Command::User(command) => command.run(workspace).await,
        Command::Scorers(command) => command.run(),
        Command::Stats(command) => command.run(workspace).await,
        Command::Schema(command) => command.run(),
    }
}

/// Prints a line; a reader that has gone away is no fault.
pub fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}
