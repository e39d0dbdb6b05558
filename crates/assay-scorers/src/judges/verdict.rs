//! What a judge may say, how it is asked for and what it is worth.

use assay_core::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a verdict may be.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `pass` (1) or `fail` (0).
    PassFail,
    /// A whole number, which becomes a value from 0 to 1.
    Scale(Scale),
    /// One of a list.
    Choices(Vec<Choice>),
}

/// A whole-number scale.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The worst.
    pub min: i64,
    /// The best.
    pub max: i64,
    /// What numbers mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
}

/// What a number of a scale means.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The number.
    pub at: i64,
    /// What it means.
    pub means: String,
}

/// One of several verdicts.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The word the judge says.
    pub name: String,
    /// What it is worth, from 0 to 1; `null` when it says that there is nothing to judge.
    pub value: Option<f64>,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
}

/// A verdict that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// From 0 to 1; `None` when there is nothing to judge.
    pub value: Option<f64>,
    /// The verdict's own word.
    pub label: String,
}

impl Shape {
    /// Checks what its type cannot.
    pub fn problems(&self, at: &str) -> Vec<Problem> {
        match self {
            Self::PassFail => Vec::new(),
            Self::Scale(scale) => {
                let mut found = Vec::new();
                if scale.min >= scale.max {
                    found.push(Problem::new(format!("{at}/scale"), "`min` must be below `max`"));
                } else if scale.max.saturating_sub(scale.min) > 100 {
                    found.push(Problem::new(format!("{at}/scale"), "a scale has at most 101 steps"));
                }
                for (i, anchor) in scale.anchors.iter().enumerate() {
                    if !(scale.min..=scale.max).contains(&anchor.at) {
                        let place = format!("{at}/scale/anchors/{i}/at");
                        found.push(Problem::new(place, format!("{} is not on the scale", anchor.at)));
                    }
                }
                found
            }
            Self::Choices(choices) => {
                let mut found = Vec::new();
                for (i, choice) in choices.iter().enumerate() {
                    let place = format!("{at}/choices/{i}");
                    if folded(&choice.name).is_empty() {
                        found.push(Problem::new(format!("{place}/name"), "a choice needs a word of letters or digits"));
                    }
                    if choices[..i].iter().any(|earlier| folded(&earlier.name) == folded(&choice.name)) {
                        let message = format!("`{}` stands twice", choice.name);
                        found.push(Problem::new(format!("{place}/name"), message));
                    }
                    if choice.value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                        found.push(Problem::new(format!("{place}/value"), "a value is from 0 to 1"));
                    }
                }
                if choices.len() < 2 {
                    found.push(Problem::new(format!("{at}/choices"), "two choices or more are needed"));
                }
                found
            }
        }
    }

    /// The words of a verdict, worst first for scales.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::PassFail => vec!["pass".into(), "fail".into()],
            Self::Scale(scale) => (scale.min..=scale.max).map(|n| n.to_string()).collect(),
            Self::Choices(choices) => choices.iter().map(|choice| choice.name.clone()).collect(),
        }
    }

    /// The verdict that is worth nearest to a value from 0 to 1, as a judge says it.
    pub fn nearest(&self, value: f64) -> Option<Value> {
        match self {
            Self::PassFail => Some(json!(if value >= 0.5 { "pass" } else { "fail" })),
            Self::Scale(scale) => {
                let (min, max) = (scale.min as f64, scale.max as f64);
                Some(json!((min + value.clamp(0.0, 1.0) * (max - min)).round() as i64))
            }
            Self::Choices(choices) => {
                let distance = |choice: &Choice| choice.value.map(|worth| (worth - value).abs());
                let known = choices.iter().filter_map(|choice| Some((distance(choice)?, choice)));
                let nearest = known.min_by(|(a, _), (b, _)| a.total_cmp(b));
                nearest.map(|(_, choice)| json!(choice.name))
            }
        }
    }

    /// What may be said, for the prompt and for complaints.
    pub fn menu(&self) -> String {
        match self {
            Self::PassFail => "`pass` or `fail`".to_owned(),
            Self::Scale(scale) => format!("a whole number from {} to {}", scale.min, scale.max),
            Self::Choices(choices) => {
                let words: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.name)).collect();
                format!("one of {}", words.join(", "))
            }
        }
    }

    /// What the words mean, a line for each that says so.
    pub fn legend(&self) -> String {
        let lines: Vec<String> = match self {
            Self::PassFail => Vec::new(),
            Self::Scale(scale) => {
                scale.anchors.iter().map(|anchor| format!("{}: {}", anchor.at, anchor.means)).collect()
            }
            Self::Choices(choices) => choices
                .iter()
                .filter_map(|choice| Some(format!("`{}`: {}", choice.name, choice.means.as_ref()?)))
                .collect(),
        };
        lines.join("\n")
    }

    /// The JSON Schema of a verdict.
    pub fn schema(&self) -> Value {
        match self {
            Self::Scale(scale) => json!({"type": "integer", "minimum": scale.min, "maximum": scale.max}),
            Self::PassFail | Self::Choices(_) => json!({"type": "string", "enum": self.words()}),
        }
    }

    /// Reads a verdict, with some patience for how it is written: `"Pass."`, `true`, `"4"`, `4.0`, `Not found`.
    ///
    /// # Errors
    /// What it should have been.
    pub fn read(&self, verdict: &Value) -> Result<Verdict, String> {
        let said = match verdict {
            Value::Bool(flag) if *self == Self::PassFail => if *flag { "pass" } else { "fail" }.to_owned(),
            Value::Number(number) => match number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15) {
                Some(whole) => format!("{whole}"),
                None => number.to_string(),
            },
            Value::String(text) => text.clone(),
            _ => String::new(),
        };
        let words = self.words();
        let known = words.iter().position(|word| folded(word) == folded(&said));
        match known {
            Some(at) if !said.is_empty() => Ok(Verdict { value: self.value(at), label: words[at].clone() }),
            _ => {
                let shown: String = verdict.to_string().chars().take(80).collect();
                Err(format!("`{shown}` is not {}", self.menu()))
            }
        }
    }

    /// What the word at a place is worth.
    pub fn value(&self, at: usize) -> Option<f64> {
        match self {
            Self::PassFail => Some(f64::from(u8::from(at == 0))),
            Self::Scale(scale) => Some(at as f64 / (scale.max - scale.min) as f64),
            Self::Choices(choices) => choices.get(at)?.value,
        }
    }

    /// Whether every value is 0 or 1.
    pub fn is_binary(&self) -> bool {
        (0..self.words().len()).filter_map(|at| self.value(at)).all(|value| value == 0.0 || value == 1.0)
    }
}

/// A word without what people and models vary: case, spaces, punctuation. A sign stays, and so does `_` as a space.
fn folded(word: &str) -> String {
    let word = word.trim();
    let sign = if word.starts_with('-') { "-" } else { "" };
    sign.chars().chain(word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> Shape {
        let choice = |name: &str, value| Choice { name: name.into(), value, means: None };
        Shape::Choices(vec![choice("supported", Some(1.0)), choice("not_found", Some(0.0)), choice("n/a", None)])
    }

    #[test]
    fn verdicts_are_read_as_people_write_them() {
        let value = |shape: &Shape, said: Value| shape.read(&said).map(|verdict| verdict.value).ok();
        assert_eq!(value(&Shape::PassFail, json!(" PASS. ")), Some(Some(1.0)));
        assert_eq!(value(&Shape::PassFail, json!(false)), Some(Some(0.0)));
        assert_eq!(value(&Shape::PassFail, json!("")), None);
        assert_eq!(value(&Shape::PassFail, json!("passable")), None);
        assert_eq!(value(&choices(), json!("Not found")), Some(Some(0.0)));
        assert_eq!(value(&choices(), json!("N/A")), Some(None));
        let scale = Shape::Scale(Scale { min: -1, max: 1, anchors: Vec::new() });
        assert_eq!(value(&scale, json!("-1")), Some(Some(0.0)));
        assert_eq!(value(&scale, json!(1.0)), Some(Some(1.0)));
        assert_eq!(value(&scale, json!(0.5)), None);
        assert_eq!(value(&scale, json!(2)), None);
    }

    #[test]
    fn shapes_that_cannot_be_asked_for_are_refused() {
        let twice = Shape::Choices(vec![
            Choice { name: "A".into(), value: Some(2.0), means: None },
            Choice { name: "a.".into(), value: None, means: None },
        ]);
        let found: Vec<String> = twice.problems("/verdict").iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        let scale = Shape::Scale(Scale { min: 3, max: 3, anchors: Vec::new() });
        assert_eq!(scale.problems("/verdict")[0].at, "/verdict/scale");
    }
}
