//! Looking at results before all are in: group-sequential boundaries for planned looks, e-processes and confidence
//! sequences for any number of unplanned ones. Cases must arrive in random order.
//!
//! An e-process is a bet against a hypothesis that starts at 1 and is not expected to grow while the hypothesis holds:
//! it ever reaches 1/α with probability α at most (Ville 1939). All here are natural logarithms, which add and do not
//! overflow: reject when one reaches −ln α.

use crate::Invalid;
use crate::estimate::Interval;
use crate::mean::sum;
use crate::proportion::critical;
use crate::special::{ln_gamma, normal_cdf, normal_pdf, normal_quantile};

/// How the two-sided error α is spent as information accrues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spending {
    /// 4(1 − Φ(z₁₋α⸝₄/√t)): almost nothing early. Lan & DeMets 1983, after O'Brien & Fleming 1979.
    OBrienFleming,
    /// α ln(1 + (e − 1)t): about the same critical value at each look. Lan & DeMets 1983, after Pocock 1977.
    Pocock,
    /// α(1 − e^(−γt))/(1 − e^(−γ)), and αt at γ = 0: late for negative, early for positive γ. Hwang, Shih & DeCani 1990.
    HwangShihDeCani(f64),
}

impl Spending {
    /// The error spent when the share `t` of the planned information is in. `None` unless 0 < t ≤ 1, 0 < α < 1, and γ is
    /// a number of at most 700 in size.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::sequential::Spending;
    /// assert!((Spending::OBrienFleming.spent(0.05, 1.0).unwrap() - 0.05).abs() < 1e-12);
    /// assert_eq!(Spending::Pocock.spent(0.05, 0.0), None);
    /// ```
    pub fn spent(self, alpha: f64, t: f64) -> Option<f64> {
        let gamma = if let Self::HwangShihDeCani(gamma) = self { gamma } else { 0.0 };
        let sensible = alpha > 0.0 && alpha < 1.0 && t > 0.0 && t <= 1.0 && gamma.abs() <= 700.0;
        sensible.then(|| self.spent_at(alpha, t))
    }

    fn spent_at(self, alpha: f64, t: f64) -> f64 {
        match self {
            Self::OBrienFleming => 4.0 * normal_cdf(normal_quantile(0.25 * alpha) / t.sqrt()),
            Self::Pocock => alpha * ((std::f64::consts::E - 1.0) * t).ln_1p(),
            Self::HwangShihDeCani(0.0) => alpha * t,
            Self::HwangShihDeCani(gamma) => alpha * (-gamma * t).exp_m1() / (-gamma).exp_m1(),
        }
    }
}

/// One planned look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// The share of the planned information that is in.
    pub information: f64,
    /// Stop when |z| reaches it; also the critical value of [`repeated_interval`]. Infinite when the error to be spent
    /// is below the smallest number.
    pub critical: f64,
    /// Two-sided error spent up to and including this look.
    pub spent: f64,
}

/// The symmetric two-sided boundary of a group-sequential test at increasing shares of information in (0, 1], at least
/// 1/10,000 apart, that has spent [`Spending::spent`] after each look. The chance to get past every look is integrated
/// recursively with 20-point Gauss–Legendre panels no wider than four standard deviations of the narrowest increment
/// (Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000 §19). A look that was skipped is left out of the list:
/// later critical values depend only on the looks that were taken. Time and memory grow
/// with the inverse root of the smallest step: milliseconds for five looks, seconds for a thousand.
///
/// # Errors
/// Shares that do not increase, are out of range or too close together; α outside (0, 1); a γ that is not finite or
/// above 700 in size.
///
/// # Examples
/// ```
/// use assay_stats::sequential::{Spending, boundaries};
///
/// // Lan and DeMets: 2.963, 1.969 for two looks.
/// let looks = boundaries(&[0.5, 1.0], 0.05, Spending::OBrienFleming).unwrap();
/// assert!((looks[0].critical - 2.963).abs() < 1e-3 && (looks[1].critical - 1.969).abs() < 1e-3);
/// ```
pub fn boundaries(information: &[f64], alpha: f64, spending: Spending) -> Result<Vec<Look>, Invalid> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(Invalid("alpha must be between 0 and 1"));
    }
    if matches!(spending, Spending::HwangShihDeCani(gamma) if !gamma.is_finite() || gamma.abs() > 700.0) {
        return Err(Invalid("gamma must be a number between -700 and 700"));
    }
    let before = || std::iter::once(0.0).chain(information.iter().copied());
    if !information.iter().all(|t| *t > 0.0 && *t <= 1.0) {
        return Err(Invalid("shares of information must be above 0 and at most 1"));
    }
    let deviations: Vec<f64> = before().zip(information).map(|(from, to)| (to - from).sqrt()).collect();
    if !deviations.iter().all(|deviation| *deviation >= 0.009_999) {
        return Err(Invalid("shares of information must increase by at least 0.0001"));
    }
    let rule = gauss_legendre(20);
    // Before the first look all mass is at 0.
    let mut density = vec![(0.0, 1.0)];
    let mut spent = 0.0;
    let mut looks = Vec::with_capacity(information.len());
    for (at, (t, deviation)) in information.iter().zip(&deviations).enumerate() {
        let total = spending.spent_at(alpha, *t);
        let bound = crossing_bound(&density, *deviation, *t, total - spent);
        spent = total;
        looks.push(Look { information: *t, critical: bound / t.sqrt(), spent });
        if let Some(next) = deviations.get(at + 1) {
            density = continued(&density, *deviation, bound.min(REACH * t.sqrt()), deviation.min(*next), &rule);
        }
    }
    Ok(looks)
}

/// How much wider the last boundary is than the critical value without looks: the price of looking. `None` without
/// looks. Jennison & Turnbull 2000 §2.
///
/// # Errors
/// As [`boundaries`].
///
/// # Examples
/// ```
/// use assay_stats::sequential::{Spending, price_of_looking};
/// // Five O'Brien–Fleming looks cost about 4% of width.
/// let price = price_of_looking(&[0.2, 0.4, 0.6, 0.8, 1.0], 0.95, Spending::OBrienFleming).unwrap().unwrap();
/// assert!((1.03..1.05).contains(&price));
/// ```
pub fn price_of_looking(information: &[f64], confidence: f64, spending: Spending) -> Result<Option<f64>, Invalid> {
    let looks = boundaries(information, 1.0 - confidence, spending)?;
    Ok(looks.last().map(|look| look.critical / critical(confidence)))
}

/// Standard deviations beyond which the normal density is below the smallest number.
const REACH: f64 = 38.0;

/// The Brownian bound whose crossing takes the probability `error` out of `density`, a list of (place, mass), after an
/// increment with the given standard deviation.
fn crossing_bound(density: &[(f64, f64)], deviation: f64, t: f64, error: f64) -> f64 {
    let crossing = |bound: f64| {
        sum(density
            .iter()
            .map(|(u, mass)| mass * (normal_cdf((u - bound) / deviation) + normal_cdf((-u - bound) / deviation))))
    };
    let (mut low, mut high) = (0.0, REACH * t.sqrt());
    // Also when `error` is rounded to nothing: the tail at the far end may be 0 itself.
    if error <= 0.0 || crossing(high) > error {
        return f64::INFINITY;
    }
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if crossing(middle) > error {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The masses at the quadrature nodes within ±`bound` after an increment, in increasing order of place.
fn continued(
    density: &[(f64, f64)],
    deviation: f64,
    bound: f64,
    narrowest: f64,
    rule: &[(f64, f64)],
) -> Vec<(f64, f64)> {
    let panels = (2.0 * bound / (4.0 * narrowest)).ceil().max(1.0);
    let half = bound / panels;
    let places = (0..panels as usize).flat_map(|panel| {
        let centre = (2.0 * panel as f64 + 1.0) * half - bound;
        rule.iter().map(move |(node, weight)| (centre + half * node, half * weight))
    });
    let reach = REACH * deviation;
    places
        .map(|(x, weight)| {
            let from = density.partition_point(|(u, _)| *u < x - reach);
            let near = density[from..].iter().take_while(|(u, _)| *u <= x + reach);
            let height = near.map(|(u, mass)| mass * normal_pdf((x - u) / deviation)).sum::<f64>() / deviation;
            (x, weight * height)
        })
        .collect()
}

/// Nodes and weights of the n-point Gauss–Legendre rule on [−1, 1]: Newton steps on the Legendre polynomial.
pub(crate) fn gauss_legendre(n: u32) -> Vec<(f64, f64)> {
    let size = f64::from(n);
    (0..n)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (f64::from(i) + 0.75) / (size + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..8 {
                let (mut before, mut value) = (0.0, 1.0);
                for k in 0..n {
                    let k = f64::from(k);
                    (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
                }
                slope = size * (x * value - before) / (x * x - 1.0);
                x -= value / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

/// The interval mean ± critical · se of a look: the intervals of all looks hold at once. Jennison & Turnbull 1989.
/// `None` when an input is not a number, `se` is negative or not finite, or the critical value is infinite.
///
/// # Examples
/// ```
/// use assay_stats::sequential::repeated_interval;
///
/// let interval = repeated_interval(0.1, 0.05, 2.0).unwrap();
/// assert!(interval.lower.abs() < 1e-12);
/// ```
pub fn repeated_interval(mean: f64, se: f64, critical: f64) -> Option<Interval> {
    let half = critical * se;
    (mean.is_finite() && se >= 0.0 && critical > 0.0 && half.is_finite())
        .then_some(Interval { lower: mean - half, upper: mean + half })
}

/// The chance that z reaches `critical` at full information if the trend seen so far holds, given `z` at the share `t`
/// of information: Φ((z/√t − critical)/√(1 − t)). Stop for futility when it is small; such a stop is not binding, it
/// changes no critical value. `None` unless 0 < t < 1 and z is finite. Lan & Wittes 1988.
///
/// # Examples
/// ```
/// use assay_stats::sequential::conditional_power;
///
/// // Half the way with z/√t just at the critical value: an even chance.
/// let power = conditional_power(1.96 * 0.5f64.sqrt(), 0.5, 1.96).unwrap();
/// assert!((power - 0.5).abs() < 1e-12);
/// ```
pub fn conditional_power(z: f64, t: f64, critical: f64) -> Option<f64> {
    (t > 0.0 && t < 1.0 && z.is_finite() && !critical.is_nan())
        .then(|| normal_cdf((z / t.sqrt() - critical) / (1.0 - t).sqrt()))
}

/// The always-valid p-value after each look: min(1, 1 / the largest e-value so far), from logarithms of e-values. A
/// value that is not a number counts as no evidence. Johari et al. 2017.
///
/// # Examples
/// ```
/// use assay_stats::sequential::always_valid_p;
///
/// let p = always_valid_p([0.0, 20f64.ln(), 0.0]);
/// assert!(p[0] == 1.0 && (p[2] - 0.05).abs() < 1e-12);
/// ```
pub fn always_valid_p(log_e: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut best = 0.0_f64;
    log_e
        .into_iter()
        .map(|value| {
            best = best.max(value);
            (-best).exp()
        })
        .collect()
}

/// Log e-value of the counts of discordant pairs against "better and worse are equally likely": ln of
/// B(2 + better, 2 + worse)/B(2, 2) · 2^(better + worse), the Beta(2, 2) mixture of likelihood ratios. Exact at any
/// stopping time; ties are left out. Robbins 1970; Howard et al. 2021.
///
/// # Examples
/// ```
/// use assay_stats::sequential::discordant_log_e;
///
/// // Nothing seen says nothing.
/// assert!(discordant_log_e(0, 0).abs() < 1e-12);
/// assert!(discordant_log_e(20, 2) > 20f64.ln());
/// ```
pub fn discordant_log_e(better: u64, worse: u64) -> f64 {
    let (u, d) = (better as f64, worse as f64);
    // ln 1/B(2, 2) = ln 6.
    ln_gamma(u + 2.0) + ln_gamma(d + 2.0) - ln_gamma(u + d + 4.0) + 6f64.ln() + (u + d) * std::f64::consts::LN_2
}

/// The average of e-values is an e-value, whatever their dependence. `None` for none, or one that is no number or below 0.
/// Vovk & Wang 2021.
///
/// # Examples
/// ```
/// use assay_stats::sequential::merge_e_values;
///
/// assert_eq!(merge_e_values(&[10.0, 0.0]), Some(5.0));
/// ```
pub fn merge_e_values(values: &[f64]) -> Option<f64> {
    (!values.is_empty() && values.iter().all(|value| *value >= 0.0))
        .then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Which hypotheses are rejected at false discovery rate `alpha`: the k largest e-values, for the largest k with
/// k·e_(k) ≥ m/α. Holds under any dependence. `None` for an α outside of 0 to 1, or an e-value that is no number or below
/// 0. Wang & Ramdas 2022.
///
/// # Examples
/// ```
/// use assay_stats::sequential::e_bh;
///
/// assert_eq!(e_bh(&[100.0, 1.0, 30.0], 0.05).unwrap(), [true, false, true]);
/// ```
pub fn e_bh(values: &[f64], alpha: f64) -> Option<Vec<bool>> {
    if !(alpha > 0.0 && alpha < 1.0) || values.iter().any(|value| value.is_nan() || *value < 0.0) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let needed = values.len() as f64 / alpha;
    let k = (1..=sorted.len()).rev().find(|k| *k as f64 * sorted[k - 1] >= needed);
    let least = k.map_or(f64::INFINITY, |k| sorted[k - 1]);
    Some(values.iter().map(|value| *value >= least).collect())
}

/// The mixing variance ρ² that makes [`asymptotic_interval`] narrowest at about `n` cases:
/// (−2 ln α + ln(1 − 2 ln α))/n. `None` unless 0 < α < 1 and n > 0. Waudby-Smith et al. 2024, appendix.
///
/// # Examples
/// ```
/// use assay_stats::sequential::best_rho2;
///
/// assert!((best_rho2(100.0, 0.05).unwrap() - 0.0794).abs() < 1e-4);
/// ```
pub fn best_rho2(n: f64, alpha: f64) -> Option<f64> {
    let log = -2.0 * alpha.ln();
    (alpha > 0.0 && alpha < 1.0 && n > 0.0 && n.is_finite()).then(|| (log + (1.0 + log).ln()) / n)
}

/// The asymptotic confidence sequence of a mean at `n` cases with standard deviation `sd`:
/// mean ± sd √(2(nρ² + 1)/(n²ρ²) · ln(√(nρ² + 1)/α)). Holds at all n at once, from about 100 cases on. `None` when an
/// input is not a number or out of range, or the standard deviation is 0, which says nothing about cases to come.
/// Waudby-Smith et al. 2024.
///
/// # Examples
/// ```
/// use assay_stats::sequential::{asymptotic_interval, best_rho2};
/// let rho2 = best_rho2(500.0, 0.05).unwrap();
/// let interval = asymptotic_interval(0.8, 0.4, 500, rho2, 0.05).unwrap();
/// // Half again as wide as the interval for a single look.
/// let single = 1.96 * 0.4 / 500f64.sqrt();
/// assert!((1.3..1.7).contains(&((interval.upper - 0.8) / single)));
/// ```
pub fn asymptotic_interval(mean: f64, sd: f64, n: u64, rho2: f64, alpha: f64) -> Option<Interval> {
    let n = n as f64;
    if !(mean.is_finite() && sd > 0.0 && sd.is_finite() && n >= 2.0 && positive(rho2) && alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let grown = n * rho2 + 1.0;
    let half = sd * (2.0 * grown / (n * n * rho2) * (0.5 * grown.ln() - alpha.ln())).sqrt();
    Some(Interval { lower: mean - half, upper: mean + half })
}

/// Log of the mixture sequential probability ratio of a mean of `n` (paired) differences, each of variance `variance`,
/// against `null`, mixed over effects with variance `tau2`:
/// ½ ln(V/(V + nτ²)) + n²τ²(mean − null)²/(2V(V + nτ²)). With ρ² = τ²/V it reaches −ln α where `null` leaves
/// [`asymptotic_interval`]. Exact for normal data of known variance, asymptotic for an estimated one. `None` when an
/// input is not finite or a variance is not above 0. Johari et al. 2017.
///
/// # Examples
/// ```
/// use assay_stats::sequential::msprt_log_e;
/// // Ten standard errors away: all but certain.
/// assert!(msprt_log_e(0.1, 1.0, 10_000, 0.0, 0.01).unwrap() > 40.0);
/// assert!(msprt_log_e(0.0, 1.0, 10_000, 0.0, 0.01).unwrap() < 0.0);
/// ```
pub fn msprt_log_e(mean: f64, variance: f64, n: u64, null: f64, tau2: f64) -> Option<f64> {
    if !(mean.is_finite() && null.is_finite() && positive(variance) && positive(tau2)) {
        return None;
    }
    let n = n as f64;
    let growth = n * tau2 / variance;
    let log = 0.5 * (n * (mean - null).powi(2) / variance / (1.0 + 1.0 / growth) - growth.ln_1p());
    log.is_finite().then_some(log)
}

fn positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

/// Which side of a mean is bet on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Against "the mean is at most this": capital grows when values lie above.
    Above,
    /// Against "the mean is at least this".
    Below,
}

/// Bets on bounded values in the order in which they came: the hedged capital process with predictable plug-in bets
/// λ_t = √(2 ln(2/α)/(σ̂²_{t−1} t ln(1 + t))), truncated at half the bet that could ruin. Valid at any stopping time for
/// any distribution in the range, without approximation. Waudby-Smith & Ramdas 2024.
#[derive(Clone, Debug, PartialEq)]
pub struct Bets {
    /// Values within [0, 1], the bet placed on each before it was seen, and the sum of those before it.
    steps: Vec<(f64, f64, f64)>,
    lo: f64,
    width: f64,
    total: Option<f64>,
    alpha: f64,
}

impl Bets {
    /// Values in the closed `range`. With `total`, they are drawn without replacement from a finite suite of that many
    /// cases, and bets are on the mean of the whole suite: at its end the interval is a point. O(values).
    ///
    /// # Errors
    /// A value outside the range or not a number, an empty or infinite range, α outside (0, 1), more values than
    /// `total`.
    ///
    /// # Examples
    /// ```
    /// use assay_stats::sequential::Bets;
    /// assert!(Bets::new(&[0.2, 1.0], (0.0, 1.0), Some(10), 0.05).is_ok());
    /// assert!(Bets::new(&[0.2, 1.1], (0.0, 1.0), None, 0.05).is_err());
    /// ```
    pub fn new(values: &[f64], range: (f64, f64), total: Option<u64>, alpha: f64) -> Result<Self, Invalid> {
        let (lo, hi) = range;
        let width = hi - lo;
        if !(lo.is_finite() && positive(width)) {
            return Err(Invalid("the range must be finite and not empty"));
        }
        if !values.iter().all(|value| *value >= lo && *value <= hi) {
            return Err(Invalid("a value is outside the range"));
        }
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(Invalid("alpha must be between 0 and 1"));
        }
        if total.is_some_and(|total| total < values.len() as u64) {
            return Err(Invalid("there are more values than cases in the suite"));
        }
        let (mut before, mut squares) = (0.0, 0.25);
        let scale = 2.0 * (2.0 / alpha).ln();
        let place = |(at, value): (usize, &f64)| {
            let (t, x) = (at as f64 + 1.0, (value - lo) / width);
            // σ̂²_{t−1} is `squares` / t, so that t cancels.
            let bet = (scale / (squares * t.ln_1p())).sqrt();
            let step = (x, bet, before);
            before += x;
            squares += (x - (0.5 + before) / (t + 1.0)).powi(2);
            step
        };
        let steps = values.iter().enumerate().map(place).collect();
        Ok(Self { steps, lo, width, total: total.map(|total| total as f64), alpha })
    }

    /// The logarithm of the capital after each value when betting against "the mean is at most (or at least) `mean`":
    /// an e-process, such as of non-inferiority at `mean` = −margin. Infinite once the values, or the range, rule the
    /// hypothesis out. `None` for a mean that is not a finite number. O(values).
    ///
    /// # Examples
    /// ```
    /// use assay_stats::sequential::{Bets, Side};
    /// let bets = Bets::new(&[1.0; 30], (0.0, 1.0), None, 0.05).unwrap();
    /// let capital = bets.log_capital(0.5, Side::Above).unwrap();
    /// assert!(capital[29] > 20f64.ln());
    /// ```
    pub fn log_capital(&self, mean: f64, side: Side) -> Option<Vec<f64>> {
        mean.is_finite().then(|| self.path((mean - self.lo) / self.width, side).collect())
    }

    fn path(&self, m: f64, side: Side) -> impl Iterator<Item = f64> {
        let mut capital = 0.0;
        self.steps.iter().enumerate().map(move |(t, (x, bet, before))| {
            // Without replacement: the mean of what is left, if `m` is the mean of all.
            let left = self.total.map_or(m, |total| (total * m - before) / (total - t as f64));
            let (x, left) = match side {
                Side::Above => (*x, left),
                Side::Below => (1.0 - x, 1.0 - left),
            };
            // Rounding of sums must not rule out a mean at the edge.
            let edge = 1e-12 * self.total.unwrap_or(1.0);
            capital += if left < -edge {
                f64::INFINITY
            } else {
                let left = left.clamp(0.0, 1.0);
                (bet.min(0.5 / left) * (x - left)).ln_1p()
            };
            capital
        })
    }

    /// The means that no bet so far, at half the capital on either side, has refuted: the running intersection of the
    /// confidence sequence, at level 1 − α at all times at once. `None` when nothing is left, which happens with
    /// probability α at most or when values are not as assumed. Found by bisection, as capital is monotone in the mean:
    /// O(60 · values), no grid.
    ///
    /// # Examples
    /// ```
    /// let values: Vec<f64> = (0..200).map(|i| f64::from(i % 4 > 0)).collect();
    /// let bets = assay_stats::sequential::Bets::new(&values, (0.0, 1.0), None, 0.05).unwrap();
    /// let interval = bets.interval().unwrap();
    /// assert!(interval.lower < 0.75 && 0.75 < interval.upper && interval.lower > 0.55);
    /// ```
    pub fn interval(&self) -> Option<Interval> {
        let limit = (2.0 / self.alpha).ln();
        let refuted = |m: f64, side: Side| self.path(m, side).any(|capital| capital >= limit);
        // From the end that is refuted first to the other one.
        let bound = |side: Side, mut out: f64, mut kept: f64| {
            if !refuted(out, side) {
                return Some(out);
            }
            if refuted(kept, side) {
                return None;
            }
            for _ in 0..60 {
                let middle = 0.5 * (out + kept);
                if refuted(middle, side) {
                    out = middle;
                } else {
                    kept = middle;
                }
            }
            Some(kept)
        };
        let (mut lower, mut upper) = (bound(Side::Above, 0.0, 1.0)?, bound(Side::Below, 1.0, 0.0)?);
        if let (Some(total), Some((x, _, before))) = (self.total, self.steps.last()) {
            // What the values themselves leave possible.
            let seen = before + x;
            lower = lower.max(seen / total);
            upper = upper.min((seen + total - self.steps.len() as f64) / total);
        }
        // A single case left open, or rounding, may cross the ends by a bit.
        if lower > upper && lower - upper < 1e-9 {
            lower = upper;
        }
        (lower <= upper)
            .then_some(Interval { lower: self.lo + self.width * lower, upper: self.lo + self.width * upper })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::golden;
    use proptest::prelude::*;

    const LOOKS: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];

    fn shapes() -> [Spending; 5] {
        [
            Spending::OBrienFleming,
            Spending::Pocock,
            Spending::HwangShihDeCani(-4.0),
            Spending::HwangShihDeCani(0.0),
            Spending::HwangShihDeCani(2.5),
        ]
    }

    #[test]
    fn five_looks_agree_with_the_published_boundaries() {
        for (name, spending) in [("OBF", Spending::OBrienFleming), ("Pocock", Spending::Pocock)] {
            let want = golden(&format!("Lan-DeMets {name} 5 looks two-sided .05"));
            for (look, want) in boundaries(&LOOKS, 0.05, spending).unwrap().iter().zip(want) {
                assert!((look.critical - want).abs() < 1e-8, "{name} {look:?} {want}");
            }
        }
        assert!(boundaries(&[0.5, 0.5], 0.05, Spending::Pocock).is_err());
        assert!(boundaries(&[0.0], 0.05, Spending::Pocock).is_err());
        assert!(boundaries(&[0.5, f64::NAN], 0.05, Spending::Pocock).is_err());
        assert!(boundaries(&[1.1], 0.05, Spending::Pocock).is_err());
        assert!(boundaries(&[1.0], 1.0, Spending::Pocock).is_err());
        assert!(boundaries(&[1.0], 0.1, Spending::HwangShihDeCani(f64::NAN)).is_err());
        assert_eq!(boundaries(&[], 0.05, Spending::Pocock), Ok(vec![]));
    }

    #[test]
    fn all_error_is_spent_at_the_end_and_one_look_is_the_usual_test() {
        for spending in shapes() {
            let looks = boundaries(&LOOKS, 0.05, spending).unwrap();
            assert!((looks[4].spent - 0.05).abs() < 1e-15);
            assert!(looks.windows(2).all(|pair| pair[0].spent < pair[1].spent));
            assert!(looks.iter().all(|look| look.critical > critical(0.95)), "{looks:?}");
            let one = boundaries(&[1.0], 0.05, spending).unwrap();
            assert!((one[0].critical - critical(0.95)).abs() < 1e-12, "{one:?}");
        }
    }

    #[test]
    fn e_values_merge_and_reject() {
        assert_eq!(merge_e_values(&[1.0, 3.0]), Some(2.0));
        assert_eq!(e_bh(&[100.0, 1.0, 45.0, 0.5], 0.05).unwrap(), [true, false, true, false]);
        assert_eq!(e_bh(&[10.0, 10.0], 0.05).unwrap(), [false, false]);
    }

    #[test]
    fn looking_five_times_costs_a_few_percent() {
        let price = price_of_looking(&LOOKS, 0.95, Spending::OBrienFleming).unwrap().unwrap();
        assert!(price > 1.02 && price < 1.05, "{price}");
        assert_eq!(price_of_looking(&[], 0.95, Spending::OBrienFleming), Ok(None));
    }

    #[test]
    fn looks_that_are_early_or_close_are_safe() {
        let early = boundaries(&[1e-4, 1e-3, 0.02, 1.0], 0.05, Spending::OBrienFleming).unwrap();
        assert_eq!(early[0].critical, f64::INFINITY);
        assert!(early[2].critical > 15.0 && early[2].critical < 16.0, "{early:?}");
        assert!((early[3].critical - critical(0.95)).abs() < 1e-9);
        let close = boundaries(&[0.5, 0.5001, 1.0], 0.05, Spending::Pocock).unwrap();
        let apart = boundaries(&[0.5, 1.0], 0.05, Spending::Pocock).unwrap();
        assert!((close[2].critical - apart[1].critical).abs() < 1e-3, "{close:?}");
    }

    #[test]
    fn the_simulated_error_is_what_was_promised() {
        // 200,000 Brownian paths at five looks: the standard error of 5% is 0.05 points.
        let looks = boundaries(&LOOKS, 0.05, Spending::OBrienFleming).unwrap();
        let mut random = draws(3);
        let crossed = (0..200_000)
            .filter(|_| {
                let mut place = 0.0;
                // No short circuit: each path takes five draws.
                looks.iter().fold(false, |crossed, look| {
                    place += 0.2f64.sqrt() * normal_quantile(random());
                    crossed || place.abs() >= look.critical * look.information.sqrt()
                })
            })
            .count();
        assert!((crossed as f64 / 200_000.0 - 0.05).abs() < 0.002, "{crossed}");
    }

    fn draws(seed: u64) -> impl FnMut() -> f64 {
        use rand::{RngExt, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        move || random.random_range(1e-15..1.0)
    }

    #[test]
    fn a_repeated_interval_needs_a_finite_boundary() {
        assert_eq!(repeated_interval(1.0, 0.5, 2.0), Some(Interval { lower: 0.0, upper: 2.0 }));
        assert_eq!(repeated_interval(1.0, 0.5, f64::INFINITY), None);
        assert_eq!(repeated_interval(1.0, f64::NAN, 2.0), None);
        assert_eq!(repeated_interval(1.0, -1.0, 2.0), None);
    }

    #[test]
    fn conditional_power_is_a_half_on_course_for_the_boundary() {
        assert!((conditional_power(2.0 * 0.5f64.sqrt(), 0.5, 2.0).unwrap() - 0.5).abs() < 1e-12);
        assert!(conditional_power(0.0, 0.5, 2.0).unwrap() < 0.01);
        assert_eq!(conditional_power(0.0, 1.0, 2.0), None);
        assert_eq!(conditional_power(f64::NAN, 0.5, 2.0), None);
    }

    #[test]
    fn the_discordant_e_value_agrees_with_the_golden_one() {
        let want = golden("discordant e-value up=3 down=14 a=2")[0];
        assert!((discordant_log_e(3, 14).exp() / want - 1.0).abs() < 1e-12);
        assert!(discordant_log_e(0, 0).abs() < 1e-15);
    }

    #[test]
    fn peeking_after_each_pair_rejects_at_most_as_often_as_promised() {
        let mut random = draws(5);
        let rejected = (0..2_000)
            .filter(|_| {
                let mut counts = (0, 0);
                (0..300).any(|_| {
                    if random() < 0.5 {
                        counts.0 += 1
                    } else {
                        counts.1 += 1
                    }
                    discordant_log_e(counts.0, counts.1) >= 20f64.ln()
                })
            })
            .count();
        assert!(rejected <= 100, "{rejected} of 2,000 at 5%");
    }

    #[test]
    fn always_valid_p_never_rises() {
        let p = always_valid_p([-1.0, 20f64.ln(), f64::NAN, 0.0, 100f64.ln()]);
        for (got, want) in p.iter().zip([1.0, 0.05, 0.05, 0.05, 0.01]) {
            assert!((got - want).abs() < 1e-12);
        }
    }

    #[test]
    fn bets_agree_with_confseq() {
        let x = [0., 1., 1., 1., 0., 1., 1., 1., 1., 0., 1., 1., 1., 0., 1., 1., 1., 1., 1., 0.];
        let name = "hedged/betting CS on x=0,1,1,1,0,1,1,1,1,0,1,1,1,0,1,1,1,1,1,0 breaks=1000 (confseq 70b1ef3) \
                    [betting_cs, hedged_cs, betting_ci]";
        // Its grid has steps of 1/1000, and it adds one on either side.
        let want = golden(name);
        let got = Bets::new(&x, (0.0, 1.0), None, 0.05).unwrap().interval().unwrap();
        assert!(
            (got.lower - want[2] - 0.001).abs() <= 0.001 && (got.upper - want[3] + 0.001).abs() <= 0.001,
            "{got:?}"
        );
    }

    #[test]
    fn bets_check_their_input() {
        let range = (-1.0, 1.0);
        for (values, range, total, alpha) in [
            (&[f64::NAN][..], range, None, 0.05),
            (&[1.5], range, None, 0.05),
            (&[0.5], (1.0, 1.0), None, 0.05),
            (&[0.5], (0.0, f64::INFINITY), None, 0.05),
            (&[0.5], range, None, 0.0),
            (&[0.5], range, None, f64::NAN),
            (&[0.5, 0.5], range, Some(1), 0.05),
        ] {
            assert!(Bets::new(values, range, total, alpha).is_err());
        }
        let none = Bets::new(&[], range, Some(0), 0.05).unwrap();
        assert_eq!(none.interval(), Some(Interval { lower: -1.0, upper: 1.0 }));
    }

    #[test]
    fn a_margin_is_shown_kept_by_enough_even_cases() {
        // Differences of 0 against a margin of 0.2: non-inferior.
        let bets = Bets::new(&[0.0; 200], (-1.0, 1.0), None, 0.05).unwrap();
        assert!(*bets.log_capital(-0.2, Side::Above).unwrap().last().unwrap() > 20f64.ln());
        assert!(*bets.log_capital(0.2, Side::Below).unwrap().last().unwrap() > 20f64.ln());
        assert!(*bets.log_capital(0.1, Side::Above).unwrap().last().unwrap() < 0.0);
        assert_eq!(bets.log_capital(-1.1, Side::Above), Some(vec![f64::INFINITY; 200]));
    }

    #[test]
    fn bets_cover_a_finite_suite_at_all_times() {
        let mut random = draws(8);
        let mut missed = 0;
        for _ in 0..400 {
            let mut suite: Vec<f64> = (0..60).map(|_| f64::from(u8::from(random() < 0.8))).collect();
            for at in (1..suite.len()).rev() {
                suite.swap(at, (random() * (at + 1) as f64) as usize);
            }
            let truth = suite.iter().sum::<f64>() / 60.0;
            let holds = |upto: usize| {
                let bets = Bets::new(&suite[..upto], (0.0, 1.0), Some(60), 0.1).unwrap();
                bets.interval().is_some_and(|i| i.lower <= truth + 1e-9 && i.upper >= truth - 1e-9)
            };
            missed += usize::from(![10, 30, 60].into_iter().all(holds));
        }
        assert!(missed <= 40, "{missed} of 400 at 10%");
    }

    proptest! {
        #[test]
        fn the_discordant_e_value_is_a_fair_bet(u in 0u64..400, d in 0u64..400) {
            let now = discordant_log_e(u, d).exp();
            let next = 0.5 * (discordant_log_e(u + 1, d).exp() + discordant_log_e(u, d + 1).exp());
            prop_assert!((next / now - 1.0).abs() < 1e-9);
            prop_assert_eq!(discordant_log_e(u, d), discordant_log_e(d, u));
        }

        #[test]
        fn the_mixture_test_and_the_asymptotic_interval_are_the_same(
            mean in -3.0..3.0f64, sd in 0.01..10.0f64, n in 2u64..1_000_000, rho2 in 1e-6..1.0f64, alpha in 0.001..0.3f64,
        ) {
            let interval = asymptotic_interval(mean, sd, n, rho2, alpha).unwrap();
            for end in [interval.lower, interval.upper] {
                let log = msprt_log_e(mean, sd * sd, n, end, rho2 * sd * sd).unwrap();
                prop_assert!((log + alpha.ln()).abs() < 1e-8, "{log} {alpha}");
            }
        }

        #[test]
        fn the_mixture_is_narrowest_near_its_best(n in 100u64..100_000, alpha in 0.01..0.1f64) {
            let rho2 = best_rho2(n as f64, alpha).unwrap();
            let width = |rho2| asymptotic_interval(0.0, 1.0, n, rho2, alpha).unwrap().upper;
            prop_assert!(width(rho2) < width(3.0 * rho2) && width(rho2) < width(rho2 / 3.0));
        }

        #[test]
        fn each_bet_is_fair(
            history in prop::collection::vec(0.0..=1.0f64, 0..30), m in 0.01..0.99f64, total in prop::option::of(40u64..60),
        ) {
            // A value of 0 or 1 with the mean that the hypothesis leaves for it.
            let left = total.map_or(m, |total| (total as f64 * m - history.iter().sum::<f64>()) / (total as f64 - history.len() as f64));
            prop_assume!((0.0..=1.0).contains(&left));
            for side in [Side::Above, Side::Below] {
                let after = |x: f64| {
                    let values: Vec<f64> = history.iter().copied().chain([x]).collect();
                    let path = Bets::new(&values, (0.0, 1.0), total, 0.05).unwrap().log_capital(m, side).unwrap();
                    let before = if path.len() > 1 { path[path.len() - 2] } else { 0.0 };
                    (path[path.len() - 1] - before).exp()
                };
                prop_assume!(after(1.0).is_finite());
                prop_assert!((left * after(1.0) + (1.0 - left) * after(0.0) - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn bets_mirror_scale_and_shrink(values in prop::collection::vec(0.0..=1.0f64, 1..40), total in prop::option::of(40u64..90)) {
            let interval = |values: &[f64], range| Bets::new(values, range, total, 0.05).unwrap().interval();
            let Some(got) = interval(&values, (0.0, 1.0)) else { return Ok(()) };
            let mirrored = interval(&values.iter().map(|x| 1.0 - x).collect::<Vec<_>>(), (0.0, 1.0)).unwrap();
            prop_assert!((got.lower - 1.0 + mirrored.upper).abs() < 1e-9 && (got.upper - 1.0 + mirrored.lower).abs() < 1e-9);
            let scaled = interval(&values.iter().map(|x| 8.0 * x - 3.0).collect::<Vec<_>>(), (-3.0, 5.0)).unwrap();
            prop_assert!((8.0 * got.lower - 3.0 - scaled.lower).abs() < 1e-8 && (8.0 * got.upper - 3.0 - scaled.upper).abs() < 1e-8);
            if let Some(before) = interval(&values[..values.len() - 1], (0.0, 1.0)) {
                prop_assert!(got.lower >= before.lower - 1e-12 && got.upper <= before.upper + 1e-12);
            }
        }
    }
}
