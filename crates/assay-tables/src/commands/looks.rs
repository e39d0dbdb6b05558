//! `assay stats looks`: boundaries for looking before the last case.

use assay_stats::sequential::{Spending, boundaries};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::answer::{Confidence, usage};
use crate::{Answer, Failure};

/// A group-sequential plan: at each look the interval is estimate ± boundary · SE, and stopping on it keeps the level.
#[derive(Args)]
pub struct Looks {
    /// Shares of the cases at which results are looked at.
    #[arg(long, value_delimiter = ',', default_values_t = [0.2, 0.4, 0.6, 0.8, 1.0])]
    at: Vec<f64>,
    /// How the error rate is spent.
    #[arg(long, value_enum, default_value_t = Plan::ObrienFleming)]
    spending: Plan,
    /// Of Hwang, Shih and DeCani's spending: below 0 spends late, 0 evenly, above 0 early.
    #[arg(long, default_value_t = -4.0, allow_negative_numbers = true)]
    gamma: f64,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, ValueEnum)]
enum Plan {
    /// Almost nothing early
    ObrienFleming,
    /// About evenly
    Pocock,
    /// As --gamma says
    HwangShihDecani,
}

impl Looks {
    pub fn answer(self) -> Result<Answer, Failure> {
        let spending = match self.spending {
            Plan::ObrienFleming => Spending::OBrienFleming,
            Plan::Pocock => Spending::Pocock,
            Plan::HwangShihDecani if (-40.0..=40.0).contains(&self.gamma) => Spending::HwangShihDeCani(self.gamma),
            Plan::HwangShihDecani => return Err(usage("--gamma is a number from -40 to 40, such as -4")),
        };
        let alpha = 1.0 - self.confidence.level;
        let looks = boundaries(&self.at, alpha, spending)
            .map_err(|_| usage("--at must rise by 0.0001 or more, with each share above 0 and at most 1"))?;
        let rows = self
            .at
            .iter()
            .zip(&looks)
            .map(|(at, look)| {
                vec![format!("{:.0}%", 100.0 * at), format!("{:.4}", look.critical), format!("{:.4}", look.spent)]
            })
            .collect();
        let limits: Vec<f64> = looks.iter().map(|look| look.critical).collect();
        Ok(Answer::new(json!({"at": self.at, "boundaries": limits, "confidence": self.confidence.level})).table(
            &["cases seen", "boundary of |z|", "error spent"],
            rows,
            &[0, 1, 2],
        ))
    }
}
