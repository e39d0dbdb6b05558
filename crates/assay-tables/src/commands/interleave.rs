//! `assay stats interleave`: two rankers by clicks on interleaved lists.

use std::path::PathBuf;

use assay_stats::quasi::{Impression, interleaving};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Which of two rankers people prefer, from clicks on team-draft interleaved lists.
#[derive(Args)]
pub struct Interleave {
    /// A table with a row per impression.
    file: PathBuf,
    /// The column of clicks on picks of ranker A.
    #[arg(long)]
    a: String,
    /// The column of clicks on picks of ranker B.
    #[arg(long)]
    b: String,
    /// The column that says which impressions belong together, such as the user.
    #[arg(long)]
    cluster: Option<String>,
    #[command(flatten)]
    confidence: Confidence,
}

impl Interleave {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (a, b) = (source.numbers(&self.a)?, source.numbers(&self.b)?);
        let clusters = self.cluster.as_deref().map(|name| source.groups(name)).transpose()?;
        let rows: Vec<Impression> = (0..a.len())
            .map(|row| Impression {
                a: a[row].unwrap_or(0.0),
                b: b[row].unwrap_or(0.0),
                cluster: clusters.as_ref().map(|(of, _)| of[row]),
            })
            .collect();
        let found = interleaving(&rows, self.confidence.level).map_err(usage)?;
        let e = &found.preference;
        let word = match e.interval {
            Some(i) if i.lower > 0.0 => "A is preferred",
            Some(i) if i.upper < 0.0 => "B is preferred",
            _ => "no preference is shown",
        };
        let p = found.p.map_or_else(String::new, |p| format!(", sign test p {p:.4}"));
        Ok(Answer::new(json!({"finding": word, "preference": e.value, "interval": bounds(e.interval), "p": found.p,
                              "wins_a": found.wins_a, "wins_b": found.wins_b, "ties": found.ties}))
        .line(format!(
            "{word}: Δ {} ({} {}{p}); {} wins of A, {} of B, {} ties",
            number(e.value),
            level(self.confidence.level),
            range(e.interval),
            found.wins_a,
            found.wins_b,
            found.ties
        )))
    }
}
