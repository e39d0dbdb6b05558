//! `trec_eval`'s qrels and runs.
//!
//! A qrels line is `topic iteration document grade`, a run line `topic Q0 document rank score tag`, separated by white
//! space (`trec_eval`'s `get_qrels.c` and `get_results.c`). A topic is a case: its judged documents are the reference
//! contexts, with their grade as `score`. A run's documents are the retrieved contexts of an answer by the target `tag`,
//! in the order `trec_eval` uses: by falling score (as 32-bit floats), ties by falling document id; the rank column does
//! not count. Lines of a topic stand together, as every tool writes them. A folder may hold qrels, runs and a file of
//! topics (`id<tab>text`, named `topics*` or `queries*`).

use std::collections::HashMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use assay_core::{Case, Output, Passage};
use serde_json::json;

use super::Answer;
use super::intake::Intake;
use super::json::{open, shown};
use crate::rows::read_line;
use crate::{DatasetError, Place};

/// The most documents of one topic.
const MOST_DOCUMENTS: usize = 1_000_000;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `id<tab>text`.
    Topics,
    /// Four columns, the last a whole number.
    Qrels,
    /// Six columns, the fifth a number.
    Run,
}

/// What a file's first line says it is.
pub(crate) fn kind_of(path: &Path, line: &str) -> Option<Kind> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match columns[..] {
        [_, _, _, grade] if grade.parse::<i64>().is_ok() => Some(Kind::Qrels),
        [_, _, _, _, score, _] if score.parse::<f64>().is_ok() => Some(Kind::Run),
        _ if line.contains('\t') && (name.starts_with("topics") || name.starts_with("queries")) => Some(Kind::Topics),
        _ => None,
    }
}

struct Words {
    reader: BufReader<std::fs::File>,
    file: PathBuf,
    line: u64,
    bytes: Vec<u8>,
}

impl Words {
    fn open(path: &Path) -> Result<Self, DatasetError> {
        Ok(Self { reader: BufReader::new(open(path)?), file: path.to_owned(), line: 0, bytes: Vec::new() })
    }

    fn place(&self) -> Place {
        Place { file: self.file.clone(), line: Some(self.line) }
    }

    /// The next line that is not empty.
    fn next(&mut self) -> Result<Option<&str>, DatasetError> {
        loop {
            if read_line(&mut self.reader, &mut self.bytes, &self.file, &mut self.line)? == 0 {
                return Ok(None);
            }
            if !self.bytes.trim_ascii().is_empty() {
                break;
            }
        }
        let place = self.place();
        let text = std::str::from_utf8(&self.bytes)
            .map_err(|_| DatasetError::new(Some(place), "not UTF-8").help("save the file as UTF-8"))?;
        Ok(Some(text.trim_end()))
    }
}

/// Reads qrels, a run, or a folder with both.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut files = Vec::new();
    for file in files_of(path)? {
        let mut words = Words::open(&file)?;
        let kind = words.next()?.and_then(|line| kind_of(&file, line));
        match kind {
            Some(kind) => files.push((kind, file)),
            None if path.is_dir() => intake.lose("a file that is neither qrels nor run", &name(&file)),
            None => {
                let place = words.place();
                return Err(DatasetError::new(Some(place), "neither qrels nor a run").help(
                    "qrels have 4 columns (topic, iteration, document, grade), runs have 6 (topic, Q0, document, rank, \
                     score, tag)",
                ));
            }
        }
    }
    files.sort();
    // Files are sorted by kind: topics, then qrels, then runs.
    let mut topics = HashMap::new();
    for (kind, file) in &files {
        match kind {
            Kind::Topics => {
                let mut words = Words::open(file)?;
                while let Some(line) = words.next()? {
                    if let Some((id, text)) = line.split_once('\t') {
                        topics.insert(id.trim().to_owned(), text.trim().to_owned());
                    }
                }
            }
            Kind::Qrels => qrels(file, &topics, intake)?,
            Kind::Run => run(file, &topics, intake)?,
        }
    }
    Ok(())
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| super::json::failed(path, &error))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|e| e.path())
        .collect();
    files.sort();
    Ok(files)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn topic_case(topic: &str, topics: &HashMap<String, String>) -> Case {
    let mut case = Case { id: topic.to_owned(), weight: 1.0, ..Case::default() };
    match topics.get(topic) {
        Some(text) => case.inputs.insert("query".into(), json!(text)),
        None => case.inputs.insert("topic".into(), json!(topic)),
    };
    case
}

fn qrels(file: &Path, topics: &HashMap<String, String>, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut words = Words::open(file)?;
    let mut current: Option<(Case, Place)> = None;
    while let Some(line) = words.next()? {
        let columns: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
        let place = words.place();
        let wrong = |message: String| {
            DatasetError::new(Some(place.clone()), message).help("a line is: topic, iteration, document, grade")
        };
        let [topic, iteration, document, grade] = &columns[..] else {
            return Err(wrong(format!("{} columns where qrels have 4", columns.len())));
        };
        let grade: i64 = grade.parse().map_err(|_| wrong(format!("`{}` is no whole number", shown(grade))))?;
        if iteration != "0" && iteration != "Q0" {
            intake.lose("iteration", "qrels column 2");
        }
        if current.as_ref().is_none_or(|(case, _)| case.id != *topic) {
            if let Some((case, place)) = current.take() {
                intake.case(case, &place)?;
            }
            if intake.has_case(topic) {
                return Err(wrong(format!("the lines of topic `{}` do not stand together", shown(topic)))
                    .help("sort the file by its first column"));
            }
            current = Some((topic_case(topic, topics), place.clone()));
        }
        if let Some((case, _)) = &mut current {
            if case.contexts.len() == MOST_DOCUMENTS {
                return Err(wrong(format!("more than 1,000,000 documents for topic `{}`", shown(topic))));
            }
            case.contexts.push(Passage { id: Some(document.clone()), text: None, score: Some(grade as f64) });
        }
    }
    if let Some((case, place)) = current {
        intake.case(case, &place)?;
    }
    Ok(())
}

struct Ranking {
    topic: String,
    tag: String,
    place: Place,
    documents: Vec<(f32, String, f64)>,
}

fn run(file: &Path, topics: &HashMap<String, String>, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    let mut words = Words::open(file)?;
    let mut current: Option<Ranking> = None;
    while let Some(line) = words.next()? {
        let columns: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
        let place = words.place();
        let wrong = |message: String| {
            DatasetError::new(Some(place.clone()), message).help("a line is: topic, Q0, document, rank, score, tag")
        };
        let [topic, _, document, _, score, tag] = &columns[..] else {
            return Err(wrong(format!("{} columns where runs have 6", columns.len())));
        };
        let value: f64 = score.parse().map_err(|_| wrong(format!("`{}` is no number", shown(score))))?;
        if !value.is_finite() {
            return Err(wrong(format!("the score is {value}")));
        }
        if current.as_ref().is_none_or(|ranking| ranking.topic != *topic || ranking.tag != *tag) {
            if let Some(ranking) = current.take() {
                ranked(ranking, topics, intake)?;
            }
            current =
                Some(Ranking { topic: topic.clone(), tag: tag.clone(), place: place.clone(), documents: Vec::new() });
        }
        if let Some(ranking) = &mut current {
            if ranking.documents.len() == MOST_DOCUMENTS {
                return Err(wrong(format!("more than 1,000,000 documents for topic `{}`", shown(topic))));
            }
            ranking.documents.push((value as f32, document.clone(), value));
        }
    }
    match current {
        Some(ranking) => ranked(ranking, topics, intake),
        None => Ok(()),
    }
}

fn ranked(mut ranking: Ranking, topics: &HashMap<String, String>, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    if !intake.has_case(&ranking.topic) {
        intake.lose("the judgements of a topic (import a folder that holds qrels and runs)", "qrels");
        intake.case(topic_case(&ranking.topic, topics), &ranking.place)?;
    }
    ranking.documents.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.cmp(&a.1)));
    let value = json!(ranking.documents.iter().map(|document| &document.1).collect::<Vec<_>>());
    let contexts = ranking
        .documents
        .into_iter()
        .map(|(_, id, score)| Passage { id: Some(id), text: None, score: Some(score) })
        .collect();
    let output = Output { value, contexts: Some(contexts), ..Output::default() };
    let answer = Answer::of(ranking.topic, ranking.tag, output);
    // One answer a topic: lines that do not stand together would make a second one, which is refused.
    intake.answer(answer, Some(0), &ranking.place)
}
