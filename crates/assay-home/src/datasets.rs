//! What a workspace knows of its stored datasets beside their own logs: what runs made of their cases.

use std::collections::{BTreeMap, HashMap, HashSet};

use assay_analysis::{Arm, Fill, RunScores, summarize};
use assay_core::{Case, Digest, Direction, Reducer, RunRecord, ScoreKind, SliceDecl};
use assay_datasets::check::{Check, findings};
use assay_datasets::coverage::Cell;
use assay_datasets::library::{
    Governance, How, Lineage, Parent, QUARANTINE, Sensitivity, VersionRecord, name_and_version, today,
};
use assay_datasets::quality::{Finding, Severity};
use assay_datasets::quarantine::{Quarantine, name_of};
use assay_datasets::{Dataset, DatasetError, Library, add};
use assay_report::numbers;
use assay_stats::Estimate;
use assay_stats::items::{Flag, item_analysis, saturation};
use assay_store::PlanFile;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{Failure, Home, usage};

/// Earlier runs that are looked at for broken and trivial cases.
const MOST_RUNS: u32 = 200;

/// Does what waits for files and locks beside everything else.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DatasetError> + Send + 'static,
) -> Result<T, Failure> {
    Ok(tokio::task::spawn_blocking(work).await??)
}

/// What a scorer made of the cases that have a value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LastResult {
    /// The level, as reports write it.
    pub value: String,
    /// Its interval, or why there is none.
    pub interval: String,
    /// Both as numbers.
    pub estimate: Estimate,
}

/// The levels of a scorer in the newest complete run of a dataset.
#[derive(Clone, Debug)]
pub struct LastResults {
    /// The scorer, the target and the run.
    pub name: String,
    levels: BTreeMap<(String, String), LastResult>,
}

impl LastResults {
    /// Of the cases in a cell of a coverage map.
    pub fn of(&self, cell: &Cell) -> Option<&LastResult> {
        self.levels.get(&(cell.key.clone(), cell.value.clone()))
    }
}

/// What is wrong with a version.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Errors first.
    pub findings: Vec<Finding>,
    /// Whether sealed cases were left out.
    pub sealed: bool,
}

/// A case that waits.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The dataset that it waits in.
    pub quarantine: String,
    /// Its id there.
    pub id: String,
    /// Whether it waited already.
    pub known: bool,
}

impl Home {
    /// The level of a scorer in the newest complete run of the dataset, for the cells of its coverage map; the first scorer of
    /// that run by default.
    ///
    /// # Errors
    /// The workspace cannot be read.
    pub async fn last_results(
        &self,
        dataset: &Dataset,
        cells: &[Cell],
        scorer: Option<&str>,
    ) -> Result<Option<LastResults>, Failure> {
        let ours = |record: &RunRecord| {
            record.sealed().is_none()
                && record
                    .datasets
                    .iter()
                    .any(|used| dataset.versions.iter().any(|version| version.version == used.version))
                && scorer.is_none_or(|name| record.scorer(name).is_some())
        };
        let Some(mut row) = self.state.runs(None, None, 1_000).await?.into_iter().find(|row| ours(&row.record)) else {
            return Ok(None);
        };
        let mut keys: Vec<&String> = cells.iter().map(|cell| &cell.key).filter(|key| !key.contains(" × ")).collect();
        keys.dedup();
        row.record.slices = keys.into_iter().map(|key| SliceDecl::Key(key.clone())).collect();
        let scores = self.scores(&row.record, &HashSet::new()).await?;
        let summary = summarize(&scores, row.record.gate.confidence);
        let Some(found) = summary.rows.iter().find(|found| scorer.is_none_or(|name| found.scorer == name)) else {
            return Ok(None);
        };
        let levels = found.slices.iter().filter_map(|slice| {
            let (key, value) = slice.slice.split_once(" = ")?;
            let (level, interval) = numbers::estimate(&slice.estimate, found.score);
            let result = LastResult { value: level, interval, estimate: slice.estimate.clone() };
            Some(((key.to_owned(), value.to_owned()), result))
        });
        let name = format!("{} of {}, run {}", found.name(), found.target, row.record.id.short());
        Ok(Some(LastResults { name, levels: levels.collect() }))
    }

    /// Checks a version of a dataset, and what earlier runs say of its cases. `others` are findings from elsewhere.
    ///
    /// # Errors
    /// As [`findings`]; the workspace cannot be read.
    pub async fn check_dataset(
        &self,
        dataset: &Dataset,
        record: &VersionRecord,
        check: Check,
        others: Vec<Finding>,
    ) -> Result<Checked, Failure> {
        let (library, of, version) = (self.library(), dataset.clone(), record.clone());
        let mut all = aside(move || findings(&library, &of, &version, &check)).await?;
        all.extend(others);
        all.extend(self.of_runs(dataset).await?);
        all.sort_by_key(|finding| finding.severity);
        Ok(Checked { findings: all, sealed: dataset.sealed_part().is_some() })
    }

    /// What earlier runs of the dataset say: cases that nobody passes, that everybody passes, that strong runs fail.
    async fn of_runs(&self, dataset: &Dataset) -> Result<Vec<Finding>, Failure> {
        let ours = |record: &RunRecord| {
            record.datasets.iter().any(|used| {
                dataset.versions.iter().any(|version| version.version == used.version)
                    || name_and_version(&used.source).0 == dataset.name
            })
        };
        let mut by_scorer: HashMap<String, Vec<HashMap<String, f64>>> = HashMap::new();
        let mut runs = 0;
        for row in self.state.runs(None, None, MOST_RUNS).await? {
            if !ours(&row.record) || row.record.sealed().is_some() {
                continue;
            }
            runs += 1;
            let scores = self.scores(&row.record, &HashSet::new()).await?;
            for target in 0..row.record.targets.len() {
                for (s, scorer) in row.record.scorers.iter().enumerate() {
                    let in_unit = matches!(scorer.score, ScoreKind::Binary | ScoreKind::Bounded { lo: 0.0, hi: 1.0 });
                    if in_unit && scorer.direction == Direction::Higher {
                        by_scorer.entry(scorer.name.clone()).or_default().push(values(&scores, target, s));
                    }
                }
            }
        }
        let mut findings = Vec::new();
        for (scorer, arms) in by_scorer {
            let mut ids: Vec<String> = arms.iter().flat_map(|arm| arm.keys().cloned()).collect();
            ids.sort_unstable();
            ids.dedup();
            let rows: Vec<Vec<Option<f64>>> =
                arms.iter().map(|arm| ids.iter().map(|id| arm.get(id).copied()).collect()).collect();
            let Ok(items) = item_analysis(&rows) else { continue };
            let of = |flag: Flag| -> Vec<String> {
                let flagged = items.iter().zip(&ids).filter(|(item, _)| item.flag == Some(flag));
                // One run's failures are no finding about the case.
                flagged.filter(|(item, _)| item.runs > 2).map(|(_, id)| id.clone()).collect()
            };
            let sure: Vec<String> = items
                .iter()
                .zip(&ids)
                .filter(|(item, _)| {
                    item.flag == Some(Flag::NegativeDiscrimination) && item.p_negative.is_some_and(|p| p < 0.01)
                })
                .map(|(_, id)| id.clone())
                .collect();
            for (check, severity, cases, message) in [
                (
                    "negative discrimination",
                    Severity::Warning,
                    sure,
                    "strong runs fail what weak ones pass: check the label",
                ),
                ("never passed", Severity::Warning, of(Flag::NeverPassed), "no run passes: too hard, or broken"),
                (
                    "always passed",
                    Severity::Note,
                    of(Flag::AlwaysPassed),
                    "every run passes: it tells nothing any more",
                ),
            ] {
                if !cases.is_empty() {
                    findings.push(Finding {
                        field: Some(scorer.clone()),
                        count: cases.len() as u64,
                        cases: cases.into_iter().take(10).collect(),
                        ..Finding::new(severity, check, format!("{message} ({} answers of {runs} runs)", arms.len()))
                    });
                }
            }
            if arms.len() > 2
                && let Ok(filled) = saturation(&rows, 0.0, 0.95)
                && filled.headroom.is_some_and(|left| left < 0.05)
            {
                let left = 100.0 * filled.headroom.unwrap_or_default();
                let message =
                    format!("the best run is {left:.1} points below the ceiling: it can hardly tell better ones apart");
                findings.push(Finding { field: Some(scorer), ..Finding::new(Severity::Warning, "saturated", message) });
            }
        }
        findings.sort_by(|a, b| (&a.field, &a.check).cmp(&(&b.field, &b.check)));
        Ok(findings)
    }

    /// Puts a case of a run into the quarantine of a stored dataset, with where it comes from. `None` when the run has no such
    /// case.
    ///
    /// # Errors
    /// The run is over a sealed part, no such dataset, the dataset has the case, or may be seen by more people or servers than
    /// where the case comes from; a disk that cannot be written.
    pub async fn take_case(
        &self,
        run: &RunRecord,
        case: &str,
        dataset: &str,
        by: &str,
        note: Option<String>,
    ) -> Result<Option<Taken>, Failure> {
        if run.sealed().is_some() {
            return Err(usage("the run is over a sealed part: its cases stay where they are".into()));
        }
        let plan = PlanFile::open(&self.workspace, run.plan).await?;
        let Some(found) = plan.case_by_id(case).await? else { return Ok(None) };
        let source = run.datasets.get(found.dataset as usize).cloned();
        let (library, name, by, run) = (self.library(), dataset.to_owned(), by.to_owned(), run.id);
        let taken = aside(move || {
            let source = match source {
                Some(source) => stored(&library, &source.source, source.version)?,
                None => None,
            };
            let governance = source.as_ref().map(|(dataset, _)| &dataset.governance);
            let mut case = found.case;
            let mut origin = json!({"run": run, "case": case.id, "by": by});
            if let Some(note) = &note {
                origin["note"] = json!(note);
            }
            let parents =
                source.iter().map(|(dataset, version)| Parent { dataset: dataset.name.clone(), version: *version });
            let lineage = Lineage {
                how: How::Selected,
                parents: parents.collect(),
                sources: Vec::new(),
                tool: add::tool(),
                parameters: json!({"run": run, "case": case.id, "digest": case.digest()}),
                note,
            };
            case.metadata.insert(ORIGIN.to_owned(), origin);
            take(&library, &name, &by, case, governance, lineage)
        });
        Ok(Some(taken.await?))
    }
}

/// The metadata key that says which run a case was taken from.
pub const ORIGIN: &str = "taken_from";

/// The stored dataset that a run's dataset is a version of; `None` for a file.
fn stored(library: &Library, source: &str, version: Digest) -> Result<Option<(Dataset, Digest)>, DatasetError> {
    let name = name_and_version(source.split('/').next().unwrap_or_default()).0;
    // A file may have any name, which need not be one that a dataset could have.
    let Ok(Some(dataset)) = library.find(name) else { return Ok(None) };
    let known = dataset.versions.iter().any(|record| record.version == version);
    Ok(known.then_some((dataset, version)))
}

fn take(
    library: &Library,
    name: &str,
    by: &str,
    mut case: Case,
    governance: Option<&Governance>,
    lineage: Lineage,
) -> Result<Taken, DatasetError> {
    let refuse = |message: String| Err(DatasetError::new(None, message));
    if name.ends_with(QUARANTINE) {
        return refuse("name the dataset that the case is to wait for".into());
    }
    let held = library.hold()?;
    let dataset = library.dataset(name)?;
    dataset.check_retention(&today())?;
    if let Some(from) = governance.filter(|from| !may_go(from, &dataset.governance)) {
        let how = from.sensitivity.map_or("", Sensitivity::as_str);
        return refuse(format!(
            "the case is of a {how} dataset, and `{name}` may be seen by more people or servers: choose one that is governed alike"
        ));
    }
    if dataset.revoked.contains_key(&case.id) {
        return refuse(format!("the case `{}` was revoked in `{name}`", case.id));
    }
    let (quarantine, digest) = (name_of(name), case.digest());
    let waiting = library.find(&quarantine)?;
    let mut taken = false;
    for (of, waits) in std::iter::once((&dataset, false)).chain(waiting.as_ref().map(|waiting| (waiting, true))) {
        let Some(newest) = of.versions.last() else { continue };
        for known in library.cases(newest.version)? {
            let known = known?;
            if known.digest() == digest {
                return match waits {
                    true => Ok(Taken { quarantine, id: known.id, known: true }),
                    false => refuse(format!("`{name}` has the case `{}` already", known.id)),
                };
            }
            taken |= known.id == case.id;
        }
    }
    // Another case has its name.
    if taken {
        case.id = format!("{}-{}", case.id, digest.short());
    }
    let mut waits = Quarantine::open(library, &held, &dataset)?;
    waits.add(&case)?;
    waits.finish(library, &held, by, lineage)?;
    Ok(Taken { quarantine, id: case.id, known: false })
}

/// Whether what governs a case lets it go where something else governs: no more people, no more servers.
fn may_go(from: &Governance, to: &Governance) -> bool {
    from.sensitivity.is_none_or(|sensitivity| sensitivity < Sensitivity::Confidential)
        || (to.sensitivity >= from.sensitivity && to.hosts.iter().all(|host| from.hosts.contains(host)))
}

fn values(scores: &RunScores, target: usize, scorer: usize) -> HashMap<String, f64> {
    let arm = Arm { scores, target };
    (0..scores.cases.len())
        .filter_map(|case| {
            let (value, _) = arm.value(case, scorer, Reducer::Mean, Fill::Available)?;
            Some((scores.cases.id(case).to_owned(), value))
        })
        .collect()
}
