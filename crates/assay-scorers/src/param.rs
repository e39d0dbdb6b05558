//! Parameters that may be templates.

use std::borrow::Cow;

use assay_core::Template;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::ScoreInput;

/// A value, or a template over the trial that gives one.
#[derive(Clone, Debug)]
pub enum Param {
    /// As written.
    Plain(Value),
    /// Evaluated for each trial.
    Template(Template),
}

impl Param {
    /// The value for a trial.
    ///
    /// # Errors
    /// Why the template cannot be evaluated.
    pub fn resolve(&self, input: &ScoreInput<'_>) -> Result<Value, String> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Template(template) => template.evaluate(input.variables()).map_err(|error| error.to_string()),
        }
    }

    /// The variables a template reads.
    pub fn variables(&self) -> Vec<String> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Template(template) => template.variables().into_iter().collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Param {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text.contains("{{") || text.contains("{%") => {
                Template::new(&text).map(Self::Template).map_err(serde::de::Error::custom)
            }
            value => Ok(Self::Plain(value)),
        }
    }
}

impl Serialize for Param {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Template(template) => serializer.serialize_str(template.source()),
        }
    }
}

impl JsonSchema for Param {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"description": "A value, or a template such as `{{ expected }}`."})
    }
}

/// A parameter's value for a trial, or the case's expected output when the parameter is not given.
///
/// # Errors
/// Why there is none: the trial is then unscored.
pub fn or_expected(param: Option<&Param>, input: &ScoreInput<'_>) -> Result<Value, String> {
    match param {
        Some(param) => param.resolve(input),
        None => input.case.expected.clone().ok_or_else(|| "the case says nothing about what is expected".to_owned()),
    }
}

/// A value as one text or several: a list gives each of its items.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        other => vec![text(other)],
    }
}

/// A value as a finite number: a number, a text that is one, or true and false as 1 and 0.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A value as text: a string itself, anything else as JSON.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
