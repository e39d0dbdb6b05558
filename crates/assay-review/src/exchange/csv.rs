//! Ratings as a table.

use std::io::Write;
use std::path::Path;

use assay_datasets::export::starts_formula;
use assay_datasets::rows::Row;
use serde_json::Value;

use super::Incoming;
use crate::outcome::Snapshot;
use crate::rubric::Rubric;
use crate::{ReviewError, words::Done};

/// The columns of [`write`].
const COLUMNS: [&str; 9] = ["item", "case", "rater", "criterion", "value", "origin", "counts", "seconds", "at_us"];

/// A cell that no spreadsheet runs.
pub(crate) fn guarded(text: &str) -> String {
    if starts_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| starts_formula(rest)).unwrap_or(text)
}

/// Writes the ratings that stand, a row for each.
///
/// # Errors
/// The writer fails.
pub fn write(snapshot: &Snapshot, out: &mut impl Write) -> std::io::Result<u64> {
    let mut csv = ::csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    let accepted: std::collections::HashSet<(&str, &str, &str)> = snapshot
        .project
        .rubric
        .criteria
        .iter()
        .flat_map(|criterion| snapshot.accepted(criterion))
        .map(|rating| (rating.item.as_str(), rating.rater.as_str(), rating.criterion.as_str()))
        .collect();
    let done: std::collections::HashMap<(&str, &str), &Done> =
        snapshot.done.iter().map(|done| ((done.item.as_str(), done.rater.as_str()), done)).collect();
    let cases: std::collections::HashMap<&str, &str> =
        snapshot.items.iter().filter_map(|item| Some((item.id.as_str(), item.case.as_deref()?))).collect();
    for rating in &snapshot.ratings {
        let key = (rating.item.as_str(), rating.rater.as_str(), rating.criterion.as_str());
        let seconds = done.get(&(key.0, key.1)).and_then(|done| done.took_ms).map(|ms| ms as f64 / 1000.0);
        csv.write_record([
            guarded(&rating.item),
            guarded(cases.get(key.0).copied().unwrap_or_default()),
            guarded(&rating.rater),
            guarded(&rating.criterion),
            guarded(&super::text(&rating.value)),
            rating.origin.as_str().to_owned(),
            accepted.contains(&key).to_string(),
            seconds.map_or_else(String::new, |seconds| seconds.to_string()),
            rating.at_us.to_string(),
        ])?;
    }
    csv.flush()?;
    Ok(snapshot.ratings.len() as u64)
}

/// Reads ratings from any table that datasets are read from: columns `item`, `rater`, and either `criterion` and `value`
/// or a column for each criterion; `seconds` when it is there. Empty cells are no ratings.
///
/// # Errors
/// A file that cannot be read, or columns that are missing.
pub fn read(path: &Path, rubric: &Rubric) -> Result<Vec<Incoming>, ReviewError> {
    let mut incoming = Vec::new();
    for row in assay_datasets::rows(path)? {
        let (row, place) = row?;
        let place = place.to_string();
        let needed = |name: &str| {
            cell(&row, name).ok_or_else(|| {
                let columns: Vec<&str> = row.keys().map(String::as_str).collect();
                ReviewError::usage(format!(
                    "{place}: `{name}` is missing or empty (the row has: {})",
                    columns.join(", ")
                ))
            })
        };
        let took_ms = match cell(&row, "seconds") {
            None => None,
            Some(text) => {
                let seconds = text.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0 && *s < 1e9);
                let wrong = || ReviewError::usage(format!("{place}: `seconds` is no time: `{}`", super::clean(&text)));
                Some((seconds.ok_or_else(wrong)? * 1000.0) as i64)
            }
        };
        let wide: Vec<&str> = rubric
            .criteria
            .iter()
            .map(|criterion| criterion.name.as_str())
            .filter(|name| row.contains_key(*name))
            .collect();
        let (item, long) = (needed("item")?, row.contains_key("criterion"));
        if long {
            let Some(value) =
                row.get("value").filter(|value| !value.is_null() && **value != Value::String(String::new()))
            else {
                continue;
            };
            incoming.push(Incoming {
                item,
                rater: needed("rater")?,
                criterion: needed("criterion")?,
                value: plain(value),
                took_ms,
                place,
                turned: false,
            });
            continue;
        }
        if wide.is_empty() {
            let criteria: Vec<&str> = rubric.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
            return Err(ReviewError::usage(format!(
                "{place}: there is neither a column `criterion` nor one of the rubric's criteria ({})",
                criteria.join(", ")
            )));
        }
        let answered: Vec<(&str, Value)> = wide
            .into_iter()
            .filter_map(|name| Some((name, plain(row.get(name)?))))
            .filter(|(_, value)| !value.is_null() && *value != Value::String(String::new()))
            .collect();
        if answered.is_empty() {
            continue;
        }
        let rater = needed("rater")?;
        for (name, value) in answered {
            incoming.push(Incoming {
                item: item.clone(),
                rater: rater.clone(),
                criterion: name.to_owned(),
                value,
                took_ms,
                place: place.clone(),
                turned: false,
            });
        }
    }
    Ok(incoming)
}

fn cell(row: &Row, name: &str) -> Option<String> {
    let text = super::text(row.get(name).filter(|value| !value.is_null())?);
    let text = unguarded(text.trim()).to_owned();
    (!text.is_empty()).then_some(text)
}

fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(unguarded(text.trim()).to_owned()),
        other => other.clone(),
    }
}
