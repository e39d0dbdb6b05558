//! What is wrong with the cases of a version: expectations, faults that nobody expects, near duplicates.
//!
//! A finding shows what a case says, so sealed cases are left out; near duplicates are looked for among them too, counted and
//! not named.

use assay_core::{Case, grouped};
use assay_metrics::near_duplicates::Unit;

use crate::DatasetError;
use crate::duplicates::{self, Found, Pair, Search};
use crate::library::{Dataset, Library, VersionRecord};
use crate::quality::{Checker, Expectations, Finding, Severity};

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Check {
    /// What the cases should look like.
    pub expectations: Expectations,
    /// The least similarity of near duplicates; `None` does not look for them.
    pub threshold: Option<f64>,
}

impl Check {
    /// The least similarity of near duplicates by default.
    pub const SIMILAR: f64 = 0.8;
}

impl Default for Check {
    fn default() -> Self {
        Self { expectations: Expectations::default(), threshold: Some(Self::SIMILAR) }
    }
}

/// Checks the cases of a version.
///
/// # Errors
/// Expectations that cannot be, a threshold out of range, a version that cannot be read, no room for temporary files.
pub fn findings(
    library: &Library,
    dataset: &Dataset,
    record: &VersionRecord,
    check: &Check,
) -> Result<Vec<Finding>, DatasetError> {
    let mut findings = of_cases(library, dataset, record, &check.expectations)?;
    if let Some(threshold) = check.threshold {
        let search = Search { threshold, unit: Unit::Characters, field: None };
        let found = duplicates::find(library, record.version, None, &search)?;
        let mut of = of_duplicates(&found, threshold);
        if dataset.sealed_part().is_some() {
            of.iter_mut().for_each(|finding| finding.cases.clear());
        }
        findings.extend(of);
    }
    Ok(findings)
}

fn of_cases(
    library: &Library,
    dataset: &Dataset,
    record: &VersionRecord,
    expectations: &Expectations,
) -> Result<Vec<Finding>, DatasetError> {
    let mut checker = Checker::new(expectations).map_err(|problem| DatasetError::new(None, problem.message))?;
    let open = |case: &Result<Case, DatasetError>| match (case, &dataset.split) {
        (Ok(case), Some(plan)) => !plan.is_sealed(case),
        _ => true,
    };
    for case in library.cases(record.version)?.filter(open) {
        checker.see(&case?)?;
    }
    // Ids of the few cases that a finding names are looked up again.
    let mut known: Vec<(u64, String)> = Vec::new();
    let mut id_of = |number: u64| -> Result<String, DatasetError> {
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if let Some((_, id)) = known.iter().find(|(at, _)| *at == number) {
            return Ok(id.clone());
        }
        let mut cases = library.cases(record.version)?.filter(open);
        let id = cases.nth(index).transpose()?.map_or_else(String::new, |case| case.id);
        known.push((number, id.clone()));
        Ok(id)
    };
    checker.findings(&mut id_of)
}

fn of_duplicates(found: &Found, threshold: f64) -> Vec<Finding> {
    let mut findings = Vec::new();
    let named = |which: &dyn Fn(&Pair) -> bool| {
        let pairs = found.pairs.iter().map(|(_, pair)| pair).filter(|pair| which(pair));
        pairs.take(5).map(|pair| format!("{} = {}", pair.case, pair.other)).collect::<Vec<_>>()
    };
    if found.conflicts > 0 {
        let message = "the same inputs with another expected output: one of the two is wrong";
        findings.push(Finding {
            count: found.conflicts,
            cases: named(&|pair| pair.conflict && pair.same_inputs),
            ..Finding::new(Severity::Error, "conflict", message)
        });
    }
    if found.near_conflicts > 0 {
        let message = "nearly the same inputs with another expected output";
        findings.push(Finding {
            count: found.near_conflicts,
            cases: named(&|pair| pair.conflict && !pair.same_inputs),
            ..Finding::new(Severity::Warning, "near conflict", message)
        });
    }
    if !found.surplus.is_empty() {
        let message = format!(
            "{} cases repeat others (similarity {threshold} or more), in {} groups: `assay dataset dedupe`",
            grouped(found.surplus.len() as u64),
            grouped(found.groups)
        );
        findings.push(Finding {
            count: found.surplus.len() as u64,
            cases: named(&|_| true),
            ..Finding::new(Severity::Warning, "near duplicates", message)
        });
    }
    findings
}
