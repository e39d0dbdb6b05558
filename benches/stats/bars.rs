//! Error bars, tests, resampling, power, rankings and adjusted p-values.

use assay_stats::arena::{Battle, Ties, rank};
use assay_stats::bootstrap::bootstrap;
use assay_stats::jackknife::{Transform, delete_one, jackknife};
use assay_stats::mean::{clustered_mean, sandwich_errors, variances};
use assay_stats::multiplicity::{benjamini_hochberg, benjamini_yekutieli, hochberg, holm, hommel, max_t};
use assay_stats::paired::{mcnemar_exact, sign_flip};
use assay_stats::passk::pass_at_k;
use assay_stats::power::{Goal, unpaired_cases};
use assay_stats::proportion::{agresti_caffo, clopper_pearson, critical, jeffreys, miettinen_nurminen, mover, wilson};
use assay_stats::quantile::order_statistic_interval;
use assay_stats::rank::{Zeros, cliff_delta, hodges_lehmann, wilcoxon};
use assay_stats::special::{beta_quantile, normal_quantile, t_quantile};
use assay_stats::{Interval, Item, unpaired_difference};
use serde_json::json;

use crate::race::{Races, Stream};

pub fn run(races: &Races) {
    let mut random = Stream(7);
    resampling(races, &mut random);
    means(races, &mut random);
    rates(races, &mut random);
    ranks(races, &mut random);
    adjusted(races, &mut random);
    players(races, &mut random);
    at_once(races, &mut random);
}

fn items(values: &[f64]) -> Vec<Item> {
    values.iter().map(|value| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 }).collect()
}

fn both(interval: Interval) -> [f64; 2] {
    [interval.lower, interval.upper]
}

fn resampling(races: &Races, random: &mut Stream) {
    // Skewed, as latencies are.
    let values: Vec<f64> = (0..10_000).map(|_| -(1.0 - random.next()).ln()).collect();
    let groups: Vec<Vec<usize>> = (0..values.len()).map(|at| vec![at]).collect();
    let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(d):\n    \
            i = stats.bootstrap((d,), np.mean, n_resamples=9999, method='BCa', batch=100, rng=np.random.default_rng(1)).confidence_interval\n    \
            return [i.low, i.high]";
    // Two random streams: the ends differ by about a thousandth.
    races.add("bootstrap BCa", "scipy", script, &json!(values), 5e-3, || {
        let drawn = bootstrap(&groups, mean, 9_999, 1).expect("it varies");
        let total: f64 = values.iter().sum();
        let left_out: Vec<f64> = values.iter().map(|v| (total - v) / (values.len() - 1) as f64).collect();
        let interval = drawn.bca(&left_out, 0.95).expect("it varies");
        vec![interval.lower, interval.upper]
    });
    let gaps: Vec<f64> = values[..1_000].iter().map(|v| v - 1.0).collect();
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(d): return stats.permutation_test((d,), lambda x, axis: np.mean(x, axis=axis), permutation_type='samples', vectorized=True, n_resamples=9999, batch=1000, rng=np.random.default_rng(1)).pvalue";
    races.add("sign-flip", "scipy", script, &json!(gaps), 0.2, || sign_flip(&gaps, 9_999, 1).into_iter().collect());
    let few = &values[..2_000];
    let groups = &groups[..2_000];
    let skewness = |at: &[usize]| {
        let n = at.len() as f64;
        let mean = at.iter().map(|i| few[*i]).sum::<f64>() / n;
        let moment = |k: i32| at.iter().map(|i| (few[*i] - mean).powi(k)).sum::<f64>() / n;
        Some(moment(3) / moment(2).powf(1.5))
    };
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(v):\n    \
        n = len(v); t = np.array([stats.skew(np.delete(v, i)) for i in range(n)])\n    \
        return [stats.skew(v), np.sqrt((n - 1) / n * np.sum((t - t.mean()) ** 2))]";
    races.add("jackknife skewness", "scipy", script, &json!(few), 1e-9, || {
        let all: Vec<usize> = (0..few.len()).collect();
        let left_out = delete_one(groups, skewness).expect("it varies");
        let found = jackknife(skewness(&all).expect("it varies"), &left_out, Transform::Identity, 0.95);
        found.map_or_else(Vec::new, |found| vec![found.estimate, found.se])
    });
}

fn means(races: &Races, random: &mut Stream) {
    let values: Vec<f64> = (0..10_000).map(|_| -(1.0 - random.next()).ln()).collect();
    let clusters: Vec<u32> = (0..10_000).map(|at| at / 10).collect();
    let clustered: Vec<Item> =
        items(&values).into_iter().zip(&clusters).map(|(item, c)| Item { cluster: Some(*c), ..item }).collect();
    let script = "import statsmodels.api as sm\n\
        def prepare(a): return np.array(a[0]), np.array(a[1]), np.ones(len(a[0]))\n\
        def run(d): return sm.OLS(d[0], d[2]).fit(cov_type='cluster', cov_kwds={'groups': d[1]}).bse";
    races.add("CR0 CR1", "statsmodels", script, &json!([values, clusters]), 1e-9, || {
        sandwich_errors(&clustered).map(|(_, cr1)| cr1).into_iter().collect()
    });
    let (a, b) = (random.normals(100_000), random.normals(80_000));
    let (left, right) = (items(&a), items(&b));
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(d):\n    r = stats.ttest_1samp(d, 0); return [np.mean(d), r._standard_error]";
    races.add("mean", "scipy", script, &json!(a), 1e-9, || {
        let found = clustered_mean(&left).expect("it varies");
        vec![found.mean, found.se]
    });
    let script = "from scipy import stats\n\
        def prepare(a): return [np.array(x) for x in a]\n\
        def run(d):\n    i = stats.ttest_ind(*d, equal_var=False).confidence_interval(0.95); return [i.low, i.high]";
    races.add("welch", "scipy", script, &json!([a, b]), 1e-9, || {
        let found = unpaired_difference(&left, &right, assay_stats::Kind::Unbounded, 0.95);
        found.estimate.interval.map_or_else(Vec::new, |interval| both(interval).to_vec())
    });
    let cases: Vec<Vec<f64>> = (0..20_000)
        .map(|_| {
            let centre = random.normal();
            (0..2 + random.below(4)).map(|_| centre + random.normal()).collect()
        })
        .collect();
    let script = "def prepare(a): return [np.array(c) for c in a]\n\
        def run(d):\n    \
        w = np.mean([c.var(ddof=1) for c in d]); m = np.array([c.mean() for c in d])\n    \
        return [w, m.var(ddof=1) - w * np.mean([1 / len(c) for c in d])]";
    races.add("variance components", "numpy", script, &json!(cases), 1e-9, || {
        let found = variances(&cases).expect("repeats");
        vec![found.within, found.between]
    });
}

/// 10,000 tables at once, as arrays where the reference takes arrays.
fn rates(races: &Races, random: &mut Stream) {
    let counts: Vec<(u64, u64)> = (0..10_000)
        .map(|_| {
            let n = 2 + random.below(1_000) as u64;
            (1 + (random.next() * (n - 1) as f64) as u64, n)
        })
        .collect();
    let (k, n): (Vec<u64>, Vec<u64>) = counts.iter().copied().unzip();
    let z = critical(0.95);
    type Rate<'a> = &'a dyn Fn(u64, u64) -> Option<Interval>;
    let of: [(&str, &str, Rate<'_>); 3] = [
        ("wilson", "wilson", &|k, n| wilson(k as f64, n as f64, z)),
        ("clopper", "beta", &|k, n| clopper_pearson(k, n, 0.95)),
        ("jeffreys", "jeffreys", &|k, n| jeffreys(k, n, 0.95)),
    ];
    for (name, method, interval) in of {
        let script = format!(
            "from statsmodels.stats.proportion import proportion_confint\n\
             def prepare(a): return [np.array(x) for x in a]\n\
             def run(d): return [np.sum(x[d[0] < d[1]]) for x in proportion_confint(*d, method='{method}')]"
        );
        races.add(name, "statsmodels", &script, &json!([k, n]), 1e-9, || {
            let inside = counts.iter().filter(|(k, n)| k < n).map(|(k, n)| both(interval(*k, *n).expect("a rate")));
            inside.fold([0.0; 2], |sum, ends| [sum[0] + ends[0], sum[1] + ends[1]]).to_vec()
        });
    }
    type Two<'a> = &'a dyn Fn((u64, u64), (u64, u64)) -> Option<Interval>;
    let of: [(&str, &str, Two<'_>); 2] = [
        ("newcombe", "newcomb", &|c, b| {
            let own = |(k, n): (u64, u64)| (k as f64 / n as f64, wilson(k as f64, n as f64, z));
            let ((p, c), (q, b)) = (own(c), own(b));
            mover(p, c?, q, b?)
        }),
        ("agresti-caffo", "agresti-caffo", &|c, b| agresti_caffo(c, b, z)),
    ];
    let pairs: Vec<_> = counts[..1_000].iter().zip(&counts[1_000..]).collect();
    for (name, method, interval) in of {
        let script = format!(
            "from statsmodels.stats.proportion import confint_proportions_2indep as f\n\
             def prepare(a): return a\n\
             def run(d): return np.clip([f(*a, *b, method='{method}') for a, b in d], -1, 1).sum(0)"
        );
        races.add(name, "statsmodels", &script, &json!(pairs), 1e-9, || {
            let found = pairs.iter().map(|(c, b)| both(interval(**c, **b).expect("two rates")));
            found.fold([0.0; 2], |sum, ends| [sum[0] + ends[0], sum[1] + ends[1]]).to_vec()
        });
    }
    let discordant: Vec<(u64, u64)> =
        (0..1_000).map(|_| (random.below(200) as u64, 1 + random.below(200) as u64)).collect();
    let script = "from statsmodels.stats.contingency_tables import mcnemar\n\
        def prepare(a): return a\n\
        def run(d): return sum(mcnemar([[0, b], [c, 0]], exact=True).pvalue for b, c in d)";
    races.add("mcnemar exact", "statsmodels", script, &json!(discordant), 1e-9, || {
        vec![discordant.iter().map(|(b, c)| mcnemar_exact(*b, *c)).sum()]
    });
    let solved: Vec<u32> = counts.iter().map(|(k, n)| (200 * k / n) as u32).collect();
    // As the authors of HumanEval publish it, one product for each problem.
    let script = "def one(n, c, k):\n    \
        return 1.0 if n - c < k else 1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1))\n\
        def prepare(a): return a\n\
        def run(d): return sum(one(200, c, 10) for c in d)";
    races.add("pass@k", "numpy", script, &json!(solved), 1e-9, || {
        vec![solved.iter().filter_map(|c| pass_at_k(200, *c, 10)).sum()]
    });
    let effects: Vec<f64> = (0..200).map(|_| 0.05 + 0.25 * random.next()).collect();
    // The reference also counts the far tail.
    let script = "from statsmodels.stats.power import NormalIndPower\n\
        def prepare(a): return a\n\
        def run(d): return sum(np.ceil(NormalIndPower().solve_power(effect_size=e, alpha=0.05, power=0.8, ratio=1)) for e in d)";
    races.add("n unpaired", "statsmodels", script, &json!(effects), 1e-2, || {
        let cases = |effect: &f64| {
            let goal = Goal { confidence: 0.95, power: 0.8, margin: 0.0, effect: *effect };
            unpaired_cases((1.0, 1.0), goal).expect("an effect") as f64
        };
        vec![effects.iter().map(cases).sum()]
    });
    let tables: Vec<[u64; 4]> = (0..20)
        .map(|_| {
            let (a, b) = (20 + random.below(500) as u64, 20 + random.below(500) as u64);
            [1 + random.below(a as usize - 1) as u64, a, 1 + random.below(b as usize - 1) as u64, b]
        })
        .collect();
    // statsmodels is wrong (its issue 10269): the restricted likelihood maximised by Brent's method, as in the parity test.
    let script = "from scipy import optimize\n\
        root = lambda f, lo, hi: optimize.brentq(f, lo, hi, xtol=1e-13)\n\
        def one(x1, n1, x0, n0, z):\n    \
        def score(d):\n        \
        lo, hi = max(0, -d) + 1e-12, min(1, 1 - d) - 1e-12\n        \
        slope = lambda p: x1 / (p + d) - (n1 - x1) / (1 - p - d) + x0 / p - (n0 - x0) / (1 - p)\n        \
        p = lo if slope(lo) < 0 else hi if slope(hi) > 0 else root(slope, lo, hi)\n        \
        var = ((p + d) * (1 - p - d) / n1 + p * (1 - p) / n0) * (n1 + n0) / (n1 + n0 - 1)\n        \
        return (x1 / n1 - x0 / n0 - d) / np.sqrt(var)\n    \
        e = x1 / n1 - x0 / n0\n    \
        return [root(lambda d: score(d) - z, -1 + 1e-9, e), root(lambda d: score(d) + z, e, 1 - 1e-9)]\n\
        def prepare(a): return a\n\
        def run(d): return [one(*t, 1.959963984540054) for t in d]";
    races.add("miettinen-nurminen", "scipy", script, &json!(tables), 1e-8, || {
        let of = |t: &[u64; 4]| both(miettinen_nurminen((t[0], t[1]), (t[2], t[3]), z).expect("rates"));
        tables.iter().flat_map(of).collect()
    });
    let p = random.many(10_000);
    let script = "from scipy import special\n\
        def prepare(a): return np.array(a)\n\
        def run(p): return [special.ndtri(p).sum(), special.stdtrit(7.5, p).sum(), special.betaincinv(12.5, 40.0, p).sum()]";
    races.add("exact normal_quantile t_quantile beta_quantile", "scipy", script, &json!(p), 1e-8, || {
        let sum = |of: &dyn Fn(f64) -> f64| p.iter().map(|p| of(*p)).sum::<f64>();
        vec![sum(&normal_quantile), sum(&|p| t_quantile(p, 7.5)), sum(&|p| beta_quantile(p, 12.5, 40.0))]
    });
}

fn ranks(races: &Races, random: &mut Stream) {
    let differences: Vec<f64> = (0..100_000).map(|_| random.normal() + 0.01).collect();
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(d):\n    r = stats.wilcoxon(d, method='asymptotic'); return [r.statistic, r.pvalue]";
    races.add("wilcoxon", "scipy", script, &json!(differences), 1e-8, || {
        wilcoxon(&differences, Zeros::Wilcox).map_or_else(Vec::new, |(w, p)| vec![w, p])
    });
    let few = &differences[..2_000];
    let script = "def prepare(a): return np.array(a)\n\
        def run(a):\n    i, j = np.triu_indices(len(a)); return np.median((a[i] + a[j]) / 2)";
    races.add("hodges-lehmann", "numpy", script, &json!(few), 1e-9, || hodges_lehmann(few).into_iter().collect());
    let other = random.normals(2_000);
    let script = "def prepare(a): return [np.array(x) for x in a]\n\
        def run(a): return np.mean(np.sign(np.subtract.outer(*a)))";
    races.add("cliff", "numpy", script, &json!([few, other]), 1e-9, || cliff_delta(few, &other).into_iter().collect());
    let mut sorted = few.to_vec();
    sorted.sort_by(f64::total_cmp);
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(x):\n    i = stats.quantile_test(x, q=0, p=0.9).confidence_interval(0.95); return [i.low, i.high]";
    races.add("quantile interval", "scipy", script, &json!(sorted), 1e-12, || {
        order_statistic_interval(&sorted, 0.9, 0.95).map_or_else(Vec::new, |interval| both(interval).to_vec())
    });
}

fn adjusted(races: &Races, random: &mut Stream) {
    let p: Vec<f64> = (0..2_000).map(|_| random.next().powi(3)).collect();
    type Adjust = fn(&[f64]) -> Vec<f64>;
    let of: [(&str, &str, Adjust); 5] = [
        ("holm", "holm", holm),
        ("hochberg", "simes-hochberg", hochberg),
        ("hommel", "hommel", hommel),
        ("bh", "fdr_bh", benjamini_hochberg),
        ("by", "fdr_by", benjamini_yekutieli),
    ];
    for (name, method, adjust) in of {
        let script = format!(
            "from statsmodels.stats.multitest import multipletests\n\
             def prepare(a): return np.array(a)\n\
             def run(d): return multipletests(d, method='{method}')[1]"
        );
        races.add(name, "statsmodels", &script, &json!(p), 1e-10, || adjust(&p));
    }
}

/// Twenty metrics or slices of 300 clusters, 10,000 flips.
fn at_once(races: &Races, random: &mut Stream) {
    let gaps: Vec<Vec<f64>> = (0..20).map(|_| (0..300).map(|_| random.normal()).collect()).collect();
    let cells: Vec<Vec<(f64, f64)>> = gaps.iter().map(|gaps| gaps.iter().map(|gap| (*gap, 1.0)).collect()).collect();
    // No package: Romano and Wolf's step-down with random flips. The draws differ: two random streams.
    let script = "def prepare(a): return np.array(a)\n\
        def run(x):\n    \
        q = np.random.default_rng(1).choice([-1.0, 1.0], size=(10000, x.shape[1])); unit = lambda v: v / np.sqrt((v ** 2).sum(1, keepdims=True))\n    \
        u = unit(x); t = np.abs(u.sum(1)); T = np.abs(q @ u.T); o = np.argsort(-t); M = np.maximum.accumulate(T[:, o[::-1]], axis=1)[:, ::-1]\n    \
        p = np.maximum.accumulate([(1 + np.sum(M[:, k] >= t[o[k]])) / 10001 for k in range(len(o))])\n    \
        c = np.quantile(np.abs(q @ unit(x - x.mean(1, keepdims=True)).T).max(1), 0.95)\n    \
        return [c, p.min()]";
    races.add("max-t", "numpy", script, &json!(gaps), 0.1, || {
        let found = max_t(&cells, 0.95, 10_000, 1).expect("they vary");
        vec![found.critical.expect("they vary"), found.adjusted.iter().flatten().copied().fold(1.0, f64::min)]
    });
}

/// 50 players in 20,000 battles.
fn players(races: &Races, random: &mut Stream) {
    let strengths = random.normals(50);
    let battles: Vec<(usize, usize, f64)> = (0..20_000)
        .map(|_| {
            let a = random.below(50);
            let b = (a + 1 + random.below(49)) % 50;
            let wins = 1.0 / (1.0 + (strengths[b] - strengths[a]).exp());
            (a, b, f64::from(u8::from(random.next() < wins)))
        })
        .collect();
    let fitted: Vec<Battle> = battles.iter().map(|(a, b, outcome)| Battle::new(*a, *b, *outcome)).collect();
    let ours = || rank(50, &fitted, Ties::Half).expect("all are connected").strengths;
    let script = "import evalica\n\
        def prepare(a):\n    \
        w = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y}\n    \
        return [x for x, _, _ in a], [y for _, y, _ in a], [w[o] for _, _, o in a]\n\
        def run(d):\n    \
        r = evalica.bradley_terry(*d, tolerance=1e-10, limit=100000)\n    \
        s = np.log(np.array([r.scores[k] for k in sorted(r.scores.index)])); return s - s.mean()";
    races.add("bradley-terry", "evalica", script, &json!(battles), 1e-3, ours);
    let script = "import choix\n\
        def prepare(a): return [(x, y) if o else (y, x) for x, y, o in a]\n\
        def run(d):\n    s = choix.ilsr_pairwise(50, d); return s - s.mean()";
    races.add("bradley-terry by choix", "choix", script, &json!(battles), 1e-3, ours);
}
