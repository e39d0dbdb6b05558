//! `assay dataset take`: a case of a run, kept for a dataset.

use std::path::{Path, PathBuf};

use assay_datasets::library::who;
use assay_report::plain;
use clap::Args;

use super::super::{Failure, say};
use crate::exit;
use assay_home::{Home, usage};

/// Puts a case of a run into a dataset's quarantine, with the run it comes from and why; `assay dataset accept` takes it over.
#[derive(Args)]
pub struct Take {
    /// The dataset.
    pub(super) name: String,
    /// The run: an id or its ending, or `latest`.
    run: String,
    /// The id of the case.
    case: String,
    /// Why it is worth keeping; recorded with the case.
    #[arg(long, short)]
    message: Option<String>,
}

impl Take {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (row, _) = home.find(&self.run).await?;
        let taken = home.take_case(&row.record, &self.case, &self.name, &who(), self.message).await?;
        let Some(taken) = taken else {
            let (run, case) = (row.record.id.short(), plain(&self.case, 200));
            return Err(usage(format!("run {run} has no case `{case}`")));
        };
        let id = plain(&taken.id, 200);
        say(&match taken.known {
            true => format!("`{id}` waits in {} already", taken.quarantine),
            false => {
                format!("`{id}` waits in {}: `assay dataset accept {}` takes it over", taken.quarantine, self.name)
            }
        });
        Ok(exit::PASS)
    }
}
