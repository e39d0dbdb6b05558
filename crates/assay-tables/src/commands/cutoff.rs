//! `assay stats cutoff`: whether older items score better than newer ones.

use std::path::PathBuf;

use assay_stats::holdout::marked_difference;
use clap::Args;
use serde_json::json;

use super::mean::{kind, parse_range};
use super::monitor::before;
use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// The score on items made before a model's training ended less that on items made since. Where old items score better the
/// model may have seen them, or they are easier: compare with a model whose training ended earlier. Shown beyond chance, it
/// exits with 1.
#[derive(Args)]
pub struct Cutoff {
    /// A table with a row per item.
    file: PathBuf,
    /// The column of scores; higher is better.
    #[arg(long)]
    value: String,
    /// The column of the time when the item was made: ISO 8601, or numbers.
    #[arg(long)]
    made: String,
    /// When the model's training ended, in the same form, such as 2024-06-30.
    #[arg(long)]
    trained: String,
    /// The smallest and the largest possible score, such as 0,1.
    #[arg(long, value_name = "LOW,HIGH", value_parser = parse_range)]
    range: Option<(f64, f64)>,
    #[command(flatten)]
    confidence: Confidence,
}

impl Cutoff {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (values, made) = (source.numbers(&self.value)?, source.texts(&self.made)?);
        let total = values.len();
        let known = values.into_iter().zip(made).filter_map(|(value, made)| Some((value?, made?)));
        let (scores, old): (Vec<f64>, Vec<bool>) =
            known.map(|(score, made)| (score, before(&made, &self.trained))).unzip();
        let older = old.iter().filter(|old| **old).count();
        let newer = scores.len() - older;
        let found = marked_difference(&scores, &old, kind(&scores, self.range, None)?, self.confidence.level)
            .ok_or_else(|| {
                usage(format!(
                    "{}: {older} items were made before --trained {} and {newer} since: both sides are needed",
                    self.file.display(),
                    self.trained
                ))
            })?;
        let e = &found.estimate;
        let better = e.interval.is_some_and(|i| i.lower > 0.0);
        let mean = |which: bool, n: usize| {
            scores.iter().zip(&old).filter(|(_, old)| **old == which).map(|(s, _)| s).sum::<f64>() / n as f64
        };
        let json = json!({"before": {"items": older, "value": mean(true, older)},
            "since": {"items": newer, "value": mean(false, newer)}, "left_out": total - scores.len(),
            "difference": e.value, "interval": bounds(e.interval), "method": e.method, "older_is_better": better});
        let mut lines = vec![
            format!(
                "{older} items from before score {:.3}, {newer} since score {:.3}: difference {} ({} {})",
                mean(true, older),
                mean(false, newer),
                number(e.value),
                level(self.confidence.level),
                range(e.interval)
            ),
            if better {
                "older items score better beyond chance: the model may have seen them, or they are easier"
            } else {
                "no sign that items from before are known"
            }
            .to_owned(),
        ];
        if total > scores.len() {
            lines.push(format!("{} rows without score or time left out", total - scores.len()));
        }
        Ok(Answer::new(json).lines(lines).alarm(better))
    }
}
