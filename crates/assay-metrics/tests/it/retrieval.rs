//! Retrieval against pytrec_eval, ir-measures and trec_eval's own expected outputs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_metrics::ranking::{Judged, alpha_ndcg};
use assay_metrics::retrieval::*;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const TREC: &str = r#"
import pytrec_eval
# What a query with no grade of 0 or more makes run for ever is left out: G, binG, Rndcg, ndcg_rel.
known = set(pytrec_eval.supported_measures) - {"runid", "relstring", "G", "binG", "Rndcg", "ndcg_rel"}
def one(f, a):
    qrels, run, names, level = a
    found = pytrec_eval.RelevanceEvaluator(qrels, known, relevance_level=level).evaluate(run)
    return [found[q][m] for q in sorted(found) for m in names]
"#;

/// The name that trec_eval gives a measure.
fn trec_name(measure: Measure) -> String {
    let name = measure.to_string();
    let (stem, cut) = name.split_once('@').unwrap_or((&name, ""));
    match (stem, cut) {
        ("mrr", "") => "recip_rank".into(),
        ("rprec", "") => "Rprec".into(),
        ("infap", "") => "infAP".into(),
        ("set_p", "") => "set_P".into(),
        ("set_f", "") => "set_F".into(),
        ("set_relative_p", "") => "set_relative_P".into(),
        (stem, "") => stem.into(),
        ("ndcg" | "map", cut) => format!("{stem}_cut_{cut}"),
        ("p", cut) => format!("P_{cut}"),
        ("relative_p", cut) => format!("relative_P_{cut}"),
        ("iprec", cut) => format!("iprec_at_recall_{cut}"),
        ("rprec", cut) => format!("Rprec_mult_{cut}"),
        (stem, cut) => format!("{stem}_{cut}"),
    }
}

#[test]
fn the_set_of_trec_eval_agrees_with_pytrec_eval() {
    let mut oracle = Oracle::new(TREC);
    let mut random = Stream(7);
    let mut all = Measure::all_trec();
    // `rprec@1.00` is written as R-precision.
    all.dedup();
    let names: Vec<String> = all.iter().map(|measure| trec_name(*measure)).collect();
    for round in 0..120 {
        let documents = 1 + random.below([3, 12, 60, 300][round % 4]);
        // Scores from few values tie; some differ only beyond 32 bits.
        let values = [2, 5, 1000, 1_000_000][(round / 4) % 4];
        let level = 1 + (round % 3 == 2) as i64;
        let (mut qrels, mut run) = (BTreeMap::new(), BTreeMap::new());
        let (mut qrels_text, mut run_text) = (String::new(), String::new());
        for query in 0..1 + random.below(4) {
            let query = format!("q{query}");
            let (mut grades, mut scores) = (BTreeMap::new(), BTreeMap::new());
            for document in 0..documents {
                let name = format!("d{document}");
                if random.next() < 0.5 || document == 0 {
                    let grade = (random.below(5) as i64 - 1).max(if document == 0 { 0 } else { -1 });
                    grades.insert(name.clone(), grade);
                    qrels_text += &format!("{query} 0 {name} {grade}\n");
                }
                if random.next() < 0.6 || document == documents - 1 {
                    let score = random.below(values) as f64 - 1.0 + 1e-9 * random.below(3) as f64;
                    scores.insert(name.clone(), score);
                    run_text += &format!("{query} Q0 {name} 1 {score} x\n");
                }
            }
            qrels.insert(query.clone(), grades);
            run.insert(query, scores);
        }
        let found = evaluate(&Qrels::parse(&qrels_text).unwrap(), &Run::parse(&run_text).unwrap(), &all, level, None);
        let ours = found.queries.iter().flat_map(|query| query.values.iter().map(|value| value.unwrap())).collect();
        oracle.ask("pytrec_eval", json!([qrels, run, names, level]), ours, 1e-9);
    }
    oracle.check();
}

fn data(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if !path.is_dir() {
        println!("skipped: ../shared/data/{folder} is not there");
        return None;
    }
    Some(path)
}

#[test]
fn expected_outputs_of_trec_eval_are_met_to_the_digit() {
    let Some(folder) = data("trec_eval_parity") else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let all = Measure::all_trec();
    let mut checked = 0;
    for (qrels, run, expected, least, depth, missing) in [
        ("qrels.test", "results.test", "out.test.a", 1, None, Missing::Skip),
        ("qrels.test", "results.test", "out.test.aq", 1, None, Missing::Skip),
        ("qrels.test.with-comments", "results.test", "out.test.aq", 1, None, Missing::Skip),
        ("qrels.test", "results.trunc", "out.test.aqc", 1, None, Missing::Zero),
        ("qrels.test", "results.trunc", "out.test.aqcM", 1, Some(100), Missing::Zero),
        ("qrels.rel_level", "results.test", "out.test.aql", 2, None, Missing::Skip),
    ] {
        let (qrels, run) = (Qrels::parse(&read(qrels)).unwrap(), Run::parse(&read(run)).unwrap());
        let found = evaluate(&qrels, &run, &all, least, depth);
        let lines = read(expected);
        let printed: BTreeMap<(&str, &str), &str> = lines
            .lines()
            .filter_map(|line| {
                let mut cells = line.split_whitespace();
                Some(((cells.next()?, cells.next()?), cells.next()?))
            })
            .collect();
        let mut compare = |name: &str, query: &str, value: f64| {
            let Some(want) = printed.get(&(name, query)) else { return };
            let digits = if want.contains('.') { format!("{value:.4}") } else { format!("{value:.0}") };
            assert_eq!(&digits, want, "{expected}: {name} of {query}");
            checked += 1;
        };
        for (at, measure) in all.iter().enumerate() {
            // The number of documents that is a recall of x: trec_eval 9, which pytrec_eval wraps and Assay follows, takes
            // ⌊x·R + 0.9⌋, and since version 10 the nearest whole number (its m_iprec_at_recall.c says that the old way
            // was not the same on all platforms). 0.1 of 474 are 48 or 47. The expected outputs are of version 10.
            if matches!(measure, Measure::InterpolatedPrecision(_) | Measure::ElevenPoint) {
                continue;
            }
            let name = trec_name(*measure);
            compare(&name, "all", found.summary(at, missing).unwrap());
            for query in &found.queries {
                // trec_eval prints the mean of the others for a geometric mean of one query; it is not shown here.
                let value = query.values[at].unwrap();
                let value = if measure.summary() == Summary::Geometric { value.exp() } else { value };
                compare(&name, &query.query, value);
            }
        }
    }
    assert!(checked > 1000, "{checked}");
    // Asked at the recalls that are whole numbers of documents, both versions say the same.
    let (qrels, run) = (Qrels::parse(&read("qrels.test")).unwrap(), Run::parse(&read("results.test")).unwrap());
    let expected = read("out.test.aq");
    let printed = |name: &str, query: &str| -> Option<String> {
        let cells = expected.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        cells.into_iter().find(|cells| cells[..2] == [name, query]).map(|cells| cells[2].to_owned())
    };
    for query in evaluate(&qrels, &run, &[Measure::Relevant], 1, None).queries {
        let (name, relevant) = (&query.query, query.values[0].unwrap());
        let levels: Vec<f64> = (0..=10).map(|tenth| (f64::from(tenth) / 10.0 * relevant).round() / relevant).collect();
        let measures: Vec<Measure> = levels.iter().map(|level| Measure::InterpolatedPrecision(*level)).collect();
        let found = evaluate(&qrels, &run, &measures, 1, None);
        let own = found.queries.iter().find(|found| found.query == *name).unwrap();
        let values: Vec<f64> = own.values.iter().map(|value| value.unwrap()).collect();
        for (tenth, value) in values.iter().enumerate() {
            let want = printed(&format!("iprec_at_recall_{:.2}", tenth as f64 / 10.0), name).unwrap();
            assert_eq!(format!("{value:.4}"), want, "recall {tenth}/10 of {name}");
        }
        let mean = values.iter().sum::<f64>() / 11.0;
        assert_eq!(Some(format!("{mean:.4}")), printed("11pt_avg", name), "{name}");
    }
}

#[test]
fn cranfield_agrees_with_the_values_of_pytrec_eval() {
    let Some(folder) = data("cranfield") else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    // The goldens take negative grades as 0.
    let text: String = read("qrels.trec")
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            format!("{} 0 {} {}\n", cells[0], cells[2], cells[3].parse::<i64>().unwrap().max(0))
        })
        .collect();
    let qrels = Qrels::parse(&text).unwrap();
    let mut checked = 0;
    for name in ["bm25", "tfidf"] {
        let run = Run::parse(&read(&format!("run.{name}.trec"))).unwrap();
        let all = Measure::all_trec();
        let found = evaluate(&qrels, &run, &all, 1, None);
        for line in read(&format!("golden.{name}.pytrec_eval.csv")).lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let Some(at) = all.iter().position(|measure| trec_name(*measure) == cells[0]) else { continue };
            let query = found.queries.iter().find(|query| query.query == cells[1]);
            let Some(value) = query.and_then(|query| query.values[at]) else { continue };
            let want: f64 = cells[2].parse().unwrap();
            assert!((value - want).abs() < 1e-6, "{line}: {value}");
            checked += 1;
        }
    }
    assert!(checked > 2000, "{checked}");
}

/// The formulas as their papers give them, summed term by term, and ir-measures with its own providers.
const GRADED: &str = r#"
import ir_measures as ir
def single(measure, qrels, ranked, topics=None):
    q = [ir.Qrel("1", d, g, t) if t is not None else ir.Qrel("1", d, g) for d, g, t in qrels]
    r = [ir.ScoredDoc("1", d, float(len(ranked) - i)) for i, d in enumerate(ranked)]
    return ir.calc_aggregate([ir.parse_measure(measure)], q, r)[ir.parse_measure(measure)]
def one(f, a):
    if f == "judged@k":
        g, k = a
        return sum(x is not None and x >= 0 for x in g[:k]) / len(g[:k])
    if f in ("ERR", "nDCG exponential"):
        g, every, k, top = a
        g = [max(x or 0, 0) for x in g]
        if f == "ERR":
            p = [(2 ** x - 1) / 2 ** top for x in g]
            return sum(np.prod([1 - y for y in p[:r]]) * p[r] / (r + 1) for r in range(min(k, len(p))))
        d = lambda s: sum((2.0 ** x - 1) / np.log2(i + 2) for i, x in enumerate(s[:k]))
        best = d(sorted((max(x, 0) for x in every), reverse=True))
        return d(g) / best if best else 0.0
    if f in ("ir-measures ERR", "ir-measures nDCG exponential", "ir-measures RBP", "ir-measures Judged"):
        qrels, ranked, measure = a
        return single(measure, [(d, g, None) for d, g in qrels], ranked)
    if f == "ir-measures alpha-nDCG":
        qrels, ranked, measure = a
        return single(measure, [(d, 1, str(t)) for d, t in qrels], ranked)
    raise ValueError(f)
"#;

#[test]
fn graded_users_agree_with_their_formulas_and_ir_measures() {
    let mut oracle = Oracle::new(GRADED);
    let mut random = Stream(11);
    for round in 0..80 {
        let n = 1 + random.below(25) as usize;
        // What ir-measures takes are names; a name has its grade, or none. gdeval takes grades up to 4, from 0.
        let grades: Vec<Option<f64>> = (0..n).map(|_| (random.next() < 0.7).then(|| random.below(5) as f64)).collect();
        let unseen: Vec<f64> = (0..1 + random.below(6)).map(|i| (random.below(4) + u64::from(i == 0)) as f64).collect();
        let every: Vec<f64> = grades.iter().flatten().copied().chain(unseen.iter().copied()).collect();
        let judged = Judged::from_grades(grades.clone(), every.clone(), 1.0);
        let k = 1 + random.below(20) as usize;
        let (err, exponential) = (judged.expected_reciprocal_rank(k, 4.0).unwrap(), judged.ndcg_exponential(k));
        oracle.ask("judged@k", json!([grades, k]), vec![judged.judged(k).unwrap()], 1e-12);
        oracle.ask("ERR", json!([grades, every, k, 4]), vec![err], 1e-12);
        oracle.ask("nDCG exponential", json!([grades, every, k, 4]), vec![exponential], 1e-12);
        let ranked: Vec<String> = (0..n).map(|i| format!("d{i:03}")).collect();
        let mut qrels: Vec<(String, u64)> =
            grades.iter().enumerate().filter_map(|(i, grade)| Some((format!("d{i:03}"), (*grade)? as u64))).collect();
        qrels.extend(unseen.iter().enumerate().map(|(i, grade)| (format!("u{i:03}"), *grade as u64)));
        // gdeval prints five decimals.
        if round % 4 == 0 {
            let measure = format!("ERR@{k}");
            oracle.ask("ir-measures ERR", json!([qrels, ranked, measure]), vec![err], 6e-3);
            let measure = format!("nDCG(dcg='exp-log2')@{k}");
            oracle.ask("ir-measures nDCG exponential", json!([qrels, ranked, measure]), vec![exponential], 6e-3);
        }
        let (rbp, _) = judged.rank_biased_precision(0.8).unwrap();
        oracle.ask("ir-measures RBP", json!([qrels, ranked, "RBP(p=0.8,rel=1)"]), vec![rbp], 1e-6);

        let topics: Vec<Vec<usize>> = (0..n + 3)
            .map(|i| (0..4).filter(|topic| random.next() < 0.3 || (i == n && *topic == 0)).collect())
            .collect();
        let name = |i: usize| if i < n { format!("d{i:03}") } else { format!("u{i:03}") };
        let pairs: Vec<(String, usize)> =
            topics.iter().enumerate().flat_map(|(i, set)| set.iter().map(move |topic| (name(i), *topic))).collect();
        // pyndeval cuts at the cuts that ndeval prints.
        let k = [5, 10, 20][round % 3];
        let ours = alpha_ndcg(&topics[..n], &topics, 0.5, k).unwrap();
        let measure = format!("alpha_nDCG(alpha=0.5)@{k}");
        oracle.ask("ir-measures alpha-nDCG", json!([pairs, ranked, measure]), vec![ours], 1e-6);
    }
    oracle.check();
}
