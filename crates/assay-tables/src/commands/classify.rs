//! `assay stats classify`: predicted classes against the truth.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_metrics::classification::{Average, Confusion, Counts};
use assay_stats::jackknife::{Transform, jackknife};
use assay_stats::proportion::{critical, wilson};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, usage};
use crate::{Answer, Failure, Table};

/// Accuracy with Wilson's interval, macro F1 with the jackknife's, and each class by itself. Rows without a prediction
/// count as wrong.
#[derive(Args)]
pub struct Classify {
    /// A table with a row per case.
    file: PathBuf,
    /// The column of the true class.
    #[arg(long, default_value = "expected")]
    truth: String,
    /// The column of the predicted class.
    #[arg(long, default_value = "predicted")]
    predicted: String,
    #[command(flatten)]
    confidence: Confidence,
}

/// What stands for a missing prediction.
const NONE: &str = "(none)";

/// Macro F1 over the classes of the truth and the predictions; a class without either is no class.
fn macro_f1(cells: &BTreeMap<(String, String), f64>) -> Option<f64> {
    let confusion = Confusion::from_cells(cells.iter().map(|((t, p), n)| (t.clone(), p.clone(), *n))).ok()?;
    // `(none)` is no class: it can only be predicted, so it has no truth to be averaged over.
    let counts: Vec<Counts> =
        confusion.classes().iter().filter(|(name, _)| name.as_str() != NONE).map(|(_, counts)| *counts).collect();
    assay_metrics::classification::average(&counts, Average::Macro, Some(0.0), Counts::f1).value
}

impl Classify {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let truth = source.full(&self.truth)?;
        let predicted = source.texts(&self.predicted)?;
        let mut cells: BTreeMap<(String, String), f64> = BTreeMap::new();
        for (truth, predicted) in truth.into_iter().zip(predicted) {
            *cells.entry((truth, predicted.unwrap_or_else(|| NONE.into()))).or_default() += 1.0;
        }
        let confusion = Confusion::from_cells(cells.iter().map(|((t, p), n)| (t.clone(), p.clone(), *n)))
            .map_err(|error| usage(format!("{}: {error:?}", self.file.display())))?;
        let n: f64 = cells.values().sum();
        let right: f64 = cells.iter().filter(|((t, p), _)| t == p).map(|(_, n)| n).sum();
        let accuracy = wilson(right, n, critical(self.confidence.level));
        let f1 = macro_f1(&cells);
        // Leaving out any case of one cell gives the same value: one computation for each cell.
        let mut left_out = Vec::new();
        for (cell, count) in &cells {
            let mut rest = cells.clone();
            if let Some(left) = rest.get_mut(cell) {
                *left -= 1.0;
            }
            rest.retain(|_, count| *count > 0.0);
            let value = macro_f1(&rest).unwrap_or(f64::NAN);
            left_out.extend(std::iter::repeat_n(value, *count as usize));
        }
        let f1_interval = f1
            .and_then(|f1| jackknife(f1, &left_out, Transform::Logit, self.confidence.level))
            .map(|found| found.interval);
        let classes: Vec<(&String, &Counts)> =
            confusion.classes().iter().filter(|(name, _)| name.as_str() != NONE).collect();
        let json = {
            let by_class: serde_json::Map<String, serde_json::Value> = classes
                .iter()
                .map(|(name, c)| {
                    (
                        (*name).clone(),
                        json!({"precision": c.precision(), "recall": c.recall(), "f1": c.f1(), "cases": c.expected}),
                    )
                })
                .collect();
            let confusion: Vec<_> =
                cells.iter().map(|((t, p), n)| json!({"truth": t, "predicted": p, "cases": n})).collect();
            json!({
                "cases": n, "accuracy": {"value": right / n, "interval": bounds(accuracy)},
                "macro_f1": {"value": f1, "interval": bounds(f1_interval)},
                "mcc": self.mcc(&cells), "classes": by_class, "confusion": confusion,
            })
        };
        let percent = |value: Option<f64>| value.map_or_else(|| "–".into(), |v| format!("{:.1}%", 100.0 * v));
        let first = format!(
            "{n} cases: accuracy {:.1}% ({:.1} to {:.1}), macro F1 {} ({}), MCC {:.3}",
            100.0 * right / n,
            100.0 * accuracy.lower,
            100.0 * accuracy.upper,
            percent(f1),
            f1_interval
                .map_or_else(|| "no interval".into(), |i| format!("{:.1} to {:.1}", 100.0 * i.lower, 100.0 * i.upper)),
            self.mcc(&cells),
        );
        let rows = classes
            .iter()
            .map(|(name, c)| {
                vec![
                    assay_report::plain(name, 60),
                    percent(c.precision()),
                    percent(c.recall()),
                    percent(c.f1()),
                    format!("{}", c.expected),
                ]
            })
            .collect();
        let header = ["class", "precision", "recall", "F1", "cases"];
        let mut mistakes: Vec<_> = cells.iter().filter(|((t, p), _)| t != p).collect();
        mistakes.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(b.0)));
        let mistakes = mistakes.into_iter().take(5).map(|((truth, predicted), n)| {
            format!("{n} × {} taken for {}", assay_report::plain(truth, 60), assay_report::plain(predicted, 60))
        });
        Ok(Answer::new(json).line(first).table(&header, rows, &[1, 2, 3, 4]).lines(mistakes))
    }

    fn mcc(&self, cells: &BTreeMap<(String, String), f64>) -> f64 {
        Confusion::from_cells(cells.iter().map(|((t, p), n)| (t, p, *n))).map_or(f64::NAN, |c| c.mcc())
    }
}
