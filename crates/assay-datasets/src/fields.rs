//! Rows as cases: the field mapping.
//!
//! Without a mapping the usual names are found: those of Assay and of promptfoo, Inspect AI, DeepEval, Ragas and
//! OpenAI evals. A column that any mapping claims is not an input, unless `input` names it. An object under `inputs` is all
//! of the inputs; other columns beside it are metadata.

use std::collections::BTreeSet;

use assay_core::problem::did_you_mean;
use assay_core::{Case, Passage};
use serde_json::{Map, Value};

use crate::DatasetError;
use crate::declare::Fields;
use crate::rows::{Place, Row};

pub(crate) const IDS: &[&str] = &["id", "case_id", "qid", "key"];
pub(crate) const EXPECTED: &[&str] =
    &["expected", "target", "expected_output", "reference", "ideal", "label", "__expected"];
pub(crate) const CONTEXTS: &[&str] = &["reference_contexts", "contexts"];
pub(crate) const METADATA: &[&str] = &["metadata"];
pub(crate) const CLUSTERS: &[&str] = &["cluster", "cluster_id"];
pub(crate) const WEIGHTS: &[&str] = &["weight"];
pub(crate) const CRITICAL: &[&str] = &["critical"];
pub(crate) const OUTPUTS: &[&str] = &["output", "actual_output", "response"];

/// Turns rows into cases.
pub struct Mapper {
    fields: Fields,
    inputs: Option<Vec<(String, String)>>,
    metadata: Vec<(String, String)>,
    outputs: Vec<(String, String)>,
    rows: u64,
    seen: BTreeSet<String>,
    numbered: bool,
}

impl Mapper {
    /// A mapper for declared fields.
    pub fn new(fields: &Fields) -> Self {
        Self {
            inputs: fields.input.as_ref().map(|names| names.pairs(None)),
            metadata: fields.metadata.as_ref().map(|names| names.pairs(None)).unwrap_or_default(),
            outputs: fields.outputs.as_ref().map(|names| names.pairs(Some("output"))).unwrap_or_default(),
            fields: fields.clone(),
            rows: 0,
            seen: BTreeSet::new(),
            numbered: true,
        }
    }

    /// Leaves the ids of rows without one empty instead of numbering them.
    pub(crate) fn unnumbered(mut self) -> Self {
        self.numbered = false;
        self
    }

    /// The case of a row.
    ///
    /// # Errors
    /// A mapped column that does not exist, or a value of the wrong kind.
    pub fn case(&mut self, mut row: Row, place: &Place) -> Result<Case, DatasetError> {
        self.rows += 1;
        let wrong = |message: String| DatasetError::new(Some(place.clone()), message);
        let mut claimed: BTreeSet<String> = BTreeSet::new();
        let take = |declared: &Option<String>, usual: &[&str], claimed: &mut BTreeSet<String>| match declared {
            Some(path) => {
                claimed.insert(top(path).to_owned());
                self.seen_or_missing(path, &row, place)?;
                Ok(look(&row, path).cloned())
            }
            None => Ok(usual.iter().find(|name| row.contains_key(**name)).and_then(|name| {
                claimed.insert((*name).to_owned());
                row.get(*name).cloned()
            })),
        };
        let id = take(&self.fields.id, IDS, &mut claimed)?;
        let expected = take(&self.fields.expected, EXPECTED, &mut claimed)?;
        let contexts = take(&self.fields.contexts, CONTEXTS, &mut claimed)?;
        let cluster = take(&self.fields.cluster, CLUSTERS, &mut claimed)?;
        let weight = take(&self.fields.weight, WEIGHTS, &mut claimed)?;
        let critical = take(&self.fields.critical, CRITICAL, &mut claimed)?;
        let mut recorded = Map::new();
        if self.fields.outputs.is_none() {
            if let Some(outputs) = row.get("outputs").and_then(object_of) {
                recorded = outputs;
                claimed.insert("outputs".into());
            }
            if let Some(output) = take(&None, OUTPUTS, &mut claimed)? {
                recorded.insert("output".into(), output);
            }
        }
        for (name, path) in &self.outputs {
            claimed.insert(top(path).to_owned());
            self.seen_or_missing(path, &row, place)?;
            if let Some(output) = look(&row, path).filter(|output| !output.is_null()) {
                recorded.insert(name.clone(), output.clone());
            }
        }
        let mut metadata = match take(&None, METADATA, &mut claimed)? {
            Some(Value::Object(metadata)) => metadata,
            Some(Value::String(text)) => match serde_json::from_str(&text) {
                Ok(Value::Object(metadata)) => metadata,
                _ => return Err(wrong("`metadata` must be an object".into())),
            },
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err(wrong("`metadata` must be an object".into())),
        };
        for (name, path) in &self.metadata {
            claimed.insert(top(path).to_owned());
            self.seen_or_missing(path, &row, place)?;
            if let Some(value) = look(&row, path) {
                metadata.insert(name.clone(), value.clone());
            }
        }
        let inputs = match &self.inputs {
            Some(pairs) => {
                for (_, path) in pairs {
                    self.seen_or_missing(path, &row, place)?;
                }
                let read =
                    |(name, path): &(String, String)| (name.clone(), look(&row, path).cloned().unwrap_or_default());
                pairs.iter().map(read).collect()
            }
            None => {
                row.retain(|column, _| !claimed.contains(column));
                match row.get("inputs").and_then(object_of) {
                    // What stands beside `inputs` says something about the case.
                    Some(inputs) => {
                        row.shift_remove("inputs");
                        for (column, value) in row {
                            metadata.entry(column).or_insert(value);
                        }
                        inputs
                    }
                    None => row,
                }
            }
        };
        if inputs.is_empty() {
            return Err(wrong("the case has no inputs".into()).help("name them under `fields.input`"));
        }
        Ok(Case {
            id: self.id(id).map_err(wrong)?,
            inputs,
            expected: expected.filter(|expected| !expected.is_null()).map(promptfoo_equals),
            contexts: contexts.map_or_else(|| Ok(Vec::new()), passages).map_err(wrong)?,
            metadata,
            cluster: cluster.and_then(|cluster| text_of(&cluster)),
            weight: number(weight).map_err(wrong)?,
            critical: yes_or_no(critical).map_err(wrong)?,
            recorded,
        })
    }

    /// A path that no row has had so far does not exist; one that some row had may be absent in others.
    fn seen_or_missing(&self, path: &str, row: &Row, place: &Place) -> Result<(), DatasetError> {
        if look(row, path).is_some() || self.rows > 1 || self.seen.contains(path) {
            return Ok(());
        }
        let column = top(path);
        let error = DatasetError::new(Some(place.clone()), format!("there is no column `{path}`"));
        let columns: Vec<&str> = row.keys().map(String::as_str).collect();
        Err(match did_you_mean(column, columns.iter().copied()).filter(|near| *near != column) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("there are: {}", columns.join(", "))),
        })
    }

    fn id(&self, id: Option<Value>) -> Result<String, String> {
        let id = match id {
            None | Some(Value::Null) if self.numbered => return Ok(self.rows.to_string()),
            None | Some(Value::Null) => return Ok(String::new()),
            Some(value) => text_of(&value).ok_or("an id must be a text or a number")?,
        };
        if id.is_empty() { Err("the id is empty".into()) } else { Ok(id) }
    }
}

fn top(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// A column of that very name, else a dotted path into nested objects and lists. A step may itself hold dots, as the names of
/// models do: `scores.gpt-3.5.tone`.
///
/// # Examples
/// ```
/// use assay_datasets::fields::look;
/// let row = serde_json::json!({"scores": [{"gpt-3.5": 4}]});
/// assert_eq!(look(row.as_object().unwrap(), "scores.0.gpt-3.5"), Some(&4.into()));
/// ```
pub fn look<'a>(row: &'a Row, path: &str) -> Option<&'a Value> {
    step(&|name| row.get(name), path)
}

fn step<'a>(get: &dyn Fn(&str) -> Option<&'a Value>, path: &str) -> Option<&'a Value> {
    get(path).or_else(|| {
        path.match_indices('.').find_map(|(at, _)| match get(&path[..at])? {
            Value::Object(fields) => step(&|name| fields.get(name), &path[at + 1..]),
            Value::Array(items) => step(&|name| items.get(name.parse::<usize>().ok()?), &path[at + 1..]),
            _ => None,
        })
    })
}

/// An object, also as JSON in a cell.
fn object_of(value: &Value) -> Option<Row> {
    match value {
        Value::Object(fields) => Some(fields.clone()),
        Value::String(text) if text.starts_with('{') => serde_json::from_str(text).ok(),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// promptfoo's CSV says `equals: Paris` where the plain text would do.
fn promptfoo_equals(expected: Value) -> Value {
    match expected {
        Value::String(text) => match text.strip_prefix("equals:") {
            Some(rest) => Value::String(rest.trim().to_owned()),
            None => Value::String(text),
        },
        other => other,
    }
}

fn passages(value: Value) -> Result<Vec<Passage>, String> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        // A CSV cell may hold a JSON list.
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Array(list)) => list,
            _ => vec![Value::String(text)],
        },
        other => vec![other],
    };
    list.iter()
        .map(Passage::from_value)
        .collect::<Option<_>>()
        .ok_or_else(|| "each context must be a text, an id, or an object with `id` or `text`".to_owned())
}

fn number(value: Option<Value>) -> Result<f64, String> {
    let weight = match &value {
        None | Some(Value::Null) => return Ok(1.0),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    match weight {
        Some(weight) if weight.is_finite() && weight > 0.0 => Ok(weight),
        _ => Err(format!("a weight must be a number above 0, not {}", value.unwrap_or_default())),
    }
}

fn yes_or_no(value: Option<Value>) -> Result<bool, String> {
    match value {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(other) => match other.to_string().trim_matches('"').to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
            word => Err(format!("`critical` must be true or false, not `{word}`")),
        },
    }
}
