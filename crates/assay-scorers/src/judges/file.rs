//! Judge files: what is asked, what may be said, how verdicts add up.

use std::path::Path;
use std::sync::LazyLock;

use assay_core::problem::{self, did_you_mean};
use assay_core::{Digest, Problem, Template};
use assay_suite::{Diagnostics, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::verdict::Shape;

/// A judge as its file says it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeFile {
    /// Its name.
    pub judge: String,
    /// Raised by its author when the file changes.
    pub version: u32,
    /// What it judges, in one sentence.
    pub description: String,
    /// How it proceeds.
    #[serde(default)]
    pub kind: Kind,
    /// The parts of the trial it sees; one with a `?` may be absent.
    pub sees: Vec<Seen>,
    /// Who the judge is, a template. What is data, and the form of the reply, is added to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The question, a template over the parts (each fenced), `rubric` and `items`.
    pub user: String,
    /// What may be said.
    #[serde(default = "pass_fail")]
    pub verdict: Shape,
    /// Criteria, each of which gets a verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
    /// How claims are found, for judges of claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<ClaimsOf>,
    /// Which verdicts need a quotation, and what they are without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<Quotes>,
    /// How the verdicts on several things become one value.
    #[serde(default)]
    pub score: Sum,
    /// How many things are asked about in one call.
    #[serde(default = "eight")]
    pub together: usize,
    /// Solved examples, shown before the trial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// What holds unless the suite says otherwise.
    #[serde(default)]
    pub defaults: Defaults,
}

fn pass_fail() -> Shape {
    Shape::PassFail
}

fn eight() -> usize {
    8
}

/// How a judge proceeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One verdict on the whole.
    #[default]
    Whole,
    /// A verdict for each criterion.
    Criteria,
    /// Claims are taken out of a text, and each is checked.
    Claims,
    /// A verdict for each retrieved passage.
    Passages,
    /// A verdict for each sentence that cites.
    Citations,
    /// The answer against another one, in both orders.
    Pair,
    /// The answer among several, in two orders.
    Best,
}

impl Kind {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Criteria => "criteria",
            Self::Claims => "claims",
            Self::Passages => "passages",
            Self::Citations => "citations",
            Self::Pair => "pair",
            Self::Best => "best",
        }
    }

    /// Whether several things get a verdict each.
    pub const fn has_items(self) -> bool {
        matches!(self, Self::Criteria | Self::Claims | Self::Passages | Self::Citations)
    }

    /// Whether answers are compared, so that the verdict's shape is given.
    pub const fn compares(self) -> bool {
        matches!(self, Self::Pair | Self::Best)
    }
}

/// A part of a trial that a judge can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What was asked: the only input, or all of them.
    Question,
    /// The answer.
    Answer,
    /// The expected output.
    Reference,
    /// The retrieved contexts, else the case's own.
    Contexts,
    /// The retrieved contexts.
    Retrieved,
    /// The messages so far and the answer.
    Conversation,
    /// The tool calls, in order.
    ToolCalls,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Question,
        Self::Answer,
        Self::Reference,
        Self::Contexts,
        Self::Retrieved,
        Self::Conversation,
        Self::ToolCalls,
    ];

    /// The word in files and templates, and the name of its fence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Reference => "reference",
            Self::Contexts => "contexts",
            Self::Retrieved => "retrieved",
            Self::Conversation => "conversation",
            Self::ToolCalls => "tool_calls",
        }
    }
}

/// A part in `sees`: `answer`, or `reference?` where it may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The part.
    pub part: Part,
    /// Whether a trial without it is judged all the same.
    pub optional: bool,
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let word = text.strip_suffix('?').unwrap_or(&text);
        let part = Part::ALL.into_iter().find(|part| part.as_str() == word).ok_or_else(|| {
            let words = Part::ALL.map(Part::as_str);
            let help = match did_you_mean(word, words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", words.join(", ")),
            };
            serde::de::Error::custom(format!("a trial has no part `{word}`: {help}"))
        })?;
        Ok(Self { part, optional: text.ends_with('?') })
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.part.as_str(), if self.optional { "?" } else { "" }))
    }
}

impl JsonSchema for Seen {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seen".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words = Part::ALL.iter().flat_map(|part| [part.as_str().to_owned(), format!("{}?", part.as_str())]);
        schemars::json_schema!({"enum": words.collect::<Vec<_>>(), "description": "A part of the trial; with `?` it may be absent."})
    }
}

/// A criterion, or a clause of a policy.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Its name in results: a clause's own number, so that a verdict can be traced to it.
    pub id: String,
    /// What counts.
    pub text: String,
    /// How an assessor decides, where the text alone does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Its weight in the mean.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

/// How claims are taken out of a text.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimsOf {
    /// Whose claims.
    pub of: Part,
    /// The question, a template over the parts.
    pub user: String,
    /// The most claims that are checked.
    #[serde(default = "thirty")]
    pub most: usize,
}

fn thirty() -> usize {
    30
}

/// Which verdicts must be shown by a quotation.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quotes {
    /// The verdicts that need one.
    pub needed_for: Vec<String>,
    /// What such a verdict becomes when its quotation is not in the passages, even after the judge was asked again.
    pub otherwise: String,
}

/// How the verdicts on several things become one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sum {
    /// The mean, weighted where criteria have weights.
    #[default]
    Mean,
    /// 1 when every verdict is worth 1, else 0.
    All,
    /// Average precision of the passages in the order in which they were retrieved.
    AveragePrecision,
}

/// A solved example.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The parts of its trial, as texts.
    pub parts: std::collections::BTreeMap<Part, String>,
    /// The right verdict.
    pub verdict: serde_json::Value,
    /// Why.
    #[serde(default)]
    pub reasoning: String,
}

/// What holds unless the suite says otherwise.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// What counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric: Option<String>,
    /// How often it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// How often again when a reply cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_reasks: Option<u32>,
    /// Whether a reference that may be absent is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<bool>,
}

/// A policy as data: clauses that answers must keep.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name.
    pub policy: String,
    /// Its version.
    pub version: u32,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What an answer must keep.
    pub clauses: Vec<Criterion>,
}

/// A judge file with the digest of its text.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub file: JudgeFile,
    /// The digest of its text: any change is another judge.
    pub digest: Digest,
}

impl JudgeFile {
    /// Reads and checks a judge.
    ///
    /// # Errors
    /// Everything that is wrong, at its line and column.
    pub fn from_text(text: &str, path: &Path) -> Result<Loaded, Box<Diagnostics>> {
        let digest = Digest::of_bytes(text.as_bytes());
        let file: Self = read(text, path, Self::problems)?;
        Ok(Loaded { file, digest })
    }

    /// What its types cannot say.
    fn problems(&self) -> Vec<Problem> {
        let mut found = self.verdict.problems("/verdict");
        let mut say = |at: &str, message: String| found.push(Problem::new(at, message));
        if self.judge.trim().is_empty() {
            say("/judge", "the judge has no name".into());
        }
        if self.sees.is_empty() {
            say("/sees", "a judge sees at least one part of the trial".into());
        }
        if self.kind.compares() && self.verdict != Shape::PassFail {
            say("/verdict", format!("the verdicts of a judge of kind `{}` are given", self.kind.as_str()));
        }
        if (self.kind == Kind::Claims) != self.claims.is_some() {
            let message = match self.kind {
                Kind::Claims => "a judge of claims says under `claims` how they are found",
                _ => "`claims` is for judges of kind `claims`",
            };
            say("/claims", message.into());
        }
        if self.score == Sum::AveragePrecision && self.kind != Kind::Passages {
            say("/score", "`average_precision` is for judges of kind `passages`".into());
        }
        if !self.criteria.is_empty() && self.kind != Kind::Criteria {
            say("/criteria", "`criteria` is for judges of kind `criteria`".into());
        }
        if !self.examples.is_empty() && self.kind != Kind::Whole {
            say("/examples", "examples are for judges of kind `whole`".into());
        }
        if !(1..=50).contains(&self.together) {
            say("/together", "from 1 to 50 things are asked about in one call".into());
        }
        if self.claims.as_ref().is_some_and(|claims| !(1..=200).contains(&claims.most)) {
            say("/claims/most", "from 1 to 200 claims are checked".into());
        }
        if let Some(quotes) = &self.quotes {
            if !matches!(self.kind, Kind::Claims | Kind::Citations) {
                say("/quotes", "quotations are for judges of kinds `claims` and `citations`".into());
            }
            let words = self.verdict.words();
            let needed =
                quotes.needed_for.iter().enumerate().map(|(i, word)| (format!("/quotes/needed_for/{i}"), word));
            for (at, word) in needed.chain([("/quotes/otherwise".to_owned(), &quotes.otherwise)]) {
                if !words.contains(word) {
                    say(&at, format!("`{word}` is not among the verdicts ({})", words.join(", ")));
                }
            }
        }
        found.extend(criteria_problems(&self.criteria, "/criteria"));
        for (i, example) in self.examples.iter().enumerate() {
            if let Err(message) = self.verdict.read(&example.verdict) {
                found.push(Problem::new(format!("/examples/{i}/verdict"), message));
            }
        }
        self.check_templates(&mut found);
        found
    }

    fn check_templates(&self, found: &mut Vec<Problem>) {
        let mut used = std::collections::BTreeSet::new();
        let texts = [("/system", self.system.as_ref()), ("/user", Some(&self.user))];
        let claims = ("/claims/user", self.claims.as_ref().map(|claims| &claims.user));
        for (at, text) in texts.into_iter().chain([claims]) {
            let Some(text) = text else { continue };
            match Template::new(text) {
                Err(error) => found.push(Problem::new(at, error.message)),
                Ok(template) => {
                    for name in template.variables() {
                        let known = self.sees.iter().any(|seen| seen.part.as_str() == name);
                        let given = match name.as_str() {
                            "rubric" => true,
                            "items" => self.kind.has_items() && at == "/user",
                            "candidates" => self.kind.compares() && at == "/user",
                            _ => false,
                        };
                        if !known && !given {
                            let problem = Problem::new(at, format!("there is no `{name}` here"));
                            found.push(match Part::ALL.iter().any(|part| part.as_str() == name) {
                                true => problem.help(format!("list `{name}` under `sees`")),
                                false => problem.help("there are the parts under `sees`, `rubric`, `items` (for each thing to be judged) and `candidates` (for comparisons)"),
                            });
                        }
                        used.insert(name);
                    }
                }
            }
        }
        let needed = match self.kind {
            kind if kind.has_items() => Some("items"),
            kind if kind.compares() => Some("candidates"),
            _ => None,
        };
        if let Some(name) = needed.filter(|name| !used.contains(*name)) {
            found.push(Problem::new(
                "/user",
                format!("the question does not show `{{{{ {name} }}}}`, which it is about"),
            ));
        }
        for (i, seen) in self.sees.iter().enumerate() {
            let part = seen.part.as_str();
            let shown = used.contains(part)
                // What items and candidates are made of is shown with them.
                || (self.kind == Kind::Passages && seen.part == Part::Retrieved)
                || (self.kind == Kind::Citations && matches!(seen.part, Part::Retrieved | Part::Answer))
                || (self.kind.compares() && seen.part == Part::Answer);
            if !shown {
                let message = format!("`{part}` is listed, but no prompt shows it");
                found.push(Problem::new(format!("/sees/{i}"), message));
            }
        }
    }
}

/// What is wrong with criteria.
pub fn criteria_problems(criteria: &[Criterion], at: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    for (i, criterion) in criteria.iter().enumerate() {
        if criteria[..i].iter().any(|earlier| earlier.id == criterion.id) {
            found.push(Problem::new(format!("{at}/{i}/id"), format!("`{}` stands twice", criterion.id)));
        }
        if criterion.id.trim().is_empty() || criterion.text.trim().is_empty() {
            found.push(Problem::new(format!("{at}/{i}"), "a criterion needs an `id` and a `text`"));
        }
        if !(criterion.weight.is_finite() && criterion.weight > 0.0) {
            found.push(Problem::new(format!("{at}/{i}/weight"), "a weight is above 0"));
        }
    }
    found
}

impl Policy {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// Everything that is wrong, at its line and column.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, Box<Diagnostics>> {
        read(text, path, |policy: &Self| {
            let mut found = criteria_problems(&policy.clauses, "/clauses");
            if policy.clauses.is_empty() {
                found.push(Problem::new("/clauses", "a policy without clauses forbids nothing"));
            }
            found
        })
    }
}

/// Reads a YAML file as a type.
fn read<T: serde::de::DeserializeOwned>(
    text: &str,
    path: &Path,
    check: impl Fn(&T) -> Vec<Problem>,
) -> Result<T, Box<Diagnostics>> {
    let (value, source) = Source::parse(path, text.to_owned())
        .map_err(|(problems, source)| Box::new(Diagnostics { source, problems }))?;
    let read: T = match problem::read(&value, "") {
        Ok(read) => read,
        Err(problem) => return Err(Box::new(Diagnostics { source, problems: vec![problem] })),
    };
    let problems = check(&read);
    if problems.is_empty() { Ok(read) } else { Err(Box::new(Diagnostics { source, problems })) }
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!($name, ".judge.yaml")))),+]
    };
}

const BUILTIN: &[(&str, &str)] = files![
    "answer-relevance",
    "best-of-n",
    "citations",
    "closed-qa",
    "context-precision",
    "context-recall",
    "context-relevance",
    "conversation",
    "correctness",
    "criteria",
    "factuality",
    "groundedness",
    "ordinal",
    "pairwise",
    "policy",
    "refusal",
    "rubric",
    "summary",
    "tone",
    "trajectory",
];

/// The built-in judges by name, with their texts.
pub fn builtins() -> &'static [(&'static str, &'static str)] {
    BUILTIN
}

/// A built-in judge.
pub fn builtin(name: &str) -> Option<&'static Loaded> {
    static LOADED: LazyLock<Vec<(&str, Loaded)>> = LazyLock::new(|| {
        let load = |(name, text): &(&'static str, &str)| {
            let loaded = JudgeFile::from_text(text, Path::new(name));
            (*name, loaded.expect("a test reads every built-in judge"))
        };
        BUILTIN.iter().map(load).collect()
    });
    LOADED.iter().find(|(known, _)| *known == name).map(|(_, loaded)| loaded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_judge_is_without_fault_and_named_like_its_file() {
        for (name, text) in builtins() {
            let loaded = JudgeFile::from_text(text, Path::new(name)).unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(loaded.file.judge, *name);
            assert!(loaded.file.description.ends_with('.'), "{name}");
        }
        assert!(builtins().is_sorted());
        assert!(builtin("rubric").is_some() && builtin("nope").is_none());
    }

    #[test]
    fn faults_are_named_at_their_line_and_column() {
        let text = "judge: mine\nversion: 1\ndescription: Mine.\nsees: [answer, refrence]\nuser: \"{{ answer }}\"\n";
        let faults = JudgeFile::from_text(text, Path::new("mine.judge.yaml")).unwrap_err().plain();
        assert!(
            faults
                .starts_with("mine.judge.yaml:4:16: error: a trial has no part `refrence`: did you mean `reference`?"),
            "{faults}"
        );
        let text = "judge: mine\nversion: 1\ndescription: Mine.\nsees: [answer, question]\nuser: \"{{ answer }} {{ reference }} {{ items }}\"\nverdict: {choices: [{name: a, value: 3}]}\n";
        let faults = JudgeFile::from_text(text, Path::new("m")).unwrap_err().plain();
        for fault in [
            "m:5:1: error: there is no `reference` here (help: list `reference` under `sees`)",
            "m:5:1: error: there is no `items` here",
            "m:4:16: error: `question` is listed, but no prompt shows it",
            "a value is from 0 to 1",
            "two choices or more are needed",
        ] {
            assert!(faults.contains(fault), "{fault}\n{faults}");
        }
    }
}
