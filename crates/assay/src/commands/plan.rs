//! `assay plan`: what a run would need, without a call.

use std::path::{Path, PathBuf};

use assay_core::Money;
use assay_engine::estimate::{self, Estimate};
use assay_report::terminal;
use clap::Args;

use super::run::{Selection, duration};
use super::{Failure, say};
use crate::exit;
use assay_home::Home;

/// Estimates calls, tokens, money and time of a run, with what each is based on. Makes no call.
#[derive(Args)]
pub struct Plan {
    #[command(flatten)]
    selection: Selection,
    /// Of this tier.
    #[arg(long)]
    tier: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Plan {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let prepared = self.selection.load(self.tier.as_deref(), workspace.as_deref())?;
        let home = Home::open(workspace, self.selection.suite.parent().unwrap_or(Path::new("."))).await?;
        let estimate = estimate::plan(&home.workspace, &home.state, &prepared).await?;
        if self.json {
            say(&serde_json::to_string_pretty(&estimate)?);
            return Ok(exit::PASS);
        }
        say(&format!(
            "{} cases × {} targets × {} epochs = {} trials",
            estimate.cases,
            prepared.targets.len(),
            prepared.suite.epochs,
            estimate.trials
        ));
        if estimate.lines.is_empty() {
            say("every answer is at hand: no calls");
            return Ok(exit::PASS);
        }
        say(&terminal::table(
            &["who", "calls", "from the cache", "tokens in", "tokens out", "cost", "based on"],
            cells(&estimate),
            &[1, 2, 3, 4, 5],
        ));
        say(&total(&estimate));
        estimate.over.iter().for_each(|over| say(&format!("warning: {over}")));
        Ok(exit::PASS)
    }
}

fn cells(estimate: &Estimate) -> Vec<Vec<String>> {
    let cost = |cost: Option<Money>| cost.map_or_else(|| "no price".to_owned(), |cost| cost.to_string());
    let lines = estimate.lines.iter().map(|line| {
        vec![
            format!("{} {}", line.role.as_str(), line.name),
            line.calls.to_string(),
            line.cached.to_string(),
            line.input_tokens.to_string(),
            line.output_tokens.to_string(),
            cost(line.cost),
            line.basis.clone(),
        ]
    });
    lines.collect()
}

/// The estimate in a line.
pub fn total(estimate: &Estimate) -> String {
    let cached: u64 = estimate.lines.iter().map(|line| line.cached).sum();
    let mut text = format!("about {} calls", estimate.calls());
    if cached > 0 {
        text.push_str(&format!(" ({cached} answers are in the cache)"));
    }
    text.push_str(&format!(", {} tokens, ", estimate.tokens()));
    text.push_str(&estimate.cost.map_or_else(|| "cost unknown: a price is missing".into(), |cost| cost.to_string()));
    match estimate.seconds {
        Some(seconds) => text.push_str(&format!(", {}", duration(seconds.max(1.0)))),
        None if estimate.lines.iter().any(|line| line.batch && line.calls > 0) => {
            text.push_str(", within 24 h as answers come by batch");
        }
        None => text.push_str(", time unknown before a first run"),
    }
    text
}
