//! Translations and transcripts against sacrebleu, jiwer and NLTK.

use assay_metrics::bleu::{Bleu, Smoothing};
use assay_metrics::chrf::Chrf;
use assay_metrics::corpus::sum;
use assay_metrics::meteor::{Weights, meteor};
use assay_metrics::ter::Ter;
use assay_metrics::tokens::Tokeniser;
use assay_metrics::word_errors::WordErrors;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const WORDS: [&str; 48] = [
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
    "日本語",
    "50%",
    "a/b",
    "end.",
    "\"quoted\"",
    "x=1",
    "An",
    "cat's",
    "1990-1995",
    "我爱你。",
    "→",
    "《書》",
    "5-",
    "...",
    ",,",
    "a..b",
    "€5",
    "«oui»",
    "２０",
    "ＡＢ",
    "カタカナ",
    "𠀀",
    "'s",
    "İ",
    "-\n",
    "<skipped>",
    "\u{1c}",
    "⾀",
];

/// A text of up to `most` words; few different ones in every other text, so that there is much to shift.
fn text(random: &mut Stream, most: u64, kinds: u64) -> String {
    let words: Vec<&str> =
        (0..random.below(most + 1)).map(|_| WORDS[random.below(kinds.min(WORDS.len() as u64)) as usize]).collect();
    words.join(["  ", " ", " ", "\n", ""][random.below(if most > 3 { 4 } else { 5 }) as usize])
}

/// A text like another: words replaced, left out and added, blocks moved.
fn like(random: &mut Stream, text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for _ in 0..random.below(6) {
        let at = random.below(words.len() as u64) as usize;
        match random.below(4) {
            0 => words[at] = WORDS[random.below(40) as usize],
            1 if words.len() > 1 => drop(words.remove(at)),
            2 => words.insert(at, WORDS[random.below(6) as usize]),
            _ => {
                let block: Vec<&str> = words.drain(at..(at + 1 + random.below(4) as usize).min(words.len())).collect();
                let to = random.below(words.len() as u64 + 1) as usize;
                words.splice(to..to, block);
            }
        }
        if words.is_empty() {
            words.push("a");
        }
    }
    words.join(" ")
}

/// Segments with hypothesis and references.
fn corpus(random: &mut Stream, round: u64) -> (Vec<String>, Vec<Vec<String>>) {
    let references = 1 + round % 3;
    let most = [3, 12, 40][(round / 3 % 3) as usize];
    let kinds = if round.is_multiple_of(2) { 48 } else { 6 };
    (0..1 + random.below(6))
        .map(|_| {
            let first = text(random, most, kinds);
            let all: Vec<String> =
                (0..references).map(|k| if k == 0 { first.clone() } else { like(random, &first) }).collect();
            (if random.below(8) == 0 { text(random, most, kinds) } else { like(random, &first) }, all)
        })
        .unzip()
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

const SACREBLEU: &str = r#"
import logging
logging.disable(logging.CRITICAL)
from sacrebleu.metrics import BLEU, CHRF, TER
def one(f, a):
    settings, hypotheses, references, signature = a
    metric = {"b": BLEU, "c": CHRF, "t": TER}[f[0]](**settings)
    streams = [list(x) for x in zip(*references)]
    s = metric.corpus_score(hypotheses, streams)
    out = [s.score / 100, float(metric.get_signature().format() == signature)]
    if f.startswith("bleu"): out += list(s.counts) + list(s.totals) + [s.sys_len, s.ref_len, s.bp]
    if f.startswith("ter"): out += [s.num_edits, s.ref_length]
    return out
"#;

#[test]
fn corpora_agree_with_sacrebleu() {
    let mut oracle = Oracle::new(SACREBLEU);
    let mut random = Stream(71);
    for round in 0..300 {
        let (hypotheses, references) = corpus(&mut random, round);
        let segments = || hypotheses.iter().zip(&references).map(|(h, r)| (h.as_str(), borrowed(r)));
        let count = Some(references[0].len());
        let lowercase = round % 5 == 0;

        let tokens = Tokeniser::ALL[(round % 5) as usize];
        let smoothing = [Smoothing::Exp, Smoothing::None, Smoothing::Floor(0.1), Smoothing::AddK(1.0), Smoothing::Exp]
            [(round / 5 % 5) as usize];
        let bleu = Bleu { tokens, smoothing, effective_order: round % 7 < 3, lowercase };
        let counts = sum(&segments().map(|(h, r)| bleu.segment(h, &r)).collect::<Vec<_>>());
        // Where there is no token sacrebleu says 0 and we nothing.
        let mut ours = vec![bleu.score(&counts).unwrap_or(0.0), 1.0];
        let add = |n: usize| match smoothing {
            // sacrebleu gives the counts with what it added.
            Smoothing::AddK(k) if n > 0 && counts.matched.iter().any(|m| *m > 0.0) => k,
            _ => 0.0,
        };
        ours.extend(counts.matched.iter().enumerate().map(|(n, count)| *count + add(n)));
        ours.extend(counts.total.iter().enumerate().map(|(n, count)| *count + add(n)));
        ours.extend([counts.length, counts.reference_length, counts.brevity_penalty()]);
        let (name, value) = match smoothing {
            Smoothing::None => ("none", None),
            Smoothing::Exp => ("exp", None),
            Smoothing::Floor(value) => ("floor", Some(value)),
            Smoothing::AddK(value) => ("add-k", Some(value)),
        };
        let settings = json!({"tokenize": tokens.name(), "smooth_method": name, "smooth_value": value,
            "effective_order": bleu.effective_order, "lowercase": lowercase});
        let asked = json!([settings, hypotheses, references, bleu.signature(count)]);
        oracle.ask(&format!("bleu {}", tokens.name()), asked, ours, 1e-9);

        let chrf = Chrf { word_order: (round % 3) as usize, lowercase };
        let counts = sum(&segments().map(|(h, r)| chrf.segment(h, &r)).collect::<Vec<_>>());
        let settings = json!({"word_order": chrf.word_order, "lowercase": lowercase});
        let asked = json!([settings, hypotheses, references, chrf.signature(count)]);
        let name = ["chrf", "chrf+", "chrf++"][chrf.word_order];
        oracle.ask(name, asked, vec![chrf.score(&counts).unwrap_or(0.0), 1.0], 1e-9);

        let ter = Ter {
            normalised: round.is_multiple_of(2),
            no_punctuation: round % 3 == 0,
            asian: round % 5 < 2,
            case_sensitive: round % 7 == 0,
        };
        let counts = sum(&segments().map(|(h, r)| ter.segment(h, &r)).collect::<Vec<_>>());
        let settings = json!({"normalized": ter.normalised, "no_punct": ter.no_punctuation,
            "asian_support": ter.asian, "case_sensitive": ter.case_sensitive});
        let asked = json!([settings, hypotheses, references, ter.signature(count)]);
        let ours = vec![counts.rate().unwrap_or(0.0), 1.0, counts.edits, counts.reference_length];
        oracle.ask("ter", asked, ours, 1e-9);
    }
    for round in 0..16 {
        // Longer than the beam and the longest shift, with far more shifts than are tried.
        let kinds = [3, 48][round % 2];
        let long = |random: &mut Stream, words: u64| -> String {
            (0..words).map(|_| WORDS[random.below(kinds) as usize]).collect::<Vec<_>>().join(" ")
        };
        let (a, b) = (30 + random.below(90), 30 + random.below(90));
        let (reference, other) = (long(&mut random, a), long(&mut random, b));
        let hypothesis = match round % 4 {
            0 | 1 => like(&mut random, &reference),
            2 => other,
            _ => long(&mut random, 1 + b % 3),
        };
        let ter = Ter::default();
        let counts = ter.segment(&hypothesis, &[&reference]);
        let asked = json!([{}, [hypothesis], [[reference]], ter.signature(Some(1))]);
        oracle.ask("ter", asked, vec![counts.rate().unwrap(), 1.0, counts.edits, counts.reference_length], 1e-9);
    }
    oracle.check();
}

const JIWER: &str = r#"
import jiwer
def one(f, a):
    hypotheses, references = a
    if f == "cer":
        s = jiwer.process_characters(references, hypotheses)
        return [s.cer, s.hits, s.substitutions, s.deletions, s.insertions]
    s = jiwer.process_words(references, hypotheses)
    return [s.wer, s.mer, s.wil, s.hits, s.substitutions, s.deletions, s.insertions]
"#;

#[test]
fn word_errors_agree_with_jiwer() {
    let mut oracle = Oracle::new(JIWER);
    let mut random = Stream(72);
    for round in 0..400 {
        let (hypotheses, references) = corpus(&mut random, round);
        // jiwer splits words at U+0020 only.
        let plain = |text: &String| text.replace(['\n', '\u{1c}'], " ");
        let hypotheses: Vec<String> = hypotheses.iter().map(plain).collect();
        let references: Vec<String> = references.iter().map(|all| plain(&all[0])).collect();
        let all = |of: fn(&str, &str) -> WordErrors| {
            sum(&hypotheses.iter().zip(&references).map(|(h, r)| of(h, r)).collect::<Vec<_>>())
        };
        let counts = |e: WordErrors| [e.hits, e.substitutions, e.deletions, e.insertions];
        let words = all(WordErrors::of_words);
        // Without a word to expect jiwer gives the number of insertions.
        let rate = |errors: WordErrors| errors.rate().unwrap_or(errors.insertions);
        let mut ours = vec![rate(words), words.mer(), words.wil()];
        ours.extend(counts(words));
        oracle.ask("wer", json!([hypotheses, references]), ours, 1e-12);
        let characters = all(WordErrors::of_characters);
        let mut ours = vec![rate(characters)];
        ours.extend(counts(characters));
        oracle.ask("cer", json!([hypotheses, references]), ours, 1e-12);
    }
    oracle.check();
}

const NLTK: &str = r#"
from nltk.translate.meteor_score import meteor_score
class Stub:
    def synsets(self, word): return []
def one(f, a):
    hypothesis, references, weights = a
    alpha, beta, gamma = weights
    return meteor_score([r.split() for r in references], hypothesis.split(), wordnet=Stub(), alpha=alpha, beta=beta, gamma=gamma)
"#;

#[test]
fn meteor_agrees_with_nltk_without_wordnet() {
    let words = "the cats cat sat sitting sits on a mats mat running runs ran happily happy happiness nation national Run \
                 naïve . , argued argues";
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut oracle = Oracle::new(NLTK);
    let mut random = Stream(73);
    for round in 0..300 {
        let mut one = |most: u64| -> String {
            (0..random.below(most))
                .map(|_| words[random.below(words.len() as u64) as usize])
                .collect::<Vec<_>>()
                .join(" ")
        };
        let most = 2 + round % 25;
        let (hypothesis, references) = (one(most), (0..1 + round % 3).map(|_| one(most)).collect::<Vec<_>>());
        let three = match round % 2 {
            0 => [0.9, 3.0, 0.5],
            _ => [random.next(), 1.0 + 3.0 * random.next(), random.next()],
        };
        let weights = Weights::new(three[0], three[1], three[2]).unwrap();
        let ours = vec![meteor(&hypothesis, &borrowed(&references), weights)];
        oracle.ask("meteor", json!([hypothesis, references, three]), ours, 1e-12);
    }
    oracle.check();
}
