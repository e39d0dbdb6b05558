//! Ranks and effect sizes.

use assay_stats::rank::{self, Zeros};
use pyo3::prelude::*;

use crate::arrays::floats;
use crate::results::column_like;
use crate::results::{number, refused};

#[pyfunction]
fn midranks<'py>(py: Python<'py>, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let read = floats("values", values)?;
    let read: &[f64] = &read;
    column_like(values, py.detach(|| rank::midranks(read)).unwrap_or_default())
}

#[pyfunction]
fn wilcoxon(py: Python<'_>, differences: &Bound<'_, PyAny>, zero_method: &str) -> PyResult<Option<(f64, f64)>> {
    let zeros = match zero_method {
        "wilcox" => Zeros::Wilcox,
        "pratt" => Zeros::Pratt,
        other => return Err(refused(format!("zero_method must be 'wilcox' or 'pratt', not '{other}'"))),
    };
    let read = floats("differences", differences)?;
    let read: &[f64] = &read;
    // A sum of no ranks is -0.
    Ok(py.detach(|| rank::wilcoxon(read, zeros)).map(|(smaller, p)| (smaller + 0.0, p)))
}

#[pyfunction]
fn hodges_lehmann(py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<f64> {
    let read = floats("values", values)?;
    let read: &[f64] = &read;
    Ok(number(py.detach(|| rank::hodges_lehmann(read))))
}

#[pyfunction]
fn cliff_delta(py: Python<'_>, a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (a, b) = (floats("a", a)?, floats("b", b)?);
    let (a, b): (&[f64], &[f64]) = (&a, &b);
    Ok(number(py.detach(|| rank::cliff_delta(a, b))))
}

#[pyfunction]
fn cohen_dz(differences: &Bound<'_, PyAny>) -> PyResult<f64> {
    Ok(number(rank::cohen_dz(&floats("differences", differences)?)))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(midranks, module)?)?;
    module.add_function(wrap_pyfunction!(wilcoxon, module)?)?;
    module.add_function(wrap_pyfunction!(hodges_lehmann, module)?)?;
    module.add_function(wrap_pyfunction!(cliff_delta, module)?)?;
    module.add_function(wrap_pyfunction!(cohen_dz, module)?)
}
