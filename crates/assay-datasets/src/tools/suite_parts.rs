//! The parts of a suite that another tool's file holds, as a suite's text.

use serde_json::{Map, Value, json};

use crate::yaml;

/// Prompts, models and checks that a suite can take over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SuiteParts {
    /// A name for the suite.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Prompts as the file has them, in the tool's own template language (Jinja or Nunjucks).
    pub prompts: Vec<String>,
    /// Targets as a suite writes them; empty when the file names none that Assay can call.
    pub targets: Vec<Value>,
    /// Scorers as a suite writes them.
    pub scorers: Vec<Value>,
    /// The dataset that a task file points at (a path, or a hub's name), where it is not in the file itself.
    pub dataset: Option<String>,
}

impl SuiteParts {
    /// The suite's YAML text over a dataset at `path`. Without targets of its own it scores recorded outputs; without
    /// scorers it begins with `equals`.
    pub fn text(&self, path: &str) -> String {
        self.over(json!(path))
    }

    /// As [`SuiteParts::text`], over a stored dataset such as `qa@3`.
    pub fn over_stored(&self, dataset: &str) -> String {
        self.over(json!({"dataset": dataset}))
    }

    fn over(&self, dataset: Value) -> String {
        let mut suite = Map::new();
        suite.insert("suite".into(), json!(slug(&self.name)));
        if let Some(description) = &self.description {
            suite.insert("description".into(), json!(description));
        }
        suite.insert("dataset".into(), dataset);
        let recorded = [json!({"recorded": "output"})];
        let targets = if self.targets.is_empty() { &recorded[..] } else { &self.targets };
        suite.insert("targets".into(), json!(targets));
        let equals = [json!("equals")];
        let scorers = if self.scorers.is_empty() { &equals[..] } else { &self.scorers };
        suite.insert("scorers".into(), json!(scorers));
        let mut text = String::new();
        if self.targets.is_empty() {
            for prompt in &self.prompts {
                text.push_str("# A prompt that the file holds:\n");
                for line in prompt.lines() {
                    text.push_str(&format!("#   {}\n", line.replace(|c: char| c.is_control(), " ")));
                }
            }
        }
        text + &yaml::text(&Value::Object(suite))
    }

    /// Adds a scorer unless the very same one is there.
    pub(crate) fn scorer(&mut self, scorer: Value) {
        if !self.scorers.contains(&scorer) {
            self.scorers.push(scorer);
        }
    }
}

/// A text as a suite's name: lowercase letters, digits, `.`, `_`, `-`, at most 60 of them.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.' {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == 60 {
            break;
        }
    }
    let slug = slug.trim_matches(['-', '.', '_']).to_owned();
    if slug.is_empty() { "imported".to_owned() } else { slug }
}
