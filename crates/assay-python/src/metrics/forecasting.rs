//! Forecasts of numbers.

use assay_metrics::classification::Undefined;
use assay_metrics::forecasting::{self, Central, Ensemble, Pit};
use pyo3::prelude::*;

use super::{invalid, unknown};
use crate::arrays::tables::matrix;
use crate::arrays::{floats, same_length};
use crate::results::column;

#[pyfunction]
fn forecast_error(py: Python<'_>, metric: &str, y_true: &Bound<'_, PyAny>, y_pred: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (actual, forecast) = sides(y_true, y_pred)?;
    let (actual, forecast) = (&*actual, &*forecast);
    let score = match metric {
        "mae" => forecasting::mae,
        "rmse" => forecasting::rmse,
        "bias" => forecasting::bias,
        "mape" => forecasting::mape,
        "wmape" => forecasting::wmape,
        "smape" => forecasting::smape,
        "smape_half" => forecasting::smape_half,
        other => return Err(unknown("metric", other, "mae, rmse, bias, mape, wmape, smape, smape_half")),
    };
    py.detach(|| score(actual, forecast)).map_err(invalid)
}

type Sides<'py> = (crate::arrays::Floats<'py>, crate::arrays::Floats<'py>);

fn sides<'py>(y_true: &Bound<'py, PyAny>, y_pred: &Bound<'py, PyAny>) -> PyResult<Sides<'py>> {
    let (actual, forecast) = (floats("y_true", y_true)?, floats("y_pred", y_pred)?);
    same_length(("y_true", actual.len()), ("y_pred", forecast.len()))?;
    Ok((actual, forecast))
}

#[pyfunction]
fn scaled_error(
    py: Python<'_>,
    metric: &str,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    y_train: &Bound<'_, PyAny>,
    season: usize,
) -> PyResult<f64> {
    let ((actual, forecast), training) = (sides(y_true, y_pred)?, floats("y_train", y_train)?);
    let (actual, forecast, training) = (&*actual, &*forecast, &*training);
    let score = if metric == "mase" { forecasting::mase } else { forecasting::rmsse };
    py.detach(|| score(actual, forecast, training, season)).map_err(invalid)
}

#[pyfunction]
fn pinball(py: Python<'_>, y_true: &Bound<'_, PyAny>, y_pred: &Bound<'_, PyAny>, alpha: f64) -> PyResult<f64> {
    let (actual, forecast) = sides(y_true, y_pred)?;
    let (actual, forecast) = (&*actual, &*forecast);
    py.detach(|| forecasting::pinball(actual, forecast, alpha)).map_err(invalid)
}

#[pyfunction]
fn crps_ensemble(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    members: &Bound<'_, PyAny>,
    estimator: &str,
) -> PyResult<Py<PyAny>> {
    let kind = match estimator {
        "nrg" => Ensemble::Energy,
        "fair" => Ensemble::Fair,
        other => return Err(unknown("estimator", other, "nrg, fair")),
    };
    let (actual, members) = (floats("y_true", y_true)?, matrix("members", members)?);
    same_length(("y_true", actual.len()), ("members", members.rows))?;
    let (actual, rows) = (&*actual, members.by_row());
    let one = |(y, members): (&f64, &&[f64])| forecasting::crps_ensemble(*y, members, kind);
    let scores = py.detach(|| actual.iter().zip(&rows).map(one).collect::<Result<Vec<_>, Undefined>>());
    column(py, scores.map_err(invalid)?)
}

/// The continuous ranked probability score of normal forecasts.
#[pyfunction]
fn crps_normal(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    loc: &Bound<'_, PyAny>,
    scale: &Bound<'_, PyAny>,
) -> PyResult<Py<PyAny>> {
    let (actual, loc, scale) = (floats("y_true", y_true)?, floats("loc", loc)?, floats("scale", scale)?);
    same_length(("y_true", actual.len()), ("loc", loc.len()))?;
    same_length(("y_true", actual.len()), ("scale", scale.len()))?;
    let (actual, loc, scale) = (&*actual, &*loc, &*scale);
    let one = |at: usize| forecasting::crps_normal(actual[at], loc[at], scale[at]);
    let scores = py.detach(|| (0..actual.len()).map(one).collect::<Result<Vec<_>, Undefined>>());
    column(py, scores.map_err(invalid)?)
}

#[pyfunction]
fn interval_score(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    lower: &Bound<'_, PyAny>,
    upper: &Bound<'_, PyAny>,
    alpha: f64,
) -> PyResult<Py<PyAny>> {
    let (actual, lower, upper) = (floats("y_true", y_true)?, floats("lower", lower)?, floats("upper", upper)?);
    same_length(("y_true", actual.len()), ("lower", lower.len()))?;
    same_length(("y_true", actual.len()), ("upper", upper.len()))?;
    let (actual, lower, upper) = (&*actual, &*lower, &*upper);
    let one =
        |at: usize| forecasting::interval_score(actual[at], Central { alpha, lower: lower[at], upper: upper[at] });
    let scores = py.detach(|| (0..actual.len()).map(one).collect::<Result<Vec<_>, Undefined>>());
    column(py, scores.map_err(invalid)?)
}

#[pyfunction]
fn weighted_interval_score(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    median: &Bound<'_, PyAny>,
    lower: &Bound<'_, PyAny>,
    upper: &Bound<'_, PyAny>,
    alphas: &Bound<'_, PyAny>,
) -> PyResult<Py<PyAny>> {
    let (actual, median, alphas) = (floats("y_true", y_true)?, floats("median", median)?, floats("alphas", alphas)?);
    let (lower, upper) = (matrix("lower", lower)?, matrix("upper", upper)?);
    same_length(("y_true", actual.len()), ("median", median.len()))?;
    for (name, table) in [("lower", &lower), ("upper", &upper)] {
        same_length(("y_true", actual.len()), (name, table.rows))?;
        if table.rows > 0 && table.columns != alphas.len() {
            let (k, n) = (table.columns, alphas.len());
            return Err(invalid(format!("{name} has {k} columns and there are {n} alphas: one for each is needed")));
        }
    }
    let (actual, median, alphas, lower, upper) = (&*actual, &*median, &*alphas, lower.by_row(), upper.by_row());
    let one = |at: usize| {
        let central = |k: usize| Central { alpha: alphas[k], lower: lower[at][k], upper: upper[at][k] };
        let intervals: Vec<Central> = (0..alphas.len()).map(central).collect();
        forecasting::weighted_interval_score(actual[at], median[at], &intervals)
    };
    let scores = py.detach(|| (0..actual.len()).map(one).collect::<Result<Vec<_>, Undefined>>());
    column(py, scores.map_err(invalid)?)
}

/// Coverage and mean width.
#[pyfunction]
fn interval_coverage(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    lower: &Bound<'_, PyAny>,
    upper: &Bound<'_, PyAny>,
) -> PyResult<(f64, f64)> {
    let (actual, lower, upper) = (floats("y_true", y_true)?, floats("lower", lower)?, floats("upper", upper)?);
    same_length(("y_true", actual.len()), ("lower", lower.len()))?;
    same_length(("y_true", actual.len()), ("upper", upper.len()))?;
    let (actual, lower, upper) = (&*actual, &*lower, &*upper);
    let found = py.detach(|| forecasting::intervals(actual, lower, upper)).map_err(invalid)?;
    Ok((found.coverage, found.width))
}

/// Shares of equal bins of the probability integral transform under ensembles.
#[pyfunction]
fn pit_of_ensembles(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    members: &Bound<'_, PyAny>,
    bins: usize,
) -> PyResult<Vec<f64>> {
    let (actual, members) = (floats("y_true", y_true)?, matrix("members", members)?);
    same_length(("y_true", actual.len()), ("members", members.rows))?;
    let (actual, rows) = (&*actual, members.by_row());
    let one = |(y, members): (&f64, &&[f64])| forecasting::pit_ensemble(*y, members);
    let found = py.detach(|| {
        let transforms = actual.iter().zip(&rows).map(one).collect::<Result<Vec<Pit>, Undefined>>()?;
        forecasting::pit_histogram(&transforms, bins)
    });
    found.map_err(invalid)
}

/// The same under normal forecasts.
#[pyfunction]
fn pit_of_normals(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    loc: &Bound<'_, PyAny>,
    scale: &Bound<'_, PyAny>,
    bins: usize,
) -> PyResult<Vec<f64>> {
    let (actual, loc, scale) = (floats("y_true", y_true)?, floats("loc", loc)?, floats("scale", scale)?);
    same_length(("y_true", actual.len()), ("loc", loc.len()))?;
    same_length(("y_true", actual.len()), ("scale", scale.len()))?;
    let (actual, loc, scale) = (&*actual, &*loc, &*scale);
    let one = |at: usize| forecasting::pit_normal(actual[at], loc[at], scale[at]);
    let found = py.detach(|| {
        let transforms = (0..actual.len()).map(one).collect::<Result<Vec<Pit>, Undefined>>()?;
        forecasting::pit_histogram(&transforms, bins)
    });
    found.map_err(invalid)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(forecast_error, module)?)?;
    module.add_function(wrap_pyfunction!(scaled_error, module)?)?;
    module.add_function(wrap_pyfunction!(pinball, module)?)?;
    module.add_function(wrap_pyfunction!(crps_ensemble, module)?)?;
    module.add_function(wrap_pyfunction!(crps_normal, module)?)?;
    module.add_function(wrap_pyfunction!(interval_score, module)?)?;
    module.add_function(wrap_pyfunction!(weighted_interval_score, module)?)?;
    module.add_function(wrap_pyfunction!(interval_coverage, module)?)?;
    module.add_function(wrap_pyfunction!(pit_of_ensembles, module)?)?;
    module.add_function(wrap_pyfunction!(pit_of_normals, module)?)
}
