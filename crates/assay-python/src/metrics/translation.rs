//! BLEU, chrF and TER of sentences and of a corpus.

use assay_metrics::bleu::{self, Bleu, Smoothing};
use assay_metrics::chrf::{Chrf, MOST_WORD_ORDER};
use assay_metrics::corpus::{Counts, Row, of_sums, sum};
use assay_metrics::ter::{self, Ter};
use assay_metrics::tokens::Tokeniser;
use pyo3::prelude::*;

use super::corpus::{Cases, Level, numbers};
use super::{invalid, unknown};
use crate::arrays::texts::segments;

fn bleu(tokenize: &str, smoothing: &str, value: Option<f64>, lowercase: bool, effective: bool) -> PyResult<Bleu> {
    let tokens = Tokeniser::ALL.into_iter().find(|tokens| tokens.name() == tokenize);
    let tokens = tokens.ok_or_else(|| unknown("tokenize", tokenize, "13a, intl, char, zh, none"))?;
    if value.is_some_and(|value| !(value.is_finite() && value > 0.0)) {
        return Err(invalid("smooth_value must be a finite number above 0"));
    }
    let smoothing = match smoothing {
        "none" => Smoothing::None,
        "exp" => Smoothing::Exp,
        "floor" => Smoothing::Floor(value.unwrap_or(0.1)),
        "add-k" => Smoothing::AddK(value.unwrap_or(1.0)),
        other => return Err(unknown("smooth_method", other, "none, exp, floor, add-k")),
    };
    Ok(Bleu { tokens, smoothing, effective_order: effective, lowercase })
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn sentence_bleu(
    py: Python<'_>,
    hypothesis: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    tokenize: &str,
    smooth_method: &str,
    smooth_value: Option<f64>,
    lowercase: bool,
    effective_order: bool,
) -> PyResult<Py<PyAny>> {
    let bleu = bleu(tokenize, smooth_method, smooth_value, lowercase, effective_order)?;
    let score =
        |hypothesis: &str, references: &[&str]| bleu.score(&bleu.segment(hypothesis, references)).unwrap_or(0.0);
    segments(("hypothesis", hypothesis), ("references", references))?.scores(py, score)
}

/// The level, the signature, precisions, the brevity penalty, tokens of the hypotheses and of the references.
type BleuLevel = (Level, String, Vec<f64>, f64, f64, f64);

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn corpus_bleu(
    py: Python<'_>,
    hypotheses: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    tokenize: &str,
    smooth_method: &str,
    smooth_value: Option<f64>,
    lowercase: bool,
    groups: Option<&Bound<'_, PyAny>>,
    confidence: f64,
) -> PyResult<BleuLevel> {
    let bleu = bleu(tokenize, smooth_method, smooth_value, lowercase, false)?;
    let segments = columns(hypotheses, references)?;
    let cases = Cases::new("hypotheses", segments.len(), groups, confidence)?;
    Ok(py.detach(|| {
        let counts = segments.each(|hypothesis, references| bleu.segment(hypothesis, references));
        let figure = |rows: &[Row<'_>]| of_sums(rows, |sums| bleu.score(&bleu::Counts::read(sums)?));
        let level = cases.level(&numbers(&counts), Some((0.0, 1.0)), figure);
        let all = sum(&counts);
        let precision = |(matched, total): (&f64, &f64)| if *total > 0.0 { matched / total } else { f64::NAN };
        let precisions = all.matched.iter().zip(&all.total).map(precision).collect();
        let signature = bleu.signature(segments.references());
        (level, signature, precisions, all.brevity_penalty(), all.length, all.reference_length)
    }))
}

/// Columns, not single texts.
fn columns(hypotheses: &Bound<'_, PyAny>, references: &Bound<'_, PyAny>) -> PyResult<crate::arrays::texts::Segments> {
    if hypotheses.is_instance_of::<pyo3::types::PyString>() {
        return Err(crate::arrays::wrong("hypotheses", "a sequence of texts", hypotheses));
    }
    segments(("hypotheses", hypotheses), ("references", references))
}

fn chrf(word_order: usize, lowercase: bool) -> PyResult<Chrf> {
    if word_order > MOST_WORD_ORDER {
        return Err(invalid(format!("word_order is {word_order}: it must be from 0 to {MOST_WORD_ORDER}")));
    }
    Ok(Chrf { word_order, lowercase })
}

#[pyfunction]
fn sentence_chrf(
    py: Python<'_>,
    hypothesis: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    word_order: usize,
    lowercase: bool,
) -> PyResult<Py<PyAny>> {
    let chrf = chrf(word_order, lowercase)?;
    let score =
        |hypothesis: &str, references: &[&str]| chrf.score(&chrf.segment(hypothesis, references)).unwrap_or(0.0);
    segments(("hypothesis", hypothesis), ("references", references))?.scores(py, score)
}

#[pyfunction]
fn corpus_chrf(
    py: Python<'_>,
    hypotheses: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    word_order: usize,
    lowercase: bool,
    groups: Option<&Bound<'_, PyAny>>,
    confidence: f64,
) -> PyResult<(Level, String)> {
    let chrf = chrf(word_order, lowercase)?;
    let segments = columns(hypotheses, references)?;
    let cases = Cases::new("hypotheses", segments.len(), groups, confidence)?;
    Ok(py.detach(|| {
        let counts = segments.each(|hypothesis, references| chrf.segment(hypothesis, references));
        let figure = |rows: &[Row<'_>]| of_sums(rows, |sums| chrf.score(&Counts::read(sums)?));
        let level = cases.level(&numbers(&counts), Some((0.0, 1.0)), figure);
        (level, chrf.signature(segments.references()))
    }))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn sentence_ter(
    py: Python<'_>,
    hypothesis: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    normalized: bool,
    no_punct: bool,
    asian_support: bool,
    case_sensitive: bool,
) -> PyResult<Py<PyAny>> {
    let ter = Ter { normalised: normalized, no_punctuation: no_punct, asian: asian_support, case_sensitive };
    let score = |hypothesis: &str, references: &[&str]| super::nan(ter.segment(hypothesis, references).rate());
    segments(("hypothesis", hypothesis), ("references", references))?.scores(py, score)
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn corpus_ter(
    py: Python<'_>,
    hypotheses: &Bound<'_, PyAny>,
    references: &Bound<'_, PyAny>,
    normalized: bool,
    no_punct: bool,
    asian_support: bool,
    case_sensitive: bool,
    groups: Option<&Bound<'_, PyAny>>,
    confidence: f64,
) -> PyResult<(Level, String)> {
    let ter = Ter { normalised: normalized, no_punctuation: no_punct, asian: asian_support, case_sensitive };
    let segments = columns(hypotheses, references)?;
    let cases = Cases::new("hypotheses", segments.len(), groups, confidence)?;
    Ok(py.detach(|| {
        let counts = segments.each(|hypothesis, references| ter.segment(hypothesis, references));
        let figure = |rows: &[Row<'_>]| of_sums(rows, |sums| ter::Counts::read(sums)?.rate());
        (cases.level(&numbers(&counts), None, figure), ter.signature(segments.references()))
    }))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sentence_bleu, module)?)?;
    module.add_function(wrap_pyfunction!(corpus_bleu, module)?)?;
    module.add_function(wrap_pyfunction!(sentence_chrf, module)?)?;
    module.add_function(wrap_pyfunction!(corpus_chrf, module)?)?;
    module.add_function(wrap_pyfunction!(sentence_ter, module)?)?;
    module.add_function(wrap_pyfunction!(corpus_ter, module)?)
}
