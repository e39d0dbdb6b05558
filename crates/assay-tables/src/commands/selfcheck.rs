//! `assay stats selfcheck`: how often a test finds an effect where there is none.

use std::path::PathBuf;

use assay_stats::online::{Arm, aa_check, effect};
use assay_stats::proportion::{critical, wilson};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, percent, usage};
use crate::{Answer, Failure, Table};

/// Splits a past table at random into two arms again and again (A/A) and tests each split as `assay stats experiment` does:
/// one in twenty should be significant at 5%. More false alarms, or p-values that are not uniform, mean that the test does
/// not fit the data, as with rows of one user taken for independent (give `--unit`), heavy tails or few rows. It exits
/// with 1 then.
#[derive(Args)]
pub struct Selfcheck {
    /// A table with a row per unit, or per event with --unit.
    file: PathBuf,
    /// The column of outcomes.
    #[arg(long)]
    outcome: String,
    /// The column that says which rows are one unit in the world, such as users. Splits are by it, as an experiment's are.
    #[arg(long)]
    unit: Option<String>,
    /// Test rows as if they were independent although units are split: shows what that would cost.
    #[arg(long, requires = "unit")]
    naive: bool,
    /// The share of the units in the treatment arm.
    #[arg(long, default_value_t = 0.5)]
    share: f64,
    /// Splits.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    replays: u32,
    /// The seed of the splits.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

impl Selfcheck {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let values = source.numbers(&self.outcome)?;
        let units = self.unit.as_deref().map(|column| source.groups(column)).transpose()?;
        let left_out = values.iter().filter(|value| value.is_none()).count();
        // The rows of each unit.
        let mut rows: Vec<Vec<f64>> = Vec::new();
        match &units {
            None => rows.extend(values.iter().flatten().map(|value| vec![*value])),
            Some((of, names)) => {
                rows.resize(names.len(), Vec::new());
                values.iter().zip(of).for_each(|(value, unit)| rows[*unit as usize].extend(*value));
                rows.retain(|unit| !unit.is_empty());
            }
        }
        let treated = (self.share * rows.len() as f64).round();
        if !(treated >= 2.0 && treated <= rows.len() as f64 - 2.0) {
            return Err(usage(format!(
                "{}: {} units and --share {} leave fewer than two units on a side",
                self.file.display(),
                rows.len(),
                self.share
            )));
        }
        let found = aa_check(rows.len(), treated as usize, self.replays, self.seed, |in_treatment| {
            let arm = |which: bool| {
                let side =
                    rows.iter().zip(in_treatment).filter(|(_, treated)| **treated == which).map(|(rows, _)| rows);
                let values: Vec<f64> = if self.naive {
                    side.flatten().copied().collect()
                } else {
                    side.map(|rows| rows.iter().sum::<f64>()).collect()
                };
                Arm::mean(&values)
            };
            Some(effect(arm(true)?, arm(false)?, 0.95)?.p)
        })
        .ok_or_else(|| usage(format!("{}: `{}` does not vary: no test", self.file.display(), self.outcome)))?;
        let (k, n) = (f64::from(found.rejected), f64::from(found.defined));
        let rate = wilson(k, n, critical(self.confidence.level))
            .ok_or_else(|| usage(format!("{}: no split has a test", self.file.display())))?;
        let alarms = rate.lower > 0.05;
        let uniform = (!found.discrete()).then(|| found.passed());
        let json = json!({"units": rows.len(), "treated": treated, "replays": found.defined, "left_out": left_out,
            "false_alarms": {"value": k / n, "interval": bounds(rate), "nominal": 0.05},
            "uniform": {"distance": found.distance, "p": found.p, "passed": uniform}, "distinct": found.distinct,
            "seed": self.seed});
        let bad = alarms || uniform == Some(false);
        let first = match (alarms, uniform != Some(false)) {
            (true, _) => "the test raises more false alarms than it promises on this data",
            (false, false) => "the p-values are not uniform: the test does not fit this data",
            (false, true) => "the test keeps its promise on this data",
        };
        Ok(Answer::new(json)
            .line(first)
            .line(format!(
                "{} of {} splits of {} units without an effect are significant at 5% ({} to {})",
                percent(Some(k / n)),
                found.defined,
                rows.len(),
                percent(Some(rate.lower)),
                percent(Some(rate.upper))
            ))
            .line(match uniform {
                Some(_) => format!(
                    "p-values against the uniform distribution: distance {:.3}, p {:.3}",
                    found.distance, found.p
                ),
                None => format!(
                    "the p-values take {} values only and are not compared with the uniform distribution",
                    found.distinct
                ),
            })
            .alarm(bad))
    }
}
