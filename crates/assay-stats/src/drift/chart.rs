//! Control charts designed from the wanted false alarm rate, not from a limit: "one false alarm per 500 values".
//!
//! The average run length (ARL) is the mean number of values up to an alarm. Without a shift it is the wait for a false
//! alarm (ARL0), with one the delay. ARLs here come from Markov chains over the chart's value (Brook & Evans 1972), those of
//! an EWMA from their integral equation (Crowder 1987). Values are standardised by a baseline whose mean and standard deviation count as known: a baseline of few or dependent
//! values alarms more often than designed.

use super::change::Detector;
use super::{Undefined, finite};
use crate::sequential::gauss_legendre;
use crate::special::{normal_cdf, normal_pdf, normal_quantile};

/// States of the Markov chains of a continuous chart: ARLs are right to about 0.1%.
const STATES: usize = 121;

/// Which shifts a chart looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Upward.
    Up,
    /// Downward.
    Down,
    /// Both.
    Both,
}

/// Mean and standard deviation of a time without drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, with n − 1.
    pub sd: f64,
}

impl Baseline {
    /// Of a sample.
    ///
    /// # Errors
    /// Fewer than two values, one that is not finite, or all equal.
    ///
    /// # Examples
    /// ```
    /// let baseline = assay_stats::drift::chart::Baseline::of(&[1.0, 2.0, 3.0])?;
    /// assert_eq!((baseline.mean, baseline.sd), (2.0, 1.0));
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn of(values: &[f64]) -> Result<Self, Undefined> {
        finite(values, 2)?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        if sd > 0.0 { Ok(Self { mean, sd }) } else { Err(Undefined::Constant) }
    }

    /// A value in standard deviations from the mean; not finite only when the value or the baseline is not.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(assay_stats::drift::chart::Baseline { mean: 2.0, sd: 0.5 }.standardise(3.0), 2.0);
    /// ```
    pub fn standardise(self, value: f64) -> f64 {
        (value - self.mean) / self.sd
    }
}

/// Checks a target of an ARL.
fn target(arl0: f64) -> Result<f64, Undefined> {
    if arl0.is_finite() && (2.0..=1e7).contains(&arl0) { Ok(arl0) } else { Err(Undefined::Setting("arl0")) }
}

/// The limit at which an ARL that grows with it reaches `wanted`.
fn limit(wanted: f64, largest: f64, arl: impl Fn(f64) -> f64) -> Result<f64, Undefined> {
    let (mut low, mut high) = (1e-3, 1.0);
    while arl(high) < wanted {
        low = high;
        high *= 2.0;
        if high > largest {
            return Err(Undefined::Setting("arl0"));
        }
    }
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if arl(middle) < wanted { low = middle } else { high = middle }
    }
    Ok(0.5 * (low + high))
}

/// Solves (I − P) x = 1 for the transitions among the states without an alarm, and gives x\[start\]. O(states³).
fn mean_steps(states: usize, start: usize, transition: impl Fn(usize, usize) -> f64) -> f64 {
    let n = states;
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            let mut row: Vec<f64> = (0..n).map(|j| f64::from(u8::from(i == j)) - transition(i, j)).collect();
            row.push(1.0);
            row
        })
        .collect();
    // Diagonally dominant: no pivoting needed.
    for i in 0..n {
        let (done, rest) = rows.split_at_mut(i + 1);
        let pivot = &done[i];
        for row in rest {
            let factor = row[i] / pivot[i];
            if factor != 0.0 {
                for (cell, above) in row[i..].iter_mut().zip(&pivot[i..]) {
                    *cell -= factor * above;
                }
            }
        }
    }
    let mut x = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| rows[i][j] * x[j]).sum();
        x[i] = (rows[i][n] - known) / rows[i][i];
    }
    // Never shorter than one step: at huge ARLs rounding can turn the sign.
    if x[start] >= 1.0 { x[start] } else { f64::INFINITY }
}

/// A CUSUM chart of standardised values: Sₜ = max(0, Sₜ₋₁ + z − k), alarm above h. Page 1954.
#[derive(Clone, Debug, PartialEq)]
pub struct Cusum {
    /// The slack: half of the shift to find, in standard deviations.
    pub k: f64,
    /// The limit.
    pub h: f64,
    /// Which shifts it looks for.
    pub sides: Sides,
    up: f64,
    down: f64,
}

impl Cusum {
    /// A chart with given limits.
    ///
    /// # Errors
    /// k below 0, or h not above 0.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::chart::{Cusum, Sides};
    /// let chart = Cusum::new(0.5, 4.0, Sides::Up)?;
    /// assert!((chart.arl(0.0).unwrap() - 335.4).abs() < 1.0 && (chart.arl(1.0).unwrap() - 8.38).abs() < 0.01);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn new(k: f64, h: f64, sides: Sides) -> Result<Self, Undefined> {
        if !k.is_finite() || k < 0.0 {
            return Err(Undefined::Setting("k"));
        }
        if !h.is_finite() || h <= 0.0 {
            return Err(Undefined::Setting("h"));
        }
        Ok(Self { k, h, sides, up: 0.0, down: 0.0 })
    }

    /// The chart that finds a mean shift of `shift` standard deviations fastest with one false alarm per `arl0` values.
    ///
    /// # Errors
    /// A shift that is not above 0, or `arl0` outside 2 to 10⁷.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::chart::{Cusum, Sides};
    /// let chart = Cusum::design(1.0, 168.0, Sides::Both)?;
    /// assert!((chart.h - 4.0).abs() < 0.02);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn design(shift: f64, arl0: f64, sides: Sides) -> Result<Self, Undefined> {
        if !shift.is_finite() || shift <= 0.0 {
            return Err(Undefined::Setting("shift"));
        }
        let k = shift / 2.0;
        // Without a shift either side waits as long, and the two together half as long.
        let wanted = target(arl0)? * if sides == Sides::Both { 2.0 } else { 1.0 };
        let h = limit(wanted, 1e4, |h| one_sided(k, h, 0.0))?;
        Self::new(k, h, sides)
    }

    /// The average run length when the mean has shifted by `shift` standard deviations; infinite beyond about 10¹³. `None`
    /// for a shift that is not finite. O(121³).
    ///
    /// # Examples
    /// ```
    /// use assay_stats::drift::chart::{Cusum, Sides};
    /// assert!((Cusum::new(0.5, 5.0, Sides::Both)?.arl(0.0).unwrap() - 465.4).abs() < 1.0);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn arl(&self, shift: f64) -> Option<f64> {
        let rate = |shift: f64| 1.0 / one_sided(self.k, self.h, shift);
        shift.is_finite().then(|| match self.sides {
            Sides::Up => 1.0 / rate(shift),
            Sides::Down => 1.0 / rate(-shift),
            Sides::Both => 1.0 / (rate(shift) + rate(-shift)),
        })
    }
}

fn one_sided(k: f64, h: f64, shift: f64) -> f64 {
    let width = 2.0 * h / (2.0 * STATES as f64 - 1.0);
    let below = |x: f64| normal_cdf(x + k - shift);
    // The chain is Toeplitz but for the state 0, so each probability is needed once.
    let between: Vec<f64> = (0..=2 * STATES).map(|i| below((i as f64 - STATES as f64 - 0.5) * width)).collect();
    mean_steps(STATES, 0, |i, j| {
        let place = j + STATES - i;
        if j == 0 { between[place + 1] } else { between[place + 1] - between[place] }
    })
}

impl Detector for Cusum {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        finite(&[value], 1)?;
        self.up = (self.up + value - self.k).max(0.0);
        self.down = (self.down - value - self.k).max(0.0);
        let up = self.up > self.h && self.sides != Sides::Down;
        let down = self.down > self.h && self.sides != Sides::Up;
        if up || down {
            self.reset();
        }
        Ok(up || down)
    }

    fn reset(&mut self) {
        (self.up, self.down) = (0.0, 0.0);
    }
}

/// A two-sided EWMA chart of standardised values: Eₜ = (1 − λ)Eₜ₋₁ + λz, alarm beyond ±L√(λ/(2 − λ)). Roberts 1959; Lucas
/// & Saccucci 1990.
#[derive(Clone, Debug, PartialEq)]
pub struct Ewma {
    /// The weight λ of a new value.
    pub weight: f64,
    /// The limit L in standard deviations of E in the long run.
    pub limit: f64,
    average: f64,
}

impl Ewma {
    /// A chart with given limits.
    ///
    /// # Errors
    /// A weight outside (0, 1], or a limit not above 0.
    ///
    /// # Examples
    /// ```
    /// let chart = assay_stats::drift::chart::Ewma::new(0.1, 2.814)?;
    /// assert!((chart.arl(0.0).unwrap() - 500.0).abs() < 3.0 && (chart.arl(1.0).unwrap() - 10.3).abs() < 0.1);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn new(weight: f64, limit: f64) -> Result<Self, Undefined> {
        if !(weight > 0.0 && weight <= 1.0) {
            return Err(Undefined::Setting("weight"));
        }
        if !limit.is_finite() || limit <= 0.0 {
            return Err(Undefined::Setting("limit"));
        }
        Ok(Self { weight, limit, average: 0.0 })
    }

    /// The chart with weight λ and one false alarm per `arl0` values.
    ///
    /// # Errors
    /// A weight outside (0, 1], or `arl0` outside 2 to 10⁷.
    ///
    /// # Examples
    /// ```
    /// assert!((assay_stats::drift::chart::Ewma::design(0.25, 500.0)?.limit - 2.998).abs() < 0.005);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn design(weight: f64, arl0: f64) -> Result<Self, Undefined> {
        Self::new(weight, 1.0)?;
        let l = limit(target(arl0)?, 100.0, |l| ewma_arl(weight, l, 0.0))?;
        Self::new(weight, l)
    }

    /// The average run length when the mean has shifted by `shift` standard deviations; infinite beyond about 10¹³. `None`
    /// for a shift that is not finite. O(nodes³), a few dozen for most weights.
    ///
    /// # Examples
    /// ```
    /// // With weight 1 it is Shewhart's chart.
    /// assert!((assay_stats::drift::chart::Ewma::new(1.0, 3.0)?.arl(0.0).unwrap() - 370.4).abs() < 0.1);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn arl(&self, shift: f64) -> Option<f64> {
        shift.is_finite().then(|| ewma_arl(self.weight, self.limit, shift))
    }
}

/// Nodes beyond which the chain of [`STATES`] is quicker than the integral equation.
const MOST_NODES: f64 = 250.0;

/// Solves the integral equation L(x) = 1 + ∫ L(y) φ((y − (1 − λ)x)/λ − shift)/λ dy over the values without an alarm, at the
/// nodes of a Gauss–Legendre rule (Crowder 1987). The density is analytic: once there are three nodes for each of its
/// standard deviations λ, the error falls exponentially with every node more. Weights so small that this takes too many
/// go by a Markov chain.
fn ewma_arl(weight: f64, limit: f64, shift: f64) -> f64 {
    let end = limit * (weight / (2.0 - weight)).sqrt();
    let nodes = 24.0 + 3.0 * end / weight;
    if nodes > MOST_NODES {
        return ewma_chain(weight, end, shift);
    }
    // An odd rule has its middle node at 0, where the chart begins.
    let rule = gauss_legendre(nodes as u32 | 1);
    mean_steps(rule.len(), rule.len() / 2, |i, j| {
        let ((from, _), (to, share)) = (rule[i], rule[j]);
        end * share * normal_pdf(end * (to - (1.0 - weight) * from) / weight - shift) / weight
    })
}

fn ewma_chain(weight: f64, end: f64, shift: f64) -> f64 {
    let width = 2.0 * end / STATES as f64;
    let centre = |i: usize| -end + (i as f64 + 0.5) * width;
    mean_steps(STATES, STATES / 2, |i, j| {
        let at = |edge: f64| normal_cdf((centre(j) + edge - (1.0 - weight) * centre(i)) / weight - shift);
        at(width / 2.0) - at(-width / 2.0)
    })
}

impl Detector for Ewma {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        finite(&[value], 1)?;
        self.average += self.weight * (value - self.average);
        let alarm = self.average.abs() > self.limit * (self.weight / (2.0 - self.weight)).sqrt();
        if alarm {
            self.reset();
        }
        Ok(alarm)
    }

    fn reset(&mut self) {
        self.average = 0.0;
    }
}

/// Shewhart's chart of standardised values: alarm beyond ±L. Finds large jumps at once and small shifts late.
#[derive(Clone, Debug, PartialEq)]
pub struct Shewhart {
    /// The limit L in standard deviations.
    pub limit: f64,
}

impl Shewhart {
    /// The chart with one false alarm per `arl0` values: L = −Φ⁻¹(1 / (2 ARL0)).
    ///
    /// # Errors
    /// `arl0` outside 2 to 10⁷.
    ///
    /// # Examples
    /// ```
    /// assert!((assay_stats::drift::chart::Shewhart::design(370.398)?.limit - 3.0).abs() < 1e-5);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn design(arl0: f64) -> Result<Self, Undefined> {
        Ok(Self { limit: -normal_quantile(0.5 / target(arl0)?) })
    }

    /// The average run length when the mean has shifted by `shift` standard deviations. `None` for a shift that is not
    /// finite, or a limit that is not above 0.
    ///
    /// # Examples
    /// ```
    /// let chart = assay_stats::drift::chart::Shewhart { limit: 3.0 };
    /// assert!((chart.arl(1.0).unwrap() - 43.9).abs() < 0.1);
    /// ```
    pub fn arl(&self, shift: f64) -> Option<f64> {
        let alarm = normal_cdf(shift - self.limit) + normal_cdf(-shift - self.limit);
        (shift.is_finite() && self.limit > 0.0).then(|| 1.0 / alarm)
    }
}

impl Detector for Shewhart {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        finite(&[value], 1)?;
        if self.limit.is_nan() || self.limit <= 0.0 {
            return Err(Undefined::Setting("limit"));
        }
        Ok(value.abs() > self.limit)
    }

    fn reset(&mut self) {}
}

/// A CUSUM chart of failures (1) and passes (0): up m − 1 at a failure, down 1 at a pass, never below 0, alarm from the limit
/// on. m, the inverse of the failure rate where the chart stands still, is rounded to a whole number so that the chain has no
/// error. Reynolds & Stoumbos 1999.
#[derive(Clone, Debug, PartialEq)]
pub struct BernoulliCusum {
    /// Passes that outweigh a failure, plus one.
    pub m: u64,
    /// The limit.
    pub limit: u64,
    score: u64,
}

impl BernoulliCusum {
    /// A chart with given limits.
    ///
    /// # Errors
    /// m below 2 or above a million, or a limit of 0 or above 2²².
    ///
    /// # Examples
    /// ```
    /// // Alarm at the first failure: the wait is 1 / p.
    /// let chart = assay_stats::drift::chart::BernoulliCusum::new(2, 1)?;
    /// assert!((chart.arl(0.25).unwrap() - 4.0).abs() < 1e-12);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn new(m: u64, limit: u64) -> Result<Self, Undefined> {
        if !(2..=1_000_000).contains(&m) {
            return Err(Undefined::Setting("m"));
        }
        if limit == 0 || limit > 1 << 22 {
            return Err(Undefined::Setting("limit"));
        }
        Ok(Self { m, limit, score: 0 })
    }

    /// The chart that finds a failure rate of `bad` fastest when `good` is normal, with at most one false alarm per `arl0`
    /// cases: the smallest limit whose ARL at `good` is not below.
    ///
    /// # Errors
    /// Rates not 0 < good < bad < 1, or `arl0` outside 2 to 10⁷.
    ///
    /// # Examples
    /// ```
    /// let chart = assay_stats::drift::chart::BernoulliCusum::design(0.05, 0.15, 500.0)?;
    /// assert!(chart.arl(0.05).unwrap() >= 500.0 && chart.arl(0.15).unwrap() < 60.0);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn design(good: f64, bad: f64, arl0: f64) -> Result<Self, Undefined> {
        if !(good > 0.0 && good < bad && bad < 1.0) {
            return Err(Undefined::Setting("rates"));
        }
        let down = -((1.0 - bad) / (1.0 - good)).ln();
        let apart = (bad * (1.0 - good) / (good * (1.0 - bad))).ln();
        let m = (apart / down).round().clamp(2.0, 100_000.0) as u64;
        let wanted = target(arl0)?;
        let long = |limit: u64| bernoulli_arl(m, limit, good) >= wanted;
        let (mut low, mut high) = (0, 1);
        while !long(high) {
            low = high;
            high *= 2;
            if high > 1 << 22 {
                return Err(Undefined::Setting("arl0"));
            }
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if long(middle) { high = middle } else { low = middle }
        }
        Self::new(m, high)
    }

    /// The average run length at a failure rate, exactly. `None` outside (0, 1). O(limit · min(limit, m)).
    ///
    /// # Examples
    /// ```
    /// // A failure counts 2, a pass takes 1 off: a little faster than waiting for two failures in a row (6).
    /// let chart = assay_stats::drift::chart::BernoulliCusum::new(3, 4)?;
    /// assert!((chart.arl(0.5).unwrap() - 5.6).abs() < 1e-12);
    /// # Ok::<(), assay_stats::drift::Undefined>(())
    /// ```
    pub fn arl(&self, rate: f64) -> Option<f64> {
        (rate > 0.0 && rate < 1.0).then(|| bernoulli_arl(self.m, self.limit, rate))
    }
}

/// E(s) = 1 + (1 − p) E(s − 1) + p E(s + m − 1), solved from the limit down as E(s) = aₛ + bₛ E(s − 1). Of b its distance from
/// 1 is kept, so that nothing cancels.
fn bernoulli_arl(m: u64, limit: u64, p: f64) -> f64 {
    let (m, limit) = (m as usize, limit as usize);
    let (mut a, mut gap) = (vec![0.0; limit], vec![0.0; limit]);
    for s in (0..limit).rev() {
        // E(s + m − 1) = up + (1 − off) E(s).
        let (mut up, mut off) = (0.0, 1.0);
        if s + m - 1 < limit {
            off = 0.0;
            for t in s + 1..s + m {
                up = a[t] + (1.0 - gap[t]) * up;
                off = gap[t] + (1.0 - gap[t]) * off;
            }
        }
        if s == 0 {
            return (1.0 + p * up) / (p * off);
        }
        let stay = 1.0 - p + p * off;
        a[s] = (1.0 + p * up) / stay;
        gap[s] = p * off / stay;
    }
    f64::INFINITY
}

impl Detector for BernoulliCusum {
    fn update(&mut self, value: f64) -> Result<bool, Undefined> {
        if value != 0.0 && value != 1.0 {
            return Err(Undefined::Setting("value"));
        }
        self.score = if value == 0.0 { self.score.saturating_sub(1) } else { self.score + self.m - 1 };
        let alarm = self.score >= self.limit;
        if alarm {
            self.reset();
        }
        Ok(alarm)
    }

    fn reset(&mut self) {
        self.score = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_equation_and_the_chain_agree() {
        for (weight, limit) in [(0.05, 2.5), (0.2, 3.0), (0.7, 2.0), (1.0_f64, 3.0)] {
            let end = limit * (weight / (2.0 - weight)).sqrt();
            for shift in [0.0, 0.5, 3.0] {
                let (exact, chain) = (ewma_arl(weight, limit, shift), ewma_chain(weight, end, shift));
                assert!((exact / chain - 1.0).abs() < 5e-3, "{weight} {limit} {shift}: {exact} {chain}");
            }
        }
        // Too small a weight for the nodes.
        assert!(ewma_arl(1e-5, 2.0, 0.0).is_finite());
    }
}
