//! `assay init`: a first suite.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, say};
use crate::exit;

/// Writes `assay.yaml`, `cases.jsonl` and `app.py`, which run at once.
#[derive(Args)]
pub struct Init {
    /// The folder; made when it is missing.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Init {
    pub fn run(self) -> Result<u8, Failure> {
        std::fs::create_dir_all(&self.folder)?;
        let files = assay_suite::starter::files();
        for (name, _) in files {
            let path = self.folder.join(name);
            if path.exists() {
                return Err(format!("{} is there already; nothing was written", path.display()).into());
            }
        }
        for (name, text) in files {
            std::fs::write(self.folder.join(name), text)?;
            say(&format!("wrote {}", self.folder.join(name).display()));
        }
        say(&format!("\nnext: assay run {}", self.folder.join("assay.yaml").display()));
        Ok(exit::PASS)
    }
}
