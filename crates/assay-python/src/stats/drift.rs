//! Distances and tests of two samples, seasons, samples of a stream, forecasts.

use assay_stats::drift::distribution::{self, Bins, Distance, Distances, Evidently};
use assay_stats::drift::sample::{Judged, Reservoir, horvitz_thompson};
use assay_stats::drift::{Undefined, embedding, season};
use assay_stats::forecasts::{self, Window};
use pyo3::prelude::*;

use crate::arrays::tables;
use crate::arrays::{Names, choice, count, counts, flags, floats, level, named, optional, same_length};
use crate::results::{Record, all, both, column_like, number, record, refused};

/// A refusal of a setting says what it is for in Python.
fn why(undefined: Undefined) -> PyErr {
    match undefined {
        Undefined::Setting(name) => refused(format!("{name} is out of its range")),
        other => refused(other),
    }
}

/// Two samples as counts: of `numeric` columns in the reference's quantile bins, of `categorical` ones, or given as `counts`.
fn rows(
    kind: &str,
    reference: &Bound<'_, PyAny>,
    current: &Bound<'_, PyAny>,
    bins: usize,
) -> PyResult<(Vec<u64>, Vec<u64>)> {
    match kind {
        "numeric" => {
            let (reference, current) = (floats("reference", reference)?, floats("current", current)?);
            let cut = Bins::quantiles(&reference, bins).map_err(why)?;
            Ok((cut.counts(&reference).map_err(why)?, cut.counts(&current).map_err(why)?))
        }
        "categorical" => {
            let mut names = Names::new(reference.py());
            let (first, second) = (names.add("reference", reference)?, names.add("current", current)?);
            let count = |column: Vec<usize>| {
                let mut counts = vec![0; names.known.len()];
                column.into_iter().for_each(|place| counts[place] += 1);
                counts
            };
            Ok((count(first), count(second)))
        }
        _ => {
            choice("kind", kind, &[("numeric", ()), ("categorical", ()), ("counts", ())])?;
            let (reference, current) = (counts("reference", reference)?, counts("current", current)?);
            same_length(("reference", reference.len()), ("current", current.len()))?;
            Ok((reference, current))
        }
    }
}

#[pyfunction]
fn count_distance(
    of: &str,
    kind: &str,
    reference: &Bound<'_, PyAny>,
    current: &Bound<'_, PyAny>,
    bins: &Bound<'_, PyAny>,
) -> PyResult<f64> {
    let bins: usize = count("bins", bins, 0)?;
    type Of = fn(&[u64], &[u64]) -> Result<f64, Undefined>;
    let known: [(&str, Of); 4] = [
        ("psi", distribution::psi),
        ("jensen_shannon", distribution::jensen_shannon),
        ("hellinger", distribution::hellinger),
        ("total_variation", distribution::total_variation),
    ];
    let of = choice("of", of, &known)?;
    let (reference, current) = rows(kind, reference, current, bins)?;
    of(&reference, &current).map_err(why)
}

#[pyfunction]
fn psi_expected(bins: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>, m: &Bound<'_, PyAny>) -> PyResult<f64> {
    let bins: usize = count("bins", bins, 0)?;
    let n: usize = count("n", n, 0)?;
    let m: usize = count("m", m, 0)?;
    Ok(number(distribution::psi_expected(bins, n, m)))
}

#[pyfunction]
fn quantile_bins(py: Python<'_>, reference: &Bound<'_, PyAny>, bins: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let bins: usize = count("bins", bins, 0)?;
    let reference = floats("reference", reference)?;
    let reference = &*reference;
    py.detach(|| Bins::quantiles(reference, bins)).map(|bins| bins.edges).map_err(why)
}

#[pyfunction]
fn bin_counts(values: &Bound<'_, PyAny>, edges: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    let (values, edges) = (floats("values", values)?, floats("edges", edges)?);
    if edges.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(refused("edges must ascend"));
    }
    Bins { edges: edges.to_vec() }.counts(&values).map_err(why)
}

#[pyfunction]
fn wasserstein_distance(py: Python<'_>, reference: &Bound<'_, PyAny>, current: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (reference, current) = (floats("reference", reference)?, floats("current", current)?);
    let (reference, current) = (&*reference, &*current);
    py.detach(|| distribution::wasserstein(reference, current)).map_err(why)
}

#[pyfunction]
fn wasserstein_interval(
    py: Python<'_>,
    reference: &Bound<'_, PyAny>,
    current: &Bound<'_, PyAny>,
    confidence: f64,
    resamples: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<(f64, f64)> {
    let resamples: usize = count("resamples", resamples, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    let confidence = level(confidence)?;
    let (reference, current) = (floats("reference", reference)?, floats("current", current)?);
    let (reference, current) = (&*reference, &*current);
    py.detach(|| distribution::wasserstein_interval(reference, current, confidence, resamples, seed)).map_err(why)
}

#[pyfunction]
fn ks_2samp<'py>(py: Python<'py>, reference: &Bound<'py, PyAny>, current: &Bound<'py, PyAny>) -> Record<'py> {
    let (reference, current) = (floats("reference", reference)?, floats("current", current)?);
    let (reference, current) = (&*reference, &*current);
    let found = py.detach(|| distribution::kolmogorov_smirnov(reference, current)).map_err(why)?;
    record!(py; statistic: found.statistic, p_value: found.p, exact: found.exact)
}

#[pyfunction]
fn anderson_ksamp(py: Python<'_>, samples: Vec<Bound<'_, PyAny>>) -> PyResult<(f64, f64)> {
    let read: Vec<_> =
        samples.iter().enumerate().map(|(at, one)| floats(&format!("samples[{at}]"), one)).collect::<PyResult<_>>()?;
    let slices: Vec<&[f64]> = read.iter().map(|one| &**one).collect();
    let found = py.detach(|| distribution::anderson_darling(&slices)).map_err(why)?;
    Ok((found.statistic, found.p))
}

#[pyfunction]
fn category_test<'py>(
    py: Python<'py>,
    kind: &str,
    reference: &Bound<'py, PyAny>,
    current: &Bound<'py, PyAny>,
    permutations: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> Record<'py> {
    let permutations: usize = count("permutations", permutations, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    let (reference, current) = rows(kind, reference, current, 0)?;
    let found = py.detach(|| distribution::independence(&reference, &current, permutations, seed)).map_err(why)?;
    record!(py;
        chi2: found.chi_square,
        g: found.g,
        df: found.df,
        p_value: found.p,
        g_p: found.g_p,
        monte_carlo: found.monte_carlo,
        cramer_v: found.cramer_v,
    )
}

#[pyfunction]
fn drift_distances<'py>(
    py: Python<'py>,
    kind: &str,
    reference: &Bound<'py, PyAny>,
    current: &Bound<'py, PyAny>,
    bins: &Bound<'_, PyAny>,
    permutations: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> Record<'py> {
    let bins: usize = count("bins", bins, 0)?;
    let permutations: usize = count("permutations", permutations, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    let found: Distances = if kind == "numeric" {
        let (reference, current) = (floats("reference", reference)?, floats("current", current)?);
        let (reference, current) = (&*reference, &*current);
        py.detach(|| distribution::numeric_distances(reference, current, bins, permutations, seed))
    } else {
        let (reference, current) = rows(kind, reference, current, bins)?;
        py.detach(|| distribution::categorical_distances(&reference, &current, permutations, seed))
    }
    .map_err(why)?;
    let one = |distance: Distance| (distance.value, distance.expected, distance.p);
    record!(py;
        bins: found.bins,
        psi: one(found.psi),
        jensen_shannon: one(found.jensen_shannon),
        hellinger: one(found.hellinger),
        total_variation: one(found.total_variation),
        wasserstein: found.wasserstein.map(one),
    )
}

#[pyfunction]
fn evidently_default(
    rows: &Bound<'_, PyAny>,
    distinct: &Bound<'_, PyAny>,
    numeric: bool,
) -> PyResult<(&'static str, f64)> {
    let rows: usize = count("rows", rows, 0)?;
    let distinct: usize = count("distinct", distinct, 0)?;
    Ok(match distribution::evidently(rows, distinct, numeric) {
        Evidently::KolmogorovSmirnov(limit) => ("kolmogorov_smirnov", limit),
        Evidently::ChiSquare(limit) => ("chi_square", limit),
        Evidently::TwoShares(limit) => ("two_shares", limit),
        Evidently::Wasserstein(limit) => ("wasserstein", limit),
        Evidently::JensenShannon(limit) => ("jensen_shannon", limit),
    })
}

#[pyfunction]
fn mmd_test<'py>(
    py: Python<'py>,
    reference: &Bound<'py, PyAny>,
    current: &Bound<'py, PyAny>,
    linear: bool,
    permutations: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> Record<'py> {
    let permutations: usize = count("permutations", permutations, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    let (reference, current) = (tables::rows("reference", reference)?, tables::rows("current", current)?);
    let found = py
        .detach(|| {
            if linear {
                embedding::mmd_linear(&reference, &current, seed)
            } else {
                embedding::mmd(&reference, &current, permutations, seed)
            }
        })
        .map_err(why)?;
    record!(py; squared: found.squared, p_value: found.p, bandwidth: found.bandwidth)
}

#[pyfunction]
fn domain_classifier<'py>(
    py: Python<'py>,
    reference: &Bound<'py, PyAny>,
    current: &Bound<'py, PyAny>,
    folds: Option<&Bound<'py, PyAny>>,
    confidence: f64,
    seed: &Bound<'_, PyAny>,
) -> Record<'py> {
    let seed: u64 = count("seed", seed, 0)?;
    let confidence = level(confidence)?;
    let (reference, current) = (tables::rows("reference", reference)?, tables::rows("current", current)?);
    let folds = folds.map(|folds| named("folds", folds)).transpose()?.map(|(folds, _)| folds);
    if let Some(folds) = &folds {
        same_length(("reference and current", reference.len() + current.len()), ("folds", folds.len()))?;
    }
    let found = py
        .detach(|| match &folds {
            Some(folds) => embedding::domain_classifier_on(&reference, &current, folds, confidence),
            None => embedding::domain_classifier(&reference, &current, confidence, seed),
        })
        .map_err(why)?;
    record!(py; auc: found.auc, interval: found.interval.map(both), drift: found.drift, features: found.features)
}

#[pyfunction]
fn seasonal<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    periods: Vec<Bound<'py, PyAny>>,
    window: Option<&Bound<'py, PyAny>>,
    robust: bool,
) -> Record<'py> {
    let like = values;
    let periods: Vec<usize> = periods.iter().map(|period| count("period", period, 2)).collect::<PyResult<_>>()?;
    let window: Option<usize> = window.map(|window| count("seasonal", window, 3)).transpose()?;
    let values = floats("values", values)?;
    let values = &*values;
    let found = py
        .detach(|| match (window, &periods[..]) {
            (Some(window), [period]) => season::stl(values, *period, window, robust),
            _ => season::mstl(values, &periods, robust),
        })
        .map_err(why)?;
    let of = |part| column_like(like, part);
    record!(py;
        seasons: found.seasons.into_iter().map(of).collect::<PyResult<Vec<_>>>()?,
        trend: of(found.trend)?,
        residual: of(found.residual)?,
        weights: of(found.weights)?,
    )
}

#[pyfunction]
fn robust_z<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    period: Option<&Bound<'py, PyAny>>,
    masked: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let like = values;
    let period: Option<usize> = period.map(|period| count("period", period, 1)).transpose()?;
    let values = optional("values", values)?;
    let masked = masked.map(|masked| flags("masked", masked)).transpose()?.unwrap_or_default();
    if !masked.is_empty() {
        same_length(("values", values.len()), ("masked", masked.len()))?;
    }
    let found = py
        .detach(|| match period {
            Some(period) => season::place_z(&values, period, &masked),
            None => season::mad_z(&values),
        })
        .map_err(why)?;
    column_like(like, all(found))
}

#[pyfunction]
fn stream_mean<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    probabilities: &Bound<'py, PyAny>,
    strata: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (scores, probabilities) = (floats("scores", scores)?, floats("probabilities", probabilities)?);
    same_length(("scores", scores.len()), ("probabilities", probabilities.len()))?;
    let strata = strata.map(|strata| named("strata", strata)).transpose()?.map(|(places, _)| places);
    if let Some(strata) = &strata {
        same_length(("scores", scores.len()), ("strata", strata.len()))?;
    }
    let case = |at: usize| Judged {
        stratum: strata.as_ref().map_or_else(String::new, |strata| strata[at].to_string()),
        score: scores[at],
        probability: probabilities[at],
    };
    let sample: Vec<Judged> = (0..scores.len()).map(case).collect();
    let found = py.detach(|| horvitz_thompson(&sample)).map_err(why)?;
    record!(py;
        estimate: found.mean,
        interval: found.interval(confidence).map(both),
        standard_error: number(found.se),
        total: found.total,
        cases: found.cases,
    )
}

/// A sample of a stream in which each case of a stratum is equally likely.
#[pyclass(module = "assay._assay", name = "Reservoir")]
struct PyReservoir(Reservoir<Py<PyAny>>);

#[pymethods]
impl PyReservoir {
    #[new]
    fn new(size: &Bound<'_, PyAny>, seed: &Bound<'_, PyAny>) -> PyResult<Self> {
        let size: usize = count("size", size, 0)?;
        let seed: u64 = count("seed", seed, 0)?;
        Reservoir::new(size, seed).map(Self).map_err(why)
    }

    fn offer(&mut self, case: Py<PyAny>, stratum: &str) {
        self.0.offer(stratum, case);
    }

    fn drawn(&self, py: Python<'_>) -> Vec<(Py<PyAny>, String, f64)> {
        self.0.drawn().into_iter().map(|one| (one.case.clone_ref(py), one.stratum, one.probability)).collect()
    }
}

#[pyfunction]
fn diebold_mariano<'py>(
    py: Python<'py>,
    losses: &Bound<'py, PyAny>,
    baseline: &Bound<'py, PyAny>,
    horizon: &Bound<'_, PyAny>,
    window: &str,
    confidence: f64,
) -> Record<'py> {
    let horizon: usize = count("horizon", horizon, 0)?;
    let window = choice("window", window, &[("flat", Window::Flat), ("bartlett", Window::Bartlett)])?;
    let confidence = level(confidence)?;
    let (losses, baseline) = (floats("losses", losses)?, floats("baseline", baseline)?);
    same_length(("losses", losses.len()), ("baseline", baseline.len()))?;
    let (losses, baseline) = (&*losses, &*baseline);
    let found =
        py.detach(|| forecasts::diebold_mariano(losses, baseline, horizon, window, confidence)).map_err(refused)?;
    record!(py;
        estimate: found.difference,
        interval: both(found.interval),
        statistic: found.statistic,
        p_value: found.p,
    )
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyReservoir>()?;
    module.add_function(wrap_pyfunction!(count_distance, module)?)?;
    module.add_function(wrap_pyfunction!(psi_expected, module)?)?;
    module.add_function(wrap_pyfunction!(quantile_bins, module)?)?;
    module.add_function(wrap_pyfunction!(bin_counts, module)?)?;
    module.add_function(wrap_pyfunction!(wasserstein_distance, module)?)?;
    module.add_function(wrap_pyfunction!(wasserstein_interval, module)?)?;
    module.add_function(wrap_pyfunction!(ks_2samp, module)?)?;
    module.add_function(wrap_pyfunction!(anderson_ksamp, module)?)?;
    module.add_function(wrap_pyfunction!(category_test, module)?)?;
    module.add_function(wrap_pyfunction!(drift_distances, module)?)?;
    module.add_function(wrap_pyfunction!(evidently_default, module)?)?;
    module.add_function(wrap_pyfunction!(mmd_test, module)?)?;
    module.add_function(wrap_pyfunction!(domain_classifier, module)?)?;
    module.add_function(wrap_pyfunction!(seasonal, module)?)?;
    module.add_function(wrap_pyfunction!(robust_z, module)?)?;
    module.add_function(wrap_pyfunction!(stream_mean, module)?)?;
    module.add_function(wrap_pyfunction!(diebold_mariano, module)?)
}
