//! What an alert would have done: replay with injected shifts.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::change::{Detector, alarms};
use super::{Undefined, finite};

/// What a detector did on values without drift, and on the same values with a shift put in.
#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// Values without drift.
    pub values: usize,
    /// Alarms on them: all false.
    pub false_alarms: usize,
    /// Values per false alarm; `None` without any: then it is more than `values`.
    pub arl0: Option<f64>,
    /// Shifts put in.
    pub injected: usize,
    /// Those that were found before the values ended.
    pub found: usize,
    /// Mean number of values from the shift to the alarm, of those found.
    pub mean_delay: Option<f64>,
    /// The most, of those found.
    pub longest_delay: Option<usize>,
}

/// Replays `quiet` values through a detector, once as they are and `injections` times with `shift` added from a random place
/// in the middle half on. Keeps the values' own order, so dependence and skew count, which a designed run length knows nothing
/// of. O(injections · values). The detector is reset before and after.
///
/// # Errors
/// Fewer than 20 values, one that is not finite, no injections, or a shift of 0 or that is not finite.
///
/// # Examples
/// ```
/// use assay_stats::drift::{chart::Shewhart, detector::backtest};
/// let quiet: Vec<f64> = (0..100).map(|i| f64::from(i % 5) - 2.0).collect();
/// let found = backtest(&mut Shewhart { limit: 3.0 }, &quiet, 6.0, 20, 1)?;
/// assert_eq!((found.false_alarms, found.found, found.mean_delay.map(|d| d < 2.0)), (0, 20, Some(true)));
/// # Ok::<(), assay_stats::drift::Undefined>(())
/// ```
pub fn backtest(
    detector: &mut dyn Detector,
    quiet: &[f64],
    shift: f64,
    injections: usize,
    seed: u64,
) -> Result<Backtest, Undefined> {
    finite(quiet, 20)?;
    if injections == 0 {
        return Err(Undefined::Setting("injections"));
    }
    if !shift.is_finite() || shift == 0.0 {
        return Err(Undefined::Setting("shift"));
    }
    let values = quiet.len();
    detector.reset();
    let false_alarms = alarms(detector, quiet)?.len();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut delays = Vec::new();
    for _ in 0..injections {
        let start = random.random_range(values / 4..values * 3 / 4);
        detector.reset();
        for value in &quiet[..start] {
            detector.update(*value)?;
        }
        for (waited, value) in quiet[start..].iter().enumerate() {
            if detector.update(value + shift)? {
                delays.push(waited + 1);
                break;
            }
        }
    }
    detector.reset();
    let found = delays.len();
    Ok(Backtest {
        values,
        false_alarms,
        arl0: (false_alarms > 0).then(|| values as f64 / false_alarms as f64),
        injected: injections,
        found,
        mean_delay: (found > 0).then(|| delays.iter().sum::<usize>() as f64 / found as f64),
        longest_delay: delays.iter().max().copied(),
    })
}
