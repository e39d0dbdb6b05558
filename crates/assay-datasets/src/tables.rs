//! Tables that are not text: Arrow IPC and XLSX.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use calamine::{Data, DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};
use serde_json::{Number, Value};

use crate::rows::{LARGEST_WHOLE, Row};
use crate::{DatasetError, Place};

type Item = Result<(Row, Place), DatasetError>;
/// Batches of either form of Arrow IPC.
type Batches = Box<dyn Iterator<Item = Result<RecordBatch, arrow_schema::ArrowError>> + Send>;

/// What the file format begins with; the stream format has no mark.
const ARROW_FILE: &[u8] = b"ARROW1";

/// Rows of an Arrow IPC file (Feather 2) or stream, batch by batch.
pub(crate) fn arrow_rows(
    path: &Path,
    mut file: File,
) -> Result<impl Iterator<Item = Item> + Send + use<>, DatasetError> {
    let path = path.to_owned();
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        DatasetError::new(Some(Place { file: path.to_owned(), line: None }), error.to_string())
            .help("is it a complete Arrow IPC file or stream?")
    };
    let mut start = [0; 6];
    let marked = file.read_exact(&mut start).is_ok() && start == ARROW_FILE;
    file.rewind().map_err(|error| failed(&path, &error))?;
    let batches: Batches = if marked {
        Box::new(FileReader::try_new(BufReader::new(file), None).map_err(|error| failed(&path, &error))?)
    } else {
        Box::new(StreamReader::try_new(BufReader::new(file), None).map_err(|error| failed(&path, &error))?)
    };
    let mut number = 0;
    let mut broken = false;
    Ok(batches.flat_map(move |batch| {
        // After a broken batch nothing that follows can be trusted.
        let rows =
            if broken { Ok(Vec::new()) } else { batch.map_err(|error| error.to_string()).and_then(|b| json_rows(&b)) };
        match rows {
            Ok(rows) => rows
                .into_iter()
                .map(|row| {
                    number += 1;
                    Ok((row, Place { file: path.clone(), line: Some(number) }))
                })
                .collect::<Vec<Item>>(),
            Err(message) => {
                broken = true;
                vec![Err(failed(&path, &message))]
            }
        }
    }))
}

/// A batch as JSON objects that have every column.
fn json_rows(batch: &RecordBatch) -> Result<Vec<Row>, String> {
    let mut text = Vec::new();
    let builder = arrow_json::WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, arrow_json::writer::LineDelimited>(&mut text);
    writer.write(batch).and_then(|()| writer.finish()).map_err(|error| error.to_string())?;
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).map_err(|error| error.to_string())).collect()
}

/// The most bytes that the parts of a workbook may expand to.
const LARGEST_WORKBOOK: u64 = LARGEST_WHOLE;

/// Rows of the first sheet, below a header. Cells are texts, numbers, booleans and dates (ISO 8601).
pub(crate) fn xlsx_rows(path: &Path, file: File) -> Result<Vec<(Row, Place)>, DatasetError> {
    let place = |line| Some(Place { file: path.to_owned(), line });
    let failed = |error: XlsxError| DatasetError::new(place(None), error.to_string()).help("is it an .xlsx workbook?");
    bounded(path, &file)?;
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(failed)?;
    let Some(sheet) = workbook.sheet_names().first().cloned() else {
        return Err(DatasetError::new(place(None), "the workbook has no sheet"));
    };
    // Cell by cell: a range would be as large as the farthest cell says, whatever it holds.
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(failed)?;
    let mut header: Vec<(u32, String)> = Vec::new();
    let mut header_row = None;
    let mut rows: Vec<(Row, Place)> = Vec::new();
    let mut current = None;
    while let Some(cell) = cells.next_cell().map_err(failed)? {
        let (row, column) = cell.get_position();
        let value = json_cell(cell.get_value())
            .map_err(|message| DatasetError::new(place(Some(u64::from(row) + 1)), message))?;
        if value.is_null() {
            continue;
        }
        if *header_row.get_or_insert(row) == row {
            let name = match value {
                Value::String(name) => name.trim().to_owned(),
                other => other.to_string(),
            };
            if header.iter().any(|(_, known)| *known == name) {
                let message = format!("the column `{name}` stands twice in the header");
                return Err(DatasetError::new(place(Some(u64::from(row) + 1)), message));
            }
            header.push((column, name));
            continue;
        }
        let Some((_, name)) = header.iter().find(|(known, _)| *known == column) else {
            return Err(DatasetError::new(place(Some(u64::from(row) + 1)), "a cell without a header above it")
                .help("the first row names the columns"));
        };
        if current != Some(row) {
            current = Some(row);
            // Every row has every column, as a row of a CSV has.
            let empty: Row = header.iter().map(|(_, name)| (name.clone(), Value::Null)).collect();
            rows.push((empty, Place { file: path.to_owned(), line: Some(u64::from(row) + 1) }));
        }
        if let Some((fields, _)) = rows.last_mut() {
            fields.insert(name.clone(), value);
        }
    }
    Ok(rows)
}

/// Counts what a workbook expands to before anything of it is kept.
fn bounded(path: &Path, file: &File) -> Result<(), DatasetError> {
    let place = || Some(Place { file: PathBuf::from(path), line: None });
    let failed = |error: &dyn std::fmt::Display| {
        DatasetError::new(place(), format!("not a readable workbook: {error}")).help("is it an .xlsx workbook?")
    };
    let copy = file.try_clone().map_err(|error| failed(&error))?;
    let mut zip = zip::ZipArchive::new(BufReader::new(copy)).map_err(|error| failed(&error))?;
    let mut left = LARGEST_WORKBOOK;
    for i in 0..zip.len() {
        let part = zip.by_index(i).map_err(|error| failed(&error))?;
        let read = io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|error| failed(&error))?;
        left = left.checked_sub(read).ok_or_else(|| {
            DatasetError::new(place(), "the workbook expands to more than 256 MiB")
                .help("save the sheet as CSV, which is streamed")
        })?;
    }
    let mut file = file;
    file.rewind().map_err(|error| failed(&error))
}

fn json_cell(cell: &DataRef<'_>) -> Result<Value, String> {
    Ok(match cell {
        DataRef::Empty => Value::Null,
        DataRef::Int(number) => Value::from(*number),
        DataRef::Float(number) => json_number(*number),
        DataRef::String(text) => Value::from(text.as_str()),
        DataRef::SharedString(text) => Value::from(*text),
        DataRef::Bool(flag) => Value::Bool(*flag),
        DataRef::DateTime(time) => iso(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Value::from(text.as_str()),
        DataRef::Error(error) => return Err(format!("the cell shows the error {}", Data::Error(error.clone()))),
    })
}

/// Excel has no whole numbers: those that are whole are read as such.
fn json_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Value::from(number as i64)
    } else {
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}

fn iso(time: &ExcelDateTime) -> Value {
    if !time.is_datetime() || !(0.0..2_958_466.0).contains(&time.as_f64()) {
        return json_number(time.as_f64());
    }
    let (year, month, day, hour, minute, second, millisecond) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    Value::String(match (hour, minute, second, millisecond) {
        (0, 0, 0, 0) => date,
        (_, _, _, 0) => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}"),
    })
}
