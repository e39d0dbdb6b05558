//! Arguments that are class labels of any hashable type that can be put in order.

use std::cmp::Ordering;
use std::collections::HashMap;

use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList};

use super::tables::flags;
use super::texts::listed;
use super::{has_numpy, wrong};

/// Labels of columns as numbers.
pub struct Labels {
    /// The labels in order; their places are their numbers.
    pub classes: Vec<Py<PyAny>>,
    /// Each column.
    pub columns: Vec<Vec<u32>>,
}

/// Reads columns of labels that mean the same by the same label, with `more` labels that need not occur.
///
/// # Errors
/// `TypeError` for labels that cannot be hashed or put in order, `ValueError` for missing ones.
pub fn labels(columns: &[(&str, &Bound<'_, PyAny>)]) -> PyResult<Labels> {
    let py = columns[0].1.py();
    if let Some(whole) = columns.iter().map(|(_, value)| whole_numbers(value)).collect::<PyResult<Option<Vec<_>>>>()? {
        return of_whole_numbers(py, &whole);
    }
    let known = PyDict::new(py);
    let mut read = Vec::with_capacity(columns.len());
    for (name, value) in columns {
        let list = listed(name, "a sequence of labels", value)?;
        let mut numbers = Vec::with_capacity(list.len());
        for (at, label) in list.iter().enumerate() {
            let wanted = "a label that can be hashed";
            let number = match known.get_item(&label).map_err(|_| wrong(&format!("{name}[{at}]"), wanted, &label))? {
                Some(number) => number.extract::<u32>()?,
                None => {
                    let is_missing = label.is_none() || label.get_type().name()? == "NAType" || label.ne(&label)?;
                    if is_missing {
                        return Err(PyValueError::new_err(format!("{name}[{at}] is missing: each case needs a label")));
                    }
                    let next = u32::try_from(known.len()).map_err(|_| PyValueError::new_err("too many labels"))?;
                    known.set_item(&label, next)?;
                    next
                }
            };
            numbers.push(number);
        }
        read.push(numbers);
    }
    let order = known.keys();
    order.sort().map_err(|_| {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let names = names.join(" and ");
        PyTypeError::new_err(format!("the labels of {names} cannot be put in order: they are of different types"))
    })?;
    let mut place = vec![0; known.len()];
    for (at, label) in order.iter().enumerate() {
        if let Some(number) = known.get_item(&label)? {
            place[number.extract::<usize>()?] = at as u32;
        }
    }
    read.iter_mut().flatten().for_each(|number| *number = place[*number as usize]);
    Ok(Labels { classes: order.iter().map(Bound::unbind).collect(), columns: read })
}

/// A column of whole numbers or booleans that NumPy can read.
struct Whole {
    numbers: Vec<i64>,
    boolean: bool,
}

fn whole_numbers(value: &Bound<'_, PyAny>) -> PyResult<Option<Whole>> {
    let py = value.py();
    if value.is_instance_of::<PyList>() || !has_numpy(py)? || !value.hasattr("__array__")? {
        return Ok(None);
    }
    let array = py.import("numpy")?.call_method1("asarray", (value,))?;
    let dtype = array.getattr("dtype")?;
    let (kind, size): (String, usize) = (dtype.getattr("kind")?.extract()?, dtype.getattr("itemsize")?.extract()?);
    let fits = ["b", "i"].contains(&kind.as_str()) || (kind == "u" && size < 8);
    if !fits || array.getattr("ndim")?.extract::<usize>()? != 1 {
        return Ok(None);
    }
    let array = array.call_method1("astype", ("int64",))?.cast_into::<PyArray1<i64>>().map_err(PyErr::from)?;
    Ok(Some(Whole { numbers: array.readonly().as_array().to_vec(), boolean: kind == "b" }))
}

fn of_whole_numbers(py: Python<'_>, columns: &[Whole]) -> PyResult<Labels> {
    let all = || columns.iter().flat_map(|column| &column.numbers).copied();
    let (classes, numbers) = py.detach(|| {
        let (least, most) = all().fold((i64::MAX, i64::MIN), |(least, most), x| (least.min(x), most.max(x)));
        // Labels are mostly small numbers: a table of them is quicker than hashing.
        let span = usize::try_from(most.wrapping_sub(least)).ok().filter(|span| *span < 1 << 16 && most >= least);
        match span {
            Some(span) => {
                let mut there = vec![false; span + 1];
                all().for_each(|x| there[(x - least) as usize] = true);
                let classes: Vec<i64> = (0..=span).filter(|at| there[*at]).map(|at| least + at as i64).collect();
                let mut place = vec![0; span + 1];
                classes.iter().enumerate().for_each(|(at, class)| place[(class - least) as usize] = at as u32);
                let number = |x: &i64| place[(x - least) as usize];
                (classes, columns.iter().map(|column| column.numbers.iter().map(number).collect()).collect::<Vec<_>>())
            }
            None => {
                let mut classes: Vec<i64> = all().collect();
                classes.sort_unstable();
                classes.dedup();
                let place: HashMap<i64, u32> = classes.iter().enumerate().map(|(at, x)| (*x, at as u32)).collect();
                let number = |x: &i64| place[x];
                (classes, columns.iter().map(|column| column.numbers.iter().map(number).collect()).collect())
            }
        }
    });
    let boolean = columns.iter().all(|column| column.boolean);
    let class = |x: i64| -> PyResult<Py<PyAny>> {
        if boolean {
            Ok(PyBool::new(py, x == 1).to_owned().into_any().unbind())
        } else {
            Ok(PyInt::new(py, x).into_any().unbind())
        }
    };
    Ok(Labels { classes: classes.into_iter().map(class).collect::<PyResult<_>>()?, columns: numbers })
}

/// Which cases are of the positive class: `positive`, or without it 1 of 0 and 1, else the last of two labels in order.
///
/// # Errors
/// As [`labels`], and `ValueError` for more than two labels or where nothing says which one is positive.
pub fn positives(name: &str, value: &Bound<'_, PyAny>, positive: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<bool>> {
    if positive.is_none()
        && let Ok(flags) = flags(name, value)
    {
        return Ok(flags);
    }
    let Labels { classes, columns } = labels(&[(name, value)])?;
    let py = value.py();
    let wanted = match positive {
        Some(positive) => {
            let same = |class: &Py<PyAny>| class.bind(py).compare(positive).is_ok_and(Ordering::is_eq);
            classes
                .iter()
                .position(same)
                .ok_or_else(|| PyValueError::new_err(format!("{name} does not hold the positive label {positive}")))?
        }
        None if classes.len() == 2 => 1,
        None if classes.is_empty() => 0,
        None => {
            let n = classes.len();
            let labels = if n == 1 { "a single label" } else { "more than two labels" };
            return Err(PyValueError::new_err(format!("{name} holds {labels}: say which is positive with pos_label")));
        }
    };
    Ok(columns.into_iter().flatten().map(|number| number as usize == wanted).collect())
}
