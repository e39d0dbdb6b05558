//! Drift and monitoring: has the data changed, and when?
//!
//! | module | holds |
//! |---|---|
//! | [`distribution`] | two samples of one column: PSI, KS, χ², G, Anderson–Darling, Jensen–Shannon, Wasserstein, Hellinger |
//! | [`chart`] | CUSUM, EWMA and Shewhart charts designed from the wanted false alarm rate |
//! | [`change`] | Page–Hinkley, ADWIN, DDM and KSWIN on a stream |
//! | [`detector`] | backtests: false alarms and delay by replay with injected shifts |
//! | [`season`] | STL and MSTL, robust scores of what is left; missing stays missing |
//! | [`embedding`] | MMD and a domain classifier on vectors |
//! | [`sample`] | which cases of a stream to judge, and what they say of all |
//!
//! Undefined is an error with its reason, never 0 or 1.

pub mod change;
pub mod chart;
pub mod detector;
pub mod distribution;
pub mod embedding;
pub mod sample;
pub mod season;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// A sample has too few values.
    TooFew,
    /// A value is NaN or infinite.
    NotFinite,
    /// All values are equal.
    Constant,
    /// Samples that go together differ in length or width.
    Lengths,
    /// A setting is out of its range; the name says which.
    Setting(&'static str),
}

impl std::fmt::Display for Undefined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFew => write!(f, "there are too few values"),
            Self::NotFinite => write!(f, "a value is not a finite number"),
            Self::Constant => write!(f, "all values are equal"),
            Self::Lengths => write!(f, "the samples differ in length or width"),
            Self::Setting(name) => write!(f, "`{name}` is out of its range"),
        }
    }
}

impl std::error::Error for Undefined {}

fn finite(values: &[f64], least: usize) -> Result<(), Undefined> {
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if values.len() < least { Err(Undefined::TooFew) } else { Ok(()) }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().map(|v| v + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
