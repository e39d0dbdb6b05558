//! `assay schema`: the JSON Schemas of suite and policy files, for editors.

use clap::{Args, ValueEnum};

use super::{Failure, say};
use crate::exit;

/// Prints the JSON Schema of suite files (`assay schema > assay.schema.json`) or of policy files (`assay schema policy`).
#[derive(Args)]
pub struct Schema {
    /// Of which files.
    #[arg(value_enum, default_value_t = Of::Suite)]
    of: Of,
}

#[derive(Clone, Copy, ValueEnum)]
enum Of {
    Suite,
    Policy,
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
        };
        say(&serde_json::to_string_pretty(&schema)?);
        Ok(exit::PASS)
    }
}
