//! Tables: CSV, TSV, Parquet, Arrow, XLSX.
//!
//! A table has the columns `id`, one for each input, `expected`, `contexts`, `metadata`, `cluster`, `weight`, `critical`
//! and `outputs`; those that no case fills are left out. Inputs whose names mean something else to the reader (`target`,
//! `label`, …) stand together as JSON under `inputs`. Lists and objects stand as JSON text. In Parquet and Arrow a column
//! of only whole numbers, numbers or booleans has that type, any other is text.

use std::io::{BufRead, BufReader, BufWriter, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use rust_xlsxwriter::Workbook;
use serde_json::{Map, Value};

use super::{Cases, failed, lines, place, whole};
use crate::losses::Losses;
use crate::{DatasetError, Format, fields};

/// Rows of one batch or row group.
const BATCH: usize = 8192;
/// What Excel holds at most (its "specifications and limits").
const MOST_XLSX_ROWS: u64 = 1_048_576;
const LONGEST_XLSX_CELL: usize = 32_767;

/// What kind of values a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing seen yet.
    Empty,
    Whole,
    Number,
    Flag,
    /// Texts, or a mixture.
    Text,
}

impl Kind {
    fn with(self, value: &Value) -> Self {
        let other = match value {
            Value::Null => return self,
            Value::Bool(_) => Self::Flag,
            Value::Number(number) if number.is_i64() => Self::Whole,
            Value::Number(number) if number.is_f64() => Self::Number,
            _ => Self::Text,
        };
        match (self, other) {
            (Self::Empty, other) => other,
            (known, other) if known == other => known,
            _ => Self::Text,
        }
    }
}

struct Column {
    name: String,
    kind: Kind,
    /// Whether values that were no text were written as JSON text.
    packed: u64,
}

/// Cases on disk, with what their columns are.
struct Spool {
    file: std::fs::File,
    columns: Vec<Column>,
    rows: u64,
    /// Inputs stand under `inputs`, as JSON.
    together: bool,
}

/// Columns of a row that are always text, whatever stands in them.
fn is_json_column(name: &str) -> bool {
    ["inputs", "contexts", "metadata", "outputs"].contains(&name)
}

/// Names that the reader takes for something else than an input.
fn is_taken(name: &str) -> bool {
    let lists = [
        fields::IDS,
        fields::EXPECTED,
        fields::CONTEXTS,
        fields::METADATA,
        fields::CLUSTERS,
        fields::WEIGHTS,
        fields::CRITICAL,
        fields::OUTPUTS,
        &["inputs", "outputs"],
    ];
    lists.iter().any(|list| list.contains(&name))
}

/// A name that a table's header keeps as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.starts_with('\u{feff}') && !starts_formula(name)
}

fn spool(cases: &mut Cases<'_>, out: &Path) -> Result<Spool, DatasetError> {
    let io = |error: std::io::Error| failed(out, &error);
    let mut writer = BufWriter::new(tempfile::tempfile().map_err(io)?);
    let mut rows = 0;
    let mut together = false;
    for case in cases {
        let case = case?;
        together |= case.inputs.keys().any(|name| is_taken(name) || !is_plain(name));
        serde_json::to_writer(&mut writer, &lines::row(&case)).map_err(|error| failed(out, &error))?;
        writer.write_all(b"\n").map_err(io)?;
        rows += 1;
    }
    let file = writer.into_inner().map_err(|error| failed(out, &error))?;
    let mut spool = Spool { file, columns: Vec::new(), rows, together };
    // The kinds of all columns, in the order in which a table shows them.
    let order = ["id", "", "expected", "contexts", "metadata", "cluster", "weight", "critical", "outputs"];
    let mut found: Vec<(usize, Column)> = Vec::new();
    spool.each(out, |row| {
        for (name, value) in row {
            let rank = order.iter().position(|known| *known == name).filter(|_| is_taken(&name)).unwrap_or(1);
            let at = found.iter().position(|(_, column)| column.name == name);
            let column = match at {
                Some(at) => &mut found[at].1,
                None => {
                    found.push((rank, Column { name, kind: Kind::Empty, packed: 0 }));
                    let last = found.len() - 1;
                    &mut found[last].1
                }
            };
            column.kind = if is_json_column(&column.name) { Kind::Text } else { column.kind.with(&value) };
        }
        Ok(())
    })?;
    found.sort_by_key(|(rank, _)| *rank);
    spool.columns = found.into_iter().map(|(_, column)| column).collect();
    Ok(spool)
}

impl Spool {
    /// The rows, flat.
    fn each(
        &mut self,
        out: &Path,
        mut visit: impl FnMut(Map<String, Value>) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        self.file.rewind().map_err(|error| failed(out, &error))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).map_err(|error| failed(out, &error))? == 0 {
                return Ok(());
            }
            let mut row: Map<String, Value> = serde_json::from_str(&line).map_err(|error| failed(out, &error))?;
            if !self.together
                && let Some(Value::Object(inputs)) = row.shift_remove("inputs")
            {
                row.extend(inputs);
            }
            visit(row)?;
        }
    }

    /// The rows as cells in the order of the columns: texts, numbers, booleans, null.
    fn cells(
        &mut self,
        out: &Path,
        mut visit: impl FnMut(Vec<Value>) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        let mut columns = std::mem::take(&mut self.columns);
        let result = self.each(out, |mut row| {
            let cell = |column: &mut Column| match (row.remove(&column.name).unwrap_or_default(), column.kind) {
                (Value::Null, _) => Value::Null,
                (value, Kind::Whole | Kind::Number | Kind::Flag) => value,
                (Value::String(text), _) => Value::String(text),
                (value, _) => {
                    column.packed += u64::from(!is_json_column(&column.name));
                    Value::String(value.to_string())
                }
            };
            visit(columns.iter_mut().map(cell).collect())
        });
        self.columns = columns;
        result
    }

    fn report(&self, losses: &mut Losses) {
        for column in &self.columns {
            losses.add("a value that stands as JSON text", &column.name, column.packed);
        }
    }
}

pub(crate) fn write(
    format: Format,
    cases: &mut Cases<'_>,
    out: &Path,
    overwrite: bool,
    losses: &mut Losses,
) -> Result<u64, DatasetError> {
    let mut spool = spool(cases, out)?;
    whole(out, overwrite, |writer| {
        match format {
            Format::Tsv => csv(&mut spool, out, writer, b'\t', losses)?,
            Format::Parquet => parquet(&mut spool, out, writer)?,
            Format::Arrow => arrow(&mut spool, out, writer)?,
            Format::Xlsx => xlsx(&mut spool, out, writer)?,
            _ => csv(&mut spool, out, writer, b',', losses)?,
        }
        spool.report(losses);
        Ok(spool.rows)
    })
}

/// Whether a spreadsheet would run the text as a formula (OWASP, "CSV Injection").
pub fn starts_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        && text.parse::<f64>().is_err()
}

fn csv(
    spool: &mut Spool,
    out: &Path,
    writer: &mut (dyn Write + Send),
    delimiter: u8,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let mut csv = ::csv::WriterBuilder::new().delimiter(delimiter).from_writer(writer);
    csv.write_record(spool.columns.iter().map(|column| &column.name)).map_err(|error| failed(out, &error))?;
    let mut guarded = 0;
    let mut blank = 0;
    spool.cells(out, |cells| {
        let texts = cells.into_iter().map(|cell| match cell {
            Value::Null => String::new(),
            Value::String(text) if starts_formula(&text) => {
                guarded += 1;
                format!("'{text}")
            }
            Value::String(text) => {
                blank += u64::from(text.is_empty());
                text
            }
            other => other.to_string(),
        });
        csv.write_record(texts.collect::<Vec<_>>()).map_err(|error| failed(out, &error))
    })?;
    csv.flush().map_err(|error| failed(out, &error))?;
    losses.add("a text that a spreadsheet would run: it begins with ' now", "cells", guarded);
    losses.add("an empty text, which reads back as nothing", "cells", blank);
    // A table of text has no types: numbers and booleans read back as texts.
    for column in &spool.columns {
        let typed = matches!(column.kind, Kind::Whole | Kind::Number | Kind::Flag);
        if typed && !["weight", "critical", "id"].contains(&column.name.as_str()) {
            losses.add("a column whose values read back as texts", &column.name, 1);
        }
    }
    Ok(())
}

fn schema(spool: &Spool) -> Arc<Schema> {
    let field = |column: &Column| {
        let kind = match column.kind {
            Kind::Whole => DataType::Int64,
            Kind::Number => DataType::Float64,
            Kind::Flag => DataType::Boolean,
            Kind::Empty | Kind::Text => DataType::Utf8,
        };
        Field::new(&column.name, kind, true)
    };
    Arc::new(Schema::new(spool.columns.iter().map(field).collect::<Vec<_>>()))
}

fn batch(schema: &Arc<Schema>, rows: &[Vec<Value>], out: &Path) -> Result<RecordBatch, DatasetError> {
    let column = |i: usize| -> ArrayRef {
        let cells = rows.iter().map(|row| &row[i]);
        match schema.field(i).data_type() {
            DataType::Int64 => {
                let mut builder = Int64Builder::new();
                cells.for_each(|cell| builder.append_option(cell.as_i64()));
                Arc::new(builder.finish())
            }
            DataType::Float64 => {
                let mut builder = Float64Builder::new();
                cells.for_each(|cell| builder.append_option(cell.as_f64()));
                Arc::new(builder.finish())
            }
            DataType::Boolean => {
                let mut builder = BooleanBuilder::new();
                cells.for_each(|cell| builder.append_option(cell.as_bool()));
                Arc::new(builder.finish())
            }
            _ => {
                let mut builder = StringBuilder::new();
                cells.for_each(|cell| builder.append_option(cell.as_str()));
                Arc::new(builder.finish())
            }
        }
    };
    let columns = (0..schema.fields().len()).map(column).collect();
    RecordBatch::try_new(schema.clone(), columns).map_err(|error| failed(out, &error))
}

/// Hands over the rows in batches.
fn batches(
    spool: &mut Spool,
    schema: &Arc<Schema>,
    out: &Path,
    mut write: impl FnMut(&RecordBatch) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let mut rows = Vec::new();
    spool.cells(out, |cells| {
        rows.push(cells);
        if rows.len() == BATCH {
            write(&batch(schema, &rows, out)?)?;
            rows.clear();
        }
        Ok(())
    })?;
    if rows.is_empty() { Ok(()) } else { write(&batch(schema, &rows, out)?) }
}

fn parquet(spool: &mut Spool, out: &Path, writer: &mut (dyn Write + Send)) -> Result<(), DatasetError> {
    use ::parquet::arrow::ArrowWriter;
    use ::parquet::basic::{Compression, ZstdLevel};
    use ::parquet::file::properties::WriterProperties;
    let schema = schema(spool);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(BATCH * 8))
        .build();
    let mut parquet =
        ArrowWriter::try_new(writer, schema.clone(), Some(properties)).map_err(|error| failed(out, &error))?;
    batches(spool, &schema, out, |batch| parquet.write(batch).map_err(|error| failed(out, &error)))?;
    parquet.close().map(drop).map_err(|error| failed(out, &error))
}

fn arrow(spool: &mut Spool, out: &Path, writer: &mut (dyn Write + Send)) -> Result<(), DatasetError> {
    let schema = schema(spool);
    let mut arrow = arrow_ipc::writer::FileWriter::try_new(writer, &schema).map_err(|error| failed(out, &error))?;
    batches(spool, &schema, out, |batch| arrow.write(batch).map_err(|error| failed(out, &error)))?;
    arrow.finish().map_err(|error| failed(out, &error))
}

fn xlsx(spool: &mut Spool, out: &Path, writer: &mut (dyn Write + Send)) -> Result<(), DatasetError> {
    if spool.rows >= MOST_XLSX_ROWS {
        return Err(DatasetError::new(
            place(out),
            format!("a sheet holds {MOST_XLSX_ROWS} rows, the dataset has more"),
        )
        .help("write csv or parquet"));
    }
    let error_of = |error: rust_xlsxwriter::XlsxError| failed(out, &error);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(error_of)?;
    for (at, column) in spool.columns.iter().enumerate() {
        let at = u16::try_from(at).map_err(|_| DatasetError::new(place(out), "more columns than a sheet holds"))?;
        sheet.write_string(0, at, &column.name).map_err(error_of)?;
    }
    let mut row = 0;
    spool.cells(out, |cells| {
        row += 1;
        for (column, cell) in (0u16..).zip(cells) {
            match cell {
                Value::Null => {}
                Value::Bool(flag) => drop(sheet.write_boolean(row, column, flag).map_err(error_of)?),
                // Excel's numbers are doubles: larger whole numbers stay exact as texts only.
                Value::Number(number) if number.as_i64().is_none_or(|n| n.unsigned_abs() < 1 << 53) => {
                    sheet.write_number(row, column, number.as_f64().unwrap_or_default()).map_err(error_of)?;
                }
                other => {
                    let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
                    if text.encode_utf16().count() > LONGEST_XLSX_CELL {
                        return Err(DatasetError::new(
                            place(out),
                            format!(
                                "row {} has a text of more than {LONGEST_XLSX_CELL} characters, the most a cell holds",
                                row + 1
                            ),
                        )
                        .help("write jsonl, csv or parquet"));
                    }
                    // Always as a text: never a formula, never a link.
                    sheet.write_string(row, column, text).map_err(error_of)?;
                }
            }
        }
        Ok(())
    })?;
    let buffer = workbook.save_to_buffer().map_err(error_of)?;
    writer.write_all(&buffer).map_err(|error| failed(out, &error))
}
