//! Edit distances over Unicode code points.

/// Levenshtein distance: insertions, deletions, substitutions. Code points are the unit, as in rapidfuzz.
pub fn levenshtein(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    // Equal ends never change the distance.
    let prefix = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[prefix..], &long[prefix..]);
    let suffix = short.iter().rev().zip(long.iter().rev()).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[..short.len() - suffix], &long[..long.len() - suffix]);
    let mut row: Vec<usize> = (0..=short.len()).collect();
    for (i, c) in long.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, d) in short.iter().enumerate() {
            let substituted = diagonal + usize::from(c != d);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[short.len()]
}

/// 1 − distance / length of the longer text; 1 for two empty texts.
pub fn similarity(a: &str, b: &str) -> f64 {
    let longest = a.chars().count().max(b.chars().count());
    if longest == 0 { 1.0 } else { 1.0 - levenshtein(a, b) as f64 / longest as f64 }
}

/// Jaro–Winkler similarity with a prefix weight of 0.1 over at most 4 code points, applied above a Jaro similarity
/// of 0.7 (Winkler 1990).
pub fn jaro_winkler(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let jaro = jaro(&a, &b);
    let prefix = a.iter().zip(&b).take(4).take_while(|(x, y)| x == y).count() as f64;
    if jaro > 0.7 { jaro + prefix * 0.1 * (1.0 - jaro) } else { jaro }
}

fn jaro(a: &[char], b: &[char]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; b.len()];
    let mut matched = Vec::new();
    for (i, c) in a.iter().enumerate() {
        let range = i.saturating_sub(window)..(i + window + 1).min(b.len());
        if let Some(j) = range.clone().find(|j| !taken[*j] && b[*j] == *c) {
            taken[j] = true;
            matched.push(*c);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let other = b.iter().zip(&taken).filter(|(_, t)| **t).map(|(c, _)| c);
    let transposed = matched.iter().zip(other).filter(|(x, y)| x != y).count() / 2;
    let m = matched.len() as f64;
    (m / a.len() as f64 + m / b.len() as f64 + (m - transposed as f64) / m) / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_distances() {
        assert_eq!(levenshtein("kitten", "sitting"), 3);
        assert_eq!(levenshtein("", "é"), 1);
        assert!((jaro_winkler("MARTHA", "MARHTA") - 0.961_111_111_111_111_1).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn the_distance_is_a_metric(a in ".{0,12}", b in ".{0,12}", c in ".{0,12}") {
            let d = levenshtein;
            prop_assert_eq!(d(&a, &b), d(&b, &a));
            prop_assert_eq!(d(&a, &b) == 0, a == b);
            prop_assert!(d(&a, &c) <= d(&a, &b) + d(&b, &c));
        }
    }
}
