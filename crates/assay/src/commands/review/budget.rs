//! `assay review budget`.

use assay_core::Money;
use assay_review::Review;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{dollars, pay_of};
use crate::exit;

/// Shows what was spent and is left, and changes what a project may cost and what its work is paid from now on. What was rated
/// stays paid as it was.
#[derive(Args)]
pub struct Budget {
    /// The project.
    pub(super) project: String,
    /// Dollars in all after which no item is given out.
    #[arg(long, value_name = "USD", conflicts_with = "no_limit")]
    to: Option<f64>,
    /// No end to it.
    #[arg(long)]
    no_limit: bool,
    /// Dollars for an item.
    #[arg(long, value_name = "USD", conflicts_with = "pay_hour")]
    pay: Option<f64>,
    /// Dollars for an hour at work.
    #[arg(long, value_name = "USD")]
    pay_hour: Option<f64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Budget {
    /// Whether something is changed and not only shown.
    pub(super) fn changes(&self) -> bool {
        self.no_limit || self.to.is_some() || self.pay.is_some() || self.pay_hour.is_some()
    }

    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let mut project = review.project(&self.project).await?;
        if self.changes() {
            let pay = pay_of(self.pay, self.pay_hour)?;
            let budget = match dollars(self.to, "--to")? {
                Some(budget) => Some(budget),
                None if self.no_limit => None,
                None => project.settings.budget,
            };
            project = review.set_budget(&self.project, pay, budget).await?;
        }
        let spent = review.progress(&project).await?.spent;
        let left = project.settings.budget.map(|budget| budget - spent);
        if self.json {
            say(&json!({"project": project.name, "pay": project.settings.pay, "spent_usd": spent.dollars(),
                        "budget_usd": project.settings.budget.map(Money::dollars), "left_usd": left.map(Money::dollars)})
            .to_string());
            return Ok(exit::PASS);
        }
        let pay = project.settings.pay;
        say(&match (project.settings.budget, left) {
            (Some(budget), Some(left)) if left >= Money::ZERO => {
                format!("{pay}; spent {spent} of {budget}, {left} left")
            }
            (Some(budget), _) => {
                format!("{pay}; spent {spent}, more than the budget of {budget}: no item is given out")
            }
            (None, _) => format!("{pay}; spent {spent}, no limit"),
        });
        Ok(exit::PASS)
    }
}
