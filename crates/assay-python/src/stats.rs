//! Statistics, a file for each file of `python/assay/stats/`.

mod agreement;
mod arena;
mod benchmark;
mod bootstrap;
mod calibration;
mod corrected;
mod correlation;
mod design;
mod detectors;
mod difference;
mod drift;
mod estimate;
mod items;
mod judges;
mod mean;
mod multiplicity;
mod online;
mod paired;
mod passk;
mod power;
mod proportion;
mod quantile;
mod quasi;
mod rank;
mod raters;
mod sequential;
mod slices;
mod special;
mod statistic;
mod verdict;

use pyo3::prelude::*;

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    agreement::add(module)?;
    arena::add(module)?;
    benchmark::add(module)?;
    bootstrap::add(module)?;
    calibration::add(module)?;
    correlation::add(module)?;
    corrected::add(module)?;
    design::add(module)?;
    detectors::add(module)?;
    difference::add(module)?;
    drift::add(module)?;
    estimate::add(module)?;
    items::add(module)?;
    judges::add(module)?;
    mean::add(module)?;
    multiplicity::add(module)?;
    online::add(module)?;
    paired::add(module)?;
    passk::add(module)?;
    power::add(module)?;
    proportion::add(module)?;
    quantile::add(module)?;
    quasi::add(module)?;
    rank::add(module)?;
    raters::add(module)?;
    sequential::add(module)?;
    slices::add(module)?;
    special::add(module)?;
    verdict::add(module)?;
    Ok(())
}
