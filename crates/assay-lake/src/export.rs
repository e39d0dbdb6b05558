//! Query results as JSON lines, CSV and Parquet, streamed batch by batch.

use std::io::Write;

pub use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
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
        .map_err(|error| LakeError::Arrow(datafusion::arrow::error::ArrowError::JsonError(error.to_string())))
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

/// Writes rows as JSON lines; gives their number.
///
/// # Errors
/// Reading or writing failed.
pub async fn write_json_lines(mut rows: Rows, out: &mut impl Write) -> Result<usize, LakeError> {
    let mut count = 0;
    let mut writer = LineDelimitedWriter::new(out);
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows();
        writer.write(&batch)?;
    }
    writer.finish()?;
    Ok(count)
}

/// Writes rows as Parquet; gives their number.
///
/// # Errors
/// Reading or writing failed.
pub async fn write_parquet(mut rows: Rows, out: impl Write + Send) -> Result<usize, LakeError> {
    let mut count = 0;
    let failed = |error| LakeError::Arrow(datafusion::arrow::error::ArrowError::from(error));
    let mut writer = ArrowWriter::try_new(out, rows.schema(), None).map_err(failed)?;
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows();
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(count)
}

/// A batch from JSON objects, for small tables that live outside the lake (such as `runs`).
///
/// # Errors
/// Rows whose types do not agree.
pub fn batch_of_json(rows: &[Value]) -> Result<RecordBatch, LakeError> {
    use datafusion::arrow::json::ReaderBuilder;
    use datafusion::arrow::json::reader::infer_json_schema_from_iterator;
    let schema = infer_json_schema_from_iterator(rows.iter().map(Ok))?;
    let mut decoder = ReaderBuilder::new(std::sync::Arc::new(schema.clone())).build_decoder()?;
    decoder.serialize(rows)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(std::sync::Arc::new(schema))))
}

/// Writes rows as CSV; gives their number. A cell that a spreadsheet would take for a formula gets an apostrophe in
/// front.
///
/// # Errors
/// Reading or writing failed.
pub async fn write_csv(mut rows: Rows, out: &mut impl Write) -> Result<usize, LakeError> {
    let failed =
        |error: csv::Error| LakeError::Arrow(datafusion::arrow::error::ArrowError::CsvError(error.to_string()));
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(rows.schema().fields().iter().map(|field| field.name())).map_err(failed)?;
    let mut count = 0;
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows();
        for row in text_rows(&batch)? {
            writer.write_record(row.iter().map(|cell| guarded(cell).into_owned())).map_err(failed)?;
        }
    }
    writer.flush().map_err(|error| failed(error.into()))?;
    Ok(count)
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
