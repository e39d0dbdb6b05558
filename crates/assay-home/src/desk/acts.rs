//! What people do to a release. Each act is written down after the newest line that was read, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use assay_analysis::gate::together;
use assay_core::{Digest, RunStatus};
use assay_engine::execute::now_us;
use assay_release::decide::{Block, Decision, day, holds_up};
use assay_release::policy::digest;
use assay_release::record::{self, Event, NamedRun, Opened, Stand, Waiver, beginning, person};
use assay_release::{Change, Entry, Measured, Policy, Release, Risk, Verdict, paths};
use assay_report::plain;
use assay_stats::VerdictKind;

use super::{Desk, observe, pick, verdicts};
use crate::{Conflict, Failure, usage};

/// A change that is proposed.
pub struct Proposal {
    /// What changed, in a sentence.
    pub title: String,
    /// The policy and its text.
    pub policy: (Policy, String),
    /// Where the policy is, as the release remembers it.
    pub recorded: String,
    /// Kinds of change that are named.
    pub kinds: BTreeSet<Change>,
    /// Paths that changed; the policy says which kind of change each is.
    pub changed: Vec<String>,
    /// How much harm it could do.
    pub risk: Risk,
    /// Who changed it, beside the one who opens it.
    pub authors: Vec<String>,
    /// Runs of the candidate, with a target after a colon.
    pub candidates: Vec<String>,
    /// Runs to compare with.
    pub baselines: Vec<String>,
    /// The target that it is about.
    pub target: Option<String>,
}

/// A release that was opened.
pub struct Proposed {
    /// Its number.
    pub number: u64,
    /// The release.
    pub release: Release,
    /// Its policy.
    pub policy: Policy,
    /// Paths of no kind that the policy names.
    pub others: Vec<String>,
}

/// Where a document is.
pub enum Reference {
    /// A file, which must stay as it is.
    File(PathBuf),
    /// An address.
    Address(String),
}

/// A release that somebody acts on, as it was read.
pub struct AtWork {
    /// Its number.
    pub number: u64,
    /// The release.
    pub release: Release,
    /// Its policy as the file says now.
    pub policy: Policy,
    /// The policy's text.
    pub text: String,
}

/// What an evaluation found.
pub struct Evaluated {
    /// The verdict of each requirement.
    pub verdicts: Vec<Verdict>,
    /// All of them together.
    pub kind: VerdictKind,
    /// Whether the policy lets a release go on that is inconclusive.
    pub goes_on: bool,
}

impl Desk<'_> {
    /// Opens a release; `None` when no path that changed is of a kind that the policy names, so that nothing is to be decided.
    ///
    /// # Errors
    /// Nothing says what changed, or a run that is named is not there or not complete.
    pub async fn open(&self, proposal: Proposal, by: &str) -> Result<Option<Proposed>, Failure> {
        let Proposal { title, policy: (policy, text), recorded, kinds, changed, risk, .. } = proposal;
        let title = said("what changed", &title)?;
        let (derived, others) = paths::kinds(&policy.changes, changed.iter().map(String::as_str));
        let others: Vec<String> = others.into_iter().map(Into::into).collect();
        let changes: BTreeSet<Change> = kinds.into_iter().chain(derived).collect();
        match (changes.is_empty(), changed.is_empty()) {
            (true, true) => return Err(usage("say which kind of change it is, or which paths changed".to_owned())),
            (true, false) => return Ok(None),
            (false, _) => {}
        }
        let opened = Opened {
            title,
            authors: proposal.authors.iter().map(String::as_str).chain([by]).map(person).collect(),
            changes,
            paths: changed,
            risk,
            policy: recorded,
            policy_name: policy.policy.clone(),
            policy_digest: digest(&text),
            candidate: self.named_runs(&proposal.candidates).await?,
            baseline: self.named_runs(&proposal.baselines).await?,
            target: proposal.target,
        };
        self.releases.keep_policy(&text).await?;
        let event = Event::Opened(Box::new(opened));
        let entry = Entry { previous: beginning(), at_us: now_us(), by: by.to_owned(), event };
        let (line, _) = record::line(&entry)?;
        let release = Release::read([line.as_str()])?;
        let number = self.releases.begin(&line, |number| self.told(number, &release, &entry)).await?;
        Ok(Some(Proposed { number, release, policy, others }))
    }

    /// Runs that are named by the user, by suite.
    async fn named_runs(&self, words: &[String]) -> Result<BTreeMap<String, NamedRun>, Failure> {
        let mut runs = BTreeMap::new();
        for word in words {
            let (row, target) = self.home.find(word).await?;
            if row.status != RunStatus::Sealed {
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

    /// A release to act on, which is not over. Who says what they saw (the newest line's digest) acts on that only.
    ///
    /// # Errors
    /// There is none, it was rolled back, or it is no longer as it was seen ([`Conflict`]).
    pub async fn at_work(&self, word: &str, seen: Option<Digest>) -> Result<AtWork, Failure> {
        let (number, release) = self.find(word).await?;
        if seen.is_some_and(|seen| seen != release.head()) {
            return Err(
                Conflict(format!("release {number} has changed since you looked at it: look at it again")).into()
            );
        }
        let (policy, text) = self.policy_of(&release)?;
        if release.stand(policy.stages.len()) == Stand::RolledBack {
            return Err(usage(format!("release {number} was rolled back: open a new one")));
        }
        Ok(AtWork { number, release, policy, text })
    }

    /// Reads the policy off the runs that are named, or off the newest complete run of each suite that it requires;
    /// `None` when the policy requires nothing of a change of this kind and risk.
    ///
    /// # Errors
    /// A run that is named cannot stand for what the policy requires, or nothing can be read.
    pub async fn evaluate(&self, at: &mut AtWork, runs: &[String], by: &str) -> Result<Option<Evaluated>, Failure> {
        let AtWork { number, release, policy, text } = at;
        let stage = release.next_stage();
        let required = policy.required(&release.opened.changes, release.opened.risk, stage);
        if required.is_empty() {
            return Ok(None);
        }
        let mut named = Vec::new();
        for word in runs {
            let (row, _) = self.home.find(word).await?;
            let run = row.record.id.short();
            if let Some(left_out) = row.record.narrowed.first()
                && required.iter().any(|requirement| requirement.names(&row.record))
            {
                return Err(usage(format!(
                    "run {run} is of a part only ({left_out}): it does not stand for the whole"
                )));
            }
            if !required.iter().any(|requirement| requirement.is_for(&row.record)) {
                let (suite, tier) = (&row.record.suite, row.record.tier.as_deref().unwrap_or("none"));
                return Err(usage(format!(
                    "run {run} is of the suite `{suite}`, tier {tier}: the policy does not require it"
                )));
            }
            named.push(row);
        }
        let mut picked = Vec::new();
        for requirement in required {
            picked.push((requirement, pick(self.home, release, requirement, &named).await?));
        }
        let verdicts = verdicts(self.home, &self.releases, policy, release, picked).await?;
        self.releases.keep_policy(text).await?;
        let event = Event::Evaluated { policy: digest(text), stage, verdicts: verdicts.clone() };
        self.append(*number, release, by, event).await?;
        let kind = together(verdicts.iter().map(|verdict| verdict.kind)).unwrap_or(VerdictKind::Inconclusive);
        let held = verdicts.iter().any(|verdict| {
            let Some(requirement) = policy.requirement(&verdict.requirement) else { return true };
            verdict.findings.iter().any(|finding| holds_up(policy, requirement, finding))
        });
        Ok(Some(Evaluated { verdicts, kind, goes_on: kind == VerdictKind::Inconclusive && !held }))
    }

    /// Attaches a document that the policy asks for.
    ///
    /// # Errors
    /// The policy asks for no such document, or the file cannot be read.
    pub async fn attach(&self, at: &mut AtWork, document: &str, of: Reference, by: &str) -> Result<(), Failure> {
        let known: Vec<&str> = at.policy.documents.iter().map(|of| of.id.as_str()).collect();
        if !known.contains(&document) {
            let (document, known) = (plain(document, 80), known.join(", "));
            return Err(usage(format!("the policy asks for no document `{document}` (it asks for: {known})")));
        }
        let (reference, digest) = match of {
            Reference::Address(address) => (address, None),
            Reference::File(path) => {
                let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                (self.home.workspace.recorded(&path), Some(Digest::of_bytes(&bytes)))
            }
        };
        let event = Event::Attached { document: document.to_owned(), reference, digest };
        self.append(at.number, &mut at.release, by, event).await
    }

    /// Agrees to the release as it stands: whatever changes later needs a new approval.
    ///
    /// # Errors
    /// An author agrees, or no reason is given.
    pub async fn approve(&self, at: &mut AtWork, reason: &str, by: &str) -> Result<(), Failure> {
        if at.release.authors().contains(&person(by)) {
            return Err(usage(format!("{by} is an author of the change: somebody else must agree")));
        }
        let event = Event::Approved { subject: at.release.subject(), reason: said("a reason", reason)? };
        self.append(at.number, &mut at.release, by, event).await
    }

    /// Disagrees with the release as it stands.
    ///
    /// # Errors
    /// No reason is given.
    pub async fn reject(&self, at: &mut AtWork, reason: &str, by: &str) -> Result<(), Failure> {
        self.append(at.number, &mut at.release, by, Event::Rejected { reason: said("a reason", reason)? }).await
    }

    /// Lets a rule not hold the release up until a day (UTC). The waiver comes back with the rule's name.
    ///
    /// # Errors
    /// The policy does not let this rule, this person or this day be waived; the reason is in the message.
    pub async fn waive(&self, at: &mut AtWork, mut waiver: Waiver, by: &str) -> Result<Waiver, Failure> {
        if day(&waiver.until).is_none() {
            return Err(usage(format!("`{}`: write a day as `2027-01-31`", plain(&waiver.until, 80))));
        }
        waiver.reason = said("a reason", &waiver.reason)?;
        let observed = observe(self, &at.policy, &at.release).await?;
        Decision::new(&at.policy, &at.text, &at.release, &observed).waive(by, &mut waiver).map_err(usage)?;
        self.append(at.number, &mut at.release, by, Event::Waived(waiver.clone())).await?;
        Ok(waiver)
    }

    /// Takes the next step of the rollout; what holds it up when something does.
    ///
    /// # Errors
    /// No reason is given, or nothing can be read.
    pub async fn ship(
        &self,
        at: &mut AtWork,
        reason: &str,
        emergency: bool,
        by: &str,
    ) -> Result<Result<Event, Vec<Block>>, Failure> {
        let reason = said("a reason", reason)?;
        let observed = observe(self, &at.policy, &at.release).await?;
        let decision = Decision::new(&at.policy, &at.text, &at.release, &observed);
        let event = match if emergency { decision.ship_in_emergency(&reason) } else { decision.ship(&reason) } {
            Ok(event) => event,
            Err(blocks) => return Ok(Err(blocks)),
        };
        self.releases.keep_policy(&at.text).await?;
        self.append(at.number, &mut at.release, by, event.clone()).await?;
        Ok(Ok(event))
    }

    /// Records that the change was taken back. The release is over then.
    ///
    /// # Errors
    /// It was never shipped, or no reason is given.
    pub async fn roll_back(&self, at: &mut AtWork, reason: &str, by: &str) -> Result<(), Failure> {
        if at.release.shipped().is_none() {
            return Err(usage(format!("release {} was never shipped", at.number)));
        }
        self.append(at.number, &mut at.release, by, Event::RolledBack { reason: said("a reason", reason)? }).await
    }

    /// What holds a release up now.
    ///
    /// # Errors
    /// Nothing can be read.
    pub async fn blocks(&self, at: &AtWork) -> Result<Vec<Block>, Failure> {
        let observed = observe(self, &at.policy, &at.release).await?;
        Ok(Decision::new(&at.policy, &at.text, &at.release, &observed).blocks())
    }
}

/// A text that says something: it is recorded.
fn said(what: &str, text: &str) -> Result<String, Failure> {
    match text.trim() {
        "" => Err(usage(format!("{what} must be said: it is recorded"))),
        text => Ok(text.to_owned()),
    }
}
