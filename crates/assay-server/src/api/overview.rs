//! What somebody wants to know first.

use assay_analysis::summary::Row;
use assay_core::RunStatus;
use assay_home::Against;
use assay_stats::{Difference, VerdictKind};
use assay_store::RunRow;
use assay_store::state::RunFilter;
use schemars::JsonSchema;
use serde::Serialize;

use super::runs::RunItem;
use super::summaries;
use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::endpoint::{Call, Data, Endpoint, get};

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
/// The suites that are shown.
const SUITES: usize = 12;
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
    values: Vec<Level>,
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
    rows: Vec<Row>,
    moved: Vec<Moved>,
    /// Oldest first.
    trend: Vec<TrendPoint>,
    /// What its gate says.
    gate: Option<VerdictKind>,
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
    let mut suites = Vec::new();
    for (suite, _, _) in all.iter().take(SUITES) {
        let filter = RunFilter { suite: Some(suite), status: Some(RunStatus::Sealed), ..RunFilter::default() };
        let rows = state.runs_where(&filter, TREND).await?;
        if !rows.is_empty() {
            suites.push(card(app, suite, &rows).await?);
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

async fn card(app: &App, suite: &str, rows: &[RunRow]) -> Result<SuiteCard, Problem> {
    let newest = &rows[0];
    let like = |row: &&RunRow| row.record.tier == newest.record.tier && row.record.narrowed == newest.record.narrowed;
    let older: Vec<&RunRow> = rows[1..].iter().filter(like).collect();
    let week = older.iter().find(|row| row.record.started_us <= newest.record.started_us - WEEK_US);
    let previous = week.or(older.first()).copied();
    let mut moved = Vec::new();
    for target in newest.record.targets.iter().filter(|_| previous.is_some()) {
        let Some(previous) = previous.filter(|row| row.record.targets.iter().any(|of| of.name == target.name)) else {
            continue;
        };
        let against = Against::Run(format!("{}:{}", previous.record.id, target.name));
        let read = match summaries::read(app, newest, Some(&target.name), &against).await {
            Ok(read) => read,
            // A run on a ladder tells its score to nobody.
            Err(problem) if problem.status < 500 => continue,
            Err(problem) => return Err(problem),
        };
        let Some(comparison) = &read.comparison else { continue };
        moved.extend(comparison.rows.iter().map(|row| Moved {
            target: target.name.clone(),
            scorer: row.name(),
            difference: Some(row.difference.clone()),
            why: None,
        }));
        moved.extend(comparison.refused.iter().map(|(scorer, why)| Moved {
            target: target.name.clone(),
            scorer: scorer.clone(),
            difference: None,
            why: Some(why.clone()),
        }));
    }
    let (mut levels, mut gate, mut trend) = (Vec::new(), None, Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let against = if at == 0 { Against::Named("main".into()) } else { Against::Nothing };
        let read = match summaries::read(app, row, None, &against).await {
            Ok(read) => read,
            Err(problem) if problem.status < 500 => continue,
            Err(problem) => return Err(problem),
        };
        if at == 0 {
            gate = read.gate.verdict;
            levels = read.summary.rows.iter().map(|row| Row { slices: Vec::new(), ..row.clone() }).collect();
        }
        let values = read.summary.rows.iter().map(|row| Level {
            target: row.target.clone(),
            scorer: row.name(),
            value: row.estimate.value,
            lower: row.estimate.interval.map(|interval| interval.lower),
            upper: row.estimate.interval.map(|interval| interval.upper),
        });
        trend.push(TrendPoint {
            run: row.record.id.to_string(),
            started_us: row.record.started_us,
            values: values.collect(),
        });
    }
    trend.reverse();
    Ok(SuiteCard {
        suite: suite.to_owned(),
        run: RunItem::of(app, newest).await?,
        previous: previous.map(|row| row.record.id.to_string()),
        rows: levels,
        moved,
        trend,
        gate,
    })
}
