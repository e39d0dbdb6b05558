//! openai/evals: samples, registry entries and logs.
//!
//! A sample is `{"input": text | messages, "ideal": text | [texts]}` with further keys. A registry file names evals:
//! `<name>: {id}` and `<id>: {class, args: {samples_jsonl, …}}` (`evals/registry.py`); its samples are looked for in the
//! registry's `data` folder, else beside the file. A log has a first line `{"spec": …}`, then events `{sample_id, type,
//! data}` (`evals/record.py`), and a last line `{"final_report": …}`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use assay_core::{Case, Output, Score};
use serde_json::{Map, Value, json};

use super::chat::{content, inputs};
use super::documents::{Shape, folder, inside, shape, yaml_file};
use super::intake::{Intake, microseconds};
use super::json::{Lines, at, shown};
use super::record::{Record, kind, score, text};
use super::{Answer, SuiteParts};
use crate::rows::line_of;
use crate::{DatasetError, Place};

/// Reads samples, a registry file or a log.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    if shape(path)? == Shape::Yaml {
        return registry(path, intake);
    }
    let first = Lines::open(path)?.next().transpose()?;
    match first {
        Some((_, value, _)) if value.get("spec").is_some() => log(path, &value["spec"], intake),
        _ => samples(path, "", intake),
    }
}

fn samples(path: &Path, prefix: &str, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    for line in Lines::open(path)? {
        let (_, value, place) = line?;
        let mut record = Record::new(value, place)?;
        let mut case = Case { weight: 1.0, ..Case::default() };
        case.id = record.text(&["id", "sample_id"]).unwrap_or_else(|| intake.number());
        if !prefix.is_empty() {
            case.id = format!("{prefix}/{}", case.id);
            case.metadata.insert("eval".into(), json!(prefix));
        }
        match record.take(&["input"]) {
            Some(Value::Array(messages)) => case.inputs = inputs(messages),
            Some(input) => drop(case.inputs.insert("input".into(), input)),
            // Templates of model-graded evals name their inputs as they like.
            None => {
                let names: Vec<String> = record.fields.keys().filter(|key| key.starts_with("input")).cloned().collect();
                for name in names {
                    if let Some(value) = record.take(&[&name]) {
                        case.inputs.insert(name, value);
                    }
                }
                if case.inputs.is_empty() {
                    return Err(record.wrong("`input` is missing").help("a sample is {\"input\": …, \"ideal\": …}"));
                }
            }
        }
        case.expected = record.take(&["ideal"]);
        let place = record.place.clone();
        case.metadata.append(&mut record.object(&["metadata"]));
        case.metadata.extend(record.rest());
        intake.row(case, &place)?;
    }
    Ok(())
}

fn registry(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let (value, source) = yaml_file(path)?;
    let Value::Object(entries) = value else {
        return Err(DatasetError::new(at(path, Some(1)), "a registry file is a set of names"));
    };
    let mut parts = SuiteParts::default();
    let mut found = 0;
    for (name, entry) in &entries {
        let Some(class) = entry.get("class").and_then(Value::as_str) else {
            if let Some(description) = entry.get("description").and_then(Value::as_str) {
                parts.description = Some(description.to_owned());
                parts.name.clone_from(name);
            }
            continue;
        };
        let line = line_of(&source, &format!("/{}", assay_core::problem::pointer_step(name)));
        let place = Place { file: path.to_owned(), line };
        let arguments = entry.get("args").cloned().unwrap_or_default();
        let Some(reference) = arguments.get("samples_jsonl").and_then(Value::as_str) else {
            intake.lose("an eval without `samples_jsonl`", &shown(name));
            continue;
        };
        match scorer(class, &arguments) {
            Some(scorer) => parts.scorer(scorer),
            None => intake.lose("an eval class that Assay does not have", class.rsplit('.').next().unwrap_or(class)),
        }
        found += 1;
        let prefix = if entries.values().filter(|entry| entry.get("class").is_some()).count() > 1 { name } else { "" };
        samples(&data(path, reference, &place)?, prefix, intake)?;
    }
    if found == 0 {
        return Err(DatasetError::new(at(path, Some(1)), "no eval with `class` and `args.samples_jsonl`")
            .help("point at a file of the registry's `evals` folder"));
    }
    if parts.name.is_empty() {
        parts.name = entries.keys().next().cloned().unwrap_or_default();
    }
    intake.suite = Some(parts);
    Ok(())
}

/// `registry/evals/x.yaml` means `registry/data/…`; elsewhere the samples are beside the file.
fn data(path: &Path, reference: &str, place: &Place) -> Result<PathBuf, DatasetError> {
    let beside = folder(path);
    let registry = folder(beside).join("data");
    if registry.join(reference).is_file() {
        return inside(&registry, reference, place);
    }
    inside(beside, reference, place)
}

fn scorer(class: &str, arguments: &Value) -> Option<Value> {
    let ignore_case = arguments.get("ignore_case").and_then(Value::as_bool).unwrap_or(false);
    Some(match class.rsplit([':', '.']).next()? {
        // evals/elsuite/basic/match.py: the answer starts with an ideal one.
        "Match" => json!("starts-with"),
        "Includes" if ignore_case => json!({"icontains-any": {"value": "{{ expected }}"}}),
        "Includes" => json!({"contains-any": {"value": "{{ expected }}"}}),
        "JsonMatch" => json!("json-match"),
        "JsonValidator" => json!("is-json"),
        _ => return None,
    })
}

/// What the events of one sample said so far.
#[derive(Default)]
struct Sample {
    prompt: Option<Value>,
    sampled: Option<Value>,
    calls: u64,
    expected: Option<Value>,
    scores: Vec<Score>,
    error: Option<String>,
    started_us: Option<i64>,
    place: Option<Place>,
}

fn log(path: &Path, spec: &Value, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let target = match spec.get("completion_fns").or_else(|| spec.get("model")) {
        Some(Value::Array(names)) => names.first().map(text),
        Some(name) => Some(text(name)),
        None => None,
    }
    .unwrap_or_else(|| "completion".to_owned());
    // Samples run side by side, so their events are mixed: a first pass finds where each one ends.
    let mut last = HashMap::new();
    for line in Lines::open(path)? {
        let (offset, value, _) = line?;
        if let Some(id) = value.get("sample_id").filter(|id| !id.is_null()) {
            last.insert(text(id), offset);
        }
    }
    let mut open: HashMap<String, Sample> = HashMap::new();
    for line in Lines::open(path)? {
        let (offset, value, place) = line?;
        if value.get("spec").is_some() {
            continue;
        }
        if value.get("final_report").is_some() {
            intake.lose("the final report (numbers are computed again)", "final_report");
            continue;
        }
        let mut record = Record::new(value, place)?;
        let Some(id) = record.take(&["sample_id"]).as_ref().map(text) else {
            intake.lose("an event without a sample", &shown(&record.text(&["type"]).unwrap_or_default()));
            continue;
        };
        let sample = open.entry(id.clone()).or_default();
        sample.place.get_or_insert_with(|| record.place.clone());
        event(sample, record, intake);
        if last.get(&id) == Some(&offset)
            && let Some(sample) = open.remove(&id)
        {
            finish(id, sample, &target, intake)?;
        }
    }
    Ok(())
}

fn event(sample: &mut Sample, mut record: Record, intake: &mut Intake<'_>) {
    let name = record.text(&["type"]).unwrap_or_default();
    let data = record.take(&["data"]).unwrap_or_default();
    let of = |key: &str| data.get(key).filter(|value| !value.is_null()).cloned();
    if let Some(created) = record.text(&["created_at"]) {
        // `2024-01-02 03:04:05.678+00:00`
        sample.started_us = sample.started_us.or_else(|| microseconds(&created.replacen(' ', "T", 1)));
    }
    match name.as_str() {
        "sampling" => {
            sample.calls += 1;
            sample.prompt = sample.prompt.take().or_else(|| of("prompt"));
            sample.sampled = sample.sampled.take().or_else(|| of("sampled")).or_else(|| of("completion"));
        }
        "match" => {
            sample.expected = of("expected").or(sample.expected.take());
            sample.sampled = sample.sampled.take().or_else(|| of("sampled"));
            sample.scores.push(score("match", &of("correct").unwrap_or_default()));
        }
        "metrics" => {
            for (key, value) in data.as_object().into_iter().flatten() {
                if matches!(value, Value::Array(_) | Value::Object(_)) {
                    intake.lose(&format!("a metric that is {}", kind(value)), &shown(key));
                } else {
                    sample.scores.push(score(key, value));
                }
            }
        }
        "error" => sample.error = Some(of("message").or_else(|| of("error")).as_ref().map_or(data.to_string(), text)),
        other => intake.lose("an event", &shown(other)),
    }
}

fn finish(id: String, sample: Sample, target: &str, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let place = sample.place.unwrap_or_else(|| Place { file: PathBuf::new(), line: None });
    let mut case = Case { id, weight: 1.0, expected: sample.expected, ..Case::default() };
    case.inputs = match sample.prompt {
        Some(Value::Array(messages)) => inputs(messages),
        Some(prompt) => Map::from_iter([("input".to_owned(), prompt)]),
        None => {
            intake.lose("a prompt that was not logged", "sampling");
            Map::from_iter([("sample_id".to_owned(), json!(case.id))])
        }
    };
    let id = intake.case(case, &place)?;
    let sampled = match sample.sampled {
        Some(Value::Array(items)) if items.len() == 1 => items.into_iter().next(),
        other => other,
    };
    let mut answer = match (sample.error, sampled) {
        (Some(error), _) => Answer::failed(id, target.to_owned(), error),
        (None, Some(value)) => {
            let value = if value.get("content").is_some() { json!(content(&value["content"])) } else { value };
            Answer::of(id, target.to_owned(), Output { value, ..Output::default() })
        }
        (None, None) => Answer::failed(id, target.to_owned(), "no answer was logged".to_owned()),
    };
    // Of several calls the first one is the answer's, the others are a judge's.
    intake.lose_many("a call beside the answer's own", "sampling", sample.calls.saturating_sub(1));
    answer.started_us = sample.started_us;
    for score in sample.scores {
        answer.score(score);
    }
    intake.answer(answer, None, &place)
}
