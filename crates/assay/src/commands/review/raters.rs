//! `assay review suspend` and `reinstate`.

use assay_report::plain;
use assay_review::{RaterState, Review};
use clap::Args;

use super::super::{Failure, say};
use crate::exit;

/// Suspends a rater by hand. Raters are suspended without it when even the upper bound of their accuracy on hidden gold is
/// below the project's threshold.
#[derive(Args)]
pub struct Suspend {
    /// The project.
    pub(super) project: String,
    /// The rater.
    rater: String,
    /// Why; it is kept.
    #[arg(long)]
    reason: String,
}

impl Suspend {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        review.project(&self.project).await?;
        review.suspend(&self.project, &self.rater, &self.reason).await?;
        say(&format!("{} is suspended: their ratings are kept and do not count", plain(&self.rater, 80)));
        Ok(exit::PASS)
    }
}

/// Lets a suspended rater work again; what they rated before counts again, and gold counts anew.
#[derive(Args)]
pub struct Reinstate {
    /// The project.
    pub(super) project: String,
    /// The rater.
    rater: String,
    /// Why, such as a training they took; it is kept.
    #[arg(long, default_value = "")]
    reason: String,
}

impl Reinstate {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let project = review.project(&self.project).await?;
        let rater = review.reinstate(&project, &self.rater, &self.reason).await?;
        let how = if rater.state == RaterState::New { "after passing the quiz again" } else { "at once" };
        say(&format!("{} may work again, {how}", plain(&self.rater, 80)));
        Ok(exit::PASS)
    }
}
