//! JSON values: every string in them, the names of fields left alone.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use crate::detector::{Detector, Finding};
use crate::key::Key;
use crate::policy::Action;
use crate::redactor::{Applied, Redactor};
use crate::token::{self, Opened};

/// Values nested deeper than this are refused, not passed by.
pub const DEEPEST: usize = 128;

/// Digits from which a number may be somebody's: shorter ones are counts and years.
const LONG_NUMBER: usize = 7;

/// A value that is nested too deeply to be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this value is nested deeper than {DEEPEST} levels, so nothing of it was changed; flatten it or leave it out")]
pub struct TooDeep;

/// A finding in a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// Dotted path: `messages[0].content`. Names that are findings themselves are redacted in it.
    pub path: String,
    /// It is in the name of the field at the end of the path, not in its value.
    pub in_name: bool,
    /// The finding, with its range in that string.
    pub finding: Finding,
}

impl Detector {
    /// Findings in all strings of a value, in numbers of seven digits or more, and in the names of fields. A string's
    /// field counts as a word beside it.
    ///
    /// # Errors
    /// A value nested deeper than [`DEEPEST`].
    pub fn detect_value(&self, value: &Value) -> Result<Vec<Located>, TooDeep> {
        check_depth(value, 0)?;
        let mut located = Vec::new();
        self.locate(value, "", &mut String::new(), &mut located);
        Ok(located)
    }

    fn locate(&self, value: &Value, field: &str, path: &mut String, located: &mut Vec<Located>) {
        let mut add = |path: &str, in_name, findings: Vec<Finding>| {
            located.extend(findings.into_iter().map(|finding| Located { path: path.to_owned(), in_name, finding }));
        };
        let length = path.len();
        match value {
            Value::String(text) => add(path, false, self.detect_field(field, text)),
            Value::Number(number) => {
                if let Some(text) = long_number(number) {
                    add(path, false, self.detect_field(field, &text));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let _ = write!(path, "[{index}]");
                    self.locate(item, field, path, located);
                    path.truncate(length);
                }
            }
            Value::Object(fields) => {
                for (name, item) in fields {
                    let findings = self.in_name(name);
                    step(name, &findings, path);
                    located.extend(findings.into_iter().map(|finding| Located {
                        path: path.clone(),
                        in_name: true,
                        finding,
                    }));
                    self.locate(item, name, path, located);
                    path.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Findings in the name of a field. Names of plain letters are words of a schema.
    fn in_name(&self, name: &str) -> Vec<Finding> {
        if name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'-') && name.len() <= 40 {
            return Vec::new();
        }
        self.detect(name)
    }
}

impl Redactor {
    /// Applies the policy to all strings of a value. A number of seven digits or more that is a finding as a whole becomes
    /// the string that stands for it. Names of fields are left alone; findings in them have a row with
    /// [`Applied::in_name`] and the action `keep`.
    ///
    /// # Errors
    /// A value nested deeper than [`DEEPEST`]; it is not changed then.
    pub fn apply_value(&self, value: &mut Value) -> Result<Vec<Applied>, TooDeep> {
        check_depth(value, 0)?;
        let mut applied = Vec::new();
        self.act(value, "", &mut String::new(), &mut applied);
        Ok(applied)
    }

    fn act(&self, value: &mut Value, field: &str, path: &mut String, applied: &mut Vec<Applied>) {
        let length = path.len();
        match value {
            Value::String(text) => {
                let (output, rows) = self.apply_field(field, text);
                if rows.iter().any(|row| row.action != Action::Keep) {
                    *text = output;
                }
                applied.extend(rows.into_iter().map(|row| Applied { path: Some(path.clone()), ..row }));
            }
            Value::Number(number) => {
                let Some(text) = long_number(number) else { return };
                let (output, rows) = self.apply_field(field, &text);
                // What is found in a part of a number (digits around a decimal point) is no value of its own.
                if rows.iter().all(|row| row.range != (0..text.len())) {
                    return;
                }
                if rows.iter().any(|row| row.action != Action::Keep) {
                    *value = Value::String(output);
                }
                applied.extend(rows.into_iter().map(|row| Applied { path: Some(path.clone()), ..row }));
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let _ = write!(path, "[{index}]");
                    self.act(item, field, path, applied);
                    path.truncate(length);
                }
            }
            Value::Object(fields) => {
                for (name, item) in fields.iter_mut() {
                    let findings = self.detector().in_name(name);
                    step(name, &findings, path);
                    applied.extend(findings.into_iter().map(|finding| self.kept_name(name, path, finding)));
                    self.act(item, name, path, applied);
                    path.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn kept_name(&self, name: &str, path: &str, finding: Finding) -> Applied {
        Applied {
            path: Some(path.to_owned()),
            in_name: true,
            digest: self.digest(&finding.kind, &name[finding.range.clone()]),
            kind: finding.kind,
            replaced: finding.range.clone(),
            range: finding.range,
            recogniser: finding.recogniser,
            confidence: finding.confidence,
            evidence: finding.evidence,
            action: Action::Keep,
        }
    }
}

/// Opens the tokens in all strings of a value. Numbers that became strings stay strings.
///
/// # Errors
/// A value nested deeper than [`DEEPEST`]; it is not changed then.
pub fn reverse_value(value: &mut Value, key: &Key) -> Result<Opened, TooDeep> {
    fn open(value: &mut Value, key: &Key, all: &mut Opened) {
        match value {
            Value::String(text) => {
                let reversed = token::reverse(text, key);
                all.opened += reversed.tokens.opened;
                all.foreign += reversed.tokens.foreign;
                *text = reversed.text;
            }
            Value::Array(items) => items.iter_mut().for_each(|item| open(item, key, all)),
            Value::Object(fields) => fields.values_mut().for_each(|item| open(item, key, all)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    check_depth(value, 0)?;
    let mut all = Opened::default();
    open(value, key, &mut all);
    Ok(all)
}

fn check_depth(value: &Value, depth: usize) -> Result<(), TooDeep> {
    if depth > DEEPEST {
        return Err(TooDeep);
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_depth(item, depth + 1)),
        Value::Object(fields) => fields.values().try_for_each(|item| check_depth(item, depth + 1)),
        _ => Ok(()),
    }
}

fn long_number(number: &Number) -> Option<String> {
    let text = number.to_string();
    (text.bytes().filter(u8::is_ascii_digit).count() >= LONG_NUMBER).then_some(text)
}

/// Appends a field to a path, with its findings redacted. A name that is no plain word is quoted as in JSON.
fn step(name: &str, findings: &[Finding], path: &mut String) {
    let mut shown = String::with_capacity(name.len());
    let mut written = 0;
    for finding in findings {
        shown.push_str(&name[written..finding.range.start]);
        let _ = write!(shown, "<{}>", finding.kind);
        written = finding.range.end;
    }
    shown.push_str(&name[written..]);
    let plain = !shown.is_empty() && shown.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if !plain {
        let _ = write!(path, "[{}]", Value::String(shown));
    } else if path.is_empty() {
        path.push_str(&shown);
    } else {
        let _ = write!(path, ".{shown}");
    }
}
