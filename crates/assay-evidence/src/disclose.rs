//! A part of a pack, disclosed alone: the rows of some cases, with proofs that they are rows of what was signed.

use assay_core::Digest;
use serde::{Deserialize, Serialize};

use crate::EvidenceError;
use crate::dsse::{Envelope, IN_TOTO};
use crate::keys::PublicKey;
use crate::merkle::verify_inclusion;
use crate::pack::{CONTENT, Opened, SCORES, TRIALS, statement_of};
use crate::rows::{ContentLine, ScoreLine, TrialLine};
use crate::statement::Statement;

/// What the file says it is.
const KIND: &str = "https://github.com/assay-eval/assay/disclosure/v1";

/// Rows of a pack with their proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    kind: String,
    /// The envelope of the pack.
    envelope: Envelope,
    rows: Vec<Row>,
}

/// A row as it stands in the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The member it is of.
    of: String,
    /// Its place there, from 0.
    index: u64,
    row: String,
    /// The way to the root.
    path: Vec<Digest>,
}

/// What a disclosure shows.
#[derive(Debug)]
pub struct Disclosed {
    /// The statement.
    pub statement: Statement,
    /// The trials.
    pub trials: Vec<TrialLine>,
    /// Their scores.
    pub scores: Vec<ScoreLine>,
    /// What people and models wrote, as far as it was disclosed.
    pub content: Vec<ContentLine>,
}

impl Disclosure {
    /// Takes the rows of cases out of a pack; their content only when asked for.
    ///
    /// # Errors
    /// A case that the pack does not have; rows that cannot be read.
    pub fn of(pack: &Opened<'_>, cases: &[String], content: bool) -> Result<Self, EvidenceError> {
        let mut rows = Vec::new();
        let mut found: Vec<&String> = Vec::new();
        let wanted = if content && pack.has(CONTENT) { &[TRIALS, SCORES, CONTENT][..] } else { &[TRIALS, SCORES][..] };
        for of in wanted {
            let lines = pack.lines(of)?;
            for (index, line) in lines.iter().enumerate() {
                let case = match *of {
                    TRIALS => read::<TrialLine>(of, line)?.case,
                    SCORES => read::<ScoreLine>(of, line)?.case,
                    _ => read::<ContentLine>(of, line)?.case,
                };
                let Some(case) = cases.iter().find(|wanted| **wanted == case) else { continue };
                found.push(case);
                let index = index as u64;
                rows.push(Row {
                    of: (*of).to_owned(),
                    index,
                    row: String::from_utf8_lossy(line).into_owned(),
                    path: lines.tree.inclusion(index, lines.tree.size()).unwrap_or_default(),
                });
            }
        }
        match cases.iter().find(|case| !found.contains(case)) {
            Some(case) => Err(EvidenceError::Malformed(format!("the pack has no case `{case}`"))),
            None => Ok(Self { kind: KIND.to_owned(), envelope: pack.envelope.clone(), rows }),
        }
    }

    /// The file.
    ///
    /// # Errors
    /// None that can happen; JSON's own.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EvidenceError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| EvidenceError::Malformed(error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Verifies a file that [`Disclosure::to_bytes`] wrote.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn verify(file: &[u8], keys: &[PublicKey]) -> Result<Disclosed, EvidenceError> {
        let disclosure: Self = serde_json::from_slice(file)
            .map_err(|error| EvidenceError::Malformed(format!("the disclosure cannot be read: {error}")))?;
        if disclosure.kind != KIND || disclosure.to_bytes()? != file {
            return Err(EvidenceError::Malformed("the disclosure is not spelled as it was written".into()));
        }
        let statement = statement_of(&disclosure.envelope.open(IN_TOTO, keys)?)?;
        let mut shown = Disclosed { statement, trials: Vec::new(), scores: Vec::new(), content: Vec::new() };
        let mut faults = Vec::new();
        let mut last = None;
        for row in &disclosure.rows {
            // In the order in which they are written, none twice.
            if last.is_some_and(|(of, index)| of == &row.of && index >= row.index) {
                faults.push(format!("row {} of `{}` is out of place", row.index, row.of));
            }
            last = Some((&row.of, row.index));
            let holds = shown.statement.predicate.trees.get(&row.of).is_some_and(|tree| {
                let leaf = crate::merkle::leaf(row.row.as_bytes());
                verify_inclusion(&leaf, row.index, tree.size, &row.path, &tree.root)
            });
            if !holds {
                faults.push(format!("row {} of `{}` is not the one that was signed", row.index, row.of));
                continue;
            }
            let line = row.row.as_bytes();
            match row.of.as_str() {
                TRIALS => shown.trials.push(read(TRIALS, line)?),
                SCORES => shown.scores.push(read(SCORES, line)?),
                CONTENT => shown.content.push(read(CONTENT, line)?),
                other => faults.push(format!("`{other}` is not disclosed row by row")),
            }
        }
        for content in &shown.content {
            let commitment = content.commitment();
            let committed = shown.trials.iter().any(|trial| trial.inputs == commitment || trial.output == commitment)
                || shown.scores.iter().any(|score| score.said == commitment);
            if !committed {
                faults.push(format!("the content of case `{}` is not the one that was committed to", content.case));
            }
        }
        if faults.is_empty() { Ok(shown) } else { Err(EvidenceError::Mismatch(faults)) }
    }

    /// Whether a file is a disclosure rather than a pack.
    pub fn is(file: &[u8]) -> bool {
        file.first() == Some(&b'{')
    }
}

fn read<'a, T: Deserialize<'a>>(what: &str, line: &'a [u8]) -> Result<T, EvidenceError> {
    serde_json::from_slice(line).map_err(|error| EvidenceError::Malformed(format!("a row of `{what}`: {error}")))
}
