//! `assay review export` and `import`: other tools, tables, vendors.

use std::path::{Path, PathBuf};

use assay_core::{Money, grouped};
use assay_privacy::{Key, Policy, Redactor};
use assay_review::Review;
use assay_review::exchange::{OnConflict, argilla, csv, label_studio};
use clap::{Args, ValueEnum};

use super::super::{Failure, say};
use crate::exit;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Form {
    /// A row for each rating
    Csv,
    /// A JSON list of tasks, and the labelling configuration beside it
    LabelStudio,
    /// A JSON list of records
    Argilla,
    /// A folder for a vendor: redacted, with ids that mean nothing elsewhere
    Packet,
}

/// Writes a project's items and ratings for other tools, or a packet for a vendor. Raters elsewhere see neither targets nor
/// scores, and gold is not marked.
#[derive(Args)]
pub struct Export {
    /// The project.
    pub(super) project: String,
    /// The form.
    #[arg(long, value_enum)]
    to: Form,
    /// The file, or the folder of a packet, which must not exist.
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,
    /// Who a packet is for.
    #[arg(long, default_value = "vendor")]
    vendor: String,
    /// Raters of each item of a packet.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    raters_per_item: u64,
    /// A YAML or JSON file that says what is taken out of a packet; everything that is found is redacted by default.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The environment variable that holds the key, for policies that hash or tokenise.
    #[arg(long, value_name = "NAME", default_value = "ASSAY_PRIVACY_KEY")]
    key_env: String,
}

impl Export {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let out = &self.out;
        if self.to == Form::Packet {
            let redactor = self.redactor()?;
            let manifest = review.hand_off(&self.project, out, &self.vendor, self.raters_per_item, &redactor).await?;
            let taken: u64 = manifest.redacted.values().sum();
            say(&format!(
                "packet {} for {}: {} items in {}, {} pieces of personal data and secrets taken out",
                manifest.packet,
                assay_report::plain(&manifest.vendor, 80),
                grouped(manifest.count),
                out.display(),
                grouped(taken)
            ));
            say("names of people and places are found in part only: read the packet before it leaves the house");
            return Ok(exit::PASS);
        }
        let snapshot = review.snapshot(&self.project).await?;
        match self.to {
            Form::Csv => {
                let mut bytes = Vec::new();
                let rows = csv::write(&snapshot, &mut bytes)?;
                write(out, &bytes)?;
                say(&format!("{} ratings in {}", grouped(rows), out.display()));
            }
            Form::LabelStudio => {
                write(out, serde_json::to_string_pretty(&label_studio::tasks(&snapshot))?.as_bytes())?;
                let configuration = out.with_extension("xml");
                write(&configuration, label_studio::configuration(&snapshot.project.rubric).as_bytes())?;
                say(&format!(
                    "{} tasks in {}, the labelling configuration in {}",
                    snapshot.items.len(),
                    out.display(),
                    configuration.display()
                ));
            }
            Form::Argilla | Form::Packet => {
                write(out, serde_json::to_string_pretty(&argilla::records(&snapshot))?.as_bytes())?;
                let project = &snapshot.project;
                let settings = argilla::settings(&project.rubric, project.settings.raters_each);
                let beside = out.with_extension("settings.json");
                write(&beside, serde_json::to_string_pretty(&settings)?.as_bytes())?;
                say(&format!(
                    "{} records in {}, the settings of their dataset in {}",
                    snapshot.items.len(),
                    out.display(),
                    beside.display()
                ));
            }
        }
        Ok(exit::PASS)
    }

    fn redactor(&self) -> Result<Redactor, Failure> {
        let policy: Policy = match &self.policy {
            Some(path) => assay_datasets::yaml_file(path)?,
            None => Policy::default(),
        };
        let key = match std::env::var(&self.key_env).ok().filter(|text| !text.trim().is_empty()) {
            None => None,
            Some(text) => Some(Key::parse(&text).map_err(|error| format!("{}: {error}", self.key_env))?),
        };
        Ok(Redactor::new(&policy, key).map_err(|problem| problem.to_string())?)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Conflict {
    /// Nothing is imported
    Refuse,
    /// The first answer stays
    Keep,
    /// The last answer counts; the history keeps both
    Replace,
}

/// Takes ratings over, all or none. A table has `item` and `rater`, and `criterion` and `value` or a column for each
/// criterion. Raters that are not known join without a block.
#[derive(Args)]
pub struct Import {
    /// The project.
    pub(super) project: String,
    /// The file, or the folder of a packet that came back.
    path: PathBuf,
    /// The form; a folder is a packet, other files are tables.
    #[arg(long, value_enum)]
    from: Option<Form>,
    /// What becomes of an answer that differs from one by the same rater that is there already.
    #[arg(long, value_enum, default_value = "refuse")]
    on_conflict: Conflict,
    /// Dollars that each item and rater cost.
    #[arg(long, value_name = "USD")]
    paid: Option<f64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Import {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let project = review.project(&self.project).await?;
        let form = self.from.unwrap_or(if self.path.is_dir() { Form::Packet } else { Form::Csv });
        let incoming = match form {
            Form::Csv => csv::read(&self.path, &project.rubric)?,
            Form::LabelStudio => label_studio::read(&self.path, &project, &review.items(&project.name).await?)?,
            Form::Argilla => {
                let (items, raters) = (review.items(&project.name).await?, review.raters(&project.name).await?);
                argilla::read(&self.path, &project, &items, &raters)?
            }
            Form::Packet => review.returned(&project.name, &self.path).await?,
        };
        let on_conflict = match self.on_conflict {
            Conflict::Refuse => OnConflict::Refuse,
            Conflict::Keep => OnConflict::Keep,
            Conflict::Replace => OnConflict::Replace,
        };
        let cost = match self.paid {
            None => Money::ZERO,
            Some(dollars) if (0.0..1e9).contains(&dollars) => Money::from_dollars(dollars),
            Some(_) => return Err("`--paid` is an amount, 0 or more".into()),
        };
        let done = review.import(&project.name, &incoming, on_conflict, cost).await?;
        if self.json {
            say(&serde_json::to_string(&done)?);
            return Ok(exit::PASS);
        }
        say(&format!(
            "{} answers by {} raters to {} items",
            grouped(done.answers),
            grouped(done.raters),
            grouped(done.items)
        ));
        for (count, what) in [
            (done.same, "answers were there already"),
            (done.replaced, "answers took the place of others"),
            (done.left_out, "answers were left out: the first one stays"),
            (done.incomplete, "items and raters lack an answer that the rubric needs, and do not count as rated"),
        ] {
            if count > 0 {
                say(&format!("{} {what}", grouped(count)));
            }
        }
        let spent = review.progress(&project).await?.spent;
        if let Some(budget) = project.settings.budget.filter(|budget| spent > *budget) {
            say(&format!(
                "note: {spent} are spent of a budget of {budget}: no item is given out until `assay review budget` raises it"
            ));
        }
        Ok(exit::PASS)
    }
}
