//! Datasets in every format: read, written, kept as versions, and exchanged with the tools that made the formats.

mod exports;
mod hostile;
mod library;
mod plain;
mod promptfoo;
mod quality;
mod recall;
mod tools;

use std::path::Path;
use std::process::Command;

use assay_core::Case;
use assay_datasets::tools::{Answer, Report, Sink, Tool, import};
use assay_datasets::{DatasetError, Place};
use serde_json::Value;

/// Keeps everything.
#[derive(Default)]
struct Kept {
    cases: Vec<Case>,
    places: Vec<Place>,
    answers: Vec<Answer>,
}

impl Sink for Kept {
    fn case(&mut self, case: Case, place: &Place) -> Result<(), DatasetError> {
        assert!(self.cases.iter().all(|known| known.id != case.id), "the id `{}` stands twice", case.id);
        self.cases.push(case);
        self.places.push(place.clone());
        Ok(())
    }

    fn answer(&mut self, answer: Answer) -> Result<(), DatasetError> {
        assert!(self.cases.iter().any(|case| case.id == answer.case_id), "no case `{}`", answer.case_id);
        let same = |known: &&Answer| {
            (&known.case_id, &known.target, known.epoch) == (&answer.case_id, &answer.target, answer.epoch)
        };
        assert!(self.answers.iter().find(same).is_none(), "a second answer: {answer:?}");
        self.answers.push(answer);
        Ok(())
    }
}

impl Kept {
    fn case(&self, id: &str) -> &Case {
        self.cases.iter().find(|case| case.id == id).unwrap_or_else(|| panic!("no case `{id}`"))
    }

    fn answer(&self, id: &str, target: &str, epoch: u32) -> &Answer {
        let is = |answer: &&Answer| answer.case_id == id && answer.target == target && answer.epoch == epoch;
        self.answers.iter().find(is).unwrap_or_else(|| panic!("no answer to `{id}` of `{target}` in {epoch}"))
    }
}

/// Reads a file as the tool that its content shows, which must be the one that is expected.
fn read_as(tool: Tool, path: &Path) -> (Kept, Report) {
    assert_eq!(Tool::detect(path).unwrap(), Some(tool), "{}", path.display());
    let mut kept = Kept::default();
    let report = import(path, None, &mut kept).unwrap_or_else(|error| panic!("{error} ({:?})", error.help));
    assert_eq!((report.cases, report.answers), (kept.cases.len() as u64, kept.answers.len() as u64));
    (kept, report)
}

/// What a function of `tools.py` says; `None`, with the reason, when no interpreter with the tools is named.
fn ask(function: &str, argument: &Path) -> Option<Value> {
    let Ok(python) = std::env::var("ASSAY_TOOLS_PYTHON") else {
        println!("skipped: ASSAY_TOOLS_PYTHON is not set (see tests/oracle/README.md)");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tools.py");
    let output = Command::new(python).arg(script).arg(function).arg(argument).output().expect("the interpreter starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{function} failed: {stdout}\n{stderr}");
    let last = stdout.lines().rfind(|line| !line.trim().is_empty()).expect("an answer");
    Some(serde_json::from_str(last).unwrap_or_else(|error| panic!("{function}: {error} in {last}")))
}

fn lost(report: &Report, what: &str) -> u64 {
    report.lost.iter().filter(|lost| lost.what.contains(what)).map(|lost| lost.count).sum()
}
