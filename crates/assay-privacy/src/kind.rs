//! What a finding is: a kind of personal data or secret.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of personal data or secret, such as `EMAIL`: capital letters, digits and `_`, of 32 characters at most.
///
/// It is written into texts (`<EMAIL>`), so nothing else may be in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Kind(Cow<'static, str>);

impl Kind {
    /// The kind of that name.
    ///
    /// # Errors
    /// The name, when it is not made of capital letters, digits and `_`, does not begin with a letter, or is longer than
    /// 32 characters.
    pub fn new(name: impl Into<String>) -> Result<Self, NotAKind> {
        let name = name.into();
        if is_name(&name) { Ok(Self(Cow::Owned(name))) } else { Err(NotAKind(name)) }
    }

    /// For the built-in kinds, whose names a test checks.
    pub(crate) const fn builtin(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && !name.ends_with('_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAKind;

    fn try_from(name: String) -> Result<Self, NotAKind> {
        Self::new(name)
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.0.into_owned()
    }
}

impl PartialEq<str> for Kind {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Kind {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// A name that cannot be a kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a kind is made of capital letters, digits and _, begins with a letter and has at most 32 characters: `{0}`")]
pub struct NotAKind(pub String);

/// What a kind tells, and so what is looked for without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Names one person or their account: looked for by default.
    Direct,
    /// Gives access: looked for by default.
    Secret,
    /// Narrows down who somebody is, and is also what ordinary questions are about (a country, a date, a company): looked
    /// for when asked.
    Quasi,
}
