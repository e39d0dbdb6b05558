//! Labels as people hand them over: files of JSON lines, CSV with the same names as columns, and what raters said in a
//! project of human review.

use std::path::Path;

use assay_core::{Drawn, Label};
use assay_report::plain;
use assay_review::Review;
use assay_review::outcome::{Aggregate, labels};
use serde_json::{Map, Value};

use crate::{Failure, usage};

/// A label with the line it stands in, and whether the line says how its item was drawn.
pub struct Line {
    /// From 1.
    pub number: usize,
    /// The label.
    pub label: Label,
    /// Whether `drawn` is given.
    pub says_drawn: bool,
}

/// Labels with where they are from.
pub struct LabelFile {
    /// What errors and records call it.
    pub name: String,
    /// The labels.
    pub lines: Vec<Line>,
    /// What whoever uses them should know.
    pub notes: Vec<String>,
}

/// The most faults that are listed.
const MOST_FAULTS: usize = 20;

/// What is wrong with lines of a file, of which nothing was stored.
#[derive(Debug)]
pub struct Faults {
    /// What all of them are, and that nothing was stored.
    pub what: String,
    /// The first of them, each with its file and line.
    pub lines: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.lines.join("; "))?;
        if self.more > 0 { write!(f, "; … and {} more", self.more) } else { Ok(()) }
    }
}

impl std::error::Error for Faults {}

/// Faults of a file, by line, as one error.
pub(super) fn faults(name: &str, what: &str, mut found: Vec<(usize, String)>) -> Failure {
    found.sort();
    let more = found.len().saturating_sub(MOST_FAULTS);
    let lines = found.into_iter().take(MOST_FAULTS).map(|(line, why)| plain(&format!("{name}:{line}: {why}"), 600));
    Faults { what: format!("{what}: nothing was stored"), lines: lines.collect(), more }.into()
}

impl LabelFile {
    /// Reads a file of labels.
    ///
    /// # Errors
    /// As [`LabelFile::of_text`], or it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{name}: {error}")))?;
        Self::of_text(name, &text)
    }

    /// The labels of a text: CSV where the name says so, else JSON lines.
    ///
    /// # Errors
    /// Every line that is no label ([`Faults`]), or there is none.
    pub fn of_text(name: String, text: &str) -> Result<Self, Failure> {
        let csv = Path::new(&name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let rows = if csv { of_csv(&name, text)? } else { of_json(text) };
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
            let what = format!("{} lines of {name} are no labels", wrong.len());
            return Err(faults(&name, &what, wrong));
        }
        if lines.is_empty() {
            return Err(usage(format!("{name}: there are no labels in it")));
        }
        Ok(Self { name, lines, notes: Vec::new() })
    }

    /// What the raters of a project say together on one of its questions, and the question: the only one where none is named.
    /// The labels are of whatever criterion they are stored under.
    ///
    /// # Errors
    /// There is no such project or question, several questions and none is named, or no item has a label yet.
    pub async fn of_project(review: &Review, project: &str, question: Option<&str>) -> Result<(Self, String), Failure> {
        let said = ProjectLabels::of(review, project, Aggregate::Usual, false).await?;
        let list = || said.questions.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let question = match (question, said.questions.as_slice()) {
            (Some(question), known) if known.iter().any(|name| name == question) => question.to_owned(),
            (Some(question), _) => {
                let question = plain(question, 100);
                return Err(usage(format!("the project has no question `{question}` (it has: {})", list())));
            }
            (None, [only]) => only.clone(),
            (None, _) => return Err(usage(format!("the project has several questions: name one of {}", list()))),
        };
        let own = said.labels.into_iter().filter(|label| label.criterion.as_ref() == Some(&question));
        let lines: Vec<Line> = own
            .enumerate()
            .map(|(at, label)| Line { number: at + 1, label: Label { criterion: None, ..label }, says_drawn: true })
            .collect();
        if lines.is_empty() {
            return Err(usage(format!("the project has no label of `{question}` yet")));
        }
        Ok((Self { name: format!("project {project}"), lines, notes: said.notes }, question))
    }
}

/// What people say in a project of human review, as labels.
pub struct ProjectLabels {
    /// The labels; none of items that were not drawn, or whose raters are split.
    pub labels: Vec<Label>,
    /// The project's questions that have an answer a judge can be compared with.
    pub questions: Vec<String>,
    /// What whoever uses them should know.
    pub notes: Vec<String>,
}

impl ProjectLabels {
    /// What the raters of a project say together, and with `each` what every one of them says beside.
    ///
    /// # Errors
    /// There is no such project, or the database fails.
    pub async fn of(review: &Review, project: &str, how: Aggregate, each: bool) -> Result<Self, Failure> {
        let snapshot = review.snapshot(project).await?;
        let found = labels(&snapshot, how, each);
        let mut notes = Vec::new();
        if found.split > 0 {
            notes.push(format!(
                "{} questions have none: raters are split; `assay review adjudicate` settles them",
                found.split
            ));
        }
        if snapshot.project.settings.drawn == Drawn::ByHand {
            let why =
                "the items are from a file that nobody said was drawn at random: these labels cannot correct a judge";
            notes.push(why.to_owned());
        }
        let asked = snapshot.project.rubric.criteria.iter().filter(|criterion| criterion.level().is_some());
        let questions = asked.map(|criterion| criterion.name.clone()).collect();
        Ok(Self { labels: found.labels, questions, notes })
    }
}

type Row = (usize, Result<Value, String>);

fn of_json(text: &str) -> Vec<Row> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| (at + 1, serde_json::from_str(line).map_err(|error| error.to_string()))).collect()
}

fn of_csv(name: &str, text: &str) -> Result<Vec<Row>, Failure> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| usage(format!("{name}: {error}")))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| usage(format!("{name}: {error}")))?;
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
        let read = |name: &str, text: &str| LabelFile::of_text(name.to_owned(), text).map(|file| file.lines);
        let csv = read("l.csv", "case,target,label,rater,drawn,chance\na,t,true,ann,random,0.5\nb,,4,,,\n");
        let json = read(
            "l.jsonl",
            "{\"case\":\"a\",\"target\":\"t\",\"label\":true,\"rater\":\"ann\",\"drawn\":\"random\",\"chance\":0.5}\n\n{\"case\":\"b\",\"label\":4.0}\n",
        );
        let (a, b) = (csv.unwrap(), json.unwrap());
        assert_eq!(a.iter().map(|l| &l.label).collect::<Vec<_>>(), b.iter().map(|l| &l.label).collect::<Vec<_>>());
        assert_eq!((a[0].number, b[1].number, a[0].says_drawn, a[1].says_drawn), (2, 3, true, false));
        for text in [
            "{\"case\":\"a\"}",
            "{\"label\":1}",
            "{\"case\":\"a\",\"label\":1,\"chance\":2}",
            "{\"case\":\"a\",\"label\":1,\"note\":1}",
            "[]",
        ] {
            assert!(read("bad.jsonl", text).is_err(), "{text}");
        }
    }
}
