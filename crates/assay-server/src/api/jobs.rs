//! Runs that this server executes.

use std::collections::BTreeMap;

use assay_engine::execute::now_us;
use assay_home::audit;
use assay_store::jobs::{Job, Stand};
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::body::{Begun, Data, Done};
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::jobs::run_of;
use crate::paging::{Limit, Page, read};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let work = Access::Work;
    vec![
        get("/api/v1/jobs", Access::Read, "jobs", "Runs that the server was asked to execute, newest first", jobs),
        get("/api/v1/jobs/{job}", Access::Read, "job", "A run that the server was asked to execute", job),
        change(
            Method::POST,
            "/api/v1/jobs",
            work,
            ("queueRun", "run queue"),
            "Have the server execute a suite of the project",
            queue,
        ),
        change(
            Method::DELETE,
            "/api/v1/jobs/{job}",
            work,
            ("withdrawJob", "run withdraw"),
            "Take a job back that has not begun; a run that has is cancelled by an order",
            withdraw,
        ),
    ]
}

/// A run that the server was asked to execute.
#[derive(Serialize, JsonSchema)]
pub struct JobItem {
    /// Its number; the run has it as the label `job`.
    job: i64,
    /// Where it stands.
    stand: Stand,
    /// The arguments of `assay run`.
    arguments: Vec<String>,
    /// Who asked for it.
    by: String,
    /// When, in microseconds since 1970.
    queued_us: i64,
    /// When it began.
    started_us: Option<i64>,
    /// When it ended.
    ended_us: Option<i64>,
    /// How it ended: the exit code, as the command documents it.
    exit: Option<u8>,
    /// What the command said, if it did not pass.
    message: Option<String>,
    /// The run, once there is one.
    run: Option<String>,
}

impl JobItem {
    async fn of(app: &App, job: Job) -> Result<Self, Problem> {
        let run = match job.stand() {
            Stand::Queued | Stand::Withdrawn => None,
            Stand::Running | Stand::Ended => run_of(app, job.id).await?,
        };
        Ok(Self {
            job: job.id,
            stand: job.stand(),
            by: job.author,
            queued_us: job.queued_us,
            started_us: job.started_us,
            ended_us: job.ended_us,
            exit: job.exit,
            message: job.message,
            arguments: job.arguments,
            run: run.map(|row| row.record.id.to_string()),
        })
    }
}

/// Which jobs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobsQuery {
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

async fn jobs(call: Call<JobsQuery>) -> Result<Data<Page<JobItem>>, Problem> {
    let (limit, before) = (call.query.limit, read(call.query.cursor.as_deref())?);
    let more = u32::try_from(limit.get() + 1).unwrap_or(u32::MAX);
    let mut items = Vec::new();
    for job in call.app.home().state.jobs(before, more).await? {
        items.push(JobItem::of(&call.app, job).await?);
    }
    Ok(Data(Page::cut(items, limit, |item| item.job)))
}

async fn job(call: Call) -> Result<Data<JobItem>, Problem> {
    let id: i64 = call.part("job").parse().map_err(|_| Problem::not_found("a job is a number"))?;
    let found = call.app.home().state.jobs(id.checked_add(1), 1).await?.into_iter().find(|job| job.id == id);
    match found {
        Some(job) => Ok(Data(JobItem::of(&call.app, job).await?)),
        None => Err(Problem::not_found("there is no job of that number")),
    }
}

/// What is to be run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueBody {
    /// The suite: a file of the project.
    suite: String,
    /// A tier of it.
    tier: Option<String>,
    /// These targets only.
    #[serde(default)]
    targets: Vec<String>,
    /// At most so many cases.
    limit: Option<u64>,
    /// Repeats of each case.
    epochs: Option<u32>,
    /// Dollars that may be spent, instead of the suite's budget.
    max_cost: Option<f64>,
    /// Labels of the run.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Whether the gate decides how it ends.
    #[serde(default)]
    gate: bool,
    /// What the run is compared with; the baseline `main` by default.
    baseline: Option<String>,
}

impl QueueBody {
    /// As the command takes it: values stand behind `=`, so that none is taken for an option.
    fn arguments(self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut option = |name: &str, value: &dyn std::fmt::Display| arguments.push(format!("--{name}={value}"));
        self.tier.iter().for_each(|tier| option("tier", tier));
        self.targets.iter().for_each(|target| option("target", target));
        self.limit.iter().for_each(|limit| option("limit", limit));
        self.epochs.iter().for_each(|epochs| option("epochs", epochs));
        self.max_cost.iter().for_each(|dollars| option("max-cost", dollars));
        self.labels.iter().for_each(|(name, value)| option("label", &format!("{name}={value}")));
        self.baseline.iter().for_each(|baseline| option("baseline", baseline));
        if self.gate {
            arguments.push("--gate".to_owned());
        }
        arguments.extend(["--".to_owned(), self.suite]);
        arguments
    }
}

async fn queue(call: Call<Nothing, Data<QueueBody>>) -> Result<Begun<JobItem>, Problem> {
    let home = call.app.home();
    let mut body = call.body.0;
    body.suite = home.workspace.recorded(&home.project_file(&body.suite)?);
    if body.labels.contains_key("job") {
        return Err(Problem::usage("the label `job` is the queue's own"));
    }
    audit::note("suite", &body.suite);
    let job = home.state.queue(&body.arguments(), &call.who.name, now_us()).await?;
    audit::note("job", job.id.to_string());
    call.app.queued.notify_one();
    Ok(Begun(JobItem::of(&call.app, job).await?))
}

async fn withdraw(call: Call<Nothing, ()>) -> Result<Done, Problem> {
    let id = call.part("job").parse().map_err(|_| Problem::not_found("a job is a number"))?;
    match call.app.home().state.withdraw_job(id, now_us()).await? {
        true => Ok(Done),
        false => Err(Problem::conflict(
            "there is no such job in the queue: what has begun is cancelled by an order to its run",
        )),
    }
}
