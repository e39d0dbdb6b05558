//! Personal data and secrets taken out of cases and answers, one by one, with an audit row for each finding.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use assay_core::{Case, Digest, Outcome, Output};
use assay_datasets::tools::Answer;
use assay_datasets::{DatasetError, Library};
use assay_privacy::{Action, Applied, Key, Policy, Redactor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{Failure, usage};

/// How a policy is named that redacts everything that is found by default.
pub const DEFAULT: &str = "default";
/// The environment variable that holds the key where nobody names another.
pub const KEY: &str = "ASSAY_PRIVACY_KEY";

/// A stream of cases on its way through a policy. Memory does not grow with their number.
pub struct Redaction {
    redactor: Redactor,
    /// Findings by kind and action.
    pub found: BTreeMap<(String, &'static str), u64>,
    /// Cases and answers that were changed.
    pub changed: u64,
    /// Findings in names of fields, which are left alone.
    pub in_names: u64,
    audit: Option<BufWriter<File>>,
}

impl Redaction {
    /// Reads a policy and the key that an environment variable holds; with `audit`, rows are kept.
    ///
    /// # Errors
    /// A policy or a key that cannot be one, or a policy that needs a key and there is none.
    pub fn new(policy: &str, key_env: &str, audit: bool) -> Result<Self, Failure> {
        let path = Some(Path::new(policy)).filter(|_| policy != DEFAULT);
        let policy: Policy = path.map(assay_datasets::yaml_file).transpose()?.unwrap_or_default();
        let key = match std::env::var(key_env).ok().filter(|text| !text.trim().is_empty()) {
            None => None,
            Some(text) => Some(Key::parse(&text).map_err(|error| usage(format!("{key_env}: {error}")))?),
        };
        let redactor = Redactor::new(&policy, key).map_err(|problem| match path {
            Some(path) => usage(format!("{}: {problem}", path.display())),
            None => usage(problem.to_string()),
        })?;
        let audit = if audit { Some(BufWriter::new(tempfile::tempfile()?)) } else { None };
        Ok(Self { redactor, found: BTreeMap::new(), changed: 0, in_names: 0, audit })
    }

    /// What was done, for lineage.
    pub fn parameters(&self) -> Value {
        json!({"policy": self.redactor.policy(), "key": self.redactor.key_id()})
    }

    /// A case without what was found; nothing is counted or kept.
    ///
    /// # Errors
    /// A case that is nested too deep.
    pub fn apply(&self, case: &mut Case) -> Result<Vec<Applied>, DatasetError> {
        let mut parts = Map::new();
        parts.insert("inputs".into(), Value::Object(std::mem::take(&mut case.inputs)));
        parts.insert("expected".into(), case.expected.take().unwrap_or_default());
        parts.insert("contexts".into(), serde_json::to_value(&case.contexts).unwrap_or_default());
        parts.insert("metadata".into(), Value::Object(std::mem::take(&mut case.metadata)));
        parts.insert("recorded".into(), Value::Object(std::mem::take(&mut case.recorded)));
        let (mut parts, applied) = self.through(Value::Object(parts), &format!("case `{}`", case.id))?;
        let mut take = |name: &str| parts.get_mut(name).map(Value::take).unwrap_or_default();
        let object = |value: Value| if let Value::Object(fields) = value { fields } else { Map::new() };
        case.expected = Some(take("expected")).filter(|expected| !expected.is_null());
        (case.inputs, case.metadata, case.recorded) =
            (object(take("inputs")), object(take("metadata")), object(take("recorded")));
        case.contexts = read(take("contexts"), "the contexts", &case.id)?;
        Ok(applied)
    }

    /// Takes what is found out of a case, and gives the rows.
    ///
    /// # Errors
    /// A case that is nested too deep; no room for temporary files.
    pub fn case(&mut self, case: &mut Case) -> Result<Vec<Applied>, DatasetError> {
        let applied = self.apply(case)?;
        self.count(&applied, json!({"case": case.id}))?;
        Ok(applied)
    }

    /// Takes what is found out of an answer: what the target said, and what scorers said of it.
    ///
    /// # Errors
    /// As [`Redaction::case`].
    pub fn answer(&mut self, answer: &mut Answer) -> Result<(), DatasetError> {
        let id = answer.case_id.clone();
        let mut all = Vec::new();
        match &mut answer.outcome {
            Outcome::Ok { output } => {
                let Output { value, contexts, tool_calls, metadata, .. } = output.as_mut();
                all.extend(self.value(value, &id)?);
                all.extend(self.value(contexts, &id)?);
                all.extend(self.value(tool_calls, &id)?);
                all.extend(self.value(metadata, &id)?);
            }
            Outcome::Error { message: text, .. } | Outcome::RefusedByBudget { reason: text } => {
                all.extend(self.value(text, &id)?);
            }
            Outcome::Cancelled => {}
        }
        for score in &mut answer.scores {
            for text in [&mut score.label, &mut score.rationale, &mut score.reason].into_iter().flatten() {
                all.extend(self.value(text, &id)?);
            }
        }
        self.count(&all, json!({"case": id, "answer_of": answer.target, "epoch": answer.epoch}))
    }

    fn value<T: Serialize + DeserializeOwned>(&self, part: &mut T, id: &str) -> Result<Vec<Applied>, DatasetError> {
        let value = serde_json::to_value(&*part).map_err(|error| DatasetError::new(None, error.to_string()))?;
        let (value, applied) = self.through(value, &format!("an answer to case `{id}`"))?;
        if applied.iter().any(|row| row.action != Action::Keep) {
            *part = read(value, "the answer", id)?;
        }
        Ok(applied)
    }

    fn through(&self, mut value: Value, what: &str) -> Result<(Value, Vec<Applied>), DatasetError> {
        let applied = self.redactor.apply_value(&mut value);
        let applied = applied.map_err(|error| DatasetError::new(None, format!("{what}: {error}")))?;
        Ok((value, applied))
    }

    fn count(&mut self, applied: &[Applied], whose: Value) -> Result<(), DatasetError> {
        self.changed += u64::from(applied.iter().any(|row| row.action != Action::Keep));
        for row in applied {
            *self.found.entry((row.kind.to_string(), row.action.name())).or_default() += 1;
            self.in_names += u64::from(row.in_name);
            if let Some(audit) = &mut self.audit {
                let mut line = whose.clone();
                line["row"] = serde_json::to_value(row).unwrap_or_default();
                writeln!(audit, "{line}")
                    .map_err(|error| DatasetError::new(None, format!("the folder for temporary files: {error}")))?;
            }
        }
        Ok(())
    }

    /// Keeps the audit rows beside a version.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn keep(&mut self, library: &Library, version: Digest) -> Result<(), Failure> {
        if let Some(audit) = self.audit.take() {
            library.keep_audit(version, audit.into_inner().map_err(std::io::IntoInnerError::into_error)?)?;
        }
        Ok(())
    }

    /// Findings by kind, as JSON.
    pub fn kinds(&self) -> Vec<Value> {
        let one = |((kind, action), found): (&(String, &'static str), &u64)| json!({"kind": kind, "action": action, "found": found});
        self.found.iter().map(one).collect()
    }
}

fn read<T: DeserializeOwned>(value: Value, what: &str, id: &str) -> Result<T, DatasetError> {
    serde_json::from_value(value).map_err(|error| DatasetError::new(None, format!("case `{id}`: {what}: {error}")))
}
