//! Classification, entities, fairness, forecasts and edit distance.

use std::collections::BTreeMap;

use assay_metrics::classification::{Average, Confusion, Counts, Ranked, average};
use assay_metrics::distance::levenshtein;
use assay_metrics::entities::{Scheme, entity_counts};
use assay_metrics::fairness::{Groups, Rate};
use assay_metrics::forecasting::{Ensemble, crps_ensemble};
use serde_json::json;

use crate::race::Races;

struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }
}

pub fn run(races: &Races) {
    classes(races);
    scores(races);
    entities(races);
    groups(races);
    ensembles(races);
    edits(races);
}

/// 100,000 cases of ten classes, about two thirds right.
fn classes(races: &Races) {
    let mut random = Stream(11);
    let truth: Vec<usize> = (0..100_000).map(|_| random.below(10).min(random.below(10))).collect();
    let predicted: Vec<usize> =
        truth.iter().map(|class| if random.next() < 0.6 { *class } else { random.below(10) }).collect();
    let input = json!([truth, predicted]);
    let arrays = "from sklearn import metrics as m\ndef prepare(a): return [np.array(x) for x in a]\n";
    let script = format!("{arrays}def run(d): return m.f1_score(*d, average='macro')");
    races.add("f1_score", "scikit-learn", &script, &input, 1e-12, || {
        let confusion = Confusion::new(&truth, &predicted).expect("cases");
        vec![confusion.average(Average::Macro, Some(0.0), Counts::f1).value.expect("classes")]
    });
    let script = format!(
        "{arrays}def run(d):\n    p = m.precision_recall_fscore_support(*d)\n    \
         return [m.accuracy_score(*d), m.balanced_accuracy_score(*d), m.matthews_corrcoef(*d), \
         m.cohen_kappa_score(*d), *p[0], *p[1], *p[2]]"
    );
    races.add("confusion", "scikit-learn", &script, &input, 1e-9, || {
        let confusion = Confusion::new(&truth, &predicted).expect("cases");
        let mut all = vec![
            confusion.accuracy(),
            confusion.balanced_accuracy(),
            confusion.mcc(),
            confusion.kappa().expect("several classes"),
        ];
        for measure in [Counts::precision, Counts::recall, Counts::f1] {
            all.extend(confusion.classes().values().map(|class| measure(class).expect("a class that occurs")));
        }
        all
    });
}

/// A million scores.
fn scores(races: &Races) {
    let mut random = Stream(12);
    let truth: Vec<bool> = (0..1_000_000).map(|_| random.next() < 0.2).collect();
    let scores: Vec<f64> = truth.iter().map(|yes| random.next() + if *yes { 0.3 } else { 0.0 }).collect();
    let input = json!([truth, scores]);
    for name in ["roc_auc_score", "average_precision_score"] {
        let script = format!(
            "from sklearn import metrics as m\ndef prepare(a): return [np.array(x) for x in a]\n\
             def run(d): return m.{name}(*d)"
        );
        races.add(name, "scikit-learn", &script, &input, 1e-9, || {
            let ranked = Ranked::new(&truth, &scores).expect("two classes");
            vec![if name == "roc_auc_score" { ranked.roc_auc() } else { ranked.average_precision() }]
        });
    }
}

/// 2,000 sentences of 20 tags.
fn entities(races: &Races) {
    let mut random = Stream(13);
    let mut tag = |inside: Option<&str>| match (random.below(4), inside) {
        (0, Some(tag)) if tag != "O" => format!("I{}", &tag[1..]),
        (0 | 1, _) => format!("B-{}", ["PER", "LOC", "ORG", "MISC"][random.below(4)]),
        _ => "O".to_owned(),
    };
    let (mut truth, mut found) = (Vec::new(), Vec::new());
    for _ in 0..2_000 {
        let mut expected: Vec<String> = Vec::new();
        for _ in 0..20 {
            expected.push(tag(expected.last().map(String::as_str)));
        }
        // Every fifth tag, more or less, is another one: some open an entity with I.
        let predicted: Vec<String> =
            expected.iter().map(|old| if tag(None) == "B-PER" { tag(Some("B-LOC")) } else { old.clone() }).collect();
        truth.push(expected);
        found.push(predicted);
    }
    let input = json!([truth, found]);
    let measures = [Counts::precision, Counts::recall, Counts::f1];
    for (name, scheme, module, how) in
        [("lenient", Scheme::Lenient, "sequence_labeling", ""), ("iob2", Scheme::Iob2, "v1", ", scheme=IOB2")]
    {
        let script = format!(
            "from seqeval.metrics.{module} import precision_recall_fscore_support as score\n\
             from seqeval.scheme import IOB2\ndef prepare(a): return a\n\
             def run(d): return np.ravel(score(*d, average=None{how})[:3])"
        );
        races.add(name, "seqeval", &script, &input, 1e-12, || {
            let read = |texts: &[Vec<String>]| -> Vec<_> {
                texts.iter().map(|tags| scheme.spans(tags).expect("tags of the scheme")).collect()
            };
            let labels = entity_counts(&read(&truth), &read(&found)).expect("as many texts");
            measures.iter().flat_map(|measure| labels.values().map(|label| measure(label).expect("seen"))).collect()
        });
    }
    let script = "from seqeval.metrics import f1_score\ndef prepare(a): return a\n\
        def run(d): return f1_score(*d, average='micro')";
    races.add("seqeval f1_score", "seqeval", script, &input, 1e-12, || {
        let read = |texts: &[Vec<String>]| -> Vec<_> {
            texts.iter().map(|tags| Scheme::Lenient.spans(tags).expect("tags of the scheme")).collect()
        };
        let labels: BTreeMap<String, Counts> = entity_counts(&read(&truth), &read(&found)).expect("as many texts");
        let labels: Vec<Counts> = labels.into_values().collect();
        vec![average(&labels, Average::Micro, None, Counts::f1).value.expect("entities")]
    });
}

/// 100,000 cases in 20 groups.
fn groups(races: &Races) {
    let mut random = Stream(14);
    let groups: Vec<String> = (0..100_000).map(|_| format!("group {:02}", random.below(20))).collect();
    let truth: Vec<bool> = groups.iter().map(|_| random.next() < 0.4).collect();
    let predicted: Vec<bool> =
        groups.iter().map(|group| random.next() < 0.3 + 0.01 * f64::from(group.as_bytes()[7] - b'0')).collect();
    let script = "from fairlearn import metrics as m\n\
        def prepare(a): return np.array(a[0]), np.array(a[1]).astype(int), np.array(a[2]).astype(int)\n\
        def run(d):\n    \
            f = m.MetricFrame(metrics=m.selection_rate, y_true=d[1], y_pred=d[2], sensitive_features=d[0])\n    \
            return [f.difference(), f.ratio(), *f.by_group.sort_index()]";
    races.add("gaps", "fairlearn", script, &json!([groups, truth, predicted]), 1e-12, || {
        let all = Groups::new(&groups, &truth, &predicted, 1).expect("cases");
        let gap = all.gap(Rate::Selection).expect("several groups");
        let rates = all.groups().values().map(|group| group.rate(Rate::Selection).expect("cases"));
        [gap.difference, gap.ratio.expect("positives")].into_iter().chain(rates).collect()
    });
}

/// 20,000 forecasts of 50 members.
fn ensembles(races: &Races) {
    let mut random = Stream(15);
    let observed: Vec<f64> = (0..20_000).map(|_| random.next() * 3.0 - 1.5).collect();
    let members: Vec<Vec<f64>> =
        observed.iter().map(|_| (0..50).map(|_| random.next() + random.next() - 1.0).collect()).collect();
    // Of the reference's estimators of this number "qd" is the quickest; "nrg" takes all pairs.
    let script = "import scoringrules as sr\ndef prepare(a): return [np.array(x) for x in a]\n\
        def run(d): return sr.crps_ensemble(*d, estimator='qd').mean()";
    races.add("ensemble", "scoringrules", script, &json!([observed, members]), 1e-9, || {
        let both = observed.iter().zip(&members);
        let scores = both.map(|(y, members)| crps_ensemble(*y, members, Ensemble::Energy).expect("finite members"));
        vec![scores.sum::<f64>() / observed.len() as f64]
    });
}

/// 5,000 pairs of texts of 150 characters: copies with edits, and strangers.
fn edits(races: &Races) {
    let mut random = Stream(16);
    let letters: Vec<char> = "abcdefghijklmnopqrstuvwxyz    éß".chars().collect();
    let letter = |random: &mut Stream| letters[random.below(letters.len())];
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for at in 0..5_000 {
        let share = if at % 2 == 0 { 0.1 } else { 1.0 };
        let text: Vec<char> = (0..150).map(|_| letter(&mut random)).collect();
        let other = text.iter().map(|old| if random.next() < share { letter(&mut random) } else { *old }).collect();
        left.push(text.into_iter().collect::<String>());
        right.push(other);
    }
    let right: Vec<String> = right;
    let input = json!([left, right]);
    let ours = || vec![left.iter().zip(&right).map(|(a, b)| levenshtein(a, b) as f64).sum()];
    let script = "from rapidfuzz.distance.Levenshtein import distance\ndef prepare(a): return a\n\
        def run(d): return sum(map(distance, *d))";
    races.add("distance", "rapidfuzz", script, &input, 0.0, ours);
    let script = "from rapidfuzz import process\nfrom rapidfuzz.distance.Levenshtein import distance\n\
        def prepare(a): return a\n\
        def run(d): return process.cpdist(*d, scorer=distance, dtype=np.int32, workers=1).sum()";
    races.add("distance, one call for all pairs", "rapidfuzz", script, &input, 0.0, ours);
}
