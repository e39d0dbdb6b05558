//! Methods that no package has, against their definitions in numpy and scipy: root finding for closed forms, imagined
//! cases for pseudo-counts, numerical maximisation for fits, all sign flips for random ones.

use assay_stats::arena::{Battle, Ties, rank};
use assay_stats::multiplicity::max_t;
use assay_stats::paired::bonett_price;
use assay_stats::passk::{pass_at_k, pass_hat_k};
use assay_stats::proportion::critical;
use assay_stats::{Item, Kind, Method, Pair, difference, level};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import itertools
from scipy import optimize, stats
def cr2(y, g):
    # Bell and McCaffrey's estimator of a mean with whole matrices.
    y, g = np.array(y, float), np.array(g); n = len(y); M = np.eye(n) - 1 / n; V, P = 0.0, []
    for c in np.unique(g):
        i = np.flatnonzero(g == c); w, U = np.linalg.eigh(M[np.ix_(i, i)])
        h = (U * np.where(w > 1e-12, 1 / np.sqrt(np.clip(w, 1e-300, None)), 0)) @ U.T @ np.ones(len(i)) / n
        V += (h @ (y - y.mean())[i]) ** 2; P.append(M[:, i] @ h)
    G = np.array(P) @ np.array(P).T
    return y.mean(), V, np.trace(G) ** 2 / np.sum(G ** 2)
def clip(i, r): return [max(i[0], -r), min(i[1], r)]
def outcomes(model, s, t, a, b):
    # Probabilities of first, second and tie; for half ties of first and second.
    x, y = np.exp(s[a]), np.exp(s[b])
    if model == "half": return np.array([x / (x + y), y / (x + y)])
    if model == "davidson": d = x + y + np.exp(t) * np.sqrt(x * y); return np.array([x / d, y / d, np.exp(t) * np.sqrt(x * y) / d])
    k = np.exp(t); p, q = x / (x + k * y), y / (y + k * x); return np.array([p, q, 1 - p - q])
def fit(model, players, battles):
    a, b, o = (np.array(v) for v in zip(*battles)); a, b = a.astype(int), b.astype(int)
    share = np.array([o, 1 - o]) if model == "half" else np.array([o == 1, o == 0, o == .5], float)
    # Strengths that sum to zero: an orthonormal basis of those.
    B = np.linalg.svd(np.ones((1, players)))[2][1:].T; m = players - 1
    prob = lambda u: outcomes(model, B @ u[:m], u[m] if len(u) > m else 0.0, a, b)
    start = np.zeros(m + (model != "half")); start[m:] = .5
    nll = lambda u: -(share * np.log(np.clip(prob(u), 1e-300, None))).sum() if model != "rao-kupper" or u[m] > 0 else 1e10
    slopes = lambda u: np.array([(np.log(prob(u + e)) - np.log(prob(u - e))) / 2e-6 for e in 1e-6 * np.eye(len(u))])
    grad = lambda u: -(share * slopes(u)).sum((1, 2))
    u = optimize.minimize(nll, start, method="Nelder-Mead" if len(start) == 1 else "BFGS", jac=None if len(start) == 1 else grad, options={} if len(start) == 1 else dict(gtol=1e-8)).x
    for _ in range(20):
        g, p = slopes(u), prob(u); I = np.einsum("iob,job,ob->ij", g, g, p); u = u - np.linalg.solve(I, grad(u))
    g, p = slopes(u), prob(u); I = np.linalg.inv(np.einsum("iob,job,ob->ij", g, g, p)); q = (share * g).sum(1)
    C = B @ (I @ q @ q.T @ I)[:m, :m] @ B.T
    return B @ u[:m], C, u[m:]
def one(f, a):
    if f == "clustered wilson":
        y, g, trials = a; p, V, df = cr2(y, g); G = len(set(g))
        n, t = (G, stats.t.ppf(.975, G - 1)) if p in (0, 1) or V < 1e-20 else (min(p * (1 - p) / V, trials), stats.t.ppf(.975, df))
        root = lambda f, lo, hi: optimize.brentq(f, lo, hi, xtol=1e-15)
        z = lambda r: abs(p - r) - t * np.sqrt(r * (1 - r) / n)
        # At the ends the other root is the end itself.
        lo = 0 if p == 0 else root(lambda r: 1 - r - t * t * r / n, 0, 1) if p == 1 else root(z, 0, p)
        return [lo, 1 if p == 1 else root(lambda r: r - t * t * (1 - r) / n, 0, 1) if p == 0 else root(z, p, 1)]
    if f == "plus two":
        d, r = np.array(a[0]), a[1]; x = np.r_[d, r, -r]; n = len(d)
        return clip(stats.t.interval(.95, n + 1, x.mean(), x.std() / np.sqrt(n + 2)), r)
    if f == "plus two clustered":
        d, g, r = a; n = len(d); m, V, df = cr2(d, g)
        return clip(stats.t.interval(.95, df, m * n / (n + 2), np.sqrt(V + 2 * (r / (n + 2)) ** 2)), r)
    if f == "bonett-price":
        b, c, n = a; x = np.r_[np.ones(b + 1), -np.ones(c + 1), np.zeros(n - b - c)]
        return clip(stats.norm.interval(.95, x.mean(), x.std() / np.sqrt(n + 2)), 1)
    if f in ("davidson", "rao-kupper"):
        s, C, t = fit(f, *a); return np.r_[s, np.sqrt(np.diag(C)), np.exp(t)] + 3
    if f == "rank intervals":
        n = a[0]; s, C, _ = fit("half", *a); z = stats.norm.ppf(1 - .025 / (n * (n - 1) / 2)); out = []
        above = lambda i, j: s[i] - s[j] > z * np.sqrt(C[i, i] + C[j, j] - 2 * C[i, j])
        for i in range(n): out += [1 + sum(above(j, i) for j in range(n) if j != i), n - sum(above(i, j) for j in range(n) if j != i)]
        return out
    if f == "pass@k": return [1 - stats.hypergeom.pmf(0, *a), stats.hypergeom.pmf(a[2], *a)]
    if f == "max-t":
        # Romano and Wolf's step-down over all sign flips of the clusters.
        x = np.array(a); G = x.shape[1]; q = np.array(list(itertools.product([1, -1], repeat=G)))
        unit = x / np.sqrt((x ** 2).sum(1, keepdims=True)); t = np.abs(unit.sum(1)); T = np.abs(q @ unit.T); o = np.argsort(-t)
        p = np.maximum.accumulate([np.mean(T[:, o[k:]].max(1) >= t[o[k]] - 1e-12) for k in range(len(o))])
        out = np.empty(len(o)); out[o] = p; return out + 1
    if f == "max-t critical":
        # The chance that the largest flip of residuals lies beyond our critical value, on either side of a step.
        x, c = np.array(a[0]), a[1]; G = x.shape[1]; q = np.array(list(itertools.product([1, -1], repeat=G)))
        e = x - x.mean(1, keepdims=True); T = np.abs(q @ (e / np.sqrt((e ** 2).sum(1, keepdims=True))).T).max(1)
        return float(np.mean(T > c + 1e-9) <= .05 + a[2] and np.mean(T >= c - 1e-9) >= .05 - a[2])
    if f == "dunnett":
        # Treatments against one control: the critical value of scipy's Dunnett.
        c, *x = (np.array(v) for v in a); n = len(c); ci = stats.dunnett(*x, control=c, random_state=1).confidence_interval(.95)
        s = np.sqrt(np.mean([np.var(v, ddof=1) for v in a])); return (ci.high - ci.low)[0] / 2 / (s * np.sqrt(2 / n))
    raise ValueError(f)
"#;

fn interval(found: Option<assay_stats::Interval>) -> Vec<f64> {
    found.map(|i| vec![i.lower, i.upper]).unwrap()
}

#[test]
fn intervals_agree_with_their_definitions() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(91);
    for round in 0..90 {
        // Clusters of unequal size; all passed, all failed and one value in some rounds.
        let n = 4 + random.below(60) as usize;
        let groups: Vec<u32> = (0..n).map(|i| if i < 3 { i as u32 } else { random.below(9) as u32 }).collect();
        let rate = [0.5, 0.9, 1.0, 0.0, 0.97][round % 5];
        let repeats = 1 + (round % 3) as u32;
        let pass: Vec<f64> =
            (0..n).map(|_| (0..repeats).filter(|_| random.next() < rate).count() as f64 / f64::from(repeats)).collect();
        let items: Vec<Item> = pass
            .iter()
            .zip(&groups)
            .map(|(v, g)| Item { value: *v, repeats, cluster: Some(*g), weight: 1.0 })
            .collect();
        let found = level(&items, Kind::Binary, 0.95);
        assert_eq!(found.method, Method::ClusteredWilson);
        let trials = n as u32 * repeats;
        oracle.ask("clustered wilson", json!([pass, groups, trials]), interval(found.interval), 1e-8);
        let range = [1.0, 4.0][round % 2];
        // Rare catastrophes, ties and plain noise.
        let gaps: Vec<f64> = (0..n)
            .map(|_| match round % 3 {
                0 => f64::from(u8::from(random.next() < 0.03)) * -0.9 * range,
                1 => (2.0 * random.next() - 1.0).round() * 0.5 * range,
                _ => (2.0 * random.next() - 1.0) * range,
            })
            .collect();
        for clustered in [false, true] {
            let pairs: Vec<Pair> = gaps
                .iter()
                .zip(&groups)
                .map(|(gap, g)| Pair {
                    candidate: gap.max(0.0),
                    baseline: (-gap).max(0.0),
                    repeats: 1,
                    cluster: clustered.then_some(*g),
                    weight: 1.0,
                })
                .collect();
            let found = difference(&pairs, Kind::Bounded { lo: 0.0, hi: range }, 0.95, 1);
            assert_eq!(found.gate_method, Method::Cr2TGuarded);
            let (name, asked) = match clustered {
                false => ("plus two", json!([gaps, range])),
                true => ("plus two clustered", json!([gaps, groups, range])),
            };
            oracle.ask(name, asked, interval(found.gate_interval), 1e-8);
        }
        let total = 1 + random.below([3, 40, 2_000][round % 3]);
        let better = random.below(total + 1);
        let worse = random.below(total - better + 1);
        let ours = interval(bonett_price(better, worse, total, critical(0.95)));
        oracle.ask("bonett-price", json!([better, worse, total]), ours, 1e-10);
        let tries = 1 + random.below([6, 60, 5_000][round % 3]) as u32;
        let (right, k) = (random.below(u64::from(tries) + 1) as u32, 1 + random.below(u64::from(tries)) as u32);
        let ours = vec![pass_at_k(tries, right, k).unwrap(), pass_hat_k(tries, right, k).unwrap()];
        oracle.ask("pass@k", json!([tries, right, k]), ours, 1e-9);
    }
    oracle.check();
}

#[test]
fn rankings_agree_with_numerical_maximisation() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(92);
    for round in 0..90 {
        let players = 2 + random.below(5) as usize;
        let strengths: Vec<f64> = (0..players).map(|_| 0.7 * random.normal()).collect();
        let ties = [0.15, 0.4][round % 2];
        let battles: Vec<(usize, usize, f64)> = (0..[25, 60, 200][round % 3] * players)
            .map(|_| {
                let a = random.below(players as u64) as usize;
                let b = (a + 1 + random.below(players as u64 - 1) as usize) % players;
                let first = random.next() < 1.0 / (1.0 + (strengths[b] - strengths[a]).exp());
                (a, b, if random.next() < ties { 0.5 } else { f64::from(u8::from(first)) })
            })
            .collect();
        let fitted: Vec<Battle> = battles.iter().map(|(a, b, o)| Battle::new(*a, *b, *o)).collect();
        for (model, name) in
            [(Ties::Davidson, "davidson"), (Ties::RaoKupper, "rao-kupper"), (Ties::Half, "rank intervals")]
        {
            let Some(found) = rank(players, &fitted, model).ok().filter(|found| !found.separated) else { continue };
            let ours = match model {
                Ties::Half => {
                    found.ranks(0.95).unwrap().iter().flat_map(|(best, worst)| [*best as f64, *worst as f64]).collect()
                }
                // Moved away from 0, since the tolerance is absolute.
                _ => found.strengths.iter().chain(&found.se).copied().chain(found.tie).map(|v| v + 3.0).collect(),
            };
            oracle.ask(name, json!([players, battles]), ours, 1e-6);
        }
    }
    oracle.check();
}

#[test]
fn many_cells_agree_with_all_sign_flips() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(93);
    const DRAWS: u32 = 20_000;
    for round in 0..64 {
        let (cells, clusters) = (1 + random.below(6) as usize, 6 + random.below(6) as usize);
        let shared: Vec<f64> = (0..clusters).map(|_| random.normal()).collect();
        let gaps: Vec<Vec<f64>> = (0..cells)
            .map(|at| {
                let shift = [0.0, 0.8][(round + at) % 2];
                let one = |s: &f64| 0.6 * s + random.normal() + shift;
                // Rounded values tie.
                shared.iter().map(one).map(|v| if round % 3 == 0 { (2.0 * v).round() + 0.25 } else { v }).collect()
            })
            .collect();
        let asked: Vec<Vec<(f64, f64)>> = gaps.iter().map(|row| row.iter().map(|v| (*v, 1.0)).collect()).collect();
        let found = max_t(&asked, 0.95, DRAWS, round as u64).unwrap();
        let Some(adjusted) = found.adjusted.iter().copied().collect::<Option<Vec<f64>>>() else { continue };
        // Four standard errors of a share of one half, and one half of one flip in 2^6.
        let error = 4.0 * (0.25 / f64::from(DRAWS)).sqrt();
        oracle.ask("max-t", json!(gaps), adjusted.iter().map(|p| p + 1.0).collect(), error);
        oracle.ask("max-t critical", json!([gaps, found.critical.unwrap(), error]), vec![1.0], 0.0);
    }
    for round in 0..12 {
        let (arms, n) = (2 + round % 4, 300);
        let control: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let arms: Vec<Vec<f64>> = (0..arms).map(|_| (0..n).map(|_| random.normal()).collect()).collect();
        let cells: Vec<Vec<(f64, f64)>> =
            arms.iter().map(|arm| arm.iter().zip(&control).map(|(a, c)| (a - c, 1.0)).collect()).collect();
        let ours = max_t(&cells, 0.95, 40_000, round as u64).unwrap().critical.unwrap();
        let all: Vec<&Vec<f64>> = std::iter::once(&control).chain(&arms).collect();
        // The sample's own correlations are not exactly one half, and both sides are drawn.
        oracle.ask("dunnett", json!(all), vec![ours], 0.02);
    }
    oracle.check();
}
