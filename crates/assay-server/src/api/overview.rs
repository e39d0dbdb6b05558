//! What somebody wants to know first.
//!
//! It is asked for again and again by whoever has the page open, and tells of hundreds of runs. What it says of each is kept in
//! the workspace's state once it was read: no run is read twice for it, nor by another server.

use std::time::Duration;

use assay_analysis::summary::Row;
use assay_core::{RunId, RunStatus};
use assay_home::Against;
use assay_stats::{Difference, VerdictKind};
use assay_store::RunRow;
use assay_store::state::RunFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;

use super::runs::RunItem;
use super::summaries;
use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, get};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![get(
        "/api/v1/overview",
        Access::Read,
        "overview",
        "Suites, what moved, spending and what needs somebody",
        overview,
    )]
}

/// The newest runs of a suite that a trend shows.
const TREND: u32 = 20;
/// How long is waited for the levels of runs that nobody has looked at yet.
const PATIENCE: Duration = Duration::from_secs(3);
/// The suites that are shown.
pub const SUITES: usize = 12;
/// What moved is told against a run that is at least this much older, if there is one.
const WEEK_US: i64 = 7 * 86_400_000_000;

/// One figure of one run.
#[derive(Serialize, JsonSchema)]
pub struct Level {
    target: String,
    scorer: String,
    value: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

/// A run in a trend.
#[derive(Serialize, JsonSchema)]
pub struct TrendPoint {
    /// The run.
    run: String,
    /// When it began.
    started_us: i64,
    /// Its levels.
    #[schemars(with = "Vec<Level>")]
    values: Box<RawValue>,
}

/// What moved between two runs of a suite.
#[derive(Serialize, JsonSchema)]
pub struct Moved {
    target: String,
    scorer: String,
    /// Newest minus earlier, if they can be compared.
    difference: Option<Difference>,
    /// Why not.
    why: Option<String>,
}

/// A suite on the overview.
#[derive(Serialize, JsonSchema)]
pub struct SuiteCard {
    suite: String,
    /// The newest complete run.
    run: RunItem,
    /// What it is compared with.
    previous: Option<String>,
    /// Its levels, without slices.
    #[schemars(with = "Vec<Row>")]
    rows: Box<RawValue>,
    #[schemars(with = "Vec<Moved>")]
    moved: Vec<Box<RawValue>>,
    /// Oldest first.
    trend: Vec<TrendPoint>,
    /// Runs that the trend lacks because their scores are still read.
    reading: usize,
    /// What its gate says.
    gate: Option<VerdictKind>,
    /// Two-sided confidence of the intervals of `rows` and `moved`: the gate's, or that of the look that ended the run. Those
    /// of the trend are each at their own run's.
    confidence: f64,
}

/// What was spent in a month.
#[derive(Serialize, JsonSchema)]
pub struct Month {
    /// Such as `2026-11`, UTC.
    month: String,
    cost_nanousd: i64,
    tokens: u64,
    calls: u64,
}

/// Something that needs somebody.
#[derive(Serialize, JsonSchema)]
pub struct Alert {
    /// `judge`, `schedule` or `run`.
    kind: &'static str,
    text: String,
    /// Where on the page.
    link: String,
}

/// What somebody wants to know first.
#[derive(Serialize, JsonSchema)]
pub struct Overview {
    suites: Vec<SuiteCard>,
    /// Suites beyond those shown.
    more_suites: usize,
    budget: Month,
    running: Vec<RunItem>,
    alerts: Vec<Alert>,
}

async fn overview(call: Call) -> Result<Data<Overview>, Problem> {
    let (app, state) = (&call.app, &call.app.home().state);
    let all = state.suites().await?;
    let until = Instant::now() + PATIENCE;
    let mut suites = Vec::new();
    for (suite, _, _) in all.iter().take(SUITES) {
        let filter = RunFilter { suite: Some(suite), status: Some(RunStatus::Sealed), ..RunFilter::default() };
        let rows = state.runs_where(&filter, TREND).await?;
        if !rows.is_empty() {
            suites.push(card(app, suite, &rows, until).await?);
        }
    }
    let filter = RunFilter { status: Some(RunStatus::Running), ..RunFilter::default() };
    let (mut running, mut alerts) = (Vec::new(), Vec::new());
    for row in state.runs_where(&filter, 50).await? {
        let item = RunItem::of(app, &row).await?;
        match item.executing {
            true => running.push(item),
            false => alerts.push(Alert {
                kind: "run",
                text: format!(
                    "run {} of {} was stopped: `assay resume {}` goes on with it",
                    item.short, item.suite, item.short
                ),
                link: format!("/runs/{}", item.id),
            }),
        }
    }
    for schedule in state.schedules().await? {
        if let Some(exit) = schedule.last_exit.filter(|exit| *exit != 0) {
            let text = format!("the schedule `{}` ended with exit code {exit}", schedule.name);
            alerts.push(Alert { kind: "schedule", text, link: "/runs".to_owned() });
        }
    }
    let month = assay_engine::this_month();
    let spent = state.month_spend(&month, None).await?;
    let budget = Month { month, cost_nanousd: spent.cost_nanousd, tokens: spent.tokens, calls: spent.calls };
    Ok(Data(Overview { more_suites: all.len().saturating_sub(SUITES), suites, budget, running, alerts }))
}

/// What is told of the newest run of a suite.
#[derive(Serialize, Deserialize)]
struct Newest {
    rows: Box<RawValue>,
    gate: Option<VerdictKind>,
}

async fn card(app: &App, suite: &str, rows: &[RunRow], until: Instant) -> Result<SuiteCard, Problem> {
    let newest = &rows[0];
    let like = |row: &&RunRow| row.record.tier == newest.record.tier && row.record.narrowed == newest.record.narrowed;
    let older: Vec<&RunRow> = rows[1..].iter().filter(like).collect();
    let week = older.iter().find(|row| row.record.started_us <= newest.record.started_us - WEEK_US);
    let previous = week.or(older.first()).copied();
    let now = told_of_newest(app, newest).await?;
    let (trend, reading) = trend(app, rows, until).await?;
    Ok(SuiteCard {
        suite: suite.to_owned(),
        run: RunItem::of(app, newest).await?,
        previous: previous.map(|row| row.record.id.to_string()),
        gate: now.as_ref().and_then(|now| now.gate),
        confidence: newest.record.gate.confidence,
        rows: now.map_or_else(nothing, |now| now.rows),
        moved: match previous {
            Some(previous) => moved(app, newest, previous).await?,
            None => Vec::new(),
        },
        trend,
        reading,
    })
}

/// An empty list.
fn nothing() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).unwrap_or_default()
}

/// Figures that were kept of what they rest on now, else made of the whole run, and kept. None of a run on a ladder, which
/// tells its score to nobody.
async fn kept<T, F>(
    app: &App,
    (what, row, target, against): (String, &RunRow, Option<&str>, &Against),
    make: F,
) -> Result<Option<T>, Problem>
where
    T: Serialize + for<'de> Deserialize<'de>,
    F: FnOnce(&summaries::Read) -> Result<T, Problem>,
{
    let told = async {
        let base = summaries::base_of(app, row, against).await?;
        let body = summaries::kept(app, &what, (row, target, base), |read| Ok(serde_json::to_string(&make(read)?)?));
        Ok::<_, Problem>(serde_json::from_str(&body.await?)?)
    };
    match told.await {
        Err(problem) if problem.status < 500 => Ok(None),
        told => told.map(Some),
    }
}

async fn told_of_newest(app: &App, row: &RunRow) -> Result<Option<Newest>, Problem> {
    let against = Against::Named("main".into());
    kept(app, (format!("newest {}", row.record.id), row, None, &against), |read| {
        let rows: Vec<Row> = read.summary.rows.iter().map(|row| Row { slices: Vec::new(), ..row.clone() }).collect();
        Ok(Newest { rows: to_raw_value(&rows)?, gate: read.gate.verdict })
    })
    .await
}

/// What moved from an earlier run to the newest, for each target of both.
async fn moved(app: &App, newest: &RunRow, previous: &RunRow) -> Result<Vec<Box<RawValue>>, Problem> {
    let mut all = Vec::new();
    for target in &newest.record.targets {
        let target = target.name.as_str();
        if !previous.record.targets.iter().any(|of| of.name == target) {
            continue;
        }
        let against = Against::Run(format!("{}:{target}", previous.record.id));
        let what = format!("moved {} {target}", newest.record.id);
        let found = kept(app, (what, newest, Some(target), &against), |read| {
            let Some(comparison) = &read.comparison else { return Ok(Vec::new()) };
            let shown = comparison.rows.iter().map(|row| Moved {
                target: target.to_owned(),
                scorer: row.name(),
                difference: Some(row.difference.clone()),
                why: None,
            });
            let refused = comparison.refused.iter().map(|(scorer, why)| Moved {
                target: target.to_owned(),
                scorer: scorer.clone(),
                difference: None,
                why: Some(why.clone()),
            });
            Ok(shown.chain(refused).map(|moved| to_raw_value(&moved)).collect::<Result<_, _>>()?)
        });
        all.extend(found.await?.unwrap_or_default());
    }
    Ok(all)
}

/// The levels of runs, oldest first, and how many of them are not read yet when no more time is left. These are read on, for
/// who looks later.
async fn trend(app: &App, rows: &[RunRow], until: Instant) -> Result<(Vec<TrendPoint>, usize), Problem> {
    let mut all = known(app, rows).await?;
    let missing: Vec<RunRow> =
        all.iter().filter(|(_, values)| values.is_none()).map(|(row, _)| (*row).clone()).collect();
    if !missing.is_empty() {
        let app_too = app.clone();
        let reading = tokio::spawn(async move {
            // Who comes while another reads finds what was read.
            let _alone = app_too.summaries.reading.lock().await;
            for row in &missing {
                levels(&app_too, row).await?;
            }
            Ok::<_, Problem>(())
        });
        if let Ok(done) = tokio::time::timeout_at(until, reading).await {
            done.map_err(Problem::internal)??;
        }
        all = known(app, rows).await?;
    }
    let missing = all.iter().filter(|(_, values)| values.is_none()).count();
    let points = all.into_iter().rev().filter_map(|(row, values)| {
        Some(TrendPoint { run: row.record.id.to_string(), started_us: row.record.started_us, values: values? })
    });
    Ok((points.collect(), missing))
}

/// Runs that are on no ladder, with their levels where they are kept.
async fn known<'r>(app: &App, rows: &'r [RunRow]) -> Result<Vec<(&'r RunRow, Option<Box<RawValue>>)>, Problem> {
    let what: Vec<String> = rows.iter().map(|row| levels_of(row.record.id)).collect();
    let mut kept = app.home().state.figures(&what).await?;
    let mut all = Vec::new();
    for row in rows {
        match summaries::base_of(app, row, &Against::Nothing).await {
            Ok(_) => {}
            Err(problem) if problem.status < 500 => continue,
            Err(problem) => return Err(problem),
        }
        let stamp = summaries::stamp(app, row, &None).await?;
        let found = kept.remove(&levels_of(row.record.id)).filter(|(of, _)| *of == stamp);
        all.push((row, found.and_then(|(_, body)| RawValue::from_string(body).ok())));
    }
    Ok(all)
}

fn levels_of(run: RunId) -> String {
    format!("levels {run}")
}

async fn levels(app: &App, row: &RunRow) -> Result<Option<Box<RawValue>>, Problem> {
    kept(app, (levels_of(row.record.id), row, None, &Against::Nothing), |read| {
        let values = read.summary.rows.iter().map(|row| Level {
            target: row.target.clone(),
            scorer: row.name(),
            value: row.estimate.value,
            lower: row.estimate.interval.map(|interval| interval.lower),
            upper: row.estimate.interval.map(|interval| interval.upper),
        });
        Ok(to_raw_value(&values.collect::<Vec<_>>())?)
    })
    .await
}
