//! Cases that are nearly the same, within a version or between two. Time grows with the number of cases, not with its
//! square; memory does not grow with it, but by some hundred bytes for each pair that is found.
//!
//! MinHash signatures and locality-sensitive hashing find [`candidates`] ([`assay_metrics::near_duplicates`]); the exact
//! Jaccard similarity of their 5-grams decides. Temporary files take 29 bytes for each band of a case (21 bands at a
//! threshold of 0.8, more below it), and the texts of the candidates.

mod candidates;
mod texts;

use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use assay_core::{Case, Digest};
use assay_metrics::near_duplicates::{Unit, jaccard, shingles};
use serde::Serialize;
use serde_json::Value;

use crate::DatasetError;
use crate::library::Library;
use crate::sorter::{number, scratch};
use crate::version::{Chunks, Rows};
use candidates::Candidates;
use texts::{Text, Texts};

/// Pairs that are named.
const MOST_PAIRS: usize = 100_000;

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
    let chunks = Chunks::new(library, version, against)?;
    let candidates = Candidates::new(search.threshold, chunks.own.map(|own| (own, chunks.rows)));
    let Some(mut candidates) = candidates.filter(|_| search.threshold >= 0.05) else {
        return Err(DatasetError::new(None, "a similarity from 0.05 to 1 is expected").help("0.8 is a good start"));
    };
    let text_of = |case: &Case| text_of(case, search.field.as_deref());
    chunks.each(None, &mut |row, case| candidates.add(row, &shingles(&text_of(&case), search.unit)))?;
    let mut found = Found { cases: chunks.rows, ..Found::default() };
    let mut needed = Rows::new(chunks.rows);
    let mut pairs = BufWriter::new(tempfile::tempfile().map_err(scratch)?);
    for pair in candidates.pairs()? {
        let (a, b) = pair?;
        for row in [a, b] {
            needed.insert(row);
            pairs.write_all(&row.to_be_bytes()).map_err(scratch)?;
        }
        found.candidates += 1;
    }
    let mut texts = Texts::new(search.unit)?;
    chunks.each(Some(&needed), &mut |row, case| {
        let (inputs, expected) = (Digest::of_json(&case.inputs), Digest::of_json(&case.expected));
        texts.keep(row, &Text { text: text_of(&case), id: case.id, inputs, expected, shingles: Vec::new() })
    })?;
    let mut links: Vec<(u64, u64)> = Vec::new();
    let mut pairs = pairs.into_inner().map_err(|error| scratch(error.into_error()))?;
    pairs.seek(SeekFrom::Start(0)).map_err(scratch)?;
    let mut pairs = BufReader::with_capacity(1 << 16, pairs);
    let mut pair = [0; 16];
    for _ in 0..found.candidates {
        pairs.read_exact(&mut pair).map_err(scratch)?;
        let (a, b) = (number(&pair[..8]), number(&pair[8..]));
        let (first, second) = (texts.text(a)?, texts.text(b)?);
        let similarity = jaccard(&first.shingles, &second.shingles).filter(|j| *j >= search.threshold);
        let Some(similarity) = similarity else { continue };
        let same_inputs = first.inputs == second.inputs;
        let conflict = similarity == 1.0 && first.expected != second.expected;
        links.push((a, b));
        found.conflicts += u64::from(conflict && same_inputs);
        found.near_conflicts += u64::from(conflict && !same_inputs);
        if found.pairs.len() < MOST_PAIRS {
            let (case, other) = (first.id.clone(), second.id.clone());
            found.pairs.push(((a, b), Pair { case, other, similarity, conflict, same_inputs }));
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
