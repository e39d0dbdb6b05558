//! Retrieval.

use assay_metrics::retrieval::{Measure, Qrels, Run, evaluate};
use serde_json::{Map, json};

use crate::race::Races;

/// 200 queries with 1,000 results and about 100 judgements each.
pub fn run(races: &Races) {
    let mut state = 5u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let (mut qrels, mut run) = (Map::new(), Map::new());
    let (mut qrels_text, mut run_text) = (String::new(), String::new());
    for query in 0..200 {
        let (mut grades, mut scores) = (Map::new(), Map::new());
        for document in 0..1000 {
            let (name, score) = (format!("d{document:05}"), below(5000) as f64 / 100.0);
            if below(10) == 0 {
                let grade = below(4);
                qrels_text += &format!("q{query:03} 0 {name} {grade}\n");
                grades.insert(name.clone(), json!(grade));
            }
            run_text += &format!("q{query:03} Q0 {name} 1 {score} x\n");
            scores.insert(name, json!(score));
        }
        qrels.insert(format!("q{query:03}"), grades.into());
        run.insert(format!("q{query:03}"), scores.into());
    }
    let measures =
        ["ndcg", "ndcg@10", "map", "p@10", "recall@100", "bpref", "mrr", "rprec"].map(|m| m.parse().unwrap());
    let names = ["ndcg", "ndcg_cut_10", "map", "P_10", "recall_100", "bpref", "recip_rank", "Rprec"];
    let script = "import pytrec_eval\n\
        def prepare(a):\n    \
        names = a[2]\n    \
        kept = {'ndcg', 'ndcg_cut.10', 'map', 'P.10', 'recall.100', 'bpref', 'recip_rank', 'Rprec'}\n    \
        return pytrec_eval.RelevanceEvaluator(a[0], kept), a[1], names\n\
        def run(d):\n    \
        r = d[0].evaluate(d[1])\n    \
        return [sum(v[m] for v in r.values()) / len(r) for m in d[2]]";
    let input = json!([qrels, run, names]);
    let measures: &[Measure] = &measures;
    let summary = |qrels: &Qrels, run: &Run| -> Vec<f64> {
        let found = evaluate(qrels, run, measures, 1, None);
        (0..measures.len()).map(|at| found.summary(at, Default::default()).expect("a value")).collect()
    };
    let judged = Qrels::parse(&qrels_text).expect("judgements");
    races.add("pytrec_eval", "pytrec_eval-terrier", script, &input, 1e-9, || {
        // The reference ranks when it evaluates; so do we, with the reading of the text on top.
        summary(&judged, &Run::parse(&run_text).expect("a run"))
    });
    let ranked = Run::parse(&run_text).expect("a run");
    races.add("pytrec_eval, run ranked", "pytrec_eval-terrier", script, &input, 1e-9, || summary(&judged, &ranked));
}
