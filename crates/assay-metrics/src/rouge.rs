//! ROUGE (Lin 2004) as rouge-score computes it: lowercase tokens of ASCII letters and digits, F1; or tokens of all scripts.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use crate::answer::f1;
use crate::grams::Grams;
use crate::stem::porter;
use crate::tokens::Numbers;

/// How texts become tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Cut words of more than 3 letters to their stems.
    pub stem: bool,
    /// Keep letters, marks and digits of all scripts, each ideograph and kana as a token of its own. Without it only
    /// ASCII counts, as in rouge-score: `naïve` is `na` and `ve`, and a Russian text is empty.
    pub unicode: bool,
}

impl Tokens {
    /// The tokens of a lowercase text.
    fn of(self, text: &str) -> impl Iterator<Item = Cow<'_, str>> {
        static WORDS: LazyLock<Regex> = LazyLock::new(|| {
            let pattern = r"[\p{Han}\p{Hiragana}\p{Katakana}]|[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}]]+";
            Regex::new(pattern).expect("a constant expression that a test compiles")
        });
        let ascii = (!self.unicode).then(|| text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit())));
        let all = self.unicode.then(|| WORDS.find_iter(text).map(|found| found.as_str()));
        let tokens = ascii.into_iter().flatten().chain(all.into_iter().flatten());
        tokens
            .filter(|token| !token.is_empty())
            .map(move |token| if self.stem && token.len() > 3 { porter(token) } else { Cow::Borrowed(token) })
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

/// ROUGE-N from 0 to 1; an `n` of 0 counts as 1. O(length · log length) up to n = 4, O(length · n) beyond.
///
/// # Examples
/// ```
/// use assay_metrics::rouge::{Tokens, rouge_n};
/// assert_eq!(rouge_n("the cat sat", "the cat ran", 1, Tokens::default()), 2.0 / 3.0);
/// ```
pub fn rouge_n(prediction: &str, reference: &str, n: usize, tokens: Tokens) -> f64 {
    let (p, r) = (prediction.to_lowercase(), reference.to_lowercase());
    let mut numbers = Numbers::default();
    let (p, r) = (numbers.all(tokens.of(&p)), numbers.all(tokens.of(&r)));
    let n = n.max(1);
    let total = |tokens: &[u32]| (tokens.len() + 1).saturating_sub(n);
    let matched = if n <= 4 {
        let grams = |tokens: &[u32]| Grams::new(tokens.iter().copied(), 32, n as u32);
        grams(&p).matched(n as u32, &[grams(&r)]) as f64
    } else {
        let (p, r) = (ngrams(&p, n), ngrams(&r, n));
        p.iter().map(|(gram, count)| (*count).min(r.get(gram).copied().unwrap_or(0))).sum::<usize>() as f64
    };
    f1(matched / total(&p).max(1) as f64, matched / total(&r).max(1) as f64)
}

/// ROUGE-L from 0 to 1: the longest common subsequence of all tokens. O(product of the lengths / 64) time.
///
/// # Examples
/// ```
/// use assay_metrics::rouge::{Tokens, rouge_l};
/// assert_eq!(rouge_l("a b c d", "a x c d", Tokens::default()), 0.75);
/// assert_eq!(rouge_l("кот", "кот", Tokens { unicode: true, ..Tokens::default() }), 1.0);
/// ```
pub fn rouge_l(prediction: &str, reference: &str, tokens: Tokens) -> f64 {
    let (p, r) = (prediction.to_lowercase(), reference.to_lowercase());
    let mut numbers = Numbers::default();
    let (p, r) = (numbers.all(tokens.of(&p)), numbers.all(tokens.of(&r)));
    if p.is_empty() || r.is_empty() {
        return 0.0;
    }
    let common = rapidfuzz::distance::lcs_seq::similarity(p.iter().copied(), r.iter().copied()) as f64;
    f1(common / p.len() as f64, common / r.len() as f64)
}

/// ROUGE-Lsum from 0 to 1: lines are sentences; for each reference sentence the union of its longest common
/// subsequences with all predicted sentences, each token counted at most as often as it occurs in both texts. O(product
/// of the lengths).
///
/// # Examples
/// ```
/// use assay_metrics::rouge::{Tokens, rouge_lsum};
/// assert_eq!(rouge_lsum("c d\na b", "a b\nc d", Tokens::default()), 1.0);
/// ```
pub fn rouge_lsum(prediction: &str, reference: &str, tokens: Tokens) -> f64 {
    let (p, r) = (prediction.to_lowercase(), reference.to_lowercase());
    let mut numbers = Numbers::default();
    let (p, r): (Vec<Vec<u32>>, Vec<Vec<u32>>) = {
        let mut sentences = |text| {
            lines(text).map(|line| numbers.all(tokens.of(line).map(|token| Cow::Owned(token.into_owned())))).collect()
        };
        (sentences(&p), sentences(&r))
    };
    let total = |sentences: &[Vec<u32>]| sentences.iter().map(Vec::len).sum::<usize>();
    let (length_p, length_r) = (total(&p), total(&r));
    if length_p == 0 || length_r == 0 {
        return 0.0;
    }
    let count = |sentences: &[Vec<u32>]| {
        let mut counts = HashMap::<u32, usize>::new();
        sentences.iter().flatten().for_each(|token| *counts.entry(*token).or_default() += 1);
        counts
    };
    let (mut left_p, mut left_r) = (count(&p), count(&r));
    let mut hits = 0usize;
    for sentence in &r {
        let union: BTreeSet<usize> = p.iter().flat_map(|predicted| common_positions(sentence, predicted)).collect();
        for at in union {
            let token = &sentence[at];
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

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').filter(|line| !line.is_empty())
}

/// Positions in `a` of one longest common subsequence with `b`; where there are several, the one that rouge-score
/// takes.
fn common_positions(a: &[u32], b: &[u32]) -> Vec<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STEMS: Tokens = Tokens { stem: true, unicode: false };

    #[test]
    fn all_scripts_have_words_when_asked_for() {
        let unicode = Tokens { unicode: true, ..Tokens::default() };
        let tokens: Vec<_> = unicode.of("naïve 日本 кот_2 हिन्दी").collect();
        assert_eq!(tokens, ["naïve", "日", "本", "кот", "2", "हिन्दी"]);
        assert_eq!(Tokens::default().of("naïve").collect::<Vec<_>>(), ["na", "ve"]);
    }

    proptest! {
        #[test]
        fn any_texts_score_between_zero_and_one_and_equal_words_one(a in ".{0,40}", b in "[a-z \n]{0,40}", n in 0usize..7) {
            for score in [rouge_n(&a, &b, n, STEMS), rouge_l(&a, &b, STEMS), rouge_lsum(&a, &b, STEMS)] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&score), "{}", score);
            }
            let same = rouge_l(&b, &b, STEMS);
            prop_assert!((same - f64::from(u8::from(!b.trim().is_empty()))).abs() < 1e-12);
        }
    }
}
