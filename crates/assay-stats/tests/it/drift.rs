//! Drift against scipy, river, statsmodels and scikit-learn.

use assay_stats::drift::Undefined;
use assay_stats::drift::distribution::*;
use proptest::prelude::*;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const DISTRIBUTION: &str = r#"
from scipy import stats
from scipy.spatial import distance
def one(f, a):
    if f == "ks_2samp":
        r = stats.ks_2samp(a[0], a[1]); return [r.statistic, r.pvalue]
    if f == "anderson_ksamp":
        r = stats.anderson_ksamp([np.array(s) for s in a]); return [r.statistic, r.pvalue]
    if f == "wasserstein_distance": return stats.wasserstein_distance(a[0], a[1])
    if f == "quantile counts":
        e = np.unique(np.quantile(a[0], np.arange(1, 10) / 10)); e = e[e > min(a[0])]
        return [np.histogram(x, np.concatenate([[-np.inf], e, [np.inf]]))[0] for x in a]
    c = np.array(a, dtype=float); p, q = c[0] / c[0].sum(), c[1] / c[1].sum()
    if f == "jensenshannon": return distance.jensenshannon(p, q)
    if f == "psi":
        # As evidently computes it, with the floor of statistics.md; no package has this floor.
        p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4); return np.sum((q - p) * np.log(q / p))
    if f == "hellinger": return np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)
    if f == "total variation": return np.abs(p - q).max() if len(p) == 2 else 0.5 * np.abs(p - q).sum()
    if f == "chi2_contingency":
        c = c[:, c.sum(0) > 0]; out = []
        for l in (None, "log-likelihood"):
            r = stats.chi2_contingency(c, correction=False, lambda_=l); out += [r.statistic, r.pvalue]
        return out + [stats.contingency.association(c.astype(int), method="cramer"), r.dof]
    raise ValueError(f)
"#;

#[test]
fn distances_and_tests_agree_with_scipy() {
    let mut oracle = Oracle::new(DISTRIBUTION);
    let mut random = Stream(7);
    for round in 0..150 {
        let n = 1 + random.below(if round % 5 == 0 { 400 } else { 30 }) as usize;
        let m = if round % 3 == 0 { n } else { 1 + random.below(60) as usize };
        let (shift, coarse) = (if round % 2 == 0 { 0.0 } else { 0.8 }, round % 4 == 3);
        let mut draw = |n: usize, shift: f64| -> Vec<f64> {
            (0..n)
                .map(|_| {
                    let x = random.normal() + shift;
                    if coarse { (2.0 * x).round() } else { x }
                })
                .collect()
        };
        let (a, b) = (draw(n, 0.0), draw(m, shift));
        let ks = kolmogorov_smirnov(&a, &b).unwrap();
        oracle.ask("ks_2samp", json!([a, b]), vec![ks.statistic, ks.p], 1e-10);
        oracle.ask("wasserstein_distance", json!([a, b]), vec![wasserstein(&a, &b).unwrap()], 1e-10);
        let c = draw(5 + m / 2, shift / 2.0);
        for samples in [vec![&a[..], &b[..]], vec![&a[..], &b[..], &c[..]]] {
            if let Ok(test) = anderson_darling(&samples) {
                oracle.ask("anderson_ksamp", json!(samples), vec![test.statistic, test.p], 1e-8);
            }
        }
        let bins = Bins::quantiles(&a, 10).unwrap();
        let (p, q) = (bins.counts(&a), bins.counts(&b));
        let both: Vec<f64> = p.iter().chain(&q).map(|c| *c as f64).collect();
        oracle.ask("quantile counts", json!([a, b]), both, 0.0);
        let counts = json!([p, q]);
        oracle.ask("psi", counts.clone(), vec![psi(&p, &q).unwrap()], 1e-10);
        oracle.ask("jensenshannon", counts.clone(), vec![jensen_shannon(&p, &q).unwrap()], 1e-10);
        oracle.ask("hellinger", counts.clone(), vec![hellinger(&p, &q).unwrap()], 1e-10);
        oracle.ask("total variation", counts.clone(), vec![total_variation(&p, &q).unwrap()], 1e-10);
        if let Ok(t) = independence(&p, &q, 0, 0) {
            let ours = vec![t.chi_square, t.p, t.g, t.g_p, t.cramer_v, t.df as f64];
            oracle.ask("chi2_contingency", counts, ours, 1e-9);
        }
    }
    // Beyond 10,000 values, in each region of the approximation.
    for (n, m, shift) in [
        (10_500, 10_500, 0.0),
        (10_500, 9_000, 0.02),
        (12_000, 300, 0.0),
        (12_000, 300, 0.1),
        (11_000, 100, 0.05),
        (11_000, 40, 0.0),
        (11_000, 9, 0.4),
        (11_000, 2, 0.0),
        (20_000, 15_000, 0.005),
    ] {
        let a: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let b: Vec<f64> = (0..m).map(|_| random.normal() + shift).collect();
        let ks = kolmogorov_smirnov(&a, &b).unwrap();
        oracle.ask("ks_2samp", json!([a, b]), vec![ks.statistic, ks.p], 1e-8);
    }
    oracle.check();
}

#[test]
fn few_counts_get_an_exact_enough_p() {
    // Of the 1,716 ways to draw 6 of 13 with 6 marked, those with 0, 5 or 6 marked are as extreme: 7 + 42 + 1.
    let test = independence(&[5, 1], &[1, 6], 19_999, 3).unwrap();
    assert!(test.monte_carlo && (test.p - 50.0 / 1716.0).abs() < 0.005, "{test:?}");
    assert!(test.chi_square > 0.0 && test.df == 1);
}

#[test]
fn no_drift_has_its_expected_distance() {
    let mut random = Stream(5);
    let (mut sum, mut low) = (0.0, 0);
    for seed in 0..60 {
        let a: Vec<f64> = (0..300).map(|_| random.normal()).collect();
        let b: Vec<f64> = (0..200).map(|_| random.normal()).collect();
        let found = numeric_distances(&a, &b, 10, 99, seed).unwrap();
        sum += found.psi.value;
        low += usize::from(found.psi.p <= 0.1);
        assert!((found.psi.expected / psi_expected(10, 300, 200).unwrap() - 1.0).abs() < 0.3, "{found:?}");
        assert_eq!(found.wasserstein.map(|w| w.p < 0.01), Some(false), "{found:?}");
    }
    assert!((sum / 60.0 / psi_expected(10, 300, 200).unwrap() - 1.0).abs() < 0.2, "{}", sum / 60.0);
    assert!(low <= 14, "{low} of 60 samples without drift have p of 0.1 or less");
}

#[test]
fn undefined_is_said() {
    assert_eq!(kolmogorov_smirnov(&[], &[1.0]), Err(Undefined::TooFew));
    assert_eq!(kolmogorov_smirnov(&[f64::NAN], &[1.0]), Err(Undefined::NotFinite));
    assert_eq!(wasserstein(&[f64::INFINITY], &[1.0]), Err(Undefined::NotFinite));
    assert_eq!(anderson_darling(&[&[1.0, 1.0], &[1.0, 1.0]]), Err(Undefined::Constant));
    assert_eq!(anderson_darling(&[&[1.0, 2.0]]), Err(Undefined::TooFew));
    assert_eq!(psi(&[1, 2], &[1]), Err(Undefined::Lengths));
    assert_eq!(psi(&[0, 0], &[1, 1]), Err(Undefined::TooFew));
    assert_eq!(independence(&[3, 0], &[4, 0], 9, 0), Err(Undefined::Constant));
    assert_eq!(Bins::quantiles(&[1.0], 1), Err(Undefined::Setting("bins")));
    let constant = numeric_distances(&[1.0; 20], &[1.0, 2.0], 10, 9, 0).unwrap();
    assert!(constant.wasserstein.is_none(), "{constant:?}");
}

proptest! {
    #[test]
    fn distances_are_symmetric_and_bounded(a in prop::collection::vec(0u64..50, 2..8), seed in 0u64..100) {
        let mut random = Stream(seed);
        let b: Vec<u64> = a.iter().map(|_| random.below(50)).collect();
        prop_assume!(a.iter().sum::<u64>() > 0 && b.iter().sum::<u64>() > 0);
        for distance in [psi, jensen_shannon, hellinger, total_variation] {
            let (there, back) = (distance(&a, &b).unwrap(), distance(&b, &a).unwrap());
            prop_assert!((there - back).abs() < 1e-12 && there >= 0.0);
            prop_assert!(distance(&a, &a).unwrap() == 0.0);
        }
        let (tv, h) = (total_variation(&a, &b).unwrap(), hellinger(&a, &b).unwrap());
        prop_assert!(h * h <= tv + 1e-12 && tv <= h * 2f64.sqrt() + 1e-12);
    }
}
