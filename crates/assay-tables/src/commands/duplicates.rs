//! `assay stats duplicates`: texts that are nearly the same.

use std::path::PathBuf;

use assay_metrics::near_duplicates::{Unit, duplicates, duplicates_against};
use clap::Args;
use serde_json::json;

use crate::answer::usage;
use crate::{Answer, Failure, Table};

/// Rows with nearly the same text, within a file or between two such as a test and a training set; by MinHash, and the
/// exact Jaccard similarity of their 5-grams decides. Any pair exits with 1.
#[derive(Args)]
pub struct Duplicates {
    /// A table with a text per row.
    file: PathBuf,
    /// A second table: pairs are looked for between the two only.
    #[arg(long)]
    against: Option<PathBuf>,
    /// The column of texts.
    #[arg(long)]
    text: String,
    /// The smallest similarity of a pair.
    #[arg(long, default_value_t = 0.8)]
    threshold: f64,
    /// 5-grams of words instead of characters, for long documents.
    #[arg(long)]
    words: bool,
}

impl Duplicates {
    pub fn answer(self) -> Result<Answer, Failure> {
        let read = |path: &PathBuf| -> Result<Vec<String>, Failure> {
            Ok(Table::read(path)?.texts(&self.text)?.into_iter().map(Option::unwrap_or_default).collect())
        };
        let texts = read(&self.file)?;
        let unit = if self.words { Unit::Words } else { Unit::Characters };
        let others = self.against.as_ref().map(read).transpose()?;
        let found = match &others {
            Some(others) => duplicates_against(&texts, others, unit, self.threshold),
            None => duplicates(&texts, unit, self.threshold),
        };
        let Some(found) = found else {
            return Err(usage("--threshold: a similarity from 0.05 to 1 is expected, such as 0.8"));
        };
        let rows = others.as_ref().map_or(texts.len(), Vec::len);
        let line = match (&others, found.pairs.is_empty()) {
            (None, true) => format!("No near duplicates among {rows} rows (similarity {} or more)", self.threshold),
            (Some(_), true) => format!(
                "No row of {} is nearly one of the {rows} of the other file (similarity {} or more)",
                texts.len(),
                self.threshold
            ),
            (None, false) => {
                let surplus: usize = found.clusters.iter().map(|cluster| cluster.len() - 1).sum();
                format!("{surplus} of {rows} rows nearly repeat another, in {} clusters", found.clusters.len())
            }
            (Some(_), false) => {
                let mut hit: Vec<usize> = found.pairs.iter().map(|pair| pair.a).collect();
                hit.dedup();
                format!("{} of {} rows nearly occur among the {rows} of the other file", hit.len(), texts.len())
            }
        };
        let excerpt = |text: &str| -> String {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if line.chars().count() > 48 { line.chars().take(47).chain(['…']).collect() } else { line }
        };
        let cells = found
            .pairs
            .iter()
            .take(20)
            .map(|pair| {
                let row = |at: usize| (at + 1).to_string();
                vec![row(pair.a), row(pair.b), format!("{:.3}", pair.jaccard), excerpt(&texts[pair.a])]
            })
            .collect();
        let pairs: Vec<_> = found
            .pairs
            .iter()
            .map(|pair| json!({"row": pair.a + 1, "other": pair.b + 1, "jaccard": pair.jaccard}))
            .collect();
        let clusters: Vec<Vec<usize>> = match others {
            Some(_) => Vec::new(),
            None => found.clusters.iter().map(|c| c.iter().map(|at| at + 1).collect()).collect(),
        };
        let json = json!({"rows": texts.len(), "threshold": self.threshold, "pairs": pairs, "clusters": clusters});
        Ok(Answer::new(json)
            .line(line)
            .table(&["row", "other row", "similarity", "text"], cells, &[0, 1, 2])
            .lines(
                (found.pairs.len() > 20)
                    .then(|| format!("… and {} more pairs: --json has all", found.pairs.len() - 20)),
            )
            .alarm(!found.pairs.is_empty()))
    }
}
