//! `assay stats classify`: predicted classes against the truth.

use std::path::PathBuf;

use assay_metrics::classification::{
    Average, Bins, Confusion, Counts, Multilabel, Ranked, average, brier, brier_binary, coverage_error,
    expected_calibration_error, label_ranking_average_precision, label_ranking_loss, log_loss, log_loss_binary,
    reliability, roc_auc_one_vs_one, roc_auc_one_vs_rest, top_k_accuracy,
};
use assay_metrics::corpus;
use assay_stats::Interval;
use assay_stats::jackknife::{Transform, delete_one, jackknife};
use assay_stats::proportion::{critical, wilson};
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, number, percent, range, usage};
use crate::{Answer, Failure, Table};

/// Accuracy with Wilson's interval, macro F1 with the jackknife's, and each class by itself. Rows without a prediction
/// count as wrong. Cells that hold lists, such as `["a","b"]`, are label sets. With `--score` also how well a score or a
/// probability tells the positive class from the rest; with `--probabilities` the same for any number of classes.
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
    /// The column of a score or a probability of the positive class: gives AUC and average precision, and for
    /// probabilities log loss, Brier score and calibration error.
    #[arg(long)]
    score: Option<String>,
    /// With --score, hold recall at this share or more, such as 0.9, and see the best precision and the lowest rate of false
    /// alarms; and hold precision at it and see the best recall.
    #[arg(long, requires = "score")]
    at: Option<f64>,
    /// The positive class; without it the truth is read as yes or no.
    #[arg(long, requires = "score")]
    positive: Option<String>,
    /// Columns of the probability of each class, named like the classes of the truth: gives log loss, Brier score, AUC of
    /// one class against the rest and of pairs, and how often the truth is among the first --top. Where the truth is label
    /// sets, columns of scores named like the labels: label ranking average precision, coverage error and ranking loss.
    #[arg(long, value_delimiter = ',', conflicts_with = "score")]
    probabilities: Vec<String>,
    /// How many classes, from the most probable down, may hold the truth.
    #[arg(long, default_value_t = 3, requires = "probabilities")]
    top: usize,
    /// Bins of the calibration error.
    #[arg(long, default_value_t = 10, requires = "score")]
    bins: usize,
    #[command(flatten)]
    confidence: Confidence,
}

/// A figure of true classes and their scores.
type Statistic<'a> = dyn Fn(&[bool], &[f64]) -> Option<f64> + 'a;

/// Name, transform and figure of some cases.
type Figure<'a> = (&'static str, Transform, &'a dyn Fn(&[usize]) -> Option<f64>);

/// A figure of classes and their probabilities.
type Probabilistic = fn(&[usize], &[Vec<f64>]) -> Result<f64, assay_metrics::classification::Undefined>;

/// A figure by name, with its interval.
type Line = (String, Option<f64>, Option<Interval>);

/// For figures that cannot be below 0.
fn above_0(line: &mut Line) {
    line.2 = line.2.map(|i| Interval { lower: i.lower.max(0.0), upper: i.upper });
}

fn table_of(lines: &[Line]) -> Vec<Vec<String>> {
    lines.iter().map(|(name, value, i)| vec![name.clone(), number(*value), range(*i)]).collect()
}

fn metrics(lines: &[Line]) -> serde_json::Map<String, Value> {
    lines.iter().map(|(name, value, i)| (name.clone(), json!({"value": value, "interval": bounds(*i)}))).collect()
}

/// What stands for a missing prediction.
const NONE: &str = "(none)";

/// Macro F1 over the classes of the truth and the predictions, and without each row in turn; a class without either is no
/// class. `(none)` is none: it can only be predicted, so it has no truth to be averaged over.
fn macro_f1(rows: &[(String, String)]) -> corpus::Figure {
    let mut names: Vec<&str> = rows.iter().flat_map(|(t, p)| [t.as_str(), p]).filter(|name| *name != NONE).collect();
    names.sort_unstable();
    names.dedup();
    let code = |name: &str| names.binary_search(&name).map_or(-1.0, |at| at as f64);
    let counts: Vec<[f64; 2]> = rows.iter().map(|(truth, predicted)| [code(truth), code(predicted)]).collect();
    let rows: Vec<corpus::Row<'_>> =
        counts.iter().enumerate().map(|(group, counts)| corpus::Row { group, weight: 1.0, counts }).collect();
    corpus::of_classes(&rows, |all| average(&all[1..], Average::Macro, Some(0.0), Counts::f1).value)
}

/// The labels of a cell that holds a list; `None` for anything else.
fn labels_of(cell: &str) -> Option<Vec<String>> {
    if !cell.trim_start().starts_with('[') {
        return None;
    }
    serde_json::from_str(cell).ok()
}

/// How well a score tells the classes apart.
struct Scores {
    json: Value,
    first: String,
    lines: Vec<Line>,
}

impl Scores {
    fn onto(&self, answer: Answer, confidence: f64) -> Answer {
        let rows = table_of(&self.lines);
        answer.line(&self.first).table(&["metric", "value", &level(confidence)], rows, &[1, 2])
    }
}

impl Classify {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let scores = match &self.score {
            Some(column) => Some(self.scores(&source, column)?),
            None if !self.probabilities.is_empty() => Some(self.classes(&source)?),
            None => None,
        };
        if let Some(scores) = scores {
            if !source.has(&self.predicted) {
                return Ok(scores.onto(Answer::new(scores.json.clone()), self.confidence.level));
            }
            let labels = self.labels(&source)?.with("scores", scores.json.clone());
            return Ok(scores.onto(labels, self.confidence.level));
        }
        self.labels(&source)
    }

    fn labels(&self, source: &Table) -> Result<Answer, Failure> {
        let truth = source.full(&self.truth)?;
        let predicted = source.texts(&self.predicted)?;
        if truth.iter().all(|cell| labels_of(cell).is_some()) {
            return self.sets(&truth, &predicted);
        }
        let pairs: Vec<(String, String)> = truth
            .into_iter()
            .zip(predicted)
            .map(|(truth, found)| (truth, found.unwrap_or_else(|| NONE.into())))
            .collect();
        let confusion = Confusion::from_cells(pairs.iter().map(|(t, p)| (t.clone(), p.clone(), 1.0)))
            .map_err(|error| usage(format!("{}: {error:?}", self.file.display())))?;
        let n = pairs.len() as f64;
        let right: f64 = pairs.iter().filter(|(t, p)| t == p).count() as f64;
        let accuracy = wilson(right, n, critical(self.confidence.level))
            .ok_or_else(|| usage(format!("{}: there are no cases", self.file.display())))?;
        let corpus::Figure { value: f1, left_out } = macro_f1(&pairs);
        let f1_interval = f1
            .zip(left_out.into_iter().collect::<Option<Vec<f64>>>())
            .and_then(|(f1, left_out)| jackknife(f1, &left_out, Transform::Logit, self.confidence.level))
            .map(|found| found.interval);
        let mcc = confusion.mcc();
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
                confusion.cells().map(|(t, p, n)| json!({"truth": t, "predicted": p, "cases": n})).collect();
            json!({
                "cases": n, "accuracy": {"value": right / n, "interval": bounds(accuracy)},
                "macro_f1": {"value": f1, "interval": bounds(f1_interval)},
                "mcc": mcc, "classes": by_class, "confusion": confusion,
            })
        };
        let first = format!(
            "{n} cases: accuracy {:.1}% ({:.1} to {:.1}), macro F1 {} ({}), MCC {:.3}",
            100.0 * right / n,
            100.0 * accuracy.lower,
            100.0 * accuracy.upper,
            percent(f1),
            f1_interval
                .map_or_else(|| "no interval".into(), |i| format!("{:.1} to {:.1}", 100.0 * i.lower, 100.0 * i.upper)),
            mcc,
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
        let mut mistakes: Vec<_> = confusion.cells().filter(|(t, p, _)| t != p).collect();
        mistakes.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        let mistakes = mistakes.into_iter().take(5).map(|(truth, predicted, n)| {
            format!("{n} × {} taken for {}", assay_report::plain(truth, 60), assay_report::plain(predicted, 60))
        });
        Ok(Answer::new(json).line(first).table(&header, rows, &[1, 2, 3, 4]).lines(mistakes))
    }

    /// A score of the positive class.
    fn scores(&self, source: &Table, column: &str) -> Result<Scores, Failure> {
        let truth = source
            .flags(&self.truth, self.positive.as_deref())
            .map_err(|why| usage(format!("{why}; name the positive class with --positive")))?;
        let cells = source.numbers(column)?;
        let total = truth.len();
        let (truth, scores): (Vec<bool>, Vec<f64>) =
            truth.into_iter().zip(cells).filter_map(|(truth, score)| Some((truth?, score?))).unzip();
        let fail = |why: assay_metrics::classification::Undefined| usage(format!("{}: {why}", self.file.display()));
        Ranked::new(&truth, &scores).map_err(fail)?;
        let n = truth.len();
        let mut lines = Vec::new();
        let mut push = |name: &str, transform, statistic: &Statistic<'_>| {
            let of = |rows: &[usize]| {
                let (truth, scores): (Vec<bool>, Vec<f64>) = rows.iter().map(|row| (truth[*row], scores[*row])).unzip();
                statistic(&truth, &scores)
            };
            let (value, interval) = self.jackknife(n, transform, &of);
            lines.push((name.to_owned(), value, interval));
        };
        push("ROC AUC", Transform::Logit, &|t, s| Some(Ranked::new(t, s).ok()?.roc_auc()));
        push("average precision", Transform::Logit, &|t, s| Some(Ranked::new(t, s).ok()?.average_precision()));
        if let Some(at) = self.at {
            if !(at > 0.0 && at <= 1.0) {
                return Err(usage("--at is a share above 0 and up to 1, such as 0.9"));
            }
            push(&format!("precision at recall {at}"), Transform::Logit, &|t, s| {
                Ranked::new(t, s).ok()?.precision_at_recall(at)
            });
            push(&format!("recall at precision {at}"), Transform::Logit, &|t, s| {
                Ranked::new(t, s).ok()?.recall_at_precision(at)
            });
            push(&format!("false positive rate at recall {at}"), Transform::Logit, &|t, s| {
                Ranked::new(t, s).ok()?.fall_out_at_recall(at)
            });
        }
        let probabilities = scores.iter().all(|score| (0.0..=1.0).contains(score));
        if probabilities {
            push("log loss", Transform::Identity, &|t, s| log_loss_binary(t, s).ok());
            push("Brier score", Transform::Identity, &|t, s| brier_binary(t, s).ok());
            push("calibration error", Transform::Identity, &|t, s| {
                expected_calibration_error(&reliability(t, s, Bins::Width(self.bins.max(1))).ok()?)
            });
        }
        lines.iter_mut().for_each(above_0);
        let metrics = metrics(&lines);
        let positives = truth.iter().filter(|yes| **yes).count();
        let json = json!({"cases": n, "positives": positives, "left_out": total - n, "metrics": metrics});
        let mut first = format!("{n} cases with a score, {positives} of them positive");
        if total > n {
            first += &format!(", {} rows without truth or score left out", total - n);
        }
        if !probabilities {
            first += "; not probabilities: no log loss, Brier score or calibration error";
        }
        Ok(Scores { json, first, lines })
    }

    /// Probabilities of all classes, or scores of all labels.
    fn classes(&self, source: &Table) -> Result<Scores, Failure> {
        let names = &self.probabilities;
        if names.len() < 2 {
            return Err(usage("--probabilities needs a column for each class, two or more; --score takes one"));
        }
        if self.top == 0 {
            return Err(usage("--top is 1 or more"));
        }
        let columns: Vec<Vec<Option<f64>>> = names.iter().map(|name| source.numbers(name)).collect::<Result<_, _>>()?;
        let truth = source.full(&self.truth)?;
        let total = truth.len();
        let row = |at: usize| -> Option<Vec<f64>> { columns.iter().map(|column| column[at]).collect() };
        let place = |name: &String, at: usize| {
            names.iter().position(|known| known == name).ok_or_else(|| {
                usage(format!(
                    "{}: `{}` is {}, which --probabilities has no column for: {}",
                    source.place(at),
                    self.truth,
                    assay_report::plain(name, 60),
                    names.join(", ")
                ))
            })
        };
        let kept: Vec<(usize, Vec<f64>)> = (0..total).filter_map(|at| Some((at, row(at)?))).collect();
        if kept.is_empty() {
            return Err(usage(format!("{}: no row has all of {}", self.file.display(), names.join(", "))));
        }
        let left_out = total - kept.len();
        let gaps = if left_out > 0 { format!(", {left_out} rows without all of them left out") } else { String::new() };
        let n = kept.len();
        let rows: Vec<Vec<f64>> = kept.iter().map(|(_, row)| row.clone()).collect();
        if truth.iter().all(|cell| labels_of(cell).is_some()) {
            let mut sets = Vec::with_capacity(n);
            for (at, _) in &kept {
                let mut set = vec![false; names.len()];
                for label in labels_of(&truth[*at]).unwrap_or_default() {
                    set[place(&label, *at)?] = true;
                }
                sets.push(set);
            }
            let pick = |at: &[usize]| -> (Vec<Vec<bool>>, Vec<Vec<f64>>) {
                at.iter().map(|i| (sets[*i].clone(), rows[*i].clone())).unzip()
            };
            let lines = self.jackknifed(
                n,
                &[
                    ("label ranking average precision", Transform::Logit, &|at| {
                        let (truth, scores) = pick(at);
                        label_ranking_average_precision(&truth, &scores).ok()
                    }),
                    ("coverage error", Transform::Identity, &|at| {
                        let (truth, scores) = pick(at);
                        coverage_error(&truth, &scores).ok()
                    }),
                    ("label ranking loss", Transform::Identity, &|at| {
                        let (truth, scores) = pick(at);
                        label_ranking_loss(&truth, &scores).ok()
                    }),
                ],
            );
            let json = json!({"cases": n, "labels": names, "left_out": left_out, "metrics": metrics(&lines)});
            return Ok(Scores { json, first: format!("{n} cases with scores of {} labels{gaps}", names.len()), lines });
        }
        let codes = kept.iter().map(|(at, _)| place(&truth[*at], *at)).collect::<Result<Vec<usize>, _>>()?;
        for (at, row) in &kept {
            let sum: f64 = row.iter().sum();
            if !row.iter().all(|p| (0.0..=1.0).contains(p)) || (sum - 1.0).abs() > 1e-5 {
                return Err(usage(format!(
                    "{}: the probabilities of the classes must be from 0 to 1 and sum to 1; they sum to {sum}",
                    source.place(*at)
                )));
            }
        }
        let pick =
            |at: &[usize]| -> (Vec<usize>, Vec<Vec<f64>>) { at.iter().map(|i| (codes[*i], rows[*i].clone())).unzip() };
        let of = |at: &[usize], figure: Probabilistic| {
            let (truth, rows) = pick(at);
            figure(&truth, &rows).ok()
        };
        let mut lines = self.jackknifed(
            n,
            &[
                ("log loss", Transform::Identity, &|at| of(at, log_loss)),
                ("Brier score (0 to 2)", Transform::Identity, &|at| of(at, brier)),
                ("AUC, one against the rest", Transform::Logit, &|at| {
                    of(at, |t, p| roc_auc_one_vs_rest(t, p, Average::Macro))
                }),
                ("AUC, one against the rest, weighted", Transform::Logit, &|at| {
                    of(at, |t, p| roc_auc_one_vs_rest(t, p, Average::Weighted))
                }),
                ("AUC, pairs of classes", Transform::Logit, &|at| of(at, |t, p| roc_auc_one_vs_one(t, p, false))),
                ("AUC, pairs of classes, weighted", Transform::Logit, &|at| {
                    of(at, |t, p| roc_auc_one_vs_one(t, p, true))
                }),
            ],
        );
        let share = top_k_accuracy(&codes, &rows, self.top).ok();
        lines.push((
            format!("truth among the first {}", self.top),
            share,
            share.and_then(|share| wilson(share * n as f64, n as f64, critical(self.confidence.level))),
        ));
        let absent: Vec<&String> =
            names.iter().enumerate().filter(|(at, _)| !codes.contains(at)).map(|(_, name)| name).collect();
        let mut first = format!("{n} cases with probabilities of {} classes{gaps}", names.len());
        if !absent.is_empty() {
            let absent = absent.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            first += &format!("; no AUC: no case is {absent}");
        }
        let json =
            json!({"cases": n, "classes": names, "left_out": left_out, "absent": absent, "metrics": metrics(&lines)});
        Ok(Scores { json, first, lines })
    }

    /// Figures over cases with their jackknife intervals, none of which goes below 0.
    fn jackknifed(&self, n: usize, figures: &[Figure<'_>]) -> Vec<Line> {
        let line = |(name, transform, statistic): &Figure<'_>| {
            let (value, interval) = self.jackknife(n, *transform, statistic);
            let mut line = ((*name).to_owned(), value, interval);
            above_0(&mut line);
            line
        };
        figures.iter().map(line).collect()
    }

    /// A figure of all of `n` cases and its jackknife interval.
    fn jackknife(
        &self,
        n: usize,
        transform: Transform,
        statistic: &dyn Fn(&[usize]) -> Option<f64>,
    ) -> (Option<f64>, Option<Interval>) {
        // Every case is a group of its own up to 1,000; above that 200 groups cost less and tell as much.
        let groups = if n <= 1000 { n } else { 200 };
        let groups: Vec<Vec<usize>> = (0..groups).map(|g| (g..n).step_by(groups).collect()).collect();
        let value = statistic(&(0..n).collect::<Vec<usize>>());
        let interval = value.and_then(|value| {
            Some(jackknife(value, &delete_one(&groups, statistic)?, transform, self.confidence.level)?.interval)
        });
        (value, interval)
    }

    /// Label sets.
    fn sets(&self, truth: &[String], predicted: &[Option<String>]) -> Result<Answer, Failure> {
        let mut names: Vec<String> = Vec::new();
        let mut pairs = Vec::with_capacity(truth.len());
        for (row, (truth, predicted)) in truth.iter().zip(predicted).enumerate() {
            let (truth, predicted) = (labels_of(truth), predicted.as_deref().map_or(Some(Vec::new()), labels_of));
            let (Some(truth), Some(predicted)) = (truth, predicted) else {
                return Err(usage(format!(
                    "{}, row {}: `{}` holds label sets, so `{}` must hold lists too, such as [\"a\"]",
                    self.file.display(),
                    row + 1,
                    self.truth,
                    self.predicted
                )));
            };
            names.extend(truth.iter().chain(&predicted).cloned());
            pairs.push((truth, predicted));
        }
        names.sort();
        names.dedup();
        let row = |labels: &[String]| -> Vec<bool> { names.iter().map(|name| labels.contains(name)).collect() };
        let (expected, found): (Vec<Vec<bool>>, Vec<Vec<bool>>) = pairs.iter().map(|(t, p)| (row(t), row(p))).unzip();
        let all = Multilabel::new(&expected, &found).map_err(|why| usage(format!("{}: {why}", self.file.display())))?;
        let n = all.cases.len();
        let exact = all.subset_accuracy();
        let mut lines = vec![(
            "all labels right".to_owned(),
            Some(exact),
            wilson(exact * n as f64, n as f64, critical(self.confidence.level)),
        )];
        let mut push = |name: &str, transform, statistic: &dyn Fn(&Multilabel) -> Option<f64>| {
            let of = |rows: &[usize]| {
                let pick = |side: &[Vec<bool>]| rows.iter().map(|row| side[*row].clone()).collect::<Vec<_>>();
                statistic(&Multilabel::new(&pick(&expected), &pick(&found)).ok()?)
            };
            let (value, interval) = self.jackknife(n, transform, &of);
            lines.push((name.to_owned(), value, interval));
        };
        push("Hamming loss", Transform::Identity, &|all| Some(all.hamming_loss()));
        push("Jaccard, by case", Transform::Logit, &|all| {
            average(&all.cases, Average::Macro, Some(0.0), Counts::jaccard).value
        });
        push("micro F1", Transform::Logit, &|all| average(&all.labels, Average::Micro, Some(0.0), Counts::f1).value);
        push("macro F1", Transform::Logit, &|all| average(&all.labels, Average::Macro, Some(0.0), Counts::f1).value);
        let metrics = metrics(&lines);
        let labels: serde_json::Map<String, Value> = names
            .iter()
            .zip(&all.labels)
            .map(|(name, c)| {
                (
                    name.clone(),
                    json!({"precision": c.precision(), "recall": c.recall(), "f1": c.f1(), "cases": c.expected}),
                )
            })
            .collect();
        let table = names
            .iter()
            .zip(&all.labels)
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
        let rows = table_of(&lines);
        Ok(Answer::new(json!({"cases": n, "metrics": metrics, "labels": labels}))
            .line(format!("{n} cases with label sets over {} labels", names.len()))
            .table(&["metric", "value", &level(self.confidence.level)], rows, &[1, 2])
            .table(&["label", "precision", "recall", "F1", "cases"], table, &[1, 2, 3, 4]))
    }
}
