//! `assay show`: a run, or one of its cases.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use assay_analysis::control::helped;
use assay_datasets::library::who;
use assay_report::{plain, terminal};
use assay_store::RunRow;
use clap::Args;
use serde_json::{Map, Value, json};

use super::{Failure, say};
use crate::exit;
use assay_home::home::{several_targets, unseal};
use assay_home::{Against, Home};

/// Shows a run's scores, or everything about one of its cases.
#[derive(Args)]
pub struct Show {
    /// The run.
    #[arg(default_value = "latest")]
    run: String,
    /// The case's id.
    case: Option<String>,
    /// Why a case of a sealed part must be seen; it is recorded.
    #[arg(long)]
    reason: Option<String>,
    /// An earlier run over all cases of which this run took a part at random (`limit`): what is known of the others makes
    /// the levels more precise.
    #[arg(long, value_name = "RUN", conflicts_with = "case")]
    control: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (row, target) = home.find(&self.run).await?;
        if let Some(earlier) = &self.control {
            return controlled(&home, &row, target.as_deref(), earlier, self.json).await;
        }
        let Some(case) = self.case else {
            let (report, _) = home.report(row, target.as_deref(), Against::Named("main".into())).await?;
            if self.json {
                say(&serde_json::to_string_pretty(&report.json())?);
                return Ok(exit::PASS);
            }
            say(&format!("{} ({}, {})", report.run.suite, report.run.id, report.status.as_str()));
            say(&terminal::summary(&report.summary, report.gate.confidence));
            if report.gate.verdict.is_some() {
                say(&format!("\n{}", terminal::gate(&report.gate)));
            }
            say(&format!("\n{}", terminal::totals(&report.run, &report.totals)));
            return Ok(exit::PASS);
        };
        unseal(&home.library(), &row.record, &who(), self.reason.as_deref())?;
        let plan = assay_store::PlanFile::open(&home.workspace, row.record.plan).await?;
        let Some(found) = plan.case_by_id(&case).await? else {
            return Err(format!("run {} has no case `{case}`", row.record.id.short()).into());
        };
        let trials = home.lake.trials_of_case(&row.record, found.position).await?;
        let scores = home.lake.scores_of_case(&row.record, found.position).await?;
        if self.json {
            say(&serde_json::to_string_pretty(&json!({"case": found.case, "trials": trials, "scores": scores}))?);
            return Ok(exit::PASS);
        }
        say(&format!("case {}", plain(&found.case.id, 200)));
        for (name, value) in &found.case.inputs {
            say(&format!("  {}: {}", plain(name, 80), shown(value)));
        }
        if let Some(expected) = &found.case.expected {
            say(&format!("  expected: {}", shown(expected)));
        }
        for trial in &trials {
            let text = |key: &str| trial.get(key).and_then(Value::as_str).unwrap_or_default();
            say(&format!("\n{} epoch {}: {}", plain(text("target"), 80), trial["epoch"], text("status")));
            match text("status") {
                "ok" => say(&format!("  answer: {}", plain(text("output"), 4_000))),
                _ => say(&format!("  {} {}", text("error_kind"), plain(text("error_message"), 1_000))),
            }
            if !text("contexts_json").is_empty() {
                say(&format!("  contexts: {}", plain(text("contexts_json"), 1_000)));
            }
            for score in scores.iter().filter(|score| same(score, trial)) {
                let text = |key: &str| score.get(key).and_then(Value::as_str).unwrap_or_default();
                let value = score.get("value").map_or_else(|| text("status").to_owned(), ToString::to_string);
                let why = if text("rationale").is_empty() { text("reason") } else { text("rationale") };
                say(&format!("  {}: {value}  {}", plain(text("scorer"), 80), plain(why, 500)));
            }
        }
        Ok(exit::PASS)
    }
}

/// Levels with the help of an earlier run.
async fn controlled(home: &Home, row: &RunRow, target: Option<&str>, earlier: &str, json: bool) -> Result<u8, Failure> {
    let none = HashSet::new();
    let (other, of) = home.find(earlier).await?;
    let (scores, before) = (home.scores(&row.record, &none).await?, home.scores(&other.record, &none).await?);
    let arm = scores.arm(target).ok_or_else(|| several_targets(&row.record, &row.record.id.short()))?;
    let like = before
        .arm(of.as_deref())
        .or_else(|| before.arm(Some(arm.name())))
        .ok_or_else(|| several_targets(&other.record, earlier))?;
    let (rows, refused) = helped(arm, like, row.record.gate.confidence);
    if json {
        say(&serde_json::to_string_pretty(&json!({"rows": rows, "refused": refused}))?);
        return Ok(exit::PASS);
    }
    say(&format!("{} of {} with {} as a control", arm.name(), row.record.id.short(), other.record.id.short()));
    say(&terminal::helped(&rows, row.record.gate.confidence));
    for (scorer, why) in refused {
        say(&format!("{}: {}", plain(&scorer, 80), plain(&why, 300)));
    }
    Ok(exit::PASS)
}

fn same(score: &Map<String, Value>, trial: &Map<String, Value>) -> bool {
    score.get("number") == trial.get("number")
}

fn shown(value: &Value) -> String {
    plain(&value.as_str().map_or_else(|| value.to_string(), str::to_owned), 2_000)
}
