//! Entities in tagged tokens and as spans.

use assay_metrics::classification::Undefined;
use assay_metrics::entities::{Matches, Matching, Scheme, Span, entity_counts, match_spans};
use pyo3::prelude::*;

use super::classification::{Class, class};
use super::{invalid, unknown};
use crate::arrays::same_length;
use crate::arrays::texts::{listed, text, texts};

fn scheme(name: &str) -> PyResult<Scheme> {
    match name {
        "lenient" => Ok(Scheme::Lenient),
        "IOB2" => Ok(Scheme::Iob2),
        "IOBES" => Ok(Scheme::Iobes),
        "BILOU" => Ok(Scheme::Bilou),
        other => Err(unknown("scheme", other, "lenient, IOB2, IOBES, BILOU")),
    }
}

#[pyfunction]
fn tag_spans(tags: &Bound<'_, PyAny>, scheme: &str) -> PyResult<Vec<(usize, usize, String)>> {
    let spans = self::scheme(scheme)?.spans(&texts("tags", tags)?).map_err(invalid)?;
    Ok(spans.into_iter().map(|span| (span.start, span.end, span.label)).collect())
}

#[pyfunction]
fn tagged_entities(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    scheme: &str,
) -> PyResult<Vec<(String, Class)>> {
    let scheme = self::scheme(scheme)?;
    let (expected, found) = (
        listed("y_true", "a sequence of tagged texts", y_true)?,
        listed("y_pred", "a sequence of tagged texts", y_pred)?,
    );
    same_length(("y_true", expected.len()), ("y_pred", found.len()))?;
    let (mut truth, mut predicted) = (Vec::with_capacity(expected.len()), Vec::with_capacity(found.len()));
    for (at, (expected, found)) in expected.iter().zip(found.iter()).enumerate() {
        let (names, sides) = ([format!("y_true[{at}]"), format!("y_pred[{at}]")], [expected, found]);
        let (t, p) = (texts(&names[0], &sides[0])?, texts(&names[1], &sides[1])?);
        same_length((&names[0], t.len()), (&names[1], p.len()))?;
        truth.push(t);
        predicted.push(p);
    }
    py.detach(|| {
        let spans = |name: &str, tags: &[Vec<pyo3::pybacked::PyBackedStr>]| -> Result<Vec<Vec<Span>>, String> {
            let one = |(at, tags): (usize, &Vec<_>)| scheme.spans(tags).map_err(|why| format!("{name}[{at}]: {why}"));
            tags.iter().enumerate().map(one).collect()
        };
        let counts = entity_counts(&spans("y_true", &truth)?, &spans("y_pred", &predicted)?);
        Ok(counts.map_err(|why| why.to_string())?.into_iter().map(|(label, counts)| (label, class(&counts))).collect())
    })
    .map_err(|error: String| invalid(error))
}

/// Spans of each text: (start, end, label).
fn spans(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<Span>>> {
    let all = listed(name, "a sequence with the spans of each text", value)?;
    let span = |place: &str, value: &Bound<'_, PyAny>| {
        let part = |at: usize| {
            let wanted = format!("{place} must be (start, end, label) with whole numbers of 0 or more");
            value.get_item(at).map_err(|_| invalid(wanted))
        };
        let whole = |value: Bound<'_, PyAny>| {
            let wanted = format!("{place} must be (start, end, label) with whole numbers of 0 or more");
            value.extract::<usize>().map_err(|_| invalid(wanted))
        };
        let (start, end) = (whole(part(0)?)?, whole(part(1)?)?);
        if start >= end {
            return Err(invalid(format!("{place} is empty: it starts at {start} and ends before {end}")));
        }
        Ok(Span { start, end, label: text(&format!("the label of {place}"), &part(2)?)?.to_string() })
    };
    let one = |(at, text): (usize, Bound<'_, PyAny>)| {
        let list = listed(&format!("{name}[{at}]"), "a sequence of spans", &text)?;
        list.iter().enumerate().map(|(i, value)| span(&format!("{name}[{at}][{i}]"), &value)).collect()
    };
    all.iter().enumerate().map(one).collect()
}

#[pyfunction]
fn span_entities(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
) -> PyResult<Vec<(String, Class)>> {
    let (expected, found) = (spans("y_true", y_true)?, spans("y_pred", y_pred)?);
    same_length(("y_true", expected.len()), ("y_pred", found.len()))?;
    let counts = py.detach(|| entity_counts(&expected, &found)).map_err(invalid)?;
    Ok(counts.into_iter().map(|(label, counts)| (label, class(&counts))).collect())
}

/// Correct, incorrect, partial, missed, spurious.
#[pyfunction]
fn span_matches(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    matching: &str,
) -> PyResult<[usize; 5]> {
    let matching = match matching {
        "strict" => Matching::Strict,
        "exact" => Matching::Exact,
        "partial" => Matching::Partial,
        "type" => Matching::Type,
        other => return Err(unknown("matching", other, "strict, exact, partial, type")),
    };
    let (expected, found) = (spans("y_true", y_true)?, spans("y_pred", y_pred)?);
    same_length(("y_true", expected.len()), ("y_pred", found.len()))?;
    let all = py.detach(|| -> Result<Matches, Undefined> {
        expected.iter().zip(&found).map(|(expected, found)| match_spans(expected, found, matching)).sum()
    });
    let Matches { correct, incorrect, partial, missed, spurious } = all.map_err(invalid)?;
    Ok([correct, incorrect, partial, missed, spurious])
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(tag_spans, module)?)?;
    module.add_function(wrap_pyfunction!(tagged_entities, module)?)?;
    module.add_function(wrap_pyfunction!(span_entities, module)?)?;
    module.add_function(wrap_pyfunction!(span_matches, module)?)
}
