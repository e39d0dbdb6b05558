//! Items, item response theory and correlations.

use assay_stats::correlation::{kendall, pairwise_accuracy, pearson, spearman};
use assay_stats::irt::{Fit, Model, fit};
use assay_stats::items::item_analysis;
use serde_json::json;

use crate::race::{Races, Stream};

pub fn run(races: &Races) {
    let mut random = Stream(7);
    items(races, &mut random);
    correlations(races, &mut random);
}

fn items(races: &Races, random: &mut Stream) {
    let scores: Vec<Vec<Option<f64>>> =
        (0..200).map(|_| (0..50).map(|_| (random.next() > 0.1).then(|| random.below(2) as f64)).collect()).collect();
    let script = "import pandas as pd\n\
        def prepare(a): return pd.DataFrame(np.array(a, dtype=float))\n\
        def run(d):\n    \
        out = []\n    \
        for c in d.columns:\n        \
        s = pd.concat([d[c], d.drop(columns=c).mean(axis=1)], axis=1).dropna()\n        \
        out += [d[c].mean(), s.iloc[:, 0].corr(s.iloc[:, 1])]\n    \
        return out";
    races.add("item analysis", "pandas", script, &json!(scores), 1e-8, || {
        let found = item_analysis(&scores).expect("scores");
        found.iter().flat_map(|item| [item.mean.expect("runs"), item.discrimination.expect("runs")]).collect()
    });

    // 1,000 runs on 15 items.
    let parameters: Vec<(f64, f64)> =
        (0..15).map(|_| ((0.3 * random.normal()).exp(), random.normal().clamp(-1.5, 1.5))).collect();
    let runs: Vec<Vec<Option<bool>>> = (0..1_000)
        .map(|_| {
            let ability = random.normal();
            // A logistic error by way of a normal one of about its spread.
            parameters.iter().map(|(a, b)| Some(a * (ability - b) + 1.7 * random.normal() > 0.0)).collect()
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

fn correlations(races: &Races, random: &mut Stream) {
    let x = random.normals(100_000);
    let y: Vec<f64> = x.iter().map(|x| x + random.normal()).collect();
    let arrays = "from scipy import stats\ndef prepare(a): return [np.array(x) for x in a]\n";
    type Coefficient = fn(&[f64], &[f64]) -> Option<f64>;
    let of: [(&str, &str, Coefficient); 3] =
        [("pearson", "pearsonr", pearson), ("spearman", "spearmanr", spearman), ("kendall", "kendalltau", kendall)];
    for (name, function, coefficient) in of {
        let script = format!("{arrays}def run(d): return stats.{function}(*d).statistic");
        races.add(name, "scipy", &script, &json!([x, y]), 1e-9, || coefficient(&x, &y).into_iter().collect());
    }
    let (x, y) = (&x[..2_000], &y[..2_000]);
    let script = "def prepare(a): return [np.array(x) for x in a]\n\
        def run(d):\n    \
        i, j = np.triu_indices(len(d[0]), 1); return np.mean((d[0][i] - d[0][j]) * (d[1][i] - d[1][j]) > 0)";
    races.add("pairwise accuracy", "numpy", script, &json!([x, y]), 1e-12, || {
        pairwise_accuracy(x, y).into_iter().collect()
    });
}
