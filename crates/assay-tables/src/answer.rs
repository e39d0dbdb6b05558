//! What a command found.

use std::fmt::Write as _;

use assay_report::terminal::table;
use assay_stats::Interval;
use serde_json::{Value, json};

/// Wrong arguments or data: the message names the file and line or the option, and the fix.
pub type Failure = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A failure with a message.
pub(crate) fn usage(message: impl Into<String>) -> Failure {
    message.into().into()
}

/// What a command found: JSON for programs, lines and tables for people.
#[derive(Debug)]
pub struct Answer {
    json: Value,
    text: String,
    alarm: bool,
}

impl Answer {
    /// An answer that programs read as `json`.
    pub(crate) fn new(json: Value) -> Self {
        Self { json, text: String::new(), alarm: false }
    }

    /// Adds a field to what programs read.
    #[must_use]
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.json[field] = value;
        self
    }

    /// Adds a line for people.
    #[must_use]
    pub(crate) fn line(mut self, line: impl AsRef<str>) -> Self {
        let _ = writeln!(self.text, "{}", line.as_ref());
        self
    }

    /// Adds lines for people.
    #[must_use]
    pub(crate) fn lines(self, lines: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        lines.into_iter().fold(self, Self::line)
    }

    /// Adds a table for people; `right` are the columns of numbers.
    #[must_use]
    pub(crate) fn table(self, header: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> Self {
        if rows.is_empty() { self } else { self.line(table(header, rows, right)) }
    }

    /// The command was asked to look for something bad; `true` says that it is there, and the exit code becomes 1.
    #[must_use]
    pub(crate) fn alarm(mut self, alarm: bool) -> Self {
        self.alarm = alarm;
        self
    }

    /// What programs read.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// What people read, with a line feed at its end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether what the command looks for, and is bad, is there.
    pub fn is_alarm(&self) -> bool {
        self.alarm
    }
}

/// An interval as programs read it: `[lower, upper]`; infinite ends are null.
pub(crate) fn bounds(interval: impl Into<Option<Interval>>) -> Value {
    interval.into().map_or(Value::Null, |i| json!([i.lower, i.upper]))
}

/// An interval as people read it: `0.123 to 0.456`.
pub(crate) fn range(interval: impl Into<Option<Interval>>) -> String {
    interval.into().map_or_else(|| "–".into(), |i| format!("{:.3} to {:.3}", i.lower, i.upper))
}

/// A number as people read it, with three decimals; `not defined` without one.
pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "not defined".into(), |value| format!("{value:.3}"))
}

/// A share as people read it: `12.3%`; a dash without one.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".into(), |share| format!("{:.1}%", 100.0 * share))
}

/// The header of a column of intervals.
pub(crate) fn level(confidence: f64) -> String {
    format!("{}% interval", (1000.0 * confidence).round() / 10.0)
}

/// The option `--confidence`, shared by all commands with intervals.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Confidence {
    /// The level of the intervals.
    #[arg(id = "confidence", long = "confidence", value_name = "LEVEL", default_value_t = 0.95, value_parser = parse_level)]
    pub level: f64,
}

fn parse_level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if (0.5..1.0).contains(&level) => Ok(level),
        _ => Err("a level from 0.5 to below 1 is expected, such as 0.95".into()),
    }
}
