//! `assay dataset check` and `dedupe`: what is wrong with cases, and which are nearly the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use assay_analysis::{Arm, Fill, RunScores};
use assay_core::{Case, Reducer, ScoreKind};
use assay_datasets::duplicates::{self, Found, Pair, Search};
use assay_datasets::library::{How, Lineage, Parent, VersionRecord, who};
use assay_datasets::quality::{self, Checker, Expectations, Finding, Severity};
use assay_datasets::{Dataset, DatasetError, Library, add};
use assay_metrics::near_duplicates::Unit;
use assay_report::{plain, terminal};
use assay_stats::items::{Flag, item_analysis, saturation};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{count, find};
use crate::exit;
use assay_home::Home;
use assay_home::usage;

/// Earlier runs that are looked at for broken and trivial cases.
const MOST_RUNS: u32 = 200;

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
        let expectations = self.expect.as_deref().map(quality::read).transpose()?.unwrap_or_default();
        let (dataset, record) = find(library, &self.name)?;
        let mut findings = self.cases(library, &dataset, &record, &expectations)?;
        if let Some(path) = &self.great_expectations {
            findings.extend(quality::great_expectations(path)?);
        }
        if !self.no_duplicates {
            let search = Search { threshold: self.threshold, unit: Unit::Characters, field: None };
            let found = duplicates::find(library, record.version, None, &search)?;
            let mut of = of_duplicates(&found, self.threshold);
            if dataset.sealed_part().is_some() {
                of.iter_mut().for_each(|finding| finding.cases.clear());
            }
            findings.extend(of);
        }
        findings.extend(of_runs(&dataset, workspace).await?);
        let sealed = dataset.sealed_part().is_some();
        findings.sort_by_key(|finding| finding.severity);
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

    fn cases(
        &self,
        library: &Library,
        dataset: &Dataset,
        record: &VersionRecord,
        expectations: &Expectations,
    ) -> Result<Vec<Finding>, Failure> {
        let mut checker = Checker::new(expectations).map_err(|problem| usage(problem.message))?;
        // A finding shows what a case says.
        let open = |case: &Result<Case, DatasetError>| match (case, &dataset.split) {
            (Ok(case), Some(plan)) => !plan.is_sealed(case),
            _ => true,
        };
        for case in library.cases(record.version)?.filter(open) {
            checker.see(&case?)?;
        }
        // Ids of the few cases that a finding names are looked up again.
        let mut known: Option<Vec<(u64, String)>> = None;
        let mut id_of = |number: u64| -> Result<String, DatasetError> {
            let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
            if let Some((_, id)) = known.iter().flatten().find(|(at, _)| *at == number) {
                return Ok(id.clone());
            }
            let id = library
                .cases(record.version)?
                .filter(open)
                .nth(index)
                .transpose()?
                .map_or_else(String::new, |case| case.id);
            known.get_or_insert_default().push((number, id.clone()));
            Ok(id)
        };
        Ok(checker.findings(&mut id_of)?)
    }
}

fn of_duplicates(found: &Found, threshold: f64) -> Vec<Finding> {
    let mut findings = Vec::new();
    let named = |which: &dyn Fn(&Pair) -> bool| {
        let pairs = found.pairs.iter().map(|(_, pair)| pair).filter(|pair| which(pair));
        pairs.take(5).map(|pair| format!("{} = {}", pair.case, pair.other)).collect::<Vec<_>>()
    };
    if found.conflicts > 0 {
        let message = "the same inputs with another expected output: one of the two is wrong";
        findings.push(Finding {
            count: found.conflicts,
            cases: named(&|pair| pair.conflict && pair.same_inputs),
            ..Finding::new(Severity::Error, "conflict", message)
        });
    }
    if found.near_conflicts > 0 {
        let message = "nearly the same inputs with another expected output";
        findings.push(Finding {
            count: found.near_conflicts,
            cases: named(&|pair| pair.conflict && !pair.same_inputs),
            ..Finding::new(Severity::Warning, "near conflict", message)
        });
    }
    if !found.surplus.is_empty() {
        let message = format!(
            "{} cases repeat others (similarity {threshold} or more), in {} groups: `assay dataset dedupe`",
            count(found.surplus.len() as u64),
            count(found.groups)
        );
        findings.push(Finding {
            count: found.surplus.len() as u64,
            cases: named(&|_| true),
            ..Finding::new(Severity::Warning, "near duplicates", message)
        });
    }
    findings
}

/// What earlier runs of the dataset say: cases that nobody passes, that everybody passes, that strong runs fail.
async fn of_runs(dataset: &Dataset, workspace: Option<PathBuf>) -> Result<Vec<Finding>, Failure> {
    let home = Home::open(workspace, Path::new(".")).await?;
    let ours = |record: &assay_core::RunRecord| {
        record.datasets.iter().any(|used| {
            dataset.versions.iter().any(|version| version.version == used.version)
                || assay_datasets::library::name_and_version(&used.source).0 == dataset.name
        })
    };
    let mut by_scorer: HashMap<String, Vec<HashMap<String, f64>>> = HashMap::new();
    let mut runs = 0;
    for row in home.state.runs(None, None, MOST_RUNS).await? {
        if !ours(&row.record) || row.record.sealed().is_some() {
            continue;
        }
        runs += 1;
        let scores = home.scores(&row.record, &std::collections::HashSet::new()).await?;
        for target in 0..row.record.targets.len() {
            for (s, scorer) in row.record.scorers.iter().enumerate() {
                let in_unit = matches!(scorer.score, ScoreKind::Binary | ScoreKind::Bounded { lo: 0.0, hi: 1.0 });
                if in_unit && scorer.direction == assay_core::Direction::Higher {
                    by_scorer.entry(scorer.name.clone()).or_default().push(values(&scores, target, s));
                }
            }
        }
    }
    let mut findings = Vec::new();
    for (scorer, arms) in by_scorer {
        let mut ids: Vec<String> = arms.iter().flat_map(|arm| arm.keys().cloned()).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows: Vec<Vec<Option<f64>>> =
            arms.iter().map(|arm| ids.iter().map(|id| arm.get(id).copied()).collect()).collect();
        let Ok(items) = item_analysis(&rows) else { continue };
        let of = |flag: Flag| -> Vec<String> {
            let flagged = items.iter().zip(&ids).filter(|(item, _)| item.flag == Some(flag));
            // One run's failures are no finding about the case.
            flagged.filter(|(item, _)| item.runs > 2).map(|(_, id)| id.clone()).collect()
        };
        let sure: Vec<String> = items
            .iter()
            .zip(&ids)
            .filter(|(item, _)| {
                item.flag == Some(Flag::NegativeDiscrimination) && item.p_negative.is_some_and(|p| p < 0.01)
            })
            .map(|(_, id)| id.clone())
            .collect();
        for (check, severity, cases, message) in [
            (
                "negative discrimination",
                Severity::Warning,
                sure,
                "strong runs fail what weak ones pass: check the label",
            ),
            ("never passed", Severity::Warning, of(Flag::NeverPassed), "no run passes: too hard, or broken"),
            ("always passed", Severity::Note, of(Flag::AlwaysPassed), "every run passes: it tells nothing any more"),
        ] {
            if !cases.is_empty() {
                findings.push(Finding {
                    field: Some(scorer.clone()),
                    count: cases.len() as u64,
                    cases: cases.into_iter().take(10).collect(),
                    ..Finding::new(severity, check, format!("{message} ({} answers of {runs} runs)", arms.len()))
                });
            }
        }
        if arms.len() > 2
            && let Ok(filled) = saturation(&rows, 0.0, 0.95)
            && filled.headroom.is_some_and(|left| left < 0.05)
        {
            let left = 100.0 * filled.headroom.unwrap_or_default();
            let message =
                format!("the best run is {left:.1} points below the ceiling: it can hardly tell better ones apart");
            findings.push(Finding { field: Some(scorer), ..Finding::new(Severity::Warning, "saturated", message) });
        }
    }
    findings.sort_by(|a, b| (&a.field, &a.check).cmp(&(&b.field, &b.check)));
    Ok(findings)
}

fn values(scores: &RunScores, target: usize, scorer: usize) -> HashMap<String, f64> {
    let arm = Arm { scores, target };
    (0..scores.cases.len())
        .filter_map(|case| {
            let (value, _) = arm.value(case, scorer, Reducer::Mean, Fill::Available)?;
            Some((scores.cases.id(case).to_owned(), value))
        })
        .collect()
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
