//! `assay validate`: everything that can be found wrong before any call.

use std::path::PathBuf;

use assay_engine::{EngineError, Options, Prepared};
use clap::Args;

use super::{Failure, say};
use crate::exit;

/// Checks suites: syntax, keys, scorers, targets, templates, datasets, gate.
#[derive(Args)]
pub struct Validate {
    /// Suite files.
    #[arg(default_value = "assay.yaml")]
    suites: Vec<PathBuf>,
    /// Print the problems as JSON.
    #[arg(long)]
    json: bool,
}

impl Validate {
    pub async fn run(self) -> Result<u8, Failure> {
        let mut code = exit::PASS;
        let mut located = Vec::new();
        for path in &self.suites {
            let checked = match Prepared::load(path, &Options::default()) {
                Ok(prepared) => prepared.check_machine().await.map(|()| prepared),
                Err(error) => Err(error),
            };
            match checked {
                Ok(prepared) => {
                    if !self.json {
                        say(&format!("{}: valid", path.display()));
                        prepared.warnings.iter().for_each(|warning| say(&format!("  note: {warning}")));
                    }
                }
                Err(EngineError::Suite(diagnostics)) if self.json => {
                    located.extend(diagnostics.located());
                    code = exit::USAGE;
                }
                Err(error) => code = exit::report(&error),
            }
        }
        if self.json {
            say(&serde_json::to_string_pretty(&located)?);
        }
        Ok(code)
    }
}
