//! Arguments that are tables with a row for each case: numbers or flags, all rows equally long.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use super::{Floats, has_numpy, numbers, wrong};

/// A table of numbers.
pub struct Matrix<'py> {
    values: Floats<'py>,
    pub rows: usize,
    pub columns: usize,
}

impl Matrix<'_> {
    /// Its rows.
    pub fn by_row(&self) -> Vec<&[f64]> {
        match self.columns {
            0 => vec![&[]; self.rows],
            columns => self.values.chunks_exact(columns).collect(),
        }
    }

    /// Its rows, with none for NaN.
    pub fn optional(&self) -> Vec<Vec<Option<f64>>> {
        let known = |value: &f64| (!value.is_nan()).then_some(*value);
        self.by_row().into_iter().map(|row| row.iter().map(known).collect()).collect()
    }

    /// That there is none of some numbers in it.
    fn without(&self, name: &str, wanted: &str, refused: impl Fn(f64) -> bool) -> PyResult<()> {
        match self.values.iter().position(|x| refused(*x)) {
            None => Ok(()),
            Some(at) => {
                let (row, column, x) = (at / self.columns, at % self.columns, self.values[at]);
                Err(PyValueError::new_err(format!("{name}[{row}, {column}] is {x}: it must be {wanted}")))
            }
        }
    }
}

/// What holds the cells of a table.
pub enum Table<'py> {
    /// Numbers, NaN among them, in one block of memory.
    Numbers(Matrix<'py>),
    /// A sequence of rows.
    Rows(Bound<'py, PyAny>),
}

/// A table as it is given: a two-dimensional array, a data frame, an Arrow table or a sequence of rows.
///
/// # Errors
/// `TypeError` for what is no table, `ValueError` for another number of dimensions.
pub fn table<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Table<'py>> {
    let py = value.py();
    if has_numpy(py)? && value.hasattr("__array__")? {
        let array = py.import("numpy")?.call_method1("asarray", (value,))?;
        let shape: Vec<usize> = array.getattr("shape")?.extract()?;
        let &[rows, columns] = shape.as_slice() else {
            let n = shape.len();
            return Err(PyValueError::new_err(format!("{name} has {n} dimensions: it must have two")));
        };
        let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
        // Missing values of nullable columns, and words, arrive as objects.
        if !["b", "i", "u", "f"].contains(&kind.as_str()) {
            return Ok(Table::Rows(array.call_method0("tolist")?));
        }
        let values = numbers(name, &array.call_method1("reshape", (-1,))?)?;
        return Ok(Table::Numbers(Matrix { values, rows, columns }));
    }
    if value.hasattr("to_pydict")? {
        // An Arrow table is columns.
        let columns = value.call_method0("to_pydict")?.call_method0("values")?;
        let columns = PyTuple::new(py, columns.try_iter()?.collect::<PyResult<Vec<_>>>()?)?;
        let rows = py.import("builtins")?.getattr("zip")?.call1(columns)?;
        return Ok(Table::Rows(PyList::new(py, rows.try_iter()?.collect::<PyResult<Vec<_>>>()?)?.into_any()));
    }
    if value.is_instance_of::<PyString>() || value.hasattr("keys")? || value.try_iter().is_err() {
        return Err(wrong(name, "a table: an array with two dimensions, a data frame, or a sequence of rows", value));
    }
    Ok(Table::Rows(value.clone()))
}

/// Numbers of a table, NaN among them.
fn read<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Matrix<'py>> {
    let list = match table(name, value)? {
        Table::Numbers(matrix) => return Ok(matrix),
        Table::Rows(list) => list,
    };
    let (mut values, mut rows, mut columns) = (Vec::new(), 0, 0);
    for row in list.try_iter()? {
        let row = numbers(&format!("{name}[{rows}]"), &row?)?;
        if rows == 0 {
            columns = row.len();
        }
        if columns != row.len() {
            let n = row.len();
            return Err(PyValueError::new_err(format!("{name}[{rows}] has {n} numbers where {name}[0] has {columns}")));
        }
        values.extend_from_slice(&row);
        rows += 1;
    }
    Ok(Matrix { values: Floats::Owned(values), rows, columns })
}

/// A table of finite numbers, which may have no rows.
///
/// # Errors
/// `TypeError` for what holds no numbers, `ValueError` for another number of dimensions, rows of different lengths or without
/// columns, NaN and infinities.
pub fn matrix<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Matrix<'py>> {
    let read = read(name, value)?;
    if read.rows > 0 && read.columns == 0 {
        return Err(PyValueError::new_err(format!("{name} has no columns")));
    }
    read.without(name, "a finite number", |x| !x.is_finite())?;
    Ok(read)
}

/// The rows of a table of finite numbers, one at least.
///
/// # Errors
/// As [`matrix`].
pub fn rows(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<f64>>> {
    let read = some(name, matrix(name, value)?)?;
    Ok(read.by_row().into_iter().map(<[f64]>::to_vec).collect())
}

/// The rows of a table in which numbers may be missing (NaN, None), one at least.
///
/// # Errors
/// As [`matrix`], but for NaN.
pub fn optional_rows(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<Option<f64>>>> {
    let read = some(name, read(name, value)?)?;
    read.without(name, "a finite number, or missing", f64::is_infinite)?;
    Ok(read.optional())
}

/// That there are rows.
fn some<'py>(name: &str, read: Matrix<'py>) -> PyResult<Matrix<'py>> {
    if read.rows == 0 {
        return Err(PyValueError::new_err(format!("{name} has no rows")));
    }
    Ok(read)
}

/// Reads a table of booleans, or of numbers that are 0 or 1, as its rows.
///
/// # Errors
/// As [`matrix`], and `ValueError` for other numbers.
pub fn flag_matrix(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<bool>>> {
    let table = matrix(name, value)?;
    table.without(name, "0 or 1, or a boolean", |x| x != 0.0 && x != 1.0)?;
    Ok(table.by_row().into_iter().map(|row| row.iter().map(|x| *x == 1.0).collect()).collect())
}
