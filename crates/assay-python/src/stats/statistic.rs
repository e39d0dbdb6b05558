//! Statistics of resamples: by name, without Python, or a function of Python.

use std::cell::RefCell;

use assay_stats::correlation;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::arrays::{Floats, floats, groups, inside, same_length, wrong};
use crate::results::refused;

/// A statistic with a name.
#[derive(Clone, Copy)]
pub enum Named {
    Mean,
    Sum,
    Variance,
    Deviation,
    Median,
    Quantile(f64),
    Ratio,
    Pearson,
    Spearman,
    Kendall,
}

impl Named {
    fn read(name: &str) -> PyResult<Self> {
        let known = || {
            refused(format!(
                "statistic must be a function, 'mean', 'median', 'sum', 'var', 'std', a percentile such as 'p95', or of two \
                 columns 'ratio', 'pearson', 'spearman' or 'kendall', not '{name}'"
            ))
        };
        Ok(match name {
            "mean" => Self::Mean,
            "sum" => Self::Sum,
            "var" => Self::Variance,
            "std" => Self::Deviation,
            "median" => Self::Median,
            "ratio" => Self::Ratio,
            "pearson" => Self::Pearson,
            "spearman" => Self::Spearman,
            "kendall" => Self::Kendall,
            other => {
                let percent: f64 = other.strip_prefix('p').and_then(|q| q.parse().ok()).ok_or_else(known)?;
                Self::Quantile(inside("statistic", percent / 100.0).map_err(|_| known())?)
            }
        })
    }

    fn columns(self) -> usize {
        match self {
            Self::Ratio | Self::Pearson | Self::Spearman | Self::Kendall => 2,
            _ => 1,
        }
    }

    /// Of the cases at these places.
    fn of(self, columns: &[&[f64]], at: &[usize]) -> Option<f64> {
        let x = columns[0];
        let gathered = |column: &[f64]| at.iter().map(|at| column[*at]).collect::<Vec<f64>>();
        let n = at.len() as f64;
        match self {
            Self::Mean => (n > 0.0).then(|| total(x, at) / n),
            Self::Sum => Some(total(x, at)),
            Self::Variance | Self::Deviation => {
                let mean = total(x, at) / n;
                let squares: f64 = at.iter().map(|at| (x[*at] - mean).powi(2)).sum();
                let variance = (n > 1.0).then(|| squares / (n - 1.0))?;
                Some(if matches!(self, Self::Variance) { variance } else { variance.sqrt() })
            }
            Self::Median => median(&mut gathered(x)),
            Self::Quantile(q) => {
                let mut values = gathered(x);
                let rank = ((q * n).ceil() as usize).clamp(1, values.len().max(1));
                (!values.is_empty()).then(|| *values.select_nth_unstable_by(rank - 1, f64::total_cmp).1)
            }
            Self::Ratio => Some(total(x, at) / total(columns[1], at)).filter(|ratio| ratio.is_finite()),
            Self::Pearson => correlation::pearson(&gathered(x), &gathered(columns[1])),
            Self::Spearman => correlation::spearman(&gathered(x), &gathered(columns[1])),
            Self::Kendall => correlation::kendall(&gathered(x), &gathered(columns[1])),
        }
    }

    /// Without each single case in turn, where sums or sorted values make that one pass.
    fn without_each(self, columns: &[&[f64]]) -> Option<Vec<f64>> {
        let x = columns[0];
        let rest = x.len().checked_sub(1).filter(|rest| *rest > 0)?;
        let sum = |column: &[f64]| assay_stats::mean::sum(column.iter().copied());
        match self {
            Self::Mean => {
                let all = sum(x);
                Some(x.iter().map(|x| (all - x) / rest as f64).collect())
            }
            Self::Sum => {
                let all = sum(x);
                Some(x.iter().map(|x| all - x).collect())
            }
            Self::Ratio => {
                let (above, below) = (sum(x), sum(columns[1]));
                let left: Vec<f64> = x.iter().zip(columns[1]).map(|(x, y)| (above - x) / (below - y)).collect();
                left.iter().all(|ratio| ratio.is_finite()).then_some(left)
            }
            Self::Median | Self::Quantile(_) => {
                let mut sorted = x.to_vec();
                sorted.sort_by(f64::total_cmp);
                let without = |rank: usize, place: usize| sorted[rank + usize::from(rank >= place)];
                let of = |x: &f64| {
                    // Any of equal values may go.
                    let place = sorted.partition_point(|y| y.total_cmp(x).is_lt());
                    match self {
                        Self::Quantile(q) => without(((q * rest as f64).ceil() as usize).clamp(1, rest) - 1, place),
                        _ => 0.5 * (without((rest - 1) / 2, place) + without(rest / 2, place)),
                    }
                };
                Some(x.iter().map(of).collect())
            }
            _ => None,
        }
    }
}

fn total(column: &[f64], at: &[usize]) -> f64 {
    // In four lanes: an addition waits for the one before it.
    let (chunks, rest) = at.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for chunk in chunks {
        for (lane, at) in lanes.iter_mut().zip(chunk) {
            *lane += column[*at];
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|at| column[*at]).sum::<f64>()
}

fn median(values: &mut [f64]) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let (below, middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let middle = *middle;
    match n.is_multiple_of(2) {
        false => Some(middle),
        true => below.iter().copied().max_by(f64::total_cmp).map(|lower| 0.5 * (lower + middle)),
    }
}

/// A function of Python over resampled columns.
pub struct Called<'py> {
    function: Bound<'py, PyAny>,
    columns: Vec<Bound<'py, PyAny>>,
    /// Whether the columns are NumPy arrays, which pick themselves.
    arrays: bool,
    failed: RefCell<Option<PyErr>>,
}

impl<'py> Called<'py> {
    pub fn new(function: &Bound<'py, PyAny>, columns: &[Bound<'py, PyAny>]) -> PyResult<Self> {
        let py = function.py();
        let arrays = columns.iter().all(|column| column.hasattr("__array__").unwrap_or(false));
        let columns = match arrays {
            true => {
                let numpy = py.import("numpy")?;
                columns.iter().map(|column| numpy.call_method1("asarray", (column,))).collect::<PyResult<_>>()?
            }
            false => columns
                .iter()
                .enumerate()
                .map(|(at, column)| match column.try_iter() {
                    Ok(items) => Ok(PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)?.into_any()),
                    Err(_) => Err(wrong(&format!("data[{at}]"), "a column", column)),
                })
                .collect::<PyResult<_>>()?,
        };
        Ok(Self { function: function.clone(), columns, arrays, failed: RefCell::new(None) })
    }

    /// The columns one below the other, as one.
    pub fn joined(self) -> PyResult<Self> {
        let py = self.function.py();
        let all = match self.arrays {
            true => py.import("numpy")?.call_method1("concatenate", (PyList::new(py, &self.columns)?,))?,
            false => {
                let all = PyList::empty(py);
                for column in &self.columns {
                    all.call_method1("extend", (column,))?;
                }
                all.into_any()
            }
        };
        Ok(Self { columns: vec![all], ..self })
    }

    fn picked(&self, at: &[usize]) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let py = self.function.py();
        if self.arrays {
            let places = PyArray1::from_iter(py, at.iter().map(|at| *at as i64));
            return self.columns.iter().map(|column| column.call_method1("take", (&places, 0))).collect();
        }
        let of = |column: &Bound<'py, PyAny>| {
            let items = at.iter().map(|at| column.get_item(*at)).collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, items)?.into_any())
        };
        self.columns.iter().map(of).collect()
    }

    fn call(&self, at: &[usize]) -> PyResult<Option<f64>> {
        number_of(&self.function.call1(PyTuple::new(self.function.py(), self.picked(at)?)?)?)
    }

    /// A statistic that comes with its standard error.
    pub fn pair(&self, at: &[usize]) -> PyResult<Option<(f64, f64)>> {
        let found = self.function.call1(PyTuple::new(self.function.py(), self.picked(at)?)?)?;
        if found.is_none() {
            return Ok(None);
        }
        let (value, error): (f64, f64) =
            found.extract().map_err(|_| wrong("what statistic returns", "a number and its standard error", &found))?;
        Ok((value.is_finite() && error.is_finite()).then_some((value, error)))
    }

    /// Keeps an exception for [`Self::finish`], after which nothing is called again.
    pub fn keep<T>(&self, result: impl FnOnce() -> PyResult<Option<T>>) -> Option<T> {
        if self.failed.borrow().is_some() {
            return None;
        }
        result().unwrap_or_else(|error| {
            *self.failed.borrow_mut() = Some(error);
            None
        })
    }

    pub fn of(&self, at: &[usize]) -> Option<f64> {
        self.keep(|| self.call(at))
    }

    /// The exception that a call raised, if one did.
    pub fn finish(&self) -> PyResult<()> {
        self.failed.borrow_mut().take().map_or(Ok(()), Err)
    }
}

/// What a statistic gave; undefined where that is no finite number.
fn number_of(value: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    if value.is_none() {
        return Ok(None);
    }
    let read: f64 = value.extract().map_err(|_| wrong("what statistic returns", "a number", value))?;
    Ok(read.is_finite().then_some(read))
}

/// Columns with a statistic.
pub struct Data<'py> {
    pub statistic: Statistic<'py>,
    /// Places of the cases of each group.
    pub groups: Vec<Vec<usize>>,
    clustered: bool,
}

pub enum Statistic<'py> {
    Named(Named, Vec<Floats<'py>>),
    Called(Called<'py>),
}

fn length(at: usize, column: &Bound<'_, PyAny>) -> PyResult<usize> {
    column.len().map_err(|_| wrong(&format!("data[{at}]"), "a column", column))
}

impl<'py> Data<'py> {
    pub fn read(
        columns: &[Bound<'py, PyAny>],
        statistic: &Bound<'py, PyAny>,
        clusters: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let Some(first) = columns.first() else { return Err(refused("data has no column")) };
        let n = length(0, first)?;
        for (at, column) in columns.iter().enumerate().skip(1) {
            same_length(("data[0]", n), (&format!("data[{at}]"), length(at, column)?))?;
        }
        let clusters = groups("clusters", clusters)?;
        let clustered = clusters.is_some();
        let groups = match clusters {
            None => (0..n).map(|at| vec![at]).collect(),
            Some(clusters) => {
                same_length(("data", n), ("clusters", clusters.len()))?;
                let mut groups: Vec<Vec<usize>> = Vec::new();
                for (at, cluster) in clusters.iter().enumerate() {
                    let cluster = *cluster as usize;
                    groups.resize_with(groups.len().max(cluster + 1), Vec::new);
                    groups[cluster].push(at);
                }
                groups
            }
        };
        let statistic = if let Ok(name) = statistic.cast::<PyString>() {
            let named = Named::read(name.to_str()?)?;
            if named.columns() != columns.len() {
                let (wanted, given) = (named.columns(), columns.len());
                return Err(refused(format!("statistic '{name}' is of {wanted} column(s), and data has {given}")));
            }
            let name = |at: usize| if columns.len() == 1 { "data".to_owned() } else { format!("data[{at}]") };
            let read = columns.iter().enumerate().map(|(at, column)| floats(&name(at), column));
            Statistic::Named(named, read.collect::<PyResult<_>>()?)
        } else if statistic.is_callable() {
            Statistic::Called(Called::new(statistic, columns)?)
        } else {
            return Err(wrong("statistic", "a function or a name", statistic));
        };
        Ok(Self { statistic, groups, clustered })
    }

    /// Runs with the statistic; without the lock of Python where it needs none.
    pub fn run<T: Send>(&self, py: Python<'py>, count: impl Count<T>) -> PyResult<T> {
        match &self.statistic {
            Statistic::Named(named, columns) => {
                let columns: Vec<&[f64]> = columns.iter().map(|column| &column[..]).collect();
                let (columns, groups) = (&columns[..], &self.groups[..]);
                let quick = if self.clustered { None } else { Some(*named) };
                Ok(py.detach(move || {
                    let without = || quick.and_then(|named| named.without_each(columns));
                    count.count(groups, &|at| named.of(columns, at), &without)
                }))
            }
            Statistic::Called(called) => {
                let found = count.count(&self.groups, &|at| called.of(at), &|| None);
                called.finish().map(|()| found)
            }
        }
    }
}

/// A computation over groups of cases with a statistic of the cases at given places, and perhaps with a quick way to
/// the statistic without each.
pub trait Count<T>: Send {
    fn count(
        self,
        groups: &[Vec<usize>],
        statistic: &dyn Fn(&[usize]) -> Option<f64>,
        without: &dyn Fn() -> Option<Vec<f64>>,
    ) -> T;
}
