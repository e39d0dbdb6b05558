//! `assay dataset list`, `log` and `lineage`.

use assay_datasets::library::Event;
use assay_datasets::{Library, lineage};
use assay_report::{numbers, plain, terminal};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::{Failure, say};
use super::{count, known};
use crate::exit;

/// Lists datasets, or the versions of one.
#[derive(Args)]
pub struct List {
    /// The dataset whose versions are listed.
    name: Option<String>,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

impl List {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        match &self.name {
            Some(name) => self.versions(library, name),
            None => self.all(library),
        }
    }

    fn all(&self, library: &Library) -> Result<u8, Failure> {
        let mut rows = Vec::new();
        let mut code = exit::PASS;
        for name in library.names()? {
            let dataset = match library.find(&name) {
                Ok(Some(dataset)) => dataset,
                Ok(None) => continue,
                Err(error) => {
                    eprintln!("error: {}", plain(&error.to_string(), 400));
                    code = exit::USAGE;
                    continue;
                }
            };
            let last = dataset.versions.last();
            let governance = &dataset.governance;
            if self.json {
                say(&json!({
                    "name": name,
                    "versions": dataset.versions.len(),
                    "newest": last,
                    "tags": dataset.tags,
                    "governance": governance,
                })
                .to_string());
                continue;
            }
            let tags: Vec<&str> = dataset.tags.keys().map(String::as_str).collect();
            rows.push(vec![
                name,
                last.map_or_else(|| "none left".into(), |last| format!("{} {}", last.number, last.version.short())),
                last.map_or_else(String::new, |last| count(last.cases)),
                tags.join(", "),
                governance.sensitivity.map_or("", |sensitivity| sensitivity.as_str()).to_owned(),
                governance.owner.clone().unwrap_or_default(),
            ]);
        }
        if !self.json {
            match rows.is_empty() {
                true => say("there are no datasets: add one with `assay dataset add NAME FILE`"),
                false => {
                    say(&terminal::table(&["dataset", "newest", "cases", "tags", "sensitivity", "owner"], rows, &[2]))
                }
            }
        }
        Ok(code)
    }

    fn versions(&self, library: &Library, name: &str) -> Result<u8, Failure> {
        let dataset = library.dataset(name)?;
        let mut rows = Vec::new();
        for record in &dataset.versions {
            let tags: Vec<&str> = dataset
                .tags
                .iter()
                .filter(|(_, version)| **version == record.version)
                .map(|(tag, _)| tag.as_str())
                .collect();
            if self.json {
                say(&json!({"version": record, "tags": tags}).to_string());
                continue;
            }
            let sources: Vec<&str> = record.lineage.sources.iter().map(|source| source.path.as_str()).collect();
            rows.push(vec![
                record.number.to_string(),
                record.version.short(),
                count(record.cases),
                tags.join(", "),
                format!("{} {}", record.lineage.how.as_str(), sources.join(", ")),
                record.lineage.note.clone().unwrap_or_default(),
            ]);
        }
        if !self.json {
            say(&terminal::table(&["version", "digest", "cases", "tags", "from", "note"], rows, &[0, 2]));
        }
        Ok(exit::PASS)
    }
}

/// Shows everything that was ever done to a dataset.
#[derive(Args)]
pub struct Log {
    /// The dataset.
    name: String,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

impl Log {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let dataset = library.dataset(&self.name)?;
        for entry in &dataset.log {
            if self.json {
                say(&serde_json::to_string(entry)?);
                continue;
            }
            say(&format!(
                "{}  {}  {}",
                numbers::time(entry.at_us),
                plain(&entry.by, 60),
                plain(&sentence(&entry.event), 600)
            ));
        }
        Ok(exit::PASS)
    }
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Version(record) => format!(
            "version {} {} {}: {} cases",
            record.number,
            record.version.short(),
            record.lineage.how.as_str(),
            count(record.cases)
        ),
        Event::Tagged { tag, version } => format!("tag {tag} names {}", version.short()),
        Event::Untagged { tag } => format!("tag {tag} removed"),
        Event::Governed(governance) => {
            format!("governance {}", serde_json::to_string(governance).unwrap_or_default())
        }
        Event::Split(plan) => {
            let parts = plan.parts.iter().map(|part| {
                let sealed = part.looks.map_or_else(String::new, |looks| format!(" sealed for {looks} looks"));
                format!("{} {:.0}%{sealed}", part.name, 100.0 * part.share)
            });
            format!("divided into {}", parts.collect::<Vec<_>>().join(", "))
        }
        Event::Look { split, version, run } => format!("run {} looked at {split} of {}", run.short(), version.short()),
        Event::Rung(rung) => format!(
            "run {} of {}: {} {} of {}{}",
            rung.run.short(),
            rung.target,
            rung.scorer,
            rung.score,
            rung.split,
            if rung.improved { ", the new best" } else { " is still the best" }
        ),
        Event::Opened { split, version, reason } => {
            format!("sealed cases of {split} of {} were seen: {reason}", version.short())
        }
        Event::Exported { version, to, canary } => {
            let canary = canary.as_ref().map_or_else(String::new, |canary| format!(", canary {canary}"));
            format!("{} exported to {to}{canary}", version.short())
        }
        Event::Revoked { case, reason } => format!("case {case} revoked: {reason}"),
        Event::Reinstated { case, reason } => format!("case {case} reinstated: {reason}"),
        Event::Removed { number, version, reason } => {
            format!("version {number} {} removed: {reason}", version.short())
        }
    }
}

/// Shows where a version came from.
#[derive(Args)]
pub struct LineageOf {
    /// The dataset, and a version behind `@`.
    name: String,
    /// The form.
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Indented lines.
    Text,
    /// One JSON object a version.
    Json,
    /// OpenLineage run events, one a line.
    Openlineage,
}

impl LineageOf {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let (dataset, record) = known(library, &self.name)?;
        let nodes = lineage::ancestry(library, &dataset, record.version)?;
        match self.format {
            Form::Text => {
                for line in lineage::text(&nodes).lines() {
                    let indent = line.len() - line.trim_start().len();
                    say(&format!("{}{}", " ".repeat(indent), plain(line, 1_000)));
                }
            }
            Form::Json => {
                for node in &nodes {
                    say(&serde_json::to_string(node)?);
                }
            }
            Form::Openlineage => {
                for event in lineage::open_lineage(&nodes) {
                    say(&event.to_string());
                }
            }
        }
        Ok(exit::PASS)
    }
}
