//! From stored scores to estimates, comparisons, slices and verdicts. Synchronous, no I/O.
//!
//! | module | holds |
//! |---|---|
//! | [`scores`] | a run's scores by case: epochs averaged inside the case, what is missing kept apart |
//! | [`cases`] | the cases of a run, column by column |
//! | [`summary`] | one run: a level with its interval for each target, scorer and slice |
//! | `corpus` | metrics that are no mean of the cases' values: macro F1, corpus BLEU, the area under the ROC curve |
//! | [`compare`] | candidate against baseline, paired by case |
//! | [`gate`] | the rules of a suite read off the intervals |
//! | [`worst`] | the level of the worst slice, all slices together |

pub mod cases;
pub mod compare;
mod corpus;
pub mod gate;
pub mod scores;
pub mod summary;
pub mod worst;

pub use compare::{Comparison, compare};
pub use gate::{GateReport, evaluate, evaluate_all};
pub use scores::{Arm, BaselineScores, Fill, RunScores};
pub use summary::{Summary, summarize};
