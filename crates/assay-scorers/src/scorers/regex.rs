//! `regex`: the answer matches a regular expression.
//!
//! The expression may match anywhere; anchor it with `^` and `$`. The syntax is that of Rust's `regex`, which runs
//! in linear time whatever the answer: no look-around, no back-references.

use ::regex::{Regex as Compiled, RegexBuilder};
use assay_core::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ScoreInput;
use crate::rule::{Rule, Scored};

/// Parameters of `regex`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regex {
    /// The regular expression.
    pub pattern: String,
    #[serde(skip)]
    #[schemars(skip)]
    compiled: std::sync::OnceLock<Result<Compiled, String>>,
}

impl Regex {
    fn compiled(&self) -> &Result<Compiled, String> {
        self.compiled.get_or_init(|| {
            RegexBuilder::new(&self.pattern).size_limit(1 << 22).build().map_err(|error| error.to_string())
        })
    }
}

impl Rule for Regex {
    const NAME: &'static str = "regex";
    const MAIN: &'static str = "pattern";

    fn check(&self) -> Result<(), Problem> {
        self.compiled().as_ref().map(|_| ()).map_err(|error| {
            let last = error.lines().last().unwrap_or(error).trim_start_matches("error: ").to_owned();
            Problem::new("/pattern", format!("not a regular expression: {last}"))
        })
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let compiled = self.compiled().as_ref().map_err(Clone::clone)?;
        Ok(Scored::pass(compiled.is_match(&input.output.text())))
    }
}
