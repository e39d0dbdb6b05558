//! Cases that wait, in the dataset `NAME.quarantine`, which no suite may use, until somebody accepts them.

use std::collections::{BTreeSet, HashSet};

use assay_core::{Case, Digest};
use serde_json::json;

use crate::library::{
    Dataset, Event, Held, How, Library, Lineage, Parent, QUARANTINE, VersionRecord, name_and_version, today,
};
use crate::version::VersionWriter;
use crate::{DatasetError, add};

/// The name of the dataset that a dataset's cases wait in.
pub fn name_of(dataset: &str) -> String {
    format!("{dataset}{QUARANTINE}")
}

fn id_digest(case: &Case) -> Digest {
    Digest::of_bytes(case.id.as_bytes())
}

/// The case that a variant was made of.
pub fn original(variant: &Case) -> Option<&str> {
    variant.metadata.get("variant")?["of"].as_str()
}

/// Cases on their way to what waits already.
pub struct Quarantine {
    name: String,
    waiting: Option<Digest>,
    ids: HashSet<Digest>,
    writer: VersionWriter,
    made: u64,
}

/// What waits after cases were added.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The dataset that they wait in.
    pub name: String,
    /// Its new version; `None` when all of them waited already.
    pub version: Option<VersionRecord>,
    /// Cases that were added.
    pub made: u64,
    /// Cases of the newest version.
    pub cases: u64,
}

impl Quarantine {
    /// Begins to add to what waits for a dataset.
    ///
    /// # Errors
    /// A log or a version that cannot be read, a folder that cannot be written.
    pub fn open(library: &Library, held: &Held, dataset: &Dataset) -> Result<Self, DatasetError> {
        let name = name_of(&dataset.name);
        let known = library.find(&name)?;
        let waiting = known.as_ref().and_then(|known| known.versions.last()).map(|record| record.version);
        let mut ids = HashSet::new();
        for case in waiting.map(|version| library.cases(version)).transpose()?.into_iter().flatten() {
            ids.insert(id_digest(&case?));
        }
        Ok(Self { name, waiting, ids, writer: library.write(held)?, made: 0 })
    }

    /// Adds a case, unless one of its id waits already.
    ///
    /// # Errors
    /// As [`VersionWriter::add`].
    pub fn add(&mut self, case: &Case) -> Result<(), DatasetError> {
        if !self.waiting_has(case) {
            self.writer.add(case, None)?;
            self.made += 1;
        }
        Ok(())
    }

    fn waiting_has(&self, case: &Case) -> bool {
        self.ids.contains(&id_digest(case))
    }

    /// Whether nothing waits and nothing was added.
    pub fn is_empty(&self) -> bool {
        self.made == 0 && self.ids.is_empty()
    }

    /// Makes what was added known. What waits already goes on waiting.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub fn finish(
        mut self,
        library: &Library,
        held: &Held,
        by: &str,
        lineage: Lineage,
    ) -> Result<Waiting, DatasetError> {
        for case in self.waiting.map(|version| library.cases(version)).transpose()?.into_iter().flatten() {
            self.writer.add(&case?, None)?;
        }
        let (manifest, _) = self.writer.finish()?;
        let version = library.add(held, &self.name, by, &manifest, lineage)?;
        Ok(Waiting { name: self.name, version, made: self.made, cases: manifest.cases })
    }
}

/// How many cases wait, by the logs alone: those of the newest version without those that were accepted.
///
/// # Errors
/// A log that cannot be read.
pub fn waiting(library: &Library, dataset: &Dataset) -> Result<u64, DatasetError> {
    let name = name_of(&dataset.name);
    let Some(known) = library.find(&name)? else { return Ok(0) };
    let accepted = dataset.log.iter().filter_map(|entry| match &entry.event {
        Event::Version(record) if record.lineage.parents.iter().any(|parent| parent.dataset == name) => {
            record.lineage.parameters["accepted"].as_u64()
        }
        _ => None,
    });
    let cases = known.versions.last().map_or(0, |record| record.cases);
    Ok(cases.saturating_sub(known.revoked.len() as u64).saturating_sub(accepted.sum()))
}

/// Every case that waits and that the newest version of the dataset does not have; gives their number.
///
/// # Errors
/// A version that cannot be read, or what `each` gives.
pub fn each_waiting(
    library: &Library,
    dataset: &Dataset,
    each: &mut dyn FnMut(Case) -> Result<(), DatasetError>,
) -> Result<u64, DatasetError> {
    let known = library.find(&name_of(&dataset.name))?;
    let Some((known, newest)) = known.as_ref().and_then(|known| Some((known, known.versions.last()?))) else {
        return Ok(0);
    };
    let mut ids = HashSet::new();
    for case in library.cases(newest.version)? {
        ids.insert(id_digest(&case?));
    }
    for case in dataset.versions.last().map(|record| library.cases(record.version)).transpose()?.into_iter().flatten() {
        ids.remove(&id_digest(&case?));
    }
    let mut waiting = 0;
    for case in library.cases(newest.version)? {
        let case = case?;
        if ids.contains(&id_digest(&case)) && !known.revoked.contains_key(&case.id) {
            waiting += 1;
            each(case)?;
        }
    }
    Ok(waiting)
}

/// Which cases are accepted.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Every one that waits.
    All,
    /// Those of these ids.
    These(BTreeSet<String>),
}

impl Choice {
    fn holds(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }
}

/// What was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Cases that are new in the dataset.
    pub accepted: u64,
    /// The version that holds them; `None` when the newest one did already.
    pub version: Option<VersionRecord>,
}

/// Takes cases over from quarantine: a new version of the dataset holds them beside its own, in the name of `by`. Cases that
/// were revoked stay where they are, as do variants of cases that must not be used.
///
/// # Errors
/// A version behind `@`, no such dataset, nothing that waits, an id that does not wait, a disk that cannot be written.
pub fn accept(
    library: &Library,
    name: &str,
    by: &str,
    choice: &Choice,
    note: Option<String>,
) -> Result<Accepted, DatasetError> {
    if name_and_version(name).1.is_some() {
        return Err(DatasetError::new(None, "cases are accepted into the newest version: leave out `@`"));
    }
    let held = library.hold()?;
    let find = |name: &str| -> Result<(Dataset, VersionRecord), DatasetError> {
        let dataset = library.dataset(name)?;
        dataset.check_retention(&today())?;
        let record = dataset.version(None)?.clone();
        Ok((dataset, record))
    };
    let (dataset, record) = find(name)?;
    let quarantine = name_of(name);
    if library.find(&quarantine)?.is_none() {
        return Err(DatasetError::new(None, format!("no case waits for `{name}`")));
    }
    let (waiting, candidates) = find(&quarantine)?;
    // What is kept in memory grows with what waits, not with the dataset.
    let (mut varied, mut new) = (HashSet::new(), HashSet::new());
    for case in library.cases(candidates.version)? {
        let case = case?;
        if choice.holds(&case.id) && !waiting.revoked.contains_key(&case.id) {
            varied.extend(original(&case).map(str::to_owned));
            new.insert(id_digest(&case));
        }
    }
    let mut writer = library.write(&held)?;
    let mut unusable = HashSet::new();
    let today = today();
    for case in library.cases(record.version)? {
        let mut case = case?;
        new.remove(&id_digest(&case));
        if dataset.unusable(&case, &today).is_some() {
            unusable.insert(case.id.clone());
        }
        // A case and its variants are one cluster: they are not independent of each other.
        if case.cluster.is_none() && varied.contains(&case.id) {
            case.cluster = Some(case.id.clone());
        }
        writer.add(&case, None)?;
    }
    let mut wanted: BTreeSet<&str> = match choice {
        Choice::All => BTreeSet::new(),
        Choice::These(ids) => ids.iter().map(String::as_str).collect(),
    };
    let mut accepted = 0u64;
    for case in library.cases(candidates.version)? {
        let case = case?;
        wanted.remove(case.id.as_str());
        let may = !original(&case).is_some_and(|of| unusable.contains(of) || dataset.revoked.contains_key(of));
        if choice.holds(&case.id) && may && new.remove(&id_digest(&case)) {
            writer.add(&case, None)?;
            accepted += 1;
        }
    }
    if let Some(missing) = wanted.first() {
        let missing: String = missing.chars().take(200).collect();
        return Err(DatasetError::new(None, format!("{quarantine} has no case `{missing}`")));
    }
    let (manifest, _) = writer.finish()?;
    let parent = |name: &str, version| Parent { dataset: name.to_owned(), version };
    let lineage = Lineage {
        how: How::Selected,
        parents: vec![parent(name, record.version), parent(&quarantine, candidates.version)],
        sources: Vec::new(),
        tool: add::tool(),
        parameters: json!({"accepted": accepted}),
        note,
    };
    Ok(Accepted { accepted, version: library.add(&held, name, by, &manifest, lineage)? })
}
