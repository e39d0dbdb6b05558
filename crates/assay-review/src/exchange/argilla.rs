//! Argilla: a JSON list of records, as `dataset.records.to_json` writes and `from_json` reads it, and the settings of a dataset
//! that they fit, as `rg.Settings.from_json` reads them.
//! <https://docs.argilla.io/latest/reference/argilla/records/records>

use std::collections::HashMap;
use std::path::Path;

use assay_core::Digest;
use serde_json::{Map, Value, json};

use super::{Incoming, contexts_text, inputs_text, leaves_turned, outgoing, shuffled, text, word};
use crate::ReviewError;
use crate::outcome::{Aggregate, Snapshot, outcomes};
use crate::rubric::{Criterion, Kind, Rubric, Span};
use crate::store::Project;
use crate::words::{Item, Rater};
use crate::work::turned;

/// The id that Argilla knows a rater by: a UUID, made from the name.
fn user_id(rater: &str) -> String {
    let hex = Digest::of_bytes(rater.as_bytes()).to_string();
    format!("{}-{}-8{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// Whether a scale is a rating: Argilla's have whole steps from 0 to 10. Other scales are labels.
fn is_rating(criterion: &Criterion) -> bool {
    criterion.kind == Kind::Ordinal
        && criterion.categories().iter().all(|step| step.fract() == 0.0 && (0.0..=10.0).contains(step))
}

/// The settings of a dataset: a field for each thing that raters see, a question for each criterion. Spans are of the answer
/// alone, since a question of Argilla is about one field.
pub fn settings(rubric: &Rubric, min_submitted: u64) -> Value {
    let field = |name: &str, title: &str, required: bool| json!({"name": name, "title": title, "required": required, "settings": {"type": "text", "use_markdown": false}});
    let mut fields =
        vec![field("inputs", "Asked", false), field("contexts", "Passages", false), field("output", "Answer", true)];
    if rubric.is_pairwise() {
        fields.push(field("output_2", "Second answer", true));
    }
    let question = |criterion: &Criterion| {
        let labels = |all: &[(Value, String)]| -> Vec<Value> {
            all.iter()
                .map(|(value, words)| json!({"value": text(&word(criterion.kind, value)), "text": words}))
                .collect()
        };
        let settings = match criterion.kind {
            Kind::Comment => json!({"type": "text", "use_markdown": false}),
            Kind::Spans => {
                let own = [criterion.name.clone()];
                let names = if criterion.labels.is_empty() { &own[..] } else { &criterion.labels };
                let options: Vec<Value> = names.iter().map(|name| json!({"value": name, "text": name})).collect();
                json!({"type": "span", "field": "output", "allow_overlapping": true, "options": options,
                       "visible_options": null})
            }
            Kind::Ordinal if is_rating(criterion) => {
                let steps: Vec<Value> = criterion.answers().iter().map(|(value, _)| json!({"value": value})).collect();
                json!({"type": "rating", "options": steps})
            }
            _ => json!({"type": "label_selection", "options": labels(&criterion.answers()), "visible_options": null}),
        };
        let title = criterion.question.as_deref().unwrap_or(&criterion.name);
        // A rating shows its steps without their anchors.
        let anchors = is_rating(criterion).then(|| {
            let all = criterion.answers();
            all.iter().map(|(value, words)| format!("{value}: {words}")).collect::<Vec<_>>().join("; ")
        });
        json!({"name": criterion.name, "title": title, "description": anchors, "required": criterion.is_required(),
               "settings": settings})
    };
    let guidelines = (!rubric.instructions.is_empty()).then_some(&rubric.instructions);
    json!({
        "guidelines": guidelines, "fields": fields,
        "questions": rubric.criteria.iter().map(question).collect::<Vec<_>>(),
        "vectors": [], "metadata": [], "allow_extra_metadata": false,
        "distribution": {"strategy": "overlap", "min_submitted": min_submitted.max(1)}, "mapping": null,
    })
}

/// Records for all items: what raters see as `fields`, what they say together as suggestions, each rater's answers as
/// responses. They fit a dataset of [`settings`].
pub fn records(snapshot: &Snapshot) -> Value {
    let project = &snapshot.project;
    let all = outcomes(snapshot, Aggregate::Majority);
    let mut records = Vec::new();
    for item in shuffled(project, &snapshot.items) {
        let content = outgoing(project, item);
        let mut fields = Map::new();
        fields.insert("inputs".into(), json!(inputs_text(&content)));
        fields.insert("contexts".into(), json!(contexts_text(&content)));
        fields.insert("output".into(), json!(text(&content.output)));
        if let Some(other) = &content.other {
            fields.insert("output_2".into(), json!(text(other)));
        }
        records.push(json!({"id": item.id, "fields": fields, "metadata": {}, "suggestions": {}, "responses": {},
                            "vectors": {}, "status": "pending"}));
    }
    let place: HashMap<String, usize> =
        records.iter().enumerate().map(|(at, record)| (text(&record["id"]), at)).collect();
    let by_id: HashMap<&str, &Item> = snapshot.items.iter().map(|item| (item.id.as_str(), item)).collect();
    for outcome in &all {
        if let (Some(value), Some(criterion)) = (&outcome.value, project.rubric.criterion(&outcome.criterion)) {
            let value = out(project, by_id[outcome.item.as_str()], criterion, value);
            records[place[&outcome.item]]["suggestions"][&outcome.criterion] =
                json!({"value": value, "score": null, "agent": "raters together"});
        }
    }
    for criterion in &project.rubric.criteria {
        for rating in snapshot.accepted(criterion) {
            let value = out(project, by_id[rating.item.as_str()], criterion, &rating.value);
            let record = &mut records[place[&rating.item]];
            let response = json!({"value": value, "user_id": user_id(&rating.rater), "status": "submitted"});
            match record["responses"][&criterion.name].as_array_mut() {
                Some(responses) => responses.push(response),
                None => record["responses"][&criterion.name] = json!([response]),
            }
            record["status"] = json!("completed");
        }
    }
    Value::Array(records)
}

fn out(project: &Project, item: &Item, criterion: &Criterion, value: &Value) -> Value {
    let value = turned(criterion.kind, value.clone(), leaves_turned(project, item));
    match criterion.kind {
        Kind::Spans => {
            let spans: Vec<Span> = serde_json::from_value(value).unwrap_or_default();
            let own = spans.into_iter().filter(|span| span.field == "output");
            own.map(|span| {
                let label = span.label.unwrap_or_else(|| criterion.name.clone());
                json!({"start": span.start, "end": span.end, "label": label})
            })
            .collect()
        }
        Kind::Ordinal if !is_rating(criterion) => json!(text(&value)),
        kind => word(kind, &value),
    }
}

/// A JSON file that is a list.
pub(super) fn list(path: &Path, what: &str) -> Result<Vec<Value>, ReviewError> {
    let text = std::fs::read_to_string(path).map_err(|error| ReviewError::Io { path: path.to_owned(), error })?;
    match serde_json::from_str(&text) {
        Ok(Value::Array(list)) => Ok(list),
        Ok(_) => Err(ReviewError::usage(format!("{}: {what}", path.display()))),
        Err(error) => Err(ReviewError::usage(format!("{}:{}: {error}", path.display(), error.line()))),
    }
}

/// Reads records as Argilla writes them. Drafts and discarded responses are left out; suggestions are not ratings.
///
/// # Errors
/// A file that cannot be read or holds no records.
pub fn read(path: &Path, project: &Project, items: &[Item], raters: &[Rater]) -> Result<Vec<Incoming>, ReviewError> {
    let records = list(path, "records of Argilla are a list")?;
    let names: HashMap<String, &str> = raters.iter().map(|rater| (user_id(&rater.name), rater.name.as_str())).collect();
    let by_id: HashMap<&str, &Item> = items.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut incoming = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let place = format!("{}: record {}", path.display(), at + 1);
        let Some(id) = record.get("id").filter(|id| !id.is_null()).map(text) else {
            return Err(ReviewError::usage(format!("{place}: `id` is missing")));
        };
        for (name, responses) in record.get("responses").and_then(Value::as_object).into_iter().flatten() {
            for response in responses.as_array().into_iter().flatten() {
                if matches!(response.get("status").and_then(Value::as_str), Some("draft" | "discarded")) {
                    continue;
                }
                let Some(user) = response.get("user_id").filter(|user| !user.is_null()).map(text) else {
                    return Err(ReviewError::usage(format!(
                        "{place}: a response to `{}` has no `user_id`",
                        super::clean(name)
                    )));
                };
                let mut value = response.get("value").cloned().unwrap_or_default();
                let criterion = project.rubric.criterion(name).filter(|criterion| criterion.kind == Kind::Spans);
                if let (Some(criterion), Some(item)) = (criterion, by_id.get(id.as_str())) {
                    value = spans(project, item, criterion, &value);
                }
                incoming.push(Incoming {
                    item: id.clone(),
                    rater: names.get(&user).map_or(user, |name| (*name).to_owned()),
                    criterion: name.clone(),
                    value,
                    took_ms: None,
                    place: place.clone(),
                    turned: true,
                });
            }
        }
    }
    Ok(incoming)
}

fn spans(project: &Project, item: &Item, criterion: &Criterion, value: &Value) -> Value {
    let words = text(&outgoing(project, item).output);
    let span = |span: &Value| {
        let place = |key: &str| usize::try_from(span.get(key)?.as_u64()?).ok();
        let (start, end) = (place("start")?, place("end")?);
        let marked: String = words.chars().skip(start).take(end.saturating_sub(start)).collect();
        let label = span.get("label").filter(|label| !label.is_null()).map(text);
        let label = label.filter(|label| !criterion.is_unnamed(label));
        Some(Span { field: "output".into(), start, end, text: marked, label })
    };
    json!(value.as_array().into_iter().flatten().filter_map(span).collect::<Vec<_>>())
}
