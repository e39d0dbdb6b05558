//! Correlations.

use assay_stats::correlation::{self, Agreement, Coefficient, Overlapping};
use pyo3::prelude::*;

use crate::arrays::tables::rows;
use crate::arrays::{count, floats, groups, level, same_length};
use crate::results::{Ends, Jackknifed, ends, jackknifed, number, refused};

type Correlate = fn(&[f64], &[f64]) -> Option<f64>;

fn coefficient(name: &str) -> PyResult<(Coefficient, Correlate)> {
    match name {
        "pearson" => Ok((Coefficient::Pearson, correlation::pearson)),
        "spearman" => Ok((Coefficient::Spearman, correlation::spearman)),
        "kendall" => Ok((Coefficient::Kendall, correlation::kendall)),
        other => Err(refused(format!("method must be 'pearson', 'spearman' or 'kendall', not '{other}'"))),
    }
}

/// The correlation, the pairs, and its interval.
#[pyfunction]
fn correlation_of(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    method: &str,
    confidence: f64,
) -> PyResult<(f64, usize, Ends)> {
    let ((kind, correlate), confidence) = (coefficient(method)?, level(confidence)?);
    let (x, y) = (floats("x", x)?, floats("y", y)?);
    same_length(("x", x.len()), ("y", y.len()))?;
    let (x, y): (&[f64], &[f64]) = (&x, &y);
    let r = py.detach(|| correlate(x, y));
    let interval = r.and_then(|r| correlation::interval(r, x.len(), kind, confidence));
    Ok((number(r), x.len(), ends(interval)))
}

#[pyfunction]
fn correlation_interval(r: f64, n: &Bound<'_, PyAny>, method: &str, confidence: f64) -> PyResult<Ends> {
    let (kind, _) = coefficient(method)?;
    if !(-1.0..=1.0).contains(&r) {
        return Err(refused(format!("r must be from -1 to 1, not {r}")));
    }
    Ok(ends(correlation::interval(r, count("n", n, 0)?, kind, level(confidence)?)))
}

#[pyfunction]
fn clustered_correlation(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    clusters: &Bound<'_, PyAny>,
    method: &str,
    confidence: f64,
) -> PyResult<(f64, usize, Option<Jackknifed>)> {
    let ((kind, correlate), confidence) = (coefficient(method)?, level(confidence)?);
    let (x, y) = (floats("x", x)?, floats("y", y)?);
    let clusters = groups("clusters", Some(clusters))?.unwrap_or_default();
    same_length(("x", x.len()), ("y", y.len()))?;
    same_length(("x", x.len()), ("clusters", clusters.len()))?;
    let (x, y): (&[f64], &[f64]) = (&x, &y);
    let (r, found) = py.detach(|| (correlate(x, y), correlation::clustered(x, y, &clusters, kind, confidence)));
    Ok((number(r), x.len(), jackknifed(found)))
}

/// Williams' t and p, Steiger's z and p, Zou's interval.
type Dependent = ((f64, f64), (f64, f64), Ends);

#[pyfunction]
fn dependent_correlations(r12: f64, r13: f64, r23: f64, n: &Bound<'_, PyAny>, confidence: f64) -> PyResult<Dependent> {
    for (name, r) in [("r12", r12), ("r13", r13), ("r23", r23)] {
        if !(-1.0..=1.0).contains(&r) {
            return Err(refused(format!("{name} must be from -1 to 1, not {r}")));
        }
    }
    let (of, confidence) = (Overlapping { r12, r13, r23, n: count("n", n, 0)? }, level(confidence)?);
    let none = (f64::NAN, f64::NAN);
    Ok((of.williams().unwrap_or(none), of.steiger().unwrap_or(none), ends(of.zou(confidence))))
}

#[pyfunction]
fn disattenuated(r: f64, reliability_x: f64, reliability_y: f64) -> PyResult<f64> {
    if !(-1.0..=1.0).contains(&r) {
        return Err(refused(format!("r must be from -1 to 1, not {r}")));
    }
    for (name, value) in [("reliability_x", reliability_x), ("reliability_y", reliability_y)] {
        if !(value > 0.0 && value <= 1.0) {
            return Err(refused(format!("{name} must be above 0 and at most 1, not {value}")));
        }
    }
    Ok(number(correlation::disattenuated(r, reliability_x, reliability_y)))
}

#[pyfunction]
fn attenuation(x: &Bound<'_, PyAny>, y: &Bound<'_, PyAny>, confidence: f64) -> PyResult<Option<Jackknifed>> {
    let (x, y, confidence) = (rows("x", x)?, rows("y", y)?, level(confidence)?);
    same_length(("x", x.len()), ("y", y.len()))?;
    Ok(jackknifed(correlation::attenuation(&x, &y, confidence)))
}

#[pyfunction]
fn pairwise_accuracy(py: Python<'_>, metric: &Bound<'_, PyAny>, truth: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (metric, truth) = (floats("metric", metric)?, floats("truth", truth)?);
    same_length(("metric", metric.len()), ("truth", truth.len()))?;
    let (metric, truth): (&[f64], &[f64]) = (&metric, &truth);
    Ok(number(py.detach(|| correlation::pairwise_accuracy(metric, truth))))
}

#[pyfunction]
fn soft_pairwise_accuracy(metric: &Bound<'_, PyAny>, truth: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (metric, truth) = (floats("metric", metric)?, floats("truth", truth)?);
    same_length(("metric", metric.len()), ("truth", truth.len()))?;
    for (name, p) in [("metric", &metric), ("truth", &truth)] {
        if let Some(at) = p.iter().position(|p| !(0.0..=1.0).contains(p)) {
            return Err(refused(format!("{name}[{at}] is {}: p-values are from 0 to 1", p[at])));
        }
    }
    Ok(number(correlation::soft_pairwise_accuracy(&metric, &truth)))
}

#[pyfunction]
fn pairwise_p(
    py: Python<'_>,
    scores: &Bound<'_, PyAny>,
    n_resamples: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<Vec<f64>> {
    let scores = rows("scores", scores)?;
    let (draws, seed) = (count("n_resamples", n_resamples, 1)?, count("seed", seed, 0)?);
    let found = py.detach(|| correlation::pairwise_p(&scores, draws, seed));
    found.ok_or_else(|| refused("scores must have two systems (rows) or more, and items"))
}

fn agreement_level(level: &str) -> PyResult<Agreement> {
    match level {
        "system" => Ok(Agreement::System),
        "item" => Ok(Agreement::Item),
        other => Err(refused(format!("level must be 'system' or 'item', not '{other}'"))),
    }
}

/// Tables of systems × items, of the same shape.
fn tables(of: &[(&str, &Bound<'_, PyAny>)]) -> PyResult<Vec<Vec<Vec<f64>>>> {
    let mut read: Vec<Vec<Vec<f64>>> = Vec::new();
    for (name, value) in of {
        let table = rows(name, value)?;
        if let Some(first) = read.first() {
            same_length((of[0].0, first.len()), (name, table.len()))?;
            let items = |table: &[Vec<f64>]| table.first().map_or(0, Vec::len);
            same_length((&format!("{}[0]", of[0].0), items(first)), (&format!("{name}[0]"), items(&table)))?;
        }
        read.push(table);
    }
    Ok(read)
}

#[pyfunction]
fn metric_agreement(
    py: Python<'_>,
    metric: &Bound<'_, PyAny>,
    truth: &Bound<'_, PyAny>,
    level: &str,
    method: &str,
) -> PyResult<f64> {
    let (level, (_, correlate)) = (agreement_level(level)?, coefficient(method)?);
    let tables = tables(&[("metric", metric), ("truth", truth)])?;
    Ok(number(py.detach(|| correlation::agreement(&tables[0], &tables[1], level, correlate))))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn metric_agreement_difference(
    py: Python<'_>,
    a: &Bound<'_, PyAny>,
    b: &Bound<'_, PyAny>,
    truth: &Bound<'_, PyAny>,
    level: &str,
    method: &str,
    n_resamples: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<Option<(f64, f64)>> {
    let (level, (_, correlate)) = (agreement_level(level)?, coefficient(method)?);
    let (draws, seed) = (count("n_resamples", n_resamples, 1)?, count("seed", seed, 0)?);
    let t = tables(&[("a", a), ("b", b), ("truth", truth)])?;
    Ok(py.detach(|| correlation::agreement_difference(&t[0], &t[1], &t[2], level, correlate, draws, seed)))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(correlation_of, module)?)?;
    module.add_function(wrap_pyfunction!(correlation_interval, module)?)?;
    module.add_function(wrap_pyfunction!(clustered_correlation, module)?)?;
    module.add_function(wrap_pyfunction!(dependent_correlations, module)?)?;
    module.add_function(wrap_pyfunction!(disattenuated, module)?)?;
    module.add_function(wrap_pyfunction!(attenuation, module)?)?;
    module.add_function(wrap_pyfunction!(pairwise_accuracy, module)?)?;
    module.add_function(wrap_pyfunction!(soft_pairwise_accuracy, module)?)?;
    module.add_function(wrap_pyfunction!(pairwise_p, module)?)?;
    module.add_function(wrap_pyfunction!(metric_agreement, module)?)?;
    module.add_function(wrap_pyfunction!(metric_agreement_difference, module)?)
}
