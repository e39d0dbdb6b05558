//! Suite files: what is evaluated, how often, under which budget, with which gate.
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | YAML text as a value, with the place of every node |
//! | [`suite`] | the suite as types, its defaults and its own rules |
//! | [`diagnostics`] | problems shown at their line and column |
//! | [`schema`] | the JSON Schema for editors |
//! | [`starter`] | what `assay init` writes |

pub mod diagnostics;
pub mod schema;
pub mod source;
pub mod starter;
pub mod suite;

pub use diagnostics::Diagnostics;
pub use source::Source;
pub use suite::{Sample, Suite, Tier};
