//! Releases: from measurements to a decision that stands up later. Pure: no file, clock or socket is touched here; what is
//! true at the moment is passed in.
//!
//! | module | holds |
//! |---|---|
//! | [`policy`] | policy files: which suites a change must pass, by which rules, and who must agree |
//! | [`paths`] | which kind of change a path is |
//! | [`builtin`] | the policies that come with Assay |
//! | [`verdict`] | the rules of a policy read off stored scores |
//! | [`record`] | a release as what its log adds up to |
//! | [`notice`] | what others are told of a line of its log |
//! | [`decide`] | what keeps a release from being shipped |

pub mod builtin;
pub mod decide;
pub mod notice;
pub mod paths;
pub mod policy;
pub mod record;
pub mod verdict;

pub use decide::{Block, Observed};
pub use policy::{Change, Policy, Requirement, Risk};
pub use record::{Entry, Event, Release};
pub use verdict::{Finding, Measured, Verdict};
