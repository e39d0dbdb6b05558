//! Classification, entities, fairness, forecasts, anomalies and edit distance.

use std::collections::BTreeMap;

use assay_metrics::anomaly::{Costs, adjusted_scores, affiliation, nab_score, volumes};
use assay_metrics::classification::{
    Average, Bins, Confusion, Counts, Multilabel, Ranked, average, brier_binary, expected_calibration_error,
    label_ranking_average_precision, log_loss, log_loss_binary, reliability, roc_auc_one_vs_rest,
};
use assay_metrics::distance::{damerau, jaro_winkler, levenshtein, partial_ratio, token_set_ratio};
use assay_metrics::entities::{Matching, Scheme, Span, entity_counts, match_spans};
use assay_metrics::fairness::{Groups, Rate};
use assay_metrics::forecasting::{
    Central, Ensemble, bias, crps_ensemble, crps_normal, intervals, mae, mape, mase, pinball, rmse, rmsse, smape_half,
    weighted_interval_score, wmape,
};
use serde_json::json;

use crate::race::{Races, Stream};

pub fn run(races: &Races) {
    classes(races);
    scores(races);
    probabilities(races);
    label_sets(races);
    entities(races);
    spans(races);
    groups(races);
    points(races);
    ensembles(races);
    anomalies(races);
    edits(races);
}

/// 200,000 probabilities of yes or no, and 50,000 of five classes.
fn probabilities(races: &Races) {
    let mut random = Stream(17);
    let p: Vec<f64> = (0..200_000).map(|_| 0.001 + 0.998 * random.next()).collect();
    let truth: Vec<bool> = p.iter().map(|p| random.next() < p * p).collect();
    let script = "from sklearn import metrics as m\nfrom sklearn.calibration import calibration_curve\n\
        def prepare(a): return [np.array(x) for x in a]\n\
        def run(d):\n    \
        t, p = d; r, c = calibration_curve(t, p, n_bins=15); n = np.bincount(np.searchsorted(np.linspace(0, 1, 16)[1:-1], p))\n    \
        return [m.log_loss(t, p), m.brier_score_loss(t, p), np.sum(n * abs(r - c)) / len(t)]";
    races.add("binary", "scikit-learn", script, &json!([truth, p]), 1e-9, || {
        let bins = reliability(&truth, &p, Bins::Width(15)).expect("probabilities");
        vec![
            log_loss_binary(&truth, &p).expect("probabilities"),
            brier_binary(&truth, &p).expect("probabilities"),
            expected_calibration_error(&bins).expect("cases"),
        ]
    });
    let classes: Vec<usize> = (0..50_000).map(|_| random.below(5)).collect();
    let rows: Vec<Vec<f64>> = classes
        .iter()
        .map(|class| {
            let row: Vec<f64> = (0..5).map(|k| random.next() + if k == *class { 0.5 } else { 0.0 }).collect();
            let sum: f64 = row.iter().sum();
            row.iter().map(|p| p / sum).collect()
        })
        .collect();
    let script = "from sklearn import metrics as m\ndef prepare(a): return [np.array(x) for x in a]\n\
        def run(d): return [m.roc_auc_score(*d, multi_class='ovr', average='macro'), m.log_loss(*d)]";
    races.add("multiclass", "scikit-learn", script, &json!([classes, rows]), 1e-9, || {
        vec![
            roc_auc_one_vs_rest(&classes, &rows, Average::Macro).expect("all classes"),
            log_loss(&classes, &rows).expect("probabilities"),
        ]
    });
}

/// 4,000 cases with sets of ten labels.
fn label_sets(races: &Races) {
    let mut random = Stream(18);
    let truth: Vec<Vec<bool>> = (0..4_000).map(|_| (0..10).map(|_| random.next() < 0.3).collect()).collect();
    let scores: Vec<Vec<f64>> =
        truth.iter().map(|row| row.iter().map(|yes| random.next() + if *yes { 0.4 } else { 0.0 }).collect()).collect();
    let found: Vec<Vec<bool>> = scores.iter().map(|row| row.iter().map(|score| *score > 0.7).collect()).collect();
    let script = "from sklearn import metrics as m\ndef prepare(a): return [np.array(x) for x in a]\n\
        def run(d):\n    \
        t, p, s = d; f = m.precision_recall_fscore_support(t, p, average='macro')\n    \
        return [m.accuracy_score(t, p), m.hamming_loss(t, p), m.label_ranking_average_precision_score(t, s), *f[:3]]";
    races.add("multilabel", "scikit-learn", script, &json!([truth, found, scores]), 1e-9, || {
        let both = Multilabel::new(&truth, &found).expect("cases");
        let mut all = vec![
            both.subset_accuracy(),
            both.hamming_loss(),
            label_ranking_average_precision(&truth, &scores).expect("cases"),
        ];
        let measures: [fn(&Counts) -> Option<f64>; 3] = [Counts::precision, Counts::recall, Counts::f1];
        let macros = measures.map(|measure| average(&both.labels, Average::Macro, Some(0.0), measure).value);
        all.extend(macros.into_iter().flatten());
        all
    });
}

/// 1,000 texts of up to ten spans.
fn spans(races: &Races) {
    let mut random = Stream(19);
    let mut side = || -> Vec<Span> {
        let mut at = 0;
        (0..10)
            .map(|_| {
                let start = at + random.below(3);
                at = start + 1 + random.below(4);
                Span { start, end: at, label: ["PER", "LOC"][random.below(2)].to_owned() }
            })
            .collect()
    };
    let texts: Vec<(Vec<Span>, Vec<Span>)> = (0..1_000).map(|_| (side(), side())).collect();
    let rows = |spans: &[Span]| spans.iter().map(|s| json!([s.label, s.start, s.end - 1])).collect::<Vec<_>>();
    let input: Vec<_> = texts.iter().map(|(expected, found)| json!([rows(expected), rows(found)])).collect();
    let script = "from nervaluate.entities import Entity\n\
        from nervaluate.strategies import EntityTypeEvaluation, ExactEvaluation, PartialEvaluation, StrictEvaluation\n\
        def prepare(a): return [[[Entity(*s) for s in side] for side in pair] for pair in a]\n\
        def run(d):\n    \
        out = []\n    \
        for rule in (StrictEvaluation, ExactEvaluation, PartialEvaluation, EntityTypeEvaluation):\n        \
        r = [rule().evaluate(t, p, [])[0] for t, p in d]\n        \
        out += [sum(x.correct for x in r), sum(x.partial for x in r), sum(x.missed for x in r), sum(x.spurious for x in r)]\n    \
        return out";
    races.add("spans", "nervaluate", script, &json!(input), 1e-12, || {
        let mut all = Vec::new();
        for rule in [Matching::Strict, Matching::Exact, Matching::Partial, Matching::Type] {
            let mut sums = [0; 4];
            for (expected, found) in &texts {
                let m = match_spans(expected, found, rule).expect("spans");
                for (sum, count) in sums.iter_mut().zip([m.correct, m.partial, m.missed, m.spurious]) {
                    *sum += count;
                }
            }
            all.extend(sums.map(|sum| sum as f64));
        }
        all
    });
}

/// 100,000 forecasts of numbers.
fn points(races: &Races) {
    let mut random = Stream(20);
    let series = |random: &mut Stream| -> Vec<f64> { (0..100_000).map(|_| 10.0 + random.normal()).collect() };
    let (y, p, past) = (series(&mut random), series(&mut random), series(&mut random));
    let script = "import pandas as pd\nfrom sklearn import metrics as m\nfrom utilsforecast import losses as u\n\
        def prepare(a):\n    \
        y, p, past = (np.array(x) for x in a)\n    \
        return y, p, pd.DataFrame({'unique_id': 0, 'ds': range(len(y)), 'y': y, 'p': p}), \
        pd.DataFrame({'unique_id': 0, 'ds': range(-len(past), 0), 'y': past})\n\
        def run(d):\n    \
        y, p, f, past = d\n    \
        out = [m.mean_absolute_error(y, p), m.root_mean_squared_error(y, p), m.mean_absolute_percentage_error(y, p)]\n    \
        out += [g(f, ['p'])['p'][0] for g in (u.bias, u.wape, u.smape)]\n    \
        out += [g(f, ['p'], seasonality=12, train_df=past)['p'][0] for g in (u.mase, u.rmsse)]\n    \
        return out + [m.mean_pinball_loss(y, p, alpha=0.9)]";
    races.add("points", "scikit-learn and utilsforecast", script, &json!([y, p, past]), 1e-9, || {
        let all = [
            mae(&y, &p),
            rmse(&y, &p),
            mape(&y, &p),
            bias(&y, &p),
            wmape(&y, &p),
            smape_half(&y, &p),
            mase(&y, &p, &past, 12),
            rmsse(&y, &p, &past, 12),
            pinball(&y, &p, 0.9),
        ];
        all.into_iter().map(|value| value.expect("finite values")).collect()
    });
    let script = "import scoringrules as sr\nfrom scipy import stats\ndef prepare(a): return [np.array(x) for x in a]\n\
        def run(d): return sr.crps_normal(*d, 1.5).sum()";
    races.add("normal", "scoringrules", script, &json!([y, p]), 1e-9, || {
        vec![y.iter().zip(&p).map(|(y, p)| crps_normal(*y, *p, 1.5).expect("finite values")).sum()]
    });
    let script = "import scoringrules as sr\ndef prepare(a): return [np.array(x) for x in a]\n\
        def run(d):\n    \
        y, p = d; q = [sr.quantile_score(y, p + s, l) for s, l in ((0, .5), (-2, .05), (2, .95), (-1, .25), (1, .75))]\n    \
        return [2 * np.mean(q), np.mean((y >= p - 2) & (y <= p + 2))]";
    races.add("intervals", "scoringrules", script, &json!([y, p]), 1e-9, || {
        let wis = |(y, p): (&f64, &f64)| {
            let cuts = [
                Central { alpha: 0.1, lower: p - 2.0, upper: p + 2.0 },
                Central { alpha: 0.5, lower: p - 1.0, upper: p + 1.0 },
            ];
            weighted_interval_score(*y, *p, &cuts).expect("intervals")
        };
        let (lower, upper): (Vec<f64>, Vec<f64>) = p.iter().map(|p| (p - 2.0, p + 2.0)).unzip();
        let coverage = intervals(&y, &lower, &upper).expect("intervals").coverage;
        vec![y.iter().zip(&p).map(wis).sum::<f64>() / y.len() as f64, coverage]
    });
}

/// A series of 5,000 points with 25 events.
fn anomalies(races: &Races) {
    let mut random = Stream(21);
    let truth: Vec<bool> = (0..5_000).map(|at| at % 200 < 12).collect();
    let scores: Vec<f64> = truth.iter().map(|yes| random.next() + if *yes { 0.5 } else { 0.0 }).collect();
    let reported: Vec<bool> = scores.iter().map(|score| *score > 0.9).collect();
    let numbers = |side: &[bool]| side.iter().map(|yes| u8::from(*yes)).collect::<Vec<_>>();
    let script = "from vus.affiliation.generics import convert_vector_to_events\n\
        from vus.affiliation.metrics import pr_from_events\n\
        def prepare(a): return a\n\
        def run(d):\n    \
        x = pr_from_events(convert_vector_to_events(d[1]), convert_vector_to_events(d[0]), (0, len(d[0])))\n    \
        return [x['Affiliation_Precision'], x['Affiliation_Recall']]";
    let input = json!([numbers(&truth), numbers(&reported)]);
    races.add("affiliation", "vus", script, &input, 1e-8, || {
        let found = affiliation(&truth, &reported).expect("events");
        [found.precision, found.recall].into_iter().flatten().collect()
    });
    let script = "from sklearn.metrics import precision_recall_fscore_support as f\n\
        def prepare(a): return [np.array(x, bool) for x in a]\n\
        def run(d):\n    \
        t, r = d[0], d[1].copy(); e = np.flatnonzero(np.diff(np.r_[0, t, 0])).reshape(-1, 2)\n    \
        for a, b in e:\n        \
        if r[a:b].mean() > 0.2: r[a:b] = True\n    \
        return f(t, r, average='binary')[:3]";
    races.add("adjusted", "scikit-learn", script, &input, 1e-9, || {
        let counts = adjusted_scores(&truth, &reported, 0.2).expect("events");
        [counts.precision(), counts.recall(), counts.f1()].into_iter().flatten().collect()
    });
    // No package outside of Numenta's own tree: the formula over all reports at once, as in the parity test.
    let script = "def sigma(y): return np.where(np.asarray(y) >= 3, -1.0, -np.tanh(2.5 * np.minimum(y, 3)))\n\
        def prepare(a): return [np.array(x, bool) for x in a]\n\
        def run(d):\n    \
        t, r = d; runs = np.flatnonzero(np.diff(np.r_[0, t, 0])).reshape(-1, 2); at = np.flatnonzero(r)\n    \
        raw, outside, place = 0.0, np.ones(len(at), bool), np.full(len(at), 3.0)\n    \
        for a, b in runs:\n        \
        inside = (at >= a) & (at < b); outside &= ~inside\n        \
        raw += max(sigma((at[inside] - b) / (b - a)).max() / sigma(-1), -1) if inside.any() else -1\n        \
        place = np.where(at >= b, (at - (b - 1)) / max(b - a - 1, 1), place)\n    \
        return (raw + 0.11 * sigma(place[outside]).sum() + len(runs)) / (len(runs) * 2)";
    races.add("nab", "numpy", script, &input, 1e-9, || {
        nab_score(&truth, &reported, Costs::STANDARD).into_iter().collect()
    });
    let script = "from vus.utils.metrics import metricor\n\
        def prepare(a): return [np.array(x) for x in a]\n\
        def run(d): return metricor().RangeAUC_volume_opt(*d, 20)[-2:]";
    // The reference looks at 250 thresholds, we at all: the volume below its precision and
    // recall is another by half a percent.
    races.add("volumes", "vus", script, &json!([numbers(&truth), scores]), 1e-2, || {
        let found = volumes(&truth, &scores, 20).expect("events");
        vec![found.roc, found.pr]
    });
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
    let script = "from fairlearn import metrics as m\n\
        def prepare(a): return [np.array(x) for x in a]\n\
        def run(d): return m.equalized_odds_difference(d[1], d[2], sensitive_features=d[0])";
    races.add("odds", "fairlearn", script, &json!([groups, truth, predicted]), 1e-12, || {
        let all = Groups::new(&groups, &truth, &predicted, 1).expect("cases");
        vec![all.equalised_odds().expect("several groups").difference()]
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
    let script = "from rapidfuzz import fuzz\nfrom rapidfuzz.distance import DamerauLevenshtein, JaroWinkler\n\
        def prepare(a): return a\n\
        def run(d): return [sum(map(DamerauLevenshtein.distance, *d)), sum(map(JaroWinkler.similarity, *d)), \
        sum(fuzz.token_set_ratio(*p) for p in zip(*d)) / 100]";
    races.add("swaps", "rapidfuzz", script, &input, 1e-9, || {
        let pairs = || left.iter().zip(&right);
        vec![
            pairs().map(|(a, b)| damerau(a, b) as f64).sum(),
            pairs().map(|(a, b)| jaro_winkler(a, b)).sum(),
            pairs().map(|(a, b)| token_set_ratio(a, b)).sum(),
        ]
    });
    // A needle of 40 letters, which stands in a text of 3,000 with edits.
    let needles: Vec<String> = left[..200].iter().map(|text| text.chars().skip(50).take(40).collect()).collect();
    let texts: Vec<String> = (0..200).map(|at| right[at..at + 20].concat()).collect();
    let script = "from rapidfuzz.fuzz import partial_ratio\ndef prepare(a): return a\n\
        def run(d): return sum(map(partial_ratio, *d)) / 100";
    races.add("partial ratio", "rapidfuzz", script, &json!([needles, texts]), 1e-9, || {
        vec![needles.iter().zip(&texts).map(|(a, b)| partial_ratio(a, b)).sum()]
    });
}
