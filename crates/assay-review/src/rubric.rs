//! Rubric files: what raters are asked, how they may answer, and what they must know before they begin.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_core::problem::{self, pointer_step};
use assay_core::{Digest, Passage, Problem};
use assay_stats::agreement::Level;
use assay_suite::{Diagnostics, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::words::Content;

/// The most options of a choice, and the most steps of a scale: each has a key.
const MOST_OPTIONS: usize = 26;
/// The longest comment, in characters.
pub(crate) const LONGEST_COMMENT: usize = 10_000;
/// The most spans that one rating marks.
const MOST_SPANS: usize = 200;

/// What raters are asked about each item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// Its name.
    pub rubric: String,
    /// What it is for; raters do not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What raters read before they begin, and whenever they ask for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instructions: String,
    /// What of an item raters see; everything but the expected output by default.
    #[serde(default = "Show::usual")]
    pub show: Vec<Show>,
    /// The questions, in the order in which they are asked.
    pub criteria: Vec<Criterion>,
    /// Items with their right answers, shown with the instructions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Worked>,
    /// Items on which a rater practises: the right answer is told after each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub training: Vec<Worked>,
    /// What a rater must answer before the first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiz: Option<Quiz>,
}

/// A part of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The case's inputs.
    Inputs,
    /// The answer, or both answers of a pair.
    Output,
    /// The passages that the target retrieved, else those of the case.
    Contexts,
    /// What counts as right.
    Expected,
}

impl Show {
    fn usual() -> Vec<Self> {
        vec![Self::Inputs, Self::Contexts, Self::Output]
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Its name, as it stands in labels and reports.
    pub name: String,
    /// The question in words; the name by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// How it is answered.
    pub kind: Kind,
    /// `ordinal`: each step of the scale with its anchor.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub scale: Map<String, Value>,
    /// `choice`: the options, as a list or with what each means.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub options: Value,
    /// `pairwise`: whether neither may be better; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie: Option<bool>,
    /// `spans`: what a span may be called; one unnamed kind by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether an answer is needed; true by default, but for comments and spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// `ordinal`: `interval` when the steps are equally far apart; `ordinal` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<ScaleLevel>,
    /// `ordinal`: how far a rating may be from the right one on a gold item; 0 by default.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tolerance: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// True or false.
    YesNo,
    /// A step of a scale with anchors.
    Ordinal,
    /// One of several words.
    Choice,
    /// Which of two answers is better.
    Pairwise,
    /// A text.
    Comment,
    /// Parts of the answer or of its contexts.
    Spans,
}

impl Kind {
    /// The word of the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::YesNo => "yes_no",
            Self::Ordinal => "ordinal",
            Self::Choice => "choice",
            Self::Pairwise => "pairwise",
            Self::Comment => "comment",
            Self::Spans => "spans",
        }
    }
}

/// What distance between steps means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScaleLevel {
    /// Their order alone.
    Ordinal,
    /// Their difference.
    Interval,
}

/// An item with its right answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worked {
    /// What is asked: a text, or inputs by name.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub inputs: Value,
    /// The answer.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output: Value,
    /// The second answer, of a pair.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub other: Value,
    /// The passages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<String>,
    /// The right answer by criterion.
    pub answers: BTreeMap<String, Value>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The qualification quiz.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiz {
    /// The share of items that must be right; 0.8 by default.
    #[serde(default = "four_fifths")]
    pub pass: f64,
    /// How often it may be tried; 3 by default.
    #[serde(default = "three")]
    pub attempts: u32,
    /// The items.
    pub items: Vec<Worked>,
}

fn four_fifths() -> f64 {
    0.8
}

fn three() -> u32 {
    3
}

/// One marked part of a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// `output`, `output_2` (the second answer of a pair) or `contexts/0`.
    pub field: String,
    /// The first character, from 0.
    pub start: usize,
    /// The character after the last one.
    pub end: usize,
    /// The marked words.
    pub text: String,
    /// What it is, where the rubric has names for spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl Rubric {
    /// Reads a rubric file.
    ///
    /// # Errors
    /// Everything that is wrong with it, at its line and column.
    pub fn load(path: &Path) -> Result<(Self, String), Box<Diagnostics>> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let source = Source::parse(path, "-".into()).map_or_else(|(_, source)| source, |(_, source)| source);
            let problem = Problem::new("", error.to_string()).help("name a readable rubric file in UTF-8");
            Box::new(Diagnostics { source, problems: vec![problem] })
        })?;
        let rubric = Self::from_text(&text, path)?;
        Ok((rubric, text))
    }

    /// Reads a rubric from a text; `path` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, Box<Diagnostics>> {
        let (value, source) = Source::parse(path, text.to_owned())
            .map_err(|(problems, source)| Box::new(Diagnostics { source, problems }))?;
        let rubric: Self = match problem::read(&value, "") {
            Ok(rubric) => rubric,
            Err(problem) => return Err(Box::new(Diagnostics { source, problems: vec![problem] })),
        };
        let problems = rubric.problems();
        if problems.is_empty() { Ok(rubric) } else { Err(Box::new(Diagnostics { source, problems })) }
    }

    /// The JSON Schema of rubric files.
    pub fn schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Identifies the rubric: the digest of everything it says.
    pub fn digest(&self) -> Digest {
        Digest::of_json(self)
    }

    /// The criterion of a name.
    pub fn criterion(&self, name: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|criterion| criterion.name == name)
    }

    /// The criteria that are asked about a worked item: those with a right answer that can be compared.
    pub fn asked_of<'a>(&'a self, item: &'a Worked) -> Vec<&'a str> {
        let closed = |name: &&str| {
            self.criterion(name).is_some_and(|criterion| !matches!(criterion.kind, Kind::Comment | Kind::Spans))
        };
        item.answers.keys().map(String::as_str).filter(closed).collect()
    }

    /// What of an item raters see: nothing beside what the rubric shows.
    #[must_use]
    pub fn seen(&self, content: Content) -> Content {
        let shows = |part| self.show.contains(&part);
        Content {
            inputs: if shows(Show::Inputs) { content.inputs } else { Map::new() },
            contexts: if shows(Show::Contexts) { content.contexts } else { Vec::new() },
            expected: content.expected.filter(|_| shows(Show::Expected)),
            ..content
        }
    }

    /// Whether items are pairs of answers.
    pub fn is_pairwise(&self) -> bool {
        self.criteria.iter().any(|criterion| criterion.kind == Kind::Pairwise)
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.criteria.is_empty() {
            problems.push(Problem::new("/criteria", "at least one criterion is needed"));
        }
        if self.show.is_empty() || !self.show.contains(&Show::Output) {
            problems.push(Problem::new("/show", "raters must see the output").help("add `output`"));
        }
        let mut names = BTreeSet::new();
        for (i, criterion) in self.criteria.iter().enumerate() {
            let at = format!("/criteria/{i}");
            if !names.insert(&criterion.name) {
                problems.push(Problem::new(format!("{at}/name"), format!("`{}` stands twice", criterion.name)));
            }
            criterion.check(&at, &mut problems);
            let single = matches!(criterion.kind, Kind::YesNo | Kind::Ordinal | Kind::Choice);
            if single && self.is_pairwise() {
                problems.push(
                    Problem::new(&at, "a rubric with a pairwise criterion is about two answers at once")
                        .help("put criteria about one answer into a rubric of their own"),
                );
            }
        }
        let worked = |name: &str, items: &[Worked], at: &str, problems: &mut Vec<Problem>| {
            for (i, item) in items.iter().enumerate() {
                let at = format!("{at}/{i}");
                if item.output.is_null() {
                    problems.push(Problem::new(&at, format!("{name} needs an `output` to be shown")));
                }
                if self.is_pairwise() && item.other.is_null() {
                    problems.push(Problem::new(&at, format!("{name} needs the second answer as `other`")));
                }
                if item.answers.is_empty() {
                    problems.push(Problem::new(format!("{at}/answers"), "the right answers are missing"));
                }
                for (criterion, value) in &item.answers {
                    let at = format!("{at}/answers/{}", pointer_step(criterion));
                    match self.criterion(criterion) {
                        None => problems.push(unknown(criterion, &self.criteria, &at)),
                        Some(criterion) => {
                            if let Err(message) = criterion.read(value) {
                                problems.push(Problem::new(at, message));
                            }
                        }
                    }
                }
            }
        };
        worked("an example", &self.examples, "/examples", &mut problems);
        worked("a training item", &self.training, "/training", &mut problems);
        if let Some(quiz) = &self.quiz {
            if !(quiz.pass > 0.0 && quiz.pass <= 1.0) {
                problems.push(Problem::new("/quiz/pass", "the share to pass is above 0 and at most 1"));
            }
            if quiz.items.is_empty() || quiz.attempts == 0 {
                problems.push(Problem::new("/quiz", "a quiz has at least one item and one attempt"));
            }
            worked("a quiz item", &quiz.items, "/quiz/items", &mut problems);
        }
        problems
    }
}

fn unknown(name: &str, criteria: &[Criterion], at: &str) -> Problem {
    let known: Vec<&str> = criteria.iter().map(|criterion| criterion.name.as_str()).collect();
    let problem = Problem::new(at, format!("the rubric has no criterion `{name}`"));
    match problem::did_you_mean(name, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("it has: {}", known.join(", "))),
    }
}

impl Worked {
    /// The item as one of a project.
    pub fn content(&self) -> Content {
        let inputs = match &self.inputs {
            Value::Object(fields) => fields.clone(),
            Value::Null => Map::new(),
            value => Map::from_iter([("input".to_owned(), value.clone())]),
        };
        let passage = |text: &String| Passage { text: Some(text.clone()), ..Passage::default() };
        Content {
            inputs,
            output: self.output.clone(),
            other: Some(self.other.clone()).filter(|other| !other.is_null()),
            contexts: self.contexts.iter().map(passage).collect(),
            expected: None,
        }
    }
}

impl Criterion {
    /// The question in words.
    pub fn asks(&self) -> &str {
        self.question.as_deref().unwrap_or(&self.name)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        if self.name.is_empty()
            || !self.name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))
            || self.name.chars().count() > 60
        {
            problems.push(
                Problem::new(format!("{at}/name"), format!("`{}` cannot be a criterion's name", self.name))
                    .help("use up to 60 letters, digits, `.`, `_` and `-`"),
            );
        }
        let mut only = |key: &str, present: bool, kind: Kind| {
            if present && self.kind != kind {
                let message = format!("`{key}` is for `kind: {}`", kind.as_str());
                problems.push(Problem::new(format!("{at}/{key}"), message));
            }
        };
        only("scale", !self.scale.is_empty(), Kind::Ordinal);
        only("level", self.level.is_some(), Kind::Ordinal);
        only("tolerance", self.tolerance != 0.0, Kind::Ordinal);
        only("options", !self.options.is_null(), Kind::Choice);
        only("tie", self.tie.is_some(), Kind::Pairwise);
        only("labels", !self.labels.is_empty(), Kind::Spans);
        match self.kind {
            Kind::Ordinal => {
                if !(2..=MOST_OPTIONS).contains(&self.scale.len()) {
                    problems.push(
                        Problem::new(format!("{at}/scale"), "a scale has 2 to 26 steps with their anchors")
                            .help("such as `scale: {1: useless, 2: partly, 3: fully}`"),
                    );
                }
                for (step, anchor) in &self.scale {
                    if step.parse::<i32>().is_err() || !anchor.is_string() {
                        problems.push(
                            Problem::new(
                                format!("{at}/scale/{}", pointer_step(step)),
                                "a step is a whole number with a text as its anchor",
                            )
                            .help("such as `1: useless`"),
                        );
                    }
                }
                if !self.tolerance.is_finite() || self.tolerance < 0.0 {
                    problems.push(Problem::new(format!("{at}/tolerance"), "a tolerance is 0 or more"));
                }
            }
            Kind::Choice => {
                let options = self.options();
                let distinct: BTreeSet<&String> = options.iter().map(|(name, _)| name).collect();
                if !(2..=MOST_OPTIONS).contains(&options.len()) || distinct.len() < options.len() {
                    problems.push(
                        Problem::new(format!("{at}/options"), "a choice has 2 to 26 different options")
                            .help("such as `options: [formal, casual, rude]`"),
                    );
                }
            }
            _ => {}
        }
    }

    /// Whether a span's label only stands for none: where the rubric has no names for spans, other tools are given the
    /// criterion's name for one.
    pub(crate) fn is_unnamed(&self, label: &str) -> bool {
        self.labels.is_empty() && label == self.name
    }

    /// The options of a choice with what each means.
    pub fn options(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match &self.options {
            Value::Array(names) => names.iter().map(|name| (text(name), String::new())).collect(),
            Value::Object(fields) => fields.iter().map(|(name, means)| (name.clone(), text(means))).collect(),
            _ => Vec::new(),
        }
    }

    /// The steps of a scale with their anchors, smallest first.
    pub fn steps(&self) -> Vec<(i32, &str)> {
        let mut steps: Vec<(i32, &str)> =
            self.scale.iter().filter_map(|(step, anchor)| Some((step.parse().ok()?, anchor.as_str()?))).collect();
        steps.sort_unstable();
        steps
    }

    /// Every answer of a closed question with a word for it, in order; none for comments and spans.
    pub fn answers(&self) -> Vec<(Value, String)> {
        match self.kind {
            Kind::YesNo => vec![(json!(true), "yes".into()), (json!(false), "no".into())],
            Kind::Ordinal => self.steps().into_iter().map(|(step, anchor)| (json!(step), anchor.to_owned())).collect(),
            Kind::Choice => {
                let shown = |(name, means): (String, String)| {
                    let words = if means.is_empty() { name.clone() } else { format!("{name}: {means}") };
                    (Value::String(name), words)
                };
                self.options().into_iter().map(shown).collect()
            }
            Kind::Pairwise => {
                let mut answers =
                    vec![(json!("a"), "the first is better".into()), (json!("b"), "the second is better".into())];
                if self.tie != Some(false) {
                    answers.push((json!("tie"), "neither is better".into()));
                }
                answers
            }
            Kind::Comment | Kind::Spans => Vec::new(),
        }
    }

    /// Whether an answer is needed.
    pub fn is_required(&self) -> bool {
        self.required.unwrap_or(!matches!(self.kind, Kind::Comment | Kind::Spans))
    }

    /// Identifies the question: a rating under another question is not the same rating. What a gold item tolerates is
    /// no part of it.
    pub fn digest(&self) -> Digest {
        let mut plain = self.clone();
        (plain.tolerance, plain.level, plain.required) = (0.0, None, None);
        Digest::of_json(&plain)
    }

    /// On which level agreement is measured; `None` for comments and spans.
    pub fn level(&self) -> Option<Level> {
        match self.kind {
            Kind::YesNo | Kind::Choice => Some(Level::Nominal),
            Kind::Ordinal if self.level == Some(ScaleLevel::Interval) => Some(Level::Interval),
            // First, tie, second is an order; without ties it has two values, for which all levels agree.
            Kind::Ordinal | Kind::Pairwise => Some(Level::Ordinal),
            Kind::Comment | Kind::Spans => None,
        }
    }

    /// An answer as a number for statistics; `None` for comments and spans.
    pub fn number(&self, value: &Value) -> Option<f64> {
        match self.kind {
            Kind::YesNo => value.as_bool().map(|yes| f64::from(u8::from(yes))),
            Kind::Ordinal => value.as_f64(),
            Kind::Choice => {
                let name = value.as_str()?;
                self.options().iter().position(|(known, _)| known == name).map(|at| at as f64)
            }
            Kind::Pairwise => match value.as_str()? {
                "a" => Some(1.0),
                "tie" => Some(0.0),
                "b" => Some(-1.0),
                _ => None,
            },
            Kind::Comment | Kind::Spans => None,
        }
    }

    /// The numbers that answers may have, smallest first.
    pub fn categories(&self) -> Vec<f64> {
        let mut numbers: Vec<f64> = self.answers().iter().filter_map(|(value, _)| self.number(value)).collect();
        numbers.sort_by(f64::total_cmp);
        numbers
    }

    /// The answer of a number, as [`Criterion::number`] gives it.
    pub fn answer_of(&self, number: f64) -> Option<Value> {
        self.answers().into_iter().map(|(value, _)| value).find(|value| self.number(value) == Some(number))
    }

    /// Reads an answer in the forms that people and tools write: `yes`, `true`, `4`, `"4"`, an option, `a`, `tie`.
    ///
    /// # Errors
    /// A sentence that names what may be answered.
    pub fn read(&self, value: &Value) -> Result<Value, String> {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        let lower = text.to_lowercase();
        match self.kind {
            Kind::YesNo => match lower.as_str() {
                "true" | "yes" | "y" | "1" | "1.0" => Ok(json!(true)),
                "false" | "no" | "n" | "0" | "0.0" => Ok(json!(false)),
                _ => Err(format!("`{}` is no answer to `{}`: yes or no", short(&text), self.name)),
            },
            Kind::Ordinal => {
                let step = text.parse::<f64>().ok().filter(|step| step.fract() == 0.0);
                let known = step.and_then(|step| self.steps().into_iter().find(|(known, _)| f64::from(*known) == step));
                known.map(|(step, _)| json!(step)).ok_or_else(|| {
                    let steps: Vec<String> = self.steps().iter().map(|(step, _)| step.to_string()).collect();
                    format!("`{}` is no step of `{}`: {}", short(&text), self.name, steps.join(", "))
                })
            }
            Kind::Choice => {
                let options = self.options();
                let exact = options.iter().find(|(name, _)| *name == text);
                let found = exact.or_else(|| options.iter().find(|(name, _)| name.to_lowercase() == lower));
                found.map(|(name, _)| json!(name)).ok_or_else(|| {
                    let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
                    format!("`{}` is no option of `{}`: {}", short(&text), self.name, names.join(", "))
                })
            }
            Kind::Pairwise => match lower.as_str() {
                "a" | "b" => Ok(json!(lower)),
                "tie" | "both" | "neither" if self.tie != Some(false) => Ok(json!("tie")),
                _ => Err(format!(
                    "`{}` is no answer to `{}`: a, b{}",
                    short(&text),
                    self.name,
                    if self.tie == Some(false) { "" } else { " or tie" }
                )),
            },
            Kind::Comment => match value {
                Value::String(text) if text.chars().count() <= LONGEST_COMMENT => Ok(json!(text.trim())),
                Value::String(_) => Err(format!("a comment has at most {LONGEST_COMMENT} characters")),
                _ => Err(format!("`{}` is answered with a text", self.name)),
            },
            Kind::Spans => {
                let spans: Vec<Span> = match value {
                    Value::String(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
                    other => serde_json::from_value(other.clone()).map_err(|error| error.to_string()),
                }
                .map_err(|error| format!("`{}` is answered with a list of spans: {error}", self.name))?;
                if spans.len() > MOST_SPANS {
                    return Err(format!("`{}` marks at most {MOST_SPANS} spans", self.name));
                }
                for span in &spans {
                    if span.start >= span.end {
                        return Err(format!("a span of `{}` ends before it begins", self.name));
                    }
                    let fits = match &span.label {
                        None => self.labels.is_empty(),
                        Some(label) => self.labels.contains(label),
                    };
                    if !fits {
                        return Err(format!("a span of `{}` is one of: {}", self.name, self.labels.join(", ")));
                    }
                }
                Ok(json!(spans))
            }
        }
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// How two versions of a rubric differ.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RubricChange {
    /// Criteria that ask something else than before.
    pub changed: Vec<String>,
    /// Criteria that were not there.
    pub added: Vec<String>,
    /// Criteria that are no longer asked.
    pub removed: Vec<String>,
}

impl RubricChange {
    /// What is different in `new`.
    pub fn between(old: &Rubric, new: &Rubric) -> Self {
        let mut change = Self::default();
        for criterion in &new.criteria {
            match old.criterion(&criterion.name) {
                None => change.added.push(criterion.name.clone()),
                Some(before) if before.digest() != criterion.digest() => change.changed.push(criterion.name.clone()),
                Some(_) => {}
            }
        }
        let gone = old.criteria.iter().filter(|before| new.criterion(&before.name).is_none());
        change.removed = gone.map(|criterion| criterion.name.clone()).collect();
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "
rubric: answers
instructions: Read the question, then the answer.
criteria:
  - {name: correct, kind: yes_no, question: Is it right?}
  - name: helpful
    kind: ordinal
    scale: {1: useless, 2: partly, 3: fully}
  - {name: tone, kind: choice, options: [formal, casual]}
  - {name: wrong, kind: spans, labels: [false, unsupported]}
  - {name: remarks, kind: comment}
quiz:
  items:
    - {inputs: '1 + 1?', output: '2', answers: {correct: yes, helpful: 3}}
";

    fn read(text: &str) -> Result<Rubric, String> {
        Rubric::from_text(text, Path::new("a.rubric.yaml")).map_err(|found| found.plain())
    }

    #[test]
    fn every_problem_is_told_at_its_line() {
        let broken = FULL
            .replace("[false,", "['false',")
            .replace("correct: yes", "correct_: yes")
            .replace("3: fully", "x: fully");
        let told = read(&broken).unwrap_err();
        assert!(told.contains("a.rubric.yaml:8:") && told.contains("whole number"), "{told}");
        assert!(told.contains("a.rubric.yaml:14:") && told.contains("did you mean `correct`?"), "{told}");
        assert!(told.contains("is no step of `helpful`"), "{told}");
    }

    #[test]
    fn a_label_that_yaml_reads_as_a_truth_value_is_refused_with_its_place() {
        assert!(read(FULL).unwrap_err().starts_with("a.rubric.yaml:10:41: error: expected a text"));
        assert!(read(&FULL.replace("[false,", "['false',")).is_ok());
    }

    #[test]
    fn answers_are_read_in_the_forms_people_write() {
        let rubric = read(&FULL.replace("[false,", "['false',")).unwrap();
        let answer = |name: &str, value: Value| rubric.criterion(name).unwrap().read(&value);
        assert_eq!(answer("correct", json!("Yes")), Ok(json!(true)));
        assert_eq!(answer("correct", json!(0)), Ok(json!(false)));
        assert_eq!(answer("helpful", json!("2.0")), Ok(json!(2)));
        assert_eq!(answer("tone", json!("FORMAL")), Ok(json!("formal")));
        assert!(answer("helpful", json!(4)).unwrap_err().contains("1, 2, 3"));
        assert!(answer("wrong", json!([{"field": "output", "start": 3, "end": 3, "text": ""}])).is_err());
    }

    #[test]
    fn only_what_raters_read_makes_another_question() {
        let old = read(&FULL.replace("[false,", "['false',")).unwrap();
        let mut new = old.clone();
        new.criteria[1].tolerance = 1.0;
        assert_eq!(RubricChange::between(&old, &new), RubricChange::default());
        new.criteria[0].question = Some("Is every fact right?".into());
        new.criteria.pop();
        let change = RubricChange::between(&old, &new);
        assert_eq!((change.changed, change.removed), (vec!["correct".into()], vec!["remarks".into()]));
        assert_ne!(old.digest(), new.digest());
    }
}
