//! `assay dataset sample`: cases to be labelled or judged, drawn by strata.

use assay_datasets::library::{Event, How, Lineage, Parent, check_name, who};
use assay_datasets::sample::{Plan, draw};
use assay_datasets::{Library, add};
use assay_report::terminal;
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{count, find};
use crate::exit;
use assay_home::usage;

/// Draws cases by strata and shows the plan; with `--into` they become a dataset of their own, to be exported, labelled and
/// run. Each case keeps the chance it had, and its weight is divided by it, so that means over the sample speak for all
/// cases. A larger sample of the same seed holds the smaller one.
#[derive(Args)]
pub struct Sample {
    /// The dataset, and a version behind `@`.
    pub(super) name: String,
    /// How many cases.
    #[arg(long, value_name = "N")]
    count: u64,
    /// Metadata keys whose values make the strata.
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    by: Vec<String>,
    /// The least from each stratum, or all that it has; the rest follows the sizes.
    #[arg(long, value_name = "N", default_value_t = 0)]
    least: u64,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The dataset that the cases become the newest version of.
    #[arg(long, value_name = "NAME")]
    pub(super) into: Option<String>,
    /// A note for the record.
    #[arg(long, short)]
    message: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Sample {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let held = self.into.is_some().then(|| library.hold()).transpose()?;
        let (dataset, record) = find(library, &self.name)?;
        let plan = Plan { count: self.count, by: self.by, least: self.least, seed: self.seed };
        let mut governance = None;
        if let Some(into) = &self.into {
            check_name(into)?;
            if *into == dataset.name {
                return Err(usage("a sample is another dataset: give it another name".into()));
            }
            // Who may use the cases follows them.
            match library.find(into)? {
                Some(known) if known.governance != dataset.governance => {
                    return Err(usage(format!(
                        "`{into}` is governed otherwise than `{}`: name a new dataset, or set both alike",
                        dataset.name
                    )));
                }
                known => governance = Some(dataset.governance.clone()).filter(|_| known.is_none()),
            }
        }
        let sample = draw(library, &dataset, &record, &plan)?;
        let mut written = None;
        if let (Some(into), Some(held)) = (&self.into, &held) {
            let mut writer = library.write(held)?;
            sample.cases(library, &record, &mut |case| writer.add(&case, None))?;
            let (manifest, _) = writer.finish()?;
            let lineage = Lineage {
                how: How::Selected,
                parents: vec![Parent { dataset: dataset.name.clone(), version: record.version }],
                sources: Vec::new(),
                tool: add::tool(),
                parameters: json!({"sample": plan, "strata": sample.strata}),
                note: self.message,
            };
            if let Some(governance) = governance.filter(|governance| *governance != Default::default()) {
                library.append(held, into, &who(), vec![Event::Governed(Box::new(governance))])?;
            }
            written = library.add(held, into, &who(), &manifest, lineage)?;
        }
        if self.json {
            say(&json!({"plan": plan, "strata": sample.strata, "version": written}).to_string());
            return Ok(exit::PASS);
        }
        let cells = sample
            .strata
            .iter()
            .map(|of| vec![of.stratum.clone(), count(of.cases), count(of.drawn), format!("{:.4}", of.chance())]);
        say(&terminal::table(&["stratum", "cases", "drawn", "chance"], cells.collect(), &[1, 2, 3]));
        let none = sample.strata.iter().filter(|of| of.drawn == 0).count();
        if none > 0 {
            say(&format!("warning: no case of {none} strata: a mean would not be about them; add `--least 1`"));
        }
        match (&self.into, written) {
            (Some(into), Some(version)) => {
                let short = version.version.short();
                say(&format!("{into}@{} {short}: {} cases", version.number, count(version.cases)));
            }
            (Some(_), None) => say("nothing changed: the newest version holds just these cases"),
            (None, _) => say("nothing was written: `--into NAME` makes a dataset of these cases"),
        }
        Ok(exit::PASS)
    }
}
