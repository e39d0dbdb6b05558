//! Parity with sacrebleu, rouge-score, rapidfuzz and the SQuAD rules, run live. See `tests/oracle/README.md`.

use std::io::Write;
use std::process::{Command, Stdio};

use assay_metrics::{answer, distance, overlap};
use serde_json::{Value, json};

const SCRIPT: &str = r#"
import collections, json, re, string, sys
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
out = []
for a, b in json.load(sys.stdin):
    r = rouge.score(b, a)
    out.append([
        bleu.sentence_score(a, [b]).score / 100, chrf.sentence_score(a, [b]).score / 100,
        r["rouge1"].fmeasure, r["rouge2"].fmeasure, r["rougeL"].fmeasure,
        Levenshtein.distance(a, b), JaroWinkler.similarity(a, b), f1(a, b),
    ])
print(json.dumps(out))
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
    let mut state = 12_345u64;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % n
    };
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
    let Ok(python) = std::env::var("ASSAY_ORACLE_PYTHON") else {
        println!("skipped: ASSAY_ORACLE_PYTHON is not set (see tests/oracle/README.md)");
        return;
    };
    let pairs = pairs();
    let mut child =
        Command::new(python).args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let asked: Vec<Value> = pairs.iter().map(|(a, b)| json!([a, b])).collect();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&asked).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<[f64; 8]> = serde_json::from_slice(&output.stdout).unwrap();
    let names = ["bleu", "chrf", "rouge-1", "rouge-2", "rouge-l", "levenshtein", "jaro-winkler", "squad f1"];
    for ((a, b), theirs) in pairs.iter().zip(answers) {
        let ours = [
            overlap::sentence_bleu(a, &[b]),
            overlap::chrf(a, &[b]),
            overlap::rouge_n(a, b, 1),
            overlap::rouge_n(a, b, 2),
            overlap::rouge_l(a, b),
            distance::levenshtein(a, b) as f64,
            distance::jaro_winkler(a, b),
            answer::token_f1(a, b),
        ];
        for ((name, ours), theirs) in names.iter().zip(ours).zip(theirs) {
            assert!((ours - theirs).abs() < 1e-9, "{name} of {a:?} and {b:?}: ours {ours}, theirs {theirs}");
        }
    }
}
