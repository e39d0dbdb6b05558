//! Summaries of runs: read once, kept while nothing that they rest on changes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use assay_analysis::compare::Comparison;
use assay_analysis::{BaselineScores, GateReport, RunScores, Summary, compare, evaluate, summarize};
use assay_core::{RunId, RunStatus};
use assay_datasets::library::today;
use assay_home::{Against, ladder};
use assay_store::RunRow;
use assay_store::state::RunFilter;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::OnceCell;

use super::overview::SUITES;
use crate::Problem;
use crate::app::App;

/// A run's scores.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunSummary")]
pub struct Read {
    /// Levels.
    pub summary: Summary,
    /// The gate.
    pub gate: GateReport,
    /// Against the baseline, without the cases.
    pub comparison: Option<Comparison>,
    /// The run that it is compared with.
    #[schemars(with = "Option<String>")]
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
    let mut base = home.baseline_run(&row.record, against).await?;
    if let (Some((base, target @ None)), [own]) = (&mut base, row.record.targets.as_slice()) {
        // What is meant where none is named, so that it is the same as if it were.
        let same = base.record.targets.iter().find(|of| of.name == own.name);
        *target = same.or(base.record.targets.first()).map(|of| of.name.clone());
    }
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
    let base = base_of(app, row, against).await?;
    let stamp = stamp(app, row, &base).await?;
    read_with(app, row, target, (base, stamp)).await
}

async fn read_with(
    app: &App,
    row: &RunRow,
    target: Option<&str>,
    (base, stamp): (Base, String),
) -> Result<Arc<Read>, Problem> {
    if let Some(target) = target.filter(|target| !row.record.targets.iter().any(|of| of.name == *target)) {
        return Err(Problem::not_found(format!("run {} has no target `{target}`", row.record.id.short())));
    }
    let cell = match ended(row, &base) {
        true => app.summaries.cell((row.record.id, target.map(str::to_owned), stamp)),
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

/// Figures made of a [`Read`], as JSON, of which the workspace keeps what rests on runs that have ended, by the name `what`:
/// nobody waits for them again, also at another server.
///
/// # Errors
/// As [`read`], or they cannot be made.
pub async fn kept(
    app: &App,
    what: &str,
    (row, target, base): (&RunRow, Option<&str>, Base),
    make: impl FnOnce(&Read) -> Result<String, Problem>,
) -> Result<String, Problem> {
    let (state, stamp) = (&app.home().state, stamp(app, row, &base).await?);
    if let Some((of, body)) = state.figures(&[what.to_owned()]).await?.remove(what)
        && of == stamp
    {
        return Ok(body);
    }
    let ended = ended(row, &base);
    let body = make(&*read_with(app, row, target, (base, stamp.clone())).await?)?;
    if ended {
        state.keep_figures(what, &stamp, &body).await?;
    }
    Ok(body)
}

/// A run's summary, gate and comparison as JSON.
///
/// # Errors
/// As [`read`].
pub async fn told(app: &App, row: &RunRow, target: Option<&str>, against: &Against) -> Result<String, Problem> {
    let base = base_of(app, row, against).await?;
    let with =
        base.as_ref().map(|(base, target)| format!(" with {} {}", base.record.id, target.as_deref().unwrap_or("")));
    let what = format!("summary {} {}{}", row.record.id, target.unwrap_or(""), with.unwrap_or_default());
    kept(app, &what, (row, target, base), |read| Ok(serde_json::to_string(read)?)).await
}

fn ended(row: &RunRow, base: &Base) -> bool {
    row.status == RunStatus::Sealed && base.as_ref().is_none_or(|(row, _)| row.status == RunStatus::Sealed)
}

/// How often is looked whether a run has ended.
const LOOK: Duration = Duration::from_secs(5);

/// Reads what ends ahead of those who will look at it: the newest run of each of the suites that the overview shows, one at a
/// time, until the server is to end.
pub async fn read_ahead(app: App) {
    let mut ending = app.ending.subscribe();
    let mut known = HashSet::new();
    loop {
        let state = &app.home().state;
        for (suite, ..) in state.suites().await.unwrap_or_default().iter().take(SUITES) {
            let filter = RunFilter { suite: Some(suite), status: Some(RunStatus::Sealed), ..RunFilter::default() };
            let newest = state.runs_where(&filter, 1).await.unwrap_or_default();
            for row in newest.iter().filter(|row| known.insert((row.record.id, row.ended_us))) {
                // Whoever looks is told why it cannot be read.
                let _ = told(&app, row, None, &Against::said(None)).await;
            }
            if *ending.borrow() {
                return;
            }
        }
        if tokio::time::timeout(LOOK, ending.wait_for(|ending| *ending)).await.is_ok() {
            return;
        }
    }
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
    let arm = scores.arm(target).or_else(|| scores.arm(None));
    let compared = || arm.and_then(|arm| Some(compare(arm, find(arm.name())?, confidence)));
    // Of a million cases each takes its time.
    let (summary, gate, mut comparison) = std::thread::scope(|scope| {
        let comparison = scope.spawn(compared);
        let own = (summarize(&scores, confidence), evaluate(&scores, &find));
        (own.0, own.1, comparison.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    // Which cases moved is asked in pages: there can be as many as there are cases.
    comparison.iter_mut().flat_map(|of| &mut of.rows).for_each(|row| row.flips = Vec::new());
    Read { summary, gate, comparison, baseline: base.as_ref().map(|(run, _)| *run) }
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
