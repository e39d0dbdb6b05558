//! `assay policy`: release policies, those that come with Assay among them.

use std::path::PathBuf;

use assay_release::{Policy, builtin};
use assay_report::terminal;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failure, say};
use crate::exit;
use assay_home::{policies, usage};

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
                let (policy, text) = policies::named(&policy)?;
                match json {
                    true => say(&serde_json::to_string_pretty(&described(&policy, &text))?),
                    false => say(text.trim_end()),
                }
            }
            What::Copy { name, file } => {
                let text = builtin::text(&name).ok_or_else(|| policies::unknown(&name))?;
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
