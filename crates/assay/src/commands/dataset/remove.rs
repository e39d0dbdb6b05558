//! `assay dataset rm`.

use assay_datasets::Library;
use assay_datasets::library::{Event, name_and_version, who};
use clap::Args;

use super::super::{Failure, say};
use super::{count, known, size};
use crate::exit;
use assay_home::usage;

/// Removes versions and the bytes that nothing else needs. The log keeps what they were.
#[derive(Args)]
pub struct Remove {
    /// The dataset, and a version behind `@`; every version without one.
    pub(super) name: String,
    /// Why; it is recorded.
    #[arg(long)]
    reason: String,
}

impl Remove {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        if self.reason.trim().is_empty() {
            return Err(usage("a reason is needed: it is what remains on record".into()));
        }
        let held = library.hold()?;
        let (name, version) = name_and_version(&self.name);
        let dataset = library.dataset(name)?;
        let versions = match version {
            Some(_) => vec![known(library, &self.name)?.1],
            None => dataset.versions.clone(),
        };
        // Bytes are freed only when every log can be read: that is found out before anything is removed.
        for other in library.names()? {
            library.find(&other)?;
        }
        let removed = versions.len();
        let events = versions.into_iter().map(|record| Event::Removed {
            number: record.number,
            version: record.version,
            reason: self.reason.clone(),
        });
        library.append(&held, name, &who(), events.collect())?;
        let (files, bytes) = library.remove_unused(&held)?;
        say(&format!("{removed} versions removed; {} files, {} freed", count(files), size(bytes)));
        say("note: runs that used them keep their own list of cases until the workspace is removed");
        Ok(exit::PASS)
    }
}
