//! Parity with the Python reference packages, run live. See `tests/oracle/README.md`.

#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
mod retrieval;
mod tasks;
mod text;
