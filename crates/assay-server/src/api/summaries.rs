//! Summaries of runs: read once, kept while nothing that they rest on changes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use assay_analysis::compare::Comparison;
use assay_analysis::{BaselineScores, GateReport, RunScores, Summary, compare, evaluate, summarize};
use assay_core::{RunId, RunStatus};
use assay_home::Against;
use assay_store::RunRow;

use crate::Problem;
use crate::app::App;

/// What a run's page says of its scores.
pub struct Read {
    /// Levels.
    pub summary: Summary,
    /// The gate.
    pub gate: GateReport,
    /// Against what it is compared with, without the cases.
    pub comparison: Option<Comparison>,
    /// The run it is compared with.
    pub baseline: Option<RunId>,
}

/// What a summary rests on: the run, its target, the baseline, and what judges and people said until then.
type Key = (RunId, Option<String>, Option<(RunId, Option<String>)>, String);

/// The newest summaries of runs that do not change any more.
#[derive(Default)]
pub struct Summaries(Mutex<Kept>);

/// The summaries, and in which order they came.
type Kept = (HashMap<Key, Arc<Read>>, VecDeque<Key>);

/// How many summaries are kept.
const MOST: usize = 64;

impl Summaries {
    fn get(&self, key: &Key) -> Option<Arc<Read>> {
        self.0.lock().ok()?.0.get(key).cloned()
    }

    fn put(&self, key: Key, read: Arc<Read>) {
        let Ok(mut kept) = self.0.lock() else { return };
        if kept.0.insert(key.clone(), read).is_none() {
            kept.1.push_back(key);
        }
        while kept.1.len() > MOST {
            if let Some(old) = kept.1.pop_front() {
                kept.0.remove(&old);
            }
        }
    }
}

/// A run's summary, gate and comparison.
///
/// # Errors
/// The baseline is not one, or the workspace cannot be read.
pub async fn read(app: &App, row: &RunRow, target: Option<&str>, against: &Against) -> Result<Arc<Read>, Problem> {
    let home = app.home();
    let base = home.baseline_run(&row.record, against).await?;
    let base_key = base.as_ref().map(|(row, target)| (row.record.id, target.clone()));
    let fixed = row.status == RunStatus::Sealed && base.as_ref().is_none_or(|(row, _)| row.status == RunStatus::Sealed);
    let key = (row.record.id, target.map(str::to_owned), base_key, home.state.labels_stamp().await?);
    if let Some(read) = app.summaries.get(&key).filter(|_| fixed) {
        return Ok(read);
    }
    let _place = app.heavy.acquire().await.map_err(Problem::internal)?;
    // Somebody else may have read it in the meantime.
    if let Some(read) = app.summaries.get(&key).filter(|_| fixed) {
        return Ok(read);
    }
    let (scores, base) = home.compared(&row.record, against).await?;
    let notes = home.conduct(&row.record).await?;
    let target = target.map(str::to_owned);
    let mut read = tokio::task::spawn_blocking(move || reckon(scores, base, target.as_deref()))
        .await
        .map_err(Problem::internal)?;
    read.summary.warnings.extend(notes);
    let read = Arc::new(read);
    if fixed {
        app.summaries.put(key, read.clone());
    }
    Ok(read)
}

fn reckon(scores: RunScores, base: Option<(RunId, BaselineScores)>, target: Option<&str>) -> Read {
    let confidence = scores.record.gate.confidence;
    let find = |name: &str| base.as_ref()?.1.arm(&scores, name);
    let gate = evaluate(&scores, &find);
    let arm = scores.arm(target).or_else(|| scores.arm(None));
    let mut comparison = arm.and_then(|arm| Some(compare(arm, find(arm.name())?, confidence)));
    // Which cases moved is asked in pages: there can be as many as there are cases.
    comparison.iter_mut().flat_map(|of| &mut of.rows).for_each(|row| row.flips = Vec::new());
    Read { summary: summarize(&scores, confidence), gate, comparison, baseline: base.as_ref().map(|(run, _)| *run) }
}
