//! `assay stats drift`: whether a table's columns have changed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_stats::drift::distribution::{
    Distance, Distances, Evidently, anderson_darling, categorical_distances, evidently, independence,
    kolmogorov_smirnov, numeric_distances, psi_expected, wasserstein_interval,
};
use assay_stats::drift::embedding::{domain_classifier, mmd};
use assay_stats::multiplicity::holm;
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Whether columns of a current table are distributed as in a reference. Each distance comes with what it is without drift
/// and a permutation p. Drift, exit code 1: p by Holm's method over the columns below 1 − confidence, and an effect from
/// `--effect` on. Numbers are compared on ten bins with equal shares of the reference; other columns as categories; vectors,
/// such as embeddings, by a kernel test (MMD) and by how well a classifier tells the two tables apart.
#[derive(Args)]
pub struct Drift {
    /// The table without drift.
    reference: PathBuf,
    /// The table to look at.
    current: PathBuf,
    /// A column; can be repeated.
    #[arg(long = "column", required_unless_present = "vectors")]
    columns: Vec<String>,
    /// A column of vectors, as lists such as [0.1, 0.2]; can be repeated. Its effect is 2·AUC − 1 of the classifier.
    #[arg(long = "vector")]
    vectors: Vec<String>,
    /// The least effect that counts: total variation of categories (share of cases that moved), Wasserstein of numbers in
    /// standard deviations of the reference.
    #[arg(long, default_value_t = 0.1)]
    effect: f64,
    /// Shuffles of the pooled cases behind each p.
    #[arg(long, default_value_t = 999, value_parser = clap::value_parser!(u32).range(99..=99_999))]
    permutations: u32,
    /// Seed of the shuffles.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

/// One column, compared.
struct Found {
    json: Value,
    distances: Distances,
    p: f64,
    effect: f64,
    interval: Option<(f64, f64)>,
    test: String,
    evidently: bool,
}

/// One column of vectors, compared.
struct Cloud {
    json: Value,
    p: f64,
    effect: f64,
    text: String,
}

impl Drift {
    pub fn answer(self) -> Result<Answer, Failure> {
        if !(0.0..=10.0).contains(&self.effect) {
            return Err(usage("--effect: a number from 0 to 10 is expected, such as 0.1"));
        }
        let (reference, current) = (Table::read(&self.reference)?, Table::read(&self.current)?);
        let mut found = Vec::new();
        for column in &self.columns {
            found.push(self.column(&reference, &current, column)?);
        }
        let clouds =
            self.vectors.iter().map(|name| self.cloud(&reference, &current, name)).collect::<Result<Vec<_>, _>>()?;
        let adjusted = holm(&found.iter().map(|f| f.p).chain(clouds.iter().map(|c| c.p)).collect::<Vec<_>>());
        let alpha = 1.0 - self.confidence.level;
        let mut columns = serde_json::Map::new();
        let (mut rows, mut drifted, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for ((name, cloud), p) in self.vectors.iter().zip(clouds).zip(&adjusted[self.columns.len()..]) {
            let drift = *p <= alpha && cloud.effect >= self.effect;
            if drift {
                drifted.push(name.clone());
            }
            let verdict = verdict(drift, *p <= alpha);
            lines.push(format!("{name}: {verdict} (effect {:.3}, p {p:.3}; {})", cloud.effect, cloud.text));
            let mut json = cloud.json;
            json["p_adjusted"] = json!(p);
            json["drift"] = json!(drift);
            columns.insert(name.clone(), json);
        }
        for ((name, found), p) in self.columns.iter().zip(found).zip(adjusted) {
            let drift = p <= alpha && found.effect >= self.effect;
            if drift {
                drifted.push(name.clone());
            }
            let verdict = verdict(drift, p <= alpha);
            let d = &found.distances;
            for (distance, value, interval) in [
                ("PSI", Some(d.psi), None),
                ("Wasserstein / sd", d.wasserstein, found.interval),
                ("Jensen–Shannon", Some(d.jensen_shannon), None),
                ("Hellinger", Some(d.hellinger), None),
                ("total variation", Some(d.total_variation), None),
            ] {
                let Some(value) = value else { continue };
                let interval = interval.map(|(lower, upper)| assay_stats::Interval { lower, upper });
                rows.push(vec![
                    name.clone(),
                    distance.into(),
                    number(Some(value.value)),
                    number(Some(value.expected)),
                    range(interval),
                    format!("{:.3}", value.p),
                ]);
            }
            let preset = if found.evidently == drift {
                ""
            } else if found.evidently {
                "; Evidently's preset says drift"
            } else {
                "; Evidently's preset says none"
            };
            lines.push(format!("{name}: {verdict} (effect {:.3}, p {p:.3}; {}{preset})", found.effect, found.test));
            let mut json = found.json;
            json["p_adjusted"] = json!(p);
            json["drift"] = json!(drift);
            json["evidently_preset_drift"] = json!(found.evidently);
            columns.insert(name.clone(), json);
        }
        let many = self.columns.len() + self.vectors.len();
        let first = if drifted.is_empty() {
            format!("no drift in {many} column{}", if many == 1 { "" } else { "s" })
        } else {
            format!("drift in {} of {many} columns: {}", drifted.len(), drifted.join(", "))
        };
        let header = ["column", "distance", "value", "without drift", &level(self.confidence.level), "p"];
        let json = json!({"drifted": drifted, "effect_that_counts": self.effect, "alpha": alpha,
                          "permutations": self.permutations, "seed": self.seed, "columns": columns});
        Ok(Answer::new(json).line(first).lines(lines).table(&header, rows, &[2, 3, 5]).alarm(!drifted.is_empty()))
    }

    /// A column of vectors, compared as clouds of points.
    fn cloud(&self, reference: &Table, current: &Table, column: &str) -> Result<Cloud, Failure> {
        let failed = |error: assay_stats::drift::Undefined| usage(format!("column `{column}`: {error}"));
        let (before, after) = (reference.vectors(column)?, current.vectors(column)?);
        let missing = [&before, &after].map(|side| side.iter().filter(|vector| vector.is_none()).count());
        let (a, b): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            (before.into_iter().flatten().collect(), after.into_iter().flatten().collect());
        if let (Some(first), Some(second)) = (a.first(), b.first())
            && first.len() != second.len()
        {
            return Err(usage(format!(
                "column `{column}`: {} numbers in the reference, {} in the current table; were they made by one model?",
                first.len(),
                second.len()
            )));
        }
        let kernel = mmd(&a, &b, self.permutations as usize, self.seed).map_err(failed)?;
        let apart = domain_classifier(&a, &b, self.confidence.level, self.seed).map_err(failed)?;
        let effect = (2.0 * apart.auc - 1.0).max(0.0);
        let text = format!(
            "MMD² {:.4}; a classifier tells the tables apart with AUC {:.3} ({})",
            kernel.squared,
            apart.auc,
            range(apart.interval)
        );
        let features: Vec<Value> =
            apart.features.iter().map(|(at, weight)| json!({"dimension": at, "coefficient": weight})).collect();
        let json = json!({
            "kind": "vector", "n": [a.len(), b.len()], "missing": missing, "width": a.first().map(Vec::len),
            "mmd": {"squared": kernel.squared, "p": kernel.p, "bandwidth": kernel.bandwidth},
            "classifier": {"auc": apart.auc, "interval": bounds(apart.interval), "drift": apart.drift, "dimensions": features},
            "effect": effect, "p": kernel.p,
        });
        Ok(Cloud { json, p: kernel.p, effect, text })
    }

    fn column(&self, reference: &Table, current: &Table, column: &str) -> Result<Found, Failure> {
        let failed = |error: assay_stats::drift::Undefined| usage(format!("column `{column}`: {error}"));
        let permutations = self.permutations as usize;
        let missing = |total: usize, kept: usize| total - kept;
        let numbers = (reference.numbers(column), current.numbers(column));
        if let (Ok(before), Ok(after)) = numbers {
            let totals = (before.len(), after.len());
            let (a, b): (Vec<f64>, Vec<f64>) =
                (before.into_iter().flatten().collect(), after.into_iter().flatten().collect());
            let distinct = distinct(&a);
            // A number with few values, such as a grade or a flag, has no quantiles to speak of.
            if distinct > 5 {
                let distances = numeric_distances(&a, &b, 10, permutations, self.seed).map_err(failed)?;
                let ks = kolmogorov_smirnov(&a, &b).map_err(failed)?;
                let ad = anderson_darling(&[&a, &b]).map_err(failed)?;
                let w =
                    distances.wasserstein.ok_or_else(|| usage(format!("column `{column}`: all values are equal")))?;
                // Redrawing costs as much as shuffling; 199 suffice for an interval to look at.
                let interval = wasserstein_interval(&a, &b, self.confidence.level, 199, self.seed).map_err(failed)?;
                let preset = match evidently(totals.0, distinct, true) {
                    Evidently::KolmogorovSmirnov(p) => ks.p < p,
                    Evidently::Wasserstein(far) => w.value >= far,
                    _ => false,
                };
                let ends = assay_stats::Interval { lower: interval.0, upper: interval.1 };
                let json = json!({
                    "kind": "numeric", "n": [a.len(), b.len()], "bins": distances.bins,
                    "missing": [missing(totals.0, a.len()), missing(totals.1, b.len())],
                    "distances": distances_json(&distances), "wasserstein_interval": bounds(ends),
                    "psi_expected": psi_expected(distances.bins, a.len(), b.len()),
                    "kolmogorov_smirnov": {"statistic": ks.statistic, "p": ks.p, "exact": ks.exact},
                    "anderson_darling": {"statistic": ad.statistic, "p": ad.p},
                    "effect": w.value, "p": w.p,
                });
                let test = format!("KS {:.3}, p {:.2e}", ks.statistic, ks.p);
                let interval = Some(interval);
                return Ok(Found { json, distances, p: w.p, effect: w.value, interval, test, evidently: preset });
            }
        }
        let (before, after) = (reference.texts(column)?, current.texts(column)?);
        let mut counts = BTreeMap::<String, (u64, u64)>::new();
        for text in before.iter().flatten() {
            counts.entry(text.clone()).or_default().0 += 1;
        }
        for text in after.iter().flatten() {
            counts.entry(text.clone()).or_default().1 += 1;
        }
        let (a, b): (Vec<u64>, Vec<u64>) = counts.values().copied().unzip();
        let distances = categorical_distances(&a, &b, permutations, self.seed).map_err(failed)?;
        // One category on both sides is no drift, and no test.
        let test = independence(&a, &b, permutations, self.seed).ok();
        let preset = match evidently(before.len(), a.iter().filter(|n| **n > 0).count(), false) {
            Evidently::ChiSquare(p) | Evidently::TwoShares(p) => test.is_some_and(|test| test.p < p),
            Evidently::JensenShannon(far) => distances.jensen_shannon.value >= far,
            _ => false,
        };
        let new: Vec<&String> =
            counts.iter().filter(|(_, (a, b))| *a == 0 && *b > 0).map(|(name, _)| name).take(10).collect();
        let json = json!({
            "kind": "categorical", "n": [a.iter().sum::<u64>(), b.iter().sum::<u64>()], "categories": a.len(),
            "missing": [before.iter().filter(|t| t.is_none()).count(), after.iter().filter(|t| t.is_none()).count()],
            "new_categories": new, "distances": distances_json(&distances),
            "psi_expected": psi_expected(distances.bins, a.iter().sum::<u64>() as usize, b.iter().sum::<u64>() as usize),
            "chi_square": test.map(|t| json!({"statistic": t.chi_square, "df": t.df, "p": t.p, "g": t.g, "g_p": t.g_p,
                                              "cramer_v": t.cramer_v, "monte_carlo": t.monte_carlo})),
            "effect": distances.total_variation.value, "p": distances.total_variation.p,
        });
        let (p, effect) = (distances.total_variation.p, distances.total_variation.value);
        let test = test.map_or_else(
            || "one category only".into(),
            |t| format!("χ² {:.2}, p {:.2e}, Cramér's V {:.3}", t.chi_square, t.p, t.cramer_v),
        );
        Ok(Found { json, distances, p, effect, interval: None, test, evidently: preset })
    }
}

fn verdict(drift: bool, significant: bool) -> &'static str {
    match (drift, significant) {
        (true, _) => "drift",
        (false, true) => "differs, but less than counts",
        (false, false) => "no sign of drift",
    }
}

fn distinct(values: &[f64]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    sorted.len()
}

fn distances_json(d: &Distances) -> Value {
    let one = |d: Distance| json!({"value": d.value, "without_drift": d.expected, "p": d.p});
    json!({"psi": one(d.psi), "jensen_shannon": one(d.jensen_shannon), "hellinger": one(d.hellinger),
           "total_variation": one(d.total_variation), "wasserstein_over_sd": d.wasserstein.map(one)})
}
