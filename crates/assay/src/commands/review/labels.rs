//! `assay review labels`: the label file.

use std::io::Write;
use std::path::PathBuf;

use assay_home::calibration::ProjectLabels;
use assay_review::Review;
use assay_review::outcome::Aggregate;
use clap::{Args, ValueEnum};

use super::super::{Failure, say};
use crate::exit;

/// Writes what people say of each item as JSON lines, with its chance, for `assay judge calibrate --labels`. Settled
/// questions have the settled answer. Items whose raters are split have no line; gold items were not drawn, so they have
/// none either.
#[derive(Args)]
pub struct LabelsCommand {
    /// The project.
    project: String,
    /// The file; standard output by default.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How the answers of several raters become one.
    #[arg(long, value_enum, default_value = "usual")]
    by: By,
    /// Write each rater's rating too, for human–human agreement.
    #[arg(long)]
    each: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// The mean of a scale, else the most frequent answer
    Usual,
    /// The most frequent answer
    Majority,
    /// Dawid and Skene's model
    DawidSkene,
}

impl LabelsCommand {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let how = match self.by {
            By::Usual => Aggregate::Usual,
            By::Majority => Aggregate::Majority,
            By::DawidSkene => Aggregate::DawidSkene,
        };
        let found = ProjectLabels::of(review, &self.project, how, self.each).await?;
        if found.labels.is_empty() {
            eprintln!("error: no item has a label yet");
            return Ok(exit::NOTHING);
        }
        let mut text = String::new();
        for label in &found.labels {
            text.push_str(&serde_json::to_string(label)?);
            text.push('\n');
        }
        let Some(path) = &self.out else {
            std::io::stdout().write_all(text.as_bytes())?;
            return Ok(exit::PASS);
        };
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        say(&format!("{} labels in {}", found.labels.len(), path.display()));
        found.notes.iter().for_each(|note| say(note));
        Ok(exit::PASS)
    }
}
