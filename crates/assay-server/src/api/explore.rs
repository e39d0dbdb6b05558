//! SQL over the lake, and tables to take away.

use std::time::Instant;

use assay_lake::export::{self, Form};
use assay_lake::{Rows, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::trials::open_run;
use crate::Problem;
use crate::access::Access;
use crate::body::{Answer, Data, Raw};
use crate::endpoint::{Call, Endpoint, ask, get};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/tables", Access::Read, "tables", "The tables that can be asked", tables),
        ask(
            "/api/v1/query",
            Access::Read,
            "query",
            "Ask the tables in SQL; with `format` the answer is a stream",
            query,
        )
        .answering::<Data<Answered>>()
        .files(FILES),
        get("/api/v1/runs/{run}/export", Access::Read, "exportRun", "A run's trials or scores as a file", export_run)
            .files(FILES),
    ]
}

/// As what tables are taken away.
const FILES: &[&str] =
    &["application/x-ndjson", "text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"];

/// How a table is taken away.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A JSON object on each line.
    Jsonl,
    /// Comma-separated, guarded against formulas.
    Csv,
    /// Parquet.
    Parquet,
    /// A stream of Arrow record batches (IPC).
    Arrow,
}

impl Format {
    const fn form(self) -> Form {
        match self {
            Self::Jsonl => Form::JsonLines,
            Self::Csv => Form::Csv,
            Self::Parquet => Form::Parquet,
            Self::Arrow => Form::Arrow,
        }
    }
}

/// A column.
#[derive(Serialize, JsonSchema)]
pub struct Column {
    name: String,
    /// Its Arrow type.
    #[serde(rename = "type")]
    kind: String,
}

/// A table.
#[derive(Serialize, JsonSchema)]
pub struct TableInfo {
    table: String,
    columns: Vec<Column>,
}

/// The most rows of an answer that is not a stream.
const MOST_ROWS: usize = 10_000;
/// The most that these rows may hold, in bytes of their JSON.
const MOST_BYTES: usize = 16 << 20;

fn columns(rows: &Rows) -> Vec<Column> {
    let schema = rows.schema();
    schema
        .fields()
        .iter()
        .map(|field| Column { name: field.name().clone(), kind: field.data_type().to_string() })
        .collect()
}

async fn tables(call: Call) -> Result<Data<Vec<TableInfo>>, Problem> {
    let (home, lake) = (call.app.home(), call.app.questions.lake());
    let mut all = Vec::new();
    for name in Table::ALL.map(Table::name).into_iter().chain(["runs"]) {
        let rows = home.ask_of(&lake, &format!("SELECT * FROM {name} LIMIT 0"), &mut Vec::new()).await?;
        all.push(TableInfo { table: name.to_owned(), columns: columns(&rows) });
    }
    Ok(Data(all))
}

/// How the answer comes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryForm {
    /// As a stream in this form.
    format: Option<Format>,
}

/// A question.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryBody {
    /// One query; nothing can be changed by it.
    sql: String,
    /// At most so many rows; 1,000 by default, at most 10,000, and never more than about 16 MiB of them.
    limit: Option<usize>,
}

/// An answer.
#[derive(Serialize, JsonSchema)]
pub struct Answered {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    /// Whether there were more.
    truncated: bool,
    elapsed_ms: u64,
}

async fn query(call: Call<QueryForm, Data<QueryBody>>) -> Result<Raw, Problem> {
    let (app, asked) = (call.app.clone(), call.body.0);
    let place = app.questions.place(&call.who.name).await?;
    let began = Instant::now();
    let planned = async move { Ok(app.home().ask_of(&app.questions.lake(), &asked.sql, &mut Vec::new()).await?) };
    if let Some(format) = call.query.format {
        let rows = call.app.questions.work(planned).await?;
        return Ok(Raw(call.app.questions.file(place, rows, format.form(), "query")?));
    }
    let limit = asked.limit.unwrap_or(1_000).min(MOST_ROWS);
    let (columns, rows, truncated) = call.app.questions.work(async move { first(planned.await?, limit).await }).await?;
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Raw(Data(Answered { columns, rows, truncated, elapsed_ms }).respond()?))
}

/// The first rows, and whether there are more: at most so many, and no more than [`MOST_BYTES`] of them.
async fn first(mut rows: Rows, limit: usize) -> Result<(Vec<Column>, Vec<Vec<Value>>, bool), Problem> {
    let columns = columns(&rows);
    let (mut cells, mut bytes): (Vec<Vec<Value>>, usize) = (Vec::new(), 0);
    while let Some(batch) = rows.next().await? {
        // Few at a time: a batch may hold thousands of long answers.
        for from in (0..batch.num_rows()).step_by(FEW) {
            for row in export::json_cells(&batch.slice(from, FEW.min(batch.num_rows() - from)))? {
                bytes += row.iter().map(size).sum::<usize>();
                if cells.len() == limit || (bytes > MOST_BYTES && !cells.is_empty()) {
                    return Ok((columns, cells, true));
                }
                cells.push(row);
            }
        }
    }
    Ok((columns, cells, false))
}

/// Rows that become JSON at once.
const FEW: usize = 64;

/// About what a value takes, in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 3,
        Value::Array(all) => 2 + all.iter().map(size).sum::<usize>(),
        Value::Object(all) => 2 + all.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>(),
        _ => 8,
    }
}

/// Which table of a run, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    table: ExportTable,
    format: Format,
}

/// A table of a run.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportTable {
    /// What was answered.
    Trials,
    /// What scorers said.
    Scores,
}

async fn export_run(call: Call<ExportQuery>) -> Result<Raw, Problem> {
    // Of a sealed part no file comes out that says nothing: who has not opened it is told so.
    let record = open_run(&call).await?.record;
    let table = match call.query.table {
        ExportTable::Trials => Table::Trials,
        ExportTable::Scores => Table::Scores,
    };
    let questions = &call.app.questions;
    let place = questions.place(&call.who.name).await?;
    let (lake, name) = (questions.lake(), format!("{}-{}", record.id.short(), table.name()));
    let rows = questions.work(async move { Ok(lake.rows_of_run(table, &record).await?) }).await?;
    Ok(Raw(questions.file(place, rows, call.query.format.form(), &name)?))
}
