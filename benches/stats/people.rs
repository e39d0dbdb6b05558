//! Judges and labels from many raters.

use assay_stats::calibration::{Label, brier, conformal_bound, isotonic, platt, prediction_powered, risk_coverage};
use assay_stats::judges::{Alignment, alt_test, calibration_error, logistic, temperature};
use assay_stats::raters::{Score, Vote, dawid_skene, mace, severity};
use serde_json::json;

use crate::race::{Races, Stream};

pub fn run(races: &Races) {
    let mut random = Stream(7);
    labels(races, &mut random);
    scores(races, &mut random);
    judges(races, &mut random);
    calibration(races, &mut random);
}

/// 5,000 items with five labels each of four classes, by 50 raters.
fn labels(races: &Races, random: &mut Stream) {
    let mut votes = Vec::new();
    for item in 0..5000 {
        let (truth, first) = (random.below(4), random.below(50));
        for k in 0..5 {
            let rater = (first + 7 * k) % 50;
            let right = random.below(10) < 4 + rater % 6;
            votes.push(Vote { item, rater, label: if right { truth } else { random.below(4) } });
        }
    }
    let asked: Vec<[usize; 3]> = votes.iter().map(|v| [v.item, v.rater, v.label]).collect();
    let rounds = dawid_skene(&votes, 4, 100, 1e-5).map_or(0, |fit| fit.iterations);
    let script = "import pandas as pd\n\
        from crowdkit.aggregation.classification import DawidSkene\n\
        def prepare(a): return pd.DataFrame(a[0], columns=['task', 'worker', 'label']), a[1]\n\
        def run(d): return DawidSkene(n_iter=d[1], tol=-np.inf).fit(d[0]).probas_.sort_index().sort_index(axis=1).values[:50]";
    races.add("dawid-skene", "crowd-kit", script, &json!([asked, rounds]), 1e-4, || {
        let fit = dawid_skene(&votes, 4, 100, 1e-5).into_iter();
        fit.flat_map(|fit| fit.posteriors.into_iter().take(50).flatten()).map(|p| p.max(1e-10)).collect()
    });
    let script = "import pandas as pd\n\
        from crowdkit.aggregation.classification import MACE\n\
        def prepare(a): return pd.DataFrame(a, columns=['task', 'worker', 'label'])\n\
        def run(d):\n    \
        m = MACE(n_restarts=1); m.fit(d); t, tn = pd.factorize(d.task); w, wn = pd.factorize(d.worker); l, ln = pd.factorize(d.label)\n    \
        return m._e_step(d.copy(), tn, wn, ln, t, w, l)[0]";
    // The restarts of the reference are one and the same start: it makes one, we ten, so that ours may end better.
    let (votes, asked) = (&votes[..1_500], &asked[..1_500]);
    races.add("mace", "crowd-kit", script, &json!(asked), 3e-2, || {
        mace(votes, 4, 10, 1).into_iter().map(|fit| fit.log_likelihood).collect()
    });
}

/// 300 items scored by 20 raters each, with 40 raters in all.
fn scores(races: &Races, random: &mut Stream) {
    let mut scores = Vec::new();
    for item in 0..300 {
        let truth = random.normal();
        for k in 0..20 {
            let rater = (item + 2 * k + random.below(2)) % 40;
            let score = truth + 0.1 * (rater % 5) as f64 + random.normal();
            scores.push(Score { item, rater, period: 0, score });
        }
    }
    let rows: Vec<(usize, usize, f64)> = scores.iter().map(|s| (s.item, s.rater, s.score)).collect();
    let script = "import pandas as pd\nfrom statsmodels.formula.api import ols\n\
        def prepare(a): return pd.DataFrame(a, columns=['i', 'r', 'v'])\n\
        def run(d):\n    \
        m = ols('v ~ C(i) + C(r, Sum)', d).fit(cov_type='cluster', cov_kwds={'groups': d.i})\n    \
        at = [k for k, n in enumerate(m.params.index) if n.startswith('C(r, Sum)')]\n    \
        return m.bse.values[at]";
    races.add("severity", "statsmodels", script, &json!(rows), 1e-6, || {
        let found = severity(&scores, 0.95).expect("raters with common items");
        found.raters[..39].iter().map(|rater| rater.se).collect()
    });
}

fn judges(races: &Races, random: &mut Stream) {
    let labels: Vec<(f64, f64)> = (0..2_000)
        .map(|_| {
            let truth = random.next();
            (truth, 0.8 * truth + 0.3 * random.next())
        })
        .collect();
    let many: Vec<f64> = (0..200_000).map(|_| 0.8 * random.next() + 0.3 * random.next()).collect();
    let (truth, judge): (Vec<f64>, Vec<f64>) = labels.iter().copied().unzip();
    let script = "import types\nsys.modules['numba'] = types.SimpleNamespace(njit=lambda f=None, **k: f if callable(f) else (lambda g: g))\n\
        import ppi_py\n\
        def prepare(a): return [np.array(x) for x in a]\n\
        def run(d): return [ppi_py.ppi_mean_pointestimate(*d).item()] + [float(np.ravel(v)[0]) for v in ppi_py.ppi_mean_ci(*d, alpha=0.05)]";
    // Its interval has denominator n and z, ours n - 1 and t.
    races.add("ppi++", "ppi-python", script, &json!([truth, judge, many]), 1e-4, || {
        let labels: Vec<Label> =
            labels.iter().map(|(truth, judge)| Label { truth: *truth, judge: *judge, cluster: None }).collect();
        let unlabelled: Vec<_> = many.iter().map(|judge| (*judge, None)).collect();
        let found = prediction_powered(&labels, &unlabelled, None, 0.95).expect("labels").corrected;
        vec![found.value, found.interval.lower, found.interval.upper]
    });
    let row: Vec<Option<f64>> = (0..2_000).map(|_| Some(random.below(4) as f64)).collect();
    let judge: Vec<Option<f64>> =
        row.iter().map(|truth| if random.next() < 0.7 { *truth } else { Some(0.0) }).collect();
    let people: Vec<Vec<Option<f64>>> = row
        .iter()
        .map(|truth| (0..5).map(|_| if random.next() < 0.7 { *truth } else { Some(random.below(4) as f64) }).collect())
        .collect();
    let script = "from scipy import stats as st\n\
        def prepare(a): return np.array(a[0], float), np.array(a[1], float)\n\
        def run(a):\n    \
        judge, table = a; out = []\n    \
        for h in range(table.shape[1]):\n        \
        d = []\n        \
        for j, r in zip(judge, table):\n            \
        o = np.delete(r, h); x, y = np.mean(o == r[h]), np.mean(o == j); d.append(float(x >= y) - float(y >= x))\n        \
        out.append(st.ttest_1samp(d, 0.15, alternative='less').pvalue + 1)\n    \
        return out";
    races.add("alt-test accuracy", "numpy and scipy", script, &json!([judge, people]), 1e-9, || {
        let found = alt_test(&judge, &people, Alignment::Accuracy, 0.15, 0.05).expect("people");
        found.annotators.iter().flatten().map(|one| one.p + 1.0).collect()
    });
    let rows: Vec<Vec<f64>> = (0..20_000).map(|_| random.normals(3)).collect();
    let outcomes: Vec<bool> =
        rows.iter().map(|row| random.next() < 1.0 / (1.0 + (-(row[0] + 0.5 * row[1])).exp())).collect();
    let script = "import statsmodels.api as sm\n\
        def prepare(a): return np.array(a[1], float), sm.add_constant(np.array(a[0]))\n\
        def run(d):\n    m = sm.Logit(*d).fit(disp=0, method='newton'); return [*m.params, *m.bse]";
    races.add("logit", "statsmodels", script, &json!([rows, outcomes]), 1e-5, || {
        let found = logistic(&rows, &outcomes).expect("both outcomes");
        [found.coefficients, found.se].concat()
    });
}

/// 100,000 forecasts that are too sure.
fn calibration(races: &Races, random: &mut Stream) {
    let logits: Vec<f64> = (0..100_000).map(|_| 3.0 * random.normal()).collect();
    let truths: Vec<bool> = logits.iter().map(|l| random.next() < 1.0 / (1.0 + (-0.5 * l).exp())).collect();
    let forecasts: Vec<f64> = logits.iter().map(|l| 1.0 / (1.0 + (-l).exp())).collect();
    let input = json!([forecasts, truths]);
    let arrays = "def prepare(a): return [np.array(x, dtype=float) for x in a]\n";
    let script = format!(
        "{arrays}def run(d):\n    \
         o = np.argsort(d[0], kind='stable'); n = len(o)\n    \
         c = [o[n * k // 15 + (n * k % 15 > 0):n * (k + 1) // 15 + (n * (k + 1) % 15 > 0)] for k in range(15)]\n    \
         return sum(len(i) / n * abs(d[0][i].mean() - d[1][i].mean()) for i in c)"
    );
    races.add("calibration error", "numpy", &script, &input, 1e-9, || {
        calibration_error(&forecasts, &truths, 15).map(|found| found.ece).into_iter().collect()
    });
    let script = format!(
        "from sklearn.metrics import brier_score_loss\n{arrays}def run(d): return brier_score_loss(d[1], d[0])"
    );
    races.add("brier", "scikit-learn", &script, &input, 1e-9, || {
        brier(&forecasts, &truths).map(|found| found.score).into_iter().collect()
    });
    let values: Vec<f64> = truths.iter().map(|truth| f64::from(u8::from(*truth))).collect();
    let script = format!(
        "from sklearn.isotonic import IsotonicRegression\n{arrays}\
         def run(d): return IsotonicRegression().fit(*d).predict(d[0])[:1000]"
    );
    races.add("isotonic", "scikit-learn", &script, &input, 1e-9, || {
        isotonic(&forecasts, &values, None).map_or_else(Vec::new, |fitted| fitted[..1000].to_vec())
    });
    let script = format!(
        "from sklearn.calibration import _sigmoid_calibration\n{arrays}\
         def run(d): return _sigmoid_calibration(*d, max_abs_prediction_threshold=1e9)"
    );
    races.add("platt", "scikit-learn", &script, &json!([logits, truths]), 2e-3, || {
        platt(&logits, &truths).map_or_else(Vec::new, |(a, b)| vec![a, b])
    });
    let script = format!(
        "from scipy import optimize\n{arrays}def run(d):\n    \
         s = lambda k: np.sum(d[0] * (1 / (1 + np.exp(-np.exp(k) * d[0])) - d[1]))\n    \
         return np.exp(-optimize.brentq(s, -30, 30, xtol=1e-12))"
    );
    races.add("temperature", "scipy", &script, &json!([logits, truths]), 1e-8, || {
        temperature(&logits, &truths).into_iter().collect()
    });
    let script = format!(
        "{arrays}def run(d):\n    \
         e = d[1][np.argsort(-d[0], kind='stable')]; return np.mean(np.cumsum(e) / np.arange(1, len(e) + 1))"
    );
    races.add("aurc", "numpy", &script, &input, 1e-6, || {
        risk_coverage(&forecasts, &truths).map(|(_, area)| area).into_iter().collect()
    });
    let script = format!(
        "{arrays}def run(d):\n    n = len(d[0]); return np.quantile(d[0], np.ceil((n + 1) * 0.9) / n, method='inverted_cdf')"
    );
    races.add("conformal quantile", "numpy", &script, &input, 1e-12, || {
        conformal_bound(&forecasts, 0.1).into_iter().collect()
    });
}
