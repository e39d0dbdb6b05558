//! Results as what Python has: undefined numbers are NaN, intervals are pairs, structures are dictionaries whose keys are
//! the fields of the Python result.

use assay_stats::online::Effect;
use assay_stats::{Estimate, Interval};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A dictionary of named values.
macro_rules! fields {
    ($py:expr; $($name:ident: $value:expr),* $(,)?) => {{
        let fields = pyo3::types::PyDict::new($py);
        $(fields.set_item(stringify!($name), $value)?;)*
        pyo3::PyResult::Ok(fields)
    }};
}
pub(crate) use fields;

/// A dictionary.
pub type Fields<'py> = PyResult<Bound<'py, PyDict>>;

/// NaN for what is undefined.
pub fn nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// NaN for each that is undefined.
pub fn nans(values: impl IntoIterator<Item = Option<f64>>) -> Vec<f64> {
    values.into_iter().map(nan).collect()
}

/// The ends of an interval.
pub fn ends(interval: Interval) -> (f64, f64) {
    (interval.lower, interval.upper)
}

/// `ValueError` with the words of a refusal.
pub fn refused(why: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(why.to_string())
}

/// The name of a variant as it is written in files: `Cr2T` is `cr2_t`.
pub fn snake(variant: impl std::fmt::Debug) -> String {
    let mut name = String::new();
    for (at, letter) in format!("{variant:?}").chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// An estimate.
pub fn estimate<'py>(py: Python<'py>, found: &Estimate) -> Fields<'py> {
    fields!(py;
        estimate: nan(found.value),
        interval: found.interval.map(ends),
        standard_error: nan(found.se),
        df: nan(found.df),
        n: found.n,
        clusters: found.clusters,
        method: snake(found.method),
        reason: found.reason.map(|reason| reason.to_string()),
        design_effect: nan(found.design_effect),
        icc: nan(found.icc),
        warnings: found.warnings.clone(),
    )
}

/// An effect.
pub fn effect<'py>(py: Python<'py>, found: &Effect) -> Fields<'py> {
    fields!(py; estimate: found.value, interval: ends(found.interval), standard_error: found.se, df: found.df, p_value: found.p)
}

/// A difference; one-sided p-values against `margin` where it is given.
pub fn difference<'py>(py: Python<'py>, found: &assay_stats::Difference, margin: Option<f64>) -> Fields<'py> {
    let fields = estimate(py, &found.estimate)?;
    fields.set_item("gate_interval", found.gate_interval.map(ends))?;
    fields.set_item("gate_method", snake(found.gate_method))?;
    fields.set_item("better", found.better)?;
    fields.set_item("worse", found.worse)?;
    fields.set_item("same", found.same)?;
    fields.set_item("p", nan(found.p))?;
    fields.set_item("p_method", &found.p_method)?;
    fields.set_item("paired", found.paired)?;
    fields.set_item("p_worse", nan(margin.and_then(|margin| found.p_worse(margin))))?;
    fields.set_item("p_equivalent", nan(margin.and_then(|margin| found.p_equivalent(margin))))?;
    Ok(fields)
}
