//! Parity with the Python reference packages, run live. See `tests/oracle/README.md`.

mod integrity;
#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod tasks;
mod text;
mod translation;
