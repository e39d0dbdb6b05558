//! Assertions as scorers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::SuiteParts;
use super::super::intake::Intake;
use super::super::json::shown;
use super::super::record::{is_empty, text};
use super::config::model_of;

/// What asks for the whole answer to be one text, so that its value is what is expected.
const WHOLE: &str = "equals";

/// Assertions of a test with those of `assert-set`s put in their place.
pub(crate) fn flat(asserts: &[Value], intake: Option<&mut Intake<'_>>) -> Vec<Value> {
    let mut sets = 0;
    let mut flat = Vec::new();
    for assertion in asserts {
        if assertion.get("type").and_then(Value::as_str) == Some("assert-set") {
            sets += u64::from(assertion.get("threshold").is_some() || assertion.get("weight").is_some());
            flat.extend(assertion.get("assert").and_then(Value::as_array).into_iter().flatten().cloned());
        } else {
            flat.push(assertion.clone());
        }
    }
    if let Some(intake) = intake {
        intake.lose_many("threshold and weight of a set of assertions", "assert-set", sets);
    }
    flat
}

/// The value of the first assertion that says what the whole answer must be, and its place in the list.
pub(crate) fn expected(asserts: &[Value]) -> Option<(usize, Value)> {
    let of = |assertion: &Value| {
        let value = assertion.get("value").filter(|value| !value.is_null())?;
        (assertion.get("type").and_then(Value::as_str) == Some(WHOLE)).then(|| value.clone())
    };
    asserts.iter().enumerate().find_map(|(i, assertion)| Some((i, of(assertion)?)))
}

/// Scorers of a suite as assertions ask for them.
#[derive(Default)]
pub(crate) struct Scorers {
    /// By name: when it was met, and the scorer.
    by_name: BTreeMap<String, (usize, Value)>,
}

impl Scorers {
    /// An assertion that every test has: its value stands in the scorer.
    pub(crate) fn shared(&mut self, assertion: &Value, intake: &mut Intake<'_>) {
        match scorer(assertion, None) {
            Some(scorer) => self.add(assertion, scorer),
            None => lose(assertion, intake),
        }
    }

    /// An assertion of one test. Its value goes into the case's metadata, where the scorer looks for it, so that cases
    /// without it have no such score. Without a metric's name, a value that is the case's expected output is not
    /// repeated. Returns the metadata key with the value.
    pub(crate) fn own(
        &mut self,
        assertion: &Value,
        value: Value,
        is_expected: bool,
        taken: &Map<String, Value>,
        intake: &mut Intake<'_>,
    ) -> Option<(String, Value)> {
        let mut assertion = assertion.clone();
        if assertion.get("weight").is_some_and(|weight| weight.as_f64() != Some(1.0)) {
            // Weights are a suite's, and other tests may have other ones.
            intake.lose("the weight of a test's own assertion (kept in the case's metadata)", "weight");
            assertion["weight"] = json!(1);
        }
        let assertion = &assertion;
        let metric = assertion.get("metric").and_then(Value::as_str).unwrap_or_default();
        if is_expected && metric.is_empty() {
            if let Some(scorer) = scorer(assertion, Some(&Place::Expected)) {
                self.add(assertion, scorer);
            }
            return None;
        }
        let named = [metric, kind(assertion).as_str()].join(" ");
        let slug: String =
            named.trim_start().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut slot = format!("assert_{slug}");
        for turn in 2u64.. {
            if !taken.contains_key(&slot) {
                break;
            }
            slot = format!("assert_{slug}_{turn}");
        }
        let Some(scorer) = scorer(assertion, Some(&Place::Metadata(&slot))) else {
            lose(assertion, intake);
            return None;
        };
        self.add(assertion, scorer);
        (!is_empty(&value)).then_some((slot, value))
    }

    fn add(&mut self, assertion: &Value, scorer: Value) {
        let base = scorer.get("name").map_or_else(|| kind(assertion), text);
        let mut name = base.clone();
        for turn in 2u64.. {
            let mut named = scorer.clone();
            named["name"] = json!(name);
            let next = self.by_name.len();
            match self.by_name.get(&name) {
                None => {
                    self.by_name.insert(name, (next, named));
                    return;
                }
                Some((_, known)) if *known == named => return,
                Some(_) => name = format!("{base}-{turn}"),
            }
        }
    }

    /// The scorers in the order they were met.
    pub(crate) fn into_parts(self, parts: &mut SuiteParts) {
        let mut all: Vec<(usize, Value)> = self.by_name.into_values().collect();
        all.sort_by_key(|(order, _)| *order);
        for (_, scorer) in all {
            parts.scorer(scorer);
        }
    }
}

fn lose(assertion: &Value, intake: &mut Intake<'_>) {
    let what = "an assertion that is no scorer of Assay (kept in the case's metadata)";
    intake.lose(what, &shown(&kind(assertion)));
}

/// The type, `not-` included.
pub(crate) fn kind(assertion: &Value) -> String {
    assertion.get("type").map(text).unwrap_or_default()
}

/// Where a scorer finds its value.
enum Place<'a> {
    Expected,
    Metadata(&'a str),
}

/// The scorer that says the same, with its value from `place` or in itself.
fn scorer(assertion: &Value, place: Option<&Place<'_>>) -> Option<Value> {
    let full = kind(assertion);
    let (kind, not) = match full.strip_prefix("not-") {
        Some(kind) => (kind, true),
        None => (full.as_str(), false),
    };
    let own = assertion.get("value").filter(|value| !value.is_null());
    let threshold = assertion.get("threshold").and_then(Value::as_f64);
    // A transform changes the answer before it is checked, by a program that nobody runs here.
    if assertion.get("transform").is_some() {
        return None;
    }
    let value = || match place {
        None => own.cloned(),
        Some(Place::Expected) => Some(json!("{{ expected }}")),
        Some(Place::Metadata(slot)) => own.map(|_| json!(format!("{{{{ metadata.{slot} }}}}"))),
    };
    let mut pass_at = None;
    let parameters = match kind {
        "equals" => match place {
            Some(Place::Expected) => Value::Null,
            _ => json!({"value": value()?}),
        },
        "contains" | "icontains" | "contains-any" | "contains-all" | "icontains-any" | "icontains-all"
        | "starts-with" => {
            let value = value()?;
            json!({"value": if place.is_none() { items(kind, value) } else { value }})
        }
        // These take no template, so that only a value that all tests share can stand in a suite.
        "regex" if place.is_none() => json!({"pattern": own?.as_str()?}),
        "is-json" | "contains-json" if own.is_none() => Value::Null,
        "is-json" if place.is_none() && own?.is_object() => {
            return Some(finished(json!({"json-schema": {"schema": own?}}), assertion, &full, not, None));
        }
        "is-refusal" => return Some(finished(json!({"refusal": {}}), assertion, &full, not, None)),
        // A limit of a single test is no template either.
        "latency" if place.is_none() => json!({"max": threshold? / 1000.0}),
        "cost" if place.is_none() => json!({"max": threshold?}),
        "levenshtein" => match threshold {
            Some(max) if max >= 0.0 => json!({"value": value()?, "max": max as u64}),
            _ => json!({"value": value()?}),
        },
        "rouge-n" => {
            pass_at = Some(threshold.unwrap_or(0.75));
            return Some(finished(
                json!({"rouge": {"value": value()?, "variant": "rouge-1"}}),
                assertion,
                &full,
                not,
                pass_at,
            ));
        }
        "bleu" | "meteor" => {
            pass_at = Some(threshold.unwrap_or(0.5));
            json!({"value": value()?})
        }
        "word-count" if place.is_none() => match own? {
            Value::Object(limits) => json!({"min": limits.get("min"), "max": limits.get("max")}),
            exact => json!({"min": exact, "max": exact}),
        },
        "llm-rubric" | "g-eval" if own?.is_string() => {
            let model = assertion.get("provider").and_then(model_of)?;
            return Some(finished(json!({"judge": {"model": model, "rubric": value()?}}), assertion, &full, not, None));
        }
        _ => return None,
    };
    let parameters = without_nulls(parameters);
    let mut entry = Map::new();
    entry.insert(kind.to_owned(), if parameters.is_null() { json!({}) } else { parameters });
    Some(finished(Value::Object(entry), assertion, &full, not, pass_at))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

/// Lists are written as one text with commas, too.
pub(crate) fn items(kind: &str, value: Value) -> Value {
    match value {
        Value::String(text) if kind.ends_with("-any") || kind.ends_with("-all") => {
            text.split(',').map(|item| Value::String(item.trim().to_owned())).collect()
        }
        other => other,
    }
}

fn finished(mut entry: Value, assertion: &Value, full: &str, not: bool, pass_at: Option<f64>) -> Value {
    if let Some(fields) = entry.as_object_mut() {
        let metric = assertion.get("metric").and_then(Value::as_str).filter(|metric| !metric.is_empty());
        fields.insert("name".into(), json!(metric.unwrap_or(full)));
        if not {
            fields.insert("not".into(), json!(true));
        }
        if let Some(weight) =
            assertion.get("weight").and_then(Value::as_f64).filter(|weight| *weight > 0.0 && *weight != 1.0)
        {
            fields.insert("weight".into(), json!(weight));
        }
        if let Some(threshold) = pass_at {
            fields.insert("threshold".into(), json!(threshold));
        }
    }
    entry
}
