//! Figures of a corpus from counts per segment.
//!
//! BLEU, chrF, TER and word error rates of a corpus are no means of the segments' scores: they are computed from sums of
//! counts. With the counts of each segment at hand, a corpus without one segment costs a subtraction. Class metrics and
//! the area under the ROC curve are left out from in the same way, by [`of_sums`], [`of_classes`], [`of_label_sets`] and [`of_ranks`].

use crate::classification;

/// Counts that add up over the segments of a corpus, as the numbers they are stored as.
///
/// # Examples
/// ```
/// use assay_metrics::{corpus::Counts, word_errors::WordErrors};
/// let counts = WordErrors::of_words("a b", "a c");
/// assert_eq!(counts.numbers(), [1.0, 1.0, 0.0, 0.0]);
/// assert_eq!(WordErrors::read(&counts.numbers()), Some(counts));
/// assert_eq!(WordErrors::read(&[1.0]), None);
/// ```
pub trait Counts: Sized {
    /// The numbers, in a fixed order and number.
    fn numbers(&self) -> Vec<f64>;

    /// From the numbers, or sums of them; `None` where there are too few or too many.
    fn read(numbers: &[f64]) -> Option<Self>;
}

/// The sum of all segments' counts. O(n).
///
/// # Examples
/// ```
/// use assay_metrics::word_errors::WordErrors;
/// let all = [WordErrors::of_words("a b", "a c"), WordErrors::of_words("d", "d")];
/// assert_eq!(assay_metrics::corpus::sum(&all).wer(), Some(1.0 / 3.0));
/// ```
pub fn sum<S: Counts + Default>(segments: &[S]) -> S {
    let mut all = S::default().numbers();
    for segment in segments {
        all.iter_mut().zip(segment.numbers()).for_each(|(sum, number)| *sum += number);
    }
    S::read(&all).unwrap_or_default()
}

/// One segment, or one trial, of a corpus.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What is left out together: a case, or a cluster of cases, numbered from 0 without gaps.
    pub group: usize,
    /// Its weight, finite and at least 0.
    pub weight: f64,
    /// Its numbers; what they are depends on the metric.
    pub counts: &'a [f64],
}

/// A metric of a corpus, and the same without each group in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Of all rows; `None` where it is undefined.
    pub value: Option<f64>,
    /// Without each group; `None` where that is undefined.
    pub left_out: Vec<Option<f64>>,
}

/// What is left of a sum after a subtraction, without the rounding error where nothing is left.
fn rest(all: f64, part: f64) -> f64 {
    let rest = all - part;
    if rest.abs() <= 1e-9 * all.abs() { 0.0 } else { rest }
}

/// The rows of each group.
fn by_group<'a, 'b>(rows: &'b [Row<'a>]) -> Vec<Vec<&'b Row<'a>>> {
    let groups = rows.iter().map(|row| row.group + 1).max().unwrap_or(0);
    let mut members = vec![Vec::new(); groups];
    rows.iter().for_each(|row| members[row.group].push(row));
    members
}

/// A metric that is computed from the weighted sums of all rows' counts, which are not negative. O(n).
///
/// # Examples
/// ```
/// use assay_metrics::corpus::{Counts, Row, of_sums};
/// use assay_metrics::word_errors::WordErrors;
/// let counts = [WordErrors::of_words("a b", "a c").numbers(), WordErrors::of_words("d", "d").numbers()];
/// let rows: Vec<Row> = counts.iter().enumerate().map(|(group, counts)| Row { group, weight: 1.0, counts }).collect();
/// let got = of_sums(&rows, |sums| WordErrors::read(sums)?.rate());
/// assert_eq!((got.value, got.left_out), (Some(1.0 / 3.0), vec![Some(0.0), Some(0.5)]));
/// ```
pub fn of_sums(rows: &[Row<'_>], score: impl Fn(&[f64]) -> Option<f64>) -> Figure {
    let width = rows.first().map_or(0, |row| row.counts.len());
    let add = |sums: &mut Vec<f64>, row: &Row<'_>| {
        sums.iter_mut().zip(row.counts).for_each(|(sum, count)| *sum += row.weight * count);
    };
    let mut all = vec![0.0; width];
    rows.iter().for_each(|row| add(&mut all, row));
    let mut part = vec![0.0; width];
    let left_out = by_group(rows)
        .iter()
        .map(|members| {
            part.fill(0.0);
            members.iter().for_each(|row| add(&mut part, row));
            part.iter_mut().zip(&all).for_each(|(part, all)| *part = rest(*all, *part));
            if members.len() < rows.len() { score(&part) } else { None }
        })
        .collect();
    Figure { value: if rows.is_empty() { None } else { score(&all) }, left_out }
}

/// A metric of classes. A row's counts are its true class and the predicted one, numbered from 0; −1 predicts no class.
/// `score` gets the counts of "no class" first, then those of each class that is expected or predicted.
/// O(n + groups · classes).
///
/// # Examples
/// ```
/// use assay_metrics::classification::mcc;
/// use assay_metrics::corpus::{Row, of_classes};
/// let cells = [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0]];
/// let rows: Vec<Row> = cells.iter().enumerate().map(|(group, counts)| Row { group, weight: 1.0, counts }).collect();
/// let got = of_classes(&rows, |classes| Some(mcc(classes)));
/// assert_eq!(got.left_out[3], Some(1.0));
/// ```
pub fn of_classes(rows: &[Row<'_>], score: impl Fn(&[classification::Counts]) -> Option<f64>) -> Figure {
    let cell = |row: &Row<'_>| match row.counts {
        [truth, predicted] => ((truth + 1.0) as usize, (predicted + 1.0) as usize),
        _ => (0, 0),
    };
    let most = rows.iter().map(cell).map(|(truth, predicted)| truth.max(predicted)).max().unwrap_or(0);
    let add = |classes: &mut [classification::Counts], row: &Row<'_>| {
        let (truth, predicted) = cell(row);
        classes[truth].expected += row.weight;
        classes[predicted].predicted += row.weight;
        classes[truth].hits += if truth == predicted { row.weight } else { 0.0 };
    };
    of_each(rows, most + 1, add, score)
}

/// A case's expected and predicted labels of a list, and how many labels beyond the list were predicted, as a row's
/// numbers: hits, predicted, expected, then a number for each [`LABELS_A_NUMBER`] labels with two bits for each of them.
/// The first three are the [`classification::Counts`] of all labels together.
///
/// # Examples
/// ```
/// use assay_metrics::corpus::label_set;
/// // Of three labels the first is expected and the last found, and one that is not on the list.
/// assert_eq!(label_set(&[true, false, false], &[false, false, true], 1), [0.0, 2.0, 1.0, 1.0 + 32.0]);
/// ```
pub fn label_set(expected: &[bool], predicted: &[bool], beyond: usize) -> Vec<f64> {
    let labels = || expected.iter().zip(predicted);
    let count = |which: fn(bool, bool) -> bool| labels().filter(|(e, p)| which(**e, **p)).count() as f64;
    let mut numbers = vec![count(|e, p| e && p), beyond as f64 + count(|_, p| p), count(|e, _| e)];
    let bits = labels().map(|(expected, predicted)| u64::from(*expected) | u64::from(*predicted) << 1);
    let bits: Vec<u64> = bits.collect();
    let packed = |part: &[u64]| part.iter().rev().fold(0, |number, label| number << 2 | label) as f64;
    numbers.extend(bits.chunks(LABELS_A_NUMBER).map(packed));
    numbers
}

/// Labels whose bits fit into a number without rounding: 2 bits each of the 53 there are.
pub const LABELS_A_NUMBER: usize = 26;

/// A metric of sets of labels, of which each is a class of its own. A row's counts are those of [`label_set`]. `score`
/// gets the counts of labels beyond the list first, which can only be predicted, then those of each label that is
/// expected or predicted. Undefined where no label is expected. O(rows · labels).
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Average, Counts, average};
/// use assay_metrics::corpus::{Row, label_set, of_label_sets};
/// let counts = [label_set(&[true, true], &[true, false], 0), label_set(&[false, true], &[false, true], 0)];
/// let rows: Vec<Row> = counts.iter().enumerate().map(|(group, counts)| Row { group, weight: 1.0, counts }).collect();
/// let got = of_label_sets(&rows, |labels| average(&labels[1..], Average::Macro, Some(0.0), Counts::f1).value);
/// assert_eq!((got.value, got.left_out[0]), (Some((1.0 + 2.0 / 3.0) / 2.0), Some(1.0)));
/// ```
pub fn of_label_sets(rows: &[Row<'_>], score: impl Fn(&[classification::Counts]) -> Option<f64>) -> Figure {
    let packed = |row: &Row<'_>| row.counts.len().saturating_sub(3);
    let most = rows.iter().map(packed).max().unwrap_or(0) * LABELS_A_NUMBER;
    let add = |labels: &mut [classification::Counts], row: &Row<'_>| {
        let &[_, mut beyond, _, ref packed @ ..] = row.counts else { return };
        for (labels, number) in labels[1..].chunks_mut(LABELS_A_NUMBER).zip(packed) {
            // What is no such number (NaN, below 0) has no labels.
            let mut bits = *number as u64;
            for label in labels {
                let counts = classification::Counts::of(bits & 1 == 1, bits >> 1 & 1 == 1);
                label.hits += row.weight * counts.hits;
                label.predicted += row.weight * counts.predicted;
                label.expected += row.weight * counts.expected;
                beyond -= counts.predicted;
                bits >>= 2;
            }
        }
        labels[0].predicted += row.weight * beyond;
    };
    of_each(rows, most + 1, add, score)
}

/// A metric of the counts of `classes` classes, which `add` gathers from a row: those of the first, "no class", and of
/// each that is expected or predicted. O(rows + groups · classes).
fn of_each(
    rows: &[Row<'_>],
    classes: usize,
    add: impl Fn(&mut [classification::Counts], &Row<'_>),
    score: impl Fn(&[classification::Counts]) -> Option<f64>,
) -> Figure {
    let mut all = vec![classification::Counts::default(); classes];
    rows.iter().for_each(|row| add(&mut all, row));
    let mut there = Vec::with_capacity(all.len());
    let mut score = |classes: &[classification::Counts]| {
        there.clear();
        there.push(classes[0]);
        there.extend(classes[1..].iter().filter(|class| class.expected + class.predicted > 0.0));
        if there.iter().any(|class| class.expected > 0.0) { score(&there) } else { None }
    };
    let mut part = all.clone();
    let left_out = by_group(rows)
        .iter()
        .map(|members| {
            part.fill(classification::Counts::default());
            members.iter().for_each(|row| add(&mut part, row));
            for (part, all) in part.iter_mut().zip(&all) {
                part.hits = rest(all.hits, part.hits);
                part.predicted = rest(all.predicted, part.predicted);
                part.expected = rest(all.expected, part.expected);
            }
            score(&part)
        })
        .collect();
    Figure { value: score(&all), left_out }
}

/// The area under the ROC curve: how often a positive scores above a negative, ties counting half. A row's counts are
/// its score and 1 for a positive, 0 for a negative. Undefined where one of them is missing. O(n log n).
///
/// # Examples
/// ```
/// use assay_metrics::corpus::{Row, of_ranks};
/// let counts = [[0.9, 1.0], [0.4, 1.0], [0.6, 0.0], [0.1, 0.0]];
/// let rows: Vec<Row> = counts.iter().enumerate().map(|(group, counts)| Row { group, weight: 1.0, counts }).collect();
/// let got = of_ranks(&rows);
/// assert_eq!(got.value, Some(0.75));
/// assert_eq!(got.left_out, [Some(0.5), Some(1.0), Some(1.0), Some(0.5)]);
/// ```
pub fn of_ranks(rows: &[Row<'_>]) -> Figure {
    let members = by_group(rows);
    let every: Vec<&Row<'_>> = rows.iter().collect();
    let (wins, all) = wins(&every);
    let positive = |row: &Row<'_>| row.counts.get(1).is_some_and(|truth| *truth > 0.0);
    let mut by_row = all.into_iter();
    let mut of_group = vec![0.0; members.len()];
    // The pairs of a group with everyone, those within it twice.
    rows.iter().for_each(|row| of_group[row.group] += row.weight * by_row.next().unwrap_or(0.0));
    let weight = |rows: &[&Row<'_>], which: bool| {
        rows.iter().filter(|row| positive(row) == which).map(|row| row.weight).sum::<f64>()
    };
    let (positives, negatives) = (weight(&every, true), weight(&every, false));
    let area = |wins: f64, positives: f64, negatives: f64| {
        let pairs = positives * negatives;
        (pairs > 0.0).then(|| (wins / pairs).clamp(0.0, 1.0))
    };
    let left_out = members
        .iter()
        .zip(of_group)
        .map(|(members, pairs)| {
            let within = if members.len() > 1 { self::wins(members).0 } else { 0.0 };
            let (p, n) = (rest(positives, weight(members, true)), rest(negatives, weight(members, false)));
            area(wins - pairs + within, p, n)
        })
        .collect();
    Figure { value: area(wins, positives, negatives), left_out }
}

/// The weight of pairs of a positive and a negative in the right order, ties half; and for each row that of the rows of
/// the other kind which stand on the right side of it.
fn wins(rows: &[&Row<'_>]) -> (f64, Vec<f64>) {
    let score = |at: &usize| rows[*at].counts.first().copied().unwrap_or(0.0);
    let positive = |at: &usize| rows[*at].counts.get(1).is_some_and(|truth| *truth > 0.0);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| score(a).total_cmp(&score(b)));
    let sum = |some: &[usize], which: bool| {
        some.iter().filter(|at| positive(at) == which).map(|at| rows[*at].weight).sum::<f64>()
    };
    let (mut all, mut total) = (vec![0.0; rows.len()], 0.0);
    let positives = sum(&order, true);
    let (mut negatives_below, mut positives_below) = (0.0, 0.0);
    for ties in order.chunk_by(|a, b| score(a) == score(b)) {
        let (p, n) = (sum(ties, true), sum(ties, false));
        for at in ties {
            if positive(at) {
                all[*at] = negatives_below + 0.5 * n;
                total += rows[*at].weight * all[*at];
            } else {
                all[*at] = positives - positives_below - 0.5 * p;
            }
        }
        negatives_below += n;
        positives_below += p;
    }
    (total, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classification::{Average, Confusion, Ranked, average};
    use proptest::prelude::*;

    fn rows(counts: &[[f64; 2]], groups: usize) -> Vec<Row<'_>> {
        counts.iter().enumerate().map(|(i, counts)| Row { group: i % groups, weight: 1.0, counts }).collect()
    }

    proptest! {
        #[test]
        fn leaving_a_group_out_is_computing_without_it(
            cells in prop::collection::vec((0u8..4, 0u8..4), 2..40), groups in 1usize..6, scale in 1u8..4
        ) {
            let counts: Vec<[f64; 2]> =
                cells.iter().map(|(a, b)| [f64::from(*a), f64::from(*b) - 1.0]).collect();
            let f1 = |classes: &[classification::Counts]| {
                average(&classes[1..], Average::Macro, Some(0.0), classification::Counts::f1).value
            };
            let groups = groups.min(counts.len());
            let mut all = rows(&counts, groups);
            all.iter_mut().for_each(|row| row.weight = 1.0 / f64::from(scale));
            for (got, redo) in [
                (of_classes(&all, f1), (&|rest: &[Row<'_>]| of_classes(rest, f1).value) as &dyn Fn(&[Row<'_>]) -> Option<f64>),
                (of_ranks(&all), &|rest| of_ranks(rest).value),
                (of_sums(&all, |s| (s[0] > 0.0).then(|| s[1] / s[0])), &|rest| of_sums(rest, |s| (s[0] > 0.0).then(|| s[1] / s[0])).value),
            ] {
                for (group, without) in got.left_out.iter().enumerate() {
                    let rest: Vec<Row<'_>> = all.iter().filter(|row| row.group != group).copied().collect();
                    match (without, redo(&rest)) {
                        (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-9, "{a} {b}"),
                        (a, b) => prop_assert_eq!(*a, b),
                    }
                }
            }
        }

        #[test]
        fn sets_of_labels_are_their_classes_and_leave_groups_out(
            cells in prop::collection::vec((prop::collection::vec(any::<(bool, bool)>(), 30), 0usize..3), 1..20),
            groups in 1usize..6,
        ) {
            let counts: Vec<Vec<f64>> = cells
                .iter()
                .map(|(labels, beyond)| {
                    let (expected, predicted): (Vec<bool>, Vec<bool>) = labels.iter().copied().unzip();
                    label_set(&expected, &predicted, *beyond)
                })
                .collect();
            let groups = groups.min(counts.len());
            let row = |(i, counts)| Row { group: i % groups, weight: 0.5, counts };
            let all: Vec<Row<'_>> = counts.iter().map(Vec::as_slice).enumerate().map(row).collect();
            let f1 = |labels: &[classification::Counts]| {
                average(&labels[1..], Average::Macro, Some(0.0), classification::Counts::f1).value
            };
            let got = of_label_sets(&all, f1);
            for (group, without) in got.left_out.iter().enumerate() {
                let rest: Vec<Row<'_>> = all.iter().filter(|row| row.group != group).copied().collect();
                let want = of_label_sets(&rest, f1).value;
                prop_assert!(without.zip(want).map_or(*without == want, |(a, b)| (a - b).abs() < 1e-9));
            }
            // Against the labels one by one, and all of them together against the first three numbers.
            let of = |label: usize| -> classification::Counts {
                cells.iter().map(|(labels, _)| classification::Counts::of(labels[label].0, labels[label].1)).sum()
            };
            let there = (0..30).map(of).filter(|counts| counts.expected + counts.predicted > 0.0);
            let (there, total) = (there.collect::<Vec<_>>(), (0..30).map(of).sum::<classification::Counts>());
            if total.expected > 0.0 {
                let want = average(&there, Average::Macro, Some(0.0), classification::Counts::f1).value.unwrap();
                prop_assert!((got.value.unwrap() - want).abs() < 1e-12);
                let micro = of_label_sets(&all, |labels| labels.iter().copied().sum::<classification::Counts>().f1());
                let sums = of_sums(&all, |sums| classification::Counts::read(sums.get(..3)?)?.f1());
                prop_assert!((micro.value.unwrap() - sums.value.unwrap()).abs() < 1e-12);
            }
        }

        #[test]
        fn classes_and_ranks_agree_with_their_own_metrics(cells in prop::collection::vec((0u8..3, 0u8..3), 1..40)) {
            let counts: Vec<[f64; 2]> = cells.iter().map(|(a, b)| [f64::from(*a), f64::from(*b)]).collect();
            let all = rows(&counts, 1);
            let (truth, predicted): (Vec<u8>, Vec<u8>) = cells.iter().copied().unzip();
            let confusion = Confusion::new(&truth, &predicted).unwrap();
            let got = of_classes(&all, |classes| Some(classification::mcc(classes))).value.unwrap();
            prop_assert!((got - confusion.mcc()).abs() < 1e-12);
            let ranked = Ranked::new(
                &cells.iter().map(|(_, b)| *b > 0).collect::<Vec<_>>(),
                &cells.iter().map(|(a, _)| f64::from(*a)).collect::<Vec<_>>(),
            );
            match (of_ranks(&all).value, ranked) {
                (Some(a), Ok(b)) => prop_assert!((a - b.roc_auc()).abs() < 1e-12),
                (a, b) => prop_assert!(a.is_none() && b.is_err()),
            }
        }
    }
}
