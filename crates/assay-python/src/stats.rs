//! Statistics, a file for each file of `python/assay/stats/`.

mod agreement;
mod arena;
mod calibration;
mod corrected;
mod design;
mod detectors;
mod drift;
mod benchmark;
mod judges;
mod online;
mod proportion;
mod quasi;
mod raters;

use pyo3::prelude::*;

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    agreement::add(module)?;
    arena::add(module)?;
    calibration::add(module)?;
    corrected::add(module)?;
    design::add(module)?;
    detectors::add(module)?;
    drift::add(module)?;
    benchmark::add(module)?;
    judges::add(module)?;
    online::add(module)?;
    quasi::add(module)?;
    raters::add(module)?;
    proportion::add(module)
}
