//! `assay dataset check` and `dedupe`: what is wrong with cases, and which are nearly the same.

use std::path::{Path, PathBuf};

use assay_datasets::duplicates::{self, Pair, Search};
use assay_datasets::library::{How, Lineage, Parent, who};
use assay_datasets::quality::{self, Expectations, Severity};
use assay_datasets::{Library, add, check};
use assay_metrics::near_duplicates::Unit;
use assay_report::{plain, terminal};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{count, find};
use crate::exit;
use assay_home::Home;
use assay_home::datasets::Checked;

/// Checks cases: expectations, missing, blank and broken texts, conflicting labels, near duplicates, unbalanced slices,
/// and what earlier runs say of each case. Exits with 1 when there is an error.
#[derive(Args)]
pub struct Check {
    /// The dataset, and a version behind `@`.
    pub(super) name: String,
    /// A YAML file that says what the cases should look like.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// A validation result of Great Expectations, as JSON, whose failures are listed too.
    #[arg(long, value_name = "FILE")]
    great_expectations: Option<PathBuf>,
    /// The least similarity of near duplicates.
    #[arg(long, default_value_t = 0.8)]
    threshold: f64,
    /// Do not look for near duplicates.
    #[arg(long)]
    no_duplicates: bool,
    /// Print the JSON Schema of expectation files.
    #[arg(long)]
    schema: bool,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub async fn run(self, library: &Library, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        if self.schema {
            say(&serde_json::to_string_pretty(&schemars::schema_for!(Expectations))?);
            return Ok(exit::PASS);
        }
        let threshold = Some(self.threshold).filter(|_| !self.no_duplicates);
        let expectations = self.expect.as_deref().map(quality::read).transpose()?.unwrap_or_default();
        let (dataset, record) = find(library, &self.name)?;
        let others = self.great_expectations.as_deref().map(quality::great_expectations).transpose()?;
        let home = Home::open(workspace, Path::new(".")).await?;
        let wanted = check::Check { expectations, threshold };
        let checked = home.check_dataset(&dataset, &record, wanted, others.unwrap_or_default()).await?;
        let Checked { findings, sealed } = checked;
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let code = if errors > 0 { exit::FAIL } else { exit::PASS };
        if self.json {
            for finding in &findings {
                say(&json!(finding).to_string());
            }
            return Ok(code);
        }
        for finding in &findings {
            let field = finding.field.as_ref().map_or_else(String::new, |field| format!(" {}", plain(field, 80)));
            let number = if finding.count > 0 { format!(" ({})", count(finding.count)) } else { String::new() };
            say(&format!(
                "{}: {}{field}{number}: {}",
                finding.severity.as_str(),
                finding.check,
                plain(&finding.message, 400)
            ));
            if !finding.cases.is_empty() {
                let more = if finding.count > finding.cases.len() as u64 { ", …" } else { "" };
                say(&format!("    {}{more}", plain(&finding.cases.join(", "), 400)));
            }
        }
        if sealed {
            say("note: sealed cases were left out, but for near duplicates, which are counted and not named");
        }
        let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
        say(&format!(
            "{}@{}: {} cases, {errors} errors, {warnings} warnings",
            dataset.name,
            record.number,
            count(record.cases)
        ));
        Ok(code)
    }
}

/// Finds cases that are nearly the same, and with `--write` makes a version without the later ones. With `--against`
/// looks for cases that nearly occur in another dataset, such as training data or prompts.
#[derive(Args)]
pub struct Dedupe {
    /// The dataset, and a version behind `@`.
    pub(super) name: String,
    /// Another dataset, and a version behind `@`: pairs are looked for between the two only.
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// The least similarity of a pair: Jaccard's of 5-grams.
    #[arg(long, default_value_t = 0.8)]
    threshold: f64,
    /// Compare this field only, such as `inputs.question`.
    #[arg(long, value_name = "PATH")]
    field: Option<String>,
    /// 5-grams of words instead of characters, for long documents.
    #[arg(long)]
    words: bool,
    /// Make a new version without the later of each pair, or without what occurs in the other dataset.
    #[arg(long)]
    pub(super) write: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Dedupe {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        // Only looking holds nobody up.
        let held = self.write.then(|| library.hold()).transpose()?;
        let (dataset, record) = find(library, &self.name)?;
        let other = self.against.as_ref().map(|word| find(library, word)).transpose()?;
        let unit = if self.words { Unit::Words } else { Unit::Characters };
        let search = Search { threshold: self.threshold, unit, field: self.field.clone() };
        let found = duplicates::find(library, record.version, other.as_ref().map(|(_, of)| of.version), &search)?;
        let mut written = None;
        if let Some(held) = held.as_ref().filter(|_| !found.surplus.is_empty()) {
            let mut writer = library.write(held)?;
            let mut surplus = found.surplus.iter().copied().peekable();
            for (row, case) in library.cases(record.version)?.enumerate() {
                let case = case?;
                if surplus.next_if(|next| *next == row as u64).is_none() {
                    writer.add(&case, None)?;
                }
            }
            let (manifest, _) = writer.finish()?;
            let lineage = Lineage {
                how: How::Selected,
                parents: std::iter::once((&dataset, &record))
                    .chain(other.as_ref().map(|(dataset, record)| (dataset, record)))
                    .map(|(dataset, record)| Parent { dataset: dataset.name.clone(), version: record.version })
                    .collect(),
                sources: Vec::new(),
                tool: add::tool(),
                parameters: json!({"dedupe": {"threshold": self.threshold, "field": self.field, "words": self.words}}),
                note: None,
            };
            written = library.add(held, &dataset.name, &who(), &manifest, lineage)?;
        }
        let sealed = dataset.sealed_part().is_some()
            || other.as_ref().is_some_and(|(dataset, _)| dataset.sealed_part().is_some());
        if self.json {
            let pairs: Vec<&Pair> = found.pairs.iter().filter(|_| !sealed).map(|(_, pair)| pair).collect();
            let surplus = found.surplus.len();
            say(&json!({"cases": found.cases, "pairs": pairs, "surplus": surplus, "groups": found.groups, "version": written})
                .to_string());
            return Ok(exit::PASS);
        }
        if !sealed && !found.pairs.is_empty() {
            let cells = found.pairs.iter().take(20).map(|(_, pair)| {
                let conflict = if pair.conflict { "another expected output" } else { "" };
                vec![pair.case.clone(), pair.other.clone(), format!("{:.3}", pair.similarity), conflict.to_owned()]
            });
            say(&terminal::table(&["case", "other", "similarity", ""], cells.collect(), &[2]));
            if found.pairs_in_all > 20 {
                say(&format!("… {} more pairs: `--json` has the first 100,000", count(found.pairs_in_all - 20)));
            }
        }
        let surplus = count(found.surplus.len() as u64);
        say(&match &other {
            None => {
                format!("{surplus} of {} cases repeat others, in {} groups", count(record.cases), count(found.groups))
            }
            Some((other, of)) => {
                format!("{surplus} of {} cases nearly occur in {}@{}", count(record.cases), other.name, of.number)
            }
        });
        match written {
            Some(version) => say(&format!(
                "{}@{} {}: {} cases",
                dataset.name,
                version.number,
                version.version.short(),
                count(version.cases)
            )),
            None if self.write => say("nothing to write"),
            None => {}
        }
        Ok(exit::PASS)
    }
}
