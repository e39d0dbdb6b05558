//! Experiments against scipy and statsmodels, and on real experiments where their data are there.

use assay_stats::online::{
    Arm, Logged, cuped, difference_in_differences, lift, lin, off_policy, ratio_difference, sample_ratio,
};
use assay_stats::special::{chi_square_sf, gamma_sf};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import statsmodels.api as sm
from scipy import stats
def one(f, a):
    if f == "chi2": return stats.chi2.sf(*a)
    if f == "gamma": return stats.gamma.sf(*a)
    if f == "sample ratio":
        e = np.array(a[1]) / sum(a[1]) * sum(a[0]); r = stats.chisquare(a[0], e); return [r.statistic, r.pvalue]
    if f == "lin":
        y, t, x = (np.array(v, dtype=float) for v in a); x = x - x.mean(0)
        m = sm.OLS(y, np.column_stack([np.ones(len(y)), t, x, t[:, None] * x])).fit(cov_type="HC2")
        return [m.params[1], m.bse[1], *m.conf_int()[1]]
    if f == "cuped":
        # Equal to the analysis of covariance for theta, then Welch on what is left.
        yt, xt, yc, xc = (np.array(v) for v in a)
        y, x = np.concatenate([yt, yc]), np.concatenate([xt, xc]); g = np.r_[np.ones(len(yt)), np.zeros(len(yc))]
        theta = sm.OLS(y, np.column_stack([np.ones(len(y)), g, x])).fit().params[2]
        r = stats.ttest_ind(yt - theta * xt, yc - theta * xc, equal_var=False); ci = r.confidence_interval(0.95)
        return [ci.low, ci.high, r.pvalue]
    if f == "ratio":
        out = []
        for y, x in ((a[0], a[1]), (a[2], a[3])):
            # The delta method is least squares through the origin of the linearised ratio.
            y, x = np.array(y), np.array(x); r = y.sum() / x.sum(); out.append((r, np.var((y - r * x) / x.mean(), ddof=1) / len(y)))
        d = out[0][0] - out[1][0]; h = stats.norm.ppf(0.975) * np.sqrt(out[0][1] + out[1][1]); return [d, d - h, d + h]
    if f == "lift":
        # Fieller: all ratios that a z test does not reject, found by root finding.
        (p, sp), (q, sq) = a; z = stats.norm.ppf(0.975)
        c = np.roots([q * q - z * z * sq * sq, -2 * p * q, p * p - z * z * sp * sp]); return [p / q - 1, min(c) - 1, max(c) - 1]
    if f == "did":
        t, c = np.array(a[0]), np.array(a[1])
        r = stats.ttest_ind(t[:, 1] - t[:, 0], c[:, 1] - c[:, 0], equal_var=False); ci = r.confidence_interval(0.95)
        return [ci.low, ci.high]
    raise ValueError(f)
"#;

#[test]
fn experiments_agree_with_scipy_and_statsmodels() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(41);
    for _ in 0..100 {
        let (x, df) = (random.next() * 60.0, 0.5 + random.next() * 40.0);
        oracle.ask("chi2", json!([x, df]), vec![chi_square_sf(x, df)], 1e-10);
        oracle.ask("gamma", json!([x, df]), vec![gamma_sf(x, df)], 1e-10);
        let observed: Vec<u64> = (0..2 + random.below(3)).map(|_| 50 + random.below(500)).collect();
        let shares: Vec<f64> = observed.iter().map(|_| 0.5 + random.next()).collect();
        let (statistic, p) = sample_ratio(&observed, &shares).unwrap();
        oracle.ask("sample ratio", json!([observed, shares]), vec![statistic, p], 1e-9);
        let n = 20 + random.below(60) as usize;
        let covariates: Vec<Vec<f64>> = (0..n).map(|_| vec![random.normal(), random.next()]).collect();
        let treated: Vec<bool> = (0..n).map(|i| i % 2 == 0 || random.next() < 0.2).collect();
        let y: Vec<f64> = covariates.iter().map(|x| x[0] + 2.0 * x[1] + random.normal()).collect();
        if treated.iter().filter(|t| !**t).count() > 5 {
            let got = lin(&y, &treated, &covariates, 0.95).unwrap();
            let ours = vec![got.value, got.se, got.interval.lower, got.interval.upper];
            oracle.ask("lin", json!([y, treated, covariates]), ours, 1e-7);
        }
        let x: Vec<f64> = covariates.iter().map(|row| row[0]).collect();
        let ((yt, yc), (xt, xc)) = (y.split_at(n / 2), x.split_at(n / 2));
        let got = cuped(Arm { y: yt, x: xt }, Arm { y: yc, x: xc }, 0.95).unwrap();
        // Centring the covariate moves both arms alike.
        oracle.ask("cuped", json!([yt, xt, yc, xc]), vec![got.interval.lower, got.interval.upper, got.p], 1e-8);
        let below: Vec<f64> = (0..n).map(|_| 1.0 + random.below(9) as f64).collect();
        let (bt, bc) = below.split_at(n / 2);
        let got = ratio_difference((yt, bt), (yc, bc), 0.95).unwrap();
        oracle.ask("ratio", json!([yt, bt, yc, bc]), vec![got.value, got.interval.lower, got.interval.upper], 1e-8);
        let (t, c) = ((random.normal(), 0.2 + random.next()), (3.0 + random.next(), 0.1 + random.next()));
        let (value, interval) = lift(t, c, 0.95).unwrap();
        oracle.ask("lift", json!([t, c]), vec![value, interval.lower, interval.upper], 1e-8);
        let pairs: Vec<(f64, f64)> = y.iter().map(|y| (*y, y + random.normal())).collect();
        let (t, c) = pairs.split_at(n / 2);
        let got = difference_in_differences(t, c, 0.95).unwrap().interval;
        oracle.ask("did", json!([t, c]), vec![got.lower, got.upper], 1e-9);
    }
    oracle.check();
}

#[test]
fn a_real_experiment_with_a_broken_split_is_told() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/GOLDENS.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: the data sets are not beside the repository");
        return;
    };
    let goldens: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cats = &goldens["ab_cookie_cats"];
    let n = |arm: &str| cats["retention_1"][arm]["n"].as_u64().unwrap();
    let (_, p) = sample_ratio(&[n("gate_30"), n("gate_40")], &[1.0, 1.0]).unwrap();
    // The golden value is the exact binomial p; χ² has no continuity correction.
    assert!((p - cats["sample_ratio_mismatch_p"].as_f64().unwrap()).abs() < 2e-4 && p < 0.01, "{p}");
}

#[test]
fn a_policy_that_equals_the_logged_one_has_its_value() {
    let mut random = Stream(9);
    let decisions: Vec<Logged> = (0..500)
        .map(|_| {
            let chance = 0.2 + 0.6 * random.next();
            Logged {
                reward: f64::from(u8::from(random.next() < 0.3)),
                logged: chance,
                wanted: chance,
                forecast: (0.3, 0.3),
            }
        })
        .collect();
    let got = off_policy(&decisions, 0.95).unwrap();
    let mean = decisions.iter().map(|d| d.reward).sum::<f64>() / 500.0;
    for value in [got.ips.value, got.snips.value, got.doubly_robust.value] {
        assert!((value - mean).abs() < 1e-12);
    }
    assert!((got.effective - 500.0).abs() < 1e-9 && (got.largest - 1.0).abs() < 1e-12);
}
