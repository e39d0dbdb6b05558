//! ROUGE (Lin 2004) as rouge-score computes it: lowercase tokens of ASCII letters and digits, F1.

use std::collections::{BTreeSet, HashMap};

use crate::answer::f1;
use crate::stem::porter;

/// How texts become tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Cut words of more than 3 letters to their stems.
    pub stem: bool,
}

impl Tokens {
    fn of(self, text: &str) -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit()))
            .filter(|token| !token.is_empty())
            .map(|token| if self.stem && token.len() > 3 { porter(token).into_owned() } else { token.to_owned() })
            .collect()
    }
}

fn ngrams<T: std::hash::Hash + Eq>(tokens: &[T], n: usize) -> HashMap<&[T], usize> {
    let mut counts = HashMap::new();
    if tokens.len() >= n {
        for gram in tokens.windows(n) {
            *counts.entry(gram).or_default() += 1;
        }
    }
    counts
}

/// ROUGE-N from 0 to 1. O(length of both texts).
pub fn rouge_n(prediction: &str, reference: &str, n: usize, tokens: Tokens) -> f64 {
    let (p, r) = (tokens.of(prediction), tokens.of(reference));
    let (p, r) = (ngrams(&p, n), ngrams(&r, n));
    let matched = p.iter().map(|(gram, count)| (*count).min(r.get(gram).copied().unwrap_or(0))).sum::<usize>() as f64;
    let share = |total: usize| matched / total.max(1) as f64;
    f1(share(p.values().sum()), share(r.values().sum()))
}

/// ROUGE-L from 0 to 1: the longest common subsequence of all tokens. O(product of the lengths) time, O(length) memory.
pub fn rouge_l(prediction: &str, reference: &str, tokens: Tokens) -> f64 {
    let (p, r) = (tokens.of(prediction), tokens.of(reference));
    if p.is_empty() || r.is_empty() {
        return 0.0;
    }
    let mut row = vec![0usize; r.len() + 1];
    for token in &p {
        let mut diagonal = 0;
        for (j, other) in r.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if token == other { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    let common = row[r.len()] as f64;
    f1(common / p.len() as f64, common / r.len() as f64)
}

/// ROUGE-Lsum from 0 to 1: lines are sentences; for each reference sentence the union of its longest common
/// subsequences with all predicted sentences, each token counted at most as often as it occurs in both texts.
pub fn rouge_lsum(prediction: &str, reference: &str, tokens: Tokens) -> f64 {
    let sentences = |text: &str| -> Vec<Vec<String>> {
        text.split('\n').filter(|line| !line.is_empty()).map(|line| tokens.of(line)).collect()
    };
    let (p, r) = (sentences(prediction), sentences(reference));
    let total = |sentences: &[Vec<String>]| sentences.iter().map(Vec::len).sum::<usize>();
    let (length_p, length_r) = (total(&p), total(&r));
    if length_p == 0 || length_r == 0 {
        return 0.0;
    }
    fn count(sentences: &[Vec<String>]) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        sentences.iter().flatten().for_each(|token| *counts.entry(token.as_str()).or_default() += 1);
        counts
    }
    let (mut left_p, mut left_r) = (count(&p), count(&r));
    let mut hits = 0usize;
    for sentence in &r {
        let union: BTreeSet<usize> = p.iter().flat_map(|predicted| common_positions(sentence, predicted)).collect();
        for at in union {
            let token = sentence[at].as_str();
            if let (Some(a), Some(b)) = (left_p.get_mut(token), left_r.get_mut(token))
                && *a > 0
                && *b > 0
            {
                (*a, *b) = (*a - 1, *b - 1);
                hits += 1;
            }
        }
    }
    f1(hits as f64 / length_p as f64, hits as f64 / length_r as f64)
}

/// Positions in `a` of one longest common subsequence with `b`; where there are several, the one that rouge-score
/// takes.
fn common_positions(a: &[String], b: &[String]) -> Vec<usize> {
    let width = b.len() + 1;
    let mut table = vec![0u32; (a.len() + 1) * width];
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            table[i * width + j] = if a[i - 1] == b[j - 1] {
                table[(i - 1) * width + j - 1] + 1
            } else {
                table[(i - 1) * width + j].max(table[i * width + j - 1])
            };
        }
    }
    let (mut i, mut j) = (a.len(), b.len());
    let mut positions = Vec::new();
    while i > 0 && j > 0 {
        if a[i - 1] == b[j - 1] {
            (i, j) = (i - 1, j - 1);
            positions.push(i);
        } else if table[i * width + j - 1] > table[(i - 1) * width + j] {
            j -= 1;
        } else {
            i -= 1;
        }
    }
    positions
}
