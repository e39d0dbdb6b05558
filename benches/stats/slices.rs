//! Slices and forecasts.

use assay_stats::forecasts::{Window, diebold_mariano};
use assay_stats::slices::{Outcome, Search, discover};
use serde_json::json;

use crate::race::{Races, Stream};

/// 5,000 cases with six attributes of four values, of which the first are common.
pub fn run(races: &Races) {
    let mut random = Stream(17);
    let columns: Vec<Vec<Option<u32>>> =
        (0..6).map(|_| (0..5_000).map(|_| Some((random.next() * random.next() * 4.0) as u32)).collect()).collect();
    let right: Vec<Option<bool>> = (0..5_000)
        .map(|case| Some(random.next() < if columns[0][case] == columns[1][case] { 0.6 } else { 0.8 }))
        .collect();
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
    let (a, b) = (random.normals(100_000), random.normals(100_000));
    let script = "from scipy import stats\n\
        def prepare(a): return [np.array(x) for x in a]\n\
        def run(a):\n    \
        d = a[0] - a[1]; n, h = len(d), 12; e = d - d.mean(); c = np.array([e[:n - k] @ e[k:] / n for k in range(h)])\n    \
        s = d.mean() / np.sqrt((c[0] + 2 * np.sum((1 - np.arange(1, h) / h) * c[1:])) / n)\n    \
        s *= np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n); return [s, 2 * stats.t.sf(abs(s), n - 1)]";
    races.add("diebold bartlett", "numpy", script, &json!([a, b]), 1e-7, || {
        let test = diebold_mariano(&a, &b, 12, Window::Bartlett, 0.95).expect("they vary");
        vec![test.statistic, test.p]
    });
}
