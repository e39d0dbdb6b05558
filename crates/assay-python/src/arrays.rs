//! Arguments: NumPy arrays, pandas and Polars columns, Arrow arrays and plain sequences, as slices.
//!
//! A contiguous array of 64-bit floats is read where it is. Other kinds of numbers, strides and columns with nulls are
//! copied once. What cannot be read is an exception that names the argument: `TypeError` for a wrong type, `ValueError` for
//! wrong contents.

pub mod json;
pub mod labels;
pub mod ratings;
pub mod tables;
pub mod texts;

use std::collections::HashMap;
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
pub fn has_numpy(py: Python<'_>) -> PyResult<bool> {
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
    if let Some(read) = whole_groups(value)? {
        return Ok(Some(read));
    }
    let plain = if value.hasattr("to_pylist")? { value.call_method0("to_pylist")? } else { value.clone() };
    let plain = if plain.hasattr("tolist")? { plain.call_method0("tolist")? } else { plain };
    let Ok(values) = plain.try_iter() else { return Err(wrong(name, "a sequence of groups", value)) };
    let known = pyo3::types::PyDict::new(value.py());
    let mut read = Vec::new();
    for item in values {
        let item = item?;
        if is_missing(&item)? {
            return Err(PyValueError::new_err(format!("{name}[{}] is missing", read.len())));
        }
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

/// Groups of an array of whole numbers, which need no objects.
fn whole_groups(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u32>>> {
    let py = value.py();
    if !has_numpy(py)? || !value.hasattr("dtype")? || !value.hasattr("__array__")? {
        return Ok(None);
    }
    let numpy = py.import("numpy")?;
    let array = numpy.call_method1("asarray", (value,))?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    if kind != "i" || array.getattr("ndim")?.extract::<usize>()? != 1 {
        return Ok(None);
    }
    let array = numpy.call_method1("ascontiguousarray", (array, "int64"))?;
    let array = array.cast_into::<PyArray1<i64>>().map_err(PyErr::from)?.readonly();
    Ok(Some(by_appearance(array.as_slice().unwrap_or_default())))
}

/// Numbers from 0 for whole numbers, in the order of their first appearance.
fn by_appearance(values: &[i64]) -> Vec<u32> {
    let (Some(least), Some(most)) = (values.iter().min(), values.iter().max()) else { return Vec::new() };
    let mut next = 0;
    let mut number = |code: &mut u32| {
        if *code == u32::MAX {
            *code = next;
            next += 1;
        }
        *code
    };
    // Numbers that are close together are places of a table; others need a map.
    match usize::try_from(most.wrapping_sub(*least)) {
        Ok(range) if range < 8 * values.len() => {
            let mut codes = vec![u32::MAX; range + 1];
            values.iter().map(|value| number(&mut codes[(value - least) as usize])).collect()
        }
        _ => {
            let mut codes = HashMap::new();
            values.iter().map(|value| number(codes.entry(*value).or_insert(u32::MAX))).collect()
        }
    }
}

/// Whether a value of a column stands for none: None, NaN, pandas' NA and NaT.
///
/// # Errors
/// What asking for its type raises.
pub fn is_missing(item: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(item.is_none()
        || item.extract::<f64>().is_ok_and(f64::is_nan)
        || ["NAType", "NaTType"].contains(&item.get_type().name()?.to_str()?))
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

/// A confidence.
///
/// # Errors
/// `ValueError` for one that is not between 0 and 1.
pub fn level(confidence: f64) -> PyResult<f64> {
    inside("confidence", confidence)
}

/// A number above 0 and below 1.
///
/// # Errors
/// `ValueError` that names the argument.
pub fn inside(name: &str, value: f64) -> PyResult<f64> {
    if value > 0.0 && value < 1.0 {
        return Ok(value);
    }
    Err(PyValueError::new_err(format!("{name} must be between 0 and 1, not {value}")))
}

/// A finite number of at least 0.
///
/// # Errors
/// `ValueError` that names the argument.
pub fn at_least_zero(name: &str, value: f64) -> PyResult<f64> {
    if value >= 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(PyValueError::new_err(format!("{name} must be a number of at least 0, not {value}")))
}

/// A finite number.
///
/// # Errors
/// `ValueError` that names the argument.
pub fn finite(name: &str, value: f64) -> PyResult<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(PyValueError::new_err(format!("{name} must be a finite number, not {value}")))
}

/// A whole number of at least `least`.
///
/// # Errors
/// `TypeError` for what is not whole, `ValueError` for one that is smaller or too large.
pub fn count<T: TryFrom<u64>>(name: &str, value: &Bound<'_, PyAny>, least: u64) -> PyResult<T> {
    let whole = value.hasattr("__index__")?;
    if !whole {
        return Err(wrong(name, "a whole number", value));
    }
    let refused = || PyValueError::new_err(format!("{name} must be {least} or more, and not too large, not {value}"));
    let read: u64 = value.extract().map_err(|_| refused())?;
    T::try_from(read).ok().filter(|_| read >= least).ok_or_else(refused)
}

/// Yes or no: booleans, or numbers 0 and 1.
///
/// # Errors
/// As [`numbers`], and for another number.
pub fn flags(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<bool>> {
    if has_numpy(value.py())?
        && let Ok(array) = value.cast::<PyArray1<bool>>()
    {
        return Ok(array.readonly().as_array().to_vec());
    }
    let read = numbers(name, value)?;
    let flag = |(at, x): (usize, &f64)| match *x {
        0.0 => Ok(false),
        1.0 => Ok(true),
        x => Err(PyValueError::new_err(format!("{name}[{at}] is {x}: it must be 0 or 1, or a boolean"))),
    };
    read.iter().enumerate().map(flag).collect()
}

/// Whole numbers from 0.
///
/// # Errors
/// As [`floats`], and for a number that is negative or not whole.
pub fn counts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    let read = floats(name, value)?;
    let count = |(at, x): (usize, &f64)| match *x {
        x if x >= 0.0 && x.fract() == 0.0 && x <= 9_007_199_254_740_992.0 => Ok(x as u64),
        x => Err(PyValueError::new_err(format!("{name}[{at}] is {x}: it must be a whole number from 0"))),
    };
    read.iter().enumerate().map(count).collect()
}

/// Numbers, where `None` is a missing one.
///
/// # Errors
/// As [`numbers`], and for infinities.
pub fn optional(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Option<f64>>> {
    let read = numbers(name, value)?;
    match read.iter().position(|x| x.is_infinite()) {
        Some(at) => Err(PyValueError::new_err(format!("{name}[{at}] is {}: it must be a finite number", read[at]))),
        None => Ok(read.iter().map(|x| Some(*x).filter(|x| !x.is_nan())).collect()),
    }
}

/// The items of a column as Python has them: of any sequence, pandas or Polars column, or Arrow array.
///
/// # Errors
/// `TypeError` for what is no column.
pub fn objects<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if value.is_instance_of::<PyString>() || value.hasattr("keys")? && !value.hasattr("dtype")? {
        return Err(wrong(name, "a sequence", value));
    }
    let plain = if value.hasattr("to_pylist")? { value.call_method0("to_pylist")? } else { value.clone() };
    let plain = match plain.hasattr("tolist")? {
        true => plain.call_method0("tolist")?,
        false if plain.hasattr("to_list")? => plain.call_method0("to_list")?,
        false => plain,
    };
    match plain.try_iter() {
        Ok(values) => values.collect(),
        Err(_) => Err(wrong(name, "a sequence", value)),
    }
}

/// A column of names: for each item the place of its name among the distinct ones, by first appearance.
///
/// # Errors
/// `TypeError` for what cannot be hashed, `ValueError` for a missing one.
pub fn named<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<(Vec<usize>, Vec<Bound<'py, PyAny>>)> {
    let mut names = Names::new(value.py());
    let places = names.add(name, value)?;
    Ok((places, names.known))
}

/// Distinct names of one or more columns, by first appearance.
pub struct Names<'py> {
    places: Bound<'py, pyo3::types::PyDict>,
    /// The names.
    pub known: Vec<Bound<'py, PyAny>>,
}

impl<'py> Names<'py> {
    /// None.
    pub fn new(py: Python<'py>) -> Self {
        Self { places: pyo3::types::PyDict::new(py), known: Vec::new() }
    }

    /// The places of a column's names, new ones among them.
    ///
    /// # Errors
    /// As [`named`].
    pub fn add(&mut self, name: &str, value: &Bound<'py, PyAny>) -> PyResult<Vec<usize>> {
        let items = objects(name, value)?;
        items.iter().enumerate().map(|(at, item)| self.place(&format!("{name}[{at}]"), item)).collect()
    }

    /// The place of a name.
    ///
    /// # Errors
    /// As [`named`].
    pub fn place(&mut self, name: &str, item: &Bound<'py, PyAny>) -> PyResult<usize> {
        if let Some(at) = self.places.get_item(item).map_err(|_| wrong(name, "hashable", item))? {
            return at.extract();
        }
        if is_missing(item)? {
            return Err(PyValueError::new_err(format!("{name} is missing")));
        }
        self.places.set_item(item, self.known.len())?;
        self.known.push(item.clone());
        Ok(self.known.len() - 1)
    }

    /// Puts the names in ascending order where they have one, and gives the new place of each old one.
    pub fn sort(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.known.len()).collect();
        let mut comparable = true;
        order.sort_by(|a, b| {
            self.known[*a].compare(&self.known[*b]).unwrap_or_else(|_| {
                comparable = false;
                a.cmp(b)
            })
        });
        if !comparable {
            return (0..self.known.len()).collect();
        }
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| places[*old] = new);
        self.known = order.into_iter().map(|old| self.known[old].clone()).collect();
        places
    }
}

/// Clusters of as many items as there are, or none.
///
/// # Errors
/// As [`groups`] and [`same_length`].
pub fn clusters(value: Option<&Bound<'_, PyAny>>, items: (&str, usize)) -> PyResult<Option<Vec<u32>>> {
    let read = groups("clusters", value)?;
    if let Some(read) = &read {
        same_length(items, ("clusters", read.len()))?;
    }
    Ok(read)
}

/// One of several words.
///
/// # Errors
/// `ValueError` that lists them.
pub fn choice<T: Copy>(name: &str, value: &str, of: &[(&str, T)]) -> PyResult<T> {
    of.iter().find(|(word, _)| *word == value).map(|(_, what)| *what).ok_or_else(|| {
        let words: Vec<&str> = of.iter().map(|(word, _)| *word).collect();
        PyValueError::new_err(format!("{name} must be one of {}, not {value:?}", words.join(", ")))
    })
}

/// Two whole numbers, such as how many of how many.
///
/// # Errors
/// As [`count`]; `TypeError` for what is no pair.
pub fn counted(name: &str, value: &Bound<'_, PyAny>) -> PyResult<(u64, u64)> {
    let pair: Vec<Bound<'_, PyAny>> = match value.try_iter() {
        Ok(items) => items.collect::<PyResult<_>>()?,
        Err(_) => Vec::new(),
    };
    match &pair[..] {
        [first, second] => Ok((count(name, first, 0)?, count(name, second, 0)?)),
        _ => Err(wrong(name, "a pair of whole numbers", value)),
    }
}
