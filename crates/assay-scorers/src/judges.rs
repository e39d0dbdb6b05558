//! What judges are made of: files that say what is asked and how a verdict counts, and the machinery around the calls.
//!
//! A judge is a file ([`file`]); the built-in ones are files too. [`subject`] is what a judge sees of a trial, [`prompt`]
//! fences it, [`reply`] reads what comes back, [`ask`] makes the calls, [`procedure`] goes from questions to an opinion,
//! [`jury`] from opinions to a value, [`panel`] asks juries and cascades, [`canary`] looks for content that steers the judge,
//! [`tuning`] knows what may be changed about a judge, and [`write`] writes it down.

pub mod ask;
pub mod canary;
pub mod claims;
pub mod file;
pub mod jury;
pub mod panel;
pub mod procedure;
pub mod prompt;
pub mod reply;
pub mod subject;
pub mod tuning;
pub mod verdict;
pub mod write;

pub use file::{JudgeFile, builtin, builtins};

/// Raised when what surrounds the files changes: fences, instructions, the reading of replies, how verdicts add up.
pub const VERSION: u32 = 3;
