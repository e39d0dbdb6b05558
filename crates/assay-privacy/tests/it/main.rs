//! Integration tests of detection, redaction and the rules of identifiers.

#[path = "../../../../benches/privacy/generated.rs"]
mod generated;
#[path = "../../../../tests/oracle/oracle.rs"]
mod oracle;
#[path = "../../../../benches/privacy/peer.rs"]
mod peer_tool;
#[path = "../../../../benches/privacy/quality.rs"]
mod quality;

mod checksums;
mod detect;
mod hostile;
mod peer;
mod redact;
mod reference;
