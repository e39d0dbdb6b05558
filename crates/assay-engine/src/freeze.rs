//! Datasets as the frozen list of cases a run works through.

use std::path::Path;

use assay_core::run::DatasetRecord;
use assay_core::{Case, Digest, SliceExpr};
use assay_datasets::sample::{Plan, Sample as Drawn, Strata};
use assay_datasets::{DatasetDecl, Library};
use assay_store::{PlanBuilder, PlanFile, State, Workspace};
use assay_suite::Sample;
use serde_json::json;

use crate::EngineError;

/// Which cases of the datasets a run takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken<'a> {
    /// Those of a slice.
    pub filter: Option<&'a SliceExpr>,
    /// Of these a sample, drawn with a seed.
    pub sample: Option<(&'a Sample, u64)>,
}

impl Taken<'_> {
    fn may(&self, case: &Case) -> bool {
        self.filter.is_none_or(|filter| assay_datasets::matches(filter, case))
    }
}

/// Draws a sample of the cases that may be taken; rows count from 1.
fn draw(
    sample: &Sample,
    seed: u64,
    base: &Path,
    datasets: &[(String, DatasetDecl)],
    library: Option<&Library>,
    taken: Taken<'_>,
) -> Result<Drawn, EngineError> {
    let plan = Plan { count: sample.cases, by: sample.by.clone(), least: sample.at_least, seed };
    let mut strata = Strata::new(&plan)?;
    let mut row = 0;
    for (_, declared) in datasets {
        for case in assay_datasets::open(declared, base, library)? {
            let (case, _) = case?;
            if taken.may(&case) {
                row += 1;
                if !case.critical {
                    strata.meet(&case, row)?;
                }
            }
        }
    }
    Ok(strata.draw()?)
}

/// Freezes datasets, or finds that the same sources were frozen before. Cases of several datasets get their dataset's
/// name in front of their id, so that ids are unique in the run. A case of a sample stands for as many as its weight says.
///
/// # Errors
/// A row that cannot be read, two cases with one id, no cases at all.
pub async fn freeze(
    workspace: &Workspace,
    state: &State,
    base: &Path,
    datasets: &[(String, DatasetDecl)],
    library: Option<&Library>,
    taken: Taken<'_>,
) -> Result<(PlanFile, Vec<DatasetRecord>), EngineError> {
    let source = source(base, datasets, library, taken)?;
    if let Some((plan, records)) = state.remembered_plan::<Vec<DatasetRecord>>(source).await?
        && PlanFile::exists(workspace, plan)
    {
        return Ok((PlanFile::open(workspace, plan).await?, records));
    }
    let (plan, versions) = gather(workspace, base, datasets, library, taken).await?.finish(count(datasets)).await?;
    let records = records(datasets, library, versions)?;
    state.remember_plan(source, plan.digest, &records).await?;
    Ok((plan, records))
}

/// What datasets would freeze to now, for somebody who does not run it: no plan is left behind, but what it would be is
/// remembered, so that the same sources are not read again.
///
/// # Errors
/// As [`freeze`].
pub async fn measure(
    workspace: &Workspace,
    state: &State,
    base: &Path,
    datasets: &[(String, DatasetDecl)],
    library: Option<&Library>,
    taken: Taken<'_>,
) -> Result<Vec<DatasetRecord>, EngineError> {
    let source = source(base, datasets, library, taken)?;
    if let Some((_, records)) = state.remembered_plan::<Vec<DatasetRecord>>(source).await? {
        return Ok(records);
    }
    let (plan, versions) = gather(workspace, base, datasets, library, taken).await?.measure(count(datasets)).await?;
    let records = records(datasets, library, versions)?;
    state.remember_plan(source, plan, &records).await?;
    Ok(records)
}

/// The digest of what a plan is made from.
fn source(
    base: &Path,
    datasets: &[(String, DatasetDecl)],
    library: Option<&Library>,
    taken: Taken<'_>,
) -> Result<Digest, EngineError> {
    let mut sources = Vec::new();
    for (name, declared) in datasets {
        sources.push(json!([name, assay_datasets::source_digest(declared, base, library)?]));
    }
    Ok(Digest::of_json(&json!({
        "sources": sources, "where": taken.filter.map(ToString::to_string), "sample": taken.sample,
    })))
}

fn count(datasets: &[(String, DatasetDecl)]) -> u32 {
    u32::try_from(datasets.len()).unwrap_or(u32::MAX)
}

/// A plan with all cases that are taken.
async fn gather(
    workspace: &Workspace,
    base: &Path,
    datasets: &[(String, DatasetDecl)],
    library: Option<&Library>,
    taken: Taken<'_>,
) -> Result<PlanBuilder, EngineError> {
    let drawn = match taken.sample {
        Some((sample, seed)) => Some(draw(sample, seed, base, datasets, library, taken)?),
        None => None,
    };
    let mut drawn = drawn.as_ref().map(|drawn| drawn.rows().peekable());
    let mut row = 0;
    let mut builder = PlanBuilder::new(workspace).await?;
    for (index, (name, declared)) in datasets.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let prefix = if datasets.len() > 1 { format!("{name}/") } else { String::new() };
        for case in assay_datasets::open(declared, base, library)? {
            let (mut case, place) = case?;
            if !taken.may(&case) {
                continue;
            }
            row += 1;
            // Critical cases are all taken, and stand for themselves.
            if let Some(drawn) = drawn.as_mut().filter(|_| !case.critical) {
                let Some((_, chance)) = drawn.next_if(|(at, _)| *at == row) else { continue };
                case.weight /= chance;
            }
            builder.add(index, case, &prefix, place.to_string()).await?;
        }
    }
    Ok(builder)
}

/// What a run remembers of its datasets.
fn records(
    datasets: &[(String, DatasetDecl)],
    library: Option<&Library>,
    versions: Vec<(Digest, u64)>,
) -> Result<Vec<DatasetRecord>, EngineError> {
    if versions.iter().all(|(_, cases)| *cases == 0) {
        return Err(EngineError::NothingSelected("no case is selected: check `where`, `limit` and the tier".into()));
    }
    let mut records = Vec::with_capacity(datasets.len());
    for ((name, declared), (version, cases)) in datasets.iter().zip(versions) {
        // A stored dataset goes by the version it was taken from, however few of its cases are used.
        let stored = assay_datasets::stored(declared, library)?;
        let version = stored.as_ref().map_or(version, |stored| stored.record.version);
        let sealed = stored.and_then(|stored| stored.part).filter(|part| part.looks.is_some()).map(|part| part.name);
        records.push(DatasetRecord { name: name.clone(), source: declared.source(), version, cases, sealed });
    }
    Ok(records)
}
