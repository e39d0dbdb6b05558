//! Likeness of two texts over Unicode code points: what rapidfuzz computes, and its token ratios.

use std::collections::BTreeSet;

use rapidfuzz::distance::{
    damerau_levenshtein, indel, jaro as winklers_jaro, jaro_winkler as winkler, lcs_seq, levenshtein as edit,
    osa as alignment,
};

/// Levenshtein distance: insertions, deletions, substitutions.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::levenshtein("kitten", "sitting"), 3);
/// ```
pub fn levenshtein(a: &str, b: &str) -> usize {
    edit::distance(a.chars(), b.chars())
}

/// 1 − distance / length of the longer text; 1 for two empty texts.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::similarity("abcd", "abxd"), 0.75);
/// ```
pub fn similarity(a: &str, b: &str) -> f64 {
    edit::normalized_similarity(a.chars(), b.chars())
}

/// Damerau–Levenshtein distance: Levenshtein's edits and swaps of two neighbours, between which others may have been put
/// (Damerau 1964; the unrestricted one, a metric). O(product of the lengths) time, O(length + alphabet) memory.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::damerau("ca", "abc"), 2);
/// ```
pub fn damerau(a: &str, b: &str) -> usize {
    damerau_levenshtein::distance(a.chars(), b.chars())
}

/// Optimal string alignment: as [`damerau`], but nothing is edited twice, so that it is no metric.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::osa("ca", "abc"), 3);
/// ```
pub fn osa(a: &str, b: &str) -> usize {
    alignment::distance(a.chars(), b.chars())
}

/// Jaro similarity from 0 to 1 (Jaro 1989); 1 for two empty texts.
///
/// # Examples
/// ```
/// assert!((assay_metrics::distance::jaro("MARTHA", "MARHTA") - 0.9444).abs() < 1e-4);
/// ```
pub fn jaro(a: &str, b: &str) -> f64 {
    winklers_jaro::similarity(a.chars(), b.chars())
}

/// Longest common subsequence over the length of the longer text, from 0 to 1; 1 for two empty texts.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::lcs_similarity("abcd", "axcd"), 0.75);
/// ```
pub fn lcs_similarity(a: &str, b: &str) -> f64 {
    lcs_seq::normalized_similarity(a.chars(), b.chars())
}

/// Jaro–Winkler similarity with a prefix weight of 0.1 over at most 4 code points, applied above a Jaro similarity
/// of 0.7 (Winkler 1990).
///
/// # Examples
/// ```
/// assert!((assay_metrics::distance::jaro_winkler("MARTHA", "MARHTA") - 0.9611).abs() < 1e-4);
/// ```
pub fn jaro_winkler(a: &str, b: &str) -> f64 {
    winkler::similarity(a.chars(), b.chars())
}

/// Indel similarity of the texts with their words sorted, from 0 to 1: word order does not count.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::token_sort_ratio("b a", "a b"), 1.0);
/// ```
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
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::token_set_ratio("a b", "a b a c"), 1.0);
/// ```
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
            for measure in [similarity, jaro, jaro_winkler, lcs_similarity, token_sort_ratio, token_set_ratio] {
                let value = measure(&a, &b);
                prop_assert!((0.0..=1.0).contains(&value));
                prop_assert!((value - measure(&b, &a)).abs() < 1e-12);
            }
            prop_assert!(damerau(&a, &b) <= osa(&a, &b) && osa(&a, &b) <= levenshtein(&a, &b));
        }
    }
}
