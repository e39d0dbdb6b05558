//! What an evaluation gave: `-o results.json` (versions 2 and 3) and `-o results.jsonl`.
//!
//! An `EvaluateResult` is one test with one prompt and one provider. Its case is its variables; provider and prompt
//! together are the target, so that prompts are compared as models are. `failureReason` 2 (and an `error` without a
//! grading) is a failed call, never a low score; an assertion whose grader failed is an error of the scorer.

use std::path::Path;

use assay_core::{Finish, Money, Output, Score, Usage};
use serde_json::{Map, Value, json};

use super::super::intake::Intake;
use super::super::json::{self, EACH, Lines, Want, shown, walk};
use super::super::record::{Record, count, is_empty, number, text};
use super::super::{Answer, SuiteParts};
use super::asserts::{self, Scorers, kind};
use super::config::{messages_of, model_of};
use super::test_cases;
use crate::{DatasetError, Place};

/// The targets of an evaluation: providers and prompts in the order they were met.
#[derive(Default)]
struct Targets {
    /// Provider and the prompt before its variables were filled in.
    seen: Vec<(String, String)>,
}

impl Targets {
    fn meet(&mut self, provider: String, prompt: String) {
        let pair = (provider, prompt);
        if !self.seen.contains(&pair) {
            self.seen.push(pair);
        }
    }

    /// The provider, with the prompt's number where it was asked with several.
    fn name(&self, provider: &str, prompt: &str) -> String {
        let mut prompts = self.seen.iter().filter(|(known, _)| known == provider).map(|(_, prompt)| prompt);
        if prompts.clone().count() < 2 {
            return provider.to_owned();
        }
        match prompts.position(|known| known == prompt) {
            Some(number) => format!("{provider} #{}", number + 1),
            None => provider.to_owned(),
        }
    }
}

fn provider_of(result: &Value) -> String {
    let provider = result.get("provider").unwrap_or(&Value::Null);
    let of = |key: &str| provider.get(key).and_then(Value::as_str).filter(|name| !name.is_empty());
    of("label").or_else(|| of("id")).or_else(|| provider.as_str()).unwrap_or("provider").to_owned()
}

/// The prompt with its variables still in it: newer versions have it as the label.
fn prompt_of(result: &Value) -> String {
    let of = |pointer: &str| result.pointer(pointer).map(text).filter(|text| !text.is_empty());
    let prompt = of("/prompt/label").or_else(|| of("/prompt/display")).or_else(|| of("/promptId"));
    prompt.or_else(|| of("/prompt/raw")).unwrap_or_default()
}

/// Reads JSONL.
pub(crate) fn import_lines(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut targets = Targets::default();
    for line in Lines::open(path)? {
        let (_, value, _) = line?;
        targets.meet(provider_of(&value), prompt_of(&value));
    }
    let mut scorers = Scorers::default();
    for line in Lines::open(path)? {
        let (_, value, place) = line?;
        result(value, place, &targets, &mut scorers, intake)?;
    }
    finish(scorers, SuiteParts::default(), intake);
    Ok(())
}

fn finish(scorers: Scorers, mut parts: SuiteParts, intake: &mut Intake<'_>) {
    scorers.into_parts(&mut parts);
    intake.suite = Some(parts);
}

/// Reads a document.
pub(crate) fn import_document(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut targets = Targets::default();
    let mut parts = SuiteParts::default();
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] if ["results", "metadata", "config"].contains(&key.as_str()) => Want::Enter,
        [key, inner] if key == "metadata" && inner == "promptfooVersion" => Want::Take,
        [key, inner] if key == "config" && ["description", "providers", "targets"].contains(&inner.as_str()) => {
            Want::Take
        }
        [key, inner] if key == "results" && (inner == "results" || inner == "prompts") => Want::Enter,
        [key, inner, each] if key == "results" && inner == "prompts" && each == EACH => {
            Want::Parts(|key| ["raw", "provider"].contains(&key))
        }
        [key, inner, each] if key == "results" && inner == "results" && each == EACH => {
            Want::Parts(|key| ["provider", "prompt", "promptId"].contains(&key))
        }
        [key, each] if key == "results" && each == EACH => {
            Want::Parts(|key| ["provider", "prompt", "promptId"].contains(&key))
        }
        _ => Want::Skip,
    };
    let mut prompts: Vec<(String, String)> = Vec::new();
    let mut providers = Vec::new();
    walk(path, json::open(path)?, &want, &mut |at, value, _| {
        match at {
            [_, inner] if inner == "promptfooVersion" => intake.version = Some(text(&value)),
            [_, inner] if inner == "description" => parts.description = Some(text(&value)),
            [_, inner] if inner == "providers" || inner == "targets" => providers.push(value),
            [_, inner, _] if inner == "prompts" => {
                let of = |key: &str| value.get(key).map(text).unwrap_or_default();
                prompts.push((of("provider"), of("raw")));
            }
            _ => targets.meet(provider_of(&value), prompt_of(&value)),
        }
        Ok(())
    })?;
    parts.name = parts.description.clone().unwrap_or_default();
    // Providers stand by their own entry in the config, where their settings are.
    let declared: Vec<Value> = providers
        .into_iter()
        .flat_map(|value| match value {
            Value::Array(list) => list,
            other => vec![other],
        })
        .collect();
    let declared = |name: &str| {
        declared.iter().find(|provider| {
            let of = |key: &str| provider.get(key).and_then(Value::as_str);
            of("label") == Some(name) || of("id") == Some(name) || provider.as_str() == Some(name)
        })
    };
    for (provider, prompt) in &prompts {
        if !parts.prompts.contains(prompt) {
            parts.prompts.push(prompt.clone());
        }
        let Some(mut target) = model_of(declared(provider).unwrap_or(&json!(provider))) else {
            intake.lose("a provider that is no target of Assay", &shown(provider));
            continue;
        };
        let number = parts.prompts.iter().position(|known| known == prompt).unwrap_or(0) + 1;
        target["name"] = json!(format!("{provider} #{number}"));
        if target.get("echo").is_some() {
            target["echo"] = json!(prompt);
        } else {
            let prompt = messages_of(prompt.clone());
            let key = if prompt.is_array() { "messages" } else { "prompt" };
            target[key] = prompt;
        }
        parts.targets.push(target);
    }
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] if key == "results" => Want::Enter,
        [key, inner] if key == "results" && inner == "results" => Want::Enter,
        [key, inner, each] if key == "results" && inner == "results" && each == EACH => Want::Take,
        [key, each] if key == "results" && each == EACH => Want::Take,
        _ => Want::Skip,
    };
    let mut scorers = Scorers::default();
    walk(path, json::open(path)?, &want, &mut |at, value, place| {
        if at.last().is_some_and(|step| step == EACH) {
            result(value, place, &targets, &mut scorers, intake)
        } else {
            Ok(())
        }
    })?;
    finish(scorers, parts, intake);
    Ok(())
}

fn result(
    value: Value,
    place: Place,
    targets: &Targets,
    scorers: &mut Scorers,
    intake: &mut Intake<'_>,
) -> Result<(), DatasetError> {
    let target = targets.name(&provider_of(&value), &prompt_of(&value));
    let mut record = Record::new(value, place)?;
    let place = record.place.clone();
    let mut test = record.object(&["testCase"]);
    let mut vars = record.object(&["vars"]);
    // promptfoo's own variables are no part of the question.
    vars.retain(|name, _| !name.starts_with('_') && name != "sessionId");
    let list = match test.get("assert") {
        Some(Value::Array(list)) => list.clone(),
        _ => Vec::new(),
    };
    let flat = asserts::flat(&list, None);
    let mut metadata = match test.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    if let Some(description) = test.remove("description") {
        metadata.insert("description".into(), description);
    }
    let mut known = Map::new();
    if !list.is_empty() {
        known.insert("assert".into(), Value::Array(list));
    }
    for name in ["threshold", "options"] {
        if let Some(value) = test.remove(name).filter(|value| !is_empty(value)) {
            known.insert(name.to_owned(), value);
        }
    }
    let prompt = record.take(&["prompt"]).and_then(|prompt| prompt.get("raw").cloned());
    if vars.is_empty() {
        vars.insert("prompt".into(), prompt.clone().unwrap_or_default());
    }
    let mut case = test_cases::case(vars, &flat, metadata, scorers, intake);
    // Repeats and other prompts ask the same question: its content is its name.
    case.id = case.digest().short();
    if !known.is_empty() {
        case.metadata.insert("promptfoo".into(), Value::Object(known));
    }
    let id = intake.case(case, &place)?;
    let mut response = match record.take(&["response"]) {
        Some(Value::Object(response)) => response,
        _ => Map::new(),
    };
    let failure = record.take(&["failureReason"]).as_ref().and_then(count);
    let grading = record.object(&["gradingResult"]);
    let error = record.text(&["error"]).or_else(|| response.get("error").filter(|error| !error.is_null()).map(text));
    let has_output = response.get("output").is_some_and(|output| !output.is_null());
    let failed = match failure {
        Some(reason) => reason == 2,
        None => error.is_some() && grading.is_empty(),
    };
    let cost = record.number(&["cost"]).map(Money::from_dollars);
    let mut answer = if failed || (!has_output && grading.is_empty()) {
        Answer::failed(id, target, error.unwrap_or_else(|| "no answer was recorded".to_owned()))
    } else {
        let mut output = Output { value: response.remove("output").unwrap_or_default(), cost, ..Output::default() };
        output.usage = usage_of(response.get("tokenUsage").or_else(|| record.fields.get("tokenUsage")));
        output.finish = response.get("finishReason").and_then(Value::as_str).map(Finish::from_reason);
        if let Some(prompt) = prompt {
            output.metadata.insert("prompt".into(), prompt);
        }
        if let Some(Value::Object(metadata)) = response.remove("metadata") {
            output.metadata.extend(metadata);
        }
        Answer::of(id, target, output)
    };
    answer.cost = cost.unwrap_or(Money::ZERO);
    answer.latency_us = record.number(&["latencyMs"]).filter(|ms| *ms >= 0.0).map(|ms| (ms * 1000.0) as u64);
    if !failed {
        scores(&mut record, &grading, &mut answer);
    }
    if response.get("cached").and_then(Value::as_bool) == Some(true) {
        intake.lose("that an answer came from the cache", "response.cached");
    }
    intake.answer(answer, None, &place)
}

fn scores(record: &mut Record, grading: &Map<String, Value>, answer: &mut Answer) {
    let success = record.take(&["success"]).and_then(|success| success.as_bool());
    if let Some(overall) = record.number(&["score"]) {
        let score = Score::scored("score", overall);
        answer.score(match success {
            Some(passed) => score.labelled(if passed { "pass" } else { "fail" }),
            None => score,
        });
    }
    let components = grading.get("componentResults").and_then(Value::as_array);
    for component in components.into_iter().flatten() {
        // A set's members stand after it, each by itself.
        let Some(assertion) = component.get("assertion").filter(|assertion| assertion.is_object()) else { continue };
        let metric = assertion.get("metric").and_then(Value::as_str).filter(|metric| !metric.is_empty());
        let name = metric.map_or_else(|| kind(assertion), str::to_owned);
        let reason = component.get("reason").map(text).unwrap_or_default();
        let grader_failed =
            component.pointer("/metadata/graderError").is_some_and(|error| !is_empty(error) && *error != false);
        let mut score = if grader_failed {
            Score::error(&name, reason.clone())
        } else {
            match component.get("score").and_then(number) {
                Some(value) => Score::scored(&name, value),
                None => match component.get("pass").and_then(Value::as_bool) {
                    Some(passed) => Score::binary(&name, passed),
                    None => Score::unscored(&name, "recorded without a score"),
                },
            }
        };
        if let Some(passed) = component.get("pass").and_then(Value::as_bool).filter(|_| score.value.is_some()) {
            score = score.labelled(if passed { "pass" } else { "fail" });
        }
        if !reason.is_empty() {
            score = score.because(reason);
        }
        score.usage = usage_of(component.get("tokensUsed"));
        answer.score(score);
    }
}

fn usage_of(usage: Option<&Value>) -> Usage {
    let of = |pointer: &str| usage.and_then(|usage| usage.pointer(pointer)).and_then(count).filter(|count| *count > 0);
    Usage {
        input_tokens: of("/prompt"),
        output_tokens: of("/completion"),
        cached_input_tokens: of("/completionDetails/cacheReadInputTokens"),
        reasoning_tokens: of("/completionDetails/reasoning"),
    }
}
