//! Acts on what the detector finds.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use crate::detector::{Detector, Evidence, Finding, Problem};
use crate::fold::Folded;
use crate::key::Key;
use crate::kind::Kind;
use crate::placeholder;
use crate::policy::{Action, Policy};
use crate::token;

/// Taking a value out brings a word closer to the next one, which may then be a finding too. Texts that need more rounds
/// than this were made for it.
const ROUNDS: usize = 8;

/// A policy that is ready to act; used from any number of threads.
///
/// ```
/// use assay_privacy::{Key, Policy, Redactor, reverse};
/// let policy: Policy = serde_json::from_value(serde_json::json!({
///     "kinds": {"EMAIL": "tokenise", "CREDIT_CARD": {"mask": {"keep_last": 4}}}
/// })).unwrap();
/// let key = || Key::new(&[7; 32]).unwrap();
/// let redactor = Redactor::new(&policy, Some(key())).unwrap();
/// let text = "Dr. Mary Miller, mary@example.com, card 4111 1111 1111 1111";
/// let (redacted, applied) = redactor.apply(text);
/// assert!(redacted.starts_with("Dr. <PERSON>, tok_EMAIL_"));
/// assert!(redacted.ends_with("card **** **** **** 1111"));
/// assert_eq!(applied.len(), 3);
/// assert!(reverse(&redacted, &key()).text.contains("mary@example.com"));
/// ```
pub struct Redactor {
    detector: Detector,
    policy: Policy,
    key: Option<Key>,
}

/// What was done with one finding: a row of an audit. It never holds the value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    /// Where in a JSON value: `messages[0].content`. Names of fields that are findings themselves are redacted in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The finding is in the name of a field, which is left alone whatever the policy says.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_name: bool,
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the text before.
    pub range: Range<usize>,
    /// Its bytes in the text after.
    pub replaced: Range<usize>,
    /// Which recogniser found it.
    pub recogniser: Arc<str>,
    /// How sure the recogniser is.
    pub confidence: f32,
    /// Why.
    pub evidence: Evidence,
    /// What was done.
    pub action: Action,
    /// Keyed digest of kind and value (32 hexadecimal digits): shows that two rows are about one value, to whoever has
    /// the key. None without a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A finding and what stands in its place.
struct Piece {
    finding: Finding,
    action: Action,
    /// None leaves it as it is.
    replacement: Option<String>,
}

impl Redactor {
    /// Compiles the policy.
    ///
    /// # Errors
    /// What is wrong with the policy, or a key that it needs and does not get.
    pub fn new(policy: &Policy, key: Option<Key>) -> Result<Self, Problem> {
        let detector = Detector::new(&policy.find)
            .map_err(|problem| Problem { pointer: format!("/find{}", problem.pointer), ..problem })?;
        policy.check(&detector.kinds(), key.is_some())?;
        Ok(Self { detector, policy: policy.clone(), key })
    }

    /// What it looks with.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// What it does.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Names the key, if there is one.
    pub fn key_id(&self) -> Option<&str> {
        self.key.as_ref().map(Key::id)
    }

    /// The text with the policy applied, and a row for each finding, in the order of the text.
    ///
    /// Applying it again changes nothing where all actions are redact, hash, tokenise or keep. A text without findings
    /// costs one detection and one copy.
    pub fn apply(&self, text: &str) -> (String, Vec<Applied>) {
        self.apply_field("", text)
    }

    /// [`Redactor::apply`] for the value of a field, whose name counts as a word beside it.
    pub fn apply_field(&self, field: &str, text: &str) -> (String, Vec<Applied>) {
        let mut pieces: Vec<Piece> =
            self.detector.detect_field(field, text).into_iter().map(|finding| self.piece(text, finding)).collect();
        let (mut output, mut places) = write(text, &pieces);
        for _ in 0..ROUNDS {
            if pieces.iter().all(|piece| piece.replacement.is_none()) {
                break;
            }
            let more: Vec<Piece> = self
                .detector
                .detect_field(field, &output)
                .into_iter()
                .filter_map(|finding| {
                    let range = back(&finding.range, &pieces, &places)?;
                    Some(self.piece(text, Finding { range, ..finding }))
                })
                .collect();
            if more.is_empty() {
                break;
            }
            pieces.extend(more);
            pieces.sort_by_key(|piece| piece.finding.range.start);
            (output, places) = write(text, &pieces);
        }
        let applied = pieces
            .into_iter()
            .zip(places)
            .map(|(piece, replaced)| {
                let Piece { finding, action, .. } = piece;
                let digest = self.digest(&finding.kind, &text[finding.range.clone()]);
                Applied {
                    path: None,
                    in_name: false,
                    kind: finding.kind,
                    range: finding.range,
                    replaced,
                    recogniser: finding.recogniser,
                    confidence: finding.confidence,
                    evidence: finding.evidence,
                    action,
                    digest,
                }
            })
            .collect();
        (output, applied)
    }

    /// The keyed digest of a value, if there is a key.
    pub(crate) fn digest(&self, kind: &Kind, value: &str) -> Option<String> {
        self.key.as_ref().map(|key| key.digest(kind, value))
    }

    fn piece(&self, text: &str, finding: Finding) -> Piece {
        let mut action = self.policy.action(&finding.kind);
        let value = &text[finding.range.clone()];
        let redacted = || placeholder::redacted(&finding.kind);
        let replacement = match (action, &self.key) {
            (Action::Keep, _) => None,
            (Action::Redact, _) => Some(redacted()),
            (Action::Mask { keep_last }, _) => Some(mask(value, keep_last)),
            (Action::Hash, Some(key)) => {
                Some(placeholder::hashed(&finding.kind, &key.hash(&finding.kind, &canonical(value))))
            }
            (Action::Tokenise, Some(key)) => Some(token::seal(key, &finding.kind, value).unwrap_or_else(|| {
                // Longer than a token can be: nothing of it stays.
                action = Action::Redact;
                redacted()
            })),
            // A policy that needs a key is not built without one.
            (Action::Hash | Action::Tokenise, None) => Some(redacted()),
            (Action::Drop, _) => {
                let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                let joins = word(text[..finding.range.start].chars().next_back())
                    && word(text[finding.range.end..].chars().next());
                Some(if joins { " ".to_owned() } else { String::new() })
            }
        };
        Piece { finding, action, replacement }
    }
}

/// The text with the pieces in place, and where in it each stands.
fn write(text: &str, pieces: &[Piece]) -> (String, Vec<Range<usize>>) {
    let mut output = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(pieces.len());
    let mut written = 0;
    for Piece { finding, replacement, .. } in pieces {
        output.push_str(&text[written..finding.range.start]);
        let start = output.len();
        output.push_str(replacement.as_deref().unwrap_or(&text[finding.range.clone()]));
        places.push(start..output.len());
        written = finding.range.end;
    }
    output.push_str(&text[written..]);
    (output, places)
}

/// The range in the original of what was found in the output between the pieces; none where it touches one.
fn back(range: &Range<usize>, pieces: &[Piece], places: &[Range<usize>]) -> Option<Range<usize>> {
    let after = places.partition_point(|place| place.end <= range.start);
    if places.get(after).is_some_and(|place| place.start < range.end) {
        return None;
    }
    let moved = |at: usize| match after.checked_sub(1) {
        Some(last) => pieces[last].finding.range.end + (at - places[last].end),
        None => at,
    };
    Some(moved(range.start)..moved(range.end))
}

/// `keep_last` letters and digits stay, at most half of all: a mask that hides nothing is none.
fn mask(value: &str, keep_last: usize) -> String {
    let all = value.chars().filter(|c| c.is_alphanumeric()).count();
    let hidden = all - keep_last.min(all / 2);
    let mut seen = 0;
    value
        .chars()
        .map(|c| {
            if !c.is_alphanumeric() {
                return c;
            }
            seen += 1;
            if seen <= hidden { '*' } else { c }
        })
        .collect()
}

/// One spelling of a value: `4111-1111` and `4111 1111` are one number, `Jane@Example.com` is `jane@example.com`.
fn canonical(value: &str) -> String {
    let folded = Folded::new(value);
    folded.text().chars().filter(|c| !matches!(c, ' ' | '-' | '/' | '(' | ')')).flat_map(char::to_lowercase).collect()
}
