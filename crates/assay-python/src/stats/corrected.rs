//! A judge's scores corrected by labels: the decision tables.

use assay_stats::corrected::{self, Correction, Judged};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::difference::{self, Difference};
use super::estimate::{self, Level, kind, kind_name, within};
use crate::arrays::{clusters, count, counts, floats, level, optional, same_length};
use crate::results::{Record, number, record, refused};

fn cases(
    judge: &Bound<'_, PyAny>,
    truth: &Bound<'_, PyAny>,
    chances: Option<&Bound<'_, PyAny>>,
    groups: Option<&Bound<'_, PyAny>>,
    repeats: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<Judged>> {
    let (judge, truth) = (floats("judge", judge)?, optional("truth", truth)?);
    same_length(("judge", judge.len()), ("truth", truth.len()))?;
    let chances = chances.map(|chances| optional("chances", chances)).transpose()?;
    if let Some(chances) = &chances {
        same_length(("judge", judge.len()), ("chances", chances.len()))?;
    }
    let repeats = repeats.map(|repeats| counts("repeats", repeats)).transpose()?;
    if let Some(repeats) = &repeats {
        same_length(("judge", judge.len()), ("repeats", repeats.len()))?;
    }
    let groups = clusters(groups, ("judge", judge.len()))?;
    (0..judge.len())
        .map(|at| {
            let repeats = repeats.as_ref().map_or(1, |repeats| repeats[at]);
            Ok(Judged {
                judge: judge[at],
                truth: truth[at],
                chance: chances.as_ref().and_then(|chances| chances[at]),
                cluster: groups.as_ref().map(|groups| groups[at]),
                repeats: u32::try_from(repeats).map_err(|_| refused("repeats is too large"))?,
            })
        })
        .collect()
}

/// What is behind a correction.
fn behind<'py, T>(py: Python<'py>, found: &Correction<T>) -> Record<'py> {
    record!(py;
        labels: found.labels,
        lambda_: number(found.lambda),
        multiplier: number(found.multiplier),
        labels_se: found.parts.0,
        judged_se: found.parts.1,
    )
}

/// Kind and bounds of a score.
type Score = (Option<String>, Option<(f64, f64)>);

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn corrected_level<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    truth: &Bound<'py, PyAny>,
    score: Score,
    chances: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    repeats: Option<&Bound<'py, PyAny>>,
    confidence: f64,
    seed: &Bound<'_, PyAny>,
) -> PyResult<((Level, Bound<'py, PyDict>), Bound<'py, PyDict>)> {
    let seed: u64 = count("seed", seed, 0)?;
    let confidence = level(confidence)?;
    let cases = cases(judge, truth, chances, groups, repeats)?;
    let values = || cases.iter().flat_map(|case| std::iter::once(case.judge).chain(case.truth));
    let kind = kind(score.0.as_deref(), score.1, None, values())?;
    within("judge and truth", kind, values())?;
    let found = py.detach(|| corrected::corrected_level(&cases, kind, confidence, seed)).map_err(refused)?;
    let behind = behind(py, &found)?;
    Ok((estimate::shown(py, found.found, kind_name(kind))?, behind))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn corrected_difference<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    truth: &Bound<'py, PyAny>,
    score: Score,
    chances: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    repeats: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> PyResult<((Difference, Bound<'py, PyDict>), Bound<'py, PyDict>)> {
    let confidence = level(confidence)?;
    let cases = cases(judge, truth, chances, groups, repeats)?;
    // Differences of passes and failures are -1, 0 and 1.
    let sizes = || cases.iter().flat_map(|case| std::iter::once(case.judge).chain(case.truth)).map(f64::abs);
    let kind = kind(score.0.as_deref(), score.1, None, sizes())?;
    if let Some((lo, hi)) = kind.range()
        && sizes().any(|size| size > hi - lo)
    {
        return Err(refused(format!("judge and truth must be differences of scores from {lo} to {hi}")));
    }
    let found = py.detach(|| corrected::corrected_difference(&cases, kind, confidence)).map_err(refused)?;
    let behind = behind(py, &found)?;
    Ok((difference::shown(py, found.found, kind_name(kind))?, behind))
}

#[pyfunction]
fn correction_labels_needed(
    labels: usize,
    labels_se: f64,
    judged_se: f64,
    gap: f64,
    confidence: f64,
) -> PyResult<Option<u64>> {
    let confidence = level(confidence)?;
    let parts = (labels_se, judged_se);
    let one = Correction { found: (), labels, lambda: None, multiplier: None, parts };
    Ok(one.labels_needed(gap, confidence))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(corrected_level, module)?)?;
    module.add_function(wrap_pyfunction!(corrected_difference, module)?)?;
    module.add_function(wrap_pyfunction!(correction_labels_needed, module)?)
}
