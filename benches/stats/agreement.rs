//! Raters.

use assay_stats::agreement::{Level, krippendorff};
use serde_json::json;

use crate::race::Races;

pub fn run(races: &Races) {
    // 100,000 units rated by five on five categories, a fifth of the ratings missing.
    let mut state = 1u64;
    let mut next = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let units: Vec<Vec<Option<f64>>> = (0..100_000)
        .map(|_| {
            let truth = next(5);
            (0..5)
                .map(|_| match next(10) {
                    0 | 1 => None,
                    2..=7 => Some(truth as f64),
                    _ => Some(next(5) as f64),
                })
                .collect()
        })
        .collect();
    let script = "import krippendorff\n\
        def prepare(a): return np.array(a, dtype=float).T\n\
        def run(d): return krippendorff.alpha(d, level_of_measurement='ordinal')";
    races.add("alpha ordinal", "krippendorff", script, &json!(units), 1e-9, || {
        krippendorff(&units, Level::Ordinal).into_iter().collect()
    });
}
