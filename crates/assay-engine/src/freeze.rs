//! Datasets as the frozen list of cases a run works through.

use std::path::Path;

use assay_core::run::DatasetRecord;
use assay_core::{Digest, SliceExpr};
use assay_datasets::DatasetDecl;
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
    filter: Option<&SliceExpr>,
) -> Result<(PlanFile, Vec<DatasetRecord>), EngineError> {
    let mut sources = Vec::new();
    for (name, declared) in datasets {
        sources.push(json!([name, assay_datasets::source_digest(declared, base)?]));
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
        for case in assay_datasets::open(declared, base)? {
            let (mut case, place) = case?;
            if filter.is_some_and(|filter| !assay_datasets::matches(filter, &case)) {
                continue;
            }
            if datasets.len() > 1 {
                case.id = format!("{name}/{}", case.id);
            }
            builder.add(index, case, place.to_string()).await?;
        }
    }
    let count = u32::try_from(datasets.len()).unwrap_or(u32::MAX);
    let (plan, versions) = builder.finish(count).await?;
    let records: Vec<DatasetRecord> = datasets
        .iter()
        .zip(versions)
        .map(|((name, declared), (version, cases))| DatasetRecord {
            name: name.clone(),
            source: declared.path.clone(),
            version,
            cases,
        })
        .collect();
    if plan.cases == 0 {
        return Err(EngineError::NothingSelected("no case is selected: check `where`, `limit` and the tier".into()));
    }
    state.remember_plan(source, plan.digest, &records).await?;
    Ok((plan, records))
}
