//! Runs: the list, one of them, its summary, how it goes on, and what is wanted of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use assay_core::run::{Spend, Totals};
use assay_core::{Digest, RunRecord, RunStatus};
use assay_home::{Against, audit};
use assay_report::plain;
use assay_store::state::RunFilter;
use assay_store::{Baseline, Journal, LimitChange, Order, RunRow};
use axum::http::{HeaderMap, Method};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::summaries::{self, Read};
use crate::access::Access;
use crate::answers::Made;
use crate::app::App;
use crate::body::{Begun, Data, Done, Raw};
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::paging::{Limit, Page, read};
use crate::{Problem, login};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let read = Access::Read;
    let work = Access::Work;
    vec![
        get("/api/v1/suites", read, "suites", "Suites that were run", suites),
        get("/api/v1/runs", read, "runs", "Runs, newest first", runs),
        get("/api/v1/runs/{run}", read, "run", "A run: what it is made of, and how it is repeated", run),
        get(
            "/api/v1/runs/{run}/summary",
            read,
            "runSummary",
            "Levels, the gate, and the comparison with a baseline",
            summary,
        ),
        get("/api/v1/runs/{run}/spend", read, "runSpend", "What each target and judge used", spend),
        get("/api/v1/runs/{run}/events", read, "runEvents", "How a run goes on (server-sent events)", events)
            .files(&["text/event-stream"]),
        change(
            Method::POST,
            "/api/v1/runs/{run}/orders",
            work,
            ("orderRun", "runs order"),
            "Pause, resume, limit, cancel or retry a run that goes on",
            order,
        ),
        change(
            Method::PUT,
            "/api/v1/baselines/{suite}/{name}",
            work,
            ("setBaseline", "baseline set"),
            "Name a run as a baseline of its suite",
            set_baseline,
        ),
        change(
            Method::DELETE,
            "/api/v1/baselines/{suite}/{name}",
            work,
            ("removeBaseline", "baseline rm"),
            "Take the name away",
            remove_baseline,
        ),
    ]
}

/// A run in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunItem {
    /// Its id.
    pub id: String,
    /// The id's last 8 digits, as people type them.
    pub short: String,
    /// The suite.
    pub suite: String,
    /// The tier, if one was chosen.
    pub tier: Option<String>,
    /// Where it stands.
    pub status: RunStatus,
    /// Whether a process executes it now.
    pub executing: bool,
    /// What it waits for.
    pub waiting: Option<String>,
    /// When it began.
    pub started_us: i64,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// Trials planned.
    pub planned: u64,
    /// What was done until now.
    pub totals: Totals,
    /// The targets' names.
    pub targets: Vec<String>,
    /// The scorers' names.
    pub scorers: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The commit.
    pub git: Option<String>,
    /// Whether another tool executed it.
    pub imported: bool,
    /// Whether it is over a sealed part, whose cases are not seen without a reason.
    pub sealed_part: bool,
    /// The baselines of its suite that it is; a target stands after a colon.
    pub baselines: Vec<String>,
}

impl RunItem {
    /// A run as lists show it.
    ///
    /// # Errors
    /// The workspace cannot be read.
    pub async fn of(app: &App, row: &RunRow) -> Result<Self, Problem> {
        Self::among(app, row, &app.home().state.baselines().await?).await
    }

    /// As [`RunItem::of`] for one of many, with all baselines.
    async fn among(app: &App, row: &RunRow, baselines: &[Baseline]) -> Result<Self, Problem> {
        let (home, record) = (app.home(), &row.record);
        let executing = row.status == RunStatus::Running && home.workspace.is_executing(record.id);
        Ok(Self {
            id: record.id.to_string(),
            short: record.id.short(),
            suite: record.suite.clone(),
            tier: record.tier.clone(),
            status: row.status,
            executing,
            waiting: if executing { home.state.waiting(record.id).await? } else { None },
            started_us: record.started_us,
            ended_us: row.ended_us,
            planned: row.planned,
            totals: row.totals.clone(),
            targets: record.targets.iter().map(|target| target.name.clone()).collect(),
            scorers: record.scorers.iter().map(|scorer| scorer.name.clone()).collect(),
            labels: record.labels.clone(),
            git: record.git.clone(),
            imported: !record.targets.is_empty() && record.targets.iter().all(|target| target.kind == "imported"),
            sealed_part: record.sealed().is_some(),
            baselines: baselines.iter().filter(|of| of.run == record.id).map(Baseline::word).collect(),
        })
    }
}

/// Which runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunsQuery {
    /// Of this suite.
    suite: Option<String>,
    /// With this label, as `KEY=VALUE`.
    label: Option<String>,
    /// That stand so.
    status: Option<RunStatus>,
    /// Whose id, suite, label or target has this in it.
    search: Option<String>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

async fn runs(call: Call<RunsQuery>) -> Result<Data<Page<RunItem>>, Problem> {
    let query = &call.query;
    let label = match query.label.as_deref() {
        Some(label) => Some(label.split_once('=').ok_or_else(|| Problem::usage("`label` is written as `KEY=VALUE`"))?),
        None => None,
    };
    let filter = RunFilter {
        suite: query.suite.as_deref(),
        label,
        status: query.status,
        search: query.search.as_deref(),
        before: read(query.cursor.as_deref())?,
    };
    let rows = call.app.home().state.runs_where(&filter, query.limit.get() as u32 + 1).await?;
    let page = Page::cut(rows, query.limit, |row| (row.record.started_us, row.record.id.to_string()));
    let (mut items, baselines) = (Vec::new(), call.app.home().state.baselines().await?);
    for row in &page.items {
        items.push(RunItem::among(&call.app, row, &baselines).await?);
    }
    Ok(Data(Page { items, next: page.next }))
}

/// A suite with runs.
#[derive(Serialize, JsonSchema)]
pub struct SuiteItem {
    /// Its name.
    suite: String,
    /// How many runs it has.
    runs: u64,
    /// When the newest began.
    newest_us: i64,
}

async fn suites(call: Call) -> Result<Data<Vec<SuiteItem>>, Problem> {
    let suites = call.app.home().state.suites().await?;
    Ok(Data(suites.into_iter().map(|(suite, runs, newest_us)| SuiteItem { suite, runs, newest_us }).collect()))
}

/// A fact that a run rests on.
#[derive(Serialize, JsonSchema)]
pub struct Fact {
    /// What.
    name: String,
    /// Its value.
    value: String,
}

/// How a run is repeated.
#[derive(Serialize, JsonSchema)]
pub struct Reproduce {
    /// The command.
    command: String,
    /// Everything that can move a result.
    facts: Vec<Fact>,
}

/// A run.
#[derive(Serialize, JsonSchema)]
pub struct Run {
    /// As in lists.
    item: RunItem,
    /// What it is made of.
    record: RunRecord,
    /// The digest of that.
    fingerprint: Digest,
    /// The baselines that it is.
    baselines: Vec<String>,
    /// How accounts' limits moved while it went on.
    limits: Vec<LimitChange>,
    /// How it is repeated.
    reproduce: Reproduce,
}

async fn run(call: Call) -> Result<Data<Run>, Problem> {
    let home = call.app.home();
    let (row, _) = home.find(call.part("run")).await?;
    let item = RunItem::of(&call.app, &row).await?;
    let record = row.record;
    Ok(Data(Run {
        baselines: item.baselines.clone(),
        item,
        fingerprint: record.fingerprint(),
        limits: home.state.limit_changes(record.id).await?,
        reproduce: reproduce(&record),
        record,
    }))
}

fn reproduce(record: &RunRecord) -> Reproduce {
    let mut command = format!("assay run {}", plain(&record.suite_path, 500));
    if let Some(tier) = &record.tier {
        command.push_str(&format!(" --tier {}", plain(tier, 100)));
    }
    command.push_str(&format!(" --seed {}", record.seed));
    let mut facts = vec![
        ("suite", record.suite_digest.to_string()),
        ("cases in order", record.plan.to_string()),
        ("seed", record.seed.to_string()),
        ("assay", record.assay_version.clone()),
        ("commit", record.git.clone().unwrap_or_else(|| "none".to_owned())),
    ]
    .into_iter()
    .map(|(name, value)| Fact { name: name.to_owned(), value })
    .collect::<Vec<_>>();
    let dataset = |of: &assay_core::run::DatasetRecord| (format!("dataset {}", of.name), of.version);
    let target = |of: &assay_core::run::TargetRecord| (format!("target {}", of.name), of.fingerprint);
    let scorer = |of: &assay_core::score::ScorerRecord| (format!("scorer {}", of.name), of.fingerprint);
    let digests = record.datasets.iter().map(dataset);
    let digests = digests.chain(record.targets.iter().map(target)).chain(record.scorers.iter().map(scorer));
    facts.extend(digests.map(|(name, value)| Fact { name, value: value.to_string() }));
    Reproduce { command, facts }
}

/// What a run is compared with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryQuery {
    /// A run (with a target after a colon), `@` and a branch or commit, or `none`; the suite's baseline `main` by default.
    baseline: Option<String>,
    /// The target that is compared, where the run has several.
    target: Option<String>,
}

async fn summary(call: Call<SummaryQuery>) -> Result<Made<Read>, Problem> {
    let (row, target) = call.app.home().find(call.part("run")).await?;
    let target = call.query.target.clone().or(target);
    let against = Against::said(call.query.baseline.clone());
    Ok(Made::json(summaries::told(&call.app, &row, target.as_deref(), &against).await?))
}

async fn spend(call: Call) -> Result<Data<Vec<Spend>>, Problem> {
    let (row, _) = call.app.home().find(call.part("run")).await?;
    Ok(Data(row.totals.spends))
}

/// How a run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Progress {
    /// `running`, `paused`, `stopped`, `interrupted` or `sealed`.
    status: &'static str,
    /// Whether a process executes it.
    executing: bool,
    /// Trials planned.
    planned: u64,
    /// Trials with an outcome.
    finished: u64,
    /// Of them failed.
    errors: u64,
    /// What it cost.
    cost_nanousd: i64,
    /// What it waits for.
    waiting: Option<String>,
}

/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(500);

async fn progress(app: &App, run: &str, journal: &mut Option<Journal>) -> Result<Progress, Problem> {
    let home = app.home();
    let row = home.state.find_run(run).await?;
    let id = row.record.id;
    let executing = home.workspace.is_executing(id);
    if executing && journal.is_none() {
        *journal = Some(Journal::open(&home.workspace, id).await?);
    }
    let totals = match journal.as_ref().filter(|_| executing) {
        // The state learns of a run at its segments, the journal of each group of trials.
        Some(journal) => journal.totals().await?,
        None => row.totals,
    };
    Ok(Progress {
        status: match (executing, row.status) {
            (true, _) if home.state.is_paused(id).await? => "paused",
            (true, _) => "running",
            (false, RunStatus::Running) => "stopped",
            (false, status) => status.as_str(),
        },
        executing,
        planned: row.planned,
        finished: totals.finished(),
        errors: totals.errors,
        cost_nanousd: totals.cost().nanos(),
        waiting: if executing { home.state.waiting(id).await? } else { None },
    })
}

/// How often it is looked at whether who watches still may.
const STILL: Duration = Duration::from_secs(60);

/// Somebody who watches a run.
struct Watch {
    app: App,
    headers: HeaderMap,
    run: String,
    ending: tokio::sync::watch::Receiver<bool>,
    journal: Option<Journal>,
    last: Option<Progress>,
    asked: Instant,
    over: bool,
}

impl Watch {
    /// The next event; `None` after the last one.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        loop {
            if *self.ending.borrow() || !self.may().await {
                break;
            }
            let Ok(now) = progress(&self.app, &self.run, &mut self.journal).await else { break };
            if self.last.as_ref() != Some(&now) {
                let data = serde_json::to_string(&now).unwrap_or_default();
                self.last = Some(now);
                return Some(Event::default().event("progress").data(data));
            }
            if !now.executing {
                break;
            }
            tokio::select! {
                _ = self.ending.wait_for(|ending| *ending) => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        self.over = true;
        Some(Event::default().event("end").data("{}"))
    }

    /// Whether they may still watch: who was shut out sees no more.
    async fn may(&mut self) -> bool {
        if self.asked.elapsed() < STILL {
            return true;
        }
        self.asked = Instant::now();
        let who = login::identify(&self.app, &self.headers, &Method::GET).await.ok().flatten();
        who.is_some_and(|who| Access::Read.allows(&who.roles))
    }
}

async fn events(call: Call) -> Result<Raw, Problem> {
    let (row, _) = call.app.home().find(call.part("run")).await?;
    let watch = Watch {
        ending: call.app.ending.subscribe(),
        run: row.record.id.to_string(),
        headers: call.headers,
        app: call.app,
        journal: None,
        last: None,
        asked: Instant::now(),
        over: false,
    };
    let stream = futures::stream::unfold(watch, async |mut watch| {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(event), watch))
    });
    Ok(Raw(Sse::new(stream).keep_alive(KeepAlive::default()).into_response()))
}

/// What is wanted of a run.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// No trial begins until it is taken back.
    Pause,
    /// Goes on.
    Resume,
    /// Stop for good.
    Cancel,
    /// What failed is executed once more at the end.
    Retry,
    /// At most so many trials in flight.
    Limit,
}

/// An order to a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderBody {
    /// What.
    order: Wanted,
    /// Trials in flight, for `limit`.
    trials: Option<u32>,
}

async fn order(call: Call<Nothing, Data<OrderBody>>) -> Result<Begun<RunItem>, Problem> {
    let home = call.app.home();
    let (row, _) = home.find(call.part("run")).await?;
    let (id, short) = (row.record.id, row.record.id.short());
    let order = match (call.body.0.order, call.body.0.trials) {
        (Wanted::Pause, _) => Order::Pause,
        (Wanted::Resume, _) => Order::Resume,
        (Wanted::Cancel, _) => Order::Cancel,
        (Wanted::Retry, _) => Order::Retry,
        (Wanted::Limit, Some(trials @ 1..=100_000)) => Order::Limit(trials),
        (Wanted::Limit, _) => return Err(Problem::usage("`limit` needs `trials` from 1 to 100,000")),
    };
    if !home.workspace.is_executing(id) {
        return Err(Problem::conflict(match row.status {
            RunStatus::Sealed => format!("run {short} is complete"),
            _ => format!("nobody executes run {short}: `assay resume {short}` goes on with it"),
        }));
    }
    audit::note("run", id.to_string());
    let word = match order {
        Order::Pause => "pause".to_owned(),
        Order::Resume => "resume".to_owned(),
        Order::Cancel => "cancel".to_owned(),
        Order::Retry => "retry".to_owned(),
        Order::Limit(trials) => format!("limit {trials}"),
    };
    audit::note("order", word);
    home.state.order(id, order).await?;
    let row = home.state.find_run(&id.to_string()).await?;
    Ok(Begun(RunItem::of(&call.app, &row).await?))
}

/// What becomes a baseline.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineBody {
    /// A run of the suite; a target may stand after a colon.
    run: String,
    /// The target.
    target: Option<String>,
}

async fn set_baseline(call: Call<Nothing, Data<BaselineBody>>) -> Result<Done, Problem> {
    let BaselineBody { run, target } = &call.body.0;
    let word = match target {
        Some(target) => format!("{}:{target}", run.split(':').next().unwrap_or_default()),
        None => run.clone(),
    };
    call.app.home().name_baseline(call.part("name"), &word, Some(call.part("suite"))).await?;
    Ok(Done)
}

async fn remove_baseline(call: Call<Nothing, ()>) -> Result<Done, Problem> {
    match call.app.home().state.remove_baseline(call.part("suite"), call.part("name")).await? {
        true => Ok(Done),
        false => Err(Problem::not_found("there is no baseline of that name")),
    }
}
