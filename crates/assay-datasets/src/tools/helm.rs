//! HELM: run folders.
//!
//! A run folder has `run_spec.json` (name, adapter, model), `scenario_state.json` (requests and what came back) and
//! `per_instance_stats.json` (`helm/benchmark/runner.py`). A case is an instance, with `id`, input, references (those
//! tagged `correct` are what is expected), split and perturbation; the target is the adapter's model. The scores of an
//! instance are joined by instance, perturbation and train trial; they take 16 bytes each while a run is read. Few-shot
//! trials are epochs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use assay_core::{Case, Finish, Output};
use serde_json::{Value, json};

use super::Answer;
use super::intake::{Intake, from_seconds};
use super::json::{self, EACH, Want, at, walk, whole};
use super::record::{Record, count, number, score, text};
use crate::DatasetError;

const STATE: &str = "scenario_state.json";

/// Reads a run folder, or all run folders below one.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let runs = if path.is_file() { vec![super::documents::folder(path).to_owned()] } else { run_folders(path)? };
    if runs.is_empty() {
        return Err(DatasetError::new(at(path, None), format!("no folder here has a `{STATE}`"))
            .help("point at a run folder, such as `benchmark_output/runs/SUITE/RUN`"));
    }
    for run in &runs {
        import_run(run, runs.len() > 1, intake)?;
    }
    Ok(())
}

/// Folders that hold a run, at most three levels down (`runs/SUITE/RUN`).
fn run_folders(path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut found = Vec::new();
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if folder.join(STATE).is_file() {
            found.push(folder);
            continue;
        }
        if depth == 3 {
            continue;
        }
        let entries = std::fs::read_dir(&folder).map_err(|error| json::failed(&folder, &error))?;
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Scores by instance, perturbation and trial: the number of the metric's name, and its mean.
#[derive(Default)]
struct Stats {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    by_instance: HashMap<String, Vec<(u32, f64)>>,
}

fn key(instance: &str, perturbation: &str, trial: u64) -> String {
    format!("{instance}\0{perturbation}\0{trial}")
}

fn perturbation(value: Option<&Value>) -> String {
    // The computed fields of a perturbation follow from its name and parameters.
    value.filter(|value| !value.is_null()).map(ToString::to_string).unwrap_or_default()
}

fn read_stats(path: &Path, intake: &mut Intake<'_>) -> Result<Stats, DatasetError> {
    let mut stats = Stats::default();
    if !path.is_file() {
        intake.lose("scores (the file is missing)", "per_instance_stats.json");
        return Ok(stats);
    }
    let want = |path: &[String]| if path.is_empty() { Want::Enter } else { Want::Take };
    walk(path, json::open(path)?, &want, &mut |_, value, place| {
        let mut record = Record::new(value, place)?;
        let id = text(&record.need("instance_id")?);
        let perturbation = perturbation(record.take(&["perturbation"]).as_ref());
        let trial = record.count(&["train_trial_index"]).unwrap_or(0);
        let mut values = Vec::new();
        for stat in record.list(&["stats"]) {
            let Some(name) = stat.pointer("/name/name").map(text) else { continue };
            let count = stat.get("count").and_then(count).unwrap_or(0);
            let mean = stat.get("mean").or_else(|| stat.get("sum")).and_then(number);
            let (Some(mean), true) = (mean, count > 0) else { continue };
            let next = stats.names.len() as u32;
            let number = *stats.numbers.entry(name.clone()).or_insert_with(|| {
                stats.names.push(name);
                next
            });
            values.push((number, mean));
        }
        stats.by_instance.entry(key(&id, &perturbation, trial)).or_default().extend(values);
        Ok(())
    })?;
    Ok(stats)
}

fn import_run(run: &Path, several: bool, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let spec_path = run.join("run_spec.json");
    let spec = if spec_path.is_file() { whole(&spec_path, json::open(&spec_path)?)? } else { Value::Null };
    let name = spec.get("name").map(text).unwrap_or_default();
    let mut model = spec.pointer("/adapter_spec/model").map(text);
    let mut stats = read_stats(&run.join("per_instance_stats.json"), intake)?;
    let state = run.join(STATE);
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] if key == "request_states" => Want::Enter,
        [key] if key == "adapter_spec" => Want::Take,
        [key, each] if key == "request_states" && each == EACH => Want::Take,
        _ => Want::Skip,
    };
    // The task of the name `mmlu:subject=x,model=y` names the cases, so that models share them.
    let task: String = name.split(',').filter(|part| !part.contains("model=")).collect::<Vec<_>>().join(",");
    walk(&state, json::open(&state)?, &want, &mut |at, value, place| {
        if at.len() == 1 {
            model = model.take().or_else(|| value.get("model").map(text));
            return Ok(());
        }
        let record = Record::new(value, place)?;
        request(record, &task, several, model.as_deref(), &mut stats, intake)
    })?;
    let left = stats.by_instance.len() as u64;
    intake.lose_many("scores of an instance that no request is for", "per_instance_stats.json", left);
    Ok(())
}

fn request(
    mut record: Record,
    task: &str,
    several: bool,
    model: Option<&str>,
    stats: &mut Stats,
    intake: &mut Intake<'_>,
) -> Result<(), DatasetError> {
    let place = record.place.clone();
    let mut instance = Record::new(record.need("instance")?, place.clone())?;
    let id = text(&instance.need("id")?);
    let changed = instance.take(&["perturbation"]);
    let perturbed = perturbation(changed.as_ref());
    let mut case = Case { weight: 1.0, ..Case::default() };
    case.id = match changed.as_ref().and_then(|changed| changed.get("name")) {
        Some(name) => format!("{id}/{}", text(name)),
        None => id.clone(),
    };
    if several && !task.is_empty() {
        case.id = format!("{task}/{}", case.id);
    }
    if !task.is_empty() {
        case.metadata.insert("run".into(), json!(task));
    }
    case.cluster = changed.is_some().then(|| id.clone());
    if let Some(changed) = changed {
        case.metadata.insert("perturbation".into(), changed);
    }
    if let Some(split) = instance.take(&["split"]) {
        case.metadata.insert("split".into(), split);
    }
    match instance.need("input")? {
        Value::Object(mut input) => {
            let text = input.remove("text").or_else(|| input.remove("messages")).unwrap_or_default();
            case.inputs.insert("input".into(), text);
            case.inputs.extend(input.into_iter().filter(|(_, value)| !value.is_null()));
        }
        other => drop(case.inputs.insert("input".into(), other)),
    }
    let references = instance.list(&["references"]);
    let said = |reference: &Value| reference.pointer("/output/text").or_else(|| reference.get("output")).cloned();
    let correct = |reference: &&Value| {
        reference.get("tags").and_then(Value::as_array).is_some_and(|tags| tags.iter().any(|tag| tag == "correct"))
    };
    let right: Vec<Value> = references.iter().filter(correct).filter_map(said).collect();
    if references.len() > right.len() {
        case.inputs.insert("choices".into(), references.iter().filter_map(said).collect());
    }
    case.expected = match right.len() {
        0 => None,
        1 => right.into_iter().next(),
        _ => Some(Value::Array(right)),
    };
    case.metadata.extend(instance.rest());
    // Ranking by probability asks one request for each reference; only the first is an answer.
    if record.count(&["reference_index"]).is_some_and(|index| index > 0) {
        intake.lose("a request about a further reference", "reference_index");
        return Ok(());
    }
    let case_id = intake.case(case, &place)?;
    let trial = record.count(&["train_trial_index"]).unwrap_or(0);
    let asked = record.object(&["request"]);
    let target =
        model.map(str::to_owned).or_else(|| asked.get("model").map(text)).unwrap_or_else(|| "model".to_owned());
    let mut result = Record { fields: record.object(&["result"]), place: place.clone() };
    let success = result.take(&["success"]).is_none_or(|success| success != false);
    let mut answer = if success {
        let first = result.list(&["completions"]).into_iter().next().unwrap_or_default();
        let mut output = Output { value: first.get("text").cloned().unwrap_or_default(), ..Output::default() };
        let reason = first.get("finish_reason").and_then(|reason| reason.get("reason").or(Some(reason)));
        output.finish = reason.and_then(Value::as_str).map(Finish::from_reason);
        if let Some(mapping) = record.take(&["output_mapping"]) {
            let mapped = output.value.as_str().and_then(|letter| mapping.get(letter.trim())).cloned();
            if let Some(mapped) = mapped {
                output.metadata.insert("mapped".into(), mapped);
            }
        }
        Answer::of(case_id, target, output)
    } else {
        let message = result.text(&["error"]).unwrap_or_else(|| "the request failed".to_owned());
        Answer::failed(case_id, target, message)
    };
    answer.latency_us = result.number(&["request_time"]).and_then(from_seconds);
    answer.started_us =
        result.number(&["request_datetime"]).and_then(from_seconds).and_then(|us| i64::try_from(us).ok());
    if let Some(prompt) = asked.get("prompt").or_else(|| asked.get("messages"))
        && let assay_core::Outcome::Ok { output } = &mut answer.outcome
    {
        output.metadata.insert("prompt".into(), prompt.clone());
    }
    for (number, mean) in stats.by_instance.remove(&key(&id, &perturbed, trial)).unwrap_or_default() {
        answer.score(score(&stats.names[number as usize], &json!(mean)));
    }
    intake.answer(answer, Some(u32::try_from(trial).unwrap_or(u32::MAX)), &place)
}
