//! What an import or export could not keep.

use std::collections::BTreeMap;
use std::fmt;

/// Something that could not be kept, or not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What.
    pub what: String,
    /// Where it was: a field or a file.
    pub where_: String,
    /// How often.
    pub count: u64,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}×): {}", self.where_, self.count, self.what)
    }
}

/// Counts by what and where.
#[derive(Debug, Default)]
pub(crate) struct Losses(BTreeMap<(String, String), u64>);

/// The most different losses: names of fields come from the file, and a hostile one has many.
const MOST: usize = 1000;

impl Losses {
    pub(crate) fn add(&mut self, what: &str, where_: &str, count: u64) {
        if count == 0 {
            return;
        }
        let key = (what.to_owned(), where_.to_owned());
        let key =
            if self.0.len() < MOST || self.0.contains_key(&key) { key } else { (what.to_owned(), "…".to_owned()) };
        *self.0.entry(key).or_default() += count;
    }

    pub(crate) fn list(self) -> Vec<Lost> {
        self.0.into_iter().map(|((what, where_), count)| Lost { what, where_, count }).collect()
    }
}
