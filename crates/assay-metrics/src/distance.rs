//! Likeness of two texts over Unicode code points: what rapidfuzz computes, and its token ratios.

use std::collections::BTreeSet;

use rapidfuzz::distance::{indel, jaro_winkler as winkler, levenshtein as edit};

/// Levenshtein distance: insertions, deletions, substitutions.
pub fn levenshtein(a: &str, b: &str) -> usize {
    edit::distance(a.chars(), b.chars())
}

/// 1 − distance / length of the longer text; 1 for two empty texts.
pub fn similarity(a: &str, b: &str) -> f64 {
    edit::normalized_similarity(a.chars(), b.chars())
}

/// Jaro–Winkler similarity with a prefix weight of 0.1 over at most 4 code points, applied above a Jaro similarity
/// of 0.7 (Winkler 1990).
pub fn jaro_winkler(a: &str, b: &str) -> f64 {
    winkler::similarity(a.chars(), b.chars())
}

/// Indel similarity of the texts with their words sorted, from 0 to 1: word order does not count.
pub fn token_sort_ratio(a: &str, b: &str) -> f64 {
    let sorted = |text: &str| {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        words.sort_unstable();
        words.join(" ")
    };
    indel::normalized_similarity(sorted(a).chars(), sorted(b).chars())
}

/// Likeness of the sets of words, from 0 to 1: word order, repetition and, when one text holds all words of the other,
/// further words do not count. The largest indel similarity among {common words}, {common + rest of a} and {common +
/// rest of b}; 0 when either text has no words. As rapidfuzz's `token_set_ratio`.
pub fn token_set_ratio(a: &str, b: &str) -> f64 {
    let (a, b): (BTreeSet<&str>, BTreeSet<&str>) = (a.split_whitespace().collect(), b.split_whitespace().collect());
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let join = |words: Vec<&str>| words.join(" ");
    let common = join(a.intersection(&b).copied().collect());
    let (rest_a, rest_b) = (join(a.difference(&b).copied().collect()), join(b.difference(&a).copied().collect()));
    if !common.is_empty() && (rest_a.is_empty() || rest_b.is_empty()) {
        return 1.0;
    }
    // The common part begins both joined texts, so only the rests can differ.
    let length = |text: &str| text.chars().count();
    let shared = length(&common) + usize::from(!common.is_empty());
    let (whole_a, whole_b) = (shared + length(&rest_a), shared + length(&rest_b));
    let ratio = |distance: usize, total: usize| 1.0 - distance as f64 / total as f64;
    let mut best = ratio(indel::distance(rest_a.chars(), rest_b.chars()), whole_a + whole_b);
    if !common.is_empty() {
        let base = length(&common);
        for whole in [whole_a, whole_b] {
            best = best.max(ratio(whole - base, base + whole));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_pairs() {
        assert_eq!(levenshtein("kitten", "sitting"), 3);
        assert_eq!(levenshtein("", "abc"), 3);
        assert_eq!(levenshtein("straße", "strasse"), 2);
        assert_eq!(token_sort_ratio("a b c", "c a b"), 1.0);
        assert_eq!(token_set_ratio("new york", "york is the new new york"), 1.0);
        assert_eq!((similarity("", ""), token_set_ratio("", "a")), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn every_likeness_is_symmetric_and_between_zero_and_one(a in ".{0,20}", b in ".{0,20}") {
            for measure in [similarity, jaro_winkler, token_sort_ratio, token_set_ratio] {
                let value = measure(&a, &b);
                prop_assert!((0.0..=1.0).contains(&value));
                prop_assert!((value - measure(&b, &a)).abs() < 1e-12);
            }
        }
    }
}
