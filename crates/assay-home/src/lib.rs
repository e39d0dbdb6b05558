//! A workspace with its parts open, and what commands and the server do with it.
//!
//! Whoever changes something does so inside [`audit::recorded`], which writes it down. Nothing here prints.

pub mod audit;
pub mod desk;
pub mod evidence;
pub mod exit;
pub mod home;
pub mod judged;
pub mod ladder;
pub mod policies;
pub mod pushed;

use std::path::Path;

use assay_datasets::library;
use assay_engine::{EngineError, git};

pub use desk::Desk;
pub use home::{Against, Home};

/// Whatever can fail here; the binary chooses the exit code from what it is.
pub type Failure = Box<dyn std::error::Error + Send + Sync + 'static>;

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
