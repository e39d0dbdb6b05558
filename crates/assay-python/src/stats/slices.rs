//! Slices of the data.

use assay_stats::slices::{self, Outcome, Search, Shrunken, Worst};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arrays::tables::rows;
use crate::arrays::{count, floats, is_missing, level, numbers, same_length, wrong};
use crate::results::{Ends, ends, refused};

/// Raw, estimate, interval, shrinkage.
type Slice = (f64, f64, Ends, f64);

fn slice(slice: &Shrunken) -> Slice {
    (slice.raw, slice.estimate, ends(Some(slice.interval)), slice.shrinkage)
}

/// Expected lowest, its interval, probabilities.
type Lowest = Option<(f64, Ends, Vec<f64>)>;

fn lowest(worst: Option<Worst>) -> Lowest {
    worst.map(|worst| (worst.expected, ends(Some(worst.interval)), worst.probability))
}

fn counts(successes: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>) -> PyResult<Vec<(f64, f64)>> {
    let (k, of) = (floats("successes", successes)?, floats("n", n)?);
    same_length(("successes", k.len()), ("n", of.len()))?;
    for (at, (k, n)) in k.iter().zip(&of[..]).enumerate() {
        if !(*n > 0.0 && *k >= 0.0 && k <= n) {
            return Err(refused(format!(
                "slice {at} has {k} successes of {n}: it needs cases, and at most as many successes"
            )));
        }
    }
    Ok(k.iter().copied().zip(of.iter().copied()).collect())
}

#[pyfunction]
fn shrink_rates(
    py: Python<'_>,
    successes: &Bound<'_, PyAny>,
    n: &Bound<'_, PyAny>,
    confidence: f64,
) -> PyResult<(f64, f64, Vec<Slice>)> {
    let (counts, confidence) = (counts(successes, n)?, level(confidence)?);
    let found = py.detach(|| slices::shrink_rates(&counts, confidence)).map_err(refused)?;
    Ok((found.mean, found.size, found.slices.iter().map(slice).collect()))
}

#[pyfunction]
fn worst_rate(
    py: Python<'_>,
    successes: &Bound<'_, PyAny>,
    n: &Bound<'_, PyAny>,
    draws: &Bound<'_, PyAny>,
    confidence: f64,
    seed: &Bound<'_, PyAny>,
) -> PyResult<Lowest> {
    let (counts, confidence) = (counts(successes, n)?, level(confidence)?);
    let (draws, seed) = (count("draws", draws, 1)?, count("seed", seed, 0)?);
    let found =
        py.detach(|| slices::shrink_rates(&counts, confidence).map(|rates| rates.worst(draws, seed, confidence)));
    Ok(lowest(found.map_err(refused)?))
}

#[pyfunction]
fn shrink_means(
    values: &Bound<'_, PyAny>,
    variances: &Bound<'_, PyAny>,
    confidence: f64,
) -> PyResult<(f64, f64, Vec<Slice>)> {
    let (values, variances) = (floats("values", values)?, floats("variances", variances)?);
    same_length(("values", values.len()), ("variances", variances.len()))?;
    let found = slices::shrink_means(&values, &variances, level(confidence)?).map_err(refused)?;
    Ok((found.mean, found.variance, found.slices.iter().map(slice).collect()))
}

#[pyfunction]
fn worst_mean(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    variances: &Bound<'_, PyAny>,
    draws: &Bound<'_, PyAny>,
    confidence: f64,
    seed: &Bound<'_, PyAny>,
) -> PyResult<Lowest> {
    let (values, variances, confidence) =
        (floats("values", values)?, floats("variances", variances)?, level(confidence)?);
    let (draws, seed) = (count("draws", draws, 1)?, count("seed", seed, 0)?);
    let means = slices::shrink_means(&values, &variances, confidence).map_err(refused)?;
    Ok(lowest(py.detach(|| means.worst(draws, seed, confidence))))
}

#[pyfunction]
fn rate_gap(successes: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>, confidence: f64) -> PyResult<(f64, Ends, f64)> {
    let found = slices::rate_gap(&counts(successes, n)?, level(confidence)?).map_err(refused)?;
    Ok((found.difference, ends(Some(found.interval)), found.shrunken))
}

#[pyfunction]
fn best_of(
    py: Python<'_>,
    scores: &Bound<'_, PyAny>,
    confidence: f64,
    n_resamples: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<(usize, f64, f64, Ends, f64)> {
    let scores = rows("scores", scores)?;
    let (confidence, draws) = (level(confidence)?, count("n_resamples", n_resamples, 1)?);
    let seed = count("seed", seed, 0)?;
    let found = py.detach(|| slices::best_of(&scores, confidence, draws, seed)).map_err(refused)?;
    Ok((found.at, found.observed, found.shrunken, ends(found.interval), found.shrinkage))
}

/// Codes of a column's values by first appearance, and the values; missing ones have no code.
type Coded<'py> = (Vec<Option<u32>>, Vec<Bound<'py, PyAny>>);

fn coded<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Coded<'py>> {
    let plain = ["to_pylist", "tolist", "to_list"].into_iter().find(|method| value.hasattr(*method).unwrap_or(false));
    let plain = match plain {
        Some(method) => value.call_method0(method)?,
        None => value.clone(),
    };
    if plain.is_instance_of::<PyString>() {
        return Err(wrong(name, "a column of values", value));
    }
    let Ok(values) = plain.try_iter() else { return Err(wrong(name, "a column of values", value)) };
    let known = pyo3::types::PyDict::new(value.py());
    let (mut codes, mut labels) = (Vec::new(), Vec::new());
    for item in values {
        let item = item?;
        if is_missing(&item)? {
            codes.push(None);
            continue;
        }
        let code = match known.get_item(&item).map_err(|_| wrong(name, "a column of hashable values", &item))? {
            Some(code) => code.extract::<u32>()?,
            None => {
                let code = u32::try_from(labels.len()).map_err(|_| refused("too many values"))?;
                known.set_item(&item, code)?;
                labels.push(item);
                code
            }
        };
        codes.push(Some(code));
    }
    Ok((codes, labels))
}

/// Items (column, value), support, cases, mean, divergence, t, p, adjusted, adjusted_any, redundant, shapley.
type Pattern<'py> = (Vec<(usize, Bound<'py, PyAny>)>, usize, usize, f64, f64, f64, f64, f64, f64, bool, Vec<f64>);

#[pyfunction]
fn discover<'py>(
    py: Python<'py>,
    names: Vec<String>,
    columns: Vec<Bound<'py, PyAny>>,
    outcome: &Bound<'py, PyAny>,
    rate: Option<bool>,
    search: (f64, Bound<'py, PyAny>, Bound<'py, PyAny>),
    epsilon: f64,
) -> PyResult<(f64, Vec<Pattern<'py>>)> {
    let outcome = numbers("outcome", outcome)?;
    let (mut codes, mut labels) = (Vec::new(), Vec::new());
    for (name, column) in names.iter().zip(&columns) {
        let (code, label) = coded(name, column)?;
        same_length((name, code.len()), ("outcome", outcome.len()))?;
        codes.push(code);
        labels.push(label);
    }
    let (support, cases, items) = search;
    if !(support > 0.0 && support <= 1.0) {
        return Err(refused(format!("support must be above 0 and at most 1, not {support}")));
    }
    // The shares of a slice's items are of all their subsets.
    if count::<u64>("items", &items, 1)? > 20 {
        return Err(refused("items must be 20 at most"));
    }
    let search = Search { support, cases: count("cases", &cases, 0)?, items: count("items", &items, 1)? };
    let is_rate = outcome.iter().all(|x| x.is_nan() || *x == 0.0 || *x == 1.0);
    let yes: Vec<Option<bool>> = outcome.iter().map(|x| (!x.is_nan()).then_some(*x == 1.0)).collect();
    let of = match rate.unwrap_or(is_rate) {
        true if !is_rate => return Err(refused("the outcome of a rate must be 0, 1 or missing")),
        true => Outcome::Rate(&yes),
        false => match outcome.iter().position(|x| !x.is_finite()) {
            Some(at) => return Err(refused(format!("outcome[{at}] is {}: it must be a finite number", outcome[at]))),
            None => Outcome::Mean(&outcome),
        },
    };
    let (found, redundant, shares) = py
        .detach(|| {
            slices::discover(&codes, of, search).map(|found| {
                let redundant = found.redundant(epsilon);
                let shares: Vec<_> =
                    (0..found.patterns.len()).map(|at| found.shapley(at).unwrap_or_default()).collect();
                (found, redundant, shares)
            })
        })
        .map_err(refused)?;
    let patterns = found.patterns.into_iter().zip(redundant).zip(shares).map(|((pattern, redundant), shares)| {
        let items = pattern.items.iter().map(|(at, code)| (*at, labels[*at][*code as usize].clone())).collect();
        let t = crate::results::number(pattern.t);
        let (p, mean) = (pattern.p, pattern.mean);
        let adjusted = (pattern.adjusted, pattern.adjusted_any);
        let (support, cases) = (pattern.support, pattern.cases);
        (items, support, cases, mean, pattern.divergence, t, p, adjusted.0, adjusted.1, redundant, shares)
    });
    Ok((found.mean, patterns.collect()))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(shrink_rates, module)?)?;
    module.add_function(wrap_pyfunction!(worst_rate, module)?)?;
    module.add_function(wrap_pyfunction!(shrink_means, module)?)?;
    module.add_function(wrap_pyfunction!(worst_mean, module)?)?;
    module.add_function(wrap_pyfunction!(rate_gap, module)?)?;
    module.add_function(wrap_pyfunction!(best_of, module)?)?;
    module.add_function(wrap_pyfunction!(discover, module)?)
}
