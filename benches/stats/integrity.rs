//! Item response theory.

use assay_stats::irt::{Fit, Model, fit};
use serde_json::json;

use crate::race::Races;

pub fn run(races: &Races) {
    // 2,000 runs on 100 items.
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut normal = || (0..12).map(|_| next()).sum::<f64>() - 6.0;
    let items: Vec<(f64, f64)> = (0..100).map(|_| ((0.3 * normal()).exp(), normal().clamp(-1.5, 1.5))).collect();
    let runs: Vec<Vec<Option<bool>>> = (0..2_000)
        .map(|_| {
            let ability = normal();
            // A logistic error by way of a normal one of about its spread.
            items.iter().map(|(a, b)| Some(a * (ability - b) + 1.7 * normal() > 0.0)).collect()
        })
        .collect();
    let table: Vec<Vec<u8>> = runs.iter().map(|run| run.iter().map(|a| u8::from(*a == Some(true))).collect()).collect();
    let script = "import girth\n\
        def prepare(a): return np.array(a, dtype=int).T\n\
        def run(d):\n    r = girth.twopl_mml(d); return np.r_[r['Discrimination'], r['Difficulty']] + 10";
    races.add("girth 2pl", "girth", script, &json!(table), 2e-3, || {
        let options = Fit { prior: None, tolerance: 1e-4, ..Fit::new(Model::TwoParameter) };
        let found: Vec<_> = fit(&runs, options).expect("a fit").items.into_iter().flatten().collect();
        let slopes = found.iter().map(|item| 10.0 + item.discrimination);
        slopes.chain(found.iter().map(|item| 10.0 + item.difficulty)).collect()
    });
}
