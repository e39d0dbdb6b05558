use assay_stats::Interval;
use assay_stats::proportion::{clopper_pearson, critical, jeffreys, wilson};
use assay_stats::special::binomial_pmf;

use super::{CONFIDENCE, Must, Shares, Study, Table, Tally, around};

pub fn study(_: usize) -> Study {
    let rates: Vec<f64> =
        (50..=95).map(|percent| f64::from(percent) / 100.0).chain([0.97, 0.98, 0.99, 0.995]).collect();
    let mut table =
        Table::new("Rates from 50% to 99.5%, averaged; the smallest is the worst rate's", Shares::Covered(0.95));
    for n in [10u64, 20, 30, 50, 100, 200, 500, 1000] {
        for (method, of) in METHODS {
            let intervals: Vec<Option<Interval>> = (0..=n).map(|k| of(k, n)).collect();
            let mut all = Tally::exact();
            let mut least = f64::INFINITY;
            for p in &rates {
                let mut one = Tally::exact();
                for (k, interval) in intervals.iter().enumerate() {
                    let weight = binomial_pmf(k as u64, n, *p);
                    one.outcome(*interval, *p, weight);
                    all.outcome(*interval, *p, weight);
                }
                least = least.min(one.covered / one.defined);
            }
            let line = table.line("one rate", n, method, &all);
            line.least = Some(least);
            match method {
                "Wilson" | "Jeffreys" => line.must(Must::Be(0.95)),
                "Clopper–Pearson" => line.must(Must::Reach(0.965)),
                _ => {}
            }
        }
    }
    Study {
        title: "One pass rate",
        text: "The interval of a pass rate is Wilson's. On average over rates it holds the truth as often as it \
               says; at an unlucky rate and few cases it falls to 86 to 91%. Clopper and Pearson's never falls \
               below 95% and is wider for it: take it when a promise must hold at every rate. Wald's (estimate ± \
               1.96 standard errors, what many tools print) misses more than nine times of ten on twenty cases near \
               100%: never use it.",
        tables: vec![table],
    }
}

type Rate = fn(u64, u64) -> Option<Interval>;

const METHODS: [(&str, Rate); 4] = [
    ("Wilson", |k, n| wilson(k as f64, n as f64, critical(CONFIDENCE))),
    ("Jeffreys", |k, n| jeffreys(k, n, CONFIDENCE)),
    ("Clopper–Pearson", |k, n| clopper_pearson(k, n, CONFIDENCE)),
    ("Wald", |k, n| {
        let p = k as f64 / n as f64;
        Some(around(p, critical(CONFIDENCE) * (p * (1.0 - p) / n as f64).sqrt()))
    }),
];
