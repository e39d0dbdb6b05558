//! Metrics, a file for each file of `python/assay/metrics/`.

mod anomaly;
mod classification;
mod corpus;
mod distance;
mod entities;
mod fairness;
mod forecasting;
mod multilabel;
mod overlap;
mod probabilities;
mod records;
mod retrieval;
mod speech;
mod text;
mod translation;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    anomaly::add(module)?;
    classification::add(module)?;
    distance::add(module)?;
    entities::add(module)?;
    fairness::add(module)?;
    forecasting::add(module)?;
    multilabel::add(module)?;
    overlap::add(module)?;
    probabilities::add(module)?;
    records::add(module)?;
    retrieval::add(module)?;
    speech::add(module)?;
    text::add(module)?;
    translation::add(module)
}

/// `ValueError` with the words of an error.
fn invalid(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// `ValueError`: an option is none of those there are.
fn unknown(name: &str, given: &str, known: &str) -> PyErr {
    PyValueError::new_err(format!("{name} is {given:?}: it must be one of {known}"))
}

/// What is undefined is NaN.
fn nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}
