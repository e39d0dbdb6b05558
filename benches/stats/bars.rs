//! Resampling, sandwich errors and adjusted p-values.

use assay_stats::Item;
use assay_stats::bootstrap::bootstrap;
use assay_stats::mean::sandwich_errors;
use assay_stats::multiplicity::{benjamini_hochberg, hommel};
use assay_stats::paired::sign_flip;
use serde_json::json;

use crate::race::Races;

pub fn run(races: &Races) {
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    // Skewed, as latencies are.
    let values: Vec<f64> = (0..10_000).map(|_| -(1.0 - next()).ln()).collect();
    let groups: Vec<Vec<usize>> = (0..values.len()).map(|at| vec![at]).collect();
    let mean = |at: &[usize]| Some(at.iter().map(|i| values[*i]).sum::<f64>() / at.len() as f64);
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(d):\n    \
            i = stats.bootstrap((d,), np.mean, n_resamples=9999, method='BCa', batch=100, rng=np.random.default_rng(1)).confidence_interval\n    \
            return [i.low, i.high]";
    // Two random streams: the ends differ by about a thousandth.
    races.add("bootstrap BCa", "scipy", script, &json!(values), 5e-3, || {
        let drawn = bootstrap(&groups, mean, 9_999, 1).expect("it varies");
        let interval = drawn.bca(&groups, mean, 0.95).expect("it varies");
        vec![interval.lower, interval.upper]
    });
    let gaps: Vec<f64> = values[..1_000].iter().map(|v| v - 1.0).collect();
    let script = "from scipy import stats\n\
        def prepare(a): return np.array(a)\n\
        def run(d): return stats.permutation_test((d,), lambda x, axis: np.mean(x, axis=axis), permutation_type='samples', vectorized=True, n_resamples=9999, batch=1000, rng=np.random.default_rng(1)).pvalue";
    races.add("sign-flip", "scipy", script, &json!(gaps), 0.2, || sign_flip(&gaps, 9_999, 1).into_iter().collect());
    let clusters: Vec<u32> = (0..10_000).map(|at| at / 10).collect();
    let items: Vec<Item> = values
        .iter()
        .zip(&clusters)
        .map(|(value, cluster)| Item { value: *value, repeats: 1, cluster: Some(*cluster), weight: 1.0 })
        .collect();
    let script = "import statsmodels.api as sm\n\
        def prepare(a): return np.array(a[0]), np.array(a[1]), np.ones(len(a[0]))\n\
        def run(d): return sm.OLS(d[0], d[2]).fit(cov_type='cluster', cov_kwds={'groups': d[1]}).bse";
    races.add("CR0 CR1", "statsmodels", script, &json!([values, clusters]), 1e-9, || {
        sandwich_errors(&items).map(|(_, cr1)| cr1).into_iter().collect()
    });
    let p: Vec<f64> = (0..2_000).map(|_| next().powi(3)).collect();
    for (name, method, adjust) in
        [("bh", "fdr_bh", benjamini_hochberg as fn(&[f64]) -> Vec<f64>), ("hommel", "hommel", hommel)]
    {
        let script = format!(
            "from statsmodels.stats.multitest import multipletests\n\
             def prepare(a): return np.array(a)\n\
             def run(d): return multipletests(d, method='{method}')[1]"
        );
        races.add(name, "statsmodels", &script, &json!(p), 1e-10, || adjust(&p));
    }
}
