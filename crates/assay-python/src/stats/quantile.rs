//! Quantiles.

use assay_stats::{Item, quantile};
use pyo3::prelude::*;

use crate::arrays::{count, floats, groups, inside, level, same_length};
use crate::results::{Ends, ends, number, refused};

#[pyfunction]
#[pyo3(name = "quantile")]
fn quantile_of(py: Python<'_>, values: &Bound<'_, PyAny>, q: f64) -> PyResult<f64> {
    if !(0.0..=1.0).contains(&q) {
        return Err(refused(format!("q must be from 0 to 1, not {q}")));
    }
    let values = floats("values", values)?;
    let values: &[f64] = &values;
    Ok(number(py.detach(|| {
        let mut copy = values.to_vec();
        let rank = ((q * copy.len() as f64).ceil() as usize).max(1);
        // What `quantile_sorted` would find at its rank, without sorting the rest.
        (!copy.is_empty()).then(|| *copy.select_nth_unstable_by(rank - 1, f64::total_cmp).1)
    })))
}

#[pyfunction]
fn quantile_interval(py: Python<'_>, values: &Bound<'_, PyAny>, q: f64, confidence: f64) -> PyResult<Ends> {
    let (q, confidence) = (inside("q", q)?, level(confidence)?);
    let values = floats("values", values)?;
    let values: &[f64] = &values;
    Ok(ends(py.detach(|| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        quantile::order_statistic_interval(&sorted, q, confidence)
    })))
}

#[pyfunction]
fn quantile_difference(
    py: Python<'_>,
    candidate: &Bound<'_, PyAny>,
    baseline: &Bound<'_, PyAny>,
    q: f64,
    clusters: Option<&Bound<'_, PyAny>>,
    confidence: f64,
    seed: &Bound<'_, PyAny>,
) -> PyResult<Ends> {
    let (q, confidence, seed) = (inside("q", q)?, level(confidence)?, count("seed", seed, 0)?);
    let (c, b) = (floats("candidate", candidate)?, floats("baseline", baseline)?);
    same_length(("candidate", c.len()), ("baseline", b.len()))?;
    let clusters = groups("clusters", clusters)?;
    if let Some(clusters) = &clusters {
        same_length(("candidate", c.len()), ("clusters", clusters.len()))?;
    }
    let item = |at: usize, value: f64| Item {
        value,
        repeats: 1,
        cluster: clusters.as_ref().map(|clusters| clusters[at]),
        weight: 1.0,
    };
    let pairs: Vec<(Item, Item)> =
        c.iter().zip(&b[..]).enumerate().map(|(at, (c, b))| (item(at, *c), item(at, *b))).collect();
    Ok(ends(py.detach(|| quantile::bootstrap_difference(&pairs, q, confidence, seed))))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(quantile_of, module)?)?;
    module.add_function(wrap_pyfunction!(quantile_interval, module)?)?;
    module.add_function(wrap_pyfunction!(quantile_difference, module)?)
}
