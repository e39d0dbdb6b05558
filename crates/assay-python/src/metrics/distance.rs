//! Distances and likenesses of texts.

use std::sync::Mutex;

use assay_metrics::distance;
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;

use super::{invalid, unknown};
use crate::arrays::texts::{pairs, texts};

/// A distance, which is a whole number, or a likeness from 0 to 1.
#[derive(Clone, Copy)]
enum Scorer {
    Count(fn(&str, &str) -> usize),
    Share(fn(&str, &str) -> f64),
}

impl Scorer {
    fn named(name: &str) -> PyResult<Self> {
        Ok(match name {
            "levenshtein" => Self::Count(distance::levenshtein),
            "damerau_levenshtein" => Self::Count(distance::damerau),
            "osa" => Self::Count(distance::osa),
            "levenshtein_similarity" => Self::Share(distance::similarity),
            "jaro" => Self::Share(distance::jaro),
            "jaro_winkler" => Self::Share(distance::jaro_winkler),
            "lcs_similarity" => Self::Share(distance::lcs_similarity),
            "token_sort_ratio" => Self::Share(distance::token_sort_ratio),
            "token_set_ratio" => Self::Share(distance::token_set_ratio),
            "partial_ratio" => Self::Share(distance::partial_ratio),
            other => {
                let known = "levenshtein, damerau_levenshtein, osa, levenshtein_similarity, jaro, jaro_winkler, \
                             lcs_similarity, token_sort_ratio, token_set_ratio, partial_ratio";
                return Err(unknown("scorer", other, known));
            }
        })
    }

    fn of(self, a: &str, b: &str) -> f64 {
        match self {
            Self::Count(count) => count(a, b) as f64,
            Self::Share(share) => share(a, b),
        }
    }
}

/// The score of a text, given with its code points.
type Score<'a> = Box<dyn Fn(&str, &[u32]) -> f64 + 'a>;

/// The scorer of that name for one text with many.
fn with<'a>(name: &str, scorer: Scorer, text: &'a str) -> Score<'a> {
    match name {
        "levenshtein" => {
            let distance = distance::levenshtein_with(text);
            Box::new(move |_, codes| distance(codes) as f64)
        }
        "levenshtein_similarity" => {
            let (distance, length) = (distance::levenshtein_with(text), text.chars().count());
            Box::new(move |_, codes| match length.max(codes.len()) {
                0 => 1.0,
                longer => 1.0 - distance(codes) as f64 / longer as f64,
            })
        }
        "jaro" => {
            let likeness = distance::jaro_with(text);
            Box::new(move |_, codes| likeness(codes))
        }
        "jaro_winkler" => {
            let likeness = distance::jaro_winkler_with(text);
            Box::new(move |_, codes| likeness(codes))
        }
        _ => Box::new(move |other, _| scorer.of(text, other)),
    }
}

#[pyfunction]
fn text_distance(py: Python<'_>, scorer: &str, a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let pairs = pairs(("a", a), ("b", b))?;
    match Scorer::named(scorer)? {
        Scorer::Count(count) => pairs.counts(py, count),
        Scorer::Share(share) => pairs.scores(py, share),
    }
}

/// All pairs, row by row, on `workers` threads.
#[pyfunction]
fn text_cdist<'py>(
    py: Python<'py>,
    queries: &Bound<'py, PyAny>,
    choices: &Bound<'py, PyAny>,
    scorer: &str,
    workers: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (name, scorer) = (scorer, Scorer::named(scorer)?);
    let (queries, choices) = (texts("queries", queries)?, texts("choices", choices)?);
    // NumPy's absence is an exception of its own.
    py.import("numpy")?;
    if !(1..=1024).contains(&workers) {
        return Err(invalid(format!("workers is {workers}: it must be from 1 to 1024")));
    }
    let (rows, columns) = (queries.len(), choices.len());
    let mut table: Vec<f64> = Vec::new();
    let cells = rows.checked_mul(columns).filter(|cells| table.try_reserve_exact(*cells).is_ok());
    let cells = cells.ok_or_else(|| PyMemoryError::new_err(format!("no room for {rows} x {columns} numbers")))?;
    table.resize(cells, 0.0);
    if cells > 0 {
        py.detach(|| {
            let choices: Vec<(&str, Vec<u32>)> = choices.iter().map(|text| (&**text, distance::codes(text))).collect();
            // Threads take a row as they come to it: some texts take longer than others.
            let work = Mutex::new(queries.iter().zip(table.chunks_mut(columns)));
            let next = || work.lock().ok().and_then(|mut work| work.next());
            let take = || {
                while let Some((query, row)) = next() {
                    let score = with(name, scorer, query);
                    row.iter_mut().zip(&choices).for_each(|(cell, (text, codes))| *cell = score(text, codes));
                }
            };
            std::thread::scope(|scope| {
                for _ in 1..workers.min(rows) {
                    // Where there is no further thread, those there are do the work.
                    if std::thread::Builder::new().spawn_scoped(scope, take).is_err() {
                        break;
                    }
                }
                take();
            });
        });
    }
    PyArray1::from_vec(py, table).reshape([rows, columns])
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(text_distance, module)?)?;
    module.add_function(wrap_pyfunction!(text_cdist, module)?)
}
