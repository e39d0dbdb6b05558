//! From the workspace to reports: runs, scores, baselines, failing cases.

use std::path::{Path, PathBuf};

use assay_analysis::{Arm, RunScores, compare, evaluate, summarize};
use assay_core::RunRecord;
use assay_lake::Lake;
use assay_report::{Failing, Report};
use assay_store::{RunRow, State, Workspace};

use crate::commands::Failure;

/// The most failing cases that a report shows.
const MOST_FAILING: usize = 100;

/// A workspace with its parts open.
pub struct Home {
    /// The folder.
    pub workspace: Workspace,
    /// Runs and baselines.
    pub state: State,
    /// Trials and scores.
    pub lake: Lake,
}

impl Home {
    /// Opens the workspace: the one that is named, else the nearest above `near`, else a new one beside it.
    pub async fn open(named: Option<PathBuf>, near: &Path) -> Result<Self, Failure> {
        let near = if near.as_os_str().is_empty() { Path::new(".") } else { near };
        let near = near.canonicalize().unwrap_or_else(|_| near.to_owned());
        let root = named.or_else(|| Workspace::find(&near)).unwrap_or_else(|| near.join(Workspace::FOLDER));
        let workspace = Workspace::open(root)?;
        let state = State::open(&workspace).await?;
        let lake = Lake::new(workspace.lake());
        Ok(Self { workspace, state, lake })
    }

    /// A run and, after a colon, one of its targets: `latest:v2`, `4f2a91c0`.
    pub async fn find(&self, word: &str) -> Result<(RunRow, Option<String>), Failure> {
        let (run, target) = match word.split_once(':') {
            Some((run, target)) => (run, Some(target.to_owned())),
            None => (word, None),
        };
        let row = self.state.find_run(run).await?;
        if let Some(target) = &target
            && !row.record.targets.iter().any(|known| known.name == *target)
        {
            let known: Vec<&str> = row.record.targets.iter().map(|target| target.name.as_str()).collect();
            return Err(format!("run {run} has no target `{target}` (it has: {})", known.join(", ")).into());
        }
        Ok((row, target))
    }

    /// A run's scores.
    pub async fn scores(&self, record: &RunRecord) -> Result<RunScores, Failure> {
        let mut scores = RunScores::new(record.clone());
        self.lake.for_each_score(record, |row| scores.push(&row)).await?;
        Ok(scores)
    }

    /// Cases that failed: trials without an answer first, then the lowest scores.
    pub async fn failing(&self, record: &RunRecord) -> Result<Vec<Failing>, Failure> {
        let mut failing = Vec::new();
        let text = |row: &serde_json::Map<String, serde_json::Value>, key: &str| {
            row.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        let id = record.id;
        let sql = format!(
            "SELECT case_id, target, coalesce(error_kind, status) AS kind, error_message FROM trials \
             WHERE run_id = '{id}' AND status <> 'ok' ORDER BY case_id, target LIMIT {MOST_FAILING}"
        );
        for row in self.lake.query(&sql, None).await?.json().await? {
            failing.push(Failing {
                case: text(&row, "case_id"),
                target: text(&row, "target"),
                scorer: text(&row, "kind"),
                value: None,
                why: text(&row, "error_message"),
                output: String::new(),
            });
        }
        for scorer in &record.scorers {
            let Some(threshold) = scorer.threshold else { continue };
            let (sign, order) = match scorer.direction {
                assay_core::Direction::Higher => ("<", "ASC"),
                assay_core::Direction::Lower => (">", "DESC"),
            };
            let name = scorer.name.replace('\'', "''");
            let sql = format!(
                "SELECT number, case_id, target, value, rationale FROM scores \
                 WHERE run_id = '{id}' AND scorer = '{name}' AND value {sign} {threshold:?} \
                 ORDER BY value {order}, case_id, target LIMIT {MOST_FAILING}"
            );
            let rows = self.lake.query(&sql, None).await?.json().await?;
            // Joining in SQL would hold every answer of the run in memory.
            let number = |row: &serde_json::Map<String, serde_json::Value>| {
                row.get("number").and_then(serde_json::Value::as_i64).unwrap_or_default()
            };
            let numbers: Vec<String> = rows.iter().map(|row| number(row).to_string()).collect();
            let mut outputs = std::collections::HashMap::new();
            if !numbers.is_empty() {
                let sql = format!(
                    "SELECT number, substr(output, 1, 2000) AS output FROM trials \
                     WHERE run_id = '{id}' AND number IN ({})",
                    numbers.join(", ")
                );
                for row in self.lake.query(&sql, None).await?.json().await? {
                    outputs.insert(number(&row), text(&row, "output"));
                }
            }
            for row in rows {
                failing.push(Failing {
                    case: text(&row, "case_id"),
                    target: text(&row, "target"),
                    scorer: scorer.name.clone(),
                    value: row.get("value").and_then(serde_json::Value::as_f64),
                    why: text(&row, "rationale"),
                    output: outputs.remove(&number(&row)).unwrap_or_default(),
                });
            }
        }
        Ok(failing)
    }

    /// The report of a run, against a baseline when there is one: a run and target that the user names, else the
    /// suite's baseline of that name.
    pub async fn report(
        &self,
        row: RunRow,
        target: Option<&str>,
        baseline: Against,
    ) -> Result<(Report, RunScores), Failure> {
        let scores = self.scores(&row.record).await?;
        let against = match &baseline {
            Against::Run(word) => Some(self.find(word).await?),
            Against::Named(name) => match self.state.baseline(&row.record.suite, name).await? {
                Some(found) if found.run != row.record.id => {
                    let mut found_row = self.find(&found.run.to_string()).await?;
                    found_row.1 = found.target;
                    Some(found_row)
                }
                _ => None,
            },
        };
        let other = match &against {
            Some((other, _)) if other.record.id != row.record.id => Some(self.scores(&other.record).await?),
            _ => None,
        };
        let base = against.as_ref().map(|(_, target)| (other.as_ref().unwrap_or(&scores), target.clone()));
        // The baseline of a target: the named one, else the one of the same name, else the only one.
        let find = |name: &str| -> Option<Arm<'_>> {
            let (scores, target) = base.as_ref()?;
            scores.arm(target.as_deref()).or_else(|| scores.arm(Some(name)))
        };
        let confidence = row.record.gate.confidence;
        let gate = evaluate(&scores, &|name: &str| find(name));
        let arm = scores.arm(target).or_else(|| scores.arm(None));
        let comparison = match (arm, base.is_some()) {
            (Some(arm), true) => find(arm.name()).map(|baseline| compare(arm, baseline, confidence)),
            _ => None,
        };
        let summary = summarize(&scores, confidence);
        let failing = self.failing(&row.record).await?;
        let report =
            Report { run: row.record, status: row.status, totals: row.totals, summary, comparison, gate, failing };
        Ok((report, scores))
    }
}

/// What a run is compared with.
pub enum Against {
    /// A run, and a target after a colon.
    Run(String),
    /// The suite's baseline of this name, when it is set.
    Named(String),
}
