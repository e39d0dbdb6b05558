//! Real queries in many close classes (CLINC150, Banking77), labelled by their nearest neighbour: classification metrics
//! against scikit-learn, and near duplicates against all pairs.

use std::collections::HashMap;

use assay_metrics::classification::{Average, Confusion, Counts};
use assay_metrics::near_duplicates::{Unit, duplicates, jaccard, shingles};
use serde_json::{Value, json};

use crate::oracle::Oracle;

const SCRIPT: &str = r#"
from sklearn import metrics as m
def one(f, a):
    t, p = a; l = sorted(set(t) | set(p)); k = dict(labels=l, zero_division=0)
    return [m.accuracy_score(t, p), m.balanced_accuracy_score(t, p), m.matthews_corrcoef(t, p), m.cohen_kappa_score(t, p)] + [
        s(t, p, average=a, **k) for a in ("micro", "macro", "weighted") for s in (m.precision_score, m.recall_score, m.f1_score)
    ] + list(m.recall_score(t, p, average=None, **k))
"#;

/// Texts and intents of a file, or nothing and a printed reason.
fn data(name: &str) -> Option<Vec<(String, String)>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared/data/{name} is not there");
        return None;
    };
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["text"].as_str().unwrap().to_owned(), row["intent"].as_str().unwrap().to_owned())
    };
    Some(text.lines().map(row).collect())
}

/// Words of a text as sorted numbers.
fn words(text: &str, known: &mut HashMap<String, u64>) -> Vec<u64> {
    let mut all: Vec<u64> = text
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let next = known.len() as u64;
            *known.entry(word.to_owned()).or_insert(next)
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Every fifth query with the intent of the query whose words are most alike.
fn predicted(queries: &[(String, String)], known_by: &[(String, String)]) -> (Vec<String>, Vec<String>) {
    let mut known = HashMap::new();
    let sets: Vec<Vec<u64>> = known_by.iter().map(|(text, _)| words(text, &mut known)).collect();
    let nearest = |text: &str, known: &mut HashMap<String, u64>| {
        let own = words(text, known);
        let alike = |at: &usize| if known_by[*at].0 == text { -1.0 } else { jaccard(&own, &sets[*at]).unwrap_or(0.0) };
        let best =
            (0..sets.len()).fold((0, -2.0), |best, at| if alike(&at) > best.1 { (at, alike(&at)) } else { best });
        known_by[best.0].1.clone()
    };
    let chosen = queries.iter().step_by(5);
    chosen.map(|(text, intent)| (intent.clone(), nearest(text, &mut known))).unzip()
}

#[test]
fn intents_are_scored_as_by_scikit_learn() {
    let mut oracle = Oracle::new(SCRIPT);
    for (name, queries, known_by) in [
        ("clinc150", "clinc150/test.jsonl", "clinc150/val.jsonl"),
        ("banking77", "banking77/test.jsonl", "banking77/test.jsonl"),
    ] {
        let (Some(queries), Some(known_by)) = (data(queries), data(known_by)) else { return };
        let (truth, found) = predicted(&queries, &known_by);
        let confusion = Confusion::new(&truth, &found).unwrap();
        let mut ours =
            vec![confusion.accuracy(), confusion.balanced_accuracy(), confusion.mcc(), confusion.kappa().unwrap()];
        for how in [Average::Micro, Average::Macro, Average::Weighted] {
            for measure in [Counts::precision, Counts::recall, Counts::f1] {
                ours.push(confusion.average(how, Some(0.0), measure).value.unwrap());
            }
        }
        ours.extend(confusion.classes().values().map(|class| class.recall().unwrap_or(0.0)));
        println!("{name}: {} queries of {} intents, accuracy {:.3}", truth.len(), confusion.classes().len(), ours[0]);
        // Word overlap alone is a fair guesser, and no more.
        assert!((0.4..0.95).contains(&ours[0]), "{name}: {}", ours[0]);
        if name == "clinc150" {
            let out = confusion.classes().get("oos").expect("queries that are about none of the intents");
            assert!(out.recall().unwrap() < ours[0], "what is out of scope is found less often than the rest");
        }
        oracle.ask(name, json!([truth, found]), ours, 1e-10);
    }
    oracle.check();
}

#[test]
fn no_pair_of_alike_queries_is_lost() {
    for name in ["clinc150/val.jsonl", "banking77/test.jsonl"] {
        let Some(queries) = data(name) else { return };
        let texts: Vec<&str> = queries.iter().map(|(text, _)| text.as_str()).take(1_500).collect();
        let sets: Vec<Vec<u64>> = texts.iter().map(|text| shingles(text, Unit::Characters)).collect();
        let mut truth = Vec::new();
        for (i, a) in sets.iter().enumerate() {
            truth.extend((i + 1..sets.len()).filter(|j| jaccard(a, &sets[*j]) >= Some(0.8)).map(|j| (i, j)));
        }
        let found = duplicates(&texts, Unit::Characters, 0.8).unwrap();
        let hit = truth.iter().filter(|(i, j)| found.clusters.iter().any(|c| c.contains(i) && c.contains(j))).count();
        println!("{name}: {hit} of {} pairs found among {} candidates", truth.len(), found.candidates);
        assert!(!truth.is_empty() && hit as f64 >= 0.98 * truth.len() as f64, "{hit} of {}", truth.len());
        assert!(found.pairs.iter().all(|pair| pair.jaccard >= 0.8));
    }
}
