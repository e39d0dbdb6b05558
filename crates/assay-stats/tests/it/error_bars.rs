//! Intervals, tests and distributions against scipy and statsmodels.
//!
//! Not used as oracles because they are known to be wrong: statsmodels' score interval for the difference of two
//! proportions (its issue 10269).

use assay_stats::multiplicity::{benjamini_hochberg, holm};
use assay_stats::paired::{mcnemar_exact, mcnemar_midp};
use assay_stats::proportion::{clopper_pearson, critical, mover, wilson};
use assay_stats::special::{beta_cdf, beta_quantile, binomial_cdf, normal_cdf, normal_quantile, t_quantile, t_sf};
use assay_stats::{Item, Kind, level, unpaired_difference};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
from scipy import stats
from scipy.special import betainc
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
def one(k, a):
    if k == "normal_quantile": return [stats.norm.ppf(*a)]
    if k == "normal_cdf": return [stats.norm.cdf(*a)]
    if k == "t_quantile": return [stats.t.ppf(*a)]
    if k == "t_sf": return [stats.t.sf(*a)]
    if k == "beta_quantile": return [stats.beta.ppf(*a)]
    if k == "beta_cdf": return [betainc(a[1], a[2], a[0])]
    if k == "binomial_cdf": return [stats.binom.cdf(*a)]
    if k == "wilson": return list(proportion_confint(a[0], a[1], method="wilson"))
    if k == "clopper": return list(proportion_confint(a[0], a[1], method="beta"))
    if k == "newcombe": return list(confint_proportions_2indep(a[0], a[1], a[2], a[3], method="newcomb"))
    if k == "midp": return [mcnemar([[0, a[0]], [a[1], 0]], exact=True).pvalue]
    if k == "holm": return list(multipletests(a, method="holm")[1])
    if k == "bh": return list(multipletests(a, method="fdr_bh")[1])
    if k == "mean":
        r = stats.ttest_1samp(a, 0).confidence_interval(0.95); return [np.mean(a), r.low, r.high]
    if k == "welch":
        r = stats.ttest_ind(a[0], a[1], equal_var=False).confidence_interval(0.95); return [r.low, r.high]
    raise ValueError(k)
"#;

fn items(values: &[f64]) -> Vec<Item> {
    values.iter().map(|value| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 }).collect()
}

#[test]
fn statistics_agree_with_scipy_and_statsmodels() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(7);
    for p in [1e-12, 1e-5, 0.01, 0.3, 0.5, 0.9, 0.975, 0.9999] {
        oracle.ask("normal_quantile", json!([p]), vec![normal_quantile(p)], 1e-13);
        for df in [1.0, 2.4, 7.0, 19.5, 33.0, 480.0, 1e4, 1e6] {
            if p > 1e-10 {
                oracle.ask("t_quantile", json!([p, df]), vec![t_quantile(p, df)], 2e-10);
            }
        }
        for (a, b) in [(0.5, 0.5), (2.0, 30.0), (0.3, 4.0), (150.0, 3.0)] {
            if p > 1e-10 {
                oracle.ask("beta_quantile", json!([p, a, b]), vec![beta_quantile(p, a, b)], 1e-9);
            }
        }
    }
    for x in [-9.0, -3.2, -0.1, 0.0, 1.7, 5.0] {
        oracle.ask("normal_cdf", json!([x]), vec![normal_cdf(x)], 1e-13);
        for df in [1.0, 3.3, 50.0, 1e5] {
            oracle.ask("t_sf", json!([x, df]), vec![t_sf(x, df)], 1e-9);
        }
    }
    for _ in 0..150 {
        let n = 1 + random.below(400);
        let k = random.below(n + 1);
        let m = 1 + random.below(300);
        let j = random.below(m + 1);
        let z = critical(0.95);
        let w = wilson(k as f64, n as f64, z).unwrap();
        oracle.ask("wilson", json!([k, n]), vec![w.lower, w.upper], 1e-11);
        let c = clopper_pearson(k, n, 0.95).unwrap();
        oracle.ask("clopper", json!([k, n]), vec![c.lower, c.upper], 1e-9);
        let (p, q) = (k as f64 / n as f64, j as f64 / m as f64);
        let i = mover(p, w, q, wilson(j as f64, m as f64, z).unwrap()).unwrap();
        oracle.ask("newcombe", json!([k, n, j, m]), vec![i.lower, i.upper], 1e-9);
        let (b, c) = (random.below(40), random.below(40));
        oracle.ask("midp", json!([b, c]), vec![mcnemar_exact(b, c)], 1e-10);
        assert!(mcnemar_midp(b, c) <= mcnemar_exact(b, c));
        let x = random.next();
        oracle.ask("binomial_cdf", json!([k, n, x]), vec![binomial_cdf(k, n, x)], 1e-9);
        oracle.ask("beta_cdf", json!([x, k + 1, m]), vec![beta_cdf(x, k as f64 + 1.0, m as f64)], 1e-9);
        let p: Vec<f64> = (0..1 + random.below(12)).map(|_| random.next().powi(3)).collect();
        oracle.ask("holm", json!(p), holm(&p), 1e-12);
        oracle.ask("bh", json!(p), benjamini_hochberg(&p), 1e-12);
        let a: Vec<f64> = (0..3 + random.below(40)).map(|_| random.next() * 10.0 - 3.0).collect();
        let b: Vec<f64> = (0..3 + random.below(40)).map(|_| random.next() * 4.0).collect();
        let mean = level(&items(&a), Kind::Unbounded, 0.95);
        let i = mean.interval.unwrap();
        oracle.ask("mean", json!(a), vec![mean.value.unwrap(), i.lower, i.upper], 1e-10);
        let i = unpaired_difference(&items(&a), &items(&b), Kind::Unbounded, 0.95).estimate.interval.unwrap();
        oracle.ask("welch", json!([a, b]), vec![i.lower, i.upper], 1e-10);
    }
    oracle.check();
}
