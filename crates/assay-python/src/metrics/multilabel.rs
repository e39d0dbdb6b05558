//! Sets of labels.

use assay_metrics::classification::{
    Average, Counts, Multilabel, average, coverage_error, label_ranking_average_precision, label_ranking_loss,
};
use pyo3::prelude::*;

use super::classification::{Class, class};
use super::{invalid, nan};
use crate::arrays::same_length;
use crate::arrays::tables::{flag_matrix, matrix};

/// Subset accuracy, Hamming loss, the counts of each label; precision, recall, F1 and Jaccard averaged over cases.
type Scores = (f64, f64, Vec<Class>, [f64; 4]);

#[pyfunction]
fn multilabel_scores(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    undefined: Option<f64>,
) -> PyResult<Scores> {
    let (truth, predicted) = (flag_matrix("y_true", y_true)?, flag_matrix("y_pred", y_pred)?);
    same_length(("y_true", truth.len()), ("y_pred", predicted.len()))?;
    py.detach(|| {
        let found = Multilabel::new(&truth, &predicted)?;
        let measures = [Counts::precision, Counts::recall, Counts::f1, Counts::jaccard];
        let samples = measures.map(|measure| nan(average(&found.cases, Average::Macro, undefined, measure).value));
        let labels = found.labels.iter().map(class).collect();
        Ok((found.subset_accuracy(), found.hamming_loss(), labels, samples))
    })
    .map_err(|error: assay_metrics::classification::Undefined| invalid(error))
}

#[pyfunction]
fn label_ranking(py: Python<'_>, metric: &str, y_true: &Bound<'_, PyAny>, y_score: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (truth, scores) = (flag_matrix("y_true", y_true)?, matrix("y_score", y_score)?);
    same_length(("y_true", truth.len()), ("y_score", scores.rows))?;
    let scores = scores.by_row();
    py.detach(|| match metric {
        "average_precision" => label_ranking_average_precision(&truth, &scores),
        "coverage_error" => coverage_error(&truth, &scores),
        _ => label_ranking_loss(&truth, &scores),
    })
    .map_err(invalid)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(multilabel_scores, module)?)?;
    module.add_function(wrap_pyfunction!(label_ranking, module)?)
}
