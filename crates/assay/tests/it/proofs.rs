//! Judges of published data sets against the people of these sets, from the files to a grade, by the commands a user types.
//! What comes out is in `docs/proofs.md`: a row that is not what it says there fails, and `ASSAY_WRITE_DOCS=1` writes it anew.

mod classes;
mod pairs;
mod scales;

use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::data::goldens;
use crate::support::{Folder, Said};

/// A command that must succeed.
#[track_caller]
pub fn fine(said: Said) -> Said {
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// What it says as JSON.
#[track_caller]
pub fn value(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

pub fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Golden values have six decimals.
#[track_caller]
pub fn near(what: &str, ours: f64, theirs: &Value) {
    let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{what}: no golden value"));
    assert!((ours - theirs).abs() < 1e-6, "{what}: {ours} and {theirs}");
}

pub fn golden(set: &str) -> Value {
    goldens()[set].clone()
}

/// A folder in which a set's judges have scored its answers.
pub struct Proof {
    set: &'static str,
    pub folder: Folder,
    page: Vec<String>,
}

impl Proof {
    /// Adds a file to the library and runs a suite of it. `suite` says what follows the dataset.
    #[track_caller]
    pub fn new(set: &'static str, file: &Path, fields: &[&str], suite: &str) -> Self {
        let folder = Folder::new();
        let added = [&["dataset", "add", set, file.to_str().unwrap()], fields].concat();
        fine(folder.assay(&added));
        folder.write("assay.yaml", format!("suite: {set}\ndataset: {{dataset: {set}}}\n{suite}"));
        fine(folder.assay(&["run", "--quiet"]));
        Self { set, folder, page: Vec::new() }
    }

    /// Writes labels; each line gets the word that all answers of the set carry labels.
    pub fn labels(&self, labels: impl Iterator<Item = Value>) {
        let line = |mut label: Value| {
            label["drawn"] = json!("random");
            format!("{label}\n")
        };
        self.folder.write("labels.jsonl", labels.map(line).collect::<String>());
    }

    /// Calibrates and checks a judge, keeps its row for the page, and gives its certificate.
    #[track_caller]
    pub fn judge(&mut self, judge: &str, more: &[&str]) -> Certificate {
        fine(self.folder.assay(&[&["judge", "calibrate", judge, "--labels", "labels.jsonl"], more].concat()));
        fine(self.folder.assay(&["judge", "check", judge]));
        let found = Certificate(value(&fine(self.folder.assay(&["judge", "report", judge, "--json"]))));
        self.page.push(found.row(self.set, judge));
        found
    }

    /// `assay stats … --json` in the folder.
    #[track_caller]
    pub fn stats(&self, arguments: &[&str]) -> Value {
        value(&fine(self.folder.assay(&[&["stats"], arguments, &["--json"]].concat())))
    }

    /// A coefficient of agreement among columns.
    #[track_caller]
    pub fn agreement(&self, file: &str, raters: &str, level: &str, coefficient: &str) -> f64 {
        let found = self.stats(&["agreement", file, "--raters", raters, "--level", level]);
        let value = &found["coefficients"][coefficient]["value"];
        value.as_f64().unwrap_or_else(|| panic!("{coefficient}: {found}"))
    }

    /// Compares the rows with the page.
    pub fn page(self) {
        on_page(self.set, &self.page);
    }
}

/// Compares a set's rows with those of `docs/proofs.md`, or writes them there.
pub fn on_page(set: &str, rows: &[String]) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proofs.md");
    let is_written = std::env::var_os("ASSAY_WRITE_DOCS").is_some();
    let mut file = std::fs::File::options().read(true).write(is_written).open(&path).unwrap();
    // Tests of several sets write at the same time.
    file.lock().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let start = format!("| {set} |");
    let own: Vec<&str> = text.lines().filter(|line| line.starts_with(&start)).collect();
    if own == rows {
        return;
    }
    assert!(is_written, "docs/proofs.md says of {set}\n{}\nand it is\n{}", own.join("\n"), rows.join("\n"));
    assert!(!own.is_empty(), "docs/proofs.md has no row that begins with `{start}`");
    let mut written = String::new();
    let mut rows = Some(rows);
    for line in text.lines() {
        match (line.starts_with(&start), rows.take_if(|_| line.starts_with(&start))) {
            (true, Some(rows)) => rows.iter().for_each(|row| written.push_str(&format!("{row}\n"))),
            (true, None) => {}
            (false, _) => written.push_str(&format!("{line}\n")),
        }
    }
    file.set_len(0).unwrap();
    file.rewind().unwrap();
    file.write_all(written.as_bytes()).unwrap();
}

/// A certificate with its standing.
pub struct Certificate(pub Value);

impl Certificate {
    pub fn certificate(&self) -> &Value {
        &self.0["certificate"]
    }

    pub fn grade(&self) -> &str {
        self.0["standing"]["grade"].as_str().unwrap()
    }

    /// Everything that the next grade lacks.
    pub fn missing(&self) -> String {
        let missing = self.0["standing"]["missing"].as_array().unwrap();
        missing.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
    }

    fn find(&self, key: &str) -> Option<&Value> {
        self.certificate()["figures"].as_array().unwrap().iter().find(|figure| figure["key"] == key)
    }

    #[track_caller]
    pub fn figure(&self, key: &str) -> f64 {
        let found = self.find(key).and_then(|figure| figure["value"].as_f64());
        found.unwrap_or_else(|| panic!("no {key}: {}", self.0))
    }

    /// Answers by people's word and the judge's.
    pub fn confusion(&self) -> [[u64; 2]; 2] {
        let cell = |y: usize, f: usize| self.certificate()["confusion"][y][f]["key"].as_str().unwrap().parse().unwrap();
        [[cell(0, 0), cell(0, 1)], [cell(1, 0), cell(1, 1)]]
    }

    /// Set, judge, labels, agreement, the same among people, grade, and why it is no better one.
    pub fn row(&self, set: &str, judge: &str) -> String {
        let with = |key: &str, name: &str| {
            let figure = self.find(key)?;
            let (value, interval) = (figure["value"].as_f64()?, &figure["interval"]);
            let between = interval["lower"].as_f64().zip(interval["upper"].as_f64());
            let between = between.map_or_else(String::new, |(lower, upper)| format!(" ({lower:.2} to {upper:.2})"));
            Some(format!("{name} {value:.3}{between}"))
        };
        let binary = self.find("ac1").is_some();
        let agreement = match binary {
            true => {
                [with("agreement", "same"), with("ac1", "AC1")].into_iter().flatten().collect::<Vec<_>>().join(", ")
            }
            false => with("correlation", "r").unwrap_or_else(|| "–".into()),
        };
        let errors = [with("sensitivity", "sensitivity"), with("specificity", "specificity")];
        let agreement = std::iter::once(agreement).chain(errors.into_iter().flatten()).collect::<Vec<_>>().join(", ");
        let people = self.find("alpha").and_then(|figure| figure["people"][0].as_f64());
        let people = people.map_or_else(|| "–".into(), |alpha| format!("α {alpha:.3}"));
        let why = self.missing();
        let why = if why.is_empty() { "–" } else { why.as_str() };
        let labels = &self.certificate()["labels"];
        format!("| {set} | `{judge}` | {labels} | {agreement} | {people} | {} | {why} |", self.grade())
    }
}
