//! Arguments with two dimensions: matrices of numbers, and ratings that may be missing or be words.

use numpy::{PyArray2, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::arrays::{Names, is_missing, objects, wrong};

/// Ratings: a row per item, a column per rater.
pub struct Ratings<'py> {
    /// Numbers, or the places of words among the categories; `None` where a rater did not rate.
    pub rows: Vec<Vec<Option<f64>>>,
    /// The words, in their order; `None` for ratings that are numbers.
    pub words: Option<Vec<Bound<'py, PyAny>>>,
}

/// Rows of finite numbers, all equally long.
///
/// # Errors
/// `TypeError` for what holds no numbers, `ValueError` for another number of dimensions, rows of different lengths, NaN and
/// infinities.
pub fn matrix(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<f64>>> {
    let rows = optional_matrix(name, value)?;
    rows.into_iter()
        .enumerate()
        .map(|(at, row)| {
            let full: Option<Vec<f64>> = row.into_iter().collect();
            full.ok_or_else(|| PyValueError::new_err(format!("{name}[{at}] has a missing number")))
        })
        .collect()
}

/// [`matrix`] in which numbers may be missing.
///
/// # Errors
/// As [`matrix`], but for NaN.
pub fn optional_matrix(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<Option<f64>>>> {
    let read = ratings(name, value, None)?;
    match read.words {
        None => Ok(read.rows),
        Some(words) => Err(wrong(&format!("the cells of {name}"), "numbers", &words[0])),
    }
}

/// Ratings of an array, a data frame or a sequence of rows. Words become their places among `categories`, or among
/// themselves in ascending order.
///
/// # Errors
/// `TypeError` for what is no table, `ValueError` for another number of dimensions, rows of different lengths, infinities,
/// and a word that is not among the categories.
pub fn ratings<'py>(
    name: &str,
    value: &Bound<'py, PyAny>,
    categories: Option<&Bound<'py, PyAny>>,
) -> PyResult<Ratings<'py>> {
    let py = value.py();
    let numpy = py.import("sys")?.getattr("modules")?.contains("numpy")?;
    if numpy && (value.hasattr("__array__")? || value.hasattr("to_numpy")?) && !value.hasattr("to_pydict")? {
        let array = if value.hasattr("to_numpy")? { value.call_method0("to_numpy")? } else { value.clone() };
        let array = py.import("numpy")?.call_method1("asarray", (array,))?;
        let dimensions: usize = array.getattr("ndim")?.extract()?;
        if dimensions != 2 {
            return Err(PyValueError::new_err(format!("{name} has {dimensions} dimensions: it must have two")));
        }
        let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
        if ["b", "i", "u", "f"].contains(&kind.as_str()) {
            let array = py.import("numpy")?.call_method1("asarray", (array, "float64"))?;
            let array = array.cast_into::<PyArray2<f64>>().map_err(PyErr::from)?.readonly();
            let rows: Vec<Vec<Option<f64>>> =
                array.as_array().rows().into_iter().map(|row| row.iter().map(known).collect()).collect();
            return finite(name, Ratings { rows, words: None });
        }
        return cells(name, &array.call_method0("tolist")?, categories);
    }
    if value.hasattr("to_pydict")? {
        // An Arrow table is columns.
        let columns = value.call_method0("to_pydict")?.call_method0("values")?;
        let rows = py
            .import("builtins")?
            .getattr("zip")?
            .call1(pyo3::types::PyTuple::new(py, columns.try_iter()?.collect::<PyResult<Vec<_>>>()?)?)?;
        return cells(name, PyList::new(py, rows.try_iter()?.collect::<PyResult<Vec<_>>>()?)?.as_any(), categories);
    }
    cells(name, value, categories)
}

fn known(value: &f64) -> Option<f64> {
    Some(*value).filter(|value| !value.is_nan())
}

fn finite<'py>(name: &str, read: Ratings<'py>) -> PyResult<Ratings<'py>> {
    let Some(first) = read.rows.first() else { return Err(PyValueError::new_err(format!("{name} has no rows"))) };
    for (at, row) in read.rows.iter().enumerate() {
        if row.len() != first.len() {
            let (n, m) = (row.len(), first.len());
            return Err(PyValueError::new_err(format!("{name}[{at}] has {n} columns and {name}[0] has {m}")));
        }
        if row.iter().flatten().any(|value| value.is_infinite()) {
            return Err(PyValueError::new_err(format!("{name}[{at}] has an infinite number")));
        }
    }
    Ok(read)
}

fn cells<'py>(name: &str, value: &Bound<'py, PyAny>, categories: Option<&Bound<'py, PyAny>>) -> PyResult<Ratings<'py>> {
    let mut table = Vec::new();
    let mut numeric = true;
    for (at, row) in objects(name, value)?.iter().enumerate() {
        if row.is_instance_of::<PyString>() || row.try_iter().is_err() {
            return Err(wrong(name, "a table: an array with two dimensions, a data frame, or a sequence of rows", row));
        }
        let row = objects(&format!("{name}[{at}]"), row)?;
        let mut read = Vec::with_capacity(row.len());
        for cell in row {
            let missing = is_missing(&cell)?;
            numeric &= missing || !cell.is_instance_of::<PyString>() && cell.extract::<f64>().is_ok();
            read.push((!missing).then_some(cell));
        }
        table.push(read);
    }
    if numeric {
        let number = |cell: &Option<Bound<'py, PyAny>>| cell.as_ref().map(|cell| cell.extract::<f64>()).transpose();
        let rows = table.iter().map(|row| row.iter().map(number).collect()).collect::<PyResult<_>>()?;
        return finite(name, Ratings { rows, words: None });
    }
    let mut names = Names::new(value.py());
    if let Some(categories) = categories {
        names.add("categories", categories)?;
    }
    let listed = categories.map(|_| names.known.len());
    let mut rows = Vec::with_capacity(table.len());
    for (at, row) in table.iter().enumerate() {
        let mut read = Vec::with_capacity(row.len());
        for cell in row {
            let Some(cell) = cell else {
                read.push(None);
                continue;
            };
            let place = names.place(&format!("{name}[{at}]"), cell)?;
            if listed.is_some_and(|listed| place >= listed) {
                return Err(PyValueError::new_err(format!(
                    "{name}[{at}] has {cell}, which is not among the categories"
                )));
            }
            read.push(Some(place));
        }
        rows.push(read);
    }
    let places = if listed.is_some() { (0..names.known.len()).collect() } else { names.sort() };
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(|place| place.map(|place| places[place] as f64)).collect())
        .collect();
    finite(name, Ratings { rows, words: Some(names.known) })
}
