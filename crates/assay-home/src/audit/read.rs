//! Reading the audit log: all of it, its newest entries, the proof of one.

use std::collections::BTreeMap;

use assay_core::Digest;
use assay_evidence::EvidenceError;
use assay_evidence::keys::PublicKey;
use assay_evidence::log::{self, verify_against};
use assay_evidence::merkle::{self, Tree};
use assay_evidence::note::{Checkpoint, EntryProof};
use serde_json::Value;

use super::AuditLog;

/// Entries that are read at once, from a multiple of it on: those of a file.
const AT_ONCE: u64 = 256;

/// Some of the newest entries.
#[derive(Clone, Debug)]
pub struct Newest {
    /// With their numbers, newest first.
    pub entries: Vec<(u64, Vec<u8>)>,
    /// Where older ones begin: before this number.
    pub before: Option<u64>,
}

/// The proof that an entry is in the log.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The entry's place, from 0.
    pub index: u64,
    /// The entry.
    pub entry: Vec<u8>,
    /// The way from its leaf to the root.
    pub path: Vec<Digest>,
    /// What the root is of: the newest signed checkpoint, or the log as it stands where that does not reach the entry.
    pub checkpoint: Checkpoint,
    /// The signed checkpoint.
    pub note: Option<String>,
}

impl Proof {
    /// The file that travels with the entry, under a signed checkpoint.
    pub fn file(&self) -> Option<String> {
        let proof = |note: &String| EntryProof { index: self.index, path: self.path.clone(), note: note.clone() };
        self.note.as_ref().map(|note| proof(note).to_text())
    }
}

/// Whether a log is whole.
#[derive(Clone, Debug)]
pub enum Verified {
    /// Nothing was recorded yet.
    Empty,
    /// It is not; each fault in words.
    Refused(Vec<String>),
    /// It is.
    Whole {
        /// As it stands.
        head: Checkpoint,
        /// Signed checkpoints that it goes on from, with their sizes.
        held: Vec<(String, u64)>,
        /// Entries that say that something began, and that none ends.
        unfinished: Vec<u64>,
    },
}

impl AuditLog {
    /// Checks the whole log; gives its head and the tree. `None` when nothing was ever recorded.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn verify(&self) -> Result<Option<(Checkpoint, Tree)>, EvidenceError> {
        if !self.folder.exists() {
            return Ok(None);
        }
        let _held = self.hold()?;
        let Some(head) = self.head()? else { return Ok(None) };
        let tree = log::verify(&head, &|name| self.read(name))?;
        Ok(Some((head, tree)))
    }

    /// Visits the entries from a number on, counted from the end when it is negative.
    ///
    /// # Errors
    /// The log cannot be read; whatever `visit` gives.
    pub fn for_each(&self, from: i64, visit: log::Visit<'_>) -> Result<(), EvidenceError> {
        if !self.folder.exists() {
            return Ok(());
        }
        let _held = self.hold()?;
        let Some(head) = self.head()? else { return Ok(()) };
        let from = u64::try_from(from).unwrap_or_else(|_| head.size.saturating_sub(from.unsigned_abs()));
        log::for_each_entry(head.size, from, head.size, &|name| self.read(name), visit)
    }

    /// Numbers of entries that say that something began, and that no later entry ends: it was killed, or is still at work.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn unfinished(&self) -> Result<Vec<u64>, EvidenceError> {
        let mut open: BTreeMap<u64, Value> = BTreeMap::new();
        self.for_each(0, &mut |number, entry| {
            let value: Value = serde_json::from_slice(entry).unwrap_or_default();
            if value["outcome"] == "began" {
                open.insert(number, value);
                return Ok(());
            }
            let ends = value["began"].as_u64().or_else(|| {
                // Entries of earlier versions do not name the one that they end.
                let same = |began: &Value| {
                    began["action"] == value["action"]
                        && began["object"]["run"] == value["object"]["run"]
                        && !value["object"]["run"].is_null()
                };
                open.iter().rev().find(|(_, began)| same(began)).map(|(number, _)| *number)
            });
            if let Some(ends) = ends {
                open.remove(&ends);
            }
            Ok(())
        })?;
        Ok(open.into_keys().collect())
    }

    /// The newest signed checkpoint.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn checkpoint(&self) -> Result<Option<String>, EvidenceError> {
        let bytes = self.read("checkpoint")?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The newest signed checkpoint, read with no signature checked.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn signed(&self) -> Result<Option<(Checkpoint, String)>, EvidenceError> {
        let Some(note) = self.checkpoint()? else { return Ok(None) };
        Ok(Some((Checkpoint::read(&note)?.0, note)))
    }

    /// The newest entries before a number that are wanted, at most `limit` of them, among at most about `most` that are read.
    /// Entries of other pages are not read.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
        most: u64,
        wanted: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Newest, EvidenceError> {
        let mut newest = Newest { entries: Vec::new(), before: None };
        if !self.folder.exists() {
            return Ok(newest);
        }
        let _held = self.hold()?;
        let Some(head) = self.head()? else { return Ok(newest) };
        let start = before.map_or(head.size, |before| before.min(head.size));
        let mut to = start;
        while to > 0 && start - to < most {
            let from = (to - 1) / AT_ONCE * AT_ONCE;
            let mut entries = Vec::new();
            log::for_each_entry(head.size, from, to, &|name| self.read(name), &mut |number, entry| {
                if wanted(entry) {
                    entries.push((number, entry.to_vec()));
                }
                Ok(())
            })?;
            while let Some((number, entry)) = entries.pop() {
                if newest.entries.len() == limit {
                    newest.before = Some(number + 1);
                    return Ok(newest);
                }
                newest.entries.push((number, entry));
            }
            to = from;
        }
        newest.before = Some(to).filter(|to| *to > 0);
        Ok(newest)
    }

    /// The proof of an entry; `None` when there is no such entry. It was verified against its checkpoint.
    ///
    /// # Errors
    /// The log cannot be read, or the entry does not lead to the root.
    pub fn proof(&self, index: u64) -> Result<Option<Proof>, EvidenceError> {
        if !self.folder.exists() {
            return Ok(None);
        }
        let _held = self.hold()?;
        let Some(head) = self.head()?.filter(|head| index < head.size) else { return Ok(None) };
        let whole = head.size;
        let (checkpoint, note) = match self.signed()?.filter(|(signed, _)| (index + 1..=whole).contains(&signed.size)) {
            Some((signed, note)) => (signed, Some(note)),
            None => (head, None),
        };
        let mut found = Vec::new();
        log::for_each_entry(whole, index, index + 1, &|name| self.read(name), &mut |_, entry| {
            found = entry.to_vec();
            Ok(())
        })?;
        let path = log::inclusion(whole, index, checkpoint.size, &|name| self.read(name))?.unwrap_or_default();
        let leaf = merkle::leaf(&found);
        if !merkle::verify_inclusion(&leaf, index, checkpoint.size, &path, &checkpoint.root) {
            let what = format!("entry {index} does not lead to the root over {} entries", checkpoint.size);
            return Err(EvidenceError::Mismatch(vec![what]));
        }
        Ok(Some(Proof { index, entry: found, path, checkpoint, note }))
    }

    /// Checks the whole log, and with a key that it goes on from signed checkpoints: those of `notes`, with their names, and
    /// the newest of its own.
    ///
    /// # Errors
    /// A file that cannot be read; what does not fit is no error but an answer.
    pub fn verified(&self, notes: &[(String, String)], key: Option<&PublicKey>) -> Result<Verified, EvidenceError> {
        let checked = match self.verify() {
            Ok(checked) => checked,
            Err(EvidenceError::Mismatch(faults)) => return Ok(Verified::Refused(faults)),
            Err(error) => return Err(error),
        };
        let Some((head, tree)) = checked else {
            return Ok(match notes.is_empty() {
                true => Verified::Empty,
                false => Verified::Refused(vec!["there is no log here, but a checkpoint was signed".into()]),
            });
        };
        let (mut faults, mut held) = (Vec::new(), Vec::new());
        if let Some(key) = key {
            let own = self.checkpoint()?.map(|own| ("the newest checkpoint in the log".to_owned(), own));
            for (name, note) in notes.iter().cloned().chain(own) {
                let size = Checkpoint::open(&note, key).and_then(|checkpoint| {
                    verify_against(&tree, &head.origin, &checkpoint)?;
                    Ok(checkpoint.size)
                });
                match size {
                    Ok(size) => held.push((name, size)),
                    Err(error) => faults.push(format!("{name}: {error}")),
                }
            }
        }
        match faults.is_empty() {
            true => Ok(Verified::Whole { head, held, unfinished: self.unfinished()? }),
            false => Ok(Verified::Refused(faults)),
        }
    }
}
