//! Judges as instruments: corrected rates, calibrated scores.

use assay_stats::calibration::{self, Corrected, DoubleSample, Label};
use pyo3::prelude::*;

use crate::arrays::{clusters, count, counted, flags, floats, inside, level, same_length};
use crate::results::column_like;
use crate::results::{Record, both, number, record, refused};

/// A corrected estimate.
pub fn corrected<'py>(py: Python<'py>, found: &Corrected) -> Record<'py> {
    record!(py; estimate: found.value, interval: both(found.interval), standard_error: found.se)
}

/// Numbers from 0 to 1.
pub fn probabilities(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let read = floats(name, value)?;
    match read.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(at) => Err(refused(format!("{name}[{at}] is {}: it must be from 0 to 1", read[at]))),
        None => Ok(read.to_vec()),
    }
}

#[pyfunction]
fn double_sampling<'py>(
    py: Python<'py>,
    judged: &Bound<'py, PyAny>,
    of_pass: &Bound<'py, PyAny>,
    of_fail: &Bound<'py, PyAny>,
    confidence: f64,
    seed: &Bound<'py, PyAny>,
) -> Record<'py> {
    let seed: u64 = count("seed", seed, 0)?;
    let judged = counted("judged", judged)?;
    let of_pass = counted("true_of_pass", of_pass)?;
    let of_fail = counted("true_of_fail", of_fail)?;
    let confidence = level(confidence)?;
    let sample = DoubleSample {
        judged: judged.1,
        judged_pass: judged.0,
        labelled_pass: of_pass.1,
        true_of_pass: of_pass.0,
        labelled_fail: of_fail.1,
        true_of_fail: of_fail.0,
    };
    let found = py.detach(|| calibration::double_sampling(sample, confidence, seed)).map_err(|_| {
        refused("counts do not fit each other: labelled cases are part of the judged ones, and there must be some")
    })?;
    corrected(py, &found)
}

#[pyfunction]
fn rogan_gladen<'py>(
    py: Python<'py>,
    judged: &Bound<'py, PyAny>,
    sensitivity: &Bound<'py, PyAny>,
    specificity: &Bound<'py, PyAny>,
    confidence: f64,
) -> Record<'py> {
    let judged = counted("judged", judged)?;
    let sensitivity = counted("sensitivity", sensitivity)?;
    let specificity = counted("specificity", specificity)?;
    let confidence = level(confidence)?;
    for (name, (right, cases)) in [("judged", judged), ("sensitivity", sensitivity), ("specificity", specificity)] {
        if cases == 0 || right > cases {
            return Err(refused(format!("{name} is {right} of {cases}: it must be some of at least one case")));
        }
    }
    let found = calibration::rogan_gladen(judged, sensitivity, specificity, confidence)
        .ok_or_else(|| refused("sensitivity + specificity is at most 1.05: such a judge tells nothing"))?;
    corrected(py, &found)
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn ppi_mean<'py>(
    py: Python<'py>,
    truth: &Bound<'py, PyAny>,
    judge: &Bound<'py, PyAny>,
    unlabelled: &Bound<'py, PyAny>,
    groups: Option<&Bound<'py, PyAny>>,
    unlabelled_groups: Option<&Bound<'py, PyAny>>,
    guard: Option<f64>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (truth, judge) = (floats("y", truth)?, floats("yhat", judge)?);
    let unlabelled = floats("yhat_unlabelled", unlabelled)?;
    same_length(("y", truth.len()), ("yhat", judge.len()))?;
    let of_labels = clusters(groups, ("y", truth.len()))?;
    let of_others = crate::arrays::groups("unlabelled_clusters", unlabelled_groups)?;
    if let Some(of_others) = &of_others {
        same_length(("yhat_unlabelled", unlabelled.len()), ("unlabelled_clusters", of_others.len()))?;
    }
    let label = |at: usize| Label {
        truth: truth[at],
        judge: judge[at],
        cluster: of_labels.as_ref().map(|clusters| clusters[at]),
    };
    let labels: Vec<Label> = (0..truth.len()).map(label).collect();
    let others: Vec<(f64, Option<u32>)> =
        unlabelled.iter().enumerate().map(|(at, f)| (*f, of_others.as_ref().map(|clusters| clusters[at]))).collect();
    let found = py.detach(|| calibration::prediction_powered(&labels, &others, guard, confidence)).map_err(refused)?;
    record!(py;
        estimate: found.corrected.value,
        interval: both(found.corrected.interval),
        standard_error: found.corrected.se,
        lambda_: found.lambda,
        df: found.df,
        labels: labels.len(),
        labels_se: found.labels_se,
        judged_se: found.judged_se,
    )
}

#[pyfunction]
fn labels_needed(labels: &Bound<'_, PyAny>, labels_se: f64, judged_se: f64, wanted: f64) -> PyResult<Option<u64>> {
    let labels: usize = count("labels", labels, 0)?;
    Ok(calibration::labels_needed(labels, labels_se, judged_se, wanted))
}

#[pyfunction]
fn label_multiplier(correlation: f64, labels: &Bound<'_, PyAny>, judged: &Bound<'_, PyAny>) -> PyResult<f64> {
    let labels: u64 = count("labels", labels, 0)?;
    let judged: u64 = count("judged", judged, 0)?;
    Ok(number(calibration::label_multiplier(correlation, labels, judged)))
}

#[pyfunction]
fn position_bias<'py>(py: Python<'py>, first: &Bound<'py, PyAny>, second: &Bound<'py, PyAny>) -> Record<'py> {
    let (first, second) = (floats("first", first)?, floats("second", second)?);
    same_length(("first", first.len()), ("second", second.len()))?;
    let pairs: Vec<(f64, f64)> = first.iter().copied().zip(second.iter().copied()).collect();
    let found = py
        .detach(|| calibration::position_bias(&pairs))
        .ok_or_else(|| refused("first and second must hold verdicts, each 0, 0.5 or 1"))?;
    record!(py; consistent: found.consistent, first_place: number(found.first_place), pairs: found.pairs)
}

#[pyfunction]
fn isotonic_regression<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    weights: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let like = x;
    let (x, y) = (floats("x", x)?, floats("y", y)?);
    same_length(("x", x.len()), ("y", y.len()))?;
    let weights = weights.map(|weights| floats("sample_weight", weights)).transpose()?;
    if let Some(weights) = &weights {
        same_length(("x", x.len()), ("sample_weight", weights.len()))?;
    }
    let (x, y, weights) = (&*x, &*y, weights.as_deref());
    let fitted =
        py.detach(|| calibration::isotonic(x, y, weights)).ok_or_else(|| refused("sample_weight must be above 0"))?;
    column_like(like, fitted)
}

#[pyfunction]
fn platt_scaling(py: Python<'_>, scores: &Bound<'_, PyAny>, truths: &Bound<'_, PyAny>) -> PyResult<(f64, f64)> {
    let (scores, truths) = (floats("scores", scores)?, flags("y_true", truths)?);
    same_length(("scores", scores.len()), ("y_true", truths.len()))?;
    let scores = &*scores;
    py.detach(|| calibration::platt(scores, &truths)).ok_or_else(|| refused("y_true must hold both classes"))
}

#[pyfunction]
fn brier_decomposition<'py>(py: Python<'py>, truths: &Bound<'py, PyAny>, forecasts: &Bound<'py, PyAny>) -> Record<'py> {
    let (truths, forecasts) = (flags("y_true", truths)?, probabilities("y_prob", forecasts)?);
    same_length(("y_true", truths.len()), ("y_prob", forecasts.len()))?;
    let found = py.detach(|| calibration::brier(&forecasts, &truths)).ok_or_else(|| refused("y_true has no items"))?;
    record!(py;
        score: found.score,
        reliability: found.reliability,
        resolution: found.resolution,
        uncertainty: found.uncertainty,
    )
}

#[pyfunction]
fn conformal_quantile(py: Python<'_>, scores: &Bound<'_, PyAny>, alpha: f64) -> PyResult<f64> {
    let (scores, alpha) = (floats("scores", scores)?, inside("alpha", alpha)?);
    let scores = &*scores;
    Ok(py.detach(|| calibration::conformal_bound(scores, alpha)).unwrap_or(f64::INFINITY))
}

#[pyfunction]
fn risk_coverage<'py>(py: Python<'py>, confidences: &Bound<'py, PyAny>, errors: &Bound<'py, PyAny>) -> Record<'py> {
    let (confidences, errors) = (floats("confidences", confidences)?, flags("errors", errors)?);
    same_length(("confidences", confidences.len()), ("errors", errors.len()))?;
    let confidences = &*confidences;
    let (curve, area) = py
        .detach(|| calibration::risk_coverage(confidences, &errors))
        .ok_or_else(|| refused("confidences has no items"))?;
    let (coverage, risk): (Vec<f64>, Vec<f64>) = curve.into_iter().unzip();
    record!(py; area: area, coverage: coverage, risk: risk)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(double_sampling, module)?)?;
    module.add_function(wrap_pyfunction!(rogan_gladen, module)?)?;
    module.add_function(wrap_pyfunction!(ppi_mean, module)?)?;
    module.add_function(wrap_pyfunction!(labels_needed, module)?)?;
    module.add_function(wrap_pyfunction!(label_multiplier, module)?)?;
    module.add_function(wrap_pyfunction!(position_bias, module)?)?;
    module.add_function(wrap_pyfunction!(isotonic_regression, module)?)?;
    module.add_function(wrap_pyfunction!(platt_scaling, module)?)?;
    module.add_function(wrap_pyfunction!(brier_decomposition, module)?)?;
    module.add_function(wrap_pyfunction!(conformal_quantile, module)?)?;
    module.add_function(wrap_pyfunction!(risk_coverage, module)?)
}
