//! Slice discovery.

use assay_stats::slices::{Outcome, Search, discover};
use serde_json::json;

use crate::race::Races;

/// 5,000 cases with six attributes of four values, of which the first are common.
pub fn run(races: &Races) {
    let mut state = 17u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let columns: Vec<Vec<Option<u32>>> =
        (0..6).map(|_| (0..5_000).map(|_| Some((next() * next() * 4.0) as u32)).collect()).collect();
    let right: Vec<Option<bool>> =
        (0..5_000).map(|case| Some(next() < if columns[0][case] == columns[1][case] { 0.6 } else { 0.8 })).collect();
    // t is NaN for none of these slices: all are large.
    let script = "import pandas as pd\nfrom divexplorer import DivergenceExplorer\n\
        def prepare(a):\n    \
            d = pd.DataFrame({f'c{i}': c for i, c in enumerate(a[0])}).astype(object)\n    \
            d['y'] = [float(v) for v in a[1]]\n    \
            return d\n\
        def run(d):\n    \
            names = [c for c in d.columns if c != 'y']\n    \
            r = DivergenceExplorer(d).get_pattern_divergence(\
                min_support=0.02, attributes=names, boolean_outcomes=['y'])\n    \
            r = r[r['itemset'].map(len) > 0]\n    \
            return [len(r), r['support_count'].sum(), r['y_div'].abs().sum(), r['y_t'].sum()]";
    let search = Search { support: 0.02, cases: 1, items: 6 };
    races.add("divexplorer rate", "divexplorer", script, &json!([columns, right]), 1e-8, || {
        let found = discover(&columns, Outcome::Rate(&right), search).expect("cases").patterns;
        vec![
            found.len() as f64,
            found.iter().map(|slice| slice.support as f64).sum(),
            found.iter().map(|slice| slice.divergence.abs()).sum(),
            found.iter().map(|slice| slice.t.expect("an outcome that varies")).sum(),
        ]
    });
}
