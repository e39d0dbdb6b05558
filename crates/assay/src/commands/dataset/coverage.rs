//! `assay dataset coverage` and `gaps`.

use std::io::Write;
use std::path::{Path, PathBuf};

use assay_datasets::coverage::{self, Cell, Taxonomy};
use assay_datasets::{Dataset, Library};
use assay_report::{plain, terminal};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::{Failure, say};
use super::{count, find};
use crate::exit;
use assay_home::Home;
use assay_home::usage;

/// What a map is made of.
#[derive(Args)]
struct Of {
    /// The dataset, and a version behind `@`.
    name: String,
    /// A YAML file of the values that should be covered, with the least cases and the share in production of each.
    #[arg(long, value_name = "FILE")]
    taxonomy: Option<PathBuf>,
    /// Metadata keys; those of the taxonomy by default, else every key with few values.
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    by: Vec<String>,
}

impl Of {
    fn cells(&self, library: &Library) -> Result<(Dataset, Vec<Cell>), Failure> {
        let taxonomy = self.taxonomy.as_deref().map(coverage::read).transpose()?.unwrap_or_default();
        let (dataset, record) = find(library, &self.name)?;
        let cells = coverage::of_version(library, &dataset, &record, self.by.clone(), taxonomy)?;
        Ok((dataset, cells))
    }
}

/// Shows how many cases each intent, risk, language or segment has, what is wanted, and the last result of each.
#[derive(Args)]
pub struct Coverage {
    #[command(flatten)]
    of: Of,
    /// The scorer whose last result is shown; the first of the newest run by default.
    #[arg(long)]
    scorer: Option<String>,
    /// Print the JSON Schema of taxonomy files.
    #[arg(long)]
    schema: bool,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

impl Coverage {
    pub async fn run(self, library: &Library, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        if self.schema {
            say(&serde_json::to_string_pretty(&schemars::schema_for!(Taxonomy))?);
            return Ok(exit::PASS);
        }
        let (dataset, cells) = self.of.cells(library)?;
        let home = Home::open(workspace, Path::new(".")).await?;
        let last = home.last_results(&dataset, &cells, self.scorer.as_deref()).await?;
        let most = cells.iter().map(|cell| cell.cases).max().unwrap_or(0).max(1);
        let mut rows = Vec::new();
        for cell in &cells {
            let result = last.as_ref().and_then(|last| last.of(cell));
            if self.json {
                let result = result.map(|of| json!({"value": of.value, "interval": of.interval}));
                say(&json!({"cell": cell, "last_result": result}).to_string());
                continue;
            }
            // A bar of eighths of a character.
            let eighths = (cell.cases * 16 * 8).div_ceil(most);
            let mut bar = "█".repeat((eighths / 8) as usize);
            if eighths % 8 > 0 {
                bar.push(char::from_u32(0x2590 - (eighths % 8) as u32).unwrap_or('▏'));
            }
            let percent = |share: f64| format!("{:.1}%", 100.0 * share);
            rows.push(vec![
                cell.key.clone(),
                cell.value.clone(),
                count(cell.cases),
                bar,
                percent(cell.share),
                cell.production.map_or_else(String::new, percent),
                if cell.wanted > 0 { count(cell.wanted) } else { String::new() },
                if cell.gap > 0 { format!("+{}", count(cell.gap)) } else { String::new() },
                result.map_or_else(String::new, |of| format!("{} ({})", of.value, of.interval)),
            ]);
        }
        if !self.json {
            let result = last.as_ref().map_or_else(|| "last result".into(), |last| format!("last {}", last.name));
            say(&terminal::table(
                &["key", "value", "cases", "", "share", "production", "wanted", "gap", &result],
                rows,
                &[2, 4, 5, 6, 7],
            ));
            let gaps = cells.iter().filter(|cell| cell.gap > 0).count();
            if gaps > 0 {
                say(&format!("{gaps} gaps: `assay dataset gaps {}` lists what to add", plain(&self.of.name, 100)));
            }
        }
        Ok(exit::PASS)
    }
}

/// Lists what a dataset does not cover: which cases to add, and how many.
#[derive(Args)]
pub struct Gaps {
    #[command(flatten)]
    of: Of,
    /// The least cases of a value for which the taxonomy names no least.
    #[arg(long, value_name = "N")]
    min: Option<u64>,
    /// The form.
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// The file; standard output by default.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Lines.
    Text,
    /// A list of tasks to tick off.
    Markdown,
    /// A table.
    Csv,
    /// JSON lines.
    Jsonl,
}

impl Gaps {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let (_, mut cells) = self.of.cells(library)?;
        if let Some(min) = self.min {
            for cell in cells.iter_mut().filter(|cell| cell.wanted == 0 && cell.cases < min) {
                (cell.wanted, cell.gap) = (min, cell.gap.max(min - cell.cases));
                cell.why.get_or_insert_with(|| format!("fewer than {min}"));
            }
        }
        cells.retain(|cell| cell.gap > 0);
        // What production has most of comes first.
        let order = |cell: &Cell| (-cell.production.unwrap_or(0.0), std::cmp::Reverse(cell.gap));
        cells.sort_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal));
        let mut text = String::new();
        for cell in &cells {
            let why = cell.why.as_deref().unwrap_or_default();
            let (key, value) = (plain(&cell.key, 100), plain(&cell.value, 200));
            text.push_str(&match self.format {
                Form::Text => {
                    format!("{key} = {value}: add {} cases ({why}, has {})\n", count(cell.gap), count(cell.cases))
                }
                Form::Markdown => format!(
                    "- [ ] `{}` = `{}`: add {} cases ({why}, has {})\n",
                    key.replace('`', "'"),
                    value.replace('`', "'"),
                    cell.gap,
                    cell.cases
                ),
                Form::Csv => continue,
                Form::Jsonl => format!("{}\n", json!(cell)),
            });
        }
        if matches!(self.format, Form::Csv) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["key", "value", "cases", "wanted", "production", "gap", "why"])?;
            for cell in &cells {
                // A cell that a spreadsheet would compute is kept a text.
                let guard = |text: &str| {
                    let text = plain(text, 1_000);
                    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
                };
                writer.write_record([
                    guard(&cell.key),
                    guard(&cell.value),
                    cell.cases.to_string(),
                    cell.wanted.to_string(),
                    cell.production.map_or_else(String::new, |share| share.to_string()),
                    cell.gap.to_string(),
                    cell.why.clone().unwrap_or_default(),
                ])?;
            }
            text = String::from_utf8(writer.into_inner()?)?;
        }
        match &self.output {
            None => print(&text),
            Some(path) => {
                std::fs::write(path, &text).map_err(|error| usage(format!("{}: {error}", path.display())))?;
                say(&format!("{} gaps in {}", cells.len(), path.display()));
            }
        }
        if cells.is_empty() && self.output.is_none() && matches!(self.format, Form::Text) {
            say("no gaps");
        }
        Ok(exit::PASS)
    }
}

fn print(text: &str) {
    // A reader that has gone away is no fault.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
