//! Arguments that are what JSON can hold, and results that are.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

use super::texts::text;
use super::wrong;

/// How deep values may lie.
const DEPTH: usize = 128;

/// Reads dictionaries, lists, tuples, texts, numbers, booleans and None.
///
/// # Errors
/// `TypeError` for others, `ValueError` for NaN, infinities, whole numbers beyond 64 bits and values too deep.
pub fn json(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    read(name, value, 0)
}

fn read(name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth > DEPTH {
        return Err(PyValueError::new_err(format!("{name} lies deeper than {DEPTH} levels")));
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    if value.is_instance_of::<PyString>() {
        return Ok(Value::String(text(name, value)?.to_string()));
    }
    if let Ok(yes) = value.cast::<PyBool>() {
        return Ok(Value::Bool(yes.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        let small = value.extract::<i64>().map(Number::from);
        return small
            .or_else(|_| value.extract::<u64>().map(Number::from))
            .map(Value::Number)
            .map_err(|_| PyValueError::new_err(format!("{name} is a whole number beyond 64 bits")));
    }
    if value.is_instance_of::<PyFloat>() {
        let number = value.extract::<f64>()?;
        let invalid = || PyValueError::new_err(format!("{name} is {number}: JSON has no such number"));
        return Number::from_f64(number).map(Value::Number).ok_or_else(invalid);
    }
    if let Ok(fields) = value.cast::<PyDict>() {
        let mut read = Map::new();
        for (key, value) in fields.iter() {
            let key = key.cast::<PyString>().map_err(|_| wrong(&format!("a key of {name}"), "a text", &key))?;
            let key = text(&format!("a key of {name}"), key)?;
            let value = self::read(&format!("{name}[{:?}]", &*key), &value, depth + 1)?;
            read.insert(key.to_string(), value);
        }
        return Ok(Value::Object(read));
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.enumerate();
        let items = items.map(|(at, item)| self::read(&format!("{name}[{at}]"), &item?, depth + 1));
        return Ok(Value::Array(items.collect::<PyResult<_>>()?));
    }
    // NumPy's scalars.
    if value.hasattr("item")? && value.hasattr("dtype")? {
        return self::read(name, &value.call_method0("item")?, depth + 1);
    }
    Err(wrong(name, "what JSON can hold", value))
}

/// As Python's own values.
pub fn plain<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(yes) => PyBool::new(py, *yes).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => PyInt::new(py, whole).into_any(),
            (_, Some(whole)) => PyInt::new(py, whole).into_any(),
            _ => PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(items) => {
            PyList::new(py, items.iter().map(|item| plain(py, item)).collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        Value::Object(fields) => {
            let read = PyDict::new(py);
            for (key, value) in fields {
                read.set_item(key, plain(py, value)?)?;
            }
            read.into_any()
        }
    })
}
