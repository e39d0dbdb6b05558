//! Texts.

use assay_metrics::bleu::Bleu;
use assay_metrics::chrf::Chrf;
use assay_metrics::corpus::sum;
use assay_metrics::meteor::{Weights, meteor};
use assay_metrics::rouge::{Tokens, rouge_l, rouge_n};
use assay_metrics::ter::Ter;
use assay_metrics::word_errors::WordErrors;
use serde_json::json;

use crate::race::{Races, Stream};

pub fn run(races: &Races) {
    let mut random = Stream(1);
    let mut text = || (0..120).map(|_| format!("w{}", random.below(300))).collect::<Vec<_>>().join(" ");
    let pairs: Vec<(String, String)> = (0..200).map(|_| (text(), text())).collect();
    for (name, kind) in [("rouge 2", "rouge2"), ("rouge L", "rougeL")] {
        let script = format!(
            "from rouge_score import rouge_scorer\n\
             s = rouge_scorer.RougeScorer(['{kind}'])\n\
             def prepare(a): return a\n\
             def run(d): return sum(s.score(b, a)['{kind}'].fmeasure for a, b in d)"
        );
        races.add(name, "rouge-score", &script, &json!(pairs), 1e-9, || {
            let of = |(a, b): &(String, String)| match kind {
                "rouge2" => rouge_n(a, b, 2, Tokens::default()),
                _ => rouge_l(a, b, Tokens::default()),
            };
            vec![pairs.iter().map(of).sum()]
        });
    }
    translations(races);
}

/// 1,000 sentences of about 25 words of common letters, punctuated, translated with words changed, lost and moved.
fn translations(races: &Races) {
    let mut random = Stream(2);
    let word = |random: &mut Stream| -> String {
        let letter = |random: &mut Stream| char::from(b"etaoinshrdlucmfwypvb"[random.below(20).min(random.below(20))]);
        (0..2 + random.below(7)).map(|_| letter(random)).collect()
    };
    let lexicon: Vec<String> = (0..2_000).map(|_| word(&mut random)).collect();
    let (mut hypotheses, mut references) = (Vec::new(), Vec::new());
    for _ in 0..1_000 {
        let pick = |random: &mut Stream| lexicon[random.below(2_000).min(random.below(2_000))].clone();
        let mut words: Vec<String> = (0..15 + random.below(20)).map(|_| pick(&mut random)).collect();
        let at = words.len() / 2;
        words[at].push(',');
        references.push(words.join(" ") + ".");
        for _ in 0..4 {
            let at = random.below(words.len());
            words[at] = pick(&mut random);
        }
        words.remove(random.below(words.len()));
        let from = random.below(words.len() - 4);
        let moved: Vec<String> = words.drain(from..from + 3).collect();
        let to = random.below(words.len());
        words.splice(to..to, moved);
        hypotheses.push(words.join(" ") + ".");
    }
    let input = json!([hypotheses, references]);
    let segments = || hypotheses.iter().zip(&references);
    let corpus = |metric: &str| {
        format!(
            "import logging\nfrom sacrebleu.metrics import BLEU, CHRF, TER\nlogging.disable(logging.CRITICAL)\n\
             def prepare(a): return a[0], [a[1]]\n\
             def run(d): return {metric}.corpus_score(*d).score / 100"
        )
    };
    races.add("bleu 13a", "sacrebleu", &corpus("BLEU()"), &input, 1e-9, || {
        let bleu = Bleu::default();
        bleu.score(&sum(&segments().map(|(h, r)| bleu.segment(h, &[r])).collect::<Vec<_>>())).into_iter().collect()
    });
    for (name, word_order) in [("chrf", 0), ("chrf++", 2)] {
        let metric = format!("CHRF(word_order={word_order})");
        races.add(name, "sacrebleu", &corpus(&metric), &input, 1e-9, || {
            let chrf = Chrf { word_order, ..Chrf::default() };
            chrf.score(&sum(&segments().map(|(h, r)| chrf.segment(h, &[r])).collect::<Vec<_>>())).into_iter().collect()
        });
    }
    races.add("ter", "sacrebleu", &corpus("TER()"), &input, 1e-9, || {
        let ter = Ter::default();
        sum(&segments().map(|(h, r)| ter.segment(h, &[r])).collect::<Vec<_>>()).rate().into_iter().collect()
    });
    for (name, function, of) in [
        ("wer", "words", WordErrors::of_words as fn(&str, &str) -> WordErrors),
        ("cer", "characters", WordErrors::of_characters),
    ] {
        let script = format!(
            "import jiwer\ndef prepare(a): return a\n\
             def run(d): return jiwer.process_{function}(d[1], d[0]).{name}"
        );
        races.add(name, "jiwer", &script, &input, 1e-9, || {
            sum(&segments().map(|(h, r)| of(h, r)).collect::<Vec<_>>()).rate().into_iter().collect()
        });
    }
    let script = "from nltk.translate.meteor_score import meteor_score\n\
        class Stub:\n    def synsets(self, word): return []\n\
        def prepare(a): return [(h.split(), r.split()) for h, r in zip(*a)]\n\
        def run(d): return sum(meteor_score([r], h, wordnet=Stub()) for h, r in d)";
    races.add("meteor", "NLTK without WordNet", script, &input, 1e-9, || {
        vec![segments().map(|(h, r)| meteor(h, &[r], Weights::default())).sum()]
    });
    let script = "import collections, re, string\n\
        def norm(s):\n    \
        s = ''.join(c for c in s.lower() if c not in set(string.punctuation))\n    \
        return ' '.join(re.sub(r'\\b(a|an|the)\\b', ' ', s).split()).split()\n\
        def f1(p, g):\n    \
        p, g = norm(p), norm(g); same = sum((collections.Counter(p) & collections.Counter(g)).values())\n    \
        return 2 * same / (len(p) + len(g)) if same else 0.0\n\
        def prepare(a): return a\n\
        def run(d): return sum(map(f1, *d))";
    races.add("squad f1", "the official script's rules", script, &input, 1e-9, || {
        vec![segments().map(|(h, r)| assay_metrics::answer::token_f1(h, r)).sum()]
    });
}
