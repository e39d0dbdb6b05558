//! `assay review plan`: before anything is made.

use assay_core::Money;
use assay_stats::design::{Scale, gold_for, items_for_alpha, items_for_shared};
use assay_stats::raters::{raters_for, spearman_brown};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{dollars, pay_of};
use crate::exit;

/// Plans a program: items with several raters for an interval of α, raters for a reliability, gold for a suspension, and
/// what it costs.
#[derive(Args)]
pub struct Plan {
    /// Items in all.
    #[arg(long, value_name = "N", default_value_t = 300)]
    items: u64,
    /// Raters.
    #[arg(long, value_name = "N", default_value_t = 3)]
    raters: u64,
    /// Raters of an item that several see.
    #[arg(long, value_name = "N", default_value_t = 3)]
    raters_per_item: u64,
    /// The share of items that several see.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    overlap: f64,
    /// The α that is expected; also taken as the reliability of one rating.
    #[arg(long, value_name = "ALPHA", default_value_t = 0.7)]
    alpha: f64,
    /// The half width that its interval shall have.
    #[arg(long, value_name = "WIDTH", default_value_t = 0.1)]
    half_width: f64,
    /// The share of yes, for a question with two answers; a scale otherwise.
    #[arg(long, value_name = "SHARE")]
    prevalence: Option<f64>,
    /// The reliability that the mean of an item's ratings shall have.
    #[arg(long, value_name = "RELIABILITY", default_value_t = 0.8)]
    target: f64,
    /// The accuracy on gold below which a rater is suspended.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    threshold: f64,
    /// The accuracy of a rater who must be found.
    #[arg(long, value_name = "SHARE", default_value_t = 0.6)]
    bad: f64,
    /// The share of a rater's items that is gold; it is paid, too.
    #[arg(long, value_name = "SHARE", default_value_t = 0.08)]
    gold_share: f64,
    /// Dollars for an item.
    #[arg(long, value_name = "USD", conflicts_with = "pay_hour")]
    pay: Option<f64>,
    /// Dollars for an hour at work.
    #[arg(long, value_name = "USD")]
    pay_hour: Option<f64>,
    /// Seconds that an item takes, for `--pay-hour`.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Dollars that there are: says how many ratings they pay for.
    #[arg(long, value_name = "USD")]
    budget: Option<f64>,
    /// The level of intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    confidence: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Plan {
    pub fn run(self) -> Result<u8, Failure> {
        if !(0.0..=0.5).contains(&self.gold_share) {
            return Err("the share of gold is from 0 to 0.5".into());
        }
        if !(0.0..=1.0).contains(&self.overlap) || self.items == 0 || self.raters_per_item > self.raters {
            return Err(
                "there is an item, the overlap is a share, and an item has no more raters than there are".into()
            );
        }
        let scale = self.prevalence.map_or(Scale::Interval, |prevalence| Scale::Binary { prevalence });
        let several = ((self.overlap * self.items as f64).ceil() as u64).max(50).min(self.items);
        let ratings = several * self.raters_per_item + (self.items - several);
        let needed = items_for_alpha(self.alpha, self.half_width, self.raters_per_item, scale, self.confidence);
        if needed.is_none() {
            return Err(
                "α is from 0 to below 1, with two raters of an item or more, a half width above 0, and a share of yes \
                        between 0 and 1"
                    .into(),
            );
        }
        let pairs = self.raters * (self.raters - 1);
        let shared = (pairs > 0).then(|| several * self.raters_per_item * (self.raters_per_item - 1) / pairs);
        let for_shared = items_for_shared(self.raters, self.raters_per_item, 15);
        let each = raters_for(self.alpha, self.target);
        let mean = spearman_brown(self.alpha, self.raters_per_item as f64);
        let gold = gold_for(self.bad, self.threshold, 0.8, self.confidence);
        let pay = pay_of(self.pay, self.pay_hour)?;
        let each_costs = pay.map(|pay| pay.of(i64::from(self.seconds) * 1_000));
        let with_gold = ratings as f64 * (1.0 + self.gold_share);
        let cost = each_costs.map(|each| Money::from_dollars(each.dollars() * with_gold));
        let budget = dollars(self.budget, "--budget")?;
        let paid = match (budget, each_costs) {
            (Some(budget), Some(each)) => {
                // A hair above, so that 110 dollars pay for what costs 110.
                let covered = (budget.dollars() / each.dollars() / (1.0 + self.gold_share) + 1e-9).floor() as u64;
                Some((budget, covered.min(ratings)))
            }
            (Some(_), None) => return Err("a budget needs to know what work costs: add `--pay` or `--pay-hour`".into()),
            (None, _) => None,
        };
        if self.json {
            say(&json!({
                "items": self.items, "several": several, "ratings": ratings, "ratings_per_rater": ratings.div_ceil(self.raters),
                "several_for_half_width": needed, "shared_by_two": shared, "several_for_15_shared": for_shared,
                "raters_for_target": each, "reliability_of_mean": mean, "gold_per_rater": gold,
                "cost_usd": cost.map(Money::dollars), "ratings_paid": paid.map(|(_, ratings)| ratings),
            })
            .to_string());
            return Ok(exit::PASS);
        }
        say(&format!(
            "{} items, {several} of them for {} raters: {ratings} ratings, {} for each of {} raters",
            self.items,
            self.raters_per_item,
            ratings.div_ceil(self.raters),
            self.raters
        ));
        if let Some(needed) = needed {
            let enough = if several >= needed { "enough" } else { "too few" };
            say(&format!(
                "α of about {} within ± {}: {needed} items with several raters; {several} are {enough}",
                self.alpha, self.half_width
            ));
        }
        if let (Some(shared), Some(needed)) = (shared, for_shared) {
            let enough = if shared >= 15 { "enough" } else { "too few" };
            say(&format!(
                "every two raters share about {shared} items, {enough} to compare them (15 need {needed} items)"
            ));
        }
        if let (Some(each), Some(mean)) = (each, mean) {
            say(&format!(
                "the mean of {} ratings has the reliability {mean:.2}; {} needs {each} ratings an item",
                self.raters_per_item, self.target
            ));
        }
        match gold {
            Some(gold) => say(&format!(
                "a rater who is right {:.0}% of the time is suspended with 80% chance after {gold} gold items",
                100.0 * self.bad
            )),
            None => say("no number of gold items up to 10,000 suspends such a rater with 80% chance"),
        }
        if let Some(cost) = cost {
            let gold = 100.0 * self.gold_share;
            say(&format!("cost: {cost} with {gold:.0}% more for gold; suspended raters and repeats come on top"));
        }
        if let Some((budget, covered)) = paid {
            say(&match covered < ratings {
                true => format!("{budget} pay for {covered} of {ratings} ratings"),
                false => format!("{budget} pay for all of it"),
            });
        }
        Ok(exit::PASS)
    }
}
