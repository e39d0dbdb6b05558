//! Label Studio: a JSON list of tasks with predictions and annotations, and the labelling configuration that fits them.
//! <https://labelstud.io/guide/task_format>

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Incoming, contexts_text, field_at, inputs_text, leaves_turned, outgoing, shown_in, shuffled, text, word};
use crate::ReviewError;
use crate::outcome::{Aggregate, Snapshot, outcomes};
use crate::rubric::{Criterion, Kind, Rubric, Span};
use crate::store::Project;
use crate::words::{Content, Item};
use crate::work::turned;

/// The labelling configuration for a rubric.
pub fn configuration(rubric: &Rubric) -> String {
    let mut xml = String::from("<View>\n");
    if !rubric.instructions.is_empty() {
        let _ = writeln!(xml, "  <Header value=\"{}\"/>", escaped(&rubric.instructions));
    }
    for (name, title) in [("inputs", "Asked"), ("contexts", "Passages"), ("output", "Answer")] {
        let _ = writeln!(xml, "  <Header size=\"6\" value=\"{title}\"/>\n  <Text name=\"{name}\" value=\"${name}\"/>");
    }
    if rubric.is_pairwise() {
        xml.push_str(
            "  <Header size=\"6\" value=\"Second answer\"/>\n  <Text name=\"output_2\" value=\"$output_2\"/>\n",
        );
    }
    for criterion in &rubric.criteria {
        let question = criterion.question.as_deref().unwrap_or(&criterion.name);
        let _ = writeln!(xml, "  <Header size=\"5\" value=\"{}\"/>", escaped(question));
        let (name, required) = (escaped(&criterion.name), criterion.is_required());
        match criterion.kind {
            Kind::Comment => {
                let _ = writeln!(xml, "  <TextArea name=\"{name}\" toName=\"output\" required=\"{required}\"/>");
            }
            Kind::Spans => {
                // Raters mark the answers and the passages.
                let marked = if rubric.is_pairwise() { "output,output_2,contexts" } else { "output,contexts" };
                let _ = writeln!(xml, "  <Labels name=\"{name}\" toName=\"{marked}\">");
                let only = [criterion.name.clone()];
                let labels = if criterion.labels.is_empty() { &only[..] } else { &criterion.labels };
                for label in labels {
                    let _ = writeln!(xml, "    <Label value=\"{}\"/>", escaped(label));
                }
                xml.push_str("  </Labels>\n");
            }
            kind => {
                let _ = writeln!(
                    xml,
                    "  <Choices name=\"{name}\" toName=\"output\" choice=\"single\" required=\"{required}\">"
                );
                for (value, words) in criterion.answers() {
                    let value = escaped(&text(&word(kind, &value)));
                    let _ = writeln!(xml, "    <Choice value=\"{value}\" hint=\"{}\"/>", escaped(&words));
                }
                xml.push_str("  </Choices>\n");
            }
        }
    }
    xml.push_str("</View>\n");
    xml
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// What was said of an item, by criterion.
type Answers<'a> = Vec<(&'a Criterion, Value)>;

/// Tasks for all items: what raters see as `data`, what they say together as a prediction, each rater's answers as an
/// annotation.
pub fn tasks(snapshot: &Snapshot) -> Value {
    let project = &snapshot.project;
    let mut together: HashMap<&str, Answers<'_>> = HashMap::new();
    let all = outcomes(snapshot, Aggregate::Majority);
    for outcome in &all {
        let criterion = project.rubric.criterion(&outcome.criterion);
        if let (Some(criterion), Some(value)) = (criterion, &outcome.value) {
            together.entry(&outcome.item).or_default().push((criterion, value.clone()));
        }
    }
    let mut given: HashMap<&str, BTreeMap<&str, Answers<'_>>> = HashMap::new();
    for criterion in &project.rubric.criteria {
        for rating in snapshot.accepted(criterion) {
            let of_item = given.entry(&rating.item).or_default();
            of_item.entry(&rating.rater).or_default().push((criterion, rating.value.clone()));
        }
    }
    let seconds: HashMap<(&str, &str), f64> = snapshot
        .done
        .iter()
        .filter_map(|done| Some(((done.item.as_str(), done.rater.as_str()), done.took_ms? as f64 / 1000.0)))
        .collect();
    let mut tasks = Vec::new();
    for item in shuffled(project, &snapshot.items) {
        let content = outgoing(project, item);
        let mut data = Map::new();
        data.insert("item".into(), json!(item.id));
        data.insert("inputs".into(), json!(inputs_text(&content)));
        data.insert("contexts".into(), json!(contexts_text(&content)));
        data.insert("output".into(), json!(text(&content.output)));
        if let Some(other) = &content.other {
            data.insert("output_2".into(), json!(text(other)));
        }
        let result = |answers: &[(&Criterion, Value)]| -> Vec<Value> {
            answers.iter().flat_map(|(criterion, value)| results(project, item, criterion, value)).collect()
        };
        let predictions: Vec<Value> = together
            .get(item.id.as_str())
            .map(|answers| json!({"model_version": "raters together", "result": result(answers)}))
            .into_iter()
            .collect();
        let annotations: Vec<Value> = given
            .get(item.id.as_str())
            .into_iter()
            .flatten()
            .map(|(rater, answers)| {
                json!({"completed_by": {"email": rater}, "was_cancelled": false,
                       "lead_time": seconds.get(&(item.id.as_str(), rater)), "result": result(answers)})
            })
            .collect();
        tasks.push(json!({"data": data, "predictions": predictions, "annotations": annotations}));
    }
    Value::Array(tasks)
}

fn results(project: &Project, item: &Item, criterion: &Criterion, value: &Value) -> Vec<Value> {
    let value = turned(criterion.kind, value.clone(), leaves_turned(project, item));
    let one = |kind: &str, value: Value| json!({"from_name": criterion.name, "to_name": "output", "type": kind, "value": value});
    match criterion.kind {
        Kind::Comment => vec![one("textarea", json!({"text": [value]}))],
        Kind::Spans => {
            let spans: Vec<Span> = serde_json::from_value(value).unwrap_or_default();
            let content = outgoing(project, item);
            spans
                .into_iter()
                .filter_map(|span| {
                    let (shown, before) = shown_in(&content, &span.field)?;
                    let words = whole(&content, shown)?;
                    let label = span.label.unwrap_or_else(|| criterion.name.clone());
                    Some(json!({"from_name": criterion.name, "to_name": shown, "type": "labels",
                                "value": {"start": utf16(&words, before + span.start),
                                          "end": utf16(&words, before + span.end),
                                          "text": span.text, "labels": [label]}}))
                })
                .collect()
        }
        kind => vec![one("choices", json!({"choices": [text(&word(kind, &value))]}))],
    }
}

/// A text that is shown, by the name of its tag.
fn whole(content: &Content, shown: &str) -> Option<String> {
    match shown {
        "contexts" => Some(contexts_text(content)),
        _ => crate::work::field_text(content, shown),
    }
}

/// Label Studio counts as JavaScript does: in UTF-16 units.
fn utf16(text: &str, characters: usize) -> usize {
    text.chars().take(characters).map(char::len_utf16).sum()
}

fn characters(text: &str, units: usize) -> usize {
    let mut left = units;
    text.chars()
        .take_while(|c| {
            let fits = left >= c.len_utf16();
            left = left.saturating_sub(c.len_utf16());
            fits
        })
        .count()
}

/// Reads an export of Label Studio (JSON). Annotations that were cancelled are left out; predictions are not ratings.
///
/// # Errors
/// A file that cannot be read or is no such export.
pub fn read(path: &Path, project: &Project, items: &[Item]) -> Result<Vec<Incoming>, ReviewError> {
    let tasks = super::argilla::list(path, "a JSON export of Label Studio is a list of tasks")?;
    let by_id: HashMap<&str, &Item> = items.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut incoming = Vec::new();
    for (at, task) in tasks.iter().enumerate() {
        let place = format!("{}: task {}", path.display(), at + 1);
        let Some(id) = task.pointer("/data/item").map(text) else {
            return Err(ReviewError::usage(format!("{place}: `data.item` is missing: was this exported by Assay?")));
        };
        for annotation in task.get("annotations").and_then(Value::as_array).into_iter().flatten() {
            if annotation.get("was_cancelled") == Some(&json!(true)) {
                continue;
            }
            let by = annotation.get("completed_by").unwrap_or(&Value::Null);
            let rater = match by {
                Value::Object(fields) => fields.get("email").or_else(|| fields.get("id")).map(text),
                Value::Null => None,
                other => Some(text(other)),
            };
            let Some(rater) = rater else {
                return Err(ReviewError::usage(format!("{place}: an annotation has no `completed_by`")));
            };
            let took_ms = annotation.get("lead_time").and_then(Value::as_f64).map(|seconds| (seconds * 1000.0) as i64);
            let mut spans: std::collections::BTreeMap<String, Vec<Span>> = std::collections::BTreeMap::new();
            for result in annotation.get("result").and_then(Value::as_array).into_iter().flatten() {
                let name = result.get("from_name").map(text).unwrap_or_default();
                let value = &result["value"];
                if result.get("type") == Some(&json!("labels")) {
                    spans.entry(name).or_default().extend(span(project, &by_id, &id, result));
                    continue;
                }
                let answer = ["choices", "text", "taxonomy"]
                    .iter()
                    .find_map(|key| value.get(*key)?.as_array()?.first().cloned())
                    .or_else(|| ["rating", "number", "text"].iter().find_map(|key| value.get(*key).cloned()));
                let Some(answer) = answer else {
                    return Err(ReviewError::usage(format!(
                        "{place}: the result of `{}` holds no answer",
                        super::clean(&name)
                    )));
                };
                incoming.push(Incoming {
                    item: id.clone(),
                    rater: rater.clone(),
                    criterion: name,
                    value: answer,
                    took_ms,
                    place: place.clone(),
                    turned: true,
                });
            }
            for (name, spans) in spans {
                incoming.push(Incoming {
                    item: id.clone(),
                    rater: rater.clone(),
                    criterion: name,
                    value: json!(spans),
                    took_ms,
                    place: place.clone(),
                    turned: true,
                });
            }
        }
    }
    Ok(incoming)
}

fn span(project: &Project, items: &HashMap<&str, &Item>, id: &str, result: &Value) -> Option<Span> {
    let shown = text(result.get("to_name")?);
    let content = outgoing(project, items.get(id)?);
    let words = whole(&content, &shown)?;
    let place = |key: &str| Some(characters(&words, usize::try_from(result["value"].get(key)?.as_u64()?).ok()?));
    let (from, to) = (place("start")?, place("end")?);
    let (field, start) = field_at(&content, &shown, from)?;
    // What reaches beyond its passage ends with it.
    let length = crate::work::field_text(&content, &field)?.chars().count();
    let end = (start + to.saturating_sub(from)).min(length);
    let name = text(result.get("from_name")?);
    let unnamed = |label: &String| project.rubric.criterion(&name).is_some_and(|criterion| criterion.is_unnamed(label));
    let label = result.pointer("/value/labels/0").map(text).filter(|label| !unnamed(label));
    let marked = words.chars().skip(from).take(end.saturating_sub(start)).collect();
    Some(Span { field, start, end, text: marked, label })
}
