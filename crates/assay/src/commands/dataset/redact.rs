//! `assay dataset redact`: personal data and secrets taken out of a version.

use assay_datasets::library::{How, Lineage, Parent, who};
use assay_datasets::{Library, add};
use assay_privacy::Action;
use assay_report::terminal;
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::{count, find, redaction as told};
use crate::exit;
use assay_home::redaction::{DEFAULT, Redaction};

/// Finds personal data and secrets in a version and makes a new one without them: redacted, masked, hashed or replaced by
/// tokens that only the key turns back. `--preview` shows what would change and writes nothing.
#[derive(Args)]
pub struct Redact {
    /// The dataset, and a version behind `@`.
    pub(super) name: String,
    /// A YAML or JSON file that says what is looked for and what is done with each kind; everything is redacted by default.
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
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

impl Redact {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let policy = self.policy.as_ref().map_or(DEFAULT, |policy| policy);
        let mut redaction = Redaction::new(policy, &self.key_env, !self.preview)?;
        let held = library.hold()?;
        let (dataset, record) = find(library, &self.name)?;
        if self.preview
            && let Some(part) = dataset.sealed_part()
            && self.cases > 0
        {
            return Err(format!("the part `{}` is sealed: `--cases 0` shows the counts alone", part.name).into());
        }
        let mut shown: Vec<Vec<String>> = Vec::new();
        let mut writer = if self.preview { None } else { Some(library.write(&held)?) };
        for case in library.cases(record.version)? {
            let mut case = case?;
            let applied = redaction.case(&mut case)?;
            if let Some(writer) = &mut writer {
                writer.add(&case, None)?;
                continue;
            }
            let after = serde_json::to_value(&case)?;
            for row in applied.iter().filter(|row| row.action != Action::Keep) {
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
        }
        let mut written = None;
        if let Some(writer) = writer {
            let (manifest, _) = writer.finish()?;
            let lineage = Lineage {
                how: How::Redacted,
                parents: vec![Parent { dataset: dataset.name.clone(), version: record.version }],
                sources: Vec::new(),
                tool: add::tool(),
                parameters: redaction.parameters(),
                note: None,
            };
            written = library.add(&held, &dataset.name, &who(), &manifest, lineage)?;
            if let Some(version) = &written {
                redaction.keep(library, version.version)?;
            }
        }
        if self.json {
            let (cases, changed) = (record.cases, redaction.changed);
            say(&json!({"cases": cases, "changed": changed, "found": redaction.kinds(), "version": written})
                .to_string());
            return Ok(exit::PASS);
        }
        if !shown.is_empty() {
            say(&terminal::table(&["case", "field", "kind", "becomes"], shown, &[]));
        }
        told::tell(&redaction, &format!("{} cases", count(record.cases)));
        match &written {
            Some(version) => {
                say(&format!("{}@{} {}", dataset.name, version.number, version.version.short()));
                told::tell_audit(library, version.version);
            }
            None if self.preview => say("nothing was written: this is a preview"),
            None => say("nothing changed"),
        }
        Ok(exit::PASS)
    }
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
