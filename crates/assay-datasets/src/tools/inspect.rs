//! Inspect AI: `.eval` and `.json` logs, datasets.
//!
//! A `.eval` file is a zip (`inspect_ai/log/_recorders/eval.py`): `header.json`, and one `samples/{id}_epoch_{n}.json` for
//! each sample. Members are compressed with zstd (method 93, several frames in one member) or deflate, and are found
//! through the central directory only: where a name occurs twice the last one counts. The log of a run that goes on or
//! crashed has no header; `_journal/start.json` says then what was run. The `.json` form holds the same in one document
//! and is streamed. Texts longer than 100 characters stand as `attachment://<hash>` and are put back.
//!
//! A dataset is JSONL, JSON or CSV with `input, target, choices, id, metadata, sandbox, files, setup`
//! (`inspect_ai/dataset/_util.py`).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use assay_core::{Case, Finish, Money, Output, Score, Usage};
use serde_json::{Map, Value, json};
use zip::ZipArchive;

use super::Answer;
use super::chat::{content, inputs, tool_calls};
use super::documents::{START, Shape, records, shape, start};
use super::intake::{Intake, from_seconds, microseconds};
use super::json::{self, EACH, Want, at, walk, whole};
use super::record::{self, Record, count, is_empty, text};
use crate::DatasetError;

/// The most members of a log: each costs memory.
const MOST_MEMBERS: usize = 5_000_000;
/// The most bytes that one member may expand to. Inspect's own largest samples are near 1 GB; what is read over is not
/// kept.
const LARGEST_MEMBER: u64 = 8 << 30;

/// Reads a log, a folder of logs, or a dataset.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    if path.is_dir() {
        let logs = logs_of(path)?;
        if logs.is_empty() {
            return Err(DatasetError::new(at(path, None), "the folder holds no `.eval` or `.json` log")
                .help("point at Inspect's log folder, `logs` by default"));
        }
        let several = logs.len() > 1;
        for log in logs {
            one_log(&log, several, intake)?;
        }
        return Ok(());
    }
    if is_log(path)? { one_log(path, false, intake) } else { dataset(path, intake) }
}

fn logs_of(path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut logs = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| json::failed(&folder, &error))?.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let file = entry.path();
            if kind.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|ending| ending == "eval" || ending == "json") && is_log(&file)? {
                logs.push(file);
            }
        }
    }
    logs.sort();
    Ok(logs)
}

/// Whether a file is a log, by how it begins.
pub(crate) fn is_log(path: &Path) -> Result<bool, DatasetError> {
    let start = start(path)?;
    if start.starts_with(b"PK\x03\x04") {
        return Ok(path.extension().is_none_or(|ending| ending != "xlsx" && ending != "ods"));
    }
    let head = String::from_utf8_lossy(&start[..start.len().min(START as usize)]);
    Ok(head.trim_start().starts_with('{')
        && head.contains("\"version\"")
        && head.contains("\"eval\"")
        && head.contains("\"task\""))
}

fn one_log(path: &Path, several: bool, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut magic = [0; 4];
    let zipped = json::open(path)?.read_exact(&mut magic).is_ok() && &magic == b"PK\x03\x04";
    if zipped { archive(path, several, intake) } else { document(path, several, intake) }
}

/// What a log says about all of its samples.
#[derive(Default)]
struct Header {
    task: String,
    model: String,
}

impl Header {
    fn read(eval: &Value, status: Option<&Value>, path: &Path, intake: &mut Intake<'_>) -> Self {
        if let Some(version) = eval.pointer("/packages/inspect_ai") {
            intake.version = Some(text(version));
        }
        if let Some(status) = status.and_then(Value::as_str).filter(|status| *status != "success") {
            let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            intake.lose(&format!("the rest of a run that ended as `{status}`"), &file);
        }
        let of = |key: &str| eval.get(key).map(text).unwrap_or_default();
        let model = of("model");
        Self { task: of("task"), model: if model.is_empty() { "model".to_owned() } else { model } }
    }
}

fn document(path: &Path, several: bool, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    // The header comes first, but nothing promises it: a pass of its own finds it wherever it is.
    let mut eval = Value::Null;
    let mut status = Value::Null;
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] if key == "eval" || key == "status" => Want::Take,
        _ => Want::Skip,
    };
    walk(path, json::open(path)?, &want, &mut |at, value, _| {
        if at[0] == "eval" {
            eval = value
        } else {
            status = value
        }
        Ok(())
    })?;
    let header = Header::read(&eval, Some(&status), path, intake);
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] if key == "samples" => Want::Enter,
        [key, each] if key == "samples" && each == EACH => Want::Parts(is_kept),
        _ => Want::Skip,
    };
    walk(path, json::open(path)?, &want, &mut |_, value, place| {
        sample(Record::new(value, place)?, &header, several, intake)
    })
}

/// The parts of a sample that are kept. Events repeat what the messages say, with timings.
fn is_kept(part: &str) -> bool {
    !["events", "events_data", "store", "timelines"].contains(&part)
}

fn archive(path: &Path, several: bool, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let bad = |error: zip::result::ZipError| {
        DatasetError::new(at(path, None), format!("not a readable zip: {error}"))
            .help("is the file complete? a log that is still being written is read after its first flush")
    };
    let mut zip = ZipArchive::new(BufReader::new(json::open(path)?)).map_err(bad)?;
    if zip.len() > MOST_MEMBERS {
        return Err(DatasetError::new(at(path, None), format!("the log has {} members", zip.len())));
    }
    let names: BTreeSet<String> =
        zip.file_names().map(|name| name.map(Cow::into_owned)).collect::<Result<_, _>>().map_err(bad)?;
    let header = if names.contains("header.json") {
        header_of(path, &mut zip, intake)?
    } else if names.contains("_journal/start.json") {
        let inside = path.join("_journal/start.json");
        let start = whole(&inside, zip.by_name("_journal/start.json").map_err(bad)?.take(LARGEST_MEMBER))?;
        Header::read(&start["eval"], Some(&json!("started")), path, intake)
    } else {
        return Err(DatasetError::new(at(path, None), "neither `header.json` nor `_journal/start.json` is in the zip")
            .help("is it an Inspect log?"));
    };
    let mut chunked = 0;
    for name in &names {
        let Some(rest) = name.strip_prefix("samples/") else { continue };
        if rest.contains('/') {
            // samples/{id}_epoch_{n}/…: the parts of a sample in pieces.
            chunked += u64::from(rest.ends_with("/sample.json"));
            continue;
        }
        if !rest.ends_with(".json") {
            continue;
        }
        let inside = path.join(name);
        let reader = zip.by_name(name).map_err(bad)?;
        walk(&inside, reader.take(LARGEST_MEMBER), &|_| Want::Parts(is_kept), &mut |_, value, place| {
            sample(Record::new(value, place)?, &header, several, intake)
        })?;
    }
    intake.lose_many("a sample that was stored in pieces", "samples/*/sample.json", chunked);
    Ok(())
}

/// The header without its results and per-sample reductions, which are computed again.
fn header_of(
    path: &Path,
    zip: &mut ZipArchive<BufReader<File>>,
    intake: &mut Intake<'_>,
) -> Result<Header, DatasetError> {
    let inside = path.join("header.json");
    let reader = zip.by_name("header.json").map_err(|error| DatasetError::new(at(&inside, None), error.to_string()))?;
    let mut eval = Value::Null;
    let mut status = Value::Null;
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] if key == "eval" || key == "status" => Want::Take,
        _ => Want::Skip,
    };
    walk(&inside, reader.take(LARGEST_MEMBER), &want, &mut |at, value, _| {
        match at {
            [key] if key == "eval" => eval = value,
            _ => status = value,
        }
        Ok(())
    })?;
    Ok(Header::read(&eval, Some(&status), path, intake))
}

fn sample(mut record: Record, header: &Header, several: bool, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let place = record.place.clone();
    let attachments: HashMap<String, String> = record
        .object(&["attachments"])
        .into_iter()
        .filter_map(|(hash, value)| match value {
            Value::String(text) => Some((hash, text)),
            _ => None,
        })
        .collect();
    if !attachments.is_empty() {
        for value in record.fields.values_mut() {
            attach(value, &attachments);
        }
    }
    let mut case = case_of(&mut record, header, several, intake)?;
    let epoch = record.count(&["epoch"]).unwrap_or(1).max(1) - 1;
    let epoch = u32::try_from(epoch).map_err(|_| record.wrong("the epoch is too large"))?;
    let messages = record.list(&["messages"]);
    let mut output = record.object(&["output"]);
    let error = record.take(&["error"]);
    let limit = record.take(&["limit"]);
    let scores = record.object(&["scores"]);
    let usage = record.object(&["model_usage"]);
    let started = record.text(&["started_at"]).and_then(|text| microseconds(&text));
    let seconds = record.number(&["working_time"]).or_else(|| record.number(&["total_time"]));
    for derived in
        ["uuid", "completed_at", "total_time", "role_usage", "turn_count", "error_retries", "model_fallbacks"]
    {
        record.take(&[derived]);
    }
    if record.take(&["invalidation"]).is_some_and(|value| value != false) {
        case.metadata.insert("invalidated".into(), json!(true));
    }
    case.metadata.extend(record.rest());
    let asked = case.inputs.get("messages").and_then(Value::as_array).map_or(1, Vec::len);
    let id = intake.case(case, &place)?;
    let mut answer = match &error {
        Some(error) => {
            let message = error.get("message").map_or_else(|| text(error), text);
            Answer::failed(id, header.model.clone(), message)
        }
        None => {
            let mut read = read_output(&mut output, &messages, intake);
            // A trajectory says more than its last answer.
            if messages.len() > asked + 1 {
                read.metadata.insert("messages".into(), Value::Array(messages));
            }
            if let Some(limit) = limit {
                read.metadata.insert("limit".into(), limit);
            }
            // Of an agent's many calls the sample's own sum counts.
            let own = usage.get(&header.model).map(usage_of);
            if let Some((own, cost)) = own.filter(|(own, _)| *own != Usage::default()) {
                read.usage = own;
                read.cost = cost;
            }
            Answer::of(id, header.model.clone(), read)
        }
    };
    answer.started_us = started;
    answer.latency_us = seconds.and_then(from_seconds);
    for (name, value) in scores {
        scores_of(&name, value, &mut answer, intake);
    }
    intake.answer(answer, Some(epoch), &place)
}

/// `attachment://<hash>` as what it stands for.
fn attach(value: &mut Value, attachments: &HashMap<String, String>) {
    match value {
        Value::String(text) => {
            let known = text.strip_prefix("attachment://").and_then(|hash| attachments.get(hash));
            if let Some(known) = known {
                text.clone_from(known);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| attach(item, attachments)),
        Value::Object(fields) => fields.values_mut().for_each(|value| attach(value, attachments)),
        _ => {}
    }
}

/// What a sample and a row of a dataset have in common.
fn case_of(record: &mut Record, header: &Header, several: bool, intake: &mut Intake<'_>) -> Result<Case, DatasetError> {
    let mut case = Case { weight: 1.0, ..Case::default() };
    case.id = record.text(&["id"]).filter(|id| !id.is_empty()).unwrap_or_else(|| intake.number());
    if !header.task.is_empty() {
        case.metadata.insert("task".into(), json!(header.task));
        if several {
            case.id = format!("{}/{}", header.task, case.id);
        }
    }
    match record.need("input")? {
        Value::Array(messages) => {
            // Ids and sources of messages differ from epoch to epoch, and are no part of the question.
            let plain = messages.into_iter().map(|mut message| {
                if let Some(fields) = message.as_object_mut() {
                    fields.retain(|key, value| key != "id" && key != "source" && !is_empty(value));
                }
                message
            });
            case.inputs = inputs(plain.collect());
        }
        input => drop(case.inputs.insert("input".into(), input)),
    }
    if let Some(choices) = record.take(&["choices"]).filter(|choices| !is_empty(choices)) {
        case.inputs.insert("choices".into(), choices);
    }
    case.expected = record.take(&["target"]).filter(|target| !is_empty(target) && target != "");
    match record.take(&["metadata"]) {
        Some(Value::Object(metadata)) => case.metadata.extend(metadata),
        // A cell of a CSV holds JSON.
        Some(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Object(metadata)) => case.metadata.extend(metadata),
            _ => drop(case.metadata.insert("metadata".into(), Value::String(text))),
        },
        _ => {}
    }
    for name in ["sandbox", "files", "setup"] {
        if let Some(value) = record.take(&[name]).filter(|value| !is_empty(value)) {
            intake.lose("what a sample's sandbox is made of (kept in metadata)", name);
            case.metadata.insert(name.to_owned(), value);
        }
    }
    Ok(case)
}

fn read_output(output: &mut Map<String, Value>, messages: &[Value], intake: &mut Intake<'_>) -> Output {
    let mut read = Output::default();
    let choice = output.get("choices").and_then(|choices| choices.get(0)).cloned().unwrap_or_default();
    read.value = match output.remove("completion") {
        Some(Value::String(text)) => Value::String(text),
        _ => Value::String(content(choice.pointer("/message/content").unwrap_or(&Value::Null))),
    };
    read.finish = choice.get("stop_reason").and_then(Value::as_str).map(Finish::from_reason);
    for message in messages.iter().filter(|message| message["role"] == "assistant") {
        read.tool_calls.extend(tool_calls(message.get("tool_calls"), intake));
    }
    if let Some(usage) = output.get("usage") {
        (read.usage, read.cost) = usage_of(usage);
    }
    read.version = output.get("model").filter(|model| !is_empty(model)).map(text);
    read
}

fn usage_of(usage: &Value) -> (Usage, Option<Money>) {
    let of = |key: &str| usage.get(key).and_then(count);
    let usage_read = Usage {
        input_tokens: of("input_tokens"),
        output_tokens: of("output_tokens"),
        cached_input_tokens: of("input_tokens_cache_read"),
        reasoning_tokens: of("reasoning_tokens"),
    };
    (usage_read, usage.get("total_cost").and_then(Value::as_f64).map(Money::from_dollars))
}

/// A scorer's value: `C`, `I`, `P` and `N` are 1, 0, 0.5 and 0 (`inspect_ai/scorer/_metric.py`, `value_to_float`); an
/// object is one score for each of its keys.
fn scores_of(name: &str, value: Value, answer: &mut Answer, intake: &mut Intake<'_>) {
    let explanation = value.get("explanation").and_then(Value::as_str).map(str::to_owned);
    let said = value.get("answer").and_then(Value::as_str).filter(|said| !said.is_empty()).map(str::to_owned);
    let mut finish = |mut score: Score| {
        if score.label.is_none() {
            score.label.clone_from(&said);
        }
        score.rationale.clone_from(&explanation);
        answer.score(score);
    };
    if value.get("history").and_then(Value::as_array).is_some_and(|edits| !edits.is_empty()) {
        intake.lose("the history of an edited score", "scores.history");
    }
    match value.get("value").unwrap_or(&Value::Null) {
        Value::Object(fields) => {
            for (key, value) in fields {
                finish(one_score(&format!("{name}/{key}"), value));
            }
        }
        Value::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                finish(one_score(&format!("{name}/{i}"), value));
            }
        }
        value => finish(one_score(name, value)),
    }
}

fn one_score(name: &str, value: &Value) -> Score {
    match value.as_str() {
        Some("C") => Score::binary(name, true),
        Some("I" | "N") => Score::binary(name, false),
        Some("P") => Score::scored(name, 0.5),
        Some(word) if ["yes", "true"].contains(&word.to_ascii_lowercase().as_str()) => Score::binary(name, true),
        Some(word) if ["no", "false"].contains(&word.to_ascii_lowercase().as_str()) => Score::binary(name, false),
        _ => record::score(name, value),
    }
}

fn dataset(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let in_table = shape(path)? == Shape::Table;
    records(path, &["samples"], &mut |_, _| Ok(()), &mut |mut record| {
        if in_table {
            // Cells hold lists and objects as JSON.
            for name in ["input", "target", "choices", "files", "sandbox"] {
                if let Some(Value::String(text)) = record.fields.get(name)
                    && text.starts_with(['[', '{'])
                    && let Ok(value) = serde_json::from_str(text)
                {
                    record.fields.insert(name.to_owned(), value);
                }
            }
        }
        let mut case = case_of(&mut record, &Header::default(), false, intake)?;
        let place = record.place.clone();
        case.metadata.extend(record.rest());
        intake.row(case, &place)?;
        Ok(())
    })
}
