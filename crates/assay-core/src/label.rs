//! A label: what people say of one answer to one case.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Digest, Output};

/// How the items that carry labels were chosen among all that were scored. Only a drawn sample can correct a judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// When it was said, in microseconds since the Unix epoch; a time such as `2026-11-30T12:00:00Z` or a day in files.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment")]
    pub labelled: Option<i64>,
}

/// A time in a file of labels.
mod moment {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use time::format_description::well_known::Rfc3339;
    use time::macros::format_description;
    use time::{Date, OffsetDateTime};

    #[allow(clippy::ref_option, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(time: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
        let text = time.and_then(|us| {
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(us) * 1000).ok()?.format(&Rfc3339).ok()
        });
        text.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let day = format_description!("[year]-[month]-[day]");
        let time = OffsetDateTime::parse(&text, &Rfc3339)
            .or_else(|_| Date::parse(&text, &day).map(|day| day.midnight().assume_utc()));
        let time =
            time.map_err(|_| D::Error::custom("`labelled` must be a day or a time: 2026-11-30, 2026-11-30T12:00:00Z"))?;
        Ok(i64::try_from(time.unix_timestamp_nanos() / 1000).ok())
    }
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
    fn the_time_of_a_label_is_a_day_or_a_time() {
        let read = |text: &str| serde_json::from_value::<Label>(json!({"case": "a", "label": 1, "labelled": text}));
        let day = read("2026-11-30").expect("a day");
        assert_eq!(day.labelled, Some(1_795_996_800_000_000));
        assert_eq!(read("2026-11-30T02:00:00+02:00").expect("a time"), day);
        assert_eq!(serde_json::to_value(&day).expect("JSON")["labelled"], "2026-11-30T00:00:00Z");
        assert!(read("yesterday").unwrap_err().to_string().contains("a day or a time"));
    }

    #[test]
    fn a_label_without_a_way_of_drawing_was_chosen_by_hand() {
        let label: Label = serde_json::from_value(json!({"case": "a", "label": true})).expect("a label");
        assert_eq!(label.drawn, Drawn::ByHand);
    }
}
