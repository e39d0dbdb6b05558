//! One test as one case, or as several.

use assay_core::{Case, Template};
use serde_json::{Map, Value, json};

use super::super::intake::Intake;
use super::super::json::shown;
use super::super::record::{Record, is_empty, text};
use super::asserts::{self, Scorers, items};
use crate::{DatasetError, Place};

/// The most cases that one test's lists of values may stand for.
const MOST_COMBINATIONS: usize = 1_000_000;

/// A test with the defaults put in, as its file has it.
pub(crate) struct Test {
    pub(crate) fields: Map<String, Value>,
    pub(crate) place: Place,
}

/// What every test of a config has unless it says otherwise.
#[derive(Default)]
pub(crate) struct Defaults {
    pub(crate) vars: Map<String, Value>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) options: Map<String, Value>,
    pub(crate) threshold: Option<Value>,
}

impl Test {
    /// Pushes the cases of the test: one for each combination of the values of its variables.
    pub(crate) fn cases(
        self,
        defaults: &Defaults,
        scorers: &mut Scorers,
        intake: &mut Intake<'_>,
    ) -> Result<(), DatasetError> {
        let mut record = Record { fields: self.fields, place: self.place };
        let mut vars = defaults.vars.clone();
        vars.extend(record.object(&["vars"]));
        let mut options = defaults.options.clone();
        options.extend(record.object(&["options"]));
        let own = record.list(&["assert"]);
        let mut metadata = defaults.metadata.clone();
        metadata.extend(record.object(&["metadata"]));
        if let Some(description) = record.take(&["description"]) {
            metadata.insert("description".into(), description);
        }
        // What only promptfoo can do stays beside the case, as it was.
        let mut kept = Map::new();
        if let Some(threshold) = record.take(&["threshold"]).or_else(|| defaults.threshold.clone()) {
            intake.lose("the threshold over a test's assertions (kept in the case's metadata)", "threshold");
            kept.insert("threshold".into(), threshold);
        }
        let expand = options.get("disableVarExpansion").and_then(Value::as_bool) != Some(true);
        for (name, value) in
            options.into_iter().filter(|(name, value)| name != "disableVarExpansion" && !is_empty(value))
        {
            intake.lose("an option of a test (kept in the case's metadata)", &shown(&name));
            kept.insert(name, value);
        }
        for name in ["provider", "providers", "prompts", "providerOutput", "assertScoringFunction"] {
            if let Some(value) = record.take(&[name]) {
                if name == "providerOutput" {
                    kept.insert("output".into(), value);
                } else {
                    intake.lose("an option of a test (kept in the case's metadata)", name);
                    kept.insert(name.to_owned(), value);
                }
            }
        }
        let place = record.place.clone();
        for (name, value) in record.rest() {
            metadata.insert(name, value);
        }
        let combinations = if expand { combinations(&vars, &place)? } else { vec![vars] };
        let own_flat = asserts::flat(&own, Some(intake));
        for vars in combinations {
            let mut case = case(vars, &own_flat, metadata.clone(), scorers, intake);
            let mut kept = kept.clone();
            if let Some(output) = kept.shift_remove("output") {
                case.recorded.insert("output".into(), json!({"output": output}));
            }
            if !own.is_empty() {
                kept.insert("assert".into(), Value::Array(own.clone()));
            }
            if !kept.is_empty() {
                case.metadata.insert("promptfoo".into(), Value::Object(kept));
            }
            intake.row(case, &place)?;
        }
        Ok(())
    }
}

/// The case of variables and a test's own assertions; values of assertions are filled in with the variables.
pub(crate) fn case(
    vars: Map<String, Value>,
    asserts: &[Value],
    metadata: Map<String, Value>,
    scorers: &mut Scorers,
    intake: &mut Intake<'_>,
) -> Case {
    let mut case = Case { id: intake.number(), weight: 1.0, metadata, ..Case::default() };
    let expected = asserts::expected(asserts).map(|(at, value)| (at, filled(value, &vars)));
    for (i, assertion) in asserts.iter().enumerate() {
        let kind = asserts::kind(assertion);
        let value = assertion.get("value").cloned().unwrap_or_default();
        let value = items(&kind, filled(value, &vars));
        let is_expected = expected.as_ref().is_some_and(|(at, _)| *at == i);
        if let Some((slot, value)) = scorers.own(assertion, value, is_expected, &case.metadata, intake) {
            case.metadata.insert(slot, value);
        }
    }
    case.expected = expected.map(|(_, value)| value);
    case.inputs = vars;
    if case.inputs.is_empty() {
        // A prompt without variables is asked as it is; the case still has to ask something.
        case.inputs.insert("test".into(), case.metadata.get("description").cloned().unwrap_or_else(|| json!(case.id)));
    }
    case
}

/// `{{ variable }}` in texts as what it stands for; what Assay's templates cannot say stays as it is.
fn filled(value: Value, vars: &Map<String, Value>) -> Value {
    match value {
        Value::String(source) if source.contains("{{") || source.contains("{%") => {
            match Template::new(&source).and_then(|template| template.render(vars)) {
                Ok(text) => Value::String(text),
                Err(_) => Value::String(source),
            }
        }
        Value::Array(list) => list.into_iter().map(|item| filled(item, vars)).collect(),
        other => other,
    }
}

/// A list of values stands for one case with each of them.
fn combinations(vars: &Map<String, Value>, place: &Place) -> Result<Vec<Map<String, Value>>, DatasetError> {
    let mut all = vec![Map::new()];
    for (name, value) in vars {
        let values = match value {
            Value::Array(values) if !values.is_empty() => values.clone(),
            other => vec![other.clone()],
        };
        if all.len().saturating_mul(values.len()) > MOST_COMBINATIONS {
            let message = "the lists of values of this test stand for more than 1,000,000 cases";
            return Err(DatasetError::new(Some(place.clone()), message)
                .help("set `options: {disableVarExpansion: true}`, or split the test"));
        }
        let next = |known: &Map<String, Value>, value: &Value| {
            let mut vars = known.clone();
            vars.insert(name.clone(), value.clone());
            vars
        };
        all = all.iter().flat_map(|known| values.iter().map(move |value| next(known, value))).collect();
    }
    Ok(all)
}

/// A row of a table: `__expected` and its kin are assertions and options, every other column is a variable.
pub(crate) fn from_row(row: Map<String, Value>, intake: &mut Intake<'_>) -> Map<String, Value> {
    let mut vars = Map::new();
    let mut metadata = Map::new();
    let mut options = Map::new();
    let mut test = Map::new();
    let mut expected: Vec<(u32, Value)> = Vec::new();
    let mut settings: Vec<(u32, String, Value)> = Vec::new();
    let mut metric = None;
    for (column, value) in row {
        let Some(name) = column.strip_prefix("__") else {
            vars.insert(column, if value.is_null() { json!("") } else { value });
            continue;
        };
        if value.is_null() || value == "" {
            continue;
        }
        if let Some(number) = name.strip_prefix("expected") {
            match (number, number.parse()) {
                ("", _) => expected.push((1, from_expectation(&text(&value)))),
                (_, Ok(number)) => expected.push((number, from_expectation(&text(&value)))),
                _ => intake.lose("a column", &shown(&column)),
            }
        } else if let Some(key) = name.strip_prefix("metadata:") {
            match key.strip_suffix("[]") {
                Some(key) => drop(metadata.insert(key.to_owned(), comma_list(&text(&value)))),
                None => drop(metadata.insert(key.to_owned(), value)),
            }
        } else if let Some((of, key)) = name.strip_prefix("config:__expected").and_then(|rest| rest.split_once(':')) {
            settings.push((of.parse().unwrap_or(1), key.to_owned(), value));
        } else {
            match name {
                "description" => drop(test.insert("description".into(), value)),
                "prefix" | "suffix" => drop(options.insert(name.to_owned(), value)),
                "metric" => metric = Some(value),
                "threshold" => match text(&value).trim().parse::<f64>() {
                    Ok(number) => drop(test.insert("threshold".into(), json!(number))),
                    Err(_) => intake.lose("a threshold that is no number", "__threshold"),
                },
                "providerOutput" => drop(test.insert("providerOutput".into(), value)),
                _ => intake.lose("a column", &shown(&column)),
            }
        }
    }
    expected.sort_by_key(|(number, _)| *number);
    let asserts: Vec<Value> = expected
        .into_iter()
        .map(|(number, mut assertion)| {
            if let Some(metric) = &metric {
                assertion["metric"] = metric.clone();
            }
            for (_, key, value) in settings.iter().filter(|(of, _, _)| *of == number) {
                let parsed = text(value).trim().parse::<f64>().map_or_else(|_| value.clone(), |number| json!(number));
                assertion[key.as_str()] = parsed;
            }
            assertion
        })
        .collect();
    for (name, value) in [("vars", vars), ("metadata", metadata), ("options", options)] {
        if !value.is_empty() {
            test.insert(name.to_owned(), Value::Object(value));
        }
    }
    if !asserts.is_empty() {
        test.insert("assert".into(), Value::Array(asserts));
    }
    test
}

/// `a, b\, c` as two items.
fn comma_list(text: &str) -> Value {
    let mut items = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&',') => {
                characters.next();
                items.last_mut().into_iter().for_each(|item| item.push(','));
            }
            ',' => items.push(String::new()),
            c => items.last_mut().into_iter().for_each(|item| item.push(c)),
        }
    }
    items.into_iter().map(|item| Value::String(item.trim().to_owned())).collect()
}

/// `type:value`, `type(threshold):value`, or a text that the answer must equal (promptfoo's `src/csv.ts`,
/// `assertionFromString`).
fn from_expectation(text: &str) -> Value {
    for (prefix, kind) in [
        ("javascript:", "javascript"),
        ("fn:", "javascript"),
        ("eval:", "javascript"),
        ("python:", "python"),
        ("grade:", "llm-rubric"),
        ("llm-rubric:", "llm-rubric"),
    ] {
        if let Some(value) = text.strip_prefix(prefix) {
            return json!({"type": kind, "value": value.trim()});
        }
    }
    let end = text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')).unwrap_or(text.len());
    let (kind, rest) = text.split_at(end);
    let (threshold, rest) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((number, rest)) => (number.trim().parse::<f64>().ok(), rest),
        None => (None, rest),
    };
    let plain = kind.strip_prefix("not-").unwrap_or(kind);
    if !KINDS.contains(&plain) || !(rest.is_empty() || rest.starts_with(':')) {
        return json!({"type": "equals", "value": text});
    }
    let value = rest.strip_prefix(':').map(str::trim).filter(|value| !value.is_empty());
    let mut assertion = Map::new();
    assertion.insert("type".into(), json!(kind));
    if let Some(value) = value {
        assertion.insert("value".into(), items(kind, json!(value)));
    }
    if let Some(threshold) = threshold {
        assertion.insert("threshold".into(), json!(threshold));
    } else if ["latency", "cost"].contains(&plain)
        && let Some(limit) = value.and_then(|value| value.parse::<f64>().ok())
    {
        assertion.insert("threshold".into(), json!(limit));
    }
    Value::Object(assertion)
}

/// The types that a cell may begin with.
const KINDS: &[&str] = &[
    "answer-relevance",
    "bleu",
    "classifier",
    "contains",
    "contains-all",
    "contains-any",
    "contains-html",
    "contains-json",
    "contains-sql",
    "contains-xml",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "cost",
    "equals",
    "factuality",
    "finish-reason",
    "g-eval",
    "gleu",
    "guardrails",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-html",
    "is-json",
    "is-refusal",
    "is-sql",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "latency",
    "levenshtein",
    "meteor",
    "model-graded-closedqa",
    "model-graded-factuality",
    "moderation",
    "perplexity",
    "perplexity-score",
    "pi",
    "regex",
    "rouge-n",
    "ruby",
    "similar",
    "similar:cosine",
    "similar:dot",
    "similar:euclidean",
    "starts-with",
    "tool-call-f1",
    "webhook",
    "word-count",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_promptfoo_reads_them() {
        for (cell, want) in [
            ("Paris", json!({"type": "equals", "value": "Paris"})),
            ("equals: Paris", json!({"type": "equals", "value": "Paris"})),
            ("not-contains:x", json!({"type": "not-contains", "value": "x"})),
            ("contains-any:a, b", json!({"type": "contains-any", "value": ["a", "b"]})),
            ("similar(0.8):hello", json!({"type": "similar", "value": "hello", "threshold": 0.8})),
            ("is-json", json!({"type": "is-json"})),
            ("javascript: output.length", json!({"type": "javascript", "value": "output.length"})),
            ("contains milk", json!({"type": "equals", "value": "contains milk"})),
            ("https://x.y", json!({"type": "equals", "value": "https://x.y"})),
            ("", json!({"type": "equals", "value": ""})),
            ("ä", json!({"type": "equals", "value": "ä"})),
        ] {
            assert_eq!(from_expectation(cell), want, "{cell}");
        }
        assert_eq!(comma_list("a, b\\,c"), json!(["a", "b,c"]));
    }
}
