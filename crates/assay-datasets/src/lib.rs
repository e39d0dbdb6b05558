//! Cases from and to the field's formats.
//!
//! Every reader of plain tables streams (YAML, XLSX, and JSON that is not a list of lines, are read whole up to a stated
//! size), and so does every importer and exporter, so that the number of cases costs no memory. Whatever is wrong with a row is said with its file and line.
//!
//! | module | holds |
//! |---|---|
//! | [`declare`] | a dataset as a suite declares it |
//! | [`rows`] | files as JSON rows with their places |
//! | [`fields`] | rows as cases: the field mapping |
//! | [`tools`] | what other evaluation tools wrote: cases, answers and scores |
//! | [`export`] | cases as files: plain tables, Croissant, the datasets of other tools |

pub mod declare;
pub mod export;
pub mod fields;
mod losses;
pub mod rows;
mod tables;
pub mod tools;
mod yaml;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use assay_core::{Case, Digest, SliceExpr};

pub use declare::{DatasetDecl, Format};
pub use fields::Mapper;
pub use losses::Lost;
pub use rows::Place;

/// What is wrong with a dataset, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{}{message}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct DatasetError {
    /// File and line or row.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl DatasetError {
    pub(crate) fn new(place: Option<Place>, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The cases of a dataset, one by one, each with the place it came from.
pub struct Cases {
    rows: rows::Rows,
    mapper: Mapper,
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

/// Opens a dataset. Paths are relative to `base`.
///
/// # Errors
/// A missing file, an unknown format, or an unreadable first row.
pub fn open(declared: &DatasetDecl, base: &Path) -> Result<Cases, DatasetError> {
    let rows = rows::open(&declared.resolve(base), declared.format)?;
    Ok(Cases {
        rows,
        mapper: Mapper::new(&declared.fields),
        filter: declared.filter.clone(),
        left: declared.limit.unwrap_or(u64::MAX),
    })
}

impl Iterator for Cases {
    type Item = Result<(Case, Place), DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            let (row, place) = match self.rows.next()? {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            let case = match self.mapper.case(row, &place) {
                Ok(case) => case,
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
pub fn columns(declared: &DatasetDecl, base: &Path) -> Result<Columns, DatasetError> {
    let mut columns = Columns::default();
    let mut any = false;
    for case in open(declared, base)?.take(100) {
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
    let place = Some(Place { file: declared.resolve(base), line: None });
    Err(match (&declared.filter, declared.limit) {
        (_, Some(0)) => DatasetError::new(place, "`limit: 0` leaves no cases").help("raise the limit"),
        (Some(filter), _) => {
            DatasetError::new(place, format!("no case is in the slice `{filter}`")).help("check `where`")
        }
        (None, _) => DatasetError::new(place, "the dataset holds no cases").help("add at least one row"),
    })
}

/// The digest of what a dataset is read from: file bytes (of a directory, names and bytes in order), the declaration
/// and the version of the reader. The same digest always gives the same cases.
///
/// # Errors
/// A file that cannot be read.
pub fn source_digest(declared: &DatasetDecl, base: &Path) -> Result<Digest, DatasetError> {
    let mut stream = Digest::stream();
    stream.update(b"reader 2\n");
    stream.update(serde_json::to_string(declared).unwrap_or_default().as_bytes());
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
