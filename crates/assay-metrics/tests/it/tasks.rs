//! Task metrics against scikit-learn, utilsforecast, scoringrules, seqeval, nervaluate, fairlearn and vus.

use assay_metrics::anomaly::*;
use assay_metrics::classification::*;
use assay_metrics::corpus::{Row, label_set, of_label_sets};
use assay_metrics::entities::*;
use assay_metrics::fairness::*;
use assay_metrics::forecasting::*;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

/// Undefined is NaN for the harness.
fn nan<E>(value: Result<f64, E>) -> f64 {
    value.unwrap_or(f64::NAN)
}

const CLASSIFICATION: &str = r#"
from sklearn import metrics as m
from sklearn.calibration import calibration_curve
def aucs(t, s):
    p, r, _ = m.precision_recall_curve(t, s)
    x, y, _ = m.roc_curve(t, s, drop_intermediate=False)
    return [
        m.roc_auc_score(t, s), m.average_precision_score(t, s), p[:-1][r[:-1] >= 0.6].max(),
        r[:-1][p[:-1] >= 0.6].max(initial=-1), x[y >= 0.8].min(), y[x <= 0.25].max(),
    ]
def ece(t, p, n, strategy):
    rate, mean = calibration_curve(t, p, n_bins=n, strategy=strategy)
    t, p = np.array(t), np.array(p)
    edges = np.linspace(0, 1, n + 1) if strategy == "uniform" else np.percentile(p, np.linspace(0, 1, n + 1) * 100)
    count = np.bincount(np.searchsorted(edges[1:-1], p), minlength=n)
    return float(np.sum(count[count > 0] * abs(rate - mean)) / len(t))
def one(f, a):
    if f == "confusion":
        t, p, w = a
        out = [m.accuracy_score(t, p, sample_weight=w), m.matthews_corrcoef(t, p, sample_weight=w)]
        out += [m.cohen_kappa_score(t, p, sample_weight=w), m.balanced_accuracy_score(t, p, sample_weight=w)]
        for z in (0.0, 1.0, np.nan):
            for how in ("micro", "macro", "weighted", None):
                r = m.precision_recall_fscore_support(t, p, average=how, zero_division=z, sample_weight=w)
                out += list(np.ravel(r[:3]))
        return out + list(m.confusion_matrix(t, p, sample_weight=w).ravel())
    if f == "ranked": return aucs(*a)
    if f == "multiclass":
        t, p = a
        r = m.roc_auc_score
        out = [r(t, p, multi_class="ovr", average=x) for x in ("micro", "macro", "weighted")]
        out += [r(t, p, multi_class="ovo", average=x) for x in ("macro", "weighted")]
        return out + [m.log_loss(t, p), m.brier_score_loss(t, p, scale_by_half=False)]
    if f == "top k": return [m.top_k_accuracy_score(a[0], a[1], k=k, labels=range(len(a[1][0]))) for k in (1, 2, 3)]
    if f == "binary":
        t, p, bins = a
        out = [m.log_loss(t, p, labels=[0, 1]), m.brier_score_loss(t, p)]
        return out + [ece(t, p, n, s) for s in ("uniform", "quantile") for n in bins]
    if f == "label sets":
        t, p = (np.array(x) for x in a)
        seen = np.flatnonzero(t.any(0) | p.any(0))
        return [m.f1_score(t, p, average=how, labels=seen, zero_division=0) for how in ("micro", "macro", "weighted")]
    if f == "multilabel":
        t, p, s = (np.array(x) for x in a)
        out = [m.accuracy_score(t, p), m.hamming_loss(t, p), m.coverage_error(t, s)]
        out += [m.label_ranking_average_precision_score(t, s), m.label_ranking_loss(t, s)]
        for how in ("samples", "micro", "macro", "weighted"):
            out += [m.jaccard_score(t, p, average=how, zero_division=0)]
            out += list(m.precision_recall_fscore_support(t, p, average=how, zero_division=0)[:3])
        return out
    raise ValueError(f)
"#;

const MEASURES: [fn(&Counts) -> Option<f64>; 3] = [Counts::precision, Counts::recall, Counts::f1];

#[test]
fn classification_agrees_with_scikit_learn() {
    let mut oracle = Oracle::new(CLASSIFICATION);
    let mut random = Stream(31);
    for round in 0..150 {
        let n = 1 + random.below(40) as usize;
        let k = 1 + random.below(6);
        let truth: Vec<u64> = (0..n).map(|_| random.below(k)).collect();
        // Some classes are only expected, some only predicted.
        let predicted: Vec<u64> =
            truth.iter().map(|t| if random.next() < 0.4 { *t } else { random.below(k) + round % 2 }).collect();
        let weights: Vec<f64> = (0..n).map(|_| if round % 3 == 0 { random.next() * 4.0 } else { 1.0 }).collect();
        let cells = truth.iter().zip(&predicted).zip(&weights).map(|((t, p), w)| (*t, *p, *w));
        let c = Confusion::from_cells(cells).unwrap();
        let mut ours = vec![c.accuracy(), c.mcc(), nan(c.kappa()), c.balanced_accuracy()];
        for undefined in [Some(0.0), Some(1.0), None] {
            for how in [Average::Micro, Average::Macro, Average::Weighted] {
                // Where all classes with weight are left out, scikit-learn says 0 and we nothing.
                ours.extend(MEASURES.map(|m| c.average(how, undefined, m).value.unwrap_or(0.0)));
            }
            for measure in MEASURES {
                ours.extend(c.classes().values().map(|class| measure(class).or(undefined).unwrap_or(f64::NAN)));
            }
        }
        ours.extend(c.classes().keys().flat_map(|t| c.classes().keys().map(|p| c.cell(t, p))));
        oracle.ask("confusion", json!([truth, predicted, weights]), ours, 1e-12);
    }
    for round in 0..120 {
        let n = 2 + random.below(60) as usize;
        let levels = [3.0, 20.0, 1e6][round % 3];
        let mut truth: Vec<bool> = (0..n).map(|_| random.next() < 0.4).collect();
        (truth[0], truth[1]) = (true, false);
        let mut grid = |_| (random.next() * levels).floor() / levels;
        let scores: Vec<f64> = (0..n).map(&mut grid).collect();
        let numbers: Vec<u8> = truth.iter().map(|t| u8::from(*t)).collect();
        let r = Ranked::new(&truth, &scores).unwrap();
        let ours = vec![
            r.roc_auc(),
            r.average_precision(),
            r.precision_at_recall(0.6).unwrap(),
            r.recall_at_precision(0.6).unwrap_or(-1.0),
            r.fall_out_at_recall(0.8).unwrap(),
            r.recall_at_fall_out(0.25).unwrap(),
        ];
        oracle.ask("ranked", json!([numbers, scores]), ours, 1e-12);
        let mut ours = vec![nan(log_loss_binary(&truth, &scores)), nan(brier_binary(&truth, &scores))];
        // A quantile that falls on a value misses it by a rounding error in numpy, and the value changes its bin.
        let counts: Vec<usize> =
            [1, 7, 13].into_iter().filter(|bins| *bins == 1 || !(n - 1).is_multiple_of(*bins)).collect();
        for bins in [Bins::Width, Bins::Mass] {
            let ece = |n: &usize| expected_calibration_error(&reliability(&truth, &scores, bins(*n)).unwrap()).unwrap();
            ours.extend(counts.iter().map(ece));
        }
        oracle.ask("binary", json!([numbers, scores, counts]), ours, 1e-12);

        let k = 3 + random.below(3) as usize;
        let classes: Vec<usize> = (0..n + k).map(|i| if i < k { i } else { random.below(k as u64) as usize }).collect();
        let rows: Vec<Vec<f64>> = classes
            .iter()
            .map(|_| {
                let row: Vec<f64> = (0..k).map(|_| (random.next() * levels).floor() + 1e-9).collect();
                let sum: f64 = row.iter().sum();
                row.iter().map(|p| p / sum).collect()
            })
            .collect();
        let hows = [Average::Micro, Average::Macro, Average::Weighted];
        let mut ours: Vec<f64> = hows.iter().map(|how| nan(roc_auc_one_vs_rest(&classes, &rows, *how))).collect();
        ours.extend([false, true].map(|weighted| nan(roc_auc_one_vs_one(&classes, &rows, weighted))));
        ours.extend([nan(log_loss(&classes, &rows)), nan(brier(&classes, &rows))]);
        oracle.ask("multiclass", json!([classes, rows]), ours, 1e-12);
        // Without ties, which scikit-learn breaks by the order of the classes.
        let rows: Vec<Vec<f64>> = classes
            .iter()
            .map(|_| {
                let row: Vec<f64> = (0..4.max(k)).map(|_| random.next() + 1e-9).collect();
                let sum: f64 = row.iter().sum();
                row.iter().map(|p| p / sum).collect()
            })
            .collect();
        let ours = [1, 2, 3].map(|top| nan(top_k_accuracy(&classes, &rows, top))).to_vec();
        oracle.ask("top k", json!([classes, rows]), ours, 1e-12);

        let mut sets = || -> Vec<Vec<bool>> { (0..n).map(|_| (0..k).map(|_| random.next() < 0.4).collect()).collect() };
        let (truth, predicted) = (sets(), sets());
        let scores: Vec<Vec<f64>> =
            (0..n).map(|_| (0..k).map(|_| (random.next() * levels).floor()).collect()).collect();
        let both = Multilabel::new(&truth, &predicted).unwrap();
        let mut ours = vec![both.subset_accuracy(), both.hamming_loss(), nan(coverage_error(&truth, &scores))];
        ours.push(nan(label_ranking_average_precision(&truth, &scores)));
        ours.push(nan(label_ranking_loss(&truth, &scores)));
        for (counts, how) in [
            (&both.cases, Average::Macro),
            (&both.labels, Average::Micro),
            (&both.labels, Average::Macro),
            (&both.labels, Average::Weighted),
        ] {
            let of = |measure: fn(&Counts) -> Option<f64>| average(counts, how, Some(0.0), measure).value.unwrap();
            ours.push(of(Counts::jaccard));
            ours.extend(MEASURES.map(of));
        }
        let numbers = |sets: &[Vec<bool>]| -> Vec<Vec<u8>> {
            sets.iter().map(|row| row.iter().map(|yes| u8::from(*yes)).collect()).collect()
        };
        oracle.ask("multilabel", json!([numbers(&truth), numbers(&predicted), scores]), ours, 1e-12);
        // As suites keep them: one row of numbers for each case.
        let rows: Vec<Vec<f64>> = truth.iter().zip(&predicted).map(|(t, p)| label_set(t, p, 0)).collect();
        let row = |(group, counts)| Row { group, weight: 1.0, counts };
        let rows: Vec<Row<'_>> = rows.iter().map(Vec::as_slice).enumerate().map(row).collect();
        let f1 = |how| of_label_sets(&rows, |all| average(&all[1..], how, Some(0.0), Counts::f1).value).value;
        let ours: Vec<f64> = hows.into_iter().filter_map(f1).collect();
        if !ours.is_empty() {
            oracle.ask("label sets", json!([numbers(&truth), numbers(&predicted)]), ours, 1e-12);
        }
    }
    oracle.check();
}

const FORECASTING: &str = r#"
import pandas as pd
import scoringrules as sr
from scipy import stats
from sklearn import metrics as m
from utilsforecast import losses as u
def one(f, a):
    if f == "points":
        y, p, train, season = a
        frame = pd.DataFrame({"unique_id": 0, "ds": range(len(y)), "y": y, "p": p})
        past = pd.DataFrame({"unique_id": 0, "ds": range(-len(train), 0), "y": train})
        out = [m.mean_absolute_error(y, p), m.root_mean_squared_error(y, p), m.mean_absolute_percentage_error(y, p)]
        out += [g(frame, ["p"])["p"][0] for g in (u.bias, u.wape, u.smape)]
        out += [g(frame, ["p"], seasonality=season, train_df=past)["p"][0] for g in (u.mase, u.rmsse)]
        return out + [m.mean_pinball_loss(y, p, alpha=q) for q in (0.05, 0.5, 0.9)]
    if f == "ensemble":
        y, x = a
        pit = [stats.percentileofscore(x, y, kind=k) / 100 for k in ("strict", "weak")]
        return [sr.crps_ensemble(y, np.array(x), estimator=e) for e in ("nrg", "fair")] + pit
    if f == "normal":
        y, mu, sigma = a
        return [sr.crps_normal(y, mu, sigma), stats.norm.cdf(y, mu, sigma)]
    if f == "intervals":
        y, median, lower, upper, alpha = a
        one = [sr.interval_score(y, l, u, q) for l, u, q in zip(lower, upper, alpha)]
        # scoringrules 0.10.0 without numba takes the median for its error, so from quantile scores (Bracher, eq. 2).
        q = [(median, 0.5)] + [(l, q / 2) for l, q in zip(lower, alpha)] + [(u, 1 - q / 2) for u, q in zip(upper, alpha)]
        return one + [2 * np.mean([sr.quantile_score(y, x, level) for x, level in q])]
    if f == "coverage":
        y, lower, upper = a
        frame = pd.DataFrame({"unique_id": 0, "y": y, "p-lo-90": lower, "p-hi-90": upper})
        return [u.coverage(frame, ["p"], level=90)["p"][0], np.mean(np.array(upper) - np.array(lower))]
    if f == "histogram":
        pits, bins = a
        points = [p for p, q in pits if p == q]
        out = np.histogram(points, np.linspace(0, 1, bins + 1))[0].astype(float)
        for k in range(bins):
            out[k] += sum(max(0, min(q, (k + 1) / bins) - max(p, k / bins)) / (q - p) for p, q in pits if p < q)
        return out / len(pits)
    raise ValueError(f)
"#;

#[test]
fn forecasting_agrees_with_scikit_learn_utilsforecast_and_scoringrules() {
    let mut oracle = Oracle::new(FORECASTING);
    let mut random = Stream(32);
    for round in 0..120 {
        // Far from 0, around 0, and whole numbers with ties.
        let mut value = |offset: f64| match round % 3 {
            0 => 1e6 + offset + random.normal(),
            1 => random.normal() * 5.0,
            _ => (random.normal() * 3.0).round() + 0.5,
        };
        let mut values = |n: usize| -> Vec<f64> { (0..n).map(|_| value(0.0)).collect() };
        let n = 1 + round % 30;
        let (y, p, train, season) = (values(n), values(n), values(20 + n), 1 + round % 12);
        let ours = vec![
            nan(mae(&y, &p)),
            nan(rmse(&y, &p)),
            nan(mape(&y, &p)),
            nan(bias(&y, &p)),
            nan(wmape(&y, &p)),
            nan(smape_half(&y, &p)),
            nan(mase(&y, &p, &train, season)),
            nan(rmsse(&y, &p, &train, season)),
            nan(pinball(&y, &p, 0.05)),
            nan(pinball(&y, &p, 0.5)),
            nan(pinball(&y, &p, 0.9)),
        ];
        oracle.ask("points", json!([y, p, train, season]), ours, 1e-12);

        let members = values(2 + n);
        let pit = pit_ensemble(y[0], &members).unwrap();
        let mut ours = [Ensemble::Energy, Ensemble::Fair].map(|kind| nan(crps_ensemble(y[0], &members, kind))).to_vec();
        ours.extend([pit.below, pit.at_most]);
        oracle.ask("ensemble", json!([y[0], members]), ours, 1e-12);
        let deviation = 0.1 + random.next() * 3.0;
        let ours = vec![nan(crps_normal(y[0], p[0], deviation)), pit_normal(y[0], p[0], deviation).unwrap().at_most];
        oracle.ask("normal", json!([y[0], p[0], deviation]), ours, 1e-12);

        let alphas: Vec<f64> = (0..1 + round % 5).map(|_| 0.01 + 0.98 * random.next()).collect();
        let ends = |sign: f64| -> Vec<f64> { alphas.iter().map(|alpha| p[0] + sign * 3.0 * (1.0 - alpha)).collect() };
        let (lower, upper) = (ends(-1.0), ends(1.0));
        let central =
            |(alpha, (lower, upper)): (&f64, (&f64, &f64))| Central { alpha: *alpha, lower: *lower, upper: *upper };
        let cut: Vec<Central> = alphas.iter().zip(lower.iter().zip(&upper)).map(central).collect();
        let mut ours: Vec<f64> = cut.iter().map(|interval| nan(interval_score(y[0], *interval))).collect();
        ours.push(nan(weighted_interval_score(y[0], p[0], &cut)));
        oracle.ask("intervals", json!([y[0], p[0], lower, upper, alphas]), ours, 1e-12);
        let (lower, upper): (Vec<f64>, Vec<f64>) = p.iter().map(|p| (p - random.next() * 4.0, p + 1.0)).unzip();
        let both = intervals(&y, &lower, &upper).unwrap();
        oracle.ask("coverage", json!([y, lower, upper]), vec![both.coverage, both.width], 1e-12);
        let pits: Vec<Pit> = (0..n + 5)
            .map(|at| {
                let below = random.next();
                Pit { below, at_most: if at % 2 == 0 { below } else { below + (1.0 - below) * random.next() } }
            })
            .collect();
        let pairs: Vec<_> = pits.iter().map(|pit| [pit.below, pit.at_most]).collect();
        oracle.ask("histogram", json!([pairs, 10]), pit_histogram(&pits, 10).unwrap(), 1e-10);
    }
    oracle.check();
}

const ENTITIES: &str = r#"
from nervaluate.entities import Entity
from nervaluate.strategies import EntityTypeEvaluation, ExactEvaluation, PartialEvaluation, StrictEvaluation
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as lenient
from seqeval.metrics.v1 import precision_recall_fscore_support as strict
from seqeval.scheme import BILOU, IOBES, IOB2
def one(f, a):
    if f == "spans":
        true, found = ([Entity(x["label"], x["start"], x["end"] - 1) for x in side] for side in a)
        out = []
        for rule in (StrictEvaluation, ExactEvaluation, PartialEvaluation, EntityTypeEvaluation):
            r, _ = rule().evaluate(true, found, [])
            out += [r.correct, r.incorrect, r.partial, r.missed, r.spurious, r.precision, r.recall, r.f1]
        return out
    schemes = {"iob2": IOB2, "iobes": IOBES, "bilou": BILOU}
    score = (lambda *x, **y: strict(*x, scheme=schemes[f], **y)) if f in schemes else lenient
    out = []
    for how in ("micro", "macro", "weighted", None):
        out += list(np.ravel(score(*a, average=how)[:3]))
    return out
"#;

#[test]
fn entities_agree_with_seqeval_and_nervaluate() {
    let mut oracle = Oracle::new(ENTITIES);
    let mut random = Stream(33);
    for round in 0..400 {
        let (name, scheme, letters, end) = [
            ("lenient", Scheme::Lenient, "BIES", "I-LOC"),
            ("iob2", Scheme::Iob2, "BI", "I-LOC"),
            ("iobes", Scheme::Iobes, "BIES", "E-LOC"),
            ("bilou", Scheme::Bilou, "BILU", "L-LOC"),
        ][round % 4];
        let mut tag = || match random.below(1 + letters.len() as u64) as usize {
            0 => "O".to_owned(),
            at => format!("{}-{}", &letters[at - 1..at], ["PER", "LOC", "e-mail"][random.below(3) as usize]),
        };
        // seqeval fails where nobody sees an entity, so that both sides begin with one.
        let mut expected = vec![vec!["B-LOC".to_owned(), end.to_owned(), "O".to_owned()]];
        let mut found = expected.clone();
        for length in 0..1 + round % 6 {
            let tags: Vec<String> = (0..length + 9).map(|_| tag()).collect();
            found.push(tags.iter().map(|old| if tag() == "O" { tag() } else { old.clone() }).collect());
            expected.push(tags);
        }
        let read = |texts: &[Vec<String>]| texts.iter().map(|tags| scheme.spans(tags).unwrap()).collect::<Vec<_>>();
        let (true_spans, found_spans) = (read(&expected), read(&found));
        let counts: Vec<Counts> = entity_counts(&true_spans, &found_spans).unwrap().into_values().collect();
        let mut ours = Vec::new();
        for how in [Average::Micro, Average::Macro, Average::Weighted] {
            ours.extend(MEASURES.map(|measure| average(&counts, how, Some(0.0), measure).value.unwrap()));
        }
        for measure in MEASURES {
            ours.extend(counts.iter().map(|class| measure(class).unwrap_or(0.0)));
        }
        oracle.ask(name, json!([expected, found]), ours, 1e-12);
    }
    for round in 0..300 {
        // Spans that lie apart, as tags spell them, and spans that lie over each other.
        let mut spans = || -> Vec<Span> {
            let mut at = 0;
            let mut all: Vec<Span> = (0..random.below(12))
                .map(|_| {
                    at = if round % 2 == 0 { at + random.below(3) } else { random.below(30) };
                    let start = at;
                    at += 1 + random.below(4);
                    let label = ["PER", "LOC"][random.below(2) as usize].to_owned();
                    Span { start: start as usize, end: at as usize, label }
                })
                .collect();
            all.sort();
            all
        };
        let (expected, found) = (spans(), spans());
        let mut ours = Vec::new();
        for rule in [Matching::Strict, Matching::Exact, Matching::Partial, Matching::Type] {
            let m = match_spans(&expected, &found, rule).unwrap();
            ours.extend([m.correct, m.incorrect, m.partial, m.missed, m.spurious].map(|count| count as f64));
            ours.extend([m.precision(), m.recall(), m.f1()].map(|value| value.unwrap_or(0.0)));
        }
        let sides = [&expected, &found].map(|side| {
            let one = |span: &Span| json!({"start": span.start, "end": span.end, "label": span.label});
            side.iter().map(one).collect::<Vec<_>>()
        });
        oracle.ask("spans", json!(sides), ours, 1e-12);
    }
    oracle.check();
}

const FAIRNESS: &str = r#"
from fairlearn import metrics as m
from sklearn.metrics import precision_score
def one(f, a):
    g, t, p = (np.array(x) for x in a)
    x = {"sensitive_features": g}
    if f == "odds": return [m.equalized_odds_difference(t, p, **x), m.equalized_odds_ratio(t, p, **x)]
    out = []
    for name in ("demographic_parity", "equal_opportunity"):
        out += [getattr(m, f"{name}_{kind}")(t, p, **x) for kind in ("difference", "ratio")]
    rates = {"hit": m.true_positive_rate, "fall-out": m.false_positive_rate, "precision": precision_score}
    frame = m.MetricFrame(metrics=rates, y_true=t, y_pred=p, sensitive_features=g)
    for name in rates: out += [frame.difference()[name], frame.ratio()[name]]
    return out
"#;

#[test]
fn fairness_agrees_with_fairlearn() {
    let mut oracle = Oracle::new(FAIRNESS);
    let mut random = Stream(34);
    for round in 0..60 {
        // Every group has positives, negatives and a prediction: fairlearn calls the rates of the others 0.
        let k = 2 + random.below(4);
        let mut cases: Vec<(u64, bool, bool)> = (0..k).flat_map(|g| [(g, true, true), (g, false, false)]).collect();
        for _ in 0..round {
            cases.push((random.below(k), random.next() < 0.3, random.next() < 0.4));
        }
        let groups: Vec<u64> = cases.iter().map(|case| case.0).collect();
        let (truth, predicted): (Vec<bool>, Vec<bool>) = cases.iter().map(|case| (case.1, case.2)).unzip();
        let all = Groups::new(&groups, &truth, &predicted, 1).unwrap();
        let gaps = [all.demographic_parity(), all.equal_opportunity(), all.gap(Rate::TruePositive)];
        let more = [all.gap(Rate::FalsePositive), all.predictive_parity()];
        let both = |gap: Result<Gap<u64>, Undefined>| {
            let gap = gap.unwrap();
            [gap.difference, gap.ratio.unwrap_or(f64::NAN)]
        };
        let ours: Vec<f64> = gaps.into_iter().chain(more).flat_map(both).collect();
        let numbers = |side: &[bool]| side.iter().map(|yes| u8::from(*yes)).collect::<Vec<_>>();
        let arguments = json!([groups, numbers(&truth), numbers(&predicted)]);
        oracle.ask("gaps", arguments.clone(), ours, 1e-12);
        let odds = all.equalised_odds().unwrap();
        if let Some(ratio) = odds.ratio() {
            oracle.ask("odds", arguments, vec![odds.difference(), ratio], 1e-12);
        }
    }
    oracle.check();
}

const ANOMALY: &str = r#"
from sklearn.metrics import precision_recall_fscore_support
from vus.affiliation.generics import convert_vector_to_events
from vus.affiliation.metrics import pr_from_events
from vus.utils.metrics import metricor
def adjusted(t, r, runs, k):
    r = r.copy()
    for a, b in runs:
        if r[a:b].mean() > k: r[a:b] = True
    return r
def sigma(y): return np.where(np.asarray(y) >= 3, -1.0, -np.tanh(2.5 * np.minimum(y, 3)))
def nab(r, runs, hit, alarm, miss):
    """Lavin & Ahmad 2015, section 3.2, over all reports at once."""
    at = np.flatnonzero(r)
    raw, outside = 0.0, np.ones(len(at), bool)
    place = np.full(len(at), 3.0)
    for a, b in runs:
        inside = (at >= a) & (at < b)
        outside &= ~inside
        raw += max(sigma((at[inside] - b) / (b - a)).max() * hit / sigma(-1), -miss) if inside.any() else -miss
        place = np.where(at >= b, (at - (b - 1)) / max(b - a - 1, 1), place)
    raw += alarm * sigma(place[outside]).sum()
    return (raw + miss * len(runs)) / (len(runs) * (hit + miss))
def one(f, a):
    t, r, *more = a
    if f == "volumes":
        return metricor().RangeAUC_volume_opt(np.array(t), np.array(r), more[0])[-2:]
    runs, reports = convert_vector_to_events(t), convert_vector_to_events(r)
    if f == "affiliation":
        x = pr_from_events(reports, runs, (0, len(t)))
        return [x["Affiliation_Precision"], x["Affiliation_Recall"]]
    t, r = np.array(t, bool), np.array(r, bool)
    if f == "nab": return nab(r, runs, *more)
    if f == "events":
        hits = [np.flatnonzero(r[a:b]) for a, b in runs]
        touched = [t[a:b].any() for a, b in reports]
        return [np.mean(touched) if touched else np.nan, np.mean([len(h) > 0 for h in hits])] + [
            h[0] if len(h) else -1 for h in hits]
    if f == "adjusted":
        score = lambda k: precision_recall_fscore_support(t, adjusted(t, r, runs, k), average="binary")[:3]
        edges = np.unique([0.0, 1.0] + [r[a:b].mean() for a, b in runs])
        area = sum((y - x) * score((x + y) / 2)[2] for x, y in zip(edges, edges[1:]))
        return [v for k in more[0] for v in score(k)] + [area]
    raise ValueError(f)
"#;

#[test]
fn anomaly_metrics_agree_with_vus_and_scikit_learn() {
    let mut oracle = Oracle::new(ANOMALY);
    let mut random = Stream(35);
    for round in 0..300_u64 {
        // Runs of flags: short and long, at the ends, side by side.
        let mut flags = |share: f64| -> Vec<bool> {
            let mut all = Vec::new();
            while all.len() < 60 {
                let flag = random.next() < share;
                all.extend(std::iter::repeat_n(flag, 1 + random.below(2 + round % 12) as usize));
            }
            all.truncate(60);
            all
        };
        let (mut truth, reported) = (flags(0.3), flags([0.0, 0.2, 0.6, 1.0][round as usize % 4]));
        if !truth.contains(&true) {
            truth[round as usize % 60] = true;
        }
        let [t, r] = [&truth, &reported].map(|side| side.iter().map(|flag| u8::from(*flag)).collect::<Vec<_>>());
        let both = affiliation(&truth, &reported).unwrap();
        let ours = vec![both.precision.unwrap_or(f64::NAN), both.recall.unwrap()];
        oracle.ask("affiliation", json!([t, r]), ours, 1e-10);
        let both = event_scores(&truth, &reported).unwrap();
        let mut ours = vec![both.precision.unwrap_or(f64::NAN), both.recall.unwrap()];
        ours.extend(
            delays(&truth, &reported).unwrap().into_iter().map(|delay| delay.map_or(-1.0, |points| points as f64)),
        );
        oracle.ask("events", json!([t, r]), ours, 1e-12);
        let shares = [0.0, 0.2, 0.5, 1.0];
        let mut ours: Vec<f64> = shares
            .iter()
            .flat_map(|k| {
                let counts = adjusted_scores(&truth, &reported, *k).unwrap();
                MEASURES.map(|measure| measure(&counts).unwrap_or(0.0))
            })
            .collect();
        ours.push(adjusted_f1_area(&truth, &reported).unwrap().unwrap());
        oracle.ask("adjusted", json!([t, r, shares]), ours, 1e-12);
        let costs = [Costs::STANDARD, Costs::FEW_FALSE_ALARMS, Costs::FEW_MISSES][round as usize % 3];
        let ours = nan(nab_score(&truth, &reported, costs));
        if round % 3 == 0 && truth.contains(&false) {
            let levels = [4.0, 30.0, 1e6][round as usize % 9 / 3];
            let scores: Vec<f64> = truth
                .iter()
                .map(|t| f64::from(u8::from(*t)) / 3.0 + (random.next() * levels).floor() / levels)
                .collect();
            let window = round as usize % 17;
            let ours = volumes(&truth, &scores, window).unwrap();
            oracle.ask("volumes", json!([t, scores, window]), vec![ours.roc, ours.pr], 1e-10);
        }
        oracle.ask("nab", json!([t, r, costs.hit, costs.false_alarm, costs.miss]), vec![ours], 1e-12);
    }
    oracle.check();
}

/// Shared-task systems on WNUT-17: the published entity-level scores must come out.
#[test]
fn wnut17_systems_score_as_published() {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.exists() {
        println!("skipped: the data sets are not beside the repository");
        return;
    }
    let read = |name: &str| std::fs::read_to_string(data.join(name)).unwrap();
    // A token and its tag on a line, an empty line between sentences.
    let tags = |name: &str| -> Vec<Vec<String>> {
        let text = read(&format!("wnut17_ner/{name}"));
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let sentences = lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty());
        let tag = |line: &&str| line.split_whitespace().last().unwrap().to_owned();
        sentences.map(|lines| lines.iter().map(tag).collect()).collect()
    };
    let spans = |tags: &[Vec<String>]| tags.iter().map(|t| Scheme::Lenient.spans(t).unwrap()).collect::<Vec<_>>();
    let goldens: serde_json::Value = serde_json::from_str(&read("GOLDENS.json")).unwrap();
    let gold = tags("test.gold.conll");
    for (system, want) in goldens["wnut17_ner"].as_object().unwrap() {
        let found = tags(system);
        for (sentences, side) in [(&gold, "gold"), (&found, "system")] {
            assert_eq!(sentences.len() as u64, want[format!("{side}_sentences")].as_u64().unwrap());
            assert_eq!(sentences.concat().len() as u64, want[format!("{side}_tokens")].as_u64().unwrap());
        }
        let total: Counts = entity_counts(&spans(&gold), &spans(&found)).unwrap().into_values().sum();
        for (measure, name) in MEASURES.into_iter().zip(["precision", "recall", "f1"]) {
            let (ours, theirs) = (measure(&total).unwrap(), want[format!("entity_{name}")].as_f64().unwrap());
            assert!((ours - theirs).abs() < 1e-6, "{system} {name}: ours {ours}, theirs {theirs}");
        }
    }
}
