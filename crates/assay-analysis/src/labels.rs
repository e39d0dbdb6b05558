//! Labels as numbers on a judge's scale, and what several people said together.

use std::collections::HashMap;

use assay_core::{Digest, Drawn, ScoreKind};
use assay_stats::raters::{Vote, most_probable, shares};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const PASSES: [&str; 8] = ["1", "true", "pass", "yes", "correct", "good", "win", "supported"];
const FAILS: [&str; 8] = ["0", "false", "fail", "no", "incorrect", "bad", "loss", "unsupported"];

/// How what people said becomes a number on a judge's scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Coding {
    /// The judge's scale.
    pub score: ScoreKind,
    /// The labels that mean a pass, or the best; others mean a fail. Empty for the usual words.
    #[serde(default)]
    pub positive: Vec<String>,
    /// The scale of the labels, where it is not the judge's own.
    #[serde(default)]
    pub scale: Option<(f64, f64)>,
}

/// A label as one word.
fn word(label: &Value) -> String {
    match label {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |n| n.to_string()),
        other => other.to_string(),
    }
}

impl Coding {
    /// The number that a label stands for.
    ///
    /// # Errors
    /// Why it stands for none, and what helps.
    pub fn code(&self, label: &Value) -> Result<f64, String> {
        let range = self.score.range();
        let word = word(label);
        if !self.positive.is_empty() {
            let (lo, hi) = range.unwrap_or((0.0, 1.0));
            return Ok(if self.positive.contains(&word) { hi } else { lo });
        }
        let number = word.parse::<f64>().ok().filter(|n| n.is_finite());
        if let Some((from, to)) = self.scale {
            let Some(number) = number.filter(|n| (from..=to).contains(n)) else {
                return Err(format!("the label `{word}` is off the scale {from} to {to}"));
            };
            let (lo, hi) = range.unwrap_or((from, to));
            return Ok(lo + (number - from) / (to - from) * (hi - lo));
        }
        let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
        match self.score {
            ScoreKind::Binary => match (is(&PASSES), is(&FAILS)) {
                (true, _) => Ok(1.0),
                (_, true) => Ok(0.0),
                _ => Err(format!(
                    "the label `{word}` is neither a pass nor a fail: `--positive WORD` says which labels mean a pass"
                )),
            },
            ScoreKind::Bounded { lo, hi } => match label {
                Value::Bool(best) => Ok(if *best { hi } else { lo }),
                _ => number.filter(|n| (lo..=hi).contains(n)).ok_or_else(|| {
                    format!(
                        "the label `{word}` is off the judge's scale {lo} to {hi}: `--scale MIN..MAX` says what the labels' \
                         own scale is"
                    )
                }),
            },
            ScoreKind::Unbounded => number.ok_or_else(|| format!("the label `{word}` is no number")),
        }
    }
}

/// A label on the judge's scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Coded {
    /// The item.
    pub item: Digest,
    /// Who said it; empty for the outcome of several people's.
    pub rater: String,
    /// The number.
    pub value: f64,
    /// How the item was chosen.
    pub drawn: Drawn,
    /// The chance of that, where it is known.
    pub chance: Option<f64>,
    /// When it was said, in microseconds since the Unix epoch.
    pub labelled_us: Option<i64>,
}

/// What people say of an item, taken together.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The outcome; `None` where people are split evenly.
    pub value: Option<f64>,
    /// Whether the item was drawn by chance.
    pub random: bool,
    /// The chance, where it is known.
    pub chance: Option<f64>,
    /// Single people's labels, by the rater's number.
    pub raters: Vec<(usize, f64)>,
    /// When the first of its labels was said, where it is known.
    pub labelled_us: Option<i64>,
}

/// Labels by item, and the raters' names in the order of their numbers. An outcome that is given counts as it is; otherwise
/// it is the majority of a pass-or-fail judge's labels (none for a tie) and the mean of others.
pub fn together(labels: &[Coded], score: ScoreKind) -> (HashMap<Digest, Truth>, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut truths: HashMap<Digest, Truth> = HashMap::new();
    for label in labels {
        let new = || Truth { value: None, random: true, chance: None, raters: Vec::new(), labelled_us: None };
        let truth = truths.entry(label.item).or_insert_with(new);
        truth.random &= label.drawn == Drawn::Random;
        truth.chance = truth.chance.or(label.chance);
        truth.labelled_us = truth.labelled_us.into_iter().chain(label.labelled_us).min();
        if label.rater.is_empty() {
            truth.value = Some(label.value);
            continue;
        }
        let number = *numbers.entry(&label.rater).or_insert_with(|| {
            names.push(label.rater.clone());
            names.len() - 1
        });
        truth.raters.push((number, label.value));
    }
    for truth in truths.values_mut().filter(|truth| truth.value.is_none()) {
        let given: Vec<f64> = truth.raters.iter().map(|(_, value)| *value).collect();
        truth.value = if score == ScoreKind::Binary {
            let vote = |(rater, value): (usize, &f64)| Vote { item: 0, rater, label: usize::from(*value == 1.0) };
            let votes: Vec<Vote> = given.iter().enumerate().map(vote).collect();
            shares(&votes, 2).and_then(|shares| most_probable(&shares)[0]).map(|at| at as f64)
        } else {
            Some(given.iter().sum::<f64>() / given.len() as f64)
        };
    }
    (truths, names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_and_numbers_find_their_place_on_the_scale() {
        let binary = Coding { score: ScoreKind::Binary, positive: vec![], scale: None };
        for (label, want) in
            [(json!(true), 1.0), (json!("No"), 0.0), (json!(1), 1.0), (json!(0.0), 0.0), (json!("pass"), 1.0)]
        {
            assert_eq!(binary.code(&label), Ok(want), "{label}");
        }
        assert!(binary.code(&json!("2_full_refusal")).unwrap_err().contains("--positive"));
        let named = Coding { positive: vec!["2_full_refusal".into()], ..binary.clone() };
        assert_eq!((named.code(&json!("2_full_refusal")), named.code(&json!("1"))), (Ok(1.0), Ok(0.0)));
        let unit = Coding { score: ScoreKind::Bounded { lo: 0.0, hi: 1.0 }, ..binary };
        assert!(unit.code(&json!(4)).unwrap_err().contains("--scale"));
        let five = Coding { scale: Some((1.0, 5.0)), ..unit };
        assert_eq!((five.code(&json!(4)), five.code(&json!("1"))), (Ok(0.75), Ok(0.0)));
        assert!(five.code(&json!(6)).unwrap_err().contains("off the scale 1 to 5"));
    }

    #[test]
    fn a_tie_is_no_truth_and_a_given_outcome_counts_as_it_is() {
        let item = Digest::of_bytes(b"i");
        let label = |rater: &str, value| {
            let rater = rater.to_owned();
            Coded { item, rater, value, drawn: Drawn::Random, chance: None, labelled_us: None }
        };
        let of = |labels: &[Coded]| together(labels, ScoreKind::Binary).0[&item].value;
        assert_eq!(of(&[label("a", 1.0), label("b", 0.0)]), None);
        assert_eq!(of(&[label("a", 1.0), label("b", 0.0), label("c", 1.0)]), Some(1.0));
        assert_eq!(of(&[label("a", 1.0), label("b", 0.0), label("", 0.0)]), Some(0.0));
        let mean = together(&[label("a", 1.0), label("b", 0.0)], ScoreKind::Bounded { lo: 0.0, hi: 1.0 });
        assert_eq!(mean.0[&item].value, Some(0.5));
    }
}
