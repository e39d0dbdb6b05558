//! Parity with scipy, statsmodels and their like, run live. See `tests/oracle/README.md`.

mod error_bars;
mod judges;
#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod samples;
