//! `assay export`: a run's rows for other tools.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use assay_datasets::library::who;
use assay_lake::export;
use clap::{Args, ValueEnum};

use super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::home::unseal;

/// Writes a run's trials or scores, streamed.
#[derive(Args)]
pub struct Export {
    /// The run.
    #[arg(default_value = "latest")]
    run: String,
    /// Which rows.
    #[arg(long, value_enum, default_value = "scores")]
    table: Which,
    /// The form; by the file's ending when there is one.
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// Why rows of a sealed part must be seen; it is recorded.
    #[arg(long)]
    reason: Option<String>,
    /// The file; standard output by default.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    Trials,
    Scores,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Form {
    Jsonl,
    Csv,
    Parquet,
}

impl Export {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (row, _) = home.find(&self.run).await?;
        unseal(&home.library(), &row.record, &who(), self.reason.as_deref())?;
        let table = match self.table {
            Which::Trials => "trials",
            Which::Scores => "scores",
        };
        let ending = self.output.as_ref().and_then(|path| path.extension()?.to_str().map(str::to_owned));
        let form = self.format.unwrap_or(match ending.as_deref() {
            Some("csv") => Form::Csv,
            Some("parquet") => Form::Parquet,
            _ => Form::Jsonl,
        });
        let sql = format!("SELECT * FROM {table} WHERE run_id = '{}' ORDER BY number", row.record.id);
        let rows = home.lake.query(&sql, None).await?;
        let mut out: Box<dyn Write + Send> = match &self.output {
            Some(path) => Box::new(BufWriter::new(
                std::fs::File::create(path).map_err(|error| format!("{}: {error}", path.display()))?,
            )),
            None if form == Form::Parquet => return Err("Parquet needs a file: add `--output FILE`".into()),
            None => Box::new(BufWriter::new(std::io::stdout())),
        };
        let form = match form {
            Form::Jsonl => export::Form::JsonLines,
            Form::Csv => export::Form::Csv,
            Form::Parquet => export::Form::Parquet,
        };
        let count = export::write(rows, form, &mut out).await?;
        out.flush()?;
        if let Some(path) = &self.output {
            say(&format!("{count} rows in {}", path.display()));
        }
        Ok(exit::PASS)
    }
}
