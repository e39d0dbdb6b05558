//! Sequential tests, online experiments and quasi-experiments against scipy, statsmodels, tea-tasting and ssrm-test, and
//! against definitions written out in numpy where no package has them.
//!
//! Not used as oracles: statsmodels' cluster-robust errors (no CR2), confseq (does not build on CPython 3.11; one of its
//! intervals is a golden value), gsdesign (no boundaries).

use std::path::PathBuf;

use assay_stats::online::{
    Arm, CONCENTRATION, Concern, Unit, aa_check, cuped, effect, fieller, lift, lin, log_delta, sample_ratio,
    sample_ratio_log_e, two_proportions,
};
use assay_stats::quasi::{
    Assigned, Impression, Logged, Observation, aipw, diff_in_diff, interleaving, ipw, off_policy,
};
use assay_stats::sequential::{
    Bets, Side, Spending, asymptotic_interval, best_rho2, boundaries, conditional_power, discordant_log_e, msprt_log_e,
};
use assay_stats::special::{chi_square_sf, gamma_sf};
use assay_stats::{Estimate, proportion};
use serde_json::{Value, json};

use crate::oracle::{Oracle, Stream};

const SEQUENTIAL: &str = r#"
from scipy import integrate, optimize, stats
from scipy.special import betaln
N = stats.norm
def spent(kind, alpha, t):
    if kind == "obf": return 4 * N.sf(N.isf(alpha / 4) / np.sqrt(t))
    if kind == "pocock": return alpha * np.log(1 + (np.e - 1) * t)
    return alpha * t if kind == 0 else alpha * (1 - np.exp(-kind * t)) / (1 - np.exp(-kind))
def group_sequential(kind, alpha, times):
    # One 400-point rule for each look, as a matrix; roots by Brent.
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x, mass, before, used, out = np.array([0.0]), np.array([1.0]), 0.0, 0.0, []
    for t in times:
        sd, want = np.sqrt(t - before), spent(kind, alpha, t) - used
        cross = lambda b: mass @ (N.sf((b - x) / sd) + N.sf((b + x) / sd)) - want
        b = optimize.brentq(cross, 0, 30, xtol=1e-14)
        y = b * nodes
        mass = b * weights * (N.pdf((y[:, None] - x[None, :]) / sd) / sd @ mass)
        x, before, used = y, t, spent(kind, alpha, t)
        out.append(b / np.sqrt(t))
    return out
def two_looks(t1, t2, c1, c2):
    # The chance of crossing, by adaptive quadrature of the bivariate normal.
    r = np.sqrt(t1 / t2); s = np.sqrt(1 - r * r)
    inside = lambda z: N.pdf(z) * (N.cdf((c2 - r * z) / s) - N.cdf((-c2 - r * z) / s))
    return 1 - integrate.quad(inside, -c1, c1, epsabs=1e-13, epsrel=1e-12, limit=500)[0]
def capital(x, m, total, alpha, positive):
    x = np.array(x); t = np.arange(1, len(x) + 1)
    mu = (0.5 + np.cumsum(x)) / (t + 1); v = (0.25 + np.cumsum((x - mu) ** 2)) / (t + 1)
    v = np.append(0.25, v[:-1]); lam = np.sqrt(2 * np.log(2 / alpha) / (v * t * np.log(1 + t)))
    rest = m if total is None else (total * m - np.append(0, np.cumsum(x)[:-1])) / (total - t + 1)
    rest = rest * np.ones(len(x))
    if positive: return np.cumsum(np.log1p(np.minimum(lam, 0.5 / rest) * (x - rest)))
    return np.cumsum(np.log1p(-np.minimum(lam, 0.5 / (1 - rest)) * (x - rest)))
def one(f, a):
    if f == "group sequential": return group_sequential(*a)
    if f == "two looks": return two_looks(*a)
    if f == "conditional power":
        # The Brownian path goes on with the drift seen so far.
        z, t, c = a; return N.sf(c, loc=z * np.sqrt(t) + z / np.sqrt(t) * (1 - t), scale=np.sqrt(1 - t))
    if f == "discordant": return betaln(2 + a[0], 2 + a[1]) - betaln(2, 2) + (a[0] + a[1]) * np.log(2)
    if f == "asymptotic":
        mean, sd, n, rho2, alpha = a; b = 2 * (n * rho2 + 1) / (n * n * rho2) * np.log(np.sqrt(n * rho2 + 1) / alpha)
        return [mean - sd * np.sqrt(b), mean + sd * np.sqrt(b)]
    if f == "msprt":
        # The mixture itself, over the effects that weigh anything.
        mean, v, n, null, tau2 = a
        d = mean - null; centre = d * n * tau2 / (v + n * tau2); sd = np.sqrt(tau2 * v / (v + n * tau2))
        log = lambda e: N.logpdf(e, 0, np.sqrt(tau2)) + n * (d * e - e * e / 2) / v
        top = log(centre)
        return top + np.log(integrate.quad(lambda e: np.exp(log(e) - top), centre - 12 * sd, centre + 12 * sd, epsabs=0, epsrel=1e-12)[0])
    if f == "bets": return capital(*a)
    if f == "betting interval":
        # Zero when a grid of means agrees with the interval's ends.
        x, total, alpha, lower, upper = a; step = 2e-3; kept = []
        limit = np.log(2 / alpha)
        for m in np.arange(step / 2, 1, step):
            s = np.array(x)
            if total is not None and not (s.sum() <= total * m <= s.sum() + total - len(s)): continue
            if max(capital(x, m, total, alpha, True).max(), capital(x, m, total, alpha, False).max()) < limit: kept.append(m)
        if not kept: return 0.0 if upper - lower < 2 * step else 1.0
        return float(abs(min(kept) - lower) > step * 1.01 or abs(max(kept) - upper) > step * 1.01)
    raise ValueError(f)
"#;

#[test]
fn sequential_tests_agree_with_their_definitions() {
    let mut oracle = Oracle::new(SEQUENTIAL);
    let mut random = Stream(41);
    for round in 0..60 {
        let mut times: Vec<f64> = (0..1 + random.below(6)).map(|_| 0.05 + 0.95 * random.next()).collect();
        times.sort_by(f64::total_cmp);
        times.dedup_by(|a, b| *a - *b < 0.002);
        let alpha = 0.005 + 0.2 * random.next();
        let (name, spending) = match round % 3 {
            0 => (json!("obf"), Spending::OBrienFleming),
            1 => (json!("pocock"), Spending::Pocock),
            _ => {
                let gamma = 8.0 * random.next() - 4.0;
                (json!(gamma), Spending::HwangShihDeCani(gamma))
            }
        };
        let ours = boundaries(&times, alpha, spending).unwrap();
        let bounds = ours.iter().map(|look| look.critical).collect();
        oracle.ask("group sequential", json!([name, alpha, times]), bounds, 1e-9);
        if let [first, second, ..] = ours.as_slice()
            && second.information - first.information > 0.02
        {
            let looks = json!([first.information, second.information, first.critical, second.critical]);
            oracle.ask("two looks", looks, vec![second.spent], 1e-9);
        }
        let (z, t) = (4.0 * random.normal(), 0.02 + 0.96 * random.next());
        let power = conditional_power(z, t, 2.03).unwrap();
        oracle.ask("conditional power", json!([z, t, 2.03]), vec![power], 1e-9);
    }
    for size in [1, 10, 200, 3_000, 1_000_000] {
        for _ in 0..40 {
            let (u, d) = (random.below(size + 1), random.below(size + 1));
            oracle.ask("discordant", json!([u, d]), vec![discordant_log_e(u, d)], 1e-8);
        }
    }
    for _ in 0..150 {
        let n = 2 + random.below(50_000);
        let (mean, sd) = (random.normal(), 0.05 + 3.0 * random.next());
        let alpha = 0.001 + 0.2 * random.next();
        let rho2 = best_rho2(1.0 + 9_000.0 * random.next(), alpha).unwrap();
        let got = asymptotic_interval(mean, sd, n, rho2, alpha).unwrap();
        oracle.ask("asymptotic", json!([mean, sd, n, rho2, alpha]), vec![got.lower, got.upper], 1e-11);
        let (tested, tau2) = (mean + sd * random.normal() * 3.0 / (n as f64).sqrt(), 0.01 + random.next());
        let log = msprt_log_e(mean, sd * sd, n, tested, tau2).unwrap();
        oracle.ask("msprt", json!([mean, sd * sd, n, tested, tau2]), vec![log], 1e-8);
    }
    for round in 0..90 {
        let rate = random.next();
        let values: Vec<f64> = (0..1 + random.below(120))
            .map(|_| match round % 3 {
                0 => f64::from(u8::from(random.next() < rate)),
                1 => random.next() * rate,
                _ => (random.below(5) as f64) / 4.0,
            })
            .collect();
        let total = (round % 2 == 0).then(|| values.len() as u64 + random.below(100));
        let alpha = 0.02 + 0.1 * random.next();
        let bets = Bets::new(&values, (0.0, 1.0), total, alpha).unwrap();
        // A mean that the values leave possible, so that no capital is infinite.
        let (sum, n) = (values.iter().sum::<f64>(), values.len() as f64);
        let m = total.map_or(0.02 + 0.96 * random.next(), |total| {
            let total = total as f64;
            (sum + (0.02 + 0.96 * random.next()) * (total - n + 1e-3)) / (total + 1e-3)
        });
        for side in [Side::Above, Side::Below] {
            let arguments = json!([values, m, total, alpha, side == Side::Above]);
            oracle.ask("bets", arguments, bets.log_capital(m, side).unwrap(), 1e-7);
        }
        // Every mean of a grid is slow over there.
        if let Some(interval) = bets.interval().filter(|_| round % 5 < 2) {
            let arguments = json!([values, total, alpha, interval.lower, interval.upper]);
            oracle.ask("betting interval", arguments, vec![0.0], 0.0);
        }
    }
    oracle.check();
}

const ONLINE: &str = r#"
import os, tempfile
np.Inf = np.inf  # ssrm-test was written for numpy 1.
import pandas as pd, statsmodels.api as sm, tea_tasting as tt
from scipy import optimize, stats
from ssrm_test.ssrm_test import sequential_posteriors
from statsmodels.stats.proportion import proportions_ztest
def frame(t, c):
    y = np.vstack([np.array(t), np.array(c)])
    return pd.DataFrame({"v": [1] * len(t) + [0] * len(c), "y": y[:, 0], "x": y[:, 1]})
def pick(r):
    return [r.treatment, r.control, r.effect_size, r.effect_size_ci_lower, r.effect_size_ci_upper, r.pvalue]
def lift(r): return [r.rel_effect_size, r.rel_effect_size_ci_lower, r.rel_effect_size_ci_upper]
def design(t, c):
    # Missing covariates: the mean of the others, and an indicator; all centred, then multiplied by treatment.
    x = pd.DataFrame(t[1] + c[1]).astype(float); n = len(t[1]); columns = []
    for name in x:
        gone = x[name].isna()
        columns.append(x[name].fillna(x[name].mean()) - x[name].mean())
        if gone[:n].any() and gone[n:].any(): columns.append(gone.astype(float) - gone.mean())
    z = np.column_stack(columns); w = np.array([1.0] * n + [0.0] * len(c[1]))
    return np.column_stack([w, np.ones(len(w)), z, z * w[:, None]]), np.array(t[0] + c[0])
def one(f, a):
    if f == "chisquare":
        n, p = np.array(a[0]), np.array(a[1]) / np.sum(a[1]); r = stats.chisquare(n, n.sum() * p); return [r.statistic, r.pvalue]
    if f == "chi2": return stats.chi2.sf(a[0], a[1])
    if f == "gamma": return stats.gamma.sf(a[0], a[1])
    if f == "binomial": return stats.binomtest(a[0], a[0] + a[1], a[2]).pvalue
    if f == "ssrm": return sequential_posteriors(a[0], np.array(a[1]), dirichlet_concentration=a[2])[-1]["log_bayes_factor"]
    if f == "two proportions": return list(proportions_ztest([a[0], a[2]], [a[1], a[3]]))
    if f == "mean": return pick(tt.Mean("y").analyze(frame(*a), 0, 1, "v"))
    if f == "cuped": return pick(tt.Mean("y", "x").analyze(frame(*a), 0, 1, "v"))
    if f == "ratio": return pick(tt.RatioOfMeans("y", "x").analyze(frame(*a), 0, 1, "v"))
    if f == "lift": return lift(tt.RatioOfMeans("y", "x").analyze(frame(*a), 0, 1, "v"))
    if f == "fieller":
        (t, vt, nt), (c, vc, nc) = a; vt, vc = vt / nt, vc / nc
        df = (vt + vc) ** 2 / (vt ** 2 / (nt - 1) + vc ** 2 / (nc - 1)); q = stats.t.ppf(0.975, df)
        if q * q * vc >= c * c: return [np.nan, np.nan]
        h = lambda r: abs(t - r * c) / np.sqrt(vt + r * r * vc) - q
        far = 1 + abs(t / c)
        while h(t / c - far) < 0 or h(t / c + far) < 0: far *= 2
        return [optimize.brentq(h, t / c - far, t / c, xtol=1e-14) - 1, optimize.brentq(h, t / c, t / c + far, xtol=1e-14) - 1]
    if f == "lin":
        X, y = design(*a); r = sm.OLS(y, X).fit(cov_type="HC2"); return [r.params[0], r.cov_params()[0, 0] ** 0.5]
    if f == "uniform":
        r = stats.kstest(a, "uniform", method="asymp"); return [r.statistic, r.pvalue]
    raise ValueError(f)
"#;

fn answer(effect: &assay_stats::online::Effect, treatment: f64, control: f64) -> Vec<f64> {
    vec![treatment, control, effect.value, effect.interval.lower, effect.interval.upper, effect.p]
}

#[test]
fn experiments_agree_with_scipy_statsmodels_tea_tasting_and_ssrm_test() {
    let mut oracle = Oracle::new(ONLINE);
    let mut random = Stream(43);
    for _ in 0..120 {
        let arms = 2 + random.below(4) as usize;
        let size = 10 + random.below(20_000);
        let counts: Vec<u64> = (0..arms).map(|_| 1 + random.below(size)).collect();
        let shares: Vec<f64> = (0..arms).map(|_| 0.1 + random.next()).collect();
        let got = sample_ratio(&counts, &shares).unwrap();
        oracle.ask("chisquare", json!([counts, shares]), vec![got.chi2, got.p], 1e-9);
        let near: Vec<u64> = (0..arms).map(|_| size + random.below(3 * size.isqrt() + 1)).collect();
        let got = sample_ratio(&near, &vec![1.0; arms]).unwrap();
        oracle.ask("chisquare", json!([near, vec![1.0; arms]]), vec![got.chi2, got.p], 1e-9);
        let total: f64 = shares.iter().sum();
        let shares: Vec<f64> = shares.iter().map(|share| share / total).collect();
        let (x, df) = (random.next() * 40.0, 0.5 + random.next() * 30.0);
        oracle.ask("chi2", json!([x, df]), vec![chi_square_sf(x, df)], 1e-10);
        oracle.ask("gamma", json!([x, df]), vec![gamma_sf(x, df)], 1e-10);
        let (one, two) = (random.below(size), 1 + random.below(size));
        let mean = ((one + two) as f64 * shares[0]) as u64;
        let offset = random.below(1 + 2 * size.isqrt()).min(mean);
        for (k, rest) in [(one, two), (mean - offset, one + two + offset - mean), (0, two)] {
            let exact = sample_ratio(&[k, rest], &[shares[0], 1.0 - shares[0]]).unwrap().exact.unwrap();
            oracle.ask("binomial", json!([k, rest, shares[0]]), vec![exact], 1e-8);
        }
        let concentration = 10f64.powf(4.0 * random.next() + 0.5);
        let log = sample_ratio_log_e(&counts, &shares, concentration).unwrap();
        oracle.ask("ssrm", json!([[counts], shares, concentration]), vec![log], 1e-7);
        // The same counts arriving in two parts: the evidence is the same.
        let halves = [counts.iter().map(|n| n / 2).collect::<Vec<_>>(), counts.iter().map(|n| n - n / 2).collect()];
        oracle.ask("ssrm", json!([halves, shares, concentration]), vec![log], 1e-7);
        let (n, m) = (1 + random.below(3_000), 1 + random.below(3_000));
        let (k, j) = (random.below(n + 1), random.below(m + 1));
        let (z, p) = two_proportions((k, n), (j, m)).unwrap_or((f64::NAN, f64::NAN));
        oracle.ask("two proportions", json!([k, n, j, m]), vec![z, p], 1e-9);
    }
    for _ in 0..64 {
        let mut arm = |shift: f64| -> Vec<(f64, f64)> {
            (0..3 + random.below(60))
                .map(|_| {
                    let x = 3.0 + random.next();
                    (shift + 0.8 * x + random.normal(), x)
                })
                .collect()
        };
        let (t, c) = (arm(4.3), arm(4.0));
        let values = |rows: &[(f64, f64)]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
        let (a, b) = (Arm::mean(&values(&t)).unwrap(), Arm::mean(&values(&c)).unwrap());
        oracle.ask("mean", json!([t, c]), answer(&effect(a, b, 0.95).unwrap(), a.value, b.value), 1e-8);
        let optional = |rows: &[(f64, f64)]| rows.iter().map(|(y, x)| (*y, Some(*x))).collect::<Vec<_>>();
        let got = cuped(&optional(&t), &optional(&c)).unwrap();
        let after = effect(got.treatment, got.control, 0.95).unwrap();
        oracle.ask("cuped", json!([t, c]), answer(&after, got.treatment.value, got.control.value), 1e-8);
        let (a, b) = (Arm::ratio(&t).unwrap(), Arm::ratio(&c).unwrap());
        oracle.ask("ratio", json!([t, c]), answer(&effect(a, b, 0.95).unwrap(), a.value, b.value), 1e-8);
        let got = log_delta(a, b, 0.95).unwrap();
        let interval = got.interval.unwrap();
        oracle.ask("lift", json!([t, c]), vec![got.value, interval.lower, interval.upper], 1e-8);
        let constant: Vec<_> = t.iter().map(|(y, _)| (*y, 2.0)).collect();
        let other: Vec<_> = c.iter().map(|(y, _)| (*y, 2.0)).collect();
        let got = cuped(&optional(&constant), &optional(&other)).unwrap();
        let after = effect(got.treatment, got.control, 0.95).unwrap();
        oracle.ask("cuped", json!([constant, other]), answer(&after, got.treatment.value, got.control.value), 1e-8);
    }
    for _ in 0..200 {
        let mut arm = |centre: f64| Arm {
            value: centre + random.normal(),
            variance: 0.1 + 20.0 * random.next(),
            n: 3 + random.below(300),
        };
        let (t, c) = (arm(0.0), arm(1.0));
        let got = fieller(t, c, 0.95).unwrap();
        let (lower, upper) = got.interval.map_or((f64::NAN, f64::NAN), |i| (i.lower, i.upper));
        // Close to g = 1 the ends run away, and so does every rounding.
        if (got.g - 1.0).abs() > 1e-3 {
            let arguments = json!([[t.value, t.variance, t.n], [c.value, c.variance, c.n]]);
            oracle.ask("fieller", arguments, vec![lower, upper], 1e-7);
        }
        let chosen = lift(t, c, 0.95).unwrap();
        assert!(chosen.interval.is_some() || chosen.g >= 1.0);
    }
    for round in 0..120 {
        let width = 1 + random.below(4) as usize;
        let gaps = if round % 2 == 0 { 0.0 } else { 0.15 };
        let mut arm = |shift: f64| -> Vec<Unit> {
            (0..12 + 6 * width as u64 + random.below(60))
                .map(|_| {
                    let known: Vec<f64> = (0..width).map(|j| random.normal() + j as f64).collect();
                    let outcome = shift + known.iter().sum::<f64>() * (1.0 + shift) + random.normal();
                    let covariates = known.iter().map(|x| (random.next() >= gaps).then_some(*x)).collect();
                    Unit { outcome, covariates }
                })
                .collect()
        };
        let (t, c) = (arm(0.5), arm(0.0));
        // A single missing value decides its indicator's coefficient alone; that is refused.
        let Ok(got) = lin(&t, &c, 0.95) else { continue };
        let split = |units: &[Unit]| {
            let outcomes: Vec<f64> = units.iter().map(|unit| unit.outcome).collect();
            let covariates: Vec<_> = units.iter().map(|unit| unit.covariates.clone()).collect();
            json!([outcomes, covariates])
        };
        oracle.ask("lin", json!([split(&t), split(&c)]), vec![got.effect.value, got.effect.se], 1e-8);
    }
    for (round, exponent) in [1.0, 1.0, 1.05, 1.3, 3.0].into_iter().cycle().take(60).enumerate() {
        let mut seen = Vec::new();
        let got = aa_check(9, 4, 20 + 25 * round as u32, 1, |_| {
            seen.push(random.next().powf(exponent));
            seen.last().copied()
        })
        .unwrap();
        oracle.ask("uniform", json!(seen), vec![got.distance, got.p], 1e-8);
    }
    oracle.check();
}

const QUASI: &str = r#"
import statsmodels.api as sm
from scipy import stats
from statsmodels.treatment.treatment_effects import TreatmentEffect, ate_ipw
def cr2(X, y, clusters, at):
    # By matrices: symmetric roots, then Bell and McCaffrey's degrees of freedom under equal variances.
    bread = np.linalg.inv(X.T @ X); H = X @ bread @ X.T; e = y - H @ y; R = np.eye(len(y)) - H
    scores, P = [], []
    for g in np.unique(clusters):
        i = np.where(clusters == g)[0]
        w, V = np.linalg.eigh(np.eye(len(i)) - H[np.ix_(i, i)])
        A = V @ np.diag(w ** -0.5) @ V.T
        a = A @ X[i] @ bread[:, at]
        scores.append(a @ e[i]); P.append(R[:, i] @ a)
    G = np.array(P) @ np.array(P).T
    return np.sum(np.square(scores)) ** 0.5, np.trace(G) ** 2 / np.sum(G ** 2)
def one(f, a):
    if f == "diff in diff":
        unit, t, post, y = (np.array(v, dtype=float) for v in a)
        X = np.column_stack([np.ones(len(y)), t, post, t * post])
        fit = sm.OLS(y, X).fit(); se, df = cr2(X, y, unit, 3); h = stats.t.ppf(0.975, df) * se
        return [fit.params[3], se, df, fit.params[3] - h, fit.params[3] + h]
    if f == "ipw":
        t, y, p = (np.array(v, dtype=float) for v in a)
        ate, m0, m1 = ate_ipw(y, t, p)
        w1, w0 = t / p, (1 - t) / (1 - p)
        psi = w1 / w1.mean() * (y - m1) - w0 / w0.mean() * (y - m0)
        n = len(y); se = np.sqrt(psi @ psi / (n - 1) / n)
        return [m1, m0, ate, se, w1.sum() ** 2 / (w1 @ w1), w0.sum() ** 2 / (w0 @ w0), max(w1.max() / w1.sum(), w0.max() / w0.sum())]
    if f == "aipw":
        # Saturated models, which statsmodels fits and our caller counts.
        t, y, x = (np.array(v, dtype=float) for v in a)
        X = np.column_stack([np.ones(len(y)), x])
        te = TreatmentEffect(sm.OLS(y, X), t.astype(int), results_select=sm.Logit(t, X).fit(disp=0, tol=1e-14, maxiter=200))
        ate, m0, m1 = te.aipw(return_results=False)
        p, f0, f1 = te.prob_select, te.results0.predict(X), te.results1.predict(X)
        phi = f1 - f0 + t * (y - f1) / p - (1 - t) * (y - f0) / (1 - p)
        return [m1, m0, ate, phi.std(ddof=1) / np.sqrt(len(y))]
    if f == "aipw by definition":
        t, y, p, m0, m1 = (np.array(v, dtype=float) for v in a)
        one, zero = m1 + t / p * (y - m1), m0 + (1 - t) / (1 - p) * (y - m0); phi = one - zero
        return [one.mean(), zero.mean(), phi.mean(), phi.std(ddof=1) / np.sqrt(len(y))]
    if f == "off-policy":
        r, p, q, mq, mv = (np.array(v, dtype=float) for v in a); w = q / p; n = len(r)
        snips = w @ r / w.sum(); lin = w * (r - snips) / w.mean(); dr = mv + w * (r - mq); s = lambda v: v.std(ddof=1) / np.sqrt(n)
        return [(w * r).mean(), s(w * r), snips, s(lin), dr.mean(), s(dr), w.sum() ** 2 / (w @ w), w.max() / w.sum(), w.mean()]
    if f == "interleaving":
        d = np.sign(np.array(a)[:, 0] - np.array(a)[:, 1]); wins = [int((d > 0).sum()), int((d < 0).sum())]
        r = stats.ttest_1samp(d / 2, 0).confidence_interval(0.95)
        sign = stats.binomtest(wins[0], sum(wins), 0.5).pvalue if sum(wins) else 1.0
        return [np.mean(d > 0) + np.mean(d == 0) / 2 - 0.5, max(r.low, -0.5), min(r.high, 0.5), sign]
    raise ValueError(f)
"#;

fn value_and_se(estimate: &Estimate) -> [f64; 2] {
    [estimate.value.unwrap(), estimate.se.unwrap()]
}

#[test]
fn quasi_experiments_agree_with_statsmodels_and_their_definitions() {
    let mut oracle = Oracle::new(QUASI);
    let mut random = Stream(47);
    for _ in 0..120 {
        // Unbalanced: units with several rows, units missing in a period.
        let units = 6 + random.below(20);
        let mut rows = Vec::new();
        for unit in 0..units as u32 {
            let (own, treated) = (random.normal(), unit % 2 == 0);
            for _ in 0..1 + random.below(6) {
                let post = random.next() < 0.5;
                let outcome = own + random.normal() + f64::from(u8::from(post && treated));
                rows.push(Observation { unit, treated, post, outcome });
            }
        }
        let Ok(got) = diff_in_diff(&rows, 0.95) else { continue };
        let column = |part: fn(&Observation) -> f64| rows.iter().map(part).collect::<Vec<_>>();
        let arguments = json!([
            column(|row| f64::from(row.unit)),
            column(|row| f64::from(u8::from(row.treated))),
            column(|row| f64::from(u8::from(row.post))),
            column(|row| row.outcome),
        ]);
        let effect = got.effect;
        let ours = vec![effect.value, effect.se, effect.df, effect.interval.lower, effect.interval.upper];
        oracle.ask("diff in diff", arguments, ours, 1e-7);
    }
    for _ in 0..150 {
        let rows: Vec<(f64, Assigned)> = (0..30 + random.below(200))
            .map(|_| {
                let x = f64::from(u8::from(random.next() < 0.4));
                let propensity = 0.03 + 0.94 * random.next();
                let treated = random.next() < 0.3 + 0.3 * x;
                let outcome = x + random.normal() + f64::from(u8::from(treated));
                (x, Assigned { treated, outcome, propensity, cluster: None })
            })
            .collect();
        let cases: Vec<Assigned> = rows.iter().map(|row| row.1).collect();
        let treated: Vec<f64> = cases.iter().map(|row| f64::from(u8::from(row.treated))).collect();
        let outcomes: Vec<f64> = cases.iter().map(|row| row.outcome).collect();
        let propensities: Vec<f64> = cases.iter().map(|row| row.propensity).collect();
        let got = ipw(&cases, 0.0, 0.95).unwrap();
        let [value, se] = value_and_se(&got.effect);
        let o = got.overlap;
        let ours = vec![got.treatment, got.control, value, se, o.effective[0], o.effective[1], o.largest_share];
        oracle.ask("ipw", json!([treated, outcomes, propensities]), ours, 1e-9);
        let (m0, m1) = (random.many(cases.len()), random.many(cases.len()));
        let predictions: Vec<(f64, f64)> = m0.iter().copied().zip(m1.iter().copied()).collect();
        let got = aipw(&cases, &predictions, 0.0, 0.95).unwrap();
        let [value, se] = value_and_se(&got.effect);
        let ours = vec![got.treatment, got.control, value, se];
        oracle.ask("aipw by definition", json!([treated, outcomes, propensities, m0, m1]), ours, 1e-9);
        let cell = |x: f64, side: Option<bool>| {
            let of: Vec<f64> = rows
                .iter()
                .filter(|row| row.0 == x && side.is_none_or(|side| row.1.treated == side))
                .map(|row| row.1.outcome)
                .collect();
            (of.len() as f64, of.iter().sum::<f64>() / of.len() as f64)
        };
        let fitted: Vec<Assigned> = rows
            .iter()
            .map(|(x, row)| Assigned { propensity: cell(*x, Some(true)).0 / cell(*x, None).0, ..*row })
            .collect();
        let predictions: Vec<(f64, f64)> =
            rows.iter().map(|(x, _)| (cell(*x, Some(false)).1, cell(*x, Some(true)).1)).collect();
        let Ok(got) = aipw(&fitted, &predictions, 0.0, 0.95) else { continue };
        let [value, se] = value_and_se(&got.effect);
        let x: Vec<f64> = rows.iter().map(|row| row.0).collect();
        oracle.ask("aipw", json!([treated, outcomes, x]), vec![got.treatment, got.control, value, se], 1e-6);
    }
    for _ in 0..150 {
        let mut columns = [const { Vec::new() }; 5];
        for _ in 0..2 + random.below(300) {
            let propensity = 0.01 + 0.99 * random.next();
            let row = [random.next(), propensity, random.next(), random.next(), random.next()];
            columns.iter_mut().zip(row).for_each(|(column, x)| column.push(x));
        }
        let [reward, propensity, target, q, v] = &columns;
        let rows: Vec<Logged> = (0..reward.len())
            .map(|i| Logged { reward: reward[i], propensity: propensity[i], target: target[i], cluster: None })
            .collect();
        let predictions: Vec<(f64, f64)> = q.iter().copied().zip(v.iter().copied()).collect();
        let got = off_policy(&rows, Some(&predictions), 0.95).unwrap();
        let estimates = [Some(&got.ips), got.snips.as_ref(), got.doubly_robust.as_ref()];
        let mut ours: Vec<f64> = estimates.into_iter().flat_map(|e| value_and_se(e.unwrap())).collect();
        ours.extend([got.effective, got.largest_share, got.mean_weight]);
        oracle.ask("off-policy", json!(columns), ours, 1e-9);
        let clicks: Vec<(f64, f64)> =
            (0..3 + random.below(80)).map(|_| (random.below(3) as f64, random.below(4) as f64)).collect();
        let impressions: Vec<Impression> =
            clicks.iter().map(|(a, b)| Impression { a: *a, b: *b, cluster: None }).collect();
        let got = interleaving(&impressions, 0.95).unwrap();
        if got.preference.se.unwrap() > 0.0 {
            let interval = got.preference.interval.unwrap();
            let ours = vec![got.preference.value.unwrap(), interval.lower, interval.upper, got.p.unwrap()];
            oracle.ask("interleaving", json!(clicks), ours, 1e-9);
        }
    }
    oracle.check();
}

/// Rows of a file of the shared data without its header, and the reference values of the set; `None`, with the reason
/// printed, when they are not on this machine. They may not be copied into the repository.
fn shared(set: &str, file: &str, golden: &str) -> Option<(Vec<Vec<String>>, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = folder.join(set).join(file);
    let (Ok(text), Ok(goldens)) =
        (std::fs::read_to_string(&path), std::fs::read_to_string(folder.join("GOLDENS.json")))
    else {
        println!("skipped: there is no {} or no GOLDENS.json", path.display());
        return None;
    };
    let rows = text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let mut goldens: Value = serde_json::from_str(&goldens).unwrap();
    Some((rows, goldens[golden].take()))
}

/// Reference values are rounded to six places.
fn agrees(got: f64, want: &Value) {
    let want = want.as_f64().unwrap();
    assert!((got - want).abs() <= 5.1e-7, "got {got}, want {want}");
}

#[test]
fn a_real_game_experiment_has_a_suspect_split_and_the_known_effects() {
    let Some((rows, golden)) = shared("ab_cookie_cats", "counts.csv", "ab_cookie_cats") else { return };
    // Columns: version, rounds at most, retention after 1 day, after 7 days, players.
    let players = |version: &str, retained: Option<usize>| -> u64 {
        rows.iter()
            .filter(|row| row[0] == version && retained.is_none_or(|at| row[at] == "TRUE"))
            .map(|row| row[4].parse::<u64>().unwrap())
            .sum()
    };
    let (n30, n40) = (players("gate_30", None), players("gate_40", None));
    let split = sample_ratio(&[n30, n40], &[1.0, 1.0]).unwrap();
    agrees(split.exact.unwrap(), &golden["sample_ratio_mismatch_p"]);
    assert_eq!(split.concern, Concern::Warning);
    let log_e = sample_ratio_log_e(&[n30, n40], &[0.5, 0.5], CONCENTRATION).unwrap();
    assert!(log_e < 1000f64.ln(), "no alert at 0.001 for any number of looks: {log_e}");
    for (at, name) in [(2, "retention_1"), (3, "retention_7")] {
        let (gate_30, gate_40) = ((players("gate_30", Some(at)), n30), (players("gate_40", Some(at)), n40));
        let (z, p) = two_proportions(gate_30, gate_40).unwrap();
        agrees(z, &golden[name]["z"]);
        agrees(p, &golden[name]["p"]);
        agrees(gate_30.0 as f64 / n30 as f64, &golden[name]["gate_30"]["rate"]);
    }
}

#[test]
fn logged_recommendations_have_the_known_off_policy_value() {
    let set = "open_bandit";
    let Some((bts, golden)) = shared(set, "bts_all.csv", "open_bandit_all") else { return };
    let Some((uniform, _)) = shared(set, "random_all.csv", "open_bandit_all") else { return };
    // Columns: time, item, position, click, propensity, user features.
    let clicks = |rows: &[Vec<String>]| rows.iter().filter(|row| row[3] == "1").count() as u64;
    let items: std::collections::BTreeSet<&str> = bts.iter().map(|row| row[1].as_str()).collect();
    agrees(items.len() as f64, &golden["items_seen"]);
    let logged: Vec<Logged> = bts
        .iter()
        .map(|row| Logged {
            reward: row[3].parse().unwrap(),
            propensity: row[4].parse().unwrap(),
            target: 1.0 / items.len() as f64,
            cluster: None,
        })
        .collect();
    let got = off_policy(&logged, None, 0.95).unwrap();
    agrees(got.ips.value.unwrap(), &golden["ips_of_random_from_bts_log"]);
    agrees(got.snips.as_ref().unwrap().value.unwrap(), &golden["snips_of_random_from_bts_log"]);
    agrees(got.effective, &golden["ess"]);
    let online = clicks(&uniform);
    let (_, p) = two_proportions((clicks(&bts), bts.len() as u64), (online, uniform.len() as u64)).unwrap();
    agrees(p, &golden["two_proportion_p"]);
    // The estimate from the log covers what the policy really got.
    let truth = proportion::wilson(online as f64, uniform.len() as f64, proportion::critical(0.95)).unwrap();
    let estimated = got.snips.unwrap().interval.unwrap();
    assert!(estimated.lower < truth.upper && estimated.upper > truth.lower, "{estimated:?} {truth:?}");
}
