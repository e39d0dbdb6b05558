//! Item analysis.

use assay_stats::items::{self, Flag};
use pyo3::prelude::*;

use super::estimate::Level;
use crate::arrays::tables::optional_rows;
use crate::results::{number, refused};

/// Runs × items, none where there is no score.
fn table(scores: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<Option<f64>>>> {
    let read = optional_rows("scores", scores)?;
    for (run, row) in read.iter().enumerate() {
        let outside = |(item, x): (usize, &Option<f64>)| x.filter(|x| !(0.0..=1.0).contains(x)).map(|x| (item, x));
        if let Some((item, x)) = row.iter().enumerate().find_map(outside) {
            return Err(refused(format!("scores[{run}, {item}] is {x}: it must be from 0 to 1")));
        }
    }
    Ok(read)
}

/// Runs, mean, discrimination, p, flag.
type Item = (usize, f64, f64, f64, Option<&'static str>);

#[pyfunction]
fn item_analysis(py: Python<'_>, scores: &Bound<'_, PyAny>) -> PyResult<Vec<Item>> {
    let table = table(scores)?;
    let found = py.detach(|| items::item_analysis(&table)).map_err(refused)?;
    let flag = |flag: Flag| match flag {
        Flag::NegativeDiscrimination => "negative_discrimination",
        Flag::NeverPassed => "never_passed",
        Flag::AlwaysPassed => "always_passed",
    };
    let of = |item: items::ItemStatistics| {
        (item.runs, number(item.mean), number(item.discrimination), number(item.p_negative), item.flag.map(flag))
    };
    Ok(found.into_iter().map(of).collect())
}

/// Items, always, never, runs, whether leaders overlap, headroom.
type Saturation<'py> = (usize, f64, f64, Vec<(usize, Level, Bound<'py, pyo3::types::PyDict>)>, Option<bool>, f64);

#[pyfunction]
fn saturation<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    label_noise: f64,
    confidence: f64,
) -> PyResult<Saturation<'py>> {
    let table = table(scores)?;
    let found = py.detach(|| items::saturation(&table, label_noise, confidence)).map_err(refused)?;
    let mut runs = Vec::with_capacity(found.runs.len());
    for (at, level) in found.runs {
        let shown = super::estimate::described(&level, crate::results::fields(py, &level)?)?;
        runs.push((at, Level(level), shown));
    }
    Ok((found.items, found.always, found.never, runs, found.leaders_overlap, number(found.headroom)))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(item_analysis, module)?)?;
    module.add_function(wrap_pyfunction!(saturation, module)?)
}
