//! The datasets of other tools.
//!
//! What a tool has no place for is laid under `metadata.assay`, where the importer finds it again: ids, clusters, weights,
//! and inputs that had to be joined into one. A tool without metadata loses it, which the report says.

use std::path::Path;

use assay_core::{Case, Output};
use serde_json::{Map, Value, json};

use super::{Cases, failed, lines, place, whole};
use crate::losses::Losses;
use crate::tools::Tool;
use crate::tools::intake::BESIDE;
use crate::{DatasetError, Format, yaml};

pub(crate) fn write(
    tool: Tool,
    name: &str,
    cases: &mut Cases<'_>,
    out: &Path,
    overwrite: bool,
    losses: &mut Losses,
) -> Result<u64, DatasetError> {
    let format = Format::of(out);
    let one_of = |formats: &[Format]| match format {
        Some(format) if formats.contains(&format) => Ok(format),
        None => Ok(formats[0]),
        Some(_) => {
            let endings: Vec<_> = formats.iter().map(|format| format!("`.{}`", format.as_str())).collect();
            Err(DatasetError::new(place(out), format!("{tool} does not read this ending as a dataset"))
                .help(format!("end the name with {}", endings.join(" or "))))
        }
    };
    match tool {
        Tool::Promptfoo => {
            let format = one_of(&[Format::Yaml, Format::Jsonl, Format::Json])?;
            lines::write_with(format, cases, out, overwrite, |case| Ok(Some(promptfoo(case))))
        }
        Tool::Inspect => {
            let format = one_of(&[Format::Jsonl, Format::Json])?;
            lines::write_with(format, cases, out, overwrite, |case| Ok(Some(inspect(case))))
        }
        Tool::DeepEval => {
            let format = one_of(&[Format::Json, Format::Jsonl])?;
            lines::write_with(format, cases, out, overwrite, |case| Ok(Some(deepeval(case, losses))))
        }
        Tool::OpenaiEvals => {
            let format = one_of(&[Format::Jsonl])?;
            lines::write_with(format, cases, out, overwrite, |case| Ok(Some(openai_evals(case))))
        }
        Tool::Ragas => {
            let format = one_of(&[Format::Jsonl])?;
            lines::write_with(format, cases, out, overwrite, |case| Ok(Some(ragas(case, losses))))
        }
        Tool::Mlflow => {
            let format = one_of(&[Format::Jsonl, Format::Json])?;
            lines::write_with(format, cases, out, overwrite, |case| Ok(Some(mlflow(case, losses))))
        }
        Tool::ChatJsonl => {
            let format = one_of(&[Format::Jsonl])?;
            lines::write_with(format, cases, out, overwrite, |case| Ok(Some(chat(case, losses))))
        }
        Tool::PydanticEvals => match one_of(&[Format::Yaml, Format::Json])? {
            Format::Json => pydantic(name, cases, out, overwrite, true),
            _ => pydantic(name, cases, out, overwrite, false),
        },
        Tool::TrecEval => qrels(cases, out, overwrite, losses),
        Tool::LmEval | Tool::Helm | Tool::BatchJsonl => {
            Err(DatasetError::new(place(out), format!("{tool} has no dataset format of its own"))
                .help("write jsonl, which its tasks can read"))
        }
    }
}

/// What is asked, in the two ways that tools take it.
enum Question {
    Text(String),
    Messages(Vec<Value>),
}

/// The question of a case, and whether its inputs can be read back from it.
fn question(case: &Case) -> (Question, bool) {
    let inputs = &case.inputs;
    let text = |name: &str| inputs.get(name).and_then(Value::as_str);
    if let Some(Value::Array(messages)) = inputs.get("messages") {
        return (Question::Messages(messages.clone()), inputs.len() == 1);
    }
    if let (Some(system), Some(prompt)) = (text("system"), text("prompt")) {
        let messages = vec![json!({"role": "system", "content": system}), json!({"role": "user", "content": prompt})];
        return (Question::Messages(messages), inputs.len() == 2);
    }
    let mut texts = inputs.iter().filter(|(name, _)| *name != "choices");
    match (texts.next(), texts.next()) {
        (Some((name, Value::String(text))), None) => (Question::Text(text.clone()), name == "input"),
        _ => (Question::Text(Value::Object(inputs.clone()).to_string()), false),
    }
}

fn messages_of(question: Question) -> Vec<Value> {
    match question {
        Question::Messages(messages) => messages,
        Question::Text(text) => vec![json!({"role": "user", "content": text})],
    }
}

/// Takes what only Assay has; `also` adds what this tool cannot hold.
fn beside(case: &mut Case, also: &[(&str, Value)]) -> Option<Value> {
    let mut beside = Map::new();
    if let Some(cluster) = case.cluster.take() {
        beside.insert("cluster".into(), json!(cluster));
    }
    if case.weight != 1.0 {
        beside.insert("weight".into(), json!(case.weight));
    }
    if case.critical {
        beside.insert("critical".into(), json!(true));
    }
    for (name, value) in also {
        beside.insert((*name).to_owned(), value.clone());
    }
    (!beside.is_empty()).then_some(Value::Object(beside))
}

/// Metadata with what is laid beside it.
fn metadata(case: &mut Case, also: &[(&str, Value)]) -> Map<String, Value> {
    let beside = beside(case, also);
    let mut metadata = std::mem::take(&mut case.metadata);
    if let Some(beside) = beside {
        metadata.insert(BESIDE.into(), beside);
    }
    metadata
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a tool that only knows texts reads the expected output back as it is.
fn is_text(expected: Option<&Value>) -> bool {
    match expected {
        None | Some(Value::String(_)) => true,
        Some(Value::Array(items)) => items.iter().all(Value::is_string),
        Some(_) => false,
    }
}

/// The one recorded output, when there is one that can be read.
fn recorded(case: &Case) -> Option<Output> {
    let mut outputs = case.recorded.values();
    match (outputs.next(), outputs.next()) {
        (Some(value), None) => Output::from_reply(value.clone()).ok(),
        _ => None,
    }
}

fn promptfoo(mut case: Case) -> Value {
    let kept = match case.metadata.shift_remove("promptfoo") {
        Some(Value::Object(kept)) => kept,
        _ => Map::new(),
    };
    let mut test = Map::new();
    if let Some(description) = case.metadata.shift_remove("description") {
        test.insert("description".into(), description);
    }
    // Values that an import took out of the assertions are in them again.
    case.metadata.retain(|name, _| kept.is_empty() || !name.starts_with("assert_"));
    let output = recorded(&case);
    let asserts = match (kept.get("assert"), &case.expected) {
        (Some(asserts), _) => Some(asserts.clone()),
        // Any of them will do: the share that one of n gives is enough.
        (None, Some(Value::Array(items))) if items.len() > 1 => {
            let each: Vec<Value> = items.iter().map(|item| json!({"type": "equals", "value": item})).collect();
            Some(json!([{"type": "assert-set", "threshold": 1.0 / items.len() as f64, "assert": each}]))
        }
        (None, Some(Value::Array(items))) if items.len() == 1 => Some(json!([{"type": "equals", "value": items[0]}])),
        (None, Some(expected)) => Some(json!([{"type": "equals", "value": expected}])),
        (None, None) => None,
    };
    let mut also = vec![("id", json!(case.id))];
    if matches!(case.expected, Some(Value::Array(_))) {
        also.push(("expected", json!(case.expected)));
    }
    if !case.contexts.is_empty() {
        also.push(("contexts", json!(case.contexts)));
    }
    if !case.recorded.is_empty() {
        also.push(("recorded", json!(case.recorded)));
    }
    let metadata = metadata(&mut case, &also);
    let has_lists = case.inputs.values().any(Value::is_array);
    test.insert("vars".into(), Value::Object(case.inputs));
    if let Some(asserts) = asserts {
        test.insert("assert".into(), asserts);
    }
    let mut options = Map::new();
    for (name, value) in kept {
        match name.as_str() {
            "assert" => {}
            "threshold" | "provider" | "providers" | "prompts" | "assertScoringFunction" => {
                test.insert(name, value);
            }
            _ => drop(options.insert(name, value)),
        }
    }
    // A list is a value here, not one case for each item.
    if has_lists {
        options.insert("disableVarExpansion".into(), json!(true));
    }
    if !options.is_empty() {
        test.insert("options".into(), Value::Object(options));
    }
    if let Some(output) = output {
        test.insert("providerOutput".into(), output.value);
    }
    test.insert("metadata".into(), Value::Object(metadata));
    Value::Object(test)
}

fn inspect(mut case: Case) -> Value {
    let (question, is_whole) = question(&case);
    let choices = case.inputs.get("choices").and_then(Value::as_array).filter(|list| list.iter().all(Value::is_string));
    let choices = choices.cloned();
    let is_whole = is_whole && case.inputs.contains_key("choices") == choices.is_some();
    let also = beyond_text(&case, is_whole);
    let mut sample = Map::new();
    sample.insert("id".into(), json!(case.id));
    sample.insert(
        "input".into(),
        match question {
            Question::Text(text) => json!(text),
            Question::Messages(messages) => json!(messages),
        },
    );
    let target = match &case.expected {
        None => json!(""),
        Some(Value::Array(items)) if !items.is_empty() => items.iter().map(text_of).collect::<Vec<_>>().into(),
        Some(other) => json!(text_of(other)),
    };
    sample.insert("target".into(), target);
    if let Some(choices) = choices {
        sample.insert("choices".into(), Value::Array(choices));
    }
    for name in ["sandbox", "files", "setup"] {
        if let Some(value) = case.metadata.shift_remove(name) {
            sample.insert(name.to_owned(), value);
        }
    }
    let metadata = metadata(&mut case, &also);
    if !metadata.is_empty() {
        sample.insert("metadata".into(), Value::Object(metadata));
    }
    Value::Object(sample)
}

fn deepeval(mut case: Case, losses: &mut Losses) -> Value {
    let (question, is_whole) = question(&case);
    let output = recorded(&case);
    let calls = case.expected.as_ref().and_then(|expected| expected.get("tool_calls")).cloned();
    let only_text = is_text(case.expected.as_ref()) && !matches!(case.expected, Some(Value::Array(_)));
    let mut also = Vec::new();
    if !is_whole || matches!(question, Question::Messages(_)) {
        also.push(("inputs", json!(case.inputs)));
    }
    if !only_text {
        also.push(("expected", json!(case.expected)));
    }
    // A context is a text: ids and grades stay beside it.
    if case.contexts.iter().any(|context| context.id.is_some() || context.score.is_some() || context.text.is_none()) {
        also.push(("contexts", json!(case.contexts)));
    }
    if output.is_none() && !case.recorded.is_empty() {
        losses.add("recorded outputs (a golden has one)", "outputs", 1);
        also.push(("recorded", json!(case.recorded)));
    }
    let texts = |passages: &[assay_core::Passage]| {
        passages.iter().map(|p| p.text.clone().unwrap_or_else(|| p.key().to_owned())).collect::<Vec<_>>()
    };
    let mut golden = Map::new();
    golden.insert(
        "input".into(),
        json!(match question {
            Question::Text(text) => text,
            Question::Messages(messages) => Value::Array(messages).to_string(),
        }),
    );
    golden.insert("name".into(), json!(case.id));
    match &case.expected {
        Some(expected) if calls.is_none() => drop(golden.insert("expected_output".into(), json!(text_of(expected)))),
        _ => {}
    }
    let as_calls = |calls: &Value| {
        calls
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|call| {
                let arguments = call.get("arguments").filter(|arguments| arguments.is_object());
                Some(json!({"name": call.get("name")?, "inputParameters": arguments}))
            })
            .collect::<Vec<_>>()
    };
    if let Some(calls) = &calls {
        golden.insert("expected_tools".into(), json!(as_calls(calls)));
    }
    if !case.contexts.is_empty() {
        golden.insert("context".into(), json!(texts(&case.contexts)));
    }
    if let Some(output) = output {
        golden.insert("actual_output".into(), json!(output.text()));
        if let Some(retrieved) = &output.contexts {
            golden.insert("retrieval_context".into(), json!(texts(retrieved)));
        }
        if !output.tool_calls.is_empty() {
            golden.insert("tools_called".into(), json!(as_calls(&json!(output.tool_calls))));
        }
    }
    let metadata = metadata(&mut case, &also);
    if !metadata.is_empty() {
        golden.insert("additional_metadata".into(), Value::Object(metadata));
    }
    Value::Object(golden)
}

/// What a format that holds a question and a text as its answer has no place for.
fn beyond_text(case: &Case, is_whole: bool) -> Vec<(&'static str, Value)> {
    let mut also = Vec::new();
    if !is_whole {
        also.push(("inputs", json!(case.inputs)));
    }
    if !is_text(case.expected.as_ref()) {
        also.push(("expected", json!(case.expected)));
    }
    if !case.contexts.is_empty() {
        also.push(("contexts", json!(case.contexts)));
    }
    if !case.recorded.is_empty() {
        also.push(("recorded", json!(case.recorded)));
    }
    also
}

fn openai_evals(mut case: Case) -> Value {
    let (question, is_whole) = question(&case);
    // Chat models take messages; a lone text reads back as the input `prompt`.
    let whole = is_whole && matches!(question, Question::Messages(_))
        || case.inputs.len() == 1 && case.inputs.contains_key("prompt");
    let also = beyond_text(&case, whole);
    let ideal = match &case.expected {
        None => Value::Null,
        Some(Value::Array(items)) => items.iter().map(text_of).collect::<Vec<_>>().into(),
        Some(other) => json!(text_of(other)),
    };
    let id = case.id.clone();
    let metadata = metadata(&mut case, &also);
    let mut sample = Map::new();
    sample.insert("input".into(), Value::Array(messages_of(question)));
    if !ideal.is_null() {
        sample.insert("ideal".into(), ideal);
    }
    sample.insert("id".into(), json!(id));
    if !metadata.is_empty() {
        sample.insert("metadata".into(), Value::Object(metadata));
    }
    Value::Object(sample)
}

fn ragas(case: Case, losses: &mut Losses) -> Value {
    let (question, is_whole) = question(&case);
    if !is_whole && case.inputs.len() > 1 {
        losses.add("several inputs (joined into one)", "inputs", 1);
    }
    let named = [
        ("metadata", !case.metadata.is_empty()),
        ("cluster", case.cluster.is_some()),
        ("weight", case.weight != 1.0),
        ("critical", case.critical),
    ];
    for (name, is_there) in named {
        losses.add("a field that Ragas does not have", name, u64::from(is_there));
    }
    losses.add("a field that Ragas does not have", "id", 1);
    let output = recorded(&case);
    let mut row = Map::new();
    row.insert(
        "user_input".into(),
        json!(match question {
            Question::Text(text) => text,
            Question::Messages(messages) => {
                losses.add("a conversation (joined into one text)", "messages", 1);
                Value::Array(messages).to_string()
            }
        }),
    );
    let texts = |passages: &[assay_core::Passage]| {
        passages.iter().map(|p| p.text.clone().unwrap_or_else(|| p.key().to_owned())).collect::<Vec<_>>()
    };
    let ids = |passages: &[assay_core::Passage]| passages.iter().map(|p| p.id.clone()).collect::<Option<Vec<_>>>();
    let mut contexts = |name: &str, passages: &[assay_core::Passage]| {
        row.insert(format!("{name}_contexts"), json!(texts(passages)));
        if let Some(ids) = ids(passages).filter(|ids| !ids.is_empty()) {
            row.insert(format!("{name}_context_ids"), json!(ids));
        }
    };
    if !case.contexts.is_empty() {
        contexts("reference", &case.contexts);
    }
    if let Some(retrieved) = output.as_ref().and_then(|output| output.contexts.as_ref()) {
        contexts("retrieved", retrieved);
    }
    if let Some(output) = &output {
        row.insert("response".into(), json!(output.text()));
    }
    match &case.expected {
        Some(Value::Array(items)) => {
            losses.add("further expected outputs", "expected", (items.len() as u64).saturating_sub(1));
            if let Some(first) = items.first() {
                row.insert("reference".into(), json!(text_of(first)));
            }
        }
        Some(expected) => drop(row.insert("reference".into(), json!(text_of(expected)))),
        None => {}
    }
    Value::Object(row)
}

fn mlflow(mut case: Case, losses: &mut Losses) -> Value {
    let mut also = vec![("id", json!(case.id))];
    if !case.contexts.is_empty() {
        also.push(("contexts", json!(case.contexts)));
    }
    let output = recorded(&case);
    if output.is_none() && !case.recorded.is_empty() {
        losses.add("recorded outputs (a record has one)", "outputs", 1);
    }
    let expected = case.expected.take();
    let tags = metadata(&mut case, &also);
    let mut record = Map::new();
    record.insert("inputs".into(), Value::Object(case.inputs));
    if let Some(expected) = expected {
        record.insert("expectations".into(), json!({"expected_response": expected}));
    }
    if let Some(output) = output {
        record.insert(
            "outputs".into(),
            if output.value.is_object() { output.value } else { json!({"mlflow_wrapped": output.value}) },
        );
    }
    // Tags are texts.
    let tags: Map<String, Value> = tags.into_iter().map(|(name, value)| (name, json!(text_of(&value)))).collect();
    record.insert("tags".into(), Value::Object(tags));
    Value::Object(record)
}

fn chat(case: Case, losses: &mut Losses) -> Value {
    let (question, is_whole) = question(&case);
    if !is_whole && case.inputs.len() > 1 {
        losses.add("several inputs (joined into one)", "inputs", 1);
    }
    let named = [
        ("metadata", !case.metadata.is_empty()),
        ("contexts", !case.contexts.is_empty()),
        ("outputs", !case.recorded.is_empty()),
        ("cluster", case.cluster.is_some()),
        ("weight", case.weight != 1.0),
        ("critical", case.critical),
    ];
    for (name, is_there) in named {
        losses.add("a field that a conversation does not have", name, u64::from(is_there));
    }
    losses.add("a field that a conversation does not have", "id", 1);
    let mut messages = messages_of(question);
    match &case.expected {
        Some(Value::Array(items)) if !items.is_empty() => {
            losses.add("further expected outputs", "expected", items.len() as u64 - 1);
            messages.push(json!({"role": "assistant", "content": text_of(&items[0])}));
        }
        Some(expected) => messages.push(json!({"role": "assistant", "content": text_of(expected)})),
        None => losses.add("an answer (the conversation ends with the question)", "expected", 1),
    }
    json!({"messages": messages})
}

fn pydantic(
    name: &str,
    cases: &mut Cases<'_>,
    out: &Path,
    overwrite: bool,
    as_json: bool,
) -> Result<u64, DatasetError> {
    whole(out, overwrite, |writer| {
        let io = |error: std::io::Error| failed(out, &error);
        let head = if as_json {
            format!("{{\"name\": {}, \"cases\": [", json!(name))
        } else {
            yaml::text(&json!({"name": name}))
        };
        writer.write_all(head.as_bytes()).map_err(io)?;
        let mut count = 0u64;
        for case in cases {
            let value = pydantic_case(case?);
            let text = match (as_json, count) {
                (true, 0) => format!("\n{value}"),
                (true, _) => format!(",\n{value}"),
                (false, 0) => format!("cases:\n{}", yaml::item(&value)),
                (false, _) => yaml::item(&value),
            };
            writer.write_all(text.as_bytes()).map_err(io)?;
            count += 1;
        }
        let end = match (as_json, count) {
            (true, _) => "\n]}\n",
            (false, 0) => "cases: []\n",
            (false, _) => "",
        };
        writer.write_all(end.as_bytes()).map_err(io)?;
        Ok(count)
    })
}

fn pydantic_case(mut case: Case) -> Value {
    let mut also = Vec::new();
    if !case.contexts.is_empty() {
        also.push(("contexts", json!(case.contexts)));
    }
    if !case.recorded.is_empty() {
        also.push(("recorded", json!(case.recorded)));
    }
    let evaluators = case.metadata.shift_remove("evaluators");
    let metadata = metadata(&mut case, &also);
    let mut row = Map::new();
    row.insert("name".into(), json!(case.id));
    row.insert("inputs".into(), Value::Object(case.inputs));
    if !metadata.is_empty() {
        row.insert("metadata".into(), Value::Object(metadata));
    }
    if let Some(expected) = case.expected {
        row.insert("expected_output".into(), expected);
    }
    if let Some(evaluators) = evaluators {
        row.insert("evaluators".into(), evaluators);
    }
    Value::Object(row)
}

fn qrels(cases: &mut Cases<'_>, out: &Path, overwrite: bool, losses: &mut Losses) -> Result<u64, DatasetError> {
    whole(out, overwrite, |writer| {
        let mut count = 0;
        for case in cases {
            let case = case?;
            let word = |word: &str, what: &str| {
                if word.is_empty() || word.contains(char::is_whitespace) {
                    let message = format!("case `{}`: {what} `{word}` is empty or holds white space", case.id);
                    return Err(DatasetError::new(place(out), message).help("qrels separate columns by white space"));
                }
                Ok(())
            };
            word(&case.id, "the id")?;
            if case.contexts.is_empty() {
                losses.add("a case without reference contexts", "contexts", 1);
            }
            for context in &case.contexts {
                let Some(document) = context.id.as_deref() else {
                    losses.add("a context without an id", "contexts", 1);
                    continue;
                };
                word(document, "the document")?;
                let grade = context.score.unwrap_or(1.0);
                if grade.fract() != 0.0 {
                    losses.add("a grade that is no whole number (rounded)", "contexts.score", 1);
                }
                writeln!(writer, "{} 0 {document} {:.0}", case.id, grade.round())
                    .map_err(|error| failed(out, &error))?;
            }
            let named =
                [("inputs", true), ("expected", case.expected.is_some()), ("metadata", !case.metadata.is_empty())];
            for (name, is_there) in named {
                losses.add("a field that qrels do not have", name, u64::from(is_there));
            }
            count += 1;
        }
        Ok(count)
    })
}
