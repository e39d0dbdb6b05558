//! `assay dataset split`.

use assay_datasets::Library;
use assay_datasets::library::{Event, who};
use assay_datasets::split::SplitPlan;
use assay_report::plain;
use clap::Args;

use super::super::{Failure, say};
use super::count;
use crate::exit;
use assay_home::usage;

/// Divides the cases into parts by the digest of their group, never by their row. Holds for every version, those to come
/// included. A sealed part cannot be listed or exported without a recorded reason, and a limited number of runs may use
/// it.
#[derive(Args)]
pub struct Split {
    /// The dataset.
    pub(super) name: String,
    /// The parts with their shares: `dev=0.2,test=0.6,holdout=0.2`.
    parts: String,
    /// The metadata key whose cases stay together; those of a cluster do by default.
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// Parts to seal.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    seal: Vec<String>,
    /// How many runs may look at a version of a sealed part.
    #[arg(long, value_name = "N", default_value_t = 10)]
    looks: u64,
    /// Tell a run over a sealed part its score only where it beats the best so far by more than the paired standard error,
    /// so that many tries do not climb by luck.
    #[arg(long, requires = "seal")]
    ladder: bool,
    /// Makes the division another one; the dataset's name by default.
    #[arg(long)]
    salt: Option<String>,
}

impl Split {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let held = library.hold()?;
        let dataset = library.dataset(&self.name)?;
        let salt = self.salt.unwrap_or_else(|| self.name.clone());
        let mut plan = SplitPlan::parse(&self.parts, &self.seal, self.looks, self.by, salt)?;
        plan.parts.iter_mut().for_each(|part| part.ladder = self.ladder && part.looks.is_some());
        if let Some(known) = &dataset.split
            && let Some(part) = known.parts.iter().find(|part| part.looks.is_some())
            && *known != plan
        {
            return Err(usage(format!(
                "`{}` has the sealed part `{}`: dividing it again would move sealed cases into the open. Add the cases \
                 under another name instead",
                self.name, part.name
            )));
        }
        let record = dataset.version(None)?;
        let mut counts: Vec<u64> = vec![0; plan.parts.len()];
        let mut grouped = false;
        for case in library.cases(record.version)? {
            let case = case?;
            let name = &plan.part_of(&case).name;
            grouped |= plan.group.as_ref().is_some_and(|key| case.metadata.contains_key(key));
            if let Some(at) = plan.parts.iter().position(|part| part.name == *name) {
                counts[at] += 1;
            }
        }
        if let Some(key) = plan.group.as_ref().filter(|key| !grouped && !key.contains('.')) {
            return Err(usage(format!("no case has the metadata key `{key}`")));
        }
        if let Some(at) = counts.iter().position(|cases| *cases == 0) {
            return Err(usage(format!("the part `{}` would be empty: there are too few groups", plan.parts[at].name)));
        }
        if dataset.split.as_ref() != Some(&plan) {
            library.append(&held, &self.name, &who(), vec![Event::Split(plan.clone())])?;
        }
        for (part, cases) in plan.parts.iter().zip(counts) {
            let looks = part.looks.map_or_else(String::new, |looks| {
                let ladder = if part.ladder { ", with a ladder" } else { "" };
                format!(", sealed for {looks} looks per version{ladder}")
            });
            say(&format!("{}: {} cases{looks}", plain(&part.name, 80), count(cases)));
        }
        Ok(exit::PASS)
    }
}
