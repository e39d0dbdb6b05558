//! `assay stats adjust`: p-values of many tests.

use std::path::PathBuf;

use assay_stats::multiplicity::{benjamini_hochberg, benjamini_yekutieli, hochberg, holm, hommel};
use clap::Args;
use serde_json::json;

use crate::answer::{number, usage};
use crate::{Answer, Failure, Table};

/// Adjusts a column of p-values for their number: Holm, Hochberg and Hommel keep the chance of any false alarm, BH and BY
/// the share of false alarms. Rows without a p-value count as no test and are said.
#[derive(Args)]
pub struct Adjust {
    /// A table with a row per test.
    file: PathBuf,
    /// The column of p-values.
    #[arg(long)]
    p: String,
    /// The column that names the tests.
    #[arg(long)]
    name: Option<String>,
    /// The level that counts as significant.
    #[arg(long, default_value_t = 0.05)]
    alpha: f64,
}

impl Adjust {
    pub fn answer(self) -> Result<Answer, Failure> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(usage("--alpha is between 0 and 1, such as 0.05"));
        }
        let source = Table::read(&self.file)?;
        let cells = source.texts(&self.p)?;
        let mut p = Vec::with_capacity(cells.len());
        for (row, cell) in cells.iter().enumerate() {
            let text =
                cell.as_deref().map(str::trim).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("nan"));
            let value = text.map_or(Ok(f64::NAN), str::parse::<f64>);
            match value {
                Ok(value) if value.is_nan() || (0.0..=1.0).contains(&value) => p.push(value),
                _ => {
                    let place = source.place(row);
                    return Err(usage(format!("{place}: `{}` is {}, not a p-value", self.p, text.unwrap_or("empty"))));
                }
            }
        }
        let names = match &self.name {
            Some(column) => source.full(column)?,
            None => (1..=p.len()).map(|row| row.to_string()).collect(),
        };
        let missing = p.iter().filter(|p| p.is_nan()).count();
        let methods = [
            ("holm", holm(&p)),
            ("hochberg", hochberg(&p)),
            ("hommel", hommel(&p)),
            ("bh", benjamini_hochberg(&p)),
            ("by", benjamini_yekutieli(&p)),
        ];
        let below = |values: &[f64]| values.iter().filter(|p| **p <= self.alpha).count();
        let counts = methods.iter().map(|(name, values)| format!("{name} {}", below(values))).collect::<Vec<_>>();
        let found: Vec<_> = (0..p.len())
            .map(|row| {
                let mut object = json!({"name": names[row], "p": p[row]});
                for (name, values) in &methods {
                    object[*name] = json!(values[row]);
                }
                object
            })
            .collect();
        let shown = |p: f64| {
            if p.is_nan() {
                "–".into()
            } else if p < 0.001 {
                format!("{p:.1e}")
            } else {
                number(Some(p))
            }
        };
        let table = (0..p.len())
            .map(|row| {
                let adjusted = methods.iter().map(|(_, values)| shown(values[row]));
                [names[row].clone(), shown(p[row])].into_iter().chain(adjusted).collect()
            })
            .collect();
        let mut lines = vec![format!(
            "{} of {} tests at or below {} before, after: {}",
            below(&p),
            p.len() - missing,
            self.alpha,
            counts.join(", ")
        )];
        if missing > 0 {
            lines.push(format!("{missing} rows without a p-value are not counted as tests"));
        }
        Ok(Answer::new(
            json!({"tests": p.len() - missing, "undefined": missing, "alpha": self.alpha, "adjusted": found}),
        )
        .lines(lines)
        .table(&["test", "p", "Holm", "Hochberg", "Hommel", "BH", "BY"], table, &[1, 2, 3, 4, 5, 6]))
    }
}
