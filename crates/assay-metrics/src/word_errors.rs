//! Word and character error rates as jiwer 4 computes them, of sentences and of a corpus.

use crate::corpus;
use crate::tokens::{Numbers, is_space};
use std::collections::HashMap;
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
    /// Words between spaces; case and punctuation count, as without a transform in jiwer. As [`Self::of`].
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
    /// of jiwer. O(product of the lengths / 64) time, O(length^1.5 / 64) memory.
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
        let mut errors = align(h, r);
        errors.hits += (before + after) as f64;
        errors
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

/// Rows of the table of edit distances, one for each unit of the hypothesis, 64 units of the reference to a word: where a
/// row rises and where it falls from one unit to the next (Myers 1999; words as in Hyyrö 2003).
struct Rows<'a, T> {
    /// From a unit to the last place in the reference that has it, and from there to those before.
    last: HashMap<&'a T, usize>,
    before: Vec<usize>,
    /// The places that have the unit of the row.
    same: Vec<u64>,
    rises: Vec<u64>,
    falls: Vec<u64>,
}

const NO_PLACE: usize = usize::MAX;

impl<'a, T: Eq + Hash> Rows<'a, T> {
    fn new(reference: &'a [T]) -> Self {
        let mut last = HashMap::with_capacity(reference.len());
        let before = reference.iter().enumerate().map(|(at, unit)| last.insert(unit, at).unwrap_or(NO_PLACE)).collect();
        let words = reference.len().div_ceil(64);
        Self { last, before, same: vec![0; words], rises: vec![u64::MAX; words], falls: vec![0; words] }
    }

    /// Goes on to the row of the next unit.
    fn next(&mut self, unit: &T) {
        let last = self.last.get(unit).copied().unwrap_or(NO_PLACE);
        let mut at = last;
        while at != NO_PLACE {
            self.same[at / 64] |= 1 << (at % 64);
            at = self.before[at];
        }
        // Each row begins one above the last.
        let (mut up, mut down) = (1, 0);
        for (same, (rises, falls)) in self.same.iter().zip(self.rises.iter_mut().zip(&mut self.falls)) {
            let equal = same | down;
            let diagonal = ((equal & *rises).wrapping_add(*rises) ^ *rises) | equal | *falls;
            let (above, below) = (*falls | !(diagonal | *rises), diagonal & *rises);
            let (above_in, below_in) = (above << 1 | up, below << 1 | down);
            (up, down) = (above >> 63, below >> 63);
            (*rises, *falls) = (below_in | !(diagonal | above_in), above_in & diagonal);
        }
        at = last;
        while at != NO_PLACE {
            self.same[at / 64] = 0;
            at = self.before[at];
        }
    }
}

/// Follows the alignment that rapidfuzz takes from the ends of both texts to their beginnings. Of the rows that it goes
/// back through only every so many are kept, and those between computed again when it comes to them.
fn align<T: Eq + Hash>(hypothesis: &[T], reference: &[T]) -> WordErrors {
    let mut errors = WordErrors::default();
    let (mut i, mut j) = (hypothesis.len(), reference.len());
    if i > 0 && j > 0 {
        let mut rows = Rows::new(reference);
        let words = rows.rises.len();
        let apart = if i * words <= 1 << 14 { i } else { i.isqrt().max(1) };
        let mut kept = Vec::new();
        for (row, unit) in hypothesis[..(i - 1) / apart * apart].iter().enumerate() {
            if row % apart == 0 {
                kept.push((rows.rises.clone(), rows.falls.clone()));
            }
            rows.next(unit);
        }
        kept.push((rows.rises.clone(), rows.falls.clone()));
        let mut between: Vec<u64> = Vec::with_capacity((apart + 1) * words * 2);
        while let Some((rises, falls)) = kept.pop() {
            let first = kept.len() * apart;
            (rows.rises, rows.falls) = (rises, falls);
            between.clear();
            between.extend(rows.rises.iter().chain(&rows.falls));
            for unit in &hypothesis[first..i] {
                rows.next(unit);
                between.extend(rows.rises.iter().chain(&rows.falls));
            }
            let bit = |row: usize, which: usize, at: usize| {
                between[((row - first) * 2 + which) * words + at / 64] >> (at % 64) & 1 == 1
            };
            while i > first && j > 0 {
                // Deletions are preferred, then insertions where those lie on a shortest way for sure.
                if bit(i, 0, j - 1) {
                    j -= 1;
                    errors.deletions += 1.0;
                    continue;
                }
                i -= 1;
                if i > 0 && bit(i, 1, j - 1) {
                    errors.insertions += 1.0;
                } else {
                    j -= 1;
                    let slot = if hypothesis[i] == reference[j] { &mut errors.hits } else { &mut errors.substitutions };
                    *slot += 1.0;
                }
            }
            if j == 0 {
                break;
            }
        }
    }
    errors.insertions += i as f64;
    errors.deletions += j as f64;
    errors
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
