//! Contamination against brute force, near duplicates against datasketch and against all pairs.

use std::collections::{BTreeSet, HashSet};

use assay_metrics::contamination::{Index, Rule, normalise};
use assay_metrics::near_duplicates::{
    PERMUTATIONS, Unit, bands, duplicates, duplicates_against, estimated_jaccard, jaccard, shingles, signature,
};
use proptest::prelude::*;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import unicodedata
def normal(s):
    s = unicodedata.normalize("NFKC", s).lower()
    return " ".join("".join(c for c in s if unicodedata.category(c)[0] != "P").split())
def units(s, kind): return list(normal(s)) if kind == "characters" else normal(s).split()
def five(s, kind):
    u = units(s, kind); return {tuple(u[i:i + 5]) for i in range(len(u) - 4)} if len(u) > 4 else ({tuple(u)} if u else set())
def one(f, a):
    if f.startswith("overlap"):
        cases, documents, n, kind = a; out = []
        d = set()
        for t in documents:
            u = units(t, kind); d |= {tuple(u[i:i + n]) for i in range(len(u) - n + 1)}
        for t in cases:
            u = units(t, kind); g = [tuple(u[i:i + n]) in d for i in range(len(u) - n + 1)]; out += [len(g), sum(g)]
        return out
    if f == "normalise": return [float(normal(s) == n) for s, n in a]
    if f == "jaccard":
        x, y = five(a[0], a[2]), five(a[1], a[2]); return len(x & y) / len(x | y) if x | y else np.nan
    if f == "minhash":
        # Both estimate the same thing: how far theirs is from the truth, in standard errors, is below 4 as ours is.
        from datasketch import MinHash
        out = []
        for x, y in a:
            m = []
            for s in (x, y):
                h = MinHash(num_perm=128)
                for v in s: h.update(v.encode())
                m.append(h)
            x, y = set(x), set(y); j = len(x & y) / len(x | y); se = np.sqrt(j * (1 - j) / 128)
            out.append(float(abs(m[0].jaccard(m[1]) - j) <= 4 * se))
        return out
    if f == "duplicates":
        s = [five(t, "characters") for t in a[0]]
        return [1000 * i + j for i in range(len(s)) for j in range(i + 1, len(s)) if s[i] | s[j] and len(s[i] & s[j]) / len(s[i] | s[j]) >= a[1]]
    raise ValueError(f)
"#;

const WORDS: [&str; 14] =
    ["the", "cat", "Sat", "on", "naïve", "Straße,", "don't", "ﬁne", "(3.5)", "ΣΑΣ", "—", "$5", "数学", "e\u{301}t"];

fn text(random: &mut Stream, words: usize, vocabulary: usize) -> String {
    let vocabulary = vocabulary as u64;
    (0..words).map(|_| WORDS[random.below(vocabulary) as usize]).collect::<Vec<_>>().join(" ")
}

#[test]
fn overlap_and_similarity_agree_with_brute_force() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(51);
    let texts: Vec<String> = (0..60).map(|n| text(&mut random, n % 9, 14)).collect();
    let pairs: Vec<(&String, String)> = texts.iter().map(|t| (t, normalise(t))).collect();
    oracle.ask("normalise", json!(pairs), vec![1.0; pairs.len()], 0.0);
    for round in 0..70 {
        let vocabulary = 2 + round % 13;
        let cases: Vec<String> = (0..6).map(|n| text(&mut random, 4 * n, vocabulary)).collect();
        let mut documents: Vec<String> = (0..8).map(|_| text(&mut random, 15, vocabulary)).collect();
        documents.push(format!("x {} y", cases[5].to_uppercase()));
        for (rule, n, kind, name) in [
            (Rule::Words(3), 3, "words", "overlap words"),
            (Rule::Coverage { words: 2, share: 0.7 }, 2, "words", "overlap coverage"),
            (Rule::Characters(12), 12, "characters", "overlap characters"),
        ] {
            let mut index = Index::new(&cases, rule).unwrap();
            documents.iter().for_each(|document| index.read(document));
            let ours = index.overlaps();
            let counts = ours.iter().flat_map(|o| [o.grams as f64, o.found as f64]).collect();
            oracle.ask(name, json!([cases, documents, n, kind]), counts, 0.0);
            let is_hit = |found: usize, total: usize| match rule {
                Rule::Coverage { share, .. } => found as f64 >= share * total as f64,
                _ => found > 0,
            };
            for o in ours {
                assert_eq!(o.contaminated, (o.grams > 0).then(|| is_hit(o.found, o.grams)));
            }
        }
        for (unit, kind) in [(Unit::Characters, "characters"), (Unit::Words, "words")] {
            let (a, b) = (text(&mut random, 12, vocabulary), text(&mut random, 12, vocabulary));
            let ours = jaccard(&shingles(&a, unit), &shingles(&b, unit)).unwrap_or(f64::NAN);
            oracle.ask("jaccard", json!([a, b, kind]), vec![ours], 1e-12);
        }
        let base: Vec<String> = (0..6).map(|_| text(&mut random, 20, 14)).collect();
        let all: Vec<String> = base.iter().map(|t| format!("{t} end")).chain(base.iter().cloned()).collect();
        let found = duplicates(&all, Unit::Characters, 0.7).unwrap();
        let ours = found.pairs.iter().map(|p| (1000 * p.a + p.b) as f64).collect();
        oracle.ask("duplicates", json!([all, 0.7]), ours, 0.0);
    }
    oracle.check();
}

#[test]
fn signatures_estimate_as_well_as_datasketch() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(53);
    let (mut pairs, mut squares) = (Vec::new(), 0.0);
    for round in 0..400 {
        let (shared, own) = (1 + round % 40, 1 + (round / 7) % 40);
        let mut set = |n: usize| -> Vec<String> { (0..n).map(|_| format!("{:.17}", random.next())).collect() };
        let (both, a, b) = (set(shared), set(own), set(own));
        let (a, b) = ([both.clone(), a].concat(), [both, b].concat());
        let hashes = |texts: &[String]| -> Vec<u64> {
            let mut all: Vec<u64> = texts.iter().flat_map(|t| shingles(&t[..], Unit::Words)).collect();
            all.sort_unstable();
            all
        };
        let (x, y) = (hashes(&a), hashes(&b));
        let j = jaccard(&x, &y).unwrap();
        assert!((j - shared as f64 / (shared + 2 * own) as f64).abs() < 1e-12);
        let z = (estimated_jaccard(&signature(&x), &signature(&y)) - j) / (j * (1.0 - j) / PERMUTATIONS as f64).sqrt();
        // The rule of four standard errors; below J = 0.1 the binomial is too skewed for it at 400 draws.
        assert!(z.abs() < if j < 0.1 { 5.0 } else { 4.0 }, "{z} at {j}");
        squares += z * z;
        if j >= 0.1 && pairs.len() < 80 {
            pairs.push((a, b));
        }
    }
    // For unions of 3 to 120 shingles Ertl's α is about a half: the error is that of as many hash functions or less.
    assert!((0.4..1.0).contains(&(squares / 400.0)), "variance {}", squares / 400.0);
    let n = pairs.len();
    oracle.ask("minhash", json!(pairs), vec![1.0; n], 0.0);
    oracle.check();
}

#[test]
fn the_hashing_loses_no_pair_above_the_threshold() {
    let mut random = Stream(57);
    let vocabulary: Vec<String> = (0..4000).map(|n| format!("w{n}")).collect();
    let mut texts = Vec::new();
    for _ in 0..150 {
        let mut words: Vec<&str> = (0..80).map(|_| vocabulary[random.below(4000) as usize].as_str()).collect();
        texts.push(words.join(" "));
        for _ in 0..random.below(5) {
            let at = random.below(80) as usize;
            words[at] = &vocabulary[random.below(4000) as usize];
        }
        texts.push(words.join(" "));
    }
    let sets: Vec<Vec<u64>> = texts.iter().map(|t| shingles(t, Unit::Characters)).collect();
    let mut truth = BTreeSet::new();
    for (i, a) in sets.iter().enumerate() {
        for (j, b) in sets.iter().enumerate().skip(i + 1) {
            if jaccard(a, b) >= Some(0.8) {
                truth.insert((i, j));
            }
        }
    }
    let found = duplicates(&texts, Unit::Characters, 0.8).unwrap();
    let hit = found.pairs.iter().filter(|p| truth.contains(&(p.a, p.b))).count();
    println!("recall {hit} of {}, {} candidates of {} pairs", truth.len(), found.candidates, 300 * 299 / 2);
    assert_eq!(found.pairs.len(), hit, "all found are at the threshold or above");
    assert!(hit as f64 >= 0.99 * truth.len() as f64 && found.candidates < 2_000);
}

#[test]
fn rules_know_what_they_cannot_see() {
    assert!(Index::new(&["a"], Rule::Words(0)).is_none());
    assert!(Index::new(&["a"], Rule::Coverage { words: 8, share: f64::NAN }).is_none());
    let mut index = Index::new(&["", "one two", "… —"], Rule::GPT3).unwrap();
    index.read("");
    assert!(index.overlaps().iter().all(|o| o.contaminated.is_none() && o.document.is_none()));
    assert_eq!((bands(0.0), bands(f64::NAN), bands(0.01)), (None, None, None));
    assert_eq!(jaccard(&[], &[]), None);
    assert!(duplicates(&["", ""], Unit::Words, 0.8).unwrap().pairs.is_empty());
    let many = duplicates(&["the same text"; 500], Unit::Characters, 0.8).unwrap();
    assert_eq!((many.pairs.len(), many.clusters.len(), many.candidates), (499, 1, 0));
    let across = duplicates_against(
        &["same text", "same text"],
        &["other one", "same text", "same text"],
        Unit::Characters,
        0.9,
    )
    .unwrap();
    let pairs: HashSet<_> = across.pairs.iter().map(|p| (p.a, p.b)).collect();
    assert_eq!(pairs, HashSet::from([(0, 1), (1, 1)]));
}

proptest! {
    #[test]
    fn a_text_overlaps_with_itself(text in "\\PC{0,80}") {
        let once = normalise(&text);
        let mut index = Index::new(&[&text], Rule::Characters(5)).unwrap();
        index.read(&text);
        let found = index.overlaps()[0];
        prop_assert_eq!(found.grams, found.found);
        prop_assert_eq!(found.grams, once.chars().count().saturating_sub(4));
    }
}
