//! The cases of a dataset, those that wait to be accepted, and those that a run hands over.

use assay_core::{Case, Digest};
use assay_datasets::library::{Unusable, today};
use assay_datasets::quarantine::{self, Choice, name_of};
use assay_home::audit;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::datasets::{find, version};
use crate::Problem;
use crate::access::Access;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::paging::{Limit, Page, Weighed, cursor, read};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let (look, work) = (Access::Read, Access::Work);
    vec![
        get(
            "/api/v1/datasets/{dataset}/versions/{version}/cases",
            look,
            "datasetCases",
            "The cases of a version, those of sealed parts left out",
            cases,
        ),
        get("/api/v1/datasets/{dataset}/quarantine", look, "quarantine", "Cases that wait to be accepted", waiting),
        change(
            Method::POST,
            "/api/v1/datasets/{dataset}/quarantine/accept",
            work,
            ("acceptCases", "dataset accept"),
            "Take cases over from quarantine: a new version holds them",
            accept,
        ),
        change(
            Method::POST,
            "/api/v1/runs/{run}/cases/{case}/to-dataset",
            work,
            ("takeCase", "dataset take"),
            "Put a run's case into a dataset's quarantine",
            take,
        ),
    ]
}

/// Which cases.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CasesQuery {
    /// Whose id or content holds this; upper and lower case are the same.
    search: Option<String>,
    /// Of this part.
    part: Option<String>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// Why a case is not used.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotUsed {
    /// Somebody revoked it.
    Revoked,
    /// Its last day is over.
    Expired,
}

/// A case of a version.
#[derive(Serialize, JsonSchema)]
pub struct StoredCase {
    /// Its row in the version, from 0.
    row: u64,
    /// The digest of inputs, expected output and contexts.
    digest: Digest,
    /// Its part, when the dataset is divided.
    part: Option<String>,
    not_used: Option<NotUsed>,
    case: Case,
}

/// Rows that a request reads at most: a page that is not full then has a next one all the same.
const MOST_ROWS: u64 = 200_000;

async fn cases(call: Call<CasesQuery>) -> Result<Data<Page<StoredCase>>, Problem> {
    let (library, query) = (call.app.home().library(), &call.query);
    let (name, word) = (call.part("dataset").to_owned(), call.part("version").to_owned());
    let (search, part, limit) = (query.search.as_deref().map(str::to_lowercase), query.part.clone(), query.limit);
    let from: u64 = read(query.cursor.as_deref())?.unwrap_or(0);
    let page = call.app.heavy(move || {
        let dataset = find(&library, &name)?;
        let record = version(&dataset, Some(&word))?;
        if let Some(part) = &part {
            let plan = dataset.split.as_ref();
            let plan = plan.ok_or_else(|| Problem::usage(format!("`{name}` is not divided into parts")))?;
            if plan.part(part)?.looks.is_some() {
                return Err(Problem::forbidden(format!(
                    "the part `{part}` is sealed: `assay dataset show {name} --split {part} --reason …` records who saw it"
                )));
            }
        }
        let today = today();
        let mut page = Weighed::new(limit, None)?;
        let mut next = None;
        for (read, row) in library.cases_from(record.version, from)?.enumerate() {
            let (row, case) = row?;
            if page.is_full() || read as u64 >= MOST_ROWS {
                next = Some(cursor(&row));
                break;
            }
            let of = dataset.split.as_ref().map(|plan| plan.part_of(&case));
            if of.is_some_and(|of| of.looks.is_some())
                || part.as_ref().is_some_and(|part| of.is_none_or(|of| of.name != *part))
                || search.as_ref().is_some_and(|text| !holds(&case, text))
            {
                continue;
            }
            let not_used = dataset.unusable(&case, &today).map(|why| match why {
                Unusable::Revoked => NotUsed::Revoked,
                Unusable::Expired => NotUsed::Expired,
            });
            let part = of.map(|of| of.name.clone());
            page.offer(StoredCase { row, digest: case.digest(), part, not_used, case });
        }
        Ok(Page { items: page.done().items, next })
    });
    Ok(Data(page.await?))
}

/// Whether a case's id or content holds a text, which is in lower case.
fn holds(case: &Case, text: &str) -> bool {
    case.id.to_lowercase().contains(text)
        || serde_json::to_string(case).is_ok_and(|json| json.to_lowercase().contains(text))
}

/// Cases that wait.
#[derive(Serialize, JsonSchema)]
pub struct Quarantine {
    /// Their dataset, which no suite may use.
    dataset: String,
    /// How many wait.
    waiting: u64,
    items: Vec<Case>,
    /// Where the next page begins.
    next: Option<String>,
}

/// How many.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingQuery {
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

async fn waiting(call: Call<WaitingQuery>) -> Result<Data<Quarantine>, Problem> {
    let (library, name, query) = (call.app.home().library(), call.part("dataset").to_owned(), call.query);
    let page = call.app.heavy(move || {
        let dataset = find(&library, &name)?;
        let mut page = Weighed::new(query.limit, query.cursor.as_deref())?;
        let waiting = quarantine::each_waiting(&library, &dataset, &mut |case| {
            page.offer(case);
            Ok(())
        })?;
        let Page { items, next } = page.done();
        Ok(Quarantine { dataset: name_of(&name), waiting, items, next })
    });
    Ok(Data(page.await?))
}

/// Which cases are accepted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptBody {
    /// Their ids.
    #[serde(default)]
    ids: Vec<String>,
    /// All of them.
    #[serde(default)]
    all: bool,
    /// A note for the record.
    note: Option<String>,
}

/// What was accepted.
#[derive(Serialize, JsonSchema)]
pub struct Accepted {
    /// Cases that are new in the dataset.
    accepted: u64,
    /// The new version; `null` when the newest one held them already.
    version: Option<u64>,
    digest: Option<Digest>,
    /// Its cases.
    cases: Option<u64>,
}

/// The longest note, in characters.
const LONGEST_NOTE: usize = 2_000;

/// A note that says something.
///
/// # Errors
/// It is too long.
pub fn note(text: Option<String>) -> Result<Option<String>, Problem> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_NOTE) {
        true => Err(Problem::usage(format!("a note has at most {LONGEST_NOTE} characters"))),
        false => Ok(text),
    }
}

async fn accept(call: Call<Nothing, Data<AcceptBody>>) -> Result<Data<Accepted>, Problem> {
    let (library, by) = (call.app.home().library(), call.who.name.clone());
    let (name, body) = (call.part("dataset").to_owned(), call.body.0);
    let note = note(body.note)?;
    let choice = match (body.all, body.ids.is_empty()) {
        (true, true) => Choice::All,
        (false, false) => Choice::These(body.ids.into_iter().collect()),
        _ => return Err(Problem::usage("name cases in `ids`, or say `\"all\": true`")),
    };
    let made = call.app.heavy(move || {
        find(&library, &name)?;
        Ok(quarantine::accept(&library, &name, &by, &choice, note)?)
    });
    let made = made.await?;
    Ok(Data(Accepted {
        accepted: made.accepted,
        version: made.version.as_ref().map(|record| record.number),
        digest: made.version.as_ref().map(|record| record.version),
        cases: made.version.as_ref().map(|record| record.cases),
    }))
}

/// Where a run's case goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBody {
    /// A stored dataset.
    dataset: String,
    /// Why it is worth keeping; recorded with the case.
    note: Option<String>,
}

/// Where a case waits.
#[derive(Serialize, JsonSchema)]
pub struct Taken {
    /// The dataset that it waits for.
    dataset: String,
    /// Where it waits; no suite may use that.
    quarantine: String,
    /// Its id there: its own, unless the dataset has another case of that name.
    case: String,
    /// Whether it waited already.
    known: bool,
}

async fn take(call: Call<Nothing, Data<TakeBody>>) -> Result<Data<Taken>, Problem> {
    let (home, body) = (call.app.home(), &call.body.0);
    audit::note("dataset", &body.dataset);
    let (row, _) = home.find(call.part("run")).await?;
    if row.record.sealed().is_some() {
        return Err(Problem::forbidden("the run is over a sealed part: its cases stay where they are"));
    }
    let note = note(body.note.clone())?;
    let (library, name) = (home.library(), body.dataset.clone());
    call.app.blocking(move || find(&library, &name).map(|_| ())).await?;
    let case = call.part("case");
    let Some(taken) = home.take_case(&row.record, case, &body.dataset, &call.who.name, note).await? else {
        return Err(Problem::not_found(format!("the run has no case `{case}`")));
    };
    Ok(Data(Taken { dataset: body.dataset.clone(), quarantine: taken.quarantine, case: taken.id, known: taken.known }))
}
