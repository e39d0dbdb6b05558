//! `assay stats correlate`: how far two columns go together.

use std::path::PathBuf;

use assay_report::terminal::table;
use assay_stats::correlation::{Coefficient, interval, kendall, pearson, spearman};
use clap::Args;
use serde_json::json;

use super::table::Table;
use crate::commands::{Failure, say};
use crate::exit;

/// Pearson's, Spearman's and Kendall's correlation with intervals, such as of a judge's scores with people's. Rows
/// without both numbers are left out.
#[derive(Args)]
pub struct Correlate {
    /// A table with a row per case.
    file: PathBuf,
    /// The first column.
    #[arg(long)]
    x: String,
    /// The second column.
    #[arg(long)]
    y: String,
    /// The level of the intervals.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Correlate {
    pub fn run(self) -> Result<u8, Failure> {
        let source = Table::read(&self.file)?;
        let (x, y) = (source.numbers(&self.x)?, source.numbers(&self.y)?);
        let total = x.len();
        let (x, y): (Vec<f64>, Vec<f64>) = x.into_iter().zip(y).filter_map(|(x, y)| Some((x?, y?))).unzip();
        let rows = [
            ("pearson", pearson(&x, &y), Coefficient::Pearson),
            ("spearman", spearman(&x, &y), Coefficient::Spearman),
            ("kendall", kendall(&x, &y), Coefficient::Kendall),
        ]
        .map(|(name, r, kind)| (name, r, r.and_then(|r| interval(r, x.len(), kind, self.confidence))));
        if self.json {
            let found: serde_json::Map<String, serde_json::Value> = rows
                .iter()
                .map(|(name, r, i)| {
                    ((*name).to_owned(), json!({"value": r, "interval": i.map(|i| [i.lower, i.upper])}))
                })
                .collect();
            say(&json!({"cases": x.len(), "left_out": total - x.len(), "correlations": found}).to_string());
            return Ok(exit::PASS);
        }
        let cells = rows
            .iter()
            .map(|(name, r, i)| {
                vec![
                    (*name).to_owned(),
                    r.map_or_else(|| "not defined".into(), |r| format!("{r:.3}")),
                    i.map_or_else(|| "–".into(), |i| format!("{:.3} to {:.3}", i.lower, i.upper)),
                ]
            })
            .collect();
        let left_out = total - x.len();
        let gaps =
            if left_out > 0 { format!(", {left_out} rows without both numbers left out") } else { String::new() };
        say(&format!("{} cases{gaps}", x.len()));
        say(&table(&["correlation", "value", &format!("{:.0}% interval", 100.0 * self.confidence)], cells, &[1, 2]));
        Ok(exit::PASS)
    }
}
