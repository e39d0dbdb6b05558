//! Judges compared with people.

use assay_stats::Interval;
use assay_stats::calibration::Label;
use assay_stats::judges::{self, Alignment, Evidence, Pool, Sampled, Stratum};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::calibration::corrected;
use super::online::effect;
use crate::arrays::ratings::ratings;
use crate::arrays::tables;
use crate::arrays::{choice, clusters, count, flags, floats, groups, inside, level, named, optional, same_length};
use crate::results::{Record, both, number, record, refused};

#[pyfunction]
fn alt_test<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    people: &Bound<'py, PyAny>,
    alignment: &str,
    epsilon: f64,
    q: f64,
) -> Record<'py> {
    let alignment = choice("alignment", alignment, &[("accuracy", Alignment::Accuracy), ("rmse", Alignment::Rmse)])?;
    if !epsilon.is_finite() {
        return Err(refused("epsilon must be finite"));
    }
    let q = inside("q", q)?;
    let read = ratings("people", people, None)?;
    let rows = read.rows;
    let judge = match &read.words {
        None => optional("judge", judge)?,
        Some(words) => {
            // Words of people and of the judge are the same numbers.
            let mut names = crate::arrays::Names::new(py);
            for word in words {
                names.place("people", word)?;
            }
            let mut read = Vec::new();
            for (at, word) in crate::arrays::objects("judge", judge)?.iter().enumerate() {
                let missing = crate::arrays::is_missing(word)?;
                let place = if missing { None } else { Some(names.place(&format!("judge[{at}]"), word)? as f64) };
                read.push(place);
            }
            read
        }
    };
    if read.words.is_some() && alignment == Alignment::Rmse {
        return Err(refused("people's labels are words: alignment rmse needs numbers"));
    }
    same_length(("judge", judge.len()), ("people", rows.len()))?;
    let found = py
        .detach(|| judges::alt_test(&judge, &rows, alignment, epsilon, q))
        .ok_or_else(|| refused("people: no annotator has 30 items that the judge and another person labelled too"))?;
    let mut annotators = Vec::new();
    for one in &found.annotators {
        annotators.push(match one {
            None => None,
            Some(one) => Some(record!(py;
                items: one.items,
                advantage: one.advantage,
                difference: one.difference,
                p_value: one.p,
                beaten: one.beaten,
            )?),
        });
    }
    record!(py;
        passed: found.passed,
        winning_rate: found.winning_rate,
        advantage: found.advantage,
        few_annotators: found.few_annotators,
        annotators: annotators,
    )
}

#[pyfunction]
fn group_difference<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    second: &Bound<'py, PyAny>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (values, second) = (floats("values", values)?, flags("second", second)?);
    same_length(("values", values.len()), ("second", second.len()))?;
    let alone = || (0..values.len()).map(|at| at as u32).collect();
    let groups = clusters(groups, ("values", values.len()))?.unwrap_or_else(alone);
    let values = &*values;
    let found = py.detach(|| judges::group_difference(values, &second, &groups, confidence)).map_err(refused)?;
    effect(py, &found)
}

#[pyfunction]
fn effective_judges(py: Python<'_>, errors: &Bound<'_, PyAny>) -> PyResult<f64> {
    let rows = tables::optional_rows("errors", errors)?;
    let columns: Vec<Vec<Option<f64>>> =
        (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at]).collect()).collect();
    Ok(number(py.detach(|| judges::independent(&columns))))
}

#[pyfunction]
fn logistic_regression<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (rows, outcomes) = (tables::rows("x", x)?, flags("y", y)?);
    same_length(("x", rows.len()), ("y", outcomes.len()))?;
    let found = py.detach(|| judges::logistic(&rows, &outcomes)).ok_or_else(|| {
        refused(
            "there is no finite fit: y has one class, columns of x depend on each other, or they separate the classes",
        )
    })?;
    let wald: Vec<(Interval, f64)> =
        (0..found.coefficients.len()).filter_map(|at| found.wald(at, confidence)).collect();
    record!(py;
        intervals: wald.iter().map(|(interval, _)| both(*interval)).collect::<Vec<_>>(),
        p_value: wald.iter().map(|(_, p)| *p).collect::<Vec<_>>(),
        coefficients: found.coefficients,
        standard_error: found.se,
        log_likelihood: found.log_likelihood,
    )
}

#[pyfunction]
fn verbosity_bias<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    people: &Bound<'py, PyAny>,
    log_length: &Bound<'py, PyAny>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (judge, people, log_length) =
        (flags("judge", judge)?, floats("people", people)?, floats("lengths", log_length)?);
    same_length(("judge", judge.len()), ("people", people.len()))?;
    same_length(("judge", judge.len()), ("lengths", log_length.len()))?;
    let (people, log_length) = (&*people, &*log_length);
    let found = py.detach(|| judges::verbosity(&judge, people, log_length, confidence)).ok_or_else(|| {
        refused("there is no finite fit: the judge always prefers one side, or lengths or people decide its verdict")
    })?;
    record!(py;
        coefficient: found.coefficient,
        interval: both(found.interval),
        p_value: found.p,
        partial: number(found.partial),
        pairs: found.pairs,
    )
}

#[pyfunction]
fn partial_correlation(
    py: Python<'_>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    z: &Bound<'_, PyAny>,
) -> PyResult<f64> {
    let (x, y, z) = (floats("x", x)?, floats("y", y)?, floats("z", z)?);
    same_length(("x", x.len()), ("y", y.len()))?;
    same_length(("x", x.len()), ("z", z.len()))?;
    let (x, y, z) = (&*x, &*y, &*z);
    Ok(number(py.detach(|| judges::partial_correlation(x, y, z))))
}

/// Strata by name: their shares of the population, labelled and unlabelled cases.
#[pyfunction]
#[pyo3(signature = (judge, truth, strata, shares, groups, confidence))]
fn stratified_ppi_mean<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    truth: &Bound<'py, PyAny>,
    strata: &Bound<'py, PyAny>,
    shares: &Bound<'py, PyDict>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (judge, truth) = (floats("judge", judge)?, optional("truth", truth)?);
    same_length(("judge", judge.len()), ("truth", truth.len()))?;
    let groups = clusters(groups, ("judge", judge.len()))?;
    let (places, names) = named("strata", strata)?;
    same_length(("judge", judge.len()), ("strata", places.len()))?;
    let mut parts = Vec::with_capacity(names.len());
    for name in &names {
        let share = match shares.is_empty() {
            true => places.iter().filter(|place| **place == parts.len()).count() as f64,
            false => match shares.get_item(name)? {
                Some(share) => share.extract::<f64>()?,
                None => return Err(refused(format!("shares has no stratum {name}"))),
            },
        };
        parts.push(Stratum { share, labels: Vec::new(), unlabelled: Vec::new() });
    }
    for (at, ((judge, truth), place)) in judge.iter().zip(&truth).zip(&places).enumerate() {
        let cluster = groups.as_ref().map(|groups| groups[at]);
        match truth {
            Some(truth) => parts[*place].labels.push(Label { truth: *truth, judge: *judge, cluster }),
            None => parts[*place].unlabelled.push((*judge, cluster)),
        }
    }
    let found = py.detach(|| judges::stratified_prediction_powered(&parts, confidence)).map_err(refused)?;
    corrected(py, &found)
}

#[pyfunction]
fn active_mean<'py>(
    py: Python<'py>,
    judge: &Bound<'py, PyAny>,
    truth: &Bound<'py, PyAny>,
    chances: &Bound<'py, PyAny>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let confidence = level(confidence)?;
    let (judge, truth, chances) = (floats("judge", judge)?, optional("truth", truth)?, floats("chances", chances)?);
    same_length(("judge", judge.len()), ("truth", truth.len()))?;
    same_length(("judge", judge.len()), ("chances", chances.len()))?;
    let groups = clusters(groups, ("judge", judge.len()))?;
    let case = |at: usize| Sampled {
        judge: judge[at],
        truth: truth[at],
        chance: chances[at],
        cluster: groups.as_ref().map(|groups| groups[at]),
    };
    let cases: Vec<Sampled> = (0..judge.len()).map(case).collect();
    let found = py.detach(|| judges::active_mean(&cases, confidence)).map_err(refused)?;
    corrected(py, &found)
}

#[pyfunction]
fn abstention_threshold<'py>(
    py: Python<'py>,
    confidences: &Bound<'py, PyAny>,
    errors: &Bound<'py, PyAny>,
    risk: f64,
    delta: f64,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let (risk, delta) = (inside("risk", risk)?, inside("delta", delta)?);
    let (confidences, errors) = (floats("confidences", confidences)?, flags("errors", errors)?);
    same_length(("confidences", confidences.len()), ("errors", errors.len()))?;
    let confidences = &*confidences;
    let found = py.detach(|| judges::abstention(confidences, &errors, risk, delta)).map_err(refused)?;
    found.map_or(Ok(None), |found| {
        record!(py;
            threshold: found.threshold,
            coverage: found.coverage,
            errors: found.errors,
            decided: found.decided,
            upper: found.upper,
        )
        .map(Some)
    })
}

#[pyfunction]
fn next_labels(
    cases: &Bound<'_, PyAny>,
    sds: &Bound<'_, PyAny>,
    labels: &Bound<'_, PyAny>,
    uniform: f64,
) -> PyResult<Vec<u64>> {
    let labels: u64 = count("labels", labels, 0)?;
    let (cases, sds) = (crate::arrays::counts("cases", cases)?, floats("sds", sds)?);
    same_length(("cases", cases.len()), ("sds", sds.len()))?;
    if !(0.0..=1.0).contains(&uniform) {
        return Err(refused(format!("uniform must be from 0 to 1, not {uniform}")));
    }
    let pools: Vec<Pool> = cases.iter().zip(&*sds).map(|(cases, sd)| Pool { cases: *cases, sd: *sd }).collect();
    judges::next_labels(&pools, labels, uniform)
        .ok_or_else(|| refused("sds must not be negative, and there must be cases"))
}

#[pyfunction]
fn calibration_error<'py>(
    py: Python<'py>,
    truths: &Bound<'py, PyAny>,
    forecasts: &Bound<'py, PyAny>,
    bins: &Bound<'_, PyAny>,
) -> Record<'py> {
    let bins: usize = count("bins", bins, 0)?;
    let (truths, forecasts) = (flags("y_true", truths)?, super::calibration::probabilities("y_prob", forecasts)?);
    same_length(("y_true", truths.len()), ("y_prob", forecasts.len()))?;
    let found = py
        .detach(|| judges::calibration_error(&forecasts, &truths, bins))
        .ok_or_else(|| refused("y_true has no items, or bins is 0"))?;
    let rows: Vec<(usize, f64, f64)> = found.bins.iter().map(|bin| (bin.cases, bin.forecast, bin.observed)).collect();
    record!(py; ece: found.ece, squared: found.squared, debiased: number(found.debiased), bins: rows)
}

#[pyfunction]
fn temperature(py: Python<'_>, logits: &Bound<'_, PyAny>, truths: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (logits, truths) = (floats("logits", logits)?, flags("y_true", truths)?);
    same_length(("logits", logits.len()), ("y_true", truths.len()))?;
    let logits = &*logits;
    Ok(number(py.detach(|| judges::temperature(logits, &truths))))
}

#[pyfunction]
fn judge_grade(evidence: &Bound<'_, PyDict>) -> PyResult<(String, &'static str, Vec<String>)> {
    let number = |name: &str| -> PyResult<Option<f64>> {
        evidence.get_item(name)?.filter(|value| !value.is_none()).map(|value| value.extract()).transpose()
    };
    let whole = |name: &str| -> PyResult<Option<u64>> {
        evidence.get_item(name)?.filter(|value| !value.is_none()).map(|value| count(name, &value, 0)).transpose()
    };
    let differential: Option<(f64, f64)> =
        evidence.get_item("differential")?.filter(|value| !value.is_none()).map(|value| value.extract()).transpose()?;
    let found = judges::grade(&Evidence {
        labels: whole("labels")?.unwrap_or(0),
        rarer_class: whole("rarer_class")?.unwrap_or(0),
        smaller_arm: whole("smaller_arm")?,
        agreement: number("agreement")?,
        parse_failures: number("parse_failures")?,
        flip_rate: number("flip_rate")?,
        sensitivity: number("sensitivity")?,
        specificity: number("specificity")?,
        position_consistency: number("position_consistency")?,
        differential: differential.map(|(lower, upper)| Interval { lower, upper }),
        margin: number("margin")?.unwrap_or(0.0),
        below_people: number("below_people")?,
        winning_rate: number("winning_rate")?,
        age: number("age")?,
        canary: evidence
            .get_item("canary")?
            .filter(|value| !value.is_none())
            .map(|value| value.extract())
            .transpose()?,
    });
    Ok((found.grade.to_string(), found.grade.allows(), found.missing))
}

#[pyfunction]
fn flip_rate(py: Python<'_>, values: &Bound<'_, PyAny>, cases: &Bound<'_, PyAny>, tolerance: f64) -> PyResult<f64> {
    let values = floats("verdicts", values)?;
    let of = groups("cases", Some(cases))?.unwrap_or_default();
    same_length(("verdicts", values.len()), ("cases", of.len()))?;
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(refused("tolerance must be 0 or more"));
    }
    let mut repeats = vec![Vec::new(); of.iter().max().map_or(0, |last| *last as usize + 1)];
    of.iter().zip(&*values).for_each(|(case, value)| repeats[*case as usize].push(*value));
    Ok(number(py.detach(|| assay_stats::calibration::flip_rate(&repeats, tolerance))))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(alt_test, module)?)?;
    module.add_function(wrap_pyfunction!(group_difference, module)?)?;
    module.add_function(wrap_pyfunction!(effective_judges, module)?)?;
    module.add_function(wrap_pyfunction!(logistic_regression, module)?)?;
    module.add_function(wrap_pyfunction!(verbosity_bias, module)?)?;
    module.add_function(wrap_pyfunction!(partial_correlation, module)?)?;
    module.add_function(wrap_pyfunction!(stratified_ppi_mean, module)?)?;
    module.add_function(wrap_pyfunction!(active_mean, module)?)?;
    module.add_function(wrap_pyfunction!(abstention_threshold, module)?)?;
    module.add_function(wrap_pyfunction!(next_labels, module)?)?;
    module.add_function(wrap_pyfunction!(calibration_error, module)?)?;
    module.add_function(wrap_pyfunction!(temperature, module)?)?;
    module.add_function(wrap_pyfunction!(judge_grade, module)?)?;
    module.add_function(wrap_pyfunction!(flip_rate, module)?)
}
