//! METEOR (Lavie & Agarwal 2007) with exact and stem matches, as NLTK computes it without WordNet.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::stem::porter;
use crate::tokens::words;

/// The weights of METEOR.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    alpha: f64,
    beta: f64,
    gamma: f64,
}

impl Weights {
    /// `alpha` weighs precision's inverse against recall's in their mean, `beta` is how fast the penalty grows with the
    /// number of chunks, `gamma` the largest penalty. `None` unless alpha and gamma are from 0 to 1, and beta 0 or more.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::meteor::Weights;
    /// assert_eq!(Weights::new(0.9, 3.0, 0.5), Some(Weights::default()));
    /// assert_eq!(Weights::new(f64::NAN, 3.0, 0.5), None);
    /// ```
    pub fn new(alpha: f64, beta: f64, gamma: f64) -> Option<Self> {
        let shares = (0.0..=1.0).contains(&alpha) && (0.0..=1.0).contains(&gamma);
        (shares && beta >= 0.0 && beta.is_finite()).then_some(Self { alpha, beta, gamma })
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self { alpha: 0.9, beta: 3.0, gamma: 0.5 }
    }
}

/// METEOR from 0 to 1 against the best reference: lowercase words between white space are matched exactly, the others by
/// their stems (Porter); the harmonic mean of precision and recall with weight `alpha` is cut by `gamma` · (chunks /
/// matches)^`beta`. Synonyms do not count: they need WordNet's data. Words with letters outside ASCII have no stem. 0
/// without a match. O(length) for each reference.
///
/// # Examples
/// ```
/// use assay_metrics::meteor::{Weights, meteor};
/// assert_eq!(meteor("a b c d", &["x y"], Weights::default()), 0.0);
/// let score = meteor("cats sat on the mat", &["the cat sat on the mat"], Weights::default());
/// assert!(score > 0.8 && score < 1.0);
/// ```
pub fn meteor(hypothesis: &str, references: &[&str], weights: Weights) -> f64 {
    let lower = hypothesis.to_lowercase();
    let hypothesis: Vec<&str> = words(&lower).collect();
    references.iter().map(|reference| single(&hypothesis, reference, weights)).fold(0.0, f64::max)
}

fn single(hypothesis: &[&str], reference: &str, weights: Weights) -> f64 {
    let lower = reference.to_lowercase();
    let reference: Vec<&str> = words(&lower).collect();
    let mut partners: Vec<Option<usize>> = vec![None; hypothesis.len()];
    let mut taken = vec![false; reference.len()];
    let exact = |word: &str| -> Cow<'_, str> { Cow::Owned(word.to_owned()) };
    pair(hypothesis, &reference, &mut partners, &mut taken, exact);
    pair(hypothesis, &reference, &mut partners, &mut taken, |word| Cow::Owned(porter(word).into_owned()));
    let pairs: Vec<(usize, usize)> = partners.iter().enumerate().filter_map(|(i, j)| Some((i, (*j)?))).collect();
    if pairs.is_empty() {
        return 0.0;
    }
    let matches = pairs.len() as f64;
    let (precision, recall) = (matches / hypothesis.len() as f64, matches / reference.len() as f64);
    let mean = precision * recall / (weights.alpha * precision + (1.0 - weights.alpha) * recall);
    let breaks = pairs.windows(2).filter(|two| (two[0].0 + 1, two[0].1 + 1) != two[1]).count();
    let penalty = weights.gamma * ((breaks + 1) as f64 / matches).powf(weights.beta);
    (1.0 - penalty) * mean
}

/// Pairs words without a partner from the end of both texts.
fn pair(
    hypothesis: &[&str],
    reference: &[&str],
    partners: &mut [Option<usize>],
    taken: &mut [bool],
    form: impl Fn(&str) -> Cow<'static, str>,
) {
    let mut places: HashMap<Cow<'static, str>, Vec<usize>> = HashMap::new();
    for (j, word) in reference.iter().enumerate().filter(|(j, _)| !taken[*j]) {
        places.entry(form(word)).or_default().push(j);
    }
    for (i, word) in hypothesis.iter().enumerate().rev() {
        if partners[i].is_none()
            && let Some(j) = places.get_mut(&form(word)).and_then(Vec::pop)
        {
            partners[i] = Some(j);
            taken[j] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nltks_documented_example() {
        let hypothesis =
            "It is a guide to action which ensures that the military always obeys the commands of the party";
        let reference = "It is a guide to action that ensures that the military will forever heed Party commands";
        let score = meteor(hypothesis, &["non matching", reference], Weights::default());
        assert!((score - 0.6944).abs() < 5e-5, "{score}");
    }

    proptest! {
        #[test]
        fn any_texts_score_between_zero_and_one(a in "[ab cs]{0,30}", b in "[ab cs]{0,30}") {
            prop_assert!((0.0..=1.0).contains(&meteor(&a, &[&b], Weights::default())));
        }
    }
}
