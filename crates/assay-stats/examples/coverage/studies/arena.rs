use assay_stats::arena::{Battle, Ties, rank};
use rand::RngExt;

use super::{CONFIDENCE, Must, Shares, Study, Table, Tally, brief, fewer, stream};

const STRENGTHS: [f64; 5] = [0.8, 0.4, 0.0, -0.4, -0.8];
const JUDGES: usize = 4;

pub fn study(trials: usize) -> Study {
    let mut table =
        Table::new("Coverage of a log strength, five models, four judges per prompt", Shares::Covered(0.95));
    for (at, (design, same)) in
        [("judges independent", 0.0), ("judges agree half of the time", 0.5)].into_iter().enumerate()
    {
        let sizes: &[usize] = if brief(trials) { &[100] } else { &[50, 100, 200] };
        for prompts in sizes.iter().copied() {
            let mut random = stream(15, 1000 * at + prompts);
            let (mut clustered, mut independent) = (Tally::default(), Tally::default());
            for _ in 0..fewer(trials, 50) {
                let mut battles = Vec::with_capacity(prompts * JUDGES);
                for prompt in 0..prompts {
                    let a = random.random_range(0..STRENGTHS.len());
                    let b = (a + random.random_range(1..STRENGTHS.len())) % STRENGTHS.len();
                    let wins = 1.0 / (1.0 + (STRENGTHS[b] - STRENGTHS[a]).exp());
                    // Judges who go along share one draw, so that each still follows the model.
                    let shared: f64 = random.random();
                    for _ in 0..JUDGES {
                        let own: f64 = random.random();
                        let u = if random.random::<f64>() < same { shared } else { own };
                        let cluster = u32::try_from(prompt).ok();
                        battles.push(Battle { cluster, ..Battle::new(a, b, f64::from(u8::from(u < wins))) });
                    }
                }
                let count = |tally: &mut Tally, battles: &[Battle]| {
                    if let Ok(ranking) = rank(STRENGTHS.len(), battles, Ties::Half) {
                        for (interval, truth) in ranking.intervals(CONFIDENCE).into_iter().flatten().zip(STRENGTHS) {
                            tally.interval(Some(interval), truth);
                        }
                    }
                };
                count(&mut clustered, &battles);
                for battle in &mut battles {
                    battle.cluster = None;
                }
                count(&mut independent, &battles);
            }
            let line = table.line(design, prompts, "by prompt", &clustered);
            if prompts >= 100 {
                line.must(Must::Be(0.95));
            }
            table.line(design, prompts, "ignoring prompts", &independent);
        }
    }
    Study {
        title: "Rankings from preferences",
        text: "Several judgements of one prompt are not independent. With the prompt named as the cluster, \
               intervals of strengths are near their level from fifty prompts on; without it they cover 86% as soon \
               as judges agree half of the time, and more prompts do not help. The column n counts prompts.",
        tables: vec![table],
    }
}
