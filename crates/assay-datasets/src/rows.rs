//! Files as JSON rows with their places.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use assay_core::Problem;
use assay_core::problem::did_you_mean;
use parquet::file::reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use serde_json::{Map, Value};

use crate::tables::{arrow_rows, guarded, xlsx_rows};
use crate::{DatasetError, Format};

/// The longest line, in bytes.
pub(crate) const LONGEST_LINE: u64 = 64 << 20;
/// The largest file that is read whole.
pub(crate) const LARGEST_WHOLE: u64 = 256 << 20;

/// The most columns of a table, which are those of a spreadsheet.
pub(crate) const MOST_COLUMNS: usize = 16_384;

/// Where a row came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Line or row, from 1.
    pub line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// A row: a JSON object by column.
pub type Row = Map<String, Value>;
type Item = Result<(Row, Place), DatasetError>;

/// Rows of one file or of all files of a directory.
pub struct Rows {
    files: std::vec::IntoIter<PathBuf>,
    format: Option<Format>,
    current: Option<Box<dyn Iterator<Item = Item> + Send>>,
}

pub(crate) fn open(path: &Path, format: Option<Format>) -> Result<Rows, DatasetError> {
    Ok(Rows { files: files_of(path)?.into_iter(), format, current: None })
}

/// The file itself, or the files of a directory in the order of their names, directories inside it included. Links
/// to directories are not followed.
pub(crate) fn files_of(path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let failed = |error: std::io::Error, path: &Path| {
        DatasetError::new(Some(Place { file: path.to_owned(), line: None }), error.to_string())
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(path)),
        Err(error) => return Err(failed(error, path)),
    };
    if metadata.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(error, &folder))? {
            let entry = entry.map_err(|error| failed(error, &folder))?;
            let kind = entry.file_type().map_err(|error| failed(error, &folder))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if Format::of(&entry.path()).is_some() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(DatasetError::new(
            Some(Place { file: path.to_owned(), line: None }),
            "the directory holds no file that can be read",
        )
        .help("put .jsonl, .csv, .parquet, .arrow, .xlsx, .yaml, .json, .txt or .md files into it"));
    }
    Ok(files)
}

pub(crate) fn missing(path: &Path) -> DatasetError {
    let error = DatasetError::new(Some(Place { file: path.to_owned(), line: None }), "there is no such file");
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let siblings: Vec<String> = path
        .parent()
        .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .map(|entries| entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    match did_you_mean(&wanted, siblings.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("paths are relative to the suite file"),
    }
}

impl Iterator for Rows {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(current) = &mut self.current
                && let Some(item) = current.next()
            {
                return Some(item);
            }
            let file = self.files.next()?;
            match open_file(&file, self.format) {
                Ok(rows) => self.current = Some(rows),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn open_file(path: &Path, format: Option<Format>) -> Result<Box<dyn Iterator<Item = Item> + Send>, DatasetError> {
    let place = || Some(Place { file: path.to_owned(), line: None });
    let Some(format) = format.or_else(|| Format::of(path)) else {
        return Err(DatasetError::new(place(), "the format cannot be told from the file's ending")
            .help("add `format: jsonl`, csv, tsv, parquet, arrow, xlsx, yaml, json or text"));
    };
    let file = File::open(path).map_err(|error| DatasetError::new(place(), error.to_string()))?;
    Ok(match format {
        Format::Jsonl => {
            Box::new(JsonLines { reader: BufReader::with_capacity(1 << 16, file), path: path.to_owned(), line: 0 })
        }
        Format::Csv => Box::new(csv_rows(path, file, b',')?),
        Format::Tsv => Box::new(csv_rows(path, file, b'\t')?),
        Format::Parquet => Box::new(guarded(path, parquet_rows(path, file)?)),
        Format::Arrow => Box::new(arrow_rows(path, file)?),
        Format::Xlsx => Box::new(xlsx_rows(path, file)?.into_iter().map(Ok)),
        Format::Json | Format::Yaml => Box::new(whole(path, file, format)?.into_iter().map(Ok)),
        Format::Text => {
            let text = read_text(path, file)?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let row =
                Map::from_iter([("id".to_owned(), Value::String(name)), ("text".to_owned(), Value::String(text))]);
            Box::new(std::iter::once(Ok((row, Place { file: path.to_owned(), line: None }))))
        }
    })
}

/// Reads the next line into `bytes`, without a byte order mark, and counts it. Returns how many bytes it took from the
/// file; 0 at the end.
pub(crate) fn read_line(
    reader: &mut impl BufRead,
    bytes: &mut Vec<u8>,
    file: &Path,
    line: &mut u64,
) -> Result<usize, DatasetError> {
    bytes.clear();
    *line += 1;
    let place = || Some(Place { file: file.to_owned(), line: Some(*line) });
    let read = reader
        .take(LONGEST_LINE)
        .read_until(b'\n', bytes)
        .map_err(|error| DatasetError::new(place(), error.to_string()))?;
    if bytes.len() as u64 == LONGEST_LINE {
        return Err(DatasetError::new(place(), "the line is longer than 64 MiB")
            .help("is it one JSON document? then its name should end in `.json`"));
    }
    if *line == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(read)
}

struct JsonLines {
    reader: BufReader<File>,
    path: PathBuf,
    line: u64,
}

impl Iterator for JsonLines {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let mut bytes = Vec::new();
        loop {
            match read_line(&mut self.reader, &mut bytes, &self.path, &mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            let place = || Some(Place { file: self.path.clone(), line: Some(self.line) });
            let text = match std::str::from_utf8(&bytes) {
                Ok(text) => text.trim(),
                Err(error) => {
                    let message =
                        format!("not UTF-8: byte {} of the line starts no character", error.valid_up_to() + 1);
                    return Some(Err(DatasetError::new(place(), message).help("save the file as UTF-8")));
                }
            };
            if text.is_empty() {
                continue;
            }
            return Some(match serde_json::from_str::<Value>(text) {
                Ok(Value::Object(row)) => Ok((row, Place { file: self.path.clone(), line: Some(self.line) })),
                Ok(_) => Err(DatasetError::new(place(), "a JSON object is expected on each line")),
                Err(error) => Err(broken_json(place(), &error, text)),
            });
        }
    }
}

fn broken_json(place: Option<Place>, error: &serde_json::Error, text: &str) -> DatasetError {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let broken = DatasetError::new(place, format!("broken JSON at character {}: {message}", error.column()));
    if ["NaN", "Infinity"].iter().any(|word| text.contains(word)) {
        broken.help("NaN and Infinity are not JSON: use null")
    } else {
        broken.help("each line must be one complete JSON object")
    }
}

/// A text that ends with an error where a line of it is longer than [`LONGEST_LINE`].
struct Lined<R> {
    inner: R,
    /// Bytes since the last line feed.
    since: u64,
}

impl<R: Read> Read for Lined<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        self.since = match into[..read].iter().rposition(|byte| *byte == b'\n') {
            Some(at) => (read - at - 1) as u64,
            None => self.since + read as u64,
        };
        match self.since > LONGEST_LINE {
            true => Err(std::io::Error::other("a line is longer than 64 MiB")),
            false => Ok(read),
        }
    }
}

fn csv_rows(path: &Path, file: File, delimiter: u8) -> Result<impl Iterator<Item = Item> + Send + use<>, DatasetError> {
    let path = path.to_owned();
    let mut input = BufReader::new(file);
    // The reader counts a line at its line feed, which it leaves to the next record where lines end in \r\n.
    let late = input.fill_buf().is_ok_and(|start| {
        start.iter().position(|byte| *byte == b'\n').is_some_and(|at| at > 0 && start[at - 1] == b'\r')
    });
    let line_of = move |position: &csv::Position| position.line() + u64::from(late);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(Lined { inner: input, since: 0 });
    let failed = {
        let path = path.clone();
        move |error: csv::Error, line: Option<u64>| {
            let line = error.position().map(line_of).or(line);
            let place = Some(Place { file: path.clone(), line });
            match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    DatasetError::new(place, format!("{len} cells where the header has {expected_len}"))
                        .help("put cells that hold a delimiter or a line break in double quotes")
                }
                csv::ErrorKind::Utf8 { .. } => DatasetError::new(place, "not UTF-8").help("save the file as UTF-8"),
                _ => DatasetError::new(place, error.to_string()),
            }
        }
    };
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| failed(error, Some(1)))?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    if header.len() > MOST_COLUMNS {
        let place = Some(Place { file: path, line: Some(1) });
        return Err(DatasetError::new(
            place,
            format!("the header has {} columns, 16,384 at most are read", header.len()),
        )
        .help("is the first line a header, and the ending right?"));
    }
    for (i, name) in header.iter().enumerate() {
        if header[..i].contains(name) {
            let place = Some(Place { file: path, line: Some(1) });
            return Err(DatasetError::new(place, format!("the column `{name}` stands twice in the header")));
        }
    }
    Ok(reader.into_records().map(move |record| {
        let record = record.map_err(|error| failed(error, None))?;
        let line = record.position().map(line_of);
        let cells = record.iter().map(|cell| match cell {
            "" => Value::Null,
            text => Value::String(text.to_owned()),
        });
        Ok((header.iter().cloned().zip(cells).collect(), Place { file: path.clone(), line }))
    }))
}

fn parquet_rows(path: &Path, file: File) -> Result<impl Iterator<Item = Item> + Send + use<>, DatasetError> {
    let path = path.to_owned();
    let failed = {
        let path = path.clone();
        move |error: parquet::errors::ParquetError, line: Option<u64>| {
            DatasetError::new(Some(Place { file: path.clone(), line }), error.to_string())
        }
    };
    let reader = SerializedFileReader::new(file).map_err(|error| failed(error, None).help("is it a Parquet file?"))?;
    // Row by row: how many a group holds is for whoever wrote the file to say.
    let mut rows = RowIter::from_file_into(Box::new(reader));
    let mut number = 0;
    Ok(std::iter::from_fn(move || {
        let row = rows.next()?;
        number += 1;
        let place = Place { file: path.clone(), line: Some(number) };
        Some(row.map_err(|error| failed(error, Some(number))).and_then(|row| match row.to_json_value() {
            Value::Object(row) => Ok((row, place)),
            _ => Err(DatasetError::new(Some(place), "the row has no columns")),
        }))
    }))
}

pub(crate) fn read_text(path: &Path, file: File) -> Result<String, DatasetError> {
    let place = || Some(Place { file: path.to_owned(), line: None });
    let mut bytes = Vec::new();
    let read = file.take(LARGEST_WHOLE + 1).read_to_end(&mut bytes);
    read.map_err(|error| DatasetError::new(place(), error.to_string()))?;
    if bytes.len() as u64 > LARGEST_WHOLE {
        return Err(DatasetError::new(place(), "the file is larger than 256 MiB, and this format is read whole")
            .help("convert it to JSONL, CSV or Parquet, which are streamed"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|b| **b == b'\n').count() as u64 + 1;
        DatasetError::new(Some(Place { file: path.to_owned(), line: Some(line) }), "not UTF-8")
            .help("save the file as UTF-8")
    })
}

/// A YAML text as a value, with the place of every node.
pub(crate) fn yaml(path: &Path, text: String) -> Result<(Value, assay_suite::Source), DatasetError> {
    assay_suite::Source::parse(path, text).map_err(|(problems, source)| {
        let problem = problems.into_iter().next().unwrap_or_else(|| Problem::new("", "broken YAML"));
        let line = Some(source.line_column(source.range(&problem.at).start).0 as u64);
        let error = DatasetError::new(Some(Place { file: path.to_owned(), line }), problem.message.clone());
        match problem.help {
            // An empty suite is advised to begin one; an empty dataset is not.
            Some(help) if !problem.message.ends_with("is empty") => error.help(help),
            _ => error,
        }
    })
}

/// The line of a pointer in a YAML text.
pub(crate) fn line_of(source: &assay_suite::Source, pointer: &str) -> Option<u64> {
    Some(source.line_column(source.range(pointer).start).0 as u64)
}

/// A JSON or YAML document: a list of rows, or an object that holds one.
fn whole(path: &Path, file: File, format: Format) -> Result<Vec<(Row, Place)>, DatasetError> {
    let place = |line| Some(Place { file: path.to_owned(), line });
    let text = read_text(path, file)?;
    let mut lines = None;
    let value = if format == Format::Json {
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            DatasetError::new(place(Some(error.line() as u64)), format!("broken JSON: {message}"))
        })?
    } else {
        let (value, source) = yaml(path, text)?;
        lines = Some(source);
        value
    };
    let (list, at) = match value {
        Value::Array(list) => (list, String::new()),
        Value::Object(mut fields) => {
            let key = ["cases", "data", "rows"].into_iter().find(|key| fields.get(*key).is_some_and(Value::is_array));
            match key.and_then(|key| Some((fields.remove(key)?, key))) {
                Some((Value::Array(list), key)) => (list, format!("/{key}")),
                _ => {
                    return Err(DatasetError::new(place(None), "a list of cases is expected")
                        .help("write a list, or an object with a list under `cases`"));
                }
            }
        }
        _ => return Err(DatasetError::new(place(None), "a list of cases is expected")),
    };
    list.into_iter()
        .enumerate()
        .map(|(i, row)| {
            let line = match &lines {
                Some(source) => line_of(source, &format!("{at}/{i}")),
                None => Some(i as u64 + 1),
            };
            match row {
                Value::Object(row) => Ok((row, Place { file: path.to_owned(), line })),
                _ => Err(DatasetError::new(place(line), "each case must be an object")),
            }
        })
        .collect()
}
