//! Drift against scipy, river, statsmodels and scikit-learn.

use assay_stats::drift::Undefined;
use assay_stats::drift::change::{Adwin, Ddm, Detector, Kswin, PageHinkley, alarms};
use assay_stats::drift::chart::{Baseline, BernoulliCusum, Cusum, Ewma, Shewhart, Sides};
use assay_stats::drift::detector::backtest;
use assay_stats::drift::distribution::*;
use assay_stats::drift::embedding::{domain_classifier, domain_classifier_on, mmd, mmd_linear};
use assay_stats::drift::sample::{Judged, Reservoir, horvitz_thompson};
use assay_stats::drift::season::{mad_z, mstl, place_z, stl};
use proptest::prelude::*;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const DISTRIBUTION: &str = r#"
from scipy import stats
from scipy.spatial import distance
def one(f, a):
    if f == "ks_2samp":
        r = stats.ks_2samp(a[0], a[1]); return [r.statistic, r.pvalue]
    if f == "anderson_ksamp":
        r = stats.anderson_ksamp([np.array(s) for s in a]); return [r.statistic, r.pvalue]
    if f == "wasserstein_distance": return stats.wasserstein_distance(a[0], a[1])
    if f == "quantile counts":
        e = np.unique(np.quantile(a[0], np.arange(1, 10) / 10)); e = e[e > min(a[0])]
        return [np.histogram(x, np.concatenate([[-np.inf], e, [np.inf]]))[0] for x in a]
    c = np.array(a, dtype=float); p, q = c[0] / c[0].sum(), c[1] / c[1].sum()
    if f == "jensenshannon": return distance.jensenshannon(p, q)
    if f == "psi":
        # As evidently computes it, with the floor of statistics.md; no package has this floor.
        p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4); return np.sum((q - p) * np.log(q / p))
    if f == "hellinger": return np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)
    if f == "total variation": return np.abs(p - q).max() if len(p) == 2 else 0.5 * np.abs(p - q).sum()
    if f == "chi2_contingency":
        c = c[:, c.sum(0) > 0]; out = []
        for l in (None, "log-likelihood"):
            r = stats.chi2_contingency(c, correction=False, lambda_=l); out += [r.statistic, r.pvalue]
        return out + [stats.contingency.association(c.astype(int), method="cramer"), r.dof]
    raise ValueError(f)
"#;

#[test]
fn distances_and_tests_agree_with_scipy() {
    let mut oracle = Oracle::new(DISTRIBUTION);
    let mut random = Stream(7);
    for round in 0..150 {
        let n = 1 + random.below(if round % 5 == 0 { 400 } else { 30 }) as usize;
        let m = if round % 3 == 0 { n } else { 1 + random.below(60) as usize };
        let (shift, coarse) = (if round % 2 == 0 { 0.0 } else { 0.8 }, round % 4 == 3);
        let mut draw = |n: usize, shift: f64| -> Vec<f64> {
            (0..n)
                .map(|_| {
                    let x = random.normal() + shift;
                    if coarse { (2.0 * x).round() } else { x }
                })
                .collect()
        };
        let (a, b) = (draw(n, 0.0), draw(m, shift));
        let ks = kolmogorov_smirnov(&a, &b).unwrap();
        oracle.ask("ks_2samp", json!([a, b]), vec![ks.statistic, ks.p], 1e-10);
        oracle.ask("wasserstein_distance", json!([a, b]), vec![wasserstein(&a, &b).unwrap()], 1e-10);
        let c = draw(5 + m / 2, shift / 2.0);
        for samples in [vec![&a[..], &b[..]], vec![&a[..], &b[..], &c[..]]] {
            if let Ok(test) = anderson_darling(&samples) {
                oracle.ask("anderson_ksamp", json!(samples), vec![test.statistic, test.p], 1e-8);
            }
        }
        let bins = Bins::quantiles(&a, 10).unwrap();
        let (p, q) = (bins.counts(&a).unwrap(), bins.counts(&b).unwrap());
        let both: Vec<f64> = p.iter().chain(&q).map(|c| *c as f64).collect();
        oracle.ask("quantile counts", json!([a, b]), both, 0.0);
        let counts = json!([p, q]);
        oracle.ask("psi", counts.clone(), vec![psi(&p, &q).unwrap()], 1e-10);
        oracle.ask("jensenshannon", counts.clone(), vec![jensen_shannon(&p, &q).unwrap()], 1e-10);
        oracle.ask("hellinger", counts.clone(), vec![hellinger(&p, &q).unwrap()], 1e-10);
        oracle.ask("total variation", counts.clone(), vec![total_variation(&p, &q).unwrap()], 1e-10);
        if let Ok(t) = independence(&p, &q, 0, 0) {
            let ours = vec![t.chi_square, t.p, t.g, t.g_p, t.cramer_v, t.df as f64];
            oracle.ask("chi2_contingency", counts, ours, 1e-9);
        }
    }
    // Beyond 10,000 values, in each region of the approximation.
    for (n, m, shift) in [
        (10_500, 10_500, 0.0),
        (10_500, 9_000, 0.02),
        (12_000, 300, 0.0),
        (12_000, 300, 0.1),
        (11_000, 100, 0.05),
        (11_000, 40, 0.0),
        (11_000, 9, 0.4),
        (11_000, 2, 0.0),
        (20_000, 15_000, 0.005),
    ] {
        let a: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let b: Vec<f64> = (0..m).map(|_| random.normal() + shift).collect();
        let ks = kolmogorov_smirnov(&a, &b).unwrap();
        oracle.ask("ks_2samp", json!([a, b]), vec![ks.statistic, ks.p], 1e-8);
    }
    oracle.check();
}

#[test]
fn few_counts_get_an_exact_enough_p() {
    // Of the 1,716 ways to draw 6 of 13 with 6 marked, those with 0, 5 or 6 marked are as extreme: 7 + 42 + 1.
    let test = independence(&[5, 1], &[1, 6], 19_999, 3).unwrap();
    assert!(test.monte_carlo && (test.p - 50.0 / 1716.0).abs() < 0.005, "{test:?}");
    assert!(test.chi_square > 0.0 && test.df == 1);
}

#[test]
fn no_drift_has_its_expected_distance() {
    let mut random = Stream(5);
    let (mut sum, mut low) = (0.0, 0);
    for seed in 0..60 {
        let a: Vec<f64> = (0..300).map(|_| random.normal()).collect();
        let b: Vec<f64> = (0..200).map(|_| random.normal()).collect();
        let found = numeric_distances(&a, &b, 10, 99, seed).unwrap();
        sum += found.psi.value;
        low += usize::from(found.psi.p <= 0.1);
        assert!((found.psi.expected / psi_expected(10, 300, 200).unwrap() - 1.0).abs() < 0.3, "{found:?}");
        assert_eq!(found.wasserstein.map(|w| w.p < 0.01), Some(false), "{found:?}");
    }
    assert!((sum / 60.0 / psi_expected(10, 300, 200).unwrap() - 1.0).abs() < 0.2, "{}", sum / 60.0);
    assert!(low <= 14, "{low} of 60 samples without drift have p of 0.1 or less");
}

#[test]
fn undefined_is_said() {
    assert_eq!(kolmogorov_smirnov(&[], &[1.0]), Err(Undefined::TooFew));
    assert_eq!(kolmogorov_smirnov(&[f64::NAN], &[1.0]), Err(Undefined::NotFinite));
    assert_eq!(wasserstein(&[f64::INFINITY], &[1.0]), Err(Undefined::NotFinite));
    assert_eq!(anderson_darling(&[&[1.0, 1.0], &[1.0, 1.0]]), Err(Undefined::Constant));
    assert_eq!(anderson_darling(&[&[1.0, 2.0]]), Err(Undefined::TooFew));
    assert_eq!(psi(&[1, 2], &[1]), Err(Undefined::Lengths));
    assert_eq!(psi(&[0, 0], &[1, 1]), Err(Undefined::TooFew));
    assert_eq!(independence(&[3, 0], &[4, 0], 9, 0), Err(Undefined::Constant));
    assert_eq!(Bins::quantiles(&[1.0], 1), Err(Undefined::Setting("bins")));
    let constant = numeric_distances(&[1.0; 20], &[1.0, 2.0], 10, 9, 0).unwrap();
    assert!(constant.wasserstein.is_none(), "{constant:?}");
}

proptest! {
    #[test]
    fn distances_are_symmetric_and_bounded(a in prop::collection::vec(0u64..50, 2..8), seed in 0u64..100) {
        let mut random = Stream(seed);
        let b: Vec<u64> = a.iter().map(|_| random.below(50)).collect();
        prop_assume!(a.iter().sum::<u64>() > 0 && b.iter().sum::<u64>() > 0);
        for distance in [psi, jensen_shannon, hellinger, total_variation] {
            let (there, back) = (distance(&a, &b).unwrap(), distance(&b, &a).unwrap());
            prop_assert!((there - back).abs() < 1e-12 && there >= 0.0);
            prop_assert!(distance(&a, &a).unwrap() == 0.0);
        }
        let (tv, h) = (total_variation(&a, &b).unwrap(), hellinger(&a, &b).unwrap());
        prop_assert!(h * h <= tv + 1e-12 && tv <= h * 2f64.sqrt() + 1e-12);
    }
}

const CHANGE: &str = r#"
from river import drift
def one(f, a):
    make = {"PageHinkley": drift.PageHinkley, "ADWIN": drift.ADWIN, "DDM": drift.binary.DDM,
            # Its draw comes from Python's generator; of a window of two samples it draws all, whatever the order.
            "KSWIN": lambda: drift.KSWIN(window_size=60, stat_size=30, seed=1),
            "PageHinkley tuned": lambda: drift.PageHinkley(min_instances=10, delta=0.05, threshold=8, alpha=0.99),
            "ADWIN tuned": lambda: drift.ADWIN(delta=0.1, clock=8, max_buckets=3, min_window_length=3, grace_period=20)}
    d = make[f](); found = [-1]
    for i, x in enumerate(a):
        d.update(bool(x) if f == "DDM" else x)
        if d.drift_detected: found.append(i)
    return found
"#;

#[test]
fn detectors_alarm_where_river_does() {
    let mut oracle = Oracle::new(CHANGE);
    let mut random = Stream(11);
    let mut seen = 0;
    for round in 0..60 {
        let n = 300 + random.below(1500) as usize;
        let (at, shift) = (random.below(n as u64) as usize, [0.0f64, 0.5, 2.0, -3.0][round % 4]);
        let binary = round % 3 == 0;
        let stream: Vec<f64> = (0..n)
            .map(|i| {
                let moved = if i >= at { shift } else { 0.0 };
                if binary {
                    f64::from(u8::from(random.next() < (0.2f64 + 0.2 * moved).clamp(0.02, 0.95)))
                } else if round % 7 == 0 {
                    (random.normal() + moved).round()
                } else {
                    random.normal() + moved
                }
            })
            .collect();
        let mut detectors: Vec<(&str, Box<dyn Detector>)> = vec![
            ("PageHinkley", Box::new(PageHinkley::default())),
            ("PageHinkley tuned", Box::new(PageHinkley::new(10, 0.05, 8.0, 0.99).unwrap())),
            ("ADWIN", Box::new(Adwin::default())),
            ("ADWIN tuned", Box::new(Adwin::new(0.1, 8, 3, 3, 20).unwrap())),
        ];
        if binary {
            detectors.push(("DDM", Box::new(Ddm::default())));
        }
        detectors.push(("KSWIN", Box::new(Kswin::new(0.005, 60, 30, 1).unwrap())));
        for (name, mut detector) in detectors {
            // Each value costs river a test by scipy: the time around the change only.
            let around = at.saturating_sub(64)..n.min(at + 48);
            let stream = if name == "KSWIN" { &stream[around] } else { &stream[..] };
            let found = alarms(detector.as_mut(), stream).unwrap();
            seen += found.len();
            let ours = std::iter::once(-1.0).chain(found.iter().map(|place| *place as f64)).collect();
            oracle.ask(name, json!(stream), ours, 0.0);
        }
    }
    for round in 0..48 {
        // All passed, all failed, alternating, a jump, and short streams.
        let n = [20, 31, 90, 400, 900, 1500][round % 6];
        let rates = [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0.05, 0.6), (0.6, 0.05), (0.0, 1.0), (0.2, 0.25)][round % 7];
        let stream: Vec<f64> =
            (0..n).map(|i| f64::from(u8::from(random.next() < if i < n / 2 { rates.0 } else { rates.1 }))).collect();
        let found = alarms(&mut Ddm::default(), &stream).unwrap();
        oracle.ask("DDM", json!(stream), std::iter::once(-1.0).chain(found.iter().map(|at| *at as f64)).collect(), 0.0);
    }
    assert!(seen > 100, "{seen}");
    oracle.check();
}

const CHART: &str = r#"
from scipy.stats import norm
# No package designs charts: the chain of Brook and Evans in numpy, with more states and its error extrapolated away.
def cusum(k, h, d, t):
    w = 2 * h / (2 * t - 1); i = np.arange(t)
    R = norm.cdf(k - d + (i[None] - i[:, None] + .5) * w) - norm.cdf(k - d + (i[None] - i[:, None] - .5) * w)
    R[:, 0] = norm.cdf(k - d + (.5 - i) * w)
    return np.linalg.solve(np.eye(t) - R, np.ones(t))[0]
def ewma(l, L, d, t):
    e = L * np.sqrt(l / (2 - l)); w = 2 * e / t; c = -e + (np.arange(t) + .5) * w
    x = lambda s: norm.cdf((c[None] + s - (1 - l) * c[:, None]) / l - d)
    return np.linalg.solve(np.eye(t) - x(w / 2) + x(-w / 2), np.ones(t))[t // 2]
def far(g): return (9 * g(243) - g(81)) / 8
def one(f, a):
    if f == "cusum": return far(lambda t: cusum(*a, t))
    if f == "cusum both": return 1 / (1 / far(lambda t: cusum(*a, t)) + 1 / far(lambda t: cusum(a[0], a[1], -a[2], t)))
    if f == "ewma": return far(lambda t: ewma(*a, t))
    if f == "shewhart": return 1 / (norm.sf(a[0] - a[1]) + norm.cdf(-a[0] - a[1]))
    if f == "bernoulli cusum":
        m, H, p = a; R = np.zeros((H, H))
        for s in range(H):
            R[s, max(s - 1, 0)] += 1 - p
            if s + m - 1 < H: R[s, s + m - 1] += p
        return np.linalg.solve(np.eye(H) - R, np.ones(H))[0]
    raise ValueError(f)
"#;

#[test]
fn run_lengths_agree_with_a_finer_chain() {
    let mut oracle = Oracle::new(CHART);
    let mut random = Stream(12);
    for _ in 0..60 {
        let (k, h, shift) = (0.1 + random.next(), 1.0 + 4.0 * random.next(), 2.0 * random.next());
        let up = Cusum::new(k, h, Sides::Up).unwrap();
        oracle.ask("cusum", json!([k, h, shift]), vec![up.arl(shift).unwrap()], 2e-3);
        let both = Cusum::new(k, h, Sides::Both).unwrap();
        oracle.ask("cusum both", json!([k, h, shift]), vec![both.arl(shift).unwrap()], 2e-3);
        let (weight, limit) = (0.05 + 0.9 * random.next(), 1.0 + 2.0 * random.next());
        oracle.ask(
            "ewma",
            json!([weight, limit, shift]),
            vec![Ewma::new(weight, limit).unwrap().arl(shift).unwrap()],
            2e-3,
        );
        oracle.ask("shewhart", json!([limit, shift]), vec![Shewhart { limit }.arl(shift).unwrap()], 1e-10);
        let (m, top, p) = (2 + random.below(30), 1 + random.below(120), 0.02 + 0.5 * random.next());
        let chart = BernoulliCusum::new(m, top).unwrap();
        if let Some(arl) = chart.arl(p).filter(|arl| *arl < 1e8) {
            oracle.ask("bernoulli cusum", json!([m, top, p]), vec![arl], 1e-6);
        }
    }
    oracle.check();
}

#[test]
fn published_run_lengths() {
    // Montgomery, table 9.3 (Lucas 1976), and Lucas & Saccucci 1990, table 3.
    let near = |ours: f64, published: f64| assert!((ours / published - 1.0).abs() < 0.01, "{ours} {published}");
    for (h, shift, published) in [(4.0, 0.0, 168.0), (4.0, 1.0, 8.38), (5.0, 0.0, 465.0), (5.0, 1.0, 10.4)] {
        near(Cusum::new(0.5, h, Sides::Both).unwrap().arl(shift).unwrap(), published);
    }
    near(Cusum::new(0.5, 5.0, Sides::Up).unwrap().arl(0.0).unwrap(), 931.0);
    near(Ewma::new(0.4, 3.054).unwrap().arl(0.0).unwrap(), 500.0);
    near(Ewma::new(0.1, 2.814).unwrap().arl(1.0).unwrap(), 10.3);
}

#[test]
fn designed_charts_alarm_as_rarely_as_asked() {
    let mut random = Stream(21);
    let wanted = 100.0;
    let n = 200_000;
    let values: Vec<f64> = (0..n).map(|_| random.normal()).collect();
    let failures: Vec<f64> = (0..n).map(|_| f64::from(u8::from(random.next() < 0.1))).collect();
    let bernoulli = BernoulliCusum::design(0.1, 0.25, wanted).unwrap();
    let designed = bernoulli.arl(0.1).unwrap();
    let charts: [(Box<dyn Detector>, &[f64], f64); 4] = [
        (Box::new(Cusum::design(1.0, wanted, Sides::Both).unwrap()), &values, wanted),
        (Box::new(Ewma::design(0.2, wanted).unwrap()), &values, wanted),
        (Box::new(Shewhart::design(wanted).unwrap()), &values, wanted),
        (Box::new(bernoulli), &failures, designed),
    ];
    for (mut chart, stream, wanted) in charts {
        let found = n as f64 / alarms(chart.as_mut(), stream).unwrap().len() as f64;
        assert!((found / wanted - 1.0).abs() < 0.08, "{found} {wanted}");
    }
    assert_eq!(Cusum::design(1.0, 1.0, Sides::Up).unwrap_err(), Undefined::Setting("arl0"));
    assert_eq!(BernoulliCusum::design(0.2, 0.1, 100.0).unwrap_err(), Undefined::Setting("rates"));
    assert_eq!(Baseline::of(&[1.0, 1.0]), Err(Undefined::Constant));
    assert_eq!(Adwin::default().update(f64::NAN), Err(Undefined::NotFinite));
    assert_eq!(Ddm::default().update(0.5), Err(Undefined::Setting("value")));
}

const SEASON: &str = r#"
from statsmodels.tsa.seasonal import STL, MSTL
def one(f, a):
    if f.startswith("stl"):
        r = STL(a[0], period=a[1], seasonal=a[2], robust=f.endswith("robust")).fit()
        return np.concatenate([r.trend, r.seasonal, r.resid, r.weights])
    if f.startswith("mstl"):
        r = MSTL(np.array(a[0]), periods=a[1], stl_kwargs={"robust": a[2]}).fit()
        return np.concatenate([r.trend, r.seasonal.T.ravel(), r.resid, r.weights])
    from scipy import stats
    x = np.array(a); return (x - np.median(x)) / stats.median_abs_deviation(x, scale="normal")
"#;

#[test]
fn seasons_agree_with_statsmodels() {
    let mut oracle = Oracle::new(SEASON);
    let mut random = Stream(13);
    for round in 0..120 {
        let (period, window) = (4 + random.below(12) as usize, [3, 7, 11, 13][round % 4]);
        let n = 2 * period + 1 + random.below(if round % 2 == 0 { 90 } else { 60 }) as usize + 60 * (round % 2);
        let series: Vec<f64> = (0..n)
            .map(|i| {
                let wild = if random.next() < 0.04 { 15.0 } else { 0.0 };
                (i as f64 / period as f64 * std::f64::consts::TAU).sin() * 3.0
                    + 0.02 * i as f64
                    + random.normal()
                    + wild
            })
            .collect();
        for robust in [false, true] {
            // Two or three cycles are fitted without a rest, and robust weights are then those of rounding errors: the
            // reference moves by 0.7 when its input moves by 1e-13.
            if robust && n < 5 * period {
                continue;
            }
            let parts = stl(&series, period, window, robust).unwrap();
            let ours = [parts.trend, parts.seasons[0].clone(), parts.residual, parts.weights].concat();
            // Residuals near 0 are differences of values of about 10: their own rounding is 1e-15 of those.
            oracle.ask(if robust { "stl robust" } else { "stl" }, json!([series, period, window]), ours, 1e-6);
        }
        let periods = [period, period + 3];
        if n > 2 * (period + 3) {
            let parts = mstl(&series, &periods, false).unwrap();
            let ours = [vec![parts.trend], parts.seasons, vec![parts.residual, parts.weights]].concat().concat();
            oracle.ask("mstl", json!([series, periods, false]), ours, 1e-6);
        }
        if n > 5 * (period + 3) {
            let parts = mstl(&series, &periods, true).unwrap();
            let ours = [vec![parts.trend], parts.seasons, vec![parts.residual, parts.weights]].concat().concat();
            oracle.ask("mstl robust", json!([series, periods, true]), ours, 1e-4);
        }
        let z = mad_z(&series.iter().copied().map(Some).collect::<Vec<_>>()).unwrap();
        oracle.ask("mad z", json!(series), z.into_iter().flatten().collect(), 1e-10);
    }
    oracle.check();
    assert_eq!(stl(&[1.0; 9], 5, 7, false), Err(Undefined::TooFew));
    assert_eq!(stl(&[1.0; 90], 5, 4, false), Err(Undefined::Setting("window")));
    assert_eq!(mad_z(&[Some(1.0), None, Some(1.0), Some(1.0)]), Err(Undefined::Constant));
    assert_eq!(place_z(&[Some(1.0)], 2, &[true, false]), Err(Undefined::Lengths));
}

#[test]
fn holidays_and_gaps_have_no_score() {
    let mut random = Stream(2);
    let mut series: Vec<Option<f64>> = (0..140).map(|i| Some(f64::from(i % 7) * 10.0 + random.normal())).collect();
    let mut mask = vec![false; 140];
    series[20] = None;
    (series[50], mask[50]) = (Some(-500.0), true);
    series[90] = Some(f64::from(90 % 7) * 10.0 - 30.0);
    let z = place_z(&series, 7, &mask).unwrap();
    assert!(z[20].is_none() && z[50].is_none() && z[90].unwrap() < -10.0);
    assert!(z.iter().enumerate().all(|(i, z)| i == 90 || z.is_none_or(|z| z.abs() < 6.0)));
}

const EMBEDDING: &str = r#"
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from scipy.spatial.distance import pdist, cdist
def kernel(x, y, s): return np.exp(-cdist(x, y, "sqeuclidean") / (2 * s * s))
def one(f, a):
    x, y = np.array(a[0]), np.array(a[1]); n, m = len(x), len(y); z = np.vstack([x, y]); s = np.median(pdist(z))
    if f == "mmd":
        # No package gives the plain unbiased statistic: from all kernel matrices.
        xx, yy, xy = kernel(x, x, s), kernel(y, y, s), kernel(x, y, s)
        return [(xx.sum() - n) / n / (n - 1) + (yy.sum() - m) / m / (m - 1) - 2 * xy.mean(), s]
    if f == "mmd linear":
        k = min(n, m) // 2 * 2; h = [kernel(x[i:i+1], x[i+1:i+2], s)[0, 0] + kernel(y[i:i+1], y[i+1:i+2], s)[0, 0]
            - kernel(x[i:i+1], y[i+1:i+2], s)[0, 0] - kernel(x[i+1:i+2], y[i:i+1], s)[0, 0] for i in range(0, k, 2)]
        from scipy.stats import norm
        return [np.mean(h), norm.sf(np.mean(h) / (np.std(h, ddof=1) / np.sqrt(len(h))))]
    z = (z - z.mean(0)) / z.std(0); t = np.r_[np.zeros(n), np.ones(m)]; g = np.array(a[2]); out = np.zeros(n + m)
    fit = lambda i: LogisticRegression(C=1.0, tol=1e-12, max_iter=10000, solver="newton-cholesky").fit(z[i], t[i])
    for k in np.unique(g): out[g == k] = fit(g != k).decision_function(z[g == k])
    w = fit(g >= 0).coef_[0]; o = np.argsort(-np.abs(w), kind="stable")
    leave = [roc_auc_score(np.delete(t, i), np.delete(out, i)) for i in range(n + m)]
    auc = roc_auc_score(t, out); l = np.log(np.array(leave) / (1 - np.array(leave))); c = np.log(auc / (1 - auc)); N = n + m
    from scipy.stats import t as student
    h = student.ppf(.975, N - 1) * np.sqrt((N - 1) / N * np.sum((l - l.mean()) ** 2)); e = lambda v: 1 / (1 + np.exp(-v))
    return [auc, e(c - h), e(c + h)] + [v for i in o for v in (i, w[i])]
"#;

#[test]
fn embeddings_agree_with_numpy_and_scikit_learn() {
    let mut oracle = Oracle::new(EMBEDDING);
    let mut random = Stream(14);
    for round in 0..60 {
        let (n, m, width) = (10 + random.below(30) as usize, 10 + random.below(30) as usize, 1 + round % 5);
        let shift = [0.0, 0.7][round % 2];
        let mut draw = |size: usize, shift: f64| -> Vec<Vec<f64>> {
            (0..size)
                .map(|_| (0..width).map(|k| random.normal() + if k == 0 { shift } else { 0.0 }).collect())
                .collect()
        };
        let (a, b) = (draw(n, 0.0), draw(m, shift));
        let found = mmd(&a, &b, 1, 1).unwrap();
        oracle.ask("mmd", json!([a, b]), vec![found.squared, found.bandwidth], 1e-10);
        let linear = mmd_linear(&a, &b, 1).unwrap();
        oracle.ask("mmd linear", json!([a, b]), vec![linear.squared, linear.p], 1e-9);
        let folds: Vec<usize> = (0..n + m).map(|i| (i * 7 + round) % 5).collect();
        let domain = domain_classifier_on(&a, &b, &folds, 0.95).unwrap();
        if let Some(interval) = domain.interval {
            let mut ours = vec![domain.auc, interval.lower, interval.upper];
            ours.extend(domain.features.iter().flat_map(|(feature, weight)| [*feature as f64, *weight]));
            oracle.ask("domain classifier", json!([a, b, folds]), ours, 1e-6);
        }
    }
    oracle.check();
}

#[test]
fn equal_embeddings_have_uniform_p() {
    let mut random = Stream(15);
    let mut low = 0;
    for seed in 0..100 {
        let mut draw = || -> Vec<Vec<f64>> { (0..15).map(|_| vec![random.normal(), random.normal()]).collect() };
        low += usize::from(mmd(&draw(), &draw(), 99, seed).unwrap().p <= 0.1);
    }
    assert!((2..=22).contains(&low), "{low} of 100");
    let one = vec![vec![1.0]; 12];
    assert_eq!(mmd(&one, &one, 9, 0), Err(Undefined::Constant));
    assert_eq!(mmd(&one, &[vec![1.0, 2.0], vec![1.0, 2.0]], 9, 0), Err(Undefined::Lengths));
    assert_eq!(domain_classifier(&one[..3], &one, 0.95, 0), Err(Undefined::TooFew));
}

#[test]
fn a_reservoir_keeps_each_case_alike_and_its_estimate_is_unbiased() {
    let mut taken = [0u32; 20];
    let mut means = Vec::new();
    let mut inside = 0;
    for seed in 0..4000 {
        let mut reservoir = Reservoir::new(5, seed).unwrap();
        for case in 0..20 {
            reservoir.offer(if case < 3 { "rare" } else { "common" }, case);
        }
        let drawn = reservoir.drawn();
        let judged: Vec<Judged> = drawn
            .iter()
            .map(|d| Judged { stratum: d.stratum.clone(), score: f64::from(*d.case), probability: d.probability })
            .collect();
        drawn.iter().for_each(|d| taken[*d.case as usize] += 1);
        let estimate = horvitz_thompson(&judged).unwrap();
        assert!((estimate.cases - 20.0).abs() < 1e-9);
        means.push(estimate.mean);
        inside += usize::from(estimate.interval(0.95).is_some_and(|i| i.lower <= 9.5 && 9.5 <= i.upper));
    }
    assert!(taken[..3].iter().all(|t| *t == 4000), "{taken:?}");
    let expected = 4000.0 * 5.0 / 17.0;
    assert!(taken[3..].iter().all(|t| (f64::from(*t) - expected).abs() < 150.0), "{taken:?}");
    let mean = means.iter().sum::<f64>() / 4000.0;
    assert!((mean - 9.5).abs() < 0.1, "{mean}");
    assert!(inside > 3300, "{inside}");
    assert_eq!(horvitz_thompson(&[]), Err(Undefined::TooFew));
}

#[test]
fn a_backtest_counts_false_alarms_and_delay() {
    let mut random = Stream(16);
    let quiet: Vec<f64> = (0..4000).map(|_| random.normal()).collect();
    let mut chart = Cusum::design(1.0, 200.0, Sides::Both).unwrap();
    let found = backtest(&mut chart, &quiet, 1.0, 300, 3).unwrap();
    assert!((found.arl0.unwrap() / 200.0 - 1.0).abs() < 0.5, "{found:?}");
    // A chart that has run for a while is nearer to its limit than a new one: a little faster than ARL1.
    assert!((found.mean_delay.unwrap() / chart.arl(1.0).unwrap() - 1.0).abs() < 0.3 && found.found == 300, "{found:?}");
    assert_eq!(backtest(&mut chart, &quiet[..10], 1.0, 3, 3), Err(Undefined::TooFew));
    assert_eq!(backtest(&mut chart, &quiet, 0.0, 3, 3), Err(Undefined::Setting("shift")));
}
