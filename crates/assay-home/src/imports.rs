//! Files as versions of datasets: tables and lines, and what other tools wrote, whose answers become runs.

use std::collections::BTreeMap;
use std::path::Path;

use assay_core::run::Totals;
use assay_core::{Case, RunRecord};
use assay_datasets::declare::Names;
use assay_datasets::library::{Event, Held, How, Lineage, VersionRecord, check_name, check_tag, today};
use assay_datasets::tools::{Answer, Report, Sink, Tool, import};
use assay_datasets::version::VersionWriter;
use assay_datasets::{DatasetDecl, DatasetError, Format, Library, Place, add};
use assay_engine::imported::{Answers, Origin, record};
use assay_report::plain;
use serde_json::json;

use crate::redaction::Redaction;
use crate::{Failure, Home, usage};

/// A file on its way into a dataset.
pub struct Incoming<'a> {
    /// The dataset; made when it does not exist.
    pub dataset: &'a str,
    /// Who brings it.
    pub by: &'a str,
    /// The folder that the path starts from. Nothing that is said or recorded tells it.
    pub base: &'a Path,
    /// The file or folder.
    pub path: &'a Path,
    /// What takes personal data and secrets out.
    pub redaction: Option<Redaction>,
    /// A tag for the version.
    pub tag: Option<String>,
    /// A note for the record.
    pub note: Option<String>,
}

/// What became of a file.
pub struct Arrived {
    /// The version that holds its cases.
    pub record: VersionRecord,
    /// Whether that is a new one.
    pub new: bool,
    /// Its cases.
    pub cases: u64,
    /// Bytes that were new on disk.
    pub new_bytes: u64,
    /// Cases that got an id from their content.
    pub named: u64,
    /// What was taken out.
    pub redaction: Option<Redaction>,
}

impl Incoming<'_> {
    fn check(&self) -> Result<(), DatasetError> {
        check_name(self.dataset)?;
        self.tag.as_deref().map_or(Ok(()), check_tag)
    }

    /// Ends what has been added: its audit, its tag.
    fn arrived(
        mut self,
        library: &Library,
        held: &Held,
        added: Option<&VersionRecord>,
        (cases, new_bytes, named): (u64, u64, u64),
    ) -> Result<Arrived, Failure> {
        if let (Some(redaction), Some(record)) = (&mut self.redaction, added) {
            redaction.keep(library, record.version)?;
        }
        let dataset = library.dataset(self.dataset)?;
        let record = dataset.version(None)?.clone();
        if let Some(tag) = self.tag.filter(|tag| dataset.tags.get(tag) != Some(&record.version)) {
            let event = Event::Tagged { tag, version: record.version };
            library.append(held, self.dataset, self.by, vec![event])?;
        }
        Ok(Arrived { record, new: added.is_some(), cases, new_bytes, named, redaction: self.redaction })
    }
}

/// The longest name of a file that came from elsewhere, in bytes: file systems take 255.
const LONGEST_NAME: usize = 120;

/// A file's name as somebody else calls it, without the folders before it and without characters that are none; of a long one the
/// end, which says the format. `None` when nothing is left.
pub fn file_name(said: &str) -> Option<String> {
    let last = said.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = plain(last, usize::MAX);
    let from = (clean.len().saturating_sub(LONGEST_NAME)..clean.len()).find(|at| clean.is_char_boundary(*at))?;
    let name = clean[from..].trim();
    (!matches!(name, "" | "." | "..")).then(|| name.to_owned())
}

/// A format by its word.
///
/// # Errors
/// There is none.
pub fn format(word: &str) -> Result<Format, Failure> {
    serde_json::from_value(word.to_ascii_lowercase().into()).map_err(|_| {
        usage(format!("`{}` is no format: jsonl, csv, tsv, parquet, arrow, xlsx, yaml, json, text", plain(word, 80)))
    })
}

/// Columns as they are named in a word each: `question`, or `question=path.in.the.row`; `None` without any.
pub fn names(columns: &[String]) -> Option<Names> {
    if columns.is_empty() {
        return None;
    }
    let pairs: BTreeMap<String, String> = columns
        .iter()
        .map(|column| match column.split_once('=') {
            Some((name, path)) => (name.to_owned(), path.to_owned()),
            None => (column.rsplit('.').next().unwrap_or(column).to_owned(), column.clone()),
        })
        .collect();
    Some(Names::Map(pairs))
}

/// Adds the cases of a table, lines or a document as the newest version of a dataset, read as `declared` says.
///
/// # Errors
/// A name that cannot be one, a row that cannot be read (with file and line): no version is there then, and no byte of it.
pub fn table(library: &Library, mut incoming: Incoming<'_>, declared: DatasetDecl) -> Result<Arrived, Failure> {
    incoming.check()?;
    let declared = DatasetDecl { path: incoming.path.display().to_string(), ..declared };
    let held = library.hold()?;
    let mut redaction = incoming.redaction.take();
    let parameters = redaction.as_ref().map(Redaction::parameters);
    let mut through = |case: &mut Case, is_last: bool| match &mut redaction {
        None => Ok(()),
        Some(redaction) if is_last => redaction.case(case).map(drop),
        Some(redaction) => redaction.apply(case).map(drop),
    };
    let change = parameters.map(|redacted| add::Redacted { parameters: redacted, case: &mut through });
    let who = (incoming.dataset, incoming.by);
    let added = add::add(library, &held, who, incoming.base, &declared, incoming.note.take(), change)?;
    incoming.redaction = redaction;
    let figures = (added.cases, added.new_bytes, added.named);
    incoming.arrived(library, &held, added.record.as_ref(), figures)
}

/// What another tool wrote, in a dataset.
pub struct Imported {
    /// Its cases.
    pub arrived: Arrived,
    /// What was read and what could not be kept.
    pub report: Report,
    /// The tool with its version.
    pub tool: String,
    /// What the tool recorded, until it is a run; `None` where only the cases are wanted, or there are no answers.
    pub answers: Option<Recorded>,
}

/// What a tool recorded, on its way into a run.
pub struct Recorded {
    answers: Answers,
    origin: Origin,
}

/// Cases go into the version as they come, answers wait for the run.
struct Intake {
    writer: VersionWriter,
    answers: Option<Answers>,
    redaction: Option<Redaction>,
}

impl Sink for Intake {
    fn case(&mut self, mut case: Case, place: &Place) -> Result<(), DatasetError> {
        if let Some(redaction) = &mut self.redaction {
            redaction.case(&mut case)?;
        }
        if let Some(answers) = &mut self.answers {
            answers.count_case();
        }
        self.writer.add(&case, Some(place))
    }

    fn answer(&mut self, mut answer: Answer) -> Result<(), DatasetError> {
        if let Some(redaction) = self.redaction.as_mut().filter(|_| self.answers.is_some()) {
            redaction.answer(&mut answer)?;
        }
        match &mut self.answers {
            None => Ok(()),
            Some(answers) => answers.add(answer).map_err(|error| DatasetError::new(None, error.to_string())),
        }
    }
}

/// Adds the cases of what another tool wrote as the newest version of a dataset; without a tool, the content says which one it
/// was. With `answers`, what the tool recorded is kept for a run.
///
/// # Errors
/// As [`table`], content that no importer knows, or answers that make no run.
pub fn of_tool(
    library: &Library,
    mut incoming: Incoming<'_>,
    tool: Option<Tool>,
    answers: bool,
) -> Result<Imported, Failure> {
    incoming.check()?;
    let held = library.hold()?;
    let answers = if answers { Some(Answers::new()?) } else { None };
    let mut intake = Intake { writer: library.write(&held)?, answers, redaction: incoming.redaction.take() };
    let file = incoming.base.join(incoming.path);
    let report = import(&file, tool, &mut intake).map_err(|error| error.told_from(incoming.base))?;
    let answers = intake.answers.filter(|answers| !answers.is_empty());
    if let Some(answers) = &answers {
        // Before the version is added: what makes no run leaves nothing behind.
        answers.check(&incoming.path.display().to_string())?;
        if let Some(dataset) = library.find(incoming.dataset)? {
            dataset.check_retention(&today())?;
        }
    }
    let tool = match (&report.tool, &report.tool_version) {
        (Some(tool), Some(version)) => format!("{tool} {version}"),
        (Some(tool), None) => tool.to_string(),
        (None, _) => add::tool(),
    };
    let (manifest, new_bytes) = intake.writer.finish()?;
    let mut parameters = json!({"from": tool, "lost": report.lost.iter().map(ToString::to_string).collect::<Vec<_>>()});
    if let Some(redaction) = &intake.redaction {
        parameters["redacted"] = redaction.parameters();
    }
    incoming.redaction = intake.redaction;
    let lineage = Lineage {
        how: How::Imported,
        parents: Vec::new(),
        // A folder of files with other endings was read all the same.
        sources: add::sources(incoming.base, incoming.path).unwrap_or_default(),
        tool: add::tool(),
        parameters,
        note: incoming.note.take(),
    };
    let added = library.add(&held, incoming.dataset, incoming.by, &manifest, lineage)?;
    let (name, path) = (incoming.dataset.to_owned(), incoming.path.display().to_string());
    let scratch = !incoming.base.as_os_str().is_empty();
    let arrived = incoming.arrived(library, &held, added.as_ref(), (manifest.cases, new_bytes, 0))?;
    let answers = answers.map(|answers| {
        let dataset = format!("{name}@{}", arrived.record.number);
        Recorded { answers, origin: Origin { dataset, suite: name, path, scratch, tool: tool.clone() } }
    });
    Ok(Imported { arrived, report, tool, answers })
}

impl Recorded {
    /// Number of answers.
    pub const fn count(&self) -> u64 {
        self.answers.len()
    }

    /// Makes a sealed run of the answers; gives it with its totals and the number of answers that it does not hold.
    ///
    /// # Errors
    /// The workspace cannot be written: the cases are in their dataset all the same, and the same import makes the run.
    pub async fn run(self, home: &Home) -> Result<(RunRecord, Totals, u64), Failure> {
        Ok(record(&home.workspace, &home.state, &home.lake, &home.library(), self.origin, self.answers).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_folders_and_no_control_characters_and_keeps_its_ending() {
        for (said, name) in [
            ("cases.csv", Some("cases.csv")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\data\\my cases.jsonl", Some("my cases.jsonl")),
            ("a\u{202e}b\n\0c.csv", Some("a b c.csv")),
            ("<script>alert(1)</script>.csv", Some("script>.csv")),
            ("", None),
            ("..", None),
            ("folder/", None),
            ("\u{7}", None),
        ] {
            assert_eq!(file_name(said).as_deref(), name, "{said:?}");
        }
        let long = file_name(&format!("{}.csv", "ü".repeat(500))).unwrap();
        assert!(long.len() <= LONGEST_NAME && long.ends_with("ü.csv"));
    }
}
