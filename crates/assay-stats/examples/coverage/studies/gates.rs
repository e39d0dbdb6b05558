use assay_stats::paired::{mcnemar_exact, tango};
use assay_stats::power::{Goal, paired_binary_cases, paired_power};
use assay_stats::proportion::critical;
use assay_stats::special::normal_quantile;

use super::{CONFIDENCE, Must, Shares, Study, Table, paired_outcomes};

pub fn study(_: usize) -> Study {
    let z = critical(CONFIDENCE);
    let mut margin = Table::new("False passes: the candidate is worse by exactly the margin", Shares::Alarms(0.025));
    let mut lenient =
        Table::new("Passes of a candidate that lost this much (4% of cases differ by chance)", Shares::Alarms(0.025));
    let mut power = Table::new("Passes when nothing changed, at the planned number of cases", Shares::Power(0.80));
    for n in [50u64, 100, 200, 400, 1000] {
        for (differ, loss) in [(0.05, 0.02), (0.10, 0.03), (0.20, 0.05), (0.30, 0.05)] {
            let (up, down) = (0.5 * (differ - loss), 0.5 * (differ + loss));
            let mut passes = 0.0;
            paired_outcomes(n, up, down, |b, c, weight| {
                passes += if tango(b, c, n, z).is_some_and(|i| i.lower > -loss) { weight } else { 0.0 };
            });
            let design = format!("{:.0}% differ, margin {:.0} points", 100.0 * differ, 100.0 * loss);
            margin.share(&design, n, "gate on Tango's lower end", passes).must(Must::Stay(0.03));
        }
    }
    for n in [20u64, 50, 100, 200] {
        for loss in [0.05, 0.10] {
            let (mut gate, mut significant) = (0.0, 0.0);
            paired_outcomes(n, 0.02, 0.02 + loss, |b, c, weight| {
                gate += if tango(b, c, n, z).is_some_and(|i| i.lower > -loss) { weight } else { 0.0 };
                significant += if c > b && mcnemar_exact(b, c) < 0.05 { 0.0 } else { weight };
            });
            let design = format!("−{:.0} points", 100.0 * loss);
            lenient.share(&design, n, "gate with that margin", gate).must(Must::Stay(0.03));
            lenient.share(&design, n, "\"fail only if p < 0.05\"", significant);
        }
    }
    for (differ, loss) in [(0.05, 0.05), (0.10, 0.05), (0.20, 0.05), (0.10, 0.10), (0.10, 0.03)] {
        let goal = Goal { confidence: CONFIDENCE, power: 0.80, margin: loss, effect: 0.0 };
        let formula = ((z + normal_quantile(0.8)) / loss).powi(2) * differ;
        let design = format!("{:.0}% differ, margin {:.0} points", 100.0 * differ, 100.0 * loss);
        for (method, cases) in
            [("Assay's size", paired_binary_cases(differ, goal)), ("usual formula", Some(formula.ceil() as u64))]
        {
            let Some(cases) = cases else { continue };
            let reached = paired_power(cases, differ, goal).unwrap_or(f64::NAN);
            let line = power.share(&format!("{design}, {method}"), cases, "share that passes", reached);
            if method == "Assay's size" {
                line.must(Must::Reach(0.80));
            }
        }
    }
    Study {
        title: "Gates",
        text: "A gate passes when the interval rules out a loss beyond the margin. A candidate that is worse by \
               exactly the margin slips through at most one time in forty, on small suites less often. A gate of \
               the form \"fail only if the drop is significant\" does the opposite: on twenty cases it passes 98 to \
               100% of bad candidates, since too little data is taken for good news. Planned sizes keep their \
               promise of 80%; the usual formula delivers as little as 67% when few cases differ.",
        tables: vec![margin, lenient, power],
    }
}
