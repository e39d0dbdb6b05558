//! Figures of a corpus with their jackknife intervals.

use assay_metrics::corpus::{Counts, Figure, Row};
use assay_stats::{Corpus, Estimate, Method, corpus_level};
use pyo3::prelude::*;

use super::{invalid, nan};
use crate::arrays::{groups, same_length};

/// Value, standard error, the interval's ends, cases, groups, how the interval was made or why there is none.
pub type Level = (f64, f64, f64, f64, usize, usize, String);

/// What is left out together: each case, or the cases of a group.
pub struct Cases {
    n: usize,
    groups: Option<Vec<u32>>,
    confidence: f64,
}

impl Cases {
    /// # Errors
    /// `ValueError` for groups of another length and a confidence that is not between 0 and 1.
    pub fn new(name: &str, n: usize, groups_of: Option<&Bound<'_, PyAny>>, confidence: f64) -> PyResult<Self> {
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(invalid(format!("confidence is {confidence}: it must be between 0 and 1")));
        }
        let groups = groups("groups", groups_of)?;
        if let Some(groups) = &groups {
            same_length((name, n), ("groups", groups.len()))?;
        }
        Ok(Self { n, groups, confidence })
    }

    fn rows<'a, C: AsRef<[f64]>>(&self, counts: &'a [C]) -> Vec<Row<'a>> {
        let group = |at: usize| self.groups.as_ref().map_or(at, |groups| groups[at] as usize);
        counts
            .iter()
            .enumerate()
            .map(|(at, counts)| Row { group: group(at), weight: 1.0, counts: counts.as_ref() })
            .collect()
    }

    /// The level of a metric with its interval; `range` is the metric's.
    pub fn level<C: AsRef<[f64]>>(
        &self,
        counts: &[C],
        range: Option<(f64, f64)>,
        figure: impl FnOnce(&[Row<'_>]) -> Figure,
    ) -> Level {
        let Figure { value, left_out } = figure(&self.rows(counts));
        let groups = left_out.len();
        let corpus = Corpus { value, left_out, n: self.n, clustered: self.groups.is_some(), range };
        let Estimate { interval, se, method, reason, .. } = corpus_level(&corpus, self.confidence);
        let (lower, upper) = interval.map_or((f64::NAN, f64::NAN), |interval| (interval.lower, interval.upper));
        let method = match method {
            Method::Jackknife => "jackknife".into(),
            Method::ZeroVariance => "zero variance".into(),
            _ => reason.map_or_else(|| "none".into(), |reason| reason.to_string()),
        };
        (nan(value), nan(se), lower, upper, self.n, groups, method)
    }
}

/// The counts of segments as numbers.
pub fn numbers<C: Counts>(segments: &[C]) -> Vec<Vec<f64>> {
    segments.iter().map(Counts::numbers).collect()
}
