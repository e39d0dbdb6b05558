//! Retrieval.

use assay_metrics::ranking::{Judged, alpha_ndcg};
use assay_metrics::retrieval::{Measure, Qrels, Run, evaluate};
use serde_json::json;

use crate::race::{Races, Stream};

/// 200 queries with 1,000 results and about 100 judgements each.
pub fn run(races: &Races) {
    let mut random = Stream(5);
    let (mut qrels_text, mut run_text) = (String::new(), String::new());
    for query in 0..200 {
        for document in 0..1000 {
            let (name, score) = (format!("d{document:05}"), random.below(5_000) as f64 / 100.0);
            if random.below(10) == 0 {
                let grade = random.below(4);
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
    graded(races, &mut random);
}

/// 1,000 queries of 100 results with grades up to 4 and four topics.
fn graded(races: &Races, random: &mut Stream) {
    let grades: Vec<Vec<usize>> =
        (0..1_000).map(|_| (0..100).map(|_| random.below(5).min(random.below(5))).collect()).collect();
    let script = "def prepare(a): return a\n\
        def one(g, k=20):\n    \
        p = [(2 ** x - 1) / 16 for x in g]; s, e = 1.0, 0.0\n    \
        for r in range(k): e += s * p[r] / (r + 1); s *= 1 - p[r]\n    \
        d = lambda v: sum((2.0 ** x - 1) / np.log2(i + 2) for i, x in enumerate(v[:k]))\n    \
        return [e, d(g) / d(sorted(g, reverse=True)), sum(0.2 * 0.8 ** i for i, x in enumerate(g) if x >= 1)]\n\
        def run(d): return np.sum([one(g) for g in d], axis=0)";
    races.add("ERR", "numpy", script, &json!(grades), 1e-9, || {
        let mut sums = vec![0.0; 3];
        for grades in &grades {
            let grades: Vec<f64> = grades.iter().map(|grade| *grade as f64).collect();
            let judged = Judged::from_grades(grades.iter().copied().map(Some).collect(), grades, 1.0);
            sums[0] += judged.expected_reciprocal_rank(20, 4.0).expect("grades up to 4");
            sums[1] += judged.ndcg_exponential(20);
            sums[2] += judged.rank_biased_precision(0.8).expect("a persistence").0;
        }
        sums
    });
    let topics: Vec<Vec<Vec<usize>>> = grades[..200]
        .iter()
        .map(|query| query.iter().map(|_| (0..4).filter(|_| random.next() < 0.1).collect()).collect())
        .collect();
    let script = "import pyndeval\n\
        def prepare(a):\n    \
        q, r = [], []\n    \
        for n, query in enumerate(a):\n        \
        for i, topics in enumerate(query):\n            \
        r.append(pyndeval.ScoredDoc(f'q{n:03}', f'd{i:03}', float(-i)))\n            \
        q += [pyndeval.SubtopicQrel(f'q{n:03}', str(t), f'd{i:03}', 1) for t in topics]\n    \
        return q, r\n\
        def run(d): return [v['alpha-nDCG@20'] for _, v in sorted(pyndeval.ndeval(*d, measures=['alpha-nDCG@20']).items())]";
    races.add("ir-measures alpha-nDCG", "pyndeval", script, &json!(topics), 1e-6, || {
        topics.iter().map(|query| alpha_ndcg(query, query, 0.5, 20).expect("topics")).collect()
    });
}
