//! Statistics, a file for each file of `python/assay/stats/`.

mod proportion;

use pyo3::prelude::*;

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    proportion::add(module)
}
