//! `citation`: the answer cites its contexts, as `[1]` or `[context-id]`.
//!
//! Passes when the answer holds at least one citation and every citation names a retrieved context: a number from
//! 1 to their count, or an id.

use std::sync::LazyLock;

use ::regex::Regex;
use assay_core::Passage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// `citation` has no parameters.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Citation {}

static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([^\[\]\n]{1,200})\]").expect("a constant expression that a test compiles"));

/// What an answer cites, in order: each number or id between square brackets, several apart by commas.
pub(crate) fn marks(answer: &str) -> Vec<String> {
    let all = MARK.captures_iter(answer);
    all.flat_map(|found| found[1].split(',').map(str::trim).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The place of the context that a mark names: a number from 1 to their count, or an id.
pub(crate) fn named(mark: &str, contexts: &[Passage]) -> Option<usize> {
    let number = mark.parse::<usize>().ok().filter(|n| (1..=contexts.len()).contains(n));
    number.map(|n| n - 1).or_else(|| contexts.iter().position(|context| context.id.as_deref() == Some(mark)))
}

impl Rule for Citation {
    const NAME: &'static str = "citation";
    const MAIN: &'static str = "value";

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let contexts = input.output.contexts.as_ref().ok_or("the target reported no contexts")?;
        let answer = input.output.text();
        let mut cited = 0;
        for mark in marks(&answer) {
            cited += 1;
            if named(&mark, contexts).is_none() {
                return Ok(Scored::pass(false).because(format!("`[{mark}]` names no retrieved context")));
            }
        }
        Ok(Scored::pass(cited > 0).because(format!("{cited} citations")))
    }
}
