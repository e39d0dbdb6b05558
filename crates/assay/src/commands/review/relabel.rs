//! `assay review relabel`: another version of the rubric.

use std::path::PathBuf;

use assay_review::{Review, Rubric};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use crate::exit;

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
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Relabel {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let (rubric, text) = Rubric::load(&self.rubric).map_err(|found| *found)?;
        let (change, again) = review.change_rubric(&self.project, &rubric, &text).await?;
        if self.json {
            say(&json!({"change": change, "answered_again": again}).to_string());
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
        Ok(exit::PASS)
    }
}
