//! `assay dataset diff`.

use assay_datasets::Library;
use assay_datasets::diff::{Change, diff};
use assay_datasets::library::name_and_version;
use assay_report::plain;
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::{count, find};
use crate::exit;
use assay_home::home::sealed;
use assay_home::usage;

/// Shows what changed between two versions, field by field.
#[derive(Args)]
pub struct Diff {
    /// The older version: `qa@2`; the one before the newer one by default when one word is given.
    before: String,
    /// The newer version: `qa@3`.
    after: Option<String>,
    /// How many changed cases to show.
    #[arg(long, value_name = "N", default_value_t = 20)]
    cases: u64,
    /// Print JSON lines: every change, and a last line with the counts.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let (before, after) = match &self.after {
            Some(after) => (find(library, &self.before)?, find(library, after)?),
            None => {
                let after = find(library, &self.before)?;
                let name = name_and_version(&self.before).0;
                let earlier = after.0.versions.iter().rev().find(|record| record.number < after.1.number);
                let Some(earlier) = earlier else {
                    return Err(usage(format!(
                        "{name}@{} is the first version: there is nothing to compare",
                        after.1.number
                    )));
                };
                ((after.0.clone(), earlier.clone()), after)
            }
        };
        // A difference shows what cases say.
        for (dataset, _) in [&before, &after] {
            if let Some(part) = dataset.sealed_part()
                && self.cases > 0
            {
                return Err(format!("{}; `--cases 0` shows the counts alone", sealed(&dataset.name, &part.name)).into());
            }
        }
        let mut left = self.cases;
        let counts = diff(library, before.1.version, after.1.version, &mut |change| {
            if self.json {
                if self.cases > 0 {
                    say(&json!(change).to_string());
                }
            } else if left > 0 {
                left -= 1;
                print(&change);
            }
            Ok(())
        })?;
        if self.json {
            say(&json!({"before": before.1.version, "after": after.1.version, "counts": counts}).to_string());
            return Ok(exit::PASS);
        }
        let (old, new) = (&before.1, &after.1);
        let differing = counts.added + counts.removed + counts.changed + counts.renamed;
        if differing > self.cases && self.cases > 0 {
            say(&format!("… {} more; `--cases N` shows more", count(differing - self.cases)));
        }
        say(&format!(
            "{}@{} → {}@{}: {} added, {} removed, {} changed, {} renamed, {} the same",
            before.0.name,
            old.number,
            after.0.name,
            new.number,
            count(counts.added),
            count(counts.removed),
            count(counts.changed),
            count(counts.renamed),
            count(counts.same)
        ));
        Ok(exit::PASS)
    }
}

fn print(change: &Change) {
    match change {
        Change::Added { case } => say(&format!("+ {}", plain(case, 200))),
        Change::Removed { case } => say(&format!("- {}", plain(case, 200))),
        Change::Renamed { from, to } => say(&format!("> {} is now {}", plain(from, 200), plain(to, 200))),
        Change::Changed { case, fields } => {
            say(&format!("~ {}", plain(case, 200)));
            for field in fields {
                let side = |value: &Option<Value>| match value {
                    None => "nothing".to_owned(),
                    Some(value) => plain(&value.to_string(), 200),
                };
                say(&format!("    {}: {} → {}", plain(&field.field, 100), side(&field.before), side(&field.after)));
            }
        }
    }
}
