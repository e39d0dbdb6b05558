//! A JSON object whose fields are taken out one by one: what is left is known, so that nothing is dropped unseen.

use assay_core::Score;
use serde_json::{Map, Value};

use crate::{DatasetError, Place};

pub(crate) struct Record {
    pub(crate) fields: Map<String, Value>,
    pub(crate) place: Place,
}

impl Record {
    pub(crate) fn new(value: Value, place: Place) -> Result<Self, DatasetError> {
        match value {
            Value::Object(fields) => Ok(Self { fields, place }),
            other => Err(DatasetError::new(Some(place), format!("an object is expected, not {}", kind(&other)))),
        }
    }

    /// The first of the fields that is there and not null.
    pub(crate) fn take(&mut self, names: &[&str]) -> Option<Value> {
        let mut found = None;
        for name in names {
            if let Some(value) = self.fields.get_mut(*name).map(Value::take).filter(|value| !value.is_null()) {
                if found.is_none() {
                    self.fields.shift_remove(*name);
                    found = Some(value);
                } else {
                    // Both spellings stand there: the second one stays behind.
                    self.fields.insert((*name).to_owned(), value);
                }
            }
        }
        found
    }

    /// A text; numbers and booleans as they are written.
    pub(crate) fn text(&mut self, names: &[&str]) -> Option<String> {
        self.take(names).map(|value| text(&value))
    }

    pub(crate) fn number(&mut self, names: &[&str]) -> Option<f64> {
        self.take(names).as_ref().and_then(number)
    }

    pub(crate) fn count(&mut self, names: &[&str]) -> Option<u64> {
        self.take(names).as_ref().and_then(count)
    }

    pub(crate) fn object(&mut self, names: &[&str]) -> Map<String, Value> {
        match self.take(names) {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// A list; a lone value is a list of one.
    pub(crate) fn list(&mut self, names: &[&str]) -> Vec<Value> {
        match self.take(names) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => vec![other],
        }
    }

    pub(crate) fn wrong(&self, message: impl Into<String>) -> DatasetError {
        DatasetError::new(Some(self.place.clone()), message)
    }

    /// A field that must be there.
    pub(crate) fn need(&mut self, name: &str) -> Result<Value, DatasetError> {
        self.take(&[name]).ok_or_else(|| {
            let there: Vec<&str> = self.fields.keys().take(12).map(String::as_str).collect();
            self.wrong(format!("`{name}` is missing")).help(format!("there are: {}", there.join(", ")))
        })
    }

    /// What nobody took, without nulls and empty lists and objects.
    pub(crate) fn rest(self) -> impl Iterator<Item = (String, Value)> {
        self.fields.into_iter().filter(|(_, value)| !is_empty(value))
    }
}

pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number, or a text that is one.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => {
            // Some tools write whole numbers as 12.0.
            number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0 && *n < 9e15).map(|n| n as u64))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A recorded value as a score. Numbers and booleans are values; `NaN` and null say that the scorer had none; any other
/// text is a label without a value.
pub(crate) fn score(name: &str, value: &Value) -> Score {
    match value {
        Value::Bool(passed) => Score::binary(name, *passed),
        Value::Number(number) => Score::scored(name, number.as_f64().unwrap_or(f64::NAN)),
        Value::Null => Score::unscored(name, "recorded without a value"),
        Value::String(text) if text == "NaN" => Score::unscored(name, "recorded as NaN"),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(value) => Score::scored(name, value),
            Err(_) => Score::unscored(name, "recorded as a label").labelled(text.clone()),
        },
        other => Score::unscored(name, format!("recorded as {}, which is no number", kind(other))),
    }
}
