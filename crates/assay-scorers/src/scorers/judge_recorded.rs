//! Verdicts of a judge that were recorded with the answers or the cases: the judge is not asked, it is read.

use assay_core::{Digest, Problem, Score, ScoreKind, Silence, Template, problem};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ScoreInput;
use crate::rule::{Scorer, fingerprint, shorten, variables};

/// Raised when verdicts are read differently.
const VERSION: u32 = 1;

const PASSES: [&str; 6] = ["pass", "true", "yes", "correct", "1", "1.0"];
const FAILS: [&str; 6] = ["fail", "false", "no", "incorrect", "0", "0.0"];

/// The range of verdicts that are numbers.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The worst.
    pub min: i64,
    /// The best.
    pub max: i64,
}

/// Parameters of a recorded judge.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Where the verdict stands: a template over the trial, or the name of a field, which is looked for in what the target
    /// kept with the answer (`metadata` of a recorded answer) and then among the case's variables.
    pub recorded: String,
    /// A whole-number scale instead of pass or fail.
    #[serde(default)]
    pub scale: Option<Bounds>,
    /// The words that mean a pass; others mean a fail. By default the usual ones, and what is neither is unscored.
    #[serde(default)]
    pub pass: Vec<String>,
    /// Which judge gave the verdicts: its model, prompt and version, in any words. Verdicts by the same judge are compared, and
    /// share a calibration, whatever data they stand in; without it only those in the same version of the data are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

struct RecordedJudge {
    params: Recorded,
    template: Option<Template>,
    fingerprint: Digest,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let params: Recorded = problem::read(params, "").map_err(|problem| vec![problem])?;
    if params.scale.is_some_and(|scale| scale.min >= scale.max) {
        return Err(vec![Problem::new("/scale", "`min` must be below `max`")]);
    }
    if params.by.as_ref().is_some_and(|by| by.trim().is_empty()) {
        return Err(vec![Problem::new("/by", "`by` names the judge that gave the verdicts")]);
    }
    if params.scale.is_some() && !params.pass.is_empty() {
        return Err(vec![Problem::new("/pass", "`pass` is for verdicts of pass or fail, `scale` for numbers")]);
    }
    let template = match params.recorded.contains("{{") {
        true => Some(Template::new(&params.recorded).map_err(|error| vec![Problem::new("/recorded", error.message)])?),
        false => None,
    };
    let fingerprint = fingerprint("judge-recorded", VERSION, &json!(params));
    Ok(Box::new(RecordedJudge { params, template, fingerprint }))
}

impl RecordedJudge {
    fn verdict(&self, input: &ScoreInput<'_>) -> Result<f64, String> {
        let found = match &self.template {
            // Such as a word that the template's table of verdicts does not know.
            Some(template) => {
                template.evaluate(input.variables()).map_err(|error| Silence::Unreadable.because(&error.to_string()))?
            }
            None => {
                let name = &self.params.recorded;
                let kept = input.output.metadata.get(name).cloned();
                kept.or_else(|| input.variables().remove(name)).unwrap_or_default()
            }
        };
        if found.is_null() {
            return Err(Silence::Unreadable.because("none is recorded"));
        }
        let unread = || Silence::Unreadable.because(&format!("{found} is recorded"));
        let word = match &found {
            Value::String(word) => word.trim().to_owned(),
            other => other.to_string(),
        };
        if let Some(Bounds { min, max }) = self.params.scale {
            let number = word.parse::<f64>().ok().filter(|n| (min as f64..=max as f64).contains(n));
            return number.map(|n| (n - min as f64) / (max as f64 - min as f64)).ok_or_else(unread);
        }
        let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
        match &self.params.pass[..] {
            [] if is(&PASSES) => Ok(1.0),
            [] if is(&FAILS) => Ok(0.0),
            [] => Err(unread()),
            _ if word.is_empty() => Err(unread()),
            words => Ok(f64::from(u8::from(words.contains(&word)))),
        }
    }
}

#[async_trait]
impl Scorer for RecordedJudge {
    fn score_kind(&self) -> ScoreKind {
        match self.params.scale {
            None => ScoreKind::Binary,
            Some(_) => ScoreKind::Bounded { lo: 0.0, hi: 1.0 },
        }
    }

    fn is_judge(&self) -> bool {
        true
    }

    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    fn follows_data(&self) -> bool {
        self.params.by.is_none()
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        variables(&json!({"recorded": self.params.recorded}))
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        match self.verdict(input) {
            Ok(value) => Score::scored(name, value),
            Err(why) => Score::unscored(name, shorten(&why)),
        }
    }
}
