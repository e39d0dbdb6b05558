//! DeepEval: goldens and test runs.
//!
//! Goldens are what `EvaluationDataset.save_as` writes (`deepeval/dataset/dataset.py`): snake-case keys in JSON, JSONL
//! and CSV; in JSONL and CSV lists of texts are joined with `|` and cannot be told from texts that hold one. Dumps of the
//! models have camel-case keys, which are read as well. A row with a `scenario` is a conversation.
//!
//! A test run is `.deepeval/.latest_run_full.json` or `test_run_*.json` (`deepeval/test_run/api.py`). Its target is the
//! hyperparameter `model`, else `actual_output`.

use std::path::Path;

use assay_core::{Case, Money, Output, Passage, Score};
use serde_json::{Map, Value, json};

use super::Answer;
use super::chat::tool_calls;
use super::documents::records;
use super::intake::{Intake, from_seconds};
use super::record::{Record, is_empty, text};
use crate::{DatasetError, Place};

/// Reads goldens or a test run.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut model = None;
    let mut is_run = false;
    records(
        path,
        &["testCases", "test_cases", "conversationalTestCases", "goldens"],
        &mut |key, value| {
            match (key, value) {
                ("hyperparameters", value) => model = value.get("model").map(text),
                ("metricsScores" | "testPassed", _) => is_run = true,
                ("testRunData", _) => {
                    let place = Some(Place { file: path.to_owned(), line: Some(1) });
                    return Err(DatasetError::new(place, "this is DeepEval's note for its own server")
                        .help("import `.latest_run_full.json` beside it"));
                }
                _ => {}
            }
            Ok(())
        },
        &mut |_| Ok(()),
    )?;
    let mut lost = Vec::new();
    let target = model.unwrap_or_else(|| "actual_output".to_owned());
    records(
        path,
        &["testCases", "test_cases", "conversationalTestCases", "goldens"],
        &mut |key, value| {
            let known = ["metricsScores", "testPassed", "testFailed", "conversationalTestCases"].contains(&key);
            if is_run && !known && !is_empty(&value) {
                lost.push(key.to_owned());
            }
            Ok(())
        },
        &mut |record| row(record, is_run, &target, intake),
    )?;
    for key in lost {
        intake.lose("a field of the test run", &key);
    }
    Ok(())
}

fn row(mut record: Record, is_run: bool, target: &str, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let place = record.place.clone();
    let mut case = Case { weight: 1.0, ..Case::default() };
    case.id = record.text(&["name", "id"]).filter(|name| !name.is_empty()).unwrap_or_else(|| intake.number());
    let scenario = record.text(&["scenario"]).filter(|scenario| !scenario.is_empty());
    if let Some(scenario) = scenario {
        case.inputs.insert("scenario".into(), json!(scenario));
        for (names, input) in [
            (&["turns"][..], "turns"),
            (&["user_description", "userDescription"], "user_description"),
            (&["persona"], "persona"),
        ] {
            if let Some(value) = record.take(names).map(unpacked).filter(|value| !is_empty(value)) {
                case.inputs.insert(input.into(), value);
            }
        }
        case.expected = record.take(&["expected_outcome", "expectedOutcome"]);
    } else {
        let input = record.need("input")?;
        case.inputs.insert("input".into(), input);
        case.expected = record.take(&["expected_output", "expectedOutput"]);
    }
    case.contexts = passages(record.take(&["context"]), intake);
    let wanted = record.take(&["expected_tools", "expectedTools"]).map(unpacked);
    let wanted = tool_calls(wanted.as_ref(), intake);
    if !wanted.is_empty() {
        if case.expected.is_none() {
            case.expected = Some(json!({"tool_calls": wanted}));
        } else {
            case.metadata.insert("expected_tools".into(), json!(wanted));
        }
    }
    let retrieved = record.take(&["retrieval_context", "retrievalContext"]);
    let retrieved = retrieved.map(|value| passages(Some(value), intake));
    let called = record.take(&["tools_called", "toolsCalled"]).map(unpacked);
    let called = tool_calls(called.as_ref(), intake);
    let actual = record.take(&["actual_output", "actualOutput"]);
    let metrics = record.list(&["metricsData", "metrics_data"]);
    for names in [
        ["additional_metadata", "additionalMetadata"],
        ["custom_column_key_values", "customColumnKeyValues"],
        ["metadata", "metadata"],
    ] {
        match record.take(&names).map(unpacked) {
            Some(Value::Object(fields)) => case.metadata.extend(fields),
            Some(other) => drop(case.metadata.insert(names[0].to_owned(), other)),
            None => {}
        }
    }
    if is_run {
        let seconds = record.number(&["completionTime", "completion_time"]);
        let cost = record.number(&["tokenCost", "token_cost"]).map(Money::from_dollars);
        for derived in ["success", "order", "flaky", "runDuration", "evaluationCost"] {
            record.take(&[derived]);
        }
        if record.take(&["trace"]).is_some() {
            intake.lose("a trace", "testCases.trace");
        }
        case.metadata.extend(record.rest());
        let conversation = case.inputs.get("turns").cloned();
        let id = intake.case(case, &place)?;
        let value = actual.or(conversation).unwrap_or_default();
        let output = Output { value, contexts: retrieved, tool_calls: called, cost, ..Output::default() };
        let mut answer = Answer::of(id, target.to_owned(), output);
        answer.latency_us = seconds.and_then(from_seconds);
        for metric in metrics {
            answer.score(score(metric));
        }
        return intake.answer(answer, None, &place);
    }
    if let Some(actual) = actual {
        let mut recorded = Map::new();
        recorded.insert("output".into(), actual);
        if let Some(retrieved) = &retrieved {
            recorded.insert("contexts".into(), json!(retrieved));
        }
        if !called.is_empty() {
            recorded.insert("tool_calls".into(), json!(called));
        }
        case.recorded.insert("output".into(), Value::Object(recorded));
    } else {
        if let Some(retrieved) = retrieved {
            case.metadata.insert("retrieval_context".into(), json!(retrieved));
        }
        if !called.is_empty() {
            case.metadata.insert("tools_called".into(), json!(called));
        }
    }
    case.metadata.extend(record.rest());
    intake.row(case, &place)?;
    Ok(())
}

/// A cell that may hold JSON.
fn unpacked(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

/// Contexts: a list, or texts joined with `|`; each is a text, `{context, source}`, or the marker
/// `deepeval_source=…,deepeval_context=…`.
fn passages(value: Option<Value>, intake: &mut Intake<'_>) -> Vec<Passage> {
    let items = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(Value::String(text)) if text.is_empty() => return Vec::new(),
        Some(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => items,
            _ => text.split('|').map(|part| Value::String(part.to_owned())).collect(),
        },
        Some(other) => vec![other],
    };
    let mut passages = Vec::new();
    for item in items {
        let marked = item.as_str().and_then(|text| {
            let (source, context) = text.strip_prefix("deepeval_source=")?.split_once(",deepeval_context=")?;
            Some(Passage { id: Some(source.to_owned()), text: Some(context.to_owned()), score: None })
        });
        let modelled = item.get("source").and_then(Value::as_str).map(|source| Passage {
            id: Some(source.to_owned()),
            text: item.get("context").map(text),
            score: None,
        });
        match marked.or(modelled).or_else(|| Passage::from_value(&item)) {
            Some(passage) => passages.push(passage),
            None => intake.lose("a context that is no text", "context"),
        }
    }
    passages
}

fn score(metric: Value) -> Score {
    let of = |key: &str| metric.get(key).filter(|value| !value.is_null());
    let name = of("name").map_or_else(|| "metric".to_owned(), text);
    let mut score = match (of("error"), of("score")) {
        (Some(error), _) => Score::error(&name, text(error)),
        (None, Some(value)) => super::record::score(&name, value),
        (None, None) => Score::unscored(&name, "recorded without a score"),
    };
    if let Some(passed) = of("success").and_then(Value::as_bool).filter(|_| score.value.is_some()) {
        score = score.labelled(if passed { "pass" } else { "fail" });
    }
    if let Some(reason) = of("reason") {
        score = score.because(text(reason));
    }
    score.usage.input_tokens = of("inputTokenCount").and_then(super::record::count);
    score.usage.output_tokens = of("outputTokenCount").and_then(super::record::count);
    score.cost = of("evaluationCost").and_then(Value::as_f64).map_or(Money::ZERO, Money::from_dollars);
    score
}
