//! `assay review create`: a project.

use std::path::PathBuf;

use assay_core::grouped;
use assay_review::rubric::Rubric;
use assay_review::sample::LEAST_UNIFORM;
use assay_review::{Item, Review, Settings};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{dollars, pay_of};
use crate::exit;
use assay_home::Home;
use assay_home::programs::{Making, Rateable};
use assay_home::rateable::gold_rows;

/// Makes a project: draws items from a run (or takes the rows of a file), keeps the chance of each, decides which of them
/// several raters see, and lays out blocks in which every two raters share as many items as any other two.
#[derive(Args)]
pub struct Create {
    /// The project's name.
    pub(super) name: String,
    /// The rubric file.
    #[arg(long, value_name = "FILE")]
    rubric: PathBuf,
    /// The run whose answers are rated, and a target behind a colon.
    #[arg(long, value_name = "RUN", required_unless_present = "items", conflicts_with = "items")]
    run: Option<String>,
    /// The run that it is compared with, or several: items are pairs of answers to a case, each two runs' once, in an order
    /// of their own for each rater.
    #[arg(long, value_name = "RUN", requires = "run")]
    against: Vec<String>,
    /// A file of items: `id`, `output`, and `inputs`, `contexts`, `target`, metadata when there are any; for pairs `other`
    /// and `other_target`.
    #[arg(long, value_name = "FILE")]
    items: Option<PathBuf>,
    /// The rows of `--items` were drawn at random from what their labels shall speak for.
    #[arg(long, requires = "items")]
    drawn_at_random: bool,
    /// How many items are drawn; all by default.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Draw from each value of this metadata key, in proportion to its size.
    #[arg(long, value_name = "KEY", conflicts_with = "unsure")]
    stratify: Option<String>,
    /// Draw more where this scorer is unsure; where two scorers disagree; for pairs, where it scores both apart.
    #[arg(long, value_name = "SCORER", value_delimiter = ',')]
    unsure: Vec<String>,
    /// The share of a driven sample that is spread evenly.
    #[arg(long, value_name = "SHARE", default_value_t = LEAST_UNIFORM, requires = "unsure")]
    even: f64,
    /// The share of items that several raters see.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    overlap: f64,
    /// The least number of such items.
    #[arg(long, value_name = "N", default_value_t = 50)]
    least_overlap: u64,
    /// Raters of such an item.
    #[arg(long, value_name = "N", default_value_t = 3)]
    raters_per_item: u64,
    /// Raters that the blocks are laid out for; more may join, and fewer may come.
    #[arg(long, value_name = "N", default_value_t = 3)]
    raters: u64,
    /// A table of items with their right answers, hidden among the others: `item` or `case`, and a column per criterion.
    #[arg(long, value_name = "FILE")]
    gold: Option<PathBuf>,
    /// The share of a rater's items that is gold.
    #[arg(long, value_name = "SHARE", default_value_t = 0.08)]
    gold_share: f64,
    /// How many raters see a gold item at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    gold_cap: u64,
    /// Suspend a rater whose accuracy on gold is below this, by the upper bound of its interval.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    threshold: f64,
    /// Dollars for an item.
    #[arg(long, value_name = "USD", conflicts_with = "pay_hour")]
    pay: Option<f64>,
    /// Dollars for an hour at work.
    #[arg(long, value_name = "USD")]
    pay_hour: Option<f64>,
    /// Dollars after which no item is given out.
    #[arg(long, value_name = "USD")]
    budget: Option<f64>,
    /// Minutes for which an item is kept for the rater who got it.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    lease: u64,
    /// The seed of the draw, the blocks and the orders.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Why cases of a sealed part must be seen; it is recorded.
    #[arg(long)]
    reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Create {
    pub async fn run(self, home: &Home, review: &Review) -> Result<u8, Failure> {
        let of = match (self.run, self.items) {
            (Some(run), _) => Rateable::Runs { run, against: self.against, reason: self.reason },
            (None, Some(path)) => Rateable::File { path, drawn: self.drawn_at_random },
            (None, None) => return Err("name a run with `--run`, or a file with `--items`".into()),
        };
        let pay = pay_of(self.pay, self.pay_hour)?.unwrap_or_default();
        let settings = Settings {
            seed: self.seed,
            overlap: self.overlap,
            least_overlap: self.least_overlap,
            raters_each: self.raters_per_item,
            raters: self.raters,
            gold_share: self.gold_share,
            gold_cap: self.gold_cap,
            threshold: self.threshold,
            lease_seconds: self.lease.saturating_mul(60),
            pay,
            budget: dollars(self.budget, "--budget")?,
            ..Settings::default()
        };
        let making = Making {
            name: self.name,
            rubric: Rubric::load(&self.rubric).map_err(|found| *found)?,
            of,
            count: self.count,
            stratify: self.stratify,
            unsure: self.unsure,
            even: self.even,
            gold: self.gold.as_deref().map(gold_rows).transpose()?.unwrap_or_default(),
            settings,
        };
        let made = making.make(home, review).await?;
        let (project, hidden) = (&made.project, made.gold);
        let progress = review.progress(project).await?;
        let stored = review.items(&project.name).await?;
        let several = stored.iter().filter(|item| item.wanted > 1).count();
        let shared = shared(self.raters, &stored, self.raters_per_item);
        if self.json {
            say(&json!({"project": project, "progress": progress, "several_raters": several}).to_string());
            return Ok(exit::PASS);
        }
        say(&format!(
            "project {}: {} of {} answers drawn, {} of them for {} raters each, {} ratings in all",
            project.name,
            grouped(progress.items),
            grouped(project.settings.candidates),
            several,
            self.raters_per_item,
            grouped(progress.wanted)
        ));
        if let Some(shared) = shared {
            say(&shared);
        }
        match hidden {
            0 => say("no gold: nobody's accuracy will be known"),
            n => say(&format!("{n} gold items, one of about {:.0} items of a rater", 1.0 / self.gold_share.max(0.01))),
        }
        if let Some((need, budget)) = made.beyond_budget(progress.wanted) {
            say(&format!("note: all ratings would cost about {need}, the budget is {budget}"));
        }
        say(&format!("\nnext: assay review rate {} --rater NAME", project.name));
        Ok(exit::PASS)
    }
}

/// How many items two raters share, when it is fewer than comparing them needs.
fn shared(raters: u64, items: &[Item], each: u64) -> Option<String> {
    const ENOUGH: u64 = 15;
    let several = items.iter().filter(|item| item.wanted > 1).count() as u64;
    let pairs = raters.checked_mul(raters.checked_sub(1)?)?;
    if pairs == 0 || each < 2 {
        return (raters > 1).then(|| "note: no item has two raters: agreement will not be known".into());
    }
    let shared = several * each * (each - 1) / pairs;
    (shared < ENOUGH).then(|| {
        let needed = assay_stats::design::items_for_shared(raters, each, ENOUGH);
        let needed = needed
            .map_or_else(String::new, |needed| format!("; {needed} items with several raters would give {ENOUGH}"));
        format!("note: every two raters share about {shared} items, too few to compare them{needed}")
    })
}
