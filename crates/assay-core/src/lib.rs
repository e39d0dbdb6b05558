//! The words of Assay as types: what a case, a target's output, a trial, a score and a run are, how they are
//! identified, and how a slice or a gate is written down.
//!
//! No I/O happens here: nothing in this crate reads a file, a clock, an environment variable or a socket. Every
//! other crate speaks in these types, so that a result means the same from the suite file to the report.

pub mod case;
pub mod digest;
pub mod gate;
mod grouped;
pub mod label;
pub mod metric;
pub mod money;
pub mod output;
pub mod permutation;
pub mod problem;
pub mod reduce;
pub mod row;
pub mod run;
pub mod score;
pub mod slice;
pub mod template;
pub mod trial;

pub use case::{Case, Passage};
pub use digest::Digest;
pub use gate::{Gate, GateRule, OnInconclusive};
pub use grouped::grouped;
pub use label::{Drawn, Label};
pub use metric::Metric;
pub use money::Money;
pub use output::{Finish, Output, ToolCall, Usage};
pub use problem::Problem;
pub use reduce::Reducer;
pub use run::{RunId, RunRecord, RunStatus};
pub use score::{Asked, Direction, Score, ScoreKind, ScoreStatus, Silence};
pub use slice::{SliceDecl, SliceExpr};
pub use template::Template;
pub use trial::{ErrorKind, Outcome, Trial, TrialKey};
