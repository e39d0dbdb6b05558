//! The scorer registry.
//!
//! Each scorer is one file under [`scorers`]: its documentation, its parameters, an example that a test runs. Adding
//! one is adding a file and a line in [`registry::kinds`]. A scorer gives a value, or says why it cannot
//! (`unscored`), or fails (`error`); it never turns a failure into a low score.

pub mod input;
pub mod judges;
pub mod param;
pub mod registry;
pub mod rule;
pub mod scorers;
mod user;

pub use input::ScoreInput;
pub use registry::{Declared, ScorerContext, ScorerKind, build, catalogue, kinds, schema};
pub use rule::{Asks, Scored, Scorer};
