//! The stored search for near duplicates beside datasketch's MinHash LSH: the same sets, threshold and number of
//! permutations, and a truth that brute force knows.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use assay_datasets::duplicates::{Search, find};
use assay_metrics::near_duplicates::{PERMUTATIONS, Unit, jaccard, shingles};
use serde_json::{Value, json};

use crate::library::Bench;

const THRESHOLD: f64 = 0.8;

/// Candidates of datasketch, for lists of shingles: one list of pairs for each pair of weights of false positives and
/// false negatives, the default one first.
const SCRIPT: &str = r#"
import json, sys
import datasketch
sets = [json.loads(line) for line in open(sys.argv[1])]
minhashes = []
for each in sets:
    one = datasketch.MinHash(num_perm=int(sys.argv[3]), seed=1)
    one.update_batch([str(shingle).encode() for shingle in each])
    minhashes.append(one)
out = []
for weights in [(0.5, 0.5), (0.1, 0.9)]:
    index = datasketch.MinHashLSH(threshold=float(sys.argv[2]), num_perm=int(sys.argv[3]), weights=weights)
    pairs = []
    for at, one in enumerate(minhashes):
        pairs += [[int(other), at] for other in index.query(one)]
        index.insert(str(at), one)
    out.append({"bands": [index.b, index.r], "pairs": pairs})
print(json.dumps(out))
"#;

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// 1,000 texts of forty words, each with two copies in which zero to five words are others: similarities lie on both
/// sides of the threshold.
fn texts() -> Vec<String> {
    let mut state = 7;
    let mut word = || format!("{:x}", random(&mut state) % 3_000 + 65_536);
    let mut texts = Vec::new();
    for i in 0..1_000 {
        let words: Vec<String> = (0..40).map(|_| word()).collect();
        texts.push(words.join(" "));
        for copy in 0..2 {
            let mut words = words.clone();
            for change in 0..(i + copy) % 6 {
                words[(i * 7 + change * 11 + copy) % 40] = word();
            }
            texts.push(words.join(" "));
        }
    }
    texts
}

#[test]
fn no_fewer_near_duplicates_are_found_than_by_datasketch() {
    let texts = texts();
    let sets: Vec<Vec<u64>> = texts.iter().map(|text| shingles(text, Unit::Characters)).collect();
    let mut truth = BTreeSet::new();
    for (b, other) in sets.iter().enumerate() {
        truth.extend((0..b).filter(|a| jaccard(&sets[*a], other) >= Some(THRESHOLD)).map(|a| (a as u64, b as u64)));
    }
    assert!(truth.len() > 1_000, "{}", truth.len());

    let bench = Bench::new();
    let lines: Vec<String> =
        texts.iter().enumerate().map(|(i, text)| json!({"id": format!("{i}"), "question": text}).to_string()).collect();
    let version = bench.add("qa", &lines).record.unwrap().version;
    let search = Search { threshold: THRESHOLD, unit: Unit::Characters, field: None };
    let found = find(&bench.library, version, None, &search).unwrap();
    let pairs: BTreeSet<(u64, u64)> = found.pairs.iter().map(|(rows, _)| *rows).collect();
    assert!(pairs.is_subset(&truth), "what is found is verified exactly");
    let n = truth.len() as f64;
    let ours = pairs.len() as f64 / n;
    let mut table = format!("{} pairs of {} texts\n", truth.len(), texts.len());
    let _ = writeln!(table, "assay: {ours:.4}, {} false candidates", found.candidates - found.pairs_in_all);
    // A pair exactly at the threshold is found with probability 0.99, most lie above it.
    assert!(ours >= 0.99, "{table}");

    let Ok(python) = std::env::var("ASSAY_ORACLE_PYTHON") else {
        println!("{table}skipped: ASSAY_ORACLE_PYTHON is not set (see tests/oracle/README.md)");
        return;
    };
    let file = bench.write("sets.jsonl", &sets.iter().map(|set| format!("{}\n", json!(set))).collect::<String>());
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).arg(file).arg(THRESHOLD.to_string()).arg(PERMUTATIONS.to_string());
    let output = command.output().expect("the interpreter starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
    for theirs in theirs.as_array().unwrap() {
        let pairs = theirs["pairs"].as_array().unwrap();
        let pairs: BTreeSet<(u64, u64)> =
            pairs.iter().map(|pair| (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap())).collect();
        let hit = pairs.intersection(&truth).count();
        let recall = hit as f64 / n;
        let _ = writeln!(table, "datasketch {}: {recall:.4}, {} false candidates", theirs["bands"], pairs.len() - hit);
        let error = (recall * (1.0 - recall) / n).sqrt();
        assert!(ours >= recall - 3.0 * error, "{table}");
    }
    println!("{table}");
}
