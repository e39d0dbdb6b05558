//! Has a stream changed? Detectors that need no baseline, with river's parameters and detections.

use std::collections::VecDeque;

use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use super::distribution::kolmogorov_smirnov;
use super::{Undefined, finite};

/// Something that watches a stream.
pub trait Detector {
    /// Takes the next value; `true` is an alarm, after which the detector starts anew.
    ///
    /// # Errors
    /// A value that is not finite; it is not taken.
    fn update(&mut self, value: f64) -> Result<bool, Undefined>;

    /// Forgets all values.
    fn reset(&mut self);
}

/// The places (from 0) where a detector alarms. It goes on anew after each.
///
/// # Errors
/// A value that is not finite.
///
/// # Examples
/// ```
/// use assay_stats::drift::{chart::Shewhart, change::alarms};
/// assert_eq!(alarms(&mut Shewhart { limit: 3.0 }, &[0.1, -4.0, 1.0, 5.0]), Ok(vec![1, 3]));
/// ```
pub fn alarms(detector: &mut dyn Detector, values: &[f64]) -> Result<Vec<usize>, Undefined> {
    let mut found = Vec::new();
    for (place, value) in values.iter().enumerate() {
        if detector.update(*value)? {
            found.push(place);
        }
    }
    Ok(found)
}

/// Page and Hinkley's test of the mean, with forgetting: alarm when the sum of deviations from the running mean is further
/// than a threshold from its extreme. Values are taken in their own units. Page 1954.
///
/// # Examples
/// ```
/// use assay_stats::drift::change::{PageHinkley, alarms};
/// let stream: Vec<f64> = (0..200).map(|i| if i < 100 { 0.0 } else { 5.0 }).collect();
/// assert_eq!(alarms(&mut PageHinkley::default(), &stream).unwrap()[0], 110);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PageHinkley {
    /// Values before the first alarm.
    pub min_instances: u64,
    /// The deviation that does not count.
    pub delta: f64,
    /// The limit of the sum.
    pub threshold: f64,
    /// What is kept of the sum with each value, from 0 to 1.
    pub alpha: f64,
    n: u64,
    mean: f64,
    up: f64,
    down: f64,
    least_up: f64,
    most_down: f64,
}

impl Default for PageHinkley {
    fn default() -> Self {
        Self::new(30, 0.005, 50.0, 0.9999).expect("river's defaults fit")
    }
}

impl PageHinkley {
    /// A detector with given parameters.
    ///
    /// # Errors
    /// δ or the threshold negative or not finite, α outside 0 to 1.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::change::PageHinkley;
    /// assert_eq!(PageHinkley::new(30, 0.005, 50.0, 0.9999), Ok(PageHinkley::default()));
    /// ```
    pub fn new(min_instances: u64, delta: f64, threshold: f64, alpha: f64) -> Result<Self, Undefined> {
        let at_least_0 = |value: f64| value >= 0.0 && value.is_finite();
        if !at_least_0(delta) {
            return Err(Undefined::Setting("delta"));
        }
        if !at_least_0(threshold) {
            return Err(Undefined::Setting("threshold"));
        }
        if !(0.0..=1.0).contains(&alpha) {
            return Err(Undefined::Setting("alpha"));
        }
        let (up, down, least_up) = (0.0, 0.0, f64::INFINITY);
        // The extreme of the sum of decreases starts at −1 as in river, which matters when all values fall.
        Ok(Self { min_instances, delta, threshold, alpha, n: 0, mean: 0.0, up, down, least_up, most_down: -1.0 })
    }
}

impl Detector for PageHinkley {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        finite(&[value], 1)?;
        self.n += 1;
        self.mean += (value - self.mean) / self.n as f64;
        let deviation = value - self.mean;
        self.up = self.alpha * self.up + deviation - self.delta;
        self.down = self.alpha * self.down + deviation + self.delta;
        self.least_up = self.least_up.min(self.up);
        self.most_down = self.most_down.max(self.down);
        let alarm = self.n >= self.min_instances
            && (self.up - self.least_up > self.threshold || self.most_down - self.down > self.threshold);
        if alarm {
            self.reset();
        }
        Ok(alarm)
    }

    fn reset(&mut self) {
        let Self { min_instances, delta, threshold, alpha, .. } = *self;
        *self = Self { min_instances, delta, threshold, alpha, ..Self::default() };
    }
}

/// ADWIN: a window that is cut where its two parts differ in mean by more than chance allows (a Bernstein bound at level δ).
/// Keeps buckets of 1, 2, 4 … values: O(log n) memory, O(log n) amortised time. Bifet & Gavaldà 2007.
///
/// # Examples
/// ```
/// use assay_stats::drift::change::{Adwin, alarms};
/// let stream: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i >= 200))).collect();
/// assert_eq!(alarms(&mut Adwin::default(), &stream).unwrap().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Adwin {
    /// Chance of a false cut.
    pub delta: f64,
    /// Looks for a cut every so many values.
    pub clock: u64,
    /// Buckets of one size before two are merged.
    pub max_buckets: usize,
    /// Least values on either side of a cut.
    pub min_window: u64,
    /// Values before the first look.
    pub grace: u64,
    /// By size 2^level: (sum, squared deviations), oldest first.
    rows: Vec<VecDeque<(f64, f64)>>,
    width: u64,
    total: f64,
    /// Squared deviations of the window from its mean.
    squares: f64,
    ticks: u64,
}

impl Default for Adwin {
    fn default() -> Self {
        Self::new(0.002, 32, 5, 5, 10).expect("river's defaults fit")
    }
}

impl Adwin {
    /// A detector with given parameters.
    ///
    /// # Errors
    /// δ not between 0 and 1, a clock or a number of buckets of 0.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::change::Adwin;
    /// assert_eq!(Adwin::new(0.002, 32, 5, 5, 10), Ok(Adwin::default()));
    /// ```
    pub fn new(delta: f64, clock: u64, max_buckets: usize, min_window: u64, grace: u64) -> Result<Self, Undefined> {
        if !(delta > 0.0 && delta < 1.0) {
            return Err(Undefined::Setting("delta"));
        }
        if clock == 0 {
            return Err(Undefined::Setting("clock"));
        }
        if max_buckets == 0 {
            return Err(Undefined::Setting("max_buckets"));
        }
        let rows = vec![VecDeque::new()];
        Ok(Self { delta, clock, max_buckets, min_window, grace, rows, width: 0, total: 0.0, squares: 0.0, ticks: 0 })
    }

    fn insert(&mut self, value: f64) {
        self.rows[0].push_back((value, 0.0));
        if self.width > 0 {
            let n = self.width as f64;
            self.squares += n * (value - self.total / n).powi(2) / (n + 1.0);
        }
        self.width += 1;
        self.total += value;
        let mut level = 0;
        while self.rows[level].len() > self.max_buckets {
            let (Some(a), Some(b)) = (self.rows[level].pop_front(), self.rows[level].pop_front()) else { break };
            let n = (1u64 << level) as f64;
            let merged = (a.0 + b.0, a.1 + b.1 + n / 2.0 * ((a.0 - b.0) / n).powi(2));
            if level + 1 == self.rows.len() {
                self.rows.push(VecDeque::new());
            }
            level += 1;
            self.rows[level].push_back(merged);
        }
    }

    /// Whether a cut exists. The window is not shortened: an alarm starts it anew.
    fn cut(&self) -> bool {
        let (mut n0, mut sum0) = (0u64, 0.0);
        for (level, row) in self.rows.iter().enumerate().rev() {
            for (sum, _) in row {
                n0 += 1 << level;
                sum0 += sum;
                let n1 = self.width - n0;
                if n1 == 0 {
                    return false;
                }
                let apart = sum0 / n0 as f64 - (self.total - sum0) / n1 as f64;
                if n0 >= self.min_window && n1 >= self.min_window && apart.abs() > self.bound(n0, n1) {
                    return true;
                }
            }
        }
        false
    }

    fn bound(&self, n0: u64, n1: u64) -> f64 {
        let width = self.width as f64;
        let log = (2.0 * width.ln() / self.delta).ln();
        let part = |n: u64| 1.0 / (n - self.min_window + 1) as f64;
        let both = part(n0) + part(n1);
        (2.0 * both * self.squares / width * log).sqrt() + 2.0 / 3.0 * log * both
    }
}

impl Detector for Adwin {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        finite(&[value], 1)?;
        self.insert(value);
        self.ticks += 1;
        let alarm = self.ticks.is_multiple_of(self.clock.max(1)) && self.width > self.grace && self.cut();
        if alarm {
            self.reset();
        }
        Ok(alarm)
    }

    fn reset(&mut self) {
        let Self { delta, clock, max_buckets, min_window, grace, .. } = *self;
        *self = Self { delta, clock, max_buckets, min_window, grace, ..Self::default() };
    }
}

/// DDM on failures (1) and passes (0): alarm when rate + standard error exceeds their least value by three standard errors.
/// Only looks upward. Gama et al. 2004.
///
/// # Examples
/// ```
/// use assay_stats::drift::change::{Ddm, alarms};
/// let stream: Vec<f64> = (0..300).map(|i| f64::from(u8::from(i % 10 == 0 || i > 150))).collect();
/// assert!(alarms(&mut Ddm::default(), &stream).unwrap()[0] > 150);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ddm {
    /// Values before the first alarm.
    pub warm_start: u64,
    /// Standard errors of an alarm.
    pub threshold: f64,
    n: u64,
    rate: f64,
    least: Option<(f64, f64)>,
}

impl Default for Ddm {
    fn default() -> Self {
        Self::new(30, 3.0).expect("river's defaults fit")
    }
}

impl Ddm {
    /// A detector with given parameters.
    ///
    /// # Errors
    /// A threshold that is not above 0 and finite.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::change::Ddm;
    /// assert_eq!(Ddm::new(30, 3.0), Ok(Ddm::default()));
    /// ```
    pub fn new(warm_start: u64, threshold: f64) -> Result<Self, Undefined> {
        if !(threshold > 0.0 && threshold.is_finite()) {
            return Err(Undefined::Setting("threshold"));
        }
        Ok(Self { warm_start, threshold, n: 0, rate: 0.0, least: None })
    }
}

impl Detector for Ddm {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        if value != 0.0 && value != 1.0 {
            return Err(Undefined::Setting("value"));
        }
        self.n += 1;
        self.rate += (value - self.rate) / self.n as f64;
        if self.n <= self.warm_start {
            return Ok(false);
        }
        let error = (self.rate * (1.0 - self.rate) / self.n as f64).max(0.0).sqrt();
        let (rate, least_error) = match self.least {
            Some((rate, least)) if self.rate + error > rate + least => (rate, least),
            _ => (self.rate, error),
        };
        self.least = Some((rate, least_error));
        let alarm = self.rate + error > rate + self.threshold * least_error;
        if alarm {
            self.reset();
        }
        Ok(alarm)
    }

    fn reset(&mut self) {
        *self = Self { warm_start: self.warm_start, threshold: self.threshold, ..Self::default() };
    }
}

/// KSWIN: a Kolmogorov–Smirnov test of the latest values against as many drawn from the window before them, at each value.
/// Sees changes of shape too, but tests so often that α = 0.005 means many false alarms. Raab et al. 2020.
///
/// # Examples
/// ```
/// use assay_stats::drift::change::{Kswin, alarms};
/// let stream: Vec<f64> = (0..300).map(|i| f64::from((i * 7) % 13) + if i < 200 { 0.0 } else { 20.0 }).collect();
/// assert!((200..240).contains(&alarms(&mut Kswin::default(), &stream).unwrap()[0]));
/// ```
#[derive(Clone, Debug)]
pub struct Kswin {
    /// Level of each test.
    pub alpha: f64,
    /// Values kept.
    pub window_size: usize,
    /// Values in either sample.
    pub stat_size: usize,
    window: VecDeque<f64>,
    random: ChaCha8Rng,
    seed: u64,
}

impl Default for Kswin {
    fn default() -> Self {
        Self::new(0.005, 100, 30, 0).expect("river's defaults fit")
    }
}

impl Kswin {
    /// A detector with given parameters; the draws come from `seed`.
    ///
    /// # Errors
    /// α outside 0 to 1, no values in a sample, or a window of less than two samples.
    ///
    /// # Examples
    /// ```
    /// assert!(assay_stats::drift::change::Kswin::new(0.005, 50, 30, 0).is_err());
    /// ```
    pub fn new(alpha: f64, window_size: usize, stat_size: usize, seed: u64) -> Result<Self, Undefined> {
        if !(0.0..=1.0).contains(&alpha) {
            return Err(Undefined::Setting("alpha"));
        }
        if stat_size == 0 || window_size < 2 * stat_size {
            return Err(Undefined::Setting("window_size"));
        }
        let random = ChaCha8Rng::seed_from_u64(seed);
        Ok(Self { alpha, window_size, stat_size, window: VecDeque::new(), random, seed })
    }
}

impl Detector for Kswin {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        finite(&[value], 1)?;
        if self.window.len() == self.window_size {
            self.window.pop_front();
        }
        self.window.push_back(value);
        if self.window.len() < self.window_size {
            return Ok(false);
        }
        let older = self.window_size - self.stat_size;
        let drawn: Vec<f64> =
            sample(&mut self.random, older, self.stat_size).iter().map(|place| self.window[place]).collect();
        let latest: Vec<f64> = self.window.range(older..).copied().collect();
        let test = kolmogorov_smirnov(&drawn, &latest)?;
        let alarm = test.p <= self.alpha && test.statistic > 0.1;
        if alarm {
            self.reset();
        }
        Ok(alarm)
    }

    fn reset(&mut self) {
        self.window.clear();
        self.random = ChaCha8Rng::seed_from_u64(self.seed);
    }
}
