//! `assay policy`: release policies, those that come with Assay among them.

use std::path::{Path, PathBuf};

use assay_core::problem::did_you_mean;
use assay_release::{Policy, builtin};
use assay_report::{plain, terminal};
use assay_store::Workspace;
use clap::{Args, Subcommand};
use serde_json::json;

use super::run::usage;
use super::{Failure, say};
use crate::exit;

/// Lists, shows and copies release policies.
#[derive(Args)]
pub struct PolicyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the policies that come with Assay
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a policy, and check it when it is a file
    Show {
        /// A policy that comes with Assay, or a file.
        policy: String,
        /// Print JSON, with the policy's digest.
        #[arg(long)]
        json: bool,
    },
    /// Write a policy that comes with Assay into a file, to be changed
    Copy {
        /// The policy.
        name: String,
        /// The file; `NAME.policy.yaml` by default.
        file: Option<PathBuf>,
    },
}

impl PolicyCommand {
    pub fn run(self) -> Result<u8, Failure> {
        match self.what {
            What::List { json } => {
                let all = builtin::all().map_err(|error| *error)?;
                if json {
                    let rows: Vec<_> = all.iter().map(|(policy, text)| described(policy, text)).collect();
                    say(&serde_json::to_string_pretty(&rows)?);
                    return Ok(exit::PASS);
                }
                let cells = all
                    .into_iter()
                    .map(|(policy, _)| {
                        let suites: Vec<String> = policy.require.iter().map(|requirement| requirement.id()).collect();
                        vec![policy.policy, suites.join(", ")]
                    })
                    .collect();
                say(&terminal::table(&["policy", "suites"], cells, &[]));
            }
            What::Show { policy, json } => {
                let (policy, text) = named(&policy)?;
                match json {
                    true => say(&serde_json::to_string_pretty(&described(&policy, &text))?),
                    false => say(text.trim_end()),
                }
            }
            What::Copy { name, file } => {
                let text = builtin::text(&name).ok_or_else(|| unknown(&name))?;
                let path = file.unwrap_or_else(|| PathBuf::from(format!("{name}.policy.yaml")));
                if path.exists() {
                    return Err(usage(format!("{} is there already; nothing was written", path.display())));
                }
                std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
                say(&format!("wrote {}; put in the names of your suites, scorers and people", path.display()));
            }
        }
        Ok(exit::PASS)
    }
}

fn described(policy: &Policy, text: &str) -> serde_json::Value {
    json!({"digest": assay_release::policy::digest(text), "policy": policy})
}

/// A policy file and its text.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it.
pub fn read(path: &Path) -> Result<(Policy, String), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    let policy = Policy::from_text(&text, path).map_err(|diagnostics| *diagnostics)?;
    Ok((policy, text))
}

/// A policy by the name of a file, or of one that comes with Assay.
///
/// # Errors
/// There is none, or everything that is wrong with it.
pub fn named(word: &str) -> Result<(Policy, String), Failure> {
    let path = Path::new(word);
    match builtin::text(word) {
        Some(text) if !path.is_file() => {
            Ok((Policy::from_text(text, path).map_err(|diagnostics| *diagnostics)?, text.to_owned()))
        }
        _ if path.is_file() => read(path),
        _ => Err(unknown(word)),
    }
}

/// What a release remembers of where its policy is: a file as the workspace records paths, or the name of one that comes
/// with Assay.
pub fn recorded(word: &str, workspace: &Workspace) -> String {
    match Path::new(word).is_file() {
        true => workspace.recorded(Path::new(word)),
        false => word.to_owned(),
    }
}

/// The policy that a release remembers, as its file says now, and its text.
///
/// # Errors
/// As [`named`].
pub fn remembered(word: &str, workspace: &Workspace) -> Result<(Policy, String), Failure> {
    match workspace.find_recorded(word) {
        path if path.is_file() => read(&path),
        _ => match builtin::text(word) {
            Some(text) => {
                Ok((Policy::from_text(text, Path::new(word)).map_err(|diagnostics| *diagnostics)?, text.to_owned()))
            }
            None => Err(usage(format!("there is no file `{}` any more", plain(word, 200)))),
        },
    }
}

fn unknown(word: &str) -> Failure {
    let names = builtin::POLICIES.iter().map(|(name, _)| *name);
    let help = match did_you_mean(word, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a file, or one of {}", names.collect::<Vec<_>>().join(", ")),
    };
    usage(format!("there is no policy `{}` ({help})", plain(word, 200)))
}
