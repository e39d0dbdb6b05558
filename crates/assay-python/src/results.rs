//! What is given back: undefined numbers as NaN, intervals as pairs, records as dictionaries.

use assay_stats::Interval;
use assay_stats::jackknife::Jackknife;
use numpy::PyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde::Serialize;
use serde_json::Value;

use crate::arrays::has_numpy;

/// The ends of an interval; none where it is undefined.
pub type Ends = Option<(f64, f64)>;

pub fn ends(interval: Option<Interval>) -> Ends {
    interval.map(|interval| (interval.lower, interval.upper))
}

/// NaN where a number is undefined.
pub fn number(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// Estimate, standard error, degrees of freedom and interval.
pub type Jackknifed = (f64, f64, f64, Ends);

pub fn jackknifed(found: Option<Jackknife>) -> Option<Jackknifed> {
    found.map(|found| (found.estimate, found.se, found.df, ends(Some(found.interval))))
}

/// `ValueError` with the words of what refused an argument.
pub fn refused(why: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(why.to_string())
}

/// A record as a dictionary with the names that it has in JSON.
pub fn fields<'py>(py: Python<'py>, record: &impl Serialize) -> PyResult<Bound<'py, PyDict>> {
    let value = serde_json::to_value(record).map_err(refused)?;
    Ok(object(py, &value)?.cast_into::<PyDict>()?)
}

fn object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(is) => is.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => whole.into_pyobject(py)?.into_any(),
            None => number.as_f64().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(object(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, item) in entries {
                dict.set_item(key, object(py, item)?)?;
            }
            dict.into_any()
        }
    })
}

/// A dictionary of named values.
macro_rules! record {
    ($py:expr; $($name:ident: $value:expr),* $(,)?) => {{
        let record = pyo3::types::PyDict::new($py);
        $(record.set_item(stringify!($name), $value)?;)*
        pyo3::PyResult::Ok(record)
    }};
}
pub(crate) use record;

/// A dictionary.
pub type Record<'py> = PyResult<Bound<'py, PyDict>>;

/// NaN for each that is undefined.
pub fn all(values: impl IntoIterator<Item = Option<f64>>) -> Vec<f64> {
    values.into_iter().map(number).collect()
}

/// Numbers as NumPy's array, or a list where NumPy is not installed.
pub fn column<'py, T: numpy::Element + IntoPyObject<'py>>(py: Python<'py>, values: Vec<T>) -> PyResult<Py<PyAny>> {
    if py.import("numpy").is_ok() {
        Ok(PyArray1::from_vec(py, values).into_any().unbind())
    } else {
        Ok(PyList::new(py, values)?.into_any().unbind())
    }
}

/// Numbers in the manner of an argument: as NumPy's array for an array or a data frame's column, else as a list.
pub fn column_like<'py>(like: &Bound<'py, PyAny>, values: Vec<f64>) -> PyResult<Bound<'py, PyAny>> {
    let py = like.py();
    if has_numpy(py)? && like.hasattr("__array__")? {
        return Ok(PyArray1::from_vec(py, values).into_any());
    }
    Ok(PyList::new(py, values)?.into_any())
}

/// The ends of an interval that is there.
pub fn both(interval: Interval) -> (f64, f64) {
    (interval.lower, interval.upper)
}
