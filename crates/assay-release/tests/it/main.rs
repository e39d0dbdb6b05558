//! The laws of releases, and the rules of policies on scores.

mod judging;
mod laws;
