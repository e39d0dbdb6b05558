//! What changed between two versions, field by field.
//!
//! Chunks that both versions have are not read. The cases of the others are joined by id, in parts that fit in memory,
//! so that two versions of ten million cases are compared in flat memory.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};

use assay_core::{Case, Digest};
use serde::Serialize;
use serde_json::Value;

use crate::DatasetError;
use crate::library::Library;
use crate::sorter::scratch;
use crate::version::{Chunk, Manifest};

/// Bytes of cases that are joined at once.
const AT_ONCE: u64 = 32 << 20;
/// Removed and added cases among which renamed ones are looked for.
const RENAMES: usize = 200_000;

/// A difference between two versions.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "CaseChange")]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A case of the newer version only.
    Added {
        /// Its id.
        case: String,
    },
    /// A case of the older version only.
    Removed {
        /// Its id.
        case: String,
    },
    /// The same case under another id.
    Renamed {
        /// Its id in the older version.
        from: String,
        /// Its id in the newer one.
        to: String,
    },
    /// A case whose fields differ.
    Changed {
        /// Its id.
        case: String,
        /// The fields.
        fields: Vec<FieldChange>,
    },
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FieldChange {
    /// Its dotted path, such as `inputs.question`.
    pub field: String,
    /// Before; `None` when it was not there.
    pub before: Option<Value>,
    /// After; `None` when it is not there any more.
    pub after: Option<Value>,
}

/// How many cases differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "DiffCounts")]
pub struct Counts {
    /// Cases of the newer version only.
    pub added: u64,
    /// Cases of the older version only.
    pub removed: u64,
    /// Cases under another id.
    pub renamed: u64,
    /// Cases whose fields differ.
    pub changed: u64,
    /// Cases that are the same.
    pub same: u64,
}

/// Compares two versions and hands every difference on.
///
/// # Errors
/// A version that cannot be read, no room for temporary files, or what `each` gives.
pub fn diff(
    library: &Library,
    before: Digest,
    after: Digest,
    each: &mut dyn FnMut(Change) -> Result<(), DatasetError>,
) -> Result<Counts, DatasetError> {
    let (before, after) = (library.manifest(before)?, library.manifest(after)?);
    let mut counts = Counts::default();
    let (left, right) = differing(&before, &after, &mut counts);
    let bytes: u64 = left.iter().chain(&right).map(|chunk| chunk.bytes).sum();
    let parts = usize::try_from(bytes.div_ceil(AT_ONCE)).unwrap_or(usize::MAX).clamp(1, 512);
    let left = Parts::spread(library, &left, parts)?;
    let right = Parts::spread(library, &right, parts)?;
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for (left, right) in left.0.into_iter().zip(right.0) {
        let mut old: HashMap<String, Case> = HashMap::new();
        let mut order = Vec::new();
        read(left, &mut |case| {
            order.push(case.id.clone());
            old.insert(case.id.clone(), case);
            Ok(())
        })?;
        read(right, &mut |case| match old.remove(&case.id) {
            None => {
                counts.added += 1;
                if added.len() < RENAMES {
                    added.push((case.id.clone(), case.digest()));
                    return Ok(());
                }
                each(Change::Added { case: case.id })
            }
            Some(known) if known == case => {
                counts.same += 1;
                Ok(())
            }
            Some(known) => {
                counts.changed += 1;
                each(Change::Changed { fields: fields(&known, &case), case: case.id })
            }
        })?;
        for id in order {
            let Some(case) = old.remove(&id) else { continue };
            counts.removed += 1;
            if removed.len() < RENAMES {
                removed.push((id, case.digest()));
            } else {
                each(Change::Removed { case: id })?;
            }
        }
    }
    let mut by_content: HashMap<Digest, Vec<String>> = HashMap::new();
    for (id, digest) in removed.iter().rev() {
        by_content.entry(*digest).or_default().push(id.clone());
    }
    let mut renamed = HashSet::new();
    for (id, digest) in added {
        match by_content.get_mut(&digest).and_then(Vec::pop) {
            Some(from) => {
                counts.added -= 1;
                counts.removed -= 1;
                counts.renamed += 1;
                renamed.insert(from.clone());
                each(Change::Renamed { from, to: id })?;
            }
            None => each(Change::Added { case: id })?,
        }
    }
    for (id, _) in removed {
        if !renamed.contains(&id) {
            each(Change::Removed { case: id })?;
        }
    }
    Ok(counts)
}

/// The chunks of each that the other does not have; cases of common chunks are counted as the same.
fn differing(before: &Manifest, after: &Manifest, counts: &mut Counts) -> (Vec<Chunk>, Vec<Chunk>) {
    let mut known: HashMap<Digest, u64> = HashMap::new();
    for chunk in &before.chunks {
        *known.entry(chunk.digest).or_default() += 1;
    }
    let mut right = Vec::new();
    for chunk in &after.chunks {
        match known.get_mut(&chunk.digest).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                counts.same += chunk.cases;
            }
            None => right.push(*chunk),
        }
    }
    let mut left = Vec::new();
    for chunk in before.chunks.iter().rev() {
        if let Some(remaining) = known.get_mut(&chunk.digest).filter(|left| **left > 0) {
            *remaining -= 1;
            left.push(*chunk);
        }
    }
    left.reverse();
    (left, right)
}

/// Cases spread by their ids over parts.
struct Parts(Vec<Held>);

enum Held {
    Memory(Vec<Case>),
    Disk(BufWriter<File>),
}

impl Parts {
    fn spread(library: &Library, chunks: &[Chunk], parts: usize) -> Result<Self, DatasetError> {
        if parts == 1 {
            let mut cases = Vec::new();
            for chunk in chunks {
                cases.extend(library.folder().read(chunk)?);
            }
            return Ok(Self(vec![Held::Memory(cases)]));
        }
        let mut files = Vec::with_capacity(parts);
        for _ in 0..parts {
            files.push(BufWriter::with_capacity(1 << 14, tempfile::tempfile().map_err(scratch)?));
        }
        for chunk in chunks {
            for case in library.folder().read(chunk)? {
                let at = Digest::of_bytes(case.id.as_bytes()).leading() % parts as u64;
                let file = &mut files[usize::try_from(at).unwrap_or(0)];
                serde_json::to_writer(&mut *file, &case).map_err(|error| scratch(error.into()))?;
                file.write_all(b"\n").map_err(scratch)?;
            }
        }
        Ok(Self(files.into_iter().map(Held::Disk).collect()))
    }
}

fn read(part: Held, each: &mut dyn FnMut(Case) -> Result<(), DatasetError>) -> Result<(), DatasetError> {
    match part {
        Held::Memory(cases) => cases.into_iter().try_for_each(each),
        Held::Disk(file) => {
            let mut file = file.into_inner().map_err(|error| scratch(error.into_error()))?;
            file.seek(SeekFrom::Start(0)).map_err(scratch)?;
            for line in BufReader::with_capacity(1 << 16, file).lines() {
                let case = serde_json::from_str(&line.map_err(scratch)?).map_err(|error| scratch(error.into()))?;
                each(case)?;
            }
            Ok(())
        }
    }
}

/// The fields in which two cases differ, in the order in which a case is written.
pub fn fields(before: &Case, after: &Case) -> Vec<FieldChange> {
    let (before, after) = (serde_json::to_value(before), serde_json::to_value(after));
    let mut changes = Vec::new();
    walk(String::new(), before.as_ref().ok(), after.as_ref().ok(), &mut changes);
    changes
}

fn walk(path: String, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let step = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in old {
                walk(step(key), Some(value), new.get(key), changes);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                walk(step(key), None, Some(value), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (i, (old, new)) in old.iter().zip(new).enumerate() {
                walk(step(&i.to_string()), Some(old), Some(new), changes);
            }
        }
        _ => changes.push(FieldChange { field: path, before: before.cloned(), after: after.cloned() }),
    }
}
