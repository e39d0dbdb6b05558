//! Statistics, a file for each file of `python/assay/stats/`.

mod bootstrap;
mod correlation;
mod difference;
mod estimate;
mod items;
mod mean;
mod multiplicity;
mod paired;
mod passk;
mod power;
mod proportion;
mod quantile;
mod rank;
mod sequential;
mod slices;
mod special;
mod statistic;
mod verdict;

use pyo3::prelude::*;

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    bootstrap::add(module)?;
    correlation::add(module)?;
    difference::add(module)?;
    estimate::add(module)?;
    items::add(module)?;
    mean::add(module)?;
    multiplicity::add(module)?;
    paired::add(module)?;
    passk::add(module)?;
    power::add(module)?;
    proportion::add(module)?;
    quantile::add(module)?;
    rank::add(module)?;
    sequential::add(module)?;
    slices::add(module)?;
    special::add(module)?;
    verdict::add(module)?;
    Ok(())
}
