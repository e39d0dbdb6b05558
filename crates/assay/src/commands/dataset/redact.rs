//! `assay dataset redact`: personal data and secrets taken out of a version.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use assay_core::Case;
use assay_datasets::library::{How, Lineage, Parent, who};
use assay_datasets::{DatasetError, Library, add};
use assay_privacy::{Action, Applied, Key, Policy, Redactor};
use assay_report::{plain, terminal};
use clap::Args;
use serde_json::{Map, Value, json};

use super::super::run::usage;
use super::super::{Failure, say};
use super::{count, find};
use crate::exit;

/// Finds personal data and secrets in a version and makes a new one without them: redacted, masked, hashed or replaced by
/// tokens that only the key turns back. `--preview` shows what would change and writes nothing.
#[derive(Args)]
pub struct Redact {
    /// The dataset, and a version behind `@`.
    pub(super) name: String,
    /// A YAML or JSON file that says what is looked for and what is done with each kind; everything is redacted by default.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The environment variable that holds the key (64 hexadecimal digits), for `hash` and `tokenise`.
    #[arg(long, value_name = "NAME", default_value = "ASSAY_PRIVACY_KEY")]
    key_env: String,
    /// Show what would change, and write nothing.
    #[arg(long)]
    preview: bool,
    /// How many changed texts the preview shows.
    #[arg(long, value_name = "N", default_value_t = 10)]
    cases: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The parts of a case that hold text from outside.
fn parts(case: &Case) -> Map<String, Value> {
    let mut parts = Map::new();
    parts.insert("inputs".into(), Value::Object(case.inputs.clone()));
    parts.insert("expected".into(), case.expected.clone().unwrap_or_default());
    parts.insert("contexts".into(), serde_json::to_value(&case.contexts).unwrap_or_default());
    parts.insert("metadata".into(), Value::Object(case.metadata.clone()));
    parts.insert("recorded".into(), Value::Object(case.recorded.clone()));
    parts
}

/// Puts redacted parts back.
fn put(case: &mut Case, mut parts: Map<String, Value>) -> Result<(), String> {
    let mut object = |name: &str| match parts.remove(name) {
        Some(Value::Object(fields)) => Ok(fields),
        _ => Err(format!("`{name}` is no object any more")),
    };
    (case.inputs, case.metadata, case.recorded) = (object("inputs")?, object("metadata")?, object("recorded")?);
    case.expected = parts.remove("expected").filter(|_| case.expected.is_some());
    let contexts = parts.remove("contexts").unwrap_or_default();
    case.contexts = serde_json::from_value(contexts).map_err(|error| format!("the contexts: {error}"))?;
    Ok(())
}

impl Redact {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let redactor = self.redactor()?;
        let held = library.hold()?;
        let (dataset, record) = find(library, &self.name)?;
        if self.preview
            && let Some(part) = dataset.sealed_part()
            && self.cases > 0
        {
            return Err(format!("the part `{}` is sealed: `--cases 0` shows the counts alone", part.name).into());
        }
        let mut counts: BTreeMap<(String, &'static str), u64> = BTreeMap::new();
        let mut shown = Vec::new();
        let (mut changed, mut names) = (0u64, 0u64);
        let mut writer = if self.preview { None } else { Some(library.write(&held)?) };
        let mut audit = if self.preview { None } else { Some(tempfile::tempfile().map(std::io::BufWriter::new)?) };
        for case in library.cases(record.version)? {
            let mut case = case?;
            let before = parts(&case);
            let mut after = Value::Object(before.clone());
            let applied = redactor
                .apply_value(&mut after)
                .map_err(|error| DatasetError::new(None, format!("case `{}`: {error}", case.id)))?;
            let acted = |row: &&Applied| row.action != Action::Keep;
            changed += u64::from(applied.iter().any(|row| row.action != Action::Keep));
            for row in &applied {
                *counts.entry((row.kind.to_string(), row.action.name())).or_default() += 1;
                names += u64::from(row.in_name);
                if let Some(audit) = &mut audit {
                    serde_json::to_writer(&mut *audit, &json!({"case": case.id, "row": row}))?;
                    audit.write_all(b"\n")?;
                }
            }
            if self.preview {
                for row in applied.iter().filter(acted) {
                    if shown.len() >= self.cases {
                        break;
                    }
                    let path = row.path.clone().unwrap_or_default();
                    let now = after.pointer(&pointer(&path)).and_then(Value::as_str).unwrap_or_default().to_owned();
                    let line = vec![case.id.clone(), path, row.kind.to_string(), now];
                    if !shown.contains(&line) {
                        shown.push(line);
                    }
                }
                continue;
            }
            if let Value::Object(after) = after {
                put(&mut case, after)
                    .map_err(|message| DatasetError::new(None, format!("case `{}`: {message}", case.id)))?;
            }
            if let Some(writer) = &mut writer {
                writer.add(&case, None)?;
            }
        }
        let mut written = None;
        if let Some(writer) = writer {
            let (manifest, _) = writer.finish()?;
            let lineage = Lineage {
                how: How::Redacted,
                parents: vec![Parent { dataset: dataset.name.clone(), version: record.version }],
                sources: Vec::new(),
                tool: add::tool(),
                parameters: json!({"policy": redactor.policy(), "key": redactor.key_id()}),
                note: None,
            };
            written = library.add(&held, &dataset.name, &who(), &manifest, lineage)?;
            if let (Some(version), Some(audit)) = (&written, audit) {
                let file = audit.into_inner().map_err(|error| error.into_error())?;
                library.keep_audit(version.version, file)?;
            }
        }
        let total: u64 = counts.values().sum();
        if self.json {
            let kinds: Vec<Value> = counts
                .iter()
                .map(|((kind, action), found)| json!({"kind": kind, "action": action, "found": found}))
                .collect();
            say(&json!({"cases": record.cases, "changed": changed, "found": kinds, "version": written}).to_string());
            return Ok(exit::PASS);
        }
        if !shown.is_empty() {
            say(&terminal::table(&["case", "field", "kind", "becomes"], shown, &[]));
        }
        if !counts.is_empty() {
            let cells =
                counts.iter().map(|((kind, action), found)| vec![kind.clone(), (*action).to_owned(), count(*found)]);
            say(&terminal::table(&["kind", "action", "found"], cells.collect(), &[2]));
        }
        say(&format!("{} findings in {} of {} cases", count(total), count(changed), count(record.cases)));
        if names > 0 {
            say(&format!("note: {} of them are in names of fields, which are left alone", count(names)));
        }
        match &written {
            Some(version) => say(&format!(
                "{}@{} {}; ids and clusters are left as they are. The audit: {}",
                dataset.name,
                version.number,
                version.version.short(),
                plain(&library.audit_file(version.version).display().to_string(), 400)
            )),
            None if self.preview => say("nothing was written: this is a preview"),
            None => say("nothing changed"),
        }
        Ok(exit::PASS)
    }

    fn redactor(&self) -> Result<Redactor, Failure> {
        let policy = match &self.policy {
            None => Policy::default(),
            Some(path) => read_policy(path)?,
        };
        let key = match std::env::var(&self.key_env).ok().filter(|text| !text.trim().is_empty()) {
            None => None,
            Some(text) => Some(Key::parse(&text).map_err(|error| usage(format!("{}: {error}", self.key_env)))?),
        };
        let wrong = |problem: assay_privacy::Problem| match &self.policy {
            Some(path) => usage(format!("{}: {problem}", path.display())),
            None => usage(problem.to_string()),
        };
        Redactor::new(&policy, key).map_err(wrong)
    }
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    Ok(assay_datasets::yaml_file(path)?)
}

/// `messages[0].content` as a JSON pointer.
fn pointer(path: &str) -> String {
    let mut pointer = String::new();
    for step in path.split('.') {
        let (name, rest) = step.split_once('[').map_or((step, ""), |(name, rest)| (name, rest));
        if !name.is_empty() {
            pointer.push('/');
            pointer.push_str(&assay_core::problem::pointer_step(name));
        }
        for index in rest.split('[').filter(|index| !index.is_empty()) {
            pointer.push('/');
            pointer.push_str(index.trim_end_matches(']'));
        }
    }
    pointer
}
