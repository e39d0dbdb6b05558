//! What is true at the moment of a decision: whether what was measured is still what would be shipped.

use std::collections::BTreeMap;
use std::path::Path;

use assay_core::Digest;
use assay_engine::execute::now_us;
use assay_engine::{Options, Prepared};
use assay_release::{Measured, Observed, Policy, Release, Verdict};
use assay_report::plain;
use assay_store::RunRow;

use super::{Desk, Picked, baseline_now, newest, verdicts};
use crate::home::library_of;
use crate::{Failure, Home};

/// Looks at runs, suites, baselines and attached files as they are now, and reads the newest evaluation's verdicts again.
pub async fn observe(desk: &Desk<'_>, policy: &Policy, release: &Release) -> Result<Observed, Failure> {
    let home = &desk.home;
    let mut observed =
        Observed { at_us: now_us(), files: crate::waiting(|| files(home, release)), ..Observed::default() };
    let Some((_, _, found)) = release.evaluation() else { return Ok(observed) };
    let mut picked = Vec::new();
    for verdict in found {
        let (Some(run), Some(requirement)) = (verdict.run, policy.requirement(&verdict.requirement)) else { continue };
        // A run that is gone cannot be read again, and so gives no verdict.
        let Ok(row) = home.state.find_run(&run.to_string()).await else { continue };
        let opened = release.opened.candidate.get(&requirement.suite);
        let target = opened.and_then(|opened| opened.target.clone()).or_else(|| release.opened.target.clone());
        let moved = moved(home, policy, release, verdict, &row).await?;
        observed.moved.insert(verdict.requirement.clone(), moved);
        picked.push((requirement, Ok(Picked { row, target, attempt: Some(verdict.attempt) })));
    }
    for verdict in verdicts(home, &desk.releases, policy, release, picked).await? {
        observed.read_again.insert(verdict.requirement.clone(), verdict.as_stored()?);
    }
    Ok(observed)
}

/// What is no longer what a verdict's run measured.
async fn moved(
    home: &Home,
    policy: &Policy,
    release: &Release,
    verdict: &Verdict,
    row: &RunRow,
) -> Result<Vec<String>, Failure> {
    let Some(measured) = &verdict.measured else { return Ok(Vec::new()) };
    let mut moved = match suite_now(home, row).await {
        Some(Ok(now)) => measured.moved(&now),
        Some(Err(why)) => vec![format!("its suite cannot be read any more: {why}")],
        // What was imported has no suite: a newer import tells what is measured now.
        None if row.record.targets.iter().all(|target| target.kind == "imported") => {
            match policy.requirement(&verdict.requirement) {
                Some(requirement) => match newest(home, requirement).await? {
                    Some(newer) if newer.record.started_us > row.record.started_us => {
                        measured.moved(&Measured::of(&newer.record, None))
                    }
                    _ => Vec::new(),
                },
                None => Vec::new(),
            }
        }
        None => vec![format!(
            "its suite's file `{}` is not there: what it would measure now is not known",
            plain(&row.record.suite_path, 200)
        )],
    };
    let now = baseline_now(home, policy, release, row).await?;
    if now != verdict.baseline {
        let shown = |run: Option<assay_core::RunId>| run.map_or_else(|| "none".to_owned(), |run| run.short());
        moved.push(format!("its baseline was {}, now it is {}", shown(verdict.baseline), shown(now)));
    }
    Ok(moved)
}

/// What the suite of a run would measure now; `None` when its file is not at hand.
async fn suite_now(home: &Home, row: &RunRow) -> Option<Result<Measured, String>> {
    let record = &row.record;
    let path = home.workspace.find_recorded(&record.suite_path);
    if !path.is_file() || record.targets.iter().all(|target| target.kind == "imported") {
        return None;
    }
    let library = library_of(Some(home.workspace.root()), Path::new("."));
    let options =
        Options { tier: record.tier.clone(), seed: Some(record.seed), library: Some(library), ..Options::default() };
    let prepared = match crate::waiting(|| Prepared::load(&path, &options)) {
        Ok(prepared) => prepared,
        Err(error) => return Some(Err(error.to_string())),
    };
    // Who looks leaves no plan behind.
    let datasets = match prepared.measure(&home.workspace, &home.state).await {
        Ok(datasets) => datasets,
        Err(error) => return Some(Err(error.to_string())),
    };
    let targets = prepared.target_records();
    Some(Ok(Measured {
        datasets: datasets.into_iter().map(|of| (of.name, of.version)).collect(),
        targets: targets.into_iter().map(|of| (of.name, of.fingerprint)).collect(),
        scorers: prepared.scorers.iter().map(|of| (of.record.name.clone(), of.record.fingerprint)).collect(),
        recorded: false,
    }))
}

/// Digests of attached files as they are now.
fn files(home: &Home, release: &Release) -> BTreeMap<String, Option<Digest>> {
    let attached = release.attached();
    let files = attached.iter().filter(|(_, (_, digest))| digest.is_some());
    files
        .map(|(document, (path, _))| {
            (
                (*document).to_owned(),
                std::fs::read(home.workspace.find_recorded(path)).ok().map(|bytes| Digest::of_bytes(&bytes)),
            )
        })
        .collect()
}
