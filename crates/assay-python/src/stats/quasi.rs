//! Effects without a randomised experiment: difference in differences, weighting, off-policy estimates, interleaving.

use assay_stats::quasi::{self, Assigned, Average, Impression, Logged, Observation, Team};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::estimate::{self, Level};
use super::online::effect;
use crate::arrays::{Names, clusters, count, flags, floats, groups, level, same_length};
use crate::results::{Record, number, record, refused};

#[pyfunction]
fn diff_in_diff<'py>(
    py: Python<'py>,
    outcomes: &Bound<'py, PyAny>,
    treated: &Bound<'py, PyAny>,
    post: &Bound<'py, PyAny>,
    units: &Bound<'py, PyAny>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let outcomes = floats("outcomes", outcomes)?;
    let (treated, post) = (flags("treated", treated)?, flags("post", post)?);
    let units = groups("units", Some(units))?.unwrap_or_default();
    same_length(("outcomes", outcomes.len()), ("treated", treated.len()))?;
    same_length(("outcomes", outcomes.len()), ("post", post.len()))?;
    same_length(("outcomes", outcomes.len()), ("units", units.len()))?;
    let row = |at: usize| Observation { unit: units[at], treated: treated[at], post: post[at], outcome: outcomes[at] };
    let rows: Vec<Observation> = (0..outcomes.len()).map(row).collect();
    let found = py.detach(|| quasi::diff_in_diff(&rows, confidence)).map_err(refused)?;
    let fields = effect(py, &found.effect)?;
    fields.set_item("treated", (found.treated[0], found.treated[1]))?;
    fields.set_item("control", (found.control[0], found.control[1]))?;
    fields.set_item("units", (found.units[0], found.units[1]))?;
    Ok(fields)
}

/// Inverse-propensity weighting, augmented where predictions are given.
#[pyfunction]
fn weighted_effect<'py>(
    py: Python<'py>,
    outcomes: &Bound<'py, PyAny>,
    treated: &Bound<'py, PyAny>,
    propensities: &Bound<'py, PyAny>,
    predictions: Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    groups: Option<&Bound<'py, PyAny>>,
    trim: f64,
    confidence: f64,
) -> PyResult<(Shown<'py>, Bound<'py, PyDict>)> {
    let confidence = level(confidence)?;
    let (outcomes, treated) = (floats("outcomes", outcomes)?, flags("treated", treated)?);
    let propensities = floats("propensities", propensities)?;
    same_length(("outcomes", outcomes.len()), ("treated", treated.len()))?;
    same_length(("outcomes", outcomes.len()), ("propensities", propensities.len()))?;
    let groups = clusters(groups, ("outcomes", outcomes.len()))?;
    let row = |at: usize| Assigned {
        treated: treated[at],
        outcome: outcomes[at],
        propensity: propensities[at],
        cluster: groups.as_ref().map(|groups| groups[at]),
    };
    let rows: Vec<Assigned> = (0..outcomes.len()).map(row).collect();
    let predictions = predictions
        .map(|(control, treatment)| {
            pairs(("predicted_control", &control), ("predicted_treatment", &treatment), outcomes.len())
        })
        .transpose()?;
    let found = py
        .detach(|| match &predictions {
            None => quasi::ipw(&rows, trim, confidence),
            Some(predictions) => quasi::aipw(&rows, predictions, trim, confidence),
        })
        .map_err(refused)?;
    average(py, found)
}

fn pairs(
    (first, a): (&str, &Bound<'_, PyAny>),
    (second, b): (&str, &Bound<'_, PyAny>),
    n: usize,
) -> PyResult<Vec<(f64, f64)>> {
    let (a, b) = (floats(first, a)?, floats(second, b)?);
    same_length(("outcomes", n), (first, a.len()))?;
    same_length(("outcomes", n), (second, b.len()))?;
    Ok(a.iter().copied().zip(b.iter().copied()).collect())
}

/// An estimate and its fields.
type Shown<'py> = (Level, Bound<'py, PyDict>);

fn average<'py>(py: Python<'py>, found: Average) -> PyResult<(Shown<'py>, Bound<'py, PyDict>)> {
    let behind = record!(py;
        treatment: found.treatment,
        control: found.control,
        cases: found.overlap.cases,
        trimmed: found.overlap.trimmed,
        effective: (found.overlap.effective[0], found.overlap.effective[1]),
        largest_share: found.overlap.largest_share,
    )?;
    Ok((estimate::shown(py, found.effect, "unbounded")?, behind))
}

#[pyfunction]
fn off_policy<'py>(
    py: Python<'py>,
    rewards: &Bound<'py, PyAny>,
    propensities: &Bound<'py, PyAny>,
    targets: &Bound<'py, PyAny>,
    predictions: Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (rewards, propensities) = (floats("rewards", rewards)?, floats("propensities", propensities)?);
    let targets = floats("targets", targets)?;
    same_length(("rewards", rewards.len()), ("propensities", propensities.len()))?;
    same_length(("rewards", rewards.len()), ("targets", targets.len()))?;
    let groups = clusters(groups, ("rewards", rewards.len()))?;
    let row = |at: usize| Logged {
        reward: rewards[at],
        propensity: propensities[at],
        target: targets[at],
        cluster: groups.as_ref().map(|groups| groups[at]),
    };
    let rows: Vec<Logged> = (0..rewards.len()).map(row).collect();
    let predictions = predictions
        .map(|(logged, mean)| pairs(("predicted_logged", &logged), ("predicted_target", &mean), rewards.len()))
        .transpose()?;
    let found = py.detach(|| quasi::off_policy(&rows, predictions.as_deref(), confidence)).map_err(refused)?;
    record!(py;
        ips: estimate::shown(py, found.ips, "unbounded")?,
        snips: found.snips.map(|found| estimate::shown(py, found, "unbounded")).transpose()?,
        doubly_robust: found.doubly_robust.map(|found| estimate::shown(py, found, "unbounded")).transpose()?,
        effective: found.effective,
        largest_share: found.largest_share,
        mean_weight: found.mean_weight,
    )
}

/// Two rankings as places among their items.
type Rankings<'py> = (Vec<usize>, Vec<usize>, Vec<Bound<'py, PyAny>>);

fn rankings<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Rankings<'py>> {
    let mut names = Names::new(a.py());
    let (a, b) = (names.add("a", a)?, names.add("b", b)?);
    Ok((a, b, names.known))
}

/// `lots` are numbers from [0, 1), one for each place.
#[pyfunction]
fn team_draft<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    lots: Vec<f64>,
) -> PyResult<Vec<(Bound<'py, PyAny>, &'static str)>> {
    let (a, b, names) = rankings(a, b)?;
    let mut draws = lots.iter();
    let picks = quasi::team_draft(&a, &b, lots.len(), || draws.next().is_some_and(|lot| *lot < 0.5));
    let team = |team| if team == Team::A { "a" } else { "b" };
    Ok(picks.into_iter().map(|(item, picked)| (names[item].clone(), team(picked))).collect())
}

#[pyfunction]
fn balanced_interleave<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    length: &Bound<'_, PyAny>,
    a_first: bool,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let length: usize = count("length", length, 0)?;
    let (a, b, names) = rankings(a, b)?;
    Ok(quasi::balanced(&a, &b, length, a_first).into_iter().map(|item| names[item].clone()).collect())
}

/// Two of `lots` for each place.
#[pyfunction]
fn probabilistic_interleave<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    lots: Vec<f64>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let (a, b, names) = rankings(a, b)?;
    let mut draws = lots.iter();
    let list = quasi::probabilistic(&a, &b, lots.len() / 2, || draws.next().copied().unwrap_or_default());
    Ok(list.into_iter().map(|item| names[item].clone()).collect())
}

#[pyfunction]
fn interleaving_credit<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    shown: &Bound<'py, PyAny>,
    clicked: &Bound<'py, PyAny>,
    probabilistic: bool,
) -> PyResult<(f64, f64)> {
    let mut names = Names::new(a.py());
    let (a, b) = (names.add("a", a)?, names.add("b", b)?);
    let (shown, clicked) = (names.add("shown", shown)?, flags("clicked", clicked)?);
    same_length(("shown", shown.len()), ("clicked", clicked.len()))?;
    let shown: Vec<(usize, bool)> = shown.into_iter().zip(clicked).collect();
    let found = if probabilistic {
        quasi::probabilistic_credit(&a, &b, &shown)
    } else {
        quasi::balanced_credit(&a, &b, &shown)
    };
    found.ok_or_else(|| refused("shown has an item that neither ranking holds, or one twice"))
}

#[pyfunction]
fn interleaving_preference<'py>(
    py: Python<'py>,
    credit_a: &Bound<'py, PyAny>,
    credit_b: &Bound<'py, PyAny>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> PyResult<(Shown<'py>, Bound<'py, PyDict>)> {
    let confidence = level(confidence)?;
    let (a, b) = (floats("credit_a", credit_a)?, floats("credit_b", credit_b)?);
    same_length(("credit_a", a.len()), ("credit_b", b.len()))?;
    let groups = clusters(groups, ("credit_a", a.len()))?;
    let one = |at: usize| Impression { a: a[at], b: b[at], cluster: groups.as_ref().map(|groups| groups[at]) };
    let impressions: Vec<Impression> = (0..a.len()).map(one).collect();
    let found = py.detach(|| quasi::interleaving(&impressions, confidence)).map_err(refused)?;
    let behind = record!(py; wins_a: found.wins_a, wins_b: found.wins_b, ties: found.ties, p_value: number(found.p))?;
    Ok((estimate::shown(py, found.preference, "bounded")?, behind))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(diff_in_diff, module)?)?;
    module.add_function(wrap_pyfunction!(weighted_effect, module)?)?;
    module.add_function(wrap_pyfunction!(off_policy, module)?)?;
    module.add_function(wrap_pyfunction!(team_draft, module)?)?;
    module.add_function(wrap_pyfunction!(balanced_interleave, module)?)?;
    module.add_function(wrap_pyfunction!(probabilistic_interleave, module)?)?;
    module.add_function(wrap_pyfunction!(interleaving_credit, module)?)?;
    module.add_function(wrap_pyfunction!(interleaving_preference, module)?)
}
