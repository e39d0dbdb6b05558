//! Cases from and to the field's formats.
//!
//! Files are read as they are, or added to the library, where versions are immutable and everything that was done to a
//! dataset is on record.
//!
//! Every reader of plain tables streams (YAML, XLSX, and JSON that is not a list of lines, are read whole up to a stated
//! size), and so does every importer and exporter, so that the number of cases costs no memory. Whatever is wrong with a
//! row is said with its file and line.
//!
//! | module | holds |
//! |---|---|
//! | [`declare`] | a dataset as a suite declares it |
//! | [`rows`] | files as JSON rows with their places |
//! | [`fields`] | rows as cases: the field mapping |
//! | [`library`] | the datasets of a workspace, their logs, versions, tags and what governs them |
//! | [`version`] | a version on disk |
//! | [`add`] | files as a version |
//! | [`split`] | development, test and sealed parts |
//! | [`diff`] | what changed between two versions |
//! | [`quality`] | expectations, and faults that nobody expects |
//! | [`check`] | what is wrong with the cases of a version |
//! | [`quarantine`] | cases that wait until somebody accepts them |
//! | [`duplicates`] | cases that are nearly the same |
//! | [`sample`] | cases drawn by strata, to be labelled or judged |
//! | [`refresh`] | a share of a rolling set replaced |
//! | [`coverage`] | cases by the values of metadata keys, against what is wanted |
//! | [`lineage`] | where a version came from, as text and OpenLineage events |
//! | [`tools`] | what other evaluation tools wrote: cases, answers and scores |
//! | [`export`] | cases as files: plain tables, Croissant, the datasets of other tools |

pub mod add;
pub mod check;
pub mod coverage;
pub mod declare;
pub mod diff;
pub mod duplicates;
pub mod export;
pub mod fields;
pub mod library;
pub mod lineage;
mod losses;
pub mod quality;
pub mod quarantine;
pub mod refresh;
pub mod rows;
pub mod sample;
mod sorter;
pub mod split;
mod tables;
pub mod tools;
pub mod version;
mod yaml;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use assay_core::{Case, Digest, SliceExpr};

pub use declare::{DatasetDecl, Format};
pub use fields::Mapper;
pub use library::{Dataset, Library};
pub use losses::Lost;
pub use rows::Place;

/// What is wrong with a dataset, where, and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{message}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct DatasetError {
    /// File and line or row.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Somebody else has the library, and was not waited for any longer.
    pub busy: bool,
    /// Numbers, from 1, of two cases that have the same id.
    pub(crate) same_id: Option<Box<(u64, u64)>>,
}

impl DatasetError {
    /// Something wrong at a place.
    pub fn new(place: Option<Place>, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None, busy: false, same_id: None }
    }

    /// What is wrong, and what to do about it.
    pub fn advice(&self) -> String {
        match &self.help {
            Some(help) => format!("{self}: {help}"),
            None => self.to_string(),
        }
    }

    /// The same with files named from a folder on, wherever that folder is. An empty one changes nothing.
    #[must_use]
    pub fn told_from(mut self, folder: &Path) -> Self {
        if folder.as_os_str().is_empty() {
            return self;
        }
        let before = folder.join("").display().to_string();
        // Messages name files, too: those that a file refers to, and where something stands for the first time.
        self.message = self.message.replace(&before, "");
        self.help = self.help.map(|help| help.replace(&before, ""));
        if let Some(place) = &mut self.place
            && let Ok(inside) = place.file.strip_prefix(folder)
        {
            place.file = inside.to_owned();
        }
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The cases of a dataset, one by one, each with the place it came from.
pub struct Cases {
    cases: Box<dyn Iterator<Item = Result<(Case, Place), DatasetError>> + Send>,
    filter: Option<SliceExpr>,
    left: u64,
}

/// The rows of a file as they stand, without field mapping: a JSON object per row with its place. Cells of CSV are texts,
/// empty ones null.
///
/// # Errors
/// A missing file, an unknown format, or an unreadable first row.
pub fn rows(path: &Path) -> Result<rows::Rows, DatasetError> {
    rows::open(path, None)
}

/// Opens a dataset. Paths are relative to `base`; stored datasets are those of `library`, without the cases that may not
/// be used today.
///
/// # Errors
/// A missing file, an unknown format, or an unreadable first row; a stored dataset that does not exist, whose retention
/// is over, or whose sealed part nobody may look at any more.
pub fn open(declared: &DatasetDecl, base: &Path, library: Option<&Library>) -> Result<Cases, DatasetError> {
    let cases: Box<dyn Iterator<Item = _> + Send> = match stored(declared, library)? {
        Some(stored) => Box::new(stored.cases()?),
        None => Box::new(mapped(declared, base, Mapper::new(&declared.fields))?),
    };
    Ok(Cases { cases, filter: declared.filter.clone(), left: declared.limit.unwrap_or(u64::MAX) })
}

fn mapped(
    declared: &DatasetDecl,
    base: &Path,
    mut mapper: Mapper,
) -> Result<impl Iterator<Item = Result<(Case, Place), DatasetError>> + Send + use<>, DatasetError> {
    let rows = rows::open(&declared.resolve(base), declared.format)?;
    Ok(rows.map(move |row| {
        let (row, place) = row?;
        Ok((mapper.case(row, &place)?, place))
    }))
}

/// The stored version that a declaration names; `None` for a file.
///
/// # Errors
/// As [`open`].
pub fn stored(declared: &DatasetDecl, library: Option<&Library>) -> Result<Option<Stored>, DatasetError> {
    let Some(word) = &declared.dataset else { return Ok(None) };
    let Some(library) = library else {
        return Err(DatasetError::new(None, format!("there is no workspace that could hold the dataset `{word}`")));
    };
    let (name, version) = library::name_and_version(word);
    if name.ends_with(library::QUARANTINE) {
        return Err(DatasetError::new(None, format!("the cases of `{name}` were accepted by nobody yet"))
            .help("look at them with `assay dataset show`, take them over with `assay dataset accept`"));
    }
    let dataset = library.dataset(name)?;
    let record = match declared.pinned {
        None => dataset.version(version)?.clone(),
        Some(pinned) => dataset.version(Some(&pinned.to_string()))?.clone(),
    };
    let today = library::today();
    dataset.check_retention(&today)?;
    let part = match (&declared.split, &dataset.split) {
        (None, _) => None,
        (Some(split), None) => {
            return Err(DatasetError::new(None, format!("`{name}` was not divided, so it has no part `{split}`"))
                .help("divide it with `assay dataset split`"));
        }
        (Some(split), Some(plan)) => Some(plan.part(split)?.clone()),
    };
    Ok(Some(Stored { library: library.clone(), dataset, record, part, today }))
}

/// A version of the library as a declaration names it.
pub struct Stored {
    library: Library,
    /// The dataset.
    pub dataset: Dataset,
    /// The version.
    pub record: library::VersionRecord,
    /// The part that is used.
    pub part: Option<split::Part>,
    today: String,
}

impl Stored {
    /// The looks that a sealed part allows and those that runs took, when a sealed part is used.
    pub fn looks(&self) -> Option<(u64, u64)> {
        let part = self.part.as_ref()?;
        Some((part.looks?, self.dataset.looks_at(&part.name, self.record.version)))
    }

    /// Refuses a sealed part whose looks are used up, and a dataset whose sealed cases would be used with the rest.
    ///
    /// # Errors
    /// As said.
    pub fn check_looks(&self) -> Result<(), DatasetError> {
        let (name, number) = (&self.dataset.name, self.record.number);
        if let Some((allowed, taken)) = self.looks()
            && taken >= allowed
        {
            let part = self.part.as_ref().map_or("", |part| part.name.as_str());
            return Err(DatasetError::new(
                None,
                format!(
                    "the sealed part `{part}` of {name}@{number} was looked at {taken} times, which is all it allows"
                ),
            )
            .help("what was learnt from it would no longer be news: add a version with fresh cases"));
        }
        Ok(())
    }

    fn cases(self) -> Result<impl Iterator<Item = Result<(Case, Place), DatasetError>> + Send, DatasetError> {
        let manifest = self.library.manifest(self.record.version)?;
        let place = Place { file: format!("{}@{}", self.dataset.name, self.record.number).into(), line: None };
        let cases = self.library.folder().cases(manifest);
        let mut number = 0;
        Ok(cases.filter_map(move |case| {
            let case = match case {
                Ok(case) => case,
                Err(error) => return Some(Err(error)),
            };
            number += 1;
            let other = match (&self.part, &self.dataset.split) {
                (Some(part), Some(plan)) => plan.part_of(&case).name != part.name,
                // Without a part everything is used but what is sealed.
                (None, Some(plan)) => plan.is_sealed(&case),
                _ => false,
            };
            if other || self.dataset.unusable(&case, &self.today).is_some() {
                return None;
            }
            Some(Ok((case, Place { line: Some(number), ..place.clone() })))
        }))
    }

    /// What decides which cases [`open`] gives, beside the declaration.
    fn identity(&self) -> serde_json::Value {
        let mut revoked: Vec<&String> = self.dataset.revoked.keys().collect();
        revoked.sort_unstable();
        let expires = self.dataset.governance.expires.as_ref().map(|key| (key, &self.today));
        serde_json::json!([self.record.version, revoked, expires, self.dataset.split])
    }
}

impl Iterator for Cases {
    type Item = Result<(Case, Place), DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            let (case, place) = match self.cases.next()? {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            if self.filter.as_ref().is_none_or(|filter| matches(filter, &case)) {
                self.left -= 1;
                return Some(Ok((case, place)));
            }
        }
        None
    }
}

/// Whether a case is in a slice.
pub fn matches(slice: &SliceExpr, case: &Case) -> bool {
    let texts = metadata_texts(case);
    slice.matches(&|key| texts.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str()))
}

/// A case's metadata as texts, for slices; nested objects are flattened with dots.
pub fn metadata_texts(case: &Case) -> Vec<(String, String)> {
    fn walk(prefix: &str, value: &serde_json::Value, texts: &mut Vec<(String, String)>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (key, value) in fields {
                    let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    walk(&name, value, texts);
                }
            }
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => texts.push((prefix.to_owned(), text.clone())),
            other => texts.push((prefix.to_owned(), other.to_string())),
        }
    }
    let mut texts = Vec::new();
    for (key, value) in &case.metadata {
        walk(key, value, &mut texts);
    }
    texts
}

/// Reads a YAML or JSON file into a type.
///
/// # Errors
/// A file that cannot be read, or what does not fit, with its line and what to do.
pub fn yaml_file<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, DatasetError> {
    yaml_and_source(path).map(|(value, _)| value)
}

/// As [`yaml_file`], with the file's text, so that what is found later can be given its line by [`at_line`].
pub(crate) fn yaml_and_source<T: serde::de::DeserializeOwned>(
    path: &Path,
) -> Result<(T, assay_suite::Source), DatasetError> {
    let whole = || Some(Place { file: path.to_owned(), line: None });
    let text = std::fs::read_to_string(path).map_err(|error| DatasetError::new(whole(), error.to_string()))?;
    match assay_suite::Source::parse(path, text) {
        Ok((value, source)) => match assay_core::problem::read(&value, "") {
            Ok(read) => Ok((read, source)),
            Err(problem) => Err(at_line(&problem, &source)),
        },
        Err((problems, source)) => Err(problems.first().map_or_else(
            || DatasetError::new(whole(), "the file cannot be read"),
            |problem| at_line(problem, &source),
        )),
    }
}

/// A problem at its line.
pub(crate) fn at_line(problem: &assay_core::Problem, source: &assay_suite::Source) -> DatasetError {
    let line = source.line_column(source.range(&problem.at).start).0 as u64;
    let mut error =
        DatasetError::new(Some(Place { file: source.path.clone(), line: Some(line) }), problem.message.clone());
    error.help.clone_from(&problem.help);
    error
}

/// What the first rows of a dataset hold, for checks before any call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Names of inputs.
    pub inputs: BTreeSet<String>,
    /// Metadata keys.
    pub metadata: BTreeSet<String>,
    /// Names of recorded outputs.
    pub recorded: BTreeSet<String>,
    /// Whether any case says what counts as right.
    pub has_expected: bool,
    /// Whether any case has reference contexts.
    pub has_contexts: bool,
}

/// Reads what the first 100 cases hold.
///
/// # Errors
/// As [`open`], and the first row that cannot be read, and a dataset without cases.
pub fn columns(declared: &DatasetDecl, base: &Path, library: Option<&Library>) -> Result<Columns, DatasetError> {
    let mut columns = Columns::default();
    let mut any = false;
    for case in open(declared, base, library)?.take(100) {
        let (case, _) = case?;
        any = true;
        columns.inputs.extend(case.inputs.keys().cloned());
        columns.metadata.extend(metadata_texts(&case).into_iter().map(|(key, _)| key));
        columns.recorded.extend(case.recorded.keys().cloned());
        columns.has_expected |= case.expected.is_some();
        columns.has_contexts |= !case.contexts.is_empty();
    }
    if any {
        return Ok(columns);
    }
    let file = declared.dataset.as_ref().map_or_else(|| declared.resolve(base), PathBuf::from);
    let place = Some(Place { file, line: None });
    Err(match (&declared.filter, declared.limit) {
        (None, None) if declared.dataset.is_some() => {
            DatasetError::new(place, "no case of it may be used").help("`assay dataset show` says why")
        }
        (_, Some(0)) => DatasetError::new(place, "`limit: 0` leaves no cases").help("raise the limit"),
        (Some(filter), _) => {
            DatasetError::new(place, format!("no case is in the slice `{filter}`")).help("check `where`")
        }
        (None, _) => DatasetError::new(place, "the dataset holds no cases").help("add at least one row"),
    })
}

/// The digest of what a dataset is read from: file bytes (of a directory, names and bytes in order) or the stored version
/// with what may be used of it, the declaration and the version of the reader. The same digest always gives the same
/// cases.
///
/// # Errors
/// A file that cannot be read, or as [`open`].
pub fn source_digest(declared: &DatasetDecl, base: &Path, library: Option<&Library>) -> Result<Digest, DatasetError> {
    let mut stream = Digest::stream();
    stream.update(b"reader 2\n");
    stream.update(serde_json::to_string(declared).unwrap_or_default().as_bytes());
    if let Some(stored) = stored(declared, library)? {
        stream.update_json(&stored.identity());
        return Ok(stream.finish());
    }
    let path = declared.resolve(base);
    for file in rows::files_of(&path)? {
        let failed = |error: std::io::Error| {
            DatasetError::new(Some(Place { file: file.clone(), line: None }), error.to_string())
        };
        stream.update(file.strip_prefix(&path).unwrap_or(&PathBuf::new()).to_string_lossy().as_bytes());
        let mut reader = File::open(&file).map_err(failed)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = reader.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            stream.update(&buffer[..read]);
        }
    }
    Ok(stream.finish())
}
