//! `extraction`: how well the fields of a record were extracted, as F1 from 0 to 1.
//!
//! The answer is JSON, or holds it; so is the expected record. Each value counts once: right, wrong, missing, or
//! invented where the record expects none (a null is no value). `fields` says how a field is compared, by its path
//! (`total`, `address.town`, `lines[].price`): `normalized` (the default: numbers and dates by value, texts without
//! regard to case and white space), `exact`, `date`, `anls` (partial credit for near texts) or
//! `{number: {relative: 0.01}}`. The items of a list are paired so that the score is best. `precision` or `recall` in
//! `measure` gives one side. The corpus metrics `f1`, `precision` and `recall` are those of all values of all records
//! together.

use std::collections::BTreeMap;

use assay_core::{Metric, ScoreKind};
use assay_metrics::classification::Counts;
use assay_metrics::corpus::Counts as _;
use assay_metrics::extraction::{Match, compare};
use assay_metrics::structure::find_json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ScoreInput;
use crate::param::{Param, or_expected};
use crate::rule::{Rule, Scored};

/// Parameters of `extraction`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extraction {
    /// The expected record; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// How fields are compared, by path.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub fields: BTreeMap<String, Match>,
    /// What is reported.
    #[serde(default)]
    pub measure: Measure,
}

/// A measure of extraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The harmonic mean of precision and recall.
    #[default]
    F1,
    /// Credit per given value.
    Precision,
    /// Credit per expected value.
    Recall,
}

impl Rule for Extraction {
    const NAME: &'static str = "extraction";
    const MAIN: &'static str = "fields";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::F1, Metric::Precision, Metric::Recall]
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let record = |value: Value| match value {
            Value::String(text) => find_json(&text),
            other => Some(other),
        };
        let expected = record(or_expected(self.value.as_ref(), input)?).ok_or("the expected record is not JSON")?;
        let given = record(input.output.value.clone());
        let rule = |path: &str| self.fields.get(path).copied().unwrap_or_default();
        // An answer without a record gives no value at all.
        let fields = compare(given.as_ref().unwrap_or(&Value::Null), &expected, &rule);
        let value = match self.measure {
            Measure::F1 => Some(fields.f1()),
            Measure::Precision if given.is_none() => Some(0.0),
            Measure::Precision => fields.precision(),
            Measure::Recall => fields.recall(),
        };
        let counts =
            Counts { hits: fields.credit, predicted: fields.given as f64, expected: fields.expected as f64 }.numbers();
        if given.is_none() {
            return Ok(Scored::value(value.unwrap_or(0.0)).because("the answer holds no JSON").counting(counts));
        }
        let mut why = format!("{} values expected, {} given", fields.expected, fields.given);
        for (word, paths) in [("wrong", &fields.wrong), ("missing", &fields.missing), ("invented", &fields.invented)] {
            if !paths.is_empty() {
                let shown: Vec<&str> = paths.iter().take(50).map(String::as_str).collect();
                why.push_str(&format!("; {word}: {}", shown.join(", ")));
            }
        }
        let value = value.ok_or("there is no value to divide by")?;
        Ok(Scored::value(value).because(why).counting(counts))
    }
}
