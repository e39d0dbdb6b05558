//! Files of labels: JSON lines, or CSV with the same names as columns.

use std::path::Path;

use assay_core::Label;
use serde_json::{Map, Value};

use super::super::Failure;
use assay_home::usage;

/// A label with the line it stands in, and whether the line says how its item was drawn.
pub struct Line {
    /// From 1.
    pub number: usize,
    /// The label.
    pub label: Label,
    /// Whether `drawn` is given.
    pub says_drawn: bool,
}

/// The most faults that are listed.
pub const MOST_FAULTS: usize = 20;

/// Faults of a file as one error.
pub fn faults(path: &Path, what: &str, mut found: Vec<(usize, String)>) -> Failure {
    found.sort();
    let all = found.len();
    let lines: Vec<String> =
        found.into_iter().take(MOST_FAULTS).map(|(line, why)| format!("{}:{line}: {why}", path.display())).collect();
    let more = if all > MOST_FAULTS { format!("\n… and {} more", all - MOST_FAULTS) } else { String::new() };
    eprintln!("{}{more}", lines.iter().map(|line| assay_report::plain(line, 600)).collect::<Vec<_>>().join("\n"));
    usage(format!("{what}: nothing was stored"))
}

/// Reads a file of labels.
///
/// # Errors
/// Every line that is no label.
pub fn read(path: &Path) -> Result<Vec<Line>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let rows = if csv { of_csv(path, &text)? } else { of_json(&text) };
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    for (number, row) in rows {
        let read = row.and_then(|row| {
            let says_drawn = row.get("drawn").is_some();
            let label: Label = serde_json::from_value(row).map_err(|error| error.to_string())?;
            if label.item.is_none() && label.case.is_none() {
                return Err("a label needs an `item` or a `case`".into());
            }
            if label.chance.is_some_and(|chance| !(chance > 0.0 && chance <= 1.0)) {
                return Err("`chance` must be above 0 and at most 1".into());
            }
            Ok((label, says_drawn))
        });
        match read {
            Ok((label, says_drawn)) => lines.push(Line { number, label, says_drawn }),
            Err(why) => wrong.push((number, why)),
        }
    }
    if !wrong.is_empty() {
        let what = format!("{} lines of {} are no labels", wrong.len(), path.display());
        return Err(faults(path, &what, wrong));
    }
    if lines.is_empty() {
        return Err(usage(format!("{}: there are no labels in it", path.display())));
    }
    Ok(lines)
}

type Row = (usize, Result<Value, String>);

fn of_json(text: &str) -> Vec<Row> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| (at + 1, serde_json::from_str(line).map_err(|error| error.to_string()))).collect()
}

fn of_csv(path: &Path, text: &str) -> Result<Vec<Row>, Failure> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| usage(format!("{}: {error}", path.display())))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| usage(format!("{}: {error}", path.display())))?;
        let number = record.position().map_or(0, |position| position.line() as usize);
        let mut row = Map::new();
        for (name, cell) in header.iter().zip(record.iter()) {
            if cell.is_empty() {
                continue;
            }
            let value = match name {
                "label" => match cell {
                    "true" | "false" => Value::Bool(cell == "true"),
                    _ => cell.parse::<f64>().ok().filter(|n| n.is_finite()).map_or_else(|| cell.into(), Value::from),
                },
                "chance" => cell.parse::<f64>().map_or_else(|_| cell.into(), Value::from),
                _ => cell.into(),
            };
            row.insert(name.to_owned(), value);
        }
        row.entry("label").or_insert(Value::Null);
        rows.push((number, Ok(Value::Object(row))));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_and_json_lines_say_the_same_and_faults_name_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let csv = write("l.csv", "case,target,label,rater,drawn,chance\na,t,true,ann,random,0.5\nb,,4,,,\n");
        let json = write(
            "l.jsonl",
            "{\"case\":\"a\",\"target\":\"t\",\"label\":true,\"rater\":\"ann\",\"drawn\":\"random\",\"chance\":0.5}\n\n{\"case\":\"b\",\"label\":4.0}\n",
        );
        let (a, b) = (read(&csv).unwrap(), read(&json).unwrap());
        assert_eq!(a.iter().map(|l| &l.label).collect::<Vec<_>>(), b.iter().map(|l| &l.label).collect::<Vec<_>>());
        assert_eq!((a[0].number, b[1].number, a[0].says_drawn, a[1].says_drawn), (2, 3, true, false));
        for text in [
            "{\"case\":\"a\"}",
            "{\"label\":1}",
            "{\"case\":\"a\",\"label\":1,\"chance\":2}",
            "{\"case\":\"a\",\"label\":1,\"note\":1}",
            "[]",
        ] {
            assert!(read(&write("bad.jsonl", text)).is_err(), "{text}");
        }
    }
}
