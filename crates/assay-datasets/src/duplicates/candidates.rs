//! Which pairs are worth an exact comparison.
//!
//! Band hashes of MinHash signatures are sorted on disk. Each carries a sketch of its signature, the lowest bit of every
//! value (b-bit minwise hashing with b = 1: Li & König 2010), so that most chance meetings in a bucket end there, without
//! reading a case. In a large bucket each case is compared with a bounded number of others: many copies, or one phrase in
//! all texts, give no square of pairs.

use assay_metrics::near_duplicates::{PERMUTATIONS, bands, signature};

use crate::DatasetError;
use crate::sorter::{Sorter, number, scratch};

/// Cases of a bucket that later ones are compared with.
const KEPT: usize = 64;
/// The size of a bucket all of whose likely pairs go on; in a larger one, two of each further case.
const ALL: usize = 8;
/// Bytes of a record: band hash, place, sketch.
const RECORD: usize = 8 + 5 + 16;

/// Takes the shingles of cases, gives pairs.
pub(super) struct Candidates {
    bands: usize,
    rows: usize,
    /// The least number of equal bits of a pair that goes on.
    least: u32,
    /// Rows of the first of two versions, and of both.
    versions: Option<(u64, u64)>,
    sorter: Sorter<RECORD>,
}

impl Candidates {
    /// For pairs of a similarity, within a version or between the `own` rows of one and those of another, `all` in all.
    pub fn new(threshold: f64, versions: Option<(u64, u64)>) -> Option<Self> {
        let (bands, rows) = bands(threshold)?;
        Some(Self { bands, rows, least: least_equal(threshold), versions, sorter: Sorter::default() })
    }

    /// Takes a case; one without shingles is like no other.
    pub fn add(&mut self, row: u64, shingles: &[u64]) -> Result<(), DatasetError> {
        if shingles.is_empty() {
            return Ok(());
        }
        let signature = signature(shingles);
        let sketch = signature.iter().fold(0u128, |bits, value| bits << 1 | u128::from(value & 1));
        let mut record = [0; RECORD];
        // Rows of the other version come first in a bucket: those of the first one are then compared as they pass.
        let place = self.versions.map_or(row, |(own, all)| if row < own { row + all - own } else { row - own });
        record[8..13].copy_from_slice(&place.to_be_bytes()[3..]);
        record[13..].copy_from_slice(&sketch.to_be_bytes());
        for band in 0..self.bands {
            let key = hash(band as u64, &signature[band * self.rows..(band + 1) * self.rows]);
            record[..8].copy_from_slice(&key.to_be_bytes());
            self.sorter.push(record).map_err(scratch)?;
        }
        Ok(())
    }

    /// The pairs (the smaller row first), each once, in the order of their later row.
    pub fn pairs(self) -> Result<impl Iterator<Item = Result<(u64, u64), DatasetError>>, DatasetError> {
        let mut pairs = Sorter::<16>::default();
        let row = |place: u64| {
            self.versions.map_or(place, |(own, all)| if place < all - own { place + own } else { place + own - all })
        };
        let others = self.versions.map(|(own, all)| all - own);
        let mut bucket = Bucket::new(self.least, others);
        let mut key = [0; 8];
        for record in self.sorter.sorted() {
            let record = record.map_err(scratch)?;
            if record[..8] != key {
                key.copy_from_slice(&record[..8]);
                bucket.clear();
            }
            let sketch = record[13..].first_chunk().map_or(0, |bits| u128::from_be_bytes(*bits));
            bucket.meet(number(&record[8..13]), sketch, &mut |a, b| {
                let (a, b) = (row(a).min(row(b)), row(a).max(row(b)));
                let mut pair = [0; 16];
                pair[..8].copy_from_slice(&b.to_be_bytes());
                pair[8..].copy_from_slice(&a.to_be_bytes());
                pairs.push(pair).map_err(scratch)
            })?;
        }
        let mut last = None;
        Ok(pairs.sorted().filter_map(move |pair| {
            let pair = match pair {
                Ok(pair) => pair,
                Err(error) => return Some(Err(scratch(error))),
            };
            (last.replace(pair) != Some(pair)).then(|| Ok((number(&pair[8..]), number(&pair[..8]))))
        }))
    }
}

/// The least number of equal bits with which a pair goes on. Bits are equal with probability (1 + J)/2; a pair exactly
/// at the threshold falls four standard errors below its mean, and is lost, in one of 30,000 cases.
fn least_equal(threshold: f64) -> u32 {
    let n = PERMUTATIONS as f64;
    let p = f64::midpoint(1.0, threshold);
    (n * p - 4.0 * (n * p * (1.0 - p)).sqrt()).ceil() as u32
}

/// The cases of one bucket, as they pass.
struct Bucket {
    least: u32,
    /// Rows of the other version, when there are two: they come first.
    others: Option<u64>,
    seen: usize,
    kept: Vec<(u64, u128)>,
    /// The one that gives way to the next when there is no room.
    oldest: usize,
}

impl Bucket {
    const fn new(least: u32, others: Option<u64>) -> Self {
        Self { least, others, seen: 0, kept: Vec::new(), oldest: 0 }
    }

    fn clear(&mut self) {
        self.kept.clear();
        (self.seen, self.oldest) = (0, 0);
    }

    fn meet(
        &mut self,
        place: u64,
        sketch: u128,
        pair: &mut dyn FnMut(u64, u64) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        let is_other = self.others.is_some_and(|others| place < others);
        let few = self.seen < ALL;
        self.seen += 1;
        let (mut first, mut best) = (None, (0, 0));
        for (at, (kept, of)) in self.kept.iter().enumerate() {
            let equal = PERMUTATIONS as u32 - (sketch ^ of).count_ones();
            if equal < self.least {
                continue;
            }
            if few && !is_other {
                pair(*kept, place)?;
            }
            first = first.or(Some(at));
            best = best.max((equal, usize::MAX - at));
        }
        let best = first.map(|_| usize::MAX - best.1);
        if !few && !is_other {
            for at in first.into_iter().chain(best.filter(|best| Some(*best) != first)) {
                pair(self.kept[at].0, place)?;
            }
        }
        // Of two versions only the other's are compared with. One that is like another adds nothing in a large bucket.
        if (self.others.is_some() && !is_other) || (!few && first.is_some()) {
            return Ok(());
        }
        if self.kept.len() < KEPT {
            self.kept.push((place, sketch));
        } else {
            self.kept[self.oldest] = (place, sketch);
            self.oldest = (self.oldest + 1) % KEPT;
        }
        Ok(())
    }
}

/// FNV-1a with the bits spread (the finaliser of SplitMix64): the same on every machine.
fn hash(seed: u64, values: &[u32]) -> u64 {
    let start = 0xCBF2_9CE4_8422_2325 ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    let x = bytes.fold(start, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use assay_metrics::near_duplicates::{Unit, jaccard, shingles};

    use super::*;

    #[test]
    fn the_least_number_of_equal_bits_follows_the_threshold() {
        // Without doubt all 128 are equal; at 0.8, 115.2 are expected with a standard deviation of 3.39.
        assert_eq!((least_equal(1.0), least_equal(0.8)), (128, 102));
        assert!(least_equal(0.05) < 64);
    }

    /// All texts share a long beginning, so that buckets are large, and every tenth differs from the one before by a
    /// letter: these pairs are found, and the number of pairs grows with the texts, not with their square.
    #[test]
    fn a_phrase_in_all_texts_makes_no_square_of_pairs_and_hides_none() {
        let phrase =
            "You are a helpful assistant of a bank. Answer briefly, politely and in the language of the question. ";
        let text = |i: u64| {
            let of = if i.is_multiple_of(10) && i > 0 { i - 1 } else { i };
            let words: Vec<String> = (0..6).map(|w| format!("{:x}", hash(of, &[w]) >> 36)).collect();
            format!("{phrase}{}{}", words.join(" "), if of == i { "" } else { "!?x" })
        };
        let mut counts = Vec::new();
        for n in [1_000u64, 4_000] {
            let sets: Vec<Vec<u64>> = (0..n).map(|i| shingles(&text(i), Unit::Characters)).collect();
            let mut candidates = Candidates::new(0.9, None).unwrap();
            for (row, set) in sets.iter().enumerate() {
                candidates.add(row as u64, set).unwrap();
            }
            let pairs: Vec<(u64, u64)> = candidates.pairs().unwrap().map(Result::unwrap).collect();
            let near: Vec<u64> = (10..n).step_by(10).collect();
            assert!(near.iter().all(|i| jaccard(&sets[*i as usize - 1], &sets[*i as usize]) >= Some(0.9)));
            let found = near.iter().filter(|i| pairs.contains(&(**i - 1, **i))).count();
            assert!(found as f64 >= 0.97 * near.len() as f64, "{found} of {}", near.len());
            counts.push(pairs.len() as f64);
        }
        assert!(counts[1] < 6.0 * counts[0], "{counts:?}");
    }
}
