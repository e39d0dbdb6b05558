//! `assay validate`: everything that can be found wrong before any call.

use std::path::{Path, PathBuf};

use assay_engine::{EngineError, Options, Prepared};
use assay_notify::file::is_notify_file;
use assay_release::policy::is_policy_file;
use clap::Args;

use super::{Failure, notify, say};
use crate::exit;
use assay_home::home::library_of;
use assay_home::policies;

/// Checks suites (syntax, keys, scorers, targets, templates, datasets, gate), release policies (`*.policy.yaml`) and who is told
/// (`notify.yaml`).
#[derive(Args)]
pub struct Validate {
    /// Suite, policy and notification files.
    #[arg(default_value = "assay.yaml")]
    suites: Vec<PathBuf>,
    /// Print the problems as JSON.
    #[arg(long)]
    json: bool,
}

impl Validate {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let mut code = exit::PASS;
        let mut located = Vec::new();
        for path in &self.suites {
            let checked = match path {
                path if is_policy_file(path) => Some(policies::read(path).map(|_| ())),
                path if is_notify_file(path) => Some(notify::check(path)),
                _ => None,
            };
            if let Some(checked) = checked {
                match checked {
                    Ok(()) if self.json => {}
                    Ok(()) => say(&format!("{}: valid", path.display())),
                    Err(error) => match error.downcast_ref::<assay_suite::Diagnostics>() {
                        Some(diagnostics) if self.json => {
                            located.extend(diagnostics.located());
                            code = exit::USAGE;
                        }
                        _ => code = exit::report(error.as_ref()),
                    },
                }
                continue;
            }
            let library = library_of(workspace.as_deref(), path.parent().unwrap_or(Path::new(".")));
            let options = Options { library: Some(library), ..Options::default() };
            let checked = match Prepared::load(path, &options) {
                Ok(prepared) => prepared.check_machine().await.map(|()| prepared),
                Err(error) => Err(error),
            };
            match checked {
                Ok(prepared) => {
                    if !self.json {
                        say(&format!("{}: valid", path.display()));
                        prepared.warnings.iter().for_each(|warning| say(&format!("  note: {warning}")));
                    }
                }
                Err(EngineError::Suite(diagnostics)) if self.json => {
                    located.extend(diagnostics.located());
                    code = exit::USAGE;
                }
                Err(error) => code = exit::report(&error),
            }
        }
        if self.json {
            say(&serde_json::to_string_pretty(&located)?);
        }
        Ok(code)
    }
}
