//! `assay dataset`: datasets as versions, with everything that was done to them on record. One file per command.

mod add;
mod check;
mod coverage;
mod diff;
mod export;
mod govern;
mod import;
mod leaks;
mod list;
mod paraphrases;
mod redact;
mod redaction;
mod refresh;
mod remove;
mod sample;
mod show;
mod split;
mod synth;
mod synth_model;
mod take;

use std::path::{Path, PathBuf};

use assay_core::grouped as count;
use assay_datasets::library::{VersionRecord, name_and_version, today};
use assay_datasets::{Dataset, Library};
use clap::{Args, Subcommand};

use super::Failure;
use assay_home::audit::Action;
use assay_home::home::library_of;

/// Keeps datasets as versions.
#[derive(Args)]
pub struct DatasetCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Add the cases of a file or directory as the newest version
    Add(add::Add),
    /// Import what another tool wrote, results included
    Import(import::Import),
    /// Write a version in another format
    Export(export::Export),
    /// List datasets, or the versions of one
    List(list::List),
    /// Show a version: what governs it, its parts, its first cases
    Show(show::Show),
    /// Show what changed between two versions, field by field
    Diff(diff::Diff),
    /// Show everything that was ever done to a dataset
    Log(list::Log),
    /// Show where a version came from
    Lineage(list::LineageOf),
    /// Give a version a name that can move
    Tag(govern::Tag),
    /// Set licence, consent, sensitivity, retention, owner
    Set(govern::Set),
    /// Forbid the use of a case in every version, or allow it again
    Revoke(govern::Revoke),
    /// Divide the cases into parts, sealed ones among them
    Split(split::Split),
    /// Find what is wrong with the cases
    Check(check::Check),
    /// Find cases that are nearly the same
    Dedupe(check::Dedupe),
    /// Show how many cases each intent, language or segment has
    Coverage(coverage::Coverage),
    /// List what is not covered
    Gaps(coverage::Gaps),
    /// Replace a share of the cases by new ones
    Refresh(refresh::Refresh),
    /// Draw cases by strata, to be labelled or judged
    Sample(sample::Sample),
    /// Look for cases in training data and prompts, and for canaries in answers
    Leaks(leaks::Leaks),
    /// Take personal data and secrets out
    Redact(redact::Redact),
    /// Make variants of cases by rule or by a model, into quarantine
    Synth(synth::Synth),
    /// Keep a case of a run for a dataset, in quarantine
    Take(take::Take),
    /// Take cases over from quarantine
    Accept(synth::Accept),
    /// Remove versions and the bytes that nothing else needs
    Rm(remove::Remove),
}

impl DatasetCommand {
    /// What the command changes. Sealed parts that are opened are recorded where that happens.
    pub fn mutates(&self) -> Option<Action> {
        match &self.what {
            What::Add(command) => Some(Action::dataset("dataset add", &command.name)),
            What::Import(command) => Some(Action::dataset("dataset import", &command.name)),
            What::Export(command) => Some(Action::dataset("dataset export", &command.name)),
            What::Tag(command) => Some(Action::dataset("dataset tag", &command.name).on("tag", &command.tag)),
            What::Set(command) => Some(Action::dataset("dataset set", &command.name)),
            What::Revoke(command) => Some(Action::dataset("dataset revoke", &command.name)),
            What::Split(command) => Some(Action::dataset("dataset split", &command.name)),
            What::Redact(command) => Some(Action::dataset("dataset redact", &command.name)),
            What::Synth(command) if !command.list => Some(Action::dataset("dataset synth", &command.name)),
            What::Take(command) => Some(Action::dataset("dataset take", &command.name)),
            What::Accept(command) => Some(Action::dataset("dataset accept", &command.name)),
            What::Rm(command) => Some(Action::dataset("dataset rm", &command.name)),
            What::Dedupe(command) if command.write => Some(Action::dataset("dataset dedupe", &command.name)),
            What::Refresh(command) => Some(Action::dataset("dataset refresh", &command.name)),
            What::Sample(command) => command.into.as_ref().map(|into| Action::dataset("dataset sample", into)),
            What::List(_)
            | What::Show(_)
            | What::Diff(_)
            | What::Log(_)
            | What::Lineage(_)
            | What::Check(_)
            | What::Dedupe(_)
            | What::Coverage(_)
            | What::Gaps(_)
            | What::Leaks(_)
            | What::Synth(_) => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let library = library_of(workspace.as_deref(), Path::new("."));
        match self.what {
            What::Add(command) => command.run(&library),
            What::Import(command) => command.run(&library, workspace).await,
            What::Export(command) => command.run(&library),
            What::List(command) => command.run(&library),
            What::Show(command) => command.run(&library),
            What::Diff(command) => command.run(&library),
            What::Log(command) => command.run(&library),
            What::Lineage(command) => command.run(&library),
            What::Tag(command) => command.run(&library),
            What::Set(command) => command.run(&library),
            What::Revoke(command) => command.run(&library),
            What::Split(command) => command.run(&library),
            What::Check(command) => command.run(&library, workspace).await,
            What::Dedupe(command) => command.run(&library),
            What::Coverage(command) => command.run(&library, workspace).await,
            What::Gaps(command) => command.run(&library),
            What::Refresh(command) => command.run(&library),
            What::Sample(command) => command.run(&library),
            What::Leaks(command) => command.run(&library, workspace).await,
            What::Redact(command) => command.run(&library),
            What::Synth(command) => command.run(&library).await,
            What::Take(command) => command.run(workspace).await,
            What::Accept(command) => command.run(&library),
            What::Rm(command) => command.run(&library),
        }
    }
}

/// The dataset and the version that a word names, when it may be used today.
fn find(library: &Library, word: &str) -> Result<(Dataset, VersionRecord), Failure> {
    let found = known(library, word)?;
    found.0.check_retention(&today())?;
    Ok(found)
}

/// The dataset and the version that a word names, whether they may be used or not.
fn known(library: &Library, word: &str) -> Result<(Dataset, VersionRecord), Failure> {
    let (name, version) = name_and_version(word);
    let dataset = library.dataset(name)?;
    let record = dataset.version(version)?.clone();
    Ok((dataset, record))
}

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}
