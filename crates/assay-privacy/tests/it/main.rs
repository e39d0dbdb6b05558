//! Integration tests of detection, redaction and the rules of identifiers.

#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;

mod checksums;
