//! Something wrong in a suite, and how to mend it.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A fault found in user input before anything runs. It points into the document by JSON pointer (RFC 6901), so
/// that the reader of the file can turn it into a line and a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer into the document, such as `/targets/0/prompt`; empty for the document itself.
    pub at: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Moves the place under `prefix`, for problems found in a part of a document.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.at.insert_str(0, prefix);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// The candidate closest to `word` (Levenshtein distance at most a third of its length, and at least one): what
/// the user may have meant.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance for short identifiers; texts are compared in `assay-metrics`.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Reads a part of a document as a type, with errors in plain words that point at the place.
///
/// # Errors
/// The first thing that does not fit, with a pointer under `at`.
pub fn read<T: DeserializeOwned>(value: &Value, at: &str) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut place = at.to_owned();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => place.push_str(&format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => place.push_str(&format!("/{}", pointer_step(key))),
                serde_path_to_error::Segment::Enum { variant } => {
                    place.push_str(&format!("/{}", pointer_step(variant)))
                }
                serde_path_to_error::Segment::Unknown => {}
            }
        }
        in_plain_words(&error.into_inner().to_string(), place)
    })
}

/// Turns serde's wording into a sentence and a help.
fn in_plain_words(message: &str, at: String) -> Problem {
    let quoted = |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    for (prefix, what) in [("unknown field ", "key"), ("unknown variant ", "value")] {
        if let Some(rest) = message.strip_prefix(prefix) {
            let words = quoted(rest);
            let (word, known) = words.split_first().map_or(("", &[][..]), |(word, known)| (word.as_str(), known));
            let problem = Problem::new(at, format!("unknown {what} `{word}`"));
            return match did_you_mean(word, known.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => problem,
                None => problem.help(format!("allowed: {}", known.join(", "))),
            };
        }
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return Problem::new(at, format!("{field} is missing"));
    }
    if let Some(rest) = message.strip_prefix("invalid type: ")
        && let Some((found, expected)) = rest.split_once(", expected ")
    {
        return Problem::new(at, format!("expected {}, found {}", plain_type(expected), plain_type(found)));
    }
    if let Some(rest) = message.strip_prefix("invalid value: ")
        && let Some((found, expected)) = rest.split_once(", expected ")
    {
        return Problem::new(at, format!("expected {}, found {}", plain_type(expected), plain_type(found)));
    }
    Problem::new(at, message.to_owned())
}

/// Words of a suite's author instead of Rust's.
fn plain_type(text: &str) -> String {
    let replaced = match text {
        "a sequence" | "sequence" => "a list",
        "map" | "a map" => "a set of keys",
        "a string" => "a text",
        "null" | "unit value" => "nothing",
        "u64" | "u32" | "usize" | "a nonnegative integer" => "a whole number, 0 or more",
        "f64" => "a number",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a set of keys",
        other => other,
    };
    replaced
        .replace("string \"", "the text \"")
        .replace("integer `", "the number `")
        .replace("floating point `", "the number `")
}

/// One step of a JSON pointer, escaped (RFC 6901 §3).
pub fn pointer_step(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("equls", ["equals", "contains"]), Some("equals"));
        assert_eq!(did_you_mean("dataste", ["dataset", "targets"]), Some("dataset"));
        assert_eq!(did_you_mean("zzz", ["equals", "contains"]), None);
    }
}
