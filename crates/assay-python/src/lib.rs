//! `assay._assay`: statistics and metrics for the Python package in `python/`.
//!
//! A function here takes arrays, lets other threads of Python run while it counts, and gives plain numbers, tuples and
//! dictionaries back; what a user sees (names, documentation, results) is the Python file of the same name.

mod arrays;
mod metrics;
mod results;
mod stats;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _assay(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    stats::add(module)?;
    metrics::add(module)
}
