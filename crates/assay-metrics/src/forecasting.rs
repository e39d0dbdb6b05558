//! Forecasts of numbers: points, quantiles, intervals and distributions. Scores are losses: 0 is perfect. Relative
//! errors are fractions, not percent.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::classification::{Undefined, finite, parallel, ratio};

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// Mean of a term of (actual, forecast).
/// A figure that sums beyond the numbers is none.
fn within(value: f64) -> Result<f64, Undefined> {
    if value.is_finite() { Ok(value) } else { Err(Undefined::Invalid("the errors add up to more than numbers hold")) }
}

fn score(actual: &[f64], forecast: &[f64], term: impl Fn(f64, f64) -> f64) -> Result<f64, Undefined> {
    parallel(actual, forecast)?;
    finite(actual)?;
    finite(forecast)?;
    within(mean(actual.iter().zip(forecast).map(|(y, f)| term(*y, *f))))
}

/// Mean absolute error, in the unit of the values.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::mae(&[1.0, 3.0], &[2.0, 1.0]), Ok(1.5));
/// ```
pub fn mae(actual: &[f64], forecast: &[f64]) -> Result<f64, Undefined> {
    score(actual, forecast, |y, f| (y - f).abs())
}

/// Root mean squared error, in the unit of the values.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::rmse(&[1.0, 3.0], &[2.0, 2.0]), Ok(1.0));
/// ```
pub fn rmse(actual: &[f64], forecast: &[f64]) -> Result<f64, Undefined> {
    score(actual, forecast, |y, f| (y - f).powi(2)).map(f64::sqrt)
}

/// Mean of forecast − actual: positive when forecasts are too high.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::bias(&[1.0, 3.0], &[2.0, 3.0]), Ok(0.5));
/// ```
pub fn bias(actual: &[f64], forecast: &[f64]) -> Result<f64, Undefined> {
    score(actual, forecast, |y, f| f - y)
}

/// Mean absolute percentage error, as a fraction. Undefined, with their number, when actual values are 0.
///
/// # Examples
/// ```
/// use assay_metrics::classification::Undefined;
/// use assay_metrics::forecasting::mape;
/// assert_eq!(mape(&[2.0, 4.0], &[1.0, 5.0]), Ok(0.375));
/// assert_eq!(mape(&[0.0, 4.0], &[1.0, 5.0]), Err(Undefined::ZeroActual(1)));
/// ```
pub fn mape(actual: &[f64], forecast: &[f64]) -> Result<f64, Undefined> {
    match actual.iter().filter(|y| **y == 0.0).count() {
        0 => score(actual, forecast, |y, f| ((y - f) / y).abs()),
        zeros => Err(Undefined::ZeroActual(zeros)),
    }
}

/// Weighted MAPE: Σ|error| / Σ|actual|, as a fraction. Undefined when all actual values are 0.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::wmape(&[1.0, 3.0], &[2.0, 3.0]), Ok(0.25));
/// ```
pub fn wmape(actual: &[f64], forecast: &[f64]) -> Result<f64, Undefined> {
    let errors = mae(actual, forecast)?;
    ratio(errors, mean(actual.iter().map(|y| y.abs()))).ok_or(Undefined::ZeroDenominator)
}

/// Symmetric MAPE on the scale **0 to 2**, also given as 0 to 200 %: the mean of |error| / ((|actual| + |forecast|) / 2)
/// (Makridakis 1993; the M3 and M4 competitions). A forecast of 0 for 0 counts 0.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::smape(&[1.0], &[3.0]), Ok(1.0));
/// ```
pub fn smape(actual: &[f64], forecast: &[f64]) -> Result<f64, Undefined> {
    smape_half(actual, forecast).map(|half| 2.0 * half)
}

/// Symmetric MAPE on the scale **0 to 1**, also given as 0 to 100 %: the mean of |error| / (|actual| + |forecast|), half
/// of [`smape`]. A forecast of 0 for 0 counts 0.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::smape_half(&[1.0], &[3.0]), Ok(0.5));
/// ```
pub fn smape_half(actual: &[f64], forecast: &[f64]) -> Result<f64, Undefined> {
    score(actual, forecast, |y, f| ratio((y - f).abs(), y.abs() + f.abs()).unwrap_or(0.0))
}

/// Mean of a term of the differences of training values that are `season` apart: the errors of the forecast "as one
/// season before".
fn naive(training: &[f64], season: usize, term: impl Fn(f64) -> f64) -> Result<f64, Undefined> {
    finite(training)?;
    if season == 0 || training.len() <= season {
        return Err(Undefined::Invalid("the training values are not longer than a season, which is at least 1"));
    }
    within(mean(training.iter().zip(&training[season..]).map(|(before, now)| term(now - before))))
}

/// Mean absolute scaled error: the mean absolute error in units of that of the seasonal naive forecast on the training
/// values (Hyndman & Koehler 2006). `season` is 1 without seasons. Undefined when the training values repeat exactly.
///
/// # Examples
/// ```
/// // An error of 1 where the last value was off by 2 on average.
/// assert_eq!(assay_metrics::forecasting::mase(&[5.0], &[4.0], &[1.0, 3.0, 1.0], 1), Ok(0.5));
/// ```
pub fn mase(actual: &[f64], forecast: &[f64], training: &[f64], season: usize) -> Result<f64, Undefined> {
    let scale = naive(training, season, f64::abs)?;
    ratio(mae(actual, forecast)?, scale).ok_or(Undefined::ZeroDenominator)
}

/// Root mean squared scaled error: as [`mase`] with squared errors under a root (the M5 competition).
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::rmsse(&[5.0], &[4.0], &[1.0, 3.0, 1.0], 1), Ok(0.5));
/// ```
pub fn rmsse(actual: &[f64], forecast: &[f64], training: &[f64], season: usize) -> Result<f64, Undefined> {
    let scale = naive(training, season, |d| d * d)?;
    ratio(rmse(actual, forecast)?, scale.sqrt()).ok_or(Undefined::ZeroDenominator)
}

/// Mean pinball loss of forecasts of the quantile `level`, between 0 and 1: level·(y − q) below the actual value,
/// (1 − level)·(q − y) above it (Koenker & Bassett 1978). At 0.5 it is half the mean absolute error.
///
/// # Examples
/// ```
/// // Too low costs 0.9 per unit at the 90% quantile.
/// assert_eq!(assay_metrics::forecasting::pinball(&[3.0], &[1.0], 0.9), Ok(1.8));
/// ```
pub fn pinball(actual: &[f64], quantile: &[f64], level: f64) -> Result<f64, Undefined> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Undefined::Invalid("the level of a quantile is between 0 and 1"));
    }
    score(actual, quantile, |y, q| (level * (y - q)).max((1.0 - level) * (q - y)))
}

/// How the spread of an ensemble enters its CRPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensemble {
    /// The members are the forecast: mean distance of all m² pairs ("nrg").
    Energy,
    /// The members are a sample of the forecast: mean distance of the m(m − 1) pairs of different members, which is
    /// unbiased (Ferro 2014).
    Fair,
}

/// Continuous ranked probability score of an ensemble: mean |member − observation| − half the mean distance between
/// members (Gneiting & Raftery 2007). O(m log m). A fair score needs two members and can be negative.
///
/// # Examples
/// ```
/// use assay_metrics::forecasting::{Ensemble, crps_ensemble};
/// // Distances of 1 and 1 to the observation, less half the mean distance of pairs.
/// assert_eq!(crps_ensemble(1.0, &[0.0, 2.0], Ensemble::Energy), Ok(0.5));
/// ```
pub fn crps_ensemble(observation: f64, members: &[f64], kind: Ensemble) -> Result<f64, Undefined> {
    finite(&[observation])?;
    finite(members)?;
    let m = members.len() as f64;
    let pairs = match kind {
        Ensemble::Energy => m * m,
        Ensemble::Fair => m * (m - 1.0),
    };
    match members.len() {
        0 => return Err(Undefined::NoData),
        1 if kind == Ensemble::Fair => return Err(Undefined::Invalid("a fair score needs two members")),
        _ => {}
    }
    // Distances from the observation keep digits that a large common offset would cost.
    let mut errors: Vec<f64> = members.iter().map(|member| member - observation).collect();
    errors.sort_by(f64::total_cmp);
    // The i-th smallest member is above i others and below m − 1 − i.
    let spread: f64 = errors.iter().enumerate().map(|(i, error)| (2.0 * i as f64 - m + 1.0) * error).sum();
    within(mean(errors.iter().map(|error| error.abs())) - spread / pairs)
}

/// Standard score, for a standard deviation above 0.
fn standard(observation: f64, location: f64, deviation: f64) -> Result<f64, Undefined> {
    finite(&[observation, location, deviation])?;
    if deviation > 0.0 {
        Ok((observation - location) / deviation)
    } else {
        Err(Undefined::Invalid("a standard deviation is above 0"))
    }
}

/// Continuous ranked probability score of a normal forecast: σ·(z·(2Φ(z) − 1) + 2φ(z) − 1/√π) (Gneiting et al. 2005).
///
/// # Examples
/// ```
/// // At the mean: σ(√2 − 1)/√π.
/// let score = assay_metrics::forecasting::crps_normal(0.0, 0.0, 1.0).unwrap();
/// assert!((score - 0.2337).abs() < 1e-4);
/// ```
pub fn crps_normal(observation: f64, location: f64, deviation: f64) -> Result<f64, Undefined> {
    let z = standard(observation, location, deviation)?;
    let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
    within(deviation * (z * libm::erf(z * FRAC_1_SQRT_2) + 2.0 * density - 1.0 / PI.sqrt()))
}

/// A central prediction interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Central {
    /// 1 − nominal coverage, between 0 and 1.
    pub alpha: f64,
    /// Forecast of the quantile alpha / 2.
    pub lower: f64,
    /// Forecast of the quantile 1 − alpha / 2.
    pub upper: f64,
}

/// Interval score: width + (2 / alpha) × the distance by which the observation is missed (Gneiting & Raftery 2007).
///
/// # Examples
/// ```
/// use assay_metrics::forecasting::{Central, interval_score};
/// // The width of 2, and 2/0.2 for each unit outside.
/// assert_eq!(interval_score(4.0, Central { alpha: 0.2, lower: 1.0, upper: 3.0 }), Ok(12.0));
/// ```
pub fn interval_score(observation: f64, interval: Central) -> Result<f64, Undefined> {
    let Central { alpha, lower, upper } = interval;
    finite(&[observation, lower, upper])?;
    if !(alpha > 0.0 && alpha < 1.0 && lower <= upper) {
        return Err(Undefined::Invalid("an interval has lower ≤ upper and an alpha between 0 and 1"));
    }
    let missed = (lower - observation).max(observation - upper).max(0.0);
    within(upper - lower + 2.0 / alpha * missed)
}

/// Weighted interval score of a median and K central intervals: (½·|y − median| + Σ alpha/2 · interval score) / (K + ½),
/// an approximation of the CRPS (Bracher et al. 2021).
///
/// # Examples
/// ```
/// use assay_metrics::forecasting::{Central, weighted_interval_score};
/// let interval = Central { alpha: 0.2, lower: 1.0, upper: 3.0 };
/// // (½·|2 − 2| + 0.1 · 2) / 1.5
/// assert!((weighted_interval_score(2.0, 2.0, &[interval]).unwrap() - 0.2 / 1.5).abs() < 1e-12);
/// ```
pub fn weighted_interval_score(observation: f64, median: f64, intervals: &[Central]) -> Result<f64, Undefined> {
    let mut total = 0.5 * mae(&[observation], &[median])?;
    for interval in intervals {
        total += interval.alpha / 2.0 * interval_score(observation, *interval)?;
    }
    within(total / (intervals.len() as f64 + 0.5))
}

/// What intervals achieve together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intervals {
    /// Share of the actual values that lie in their interval, ends included.
    pub coverage: f64,
    /// Sharpness: mean width.
    pub width: f64,
}

/// Coverage and sharpness of intervals.
///
/// # Examples
/// ```
/// let found = assay_metrics::forecasting::intervals(&[1.0, 9.0], &[0.0, 2.0], &[2.0, 4.0]).unwrap();
/// assert_eq!((found.coverage, found.width), (0.5, 2.0));
/// ```
pub fn intervals(actual: &[f64], lower: &[f64], upper: &[f64]) -> Result<Intervals, Undefined> {
    parallel(actual, lower)?;
    let width = bias(lower, upper)?;
    finite(actual)?;
    if lower.iter().zip(upper).any(|(lower, upper)| lower > upper) {
        return Err(Undefined::Invalid("an interval has its lower end above its upper end"));
    }
    let inside = actual.iter().zip(lower.iter().zip(upper)).map(|(y, (l, u))| f64::from(u8::from(l <= y && y <= u)));
    Ok(Intervals { coverage: mean(inside), width })
}

/// Probability integral transform: the forecast's probability of less than the observation, and of at most that. The
/// two differ where the forecast has a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pit {
    /// P(X < observation).
    pub below: f64,
    /// P(X ≤ observation).
    pub at_most: f64,
}

/// Transform under an ensemble. O(m).
///
/// # Examples
/// ```
/// let pit = assay_metrics::forecasting::pit_ensemble(2.0, &[1.0, 2.0, 3.0, 4.0]).unwrap();
/// assert_eq!((pit.below, pit.at_most), (0.25, 0.5));
/// ```
pub fn pit_ensemble(observation: f64, members: &[f64]) -> Result<Pit, Undefined> {
    finite(&[observation])?;
    finite(members)?;
    let share = |count: usize| ratio(count as f64, members.len() as f64).ok_or(Undefined::NoData);
    Ok(Pit {
        below: share(members.iter().filter(|member| **member < observation).count())?,
        at_most: share(members.iter().filter(|member| **member <= observation).count())?,
    })
}

/// Transform under a normal forecast.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::forecasting::pit_normal(3.0, 3.0, 2.0).unwrap().below, 0.5);
/// ```
pub fn pit_normal(observation: f64, location: f64, deviation: f64) -> Result<Pit, Undefined> {
    let z = standard(observation, location, deviation)?;
    let p = 0.5 * libm::erfc(-z * FRAC_1_SQRT_2);
    Ok(Pit { below: p, at_most: p })
}

/// Shares of `bins` equal bins from 0 to 1, which are all 1 / bins when forecasts are calibrated. A step is spread over
/// its range, so that no random numbers are needed (Czado, Gneiting & Held 2009). O(n · bins).
///
/// # Examples
/// ```
/// use assay_metrics::forecasting::{Pit, pit_histogram};
/// let pit = |p| Pit { below: p, at_most: p };
/// assert_eq!(pit_histogram(&[pit(0.1), pit(0.6), pit(0.7), pit(0.9)], 2), Ok(vec![0.25, 0.75]));
/// ```
pub fn pit_histogram(transforms: &[Pit], bins: usize) -> Result<Vec<f64>, Undefined> {
    if transforms.is_empty() {
        return Err(Undefined::NoData);
    }
    if !(1..=1_000_000).contains(&bins)
        || transforms.iter().any(|pit| !(0.0 <= pit.below && pit.below <= pit.at_most && pit.at_most <= 1.0))
    {
        return Err(Undefined::Invalid("a histogram of probabilities needs a bin and 0 ≤ below ≤ at most ≤ 1"));
    }
    let reached = |edge: usize| match edge {
        0 => 0.0,
        edge if edge == bins => 1.0,
        edge => {
            let at = edge as f64 / bins as f64;
            mean(transforms.iter().map(|pit| match ratio(at - pit.below, pit.at_most - pit.below) {
                Some(share) => share.clamp(0.0, 1.0),
                None => f64::from(u8::from(pit.below < at)),
            }))
        }
    };
    Ok((0..bins).map(|bin| reached(bin + 1) - reached(bin)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_undefined_says_so() {
        assert_eq!(mae(&[], &[]), Err(Undefined::NoData));
        assert!(matches!(rmse(&[1.0], &[1.0, 2.0]), Err(Undefined::Invalid(_))));
        assert!(matches!(bias(&[1.0], &[f64::NAN]), Err(Undefined::Invalid(_))));
        assert_eq!(mape(&[0.0, 1.0, 0.0], &[1.0; 3]), Err(Undefined::ZeroActual(2)));
        assert_eq!(wmape(&[0.0], &[1.0]), Err(Undefined::ZeroDenominator));
        assert_eq!(mase(&[1.0], &[2.0], &[3.0, 3.0, 3.0], 1), Err(Undefined::ZeroDenominator));
        assert!(matches!(mase(&[1.0], &[2.0], &[3.0, 4.0], 2), Err(Undefined::Invalid(_))));
        assert!(matches!(rmsse(&[1.0], &[2.0], &[3.0, 4.0], 0), Err(Undefined::Invalid(_))));
        assert!(matches!(pinball(&[1.0], &[1.0], 1.0), Err(Undefined::Invalid(_))));
        assert_eq!(crps_ensemble(1.0, &[], Ensemble::Energy), Err(Undefined::NoData));
        assert!(matches!(crps_ensemble(1.0, &[2.0], Ensemble::Fair), Err(Undefined::Invalid(_))));
        assert!(matches!(crps_normal(1.0, 1.0, 0.0), Err(Undefined::Invalid(_))));
        assert!(matches!(
            interval_score(1.0, Central { alpha: 0.1, lower: 2.0, upper: 1.0 }),
            Err(Undefined::Invalid(_))
        ));
        assert!(matches!(intervals(&[1.0], &[2.0], &[1.0]), Err(Undefined::Invalid(_))));
        assert_eq!(pit_ensemble(1.0, &[]), Err(Undefined::NoData));
        assert!(matches!(pit_histogram(&[Pit { below: 0.5, at_most: 0.2 }], 3), Err(Undefined::Invalid(_))));
    }

    /// Values of `statistics-golden.json`, made with scoringrules 0.10.
    #[test]
    fn golden_crps() {
        let members = [0.1, 0.4, 0.9, 0.6];
        assert!((crps_ensemble(0.5, &members, Ensemble::Energy).unwrap() - 0.0875).abs() < 1e-12);
        assert!((crps_ensemble(0.5, &members, Ensemble::Fair).unwrap() - 0.033_333_333_333_333_326).abs() < 1e-12);
    }

    #[test]
    fn points_by_hand() {
        let (y, f) = ([2.0, 4.0, 0.0], [1.0, 6.0, 0.0]);
        assert_eq!((mae(&y, &f), bias(&y, &f), wmape(&y, &f)), (Ok(1.0), Ok(1.0 / 3.0), Ok(0.5)));
        assert!((smape(&y, &f).unwrap() - 2.0 * (1.0 / 3.0 + 0.2) / 3.0).abs() < 1e-15);
        assert_eq!(mase(&[1.0], &[3.0], &[1.0, 2.0, 4.0], 1), Ok(2.0 / 1.5));
        assert_eq!(crps_ensemble(3.0, &[1.0], Ensemble::Energy), Ok(2.0));
    }

    proptest! {
        #[test]
        fn ensembles_count_pairs(y in -5.0..5.0f64, members in prop::collection::vec(-5.0..5.0f64, 2..20), shift in -1e3..1e3f64) {
            let m = members.len() as f64;
            let pairs: f64 = members.iter().flat_map(|a| members.iter().map(move |b| (a - b).abs())).sum();
            let near = members.iter().map(|a| (a - y).abs()).sum::<f64>() / m;
            let energy = crps_ensemble(y, &members, Ensemble::Energy).unwrap();
            prop_assert!((energy - (near - pairs / (2.0 * m * m))).abs() < 1e-12 && energy >= -1e-12);
            let fair = crps_ensemble(y, &members, Ensemble::Fair).unwrap();
            prop_assert!((fair - (near - pairs / (2.0 * m * (m - 1.0)))).abs() < 1e-12);
            let moved: Vec<f64> = members.iter().map(|a| a + shift).collect();
            prop_assert!((crps_ensemble(y + shift, &moved, Ensemble::Energy).unwrap() - energy).abs() < 1e-9);
        }

        #[test]
        fn scales_follow_the_unit(pairs in prop::collection::vec((0.5..9.0f64, 0.5..9.0f64), 3..20), unit in 0.1..50.0f64) {
            let (y, f): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let scaled = |values: &[f64]| values.iter().map(|v| v * unit).collect::<Vec<_>>();
            let (sy, sf) = (scaled(&y), scaled(&f));
            prop_assert!((mae(&sy, &sf).unwrap() - unit * mae(&y, &f).unwrap()).abs() < 1e-9);
            prop_assert!((mape(&sy, &sf).unwrap() - mape(&y, &f).unwrap()).abs() < 1e-9);
            prop_assert!((mase(&sy, &sf, &sy, 1).unwrap() - mase(&y, &f, &y, 1).unwrap()).abs() < 1e-9);
            prop_assert!((pinball(&y, &f, 0.5).unwrap() - mae(&y, &f).unwrap() / 2.0).abs() < 1e-12);
            prop_assert!(rmse(&y, &f).unwrap() + 1e-12 >= mae(&y, &f).unwrap());
            prop_assert!((0.0..=2.0).contains(&smape(&y, &f).unwrap()));
        }

        #[test]
        fn histograms_hold_everything(steps in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..30), bins in 1..12usize) {
            let pits: Vec<Pit> = steps.iter().map(|(a, b)| Pit { below: a.min(*b), at_most: a.max(*b) }).collect();
            let shares = pit_histogram(&pits, bins).unwrap();
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && shares.iter().all(|share| *share > -1e-12));
        }
    }
}
