//! Stratified random samples of cases.
//!
//! Which cases are drawn follows from the seed and from what the cases are, never from their places: a case that is added
//! to a dataset moves no other one into or out of a stratum's sample, except that it may take the last one's place.

use std::collections::{BTreeMap, BinaryHeap};

use assay_core::{Case, Digest};
use assay_suite::Sample;

use crate::EngineError;

/// Strata beyond this are no strata but ids.
const MOST_STRATA: usize = 1_000;
/// What stands for a key that a case does not have.
const NONE: &str = "";

/// A sample in the making: every case is seen once, then once more to be taken or left.
pub(crate) struct Sampler<'a> {
    sample: &'a Sample,
    seed: u64,
    strata: BTreeMap<Vec<String>, Stratum>,
}

/// Cases with the same values of the keys.
#[derive(Default)]
struct Stratum {
    cases: u64,
    /// The smallest marks, the largest of them on top: as many as could be drawn.
    smallest: BinaryHeap<u64>,
    /// Cases with a mark up to here are drawn.
    drawn: Option<(u64, f64)>,
}

impl<'a> Sampler<'a> {
    pub(crate) fn new(sample: &'a Sample, seed: u64) -> Self {
        Self { sample, seed, strata: BTreeMap::new() }
    }

    fn stratum(&self, case: &Case) -> Vec<String> {
        let texts = assay_datasets::metadata_texts(case);
        let value = |key: &String| texts.iter().find(|(known, _)| known == key).map_or(NONE, |(_, value)| value);
        self.sample.by.iter().map(|key| value(key).to_owned()).collect()
    }

    /// A case's mark: a number at random, the same whenever the case is met with this seed.
    fn mark(&self, case: &Case) -> u64 {
        Digest::of_json(&(self.seed, case.digest(), &case.id)).leading()
    }

    /// Counts a case. Critical ones are all taken, and stand for themselves.
    ///
    /// # Errors
    /// The keys have a value of their own for nearly every case.
    pub(crate) fn count(&mut self, case: &Case) -> Result<(), EngineError> {
        if case.critical {
            return Ok(());
        }
        let (key, mark) = (self.stratum(case), self.mark(case));
        let stratum = self.strata.entry(key).or_default();
        stratum.cases += 1;
        stratum.smallest.push(mark);
        if stratum.smallest.len() as u64 > self.sample.cases.max(self.sample.at_least) {
            stratum.smallest.pop();
        }
        if self.strata.len() > MOST_STRATA {
            return Err(EngineError::Usage(format!(
                "`sample.by` makes more than {MOST_STRATA} strata of the cases: name keys with fewer values than {}",
                self.sample.by.join(", ")
            )));
        }
        Ok(())
    }

    /// Settles how many cases each stratum gives, after all were counted.
    pub(crate) fn draw(&mut self) {
        let sizes: Vec<u64> = self.strata.values().map(|stratum| stratum.cases).collect();
        let shares = shares(&sizes, self.sample.cases, self.sample.at_least);
        for (stratum, share) in self.strata.values_mut().zip(shares) {
            let weight = stratum.cases as f64 / share as f64;
            let marks = std::mem::take(&mut stratum.smallest).into_sorted_vec();
            stratum.drawn =
                usize::try_from(share).ok().and_then(|n| marks.get(n.checked_sub(1)?)).map(|m| (*m, weight));
        }
    }

    /// How many cases a drawn case stands for; `None` for one that was not drawn.
    pub(crate) fn weight(&self, case: &Case) -> Option<f64> {
        if case.critical {
            return Some(1.0);
        }
        let (most, weight) = self.strata.get(&self.stratum(case))?.drawn?;
        (self.mark(case) <= most).then_some(weight)
    }
}

/// How many cases each stratum gives: in proportion to its size, rounded by largest remainders, but at least so many as
/// asked for, or all.
fn shares(sizes: &[u64], wanted: u64, at_least: u64) -> Vec<u64> {
    let all: u64 = sizes.iter().sum();
    if all <= wanted {
        return sizes.to_vec();
    }
    let exact = |size: u64| u128::from(size) * u128::from(wanted);
    let mut shares: Vec<u64> = sizes.iter().map(|size| (exact(*size) / u128::from(all)) as u64).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(exact(sizes[*i]) % u128::from(all)), *i));
    let left = wanted - shares.iter().sum::<u64>();
    order.iter().take(left as usize).for_each(|i| shares[*i] += 1);
    shares.iter().zip(sizes).map(|(share, size)| (*share).max(at_least.max(1)).min(*size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn case(i: usize, topic: &str) -> Case {
        let mut case = Case { id: format!("c{i}"), ..Case::default() };
        case.inputs.insert("question".into(), json!(i));
        case.metadata.insert("topic".into(), json!(topic));
        case
    }

    fn drawn(cases: &[Case], sample: &Sample, seed: u64) -> Vec<(String, f64)> {
        let mut sampler = Sampler::new(sample, seed);
        cases.iter().for_each(|case| sampler.count(case).unwrap());
        sampler.draw();
        cases.iter().filter_map(|case| Some((case.id.clone(), sampler.weight(case)?))).collect()
    }

    proptest! {
        /// The weights of what is drawn add up to the cases of each stratum; order does not matter.
        #[test]
        fn the_drawn_stand_for_all(
            sizes in proptest::collection::vec(1usize..60, 1..6), wanted in 1u64..80, at_least in 0u64..8, seed in any::<u64>(),
        ) {
            let sample = Sample { cases: wanted, by: vec!["topic".into()], at_least };
            let mut cases: Vec<Case> = Vec::new();
            for (stratum, size) in sizes.iter().enumerate() {
                for _ in 0..*size {
                    cases.push(case(cases.len(), &format!("t{stratum}")));
                }
            }
            let mut found = drawn(&cases, &sample, seed);
            for (stratum, size) in sizes.iter().enumerate() {
                let of: Vec<f64> = found
                    .iter()
                    .filter(|(id, _)| cases.iter().any(|c| c.id == *id && c.metadata["topic"] == json!(format!("t{stratum}"))))
                    .map(|(_, weight)| *weight)
                    .collect();
                prop_assert!(of.len() as u64 >= at_least.max(1).min(*size as u64));
                prop_assert!((of.iter().sum::<f64>() - *size as f64).abs() < 1e-9);
            }
            cases.reverse();
            let mut again = drawn(&cases, &sample, seed);
            found.sort_by(|a, b| a.0.cmp(&b.0));
            again.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(found, again);
        }
    }

    #[test]
    fn every_case_of_a_stratum_has_the_same_chance() {
        let cases: Vec<Case> = (0..20).map(|i| case(i, if i < 15 { "a" } else { "b" })).collect();
        let sample = Sample { cases: 8, by: vec!["topic".into()], at_least: 2 };
        let mut times = [0u32; 20];
        for seed in 0..4_000 {
            for (id, _) in drawn(&cases, &sample, seed) {
                times[id[1..].parse::<usize>().unwrap()] += 1;
            }
        }
        // 6 of 15 and 2 of 5, each within five standard errors of 1,600.
        assert!(times.iter().all(|n| n.abs_diff(1_600) < 155), "{times:?}");
    }

    #[test]
    fn ids_are_no_strata() {
        let sample = Sample { cases: 5, by: vec!["topic".into()], at_least: 1 };
        let mut sampler = Sampler::new(&sample, 0);
        let error = (0..=MOST_STRATA).find_map(|i| sampler.count(&case(i, &i.to_string())).err());
        assert!(error.is_some_and(|error| error.to_string().contains("fewer values")));
    }
}
