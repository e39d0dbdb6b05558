use assay_stats::proportion::{critical, wilson};
use assay_stats::{Item, Kind, level};
use rand::RngExt;
use rand_distr::{Beta, Distribution};

use super::clusters::sizes;
use super::{CONFIDENCE, Must, Shares, Study, Table, Tally, fewer, item, stream};

pub fn study(trials: usize) -> Study {
    let mut table = Table::new("Coverage of a rate over clusters", Shares::Covered(0.95));
    let mut cell = 0;
    for (rate, icc) in [(0.8, 0.3), (0.95, 0.3), (0.95, 0.05), (0.99, 0.3)] {
        let spread = (1.0 - icc) / icc;
        let Ok(of_cluster) = Beta::new(rate * spread, (1.0 - rate) * spread) else { continue };
        for equal in [true, false] {
            for clusters in [10usize, 30, 100] {
                let sizes = sizes(clusters, equal);
                cell += 1;
                let mut random = stream(5, cell);
                let mut tallies = [Tally::default(); 3];
                for _ in 0..fewer(trials, 5) {
                    let mut items: Vec<Item> = Vec::new();
                    for (cluster, size) in (0u32..).zip(&sizes) {
                        let p = of_cluster.sample(&mut random);
                        let pass = || f64::from(u8::from(random.random::<f64>() < p));
                        items.extend(std::iter::repeat_with(pass).take(*size).map(|value| item(value, Some(cluster))));
                    }
                    let passes: f64 = items.iter().map(|i| i.value).sum();
                    tallies[0].interval(level(&items, Kind::Binary, CONFIDENCE).interval, rate);
                    tallies[1].interval(level(&items, Kind::Unbounded, CONFIDENCE).interval, rate);
                    tallies[2].interval(wilson(passes, items.len() as f64, critical(CONFIDENCE)), rate);
                }
                let shape = if equal { "5 cases each" } else { "1 to 25 cases" };
                let design = format!("{:.0}%, correlation {icc}, {shape}", 100.0 * rate);
                let line = table.line(&design, clusters, "clustered Wilson", &tallies[0]);
                if clusters >= 30 && (rate == 0.8 || icc == 0.05) {
                    line.must(Must::Reach(0.94));
                }
                table.line(&design, clusters, "CR2, t", &tallies[1]);
                table.line(&design, clusters, "Wilson, ignoring clusters", &tallies[2]);
            }
        }
    }
    Study {
        title: "A pass rate over clusters",
        text: "Wilson's interval at the effective number of cases is the best of these, and near its level at 80% \
               or when clusters are weakly correlated. It is not exact: at 95% and a strong correlation it covers \
               90 to 94%, and at 99% over a hundred unequal clusters only 87%, because few samples contain one of \
               the rare bad clusters. The plain t interval is worse (and has no width without a failure), and \
               ignoring clusters promises far too much. Read a very high pass rate over correlated cases as an \
               upper estimate. The column n counts clusters.",
        tables: vec![table],
    }
}
