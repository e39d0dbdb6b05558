//! Datasets: what there is, what became of it, what differs, what is covered and what is wrong.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use assay_core::Digest;
use assay_datasets::check::Check;
use assay_datasets::coverage::Taxonomy;
use assay_datasets::diff::{Change, Counts, diff};
use assay_datasets::library::{
    Entry, Event, Governance, How, Parent, QUARANTINE, SourceFile, VersionRecord, check_tag, today,
};
use assay_datasets::quality::Severity;
use assay_datasets::split::SplitPlan;
use assay_datasets::{Dataset, DatasetError, Library, coverage, lineage, quarantine};
use assay_home::datasets::{Checked, LastResult};
use assay_report::plain;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Problem;
use crate::access::Access;
use crate::body::{Data, Done};
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::paging::{Limit, Page, Weighed, read};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let (look, work) = (Access::Read, Access::Work);
    let tag = "/api/v1/datasets/{dataset}/tags/{tag}";
    vec![
        get("/api/v1/datasets", look, "datasets", "Datasets, by name", datasets),
        get(
            "/api/v1/datasets/{dataset}",
            look,
            "dataset",
            "A dataset: its versions, what was done to it, and where a version came from",
            dataset,
        ),
        get("/api/v1/datasets/{dataset}/diff", look, "datasetDiff", "What differs between two versions", differences),
        get(
            "/api/v1/datasets/{dataset}/coverage",
            look,
            "datasetCoverage",
            "How many cases each value of a metadata key has, and what the newest run made of them",
            covered,
        ),
        get("/api/v1/datasets/{dataset}/check", look, "datasetCheck", "What is wrong with the cases", check),
        change(Method::PUT, tag, work, ("tagDataset", "dataset tag"), "Give a version a name that can move", set_tag),
        change(Method::DELETE, tag, work, ("untagDataset", "dataset tag"), "Take the name away", remove_tag),
    ]
}

/// A part of a dataset.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartItem {
    name: String,
    /// Its share of all groups.
    share: f64,
    /// Its cases in the version; counted where one dataset is looked at, not in lists.
    cases: Option<u64>,
    /// Whether its cases are seen by nobody.
    sealed: bool,
    /// Whether a run is told its score only where it beats the best so far.
    ladder: bool,
    /// Looks that runs took at the newest version.
    looks: u64,
    /// Looks that a version allows, when it is sealed.
    budget: Option<u64>,
    /// Whether none is left.
    locked: bool,
}

/// Cases of the parts of versions that were looked at lately: neither a version nor a division ever changes.
#[derive(Default)]
pub struct PartCounts(Mutex<HashMap<Digest, Arc<BTreeMap<String, u64>>>>);

/// Versions whose counts are kept.
const MOST_COUNTED: usize = 256;

impl PartCounts {
    fn of(
        &self,
        library: &Library,
        plan: &SplitPlan,
        version: Digest,
    ) -> Result<Arc<BTreeMap<String, u64>>, DatasetError> {
        let key = Digest::of_json(&(plan, version));
        let known = self.0.lock().ok().and_then(|kept| kept.get(&key).cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let mut counts = BTreeMap::new();
        for case in library.cases(version)? {
            *counts.entry(plan.part_of(&case?).name.clone()).or_default() += 1;
        }
        let counts = Arc::new(counts);
        if let Ok(mut kept) = self.0.lock() {
            if kept.len() >= MOST_COUNTED {
                kept.clear();
            }
            kept.insert(key, counts.clone());
        }
        Ok(counts)
    }
}

/// A dataset in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DatasetItem {
    name: String,
    /// The newest version's number; `null` when none is left.
    version: Option<u64>,
    /// Its digest.
    digest: Option<Digest>,
    /// Its cases.
    cases: u64,
    /// How many versions there are.
    versions: u64,
    /// Tags with the numbers that they name.
    tags: BTreeMap<String, u64>,
    /// What governs it.
    governance: Governance,
    /// Whether its last day of use is over.
    expired: bool,
    parts: Vec<PartItem>,
    /// Cases that wait to be accepted.
    quarantine: u64,
    /// Cases that must not be used.
    revoked: u64,
    /// When something was last done to it.
    changed_us: i64,
    /// Why its log cannot be read: nothing else is known then.
    unreadable: Option<String>,
}

impl DatasetItem {
    fn of(library: &Library, dataset: &Dataset) -> Result<Self, DatasetError> {
        let newest = dataset.versions.last();
        let looks = |part: &str| newest.map_or(0, |record| dataset.looks_at(part, record.version));
        let parts = dataset.split.iter().flat_map(|plan| &plan.parts).map(|part| {
            let looks = looks(&part.name);
            PartItem {
                name: part.name.clone(),
                share: part.share,
                cases: None,
                sealed: part.looks.is_some(),
                ladder: part.ladder,
                looks,
                budget: part.looks,
                locked: part.looks.is_some_and(|budget| looks >= budget),
            }
        });
        Ok(Self {
            name: dataset.name.clone(),
            version: newest.map(|record| record.number),
            digest: newest.map(|record| record.version),
            cases: newest.map_or(0, |record| record.cases),
            versions: dataset.versions.len() as u64,
            tags: tags(dataset),
            governance: dataset.governance.clone(),
            expired: dataset.check_retention(&today()).is_err(),
            parts: parts.collect(),
            quarantine: quarantine::waiting(library, dataset)?,
            revoked: dataset.revoked.len() as u64,
            changed_us: dataset.log.last().map_or(0, |entry| entry.at_us),
            unreadable: None,
        })
    }

    /// One whose log was damaged does not hide the others.
    fn unreadable(name: String, error: &DatasetError) -> Self {
        Self {
            name,
            version: None,
            digest: None,
            cases: 0,
            versions: 0,
            tags: BTreeMap::new(),
            governance: Governance::default(),
            expired: false,
            parts: Vec::new(),
            quarantine: 0,
            revoked: 0,
            changed_us: 0,
            unreadable: Some(plain(&error.to_string(), 400)),
        }
    }
}

fn tags(dataset: &Dataset) -> BTreeMap<String, u64> {
    let number = |tagged: &Digest| dataset.versions.iter().rev().find(|record| record.version == *tagged);
    dataset.tags.iter().filter_map(|(tag, of)| Some((tag.clone(), number(of)?.number))).collect()
}

/// Which datasets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetsQuery {
    /// Whose name, owner or description holds this.
    search: Option<String>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

async fn datasets(call: Call<DatasetsQuery>) -> Result<Data<Page<DatasetItem>>, Problem> {
    let (library, query) = (call.app.home().library(), call.query);
    let page = call.app.blocking(move || {
        let mut items = Vec::new();
        // A name is no reason to read a log that no page shows.
        let after: Option<String> = read(query.cursor.as_deref())?;
        let names = library
            .names()?
            .into_iter()
            .filter(|name| !name.ends_with(QUARANTINE) && after.as_ref().is_none_or(|after| name > after));
        for name in names {
            let item = match library.find(&name) {
                Ok(Some(dataset)) => {
                    DatasetItem::of(&library, &dataset).unwrap_or_else(|error| DatasetItem::unreadable(name, &error))
                }
                Ok(None) => continue,
                Err(error) => DatasetItem::unreadable(name, &error),
            };
            if query.search.as_deref().is_none_or(|text| item.holds(text)) {
                items.push(item);
            }
            if items.len() > query.limit.get() {
                break;
            }
        }
        Ok(Page::cut(items, query.limit, |item| item.name.clone()))
    });
    Ok(Data(page.await?))
}

impl DatasetItem {
    fn holds(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let texts = [Some(&self.name), self.governance.owner.as_ref(), self.governance.description.as_ref()];
        texts.into_iter().flatten().any(|of| of.to_lowercase().contains(&text))
    }
}

/// A version of a dataset.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionItem {
    number: u64,
    digest: Digest,
    cases: u64,
    /// Bytes of its cases as JSON lines.
    bytes: u64,
    at_us: i64,
    by: String,
    how: How,
    /// The program that made it.
    tool: String,
    /// Files that it was made from.
    sources: Vec<SourceFile>,
    /// Versions that it was made from.
    parents: Vec<Parent>,
    /// What the program was told.
    parameters: Value,
    note: Option<String>,
    tags: Vec<String>,
}

/// A dot of the picture of where a version came from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LineageNode {
    /// Names it in the edges.
    id: String,
    kind: LineageKind,
    /// What is written on it.
    label: String,
    /// The dataset, of a version.
    dataset: Option<String>,
    /// Its number, of a version.
    number: Option<u64>,
    digest: Digest,
    /// Its cases, of a version.
    cases: Option<u64>,
    /// When it was made, of a version.
    at_us: Option<i64>,
    /// Who made it, of a version.
    by: Option<String>,
    /// Steps from the version that was asked for.
    depth: u32,
}

/// What a dot stands for.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineageKind {
    /// A version of a dataset.
    Version,
    /// A file.
    File,
}

/// What was made from what.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LineageEdge {
    /// What it was made from.
    from: String,
    /// What was made.
    to: String,
    how: How,
}

/// Where a version came from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LineageGraph {
    /// The version that was asked for first.
    nodes: Vec<LineageNode>,
    edges: Vec<LineageEdge>,
}

/// A dataset.
#[derive(Serialize, JsonSchema)]
pub struct DatasetView {
    /// As in lists, with the cases of its parts counted.
    item: DatasetItem,
    /// Newest first.
    versions: Vec<VersionItem>,
    /// The newest 200 events, newest first. Cases are not named when the dataset has a sealed part.
    log: Vec<Entry>,
    /// How many events there are.
    events: u64,
    /// Of the version that was asked for.
    lineage: LineageGraph,
}

/// Which version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionQuery {
    /// A number, a tag, or the beginning of a digest; the newest by default.
    version: Option<String>,
}

/// Events that are shown.
const MOST_EVENTS: usize = 200;

/// A dataset by name.
///
/// # Errors
/// 404 when there is none, 422 for a log that was damaged.
pub fn find(library: &Library, name: &str) -> Result<Dataset, Problem> {
    match library.find(name)? {
        Some(_) if name.ends_with(QUARANTINE) => {
            Err(Problem::not_found("cases that wait are part of the dataset that they wait for"))
        }
        Some(dataset) => Ok(dataset),
        None => Err(Problem::not_found(library.dataset(name).map_or_else(|error| error.advice(), |_| String::new()))),
    }
}

/// A version by a word, and that it may be used today.
///
/// # Errors
/// 404 when there is none, 409 when its last day of use is over.
pub fn version(dataset: &Dataset, word: Option<&str>) -> Result<VersionRecord, Problem> {
    dataset.check_retention(&today()).map_err(|error| Problem::conflict(error.advice()))?;
    Ok(dataset.version(word).map_err(|error| Problem::not_found(error.advice()))?.clone())
}

fn versions(dataset: &Dataset) -> Vec<VersionItem> {
    let added = dataset.log.iter().filter_map(|entry| match &entry.event {
        Event::Version(record) => Some((entry, record)),
        _ => None,
    });
    let there = |number: u64| dataset.versions.iter().any(|record| record.number == number);
    let tags = tags(dataset);
    let mut items: Vec<VersionItem> = added
        .filter(|(_, record)| there(record.number))
        .map(|(entry, record)| VersionItem {
            number: record.number,
            digest: record.version,
            cases: record.cases,
            bytes: record.bytes,
            at_us: entry.at_us,
            by: entry.by.clone(),
            how: record.lineage.how,
            tool: record.lineage.tool.clone(),
            sources: record.lineage.sources.clone(),
            parents: record.lineage.parents.clone(),
            parameters: record.lineage.parameters.clone(),
            note: record.lineage.note.clone(),
            tags: tags.iter().filter(|(_, number)| **number == record.number).map(|(tag, _)| tag.clone()).collect(),
        })
        .collect();
    items.reverse();
    items
}

fn graph(nodes: &[lineage::Node]) -> LineageGraph {
    let id = |dataset: &str, version: &Digest| format!("{dataset}@{version}");
    let (mut dots, mut edges) = (Vec::new(), Vec::new());
    for node in nodes {
        let record = &node.version;
        let own = id(&node.dataset, &record.version);
        dots.push(LineageNode {
            id: own.clone(),
            kind: LineageKind::Version,
            label: format!("{}@{}", node.dataset, record.number),
            dataset: Some(node.dataset.clone()),
            number: Some(record.number),
            digest: record.version,
            cases: Some(record.cases),
            at_us: Some(node.at_us),
            by: Some(node.by.clone()),
            depth: node.depth,
        });
        let how = record.lineage.how;
        for parent in &record.lineage.parents {
            edges.push(LineageEdge { from: id(&parent.dataset, &parent.version), to: own.clone(), how });
        }
        for source in &record.lineage.sources {
            let from = format!("file {}", source.digest);
            edges.push(LineageEdge { from: from.clone(), to: own.clone(), how });
            if !dots.iter().any(|dot: &LineageNode| dot.id == from) {
                dots.push(LineageNode {
                    id: from,
                    kind: LineageKind::File,
                    label: source.path.clone(),
                    dataset: None,
                    number: None,
                    digest: source.digest,
                    cases: None,
                    at_us: None,
                    by: None,
                    depth: node.depth + 1,
                });
            }
        }
    }
    // What was removed since has no dot, and so no line either.
    edges.retain(|edge| dots.iter().any(|dot| dot.id == edge.from));
    LineageGraph { nodes: dots, edges }
}

/// Events as they are shown: the name of a case may be that of a sealed one.
fn shown(dataset: &Dataset) -> Vec<Entry> {
    let sealed = dataset.sealed_part().is_some();
    let mut entries: Vec<Entry> = dataset.log.iter().rev().take(MOST_EVENTS).cloned().collect();
    for entry in entries.iter_mut().filter(|_| sealed) {
        if let Event::Revoked { case, .. } | Event::Reinstated { case, .. } = &mut entry.event {
            "(not shown)".clone_into(case);
        }
    }
    entries
}

async fn dataset(call: Call<VersionQuery>) -> Result<Data<DatasetView>, Problem> {
    let (library, name) = (call.app.home().library(), call.part("dataset").to_owned());
    let (asked, app) = (call.query.version, call.app.clone());
    let view = call.app.heavy(move || {
        let dataset = find(&library, &name)?;
        let mut item = DatasetItem::of(&library, &dataset)?;
        let record = match dataset.versions.is_empty() && asked.is_none() {
            true => None,
            false => {
                Some(dataset.version(asked.as_deref()).map_err(|error| Problem::not_found(error.advice()))?.clone())
            }
        };
        if let (Some(plan), Some(newest)) = (&dataset.split, dataset.versions.last()) {
            let counts = app.parts.of(&library, plan, newest.version)?;
            for part in &mut item.parts {
                part.cases = Some(counts.get(&part.name).copied().unwrap_or(0));
            }
        }
        let nodes = record.map(|record| lineage::ancestry(&library, &dataset, record.version)).transpose()?;
        Ok(DatasetView {
            item,
            versions: versions(&dataset),
            log: shown(&dataset),
            events: dataset.log.len() as u64,
            lineage: graph(&nodes.unwrap_or_default()),
        })
    });
    Ok(Data(view.await?))
}

/// Which versions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The older version: a number, a tag, or the beginning of a digest; the one before the newer by default.
    from: Option<String>,
    /// The newer version; the newest by default.
    to: Option<String>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// What differs between two versions.
#[derive(Serialize, JsonSchema)]
pub struct DatasetDiff {
    /// The older version's number.
    from: u64,
    /// The newer version's number.
    to: u64,
    /// How many cases differ, and how.
    counts: Counts,
    /// Whether the dataset has a sealed part: then only the counts are told.
    sealed: bool,
    items: Vec<Change>,
    /// Where the next page begins.
    next: Option<String>,
}

async fn differences(call: Call<DiffQuery>) -> Result<Data<DatasetDiff>, Problem> {
    let (library, name, query) = (call.app.home().library(), call.part("dataset").to_owned(), call.query);
    let made = call.app.heavy(move || {
        let dataset = find(&library, &name)?;
        let after = version(&dataset, query.to.as_deref())?;
        let before =
            match &query.from {
                Some(word) => version(&dataset, Some(word))?,
                None => dataset.versions.iter().rev().find(|record| record.number < after.number).cloned().ok_or_else(
                    || Problem::usage(format!("{name}@{} is the first version: say `from`", after.number)),
                )?,
            };
        let sealed = dataset.sealed_part().is_some();
        let mut page = Weighed::new(query.limit, query.cursor.as_deref())?;
        let counts = diff(&library, before.version, after.version, &mut |change| {
            if !sealed {
                page.offer(change);
            }
            Ok(())
        })?;
        let Page { items, next } = page.done();
        Ok(DatasetDiff { from: before.number, to: after.number, counts, sealed, items, next })
    });
    Ok(Data(made.await?))
}

/// By which keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageQuery {
    /// Metadata keys, with commas between them; every key with few values by default.
    by: Option<String>,
    /// A number, a tag, or the beginning of a digest; the newest by default.
    version: Option<String>,
    /// Whose last result is shown; the first scorer of the newest run by default.
    scorer: Option<String>,
}

/// A value of a key, with what the newest run made of its cases.
#[derive(Serialize, JsonSchema)]
pub struct CoveredValue {
    cell: coverage::Cell,
    last_result: Option<LastResult>,
}

/// How many cases each value of a key has. Sealed cases are not counted.
#[derive(Serialize, JsonSchema)]
pub struct Coverage {
    /// The version's number.
    version: u64,
    cells: Vec<CoveredValue>,
    /// The scorer, target and run of the last results.
    last: Option<String>,
}

async fn covered(call: Call<CoverageQuery>) -> Result<Data<Coverage>, Problem> {
    let (library, name) = (call.app.home().library(), call.part("dataset").to_owned());
    let (by, word) = (call.query.by.clone(), call.query.version.clone());
    let (dataset, record, cells) = call
        .app
        .heavy(move || {
            let dataset = find(&library, &name)?;
            let record = version(&dataset, word.as_deref())?;
            let keys = by.iter().flat_map(|by| by.split(',')).map(str::trim).filter(|key| !key.is_empty());
            let keys: Vec<String> = keys.map(str::to_owned).collect();
            let cells = coverage::of_version(&library, &dataset, &record, keys, Taxonomy::default())?;
            Ok((dataset, record, cells))
        })
        .await?;
    let _place = call.app.heavy.acquire().await.map_err(Problem::internal)?;
    let last = call.app.home().last_results(&dataset, &cells, call.query.scorer.as_deref()).await?;
    let result = |cell: &coverage::Cell| last.as_ref()?.of(cell).cloned();
    let cells = cells.into_iter().map(|cell| CoveredValue { last_result: result(&cell), cell }).collect();
    Ok(Data(Coverage { version: record.number, cells, last: last.map(|last| last.name) }))
}

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckQuery {
    /// A number, a tag, or the beginning of a digest; the newest by default.
    version: Option<String>,
    /// The least similarity of near duplicates, 0.8 by default; 0 does not look for them.
    threshold: Option<f64>,
}

/// What is wrong with a version.
#[derive(Serialize, JsonSchema)]
pub struct DatasetCheck {
    /// The version's number.
    version: u64,
    cases: u64,
    errors: u64,
    warnings: u64,
    /// Whether sealed cases were left out, but for near duplicates, which are counted and not named.
    sealed: bool,
    /// Errors first.
    findings: Vec<assay_datasets::quality::Finding>,
}

async fn check(call: Call<CheckQuery>) -> Result<Data<DatasetCheck>, Problem> {
    let (home, name) = (call.app.home(), call.part("dataset"));
    let library = home.library();
    let (found, word) = (name.to_owned(), call.query.version.clone());
    let (dataset, record) = call
        .app
        .blocking(move || {
            let dataset = find(&library, &found)?;
            let record = version(&dataset, word.as_deref())?;
            Ok((dataset, record))
        })
        .await?;
    let _place = call.app.heavy.acquire().await.map_err(Problem::internal)?;
    let threshold = call.query.threshold.unwrap_or(Check::SIMILAR);
    let check = Check { threshold: Some(threshold).filter(|least| *least > 0.0), ..Check::default() };
    let Checked { findings, sealed } = home.check_dataset(&dataset, &record, check, Vec::new()).await?;
    let of = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    Ok(Data(DatasetCheck {
        version: record.number,
        cases: record.cases,
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        sealed,
        findings,
    }))
}

/// What a tag names.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagBody {
    /// A number, another tag, or the beginning of a digest.
    version: String,
}

async fn set_tag(call: Call<Nothing, Data<TagBody>>) -> Result<Done, Problem> {
    let (library, by) = (call.app.home().library(), call.who.name.clone());
    let (name, tag) = (call.part("dataset").to_owned(), call.part("tag").to_owned());
    let word = call.body.0.version;
    call.app
        .blocking(move || {
            find(&library, &name)?;
            check_tag(&tag)?;
            library.tag(&library.hold()?, &name, &by, &tag, Some(&word))?;
            Ok(Done)
        })
        .await
}

async fn remove_tag(call: Call<Nothing, ()>) -> Result<Done, Problem> {
    let (library, by) = (call.app.home().library(), call.who.name.clone());
    let (name, tag) = (call.part("dataset").to_owned(), call.part("tag").to_owned());
    call.app
        .blocking(move || {
            let dataset = find(&library, &name)?;
            if !dataset.tags.contains_key(&tag) {
                return Err(Problem::not_found(format!("`{name}` has no tag `{tag}`")));
            }
            library.untag(&library.hold()?, &name, &by, &tag)?;
            Ok(Done)
        })
        .await
}
