//! `retrieval`: how well the retrieved contexts hold the case's reference contexts, from 0 to 1.
//!
//! `metric` is `recall` (default), `precision`, `hit`, `mrr`, `ndcg` or `ap`, over the first `k` (10 by default).
//! Contexts are matched by id, else by text; reference contexts may carry a relevance grade as `score`. Without
//! reference contexts, or when the target reports no contexts at all, the trial is unscored.

use std::collections::HashMap;

use assay_core::{Passage, Problem, ScoreKind};
use assay_metrics::ranking::Judged;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `retrieval`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retrieval {
    /// Which measure.
    #[serde(default)]
    pub metric: Metric,
    /// How many contexts count.
    #[serde(default = "ten")]
    pub k: usize,
}

fn ten() -> usize {
    10
}

/// A measure of retrieval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Share of the reference contexts that were retrieved.
    #[default]
    Recall,
    /// Share of the first `k` that are reference contexts.
    Precision,
    /// Whether any reference context was retrieved.
    Hit,
    /// 1 / rank of the first reference context.
    Mrr,
    /// Normalised discounted cumulative gain.
    Ndcg,
    /// Average precision.
    Ap,
}

impl Rule for Retrieval {
    const NAME: &'static str = "retrieval";
    const MAIN: &'static str = "metric";

    fn kind(&self) -> ScoreKind {
        if self.metric == Metric::Hit { ScoreKind::Binary } else { ScoreKind::Bounded { lo: 0.0, hi: 1.0 } }
    }

    fn check(&self) -> Result<(), Problem> {
        if self.k == 0 { Err(Problem::new("/k", "k must be 1 or more")) } else { Ok(()) }
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        if input.case.contexts.is_empty() {
            return Err("the case has no reference contexts".into());
        }
        let retrieved = input.output.contexts.as_ref().ok_or("the target reported no contexts")?;
        let grades: HashMap<&str, f64> =
            input.case.contexts.iter().map(|context| (context.key(), context.score.unwrap_or(1.0))).collect();
        let judged = Judged::new(retrieved.iter().map(Passage::key), &grades);
        if judged.relevant() == 0 {
            return Err("no reference context is relevant".into());
        }
        let missed: Vec<&str> = grades
            .iter()
            .filter(|(key, grade)| **grade > 0.0 && !retrieved.iter().take(self.k).any(|c| c.key() == **key))
            .map(|(key, _)| *key)
            .take(5)
            .collect();
        let score = Scored::value(match self.metric {
            Metric::Recall => judged.recall(self.k),
            Metric::Precision => judged.precision(self.k),
            Metric::Hit => f64::from(u8::from(judged.hit(self.k))),
            Metric::Mrr => judged.reciprocal_rank(self.k),
            Metric::Ndcg => judged.ndcg(self.k),
            Metric::Ap => judged.average_precision(self.k),
        });
        Ok(if missed.is_empty() { score } else { score.because(format!("not retrieved: {}", missed.join(", "))) })
    }
}
