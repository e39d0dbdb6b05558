//! `assay stats split`: whether an experiment's traffic was split as configured.

use assay_stats::online::{CONCENTRATION, Concern, sample_ratio, sample_ratio_log_e};
use clap::Args;
use serde_json::json;

use crate::answer::usage;
use crate::{Answer, Failure};

/// Sample ratio mismatch: χ² of the units in each arm against the configured shares (for two arms the exact test), and an
/// e-value that may be read at any time. A mismatch below 0.001 exits with 1.
#[derive(Args)]
pub struct Split {
    /// Units in each arm, such as 44700 45489.
    #[arg(required = true, num_args = 2..)]
    units: Vec<u64>,
    /// The configured shares of the arms; equal by default.
    #[arg(long, value_delimiter = ',')]
    shares: Vec<f64>,
}

impl Split {
    pub fn answer(self) -> Result<Answer, Failure> {
        let shares = if self.shares.is_empty() { vec![1.0; self.units.len()] } else { self.shares };
        let found = sample_ratio(&self.units, &shares).map_err(usage)?;
        let e = sample_ratio_log_e(&self.units, &shares, CONCENTRATION).map_err(usage)?.exp();
        let word = match found.concern {
            Concern::Alert => "mismatch: the experiment is broken, its results say nothing",
            Concern::Warning => "warning: look for a cause before trusting the results",
            Concern::None => "no sign of a mismatch",
        };
        let json = json!({"units": self.units, "chi_square": found.chi2, "p": found.p, "exact_p": found.exact,
                          "e_value": e, "finding": word});
        let p = found.exact.unwrap_or(found.p);
        Ok(Answer::new(json)
            .line(format!("{word} (χ² {:.3}, p {p:.3e}, e-value {e:.3})", found.chi2))
            .alarm(found.concern == Concern::Alert))
    }
}
