//! Word and character error rates as jiwer 4 computes them, of sentences and of a corpus.

use crate::corpus;
use crate::tokens::{Numbers, is_space};
use std::hash::Hash;

/// The alignment of a hypothesis with its reference, counted; or the sums of a corpus. The units are words or
/// characters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WordErrors {
    /// Units that are equal.
    pub hits: f64,
    /// Units that stand for another one.
    pub substitutions: f64,
    /// Units of the reference that are missing.
    pub deletions: f64,
    /// Units that the reference does not have.
    pub insertions: f64,
}

impl corpus::Counts for WordErrors {
    fn numbers(&self) -> Vec<f64> {
        vec![self.hits, self.substitutions, self.deletions, self.insertions]
    }

    fn read(numbers: &[f64]) -> Option<Self> {
        let [hits, substitutions, deletions, insertions] = *numbers else { return None };
        Some(Self { hits, substitutions, deletions, insertions })
    }
}

impl WordErrors {
    /// Words between spaces; case and punctuation count, as without a transform in jiwer. O(product of the lengths)
    /// time, O(length) memory.
    ///
    /// # Examples
    /// ```
    /// let errors = assay_metrics::word_errors::WordErrors::of_words("the cat sat down", "the cat sits");
    /// assert_eq!((errors.hits, errors.substitutions, errors.insertions, errors.deletions), (2.0, 1.0, 1.0, 0.0));
    /// ```
    pub fn of_words(hypothesis: &str, reference: &str) -> Self {
        let mut numbers = Numbers::default();
        let mut read = |text| numbers.all(crate::tokens::words(text));
        let (hypothesis, reference): (Vec<u32>, Vec<u32>) = (read(hypothesis), read(reference));
        Self::of(&hypothesis, &reference)
    }

    /// Unicode code points, with the spaces between words but without white space at the ends.
    ///
    /// # Examples
    /// ```
    /// let errors = assay_metrics::word_errors::WordErrors::of_characters("kitten ", "sitting");
    /// assert_eq!(errors.rate(), Some(3.0 / 7.0));
    /// ```
    pub fn of_characters(hypothesis: &str, reference: &str) -> Self {
        let read = |text: &str| text.trim_matches(is_space).chars().collect::<Vec<_>>();
        Self::of(&read(hypothesis), &read(reference))
    }

    /// Any units. Several alignments can have the fewest edits and differ in hits; the one of rapidfuzz counts, and so
    /// of jiwer. O(product of the lengths) time, O(length) memory.
    ///
    /// # Examples
    /// ```
    /// let errors = assay_metrics::word_errors::WordErrors::of(&[1, 2, 3], &[1, 3]);
    /// assert_eq!((errors.hits, errors.insertions), (2.0, 1.0));
    /// ```
    pub fn of<T: Eq + Hash>(hypothesis: &[T], reference: &[T]) -> Self {
        let before = hypothesis.iter().zip(reference).take_while(|(a, b)| a == b).count();
        let (h, r) = (&hypothesis[before..], &reference[before..]);
        let after = h.iter().rev().zip(r.iter().rev()).take_while(|(a, b)| a == b).count();
        let (h, r) = (&h[..h.len() - after], &r[..r.len() - after]);
        // A column for each word of the reference: (distance, hits of the alignment that rapidfuzz takes).
        let mut row: Vec<(u32, u32)> = (0..=r.len() as u32).map(|cost| (cost, 0)).collect();
        for (i, word) in h.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = (i as u32 + 1, 0);
            for (j, other) in r.iter().enumerate() {
                let (left, above) = (row[j], row[j + 1]);
                let equal = word == other;
                let cost = (diagonal.0 + u32::from(!equal)).min(left.0 + 1).min(above.0 + 1);
                // Its way back prefers deletions, then insertions where those lie on a shortest way for sure.
                let hits = if cost == left.0 + 1 {
                    left.1
                } else if i > 0 && above.0 + 1 == diagonal.0 {
                    above.1
                } else {
                    diagonal.1 + u32::from(equal)
                };
                diagonal = above;
                row[j + 1] = (cost, hits);
            }
        }
        let (distance, hits) = row[r.len()];
        let (distance, hits) = (f64::from(distance), f64::from(hits));
        let (h, r) = (h.len() as f64, r.len() as f64);
        let substitutions = h + r - 2.0 * hits - distance;
        Self {
            hits: hits + (before + after) as f64,
            substitutions,
            deletions: r - hits - substitutions,
            insertions: h - hits - substitutions,
        }
    }

    /// Units of the reference.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::word_errors::WordErrors;
    /// assert_eq!(WordErrors::of_words("a x", "a b c").reference_length(), 3.0);
    /// ```
    pub fn reference_length(&self) -> f64 {
        self.hits + self.substitutions + self.deletions
    }

    /// Units of the hypothesis.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::word_errors::WordErrors;
    /// assert_eq!(WordErrors::of_words("a x", "a b c").length(), 2.0);
    /// ```
    pub fn length(&self) -> f64 {
        self.hits + self.substitutions + self.insertions
    }

    fn edits(&self) -> f64 {
        self.substitutions + self.deletions + self.insertions
    }

    /// Edits over units of the reference: 0 is perfect, above 1 is possible. 0 for two empty texts; `None` for an empty
    /// reference otherwise, where jiwer gives the number of insertions, which is no rate.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::word_errors::WordErrors;
    /// assert_eq!(WordErrors::of_words("a x", "a b c d").rate(), Some(0.75));
    /// assert_eq!(WordErrors::of_words("a", "").rate(), None);
    /// ```
    pub fn rate(&self) -> Option<f64> {
        match (self.reference_length(), self.insertions) {
            (0.0, 0.0) => Some(0.0),
            (0.0, _) => None,
            (length, _) => Some(self.edits() / length),
        }
    }

    /// Word error rate: [`Self::rate`] of words.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::word_errors::WordErrors;
    /// assert_eq!(WordErrors::of_words("a x", "a b").wer(), Some(0.5));
    /// ```
    pub fn wer(&self) -> Option<f64> {
        self.rate()
    }

    /// Match error rate: edits over hits and edits, from 0 to 1; 0 for two empty texts (Morris 2004).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::word_errors::WordErrors;
    /// assert_eq!(WordErrors::of_words("a b x", "a b").mer(), 1.0 / 3.0);
    /// ```
    pub fn mer(&self) -> f64 {
        let edits = self.edits();
        if edits == 0.0 { 0.0 } else { edits / (self.hits + edits) }
    }

    /// Word information lost: 1 − hits²/(words of the reference · words of the hypothesis), from 0 to 1; 0 for two empty
    /// texts, 1 where one is empty (Morris 2004).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::word_errors::WordErrors;
    /// assert_eq!(WordErrors::of_words("a b", "a b").wil(), 0.0);
    /// ```
    pub fn wil(&self) -> f64 {
        match (self.reference_length(), self.length()) {
            (0.0, 0.0) => 0.0,
            (0.0, _) | (_, 0.0) => 1.0,
            (reference, length) => 1.0 - self.hits / reference * (self.hits / length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_said_and_nothing_expected() {
        let both = WordErrors::of_words(" ", "");
        assert_eq!((both.wer(), both.mer(), both.wil()), (Some(0.0), 0.0, 0.0));
        let silent = WordErrors::of_words("", "a b");
        assert_eq!((silent.wer(), silent.mer(), silent.wil()), (Some(1.0), 1.0, 1.0));
    }

    proptest! {
        #[test]
        fn counts_add_up_to_the_texts_and_edits_to_the_distance(a in "[abc]{0,20}", b in "[abc]{0,20}") {
            let errors = WordErrors::of_characters(&a, &b);
            prop_assert_eq!((errors.length(), errors.reference_length()), (a.len() as f64, b.len() as f64));
            prop_assert_eq!(errors.edits() as usize, crate::distance::levenshtein(&a, &b));
            prop_assert!(errors.wil() + 1e-12 >= errors.mer());
        }
    }
}
