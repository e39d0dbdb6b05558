//! What earlier reports were on: those groups of cases stay held out, whatever is asked for later.

use std::collections::{BTreeSet, HashSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use assay_core::Digest;
use assay_core::score::ScorerRecord;
use assay_report::plain;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use assay_home::Failure;
use assay_home::audit::{self, AuditLog};

/// The longest text in an entry of the audit log, in characters.
const LONGEST_NAME: usize = 300;

/// What one report was on. Digests only: the file tells nobody what the cases are.
#[derive(Serialize, Deserialize)]
struct Line {
    judge: String,
    fingerprint: Digest,
    marks: BTreeSet<Digest>,
}

/// The earlier reports of a judge: under its name, which a new version of its file keeps, or under its fingerprint, which it
/// keeps under another name.
pub struct Reported {
    root: PathBuf,
    judge: String,
    fingerprint: Digest,
    /// By what the groups of cases that were reported on are known again.
    pub marks: HashSet<Digest>,
    /// How many reports there were, by the audit log.
    pub times: usize,
}

impl Reported {
    /// Those in a workspace.
    ///
    /// # Errors
    /// What is noted cannot be read: nothing may be chosen on cases that were perhaps reported on.
    pub fn of(workspace: &Path, scorer: &ScorerRecord) -> Result<Self, Failure> {
        let times = times(workspace, &scorer.name, &scorer.fingerprint)?;
        Self::read(workspace, &scorer.name, scorer.fingerprint, times)
    }

    fn read(workspace: &Path, judge: &str, fingerprint: Digest, times: usize) -> Result<Self, Failure> {
        let path = file(workspace);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let mut marks = HashSet::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                format!("{}, line {}: {error}. It says which cases stay held out", path.display(), at + 1)
            })?;
            if line.judge == judge || line.fingerprint == fingerprint {
                marks.extend(line.marks);
            }
        }
        Ok(Self { root: workspace.to_owned(), judge: judge.to_owned(), fingerprint, marks, times })
    }

    /// Keeps what is about to be reported on, before anything of it is seen.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, marks: &BTreeSet<Digest>) -> Result<(), Failure> {
        let path = file(&self.root);
        let line = Line { judge: self.judge.clone(), fingerprint: self.fingerprint, marks: marks.clone() };
        let text = format!("{}\n", serde_json::to_string(&line)?);
        let written = std::fs::create_dir_all(path.parent().unwrap_or(&self.root)).and_then(|()| {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&path)?;
            // In one piece: another process may append too.
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| format!("{}: {error}", path.display()).into())
    }

    /// Notes in the audit log that there was a report.
    pub fn note(&self, held_out: &Digest) {
        // The command's word may be the beginning of a fingerprint, which the judge's next version does not have.
        audit::note("judge", self.judge.as_str());
        audit::note("fingerprint", self.fingerprint.to_string());
        audit::note("held_out", held_out.to_string());
    }
}

/// The file that says it. The audit log cannot: its entries are too short for this.
fn file(workspace: &Path) -> PathBuf {
    workspace.join("tuning").join("held_out.jsonl")
}

/// How often a judge was reported on, by the audit log. Which answers it was does not matter: what was reported on stays held
/// out, so that all of them overlap.
fn times(workspace: &Path, judge: &str, fingerprint: &Digest) -> Result<usize, Failure> {
    let mut count = 0;
    AuditLog::of(workspace).for_each(0, &mut |_, entry| {
        let entry: Value = serde_json::from_slice(entry).unwrap_or_default();
        count += usize::from(is_report(&entry, judge, fingerprint));
        Ok(())
    })?;
    Ok(count)
}

/// Whether an entry of the audit log is that of a report on a judge.
fn is_report(entry: &Value, judge: &str, fingerprint: &Digest) -> bool {
    let object = &entry["object"];
    let same = object["judge"] == plain(judge, LONGEST_NAME).as_str()
        || object["fingerprint"] == fingerprint.to_string().as_str();
    entry["action"] == "judge tune" && object["held_out"].is_string() && same
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest(word: &str) -> Digest {
        Digest::of_bytes(word.as_bytes())
    }

    #[test]
    fn what_was_reported_on_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let of = |judge: &str, version: &str| Reported::read(folder.path(), judge, digest(version), 0).unwrap();
        assert!(of("helpful", "1").marks.is_empty());
        of("helpful", "1").keep(&BTreeSet::from([digest("a"), digest("b")])).unwrap();
        of("helpful", "2").keep(&BTreeSet::from([digest("c")])).unwrap();
        assert_eq!(of("helpful", "3").marks, HashSet::from([digest("a"), digest("b"), digest("c")]));
        assert_eq!(of("by another name", "2").marks, HashSet::from([digest("c")]));
        assert!(of("another", "4").marks.is_empty());
        std::fs::write(file(folder.path()), "{\"judge\": \"r").unwrap();
        let why = Reported::read(folder.path(), "helpful", digest("1"), 0).err().unwrap().to_string();
        assert!(why.contains("line 1") && why.contains("stay held out"), "{why}");
    }

    #[test]
    fn every_report_of_a_judge_counts_whatever_it_was_on() {
        let entry = |judge: &str, held_out: Value| json!({"action": "judge tune", "object": {"judge": judge, "fingerprint": digest("1"), "held_out": held_out}});
        assert!(is_report(&entry("helpful", json!("x")), "helpful", &digest("2")));
        assert!(is_report(&entry("helpful", json!("y")), "renamed", &digest("1")));
        assert!(!is_report(&entry("helpful", json!("x")), "another", &digest("2")));
        assert!(!is_report(&entry("helpful", Value::Null), "helpful", &digest("1")), "nothing was reported");
    }
}
