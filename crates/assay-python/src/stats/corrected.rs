//! A judge's scores corrected by labels: the decision tables.

use assay_stats::corrected::{self, Correction, Judged};
use assay_stats::Kind;
use pyo3::prelude::*;

use crate::arrays::{clusters, counts, floats, optional, same_length, within};
use crate::shown::{Fields, difference, estimate, nan, refused};

/// What a score is: `binary`, `unbounded`, or a range.
pub fn kind(value: &Bound<'_, PyAny>) -> PyResult<Kind> {
    if let Ok((lo, hi)) = value.extract::<(f64, f64)>() {
        if !(lo < hi && lo.is_finite() && hi.is_finite()) {
            return Err(refused(format!("kind is the range {lo} to {hi}: its ends must be finite and ascend")));
        }
        return Ok(Kind::Bounded { lo, hi });
    }
    match value.extract::<String>().as_deref() {
        Ok("binary") => Ok(Kind::Binary),
        Ok("unbounded") => Ok(Kind::Unbounded),
        _ => Err(refused("kind must be 'binary', 'unbounded' or a range (lowest, highest)")),
    }
}

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

fn add_correction<'py, T>(fields: Fields<'py>, found: &Correction<T>) -> Fields<'py> {
    let fields = fields?;
    fields.set_item("labels", found.labels)?;
    fields.set_item("lambda_", nan(found.lambda))?;
    fields.set_item("multiplier", nan(found.multiplier))?;
    fields.set_item("labels_se", found.parts.0)?;
    fields.set_item("judged_se", found.parts.1)?;
    Ok(fields)
}

#[pyfunction]
fn corrected_level<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    truth: &Bound<'py, PyAny>,
    of: &Bound<'py, PyAny>,
    chances: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    repeats: Option<&Bound<'py, PyAny>>,
    confidence: f64,
    seed: u64,
) -> Fields<'py> {
    let (confidence, kind) = (within("confidence", confidence)?, kind(of)?);
    let cases = cases(judge, truth, chances, groups, repeats)?;
    let found = py.detach(|| corrected::corrected_level(&cases, kind, confidence, seed)).map_err(refused)?;
    add_correction(estimate(py, &found.found), &found)
}

#[pyfunction]
fn corrected_difference<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    truth: &Bound<'py, PyAny>,
    of: &Bound<'py, PyAny>,
    chances: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    repeats: Option<&Bound<'py, PyAny>>,
    margin: Option<f64>,
    confidence: f64,
) -> Fields<'py> {
    let (confidence, kind) = (within("confidence", confidence)?, kind(of)?);
    let cases = cases(judge, truth, chances, groups, repeats)?;
    let found = py.detach(|| corrected::corrected_difference(&cases, kind, confidence)).map_err(refused)?;
    add_correction(difference(py, &found.found, margin), &found)
}

#[pyfunction]
fn correction_labels_needed(labels: usize, labels_se: f64, judged_se: f64, gap: f64, confidence: f64) -> PyResult<Option<u64>> {
    let confidence = within("confidence", confidence)?;
    let parts = (labels_se, judged_se);
    let one = Correction { found: (), labels, lambda: None, multiplier: None, parts };
    Ok(one.labels_needed(gap, confidence))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(corrected_level, module)?)?;
    module.add_function(wrap_pyfunction!(corrected_difference, module)?)?;
    module.add_function(wrap_pyfunction!(correction_labels_needed, module)?)
}
