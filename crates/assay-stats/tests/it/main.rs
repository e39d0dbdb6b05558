//! Parity with scipy, statsmodels and their like, run live. See `tests/oracle/README.md`.

mod agreement;
mod bars;
mod error_bars;
mod judges;
mod online;
#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod samples;
mod special;
