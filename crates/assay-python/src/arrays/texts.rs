//! Arguments that are texts: one, a column of them, a column of reference texts. They are read where Python has them.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString};

use super::wrong;
use crate::results::column;

/// A column as a list of Python's own values: Arrow, pandas, Polars and NumPy say what they hold.
///
/// # Errors
/// `TypeError` for what is no column, such as one text or a dictionary.
pub fn listed<'py>(name: &str, wanted: &str, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    if let Ok(list) = value.cast::<PyList>() {
        return Ok(list.clone());
    }
    if value.is_instance_of::<PyString>() {
        return Err(wrong(name, wanted, value));
    }
    for method in ["to_pylist", "tolist", "to_list"] {
        if value.hasattr(method)?
            && let Ok(list) = value.call_method0(method)?.cast_into::<PyList>()
        {
            return Ok(list);
        }
    }
    if value.hasattr("keys")? || value.hasattr("columns")? {
        return Err(wrong(name, wanted, value));
    }
    match value.try_iter() {
        Ok(values) => PyList::new(value.py(), values.collect::<PyResult<Vec<_>>>()?),
        Err(_) => Err(wrong(name, wanted, value)),
    }
}

/// A text.
///
/// # Errors
/// `TypeError` for what is none, `ValueError` for halves of surrogate pairs.
pub fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<PyBackedStr> {
    let text = value.cast::<PyString>().map_err(|_| wrong(name, "a text", value))?;
    PyBackedStr::try_from(text.clone())
        .map_err(|_| PyValueError::new_err(format!("{name} is no Unicode text: it holds half a surrogate pair")))
}

/// Texts of a column.
///
/// # Errors
/// `TypeError` for what holds others, missing ones among them.
pub fn texts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<PyBackedStr>> {
    if value.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(format!("{name} must be a sequence of texts, not one text")));
    }
    let list = listed(name, "a sequence of texts", value)?;
    let mut read = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        match value.cast::<PyString>().ok().and_then(|text| PyBackedStr::try_from(text.clone()).ok()) {
            Some(text) => read.push(text),
            None => read.push(text(&format!("{name}[{at}]"), &value)?),
        }
    }
    Ok(read)
}

/// One text or a column of them.
pub enum Texts {
    One(PyBackedStr),
    Many(Vec<PyBackedStr>),
}

impl Texts {
    fn read(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if value.is_instance_of::<PyString>() {
            Ok(Self::One(text(name, value)?))
        } else {
            Ok(Self::Many(texts(name, value)?))
        }
    }

    fn len(&self) -> Option<usize> {
        match self {
            Self::One(_) => None,
            Self::Many(all) => Some(all.len()),
        }
    }

    fn at(&self, at: usize) -> &str {
        match self {
            Self::One(text) => text,
            Self::Many(all) => &all[at],
        }
    }
}

/// Texts side by side: two texts, two columns, or a text with each of a column.
pub struct Pairs {
    a: Texts,
    b: Texts,
    length: Option<usize>,
}

/// Reads two sides.
///
/// # Errors
/// As [`texts`], and `ValueError` for columns of different lengths.
pub fn pairs(a: (&str, &Bound<'_, PyAny>), b: (&str, &Bound<'_, PyAny>)) -> PyResult<Pairs> {
    let (left, right) = (Texts::read(a.0, a.1)?, Texts::read(b.0, b.1)?);
    if let (Some(n), Some(m)) = (left.len(), right.len()) {
        super::same_length((a.0, n), (b.0, m))?;
    }
    let length = left.len().or(right.len());
    Ok(Pairs { a: left, b: right, length })
}

impl Pairs {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.length.unwrap_or(1)
    }

    /// What each pair makes.
    pub fn each<T>(&self, make: impl Fn(&str, &str) -> T) -> Vec<T> {
        (0..self.len()).map(|at| make(self.a.at(at), self.b.at(at))).collect()
    }

    /// A value of each pair, while other threads run: a number for two texts, else a column.
    pub fn scores(self, py: Python<'_>, score: impl Fn(&str, &str) -> f64 + Send + Sync) -> PyResult<Py<PyAny>> {
        let one = |at: usize| score(self.a.at(at), self.b.at(at));
        match self.length {
            None => Ok(py.detach(|| one(0)).into_pyobject(py)?.into_any().unbind()),
            Some(n) => column(py, py.detach(|| (0..n).map(one).collect())),
        }
    }

    /// As [`Self::scores`] of whole numbers.
    pub fn counts(self, py: Python<'_>, count: impl Fn(&str, &str) -> usize + Send + Sync) -> PyResult<Py<PyAny>> {
        let one = |at: usize| count(self.a.at(at), self.b.at(at)) as i64;
        match self.length {
            None => Ok(py.detach(|| one(0)).into_pyobject(py)?.into_any().unbind()),
            Some(n) => column(py, py.detach(|| (0..n).map(one).collect())),
        }
    }
}

/// Texts with the references of each.
pub struct Segments {
    texts: Texts,
    references: Vec<Vec<PyBackedStr>>,
}

/// Reads texts and their references: one text or several for each.
///
/// # Errors
/// As [`texts`], and `ValueError` for columns of different lengths and texts without a reference.
pub fn segments(text: (&str, &Bound<'_, PyAny>), references: (&str, &Bound<'_, PyAny>)) -> PyResult<Segments> {
    let texts = Texts::read(text.0, text.1)?;
    let name = references.0;
    let several = |name: &str, value: &Bound<'_, PyAny>| match Texts::read(name, value)? {
        Texts::One(text) => Ok(vec![text]),
        Texts::Many(all) if all.is_empty() => Err(PyValueError::new_err(format!("{name} holds no reference"))),
        Texts::Many(all) => Ok(all),
    };
    let read = match &texts {
        Texts::One(_) => vec![several(name, references.1)?],
        Texts::Many(all) => {
            let list = listed(name, "a sequence of references", references.1)?;
            super::same_length((text.0, all.len()), (name, list.len()))?;
            let mut read = Vec::with_capacity(list.len());
            for (at, value) in list.iter().enumerate() {
                match value.cast::<PyString>().ok().and_then(|text| PyBackedStr::try_from(text.clone()).ok()) {
                    Some(text) => read.push(vec![text]),
                    None => read.push(several(&format!("{name}[{at}]"), &value)?),
                }
            }
            read
        }
    };
    Ok(Segments { texts, references: read })
}

impl Segments {
    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.references.len()
    }

    /// How many references there are for each, if there are equally many.
    pub fn references(&self) -> Option<usize> {
        let first = self.references.first().map_or(1, Vec::len);
        self.references.iter().all(|references| references.len() == first).then_some(first)
    }

    /// What each makes.
    pub fn each<T>(&self, make: impl Fn(&str, &[&str]) -> T) -> Vec<T> {
        let mut made = Vec::with_capacity(self.len());
        let mut references: Vec<&str> = Vec::new();
        for (at, all) in self.references.iter().enumerate() {
            references.clear();
            references.extend(all.iter().map(|text| &**text));
            made.push(make(self.texts.at(at), &references));
        }
        made
    }

    /// A score of each while other threads run: a number for one text, else a column.
    pub fn scores(self, py: Python<'_>, score: impl Fn(&str, &[&str]) -> f64 + Send + Sync) -> PyResult<Py<PyAny>> {
        let scores = py.detach(|| self.each(score));
        match self.texts {
            Texts::One(_) => Ok(scores[0].into_pyobject(py)?.into_any().unbind()),
            Texts::Many(_) => column(py, scores),
        }
    }
}
