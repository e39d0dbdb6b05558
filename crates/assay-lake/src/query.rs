//! SQL over the tables, and the rows that analysis reads.

use std::sync::Arc;

use assay_core::row::Missing;
use assay_core::{Digest, Output, RunId, RunRecord, TrialKey, Usage, score::ScoreStatus};
use datafusion::arrow::array::{
    Array, AsArray, BooleanArray, Float64Array, Int32Array, ListArray, MapArray, RecordBatch, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::MemTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use futures::TryStreamExt;

pub use assay_core::row::ScoreRow;

use crate::browse::Row;
use crate::tables::{self, Table};
use crate::{Lake, LakeError};

/// The result of a query, streamed in batches.
pub struct Rows {
    stream: SendableRecordBatchStream,
}

impl Rows {
    pub(crate) fn of(stream: SendableRecordBatchStream) -> Self {
        Self { stream }
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// Reading or computing failed.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        Ok(self.stream.try_next().await?)
    }

    /// The rows as JSON objects, for results that are known to be small.
    ///
    /// # Errors
    /// Reading or computing failed.
    pub async fn json(mut self) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, LakeError> {
        let mut rows = Vec::new();
        while let Some(batch) = self.next().await? {
            rows.extend(crate::export::json_rows(&batch)?);
        }
        Ok(rows)
    }
}

impl Lake {
    /// Runs one read-only SQL statement over `trials`, `scores` and `runs` (given as JSON lines).
    ///
    /// # Errors
    /// The statement is not a query, or fails.
    pub async fn query(&self, sql: &str, runs: Option<RecordBatch>) -> Result<Rows, LakeError> {
        self.query_without(sql, runs, &[]).await
    }

    /// As [`Lake::query`], as if the `hidden` runs had no trials and no scores.
    ///
    /// # Errors
    /// As [`Lake::query`].
    pub async fn query_without(
        &self,
        sql: &str,
        runs: Option<RecordBatch>,
        hidden: &[RunId],
    ) -> Result<Rows, LakeError> {
        let config = SessionConfig::new().with_information_schema(true);
        let context = self.context(config, runs, hidden).await?;
        let options = datafusion::execution::context::SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = context.sql_with_options(sql, options).await?;
        Ok(Rows { stream: frame.execute_stream().await? })
    }

    /// A run's rows of a table, in no order.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn rows_of_run(&self, table: Table, run: &RunRecord) -> Result<Rows, LakeError> {
        self.query(&format!("SELECT * FROM {} WHERE {}", table.name(), of_run(run)), None).await
    }

    pub(crate) async fn context(
        &self,
        config: SessionConfig,
        runs: Option<RecordBatch>,
        hidden: &[RunId],
    ) -> Result<SessionContext, LakeError> {
        let context = self.session(config);
        for table in Table::ALL {
            let delta = self.table(table).await?;
            if delta.version().is_some() {
                let provider = delta.table_provider().await?;
                if hidden.is_empty() {
                    context.register_table(table.name(), provider)?;
                } else {
                    let ids = hidden.iter().map(|run| lit(run.to_string())).collect();
                    let rest = context.read_table(provider)?.filter(col("run_id").in_list(ids, true))?;
                    context.register_table(table.name(), rest.into_view())?;
                }
            } else {
                // An empty workspace answers queries with no rows, not with an unknown table.
                context.register_table(table.name(), Arc::new(MemTable::try_new(table.schema(), vec![vec![]])?))?;
            }
        }
        if let Some(runs) = runs {
            context.register_table("runs", Arc::new(MemTable::try_new(runs.schema(), vec![vec![runs]])?))?;
        }
        Ok(context)
    }

    /// Visits every score of a run.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn for_each_score(&self, run: &RunRecord, mut visit: impl FnMut(ScoreRow<'_>)) -> Result<(), LakeError> {
        let sql = format!(
            "SELECT target, scorer, case_id, case_digest, cluster_id, weight, critical, epoch, value, counts, status, \
             trial_status, generation, metadata FROM scores WHERE {}",
            of_run(run)
        );
        // One file at a time: whoever visits is slower than a reader, and several would only hold more memory.
        let context = self.context(SessionConfig::new().with_target_partitions(1), None, &[]).await?;
        let mut rows = Rows { stream: context.sql(&sql).await?.execute_stream().await? };
        // The next batch is read while one is visited.
        let (sender, mut batches) = tokio::sync::mpsc::channel(2);
        let reading = tokio::spawn(async move {
            while let Some(batch) = rows.next().await? {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
            Ok::<_, LakeError>(())
        });
        while let Some(batch) = batches.recv().await {
            visit_batch(&batch, &mut visit)?;
        }
        reading.await.map_err(|error| LakeError::Task(error.to_string()))?
    }

    /// Visits what stands behind a run's judgements, for the scorers named: scorer, target, label, reason and details.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn for_each_judgement(
        &self,
        run: &RunRecord,
        scorers: &[&str],
        mut visit: impl FnMut(Judgement<'_>),
    ) -> Result<(), LakeError> {
        // Tables of an earlier version have no details.
        let none = self.query("SELECT * FROM scores WHERE false", None).await?;
        if scorers.is_empty() || none.schema().field_with_name("details_json").is_err() {
            return Ok(());
        }
        let names: Vec<String> = scorers.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
        let sql = format!(
            "SELECT scorer, target, case_digest, epoch, label, reason, details_json FROM scores WHERE {} \
             AND trial_status = 'ok' AND scorer IN ({}) ORDER BY number",
            of_run(run),
            names.join(", ")
        );
        let mut rows = self.query(&sql, None).await?;
        while let Some(batch) = rows.next().await? {
            let (scorer, target) = (strings(&batch, "scorer")?, strings(&batch, "target")?);
            let (label, reason) = (strings(&batch, "label")?, strings(&batch, "reason")?);
            let details = strings(&batch, "details_json")?;
            let case_digest = strings(&batch, "case_digest")?;
            let epoch: Int32Array = typed(&batch, "epoch")?;
            for i in 0..batch.num_rows() {
                visit(Judgement {
                    scorer: scorer.value(i),
                    target: target.value(i),
                    case_digest: case_digest.value(i),
                    epoch: epoch.value(i).unsigned_abs(),
                    label: label.is_valid(i).then(|| label.value(i)),
                    reason: reason.is_valid(i).then(|| reason.value(i)),
                    details: details.is_valid(i).then(|| details.value(i)),
                });
            }
        }
        Ok(())
    }

    /// Every answer of a run, in no order.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn answers(&self, run: &RunRecord) -> Result<Answers, LakeError> {
        self.answers_where(run, "").await
    }

    /// The answers of a run to cases with these ids, in no order.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn answers_to(&self, run: &RunRecord, cases: &[&str]) -> Result<Answers, LakeError> {
        let ids: Vec<String> = cases.iter().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
        let chosen = if ids.is_empty() { "false".to_owned() } else { format!("case_id IN ({})", ids.join(", ")) };
        self.answers_where(run, &format!(" AND {chosen}")).await
    }

    async fn answers_where(&self, run: &RunRecord, condition: &str) -> Result<Answers, LakeError> {
        let sql = format!(
            "SELECT target, epoch, case_digest, latency_us, ttft_us, input_tokens, output_tokens, cached_input_tokens, \
             reasoning_tokens, finish, version, mean_logprob, output, output_json, contexts_json, tool_calls_json, \
             details_json FROM trials WHERE {} AND status = 'ok'{condition}",
            of_run(run)
        );
        Ok(Answers(self.query(&sql, None).await?))
    }

    /// A run's trials of the case at a position of its plan, as JSON rows.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn trials_of_case(&self, run: &RunRecord, position: u64) -> Result<Vec<Row>, LakeError> {
        self.rows_of_case(Table::Trials, run, position, "target, epoch").await
    }

    /// A run's scores of the case at a position of its plan, as JSON rows.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn scores_of_case(&self, run: &RunRecord, position: u64) -> Result<Vec<Row>, LakeError> {
        self.rows_of_case(Table::Scores, run, position, "target, epoch, scorer").await
    }

    async fn rows_of_case(
        &self,
        table: Table,
        run: &RunRecord,
        position: u64,
        order: &str,
    ) -> Result<Vec<Row>, LakeError> {
        let (name, condition) = (table.name(), of_case(run, position));
        self.pick(&format!("SELECT * FROM {name} WHERE {condition} ORDER BY {order}")).await?.json().await
    }
}

/// The rows of one run. The day keeps files of others closed.
pub(crate) fn of_run(run: &RunRecord) -> String {
    format!("dt = DATE '{}' AND run_id = '{}'", day(tables::partition_day(run)), run.id)
}

/// The rows of one run and case, by their numbers: what files and their parts are left out by.
pub(crate) fn of_case(run: &RunRecord, position: u64) -> String {
    let first = |case| TrialKey { case, target: 0, epoch: 0 }.number(run.targets.len() as u32, run.epochs);
    format!("{} AND number >= {} AND number < {}", of_run(run), first(position), first(position + 1))
}

pub(crate) fn day(days: i32) -> time::Date {
    time::OffsetDateTime::UNIX_EPOCH.date() + time::Duration::days(i64::from(days))
}

/// A column as plain strings, whatever string encoding the reader chose.
fn strings(batch: &RecordBatch, name: &str) -> Result<StringArray, LakeError> {
    Ok(cast(column(batch, name)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, LakeError> {
    batch.column_by_name(name).map(AsRef::as_ref).ok_or_else(|| {
        LakeError::Arrow(datafusion::arrow::error::ArrowError::SchemaError(format!("no column `{name}`")))
    })
}

fn typed<T: Array + Clone + 'static>(batch: &RecordBatch, name: &str) -> Result<T, LakeError> {
    column(batch, name)?.as_any().downcast_ref::<T>().cloned().ok_or_else(|| {
        LakeError::Arrow(datafusion::arrow::error::ArrowError::SchemaError(format!(
            "column `{name}` has an unexpected type"
        )))
    })
}

fn visit_batch(batch: &RecordBatch, visit: &mut impl FnMut(ScoreRow<'_>)) -> Result<(), LakeError> {
    let target = strings(batch, "target")?;
    let scorer = strings(batch, "scorer")?;
    let case_id = strings(batch, "case_id")?;
    let case_digest = strings(batch, "case_digest")?;
    let cluster = strings(batch, "cluster_id")?;
    let status = strings(batch, "status")?;
    let trial_status = strings(batch, "trial_status")?;
    let generation = strings(batch, "generation")?;
    let weight: Float64Array = typed(batch, "weight")?;
    let critical: BooleanArray = typed(batch, "critical")?;
    let epoch: Int32Array = typed(batch, "epoch")?;
    let value: Float64Array = typed(batch, "value")?;
    let counts: ListArray = typed(batch, "counts")?;
    let numbers: Float64Array = counts.values().as_primitive().clone();
    let metadata: MapArray = typed(batch, "metadata")?;
    let keys = cast(metadata.keys(), &DataType::Utf8)?;
    let values = cast(metadata.values(), &DataType::Utf8)?;
    let (keys, values) = (keys.as_string::<i32>(), values.as_string::<i32>());
    for i in 0..batch.num_rows() {
        let missing = match (trial_status.value(i), status.value(i)) {
            ("ok", word) if word == ScoreStatus::Scored.as_str() => None,
            ("ok", word) if word == ScoreStatus::Error.as_str() => Some(Missing::ScorerError),
            ("ok", _) => Some(Missing::Unscored),
            ("refused_by_budget", _) => Some(Missing::Refused),
            ("cancelled", _) => Some(Missing::Cancelled),
            _ => Some(Missing::TrialError),
        };
        let (from, to) = (counts.value_offsets()[i] as usize, counts.value_offsets()[i + 1] as usize);
        let span = metadata.value_offsets()[i] as usize..metadata.value_offsets()[i + 1] as usize;
        visit(ScoreRow {
            target: target.value(i),
            scorer: scorer.value(i),
            case_id: case_id.value(i),
            case_digest: case_digest.value(i).parse().unwrap_or_else(|_| Digest::of_bytes(case_id.value(i).as_bytes())),
            cluster: cluster.is_valid(i).then(|| cluster.value(i)),
            weight: weight.value(i),
            critical: critical.value(i),
            epoch: epoch.value(i).unsigned_abs(),
            value: (missing.is_none() && value.is_valid(i)).then(|| value.value(i)),
            counts: if missing.is_none() { &numbers.values()[from..to] } else { &[] },
            missing,
            generation: generation.value(i),
            metadata: span.map(|at| (keys.value(at), values.value(at))).collect(),
        });
    }
    Ok(())
}

/// A judge's word on one trial, with what stands behind it.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'a> {
    /// The scorer.
    pub scorer: &'a str,
    /// The target.
    pub target: &'a str,
    /// The case's digest, as text.
    pub case_digest: &'a str,
    /// The repeat number.
    pub epoch: u32,
    /// Its label.
    pub label: Option<&'a str>,
    /// Why there is no value.
    pub reason: Option<&'a str>,
    /// [`assay_core::Score::details`] as JSON.
    pub details: Option<&'a str>,
}

/// The answers of a run, streamed.
pub struct Answers(Rows);

impl Answers {
    /// The next ones; `None` at the end.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<AnswerRow>>, LakeError> {
        match self.0.next().await? {
            Some(batch) => {
                crate::export::json_rows(&batch)?.into_iter().map(AnswerRow::new).collect::<Result<_, _>>().map(Some)
            }
            None => Ok(None),
        }
    }
}

/// An answer as a run kept it.
#[derive(Clone, Debug)]
pub struct AnswerRow {
    /// The target's name.
    pub target: String,
    /// The repeat.
    pub epoch: u32,
    /// The case's digest.
    pub case_digest: Digest,
    /// How long it took, in microseconds.
    pub latency_us: u64,
    /// Time to the first token in microseconds, where it was streamed.
    pub ttft_us: Option<u64>,
    /// The answer. What it cost is left out: taking it over costs nothing.
    pub output: Output,
}

impl AnswerRow {
    fn new(mut row: serde_json::Map<String, serde_json::Value>) -> Result<Self, LakeError> {
        use serde_json::Value;
        let count = |row: &serde_json::Map<String, Value>, key: &str| row.get(key).and_then(Value::as_u64);
        let text = |row: &serde_json::Map<String, Value>, key: &str| {
            row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let unread = |error: serde_json::Error| LakeError::Stored(error.to_string());
        let (latency_us, ttft_us) = (count(&row, "latency_us").unwrap_or_default(), count(&row, "ttft_us"));
        let usage = Usage {
            input_tokens: count(&row, "input_tokens"),
            output_tokens: count(&row, "output_tokens"),
            cached_input_tokens: count(&row, "cached_input_tokens"),
            reasoning_tokens: count(&row, "reasoning_tokens"),
        };
        let json = |row: &serde_json::Map<String, Value>, key: &str| match row.get(key).and_then(Value::as_str) {
            Some(text) => serde_json::from_str::<Value>(text).map(Some).map_err(unread),
            None => Ok(None),
        };
        // Put together as the output was serialised, so that its own reading applies.
        let mut fields = serde_json::Map::new();
        let value = json(&row, "output_json")?.or_else(|| row.remove("output")).unwrap_or_default();
        fields.insert("value".to_owned(), value);
        for (key, column) in
            [("contexts", "contexts_json"), ("tool_calls", "tool_calls_json"), ("metadata", "details_json")]
        {
            if let Some(value) = json(&row, column)? {
                fields.insert(key.to_owned(), value);
            }
        }
        for key in ["finish", "version", "mean_logprob"] {
            if let Some(value) = row.remove(key).filter(|value| !value.is_null()) {
                fields.insert(key.to_owned(), value);
            }
        }
        let output: Output = serde_json::from_value(Value::Object(fields)).map_err(unread)?;
        let digest = text(&row, "case_digest");
        Ok(Self {
            target: text(&row, "target"),
            epoch: count(&row, "epoch").and_then(|epoch| u32::try_from(epoch).ok()).unwrap_or_default(),
            case_digest: digest.parse().map_err(|_| LakeError::Stored(format!("`{digest}` is no digest")))?,
            latency_us,
            ttft_us,
            output: Output { usage, ..output },
        })
    }
}
