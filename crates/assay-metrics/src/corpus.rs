//! Figures of a corpus from counts per segment.
//!
//! BLEU, chrF, TER and word error rates of a corpus are no means of the segments' scores: they are computed from sums of
//! counts. With the counts of each segment at hand, a corpus without one segment costs a subtraction.

use std::ops::{Add, Sub};

/// The sum of all segments' counts. O(n).
///
/// # Examples
/// ```
/// use assay_metrics::word_errors::WordErrors;
/// let all = [WordErrors::of_words("a b", "a c"), WordErrors::of_words("d", "d")];
/// assert_eq!(assay_metrics::corpus::sum(&all).wer(), Some(1.0 / 3.0));
/// ```
pub fn sum<S: Clone + Default + Add<Output = S>>(segments: &[S]) -> S {
    segments.iter().cloned().fold(S::default(), |sum, segment| sum + segment)
}

/// The score of the corpus without each segment in turn, for a delete-one jackknife. O(n). `None` where a score is
/// undefined.
///
/// # Examples
/// ```
/// use assay_metrics::corpus::leave_one_out;
/// use assay_metrics::word_errors::WordErrors;
/// let all = [WordErrors::of_words("a b", "a c"), WordErrors::of_words("d", "d")];
/// assert_eq!(leave_one_out(&all, WordErrors::wer), Some(vec![0.0, 0.5]));
/// ```
pub fn leave_one_out<S>(segments: &[S], score: impl Fn(&S) -> Option<f64>) -> Option<Vec<f64>>
where
    S: Clone + Default + Add<Output = S> + Sub<Output = S>,
{
    let all = sum(segments);
    segments.iter().map(|segment| score(&(all.clone() - segment.clone()))).collect()
}
