//! Raters as instruments.

use assay_stats::raters::{self, Score, Severity, Vote};
use pyo3::prelude::*;

use crate::arrays::{Names, count, floats, level, named, same_length};
use crate::results::{Record, both, number, record, refused};

/// Votes in long form, with the names of items, raters and labels.
struct Votes<'py> {
    votes: Vec<Vote>,
    items: Vec<Bound<'py, PyAny>>,
    raters: Vec<Bound<'py, PyAny>>,
    labels: Vec<Bound<'py, PyAny>>,
}

fn votes<'py>(
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    classes: Option<&Bound<'py, PyAny>>,
) -> PyResult<Votes<'py>> {
    let (of_items, items) = named("items", items)?;
    let (of_raters, raters) = named("raters", raters)?;
    let mut names = Names::new(labels.py());
    if let Some(classes) = classes {
        names.add("classes", classes)?;
    }
    let listed = classes.map(|_| names.known.len());
    let of_labels = names.add("labels", labels)?;
    same_length(("items", of_items.len()), ("raters", of_raters.len()))?;
    same_length(("items", of_items.len()), ("labels", of_labels.len()))?;
    if let Some(at) = listed.and_then(|listed| of_labels.iter().position(|label| *label >= listed)) {
        let label = &names.known[of_labels[at]];
        return Err(refused(format!("labels[{at}] is {label}, which is not among the classes")));
    }
    let places: Vec<usize> = if listed.is_some() { (0..names.known.len()).collect() } else { names.sort() };
    if of_items.is_empty() {
        return Err(refused("items is empty"));
    }
    if places.len() < 2 {
        return Err(refused("labels has fewer than two classes: give `classes`"));
    }
    let cells = places.len().saturating_mul(places.len()).saturating_mul(raters.len());
    if cells.max(places.len().saturating_mul(items.len())) > 1 << 28 {
        return Err(refused("there are too many classes for so many items and raters"));
    }
    let vote = |at: usize| Vote { item: of_items[at], rater: of_raters[at], label: places[of_labels[at]] };
    Ok(Votes { votes: (0..of_items.len()).map(vote).collect(), items, raters, labels: names.known })
}

#[pyfunction]
fn vote_shares<'py>(
    py: Python<'py>,
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    classes: Option<&Bound<'py, PyAny>>,
) -> Record<'py> {
    let read = votes(items, raters, labels, classes)?;
    let (votes, classes) = (&read.votes, read.labels.len());
    let rows = py.detach(|| raters::shares(votes, classes)).ok_or_else(|| refused("an item has no vote"))?;
    labelled(py, rows, read.items, read.labels)
}

fn labelled<'py>(
    py: Python<'py>,
    rows: Vec<Vec<f64>>,
    items: Vec<Bound<'py, PyAny>>,
    classes: Vec<Bound<'py, PyAny>>,
) -> Record<'py> {
    let best = raters::most_probable(&rows);
    let labels: Vec<Option<&Bound<'py, PyAny>>> = best.iter().map(|best| best.map(|best| &classes[best])).collect();
    record!(py; labels: labels, probabilities: rows, items: items, classes: &classes)
}

#[pyfunction]
fn dawid_skene<'py>(
    py: Python<'py>,
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    classes: Option<&Bound<'py, PyAny>>,
    iterations: &Bound<'_, PyAny>,
    tolerance: f64,
) -> Record<'py> {
    let iterations: usize = count("max_iter", iterations, 0)?;
    if iterations == 0 || tolerance.is_nan() || tolerance < 0.0 {
        return Err(refused("max_iter must be at least 1 and tol 0 or more"));
    }
    let read = votes(items, raters, labels, classes)?;
    let (votes, classes) = (&read.votes, read.labels.len());
    let found = py
        .detach(|| raters::dawid_skene(votes, classes, iterations, tolerance))
        .ok_or_else(|| refused("labels are too few for so many classes"))?;
    let accuracies: Vec<f64> = (0..read.raters.len()).map(|rater| number(found.accuracy(rater))).collect();
    let fields = labelled(py, found.posteriors, read.items, read.labels)?;
    fields.set_item("raters", read.raters)?;
    fields.set_item("accuracies", accuracies)?;
    fields.set_item("confusion", found.confusion)?;
    fields.set_item("priors", found.priors)?;
    fields.set_item("elbo", found.elbo)?;
    fields.set_item("iterations", found.iterations)?;
    fields.set_item("converged", found.converged)?;
    fields.set_item("switched", found.switched)?;
    Ok(fields)
}

#[pyfunction]
fn mace<'py>(
    py: Python<'py>,
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    classes: Option<&Bound<'py, PyAny>>,
    restarts: &Bound<'_, PyAny>,
    seed: &Bound<'_, PyAny>,
) -> Record<'py> {
    let restarts: usize = count("restarts", restarts, 0)?;
    let seed: u64 = count("seed", seed, 0)?;
    if restarts == 0 {
        return Err(refused("restarts must be at least 1"));
    }
    let read = votes(items, raters, labels, classes)?;
    let (votes, classes) = (&read.votes, read.labels.len());
    let found = py
        .detach(|| raters::mace(votes, classes, restarts, seed))
        .ok_or_else(|| refused("labels are too few for so many classes"))?;
    let fields = labelled(py, found.posteriors, read.items, read.labels)?;
    fields.set_item("raters", read.raters)?;
    fields.set_item("competence", found.competence)?;
    fields.set_item("log_likelihood", found.log_likelihood)?;
    Ok(fields)
}

/// Scores in long form, with the names of raters and periods.
type Scores<'py> = (Vec<Score>, Vec<Bound<'py, PyAny>>, Vec<Bound<'py, PyAny>>);

fn scores<'py>(
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    scores: &Bound<'py, PyAny>,
    periods: Option<&Bound<'py, PyAny>>,
) -> PyResult<Scores<'py>> {
    let (of_items, _) = named("items", items)?;
    let (of_raters, raters) = named("raters", raters)?;
    let (of_periods, periods) = match periods {
        Some(periods) => named("periods", periods)?,
        None => (vec![0; of_items.len()], Vec::new()),
    };
    let scores = floats("scores", scores)?;
    same_length(("items", of_items.len()), ("raters", of_raters.len()))?;
    same_length(("items", of_items.len()), ("scores", scores.len()))?;
    same_length(("items", of_items.len()), ("periods", of_periods.len()))?;
    let score =
        |at: usize| Score { item: of_items[at], rater: of_raters[at], period: of_periods[at], score: scores[at] };
    Ok(((0..of_items.len()).map(score).collect(), raters, periods))
}

#[pyfunction]
fn rater_severity<'py>(
    py: Python<'py>,
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    values: &Bound<'py, PyAny>,
    periods: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (rows, raters, periods) = scores(items, raters, values, periods)?;
    let found = py.detach(|| raters::severity(&rows, confidence)).ok_or_else(|| {
        refused("raters cannot be compared: there must be two or more, connected by items that they share, and more scores than effects")
    })?;
    let rows = |all: &[Severity]| all.iter().map(|one| (one.effect, one.se, both(one.interval))).collect::<Vec<_>>();
    record!(py;
        names: raters,
        raters: rows(&found.raters),
        period_names: periods,
        periods: rows(&found.periods),
    )
}

#[pyfunction]
fn two_way_mean<'py>(
    py: Python<'py>,
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    values: &Bound<'py, PyAny>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (rows, _, _) = scores(items, raters, values, None)?;
    let found = py
        .detach(|| raters::two_way_mean(&rows, confidence))
        .ok_or_else(|| refused("there must be two items and two raters or more"))?;
    record!(py;
        estimate: found.mean,
        interval: both(found.interval),
        standard_error: found.se,
        df: found.df,
        few_raters: found.few_raters,
    )
}

#[pyfunction]
fn gold_accuracy(hits: &Bound<'_, PyAny>, misses: &Bound<'_, PyAny>, confidence: f64) -> PyResult<(f64, (f64, f64))> {
    let hits: u64 = count("hits", hits, 0)?;
    let misses: u64 = count("misses", misses, 0)?;
    let confidence = level(confidence)?;
    let (mean, interval) = raters::gold_accuracy(hits, misses, confidence).ok_or_else(|| refused("confidence"))?;
    Ok((mean, both(interval)))
}

#[pyfunction]
fn spearman_brown(single: f64, raters: f64) -> PyResult<f64> {
    raters::spearman_brown(single, raters).ok_or_else(|| refused("reliability must be from 0 to 1 and raters above 0"))
}

#[pyfunction]
fn raters_for_reliability(single: f64, target: f64) -> PyResult<u64> {
    raters::raters_for(single, target)
        .ok_or_else(|| refused("reliability must be above 0 and at most 1, and target between 0 and 1"))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(vote_shares, module)?)?;
    module.add_function(wrap_pyfunction!(dawid_skene, module)?)?;
    module.add_function(wrap_pyfunction!(mace, module)?)?;
    module.add_function(wrap_pyfunction!(rater_severity, module)?)?;
    module.add_function(wrap_pyfunction!(two_way_mean, module)?)?;
    module.add_function(wrap_pyfunction!(gold_accuracy, module)?)?;
    module.add_function(wrap_pyfunction!(spearman_brown, module)?)?;
    module.add_function(wrap_pyfunction!(raters_for_reliability, module)?)
}
