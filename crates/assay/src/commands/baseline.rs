//! `assay baseline`: runs to compare with, by name.

use std::path::{Path, PathBuf};

use assay_report::{numbers, terminal};
use clap::{Args, Subcommand};

use super::{Failure, say};
use assay_home::audit;

use crate::exit;
use assay_home::Home;

/// Names runs to compare with.
#[derive(Args)]
pub struct Baseline {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Name a run, and target after a colon
    Set {
        /// The baseline's name; `main` is used by default.
        name: String,
        /// The run.
        run: String,
    },
    /// List baselines
    List {
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Remove a baseline
    Rm {
        /// The suite.
        suite: String,
        /// The baseline's name.
        name: String,
    },
}

impl Baseline {
    /// What the command changes.
    pub fn mutates(&self) -> Option<audit::Action> {
        match &self.action {
            Action::Set { name, .. } => Some(audit::Action::new("baseline set").on("baseline", name)),
            Action::Rm { suite, name } => {
                Some(audit::Action::new("baseline rm").on("baseline", name).on("suite", suite))
            }
            Action::List { .. } => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        match self.action {
            Action::Set { name, run } => {
                let set = home.name_baseline(&name, &run, None).await?;
                say(&format!("{}: baseline {name} is {}", set.suite, set.run.short()));
            }
            Action::List { json: true } => {
                for baseline in home.state.baselines().await? {
                    say(&serde_json::to_string(&baseline)?);
                }
            }
            Action::List { json: false } => {
                let rows = home.state.baselines().await?;
                let cells = rows
                    .into_iter()
                    .map(|b| {
                        vec![b.suite, b.name, b.run.short(), b.target.unwrap_or_default(), numbers::time(b.set_us)]
                    })
                    .collect();
                say(&terminal::table(&["suite", "name", "run", "target", "set"], cells, &[]));
            }
            Action::Rm { suite, name } => {
                if !home.state.remove_baseline(&suite, &name).await? {
                    return Err(format!("`{suite}` has no baseline `{name}`").into());
                }
            }
        }
        Ok(exit::PASS)
    }
}
