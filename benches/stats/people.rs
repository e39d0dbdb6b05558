//! Labels from many raters.

use assay_stats::raters::{Vote, dawid_skene, mace};
use serde_json::json;

use crate::race::Races;

pub fn run(races: &Races) {
    // 5,000 items with five labels each of four classes, by 50 raters.
    let mut state = 7u64;
    let mut next = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut votes = Vec::new();
    for item in 0..5000 {
        let (truth, first) = (next(4), next(50));
        for k in 0..5 {
            let rater = (first + 7 * k) % 50;
            let right = next(10) < 4 + rater % 6;
            let label = if right { truth } else { next(4) } as usize;
            votes.push(Vote { item, rater: rater as usize, label });
        }
    }
    let asked: Vec<[usize; 3]> = votes.iter().map(|v| [v.item, v.rater, v.label]).collect();
    let rounds = dawid_skene(&votes, 4, 100, 1e-5).map_or(0, |fit| fit.iterations);
    let script = "import pandas as pd\n\
        from crowdkit.aggregation.classification import DawidSkene\n\
        def prepare(a): return pd.DataFrame(a[0], columns=['task', 'worker', 'label']), a[1]\n\
        def run(d): return DawidSkene(n_iter=d[1], tol=-np.inf).fit(d[0]).probas_.sort_index().values[:50]";
    races.add("dawid-skene", "crowd-kit", script, &json!([asked, rounds]), 1e-4, || {
        let fit = dawid_skene(&votes, 4, 100, 1e-5).into_iter();
        fit.flat_map(|fit| fit.posteriors.into_iter().take(50).flatten()).map(|p| p.max(1e-10)).collect()
    });
    let script = "import pandas as pd\n\
        from crowdkit.aggregation.classification import MACE\n\
        def prepare(a): return pd.DataFrame(a, columns=['task', 'worker', 'label'])\n\
        def run(d):\n    \
        m = MACE(); m.fit(d); t, tn = pd.factorize(d.task); w, wn = pd.factorize(d.worker); l, ln = pd.factorize(d.label)\n    \
        return m._e_step(d.copy(), tn, wn, ln, t, w, l)[0]";
    races.add("mace", "crowd-kit", script, &json!(asked), 1e-2, || {
        mace(&votes, 4, 10, 1).into_iter().map(|fit| fit.log_likelihood).collect()
    });
}
