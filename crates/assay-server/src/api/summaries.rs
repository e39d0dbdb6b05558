//! Summaries of runs: read once, kept while nothing that they rest on changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use assay_analysis::compare::Comparison;
use assay_analysis::{BaselineScores, GateReport, RunScores, Summary, compare, evaluate, summarize};
use assay_core::{RunId, RunStatus};
use assay_datasets::library::today;
use assay_home::{Against, ladder};
use assay_store::RunRow;
use tokio::sync::OnceCell;

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

/// A run and a target of it that a run is compared with.
type Base = Option<(RunRow, Option<String>)>;

/// The run, the target that is compared, and the stamp of what the summary rests on.
type Key = (RunId, Option<String>, String);

/// A summary, or its place while it is read: whoever wants the same waits for it.
type Cell = Arc<OnceCell<Arc<Read>>>;

/// The summaries that were asked for last, of runs that do not change any more.
#[derive(Default)]
pub struct Summaries {
    kept: Mutex<Kept>,
    /// Held by who reads the levels of many runs.
    pub reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    /// Each with the time at which it was asked for last.
    cells: HashMap<Key, (u64, Cell)>,
    time: u64,
}

/// How many summaries are kept.
const MOST: usize = 64;

impl Summaries {
    fn cell(&self, key: Key) -> Cell {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.time += 1;
        let time = kept.time;
        let (asked, cell) = kept.cells.entry(key).or_default();
        *asked = time;
        let cell = cell.clone();
        while kept.cells.len() > MOST {
            let oldest = kept.cells.iter().min_by_key(|(_, (asked, _))| *asked).map(|(key, _)| key.clone());
            oldest.and_then(|key| kept.cells.remove(&key));
        }
        cell
    }
}

/// What figures of a run rest on: another text whenever one of them could be another. Runs end anew when their failed trials
/// were executed once more; what judges say is corrected by people, under certificates that end.
///
/// # Errors
/// The workspace cannot be read.
pub async fn stamp(app: &App, row: &RunRow, base: &Base) -> Result<String, Problem> {
    let rows = || [Some(row), base.as_ref().map(|(row, _)| row)].into_iter().flatten();
    let judged = rows().any(|row| row.record.scorers.iter().any(|scorer| scorer.judge));
    let said = if judged { format!("{} {}", today(), app.home().state.labels_stamp().await?) } else { String::new() };
    let ended: Vec<_> = rows().map(|row| (row.record.id, row.status.as_str(), row.ended_us)).collect();
    let target = base.as_ref().and_then(|(_, target)| target.as_ref());
    Ok(assay_core::Digest::of_json(&(env!("CARGO_PKG_VERSION"), row.record.gate.confidence, ended, target, said))
        .to_string())
}

/// What a run is compared with.
///
/// # Errors
/// The run or its baseline is on a ladder, which tells of its scores alone; there is no such baseline.
pub async fn base_of(app: &App, row: &RunRow, against: &Against) -> Result<Base, Problem> {
    let home = app.home();
    let base = home.baseline_run(&row.record, against).await?;
    // Asked each time: a ladder may be younger than what was kept.
    for record in [Some(&row.record), base.as_ref().map(|(row, _)| &row.record)].into_iter().flatten() {
        if let Some(ladder) = ladder::of(&home.library(), record)? {
            return Err(ladder.refused(record).into());
        }
    }
    Ok(base)
}

/// A run's summary, gate and comparison.
///
/// # Errors
/// The baseline or the target is none, a ladder tells of the run alone, or the workspace cannot be read.
pub async fn read(app: &App, row: &RunRow, target: Option<&str>, against: &Against) -> Result<Arc<Read>, Problem> {
    if let Some(target) = target.filter(|target| !row.record.targets.iter().any(|of| of.name == *target)) {
        return Err(Problem::not_found(format!("run {} has no target `{target}`", row.record.id.short())));
    }
    let base = base_of(app, row, against).await?;
    let fixed = row.status == RunStatus::Sealed && base.as_ref().is_none_or(|(row, _)| row.status == RunStatus::Sealed);
    let cell = match fixed {
        true => app.summaries.cell((row.record.id, target.map(str::to_owned), stamp(app, row, &base).await?)),
        false => Cell::default(),
    };
    if let Some(read) = cell.get() {
        return Ok(read.clone());
    }
    // On its own: what was begun is ended and kept, whether or not who asked for it is still there.
    let (app, row, target) = (app.clone(), row.clone(), target.map(str::to_owned));
    let reading = tokio::spawn(async move {
        cell.get_or_try_init(|| async { Ok(Arc::new(reckoned(&app, &row, target, base).await?)) }).await.cloned()
    });
    reading.await.map_err(Problem::internal)?
}

async fn reckoned(app: &App, row: &RunRow, target: Option<String>, base: Base) -> Result<Read, Problem> {
    let place = app.heavy.clone().acquire_owned().await.map_err(Problem::internal)?;
    let home = app.home();
    let (scores, base) = home.compared_with(&row.record, base).await?;
    let notes = home.conduct(&row.record).await?;
    let reckoning = tokio::task::spawn_blocking(move || {
        let _place = place;
        reckon(scores, base, target.as_deref())
    });
    let mut read = reckoning.await.map_err(Problem::internal)?;
    read.summary.warnings.extend(notes);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_the_same_waits_for_one_and_what_is_asked_for_stays() {
        let key = |at: u128| (RunId::from_uuid(uuid::Uuid::from_u128(at)), None, String::new());
        let summaries = Summaries::default();
        let often = summaries.cell(key(0));
        for at in 1..1_000 {
            summaries.cell(key(at));
            assert!(Arc::ptr_eq(&often, &summaries.cell(key(0))));
        }
        assert_eq!(summaries.kept.lock().unwrap().cells.len(), MOST);
    }
}
