//! A label: what people say of one answer to one case.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Digest, Output};

/// How the items that carry labels were chosen among all that were scored. Only a drawn sample can correct a judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drawn {
    /// By chance, each with the probability that is written beside it, or all with the same.
    Random,
    /// By hand: complaints, failures, whatever was looked at. It says nothing of the rest, and so does an unknown way.
    #[default]
    ByHand,
}

/// One person's (or one panel's) word on one item, as it stands in a line of a file of labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The item, as [`item`] names it. Without it the label is for every answer to `case` by `target`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Digest>,
    /// The case's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The target's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The criterion of the rubric, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<String>,
    /// What was said: true or false, a number of the rubric's scale, or the name of a class.
    pub label: Value,
    /// Who said it; absent when the label is the outcome of several people's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rater: Option<String>,
    /// How the items were chosen.
    #[serde(default)]
    pub drawn: Drawn,
    /// The probability with which this item was drawn, in (0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
}

/// What a person or a judge looks at: an answer to a case, by content, so that the same answer in another run is the
/// same item and keeps its labels.
pub fn item(case: &Digest, output: &Output) -> Digest {
    Digest::of_json(&json!({"case": case, "output": output.value}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_answer_elsewhere_is_the_same_item() {
        let case = Digest::of_bytes(b"case");
        let mut again = Output::text_only("yes");
        again.usage.output_tokens = Some(7);
        assert_eq!(item(&case, &Output::text_only("yes")), item(&case, &again));
        assert_ne!(item(&case, &Output::text_only("yes")), item(&case, &Output::text_only("no")));
    }

    #[test]
    fn a_label_without_a_way_of_drawing_was_chosen_by_hand() {
        let label: Label = serde_json::from_value(json!({"case": "a", "label": true})).expect("a label");
        assert_eq!(label.drawn, Drawn::ByHand);
    }
}
