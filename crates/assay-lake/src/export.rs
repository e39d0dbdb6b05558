//! Query results as JSON lines, CSV, Parquet and Arrow, streamed batch by batch.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

pub use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::errors::ParquetError;
use serde_json::{Map, Value};

use crate::{LakeError, Rows};

/// The rows of a batch as JSON objects; nulls are left out.
///
/// # Errors
/// A column that has no JSON form.
pub fn json_rows(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>, LakeError> {
    let mut bytes = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut bytes);
    writer.write(batch)?;
    writer.finish()?;
    serde_json::Deserializer::from_slice(&bytes)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| LakeError::Arrow(ArrowError::JsonError(error.to_string())))
}

/// The cells of a batch as JSON, row by row in the order of the columns, whatever their names.
///
/// # Errors
/// A column that has no JSON form.
pub fn json_cells(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, LakeError> {
    // Rows as objects would lose columns of the same name.
    let fields = batch.schema();
    let fields = fields.fields().iter().enumerate();
    let fields: Vec<_> = fields.map(|(at, field)| field.as_ref().clone().with_name(at.to_string())).collect();
    let named = RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec())?;
    let names: Vec<String> = (0..batch.num_columns()).map(|at| at.to_string()).collect();
    let cells = |mut row: Map<String, Value>| names.iter().map(|name| row.remove(name).unwrap_or_default()).collect();
    match names.is_empty() {
        true => Ok(vec![Vec::new(); batch.num_rows()]),
        false => Ok(json_rows(&named)?.into_iter().map(cells).collect()),
    }
}

/// The cells of a batch as text, row by row; nulls are empty.
///
/// # Errors
/// A column that cannot be displayed.
pub fn text_rows(batch: &RecordBatch) -> Result<Vec<Vec<String>>, LakeError> {
    let options = FormatOptions::default();
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((0..batch.num_rows())
        .map(|row| formatters.iter().map(|formatter| formatter.value(row).to_string()).collect())
        .collect())
}

/// The form of a file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON object on each line; nulls are left out.
    JsonLines,
    /// Comma-separated. A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    Csv,
    /// Parquet.
    Parquet,
    /// A stream of Arrow record batches (IPC), which needs no decoding.
    Arrow,
}

/// Writes rows batch by batch.
pub struct Encoder<W: Write + Send>(Inner<W>);

enum Inner<W: Write + Send> {
    JsonLines(LineDelimitedWriter<W>),
    Csv(Box<csv::Writer<W>>),
    Parquet(Box<ArrowWriter<W>>),
    Arrow(Box<StreamWriter<W>>),
}

/// What a group of rows of a Parquet file may take in memory before it is written, in bytes.
const ROW_GROUP: usize = 64 << 20;

fn csv_failed(error: csv::Error) -> LakeError {
    LakeError::Arrow(ArrowError::CsvError(error.to_string()))
}

fn parquet_failed(error: ParquetError) -> LakeError {
    LakeError::Arrow(error.into())
}

impl<W: Write + Send> Encoder<W> {
    /// Begins a file of such columns.
    ///
    /// # Errors
    /// JSON of two columns of one name; writing failed.
    pub fn new(form: Form, columns: SchemaRef, out: W) -> Result<Self, LakeError> {
        Ok(Self(match form {
            Form::JsonLines => {
                let mut names = HashSet::new();
                if let Some(twice) = columns.fields().iter().find(|field| !names.insert(field.name())) {
                    let why = format!("two columns are called `{}`: name them apart with AS", twice.name());
                    return Err(DataFusionError::Plan(why).into());
                }
                Inner::JsonLines(LineDelimitedWriter::new(out))
            }
            Form::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(columns.fields().iter().map(|field| field.name())).map_err(csv_failed)?;
                Inner::Csv(Box::new(writer))
            }
            Form::Parquet => {
                Inner::Parquet(Box::new(ArrowWriter::try_new(out, columns, None).map_err(parquet_failed)?))
            }
            Form::Arrow => Inner::Arrow(Box::new(StreamWriter::try_new(out, &columns)?)),
        }))
    }

    /// Writes more rows.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        match &mut self.0 {
            Inner::JsonLines(writer) => writer.write(batch)?,
            Inner::Csv(writer) => {
                for row in text_rows(batch)? {
                    writer.write_record(row.iter().map(|cell| guarded(cell).into_owned())).map_err(csv_failed)?;
                }
            }
            Inner::Parquet(writer) => {
                writer.write(batch).map_err(parquet_failed)?;
                if writer.in_progress_size() > ROW_GROUP {
                    writer.flush().map_err(parquet_failed)?;
                }
            }
            Inner::Arrow(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(self) -> Result<(), LakeError> {
        match self.0 {
            Inner::JsonLines(mut writer) => writer.finish()?,
            Inner::Csv(mut writer) => writer.flush().map_err(|error| csv_failed(error.into()))?,
            Inner::Parquet(writer) => drop(writer.close().map_err(parquet_failed)?),
            Inner::Arrow(mut writer) => writer.finish()?,
        }
        Ok(())
    }
}

/// Writes all rows; gives their number.
///
/// # Errors
/// Reading or writing failed; as [`Encoder::new`].
pub async fn write(mut rows: Rows, form: Form, out: impl Write + Send) -> Result<usize, LakeError> {
    let mut encoder = Encoder::new(form, rows.schema(), out)?;
    let mut count = 0;
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows();
        encoder.write(&batch)?;
    }
    encoder.finish()?;
    Ok(count)
}

/// A table of texts and whole numbers from its columns, for what lives outside the lake (such as `runs`).
///
/// # Errors
/// Columns of different lengths.
pub fn batch_of(columns: Vec<(&str, Column)>) -> Result<RecordBatch, LakeError> {
    let columns = columns.into_iter().map(|(name, column)| {
        let array: ArrayRef = match column {
            Column::Texts(texts) => Arc::new(StringArray::from(texts)),
            Column::Numbers(numbers) => Arc::new(Int64Array::from(numbers)),
        };
        (name, array)
    });
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// A column of [`batch_of`].
pub enum Column {
    /// Texts.
    Texts(Vec<String>),
    /// Whole numbers.
    Numbers(Vec<i64>),
}

/// A cell that cannot be a formula (OWASP, CSV injection); numbers stay numbers.
fn guarded(cell: &str) -> std::borrow::Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}

/// The rows of a Parquet file that is at hand as a whole.
///
/// # Errors
/// It is none.
pub fn batches_of_parquet(bytes: bytes::Bytes) -> Result<Vec<RecordBatch>, LakeError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(ParquetRecordBatchReaderBuilder::build);
    let reader = reader.map_err(|error| LakeError::Arrow(error.into()))?;
    reader.collect::<Result<_, _>>().map_err(LakeError::Arrow)
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn formulas_are_texts_and_numbers_stay_numbers() {
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded("-3.5"), "-3.5");
        assert_eq!(guarded("plain"), "plain");
    }
}
