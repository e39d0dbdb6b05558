//! A workspace with its parts open, and what commands and the server do with it.
//!
//! Whoever changes something does so inside [`audit::recorded`], which writes it down. Nothing here prints.

pub mod audit;
pub mod calibration;
pub mod datasets;
pub mod desk;
pub mod evidence;
pub mod exit;
pub mod home;
pub mod imports;
pub mod judged;
pub mod ladder;
pub mod policies;
pub mod probes;
pub mod programs;
pub mod project;
pub mod pushed;
pub mod rateable;
pub mod redaction;

use std::path::Path;

use assay_datasets::library;
use assay_engine::{EngineError, git};
use tokio::runtime::{Handle, RuntimeFlavor};

pub use desk::Desk;
pub use home::{Against, Candidate, Home};

/// Whatever can fail here; the binary chooses the exit code from what it is.
pub type Failure = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Does what waits for a disk, a lock or another process, while the runtime's other tasks go on elsewhere.
pub fn waiting<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // Nobody else is there to go on.
        _ => work(),
    }
}

/// Wrong usage: the fix is in the message.
pub fn usage(message: String) -> Failure {
    EngineError::Usage(message).into()
}

/// Somebody else was quicker: what was to be changed is no longer as it was looked at.
#[derive(Debug)]
pub struct Conflict(pub String);

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Conflict {}

/// The name of whoever uses this machine: ASSAY_USER, the address that git knows, or the account's name. Nothing proves it.
pub fn person() -> String {
    let set = std::env::var("ASSAY_USER").is_ok_and(|name| !name.trim().is_empty());
    let address = || git::answer(Path::new("."), &["config", "user.email"]).filter(|address| !address.is_empty());
    match set {
        true => library::who(),
        false => address().unwrap_or_else(library::who),
    }
}
