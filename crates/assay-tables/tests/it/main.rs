//! The commands on files.

mod support;

mod agreement;
mod drift;
