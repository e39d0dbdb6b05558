//! Corrected judges, calibration and rankings against ppi-python, scikit-learn and evalica.

use assay_stats::arena::{Battle, Ties, rank};
use assay_stats::calibration::{Label, brier, isotonic, platt, prediction_powered, risk_coverage};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import types
# ppi-python imports numba for speed only.
sys.modules["numba"] = types.SimpleNamespace(njit=lambda f=None, **k: f if callable(f) else (lambda g: g))
import evalica, ppi_py
from scipy import stats
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss
def one(f, a):
    if f == "ppi++":
        y, fl, fu = (np.array(v, dtype=float) for v in a)
        n, N = len(y), len(fu)
        point = ppi_py.ppi_mean_pointestimate(y, fl, fu).item()
        # Its interval has ddof 0 and z: ours is the same with ddof 1 and t.
        lo, hi = (float(np.ravel(v)[0]) for v in ppi_py.ppi_mean_ci(y, fl, fu, alpha=0.05))
        se0 = (hi - lo) / 2 / stats.norm.ppf(0.975)
        lam = np.cov(y, fl, ddof=0)[0, 1] / ((1 + n / N) * np.var(np.concatenate([fl, fu]), ddof=1))
        lam = min(max(lam, 0), 1)
        vi, vr = np.var(lam * fu) / N, np.var(y - lam * fl) / n
        assert abs(vi + vr - se0 ** 2) < 1e-12
        vi, vr = vi * N / (N - 1), vr * n / (n - 1)
        df = (vi + vr) ** 2 / (vi ** 2 / (N - 1) + vr ** 2 / (n - 1))
        h = stats.t.ppf(0.975, df) * np.sqrt(vi + vr)
        return [point, point - h, point + h]
    if f == "isotonic": return IsotonicRegression().fit(a[0], a[1], sample_weight=a[2]).predict(a[0])
    if f == "platt": return _sigmoid_calibration(np.array(a[0]), np.array(a[1]).astype(int), max_abs_prediction_threshold=1e9)
    if f == "brier": return brier_score_loss(np.array(a[1]).astype(int), a[0])
    if f == "aurc":
        order = np.argsort(-np.array(a[0])); e = np.array(a[1], dtype=float)[order]
        return np.mean(np.cumsum(e) / np.arange(1, len(e) + 1))
    if f == "bradley-terry":
        w = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
        r = evalica.bradley_terry([x for x, _, _ in a], [y for _, y, _ in a], [w[o] for _, _, o in a], tolerance=1e-14, limit=100000)
        s = np.log(np.array([r.scores[k] for k in sorted(r.scores.index)]))
        return s - s.mean()
    if f == "styled bradley-terry":
        import statsmodels.api as sm
        rows, players, clusters = a
        x = np.zeros((len(rows), players - 1 + len(rows[0][3]))); y = np.array([r[2] for r in rows])
        for i, (p, q, _, style) in enumerate(rows):
            if p > 0: x[i, p - 1] += 1
            if q > 0: x[i, q - 1] -= 1
            x[i, players - 1:] = style
        fit = sm.GLM(y, x, family=sm.families.Binomial()).fit(
            tol=1e-14, cov_type="cluster", cov_kwds={"groups": np.array(clusters), "use_correction": False, "df_correction": False})
        # Player 0 is the reference there; strengths sum to 0 here.
        turn = np.zeros((players, players - 1)); turn[1:] = np.eye(players - 1); turn -= turn.mean(axis=0)
        k = players - 1
        s, v = turn @ fit.params[:k], turn @ fit.cov_params()[:k, :k] @ turn.T
        return np.concatenate([s, fit.params[k:], np.sqrt(np.diag(v))])
    raise ValueError(f)
"#;

#[test]
fn corrected_judges_and_rankings_agree_with_the_references() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(23);
    for round in 0..60 {
        let n = 3 + random.below(60) as usize;
        let noise = 0.05 + random.next();
        let mut pair = || {
            let truth = random.next();
            (truth, 0.8 * truth + noise * random.next())
        };
        let labels: Vec<(f64, f64)> = (0..n).map(|_| pair()).collect();
        let many: Vec<f64> = (0..5 * n).map(|_| pair().1).collect();
        let ours = prediction_powered(
            &labels
                .iter()
                .map(|(truth, judge)| Label { truth: *truth, judge: *judge, cluster: None })
                .collect::<Vec<_>>(),
            &many.iter().map(|f| (*f, None)).collect::<Vec<_>>(),
            None,
            0.95,
        )
        .unwrap()
        .corrected;
        let (truth, judge): (Vec<f64>, Vec<f64>) = labels.into_iter().unzip();
        oracle.ask(
            "ppi++",
            json!([truth, judge, many]),
            vec![ours.value, ours.interval.lower, ours.interval.upper],
            1e-9,
        );
        let x: Vec<f64> = (0..n).map(|_| random.below(12) as f64).collect();
        let y: Vec<f64> = x.iter().map(|x| x + 6.0 * random.normal()).collect();
        let weights: Vec<f64> = (0..n).map(|_| 0.1 + random.next()).collect();
        oracle.ask("isotonic", json!([x, y, weights]), isotonic(&x, &y, Some(&weights)).unwrap(), 1e-9);
        let truths: Vec<bool> = x.iter().map(|x| random.next() < 0.1 + 0.06 * x).collect();
        if let Some((a, b)) = platt(&x, &truths) {
            oracle.ask("platt", json!([x, truths]), vec![a, b], 2e-3);
        }
        let forecasts = random.many(n);
        oracle.ask("brier", json!([forecasts, truths]), vec![brier(&forecasts, &truths).unwrap().score], 1e-12);
        let (_, area) = risk_coverage(&forecasts, &truths).unwrap();
        oracle.ask("aurc", json!([forecasts, truths]), vec![area], 1e-12);
        let players = 2 + random.below(6) as usize;
        let battles: Vec<(usize, usize, f64)> = (0..40 * players)
            .map(|_| {
                let a = random.below(players as u64) as usize;
                let b = (a + 1 + random.below(players as u64 - 1) as usize) % players;
                (a, b, [0.0, 0.5, 1.0, f64::from(u8::from(a < b))][random.below(4) as usize])
            })
            .collect();
        let fitted: Vec<Battle> = battles.iter().map(|(a, b, o)| Battle::new(*a, *b, *o)).collect();
        if let Ok(ranking) = rank(players, &fitted, Ties::Half)
            && !ranking.separated
        {
            // The reference stops when its steps are small, not when its slope is.
            let tolerance = if round < 30 { 1e-4 } else { 1e-3 };
            oracle.ask("bradley-terry", json!(battles), ranking.strengths.clone(), tolerance);
        }
    }
    oracle.check();
}

#[test]
fn rankings_with_style_held_equal_agree_with_statsmodels() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(404);
    for round in 0..60 {
        let (players, styles) = (2 + round % 5, 1 + round % 3);
        let (mut battles, mut rows, mut clusters) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..120 * players {
            let a = random.below(players as u64) as usize;
            let b = (a + 1 + random.below(players as u64 - 1) as usize) % players;
            let style: Vec<f64> = (0..styles).map(|_| random.normal()).collect();
            let lead = 0.3 * (a as f64 - b as f64) + 0.8 * style[0] + random.normal();
            let outcome = if lead.abs() < 0.3 { 0.5 } else { f64::from(u8::from(lead > 0.0)) };
            let cluster = (i / 4) as u32;
            rows.push(json!([a, b, outcome, style]));
            clusters.push(cluster);
            battles.push(Battle { cluster: Some(cluster), style, ..Battle::new(a, b, outcome) });
        }
        let ranking = rank(players, &battles, Ties::Half).unwrap();
        assert!(!ranking.separated && ranking.style[0] > 0.5);
        let ours = [ranking.strengths, ranking.style, ranking.se].concat();
        oracle.ask("styled bradley-terry", json!([rows, players, clusters]), ours, 1e-7);
    }
    oracle.check();
}

/// Brute force: the variance of the mean of judges whose errors vary alike is that of `independent` judges.
#[test]
fn a_jury_is_worth_as_many_judges_as_its_mean_is_steady() {
    use assay_stats::judges::independent;
    let mut random = Stream(7);
    let variance = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64
    };
    for judges in 2..7_usize {
        // Each has the same errors in an order of its own: equal variances, any correlations.
        let errors: Vec<f64> = (0..60).map(|_| random.normal()).collect();
        let columns: Vec<Vec<f64>> = (0..judges)
            .map(|_| {
                let mut column = errors.clone();
                for i in 0..30 {
                    column.swap(i, i + random.below(30) as usize);
                }
                column
            })
            .collect();
        let means: Vec<f64> = (0..60).map(|i| columns.iter().map(|c| c[i]).sum::<f64>() / judges as f64).collect();
        let given: Vec<Vec<Option<f64>>> = columns.iter().map(|c| c.iter().copied().map(Some).collect()).collect();
        let found = independent(&given).unwrap();
        assert!((found - variance(&errors) / variance(&means)).abs() < 1e-9, "{judges}: {found}");
    }
    // Six judges that share four fifths of their errors: 6 / (1 + 5 · 0.8) = 1.2.
    let shared: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
    let mut judge = || shared.iter().map(|z| Some(0.8_f64.sqrt() * z + 0.2_f64.sqrt() * random.normal())).collect();
    let six: Vec<Vec<Option<f64>>> = (0..6).map(|_| judge()).collect();
    assert!((independent(&six).unwrap() - 1.2).abs() < 0.02);
    assert_eq!(independent(&[vec![Some(1.0); 4], vec![Some(0.0); 4]]), None);
    assert_eq!(independent(&[vec![Some(f64::NAN)], vec![Some(0.0)]]), None);
    assert_eq!(independent(&[]), None);
}
