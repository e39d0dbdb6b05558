//! Which items people look at, with the chance that each had: without it their labels could not speak for the rest.

use assay_stats::judges::{Pool, next_labels};
use rand::seq::SliceRandom as _;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::ReviewError;

/// The least share of a sample that is spread evenly, however the rest is driven (so that every item has a chance).
pub const LEAST_UNIFORM: f64 = 0.2;

/// How items are chosen among all that could be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Sampling {
    /// Each with the same chance.
    #[default]
    Uniform,
    /// From each value of a metadata key in proportion to its size, and at least one.
    Stratified {
        /// The key.
        key: String,
    },
    /// More often where a scorer is unsure, or where two disagree.
    Driven {
        /// The scorer, or two.
        scorers: Vec<String>,
        /// The share that is spread evenly all the same.
        uniform: f64,
    },
}

/// What is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The value of the key of [`Sampling::Stratified`].
    pub stratum: String,
    /// How much an item tells, from 0 to 1, for [`Sampling::Driven`]: see [`uncertainty`] and [`disagreement`].
    pub interest: f64,
}

/// A drawn item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pick {
    /// Its place among the candidates.
    pub at: usize,
    /// The chance it had, in (0, 1].
    pub chance: f64,
}

/// Draws `count` of the candidates, seeded, in a random order. Every candidate has a chance above 0 except strata that
/// outnumber `count`, and each pick carries its own: n/N uniformly, nₛ/Nₛ within strata; when driven, `uniform`·n/N +
/// (1 − `uniform`)·n·wᵢ/Σw, at most 1, by systematic sampling over a random order (Madow 1949), whose chances are
/// exactly these.
///
/// # Errors
/// No candidates, or an even share below [`LEAST_UNIFORM`].
pub fn draw(candidates: &[Candidate], count: usize, how: &Sampling, seed: u64) -> Result<Vec<Pick>, ReviewError> {
    if candidates.is_empty() || count == 0 {
        return Err(ReviewError::Nothing("there is nothing to rate: no answer can be drawn".into()));
    }
    let n = count.min(candidates.len());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut picks = match how {
        Sampling::Uniform => {
            let mut order: Vec<usize> = (0..candidates.len()).collect();
            order.shuffle(&mut random);
            let chance = n as f64 / candidates.len() as f64;
            order.into_iter().take(n).map(|at| Pick { at, chance }).collect()
        }
        Sampling::Stratified { .. } => stratified(candidates, n, &mut random),
        Sampling::Driven { uniform, .. } => {
            if !(LEAST_UNIFORM..=1.0).contains(uniform) {
                return Err(ReviewError::usage(format!(
                    "the even share of a driven sample is from {LEAST_UNIFORM} to 1: with less, labels cannot speak for all"
                )));
            }
            systematic(candidates, n, *uniform, &mut random)
        }
    };
    picks.shuffle(&mut random);
    Ok(picks)
}

fn stratified(candidates: &[Candidate], n: usize, random: &mut ChaCha8Rng) -> Vec<Pick> {
    let mut strata: std::collections::BTreeMap<&str, Vec<usize>> = std::collections::BTreeMap::new();
    candidates.iter().enumerate().for_each(|(i, one)| strata.entry(&one.stratum).or_default().push(i));
    let pools: Vec<Pool> = strata.values().map(|own| Pool { cases: own.len() as u64, sd: 1.0 }).collect();
    let mut counts = next_labels(&pools, n as u64, 1.0).unwrap_or_default();
    // A stratum without an item would be left out of every estimate: the largest gives one away.
    while let Some(empty) = counts.iter().position(|count| *count == 0) {
        let Some(largest) = (0..counts.len()).filter(|s| counts[*s] > 1).max_by_key(|s| counts[*s]) else { break };
        counts[largest] -= 1;
        counts[empty] += 1;
    }
    let mut picks = Vec::with_capacity(n);
    for (own, count) in strata.into_values().zip(counts) {
        let chance = count as f64 / own.len() as f64;
        let mut own = own;
        own.shuffle(random);
        picks.extend(own.into_iter().take(count as usize).map(|at| Pick { at, chance }));
    }
    picks
}

fn systematic(candidates: &[Candidate], n: usize, uniform: f64, random: &mut ChaCha8Rng) -> Vec<Pick> {
    let chances = chances(&candidates.iter().map(|one| one.interest).collect::<Vec<_>>(), n, uniform);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.shuffle(random);
    // One uniform start, then every whole step of the summed chances.
    let mut next: f64 = random.random();
    let (mut sum, mut picks) = (0.0, Vec::with_capacity(n));
    for at in order {
        sum += chances[at];
        if sum > next {
            picks.push(Pick { at, chance: chances[at] });
            next += 1.0;
        }
    }
    picks
}

/// The chance of each item of a driven sample of `n`: those that would get more than 1 are certain, and the others share
/// what is left.
fn chances(interest: &[f64], n: usize, uniform: f64) -> Vec<f64> {
    let total: f64 = interest.iter().sum();
    let weight = |w: f64| {
        let even = 1.0 / interest.len() as f64;
        if total > 0.0 { uniform * even + (1.0 - uniform) * w / total } else { even }
    };
    let weights: Vec<f64> = interest.iter().map(|w| weight(*w)).collect();
    let mut certain = vec![false; weights.len()];
    loop {
        let left = n as f64 - certain.iter().filter(|sure| **sure).count() as f64;
        let open: f64 = weights.iter().zip(&certain).filter(|(_, sure)| !**sure).map(|(w, _)| w).sum();
        let scaled = |i: usize| if certain[i] { 1.0 } else { left * weights[i] / open };
        let over: Vec<usize> = (0..weights.len()).filter(|i| !certain[*i] && scaled(*i) > 1.0).collect();
        if over.is_empty() {
            return (0..weights.len()).map(|i| scaled(i).min(1.0)).collect();
        }
        over.into_iter().for_each(|i| certain[i] = true);
    }
}

/// How unsure a scorer is of each value: 4·p(1 − p), with p the place between the least and the greatest value, so that
/// the middle of the scale counts 1 and its ends 0; 1 where there is no value.
pub fn uncertainty(values: &[Option<f64>]) -> Vec<f64> {
    let (least, greatest) = range(values);
    let place = |value: f64| if greatest > least { (value - least) / (greatest - least) } else { 0.5 };
    values
        .iter()
        .map(|value| value.map_or(1.0, |value| (4.0 * place(value) * (1.0 - place(value))).clamp(0.0, 1.0)))
        .collect()
}

/// How far two scores of each item are apart, as a share of the range of both; 1 where one is missing.
pub fn disagreement(first: &[Option<f64>], second: &[Option<f64>]) -> Vec<f64> {
    let ((a, b), (c, d)) = (range(first), range(second));
    let span = b.max(d) - a.min(c);
    first
        .iter()
        .zip(second)
        .map(|pair| match pair {
            (Some(x), Some(y)) if span > 0.0 => ((x - y).abs() / span).clamp(0.0, 1.0),
            (Some(_), Some(_)) => 0.0,
            _ => 1.0,
        })
        .collect()
}

fn range(values: &[Option<f64>]) -> (f64, f64) {
    let known = || values.iter().flatten().copied().filter(|value| value.is_finite());
    (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidates(interest: &[f64]) -> Vec<Candidate> {
        interest.iter().map(|w| Candidate { stratum: if *w > 0.5 { "b" } else { "a" }.into(), interest: *w }).collect()
    }

    fn driven(uniform: f64) -> Sampling {
        Sampling::Driven { scorers: vec!["s".into()], uniform }
    }

    proptest! {
        #[test]
        fn every_sample_has_its_size_and_no_item_twice(
            interest in proptest::collection::vec(0.0f64..1.0, 1..80), count in 1usize..90, seed: u64, way in 0u8..3,
        ) {
            let how = match way {
                0 => Sampling::Uniform,
                1 => Sampling::Stratified { key: "k".into() },
                _ => driven(0.2),
            };
            let picks = draw(&candidates(&interest), count, &how, seed).unwrap();
            let n = count.min(interest.len());
            // Systematic sampling may miss by one where rounding meets a whole step.
            prop_assert!(picks.len().abs_diff(n) <= usize::from(way == 2));
            let mut places: Vec<usize> = picks.iter().map(|pick| pick.at).collect();
            places.sort_unstable();
            places.dedup();
            prop_assert_eq!(places.len(), picks.len());
            prop_assert!(picks.iter().all(|pick| pick.chance > 0.0 && pick.chance <= 1.0));
        }

        #[test]
        fn chances_add_up_to_the_size_and_leave_nobody_out(
            interest in proptest::collection::vec(0.0f64..1.0, 2..60), share in 0.2f64..1.0, n in 1usize..60,
        ) {
            let n = n.min(interest.len());
            let found = chances(&interest, n, share);
            prop_assert!((found.iter().sum::<f64>() - n as f64).abs() < 1e-6);
            let even = share * n as f64 / interest.len() as f64;
            prop_assert!(found.iter().all(|chance| *chance >= even.min(1.0) - 1e-9));
        }
    }

    #[test]
    fn the_chance_that_is_written_down_is_the_one_that_an_item_has() {
        let interest = [0.0, 0.1, 0.9, 1.0, 0.5, 0.5, 0.0, 0.2];
        let (mut counts, mut told) = ([0.0; 8], [0.0; 8]);
        let seeds = 20_000;
        for seed in 0..seeds {
            for pick in draw(&candidates(&interest), 3, &driven(0.25), seed).unwrap() {
                counts[pick.at] += 1.0 / seeds as f64;
                told[pick.at] = pick.chance;
            }
        }
        for (seen, told) in counts.iter().zip(told) {
            // Four standard errors of a share of 20,000.
            assert!((seen - told).abs() < 4.0 * (told * (1.0 - told) / seeds as f64).sqrt() + 1e-9, "{seen} {told}");
        }
    }

    #[test]
    fn a_small_stratum_is_not_left_out_and_a_small_even_share_is_refused() {
        let mut all = candidates(&[0.0; 200]);
        all[7].stratum = "rare".into();
        let picks = draw(&all, 10, &Sampling::Stratified { key: "k".into() }, 3).unwrap();
        assert!(picks.iter().any(|pick| pick.at == 7 && pick.chance == 1.0));
        assert_eq!(picks.len(), 10);
        assert!(draw(&all, 10, &driven(0.1), 3).is_err());
    }

    #[test]
    fn interest_is_greatest_in_the_middle_and_where_nothing_is_known() {
        assert_eq!(uncertainty(&[Some(0.0), Some(0.5), Some(1.0), None]), [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(disagreement(&[Some(1.0), Some(3.0), None], &[Some(5.0), Some(3.0), Some(1.0)]), [1.0, 0.0, 1.0]);
    }
}
