//! Sandwich errors, variance components and sign flips against statsmodels, numpy and scipy.

use assay_stats::mean::{sandwich_errors, variances};
use assay_stats::paired::sign_flip;
use assay_stats::quantile::order_statistic_interval;
use assay_stats::{Interval, Item, Kind, Pair, difference};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import statsmodels.api as sm
from scipy import stats
def one(f, a):
    if f == "CR0 CR1":
        y, g = np.array(a[0]), np.array(a[1])
        fit = lambda c: sm.OLS(y, np.ones(len(y))).fit(cov_type="cluster", cov_kwds={"groups": g, "use_correction": c, "df_correction": True})
        # statsmodels multiplies by (N-1)/(N-k) as well, which is 1 for a mean.
        return [fit(False).bse[0], fit(True).bse[0]]
    if f == "variance components":
        cases = [np.array(c) for c in a]; w = np.mean([c.var(ddof=1) for c in cases if len(c) > 1])
        m = np.array([c.mean() for c in cases]); k = np.mean([1 / len(c) for c in cases])
        return [w, max(m.var(ddof=1) - w * k, 0)]
    if f == "sign-flip":
        x = np.array(a)
        stat = lambda x, axis: np.mean(x, axis=axis)
        n = np.inf if len(x) <= 12 else 99999
        return stats.permutation_test((x,), stat, permutation_type="samples", n_resamples=n, rng=np.random.default_rng(1), vectorized=True).pvalue
    if f == "quantile interval":
        i = stats.quantile_test(a[0], q=0, p=a[1]).confidence_interval(0.95)
        return [i.low, i.high]
    if f == "ttost":
        from statsmodels.stats.weightstats import ttost_paired
        return ttost_paired(np.array(a[0]), np.array(a[1]), -a[2], a[2])[0]
    raise ValueError(f)
"#;

#[test]
fn error_bars_agree_with_statsmodels_and_scipy() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(77);
    for round in 0..80 {
        let n = 6 + random.below(60) as usize;
        let groups: Vec<u32> = (0..n).map(|i| if i < 2 { i as u32 } else { random.below(8) as u32 }).collect();
        let y: Vec<f64> = groups.iter().map(|g| f64::from(*g) * 0.2 + random.normal()).collect();
        let items: Vec<Item> = y
            .iter()
            .zip(&groups)
            .map(|(value, group)| Item { value: *value, repeats: 1, cluster: Some(*group), weight: 1.0 })
            .collect();
        let (cr0, cr1) = sandwich_errors(&items).unwrap();
        oracle.ask("CR0 CR1", json!([y, groups]), vec![cr0, cr1], 1e-10);
        let cases: Vec<Vec<f64>> = (0..2 + random.below(30))
            .map(|i| {
                let centre = random.normal();
                (0..if i == 0 { 2 } else { 1 + random.below(5) }).map(|_| (centre + random.normal()).round()).collect()
            })
            .collect();
        let parts = variances(&cases).unwrap();
        oracle.ask("variance components", json!(cases), vec![parts.within, parts.between], 1e-10);
        let n = if round % 4 > 0 { 2 + random.below(11) } else { 21 + random.below(40) };
        // Ties; in some rounds zeros too, or one value throughout.
        let shift = [0.2, 0.0, 0.2, 3.0][round / 4 % 4];
        let x: Vec<f64> =
            (0..n).map(|_| if round % 16 == 5 { 0.3 } else { (2.0 * random.normal()).round() / 2.0 + shift }).collect();
        let p = sign_flip(&x, 99_999, 3).unwrap();
        // Both draw 99,999 signs above 20 cases: 4 standard errors of their difference.
        let error = if n > 20 { 4.0 * (2.0 * p * (1.0 - p) / 1e5).sqrt() / p + 1e-9 } else { 1e-12 };
        oracle.ask("sign-flip", json!(x), vec![p], error);
        let q = [0.1, 0.5, 0.9][round % 3];
        let mut x = random.many(10 + 8 * (round % 12) + 30 * (round % 3 % 2));
        x.sort_by(f64::total_cmp);
        if let Some(Interval { lower, upper }) = order_statistic_interval(&x, q, 0.95) {
            oracle.ask("quantile interval", json!([x, q]), vec![lower, upper], 1e-15);
        }
        // Ties, the ends of the scale, and many cases.
        let (n, q) = [(40, 0.5), (400, 0.02), (900, 0.99), (3_000, 0.95)][round % 4];
        let mut x: Vec<f64> = (0..n).map(|_| (3.0 * random.normal()).round()).collect();
        x.sort_by(f64::total_cmp);
        let Interval { lower, upper } = order_statistic_interval(&x, q, 0.95).unwrap();
        oracle.ask("quantile interval", json!([x, q]), vec![lower, upper], 1e-15);
    }
    oracle.check();
}

#[test]
fn equivalence_agrees_with_statsmodels_and_with_the_interval() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(31);
    for _ in 0..60 {
        let n = 3 + random.below(80) as usize;
        let (x, y): (Vec<f64>, Vec<f64>) = (0..n).map(|_| (random.normal() + 0.1, random.normal())).unzip();
        let margin = 0.01 + random.next();
        let pair = |(x, y): (&f64, &f64)| Pair { candidate: *x, baseline: *y, repeats: 1, cluster: None, weight: 1.0 };
        let found = difference(&x.iter().zip(&y).map(pair).collect::<Vec<_>>(), Kind::Unbounded, 0.95, 0);
        oracle.ask("ttost", json!([x, y, margin]), vec![found.p_equivalent(margin).unwrap()], 1e-9);
        // Of binary pairs: below 5% exactly when Tango's 90% interval is within the margin.
        let passes: Vec<(f64, f64)> = (0..n)
            .map(|_| (f64::from(u8::from(random.next() < 0.7)), f64::from(u8::from(random.next() < 0.7))))
            .collect();
        let pairs: Vec<Pair> = passes.iter().map(|(x, y)| pair((x, y))).collect();
        let found = difference(&pairs, Kind::Binary, 0.9, 0);
        let within = found.estimate.interval.unwrap();
        let p = found.p_equivalent(margin).unwrap();
        assert_eq!(p < 0.05, within.lower > -margin && within.upper < margin, "{p} {within:?} {margin}");
        assert_eq!(found.p_equivalent(0.0), None);
    }
    oracle.check();
}

#[test]
fn undefined_inputs_have_no_value() {
    let item = |value, cluster| Item { value, repeats: 1, cluster: Some(cluster), weight: 1.0 };
    assert_eq!(sandwich_errors(&[item(1.0, 0), item(2.0, 0)]), None);
    assert_eq!(variances(&[vec![1.0], vec![2.0]]), None);
    assert_eq!(variances(&[vec![1.0, f64::NAN], vec![2.0]]), None);
    assert_eq!(sign_flip(&[], 100, 0), None);
    assert_eq!(sign_flip(&[f64::NAN], 100, 0), None);
    assert_eq!(sign_flip(&[1.0; 30], 0, 0), None);
    assert_eq!(sign_flip(&[0.3; 25], 99, 4), sign_flip(&[0.3; 25], 99, 4));
}
