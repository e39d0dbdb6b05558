//! A judge's 100,000 verdicts against 2,000 labels by three people: `cargo bench -p assay-analysis --bench calibration`.
//! Fails when a certificate takes a second.

use std::collections::HashMap;
use std::time::Instant;

use assay_analysis::certificate::{Calibrating, Verdict};
use assay_analysis::labels::{Coding, Truth};
use assay_core::{Digest, Direction, ScoreKind};

const CASES: u32 = 50_000;
const LABELLED: u32 = 1_000;

fn coin(seed: u32) -> f64 {
    let x = u64::from(seed).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x ^ (x >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 11) as f64 / (1u64 << 53) as f64
}

fn main() {
    for score in [ScoreKind::Binary, ScoreKind::Bounded { lo: 0.0, hi: 1.0 }] {
        let level = |x: f64| if score == ScoreKind::Binary { x.round() } else { (4.0 * x).round() / 4.0 };
        let (mut verdicts, mut truths) = (Vec::new(), HashMap::new());
        for case in 0..CASES {
            for arm in 0..2 {
                let seed = 2 * case + arm as u32;
                let item = Digest::of_bytes(&seed.to_le_bytes());
                let said = |who: u32| level((coin(seed) + 0.3 * (coin(seed ^ (who << 20)) - 0.5)).clamp(0.0, 1.0));
                verdicts.push(Verdict {
                    item,
                    case: format!("case {case}"),
                    cluster: case,
                    clustered: false,
                    arm,
                    epoch: 0,
                    value: Ok(said(1)),
                    metadata: vec![("language".into(), ["de", "en", "fr"][case as usize % 3].into())],
                });
                if case < LABELLED {
                    let raters: Vec<(usize, f64)> = (0..3).map(|rater| (rater, said(rater as u32 + 2))).collect();
                    let mean = raters.iter().map(|(_, value)| value).sum::<f64>() / 3.0;
                    let value = Some(if score == ScoreKind::Binary { mean.round() } else { mean });
                    truths.insert(item, Truth { value, random: true, chance: None, raters, labelled_us: Some(0) });
                }
            }
        }
        let names = ["ann", "bob", "cy"].map(str::to_owned);
        let slices = [assay_core::SliceDecl::Key("language".into())];
        let started = Instant::now();
        let made = Calibrating {
            judge: "judge",
            fingerprint: Digest::of_bytes(b"judge"),
            criterion: "judge",
            coding: Coding { score, positive: vec![], scale: None },
            direction: Direction::Higher,
            threshold: Some(0.5),
            runs: Vec::new(),
            arms: vec!["base".into(), "candidate".into()],
            verdicts: &verdicts,
            truths: (&truths, &names),
            swapped: None,
            orders: &[],
            slices: &slices,
            margin: 0.05,
            confidence: 0.95,
            epsilon: 0.15,
            now_us: 0,
            labels_digest: Digest::of_bytes(b"labels"),
            canaries: 50,
        }
        .certificate();
        let took = started.elapsed();
        println!("{score:?}: {} verdicts, {} labels: {:.0} ms", made.judged, made.labels, took.as_secs_f64() * 1e3);
        assert!(took.as_secs_f64() < 1.0, "a certificate takes longer than a second");
    }
}
