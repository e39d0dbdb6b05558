//! How far a judge and people agree, beside how far people do among each other. Answers to one case and cases of one
//! cluster hang together: every interval leaves them out together.

use std::collections::{BTreeMap, BTreeSet};

use assay_core::ScoreKind;
use assay_stats::agreement::{
    Chance, Level, Weights, cohen, cohen_interval, kappa, kappa_interval, krippendorff, krippendorff_clustered,
};
use assay_stats::correlation::pearson;
use assay_stats::jackknife::{Transform, delete_one, jackknife};
use assay_stats::judges::{Alignment, alt_test};
use assay_stats::{Interval, Item, Kind, level};

use super::{Calibrating, Certificate, Figure, Seen};
use crate::labels::Truth;

/// Groups of the jackknife where clusters are too many to leave out one by one.
const GROUPS: usize = 200;

impl Calibrating<'_> {
    pub(super) fn agreement(&self, seen: &[Seen<'_>], made: &mut Certificate) {
        if seen.is_empty() {
            return;
        }
        let confidence = self.confidence;
        let classes = self.coding.score == ScoreKind::Binary;
        let clustered = Self::clustered(seen);
        let measure = if classes { Level::Nominal } else { Level::Interval };
        let people = self.people(seen);
        let rows: Vec<Vec<Option<f64>>> = seen.iter().map(|(e, y, _)| vec![Some(e.value), Some(*y)]).collect();
        let clusters: Vec<u32> = seen.iter().map(|(e, ..)| e.first.cluster).collect();
        let agrees = |f: f64, y: f64| f64::from(u8::from(self.coding.score.same(f, y)));
        let same: Vec<Item> = seen.iter().map(|(e, y, _)| Self::item(agrees(e.value, *y), e, clustered)).collect();
        let raw = level(&same, Kind::Binary, confidence);
        let same_people = raw_among(&people, clustered.then_some(&clusters))
            .map(|items| level(&items, Kind::Bounded { lo: 0.0, hi: 1.0 }, confidence));
        let mut add = |key: &str, name: &str, value: Option<f64>, interval, people: Option<(f64, Option<Interval>)>| {
            made.figures.push(Figure { key: key.into(), name: name.into(), value, interval, people, p: None });
        };
        let found = same_people.and_then(|e| Some((e.value?, e.interval)));
        add("agreement", "says the same as people", raw.value, raw.interval, found);
        let alpha = krippendorff_clustered(&rows, &clusters, measure, confidence);
        let among = krippendorff_clustered(&people, &clusters[..people.len()], measure, confidence);
        let found = among.map(|a| (a.estimate, Some(a.interval)));
        add("alpha", "Krippendorff's α", alpha.map(|a| a.estimate), alpha.map(|a| a.interval), found);
        let mut lower = alpha.map(|a| a.interval.lower);
        let (f, y): (Vec<f64>, Vec<f64>) = seen.iter().map(|(e, y, _)| (e.value, *y)).unzip();
        if classes {
            let ac1 = |rows: &[Vec<Option<f64>>]| {
                let (chance, weights, both) = (Chance::Gwet, Weights::Identity, [0.0, 1.0]);
                let interval = kappa_interval(rows, &clusters[..rows.len()], &both, chance, weights, confidence);
                kappa(rows, &both, chance, weights).map(|c| (c.value, interval))
            };
            let own = ac1(&rows);
            let interval = own.and_then(|(_, interval)| interval);
            add("ac1", "Gwet's AC1", own.map(|(value, _)| value), interval, ac1(&people));
            lower = lower.into_iter().chain(interval.map(|i| i.lower)).reduce(f64::max);
            let k = cohen(&f, &y, Weights::Identity);
            let interval = cohen_interval(&f, &y, &clusters, Weights::Identity, confidence);
            add("kappa", "Cohen's κ", k.map(|c| c.value), interval, None);
        } else {
            let r = pearson(&f, &y);
            let of = |at: &[usize]| {
                let (f, y): (Vec<f64>, Vec<f64>) = at.iter().map(|i| (f[*i], y[*i])).unzip();
                pearson(&f, &y)
            };
            let left_out = delete_one(&split(&clusters), of);
            let found = r.zip(left_out).and_then(|(r, rest)| jackknife(r, &rest, Transform::FisherZ, confidence));
            let interval = found.map(|found| found.interval);
            add("correlation", "correlation with people", r, interval, None);
        }
        made.evidence.agreement = lower;
        self.beside_people(seen, &people, measure, made);
    }

    /// Single people's labels, a row for each item.
    fn people(&self, seen: &[Seen<'_>]) -> Vec<Vec<Option<f64>>> {
        let names = self.truths.1.len();
        let row = |truth: &Truth| {
            let mut row = vec![None; names];
            truth.raters.iter().for_each(|(rater, value)| row[*rater] = Some(*value));
            row
        };
        if names == 0 { Vec::new() } else { seen.iter().map(|(_, _, truth)| row(truth)).collect() }
    }

    /// Is the judge as close to people as they are to each other? The alt-test takes its items to be independent, so that it
    /// sees one answer of each cluster, the first that several people labelled, and its 30 items are 30 clusters.
    fn beside_people(&self, seen: &[Seen<'_>], people: &[Vec<Option<f64>>], measure: Level, made: &mut Certificate) {
        let names = self.truths.1;
        let given = |rater: usize| people.iter().filter(|row| row[rater].is_some()).count();
        let once: Vec<&str> = (0..names.len()).filter(|r| given(*r) == 1).map(|r| names[r].as_str()).collect();
        if !once.is_empty() {
            made.notes.push(format!("one label each by {}: too few to say how they agree", once.join(", ")));
        }
        let shared: Vec<usize> = (0..people.len()).filter(|i| people[*i].iter().flatten().count() > 1).collect();
        if shared.len() < 2 {
            if names.len() > 1 {
                made.notes.push("no two people labelled the same items: how well people agree is not known".into());
            }
            return;
        }
        let gap = |at: &[usize]| {
            let rows: Vec<Vec<Option<f64>>> = at.iter().map(|i| people[shared[*i]].clone()).collect();
            let own = krippendorff(&rows, measure)?;
            let with = |rater: usize| {
                let pair = |i: &usize| Some(vec![Some(seen[shared[*i]].0.value), Some(people[shared[*i]][rater]?)]);
                krippendorff(&at.iter().filter_map(pair).collect::<Vec<_>>(), measure)
            };
            let with_judge: Vec<f64> = (0..names.len()).filter_map(with).collect();
            (!with_judge.is_empty()).then(|| own - with_judge.iter().sum::<f64>() / with_judge.len() as f64)
        };
        let clusters: Vec<u32> = shared.iter().map(|i| seen[*i].0.first.cluster).collect();
        let all: Vec<usize> = (0..shared.len()).collect();
        let found = gap(&all).zip(delete_one(&split(&clusters), gap));
        let found = found.and_then(|(value, rest)| jackknife(value, &rest, Transform::Identity, self.confidence));
        if let Some(found) = found {
            made.evidence.below_people = Some(found.interval.upper);
            made.figures.push(Figure {
                key: "below_people".into(),
                name: "α among people − α of the judge with each of them".into(),
                value: Some(found.estimate),
                interval: Some(found.interval),
                people: None,
                p: None,
            });
        }
        let mut known = BTreeSet::new();
        let apart: Vec<usize> = shared.iter().copied().filter(|i| known.insert(seen[*i].0.first.cluster)).collect();
        let verdicts: Vec<Option<f64>> = apart.iter().map(|i| Some(seen[*i].0.value)).collect();
        let labels: Vec<Vec<Option<f64>>> = apart.iter().map(|i| people[*i].clone()).collect();
        let alignment = if measure == Level::Nominal { Alignment::Accuracy } else { Alignment::Rmse };
        if let Some(found) = alt_test(&verdicts, &labels, alignment, self.epsilon, 0.05) {
            if !found.few_annotators {
                made.evidence.winning_rate = Some(found.winning_rate);
            }
            made.figures.push(Figure {
                key: "alt_test".into(),
                name: format!("share of raters that it may replace (alt-test, ε = {})", self.epsilon),
                value: Some(found.winning_rate),
                interval: None,
                people: None,
                p: None,
            });
            if found.few_annotators {
                made.notes.push("fewer than three raters with 30 items: less than the alt-test asks for".into());
            }
        }
    }
}

/// Places by cluster; where clusters are many, several together.
fn split(clusters: &[u32]) -> Vec<Vec<usize>> {
    let mut of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    clusters.iter().enumerate().for_each(|(at, cluster)| of.entry(*cluster).or_default().push(at));
    let groups = of.len().min(GROUPS);
    let mut split: Vec<Vec<usize>> = vec![Vec::new(); groups];
    of.into_values().enumerate().for_each(|(at, places)| split[at % groups].extend(places));
    split
}

/// For each item with several people's labels the share of pairs that are equal.
fn raw_among(people: &[Vec<Option<f64>>], clusters: Option<&Vec<u32>>) -> Option<Vec<Item>> {
    let share = |(at, row): (usize, &Vec<Option<f64>>)| {
        let given: Vec<f64> = row.iter().flatten().copied().collect();
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        given.iter().for_each(|value| *counts.entry(value.to_bits()).or_default() += 1);
        let pairs = given.len() * given.len().saturating_sub(1);
        let same: usize = counts.values().map(|n| n * (n - 1)).sum();
        (pairs > 0).then(|| Item {
            value: same as f64 / pairs as f64,
            repeats: 1,
            cluster: clusters.map(|clusters| clusters[at]),
            weight: 1.0,
        })
    };
    let items: Vec<Item> = people.iter().enumerate().filter_map(share).collect();
    (!items.is_empty()).then_some(items)
}
