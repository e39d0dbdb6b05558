//! Texts against sacrebleu, rouge-score, rapidfuzz and the SQuAD rules.

use assay_metrics::{answer, distance, overlap};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import collections, re, string
import sacrebleu
from rapidfuzz.distance import JaroWinkler, Levenshtein
from rouge_score import rouge_scorer
bleu = sacrebleu.metrics.BLEU(effective_order=True)
chrf = sacrebleu.metrics.CHRF()
rouge = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
def norm(s):
    s = "".join(c for c in s.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())
def f1(p, g):
    p, g = norm(p).split(), norm(g).split()
    if not p or not g: return float(p == g)
    same = sum((collections.Counter(p) & collections.Counter(g)).values())
    if same == 0: return 0.0
    a, b = same / len(p), same / len(g)
    return 2 * a * b / (a + b)
def one(_, pair):
    a, b = pair
    r = rouge.score(b, a)
    return [
        bleu.sentence_score(a, [b]).score / 100, chrf.sentence_score(a, [b]).score / 100,
        r["rouge1"].fmeasure, r["rouge2"].fmeasure, r["rougeL"].fmeasure,
        Levenshtein.distance(a, b), JaroWinkler.similarity(a, b), f1(a, b),
    ]
"#;

/// Pairs of texts that share some words, with punctuation, numbers, entities and other scripts.
fn pairs() -> Vec<(String, String)> {
    let words = [
        "the",
        "cat",
        "sat",
        "on",
        "a",
        "mat",
        "Hello,",
        "world!",
        "3.5",
        "1,000",
        "-",
        "don't",
        "U.S.",
        "naïve",
        "Straße",
        "&quot;x&quot;",
        "&amp;",
        "e-mail",
        "(see",
        "below)",
        "日本",
        "50%",
        "a/b",
        "end.",
        "\"quoted\"",
        "x=1",
        "An",
    ];
    let mut random = Stream(12_345);
    let mut next = |n: usize| random.below(n as u64) as usize;
    let mut all = vec![
        (String::new(), String::new()),
        ("x".into(), String::new()),
        (String::new(), "x".into()),
        ("the the the".into(), "the cat".into()),
        ("MARTHA".into(), "MARHTA".into()),
    ];
    for _ in 0..400 {
        let base: Vec<&str> = (0..1 + next(14)).map(|_| words[next(words.len())]).collect();
        let mut other = base.clone();
        for _ in 0..next(5) {
            let at = next(other.len());
            other[at] = words[next(words.len())];
        }
        if next(3) == 0 {
            other.truncate(1 + next(other.len()));
        }
        all.push((base.join(" "), other.join(" ")));
    }
    all
}

#[test]
fn text_metrics_agree_with_the_reference_packages() {
    let mut oracle = Oracle::new(SCRIPT);
    for (a, b) in pairs() {
        let ours = vec![
            overlap::sentence_bleu(&a, &[&b]),
            overlap::chrf(&a, &[&b]),
            overlap::rouge_n(&a, &b, 1),
            overlap::rouge_n(&a, &b, 2),
            overlap::rouge_l(&a, &b),
            distance::levenshtein(&a, &b) as f64,
            distance::jaro_winkler(&a, &b),
            answer::token_f1(&a, &b),
        ];
        oracle.ask("bleu, chrf, rouge, levenshtein, jaro-winkler, squad f1", json!([a, b]), ours, 1e-9);
    }
    oracle.check();
}
