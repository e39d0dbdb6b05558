//! Items, item response theory, holdouts, anchors and what correlations say of metrics: against pandas, girth, scipy and
//! brute force in numpy.

use assay_stats::Kind;
use assay_stats::anchor::difference_estimate;
use assay_stats::correlation::{
    Agreement, Coefficient, Overlapping, agreement, agreement_difference, attenuation, clustered, disattenuated,
    interval, kendall, pairwise_accuracy, pairwise_p, pearson, soft_pairwise_accuracy, spearman,
};
use assay_stats::holdout::{HoldoutError, Ladder, Looks, canaries, exposure, marked_difference};
use assay_stats::irt::{Fit, Irt, IrtError, Model, fit};
use assay_stats::items::{ItemsError, item_analysis, saturation};
use proptest::prelude::*;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import itertools, pandas as pd
from scipy import optimize, stats
from scipy.special import expit
def table(a): return np.array([[np.nan if v is None else v for v in row] for row in a], dtype=float)
def marginal(u, model, sd):
    # The marginal likelihood itself, on 161 even steps, by L-BFGS: no EM.
    n, k = u.shape; x = np.linspace(-7, 7, 161); w = np.exp(-x * x / 2); lw = np.log(w / w.sum())
    ok = (~np.isnan(u)).astype(float); y = np.where(ok > 0, u, 0)
    def split(p):
        return {"rasch": lambda: (np.ones(k), p), "1pl": lambda: (np.full(k, p[0]), p[1:]), "2pl": lambda: (p[:k], p[k:])}[model]()
    def nll(p):
        a, c = split(p); z = np.outer(a, x) + c[:, None]
        ll = y @ z - ok @ np.logaddexp(0, z) + lw; m = ll.max(1, keepdims=True); e = np.exp(ll - m); s = e.sum(1, keepdims=True)
        f = -(m + np.log(s)).sum(); q = e / s; g = y.T @ q - (ok.T @ q) * expit(z)
        ga, gc = -(g * x).sum(1), -g.sum(1)
        if model == "rasch": return f, gc
        free = a[:1] if model == "1pl" else a
        if model == "1pl": ga = ga.sum(keepdims=True)
        if sd: f += (np.log(free) + np.log(free) ** 2 / (2 * sd * sd)).sum(); ga = ga + (1 + np.log(free) / sd ** 2) / free
        return f, np.r_[ga, gc]
    d = np.nanmean(u, 0); c0 = np.log(d / (1 - d)); m = {"rasch": 0, "1pl": 1, "2pl": k}[model]
    p0 = np.r_[np.ones(m), c0]
    r = optimize.minimize(nll, p0, jac=True, method="L-BFGS-B", bounds=[(1e-3, 30)] * m + [(None, None)] * k, options=dict(maxiter=2000, ftol=1e-14, gtol=1e-7))
    a, c = split(r.x)
    z = np.outer(a, x) + c[:, None]; ll = y @ z - ok @ np.logaddexp(0, z) + lw; q = np.exp(ll - ll.max(1, keepdims=True)); q /= q.sum(1, keepdims=True)
    mean = q @ x; sd_ = np.sqrt(q @ x ** 2 - mean ** 2)
    # Observed information of the first item by differences of the gradient.
    ix = {"rasch": [0], "1pl": [1], "2pl": [0, k]}[model]; h = np.zeros((len(ix), len(ix)))
    for j, at in enumerate(ix):
        e = np.zeros_like(r.x); e[at] = 1e-5
        h[:, j] = (nll(r.x + e)[1][ix] - nll(r.x - e)[1][ix]) / 2e-5
    v = np.linalg.inv(h); b = -c[0] / a[0]; j = np.array([-b / a[0], -1 / a[0]]) if model == "2pl" else np.array([-1 / a[0]])
    se = np.sqrt(j @ v @ j)
    return np.r_[a, -c / a, mean, sd_, se] + 10
def att(x, y):
    def alpha(m): k = m.shape[1]; return k / (k - 1) * (1 - m.var(0, ddof=1).sum() / m.sum(1).var(ddof=1))
    return np.corrcoef(x.sum(1), y.sum(1))[0, 1] / np.sqrt(alpha(x) * alpha(y))
def level(a, b, which, f):
    return f(a.mean(1), b.mean(1)) if which == "system" else np.nanmean([f(a[:, i], b[:, i]) for i in range(a.shape[1])])
def one(f, a):
    if f == "item analysis":
        d = pd.DataFrame(table(a)); out = []
        for c in d.columns:
            rest = d.drop(columns=c).mean(axis=1); s = pd.concat([d[c], rest], axis=1).dropna()
            constant = s.nunique().min() < 2 or np.ptp(s.iloc[:, 1]) < 1e-12
            out += [d[c].mean(), np.nan if len(s) < 3 or constant else s.iloc[:, 0].corr(s.iloc[:, 1])]
        return out
    if f.startswith("irt"): return marginal(table(a[0]), f.split()[1], a[1])
    if f.startswith("girth"):
        import girth
        u = np.array(a, dtype=int).T
        # girth's rasch_mml only matches each item's marginal pass rate: with 300 runs it is 0.02 to 0.04 from the maximum
        # of the likelihood. Its onepl_mml comes within about 0.01 of it, its twopl_mml maximises it.
        if f == "girth 1pl":
            r = girth.onepl_mml(u); return np.r_[np.full(len(u), float(r["Discrimination"])), r["Difficulty"]] + 10
        r = girth.twopl_mml(u, dict(max_iteration=500)); return np.r_[r["Discrimination"], r["Difficulty"]] + 10
    if f == "difference estimator":
        y, x, X, b = np.array(a[0]), np.array(a[1]), np.array(a[2]), a[3]
        n, N = len(y), len(X); p = 1 if b is not None else 2
        if b is None: b = np.polyfit(x, y, 1)[0]
        e = y - b * x; e = e - e.mean(); se = np.sqrt((1 - n / N) * (e @ e) / (n - p) / n)
        v = y.mean() + b * (X.mean() - x.mean()); h = stats.t.ppf(.975, n - p) * se
        return [v, se, v - h, v + h]
    if f == "attenuation":
        x, y = np.array(a[0]), np.array(a[1]); n = len(x); c = att(x, y)
        t = np.array([att(np.delete(x, i, 0), np.delete(y, i, 0)) for i in range(n)])
        h = stats.t.ppf(.975, n - 1) * np.sqrt((n - 1) / n * ((t - t.mean()) ** 2).sum())
        return np.clip([c, c - h, c + h], -1, 1)
    if f.startswith("clustered"):
        r = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[f.split()[1]]
        x, y, g = map(np.array, a); v = lambda m: np.arctanh(r(x[m], y[m]).statistic)
        t = np.array([v(g != c) for c in np.unique(g)]); k = len(t); c = v(g >= 0)
        h = stats.t.ppf(.975, k - 1) * np.sqrt((k - 1) / k * ((t - t.mean()) ** 2).sum())
        return np.tanh([c, c - h, c + h])
    if f == "pearson interval":
        return list(stats.pearsonr(a[0], a[1]).confidence_interval(.95))
    if f == "spearman interval":
        r = stats.spearmanr(a[0], a[1]).statistic; n = len(a[0]); h = stats.norm.ppf(.975) * np.sqrt((1 + r * r / 2) / (n - 3))
        return np.tanh([np.arctanh(r) - h, np.arctanh(r) + h])
    if f == "kendall interval":
        r = stats.kendalltau(a[0], a[1]).statistic; h = stats.norm.ppf(.975) * np.sqrt(.437 / (len(a[0]) - 4))
        return np.tanh([np.arctanh(r) - h, np.arctanh(r) + h])
    if f == "dependent correlations":
        x, y, z = map(np.array, a); n = len(x); R = np.corrcoef([y, x, z]); r, s, t = R[0, 1], R[0, 2], R[1, 2]
        w = (r - s) * np.sqrt((n - 1) * (1 + t) / (2 * (n - 1) / (n - 3) * np.linalg.det(R) + ((r + s) / 2) ** 2 * (1 - t) ** 3))
        m = ((r + s) / 2) ** 2; psi = t * (1 - 2 * m) - m * (1 - 2 * m - t * t) / 2; c = psi / (1 - m) ** 2
        g = (np.arctanh(r) - np.arctanh(s)) * np.sqrt((n - 3) / (2 - 2 * c))
        q = ((t - r * s / 2) * (1 - r * r - s * s - t * t) + t ** 3) / ((1 - r * r) * (1 - s * s))
        k = stats.norm.ppf(.975) / np.sqrt(n - 3); l = lambda v, d: np.tanh(np.arctanh(v) + d * k)
        lo = r - s - np.sqrt((r - l(r, -1)) ** 2 + (l(s, 1) - s) ** 2 - 2 * q * (r - l(r, -1)) * (l(s, 1) - s))
        hi = r - s + np.sqrt((l(r, 1) - r) ** 2 + (s - l(s, -1)) ** 2 - 2 * q * (l(r, 1) - r) * (s - l(s, -1)))
        return [w, 2 * stats.t.sf(abs(w), n - 3), g, 2 * stats.norm.sf(abs(g)), lo, hi]
    if f == "pairwise accuracy":
        m, t = a; p = [(i, j) for i in range(len(t)) for j in range(i) if t[i] != t[j]]
        return np.mean([(m[i] - m[j]) * (t[i] - t[j]) > 0 for i, j in p]) if p else np.nan
    if f == "soft pairwise accuracy":
        out = []
        for s in map(np.array, a):
            ps = []
            for j in range(len(s)):
                for i in range(j):
                    d = s[j] - s[i]; v = [np.dot(d, q) for q in itertools.product([1, -1], repeat=len(d))]
                    ps.append(np.mean(np.array(v) >= d.sum() - 1e-9))
            out.append(np.array(ps))
        return np.r_[out[0], 1 - np.abs(out[0] - out[1]).mean()]
    if f.startswith("perm-both"):
        A, B, Z = (np.array(v) for v in a); A, B = (A - A.mean()) / A.std(), (B - B.mean()) / B.std(); which = f.split()[1]
        r = lambda u, v: np.corrcoef(u, v)[0, 1] if np.ptp(u) > 0 and np.ptp(v) > 0 else np.nan
        d = lambda a, b: level(a, Z, which, r) - level(b, Z, which, r)
        o = d(A, B); v = []
        for q in itertools.product([0, 1], repeat=A.size):
            q = np.array(q, bool).reshape(A.shape); g = d(np.where(q, B, A), np.where(q, A, B)); v.append(np.isnan(g) or g >= o - 1e-9)
        return [o, np.mean(v)]
    raise ValueError(f)
"#;

/// Answers of runs of normal ability, some missing.
fn answers(random: &mut Stream, runs: usize, items: usize, missing: f64) -> Vec<Vec<Option<bool>>> {
    let parameters: Vec<(f64, f64)> =
        (0..items).map(|_| ((0.4 * random.normal()).exp(), random.normal().clamp(-2.0, 2.0))).collect();
    (0..runs)
        .map(|_| {
            let ability = random.normal();
            parameters
                .iter()
                .map(|(a, b)| {
                    let pass = random.next() < 1.0 / (1.0 + (-a * (ability - b)).exp());
                    (random.next() >= missing).then_some(pass)
                })
                .collect()
        })
        .collect()
}

/// All parameters, moved away from 0 since the tolerance of the parameters is absolute.
fn parameters(found: &Irt) -> Option<Vec<f64>> {
    let items: Vec<_> = found.items.iter().copied().collect::<Option<_>>()?;
    let slopes = items.iter().map(|i| 10.0 + i.discrimination);
    Some(slopes.chain(items.iter().map(|i| 10.0 + i.difficulty)).collect())
}

#[test]
fn items_and_abilities_agree_with_the_references() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(41);
    for round in 0..70 {
        let (runs, items) = (2 + random.below(12) as usize, 1 + random.below(8) as usize);
        let scores: Vec<Vec<Option<f64>>> = (0..runs)
            .map(|_| {
                let cell = |random: &mut Stream| {
                    let value = if round % 3 == 0 { random.next() } else { random.below(2) as f64 };
                    (round % 2 == 0 || random.next() > 0.2).then_some(value)
                };
                (0..items).map(|_| cell(&mut random)).collect()
            })
            .collect();
        let found = item_analysis(&scores).unwrap();
        let nan = f64::NAN;
        let ours = found.iter().flat_map(|i| [i.mean.unwrap_or(nan), i.discrimination.unwrap_or(nan)]).collect();
        oracle.ask("item analysis", json!(scores), ours, 1e-9);
    }
    let models = [(Model::Rasch, "irt rasch"), (Model::OneParameter, "irt 1pl"), (Model::TwoParameter, "irt 2pl")];
    for round in 0..64 {
        let runs = answers(&mut random, 40 + 10 * (round % 5), 5, if round % 2 == 0 { 0.0 } else { 0.15 });
        let numbers: Vec<Vec<Option<f64>>> =
            runs.iter().map(|run| run.iter().map(|a| a.map(|a| f64::from(u8::from(a)))).collect()).collect();
        for (model, name) in models {
            let prior = (model != Model::Rasch).then_some(0.5);
            let found = fit(&runs, Fit { prior, tolerance: 1e-7, ..Fit::new(model) }).unwrap();
            let Some(mut ours) = parameters(&found) else { continue };
            ours.extend(found.abilities.iter().map(|a| 10.0 + a.0));
            ours.extend(found.abilities.iter().map(|a| 10.0 + a.1));
            ours.push(10.0 + found.items[0].unwrap().difficulty_se.unwrap());
            oracle.ask(name, json!([numbers, prior]), ours, 1e-4);
        }
    }
    for _ in 0..61 {
        let runs = answers(&mut random, 300, 8, 0.0);
        let found = fit(&runs, Fit { prior: None, ..Fit::new(Model::OneParameter) }).unwrap();
        let Some(ours) = parameters(&found) else { continue };
        oracle.ask("girth 1pl", whole(&runs), ours, 2e-3);
    }
    oracle.check();
}

fn whole(runs: &[Vec<Option<bool>>]) -> serde_json::Value {
    let run = |run: &Vec<Option<bool>>| run.iter().map(|a| u8::from(*a == Some(true))).collect::<Vec<_>>();
    json!(runs.iter().map(run).collect::<Vec<_>>())
}

/// Apart from the others, as girth takes a second for a question.
#[test]
fn two_parameter_models_agree_with_girth() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(47);
    let (mut asked, mut round) = (0, 0);
    while asked < 32 {
        round += 1;
        assert!(round < 100, "hardly any model is inside of girth's bounds");
        // Three of the size of a benchmark, the others small.
        let (size, items) = if asked < 3 { (800, 8) } else { (400 + 100 * (round % 4), 5) };
        let runs = answers(&mut random, size, items, 0.0);
        let found = fit(&runs, Fit { prior: None, ..Fit::new(Model::TwoParameter) }).unwrap();
        // girth searches discriminations from 0.25 to 4 and difficulties from -6 to 6.
        let inside =
            found.items.iter().flatten().all(|i| (0.4..3.0).contains(&i.discrimination) && i.difficulty.abs() < 3.0);
        let Some(ours) = parameters(&found).filter(|_| inside) else { continue };
        oracle.ask("girth 2pl", whole(&runs), ours, 1e-3);
        asked += 1;
    }
    oracle.check();
}

#[test]
fn anchors_and_correlations_agree_with_the_references() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(43);
    for round in 0..60 {
        let (n, more) = (4 + random.below(20) as usize, random.below(60) as usize);
        let all = random.many(n + more);
        let scores: Vec<f64> = all[..n].iter().map(|past| 0.6 * past + 0.3 * random.next()).collect();
        let slope = [Some(1.0), None, Some(0.5)][round % 3];
        let a = difference_estimate(&scores, &all[..n], &all, slope, 0.95).unwrap();
        let ours = vec![a.value, a.se, a.interval.lower, a.interval.upper];
        oracle.ask("difference estimator", json!([scores, all[..n], all, slope]), ours, 1e-9);
        let measure = |random: &mut Stream, truth: &[f64], k: usize, noise: f64| -> Vec<Vec<f64>> {
            truth.iter().map(|t| (0..k).map(|_| t + noise * random.normal()).collect()).collect()
        };
        let truth: Vec<f64> = (0..n + 6).map(|_| random.normal()).collect();
        let x = measure(&mut random, &truth, 2 + round % 3, 0.7);
        let y = measure(&mut random, &truth, 3, 1.0);
        if let Some(a) = attenuation(&x, &y, 0.95) {
            oracle.ask("attenuation", json!([x, y]), vec![a.estimate, a.interval.lower, a.interval.upper], 1e-8);
        }
        let (x, y, z): (Vec<f64>, Vec<f64>, Vec<f64>) = {
            let part = |random: &mut Stream| -> Vec<f64> { truth.iter().map(|t| t + random.normal()).collect() };
            (part(&mut random), part(&mut random), part(&mut random))
        };
        // Rounded values tie.
        let (x, y) = if round % 2 == 0 {
            (x, y)
        } else {
            (x.iter().map(|v| v.round()).collect(), y.iter().map(|v| v.round()).collect())
        };
        let clusters: Vec<u32> = (0..x.len()).map(|at| (at % 5) as u32).collect();
        let kinds =
            [(Coefficient::Pearson, "pearson"), (Coefficient::Spearman, "spearman"), (Coefficient::Kendall, "kendall")];
        for (kind, name) in kinds {
            if let Some(c) = clustered(&x, &y, &clusters, kind, 0.95) {
                let ours = vec![c.estimate, c.interval.lower, c.interval.upper];
                oracle.ask(&format!("clustered {name}"), json!([x, y, clusters]), ours, 1e-8);
            }
            let r = match kind {
                Coefficient::Pearson => pearson(&x, &y),
                Coefficient::Spearman => spearman(&x, &y),
                Coefficient::Kendall => kendall(&x, &y),
            };
            if let Some(i) = r.and_then(|r| interval(r, x.len(), kind, 0.95)) {
                oracle.ask(&format!("{name} interval"), json!([x, y]), vec![i.lower, i.upper], 1e-8);
            }
        }
        let (Some(r12), Some(r13), Some(r23)) = (pearson(&x, &y), pearson(&z, &y), pearson(&x, &z)) else { continue };
        let three = Overlapping { r12, r13, r23, n: x.len() };
        let (w, s, i) = (three.williams().unwrap(), three.steiger().unwrap(), three.zou(0.95).unwrap());
        oracle.ask("dependent correlations", json!([x, y, z]), vec![w.0, w.1, s.0, s.1, i.lower, i.upper], 1e-8);
        let accuracy = pairwise_accuracy(&x, &y).unwrap_or(f64::NAN);
        oracle.ask("pairwise accuracy", json!([x, y]), vec![accuracy], 1e-12);
        let systems = |random: &mut Stream, items: usize| -> Vec<Vec<f64>> {
            (0..3)
                .map(|i| {
                    (0..items)
                        .map(|_| if round % 2 == 0 { random.normal() + i as f64 } else { random.below(3) as f64 })
                        .collect()
                })
                .collect()
        };
        let (metric, truth) = (systems(&mut random, 5), systems(&mut random, 5));
        let p = pairwise_p(&metric, 1000, 1).unwrap();
        let soft = soft_pairwise_accuracy(&p, &pairwise_p(&truth, 1000, 1).unwrap()).unwrap();
        let ours = [p, vec![soft]].concat();
        oracle.ask("soft pairwise accuracy", json!([metric, truth]), ours, 1e-12);
        let (a, b, z) = (systems(&mut random, 2), systems(&mut random, 2), systems(&mut random, 2));
        for (level, name) in [(Agreement::System, "perm-both system"), (Agreement::Item, "perm-both item")] {
            if let Some((gain, p)) = agreement_difference(&a, &b, &z, level, pearson, 64, 1) {
                oracle.ask(name, json!([a, b, z]), vec![gain, p], 1e-9);
            }
        }
    }
    oracle.check();
}

#[test]
fn what_cannot_be_computed_has_a_reason() {
    assert_eq!(item_analysis(&[]), Err(ItemsError::NoData));
    assert_eq!(item_analysis(&[vec![Some(1.0)], vec![]]), Err(ItemsError::Ragged { run: 1 }));
    assert_eq!(item_analysis(&[vec![Some(f64::NAN)]]), Err(ItemsError::NotAScore { run: 0, item: 0 }));
    assert_eq!(saturation(&[vec![None]], 0.0, 0.95), Err(ItemsError::NoData));
    let all = vec![vec![Some(true); 3]; 5];
    assert_eq!(fit(&all, Fit::new(Model::Rasch)), Err(IrtError::TooFew { runs: 5, items: 0 }));
    assert_eq!(fit(&all, Fit { prior: Some(0.0), ..Fit::new(Model::Rasch) }), Err(IrtError::Options));
    assert_eq!(difference_estimate(&[1.0, f64::NAN], &[0.1, 0.2], &[0.1, 0.2, 0.3], Some(1.0), 0.95), None);
    assert_eq!(difference_estimate(&[1.0, 0.0, 1.0], &[0.5; 3], &[0.5; 9], None, 0.95), None);
    assert_eq!(Ladder::default().submit(&[]), Err(HoldoutError::Scores));
    assert_eq!((exposure(0, 10), exposure(11, 10)), (None, None));
    assert!(marked_difference(&[0.5], &[true], Kind::Unbounded, 0.95).is_none());
    assert!(marked_difference(&[f64::NAN, 1.0], &[true, false], Kind::Unbounded, 0.95).is_none());
    assert_eq!(canaries("canary GUID 26b5c67b, canary GUID 0000000000000000000000000000000000000"), Vec::<&str>::new());
    assert_eq!(agreement(&[vec![1.0]], &[vec![1.0]], Agreement::System, pearson), None);
    assert_eq!((soft_pairwise_accuracy(&[], &[]), soft_pairwise_accuracy(&[2.0], &[0.0])), (None, None));
    assert_eq!((disattenuated(0.5, 0.25, 1.0), attenuation(&[], &[], 0.95)), (Some(1.0), None));
}

#[test]
fn a_leaderboard_of_noise_does_not_climb() {
    // Blum and Hardt's attack: a vote of the random submissions that beat chance, submitted in the end.
    let mut random = Stream(5);
    let (n, mut ladder) = (500, Ladder::default());
    let truth: Vec<bool> = (0..n).map(|_| random.below(2) == 1).collect();
    let score = |answers: &[bool]| -> Vec<f64> {
        answers.iter().zip(&truth).map(|(answer, truth)| f64::from(u8::from(answer == truth))).collect()
    };
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / n as f64;
    let (mut raw, mut shown) = (vec![0i32; n], vec![0i32; n]);
    for _ in 0..400 {
        let answers: Vec<bool> = (0..n).map(|_| random.below(2) == 1).collect();
        let scores = score(&answers);
        let is_shown_better = ladder.submit(&scores).unwrap().improved;
        for (at, answer) in answers.iter().enumerate() {
            let vote = if *answer { 1 } else { -1 };
            raw[at] += if mean(&scores) > 0.5 { vote } else { 0 };
            shown[at] += if is_shown_better { vote } else { 0 };
        }
    }
    let vote = |votes: &[i32]| mean(&score(&votes.iter().map(|v| *v > 0).collect::<Vec<_>>()));
    assert!(vote(&raw) > 0.7 && vote(&shown) < 0.62, "{} {}", vote(&raw), vote(&shown));
    let mut looks = Looks { budget: 2, taken: 0 };
    assert_eq!((looks.look(), looks.look(), looks.look()), (Ok(1), Ok(2), Err(HoldoutError::Locked { budget: 2 })));
    assert_eq!((looks.adjusted_p(0.03), looks.adjusted_p(0.9)), (Some(0.06), Some(1.0)));
}

proptest! {
    #[test]
    fn more_passes_mean_more_ability(runs in prop::collection::vec(prop::collection::vec(any::<bool>(), 6), 4..12)) {
        let rows: Vec<Vec<Option<bool>>> = runs.iter().map(|run| run.iter().copied().map(Some).collect()).collect();
        if let Ok(found) = fit(&rows, Fit::new(Model::Rasch)) {
            for (a, x) in runs.iter().zip(&found.abilities) {
                for (b, y) in runs.iter().zip(&found.abilities) {
                    let passes = |run: &[bool]| {
                        run.iter().zip(&found.items).filter(|(pass, item)| **pass && item.is_some()).count()
                    };
                    prop_assert!(passes(a) <= passes(b) || x.0 > y.0);
                }
            }
        }
    }

    #[test]
    fn every_release_beats_the_last(submissions in prop::collection::vec(prop::collection::vec(0u8..2, 8), 1..20)) {
        let mut ladder = Ladder::default();
        let mut last = f64::NEG_INFINITY;
        for scores in submissions {
            let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
            let release = ladder.submit(&scores).unwrap();
            prop_assert_eq!(release.improved, release.score > last);
            last = release.score;
        }
    }
}
