//! `assay release open`: propose a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_engine::execute::now_us;
use assay_release::policy::digest;
use assay_release::record::{self, Event, NamedRun, Opened, beginning, person};
use assay_release::{Change, Entry, Measured, Release, Risk, paths};
use assay_report::plain;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::who;
use crate::exit;
use assay_engine::git;
use assay_home::desk::Desk;
use assay_home::policies;
use assay_home::usage;

/// Proposes a change: what changed, who changed it, how much harm it could do, and the policy it must meet.
#[derive(Args)]
pub struct Open {
    /// What changed, in a sentence.
    title: String,
    /// The policy: a file, or the name of one that comes with Assay.
    #[arg(long)]
    pub(super) policy: String,
    /// A kind of change: model, prompt, retrieval, agent, tool or policy.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<Change>,
    /// A path that changed; the policy says which kind of change it is.
    #[arg(long = "changed", value_name = "PATH")]
    changed: Vec<String>,
    /// All paths that differ from this commit or branch.
    #[arg(long, value_name = "COMMIT")]
    since: Option<String>,
    /// How much harm it could do: low, medium or high.
    #[arg(long, default_value = "medium", value_parser = risk)]
    risk: Risk,
    /// Who changed it, beside the one who opens the release. Authors do not count as approvers.
    #[arg(long = "author", value_name = "NAME")]
    authors: Vec<String>,
    /// A run of the candidate, and target after a colon; the newest complete run of a suite by default.
    #[arg(long = "candidate", value_name = "RUN[:TARGET]")]
    candidates: Vec<String>,
    /// A run to compare with, and target after a colon; the policy's baseline by default.
    #[arg(long = "baseline", value_name = "RUN[:TARGET]")]
    baselines: Vec<String>,
    /// The target that the release is about, in runs that have several.
    #[arg(long)]
    target: Option<String>,
    /// Who opens it; by default ASSAY_USER, the address that git knows, or the account's name.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) by: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn kind(text: &str) -> Result<Change, String> {
    let known = || Change::ALL.map(Change::as_str).join(", ");
    Change::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("one of {}", known()))
}

fn risk(text: &str) -> Result<Risk, String> {
    [Risk::Low, Risk::Medium, Risk::High]
        .into_iter()
        .find(|risk| risk.as_str() == text)
        .ok_or_else(|| "low, medium or high".to_owned())
}

impl Open {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        if self.title.trim().is_empty() {
            return Err(usage("say in a sentence what changed".into()));
        }
        let (policy, text) = policies::named(&self.policy)?;
        let mut changed = self.changed;
        if let Some(since) = &self.since {
            // `--` keeps a name that begins with a dash from being taken for an option.
            let listed = git::answer(Path::new("."), &["diff", "--name-only", "--end-of-options", since, "--"])
                .ok_or_else(|| usage(format!("git cannot compare with `{}`", plain(since, 200))))?;
            changed.extend(listed.lines().map(str::to_owned));
        }
        let (derived, others) = paths::kinds(&policy.changes, changed.iter().map(String::as_str));
        let changes: BTreeSet<Change> = self.kinds.iter().copied().chain(derived).collect();
        if changes.is_empty() {
            let message = match changed.is_empty() {
                true => "say which kind of change it is: --kind prompt, --changed PATH or --since COMMIT",
                false => "none of the changed paths is of a kind that the policy names: nothing is to be decided",
            };
            eprintln!("{message}");
            return Ok(if changed.is_empty() { exit::USAGE } else { exit::NOTHING });
        }
        let by = who(self.by.as_deref())?;
        let candidate = named_runs(desk, &self.candidates).await?;
        let baseline = named_runs(desk, &self.baselines).await?;
        let opened = Opened {
            title: self.title.trim().to_owned(),
            authors: self.authors.iter().map(String::as_str).chain([by.as_str()]).map(person).collect(),
            changes,
            paths: changed.clone(),
            risk: self.risk,
            policy: policies::recorded(&self.policy, &desk.home.workspace),
            policy_name: policy.policy.clone(),
            policy_digest: digest(&text),
            candidate,
            baseline,
            target: self.target,
        };
        desk.releases.keep_policy(&text).await?;
        let required: Vec<String> =
            policy.required(&opened.changes, opened.risk, 0).iter().map(|requirement| requirement.id()).collect();
        let kinds: Vec<&str> = opened.changes.iter().map(|change| change.as_str()).collect();
        let shown =
            json!({"changes": &kinds, "risk": opened.risk, "policy": opened.policy_digest, "requires": &required});
        let entry = Entry { previous: beginning(), at_us: now_us(), by, event: Event::Opened(Box::new(opened)) };
        let (line, _) = record::line(&entry)?;
        let release = Release::read([line.as_str()])?;
        let number = desk.releases.begin(&line, |number| desk.told(number, &release, &entry)).await?;
        if self.json {
            let mut shown = shown;
            shown["release"] = json!(number);
            say(&serde_json::to_string_pretty(&shown)?);
            return Ok(exit::PASS);
        }
        say(&format!(
            "release {number}: {} ({}, {} risk)",
            plain(self.title.trim(), 200),
            kinds.join(", "),
            self.risk.as_str()
        ));
        say(&format!("policy {} {} requires: {}", policy.policy, digest(&text).short(), required.join(", ")));
        if !others.is_empty() {
            say(&format!("of no kind that the policy names: {}", plain(&others.join(", "), 1_000)));
        }
        say(&format!("next: assay release evaluate {number}"));
        Ok(exit::PASS)
    }
}

/// Runs that are named by the user, by suite.
async fn named_runs(desk: &Desk<'_>, words: &[String]) -> Result<BTreeMap<String, NamedRun>, Failure> {
    let mut runs = BTreeMap::new();
    for word in words {
        let (row, target) = desk.home.find(word).await?;
        if row.status != assay_core::RunStatus::Sealed {
            return Err(usage(format!("run {} is not complete", row.record.id.short())));
        }
        let measured = Measured::of(&row.record, target.as_deref());
        let suite = row.record.suite.clone();
        if runs.insert(suite.clone(), NamedRun { run: row.record.id, target, measured }).is_some() {
            return Err(usage(format!("two runs of the suite `{suite}` are named")));
        }
    }
    Ok(runs)
}
