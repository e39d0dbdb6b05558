use assay_stats::{Kind, Pair, difference};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, StandardNormal};

use super::clusters::sizes;
use super::{CONFIDENCE, Must, Shares, Study, Table, Tally, fewer, stream};

/// A difference of a bounded score, given as the candidate's value against a baseline of ½ or so.
fn draw(design: &str, random: &mut ChaCha8Rng) -> f64 {
    let u: f64 = random.random();
    match design {
        "3% of cases drop from 1 to 0" => -f64::from(u8::from(u < 0.03)),
        "5% drop, 2% rise" if u < 0.05 => -1.0,
        "5% drop, 2% rise" => f64::from(u8::from(u < 0.07)),
        "half steps" if u < 0.05 => -0.5,
        "half steps" if u < 0.08 => 0.5,
        "half steps" => -f64::from(u8::from(u < 0.09)),
        _ if u < 0.02 => -0.9,
        _ => {
            let noise: f64 = StandardNormal.sample(random);
            0.03 * noise
        }
    }
}

/// A pair with this difference, not 0 or 1 in each epoch, so that it counts as a bounded score.
fn pair(difference: f64, cluster: Option<u32>) -> Pair {
    let candidate = if difference < 0.0 { 0.0 } else { difference };
    Pair { candidate, baseline: candidate - difference, repeats: 1, cluster, weight: 1.0 }
}

const BOUNDED: Kind = Kind::Bounded { lo: 0.0, hi: 1.0 };

pub fn study(trials: usize) -> Study {
    let mut apart =
        Table::new("Lower ends above the truth (a loss is missed), independent cases", Shares::Alarms(0.025));
    let designs = [
        ("3% of cases drop from 1 to 0", -0.03),
        ("5% drop, 2% rise", -0.03),
        ("half steps", -0.02),
        ("small noise, 2% catastrophes", -0.018),
    ];
    for (at, (design, truth)) in designs.into_iter().enumerate() {
        for n in [15usize, 30, 60, 120, 250] {
            let mut random = stream(7, 1000 * at + n);
            let (mut shown, mut gate) = (Tally::default(), Tally::default());
            for _ in 0..if n <= 20 { fewer(trials, 10) } else { fewer(trials, 2) } {
                let pairs: Vec<Pair> = (0..n).map(|_| pair(draw(design, &mut random), None)).collect();
                let got = difference(&pairs, BOUNDED, CONFIDENCE, 0);
                shown.interval(got.estimate.interval, truth);
                gate.interval(got.gate_interval, truth);
            }
            let line = apart.line(design, n, "plus-two guard", &gate.too_high());
            if n <= 120 {
                line.must(Must::Stay(0.03));
            }
            apart.line(design, n, "t", &shown.too_high());
        }
    }
    let mut together =
        Table::new("Lower ends above the truth, drops that come in clusters (7% drop, 2% rise)", Shares::Alarms(0.025));
    if let Ok(of_cluster) = Beta::new(0.35, 0.35 * (1.0 - 0.07) / 0.07) {
        for equal in [true, false] {
            for clusters in [10usize, 20, 40, 100] {
                let sizes = sizes(clusters, equal);
                let mut random = stream(8, 2 * clusters + usize::from(equal));
                let (mut shown, mut gate) = (Tally::default(), Tally::default());
                for _ in 0..fewer(trials, 5) {
                    let mut pairs = Vec::new();
                    for (cluster, size) in (0u32..).zip(&sizes) {
                        let drop = of_cluster.sample(&mut random);
                        for _ in 0..*size {
                            let (u, v): (f64, f64) = (random.random(), random.random());
                            let d = if u < drop { -1.0 } else { f64::from(u8::from(v < 0.02 / 0.93)) };
                            pairs.push(pair(d, Some(cluster)));
                        }
                    }
                    let got = difference(&pairs, BOUNDED, CONFIDENCE, 0);
                    shown.interval(got.estimate.interval, -0.05);
                    gate.interval(got.gate_interval, -0.05);
                }
                let design = if equal { "5 cases each" } else { "1 to 25 cases" };
                together.line(design, clusters, "plus-two guard", &gate.too_high());
                together.line(design, clusters, "t", &shown.too_high());
            }
        }
    }
    Study {
        title: "Rare large losses",
        text: "A candidate that fails badly on one case in fifty looks flawless on a sample that has not met such a \
               case. The t interval then promises a small loss that is not true, up to half of the time. The guard \
               that Assay's gates add, two imagined cases at the ends of the range, ends this for up to about a \
               hundred independent cases; at 250 cases losses without any gain are still missed 5% of the time \
               instead of 2.5%. For losses that come in clusters it helps but does not cure: 4 to 9% with twenty \
               clusters or more. A gate over clusters therefore needs fifteen degrees of freedom before it may \
               pass; give it a margin with room to spare. In the second table n counts clusters.",
        tables: vec![apart, together],
    }
}
