//! `assay release attach`, `approve`, `reject`, `waive`, `ship` and `rollback`: what people say of a release.

use std::path::Path;

use assay_core::Digest;
use assay_release::decide::{Block, Decision, Why, day};
use assay_release::record::{Event, Stand, Waiver, person};
use assay_release::{Policy, Release};
use assay_report::plain;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{Act, reason, who};
use crate::exit;
use assay_home::desk::Desk;
use assay_home::desk::observe;
use assay_home::usage;

/// Attaches documents that the policy asks for.
#[derive(Args)]
pub struct Attach {
    /// A document's name in the policy, and a file or an address: `limits=docs/limits.md`. A file must stay as it is.
    #[arg(value_name = "DOCUMENT=FILE", value_parser = super::super::run::label)]
    document: (String, String),
    #[command(flatten)]
    pub(super) act: Act,
}

/// Agrees to the release as it stands: whatever changes later needs a new approval.
#[derive(Args)]
pub struct Approve {
    #[command(flatten)]
    pub(super) act: Act,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// Disagrees with the release as it stands.
#[derive(Args)]
pub struct Reject {
    #[command(flatten)]
    pub(super) act: Act,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// Lets a rule not hold the release up until a day.
#[derive(Args)]
pub struct Waive {
    /// The rule, as `assay release show` names it (`chat@full#2`), or `document:NAME`.
    rule: String,
    #[command(flatten)]
    pub(super) act: Act,
    /// The last day on which it holds, such as 2027-01-31 (UTC).
    #[arg(long, value_name = "DAY")]
    until: String,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Who sees to the follow-up.
    #[arg(long)]
    owner: String,
    /// What will be done.
    #[arg(long)]
    follow_up: String,
}

/// Takes the next step of the rollout, if nothing holds it up.
#[derive(Args)]
pub struct Ship {
    #[command(flatten)]
    pub(super) act: Act,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Pass over what is missing, as far as the policy lets people decide so. It is recorded for ever.
    #[arg(long)]
    emergency: bool,
}

/// Records that the change was taken back. The release is over then.
#[derive(Args)]
pub struct Rollback {
    #[command(flatten)]
    pub(super) act: Act,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// A release that is not over, with its policy and who acts.
async fn at_work(desk: &Desk<'_>, act: &Act) -> Result<(u64, Release, Policy, String, String), Failure> {
    let (number, release) = desk.find(&act.release).await?;
    let (policy, text) = desk.policy_of(&release)?;
    if release.stand(policy.stages.len()) == Stand::RolledBack {
        return Err(usage(format!("release {number} was rolled back: open a new one")));
    }
    Ok((number, release, policy, text, who(act.by.as_deref())?))
}

/// What was done, for people or programs.
fn done(act: &Act, number: u64, by: &str, event: &str, text: &str) {
    match act.json {
        true => say(&json!({"release": number, "event": event, "by": by}).to_string()),
        false => say(text),
    }
}

impl Attach {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let (number, mut release, policy, _, by) = at_work(desk, &self.act).await?;
        let (document, reference) = self.document;
        let known: Vec<&str> = policy.documents.iter().map(|of| of.id.as_str()).collect();
        if !known.contains(&document.as_str()) {
            let document = plain(&document, 80);
            return Err(usage(format!(
                "the policy asks for no document `{document}` (it asks for: {})",
                known.join(", ")
            )));
        }
        let digest = match Path::new(&reference).is_file() {
            true => {
                Some(Digest::of_bytes(&std::fs::read(&reference).map_err(|error| format!("{reference}: {error}"))?))
            }
            false if reference.contains("://") => None,
            false => {
                let reference = plain(&reference, 200);
                return Err(usage(format!("there is no file `{reference}`; an address has `://` in it")));
            }
        };
        let text = format!("release {number}: {document} is {}", plain(&reference, 200));
        let reference = match digest {
            Some(_) => desk.home.workspace.recorded(Path::new(&reference)),
            None => reference,
        };
        desk.append(number, &mut release, &by, Event::Attached { document, reference, digest }).await?;
        done(&self.act, number, &by, "attached", &text);
        Ok(exit::PASS)
    }
}

impl Approve {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let (number, mut release, policy, text, by) = at_work(desk, &self.act).await?;
        if release.authors().contains(&person(&by)) {
            return Err(usage(format!("{by} is an author of the change: somebody else must agree")));
        }
        let event = Event::Approved { subject: release.subject(), reason: reason(&self.reason)? };
        desk.append(number, &mut release, &by, event).await?;
        done(&self.act, number, &by, "approved", &format!("release {number}: {by} agrees to it as it stands"));
        if !self.act.json {
            let observed = observe(desk, &policy, &release).await?;
            held(&Decision::new(&policy, &text, &release, &observed).blocks());
        }
        Ok(exit::PASS)
    }
}

impl Reject {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let (number, mut release, _, _, by) = at_work(desk, &self.act).await?;
        desk.append(number, &mut release, &by, Event::Rejected { reason: reason(&self.reason)? }).await?;
        let text = format!("release {number}: {by} rejects it; a new evaluation, or {by}'s approval, opens it again");
        done(&self.act, number, &by, "rejected", &text);
        Ok(exit::PASS)
    }
}

impl Waive {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let (number, mut release, policy, text, by) = at_work(desk, &self.act).await?;
        if day(&self.until).is_none() {
            return Err(usage(format!("--until {}: write a day as `2027-01-31`", plain(&self.until, 80))));
        }
        let mut waiver = Waiver {
            rule: self.rule,
            name: String::new(),
            reason: reason(&self.reason)?,
            owner: self.owner,
            follow_up: self.follow_up,
            until: self.until,
        };
        let observed = observe(desk, &policy, &release).await?;
        Decision::new(&policy, &text, &release, &observed).waive(&by, &mut waiver).map_err(usage)?;
        let shown = format!(
            "release {number}: until {} it is not held up by {} ({}); {} sees to: {}",
            waiver.until,
            plain(&waiver.rule, 100),
            plain(&waiver.name, 200),
            plain(&waiver.owner, 100),
            plain(&waiver.follow_up, 300),
        );
        desk.append(number, &mut release, &by, Event::Waived(waiver)).await?;
        done(&self.act, number, &by, "waived", &shown);
        Ok(exit::PASS)
    }
}

impl Ship {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let (number, mut release, policy, text, by) = at_work(desk, &self.act).await?;
        let why = reason(&self.reason)?;
        let observed = observe(desk, &policy, &release).await?;
        let decision = Decision::new(&policy, &text, &release, &observed);
        let decided = if self.emergency { decision.ship_in_emergency(&why) } else { decision.ship(&why) };
        let event = match decided {
            Ok(event) => event,
            Err(blocks) => {
                if self.act.json {
                    say(&serde_json::to_string_pretty(
                        &json!({"release": number, "shipped": false, "blocks": blocks}),
                    )?);
                } else {
                    say(&format!("release {number} is held up:"));
                    held(&blocks);
                }
                return Ok(code(&blocks));
            }
        };
        desk.releases.keep_policy(&text).await?;
        desk.append(number, &mut release, &by, event.clone()).await?;
        let Event::Shipped { stage, name, share, emergency, .. } = &event else { return Ok(exit::PASS) };
        if self.act.json {
            say(&serde_json::to_string_pretty(&json!({"release": number, "shipped": true, "by": by, "step": event}))?);
            return Ok(exit::PASS);
        }
        say(&format!("release {number}: {name} ({:.0}% of users), {}", share * 100.0, plain(&why, 300)));
        if let Some(emergency) = emergency {
            say(&format!("as an emergency: the evidence is owed by {}; passed over:", emergency.review_by));
            emergency.passed_over.iter().for_each(|text| say(&format!("  {}", plain(text, 500))));
        }
        if let Some(next) = policy.stages.get(stage + 1) {
            say(&format!("next: `{}` to {:.0}%, after {} hours", next.name, next.share * 100.0, next.after_hours));
        }
        Ok(exit::PASS)
    }
}

/// Prints what holds a release up.
fn held(blocks: &[Block]) {
    for block in blocks {
        say(&format!("  {}", plain(&block.to_string(), 500)));
    }
}

/// 3 when more evidence could lift everything that holds a release up, else 1; 2 when it is over.
fn code(blocks: &[Block]) -> u8 {
    if blocks.iter().any(|block| block.why == Why::Over) {
        exit::USAGE
    } else if blocks.iter().all(Block::undecided) {
        exit::INCONCLUSIVE
    } else {
        exit::FAIL
    }
}

impl Rollback {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let (number, mut release, _, _, by) = at_work(desk, &self.act).await?;
        if release.shipped().is_none() {
            return Err(usage(format!("release {number} was never shipped")));
        }
        desk.append(number, &mut release, &by, Event::RolledBack { reason: reason(&self.reason)? }).await?;
        done(&self.act, number, &by, "rolled_back", &format!("release {number} is rolled back"));
        Ok(exit::PASS)
    }
}
