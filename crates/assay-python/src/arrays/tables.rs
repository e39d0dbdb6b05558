//! Arguments that are flags, and tables of numbers or flags with a row for each case.

use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use super::texts::listed;
use super::{Floats, floats, has_numpy};

/// Yes or no of each: booleans, or numbers that are 0 or 1.
///
/// # Errors
/// As [`floats`], and `ValueError` for other numbers.
pub fn flags(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<bool>> {
    if has_numpy(value.py())?
        && let Ok(array) = value.cast::<PyArray1<bool>>()
    {
        return Ok(array.readonly().as_array().to_vec());
    }
    yes_or_no(name, &floats(name, value)?, |at| format!("[{at}]"))
}

fn yes_or_no(name: &str, numbers: &[f64], place: impl Fn(usize) -> String) -> PyResult<Vec<bool>> {
    match numbers.iter().position(|x| *x != 0.0 && *x != 1.0) {
        Some(at) => {
            let (place, x) = (place(at), numbers[at]);
            Err(PyValueError::new_err(format!("{name}{place} is {x}: it must be 0 or 1, or a boolean")))
        }
        None => Ok(numbers.iter().map(|x| *x == 1.0).collect()),
    }
}

/// A table of finite numbers.
pub struct Matrix<'py> {
    values: Floats<'py>,
    pub rows: usize,
    pub columns: usize,
}

impl Matrix<'_> {
    /// Its rows.
    pub fn by_row(&self) -> Vec<&[f64]> {
        self.values.chunks_exact(self.columns).collect()
    }
}

/// Reads a two-dimensional array, a data frame of numbers or a sequence of rows.
///
/// # Errors
/// `TypeError` for what holds no numbers, `ValueError` for other dimensions, rows of different lengths or without columns,
/// and for NaN and infinities.
pub fn matrix<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Matrix<'py>> {
    let py = value.py();
    if has_numpy(py)? && value.hasattr("__array__")? {
        let numpy = py.import("numpy")?;
        let array = numpy.call_method1("asarray", (value,))?;
        let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
        if ["b", "i", "u", "f"].contains(&kind.as_str()) {
            let shape: Vec<usize> = array.getattr("shape")?.extract()?;
            let &[rows, columns] = shape.as_slice() else {
                let n = shape.len();
                return Err(PyValueError::new_err(format!("{name} has {n} dimensions: it must have two")));
            };
            return shaped(name, rows, columns, &array.call_method1("reshape", (-1,))?);
        }
        if kind != "O" {
            let dtype = array.getattr("dtype")?;
            return Err(PyTypeError::new_err(format!("{name} must hold numbers, not {dtype}")));
        }
        return of_rows(name, &array.call_method0("tolist")?);
    }
    of_rows(name, value)
}

fn shaped<'py>(name: &str, rows: usize, columns: usize, flat: &Bound<'py, PyAny>) -> PyResult<Matrix<'py>> {
    if rows > 0 && columns == 0 {
        return Err(PyValueError::new_err(format!("{name} has no columns")));
    }
    Ok(Matrix { values: floats(name, flat)?, rows, columns: columns.max(1) })
}

fn of_rows<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Matrix<'py>> {
    let list = listed(name, "a table of numbers", value)?;
    let (mut values, mut columns) = (Vec::new(), None);
    for (at, row) in list.iter().enumerate() {
        let row = floats(&format!("{name}[{at}]"), &row)?;
        if *columns.get_or_insert(row.len()) != row.len() {
            let (n, m) = (columns.unwrap_or(0), row.len());
            return Err(PyValueError::new_err(format!("{name}[{at}] has {m} numbers where {name}[0] has {n}")));
        }
        values.extend_from_slice(&row);
    }
    let columns = columns.unwrap_or(1);
    if columns == 0 {
        return Err(PyValueError::new_err(format!("{name} has no columns")));
    }
    Ok(Matrix { values: Floats::Owned(values), rows: list.len(), columns })
}

/// Reads a table of booleans, or of numbers that are 0 or 1, as its rows.
///
/// # Errors
/// As [`matrix`], and `ValueError` for other numbers.
pub fn flag_matrix(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<bool>>> {
    let table = matrix(name, value)?;
    let columns = table.columns;
    let flags = yes_or_no(name, &table.values, |at| format!("[{}, {}]", at / columns, at % columns))?;
    Ok(flags.chunks_exact(columns).map(<[bool]>::to_vec).collect())
}
