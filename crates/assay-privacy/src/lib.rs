//! Personal data and secrets in text: found by pattern, checksum and the words around them, and then redacted, masked,
//! hashed or replaced by tokens that only a key turns back.
//!
//! - [`Detector`] finds: built once from a [`Selection`], then [`Detector::detect`] for a text and
//!   [`Detector::detect_value`] for JSON.
//! - [`Redactor`] acts: built from a [`Policy`] and a [`Key`], then [`Redactor::apply`] and [`Redactor::apply_value`].
//!   Each finding gives a row ([`Applied`]) that never holds what was found.
//! - [`reverse`] and [`reverse_value`] open tokens again, with the key.
//! - [`Checksum`] holds the rules of identifiers, for custom recognisers.
//!
//! There is no model in here. Names of people, places and companies are found as far as titles, introductions, lists and
//! forms go, which is about half of the way; `docs/privacy.md` has the measured share of each kind.
//!
//! No I/O, no clock, no randomness: the same text, policy and key give the same output. Expressions run in linear time and
//! a text's findings are bounded by its length, so hostile text costs what other text costs.

mod checksum;
mod detector;
mod fold;
mod key;
mod kind;
mod placeholder;
mod policy;
mod recogniser;
mod recognisers;
mod redactor;
mod token;
mod walk;

pub use checksum::Checksum;
pub use detector::{Detector, Evidence, Finding, Problem, Selection};
pub use key::{Key, KeyError};
pub use kind::{Class, Kind, NotAKind};
pub use policy::{Action, Policy};
pub use recogniser::{Custom, Pattern};
pub use recognisers::table;
pub use redactor::{Applied, Redactor};
pub use token::{Opened, Reversed, reverse};
pub use walk::{DEEPEST, Located, TooDeep, reverse_value};
