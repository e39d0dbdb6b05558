//! Short answers: SQuAD's normalisation, exact match and token F1.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

static ARTICLES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(a|an|the)\b").expect("a constant expression that a test compiles"));

/// Lowercase, without ASCII punctuation, articles and extra white space (Rajpurkar et al. 2016).
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::answer::normalize("The  Cat, sat!"), "cat sat");
/// ```
pub fn normalize(text: &str) -> String {
    let kept: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    ARTICLES.replace_all(&kept, " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the normalised texts are equal.
///
/// # Examples
/// ```
/// assert!(assay_metrics::answer::exact_match("An apple.", "apple"));
/// ```
pub fn exact_match(prediction: &str, gold: &str) -> bool {
    normalize(prediction) == normalize(gold)
}

/// F1 over the multisets of normalised tokens. When either side has no tokens it is 1 if both have none, else 0
/// (SQuAD 2.0).
///
/// # Examples
/// ```
/// // One of two words each.
/// assert_eq!(assay_metrics::answer::token_f1("red apple", "green apple"), 0.5);
/// ```
pub fn token_f1(prediction: &str, gold: &str) -> f64 {
    let (prediction, gold) = (normalize(prediction), normalize(gold));
    let (p, g): (Vec<&str>, Vec<&str>) = (prediction.split(' ').collect(), gold.split(' ').collect());
    if prediction.is_empty() || gold.is_empty() {
        return f64::from(u8::from(prediction == gold));
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for token in &g {
        *counts.entry(token).or_default() += 1;
    }
    let mut same = 0;
    for token in &p {
        if let Some(count) = counts.get_mut(token).filter(|count| **count > 0) {
            *count -= 1;
            same += 1;
        }
    }
    f1(same as f64 / p.len() as f64, same as f64 / g.len() as f64)
}

/// The harmonic mean of precision and recall; 0 when both are.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::answer::f1(0.5, 1.0), 2.0 / 3.0);
/// ```
pub fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_case_and_punctuation_do_not_count() {
        assert!(exact_match("The Eiffel Tower!", "eiffel tower"));
        assert!(!exact_match("Eiffel", "eiffel tower"));
        assert!((token_f1("the big tower", "eiffel tower") - 0.5).abs() < 1e-12);
        assert_eq!((token_f1("", ""), token_f1("x", "")), (1.0, 0.0));
    }
}
