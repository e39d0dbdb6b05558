//! `assay release attach`, `approve`, `reject`, `waive`, `ship` and `rollback`: what people say of a release.

use std::path::PathBuf;

use assay_release::decide::{Block, Why};
use assay_release::record::{Event, Waiver};
use assay_report::plain;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{Act, who};
use crate::exit;
use assay_home::desk::{Desk, Reference};
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

/// What was done, for people or programs.
fn done(act: &Act, number: u64, by: &str, event: &str, text: &str) {
    match act.json {
        true => say(&json!({"release": number, "event": event, "by": by}).to_string()),
        false => say(text),
    }
}

impl Attach {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let mut at = desk.at_work(&self.act.release, None).await?;
        let by = who(self.act.by.as_deref())?;
        let (document, reference) = self.document;
        let shown = plain(&reference, 200);
        let path = PathBuf::from(&reference);
        let of = match path.is_file() {
            true => Reference::File(path),
            false if reference.contains("://") => Reference::Address(reference),
            false => return Err(usage(format!("there is no file `{shown}`; an address has `://` in it"))),
        };
        desk.attach(&mut at, &document, of, &by).await?;
        let number = at.number;
        done(&self.act, number, &by, "attached", &format!("release {number}: {document} is {shown}"));
        Ok(exit::PASS)
    }
}

impl Approve {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let mut at = desk.at_work(&self.act.release, None).await?;
        let by = who(self.act.by.as_deref())?;
        desk.approve(&mut at, &self.reason, &by).await?;
        let number = at.number;
        done(&self.act, number, &by, "approved", &format!("release {number}: {by} agrees to it as it stands"));
        if !self.act.json {
            held(&desk.blocks(&at).await?);
        }
        Ok(exit::PASS)
    }
}

impl Reject {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let mut at = desk.at_work(&self.act.release, None).await?;
        let by = who(self.act.by.as_deref())?;
        desk.reject(&mut at, &self.reason, &by).await?;
        let number = at.number;
        let text = format!("release {number}: {by} rejects it; a new evaluation, or {by}'s approval, opens it again");
        done(&self.act, number, &by, "rejected", &text);
        Ok(exit::PASS)
    }
}

impl Waive {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let mut at = desk.at_work(&self.act.release, None).await?;
        let by = who(self.act.by.as_deref())?;
        let waiver = Waiver {
            rule: self.rule,
            name: String::new(),
            reason: self.reason,
            owner: self.owner,
            follow_up: self.follow_up,
            until: self.until,
        };
        let waiver = desk.waive(&mut at, waiver, &by).await?;
        let number = at.number;
        let shown = format!(
            "release {number}: until {} it is not held up by {} ({}); {} sees to: {}",
            waiver.until,
            plain(&waiver.rule, 100),
            plain(&waiver.name, 200),
            plain(&waiver.owner, 100),
            plain(&waiver.follow_up, 300),
        );
        done(&self.act, number, &by, "waived", &shown);
        Ok(exit::PASS)
    }
}

impl Ship {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let mut at = desk.at_work(&self.act.release, None).await?;
        let by = who(self.act.by.as_deref())?;
        let why = self.reason.trim();
        let shipped = desk.ship(&mut at, why, self.emergency, &by).await?;
        let number = at.number;
        let event = match shipped {
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
        let Event::Shipped { stage, name, share, emergency, .. } = &event else { return Ok(exit::PASS) };
        if self.act.json {
            say(&serde_json::to_string_pretty(&json!({"release": number, "shipped": true, "by": by, "step": event}))?);
            return Ok(exit::PASS);
        }
        say(&format!("release {number}: {name} ({:.0}% of users), {}", share * 100.0, plain(why, 300)));
        if let Some(emergency) = emergency {
            say(&format!("as an emergency: the evidence is owed by {}; passed over:", emergency.review_by));
            emergency.passed_over.iter().for_each(|text| say(&format!("  {}", plain(text, 500))));
        }
        if let Some(next) = at.policy.stages.get(stage + 1) {
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
        let mut at = desk.at_work(&self.act.release, None).await?;
        let by = who(self.act.by.as_deref())?;
        desk.roll_back(&mut at, &self.reason, &by).await?;
        let number = at.number;
        done(&self.act, number, &by, "rolled_back", &format!("release {number} is rolled back"));
        Ok(exit::PASS)
    }
}
