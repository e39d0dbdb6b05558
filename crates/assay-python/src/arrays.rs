//! Arguments: NumPy arrays, pandas and Polars columns, Arrow arrays and plain sequences, as slices.
//!
//! A contiguous array of 64-bit floats is read where it is. Other kinds of numbers, strides and columns with nulls are
//! copied once. What cannot be read is an exception that names the argument: `TypeError` for a wrong type, `ValueError` for
//! wrong contents.

pub mod json;
pub mod labels;
pub mod tables;
pub mod texts;

use std::ops::Deref;

use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

/// Numbers of an argument.
pub enum Floats<'py> {
    /// Read in place.
    Borrowed(PyReadonlyArray1<'py, f64>),
    /// A copy.
    Owned(Vec<f64>),
}

impl Deref for Floats<'_> {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        match self {
            // Only contiguous arrays are borrowed.
            Self::Borrowed(array) => array.as_slice().unwrap_or_default(),
            Self::Owned(values) => values,
        }
    }
}

/// Whether NumPy is there: an argument can only be its array if somebody has imported it.
fn has_numpy(py: Python<'_>) -> PyResult<bool> {
    py.import("sys")?.getattr("modules")?.contains("numpy")
}

/// Finite numbers.
///
/// # Errors
/// `TypeError` for what holds no numbers, `ValueError` for more than one dimension and for NaN and infinities.
pub fn floats<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Floats<'py>> {
    let read = numbers(name, value)?;
    match read.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(PyValueError::new_err(format!("{name}[{at}] is {}: it must be a finite number", read[at]))),
        None => Ok(read),
    }
}

/// Numbers, among them NaN, which is what stands for a missing one.
///
/// # Errors
/// As [`floats`], but for NaN and infinities.
pub fn numbers<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Floats<'py>> {
    let py = value.py();
    if let Ok(list) = value.cast::<PyList>() {
        return listed(name, list.len(), list.iter());
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return listed(name, tuple.len(), tuple.iter());
    }
    if has_numpy(py)? {
        if let Ok(array) = value.cast::<PyArray1<f64>>() {
            let borrowed = array.readonly();
            if borrowed.as_slice().is_ok() {
                return Ok(Floats::Borrowed(borrowed));
            }
            return Ok(Floats::Owned(borrowed.as_array().to_vec()));
        }
        if value.hasattr("__array__")? && !value.is_instance_of::<PyString>() {
            return converted(name, value);
        }
    }
    if value.hasattr("to_pylist")? {
        return numbers(name, &value.call_method0("to_pylist")?);
    }
    if value.is_instance_of::<PyString>() || value.hasattr("keys")? {
        return Err(wrong(name, "a sequence of numbers", value));
    }
    match value.try_iter() {
        Ok(values) => listed(name, 0, values.collect::<PyResult<Vec<_>>>()?.into_iter()),
        Err(_) => Err(wrong(name, "a sequence of numbers", value)),
    }
}

/// Through NumPy: other dtypes, pandas, Polars and Arrow.
fn converted<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Floats<'py>> {
    let py = value.py();
    let numpy = py.import("numpy")?;
    let array = numpy.call_method1("asarray", (value,))?;
    let dimensions: usize = array.getattr("ndim")?.extract()?;
    if dimensions != 1 {
        return Err(PyValueError::new_err(format!("{name} has {dimensions} dimensions: it must have one")));
    }
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    // Missing values of nullable columns arrive as objects.
    if !["b", "i", "u", "f", "O"].contains(&kind.as_str()) {
        let dtype = array.getattr("dtype")?;
        return Err(PyTypeError::new_err(format!("{name} must hold numbers, not {dtype}")));
    }
    if kind == "O" {
        return numbers(name, &array.call_method0("tolist")?);
    }
    let array = numpy.call_method1("ascontiguousarray", (array, "float64"))?;
    Ok(Floats::Borrowed(array.cast_into::<PyArray1<f64>>().map_err(PyErr::from)?.readonly()))
}

fn listed<'py>(name: &str, length: usize, values: impl Iterator<Item = Bound<'py, PyAny>>) -> PyResult<Floats<'py>> {
    let mut read = Vec::with_capacity(length);
    for (at, value) in values.enumerate() {
        if value.is_none() || value.get_type().name()? == "NAType" {
            read.push(f64::NAN);
            continue;
        }
        let number = value.extract::<f64>().ok().filter(|_| !value.is_instance_of::<PyString>());
        read.push(number.ok_or_else(|| wrong(&format!("{name}[{at}]"), "a number", &value))?);
    }
    Ok(Floats::Owned(read))
}

/// Which group each item is in, as numbers from 0 by first appearance: of any hashable values, or none.
///
/// # Errors
/// `TypeError` for what cannot be hashed.
pub fn groups(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<u32>>> {
    let Some(value) = value else { return Ok(None) };
    if value.is_instance_of::<PyString>() {
        return Err(wrong(name, "a sequence of groups", value));
    }
    let plain = if value.hasattr("to_pylist")? { value.call_method0("to_pylist")? } else { value.clone() };
    let plain = if plain.hasattr("tolist")? { plain.call_method0("tolist")? } else { plain };
    let Ok(values) = plain.try_iter() else { return Err(wrong(name, "a sequence of groups", value)) };
    let known = pyo3::types::PyDict::new(value.py());
    let mut read = Vec::new();
    for item in values {
        let item = item?;
        let at = match known.get_item(&item).map_err(|_| wrong(name, "a sequence of hashable groups", &item))? {
            Some(at) => at.extract::<u32>()?,
            None => {
                let at = u32::try_from(known.len()).map_err(|_| PyValueError::new_err("too many groups"))?;
                known.set_item(&item, at)?;
                at
            }
        };
        read.push(at);
    }
    Ok(Some(read))
}

/// That arguments are equally long.
///
/// # Errors
/// `ValueError` that names both.
pub fn same_length(first: (&str, usize), second: (&str, usize)) -> PyResult<()> {
    if first.1 == second.1 {
        return Ok(());
    }
    let ((a, n), (b, m)) = (first, second);
    Err(PyValueError::new_err(format!("{a} has {n} items and {b} has {m}: they must be equally long")))
}

/// `TypeError`: an argument is not what it must be.
pub fn wrong(name: &str, wanted: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let kind = value.get_type().name().map_or_else(|_| "that".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{name} must be {wanted}, not {kind}"))
}
