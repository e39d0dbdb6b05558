//! `labels`: the answer names the right set of labels, from 0 to 1.
//!
//! Of a list of texts, or JSON that is or holds one (also under the key `labels`), each item is a label that was given; in
//! any other answer the labels of the suite that stand in it as words, of `late delivery` and `delivery` the longer one.
//! An empty answer, an empty list and `none` give no label, which is right where none is expected. An answer without a
//! list and without a label leaves the trial unscored, or counts as one wrong label with `unclear: wrong`. Labels of a
//! list that the suite does not name are wrong ones. The expected output is a list, or text with labels between commas,
//! semicolons or line ends; one that is none of the labels leaves the trial unscored. Case and punctuation do not count.
//!
//! `measure` is `jaccard` (common labels over all labels of either side), `f1` or `exact` (the same set). The corpus
//! metrics `f1`, `precision` and `recall` are those of all labels of all trials together (micro), `macro_f1` and
//! `weighted_f1` averages over the labels that are expected or given.

use std::collections::{BTreeSet, HashMap};

use assay_core::{Metric, Problem, ScoreKind};
use assay_metrics::classification::Counts;
use assay_metrics::corpus::{Counts as _, label_set};
use assay_metrics::structure::find_json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::label::{Unclear, words};
use crate::ScoreInput;
use crate::param::{Param, or_expected, text};
use crate::rule::{Rule, Scored};

/// Parameters of `labels`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// The labels there are.
    pub labels: Vec<String>,
    /// The right labels; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// What is reported.
    #[serde(default)]
    pub measure: Measure,
    /// What an answer is that has no list of labels and names none.
    #[serde(default)]
    pub unclear: Unclear,
}

/// A measure of two sets of labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Labels of both sets over labels of either.
    #[default]
    Jaccard,
    /// The harmonic mean of precision and recall.
    F1,
    /// Whether the sets are the same.
    Exact,
}

/// Labels that were given: those of the suite by number, and how many others.
#[derive(Default)]
struct Given {
    known: BTreeSet<usize>,
    beyond: BTreeSet<String>,
}

/// The texts of a list of labels, itself or under the key `labels`; `None` where the value is none.
fn listed(value: &Value) -> Option<Vec<&str>> {
    let list = value.get("labels").unwrap_or(value).as_array()?;
    list.iter().map(Value::as_str).collect()
}

impl Labels {
    /// The number of a label, by its words.
    fn number(&self, label: &str) -> Option<usize> {
        let label = words(label);
        self.labels.iter().position(|known| words(known) == label)
    }

    /// Whether a text says that there is no label.
    fn none(&self, text: &str) -> bool {
        ["", "none"].contains(&words(text).as_str()) && self.number(text).is_none()
    }

    fn expected(&self, value: &Value) -> Result<BTreeSet<usize>, String> {
        let stated = text(value);
        let parsed = if value.is_string() { serde_json::from_str(&stated).ok() } else { None };
        let parts: Vec<&str> = match listed(parsed.as_ref().unwrap_or(value)) {
            Some(list) => list,
            None if value.is_null() || self.none(&stated) => Vec::new(),
            None if self.number(&stated).is_some() => vec![&stated],
            None => stated.split([',', ';', '\n']).filter(|part| !part.trim().is_empty()).collect(),
        };
        let number = |label: &&str| {
            let unknown = || format!("the expected label `{}` is none of the labels", label.trim());
            self.number(label).ok_or_else(unknown)
        };
        parts.iter().map(number).collect()
    }

    /// `None` where the answer has no list and names no label.
    fn given(&self, answer: &Value) -> Option<Given> {
        let stated = text(answer);
        let found = if answer.is_string() { find_json(&stated) } else { None };
        let mut given = Given::default();
        if let Some(list) = listed(found.as_ref().unwrap_or(answer)) {
            for label in list {
                match self.number(label) {
                    Some(number) => _ = given.known.insert(number),
                    None => _ = given.beyond.insert(words(label)),
                }
            }
            return Some(given);
        }
        if self.none(&stated) {
            return Some(given);
        }
        given.known = self.named(&words(&stated));
        (!given.known.is_empty()).then_some(given)
    }

    /// The labels that stand in a text of words, at each place the longest.
    fn named(&self, answer: &str) -> BTreeSet<usize> {
        let labels: Vec<String> = self.labels.iter().map(|label| words(label)).collect();
        let mut starts: HashMap<&str, Vec<(usize, Vec<&str>)>> = HashMap::new();
        for (number, label) in labels.iter().enumerate() {
            let label: Vec<&str> = label.split(' ').collect();
            starts.entry(label[0]).or_default().push((number, label));
        }
        let answer: Vec<&str> = answer.split(' ').collect();
        let (mut found, mut at) = (BTreeSet::new(), 0);
        while let Some(word) = answer.get(at) {
            let here = starts.get(word).into_iter().flatten().filter(|(_, label)| answer[at..].starts_with(label));
            match here.max_by_key(|(_, label)| label.len()) {
                Some((number, label)) => {
                    found.insert(*number);
                    at += label.len();
                }
                None => at += 1,
            }
        }
        found
    }
}

impl Rule for Labels {
    const NAME: &'static str = "labels";
    const MAIN: &'static str = "labels";

    fn kind(&self) -> ScoreKind {
        match self.measure {
            Measure::Exact => ScoreKind::Binary,
            Measure::Jaccard | Measure::F1 => ScoreKind::Bounded { lo: 0.0, hi: 1.0 },
        }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::F1, Metric::MacroF1, Metric::WeightedF1, Metric::Precision, Metric::Recall]
    }

    fn check(&self) -> Result<(), Problem> {
        if self.labels.is_empty() {
            return Err(Problem::new("/labels", "at least one label is needed"));
        }
        for (at, label) in self.labels.iter().enumerate() {
            let place = format!("/labels/{at}");
            if words(label).is_empty() {
                return Err(Problem::new(place, format!("the label `{label}` has no letter and no digit")));
            }
            if self.number(label) != Some(at) {
                return Err(Problem::new(place, format!("the label `{label}` is there twice"))
                    .help("labels differ by their letters and digits, without regard to case"));
            }
        }
        Ok(())
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let expected = self.expected(&or_expected(self.value.as_ref(), input)?)?;
        let (given, why) = match self.given(&input.output.value) {
            Some(given) => (given, None),
            None if self.unclear == Unclear::Wrong => {
                (Given { beyond: BTreeSet::from([String::new()]), ..Given::default() }, Some("it names no label"))
            }
            None => return Err("the answer has no list of labels and names none".into()),
        };
        let held = |set: &BTreeSet<usize>| (0..self.labels.len()).map(|at| set.contains(&at)).collect::<Vec<bool>>();
        let numbers = label_set(&held(&expected), &held(&given.known), given.beyond.len());
        let counts = Counts::read(&numbers[..3]).ok_or("the labels cannot be counted")?;
        let value = match self.measure {
            // No label where none is expected is right.
            Measure::Jaccard => counts.jaccard().unwrap_or(1.0),
            Measure::F1 => counts.f1().unwrap_or(1.0),
            Measure::Exact => f64::from(u8::from(counts.hits == counts.predicted && counts.hits == counts.expected)),
        };
        let names = |set: &mut dyn Iterator<Item = &usize>| {
            set.map(|at| self.labels[*at].as_str()).collect::<Vec<_>>().join(", ")
        };
        let mut reasons: Vec<String> = why.map(str::to_owned).into_iter().collect();
        for (word, listed) in [
            ("missing", names(&mut expected.difference(&given.known))),
            ("wrong", names(&mut given.known.difference(&expected))),
            ("not a label", given.beyond.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        ] {
            if !listed.is_empty() {
                reasons.push(format!("{word}: {listed}"));
            }
        }
        let mut score = Scored::value(value).counting(numbers);
        score.label = Some(names(&mut given.known.iter()));
        score.rationale = (!reasons.is_empty()).then(|| reasons.join("; "));
        Ok(score)
    }
}
