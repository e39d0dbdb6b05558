//! Raters.

use assay_stats::agreement::{Chance, Level, Ratings, Weights, cohen, icc, kappa, krippendorff, krippendorff_interval};
use assay_stats::raters::conger;
use serde_json::json;

use crate::race::{Races, Stream};

const TABLE: &str =
    "def table(a): return np.array([[np.nan if v is None else v for v in row] for row in a], dtype=float)\n";

/// Units rated by five on five categories, a fifth of the ratings missing.
fn ratings(random: &mut Stream, units: usize) -> Vec<Vec<Option<f64>>> {
    (0..units)
        .map(|_| {
            let truth = random.below(5);
            let mut one = || match random.below(10) {
                0 | 1 => None,
                2..=7 => Some(truth as f64),
                _ => Some(random.below(5) as f64),
            };
            (0..5).map(|_| one()).collect()
        })
        .collect()
}

pub fn run(races: &Races) {
    let mut random = Stream(1);
    let many = ratings(&mut random, 100_000);
    let script = format!(
        "import krippendorff\n{TABLE}def prepare(a): return table(a).T\n\
         def run(d): return krippendorff.alpha(d, level_of_measurement='ordinal')"
    );
    races.add("alpha ordinal", "krippendorff", &script, &json!(many), 1e-9, || {
        krippendorff(&many, Level::Ordinal).into_iter().collect()
    });
    let few = ratings(&mut random, 400);
    let script = format!(
        "import krippendorff\n{TABLE}def prepare(a):\n    t = table(a); return t[(~np.isnan(t)).sum(1) > 1]\n\
         def run(t):\n    \
         n = len(t); al = lambda m: krippendorff.alpha(m.T, level_of_measurement='ordinal')\n    \
         v = np.log(1 - np.array([al(np.delete(t, i, 0)) for i in range(n)]))\n    \
         return [al(t), np.sqrt((n - 1) / n * np.sum((v - v.mean()) ** 2))]"
    );
    races.add("jackknife ordinal", "krippendorff, each unit left out", &script, &json!(few), 1e-9, || {
        let found = krippendorff_interval(&few, Level::Ordinal, 0.95).expect("variation");
        vec![found.estimate, found.se]
    });
    coefficients(races, &ratings(&mut random, 5_000));

    let (a, b): (Vec<f64>, Vec<f64>) = (0..100_000)
        .map(|_| {
            let truth = random.below(5) as f64;
            (truth, if random.next() < 0.7 { truth } else { random.below(5) as f64 })
        })
        .unzip();
    let script = "from sklearn.metrics import cohen_kappa_score\n\
        def prepare(a): return [np.array(x, dtype=int) for x in a]\n\
        def run(d): return cohen_kappa_score(*d, weights='quadratic')";
    races.add("cohen quadratic", "scikit-learn", script, &json!([a, b]), 1e-9, || {
        cohen(&a, &b, Weights::Quadratic).map(|kappa| kappa.value).into_iter().collect()
    });

    let full: Vec<Vec<f64>> = (0..100)
        .map(|_| {
            let truth = 3.0 * random.normal();
            (0..5).map(|_| truth + random.normal()).collect()
        })
        .collect();
    let script = "import pandas as pd\n\
        from statsmodels.formula.api import ols\nfrom statsmodels.stats.anova import anova_lm\n\
        def prepare(a):\n    \
        return pd.DataFrame([(i, j, v) for i, r in enumerate(a) for j, v in enumerate(r)], columns=['u', 'r', 'v'])\n\
        def run(d):\n    \
        s = anova_lm(ols('v ~ C(u) + C(r)', d).fit())['mean_sq']; b, e = s['C(u)'], s['Residual']\n    \
        return [(b - e) / (b + 4 * e), 1 - e / b]";
    races.add("icc", "statsmodels", script, &json!(full), 1e-9, || {
        let (one, mean) = icc(&full, 0.95).expect("variation").two_way_mixed;
        vec![one.value, mean.value]
    });
}

/// Coefficients of many raters with their errors.
fn coefficients(races: &Races, ratings: &Ratings) {
    let categories = [0.0, 1.0, 2.0, 3.0, 4.0];
    for (name, method, chance) in [
        ("gwet quadratic", "gwet", Chance::Gwet),
        ("fleiss quadratic", "fleiss", Chance::Fleiss),
        ("bp quadratic", "bp", Chance::BrennanPrediger),
    ] {
        let script = format!(
            "import pandas as pd\nfrom irrCAC.raw import CAC\n{TABLE}def prepare(a): return pd.DataFrame(table(a))\n\
             def run(d):\n    \
             r = CAC(d, weights='quadratic', categories=[0., 1., 2., 3., 4.], digits=12).{method}()['est']\n    \
             return [r['coefficient_value'], r['se']]"
        );
        races.add(name, "irrCAC", &script, &json!(ratings), 1e-8, || {
            let found = kappa(ratings, &categories, chance, Weights::Quadratic).expect("variation");
            vec![found.value, found.se.expect("many units")]
        });
    }
    let script = format!(
        "import pandas as pd\nfrom irrCAC.raw import CAC\n{TABLE}def prepare(a): return pd.DataFrame(table(a))\n\
         def run(d):\n    \
         c = CAC(d, weights='identity', categories=[0., 1., 2., 3., 4.], digits=12)\n    \
         return c.conger()['est']['coefficient_value']"
    );
    races.add("conger", "irrCAC", &script, &json!(ratings), 1e-8, || conger(ratings).into_iter().collect());
}
