//! Ranks, correlations, resampling, power and adjusted p-values against scipy and statsmodels.

use assay_stats::bootstrap::{bootstrap, studentised};
use assay_stats::correlation::{kendall, pearson, spearman};
use assay_stats::jackknife::{Transform, delete_one, jackknife};
use assay_stats::multiplicity::{benjamini_yekutieli, hochberg, hommel};
use assay_stats::paired::{approximate_randomisation, bonett_price, paired_bootstrap, tango};
use assay_stats::power::{Goal, paired_cases, unpaired_cases};
use assay_stats::proportion::{agresti_caffo, critical, jeffreys, miettinen_nurminen};
use assay_stats::rank::{Zeros, cliff_delta, cohen_dz, hodges_lehmann, midranks, wilcoxon};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import itertools
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower, NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
def brentq(f, lo, hi):
    return optimize.brentq(f, lo, hi, xtol=1e-13)
def mn(a, z):
    # Restricted maximum likelihood by numerical maximisation: no closed cubic.
    x1, n1, x0, n0 = a
    def score(d):
        lo, hi = max(0, -d) + 1e-12, min(1, 1 - d) - 1e-12
        def slope(p):
            return (x1 / (p + d) - (n1 - x1) / (1 - p - d)) + (x0 / p - (n0 - x0) / (1 - p))
        p = lo if slope(lo) < 0 else hi if slope(hi) > 0 else brentq(slope, lo, hi)
        var = ((p + d) * (1 - p - d) / n1 + p * (1 - p) / n0) * (n1 + n0) / (n1 + n0 - 1)
        return (x1 / n1 - x0 / n0 - d) / np.sqrt(var)
    e = x1 / n1 - x0 / n0
    return [brentq(lambda d: score(d) - z, -1 + 1e-9, e - 1e-9 if score(e - 1e-9) < z else e), brentq(lambda d: score(d) + z, e, 1 - 1e-9)]
def one(f, a):
    if f == "wilcoxon":
        r = stats.wilcoxon(a[0], zero_method=a[1], method=a[2]); return [r.statistic, r.pvalue]
    if f == "midranks": return stats.rankdata(a)
    if f == "hodges-lehmann":
        return np.median([(a[i] + a[j]) / 2 for i in range(len(a)) for j in range(i, len(a))])
    if f == "cliff": return np.mean(np.sign(np.subtract.outer(a[0], a[1])))
    if f == "d_z": return np.mean(a) / np.std(a, ddof=1)
    if f == "pearson": return stats.pearsonr(*a).statistic
    if f == "spearman": return stats.spearmanr(*a).statistic
    if f == "kendall": return stats.kendalltau(*a).statistic
    if f == "hochberg": return multipletests(a, method="simes-hochberg")[1]
    if f == "hommel": return multipletests(a, method="hommel")[1]
    if f == "by": return multipletests(a, method="fdr_by")[1]
    if f == "jeffreys":
        lo, hi = proportion_confint(a[0], a[1], method="jeffreys")
        return [0 if a[0] == 0 else lo, 1 if a[0] == a[1] else hi]
    if f == "agresti-caffo":
        lo, hi = confint_proportions_2indep(*a, method="agresti-caffo"); return [max(lo, -1), min(hi, 1)]
    if f == "miettinen-nurminen": return mn(a, stats.norm.ppf(0.975))
    if f == "n paired": return np.ceil(TTestPower().solve_power(effect_size=a[0], alpha=0.05, power=a[1]))
    if f == "n unpaired": return np.ceil(NormalIndPower().solve_power(effect_size=a[0], alpha=0.05, power=a[1], ratio=1))
    if f == "jackknife skewness":
        v = np.array(a); n = len(v)
        t = np.array([stats.skew(np.delete(v, i)) for i in range(n)])
        se = np.sqrt((n - 1) / n * np.sum((t - t.mean()) ** 2)); h = stats.t.ppf(0.975, n - 1) * se
        return [se, stats.skew(v) - h, stats.skew(v) + h]
    if f.startswith("bootstrap"):
        method = f.split()[1]
        r = stats.bootstrap((np.array(a),), np.std, method=method, n_resamples=15000, rng=np.random.default_rng(1))
        return [r.standard_error, r.confidence_interval.low, r.confidence_interval.high]
    raise ValueError(f)
"#;

#[test]
fn ranks_correlations_and_power_agree_with_scipy_and_statsmodels() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(11);
    for round in 0..120 {
        let n = 4 + random.below(60) as usize;
        // Rounding makes ties and zeros in half of the rounds.
        let mut draw = |shift: f64| -> Vec<f64> {
            (0..n)
                .map(|_| random.normal() + shift)
                .map(|v| if round % 2 == 0 { (2.0 * v).round() } else { v })
                .collect()
        };
        let (x, y) = (draw(0.3), draw(0.0));
        for (zeros, name) in [(Zeros::Wilcox, "wilcox"), (Zeros::Pratt, "pratt")] {
            // Left to itself the reference permutes small samples with ties.
            let mut sizes: Vec<f64> = x.iter().map(|v| v.abs()).filter(|v| *v > 0.0).collect();
            sizes.sort_by(f64::total_cmp);
            let untied = sizes.windows(2).all(|pair| pair[0] < pair[1]);
            let exact = untied && sizes.len() <= 50 && (zeros == Zeros::Wilcox || sizes.len() == x.len());
            if let Some((w, p)) = wilcoxon(&x, zeros) {
                let method = if exact { "exact" } else { "asymptotic" };
                oracle.ask("wilcoxon", json!([x, name, method]), vec![w, p], 1e-10);
            }
        }
        oracle.ask("midranks", json!(x), midranks(&x).unwrap(), 1e-14);
        oracle.ask("hodges-lehmann", json!(x), vec![hodges_lehmann(&x).unwrap()], 1e-12);
        oracle.ask("cliff", json!([x, y]), vec![cliff_delta(&x, &y).unwrap()], 1e-12);
        oracle.ask("d_z", json!(x), vec![cohen_dz(&x).unwrap()], 1e-11);
        let undefined = |value: Option<f64>| vec![value.unwrap_or(f64::NAN)];
        oracle.ask("pearson", json!([x, y]), undefined(pearson(&x, &y)), 1e-11);
        oracle.ask("spearman", json!([x, y]), undefined(spearman(&x, &y)), 1e-11);
        oracle.ask("kendall", json!([x, y]), undefined(kendall(&x, &y)), 1e-11);
        let p: Vec<f64> = (0..1 + random.below(14)).map(|_| random.next().powi(3)).collect();
        oracle.ask("hochberg", json!(p), hochberg(&p), 1e-12);
        oracle.ask("hommel", json!(p), hommel(&p), 1e-12);
        oracle.ask("by", json!(p), benjamini_yekutieli(&p), 1e-12);
        let (a, b) = (2 + random.below(200), 2 + random.below(200));
        let (k, j) = (random.below(a + 1), random.below(b + 1));
        let i = jeffreys(k, a, 0.95).unwrap();
        oracle.ask("jeffreys", json!([k, a]), vec![i.lower, i.upper], 1e-9);
        let i = agresti_caffo((k, a), (j, b), critical(0.95)).unwrap();
        oracle.ask("agresti-caffo", json!([k, a, j, b]), vec![i.lower, i.upper], 1e-10);
        // The numerical maximisation needs the maximum inside the square.
        if k > 0 && k < a && j > 0 && j < b {
            let i = miettinen_nurminen((k, a), (j, b), critical(0.95)).unwrap();
            oracle.ask("miettinen-nurminen", json!([k, a, j, b]), vec![i.lower, i.upper], 1e-6);
        }
        let effect = 0.05 + 0.25 * random.next();
        let power = 0.6 + 0.35 * random.next();
        let goal = Goal { confidence: 0.95, power, margin: 0.0, effect };
        // The t correction is one step of an iteration that the reference carries to its end.
        let cases = paired_cases(1.0, goal).unwrap() as f64;
        oracle.ask("n paired", json!([effect, power]), vec![cases], 3.0 / cases);
        // The reference also counts the far tail.
        let cases = unpaired_cases((1.0, 1.0), goal).unwrap() as f64;
        oracle.ask("n unpaired", json!([effect, power]), vec![cases], 1.5 / cases);
        let skewness = |at: &[usize]| {
            let n = at.len() as f64;
            let mean = at.iter().map(|i| x[*i]).sum::<f64>() / n;
            let moment = |k: i32| at.iter().map(|i| (x[*i] - mean).powi(k)).sum::<f64>() / n;
            Some(moment(3) / moment(2).powf(1.5))
        };
        let groups: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
        let all: Vec<usize> = (0..n).collect();
        if round % 2 == 1 {
            let left_out = delete_one(&groups, skewness).unwrap();
            let got = jackknife(skewness(&all).unwrap(), &left_out, Transform::Identity, 0.95).unwrap();
            let ours = vec![got.se, got.interval.lower, got.interval.upper];
            oracle.ask("jackknife skewness", json!(x), ours, 1e-9);
        }
        if round < 21 {
            let sd = |at: &[usize]| {
                let n = at.len() as f64;
                let mean = at.iter().map(|i| y[*i]).sum::<f64>() / n;
                Some((at.iter().map(|i| (y[*i] - mean).powi(2)).sum::<f64>() / n).sqrt())
            };
            let drawn = bootstrap(&groups, sd, 15_000, 5).unwrap();
            let intervals = [
                ("bootstrap percentile", drawn.percentile(0.95).unwrap()),
                ("bootstrap basic", drawn.basic(0.95).unwrap()),
                ("bootstrap BCa", drawn.bca(&delete_one(&groups, sd).unwrap(), 0.95).unwrap()),
            ];
            for (name, i) in intervals {
                // Two random streams of 15,000 draws: their quantiles differ by up to 2 % of the width.
                let tolerance = 0.07 * drawn.se / i.lower.abs().min(drawn.se).max(1e-3);
                oracle.ask(name, json!(y), vec![drawn.se, i.lower, i.upper], tolerance.max(0.03));
            }
        }
    }
    oracle.check();
}

#[test]
fn own_goldens_of_what_no_package_has() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("../golden/statistics-golden.json")).unwrap();
    let values = |name: &str| -> Vec<f64> {
        golden["values"][name]
            .as_array()
            .unwrap_or_else(|| panic!("{name}"))
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect()
    };
    let z = critical(0.95);
    for (c, b, name) in [
        ((47, 50), (42, 50), "MN(own) 47/50-42/50"),
        ((10, 10), (8, 10), "MN(own) 10/10-8/10"),
        ((56, 70), (48, 80), "MN(own) 56/70-48/80"),
    ] {
        let (got, want) = (miettinen_nurminen(c, b, z).unwrap(), values(name));
        assert!((got.lower - want[0]).abs() < 1e-7 && (got.upper - want[1]).abs() < 1e-7, "{name}: {got:?} {want:?}");
    }
    for (b, c, n, name) in [(5, 14, 89, "bonett-price b=5 c=14 n=89"), (0, 0, 20, "bonett-price b=0 c=0 n=20")] {
        let (got, want) = (bonett_price(b, c, n, z).unwrap(), values(name));
        assert!((got.lower - want[0]).abs() < 1e-12 && (got.upper - want[1]).abs() < 1e-12, "{name}: {got:?}");
        assert!((got.lower - tango(b, c, n, z).unwrap().lower).abs() < 0.04);
    }
}

#[test]
fn the_studentised_bootstrap_covers_a_skewed_mean_better_than_percentiles() {
    let mut random = Stream(5);
    let (mut t, mut percentile) = (0, 0);
    let truth = 0.5f64.exp();
    let groups: Vec<Vec<usize>> = (0..20).map(|i| vec![i]).collect();
    for round in 0..400 {
        let values: Vec<f64> = (0..20).map(|_| random.normal().exp()).collect();
        let mean = |at: &[usize]| at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64;
        let with_se = |at: &[usize]| {
            let (n, m) = (at.len() as f64, mean(at));
            Some((m, (at.iter().map(|i| (values[*i] - m).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()))
        };
        let inside = |i: assay_stats::Interval| usize::from(i.lower <= truth && truth <= i.upper);
        t += inside(studentised(&groups, with_se, 0.95, 400, round).unwrap());
        percentile += inside(bootstrap(&groups, |at| Some(mean(at)), 400, round).unwrap().percentile(0.95).unwrap());
    }
    assert!(t >= 350 && t > percentile + 8, "studentised {t}, percentile {percentile} of 400");
}

const SACREBLEU: &str = r#"
from sacrebleu.significance import _paired_ar_test, _paired_bs_test, Result
class Share:
    """A metric of sums: hits over cases."""
    def _extract_corpus_statistics(self, hypotheses, references): return np.array(hypotheses)
    def _aggregate_and_compute(self, stats): return self._compute_score_from_stats(np.sum(stats, axis=0))
    def _compute_score_from_stats(self, sums): return Result(float(sums[0] / sums[1]), None)
def one(f, a):
    ours, theirs = a
    share = Share()
    info = {"share": (np.array(theirs), share._aggregate_and_compute(np.array(theirs)))}
    test, n = (_paired_ar_test, 10000) if f == "randomisation" else (_paired_bs_test, 1000)
    return test(info, "s", ours, None, {"share": share}, n, seed=12345)[1]["share"].p_value
"#;

#[test]
fn paired_tests_of_corpora_agree_with_sacrebleu() {
    let mut oracle = Oracle::new(SACREBLEU);
    let mut random = Stream(47);
    for round in 0..64u32 {
        let n = 20 + random.below(60) as usize;
        let rows = |random: &mut Stream, shift: f64| -> Vec<[f64; 2]> {
            let row = |random: &mut Stream| {
                let length = 1.0 + random.below(9) as f64;
                [(length * (0.4 + shift + 0.3 * random.next())).floor(), length]
            };
            (0..n).map(|_| row(random)).collect()
        };
        let (ours, theirs) = (rows(&mut random, 0.01 * f64::from(round % 12)), rows(&mut random, 0.0));
        let share = |rows: &mut dyn Iterator<Item = &[f64; 2]>| {
            let (hits, all) = rows.fold((0.0, 0.0), |sums, row| (sums.0 + row[0], sums.1 + row[1]));
            hits / all
        };
        let swapped = |swap: &[bool]| {
            let pick = |swapped: bool| (0..n).map(move |at| (at, swap[at] != swapped));
            let side = |swapped| share(&mut pick(swapped).map(|(at, swap)| if swap { &theirs[at] } else { &ours[at] }));
            Some(side(false) - side(true))
        };
        let drawn = |at: &[usize]| {
            Some(share(&mut at.iter().map(|at| &ours[*at])) - share(&mut at.iter().map(|at| &theirs[*at])))
        };
        let answers = [
            ("randomisation", 10_000.0, approximate_randomisation(n, 10_000, round.into(), swapped)),
            ("paired bootstrap", 1_000.0, paired_bootstrap(n, 1_000, round.into(), drawn)),
        ];
        for (name, draws, p) in answers {
            let p: f64 = p.unwrap();
            // Two random streams: five standard errors of their difference, and a count.
            let apart = 5.0 * (2.0 * p.max(1.0 / draws) * (1.0 - p).max(0.01) / draws).sqrt() + 3.0 / draws;
            oracle.ask(name, json!([ours, theirs]), vec![p], apart / (p - apart).max(0.2 * p));
        }
    }
    oracle.check();
}
