//! Class labels beside the true ones.

use assay_metrics::classification::{Average, Confusion, Counts, average, balanced_accuracy, kappa, mcc};
use assay_metrics::corpus::{of_classes, of_ranks, of_sums};
use pyo3::prelude::*;

use super::corpus::{Cases, Level};
use super::{invalid, nan, unknown};
use crate::arrays::labels::{Labels, labels, positives};
use crate::arrays::{floats, same_length};

/// Hits, predictions and expectations of a class.
pub type Class = (f64, f64, f64);

pub fn counts(classes: &[Class]) -> Vec<Counts> {
    classes
        .iter()
        .map(|(hits, predicted, expected)| Counts { hits: *hits, predicted: *predicted, expected: *expected })
        .collect()
}

pub fn class(counts: &Counts) -> Class {
    (counts.hits, counts.predicted, counts.expected)
}

/// Labels in order; cells as true label, predicted label and weight; the counts of each label.
type Cells = (Vec<Py<PyAny>>, Vec<(u32, u32, f64)>, Vec<Class>);

#[pyfunction]
fn confusion(
    py: Python<'_>,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    sample_weight: Option<&Bound<'_, PyAny>>,
) -> PyResult<Cells> {
    let Labels { classes, columns } = labels(&[("y_true", y_true), ("y_pred", y_pred)])?;
    let (truth, predicted) = (&columns[0], &columns[1]);
    same_length(("y_true", truth.len()), ("y_pred", predicted.len()))?;
    let weights = sample_weight.map(|weights| floats("sample_weight", weights)).transpose()?;
    if let Some(weights) = &weights {
        same_length(("y_true", truth.len()), ("sample_weight", weights.len()))?;
        if let Some(at) = weights.iter().position(|weight| *weight < 0.0) {
            return Err(invalid(format!("sample_weight[{at}] is {}: it must be 0 or more", weights[at])));
        }
    }
    let weights = weights.as_deref();
    let k = classes.len();
    let (cells, each) = py
        .detach(|| {
            let cases = truth.iter().zip(predicted).enumerate();
            let cases = cases.map(|(at, (t, p))| (*t, *p, weights.map_or(1.0, |weights| weights[at])));
            // Few classes: a table adds up quicker than a map.
            let confusion = if k <= 1024 {
                let mut table = vec![0.0; k * k];
                cases.for_each(|(t, p, weight)| table[t as usize * k + p as usize] += weight);
                let cells = table.into_iter().enumerate().filter(|(_, weight)| *weight > 0.0);
                Confusion::from_cells(cells.map(|(at, weight)| ((at / k) as u32, (at % k) as u32, weight)))
            } else {
                Confusion::from_cells(cases)
            }?;
            let mut each = vec![(0.0, 0.0, 0.0); k];
            confusion.classes().iter().for_each(|(at, counts)| each[*at as usize] = class(counts));
            Ok((confusion.cells().map(|(t, p, weight)| (*t, *p, weight)).collect(), each))
        })
        .map_err(|error: assay_metrics::classification::Undefined| invalid(error))?;
    Ok((classes, cells, each))
}

/// Accuracy, balanced accuracy, Matthews' correlation, Cohen's κ.
#[pyfunction]
fn class_agreement(classes: Vec<Class>) -> (f64, f64, f64, f64) {
    let classes = counts(&classes);
    let (hits, total) = classes.iter().fold((0.0, 0.0), |(h, t), class| (h + class.hits, t + class.expected));
    (hits / total, nan(balanced_accuracy(&classes)), mcc(&classes), nan(kappa(&classes).ok()))
}

fn measure(name: &str) -> PyResult<fn(&Counts) -> Option<f64>> {
    match name {
        "precision" => Ok(Counts::precision),
        "recall" => Ok(Counts::recall),
        "f1" => Ok(Counts::f1),
        "jaccard" => Ok(Counts::jaccard),
        other => Err(unknown("metric", other, "precision, recall, f1, jaccard")),
    }
}

fn how(name: &str) -> PyResult<Average> {
    match name {
        "micro" => Ok(Average::Micro),
        "macro" => Ok(Average::Macro),
        "weighted" => Ok(Average::Weighted),
        other => Err(unknown("average", other, "micro, macro, weighted")),
    }
}

/// A measure of each class, NaN where it is undefined.
#[pyfunction]
fn class_values(classes: Vec<Class>, metric: &str) -> PyResult<Vec<f64>> {
    let measure = measure(metric)?;
    Ok(counts(&classes).iter().map(|class| nan(measure(class))).collect())
}

#[pyfunction]
fn class_average(classes: Vec<Class>, metric: &str, averaging: &str, undefined: Option<f64>) -> PyResult<f64> {
    Ok(nan(average(&counts(&classes), how(averaging)?, undefined, measure(metric)?).value))
}

/// A class metric with its jackknife interval.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn class_interval(
    py: Python<'_>,
    metric: &str,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
    averaging: &str,
    pos_label: Option<&Bound<'_, PyAny>>,
    groups: Option<&Bound<'_, PyAny>>,
    confidence: f64,
) -> PyResult<Level> {
    let share = Some((0.0, 1.0));
    let whole = Some((-1.0, 1.0));
    if metric == "roc_auc" {
        let (truth, scores) = (positives("y_true", y_true, pos_label)?, floats("y_score", y_pred)?);
        same_length(("y_true", truth.len()), ("y_score", scores.len()))?;
        let cases = Cases::new("y_true", truth.len(), groups, confidence)?;
        let scores = &*scores;
        return Ok(py.detach(|| {
            let rows: Vec<[f64; 2]> = scores.iter().zip(&truth).map(|(s, t)| [*s, f64::from(u8::from(*t))]).collect();
            cases.level(&rows, share, of_ranks)
        }));
    }
    if matches!(metric, "mae" | "rmse") {
        let (truth, predicted) = (floats("y_true", y_true)?, floats("y_pred", y_pred)?);
        same_length(("y_true", truth.len()), ("y_pred", predicted.len()))?;
        let cases = Cases::new("y_true", truth.len(), groups, confidence)?;
        let (truth, predicted, squared) = (&*truth, &*predicted, metric == "rmse");
        return Ok(py.detach(|| {
            let term = |(t, p): (&f64, &f64)| [1.0, if squared { (t - p).powi(2) } else { (t - p).abs() }];
            let rows: Vec<[f64; 2]> = truth.iter().zip(predicted).map(term).collect();
            let mean = |sums: &[f64]| (sums[0] > 0.0).then(|| sums[1] / sums[0]);
            let root = |sums: &[f64]| mean(sums).map(|value| if squared { value.sqrt() } else { value });
            cases.level(&rows, None, |rows| of_sums(rows, root))
        }));
    }
    let binary = averaging == "binary" && matches!(metric, "precision" | "recall" | "f1" | "jaccard");
    if binary {
        let measure = measure(metric)?;
        let (truth, predicted) = (positives("y_true", y_true, pos_label)?, positives("y_pred", y_pred, pos_label)?);
        same_length(("y_true", truth.len()), ("y_pred", predicted.len()))?;
        let cases = Cases::new("y_true", truth.len(), groups, confidence)?;
        return Ok(py.detach(|| {
            let one = |yes: bool| f64::from(u8::from(yes));
            let row = |(t, p): (&bool, &bool)| [one(*t && *p), one(*p), one(*t)];
            let rows: Vec<[f64; 3]> = truth.iter().zip(&predicted).map(row).collect();
            let score = |sums: &[f64]| measure(&Counts { hits: sums[0], predicted: sums[1], expected: sums[2] });
            cases.level(&rows, share, |rows| of_sums(rows, score))
        }));
    }
    let Labels { columns, .. } = labels(&[("y_true", y_true), ("y_pred", y_pred)])?;
    same_length(("y_true", columns[0].len()), ("y_pred", columns[1].len()))?;
    let cases = Cases::new("y_true", columns[0].len(), groups, confidence)?;
    let rows: Vec<[f64; 2]> = columns[0].iter().zip(&columns[1]).map(|(t, p)| [f64::from(*t), f64::from(*p)]).collect();
    // The first counts are of "no class", which no case here has.
    let level = |range, score: &(dyn Fn(&[Counts]) -> Option<f64> + Sync)| {
        py.detach(|| cases.level(&rows, range, |rows| of_classes(rows, |all| score(&all[1..]))))
    };
    match metric {
        "accuracy" => Ok(level(share, &|all| {
            let (hits, total) = all.iter().fold((0.0, 0.0), |(h, t), class| (h + class.hits, t + class.expected));
            (total > 0.0).then(|| hits / total)
        })),
        "balanced_accuracy" => Ok(level(share, &balanced_accuracy)),
        "mcc" => Ok(level(whole, &|all| Some(mcc(all)))),
        "kappa" => Ok(level(whole, &|all| kappa(all).ok())),
        "precision" | "recall" | "f1" | "jaccard" => {
            let (how, measure) = (how(averaging)?, measure(metric)?);
            Ok(level(share, &|all| average(all, how, Some(0.0), measure).value))
        }
        other => {
            let known = "accuracy, balanced_accuracy, precision, recall, f1, jaccard, mcc, kappa, roc_auc, mae, rmse";
            Err(unknown("metric", other, known))
        }
    }
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(confusion, module)?)?;
    module.add_function(wrap_pyfunction!(class_agreement, module)?)?;
    module.add_function(wrap_pyfunction!(class_values, module)?)?;
    module.add_function(wrap_pyfunction!(class_average, module)?)?;
    module.add_function(wrap_pyfunction!(class_interval, module)?)
}
