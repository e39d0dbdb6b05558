//! Randomised online experiments: was the split kept, what is the effect, and does the machinery hold its level.
//!
//! The unit of randomisation (user, session) is the case: events are added up to it first. Every metric becomes an
//! [`Arm`] (value, variance of one unit, units), and [`effect`] and [`lift`] compare two of those.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Invalid;
use crate::estimate::{Interval, is_level};
use crate::mean::sum;
use crate::special::{beta_cdf, binomial_cdf, binomial_pmf, chi_square_sf, ln_gamma, normal_cdf, t_quantile, t_sf};

/// How far a split is from the configured one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// p ≥ 0.01.
    None,
    /// p < 0.01: look for a cause before trusting an effect.
    Warning,
    /// p < 0.001: do not trust any effect. Fabijan et al. 2019.
    Alert,
}

/// The test for a sample ratio mismatch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleRatio {
    /// Pearson's χ².
    pub chi2: f64,
    /// Arms − 1.
    pub df: u32,
    /// p-value of χ², for a single look.
    pub p: f64,
    /// p-value of the exact binomial test, of two arms.
    pub exact: Option<f64>,
    /// What to make of the exact p-value, or else of that of χ².
    pub concern: Concern,
}

/// Pearson's χ² test of the units in each arm against the configured shares, which are scaled to sum to 1: an
/// approximation that is good from about five expected units in each arm. For two arms also the exact test. O(arms).
///
/// # Errors
/// Fewer than two arms, mismatched lengths, a share that is not above 0, no unit, more than 2⁶³.
///
/// # Examples
/// ```
/// use assay_stats::online::{Concern, sample_ratio};
/// // 50,000 against 51,000 where half was meant.
/// let found = sample_ratio(&[50_000, 51_000], &[1.0, 1.0]).unwrap();
/// assert!((found.chi2 - 9.901).abs() < 1e-3 && found.concern == Concern::Warning);
/// ```
pub fn sample_ratio(counts: &[u64], shares: &[f64]) -> Result<SampleRatio, Invalid> {
    let shares = split(counts, shares)?;
    let total = total(counts)?;
    if total == 0.0 {
        return Err(Invalid("no unit has been assigned"));
    }
    let chi2 =
        sum(counts.iter().zip(&shares).map(|(count, share)| (*count as f64 / total - share).powi(2) / share)) * total;
    let df = counts.len() as u32 - 1;
    let p = chi_square_sf(chi2, f64::from(df));
    let exact = (df == 1).then(|| binomial_test(counts[0], counts[0] + counts[1], shares[0]));
    let concern = match exact.unwrap_or(p) {
        p if p < 0.001 => Concern::Alert,
        p if p < 0.01 => Concern::Warning,
        _ => Concern::None,
    };
    Ok(SampleRatio { chi2, df, p, exact, concern })
}

/// The exact two-sided binomial p-value: the probability of all counts that are no more likely than `k`, up to
/// rounding. O(log n) tails.
fn binomial_test(k: u64, n: u64, p: f64) -> f64 {
    // From the side on which the count is too small.
    let (k, p) = if k as f64 > n as f64 * p { (n - k, 1.0 - p) } else { (k, p) };
    let mean = n as f64 * p;
    if k as f64 >= mean {
        return 1.0;
    }
    let limit = binomial_pmf(k, n, p) * (1.0 + 1e-7);
    let (mut likely, mut rare) = (mean.ceil() as u64, n + 1);
    while likely < rare {
        let middle = likely + (rare - likely) / 2;
        if binomial_pmf(middle, n, p) <= limit {
            rare = middle;
        } else {
            likely = middle + 1;
        }
    }
    let above = if rare > n { 0.0 } else { beta_cdf(p, rare as f64, (n - rare) as f64 + 1.0) };
    (binomial_cdf(k, n, p) + above).min(1.0)
}

/// All units; few enough for whole numbers.
fn total(counts: &[u64]) -> Result<f64, Invalid> {
    let total = counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count)).filter(|total| *total < 1 << 63);
    total.map(|total| total as f64).ok_or(Invalid("there are more units than can be counted"))
}

/// The checked shares, scaled to sum to 1.
fn split(counts: &[u64], shares: &[f64]) -> Result<Vec<f64>, Invalid> {
    if counts.len() != shares.len() || counts.len() < 2 {
        return Err(Invalid("there must be two arms or more, each with a count and a share"));
    }
    let total = sum(shares.iter().copied());
    if !shares.iter().all(|share| *share > 0.0) || !total.is_finite() {
        return Err(Invalid("shares must be above 0 and finite"));
    }
    Ok(shares.iter().map(|share| share / total).collect())
}

/// The usual concentration of [`sample_ratio_log_e`]: alert to deviations of about a percentage point.
pub const CONCENTRATION: f64 = 10_000.0;

/// Log e-value of the units in each arm against the configured shares: ln of the Dirichlet-multinomial likelihood, with
/// parameters `concentration` · share, over the multinomial one. May be looked at after every unit: a mismatch is
/// shown at level α once it reaches −ln α ([`always_valid_p`](crate::sequential::always_valid_p)). 0 without units.
/// O(arms). Lindon & Malek 2020.
///
/// # Errors
/// As [`sample_ratio`], and a concentration that is not above 0 and finite.
///
/// # Examples
/// ```
/// use assay_stats::online::{CONCENTRATION, sample_ratio_log_e};
/// let log_e = |counts: [u64; 2]| sample_ratio_log_e(&counts, &[0.5, 0.5], CONCENTRATION).unwrap();
/// assert!(log_e([50_000, 50_000]) < 0.0 && log_e([50_000, 53_000]) > 20f64.ln());
/// ```
pub fn sample_ratio_log_e(counts: &[u64], shares: &[f64], concentration: f64) -> Result<f64, Invalid> {
    let shares = split(counts, shares)?;
    if !(concentration > 0.0 && concentration.is_finite()) {
        return Err(Invalid("the concentration must be above 0 and finite"));
    }
    let total = total(counts)?;
    let rising = |a: f64, n: f64| ln_gamma(a + n) - ln_gamma(a);
    let arms = counts.iter().zip(&shares).map(|(count, share)| {
        let n = *count as f64;
        rising(concentration * share, n) - n * share.ln()
    });
    Ok(sum(arms) - rising(concentration, total))
}

/// The pooled z statistic and two-sided p-value of the difference of two rates, (successes, units) of treatment and of
/// control. `None` without units in either arm, with more successes than units, or when all or no units succeed.
///
/// # Examples
/// ```
/// use assay_stats::online::two_proportions;
///
/// let (z, p) = two_proportions((50, 100), (50, 100)).unwrap();
/// assert!(z == 0.0 && (p - 1.0).abs() < 1e-12);
/// ```
pub fn two_proportions(treatment: (u64, u64), control: (u64, u64)) -> Option<(f64, f64)> {
    let ((k1, n1), (k0, n0)) = (treatment, control);
    if n1 == 0 || n0 == 0 || k1 > n1 || k0 > n0 {
        return None;
    }
    let (n1, n0) = (n1 as f64, n0 as f64);
    let pooled = (k1 as f64 + k0 as f64) / (n1 + n0);
    let se = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n0)).sqrt();
    let z = (k1 as f64 / n1 - k0 as f64 / n0) / se;
    (se > 0.0).then(|| (z, 2.0 * normal_cdf(-z.abs())))
}

/// What a comparison needs to know of one arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// The mean or ratio.
    pub value: f64,
    /// Variance of one unit: the squared standard error times the number of units.
    pub variance: f64,
    /// Units.
    pub n: u64,
}

impl Arm {
    /// The mean of the units' values. `None` below two units, or with values that are not finite or whose squares are not.
    /// O(units).
    ///
    /// # Examples
    /// ```
    /// let arm = assay_stats::online::Arm::mean(&[1.0, 2.0, 3.0]).unwrap();
    /// assert_eq!((arm.value, arm.variance, arm.n), (2.0, 1.0, 3));
    /// ```
    pub fn mean(values: &[f64]) -> Option<Self> {
        let moments = Moments::of(values.iter().map(|y| (*y, 0.0)))?;
        Some(Self { value: moments.y, variance: moments.yy, n: moments.n })
    }

    /// Σ numerator / Σ denominator over units given as (numerator, denominator), with the delta-method variance
    /// (σ²_Y − 2Rσ_XY + R²σ²_X)/X̄². `None` as for [`Arm::mean`], or when the denominators sum to 0. O(units). Deng,
    /// Knoblich & Lu 2018.
    ///
    /// # Examples
    /// ```
    /// // Clicks over views.
    /// let arm = assay_stats::online::Arm::ratio(&[(1.0, 2.0), (2.0, 4.0), (0.0, 3.0)]).unwrap();
    /// assert!((arm.value - 1.0 / 3.0).abs() < 1e-12 && arm.variance > 0.0);
    /// ```
    pub fn ratio(units: &[(f64, f64)]) -> Option<Self> {
        let moments = Moments::of(units.iter().copied())?;
        let value = moments.y / moments.x;
        let variance = moments.residual(value) / (moments.x * moments.x);
        (value.is_finite() && variance.is_finite()).then_some(Self { value, variance, n: moments.n })
    }

    fn squared_se(self) -> f64 {
        self.variance / self.n as f64
    }
}

/// The variance that rounding alone makes of equal numbers of this size.
pub(crate) fn rounding(size: f64) -> f64 {
    (4.0 * f64::EPSILON * size).powi(2)
}

/// Means, variances and the covariance of pairs (y, x), with denominator n − 1.
struct Moments {
    n: u64,
    y: f64,
    x: f64,
    yy: f64,
    xx: f64,
    yx: f64,
}

impl Moments {
    fn of(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Self> {
        let n = pairs.clone().count();
        let mean = |part: fn((f64, f64)) -> f64| sum(pairs.clone().map(part)) / n as f64;
        let (y, x) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let product =
            |part: fn(f64, f64) -> f64| sum(pairs.clone().map(|(a, b)| part(a - y, b - x))) / (n as f64 - 1.0);
        let spread = |variance: f64, size: f64| if variance <= rounding(size) { 0.0 } else { variance };
        let (yy, xx) = (spread(product(|a, _| a * a), y), spread(product(|_, b| b * b), x));
        let moments = Self { n: n as u64, y, x, yy, xx, yx: product(|a, b| a * b) };
        (n >= 2 && moments.yy.is_finite() && moments.xx.is_finite()).then_some(moments)
    }

    /// Variance of y − slope · x.
    fn residual(&self, slope: f64) -> f64 {
        (self.yy - 2.0 * slope * self.yx + slope * slope * self.xx).max(0.0)
    }
}

/// Two arms after CUPED.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuped {
    /// Treatment, adjusted.
    pub treatment: Arm,
    /// Control, adjusted.
    pub control: Arm,
    /// θ = Cov(Y, X)/Var(X) over both arms; 0 when the covariate does not vary.
    pub theta: f64,
    /// The share of the variance of the difference that is left.
    pub variance_left: f64,
}

/// Adjusts outcomes by a covariate from before the experiment: Y − θ(X − X̄), with θ and X̄ of both arms together. Units
/// are (outcome, covariate); a missing covariate is replaced by X̄. `None` below two units in an arm, or with a value
/// that is not finite. The covariate must not be touched by the treatment. O(units). Deng et al. 2013.
///
/// # Examples
/// ```
/// use assay_stats::online::cuped;
/// let arm = |lift: f64| -> Vec<(f64, Option<f64>)> {
///     (0..20).map(|i| (f64::from(i) + lift + 0.1 * f64::from(i % 3), Some(f64::from(i)))).collect()
/// };
/// let found = cuped(&arm(1.0), &arm(0.0)).unwrap();
/// assert!(found.variance_left < 0.01 && (found.treatment.value - found.control.value - 1.0).abs() < 1e-9);
/// ```
pub fn cuped(treatment: &[(f64, Option<f64>)], control: &[(f64, Option<f64>)]) -> Option<Cuped> {
    let all = || treatment.iter().chain(control);
    let known = all().filter(|unit| unit.1.is_some()).count().max(1) as f64;
    let centre = sum(all().filter_map(|unit| unit.1)) / known;
    let filled = |unit: &(f64, Option<f64>)| (unit.0, unit.1.unwrap_or(centre));
    let pooled = Moments::of(all().map(filled))?;
    let theta = if pooled.xx > 0.0 { pooled.yx / pooled.xx } else { 0.0 };
    let (t, c) = (Moments::of(treatment.iter().map(filled))?, Moments::of(control.iter().map(filled))?);
    let adjusted =
        |arm: &Moments| Arm { value: arm.y - theta * (arm.x - pooled.x), variance: arm.residual(theta), n: arm.n };
    let before = t.yy / t.n as f64 + c.yy / c.n as f64;
    let (treatment, control) = (adjusted(&t), adjusted(&c));
    let left = (treatment.squared_se() + control.squared_se()) / before;
    Some(Cuped { treatment, control, theta, variance_left: if before > 0.0 { left } else { 1.0 } })
}

/// The difference treatment − control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The difference.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Degrees of freedom of the t distribution behind interval and p-value.
    pub df: f64,
    /// Confidence interval.
    pub interval: Interval,
    /// Two-sided p-value of no difference.
    pub p: f64,
}

impl Effect {
    /// From the squared standard errors of two independent parts and their degrees of freedom, combined by
    /// Satterthwaite. `None` without variance.
    pub(crate) fn of(value: f64, parts: [(f64, f64); 2], confidence: f64) -> Option<Self> {
        let [(a, da), (b, db)] = parts;
        Self::with_df(value, (a + b).sqrt(), (a + b).powi(2) / (a * a / da + b * b / db), confidence)
    }

    /// `None` when the standard error is 0 or an input is not a number.
    pub(crate) fn with_df(value: f64, se: f64, df: f64, confidence: f64) -> Option<Self> {
        let half = t_quantile(0.5 + 0.5 * confidence, df) * se;
        (value.is_finite() && se > 0.0 && half > 0.0 && half.is_finite()).then(|| Self {
            value,
            se,
            df,
            interval: Interval { lower: value - half, upper: value + half },
            p: (2.0 * t_sf((value / se).abs(), df)).min(1.0),
        })
    }
}

/// Welch's difference treatment − control of two arms. `None` below two units in an arm, when neither arm varies, or
/// when an input is out of range. Welch 1947.
///
/// # Examples
/// ```
/// use assay_stats::online::{Arm, effect};
/// let (t, c) = (Arm::mean(&[3.0, 4.0, 5.0]).unwrap(), Arm::mean(&[1.0, 2.0, 3.0]).unwrap());
/// let found = effect(t, c, 0.95).unwrap();
/// assert!(found.value == 2.0 && (found.se - (2f64 / 3.0).sqrt()).abs() < 1e-12 && (found.df - 4.0).abs() < 1e-9);
/// ```
pub fn effect(treatment: Arm, control: Arm, confidence: f64) -> Option<Effect> {
    let parts = [treatment, control].map(|arm| (arm.squared_se(), arm.n as f64 - 1.0));
    (treatment.n >= 2 && control.n >= 2).then(|| Effect::of(treatment.value - control.value, parts, confidence))?
}

/// How the interval of a [`Lift`] was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiftMethod {
    /// Delta method on the logarithm of treatment/control.
    LogDelta,
    /// Fieller's theorem.
    Fieller,
}

/// The relative difference treatment/control − 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// The estimate.
    pub value: f64,
    /// Its interval; `None` when it is unbounded, as the control cannot be told from 0 (g ≥ 1).
    pub interval: Option<Interval>,
    /// How it was found.
    pub method: LiftMethod,
    /// Fieller's g = (critical value · standard error of the control / control)²: how close the control is to 0.
    pub g: f64,
}

/// The relative difference with the interval of the delta method on the logarithm, or of Fieller's theorem when that is
/// not good enough: g above 0.05, or a treatment that is not of the control's sign. `None` as for [`effect`], and when
/// the control is exactly 0. Fieller 1954; Deng, Knoblich & Lu 2018.
///
/// # Examples
/// ```
/// use assay_stats::online::{Arm, LiftMethod, lift};
/// let arm = |value| Arm { value, variance: 1.0, n: 1_000 };
/// let found = lift(arm(5.5), arm(5.0), 0.95).unwrap();
/// assert!((found.value - 0.1).abs() < 1e-12 && found.method == LiftMethod::LogDelta);
/// assert_eq!(lift(arm(0.2), arm(0.1), 0.95).unwrap().method, LiftMethod::Fieller);
/// ```
pub fn lift(treatment: Arm, control: Arm, confidence: f64) -> Option<Lift> {
    let careful = fieller(treatment, control, confidence)?;
    let by_delta = log_delta(treatment, control, confidence).filter(|_| careful.g <= 0.05);
    Some(by_delta.unwrap_or(careful))
}

/// treatment/control · exp(± t · √(v_T/T² + v_C/C²)) − 1, with Welch's degrees of freedom on that scale. `None` as for
/// [`effect`], and unless both arms are above 0 or both below. Deng, Knoblich & Lu 2018.
///
/// # Examples
/// ```
/// use assay_stats::online::{Arm, log_delta};
/// let arm = |value| Arm { value, variance: 1.0, n: 1_000 };
/// let interval = log_delta(arm(5.5), arm(5.0), 0.95).unwrap().interval.unwrap();
/// assert!(interval.lower > 0.07 && interval.upper < 0.13);
/// ```
pub fn log_delta(treatment: Arm, control: Arm, confidence: f64) -> Option<Lift> {
    let ratio = treatment.value / control.value;
    let scaled =
        [treatment, control].map(|arm| Arm { value: 0.0, variance: arm.variance / arm.value.powi(2), n: arm.n });
    if !(ratio > 0.0 && ratio.is_finite()) {
        return None;
    }
    let Interval { lower, upper } = effect(scaled[0], scaled[1], confidence)?.interval;
    let interval = Interval { lower: ratio * lower.exp() - 1.0, upper: ratio * upper.exp() - 1.0 };
    let g = nearness(treatment, control, confidence)?;
    Some(Lift { value: ratio - 1.0, interval: Some(interval), method: LiftMethod::LogDelta, g })
}

/// The ratios ρ that T − ρC does not refute: the roots of (T − ρC)² = t²(v_T + ρ²v_C), minus 1, with Welch's degrees of
/// freedom of the difference. The interval is `None` for g ≥ 1. `None` as for [`effect`], and when the control is
/// exactly 0. Fieller 1954.
///
/// # Examples
/// ```
/// use assay_stats::online::{Arm, fieller};
/// let arm = |value| Arm { value, variance: 1.0, n: 100 };
/// // A control that cannot be told from 0.
/// assert_eq!(fieller(arm(1.0), arm(0.1), 0.95).unwrap().interval, None);
/// ```
pub fn fieller(treatment: Arm, control: Arm, confidence: f64) -> Option<Lift> {
    let g = nearness(treatment, control, confidence)?;
    let ratio = treatment.value / control.value;
    if !ratio.is_finite() {
        return None;
    }
    // Everything in units of the control.
    let critical2 = t_quantile(0.5 + 0.5 * confidence, effect(treatment, control, confidence)?.df).powi(2);
    let a = critical2 * treatment.squared_se() / control.value.powi(2);
    let interval = (g < 1.0).then(|| {
        let half = (a * (1.0 - g) + g * ratio * ratio).sqrt();
        Interval { lower: (ratio - half) / (1.0 - g) - 1.0, upper: (ratio + half) / (1.0 - g) - 1.0 }
    });
    Some(Lift { value: ratio - 1.0, interval, method: LiftMethod::Fieller, g })
}

fn nearness(treatment: Arm, control: Arm, confidence: f64) -> Option<f64> {
    let df = effect(treatment, control, confidence)?.df;
    Some(t_quantile(0.5 + 0.5 * confidence, df).powi(2) * control.squared_se() / control.value.powi(2))
}

/// A unit with its covariates from before the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The outcome.
    pub outcome: f64,
    /// The same covariates for every unit; `None` where one is missing.
    pub covariates: Vec<Option<f64>>,
}

/// The regression-adjusted difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjusted {
    /// Mean outcome at the mean covariates of all units, under treatment.
    pub treatment: f64,
    /// The same, under control.
    pub control: f64,
    /// Their difference, with the HC2 standard error.
    pub effect: Effect,
    /// Covariates that were left out, because they are constant or follow from those before them in an arm.
    pub left_out: Vec<usize>,
}

/// Lin's estimator: the outcome regressed on treatment, covariates centred at their mean over all units, and their
/// products, which is one regression in each arm, with the HC2 standard error Σ w²e²/(1 − h). A missing covariate is
/// replaced by its mean and gets an indicator column. Without covariates this is Welch's difference; never less precise
/// than it in large samples. Satterthwaite's degrees of freedom, of units − columns in each arm. O(units · columns²),
/// memory O(units · columns). Lin 2013.
///
/// # Errors
/// Values that are not finite, units with different numbers of covariates, no unit in an arm beyond the columns, a unit
/// that alone decides a coefficient, no variance, a confidence outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::online::{Unit, lin};
/// let arm = |lift: f64| -> Vec<Unit> {
///     let outcome = |i: u32| f64::from(i) + lift + 0.1 * f64::from(i % 3);
///     (0..20).map(|i| Unit { outcome: outcome(i), covariates: vec![Some(f64::from(i))] }).collect()
/// };
/// let found = lin(&arm(1.0), &arm(0.0), 0.95).unwrap();
/// assert!((found.effect.value - 1.0).abs() < 1e-9 && found.effect.se < 0.05);
/// ```
pub fn lin(treatment: &[Unit], control: &[Unit], confidence: f64) -> Result<Adjusted, Invalid> {
    if !is_level(confidence) {
        return Err(Invalid("the confidence must be between 0 and 1"));
    }
    let all = || treatment.iter().chain(control);
    let width = all().next().ok_or(Invalid("no unit"))?.covariates.len();
    let finite = |unit: &Unit| unit.outcome.is_finite() && unit.covariates.iter().flatten().all(|x| x.is_finite());
    if !all().all(|unit| unit.covariates.len() == width && finite(unit)) {
        return Err(Invalid("units must have finite values and the same number of covariates"));
    }
    let mut arms = [Regression::new(treatment.len()), Regression::new(control.len())];
    let mut left_out = Vec::new();
    for at in 0..width {
        let known = all().filter(|unit| unit.covariates[at].is_some()).count() as f64;
        let missing = all().count() as f64 - known;
        let centre = sum(all().filter_map(|unit| unit.covariates[at])) / known.max(1.0);
        let share = missing / (known + missing);
        let value = |unit: &Unit| unit.covariates[at].map_or(0.0, |x| x - centre);
        let absent = |unit: &Unit| f64::from(u8::from(unit.covariates[at].is_none())) - share;
        if !extend(&mut arms, [treatment, control], &value) {
            left_out.push(at);
        }
        if missing > 0.0 {
            extend(&mut arms, [treatment, control], &absent);
        }
    }
    let [t, c] = [(&arms[0], treatment), (&arms[1], control)]
        .map(|(arm, units)| arm.at_point(&units.iter().map(|unit| unit.outcome).collect::<Vec<_>>()));
    let ((treatment, tv, td), (control, cv, cd)) = (t?, c?);
    let effect = Effect::of(treatment - control, [(tv, td), (cv, cd)], confidence)
        .ok_or(Invalid("the outcome does not vary"))?;
    Ok(Adjusted { treatment, control, effect, left_out })
}

/// Adds a column to both regressions, or to neither when it is redundant in one.
fn extend(arms: &mut [Regression; 2], units: [&[Unit]; 2], value: &dyn Fn(&Unit) -> f64) -> bool {
    let [a, b] = [0, 1].map(|i| arms[i].new_direction(units[i].iter().map(value).collect(), 0.0));
    let (Some(a), Some(b)) = (a, b) else { return false };
    arms[0].columns.push(a);
    arms[1].columns.push(b);
    true
}

/// A least-squares fit by orthonormal columns (modified Gram–Schmidt, twice). Each column carries its value at one point
/// at which the outcome is wanted, which takes part in the same steps.
struct Regression {
    columns: Vec<(Vec<f64>, f64)>,
}

impl Regression {
    /// With the intercept only.
    fn new(rows: usize) -> Self {
        let one = 1.0 / (rows as f64).sqrt();
        Self { columns: vec![(vec![one; rows], one)] }
    }

    /// What is new in a column, at unit length; `None` when nothing is.
    fn new_direction(&self, mut column: Vec<f64>, mut point: f64) -> Option<(Vec<f64>, f64)> {
        let length = dot(&column, &column).sqrt();
        for _ in 0..2 {
            for (basis, at_point) in &self.columns {
                let share = dot(basis, &column);
                column.iter_mut().zip(basis).for_each(|(x, b)| *x -= share * b);
                point -= share * at_point;
            }
        }
        let left = dot(&column, &column).sqrt();
        column.iter_mut().for_each(|x| *x /= left);
        (left > 1e-9 * length).then(|| (column, point / left))
    }

    /// The fitted outcome at the point, its HC2 variance and the degrees of freedom.
    fn at_point(&self, outcome: &[f64]) -> Result<(f64, f64, f64), Invalid> {
        let df = outcome.len() as f64 - self.columns.len() as f64;
        if df < 1.0 {
            return Err(Invalid("an arm has too few units for its covariates"));
        }
        let coefficients: Vec<f64> = self.columns.iter().map(|(column, _)| dot(column, outcome)).collect();
        let over = |row: usize, factor: &dyn Fn(usize) -> f64| -> f64 {
            self.columns.iter().enumerate().map(|(j, (column, _))| column[row] * factor(j)).sum()
        };
        let mut squares = Vec::with_capacity(outcome.len());
        for (row, y) in outcome.iter().enumerate() {
            let leverage: f64 = self.columns.iter().map(|(column, _)| column[row] * column[row]).sum();
            let residual = y - over(row, &|j| coefficients[j]);
            let weight = over(row, &|j| self.columns[j].1);
            if 1.0 - leverage < 1e-10 {
                return Err(Invalid("a unit alone decides a coefficient"));
            }
            squares.push((weight * residual).powi(2) / (1.0 - leverage));
        }
        let value = sum(self.columns.iter().zip(&coefficients).map(|((_, at_point), b)| at_point * b));
        let largest = outcome.iter().fold(0.0f64, |largest, y| largest.max(y.abs()));
        let variance = sum(squares.into_iter());
        Ok((value, if variance <= rounding(largest) { 0.0 } else { variance }, df))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// What an A/A check found.
#[derive(Clone, Debug, PartialEq)]
pub struct AaCheck {
    /// p-values below 0.05, which should be one in twenty.
    pub rejected: u32,
    /// Replays with a p-value.
    pub defined: u32,
    /// Different p-values among them.
    pub distinct: u32,
    /// The largest distance between the p-values' distribution and the uniform one.
    pub distance: f64,
    /// Kolmogorov's asymptotic p-value of that distance.
    pub p: f64,
}

impl AaCheck {
    /// Whether the p-values are so few that the uniform distribution says nothing about them: on yes-or-no outcomes a
    /// valid test has one p-value for each count.
    ///
    /// # Examples
    /// ```
    /// let check = assay_stats::online::AaCheck { rejected: 5, defined: 100, distinct: 9, distance: 0.2, p: 0.001 };
    /// assert!(check.discrete());
    /// ```
    pub fn discrete(&self) -> bool {
        self.distinct < self.defined / 2
    }

    /// Whether the p-values look uniform (p > 0.01).
    ///
    /// # Examples
    /// ```
    /// let check = assay_stats::online::AaCheck { rejected: 5, defined: 100, distinct: 100, distance: 0.06, p: 0.86 };
    /// assert!(check.passed());
    /// ```
    pub fn passed(&self) -> bool {
        self.p > 0.01
    }
}

/// Replays an experiment without effect: `treated` of `units` are drawn at random `replays` times, `p_value` tests for
/// an effect between them and the rest, and its p-values are compared with the uniform distribution. A test on few
/// distinct values has few p-values, which are not uniform ([`AaCheck::discrete`]). `None` when there is no unit on a side or no p-value.
/// O(replays · (units + cost of the test)). Kohavi, Tang & Xu 2020 §19.
///
/// # Examples
/// ```
/// use assay_stats::online::{Arm, aa_check, effect};
/// let values: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 61)).collect();
/// let welch = |assigned: &[bool]| {
///     let side = |wanted: bool| -> Vec<f64> {
///         assigned.iter().zip(&values).filter(|(a, _)| **a == wanted).map(|(_, v)| *v).collect()
///     };
///     Some(effect(Arm::mean(&side(true))?, Arm::mean(&side(false))?, 0.95)?.p)
/// };
/// assert!(aa_check(60, 30, 400, 1, welch).unwrap().passed());
/// ```
pub fn aa_check(
    units: usize,
    treated: usize,
    replays: u32,
    seed: u64,
    mut p_value: impl FnMut(&[bool]) -> Option<f64>,
) -> Option<AaCheck> {
    if treated == 0 || treated >= units {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut assigned: Vec<bool> = (0..units).map(|at| at < treated).collect();
    let mut found: Vec<f64> = (0..replays)
        .filter_map(|_| {
            assigned.shuffle(&mut random);
            p_value(&assigned).filter(|p| (0.0..=1.0).contains(p))
        })
        .collect();
    found.sort_by(f64::total_cmp);
    let distance = uniform_distance(&found)?;
    Some(AaCheck {
        rejected: found.partition_point(|p| *p < 0.05) as u32,
        defined: found.len() as u32,
        distinct: found.chunk_by(|a, b| a == b).count() as u32,
        distance,
        p: kolmogorov_sf(distance * (found.len() as f64).sqrt()),
    })
}

/// The Kolmogorov–Smirnov distance of sorted values from the uniform distribution on [0, 1].
fn uniform_distance(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len() as f64;
    let gaps = sorted.iter().enumerate().map(|(at, p)| ((at as f64 + 1.0) / n - p).max(p - at as f64 / n));
    gaps.reduce(f64::max)
}

/// Upper tail of Kolmogorov's distribution, by the series that converges fast at `x`. Kolmogorov 1933.
fn kolmogorov_sf(x: f64) -> f64 {
    let terms = (1..=8).map(f64::from);
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.0 {
        let q = std::f64::consts::PI.powi(2) / (8.0 * x * x);
        let sum: f64 = terms.map(|k| (-(2.0 * k - 1.0).powi(2) * q).exp()).sum();
        return 1.0 - (2.0 * std::f64::consts::PI).sqrt() / x * sum;
    }
    let sign = |k: f64| if k % 2.0 == 1.0 { 1.0 } else { -1.0 };
    2.0 * terms.map(|k| sign(k) * (-2.0 * k * k * x * x).exp()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(rows: &[(f64, f64)]) -> Vec<Unit> {
        rows.iter().map(|(y, x)| Unit { outcome: *y, covariates: vec![Some(*x)] }).collect()
    }

    type Rows = Vec<(f64, f64)>;

    fn arms(size: std::ops::Range<usize>) -> impl Strategy<Value = (Rows, Rows)> {
        let rows = prop::collection::vec((-5.0..5.0f64, -2.0..2.0f64), size);
        (rows.clone(), rows)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-8 * (1.0 + a.abs())
    }

    #[test]
    fn a_split_raises_concern_by_its_p_value() {
        let concern = |a, b| sample_ratio(&[a, b], &[1.0, 1.0]).unwrap().concern;
        assert_eq!(concern(10_000, 10_100), Concern::None);
        assert_eq!(concern(10_000, 10_400), Concern::Warning);
        assert_eq!(concern(10_000, 10_600), Concern::Alert);
        assert!(sample_ratio(&[0, 0], &[0.5, 0.5]).is_err());
        assert!(sample_ratio(&[5], &[1.0]).is_err());
        assert!(sample_ratio(&[5, 5], &[1.0]).is_err());
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(sample_ratio(&[5, 5], &[1.0, bad]).is_err());
            assert!(sample_ratio_log_e(&[5, 5], &[1.0, 1.0], bad).is_err());
        }
        assert_eq!(sample_ratio_log_e(&[0, 0], &[0.5, 0.5], CONCENTRATION), Ok(0.0));
    }

    #[test]
    fn undefined_is_none() {
        assert_eq!(two_proportions((0, 0), (1, 2)), None);
        assert_eq!(two_proportions((3, 2), (1, 2)), None);
        assert_eq!(two_proportions((0, 2), (0, 2)), None);
        assert_eq!(Arm::mean(&[1.0]), None);
        assert_eq!(Arm::mean(&[1.0, f64::NAN]), None);
        assert_eq!(Arm::ratio(&[(1.0, 1.0), (1.0, -1.0)]), None);
        let constant = Arm::mean(&[1.0, 1.0, 1.0]).unwrap();
        assert_eq!(effect(constant, constant, 0.95), None);
        let arm = Arm::mean(&[1.0, 2.0, 3.0]).unwrap();
        for confidence in [-0.5, 0.0, 1.0, f64::NAN] {
            assert_eq!(effect(arm, arm, confidence), None);
        }
        assert_eq!(lift(arm, Arm { value: 0.0, ..arm }, 0.95), None);
        assert_eq!(log_delta(arm, Arm { value: -1.0, ..arm }, 0.95), None);
        assert_eq!(cuped(&[(1.0, None)], &[(1.0, None), (2.0, None)]), None);
        assert_eq!(aa_check(10, 10, 10, 1, |_| Some(0.5)), None);
        assert_eq!(aa_check(10, 5, 10, 1, |_| None), None);
    }

    #[test]
    fn lin_refuses_what_it_cannot_fit() {
        let good = units(&[(1.0, 0.0), (2.0, 1.0), (4.0, 3.0), (3.0, 1.0)]);
        assert!(lin(&[], &[], 0.95).is_err());
        assert!(lin(&good, &good[..2], 0.95).is_err());
        assert!(lin(&good, &units(&[(1.0, 0.0), (f64::NAN, 1.0), (1.0, 2.0)]), 0.95).is_err());
        assert!(lin(&good, &[Unit { outcome: 1.0, covariates: vec![] }], 0.95).is_err());
        // One unit alone has another covariate.
        assert!(lin(&good, &units(&[(1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (9.0, 5.0)]), 0.95).is_err());
        // A covariate twice, and one that is constant in an arm.
        let wide = |rows: &[Unit], constant: f64| -> Vec<Unit> {
            let more = |(at, unit): (usize, &Unit)| {
                let x = unit.covariates[0];
                Unit {
                    outcome: unit.outcome,
                    covariates: vec![x, x.map(|x| 3.0 - 2.0 * x), Some(constant * at as f64)],
                }
            };
            rows.iter().enumerate().map(more).collect()
        };
        let got = lin(&wide(&good, 0.0), &wide(&good, 1.0), 0.95).unwrap();
        let simple = lin(&good, &good, 0.95).unwrap();
        assert_eq!(got.left_out, [1, 2]);
        assert!(close(got.effect.se, simple.effect.se));
    }

    #[test]
    fn a_missing_covariate_keeps_its_unit() {
        let mut t = units(&[(1.0, 0.0), (2.0, 1.0), (4.0, 3.0), (3.0, 1.0), (5.0, 2.0), (2.0, 2.0)]);
        let c = t.clone();
        t[0].covariates[0] = None;
        // Missing in one arm only: no indicator can be fitted in the other.
        assert_eq!(lin(&t, &c, 0.95).unwrap().left_out, [0usize; 0]);
        t[3].covariates[0] = None;
        let mut both = c;
        both[1].covariates[0] = None;
        both[2].covariates[0] = None;
        let got = lin(&t, &both, 0.95).unwrap();
        assert!(got.effect.df < 6.0 && got.effect.se > 0.0);
    }

    #[test]
    fn a_control_near_zero_has_no_bounded_lift() {
        let arm = |value, variance| Arm { value, variance, n: 100 };
        let got = lift(arm(1.0, 1.0), arm(0.1, 1.0), 0.95).unwrap();
        assert!(got.g >= 1.0 && got.interval.is_none() && got.method == LiftMethod::Fieller, "{got:?}");
        assert_eq!(lift(arm(1.0, 1.0), arm(0.8, 1.0), 0.95).unwrap().method, LiftMethod::Fieller);
        assert_eq!(lift(arm(1.0, 1.0), arm(2.0, 1.0), 0.95).unwrap().method, LiftMethod::LogDelta);
        assert_eq!(lift(arm(-1.0, 1.0), arm(2.0, 1.0), 0.95).unwrap().method, LiftMethod::Fieller);
    }

    #[test]
    fn an_aa_check_finds_a_test_that_counts_events_as_units() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut draw = || rand::RngExt::random_range(&mut random, 0.0..1.0f64);
        let values: Vec<f64> = (0..80).map(|_| draw() + draw()).collect();
        let test = |copies: usize| {
            let values = &values;
            move |assigned: &[bool]| {
                let side = |side| -> Vec<f64> {
                    let of = values.iter().zip(assigned).filter(|(_, at)| **at == side);
                    of.flat_map(|(value, _)| vec![*value; copies]).collect()
                };
                Some(effect(Arm::mean(&side(true))?, Arm::mean(&side(false))?, 0.95)?.p)
            }
        };
        let sound = aa_check(80, 40, 1_000, 2, test(1)).unwrap();
        assert!(sound.passed() && sound.defined == 1_000 && (30..75).contains(&sound.rejected), "{sound:?}");
        let broken = aa_check(80, 40, 1_000, 2, test(5)).unwrap();
        assert!(!broken.passed() && broken.rejected > 200, "{broken:?}");
        assert_eq!(aa_check(80, 40, 50, 2, test(1)), aa_check(80, 40, 50, 2, test(1)));
    }

    proptest! {
        #[test]
        fn the_split_e_value_is_a_fair_bet(
            counts in prop::collection::vec(0u64..2_000, 2..5), weights in prop::collection::vec(0.1..1.0f64, 5),
        ) {
            let shares = split(&counts, &weights[..counts.len()]).unwrap();
            let now = sample_ratio_log_e(&counts, &shares, 500.0).unwrap();
            let next = (0..counts.len()).map(|arm| {
                let mut more = counts.clone();
                more[arm] += 1;
                shares[arm] * (sample_ratio_log_e(&more, &shares, 500.0).unwrap() - now).exp()
            });
            prop_assert!((next.sum::<f64>() - 1.0).abs() < 1e-7);
        }

        #[test]
        fn swapping_arms_negates((a, b) in arms(3..30)) {
            let arm = |rows: &[(f64, f64)]| Arm::mean(&rows.iter().map(|row| row.0).collect::<Vec<_>>()).unwrap();
            let (one, two) = (effect(arm(&a), arm(&b), 0.9).unwrap(), effect(arm(&b), arm(&a), 0.9).unwrap());
            prop_assert!(close(one.value, -two.value) && close(one.interval.lower, -two.interval.upper));
            prop_assert!(close(one.p, two.p));
            if let (Ok(one), Ok(two)) = (lin(&units(&a), &units(&b), 0.9), lin(&units(&b), &units(&a), 0.9)) {
                prop_assert!(close(one.effect.value, -two.effect.value) && close(one.effect.se, two.effect.se));
            }
        }

        #[test]
        fn without_covariates_lin_is_welch((a, b) in arms(3..30)) {
            let bare = |rows: &[(f64, f64)]| -> Vec<Unit> { rows.iter().map(|row| Unit { outcome: row.0, covariates: vec![] }).collect() };
            let arm = |rows: &[(f64, f64)]| Arm::mean(&rows.iter().map(|row| row.0).collect::<Vec<_>>()).unwrap();
            let got = lin(&bare(&a), &bare(&b), 0.95).unwrap().effect;
            let want = effect(arm(&a), arm(&b), 0.95).unwrap();
            prop_assert!(close(got.value, want.value) && close(got.se, want.se) && close(got.df, want.df));
        }

        #[test]
        fn adjustment_does_not_depend_on_the_covariates_scale((a, b) in arms(4..30), slope in 0.1..50.0f64, shift in -50.0..50.0f64) {
            let moved = |rows: &[(f64, f64)]| -> Vec<(f64, f64)> { rows.iter().map(|(y, x)| (*y, shift - slope * x)).collect() };
            let (one, two) = (lin(&units(&a), &units(&b), 0.95), lin(&units(&moved(&a)), &units(&moved(&b)), 0.95));
            let (one, two) = (one.unwrap().effect, two.unwrap().effect);
            prop_assert!(close(one.value, two.value) && close(one.se, two.se));
            let optional = |rows: &[(f64, f64)]| -> Vec<(f64, Option<f64>)> { rows.iter().map(|(y, x)| (*y, Some(*x))).collect() };
            let (one, two) = (cuped(&optional(&a), &optional(&b)).unwrap(), cuped(&optional(&moved(&a)), &optional(&moved(&b))).unwrap());
            prop_assert!(close(one.treatment.value, two.treatment.value) && close(one.control.variance, two.control.variance));
            prop_assert!(close(one.theta, -slope * two.theta));
        }

        #[test]
        fn a_ratio_over_ones_is_a_mean(values in prop::collection::vec(-5.0..5.0f64, 2..40)) {
            let ratio = Arm::ratio(&values.iter().map(|y| (*y, 1.0)).collect::<Vec<_>>()).unwrap();
            let mean = Arm::mean(&values).unwrap();
            prop_assert!(close(ratio.value, mean.value) && close(ratio.variance, mean.variance));
        }

        #[test]
        fn fieller_bounds_are_just_not_refuted(t in -3.0..3.0f64, c in 0.5..3.0f64, vt in 0.1..9.0f64, vc in 0.1..9.0f64, n in 10u64..500) {
            let (treatment, control) = (Arm { value: t, variance: vt, n }, Arm { value: c, variance: vc, n: n + 7 });
            let got = fieller(treatment, control, 0.95).unwrap();
            if let Some(interval) = got.interval {
                let critical = t_quantile(0.975, effect(treatment, control, 0.95).unwrap().df);
                prop_assert!(interval.lower <= got.value && got.value <= interval.upper);
                for ratio in [interval.lower + 1.0, interval.upper + 1.0] {
                    let se = (treatment.squared_se() + ratio * ratio * control.squared_se()).sqrt();
                    prop_assert!(((t - ratio * c).abs() / se - critical).abs() < 1e-6);
                }
            }
        }
    }
}
