//! SQL over the lake, and tables to take away.

use std::io::Write;
use std::time::Instant;

use assay_lake::{Rows, Table, export};
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::endpoint::{Answer, Call, Data, Endpoint, Raw, ask, get};

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
        .answering::<Data<Answered>>(),
        get("/api/v1/runs/{run}/export", Access::Read, "exportRun", "A run's trials or scores as a file", export_run),
    ]
}

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

/// The longest that a query may run.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// The most rows of an answer that is not a stream.
const MOST_ROWS: usize = 10_000;

async fn ask_lake(app: &App, sql: &str) -> Result<Rows, Problem> {
    Ok(app.home().ask(sql, &mut Vec::new()).await?)
}

fn columns(rows: &Rows) -> Vec<Column> {
    let schema = rows.schema();
    schema
        .fields()
        .iter()
        .map(|field| Column { name: field.name().clone(), kind: field.data_type().to_string() })
        .collect()
}

async fn tables(call: Call) -> Result<Data<Vec<TableInfo>>, Problem> {
    let mut all = Vec::new();
    for name in Table::ALL.map(Table::name).into_iter().chain(["runs"]) {
        // Without runs there is no table of them yet.
        if let Ok(rows) = ask_lake(&call.app, &format!("SELECT * FROM {name} LIMIT 0")).await {
            all.push(TableInfo { table: name.to_owned(), columns: columns(&rows) });
        }
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
    /// At most so many rows; 1,000 by default, at most 10,000.
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
    let asked = &call.body.0;
    let mut rows = ask_lake(&call.app, &asked.sql).await?;
    if let Some(format) = call.query.format {
        return Ok(Raw(stream(rows, format, "query")));
    }
    let limit = asked.limit.unwrap_or(1_000).min(MOST_ROWS);
    let began = Instant::now();
    let columns = columns(&rows);
    let mut cells: Vec<Vec<Value>> = Vec::new();
    let read = async {
        while cells.len() <= limit {
            let Some(batch) = rows.next().await? else { break };
            let room = (limit + 1 - cells.len()).min(batch.num_rows());
            for mut row in export::json_rows(&batch.slice(0, room))? {
                cells.push(columns.iter().map(|column| row.remove(&column.name).unwrap_or_default()).collect());
            }
        }
        Ok::<_, Problem>(())
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .map_err(|_| Problem::usage(format!("the query took longer than {} seconds", PATIENCE.as_secs())))??;
    let truncated = cells.len() > limit;
    cells.truncate(limit);
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Raw(Data(Answered { columns, rows: cells, truncated, elapsed_ms }).respond()?))
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
    let (row, _) = call.app.home().find(call.part("run")).await?;
    let table = match call.query.table {
        ExportTable::Trials => "trials",
        ExportTable::Scores => "scores",
    };
    let sql = format!("SELECT * FROM {table} WHERE run_id = '{}'", row.record.id);
    let rows = ask_lake(&call.app, &sql).await?;
    Ok(Raw(stream(rows, call.query.format, &format!("{}-{table}", row.record.id.short()))))
}

/// What is written is sent on at once.
struct Sending(mpsc::Sender<Bytes>);

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map(|()| bytes.len()).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Rows as a file: whoever reads slowly slows the reading down, nothing is gathered.
fn stream(rows: Rows, format: Format, name: &str) -> Response {
    let (sender, receiver) = mpsc::channel::<Bytes>(16);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::BufWriter::with_capacity(64 << 10, Sending(sender));
        // The runtime's own way to wait forbids to wait inside, which a slow reader makes the sender do.
        let _tasks = runtime.enter();
        let written = futures::executor::block_on(async {
            match format {
                Format::Jsonl => export::write_json_lines(rows, &mut out).await,
                Format::Csv => export::write_csv(rows, &mut out).await,
                Format::Parquet => export::write_parquet(rows, &mut out).await,
            }
        });
        if let Err(error) =
            written.map_err(|error| error.to_string()).and_then(|_| out.flush().map_err(|e| e.to_string()))
        {
            tracing::warn!(error, "a table was not sent to its end");
        }
    });
    let (kind, ending) = match format {
        Format::Jsonl => ("application/x-ndjson", "jsonl"),
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Parquet => ("application/vnd.apache.parquet", "parquet"),
    };
    let body = futures::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|bytes| (Ok::<_, std::convert::Infallible>(bytes), receiver))
    });
    let file = format!("attachment; filename=\"{name}.{ending}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, file)], Body::from_stream(body.boxed()))
        .into_response()
}
