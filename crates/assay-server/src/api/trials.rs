//! The trials of a run: pages, distributions, latencies, one case in full, and exports.

use std::collections::HashMap;
use std::sync::Arc;

use assay_core::{RunRecord, RunStatus};
use assay_home::audit;
use assay_home::home::unseal;
use assay_lake::browse::{Histogram, Row, TrialFilter, TrialOrder, TrialPage};
use assay_store::{PlanFile, RunRow};
use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::Access;
use crate::answers::{Made, anew, answer};
use crate::app::App;
use crate::body::{Data, Done};
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::paging::{Limit, cursor, read};
use crate::{Problem, login, openings};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let look = Access::Read;
    vec![
        get(
            "/api/v1/runs/{run}/trials",
            look,
            "trials",
            "A run's trials: filtered, sorted, searched, in pages",
            trials,
        ),
        get("/api/v1/runs/{run}/distribution", look, "distribution", "How a scorer's values lie", distribution),
        get("/api/v1/runs/{run}/latency", look, "latency", "How long each target took", latency),
        get("/api/v1/runs/{run}/cases/{case}", look, "case", "Everything about a case of a run", case),
        change(
            Method::POST,
            "/api/v1/runs/{run}/openings",
            Access::Unseal,
            ("openSealed", "open sealed part"),
            "Say why cases of a run over a sealed part must be seen; who says it sees them for an hour",
            open_sealed,
        ),
    ]
}

/// What a page of trials shows of an answer, in characters.
const SHOWN: usize = 500;

/// The outcome of a trial, in the words of its column `status`.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An answer.
    Ok,
    /// A failure.
    Error,
    /// A budget forbade it.
    RefusedByBudget,
    /// Somebody stopped the run.
    Cancelled,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::RefusedByBudget => "refused_by_budget",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Up or down.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// The least first.
    #[default]
    Asc,
    /// The greatest first.
    Desc,
}

/// Which trials.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialsQuery {
    /// Of this target.
    target: Option<String>,
    /// With this outcome.
    status: Option<Outcome>,
    /// The scorer that `min`, `max` and `unscored` speak of.
    scorer: Option<String>,
    /// Scored at least so.
    min: Option<f64>,
    /// Scored at most so.
    max: Option<f64>,
    /// Without a value of the scorer.
    #[serde(default)]
    unscored: bool,
    /// Whose case id or answer holds this.
    search: Option<String>,
    /// Of cases with this metadata, as `KEY=VALUE`.
    tag: Option<String>,
    /// `number`, `case`, `latency`, `cost` or `score:NAME`.
    sort: Option<String>,
    /// Up or down.
    #[serde(default)]
    order: SortOrder,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// What a scorer said of a trial.
#[derive(Serialize, JsonSchema)]
pub struct TrialScore {
    scorer: String,
    value: Option<f64>,
    status: String,
    label: Option<String>,
    /// Why there is no value.
    reason: Option<String>,
}

/// A trial in a list.
#[derive(Serialize, JsonSchema)]
pub struct TrialItem {
    number: i64,
    case_id: String,
    case_digest: String,
    target: String,
    epoch: i64,
    status: String,
    error_kind: Option<String>,
    error_message: Option<String>,
    /// The answer's first 500 characters.
    output: Option<String>,
    /// Whether the answer goes on.
    truncated: bool,
    latency_us: i64,
    cost_nanousd: i64,
    cached: bool,
    tags: Map<String, Value>,
    scores: Vec<TrialScore>,
}

/// A page of trials.
#[derive(Serialize, JsonSchema)]
pub struct TrialsPage {
    items: Vec<TrialItem>,
    /// Where the next page begins.
    next: Option<String>,
    /// How many there are; told with the first page.
    total: Option<u64>,
}

/// The run of a call, when who asks may see its cases: of a sealed part who has opened it ([`open_sealed`]).
///
/// # Errors
/// There is none, or it is not open.
pub async fn open_run<Q, B>(call: &Call<Q, B>) -> Result<RunRow, Problem> {
    let app: &App = &call.app;
    let row = app.home().find(call.part("run")).await?.0;
    let record = &row.record;
    let asker = openings::asker(&call.who, &call.headers, &login::cookie_name(app, &call.headers));
    if record.sealed().is_some() && !app.openings.is_open(asker, record.id) {
        return Err(Problem::forbidden(format!(
            "the run is over a sealed part: its cases are seen for a reason, which is recorded (POST \
             /api/v1/runs/{}/openings)",
            record.id
        )));
    }
    Ok(row)
}

/// Why cases of a sealed part must be seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningBody {
    /// Recorded in the dataset's log with the name of who says it.
    reason: String,
    /// The case that is to be seen first: nothing is opened for one that is not there.
    case: Option<String>,
}

async fn open_sealed(call: Call<Nothing, Data<OpeningBody>>) -> Result<Done, Problem> {
    let (app, body) = (&call.app, &call.body.0);
    let home = app.home();
    let record = home.find(call.part("run")).await?.0.record;
    audit::note("run", record.id.to_string());
    if record.sealed().is_none() {
        return Err(Problem::usage("the run is over no sealed part: its cases can be seen as they are"));
    }
    if body.reason.trim().is_empty() {
        return Err(Problem::usage("a `reason` must be said: it is recorded"));
    }
    if let Some(id) = &body.case
        && PlanFile::open(&home.workspace, record.plan).await?.case_by_id(id).await?.is_none()
    {
        return Err(no_case(id));
    }
    unseal(&home.library(), &record, &call.who.name, Some(&body.reason))?;
    app.openings.open(openings::asker(&call.who, &call.headers, &login::cookie_name(app, &call.headers)), record.id);
    Ok(Done)
}

fn no_case(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("the run has no case `{id}`"))
}

/// Text in a column.
pub fn string(row: &Row, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn integer(row: &Row, key: &str) -> i64 {
    row.get(key).and_then(Value::as_i64).unwrap_or(0)
}

fn score_of(row: &Row) -> TrialScore {
    TrialScore {
        scorer: string(row, "scorer").unwrap_or_default(),
        value: row.get("value").and_then(Value::as_f64),
        status: string(row, "status").unwrap_or_default(),
        label: string(row, "label"),
        reason: string(row, "reason"),
    }
}

fn trial_of(row: &Row, scores: &[Row]) -> TrialItem {
    let number = integer(row, "number");
    TrialItem {
        number,
        case_id: string(row, "case_id").unwrap_or_default(),
        case_digest: string(row, "case_digest").unwrap_or_default(),
        target: string(row, "target").unwrap_or_default(),
        epoch: integer(row, "epoch"),
        status: string(row, "status").unwrap_or_default(),
        error_kind: string(row, "error_kind"),
        error_message: string(row, "error_message"),
        output: string(row, "output"),
        truncated: row.get("truncated").and_then(Value::as_bool).unwrap_or(false),
        latency_us: integer(row, "latency_us"),
        cost_nanousd: integer(row, "cost_nanousd"),
        cached: row.get("cached").and_then(Value::as_bool).unwrap_or(false),
        tags: row.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default(),
        scores: scores.iter().filter(|score| integer(score, "number") == number).map(score_of).collect(),
    }
}

fn order_of(sort: Option<&str>) -> Result<TrialOrder, Problem> {
    Ok(match sort {
        None | Some("number") => TrialOrder::Number,
        Some("case") => TrialOrder::Case,
        Some("latency") => TrialOrder::Latency,
        Some("cost") => TrialOrder::Cost,
        Some(other) => match other.strip_prefix("score:") {
            Some(scorer) => TrialOrder::Score(scorer.to_owned()),
            None => return Err(Problem::usage("`sort` is `number`, `case`, `latency`, `cost` or `score:NAME`")),
        },
    })
}

async fn trials(call: Call<TrialsQuery>) -> Result<Made<TrialsPage>, Problem> {
    let row = open_run(&call).await?;
    answer(&call, &[&row], page_of(&call.app, &row.record, &call.query)).await
}

async fn page_of(app: &App, record: &RunRecord, query: &TrialsQuery) -> Result<TrialsPage, Problem> {
    let tag = match query.tag.as_deref() {
        Some(tag) => Some(tag.split_once('=').ok_or_else(|| Problem::usage("`tag` is written as `KEY=VALUE`"))?),
        None => None,
    };
    if query.scorer.is_none() && (query.min.is_some() || query.max.is_some() || query.unscored) {
        return Err(Problem::usage("`min`, `max` and `unscored` need a `scorer`"));
    }
    let filter = TrialFilter {
        target: query.target.clone(),
        status: query.status.map(|status| status.as_str().to_owned()),
        search: query.search.clone().filter(|search| !search.is_empty()),
        tag: tag.map(|(key, value)| (key.to_owned(), value.to_owned())),
        scorer: query.scorer.clone(),
        min: query.min,
        max: query.max,
        unscored: query.unscored,
    };
    let lake = &app.home().lake;
    let after: Option<(Value, i64)> = read(query.cursor.as_deref())?;
    let first = after.is_none();
    let page = TrialPage {
        filter: filter.clone(),
        order: order_of(query.sort.as_deref())?,
        descending: matches!(query.order, SortOrder::Desc),
        after,
        limit: query.limit.get() + 1,
    };
    let total = async {
        match first {
            true => lake.count_trials(record, &filter).await.map(Some),
            false => Ok(None),
        }
    };
    let (mut places, total) = futures::try_join!(lake.trial_numbers(record, &page), total)?;
    let more = places.len() > query.limit.get();
    places.truncate(query.limit.get());
    let next = places.last().filter(|_| more).map(|(number, place)| cursor(&(place, number)));
    let numbers: Vec<i64> = places.iter().map(|(number, _)| *number).collect();
    let (rows, scores) = lake.trials_by_number(record, &numbers, SHOWN).await?;
    let found = |number: &i64| rows.iter().find(|row| integer(row, "number") == *number);
    let items = numbers.iter().filter_map(found).map(|row| trial_of(row, &scores)).collect();
    Ok(TrialsPage { items, next, total })
}

/// Whose values.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistributionQuery {
    /// The scorer.
    scorer: String,
    /// Of this target.
    target: Option<String>,
    /// In so many bins, 30 by default, at most 200.
    bins: Option<usize>,
}

/// A bin of a histogram.
#[derive(Serialize, JsonSchema)]
pub struct Bin {
    lower: f64,
    upper: f64,
    count: u64,
}

/// How many have a word.
#[derive(Serialize, JsonSchema)]
pub struct Counted {
    word: String,
    count: u64,
}

/// How a scorer's values lie.
#[derive(Serialize, JsonSchema)]
pub struct Distribution {
    lower: Option<f64>,
    upper: Option<f64>,
    bins: Vec<Bin>,
    /// The most frequent labels.
    labels: Vec<Counted>,
    /// Trials without a value, by reason.
    missing: Vec<Counted>,
}

fn bins(of: &Histogram) -> Vec<Bin> {
    let Some((least, most)) = of.range else { return Vec::new() };
    let width = (most - least) / of.counts.len().max(1) as f64;
    let edge = |at: usize| least + width * at as f64;
    of.counts
        .iter()
        .enumerate()
        .map(|(at, count)| Bin { lower: edge(at), upper: edge(at + 1), count: *count })
        .collect()
}

fn counted(all: Vec<(String, u64)>) -> Vec<Counted> {
    all.into_iter().map(|(word, count)| Counted { word, count }).collect()
}

async fn distribution(call: Call<DistributionQuery>) -> Result<Made<Distribution>, Problem> {
    let (row, _) = call.app.home().find(call.part("run")).await?;
    let query = &call.query;
    if !row.record.scorers.iter().any(|scorer| scorer.name == query.scorer) {
        return Err(Problem::not_found("the run has no scorer of that name"));
    }
    // What a ladder tells it tells alone.
    if let Some(ladder) = assay_home::ladder::of(&call.app.home().library(), &row.record)? {
        return Err(ladder.refused(&row.record).into());
    }
    let read = async {
        let lake = &call.app.home().lake;
        let (histogram, labels, missing) =
            lake.distribution(&row.record, query.target.as_deref(), &query.scorer, query.bins.unwrap_or(30)).await?;
        Ok(Distribution {
            lower: histogram.range.map(|range| range.0),
            upper: histogram.range.map(|range| range.1),
            bins: bins(&histogram),
            labels: counted(labels),
            missing: counted(missing),
        })
    };
    answer(&call, &[&row], read).await
}

/// How long a target took, answers from the cache left out.
#[derive(Serialize, JsonSchema)]
pub struct Latency {
    target: String,
    count: i64,
    mean_us: Option<f64>,
    p50_us: Option<f64>,
    p90_us: Option<f64>,
    p99_us: Option<f64>,
    max_us: Option<f64>,
    /// To the first token.
    ttft_p50_us: Option<f64>,
    cost_nanousd: i64,
    /// Up to the 99th percentile.
    bins: Vec<Bin>,
}

/// A target's latencies.
///
/// # Errors
/// The lake cannot be read.
pub async fn latencies(app: &App, row: &RunRow, target: &str) -> Result<Arc<Latency>, Problem> {
    let key = (row.record.id, row.ended_us, target.to_owned());
    match row.status {
        RunStatus::Sealed => app.latencies.get_or_insert_async(&key, latency_of(app, &row.record, target)).await,
        _ => latency_of(app, &row.record, target).await,
    }
}

async fn latency_of(app: &App, record: &RunRecord, target: &str) -> Result<Arc<Latency>, Problem> {
    let (facts, histogram) = app.home().lake.latencies(record, target).await?;
    let float = |key: &str| facts.get(key).and_then(Value::as_f64);
    Ok(Arc::new(Latency {
        target: target.to_owned(),
        count: integer(&facts, "count"),
        mean_us: float("mean_us"),
        p50_us: float("p50_us"),
        p90_us: float("p90_us"),
        p99_us: float("p99_us"),
        max_us: float("max_us"),
        ttft_p50_us: float("ttft_p50_us"),
        cost_nanousd: integer(&facts, "cost_nanousd"),
        bins: bins(&histogram),
    }))
}

async fn latency(call: Call) -> Result<Data<Vec<Arc<Latency>>>, Problem> {
    let (row, _) = call.app.home().find(call.part("run")).await?;
    let mut all = Vec::new();
    for target in &row.record.targets {
        all.push(latencies(&call.app, &row, &target.name).await?);
    }
    Ok(Data(all))
}

/// What a scorer said of the case in a run.
#[derive(Serialize, JsonSchema)]
pub struct Earlier {
    run: String,
    started_us: i64,
    target: String,
    scorer: String,
    /// The mean over repeats.
    value: Option<f64>,
}

/// The cases beside a case in its run.
#[derive(Serialize, JsonSchema)]
pub struct Neighbours {
    previous: Option<String>,
    next: Option<String>,
}

/// Everything about a case of a run.
#[derive(Serialize, JsonSchema)]
pub struct CaseView {
    /// The case.
    case: assay_core::Case,
    /// Its digest.
    digest: String,
    /// Rows of the table `trials`.
    trials: Vec<Map<String, Value>>,
    /// Rows of the table `scores`.
    scores: Vec<Map<String, Value>>,
    /// The same case in the suite's newest runs.
    history: Vec<Earlier>,
    neighbours: Neighbours,
}

/// The runs that a case's history goes back.
const HISTORY: u32 = 20;

async fn case(call: Call) -> Result<Made<CaseView>, Problem> {
    let row = open_run(&call).await?;
    anew(&call.app, &row, case_of(&call.app, &row.record, call.part("case"))).await
}

async fn case_of(app: &App, record: &RunRecord, id: &str) -> Result<CaseView, Problem> {
    let home = app.home();
    let plan = PlanFile::open(&home.workspace, record.plan).await?;
    let Some(found) = plan.case_by_id(id).await? else {
        return Err(no_case(id));
    };
    let beside = |at: Option<u64>| at.filter(|at| *at < plan.cases);
    let places = [beside(found.position.checked_sub(1)), beside(found.position.checked_add(1))];
    let wanted: Vec<u64> = places.iter().flatten().copied().collect();
    let near = if wanted.is_empty() { Vec::new() } else { plan.cases_at(&wanted).await? };
    let named = |at: Option<u64>| near.iter().find(|case| Some(case.position) == at).map(|case| case.case.id.clone());
    let digest = found.digest.to_string();
    let runs = home.state.runs(Some(&record.suite), None, HISTORY).await?;
    // What a sealed part or its ladder does not tell is not told here either.
    let records: Vec<&RunRecord> =
        runs.iter().map(|row| &row.record).filter(|record| record.sealed().is_none()).collect();
    let began =
        |run: &str| records.iter().find(|record| record.id.to_string() == run).map_or(0, |record| record.started_us);
    let mut positions = HashMap::from([(record.plan, Some(found.position))]);
    for of in &records {
        // A list of cases may have been removed since.
        if !positions.contains_key(&of.plan) && PlanFile::exists(&home.workspace, of.plan) {
            let plan = PlanFile::open(&home.workspace, of.plan).await?;
            positions.insert(of.plan, plan.position_of(found.digest).await?);
        }
    }
    let position = |of: &RunRecord| positions.get(&of.plan).copied().flatten();
    let answered: Vec<(&RunRecord, u64)> = records.iter().filter_map(|of| Some((*of, position(of)?))).collect();
    let history = home.lake.scores_over_runs(&answered).await?.into_iter().map(|row| {
        let run = string(&row, "run_id").unwrap_or_default();
        Earlier {
            started_us: began(&run),
            run,
            target: string(&row, "target").unwrap_or_default(),
            scorer: string(&row, "scorer").unwrap_or_default(),
            value: row.get("value").and_then(Value::as_f64),
        }
    });
    let mut history: Vec<Earlier> = history.collect();
    history.sort_by(|a, b| {
        b.started_us.cmp(&a.started_us).then_with(|| (&a.target, &a.scorer).cmp(&(&b.target, &b.scorer)))
    });
    Ok(CaseView {
        trials: home.lake.trials_of_case(record, found.position).await?,
        scores: home.lake.scores_of_case(record, found.position).await?,
        neighbours: Neighbours { previous: named(places[0]), next: named(places[1]) },
        digest,
        history,
        case: found.case,
    })
}
