//! lm-evaluation-harness: sample logs, results, simple task files.
//!
//! `samples_<task>_<date>.jsonl` has one line for each document and filter: `doc_id, doc, target, arguments, resps,
//! filtered_resps, filter, metrics` and one key for each metric (`lm_eval/loggers/evaluation_tracker.py`). The filters of
//! a document are scores of one answer, named `metric,filter` as in the results table; their lines stand in different
//! parts of the file, and are brought together by their place in it. `results_<date>.json` beside it names the model,
//! which is the target. A document's `doc` becomes its inputs `prompt` (what the model was given) and `doc`.
//!
//! A task's YAML gives prompts and metrics for a suite, and cases where it reads local files. `!function` names Python,
//! which nobody runs here.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use assay_core::{Case, Output, Template};
use serde_json::{Value, json};

use super::documents::{Shape, folder, inside, records, shape, yaml_file};
use super::intake::Intake;
use super::json::{self, Lines, Want, at, shown, walk};
use super::record::{Record, score, text};
use super::{Answer, SuiteParts};
use crate::{DatasetError, Place};

/// Reads a samples file, an output folder (or one of its results files), or a task file.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    if path.is_dir() {
        let files = sample_files(path)?;
        if files.is_empty() {
            return Err(DatasetError::new(at(path, None), "the folder holds no `samples_*.jsonl`")
                .help("run lm_eval with `--log_samples`"));
        }
        for file in files {
            samples(&file, intake)?;
        }
        return Ok(());
    }
    match shape(path)? {
        Shape::Yaml => task(path, intake),
        Shape::Json => {
            // A results file has only means: the samples beside it have the rest.
            let date = date_of(path);
            let files: Vec<PathBuf> = sample_files(folder(path))?
                .into_iter()
                .filter(|file| date.is_some() && date_of(file) == date)
                .collect();
            if files.is_empty() {
                return Err(DatasetError::new(at(path, None), "the results have no samples beside them")
                    .help("run lm_eval with `--log_samples`; means alone cannot be compared case by case"));
            }
            for file in files {
                samples(&file, intake)?;
            }
            Ok(())
        }
        _ => samples(path, intake),
    }
}

fn sample_files(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    Ok(crate::rows::files_of(folder)?.into_iter().filter(|file| name(file).starts_with("samples_")).collect())
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The date at the end of `samples_<task>_<date>.jsonl` and `results_<date>.json`.
fn date_of(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let date = stem.rsplit('_').next()?;
    date.starts_with(|c: char| c.is_ascii_digit()).then(|| date.to_owned())
}

fn task_of(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let task = stem.strip_prefix("samples_").unwrap_or(&stem);
    match (task.rsplit_once('_'), date_of(path)) {
        (Some((task, _)), Some(_)) => task.to_owned(),
        _ => task.to_owned(),
    }
}

/// Model and version from the results file of the same date.
fn results_of(samples: &Path, intake: &mut Intake<'_>) -> Result<Option<String>, DatasetError> {
    let Some(date) = date_of(samples) else { return Ok(None) };
    let path = folder(samples).join(format!("results_{date}.json"));
    if !path.is_file() {
        return Ok(None);
    }
    let mut model = None;
    let mut arguments = None;
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] if key == "config" => Want::Enter,
        [key] if ["model_name", "lm_eval_version", "model_source"].contains(&key.as_str()) => Want::Take,
        [key, inner] if key == "config" && ["model", "model_args"].contains(&inner.as_str()) => Want::Take,
        _ => Want::Skip,
    };
    walk(&path, json::open(&path)?, &want, &mut |at, value, _| {
        match at {
            [key] if key == "lm_eval_version" => intake.version = Some(text(&value)),
            [key] if key == "model_name" && value.as_str().is_some_and(|name| !name.is_empty()) => {
                model = Some(text(&value))
            }
            [_, inner] if inner == "model" && model.is_none() => model = Some(text(&value)),
            [_, inner] if inner == "model_args" => {
                // Older versions write `pretrained=gpt2,dtype=float`, newer ones an object.
                let named = match &value {
                    Value::Object(fields) => ["pretrained", "model"].iter().find_map(|key| fields.get(*key)).map(text),
                    Value::String(list) => list
                        .split(',')
                        .find_map(|part| part.strip_prefix("pretrained=").or_else(|| part.strip_prefix("model=")))
                        .map(str::to_owned),
                    _ => None,
                };
                arguments = named;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(arguments.or(model))
}

/// Where the lines of a document are: by its identity, the offsets of all filters but the first.
type Others = HashMap<String, Vec<u64>>;

fn samples(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let target = results_of(path, intake)?.unwrap_or_else(|| "model".to_owned());
    let task = task_of(path);
    let mut first = None;
    let mut others: Others = HashMap::new();
    let mut several = false;
    for line in Lines::open(path)? {
        let (offset, value, _) = line?;
        let filter = value.get("filter").map(text).unwrap_or_default();
        if first.is_none() {
            first = Some(filter);
        } else if first.as_ref() != Some(&filter) {
            several = true;
            others.entry(identity(&value)).or_default().push(offset);
        }
    }
    let first = first.unwrap_or_default();
    for line in Lines::open(path)? {
        let (_, value, place) = line?;
        if several && value.get("filter").map(text).unwrap_or_default() != first {
            continue;
        }
        let identity = identity(&value);
        let mut answer = sample(value, &place, &task, &target, intake)?;
        let mut rest = Vec::new();
        for offset in others.remove(&identity).unwrap_or_default() {
            let mut file = json::open(path)?;
            file.seek(SeekFrom::Start(offset)).map_err(|error| json::failed(path, &error))?;
            let mut lines: Lines<File> = Lines::new(path, file);
            if let Some(line) = lines.next() {
                rest.push(line?.1);
            }
        }
        for other in rest {
            scores(&mut Record::new(other, place.clone())?, &mut answer, intake);
        }
        intake.answer(answer, None, &place)?;
    }
    // A document that the first filter does not have cannot come from the tool, which runs every filter on all.
    intake.lose_many("a sample that the first filter does not have", &name(path), others.len() as u64);
    Ok(())
}

fn identity(sample: &Value) -> String {
    let of = |key: &str| sample.get(key).map(text).unwrap_or_default();
    format!("{}\0{}\0{}", of("doc_id"), of("doc_hash"), of("prompt_hash"))
}

fn sample(
    value: Value,
    place: &Place,
    task: &str,
    target: &str,
    intake: &mut Intake<'_>,
) -> Result<Answer, DatasetError> {
    let mut record = Record::new(value, place.clone())?;
    let mut case = Case { weight: 1.0, ..Case::default() };
    let doc = record.need("doc")?;
    case.id = format!("{task}/{}", record.need("doc_id").map(|id| text(&id))?);
    case.metadata.insert("task".into(), json!(task));
    let calls = prompts(record.take(&["arguments"]));
    let continuations: Vec<Value> =
        calls.iter().filter_map(|call| call.get(1)).filter(|c| c.is_string()).cloned().collect();
    if let Some(prompt) = calls.first().and_then(|call| call.first()) {
        case.inputs.insert("prompt".into(), prompt.clone());
    }
    if continuations.len() > 1 {
        case.inputs.insert("choices".into(), Value::Array(continuations.clone()));
    }
    case.inputs.insert("doc".into(), doc);
    case.expected = record.take(&["target"]);
    for key in ["doc_hash", "prompt_hash", "target_hash"] {
        if let Some(hash) = record.take(&[key]) {
            case.metadata.insert(key.into(), hash);
        }
    }
    let id = intake.case(case, place)?;
    let responses = record.take(&["resps"]).unwrap_or_default();
    let mut output = Output { value: answer_of(&responses, &continuations), ..Output::default() };
    if continuations.len() > 1 || responses.as_array().is_some_and(|list| list.len() > 1) {
        output.metadata.insert("resps".into(), responses);
    }
    let mut answer = Answer::of(id, target.to_owned(), output);
    scores(&mut record, &mut answer, intake);
    for (key, _) in record.rest() {
        intake.lose("a field of a sample", &shown(&key));
    }
    Ok(answer)
}

/// The calls made for a document, each the list of its arguments. Versions write them as `{"gen_args_0": {"arg_0": …}}`
/// or as lists.
fn prompts(arguments: Option<Value>) -> Vec<Vec<Value>> {
    let inner = |call: Value| match call {
        Value::Object(fields) => fields.into_iter().map(|(_, value)| value).collect(),
        Value::Array(items) => items,
        other => vec![other],
    };
    match arguments {
        Some(Value::Object(calls)) => calls.into_iter().map(|(_, call)| inner(call)).collect(),
        Some(Value::Array(calls)) => calls.into_iter().map(inner).collect(),
        _ => Vec::new(),
    }
}

/// What the model gave: its text, or, where continuations were ranked by likelihood, the likeliest one.
fn answer_of(responses: &Value, continuations: &[Value]) -> Value {
    let list = responses.as_array().map(Vec::as_slice).unwrap_or_default();
    if continuations.len() > 1 {
        let likelihood = |response: &Value| {
            let pair = response.get(0).filter(|inner| inner.is_array()).unwrap_or(response);
            pair.get(0).and_then(super::record::number).unwrap_or(f64::NEG_INFINITY)
        };
        let best = list
            .iter()
            .take(continuations.len())
            .enumerate()
            .max_by(|a, b| likelihood(a.1).total_cmp(&likelihood(b.1)));
        return best.map(|(i, _)| continuations[i].clone()).unwrap_or_default();
    }
    match list {
        [one] => match one {
            Value::Array(repeats) if repeats.len() == 1 => repeats[0].clone(),
            other => other.clone(),
        },
        _ => responses.clone(),
    }
}

/// The metrics of one filter.
fn scores(record: &mut Record, answer: &mut Answer, intake: &mut Intake<'_>) {
    let filter = record.text(&["filter"]).unwrap_or_else(|| "none".to_owned());
    let filtered = record.take(&["filtered_resps"]);
    if let (Some(filtered), assay_core::Outcome::Ok { output }) = (filtered, &mut answer.outcome)
        && output.metadata.get("resps").is_none()
    {
        let key = format!("filtered,{filter}");
        let filtered = match filtered {
            Value::Array(mut items) if items.len() == 1 => items.remove(0),
            other => other,
        };
        if filtered != output.value {
            output.metadata.insert(key, filtered);
        }
    }
    for metric in record.list(&["metrics"]) {
        let metric = text(&metric);
        let Some(value) = record.take(&[&metric]) else {
            intake.lose("a metric without a value", &shown(&metric));
            continue;
        };
        // Corpus metrics have what they are computed from, not a number.
        if value.is_array() || value.is_object() {
            intake.lose("the parts of a corpus metric", &shown(&metric));
        } else {
            answer.score(score(&format!("{metric},{filter}"), &value));
        }
    }
}

fn task(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let (value, source) = yaml_file(path)?;
    let line = Some(1);
    let place = Place { file: path.to_owned(), line };
    let mut record = Record::new(value, place)?;
    let functions = source.text.matches("!function").count();
    intake.lose_many("a Python function", "!function", functions as u64);
    let mut parts =
        SuiteParts { name: record.text(&["task"]).unwrap_or_else(|| task_of(path)), ..SuiteParts::default() };
    parts.description = record.text(&["task_alias"]);
    if let Some(prompt) = record.text(&["doc_to_text"]) {
        parts.prompts.push(prompt);
    }
    let target = record.text(&["doc_to_target"]);
    for metric in record.list(&["metric_list"]) {
        let name = metric.get("metric").map(text).unwrap_or_default();
        let flag = |key: &str| metric.get(key).and_then(Value::as_bool).unwrap_or(false);
        match name.as_str() {
            "exact_match" if flag("ignore_punctuation") => parts.scorer(json!("squad-em")),
            "exact_match" if flag("ignore_case") => parts.scorer(json!({"equals": {"ignore_case": true}})),
            "exact_match" => parts.scorer(json!("equals")),
            "bleu" => parts.scorer(json!("bleu")),
            "chrf" => parts.scorer(json!("chrf")),
            "ter" => parts.scorer(json!("ter")),
            _ => intake.lose("a metric that Assay does not have", &shown(&name)),
        }
    }
    let files = data_files(&mut record);
    match record.text(&["dataset_path"]) {
        Some(kind) if ["json", "csv", "parquet"].contains(&kind.as_str()) && !files.is_empty() => {
            let splits = ["test_split", "validation_split"].iter().find_map(|key| record.text(&[key]));
            for (split, file) in files {
                if split.is_some() && splits.is_some() && split != splits {
                    intake.lose("a file of another split", &shown(&file));
                    continue;
                }
                let file = inside(folder(path), &file, &record.place)?;
                documents(&file, target.as_deref(), &parts.name, intake)?;
            }
        }
        Some(dataset) => parts.dataset = Some(dataset),
        None => {}
    }
    for (key, _) in record.rest() {
        if !["metadata", "output_type", "training_split", "fewshot_split", "test_split", "validation_split"]
            .contains(&key.as_str())
        {
            intake.lose("a field of the task", &shown(&key));
        }
    }
    intake.suite = Some(parts);
    Ok(())
}

/// `dataset_kwargs: {data_files: file | [files] | {split: file | [files]}}`.
fn data_files(record: &mut Record) -> Vec<(Option<String>, String)> {
    let mut arguments = record.object(&["dataset_kwargs"]);
    let list = |split: Option<&str>, value: Value| -> Vec<(Option<String>, String)> {
        let items = match value {
            Value::Array(items) => items,
            other => vec![other],
        };
        items.iter().map(|file| (split.map(str::to_owned), text(file))).collect()
    };
    match arguments.remove("data_files") {
        None => Vec::new(),
        Some(Value::Object(splits)) => {
            splits.into_iter().flat_map(|(split, value)| list(Some(&split), value)).collect()
        }
        Some(value) => list(None, value),
    }
}

fn documents(file: &Path, target: Option<&str>, task: &str, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    // `answer` names a column, `{{answer}}` is a template over the document.
    let template = target.filter(|target| target.contains("{{") || target.contains("{%")).map(Template::new);
    let template = template.transpose().map_err(|error| DatasetError::new(at(file, None), error.to_string()))?;
    records(file, &["data", "rows"], &mut |_, _| Ok(()), &mut |record| {
        let mut case = Case { id: format!("{task}/{}", intake.number()), weight: 1.0, ..Case::default() };
        case.metadata.insert("task".into(), json!(task));
        case.expected = match (&template, target) {
            (Some(template), _) => {
                Some(template.evaluate(&record.fields).map_err(|error| record.wrong(error.to_string()))?)
            }
            (None, Some(column)) => record.fields.get(column).cloned(),
            (None, None) => None,
        };
        case.inputs = record.fields;
        intake.row(case, &record.place)?;
        Ok(())
    })
}
