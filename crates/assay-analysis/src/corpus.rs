//! Corpus metrics of an arm: figures that are no mean of the cases' values, such as macro F1 or BLEU.

use std::cmp::Ordering;
use std::collections::HashMap;

use assay_core::{Direction, Metric, Reducer};
use assay_metrics::classification::{self, Average, average, balanced_accuracy, kappa, mcc};
use assay_metrics::corpus::{Counts, Figure, Row, of_classes, of_label_sets, of_ranks, of_sums};
use assay_metrics::word_errors::WordErrors;
use assay_metrics::{bleu, chrf, ter};
use assay_stats::{Corpus, Difference, Estimate, corpus_difference, corpus_level};

use crate::cases::positions;
use crate::scores::{Arm, Fill};

/// A metric that follows from the sums of counts of one kind.
fn summed<C: Counts>(rows: &[Row<'_>], score: impl Fn(&C) -> Option<f64>) -> Figure {
    of_sums(rows, |sums| score(&C::read(sums)?))
}

/// A metric of rows, and the same without each group.
fn figure(metric: Metric, rows: &[Row<'_>]) -> Figure {
    let classes = |score: &dyn Fn(&[classification::Counts]) -> Option<f64>| of_classes(rows, score);
    // A class is two numbers of a trial, a set of labels more. "No class" is not averaged over: it can be predicted, but
    // there is no truth of it.
    let f1 = |how: Average| {
        let score =
            |all: &[classification::Counts]| average(&all[1..], how, Some(0.0), classification::Counts::f1).value;
        if rows.first().is_some_and(|row| row.counts.len() > 2) { of_label_sets(rows, score) } else { classes(&score) }
    };
    // Sets of labels go on after the counts of all labels together.
    let together = |score: fn(&classification::Counts) -> Option<f64>| {
        of_sums(rows, move |sums| score(&classification::Counts::read(sums.get(..3)?)?))
    };
    let error =
        |at: usize| of_sums(rows, move |sums| (sums[0] > 0.0).then(|| sums.get(at).map(|sum| sum / sums[0]))?);
    match metric {
        Metric::Bleu => summed(rows, |sums| bleu::Bleu::default().score(sums)),
        // Orders that a scorer does not count are zero throughout, and orders of zeros do not count.
        Metric::Chrf => {
            let all = chrf::Chrf { word_order: chrf::MOST_WORD_ORDER, lowercase: false };
            summed(rows, |sums| all.score(sums))
        }
        Metric::Ter => summed(rows, ter::Counts::rate),
        Metric::Wer | Metric::Cer => summed(rows, WordErrors::rate),
        Metric::Mer => summed(rows, |sums: &WordErrors| Some(sums.mer())),
        Metric::Wil => summed(rows, |sums: &WordErrors| Some(sums.wil())),
        Metric::MacroF1 => f1(Average::Macro),
        Metric::WeightedF1 => f1(Average::Weighted),
        Metric::BalancedAccuracy => classes(&balanced_accuracy),
        Metric::Mcc => classes(&|all| Some(mcc(all))),
        Metric::Kappa => classes(&|all| kappa(all).ok()),
        Metric::Precision => together(classification::Counts::precision),
        Metric::Recall => together(classification::Counts::recall),
        Metric::F1 => together(classification::Counts::f1),
        Metric::Mae => error(1),
        Metric::Rmse => {
            let squares = error(2);
            let root = |square: Option<f64>| square.map(f64::sqrt);
            Figure { value: root(squares.value), left_out: squares.left_out.into_iter().map(root).collect() }
        }
        Metric::RocAuc => of_ranks(rows),
    }
}

/// Numbers groups (clusters, and cases without one) as they are met.
#[derive(Default)]
struct Groups {
    numbers: HashMap<(bool, u32), usize>,
    clustered: bool,
}

impl Groups {
    fn of(&mut self, case: usize, cluster: Option<u32>) -> usize {
        self.clustered |= cluster.is_some();
        let key = (cluster.is_some(), cluster.unwrap_or(case as u32));
        let next = self.numbers.len();
        *self.numbers.entry(key).or_insert(next)
    }
}

/// The rows of a case's epochs that count: together they weigh as much as the case.
fn push<'a>(rows: &mut Vec<Row<'a>>, arm: Arm<'a>, scorer: usize, case: usize, group: usize, weight: f64) {
    let from = rows.len();
    rows.extend(arm.counts_of(case, scorer).map(|counts| Row { group, weight, counts }));
    let epochs = (rows.len() - from) as f64;
    rows[from..].iter_mut().for_each(|row| row.weight /= epochs);
}

fn corpus(metric: Metric, rows: &[Row<'_>], n: usize, clustered: bool) -> Corpus {
    let Figure { value, left_out } = figure(metric, rows);
    Corpus { value, left_out, n, clustered, range: metric.score().range() }
}

/// The level of a metric over all cases, or over some. Cases whose trials have no numbers are left out.
pub(crate) fn level(arm: Arm<'_>, scorer: usize, metric: Metric, cases: Option<&[usize]>, confidence: f64) -> Estimate {
    let (mut rows, mut groups, mut n) = (Vec::new(), Groups::default(), 0);
    let mut add = |case: usize| {
        if arm.counts_of(case, scorer).next().is_some() {
            let cases = &arm.scores.cases;
            push(&mut rows, arm, scorer, case, groups.of(case, cases.cluster(case)), cases.weight(case));
            n += 1;
        }
    };
    positions(arm.scores.cases.len(), cases).for_each(&mut add);
    corpus_level(&corpus(metric, &rows, n, groups.clustered), confidence)
}

/// The difference of two arms over the cases that both have numbers for, positive being better: of all, or of some of the
/// candidate's.
pub(crate) fn difference(
    candidate: Arm<'_>,
    baseline: Arm<'_>,
    scorers: (usize, usize),
    metric: Metric,
    some: Option<&[usize]>,
    confidence: f64,
) -> Difference {
    let (mut ours, mut theirs, mut groups, mut n) = (Vec::new(), Vec::new(), Groups::default(), 0);
    let worse = match candidate.scores.record.scorers[scorers.0].direction {
        Direction::Higher => Ordering::Less,
        Direction::Lower => Ordering::Greater,
    };
    let mut moved = [0, 0, 0];
    let cases = &candidate.scores.cases;
    for (case, other) in cases.shared(&baseline.scores.cases, some) {
        let both = candidate.counts_of(case, scorers.0).next().zip(baseline.counts_of(other, scorers.1).next());
        if both.is_none() {
            continue;
        }
        let group = groups.of(case, cases.cluster(case));
        push(&mut ours, candidate, scorers.0, case, group, cases.weight(case));
        push(&mut theirs, baseline, scorers.1, other, group, cases.weight(case));
        n += 1;
        let mean = |arm: Arm<'_>, case, scorer| arm.value(case, scorer, Reducer::Mean, Fill::Available);
        let values = mean(candidate, case, scorers.0).zip(mean(baseline, other, scorers.1));
        let order = values.map_or(Ordering::Equal, |(ours, theirs)| ours.0.total_cmp(&theirs.0));
        let kind = if order == Ordering::Equal { 2 } else { usize::from(order == worse) };
        moved[kind] += 1;
    }
    let of = |rows: &[Row<'_>]| corpus(metric, rows, n, groups.clustered);
    let (mut ours, mut theirs) = (of(&ours), of(&theirs));
    if metric.direction() == Direction::Lower {
        // Larger is better on both sides.
        for side in [&mut ours, &mut theirs] {
            side.value = side.value.map(|value| -value);
            side.left_out.iter_mut().for_each(|value| *value = value.map(|value| -value));
            side.range = side.range.map(|(lo, hi)| (-hi, -lo));
        }
    }
    corpus_difference(&ours, &theirs, moved, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_metrics::corpus::label_set;

    #[test]
    fn classes_and_sets_of_labels_are_told_apart() {
        let classes = [vec![0.0, 0.0], vec![1.0, 0.0]];
        let sets = [label_set(&[true, false], &[true, true], 0), label_set(&[true, true], &[false, true], 1)];
        let f1 = |counts: &[Vec<f64>], metric| {
            let rows: Vec<Row<'_>> =
                counts.iter().enumerate().map(|(group, counts)| Row { group, weight: 1.0, counts }).collect();
            figure(metric, &rows).value.unwrap()
        };
        // Of two classes the first has F1 ⅔ and the second 0; both labels have ⅔.
        assert!((f1(&classes, Metric::MacroF1) - 1.0 / 3.0).abs() < 1e-12);
        assert!((f1(&sets, Metric::MacroF1) - 2.0 / 3.0).abs() < 1e-12);
        // Two hits of four given labels, one of them beyond the list, and of three expected ones.
        assert!((f1(&sets, Metric::F1) - 4.0 / 7.0).abs() < 1e-12);
        assert_eq!((f1(&sets, Metric::Precision), f1(&[vec![1.5, 3.0, 2.0]], Metric::Recall)), (0.5, 0.75));
    }
}
