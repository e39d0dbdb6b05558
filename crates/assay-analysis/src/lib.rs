//! From stored scores to estimates, comparisons, slices and verdicts. Synchronous, no I/O.
//!
//! | module | holds |
//! |---|---|
//! | [`scores`] | a run's scores by case: epochs averaged inside the case, what is missing kept apart |
//! | [`cases`] | the cases of a run, column by column |
//! | [`summary`] | one run: a level with its interval for each target, scorer and slice |
//! | `corpus` | metrics that are no mean of the cases' values: macro F1, corpus BLEU, the area under the ROC curve |
//! | [`compare`] | candidate against baseline, paired by case |
//! | [`conduct`] | what stands behind judges' values: repeats that differ, juries, cascades, canaries |
//! | [`control`] | a run over a part of the cases, helped by an earlier run over all of them |
//! | [`gate`] | the rules of a suite read off the intervals |
//! | [`jury`] | several judges on the same answers: labels that weigh them, how many independent ones they are |
//! | [`labels`] | what people said, on a judge's scale |
//! | [`certificate`] | a judge against people: agreement, errors, bias, grade |
//! | [`judged`] | a judge's levels and differences corrected by labels |
//! | [`standing`] | what a certificate is worth today |
//! | [`worst`] | the level of the worst slice, all slices together |

pub mod cases;
pub mod certificate;
pub mod compare;
pub mod conduct;
pub mod control;
mod corpus;
pub mod gate;
pub mod judged;
pub mod jury;
pub mod labels;
pub mod scores;
pub mod standing;
pub mod summary;
pub mod worst;

pub use certificate::{Calibrating, Certificate};
pub use compare::{Comparison, compare};
pub use conduct::Conduct;
pub use gate::{GateReport, evaluate, evaluate_all};
pub use judged::Calibration;
pub use scores::{Arm, BaselineScores, Fill, RunScores};
pub use standing::{Standing, standing};
pub use summary::{Summary, summarize};
