//! `assay dataset show`.

use std::collections::BTreeMap;

use assay_core::Case;
use assay_datasets::Library;
use assay_datasets::library::{Event, Unusable, today, who};
use assay_report::{numbers, plain};
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::{count, find, size};
use crate::exit;
use assay_home::home::open_sealed;
use assay_home::usage;

/// Shows a version: what governs it, its parts, its first cases, or one case.
#[derive(Args)]
pub struct Show {
    /// The dataset, and a version behind `@`: a number, a tag, or the beginning of a digest.
    name: String,
    /// The id of one case.
    case: Option<String>,
    /// How many cases to show.
    #[arg(long, value_name = "N", default_value_t = 5)]
    cases: u64,
    /// Only cases of this part.
    #[arg(long)]
    split: Option<String>,
    /// Why cases of a sealed part must be seen; it is recorded.
    #[arg(long)]
    reason: Option<String>,
    /// Print the cases as JSON lines, and nothing else.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let (dataset, record) = find(library, &self.name)?;
        let plan = dataset.split.as_ref();
        let part = match (&self.split, plan) {
            (None, _) => None,
            (Some(name), Some(plan)) => Some(plan.part(name)?),
            (Some(_), None) => return Err(usage(format!("`{}` is not divided: `assay dataset split`", dataset.name))),
        };
        let mut open = part.is_some_and(|part| part.looks.is_some());
        if open {
            self.unseal(library, &dataset.name, part.map_or("", |part| &part.name), record.version)?;
        }
        let today = today();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut revoked, mut expired, mut clusters, mut expected) = (0, 0, 0u64, 0u64);
        let mut shown: Vec<Case> = Vec::new();
        for case in library.cases(record.version)? {
            let case = case?;
            let of = plan.map(|plan| plan.part_of(&case));
            if let Some(of) = of {
                *counts.entry(&of.name).or_default() += 1;
            }
            match dataset.unusable(&case, &today) {
                Some(Unusable::Revoked) => revoked += 1,
                Some(Unusable::Expired) => expired += 1,
                None => {}
            }
            clusters += u64::from(case.cluster.is_some());
            expected += u64::from(case.expected.is_some());
            if let Some(wanted) = &self.case {
                if case.id != *wanted {
                    continue;
                }
                if let Some(of) = of.filter(|of| of.looks.is_some() && !open) {
                    self.unseal(library, &dataset.name, &of.name, record.version)?;
                    open = true;
                }
            } else if (shown.len() as u64) >= self.cases {
                continue;
            }
            let wanted = match (part, of) {
                (Some(part), Some(of)) => part.name == of.name,
                _ => of.is_none_or(|of| of.looks.is_none() || open),
            };
            if wanted {
                shown.push(case);
            }
        }
        if let Some(wanted) = &self.case
            && shown.is_empty()
        {
            return Err(usage(format!("{}@{} has no case `{wanted}`", dataset.name, record.number)));
        }
        if self.json {
            for case in &shown {
                say(&serde_json::to_string(case)?);
            }
            return Ok(exit::PASS);
        }
        if self.case.is_none() {
            say(&format!("{}@{} {}", dataset.name, record.number, record.version));
            say(&format!(
                "{} cases, {}; {} with an expected output, {} in clusters",
                count(record.cases),
                size(record.bytes),
                count(expected),
                count(clusters)
            ));
            let governance = json!(dataset.governance);
            for (key, value) in governance.as_object().into_iter().flatten() {
                say(&format!("{}: {}", key.replace('_', " "), plain(&text(value), 400)));
            }
            if revoked + expired > 0 {
                say(&format!("not used: {} revoked, {} expired", count(revoked), count(expired)));
            }
            for part in plan.iter().flat_map(|plan| &plan.parts) {
                let cases = counts.get(part.name.as_str()).copied().unwrap_or_default();
                let looks = part.looks.map_or_else(String::new, |looks| {
                    format!(", sealed: {} of {looks} looks taken", dataset.looks_at(&part.name, record.version))
                });
                say(&format!("part {}: {} cases{looks}", plain(&part.name, 80), count(cases)));
                for best in dataset.rungs(&part.name, record.version).filter(|rung| rung.improved) {
                    let (scorer, target) = (plain(&best.scorer, 80), plain(&best.target, 80));
                    say(&format!("  best {scorer}: {} of {target}, run {}", best.score, best.run.short()));
                }
            }
            if let Some(added) = dataset
                .log
                .iter()
                .rev()
                .find(|entry| matches!(&entry.event, Event::Version(of) if of.number == record.number))
            {
                say(&format!(
                    "{} {} by {}",
                    record.lineage.how.as_str(),
                    numbers::time(added.at_us),
                    plain(&added.by, 60)
                ));
            }
        }
        for case in &shown {
            say(&format!("\n{}", plain(&case.id, 200)));
            let full = serde_json::to_value(case)?;
            for (key, value) in full.as_object().into_iter().flatten().filter(|(key, _)| *key != "id") {
                match value {
                    Value::Object(fields) => {
                        for (name, value) in fields {
                            say(&format!("  {}.{}: {}", plain(key, 40), plain(name, 80), plain(&text(value), 2_000)));
                        }
                    }
                    value => say(&format!("  {}: {}", plain(key, 40), plain(&text(value), 2_000))),
                }
            }
        }
        Ok(exit::PASS)
    }

    fn unseal(&self, library: &Library, name: &str, split: &str, version: assay_core::Digest) -> Result<(), Failure> {
        open_sealed(library, &library.hold()?, &who(), name, split, version, self.reason.as_deref())
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
