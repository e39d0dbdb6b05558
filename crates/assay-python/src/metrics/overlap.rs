//! Texts that occur in others: contamination and near duplicates.

use assay_metrics::contamination::{Index, Rule};
use assay_metrics::near_duplicates::{self, Duplicates, Unit};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{invalid, nan, unknown};
use crate::arrays::texts::{text, texts};
use crate::arrays::wrong;

/// Runs, those found, whether it is contaminated, the first document.
type Overlap = (usize, usize, Option<bool>, Option<usize>);

/// Documents that are read while other threads of Python run.
const BATCH: usize = 256;

#[pyfunction]
fn contamination(
    py: Python<'_>,
    cases: &Bound<'_, PyAny>,
    documents: &Bound<'_, PyAny>,
    unit: &str,
    length: usize,
    share: Option<f64>,
) -> PyResult<(Vec<Overlap>, usize)> {
    let rule = match (unit, share) {
        ("words", None) => Rule::Words(length),
        ("words", Some(share)) => Rule::Coverage { words: length, share },
        ("characters", None) => Rule::Characters(length),
        _ => return Err(unknown("unit", unit, "words, characters; only words have a share")),
    };
    let cases = texts("cases", cases)?;
    let wrong_rule = "the length of a run must be from 1 to 1,048,576 and the share from 0 to 1";
    let mut index = py.detach(|| Index::new(&cases, rule)).ok_or_else(|| invalid(wrong_rule))?;
    if documents.is_instance_of::<PyString>() {
        return Err(wrong("documents", "texts, one after the other", documents));
    }
    // Any iterable: a corpus need not fit into memory.
    let mut documents =
        documents.try_iter().map_err(|_| wrong("documents", "texts, one after the other", documents))?;
    let mut count = 0;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        for document in documents.by_ref().take(BATCH) {
            let document = document?;
            let document = if document.hasattr("as_py")? { document.call_method0("as_py")? } else { document };
            batch.push(text(&format!("documents[{}]", count + batch.len()), &document)?);
        }
        if batch.is_empty() {
            break;
        }
        count += batch.len();
        py.detach(|| batch.iter().for_each(|document| index.read(document)));
        py.check_signals()?;
    }
    let overlaps = index.overlaps();
    Ok((overlaps.into_iter().map(|o| (o.grams, o.found, o.contaminated, o.document)).collect(), count))
}

fn unit(name: &str) -> PyResult<Unit> {
    match name {
        "characters" => Ok(Unit::Characters),
        "words" => Ok(Unit::Words),
        other => Err(unknown("unit", other, "characters, words")),
    }
}

#[pyfunction]
fn jaccard_similarity(a: &str, b: &str, unit: &str) -> PyResult<f64> {
    let unit = self::unit(unit)?;
    let shingles = |text| near_duplicates::shingles(text, unit);
    Ok(nan(near_duplicates::jaccard(&shingles(a), &shingles(b))))
}

/// Pairs with their similarity, clusters, candidates.
type Found = (Vec<(usize, usize, f64)>, Vec<Vec<usize>>, usize);

#[pyfunction]
fn near_duplicate_texts(
    py: Python<'_>,
    documents: &Bound<'_, PyAny>,
    others: Option<&Bound<'_, PyAny>>,
    unit: &str,
    threshold: f64,
) -> PyResult<Found> {
    let unit = self::unit(unit)?;
    let documents = texts("texts", documents)?;
    let others = others.map(|others| texts("others", others)).transpose()?;
    let found = py.detach(|| match &others {
        None => near_duplicates::duplicates(&documents, unit, threshold),
        Some(others) => near_duplicates::duplicates_against(&documents, others, unit, threshold),
    });
    let Duplicates { pairs, clusters, candidates } =
        found.ok_or_else(|| invalid(format!("threshold is {threshold}: it must be above 0.04 and at most 1")))?;
    Ok((pairs.into_iter().map(|pair| (pair.a, pair.b, pair.jaccard)).collect(), clusters, candidates))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(contamination, module)?)?;
    module.add_function(wrap_pyfunction!(jaccard_similarity, module)?)?;
    module.add_function(wrap_pyfunction!(near_duplicate_texts, module)?)
}
