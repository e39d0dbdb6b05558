//! Building a pack, and reading the members of one.

use std::collections::BTreeMap;

use assay_analysis::{Arm, GateReport, RunScores, evaluate};
use assay_core::{Digest, RunRecord};
use serde_json::Value;

use crate::dsse::{Envelope, IN_TOTO};
use crate::judges::{self, JudgeFacts};
use crate::keys::{PublicKey, Signer};
use crate::rows::{CaseLine, Lines, ScoreLine};
use crate::statement::{
    BaselineFacts, MemberRecord, PREDICATE, Predicate, Root, RunFacts, STATEMENT, Sha256, Statement,
};
use crate::{EvidenceError, archive};

/// The name of the envelope in a pack.
pub const ENVELOPE: &str = "statement.dsse.json";
/// The run's record.
pub const RUN: &str = "run.json";
/// The cases of the run's datasets.
pub const CASES: &str = "cases.jsonl.zst";
/// The trials.
pub const TRIALS: &str = "trials.jsonl.zst";
/// The scores.
pub const SCORES: &str = "scores.jsonl.zst";
/// The record of the run that it was compared with.
pub const BASELINE: &str = "baseline.json";
/// The scores of that run.
pub const BASELINE_SCORES: &str = "baseline-scores.jsonl.zst";
/// What is known of the run's judges, where one has a certificate.
pub const JUDGES: &str = "judges.json";
/// What is known of the judges of the run that it was compared with.
pub const BASELINE_JUDGES: &str = "baseline-judges.json";
/// What people and models wrote. The pack is whole without it.
pub const CONTENT: &str = "content.jsonl.zst";
/// What may stand beside: for people.
pub const REPORT: &str = "report.html";
/// Which requirement of which framework a part of the pack is evidence for.
pub const FRAMEWORKS: &str = "frameworks.json";

/// [`FRAMEWORKS`], as every pack carries it.
pub const FRAMEWORK_MAP: &str = include_str!("frameworks.json");

/// The most bytes that a member may unpack to.
pub const UNPACKED_MOST: u64 = 8 << 30;

/// How members are compressed: a third of the time of the default for nearly its size.
const LEVEL: i32 = 3;

/// What a run was compared with.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The run.
    pub record: RunRecord,
    /// The target of it that was named.
    pub target: Option<String>,
    /// Its scores; `None` when it is the run itself.
    pub scores: Option<Lines>,
    /// What is known of its judges.
    pub judges: Vec<JudgeFacts>,
}

/// Everything that goes into a pack.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The run.
    pub record: RunRecord,
    /// Its cases.
    pub cases: Lines,
    /// Its trials.
    pub trials: Lines,
    /// Its scores.
    pub scores: Lines,
    /// What is known of its judges.
    pub judges: Vec<JudgeFacts>,
    /// What it was compared with.
    pub baseline: Option<Baseline>,
    /// What people and models wrote; `None` leaves it out for good.
    pub content: Option<Lines>,
    /// Trials that do not count.
    pub left_out: u64,
    /// The report for people, as HTML.
    pub report: String,
    /// When the pack is built, RFC 3339.
    pub built_at: String,
    /// Version of Assay.
    pub assay_version: String,
}

/// A member on its way into a pack.
struct Member {
    name: &'static str,
    bytes: Vec<u8>,
    unpacked: u64,
}

impl Member {
    fn plain(name: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, unpacked: bytes.len() as u64, bytes }
    }

    fn record(&self) -> MemberRecord {
        MemberRecord {
            name: self.name.to_owned(),
            digest: Sha256 { sha256: Digest::of_bytes(&self.bytes) },
            size: self.bytes.len() as u64,
            unpacked: self.unpacked,
            erasable: self.name == CONTENT,
        }
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, EvidenceError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| EvidenceError::Malformed(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The scores of a run from the lines of a pack, with what is known of its judges.
///
/// # Errors
/// A line that cannot be read.
pub fn scores_of(
    record: &RunRecord,
    lines: &Lines,
    known: &[JudgeFacts],
    what: &str,
) -> Result<RunScores, EvidenceError> {
    let mut scores = RunScores::new(record.clone());
    for line in lines.rows::<ScoreLine>(what) {
        line?.visit(&mut |row| scores.push(row))?;
    }
    judges::attach(known, &mut scores);
    Ok(scores)
}

/// The gate over the scores of a pack: the same function that `assay gate` asks.
pub fn gate<'a>(scores: &'a RunScores, baseline: Option<(&'a RunScores, Option<&str>)>) -> GateReport {
    let find = |name: &str| -> Option<Arm<'a>> {
        let (scores, target) = baseline?;
        scores.arm(target).or_else(|| scores.arm(Some(name)))
    };
    evaluate(scores, &find)
}

/// The names of the datasets whose version is the digest over the sorted digests of the whole cases that are here.
///
/// # Errors
/// A line that cannot be read, or a case of no dataset.
pub fn versions(record: &RunRecord, cases: &Lines) -> Result<Vec<String>, EvidenceError> {
    let mut whole: Vec<Vec<Digest>> = vec![Vec::new(); record.datasets.len()];
    for line in cases.rows::<CaseLine>(CASES) {
        let case = line?;
        match whole.get_mut(case.dataset as usize) {
            Some(digests) => digests.push(case.whole),
            None => return Err(EvidenceError::Malformed("a case is of a dataset that the run does not have".into())),
        }
    }
    let mut names = Vec::new();
    for (dataset, mut digests) in record.datasets.iter().zip(whole) {
        digests.sort_unstable();
        let mut version = Digest::stream();
        digests.iter().for_each(|digest| version.update(digest.as_bytes()));
        if version.finish() == dataset.version {
            names.push(dataset.name.clone());
        }
    }
    Ok(names)
}

impl Parts {
    /// The gate over the rows as they will be read back.
    ///
    /// # Errors
    /// A row that cannot be read back.
    pub fn gate(&self) -> Result<GateReport, EvidenceError> {
        let scores = scores_of(&self.record, &self.scores, &self.judges, SCORES)?;
        let Some(baseline) = &self.baseline else { return Ok(gate(&scores, None)) };
        let target = baseline.target.as_deref();
        match &baseline.scores {
            Some(lines) => {
                let other = scores_of(&baseline.record, lines, &baseline.judges, BASELINE_SCORES)?;
                Ok(gate(&scores, Some((&other, target))))
            }
            None => Ok(gate(&scores, Some((&scores, target)))),
        }
    }

    /// The pack, signed.
    ///
    /// # Errors
    /// A signer that fails; a member that is too large.
    pub fn build(&self, signer: &dyn Signer) -> Result<Vec<u8>, EvidenceError> {
        let report = self.gate()?;
        let mut trees = BTreeMap::new();
        let mut packed = |name: &'static str, lines: &Lines| {
            trees.insert(name.to_owned(), Root::of(&lines.tree));
            let bytes = zstd::bulk::compress(&lines.bytes, LEVEL);
            let bytes = bytes.map_err(|error| EvidenceError::Malformed(format!("{name}: {error}")))?;
            Ok::<_, EvidenceError>(Member { name, bytes, unpacked: lines.bytes.len() as u64 })
        };
        let mut members = vec![
            Member::plain(RUN, json(&self.record)?),
            packed(CASES, &self.cases)?,
            packed(TRIALS, &self.trials)?,
            packed(SCORES, &self.scores)?,
        ];
        if !self.judges.is_empty() {
            members.push(Member::plain(JUDGES, json(&self.judges)?));
        }
        if let Some(Baseline { record, scores: Some(scores), judges, .. }) = &self.baseline {
            members.push(Member::plain(BASELINE, json(record)?));
            members.push(packed(BASELINE_SCORES, scores)?);
            if !judges.is_empty() {
                members.push(Member::plain(BASELINE_JUDGES, json(judges)?));
            }
        }
        members.push(Member::plain(REPORT, self.report.clone().into_bytes()));
        members.push(Member::plain(FRAMEWORKS, FRAMEWORK_MAP.as_bytes().to_vec()));
        if let Some(content) = &self.content {
            members.push(packed(CONTENT, content)?);
        }
        let run = RunFacts::of(&self.record);
        let statement = Statement {
            kind: STATEMENT.to_owned(),
            subject: run.subjects(),
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                verdict: report.verdict.map(|verdict| verdict.as_str().to_owned()),
                gate: serde_json::to_value(&report).unwrap_or(Value::Null),
                run,
                baseline: self.baseline.as_ref().map(|baseline| BaselineFacts {
                    run: RunFacts::of(&baseline.record),
                    target: baseline.target.clone(),
                }),
                versions: versions(&self.record, &self.cases)?,
                left_out: self.left_out,
                built_at: self.built_at.clone(),
                assay_version: self.assay_version.clone(),
                trees,
                members: members.iter().map(Member::record).collect(),
            },
        };
        let payload = serde_json::to_vec(&statement).map_err(|error| EvidenceError::Malformed(error.to_string()))?;
        let envelope = Envelope::sign(IN_TOTO, &payload, signer)?.to_bytes()?;
        let members = members.iter().map(|member| (member.name, member.bytes.as_slice()));
        archive::write(std::iter::once((ENVELOPE, envelope.as_slice())).chain(members))
    }
}

/// A pack whose signature fits and whose members are those that were signed.
pub struct Opened<'a> {
    /// The envelope.
    pub envelope: Envelope,
    /// The statement.
    pub statement: Statement,
    /// The members.
    members: BTreeMap<String, (&'a [u8], MemberRecord)>,
}

impl<'a> Opened<'a> {
    /// Opens a pack.
    ///
    /// # Errors
    /// A file that is no whole pack, a signature that does not fit, or a member that is not the one that was signed.
    pub fn new(file: &'a [u8], keys: &[PublicKey]) -> Result<Self, EvidenceError> {
        let mut members = archive::read(file)?.into_iter();
        let Some((ENVELOPE, envelope)) = members.next() else {
            return Err(EvidenceError::Malformed(format!(
                "this is no evidence pack: it does not begin with `{ENVELOPE}`"
            )));
        };
        let envelope = Envelope::from_bytes(envelope)?;
        let statement = statement_of(&envelope.open(IN_TOTO, keys)?)?;
        let mut found: BTreeMap<String, &[u8]> = BTreeMap::new();
        let mut order = Vec::new();
        for (name, bytes) in members {
            order.push(name);
            found.insert(name.to_owned(), bytes);
        }
        let mut faults = Vec::new();
        let mut kept = BTreeMap::new();
        let mut expected = Vec::new();
        for record in &statement.predicate.members {
            match found.remove(&record.name) {
                None if record.erasable => continue,
                None => faults.push(format!("`{}` is missing", record.name)),
                Some(bytes) if bytes.len() as u64 != record.size || Digest::of_bytes(bytes) != record.digest.sha256 => {
                    faults.push(format!("`{}` is not the one that was signed", record.name));
                }
                Some(bytes) => {
                    kept.insert(record.name.clone(), (bytes, record.clone()));
                }
            }
            expected.push(record.name.as_str());
        }
        faults.extend(found.keys().map(|name| format!("`{name}` is no part of what was signed")));
        if faults.is_empty() && order != expected {
            faults.push("the members are not in the order that was signed".into());
        }
        if faults.is_empty() {
            Ok(Self { envelope, statement, members: kept })
        } else {
            Err(EvidenceError::Mismatch(faults))
        }
    }

    /// Whether a member is there.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A member, unpacked within the size that was signed.
    ///
    /// # Errors
    /// It is missing, damaged, or larger than what was signed.
    pub fn member(&self, name: &str) -> Result<Vec<u8>, EvidenceError> {
        let Some((bytes, record)) = self.members.get(name) else {
            return Err(EvidenceError::Malformed(format!("the pack has no `{name}`")));
        };
        let wrong = || EvidenceError::Malformed(format!("`{name}` does not unpack to the size that was signed"));
        if record.unpacked > UNPACKED_MOST {
            return Err(EvidenceError::Malformed(format!("`{name}` would unpack to more than 8 GiB")));
        }
        if !name.ends_with(".zst") {
            return if record.unpacked == record.size { Ok(bytes.to_vec()) } else { Err(wrong()) };
        }
        // Memory grows with what is really there, and stops one byte behind what was signed.
        let mut unpacked = Vec::new();
        let decoder = zstd::stream::Decoder::new(*bytes).map_err(|_| wrong())?;
        std::io::Read::read_to_end(&mut std::io::Read::take(decoder, record.unpacked + 1), &mut unpacked)
            .map_err(|_| wrong())?;
        if unpacked.len() as u64 == record.unpacked { Ok(unpacked) } else { Err(wrong()) }
    }

    /// The lines of a member, which lead to the root that was signed.
    ///
    /// # Errors
    /// As [`Opened::member`], or another root.
    pub fn lines(&self, name: &str) -> Result<Lines, EvidenceError> {
        let lines = Lines::read(self.member(name)?);
        match self.statement.predicate.trees.get(name) {
            Some(root) if *root == Root::of(&lines.tree) => Ok(lines),
            _ => Err(EvidenceError::Mismatch(vec![format!(
                "the rows of `{name}` do not lead to the root that was signed"
            )])),
        }
    }

    /// The record of a run.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn record(&self, name: &str) -> Result<RunRecord, EvidenceError> {
        self.json(name)
    }

    /// What is known of a run's judges; nothing where none has a certificate.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn judges(&self, name: &str) -> Result<Vec<JudgeFacts>, EvidenceError> {
        if self.has(name) { self.json(name) } else { Ok(Vec::new()) }
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, EvidenceError> {
        serde_json::from_slice(&self.member(name)?)
            .map_err(|error| EvidenceError::Malformed(format!("`{name}` cannot be read: {error}")))
    }

    /// The pack without what people and models wrote; it still verifies.
    ///
    /// # Errors
    /// None that can happen for a pack that was opened.
    pub fn without_content(&self) -> Result<Vec<u8>, EvidenceError> {
        let envelope = self.envelope.to_bytes()?;
        let kept = (self.statement.predicate.members.iter())
            .filter(|record| !record.erasable)
            .filter_map(|record| self.members.get(&record.name).map(|(bytes, _)| (record.name.as_str(), *bytes)));
        archive::write(std::iter::once((ENVELOPE, envelope.as_slice())).chain(kept))
    }
}

/// Reads a statement of the kind that packs hold.
///
/// # Errors
/// Another kind.
pub(crate) fn statement_of(payload: &[u8]) -> Result<Statement, EvidenceError> {
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|error| EvidenceError::Malformed(format!("the statement cannot be read: {error}")))?;
    if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
        return Err(EvidenceError::Malformed("the statement is not about an evaluation".into()));
    }
    Ok(statement)
}
