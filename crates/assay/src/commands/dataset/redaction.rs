//! What was taken out, as commands say it.

use assay_core::Digest;
use assay_datasets::Library;
use assay_home::redaction::Redaction;
use assay_report::{plain, terminal};

use super::super::say;
use super::count;

/// Says what was found in how many of `all`, such as `300 cases`.
pub fn tell(redaction: &Redaction, all: &str) {
    if !redaction.found.is_empty() {
        let cells = redaction
            .found
            .iter()
            .map(|((kind, action), found)| vec![kind.clone(), (*action).to_owned(), count(*found)]);
        say(&terminal::table(&["kind", "action", "found"], cells.collect(), &[2]));
    }
    say(&format!("{} findings in {} of {all}", count(redaction.found.values().sum()), count(redaction.changed)));
    if redaction.in_names > 0 {
        say(&format!("note: {} of them are in names of fields, which are left alone", count(redaction.in_names)));
    }
}

/// Says where the audit of a version is.
pub fn tell_audit(library: &Library, version: Digest) {
    let file = library.audit_file(version);
    say(&format!("ids and clusters are left as they are. The audit: {}", plain(&file.display().to_string(), 400)));
}
