//! Every scorer: one line each.

use std::panic::AssertUnwindSafe;

use assay_core::problem::did_you_mean;
use assay_core::score::ScorerRecord;
use assay_core::{Digest, Direction, Metric, Problem, Score, ScoreKind};
use futures::FutureExt;
use serde_json::{Map, Value, json};

use crate::judges::file::Loaded;
use crate::rule::{self, Rule, Scorer};
use crate::{ScoreInput, scorers};

type Build = fn(&Value, &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>>;

/// A scorer that suites can name.
pub struct ScorerKind {
    /// The name in suites.
    pub name: &'static str,
    /// The parameter that the short form sets.
    pub main: &'static str,
    source: &'static str,
    schema: fn() -> Value,
    build: Build,
}

macro_rules! rule {
    ($file:literal, $rule:ty) => {
        ScorerKind {
            name: <$rule as Rule>::NAME,
            main: <$rule as Rule>::MAIN,
            source: include_str!(concat!("scorers/", $file, ".rs")),
            schema: rule::schema::<$rule>,
            build: rule::build::<$rule>,
        }
    };
}

macro_rules! own {
    ($name:literal, $file:literal, $module:path, $params:ident) => {{
        use $module as module;
        ScorerKind {
            name: $name,
            main: module::MAIN,
            source: include_str!(concat!("scorers/", $file, ".rs")),
            schema: || schemars::schema_for!(module::$params).to_value(),
            build: module::build,
        }
    }};
    ($name:literal, $module:path, $params:ident) => {
        own!($name, $name, $module, $params)
    };
}

const KINDS: &[ScorerKind] = &[
    rule!("bleu", scorers::bleu::Bleu),
    rule!("char_count", scorers::char_count::CharCount),
    rule!("chrf", scorers::chrf::Chrf),
    rule!("citation", scorers::citation::Citation),
    own!("command", scorers::command, Command),
    rule!("contains", scorers::contains::Contains<0>),
    rule!("contains", scorers::contains::Contains<1>),
    rule!("contains", scorers::contains::Contains<2>),
    rule!("contains_json", scorers::contains_json::ContainsJson),
    rule!("measure", scorers::measure::Measure<2>),
    rule!("affix", scorers::affix::Affix<true>),
    rule!("entities", scorers::entities::Entities),
    rule!("equals", scorers::equals::Equals),
    rule!("extraction", scorers::extraction::Extraction),
    own!("http", scorers::http, Http),
    rule!("contains", scorers::contains::Contains<3>),
    rule!("contains", scorers::contains::Contains<4>),
    rule!("contains", scorers::contains::Contains<5>),
    rule!("is_json", scorers::is_json::IsJson),
    rule!("json_match", scorers::json_match::JsonMatch),
    rule!("json_schema", scorers::json_schema::JsonSchemaRule),
    own!("judge", scorers::judge, JudgeParams),
    rule!("label", scorers::label::Label),
    rule!("labels", scorers::labels::Labels),
    rule!("measure", scorers::measure::Measure<0>),
    rule!("levenshtein", scorers::levenshtein::Levenshtein),
    rule!("meteor", scorers::meteor::Meteor),
    rule!("numeric", scorers::numeric::Numeric),
    rule!("probability", scorers::probability::Probability),
    own!("python", scorers::python, Python),
    rule!("refusal", scorers::refusal::Refusal),
    rule!("regex", scorers::regex::Regex),
    rule!("retrieval", scorers::retrieval::Retrieval),
    rule!("rouge", scorers::rouge::Rouge),
    rule!("similarity", scorers::similarity::Similarity),
    rule!("squad_em", scorers::squad_em::SquadEm),
    rule!("squad_f1", scorers::squad_f1::SquadF1),
    rule!("affix", scorers::affix::Affix<false>),
    rule!("ter", scorers::ter::Ter),
    rule!("measure", scorers::measure::Measure<3>),
    rule!("tool_calls", scorers::tool_calls::ToolCalls),
    rule!("measure", scorers::measure::Measure<1>),
    own!("unit-tests", "unit_tests", scorers::unit_tests, UnitTests),
    rule!("value", scorers::value::Value),
    rule!("word_count", scorers::word_count::WordCount),
    rule!("word_errors", scorers::word_errors::WordErrors),
];

/// Every scorer, by name.
pub fn kinds() -> &'static [ScorerKind] {
    KINDS
}

impl ScorerKind {
    /// The documentation: the doc comment of its file, as Markdown.
    pub fn doc(&self) -> String {
        let lines = self.source.lines().take_while(|line| line.starts_with("//!"));
        lines
            .map(|line| line.strip_prefix("//! ").unwrap_or(line.trim_start_matches("//!")))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The first sentence of the documentation, without the name.
    pub fn summary(&self) -> String {
        let doc = self.doc();
        let first = doc.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        first.split_once(": ").map_or(first.clone(), |(_, rest)| rest.to_owned())
    }

    /// The JSON Schema of its parameters.
    pub fn parameters(&self) -> Value {
        (self.schema)()
    }
}

/// What building a scorer needs from outside.
#[derive(Clone, Debug, Default)]
pub struct ScorerContext {
    /// Where judges and user scorers find files, prices and the offline flag.
    pub targets: assay_models::BuildContext,
    /// The threshold that the suite gives the scorer, where it does.
    pub threshold: Option<f64>,
    /// Judges that are at hand under a name, before built-in ones and files.
    pub judges: std::collections::BTreeMap<String, Loaded>,
}

/// A scorer as a suite declares it.
pub struct Declared {
    /// What the run remembers of it.
    pub record: ScorerRecord,
    /// The scorer.
    pub scorer: Box<dyn Scorer>,
    not: bool,
}

/// Builds a scorer from its entry in a suite: a name, or `{kind: parameters, name, weight, threshold, not, metrics}`;
/// `name` is the name the suite gave it.
///
/// # Errors
/// Everything that is wrong, with JSON pointers into the entry.
pub fn build(entry: &Value, name: &str, context: &ScorerContext) -> Result<Declared, Vec<Problem>> {
    let empty = Map::new();
    let (kind_name, params, options) = match entry {
        Value::String(kind) => (kind.as_str(), &Value::Null, &empty),
        Value::Object(fields) => {
            let mut kinds =
                fields.keys().filter(|key| !["name", "weight", "threshold", "not", "metrics"].contains(&key.as_str()));
            match (kinds.next(), kinds.next()) {
                (Some(kind), None) => (kind.as_str(), &fields[kind], fields),
                (Some(first), Some(second)) => {
                    return Err(vec![
                        Problem::new(
                            format!("/{second}"),
                            format!("a scorer entry is one scorer, this is `{first}` and `{second}`"),
                        )
                        .help(format!("parameters stand inside: `{first}: {{{second}: …}}`")),
                    ]);
                }
                (None, _) => return Err(vec![Problem::new("", "the scorer is missing")]),
            }
        }
        _ => return Err(vec![Problem::new("", "a scorer's name or a set of keys is expected")]),
    };
    let at = if entry.is_string() { String::new() } else { format!("/{kind_name}") };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == kind_name) else {
        let problem = Problem::new(at, format!("there is no scorer `{kind_name}`"));
        return Err(vec![match did_you_mean(kind_name, KINDS.iter().map(|kind| kind.name)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("`assay scorers` lists them"),
        }]);
    };
    let number = |key: &str, least: f64| match options.get(key) {
        None => Ok(None),
        Some(value) => match value.as_f64().filter(|number| number.is_finite() && *number > least) {
            Some(number) => Ok(Some(number)),
            None => Err(vec![Problem::new(
                format!("/{key}"),
                format!("`{key}` must be a number{}", if least == 0.0 { " above 0" } else { "" }),
            )]),
        },
    };
    let weight = number("weight", 0.0)?.unwrap_or(1.0);
    let threshold = number("threshold", f64::NEG_INFINITY)?;
    let context = ScorerContext { threshold, ..context.clone() };
    let scorer = (kind.build)(params, &context)
        .map_err(|problems| problems.into_iter().map(|problem| problem.under(&at)).collect::<Vec<_>>())?;
    let not = match options.get("not") {
        None => false,
        Some(Value::Bool(not)) => *not,
        Some(_) => return Err(vec![Problem::new("/not", "`not` must be true or false")]),
    };
    let unit = matches!(scorer.score_kind(), ScoreKind::Binary | ScoreKind::Bounded { lo: 0.0, hi: 1.0 });
    if not && !unit {
        return Err(vec![Problem::new("/not", "`not` needs a score from 0 to 1")]);
    }
    let metrics = metrics(options.get("metrics"), kind.name, scorer.as_ref(), not)?;
    let record = ScorerRecord {
        name: name.to_owned(),
        kind: kind.name.to_owned(),
        fingerprint: if not { Digest::of_json(&json!(["not", scorer.fingerprint()])) } else { scorer.fingerprint() },
        score: scorer.score_kind(),
        direction: scorer.direction(),
        threshold: threshold.or_else(|| scorer.default_threshold()),
        metrics,
        weight,
        judge: scorer.is_judge(),
    };
    Ok(Declared { record, scorer, not })
}

/// The corpus metrics of an entry: those that the suite names, else the scorer's usual ones.
fn metrics(named: Option<&Value>, kind: &str, scorer: &dyn Scorer, not: bool) -> Result<Vec<Metric>, Vec<Problem>> {
    let (can, usual) = (scorer.metrics(), scorer.usual_metrics());
    let Some(named) = named else {
        return Ok(if not { Vec::new() } else { usual.to_vec() });
    };
    let names = named.as_array().ok_or_else(|| {
        vec![Problem::new("/metrics", "a list of corpus metrics is expected").help("`metrics: []` asks for none")]
    })?;
    if not && !names.is_empty() {
        return Err(vec![Problem::new("/metrics", "an inverted score has no corpus metrics").help("leave out `not`")]);
    }
    let read = |(i, name): (usize, &Value)| {
        let at = format!("/metrics/{i}");
        let word = name.as_str().ok_or_else(|| Problem::new(at.clone(), "the name of a metric is expected"))?;
        can.iter().find(|metric| metric.as_str() == word).copied().ok_or_else(|| {
            let problem = Problem::new(at, format!("`{kind}` has no corpus metric `{word}`"));
            let words: Vec<&str> = can.iter().map(|metric| metric.as_str()).collect();
            match did_you_mean(word, words.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None if words.is_empty() => problem.help("its scores have a mean only"),
                None => problem.help(format!("there are {}", words.join(", "))),
            }
        })
    };
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for metric in names.iter().enumerate().map(read) {
        match metric {
            Ok(metric) if found.contains(&metric) => {}
            Ok(metric) => found.push(metric),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

impl Declared {
    /// A scorer that no suite names.
    pub fn new(name: &str, scorer: Box<dyn Scorer>) -> Self {
        let record = ScorerRecord {
            name: name.to_owned(),
            kind: name.to_owned(),
            fingerprint: scorer.fingerprint(),
            score: scorer.score_kind(),
            direction: scorer.direction(),
            threshold: scorer.default_threshold(),
            metrics: Vec::new(),
            weight: 1.0,
            judge: scorer.is_judge(),
        };
        Self { record, scorer, not: false }
    }

    /// What a run over these versions of datasets remembers of it: a scorer whose values were recorded with the data is
    /// known by them too.
    pub fn record_over(&self, versions: &[Digest]) -> ScorerRecord {
        let mut record = self.record.clone();
        if self.scorer.follows_data() {
            record.fingerprint = Digest::of_json(&json!([record.fingerprint, versions]));
        }
        record
    }

    /// Scores a trial. A scorer that panics is an error of the scorer, not of the run.
    pub async fn score(&self, input: &ScoreInput<'_>) -> Score {
        let name = &self.record.name;
        let scored = AssertUnwindSafe(self.scorer.score(name, input)).catch_unwind().await;
        let mut score = scored.unwrap_or_else(|_| Score::error(name, "the scorer crashed on this trial"));
        if self.not {
            score.value = score.value.map(|value| 1.0 - value);
            score.counts.clear();
        }
        score
    }

    /// Whether larger is better.
    pub fn higher_is_better(&self) -> bool {
        self.record.direction == Direction::Higher
    }
}

/// The JSON Schema of one scorer entry.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let names: Vec<Value> =
        KINDS.iter().map(|kind| json!({"const": kind.name, "description": kind.summary()})).collect();
    let mut alternatives = vec![json!({"oneOf": names})];
    for kind in KINDS {
        let mut parameters = kind.parameters();
        if let Some(Value::Object(inner)) = parameters.as_object_mut().and_then(|schema| schema.remove("$defs")) {
            definitions.extend(inner);
        }
        let short = parameters["properties"].get(kind.main).cloned();
        let value = match short {
            Some(short) => json!({"anyOf": [short, parameters, {"type": "null"}]}),
            None => json!({"anyOf": [parameters, {"type": "null"}]}),
        };
        let properties = json!({
            kind.name: value,
            "name": {"type": "string", "description": "The scorer's name in reports and gates."},
            "weight": {"type": "number", "exclusiveMinimum": 0},
            "threshold": {"type": "number", "description": "A trial passes from this value on."},
            "not": {"type": "boolean", "description": "Invert a score from 0 to 1."},
            "metrics": {
                "type": "array", "items": {"enum": Metric::ALL},
                "description": "Corpus metrics shown beside the mean, such as macro_f1; the scorer's usual one by default.",
            },
        });
        alternatives.push(json!({
            "type": "object", "required": [kind.name], "additionalProperties": false,
            "description": kind.summary(), "properties": properties,
        }));
    }
    json!({"description": "How answers are scored.", "anyOf": alternatives, "$defs": definitions})
}

/// The catalogue of scorers as Markdown: `docs/scorers.md` is made from it.
pub fn catalogue() -> String {
    let mut text = String::from(
        "# Scorers\n\nMade from the code by `assay scorers --markdown`; a test fails when it is out of date.\n",
    );
    for (at, kind) in KINDS.iter().enumerate() {
        // Kin share a file and with it their documentation.
        if KINDS[..at].iter().any(|earlier| earlier.source == kind.source) {
            continue;
        }
        let kin: Vec<&str> = KINDS.iter().filter(|other| other.source == kind.source).map(|kin| kin.name).collect();
        text.push_str(&format!("\n## {}\n\n{}\n", kin.join(", "), kind.doc()));
        let parameters = kind.parameters();
        let rows: Vec<String> = parameters["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, schema)| {
                let description = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
                format!("| `{name}` | {description} |\n")
            })
            .collect();
        if !rows.is_empty() {
            text.push_str(&format!("\n| parameter | meaning |\n|---|---|\n{}", rows.concat()));
        }
    }
    text
}
