//! Parity with the Python reference packages, run live. See `tests/oracle/README.md`.

mod integrity;
#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod retrieval;
mod tasks;
mod text;
mod translation;
