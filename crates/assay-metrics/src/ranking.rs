//! Ranked results against graded relevance, as trec_eval computes them.

use std::collections::{HashMap, HashSet};

/// A ranking judged against relevance grades. Grades of 0 or less are not relevant; what has no grade is not
/// relevant; a repeated document counts where it stands first.
pub struct Judged {
    gains: Vec<f64>,
    ideal: Vec<f64>,
}

impl Judged {
    /// `ranked` documents in rank order, `grades` by document.
    pub fn new<'a>(ranked: impl IntoIterator<Item = &'a str>, grades: &HashMap<&str, f64>) -> Self {
        let mut seen = HashSet::new();
        let gains = ranked
            .into_iter()
            .filter(|document| seen.insert(*document))
            .map(|document| grades.get(document).copied().unwrap_or(0.0).max(0.0))
            .collect();
        let mut ideal: Vec<f64> = grades.values().copied().filter(|grade| *grade > 0.0).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        Self { gains, ideal }
    }

    /// Number of relevant documents that there are.
    pub fn relevant(&self) -> usize {
        self.ideal.len()
    }

    fn hits(&self, k: usize) -> usize {
        self.gains.iter().take(k).filter(|gain| **gain > 0.0).count()
    }

    /// Relevant documents among the first `k`, divided by `k`.
    pub fn precision(&self, k: usize) -> f64 {
        self.hits(k) as f64 / k.max(1) as f64
    }

    /// Relevant documents among the first `k`, divided by all relevant ones.
    pub fn recall(&self, k: usize) -> f64 {
        self.hits(k) as f64 / self.relevant().max(1) as f64
    }

    /// Whether any of the first `k` is relevant.
    pub fn hit(&self, k: usize) -> bool {
        self.hits(k) > 0
    }

    /// 1 / the rank of the first relevant document among the first `k`, else 0.
    pub fn reciprocal_rank(&self, k: usize) -> f64 {
        self.gains.iter().take(k).position(|gain| *gain > 0.0).map_or(0.0, |at| 1.0 / (at + 1) as f64)
    }

    /// nDCG over the first `k`: linear gain, discount log2(rank + 1), ideal over all graded documents (Järvelin &
    /// Kekäläinen 2002, as in trec_eval).
    pub fn ndcg(&self, k: usize) -> f64 {
        let dcg = |gains: &[f64]| -> f64 {
            gains.iter().take(k).enumerate().map(|(i, gain)| gain / ((i + 2) as f64).log2()).sum()
        };
        let ideal = dcg(&self.ideal);
        if ideal > 0.0 { dcg(&self.gains) / ideal } else { 0.0 }
    }

    /// Average precision over the first `k`: the mean over all relevant documents of the precision at their ranks.
    pub fn average_precision(&self, k: usize) -> f64 {
        let mut hits = 0.0;
        let mut total = 0.0;
        for (i, gain) in self.gains.iter().take(k).enumerate() {
            if *gain > 0.0 {
                hits += 1.0;
                total += hits / (i + 1) as f64;
            }
        }
        total / self.relevant().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
