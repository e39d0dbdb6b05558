//! `assay release memo`: the decision on one page.

use std::path::PathBuf;

use clap::Args;

use super::super::run::shorter;
use super::super::{Failure, say};
use crate::exit;
use assay_home::desk::Desk;

/// Writes the decision on one page, as Markdown and as HTML to print: what changed, how sure, what it costs, trade-offs, risks,
/// waivers, known limitations, where a loss is.
#[derive(Args)]
pub struct MemoCommand {
    /// The release: its number, or `latest`.
    #[arg(default_value = "latest")]
    release: String,
    /// The folder to write `memo.md` and `memo.html` to; Markdown to standard output by default.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl MemoCommand {
    pub async fn run(self, desk: &Desk<'_>) -> Result<u8, Failure> {
        let memo = desk.memo(&self.release).await?;
        let Some(out) = self.out else {
            say(memo.markdown().trim_end());
            return Ok(exit::PASS);
        };
        std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
        for (name, text) in [("memo.md", memo.markdown()), ("memo.html", memo.html()?)] {
            let path = out.join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            say(&shorter(&path));
        }
        Ok(exit::PASS)
    }
}
