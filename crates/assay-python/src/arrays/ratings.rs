//! Arguments that are ratings: a row per item, a column per rater, with numbers or words that may be missing.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::tables::{Table, table};
use super::{Names, is_missing, objects, wrong};

/// Ratings of items by raters.
pub struct Ratings<'py> {
    /// Numbers, or the places of words among the categories; `None` where a rater did not rate.
    pub rows: Vec<Vec<Option<f64>>>,
    /// The words, in their order; `None` for ratings that are numbers.
    pub words: Option<Vec<Bound<'py, PyAny>>>,
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
    match table(name, value)? {
        Table::Numbers(matrix) => finite(name, Ratings { rows: matrix.optional(), words: None }),
        Table::Rows(rows) => cells(name, &rows, categories),
    }
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
