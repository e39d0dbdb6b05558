//! Rolling sets: a share of the cases is replaced by new ones, so that a set does not grow stale, or known by heart.
//!
//! Groups (clusters, else single cases) go and come whole. Critical cases and those of tier 1 stay. New cases go behind the
//! old ones, so that the order of a version is the order of age.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use assay_core::{Case, Digest};
use assay_stats::drift::distribution::{independence, total_variation};
use serde::{Deserialize, Serialize};

use crate::library::{Dataset, Held, Library, VersionRecord, today};
use crate::version::Manifest;
use crate::{DatasetDecl, DatasetError, Mapper, mapped, metadata_texts, open};

/// Values of a metadata key beyond which it is no distribution, but a name for each case.
const MOST_VALUES: usize = 200;

/// How a set is refreshed.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The share of cases that is replaced, above 0 and at most 1.
    pub share: f64,
    /// Which cases go first.
    pub order: Order,
    /// The seed of the order of new cases, and of old ones where it is random.
    pub seed: u64,
}

/// Which cases go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Those that have been in the set longest.
    Oldest,
    /// Any, by a seeded digest.
    Random,
}

/// What a refresh did.
#[derive(Clone, Debug, Serialize)]
pub struct Refreshed {
    /// Cases that stay.
    pub kept: u64,
    /// Cases that go; revoked and expired ones always do.
    pub dropped: u64,
    /// New cases.
    pub added: u64,
    /// New cases that were wanted and not to be had.
    pub short: u64,
    /// Cases of the source that the set has already, by id or by content.
    pub known: u64,
    /// How the set moved, by metadata key, the largest move first.
    pub drift: Vec<Drift>,
}

/// How the values of a metadata key moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// The key.
    pub key: String,
    /// Its values in either version.
    pub values: usize,
    /// Total variation distance between the two versions: the share of cases with another value.
    pub distance: f64,
    /// The value whose share moved most, with its share before and after.
    pub most: (String, f64, f64),
    /// p-value that the cases that went and those that came are of one distribution (χ², by permutation where it is
    /// sparse); none without both.
    pub p: Option<f64>,
}

/// Replaces cases of a version by those of a source and writes the cases of the next version.
///
/// # Errors
/// A share outside of 0 to 1, a golden set of tier 1, a source that cannot be read or holds nothing new.
pub fn refresh(
    library: &Library,
    held: Option<&Held>,
    dataset: &Dataset,
    record: &VersionRecord,
    source: &DatasetDecl,
    plan: &Plan,
) -> Result<(Option<Manifest>, Refreshed), DatasetError> {
    if !(plan.share > 0.0 && plan.share <= 1.0) {
        return Err(DatasetError::new(None, "a share above 0 and at most 1 is expected").help("such as 0.2"));
    }
    if dataset.governance.golden == Some(1) {
        return Err(DatasetError::new(
            None,
            format!("`{}` is a golden set of tier 1: no case of it is replaced", dataset.name),
        )
        .help("keep what must not break in a set of its own, and refresh the others"));
    }
    let today = today();
    let mut groups: HashMap<u64, Group> = HashMap::new();
    let mut known: HashSet<u64> = HashSet::new();
    let (mut usable, mut gone) = (0u64, 0u64);
    for (row, case) in library.cases(record.version)?.enumerate() {
        let case = case?;
        known.extend([of_id(&case), of_content(&case)]);
        if dataset.unusable(&case, &today).is_some() {
            gone += 1;
            continue;
        }
        usable += 1;
        let group = groups.entry(group_of(&case)).or_insert(Group { first: row, cases: 0, stays: false });
        group.cases += 1;
        group.stays |= stays(&case);
    }
    let wanted = ((plan.share * usable as f64).round() as u64).max(1);
    let mut offered: HashMap<u64, u64> = HashMap::new();
    let mut already = 0;
    let mut seen = HashSet::new();
    each(library, source, &mut |case| {
        if is_new(&case, &known, &mut seen) {
            *offered.entry(group_of(&case)).or_default() += 1;
        } else {
            already += 1;
        }
        Ok(())
    })?;
    let salted = |group: u64| Digest::of_bytes(format!("{}\n{group}", plan.seed).as_bytes()).leading();
    let mut order: Vec<(u64, u64)> = offered.keys().map(|group| (salted(*group), *group)).collect();
    order.sort_unstable();
    let (mut coming, mut added) = (HashSet::new(), 0);
    for (_, group) in order {
        let cases = offered[&group];
        if added == 0 || added + cases <= wanted {
            coming.insert(group);
            added += cases;
        }
        if added >= wanted {
            break;
        }
    }
    if added == 0 {
        return Err(DatasetError::new(None, format!("the source has no case that `{}` does not have", dataset.name))
            .help("a refresh needs fresh cases"));
    }
    let mut order: Vec<(u64, u64)> = groups
        .iter()
        .filter(|(_, group)| !group.stays)
        .map(|(key, group)| (if plan.order == Order::Oldest { group.first as u64 } else { salted(*key) }, *key))
        .collect();
    order.sort_unstable();
    let (mut going, mut dropped) = (HashSet::new(), 0);
    for (_, group) in order {
        if dropped >= added {
            break;
        }
        going.insert(group);
        dropped += groups[&group].cases;
    }
    let mut writer = held.map(|held| library.write(held)).transpose()?;
    let mut tally = Tally::default();
    for case in library.cases(record.version)? {
        let case = case?;
        let goes = dataset.unusable(&case, &today).is_some() || going.contains(&group_of(&case));
        tally.count(&case, if goes { &[OLD, GONE] } else { &[OLD, NEW] });
        if let Some(writer) = writer.as_mut().filter(|_| !goes) {
            writer.add(&case, None)?;
        }
    }
    let mut seen = HashSet::new();
    each(library, source, &mut |case| {
        if is_new(&case, &known, &mut seen) && coming.contains(&group_of(&case)) {
            tally.count(&case, &[NEW, CAME]);
            if let Some(writer) = &mut writer {
                writer.add(&case, None)?;
            }
        }
        Ok(())
    })?;
    let refreshed = Refreshed {
        kept: usable - dropped,
        dropped: dropped + gone,
        added,
        short: wanted.saturating_sub(added),
        known: already,
        drift: tally.drift(plan.seed),
    };
    Ok((writer.map(|writer| writer.finish()).transpose()?.map(|(manifest, _)| manifest), refreshed))
}

struct Group {
    /// The row of its first case.
    first: usize,
    cases: u64,
    stays: bool,
}

/// Whether a case must not break, and so is never dropped.
fn stays(case: &Case) -> bool {
    let tier = case.metadata.get("tier");
    case.critical || tier.is_some_and(|tier| tier.as_u64() == Some(1) || tier.as_str() == Some("1"))
}

fn group_of(case: &Case) -> u64 {
    Digest::of_bytes(format!("group {}", case.cluster.as_ref().unwrap_or(&case.id)).as_bytes()).leading()
}

fn of_id(case: &Case) -> u64 {
    Digest::of_bytes(format!("id {}", case.id).as_bytes()).leading()
}

fn of_content(case: &Case) -> u64 {
    case.digest().leading()
}

/// Whether neither the set nor the source so far has the case.
fn is_new(case: &Case, known: &HashSet<u64>, seen: &mut HashSet<u64>) -> bool {
    let (id, content) = (of_id(case), of_content(case));
    !known.contains(&id) && !known.contains(&content) && seen.insert(id) && seen.insert(content)
}

/// The cases of the source; those of a file without ids are named by their content, as when they are added.
fn each(
    library: &Library,
    source: &DatasetDecl,
    each: &mut dyn FnMut(Case) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    if source.dataset.is_some() {
        return open(source, Path::new(""), Some(library))?.try_for_each(|case| each(case?.0));
    }
    for case in mapped(source, Path::new(""), Mapper::new(&source.fields).unnumbered())? {
        let (mut case, _) = case?;
        if case.id.is_empty() {
            case.id = case.digest().to_string()[..16].to_owned();
        }
        each(case)?;
    }
    Ok(())
}

const OLD: usize = 0;
const NEW: usize = 1;
const GONE: usize = 2;
const CAME: usize = 3;

/// Cases by the values of metadata keys, before and after, gone and come.
#[derive(Default)]
struct Tally {
    cases: [u64; 4],
    keys: BTreeMap<String, Option<BTreeMap<String, [u64; 4]>>>,
}

impl Tally {
    fn count(&mut self, case: &Case, sides: &[usize]) {
        sides.iter().for_each(|side| self.cases[*side] += 1);
        for (key, value) in metadata_texts(case) {
            let values = self.keys.entry(key).or_insert_with(|| Some(BTreeMap::new()));
            let Some(counts) = values else { continue };
            if counts.len() >= MOST_VALUES && !counts.contains_key(&value) {
                *values = None;
                continue;
            }
            let counts = counts.entry(value).or_default();
            sides.iter().for_each(|side| counts[*side] += 1);
        }
    }

    fn drift(self, seed: u64) -> Vec<Drift> {
        let all = self.cases;
        let of = |(key, values): (String, Option<BTreeMap<String, [u64; 4]>>)| {
            let mut values = values?;
            let mut without = all;
            values.values().for_each(|counts| (0..4).for_each(|side| without[side] -= counts[side]));
            if without.iter().any(|cases| *cases > 0) {
                values.insert("–".into(), without);
            }
            let side = |side: usize| values.values().map(|counts| counts[side]).collect::<Vec<u64>>();
            let share = |counts: &[u64; 4], side: usize| counts[side] as f64 / all[side].max(1) as f64;
            let moved = |counts: &[u64; 4]| (share(counts, NEW) - share(counts, OLD)).abs();
            let (value, counts) = values.iter().max_by(|a, b| moved(a.1).total_cmp(&moved(b.1)))?;
            Some(Drift {
                distance: total_variation(&side(OLD), &side(NEW)).ok()?,
                most: (value.clone(), share(counts, OLD), share(counts, NEW)),
                p: independence(&side(GONE), &side(CAME), 999, seed).ok().map(|test| test.p),
                values: values.len(),
                key,
            })
        };
        let mut drift: Vec<Drift> = self.keys.into_iter().filter_map(of).filter(|of| of.values > 1).collect();
        drift.sort_by(|a, b| b.distance.total_cmp(&a.distance));
        drift
    }
}
