//! The library: every dataset of a workspace, with its versions and everything that was ever done to it.
//!
//! Each dataset is one log, a line per event: a version was added, a tag set, a hold-out opened, a case revoked. What a
//! dataset *is* follows from its log and from nothing else. Each line names the digest of the line before it, so that a
//! changed, removed or inserted line is found when the log is next read. Where the log ends is kept in a file beside it, so
//! that lines cut off at the end are found, too, unless that file is changed with them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use assay_core::problem::did_you_mean;
use assay_core::{Case, Digest, RunId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::split::{Part, SplitPlan};
use crate::version::{Folder, Manifest, VersionWriter, failed, put};
use crate::{DatasetError, Place};

/// The datasets of a workspace: the folder `.assay/datasets`.
#[derive(Clone, Debug)]
pub struct Library {
    patience: Option<Duration>,
    folder: Folder,
}

/// Something that happened to a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DatasetEvent")]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A version was added.
    Version(Box<VersionRecord>),
    /// A tag was set or moved.
    Tagged {
        /// The tag.
        tag: String,
        /// What it names from now on.
        version: Digest,
    },
    /// A tag was taken away.
    Untagged {
        /// The tag.
        tag: String,
    },
    /// What governs the dataset was set, all of it.
    Governed(Box<Governance>),
    /// Cases were divided, from now on and for every version.
    Split(SplitPlan),
    /// A run used a sealed split.
    Look {
        /// The split.
        split: String,
        /// The version.
        version: Digest,
        /// The run.
        run: RunId,
    },
    /// What a run over a sealed part with a ladder was told.
    Rung(Box<Rung>),
    /// Somebody listed or exported cases of a sealed split.
    Opened {
        /// The split.
        split: String,
        /// The version.
        version: Digest,
        /// Why.
        reason: String,
    },
    /// A version was exported.
    Exported {
        /// The version.
        version: Digest,
        /// The file.
        to: String,
        /// The canary that was written into it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        canary: Option<String>,
    },
    /// A case must not be used any more, in any version.
    Revoked {
        /// Its id.
        case: String,
        /// Why.
        reason: String,
    },
    /// A revoked case may be used again.
    Reinstated {
        /// Its id.
        case: String,
        /// Why.
        reason: String,
    },
    /// A version was removed.
    Removed {
        /// Its number.
        number: u64,
        /// The version.
        version: Digest,
        /// Why.
        reason: String,
    },
}

/// What a run over a sealed part with a ladder was told of one target's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// The part.
    pub split: String,
    /// The version.
    pub version: Digest,
    /// The run.
    pub run: RunId,
    /// Its target.
    pub target: String,
    /// The scorer.
    pub scorer: String,
    /// What tells the scorer from others, whatever it is called; absent in rungs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Digest>,
    /// What was told: the score where it is the new best, else the best so far.
    pub score: f64,
    /// Whether it is the new best.
    pub improved: bool,
}

/// A version as the log knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DatasetVersion")]
pub struct VersionRecord {
    /// From 1, in the order they were added.
    pub number: u64,
    /// The digest of its cases.
    pub version: Digest,
    /// Number of cases.
    pub cases: u64,
    /// Bytes of its cases as JSON lines.
    pub bytes: u64,
    /// Where it came from.
    pub lineage: Lineage,
}

/// Where a version came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lineage {
    /// What was done.
    pub how: How,
    /// Versions it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Parent>,
    /// Files it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceFile>,
    /// The tool that did it, with its version.
    pub tool: String,
    /// What the tool was told.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub parameters: Value,
    /// What somebody wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A version that another one was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ParentVersion")]
pub struct Parent {
    /// Its dataset.
    pub dataset: String,
    /// The version.
    pub version: Digest,
}

/// A file that a version was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceFile {
    /// The file as it was named.
    pub path: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// How a version came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HowMade")]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Read from files of cases.
    Added,
    /// Imported from another tool's files.
    Imported,
    /// Cases chosen from other versions.
    Selected,
    /// Personal data taken out of another version.
    Redacted,
    /// Cases made by rules or by a model.
    Synthesised,
}

impl How {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Imported => "imported",
            Self::Selected => "selected",
            Self::Redacted => "redacted",
            Self::Synthesised => "synthesised",
        }
    }
}

/// What governs a dataset. What is not set says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Governance {
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its licence, as an SPDX expression where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What the people in it agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// How sensitive it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// Servers that may receive it. Without sensitivity, or public and internal, any may; else none but this machine
    /// and these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The last day (`2027-12-31`) on which it may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<String>,
    /// The metadata key that holds the last day on which a case may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The tier of a golden set, 1 for what must not break.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub golden: Option<u8>,
}

/// How sensitive a dataset is, from what anyone may see to what few may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Anyone may see it.
    Public,
    /// For the organisation.
    Internal,
    /// For those who need it.
    Confidential,
    /// For named people.
    Restricted,
}

impl Sensitivity {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }
}

/// A line of a dataset's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DatasetEntry")]
pub struct Entry {
    /// Digest of the line before; of nothing for the first.
    pub previous: Digest,
    /// When, in microseconds since the Unix epoch, UTC.
    pub at_us: i64,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Where a log ends, kept beside it: lines that are cut off at the end are found by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    lines: u64,
    last: Digest,
}

/// A dataset: what its log adds up to.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Versions that were not removed, in the order they were added.
    pub versions: Vec<VersionRecord>,
    /// Tags and what they name.
    pub tags: BTreeMap<String, Digest>,
    /// What governs it.
    pub governance: Governance,
    /// How its cases are divided.
    pub split: Option<SplitPlan>,
    /// Looks of runs at sealed splits, oldest first: split, version and run.
    pub looks: Vec<(String, Digest, RunId)>,
    /// Cases that must not be used, with the reason.
    pub revoked: HashMap<String, String>,
    /// Every event.
    pub log: Vec<Entry>,
}

impl Dataset {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Version(record) => self.versions.push((**record).clone()),
            Event::Tagged { tag, version } => {
                self.tags.insert(tag.clone(), *version);
            }
            Event::Untagged { tag } => {
                self.tags.remove(tag);
            }
            Event::Governed(governance) => self.governance = (**governance).clone(),
            Event::Split(split) => self.split = Some(split.clone()),
            Event::Look { split, version, run } => self.looks.push((split.clone(), *version, *run)),
            Event::Revoked { case, reason } => {
                self.revoked.insert(case.clone(), reason.clone());
            }
            Event::Reinstated { case, .. } => {
                self.revoked.remove(case);
            }
            Event::Removed { number, .. } => {
                // Another version may hold the same cases.
                self.versions.retain(|record| record.number != *number);
                let versions = &self.versions;
                self.tags.retain(|_, tagged| versions.iter().any(|record| record.version == *tagged));
            }
            Event::Rung(_) | Event::Opened { .. } | Event::Exported { .. } => {}
        }
    }

    /// The version that a word names: nothing for the newest, a number, a tag, or the beginning of a digest.
    ///
    /// # Errors
    /// No such version, or several.
    pub fn version(&self, word: Option<&str>) -> Result<&VersionRecord, DatasetError> {
        let none = |message: String, help: String| Err(DatasetError::new(None, message).help(help));
        let Some(word) = word else {
            return self.versions.last().ok_or_else(|| {
                DatasetError::new(None, format!("the dataset `{}` has no version left", self.name))
                    .help("add one with `assay dataset add`")
            });
        };
        if let Some(tagged) = self.tags.get(word) {
            return match self.versions.iter().rev().find(|record| record.version == *tagged) {
                Some(record) => Ok(record),
                None => none(format!("the version tagged `{word}` was removed"), "move the tag".into()),
            };
        }
        if let Ok(number) = word.trim_start_matches('v').parse::<u64>()
            && let Some(record) = self.versions.iter().find(|record| record.number == number)
        {
            return Ok(record);
        }
        let found: HashSet<Digest> = self
            .versions
            .iter()
            .filter(|record| word.len() >= 4 && record.version.to_string().starts_with(word))
            .map(|record| record.version)
            .collect();
        match found.len() {
            1 => Ok(self
                .versions
                .iter()
                .rev()
                .find(|record| found.contains(&record.version))
                .unwrap_or(&self.versions[0])),
            0 => {
                let numbers = self.versions.iter().map(|record| record.number.to_string());
                let known: Vec<String> = self.tags.keys().cloned().chain(numbers).collect();
                none(
                    format!("the dataset `{}` has no version `{word}`", self.name),
                    format!("there are: {}", known.join(", ")),
                )
            }
            _ => none(format!("several versions of `{}` begin with `{word}`", self.name), "write more digits".into()),
        }
    }

    /// The first sealed part.
    pub fn sealed_part(&self) -> Option<&Part> {
        self.split.as_ref()?.parts.iter().find(|part| part.looks.is_some())
    }

    /// What runs over a sealed part of a version were told, oldest first.
    pub fn rungs(&self, split: &str, version: Digest) -> impl Iterator<Item = &Rung> {
        self.log.iter().filter_map(move |entry| match &entry.event {
            Event::Rung(rung) if rung.split == split && rung.version == version => Some(&**rung),
            _ => None,
        })
    }

    /// How often runs have looked at a sealed split of a version.
    pub fn looks_at(&self, split: &str, version: Digest) -> u64 {
        self.looks.iter().filter(|(known, of, _)| known == split && *of == version).count() as u64
    }

    /// Why a case may not be used today (`2026-11-29`), if so.
    pub fn unusable(&self, case: &Case, today: &str) -> Option<Unusable> {
        if self.revoked.contains_key(&case.id) {
            return Some(Unusable::Revoked);
        }
        let expires = case.metadata.get(self.governance.expires.as_deref()?)?;
        let day = expires.as_str().and_then(|text| text.get(..10)).filter(|day| check_day(day).is_ok());
        // Days written as ISO 8601 sort as texts. One that cannot be read protects the case rather than nobody.
        day.is_none_or(|day| day < today).then_some(Unusable::Expired)
    }

    /// Refuses a dataset whose retention is over.
    ///
    /// # Errors
    /// Its last day is before `today`.
    pub fn check_retention(&self, today: &str) -> Result<(), DatasetError> {
        match &self.governance.retain_until {
            Some(day) if day.as_str() < today => {
                Err(DatasetError::new(None, format!("the dataset `{}` may be used until {day} only", self.name))
                    .help("its owner may extend this with `assay dataset set`, or remove it with `assay dataset rm`"))
            }
            _ => Ok(()),
        }
    }
}

/// Why a case may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Somebody revoked it.
    Revoked,
    /// Its last day is over, or cannot be read.
    Expired,
}

/// Nobody else writes to the library while it lives.
pub struct Held {
    _lock: File,
}

impl Library {
    /// The library in a folder, which is made when something is first written.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { patience: None, folder: Folder { root: root.into() } }
    }

    /// The same library for somebody who waits no longer than this for the right to write.
    #[must_use]
    pub fn patient(self, patience: Option<Duration>) -> Self {
        Self { patience, ..self }
    }

    /// Takes the right to write, waiting for whoever has it: as long as it takes, or as long as [`Library::patient`] says.
    ///
    /// # Errors
    /// A folder that cannot be written; somebody has the library for too long ([`DatasetError::busy`]).
    pub fn hold(&self) -> Result<Held, DatasetError> {
        const AGAIN: Duration = Duration::from_millis(20);
        let path = self.folder.root.join("lock");
        let lock = fs::create_dir_all(&self.folder.root).and_then(|()| File::create(&path)).map_err(failed(&path))?;
        let Some(patience) = self.patience else {
            lock.lock().map_err(failed(&path))?;
            return Ok(Held { _lock: lock });
        };
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Held { _lock: lock }),
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => std::thread::sleep(AGAIN),
                Err(TryLockError::WouldBlock) => {
                    let why = "somebody else is changing datasets of this workspace: try again when they are done";
                    return Err(DatasetError { busy: true, ..DatasetError::new(None, why) });
                }
                Err(TryLockError::Error(error)) => return Err(failed(&path)(error)),
            }
        }
    }

    /// Starts a version; [`Library::add`] makes it known.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, _held: &Held) -> Result<VersionWriter, DatasetError> {
        VersionWriter::new(self.folder.clone())
    }

    fn log_file(&self, name: &str) -> PathBuf {
        self.folder.root.join("logs").join(format!("{name}.jsonl"))
    }

    fn head_file(&self, name: &str) -> PathBuf {
        self.folder.root.join("logs").join(format!("{name}.head"))
    }

    /// Where a log ended when it was last written; `None` for one that is not there, or older than heads.
    fn head(&self, name: &str) -> Result<Option<Head>, DatasetError> {
        let path = self.head_file(name);
        match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(head) => Ok(Some(head)),
                Err(error) => Err(failed(&path)(error.into())),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path)(error)),
        }
    }

    /// The names of all datasets, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn names(&self) -> Result<Vec<String>, DatasetError> {
        let folder = self.folder.root.join("logs");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&folder)(error)),
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned()))
            .collect();
        names.sort();
        Ok(names)
    }

    /// A dataset, its log checked line by line.
    ///
    /// # Errors
    /// No such dataset, or a log that somebody changed.
    pub fn dataset(&self, name: &str) -> Result<Dataset, DatasetError> {
        match self.find(name)? {
            Some(dataset) => Ok(dataset),
            None => {
                let names = self.names()?;
                let error = DatasetError::new(None, format!("there is no dataset `{}`", shown(name)));
                Err(match did_you_mean(name, names.iter().map(String::as_str)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help("`assay dataset list` lists them; `assay dataset add NAME FILE` adds one"),
                })
            }
        }
    }

    /// A dataset, when there is one of this name.
    ///
    /// # Errors
    /// A name that cannot be one, or a log that somebody changed.
    pub fn find(&self, name: &str) -> Result<Option<Dataset>, DatasetError> {
        check_name(name)?;
        let path = self.log_file(name);
        let head = self.head(name)?;
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && head.is_none() => return Ok(None),
            Err(error) => return Err(failed(&path)(error)),
        };
        let mut dataset = Dataset { name: name.to_owned(), ..Dataset::default() };
        let mut previous = Digest::of_bytes(b"");
        let mut seen = false;
        // A line without an end was being written when the machine stopped: it never counted.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let whole = std::str::from_utf8(&bytes[..end]).map_err(|error| {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            DatasetError::new(
                Some(Place { file: path.clone(), line: Some(line) }),
                "the log was changed: it is not UTF-8",
            )
        })?;
        for (i, line) in whole.split('\n').filter(|_| !whole.is_empty()).enumerate() {
            let place = || Some(Place { file: path.clone(), line: Some(i as u64 + 1) });
            let entry: Entry = serde_json::from_str(line)
                .map_err(|error| DatasetError::new(place(), format!("the log cannot be read: {error}")))?;
            if entry.previous != previous {
                return Err(DatasetError::new(
                    place(),
                    "the log was changed: this line does not follow from the one before",
                )
                .help("restore the file from a backup; nothing is read from a log that was tampered with"));
            }
            previous = Digest::of_bytes(line.as_bytes());
            seen |= head == Some(Head { lines: i as u64 + 1, last: previous });
            dataset.apply(&entry.event);
            dataset.log.push(entry);
        }
        // A log may be longer than its head says, when the machine stopped between the two, but never shorter.
        if head.is_some() && !seen {
            return Err(DatasetError::new(
                Some(Place { file: path, line: None }),
                "the log was changed: lines at its end are missing",
            )
            .help("restore the file from a backup; nothing is read from a log that was tampered with"));
        }
        Ok((!dataset.log.is_empty()).then_some(dataset))
    }

    /// The digest of a dataset's log as it stands: it moves with everything that is done to the dataset. `None` when there
    /// is no such log.
    pub fn log_digest(&self, name: &str) -> Option<Digest> {
        check_name(name).ok()?;
        fs::read(self.log_file(name)).ok().map(|bytes| Digest::of_bytes(&bytes))
    }

    /// Appends events to a dataset's log, forced to disk; makes the dataset with its first event.
    ///
    /// # Errors
    /// A log that cannot be read or written.
    pub fn append(&self, _held: &Held, name: &str, by: &str, events: Vec<Event>) -> Result<(), DatasetError> {
        let known = self.find(name)?;
        let path = self.log_file(name);
        let mut previous = Digest::of_bytes(b"");
        if let Some(last) = known.as_ref().and_then(|dataset| dataset.log.last()) {
            previous = Digest::of_bytes(&line_of(last)?);
        }
        let mut bytes = Vec::new();
        let mut lines = known.as_ref().map_or(0, |dataset| dataset.log.len() as u64);
        for event in events {
            lines += 1;
            let line = line_of(&Entry { previous, at_us: now_us(), by: by.to_owned(), event })?;
            previous = Digest::of_bytes(&line);
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
        }
        let folder = self.folder.root.join("logs");
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed(&path))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed(&path))?;
        let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(end as u64)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .and_then(|_| file.write_all(&bytes))
            .and_then(|()| file.sync_all())
            .map_err(failed(&path))?;
        if lines > 0 {
            let head = serde_json::to_vec(&Head { lines, last: previous })
                .map_err(|error| DatasetError::new(None, format!("the log: {error}")))?;
            put(&self.head_file(name), &head)?;
        }
        if known.is_none() {
            File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed(&folder))?;
        }
        Ok(())
    }

    /// Makes a finished version known as the newest of a dataset. When the newest already holds these cases, nothing
    /// is added and `None` is given.
    ///
    /// # Errors
    /// A log that cannot be read or written.
    pub fn add(
        &self,
        held: &Held,
        name: &str,
        by: &str,
        manifest: &Manifest,
        lineage: Lineage,
    ) -> Result<Option<VersionRecord>, DatasetError> {
        let known = self.find(name)?;
        let known = known.as_ref();
        if known.and_then(|dataset| dataset.versions.last()).is_some_and(|last| last.version == manifest.version) {
            return Ok(None);
        }
        let number = known.map_or(0, |dataset| {
            dataset.log.iter().filter(|entry| matches!(entry.event, Event::Version(_))).count() as u64
        });
        let record = VersionRecord {
            number: number + 1,
            version: manifest.version,
            cases: manifest.cases,
            bytes: manifest.bytes,
            lineage,
        };
        self.append(held, name, by, vec![Event::Version(Box::new(record.clone()))])?;
        Ok(Some(record))
    }

    /// What a version is made of.
    ///
    /// # Errors
    /// It was removed, or its manifest is damaged.
    pub fn manifest(&self, version: Digest) -> Result<Manifest, DatasetError> {
        self.folder.manifest(version)
    }

    /// Every case of a version in the order of its source, those that may not be used included.
    ///
    /// # Errors
    /// As [`Library::manifest`].
    pub fn cases(
        &self,
        version: Digest,
    ) -> Result<impl Iterator<Item = Result<Case, DatasetError>> + Send + use<>, DatasetError> {
        Ok(self.folder.cases(self.folder.manifest(version)?))
    }

    /// The cases of a version from a row on, with their rows; chunks before it are not read.
    ///
    /// # Errors
    /// As [`Library::manifest`].
    pub fn cases_from(
        &self,
        version: Digest,
        row: u64,
    ) -> Result<impl Iterator<Item = Result<(u64, Case), DatasetError>> + Send + use<>, DatasetError> {
        let mut manifest = self.folder.manifest(version)?;
        let (mut start, mut passed) = (0, 0);
        for chunk in &manifest.chunks {
            if start + chunk.cases > row {
                break;
            }
            start += chunk.cases;
            passed += 1;
        }
        manifest.chunks.drain(..passed);
        let rows = self.folder.cases(manifest).zip(start..).map(|(case, at)| Ok((at, case?)));
        Ok(rows.skip(usize::try_from(row.saturating_sub(start)).unwrap_or(usize::MAX)))
    }

    /// Gives a version a name that can move; gives the version.
    ///
    /// # Errors
    /// What cannot be a tag, no such dataset or version, a log that cannot be written.
    pub fn tag(
        &self,
        held: &Held,
        name: &str,
        by: &str,
        tag: &str,
        version: Option<&str>,
    ) -> Result<VersionRecord, DatasetError> {
        check_tag(tag)?;
        let dataset = self.dataset(name)?;
        let record = dataset.version(version)?.clone();
        if dataset.tags.get(tag) != Some(&record.version) {
            self.append(held, name, by, vec![Event::Tagged { tag: tag.to_owned(), version: record.version }])?;
        }
        Ok(record)
    }

    /// Takes a tag away.
    ///
    /// # Errors
    /// No such dataset or tag, a log that cannot be written.
    pub fn untag(&self, held: &Held, name: &str, by: &str, tag: &str) -> Result<(), DatasetError> {
        if !self.dataset(name)?.tags.contains_key(tag) {
            return Err(DatasetError::new(None, format!("`{name}` has no tag `{}`", shown(tag))));
        }
        self.append(held, name, by, vec![Event::Untagged { tag: tag.to_owned() }])
    }

    pub(crate) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where the audit of a redacted version is.
    pub fn audit_file(&self, version: Digest) -> PathBuf {
        self.folder.root.join("audits").join(format!("{version}.jsonl.zst"))
    }

    /// Keeps the audit of a redacted version: a JSON line for each finding, compressed.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn keep_audit(&self, version: Digest, mut rows: File) -> Result<(), DatasetError> {
        let path = self.audit_file(version);
        let folder = self.folder.root.join("audits");
        let kept = fs::create_dir_all(&folder).and_then(|()| {
            rows.seek(SeekFrom::Start(0))?;
            let file = tempfile::NamedTempFile::new_in(&folder)?;
            zstd::stream::copy_encode(&mut rows, file.as_file(), 3)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        });
        kept.map_err(failed(&path))
    }

    /// Removes the bytes that no version of any dataset needs; gives files and bytes.
    ///
    /// # Errors
    /// Any log or manifest that cannot be read: nothing is removed then.
    pub fn remove_unused(&self, _held: &Held) -> Result<(u64, u64), DatasetError> {
        let mut live = HashSet::new();
        for name in self.names()? {
            live.extend(self.find(&name)?.iter().flat_map(|dataset| dataset.versions.iter().map(|v| v.version)));
        }
        self.folder.remove_unused(&live)
    }
}

fn line_of(entry: &Entry) -> Result<Vec<u8>, DatasetError> {
    serde_json::to_vec(entry).map_err(|error| DatasetError::new(None, format!("the log: {error}")))
}

/// A dataset's name is a file's name: letters, digits, `-`, `_` and `.`, not first.
///
/// # Errors
/// Anything else.
pub fn check_name(name: &str) -> Result<(), DatasetError> {
    let fine = !name.is_empty()
        && name.len() <= 100
        && !name.starts_with(['.', '-'])
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fine {
        return Ok(());
    }
    Err(DatasetError::new(None, format!("`{}` cannot be the name of a dataset", shown(name)))
        .help("a name has up to 100 letters, digits, `-`, `_` and `.`, and starts with a letter or a digit"))
}

/// A tag must not be taken for a number or a digest.
///
/// # Errors
/// What could be.
pub fn check_tag(tag: &str) -> Result<(), DatasetError> {
    let fine = tag.len() <= 60
        && tag.starts_with(|c: char| c.is_ascii_alphabetic())
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !(tag.len() >= 4 && tag.chars().all(|c| c.is_ascii_hexdigit()))
        && !tag.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    if fine {
        return Ok(());
    }
    Err(DatasetError::new(
        None,
        format!(
            "`{}` cannot be a tag: it starts with a letter, has letters, digits, `-`, `_`, `.`, and does not look like a \
             number or a digest",
            shown(tag)
        ),
    ))
}

fn shown(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A dataset and a version of it as a user names them: `qa`, `qa@3`, `qa@approved`, `qa@4f2a91c0`.
pub fn name_and_version(word: &str) -> (&str, Option<&str>) {
    match word.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (word, None),
    }
}

/// Who is at work, for logs: `ASSAY_USER`, else the account's name.
pub fn who() -> String {
    let named = ["ASSAY_USER", "USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    named.map(|name| shown(name.trim())).find(|name| !name.is_empty()).unwrap_or_else(|| "unknown".into())
}

/// How the name of a dataset ends whose cases wait to be accepted: no suite may use it.
pub const QUARANTINE: &str = ".quarantine";

/// Now, in microseconds since the Unix epoch.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Today in UTC, as `2026-11-29`.
pub fn today() -> String {
    day_of(now_us())
}

/// The day of a time in microseconds since the Unix epoch, UTC.
pub(crate) fn day_of(at_us: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(at_us.div_euclid(1_000_000));
    time.map_or_else(|_| String::new(), |time| time.date().to_string())
}

/// Checks that a text is a day such as `2027-12-31`.
///
/// # Errors
/// Anything else.
pub fn check_day(day: &str) -> Result<(), DatasetError> {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    // The parser takes a sign before the year, which would not sort as a text.
    match time::Date::parse(day, &form) {
        Ok(_) if day.len() == 10 => Ok(()),
        _ => Err(DatasetError::new(None, format!("`{}` is not a day", shown(day))).help("write it as `2027-12-31`")),
    }
}
