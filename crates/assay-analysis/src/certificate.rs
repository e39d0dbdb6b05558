//! A judge against people: from judged items and labels to a certificate, which says how far it may be trusted and why.

mod agreement;
mod errors;
mod levels;

use std::collections::{BTreeSet, HashMap, HashSet};

use assay_core::{Digest, Direction, RunId, ScoreKind, Silence, SliceDecl};
use assay_stats::judges::{Evidence, Grade};
use assay_stats::{Estimate, Interval, Item};
use serde::{Deserialize, Serialize};

use crate::labels::{Coding, Truth};

/// Days that labels hold.
pub const TERM_DAYS: i64 = 90;

/// A judge's verdict on an answer, as a run kept it.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The answer and its case.
    pub item: Digest,
    /// The case's id.
    pub case: String,
    /// A number for the case's cluster, or for the case itself.
    pub cluster: u32,
    /// Whether the number is that of a cluster with several cases.
    pub clustered: bool,
    /// Which arm answered, by its place in [`Calibrating::arms`].
    pub arm: usize,
    /// The repeat.
    pub epoch: u32,
    /// The verdict, or why there is none.
    pub value: Result<f64, Silence>,
    /// What slices are made of.
    pub metadata: Vec<(String, String)>,
}

/// Everything that a certificate is made from.
#[derive(Clone, Debug)]
pub struct Calibrating<'a> {
    /// The judge's name.
    pub judge: &'a str,
    /// Its fingerprint.
    pub fingerprint: Digest,
    /// The question that the labels answer.
    pub criterion: &'a str,
    /// How labels become numbers.
    pub coding: Coding,
    /// Which way is better.
    pub direction: Direction,
    /// From which value on it is a pass, where the scorer says so.
    pub threshold: Option<f64>,
    /// The runs.
    pub runs: Vec<RunId>,
    /// Targets of the runs, each version one arm.
    pub arms: Vec<String>,
    /// Every verdict, runs in order.
    pub verdicts: &'a [Verdict],
    /// What people said, by item, and the raters' names.
    pub truths: (&'a HashMap<Digest, Truth>, &'a [String]),
    /// The verdicts with the order of a pair turned round, for judges of pairs.
    pub swapped: Option<&'a HashMap<(usize, Digest), f64>>,
    /// For a judge of pairs that asks in both orders, what each said, and the number of the case's cluster.
    pub orders: &'a [(f64, f64, u32)],
    /// Declared slices.
    pub slices: &'a [SliceDecl],
    /// The margin of the differences that it is to decide.
    pub margin: f64,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// What a person costs more, for the alt-test.
    pub epsilon: f64,
    /// Now, in microseconds since the Unix epoch.
    pub now_us: i64,
    /// Digest of the labels.
    pub labels_digest: Digest,
    /// How many verdicts are frozen.
    pub canaries: usize,
}

/// A number with its interval, and the same among people where there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "JudgeFigure")]
pub struct Figure {
    /// A short name for programs.
    pub key: String,
    /// What it is, in words.
    pub name: String,
    /// The number.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// The same among people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<(f64, Option<Interval>)>,
    /// Adjusted p-value where several are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

/// A target's part of a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ArmFigures {
    /// Its name.
    pub name: String,
    /// Items that the judge has scored.
    pub judged: usize,
    /// Items of them that carry labels drawn by chance.
    pub labels: usize,
    /// The level as the judge alone says it.
    pub raw: Option<f64>,
    /// The level corrected by the labels.
    pub corrected: Option<Estimate>,
    /// Why it is not corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// A frozen verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Canary {
    /// The item.
    pub item: Digest,
    /// The case's id.
    pub case: String,
    /// The arm that answered.
    pub arm: String,
    /// The verdict.
    pub verdict: f64,
}

/// What a certificate may not be stretched to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Scope {
    /// Confidence of its intervals.
    pub confidence: f64,
    /// The margin of the differences that it was made for.
    pub margin: f64,
}

/// How far a judge may be trusted, and what that rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Certificate {
    /// The judge's name when it was made.
    pub judge: String,
    /// The judge: any change of model, prompt, rubric or parser is another judge.
    pub fingerprint: Digest,
    /// The question that the labels answer.
    pub criterion: String,
    /// How labels become numbers.
    pub coding: Coding,
    /// When it was made, in microseconds since the Unix epoch.
    pub made_us: i64,
    /// When the oldest and the newest of the labels that it rests on were said.
    #[serde(default)]
    pub labelled_us: Option<(i64, i64)>,
    /// When it expires: when the oldest label has reached its term.
    pub expires_us: i64,
    /// The runs that labels were drawn from.
    pub runs: Vec<RunId>,
    /// Digest of the labels.
    pub labels_digest: Digest,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// The margin of the differences that the judge is to decide.
    pub margin: f64,
    /// Items judged. An item is an answer to a case, whoever gave it: the same answer of two targets is one.
    pub judged: usize,
    /// Items with a verdict that could not be read, each once however often the judge was asked.
    pub unreadable: usize,
    /// Items on which the judge abstained, or left the verdict to people.
    #[serde(default)]
    pub abstained: usize,
    /// Judged items with labels drawn by chance.
    pub labels: usize,
    /// Judged items with labels chosen by hand.
    pub by_hand: usize,
    /// Judged items on which people are split evenly.
    pub split: usize,
    /// People's verdicts by the judge's: [people fail, people pass] × [judge fails, judge passes].
    pub confusion: Option<[[Figure; 2]; 2]>,
    /// Agreement, rates, bias, and so on.
    pub figures: Vec<Figure>,
    /// Each target.
    pub arms: Vec<ArmFigures>,
    /// Judge − people by slice, with Holm's p-values.
    pub slices: Vec<Figure>,
    /// For scores from 0 to 1 against pass or fail: cases, mean score and share of passes in each bin.
    pub calibration: Vec<(usize, f64, f64)>,
    /// What the grade rests on.
    pub evidence: Evidence,
    /// The grade that the labels alone would give; checks and age decide the rest.
    pub grade: Grade,
    /// Frozen verdicts.
    pub canaries: Vec<Canary>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// An item as one arm's answer was judged, all its verdicts together.
struct Entry<'a> {
    first: &'a Verdict,
    value: f64,
    repeats: Vec<f64>,
}

/// A judged item with what people say of it.
type Seen<'a> = (&'a Entry<'a>, f64, &'a Truth);

/// What the judge said, item by item.
struct Heard<'a> {
    entries: Vec<Entry<'a>>,
    /// Items with a verdict that could not be read.
    unreadable: usize,
    /// Items without any verdict because it was not sure.
    abstained: usize,
    /// The share of an item's verdicts that could not be read, over the items that it was asked about.
    parse_failures: Option<f64>,
}

impl Certificate {
    /// What gates it was made for.
    pub const fn scope(&self) -> Scope {
        Scope { confidence: self.confidence, margin: self.margin }
    }

    /// When the labels that it rests on began to age; when it was made, where nobody knows.
    pub fn aged_from_us(&self) -> i64 {
        self.labelled_us.map_or(self.made_us, |(oldest, _)| oldest.min(self.made_us))
    }

    /// Labels that are worth drawing for a judge that has none, and beyond those that the highest grade asks for.
    pub const FIRST_LABELS: u64 = 50;

    /// How many labels the next grade's counts lack; where all counts are met, as many as are worth drawing at once.
    pub fn labels_to_go(&self) -> u64 {
        let have = self.labels as u64;
        [50, 100, 200].into_iter().find(|need| have < *need).map_or(Self::FIRST_LABELS, |need| need - have)
    }

    /// A figure by its key.
    pub fn figure(&self, key: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.key == key)
    }
}

impl Calibrating<'_> {
    /// Compares the judge with people.
    pub fn certificate(&self) -> Certificate {
        let heard = self.entries();
        let entries = heard.entries;
        let items =
            |of: &mut dyn Iterator<Item = &Entry<'_>>| of.map(|entry| entry.first.item).collect::<HashSet<_>>().len();
        let mut made = Certificate {
            judge: self.judge.to_owned(),
            fingerprint: self.fingerprint,
            criterion: self.criterion.to_owned(),
            coding: self.coding.clone(),
            made_us: self.now_us,
            labelled_us: None,
            expires_us: 0,
            runs: self.runs.clone(),
            labels_digest: self.labels_digest,
            confidence: self.confidence,
            margin: self.margin,
            judged: items(&mut entries.iter()),
            unreadable: heard.unreadable,
            abstained: heard.abstained,
            labels: 0,
            by_hand: 0,
            split: 0,
            confusion: None,
            figures: Vec::new(),
            arms: Vec::new(),
            slices: Vec::new(),
            calibration: Vec::new(),
            evidence: Evidence { margin: self.margin, ..Evidence::default() },
            grade: Grade::U,
            canaries: self.freeze(&entries),
            notes: Vec::new(),
        };
        let truths = self.truths.0;
        let mut random: Vec<Seen<'_>> = Vec::new();
        let mut by_hand: Vec<Seen<'_>> = Vec::new();
        let mut split: Vec<&Entry<'_>> = Vec::new();
        for entry in &entries {
            let Some(truth) = truths.get(&entry.first.item) else { continue };
            match truth.value {
                None => split.push(entry),
                Some(value) if truth.random => random.push((entry, value, truth)),
                Some(value) => by_hand.push((entry, value, truth)),
            }
        }
        // People said it once of what several targets answered: no label counts twice towards a grade.
        made.labels = items(&mut random.iter().map(|(entry, ..)| *entry));
        made.by_hand = items(&mut by_hand.iter().map(|(entry, ..)| *entry));
        made.split = items(&mut split.into_iter());
        made.evidence.labels = made.labels as u64;
        made.evidence.parse_failures = heard.parse_failures;
        if heard.abstained > 0 {
            made.notes.push(format!(
                "the judge abstained on {} answers or left them to people: the figures are of the others",
                heard.abstained
            ));
        }
        if !by_hand.is_empty() {
            made.notes.push(format!(
                "{} labels were chosen by hand: they say how often judge and people agree on what was looked at, and nothing of \
                 the rest. No figure is corrected by them and no grade rests on them",
                made.by_hand
            ));
        }
        if made.split > 0 {
            made.notes.push(format!("people are split evenly on {} items, which are left out", made.split));
        }
        // Labels by hand are all there is: their agreement is shown, under its own name.
        let seen = if random.is_empty() { &by_hand } else { &random };
        let said = || seen.iter().filter_map(|(_, _, truth)| truth.labelled_us);
        made.labelled_us = said().min().zip(said().max());
        made.expires_us = made.aged_from_us().saturating_add(TERM_DAYS * 86_400_000_000);
        self.agreement(seen, &mut made);
        self.rates(seen, &mut made);
        self.bias(seen, &mut made);
        self.levels(&entries, &random, &mut made);
        self.repeats(&entries, &mut made);
        self.order(&entries, &mut made);
        if random.is_empty() {
            // What hand-picked labels show is no evidence.
            let kept = made.evidence;
            made.evidence = Evidence {
                margin: self.margin,
                parse_failures: kept.parse_failures,
                flip_rate: kept.flip_rate,
                ..Evidence::default()
            };
        }
        made.grade = assay_stats::judges::grade(&Evidence { age: Some(0.0), ..made.evidence }).grade;
        made
    }

    /// The items of each arm with their verdicts: one for each repeat, the first run's where several have the same.
    fn entries(&self) -> Heard<'_> {
        /// What was heard of an item.
        #[derive(Default)]
        struct Tally {
            /// Its place among the entries.
            entry: Option<usize>,
            /// The repeats that have a verdict or one that cannot be read.
            asked: BTreeSet<u32>,
            unreadable: f64,
            abstained: bool,
        }
        let mut heard: HashMap<(usize, Digest), Tally> = HashMap::new();
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for verdict in self.verdicts {
            let tally = heard.entry((verdict.arm, verdict.item)).or_default();
            match verdict.value {
                Ok(value) => {
                    let place = *tally.entry.get_or_insert_with(|| {
                        entries.push(Entry { first: verdict, value, repeats: Vec::new() });
                        entries.len() - 1
                    });
                    if tally.asked.insert(verdict.epoch) {
                        entries[place].repeats.push(value);
                    }
                }
                Err(Silence::Unreadable) => {
                    if tally.asked.insert(verdict.epoch) {
                        tally.unreadable += 1.0;
                    }
                }
                Err(Silence::Abstained | Silence::NeedsPerson) => tally.abstained = true,
                Err(Silence::NotAsked | Silence::Other) => {}
            }
        }
        let (mut share, mut asked) = (Vec::new(), 0.0);
        for tally in heard.values().filter(|tally| !tally.asked.is_empty()) {
            share.push(tally.unreadable / tally.asked.len() as f64);
            asked += 1.0;
        }
        // Maps have no order, sums of floats do.
        share.sort_unstable_by(f64::total_cmp);
        let items = |of: &dyn Fn(&Tally) -> bool| {
            heard.iter().filter(|(_, tally)| of(tally)).map(|((_, item), _)| *item).collect::<HashSet<_>>().len()
        };
        Heard {
            unreadable: items(&|tally| tally.unreadable > 0.0),
            abstained: items(&|tally| tally.abstained && tally.entry.is_none()),
            entries,
            parse_failures: (asked > 0.0).then(|| share.iter().sum::<f64>() / asked),
        }
    }

    /// Verdicts to freeze: spread evenly over the items in the order of their digests, which is as good as chance.
    fn freeze(&self, entries: &[Entry<'_>]) -> Vec<Canary> {
        let mut order: Vec<&Entry<'_>> = entries.iter().collect();
        order.sort_by_key(|entry| (entry.first.item, entry.first.arm));
        order.dedup_by_key(|entry| entry.first.item);
        let canary = |entry: &&Entry<'_>| Canary {
            item: entry.first.item,
            case: entry.first.case.clone(),
            arm: self.arms[entry.first.arm].clone(),
            verdict: entry.value,
        };
        order.iter().take(self.canaries).map(canary).collect()
    }

    fn passes(&self, value: f64) -> Option<bool> {
        let threshold = self.threshold.or((self.coding.score == ScoreKind::Binary).then_some(1.0))?;
        Some(match self.direction {
            Direction::Higher => value >= threshold,
            Direction::Lower => value <= threshold,
        })
    }

    fn item(value: f64, entry: &Entry<'_>, clustered: bool) -> Item {
        Item { value, repeats: 1, cluster: clustered.then_some(entry.first.cluster), weight: 1.0 }
    }

    /// Whether labelled items hang together: several answers to a case, or declared clusters.
    fn clustered(seen: &[Seen<'_>]) -> bool {
        let mut known = BTreeSet::new();
        seen.iter().any(|(entry, ..)| entry.first.clustered || !known.insert(entry.first.cluster))
    }
}

fn of_estimate(key: &str, name: &str, found: &Estimate) -> Figure {
    Figure { key: key.into(), name: name.into(), value: found.value, interval: found.interval, people: None, p: None }
}

#[cfg(test)]
mod tests;
