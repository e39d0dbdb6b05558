//! N-gram overlap: BLEU and chrF as sacrebleu computes them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::LazyLock;

use regex::Regex;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant expression that a test compiles")
}

/// The 13a tokeniser (mteval-v13a), as in sacrebleu.
pub fn tokenize_13a(line: &str) -> Vec<String> {
    static RULES: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        [
            (regex(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), " $1 "),
            (regex(r"([^0-9])([\.,])"), "$1 $2 "),
            (regex(r"([\.,])([^0-9])"), " $1 $2"),
            (regex(r"([0-9])(-)"), "$1 $2 "),
        ]
    });
    let mut text = line.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    if text.contains('&') {
        for (entity, sign) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            text = text.replace(entity, sign);
        }
    }
    text = format!(" {text} ");
    for (rule, replacement) in RULES.iter() {
        text = rule.replace_all(&text, *replacement).into_owned();
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// The n-grams of a sequence with their counts.
pub(crate) fn ngrams<T: Hash + Eq>(tokens: &[T], n: usize) -> HashMap<&[T], usize> {
    let mut counts = HashMap::new();
    if tokens.len() >= n {
        for gram in tokens.windows(n) {
            *counts.entry(gram).or_default() += 1;
        }
    }
    counts
}

/// Sentence BLEU from 0 to 1: up to 4-grams, exponential smoothing, effective order, the closest reference length,
/// 13a tokens (sacrebleu's `sentence_bleu` divided by 100; signature
/// `nrefs:var|case:mixed|eff:yes|tok:13a|smooth:exp`).
pub fn sentence_bleu(hypothesis: &str, references: &[&str]) -> f64 {
    let tokens = tokenize_13a(hypothesis);
    let references: Vec<Vec<String>> = references.iter().map(|reference| tokenize_13a(reference)).collect();
    let length = tokens.len();
    let closest = references.iter().map(Vec::len).min_by_key(|len| (len.abs_diff(length), *len)).unwrap_or(0);
    let (mut log_sum, mut order, mut smooth) = (0.0, 0, 1.0);
    for n in 1..=4 {
        let total = length.saturating_sub(n - 1);
        if total == 0 {
            break;
        }
        order = n;
        let mut best: HashMap<&[String], usize> = HashMap::new();
        for reference in &references {
            for (gram, count) in ngrams(reference, n) {
                let slot = best.entry(gram).or_default();
                *slot = (*slot).max(count);
            }
        }
        let matched: usize = ngrams(&tokens, n).iter().map(|(g, c)| (*c).min(best.get(g).copied().unwrap_or(0))).sum();
        // Without a single matching word sacrebleu gives 0, whatever the smoothing.
        if n == 1 && matched == 0 {
            return 0.0;
        }
        let precision = if matched == 0 {
            smooth *= 2.0;
            1.0 / (smooth * total as f64)
        } else {
            matched as f64 / total as f64
        };
        log_sum += precision.ln();
    }
    if order == 0 {
        return 0.0;
    }
    let brevity = if length < closest { (1.0 - closest as f64 / length as f64).exp() } else { 1.0 };
    brevity * (log_sum / f64::from(order as u32)).exp()
}

/// chrF from 0 to 1: character n-grams up to 6 without white space, β = 2, averaged over effective orders (Popović
/// 2015; sacrebleu's `sentence_chrf` divided by 100). The best reference counts.
pub fn chrf(hypothesis: &str, references: &[&str]) -> f64 {
    let characters = |text: &str| -> Vec<char> { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let hypothesis = characters(hypothesis);
    references
        .iter()
        .map(|reference| {
            let reference = characters(reference);
            let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
            for n in 1..=6 {
                let (h, r) = (ngrams(&hypothesis, n), ngrams(&reference, n));
                let (th, tr) = (h.values().sum::<usize>() as f64, r.values().sum::<usize>() as f64);
                if th > 0.0 && tr > 0.0 {
                    let matched = h.iter().map(|(g, c)| (*c).min(r.get(g).copied().unwrap_or(0))).sum::<usize>() as f64;
                    precision += matched / th;
                    recall += matched / tr;
                    orders += 1.0;
                }
            }
            if orders == 0.0 {
                return 0.0;
            }
            let (p, r) = (precision / orders, recall / orders);
            if p + r == 0.0 { 0.0 } else { 5.0 * p * r / (4.0 * p + r) }
        })
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rouge::{Tokens, rouge_l, rouge_lsum, rouge_n};
    use proptest::prelude::*;

    const TOKENS: Tokens = Tokens { stem: true };

    #[test]
    fn tokens_are_split_as_mteval_does() {
        assert_eq!(
            tokenize_13a("Hello, world! 3.5-4 (a/b)"),
            ["Hello", ",", "world", "!", "3.5", "-", "4", "(", "a", "/", "b", ")"]
        );
    }

    #[test]
    fn equal_texts_score_one_and_foreign_ones_zero() {
        let text = "the quick brown fox jumps";
        for score in [
            sentence_bleu(text, &[text]),
            chrf(text, &[text]),
            rouge_n(text, text, 2, TOKENS),
            rouge_l(text, text, TOKENS),
            rouge_lsum(text, text, TOKENS),
        ] {
            assert!((score - 1.0).abs() < 1e-12);
        }
        assert_eq!(sentence_bleu("xyz", &[text]), 0.0);
        assert_eq!(rouge_l("", text, TOKENS), 0.0);
    }

    proptest! {
        #[test]
        fn any_texts_score_between_zero_and_one(a in ".{0,40}", b in ".{0,40}") {
            for score in [sentence_bleu(&a, &[&b]), chrf(&a, &[&b]), rouge_n(&a, &b, 1, TOKENS), rouge_l(&a, &b, TOKENS), rouge_lsum(&a, &b, TOKENS)] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&score), "{}", score);
            }
        }
    }
}
