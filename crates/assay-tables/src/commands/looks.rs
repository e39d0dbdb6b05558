//! `assay stats looks`: boundaries for looking before the last case.

use assay_report::terminal::table;
use assay_stats::sequential::{Spending, boundaries};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::commands::run::usage;
use crate::commands::{Failure, say};
use crate::exit;

/// A group-sequential plan: at each look the interval is estimate ± boundary · SE, and stopping on it keeps the level.
#[derive(Args)]
pub struct Looks {
    /// Shares of the cases at which results are looked at.
    #[arg(long, value_delimiter = ',', default_values_t = [0.2, 0.4, 0.6, 0.8, 1.0])]
    at: Vec<f64>,
    /// How the error rate is spent.
    #[arg(long, value_enum, default_value_t = Plan::ObrienFleming)]
    spending: Plan,
    /// The level that the whole plan keeps.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Plan {
    /// Almost nothing early
    ObrienFleming,
    /// About evenly
    Pocock,
}

impl Looks {
    pub fn run(self) -> Result<u8, Failure> {
        let spending = match self.spending {
            Plan::ObrienFleming => Spending::OBrienFleming,
            Plan::Pocock => Spending::Pocock,
        };
        let alpha = 1.0 - self.confidence;
        if !(0.5..1.0).contains(&self.confidence) {
            return Err(usage(format!("--confidence must be from 0.5 to below 1, not {}", self.confidence)));
        }
        let limits = boundaries(&self.at, alpha, spending)
            .map_err(|_| usage("--at must rise by 0.0001 or more, with each share above 0 and at most 1".into()))?;
        let limits: Vec<f64> = limits.iter().map(|look| look.critical).collect();
        if self.json {
            say(&json!({"at": self.at, "boundaries": limits, "confidence": self.confidence}).to_string());
            return Ok(exit::PASS);
        }
        let rows = self
            .at
            .iter()
            .zip(&limits)
            .map(|(at, z)| {
                vec![format!("{:.0}%", 100.0 * at), format!("{z:.4}"), format!("{:.4}", spending.spent(alpha, *at))]
            })
            .collect();
        say(&table(&["cases seen", "boundary of |z|", "error spent"], rows, &[0, 1, 2]));
        Ok(exit::PASS)
    }
}
