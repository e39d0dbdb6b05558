//! Intervals, tests, power, multiplicity and verdicts. Pure functions on slices of numbers: no I/O, no clock, and
//! no randomness but from seeded streams.
//!
//! | module | holds |
//! |---|---|
//! | [`special`] | normal, t and beta distributions, accurate in the tails |
//! | [`mean`] | CR2 cluster-robust means with Bell–McCaffrey degrees of freedom, intra-class correlation |
//! | [`proportion`] | Wilson, Clopper–Pearson, Jeffreys, clustered Wilson, Newcombe, Miettinen–Nurminen |
//! | [`paired`] | Tango, Bonett–Price, McNemar, sign-flip, the plus-two guard |
//! | [`quantile`] | order-statistic and bootstrap intervals |
//! | [`rank`] | Wilcoxon, Hodges–Lehmann, effect sizes |
//! | [`correlation`] | Pearson, Spearman, Kendall, dependent correlations |
//! | [`jackknife`], [`bootstrap`] | intervals for statistics that are no means |
//! | [`calibration`] | judges corrected by labels: double sampling, PPI++, Rogan–Gladen; isotonic, Platt, conformal |
//! | [`agreement`] | Krippendorff's α, κ family, Gwet's AC, intra-class correlations |
//! | [`judges`] | alt-test, biases, differential error, abstention, calibration error, grades of judges |
//! | [`raters`] | Dawid–Skene, MACE, severity, gold accuracy, Spearman–Brown |
//! | [`design`] | who rates what, how many items, ratings and gold items; raters who do not read |
//! | [`arena`] | Bradley–Terry, Davidson, Rao–Kupper with sandwich intervals |
//! | [`items`], [`irt`] | item analysis, saturation; Rasch, 1PL and 2PL |
//! | [`holdout`], [`anchor`] | Ladder, looks, canaries, dose; difference estimators from past runs |
//! | [`sequential`] | group-sequential boundaries, e-values, confidence sequences |
//! | [`online`] | sample ratio, CUPED, Lin, ratios, lift, A/A checks |
//! | [`quasi`] | difference in differences, weighting, off-policy estimates, interleaving |
//! | [`drift`] | distances and tests of two samples, control charts, change detectors, seasons, samples of a stream |
//! | [`power`] | sample sizes, detectable effects, exact power |
//! | [`slices`] | shrinkage, the worst slice, the winner's curse, slice discovery |
//! | [`forecasts`] | Diebold–Mariano |
//! | [`passk`] | pass@k and pass^k |
//! | [`multiplicity`] | Holm, Hochberg, Hommel, BH, BY, max-T |
//! | [`estimate`], [`difference`], [`corrected`], [`verdict`] | the decision tables: which interval, which verdict |
//!
//! Undefined is `None` with a [`Reason`], never 0 or 1. What an argument may not be is refused: `None`, or an error that
//! names it. NaN comes only from the functions of real numbers in [`special`], outside of their domains, and stands for
//! tests that are none in the lists of [`multiplicity`].

pub mod agreement;
pub mod anchor;
pub mod arena;
pub mod bootstrap;
pub mod calibration;
pub mod corrected;
pub mod correlation;
pub mod design;
pub mod difference;
pub mod drift;
pub mod estimate;
pub mod forecasts;
pub mod holdout;
pub mod irt;
pub mod items;
pub mod jackknife;
pub mod judges;
mod linear;
pub mod mean;
pub mod multiplicity;
pub mod online;
pub mod paired;
pub mod passk;
pub mod power;
pub mod proportion;
pub mod quantile;
pub mod quasi;
pub mod rank;
pub mod raters;
pub mod sequential;
pub mod slices;
pub mod special;
pub mod verdict;

/// An argument that breaks a rule of a method: the words say which and how.
///
/// # Examples
/// ```
/// let refused = assay_stats::online::sample_ratio(&[10], &[1.0]).unwrap_err();
/// assert_eq!(refused.to_string(), "there must be two arms or more, each with a count and a share");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(pub &'static str);

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Invalid {}

impl From<Invalid> for String {
    fn from(refused: Invalid) -> Self {
        refused.0.to_owned()
    }
}

pub use corrected::{Correction, Judged, Uncorrected, corrected_difference, corrected_level};
pub use difference::{Difference, Pair, corpus_difference, difference, unpaired_difference, unpaired_difference_of};
pub use estimate::{Corpus, Estimate, Interval, Item, Kind, Method, Reason, corpus_level, level, level_of};
pub use verdict::{Guards, Verdict, VerdictKind, Wording, level_verdict, no_regression};
