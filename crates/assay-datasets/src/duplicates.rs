//! Cases that are nearly the same, within a version or between two. Memory does not grow with the number of cases, but by
//! some sixty bytes for each pair that is found.
//!
//! MinHash signatures and locality-sensitive hashing find candidates ([`assay_metrics::near_duplicates`]); the exact
//! Jaccard similarity of their 5-grams decides. Band hashes are sorted on disk (21 records of 16 bytes per case at a
//! threshold of 0.8), and of a bucket each case is paired with the first one and its neighbour, not with all: many
//! copies do not give a square of pairs.

use std::collections::{BTreeMap, HashMap, VecDeque};

use assay_core::{Case, Digest};
use assay_metrics::near_duplicates::{Unit, bands, jaccard, shingles, signature};
use serde::Serialize;
use serde_json::Value;

use crate::DatasetError;
use crate::library::Library;
use crate::sorter::{Sorter, number, scratch};
use crate::version::{Chunk, Manifest};

/// Pairs that are named.
const MOST_PAIRS: usize = 100_000;
/// Chunks that are kept while candidates are compared.
const CHUNKS_KEPT: usize = 48;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The least similarity of a pair, from 0.05 to 1.
    pub threshold: f64,
    /// Of what five in a row are compared.
    pub unit: Unit,
    /// The dotted path of what is compared; all texts of the inputs by default.
    pub field: Option<String>,
}

/// Two cases that are nearly the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The earlier case.
    pub case: String,
    /// The later one, of the other version when there is one.
    pub other: String,
    /// Jaccard's similarity of their 5-grams.
    pub similarity: f64,
    /// Whether they expect different outputs though their 5-grams are the same.
    pub conflict: bool,
    /// Whether their inputs are the very same.
    pub same_inputs: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Found {
    /// Cases that were compared.
    pub cases: u64,
    /// Pairs at or above the threshold with their rows, the first of each bucket with the others; at most 100,000 of them.
    pub pairs: Vec<((u64, u64), Pair)>,
    /// How many there are in all.
    pub pairs_in_all: u64,
    /// Pairs with the very same inputs and another expected output.
    pub conflicts: u64,
    /// Pairs with the same 5-grams, other inputs and another expected output.
    pub near_conflicts: u64,
    /// Rows (from 0) of later copies: without them no pair is left. Between two versions, those of the first.
    pub surplus: Vec<u64>,
    /// Groups of cases that pairs link; 0 between two versions.
    pub groups: u64,
    /// Pairs whose similarity was computed.
    pub candidates: u64,
}

/// Looks for near duplicates in a version, or between it and another one.
///
/// # Errors
/// A threshold outside of 0.05 to 1, a version that cannot be read, no room for temporary files.
pub fn find(
    library: &Library,
    version: Digest,
    against: Option<Digest>,
    search: &Search,
) -> Result<Found, DatasetError> {
    let Some((count, rows)) = bands(search.threshold).filter(|_| search.threshold >= 0.05) else {
        return Err(DatasetError::new(None, "a similarity from 0.05 to 1 is expected").help("0.8 is a good start"));
    };
    let mut reader = Reader::new(library, version, against)?;
    let own = reader.own;
    let mut sorter = Sorter::<16>::default();
    let mut cases = 0u64;
    reader.each(&mut |row, case| {
        cases += 1;
        let set = shingles(&text_of(case, search.field.as_deref()), search.unit);
        if set.is_empty() {
            return Ok(());
        }
        let signature = signature(&set);
        for band in 0..count {
            let values = &signature[band * rows..(band + 1) * rows];
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let mut record = [0; 16];
            record[..8].copy_from_slice(&hash(band as u64, &bytes).to_le_bytes());
            record[8..].copy_from_slice(&row.to_be_bytes());
            sorter.push(record).map_err(scratch)?;
        }
        Ok(())
    })?;
    let mut candidates = Sorter::<24>::default();
    let mut bucket: Vec<u64> = Vec::new();
    let mut key = [0; 8];
    let mut flush = |bucket: &mut Vec<u64>| -> Result<(), DatasetError> {
        for (a, b) in linked(bucket, own) {
            // Spread evenly by a hash in front, so that sorting removes repeats in flat memory.
            let mut record = [0; 24];
            record[..8].copy_from_slice(&hash(a, &b.to_le_bytes()).to_le_bytes());
            record[8..16].copy_from_slice(&a.to_be_bytes());
            record[16..].copy_from_slice(&b.to_be_bytes());
            candidates.push(record).map_err(scratch)?;
        }
        bucket.clear();
        Ok(())
    };
    for record in sorter.sorted().map_err(scratch)? {
        let record = record.map_err(scratch)?;
        if record[..8] != key {
            flush(&mut bucket)?;
            key.copy_from_slice(&record[..8]);
        }
        bucket.push(number(&record[8..]));
    }
    flush(&mut bucket)?;
    let mut found = Found { cases, ..Found::default() };
    let mut links: Vec<(u64, u64)> = Vec::new();
    let mut last = None;
    for record in candidates.sorted().map_err(scratch)? {
        let record = record.map_err(scratch)?;
        let (a, b) = (number(&record[8..16]), number(&record[16..]));
        if last == Some((a, b)) {
            continue;
        }
        last = Some((a, b));
        found.candidates += 1;
        let (first, second) = (reader.case(a)?, reader.case(b)?);
        let set = |case: &Case| shingles(&text_of(case, search.field.as_deref()), search.unit);
        let Some(similarity) = jaccard(&set(&first), &set(&second)).filter(|j| *j >= search.threshold) else {
            continue;
        };
        let conflict = similarity == 1.0 && first.expected != second.expected;
        links.push((a, b));
        found.conflicts += u64::from(conflict && first.inputs == second.inputs);
        found.near_conflicts += u64::from(conflict && first.inputs != second.inputs);
        if found.pairs.len() < MOST_PAIRS {
            let same_inputs = first.inputs == second.inputs;
            found.pairs.push(((a, b), Pair { case: first.id, other: second.id, similarity, conflict, same_inputs }));
        }
    }
    found.pairs_in_all = links.len() as u64;
    found.pairs.sort_unstable_by_key(|(rows, _)| *rows);
    if against.is_some() {
        found.surplus = links.iter().map(|(a, _)| *a).collect();
        found.surplus.sort_unstable();
        found.surplus.dedup();
    } else {
        let groups = groups(&links);
        found.groups = groups.len() as u64;
        found.surplus = groups.into_iter().flat_map(|group| group.into_iter().skip(1)).collect();
        found.surplus.sort_unstable();
    }
    Ok(found)
}

/// The texts of a case that are compared: a field's, or all of the inputs.
pub fn text_of(case: &Case, field: Option<&str>) -> String {
    fn texts(value: &Value, into: &mut String) {
        match value {
            Value::String(text) => {
                into.push_str(text);
                into.push('\n');
            }
            Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
            Value::Object(fields) => fields.values().for_each(|value| texts(value, into)),
            Value::Null => {}
            other => {
                into.push_str(&other.to_string());
                into.push('\n');
            }
        }
    }
    let mut text = String::new();
    match field {
        None => case.inputs.values().for_each(|value| texts(value, &mut text)),
        Some(path) => {
            if let Some(value) = crate::quality::field(case, path) {
                texts(&value, &mut text);
            }
        }
    }
    text
}

/// FNV-1a with the bits spread (the finaliser of SplitMix64): the same on every machine.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = 0xCBF2_9CE4_8422_2325 ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = bytes.iter().fold(start, |h, byte| (h ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The pairs of a bucket that are compared, smaller row first; `own` is the number of rows of the first version when
/// there are two, of which a pair has one each.
fn linked(bucket: &[u64], own: Option<u64>) -> Vec<(u64, u64)> {
    const ALL: usize = 8;
    let mut pairs = Vec::new();
    match own {
        None if bucket.len() <= ALL => {
            for (i, a) in bucket.iter().enumerate() {
                pairs.extend(bucket[i + 1..].iter().map(|b| (*a, *b)));
            }
        }
        None => {
            pairs.extend(bucket[1..].iter().map(|b| (bucket[0], *b)));
            pairs.extend(bucket[1..].windows(2).map(|pair| (pair[0], pair[1])));
        }
        Some(own) => {
            let (here, there): (Vec<u64>, Vec<u64>) = bucket.iter().partition(|row| **row < own);
            for a in &here {
                pairs.extend(there.iter().take(ALL).map(|b| (*a, *b)));
            }
        }
    }
    pairs
}

/// Rows that pairs link, smallest first.
fn groups(links: &[(u64, u64)]) -> Vec<Vec<u64>> {
    fn root(parent: &mut HashMap<u64, u64>, mut at: u64) -> u64 {
        while let Some(up) = parent.get(&at).copied().filter(|up| *up != at) {
            let above = parent.get(&up).copied().unwrap_or(up);
            parent.insert(at, above);
            at = up;
        }
        at
    }
    let mut parent: HashMap<u64, u64> = HashMap::new();
    for (a, b) in links {
        parent.entry(*a).or_insert(*a);
        parent.entry(*b).or_insert(*b);
        let (a, b) = (root(&mut parent, *a), root(&mut parent, *b));
        parent.insert(a.max(b), a.min(b));
    }
    let rows: Vec<u64> = parent.keys().copied().collect();
    let mut groups: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for row in rows {
        groups.entry(root(&mut parent, row)).or_default().push(row);
    }
    let mut groups: Vec<Vec<u64>> = groups.into_values().collect();
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups
}

/// Cases of one or two versions by row.
struct Reader<'a> {
    library: &'a Library,
    chunks: Vec<Chunk>,
    /// The first row of each chunk.
    starts: Vec<u64>,
    /// Rows of the first version, when there are two.
    own: Option<u64>,
    kept: HashMap<usize, Vec<Case>>,
    order: VecDeque<usize>,
}

impl<'a> Reader<'a> {
    fn new(library: &'a Library, version: Digest, against: Option<Digest>) -> Result<Self, DatasetError> {
        let first: Manifest = library.manifest(version)?;
        let own = against.map(|_| first.cases);
        let mut chunks = first.chunks;
        if let Some(other) = against {
            chunks.extend(library.manifest(other)?.chunks);
        }
        let mut next = 0;
        let mut starts = Vec::with_capacity(chunks.len());
        for chunk in &chunks {
            starts.push(next);
            next += chunk.cases;
        }
        Ok(Self { library, chunks, starts, own, kept: HashMap::new(), order: VecDeque::new() })
    }

    fn each(&mut self, each: &mut dyn FnMut(u64, &Case) -> Result<(), DatasetError>) -> Result<(), DatasetError> {
        let mut row = 0;
        for chunk in &self.chunks {
            for case in self.library.folder().read(chunk)? {
                each(row, &case)?;
                row += 1;
            }
        }
        Ok(())
    }

    fn case(&mut self, row: u64) -> Result<Case, DatasetError> {
        let at = self.starts.partition_point(|start| *start <= row) - 1;
        if !self.kept.contains_key(&at) {
            if self.order.len() >= CHUNKS_KEPT
                && let Some(oldest) = self.order.pop_front()
            {
                self.kept.remove(&oldest);
            }
            self.kept.insert(at, self.library.folder().read(&self.chunks[at])?);
            self.order.push_back(at);
        }
        let index = usize::try_from(row - self.starts[at]).unwrap_or(usize::MAX);
        let case = self.kept.get(&at).and_then(|cases| cases.get(index)).cloned();
        case.ok_or_else(|| DatasetError::new(None, format!("there is no row {row}")))
    }
}
