//! Anomalies in series.

use assay_metrics::anomaly::{self, Costs};
use pyo3::prelude::*;

use super::classification::{Class, class};
use super::{invalid, nan};
use crate::arrays::tables::flags;
use crate::arrays::{floats, same_length};

fn sides(y_true: &Bound<'_, PyAny>, y_pred: &Bound<'_, PyAny>) -> PyResult<(Vec<bool>, Vec<bool>)> {
    let (truth, reported) = (flags("y_true", y_true)?, flags("y_pred", y_pred)?);
    same_length(("y_true", truth.len()), ("y_pred", reported.len()))?;
    Ok((truth, reported))
}

#[pyfunction]
fn anomaly_events(value: &Bound<'_, PyAny>) -> PyResult<Vec<(usize, usize)>> {
    let flags = flags("flags", value)?;
    Ok(anomaly::events(&flags).into_iter().map(|event| (event.start, event.end)).collect())
}

/// Precision, recall and F1 by events, or by affiliation.
#[pyfunction]
fn anomaly_ranges(
    py: Python<'_>,
    metric: &str,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
) -> PyResult<(f64, f64, f64)> {
    let (truth, reported) = sides(y_true, y_pred)?;
    let score = if metric == "events" { anomaly::event_scores } else { anomaly::affiliation };
    let found = py.detach(|| score(&truth, &reported)).map_err(invalid)?;
    Ok((nan(found.precision), nan(found.recall), nan(found.f1())))
}

/// Counts of points after adjustment of events of which more than `k` is reported.
#[pyfunction]
fn anomaly_points(py: Python<'_>, y_true: &Bound<'_, PyAny>, y_pred: &Bound<'_, PyAny>, k: f64) -> PyResult<Class> {
    let (truth, reported) = sides(y_true, y_pred)?;
    py.detach(|| anomaly::adjusted_scores(&truth, &reported, k)).map(|counts| class(&counts)).map_err(invalid)
}

#[pyfunction]
fn adjusted_f1_area(py: Python<'_>, y_true: &Bound<'_, PyAny>, y_pred: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (truth, reported) = sides(y_true, y_pred)?;
    py.detach(|| anomaly::adjusted_f1_area(&truth, &reported)).map(nan).map_err(invalid)
}

#[pyfunction]
fn detection_delays(y_true: &Bound<'_, PyAny>, y_pred: &Bound<'_, PyAny>) -> PyResult<Vec<Option<usize>>> {
    let (truth, reported) = sides(y_true, y_pred)?;
    anomaly::delays(&truth, &reported).map_err(invalid)
}

#[pyfunction]
fn nab_score(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    hit: f64,
    false_alarm: f64,
    miss: f64,
) -> PyResult<f64> {
    let (truth, reported) = sides(y_true, y_pred)?;
    py.detach(|| anomaly::nab_score(&truth, &reported, Costs { hit, false_alarm, miss })).map_err(invalid)
}

/// Volumes under the ROC and the precision–recall surface.
#[pyfunction]
fn vus(py: Python<'_>, y_true: &Bound<'_, PyAny>, y_score: &Bound<'_, PyAny>, window: usize) -> PyResult<(f64, f64)> {
    let (truth, scores) = (flags("y_true", y_true)?, floats("y_score", y_score)?);
    same_length(("y_true", truth.len()), ("y_score", scores.len()))?;
    let scores = &*scores;
    py.detach(|| anomaly::volumes(&truth, scores, window)).map(|volumes| (volumes.roc, volumes.pr)).map_err(invalid)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(anomaly_events, module)?)?;
    module.add_function(wrap_pyfunction!(anomaly_ranges, module)?)?;
    module.add_function(wrap_pyfunction!(anomaly_points, module)?)?;
    module.add_function(wrap_pyfunction!(adjusted_f1_area, module)?)?;
    module.add_function(wrap_pyfunction!(detection_delays, module)?)?;
    module.add_function(wrap_pyfunction!(nab_score, module)?)?;
    module.add_function(wrap_pyfunction!(vus, module)?)
}
