//! Benchmarks: item response models, holdouts, canaries, runs on part of the items.

use assay_stats::anchor;
use assay_stats::holdout::{self, Ladder, Looks};
use assay_stats::irt::{self, Fit, Model};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::difference::{self, Difference};
use super::estimate::{kind, kind_name, within};
use crate::arrays::tables;
use crate::arrays::{choice, count, flags, floats, level, same_length};
use crate::results::{Record, both, number, record, refused};

const MODELS: [(&str, Model); 3] =
    [("rasch", Model::Rasch), ("1pl", Model::OneParameter), ("2pl", Model::TwoParameter)];

#[pyfunction]
fn irt_fit<'py>(
    py: Python<'py>,
    responses: &Bound<'py, PyAny>,
    model: &str,
    prior: Option<f64>,
    tolerance: f64,
    steps: &Bound<'_, PyAny>,
) -> Record<'py> {
    let steps: usize = count("max_iter", steps, 0)?;
    let model = choice("model", model, &MODELS)?;
    let rows = tables::optional_rows("responses", responses)?;
    let answer = |cell: Option<f64>| match cell {
        None => Ok(None),
        Some(0.0) => Ok(Some(false)),
        Some(1.0) => Ok(Some(true)),
        Some(other) => Err(refused(format!("responses has {other}: each must be 0, 1 or missing"))),
    };
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(answer).collect())
        .collect::<PyResult<Vec<Vec<Option<bool>>>>>()?;
    let found = py.detach(|| irt::fit(&rows, Fit { model, prior, tolerance, steps })).map_err(refused)?;
    let item = |one: &Option<irt::ItemParameters>| {
        one.map_or((f64::NAN, f64::NAN, f64::NAN, f64::NAN), |one| {
            (one.difficulty, number(one.difficulty_se), one.discrimination, number(one.discrimination_se))
        })
    };
    let parts: Vec<(f64, f64, f64, f64)> = found.items.iter().map(item).collect();
    let (abilities, ability_se): (Vec<f64>, Vec<f64>) = found.abilities.iter().copied().unzip();
    record!(py;
        difficulty: parts.iter().map(|part| part.0).collect::<Vec<_>>(),
        difficulty_se: parts.iter().map(|part| part.1).collect::<Vec<_>>(),
        discrimination: parts.iter().map(|part| part.2).collect::<Vec<_>>(),
        discrimination_se: parts.iter().map(|part| part.3).collect::<Vec<_>>(),
        ability: abilities,
        ability_se: ability_se,
        log_likelihood: found.log_likelihood,
        steps: found.steps,
    )
}

/// A leaderboard that shows only what is better than noise.
#[pyclass(module = "assay._assay", name = "Ladder")]
struct PyLadder(Ladder);

#[pymethods]
impl PyLadder {
    #[new]
    fn new() -> Self {
        Self(Ladder::default())
    }

    fn submit(&mut self, scores: &Bound<'_, PyAny>) -> PyResult<(f64, bool)> {
        let scores = floats("scores", scores)?;
        let found = self.0.submit(&scores).map_err(refused)?;
        Ok((found.score, found.improved))
    }
}

#[pyfunction]
fn look(budget: u32, taken: u32) -> PyResult<u32> {
    Looks { budget, taken }.look().map_err(refused)
}

#[pyfunction]
fn looks_confidence(budget: u32, taken: u32, confidence: f64) -> PyResult<f64> {
    let confidence = level(confidence)?;
    Ok(number(Looks { budget, taken }.confidence(confidence)))
}

#[pyfunction]
fn looks_adjusted_p(budget: u32, taken: u32, p: f64) -> PyResult<f64> {
    Looks { budget, taken }.adjusted_p(p).ok_or_else(|| refused(format!("p must be from 0 to 1, not {p}")))
}

#[pyfunction]
fn canary_exposure(rank: &Bound<'_, PyAny>, candidates: &Bound<'_, PyAny>) -> PyResult<f64> {
    let rank: u64 = count("rank", rank, 0)?;
    let candidates: u64 = count("candidates", candidates, 0)?;
    holdout::exposure(rank, candidates).ok_or_else(|| refused("rank must be from 1 to the number of candidates"))
}

#[pyfunction]
fn canary_rank(truth: f64, others: &Bound<'_, PyAny>) -> PyResult<u64> {
    let others = crate::arrays::numbers("others", others)?;
    holdout::canary_rank(truth, &others).ok_or_else(|| refused("a log-probability is not a number"))
}

#[pyfunction]
fn canary(bits: u128) -> String {
    holdout::canary(bits)
}

#[pyfunction]
fn find_canaries(text: &str) -> Vec<&str> {
    holdout::canaries(text)
}

#[pyfunction]
fn marked_difference<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    marked: &Bound<'py, PyAny>,
    of: (Option<String>, Option<(f64, f64)>),
    confidence: f64,
) -> PyResult<(Difference, Bound<'py, PyDict>)> {
    let confidence = level(confidence)?;
    let (scores, marked) = (floats("scores", scores)?, flags("marked", marked)?);
    same_length(("scores", scores.len()), ("marked", marked.len()))?;
    let scores = &*scores;
    let kind = kind(of.0.as_deref(), of.1, None, scores.iter().copied())?;
    within("scores", kind, scores.iter().copied())?;
    let found = py
        .detach(|| holdout::marked_difference(scores, &marked, kind, confidence))
        .ok_or_else(|| refused("marked must mark some scores and leave others"))?;
    difference::shown(py, found, kind_name(kind))
}

#[pyfunction]
fn anchored_mean<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    past: &Bound<'py, PyAny>,
    all: &Bound<'py, PyAny>,
    slope: Option<f64>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (scores, past, all) = (floats("scores", scores)?, floats("past", past)?, floats("past_all", all)?);
    same_length(("scores", scores.len()), ("past", past.len()))?;
    if scores.len() > all.len() {
        return Err(refused(format!("scores has {} items and past_all {}: it must have all", scores.len(), all.len())));
    }
    let (scores, past, all) = (&*scores, &*past, &*all);
    let found = py
        .detach(|| anchor::difference_estimate(scores, past, all, slope, confidence))
        .ok_or_else(|| refused("scores are too few, or past is constant so that it has no slope"))?;
    record!(py;
        estimate: found.value,
        interval: both(found.interval),
        standard_error: found.se,
        slope: found.slope,
        plain: found.plain,
        plain_se: found.plain_se,
    )
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyLadder>()?;
    module.add_function(wrap_pyfunction!(irt_fit, module)?)?;
    module.add_function(wrap_pyfunction!(look, module)?)?;
    module.add_function(wrap_pyfunction!(looks_confidence, module)?)?;
    module.add_function(wrap_pyfunction!(looks_adjusted_p, module)?)?;
    module.add_function(wrap_pyfunction!(canary_exposure, module)?)?;
    module.add_function(wrap_pyfunction!(canary_rank, module)?)?;
    module.add_function(wrap_pyfunction!(canary, module)?)?;
    module.add_function(wrap_pyfunction!(find_canaries, module)?)?;
    module.add_function(wrap_pyfunction!(marked_difference, module)?)?;
    module.add_function(wrap_pyfunction!(anchored_mean, module)?)
}
