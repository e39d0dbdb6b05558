//! Chances that of k epochs one, or all, succeed.

use assay_stats::passk;
use pyo3::prelude::*;

use crate::arrays::{count, floats, same_length};
use crate::results::{number, refused};

/// One number of epochs, or one for each case.
fn counts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<(Vec<u32>, bool)> {
    if value.extract::<i64>().is_ok() {
        return Ok((vec![count(name, value, 0)?], true));
    }
    let read = floats(name, value)?;
    let whole = |k: &f64| *k >= 0.0 && k.fract() == 0.0 && *k <= f64::from(u32::MAX);
    if let Some(at) = read.iter().position(|k| !whole(k)) {
        return Err(refused(format!("{name}[{at}] is {}: it must be a whole number of at least 0", read[at])));
    }
    Ok((read.iter().map(|k| *k as u32).collect(), false))
}

fn of<'py>(
    n: &Bound<'py, PyAny>,
    c: &Bound<'py, PyAny>,
    k: &Bound<'py, PyAny>,
    chance: fn(u32, u32, u32) -> Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = n.py();
    let k: u32 = count("k", k, 1)?;
    let ((all, one), (passed, single)) = (counts("n", n)?, counts("c", c)?);
    if !one && !single {
        same_length(("n", all.len()), ("c", passed.len()))?;
    }
    let length = if one { passed.len() } else { all.len() };
    let at = |values: &[u32], at: usize| values[if values.len() == 1 { 0 } else { at }];
    let mut found = Vec::with_capacity(length);
    for case in 0..length {
        let (n, c) = (at(&all, case), at(&passed, case));
        if c > n {
            return Err(refused(format!("c must be n at most, and {c} is above {n}")));
        }
        found.push(number(chance(n, c, k)));
    }
    if one && single {
        return Ok(found[0].into_pyobject(py)?.into_any());
    }
    let like = if one { c } else { n };
    crate::results::column_like(like, found)
}

#[pyfunction]
fn pass_at_k<'py>(n: &Bound<'py, PyAny>, c: &Bound<'py, PyAny>, k: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    of(n, c, k, passk::pass_at_k)
}

#[pyfunction]
fn pass_hat_k<'py>(n: &Bound<'py, PyAny>, c: &Bound<'py, PyAny>, k: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    of(n, c, k, passk::pass_hat_k)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(pass_at_k, module)?)?;
    module.add_function(wrap_pyfunction!(pass_hat_k, module)?)
}
