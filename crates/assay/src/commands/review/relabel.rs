//! `assay review relabel`: another version of the rubric.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_review::outcome::{Relabelled, RightAnswers};
use assay_review::{Item, Review, Rubric};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use crate::exit;
use assay_home::rateable::{gold_rows, right_answers};

/// Gives a project another version of its rubric. Criteria that are asked otherwise than before are asked again, of the
/// same raters about the same items, before anything new; other answers stay. `assay review report` shows what the change
/// did.
#[derive(Args)]
pub struct Relabel {
    /// The project.
    pub(super) project: String,
    /// The rubric file.
    #[arg(long, value_name = "FILE")]
    rubric: PathBuf,
    /// The right answers of gold items hold for questions that are asked otherwise, too. Without it they are taken out.
    #[arg(long, conflicts_with = "gold")]
    keep_gold: bool,
    /// A table of gold items with their right answers to the new questions: `item` or `case`, and a column per criterion.
    #[arg(long, value_name = "FILE")]
    gold: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Relabel {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let (rubric, text) = Rubric::load(&self.rubric).map_err(|found| *found)?;
        let right = match (&self.gold, self.keep_gold) {
            (_, true) => RightAnswers::Hold,
            (None, false) => RightAnswers::Known(BTreeMap::new()),
            (Some(path), false) => {
                let all = review.items(&self.project).await?;
                let gold: Vec<&Item> = all.iter().filter(|item| item.gold.is_some()).collect();
                let known = right_answers(&rubric, &gold_rows(path)?, &gold)?;
                RightAnswers::Known(known.into_iter().map(|(at, right)| (gold[at].id.clone(), right)).collect())
            }
        };
        let Relabelled { change, again, gold } = review.change_rubric(&self.project, &rubric, &text, &right).await?;
        if self.json {
            let said = json!({"change": change, "answered_again": again, "gold_without_right_answer": gold});
            say(&said.to_string());
            return Ok(exit::PASS);
        }
        for (what, names) in
            [("asked otherwise", &change.changed), ("new", &change.added), ("no longer asked", &change.removed)]
        {
            if !names.is_empty() {
                say(&format!("{what}: {}", names.join(", ")));
            }
        }
        say(&match again {
            0 => "no question is asked again; all ratings stay".to_owned(),
            n => format!("{n} ratings of an item are asked again, for these questions alone"),
        });
        if gold > 0 {
            say(&format!(
                "{gold} gold items have no right answer to a changed question now, and count for and against nobody by it: \
                 `--gold FILE` gives new ones, `--keep-gold` says that the old ones hold"
            ));
        }
        Ok(exit::PASS)
    }
}
