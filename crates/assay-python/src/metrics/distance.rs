//! Distances of texts.

use assay_metrics::distance;
use pyo3::prelude::*;

#[pyfunction]
fn levenshtein(a: &str, b: &str) -> usize {
    distance::levenshtein(a, b)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(levenshtein, module)?)
}
