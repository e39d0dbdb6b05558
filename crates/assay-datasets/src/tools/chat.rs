//! Conversations: chat JSONL as for fine-tuning, batch requests and batch results of OpenAI and Anthropic.
//!
//! A chat line is `{"messages": [{"role", "content"}, …]}` (OpenAI's fine-tuning format; `{"prompt", "completion"}` and
//! `{"input": {"messages"}, "preferred_output"}` as well). The last answer is what is expected, everything before it is
//! the input `messages`.
//!
//! Batches: OpenAI requests are `{custom_id, method, url, body}`, results `{custom_id, response: {status_code, body},
//! error}`; Anthropic requests are `{custom_id, params}`, results `{custom_id, result: {type, message | error}}`.
//! A folder may hold both: requests are read first.

use std::path::{Path, PathBuf};

use assay_core::{Case, Finish, Output, ToolCall, Usage};
use serde_json::{Map, Value, json};

use super::Answer;
use super::intake::Intake;
use super::json::{Lines, shown};
use super::record::{Record, count, text};
use crate::{DatasetError, Place};

/// The text of a message's content: a text, or the text parts of a list.
pub(crate) fn content(value: &Value) -> String {
    match value {
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| match part {
                Value::String(text) => Some(text.as_str()),
                part => part.get("text").and_then(Value::as_str),
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        Value::Null => String::new(),
        other => text(other),
    }
}

/// Conversation as inputs: a lone user message (after an optional system message) is `prompt` (and `system`), anything
/// else is `messages`.
pub(crate) fn inputs(mut messages: Vec<Value>) -> Map<String, Value> {
    let plain = |message: &Value, role: &str| {
        message.get("role").and_then(Value::as_str) == Some(role)
            && message.get("content").is_some_and(Value::is_string)
            && message.as_object().is_some_and(|fields| fields.len() == 2)
    };
    let mut inputs = Map::new();
    match &mut messages[..] {
        [system, user] if plain(system, "system") && plain(user, "user") => {
            inputs.insert("system".into(), system["content"].take());
            inputs.insert("prompt".into(), user["content"].take());
        }
        [user] if plain(user, "user") => {
            inputs.insert("prompt".into(), user["content"].take());
        }
        _ => {
            inputs.insert("messages".into(), Value::Array(messages));
        }
    }
    inputs
}

/// The calls of `tool_calls`, and whether any could not be read.
pub(crate) fn tool_calls(value: Option<&Value>, intake: &mut Intake<'_>) -> Vec<ToolCall> {
    let Some(Value::Array(items)) = value else { return Vec::new() };
    let mut calls = Vec::new();
    for item in items {
        // Inspect's calls name the function in a text, DeepEval's have arguments of another name.
        let renamed = match (item.get("function"), item.get("inputParameters")) {
            (Some(Value::String(name)), _) => Some(json!({"name": name, "arguments": item.get("arguments")})),
            (_, Some(arguments)) => Some(json!({"name": item.get("name"), "arguments": arguments})),
            _ => None,
        };
        if item.get("output").is_some_and(|output| !output.is_null()) {
            intake.lose("what a called tool gave back", "tool_calls");
        }
        match ToolCall::from_value(renamed.as_ref().unwrap_or(item)) {
            Ok(call) => calls.push(call),
            Err(_) => intake.lose("a tool call without a name", "tool_calls"),
        }
    }
    calls
}

/// Reads chat JSONL.
pub(crate) fn import_chat(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    for file in jsonl_files(path)? {
        for line in Lines::open(&file)? {
            let (_, value, place) = line?;
            chat_line(Record::new(value, place)?, intake)?;
        }
    }
    Ok(())
}

fn chat_line(mut record: Record, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut case = Case { weight: 1.0, ..Case::default() };
    let mut messages = match record.take(&["input"]) {
        Some(Value::Object(mut input)) => match input.remove("messages") {
            Some(Value::Array(messages)) => {
                case.metadata.extend(input);
                messages
            }
            _ => return Err(record.wrong("`input` has no `messages`")),
        },
        Some(other) => vec![json!({"role": "user", "content": other})],
        None => match record.take(&["messages", "conversations"]) {
            Some(Value::Array(messages)) => messages.into_iter().map(shared_form).collect(),
            Some(_) => return Err(record.wrong("`messages` must be a list")),
            None => match record.take(&["prompt"]) {
                Some(Value::Array(messages)) => messages,
                Some(prompt) => vec![json!({"role": "user", "content": prompt})],
                None => return Err(record.wrong("`messages` is missing").help("each line is one conversation")),
            },
        },
    };
    let preferred = record.take(&["preferred_output", "completion", "chosen"]);
    let answer = match preferred {
        Some(Value::Array(mut answers)) => answers.pop(),
        Some(other) => Some(json!({"role": "assistant", "content": other})),
        None => {
            let last = messages.last().and_then(|message| message.get("role")).and_then(Value::as_str);
            if last == Some("assistant") { messages.pop() } else { None }
        }
    };
    if messages.is_empty() {
        return Err(record.wrong("the conversation has no message before the answer"));
    }
    if let Some(answer) = answer {
        let calls = tool_calls(answer.get("tool_calls"), intake);
        case.expected = Some(if calls.is_empty() {
            Value::String(content(answer.get("content").unwrap_or(&Value::Null)))
        } else {
            json!({"tool_calls": calls})
        });
    }
    case.inputs = inputs(messages);
    if let Some(tools) = record.take(&["tools", "functions"]) {
        case.inputs.insert("tools".into(), tools);
    }
    case.id = record.text(&["id", "custom_id"]).unwrap_or_else(|| intake.number());
    let place = record.place.clone();
    case.metadata.append(&mut record.object(&["metadata"]));
    case.metadata.extend(record.rest());
    intake.row(case, &place)?;
    Ok(())
}

/// ShareGPT's `{from, value}` as `{role, content}`.
fn shared_form(message: Value) -> Value {
    match (message.get("from").and_then(Value::as_str), message.get("value")) {
        (Some(from), Some(value)) => {
            let role = match from {
                "human" => "user",
                "gpt" => "assistant",
                other => other,
            };
            json!({"role": role, "content": value})
        }
        _ => message,
    }
}

/// The file itself, or the `.jsonl` files of a folder.
pub(crate) fn jsonl_files(path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files: Vec<PathBuf> = crate::rows::files_of(path)?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson"))
        .collect();
    if files.is_empty() {
        return Err(DatasetError::new(
            Some(Place { file: path.to_owned(), line: None }),
            "the folder holds no .jsonl file",
        ));
    }
    Ok(files)
}

/// Reads batch requests and results.
pub(crate) fn import_batch(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut files = jsonl_files(path)?;
    // A folder's requests come before the results that answer them.
    let mut kinds = Vec::new();
    for file in files.drain(..) {
        let is_result = match Lines::open(&file)?.next() {
            Some(line) => {
                ["response", "result", "error"].iter().any(|key| line.as_ref().is_ok_and(|l| l.1.get(key).is_some()))
            }
            None => false,
        };
        kinds.push((is_result, file));
    }
    kinds.sort();
    for (is_result, file) in kinds {
        for line in Lines::open(&file)? {
            let (_, value, place) = line?;
            let mut record = Record::new(value, place)?;
            let id = text(&record.need("custom_id")?);
            if is_result { result(id, record, intake)? } else { request(id, record, intake)? }
        }
    }
    Ok(())
}

fn request(id: String, mut record: Record, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut body = record.object(&["body", "params"]);
    let mut case = Case { id, weight: 1.0, ..Case::default() };
    let system = body.remove("system");
    match body.remove("messages").or_else(|| body.remove("input")).or_else(|| body.remove("prompt")) {
        Some(Value::Array(mut messages)) if !messages.is_empty() => {
            if let Some(system) = system {
                messages.insert(0, json!({"role": "system", "content": content(&system)}));
            }
            case.inputs = inputs(messages);
        }
        Some(prompt) if !prompt.is_null() => {
            case.inputs.insert("prompt".into(), prompt);
        }
        _ => return Err(record.wrong("the request has no `messages`, `input` or `prompt`")),
    }
    if let Some(tools) = body.remove("tools") {
        case.inputs.insert("tools".into(), tools);
    }
    // Model and sampling parameters belong to a target, but nothing else remembers them.
    if !body.is_empty() {
        case.metadata.insert("request".into(), Value::Object(body));
    }
    let place = record.place.clone();
    case.metadata.extend(record.rest().filter(|(key, _)| key != "method"));
    intake.row(case, &place)?;
    Ok(())
}

fn result(id: String, mut record: Record, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let place = record.place.clone();
    if !intake.has_case(&id) {
        let mut case = Case { id: id.clone(), weight: 1.0, ..Case::default() };
        case.inputs.insert("custom_id".into(), Value::String(id.clone()));
        intake.case(case, &place)?;
        intake.lose("the request of a result (import a folder that holds both)", "custom_id");
    }
    let mut response = record.object(&["response"]);
    let mut result = record.object(&["result"]);
    let error = record.take(&["error"]).or_else(|| result.remove("error"));
    let status = response.get("status_code").and_then(count).unwrap_or(200);
    let body = response.remove("body").or_else(|| result.remove("message")).unwrap_or_default();
    let failure = match (error, result.get("type").and_then(Value::as_str)) {
        (Some(error), _) => Some(words(&error)),
        (None, Some(kind @ ("errored" | "canceled" | "expired"))) => Some(kind.to_owned()),
        (None, _) if status >= 400 => Some(format!("{status}: {}", words(&body))),
        (None, _) if body.is_null() => Some("the result is empty".to_owned()),
        _ => None,
    };
    let model = body.get("model").and_then(Value::as_str).unwrap_or("batch").to_owned();
    let answer = match failure {
        Some(message) => {
            // A failed line does not name its model.
            Answer::failed(id, model, message)
        }
        None => Answer::of(id, model, reply(body, intake)),
    };
    intake.answer(answer, None, &place)
}

fn words(error: &Value) -> String {
    let inner = error.get("error").unwrap_or(error);
    match (inner.get("type").or_else(|| inner.get("code")), inner.get("message")) {
        (Some(kind), Some(message)) => format!("{}: {}", text(kind), text(message)),
        (None, Some(message)) => text(message),
        _ => shown(&text(inner)),
    }
}

/// A provider's response body as an output: chat completions, responses and completions of OpenAI, messages of Anthropic.
pub(crate) fn reply(mut body: Value, intake: &mut Intake<'_>) -> Output {
    let mut output = Output::default();
    if let Some(choice) = body.get_mut("choices").and_then(|choices| choices.get_mut(0)) {
        let message = choice.get("message");
        output.tool_calls = tool_calls(message.and_then(|message| message.get("tool_calls")), intake);
        let said = message.and_then(|message| message.get("content")).or_else(|| choice.get("text"));
        output.value = Value::String(content(said.unwrap_or(&Value::Null)));
        output.finish = choice.get("finish_reason").and_then(Value::as_str).map(Finish::from_reason);
    } else if let Some(Value::Array(parts)) = body.get("content").or_else(|| body.get("output")) {
        let mut said = Vec::new();
        let mut calls = Vec::new();
        for part in parts {
            match part.get("type").and_then(Value::as_str) {
                Some("tool_use" | "function_call") => calls.push(part.clone()),
                Some("message") => said.push(content(part.get("content").unwrap_or(&Value::Null))),
                Some("text") => said.push(content(part.get("text").unwrap_or(&Value::Null))),
                Some("thinking" | "reasoning") => intake.lose("hidden reasoning", "response"),
                _ => intake.lose("a part of an answer that is no text", "response"),
            }
        }
        output.tool_calls = tool_calls(Some(&Value::Array(calls)), intake);
        output.value = Value::String(said.join("\n"));
        output.finish = body.get("stop_reason").and_then(Value::as_str).map(Finish::from_reason);
    } else {
        output.value = body.clone();
    }
    if let Some(usage) = body.get("usage") {
        let of = |names: &[&str]| names.iter().find_map(|name| usage.get(*name).and_then(count));
        let cached =
            usage.pointer("/prompt_tokens_details/cached_tokens").or_else(|| usage.get("cache_read_input_tokens"));
        let hidden = usage.pointer("/completion_tokens_details/reasoning_tokens");
        output.usage = Usage {
            input_tokens: of(&["prompt_tokens", "input_tokens"]),
            output_tokens: of(&["completion_tokens", "output_tokens"]),
            cached_input_tokens: cached.and_then(count),
            reasoning_tokens: hidden.and_then(count),
        };
    }
    output.version = body.get("model").and_then(Value::as_str).map(str::to_owned);
    output
}
