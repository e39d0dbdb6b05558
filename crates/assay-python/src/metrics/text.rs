//! Answers and summaries beside reference texts; numbers in texts.

use assay_metrics::meteor::{self, Weights};
use assay_metrics::rouge::{self, Tokens};
use assay_metrics::{answer, number};
use pyo3::prelude::*;

use super::{invalid, unknown};
use crate::arrays::texts::segments;

/// The best score among the references.
fn best(references: &[&str], score: impl Fn(&str) -> f64) -> f64 {
    references.iter().map(|reference| score(reference)).fold(0.0, f64::max)
}

#[pyfunction]
fn normalize_answer(text: &str) -> String {
    answer::normalize(text)
}

#[pyfunction]
fn exact_match(py: Python<'_>, prediction: &Bound<'_, PyAny>, references: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let score = |prediction: &str, references: &[&str]| {
        let prediction = answer::normalize(prediction);
        best(references, |reference| f64::from(u8::from(prediction == answer::normalize(reference))))
    };
    segments(("prediction", prediction), ("references", references))?.scores(py, score)
}

#[pyfunction]
fn token_f1(py: Python<'_>, prediction: &Bound<'_, PyAny>, references: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let score = |prediction: &str, references: &[&str]| best(references, |other| answer::token_f1(prediction, other));
    segments(("prediction", prediction), ("references", references))?.scores(py, score)
}

#[pyfunction]
fn meteor_score(
    py: Python<'_>,
    hypothesis: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    alpha: f64,
    beta: f64,
    gamma: f64,
) -> PyResult<Py<PyAny>> {
    let weights = Weights::new(alpha, beta, gamma)
        .ok_or_else(|| invalid("alpha and gamma must be from 0 to 1, beta a finite number of 0 or more"))?;
    let score = |hypothesis: &str, references: &[&str]| meteor::meteor(hypothesis, references, weights);
    segments(("hypothesis", hypothesis), ("references", references))?.scores(py, score)
}

#[pyfunction]
fn rouge_score(
    py: Python<'_>,
    kind: &str,
    prediction: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    stem: bool,
    unicode: bool,
) -> PyResult<Py<PyAny>> {
    let tokens = Tokens { stem, unicode };
    let segments = segments(("prediction", prediction), ("references", references))?;
    match kind.strip_prefix("rouge") {
        Some("L") => segments.scores(py, |p, all| best(all, |r| rouge::rouge_l(p, r, tokens))),
        Some("Lsum") => segments.scores(py, |p, all| best(all, |r| rouge::rouge_lsum(p, r, tokens))),
        n => match n.and_then(|n| n.parse::<usize>().ok()).filter(|n| (1..=100).contains(n)) {
            Some(n) => segments.scores(py, |p, all| best(all, |r| rouge::rouge_n(p, r, n, tokens))),
            None => Err(unknown("types", kind, "rouge1 to rouge100, rougeL, rougeLsum")),
        },
    }
}

#[pyfunction]
fn numbers_in(text: &str) -> Vec<f64> {
    number::numbers(text)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(normalize_answer, module)?)?;
    module.add_function(wrap_pyfunction!(exact_match, module)?)?;
    module.add_function(wrap_pyfunction!(token_f1, module)?)?;
    module.add_function(wrap_pyfunction!(meteor_score, module)?)?;
    module.add_function(wrap_pyfunction!(rouge_score, module)?)?;
    module.add_function(wrap_pyfunction!(numbers_in, module)?)
}
