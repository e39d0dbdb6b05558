use assay_stats::quantile::{bootstrap_difference, order_statistic_interval};
use assay_stats::special::binomial_cdf;
use rand_distr::{Distribution, StandardNormal};

use super::{CONFIDENCE, Must, Shares, Study, Table, Tally, brief, fewer, item, stream};

pub fn study(trials: usize) -> Study {
    let mut levels = Table::new("Coverage of a quantile, any continuous distribution", Shares::Covered(0.95));
    for q in [0.5, 0.9, 0.95, 0.99] {
        for n in [10usize, 20, 50, 100, 200, 500, 1000] {
            let ranks: Vec<f64> = (1..=n).map(|rank| rank as f64).collect();
            let Some(ends) = order_statistic_interval(&ranks, q, CONFIDENCE) else { continue };
            // The l-th value is at most the quantile and the u-th above it when l to u − 1 values lie below it.
            let below = |k: f64| binomial_cdf(k as u64, n as u64, q);
            let covered = below(ends.upper - 1.0) - below(ends.lower - 1.0);
            levels.share(&format!("p{:.0}", 100.0 * q), n, "order statistics", covered).must(Must::Reach(0.965));
        }
    }
    let mut differences =
        Table::new("Coverage of the difference of two paired quantiles (log-normal latency)", Shares::Covered(0.95));
    let designs: &[(f64, usize)] =
        if brief(trials) { &[(0.5, 50)] } else { &[(0.5, 50), (0.5, 100), (0.95, 50), (0.95, 100)] };
    for (q, n) in designs.iter().copied() {
        let mut random = stream(14, (1000.0 * q) as usize + n);
        let mut tally = Tally::default();
        for trial in 0..fewer(trials, 100) {
            let pairs: Vec<_> = (0..n)
                .map(|_| {
                    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
                    let case = normal();
                    let mut latency = || item((0.7 * case + 0.7 * normal()).exp(), None);
                    (latency(), latency())
                })
                .collect();
            tally.interval(bootstrap_difference(&pairs, q, CONFIDENCE, trial as u64), 0.0);
        }
        differences.line(&format!("p{:.0}", 100.0 * q), n, "paired bootstrap", &tally).must(Must::Reach(0.93));
    }
    Study {
        title: "Quantiles",
        text: "The interval of a quantile from order statistics never falls below its level, whatever the \
               distribution. Where a row is missing the sample is too small for any interval, and Assay says so: \
               p90 needs 36 cases, p95 needs 72, p99 needs 368. The difference of two p95 comes from a seeded \
               bootstrap; it holds its level but is very wide with few cases, because p95 of fifty cases rests on \
               three of them.",
        tables: vec![levels, differences],
    }
}
