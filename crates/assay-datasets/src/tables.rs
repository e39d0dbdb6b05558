//! Tables that are not text: Arrow IPC and XLSX.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::root_as_message;
use calamine::{Data, DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};
use serde_json::{Number, Value};

use crate::rows::{LARGEST_WHOLE, MOST_COLUMNS, Row};
use crate::{DatasetError, Place};

type Item = Result<(Row, Place), DatasetError>;
/// What the file format begins with; the stream format has no mark.
const ARROW_FILE: &[u8] = b"ARROW1";
/// The most bytes of one batch, unpacked.
const LARGEST_BATCH: u64 = 1 << 30;
/// What stands before each message (the columnar format's "encapsulated message format").
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Rows of an Arrow IPC file (Feather 2) or stream, batch by batch. The file format holds the stream format between its
/// marks, so that both are read alike; a message is looked at before it is decoded, as its lengths may be lies.
pub(crate) fn arrow_rows(path: &Path, file: File) -> Result<impl Iterator<Item = Item> + Send + use<>, DatasetError> {
    let failed = |error: &dyn std::fmt::Display| arrow_failed(path, &error.to_string());
    let length = file.metadata().map_err(|error| failed(&error))?.len();
    let mut messages = Messages {
        reader: BufReader::new(file),
        left: length,
        decoder: StreamDecoder::new(),
        ended: false,
        ahead: None,
    };
    messages.begin().map_err(|message| failed(&message))?;
    let path = path.to_owned();
    let mut number = 0;
    Ok(messages.flat_map(move |batch| match batch.and_then(|batch| json_rows(&batch)) {
        Ok(rows) => rows
            .into_iter()
            .map(|row| {
                number += 1;
                Ok((row, Place { file: path.clone(), line: Some(number) }))
            })
            .collect::<Vec<Item>>(),
        Err(message) => vec![Err(arrow_failed(&path, &message))],
    }))
}

fn arrow_failed(path: &Path, message: &str) -> DatasetError {
    DatasetError::new(Some(Place { file: path.to_owned(), line: None }), message)
        .help("is it a complete Arrow IPC file or stream?")
}

/// The batches of an Arrow stream; after an error there are no more.
struct Messages {
    reader: BufReader<File>,
    left: u64,
    decoder: StreamDecoder,
    ended: bool,
    /// Four bytes that were read to see where the stream begins.
    ahead: Option<[u8; 4]>,
}

impl Messages {
    /// Finds where the stream begins.
    fn begin(&mut self) -> Result<(), String> {
        let start = self.four()?;
        if start != ARROW_FILE[..4] {
            self.ahead = Some(start);
            return Ok(());
        }
        // The mark is `ARROW1` and padding: to 8 bytes, or to 64, as the writer likes.
        for _ in 0..16 {
            let word = self.four()?;
            if word != [0; 4] && word != *b"W1\0\0" {
                self.ahead = Some(word);
                return Ok(());
            }
        }
        Err("the mark of an Arrow file is followed by nothing".to_owned())
    }

    fn four(&mut self) -> Result<[u8; 4], String> {
        if let Some(word) = self.ahead.take() {
            return Ok(word);
        }
        let mut word = [0; 4];
        self.reader.read_exact(&mut word).map_err(|_| "the file ends too early".to_owned())?;
        self.left = self.left.saturating_sub(4);
        Ok(word)
    }

    fn bytes(&mut self, length: u64, into: &mut Vec<u8>) -> Result<(), String> {
        if length > self.left {
            return Err("a message is longer than the file".to_owned());
        }
        self.left -= length;
        let read = (&mut self.reader).take(length).read_to_end(into).map_err(|error| error.to_string())?;
        if read as u64 == length { Ok(()) } else { Err("the file ends too early".to_owned()) }
    }

    /// The next message, whole; `None` at the end of the stream.
    fn message(&mut self) -> Result<Option<Vec<u8>>, String> {
        if self.left == 0 && self.ahead.is_none() {
            return Ok(None);
        }
        let mut word = self.four()?;
        if word == CONTINUATION {
            word = self.four()?;
        }
        let length = u32::from_le_bytes(word);
        if length == 0 {
            return Ok(None);
        }
        let mut message = CONTINUATION.to_vec();
        message.extend(word);
        self.bytes(u64::from(length), &mut message)?;
        let body = {
            let head = root_as_message(&message[8..]).map_err(|error| error.to_string())?;
            let body = u64::try_from(head.bodyLength()).map_err(|_| "a message of negative length")?;
            let batch = head.header_as_record_batch().or_else(|| head.header_as_dictionary_batch()?.data());
            (
                body,
                batch
                    .filter(|batch| batch.compression().is_some())
                    .and_then(|batch| batch.buffers())
                    .map(|buffers| buffers.iter().map(|buffer| (buffer.offset(), buffer.length())).collect::<Vec<_>>()),
            )
        };
        let (body, packed) = body;
        let start = message.len();
        self.bytes(body, &mut message)?;
        // A packed buffer begins with the length it unpacks to, or -1 when it is not packed.
        let mut unpacked = body;
        for (offset, length) in packed.into_iter().flatten() {
            let first =
                usize::try_from(offset).ok().and_then(|offset| message[start..].get(offset..offset.checked_add(8)?));
            let size = first.and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes);
            if length > 0 {
                let size = size.ok_or("a buffer outside of its message")?;
                unpacked = unpacked.saturating_add(u64::try_from(size.max(0)).unwrap_or(u64::MAX));
            }
        }
        if unpacked > LARGEST_BATCH {
            return Err("a batch unpacks to more than 1 GiB".to_owned());
        }
        Ok(Some(message))
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, String> {
        while let Some(message) = self.message()? {
            let mut buffer = Buffer::from_vec(message);
            // Arrow's own checks of lengths inside a message are assertions.
            let decoded =
                caught(|| self.decoder.decode(&mut buffer)).map_err(|panic| format!("broken Arrow data: {panic}"))?;
            if let Some(batch) = decoded.map_err(|error| error.to_string())? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}

impl Iterator for Messages {
    type Item = Result<RecordBatch, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.batch().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Runs a reader that asserts what a file says about itself; its panic becomes an error.
fn caught<T>(read: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("the data contradicts itself").to_owned()
    })
}

/// Ends an iterator with an error where it would panic.
pub(crate) fn guarded<I: Iterator<Item = Item>>(path: &Path, mut items: I) -> impl Iterator<Item = Item> + use<I> {
    let path = path.to_owned();
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        caught(|| items.next()).unwrap_or_else(|panic| {
            ended = true;
            let place = Some(Place { file: path.clone(), line: None });
            Some(Err(DatasetError::new(place, format!("broken data: {panic}")).help("is the file complete?")))
        })
    })
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

/// The most cells of a sheet, those without a value among them: each row has every column in memory.
const MOST_CELLS: usize = 10_000_000;

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
            if header.len() > MOST_COLUMNS {
                return Err(DatasetError::new(place(Some(u64::from(row) + 1)), "more columns than a sheet has"));
            }
            continue;
        }
        let Some((_, name)) = header.iter().find(|(known, _)| *known == column) else {
            return Err(DatasetError::new(place(Some(u64::from(row) + 1)), "a cell without a header above it")
                .help("the first row names the columns"));
        };
        if current != Some(row) {
            current = Some(row);
            if (rows.len() + 1).saturating_mul(header.len()) > MOST_CELLS {
                let message = "the sheet has more than 10,000,000 cells, empty ones among them";
                return Err(DatasetError::new(place(Some(u64::from(row) + 1)), message)
                    .help("save the sheet as CSV, which is streamed"));
            }
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
