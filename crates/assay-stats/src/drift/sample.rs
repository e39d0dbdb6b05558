//! Which cases of a stream to judge: a sample that knows how likely each of its cases was to be in it.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Undefined;
use crate::estimate::{Interval, is_level};
use crate::proportion::critical;

/// A reservoir of up to `size` cases in each stratum, each case of a stratum equally likely. O(1) per case; memory is
/// strata · size. Vitter 1985 (algorithm R).
#[derive(Clone, Debug)]
pub struct Reservoir<T> {
    size: usize,
    strata: BTreeMap<String, (u64, Vec<T>)>,
    random: ChaCha8Rng,
}

/// A case that was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn<T> {
    /// The case.
    pub case: T,
    /// Its stratum.
    pub stratum: String,
    /// How likely it was to be drawn: store it with the case.
    pub probability: f64,
}

impl<T> Reservoir<T> {
    /// An empty reservoir.
    ///
    /// # Errors
    /// A size of 0.
    ///
    /// # Examples
    /// ```
    /// assert!(assay_stats::drift::sample::Reservoir::<u32>::new(0, 1).is_err());
    /// ```
    pub fn new(size: usize, seed: u64) -> Result<Self, Undefined> {
        if size == 0 {
            return Err(Undefined::Setting("size"));
        }
        Ok(Self { size, strata: BTreeMap::new(), random: ChaCha8Rng::seed_from_u64(seed) })
    }

    /// Offers a case.
    ///
    /// # Examples
    /// ```
    /// let mut reservoir = assay_stats::drift::sample::Reservoir::new(2, 1)?;
    /// (0..10).for_each(|case| reservoir.offer("chat", case));
    /// assert_eq!(reservoir.drawn().iter().map(|d| d.probability).collect::<Vec<_>>(), [0.2, 0.2]);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn offer(&mut self, stratum: &str, case: T) {
        if !self.strata.contains_key(stratum) {
            self.strata.insert(stratum.to_owned(), (0, Vec::new()));
        }
        let Some((seen, kept)) = self.strata.get_mut(stratum) else { return };
        *seen += 1;
        if kept.len() < self.size {
            kept.push(case);
        } else {
            let place = self.random.random_range(0..*seen) as usize;
            if place < self.size {
                kept[place] = case;
            }
        }
    }

    /// The cases now in it, by stratum.
    ///
    /// # Examples
    /// ```
    /// let mut reservoir = assay_stats::drift::sample::Reservoir::new(5, 1)?;
    /// reservoir.offer("rare", 1);
    /// assert_eq!((reservoir.drawn()[0].case, reservoir.drawn()[0].probability), (&1, 1.0));
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn drawn(&self) -> Vec<Drawn<&T>> {
        self.strata
            .iter()
            .flat_map(|(stratum, (seen, kept))| {
                let probability = kept.len() as f64 / *seen as f64;
                kept.iter().map(move |case| Drawn { case, stratum: stratum.clone(), probability })
            })
            .collect()
    }
}

/// A judged case of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its stratum.
    pub stratum: String,
    /// Its score.
    pub score: f64,
    /// How likely it was to be drawn, above 0 and up to 1.
    pub probability: f64,
}

/// An estimate for the whole stream from a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamEstimate {
    /// Cases of the stream, Σ 1/π.
    pub cases: f64,
    /// Sum of scores, Σ y/π.
    pub total: f64,
    /// Mean score, total over cases.
    pub mean: f64,
    /// Standard error of the mean, with finite population correction; `None` when a stratum that was not taken whole has one
    /// case.
    pub se: Option<f64>,
}

impl StreamEstimate {
    /// Normal interval of the mean. `None` without a standard error, or for a confidence outside of 0 to 1.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::sample::StreamEstimate;
    /// let estimate = StreamEstimate { cases: 10.0, total: 5.0, mean: 0.5, se: Some(0.1) };
    /// assert!((estimate.interval(0.95).unwrap().upper - 0.696).abs() < 1e-3);
    /// ```
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half = critical(confidence) * self.se.filter(|_| is_level(confidence))?;
        Some(Interval { lower: self.mean - half, upper: self.mean + half })
    }
}

/// Horvitz and Thompson's estimate of the stream's mean from a stratified sample with equal probabilities within a stratum:
/// var = Σ N²(1 − n/N) s²/n over strata, over N². Horvitz & Thompson 1952. O(n).
///
/// # Errors
/// No cases, a score that is not finite, a probability outside (0, 1], or different ones within a stratum.
///
/// # Examples
/// ```
/// use assay_stats::drift::sample::{Judged, horvitz_thompson};
/// let judged = |stratum: &str, score, probability| Judged { stratum: stratum.into(), score, probability };
/// // One rare failure taken for sure, and a common pass that stands for nine.
/// let found = horvitz_thompson(&[judged("rare", 0.0, 1.0), judged("common", 1.0, 1.0 / 9.0)])?;
/// assert!((found.mean - 0.9).abs() < 1e-12 && found.se.is_none());
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn horvitz_thompson(sample: &[Judged]) -> Result<StreamEstimate, Undefined> {
    let mut strata = BTreeMap::<&str, Vec<&Judged>>::new();
    for case in sample {
        if !case.score.is_finite() {
            return Err(Undefined::NotFinite);
        }
        if !(case.probability > 0.0 && case.probability <= 1.0) {
            return Err(Undefined::Setting("probability"));
        }
        strata.entry(&case.stratum).or_default().push(case);
    }
    if sample.is_empty() {
        return Err(Undefined::TooFew);
    }
    let (mut cases, mut total, mut variance) = (0.0, 0.0, Some(0.0));
    for drawn in strata.values() {
        let probability = drawn[0].probability;
        if drawn.iter().any(|case| (case.probability - probability).abs() > 1e-9) {
            return Err(Undefined::Setting("probability"));
        }
        let n = drawn.len() as f64;
        let mean = drawn.iter().map(|case| case.score).sum::<f64>() / n;
        cases += n / probability;
        total += n / probability * mean;
        if probability < 1.0 {
            let squares: f64 = drawn.iter().map(|case| (case.score - mean).powi(2)).sum();
            let own = (n > 1.0).then(|| (n / probability).powi(2) * (1.0 - probability) * squares / (n - 1.0) / n);
            variance = variance.zip(own).map(|(so_far, own)| so_far + own);
        }
    }
    Ok(StreamEstimate { cases, total, mean: total / cases, se: variance.map(|v: f64| v.sqrt() / cases) })
}
