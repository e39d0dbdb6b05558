//! Human review as its lead has it: who rates, how far they agree, what they do not agree on, and the word that settles it.

use std::path::Path;

use assay_core::Money;
use assay_home::audit;
use assay_home::programs::{Making, Rateable};
use assay_review::adjudication::{Dispute, disputes};
use assay_review::outcome::{Aggregate, Snapshot, outcomes};
use assay_review::report::{Options, Report, report};
use assay_review::store::{Progress, Project};
use assay_review::{Adjudication, Item, Note, Pay, Rater, Rating, Rubric, Settings};
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::review::{Question, Shown};
use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::paging::{Limit, Page};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    const PROJECTS: &str = "/api/v1/review/projects";
    const REPORT: &str = "/api/v1/review/projects/{project}/report";
    const DISPUTES: &str = "/api/v1/review/projects/{project}/disputes";
    const ADJUDICATIONS: &str = "/api/v1/review/projects/{project}/adjudications";
    const ITEM: &str = "/api/v1/review/projects/{project}/items/{item}";
    const SUSPEND: &str = "/api/v1/review/projects/{project}/raters/{rater}/suspend";
    const REINSTATE: &str = "/api/v1/review/projects/{project}/raters/{rater}/reinstate";
    let lead = Access::Work;
    vec![
        change(
            Method::POST,
            PROJECTS,
            lead,
            ("makeReviewProject", "review create"),
            "Make a project: draw answers of a run and lay out who rates which",
            make,
        ),
        get(REPORT, lead, "reviewReport", "Agreement, severity, gold, throughput and cost of a project", reported),
        get(
            DISPUTES,
            lead,
            "reviewDisputes",
            "What raters do not agree on and what they flagged, widest first",
            disputed,
        ),
        get(ITEM, lead, "reviewItem", "An item with everything that was ever said about it", item),
        change(
            Method::POST,
            ADJUDICATIONS,
            lead,
            ("adjudicate", "review adjudicate"),
            "Settle a question about an item: this is its label, whatever raters say",
            adjudicate,
        ),
        change(
            Method::POST,
            SUSPEND,
            lead,
            ("suspendRater", "review suspend"),
            "Suspend a rater: their ratings stop counting, and others get their items",
            suspend,
        ),
        change(
            Method::POST,
            REINSTATE,
            lead,
            ("reinstateRater", "review reinstate"),
            "Let a suspended rater work again, through the quiz where there is one",
            reinstate,
        ),
    ]
}

/// What the lead of a project sees of it.
#[derive(Serialize, JsonSchema)]
pub struct Lead {
    /// The project: where its items are from, how it works, its rubric with the answers to training and quiz.
    project: Project,
    /// How far it is.
    progress: Progress,
    /// Who rates, by name.
    raters: Vec<RaterItem>,
    /// The versions of the rubric, the oldest first.
    rubrics: Vec<RubricItem>,
}

/// A rater of a project.
#[derive(Serialize, JsonSchema)]
pub struct RaterItem {
    /// Who, and where they stand.
    rater: Rater,
    /// Items that they have rated, gold among them.
    rated: u64,
}

/// A version of a rubric.
#[derive(Serialize, JsonSchema)]
pub struct RubricItem {
    /// From 1.
    version: i64,
    /// Its digest.
    digest: String,
    /// When it was added.
    added_us: i64,
}

impl Lead {
    /// Of a project.
    ///
    /// # Errors
    /// The database fails.
    pub async fn of(app: &App, project: &Project, raters: Vec<Rater>) -> Result<Self, Problem> {
        let done = app.review.done(&project.name).await?;
        let rubrics = app.review.rubrics(&project.name).await?;
        Ok(Self {
            project: project.clone(),
            progress: app.review.progress(project).await?,
            raters: raters
                .into_iter()
                .map(|rater| RaterItem { rated: done.iter().filter(|of| of.rater == rater.name).count() as u64, rater })
                .collect(),
            rubrics: rubrics
                .into_iter()
                .map(|of| RubricItem { version: of.version, digest: of.digest, added_us: of.added_us })
                .collect(),
        })
    }
}

/// A project to be made of a run's answers. What is not said is as `assay review create` has it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeBody {
    /// Its name.
    name: String,
    /// The rubric, as the text of a rubric file.
    rubric: String,
    /// The run whose answers are rated, and a target behind a colon.
    run: String,
    /// Runs that it is compared with: items are pairs of answers then.
    #[serde(default)]
    against: Vec<String>,
    /// Why cases of a sealed part must be seen; it is recorded.
    reason: Option<String>,
    /// How many items are drawn; all by default.
    count: Option<usize>,
    /// Draw from each value of this metadata key, in proportion to its size.
    stratify: Option<String>,
    /// Draw more where this scorer is unsure; where two disagree; for pairs, where it scores both apart.
    #[serde(default)]
    unsure: Vec<String>,
    /// The share of a driven sample that is spread evenly.
    even: Option<f64>,
    /// The share of items that several raters see.
    overlap: Option<f64>,
    /// The least number of such items.
    least_overlap: Option<u64>,
    /// Raters of such an item.
    raters_per_item: Option<u64>,
    /// Raters that the blocks are laid out for.
    raters: Option<u64>,
    /// Items with their right answers, hidden among the others: `item` or `case`, `target` where it is needed, and a
    /// field per criterion.
    #[serde(default)]
    gold: Vec<Map<String, Value>>,
    /// The share of a rater's items that is gold.
    gold_share: Option<f64>,
    /// How many raters see a gold item at most.
    gold_cap: Option<u64>,
    /// A rater whose accuracy on gold is below this, by the upper bound of its interval, is suspended.
    threshold: Option<f64>,
    /// What is paid for the work.
    #[serde(default)]
    pay: Pay,
    /// Nano-dollars after which no item is given out.
    budget_nanousd: Option<i64>,
    /// Seconds for which an item is kept for the rater who got it.
    lease_seconds: Option<u64>,
    /// The seed of the draw, the blocks and the orders.
    seed: Option<u64>,
}

/// A project that was made.
#[derive(Serialize, JsonSchema)]
pub struct MadeProject {
    /// The project.
    project: Project,
    /// How far it is: nothing is rated yet.
    progress: Progress,
    /// Gold items among its items.
    gold: usize,
    /// What all its ratings would cost about, when that is more than the budget, in nano-dollars.
    needs_nanousd: Option<i64>,
}

async fn make(call: Call<Nothing, Data<MakeBody>>) -> Result<Data<MadeProject>, Problem> {
    let (app, body, usual) = (&call.app, call.body.0, Settings::default());
    audit::note("project", body.name.as_str());
    let rubric = Rubric::from_text(&body.rubric, Path::new("rubric")).map_err(|found| Problem::usage(found.plain()))?;
    let gold = body.gold.into_iter().enumerate().map(|(at, row)| (row, format!("gold[{at}]"))).collect();
    let base = Making::of_run(body.name, (rubric, body.rubric), body.run.clone());
    let making = Making {
        of: Rateable::Runs { run: body.run, against: body.against, reason: body.reason },
        count: body.count,
        stratify: body.stratify,
        unsure: body.unsure,
        even: body.even.unwrap_or(base.even),
        gold,
        settings: Settings {
            seed: body.seed.unwrap_or(usual.seed),
            overlap: body.overlap.unwrap_or(usual.overlap),
            least_overlap: body.least_overlap.unwrap_or(usual.least_overlap),
            raters_each: body.raters_per_item.unwrap_or(usual.raters_each),
            raters: body.raters.unwrap_or(usual.raters),
            gold_share: body.gold_share.unwrap_or(usual.gold_share),
            gold_cap: body.gold_cap.unwrap_or(usual.gold_cap),
            threshold: body.threshold.unwrap_or(usual.threshold),
            lease_seconds: body.lease_seconds.unwrap_or(usual.lease_seconds),
            pay: body.pay,
            budget: body.budget_nanousd.map(Money::from_nanos),
            ..usual
        },
        ..base
    };
    let _place = app.heavy.acquire().await.map_err(Problem::internal)?;
    let made = making.make(app.home(), &app.review).await?;
    let progress = app.review.progress(&made.project).await?;
    Ok(Data(MadeProject {
        needs_nanousd: made.beyond_budget(progress.wanted).map(|(need, _)| need.nanos()),
        gold: made.gold,
        project: made.project,
        progress,
    }))
}

/// What a report asks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// Metadata keys to slice by, with commas between them; all with 2 to 12 values by default.
    slice: Option<String>,
    /// The level of intervals; 0.95 by default.
    confidence: Option<f64>,
    /// The reliability that the mean of an item's ratings shall have; 0.8 by default.
    target: Option<f64>,
    /// Steps of a scale that raters may be apart without a talk; 1 by default.
    apart: Option<f64>,
}

async fn reported(call: Call<ReportQuery>) -> Result<Data<Report>, Problem> {
    let (usual, query) = (Options::default(), &call.query);
    let options = Options {
        confidence: query.confidence.unwrap_or(usual.confidence),
        target: query.target.unwrap_or(usual.target),
        apart: query.apart.unwrap_or(usual.apart),
        slices: query.slice.as_deref().map_or_else(Vec::new, |keys| keys.split(',').map(str::to_owned).collect()),
        ..usual
    };
    options.check()?;
    let found = of_snapshot(&call.app, call.part("project"), move |snapshot| {
        report(&snapshot, &options, &outcomes(&snapshot, Aggregate::Usual))
    });
    Ok(Data(found.await?))
}

/// Computes something from all that a project knows, where it keeps nobody waiting.
async fn of_snapshot<T: Send + 'static>(
    app: &App,
    project: &str,
    compute: impl FnOnce(Snapshot) -> T + Send + 'static,
) -> Result<T, Problem> {
    let snapshot = app.review.snapshot(project).await?;
    let _place = app.heavy.acquire().await.map_err(Problem::internal)?;
    tokio::task::spawn_blocking(move || compute(snapshot)).await.map_err(Problem::internal)
}

/// Which disagreements.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputesQuery {
    /// Steps of a scale that raters may be apart without a talk; 1 by default.
    apart: Option<f64>,
    /// Settled ones too.
    #[serde(default)]
    settled: bool,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// A disagreement with what it is about. Whose answer it is stays unsaid, so that who settles it is blind too.
#[derive(Serialize, JsonSchema)]
pub struct DisputeView {
    /// Who said what, who flagged it, and the word that settled it.
    dispute: Dispute,
    /// What was asked.
    question: Question,
    /// The item as it is stored: `a` of a pair is `output`, `b` is `other`.
    content: Shown,
}

async fn disputed(call: Call<DisputesQuery>) -> Result<Data<Page<DisputeView>>, Problem> {
    let query = call.query;
    let apart = query.apart.unwrap_or(Options::default().apart);
    let made = of_snapshot(&call.app, call.path.get("project").map_or("", String::as_str), move |snapshot| {
        let rubric = &snapshot.project.rubric;
        let all = disputes(&snapshot, apart).into_iter().filter(|one| query.settled || one.settled.is_none());
        let page = Page::of_all(all, query.limit, query.cursor.as_deref())?;
        let view = |dispute: Dispute| {
            let item = snapshot.items.iter().find(|item| item.id == dispute.item)?;
            let question = Question::of(rubric.criterion(&dispute.criterion)?);
            Some(DisputeView { question, content: Shown::of(rubric, item.content.clone()), dispute })
        };
        Ok::<_, Problem>(Page { items: page.items.into_iter().filter_map(view).collect(), next: page.next })
    });
    Ok(Data(made.await??))
}

/// An item with its history.
#[derive(Serialize, JsonSchema)]
pub struct ItemHistory {
    /// The item with its target, its chance and its gold answers.
    item: Item,
    /// Every rating there ever was, oldest first.
    history: Vec<Rating>,
    /// Skips and flags.
    notes: Vec<Note>,
    /// Settled questions.
    adjudications: Vec<Adjudication>,
}

async fn item(call: Call) -> Result<Data<ItemHistory>, Problem> {
    let (review, name) = (&call.app.review, call.part("project"));
    review.project(name).await?;
    let item = review.item(name, call.part("item")).await?;
    let (mut history, mut notes, mut adjudications) =
        (review.history(name).await?, review.notes(name).await?, review.adjudications(name).await?);
    history.retain(|of| of.item == item.id);
    notes.retain(|of| of.item == item.id);
    adjudications.retain(|of| of.item == item.id);
    Ok(Data(ItemHistory { item, history, notes, adjudications }))
}

/// A word that settles a question about an item.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjudicationBody {
    /// The item's id, or the beginning of it.
    item: String,
    /// The criterion.
    criterion: String,
    /// The answer.
    value: Value,
    /// Why; it is kept.
    reason: String,
}

async fn adjudicate(call: Call<Nothing, Data<AdjudicationBody>>) -> Result<Data<Adjudication>, Problem> {
    let AdjudicationBody { item, criterion, value, reason } = &call.body.0;
    let (name, by) = (call.part("project"), call.who.name.as_str());
    Ok(Data(call.app.review.adjudicate(name, item, criterion, value, by, reason).await?))
}

/// Why a rater is suspended or may work again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RaterBody {
    /// In words; it is kept.
    reason: String,
}

async fn suspend(call: Call<Nothing, Data<RaterBody>>) -> Result<Data<Rater>, Problem> {
    let (review, name, rater) = (&call.app.review, call.part("project"), call.part("rater"));
    review.project(name).await?;
    review.suspend(name, rater, &call.body.0.reason).await?;
    let found = review.raters(name).await?.into_iter().find(|of| of.name == rater);
    Ok(Data(found.ok_or_else(|| Problem::not_found("there is no such rater"))?))
}

async fn reinstate(call: Call<Nothing, Data<RaterBody>>) -> Result<Data<Rater>, Problem> {
    let project = call.app.review.project(call.part("project")).await?;
    Ok(Data(call.app.review.reinstate(&project, call.part("rater"), &call.body.0.reason).await?))
}
