//! Datasets as the frozen list of cases a run works through.

use std::path::Path;

use assay_core::run::DatasetRecord;
use assay_core::{Digest, SliceExpr};
use assay_datasets::{DatasetDecl, Library};
use assay_store::{PlanBuilder, PlanFile, State, Workspace};
use serde_json::json;

use crate::EngineError;

/// Freezes datasets, or finds that the same sources were frozen before. Cases of several datasets get their dataset's
/// name in front of their id, so that ids are unique in the run.
///
/// # Errors
/// A row that cannot be read, two cases with one id, no cases at all.
pub async fn freeze(
    workspace: &Workspace,
    state: &State,
    base: &Path,
    datasets: &[(String, DatasetDecl)],
    library: Option<&Library>,
    filter: Option<&SliceExpr>,
) -> Result<(PlanFile, Vec<DatasetRecord>), EngineError> {
    let mut sources = Vec::new();
    for (name, declared) in datasets {
        sources.push(json!([name, assay_datasets::source_digest(declared, base, library)?]));
    }
    let source = Digest::of_json(&json!({"sources": sources, "where": filter.map(ToString::to_string)}));
    if let Some((plan, records)) = state.remembered_plan::<Vec<DatasetRecord>>(source).await?
        && PlanFile::exists(workspace, plan)
    {
        return Ok((PlanFile::open(workspace, plan).await?, records));
    }
    let mut builder = PlanBuilder::new(workspace).await?;
    for (index, (name, declared)) in datasets.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let prefix = if datasets.len() > 1 { format!("{name}/") } else { String::new() };
        for case in assay_datasets::open(declared, base, library)? {
            let (case, place) = case?;
            if filter.is_some_and(|filter| !assay_datasets::matches(filter, &case)) {
                continue;
            }
            builder.add(index, case, &prefix, place.to_string()).await?;
        }
    }
    let count = u32::try_from(datasets.len()).unwrap_or(u32::MAX);
    let (plan, versions) = builder.finish(count).await?;
    let mut records = Vec::with_capacity(datasets.len());
    for ((name, declared), (version, cases)) in datasets.iter().zip(versions) {
        // A stored dataset goes by the version it was taken from, however few of its cases are used.
        let stored = assay_datasets::stored(declared, library)?;
        let version = stored.as_ref().map_or(version, |stored| stored.record.version);
        let sealed = stored.and_then(|stored| stored.part).filter(|part| part.looks.is_some()).map(|part| part.name);
        records.push(DatasetRecord { name: name.clone(), source: declared.source(), version, cases, sealed });
    }
    if plan.cases == 0 {
        return Err(EngineError::NothingSelected("no case is selected: check `where`, `limit` and the tier".into()));
    }
    state.remember_plan(source, plan.digest, &records).await?;
    Ok((plan, records))
}
