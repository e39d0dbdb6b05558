//! `assay stats correlate`: how far two columns go together.

use std::path::PathBuf;

use assay_stats::correlation::{Coefficient, interval, kendall, pearson, spearman};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, level, number, range};
use crate::{Answer, Failure, Table};

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
    #[command(flatten)]
    confidence: Confidence,
}

impl Correlate {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (x, y) = (source.numbers(&self.x)?, source.numbers(&self.y)?);
        let total = x.len();
        let (x, y): (Vec<f64>, Vec<f64>) = x.into_iter().zip(y).filter_map(|(x, y)| Some((x?, y?))).unzip();
        let rows = [
            ("pearson", pearson(&x, &y), Coefficient::Pearson),
            ("spearman", spearman(&x, &y), Coefficient::Spearman),
            ("kendall", kendall(&x, &y), Coefficient::Kendall),
        ]
        .map(|(name, r, kind)| (name, r, r.and_then(|r| interval(r, x.len(), kind, self.confidence.level))));
        let found: serde_json::Map<String, serde_json::Value> =
            rows.iter().map(|(name, r, i)| ((*name).to_owned(), json!({"value": r, "interval": bounds(*i)}))).collect();
        let cells = rows.iter().map(|(name, r, i)| vec![(*name).to_owned(), number(*r), range(*i)]).collect();
        let left_out = total - x.len();
        let gaps =
            if left_out > 0 { format!(", {left_out} rows without both numbers left out") } else { String::new() };
        let header = ["correlation", "value", &level(self.confidence.level)];
        Ok(Answer::new(json!({"cases": x.len(), "left_out": left_out, "correlations": found}))
            .line(format!("{} cases{gaps}", x.len()))
            .table(&header, cells, &[1, 2]))
    }
}
