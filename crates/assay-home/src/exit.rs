//! Exit codes: one table for every command.

/// The gate passed, or the command did what it was asked.
pub const PASS: u8 = 0;
/// The gate failed.
pub const FAIL: u8 = 1;
/// Wrong usage, suite or data.
pub const USAGE: u8 = 2;
/// The data cannot decide.
pub const INCONCLUSIVE: u8 = 3;
/// Infrastructure: a provider, the disk, the workspace.
pub const INFRASTRUCTURE: u8 = 4;
/// Nothing was selected.
pub const NOTHING: u8 = 5;
/// A budget ended the run before a verdict.
pub const BUDGET: u8 = 6;
/// Stopped by Ctrl-C; what was finished is kept.
pub const INTERRUPTED: u8 = 130;
