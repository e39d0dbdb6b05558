//! `assay stats best`: which of several candidates is best, and how good it is although it was picked.

use std::path::PathBuf;

use assay_stats::multiplicity::max_t;
use assay_stats::slices::best_of;
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Several candidates (prompts, models, settings) on the same cases. The best measured one is better by luck too: its mean is
/// drawn toward the mean of all as far as chance explains the differences, and its interval holds although it was picked.
/// With `--baseline` each candidate's difference, with intervals that hold for all at once (max-T over sign flips, which
/// uses that cases are shared) and step-down p-values. Rows that lack a score are left out.
#[derive(Args)]
pub struct Best {
    /// A table with a row per case.
    file: PathBuf,
    /// The columns of the candidates' scores, higher being better.
    #[arg(long, value_delimiter = ',', required = true)]
    candidates: Vec<String>,
    /// The column of the baseline's scores.
    #[arg(long)]
    baseline: Option<String>,
    /// The column that says which cases belong together.
    #[arg(long)]
    cluster: Option<String>,
    /// Sign flips.
    #[arg(long, default_value_t = 9_999, value_parser = clap::value_parser!(u32).range(99..=1_000_000))]
    draws: u32,
    /// The seed of the sign flips.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

impl Best {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        if self.candidates.len() < 2 {
            return Err(usage("--candidates needs two or more columns; compare takes one"));
        }
        let columns: Vec<Vec<Option<f64>>> =
            self.candidates.iter().map(|name| source.numbers(name)).collect::<Result<_, _>>()?;
        let baseline = self.baseline.as_deref().map(|name| source.numbers(name)).transpose()?;
        let groups = self.cluster.as_deref().map(|name| source.groups(name)).transpose()?;
        let total = columns[0].len();
        let kept: Vec<usize> =
            (0..total).filter(|row| columns.iter().chain(&baseline).all(|column| column[*row].is_some())).collect();
        let pick = |column: &[Option<f64>]| -> Vec<f64> { kept.iter().filter_map(|row| column[*row]).collect() };
        let scores: Vec<Vec<f64>> = columns.iter().map(|column| pick(column)).collect();
        let confidence = self.confidence.level;
        // Sums and counts by cluster; without clusters each case is its own.
        let cells = |values: &[f64]| -> Vec<(f64, f64)> {
            match &groups {
                None => values.iter().map(|value| (*value, 1.0)).collect(),
                Some((of, names)) => {
                    let mut sums = vec![(0.0, 0.0); names.len()];
                    for (value, row) in values.iter().zip(&kept) {
                        let sum = &mut sums[of[*row] as usize];
                        *sum = (sum.0 + value, sum.1 + 1.0);
                    }
                    sums.retain(|(_, n)| *n > 0.0);
                    sums
                }
            }
        };
        let best = best_of(&scores, confidence, self.draws, self.seed)
            .map_err(|why| usage(format!("{}: {why}", self.file.display())))?;
        // The shrinkage and Wilson's interval take cases as independent.
        let (shrunken, interval) = if groups.is_some() {
            let means: Vec<_> = scores.iter().map(|values| cells(values)).collect();
            let tests = max_t(&means, confidence, self.draws, self.seed);
            (None, tests.and_then(|tests| tests.intervals[best.at]))
        } else {
            (Some(best.shrunken), best.interval)
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let apart = baseline.as_deref().map(pick).and_then(|base| {
            let gaps: Vec<_> = scores
                .iter()
                .map(|values| cells(&values.iter().zip(&base).map(|(a, b)| a - b).collect::<Vec<_>>()))
                .collect();
            Some((mean(&base), max_t(&gaps, confidence, self.draws, self.seed)?))
        });
        let (mut found, mut rows) = (Vec::new(), Vec::new());
        for (at, name) in self.candidates.iter().enumerate() {
            let value = mean(&scores[at]);
            let mut row = vec![name.clone(), number(Some(value))];
            let mut entry = json!({"candidate": name, "value": value});
            if let Some((base, tests)) = &apart {
                let (interval, p) = (tests.intervals[at], tests.adjusted[at]);
                row.push(format!("{:+.3}", value - base));
                row.push(range(interval));
                row.push(p.map_or_else(|| "–".into(), |p| format!("{p:.4}")));
                entry["difference"] = json!({"value": value - base, "interval": bounds(interval), "p": p});
            }
            found.push(entry);
            rows.push(row);
        }
        let mut lines = vec![format!(
            "best of {}: {} at {:.3} as measured{}; {} {} although it was picked",
            self.candidates.len(),
            self.candidates[best.at],
            best.observed,
            shrunken.map_or_else(String::new, |value| format!(", {value:.3} when luck is taken out")),
            level(confidence),
            range(interval)
        )];
        if groups.is_some() {
            lines.push("with clusters there is no shrunken value: it takes cases as independent".into());
        } else if best.shrinkage >= 1.0 {
            lines.push(
                "nothing tells the candidates apart: the differences are no larger than chance makes them".into(),
            );
        }
        if total > kept.len() {
            lines.push(format!("{} rows without all scores left out", total - kept.len()));
        }
        let spread = level(confidence);
        let mut header = vec!["candidate", "mean"];
        if apart.is_some() {
            header.extend(["difference", spread.as_str(), "p (max-T)"]);
        }
        let right: Vec<usize> = (1..header.len()).collect();
        let json = json!({"cases": kept.len(), "left_out": total - kept.len(),
            "best": {"candidate": self.candidates[best.at], "value": best.observed, "shrunken": shrunken,
                     "shrinkage": shrunken.map(|_| best.shrinkage), "interval": bounds(interval)},
            "baseline": apart.as_ref().map_or(Value::Null, |(value, _)| json!(value)),
            "critical": apart.as_ref().and_then(|(_, tests)| tests.critical),
            "candidates": found, "draws": self.draws, "seed": self.seed});
        Ok(Answer::new(json).lines(lines).table(&header, rows, &right))
    }
}
