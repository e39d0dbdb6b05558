//! `assay stats did`: difference in differences.

use std::path::PathBuf;

use assay_stats::quasi::{Observation, diff_in_diff};
use clap::Args;
use serde_json::json;

use crate::answer::{Confidence, bounds, level, usage};
use crate::{Answer, Failure, Table};

/// The change of a treated group beyond that of a control group, with a CR2 standard error by unit. One date of
/// treatment; the groups must have run in parallel before it.
#[derive(Args)]
pub struct Did {
    /// A table with a row per unit and period.
    file: PathBuf,
    /// The column of units.
    #[arg(long)]
    unit: String,
    /// The column that says whether the unit is in the treated group: 1 or 0.
    #[arg(long)]
    treated: String,
    /// The column that says whether the row is from after the treatment began: 1 or 0.
    #[arg(long)]
    post: String,
    /// The column of outcomes.
    #[arg(long)]
    outcome: String,
    #[command(flatten)]
    confidence: Confidence,
}

impl Did {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (units, _) = source.groups(&self.unit)?;
        let flags = |name: &str| -> Result<Vec<bool>, Failure> {
            let flag = |(row, text): (usize, String)| match text.trim().to_ascii_lowercase().as_str() {
                "1" | "1.0" | "true" | "yes" => Ok(true),
                "0" | "0.0" | "false" | "no" => Ok(false),
                other => Err(usage(format!("{}: `{name}` is {other}; write 1 or 0", source.place(row)))),
            };
            source.full(name)?.into_iter().enumerate().map(flag).collect()
        };
        let (treated, post) = (flags(&self.treated)?, flags(&self.post)?);
        let mut rows = Vec::new();
        for (row, outcome) in source.numbers(&self.outcome)?.into_iter().enumerate() {
            let Some(outcome) = outcome else { continue };
            rows.push(Observation { unit: units[row], treated: treated[row], post: post[row], outcome });
        }
        let found = diff_in_diff(&rows, self.confidence.level)
            .map_err(|error| usage(format!("{}: {error}", self.file.display())))?;
        let e = found.effect;
        let cells = [("treated", found.treated, found.units[0]), ("control", found.control, found.units[1])]
            .map(|(name, [before, after], units)| {
                let change = format!("{:+.4}", after - before);
                vec![name.into(), units.to_string(), format!("{before:.4}"), format!("{after:.4}"), change]
            })
            .to_vec();
        Ok(Answer::new(json!({"effect": e.value, "interval": bounds(e.interval), "se": e.se, "df": e.df, "p": e.p,
                              "treated": found.treated, "control": found.control, "units": found.units}))
        .line(format!(
            "effect {:+.4} ({} {:.4} to {:.4}, p {:.4}, {:.1} degrees of freedom)",
            e.value,
            level(self.confidence.level),
            e.interval.lower,
            e.interval.upper,
            e.p,
            e.df
        ))
        .line("holds only if the groups would have changed alike without the treatment")
        .table(&["group", "units", "before", "after", "change"], cells, &[1, 2, 3, 4]))
    }
}
