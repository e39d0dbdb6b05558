//! `assay release open`: propose a change.

use std::path::Path;

use assay_release::policy::digest;
use assay_release::{Change, Risk};
use assay_report::plain;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::who;
use crate::exit;
use assay_engine::git;
use assay_home::desk::{Desk, Proposal, Proposed};
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
        let (policy, text) = policies::named(&self.policy)?;
        let mut changed = self.changed;
        if let Some(since) = &self.since {
            // `--` keeps a name that begins with a dash from being taken for an option.
            let listed = git::answer(Path::new("."), &["diff", "--name-only", "--end-of-options", since, "--"])
                .ok_or_else(|| usage(format!("git cannot compare with `{}`", plain(since, 200))))?;
            changed.extend(listed.lines().map(str::to_owned));
        }
        if self.kinds.is_empty() && changed.is_empty() {
            return Err(usage(
                "say which kind of change it is: --kind prompt, --changed PATH or --since COMMIT".into(),
            ));
        }
        let version = digest(&text);
        let proposal = Proposal {
            title: self.title,
            policy: (policy, text),
            recorded: policies::recorded(&self.policy, &desk.home.workspace),
            kinds: self.kinds.into_iter().collect(),
            changed,
            risk: self.risk,
            authors: self.authors,
            candidates: self.candidates,
            baselines: self.baselines,
            target: self.target,
        };
        let by = who(self.by.as_deref())?;
        let Some(Proposed { number, release, policy, others }) = desk.open(proposal, &by).await? else {
            eprintln!("none of the changed paths is of a kind that the policy names: nothing is to be decided");
            return Ok(exit::NOTHING);
        };
        let opened = &release.opened;
        let required: Vec<String> =
            policy.required(&opened.changes, opened.risk, 0).iter().map(|requirement| requirement.id()).collect();
        let kinds: Vec<&str> = opened.changes.iter().map(|change| change.as_str()).collect();
        if self.json {
            say(&serde_json::to_string_pretty(&json!({
                "release": number, "changes": kinds, "risk": opened.risk, "policy": version, "requires": required,
            }))?);
            return Ok(exit::PASS);
        }
        say(&format!(
            "release {number}: {} ({}, {} risk)",
            plain(&opened.title, 200),
            kinds.join(", "),
            opened.risk.as_str()
        ));
        say(&format!("policy {} {} requires: {}", policy.policy, version.short(), required.join(", ")));
        if !others.is_empty() {
            say(&format!("of no kind that the policy names: {}", plain(&others.join(", "), 1_000)));
        }
        say(&format!("next: assay release evaluate {number}"));
        Ok(exit::PASS)
    }
}
