//! `assay stats sequence`: where a running comparison could have stopped.

use std::path::PathBuf;

use assay_stats::mean::sum;
use assay_stats::sequential::{
    Bets, Side, always_valid_p, asymptotic_interval, best_rho2, discordant_log_e, msprt_log_e,
};
use clap::Args;
use serde_json::json;

use super::mean::parse_range;
use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Paired results in the order of their arrival, each row a look: an exact e-process for passes, betting against a loss
/// of the margin for bounded scores, the mixture test and the confidence sequence for any. Says the row at which each
/// could have stopped without raising the error rate.
#[derive(Args)]
pub struct Sequence {
    /// A table with a row per case, in the order of the run.
    file: PathBuf,
    /// The column of the candidate's scores.
    #[arg(long)]
    candidate: String,
    /// The column of the baseline's scores.
    #[arg(long)]
    baseline: String,
    /// The largest loss to accept.
    #[arg(long, default_value_t = 0.0)]
    margin: f64,
    /// The smallest and the largest possible score.
    #[arg(long, value_name = "LOW,HIGH", default_value = "0,1", value_parser = parse_range)]
    range: (f64, f64),
    /// Cases of the whole suite, when the rows are drawn from it without replacement.
    #[arg(long)]
    suite: Option<u64>,
    #[command(flatten)]
    confidence: Confidence,
}

impl Sequence {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (c, b) = (source.numbers(&self.candidate)?, source.numbers(&self.baseline)?);
        let width = self.range.1 - self.range.0;
        if !(self.margin >= 0.0 && self.margin < width) {
            return Err(usage("--margin is 0 or more, and less than the range of scores"));
        }
        let mut gaps = Vec::new();
        let mut binary = true;
        for (row, pair) in c.iter().zip(&b).enumerate() {
            let (Some(c), Some(b)) = pair else { continue };
            if [c, b].into_iter().any(|v| *v < self.range.0 || *v > self.range.1) {
                return Err(usage(format!("{}: a score is outside --range", source.place(row))));
            }
            binary &= [c, b].into_iter().all(|v| *v == 0.0 || *v == 1.0);
            gaps.push(c - b);
        }
        if gaps.is_empty() {
            return Err(usage(format!("{}: no row has both scores", self.file.display())));
        }
        let alpha = 1.0 - self.confidence.level;
        let limit = -alpha.ln();
        let stop = |path: &[f64]| path.iter().position(|e| *e >= limit).map(|at| at + 1);
        let mut rows: Vec<(&str, Vec<f64>)> = Vec::new();
        if binary {
            let (mut up, mut down) = (0, 0);
            let path = gaps.iter().map(|gap| {
                up += u64::from(*gap > 0.0);
                down += u64::from(*gap < 0.0);
                discordant_log_e(up, down)
            });
            rows.push(("any difference (discordant pairs)", path.collect()));
        }
        let bets = Bets::new(&gaps, (-width, width), self.suite, alpha).map_err(usage)?;
        for (name, side) in
            [("no loss beyond the margin (betting)", Side::Above), ("a loss beyond the margin (betting)", Side::Below)]
        {
            let path = bets.log_capital(-self.margin, side);
            rows.push((name, path.ok_or_else(|| usage("--margin: a finite number is expected"))?));
        }
        let rho2 = best_rho2(gaps.len() as f64, alpha).ok_or_else(|| usage("no row has both scores"))?;
        // Running mean and variance by Welford's recurrence; the mixture is tuned to the planned size in units of it.
        let (mut mean, mut squares) = (0.0, 0.0);
        let mixture = gaps.iter().enumerate().map(|(at, gap)| {
            let n = at as f64 + 1.0;
            let from = gap - mean;
            mean += from / n;
            squares += from * (gap - mean);
            let variance = squares / (n - 1.0);
            if n < 30.0 { 0.0 } else { msprt_log_e(mean, variance, n as u64, 0.0, rho2 * variance).unwrap_or(0.0) }
        });
        rows.push(("any difference (mixture test, from 30 cases)", mixture.collect()));
        let n = gaps.len();
        let centre = sum(gaps.iter().copied()) / n as f64;
        let sd = (sum(gaps.iter().map(|gap| (gap - centre).powi(2))) / (n as f64 - 1.0)).sqrt();
        let asymptotic = asymptotic_interval(centre, sd, n as u64, rho2, alpha);
        let betting = bets.interval();
        let mut lines = Vec::new();
        let mut found = Vec::new();
        let mut cells = Vec::new();
        for (name, path) in &rows {
            let at = stop(path);
            let p = always_valid_p(path.iter().copied()).last().copied();
            if let Some(at) = at {
                lines.push(format!("{name}: shown at row {at} of {n}; the run could have stopped there"));
            }
            cells.push(vec![
                (*name).to_owned(),
                at.map_or_else(|| "–".into(), |at| at.to_string()),
                path.last().map_or_else(|| number(None), |e| format!("{:.3e}", e.exp())),
                p.map_or_else(|| number(None), |p| format!("{p:.4}")),
            ]);
            let finite: Vec<Option<f64>> = path.iter().map(|e| e.is_finite().then_some(*e)).collect();
            found.push(json!({"about": name, "stop": at, "always_valid_p": p, "log_e": finite}));
        }
        if lines.is_empty() {
            lines.push(format!("nothing is shown after {n} rows: go on"));
        }
        lines.push(format!(
            "difference {centre:+.3}; {} that holds at every row: betting {}, asymptotic {}",
            level(self.confidence.level),
            range(betting),
            range(asymptotic)
        ));
        Ok(Answer::new(json!({"cases": n, "difference": centre, "betting": bounds(betting),
                              "asymptotic": bounds(asymptotic), "looks": found}))
        .lines(lines)
        .table(&["shown", "at row", "e-value at the end", "p at any time"], cells, &[1, 2, 3]))
    }
}
