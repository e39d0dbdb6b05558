//! Drift and monitoring.

use assay_stats::drift::change::{Adwin, Ddm, Kswin, PageHinkley, alarms};
use assay_stats::drift::chart::{Cusum, Ewma, Sides};
use assay_stats::drift::distribution::{
    Bins, anderson_darling, independence, jensen_shannon, kolmogorov_smirnov, psi, wasserstein,
};
use assay_stats::drift::embedding::{domain_classifier_on, mmd};
use assay_stats::drift::season::{mad_z, mstl, stl};
use serde_json::json;

use crate::race::{Races, Stream};

pub fn run(races: &Races) {
    let mut random = Stream(3);
    let stream: Vec<f64> = (0..100_000).map(|i| random.next() + if i >= 60_000 { 0.5 } else { 0.0 }).collect();
    let river = |class: &str| {
        format!(
            "from river import drift\ndef prepare(a): return a\ndef run(d):\n    t = drift.{class}(); found = []\n    \
             for i, x in enumerate(d):\n        t.update(x)\n        if t.drift_detected: found.append(i)\n    \
             return [len(found)] + found"
        )
    };
    let places = |found: Vec<usize>| -> Vec<f64> {
        std::iter::once(found.len()).chain(found).map(|place| place as f64).collect()
    };
    races.add("PageHinkley", "river", &river("PageHinkley"), &json!(stream), 0.0, || {
        places(alarms(&mut PageHinkley::default(), &stream).expect("finite values"))
    });
    races.add("ADWIN", "river", &river("ADWIN"), &json!(stream), 0.0, || {
        places(alarms(&mut Adwin::default(), &stream).expect("finite values"))
    });
    // Of a window of two samples all are drawn, so that its random numbers do not matter; each value is a test by scipy.
    let around = &stream[59_800..60_200];
    let script = river("KSWIN").replace("drift.KSWIN()", "drift.KSWIN(window_size=60, stat_size=30, seed=1)");
    races.add("KSWIN", "river", &script, &json!(around), 0.0, || {
        places(alarms(&mut Kswin::new(0.005, 60, 30, 1).expect("settings"), around).expect("finite values"))
    });
    let (a, b) = stream.split_at(50_000);
    let two = "from scipy import stats\ndef prepare(a): return [np.array(x) for x in a]\n";
    let script = format!("{two}def run(d):\n    r = stats.ks_2samp(*d); return [r.statistic, r.pvalue]");
    races.add("ks_2samp", "scipy", &script, &json!([a, b]), 1e-8, || {
        let test = kolmogorov_smirnov(a, b).expect("finite values");
        vec![test.statistic, test.p]
    });
    let script = format!("{two}def run(d): return stats.wasserstein_distance(*d)");
    races.add("wasserstein_distance", "scipy", &script, &json!([a, b]), 1e-9, || {
        vec![wasserstein(a, b).expect("finite values")]
    });
    // Six weeks of half hours with a daily season.
    let half_hours: Vec<f64> =
        (0..2016).map(|i| (f64::from(i) * std::f64::consts::TAU / 48.0).sin() + random.next()).collect();
    let script = "from statsmodels.tsa.seasonal import STL\ndef prepare(a): return np.array(a)\n\
        def run(d): return STL(d, period=48, seasonal=7, robust=True).fit().trend";
    races.add("stl robust", "statsmodels", script, &json!(half_hours), 1e-6, || {
        stl(&half_hours, 48, 7, true).expect("finite values").trend
    });
    let script = "from statsmodels.tsa.seasonal import MSTL\ndef prepare(a): return np.array(a)\n\
        def run(d): return MSTL(d, periods=[48, 336]).fit().trend";
    races.add("mstl", "statsmodels", script, &json!(half_hours), 1e-6, || {
        mstl(&half_hours, &[48, 336], false).expect("finite values").trend
    });
    let script = "from scipy import stats\ndef prepare(a): return np.array(a)\n\
        def run(x): return ((x - np.median(x)) / stats.median_abs_deviation(x, scale='normal'))[:1000]";
    races.add("mad z", "scipy", script, &json!(stream), 1e-9, || {
        let values: Vec<Option<f64>> = stream.iter().copied().map(Some).collect();
        mad_z(&values).expect("it varies").into_iter().take(1000).flatten().collect()
    });
    let failures: Vec<u8> =
        (0..100_000).map(|i| u8::from(random.next() < if i < 60_000 { 0.1 } else { 0.3 })).collect();
    let script = "from river.drift.binary import DDM\ndef prepare(a): return a\ndef run(d):\n    \
        t = DDM(); found = []\n    \
        for i, x in enumerate(d):\n        t.update(x)\n        if t.drift_detected: found.append(i)\n    \
        return [len(found)] + found";
    races.add("DDM", "river", script, &json!(failures), 0.0, || {
        let failures: Vec<f64> = failures.iter().copied().map(f64::from).collect();
        places(alarms(&mut Ddm::default(), &failures).expect("0 or 1"))
    });
    samples(races, a, b);
    charts(races);
    embeddings(races, &mut random);
}

/// Two samples of 50,000.
fn samples(races: &Races, a: &[f64], b: &[f64]) {
    let two = "from scipy import stats\nfrom scipy.spatial import distance\ndef prepare(a): return [np.array(x) for x in a]\n";
    let script = format!("{two}def run(d): return stats.anderson_ksamp(d, variant='midrank').statistic");
    races.add("anderson_ksamp", "scipy", &script, &json!([a, b]), 1e-8, || {
        vec![anderson_darling(&[a, b]).expect("they vary").statistic]
    });
    let script = format!(
        "{two}def run(d):\n    \
         e = np.r_[-np.inf, np.quantile(d[0], np.arange(1, 10) / 10), np.inf]\n    \
         p, q = (np.maximum(np.histogram(x, e)[0] / len(x), 1e-4) for x in d)\n    \
         return [np.sum((q - p) * np.log(q / p)), distance.jensenshannon(p, q)]"
    );
    races.add("psi", "numpy", &script, &json!([a, b]), 1e-8, || {
        let bins = Bins::quantiles(a, 10).expect("distinct values");
        let (p, q) = (bins.counts(a).expect("numbers"), bins.counts(b).expect("numbers"));
        vec![psi(&p, &q).expect("counts"), jensen_shannon(&p, &q).expect("counts")]
    });
    let mut random = Stream(4);
    let tables: Vec<[Vec<u64>; 2]> =
        (0..1_000).map(|_| [0; 2].map(|_| (0..8).map(|_| 5 + random.below(200) as u64).collect())).collect();
    let script = "from scipy import stats\ndef prepare(a): return [np.array(t) for t in a]\n\
        def run(d): return sum(stats.chi2_contingency(t, correction=False, lambda_=l).pvalue for t in d for l in (None, 'log-likelihood'))";
    races.add("chi2_contingency", "scipy", script, &json!(tables), 1e-8, || {
        let p = |[a, b]: &[Vec<u64>; 2]| independence(a, b, 0, 0).map(|test| test.p + test.g_p).expect("counts");
        vec![tables.iter().map(p).sum()]
    });
}

/// Run lengths from the chain of Brook and Evans. No package has them: the chain in numpy with as many states.
fn charts(races: &Races) {
    let script = "from scipy.stats import norm\ndef prepare(a): return a\ndef cusum(k, h, d, t=100):\n    \
        w = 2 * h / (2 * t - 1); i = np.arange(t)\n    \
        R = norm.cdf(k - d + (i[None] - i[:, None] + .5) * w) - norm.cdf(k - d + (i[None] - i[:, None] - .5) * w)\n    \
        R[:, 0] = norm.cdf(k - d + (.5 - i) * w)\n    \
        return np.linalg.solve(np.eye(t) - R, np.ones(t))[0]\n\
        def run(d): return [cusum(0.5, h, s) for h, s in d]";
    let grid: Vec<(f64, f64)> = (0..20).map(|i| (3.0 + 0.1 * f64::from(i % 5), 0.25 * f64::from(i / 5))).collect();
    races.add("cusum", "numpy", script, &json!(grid), 5e-3, || {
        grid.iter()
            .map(|(h, shift)| Cusum::new(0.5, *h, Sides::Up).ok()?.arl(*shift))
            .collect::<Option<_>>()
            .expect("charts")
    });
    let script = "from scipy.stats import norm\ndef prepare(a): return a\ndef ewma(l, L, d, t=101):\n    \
        e = L * np.sqrt(l / (2 - l)); w = 2 * e / t; c = -e + (np.arange(t) + .5) * w\n    \
        x = lambda s: norm.cdf((c[None] + s - (1 - l) * c[:, None]) / l - d)\n    \
        return np.linalg.solve(np.eye(t) - x(w / 2) + x(-w / 2), np.ones(t))[t // 2]\n\
        def run(d): return [ewma(0.2, L, s) for L, s in d]";
    let grid: Vec<(f64, f64)> = (0..20).map(|i| (2.5 + 0.1 * f64::from(i % 5), 0.25 * f64::from(i / 5))).collect();
    races.add("ewma", "numpy", script, &json!(grid), 5e-3, || {
        grid.iter()
            .map(|(limit, shift)| Ewma::new(0.2, *limit).ok()?.arl(*shift))
            .collect::<Option<_>>()
            .expect("charts")
    });
}

/// Twice 500 embeddings of 32 numbers.
fn embeddings(races: &Races, random: &mut Stream) {
    let a: Vec<Vec<f64>> = (0..500).map(|_| random.normals(32)).collect();
    let b: Vec<Vec<f64>> = (0..500).map(|_| random.normals(32).into_iter().map(|v| v + 0.1).collect()).collect();
    let script = "from scipy.spatial.distance import pdist, cdist\n\
        def prepare(a): return [np.array(x) for x in a]\n\
        def run(d):\n    \
        x, y = d; n = len(x); s = np.median(pdist(np.vstack(d))); k = lambda u, v: np.exp(-cdist(u, v, 'sqeuclidean') / (2 * s * s))\n    \
        xx, yy, xy = k(x, x), k(y, y), k(x, y)\n    \
        return [(xx.sum() - n) / n / (n - 1) + (yy.sum() - n) / n / (n - 1) - 2 * xy.mean(), s]";
    races.add("mmd", "scipy", script, &json!([a, b]), 1e-8, || {
        let found = mmd(&a, &b, 1, 1).expect("they vary");
        vec![found.squared, found.bandwidth]
    });
    let folds: Vec<usize> = (0..1_000).map(|i| (i * 7) % 5).collect();
    let script = "from sklearn.linear_model import LogisticRegression\nfrom sklearn.metrics import roc_auc_score\n\
        def prepare(a): return np.array(a[0]), np.array(a[1]), np.array(a[2])\n\
        def run(a):\n    \
        x, y, g = a; z = np.vstack([x, y]); z = (z - z.mean(0)) / z.std(0); t = np.r_[np.zeros(len(x)), np.ones(len(y))]; out = np.zeros(len(t))\n    \
        fit = lambda i: LogisticRegression(C=1.0, tol=1e-10, max_iter=10000, solver='newton-cholesky').fit(z[i], t[i])\n    \
        for k in range(5): out[g == k] = fit(g != k).decision_function(z[g == k])\n    \
        return roc_auc_score(t, out)";
    races.add("domain classifier", "scikit-learn", script, &json!([a, b, folds]), 1e-6, || {
        vec![domain_classifier_on(&a, &b, &folds, 0.95).expect("they vary").auc]
    });
}
