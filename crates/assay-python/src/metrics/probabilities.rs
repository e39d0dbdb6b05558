//! Scores and probabilities of classes beside the true classes.

use assay_metrics::classification::{
    self, Average, Bins, Ranked, brier, brier_binary, expected_calibration_error, log_loss, log_loss_binary,
    roc_auc_one_vs_one, roc_auc_one_vs_rest, top_k_accuracy,
};
use pyo3::prelude::*;

use super::{invalid, nan, unknown};
use crate::arrays::labels::{Labels, labels, positives};
use crate::arrays::tables::{Matrix, matrix};
use crate::arrays::{Floats, floats, same_length};
use crate::results::column_like;

fn scored<'py>(
    y_true: &Bound<'py, PyAny>,
    (name, y_score): (&str, &Bound<'py, PyAny>),
    pos_label: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Vec<bool>, Floats<'py>)> {
    let (truth, scores) = (positives("y_true", y_true, pos_label)?, floats(name, y_score)?);
    same_length(("y_true", truth.len()), (name, scores.len()))?;
    Ok((truth, scores))
}

fn ranked(
    y_true: &Bound<'_, PyAny>,
    y_score: &Bound<'_, PyAny>,
    pos_label: Option<&Bound<'_, PyAny>>,
) -> PyResult<Ranked> {
    let (truth, scores) = scored(y_true, ("y_score", y_score), pos_label)?;
    let scores = &*scores;
    y_true.py().detach(|| Ranked::new(&truth, scores)).map_err(invalid)
}

/// The area under the ROC curve, average precision.
#[pyfunction]
fn rank_areas(
    y_true: &Bound<'_, PyAny>,
    y_score: &Bound<'_, PyAny>,
    pos_label: Option<&Bound<'_, PyAny>>,
) -> PyResult<(f64, f64)> {
    let ranked = ranked(y_true, y_score, pos_label)?;
    Ok((ranked.roc_auc(), ranked.average_precision()))
}

/// Columns of a curve in the manner of `y_score`, and the area.
type Curve<'py> = (Vec<Bound<'py, PyAny>>, f64);

/// Of `roc` false-positive rates, recall and thresholds, after the origin; of `precision_recall` precision, recall and
/// thresholds.
#[pyfunction]
fn rank_curve<'py>(
    py: Python<'py>,
    curve: &str,
    y_true: &Bound<'py, PyAny>,
    y_score: &Bound<'py, PyAny>,
    pos_label: Option<&Bound<'py, PyAny>>,
) -> PyResult<Curve<'py>> {
    let ranked = ranked(y_true, y_score, pos_label)?;
    let (columns, area) = py.detach(|| {
        let steps = ranked.steps();
        let last = steps[steps.len() - 1];
        type Of<'a> = &'a dyn Fn(&classification::Step) -> f64;
        let column = |first: &[f64], of: Of<'_>| -> Vec<f64> {
            let mut column = Vec::with_capacity(steps.len() + 1);
            column.extend_from_slice(first);
            column.extend(steps.iter().map(of));
            column
        };
        let recall: Of<'_> = &|step| step.positives / last.positives;
        match curve {
            "roc" => {
                let fall_out: Of<'_> = &|step| step.negatives / last.negatives;
                let thresholds = column(&[f64::INFINITY], &|step| step.threshold);
                ([column(&[0.0], fall_out), column(&[0.0], recall), thresholds], ranked.roc_auc())
            }
            _ => {
                let precision: Of<'_> = &|step| step.positives / (step.positives + step.negatives);
                let columns = [column(&[], precision), column(&[], recall), column(&[], &|step| step.threshold)];
                (columns, ranked.average_precision())
            }
        }
    });
    let columns = columns.into_iter().map(|column| column_like(y_score, column)).collect::<PyResult<_>>()?;
    Ok((columns, area))
}

#[pyfunction]
fn rank_at(
    wanted: &str,
    y_true: &Bound<'_, PyAny>,
    y_score: &Bound<'_, PyAny>,
    at: f64,
    pos_label: Option<&Bound<'_, PyAny>>,
) -> PyResult<f64> {
    if !(0.0..=1.0).contains(&at) {
        return Err(invalid(format!("the rate is {at}: it must be from 0 to 1")));
    }
    let ranked = ranked(y_true, y_score, pos_label)?;
    Ok(nan(match wanted {
        "precision_at_recall" => ranked.precision_at_recall(at),
        "recall_at_precision" => ranked.recall_at_precision(at),
        "fpr_at_tpr" => ranked.fall_out_at_recall(at),
        _ => ranked.recall_at_fall_out(at),
    }))
}

/// The number of each case's class among the columns of `table`.
fn columns_of(
    y_true: &Bound<'_, PyAny>,
    (name, table): (&str, &Matrix<'_>),
    named: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<usize>> {
    let (given, known) = match named {
        None => {
            let Labels { classes, mut columns } = labels(&[("y_true", y_true)])?;
            (columns.remove(0), (0..classes.len() as u32).collect())
        }
        Some(named) => {
            let Labels { mut columns, .. } = labels(&[("y_true", y_true), ("labels", named)])?;
            let known = columns.remove(1);
            (columns.remove(0), known)
        }
    };
    if known.len() != table.columns {
        let (n, k) = (known.len(), table.columns);
        let hint = if named.is_some() { "" } else { ": name them all with labels" };
        return Err(invalid(format!("there are {n} labels and {name} has {k} columns{hint}")));
    }
    same_length(("y_true", given.len()), (name, table.rows))?;
    let column = |(at, label): (usize, u32)| {
        let place = known.iter().position(|known| *known == label);
        place.ok_or_else(|| invalid(format!("y_true[{at}] is not among labels")))
    };
    given.into_iter().enumerate().map(column).collect()
}

#[pyfunction]
fn roc_auc_multiclass(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_score: &Bound<'_, PyAny>,
    labels: Option<&Bound<'_, PyAny>>,
    strategy: &str,
    average: &str,
) -> PyResult<f64> {
    let table = matrix("y_score", y_score)?;
    let truth = columns_of(y_true, ("y_score", &table), labels)?;
    let rows = table.by_row();
    let found = match (strategy, average) {
        ("ovr", "micro") => py.detach(|| roc_auc_one_vs_rest(&truth, &rows, Average::Micro)),
        ("ovr", "macro") => py.detach(|| roc_auc_one_vs_rest(&truth, &rows, Average::Macro)),
        ("ovr", "weighted") => py.detach(|| roc_auc_one_vs_rest(&truth, &rows, Average::Weighted)),
        ("ovo", "macro") => py.detach(|| roc_auc_one_vs_one(&truth, &rows, false)),
        ("ovo", "weighted") => py.detach(|| roc_auc_one_vs_one(&truth, &rows, true)),
        ("ovo", other) => return Err(unknown("average", other, "macro, weighted with multi_class=\"ovo\"")),
        ("ovr", other) => return Err(unknown("average", other, "micro, macro, weighted")),
        (other, _) => return Err(unknown("multi_class", other, "ovr, ovo: there are more than two classes")),
    };
    found.map_err(invalid)
}

/// The log loss, Brier score or top-k accuracy of a table of class probabilities.
#[pyfunction]
fn probability_score(
    py: Python<'_>,
    metric: &str,
    y_true: &Bound<'_, PyAny>,
    y_prob: &Bound<'_, PyAny>,
    labels: Option<&Bound<'_, PyAny>>,
    k: usize,
) -> PyResult<f64> {
    let table = matrix("y_prob", y_prob)?;
    let truth = columns_of(y_true, ("y_prob", &table), labels)?;
    let rows = table.by_row();
    py.detach(|| match metric {
        "log_loss" => log_loss(&truth, &rows),
        "brier" => brier(&truth, &rows),
        _ => top_k_accuracy(&truth, &rows, k),
    })
    .map_err(invalid)
}

#[pyfunction]
fn binary_probability_score(
    py: Python<'_>,
    metric: &str,
    y_true: &Bound<'_, PyAny>,
    y_prob: &Bound<'_, PyAny>,
    pos_label: Option<&Bound<'_, PyAny>>,
) -> PyResult<f64> {
    let (truth, chances) = scored(y_true, ("y_prob", y_prob), pos_label)?;
    let chances = &*chances;
    let score = if metric == "brier" { brier_binary } else { log_loss_binary };
    py.detach(|| score(&truth, chances)).map_err(invalid)
}

/// Bins as cases, mean probability and rate; the expected calibration error.
type Reliability = (Vec<(usize, f64, f64)>, f64);

#[pyfunction]
fn reliability(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_prob: &Bound<'_, PyAny>,
    n_bins: usize,
    strategy: &str,
    pos_label: Option<&Bound<'_, PyAny>>,
) -> PyResult<Reliability> {
    let bins = match strategy {
        "uniform" => Bins::Width(n_bins),
        "quantile" => Bins::Mass(n_bins),
        other => return Err(unknown("strategy", other, "uniform, quantile")),
    };
    let (truth, chances) = scored(y_true, ("y_prob", y_prob), pos_label)?;
    let chances = &*chances;
    let bins = py.detach(|| classification::reliability(&truth, chances, bins)).map_err(invalid)?;
    let error = nan(expected_calibration_error(&bins));
    Ok((bins.into_iter().map(|bin| (bin.count, bin.confidence, bin.rate)).collect(), error))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(rank_areas, module)?)?;
    module.add_function(wrap_pyfunction!(rank_curve, module)?)?;
    module.add_function(wrap_pyfunction!(rank_at, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc_multiclass, module)?)?;
    module.add_function(wrap_pyfunction!(probability_score, module)?)?;
    module.add_function(wrap_pyfunction!(binary_probability_score, module)?)?;
    module.add_function(wrap_pyfunction!(reliability, module)?)
}
