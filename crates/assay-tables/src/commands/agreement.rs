//! `assay stats agreement`: how far raters agree.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_stats::agreement::{Chance, Level, Weights, cohen, icc, kappa, krippendorff_interval, raw};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::answer::{Confidence, level as level_of, number, usage};
use crate::{Answer, Failure, Table};

/// Krippendorff's α with its interval, Gwet's AC, Fleiss' κ and, for two raters, Cohen's κ, with the raw agreement. Two
/// raters with two ratings also get the agreement on each, PABAK and the indices of prevalence and bias; numbers that all
/// raters gave (`--level interval` or `ratio`) the six intra-class correlations.
#[derive(Args)]
pub struct Agreement {
    /// A table of ratings.
    file: PathBuf,
    /// The raters' columns, when a row is a unit.
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["unit", "rater", "rating"])]
    raters: Vec<String>,
    /// The column that names the unit, when a row is a rating.
    #[arg(long, default_value = "unit")]
    unit: String,
    /// The column that names the rater.
    #[arg(long, default_value = "rater")]
    rater: String,
    /// The column of the rating.
    #[arg(long, default_value = "rating")]
    rating: String,
    /// What distance between ratings means.
    #[arg(long, value_enum, default_value_t = Scale::Nominal)]
    level: Scale,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Scale {
    /// Equal or not; ratings may be words
    Nominal,
    /// By rank
    Ordinal,
    /// By difference
    Interval,
    /// By ratio
    Ratio,
}

impl Agreement {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (units, labels) = self.units(&source)?;
        let rated = units.iter().filter(|unit| unit.iter().flatten().count() > 1).count();
        let level = match self.level {
            Scale::Nominal => Level::Nominal,
            Scale::Ordinal => Level::Ordinal,
            Scale::Interval => Level::Interval,
            Scale::Ratio => Level::Ratio,
        };
        let weights = if self.level == Scale::Nominal { Weights::Identity } else { Weights::Quadratic };
        let mut categories: Vec<f64> = units.iter().flatten().flatten().copied().collect();
        categories.sort_by(f64::total_cmp);
        categories.dedup();
        let alpha = krippendorff_interval(&units, level, self.confidence.level);
        let mut rows =
            vec![(format!("Krippendorff's α ({})", word(self.level)), alpha.map(|a| (a.estimate, Some(a.interval))))];
        for (name, chance) in [("Gwet's AC", Chance::Gwet), ("Fleiss' κ", Chance::Fleiss)] {
            let found = kappa(&units, &categories, chance, weights);
            rows.push((name.to_owned(), found.map(|c| (c.value, c.interval(self.confidence.level)))));
        }
        if units[0].len() == 2 {
            let both: Vec<(f64, f64)> = units.iter().filter_map(|u| Some((u[0]?, u[1]?))).collect();
            let (a, b): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
            let found = cohen(&a, &b, weights);
            rows.push(("Cohen's κ".to_owned(), found.map(|c| (c.value, c.interval(self.confidence.level)))));
        }
        let observed = kappa(&units, &categories, Chance::BrennanPrediger, Weights::Identity).map(|c| c.observed);
        // A coefficient that corrects for chance is hard to read without what it corrects.
        let specific = (units[0].len() == 2 && categories.len() == 2).then(|| {
            let both = units.iter().filter_map(|unit| Some((unit[0]? == categories[1], unit[1]? == categories[1])));
            let (a, b): (Vec<bool>, Vec<bool>) = both.unzip();
            raw(&a, &b)
        });
        let specific = specific.flatten();
        let name = |at: usize| labels.get(at).cloned().unwrap_or_else(|| categories[at].to_string());
        let mut extra = Vec::new();
        let mut classes = serde_json::Value::Null;
        if matches!(self.level, Scale::Interval | Scale::Ratio) {
            let full: Option<Vec<Vec<f64>>> = units.iter().map(|unit| unit.iter().copied().collect()).collect();
            match full.as_ref().map(|full| icc(full, self.confidence.level)) {
                Some(Some(found)) => {
                    let six = [
                        ("ICC(1,1)", found.one_way.0),
                        ("ICC(1,k)", found.one_way.1),
                        ("ICC(2,1)", found.two_way_random.0),
                        ("ICC(2,k)", found.two_way_random.1),
                        ("ICC(3,1)", found.two_way_mixed.0),
                        ("ICC(3,k)", found.two_way_mixed.1),
                    ];
                    rows.extend(six.map(|(name, one)| (name.to_owned(), Some((one.value, Some(one.interval))))));
                }
                Some(None) => extra.push("no intra-class correlation: the ratings do not vary enough".to_owned()),
                None => extra.push("no intra-class correlation: a rater did not rate every unit".to_owned()),
            }
        }
        if let Some(found) = specific {
            extra.push(format!(
                "agreement on `{}` {}, on `{}` {}; PABAK {:.3}, prevalence index {:.3}, bias index {:.3}",
                name(1),
                number(found.positive),
                name(0),
                number(found.negative),
                found.pabak,
                found.prevalence_index,
                found.bias_index
            ));
            classes = json!({"agreement_by_category": {(name(0)): found.negative, (name(1)): found.positive}, "pabak": found.pabak,
                             "prevalence_index": found.prevalence_index, "bias_index": found.bias_index});
        }
        let json = {
            let coefficients: serde_json::Map<String, serde_json::Value> = rows
                .iter()
                .map(|(name, found)| {
                    let value = found.map(|(v, i)| json!({"value": v, "interval": i.map(|i| [i.lower, i.upper])}));
                    (name.clone(), json!(value))
                })
                .collect();
            json!({"units": rated, "raters": units[0].len(), "agreement": observed, "two_categories": classes,
                   "coefficients": coefficients})
        };
        let categories = if labels.is_empty() { categories.len() } else { labels.len() };
        let first = format!(
            "{rated} units with two or more ratings, {} raters, {categories} categories; two raters say the same {} of \
             the time",
            units[0].len(),
            observed.map_or_else(|| "?".into(), |share| format!("{:.1}%", 100.0 * share))
        );
        let cells = rows
            .into_iter()
            .map(|(name, found)| match found {
                Some((value, interval)) => {
                    let interval = interval.map_or_else(|| "–".into(), |i| format!("{:.3} to {:.3}", i.lower, i.upper));
                    vec![name, format!("{value:.3}"), interval]
                }
                None => vec![name, "–".into(), "not defined: no variation, or too few units".into()],
            })
            .collect();
        let header = ["coefficient", "value", &level_of(self.confidence.level)];
        Ok(Answer::new(json).line(first).lines(extra).table(&header, cells, &[1, 2]))
    }

    /// A row per unit; words become numbers in their order.
    #[allow(clippy::type_complexity, reason = "the ratings and the words behind them")]
    fn units(&self, source: &Table) -> Result<(Vec<Vec<Option<f64>>>, Vec<String>), Failure> {
        let columns: Vec<Vec<Option<String>>> = if self.raters.is_empty() {
            let (unit, rater, rating) =
                (source.full(&self.unit)?, source.full(&self.rater)?, source.texts(&self.rating)?);
            let mut raters: Vec<&String> = rater.iter().collect();
            raters.sort();
            raters.dedup();
            let mut by_unit: BTreeMap<&String, Vec<Option<String>>> = BTreeMap::new();
            for ((unit, rater), rating) in unit.iter().zip(&rater).zip(rating) {
                let row = by_unit.entry(unit).or_insert_with(|| vec![None; raters.len()]);
                let at = raters.binary_search(&rater).unwrap_or_default();
                if row[at].is_some() && rating.is_some() {
                    return Err(usage(format!("{}: rater `{rater}` rated unit `{unit}` twice", self.file.display())));
                }
                row[at] = rating.or(row[at].take());
            }
            by_unit.into_values().collect()
        } else {
            if self.raters.len() < 2 {
                return Err(usage("--raters needs two or more columns"));
            }
            let columns = self.raters.iter().map(|name| source.texts(name)).collect::<Result<Vec<_>, _>>()?;
            (0..columns[0].len()).map(|i| columns.iter().map(|column| column[i].clone()).collect()).collect()
        };
        let numeric = columns.iter().flatten().flatten().all(|text| text.trim().parse::<f64>().is_ok());
        if !numeric && self.level != Scale::Nominal {
            return Err(usage(format!("ratings must be numbers on the {} level", word(self.level))));
        }
        let mut labels: Vec<String> = Vec::new();
        if !numeric {
            labels = columns.iter().flatten().flatten().cloned().collect();
            labels.sort();
            labels.dedup();
        }
        let code = |text: &String| match labels.binary_search(text) {
            Ok(at) => at as f64,
            Err(_) => text.trim().parse().unwrap_or(f64::NAN),
        };
        Ok((columns.iter().map(|row| row.iter().map(|cell| cell.as_ref().map(code)).collect()).collect(), labels))
    }
}

fn word(level: Scale) -> &'static str {
    match level {
        Scale::Nominal => "nominal",
        Scale::Ordinal => "ordinal",
        Scale::Interval => "interval",
        Scale::Ratio => "ratio",
    }
}
