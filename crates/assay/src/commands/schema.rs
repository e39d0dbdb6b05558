//! `assay schema`: the JSON Schemas of suite, policy, rubric and notification files, for editors.

use clap::{Args, ValueEnum};

use super::{Failure, say};
use crate::exit;

/// Prints the JSON Schema of suite files (`assay schema > assay.schema.json`), or of another kind: `assay schema policy`.
#[derive(Args)]
pub struct Schema {
    /// The kind of file.
    #[arg(value_enum, default_value = "suite")]
    of: Of,
}

#[derive(Clone, Copy, ValueEnum)]
enum Of {
    /// What is evaluated
    Suite,
    /// What a release needs
    Policy,
    /// What raters are asked
    Rubric,
    /// Who is told of what
    Notify,
}

impl Schema {
    pub fn run(self) -> Result<u8, Failure> {
        let schema = match self.of {
            Of::Suite => assay_suite::schema::schema(
                assay_models::schema(),
                assay_scorers::schema(),
                assay_datasets::declare::schema(),
            ),
            Of::Policy => assay_release::policy::schema(),
            Of::Rubric => assay_review::Rubric::schema(),
            Of::Notify => assay_notify::file::schema(),
        };
        say(&serde_json::to_string_pretty(&schema)?);
        Ok(exit::PASS)
    }
}
