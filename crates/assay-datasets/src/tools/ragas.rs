//! Ragas: rows of an `EvaluationDataset`, and of a result's table.
//!
//! A row has `user_input`, `retrieved_contexts`, `reference_contexts`, `response`, `reference`, `rubrics` and the `_ids`
//! of both kinds of contexts (`ragas/dataset_schema.py`, `SingleTurnSample`); the older names `question`, `contexts`,
//! `answer` and `ground_truth` are read as well. With `user_input` as a list of messages it is a `MultiTurnSample`.
//! Further columns of numbers are what `EvaluationResult.to_pandas` adds: scores of the target `response`.

use std::path::Path;

use assay_core::{Case, Output, Passage};
use serde_json::{Map, Value, json};

use super::Answer;
use super::chat::tool_calls;
use super::documents::records;
use super::intake::Intake;
use super::record::{self, Record, is_empty, text};
use crate::DatasetError;

/// Reads rows.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    records(path, &["samples", "data"], &mut |_, _| Ok(()), &mut |record| row(record, intake))
}

fn row(mut record: Record, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let place = record.place.clone();
    let mut case = Case { weight: 1.0, ..Case::default() };
    case.id = record.text(&["id", "sample_id"]).unwrap_or_else(|| intake.number());
    let input = record.take(&["user_input", "question"]).map(cell);
    let input = input.ok_or_else(|| record.wrong("`user_input` is missing"))?;
    let mut called = Vec::new();
    match input {
        Value::Array(mut messages) => {
            // What the system said last is what is evaluated; everything before it is what it was asked.
            let answered = messages.iter().rposition(|message| role(message) != "ai").map_or(0, |last| last + 1);
            let said = messages.split_off(answered);
            for message in messages.iter().chain(&said) {
                called.extend(tool_calls(message.get("tool_calls"), intake));
            }
            if !messages.is_empty() {
                case.inputs.insert("messages".into(), Value::Array(messages));
            }
            if let Some(last) = said.last() {
                let answer = last.get("content").cloned().unwrap_or_default();
                case.recorded.insert("output".into(), json!({"output": answer, "tool_calls": called}));
                if said.len() > 1 {
                    intake.lose("answers before the last one", "user_input");
                }
            }
        }
        input => {
            case.inputs.insert("user_input".into(), input);
        }
    }
    case.expected = record.take(&["reference", "ground_truth", "ground_truths"]).map(cell);
    if let Some(calls) = record.take(&["reference_tool_calls"]).map(cell).filter(|calls| !is_empty(calls)) {
        let calls = json!(tool_calls(Some(&calls), intake));
        if case.expected.is_none() {
            case.expected = Some(json!({"tool_calls": calls}));
        } else {
            case.metadata.insert("reference_tool_calls".into(), calls);
        }
    }
    let texts = record.take(&["reference_contexts"]);
    let ids = record.take(&["reference_context_ids"]);
    case.contexts = passages(texts, ids, intake).unwrap_or_default();
    let texts = record.take(&["retrieved_contexts", "contexts"]);
    let ids = record.take(&["retrieved_context_ids"]);
    let retrieved = passages(texts, ids, intake);
    let response = record.take(&["response", "answer"]);
    for name in
        ["rubrics", "rubric", "reference_topics", "multi_responses", "persona_name", "query_style", "query_length"]
    {
        if let Some(value) = record.take(&[name]).map(cell).filter(|value| !is_empty(value)) {
            case.metadata.insert(name.to_owned(), value);
        }
    }
    // Only results have columns of numbers beside these.
    let mut scores = Vec::new();
    let mut others = Vec::new();
    for (name, value) in std::mem::take(&mut record.fields) {
        let is_score = response.is_some() && (record::number(&value).is_some() || value == "NaN");
        if is_score {
            scores.push(record::score(&name, &value));
        } else if !is_empty(&value) {
            others.push((name, value));
        }
    }
    case.metadata.extend(others);
    match response {
        Some(response) if !scores.is_empty() => {
            let output = Output { value: response, contexts: retrieved, ..Output::default() };
            let id = intake.row(case, &place)?;
            let mut answer = Answer::of(id, "response".to_owned(), output);
            answer.scores = scores;
            intake.answer(answer, None, &place)
        }
        Some(response) => {
            let mut recorded = Map::new();
            recorded.insert("output".into(), response);
            if let Some(retrieved) = retrieved {
                recorded.insert("contexts".into(), json!(retrieved));
            }
            case.recorded.insert("output".into(), Value::Object(recorded));
            intake.row(case, &place).map(drop)
        }
        None => {
            if let Some(retrieved) = retrieved {
                case.metadata.insert("retrieved_contexts".into(), json!(retrieved));
            }
            intake.row(case, &place).map(drop)
        }
    }
}

fn role(message: &Value) -> String {
    message.get("type").or_else(|| message.get("role")).map(text).unwrap_or_default()
}

/// A cell of a CSV holds lists and objects as JSON or, as pandas writes them, as Python text.
fn cell(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with(['[', '{']) => match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(_) => python_list(&text).unwrap_or(Value::String(text)),
        },
        other => other,
    }
}

/// `['a', "b"]` as Python's `repr` writes a list of texts.
fn python_list(text: &str) -> Option<Value> {
    let mut rest = text.strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut items = Vec::new();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| *c == '\'' || *c == '"')?;
        let mut item = String::new();
        let mut characters = rest[1..].char_indices();
        let end = loop {
            match characters.next()? {
                (at, c) if c == quote => break at + 2,
                (_, '\\') => match characters.next()?.1 {
                    'n' => item.push('\n'),
                    't' => item.push('\t'),
                    'r' => item.push('\r'),
                    c @ ('\\' | '\'' | '"') => item.push(c),
                    _ => return None,
                },
                (_, c) => item.push(c),
            }
        };
        items.push(Value::String(item));
        rest = rest[end..].trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(Value::Array(items))
}

fn passages(texts: Option<Value>, ids: Option<Value>, intake: &mut Intake<'_>) -> Option<Vec<Passage>> {
    let list = |value: Option<Value>| match value.map(cell) {
        None => None,
        Some(Value::Array(items)) => Some(items),
        Some(other) => Some(vec![other]),
    };
    let (texts, ids) = (list(texts), list(ids));
    if texts.is_none() && ids.is_none() {
        return None;
    }
    let (texts, ids) = (texts.unwrap_or_default(), ids.unwrap_or_default());
    if !ids.is_empty() && !texts.is_empty() && ids.len() != texts.len() {
        intake.lose("ids of contexts that are not as many as the contexts", "context_ids");
        return Some(texts.iter().filter_map(Passage::from_value).collect());
    }
    let length = texts.len().max(ids.len());
    let one = |i: usize| Passage { id: ids.get(i).map(text), text: texts.get(i).map(text), score: None };
    Some((0..length).map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_python_writes_them() {
        assert_eq!(python_list("['a', \"it's\", 'x\\n\\'y']"), Some(json!(["a", "it's", "x\n'y"])));
        assert_eq!(python_list("[]"), Some(json!([])));
        assert_eq!(python_list("['a"), None);
        assert_eq!(python_list("[1]"), None);
    }
}
