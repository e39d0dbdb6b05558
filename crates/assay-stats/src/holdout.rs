//! Keeping a holdout set honest: how often it was looked at, what a leaderboard may show, canaries, and scores on
//! clean against overlapping or on old against new items.

use std::fmt;

use crate::difference::{Difference, unpaired_difference};
use crate::estimate::{Item, Kind, is_level};

/// Why a holdout gives no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldoutError {
    /// Another number of items than before, none, or numbers that are not finite or whose squares are not.
    Scores,
    /// All looks are used up: take a new holdout.
    Locked {
        /// Looks allowed.
        budget: u32,
    },
}

impl fmt::Display for HoldoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scores => f.write_str("the scores are not one finite number for each item"),
            Self::Locked { budget } => write!(f, "all {budget} looks at this holdout are used up: take a new one"),
        }
    }
}

impl std::error::Error for HoldoutError {}

/// What a leaderboard shows after a submission.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Release {
    /// The score to show: a new best rounded to 1/n, or the old one again.
    pub score: f64,
    /// Whether the submission beat the best by more than noise.
    pub improved: bool,
}

/// The parameter-free Ladder: a score is shown only when it beats the best by more than the paired standard error
/// s/√n, so that submitting many times does not climb. Higher is better. Blum & Hardt 2015.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ladder {
    best: Vec<f64>,
    shown: f64,
}

impl Ladder {
    /// Takes a submission's score of each item. s is the sample standard deviation (n − 1) of the differences from the
    /// best submission's items. The first submission is always shown. O(items).
    ///
    /// # Errors
    /// No items, another number of them than before, or a score that is not finite.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::holdout::Ladder;
    /// let mut ladder = Ladder::default();
    /// assert_eq!(ladder.submit(&[1.0, 0.0, 0.0, 0.0]).unwrap().score, 0.25);
    /// assert!(!ladder.submit(&[0.0, 1.0, 1.0, 0.0]).unwrap().improved);
    /// assert!(ladder.submit(&[1.0, 1.0, 1.0, 1.0]).unwrap().improved);
    /// ```
    pub fn submit(&mut self, scores: &[f64]) -> Result<Release, HoldoutError> {
        let is_first = self.best.is_empty();
        if scores.is_empty() || scores.iter().any(|s| !s.is_finite()) || !is_first && scores.len() != self.best.len() {
            return Err(HoldoutError::Scores);
        }
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        if scores.iter().any(|s| s.abs() > 1e150) {
            return Err(HoldoutError::Scores);
        }
        let improved = is_first || {
            let differences: Vec<f64> = scores.iter().zip(&self.best).map(|(a, b)| a - b).collect();
            let gain = differences.iter().sum::<f64>() / n;
            let variance = differences.iter().map(|d| (d - gain).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
            mean > self.shown + (variance / n).sqrt()
        };
        if improved {
            self.best = scores.to_vec();
            self.shown = (mean * n).round() / n;
        }
        Ok(Release { score: self.shown, improved })
    }
}

/// Looks at one version of a holdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Looks allowed.
    pub budget: u32,
    /// Looks taken.
    pub taken: u32,
}

impl Looks {
    /// Takes a look: its number.
    ///
    /// # Errors
    /// Locked after `budget` looks.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::holdout::Looks;
    /// let mut looks = Looks { budget: 1, taken: 0 };
    /// assert_eq!(looks.look(), Ok(1));
    /// assert!(looks.look().is_err());
    /// ```
    pub fn look(&mut self) -> Result<u32, HoldoutError> {
        if self.taken >= self.budget {
            return Err(HoldoutError::Locked { budget: self.budget });
        }
        self.taken += 1;
        Ok(self.taken)
    }

    /// The level of each look's interval with which all intervals hold together at `confidence`: 1 − (1 − confidence) /
    /// looks taken, by Bonferroni. `None` for a confidence outside of 0 to 1.
    ///
    /// # Examples
    /// ```
    /// let looks = assay_stats::holdout::Looks { budget: 20, taken: 10 };
    /// assert!((looks.confidence(0.95).unwrap() - 0.995).abs() < 1e-12);
    /// ```
    pub fn confidence(&self, confidence: f64) -> Option<f64> {
        is_level(confidence).then(|| 1.0 - (1.0 - confidence) / f64::from(self.taken.max(1)))
    }

    /// A p-value times the looks taken, at most 1: Bonferroni's. `None` for a p outside of 0 to 1.
    ///
    /// # Examples
    /// ```
    /// let looks = assay_stats::holdout::Looks { budget: 20, taken: 2 };
    /// assert_eq!((looks.adjusted_p(0.03), looks.adjusted_p(f64::NAN)), (Some(0.06), None));
    /// ```
    pub fn adjusted_p(&self, p: f64) -> Option<f64> {
        (0.0..=1.0).contains(&p).then(|| (p * f64::from(self.taken.max(1))).min(1.0))
    }
}

/// Exposure of a canary in bits: log₂ of the number of candidates − log₂ of the true one's rank by likelihood, from 1.
/// 0 to 1 is chance level's half; log₂ of all candidates means memorised. `None` unless 1 ≤ rank ≤ candidates. Carlini et al. 2019.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::holdout::exposure(1, 1024), Some(10.0));
/// ```
pub fn exposure(rank: u64, candidates: u64) -> Option<f64> {
    (1..=candidates).contains(&rank).then(|| (candidates as f64).log2() - (rank as f64).log2())
}

/// The rank of the true canary among random ones by log-probability: 1 + how many of the others are as likely or
/// more. `None` where a number is NaN.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::holdout::canary_rank(-3.0, &[-9.0, -2.0, -7.0]), Some(2));
/// ```
pub fn canary_rank(truth: f64, others: &[f64]) -> Option<u64> {
    let is_defined = !truth.is_nan() && others.iter().all(|other| !other.is_nan());
    is_defined.then(|| 1 + others.iter().filter(|other| **other >= truth).count() as u64)
}

const MARK: &str = "canary GUID ";

/// The line that marks a file of a data set as not for training, with 128 bits of the caller's choice as its GUID.
///
/// # Examples
/// ```
/// use assay_stats::holdout::{canaries, canary};
/// let line = canary(7);
/// assert_eq!(canaries(&line), ["00000000-0000-0000-0000-000000000007"]);
/// ```
pub fn canary(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let guid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    format!("Evaluation data: keep out of training corpora. {MARK}{guid}")
}

/// The GUIDs after `canary GUID` in a text, as they stand there. O(length).
///
/// # Examples
/// ```
/// assert!(assay_stats::holdout::canaries("no canary here").is_empty());
/// ```
pub fn canaries(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(MARK) {
        let rest = &text[at + MARK.len()..];
        if let Some(guid) = rest.get(..36)
            && guid.bytes().enumerate().all(|(i, byte)| match i {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
        {
            found.push(guid);
        }
    }
    found
}

/// The score on items that are `marked` minus that on the others, with its interval: Newcombe for passed and failed, else
/// Welch. With the marked those that overlap a training corpus it is the dose of contamination; with the marked those
/// made before a model's training ended, a time split. `None` for unequal lengths, a score that is not finite or outside
/// of the kind's range, a confidence outside of 0 to 1, or where either part is empty. O(n).
///
/// # Examples
/// ```
/// use assay_stats::{Kind, holdout::marked_difference};
/// let found = marked_difference(&[1.0, 1.0, 0.0, 1.0], &[true, true, false, false], Kind::Binary, 0.95).unwrap();
/// assert_eq!(found.estimate.value, Some(0.5));
/// ```
pub fn marked_difference(scores: &[f64], marked: &[bool], kind: Kind, confidence: f64) -> Option<Difference> {
    let (lo, hi) = kind.range().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    if scores.len() != marked.len()
        || !is_level(confidence)
        || scores.iter().any(|s| !s.is_finite() || *s < lo || *s > hi)
    {
        return None;
    }
    let part = |which: bool| -> Vec<Item> {
        let chosen = scores.iter().zip(marked).filter(|(_, mark)| **mark == which);
        chosen.map(|(value, _)| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 }).collect()
    };
    let (with, without) = (part(true), part(false));
    (!with.is_empty() && !without.is_empty()).then(|| unpaired_difference(&with, &without, kind, confidence))
}
