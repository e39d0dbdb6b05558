//! Retrieval.

use assay_metrics::retrieval::{Measure, Qrels, Run, evaluate};
use serde_json::json;

use crate::race::Races;

/// 200 queries with 1,000 results and about 100 judgements each.
pub fn run(races: &Races) {
    let mut state = 5u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let (mut qrels_text, mut run_text) = (String::new(), String::new());
    for query in 0..200 {
        for document in 0..1000 {
            let (name, score) = (format!("d{document:05}"), below(5000) as f64 / 100.0);
            if below(10) == 0 {
                let grade = below(4);
                qrels_text += &format!("q{query:03} 0 {name} {grade}\n");
            }
            run_text += &format!("q{query:03} Q0 {name} 1 {score} x\n");
        }
    }
    let measures = ["ndcg", "ndcg@10", "map", "p@10", "recall@100", "bpref", "mrr", "rprec"]
        .map(|m| m.parse::<Measure>().unwrap());
    let names = ["ndcg", "ndcg_cut_10", "map", "P_10", "recall_100", "bpref", "recip_rank", "Rprec"];
    let script = "import pytrec_eval\n\
        def prepare(a): return [a[0].splitlines(), a[1].splitlines(), a[2]]\n\
        def run(d):\n    \
            kept = {'ndcg', 'ndcg_cut.10', 'map', 'P.10', 'recall.100', 'bpref', 'recip_rank', 'Rprec'}\n    \
            judged = pytrec_eval.RelevanceEvaluator(pytrec_eval.parse_qrel(d[0]), kept)\n    \
            r = judged.evaluate(pytrec_eval.parse_run(d[1]))\n    \
            return [sum(v[m] for v in r.values()) / len(r) for m in d[2]]";
    // Both read the two texts, rank and evaluate.
    races.add("pytrec_eval", "pytrec_eval-terrier", script, &json!([qrels_text, run_text, names]), 1e-9, || {
        let (judged, run) = (Qrels::parse(&qrels_text).expect("judgements"), Run::parse(&run_text).expect("a run"));
        let found = evaluate(&judged, &run, &measures, 1, None);
        (0..measures.len()).map(|at| found.summary(at, Default::default()).expect("a value")).collect()
    });
}
