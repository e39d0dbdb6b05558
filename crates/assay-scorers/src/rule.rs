//! What a scorer is.

use std::marker::PhantomData;

use assay_core::problem::{self, pointer_step};
use assay_core::{Digest, Direction, Metric, Problem, Score, ScoreKind};
use assay_models::Target;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::ScoreInput;
use crate::registry::ScorerContext;

/// A value with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The value.
    pub value: f64,
    /// A label beside it.
    pub label: Option<String>,
    /// Why.
    pub rationale: Option<String>,
    /// What [`Rule::metrics`] are computed from.
    pub counts: Vec<f64>,
}

impl Scored {
    /// A number.
    pub fn value(value: f64) -> Self {
        Self { value, label: None, rationale: None, counts: Vec::new() }
    }

    /// A yes or no.
    pub fn pass(passed: bool) -> Self {
        Self::value(f64::from(u8::from(passed)))
    }

    /// Adds what corpus metrics are computed from.
    #[must_use]
    pub fn counting(mut self, counts: Vec<f64>) -> Self {
        self.counts = counts;
        self
    }

    /// Adds why.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.rationale = Some(why.into());
        self
    }
}

/// A scorer ready to score.
#[async_trait]
pub trait Scorer: Send + Sync {
    /// What kind of number it gives.
    fn score_kind(&self) -> ScoreKind {
        ScoreKind::Binary
    }

    /// Which way is better.
    fn direction(&self) -> Direction {
        Direction::Higher
    }

    /// When a trial passes, if the suite does not say.
    fn default_threshold(&self) -> Option<f64> {
        (self.score_kind() == ScoreKind::Binary).then_some(1.0)
    }

    /// Whether it asks a model.
    fn is_judge(&self) -> bool {
        !self.asks().is_empty()
    }

    /// The models it asks.
    fn asks(&self) -> Vec<Asks<'_>> {
        Vec::new()
    }

    /// Name, version and parameters: scores of one fingerprint can be compared.
    fn fingerprint(&self) -> Digest;

    /// Whether its values were recorded with the data, so that with other data it is another scorer.
    fn follows_data(&self) -> bool {
        false
    }

    /// Template variables with the JSON pointer of their template, so that missing columns are found early.
    fn template_variables(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Whether it reads the case's expected output.
    fn needs_expected(&self) -> bool {
        false
    }

    /// The corpus metrics that can be computed of its scores.
    fn metrics(&self) -> &'static [Metric] {
        &[]
    }

    /// Those of them that are shown unless the suite says otherwise.
    fn usual_metrics(&self) -> &'static [Metric] {
        &[]
    }

    /// Finds what would make every score fail.
    ///
    /// # Errors
    /// What is wrong.
    async fn preflight(&self) -> Result<(), String> {
        Ok(())
    }

    /// Finds what the scorer needs and this machine does not have, before anything is spent. Calls nothing elsewhere.
    ///
    /// # Errors
    /// What is missing, with a pointer into the parameters, and what helps.
    async fn check_machine(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// Scores a trial under the scorer's name.
    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score;
}

/// A model that a scorer asks: what is known of its calls before any is made.
#[derive(Clone, Copy)]
pub struct Asks<'a> {
    /// The model.
    pub target: &'a dyn Target,
    /// Its configuration, without secrets.
    pub config: &'a Value,
    /// Calls for each trial, when every reply can be read.
    pub times: u32,
    /// Bytes of a call beside the case and the answer.
    pub bytes: usize,
}

/// A scorer that is a pure function of the trial: what most of them are.
pub trait Rule: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// The name in suites.
    const NAME: &'static str;
    /// The parameter that the short form (`contains: text`) sets.
    const MAIN: &'static str;
    /// Raised when the same parameters may score differently than before.
    const VERSION: u32 = 1;

    /// What kind of number it gives.
    fn kind(&self) -> ScoreKind {
        ScoreKind::Binary
    }

    /// Which way is better.
    fn direction(&self) -> Direction {
        Direction::Higher
    }

    /// When a trial passes, if the suite does not say.
    fn threshold(&self) -> Option<f64> {
        (self.kind() == ScoreKind::Binary).then_some(1.0)
    }

    /// Whether it reads the case's expected output.
    fn needs_expected(&self) -> bool {
        false
    }

    /// The corpus metrics that can be computed from [`Scored::counts`].
    fn metrics(&self) -> &'static [Metric] {
        &[]
    }

    /// Those of them that are shown unless the suite says otherwise.
    fn usual_metrics(&self) -> &'static [Metric] {
        self.metrics().get(..1).unwrap_or_default()
    }

    /// Checks what its types cannot.
    ///
    /// # Errors
    /// A problem with a pointer into the parameters.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// Scores a trial.
    ///
    /// # Errors
    /// Why it cannot say: the trial is then `unscored`.
    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String>;
}

/// The longest rationale that is kept, in characters.
const LONGEST_RATIONALE: usize = 2_000;

/// Cuts a text at a character.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST_RATIONALE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

struct RuleScorer<R> {
    rule: R,
    fingerprint: Digest,
    variables: Vec<(String, String)>,
}

#[async_trait]
impl<R: Rule> Scorer for RuleScorer<R> {
    fn score_kind(&self) -> ScoreKind {
        self.rule.kind()
    }

    fn direction(&self) -> Direction {
        self.rule.direction()
    }

    fn default_threshold(&self) -> Option<f64> {
        self.rule.threshold()
    }

    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    fn needs_expected(&self) -> bool {
        self.rule.needs_expected()
    }

    fn metrics(&self) -> &'static [Metric] {
        self.rule.metrics()
    }

    fn usual_metrics(&self) -> &'static [Metric] {
        self.rule.usual_metrics()
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        match self.rule.score(input) {
            Ok(Scored { value, label, rationale, counts }) => {
                let mut score = Score::scored(name, value);
                score.label = label;
                score.counts = counts;
                score.rationale = rationale.map(|why| shorten(&why));
                score
            }
            Err(reason) => Score::unscored(name, shorten(&reason)),
        }
    }
}

/// Builds a rule from its parameters; the short form sets [`Rule::MAIN`].
pub(crate) fn build<R: Rule>(params: &Value, _: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let long = long_form(params, R::MAIN);
    let rule: R = problem::read(&long, "").map_err(|mut problem| {
        // The short form has no key of its own to point at.
        if !params.is_object() {
            problem.at.clear();
        }
        vec![problem]
    })?;
    rule.check().map_err(|problem| vec![problem])?;
    let fingerprint = fingerprint(R::NAME, R::VERSION, &json!(rule));
    let variables = variables(&long);
    Ok(Box::new(RuleScorer::<R> { rule, fingerprint, variables }))
}

/// The digest of a scorer's name, version and parameters.
pub fn fingerprint(name: &str, version: u32, params: &Value) -> Digest {
    Digest::of_json(&json!({"scorer": name, "version": version, "params": params}))
}

/// Parameters as an object.
pub(crate) fn long_form(params: &Value, main: &str) -> Value {
    match params {
        Value::Object(_) => params.clone(),
        Value::Null => json!({}),
        value => Value::Object(Map::from_iter([(main.to_owned(), value.clone())])),
    }
}

/// The variables of every template in the parameters, with their places.
pub(crate) fn variables(params: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) if text.contains("{{") || text.contains("{%") => {
                if let Ok(template) = assay_core::Template::new(text) {
                    found.extend(template.variables().into_iter().map(|name| (name, at.to_owned())));
                }
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| walk(item, &format!("{at}/{i}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(key, v)| walk(v, &format!("{at}/{}", pointer_step(key)), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(params, "", &mut found);
    found
}

/// The schema of a rule's parameters, short form included.
pub(crate) fn schema<R: Rule>() -> Value {
    let _: PhantomData<R> = PhantomData;
    schemars::schema_for!(R).to_value()
}
