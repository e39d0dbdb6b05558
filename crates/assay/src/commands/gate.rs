//! `assay gate`: the verdict of a run.

use std::path::{Path, PathBuf};

use assay_core::run::Totals;
use assay_core::{GateRule, Problem, RunRecord, problem};
use assay_report::{Report, terminal};
use assay_suite::{Diagnostics, Source};
use clap::Args;

use super::run::{code, step_summary, verdict_line};
use super::{Failure, say};
use crate::exit;
use assay_home::{Against, Home, usage};

/// Reads the verdict of a run's gate; the exit code says it too.
#[derive(Args)]
pub struct Gate {
    /// The run.
    #[arg(default_value = "latest")]
    run: String,
    /// Compare with this run, and target after a colon, or with the baseline of this name, instead of the baseline
    /// `main`; or with the newest run at a branch, tag or commit, after `@`.
    #[arg(long, value_name = "RUN[:TARGET]|NAME|@REF")]
    baseline: Option<String>,
    /// Other rules than the run's own: a YAML or JSON list as under `gate.rules` of a suite; `-` for standard input. Rules
    /// that were chosen after the scores were seen prove less than those a run began with.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Only this target of the run.
    #[arg(long)]
    target: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Gate {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (mut row, colon) = home.find(&self.run).await?;
        if row.status != assay_core::RunStatus::Sealed {
            let id = row.record.id.short();
            return Err(format!("run {id} is not complete: go on with `assay resume {id}`").into());
        }
        if let Some(path) = &self.rules {
            row.record.gate.rules = rules(path, &row.record)?;
        }
        let target = self.target.or(colon);
        if let Some(target) = &target {
            for rule in &mut row.record.gate.rules {
                rule.target.get_or_insert_with(|| target.clone());
            }
            row.record.gate.rules.retain(|rule| rule.target.as_ref() == Some(target));
        }
        let totals = row.totals.clone();
        let against = Against::said(self.baseline);
        let (report, _) = home.report(row, target.as_deref(), against).await?;
        let code = decided(&report, &totals);
        if self.json {
            say(&serde_json::to_string_pretty(&report.gate)?);
        } else {
            say(&terminal::gate(&report.gate));
        }
        step_summary(&report)?;
        verdict_line(&report, code);
        Ok(code)
    }
}

/// Reads rules for a run that has been made.
fn rules(path: &Path, record: &RunRecord) -> Result<Vec<GateRule>, Failure> {
    let text = match path == Path::new("-") {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(path),
    };
    let text = text.map_err(|error| usage(format!("{}: {error}", path.display())))?;
    let failed = |(problems, source)| Diagnostics { source, problems };
    let (value, source) = Source::parse(path, text).map_err(failed)?;
    let mut problems = Vec::new();
    let rules: Vec<GateRule> = problem::read(&value, "").map_err(|problem| problems.push(problem)).unwrap_or_default();
    let scorers: Vec<&str> = record.scorers.iter().map(|scorer| scorer.name.as_str()).collect();
    let targets: Vec<&str> = record.targets.iter().map(|target| target.name.as_str()).collect();
    for (at, rule) in rules.iter().enumerate() {
        let named = [("scorer", Some(rule.scorer.as_str()), &scorers), ("target", rule.target.as_deref(), &targets)];
        for (what, name, known) in named {
            if let Some(name) = name.filter(|name| !known.contains(name)) {
                problems.push(
                    Problem::new(format!("/{at}/{what}"), format!("the run has no {what} `{name}`"))
                        .help(format!("it has: {}", known.join(", "))),
                );
            }
        }
        problems.extend(rule.problems(&format!("/{at}")));
    }
    if problems.is_empty() { Ok(rules) } else { Err(Diagnostics { source, problems }.into()) }
}

/// The exit code of a complete run's gate. Where nothing was answered, or a budget ended it, that goes before the verdict.
pub fn decided(report: &Report, totals: &Totals) -> u8 {
    let code = code(report, true);
    if totals.ok == 0 && totals.errors > 0 {
        eprintln!("every trial failed: there is nothing to decide on");
        return exit::INFRASTRUCTURE;
    }
    if totals.refused > 0 && code != exit::FAIL {
        eprintln!("a budget refused {} trials", totals.refused);
        return exit::BUDGET;
    }
    code
}
