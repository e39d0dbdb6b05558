//! What a recogniser is: patterns, a rule that tells real values from look-alikes, and the words around them.

use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::checksum::Checksum;
use crate::detector::Problem;
use crate::kind::{Class, Kind};

/// A recogniser as data: what a policy file adds to the built-in ones.
///
/// ```
/// use assay_privacy::{Detector, Selection};
/// let selection: Selection = serde_json::from_value(serde_json::json!({
///     "recognisers": [{
///         "name": "member number",
///         "kind": "MEMBER_NUMBER",
///         "patterns": [{"regex": "M-[0-9]{8}", "confidence": 0.3}],
///         "checksum": "luhn",
///         "checked": 0.9,
///         "context": ["member", "membership"]
///     }]
/// })).unwrap();
/// let found = Detector::new(&selection).unwrap().detect("my membership is M-79927396");
/// assert!(found.is_empty(), "the check digit is wrong");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// Its name in findings and audit rows.
    pub name: String,
    /// What it finds; a built-in kind or a new one.
    pub kind: Kind,
    /// Country of the identifier, ISO 3166-1 alpha-2; none when it belongs to no country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// At least one.
    pub patterns: Vec<Pattern>,
    /// A rule that every match has to satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Confidence of a match that satisfies the rule, from 0 to 1.
    #[serde(default = "checked_by_default")]
    pub checked: f32,
    /// Words that raise the confidence by 0.35 when one stands within 80 bytes before or 40 after a match, or in the name
    /// of the field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
}

/// A regular expression and what a match of it is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Syntax of the `regex` crate (linear time; no look-around, no back-references). A group named `v` is the value when
    /// the pattern also matches what stands around it.
    pub regex: String,
    /// From 0 to 1, before checksum and context.
    pub confidence: f32,
}

fn checked_by_default() -> f32 {
    0.8
}

/// A built-in recogniser.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) class: Class,
    pub(crate) country: Option<&'static str>,
    /// Patterns with the confidence of a match. Written for ASCII: `\b`, `\d`, `(?i)` and classes are those of ASCII unless
    /// a pattern begins with `(?u)`.
    pub(crate) patterns: &'static [(&'static str, f32)],
    pub(crate) check: Check,
    pub(crate) context: &'static [&'static str],
    /// Words that speak against it: they lower the confidence by 0.4.
    pub(crate) against: &'static [&'static str],
    pub(crate) needs: Needs,
    /// Only the whole value of a field whose name is one of the context words.
    pub(crate) field: bool,
}

impl Builtin {
    pub(crate) const NEW: Self = Self {
        name: "",
        kind: "",
        class: Class::Direct,
        country: None,
        patterns: &[],
        check: Check::None,
        context: &[],
        against: &[],
        needs: Needs::Nothing,
        field: false,
    };
}

/// What a match has to satisfy.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    None,
    /// The rule, and the confidence where it holds. Where it does not, there is no finding.
    Sum(Checksum, f32),
    /// Looks at the match in its text and may shorten it; no finding without a confidence.
    Rule(fn(&mut Candidate<'_>) -> Option<f32>),
    /// No patterns at all: reads the text itself.
    Scan(fn(&str, &mut Vec<Span>)),
}

/// A match before it is a finding.
pub(crate) struct Candidate<'a> {
    pub(crate) text: &'a str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) confidence: f32,
}

impl<'a> Candidate<'a> {
    pub(crate) fn value(&self) -> &'a str {
        &self.text[self.start..self.end]
    }

    pub(crate) fn before(&self) -> &'a str {
        &self.text[..self.start]
    }

    pub(crate) fn after(&self) -> &'a str {
        &self.text[self.end..]
    }
}

/// What a scanner found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) confidence: f32,
}

/// What a text must hold before the patterns are tried: counted or looked up once for all recognisers.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    Nothing,
    /// So many digits with at most two of ` .-/()+` between them.
    Digits(usize),
    /// One of these, in any case.
    Any(&'static [&'static str]),
}

/// A recogniser that is ready to look.
pub(crate) struct Recogniser {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) class: Class,
    pub(crate) patterns: Vec<Compiled>,
    pub(crate) check: Check,
    /// Numbers of its words in the detector's list, sorted.
    pub(crate) context: Vec<u32>,
    pub(crate) against: Vec<u32>,
    pub(crate) any: Vec<u32>,
    pub(crate) digits: usize,
    pub(crate) field: bool,
    /// Without a word around it nothing it finds reaches the detector's confidence.
    pub(crate) needs_context: bool,
}

/// Compiled when it is first needed: a detector of all recognisers starts within a millisecond or two.
pub(crate) struct Compiled {
    source: Source,
    compiled: OnceLock<(Regex, Option<usize>)>,
    pub(crate) confidence: f32,
}

enum Source {
    Builtin(&'static str),
    Checked,
}

/// Bounds the memory of one pattern, of a policy file for example.
const LARGEST_PATTERN: usize = 1 << 20;

impl Compiled {
    pub(crate) fn builtin(pattern: &'static str, confidence: f32) -> Self {
        Self { source: Source::Builtin(pattern), compiled: OnceLock::new(), confidence }
    }

    /// # Errors
    /// What is wrong with the expression.
    pub(crate) fn custom(pattern: &Pattern) -> Result<Self, String> {
        let regex = RegexBuilder::new(&pattern.regex)
            .size_limit(LARGEST_PATTERN)
            .dfa_size_limit(LARGEST_PATTERN)
            .build()
            .map_err(|error| error.to_string())?;
        if regex.is_match("") {
            return Err("it matches nothing at all, so it would be found everywhere".to_owned());
        }
        let compiled = OnceLock::new();
        let _ = compiled.set(with_value(regex));
        Ok(Self { source: Source::Checked, compiled, confidence: pattern.confidence })
    }

    fn regex(&self) -> &(Regex, Option<usize>) {
        self.compiled.get_or_init(|| match self.source {
            Source::Builtin(pattern) => with_value(
                RegexBuilder::new(pattern).unicode(false).build().expect("a test compiles all built-in patterns"),
            ),
            Source::Checked => unreachable!("compiled when it was made"),
        })
    }

    /// Calls `found` with the bytes of each value, which says where the value that it takes ends, or none.
    ///
    /// What begins inside a short match that was not taken is tried too: four digits before a card number look like its
    /// first group.
    pub(crate) fn each(&self, text: &str, mut found: impl FnMut(usize, usize) -> Option<usize>) {
        let (regex, group) = self.regex();
        let mut at = 0;
        while at <= text.len() {
            let (start, end, value) = match group {
                None => match regex.find_at(text, at) {
                    Some(whole) => (whole.start(), whole.end(), whole),
                    None => return,
                },
                Some(group) => match regex.captures_at(text, at) {
                    Some(captures) => {
                        let whole = captures.get_match();
                        (whole.start(), whole.end(), captures.get(*group).unwrap_or(whole))
                    }
                    None => return,
                },
            };
            at = match found(value.start(), value.end()) {
                Some(taken) if group.is_none() => taken.max(start + 1),
                None if group.is_none() && end - start <= SHORT => start + 1,
                _ => end.max(start + 1),
            };
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
    }
}

/// Longest match inside which another may begin: bounds how often a byte is read.
const SHORT: usize = 64;

fn with_value(regex: Regex) -> (Regex, Option<usize>) {
    let group = regex.capture_names().position(|name| name == Some("v"));
    (regex, group)
}

impl Custom {
    /// # Errors
    /// What is wrong, with a pointer that starts at this recogniser.
    pub(crate) fn check(&self, at: &str) -> Result<Vec<Compiled>, Problem> {
        let problem = |part: &str, message: String| Problem { pointer: format!("{at}{part}"), message };
        let confident = |value: f32| (0.0..=1.0).contains(&value);
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            return Err(problem("/name", "a recogniser needs a name of one line".to_owned()));
        }
        if self.patterns.is_empty() {
            return Err(problem("/patterns", "a recogniser needs at least one pattern".to_owned()));
        }
        if !confident(self.checked) {
            return Err(problem("/checked", format!("a confidence lies between 0 and 1, not {}", self.checked)));
        }
        if let Some(at) = self.context.iter().position(|word| word.trim().is_empty()) {
            return Err(problem(&format!("/context/{at}"), "a context word is empty".to_owned()));
        }
        let mut compiled = Vec::new();
        for (index, pattern) in self.patterns.iter().enumerate() {
            if !confident(pattern.confidence) {
                let message = format!("a confidence lies between 0 and 1, not {}", pattern.confidence);
                return Err(problem(&format!("/patterns/{index}/confidence"), message));
            }
            compiled.push(Compiled::custom(pattern).map_err(|message| {
                problem(&format!("/patterns/{index}/regex"), format!("this expression cannot be used: {message}"))
            })?);
        }
        Ok(compiled)
    }
}
