//! The cases of a run, column by column: what most cases do not have costs nothing.

use std::collections::HashMap;

use assay_core::Digest;
use assay_core::row::ScoreRow;
use hashbrown::HashTable;

/// No cluster.
const NONE: u32 = u32::MAX;

/// The cases that have at least one row, in the order they were met.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    /// The first half of each digest: 128 bits tell cases apart (two of a billion are the same with odds of 1 in 10^21).
    digests: Vec<[u8; 16]>,
    /// Positions, found by digest.
    by_digest: HashTable<u32>,
    /// All ids, one behind the other, and where each ends.
    ids: String,
    ends: Vec<usize>,
    /// As far as any case has one.
    clusters: Vec<u32>,
    cluster_numbers: HashMap<String, u32>,
    /// As far as any weight is not 1.
    weights: Vec<f64>,
    critical: Vec<u32>,
    /// What slices are made of: positions in `names`, all cases one behind the other, and where each ends, as far as any
    /// case has some.
    tags: Vec<u32>,
    tag_ends: Vec<u32>,
    names: Vec<(String, String)>,
    /// By key and value.
    name_numbers: HashMap<String, HashMap<String, u32>>,
}

fn half(digest: &Digest) -> [u8; 16] {
    digest.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn hash(half: &[u8; 16]) -> u64 {
    u64::from_le_bytes(half.first_chunk().copied().unwrap_or_default())
}

/// Puts a value at a position, with `fill` wherever nothing was put before.
fn put<T: Copy>(values: &mut Vec<T>, at: usize, value: T, fill: T) {
    values.resize(at, fill);
    values.push(value);
}

/// All positions up to a number, or some.
pub(crate) fn positions(all: usize, some: Option<&[usize]>) -> impl Iterator<Item = usize> + '_ {
    let all = if some.is_none() { 0..all } else { 0..0 };
    all.chain(some.unwrap_or_default().iter().copied())
}

impl Cases {
    /// Number of cases.
    pub const fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// The position of a case.
    pub fn position(&self, digest: &Digest) -> Option<usize> {
        self.find(&half(digest))
    }

    fn find(&self, digest: &[u8; 16]) -> Option<usize> {
        let same = |case: &u32| self.digests[*case as usize] == *digest;
        self.by_digest.find(hash(digest), same).map(|case| *case as usize)
    }

    /// Positions of cases here that another run has too, all or some, each with its position there.
    ///
    /// Runs of the same cases have long stretches of them in the same order, so that the next one is mostly where the last one
    /// was found.
    pub fn shared<'a>(
        &'a self,
        other: &'a Self,
        some: Option<&'a [usize]>,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let mut next = 0;
        positions(self.len(), some).filter_map(move |case| {
            let digest = &self.digests[case];
            let found = if other.digests.get(next) == Some(digest) { next } else { other.find(digest)? };
            next = found + 1;
            Some((case, found))
        })
    }

    /// Number of cases that are in both.
    pub fn common(&self, other: &Self) -> usize {
        self.shared(other, None).count()
    }

    /// A case's id.
    pub fn id(&self, case: usize) -> &str {
        let start = case.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.ids[start..self.ends[case]]
    }

    /// A case's cluster, as a number.
    pub fn cluster(&self, case: usize) -> Option<u32> {
        self.clusters.get(case).copied().filter(|cluster| *cluster != NONE)
    }

    /// A case's design weight.
    pub fn weight(&self, case: usize) -> f64 {
        self.weights.get(case).copied().unwrap_or(1.0)
    }

    /// The cases that must not fail.
    pub fn critical(&self) -> impl Iterator<Item = usize> + '_ {
        self.critical.iter().map(|case| *case as usize)
    }

    /// A case's value of a metadata key.
    pub fn tag(&self, case: usize, key: &str) -> Option<&str> {
        let end = *self.tag_ends.get(case)? as usize;
        let start = case.checked_sub(1).map_or(0, |before| self.tag_ends[before] as usize);
        let mut tags = self.tags[start..end].iter().map(|tag| &self.names[*tag as usize]);
        tags.find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Adds the case of a row; gives its position.
    pub(crate) fn add(&mut self, row: &ScoreRow<'_>) -> usize {
        let case = self.digests.len();
        if let Some(name) = row.cluster {
            let next = u32::try_from(self.cluster_numbers.len()).unwrap_or(NONE - 1);
            let number = match self.cluster_numbers.get(name) {
                Some(number) => *number,
                None => *self.cluster_numbers.entry(name.to_owned()).or_insert(next),
            };
            put(&mut self.clusters, case, number, NONE);
        }
        if row.weight != 1.0 {
            put(&mut self.weights, case, row.weight, 1.0);
        }
        if row.critical {
            self.critical.push(case as u32);
        }
        if !row.metadata.is_empty() {
            let before = self.tags.len() as u32;
            for (key, value) in &row.metadata {
                let known = self.name_numbers.get(*key).and_then(|values| values.get(*value)).copied();
                let number = known.unwrap_or_else(|| {
                    let number = self.names.len() as u32;
                    self.names.push(((*key).to_owned(), (*value).to_owned()));
                    self.name_numbers.entry((*key).to_owned()).or_default().insert((*value).to_owned(), number);
                    number
                });
                self.tags.push(number);
            }
            put(&mut self.tag_ends, case, self.tags.len() as u32, before);
        }
        self.ids.push_str(row.case_id);
        self.ends.push(self.ids.len());
        let digest = half(&row.case_digest);
        self.digests.push(digest);
        let digests = &self.digests;
        self.by_digest.insert_unique(hash(&digest), case as u32, |case| hash(&digests[*case as usize]));
        case
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever cases have, each gets its own back.
        #[test]
        fn every_case_gets_its_own_back(
            cases in proptest::collection::vec(
                (any::<Option<u8>>(), 0u8..3, any::<bool>(), proptest::collection::vec(("[ab]", "[xyz]"), 0..3)),
                0..40,
            ),
        ) {
            let mut table = Cases::default();
            for (i, (cluster, weight, critical, metadata)) in cases.iter().enumerate() {
                let cluster = cluster.map(|cluster| cluster.to_string());
                let id = format!("case {i}");
                let row = ScoreRow {
                    target: "t", scorer: "s", case_id: &id, case_digest: Digest::of_bytes(id.as_bytes()),
                    cluster: cluster.as_deref(), weight: f64::from(*weight) + 1.0, critical: *critical, epoch: 0,
                    value: None, counts: &[], missing: None, generation: "",
                    metadata: metadata.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
                };
                prop_assert_eq!(table.add(&row), i);
            }
            prop_assert_eq!(table.len(), cases.len());
            let critical: Vec<usize> = table.critical().collect();
            for (i, (cluster, weight, is_critical, metadata)) in cases.iter().enumerate() {
                let id = format!("case {i}");
                prop_assert_eq!(table.id(i), &id);
                prop_assert_eq!(table.position(&Digest::of_bytes(id.as_bytes())), Some(i));
                prop_assert_eq!(table.weight(i), f64::from(*weight) + 1.0);
                prop_assert_eq!(critical.contains(&i), *is_critical);
                prop_assert_eq!(table.cluster(i).is_some(), cluster.is_some());
                for (other, (known, ..)) in cases.iter().enumerate().filter(|_| cluster.is_some()) {
                    prop_assert_eq!(table.cluster(i) == table.cluster(other), cluster == known);
                }
                for key in ["a", "b"] {
                    let own = metadata.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
                    prop_assert_eq!(table.tag(i, key), own);
                }
            }
            prop_assert_eq!(table.common(&table), table.len());
        }
    }
}
