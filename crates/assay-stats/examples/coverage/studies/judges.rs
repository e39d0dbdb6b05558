use assay_stats::calibration::{DoubleSample, Label, double_sampling, prediction_powered, rogan_gladen};
use assay_stats::paired::bonett_price;
use assay_stats::proportion::{critical, wilson};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{CONFIDENCE, Must, Shares, Study, Table, Tally, around, brief, fewer, mean_sd, stream};

/// What a judge with this sensitivity and specificity says.
fn verdict(truth: bool, sensitivity: f64, specificity: f64, random: &mut ChaCha8Rng) -> bool {
    let right = random.random::<f64>() < if truth { sensitivity } else { specificity };
    right == truth
}

fn number(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

fn levels(trials: usize) -> Table {
    let mut table =
        Table::new("Coverage of a true pass rate: 1,000 judged cases, n of them labelled too", Shares::Covered(0.95));
    let z = critical(CONFIDENCE);
    let judges = [(0.8, 0.95, 0.85), (0.8, 0.9, 0.6), (0.95, 0.97, 0.7)];
    for (at, (rate, sensitivity, specificity)) in judges.into_iter().enumerate() {
        for n in [30usize, 50, 100, 200, 400] {
            let mut random = stream(9, 1000 * at + n);
            let mut tallies = [Tally::default(); 5];
            for trial in 0..fewer(trials, 10) {
                let cases: Vec<(bool, bool)> = (0..1000)
                    .map(|_| {
                        let truth = random.random::<f64>() < rate;
                        (truth, verdict(truth, sensitivity, specificity, &mut random))
                    })
                    .collect();
                let count = |cases: &[(bool, bool)], holds: fn(&(bool, bool)) -> bool| {
                    cases.iter().filter(|case| holds(case)).count() as u64
                };
                let labelled = &cases[..n];
                let sample = DoubleSample {
                    judged: 1000,
                    judged_pass: count(&cases, |c| c.1),
                    labelled_pass: count(labelled, |c| c.1),
                    true_of_pass: count(labelled, |c| c.0 && c.1),
                    labelled_fail: count(labelled, |c| !c.1),
                    true_of_fail: count(labelled, |c| c.0 && !c.1),
                };
                if trial < fewer(trials, 50) && (!brief(trials) || at == 1 && (50..=200).contains(&n)) {
                    let got = double_sampling(sample, CONFIDENCE, trial as u64);
                    tallies[0].interval(got.ok().map(|c| c.interval), rate);
                }
                let labels: Vec<Label> = labelled
                    .iter()
                    .map(|(truth, judge)| Label { truth: number(*truth), judge: number(*judge), cluster: None })
                    .collect();
                let rest: Vec<(f64, Option<u32>)> =
                    cases[n..].iter().map(|(_, judge)| (number(*judge), None)).collect();
                let got = prediction_powered(&labels, &rest, None, CONFIDENCE);
                tallies[1].interval(got.ok().map(|p| p.corrected.interval), rate);
                let good = count(labelled, |c| c.0);
                let right = |k: u64, n: u64| (k, n);
                let gladen = rogan_gladen(
                    (sample.judged_pass, 1000),
                    right(sample.true_of_pass, good),
                    right(sample.labelled_fail - sample.true_of_fail, n as u64 - good),
                    CONFIDENCE,
                );
                tallies[2].interval(gladen.map(|c| c.interval), rate);
                tallies[3].interval(wilson(good as f64, n as f64, z), rate);
                tallies[4].interval(wilson(sample.judged_pass as f64, 1000.0, z), rate);
            }
            let design = format!("{:.0}%, sensitivity {sensitivity}, specificity {specificity}", 100.0 * rate);
            let names = ["double sampling", "PPI++", "Rogan–Gladen", "labels alone", "judge as if right"];
            for (name, tally) in names.into_iter().zip(&tallies).filter(|(_, tally)| tally.defined > 0.0) {
                let line = table.line(&design, n, name, tally);
                if name == "double sampling" {
                    line.must(Must::Reach(0.95));
                }
            }
        }
    }
    table
}

fn differences(trials: usize) -> Table {
    let mut table = Table::new(
        "Coverage of a paired difference of −3 points: 500 judged cases and n labelled ones",
        Shares::Covered(0.95),
    );
    let z = critical(CONFIDENCE);
    for (at, (design, sensitivity, specificity)) in
        [("same errors in both arms", 0.95, 0.85), ("judge lenient to the candidate", 0.97, 0.65)]
            .into_iter()
            .enumerate()
    {
        for n in [50usize, 100, 200, 400] {
            let mut random = stream(10, 1000 * at + n);
            let mut tallies = [Tally::default(); 4];
            for _ in 0..fewer(trials, 10) {
                // 12% of cases differ: 4.5% for the better, 7.5% for the worse; the baseline passes 85%.
                let cases: Vec<(f64, f64)> = (0..500 + n)
                    .map(|_| {
                        let u: f64 = random.random();
                        let (baseline, candidate) = (u < 0.85, u < 0.775 || (0.85..0.895).contains(&u));
                        let judged = number(verdict(candidate, sensitivity, specificity, &mut random))
                            - number(verdict(baseline, 0.95, 0.85, &mut random));
                        (number(candidate) - number(baseline), judged)
                    })
                    .collect();
                let labels: Vec<Label> = cases[..n]
                    .iter()
                    .map(|(truth, judge)| Label { truth: *truth, judge: *judge, cluster: None })
                    .collect();
                let rest: Vec<(f64, Option<u32>)> = cases[n..].iter().map(|(_, judge)| (*judge, None)).collect();
                for (tally, guard) in [(0, Some(1.0)), (1, None)] {
                    let got = prediction_powered(&labels, &rest, guard, CONFIDENCE);
                    tallies[tally].interval(got.ok().map(|p| p.corrected.interval), -0.03);
                }
                let differ = |sign: f64| cases[..n].iter().filter(|(truth, _)| *truth == sign).count() as u64;
                tallies[2].interval(bonett_price(differ(1.0), differ(-1.0), n as u64, z), -0.03);
                let judged: Vec<f64> = cases.iter().map(|(_, judge)| *judge).collect();
                let (mean, sd) = mean_sd(&judged);
                tallies[3].interval(Some(around(mean, z * sd / (judged.len() as f64).sqrt())), -0.03);
            }
            let names = ["PPI++ with guard", "PPI++", "labels alone", "judge as if right"];
            for (name, tally) in names.into_iter().zip(&tallies) {
                let line = table.line(design, n, name, tally);
                if name == "PPI++ with guard" {
                    line.must(Must::Reach(0.95));
                }
            }
        }
    }
    table
}

pub fn study(trials: usize) -> Study {
    Study {
        title: "Scores of a judge, corrected by labels",
        text: "The interval of a judge's raw pass rate is narrow around the wrong number: at a true rate of 95% it \
               contains the truth half of the time, and for a judge that is lenient to one arm the raw difference \
               almost never does, however many cases there are. Double sampling, which Assay uses for pass rates, \
               is near its level from thirty labels on. PPI++ needs about four hundred labels at a rate of 95%, \
               since fewer seldom contain enough of the judge's errors; for differences the guard makes up for \
               that. Rogan and Gladen's is safe but much wider, and undefined when few failures were labelled. Only \
               labels of both arms show a judge's leniency.",
        tables: vec![levels(trials), differences(trials)],
    }
}
