//! `assay stats sample`: which rows to judge or label next.

use std::path::PathBuf;

use assay_stats::drift::sample::Reservoir;
use assay_stats::judges::{Pool, next_labels};
use clap::Args;
use serde_json::json;

use crate::answer::{number, usage};
use crate::{Answer, Failure, Table};

/// Draws rows to be judged or labelled, with the chance that each had. `--by` draws by strata; with `--spread`, a judge's
/// score, strata in which it varies more get more rows (Neyman), and at least the share `--uniform` is spread by size
/// alone. Keep the chances: `assay stats mean --chance` and `assay stats judge --chance` need them to speak for all rows.
#[derive(Args)]
pub struct Sample {
    /// A table with a row per case.
    file: PathBuf,
    /// How many rows to draw.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// The column of strata.
    #[arg(long)]
    by: Option<String>,
    /// A column of numbers whose spread within a stratum says how much its rows tell, such as a judge's score.
    #[arg(long, requires = "by")]
    spread: Option<String>,
    /// The share of the rows that is spread by size alone.
    #[arg(long, default_value_t = 0.2)]
    uniform: f64,
    /// The seed of the draw.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Sample {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (of, names) = match &self.by {
            Some(column) => source.groups(column)?,
            None => (vec![0; source.rows()], vec!["all".to_owned()]),
        };
        let spread = self.spread.as_deref().map(|column| source.numbers(column)).transpose()?;
        if !(0.0..=1.0).contains(&self.uniform) {
            return Err(usage("--uniform is a share from 0 to 1, such as 0.2"));
        }
        let pools: Vec<Pool> = (0..names.len())
            .map(|stratum| {
                let rows: Vec<usize> = (0..of.len()).filter(|row| of[*row] as usize == stratum).collect();
                let sd = spread.as_ref().map_or(Some(1.0), |values| {
                    deviation(&rows.iter().filter_map(|row| values[*row]).collect::<Vec<_>>())
                });
                let empty = || usage(format!("stratum `{}` has no number in --spread", names[stratum]));
                Ok(Pool { cases: rows.len() as u64, sd: sd.ok_or_else(empty)? })
            })
            .collect::<Result<_, Failure>>()?;
        if self.count > of.len() as u64 {
            return Err(usage(format!("--count {}: the table has {} rows", self.count, of.len())));
        }
        let counts = next_labels(&pools, self.count, self.uniform).ok_or_else(|| usage("no rows can be drawn"))?;
        let mut drawn: Vec<(usize, usize, f64)> = Vec::new();
        for (stratum, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // Every stratum has its own stream, so that another stratum's size does not change its draw.
            let seed = self.seed.wrapping_add(stratum as u64);
            let mut reservoir = Reservoir::new(*count as usize, seed).map_err(|why| usage(why.to_string()))?;
            (0..of.len())
                .filter(|row| of[*row] as usize == stratum)
                .for_each(|row| reservoir.offer(&names[stratum], row));
            drawn.extend(reservoir.drawn().iter().map(|one| (*one.case, stratum, one.probability)));
        }
        drawn.sort_unstable_by_key(|one| one.0);
        let none: Vec<&String> = names.iter().zip(&counts).filter(|(_, n)| **n == 0).map(|(name, _)| name).collect();
        let mut lines = vec![format!("{} of {} rows drawn", drawn.len(), of.len())];
        if !none.is_empty() {
            lines.push(format!(
                "warning: no row of {}: an estimate would not be about them; raise --count or --uniform",
                none.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ));
        }
        let strata: Vec<_> = names
            .iter()
            .zip(&pools)
            .zip(&counts)
            .map(|((name, pool), count)| {
                json!({"stratum": name, "rows": pool.cases, "drawn": count,
                       "spread": spread.as_ref().map(|_| pool.sd), "chance": *count as f64 / pool.cases as f64})
            })
            .collect();
        let table = names
            .iter()
            .zip(&pools)
            .zip(&counts)
            .map(|((name, pool), count)| {
                vec![
                    assay_report::plain(name, 40),
                    pool.cases.to_string(),
                    count.to_string(),
                    number(Some(*count as f64 / pool.cases as f64)),
                ]
            })
            .collect();
        let rows: Vec<_> = drawn
            .iter()
            .map(|(row, stratum, chance)| json!({"row": row + 1, "stratum": names[*stratum], "chance": chance}))
            .collect();
        let list = drawn.iter().take(50).map(|one| (one.0 + 1).to_string()).collect::<Vec<_>>().join(", ");
        let more = if drawn.len() > 50 { ", … (all with --json)" } else { "" };
        Ok(Answer::new(json!({"seed": self.seed, "strata": strata, "rows": rows}))
            .lines(lines)
            .line(format!("rows: {list}{more}"))
            .table(&["stratum", "rows", "drawn", "chance"], table, &[1, 2, 3]))
    }
}

/// Standard deviation with 1/n; `None` without numbers.
fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (n > 0.0).then(|| (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}
