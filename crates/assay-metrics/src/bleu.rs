//! BLEU (Papineni 2002) as sacrebleu 2.6 computes it, of sentences and of a corpus.

use crate::corpus;
use crate::grams::Grams;
use crate::tokens::{Numbers, Tokeniser};

/// The longest n-grams that count.
pub const ORDER: usize = 4;

/// What stands for a precision of 0, whose logarithm would be infinite (Chen & Cherry 2014).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Smoothing {
    /// Nothing: one order without a match makes the score 0.
    None,
    /// The k-th order without a match counts as 1/2^k matches.
    #[default]
    Exp,
    /// An order without a match counts as this many matches; 0.1 is usual.
    Floor(f64),
    /// This many matches, and as many n-grams, more for each order but the first; 1 is usual.
    AddK(f64),
}

/// A variant of BLEU.
///
/// # Examples
/// ```
/// use assay_metrics::bleu::Bleu;
/// use assay_metrics::corpus::sum;
/// let bleu = Bleu::default();
/// let segments = [bleu.segment("the cat sat on the mat", &["the cat sat on a mat"]), bleu.segment("x", &["x"])];
/// let score = bleu.score(&sum(&segments)).unwrap();
/// assert!(score > 0.5 && score < 1.0);
/// assert_eq!(bleu.signature(Some(1)), "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bleu {
    /// How texts become tokens.
    pub tokens: Tokeniser,
    /// What stands for a precision of 0.
    pub smoothing: Smoothing,
    /// Leave out orders longer than the text. For single sentences; a corpus needs it not.
    pub effective_order: bool,
    /// Compare lowercase texts.
    pub lowercase: bool,
}

/// The counts of a segment, or the sums of a corpus (weighted ones too), from which BLEU follows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Tokens of the hypothesis.
    pub length: f64,
    /// Tokens of the reference that is closest in length; the shorter one of two.
    pub reference_length: f64,
    /// N-grams of the hypothesis that are in a reference, from n = 1.
    pub matched: [f64; ORDER],
    /// N-grams of the hypothesis, from n = 1.
    pub total: [f64; ORDER],
}

impl corpus::Counts for Counts {
    fn numbers(&self) -> Vec<f64> {
        [self.length, self.reference_length].into_iter().chain(self.matched).chain(self.total).collect()
    }

    fn read(numbers: &[f64]) -> Option<Self> {
        let [length, reference_length, rest @ ..] = numbers else { return None };
        let (matched, total) = rest.split_at_checked(ORDER)?;
        let (matched, total) = (matched.try_into().ok()?, total.try_into().ok()?);
        Some(Self { length: *length, reference_length: *reference_length, matched, total })
    }
}

impl Counts {
    /// exp(1 − reference length / length) for a text shorter than its reference, otherwise 1; 0 without tokens.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::bleu::Counts;
    /// let counts = Counts { length: 4.0, reference_length: 5.0, ..Counts::default() };
    /// assert!((counts.brevity_penalty() - (-0.25f64).exp()).abs() < 1e-12);
    /// ```
    pub fn brevity_penalty(&self) -> f64 {
        match (self.length, self.reference_length) {
            (length, reference) if length >= reference => 1.0,
            (0.0, _) => 0.0,
            (length, reference) => (1.0 - reference / length).exp(),
        }
    }
}

impl Bleu {
    /// The counts of a segment. Without references, those of an empty one. O(length · log length).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::bleu::Bleu;
    /// let counts = Bleu::default().segment("a b c", &["a b d"]);
    /// assert_eq!((counts.length, counts.matched, counts.total), (3.0, [2.0, 1.0, 0.0, 0.0], [3.0, 2.0, 1.0, 0.0]));
    /// ```
    pub fn segment(&self, hypothesis: &str, references: &[&str]) -> Counts {
        let mut numbers = Numbers::default();
        let mut grams = |text: &str| {
            let tokens = if self.lowercase { self.tokens.split(&text.to_lowercase()) } else { self.tokens.split(text) };
            Grams::new(numbers.all(tokens).into_iter(), 32, ORDER as u32)
        };
        let hypothesis = grams(hypothesis);
        let references: Vec<Grams> = references.iter().map(|reference| grams(reference)).collect();
        let length = hypothesis.len();
        let closest = references.iter().map(Grams::len).min_by_key(|len| (len.abs_diff(length), *len)).unwrap_or(0);
        Counts {
            length: length as f64,
            reference_length: closest as f64,
            matched: std::array::from_fn(|n| hypothesis.matched(n as u32 + 1, &references) as f64),
            total: std::array::from_fn(|n| hypothesis.total(n as u32 + 1) as f64),
        }
    }

    /// BLEU from 0 to 1: brevity penalty · geometric mean of the precisions. 0 without a single matching word, whatever
    /// the smoothing, as sacrebleu. `None` when hypothesis and references hold no token at all, or the smoothing is no finite number.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::bleu::Bleu;
    /// let bleu = Bleu { effective_order: true, ..Bleu::default() };
    /// assert_eq!(bleu.score(&bleu.segment("a b c", &["a b c"])), Some(1.0));
    /// assert_eq!(bleu.score(&bleu.segment("", &[""])), None);
    /// ```
    pub fn score(&self, counts: &Counts) -> Option<f64> {
        if counts.length == 0.0 && counts.reference_length == 0.0 {
            return None;
        }
        if counts.matched.iter().all(|matched| *matched == 0.0) {
            return Some(0.0);
        }
        let (mut log_sum, mut order, mut smooth) = (0.0, if self.effective_order { 0 } else { ORDER }, 1.0);
        for n in 0..ORDER {
            let more = match self.smoothing {
                Smoothing::AddK(k) if n > 0 => k,
                _ => 0.0,
            };
            let (matched, total) = (counts.matched[n] + more, counts.total[n] + more);
            if total == 0.0 {
                // Longer n-grams than the text: precision 0 of those orders that count.
                if !self.effective_order {
                    return Some(0.0);
                }
                break;
            }
            if self.effective_order {
                order = n + 1;
            }
            let precision = match self.smoothing {
                _ if matched > 0.0 => matched / total,
                Smoothing::Exp => {
                    smooth *= 2.0;
                    1.0 / (smooth * total)
                }
                Smoothing::Floor(value) => value / total,
                Smoothing::None | Smoothing::AddK(_) => 0.0,
            };
            log_sum += precision.ln();
        }
        Some(counts.brevity_penalty() * (log_sum / order as f64).exp()).filter(|score| score.is_finite())
    }

    /// What sacrebleu 2.6.0 prints for the same settings, so that others can tell what was computed. `references` is
    /// their number per segment, `None` where it varies.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::bleu::Bleu;
    /// let bleu = Bleu { lowercase: true, ..Bleu::default() };
    /// assert_eq!(bleu.signature(None), "nrefs:var|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0");
    /// ```
    pub fn signature(&self, references: Option<usize>) -> String {
        let smooth = match self.smoothing {
            Smoothing::None => "none".into(),
            Smoothing::Exp => "exp".into(),
            Smoothing::Floor(value) => format!("floor[{value:.2}]"),
            Smoothing::AddK(value) => format!("add-k[{value:.2}]"),
        };
        format!(
            "nrefs:{}|case:{}|eff:{}|tok:{}|smooth:{smooth}|version:2.6.0",
            references.map_or_else(|| "var".into(), |n| n.to_string()),
            if self.lowercase { "lc" } else { "mixed" },
            if self.effective_order { "yes" } else { "no" },
            self.tokens.name(),
        )
    }
}

/// Sentence BLEU from 0 to 1: up to 4-grams, exponential smoothing, effective order, the closest reference length,
/// 13a tokens (sacrebleu's `sentence_bleu` divided by 100; signature
/// `nrefs:var|case:mixed|eff:yes|tok:13a|smooth:exp`). 0 where all texts are empty.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::bleu::sentence_bleu("a b", &["a b", "c"]), 1.0);
/// ```
pub fn sentence_bleu(hypothesis: &str, references: &[&str]) -> f64 {
    let bleu = Bleu { effective_order: true, ..Bleu::default() };
    bleu.score(&bleu.segment(hypothesis, references)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Counts as _, Row, of_sums, sum};
    use proptest::prelude::*;

    #[test]
    fn papinenis_example_clips_repeated_words() {
        // Papineni et al. 2002, example 2: the modified unigram precision is 2/7.
        let counts = Bleu::default()
            .segment("the the the the the the the", &["The cat is on the mat", "There is a cat on the mat"]);
        assert_eq!((counts.matched[0], counts.total[0]), (1.0, 7.0));
        let lower = Bleu { lowercase: true, ..Bleu::default() };
        let counts =
            lower.segment("the the the the the the the", &["The cat is on the mat.", "There is a cat on the mat."]);
        assert_eq!((counts.matched[0], counts.total[0], counts.reference_length), (2.0, 7.0, 7.0));
    }

    #[test]
    fn equal_texts_score_one_and_foreign_or_empty_ones_zero() {
        assert_eq!(sentence_bleu("the quick brown fox", &["the quick brown fox"]), 1.0);
        assert_eq!(sentence_bleu("xyz", &["the"]), 0.0);
        assert_eq!(sentence_bleu("", &["the"]), 0.0);
        assert_eq!(Bleu::default().score(&Counts::default()), None);
    }

    proptest! {
        #[test]
        fn a_corpus_without_a_segment_is_the_corpus_of_the_others(texts in prop::collection::vec(("[ab ]{0,12}", "[ab ]{0,12}"), 2..6)) {
            let bleu = Bleu::default();
            let segments: Vec<Counts> = texts.iter().map(|(h, r)| bleu.segment(h, &[r])).collect();
            let numbers: Vec<Vec<f64>> = segments.iter().map(Counts::numbers).collect();
            let rows: Vec<Row> =
                numbers.iter().enumerate().map(|(group, counts)| Row { group, weight: 1.0, counts }).collect();
            let found = of_sums(&rows, |sums| bleu.score(&Counts::read(sums)?));
            prop_assert_eq!(found.value, bleu.score(&sum(&segments)));
            for (at, score) in found.left_out.into_iter().enumerate() {
                let mut rest = segments.clone();
                rest.remove(at);
                prop_assert_eq!(score, bleu.score(&sum(&rest)));
                prop_assert!(score.is_none_or(|score| (0.0..=1.0 + 1e-12).contains(&score)));
            }
        }
    }
}
