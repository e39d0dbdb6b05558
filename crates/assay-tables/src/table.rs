//! Columns of a file that the user names.

use std::path::{Path, PathBuf};

use assay_core::problem::did_you_mean;
use assay_datasets::fields::look;
use assay_datasets::rows::Place;
use serde_json::{Map, Value};

use crate::Failure;
use crate::answer::usage;

/// A file as rows.
pub struct Table {
    path: PathBuf,
    columns: Vec<String>,
    rows: Vec<(Map<String, Value>, Place)>,
}

impl Table {
    /// Reads a JSONL, CSV, TSV, Parquet, YAML or JSON file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let rows = assay_datasets::rows(path)?.collect::<Result<Vec<_>, _>>()?;
        let mut columns: Vec<String> = Vec::new();
        for (row, _) in &rows {
            for name in row.keys() {
                if !columns.contains(name) {
                    columns.push(name.clone());
                }
            }
        }
        if rows.is_empty() {
            return Err(usage(format!("{}: there are no rows", path.display())));
        }
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    /// The cells of a column, or of what a dotted path such as `experts.0.tone` finds in nested rows; `None` where a row has
    /// none.
    fn cells(&self, column: &str) -> Result<impl Iterator<Item = (Option<&Value>, &Place)>, Failure> {
        if !self.has(column) {
            let near = did_you_mean(column, self.columns.iter().map(String::as_str));
            let hint = near.map_or_else(
                || format!("it has: {}", self.columns.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(usage(format!("{}: there is no column `{column}` ({hint})", self.path.display())));
        }
        let column = column.to_owned();
        Ok(self.rows.iter().map(move |(row, place)| (look(row, &column).filter(|cell| !cell.is_null()), place)))
    }

    /// A column of texts; other values as JSON.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>, Failure> {
        let text = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
        Ok(self.cells(column)?.map(|(cell, _)| cell.map(text)).collect())
    }

    /// A column of texts without gaps.
    pub fn full(&self, column: &str) -> Result<Vec<String>, Failure> {
        let cells = self.texts(column)?;
        cells.into_iter().zip(&self.rows).map(|(cell, (_, place))| cell.ok_or_else(|| empty(place, column))).collect()
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        let nested = || self.rows.iter().any(|(row, _)| look(row, column).is_some());
        self.columns.iter().any(|name| name == column) || (column.contains('.') && nested())
    }

    /// A column of yes and no: 1 or 0, true or false, yes or no, pass or fail. With `positive`, cells of that text are
    /// yes and all others no. `None` where a row has none.
    pub fn flags(&self, column: &str, positive: Option<&str>) -> Result<Vec<Option<bool>>, Failure> {
        let cells = self.texts(column)?;
        let one = |(cell, (_, place)): (Option<String>, &(Map<String, Value>, Place))| {
            let Some(cell) = cell else { return Ok(None) };
            let yes = positive.map_or_else(|| flag(&cell), |positive| Some(cell == positive));
            yes.map(Some).ok_or_else(|| {
                usage(format!(
                    "{place}: `{column}` is {cell:?}, neither yes nor no (1/0, true/false, yes/no, pass/fail)"
                ))
            })
        };
        cells.into_iter().zip(&self.rows).map(one).collect()
    }

    /// A column of labels as numbers from 0 in the order of their first appearance, without gaps, and the labels.
    pub fn groups(&self, column: &str) -> Result<(Vec<u32>, Vec<String>), Failure> {
        let (mut known, mut names) = (std::collections::HashMap::new(), Vec::new());
        let mut of = Vec::with_capacity(self.rows.len());
        for name in self.full(column)? {
            let next = u32::try_from(names.len()).map_err(|_| usage(format!("`{column}` has too many labels")))?;
            of.push(*known.entry(name.clone()).or_insert(next));
            if of.last() == Some(&next) {
                names.push(name);
            }
        }
        Ok((of, names))
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// A column of vectors, written as lists of numbers such as `[0.1, 0.2]`, all of one width; `None` where a row has
    /// none.
    pub fn vectors(&self, column: &str) -> Result<Vec<Option<Vec<f64>>>, Failure> {
        let mut width = None;
        let mut one = |(row, cell): (usize, Option<String>)| {
            let Some(cell) = cell else { return Ok(None) };
            let vector: Option<Vec<f64>> = serde_json::from_str(&cell).ok();
            let Some(vector) = vector.filter(|vector| !vector.is_empty()) else {
                let shown = assay_report::plain(&cell, 60);
                return Err(usage(format!(
                    "{}: `{column}` is {shown}, no list of numbers such as [0.1, 0.2]",
                    self.place(row)
                )));
            };
            let first = *width.get_or_insert(vector.len());
            if vector.len() != first {
                let place = self.place(row);
                return Err(usage(format!(
                    "{place}: `{column}` has {} numbers, the rows before {first}",
                    vector.len()
                )));
            }
            Ok(Some(vector))
        };
        self.texts(column)?.into_iter().enumerate().map(&mut one).collect()
    }

    /// A column of lists of words, such as `["d1", "d2"]`; empty where a row has none.
    pub fn lists(&self, column: &str) -> Result<Vec<Vec<String>>, Failure> {
        let one = |(row, cell): (usize, Option<String>)| match cell {
            None => Ok(Vec::new()),
            Some(cell) => serde_json::from_str::<Vec<String>>(&cell).map_err(|_| {
                let shown = assay_report::plain(&cell, 60);
                usage(format!("{}: `{column}` is {shown}, no list of words such as [\"d1\", \"d2\"]", self.place(row)))
            }),
        };
        self.texts(column)?.into_iter().enumerate().map(one).collect()
    }

    /// `FILE:LINE` of a row.
    pub fn place(&self, row: usize) -> String {
        self.rows[row].1.to_string()
    }

    /// A column of numbers; `None` where a row has none.
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>, Failure> {
        self.cells(column)?
            .map(|(cell, place)| {
                let Some(cell) = cell else { return Ok(None) };
                let number =
                    cell.as_f64().or_else(|| cell.as_str()?.trim().parse().ok()).filter(|n: &f64| n.is_finite());
                number.map(Some).ok_or_else(|| usage(format!("{place}: `{column}` is {cell}, not a number")))
            })
            .collect()
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" | "yes" | "pass" => Some(true),
        "0" | "0.0" | "false" | "no" | "fail" => Some(false),
        _ => None,
    }
}

fn empty(place: &Place, column: &str) -> Failure {
    usage(format!("{place}: `{column}` is empty"))
}
