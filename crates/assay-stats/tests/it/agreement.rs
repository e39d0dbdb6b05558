//! Agreement against krippendorff, irrCAC, statsmodels and scikit-learn, and on real raters where their data are there.

use assay_stats::agreement::{
    Chance, Level, Weights, cohen, cohen_interval, icc, kappa, kappa_interval, krippendorff, krippendorff_clustered,
    krippendorff_interval,
};
use assay_stats::correlation::{Agreement, agreement, kendall, pearson, spearman};
use assay_stats::jackknife::{Transform, delete_one, jackknife};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import krippendorff, pandas as pd
from irrCAC.raw import CAC
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.formula.api import ols
def table(a): return np.array([[np.nan if v is None else v for v in row] for row in a], dtype=float)
def one(f, a):
    name, _, detail = f.partition(" ")
    if name == "alpha":
        return krippendorff.alpha(table(a).T, level_of_measurement=detail)
    if name == "jackknife":
        t = table(a); t = t[(~np.isnan(t)).sum(1) > 1]; n = len(t)
        al = lambda m: krippendorff.alpha(m.T, level_of_measurement=detail)
        v = np.log(1 - np.array([al(np.delete(t, i, 0)) for i in range(n)]))
        se = np.sqrt((n - 1) / n * np.sum((v - v.mean()) ** 2)); h = stats.t.ppf(0.975, n - 1) * se
        c = np.log(1 - al(t)); return [1 - np.exp(c + h), 1 - np.exp(c - h)]
    if name in ("gwet", "fleiss", "bp"):
        # Without categories and digits it rounds to 5 digits and loses weighted AC2 with missing ratings.
        cac = CAC(pd.DataFrame(table(a[0])), weights=detail, categories=a[1], digits=12)
        r = getattr(cac, name)()["est"]; return [r["coefficient_value"], r["se"]]
    if name == "cohen":
        w = None if detail == "identity" else detail
        t = pd.crosstab(pd.Categorical(a[0], categories=a[2]), pd.Categorical(a[1], categories=a[2]), dropna=False).values
        r = cohens_kappa(t, weights=np.arange(len(a[2])) if w else None, wt={None: None, "linear": "linear", "quadratic": "quadratic"}[w])
        return [cohen_kappa_score(a[0], a[1], weights=w), r.std_kappa]
    if name == "icc":
        # Two-way analysis of variance by statsmodels instead of sums of our own.
        d = pd.DataFrame([(i, j, v) for i, row in enumerate(a) for j, v in enumerate(row)], columns=["u", "r", "v"])
        m = ols("v ~ C(u) + C(r)", d).fit(); n, k = len(a), len(a[0])
        from statsmodels.stats.anova import anova_lm
        s = anova_lm(m); msb, msj, mse = s["mean_sq"]["C(u)"], s["mean_sq"]["C(r)"], s["mean_sq"]["Residual"]
        msw = anova_lm(ols("v ~ C(u)", d).fit())["mean_sq"]["Residual"]
        out = []
        for ratio, df in ((msb / msw, n * (k - 1)), (msb / mse, (n - 1) * (k - 1))):
            lo, hi = ratio / stats.f.ppf(.975, n - 1, df), ratio * stats.f.ppf(.975, df, n - 1)
            for g in (lambda x: (x - 1) / (x + k - 1), lambda x: 1 - 1 / x): out += [g(ratio), g(lo), g(hi)]
        r2 = (msb - mse) / (msb + (k - 1) * mse + k * (msj - mse) / n)
        return out + [r2, (msb - mse) / (msb + (msj - mse) / n)]
    raise ValueError(f)
"#;

#[test]
fn coefficients_agree_with_the_references() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(31);
    let levels = [
        (Level::Nominal, "nominal"),
        (Level::Ordinal, "ordinal"),
        (Level::Interval, "interval"),
        (Level::Ratio, "ratio"),
    ];
    for round in 0..80 {
        let (units, raters) = (4 + random.below(20) as usize, 2 + random.below(4) as usize);
        let missing = if round % 2 == 0 { 0.0 } else { 0.25 };
        let ratings: Vec<Vec<Option<f64>>> = (0..units)
            .map(|_| {
                let truth = 1 + random.below(4);
                (0..raters)
                    .map(|_| {
                        let value = if random.next() < 0.7 { truth } else { 1 + random.below(4) };
                        (random.next() >= missing).then_some(value as f64)
                    })
                    .collect()
            })
            .collect();
        for (level, name) in levels {
            let Some(alpha) = krippendorff(&ratings, level) else { continue };
            oracle.ask(&format!("alpha {name}"), json!(ratings), vec![alpha], 1e-10);
            if let Some(j) = krippendorff_interval(&ratings, level, 0.95).filter(|_| round < 20) {
                let ours = vec![j.interval.lower, j.interval.upper];
                oracle.ask(&format!("jackknife {name}"), json!(ratings), ours, 1e-8);
            }
        }
        let categories = [1.0, 2.0, 3.0, 4.0];
        for (weights, word) in
            [(Weights::Identity, "identity"), (Weights::Linear, "linear"), (Weights::Quadratic, "quadratic")]
        {
            for (chance, name) in [(Chance::Gwet, "gwet"), (Chance::Fleiss, "fleiss"), (Chance::BrennanPrediger, "bp")]
            {
                let Some(c) = kappa(&ratings, &categories, chance, weights) else { continue };
                let ours = vec![c.value, c.se.unwrap()];
                oracle.ask(&format!("{name} {word}"), json!([ratings, categories]), ours, 1e-8);
            }
            let complete: Vec<(f64, f64)> = ratings.iter().filter_map(|row| Some((row[0]?, row[1]?))).collect();
            let (a, b): (Vec<f64>, Vec<f64>) = complete.into_iter().unzip();
            let mut present: Vec<f64> = a.iter().chain(&b).copied().collect();
            present.sort_by(f64::total_cmp);
            present.dedup();
            // The reference takes places of categories as their numbers: only without gaps are they the same.
            let gapless = present.windows(2).all(|pair| pair[1] - pair[0] == 1.0);
            if let Some(c) = cohen(&a, &b, weights).filter(|c| gapless && c.se > Some(1e-6)) {
                oracle.ask(&format!("cohen {word}"), json!([a, b, present]), vec![c.value, c.se.unwrap()], 1e-9);
            }
        }
        let full: Vec<Vec<f64>> = (0..units)
            .map(|_| {
                let truth = 3.0 * random.normal();
                (0..raters).map(|j| truth + 0.3 * j as f64 + random.normal()).collect()
            })
            .collect();
        let t = icc(&full, 0.95).unwrap();
        let mut ours = Vec::new();
        for i in [t.one_way.0, t.one_way.1, t.two_way_mixed.0, t.two_way_mixed.1] {
            ours.extend([i.value, i.interval.lower, i.interval.upper]);
        }
        ours.extend([t.two_way_random.0.value, t.two_way_random.1.value]);
        oracle.ask("icc", json!(full), ours, 1e-7);
    }
    oracle.check();
}

/// A file beside the repository, or nothing and a printed reason.
fn data(file: &str) -> Option<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: the data set {file} is not beside the repository");
    }
    text
}

/// SummEval: three experts, five crowd workers and two language models rate summaries of twelve systems.
#[test]
fn judges_of_summaries_agree_with_experts_as_computed_elsewhere() {
    let (Some(goldens), Some(text)) = (data("GOLDENS.json"), data("summeval/ratings.jsonl")) else { return };
    let goldens: serde_json::Value = serde_json::from_str(&goldens).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mut checked = 0;
    for dimension in ["coherence", "consistency", "fluency", "relevance"] {
        let golden = &goldens["summeval"][dimension];
        let mut close = |ours: Option<f64>, theirs: &serde_json::Value, what: &str| {
            let (ours, theirs) = (ours.unwrap(), theirs.as_f64().unwrap());
            assert!((ours - theirs).abs() < 1e-6, "{dimension} {what}: {ours} {theirs}");
            checked += 1;
        };
        let raters = |who: &str| -> Vec<Vec<f64>> {
            let own = |row: &serde_json::Value| {
                row[who].as_array().unwrap().iter().map(|r| r[dimension].as_f64().unwrap()).collect()
            };
            rows.iter().map(own).collect()
        };
        let (experts, crowd) = (raters("experts"), raters("turkers"));
        let some = |rows: &[Vec<f64>]| -> Vec<Vec<Option<f64>>> {
            rows.iter().map(|row| row.iter().copied().map(Some).collect()).collect()
        };
        close(krippendorff(&some(&experts), Level::Ordinal), &golden["experts_alpha_ordinal"], "ordinal alpha");
        close(krippendorff(&some(&experts), Level::Interval), &golden["experts_alpha_interval"], "interval alpha");
        close(krippendorff(&some(&crowd), Level::Interval), &golden["turkers_alpha_interval"], "alpha of the crowd");
        let column = |at: usize| -> Vec<f64> { experts.iter().map(|row| row[at]).collect() };
        let quadratic = cohen(&column(0), &column(1), Weights::Quadratic).map(|kappa| kappa.value);
        close(quadratic, &golden["expert1_vs_expert2_quadratic_kappa"], "quadratic kappa");
        let means = |rows: &[Vec<f64>]| -> Vec<f64> { rows.iter().map(|row| mean(row)).collect() };
        let truth = means(&experts);
        close(spearman(&truth, &means(&crowd)), &golden["experts_vs_turkers_spearman"], "experts and crowd");
        for judge in ["gpt-4-0314|rts", "gpt-3.5-turbo-0301|mcq", "gpt-3.5-turbo-0301|rts"] {
            let golden = &golden[judge];
            let scores: Vec<f64> =
                rows.iter().map(|row| row["judges"][format!("{judge}|{dimension}")].as_f64().unwrap()).collect();
            assert_eq!(golden["n"], scores.len());
            close(pearson(&scores, &truth), &golden["pearson"], judge);
            close(spearman(&scores, &truth), &golden["spearman"], judge);
            close(kendall(&scores, &truth), &golden["kendall_tau_b"], judge);
            let gaps: Vec<f64> = scores.iter().zip(&truth).map(|(judge, truth)| judge - truth).collect();
            close(Some(mean(&gaps)), &golden["mean_judge_minus_expert"], judge);
            // Systems × summaries; each system has as many. Two systems have the same sum of consistency by the experts, 709;
            // the goldens took means of thirds, which differ in their last bit, and so count them as ordered. For these the
            // values are scipy's tau-b of the sums.
            let mut systems = std::collections::BTreeMap::<&str, [Vec<f64>; 2]>::new();
            for ((row, judge), ratings) in rows.iter().zip(&scores).zip(&experts) {
                let [a, b] = systems.entry(row["system"].as_str().unwrap()).or_default();
                a.push(*judge);
                b.push(ratings.iter().sum());
            }
            let (a, b): (Vec<Vec<f64>>, Vec<Vec<f64>>) = systems.into_values().map(|[a, b]| (a, b)).unzip();
            let tau = agreement(&a, &b, Agreement::System, kendall);
            let tied = match judge {
                "gpt-4-0314|rts" => json!(0.666687),
                "gpt-3.5-turbo-0301|mcq" => json!(0.790721),
                _ => json!(0.687043),
            };
            let want = if dimension == "consistency" { &tied } else { &golden["system_kendall_tau_b"] };
            close(tau, want, "system level");
        }
    }
    assert_eq!(checked, 4 * (5 + 3 * 5));
}

#[test]
fn real_raters_agree_as_computed_elsewhere() {
    let (Some(goldens), Some(hate), Some(abuse)) =
        (data("GOLDENS.json"), data("hatecheck_raters/annotations.jsonl"), data("convabuse_raters/ratings.jsonl"))
    else {
        return;
    };
    let goldens: serde_json::Value = serde_json::from_str(&goldens).unwrap();
    let lines =
        |text: &str| -> Vec<serde_json::Value> { text.lines().map(|l| serde_json::from_str(l).unwrap()).collect() };
    let close = |ours: Option<f64>, theirs: &serde_json::Value| {
        assert!((ours.unwrap() - theirs.as_f64().unwrap()).abs() < 1e-6, "{ours:?} {theirs}");
    };
    let units: Vec<Vec<Option<f64>>> = lines(&hate)
        .iter()
        .map(|row| {
            let rated = row["raters"].as_array().unwrap().iter();
            rated.map(|label| label.as_str().map(|label| f64::from(u8::from(label == "hateful")))).collect()
        })
        .collect();
    close(krippendorff(&units, Level::Nominal), &goldens["hatecheck_raters"]["krippendorff_nominal"]);
    let mut by_item: std::collections::BTreeMap<String, std::collections::BTreeMap<String, f64>> = Default::default();
    for row in lines(&abuse) {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        by_item.entry(text("item")).or_default().entry(text("annotator")).or_insert(row["severity"].as_f64().unwrap());
    }
    let units: Vec<Vec<Option<f64>>> =
        by_item.values().map(|raters| raters.values().map(|v| Some(*v)).collect()).collect();
    let golden = &goldens["convabuse_raters"];
    for (level, key) in
        [(Level::Nominal, "alpha_nominal"), (Level::Ordinal, "alpha_ordinal"), (Level::Interval, "alpha_interval")]
    {
        close(krippendorff(&units, level), &golden[key]);
    }
    let interval = krippendorff_interval(&units, Level::Interval, 0.95).unwrap().interval;
    assert!(interval.lower > 0.7 && interval.upper < 0.8, "{interval:?}");
}

/// Every interval that leaves clusters out, against leaving them out one by one.
#[test]
fn clusters_are_left_out_together() {
    let mut random = Stream(77);
    let mut compared = 0;
    for _ in 0..40 {
        let units = 12 + random.below(20) as usize;
        let clusters: Vec<u32> = (0..units).map(|_| random.below(9) as u32 * 7).collect();
        let rows: Vec<Vec<Option<f64>>> = (0..units)
            .map(|_| {
                let truth = random.below(3) as f64;
                (0..3)
                    .map(|_| {
                        let own = if random.below(3) == 0 { random.below(3) as f64 } else { truth };
                        (random.below(6) > 0).then_some(own)
                    })
                    .collect()
            })
            .collect();
        let mut groups: std::collections::BTreeMap<u32, Vec<usize>> = Default::default();
        clusters.iter().enumerate().for_each(|(at, cluster)| groups.entry(*cluster).or_default().push(at));
        let brute = |statistic: &dyn Fn(&[usize]) -> Option<f64>, keep: &dyn Fn(usize) -> bool| {
            // Clusters without anything to say are none.
            let groups: Vec<Vec<usize>> = groups.values().filter(|g| g.iter().any(|at| keep(*at))).cloned().collect();
            let all: Vec<usize> = (0..units).collect();
            jackknife(statistic(&all)?, &delete_one(&groups, statistic)?, Transform::LogOneMinus, 0.9)
        };
        let taken = |at: &[usize]| at.iter().map(|i| rows[*i].clone()).collect::<Vec<_>>();
        let rated = |at: usize, least: usize| rows[at].iter().flatten().count() >= least;
        for level in [Level::Nominal, Level::Ordinal, Level::Interval] {
            let ours = krippendorff_clustered(&rows, &clusters, level, 0.9);
            let Some(want) = brute(&|at| krippendorff(&taken(at), level), &|at| rated(at, 2)) else { continue };
            let ours = ours.unwrap();
            assert!((ours.se - want.se).abs() < 1e-9 && (ours.interval.lower - want.interval.lower).abs() < 1e-9);
            compared += 1;
        }
        let categories = [0.0, 1.0, 2.0];
        for chance in [Chance::Gwet, Chance::Fleiss, Chance::BrennanPrediger] {
            for weights in [Weights::Identity, Weights::Quadratic] {
                let of = |at: &[usize]| kappa(&taken(at), &categories, chance, weights).map(|c| c.value);
                let Some(want) = brute(&of, &|at| rated(at, 1)) else { continue };
                let ours = kappa_interval(&rows, &clusters, &categories, chance, weights, 0.9).unwrap();
                assert!((ours.lower - want.interval.lower).abs() < 1e-9, "{chance:?} {ours:?} {want:?}");
                compared += 1;
            }
        }
        let (a, b): (Vec<f64>, Vec<f64>) =
            rows.iter().map(|row| (row[0].unwrap_or(0.0), row[1].unwrap_or(1.0))).unzip();
        let of = |at: &[usize]| {
            let (a, b): (Vec<f64>, Vec<f64>) = at.iter().map(|i| (a[*i], b[*i])).unzip();
            cohen(&a, &b, Weights::Identity).map(|c| c.value)
        };
        let Some(want) = brute(&of, &|_| true) else { continue };
        let ours = cohen_interval(&a, &b, &clusters, Weights::Identity, 0.9).unwrap();
        assert!((ours.upper - want.interval.upper).abs() < 1e-9, "{ours:?} {want:?}");
        compared += 1;
    }
    assert!(compared > 200, "only {compared} were defined");
}
