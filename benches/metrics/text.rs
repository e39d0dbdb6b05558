//! Texts.

use assay_metrics::rouge::{Tokens, rouge_l};
use serde_json::json;

use crate::race::Races;

pub fn run(races: &Races) {
    let text = |seed: u64| -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % 300
        };
        (0..120).map(|_| format!("w{}", next())).collect::<Vec<_>>().join(" ")
    };
    let pairs: Vec<(String, String)> = (0..200).map(|i| (text(2 * i + 1), text(2 * i + 2))).collect();
    let script = "from rouge_score import rouge_scorer\n\
        s = rouge_scorer.RougeScorer(['rougeL'])\n\
        def prepare(a): return a\n\
        def run(d): return sum(s.score(b, a)['rougeL'].fmeasure for a, b in d)";
    races.add("rouge L", "rouge-score", script, &json!(pairs), 1e-9, || {
        vec![pairs.iter().map(|(a, b)| rouge_l(a, b, Tokens::default())).sum()]
    });
}
