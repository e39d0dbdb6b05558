//! Parity with scipy and statsmodels, run live. See `tests/oracle/README.md`.
//!
//! Not used as oracles because they are known to be wrong: statsmodels' score interval for the difference of two
//! proportions (its issue 10269).

use std::io::Write;
use std::process::{Command, Stdio};

use assay_stats::multiplicity::{benjamini_hochberg, holm};
use assay_stats::paired::{mcnemar_exact, mcnemar_midp};
use assay_stats::proportion::{clopper_pearson, critical, mover, wilson};
use assay_stats::special::{beta_cdf, beta_quantile, binomial_cdf, normal_cdf, normal_quantile, t_quantile, t_sf};
use assay_stats::{Item, Kind, level, unpaired_difference};
use serde_json::{Value, json};

const SCRIPT: &str = r#"
import json, sys, warnings
import numpy as np
from scipy import stats
from scipy.special import betainc
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
warnings.simplefilter("ignore")
def one(q):
    k, a = q["f"], q["a"]
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
print(json.dumps([[float(x) for x in one(q)] for q in json.load(sys.stdin)]))
"#;

/// A deterministic stream of numbers between 0 and 1.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() * n as f64) as u64
    }
}

fn items(values: &[f64]) -> Vec<Item> {
    values.iter().map(|value| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 }).collect()
}

/// Questions with our answers and the relative tolerance.
fn questions() -> Vec<(Value, Vec<f64>, f64)> {
    let mut all = Vec::new();
    let mut ask =
        |f: &str, a: Value, ours: Vec<f64>, tolerance: f64| all.push((json!({"f": f, "a": a}), ours, tolerance));
    let mut random = Stream(7);
    for p in [1e-12, 1e-5, 0.01, 0.3, 0.5, 0.9, 0.975, 0.9999] {
        ask("normal_quantile", json!([p]), vec![normal_quantile(p)], 1e-13);
        for df in [1.0, 2.4, 7.0, 19.5, 33.0, 480.0, 1e4, 1e6] {
            if p > 1e-10 {
                ask("t_quantile", json!([p, df]), vec![t_quantile(p, df)], 2e-10);
            }
        }
        for (a, b) in [(0.5, 0.5), (2.0, 30.0), (0.3, 4.0), (150.0, 3.0)] {
            if p > 1e-10 {
                ask("beta_quantile", json!([p, a, b]), vec![beta_quantile(p, a, b)], 1e-9);
            }
        }
    }
    for x in [-9.0, -3.2, -0.1, 0.0, 1.7, 5.0] {
        ask("normal_cdf", json!([x]), vec![normal_cdf(x)], 1e-13);
        for df in [1.0, 3.3, 50.0, 1e5] {
            ask("t_sf", json!([x, df]), vec![t_sf(x, df)], 1e-9);
        }
    }
    for _ in 0..150 {
        let n = 1 + random.below(400);
        let k = random.below(n + 1);
        let m = 1 + random.below(300);
        let j = random.below(m + 1);
        let z = critical(0.95);
        let w = wilson(k as f64, n as f64, z);
        ask("wilson", json!([k, n]), vec![w.lower, w.upper], 1e-11);
        let c = clopper_pearson(k, n, 0.95);
        ask("clopper", json!([k, n]), vec![c.lower, c.upper], 1e-9);
        let (p, q) = (k as f64 / n as f64, j as f64 / m as f64);
        let i = mover(p, w, q, wilson(j as f64, m as f64, z));
        ask("newcombe", json!([k, n, j, m]), vec![i.lower, i.upper], 1e-9);
        let (b, c) = (random.below(40), random.below(40));
        ask("midp", json!([b, c]), vec![mcnemar_exact(b, c)], 1e-10);
        assert!(mcnemar_midp(b, c) <= mcnemar_exact(b, c));
        let x = random.next();
        ask("binomial_cdf", json!([k, n, x]), vec![binomial_cdf(k, n, x)], 1e-9);
        ask("beta_cdf", json!([x, k + 1, m]), vec![beta_cdf(x, k as f64 + 1.0, m as f64)], 1e-9);
        let p: Vec<f64> = (0..1 + random.below(12)).map(|_| random.next().powi(3)).collect();
        ask("holm", json!(p), holm(&p), 1e-12);
        ask("bh", json!(p), benjamini_hochberg(&p), 1e-12);
        let a: Vec<f64> = (0..3 + random.below(40)).map(|_| random.next() * 10.0 - 3.0).collect();
        let b: Vec<f64> = (0..3 + random.below(40)).map(|_| random.next() * 4.0).collect();
        let mean = level(&items(&a), Kind::Unbounded, 0.95);
        let i = mean.interval.unwrap();
        ask("mean", json!(a), vec![mean.value.unwrap(), i.lower, i.upper], 1e-10);
        let i = unpaired_difference(&items(&a), &items(&b), Kind::Unbounded, 0.95).estimate.interval.unwrap();
        ask("welch", json!([a, b]), vec![i.lower, i.upper], 1e-10);
    }
    all
}

#[test]
fn statistics_agree_with_scipy_and_statsmodels() {
    let Ok(python) = std::env::var("ASSAY_ORACLE_PYTHON") else {
        println!("skipped: ASSAY_ORACLE_PYTHON is not set (see tests/oracle/README.md)");
        return;
    };
    let questions = questions();
    let mut child =
        Command::new(python).args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let asked: Vec<&Value> = questions.iter().map(|(question, ..)| question).collect();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&asked).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Vec<f64>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), questions.len());
    for ((question, ours, tolerance), theirs) in questions.iter().zip(answers) {
        assert_eq!(ours.len(), theirs.len(), "{question}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            let close = (ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3);
            assert!(close, "{question}: ours {ours}, theirs {theirs}");
        }
    }
}
