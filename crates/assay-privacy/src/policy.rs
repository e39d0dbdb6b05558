//! What is done with each kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::detector::{Problem, Selection};
use crate::kind::Kind;

/// What is done with a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Reported and left as it is.
    #[serde(alias = "detect")]
    Keep,
    /// Replaced by its kind: `<EMAIL>`.
    Redact,
    /// Letters and digits replaced by `*`; what stands between them stays.
    Mask {
        /// So many letters and digits at the end stay, at most half of them.
        #[serde(default)]
        keep_last: usize,
    },
    /// Replaced by a keyed hash (HMAC-SHA-256): equal values stay equal, nobody gets back, not even with the key but by
    /// trying values.
    Hash,
    /// Replaced by a token from which the key gets the value back; equal values stay equal.
    #[serde(alias = "tokenize")]
    Tokenise,
    /// Taken out.
    Drop,
}

impl Action {
    /// Whether it needs a key.
    pub fn needs_key(self) -> bool {
        matches!(self, Self::Hash | Self::Tokenise)
    }

    /// Its name in policies and audit rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Redact => "redact",
            Self::Mask { .. } => "mask",
            Self::Hash => "hash",
            Self::Tokenise => "tokenise",
            Self::Drop => "drop",
        }
    }
}

/// What is looked for and what is done with it, as data.
///
/// ```
/// use assay_privacy::{Action, Policy};
/// let policy: Policy = serde_json::from_value(serde_json::json!({
///     "find": {"also": ["LOCATION"], "countries": ["US", "GB"]},
///     "default": "redact",
///     "kinds": {"CREDIT_CARD": {"mask": {"keep_last": 4}}, "EMAIL": "tokenise"}
/// })).unwrap();
/// assert_eq!(policy.action(&"EMAIL".to_owned().try_into().unwrap()), Action::Tokenise);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What is looked for.
    pub find: Selection,
    /// What is done with kinds that `kinds` does not name.
    pub default: Action,
    /// What is done with these.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<Kind, Action>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { find: Selection::default(), default: Action::Redact, kinds: BTreeMap::new() }
    }
}

impl Policy {
    /// What is done with a kind.
    pub fn action(&self, kind: &Kind) -> Action {
        self.kinds.get(kind).copied().unwrap_or(self.default)
    }

    /// Whether any of its actions needs a key.
    pub fn needs_key(&self) -> bool {
        self.default.needs_key() || self.kinds.values().any(|action| action.needs_key())
    }

    /// # Errors
    /// An action for a kind that is never found, or one that needs the key that there is not.
    pub(crate) fn check(&self, found: &[Kind], key: bool) -> Result<(), Problem> {
        let keyless = |pointer: String, action: Action| Problem {
            pointer,
            message: format!("`{}` needs a key; make one with `openssl rand -hex 32`", action.name()),
        };
        if self.default.needs_key() && !key {
            return Err(keyless("/default".to_owned(), self.default));
        }
        for (kind, action) in &self.kinds {
            let pointer = format!("/kinds/{kind}");
            if action.needs_key() && !key {
                return Err(keyless(pointer, *action));
            }
            if !found.contains(kind) {
                let message = format!(
                    "this policy does not look for `{kind}`: add it to find.also, or take the action out (it looks for {})",
                    found.iter().map(Kind::as_str).collect::<Vec<_>>().join(", ")
                );
                return Err(Problem { pointer, message });
            }
        }
        Ok(())
    }
}
