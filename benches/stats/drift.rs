//! Drift and monitoring.

use assay_stats::drift::change::{Adwin, PageHinkley, alarms};
use assay_stats::drift::distribution::{kolmogorov_smirnov, wasserstein};
use assay_stats::drift::season::stl;
use serde_json::json;

use crate::race::Races;

pub fn run(races: &Races) {
    let mut state = 3u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let stream: Vec<f64> = (0..100_000).map(|i| next() + if i >= 60_000 { 0.5 } else { 0.0 }).collect();
    let river = |class: &str| {
        format!(
            "from river import drift\ndef prepare(a): return a\ndef run(d):\n    t = drift.{class}(); found = []\n    \
             for i, x in enumerate(d):\n        t.update(x)\n        if t.drift_detected: found.append(i)\n    \
             return [len(found)] + found"
        )
    };
    let places = |found: Vec<usize>| -> Vec<f64> {
        std::iter::once(found.len()).chain(found).map(|place| place as f64).collect()
    };
    races.add("PageHinkley", "river", &river("PageHinkley"), &json!(stream), 0.0, || {
        places(alarms(&mut PageHinkley::default(), &stream).expect("finite values"))
    });
    races.add("ADWIN", "river", &river("ADWIN"), &json!(stream), 0.0, || {
        places(alarms(&mut Adwin::default(), &stream).expect("finite values"))
    });
    let (a, b) = stream.split_at(50_000);
    let two = "from scipy import stats\ndef prepare(a): return [np.array(x) for x in a]\n";
    let script = format!("{two}def run(d):\n    r = stats.ks_2samp(*d); return [r.statistic, r.pvalue]");
    races.add("ks_2samp", "scipy", &script, &json!([a, b]), 1e-8, || {
        let test = kolmogorov_smirnov(a, b).expect("finite values");
        vec![test.statistic, test.p]
    });
    let script = format!("{two}def run(d): return stats.wasserstein_distance(*d)");
    races.add("wasserstein_distance", "scipy", &script, &json!([a, b]), 1e-9, || {
        vec![wasserstein(a, b).expect("finite values")]
    });
    // Six months of half hours with a daily season.
    let half_hours: Vec<f64> =
        (0..8736).map(|i| (f64::from(i) * std::f64::consts::TAU / 48.0).sin() + next()).collect();
    let script = "from statsmodels.tsa.seasonal import STL\ndef prepare(a): return np.array(a)\n\
        def run(d): return STL(d, period=48, seasonal=7, robust=True).fit().trend";
    races.add("stl robust", "statsmodels", script, &json!(half_hours), 1e-6, || {
        stl(&half_hours, 48, 7, true).expect("finite values").trend
    });
}
