//! Parity with the Python reference packages, run live. See `tests/oracle/README.md`.

#[macro_use]
#[path = "../../../../tests/oracle/refusals.rs"]
mod refusals;

mod hostile;
mod integrity;
mod intents;
#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod retrieval;
mod tasks;
mod text;
mod translation;
