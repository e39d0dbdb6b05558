//! Distances and likenesses of texts.

use assay_metrics::distance;
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
) -> PyResult<Bound<'py, numpy::PyArray2<f64>>> {
    let scorer = Scorer::named(scorer)?;
    let (queries, choices) = (texts("queries", queries)?, texts("choices", choices)?);
    // NumPy's absence is an exception of its own.
    py.import("numpy")?;
    if !(1..=1024).contains(&workers) {
        return Err(invalid(format!("workers is {workers}: it must be from 1 to 1024")));
    }
    let (rows, columns) = (queries.len(), choices.len());
    let mut table = vec![0.0; rows * columns];
    py.detach(|| {
        if table.is_empty() {
            return;
        }
        let share = rows.div_ceil(workers);
        std::thread::scope(|scope| {
            for (queries, table) in queries.chunks(share).zip(table.chunks_mut(share * columns)) {
                let choices = &choices;
                let mut fill = move || {
                    for (query, row) in queries.iter().zip(table.chunks_mut(columns)) {
                        row.iter_mut().zip(choices).for_each(|(cell, choice)| *cell = scorer.of(query, choice));
                    }
                };
                if share == rows {
                    fill();
                } else {
                    scope.spawn(fill);
                }
            }
        });
    });
    use numpy::{PyArray1, PyArrayMethods};
    PyArray1::from_vec(py, table).reshape([rows, columns])
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(text_distance, module)?)?;
    module.add_function(wrap_pyfunction!(text_cdist, module)?)
}
