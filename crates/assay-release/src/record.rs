//! A release as what its log adds up to. Each line of the log names the digest of the line before it, so that a changed,
//! removed or inserted line is found when the log is next read. Lines cut off at the end are not: that takes a digest kept
//! elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use assay_core::{Digest, RunId};
use serde::{Deserialize, Serialize};

use crate::{Change, Measured, Requirement, Risk, Verdict};

/// Something that happened to a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It was proposed.
    Opened(Box<Opened>),
    /// A document or other evidence was attached.
    Attached {
        /// The document's name in the policy.
        document: String,
        /// Where it is: a file or an address.
        reference: String,
        /// Digest of the file's bytes, for a file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// The policy was read off stored runs.
    Evaluated {
        /// The version of the policy.
        policy: Digest,
        /// The stage that it was evaluated for, from 0.
        stage: usize,
        /// A verdict for each requirement.
        verdicts: Vec<Verdict>,
    },
    /// Somebody agrees to the release as it stands.
    Approved {
        /// The line of the log that was approved, and everything before it.
        subject: Digest,
        /// Why.
        reason: String,
    },
    /// Somebody disagrees.
    Rejected {
        /// Why.
        reason: String,
    },
    /// A rule does not hold the release up until a day.
    Waived(Waiver),
    /// The change went out to a stage.
    Shipped {
        /// The stage, from 0.
        stage: usize,
        /// Its name.
        name: String,
        /// The share of users.
        share: f64,
        /// Why, in words.
        reason: String,
        /// The version of the policy that let it go.
        policy: Digest,
        /// Set when it went out without its evidence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emergency: Option<Emergency>,
    },
    /// The change was taken back.
    RolledBack {
        /// Why.
        reason: String,
    },
}

/// What a release is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// What changed, in a sentence.
    pub title: String,
    /// Who changed it, the one who opened it included.
    pub authors: BTreeSet<String>,
    /// The kinds of change.
    pub changes: BTreeSet<Change>,
    /// Paths that changed, where the kinds were derived from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// How much harm it could do.
    pub risk: Risk,
    /// Where the policy is: a file, or the name of one that comes with Assay.
    pub policy: String,
    /// Its name.
    pub policy_name: String,
    /// Its version when the release was opened.
    pub policy_digest: Digest,
    /// Runs of the candidate that were named, by suite.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub candidate: BTreeMap<String, NamedRun>,
    /// Runs to compare with that were named, by suite.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub baseline: BTreeMap<String, NamedRun>,
    /// The target that the release is about, in runs that have several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// A run that somebody named, and what it measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedRun {
    /// The run.
    pub run: RunId,
    /// One of its targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What it measured, and with what.
    pub measured: Measured,
}

/// A rule that does not hold a release up for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The rule, as a finding names it, or a document after `document:`.
    pub rule: String,
    /// What that rule required, in words: the waiver is for nothing else.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Who sees to the follow-up.
    pub owner: String,
    /// What will be done.
    pub follow_up: String,
    /// The last day on which it holds (`2027-01-31`, UTC).
    pub until: String,
}

/// That a change went out without its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// What stood in the way and was passed over.
    pub passed_over: Vec<String>,
    /// The last day on which the evidence must be there (UTC).
    pub review_by: String,
}

/// A line of a release's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Digest of the line before; of nothing for the first.
    pub previous: Digest,
    /// When, in microseconds since the Unix epoch, UTC.
    pub at_us: i64,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Where a release stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// Proposed; nobody has it yet.
    Open,
    /// Somebody disagrees with it as it stands.
    Rejected,
    /// Out to a part of the users.
    RollingOut,
    /// Out to everybody that the policy's stages name.
    Shipped,
    /// Taken back.
    RolledBack,
}

impl Stand {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Rejected => "rejected",
            Self::RollingOut => "rolling out",
            Self::Shipped => "shipped",
            Self::RolledBack => "rolled back",
        }
    }
}

/// A release: its log, read from the first line to the last.
#[derive(Clone, Debug, Serialize)]
pub struct Release {
    /// What it is.
    pub opened: Opened,
    /// Who opened it.
    pub opened_by: String,
    /// When, in microseconds since the Unix epoch.
    pub opened_us: i64,
    /// Every line with its digest.
    pub log: Vec<(Digest, Entry)>,
}

/// A log that is no release's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLog {
    /// A line cannot be read.
    #[error("line {line} of the release's log cannot be read: {message}")]
    Unreadable {
        /// From 1.
        line: usize,
        /// Why.
        message: String,
    },
    /// A line does not name the digest of the one before it.
    #[error(
        "the release's log was changed: line {line} does not follow from the one before; nothing is read from a log that was tampered with"
    )]
    Changed {
        /// From 1.
        line: usize,
    },
    /// The first line, and only that one, opens a release.
    #[error("line {line} of the release's log is out of place")]
    OutOfPlace {
        /// From 1.
        line: usize,
    },
}

/// The digest that the first line of a log names.
pub fn beginning() -> Digest {
    Digest::of_bytes(b"")
}

/// A line of a log, and its digest. A line is kept as the bytes that were digested.
///
/// # Errors
/// A number that JSON cannot hold.
pub fn line(entry: &Entry) -> Result<(String, Digest), serde_json::Error> {
    let text = serde_json::to_string(entry)?;
    let digest = Digest::of_bytes(text.as_bytes());
    Ok((text, digest))
}

impl Release {
    /// Reads a log.
    ///
    /// # Errors
    /// A log that is empty, cannot be read or was changed.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, BrokenLog> {
        let (mut log, mut previous) = (Vec::new(), beginning());
        let mut first: Option<(Opened, String, i64)> = None;
        for (at, text) in lines.into_iter().enumerate() {
            let line = at + 1;
            let entry: Entry = serde_json::from_str(text)
                .map_err(|error| BrokenLog::Unreadable { line, message: error.to_string() })?;
            if entry.previous != previous {
                return Err(BrokenLog::Changed { line });
            }
            match &entry.event {
                Event::Opened(opened) if line == 1 => {
                    first = Some(((**opened).clone(), entry.by.clone(), entry.at_us));
                }
                event if matches!(event, Event::Opened(_)) || line == 1 => return Err(BrokenLog::OutOfPlace { line }),
                _ => {}
            }
            previous = Digest::of_bytes(text.as_bytes());
            log.push((previous, entry));
        }
        let (opened, opened_by, opened_us) = first.ok_or(BrokenLog::OutOfPlace { line: 1 })?;
        Ok(Self { opened, opened_by, opened_us, log })
    }

    /// Adds a line that was written.
    pub fn push(&mut self, digest: Digest, entry: Entry) {
        self.log.push((digest, entry));
    }

    /// The digest of the newest line, which the next one names.
    pub fn head(&self) -> Digest {
        self.log.last().map_or_else(beginning, |(digest, _)| *digest)
    }

    /// What an approval is for: the newest line that changes what is decided on. Whatever comes later makes an approval void,
    /// but for further approvals, and for the steps of the rollout that it was given for.
    pub fn subject(&self) -> Digest {
        self.newest(|event| !matches!(event, Event::Approved { .. } | Event::Rejected { .. } | Event::Shipped { .. }))
            .map_or_else(beginning, |(_, digest, _)| digest)
    }

    fn newest(&self, is: impl Fn(&Event) -> bool) -> Option<(usize, Digest, &Entry)> {
        self.log
            .iter()
            .enumerate()
            .rev()
            .find(|(_, (_, entry))| is(&entry.event))
            .map(|(at, (digest, e))| (at, *digest, e))
    }

    /// The newest evaluation: its version of the policy, its stage and its verdicts.
    pub fn evaluation(&self) -> Option<(Digest, usize, &[Verdict])> {
        self.log.iter().rev().find_map(|(_, entry)| match &entry.event {
            Event::Evaluated { policy, stage, verdicts } => Some((*policy, *stage, verdicts.as_slice())),
            _ => None,
        })
    }

    /// Who opened the release and whose change it is, as [`person`] writes them.
    pub fn authors(&self) -> BTreeSet<String> {
        self.opened.authors.iter().map(String::as_str).chain([self.opened_by.as_str()]).map(person).collect()
    }

    /// Who agrees to the release as it stands: no author, nobody who disagreed later.
    pub fn approvers(&self) -> BTreeSet<String> {
        let (subject, authors) = (self.subject(), self.authors());
        let mut agree = BTreeSet::new();
        for (_, entry) in &self.log {
            match &entry.event {
                Event::Approved { subject: of, .. } if *of == subject && !authors.contains(&person(&entry.by)) => {
                    agree.insert(person(&entry.by));
                }
                Event::Rejected { .. } => {
                    agree.remove(&person(&entry.by));
                }
                _ => {}
            }
        }
        agree
    }

    /// The newest rejection that nothing has answered: a new evaluation does, or the same person's approval.
    pub fn rejection(&self) -> Option<&Entry> {
        let evaluated = self.newest(|event| matches!(event, Event::Evaluated { .. })).map_or(0, |(at, ..)| at);
        let later = |at: usize, by: &str| {
            self.log[at..].iter().any(|(_, e)| matches!(e.event, Event::Approved { .. }) && person(&e.by) == person(by))
        };
        self.log
            .iter()
            .enumerate()
            .rev()
            .take_while(|(at, _)| *at > evaluated)
            .find(|(at, (_, entry))| matches!(entry.event, Event::Rejected { .. }) && !later(*at, &entry.by))
            .map(|(_, (_, entry))| entry)
    }

    /// The waivers, oldest first, with who granted them.
    pub fn waivers(&self) -> impl Iterator<Item = (&Entry, &Waiver)> {
        self.log.iter().filter_map(|(_, entry)| match &entry.event {
            Event::Waived(waiver) => Some((entry, waiver)),
            _ => None,
        })
    }

    /// The newest reference of each document.
    pub fn attached(&self) -> BTreeMap<&str, (&str, Option<Digest>)> {
        let mut attached = BTreeMap::new();
        for (_, entry) in &self.log {
            if let Event::Attached { document, reference, digest } = &entry.event {
                attached.insert(document.as_str(), (reference.as_str(), *digest));
            }
        }
        attached
    }

    /// The newest shipping: the stage and when.
    pub fn shipped(&self) -> Option<(usize, i64)> {
        self.log.iter().rev().find_map(|(_, entry)| match &entry.event {
            Event::Shipped { stage, .. } => Some((*stage, entry.at_us)),
            _ => None,
        })
    }

    /// The emergency shipping whose evidence is still owed: nothing was evaluated since that passed. `None` when all is there.
    pub fn owed(&self) -> Option<&Emergency> {
        let at = self.log.iter().rposition(|(_, e)| matches!(&e.event, Event::Shipped { emergency: Some(_), .. }))?;
        let answered = self.log[at..].iter().any(|(_, entry)| match &entry.event {
            Event::Evaluated { verdicts, .. } => {
                !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.kind == assay_stats::VerdictKind::Pass)
            }
            Event::RolledBack { .. } => true,
            _ => false,
        });
        match &self.log[at].1.event {
            Event::Shipped { emergency, .. } if !answered => emergency.as_ref(),
            _ => None,
        }
    }

    /// Whether a waiver was granted after the newest shipping.
    pub fn waived_since_shipped(&self) -> bool {
        let shipped = self.newest(|event| matches!(event, Event::Shipped { .. })).map(|(at, ..)| at);
        let waived = self.newest(|event| matches!(event, Event::Waived(_))).map(|(at, ..)| at);
        waived.is_some() && waived > shipped
    }

    /// Why people have to agree again before the next stage, although a stage is out: that was an emergency, it went out
    /// under another version of the policy, somebody has rejected the release since, or it measures another candidate.
    pub fn unsettled_since_shipped(&self, policy: Digest) -> bool {
        let Some((at, _, Entry { event: Event::Shipped { policy: then, emergency, .. }, .. })) =
            self.newest(|event| matches!(event, Event::Shipped { .. }))
        else {
            return false;
        };
        let rejected = self.log[at..].iter().any(|(_, entry)| matches!(entry.event, Event::Rejected { .. }));
        let evaluations = |range: &[(Digest, Entry)]| -> Option<Vec<Verdict>> {
            range.iter().rev().find_map(|(_, entry)| match &entry.event {
                Event::Evaluated { verdicts, .. } => Some(verdicts.clone()),
                _ => None,
            })
        };
        let moved = match (evaluations(&self.log[..at]), evaluations(&self.log[at..])) {
            (Some(before), Some(after)) => after.iter().any(|new| {
                let old = before.iter().find(|old| old.requirement == new.requirement);
                old.is_some_and(|old| {
                    old.measured.as_ref().zip(new.measured.as_ref()).is_some_and(|(old, new)| !old.same_candidate(new))
                })
            }),
            _ => false,
        };
        emergency.is_some() || *then != policy || rejected || moved
    }

    /// The stage that comes next, from 0.
    pub fn next_stage(&self) -> usize {
        self.shipped().map_or(0, |(stage, _)| stage + 1)
    }

    /// Runs that were judged for a requirement as looks at the same candidate.
    pub fn looks(&self, requirement: &Requirement, measured: &Measured) -> BTreeSet<RunId> {
        let (id, scorers) = (requirement.id(), requirement.scorers());
        let verdicts = self.log.iter().filter_map(|(_, entry)| match &entry.event {
            Event::Evaluated { verdicts, .. } => Some(verdicts),
            _ => None,
        });
        verdicts
            .flatten()
            .filter(|verdict| verdict.requirement == id)
            .filter(|verdict| verdict.measured.as_ref().is_some_and(|then| then.same_look(measured, &scorers)))
            .filter_map(|verdict| verdict.run)
            .collect()
    }

    /// Where it stands, in a policy with so many stages (0 for all at once).
    pub fn stand(&self, stages: usize) -> Stand {
        if self.newest(|event| matches!(event, Event::RolledBack { .. })).is_some() {
            return Stand::RolledBack;
        }
        match self.shipped() {
            Some((stage, _)) if stage + 1 >= stages => Stand::Shipped,
            _ if self.rejection().is_some() => Stand::Rejected,
            Some(_) => Stand::RollingOut,
            None => Stand::Open,
        }
    }
}

/// A name as it is compared: the address where there is one (`Ann <ann@example.org>`), without white space around it, in
/// lowercase.
pub fn person(name: &str) -> String {
    let name = name.trim();
    let address = name.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    address.unwrap_or(name).trim().to_lowercase()
}
