//! Which tool wrote a file, by its content.

use std::path::Path;

use super::Tool;
use super::documents::{Shape, shape, start};
use super::json::{self, EACH, Want, at, walk};
use super::trec;
use crate::DatasetError;

/// Which tool wrote a file or folder.
pub(crate) fn detect(path: &Path) -> Result<Option<Tool>, DatasetError> {
    if path.is_dir() {
        return folder(path, 0);
    }
    let start = start(path)?;
    if start.starts_with(b"PK\x03\x04") {
        // Excel's tables are zips, too.
        let reader = std::io::BufReader::new(json::open(path)?);
        let is_log = zip::ZipArchive::new(reader).is_ok_and(|zip| {
            zip.file_names().flatten().any(|name| name == "header.json" || name.starts_with("_journal/"))
        });
        return Ok(is_log.then_some(Tool::Inspect));
    }
    if start.contains(&0) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&start);
    Ok(match shape(path)? {
        Shape::Lines => json_start(path, text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()),
        Shape::Json => json_start(path, &text),
        Shape::Table => table(&text),
        Shape::Yaml => match text.lines().find(|line| !line.trim().is_empty()) {
            Some(line) if trec::kind_of(path, line).is_some() => Some(Tool::TrecEval),
            _ => yaml(&text),
        },
    })
}

fn folder(path: &Path, depth: u32) -> Result<Option<Tool>, DatasetError> {
    let mut names = Vec::new();
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| json::failed(path, &error))?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        } else {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let any = |test: &dyn Fn(&str) -> bool| names.iter().any(|name| test(name));
    if any(&|name| name == "scenario_state.json") {
        return Ok(Some(Tool::Helm));
    }
    if any(&|name| name.starts_with("promptfooconfig.")) {
        return Ok(Some(Tool::Promptfoo));
    }
    if any(&|name| name.starts_with("samples_") && name.ends_with(".jsonl")) {
        return Ok(Some(Tool::LmEval));
    }
    if any(&|name| name.ends_with(".eval")) {
        return Ok(Some(Tool::Inspect));
    }
    names.sort();
    for name in &names {
        if let found @ Some(Tool::TrecEval | Tool::BatchJsonl | Tool::ChatJsonl | Tool::Inspect) =
            detect(&path.join(name))?
        {
            return Ok(found);
        }
    }
    folders.sort();
    if depth < 3 {
        for inner in folders {
            if let Some(tool) = folder(&inner, depth + 1)? {
                return Ok(Some(tool));
            }
        }
    }
    Ok(None)
}

/// The keys of a document and of its first record, as far as its start goes.
fn json_start(path: &Path, text: &str) -> Option<Tool> {
    let mut head: Vec<String> = Vec::new();
    let mut first: Vec<String> = Vec::new();
    {
        let (head, first) = (std::cell::RefCell::new(&mut head), std::cell::RefCell::new(&mut first));
        let want = |path: &[String]| match path {
            [] => Want::Enter,
            [key] if key != EACH => {
                head.borrow_mut().push(key.clone());
                let list = ["cases", "records", "samples", "testCases", "test_cases", "data", "goldens"];
                if list.contains(&key.as_str()) { Want::Enter } else { Want::Skip }
            }
            [.., each] if each == EACH => Want::Enter,
            [.., each, key] if each == EACH => {
                first.borrow_mut().push(key.clone());
                Want::Skip
            }
            _ => Want::Skip,
        };
        // Where the start ends the walk fails, which is no fault of the file.
        let _ = walk(path, text.as_bytes(), &want, &mut |_, _, _| Err(DatasetError::new(at(path, None), "enough")));
    }
    let has = |keys: &[&str]| keys.iter().all(|key| head.iter().any(|known| known == key));
    if has(&["version", "status", "eval"]) {
        return Some(Tool::Inspect);
    }
    if has(&["results", "config"]) && (has(&["evalId"]) || has(&["version"]) || has(&["shareableUrl"])) {
        return Some(Tool::Promptfoo);
    }
    if has(&["results", "configs"]) || has(&["results", "versions"]) {
        return Some(Tool::LmEval);
    }
    if has(&["adapter_spec", "request_states"]) {
        return Some(Tool::Helm);
    }
    if has(&["testCases"]) || has(&["testRunData"]) || has(&["test_cases"]) || has(&["goldens"]) {
        return Some(Tool::DeepEval);
    }
    if has(&["providers"]) || has(&["prompts", "tests"]) || has(&["targets", "tests"]) {
        return Some(Tool::Promptfoo);
    }
    if has(&["records", "dataset_id"]) {
        return Some(Tool::Mlflow);
    }
    let keys = if first.is_empty() { head } else { first };
    row(&keys.iter().map(String::as_str).collect::<Vec<_>>())
}

/// By the fields of one record.
fn row(keys: &[&str]) -> Option<Tool> {
    let has = |wanted: &[&str]| wanted.iter().all(|key| keys.contains(key));
    let any = |wanted: &[&str]| wanted.iter().any(|key| keys.contains(key));
    if has(&["doc_id", "doc", "resps"]) {
        Some(Tool::LmEval)
    } else if has(&["promptIdx", "testIdx"]) || has(&["gradingResult", "testCase"]) {
        Some(Tool::Promptfoo)
    } else if has(&["spec"]) {
        Some(Tool::OpenaiEvals)
    } else if has(&["custom_id"]) && any(&["body", "params", "response", "result"]) {
        Some(Tool::BatchJsonl)
    } else if any(&["dataset_record_id", "expectations"]) && has(&["inputs"]) && !has(&["expected_output"]) {
        Some(Tool::Mlflow)
    } else if has(&["user_input"]) || has(&["question", "ground_truth"]) {
        Some(Tool::Ragas)
    } else if has(&["scenario", "turns"])
        || (has(&["input"])
            && any(&["expected_output", "expectedOutput", "retrieval_context", "retrievalContext", "actual_output"]))
    {
        Some(Tool::DeepEval)
    } else if has(&["inputs"]) && any(&["expected_output", "evaluators"]) {
        Some(Tool::PydanticEvals)
    } else if has(&["vars"]) && any(&["assert", "description", "threshold"]) {
        Some(Tool::Promptfoo)
    } else if has(&["input", "ideal"]) {
        Some(Tool::OpenaiEvals)
    } else if has(&["input", "target"]) {
        Some(Tool::Inspect)
    } else if any(&["messages", "conversations"]) || has(&["prompt", "completion"]) {
        Some(Tool::ChatJsonl)
    } else {
        None
    }
}

fn table(text: &str) -> Option<Tool> {
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains('\t') { '\t' } else { ',' };
    let keys: Vec<&str> = header.split(delimiter).map(|cell| cell.trim().trim_matches('"')).collect();
    if keys.iter().any(|key| key.starts_with("__expected") || key.starts_with("__metadata:")) {
        return Some(Tool::Promptfoo);
    }
    row(&keys)
}

/// By the keys at the left margin.
fn yaml(text: &str) -> Option<Tool> {
    let keys: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '\t']))
        .filter_map(|line| Some(line.split_once(':')?.0.trim_start_matches("- ").trim_matches(['"', '\''])))
        .collect();
    let has = |key: &str| keys.contains(&key);
    if has("prompts") || has("providers") || has("targets") && has("tests") {
        Some(Tool::Promptfoo)
    } else if has("task") && (has("dataset_path") || has("doc_to_text") || has("include")) {
        Some(Tool::LmEval)
    } else if has("cases") && (has("evaluators") || text.contains("inputs:")) {
        Some(Tool::PydanticEvals)
    } else if text.contains("samples_jsonl:") && text.contains("class:") {
        Some(Tool::OpenaiEvals)
    } else if has("vars") || text.contains("\n  assert:") && text.contains("vars:") {
        Some(Tool::Promptfoo)
    } else {
        None
    }
}
