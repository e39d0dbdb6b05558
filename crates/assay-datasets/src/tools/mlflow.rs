//! MLflow: records of an evaluation dataset.
//!
//! A record has `inputs`, `expectations`, `outputs`, `tags`, `dataset_record_id`, `source`, `source_type`, `source_id`,
//! `created_time` and `last_update_time` (`mlflow/entities/dataset_record.py`). They come as a list, as `{records: […]}`
//! (`EvaluationDataset.to_dict`), or as the table of `to_df()` in JSON lines or Parquet. Outputs that are no object stand
//! under `mlflow_wrapped`.

use std::path::Path;

use assay_core::Case;
use serde_json::{Map, Value, json};

use super::documents::records;
use super::intake::Intake;
use super::record::{Record, is_empty};
use crate::DatasetError;

/// Reads records.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut lost = Vec::new();
    records(
        path,
        &["records"],
        &mut |key, value| {
            let known = ["dataset_id", "name", "digest", "schema", "profile"].contains(&key);
            if !known && !is_empty(&value) {
                lost.push(key.to_owned());
            }
            Ok(())
        },
        &mut |record| row(record, intake),
    )?;
    for key in lost {
        intake.lose("a field of the dataset", &key);
    }
    Ok(())
}

/// An object, also as JSON in a text.
fn object(record: &mut Record, name: &str) -> Result<Map<String, Value>, DatasetError> {
    match record.take(&[name]) {
        None => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields),
        Some(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(fields),
            _ => Err(record
                .wrong(format!("`{name}` is not JSON"))
                .help("write the table with `to_df().to_json(path, orient=\"records\", lines=True)`")),
        },
        Some(_) => Err(record.wrong(format!("`{name}` must be an object"))),
    }
}

fn row(mut record: Record, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let place = record.place.clone();
    let mut case = Case { weight: 1.0, ..Case::default() };
    case.id = record.text(&["dataset_record_id"]).filter(|id| !id.is_empty()).unwrap_or_else(|| intake.number());
    // A table of structs has every column of every record: those that are null are not there.
    case.inputs = object(&mut record, "inputs")?.into_iter().filter(|(_, value)| !value.is_null()).collect();
    let mut expectations: Map<String, Value> =
        object(&mut record, "expectations")?.into_iter().filter(|(_, value)| !value.is_null()).collect();
    case.expected = match expectations.remove("expected_response") {
        Some(expected) => Some(expected),
        None if expectations.len() == 1 => expectations.values().next().cloned(),
        None => None,
    };
    if !expectations.is_empty() {
        case.metadata.insert("expectations".into(), Value::Object(expectations));
    }
    if let Some(outputs) = record.take(&["outputs"]) {
        let value = match outputs {
            Value::Object(mut fields) if fields.contains_key("mlflow_wrapped") => {
                fields.remove("mlflow_wrapped").unwrap_or_default()
            }
            other => other,
        };
        case.recorded.insert("output".into(), json!({"output": value}));
    }
    let tags = object(&mut record, "tags")?;
    case.metadata.extend(tags.into_iter().filter(|(_, value)| !value.is_null()));
    record.take(&["dataset_id"]);
    for (key, value) in record.rest() {
        case.metadata.insert(format!("mlflow_{key}"), value);
    }
    intake.row(case, &place)?;
    Ok(())
}
