//! Many tests at once.

use assay_stats::multiplicity;
use pyo3::prelude::*;

use crate::arrays::{count, groups, level, numbers, same_length};
use crate::results::column_like;
use crate::results::{Ends, ends, number, refused};

#[pyfunction]
fn adjust<'py>(py: Python<'py>, p: &Bound<'py, PyAny>, method: &str) -> PyResult<Bound<'py, PyAny>> {
    let by = match method {
        "holm" => multiplicity::holm,
        "hochberg" => multiplicity::hochberg,
        "hommel" => multiplicity::hommel,
        "bh" => multiplicity::benjamini_hochberg,
        "by" => multiplicity::benjamini_yekutieli,
        other => {
            return Err(refused(format!("method must be 'holm', 'hochberg', 'hommel', 'bh' or 'by', not '{other}'")));
        }
    };
    let read = numbers("p", p)?;
    // NaN is a test that was none.
    if let Some(at) = read.iter().position(|p| !p.is_nan() && !(0.0..=1.0).contains(p)) {
        return Err(refused(format!("p[{at}] is {}: it must be from 0 to 1", read[at])));
    }
    let read: &[f64] = &read;
    column_like(p, py.detach(|| by(read)))
}

/// Adjusted p-values, critical value, intervals.
type MaxT = (Vec<f64>, f64, Vec<Ends>);

#[pyfunction]
fn max_t(
    py: Python<'_>,
    names: Vec<String>,
    columns: Vec<Bound<'_, PyAny>>,
    clusters: Option<&Bound<'_, PyAny>>,
    confidence: f64,
    n_resamples: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<MaxT> {
    let (confidence, draws) = (level(confidence)?, count("n_resamples", n_resamples, 1)?);
    let seed = count("seed", seed, 0)?;
    let clusters = groups("clusters", clusters)?;
    let all = clusters.as_ref().and_then(|clusters| clusters.iter().max()).map(|last| *last as usize + 1);
    let mut cells: Vec<Vec<(f64, f64)>> = Vec::with_capacity(columns.len());
    let mut first: Option<usize> = clusters.as_ref().map(Vec::len);
    for (name, values) in names.iter().zip(&columns) {
        let values = numbers(name, values)?;
        let wanted = *first.get_or_insert(values.len());
        let other = if clusters.is_some() { "clusters" } else { &names[0] };
        same_length((name, values.len()), (other, wanted))?;
        let mut cell = vec![(0.0, 0.0); all.unwrap_or(values.len())];
        for (at, value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            if value.is_infinite() {
                return Err(refused(format!("{name}[{at}] is {value}: it must be a finite number, or NaN for none")));
            }
            let group = &mut cell[clusters.as_ref().map_or(at, |clusters| clusters[at] as usize)];
            (group.0, group.1) = (group.0 + value, group.1 + 1.0);
        }
        cells.push(cell);
    }
    let found = py.detach(|| multiplicity::max_t(&cells, confidence, draws, seed));
    let found = found.ok_or_else(|| refused("a sum of differences is not a finite number"))?;
    let adjusted = found.adjusted.into_iter().map(number).collect();
    Ok((adjusted, number(found.critical), found.intervals.into_iter().map(ends).collect()))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(adjust, module)?)?;
    module.add_function(wrap_pyfunction!(max_t, module)?)
}
