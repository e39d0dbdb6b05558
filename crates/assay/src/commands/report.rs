//! `assay report`: a report as a file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::run::shorter;
use super::{Failure, say};
use crate::exit;
use assay_home::{Against, Home};

/// Writes a report of a run.
#[derive(Args)]
pub struct ReportCommand {
    /// The run, and target after a colon.
    #[arg(default_value = "latest")]
    run: String,
    /// The form.
    #[arg(long, value_enum, default_value = "html")]
    format: Form,
    /// The file; `-` for standard output. HTML goes into the workspace by default, other forms to standard output.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Compare with this run, and target after a colon, instead of the baseline `main`; or with the newest
    /// run at a branch, tag or commit, after `@`.
    #[arg(long, value_name = "RUN[:TARGET]|@REF")]
    baseline: Option<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Form {
    /// One self-contained page.
    Html,
    /// For pull requests.
    Markdown,
    /// Everything.
    Json,
    /// For CI systems.
    Junit,
}

impl ReportCommand {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (row, target) = home.find(&self.run).await?;
        let id = row.record.id;
        let against = Against::said(self.baseline);
        let (report, scores) = home.report(row, target.as_deref(), against).await?;
        let text = match self.format {
            Form::Html => assay_report::html::render(&report)?,
            Form::Markdown => assay_report::markdown::render(&report),
            Form::Json => serde_json::to_string_pretty(&report.json())?,
            Form::Junit => assay_report::junit::render(&report, &scores)?,
        };
        let path = match (self.output, self.format) {
            (Some(path), _) if path == Path::new("-") => None,
            (Some(path), _) => Some(path),
            (None, Form::Html) => Some(home.workspace.reports().join(format!("{id}.html"))),
            (None, _) => None,
        };
        match path {
            None => say(text.trim_end()),
            Some(path) => {
                std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
                say(&shorter(&path));
            }
        }
        Ok(exit::PASS)
    }
}
