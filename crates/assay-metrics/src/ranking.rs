//! One ranking against graded relevance: the measures of trec_eval, and those for graded users.
//!
//! Sums run over the ranking once: O(n) for each measure. For whole runs of many queries see [`crate::retrieval`].

use std::collections::{HashMap, HashSet};

/// A ranking judged against relevance grades. A document is relevant when its grade reaches a level, by default anything
/// above 0. What has no grade, one that is not finite, or one below 0 (pooled, not judged), is not relevant and not judged;
/// a repeated document counts where it stands first.
pub struct Judged {
    /// By rank; `None` for what has no grade.
    grades: Vec<Option<f64>>,
    /// Grades above 0, largest first.
    ideal: Vec<f64>,
    least: f64,
    relevant: usize,
    judged_nonrelevant: usize,
}

impl Judged {
    /// `ranked` documents in rank order, `grades` by document.
    ///
    /// # Examples
    /// ```
    /// use std::collections::HashMap;
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::new(["b", "a"], &HashMap::from([("a", 1.0), ("b", 0.0)]));
    /// assert_eq!(judged.reciprocal_rank(10), 0.5);
    /// ```
    pub fn new<'a>(ranked: impl IntoIterator<Item = &'a str>, grades: &HashMap<&str, f64>) -> Self {
        let mut seen = HashSet::new();
        let ranked = ranked
            .into_iter()
            .filter(|document| seen.insert(*document))
            .map(|document| grades.get(document).copied())
            .collect();
        Self::from_grades(ranked, grades.values().copied(), f64::MIN_POSITIVE)
    }

    /// `ranked` holds the grade of each document in rank order, `all` every grade of the query, `least` is the smallest
    /// grade that is relevant, above 0. Gains are the grades themselves, also below `least`, as in trec_eval.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(0.0), None, Some(2.0)], [0.0, 2.0, 1.0], 1.0);
    /// assert_eq!((judged.relevant(), judged.reciprocal_rank(10)), (2, 1.0 / 3.0));
    /// ```
    pub fn from_grades(ranked: Vec<Option<f64>>, all: impl IntoIterator<Item = f64>, least: f64) -> Self {
        let mut ideal = Vec::new();
        let mut judged_nonrelevant = 0;
        let ranked = ranked.into_iter().map(|grade| grade.filter(|grade| grade.is_finite())).collect();
        for grade in all.into_iter().filter(|grade: &f64| grade.is_finite()) {
            if grade > 0.0 {
                ideal.push(grade);
            }
            judged_nonrelevant += usize::from((0.0..least).contains(&grade));
        }
        ideal.sort_unstable_by(|a: &f64, b| b.total_cmp(a));
        let relevant = ideal.partition_point(|grade| *grade >= least);
        Self { grades: ranked, ideal, least, relevant, judged_nonrelevant }
    }

    /// Number of relevant documents that there are.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.relevant(), 3);
    /// ```
    pub fn relevant(&self) -> usize {
        self.relevant
    }

    /// Number of documents in the ranking.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.retrieved(), 4);
    /// ```
    pub fn retrieved(&self) -> usize {
        self.grades.len()
    }

    fn is_relevant(&self, grade: &Option<f64>) -> bool {
        grade.is_some_and(|grade| grade >= self.least)
    }

    fn gain(grade: &Option<f64>) -> f64 {
        grade.unwrap_or(0.0).max(0.0)
    }

    /// Relevant documents among the first `k`.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.hits(3), 2);
    /// ```
    pub fn hits(&self, k: usize) -> usize {
        self.grades.iter().take(k).filter(|grade| self.is_relevant(grade)).count()
    }

    /// Relevant documents among the first `k`, divided by `k`.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.precision(4), 0.5);
    /// ```
    pub fn precision(&self, k: usize) -> f64 {
        self.hits(k) as f64 / k.max(1) as f64
    }

    /// Relevant documents among the first `k`, divided by the most that there can be: the smaller of `k` and the number
    /// of relevant ones; 0 when there is none.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.relative_precision(4), 2.0 / 3.0);
    /// ```
    pub fn relative_precision(&self, k: usize) -> f64 {
        self.hits(k) as f64 / k.min(self.relevant).max(1) as f64
    }

    /// Relevant documents among the first `k`, divided by all relevant ones; 0 when there is none.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.recall(3), 2.0 / 3.0);
    /// ```
    pub fn recall(&self, k: usize) -> f64 {
        self.hits(k) as f64 / self.relevant().max(1) as f64
    }

    /// Precision at the rank `multiple` · R, rounded up, where R is the number of relevant documents; 0 when there is
    /// none. R-precision is that of 1.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.r_precision(1.0), 2.0 / 3.0);
    /// ```
    pub fn r_precision(&self, multiple: f64) -> f64 {
        // 0.9 is how trec_eval rounds up.
        self.precision((multiple * self.relevant as f64 + 0.9) as usize)
    }

    /// Whether any of the first `k` is relevant.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert!(judged.hit(1));
    /// ```
    pub fn hit(&self, k: usize) -> bool {
        self.hits(k) > 0
    }

    /// 1 / the rank of the first relevant document among the first `k`, else 0.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.reciprocal_rank(10), 1.0);
    /// ```
    pub fn reciprocal_rank(&self, k: usize) -> f64 {
        let first = self.grades.iter().take(k).position(|grade| self.is_relevant(grade));
        first.map_or(0.0, |at| 1.0 / (at + 1) as f64)
    }

    fn discounted(&self, k: usize, gain: impl Fn(f64) -> f64) -> f64 {
        // Most documents gain nothing: their logarithm is never taken.
        let dcg = |grades: &mut dyn Iterator<Item = f64>| -> f64 {
            let gained = grades.take(k).enumerate().filter(|(_, grade)| *grade > 0.0);
            // A sum of nothing is −0.0 in Rust.
            gained.fold(0.0, |sum, (i, grade)| sum + gain(grade) / ((i + 2) as f64).log2())
        };
        let ideal = dcg(&mut self.ideal.iter().copied());
        if ideal > 0.0 { dcg(&mut self.grades.iter().map(Self::gain)) / ideal } else { 0.0 }
    }

    /// nDCG over the first `k`: linear gain, discount log2(rank + 1), ideal over all graded documents (Järvelin &
    /// Kekäläinen 2002, as in trec_eval).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// let (gained, ideal) = (1.0 + 2.0 / 2.0, 2.0 + 1.0 / 3f64.log2() + 0.5);
    /// assert!((judged.ndcg(4) - gained / ideal).abs() < 1e-12);
    /// ```
    pub fn ndcg(&self, k: usize) -> f64 {
        self.discounted(k, |grade| grade)
    }

    /// nDCG over the first `k` with gain 2^grade − 1 (Burges et al. 2005), discount and ideal as in [`Judged::ndcg`].
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), Some(2.0)], [1.0, 2.0], 1.0);
    /// assert!((judged.ndcg_exponential(10) - (1.0 + 3.0 / 3f64.log2()) / (3.0 + 1.0 / 3f64.log2())).abs() < 1e-12);
    /// ```
    pub fn ndcg_exponential(&self, k: usize) -> f64 {
        self.discounted(k, |grade| grade.exp2() - 1.0)
    }

    /// Average precision over the first `k`: the mean over all relevant documents of the precision at their ranks.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert!((judged.average_precision(10) - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
    /// ```
    pub fn average_precision(&self, k: usize) -> f64 {
        let mut hits = 0.0;
        let mut total = 0.0;
        for (i, grade) in self.grades.iter().take(k).enumerate() {
            if self.is_relevant(grade) {
                hits += 1.0;
                total += hits / (i + 1) as f64;
            }
        }
        total / self.relevant().max(1) as f64
    }

    /// The preference of relevant over judged not relevant documents (Buckley & Voorhees 2004, as in trec_eval): the mean
    /// over relevant documents of 1 − min(n, R) / min(N, R), where n judged not relevant documents stand above, of N,
    /// and R are relevant. What is not judged does not count. 0 when nothing is relevant.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![None, Some(0.0), Some(1.0)], [0.0, 0.0, 1.0, 1.0], 1.0);
    /// assert_eq!(judged.bpref(), 0.25);
    /// ```
    pub fn bpref(&self) -> f64 {
        let most = self.judged_nonrelevant.min(self.relevant).max(1) as f64;
        let (mut above, mut total) = (0usize, 0.0);
        for grade in self.grades.iter().flatten().filter(|grade| **grade >= 0.0) {
            if *grade < self.least {
                above += 1;
            } else {
                total += 1.0 - above.min(self.relevant) as f64 / most;
            }
        }
        total / self.relevant.max(1) as f64
    }

    /// Inferred average precision from a pool that was judged in part (Yilmaz & Aslam 2006, ε = 1e-5 as in trec_eval): a
    /// grade below 0 is a pooled document that was not judged. 0 when nothing is relevant.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), Some(0.0), Some(1.0)], [0.0, 1.0, 1.0], 1.0);
    /// // Everything was judged: the average precision, up to ε.
    /// assert!((judged.inferred_average_precision() - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-4);
    /// ```
    pub fn inferred_average_precision(&self) -> f64 {
        const EPSILON: f64 = 1e-5;
        let (mut hits, mut misses, mut unjudged, mut total) = (0.0, 0.0, 0.0, 0.0);
        for (at, grade) in self.grades.iter().enumerate() {
            match grade {
                None => {}
                Some(grade) if *grade < 0.0 => unjudged += 1.0,
                Some(grade) if *grade < self.least => misses += 1.0,
                Some(_) => {
                    let rank = (at + 1) as f64;
                    total += 1.0 / rank;
                    if at > 0 {
                        let pooled: f64 = hits + misses + unjudged;
                        total += pooled / rank * (hits + EPSILON) / (hits + misses + 2.0 * EPSILON);
                    }
                    hits += 1.0;
                }
            }
        }
        total / self.relevant.max(1) as f64
    }

    /// Interpolated precision at each recall of `levels`: the largest precision at any rank where at least ⌈level · R⌉
    /// relevant documents were found, else 0. Rounded as in trec_eval, ⌊level · R + 0.9⌋. O(n + levels · hits).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// // One of three relevant documents is a recall of ⅓, two are ⅔.
    /// assert_eq!(judged.interpolated_precision(&[0.3, 0.6, 1.0]), [1.0, 2.0 / 3.0, 0.0]);
    /// ```
    pub fn interpolated_precision(&self, levels: &[f64]) -> Vec<f64> {
        let mut best: Vec<f64> = Vec::new();
        for (at, grade) in self.grades.iter().enumerate() {
            if self.is_relevant(grade) {
                best.push((best.len() + 1) as f64 / (at + 1) as f64);
            }
        }
        // From the last rank upwards, the best of what is still to come.
        for at in (1..best.len()).rev() {
            best[at - 1] = best[at - 1].max(best[at]);
        }
        let needed = |level: &f64| (level * self.relevant as f64 + 0.9) as usize;
        levels.iter().map(|level| best.get(needed(level).max(1) - 1).copied().unwrap_or(0.0)).collect()
    }

    /// Precision and recall of the retrieved as a set: hits / retrieved and hits / relevant, 0 for an empty set.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert_eq!(judged.set(), (0.5, 2.0 / 3.0));
    /// ```
    pub fn set(&self) -> (f64, f64) {
        let hits = self.hits(usize::MAX) as f64;
        (hits / self.retrieved().max(1) as f64, hits / self.relevant.max(1) as f64)
    }

    /// Harmonic mean of the set's precision and recall; 0 when both are.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None, Some(2.0), Some(0.0)], [1.0, 2.0, 0.0, 1.0], 1.0);
    /// assert!((judged.set_f1() - 4.0 / 7.0).abs() < 1e-12);
    /// ```
    pub fn set_f1(&self) -> f64 {
        let (precision, recall) = self.set();
        if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
    }

    /// Share of the first `k` ranks that hold a judged document; with fewer than `k` documents, of those there are. Where
    /// it is low, nDCG and precision speak of the judgements rather than of the ranking. `None` without a document.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![None, Some(0.0), Some(1.0), None], [0.0, 1.0], 1.0);
    /// assert_eq!(judged.judged(2), Some(0.5));
    /// ```
    pub fn judged(&self, k: usize) -> Option<f64> {
        let shown = self.grades.iter().take(k);
        let n = shown.len();
        (n > 0).then(|| shown.filter(|grade| grade.is_some_and(|grade| grade >= 0.0)).count() as f64 / n as f64)
    }

    /// Expected reciprocal rank over the first `k` (Chapelle et al. 2009): Σ Pr(stop at r) / r, where a document of grade
    /// g satisfies with probability (2^g − 1) / 2^`highest`. `highest` is the top of the scale, not of this query; `None`
    /// when a grade is above it, or it is not from 0 to 1,000.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(2.0), Some(1.0)], [2.0, 1.0], 1.0);
    /// assert_eq!(judged.expected_reciprocal_rank(10, 2.0), Some(0.75 + 0.25 * 0.25 / 2.0));
    /// ```
    pub fn expected_reciprocal_rank(&self, k: usize, highest: f64) -> Option<f64> {
        // Beyond 1,000 powers of two are beyond the numbers.
        if !(0.0..=1_000.0).contains(&highest) || self.ideal.first().is_some_and(|grade| *grade > highest) {
            return None;
        }
        let (mut going_on, mut total) = (1.0, 0.0);
        for (at, grade) in self.grades.iter().take(k).enumerate().filter(|(_, grade)| Self::gain(grade) > 0.0) {
            let stop = (Self::gain(grade).exp2() - 1.0) / highest.exp2();
            total += going_on * stop / (at + 1) as f64;
            going_on *= 1.0 - stop;
        }
        Some(total)
    }

    /// Rank-biased precision with persistence `p` (Moffat & Zobel 2008) and its residual: (1 − p) Σ p^(r − 1) over the
    /// relevant ranks, and the same sum over the ranks that are not judged and all those below the ranking. The truth
    /// lies between the value and value + residual. `None` unless 0 < p < 1.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ranking::Judged;
    /// let judged = Judged::from_grades(vec![Some(1.0), None], [1.0], 1.0);
    /// assert_eq!(judged.rank_biased_precision(0.5), Some((0.5, 0.25 + 0.25)));
    /// ```
    pub fn rank_biased_precision(&self, p: f64) -> Option<(f64, f64)> {
        if !(p > 0.0 && p < 1.0) {
            return None;
        }
        let (mut value, mut residual, mut weight) = (0.0, 0.0, 1.0);
        for grade in &self.grades {
            if self.is_relevant(grade) {
                value += weight;
            } else if grade.is_none_or(|grade| grade < 0.0) {
                residual += weight;
            }
            weight *= p;
        }
        Some(((1.0 - p) * value, (1.0 - p) * residual + weight))
    }
}

/// α-nDCG over the first `k` (Clarke et al. 2008): a document gains (1 − `alpha`)^c for each of its subtopics, where c
/// documents above hold the same one; discount log2(rank + 1); the ideal is built greedily from `judged`, the last of
/// equals first, as ndeval does for documents in the order of their ids. `ranked` holds
/// the subtopics of each ranked document, `judged` those of each judged one, each subtopic a number that is small. `None` when no document has a subtopic, a number is far above
/// their count, or `alpha` is outside 0 to 1. O(k · judged).
///
/// # Examples
/// ```
/// use assay_metrics::ranking::alpha_ndcg;
/// let judged = [vec![0, 1], vec![0], vec![2]];
/// let ideal = [vec![0, 1], vec![2], vec![0]];
/// assert_eq!(alpha_ndcg(&ideal, &judged, 0.5, 10), Some(1.0));
/// ```
pub fn alpha_ndcg(ranked: &[Vec<usize>], judged: &[Vec<usize>], alpha: f64, k: usize) -> Option<f64> {
    if !(0.0..=1.0).contains(&alpha) {
        return None;
    }
    let topics = ranked.iter().chain(judged).flatten().max()?.checked_add(1)?;
    // Topics are numbered without gaps: one far beyond their number is a mistake, not a reason to allocate.
    if topics > 1_000 + ranked.iter().chain(judged).map(Vec::len).sum::<usize>() {
        return None;
    }
    let gain = |topics: &[usize], weights: &[f64]| -> f64 { topics.iter().map(|topic| weights[*topic]).sum() };
    let discount = |at: usize| 1.0 / ((at + 2) as f64).log2();
    let mut weights = vec![1.0; topics];
    let take = |topics: &[usize], weights: &mut Vec<f64>| {
        for topic in topics {
            weights[*topic] *= 1.0 - alpha;
        }
    };
    let mut value = 0.0;
    for (at, document) in ranked.iter().take(k).enumerate() {
        value += gain(document, &weights) * discount(at);
        take(document, &mut weights);
    }
    let mut weights = vec![1.0; topics];
    let mut left: Vec<&Vec<usize>> = judged.iter().filter(|topics| !topics.is_empty()).collect();
    let mut ideal = 0.0;
    for at in 0..k.min(left.len()) {
        let gains = left.iter().enumerate().map(|(i, document)| (i, gain(document, &weights)));
        // The last of equals: with `judged` in the order of document ids that is what ndeval takes.
        let (best, most) = gains.fold((0, f64::NEG_INFINITY), |best, next| if next.1 >= best.1 { next } else { best });
        ideal += most * discount(at);
        take(left.remove(best), &mut weights);
    }
    (ideal > 0.0).then(|| value / ideal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_ranking_by_hand() {
        let grades = HashMap::from([("a", 3.0), ("b", 1.0), ("c", 0.0)]);
        let judged = Judged::new(["c", "a", "x", "a", "b"], &grades);
        assert_eq!((judged.precision(2), judged.recall(2), judged.reciprocal_rank(9)), (0.5, 0.5, 0.5));
        let dcg = 3.0 / 3f64.log2() + 1.0 / 5f64.log2();
        let ideal = 3.0 + 1.0 / 3f64.log2();
        assert!((judged.ndcg(10) - dcg / ideal).abs() < 1e-12);
        assert!((judged.average_precision(10) - (0.5 + 0.5) / 2.0).abs() < 1e-12);
        assert!(!judged.hit(1));
        assert_eq!(judged.interpolated_precision(&[0.0, 0.5, 1.0]), [0.5, 0.5, 0.5]);
        assert_eq!((judged.r_precision(1.0), judged.set(), judged.judged(3)), (0.5, (0.5, 1.0), Some(2.0 / 3.0)));
        assert_eq!(judged.expected_reciprocal_rank(10, 2.0), None);
    }

    #[test]
    fn nothing_relevant_is_zero_as_in_trec_eval() {
        let judged = Judged::from_grades(vec![Some(0.0), None], [0.0], 1.0);
        assert_eq!(
            (judged.ndcg(5), judged.average_precision(5), judged.bpref(), judged.set_f1()),
            (0.0, 0.0, 0.0, 0.0)
        );
        assert_eq!((judged.inferred_average_precision(), judged.r_precision(1.0)), (0.0, 0.0));
        assert_eq!(alpha_ndcg(&[vec![]], &[], 0.5, 5), None);
    }

    fn grades() -> impl Strategy<Value = Vec<Option<f64>>> {
        prop::collection::vec(prop::option::of((-1i32..4).prop_map(f64::from)), 0..30)
    }

    proptest! {
        #[test]
        fn the_ideal_order_is_best(ranked in grades()) {
            let all: Vec<f64> = ranked.iter().flatten().copied().collect();
            let judged = Judged::from_grades(ranked.clone(), all.clone(), 1.0);
            let mut best = ranked;
            best.sort_by(|a, b| b.unwrap_or(0.0).total_cmp(&a.unwrap_or(0.0)));
            let best = Judged::from_grades(best, all, 1.0);
            let measures: [fn(&Judged) -> f64; 6] = [
                |j| j.ndcg(10), |j| j.ndcg_exponential(10), |j| j.average_precision(10), |j| j.bpref(),
                |j| j.expected_reciprocal_rank(10, 4.0).unwrap(), |j| j.rank_biased_precision(0.8).unwrap().0,
            ];
            for measure in measures {
                prop_assert!(measure(&judged) <= measure(&best) + 1e-12 && (0.0..=1.0 + 1e-12).contains(&measure(&judged)));
            }
            if best.relevant() > 0 {
                prop_assert!((best.ndcg(10) - 1.0).abs() < 1e-12 && (best.bpref() - 1.0).abs() < 1e-12);
            }
            let (value, residual) = judged.rank_biased_precision(0.8).unwrap();
            prop_assert!(value + residual <= 1.0 + 1e-12);
        }

        #[test]
        fn interpolated_precision_falls_with_recall(ranked in grades()) {
            let all: Vec<f64> = ranked.iter().flatten().copied().collect();
            let levels: Vec<f64> = (0..=10).map(|i| f64::from(i) / 10.0).collect();
            let found = Judged::from_grades(ranked, all, 1.0).interpolated_precision(&levels);
            prop_assert!(found.windows(2).all(|pair| pair[0] >= pair[1]));
        }
    }
}
