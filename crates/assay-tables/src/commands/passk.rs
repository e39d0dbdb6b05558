//! `assay stats passk`: one or all of k tries.

use std::path::PathBuf;

use assay_stats::passk::{pass_at_k, pass_hat_k};
use assay_stats::{Item, Kind, level};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, level as header, number, range, usage};
use crate::{Answer, Failure, Table};

/// pass@k (at least one of k tries passes) and pass^k (all of k pass), unbiased, from repeated tries of each case.
#[derive(Args)]
pub struct Passk {
    /// A table with a row per try.
    file: PathBuf,
    /// The column that names the case.
    #[arg(long)]
    case: String,
    /// The column that says whether the try passed: 1 or 0, true or false.
    #[arg(long)]
    passed: String,
    /// Numbers of tries.
    #[arg(long, value_delimiter = ',', default_values_t = [1u32])]
    k: Vec<u32>,
    #[command(flatten)]
    confidence: Confidence,
}

impl Passk {
    pub fn answer(self) -> Result<Answer, Failure> {
        if self.k.contains(&0) {
            return Err(usage("--k is 1 or more"));
        }
        let source = Table::read(&self.file)?;
        let (of, names) = source.groups(&self.case)?;
        let mut counts = vec![(0u32, 0u32); names.len()];
        for (row, cell) in source.full(&self.passed)?.iter().enumerate() {
            let passed = match cell.trim().to_ascii_lowercase().as_str() {
                "1" | "1.0" | "true" | "yes" | "pass" | "passed" => 1,
                "0" | "0.0" | "false" | "no" | "fail" | "failed" => 0,
                other => {
                    let place = source.place(row);
                    return Err(usage(format!("{place}: `{}` is {other}; write 1 or 0, true or false", self.passed)));
                }
            };
            let (tries, passes) = &mut counts[of[row] as usize];
            *tries += 1;
            *passes += passed;
        }
        let estimate = |pass: fn(u32, u32, u32) -> Option<f64>, k: u32| {
            let items: Vec<Item> = counts
                .iter()
                .filter_map(|(n, c)| Some(Item { value: pass(*n, *c, k)?, repeats: *n, cluster: None, weight: 1.0 }))
                .collect();
            let few = counts.len() - items.len();
            (level(&items, Kind::Bounded { lo: 0.0, hi: 1.0 }, self.confidence.level), few)
        };
        let (mut found, mut cells, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for k in &self.k {
            let ((any, few), (every, _)) = (estimate(pass_at_k, *k), estimate(pass_hat_k, *k));
            if few > 0 {
                lines.push(format!("k = {k}: {few} of {} cases have fewer tries and are left out", counts.len()));
            }
            cells.push(vec![
                k.to_string(),
                number(any.value),
                range(any.interval),
                number(every.value),
                range(every.interval),
                any.n.to_string(),
            ]);
            found.push(json!({"k": k, "cases": any.n, "left_out": few,
                "pass_at_k": {"value": any.value, "interval": bounds(any.interval)},
                "pass_hat_k": {"value": every.value, "interval": bounds(every.interval)}}));
        }
        let interval = header(self.confidence.level);
        Ok(Answer::new(
            json!({"cases": counts.len(), "tries": of.len(), "confidence": self.confidence.level, "k": found}),
        )
        .line(format!("{} cases, {} tries", counts.len(), of.len()))
        .table(&["k", "one of k passes", &interval, "all k pass", &interval, "cases"], cells, &[0, 1, 2, 3, 4, 5])
        .lines(lines))
    }
}
