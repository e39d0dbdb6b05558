//! The rows of a pack: one line of JSON for each trial, score and case. A line, as it is written, is a leaf of a tree.
//!
//! What models and people wrote is not in a row; a row holds a commitment to it, `SHA-256("assay commitment v1\n" ‖ salt ‖
//! content)` with a salt of 32 bytes, and the content with its salt stands in a part of its own. Without the salt nobody can
//! find out by trying what the content was.

use std::collections::HashMap;

use assay_core::row::{Missing, ScoreRow};
use assay_core::{Digest, RunRecord};
use serde::{Deserialize, Serialize};

use crate::EvidenceError;
use crate::merkle::{self, Tree};

/// A trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialLine {
    /// Its number in the run.
    pub number: u64,
    /// The case's id.
    pub case: String,
    /// The case's digest.
    pub digest: Digest,
    /// The target's name.
    pub target: String,
    /// The repeat number.
    pub epoch: u32,
    /// How it ended.
    pub status: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it began, in microseconds since the Unix epoch.
    pub started_us: i64,
    /// How long the answer took.
    pub latency_us: i64,
    /// Whether it came from the cache.
    pub cached: bool,
    /// Tokens read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<i64>,
    /// Tokens written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<i64>,
    /// What it cost.
    pub cost_nanousd: i64,
    /// What the target said it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Commitment to the whole case.
    pub inputs: Digest,
    /// Commitment to the answer, or to why there is none.
    pub output: Digest,
}

/// A score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreLine {
    /// The trial's number.
    pub number: u64,
    /// The case's id.
    pub case: String,
    /// The case's digest.
    pub digest: Digest,
    /// The target's name.
    pub target: String,
    /// The scorer's name.
    pub scorer: String,
    /// The repeat number.
    pub epoch: u32,
    /// The case's cluster, by a number that has no meaning outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<u32>,
    /// The case's design weight.
    pub weight: f64,
    /// Whether the case must not fail.
    pub critical: bool,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// What corpus metrics are computed from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<f64>,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Repeats that share a generation are one observation.
    pub generation: String,
    /// The case's metadata, as far as slices are made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<(String, String)>,
    /// Commitment to what the scorer said.
    pub said: Digest,
}

/// A case as its dataset version counts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseLine {
    /// Which of the run's datasets, from 0.
    pub dataset: u32,
    /// The case's digest in the run.
    pub digest: Digest,
    /// The digest of the whole case.
    pub whole: Digest,
}

/// Content that a commitment is to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentLine {
    /// The case's id.
    pub case: String,
    /// `inputs`, `output` or `said`.
    pub of: String,
    /// The salt in hexadecimal digits.
    pub salt: Digest,
    /// What it is: JSON as a text.
    pub text: String,
}

impl ContentLine {
    /// The commitment that this content opens.
    pub fn commitment(&self) -> Digest {
        commit(&self.salt, self.text.as_bytes())
    }
}

/// The commitment to content under a salt.
pub fn commit(salt: &Digest, content: &[u8]) -> Digest {
    let mut hash = Digest::stream();
    hash.update(b"assay commitment v1\n");
    hash.update(salt.as_bytes());
    hash.update(content);
    hash.finish()
}

/// Salts from one secret: knowing some tells nothing about the others, or about the secret.
pub struct Salts([u8; 32]);

impl Salts {
    /// From 32 random bytes, which are not kept in the pack.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The salt of one piece of content, by what it is of.
    pub fn of(&self, parts: &[&[u8]]) -> Digest {
        let mut hash = Digest::stream();
        hash.update(b"assay salt v1\n");
        hash.update(&self.0);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finish()
    }
}

/// Lines with the tree over them.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The lines, each with its end.
    pub bytes: Vec<u8>,
    /// The tree.
    pub tree: Tree,
}

impl Lines {
    /// Appends a row.
    ///
    /// # Errors
    /// None that can happen; JSON's own.
    pub fn push<T: Serialize>(&mut self, row: &T) -> Result<(), EvidenceError> {
        let start = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, row).map_err(|error| EvidenceError::Malformed(error.to_string()))?;
        self.tree.push(merkle::leaf(&self.bytes[start..]));
        self.bytes.push(b'\n');
        Ok(())
    }

    /// Lines as they were written.
    pub fn read(bytes: Vec<u8>) -> Self {
        let tree = lines(&bytes).map(merkle::leaf).collect();
        Self { bytes, tree }
    }

    /// Each line without its end.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        lines(&self.bytes)
    }

    /// Each line as a row, with `what` for messages.
    pub fn rows<'a, T: Deserialize<'a>>(
        &'a self,
        what: &'a str,
    ) -> impl Iterator<Item = Result<T, EvidenceError>> + 'a {
        self.iter().enumerate().map(move |(at, line)| {
            serde_json::from_slice(line)
                .map_err(|error| EvidenceError::Malformed(format!("{what}, line {}: {error}", at + 1)))
        })
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

const MISSING: [(Missing, &str); 5] = [
    (Missing::TrialError, "trial_error"),
    (Missing::ScorerError, "scorer_error"),
    (Missing::Unscored, "unscored"),
    (Missing::Refused, "refused"),
    (Missing::Cancelled, "cancelled"),
];

impl ScoreLine {
    /// The row of a score. `cluster` numbers the clusters; only metadata that `keys` names is taken over.
    pub fn of(
        row: &ScoreRow<'_>,
        number: u64,
        said: Digest,
        clusters: &mut HashMap<String, u32>,
        keys: &[String],
    ) -> Self {
        let next = u32::try_from(clusters.len()).unwrap_or(u32::MAX);
        let missing = row.missing.and_then(|why| MISSING.iter().find(|(known, _)| *known == why));
        Self {
            number,
            case: row.case_id.to_owned(),
            digest: row.case_digest,
            target: row.target.to_owned(),
            scorer: row.scorer.to_owned(),
            epoch: row.epoch,
            cluster: row.cluster.map(|name| *clusters.entry(name.to_owned()).or_insert(next)),
            weight: row.weight,
            critical: row.critical,
            value: row.value,
            counts: row.counts.to_vec(),
            missing: missing.map(|(_, word)| (*word).to_owned()),
            generation: row.generation.to_owned(),
            slices: (row.metadata.iter())
                .filter(|(key, _)| keys.iter().any(|known| known == key))
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            said,
        }
    }

    /// Hands the score to analysis as the lake would.
    ///
    /// # Errors
    /// A reason for a missing value that is not known.
    pub fn visit(&self, visit: &mut dyn FnMut(&ScoreRow<'_>)) -> Result<(), EvidenceError> {
        let missing = match self.missing.as_deref() {
            None => None,
            Some(word) => match MISSING.iter().find(|(_, known)| *known == word) {
                Some((why, _)) => Some(*why),
                None => return Err(EvidenceError::Malformed(format!("`{word}` is no reason why a value is missing"))),
            },
        };
        let cluster = self.cluster.map(|number| number.to_string());
        visit(&ScoreRow {
            target: &self.target,
            scorer: &self.scorer,
            case_id: &self.case,
            case_digest: self.digest,
            cluster: cluster.as_deref(),
            weight: self.weight,
            critical: self.critical,
            epoch: self.epoch,
            value: self.value,
            counts: &self.counts,
            missing,
            generation: &self.generation,
            metadata: self.slices.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        });
        Ok(())
    }
}

/// The metadata keys that a run's slices and gate look at.
pub fn slice_keys(record: &RunRecord) -> Vec<String> {
    use assay_core::SliceDecl;
    let mut keys = Vec::new();
    for declared in &record.slices {
        match declared {
            SliceDecl::Key(key) => keys.push(key.clone()),
            SliceDecl::Where { r#where, .. } => keys.extend(r#where.keys().into_iter().map(str::to_owned)),
        }
    }
    for rule in &record.gate.rules {
        keys.extend(rule.slice.iter().flat_map(|slice| slice.keys()).map(str::to_owned));
    }
    keys.sort();
    keys.dedup();
    keys
}
