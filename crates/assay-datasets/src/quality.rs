//! What is wrong with the cases of a dataset: expectations that somebody wrote down, and faults that nobody expects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_core::{Case, Digest, Problem, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sorter::{Sorter, number, scratch};
use crate::{DatasetError, Place, at_line, yaml_and_source};

/// Cases that a finding names.
const MOST_NAMED: usize = 10;
/// Values of a field that are told apart; a field with more is a text, not a category.
const MOST_VALUES: usize = 1_000;

/// What a dataset should look like: a YAML file beside the suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    /// What fields should hold, by dotted path: `inputs.question`, `expected`, `metadata.language`.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldRule>,
    /// How many cases there should be.
    #[serde(default)]
    pub cases: Range,
    /// How cases should be spread over the values of a metadata key.
    #[serde(default)]
    pub slices: BTreeMap<String, SliceRule>,
}

/// What a field should hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// Whether every case must have it.
    #[serde(default)]
    pub required: bool,
    /// Its type.
    #[serde(default, rename = "type")]
    pub kind: Option<FieldType>,
    /// The least and most characters of a text, or items of a list.
    #[serde(default)]
    pub length: Range,
    /// The least and most value of a number.
    #[serde(default)]
    pub range: Range,
    /// The only values it may have.
    #[serde(default)]
    pub one_of: Option<Vec<Value>>,
    /// A regular expression that occurs in its text.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Whether no two cases may have the same value.
    #[serde(default)]
    pub unique: bool,
    /// The languages its text may be in, as ISO 639-3 (`eng`) codes. Texts that are too short to tell are not counted.
    #[serde(default)]
    pub language: Option<Vec<String>>,
    /// A JSON Schema.
    #[serde(default)]
    pub schema: Option<Value>,
}

/// A type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// An object.
    Object,
}

/// From and to, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least.
    #[serde(default)]
    pub min: Option<f64>,
    /// The most.
    #[serde(default)]
    pub max: Option<f64>,
}

impl Range {
    fn fault(self, value: f64) -> Option<String> {
        if let Some(min) = self.min.filter(|min| value < *min) {
            return Some(format!("{value} is below {min}"));
        }
        self.max.filter(|max| value > *max).map(|max| format!("{value} is above {max}"))
    }
}

/// How cases should be spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SliceRule {
    /// The least cases of each value.
    #[serde(default)]
    pub min_cases: Option<u64>,
    /// The most that one value may take of all cases, from 0 to 1.
    #[serde(default)]
    pub max_share: Option<f64>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Breaks an expectation, or makes results wrong.
    Error,
    /// Likely a fault.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Something about a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a word: `required`, `unique`, `conflict`.
    pub check: String,
    /// The field, where one is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was found.
    pub message: String,
    /// How many cases are at fault.
    pub count: u64,
    /// The first of them.
    pub cases: Vec<String>,
}

impl Finding {
    /// A finding about the dataset as a whole.
    pub fn new(severity: Severity, check: &str, message: impl Into<String>) -> Self {
        Self { severity, check: check.into(), field: None, message: message.into(), count: 0, cases: Vec::new() }
    }
}

/// A case's value at a dotted path: `id`, `expected`, `cluster`, `inputs.question`, `metadata.language`, `recorded.a`.
pub fn field(case: &Case, path: &str) -> Option<Value> {
    let (top, rest) = path.split_once('.').map_or((path, None), |(top, rest)| (top, Some(rest)));
    let within = |map: &serde_json::Map<String, Value>| match rest {
        None => Some(Value::Object(map.clone())),
        Some(path) => {
            if let Some(value) = map.get(path) {
                return Some(value.clone());
            }
            let mut steps = path.split('.');
            let first = map.get(steps.next()?)?;
            let step = |value: &'_ Value, step: &str| match value {
                Value::Object(fields) => fields.get(step).cloned(),
                Value::Array(items) => items.get(step.parse::<usize>().ok()?).cloned(),
                _ => None,
            };
            steps.try_fold(first.clone(), |value, name| step(&value, name))
        }
    };
    match top {
        "id" => Some(Value::String(case.id.clone())),
        "inputs" => within(&case.inputs),
        "metadata" => within(&case.metadata),
        "recorded" => within(&case.recorded),
        "expected" => match (&case.expected, rest) {
            (Some(Value::Object(fields)), Some(_)) => within(fields),
            (expected, None) => expected.clone(),
            _ => None,
        },
        "cluster" => case.cluster.clone().map(Value::String),
        "contexts" => serde_json::to_value(&case.contexts).ok().filter(|_| !case.contexts.is_empty()),
        _ => None,
    }
}

/// Reads expectations from a YAML file.
///
/// # Errors
/// A file that cannot be read, an unknown key, a broken expression or schema: with its line.
pub fn read(path: &Path) -> Result<Expectations, DatasetError> {
    let (expectations, source): (Expectations, _) = yaml_and_source(path)?;
    Checker::new(&expectations).map_err(|problem| at_line(&problem, &source))?;
    Ok(expectations)
}

/// Checks cases one by one; memory does not grow with their number. A field that must be unique takes 24 bytes on disk for
/// each case; equal values of it are read back together.
pub struct Checker<'a> {
    rules: Vec<Rule<'a>>,
    expectations: &'a Expectations,
    faults: BTreeMap<(String, &'static str), (u64, Vec<String>, String)>,
    profile: BTreeMap<String, Profile>,
    slices: BTreeMap<String, BTreeMap<String, u64>>,
    labels: BTreeMap<String, u64>,
    cases: u64,
    expected: u64,
}

struct Rule<'a> {
    path: &'a str,
    rule: &'a FieldRule,
    pattern: Option<regex::Regex>,
    schema: Option<jsonschema::Validator>,
    values: Sorter<24>,
    missing: u64,
}

/// What a field was seen to hold.
#[derive(Clone, Debug, Default)]
struct Profile {
    types: BTreeMap<&'static str, u64>,
    blank: (u64, Vec<String>),
    broken: (u64, Vec<String>),
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn is_of(value: &Value, kind: FieldType) -> bool {
    match kind {
        FieldType::Text => value.is_string(),
        FieldType::Number => value.is_number(),
        FieldType::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        FieldType::Boolean => value.is_boolean(),
        FieldType::List => value.is_array(),
        FieldType::Object => value.is_object(),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text }
}

impl<'a> Checker<'a> {
    /// A checker for expectations.
    ///
    /// # Errors
    /// A pattern or a schema that cannot be compiled, a language that is not known, with a pointer.
    pub fn new(expectations: &'a Expectations) -> Result<Self, Problem> {
        let mut rules = Vec::new();
        for (path, rule) in &expectations.fields {
            let at = |key: &str| format!("/fields/{}/{key}", problem::pointer_step(path));
            let (top, rest) = path.split_once('.').map_or((path.as_str(), None), |(top, rest)| (top, Some(rest)));
            let whole = ["id", "cluster", "contexts"].contains(&top) && rest.is_none();
            if !whole && !["inputs", "metadata", "recorded", "expected"].contains(&top) {
                return Err(Problem::new(
                    format!("/fields/{}", problem::pointer_step(path)),
                    format!("a case has no `{path}`"),
                )
                .help("paths start with inputs, expected, metadata, contexts, cluster, recorded or id"));
            }
            let pattern = rule.pattern.as_ref().map(|pattern| regex::Regex::new(pattern)).transpose();
            let pattern =
                pattern.map_err(|error| Problem::new(at("pattern"), format!("no regular expression: {error}")))?;
            let schema = rule.schema.as_ref().map(jsonschema::validator_for).transpose();
            let schema = schema.map_err(|error| Problem::new(at("schema"), format!("no JSON Schema: {error}")))?;
            for code in rule.language.iter().flatten() {
                if whatlang::Lang::from_code(code).is_none() {
                    return Err(Problem::new(at("language"), format!("`{code}` is not a language that can be told"))
                        .help("ISO 639-3 codes are expected, such as eng, deu, fra, cmn"));
                }
            }
            rules.push(Rule { path, rule, pattern, schema, values: Sorter::default(), missing: 0 });
        }
        for (key, rule) in &expectations.slices {
            if rule.max_share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
                let at = format!("/slices/{}/max_share", problem::pointer_step(key));
                return Err(Problem::new(at, "a share from 0 to 1 is expected"));
            }
        }
        Ok(Self {
            rules,
            expectations,
            faults: BTreeMap::new(),
            profile: BTreeMap::new(),
            slices: BTreeMap::new(),
            labels: BTreeMap::new(),
            cases: 0,
            expected: 0,
        })
    }

    /// Looks at a case.
    ///
    /// # Errors
    /// No room for temporary files.
    pub fn see(&mut self, case: &Case) -> Result<(), DatasetError> {
        self.cases += 1;
        self.expected += u64::from(case.expected.is_some());
        let mut faults: Vec<(String, &'static str, String)> = Vec::new();
        for rule in &mut self.rules {
            let mut fault = |check: &'static str, what: String| faults.push((rule.path.to_owned(), check, what));
            let value = field(case, rule.path).filter(|value| !value.is_null());
            let Some(value) = value else {
                rule.missing += 1;
                if rule.rule.required {
                    fault("required", "it is missing".into());
                }
                continue;
            };
            if let Some(kind) = rule.rule.kind.filter(|kind| !is_of(&value, *kind)) {
                fault("type", format!("{} is no {}", shown(&value), format!("{kind:?}").to_lowercase()));
            }
            let length = match &value {
                Value::String(text) => Some(text.chars().count()),
                Value::Array(items) => Some(items.len()),
                _ => None,
            };
            if let Some(what) = length.and_then(|length| rule.rule.length.fault(length as f64)) {
                fault("length", format!("a length of {what}"));
            }
            if let Some(what) = value.as_f64().and_then(|number| rule.rule.range.fault(number)) {
                fault("range", what);
            }
            if rule.rule.one_of.as_ref().is_some_and(|allowed| !allowed.contains(&value)) {
                fault("one_of", format!("{} is not allowed", shown(&value)));
            }
            let text = value.as_str();
            if let (Some(pattern), Some(text)) = (&rule.pattern, text)
                && !pattern.is_match(text)
            {
                fault("pattern", format!("{} does not match", shown(&value)));
            }
            if let (Some(allowed), Some(text)) = (&rule.rule.language, text)
                && let Some(info) = whatlang::detect(text).filter(whatlang::Info::is_reliable)
                && !allowed.iter().any(|code| code == info.lang().code())
            {
                fault("language", format!("{} is {}", shown(&value), info.lang().eng_name()));
            }
            if let Some(schema) = &rule.schema
                && let Err(error) = schema.validate(&value)
            {
                fault("schema", error.to_string().chars().take(200).collect());
            }
            if rule.rule.unique {
                let mut record = [0; 24];
                record[..16].copy_from_slice(&Digest::of_json(&value).as_bytes()[..16]);
                record[16..].copy_from_slice(&self.cases.to_be_bytes());
                rule.values.push(record).map_err(scratch)?;
            }
        }
        for (path, check, what) in faults {
            // The first fault stands for all of its kind.
            let (count, cases, _) = self.faults.entry((path, check)).or_insert((0, Vec::new(), what));
            *count += 1;
            if cases.len() < MOST_NAMED {
                cases.push(case.id.clone());
            }
        }
        for (name, value) in &case.inputs {
            self.profile(&format!("inputs.{name}"), value, &case.id);
        }
        if let Some(expected) = &case.expected {
            self.profile("expected", expected, &case.id);
            let label = expected.as_str().map_or_else(|| expected.to_string(), str::to_owned);
            if self.labels.len() <= MOST_VALUES {
                *self.labels.entry(label.chars().take(80).collect()).or_default() += 1;
            }
        }
        for (key, value) in crate::metadata_texts(case) {
            let values = self.slices.entry(key).or_default();
            if values.len() <= MOST_VALUES {
                *values.entry(value.chars().take(80).collect()).or_default() += 1;
            }
        }
        Ok(())
    }

    fn profile(&mut self, path: &str, value: &Value, id: &str) {
        if !self.profile.contains_key(path) {
            if self.profile.len() >= MOST_VALUES {
                return;
            }
            self.profile.insert(path.to_owned(), Profile::default());
        }
        let Some(profile) = self.profile.get_mut(path) else { return };
        *profile.types.entry(type_of(value)).or_default() += 1;
        let Some(text) = value.as_str() else { return };
        let note = |(count, cases): &mut (u64, Vec<String>)| {
            *count += 1;
            if cases.len() < MOST_NAMED {
                cases.push(id.to_owned());
            }
        };
        if text.trim().is_empty() {
            note(&mut profile.blank);
        }
        // What a wrong encoding leaves behind: the replacement character, and UTF-8 that was read as Latin-1.
        if text.contains('\u{fffd}') || text.contains("Ã©") || text.contains("â€™") || text.contains("Ã¼") {
            note(&mut profile.broken);
        }
    }

    /// What was found, worst first. `id_of` gives the id of a case by its number, from 1.
    ///
    /// # Errors
    /// Temporary files that cannot be read back.
    pub fn findings(
        self,
        id_of: &mut dyn FnMut(u64) -> Result<String, DatasetError>,
    ) -> Result<Vec<Finding>, DatasetError> {
        let mut findings = Vec::new();
        let about = |severity, check: &str, path: &str, count: u64, cases: Vec<String>, message: String| Finding {
            severity,
            check: check.to_owned(),
            field: Some(path.to_owned()),
            message,
            count,
            cases,
        };
        for ((path, check), (count, cases, first)) in self.faults {
            findings.push(about(Severity::Error, check, &path, count, cases, first));
        }
        for rule in self.rules {
            if rule.missing == self.cases && !rule.rule.required {
                findings.push(about(
                    Severity::Warning,
                    "missing",
                    rule.path,
                    rule.missing,
                    Vec::new(),
                    "no case has it".into(),
                ));
            }
            if !rule.rule.unique {
                continue;
            }
            let (mut last, mut count, mut cases): (Option<[u8; 24]>, u64, Vec<String>) = (None, 0, Vec::new());
            for record in rule.values.sorted() {
                let record = record.map_err(scratch)?;
                if last.is_some_and(|last| last[..16] == record[..16]) {
                    count += 1;
                    if cases.len() < MOST_NAMED {
                        cases.push(id_of(number(&record[16..]))?);
                    }
                }
                last = Some(record);
            }
            if count > 0 {
                findings.push(about(
                    Severity::Error,
                    "unique",
                    rule.path,
                    count,
                    cases,
                    "another case has the same value".into(),
                ));
            }
        }
        if let Some(what) = self.expectations.cases.fault(self.cases as f64) {
            findings.push(Finding {
                count: self.cases,
                ..Finding::new(Severity::Error, "cases", format!("the number of cases, {what}"))
            });
        }
        for (key, rule) in &self.expectations.slices {
            let empty = BTreeMap::new();
            let values = self.slices.get(key).unwrap_or(&empty);
            let field = format!("metadata.{key}");
            if values.is_empty() {
                findings.push(about(Severity::Error, "slices", &field, 0, Vec::new(), "no case has it".into()));
            }
            for (value, cases) in values {
                if let Some(min) = rule.min_cases.filter(|min| cases < min) {
                    let message = format!("`{value}` has {cases} cases, fewer than {min}");
                    findings.push(about(Severity::Error, "slices", &field, *cases, Vec::new(), message));
                }
                let share = *cases as f64 / self.cases as f64;
                if let Some(max) = rule.max_share.filter(|max| share > *max) {
                    let message =
                        format!("`{value}` takes {:.1}% of the cases, more than {:.1}%", 100.0 * share, 100.0 * max);
                    findings.push(about(Severity::Error, "slices", &field, *cases, Vec::new(), message));
                }
            }
        }
        let missing = self.cases - self.expected;
        if missing > 0 && self.expected > 0 {
            let message = format!("{missing} of {} cases have none, the others do", self.cases);
            findings.push(about(Severity::Warning, "missing", "expected", missing, Vec::new(), message));
        }
        for (path, profile) in self.profile {
            let types: BTreeSet<&str> = profile
                .types
                .keys()
                .filter(|kind| **kind != "null")
                .map(|kind| if *kind == "integer" { "number" } else { *kind })
                .collect();
            if types.len() > 1 {
                let words: Vec<String> = profile.types.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
                findings.push(about(
                    Severity::Warning,
                    "mixed types",
                    &path,
                    profile.types.values().sum(),
                    Vec::new(),
                    words.join(", "),
                ));
            }
            let (count, cases) = profile.blank;
            if count > 0 {
                findings.push(about(Severity::Warning, "blank", &path, count, cases, "the text is empty".into()));
            }
            let (count, cases) = profile.broken;
            if count > 0 {
                let message = "characters that a wrong encoding leaves behind".into();
                findings.push(about(Severity::Warning, "encoding", &path, count, cases, message));
            }
        }
        // A category has few values that come again; what is nearly always different is free text.
        let is_category = |values: &BTreeMap<String, u64>| {
            values.len() > 1 && values.len() <= 50 && self.cases >= 10 * values.len() as u64
        };
        let mut unbalanced = |path: &str, values: &BTreeMap<String, u64>| {
            if !is_category(values) {
                return;
            }
            let total: u64 = values.values().sum();
            if let Some((value, count)) = values.iter().max_by_key(|(_, count)| **count)
                && *count as f64 > 0.9 * total as f64
            {
                let message = format!(
                    "`{value}` takes {:.1}%: a constant answer would look good",
                    100.0 * *count as f64 / total as f64
                );
                findings.push(about(Severity::Warning, "unbalanced", path, *count, Vec::new(), message));
            }
            let few: Vec<String> = values
                .iter()
                .filter(|(_, count)| **count < 5)
                .map(|(value, count)| format!("`{value}` {count}"))
                .collect();
            if !few.is_empty() {
                let message = format!("values of fewer than 5 cases: {}", few.join(", "));
                findings.push(about(Severity::Note, "unbalanced", path, few.len() as u64, Vec::new(), message));
            }
        };
        unbalanced("expected", &self.labels);
        for (key, values) in &self.slices {
            unbalanced(&format!("metadata.{key}"), values);
        }
        findings.sort_by(|a, b| (a.severity, &a.field, &a.check).cmp(&(b.severity, &b.field, &b.check)));
        Ok(findings)
    }
}

/// Reads a validation result of Great Expectations (0.18 or 1.x, as `validation_result.to_json_dict()` or a checkpoint
/// gives it) as findings.
///
/// # Errors
/// A file that is none.
pub fn great_expectations(path: &Path) -> Result<Vec<Finding>, DatasetError> {
    const LARGEST: u64 = 64 << 20;
    let fault = |message: String| {
        DatasetError::new(Some(Place { file: path.to_owned(), line: None }), message)
            .help("write it with `json.dump(validation_result.to_json_dict(), file)`")
    };
    if std::fs::metadata(path).is_ok_and(|file| file.len() > LARGEST) {
        return Err(fault("the file is larger than 64 MiB".into()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| fault(format!("no JSON: {error}")))?;
    let mut lists: Vec<&Vec<Value>> = Vec::new();
    if let Some(results) = value["results"].as_array() {
        lists.push(results);
    }
    // A checkpoint holds one validation result for each batch.
    for result in value["run_results"].as_object().into_iter().flat_map(|runs| runs.values()) {
        let result = if result["validation_result"].is_object() { &result["validation_result"] } else { result };
        lists.extend(result["results"].as_array());
    }
    if lists.is_empty() {
        return Err(fault("there are no `results`: this is no validation result".into()));
    }
    let mut findings = Vec::new();
    for result in lists.into_iter().flatten() {
        let config = &result["expectation_config"];
        let name = config["type"].as_str().or_else(|| config["expectation_type"].as_str()).unwrap_or("expectation");
        let exception = result["exception_info"]["raised_exception"] == true;
        if result["success"] == true && !exception {
            continue;
        }
        let detail = &result["result"];
        let message = if exception {
            let why = result["exception_info"]["exception_message"].as_str().unwrap_or("no reason given");
            format!("it could not be checked: {why}")
        } else if detail["observed_value"].is_null() {
            let examples = detail["partial_unexpected_list"].as_array().map(|list| list.iter().take(5).map(shown));
            format!("unexpected: {}", examples.into_iter().flatten().collect::<Vec<_>>().join(", "))
        } else {
            format!("observed {}", shown(&detail["observed_value"]))
        };
        findings.push(Finding {
            severity: if config["severity"] == "warning" || config["severity"] == "info" {
                Severity::Warning
            } else {
                Severity::Error
            },
            check: name.to_owned(),
            field: config["kwargs"]["column"].as_str().map(str::to_owned),
            message,
            count: detail["unexpected_count"].as_u64().unwrap_or(0),
            cases: Vec::new(),
        });
    }
    Ok(findings)
}
