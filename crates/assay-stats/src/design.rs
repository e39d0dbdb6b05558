//! The design of a study with people: who rates which item and in which order, how many items, ratings and gold items a
//! question needs, and signs of raters who do not read.

use std::collections::VecDeque;

use rand::seq::SliceRandom as _;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Invalid;
use crate::estimate::is_level;
use crate::linear::Matrix;
use crate::multiplicity::holm;
use crate::quantile::quantile_sorted;
use crate::special::{binomial_cdf, ln_beta, normal_quantile};

/// Most raters of a study: a count for each two of them is kept.
const MOST_RATERS: usize = 4096;
/// Exchanges that are tried for each rating to even out what pairs of raters share, and their bounds: a small study is
/// searched long enough to find a balanced block design where there is one, a large one ends within a second.
const TRIES: usize = 2000;
const FEWEST_TRIES: usize = 400_000;
const MOST_TRIES: usize = 3_000_000;
/// The search cools so many times.
const COOLINGS: usize = 4;
/// Two pairs of counts that are apart by 1 cost 2 to 8 when exchanged: the heat at which that is taken often, and never.
const HOT: f64 = 2.0;
const COLD: f64 = 0.15;

/// How many ratings each of `items` gets when a share of them, drawn at random, gets `each` and the others get one.
/// At least `least` items get `each`, or all when there are fewer. Seeded; O(items).
///
/// # Errors
/// No items, a share outside of 0 to 1, or `each` of 0.
///
/// # Examples
/// ```
/// let counts = assay_stats::design::overlap(400, 0.2, 50, 3, 7)?;
/// assert_eq!(counts.iter().filter(|count| **count == 3).count(), 80);
/// assert_eq!(counts.iter().sum::<usize>(), 80 * 3 + 320);
/// # Ok::<(), assay_stats::Invalid>(())
/// ```
pub fn overlap(items: usize, share: f64, least: usize, each: usize, seed: u64) -> Result<Vec<usize>, Invalid> {
    if items == 0 || items > 1 << 28 {
        return Err(Invalid("there must be an item, and no more than 2^28"));
    }
    if !(0.0..=1.0).contains(&share) {
        return Err(Invalid("the share of items with several ratings is from 0 to 1"));
    }
    if each == 0 {
        return Err(Invalid("an item gets one rating or more"));
    }
    let several = ((share * items as f64).ceil() as usize).max(least).min(items);
    let mut order: Vec<usize> = (0..items).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut counts = vec![1; items];
    order[..several].iter().for_each(|item| counts[*item] = each);
    Ok(counts)
}

/// Who rates which item.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The raters of each item, in ascending order.
    pub raters: Vec<Vec<usize>>,
    /// How many items each rater has.
    pub loads: Vec<usize>,
    /// How many items two raters share: a row for each rater.
    pub shared: Vec<Vec<u32>>,
}

impl Assignment {
    /// The fewest and the most items that two raters share; `None` for one rater.
    ///
    /// # Examples
    /// ```
    /// let design = assay_stats::design::assign(&[2; 6], 4, 1)?;
    /// assert_eq!(design.shared_range(), Some((1, 1)));
    /// # Ok::<(), assay_stats::Invalid>(())
    /// ```
    pub fn shared_range(&self) -> Option<(u32, u32)> {
        let pairs = || self.shared.iter().enumerate().flat_map(|(a, row)| row[..a].iter().copied());
        Some((pairs().min()?, pairs().max()?))
    }

    /// How well raters can be compared on the items that they share, as a share of what the same ratings would tell if
    /// every item had every rater: (R − 1) / (r̄ · tr C⁺) with C = diag(r) − Σ nᵢnᵢᵀ/kᵢ over items of kᵢ ≥ 2 raters nᵢ, where r are
    /// the raters' ratings of such items and r̄ is their mean. A balanced incomplete block design has
    /// R(k − 1)/(k(R − 1)), which no other reaches. `None` for one rater, or when no chain of shared items connects all
    /// raters. O(ratings · k + R³). John and Williams 1995, Cyclic and Computer Generated Designs, §1.
    ///
    /// # Examples
    /// ```
    /// // Seven raters, seven items, three ratings each: the Fano plane.
    /// let design = assay_stats::design::assign(&[3; 7], 7, 1)?;
    /// assert!((design.efficiency().unwrap() - 7.0 / 9.0).abs() < 1e-12);
    /// # Ok::<(), assay_stats::Invalid>(())
    /// ```
    pub fn efficiency(&self) -> Option<f64> {
        let n = self.loads.len();
        if n < 2 {
            return None;
        }
        let mut information = Matrix::zeros(n);
        let mut ratings = 0.0;
        for raters in self.raters.iter().filter(|raters| raters.len() > 1) {
            let k = raters.len() as f64;
            ratings += k;
            for a in raters {
                information.add(*a, *a, 1.0);
                raters.iter().for_each(|b| information.add(*a, *b, -1.0 / k));
            }
        }
        let mean = ratings / n as f64;
        if mean == 0.0 || !self.is_connected() {
            return None;
        }
        // Rows of C sum to 0: adding r̄/R to each cell turns the eigenvalue 0 into r̄ and leaves the others.
        for a in 0..n {
            (0..n).for_each(|b| information.add(a, b, mean / n as f64));
        }
        let inverse = information.cholesky()?.inverse();
        let trace: f64 = (0..n).map(|a| inverse.at(a, a)).sum();
        Some((n as f64 - 1.0) / (mean * trace - 1.0))
    }

    /// Whether shared items connect every rater with every other.
    fn is_connected(&self) -> bool {
        let mut seen = vec![false; self.loads.len()];
        let mut open = vec![0];
        seen[0] = true;
        while let Some(rater) = open.pop() {
            for (other, shared) in self.shared[rater].iter().enumerate() {
                if *shared > 0 && !seen[other] {
                    seen[other] = true;
                    open.push(other);
                }
            }
        }
        seen.iter().all(|seen| *seen)
    }
}

/// Gives item i `counts[i]` of `raters` raters, so that no rater has over one item more than another and that every two
/// raters share as many items as any other two, as nearly as a search finds. Where a balanced incomplete block design
/// exists, every two share λ = Σ k(k − 1) / (R(R − 1)).
///
/// Each item takes the raters with the least work, among them those that share least; then seeded exchanges of two
/// raters between two items, which leave all loads as they are, lower Σ λ² by simulated annealing, until no design could be
/// more even or the tries (2,000 a rating, 400,000 at least and three million at most) are used up. The search does not prove
/// that a more even design does not exist. The same seed gives the same design. O(ratings · raters + tries · k) time,
/// O(ratings + raters²) memory.
///
/// # Errors
/// No items, no raters or over 4,096, or an item that wants more raters than there are.
///
/// # Examples
/// ```
/// let design = assay_stats::design::assign(&[2; 30], 6, 1)?;
/// assert_eq!(design.loads, [10; 6]);
/// assert_eq!(design.shared_range(), Some((2, 2)));
/// # Ok::<(), assay_stats::Invalid>(())
/// ```
pub fn assign(counts: &[usize], raters: usize, seed: u64) -> Result<Assignment, Invalid> {
    if counts.is_empty() {
        return Err(Invalid("there must be an item"));
    }
    if raters == 0 || raters > MOST_RATERS {
        return Err(Invalid("there must be a rater, and no more than 4096"));
    }
    if counts.iter().any(|count| *count > raters) {
        return Err(Invalid("no item can have more ratings than there are raters"));
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.shuffle(&mut random);
    // Items of one rating come last: they fill up loads and are no matter of pairs.
    order.sort_by_key(|item| counts[*item] < 2);
    let mut shared = vec![vec![0u32; raters]; raters];
    let mut loads = vec![0usize; raters];
    let mut blocks: Vec<Vec<usize>> = vec![Vec::new(); counts.len()];
    let mut by_chance: Vec<usize> = (0..raters).collect();
    for item in &order {
        by_chance.shuffle(&mut random);
        let block = &mut blocks[*item];
        let mut met = vec![0u32; if counts[*item] > 1 { raters } else { 0 }];
        for _ in 0..counts[*item] {
            let free = by_chance.iter().filter(|rater| !block.contains(rater));
            let Some(chosen) = free.min_by_key(|r| (loads[**r], met.get(**r).copied())).copied() else { break };
            met.iter_mut().zip(&shared[chosen]).for_each(|(met, shared)| *met += shared);
            block.push(chosen);
        }
        block.iter().for_each(|rater| loads[*rater] += 1);
        count_pairs(block, &mut shared);
    }
    even_out(&mut blocks, &mut shared, &mut random);
    blocks.iter_mut().for_each(|block| block.sort_unstable());
    Ok(Assignment { raters: blocks, loads, shared })
}

fn count_pairs(block: &[usize], shared: &mut [Vec<u32>]) {
    for a in block {
        for b in block.iter().filter(|b| *b != a) {
            shared[*a][*b] += 1;
        }
    }
}

/// Lowers Σ λ² by exchanging raters between items.
fn even_out(blocks: &mut [Vec<usize>], shared: &mut [Vec<u32>], random: &mut ChaCha8Rng) {
    let several: Vec<usize> = (0..blocks.len()).filter(|item| blocks[*item].len() > 1).collect();
    let raters = shared.len() as u64;
    let pairs = raters * raters.saturating_sub(1) / 2;
    if several.len() < 2 || pairs < 2 {
        return;
    }
    let meetings: u64 = several.iter().map(|item| (blocks[*item].len() * (blocks[*item].len() - 1) / 2) as u64).sum();
    // The least that Σ λ² can be: every λ is the mean, rounded down or up.
    let (floor, over) = (meetings / pairs, meetings % pairs);
    let least = (over * (floor + 1).pow(2) + (pairs - over) * floor.pow(2)) as i64;
    let mut now: i64 =
        (0..shared.len()).flat_map(|a| shared[a][..a].iter()).map(|met| i64::from(*met) * i64::from(*met)).sum();
    let slots: usize = several.iter().map(|item| blocks[*item].len()).sum();
    let tries = slots.saturating_mul(TRIES).clamp(FEWEST_TRIES, MOST_TRIES);
    let each = tries / COOLINGS;
    for at in 0..tries {
        if now <= least {
            return;
        }
        let heat = HOT * (COLD / HOT).powf((at % each) as f64 / each as f64);
        let (i, j) = (several[random.random_range(0..several.len())], several[random.random_range(0..several.len())]);
        if i == j {
            continue;
        }
        let (x, y) = (random.random_range(0..blocks[i].len()), random.random_range(0..blocks[j].len()));
        let (a, b) = (blocks[i][x], blocks[j][y]);
        if a == b || blocks[i].contains(&b) || blocks[j].contains(&a) {
            continue;
        }
        let change = exchange(&blocks[i], &blocks[j], a, b, shared);
        if change <= 0 || random.random::<f64>() < (-(change as f64) / heat).exp() {
            now += change;
            (blocks[i][x], blocks[j][y]) = (b, a);
        } else {
            exchange(&blocks[i], &blocks[j], b, a, shared);
        }
    }
}

/// Counts pairs as if `a` of one item and `b` of another had changed places; by how much Σ λ² grows.
fn exchange(of_a: &[usize], of_b: &[usize], a: usize, b: usize, shared: &mut [Vec<u32>]) -> i64 {
    let mut change = 0;
    let mut moved = |from: usize, to: usize, with: usize| {
        change += 2 - 2 * i64::from(shared[from][with]);
        shared[from][with] -= 1;
        shared[with][from] -= 1;
        change += 2 * i64::from(shared[to][with]);
        shared[to][with] += 1;
        shared[with][to] += 1;
    };
    // Undone with the names exchanged, when neither `a` nor `b` is where it is said to be.
    of_a.iter().filter(|c| **c != a && **c != b).for_each(|c| moved(a, b, *c));
    of_b.iter().filter(|c| **c != a && **c != b).for_each(|c| moved(b, a, *c));
    change
}

/// One place of a rater's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The item, or the gold item.
    pub item: usize,
    /// Whether it is one of the gold items, whose label is known.
    pub gold: bool,
    /// Whether the two answers of a comparison are shown in the second order.
    pub swapped: bool,
}

/// The list of each rater in the order of work: own items in random order, and `each` hidden items out of `gold`, one in
/// each of `each` equal stretches, so that a rater who tires is met too. Gold items are shown equally often, give or
/// take one. Of the raters of an item every other one sees a comparison in the second order, beginning by lot. Seeded;
/// O(ratings + raters · gold · log gold).
///
/// # Errors
/// More gold for each rater than there are gold items.
///
/// # Examples
/// ```
/// use assay_stats::design::{assign, sheets};
/// let design = assign(&[2; 30], 6, 1)?;
/// let sheets = sheets(&design, 4, 2, 1)?;
/// assert!(sheets.iter().all(|sheet| sheet.len() == 12 && sheet.iter().filter(|task| task.gold).count() == 2));
/// # Ok::<(), assay_stats::Invalid>(())
/// ```
pub fn sheets(assignment: &Assignment, gold: usize, each: usize, seed: u64) -> Result<Vec<Vec<Task>>, Invalid> {
    if each > gold {
        return Err(Invalid("no rater can get more gold items than there are"));
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut own: Vec<Vec<Task>> = vec![Vec::new(); assignment.loads.len()];
    for (item, raters) in assignment.raters.iter().enumerate() {
        let mut swapped: bool = random.random();
        let mut raters = raters.clone();
        raters.shuffle(&mut random);
        for rater in raters {
            own[rater].push(Task { item, gold: false, swapped });
            swapped = !swapped;
        }
    }
    let mut shown: Vec<(usize, bool)> = (0..gold).map(|_| (0, random.random())).collect();
    let mut by_chance: Vec<usize> = (0..gold).collect();
    let sheets = own.into_iter().map(|mut own| {
        own.shuffle(&mut random);
        by_chance.shuffle(&mut random);
        by_chance.sort_by_key(|item| shown[*item].0);
        let mut hidden: Vec<usize> = by_chance[..each].to_vec();
        hidden.shuffle(&mut random);
        let length = own.len() + each;
        let mut own = own.into_iter();
        let mut sheet = Vec::with_capacity(length);
        for (k, item) in hidden.into_iter().enumerate() {
            let place = random.random_range(k * length / each..(k + 1) * length / each);
            sheet.extend(own.by_ref().take(place - sheet.len()));
            let (times, swapped) = &mut shown[item];
            sheet.push(Task { item, gold: true, swapped: *swapped });
            (*times, *swapped) = (*times + 1, !*swapped);
        }
        sheet.extend(own);
        sheet
    });
    Ok(sheets.collect())
}

/// The items with `each` ratings that give every two of `raters` raters `shared` items in common, ⌈λR(R − 1)/(k(k − 1))⌉;
/// without a balanced design two raters may still share one or two fewer. `None` for fewer than two ratings, more ratings than raters, or a number beyond 2⁵³.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::design::items_for_shared(10, 3, 15), Some(225));
/// ```
pub fn items_for_shared(raters: u64, each: u64, shared: u64) -> Option<u64> {
    if each < 2 || each > raters || raters > 1 << 26 {
        return None;
    }
    let items = (u128::from(shared) * u128::from(raters) * u128::from(raters - 1))
        .div_ceil(u128::from(each) * u128::from(each - 1));
    u64::try_from(items).ok().filter(|items| *items <= 1 << 53)
}

/// What ratings are, for planning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Yes or no, and the share of yes, strictly between 0 and 1.
    Binary {
        /// The share of yes.
        prevalence: f64,
    },
    /// Numbers, about normal.
    Interval,
}

/// n · Var(α̂) of Krippendorff's α from n items with `each` ratings, for many items, when the true value is `alpha`.
///
/// For numbers, α is the one-way intra-class correlation and 2(1 − α)²(1 + (k − 1)α)² / (k(k − 1)) its variance (Fisher
/// 1925; Bonett 2002). For yes or no, the delta method on observed and expected disagreement with beta-binomial counts
/// of intra-class correlation α; with two ratings that is the variance of Bloch and Kraemer 1989. `None` for an α outside
/// of 0 to below 1, fewer than two ratings or more than 10,000, or a prevalence outside of 0 to 1. O(k).
///
/// # Examples
/// ```
/// use assay_stats::design::{Scale, alpha_variance};
/// assert_eq!(alpha_variance(0.5, 2, Scale::Interval), Some(0.5625));
/// let binary = alpha_variance(0.5, 2, Scale::Binary { prevalence: 0.5 }).unwrap();
/// assert!((binary - 0.75).abs() < 1e-12);
/// ```
pub fn alpha_variance(alpha: f64, each: u64, scale: Scale) -> Option<f64> {
    if !(0.0..1.0).contains(&alpha) || !(2..=10_000).contains(&each) {
        return None;
    }
    let k = each as f64;
    let p = match scale {
        Scale::Interval => {
            return Some(2.0 * (1.0 - alpha).powi(2) * (1.0 + (k - 1.0) * alpha).powi(2) / (k * (k - 1.0)));
        }
        Scale::Binary { prevalence } if prevalence > 0.0 && prevalence < 1.0 => prevalence,
        Scale::Binary { .. } => return None,
    };
    let expected = 2.0 * p * (1.0 - p);
    let observed = expected * (1.0 - alpha);
    // ln of the beta-binomial's chances; without correlation it is the binomial.
    let chance = |yes: f64| {
        let ways = -ln_beta(yes + 1.0, k - yes + 1.0) - (k + 1.0).ln();
        let scale = (1.0 - alpha) / alpha;
        if scale > 1e9 {
            return (ways + yes * p.ln() + (k - yes) * (1.0 - p).ln()).exp();
        }
        let (a, b) = (p * scale, (1.0 - p) * scale);
        (ways + ln_beta(yes + a, k - yes + b) - ln_beta(a, b)).exp()
    };
    let variance = (0..=each)
        .map(|yes| {
            let yes = yes as f64;
            let disagreement = 2.0 * yes * (k - yes) / (k * (k - 1.0));
            let slope = -(disagreement - observed) / expected
                + observed * 2.0 * (1.0 - 2.0 * p) * (yes / k - p) / (expected * expected);
            chance(yes) * slope * slope
        })
        .sum::<f64>();
    Some(variance).filter(|variance| variance.is_finite())
}

/// The items with `each` ratings for an interval of α that reaches `half_width` to either side: ⌈(z/h)² · n Var(α̂)⌉ with
/// [`alpha_variance`], at least 2. The interval of [`crate::agreement`] is a jackknife's and leans to one side when items
/// are few, so take this for the order of magnitude. `None` as there, or for a half width that is not above 0, a confidence outside of 0 to 1, or a number beyond 2⁵³.
///
/// # Examples
/// ```
/// use assay_stats::design::{Scale, items_for_alpha};
/// assert_eq!(items_for_alpha(0.7, 0.1, 3, Scale::Interval, 0.95), Some(67));
/// assert_eq!(items_for_alpha(0.7, 0.1, 3, Scale::Binary { prevalence: 0.1 }, 0.95), Some(358));
/// ```
pub fn items_for_alpha(alpha: f64, half_width: f64, each: u64, scale: Scale, confidence: f64) -> Option<u64> {
    if !is_level(confidence) || half_width.is_nan() || half_width <= 0.0 {
        return None;
    }
    let z = normal_quantile(0.5 + 0.5 * confidence);
    let items = ((z / half_width).powi(2) * alpha_variance(alpha, each, scale)?).ceil();
    (items <= 9.0e15).then_some((items as u64).max(2))
}

/// The chance that a rater who is right with probability `right` is suspended after `gold` gold items, by the rule that
/// the upper bound of their accuracy ([`crate::raters::gold_accuracy`]) is below `threshold`. Exact: with h* the most hits
/// that suspend, P(Bin(gold, right) ≤ h*). The prior pulls towards one half: who is just at a threshold of 0.8 is suspended
/// with a chance of up to 6%, not 2.5%. `None` for a probability, a threshold or a confidence outside of 0 to 1 or
/// over 10⁹ items. O(log gold) binomial tails.
///
/// # Examples
/// ```
/// // Ten answers find a third of those who are right six times of ten.
/// let chance = assay_stats::design::suspended(10, 0.6, 0.8, 0.95).unwrap();
/// assert!((chance - 0.3669).abs() < 1e-4);
/// ```
pub fn suspended(gold: u64, right: f64, threshold: f64, confidence: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&right) || !is_level(threshold) || !is_level(confidence) || gold > 1_000_000_000 {
        return None;
    }
    // P(Beta(1 + h, 1 + m) > t) = P(Bin(n + 1, t) ≤ h): the upper bound is below t when that is below half the error.
    let below = |hits: u64| binomial_cdf(hits, gold + 1, threshold) < 0.5 - 0.5 * confidence;
    if !below(0) {
        return Some(0.0);
    }
    let (mut low, mut high) = (0, gold + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(binomial_cdf(low, gold, right))
}

/// The fewest gold items with which a rater who is right with probability `right` is suspended with probability `power`
/// ([`suspended`]). A few more may reach it less: hits are whole. `None` as there, for a `right` not below the threshold, a
/// power outside of 0 to 1, or when 10,000 are too few.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::design::gold_for(0.6, 0.8, 0.8, 0.95), Some(35));
/// ```
pub fn gold_for(right: f64, threshold: f64, power: f64, confidence: f64) -> Option<u64> {
    if right.is_nan() || right >= threshold || !is_level(power) {
        return None;
    }
    for gold in 1..=10_000 {
        if suspended(gold, right, threshold, confidence)? >= power {
            return Some(gold);
        }
    }
    None
}

/// How long a rater took for an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// The item.
    pub item: usize,
    /// The rater.
    pub rater: usize,
    /// The time, above 0, in any unit.
    pub time: f64,
}

/// A rater's pace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How many ratings the rater gave.
    pub ratings: u64,
    /// How many of them are fast.
    pub fast: u64,
    /// The chance of so many or more, were everybody fast equally often, P(Bin(ratings, share) ≥ fast); 1 without ratings.
    pub p: f64,
    /// That p-value by Holm over all raters.
    pub adjusted: f64,
}

/// Which ratings were given faster than items allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// For each rating, its time over the median time of the item's other ratings; over the median of all ratings when it
    /// has the item alone.
    pub ratios: Vec<f64>,
    /// Ratios below this are fast.
    pub limit: f64,
    /// For each rating, whether it is fast.
    pub fast: Vec<bool>,
    /// Each rater.
    pub raters: Vec<Pace>,
}

/// Flags ratings faster than the `share` quantile, such as 0.01, of the time that their item takes. Few items have the
/// hundred ratings that the quantile of an item needs, so it is taken of all ratings' ratios to the median of their
/// item's others: an item has its own middle, and all share the spread on the log scale. Up to that share is always
/// flagged, hence flags are to be looked at, not dropped; a rater with more of them than chance explains is told by
/// [`Pace::adjusted`]. O(n log n). `None` for no ratings, a time that is not finite and above 0, a share outside of 0 to
/// 1, or numbers of items or raters beyond that of ratings.
///
/// # Examples
/// ```
/// use assay_stats::design::{Timed, speed};
/// // Three raters need 20 to 29 seconds; the fourth clicks through.
/// let times: Vec<Timed> = (0..160)
///     .map(|i| Timed { item: i / 4, rater: i % 4, time: if i % 4 == 3 { 2.0 + 0.01 * i as f64 } else { 20.0 + (i % 10) as f64 } })
///     .collect();
/// let found = speed(&times, 0.1).unwrap();
/// assert!(found.raters[3].adjusted < 0.001 && found.raters[0].fast == 0);
/// ```
pub fn speed(times: &[Timed], share: f64) -> Option<Speed> {
    let count = |of: fn(&Timed) -> usize| times.iter().map(of).max().and_then(|last| last.checked_add(1));
    let (items, raters) = (count(|t| t.item)?, count(|t| t.rater)?);
    if !is_level(share) || items.max(raters) > times.len() || times.iter().any(|t| !t.time.is_finite() || t.time <= 0.0)
    {
        return None;
    }
    let mut of_item: Vec<Vec<(f64, usize)>> = vec![Vec::new(); items];
    times.iter().enumerate().for_each(|(i, t)| of_item[t.item].push((t.time.ln(), i)));
    let mut all: Vec<f64> = times.iter().map(|t| t.time.ln()).collect();
    all.sort_by(f64::total_cmp);
    let typical = 0.5 * (all[(all.len() - 1) / 2] + all[all.len() / 2]);
    let mut logs = vec![0.0; times.len()];
    for own in &mut of_item {
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (place, (log, rating)) in own.iter().enumerate() {
            let others = own.len() - 1;
            let other = |k: usize| own[if k < place { k } else { k + 1 }].0;
            let middle = match others {
                0 => typical,
                odd if odd % 2 == 1 => other(odd / 2),
                even => 0.5 * (other(even / 2 - 1) + other(even / 2)),
            };
            logs[*rating] = log - middle;
        }
    }
    let mut sorted = logs.clone();
    sorted.sort_by(f64::total_cmp);
    let limit = quantile_sorted(&sorted, share)?;
    // Times that are the same up to rounding are not faster than each other.
    let fast: Vec<bool> = logs.iter().map(|log| *log < limit - 1e-12).collect();
    let mut paces = vec![Pace { ratings: 0, fast: 0, p: 1.0, adjusted: 1.0 }; raters];
    for (t, fast) in times.iter().zip(&fast) {
        paces[t.rater].ratings += 1;
        paces[t.rater].fast += u64::from(*fast);
    }
    for pace in paces.iter_mut().filter(|pace| pace.fast > 0) {
        // P(X ≥ f) = P(n − X ≤ n − f), whose small values keep their digits.
        pace.p = binomial_cdf(pace.ratings - pace.fast, pace.ratings, 1.0 - share);
    }
    let adjusted = holm(&paces.iter().map(|pace| pace.p).collect::<Vec<_>>());
    paces.iter_mut().zip(adjusted).for_each(|(pace, adjusted)| pace.adjusted = adjusted);
    Some(Speed { ratios: logs.iter().map(|log| log.exp()).collect(), limit: limit.exp(), fast, raters: paces })
}

/// A rater's longest run of one and the same label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// How many labels in a row.
    pub length: usize,
    /// The chance of a run as long or longer among as many independent labels.
    pub p: f64,
}

/// The longest run of equal labels, in the order of work (straight-lining), and its chance when each label comes
/// independently with its share of `shares`, those of all raters. Items must be in random order. Exact, by the first
/// place where such a run ends; O(labels · classes) time, O(run · classes) memory. A rater who is stricter than others has longer runs too, so look at
/// severity before you blame. `None` for no labels, a label without a share, or shares that are negative or do not sum to 1
/// within 1e-9.
///
/// # Examples
/// ```
/// use assay_stats::design::longest_run;
/// let run = longest_run(&[0, 1, 1, 1], &[0.5, 0.5]).unwrap();
/// // Of the 16 sequences of four, six have a run of three or four.
/// assert_eq!((run.length, run.p), (3, 0.375));
/// ```
pub fn longest_run(labels: &[usize], shares: &[f64]) -> Option<Run> {
    if labels.is_empty()
        || labels.iter().any(|label| *label >= shares.len())
        || shares.iter().any(|share| !share.is_finite() || *share < 0.0)
        || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-9
    {
        return None;
    }
    let length = labels.chunk_by(|a, b| a == b).map(<[usize]>::len).max()?;
    if length == 1 {
        return Some(Run { length, p: 1.0 });
    }
    let full: Vec<f64> = shares.iter().map(|share| share.powi(i32::try_from(length - 1).unwrap_or(i32::MAX))).collect();
    // `begun`: the chances that a run of each label begins at one of the last places and none was full before; `open`:
    // that one is going on and not full; `ended`: that one has been full.
    let mut begun: VecDeque<Vec<f64>> = VecDeque::with_capacity(length);
    let mut open = vec![0.0_f64; shares.len()];
    let mut ended = 0.0;
    for _ in labels {
        let alive = 1.0 - ended;
        let begins: Vec<f64> = shares.iter().zip(&open).map(|(share, open)| share * (alive - open).max(0.0)).collect();
        open.iter_mut().zip(shares).zip(&begins).for_each(|((open, share), begins)| *open = *open * share + begins);
        begun.push_back(begins);
        if begun.len() == length {
            for ((then, full), open) in begun.pop_front()?.iter().zip(&full).zip(&mut open) {
                ended += then * full;
                *open = (*open - then * full).max(0.0);
            }
        }
    }
    Some(Run { length, p: ended.min(1.0) })
}
