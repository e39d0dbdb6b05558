//! Sequential tests, online experiments and quasi-experiments.

use assay_stats::online::{Arm, CONCENTRATION, Unit, cuped, effect, lin, sample_ratio, sample_ratio_log_e};
use assay_stats::quasi::{Assigned, Logged, Observation, aipw, diff_in_diff, ipw, off_policy};
use assay_stats::sequential::{Bets, Side, Spending, boundaries, discordant_log_e};
use serde_json::json;

use crate::race::{Races, Stream};

const ARRAYS: &str = "def prepare(a): return [np.array(x, dtype=float) for x in a]\n";

pub fn run(races: &Races) {
    let mut random = Stream(41);
    sequential(races, &mut random);
    experiments(races, &mut random);
    logged(races, &mut random);
    panel(races, &mut random);
}

/// 2,000 units of ten periods each.
fn panel(races: &Races, random: &mut Stream) {
    let rows: Vec<Observation> = (0..20_000)
        .map(|at| {
            let (unit, post) = (at / 10, at % 10 >= 5);
            let treated = unit % 2 == 0;
            let outcome = random.normal() + f64::from(u8::from(treated && post));
            Observation { unit, treated, post, outcome }
        })
        .collect();
    let table: Vec<_> = rows.iter().map(|r| (r.unit, u8::from(r.treated), u8::from(r.post), r.outcome)).collect();
    // Its error bars are CR1: only the effect is compared.
    let script = "import statsmodels.api as sm\n\
        def prepare(a): return np.array(a)\n\
        def run(d):\n    \
        u, t, p, y = d.T; m = sm.OLS(y, np.column_stack([np.ones(len(y)), t, p, t * p])).fit(cov_type='cluster', cov_kwds={'groups': u.astype(int)})\n    \
        m.bse, m.conf_int(); return m.params[3]";
    races.add("difference in differences", "statsmodels", script, &json!(table), 1e-9, || {
        vec![diff_in_diff(&rows, 0.95).expect("two groups").effect.value]
    });
}

fn sequential(races: &Races, random: &mut Stream) {
    let times: Vec<f64> = (1..=10).map(|look| f64::from(look) / 10.0).collect();
    // No package: the recursion with a 400-point rule for each look as a matrix, roots by Brent.
    let script = "from scipy import optimize, stats\nN = stats.norm\n\
        x0, w0 = np.polynomial.legendre.leggauss(400)\n\
        def prepare(a): return a\n\
        def run(times):\n    \
        spent = lambda t: 4 * N.sf(N.isf(0.05 / 4) / np.sqrt(t))\n    \
        x, mass, before, used, out = np.array([0.0]), np.array([1.0]), 0.0, 0.0, []\n    \
        for t in times:\n        \
        sd, want = np.sqrt(t - before), spent(t) - used\n        \
        b = optimize.brentq(lambda b: mass @ (N.sf((b - x) / sd) + N.sf((b + x) / sd)) - want, 0, 30, xtol=1e-14)\n        \
        y = b * x0; mass = b * w0 * (N.pdf((y[:, None] - x[None, :]) / sd) / sd @ mass)\n        \
        x, before, used = y, t, spent(t); out.append(b / np.sqrt(t))\n    \
        return out";
    races.add("group sequential", "numpy and scipy", script, &json!(times), 1e-8, || {
        let looks = boundaries(&times, 0.05, Spending::OBrienFleming).expect("looks in order");
        looks.iter().map(|look| look.critical).collect()
    });
    let pairs: Vec<[u64; 2]> = (0..10_000).map(|_| [random.below(3_000) as u64, random.below(3_000) as u64]).collect();
    let script = "from scipy.special import betaln\n\
        def prepare(a): return np.array(a).T\n\
        def run(d): return np.abs(betaln(2 + d[0], 2 + d[1]) - betaln(2, 2) + (d[0] + d[1]) * np.log(2)).sum()";
    races.add("discordant", "scipy", script, &json!(pairs), 1e-8, || {
        vec![pairs.iter().map(|[better, worse]| discordant_log_e(*better, *worse).abs()).sum()]
    });
    let values = random.many(100_000);
    let script = "def prepare(a): return np.array(a)\n\
        def run(x):\n    \
        t = np.arange(1, len(x) + 1); mu = (0.5 + np.cumsum(x)) / (t + 1)\n    \
        v = np.append(0.25, ((0.25 + np.cumsum((x - mu) ** 2)) / (t + 1))[:-1])\n    \
        lam = np.sqrt(2 * np.log(2 / 0.05) / (v * t * np.log(1 + t)))\n    \
        return np.cumsum(np.log1p(np.minimum(lam, 0.5 / 0.48) * (x - 0.48)))[[999, -1]]";
    races.add("bets", "numpy", script, &json!(values), 1e-8, || {
        let bets = Bets::new(&values, (0.0, 1.0), None, 0.05).expect("values in their range");
        let path = bets.log_capital(0.48, Side::Above).expect("a mean inside");
        vec![path[999], path[path.len() - 1]]
    });
    // The reference walks a grid of 200 means; the bisection is as exact as numbers are.
    let few = &values[..10_000];
    let script = "def prepare(a): return np.array(a)\n\
        def run(x):\n    \
        t = np.arange(1, len(x) + 1); mu = (0.5 + np.cumsum(x)) / (t + 1)\n    \
        v = np.append(0.25, ((0.25 + np.cumsum((x - mu) ** 2)) / (t + 1))[:-1])\n    \
        lam = np.sqrt(2 * np.log(2 / 0.05) / (v * t * np.log(1 + t))); kept = []\n    \
        for m in np.arange(0.4, 0.6, 0.001):\n        \
        up = np.cumsum(np.log1p(np.minimum(lam, 0.5 / m) * (x - m))).max()\n        \
        down = np.cumsum(np.log1p(-np.minimum(lam, 0.5 / (1 - m)) * (x - m))).max()\n        \
        if max(up, down) < np.log(2 / 0.05): kept.append(m)\n    \
        return [min(kept), max(kept)]";
    races.add("betting interval", "numpy", script, &json!(few), 5e-3, || {
        let found = Bets::new(few, (0.0, 1.0), None, 0.05).expect("values in their range").interval();
        found.map_or_else(Vec::new, |interval| vec![interval.lower, interval.upper])
    });
}

fn experiments(races: &Races, random: &mut Stream) {
    let tables: Vec<Vec<u64>> =
        (0..2_000).map(|_| (0..3).map(|_| 1_000 + random.below(100) as u64).collect()).collect();
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(d): return stats.chisquare(d, axis=1).pvalue.sum()";
    races.add("chisquare", "scipy", script, &json!(tables), 1e-9, || {
        vec![tables.iter().map(|counts| sample_ratio(counts, &[1.0; 3]).expect("counts").p).sum()]
    });
    let script = "np.Inf = np.inf\n\
        from ssrm_test.ssrm_test import sequential_posteriors as f\n\
        def prepare(a): return a[0], np.array(a[1]), a[2]\n\
        def run(d):\n    \
        s = np.full(3, 1 / 3)\n    \
        return sum(f([t], s, dirichlet_concentration=d[2])[-1]['log_bayes_factor'] for t in d[0])";
    let shares = [1.0 / 3.0; 3];
    races.add("ssrm", "ssrm-test", script, &json!([tables, shares, CONCENTRATION]), 1e-7, || {
        let log_e = |counts: &Vec<u64>| sample_ratio_log_e(counts, &shares, CONCENTRATION).expect("counts");
        vec![tables.iter().map(log_e).sum()]
    });
    let mut arm = |shift: f64| -> Vec<(f64, f64)> {
        (0..50_000)
            .map(|_| {
                let before = 3.0 + random.next();
                (shift + 0.8 * before + random.normal(), before)
            })
            .collect()
    };
    let (t, c) = (arm(4.3), arm(4.0));
    let frame = "import pandas as pd, tea_tasting as tt\n\
        def prepare(a):\n    \
        y = np.vstack([np.array(x) for x in a]); n = len(a[0])\n    \
        return pd.DataFrame({'v': [1] * n + [0] * (len(y) - n), 'y': y[:, 0], 'x': y[:, 1]})\n\
        def pick(r): return [r.effect_size, r.effect_size_ci_lower, r.effect_size_ci_upper]\n";
    let input = json!([t, c]);
    let answer = |treatment: Arm, control: Arm| -> Vec<f64> {
        let found = effect(treatment, control, 0.95).expect("two arms");
        vec![found.value, found.interval.lower, found.interval.upper]
    };
    let script = format!("{frame}def run(d): return pick(tt.Mean('y', 'x').analyze(d, 0, 1, 'v'))");
    races.add("cuped", "tea-tasting", &script, &input, 1e-8, || {
        let with = |rows: &[(f64, f64)]| -> Vec<_> { rows.iter().map(|(y, x)| (*y, Some(*x))).collect() };
        let found = cuped(&with(&t), &with(&c)).expect("two arms");
        answer(found.treatment, found.control)
    });
    let script = format!("{frame}def run(d): return pick(tt.RatioOfMeans('y', 'x').analyze(d, 0, 1, 'v'))");
    races.add("ratio", "tea-tasting", &script, &input, 1e-8, || {
        answer(Arm::ratio(&t).expect("units"), Arm::ratio(&c).expect("units"))
    });
    let mut units = |shift: f64| -> Vec<Unit> {
        (0..10_000)
            .map(|_| {
                let known = random.normals(3);
                let outcome = shift + known.iter().sum::<f64>() * (1.0 + shift) + random.normal();
                Unit { outcome, covariates: known.into_iter().map(Some).collect() }
            })
            .collect()
    };
    let (t, c) = (units(0.5), units(0.0));
    let split = |units: &[Unit]| {
        let outcomes: Vec<f64> = units.iter().map(|unit| unit.outcome).collect();
        let covariates: Vec<_> = units.iter().map(|unit| &unit.covariates).collect();
        json!([outcomes, covariates])
    };
    let script = "import statsmodels.api as sm\n\
        def prepare(a): return [np.array(x, dtype=float) for arm in a for x in arm]\n\
        def run(d):\n    \
        y, x = np.r_[d[0], d[2]], np.vstack([d[1], d[3]]); x = x - x.mean(0)\n    \
        w = np.r_[np.ones(len(d[0])), np.zeros(len(d[2]))]\n    \
        r = sm.OLS(y, np.column_stack([w, np.ones(len(w)), x, x * w[:, None]])).fit(cov_type='HC2')\n    \
        return [r.params[0], r.bse[0]]";
    races.add("lin", "statsmodels", script, &json!([split(&t), split(&c)]), 1e-7, || {
        let found = lin(&t, &c, 0.95).expect("two arms").effect;
        vec![found.value, found.se]
    });
}

/// 100,000 rows whose probabilities are known.
fn logged(races: &Races, random: &mut Stream) {
    let rows: Vec<Assigned> = (0..100_000)
        .map(|_| {
            let propensity = 0.05 + 0.9 * random.next();
            let treated = random.next() < propensity;
            Assigned { treated, outcome: random.normal() + f64::from(u8::from(treated)), propensity, cluster: None }
        })
        .collect();
    let predictions: Vec<(f64, f64)> = rows.iter().map(|_| (random.next(), random.next())).collect();
    let column = |of: fn(&Assigned) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let (treated, outcome, propensity) =
        (column(|row| f64::from(u8::from(row.treated))), column(|row| row.outcome), column(|row| row.propensity));
    let (m0, m1): (Vec<f64>, Vec<f64>) = predictions.iter().copied().unzip();
    // With what tells whether the weights can be trusted: effective numbers of cases and the largest share.
    let all = |found: assay_stats::quasi::Average| -> Vec<f64> {
        let effect = [found.effect.value.expect("two arms"), found.effect.se.expect("two arms")];
        let [t, c] = found.overlap.effective;
        [&effect[..], &[found.treatment, found.control, t, c, found.overlap.largest_share]].concat()
    };
    let weights = "def overlap(*w): return [x.sum() ** 2 / (x @ x) for x in w] + [max(x.max() / x.sum() for x in w)]\n";
    let script = format!(
        "from statsmodels.treatment.treatment_effects import ate_ipw\n{ARRAYS}{weights}def run(d):\n    \
         t, y, p = d; ate, m0, m1 = ate_ipw(y, t, p); w1, w0 = t / p, (1 - t) / (1 - p); n = len(y)\n    \
         psi = w1 / w1.mean() * (y - m1) - w0 / w0.mean() * (y - m0)\n    \
         return [ate, np.sqrt(psi @ psi / (n - 1) / n), m1, m0] + overlap(w1, w0)"
    );
    races.add("ipw", "statsmodels", &script, &json!([treated, outcome, propensity]), 1e-8, || {
        all(ipw(&rows, 0.0, 0.95).expect("two arms"))
    });
    let script = format!(
        "{ARRAYS}{weights}def run(d):\n    \
         t, y, p, m0, m1 = d; w1, w0 = t / p, (1 - t) / (1 - p); q1, q0 = m1 + w1 * (y - m1), m0 + w0 * (y - m0); phi = q1 - q0\n    \
         return [phi.mean(), phi.std(ddof=1) / np.sqrt(len(y)), q1.mean(), q0.mean()] + overlap(w1, w0)"
    );
    let input = json!([treated, outcome, propensity, m0, m1]);
    races.add("aipw by definition", "numpy", &script, &input, 1e-8, || {
        all(aipw(&rows, &predictions, 0.0, 0.95).expect("two arms"))
    });
    let decisions: Vec<Logged> = rows
        .iter()
        .map(|row| Logged { reward: row.outcome, propensity: row.propensity, target: 0.5, cluster: None })
        .collect();
    let script = format!(
        "{ARRAYS}def run(d):\n    \
         _, r, p, mq, mv = d; w = 0.5 / p; s = lambda v: v.std(ddof=1) / np.sqrt(len(r))\n    \
         snips = w @ r / w.sum(); dr = mv + w * (r - mq)\n    \
         return [(w * r).mean(), s(w * r), snips, s(w * (r - snips) / w.mean()), dr.mean(), s(dr), w.sum() ** 2 / (w @ w), w.max() / w.sum(), w.mean()]"
    );
    races.add("off-policy", "numpy", &script, &input, 1e-8, || {
        let found = off_policy(&decisions, Some(&predictions), 0.95).expect("decisions");
        let all = [Some(&found.ips), found.snips.as_ref(), found.doubly_robust.as_ref()];
        let estimates = all.into_iter().flatten().flat_map(|one| [one.value.expect("rows"), one.se.expect("rows")]);
        estimates.chain([found.effective, found.largest_share, found.mean_weight]).collect()
    });
}
