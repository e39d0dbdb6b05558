//! Files that hold records: a JSON list, a list in a JSON object, JSONL, YAML, or a table.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::json::{self, EACH, Lines, Want, walk};
use super::record::Record;
use crate::rows::{self, line_of, read_text, yaml};
use crate::{DatasetError, Format, Place};

/// How a file holds its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One JSON document.
    Json,
    /// One JSON value a line.
    Lines,
    /// YAML.
    Yaml,
    /// A table: CSV, TSV, Parquet, Arrow, XLSX.
    Table,
}

/// What begins a file: enough to tell formats apart.
pub(crate) const START: u64 = 256 << 10;

/// The first bytes of a file.
pub(crate) fn start(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    json::open(path)?.take(START).read_to_end(&mut bytes).map_err(|error| json::failed(path, &error))?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// How a file holds its records: by its ending, else by how it begins.
pub(crate) fn shape(path: &Path) -> Result<Shape, DatasetError> {
    Ok(match Format::of(path) {
        Some(Format::Jsonl) => Shape::Lines,
        Some(Format::Yaml) => Shape::Yaml,
        Some(Format::Csv | Format::Tsv | Format::Parquet | Format::Arrow | Format::Xlsx) => Shape::Table,
        Some(Format::Json) => Shape::Json,
        Some(Format::Text) | None => {
            let start = start(path)?;
            let text = start.trim_ascii_start();
            if text.starts_with(b"[") {
                Shape::Json
            } else if text.starts_with(b"{") {
                // A first line that is a whole object begins JSONL, unless it is the only one.
                let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let place = Place { file: path.to_owned(), line: Some(1) };
                if first.len() < text.len() && json::parse(first.trim_ascii(), &place).is_ok() {
                    Shape::Lines
                } else {
                    Shape::Json
                }
            } else {
                Shape::Yaml
            }
        }
    })
}

/// Reads a YAML file.
pub(crate) fn yaml_file(path: &Path) -> Result<(Value, assay_suite::Source), DatasetError> {
    yaml(path, read_text(path, json::open(path)?)?)
}

/// Hands over the records of a file: of a document the list itself, or the list under one of `keys`. The other fields of
/// such an object go to `head` by their name, when it wants them.
pub(crate) fn records(
    path: &Path,
    keys: &[&str],
    head: &mut dyn FnMut(&str, Value) -> Result<(), DatasetError>,
    visit: &mut dyn FnMut(Record) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    match shape(path)? {
        Shape::Lines => {
            for line in Lines::open(path)? {
                let (_, value, place) = line?;
                visit(Record::new(value, place)?)?;
            }
            Ok(())
        }
        Shape::Table => {
            for row in rows::open(path, None)? {
                let (fields, place) = row?;
                visit(Record { fields, place })?;
            }
            Ok(())
        }
        Shape::Json => {
            let want = |path: &[String]| match path {
                [] => Want::Enter,
                [key] if keys.contains(&key.as_str()) => Want::Enter,
                [each] if each != EACH => Want::Take,
                [key, each] if keys.contains(&key.as_str()) && each == EACH => Want::Take,
                [each] if each == EACH => Want::Take,
                _ => Want::Skip,
            };
            walk(path, json::open(path)?, &want, &mut |at, value, place| match at {
                [key] if key != EACH => head(key, value),
                _ => visit(Record::new(value, place)?),
            })
        }
        Shape::Yaml => {
            let (value, source) = yaml_file(path)?;
            let mut each = |list: Vec<Value>, at: &str| {
                for (i, value) in list.into_iter().enumerate() {
                    let line = line_of(&source, &format!("{at}/{i}"));
                    visit(Record::new(value, Place { file: path.to_owned(), line })?)?;
                }
                Ok(())
            };
            match value {
                Value::Array(list) => each(list, ""),
                Value::Object(fields) => {
                    for (key, value) in fields {
                        match value {
                            Value::Array(list) if keys.contains(&key.as_str()) => each(list, &format!("/{key}"))?,
                            value => head(&key, value)?,
                        }
                    }
                    Ok(())
                }
                _ => Err(DatasetError::new(json::at(path, Some(1)), "a list of records is expected")),
            }
        }
    }
}

/// A file that another file refers to: below `root`, never outside of it, whatever the reference says.
pub(crate) fn inside(root: &Path, reference: &str, place: &Place) -> Result<PathBuf, DatasetError> {
    let refuse = |why: &str| {
        DatasetError::new(Some(place.clone()), format!("`{}` {why}", json::shown(reference)))
            .help("put the file beside the one that names it, or below it")
    };
    let relative = Path::new(reference);
    let plain = relative
        .components()
        .all(|step| matches!(step, std::path::Component::Normal(_) | std::path::Component::CurDir));
    if !plain {
        return Err(refuse("leads out of the folder"));
    }
    let path = root.join(relative);
    let real = |path: &Path| path.canonicalize();
    match (real(root), real(&path)) {
        (Ok(root), Ok(file)) if file.starts_with(&root) => Ok(path),
        (Ok(_), Ok(_)) => Err(refuse("leads out of the folder by a link")),
        _ => Err(refuse("does not exist")),
    }
}

/// The folder of a file.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
