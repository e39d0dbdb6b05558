//! Metrics, a file for each file of `python/assay/metrics/`.

mod distance;

use pyo3::prelude::*;

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    distance::add(module)
}
