//! Parity with scipy, statsmodels and their like, run live. See `tests/oracle/README.md`.

#[macro_use]
#[path = "../../../../tests/oracle/refusals.rs"]
mod refusals;

mod agreement;
mod bars;
mod coverage;
mod definitions;
mod design;
mod drift;
mod error_bars;
mod hostile;
mod integrity;
mod judges;
mod online;
#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod people;
mod samples;
mod slices;
mod special;
