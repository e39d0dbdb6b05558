//! A case: one row of a dataset.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::Digest;

/// One row of a dataset: what is asked, what counts as right, and what is known about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Case {
    /// Unique in its dataset; given by the data, else the row number.
    pub id: String,
    /// The named inputs a target may read.
    pub inputs: Map<String, Value>,
    /// What counts as right; never shown to a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// Reference contexts: the passages that hold the answer. `score` is the relevance grade.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<Passage>,
    /// What slices are made of.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Cases of one cluster (a document, a conversation, a template) are not independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Design weight, above zero.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// A case that must not fail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
    /// Outputs recorded earlier, by name, for the `recorded` target.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub recorded: Map<String, Value>,
}

fn one() -> f64 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

/// A passage of text: a reference context of a case or a retrieved context of an output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Passage {
    /// The passage's identity in its collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The passage's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The retriever's score, or the relevance grade in a reference context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

impl Passage {
    /// Reads the forms people write: a text, a number (an id), or an object with `id`, `text` (or `content`,
    /// `context`) and `score` (or `grade`). `None` for anything else.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self { text: Some(text.clone()), ..Self::default() }),
            Value::Number(number) => Some(Self { id: Some(number.to_string()), ..Self::default() }),
            Value::Object(fields) => {
                let text_of = |keys: &[&str]| {
                    keys.iter().find_map(|key| match fields.get(*key) {
                        Some(Value::String(text)) => Some(text.clone()),
                        Some(Value::Number(number)) => Some(number.to_string()),
                        _ => None,
                    })
                };
                let passage = Self {
                    id: text_of(&["id", "doc_id", "document_id"]),
                    text: text_of(&["text", "content", "context", "page_content"]),
                    score: ["score", "grade", "relevance"].iter().find_map(|key| fields.get(*key)?.as_f64()),
                };
                (passage.id.is_some() || passage.text.is_some()).then_some(passage)
            }
            _ => None,
        }
    }

    /// What identifies the passage when two lists are compared: its id, else its text.
    pub fn key(&self) -> &str {
        self.id.as_deref().or(self.text.as_deref()).unwrap_or_default()
    }
}

impl Case {
    /// The digest of what is asked and what counts as right: inputs, expected output and reference contexts. Two
    /// runs are paired, cached and compared by it, so the id, metadata, weight, cluster and recorded outputs are
    /// not part of it: renaming a case or adding a slice key does not make it another question.
    pub fn digest(&self) -> Digest {
        #[derive(Serialize)]
        struct Content<'a> {
            inputs: &'a Map<String, Value>,
            expected: &'a Option<Value>,
            contexts: &'a [Passage],
        }
        Digest::of_json(&Content { inputs: &self.inputs, expected: &self.expected, contexts: &self.contexts })
    }

    /// The digest of everything there is about the case; `content` is its [`Case::digest`]. The version of a dataset is
    /// made of these, so that a renamed case or a new slice key is another version of the same questions.
    pub fn whole_digest(&self, content: Digest) -> Digest {
        #[derive(Serialize)]
        struct Whole<'a> {
            content: Digest,
            id: &'a str,
            metadata: &'a Map<String, Value>,
            cluster: &'a Option<String>,
            weight: f64,
            critical: bool,
            recorded: &'a Map<String, Value>,
        }
        Digest::of_json(&Whole {
            content,
            id: &self.id,
            metadata: &self.metadata,
            cluster: &self.cluster,
            weight: self.weight,
            critical: self.critical,
            recorded: &self.recorded,
        })
    }

    /// The digest of the `occurrence`-th case (from 1) with this content in one dataset: repeated content is kept
    /// as separate cases, so that a dataset with duplicates still pairs one to one.
    pub fn repeated_digest(content: Digest, occurrence: u64) -> Digest {
        Digest::of_json(&json!({"content": content, "occurrence": occurrence}))
    }

    /// The variables a target's template may read: the inputs by name, `inputs`, `metadata` and `case_id`. The
    /// expected output and reference contexts are left out on purpose: a target that sees them is not tested.
    pub fn target_variables(&self) -> Map<String, Value> {
        let mut variables = self.inputs.clone();
        variables.insert("inputs".into(), Value::Object(self.inputs.clone()));
        variables.insert("metadata".into(), Value::Object(self.metadata.clone()));
        variables.insert("case_id".into(), Value::String(self.id.clone()));
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, question: &str) -> Case {
        let mut case = Case { id: id.into(), weight: 1.0, ..Case::default() };
        case.inputs.insert("question".into(), json!(question));
        case
    }

    #[test]
    fn a_digest_depends_on_content_alone() {
        let mut renamed = case("b", "why?");
        renamed.metadata.insert("language".into(), json!("en"));
        renamed.recorded.insert("output".into(), json!("because"));
        assert_eq!(case("a", "why?").digest(), renamed.digest());
        assert_ne!(case("a", "why?").digest(), case("a", "how?").digest());
    }

    #[test]
    fn a_target_never_sees_the_expected_output() {
        let mut case = case("a", "why?");
        case.expected = Some(json!("because"));
        case.contexts.push(Passage { text: Some("gold".into()), ..Passage::default() });
        let text = serde_json::to_string(&case.target_variables()).unwrap();
        assert!(!text.contains("because") && !text.contains("gold"));
    }

    #[test]
    fn passages_are_read_from_the_forms_people_write() {
        assert_eq!(Passage::from_value(&json!("t")).unwrap().text.as_deref(), Some("t"));
        assert_eq!(Passage::from_value(&json!(184)).unwrap().key(), "184");
        let full = Passage::from_value(&json!({"id": "d1", "page_content": "t", "score": 2})).unwrap();
        assert_eq!((full.id.as_deref(), full.text.as_deref(), full.score), (Some("d1"), Some("t"), Some(2.0)));
        assert!(Passage::from_value(&json!({"x": 1})).is_none());
        assert!(Passage::from_value(&json!(null)).is_none());
    }
}
