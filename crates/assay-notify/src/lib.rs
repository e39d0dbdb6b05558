//! Tells others what happened: events of the outbox (`assay-store`) to the endpoints of a reviewed file.
//!
//! | module | holds |
//! |---|---|
//! | [`file`] | `notify.yaml`: who is told of what, checked with line and column |
//! | [`deliver`] | from the outbox to the endpoints: leases, order, retries, dead letters |
//! | [`message`] | an event in words, for people |
//! | [`sign`] | signatures of Standard Webhooks |
//! | [`connectors`] | each kind of endpoint, one file each |
//!
//! Every text of an event may come from outside: each connector makes it harmless in its own format. Only hosts that stand
//! in the file are called, through the one HTTP client of `assay-models`.

pub mod connectors;
pub mod deliver;
pub mod file;
pub mod message;
pub mod sign;

pub use deliver::{Delivered, Documents, Failure, NoDocuments, Terms, deliver, test};
pub use file::{Endpoint, Kind, Notify};
