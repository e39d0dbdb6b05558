//! What keeps a release from being shipped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use assay_core::Digest;
use assay_core::gate::Role;
use assay_stats::VerdictKind;
use serde::Serialize;
use time::Date;
use time::macros::format_description;

use crate::policy::{Approvals, OnInconclusive, digest};
use crate::record::{Emergency, Entry, Event, Stand, Waiver, person};
use crate::{Finding, Policy, Release, Requirement, Verdict};

/// What is true at the moment of a decision.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Now, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// The newest evaluation's verdicts, read off the same stored runs again ([`Verdict::as_stored`]), by requirement.
    pub read_again: BTreeMap<String, Verdict>,
    /// What is no longer what was measured, in words, by requirement.
    pub moved: BTreeMap<String, Vec<String>>,
    /// Digests of attached files as they are now; `None` for one that is gone.
    pub files: BTreeMap<String, Option<Digest>>,
}

/// Why a release is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The release is over: rolled back, or out to everybody.
    Over,
    /// Somebody disagrees.
    Rejected,
    /// A rule failed.
    Failed,
    /// The evidence is no longer about what would be shipped, or somebody changed it.
    Stale,
    /// Nothing was measured that could decide.
    Unmeasured,
    /// The data cannot decide.
    Inconclusive,
    /// A document is missing.
    Document,
    /// Too few people agree.
    Approvals,
    /// The step before has not lasted long enough.
    TooEarly,
}

/// Something that holds a release up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// Why.
    pub why: Why,
    /// The rule or document, as a waiver names it; empty where nothing can be waived.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// In words.
    pub text: String,
}

impl Block {
    fn new(why: Why, text: impl Into<String>) -> Self {
        Self { why, rule: String::new(), text: text.into() }
    }

    /// Whether more evidence could lift it, rather than another change or other people.
    pub const fn undecided(&self) -> bool {
        matches!(self.why, Why::Inconclusive | Why::Unmeasured)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rule.is_empty() {
            write!(f, "{}: ", self.rule)?;
        }
        f.write_str(&self.text)
    }
}

/// What a finding requires, in words, with its target: a waiver is for exactly this.
pub fn requires(finding: &Finding) -> String {
    match finding.target.is_empty() {
        true => finding.name.clone(),
        false => format!("{} [{}]", finding.name, finding.target),
    }
}

/// Whether a finding holds a release up under a policy, were it not waived.
pub fn holds_up(policy: &Policy, requirement: &Requirement, finding: &Finding) -> bool {
    match finding.kind {
        VerdictKind::Pass => false,
        VerdictKind::Fail => true,
        VerdictKind::Inconclusive => {
            let warns = requirement.on_inconclusive.unwrap_or(policy.on_inconclusive) == OnInconclusive::Warn;
            finding.unmeasured || finding.role == Role::Guardrail || !warns
        }
    }
}

/// A release under its policy, at a moment.
pub struct Decision<'a> {
    /// The policy, as its file says now.
    pub policy: &'a Policy,
    /// The policy's version.
    pub digest: Digest,
    /// The release.
    pub release: &'a Release,
    /// What is true now.
    pub observed: &'a Observed,
}

impl<'a> Decision<'a> {
    /// Of a release under the text of its policy.
    pub fn new(policy: &'a Policy, text: &str, release: &'a Release, observed: &'a Observed) -> Self {
        Self { policy, digest: digest(text), release, observed }
    }

    /// Everything that keeps the release from its next stage; empty when it may be shipped.
    pub fn blocks(&self) -> Vec<Block> {
        let (policy, release) = (self.policy, self.release);
        let stage = release.next_stage();
        match release.stand(policy.stages.len()) {
            Stand::RolledBack => return vec![Block::new(Why::Over, "it was rolled back: open a new release")],
            Stand::Shipped => return vec![Block::new(Why::Over, "it is shipped")],
            Stand::Open | Stand::Rejected | Stand::RollingOut => {}
        }
        let mut blocks = Vec::new();
        if let Some(Entry { by, event: Event::Rejected { reason }, .. }) = release.rejection() {
            blocks.push(Block::new(Why::Rejected, format!("{by} rejected it: {reason}")));
        }
        blocks.extend(self.evidence(stage));
        for document in policy.documents(&release.opened.changes, release.opened.risk) {
            if let Some(text) = self.document(&document.id) {
                let rule = format!("document:{}", document.id);
                if !self.waived(&rule, &document.what, true) {
                    blocks.push(Block { why: Why::Document, rule, text: format!("{}: {text}", document.what) });
                }
            }
        }
        let again = policy.stages.get(stage).is_some_and(|stage| stage.approve);
        if stage == 0 || again || release.waived_since_shipped() || release.unsettled_since_shipped(self.digest) {
            let asked = policy.approvals(release.opened.risk);
            blocks.extend(self.lacking(&asked).into_iter().map(|text| Block::new(Why::Approvals, text)));
        }
        if let (Some(step), Some((_, at_us))) = (policy.stages.get(stage), release.shipped()) {
            let hours = (self.observed.at_us - at_us).div_euclid(3_600_000_000);
            if hours < i64::from(step.after_hours) {
                let text = format!(
                    "stage `{}` needs {} hours of the one before, {hours} are over",
                    step.name, step.after_hours
                );
                blocks.push(Block::new(Why::TooEarly, text));
            }
        }
        blocks
    }

    /// What the evidence lacks for a stage.
    fn evidence(&self, stage: usize) -> Vec<Block> {
        let (policy, release) = (self.policy, self.release);
        let required = policy.required(&release.opened.changes, release.opened.risk, stage);
        if required.is_empty() {
            return Vec::new();
        }
        let Some((version, _, verdicts)) = release.evaluation() else {
            return vec![Block::new(Why::Unmeasured, "it was not evaluated: `assay release evaluate`")];
        };
        let mut blocks = Vec::new();
        if version != self.digest {
            let (then, now) = (version.short(), self.digest.short());
            blocks.push(Block::new(Why::Stale, format!("the policy was {then}, now it is {now}: evaluate it again")));
        }
        for requirement in required {
            let id = requirement.id();
            let Some(verdict) = verdicts.iter().find(|verdict| verdict.requirement == id) else {
                blocks.push(Block::new(Why::Unmeasured, format!("`{id}` was not evaluated: `assay release evaluate`")));
                continue;
            };
            blocks.extend(
                self.stale(requirement, verdict)
                    .into_iter()
                    .map(|text| Block::new(Why::Stale, format!("{id}: {text}"))),
            );
            for finding in verdict.findings.iter().filter(|finding| holds_up(policy, requirement, finding)) {
                let name = requires(finding);
                if self.waived(&finding.rule, &name, requirement.waivable) {
                    continue;
                }
                let why = match finding.kind {
                    VerdictKind::Fail => Why::Failed,
                    _ if finding.unmeasured => Why::Unmeasured,
                    _ => Why::Inconclusive,
                };
                blocks.push(Block { why, rule: finding.rule.clone(), text: format!("{name}: {}", finding.found) });
            }
        }
        blocks
    }

    /// Why a verdict is not about what would be shipped now.
    fn stale(&self, requirement: &Requirement, verdict: &Verdict) -> Vec<String> {
        let Some(_) = verdict.run else { return Vec::new() };
        let mut reasons = self.observed.moved.get(&verdict.requirement).cloned().unwrap_or_default();
        // Where something moved, another verdict is no wonder.
        let same_policy = self.release.evaluation().is_some_and(|(version, ..)| version == self.digest);
        if reasons.is_empty() && same_policy && self.observed.read_again.get(&verdict.requirement) != Some(verdict) {
            let changed = "its run, read again, gives another verdict: the run, its scores or the verdict were changed";
            reasons.push(changed.into());
        }
        if let Some(days) = requirement.max_age_days {
            let age = (self.observed.at_us - verdict.started_us).div_euclid(86_400_000_000);
            if age > i64::from(days) {
                reasons.push(format!("its run is {age} days old, the policy allows {days}"));
            }
        }
        let stages = self.policy.stages.iter().enumerate().skip(1);
        for (at, stage) in stages.filter(|(_, stage)| stage.require.iter().any(|of| of.id() == verdict.requirement)) {
            let before = self.release.log.iter().find_map(|(_, entry)| match &entry.event {
                Event::Shipped { stage, .. } if *stage + 1 == at => Some(entry.at_us),
                _ => None,
            });
            if before.is_some_and(|before| verdict.started_us < before) {
                reasons.push(format!("its run began before the step that comes before `{}`", stage.name));
            }
        }
        reasons
    }

    /// What is wrong with a document.
    fn document(&self, id: &str) -> Option<String> {
        let Some((reference, digest)) = self.release.attached().get(id).copied() else {
            return Some(format!("not attached: `assay release attach` takes `{id}=FILE`"));
        };
        let digest = digest?;
        match self.observed.files.get(id).copied().flatten() {
            None => Some(format!("{reference} is gone")),
            Some(now) if now != digest => Some(format!("{reference} changed since it was attached")),
            Some(_) => None,
        }
    }

    /// Who must still agree, in words.
    fn lacking(&self, asked: &Approvals) -> Vec<String> {
        let approvers = self.release.approvers();
        let mut lacking = Vec::new();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        if count(approvers.len()) < asked.count {
            lacking.push(format!("{} of {} people agree to it as it stands", approvers.len(), asked.count));
        }
        for (role, needed) in &asked.roles {
            let people: BTreeSet<String> = self.people(role);
            let agree = approvers.intersection(&people).count();
            if count(agree) < *needed {
                lacking.push(format!("{agree} of {needed} people with the role `{role}` agree to it as it stands"));
            }
        }
        lacking
    }

    fn people(&self, role: &str) -> BTreeSet<String> {
        self.policy.roles.get(role).into_iter().flatten().map(|name| person(name)).collect()
    }

    /// Whether a waiver that counts today covers a rule.
    fn waived(&self, rule: &str, name: &str, waivable: bool) -> bool {
        waivable
            && self
                .release
                .waivers()
                .any(|(entry, waiver)| waiver.rule == rule && waiver.name == name && self.counts(entry, waiver).is_ok())
    }

    /// Whether a waiver counts today.
    ///
    /// # Errors
    /// Why not.
    pub fn counts(&self, entry: &Entry, waiver: &Waiver) -> Result<(), String> {
        let terms = &self.policy.waivers;
        let by = person(&entry.by);
        if self.release.authors().contains(&by) {
            return Err(format!("{} is an author of the change and waives nothing", entry.by));
        }
        if let Some(role) = &terms.role
            && !self.people(role).contains(&by)
        {
            return Err(format!("{} does not have the role `{role}`", entry.by));
        }
        let (Some(granted), Some(today), Some(until)) =
            (date_of(entry.at_us), date_of(self.observed.at_us), day(&waiver.until))
        else {
            return Err(format!("`{}` is not a day such as `2027-01-31`", waiver.until));
        };
        if until < today {
            return Err(format!("it held until {}", waiver.until));
        }
        let days = (until - granted).whole_days();
        if days > i64::from(terms.max_days) {
            return Err(format!("{days} days are too long: the policy allows {}", terms.max_days));
        }
        Ok(())
    }

    /// A waiver of a rule, before it is written down.
    ///
    /// # Errors
    /// There is no such rule, it cannot be waived, or not by this person or until this day.
    pub fn waive(&self, by: &str, waiver: &mut Waiver) -> Result<(), String> {
        if let Some(id) = waiver.rule.strip_prefix("document:") {
            let document = self.policy.documents.iter().find(|document| document.id == id);
            waiver.name = document.ok_or_else(|| format!("the policy asks for no document `{id}`"))?.what.clone();
        } else {
            let verdicts = self.release.evaluation().map(|(_, _, verdicts)| verdicts).unwrap_or_default();
            let found = verdicts
                .iter()
                .find_map(|verdict| Some((verdict, verdict.findings.iter().find(|of| of.rule == waiver.rule)?)));
            let Some((verdict, finding)) = found else {
                return Err(format!("there is no rule `{}`: `assay release show` names them", waiver.rule));
            };
            let requirement = self.policy.requirement(&verdict.requirement);
            if requirement.is_some_and(|requirement| !requirement.waivable) {
                return Err(format!("the policy lets nobody waive rules of `{}`", verdict.requirement));
            }
            waiver.name = requires(finding);
        }
        let event = Event::Waived(waiver.clone());
        let entry = Entry { previous: self.release.head(), at_us: self.observed.at_us, by: by.to_owned(), event };
        self.counts(&entry, waiver)
    }

    /// The next step of the rollout, when nothing holds it up.
    ///
    /// # Errors
    /// What does.
    pub fn ship(&self, reason: &str) -> Result<Event, Vec<Block>> {
        let blocks = self.blocks();
        if blocks.is_empty() { Ok(self.shipped(reason, None)) } else { Err(blocks) }
    }

    /// The next step of the rollout without its evidence, when the policy lets enough people decide so. Somebody's
    /// disagreement is not passed over.
    ///
    /// # Errors
    /// What still holds it up.
    pub fn ship_in_emergency(&self, reason: &str) -> Result<Event, Vec<Block>> {
        let terms = &self.policy.emergency;
        let (mut held, passed): (Vec<Block>, Vec<Block>) =
            self.blocks().into_iter().partition(|block| matches!(block.why, Why::Over | Why::Rejected));
        if !terms.allowed {
            held.push(Block::new(Why::Approvals, "the policy knows no emergencies"));
        }
        held.extend(self.lacking(&terms.approvals).into_iter().map(|text| Block::new(Why::Approvals, text)));
        if !held.is_empty() {
            return Err(held);
        }
        let review = date_of(self.observed.at_us)
            .and_then(|today| today.checked_add(time::Duration::days(i64::from(terms.review_days))));
        let passed_over = passed.iter().map(ToString::to_string).collect();
        let emergency = Emergency { passed_over, review_by: review.map_or_else(String::new, |day| day.to_string()) };
        Ok(self.shipped(reason, Some(emergency)))
    }

    fn shipped(&self, reason: &str, emergency: Option<Emergency>) -> Event {
        let stage = self.release.next_stage();
        let (name, share) =
            self.policy.stages.get(stage).map_or_else(|| ("all".to_owned(), 1.0), |of| (of.name.clone(), of.share));
        Event::Shipped { stage, name, share, reason: reason.to_owned(), policy: self.digest, emergency }
    }
}

/// A day such as `2027-01-31`.
pub fn day(text: &str) -> Option<Date> {
    let form = format_description!("[year]-[month]-[day]");
    Date::parse(text, &form).ok().filter(|_| text.len() == 10)
}

/// The day of a time in microseconds since the Unix epoch, UTC.
pub fn date_of(at_us: i64) -> Option<Date> {
    time::OffsetDateTime::from_unix_timestamp(at_us.div_euclid(1_000_000)).ok().map(time::OffsetDateTime::date)
}
