//! Texts against sacrebleu, rouge-score, rapidfuzz and the SQuAD rules.

use assay_metrics::rouge::{Tokens, rouge_l, rouge_lsum, rouge_n};
use assay_metrics::{answer, bleu, chrf, distance, stem};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import collections, re, regex, string
import sacrebleu
from nltk.stem.porter import PorterStemmer
from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, Jaro, JaroWinkler, LCSseq, Levenshtein, OSA
from rouge_score import rouge_scorer
bleu = sacrebleu.metrics.BLEU(effective_order=True)
chrf = sacrebleu.metrics.CHRF()
kinds = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
plain, stemmed = (rouge_scorer.RougeScorer(kinds, use_stemmer=s) for s in (False, True))
class AllScripts:
    kana = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
    def tokenize(self, text):
        return regex.findall(f"(?V1){self.kana}|[[\\p{{L}}\\p{{M}}\\p{{N}}]--{self.kana}]+", text.lower())
every = rouge_scorer.RougeScorer(kinds, tokenizer=AllScripts())
porter = PorterStemmer()
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
def one(f, pair):
    if f == "porter": return [float(porter.stem(word) == stem) for word, stem in pair]
    a, b = pair
    if f == "overlap": return [bleu.sentence_score(a, [b]).score / 100, chrf.sentence_score(a, [b]).score / 100]
    if f == "rouge": return [s[k].fmeasure for s in (plain.score(b, a), stemmed.score(b, a)) for k in kinds]
    if f == "rouge unicode":
        s = every.score(b, a)
        return [s[k].fmeasure for k in kinds]
    if f == "swaps": return [g.distance(a, b) for g in (DamerauLevenshtein, OSA)] + [
        Jaro.similarity(a, b), LCSseq.normalized_similarity(a, b)]
    if f == "squad f1": return f1(a, b)
    if f == "partial ratio": return fuzz.partial_ratio(a, b) / 100
    return [
        Levenshtein.distance(a, b), Levenshtein.normalized_similarity(a, b), JaroWinkler.similarity(a, b),
        fuzz.token_sort_ratio(a, b) / 100, fuzz.token_set_ratio(a, b) / 100,
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
        let gap = if next(2) == 0 { "\n" } else { " " };
        for _ in 0..next(5) {
            let at = next(other.len());
            other[at] = words[next(words.len())];
        }
        if next(3) == 0 {
            other.truncate(1 + next(other.len()));
        }
        all.push((base.join(gap), other.join(gap)));
    }
    all
}

#[test]
fn text_metrics_agree_with_the_reference_packages() {
    let mut oracle = Oracle::new(SCRIPT);
    for (a, b) in pairs() {
        let mut ask = |what: &str, ours: Vec<f64>| oracle.ask(what, json!([a, b]), ours, 1e-9);
        ask("overlap", vec![bleu::sentence_bleu(&a, &[&b]), chrf::chrf(&a, &[&b])]);
        let rouge = [false, true].into_iter().flat_map(|stem| {
            let t = Tokens { stem, unicode: false };
            [rouge_n(&a, &b, 1, t), rouge_n(&a, &b, 2, t), rouge_l(&a, &b, t), rouge_lsum(&a, &b, t)]
        });
        ask("rouge", rouge.collect());
        let t = Tokens { unicode: true, ..Tokens::default() };
        let unicode = [rouge_n(&a, &b, 1, t), rouge_n(&a, &b, 2, t), rouge_l(&a, &b, t), rouge_lsum(&a, &b, t)];
        ask("rouge unicode", unicode.to_vec());
        let swaps = [distance::damerau(&a, &b), distance::osa(&a, &b)].map(|edits| edits as f64);
        ask("swaps", [swaps, [distance::jaro(&a, &b), distance::lcs_similarity(&a, &b)]].concat());
        ask("squad f1", vec![answer::token_f1(&a, &b)]);
        // Whole texts, and the middle of one with a letter changed in the other.
        let middle: String = a.chars().skip(a.chars().count() / 3).take(90).collect();
        let changed = b.replacen('a', "é", 1) + &a.replacen('t', "", 2) + &b;
        for (a, b) in [(&a, &b), (&middle, &b), (&middle, &changed), (&changed, &a)] {
            oracle.ask("partial ratio", json!([a, b]), vec![distance::partial_ratio(a, b)], 1e-9);
        }
        let mut ask = |what: &str, ours: Vec<f64>| oracle.ask(what, json!([a, b]), ours, 1e-9);
        let measures =
            [distance::similarity, distance::jaro_winkler, distance::token_sort_ratio, distance::token_set_ratio];
        let edits = distance::levenshtein(&a, &b) as f64;
        ask("distance", std::iter::once(edits).chain(measures.map(|measure| measure(&a, &b))).collect());
    }
    let words = words();
    let stems: Vec<_> = words.iter().map(|word| json!([word, stem::porter(word)])).collect();
    oracle.ask("porter", json!(stems), vec![1.0; words.len()], 0.0);
    oracle.check();
}

/// Words of many shapes: the documentation's, and beginnings joined with every suffix that the stemmer knows.
fn words() -> Vec<String> {
    let text = concat!(include_str!("../../../../docs/scorers.md"), include_str!("../../../../README.md"));
    let mut words: Vec<String> = text.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_lowercase).collect();
    let starts = "rel condit ration val hesit digit conform radic differ vile analog predic oper feud hope sky dy t ag fl \
                  plast mot sens form electr good all adjust depend adopt hom commun effec bowdl prob contr fizz fall \
                  syzyg yell b toy apolog psycholog happ d n inn proc lull traditi cal";
    let ends = " s es ies ied ed eed ing ational tional enci anci izer bli abli alli entli eli ousli ization ation ator \
                alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance \
                ence er ic able ible ant ement ment ent ion sion tion ou ism ate iti ous ive ize e ll le y ying ally";
    for start in starts.split_whitespace() {
        words.extend(ends.split_whitespace().map(|end| format!("{start}{end}")));
    }
    words.extend(
        ["sky", "skies", "dying", "lying", "news", "innings", "howe", "proceed", "succeed", "is", "a"].map(Into::into),
    );
    words.retain(|word| !word.is_empty());
    words
}
