//! Intervals of rates.

use assay_stats::proportion;
use pyo3::prelude::*;

#[pyfunction]
fn wilson(successes: f64, n: f64, confidence: f64) -> Option<(f64, f64)> {
    proportion::wilson(successes, n, proportion::critical(confidence)).map(|interval| (interval.lower, interval.upper))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(wilson, module)?)
}
