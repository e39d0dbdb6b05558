//! Plans of annotation studies.

use assay_stats::design::{self, Assignment, Scale, Timed};
use pyo3::prelude::*;

use crate::arrays::{count, counts, floats, inside, level, named, same_length};
use crate::results::{Record, number, record, refused};

#[pyfunction]
fn overlap_counts(
    items: &Bound<'_, PyAny>,
    share: f64,
    least: &Bound<'_, PyAny>,
    each: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<Vec<usize>> {
    let items: usize = count("items", items, 0)?;
    let least: usize = count("least", least, 0)?;
    let each: usize = count("each", each, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    if items > 1 << 28 {
        return Err(refused("items must be at most 2²⁸"));
    }
    design::overlap(items, share, least, each, seed).map_err(refused)
}

#[pyfunction]
fn assign_raters<'py>(
    py: Python<'py>,
    of_items: &Bound<'py, PyAny>,
    raters: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> Record<'py> {
    let raters: usize = count("raters", raters, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    let of_items: Vec<usize> = counts("counts", of_items)?.into_iter().map(|count| count as usize).collect();
    let found = py.detach(|| design::assign(&of_items, raters, seed)).map_err(refused)?;
    record!(py;
        efficiency: number(found.efficiency()),
        shared_range: found.shared_range(),
        raters: found.raters,
        loads: found.loads,
        shared: found.shared,
    )
}

type Sheet = Vec<(usize, bool, bool)>;

#[pyfunction]
fn rating_sheets(
    py: Python<'_>,
    raters: Vec<Vec<usize>>,
    loads: Vec<usize>,
    gold: &Bound<'_, PyAny>,
    each: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> PyResult<Vec<Sheet>> {
    let gold: usize = count("gold", gold, 0)?;
    let each: usize = count("each", each, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    if raters.iter().flatten().any(|rater| *rater >= loads.len()) || gold > 1 << 28 {
        return Err(refused("the assignment names a rater that it has not"));
    }
    let assignment = Assignment { raters, loads, shared: Vec::new() };
    let sheets = py.detach(|| design::sheets(&assignment, gold, each, seed)).map_err(refused)?;
    Ok(sheets
        .into_iter()
        .map(|sheet| sheet.into_iter().map(|task| (task.item, task.gold, task.swapped)).collect())
        .collect())
}

#[pyfunction]
fn items_for_shared(raters: &Bound<'_, PyAny>, each: &Bound<'_, PyAny>, shared: &Bound<'_, PyAny>) -> PyResult<u64> {
    let raters: u64 = count("raters", raters, 0)?;
    let each: u64 = count("each", each, 0)?;
    let shared: u64 = count("shared", shared, 0)?;
    design::items_for_shared(raters, each, shared)
        .ok_or_else(|| refused("each must be at least 2 and at most the raters, and the items countable"))
}

/// Yes or no with a prevalence, or numbers.
fn scale(prevalence: Option<f64>) -> PyResult<Scale> {
    Ok(match prevalence {
        Some(prevalence) => Scale::Binary { prevalence: inside("prevalence", prevalence)? },
        None => Scale::Interval,
    })
}

#[pyfunction]
fn alpha_variance(alpha: f64, each: &Bound<'_, PyAny>, prevalence: Option<f64>) -> PyResult<f64> {
    let each: u64 = count("each", each, 0)?;
    design::alpha_variance(alpha, each, scale(prevalence)?)
        .ok_or_else(|| refused("alpha must be from 0 to below 1, and each from 2 to 10000"))
}

#[pyfunction]
fn items_for_alpha(
    alpha: f64,
    half_width: f64,
    each: &Bound<'_, PyAny>,
    prevalence: Option<f64>,
    confidence: f64,
) -> PyResult<u64> {
    let each: u64 = count("each", each, 0)?;
    let confidence = level(confidence)?;
    design::items_for_alpha(alpha, half_width, each, scale(prevalence)?, confidence)
        .ok_or_else(|| refused("alpha must be from 0 to below 1, half_width above 0, and each from 2 to 10000"))
}

#[pyfunction]
fn suspension_chance(
    py: Python<'_>,
    gold: &Bound<'_, PyAny>,
    accuracy: f64,
    threshold: f64,
    confidence: f64,
) -> PyResult<f64> {
    let gold: u64 = count("gold", gold, 0)?;
    let (threshold, confidence) = (inside("threshold", threshold)?, level(confidence)?);
    py.detach(|| design::suspended(gold, accuracy, threshold, confidence))
        .ok_or_else(|| refused("accuracy must be from 0 to 1, and gold at most 10⁹"))
}

#[pyfunction]
fn gold_items_for(py: Python<'_>, accuracy: f64, threshold: f64, power: f64, confidence: f64) -> PyResult<Option<u64>> {
    let (threshold, confidence) = (inside("threshold", threshold)?, level(confidence)?);
    let power = inside("power", power)?;
    if !(0.0..threshold).contains(&accuracy) {
        return Err(refused("accuracy must be from 0 to below the threshold"));
    }
    Ok(py.detach(|| design::gold_for(accuracy, threshold, power, confidence)))
}

#[pyfunction]
fn rating_speed<'py>(
    py: Python<'py>,
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    times: &Bound<'py, PyAny>,
    share: f64,
) -> Record<'py> {
    let share = inside("share", share)?;
    let ((items, _), (raters, names)) = (named("items", items)?, named("raters", raters)?);
    let times = floats("times", times)?;
    same_length(("items", items.len()), ("raters", raters.len()))?;
    same_length(("items", items.len()), ("times", times.len()))?;
    let timed: Vec<Timed> =
        (0..items.len()).map(|at| Timed { item: items[at], rater: raters[at], time: times[at] }).collect();
    let found = py.detach(|| design::speed(&timed, share)).ok_or_else(|| refused("times must be above 0, and some"))?;
    let paces: Vec<(u64, u64, f64, f64)> =
        found.raters.iter().map(|pace| (pace.ratings, pace.fast, pace.p, pace.adjusted)).collect();
    record!(py; limit: found.limit, ratios: found.ratios, fast: found.fast, names: names, paces: paces)
}

#[pyfunction]
fn longest_run<'py>(
    py: Python<'py>,
    labels: &Bound<'py, PyAny>,
    all: Option<&Bound<'py, PyAny>>,
) -> PyResult<(usize, f64)> {
    let mut names = crate::arrays::Names::new(py);
    let own = names.add("labels", labels)?;
    let all = all.map_or_else(|| Ok(own.clone()), |all| names.add("all_labels", all))?;
    if own.is_empty() {
        return Err(refused("labels is empty"));
    }
    let mut shares = vec![0.0; names.known.len()];
    all.iter().for_each(|label| shares[*label] += 1.0 / all.len() as f64);
    if let Some(label) = own.iter().find(|label| shares[**label] == 0.0) {
        return Err(refused(format!("labels has {}, which is not among all_labels", names.known[*label])));
    }
    let found = py.detach(|| design::longest_run(&own, &shares)).ok_or_else(|| refused("labels have no shares"))?;
    Ok((found.length, found.p))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(overlap_counts, module)?)?;
    module.add_function(wrap_pyfunction!(assign_raters, module)?)?;
    module.add_function(wrap_pyfunction!(rating_sheets, module)?)?;
    module.add_function(wrap_pyfunction!(items_for_shared, module)?)?;
    module.add_function(wrap_pyfunction!(alpha_variance, module)?)?;
    module.add_function(wrap_pyfunction!(items_for_alpha, module)?)?;
    module.add_function(wrap_pyfunction!(suspension_chance, module)?)?;
    module.add_function(wrap_pyfunction!(gold_items_for, module)?)?;
    module.add_function(wrap_pyfunction!(rating_speed, module)?)?;
    module.add_function(wrap_pyfunction!(longest_run, module)?)
}
