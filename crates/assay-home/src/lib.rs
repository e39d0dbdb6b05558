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
pub mod probes;
pub mod programs;
pub mod rateable;

use assay_engine::EngineError;

pub use desk::Desk;
pub use home::{Against, Home};

/// Whatever can fail here; the binary chooses the exit code from what it is.
pub type Failure = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Wrong usage: the fix is in the message.
pub fn usage(message: String) -> Failure {
    EngineError::Usage(message).into()
}
