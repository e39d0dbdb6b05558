//! `assay stats ladder`: what a leaderboard on a holdout may show.

use std::path::PathBuf;

use assay_stats::holdout::{Ladder as Rule, Looks};
use assay_stats::{Item, level};
use clap::Args;
use serde_json::json;

use super::mean::kind;
use crate::answer::{Confidence, bounds, number, range, usage};
use crate::{Answer, Failure, Table};

/// Submissions to one holdout, in their order: each is a look. A new score is shown only when it beats the best by more than
/// the paired standard error (the Ladder), so that many tries do not climb. Intervals hold for all looks together
/// (Bonferroni). Beyond `--budget` looks nothing is shown and the exit code is 1: take a new holdout. The looks that are
/// counted are the submissions in this table, nothing else: no count is kept between calls or beside a dataset, so keep
/// every submission in the table, those that were dropped too.
#[derive(Args)]
pub struct Ladder {
    /// A table with a row per item and submission, in the order of submissions.
    file: PathBuf,
    /// The column that names the submission.
    #[arg(long, default_value = "submission")]
    submission: String,
    /// The column that names the item.
    #[arg(long, default_value = "item")]
    item: String,
    /// The column of scores; higher is better.
    #[arg(long, default_value = "score")]
    score: String,
    /// Looks that the holdout was made for.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    budget: u32,
    #[command(flatten)]
    confidence: Confidence,
}

impl Ladder {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let ((runs, run_names), (items, item_names)) = (source.groups(&self.submission)?, source.groups(&self.item)?);
        let scores = source.numbers(&self.score)?;
        let mut grid = vec![vec![None; item_names.len()]; run_names.len()];
        for row in 0..scores.len() {
            let score =
                scores[row].ok_or_else(|| usage(format!("{}: `{}` is empty", source.place(row), self.score)))?;
            let cell = &mut grid[runs[row] as usize][items[row] as usize];
            if cell.replace(score).is_some() {
                return Err(usage(format!(
                    "{}: submission `{}` has item `{}` twice",
                    source.place(row),
                    run_names[runs[row] as usize],
                    item_names[items[row] as usize]
                )));
            }
        }
        let full = |run: usize| -> Result<Vec<f64>, Failure> {
            let row = grid[run].iter().zip(&item_names).map(|(cell, item)| {
                cell.ok_or_else(|| {
                    usage(format!("{}: submission `{}` lacks item `{item}`", self.file.display(), run_names[run]))
                })
            });
            row.collect()
        };
        let mut looks = Looks { budget: self.budget, taken: 0 };
        let mut ladder = Rule::default();
        let mut best = None;
        let (mut rows, mut shown) = (Vec::new(), Vec::new());
        let mut locked = 0;
        for (run, name) in run_names.iter().enumerate() {
            let values = full(run)?;
            if looks.look().is_err() {
                locked += 1;
                rows.push(vec![name.clone(), "locked".into(), "–".into(), "–".into()]);
                shown.push(json!({"submission": name, "locked": true}));
                continue;
            }
            let release = ladder.submit(&values).map_err(|why| usage(why.to_string()))?;
            if release.improved {
                best = Some((name.clone(), values.clone()));
            }
            rows.push(vec![
                name.clone(),
                looks.taken.to_string(),
                number(Some(release.score)),
                if release.improved { "new best" } else { "not above noise" }.into(),
            ]);
            shown.push(json!({"submission": name, "look": looks.taken, "shown": release.score,
                              "improved": release.improved, "locked": false}));
        }
        let Some((winner, values)) = best else { return Err(usage("there is no submission")) };
        let together = looks.confidence(self.confidence.level).unwrap_or(self.confidence.level);
        let cases: Vec<Item> =
            values.iter().map(|value| Item { value: *value, repeats: 1, cluster: None, weight: 1.0 }).collect();
        let found = level(&cases, kind(&values, None, None)?, together);
        let json = json!({"items": item_names.len(), "looks": looks.taken, "budget": self.budget, "locked": locked,
            "submissions": shown, "best": {"submission": winner, "value": found.value,
                "interval": bounds(found.interval), "level_of_each": together}});
        let mut lines = vec![
            format!("{} of {} looks at {} items are used", looks.taken, self.budget, item_names.len()),
            format!(
                "best: {winner} at {} ({}), with a level of {:.2}% so that the intervals of all looks hold together",
                number(found.value),
                range(found.interval),
                100.0 * together
            ),
        ];
        if locked > 0 {
            let s = if locked == 1 { "" } else { "s" };
            lines.push(format!("{locked} submission{s} came after the last look: take a new holdout"));
        }
        Ok(Answer::new(json).lines(lines).table(&["submission", "look", "shown", ""], rows, &[1, 2]).alarm(locked > 0))
    }
}
