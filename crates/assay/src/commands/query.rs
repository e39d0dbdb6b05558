//! `assay query`: SQL over the lake.

use std::path::{Path, PathBuf};

use assay_datasets::library::who;
use assay_lake::export;
use assay_report::terminal;
use clap::{Args, ValueEnum};

use super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::home::unseal;

/// Runs one read-only SQL statement over `trials`, `scores` and `runs`.
#[derive(Args)]
pub struct Query {
    /// The statement, such as `SELECT scorer, avg(value) FROM scores GROUP BY scorer`.
    sql: String,
    /// The form of the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Form,
    /// At most this many rows in a table.
    #[arg(long, default_value_t = 200)]
    limit: usize,
    /// Why rows of runs over sealed parts must be seen; it is recorded. They are hidden without it.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// For people.
    Table,
    /// JSON lines.
    Jsonl,
}

impl Query {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let mut hidden = Vec::new();
        if self.reason.is_some() {
            for run in home.state.sealed_runs().await? {
                let row = home.state.find_run(&run.to_string()).await?;
                unseal(&home.library(), &row.record, &who(), self.reason.as_deref())?;
            }
        }
        let mut rows = match self.reason {
            Some(_) => home.ask_all(&self.sql).await?,
            None => home.ask(&self.sql, &mut hidden).await?,
        };
        if !hidden.is_empty() {
            eprintln!("note: {} runs over sealed parts are hidden: `--reason` shows them", hidden.len());
        }
        match self.format {
            Form::Jsonl => {
                export::write(rows, export::Form::JsonLines, std::io::stdout()).await?;
            }
            Form::Table => {
                let schema = rows.schema();
                let header: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                let mut cells = Vec::new();
                while let Some(batch) = rows.next().await? {
                    cells.extend(export::text_rows(&batch)?);
                    if cells.len() > self.limit {
                        break;
                    }
                }
                let more = cells.len() > self.limit;
                cells.truncate(self.limit);
                say(&terminal::table(&header, cells, &[]));
                if more {
                    say(&format!(
                        "more rows were left out: `--limit` shows more than {}, `--format jsonl` all",
                        self.limit
                    ));
                }
            }
        }
        Ok(exit::PASS)
    }
}
