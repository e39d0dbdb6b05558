//! `assay scorers`: what answers can be scored by.

use clap::Args;

use super::{Failure, say};
use crate::exit;

/// Lists the scorers, or explains one.
#[derive(Args)]
pub struct Scorers {
    /// The scorer to explain.
    name: Option<String>,
    /// The whole catalogue as Markdown.
    #[arg(long)]
    markdown: bool,
}

impl Scorers {
    pub fn run(self) -> Result<u8, Failure> {
        if self.markdown {
            say(assay_scorers::catalogue().trim_end());
            return Ok(exit::PASS);
        }
        match &self.name {
            None => {
                for kind in assay_scorers::kinds() {
                    say(&format!("{:<14} {}", kind.name, kind.summary()));
                }
            }
            Some(name) => {
                let known = || assay_scorers::kinds().iter();
                let Some(kind) = known().find(|kind| kind.name == name) else {
                    let near = assay_core::problem::did_you_mean(name, known().map(|kind| kind.name));
                    let hint = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                    return Err(format!("there is no scorer `{name}`{hint}").into());
                };
                say(&kind.doc());
                say(&serde_json::to_string_pretty(&kind.parameters()["properties"])?);
            }
        }
        Ok(exit::PASS)
    }
}
