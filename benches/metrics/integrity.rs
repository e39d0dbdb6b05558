//! Near duplicates.

use assay_metrics::near_duplicates::{Unit, duplicates};
use serde_json::json;

use crate::race::{Races, Stream};

pub fn run(races: &Races) {
    // 2,000 texts of 120 words, every second a copy of the one before with two words changed.
    let mut random = Stream(9);
    let mut texts: Vec<String> = Vec::new();
    for _ in 0..1_000 {
        let mut words: Vec<String> = (0..120).map(|_| format!("w{}", random.below(5_000))).collect();
        texts.push(words.join(" "));
        for _ in 0..2 {
            words[random.below(120)] = format!("w{}", random.below(5_000));
        }
        texts.push(words.join(" "));
    }
    let script = "from datasketch import MinHash, MinHashLSH\n\
        def prepare(a): return a\n\
        def run(d):\n    \
            lsh = MinHashLSH(threshold=0.8, num_perm=128); sets = []; pairs = 0\n    \
            for i, t in enumerate(d):\n        \
                s = {t[k:k + 5].encode() for k in range(len(t) - 4)}; m = MinHash(num_perm=128); m.update_batch(s)\n        \
                for j in lsh.query(m):\n            \
                    pairs += len(s & sets[j]) / len(s | sets[j]) >= 0.8\n        \
                lsh.insert(i, m); sets.append(s)\n    \
            return [pairs]";
    races.add("duplicates", "datasketch", script, &json!(texts), 0.02, || {
        duplicates(&texts, Unit::Characters, 0.8).map(|found| found.pairs.len() as f64).into_iter().collect()
    });
}
