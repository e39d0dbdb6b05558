//! Statistics and metrics on tables from elsewhere: the commands of `assay stats`, one file each.
//!
//! A command reads numbers from its arguments or columns from files ([`Table`]) and gives an [`Answer`], which the
//! binary prints as text or as JSON. Nothing here knows a workspace or a run.

mod answer;
mod commands;
mod table;

pub use answer::{Answer, Failure};
pub use commands::Command;
pub use table::Table;
