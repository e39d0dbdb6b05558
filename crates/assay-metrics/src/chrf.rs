//! chrF (Popović 2015) and chrF++ (Popović 2017) as sacrebleu 2.6 computes them, of sentences and of a corpus.

use crate::corpus;
use crate::grams::Grams;
use crate::tokens::{Numbers, is_space, words};

/// The longest character n-grams.
pub const CHARACTER_ORDER: usize = 6;

/// The longest word n-grams there can be.
pub const MOST_WORD_ORDER: usize = 2;

/// A variant of chrF: characters without white space up to 6-grams, β = 2, averaged over the orders that both texts
/// have.
///
/// # Examples
/// ```
/// use assay_metrics::chrf::Chrf;
/// let plus = Chrf { word_order: 2, lowercase: false };
/// assert_eq!(plus.score(&plus.segment("the cat", &["the cat", "a dog"])), Some(1.0));
/// assert_eq!(plus.signature(Some(2)), "nrefs:2|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chrf {
    /// The longest word n-grams: 0 for chrF, 2 for chrF++. Above 2 counts as 2.
    pub word_order: usize,
    /// Compare lowercase texts.
    pub lowercase: bool,
}

/// N-grams of one order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Order {
    /// Of the hypothesis; 0 where the reference has none, as in sacrebleu.
    pub hypothesis: f64,
    /// Of the reference.
    pub reference: f64,
    /// In both.
    pub matched: f64,
}

/// The counts of a segment against its best reference, or the sums of a corpus: characters from n = 1 to 6, then words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts(pub [Order; CHARACTER_ORDER + MOST_WORD_ORDER]);

impl corpus::Counts for Counts {
    fn numbers(&self) -> Vec<f64> {
        self.0.iter().flat_map(|order| [order.hypothesis, order.reference, order.matched]).collect()
    }

    fn read(numbers: &[f64]) -> Option<Self> {
        let (orders, []) = numbers.as_chunks::<3>() else { return None };
        let read = |[hypothesis, reference, matched]: &[f64; 3]| Order {
            hypothesis: *hypothesis,
            reference: *reference,
            matched: *matched,
        };
        Some(Self(orders.iter().map(read).collect::<Vec<_>>().try_into().ok()?))
    }
}

impl Chrf {
    /// The counts against the reference with the best score, the first of equal ones. O(length · log length) for each
    /// reference.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::chrf::Chrf;
    /// let counts = Chrf::default().segment("abc", &["abx", "xyz"]);
    /// // Single characters: three on either side, two in both.
    /// assert_eq!((counts.0[0].hypothesis, counts.0[0].reference, counts.0[0].matched), (3.0, 3.0, 2.0));
    /// ```
    pub fn segment(&self, hypothesis: &str, references: &[&str]) -> Counts {
        let mut numbers = Numbers::default();
        let mut grams = |text: &str| {
            let lower = if self.lowercase { text.to_lowercase() } else { text.to_owned() };
            let characters: Vec<u32> = lower.chars().filter(|c| !is_space(*c)).map(|c| c as u32 + 1).collect();
            let pieces = if self.word_order > 0 { pieces(&lower) } else { Vec::new() };
            let tokens = numbers.all(pieces.into_iter().map(str::to_owned));
            (Grams::new(characters.into_iter(), 21, CHARACTER_ORDER as u32), Grams::new(tokens.into_iter(), 32, 2))
        };
        let hypothesis = grams(hypothesis);
        let mut best: Option<(f64, Counts)> = None;
        for reference in references {
            let reference = grams(reference);
            let mut counts = Counts::default();
            let kinds = [
                (0, CHARACTER_ORDER, &hypothesis.0, &reference.0),
                (CHARACTER_ORDER, self.word_order.min(MOST_WORD_ORDER), &hypothesis.1, &reference.1),
            ];
            for (from, order, hypothesis, reference) in kinds {
                for n in 1..=order {
                    let total = reference.total(n as u32);
                    counts.0[from + n - 1] = Order {
                        hypothesis: if total > 0 { hypothesis.total(n as u32) as f64 } else { 0.0 },
                        reference: total as f64,
                        matched: hypothesis.matched(n as u32, std::slice::from_ref(reference)) as f64,
                    };
                }
            }
            let score = self.f_score(&counts);
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, counts));
            }
        }
        best.map(|(_, counts)| counts).unwrap_or_default()
    }

    /// chrF from 0 to 1: F₂ of the precision and the recall, each averaged over the orders that both sides have.
    /// `None` without a single n-gram on the reference's side.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::chrf::Chrf;
    /// let chrf = Chrf::default();
    /// assert_eq!(chrf.score(&chrf.segment("a cat", &["a cat"])), Some(1.0));
    /// assert_eq!(chrf.score(&chrf.segment("a cat", &[""])), None);
    /// ```
    pub fn score(&self, counts: &Counts) -> Option<f64> {
        counts.0.iter().any(|order| order.reference > 0.0).then(|| self.f_score(counts))
    }

    fn f_score(&self, counts: &Counts) -> f64 {
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for order in counts.0.iter().take(CHARACTER_ORDER + self.word_order.min(MOST_WORD_ORDER)) {
            if order.hypothesis > 0.0 && order.reference > 0.0 {
                precision += order.matched / order.hypothesis;
                recall += order.matched / order.reference;
                orders += 1.0;
            }
        }
        if precision + recall == 0.0 {
            return 0.0;
        }
        let (precision, recall) = (precision / orders, recall / orders);
        5.0 * precision * recall / (4.0 * precision + recall)
    }

    /// What sacrebleu 2.6.0 prints for the same settings. `references` is their number per segment, `None` where it
    /// varies.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::chrf::Chrf;
    /// let chrf = Chrf { word_order: 2, lowercase: false };
    /// assert_eq!(chrf.signature(Some(1)), "nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0");
    /// ```
    pub fn signature(&self, references: Option<usize>) -> String {
        format!(
            "nrefs:{}|case:{}|eff:yes|nc:{CHARACTER_ORDER}|nw:{}|space:no|version:2.6.0",
            references.map_or_else(|| "var".into(), |n| n.to_string()),
            if self.lowercase { "lc" } else { "mixed" },
            self.word_order,
        )
    }
}

/// Words with one sign of punctuation split off: at the end, otherwise at the beginning. `(hi)` becomes `(hi` and `)`,
/// as in the original.
fn pieces(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    for word in words(text) {
        let (first, last) = (word.as_bytes()[0], word.as_bytes()[word.len() - 1]);
        if word.chars().nth(1).is_none() {
            all.push(word);
        } else if last.is_ascii_punctuation() {
            all.extend([&word[..word.len() - 1], &word[word.len() - 1..]]);
        } else if first.is_ascii_punctuation() {
            all.extend([&word[..1], &word[1..]]);
        } else {
            all.push(word);
        }
    }
    all
}

/// chrF of a sentence from 0 to 1 against its best reference (sacrebleu's `sentence_chrf` divided by 100). 0 where all
/// references are empty.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::chrf::chrf("the cat", &["the cat"]), 1.0);
/// assert_eq!(assay_metrics::chrf::chrf("xyz", &["the cat"]), 0.0);
/// ```
pub fn chrf(hypothesis: &str, references: &[&str]) -> f64 {
    let plain = Chrf::default();
    plain.score(&plain.segment(hypothesis, references)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_sign_is_split_off_a_word() {
        assert_eq!(pieces("(hi) \"you . é"), ["(hi", ")", "\"", "you", ".", "é"]);
    }

    proptest! {
        #[test]
        fn any_texts_score_between_zero_and_one_and_equal_ones_one(a in ".{0,40}", b in ".{0,40}") {
            for word_order in [0, 2] {
                let variant = Chrf { word_order, lowercase: true };
                let score = variant.score(&variant.segment(&a, &[&b]));
                prop_assert!(score.is_none_or(|score| (0.0..=1.0 + 1e-12).contains(&score)));
                let same = variant.score(&variant.segment(&b, &[&b]));
                prop_assert!(same.is_none_or(|score| (score - 1.0).abs() < 1e-12));
            }
        }
    }
}
