//! Levels and differences of scores by a judge, corrected by what people said of a random part of the cases: which
//! method for which data, first match wins.

use std::fmt;

use crate::calibration::{DoubleSample, Label, double_sampling, label_multiplier, labels_needed, prediction_powered};
use crate::correlation::pearson;
use crate::difference::{Difference, Pair, difference};
use crate::estimate::{Estimate, Interval, Item, Kind, Method, Reason, level};
use crate::judges::{Sampled, inverse_chances};
use crate::proportion::critical;
use crate::special::normal_quantile;

/// The power at which labels are planned.
const POWER: f64 = 0.8;

/// A case as a judge scored it and, where it is labelled, people. In a comparison both are candidate − baseline, turned so
/// that positive is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// By the judge.
    pub judge: f64,
    /// By people, where they were asked.
    pub truth: Option<f64>,
    /// The chance with which the case was drawn to be labelled, where chances differ.
    pub chance: Option<f64>,
    /// Its cluster.
    pub cluster: Option<u32>,
    /// Epochs behind it.
    pub repeats: u32,
}

/// Why scores of a judge cannot be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncorrected {
    /// Fewer than two cases carry labels.
    FewLabels(usize),
    /// Some labels were drawn with a chance that is known, others not.
    UnknownChances,
    /// The method has no answer.
    Undefined(Reason),
}

impl fmt::Display for Uncorrected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewLabels(0) => f.write_str("none of its cases carries a label by people"),
            Self::FewLabels(_) => f.write_str("only one of its cases carries a label by people"),
            Self::UnknownChances => f.write_str("some labels were drawn with known chances and others not"),
            Self::Undefined(reason) => reason.fmt(f),
        }
    }
}

/// A corrected estimate and what is behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction<T> {
    /// The estimate, its method included.
    pub found: T,
    /// Cases with a label.
    pub labels: usize,
    /// How much the judge's scores were trusted, where PPI++ decided it.
    pub lambda: Option<f64>,
    /// How many times as many labels alone would be as precise.
    pub multiplier: Option<f64>,
    /// Standard errors of the labels' part and of the judge's part.
    pub parts: (f64, f64),
}

impl<T> Correction<T> {
    /// The labels that would show a difference to lie `gap` on the right side of a limit, with 80% power at the confidence.
    /// `None` when no number of labels does: more judged cases are needed.
    pub fn labels_needed(&self, gap: f64, confidence: f64) -> Option<u64> {
        let z = critical(confidence) + normal_quantile(POWER);
        labels_needed(self.labels, self.parts.0, self.parts.1, gap / z)
    }
}

struct Split {
    labels: Vec<Label>,
    unlabelled: Vec<(f64, Option<u32>)>,
    /// Chances of cases that were labelled, when they differ; the others' play no part.
    sampled: Option<Vec<Sampled>>,
    multiplier: Option<f64>,
}

fn split(cases: &[Judged]) -> Result<Split, Uncorrected> {
    let mut labels = Vec::new();
    let mut unlabelled = Vec::new();
    let (mut known, mut lowest, mut highest) = (0, f64::INFINITY, 0.0_f64);
    for case in cases {
        let Some(truth) = case.truth else {
            unlabelled.push((case.judge, case.cluster));
            continue;
        };
        labels.push(Label { truth, judge: case.judge, cluster: case.cluster });
        if let Some(chance) = case.chance {
            known += 1;
            (lowest, highest) = (lowest.min(chance), highest.max(chance));
        }
    }
    if labels.len() < 2 {
        return Err(Uncorrected::FewLabels(labels.len()));
    }
    let unequal = known > 0 && highest - lowest > 1e-9;
    if unequal && known < labels.len() {
        return Err(Uncorrected::UnknownChances);
    }
    let sampled = |c: &Judged| Sampled {
        judge: c.judge,
        truth: c.truth,
        chance: c.truth.and(c.chance).unwrap_or(1.0),
        cluster: c.cluster,
    };
    let (truths, judged): (Vec<f64>, Vec<f64>) = labels.iter().map(|l| (l.truth, l.judge)).unzip();
    let multiplier = pearson(&truths, &judged)
        .and_then(|r| label_multiplier(r, labels.len() as u64, unlabelled.len() as u64))
        .filter(|_| !unlabelled.is_empty());
    Ok(Split { labels, unlabelled, sampled: unequal.then(|| cases.iter().map(sampled).collect()), multiplier })
}

fn shown(
    n: usize,
    clusters: Option<usize>,
    value: f64,
    se: f64,
    df: Option<f64>,
    i: Interval,
    method: Method,
) -> Estimate {
    Estimate {
        n,
        clusters,
        value: Some(value),
        interval: Some(i),
        se: Some(se),
        df,
        method,
        reason: None,
        design_effect: None,
        icc: None,
        warnings: Vec::new(),
    }
}

fn clusters_of(cases: &[Judged]) -> Option<usize> {
    let mut clusters: Vec<u32> = cases.iter().filter_map(|c| c.cluster).collect();
    let alone = cases.len() - clusters.len();
    clusters.sort_unstable();
    clusters.dedup();
    (!clusters.is_empty()).then(|| clusters.len() + alone)
}

fn width(interval: Option<Interval>) -> f64 {
    interval.map_or(f64::INFINITY, |i| i.upper - i.lower)
}

/// The level of what people would say of all cases, from a judge's scores of all and people's labels of a random part.
///
/// Labels drawn with unequal chances are weighted with the inverse chances; else pass or fail on independent, unrepeated
/// cases gets the double-sampling posterior (its draws from `seed`), everything else PPI++ with CR2. Where PPI++ trusts
/// the judge in nothing (λ = 0), or people's labels alone give the narrower interval, or all cases are labelled, it is
/// the level of the labels alone. Bounds are kept within the kind's range. Tenenbein 1970; Angelopoulos et al. 2023; Zrnic
/// & Candès 2024.
///
/// # Errors
/// [`Uncorrected`]: fewer than two labels, chances that are known of some labels only, or a method without an answer.
///
/// # Examples
/// ```
/// use assay_stats::{Judged, Kind, Method, corrected_level};
/// // The judge passes 4 of 5; of every tenth, people turn half of its passes round.
/// let case = |i: u32| Judged {
///     judge: f64::from(u8::from(i % 5 > 0)),
///     truth: (i % 10 < 2).then_some(f64::from(u8::from(i % 5 > 0 && i % 20 < 10))),
///     chance: None, cluster: None, repeats: 1,
/// };
/// let cases: Vec<Judged> = (0..1000).map(case).collect();
/// let found = corrected_level(&cases, Kind::Binary, 0.95, 1).unwrap();
/// assert_eq!((found.found.method, found.labels), (Method::DoubleSampling, 200));
/// assert!((found.found.value.unwrap() - 0.4).abs() < 0.02);
/// ```
pub fn corrected_level(
    cases: &[Judged],
    kind: Kind,
    confidence: f64,
    seed: u64,
) -> Result<Correction<Estimate>, Uncorrected> {
    let parts = split(cases)?;
    let (n, clusters) = (cases.len(), clusters_of(cases));
    let range = kind.range();
    let within = |i: Interval| match range {
        Some((lo, hi)) => Interval { lower: i.lower.clamp(lo, hi), upper: i.upper.clamp(lo, hi) },
        None => i,
    };
    let item = |l: &Label, repeats| Item { value: l.truth, repeats, cluster: l.cluster, weight: 1.0 };
    let repeats = cases.iter().map(|c| c.repeats).max().unwrap_or(1);
    let alone = || level(&parts.labels.iter().map(|l| item(l, repeats)).collect::<Vec<_>>(), kind, confidence);
    let made = |found: Estimate, lambda, se: (f64, f64)| Correction {
        found,
        labels: parts.labels.len(),
        lambda,
        multiplier: parts.multiplier,
        parts: se,
    };
    let people = |found: Estimate, lambda| {
        let se = found.se.unwrap_or(f64::NAN);
        made(found, lambda, (se, 0.0))
    };
    if let Some(sampled) = &parts.sampled {
        let (found, df) = inverse_chances(sampled, None, confidence).map_err(Uncorrected::Undefined)?;
        let i = within(found.interval);
        let estimate = shown(n, clusters, found.value, found.se, Some(df), i, Method::InverseChances);
        return Ok(made(estimate, None, (found.se, 0.0)));
    }
    if parts.unlabelled.is_empty() {
        return Ok(people(alone(), None));
    }
    if kind == Kind::Binary && clusters.is_none() && repeats == 1 {
        let count = |pass: bool, right: Option<f64>| {
            let same = |l: &&Label| (l.judge == 1.0) == pass && right.is_none_or(|truth| l.truth == truth);
            parts.labels.iter().filter(same).count() as u64
        };
        let sample = DoubleSample {
            judged: n as u64,
            judged_pass: cases.iter().filter(|c| c.judge == 1.0).count() as u64,
            labelled_pass: count(true, None),
            true_of_pass: count(true, Some(1.0)),
            labelled_fail: count(false, None),
            true_of_fail: count(false, Some(1.0)),
        };
        let found = double_sampling(sample, confidence, seed).map_err(Uncorrected::Undefined)?;
        let estimate = shown(n, None, found.value, found.se, None, found.interval, Method::DoubleSampling);
        return Ok(made(estimate, None, (found.se, 0.0)));
    }
    let alone = alone();
    match prediction_powered(&parts.labels, &parts.unlabelled, None, confidence) {
        Ok(found) if found.lambda > 0.0 => {
            let c = found.corrected;
            let i = within(c.interval);
            if width(alone.interval) < width(Some(i)) {
                return Ok(people(alone, Some(found.lambda)));
            }
            let estimate = shown(n, clusters, c.value, c.se, Some(found.df), i, Method::PredictionPowered);
            Ok(made(estimate, Some(found.lambda), (found.labels_se, found.judged_se)))
        }
        Ok(found) => Ok(people(alone, Some(found.lambda))),
        // Nothing varies: the labels' own rule for that says how much it tells.
        Err(_) if alone.interval.is_some() => Ok(people(alone, None)),
        Err(reason) => Err(Uncorrected::Undefined(reason)),
    }
}

/// The difference, candidate − baseline, of what people would say, from a judge's scores of both arms' answers and people's
/// labels of both answers to a random part of the cases: paired PPI++ with CR2 on both terms. What a gate reads carries the
/// plus-two guard with the range of a label. Labels drawn with unequal chances are weighted with the inverse chances; where
/// people's labels alone give the narrower guarded interval, or the judge is trusted in nothing, it is the paired difference
/// of the labels alone. `kind` is that of a score, not of a difference.
///
/// # Errors
/// As [`corrected_level`].
///
/// # Examples
/// ```
/// use assay_stats::{Judged, Kind, Method, corrected_difference};
/// // The judge sees a gain in every fourth case; people, asked of every fifth, in none of those.
/// let case = |i: u32| Judged {
///     judge: f64::from(u8::from(i % 4 == 0)),
///     truth: (i % 5 == 0).then_some(f64::from(u8::from(i % 40 == 5))),
///     chance: None, cluster: None, repeats: 1,
/// };
/// let cases: Vec<Judged> = (0..1000).map(case).collect();
/// let found = corrected_difference(&cases, Kind::Binary, 0.95).unwrap();
/// assert!(found.found.estimate.interval.unwrap().upper < 0.25 && found.labels == 200);
/// ```
pub fn corrected_difference(
    cases: &[Judged],
    kind: Kind,
    confidence: f64,
) -> Result<Correction<Difference>, Uncorrected> {
    let parts = split(cases)?;
    let (n, clusters) = (cases.len(), clusters_of(cases));
    let given = || cases.iter().flat_map(|c| [Some(c.judge), c.truth]).flatten();
    // Of an unbounded score the largest move that was seen stands for the range.
    let range = kind.range().map_or_else(|| given().fold(0.0, |most: f64, d| most.max(d.abs())), |(lo, hi)| hi - lo);
    let better = cases.iter().filter(|c| c.judge > 0.0).count();
    let worse = cases.iter().filter(|c| c.judge < 0.0).count();
    let moved = [better, worse, n - better - worse];
    let made = |found: Difference, lambda, se: (f64, f64)| Correction {
        found,
        labels: parts.labels.len(),
        lambda,
        multiplier: parts.multiplier,
        parts: se,
    };
    if let Some(sampled) = &parts.sampled {
        let plain = inverse_chances(sampled, None, confidence).map_err(Uncorrected::Undefined)?;
        let (guarded, df) = inverse_chances(sampled, Some(range), confidence).map_err(Uncorrected::Undefined)?;
        let c = plain.0;
        let estimate = shown(n, clusters, c.value, c.se, Some(df), c.interval, Method::InverseChances);
        let gate = (guarded.se, guarded.interval, Method::InverseChances);
        return Ok(made(Difference::by_t(estimate, gate, df, moved), None, (guarded.se, 0.0)));
    }
    let repeats = cases.iter().map(|c| c.repeats).max().unwrap_or(1);
    let pair = |l: &Label| Pair { candidate: l.truth, baseline: 0.0, repeats, cluster: l.cluster, weight: 1.0 };
    let alone = || difference(&parts.labels.iter().map(pair).collect::<Vec<_>>(), kind, confidence, 0);
    let people = |found: Difference, lambda| {
        let se = found.estimate.se.unwrap_or(f64::NAN);
        made(found, lambda, (se, 0.0))
    };
    if parts.unlabelled.is_empty() {
        return Ok(people(alone(), None));
    }
    let found = prediction_powered(&parts.labels, &parts.unlabelled, Some(range), confidence);
    let alone = alone();
    match found {
        Ok(guarded)
            if guarded.lambda > 0.0 && width(Some(guarded.corrected.interval)) <= width(alone.gate_interval) =>
        {
            let plain = prediction_powered(&parts.labels, &parts.unlabelled, None, confidence)
                .map_err(Uncorrected::Undefined)?;
            let c = plain.corrected;
            let estimate = shown(n, clusters, c.value, c.se, Some(plain.df), c.interval, Method::PredictionPowered);
            let gate = (guarded.corrected.se, guarded.corrected.interval, Method::PredictionPoweredGuarded);
            let lambda = Some(guarded.lambda);
            let found = Difference::by_t(estimate, gate, guarded.df, moved);
            Ok(made(found, lambda, (guarded.labels_se, guarded.judged_se)))
        }
        Ok(guarded) => Ok(people(alone, Some(guarded.lambda))),
        Err(_) if alone.gate_interval.is_some() => Ok(people(alone, None)),
        Err(reason) => Err(Uncorrected::Undefined(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn case(judge: f64, truth: Option<f64>) -> Judged {
        Judged { judge, truth, chance: None, cluster: None, repeats: 1 }
    }

    #[test]
    fn too_few_labels_and_half_known_chances_are_refused() {
        let none = [case(1.0, None), case(0.0, None)];
        let few = corrected_level(&none, Kind::Binary, 0.95, 1).map(|c| c.labels);
        assert_eq!(few, Err(Uncorrected::FewLabels(0)));
        let mut some: Vec<Judged> = (0..20).map(|i| case(f64::from(i % 2), Some(f64::from(i % 2)))).collect();
        some[0].chance = Some(0.2);
        some[1].chance = Some(0.4);
        let half = corrected_difference(&some, Kind::Binary, 0.95).map(|c| c.labels);
        assert_eq!(half, Err(Uncorrected::UnknownChances));
    }

    #[test]
    fn with_every_case_labelled_people_alone_decide() {
        let cases: Vec<Judged> = (0..40).map(|i| case(1.0, Some(f64::from(u8::from(i < 30))))).collect();
        let found = corrected_level(&cases, Kind::Binary, 0.95, 1).unwrap();
        assert_eq!((found.found.value, found.found.method), (Some(0.75), Method::Wilson));
    }

    #[test]
    fn a_judge_that_says_the_same_of_everything_is_not_trusted() {
        let cases: Vec<Judged> = (0..400).map(|i| case(1.0, (i < 100).then_some(f64::from(i % 4) / 3.0))).collect();
        let found = corrected_level(&cases, Kind::Bounded { lo: 0.0, hi: 1.0 }, 0.95, 1).unwrap();
        assert!(found.lambda.is_none_or(|lambda| lambda == 0.0) && found.found.method == Method::Cr2T, "{found:?}");
        assert!((found.found.value.unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn more_labels_are_asked_for_a_narrower_gap_and_none_suffice_below_the_judges_own_error() {
        let cases: Vec<Judged> = (0..2000u32)
            .map(|i| {
                let truth = f64::from((i * 7919) % 3) - 1.0;
                case(if i % 10 == 0 { 0.0 } else { truth }, (i % 10 < 2).then_some(truth))
            })
            .collect();
        let found = corrected_difference(&cases, Kind::Binary, 0.95).unwrap();
        assert_eq!(found.found.gate_method, Method::PredictionPoweredGuarded);
        let (wide, narrow) = (found.labels_needed(0.2, 0.95).unwrap(), found.labels_needed(0.1, 0.95).unwrap());
        assert!(wide < narrow && found.labels_needed(1e-4, 0.95).is_none(), "{wide} {narrow}");
    }

    proptest! {
        /// Swapping the arms turns the sign and nothing else.
        #[test]
        fn a_corrected_difference_turns_its_sign(
            rows in prop::collection::vec((-1i8..=1, proptest::option::weighted(0.4, -1i8..=1)), 12..60),
        ) {
            let cases: Vec<Judged> = rows.iter().map(|(f, y)| case(f64::from(*f), y.map(f64::from))).collect();
            let turned: Vec<Judged> = cases.iter().map(|c| case(-c.judge, c.truth.map(|t| -t))).collect();
            match (corrected_difference(&cases, Kind::Binary, 0.95), corrected_difference(&turned, Kind::Binary, 0.95)) {
                (Ok(a), Ok(b)) => {
                    let (a, b) = (a.found, b.found);
                    prop_assert!((a.estimate.value.unwrap() + b.estimate.value.unwrap()).abs() < 1e-9);
                    let (i, j) = (a.gate_interval.unwrap(), b.gate_interval.unwrap());
                    prop_assert!((i.lower + j.upper).abs() < 1e-7 && (i.upper + j.lower).abs() < 1e-7);
                    prop_assert_eq!((a.better, a.worse), (b.worse, b.better));
                }
                (a, b) => prop_assert_eq!(a.is_ok(), b.is_ok()),
            }
        }
    }
}
