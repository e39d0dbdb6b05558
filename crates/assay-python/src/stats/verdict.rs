//! Verdicts on levels and differences.

use assay_stats::{Guards, Interval, verdict};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::difference::Difference;
use super::estimate::Level;
use crate::arrays::{at_least_zero, count, level};
use crate::results::{fields, refused};

#[pyfunction]
fn no_regression<'py>(
    py: Python<'py>,
    difference: &Bound<'py, Difference>,
    margin: f64,
    matched_share: f64,
    differential_missing: bool,
    worst_case_lower: Option<f64>,
    confidence: f64,
) -> PyResult<Bound<'py, PyDict>> {
    if !(0.0..=1.0).contains(&matched_share) {
        return Err(refused(format!("matched_share must be from 0 to 1, not {matched_share}")));
    }
    let guards = Guards { matched_share, differential_missing, worst_case_lower };
    let margin = at_least_zero("margin", margin)?;
    let found = &difference.get().0;
    fields(py, &verdict::no_regression(found, margin, &guards, level(confidence)?))
}

#[pyfunction]
fn level_verdict<'py>(
    py: Python<'py>,
    found: &Bound<'py, Level>,
    min: Option<f64>,
    max: Option<f64>,
    worst: Option<(f64, f64)>,
    confidence: f64,
) -> PyResult<Bound<'py, PyDict>> {
    if let Some(limit) = [min, max].into_iter().flatten().find(|limit| limit.is_nan()) {
        return Err(refused(format!("min and max must be numbers, not {limit}")));
    }
    match (min, max) {
        (None, None) => return Err(refused("a level needs min, max or both")),
        (Some(min), Some(max)) if min > max => {
            return Err(refused(format!("min must not be above max, as {min} is above {max}")));
        }
        _ => {}
    }
    let worst = worst.map(|(lower, upper)| Interval { lower, upper });
    fields(py, &verdict::level_verdict(&found.get().0, min, max, worst, level(confidence)?))
}

#[pyfunction]
fn critical_failures(repeats: &Bound<'_, PyAny>, flake: f64, critical_cases: &Bound<'_, PyAny>) -> PyResult<u32> {
    if !(0.0..1.0).contains(&flake) {
        return Err(refused(format!("flake must be from 0 to below 1, not {flake}")));
    }
    let repeats: u32 = count("repeats", repeats, 1)?;
    // Each number of failures is tried.
    if repeats > 1_000_000 {
        return Err(refused("repeats must be a million at most"));
    }
    Ok(verdict::critical_failures(repeats, flake, count("critical_cases", critical_cases, 1)?))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(no_regression, module)?)?;
    module.add_function(wrap_pyfunction!(level_verdict, module)?)?;
    module.add_function(wrap_pyfunction!(critical_failures, module)?)
}
