//! `assay dataset export`.

use std::path::PathBuf;

use assay_datasets::Library;
use assay_datasets::export::{Form, export};
use assay_datasets::library::{Event, today, who};
use assay_report::plain;
use assay_stats::holdout;
use clap::Args;
use serde_json::Value;

use super::super::{Failure, say};
use super::{count, find};
use crate::exit;
use assay_home::home::open_sealed;
use assay_home::usage;

/// Writes a version as JSONL, CSV, TSV, Parquet, Arrow, XLSX, YAML, JSON, with Croissant metadata, or as the dataset of
/// another tool. Cases that may not be used are left out. Each case carries a canary, so that the data can be found in
/// what a model says.
#[derive(Args)]
pub struct Export {
    /// The dataset, and a version behind `@`.
    pub(super) name: String,
    /// The file, or the folder for Croissant.
    #[arg(long, short)]
    output: PathBuf,
    /// The form: jsonl, csv, tsv, parquet, arrow, xlsx, yaml, json, croissant, promptfoo, inspect, deepeval, openai-evals,
    /// pydantic-evals, ragas, trec-eval, chat-jsonl, mlflow; by the file's ending by default.
    #[arg(long = "as", value_name = "FORM")]
    form: Option<String>,
    /// Only cases of this part.
    #[arg(long)]
    split: Option<String>,
    /// Why sealed cases must be seen; it is recorded.
    #[arg(long)]
    reason: Option<String>,
    /// Write no canary.
    #[arg(long)]
    no_canary: bool,
    /// Replace a file that is there.
    #[arg(long)]
    overwrite: bool,
}

impl Export {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let form = match &self.form {
            Some(word) => word.parse::<Form>().map_err(usage)?,
            None => Form::of(&self.output).ok_or_else(|| {
                usage(format!("the form cannot be told from `{}`: add `--as jsonl`", self.output.display()))
            })?,
        };
        let held = library.hold()?;
        let (dataset, record) = find(library, &self.name)?;
        let today = today();
        dataset.check_retention(&today)?;
        let part = match (&self.split, &dataset.split) {
            (None, _) => None,
            (Some(name), Some(plan)) => Some(plan.part(name)?.clone()),
            (Some(_), None) => return Err(usage(format!("`{}` is not divided: `assay dataset split`", dataset.name))),
        };
        if let Some(part) = part.as_ref().filter(|part| part.looks.is_some()) {
            open_sealed(library, &held, &who(), &dataset.name, &part.name, record.version, self.reason.as_deref())?;
        }
        let canary = (!self.no_canary).then(uuid::Uuid::now_v7);
        let mut left_out = 0;
        let mut cases = library.cases(record.version)?.filter_map(|case| {
            let mut case = match case {
                Ok(case) => case,
                Err(error) => return Some(Err(error)),
            };
            let other = match (&part, &dataset.split) {
                (Some(part), Some(plan)) => plan.part_of(&case).name != part.name,
                (None, Some(plan)) => plan.is_sealed(&case),
                _ => false,
            };
            if other || dataset.unusable(&case, &today).is_some() {
                left_out += 1;
                return None;
            }
            if let Some(canary) = &canary {
                let key = if case.metadata.contains_key("canary") { "assay_canary" } else { "canary" };
                case.metadata.insert(key.into(), Value::String(holdout::canary(canary.as_u128())));
            }
            Some(Ok(case))
        });
        let report = export(form, &dataset.name, &mut cases, &self.output, self.overwrite)?;
        drop(cases);
        let to = self.output.display().to_string();
        let canary = canary.map(|canary| canary.to_string());
        let exported = Event::Exported { version: record.version, to, canary: canary.clone() };
        library.append(&held, &dataset.name, &who(), vec![exported])?;
        say(&format!("{} cases in {}", count(report.cases), self.output.display()));
        if left_out > 0 {
            say(&format!("left out: {} cases of other parts, sealed, revoked or expired", count(left_out)));
        }
        if let Some(canary) = canary {
            say(&format!("canary GUID {canary} is on record and in each case's metadata"));
        }
        for lost in &report.lost {
            say(&format!("not kept: {}", plain(&lost.to_string(), 300)));
        }
        Ok(exit::PASS)
    }
}
