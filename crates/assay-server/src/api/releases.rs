//! Releases: the list, one with its verdicts and what holds it up, and what people do to it.

use std::collections::BTreeSet;

use assay_core::Digest;
use assay_home::desk::{AtWork, Proposal, Reference};
use assay_home::policies;
use assay_release::record::Waiver;
use assay_release::{Change, Risk};
use axum::http::{Method, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::body::{Data, Raw};
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::paging::{Limit, Page};
use crate::views;

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    use Access::{Decide, Read, Work};
    let post = Method::POST;
    vec![
        get("/api/v1/releases", Read, "releases", "Releases, newest first", releases),
        get("/api/v1/releases/{release}", Read, "release", "A release: verdicts, people, what holds it up", release),
        get("/api/v1/releases/{release}/memo", Read, "memo", "The decision on one page", memo)
            .files(&["text/html", "text/markdown"]),
        change(
            post.clone(),
            "/api/v1/releases",
            Work,
            ("openRelease", "release open"),
            "Propose a change; the answer is the release",
            open,
        ),
        change(
            post.clone(),
            "/api/v1/releases/{release}/evaluate",
            Work,
            ("evaluateRelease", "release evaluate"),
            "Read the policy off the candidate's runs",
            evaluate,
        ),
        change(
            post.clone(),
            "/api/v1/releases/{release}/attach",
            Work,
            ("attachToRelease", "release attach"),
            "Attach a document that the policy asks for",
            attach,
        ),
        change(
            post.clone(),
            "/api/v1/releases/{release}/approve",
            Decide,
            ("approveRelease", "release approve"),
            "Agree to the release as it stands; authors cannot",
            approve,
        ),
        change(
            post.clone(),
            "/api/v1/releases/{release}/reject",
            Decide,
            ("rejectRelease", "release reject"),
            "Disagree with the release as it stands",
            reject,
        ),
        change(
            post.clone(),
            "/api/v1/releases/{release}/waive",
            Decide,
            ("waiveRule", "release waive"),
            "Let a rule not hold the release up until a day",
            waive,
        ),
        change(
            post.clone(),
            "/api/v1/releases/{release}/ship",
            Decide,
            ("shipRelease", "release ship"),
            "Take the next step of the rollout; 409 with `blocks` while something holds it up",
            ship,
        ),
        change(
            post,
            "/api/v1/releases/{release}/rollback",
            Decide,
            ("rollBackRelease", "release rollback"),
            "Record that the change was taken back",
            roll_back,
        ),
    ]
}

/// Which releases.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasesQuery {
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// A release in a list.
#[derive(Serialize, JsonSchema)]
pub struct ReleaseItem {
    number: u64,
    title: String,
    /// Where it stands; `unreadable` when its log or its policy cannot be read.
    stand: String,
    risk: String,
    changes: Vec<String>,
    policy: String,
    opened_us: i64,
    opened_by: String,
}

async fn releases(call: Call<ReleasesQuery>) -> Result<Data<Page<ReleaseItem>>, Problem> {
    let desk = call.app.desk();
    let numbers = desk.releases.numbers().await?;
    let page = Page::of_all(numbers, call.query.limit, call.query.cursor.as_deref())?;
    let mut items = Vec::new();
    for number in page.items {
        items.push(match desk.read(number).await {
            Ok(release) => {
                let stages = desk.stages(&release).await?;
                ReleaseItem {
                    number,
                    stand: release.stand(stages).as_str().to_owned(),
                    risk: release.opened.risk.as_str().to_owned(),
                    changes: release.opened.changes.iter().map(|change| change.as_str().to_owned()).collect(),
                    title: release.opened.title.clone(),
                    policy: release.opened.policy_name.clone(),
                    opened_us: release.opened_us,
                    opened_by: release.opened_by.clone(),
                }
            }
            // One log that was tampered with does not hide the others.
            Err(error) => ReleaseItem {
                number,
                title: error.to_string(),
                stand: "unreadable".to_owned(),
                risk: String::new(),
                changes: Vec::new(),
                policy: String::new(),
                opened_us: 0,
                opened_by: String::new(),
            },
        });
    }
    Ok(Data(Page { items, next: page.next }))
}

/// The number of a release that is there.
async fn number(app: &App, word: &str) -> Result<String, Problem> {
    let known = app.releases.numbers().await?;
    match word == "latest" || known.iter().any(|number| number.to_string() == word) {
        true => Ok(word.to_owned()),
        false => Err(Problem::not_found("there is no release of that number")),
    }
}

async fn release(call: Call) -> Result<Data<Value>, Problem> {
    let word = number(&call.app, call.part("release")).await?;
    Ok(Data(views::view(&call.app, &word).await?))
}

/// How the memo is wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemoFormat {
    /// A page to print.
    #[default]
    Html,
    /// Markdown.
    Md,
}

/// How the memo is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoQuery {
    /// As a page or as Markdown.
    #[serde(default)]
    format: MemoFormat,
}

/// The memo's own style stands in it; nothing else of it does anything.
const MEMO_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

async fn memo(call: Call<MemoQuery>) -> Result<Raw, Problem> {
    let word = number(&call.app, call.part("release")).await?;
    let _place = call.app.heavy.acquire().await.map_err(Problem::internal)?;
    let memo = call.app.desk().memo(&word).await?;
    let (kind, text) = match call.query.format {
        MemoFormat::Html => ("text/html; charset=utf-8", memo.html().map_err(Problem::internal)?),
        MemoFormat::Md => ("text/markdown; charset=utf-8", memo.markdown()),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, MEMO_POLICY)];
    Ok(Raw((headers, text).into_response()))
}

/// A change that is proposed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenBody {
    /// What changed, in a sentence.
    title: String,
    /// The policy: a file of the project, or the name of one that comes with Assay.
    policy: String,
    /// Kinds of change.
    #[serde(default)]
    kinds: BTreeSet<Change>,
    /// Paths that changed; the policy says which kind of change each is.
    #[serde(default)]
    changed: Vec<String>,
    /// How much harm it could do.
    #[serde(default)]
    risk: Risk,
    /// Who changed it, beside the one who opens the release.
    #[serde(default)]
    authors: Vec<String>,
    /// Runs of the candidate, with a target after a colon; the newest complete run of each suite by default.
    #[serde(default)]
    candidates: Vec<String>,
    /// Runs to compare with; the policy's baseline by default.
    #[serde(default)]
    baselines: Vec<String>,
    /// The target that the release is about, in runs that have several.
    target: Option<String>,
}

async fn open(call: Call<Nothing, Data<OpenBody>>) -> Result<Data<Value>, Problem> {
    let (desk, body) = (call.app.desk(), call.body.0);
    let (policy, text, recorded) = policies::from_afar(&body.policy, call.app.home())?;
    let proposal = Proposal {
        title: body.title,
        policy: (policy, text),
        recorded,
        kinds: body.kinds,
        changed: body.changed,
        risk: body.risk,
        authors: body.authors,
        candidates: body.candidates,
        baselines: body.baselines,
        target: body.target,
    };
    match desk.open(proposal, &call.who.name).await? {
        Some(proposed) => Ok(Data(desk.view(&proposed.number.to_string()).await?)),
        None => Err(Problem::usage(
            "none of the changed paths is of a kind that the policy names: nothing is to be decided",
        )),
    }
}

/// What is done to a release, and what of it was seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateBody {
    /// `head` of the release as it was seen: if it has changed since, nothing is done (409).
    seen: Option<Digest>,
    /// Judge these runs instead of the newest ones of their suites and tiers.
    #[serde(default)]
    runs: Vec<String>,
}

/// A document that the policy asks for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachBody {
    /// `head` of the release as it was seen.
    seen: Option<Digest>,
    /// The document's name in the policy.
    document: String,
    /// A file of the project, or an address (with `://`).
    reference: String,
}

/// What somebody says of a release.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SayBody {
    /// `head` of the release as it was seen.
    seen: Option<Digest>,
    /// Why. It is recorded.
    reason: String,
}

/// A rule that shall not hold the release up for a time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiveBody {
    /// `head` of the release as it was seen.
    seen: Option<Digest>,
    /// The rule, as the release's findings name it (`chat@full#2`), or `document:NAME`.
    rule: String,
    /// The last day on which it holds, such as 2027-01-31 (UTC).
    until: String,
    /// Why.
    reason: String,
    /// Who sees to the follow-up.
    owner: String,
    /// What will be done.
    follow_up: String,
}

/// The next step of the rollout.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShipBody {
    /// `head` of the release as it was seen.
    seen: Option<Digest>,
    /// Why.
    reason: String,
    /// Pass over what is missing, as far as the policy lets people decide so. It is recorded for ever.
    #[serde(default)]
    emergency: bool,
}

/// The release that a call is about, as it was seen.
async fn at_work<B>(call: &Call<Nothing, B>, seen: Option<Digest>) -> Result<AtWork, Problem> {
    let word = number(&call.app, call.part("release")).await?;
    Ok(call.app.desk().at_work(&word, seen).await?)
}

/// The release as it is now. What was done is done: if it cannot be shown, its newest line is told alone.
async fn now<B>(call: &Call<Nothing, B>, at: &AtWork) -> Result<Data<Value>, Problem> {
    Ok(Data(match call.app.desk().view(&at.number.to_string()).await {
        Ok(view) => view,
        Err(error) => {
            tracing::warn!(%error, release = at.number, "a release cannot be shown after a change");
            json!({"release": at.number, "head": at.release.head()})
        }
    }))
}

async fn evaluate(call: Call<Nothing, Data<EvaluateBody>>) -> Result<Data<Value>, Problem> {
    let body = &call.body.0;
    let mut at = at_work(&call, body.seen).await?;
    let _place = call.app.heavy.acquire().await.map_err(Problem::internal)?;
    match call.app.desk().evaluate(&mut at, &body.runs, &call.who.name).await? {
        Some(_) => now(&call, &at).await,
        None => Err(Problem::usage("the policy requires nothing of a change of this kind and risk")),
    }
}

async fn attach(call: Call<Nothing, Data<AttachBody>>) -> Result<Data<Value>, Problem> {
    let body = &call.body.0;
    let mut at = at_work(&call, body.seen).await?;
    let of = match body.reference.contains("://") {
        true => Reference::Address(body.reference.clone()),
        false => Reference::File(call.app.home().project_file(&body.reference)?),
    };
    call.app.desk().attach(&mut at, &body.document, of, &call.who.name).await?;
    now(&call, &at).await
}

async fn approve(call: Call<Nothing, Data<SayBody>>) -> Result<Data<Value>, Problem> {
    let mut at = at_work(&call, call.body.0.seen).await?;
    call.app.desk().approve(&mut at, &call.body.0.reason, &call.who.name).await?;
    now(&call, &at).await
}

async fn reject(call: Call<Nothing, Data<SayBody>>) -> Result<Data<Value>, Problem> {
    let mut at = at_work(&call, call.body.0.seen).await?;
    call.app.desk().reject(&mut at, &call.body.0.reason, &call.who.name).await?;
    now(&call, &at).await
}

async fn waive(call: Call<Nothing, Data<WaiveBody>>) -> Result<Data<Value>, Problem> {
    let body = &call.body.0;
    let mut at = at_work(&call, body.seen).await?;
    let waiver = Waiver {
        rule: body.rule.clone(),
        name: String::new(),
        reason: body.reason.clone(),
        owner: body.owner.clone(),
        follow_up: body.follow_up.clone(),
        until: body.until.clone(),
    };
    call.app.desk().waive(&mut at, waiver, &call.who.name).await?;
    now(&call, &at).await
}

async fn ship(call: Call<Nothing, Data<ShipBody>>) -> Result<Data<Value>, Problem> {
    let body = &call.body.0;
    let mut at = at_work(&call, body.seen).await?;
    match call.app.desk().ship(&mut at, &body.reason, body.emergency, &call.who.name).await? {
        Ok(_) => now(&call, &at).await,
        Err(blocks) => {
            let mut problem = Problem::conflict(format!("release {} is held up", at.number));
            problem.blocks = Some(Box::new(serde_json::to_value(blocks)?));
            Err(problem)
        }
    }
}

async fn roll_back(call: Call<Nothing, Data<SayBody>>) -> Result<Data<Value>, Problem> {
    let mut at = at_work(&call, call.body.0.seen).await?;
    call.app.desk().roll_back(&mut at, &call.body.0.reason, &call.who.name).await?;
    now(&call, &at).await
}
