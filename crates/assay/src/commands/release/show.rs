//! `assay release show` and `list`.

use std::fmt::Write as _;

use assay_core::RunId;
use assay_release::decide::{Decision, holds_up, requires};
use assay_release::record::Event;
use assay_release::{Policy, Verdict};
use assay_report::{numbers, plain, terminal};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use crate::exit;
use assay_home::desk::Desk;
use assay_home::desk::observe;

/// Shows a release: what changed, its verdicts, who agrees, what holds it up, and its log.
#[derive(Args)]
pub struct Show {
    /// The release: its number, or `latest`.
    #[arg(default_value = "latest")]
    release: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Lists releases, newest first.
#[derive(Args)]
pub struct List {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        if self.json {
            say(&serde_json::to_string_pretty(&desk.view(&self.release).await?)?);
            return Ok(exit::PASS);
        }
        let (number, release) = desk.find(&self.release).await?;
        let (policy, text) = desk.policy_of(&release)?;
        let observed = observe(desk, &policy, &release).await?;
        let decision = Decision::new(&policy, &text, &release, &observed);
        let (stand, blocks) = (release.stand(policy.stages.len()), decision.blocks());
        let opened = &release.opened;
        let kinds: Vec<&str> = opened.changes.iter().map(|change| change.as_str()).collect();
        say(&format!("release {number}: {} ({})", plain(&opened.title, 200), stand.as_str()));
        say(&format!(
            "  {} change, {} risk, by {}",
            kinds.join(" and "),
            opened.risk.as_str(),
            people(release.authors())
        ));
        say(&format!("  policy {} {}", plain(&opened.policy, 200), decision.digest.short()));
        if let Some((_, _, verdicts)) = release.evaluation() {
            verdicts.iter().for_each(|verdict| say(&verdict_lines(&policy, verdict)));
        }
        for (entry, waiver) in release.waivers() {
            let counts = decision
                .counts(entry, waiver)
                .err()
                .map_or_else(String::new, |why| format!(" (does not count: {why})"));
            say(&plain(
                &format!(
                    "waived by {} until {}: {} {}: {}; {} sees to: {}{counts}",
                    entry.by, waiver.until, waiver.rule, waiver.name, waiver.reason, waiver.owner, waiver.follow_up
                ),
                2_000,
            ));
        }
        say(&format!("agree to it as it stands: {}", people(release.approvers())));
        if let Some(owed) = release.owed() {
            say(&format!("it was shipped as an emergency: the evidence is owed by {}", owed.review_by));
        }
        match blocks.is_empty() {
            true => say("nothing holds it up"),
            false => {
                say("what holds it up:");
                blocks.iter().for_each(|block| say(&format!("  {}", plain(&block.to_string(), 500))));
                let hours = (observed.at_us - release.opened_us) / 3_600_000_000;
                if let Some(of) = policy.escalation.as_ref().filter(|of| hours >= i64::from(of.after_hours)) {
                    say(&format!("turn to {}", plain(&of.to, 200)));
                }
            }
        }
        say("log:");
        for (digest, entry) in &release.log {
            let what = plain(&event_words(&entry.event), 300);
            say(&format!("  {} {}  {} {what}", digest.short(), numbers::time(entry.at_us), plain(&entry.by, 80)));
        }
        Ok(exit::PASS)
    }
}

fn people(names: impl IntoIterator<Item = String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| plain(&name, 100)).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// A verdict with its rules, for terminals.
pub fn verdict_lines(policy: &Policy, verdict: &Verdict) -> String {
    let requirement = policy.requirement(&verdict.requirement);
    let run = verdict.run.map_or_else(String::new, |run| format!("run {}, ", run.short()));
    let against = verdict.baseline.map(RunId::short).map_or_else(String::new, |run| format!("against {run}, "));
    let mut text = format!("{}: {} ({run}{against}", verdict.requirement, verdict.kind.as_str());
    let attempts = requirement.map_or(1, |requirement| requirement.attempts);
    let _ = match verdict.run {
        Some(_) => write!(
            text,
            "{}% intervals, attempt {} of {attempts})",
            assay_analysis::gate::percent(verdict.confidence),
            verdict.attempt
        ),
        None => write!(text, "no run)"),
    };
    for finding in &verdict.findings {
        let holds = requirement.is_none_or(|requirement| holds_up(policy, requirement, finding));
        let note =
            if !holds && finding.kind != assay_stats::VerdictKind::Pass { " (the policy only warns)" } else { "" };
        let _ = write!(
            text,
            "\n  {:<12} {}  {}: {}{note}",
            finding.kind.as_str(),
            finding.rule,
            plain(&requires(finding), 200),
            plain(&finding.found, 300)
        );
        for reason in &finding.reasons {
            let _ = write!(text, "\n               {}", plain(reason, 300));
        }
        if let Some(n) = finding.needed_n {
            let _ = write!(text, "\n               about {n} cases would settle it");
        }
    }
    text
}

fn event_words(event: &Event) -> String {
    match event {
        Event::Opened(opened) => format!("opened it under {} {}", opened.policy_name, opened.policy_digest.short()),
        Event::Attached { document, reference, .. } => format!("attached {document}: {reference}"),
        Event::Evaluated { policy, verdicts, .. } => {
            let verdicts: Vec<String> =
                verdicts.iter().map(|verdict| format!("{} {}", verdict.requirement, verdict.kind.as_str())).collect();
            format!("evaluated it under {}: {}", policy.short(), verdicts.join(", "))
        }
        Event::Approved { reason, .. } => format!("agreed: {reason}"),
        Event::Rejected { reason } => format!("rejected it: {reason}"),
        Event::Waived(waiver) => format!("waived {} until {}: {}", waiver.rule, waiver.until, waiver.reason),
        Event::Shipped { name, share, reason, emergency, .. } => {
            let how = if emergency.is_some() { " as an emergency" } else { "" };
            format!("shipped it{how} to {name} ({:.0}%): {reason}", share * 100.0)
        }
        Event::RolledBack { reason } => format!("rolled it back: {reason}"),
    }
}

impl List {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let mut cells = Vec::new();
        for number in desk.releases.numbers().await? {
            // One log that was tampered with does not hide the others.
            let release = match desk.read(number).await {
                Ok(found) => found,
                Err(error) => {
                    eprintln!("{error}");
                    continue;
                }
            };
            let stand = release.stand(desk.stages(&release).await?).as_str();
            let opened = &release.opened;
            if self.json {
                say(&json!({"release": number, "title": opened.title, "stand": stand, "risk": opened.risk,
                            "changes": opened.changes, "policy": opened.policy_name, "opened_us": release.opened_us,
                            "opened_by": release.opened_by})
                .to_string());
                continue;
            }
            cells.push(vec![
                number.to_string(),
                plain(&opened.title, 60),
                stand.to_owned(),
                opened.risk.as_str().to_owned(),
                numbers::time(release.opened_us),
                plain(&release.opened_by, 40),
            ]);
        }
        match (self.json, cells.is_empty()) {
            (true, _) => {}
            (false, true) => say("there are no releases yet: `assay release open` proposes one"),
            (false, false) => {
                say(&terminal::table(&["release", "what", "stands", "risk", "opened", "by"], cells, &[0]))
            }
        }
        Ok(exit::PASS)
    }
}
