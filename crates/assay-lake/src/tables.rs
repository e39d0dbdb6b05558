//! The columns of the lake's tables, and trials turned into Arrow batches.
//!
//! Rules that keep the tables readable everywhere: timestamps are UTC microseconds (a naive timestamp would raise
//! Delta's protocol level), integers are signed, money is integer nano-dollars, enums are words, free-form JSON is
//! text in a `*_json` column, wide text stands last and gets no min/max statistics in the log.

use std::sync::Arc;

use assay_core::{Outcome, RunRecord, ScoreStatus, Trial};
use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Array, Float64Builder, Int32Builder, Int64Array, Int64Builder, ListBuilder,
    MapBuilder, MapFieldNames, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondBuilder, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;

/// The tables of the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// One row for each trial.
    Trials,
    /// One row for each trial and scorer, also where there is no value.
    Scores,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 2] = [Self::Trials, Self::Scores];

    /// Its name and folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trials => "trials",
            Self::Scores => "scores",
        }
    }

    /// The column that says how a trial ended.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Trials => "status",
            Self::Scores => "trial_status",
        }
    }

    /// Its columns.
    pub fn schema(self) -> SchemaRef {
        Arc::new(Schema::new(match self {
            Self::Trials => trial_fields(),
            Self::Scores => score_fields(),
        }))
    }

    /// The columns that get min/max statistics: identities and numbers, never text that came from a model.
    pub const fn statistics_columns(self) -> &'static str {
        match self {
            Self::Trials => "run_id,suite,number,target,epoch,case_id,status,started_at,latency_us,cost_nanousd",
            Self::Scores => "run_id,suite,number,target,epoch,case_id,scorer,status,value",
        }
    }
}

fn field(name: &str, data_type: DataType, nullable: bool) -> Field {
    Field::new(name, data_type, nullable)
}

/// What both tables say about a trial's identity.
fn identity_fields() -> Vec<Field> {
    vec![
        field("dt", DataType::Date32, false),
        field("run_id", DataType::Utf8, false),
        field("suite", DataType::Utf8, false),
        field("number", DataType::Int64, false),
        field("target", DataType::Utf8, false),
        field("epoch", DataType::Int32, false),
        field("case_id", DataType::Utf8, false),
        field("case_digest", DataType::Utf8, false),
        field("cluster_id", DataType::Utf8, true),
        field("weight", DataType::Float64, false),
        field("critical", DataType::Boolean, false),
        field("generation", DataType::Utf8, false),
        field("segment", DataType::Int64, false),
        field("metadata", metadata_type(), true),
    ]
}

fn metadata_type() -> DataType {
    let entries = Fields::from(vec![field("key", DataType::Utf8, false), field("value", DataType::Utf8, true)]);
    DataType::Map(Arc::new(field("key_value", DataType::Struct(entries), false)), false)
}

fn counts_type() -> DataType {
    DataType::List(Arc::new(field("element", DataType::Float64, false)))
}

fn trial_fields() -> Vec<Field> {
    let mut fields = identity_fields();
    fields.extend([
        field("status", DataType::Utf8, false),
        field("error_kind", DataType::Utf8, true),
        field("started_at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        field("latency_us", DataType::Int64, false),
        field("ttft_us", DataType::Int64, true),
        field("attempts", DataType::Int32, false),
        field("cached", DataType::Boolean, false),
        field("input_tokens", DataType::Int64, true),
        field("output_tokens", DataType::Int64, true),
        field("cached_input_tokens", DataType::Int64, true),
        field("reasoning_tokens", DataType::Int64, true),
        field("cost_nanousd", DataType::Int64, false),
        field("finish", DataType::Utf8, true),
        field("version", DataType::Utf8, true),
        field("mean_logprob", DataType::Float64, true),
        field("error_message", DataType::Utf8, true),
        field("output", DataType::Utf8, true),
        field("output_json", DataType::Utf8, true),
        field("contexts_json", DataType::Utf8, true),
        field("tool_calls_json", DataType::Utf8, true),
        field("details_json", DataType::Utf8, true),
    ]);
    fields
}

fn score_fields() -> Vec<Field> {
    let mut fields = identity_fields();
    fields.extend([
        field("scorer", DataType::Utf8, false),
        field("status", DataType::Utf8, false),
        field("trial_status", DataType::Utf8, false),
        field("value", DataType::Float64, true),
        field("label", DataType::Utf8, true),
        field("counts", counts_type(), true),
        field("cost_nanousd", DataType::Int64, false),
        field("input_tokens", DataType::Int64, true),
        field("output_tokens", DataType::Int64, true),
        field("reason", DataType::Utf8, true),
        field("rationale", DataType::Utf8, true),
        field("details_json", DataType::Utf8, true),
    ]);
    fields
}

/// Days since the Unix epoch of the run's start: the partition of all its rows.
pub(crate) fn partition_day(run: &RunRecord) -> i32 {
    i32::try_from(run.started_us.div_euclid(86_400_000_000)).unwrap_or(0)
}

/// Rows in the columns of a schema, by name.
///
/// # Errors
/// A column is missing that may not be empty, or of another kind.
pub(crate) fn in_columns(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => {
            cast_with_options(column, field.data_type(), &CastOptions { safe: false, ..Default::default() })
        }
        None if field.is_nullable() => Ok(new_null_array(field.data_type(), batch.num_rows())),
        None => Err(ArrowError::SchemaError(format!("there is no column `{}`", field.name()))),
    });
    RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)
}

/// Rows of another lake in the columns of this one.
///
/// # Errors
/// A column is missing or of another kind, or a row is of another run or segment.
pub(crate) fn adopted(
    table: Table,
    run: &RunRecord,
    segment: u64,
    batch: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let batch = in_columns(&table.schema(), batch)?;
    let same = |name: &str, as_text: String| {
        let column = batch.column_by_name(name).map(|column| cast(column, &DataType::Utf8)).transpose()?;
        let all = column.as_ref().and_then(|column| column.as_any().downcast_ref::<StringArray>());
        match all.is_some_and(|all| all.iter().all(|value| value == Some(as_text.as_str()))) {
            true => Ok(()),
            false => Err(ArrowError::SchemaError(format!("a row has another `{name}` than {as_text}"))),
        }
    };
    same("run_id", run.id.to_string())?;
    same("suite", run.suite.clone())?;
    same("segment", segment.to_string())?;
    same("dt", crate::query::day(partition_day(run)).to_string())?;
    Ok(batch)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Builders of the columns that both tables share.
struct Identity {
    number: Int64Builder,
    target: StringBuilder,
    epoch: Int32Builder,
    case_id: StringBuilder,
    case_digest: StringBuilder,
    cluster: StringBuilder,
    weight: Float64Builder,
    critical: BooleanBuilder,
    generation: StringBuilder,
    metadata: MapBuilder<StringBuilder, StringBuilder>,
    rows: usize,
}

impl Identity {
    fn new() -> Self {
        let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
        Self {
            number: Int64Builder::new(),
            target: StringBuilder::new(),
            epoch: Int32Builder::new(),
            case_id: StringBuilder::new(),
            case_digest: StringBuilder::new(),
            cluster: StringBuilder::new(),
            weight: Float64Builder::new(),
            critical: BooleanBuilder::new(),
            generation: StringBuilder::new(),
            metadata: MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new()),
            rows: 0,
        }
    }

    fn push(&mut self, run: &RunRecord, trial: &Trial) -> Result<(), ArrowError> {
        let targets = u32::try_from(run.targets.len()).unwrap_or(1);
        self.number.append_value(signed(trial.key.number(targets, run.epochs)));
        self.target.append_value(&trial.target);
        self.epoch.append_value(i32::try_from(trial.key.epoch).unwrap_or(i32::MAX));
        self.case_id.append_value(&trial.case_id);
        self.case_digest.append_value(trial.case_digest.to_string());
        self.cluster.append_option(trial.cluster.as_deref());
        self.weight.append_value(trial.weight);
        self.critical.append_value(trial.critical);
        self.generation.append_value(trial.generation.to_string());
        for (key, value) in &trial.metadata {
            self.metadata.keys().append_value(key);
            self.metadata.values().append_value(value);
        }
        self.metadata.append(true)?;
        self.rows += 1;
        Ok(())
    }

    fn finish(mut self, run: &RunRecord, segment: u64) -> Vec<ArrayRef> {
        let rows = self.rows;
        vec![
            Arc::new(Date32Array::from_value(partition_day(run), rows)),
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(run.id.to_string(), rows))),
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&run.suite, rows))),
            Arc::new(self.number.finish()),
            Arc::new(self.target.finish()),
            Arc::new(self.epoch.finish()),
            Arc::new(self.case_id.finish()),
            Arc::new(self.case_digest.finish()),
            Arc::new(self.cluster.finish()),
            Arc::new(self.weight.finish()),
            Arc::new(self.critical.finish()),
            Arc::new(self.generation.finish()),
            Arc::new(Int64Array::from_value(signed(segment), rows)),
            Arc::new(self.metadata.finish()),
        ]
    }
}

/// JSON text of a value, for a `*_json` column.
fn json<T: serde_json::value::Index + ?Sized>(value: &serde_json::Value, key: &T) -> Option<String> {
    value.get(key).map(ToString::to_string)
}

/// The rows of `trials`.
pub(crate) fn trial_batch(run: &RunRecord, segment: u64, trials: &[Trial]) -> Result<RecordBatch, ArrowError> {
    let mut identity = Identity::new();
    let mut status = StringBuilder::new();
    let mut error_kind = StringBuilder::new();
    let mut started = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    let mut latency = Int64Builder::new();
    let mut ttft = Int64Builder::new();
    let mut attempts = Int32Builder::new();
    let mut cached = BooleanBuilder::new();
    let mut tokens: [Int64Builder; 4] = std::array::from_fn(|_| Int64Builder::new());
    let mut cost = Int64Builder::new();
    let mut finish = StringBuilder::new();
    let mut version = StringBuilder::new();
    let mut logprob = Float64Builder::new();
    let mut error_message = StringBuilder::new();
    let mut output_text = StringBuilder::new();
    let mut output_json = StringBuilder::new();
    let mut contexts = StringBuilder::new();
    let mut tool_calls = StringBuilder::new();
    let mut details = StringBuilder::new();
    for trial in trials {
        identity.push(run, trial)?;
        status.append_value(trial.outcome.status());
        started.append_value(trial.started_us);
        latency.append_value(signed(trial.latency_us));
        ttft.append_option(trial.ttft_us.map(signed));
        attempts.append_value(i32::try_from(trial.attempts).unwrap_or(i32::MAX));
        cached.append_value(trial.cached);
        cost.append_value(trial.cost.nanos());
        let (kind, message) = match &trial.outcome {
            Outcome::Error { kind, message } => (Some(kind.as_str()), Some(message.as_str())),
            Outcome::RefusedByBudget { reason } => (None, Some(reason.as_str())),
            Outcome::Ok { .. } | Outcome::Cancelled => (None, None),
        };
        error_kind.append_option(kind);
        error_message.append_option(message);
        let output = trial.outcome.output();
        let usage = output.map(|output| output.usage).unwrap_or_default();
        let used = [usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens];
        for (builder, count) in tokens.iter_mut().zip(used) {
            builder.append_option(count.map(signed));
        }
        let value = output.map(|output| serde_json::to_value(output).unwrap_or_default()).unwrap_or_default();
        finish.append_option(value.get("finish").and_then(serde_json::Value::as_str));
        version.append_option(output.and_then(|output| output.version.as_deref()));
        logprob.append_option(output.and_then(|output| output.mean_logprob));
        output_text.append_option(output.map(assay_core::Output::text));
        output_json.append_option(output.filter(|output| !output.value.is_string()).map(|o| o.value.to_string()));
        contexts.append_option(json(&value, "contexts"));
        tool_calls.append_option(json(&value, "tool_calls"));
        details.append_option(json(&value, "metadata"));
    }
    let mut columns = identity.finish(run, segment);
    let rest: [ArrayRef; 9] = [
        Arc::new(status.finish()),
        Arc::new(error_kind.finish()),
        Arc::new(started.finish()),
        Arc::new(latency.finish()),
        Arc::new(ttft.finish()),
        Arc::new(attempts.finish()),
        Arc::new(cached.finish()),
        Arc::new(tokens[0].finish()),
        Arc::new(tokens[1].finish()),
    ];
    columns.extend(rest);
    let rest: [ArrayRef; 12] = [
        Arc::new(tokens[2].finish()),
        Arc::new(tokens[3].finish()),
        Arc::new(cost.finish()),
        Arc::new(finish.finish()),
        Arc::new(version.finish()),
        Arc::new(logprob.finish()),
        Arc::new(error_message.finish()),
        Arc::new(output_text.finish()),
        Arc::new(output_json.finish()),
        Arc::new(contexts.finish()),
        Arc::new(tool_calls.finish()),
        Arc::new(details.finish()),
    ];
    columns.extend(rest);
    RecordBatch::try_new(Table::Trials.schema(), columns)
}

/// The rows of `scores`: one for each trial and scorer, also where the trial or the scorer gave no value.
pub(crate) fn score_batch(run: &RunRecord, segment: u64, trials: &[Trial]) -> Result<RecordBatch, ArrowError> {
    let mut identity = Identity::new();
    let mut scorer = StringBuilder::new();
    let mut status = StringBuilder::new();
    let mut trial_status = StringBuilder::new();
    let mut value = Float64Builder::new();
    let mut label = StringBuilder::new();
    let element = field("element", DataType::Float64, false);
    let mut counts = ListBuilder::new(Float64Builder::new()).with_field(element);
    let mut cost = Int64Builder::new();
    let mut input_tokens = Int64Builder::new();
    let mut output_tokens = Int64Builder::new();
    let mut reason = StringBuilder::new();
    let mut rationale = StringBuilder::new();
    let mut details = StringBuilder::new();
    for trial in trials {
        for record in &run.scorers {
            identity.push(run, trial)?;
            scorer.append_value(&record.name);
            trial_status.append_value(trial.outcome.status());
            let score = trial.scores.iter().find(|score| score.scorer == record.name);
            let word = score.map_or(ScoreStatus::Unscored, |score| score.status).as_str();
            status.append_value(word);
            value.append_option(score.and_then(|score| score.value));
            label.append_option(score.and_then(|score| score.label.as_deref()));
            match score.filter(|score| !score.counts.is_empty()) {
                Some(score) => counts.append_value(score.counts.iter().copied().map(Some)),
                None => counts.append_null(),
            }
            cost.append_value(score.map_or(0, |score| score.cost.nanos()));
            input_tokens.append_option(score.and_then(|score| score.usage.input_tokens).map(signed));
            output_tokens.append_option(score.and_then(|score| score.usage.output_tokens).map(signed));
            match score {
                Some(score) => reason.append_option(score.reason.as_deref()),
                None => reason.append_value(format!("the trial ended in `{}`", trial.outcome.status())),
            }
            rationale.append_option(score.and_then(|score| score.rationale.as_deref()));
            details.append_option(score.and_then(|score| score.details.as_ref()).map(ToString::to_string));
        }
    }
    let mut columns = identity.finish(run, segment);
    let rest: [ArrayRef; 12] = [
        Arc::new(scorer.finish()),
        Arc::new(status.finish()),
        Arc::new(trial_status.finish()),
        Arc::new(value.finish()),
        Arc::new(label.finish()),
        Arc::new(counts.finish()),
        Arc::new(cost.finish()),
        Arc::new(input_tokens.finish()),
        Arc::new(output_tokens.finish()),
        Arc::new(reason.finish()),
        Arc::new(rationale.finish()),
        Arc::new(details.finish()),
    ];
    columns.extend(rest);
    RecordBatch::try_new(Table::Scores.schema(), columns)
}
