//! `assay stats calibration`: whether a score means what it says.

use std::path::PathBuf;

use assay_stats::calibration::{brier, conformal_bound, isotonic, platt, risk_coverage};
use assay_stats::judges::{abstention, calibration_error, temperature};
use assay_stats::proportion::{critical, wilson};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Reliability, calibration error and Brier score of a score against what came true; maps that mend it; and the score
/// above which a decision is safe enough to leave to the machine.
#[derive(Args)]
pub struct Calibration {
    /// A table with a row per case.
    file: PathBuf,
    /// The column of the score: a probability from 0 to 1, or any number for Platt's scaling and abstention alone.
    #[arg(long)]
    score: String,
    /// The column of what came true: 1 or 0, true or false.
    #[arg(long)]
    outcome: String,
    /// Bins of equal numbers of cases.
    #[arg(long, default_value_t = 15)]
    bins: usize,
    /// The share of errors that decisions above the threshold may have.
    #[arg(long, default_value_t = 0.05)]
    risk: f64,
    #[command(flatten)]
    confidence: Confidence,
}

impl Calibration {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (scores, outcomes) = (source.numbers(&self.score)?, source.texts(&self.outcome)?);
        let (mut s, mut y) = (Vec::new(), Vec::new());
        let total = scores.len();
        for (i, (score, outcome)) in scores.into_iter().zip(outcomes).enumerate() {
            let (Some(score), Some(outcome)) = (score, outcome) else { continue };
            y.push(match outcome.trim().to_lowercase().as_str() {
                "1" | "1.0" | "true" | "yes" | "pass" => true,
                "0" | "0.0" | "false" | "no" | "fail" => false,
                _ => {
                    return Err(usage(format!(
                        "{}, row {}: `{}` is `{outcome}`; 1 or 0, true or false is expected",
                        self.file.display(),
                        i + 1,
                        self.outcome
                    )));
                }
            });
            s.push(score);
        }
        if s.is_empty() {
            return Err(usage(format!("{}: no row has both a score and an outcome", self.file.display())));
        }
        if !(self.risk > 0.0 && self.risk < 1.0) || self.bins == 0 {
            return Err(usage("--risk must lie between 0 and 1 and --bins above 0"));
        }
        let confidence = self.confidence.level;
        let n = s.len();
        let error = calibration_error(&s, &y, self.bins);
        let parts = brier(&s, &y);
        let clip = |p: f64| p.clamp(1e-6, 1.0 - 1e-6);
        let logits: Vec<f64> = s.iter().map(|p| (clip(*p) / (1.0 - clip(*p))).ln()).collect();
        let heat = error.as_ref().and_then(|_| temperature(&logits, &y));
        let sigmoid = platt(&s, &y);
        let truths: Vec<f64> = y.iter().map(|y| f64::from(u8::from(*y))).collect();
        let steps = isotonic(&s, &truths, None);
        // A probability decides at one half and is as sure as it is far from it; any other score is sure when high.
        let (sure, wrong): (Vec<f64>, Vec<bool>) = s
            .iter()
            .zip(&y)
            .map(|(p, y)| if error.is_some() { ((p - 0.5).abs() + 0.5, (*p >= 0.5) != *y) } else { (*p, !y) })
            .unzip();
        let delta = 1.0 - confidence;
        let safe = abstention(&sure, &wrong, self.risk, delta).map_err(|why| usage(why.to_string()))?;
        let area = risk_coverage(&sure, &wrong).map(|(_, area)| area);
        let residual: Vec<f64> = s.iter().zip(&truths).map(|(p, y)| (y - p).abs()).collect();
        let bound = error.as_ref().and_then(|_| conformal_bound(&residual, delta));
        let brier_after =
            |map: &dyn Fn(usize) -> f64| (0..n).map(|i| (map(i) - truths[i]).powi(2)).sum::<f64>() / n as f64;
        let mut maps = Vec::new();
        if let Some(t) = heat {
            maps.push(("temperature", format!("T = {t:.3}"), brier_after(&|i| 1.0 / (1.0 + (-logits[i] / t).exp()))));
        }
        if let Some((a, b)) = sigmoid {
            let fitted = brier_after(&|i| 1.0 / (1.0 + (a * s[i] + b).exp()));
            maps.push(("Platt", format!("1/(1 + exp({a:.3}·score {b:+.3}))"), fitted));
        }
        if let Some(steps) = &steps {
            let mut levels = steps.clone();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            maps.push(("isotonic", format!("{} steps", levels.len()), brier_after(&|i| steps[i])));
        }
        let z = critical(confidence);
        let bins: Vec<_> = error.iter().flat_map(|e| &e.bins).collect();
        let of_bin = |b: &assay_stats::judges::Bin| wilson(b.observed * b.cases as f64, b.cases as f64, z);
        let json = json!({
            "cases": n, "left_out": total - n,
            "ece": error.as_ref().map(|e| e.ece), "ece_squared_debiased": error.as_ref().and_then(|e| e.debiased),
            "bins": bins.iter().map(|b| { let i = of_bin(b); json!({"cases": b.cases, "forecast": b.forecast,
                "observed": b.observed, "interval": i.map(|i| [i.lower, i.upper])}) }).collect::<Vec<_>>(),
            "brier": parts.map(|b| json!({"score": b.score, "reliability": b.reliability, "resolution": b.resolution,
                "uncertainty": b.uncertainty})),
            "temperature": heat, "platt": sigmoid.map(|(a, b)| json!({"a": a, "b": b})), "conformal_residual": bound,
            "maps": maps.iter().map(|(name, what, score)| json!({"map": name, "parameters": what, "brier": score})).collect::<Vec<_>>(),
            "area_under_risk_coverage": area,
            "abstention": safe.map(|a| json!({"threshold": a.threshold, "coverage": a.coverage, "errors": a.errors,
                "decided": a.decided, "upper": a.upper, "risk": self.risk})),
        });
        let mut lines = Vec::new();
        match (&error, parts) {
            (Some(e), Some(b)) => {
                let chance = match e.debiased {
                    Some(left) if left <= 0.0 => "no more than chance makes in bins of this size".to_owned(),
                    Some(left) => format!("{:.3} without what chance makes (root mean square)", left.sqrt()),
                    None => "some bin has a single case: use fewer --bins".to_owned(),
                };
                lines.push(format!("{n} cases: calibration error {:.3}; {chance}", e.ece));
                lines.push(format!(
                    "Brier score {:.4} = reliability {:.4} − resolution {:.4} + uncertainty {:.4}",
                    b.score, b.reliability, b.resolution, b.uncertainty
                ));
            }
            _ => lines.push(format!("{n} cases; scores lie outside of 0 to 1, so calibration is not defined")),
        }
        let side = if error.is_some() { "sure to" } else { "with a score of" };
        lines.push(match safe {
            Some(a) => format!(
                "decide {side} {:.3} or more: {:.1}% of the cases, {} errors in {}, at most {:.1}% with {:.0}% confidence",
                a.threshold,
                100.0 * a.coverage,
                a.errors,
                a.decided,
                100.0 * a.upper,
                100.0 * confidence
            ),
            None => format!("no threshold is shown to keep errors at or below {:.1}%", 100.0 * self.risk),
        });
        if error.is_some() {
            lines.push(match bound {
                Some(bound) if bound < 1.0 => {
                    format!(
                        "conformal: with {:.0}% chance a new outcome is within {bound:.3} of its score",
                        100.0 * confidence
                    )
                }
                _ => format!("conformal: at {:.0}% nothing can be excluded", 100.0 * confidence),
            });
        }
        if let Some(area) = area {
            lines.push(format!("area under the risk–coverage curve {area:.4}"));
        }
        let reliability = bins
            .iter()
            .map(|b| vec![b.cases.to_string(), number(Some(b.forecast)), number(Some(b.observed)), range(of_bin(b))])
            .collect();
        let mended =
            maps.into_iter().map(|(name, what, score)| vec![name.into(), what, format!("{score:.4}")]).collect();
        Ok(Answer::new(json)
            .lines(lines)
            .table(&["cases", "score", "came true", &level(confidence)], reliability, &[0, 1, 2, 3])
            .table(&["map", "parameters", "Brier on the same cases"], mended, &[2]))
    }
}
