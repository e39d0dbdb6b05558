//! `assay dataset tag`, `set` and `revoke`.

use assay_datasets::Library;
use assay_datasets::library::{Event, Sensitivity, check_day, name_and_version, who};
use clap::Args;
use serde_json::Value;

use super::super::{Failure, say};
use crate::exit;
use assay_home::usage;

/// Gives a version a name that can move.
#[derive(Args)]
pub struct Tag {
    /// The dataset, and a version behind `@`; the newest by default.
    pub(super) name: String,
    /// The tag, such as `approved`.
    pub(super) tag: String,
    /// Take the tag away.
    #[arg(long)]
    remove: bool,
}

impl Tag {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let held = library.hold()?;
        let (name, version) = name_and_version(&self.name);
        if self.remove {
            library.untag(&held, name, &who(), &self.tag)?;
            say(&format!("tag {} is removed", self.tag));
            return Ok(exit::PASS);
        }
        let record = library.tag(&held, name, &who(), &self.tag, version)?;
        say(&format!("{name}@{} is {name}@{} {}", self.tag, record.number, record.version.short()));
        Ok(exit::PASS)
    }
}

/// Sets what governs a dataset; what is not named stays as it is, an empty text clears it.
#[derive(Args)]
pub struct Set {
    /// The dataset.
    pub(super) name: String,
    /// What it is.
    #[arg(long)]
    description: Option<String>,
    /// Who answers for it.
    #[arg(long)]
    owner: Option<String>,
    /// Its licence, as an SPDX expression where there is one.
    #[arg(long)]
    licence: Option<String>,
    /// What the people in it agreed to.
    #[arg(long)]
    consent: Option<String>,
    /// public, internal, confidential or restricted.
    #[arg(long)]
    sensitivity: Option<String>,
    /// Servers that may receive it when it is confidential or restricted, and `command` or `python` where programs or
    /// Python functions may; none but models on this machine otherwise.
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    hosts: Option<Vec<String>>,
    /// The last day on which it may be used, as 2027-12-31.
    #[arg(long, value_name = "DAY")]
    retain_until: Option<String>,
    /// The metadata key that holds the last day on which a case may be used.
    #[arg(long, value_name = "KEY")]
    expires: Option<String>,
    /// The tier of a golden set, 1 for what must not break.
    #[arg(long, value_name = "TIER")]
    golden: Option<String>,
}

impl Set {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let held = library.hold()?;
        let dataset = library.dataset(&self.name)?;
        let mut governance = dataset.governance.clone();
        let set = |field: &mut Option<String>, given: Option<String>| {
            if let Some(text) = given {
                *field = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            }
        };
        if let Some(day) = self.retain_until.as_ref().filter(|day| !day.trim().is_empty()) {
            check_day(day)?;
        }
        set(&mut governance.description, self.description);
        set(&mut governance.owner, self.owner);
        set(&mut governance.licence, self.licence);
        set(&mut governance.consent, self.consent);
        set(&mut governance.retain_until, self.retain_until);
        if let Some(key) = self.expires.as_ref().map(|key| key.trim()).filter(|key| !key.is_empty()) {
            let (mut cases, mut unreadable) = (0u64, 0u64);
            for case in library.cases(dataset.version(None)?.version)? {
                let Some(value) = case?.metadata.remove(key) else { continue };
                cases += 1;
                let day = value.as_str().and_then(|text| text.get(..10));
                unreadable += u64::from(day.is_none_or(|day| check_day(day).is_err()));
            }
            if cases == 0 {
                return Err(usage(format!("no case of `{}` has the metadata key `{key}`", self.name)));
            }
            if unreadable > 0 {
                say(&format!(
                    "note: {unreadable} of {cases} days cannot be read (2027-12-31 is expected): these cases are expired"
                ));
            }
        }
        set(&mut governance.expires, self.expires);
        if let Some(word) = self.sensitivity {
            governance.sensitivity = match word.as_str() {
                "" => None,
                word => Some(serde_json::from_value::<Sensitivity>(Value::from(word)).map_err(|_| {
                    usage(format!("`{word}` is no sensitivity: public, internal, confidential or restricted"))
                })?),
            };
        }
        if let Some(hosts) = self.hosts {
            if let Some(host) = hosts.iter().find(|host| host.contains(['/', ':', ' '])) {
                return Err(usage(format!(
                    "`{host}` is no host: write `api.openai.com`, without scheme, port and path"
                )));
            }
            governance.hosts =
                hosts.into_iter().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect();
        }
        if let Some(tier) = self.golden {
            governance.golden = match tier.as_str() {
                "" => None,
                tier => Some(tier.parse().map_err(|_| usage(format!("`{tier}` is no tier: 1, 2, 3 …")))?),
            };
        }
        if governance != dataset.governance {
            library.append(&held, &self.name, &who(), vec![Event::Governed(Box::new(governance.clone()))])?;
        }
        for (key, value) in serde_json::to_value(&governance)?.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            say(&format!("{}: {}", key.replace('_', " "), assay_report::plain(&text, 400)));
        }
        Ok(exit::PASS)
    }
}

/// Forbids the use of a case in every version, or allows it again. Runs that used it stay as they are.
#[derive(Args)]
pub struct Revoke {
    /// The dataset.
    pub(super) name: String,
    /// The ids of cases.
    #[arg(required = true)]
    cases: Vec<String>,
    /// Why; it is recorded.
    #[arg(long)]
    reason: String,
    /// Allow their use again.
    #[arg(long)]
    undo: bool,
}

impl Revoke {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        if self.reason.trim().is_empty() {
            return Err(usage("a reason is needed: it is what remains on record".into()));
        }
        let held = library.hold()?;
        let dataset = library.dataset(&self.name)?;
        let mut events = Vec::new();
        if self.undo {
            if let Some(case) = self.cases.iter().find(|case| !dataset.revoked.contains_key(*case)) {
                return Err(usage(format!("case `{case}` is not revoked")));
            }
            let reinstated = |case: String| Event::Reinstated { case, reason: self.reason.clone() };
            events.extend(self.cases.into_iter().map(reinstated));
        } else {
            let mut unknown: std::collections::BTreeSet<&String> = self.cases.iter().collect();
            for record in dataset.versions.iter().rev() {
                if unknown.is_empty() {
                    break;
                }
                for case in library.cases(record.version)? {
                    unknown.remove(&case?.id);
                }
            }
            if let Some(case) = unknown.first() {
                return Err(usage(format!("no version of `{}` has a case `{case}`", self.name)));
            }
            events.extend(
                self.cases
                    .into_iter()
                    .filter(|case| !dataset.revoked.contains_key(case))
                    .map(|case| Event::Revoked { case, reason: self.reason.clone() }),
            );
        }
        let changed = events.len();
        library.append(&held, &self.name, &who(), events)?;
        say(&format!("{changed} cases {}", if self.undo { "may be used again" } else { "are not used any more" }));
        Ok(exit::PASS)
    }
}
