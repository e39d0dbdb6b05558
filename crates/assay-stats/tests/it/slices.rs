//! Slices against divexplorer, scipy and published examples, and the comparison of forecasts against numpy.

use assay_stats::forecasts::{NoComparison, Window, diebold_mariano};
use assay_stats::slices::*;
use proptest::prelude::*;
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
from scipy import optimize, special, stats
def prior(k, n):
    """Root of the digamma equations in (log a, log b), from several starts; scipy has no fit of betabinom."""
    def score(x):
        a, b = np.exp(x)
        d = special.digamma
        both = -d(n + a + b) + d(a + b)
        return [np.sum(d(k + a) - d(a) + both), np.sum(d(n - k + b) - d(b) + both)]
    best = None
    for size in (1, 5, 25, 125, 625):
        m = np.clip(k.sum() / n.sum(), .01, .99)
        r = optimize.root(score, np.log([m * size, (1 - m) * size]), tol=1e-13)
        if np.max(np.abs(r.fun)) < 1e-7:
            a, b = np.exp(r.x)
            value = np.sum(special.betaln(k + a, n - k + b) - special.betaln(a, b))
            if a + b < 1e7 and (best is None or value > best[0]): best = (value, a, b)
    return best
def one(f, a):
    if f == "beta-binomial":
        k, n = np.array(a, float).T
        _, x, y = prior(k, n)
        post = stats.beta(x + k, y + n - k)
        return np.concatenate([post.mean(), post.ppf(.025), post.ppf(.975)])
    if f == "pooling":
        # Without more than binomial variation no finite prior is likelier than the pooled rate.
        k, n = np.array(a, float).T
        p = k.sum() / n.sum()
        limit = np.sum(special.xlogy(k, p) + special.xlogy(n - k, 1 - p))
        fits = [np.sum(special.betaln(k + p * s, n - k + (1 - p) * s) - special.betaln(p * s, (1 - p) * s)) for s in (1, 10, 100, 1e4)] if 0 < p < 1 else []
        return float(all(v <= limit + 1e-7 for v in fits))
    if f == "morris":
        y, v = np.array(a, float)
        k = len(y)
        mean = lambda A: np.sum(y / (v + A)) / np.sum(1 / (v + A))
        g = lambda A: np.sum((k / (k - 1) * (y - mean(A)) ** 2 - v - A) / (v + A))
        A = 0.0 if g(0.0) <= 0 else optimize.brentq(g, 0, 1e6, xtol=1e-14, rtol=1e-14)
        B = (k - 3) / (k - 1) * v / (v + A)
        w = 1 / (v + A); m = mean(A)
        vbar = np.sum(w * v) / w.sum()
        s2 = v * (1 - (k - k * w / w.sum()) / k * B) + 2 / (k - 3) * B**2 * (vbar + A) / (v + A) * (y - m) ** 2
        return np.concatenate([[A, m], (1 - B) * y + B * m, np.sqrt(s2)])
    if f.startswith("divexplorer"):
        import pandas as pd
        from divexplorer import DivergenceExplorer, DivergencePatternProcessor
        columns, outcome, support = a
        d = pd.DataFrame({f"c{i}": c for i, c in enumerate(columns)}).astype("Int64").astype(object)
        names = list(d.columns)
        d["y"] = [np.nan if v is None else float(v) for v in outcome]
        kind = "boolean_outcomes" if f.endswith("rate") else "quantitative_outcomes"
        r = DivergenceExplorer(d).get_pattern_divergence(min_support=support, attributes=names, **{kind: ["y"]})
        proc = DivergencePatternProcessor(r, "y")
        kept = set(proc.redundancy_pruning(0.05)["itemset"])
        items = lambda s: tuple(sorted((int(x[1:x.index("=")]), int(float(x[x.index("=") + 1:]))) for x in s))
        rows = []
        for _, x in r.iterrows():
            s = x["itemset"]
            if len(s) == 0 or np.isnan(x["y"]): continue
            parts = {next(iter(q)): v for q, v in proc.shapley_value(s).items()}
            key = items(s)
            shares = [parts[i] for i in sorted(s, key=lambda i: items([i]))]
            rows.append((key, [x["support_count"], x["y_div"], x["y_t"], float(s in kept)] + shares))
        rows.sort()
        out = [float(len(rows))]
        for key, values in rows: out += [float(n) for pair in key for n in pair] + values
        return out
    if f.startswith("diebold"):
        x, y, h = a
        d = np.array(x) - np.array(y); n = len(d)
        c = np.array([np.sum((d[:n - k] - d.mean()) * (d[k:] - d.mean())) / n for k in range(h)])
        w = np.ones(h) if f.endswith("flat") else 1 - np.arange(h) / h
        v = (c[0] + 2 * np.sum(w[1:] * c[1:])) / n
        if not v > 1e-14 * c[0] / n: return [np.nan, np.nan]
        s = d.mean() / np.sqrt(v) * np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
        return [s, 2 * stats.t.sf(abs(s), n - 1)]
    raise ValueError(f)
"#;

#[test]
fn slices_agree_with_the_references() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(71);
    let mut pooled = 0;
    for round in 0..120 {
        let slices = 2 + random.below(12) as usize;
        let spread = [0.0, 0.2, 0.45][round % 3];
        let counts: Vec<(f64, f64)> = (0..slices)
            .map(|_| {
                let n = 1 + random.below([8, 60, 400][round % 3]);
                let rate = 0.5 + spread * (2.0 * random.next() - 1.0);
                ((0..n).filter(|_| random.next() < rate).count() as f64, n as f64)
            })
            .collect();
        let rates = shrink_rates(&counts, 0.95).unwrap();
        if rates.size.is_finite() {
            // Near the edge of pooling the likelihood is too flat for a reference without our exact differences.
            if rates.size < 2000.0 {
                let ours: Vec<f64> = rates.slices.iter().map(|s| s.estimate).collect();
                let lower = rates.slices.iter().map(|s| s.interval.lower);
                let upper = rates.slices.iter().map(|s| s.interval.upper);
                let ours = ours.into_iter().chain(lower).chain(upper).collect();
                oracle.ask("beta-binomial", json!(counts), ours, 1e-8);
            }
        } else {
            pooled += 1;
            oracle.ask("pooling", json!(counts), vec![1.0], 1e-12);
        }
    }
    assert!((10..100).contains(&pooled), "{pooled}");
    for round in 0..80 {
        let k = 4 + random.below(12) as usize;
        let spread = [0.0, 0.5, 3.0][round % 3];
        let variances: Vec<f64> = (0..k).map(|_| 0.05 + random.next()).collect();
        let values: Vec<f64> =
            variances.iter().map(|v| spread * random.normal() + v.sqrt() * random.normal()).collect();
        let means = shrink_means(&values, &variances, 0.95).unwrap();
        let z = assay_stats::special::normal_quantile(0.975);
        let mut ours = vec![means.variance, means.mean];
        ours.extend(means.slices.iter().map(|s| s.estimate));
        ours.extend(means.slices.iter().map(|s| (s.interval.upper - s.estimate) / z));
        oracle.ask("morris", json!([values, variances]), ours, 1e-8);
    }
    for round in 0..124 {
        let n = 30 + random.below(90) as usize;
        let columns: Vec<Vec<Option<u32>>> = (0..1 + random.below(4))
            .map(|_| {
                let levels = 1 + random.below(4);
                (0..n).map(|_| (random.next() > 0.1).then(|| random.below(levels) as u32)).collect()
            })
            .collect();
        let rate = round % 2 == 0;
        let yes: Vec<Option<bool>> =
            (0..n).map(|i| (round % 4 == 1 || i % 9 > 0).then(|| random.next() < 0.6)).collect();
        let numbers: Vec<f64> = (0..n).map(|_| random.normal() + 3.0).collect();
        let outcome = if rate { Outcome::Rate(&yes) } else { Outcome::Mean(&numbers) };
        let support = [0.033, 0.0871, 0.217][round % 3];
        // The reference has no limit of cases.
        let found = discover(&columns, outcome, Search { support, cases: 1, items: 9 }).unwrap();
        let redundant = found.redundant(0.05);
        let mut order: Vec<usize> = (0..found.patterns.len()).collect();
        order.sort_by(|a, b| found.patterns[*a].items.cmp(&found.patterns[*b].items));
        let mut ours = vec![order.len() as f64];
        for at in order {
            let pattern = &found.patterns[at];
            ours.extend(pattern.items.iter().flat_map(|(column, value)| [*column as f64, f64::from(*value)]));
            ours.extend([pattern.support as f64, pattern.divergence, pattern.t.unwrap_or(f64::NAN)]);
            ours.push(f64::from(u8::from(!redundant[at])));
            ours.extend(found.shapley(at).unwrap());
        }
        let outcome =
            if rate { json!(yes.iter().map(|v| v.map(u8::from)).collect::<Vec<_>>()) } else { json!(numbers) };
        let name = if rate { "divexplorer rate" } else { "divexplorer mean" };
        oracle.ask(name, json!([columns, outcome, support]), ours, 1e-8);
    }
    for round in 0..90 {
        let n = 6 + random.below(60) as usize;
        let horizon = 1 + random.below(5.min(n as u64 - 2)) as usize;
        let loss = |random: &mut Stream| -> Vec<f64> { (0..n).map(|_| random.normal().powi(2)).collect() };
        let (a, b) = (loss(&mut random), loss(&mut random));
        let (window, name) =
            if round % 3 == 0 { (Window::Bartlett, "diebold bartlett") } else { (Window::Flat, "diebold flat") };
        let ours = match diebold_mariano(&a, &b, horizon, window, 0.95) {
            Ok(test) => vec![test.statistic, test.p],
            Err(why) => {
                assert_eq!(why, NoComparison::NegativeVariance);
                vec![f64::NAN; 2]
            }
        };
        oracle.ask(name, json!([a, b, horizon]), ours, 1e-8);
    }
    oracle.check();
}

/// Efron & Morris 1975, table 1: batting averages after 45 at bats, √45·arcsin(2y − 1) with variance 1. They print the
/// shrinking constant 1 − B = 0.209.
#[test]
fn batting_averages_shrink_as_published() {
    let hits = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7];
    let values: Vec<f64> = hits.iter().map(|h| 45f64.sqrt() * (2.0 * f64::from(*h) / 45.0 - 1.0).asin()).collect();
    let means = shrink_means(&values, &[1.0; 18], 0.95).unwrap();
    assert!((1.0 - means.slices[0].shrinkage - 0.209).abs() < 1e-3, "{means:?}");
}

#[test]
fn what_is_undefined_says_so() {
    assert_eq!(shrink_rates(&[], 0.95), Err(NoSlices::NoData));
    assert_eq!(shrink_rates(&[(1.0, 2.0)], 0.95), Err(NoSlices::TooFew { needed: 2 }));
    for bad in [(3.0, 2.0), (-1.0, 2.0), (0.0, 0.0), (f64::NAN, 2.0)] {
        assert!(matches!(shrink_rates(&[(1.0, 2.0), bad], 0.95), Err(NoSlices::Invalid(_))));
    }
    assert_eq!(shrink_means(&[1.0; 3], &[1.0; 3], 0.95), Err(NoSlices::TooFew { needed: 4 }));
    assert!(matches!(shrink_means(&[1.0; 4], &[0.0; 4], 0.95), Err(NoSlices::Invalid(_))));
    assert!(matches!(shrink_means(&[1.0; 4], &[1.0; 3], 0.95), Err(NoSlices::Invalid(_))));
    assert_eq!(best_of(&[], 0.95, 9, 1), Err(NoSlices::NoData));
    assert!(matches!(best_of(&[vec![1.0; 2], vec![1.0; 3]], 0.95, 9, 1), Err(NoSlices::Invalid(_))));
    let search = Search::default();
    assert_eq!(discover(&[], Outcome::Mean(&[1.0]), search), Err(NoSlices::NoData));
    assert_eq!(discover(&[vec![None]], Outcome::Rate(&[None]), search), Err(NoSlices::NoData));
    assert!(matches!(discover(&[vec![]], Outcome::Mean(&[1.0]), search), Err(NoSlices::Invalid(_))));
    assert!(matches!(discover(&[vec![None]], Outcome::Mean(&[f64::NAN]), search), Err(NoSlices::Invalid(_))));
    assert_eq!(diebold_mariano(&[1.0, 2.0], &[0.0, 1.0], 1, Window::Flat, 0.95), Err(NoComparison::NoVariation));
    assert_eq!(diebold_mariano(&[1.0], &[], 1, Window::Flat, 0.95), Err(NoComparison::Lengths));
    assert_eq!(diebold_mariano(&[1.0], &[2.0], 1, Window::Flat, 0.95), Err(NoComparison::Horizon));
    assert_eq!(diebold_mariano(&[f64::NAN], &[2.0], 1, Window::Flat, 0.95), Err(NoComparison::NotFinite));
}

#[test]
fn equal_rates_at_the_edges_are_one_rate() {
    let all = shrink_rates(&[(5.0, 5.0), (9.0, 9.0)], 0.95).unwrap();
    assert!(all.size.is_infinite() && all.mean == 1.0);
    assert!(all.slices[0].interval.upper == 1.0 && all.slices[0].interval.lower > 0.8);
    let worst = all.worst(500, 1, 0.95).unwrap();
    assert_eq!(worst.probability, [0.5, 0.5]);
}

/// Ten identical prompts on 100 items: the best reads 0.86 where the truth is 0.80, and its plain interval misses the
/// truth far more often than 1 in 20.
#[test]
fn the_winner_of_ten_equal_prompts_reads_too_high() {
    let mut random = Stream(72);
    let rounds = 300;
    let (mut observed, mut shrunken, mut covered, mut plain) = (0.0, 0.0, 0, 0);
    for round in 0..rounds {
        let scores: Vec<Vec<f64>> =
            (0..10).map(|_| (0..100).map(|_| f64::from(u8::from(random.next() < 0.8))).collect()).collect();
        let best = best_of(&scores, 0.95, 300, round).unwrap();
        observed += best.observed / rounds as f64;
        shrunken += best.shrunken / rounds as f64;
        covered += u64::from(best.interval.is_some_and(|i| i.lower <= 0.8 && 0.8 <= i.upper));
        let own = assay_stats::proportion::wilson(100.0 * best.observed, 100.0, 1.96).unwrap();
        plain += u64::from(own.lower <= 0.8 && 0.8 <= own.upper);
    }
    println!(
        "best of 10: observed {observed:.3}, shrunken {shrunken:.3}, covered {covered}, plain {plain} of {rounds}"
    );
    assert!((observed - 0.860).abs() < 0.006, "{observed}");
    // About three quarters of the bias are taken back.
    assert!((shrunken - 0.80).abs() < 0.35 * (observed - 0.80), "{shrunken}");
    assert!(covered as f64 >= 0.93 * rounds as f64 && plain < covered, "{covered} {plain}");
}

/// When slices differ, shrunken rates are nearer to the truth than raw ones, and the expected minimum than the lowest.
#[test]
fn shrinkage_comes_nearer_to_the_truth() {
    let mut random = Stream(73);
    let (mut raw, mut shrunk, mut lowest, mut expected) = (0.0, 0.0, 0.0, 0.0);
    for round in 0..200 {
        let rates: Vec<f64> = (0..15).map(|_| 0.7 + 0.2 * (random.next() - 0.5)).collect();
        let count = |random: &mut Stream, rate: f64| ((0..30).filter(|_| random.next() < rate).count() as f64, 30.0);
        let counts: Vec<(f64, f64)> = rates.iter().map(|rate| count(&mut random, *rate)).collect();
        let found = shrink_rates(&counts, 0.95).unwrap();
        for (slice, truth) in found.slices.iter().zip(&rates) {
            raw += (slice.raw - truth).powi(2);
            shrunk += (slice.estimate - truth).powi(2);
        }
        let truth = rates.iter().fold(1.0_f64, |a, b| a.min(*b));
        lowest += found.slices.iter().fold(1.0_f64, |a, s| a.min(s.raw)) - truth;
        expected += found.worst(500, round, 0.95).unwrap().expected - truth;
    }
    assert!(shrunk < 0.6 * raw, "{shrunk} {raw}");
    assert!(expected.abs() < 0.6 * f64::abs(lowest), "{expected} {lowest}");
}

proptest! {
    #[test]
    fn estimates_lie_between_raw_and_common(counts in prop::collection::vec((0..40u32, 1..40u32), 2..12)) {
        let counts: Vec<(f64, f64)> = counts.into_iter().map(|(k, more)| (f64::from(k), f64::from(k + more))).collect();
        let found = shrink_rates(&counts, 0.9).unwrap();
        for slice in &found.slices {
            let (low, high) = (slice.raw.min(found.mean), slice.raw.max(found.mean));
            prop_assert!(low - 1e-12 <= slice.estimate && slice.estimate <= high + 1e-12);
            prop_assert!(slice.interval.lower <= slice.interval.upper);
        }
        let gap = rate_gap(&counts, 0.9).unwrap();
        prop_assert!(gap.shrunken <= gap.difference + 1e-12);
        prop_assert!(gap.interval.lower <= gap.difference && gap.difference <= gap.interval.upper + 1e-12);
        let worst = found.worst(200, 3, 0.9).unwrap();
        prop_assert!((worst.probability.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        prop_assert_eq!(found.worst(200, 3, 0.9).unwrap(), worst);
    }

    #[test]
    fn shapley_sums_to_the_divergence(rows in prop::collection::vec((0..3u32, 0..2u32, 0..2u32, -3.0..3.0f64), 20..60)) {
        let columns: Vec<Vec<Option<u32>>> = vec![
            rows.iter().map(|r| Some(r.0)).collect(),
            rows.iter().map(|r| Some(r.1)).collect(),
            rows.iter().map(|r| Some(r.2)).collect(),
        ];
        let values: Vec<f64> = rows.iter().map(|r| r.3).collect();
        let found = discover(&columns, Outcome::Mean(&values), Search { support: 0.05, cases: 2, items: 3 }).unwrap();
        for (at, pattern) in found.patterns.iter().enumerate() {
            let total: f64 = found.shapley(at).unwrap().iter().sum();
            prop_assert!((total - pattern.divergence).abs() < 1e-10);
            let members = (0..rows.len()).filter(|i| pattern.items.iter().all(|(c, v)| columns[*c][*i] == Some(*v)));
            prop_assert_eq!(members.count(), pattern.support);
        }
    }

    #[test]
    fn swapping_the_sides_turns_the_sign(pairs in prop::collection::vec((0.0..9.0f64, 0.0..9.0f64), 5..40)) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let there = diebold_mariano(&a, &b, 2, Window::Bartlett, 0.95);
        let back = diebold_mariano(&b, &a, 2, Window::Bartlett, 0.95);
        if let (Ok(there), Ok(back)) = (there, back) {
            prop_assert!((there.statistic + back.statistic).abs() < 1e-9 && (there.p - back.p).abs() < 1e-12);
        }
    }
}
