//! Texts that are nearly the same: MinHash and locality-sensitive hashing find candidates, the exact Jaccard similarity
//! of their shingles decides. Hashes are the same on every machine and in every version.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::contamination::{mix, normalise};

/// Hash functions in a signature.
pub const PERMUTATIONS: usize = 128;

/// Of what five in a row make a shingle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Characters: also finds short texts with a word changed.
    #[default]
    Characters,
    /// Words: for documents.
    Words,
}

/// The shingles of a normalised text as sorted distinct hashes; a text shorter than five units is one shingle, an empty
/// one has none. O(length · log length).
///
/// # Examples
/// ```
/// use assay_metrics::near_duplicates::{Unit, jaccard, shingles};
/// let (a, b) = (shingles("Abcdef.", Unit::Characters), shingles("abcdeg", Unit::Characters));
/// assert_eq!((a.len(), jaccard(&a, &b)), (2, Some(1.0 / 3.0)));
/// ```
pub fn shingles(text: &str, unit: Unit) -> Vec<u64> {
    let normal = normalise(text);
    let mut ends: Vec<(usize, usize)> = match unit {
        Unit::Characters => normal.char_indices().map(|(at, c)| (at, at + c.len_utf8())).collect(),
        Unit::Words => {
            let mut at = 0;
            let words = normal.split(' ').filter(|word| !word.is_empty());
            words
                .map(|word| {
                    let start = at;
                    at += word.len() + 1;
                    (start, start + word.len())
                })
                .collect()
        }
    };
    if ends.len() > 5 {
        ends = ends.windows(5).map(|five| (five[0].0, five[4].1)).collect();
    } else if let (Some(first), Some(last)) = (ends.first().copied(), ends.last().copied()) {
        ends = vec![(first.0, last.1)];
    }
    let mut hashes: Vec<u64> = ends.iter().map(|(from, to)| hash(&normal.as_bytes()[*from..*to])).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// FNV-1a, its bits spread.
fn hash(bytes: &[u8]) -> u64 {
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, |h, byte| (h ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)))
}

/// Jaccard's similarity of two sorted sets: shared over all; `None` when both are empty. O(sizes).
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::near_duplicates::jaccard(&[1, 2, 3], &[2, 3, 4]), Some(0.5));
/// ```
pub fn jaccard(a: &[u64], b: &[u64]) -> Option<f64> {
    let (mut i, mut j, mut shared) = (0, 0, 0usize);
    while i < a.len() && j < b.len() {
        shared += usize::from(a[i] == b[j]);
        let (left, right) = (a[i] <= b[j], b[j] <= a[i]);
        i += usize::from(left);
        j += usize::from(right);
    }
    let all = a.len() + b.len() - shared;
    (all > 0).then(|| shared as f64 / all as f64)
}

/// The MinHash signature of distinct shingles: [`PERMUTATIONS`] values. The share of equal values of two signatures
/// estimates Jaccard's similarity without bias, with a standard error of at most √(J(1 − J)/128) and less for few
/// shingles. Each shingle puts the ranks 0 to 127, in an order of its own, into the places, and the smallest stays: once
/// all places hold low ranks, a shingle needs only its first. O(shingles + 128 · log² 128), 128 for each of few. Broder
/// 1997; SuperMinHash, Ertl 2017 (arXiv 1706.05698).
///
/// # Examples
/// ```
/// use assay_metrics::near_duplicates::{estimated_jaccard, signature};
/// let signature = signature(&[1, 2, 3]);
/// assert_eq!(estimated_jaccard(&signature, &signature), 1.0);
/// ```
pub fn signature(shingles: &[u64]) -> [u32; PERMUTATIONS] {
    /// Bits of a value below its rank: chance decides among equal ranks.
    const CHANCE: u32 = 32 - PERMUTATIONS.ilog2();
    let mut smallest = [u32::MAX; PERMUTATIONS];
    // How many places hold a value of each rank, and the largest rank that any holds.
    let mut held = [0u8; PERMUTATIONS];
    held[PERMUTATIONS - 1] = PERMUTATIONS as u8;
    let mut largest = PERMUTATIONS - 1;
    // The order of the shingle `order_of`, as far as it was needed.
    let (mut order, mut order_of) = ([0u8; PERMUTATIONS], [usize::MAX; PERMUTATIONS]);
    for (at, shingle) in shingles.iter().enumerate() {
        let mut state = *shingle;
        let mut rank = 0;
        while rank <= largest {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let random = mix(state);
            let other = rank + (((random >> 32) * (PERMUTATIONS - rank) as u64) >> 32) as usize;
            for place in [rank, other] {
                if order_of[place] != at {
                    (order[place], order_of[place]) = (place as u8, at);
                }
            }
            order.swap(rank, other);
            let value = (rank as u32) << CHANCE | (random as u32) >> (32 - CHANCE);
            let kept = &mut smallest[usize::from(order[rank])];
            if value < *kept {
                let before = (*kept >> CHANCE) as usize;
                *kept = value;
                if rank < before {
                    held[before] -= 1;
                    held[rank] += 1;
                    while held[largest] == 0 {
                        largest -= 1;
                    }
                }
            }
            rank += 1;
        }
    }
    smallest
}

/// The share of equal values of two signatures.
///
/// # Examples
/// ```
/// use assay_metrics::near_duplicates::{estimated_jaccard, signature};
/// assert_eq!(estimated_jaccard(&signature(&[1, 2]), &signature(&[1, 2])), 1.0);
/// ```
pub fn estimated_jaccard(a: &[u32; PERMUTATIONS], b: &[u32; PERMUTATIONS]) -> f64 {
    a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / PERMUTATIONS as f64
}

/// Bands and rows of the hashing: the most rows with which a pair exactly at the threshold is still found with
/// probability 1 − (1 − tʳ)ᵇ of 99% or more. `None` unless 0 < threshold ≤ 1, or below about 0.04, where not even one
/// row does.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::near_duplicates::bands(0.8), Some((21, 6)));
/// ```
pub fn bands(threshold: f64) -> Option<(usize, usize)> {
    if !(threshold > 0.0 && threshold <= 1.0) {
        return None;
    }
    let finds = |r: usize| {
        let b = PERMUTATIONS / r;
        (1.0 - (1.0 - threshold.powi(r as i32)).powi(b as i32) >= 0.99).then_some((b, r))
    };
    // More rows than 32 save nothing.
    (1..=32).rev().find_map(finds)
}

/// Two texts that are nearly the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The first text.
    pub a: usize,
    /// The second text.
    pub b: usize,
    /// Exact similarity of their shingles (up to collisions of 64-bit hashes).
    pub jaccard: f64,
}

/// Near duplicates in a list of texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicates {
    /// Pairs at or above the threshold, in order. Of texts with the same shingles only the first is paired with the
    /// others and with near ones, so that many copies do not give a square of pairs.
    pub pairs: Vec<Pair>,
    /// Texts linked by pairs, two or more each, in order.
    pub clusters: Vec<Vec<usize>>,
    /// Pairs whose exact similarity was computed.
    pub candidates: usize,
}

/// Finds texts with Jaccard similarity of at least `threshold`. Texts without shingles are left out. `None` where
/// [`bands`] has none. O(texts · 128 · shingles) and the candidates' comparisons.
///
/// # Examples
/// ```
/// use assay_metrics::near_duplicates::{Unit, duplicates};
/// let texts = ["How many eggs does she sell a day?", "Something else", "How many eggs does she sell each day?"];
/// let found = duplicates(&texts, Unit::Characters, 0.6).unwrap();
/// assert_eq!(found.clusters, [vec![0, 2]]);
/// ```
pub fn duplicates(texts: &[impl AsRef<str>], unit: Unit, threshold: f64) -> Option<Duplicates> {
    let sets: Vec<Vec<u64>> = texts.iter().map(|text| shingles(text.as_ref(), unit)).collect();
    of_sets(&sets, texts.len(), threshold)
}

/// Finds texts of one list that nearly occur in another, such as of a test set in the training data: `a` of a pair is
/// in `texts`, `b` in `others`; clusters number `others` after `texts`. As [`duplicates`].
///
/// # Examples
/// ```
/// use assay_metrics::near_duplicates::{Unit, duplicates_against};
/// let found = duplicates_against(&["a test case"], &["other", "A test case!"], Unit::Characters, 0.8).unwrap();
/// assert_eq!((found.pairs[0].a, found.pairs[0].b), (0, 1));
/// ```
pub fn duplicates_against(
    texts: &[impl AsRef<str>],
    others: &[impl AsRef<str>],
    unit: Unit,
    threshold: f64,
) -> Option<Duplicates> {
    let mut sets: Vec<Vec<u64>> = texts.iter().map(|text| shingles(text.as_ref(), unit)).collect();
    sets.extend(others.iter().map(|text| shingles(text.as_ref(), unit)));
    let mut found = of_sets(&sets, texts.len(), threshold)?;
    for pair in &mut found.pairs {
        pair.b -= texts.len();
    }
    Some(found)
}

/// Sets from `split` on are of another list; with none, pairs are within the list.
fn of_sets(sets: &[Vec<u64>], split: usize, threshold: f64) -> Option<Duplicates> {
    let (b, r) = bands(threshold)?;
    let is_within = split == sets.len();
    let mut same: HashMap<&[u64], usize> = HashMap::new();
    // Texts with the same shingles, in the order of their first.
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for (at, set) in sets.iter().enumerate().filter(|(_, set)| !set.is_empty()) {
        let class = *same.entry(set).or_insert_with(|| {
            classes.push(Vec::new());
            classes.len() - 1
        });
        classes[class].push(at);
    }
    let signatures: Vec<[u32; PERMUTATIONS]> = classes.iter().map(|class| signature(&sets[class[0]])).collect();
    let mut candidates: HashSet<(u32, u32)> = HashSet::new();
    for band in 0..b {
        let key = |s: &[u32; PERMUTATIONS]| {
            s[band * r..(band + 1) * r].iter().fold(0u64, |h, value| mix(h ^ u64::from(*value)).wrapping_add(1))
        };
        let mut keyed: Vec<(u64, u32)> = signatures.iter().enumerate().map(|(at, s)| (key(s), at as u32)).collect();
        keyed.sort_unstable();
        for bucket in keyed.chunk_by(|a, b| a.0 == b.0) {
            for (i, (_, u)) in bucket.iter().enumerate() {
                candidates.extend(bucket[i + 1..].iter().map(|(_, v)| (*u, *v)));
            }
        }
    }
    let mut pairs = Vec::new();
    let mut cross = |u: &[usize], v: &[usize], jaccard: f64| {
        // Each text of one list with the first of the other.
        let (here, there) = (|at: &&usize| **at < split, |at: &&usize| **at >= split);
        if is_within {
            pairs.push(Pair { a: u[0].min(v[0]), b: u[0].max(v[0]), jaccard });
        } else if let Some(first) = v.iter().find(there) {
            pairs.extend(u.iter().filter(here).map(|a| Pair { a: *a, b: *first, jaccard }));
        }
    };
    for class in &classes {
        if is_within {
            class[1..].iter().for_each(|other| cross(&class[..1], &[*other], 1.0));
        } else {
            cross(class, class, 1.0);
        }
    }
    for (u, v) in &candidates {
        let (u, v) = (&classes[*u as usize], &classes[*v as usize]);
        if let Some(jaccard) = jaccard(&sets[u[0]], &sets[v[0]]).filter(|j| *j >= threshold) {
            cross(u, v, jaccard);
            if !is_within {
                cross(v, u, jaccard);
            }
        }
    }
    pairs.sort_by_key(|pair| (pair.a, pair.b));
    Some(Duplicates { clusters: clusters(&pairs, sets.len()), pairs, candidates: candidates.len() })
}

fn clusters(pairs: &[Pair], n: usize) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..n).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for pair in pairs {
        let (a, b) = (root(&mut parent, pair.a), root(&mut parent, pair.b));
        parent[a.max(b)] = a.min(b);
    }
    let mut by_root: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..n {
        by_root.entry(root(&mut parent, at)).or_default().push(at);
    }
    by_root.into_values().filter(|members| members.len() > 1).collect()
}
