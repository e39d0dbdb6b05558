//! Raters and judges against crowd-kit, statsmodels, irrCAC, scipy and brute force.

use assay_stats::judges::{
    Alignment, Sampled, active_mean, alt_test, calibration_error, group_difference, logistic, partial_correlation,
    temperature,
};
use assay_stats::raters::{Score, Vote, conger, dawid_skene, gold_accuracy, mace, severity, two_way_mean};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import pandas as pd, scipy.linalg, scipy.stats as st, scipy.optimize
from statsmodels.formula.api import ols
import statsmodels.api as sm
def votes(a): return pd.DataFrame(a, columns=["task", "worker", "label"])
def cr2(X, y, cl, c):
    # Bell and McCaffrey's estimator with whole matrices, working covariance the identity.
    X, y, cl, c = np.array(X, float), np.array(y, float), np.array(cl), np.array(c, float)
    n = len(y); B = np.linalg.inv(X.T @ X); e = y - X @ B @ X.T @ y; M = np.eye(n) - X @ B @ X.T
    V, P = 0.0, []
    for g in np.unique(cl):
        i = np.flatnonzero(cl == g); A = scipy.linalg.sqrtm(np.linalg.pinv(M[np.ix_(i, i)])).real
        h = A @ X[i] @ B @ c
        V += (h @ e[i]) ** 2; P.append(M[:, i] @ h)
    G = np.array(P) @ np.array(P).T
    return c @ B @ X.T @ y, np.sqrt(V), np.trace(G) ** 2 / np.sum(G ** 2)
def one(f, a):
    if f == "dawid-skene":
        from crowdkit.aggregation.classification import DawidSkene
        # Its lower bound counts the prior once for each vote, so it stops elsewhere: the rounds are given.
        ds = DawidSkene(n_iter=a[1], tol=-np.inf).fit(votes(a[0])); k = a[2]
        return ds.probas_.sort_index().reindex(columns=range(k)).fillna(0).values
    if f.startswith("mace"):
        from crowdkit.aggregation.classification import MACE
        # Its restarts are one and the same start, so one is enough.
        # Fewer of its rounds than ours: it takes a second for fifty.
        d = votes(a[0]); m = MACE(n_restarts=1, n_iter=12)
        if f == "mace":
            m.fit(d)
        w, wn = pd.factorize(d.worker); l, ln = pd.factorize(d.label); t, tn = pd.factorize(d.task)
        if f == "mace step":
            m.spamming_ = np.array(a[1])[wn]; m.thetas_ = np.array(a[2])[wn][:, ln]
        ll, gold, _, _ = m._e_step(d.copy(), tn, wn, ln, t, w, l)
        if f == "mace step": return [ll]
        # Ours has different starts: it may be better, never worse.
        return max(ll, a[1])
    if f == "conger":
        from irrCAC.raw import CAC
        t = pd.DataFrame(np.array([[np.nan if v is None else v for v in r] for r in a[0]], float))
        return CAC(t, weights="identity", categories=a[1], digits=12).conger()["est"]["coefficient_value"]
    if f == "severity":
        d = pd.DataFrame(a, columns=["i", "r", "p", "v"])
        formula = "v ~ C(i) + C(r, Sum)" + (" + C(p, Sum)" if d.p.nunique() > 1 else "")
        m = ols(formula, d).fit(cov_type="cluster", cov_kwds={"groups": d.i}); out = []
        for name in ["r"] + (["p"] if d.p.nunique() > 1 else []):
            at = [k for k, n in enumerate(m.params.index) if n.startswith(f"C({name}, Sum)")]
            b, v = m.params.values[at], m.cov_params().values[np.ix_(at, at)]
            out += list(zip(b, np.sqrt(np.diag(v)))) + [(-b.sum(), np.sqrt(v.sum()))]
        return out
    if f == "two-way mean":
        d = pd.DataFrame(a, columns=["i", "r", "p", "v"]); X = np.ones((len(d), 1))
        parts = [cr2(X, d.v, g, [1]) for g in (d.i, d.r, d.groupby(["i", "r"]).ngroup())]
        v = [p[1] ** 2 for p in parts]
        return [parts[0][0], np.sqrt(max(v[0] + v[1] - v[2], v[0], v[1])), min(parts[0][2], parts[1][2])]
    if f == "gold": lo, hi = st.beta.interval(0.95, 1 + a[0], 1 + a[1]); return [(1 + a[0]) / (2 + sum(a)), lo, hi]
    if f.startswith("alt-test"):
        judge, people, eps = a; p, rho = [], []
        score = (lambda x, o: np.mean(o == x)) if f.endswith("accuracy") else (lambda x, o: -np.sqrt(np.mean((o - x) ** 2)))
        table = np.array([[np.nan if v is None else v for v in r] for r in people], float)
        for h in range(table.shape[1]):
            d, w = [], []
            for j, row in zip(judge, table):
                o = np.delete(row, h); o = o[~np.isnan(o)]
                if j is None or np.isnan(row[h]) or not len(o): continue
                x, y = score(row[h], o), score(j, o); w.append(y >= x); d.append(float(x >= y) - float(y >= x))
            if len(d) < 30: continue
            # Without variance the authors' p-value is not a number; ours is 0 or 1.
            p.append(st.ttest_1samp(d, eps, alternative="less").pvalue if np.ptp(d) > 0 else float(np.mean(d) >= eps))
            rho.append(np.mean(w))
        m = len(p); s = np.sort(p); by = np.arange(1, m + 1) / m * 0.05 / np.sum(1 / np.arange(1, m + 1))
        k = np.flatnonzero(s <= by); won = (k[-1] + 1) / m if len(k) else 0
        return [won, np.mean(rho)] + p
    if f == "cr2 difference":
        s = np.array(a[1], float); return cr2(np.column_stack([np.ones(len(s)), s]), a[0], a[2], [0, 1])
    if f == "logit":
        m = sm.Logit(np.array(a[1], float), sm.add_constant(np.array(a[0]), has_constant="add")).fit(disp=0, method="newton", maxiter=200, tol=1e-14)
        return list(m.params) + list(m.bse) + [m.llf]
    if f == "partial correlation":
        x, y, z = (np.array(v) for v in a); Z = np.column_stack([np.ones(len(z)), z])
        r = lambda v: v - Z @ np.linalg.lstsq(Z, v, rcond=None)[0]
        return np.corrcoef(r(x), r(y))[0, 1]
    if f == "calibration error":
        p, y, b = np.array(a[0]), np.array(a[1], float), a[2]; o = np.argsort(p, kind="stable"); p, y = p[o], y[o]; n = len(p)
        ends = [min(n, -(-n * k // b)) for k in range(1, b + 1)]; cut, at = [], 0
        for e in ends:
            if e <= at: continue
            while e < n and p[e] == p[e - 1]: e += 1
            cut.append((at, e)); at = e
        w = np.array([(e - s) / n for s, e in cut]); g = np.array([p[s:e].mean() - y[s:e].mean() for s, e in cut])
        v = np.array([y[s:e].mean() * (1 - y[s:e].mean()) / (e - s - 1) if e - s > 1 else np.nan for s, e in cut])
        return [np.sum(w * abs(g)), np.sum(w * g ** 2), np.sum(w * (g ** 2 - v))]
    if f == "temperature":
        l, y = np.array(a[0]), np.array(a[1], float)
        s = lambda k: np.sum(l * (1 / (1 + np.exp(-np.exp(k) * l)) - y))
        return np.exp(-scipy.optimize.brentq(s, -30, 30, xtol=1e-14))
    if f == "active mean":
        # The inverse-probability estimate by weighted sums, apart from its pseudo-values.
        j, t, c = (np.array([np.nan if v is None else v for v in x], float) for x in a); has = ~np.isnan(t)
        v = j + np.where(has, (np.nan_to_num(t) - j) / c, 0); n = len(j)
        m = (j.sum() + ((t - j)[has] / c[has]).sum()) / n; se = st.sem(v); h = st.t.ppf(.975, n - 1) * se
        return [m, se, m - h, m + h]
    raise ValueError(f)
"#;

#[test]
fn raters_agree_with_the_references() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(77);
    for round in 0..64 {
        let (items, raters, classes) = (8 + random.below(40) as usize, 3 + random.below(5) as usize, 2 + round % 3);
        let skill: Vec<f64> = (0..raters).map(|_| 0.3 + 0.7 * random.next()).collect();
        let (mut votes, mut scores, mut table) = (Vec::new(), Vec::new(), Vec::new());
        for item in 0..items {
            let truth = random.below(classes as u64) as usize;
            let mut row = vec![None; raters];
            for (rater, skill) in skill.iter().enumerate() {
                // The first two rate everything, so that all are connected.
                if rater > 1 && random.next() < 0.3 {
                    continue;
                }
                let label = if random.next() < *skill { truth } else { random.below(classes as u64) as usize };
                votes.push(Vote { item, rater, label });
                row[rater] = Some(label as f64);
                let period = if round % 2 == 0 { 0 } else { item * 3 / items };
                let score = truth as f64 + 0.3 * rater as f64 + 0.2 * period as f64 + random.normal();
                // Periods vary within items, or items would take them up.
                let period = if round % 2 == 0 { 0 } else { random.below(3) as usize };
                scores.push(Score { item, rater, period, score });
            }
            table.push(row);
        }
        let asked: Vec<[usize; 3]> = votes.iter().map(|v| [v.item, v.rater, v.label]).collect();
        // Its rounds are slow: a dozen of them tell two implementations apart as well as a hundred.
        let fit = dawid_skene(&votes, classes, 12, 1e-5).unwrap();
        if !fit.switched {
            let ours = fit.posteriors.iter().flatten().map(|p| if *p < 1e-9 { 0.0 } else { *p }).collect();
            oracle.ask("dawid-skene", json!([asked, fit.iterations, classes]), ours, 1e-4);
        }
        let used: std::collections::BTreeSet<usize> = votes.iter().map(|v| v.label).collect();
        if used.len() == classes {
            let fit = mace(&votes, classes, 10, 1).unwrap();
            let ours = vec![fit.log_likelihood];
            oracle.ask("mace step", json!([asked, fit.spamming, fit.strategy]), ours.clone(), 1e-2);
            oracle.ask("mace", json!([asked, fit.log_likelihood]), ours, 1e-2);
        }
        if let Some(kappa) = conger(&table) {
            let categories: Vec<f64> = used.iter().map(|k| *k as f64).collect();
            oracle.ask("conger", json!([table, categories]), vec![kappa], 1e-9);
        }
        let rows: Vec<(usize, usize, usize, f64)> =
            scores.iter().map(|s| (s.item, s.rater, s.period, s.score)).collect();
        if let Some(found) = severity(&scores, 0.95) {
            let ours = found.raters.iter().chain(&found.periods).flat_map(|s| [s.effect, s.se]).collect();
            oracle.ask("severity", json!(rows), ours, 1e-6);
        }
        let m = two_way_mean(&scores, 0.95).unwrap();
        oracle.ask("two-way mean", json!(rows), vec![m.mean, m.se, m.df], 1e-7);
        let (hits, misses) = (random.below(60), random.below(9));
        let (mean, i) = gold_accuracy(hits, misses, 0.95).unwrap();
        oracle.ask("gold", json!([hits, misses]), vec![mean, i.lower, i.upper], 1e-9);
    }
    oracle.check();
}

#[test]
fn judges_agree_with_the_references() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(78);
    for round in 0..64 {
        let items = 32 + random.below(60) as usize;
        let annotators = 3 + random.below(4) as usize;
        let right = if round % 8 == 0 { 1.0 } else { 0.4 + 0.5 * random.next() };
        let mut label = |truth: u64, right: f64| (if random.next() < right { truth } else { random.below(4) }) as f64;
        let (mut judge, mut people) = (Vec::new(), Vec::new());
        for item in 0..items {
            let truth = (item % 4) as u64;
            judge.push((item % 17 != 3).then(|| label(truth, right)));
            let row: Vec<Option<f64>> = (0..annotators)
                .map(|h| ((item + h) % 11 != 0).then(|| label(truth, right - 0.1 * (h % 2) as f64)))
                .collect();
            people.push(row);
        }
        for (alignment, name) in [(Alignment::Accuracy, "alt-test accuracy"), (Alignment::Rmse, "alt-test rmse")] {
            let Some(found) = alt_test(&judge, &people, alignment, 0.15, 0.05) else { continue };
            let mut ours = vec![found.winning_rate, found.advantage];
            ours.extend(found.annotators.iter().flatten().map(|one| one.p));
            oracle.ask(name, json!([judge, people, 0.15]), ours, 1e-8);
        }
        let n = 10 + random.below(50) as usize;
        let values: Vec<f64> =
            (0..n).map(|_| if round % 3 == 0 { random.below(3) as f64 - 1.0 } else { random.normal() }).collect();
        let second: Vec<bool> = (0..n).map(|i| if round % 2 == 0 { i % 2 == 0 } else { random.next() < 0.3 }).collect();
        let clusters: Vec<u32> =
            (0..n as u32).map(|i| if round % 4 < 2 { i / 2 } else { random.below(8) as u32 }).collect();
        if let Ok(found) = group_difference(&values, &second, &clusters, 0.95) {
            oracle.ask(
                "cr2 difference",
                json!([values, second, clusters]),
                vec![found.value, found.se, found.df],
                1e-7,
            );
        }
        let rows: Vec<Vec<f64>> = (0..n).map(|_| vec![random.below(3) as f64 / 2.0, random.normal()]).collect();
        let outcomes: Vec<bool> =
            rows.iter().map(|r| random.next() < 1.0 / (1.0 + (-(r[0] + 0.5 * r[1])).exp())).collect();
        if let Some(fit) = logistic(&rows, &outcomes) {
            let mut ours = fit.coefficients.clone();
            ours.extend(&fit.se);
            ours.push(fit.log_likelihood);
            oracle.ask("logit", json!([rows, outcomes]), ours, 1e-6);
        }
        let [x, y, z] = [0; 3].map(|_| (0..n).map(|_| random.normal()).collect::<Vec<f64>>());
        oracle.ask("partial correlation", json!([x, y, z]), vec![partial_correlation(&x, &y, &z).unwrap()], 1e-9);
        let forecasts: Vec<f64> =
            (0..n).map(|_| if round % 2 == 0 { random.next() } else { random.below(11) as f64 / 10.0 }).collect();
        let truths: Vec<bool> = forecasts.iter().map(|p| random.next() < *p).collect();
        let c = calibration_error(&forecasts, &truths, 15).unwrap();
        let ours = vec![c.ece, c.squared, c.debiased.unwrap_or(f64::NAN)];
        oracle.ask("calibration error", json!([forecasts, truths, 15]), ours, 1e-9);
        let logits: Vec<f64> = (0..n).map(|_| 3.0 * random.normal()).collect();
        let truths: Vec<bool> = logits.iter().map(|l| random.next() < 1.0 / (1.0 + (-0.5 * l).exp())).collect();
        if let Some(t) = temperature(&logits, &truths) {
            oracle.ask("temperature", json!([logits, truths]), vec![t], 1e-8);
        }
        let chance: Vec<f64> = (0..n).map(|_| 0.1 + 0.9 * random.next()).collect();
        let truth: Vec<Option<f64>> = chance.iter().map(|c| (random.next() < *c).then(|| random.normal())).collect();
        let cases: Vec<Sampled> =
            (0..n).map(|i| Sampled { judge: x[i], truth: truth[i], chance: chance[i], cluster: None }).collect();
        if let Ok(m) = active_mean(&cases, 0.95) {
            oracle.ask(
                "active mean",
                json!([x, truth, chance]),
                vec![m.value, m.se, m.interval.lower, m.interval.upper],
                1e-9,
            );
        }
    }
    oracle.check();
}
