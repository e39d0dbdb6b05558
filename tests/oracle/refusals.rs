//! Asks public functions what they cannot answer, and collects every answer that is none of a refusal.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What was answered wrongly; shown, all of it, at the end of the test.
#[derive(Default)]
pub struct Answers(Vec<String>);

impl Answers {
    /// Checks an answer, and that there is one.
    pub fn ask(&mut self, call: &str, answer: impl FnOnce() -> String, fits: fn(&str) -> bool) {
        let answer = catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| "a panic".into());
        if !fits(&answer) {
            self.0.push(format!("{call}: {answer}"));
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
        }
    }
}

/// Each call is answered by `None` or an error.
macro_rules! refuse {
    ($($call:expr;)+) => {
        let mut answers = crate::refusals::Answers::default();
        $(answers.ask(stringify!($call), || format!("{:?}", $call), |a| a.starts_with("None") || a.starts_with("Err("));)+
    };
}

/// Each call has an answer without NaN.
macro_rules! answer {
    ($($call:expr;)+) => {
        let mut answers = crate::refusals::Answers::default();
        $(answers.ask(stringify!($call), || format!("{:?}", $call), |a| !a.contains("NaN") && !a.contains("panic"));)+
    };
}
