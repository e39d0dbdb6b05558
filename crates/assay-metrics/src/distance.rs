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
    let short = a.len() <= 64 || b.len() <= 64;
    match (short, a.is_ascii() && b.is_ascii()) {
        (true, true) => edit::distance(a.bytes(), b.bytes()),
        (true, false) => edit::distance(a.chars(), b.chars()),
        (false, true) => edits(a.as_bytes(), b.as_bytes()),
        (false, false) => edits(&codes(a), &codes(b)),
    }
}

/// [`levenshtein`] of a text with others, given as [`codes`]: what depends on the text alone is computed once.
///
/// # Examples
/// ```
/// use assay_metrics::distance::{codes, levenshtein_with};
/// let distance = levenshtein_with("kitten");
/// assert_eq!((distance(&codes("sitting")), distance(&codes("mitten"))), (3, 1));
/// ```
pub fn levenshtein_with(text: &str) -> impl Fn(&[u32]) -> usize {
    let text = codes(text);
    let batch = (text.len() <= 64).then(|| edit::BatchComparator::new(text.iter().copied()));
    move |other| match &batch {
        Some(batch) => batch.distance(other.iter().copied()),
        None if other.len() <= 64 => edit::distance(text.iter().copied(), other.iter().copied()),
        None => edits(&text, other),
    }
}

/// [`jaro`] of a text with others, as [`levenshtein_with`].
///
/// # Examples
/// ```
/// use assay_metrics::distance::{codes, jaro, jaro_with};
/// assert_eq!(jaro_with("MARTHA")(&codes("MARHTA")), jaro("MARTHA", "MARHTA"));
/// ```
pub fn jaro_with(text: &str) -> impl Fn(&[u32]) -> f64 {
    let batch = winklers_jaro::BatchComparator::new(codes(text));
    move |other| batch.similarity(other.iter().copied())
}

/// [`jaro_winkler`] of a text with others, as [`levenshtein_with`].
///
/// # Examples
/// ```
/// use assay_metrics::distance::{codes, jaro_winkler, jaro_winkler_with};
/// assert_eq!(jaro_winkler_with("MARTHA")(&codes("MARHTA")), jaro_winkler("MARTHA", "MARHTA"));
/// ```
pub fn jaro_winkler_with(text: &str) -> impl Fn(&[u32]) -> f64 {
    let batch = winkler::BatchComparator::new(codes(text));
    move |other| batch.similarity(other.iter().copied())
}

/// The code points of a text. O(length).
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::codes("aé"), [97, 233]);
/// ```
pub fn codes(text: &str) -> Vec<u32> {
    // There is room for each, so that none asks for it.
    let (mut codes, mut count) = (vec![0; text.len()], 0);
    for (cell, letter) in codes.iter_mut().zip(text.chars()) {
        *cell = u32::from(letter);
        count += 1;
    }
    codes.truncate(count);
    codes
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
fn edits<C: Copy + Eq + Into<u32>>(mut a: &[C], mut b: &[C]) -> usize {
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
fn pass<const WORDS: usize>(stripe: &[impl Copy + Into<u32>], b: &[impl Copy + Into<u32>], along: &mut [(bool, bool)]) {
    let mut places = Places::default();
    // For each code the rows that hold it; the first are those of codes that the stripe does not have.
    let mut rows = Vec::with_capacity(64);
    rows.push([0u64; WORDS]);
    for (row, code) in stripe.iter().enumerate() {
        let place = places.insert((*code).into());
        if place == rows.len() {
            rows.push([0; WORDS]);
        }
        rows[place][row / 64] |= 1 << (row % 64);
    }
    let last = (stripe.len() - 1) % 64;
    // Where the column rises and falls.
    let (mut up, mut down) = ([u64::MAX; WORDS], [0u64; WORDS]);
    for (code, along) in b.iter().zip(along) {
        let rows = &rows[places.get((*code).into())];
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
    latin: [u32; 256],
    /// In order.
    others: Vec<(u32, u32)>,
    count: u32,
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
        *place as usize
    }

    fn get(&self, code: u32) -> usize {
        let other = || self.others.binary_search_by_key(&code, |other| other.0).map_or(0, |at| self.others[at].1);
        self.latin.get(code as usize).copied().unwrap_or_else(other) as usize
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
    // One text is gone through for each letter of the other: it is decoded once.
    damerau_levenshtein::distance(codes(a).iter().copied(), codes(b).iter().copied())
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

/// Likeness of the shorter text with the part of the longer one that is most like it, from 0 to 1: the largest indel
/// similarity (2 · longest common subsequence / lengths) with any part as long as the shorter text, or shorter at either end.
/// Of texts of one length, either is the one whose parts are tried. 1 for two empty texts, 0 where one is. As rapidfuzz's
/// `partial_ratio` without a processor. O(product of the lengths) time beyond 64 code points, whatever the texts, and O(sum)
/// memory: Tiskin's semi-local comparison ("Semi-local string comparison: algorithmic techniques and applications", 2008).
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::distance::partial_ratio("new york", "the new york times"), 1.0);
/// ```
pub fn partial_ratio(a: &str, b: &str) -> f64 {
    let (a, b) = (codes(a), codes(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return f64::from(u8::from(long.is_empty()));
    }
    let best = best_part(&short, &long);
    if short.len() == long.len() && best < 1.0 { best.max(best_part(&long, &short)) } else { best }
}

/// The largest indel similarity of `short` with a part of `long` that is as long, or with a shorter beginning or end.
fn best_part(short: &[u32], long: &[u32]) -> f64 {
    let (m, n) = (short.len(), long.len());
    if m <= 64 {
        return best_part_of_few(short, long);
    }
    // Small numbers where they suffice: a processor works on more of them at once.
    let starts = if m + n < 1 << 15 { strands::<i16>(short, long) } else { strands::<i32>(short, long) };
    // The place at the end of `long` of the strand that starts at each place; of those that end elsewhere none.
    let mut ends = vec![n; n];
    for (end, start) in starts.iter().enumerate() {
        if let Some(start) = start.checked_sub(m) {
            ends[start] = end;
        }
    }
    let likeness = |length: usize, missing: usize| 2.0 * (length - missing) as f64 / (m + length) as f64;
    // Of a part from `from` to `to` the longest common subsequence is as much shorter as strands run within it.
    let (mut best, mut within) = (0.0_f64, 0);
    for to in 0..n {
        within += usize::from(starts[to] >= m.max(to));
        if to >= m {
            // The part no longer holds the place before it; what ran from there ended within or runs beyond.
            within -= usize::from(ends[to - m] <= to);
        }
        best = best.max(likeness((to + 1).min(m), within));
    }
    for (from, end) in ends.iter().enumerate().skip(n - m) {
        within -= usize::from(*end < n);
        if from + 1 < n {
            best = best.max(likeness(n - from - 1, within));
        }
    }
    best
}

/// [`best_part`] for up to 64 codes: each part's longest common subsequence bit by bit (Hyyrö 2004), but for parts that cannot
/// be better, as it grows by at most 1 from a part to the next.
fn best_part_of_few(short: &[u32], long: &[u32]) -> f64 {
    let (m, n) = (short.len(), long.len());
    let mut places = Places::default();
    // For each code the places of `short` that hold it, forwards and backwards; the first are those of other codes.
    let mut masks = vec![[0_u64; 2]];
    for (at, code) in short.iter().enumerate() {
        let place = places.insert(*code);
        if place == masks.len() {
            masks.push([0; 2]);
        }
        masks[place][0] |= 1 << at;
        masks[place][1] |= 1 << (m - 1 - at);
    }
    let places: Vec<usize> = long.iter().map(|code| places.get(*code)).collect();
    let step = |row: u64, mask: u64| (row.wrapping_add(row & mask)) | (row & !mask);
    let common = |row: u64| (!row & (u64::MAX >> (64 - m))).count_ones() as usize;
    let mut best = 0.0_f64;
    // Beginnings and ends grow letter by letter.
    let mut grow = |way: usize, parts: &mut dyn Iterator<Item = &usize>| {
        let mut row = u64::MAX;
        for (length, place) in (1..).zip(parts.take(m)) {
            row = step(row, masks[*place][way]);
            best = best.max(2.0 * common(row) as f64 / (m + length) as f64);
        }
    };
    grow(0, &mut places.iter());
    grow(1, &mut places.iter().rev());
    let mut from = 0;
    while from + m <= n {
        let row = places[from..from + m].iter().fold(u64::MAX, |row, place| step(row, masks[*place][0]));
        let found = common(row);
        best = best.max(found as f64 / m as f64);
        let needed = (best * m as f64) as usize + 1;
        from += (needed.saturating_sub(found)).max(1);
    }
    best
}

/// Combs the strands of two texts: for each place of `b` where the strand that ends below it starts, counted from the
/// bottom of `a`'s side up and on along `b`, so that `a.len() + j` is place j. Two strands cross at most once, and not where
/// the texts agree. The longest common subsequence of `a` and a part of `b` is its length less the strands that run within.
/// Cells go by in diagonals, whose steps do not depend on each other. `N` holds a.len() + b.len() and the number of codes.
fn strands<N: Copy + PartialOrd + TryFrom<usize> + TryInto<usize> + Default>(a: &[u32], b: &[u32]) -> Vec<usize> {
    let (m, n) = (a.len(), b.len());
    let number = |number: usize| N::try_from(number).unwrap_or_default();
    let mut places = Places::default();
    let mut rows: Vec<N> = a.iter().map(|code| number(places.insert(*code))).collect();
    rows.reverse();
    // Codes that `a` does not have are 0.
    let columns: Vec<N> = b.iter().map(|code| number(places.get(*code))).collect();
    let mut across: Vec<N> = (0..m).map(number).collect();
    let mut down: Vec<N> = (m..m + n).map(number).collect();
    for diagonal in 0..m + n - 1 {
        // Cells (i, j) with i + j = diagonal; row i lies at m − 1 − i.
        let first = (diagonal + 1).saturating_sub(m);
        let count = diagonal.min(n - 1) + 1 - first;
        let row = m - 1 - (diagonal - first);
        let cells = across[row..row + count].iter_mut().zip(&mut down[first..first + count]);
        for ((h, v), (x, y)) in cells.zip(rows[row..row + count].iter().zip(&columns[first..first + count])) {
            let swap = (x == y) | (*h > *v);
            (*h, *v) = if swap { (*v, *h) } else { (*h, *v) };
        }
    }
    down.into_iter().map(|start| start.try_into().unwrap_or_default()).collect()
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
        assert_eq!((partial_ratio("", ""), partial_ratio("", "a"), partial_ratio("abcd", "XabcdX")), (1.0, 0.0, 1.0));
        // The best part is the end "bc".
        assert_eq!(partial_ratio("bcxx", "aaaaaabc"), 2.0 / 3.0);
    }

    /// Every part by itself.
    fn parts(short: &[char], long: &[char]) -> f64 {
        let (m, n) = (short.len(), long.len());
        let whole = (0..=n - m).map(|i| i..i + m);
        let all = whole.chain((1..m).map(|i| 0..i)).chain((n - m + 1..n).map(|i| i..n));
        let like = |part: std::ops::Range<usize>| {
            indel::normalized_similarity(short.iter().copied(), long[part].iter().copied())
        };
        all.map(like).fold(0.0, f64::max)
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
        fn the_best_part_is_the_best_of_all_parts(a in "[abc]{1,12}|[abc]{60,90}", b in "[abcd]{1,30}|[a-d]{60,140}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
            let mut want = parts(short, long);
            if a.len() == b.len() {
                want = want.max(parts(long, short));
            }
            let text = |chars: &[char]| chars.iter().collect::<String>();
            let got = partial_ratio(&text(&a), &text(&b));
            prop_assert!((got - want).abs() < 1e-12, "{got} {want}");
        }

        #[test]
        fn every_likeness_is_symmetric_and_between_zero_and_one(a in ".{0,20}", b in ".{0,20}") {
            for measure in
                [similarity, jaro, jaro_winkler, lcs_similarity, token_sort_ratio, token_set_ratio, partial_ratio]
            {
                let value = measure(&a, &b);
                prop_assert!((0.0..=1.0).contains(&value));
                prop_assert!((value - measure(&b, &a)).abs() < 1e-12);
            }
            prop_assert!(damerau(&a, &b) <= osa(&a, &b) && osa(&a, &b) <= levenshtein(&a, &b));
        }
    }
}
