//! Looking before the end without fooling oneself: group-sequential plans where the last case is known, e-processes and
//! confidence sequences where it is not.

use crate::estimate::Interval;
use crate::proportion::critical;
use crate::special::{ln_beta, normal_cdf, normal_quantile};

/// How the error rate is spent over the share of information that has been seen. Lan & DeMets 1983.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spending {
    /// Almost nothing early, as O'Brien and Fleming's boundaries: 4(1 − Φ(z_{α/4}/√t)).
    OBrienFleming,
    /// About evenly over looks, as Pocock's: α·ln(1 + (e − 1)t).
    Pocock,
    /// Hwang, Shih and DeCani's family: α(1 − e^{−γt})/(1 − e^{−γ}); −4 is near O'Brien–Fleming, 1 near Pocock.
    HwangShihDeCani {
        /// Not 0.
        gamma: f64,
    },
}

impl Spending {
    /// The two-sided error rate spent when a share `t` of the information has been seen.
    pub fn spent(self, alpha: f64, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        match self {
            Self::OBrienFleming if t == 0.0 => 0.0,
            Self::OBrienFleming => 4.0 * normal_cdf(normal_quantile(0.25 * alpha) / t.sqrt()),
            Self::Pocock => alpha * (1.0 + (std::f64::consts::E - 1.0) * t).ln(),
            Self::HwangShihDeCani { gamma } => alpha * (-gamma * t).exp_m1() / (-gamma).exp_m1(),
        }
    }
}

/// Nodes of the quadrature between looks.
const NODES: usize = 400;

/// Two-sided boundaries for |Z| at each look, `information` being the rising shares of the final information, the last
/// at most 1. Computed by integrating the density of the not yet stopped process from look to look (Armitage, McPherson
/// & Rowe 1969) with Gauss–Legendre quadrature; O(looks · 400²). A repeated confidence interval at look k is
/// estimate ± boundary_k · SE (Jennison & Turnbull 2000). `None` for shares that do not rise within (0, 1].
pub fn boundaries(information: &[f64], alpha: f64, spending: Spending) -> Option<Vec<f64>> {
    let rising = information.windows(2).all(|pair| pair[0] < pair[1]);
    if information.is_empty() || !rising || information[0] <= 0.0 || *information.last()? > 1.0 + 1e-12 {
        return None;
    }
    let rule = gauss_legendre(NODES);
    // The density of the score B(t) = Z·√t among runs that have not stopped.
    let mut alive: Vec<(f64, f64)> = vec![(0.0, 1.0)];
    let (mut limits, mut before, mut spent) = (Vec::new(), 0.0, 0.0);
    for &t in information {
        let deviation = (t - before).sqrt();
        let target = spending.spent(alpha, t) - spent;
        let outside = |limit: f64| -> f64 {
            let tail = |u: f64| normal_cdf((u - limit) / deviation) + normal_cdf((-u - limit) / deviation);
            alive.iter().map(|(u, mass)| mass * tail(*u)).sum()
        };
        let (mut low, mut high) = (0.0, 40.0 * t.sqrt());
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if outside(middle) > target {
                low = middle;
            } else {
                high = middle;
            }
        }
        let limit = 0.5 * (low + high);
        limits.push(limit / t.sqrt());
        alive = rule
            .iter()
            .map(|(x, weight)| {
                let at = limit * x;
                let density: f64 = alive
                    .iter()
                    .map(|(u, mass)| mass * crate::special::normal_pdf((at - u) / deviation) / deviation)
                    .sum();
                (at, weight * limit * density)
            })
            .collect();
        (before, spent) = (t, spent + target);
    }
    Some(limits)
}

/// Nodes and weights on [−1, 1]: roots of the Legendre polynomial by Newton's method.
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (0..n)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut p, mut previous) = (1.0, 0.0);
                for k in 0..n {
                    let k = k as f64;
                    (p, previous) = (((2.0 * k + 1.0) * x * p - k * previous) / (k + 1.0), p);
                }
                slope = n as f64 * (x * p - previous) / (x * x - 1.0);
                let step = p / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

/// The e-value of paired pass or fail verdicts against "no difference": ∫ of the likelihood ratio over a symmetric
/// Beta(2, 2) prior of the share of discordant cases that got better, B(2 + better, 2 + worse)/B(2, 2) · 2^(better +
/// worse). Cases with equal verdicts say nothing. Its reciprocal is a p-value that may be read after every case: the
/// chance that it ever reaches 1/α without a difference is at most α. Robbins 1970; Howard et al. 2021.
pub fn discordant_e_value(better: u64, worse: u64) -> f64 {
    let (u, d) = (better as f64, worse as f64);
    (ln_beta(2.0 + u, 2.0 + d) - ln_beta(2.0, 2.0) + (u + d) * std::f64::consts::LN_2).exp()
}

/// The asymptotic confidence sequence of a mean after `n` values with mean and standard deviation so far: valid at all
/// times together once n is not small, narrowest near `tuned_for` values. Waudby-Smith et al. 2024 (arXiv 2103.06476).
pub fn asymptotic_sequence(n: u64, mean: f64, sd: f64, tuned_for: u64, confidence: f64) -> Option<Interval> {
    let alpha = 1.0 - confidence;
    let log = -2.0 * alpha.ln();
    let rho2 = (log + (log + 1.0).ln()) / tuned_for as f64;
    let t = n as f64;
    let half = sd * (2.0 * (t * rho2 + 1.0) / (t * t * rho2) * ((t * rho2 + 1.0).sqrt() / alpha).ln()).sqrt();
    (n > 1 && tuned_for > 0 && half.is_finite()).then_some(Interval { lower: mean - half, upper: mean + half })
}

/// The mixture sequential probability ratio of a mean against `null`: Λ = √(V/(V + nτ²))·exp(n²τ²(x̄ − θ₀)²/(2V(V + nτ²)))
/// with the variance V of one (paired) difference and the mixture's variance τ². 1/Λ is an always-valid p-value.
/// Johari et al. 2017 (arXiv 1512.04922).
pub fn msprt(n: u64, mean: f64, null: f64, variance: f64, tau2: f64) -> Option<f64> {
    let t = n as f64;
    let total = variance + t * tau2;
    let log = 0.5 * (variance / total).ln() + t * t * tau2 * (mean - null).powi(2) / (2.0 * variance * total);
    (variance > 0.0 && tau2 > 0.0).then(|| log.exp())
}

/// The running confidence sequence of the mean of values within [0, 1], valid after every value without any other
/// assumption: all means m whose betting capital max(½K⁺, ½K⁻) has stayed below 1/α, on a grid of `steps` + 1 means.
/// Bets are the predictable plug-in √(2 ln(2/α)/(σ̂²_{t−1} t ln(1 + t))), at most ½/m and ½/(1 − m). O(values · steps).
/// Waudby-Smith & Ramdas 2024 (arXiv 2010.09686). `None` for a value outside [0, 1]; `None` in place of an interval that
/// has become empty, which says that values do not share a mean.
pub fn betting_sequence(values: &[f64], confidence: f64, steps: u32) -> Option<Vec<Option<Interval>>> {
    if steps == 0 || values.iter().any(|v| !(0.0..=1.0).contains(v)) {
        return None;
    }
    let alpha = 1.0 - confidence;
    let means: Vec<f64> = (0..=steps).map(|i| f64::from(i) / f64::from(steps)).collect();
    let mut capital: Vec<(f64, f64)> = vec![(0.5f64.ln(), 0.5f64.ln()); means.len()];
    let mut possible = vec![true; means.len()];
    let (mut sum, mut squares, mut variance) = (0.0, 0.0, 0.25);
    let mut sequence = Vec::with_capacity(values.len());
    for (i, x) in values.iter().enumerate() {
        let t = i as f64 + 1.0;
        let bet = (2.0 * (2.0 / alpha).ln() / (variance * t * (1.0 + t).ln())).sqrt();
        for (at, m) in means.iter().enumerate() {
            let (up, down) = (bet.min(0.5 / m), bet.min(0.5 / (1.0 - m)));
            capital[at].0 += (up * (x - m)).ln_1p();
            capital[at].1 += (-down * (x - m)).ln_1p();
            possible[at] &= capital[at].0.max(capital[at].1) < -alpha.ln();
        }
        sum += x;
        let estimate = (0.5 + sum) / (t + 1.0);
        squares += (x - estimate).powi(2);
        variance = (0.25 + squares) / (t + 1.0);
        let (first, last) = (possible.iter().position(|p| *p), possible.iter().rposition(|p| *p));
        sequence.push(first.zip(last).map(|(a, b)| Interval { lower: means[a], upper: means[b] }));
    }
    Some(sequence)
}

/// The average of e-values is an e-value, whatever their dependence. Vovk & Wang 2021.
pub fn merge_e_values(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Which hypotheses are rejected at false discovery rate `alpha`: the k largest e-values, for the largest k with
/// k·e_(k) ≥ m/α. Holds under any dependence. Wang & Ramdas 2022.
pub fn e_bh(values: &[f64], alpha: f64) -> Vec<bool> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let needed = values.len() as f64 / alpha;
    let k = (1..=sorted.len()).rev().find(|k| *k as f64 * sorted[k - 1] >= needed);
    let least = k.map_or(f64::INFINITY, |k| sorted[k - 1]);
    values.iter().map(|value| *value >= least).collect()
}

/// How much wider the last boundary is than the critical value without looks: the price of looking.
pub fn price_of_looking(information: &[f64], confidence: f64, spending: Spending) -> Option<f64> {
    let last = *boundaries(information, 1.0 - confidence, spending)?.last()?;
    Some(last / critical(confidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const FIVE: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];

    #[test]
    fn boundaries_agree_with_the_published_tables() {
        for (spending, name) in [
            (Spending::OBrienFleming, "Lan-DeMets OBF 5 looks two-sided .05"),
            (Spending::Pocock, "Lan-DeMets Pocock 5 looks two-sided .05"),
        ] {
            let got = boundaries(&FIVE, 0.05, spending).unwrap();
            for (got, want) in got.iter().zip(crate::paired::golden(name)) {
                assert!((got - want).abs() < 1e-6, "{name}: {got} {want}");
            }
        }
        let one = boundaries(&[1.0], 0.05, Spending::HwangShihDeCani { gamma: -4.0 }).unwrap();
        assert!((one[0] - 1.959_963_984_540_054).abs() < 1e-9);
        assert_eq!(boundaries(&[0.5, 0.4], 0.05, Spending::Pocock), None);
        let price = price_of_looking(&FIVE, 0.95, Spending::OBrienFleming).unwrap();
        assert!(price > 1.02 && price < 1.05, "{price}");
    }

    #[test]
    fn looking_five_times_keeps_the_level() {
        let limits = boundaries(&FIVE, 0.05, Spending::OBrienFleming).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let rounds = 20_000;
        let alarms = (0..rounds)
            .filter(|_| {
                let mut sum = 0.0;
                (1..=5).any(|k| {
                    sum += normal();
                    (sum / f64::from(k).sqrt()).abs() > limits[k as usize - 1]
                })
            })
            .count() as f64;
        assert!((alarms / f64::from(rounds) - 0.05).abs() < 0.006, "{alarms}");
    }

    #[test]
    fn the_e_value_is_the_golden_one_and_holds_under_peeking() {
        let golden = crate::paired::golden("discordant e-value up=3 down=14 a=2")[0];
        assert!((discordant_e_value(3, 14) / golden - 1.0).abs() < 1e-12);
        assert_eq!(discordant_e_value(0, 0), 1.0);
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let alarms = (0..2_000)
            .filter(|_| {
                let (mut up, mut down) = (0, 0);
                (0..300).any(|_| {
                    *(if random.random::<bool>() { &mut up } else { &mut down }) += 1;
                    discordant_e_value(up, down) >= 20.0
                })
            })
            .count();
        assert!(alarms <= 100, "{alarms} of 2000");
    }

    #[test]
    fn the_betting_sequence_agrees_with_the_authors_code() {
        let x = [0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0].map(f64::from);
        let last = betting_sequence(&x, 0.95, 1000).unwrap().pop().unwrap().unwrap();
        // confseq at 70b1ef3: betting_cs lower and upper, hedged_cs lower and upper, betting_ci lower and upper.
        let golden = crate::paired::golden(
            "hedged/betting CS on x=0,1,1,1,0,1,1,1,1,0,1,1,1,0,1,1,1,1,1,0 breaks=1000 (confseq 70b1ef3) [betting_cs, hedged_cs, betting_ci]",
        );
        let near = |a: f64, b: f64| (a - b).abs() < 1.5e-3;
        assert!(near(last.lower, golden[2]) && near(last.upper, golden[3]), "{last:?} {golden:?}");
        assert_eq!(betting_sequence(&[1.2], 0.95, 10), None);
    }

    #[test]
    fn sequences_narrow_and_the_mixture_matches_the_asymptotic_sequence() {
        let at = |n: u64| asymptotic_sequence(n, 0.0, 1.0, 500, 0.95).unwrap().upper;
        assert!(at(2_000) < at(500) && at(500) < at(50) && at(500) > critical(0.95) / 500f64.sqrt());
        // The edge of the asymptotic sequence is where the mixture ratio with τ² = ρ²·V reaches 1/α.
        let (alpha, n): (f64, u64) = (0.05, 400);
        let log = -2.0 * alpha.ln();
        let rho2 = (log + (log + 1.0).ln()) / 500.0;
        let ratio = msprt(n, at(n), 0.0, 1.0, rho2).unwrap();
        assert!((ratio * alpha - 1.0).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn e_values_merge_and_reject() {
        assert_eq!(merge_e_values(&[1.0, 3.0]), Some(2.0));
        assert_eq!(e_bh(&[100.0, 1.0, 45.0, 0.5], 0.05), [true, false, true, false]);
        assert_eq!(e_bh(&[10.0, 10.0], 0.05), [false, false]);
    }
}
