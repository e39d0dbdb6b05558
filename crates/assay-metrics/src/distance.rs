//! Likeness of two texts over Unicode code points: what rapidfuzz computes, and its token ratios.

use std::collections::BTreeSet;

use rapidfuzz::distance::{
    damerau_levenshtein, indel, jaro as winklers_jaro, jaro_winkler as winkler, lcs_seq, levenshtein as edit,
    osa as alignment,
};

/// Levenshtein distance: insertions, deletions, substitutions. O(⌈m/64⌉ · n) time and O(m + n) memory for texts of m and
/// n code points.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::levenshtein("kitten", "sitting"), 3);
/// ```
pub fn levenshtein(a: &str, b: &str) -> usize {
    if a.len() <= 64 || b.len() <= 64 {
        return edit::distance(a.chars(), b.chars());
    }
    let codes = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
    edits(&codes(a), &codes(b))
}

/// 1 − distance / length of the longer text; 1 for two empty texts. As [`levenshtein`].
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::similarity("abcd", "abxd"), 0.75);
/// ```
pub fn similarity(a: &str, b: &str) -> f64 {
    let longer = a.chars().count().max(b.chars().count());
    if longer == 0 { 1.0 } else { 1.0 - levenshtein(a, b) as f64 / longer as f64 }
}

/// The table of edit distances, 64 rows to a word, as differences between neighbours, which are −1, 0 or 1 (Myers 1999;
/// blocks as in Hyyrö 2003). Rows go by in stripes of up to four words, whose dependencies overlap; of a stripe only the
/// differences along its last row are kept.
fn edits(mut a: &[u32], mut b: &[u32]) -> usize {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    let mut along = vec![(true, false); b.len()];
    for stripe in a.chunks(256) {
        match stripe.len().div_ceil(64) {
            1 => pass::<1>(stripe, b, &mut along),
            2 => pass::<2>(stripe, b, &mut along),
            3 => pass::<3>(stripe, b, &mut along),
            _ => pass::<4>(stripe, b, &mut along),
        }
    }
    let change: i64 = along.iter().map(|(rises, falls)| i64::from(*rises) - i64::from(*falls)).sum();
    (a.len() as i64 + change) as usize
}

/// Carries a stripe of rows along `b`: `along` says where the row above it rises and falls, and is told it of its last.
fn pass<const WORDS: usize>(stripe: &[u32], b: &[u32], along: &mut [(bool, bool)]) {
    let mut places = Places::default();
    // For each code the rows that hold it; the first are those of codes that the stripe does not have.
    let mut rows = vec![[0u64; WORDS]];
    for (row, code) in stripe.iter().enumerate() {
        let place = places.insert(*code);
        if place == rows.len() {
            rows.push([0; WORDS]);
        }
        rows[place][row / 64] |= 1 << (row % 64);
    }
    let last = (stripe.len() - 1) % 64;
    // Where the column rises and falls.
    let (mut up, mut down) = ([u64::MAX; WORDS], [0u64; WORDS]);
    for (code, along) in b.iter().zip(along) {
        let rows = &rows[places.get(*code)];
        let (mut rises, mut falls) = (u64::from(along.0), u64::from(along.1));
        for word in 0..WORDS {
            let equal = rows[word] | falls;
            let diagonal = ((equal & up[word]).wrapping_add(up[word]) ^ up[word]) | equal;
            let (rise, fall) = (down[word] | !(diagonal | up[word]), up[word] & diagonal);
            let kept = rows[word] | down[word];
            let (above, below) = (rise << 1 | rises, fall << 1 | falls);
            (up[word], down[word]) = (below | !(kept | above), above & kept);
            let end = if word + 1 == WORDS { last } else { 63 };
            (rises, falls) = (rise >> end & 1, fall >> end & 1);
        }
        *along = (rises == 1, falls == 1);
    }
}

/// Numbers codes from 1 in the order in which they come; 0 is no code.
struct Places {
    latin: [u16; 256],
    /// In order.
    others: Vec<(u32, u16)>,
    count: u16,
}

impl Default for Places {
    fn default() -> Self {
        Self { latin: [0; 256], others: Vec::new(), count: 0 }
    }
}

impl Places {
    fn insert(&mut self, code: u32) -> usize {
        let place = match self.latin.get_mut(code as usize) {
            Some(place) => place,
            None => {
                let at = self.others.partition_point(|other| other.0 < code);
                if self.others.get(at).is_none_or(|other| other.0 != code) {
                    self.others.insert(at, (code, 0));
                }
                &mut self.others[at].1
            }
        };
        if *place == 0 {
            self.count += 1;
            *place = self.count;
        }
        usize::from(*place)
    }

    fn get(&self, code: u32) -> usize {
        let other = || self.others.binary_search_by_key(&code, |other| other.0).map_or(0, |at| self.others[at].1);
        usize::from(self.latin.get(code as usize).copied().unwrap_or_else(other))
    }
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
        fn long_texts_have_the_distance_of_the_reference(
            a in "[a-cé-ü日本語]{0,600}",
            b in "[a-cé-ü日本語]{0,300}",
            at in 0usize..200,
        ) {
            // A copy with a gap, too: near texts and far ones.
            let near: String = a.chars().take(at).chain(a.chars().skip(at + 7)).collect();
            let codes = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
            for other in [&b, &near] {
                let distance = edit::distance(a.chars(), other.chars());
                prop_assert_eq!(edits(&codes(&a), &codes(other)), distance);
                prop_assert_eq!(levenshtein(other, &a), distance);
            }
        }

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
