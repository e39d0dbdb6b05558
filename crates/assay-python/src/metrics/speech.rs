//! Word and character errors.

use assay_metrics::corpus::{Counts, of_sums, sum};
use assay_metrics::word_errors::WordErrors;
use pyo3::prelude::*;

use super::corpus::{Cases, Level, numbers};
use super::{nan, unknown};
use crate::arrays::texts::pairs;

/// Hits, substitutions, deletions, insertions; the rate, mer and wil with their intervals.
type Errors = ((f64, f64, f64, f64), Level, Level, Level);

#[pyfunction]
fn word_errors(
    py: Python<'_>,
    reference: &Bound<'_, PyAny>,
    hypothesis: &Bound<'_, PyAny>,
    unit: &str,
    groups: Option<&Bound<'_, PyAny>>,
    confidence: f64,
) -> PyResult<Errors> {
    let of = units(unit)?;
    let pairs = pairs(("reference", reference), ("hypothesis", hypothesis))?;
    let cases = Cases::new("reference", pairs.len(), groups, confidence)?;
    Ok(py.detach(|| {
        let all = pairs.each(|reference, hypothesis| of(hypothesis, reference));
        let counts = numbers(&all);
        let level = |range, score: &dyn Fn(WordErrors) -> Option<f64>| {
            cases.level(&counts, range, |rows| of_sums(rows, |sums| score(WordErrors::read(sums)?)))
        };
        let rate = level(None, &|errors| errors.rate());
        let mer = level(Some((0.0, 1.0)), &|errors| Some(errors.mer()));
        let wil = level(Some((0.0, 1.0)), &|errors| Some(errors.wil()));
        let WordErrors { hits, substitutions, deletions, insertions } = sum(&all);
        ((hits, substitutions, deletions, insertions), rate, mer, wil)
    }))
}

fn units(unit: &str) -> PyResult<fn(&str, &str) -> WordErrors> {
    match unit {
        "word" => Ok(WordErrors::of_words),
        "character" => Ok(WordErrors::of_characters),
        other => Err(unknown("unit", other, "word, character")),
    }
}

/// The rates of all texts together: wer or cer, mer, wil.
#[pyfunction]
fn error_rates(
    py: Python<'_>,
    reference: &Bound<'_, PyAny>,
    hypothesis: &Bound<'_, PyAny>,
    unit: &str,
) -> PyResult<(f64, f64, f64)> {
    let of = units(unit)?;
    let pairs = pairs(("reference", reference), ("hypothesis", hypothesis))?;
    let all = py.detach(|| sum(&pairs.each(|reference, hypothesis| of(hypothesis, reference))));
    Ok((nan(all.rate()), all.mer(), all.wil()))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(word_errors, module)?)?;
    module.add_function(wrap_pyfunction!(error_rates, module)?)
}
