//! A judge against people: from judged items and labels to a certificate, which says how far it may be trusted and why.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use assay_core::{Digest, Direction, RunId, ScoreKind, SliceDecl};
use assay_stats::agreement::{Chance, Level, Weights, cohen, kappa, krippendorff, krippendorff_interval};
use assay_stats::calibration::{brier, flip_rate, label_multiplier, position_bias};
use assay_stats::correlation::{Coefficient, interval as correlation_interval, pearson};
use assay_stats::jackknife::{Transform, delete_one, jackknife};
use assay_stats::judges::{Alignment, Evidence, Grade, alt_test, calibration_error, group_difference};
use assay_stats::multiplicity::holm;
use assay_stats::special::t_sf;
use assay_stats::{Estimate, Interval, Item, Judged, Kind, corrected_level, level};
use serde::{Deserialize, Serialize};

use crate::labels::{Coding, Truth};

/// Days that labels hold.
pub const TERM_DAYS: i64 = 90;
/// The least labels of a slice whose bias is shown.
const LEAST_SLICE: usize = 10;
/// The most arms that are compared with each other.
const MOST_ARMS: usize = 12;
/// Groups of the jackknife where items are too many to leave out one by one.
const GROUPS: usize = 200;

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
    /// The verdict; `None` when it could not be read.
    pub value: Option<f64>,
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
    /// For a judge of pairs that asks in both orders, what each said.
    pub orders: &'a [(f64, f64)],
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// How far a judge may be trusted, and what that rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// When it expires.
    pub expires_us: i64,
    /// The runs that labels were drawn from.
    pub runs: Vec<RunId>,
    /// Digest of the labels.
    pub labels_digest: Digest,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// The margin of the differences that the judge is to decide.
    pub margin: f64,
    /// Items judged.
    pub judged: usize,
    /// Verdicts that could not be read.
    pub unreadable: usize,
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

impl Certificate {
    /// A figure by its key.
    pub fn figure(&self, key: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.key == key)
    }
}

impl Calibrating<'_> {
    /// Compares the judge with people.
    pub fn certificate(&self) -> Certificate {
        let (entries, unreadable) = self.entries();
        let mut made = Certificate {
            judge: self.judge.to_owned(),
            fingerprint: self.fingerprint,
            criterion: self.criterion.to_owned(),
            coding: self.coding.clone(),
            made_us: self.now_us,
            expires_us: self.now_us + TERM_DAYS * 86_400_000_000,
            runs: self.runs.clone(),
            labels_digest: self.labels_digest,
            confidence: self.confidence,
            margin: self.margin,
            judged: entries.len(),
            unreadable,
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
        let mut random: Vec<(&Entry<'_>, f64, &Truth)> = Vec::new();
        let mut by_hand: Vec<(&Entry<'_>, f64, &Truth)> = Vec::new();
        for entry in &entries {
            let Some(truth) = truths.get(&entry.first.item) else { continue };
            match truth.value {
                None => made.split += 1,
                Some(value) if truth.random => random.push((entry, value, truth)),
                Some(value) => by_hand.push((entry, value, truth)),
            }
        }
        (made.labels, made.by_hand) = (random.len(), by_hand.len());
        made.evidence.labels = random.len() as u64;
        let all = entries.len() + unreadable;
        made.evidence.parse_failures = (all > 0).then(|| unreadable as f64 / all as f64);
        if !by_hand.is_empty() {
            made.notes.push(format!(
                "{} labels were chosen by hand: they say how often judge and people agree on what was looked at, and nothing of \
                 the rest. No figure is corrected by them and no grade rests on them",
                by_hand.len()
            ));
        }
        if made.split > 0 {
            made.notes.push(format!("people are split evenly on {} items, which are left out", made.split));
        }
        // Labels by hand are all there is: their agreement is shown, under its own name.
        let seen = if random.is_empty() { &by_hand } else { &random };
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
    fn entries(&self) -> (Vec<Entry<'_>>, usize) {
        let mut at: HashMap<(usize, Digest), usize> = HashMap::new();
        let mut entries: Vec<Entry<'_>> = Vec::new();
        let mut seen: BTreeSet<(usize, u32)> = BTreeSet::new();
        let mut unread: BTreeSet<(usize, Digest)> = BTreeSet::new();
        for verdict in self.verdicts {
            let key = (verdict.arm, verdict.item);
            let Some(value) = verdict.value else {
                unread.insert(key);
                continue;
            };
            let place = *at.entry(key).or_insert_with(|| {
                entries.push(Entry { first: verdict, value, repeats: Vec::new() });
                entries.len() - 1
            });
            if seen.insert((place, verdict.epoch)) {
                entries[place].repeats.push(value);
            }
        }
        unread.retain(|key| !at.contains_key(key));
        (entries, unread.len())
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
    fn clustered(seen: &[(&Entry<'_>, f64, &Truth)]) -> bool {
        let mut known = BTreeSet::new();
        seen.iter().any(|(entry, ..)| entry.first.clustered || !known.insert(entry.first.cluster))
    }

    fn agreement(&self, seen: &[(&Entry<'_>, f64, &Truth)], made: &mut Certificate) {
        if seen.is_empty() {
            return;
        }
        let confidence = self.confidence;
        let classes = self.coding.score == ScoreKind::Binary;
        let clustered = Self::clustered(seen);
        let measure = if classes { Level::Nominal } else { Level::Interval };
        let people = self.people(seen);
        let rows: Vec<Vec<Option<f64>>> = seen.iter().map(|(e, y, _)| vec![Some(e.value), Some(*y)]).collect();
        let same: Vec<Item> =
            seen.iter().map(|(e, y, _)| Self::item(f64::from(u8::from(e.value == *y)), e, clustered)).collect();
        let raw = level(&same, Kind::Binary, confidence);
        let same_people = raw_among(&people).map(|items| level(&items, Kind::Bounded { lo: 0.0, hi: 1.0 }, confidence));
        let mut add = |key: &str, name: &str, value: Option<f64>, interval, people: Option<(f64, Option<Interval>)>| {
            made.figures.push(Figure { key: key.into(), name: name.into(), value, interval, people, p: None });
        };
        let found = same_people.and_then(|e| Some((e.value?, e.interval)));
        add("agreement", "says the same as people", raw.value, raw.interval, found);
        let alpha = krippendorff_interval(&rows, measure, confidence);
        let among = krippendorff_interval(&people, measure, confidence);
        let found = among.map(|a| (a.estimate, Some(a.interval)));
        add("alpha", "Krippendorff's α", alpha.map(|a| a.estimate), alpha.map(|a| a.interval), found);
        let mut lower = alpha.map(|a| a.interval.lower);
        let (f, y): (Vec<f64>, Vec<f64>) = seen.iter().map(|(e, y, _)| (e.value, *y)).unzip();
        if classes {
            let ac1 = |rows: &[Vec<Option<f64>>]| kappa(rows, &[0.0, 1.0], Chance::Gwet, Weights::Identity);
            let own = ac1(&rows);
            let interval = own.and_then(|c| c.interval(confidence));
            let found = ac1(&people).map(|c| (c.value, c.interval(confidence)));
            add("ac1", "Gwet's AC1", own.map(|c| c.value), interval, found);
            lower = lower.into_iter().chain(interval.map(|i| i.lower)).reduce(f64::max);
            let k = cohen(&f, &y, Weights::Identity);
            add("kappa", "Cohen's κ", k.map(|c| c.value), k.and_then(|c| c.interval(confidence)), None);
        } else {
            let r = pearson(&f, &y);
            let interval = r.and_then(|r| correlation_interval(r, f.len(), Coefficient::Pearson, confidence));
            add("correlation", "correlation with people", r, interval, None);
        }
        made.evidence.agreement = lower;
        self.beside_people(seen, &people, measure, made);
    }

    /// Single people's labels, a row for each item.
    fn people(&self, seen: &[(&Entry<'_>, f64, &Truth)]) -> Vec<Vec<Option<f64>>> {
        let names = self.truths.1.len();
        let row = |truth: &Truth| {
            let mut row = vec![None; names];
            truth.raters.iter().for_each(|(rater, value)| row[*rater] = Some(*value));
            row
        };
        if names == 0 { Vec::new() } else { seen.iter().map(|(_, _, truth)| row(truth)).collect() }
    }

    /// Is the judge as close to people as they are to each other?
    fn beside_people(
        &self,
        seen: &[(&Entry<'_>, f64, &Truth)],
        people: &[Vec<Option<f64>>],
        measure: Level,
        made: &mut Certificate,
    ) {
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
        let groups = shared.len().min(GROUPS);
        let split: Vec<Vec<usize>> = (0..groups).map(|group| (group..shared.len()).step_by(groups).collect()).collect();
        let all: Vec<usize> = (0..shared.len()).collect();
        let found = gap(&all).zip(delete_one(&split, gap));
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
        let verdicts: Vec<Option<f64>> = seen.iter().map(|(entry, ..)| Some(entry.value)).collect();
        let alignment = if measure == Level::Nominal { Alignment::Accuracy } else { Alignment::Rmse };
        if let Some(found) = alt_test(&verdicts, people, alignment, self.epsilon, 0.05) {
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

    /// Errors by class.
    fn rates(&self, seen: &[(&Entry<'_>, f64, &Truth)], made: &mut Certificate) {
        let classed: Option<Vec<(&Entry<'_>, bool, bool)>> =
            seen.iter().map(|(e, y, _)| Some((*e, self.passes(e.value)?, self.passes(*y)?))).collect();
        let Some(classed) = classed else {
            // Scores without a threshold have no classes.
            made.evidence.rarer_class = seen.len() as u64;
            made.notes.push(
                "the scores have no `threshold`, so that there are no classes of right and wrong: sensitivity and specificity, \
                 which grade B needs, are not defined"
                    .into(),
            );
            return;
        };
        if classed.is_empty() {
            return;
        }
        let clustered = Self::clustered(seen);
        let rate = |of: &dyn Fn(bool, bool) -> Option<bool>| {
            let items: Vec<Item> = classed
                .iter()
                .filter_map(|(e, f, y)| Some(Self::item(f64::from(u8::from(of(*f, *y)?)), e, clustered)))
                .collect();
            level(&items, Kind::Binary, self.confidence)
        };
        let count = |f: bool, y: bool| classed.iter().filter(|c| c.1 == f && c.2 == y).count();
        let cell = |y: bool, f: bool| {
            let found = rate(&|a, b| (b == y).then_some(a == f));
            let name = format!("people {}, judge {}", word(y), word(f));
            Figure {
                key: count(f, y).to_string(),
                name,
                value: found.value,
                interval: found.interval,
                people: None,
                p: None,
            }
        };
        made.confusion = Some([false, true].map(|y| [false, true].map(|f| cell(y, f))));
        let people = [count(false, false) + count(true, false), count(false, true) + count(true, true)];
        made.evidence.rarer_class = people.iter().copied().min().unwrap_or(0) as u64;
        if people.contains(&0) {
            made.notes.push(format!(
                "people's labels are all of one class ({}): how the judge does on the other is not known",
                word(people[1] > 0)
            ));
        }
        let sensitivity = rate(&|f, y| y.then_some(f));
        let specificity = rate(&|f, y| (!y).then_some(!f));
        made.evidence.sensitivity = sensitivity.interval.map(|i| i.lower);
        made.evidence.specificity = specificity.interval.map(|i| i.lower);
        for (key, name, found) in [
            ("sensitivity", "passes what people pass", sensitivity),
            ("specificity", "fails what people fail", specificity),
            ("ppv", "its passes that people pass", rate(&|f, y| f.then_some(y))),
            ("npv", "its fails that people fail", rate(&|f, y| (!f).then_some(!y))),
        ] {
            made.figures.push(of_estimate(key, name, &found));
        }
    }

    /// Judge − people: overall, by arm, between arms, by slice.
    fn bias(&self, seen: &[(&Entry<'_>, f64, &Truth)], made: &mut Certificate) {
        if seen.is_empty() {
            return;
        }
        let kind = match self.coding.score.range() {
            Some((lo, hi)) => Kind::Bounded { lo: lo - hi, hi: hi - lo },
            None => Kind::Unbounded,
        };
        let of = |keep: &dyn Fn(&Entry<'_>) -> bool| {
            let chosen: Vec<&(&Entry<'_>, f64, &Truth)> = seen.iter().filter(|(e, ..)| keep(e)).collect();
            let mut known = BTreeSet::new();
            let clustered = chosen.iter().any(|(e, ..)| e.first.clustered || !known.insert(e.first.cluster));
            level(
                &chosen.iter().map(|(e, y, _)| Self::item(e.value - y, e, clustered)).collect::<Vec<_>>(),
                kind,
                self.confidence,
            )
        };
        made.figures.push(of_estimate("bias", "judge − people", &of(&|_| true)));
        let labelled: Vec<usize> =
            (0..self.arms.len()).map(|arm| seen.iter().filter(|(e, ..)| e.first.arm == arm).count()).collect();
        if self.arms.len() > 1 {
            made.evidence.smaller_arm = labelled.iter().copied().min().map(|n| n as u64);
            for (arm, name) in self.arms.iter().enumerate() {
                let found = of(&|e| e.first.arm == arm);
                made.figures.push(of_estimate(&format!("bias:{name}"), &format!("judge − people in {name}"), &found));
            }
            self.between_arms(seen, made);
        }
        // A judge of single answers has no order to be biased by; repeats of order are looked at elsewhere.
        let mut slices: Vec<(Figure, f64)> = Vec::new();
        for (name, holds) in self.named_slices(seen) {
            let found = of(&|e| holds(&e.first.metadata));
            if found.n >= LEAST_SLICE
                && let (Some(value), Some(se), Some(df)) = (found.value, found.se.filter(|se| *se > 0.0), found.df)
            {
                let p = (2.0 * t_sf((value / se).abs(), df)).min(1.0);
                slices.push((of_estimate(&format!("bias where {name}"), &name, &found), p));
            }
        }
        let adjusted = holm(&slices.iter().map(|(_, p)| *p).collect::<Vec<_>>());
        made.slices = slices.into_iter().zip(adjusted).map(|((f, _), p)| Figure { p: Some(p), ..f }).collect();
    }

    /// The differential error of each two arms, each at the confidence that makes all of them hold together; the evidence is
    /// the one that reaches furthest.
    fn between_arms(&self, seen: &[(&Entry<'_>, f64, &Truth)], made: &mut Certificate) {
        if self.arms.len() > MOST_ARMS {
            made.notes.push(format!(
                "{} arms are too many to compare each two of them (at most {MOST_ARMS}): choose runs with `--run`",
                self.arms.len()
            ));
            return;
        }
        let pairs = self.arms.len() * (self.arms.len() - 1) / 2;
        let confidence = 1.0 - (1.0 - self.confidence) / pairs as f64;
        let mut worst: Option<Interval> = None;
        let mut unknown = false;
        for first in 0..self.arms.len() {
            for second in first + 1..self.arms.len() {
                let both: Vec<_> =
                    seen.iter().filter(|(e, ..)| e.first.arm == first || e.first.arm == second).collect();
                let residual: Vec<f64> = both.iter().map(|(e, y, _)| e.value - y).collect();
                let of_second: Vec<bool> = both.iter().map(|(e, ..)| e.first.arm == second).collect();
                let clusters: Vec<u32> = both.iter().map(|(e, ..)| e.first.cluster).collect();
                let name = format!("differential error, {} − {}", self.arms[second], self.arms[first]);
                match group_difference(&residual, &of_second, &clusters, confidence) {
                    Ok(found) => {
                        let reach = |i: Interval| i.lower.abs().max(i.upper.abs());
                        if worst.is_none_or(|worst| reach(found.interval) > reach(worst)) {
                            worst = Some(found.interval);
                        }
                        if found.interval.lower > 0.0 || found.interval.upper < 0.0 {
                            let favoured = if found.value > 0.0 { second } else { first };
                            made.notes.push(format!(
                                "the judge is more lenient to {}: its raw difference between the arms is wrong by about {:.3}",
                                self.arms[favoured],
                                found.value.abs()
                            ));
                        }
                        let (value, interval) = (Some(found.value), Some(found.interval));
                        let key = format!("differential:{}:{}", self.arms[second], self.arms[first]);
                        made.figures.push(Figure { key, name, value, interval, people: None, p: None });
                    }
                    Err(why) => {
                        unknown = true;
                        made.notes.push(format!("{name} is not defined: {why}"));
                    }
                }
            }
        }
        made.evidence.differential = worst.filter(|_| !unknown);
    }

    #[allow(clippy::type_complexity, reason = "a name with what it selects")]
    fn named_slices(
        &self,
        seen: &[(&Entry<'_>, f64, &Truth)],
    ) -> Vec<(String, Box<dyn Fn(&[(String, String)]) -> bool + '_>)> {
        let tag = |metadata: &[(String, String)], key: &str| {
            metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        let mut named: Vec<(String, Box<dyn Fn(&[(String, String)]) -> bool + '_>)> = Vec::new();
        for declared in self.slices {
            match declared {
                SliceDecl::Key(key) => {
                    let values: BTreeSet<String> =
                        seen.iter().filter_map(|(e, ..)| tag(&e.first.metadata, key)).collect();
                    for value in values {
                        let name = format!("{key} = {value}");
                        named.push((name, Box::new(move |m| tag(m, key).as_deref() == Some(value.as_str()))));
                    }
                }
                SliceDecl::Where { name, r#where } => {
                    let find = |metadata: &[(String, String)]| {
                        r#where.matches(&|key| {
                            metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
                        })
                    };
                    named.push((name.clone(), Box::new(find)));
                }
            }
        }
        named
    }

    /// Raw and corrected levels of each arm, what labels are worth with the judge, and how far its scores are from rates.
    fn levels(&self, entries: &[Entry<'_>], random: &[(&Entry<'_>, f64, &Truth)], made: &mut Certificate) {
        let kind = match self.coding.score {
            ScoreKind::Binary => Kind::Binary,
            ScoreKind::Bounded { lo, hi } => Kind::Bounded { lo, hi },
            ScoreKind::Unbounded => Kind::Unbounded,
        };
        let truths = self.truths.0;
        for (arm, name) in self.arms.iter().enumerate() {
            let own: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.first.arm == arm).collect();
            let cases: Vec<Judged> = own
                .iter()
                .map(|entry| {
                    let truth = truths.get(&entry.first.item).filter(|truth| truth.random);
                    Judged {
                        judge: entry.value,
                        truth: truth.and_then(|truth| truth.value),
                        chance: truth.and_then(|truth| truth.chance),
                        cluster: entry.first.clustered.then_some(entry.first.cluster),
                        repeats: 1,
                    }
                })
                .collect();
            let found = corrected_level(&cases, kind, self.confidence, 1);
            made.arms.push(ArmFigures {
                name: name.clone(),
                judged: cases.len(),
                labels: cases.iter().filter(|case| case.truth.is_some()).count(),
                raw: (!cases.is_empty()).then(|| cases.iter().map(|c| c.judge).sum::<f64>() / cases.len() as f64),
                why_not: found.as_ref().err().map(ToString::to_string),
                corrected: found.ok().map(|correction| correction.found),
            });
        }
        let (f, y): (Vec<f64>, Vec<f64>) = random.iter().map(|(e, y, _)| (e.value, *y)).unzip();
        let multiplier = pearson(&f, &y)
            .filter(|_| entries.len() > f.len())
            .and_then(|r| label_multiplier(r, f.len() as u64, (entries.len() - f.len()) as u64));
        made.figures.extend(multiplier.map(|multiplier| Figure {
            key: "label_multiplier".into(),
            name: "labels are worth, with the judge, this many times as many".into(),
            value: Some(multiplier),
            interval: None,
            people: None,
            p: None,
        }));
        let unit = self.coding.score == ScoreKind::Bounded { lo: 0.0, hi: 1.0 };
        if unit && !y.is_empty() && y.iter().all(|y| *y == 0.0 || *y == 1.0) {
            let truth: Vec<bool> = y.iter().map(|y| *y == 1.0).collect();
            if let Some(found) = calibration_error(&f, &truth, 10) {
                made.calibration = found.bins.iter().map(|bin| (bin.cases, bin.forecast, bin.observed)).collect();
                for (key, name, value) in [
                    ("ece", "expected calibration error of its scores", Some(found.ece)),
                    ("brier", "Brier score", brier(&f, &truth).map(|b| b.score)),
                ] {
                    let interval = None;
                    made.figures.push(Figure {
                        key: key.into(),
                        name: name.into(),
                        value,
                        interval,
                        people: None,
                        p: None,
                    });
                }
            }
        }
    }

    /// How often a verdict differs when the judge is asked again.
    fn repeats(&self, entries: &[Entry<'_>], made: &mut Certificate) {
        let repeated: Vec<Vec<f64>> =
            entries.iter().filter(|e| e.repeats.len() > 1).map(|e| e.repeats.clone()).collect();
        let rate = flip_rate(&repeated);
        made.evidence.flip_rate = rate;
        if rate.is_some() {
            let items: Vec<Item> = repeated
                .iter()
                .filter_map(|values| flip_rate(std::slice::from_ref(values)))
                .map(|value| Item { value, repeats: 1, cluster: None, weight: 1.0 })
                .collect();
            let found = level(&items, Kind::Bounded { lo: 0.0, hi: 1.0 }, self.confidence);
            made.figures.push(of_estimate("flip_rate", "verdict differs when asked again", &found));
        }
    }

    /// Whether the place of an answer in a pair decides.
    fn order(&self, entries: &[Entry<'_>], made: &mut Certificate) {
        let same = |a: f64, b: f64| f64::from(u8::from(a == b));
        let alone = |value: f64| Item { value, repeats: 1, cluster: None, weight: 1.0 };
        let (items, orders): (Vec<Item>, Vec<(f64, f64)>) = match self.swapped {
            Some(swapped) => entries
                .iter()
                .filter_map(|e| Some((e, *swapped.get(&(e.first.arm, e.first.item))?)))
                .map(|(e, other)| (Self::item(same(e.value, other), e, false), (e.value, other)))
                .unzip(),
            None => self.orders.iter().map(|(a, b)| (alone(same(*a, *b)), (*a, *b))).unzip(),
        };
        if self.swapped.is_none() && orders.is_empty() {
            // It judges no pairs: there is no order.
            made.evidence.position_consistency = Some(1.0);
            return;
        }
        let found = level(&items, Kind::Binary, self.confidence);
        made.evidence.position_consistency = found.interval.map(|interval| interval.lower);
        made.figures.push(of_estimate("position_consistency", "same verdict in both orders", &found));
        if let Some(bias) = position_bias(&orders) {
            let flipped = orders.iter().filter(|(a, b)| a != b).count() as f64;
            let interval = bias.first_place.and_then(|first| {
                let z = assay_stats::proportion::critical(self.confidence);
                assay_stats::proportion::wilson(first * flipped, flipped, z)
            });
            made.figures.push(Figure {
                key: "first_place".into(),
                name: "of the flips, those for the answer that stands first".into(),
                value: bias.first_place,
                interval,
                people: None,
                p: None,
            });
        }
    }
}

fn word(pass: bool) -> &'static str {
    if pass { "pass" } else { "fail" }
}

fn of_estimate(key: &str, name: &str, found: &Estimate) -> Figure {
    Figure { key: key.into(), name: name.into(), value: found.value, interval: found.interval, people: None, p: None }
}

/// For each item with several people's labels the share of pairs that are equal.
fn raw_among(people: &[Vec<Option<f64>>]) -> Option<Vec<Item>> {
    let share = |row: &Vec<Option<f64>>| {
        let given: Vec<f64> = row.iter().flatten().copied().collect();
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        given.iter().for_each(|value| *counts.entry(value.to_bits()).or_default() += 1);
        let pairs = given.len() * given.len().saturating_sub(1);
        let same: usize = counts.values().map(|n| n * (n - 1)).sum();
        (pairs > 0).then(|| Item { value: same as f64 / pairs as f64, repeats: 1, cluster: None, weight: 1.0 })
    };
    let items: Vec<Item> = people.iter().filter_map(share).collect();
    (!items.is_empty()).then_some(items)
}
