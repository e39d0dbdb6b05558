//! `assay schema`: the JSON Schema of suite files, for editors.

use clap::Args;

use super::{Failure, say};
use crate::exit;

/// Prints the JSON Schema of suite files: `assay schema > assay.schema.json`.
#[derive(Args)]
pub struct Schema {}

impl Schema {
    pub fn run(self) -> Result<u8, Failure> {
        let schema = assay_suite::schema::schema(
            assay_models::schema(),
            assay_scorers::schema(),
            assay_datasets::declare::schema(),
        );
        say(&serde_json::to_string_pretty(&schema)?);
        Ok(exit::PASS)
    }
}
