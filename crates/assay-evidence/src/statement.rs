//! What is signed: an in-toto Statement (v1) whose predicate is an evaluation with its verdict.

use std::collections::BTreeMap;

use assay_core::{Digest, RunRecord};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::merkle::Tree;

/// The type of a statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of the predicate; `docs/evidence.md` describes it.
pub const PREDICATE: &str = "https://github.com/assay-eval/assay/attestation/evaluation/v1";

/// An in-toto statement about an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// What was evaluated: the targets of the run by their fingerprints.
    pub subject: Vec<Subject>,
    /// [`PREDICATE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// The evaluation.
    pub predicate: Predicate,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: Sha256,
}

/// A digest as in-toto writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sha256 {
    /// The digest.
    pub sha256: Digest,
}

/// An evaluation with its verdict, and digests of everything that led to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Predicate {
    /// `pass`, `fail`, `inconclusive`; absent when the suite has no rules.
    pub verdict: Option<String>,
    /// The gate: each criterion with its interval and reasons.
    pub gate: Value,
    /// The run.
    pub run: RunFacts,
    /// What it was compared with.
    pub baseline: Option<BaselineFacts>,
    /// Names of the datasets whose version follows from the cases in the pack. The others go by the version of the stored
    /// dataset that some of its cases were drawn from.
    pub versions: Vec<String>,
    /// Trials that do not count, as they were made after the look that ended the run.
    pub left_out: u64,
    /// When the pack was built, RFC 3339.
    pub built_at: String,
    /// Version of Assay that built it.
    pub assay_version: String,
    /// The trees over the rows, by member.
    pub trees: BTreeMap<String, Root>,
    /// The members of the pack, in their order.
    pub members: Vec<MemberRecord>,
}

/// A run as the statement names it: what can move its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RunFacts {
    /// The run.
    pub id: String,
    /// The suite.
    pub suite: String,
    /// Digest of the suite's text.
    pub suite_digest: Digest,
    /// Digest of everything that can move a result.
    pub fingerprint: Digest,
    /// Digest of the frozen list of cases.
    pub plan: Digest,
    /// Git commit of the suite's folder.
    pub git: Option<String>,
    /// Version of Assay that executed it.
    pub assay_version: String,
    /// When it started, in microseconds since the Unix epoch.
    pub started_us: i64,
    /// The tier.
    pub tier: Option<String>,
    /// Trials planned.
    pub planned: u64,
    /// The dataset versions.
    pub datasets: Vec<DatasetFacts>,
    /// The targets.
    pub targets: Vec<Part>,
    /// The scorers; a judge's fingerprint covers its model, rubric, prompt and parser.
    pub scorers: Vec<Part>,
}

/// A dataset as a run used it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DatasetFacts {
    /// Its name in the suite.
    pub name: String,
    /// The version.
    pub version: Digest,
    /// Number of cases used.
    pub cases: u64,
}

/// A target or a scorer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Part {
    /// Its name in the suite.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its fingerprint.
    pub fingerprint: Digest,
    /// Whether a model judges.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judge: bool,
}

/// What the run was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BaselineFacts {
    /// The run; the same one when two of its targets were compared.
    pub run: RunFacts,
    /// The target of it that was named.
    pub target: Option<String>,
}

/// The root of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Number of leaves.
    pub size: u64,
    /// The root.
    pub root: Digest,
}

impl Root {
    /// Of a tree.
    pub fn of(tree: &Tree) -> Self {
        Self { size: tree.size(), root: tree.root() }
    }
}

/// A member of the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRecord {
    /// Its name.
    pub name: String,
    /// Digest of its bytes.
    pub digest: Sha256,
    /// Number of its bytes.
    pub size: u64,
    /// Number of bytes it unpacks to.
    pub unpacked: u64,
    /// Whether the pack is whole without it.
    pub erasable: bool,
}

impl RunFacts {
    /// Of a run.
    pub fn of(record: &RunRecord) -> Self {
        Self {
            id: record.id.to_string(),
            suite: record.suite.clone(),
            suite_digest: record.suite_digest,
            fingerprint: record.fingerprint(),
            plan: record.plan,
            git: record.git.clone(),
            assay_version: record.assay_version.clone(),
            started_us: record.started_us,
            tier: record.tier.clone(),
            planned: record.planned(),
            datasets: (record.datasets.iter())
                .map(|d| DatasetFacts { name: d.name.clone(), version: d.version, cases: d.cases })
                .collect(),
            targets: (record.targets.iter())
                .map(|t| Part { name: t.name.clone(), kind: t.kind.clone(), fingerprint: t.fingerprint, judge: false })
                .collect(),
            scorers: (record.scorers.iter())
                .map(|s| Part {
                    name: s.name.clone(),
                    kind: s.kind.clone(),
                    fingerprint: s.fingerprint,
                    judge: s.judge,
                })
                .collect(),
        }
    }

    /// The targets as subjects.
    pub fn subjects(&self) -> Vec<Subject> {
        let subject = |part: &Part| Subject { name: part.name.clone(), digest: Sha256 { sha256: part.fingerprint } };
        self.targets.iter().map(subject).collect()
    }
}
