//! `assay stats assign`: who rates which row, in which order, with hidden gold.

use std::path::PathBuf;

use assay_stats::design::{Scale, assign, gold_for, items_for_alpha, items_for_shared, overlap, sheets, suspended};
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, number, percent, usage};
use crate::{Answer, Failure, Table};

/// Items that two raters share for an agreement between the two of them to mean something.
const SHARED: u32 = 15;
/// Gold items for each rater and round.
const GOLD: usize = 10;

/// Plans a study with people: a share of the rows gets several raters, the others one, so that all have as much to do, give
/// or take one, and any two raters share as many rows as any other two. `--gold` hides rows whose label is known in every
/// list. Says how many rows a statement about agreement needs, and how many gold items find a bad rater. With `--json`
/// each rater's list in its order; `swapped` is for comparisons, to be shown in the second order.
#[derive(Args)]
pub struct Assign {
    /// A table with a row per item.
    file: PathBuf,
    /// The raters' names, or how many there are.
    #[arg(long, value_delimiter = ',', required = true)]
    raters: Vec<String>,
    /// Ratings of an item that gets several.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=4096))]
    each: u64,
    /// The share of items that gets several ratings; 1 for all.
    #[arg(long, default_value_t = 0.2)]
    share: f64,
    /// At least so many items get several ratings.
    #[arg(long, default_value_t = 50)]
    least: usize,
    /// A column of true labels; rows that have one are gold: hidden in the lists, not rated as items.
    #[arg(long)]
    gold: Option<String>,
    /// Gold items in each list; 10 unless there are fewer.
    #[arg(long, requires = "gold")]
    gold_each: Option<usize>,
    /// The accuracy of a rater whom gold shall find.
    #[arg(long, default_value_t = 0.6, requires = "gold")]
    bad: f64,
    /// Raters whose accuracy on gold is below this, by the upper bound, are suspended.
    #[arg(long, default_value_t = 0.8, requires = "gold")]
    threshold: f64,
    /// The α (Krippendorff) that is expected.
    #[arg(long, default_value_t = 0.7)]
    alpha: f64,
    /// How far α's interval shall reach to either side.
    #[arg(long, default_value_t = 0.1)]
    within: f64,
    /// The share of yes, when ratings are yes or no; without it ratings are taken for numbers.
    #[arg(long)]
    prevalence: Option<f64>,
    /// The seed of the lot.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

impl Assign {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let refused = |why: assay_stats::Invalid| usage(why.to_string());
        let labels = self.gold.as_deref().map(|column| source.texts(column)).transpose()?;
        let is_gold = |row: &usize| labels.as_ref().is_some_and(|labels| labels[*row].is_some());
        let (gold, items): (Vec<usize>, Vec<usize>) = (0..source.rows()).partition(is_gold);
        if items.is_empty() {
            return Err(usage(format!("{}: every row is gold, there is nothing to rate", self.file.display())));
        }
        let raters = self.names()?;
        let each = self.each as usize;
        if each > raters.len() {
            return Err(usage(format!("--each {each}: there are {} raters", raters.len())));
        }
        let counts = overlap(items.len(), self.share, self.least, each, self.seed).map_err(refused)?;
        let several = counts.iter().filter(|count| **count > 1).count();
        let design = assign(&counts, raters.len(), self.seed).map_err(refused)?;
        let hidden = self.gold_each.unwrap_or(GOLD.min(gold.len()));
        let lists = sheets(&design, gold.len(), hidden, self.seed).map_err(refused)?;
        let shared = design.shared_range();
        let efficiency = design.efficiency();
        let scale = self.prevalence.map_or(Scale::Interval, |prevalence| Scale::Binary { prevalence });
        let confidence = self.confidence.level;
        let wanted = items_for_alpha(self.alpha, self.within, self.each, scale, confidence);
        if wanted.is_none() && each > 1 {
            return Err(usage(
                "--alpha is from 0 to below 1, --within above 0 and --prevalence between 0 and 1, such as 0.7, 0.1 and 0.3",
            ));
        }
        let for_pairs = items_for_shared(raters.len() as u64, self.each, u64::from(SHARED));
        let ratings: usize = counts.iter().sum();
        let mut lines = vec![format!(
            "{ratings} ratings of {} items by {} raters: {several} items get {each}, the others one",
            items.len(),
            raters.len()
        )];
        if let Some((fewest, most)) = shared.filter(|_| each > 1) {
            lines.push(format!("two raters share {fewest} to {most} items"));
            if let (true, Some(needed)) = (fewest < SHARED, for_pairs) {
                lines.push(format!(
                    "warning: {SHARED} or more are wanted, for which {needed} items need {each} ratings"
                ));
            }
        }
        lines.push(match efficiency {
            Some(efficiency) => format!(
                "raters can be compared with {} of what the same ratings would tell if all rated the same items",
                percent(Some(efficiency))
            ),
            None => {
                "warning: no chain of shared items connects all raters, so nobody's severity can be told from their \
                     items"
                    .into()
            }
        });
        if let Some(wanted) = wanted.filter(|_| each > 1) {
            let enough = if (several as u64) < wanted { "; raise --share" } else { "" };
            lines.push(format!(
                "an α of {} is known to about ±{} from {wanted} items with {each} ratings, here are {several}{enough}",
                self.alpha, self.within
            ));
        }
        let mut found = Value::Null;
        if self.gold.is_some() {
            let chance = suspended(hidden as u64, self.bad, self.threshold, confidence);
            let needed = gold_for(self.bad, self.threshold, 0.8, confidence);
            let (Some(chance), Some(needed)) = (chance, needed) else {
                return Err(usage("--bad is below --threshold, and both are between 0 and 1, such as 0.6 and 0.8"));
            };
            lines.push(format!(
                "a rater who is right in {} is suspended after {hidden} gold items with a chance of {}; {needed} find four \
                 of five",
                percent(Some(self.bad)),
                percent(Some(chance))
            ));
            if hidden < GOLD {
                lines.push(format!("warning: {GOLD} gold items or more for each rater are wanted"));
            }
            found = json!({"items": gold.len(), "each": hidden, "chance": chance, "needed": needed});
        }
        let row = |task: &assay_stats::design::Task| if task.gold { gold[task.item] } else { items[task.item] };
        let tasks: Vec<Value> = raters
            .iter()
            .zip(&lists)
            .flat_map(|(rater, list)| {
                list.iter().enumerate().map(move |(place, task)| {
                    json!({"rater": rater, "place": place + 1, "row": row(task) + 1, "gold": task.gold,
                           "swapped": task.swapped})
                })
            })
            .collect();
        let cells = raters
            .iter()
            .zip(&lists)
            .map(|(rater, list)| {
                let first: Vec<String> = list.iter().take(8).map(|task| (row(task) + 1).to_string()).collect();
                let more = if list.len() > 8 { ", …" } else { "" };
                let gold = list.iter().filter(|task| task.gold).count();
                vec![
                    assay_report::plain(rater, 40),
                    (list.len() - gold).to_string(),
                    gold.to_string(),
                    format!("{}{more}", first.join(", ")),
                ]
            })
            .collect();
        let loads: Vec<Value> =
            raters.iter().zip(&design.loads).map(|(rater, load)| json!({"rater": rater, "items": load})).collect();
        Ok(Answer::new(json!({
            "seed": self.seed, "items": items.len(), "ratings": ratings, "several": several, "raters": loads,
            "shared": shared.map(|(fewest, most)| json!({"fewest": fewest, "most": most})),
            "efficiency": efficiency, "items_for_alpha": wanted, "items_for_pairs": for_pairs, "gold": found,
            "tasks": tasks,
        }))
        .lines(lines)
        .table(&["rater", "items", "gold", "rows in order (all with --json)"], cells, &[1, 2])
        .line(format!("efficiency {}, seed {}", number(efficiency), self.seed)))
    }

    /// The names that were given, or as many as were asked for.
    fn names(&self) -> Result<Vec<String>, Failure> {
        if let [count] = self.raters.as_slice()
            && let Ok(count) = count.parse::<usize>()
        {
            if !(1..=4096).contains(&count) {
                return Err(usage("--raters takes 1 to 4096 raters"));
            }
            return Ok((1..=count).map(|rater| format!("rater {rater}")).collect());
        }
        let mut sorted = self.raters.clone();
        sorted.sort();
        if let Some(twice) = sorted.windows(2).find(|two| two[0] == two[1]) {
            return Err(usage(format!("--raters names `{}` twice", twice[0])));
        }
        Ok(self.raters.clone())
    }
}
