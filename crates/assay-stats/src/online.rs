//! Experiments on live traffic: sample ratio, variance reduction, ratio metrics, lift, and what logs say about a policy
//! that was not run.

use crate::estimate::Interval;
use crate::linear::Matrix;
use crate::proportion::critical;
use crate::special::{chi_square_sf, ln_gamma, normal_cdf, t_quantile, t_sf};

/// Pearson's χ² of observed assignments against the configured split: statistic and p-value. Below 0.001 the experiment
/// is broken and its results say nothing. `None` for fewer than two arms, unequal lengths or shares that are not above
/// 0. Fabijan et al. 2019.
pub fn sample_ratio(observed: &[u64], shares: &[f64]) -> Option<(f64, f64)> {
    let (expected, total) = expected(observed, shares)?;
    let statistic: f64 =
        observed.iter().zip(&expected).map(|(o, p)| (*o as f64 - p * total).powi(2) / (p * total)).sum();
    (total > 0.0).then(|| (statistic, chi_square_sf(statistic, observed.len() as f64 - 1.0)))
}

/// The e-value against the configured split by a Dirichlet(1, …, 1) mixture; it may be read after every unit: a split
/// that holds reaches 1/α at any time with a chance of at most α. Lindon & Malek 2020 (arXiv 2011.03567).
pub fn sample_ratio_e_value(observed: &[u64], shares: &[f64]) -> Option<f64> {
    let (expected, total) = expected(observed, shares)?;
    let arms = observed.len() as f64;
    let mixture: f64 =
        observed.iter().map(|n| ln_gamma(1.0 + *n as f64)).sum::<f64>() + ln_gamma(arms) - ln_gamma(arms + total);
    let null: f64 = observed.iter().zip(&expected).map(|(n, p)| *n as f64 * p.ln()).sum();
    Some((mixture - null).exp())
}

fn expected(observed: &[u64], shares: &[f64]) -> Option<(Vec<f64>, f64)> {
    let sum: f64 = shares.iter().sum();
    let valid =
        observed.len() > 1 && observed.len() == shares.len() && shares.iter().all(|s| *s > 0.0 && s.is_finite());
    valid.then(|| (shares.iter().map(|s| s / sum).collect(), observed.iter().sum::<u64>() as f64))
}

/// A difference treatment − control with its t or normal interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Degrees of freedom; infinite for a normal interval.
    pub df: f64,
    /// The interval.
    pub interval: Interval,
    /// Two-sided p-value against 0.
    pub p: f64,
}

impl Effect {
    fn new(value: f64, se: f64, df: f64, confidence: f64) -> Option<Self> {
        if !(se > 0.0 && se.is_finite() && value.is_finite() && df > 0.0) {
            return None;
        }
        let t = value / se;
        let (quantile, p) = if df.is_finite() {
            (t_quantile(0.5 + 0.5 * confidence, df), 2.0 * t_sf(t.abs(), df))
        } else {
            (critical(confidence), 2.0 * normal_cdf(-t.abs()))
        };
        let interval = Interval { lower: value - quantile * se, upper: value + quantile * se };
        Some(Self { value, se, df, interval, p })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Covariance with n − 1.
fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let (mx, my) = (mean(x), mean(y));
    x.iter().zip(y).map(|(a, b)| (a - mx) * (b - my)).sum::<f64>() / (x.len() as f64 - 1.0)
}

fn welch(a: &[f64], b: &[f64], confidence: f64) -> Option<Effect> {
    let (va, vb) = (covariance(a, a) / a.len() as f64, covariance(b, b) / b.len() as f64);
    let variance = va + vb;
    let df = variance * variance / (va * va / (a.len() as f64 - 1.0) + vb * vb / (b.len() as f64 - 1.0));
    Effect::new(mean(a) - mean(b), variance.sqrt(), df, confidence)
}

/// One arm of an experiment: an outcome for each unit and a covariate from before the experiment.
#[derive(Clone, Copy, Debug)]
pub struct Arm<'a> {
    /// Outcomes.
    pub y: &'a [f64],
    /// Covariates in the same order; NaN where there is none.
    pub x: &'a [f64],
}

/// CUPED: outcomes less θ·(covariate − its mean), θ = cov(y, x)/var(x) pooled within the arms, then Welch's interval. A
/// missing covariate counts as the mean, which leaves the estimate unbiased. `None` below two units in an arm, for
/// unequal lengths or without variation. Deng, Xu, Kohavi & Walker 2013.
pub fn cuped(treatment: Arm<'_>, control: Arm<'_>, confidence: f64) -> Option<Effect> {
    let valid = |arm: &Arm<'_>| arm.y.len() > 1 && arm.y.len() == arm.x.len() && arm.y.iter().all(|v| v.is_finite());
    if !valid(&treatment) || !valid(&control) {
        return None;
    }
    let known: Vec<f64> = treatment.x.iter().chain(control.x).copied().filter(|x| !x.is_nan()).collect();
    let centre = mean(&known);
    let filled = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| if x.is_nan() { 0.0 } else { x - centre }).collect() };
    let (xt, xc) = (filled(treatment.x), filled(control.x));
    let weight = |n: usize| n as f64 - 1.0;
    let pooled = |f: &dyn Fn(&[f64], &[f64]) -> f64| {
        weight(xt.len()) * f(treatment.y, &xt) + weight(xc.len()) * f(control.y, &xc)
    };
    let spread = weight(xt.len()) * covariance(&xt, &xt) + weight(xc.len()) * covariance(&xc, &xc);
    let theta = if spread > 0.0 { pooled(&covariance) / spread } else { 0.0 };
    let adjusted = |y: &[f64], x: &[f64]| -> Vec<f64> { y.iter().zip(x).map(|(y, x)| y - theta * x).collect() };
    welch(&adjusted(treatment.y, &xt), &adjusted(control.y, &xc), confidence)
}

/// Lin's regression adjustment: outcome on treatment, centred covariates and their interactions, with the HC2 standard
/// error of the treatment's coefficient and a normal interval. Never less precise than no adjustment in large samples.
/// `covariates[i]` are unit i's. `None` for collinear covariates or too few units. Lin 2013. O(units · covariates²).
pub fn lin(y: &[f64], treated: &[bool], covariates: &[Vec<f64>], confidence: f64) -> Option<Effect> {
    let (n, k) = (y.len(), covariates.first().map_or(0, Vec::len));
    let finite = y.iter().chain(covariates.iter().flatten()).all(|v| v.is_finite());
    if treated.len() != n || covariates.len() != n || covariates.iter().any(|row| row.len() != k) || !finite {
        return None;
    }
    let centre: Vec<f64> = (0..k).map(|j| covariates.iter().map(|row| row[j]).sum::<f64>() / n as f64).collect();
    let row = |i: usize| -> Vec<(usize, f64)> {
        let t = f64::from(u8::from(treated[i]));
        let mut row = vec![(0, 1.0), (1, t)];
        for (j, (x, m)) in covariates[i].iter().zip(&centre).enumerate() {
            row.push((2 + j, x - m));
            row.push((2 + k + j, t * (x - m)));
        }
        row
    };
    let size = 2 + 2 * k;
    let (mut normal, mut right) = (Matrix::zeros(size), vec![0.0; size]);
    for (i, y) in y.iter().enumerate() {
        let row = row(i);
        normal.add_outer(&row, 1.0);
        row.iter().for_each(|(at, x)| right[*at] += x * y);
    }
    let factor = normal.cholesky()?;
    let (beta, inverse) = (factor.solve(&right), factor.inverse());
    // Only the treatment's row of the sandwich is needed.
    let mut variance = 0.0;
    for (i, y) in y.iter().enumerate() {
        let row = row(i);
        let fitted: f64 = row.iter().map(|(at, x)| x * beta[*at]).sum();
        let along: f64 = row.iter().map(|(at, x)| x * inverse.at(1, *at)).sum();
        let leverage: f64 =
            row.iter().map(|(a, x)| x * row.iter().map(|(b, z)| z * inverse.at(*a, *b)).sum::<f64>()).sum();
        variance += (along * (y - fitted)).powi(2) / (1.0 - leverage).max(1e-12);
    }
    Effect::new(beta[1], variance.sqrt(), f64::INFINITY, confidence)
}

/// A ratio of sums over randomised units, such as clicks per search: the estimate and its delta-method variance
/// (σ²_y − 2Rσ_xy + R²σ²_x)/(n·x̄²). `None` for unequal lengths, fewer than two units or a mean of 0 below the line. Deng,
/// Knoblich & Lu 2018.
pub fn ratio(above: &[f64], below: &[f64]) -> Option<(f64, f64)> {
    let n = above.len() as f64;
    if above.len() != below.len() || above.len() < 2 || mean(below) == 0.0 {
        return None;
    }
    let r = mean(above) / mean(below);
    let spread = covariance(above, above) - 2.0 * r * covariance(above, below) + r * r * covariance(below, below);
    Some((r, spread / (n * mean(below).powi(2))))
}

/// The difference of two such ratios, with a normal interval.
pub fn ratio_difference(treatment: (&[f64], &[f64]), control: (&[f64], &[f64]), confidence: f64) -> Option<Effect> {
    let (t, c) = (ratio(treatment.0, treatment.1)?, ratio(control.0, control.1)?);
    Effect::new(t.0 - c.0, (t.1 + c.1).sqrt(), f64::INFINITY, confidence)
}

/// The relative change of independent means, treatment/control − 1, with Fieller's interval. Where the control mean is
/// not clearly away from 0 (g ≥ 1) there is no finite interval: `None`. Fieller 1954.
pub fn lift(treatment: (f64, f64), control: (f64, f64), confidence: f64) -> Option<(f64, Interval)> {
    let ((a, va), (b, vb)) = ((treatment.0, treatment.1.powi(2)), (control.0, control.1.powi(2)));
    let z2 = critical(confidence).powi(2);
    let g = z2 * vb / (b * b);
    if g.is_nan() || g >= 1.0 {
        return None;
    }
    let r = a / b;
    let half = (z2 * (va * (1.0 - g) + r * r * vb)).sqrt() / b.abs();
    let (lower, upper) = ((r - half) / (1.0 - g), (r + half) / (1.0 - g));
    Some((r - 1.0, Interval { lower: lower - 1.0, upper: upper - 1.0 }))
}

/// One decision of a logged policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// What came of it.
    pub reward: f64,
    /// The chance with which the logged policy took it.
    pub logged: f64,
    /// The chance with which the policy in question would have taken it.
    pub wanted: f64,
    /// A model's forecast of the reward of the taken action, and of the policy in question on the same context; zeros
    /// without a model.
    pub forecast: (f64, f64),
}

/// What a logged policy says of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffPolicy {
    /// Inverse propensity score: mean of weight · reward.
    pub ips: Effect,
    /// Self-normalised: Σ weight · reward / Σ weight.
    pub snips: Effect,
    /// Doubly robust: the model's forecast corrected by the weighted error of its forecasts.
    pub doubly_robust: Effect,
    /// (Σw)²/Σw²: so many decisions tell as much as all of them. Below a tenth of them the overlap is poor.
    pub effective: f64,
    /// The largest weight.
    pub largest: f64,
}

/// Off-policy estimates with normal intervals from independent decisions. `None` for fewer than two decisions, a logged
/// chance outside (0, 1] or no spread. Horvitz & Thompson 1952; Swaminathan & Joachims 2015; Dudík et al. 2011.
pub fn off_policy(decisions: &[Logged], confidence: f64) -> Option<OffPolicy> {
    let n = decisions.len() as f64;
    let valid =
        |d: &Logged| d.logged > 0.0 && d.logged <= 1.0 && (0.0..=1.0).contains(&d.wanted) && d.reward.is_finite();
    if decisions.len() < 2 || !decisions.iter().all(valid) {
        return None;
    }
    let weights: Vec<f64> = decisions.iter().map(|d| d.wanted / d.logged).collect();
    let (total, squares) = (weights.iter().sum::<f64>(), weights.iter().map(|w| w * w).sum::<f64>());
    let of_mean = |values: Vec<f64>| {
        Effect::new(mean(&values), (covariance(&values, &values) / n).sqrt(), f64::INFINITY, confidence)
    };
    let pairs = || decisions.iter().zip(&weights);
    let ips = of_mean(pairs().map(|(d, w)| w * d.reward).collect())?;
    let robust = of_mean(pairs().map(|(d, w)| d.forecast.1 + w * (d.reward - d.forecast.0)).collect())?;
    let value = pairs().map(|(d, w)| w * d.reward).sum::<f64>() / total;
    let spread: f64 = pairs().map(|(d, w)| (w * (d.reward - value)).powi(2)).sum();
    let snips = Effect::new(value, spread.sqrt() / total, f64::INFINITY, confidence)?;
    let largest = weights.iter().copied().fold(0.0, f64::max);
    Some(OffPolicy { ips, snips, doubly_robust: robust, effective: total * total / squares, largest })
}

/// One unit of an observational comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// Its outcome.
    pub y: f64,
    /// Whether it was treated.
    pub treated: bool,
    /// The chance that it was, given what is known of it.
    pub propensity: f64,
    /// A model's forecast of its outcome when treated and when not; zeros without a model.
    pub forecast: (f64, f64),
}

/// The average effect of a treatment that was not randomised: by stabilised inverse propensity weights (Hájek), and
/// augmented by an outcome model (AIPW), with influence-function standard errors. Propensities are taken as known.
/// `None` without both groups or for a propensity outside (0, 1). Robins, Rotnitzky & Zhao 1994; Hájek 1971.
pub fn weighted_effect(units: &[Observed], confidence: f64) -> Option<(Effect, Effect)> {
    let n = units.len() as f64;
    let both = units.iter().any(|u| u.treated) && units.iter().any(|u| !u.treated);
    if !both || units.iter().any(|u| !(u.propensity > 0.0 && u.propensity < 1.0 && u.y.is_finite())) {
        return None;
    }
    let weight = |u: &Observed, treated: bool| match (u.treated == treated, treated) {
        (false, _) => 0.0,
        (true, true) => 1.0 / u.propensity,
        (true, false) => 1.0 / (1.0 - u.propensity),
    };
    let level = |treated: bool| {
        let total: f64 = units.iter().map(|u| weight(u, treated)).sum();
        (units.iter().map(|u| weight(u, treated) * u.y).sum::<f64>() / total, total / n)
    };
    let ((m1, w1), (m0, w0)) = (level(true), level(false));
    let squares: f64 =
        units.iter().map(|u| (weight(u, true) * (u.y - m1) / w1 - weight(u, false) * (u.y - m0) / w0).powi(2)).sum();
    let hajek = Effect::new(m1 - m0, squares.sqrt() / n, f64::INFINITY, confidence)?;
    let parts: Vec<f64> = units
        .iter()
        .map(|u| {
            let (f1, f0) = u.forecast;
            f1 - f0 + weight(u, true) * (u.y - f1) - weight(u, false) * (u.y - f0)
        })
        .collect();
    let spread = parts.iter().map(|p| (p - mean(&parts)).powi(2)).sum::<f64>().sqrt() / n;
    Some((hajek, Effect::new(mean(&parts), spread, f64::INFINITY, confidence)?))
}

/// Difference in differences of two groups over two periods, from each unit's change: Welch's interval, which is the CR2
/// interval by unit. `None` below two units in a group or without variation.
pub fn difference_in_differences(treated: &[(f64, f64)], control: &[(f64, f64)], confidence: f64) -> Option<Effect> {
    let change = |units: &[(f64, f64)]| units.iter().map(|(before, after)| after - before).collect::<Vec<f64>>();
    if treated.len() < 2 || control.len() < 2 {
        return None;
    }
    welch(&change(treated), &change(control), confidence)
}

/// The share of A/A comparisons with a p-value below each of 5%, 1% and 0.1%, and the p-value of Kolmogorov and Smirnov
/// that p-values are uniform, from the p-values of many comparisons of shuffled arms.
pub fn aa_check(p_values: &[f64]) -> Option<([f64; 3], f64)> {
    if p_values.is_empty() || p_values.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return None;
    }
    let n = p_values.len() as f64;
    let below = |level: f64| p_values.iter().filter(|p| **p < level).count() as f64 / n;
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let gap =
        sorted.iter().enumerate().map(|(i, p)| (p - i as f64 / n).max((i as f64 + 1.0) / n - p)).fold(0.0, f64::max);
    Some(([0.05, 0.01, 0.001].map(below), kolmogorov_sf(n.sqrt() * gap)))
}

/// The upper tail of Kolmogorov's distribution.
pub(crate) fn kolmogorov_sf(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: i32| (-1f64).powi(k - 1) * (-2.0 * f64::from(k * k) * x * x).exp();
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_covariate_narrows_the_interval_and_a_missing_one_does_no_harm() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut arm = |shift: f64| -> (Vec<f64>, Vec<f64>) {
            let x: Vec<f64> = (0..300).map(|_| random.random::<f64>()).collect();
            let y = x.iter().map(|x| 3.0 * x + shift + 0.3 * random.random::<f64>()).collect();
            (y, x)
        };
        let ((yt, mut xt), (yc, xc)) = (arm(0.1), arm(0.0));
        let plain = welch(&yt, &yc, 0.95).unwrap();
        let adjusted = cuped(Arm { y: &yt, x: &xt }, Arm { y: &yc, x: &xc }, 0.95).unwrap();
        assert!(adjusted.se < 0.2 * plain.se && (adjusted.value - 0.1).abs() < 3.0 * adjusted.se);
        xt[0] = f64::NAN;
        let missing = cuped(Arm { y: &yt, x: &xt }, Arm { y: &yc, x: &xc }, 0.95).unwrap();
        assert!((missing.value - adjusted.value).abs() < adjusted.se);
        assert_eq!(cuped(Arm { y: &yt, x: &xc[1..] }, Arm { y: &yc, x: &xc }, 0.95), None);
    }

    #[test]
    fn weighting_removes_confounding() {
        // Units with x = 1 are treated more often and do better anyway: the plain difference is far from the effect 1.
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let units: Vec<Observed> = (0..4_000)
            .map(|_| {
                let x = f64::from(u8::from(random.random::<bool>()));
                let propensity = 0.2 + 0.6 * x;
                let treated = random.random::<f64>() < propensity;
                let y = f64::from(u8::from(treated)) + 4.0 * x + random.random::<f64>();
                Observed { y, treated, propensity, forecast: (1.5 + 4.0 * x, 0.5 + 4.0 * x) }
            })
            .collect();
        let (hajek, aipw) = weighted_effect(&units, 0.95).unwrap();
        let inside = |e: &Effect| e.interval.lower <= 1.0 && 1.0 <= e.interval.upper;
        assert!(inside(&hajek) && inside(&aipw) && aipw.se < 0.5 * hajek.se, "{hajek:?} {aipw:?}");
    }

    #[test]
    fn broken_splits_and_unclear_denominators_are_found() {
        assert!(sample_ratio(&[5_300, 4_700], &[1.0, 1.0]).unwrap().1 < 1e-6);
        assert!(sample_ratio_e_value(&[5_300, 4_700], &[1.0, 1.0]).unwrap() > 1e4);
        assert!(sample_ratio_e_value(&[5_010, 4_990], &[1.0, 1.0]).unwrap() < 1.0);
        assert_eq!((sample_ratio(&[5], &[1.0]), lift((1.0, 0.1), (0.1, 0.2), 0.95)), (None, None));
        let uniform: Vec<f64> = (0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect();
        let (shares, p) = aa_check(&uniform).unwrap();
        assert!((shares[0] - 0.05).abs() < 1e-9 && p > 0.99);
        assert!(aa_check(&uniform.iter().map(|p| p * p).collect::<Vec<_>>()).unwrap().1 < 1e-6);
    }
}
