//! Runs that were executed elsewhere and are recorded here (`assay remote push`). Every step may be repeated.

use std::io::BufReader;

use assay_core::RunRecord;
use assay_core::run::Totals;
use assay_home::{audit, pushed};
use assay_lake::export::batches_of_parquet;
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::runs::RunItem;
use crate::Problem;
use crate::access::Access;
use crate::body::{Data, Done, File};
use crate::endpoint::{Call, Endpoint, Nothing, amend, change};

/// The most bytes of cases of one run.
const MOST_CASES: u64 = 8 << 30;
/// The most bytes of a segment's rows.
const MOST_ROWS: usize = 256 << 20;

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let (put, work) = (Method::PUT, Access::Work);
    vec![
        change(
            put.clone(),
            "/api/v1/runs/{run}",
            work,
            ("beginPush", "run push"),
            "Begin to record a run that was executed elsewhere",
            begin,
        ),
        amend(put.clone(), "/api/v1/runs/{run}/cases", work, "pushCases", "The cases of the run, as JSON lines", cases),
        amend(
            put,
            "/api/v1/runs/{run}/rows/{table}/{segment}",
            work,
            "pushRows",
            "Rows of a segment of the run, as a Parquet file",
            rows,
        ),
        change(
            Method::POST,
            "/api/v1/runs/{run}/seal",
            work,
            ("endPush", "run seal"),
            "End the push: the run is complete when all of its trials are here",
            seal,
        ),
    ]
}

async fn begin(call: Call<Nothing, Data<RunRecord>>) -> Result<Done, Problem> {
    let record = &call.body.0;
    if record.id.to_string() != call.part("run") {
        return Err(Problem::usage("the path names another run than the record"));
    }
    audit::note("suite", &record.suite);
    call.app.home().push_begin(record).await?;
    Ok(Done)
}

async fn cases(call: Call<Nothing, File>) -> Result<Done, Problem> {
    let home = call.app.home();
    let row = home.pushing(call.part("run")).await?;
    let file = call.body.spooled(MOST_CASES, "").await?;
    home.push_cases(&row.record, BufReader::new(file)).await?;
    Ok(Done)
}

async fn rows(call: Call<Nothing, File>) -> Result<Done, Problem> {
    let home = call.app.home();
    let row = home.pushing(call.part("run")).await?;
    let table = pushed::table(call.part("table"))?;
    let segment = call.part("segment").parse().map_err(|_| Problem::usage("a segment is a number"))?;
    let bytes = axum::body::to_bytes(call.body.0, MOST_ROWS).await;
    let bytes = bytes
        .map_err(|error| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {MOST_ROWS} bytes: {error}")))?;
    let read = tokio::task::spawn_blocking(move || batches_of_parquet(bytes)).await.map_err(Problem::internal)?;
    let batches = read.map_err(|error| Problem::usage(error.to_string()))?;
    let adopted = home.push_rows(row.record, table, segment, batches).await;
    adopted.map_err(|error| Problem::usage(error.to_string()))?;
    Ok(Done)
}

/// How the run ended.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealBody {
    /// Its totals.
    totals: Totals,
    /// When it ended.
    ended_us: Option<i64>,
}

async fn seal(call: Call<Nothing, Data<SealBody>>) -> Result<Data<RunItem>, Problem> {
    let home = call.app.home();
    let row = home.pushing(call.part("run")).await?;
    home.push_end(&row.record, &call.body.0.totals, call.body.0.ended_us).await?;
    let row = home.state.find_run(&row.record.id.to_string()).await?;
    Ok(Data(RunItem::of(&call.app, &row).await?))
}
