//! pydantic-evals: datasets that `Dataset.to_file` writes as YAML or JSON.
//!
//! `{name, cases: [{name, inputs, metadata, expected_output, evaluators}], evaluators, report_evaluators}`
//! (`pydantic_evals/dataset.py`). An evaluator is `Name`, `{Name: argument}` or `{Name: {key: value}}`; those that Assay
//! has become scorers, those of single cases stay in the case's metadata.

use std::path::Path;

use assay_core::Case;
use serde_json::{Value, json};

use super::SuiteParts;
use super::documents::records;
use super::intake::Intake;
use super::json::shown;
use super::record::{Record, is_empty, text};
use crate::DatasetError;

/// Reads a dataset.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut head = serde_json::Map::new();
    records(
        path,
        &["cases"],
        &mut |key, value| {
            head.insert(key.to_owned(), value);
            Ok(())
        },
        &mut |record| row(record, intake),
    )?;
    let mut parts =
        SuiteParts { name: head.remove("name").as_ref().map(text).unwrap_or_default(), ..SuiteParts::default() };
    let evaluators = match head.remove("evaluators") {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    for evaluator in &evaluators {
        match scorer(evaluator) {
            Some(scorer) => parts.scorer(scorer),
            None => intake.lose("an evaluator that Assay does not have", &name_of(evaluator)),
        }
    }
    if let Some(Value::Array(items)) = head.remove("report_evaluators") {
        intake.lose_many("an evaluator of whole reports", "report_evaluators", items.len() as u64);
    }
    head.remove("$schema");
    for (key, _) in head.iter().filter(|(_, value)| !is_empty(value)) {
        intake.lose("a field of the dataset", key);
    }
    intake.suite = Some(parts);
    Ok(())
}

fn row(mut record: Record, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let place = record.place.clone();
    let mut case = Case { weight: 1.0, ..Case::default() };
    case.id = record.text(&["name"]).filter(|name| !name.is_empty()).unwrap_or_else(|| intake.number());
    match record.need("inputs")? {
        Value::Object(inputs) if !inputs.is_empty() => case.inputs = inputs,
        other => drop(case.inputs.insert("input".into(), other)),
    }
    case.expected = record.take(&["expected_output"]);
    match record.take(&["metadata"]) {
        Some(Value::Object(metadata)) => case.metadata = metadata,
        Some(other) => drop(case.metadata.insert("metadata".into(), other)),
        None => {}
    }
    let evaluators = record.list(&["evaluators"]);
    if !evaluators.is_empty() {
        intake.lose_many(
            "an evaluator of a single case (kept in its metadata)",
            "cases.evaluators",
            evaluators.len() as u64,
        );
        case.metadata.insert("evaluators".into(), Value::Array(evaluators));
    }
    case.metadata.extend(record.rest());
    intake.row(case, &place)?;
    Ok(())
}

fn name_of(evaluator: &Value) -> String {
    match evaluator {
        Value::String(name) => shown(name),
        Value::Object(fields) => fields.keys().next().map(|name| shown(name)).unwrap_or_default(),
        other => shown(&other.to_string()),
    }
}

/// The scorer that says the same.
fn scorer(evaluator: &Value) -> Option<Value> {
    let name = name_of(evaluator);
    let argument = evaluator.get(&name);
    let of = |key: &str| match argument {
        Some(Value::Object(fields)) => fields.get(key).cloned(),
        Some(other) => Some(other.clone()),
        None => None,
    };
    let flag = |key: &str| argument.and_then(|argument| argument.get(key)).and_then(Value::as_bool);
    Some(match name.as_str() {
        "EqualsExpected" => json!("equals"),
        "Equals" => json!({"equals": {"value": of("value")?}}),
        "Contains" if flag("case_sensitive") == Some(false) => json!({"icontains": {"value": of("value")?}}),
        "Contains" => json!({"contains": {"value": of("value")?}}),
        "MaxDuration" => json!({"latency": {"max": of("seconds")?}}),
        "LLMJudge" => {
            let model = argument?.get("model")?.as_str()?;
            let (provider, model) = model.split_once(':')?;
            let provider = match provider {
                "openai" | "openai-chat" => "openai",
                "anthropic" => "anthropic",
                "google-gla" | "google-vertex" => "gemini",
                _ => return None,
            };
            json!({"judge": {"model": {provider: model}, "rubric": argument?.get("rubric")?,
                             "reference": flag("include_expected_output").unwrap_or(false)}})
        }
        _ => return None,
    })
}
