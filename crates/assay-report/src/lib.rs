//! One report model and its renderers.
//!
//! Everything that came from data or models is untrusted: it is escaped in HTML (which also forbids scripts by its
//! own content policy), fenced in Markdown, stripped of control characters in terminals and of illegal characters in
//! XML.

pub mod ci;
pub mod html;
pub mod judge;
pub mod junit;
pub mod markdown;
pub mod memo;
pub mod numbers;
pub mod terminal;

use assay_analysis::{Comparison, GateReport, Summary, compare, summary};
use assay_core::run::{RunRecord, RunStatus, Totals};
use serde::Serialize;

/// Everything a report shows.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The run.
    pub run: RunRecord,
    /// Where it stands.
    pub status: RunStatus,
    /// Its totals.
    pub totals: Totals,
    /// Levels.
    pub summary: Summary,
    /// The comparison with a baseline.
    pub comparison: Option<Comparison>,
    /// The gate.
    pub gate: GateReport,
    /// Cases that failed, with what was answered.
    pub failing: Vec<Failing>,
}

/// A case that failed under a scorer.
#[derive(Clone, Debug, Serialize)]
pub struct Failing {
    /// The case.
    pub case: String,
    /// The target.
    pub target: String,
    /// The scorer, or the kind of error.
    pub scorer: String,
    /// Its value.
    pub value: Option<f64>,
    /// Why.
    pub why: String,
    /// What was answered.
    pub output: String,
}

impl Report {
    /// The report as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// What stands behind a level that a judge made, in words.
pub fn judged_level(row: &summary::Row) -> Option<String> {
    Some(row.judge.as_ref()?.words(&numbers::estimate(&row.judge.as_ref()?.raw, row.score).0))
}

/// What stands behind a difference that a judge made, in words.
pub fn judged_difference(row: &compare::Row) -> Option<String> {
    let note = row.judge.as_ref()?;
    let (value, range) = numbers::difference(&note.raw, row.score, row.direction);
    Some(note.words(&format!("{value} ({range})")))
}

/// Text from outside on one line: control characters and direction overrides are replaced, and it is cut.
pub fn plain(text: &str, most: usize) -> String {
    let hostile = |c: char| {
        c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    let clean: String = text.chars().take(most).map(|c| if hostile(c) { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > most { format!("{clean}…") } else { clean }
}
