//! Effects without a plain randomised split: difference in differences, weighting by known propensities, other policies
//! evaluated on logged decisions, interleaved rankings.
//!
//! Weighted estimators are means of one influence value for each case, so that [`level`] gives them its interval: CR2
//! with Student's t, by cluster where cases declare one.

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;

use crate::Invalid;
use crate::estimate::{Estimate, Item, Kind, is_level, level, plain_level};
use crate::mean::{BLOCK, Sums, sum, sum_of, weighted};
use crate::online::{Effect, rounding};
use crate::paired::mcnemar_exact;

/// One outcome of a unit, before or after the treated group was treated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The unit, which may be observed any number of times.
    pub unit: u32,
    /// Whether the unit is in the treated group.
    pub treated: bool,
    /// Whether this is after the treatment began.
    pub post: bool,
    /// The outcome.
    pub outcome: f64,
}

/// Difference in differences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DiffInDiff {
    /// (treated after − before) − (control after − before), with the CR2 standard error by unit.
    pub effect: Effect,
    /// Mean outcome of the treated group, before and after.
    pub treated: [f64; 2],
    /// The same of the control group.
    pub control: [f64; 2],
    /// Treated and control units.
    pub units: [usize; 2],
}

/// What is known of a unit in the two periods: number and sum of outcomes.
#[derive(Default)]
struct Panel {
    treated: bool,
    n: [f64; 2],
    total: [f64; 2],
}

/// The interaction of outcome ~ treated · post with CR2 standard error by unit and Bell–McCaffrey degrees of freedom.
/// The model is saturated, so that hat matrices are blocks of constants: a unit with n of the N outcomes of a period has
/// leverage h = n/N there, contributes the residual sum / (N √(1 − h)) to the sandwich, and the degrees of freedom follow
/// from sums over units without any matrix. With two periods before the treatment it tests for a trend of the groups'
/// own, which must be absent. One date of treatment only: staggered adoption needs other estimators. O(observations ·
/// log units). Bell & McCaffrey 2002; Roth et al. 2023.
///
/// # Errors
/// An outcome that is not finite, a unit in both groups, fewer than two units in a group and period, no variance, a
/// confidence outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::quasi::{Observation, diff_in_diff};
/// // Four units; the treated ones rise by 3 and 5, the others by 1.
/// let rises = [(true, 3.0), (true, 5.0), (false, 0.5), (false, 1.5)];
/// let rows: Vec<Observation> = (0..8)
///     .map(|i| {
///         let ((treated, rise), post) = (rises[i / 2], i % 2 == 1);
///         Observation { unit: i as u32 / 2, treated, post, outcome: i as f64 / 2.0 + if post { rise - 0.5 } else { 0.0 } }
///     })
///     .collect();
/// let found = diff_in_diff(&rows, 0.95).unwrap();
/// assert!((found.effect.value - 3.0).abs() < 1e-12 && found.units == [2, 2]);
/// ```
pub fn diff_in_diff(rows: &[Observation], confidence: f64) -> Result<DiffInDiff, Invalid> {
    if !is_level(confidence) {
        return Err(Invalid("the confidence must be between 0 and 1"));
    }
    let mut units: BTreeMap<u32, Panel> = BTreeMap::new();
    for row in rows {
        let panel = units.entry(row.unit).or_insert_with(|| Panel { treated: row.treated, ..Panel::default() });
        if panel.treated != row.treated {
            return Err(Invalid("a unit is in both groups"));
        }
        if !row.outcome.is_finite() {
            return Err(Invalid("outcomes must be finite"));
        }
        let at = usize::from(row.post);
        panel.n[at] += 1.0;
        panel.total[at] += row.outcome;
    }
    let group = |treated: bool| Group::of(units.values().filter(|unit| unit.treated == treated).collect());
    let (treated, control) = (group(true)?, group(false)?);
    let change = |group: &Group| group.mean[1] - group.mean[0];
    let trace = treated.trace + control.trace;
    let effect = Effect::with_df(
        change(&treated) - change(&control),
        (treated.variance + control.variance).sqrt(),
        trace * trace / (treated.squares + control.squares),
        confidence,
    );
    Ok(DiffInDiff {
        effect: effect.ok_or(Invalid("outcomes do not vary within groups and periods"))?,
        treated: treated.mean,
        control: control.mean,
        units: [treated.units, control.units],
    })
}

/// One group's share in the sandwich: `trace` and `squares` are the sums of p_g'p_g and of (p_g'p_h)² of
/// Bell and McCaffrey's vectors p.
struct Group {
    units: usize,
    mean: [f64; 2],
    variance: f64,
    trace: f64,
    squares: f64,
}

impl Group {
    fn of(units: Vec<&Panel>) -> Result<Self, Invalid> {
        let over = |part: &dyn Fn(&Panel) -> f64| sum(units.iter().map(|unit| part(unit)));
        let n = [0, 1].map(|s| over(&|unit| unit.n[s]));
        let mean = [0, 1].map(|s| over(&|unit| unit.total[s]) / n[s]);
        if [0, 1].iter().any(|s| units.iter().filter(|unit| unit.n[*s] > 0.0).count() < 2) {
            return Err(Invalid("each group needs two units in each period"));
        }
        // 1/√(1 − h) of a unit in a period.
        let stretch = |unit: &Panel, s: usize| 1.0 / (1.0 - unit.n[s] / n[s]).sqrt();
        let score = |unit: &Panel, s: usize| (unit.total[s] - unit.n[s] * mean[s]) / n[s] * stretch(unit, s);
        let own = |unit: &Panel| unit.n[0] / (n[0] * n[0]) + unit.n[1] / (n[1] * n[1]);
        let q = |unit: &Panel, s: usize| unit.n[s] / n[s].powf(1.5) * stretch(unit, s);
        let cross = |s: usize, t: usize| over(&|unit| q(unit, s) * q(unit, t)).powi(2);
        // Equal outcomes differ from their mean in the last bit; that is no variance.
        let variance = over(&|unit| (score(unit, 1) - score(unit, 0)).powi(2));
        let pairs = cross(0, 0) + 2.0 * cross(0, 1) + cross(1, 1)
            - over(&|unit| (q(unit, 0).powi(2) + q(unit, 1).powi(2)).powi(2));
        Ok(Self {
            units: units.len(),
            mean,
            variance: if variance <= rounding(mean[0].abs() + mean[1].abs()) { 0.0 } else { variance },
            trace: over(&own),
            squares: over(&|unit| own(unit).powi(2)) + pairs,
        })
    }
}

/// A case that got the treatment with a known (or well estimated) probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assigned {
    /// Whether it got the treatment.
    pub treated: bool,
    /// The outcome.
    pub outcome: f64,
    /// The probability of the treatment, between 0 and 1.
    pub propensity: f64,
    /// Cases of one cluster are not independent; without one a case stands alone.
    pub cluster: Option<u32>,
}

/// How well weighted cases stand for all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Cases that were used.
    pub cases: usize,
    /// Cases left out because their propensity is too close to 0 or 1: the effect is not theirs.
    pub trimmed: usize,
    /// Effective number of cases, (Σw)²/Σw², of treatment and control.
    pub effective: [f64; 2],
    /// The largest weight's share in its arm's.
    pub largest_share: f64,
}

/// An average treatment effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    /// The mean outcome if all were treated.
    pub treatment: f64,
    /// The mean outcome if none were.
    pub control: f64,
    /// Their difference, with the standard error of its influence values.
    pub effect: Estimate,
    /// How much data that rests on.
    pub overlap: Overlap,
}

/// Inverse-propensity weighting with weights scaled to sum to 1 in each arm (Hájek): the influence value of a case is
/// effect + n·w(y − mean of its arm), negative in control. Cases with a propensity outside [trim, 1 − trim] are left
/// out. O(cases). Hájek 1971; Lunceford & Davidian 2004.
///
/// # Errors
/// Outcomes that are not finite, propensities outside (0, 1), a trim outside [0, ½), an arm without cases, a confidence
/// outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::quasi::{Assigned, ipw};
/// let case = |treated, outcome, propensity| Assigned { treated, outcome, propensity, cluster: None };
/// // Cases with outcome 10 are treated three times in four: plain means would see an effect of 5.
/// let rows = [
///     case(true, 10.0, 0.75), case(true, 10.0, 0.75), case(true, 10.0, 0.75), case(false, 10.0, 0.75),
///     case(true, 0.0, 0.25), case(false, 0.0, 0.25), case(false, 0.0, 0.25), case(false, 0.0, 0.25),
/// ];
/// let found = ipw(&rows, 0.0, 0.95).unwrap();
/// assert!(found.effect.value.unwrap().abs() < 1e-12 && found.overlap.cases == 8);
/// ```
pub fn ipw(rows: &[Assigned], trim: f64, confidence: f64) -> Result<Average, Invalid> {
    let mut weights = Vec::with_capacity(rows.len());
    let Weighed { inside, clustered, totals, outcomes, overlap } =
        weigh(rows, trim, confidence, |block| weights.extend(block.signed()))?;
    let [treatment, control] = [0, 1].map(|arm| outcomes[arm] / totals[arm]);
    let (effect, n) = (treatment - control, overlap.cases as f64);
    let (up, down) = (n / totals[0], n / totals[1]);
    let influence = |(row, weight): (&Assigned, &f64)| {
        effect + up * weight.max(0.0) * (row.outcome - treatment) + down * weight.min(0.0) * (row.outcome - control)
    };
    let values = rows.iter().zip(&weights).map(influence).collect();
    let effect = estimate(values, treatment - control, inside.as_deref(), clustered.then_some(rows), confidence);
    Ok(Average { treatment, control, effect, overlap })
}

/// Augmented inverse-propensity weighting: the influence value of a case is m₁ − m₀ + t(y − m₁)/e − (1 − t)(y − m₀)/(1 − e),
/// for its `predictions` (m₀, m₁) of the outcome under control and under treatment, which should come from other cases
/// or a small model. Right when either the propensities or the predictions are. O(cases). Robins, Rotnitzky & Zhao 1994.
///
/// # Errors
/// As [`ipw`], and predictions that are not finite or not as many as cases.
///
/// # Examples
/// ```
/// use assay_stats::quasi::{Assigned, aipw};
/// let case = |treated, outcome| Assigned { treated, outcome, propensity: 0.5, cluster: None };
/// let rows = [case(true, 3.0), case(true, 5.0), case(false, 1.0), case(false, 2.0)];
/// // Right predictions under control and treatment: nothing is left to weight.
/// let found = aipw(&rows, &[(1.0, 3.0), (3.0, 5.0), (1.0, 3.0), (2.0, 4.0)], 0.0, 0.95).unwrap();
/// assert!((found.effect.value.unwrap() - 2.0).abs() < 1e-12);
/// ```
pub fn aipw(rows: &[Assigned], predictions: &[(f64, f64)], trim: f64, confidence: f64) -> Result<Average, Invalid> {
    if predictions.len() != rows.len() {
        return Err(NO_PREDICTIONS);
    }
    let (mut values, mut sums, mut finite) = (Vec::with_capacity(rows.len()), Sums::new(), true);
    let mut ahead = predictions;
    let [mut under, mut over, mut effects] = [[0.0; BLOCK]; 3];
    let each = |block: &Block| {
        let predicted;
        (predicted, ahead) = ahead.split_at(block.rows);
        for ((m0, m1), both) in under.iter_mut().zip(&mut over).zip(predicted) {
            (*m0, *m1) = *both;
            finite &= is_finite(*m0) & is_finite(*m1);
        }
        let [mut treatments, mut controls] = [[0.0; 4]; 2];
        for from in (0..BLOCK).step_by(4) {
            for (lane, totals) in treatments.iter_mut().zip(&mut controls).enumerate() {
                let (at, outcome) = (from + lane, block.outcomes[from + lane]);
                let treatment = over[at] + block.weights[0][at] * (outcome - over[at]);
                let control = under[at] + block.weights[1][at] * (outcome - under[at]);
                effects[at] = treatment - control;
                *totals.0 += block.inside[at] * treatment;
                *totals.1 += block.inside[at] * control;
            }
        }
        sums.add([treatments.iter().sum(), controls.iter().sum()]);
        values.extend_from_slice(&effects[..block.rows]);
    };
    let Weighed { inside, clustered, overlap, .. } = weigh(rows, trim, confidence, each)?;
    if !finite {
        return Err(NO_PREDICTIONS);
    }
    let [treatment, control] = sums.sums().map(|sum| sum / overlap.cases as f64);
    let effect = estimate(values, treatment - control, inside.as_deref(), clustered.then_some(rows), confidence);
    Ok(Average { treatment, control, effect, overlap })
}

const NO_PREDICTIONS: Invalid = Invalid("each case needs two finite predictions");

/// Whether a number is finite, so that a processor can tell of several at once.
fn is_finite(number: f64) -> bool {
    number.abs() < f64::INFINITY
}

/// Some cases by columns, so that a processor works on several at once; zeros behind the last.
struct Block {
    rows: usize,
    clustered: bool,
    treated: [f64; BLOCK],
    outcomes: [f64; BLOCK],
    propensities: [f64; BLOCK],
    /// 1 within the trim, else 0.
    inside: [f64; BLOCK],
    /// One over the probability of the arm that a case is in, in that arm, and 0 in the other one: treatment and control.
    weights: [[f64; BLOCK]; 2],
}

impl Block {
    /// Weighs up to [`BLOCK`] cases within a trim; `None` where an outcome or a probability is none.
    fn weigh(&mut self, rows: &[Assigned], trim: f64) -> Option<()> {
        self.rows = rows.len();
        for (at, row) in rows.iter().enumerate() {
            self.treated[at] = f64::from(u8::from(row.treated));
            self.outcomes[at] = row.outcome;
            self.propensities[at] = row.propensity;
            self.clustered |= row.cluster.is_some();
        }
        let mut valid = true;
        for at in 0..rows.len() {
            let (treated, p) = (self.treated[at], self.propensities[at]);
            // Without a jump: which arm a case is in is chance.
            let weight = 1.0 / ((1.0 - treated) + (treated + treated - 1.0) * p);
            valid &= (p > 0.0) & (p < 1.0) & is_finite(weight * self.outcomes[at]);
            let inside = f64::from(u8::from((p >= trim) & (p <= 1.0 - trim)));
            self.inside[at] = inside;
            self.weights[0][at] = inside * treated * weight;
            self.weights[1][at] = inside * (1.0 - treated) * weight;
        }
        let [treatment, control] = &mut self.weights;
        for column in [&mut self.inside, &mut self.treated, treatment, control] {
            column[rows.len()..].fill(0.0);
        }
        valid.then_some(())
    }

    /// Weights, below 0 in control.
    fn signed(&self) -> impl Iterator<Item = f64> {
        self.weights[0][..self.rows].iter().zip(&self.weights[1]).map(|(treated, control)| treated - control)
    }
}

/// What weights amount to.
struct Weighed {
    /// Which cases are within the trim; `None` where all are.
    inside: Option<Vec<bool>>,
    clustered: bool,
    /// Σw of treatment and control.
    totals: [f64; 2],
    /// Σw·outcome of treatment and control.
    outcomes: [f64; 2],
    overlap: Overlap,
}

/// Weighs cases in one pass over blocks of them, which `each` sees.
fn weigh(rows: &[Assigned], trim: f64, confidence: f64, mut each: impl FnMut(&Block)) -> Result<Weighed, Invalid> {
    if !is_level(confidence) {
        return Err(Invalid("the confidence must be between 0 and 1"));
    }
    if !(0.0..0.5).contains(&trim) {
        return Err(Invalid("the trim must be at least 0 and below one half"));
    }
    let zeros = [0.0; BLOCK];
    let mut block = Block {
        rows: 0,
        clustered: false,
        treated: zeros,
        outcomes: zeros,
        propensities: zeros,
        inside: zeros,
        weights: [zeros; 2],
    };
    let (mut sums, mut largest) = (Sums::<8>::new(), [0.0_f64; 2]);
    for some in rows.chunks(BLOCK) {
        block.weigh(some, trim).ok_or(Invalid("outcomes must be finite and propensities between 0 and 1"))?;
        let [t, c] = block.weights.each_ref().map(|weights| weighted(weights, &block.outcomes));
        let [cases, treated, ..] = weighted(&block.inside, &block.treated);
        sums.add([t[0], t[1], t[2], c[0], c[1], c[2], treated, cases]);
        largest = [largest[0].max(t[3]), largest[1].max(c[3])];
        each(&block);
    }
    let [t, t_outcome, t_squares, c, c_outcome, c_squares, treated, cases] = sums.sums();
    if treated == 0.0 || treated == cases {
        return Err(Invalid("an arm has no case"));
    }
    let trimmed = rows.len() - cases as usize;
    let within = |row: &Assigned| (trim..=1.0 - trim).contains(&row.propensity);
    let overlap = Overlap {
        cases: cases as usize,
        trimmed,
        effective: [t * t / t_squares, c * c / c_squares],
        largest_share: (largest[0] / t).max(largest[1] / c),
    };
    Ok(Weighed {
        inside: (trimmed > 0).then(|| rows.iter().map(within).collect()),
        clustered: block.clustered,
        totals: [t, c],
        outcomes: [t_outcome, c_outcome],
        overlap,
    })
}

/// A row that may belong to a cluster.
trait Clustered {
    fn cluster(&self) -> Option<u32>;
}

impl Clustered for Assigned {
    fn cluster(&self) -> Option<u32> {
        self.cluster
    }
}

impl Clustered for Logged {
    fn cluster(&self) -> Option<u32> {
        self.cluster
    }
}

/// Whether all predictions are finite, without a jump for each.
fn are_finite(predictions: &[(f64, f64)]) -> bool {
    predictions.chunks(64).all(|some| some.iter().fold(true, |all, (a, b)| all & is_finite(*a) & is_finite(*b)))
}

/// The level of the influence values of the rows that are `inside` (all without it), whose mean is known, by the clusters
/// of `rows` where they are given.
fn estimate(
    mut values: Vec<f64>,
    mean: f64,
    inside: Option<&[bool]>,
    rows: Option<&[impl Clustered]>,
    confidence: f64,
) -> Estimate {
    let keep = |at: usize| inside.is_none_or(|inside| inside[at]);
    if let Some(rows) = rows {
        let item = |(value, row): (&f64, &_)| Item {
            value: *value,
            repeats: 1,
            cluster: Clustered::cluster(row),
            weight: 1.0,
        };
        let items = values.iter().zip(rows).enumerate().filter(|(at, _)| keep(*at)).map(|(_, both)| item(both));
        return level(&items.collect::<Vec<Item>>(), Kind::Unbounded, confidence);
    }
    if inside.is_some() {
        let mut at = 0..;
        values.retain(|_| at.next().is_none_or(keep));
    }
    plain_level(&values, mean, Kind::Unbounded, confidence)
}

/// A logged decision and its reward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// The reward that followed.
    pub reward: f64,
    /// The probability with which the logging policy chose the action, above 0.
    pub propensity: f64,
    /// The probability with which the policy to be evaluated would have chosen it.
    pub target: f64,
    /// Decisions of one cluster, such as a user, are not independent; without one a decision stands alone.
    pub cluster: Option<u32>,
}

/// The mean reward that another policy would have had.
#[derive(Clone, Debug, PartialEq)]
pub struct OffPolicy {
    /// Inverse propensity scoring: the mean of w · reward, w = target/propensity. Unbiased.
    pub ips: Estimate,
    /// Self-normalised: Σ w · reward / Σ w. Slightly biased, far less noisy. Undefined when all weights are 0.
    pub snips: Option<Estimate>,
    /// Doubly robust: the mean of v + w(reward − q), when predictions are given.
    pub doubly_robust: Option<Estimate>,
    /// Effective number of decisions, (Σw)²/Σw².
    pub effective: f64,
    /// The largest weight's share of all.
    pub largest_share: f64,
    /// The mean weight, whose expectation is 1: far from it, the logged propensities are wrong or the policies differ
    /// too much.
    pub mean_weight: f64,
}

/// Evaluates a policy on decisions logged under another one that could have taken every action which the first takes.
/// `predictions` give for each decision (q, v): the reward predicted for the logged action, and the mean prediction over
/// the target policy's actions. O(decisions). Horvitz & Thompson 1952; Swaminathan & Joachims 2015; Dudík, Langford & Li
/// 2011.
///
/// # Errors
/// No decision, rewards or predictions that are not finite, probabilities outside [0, 1], a propensity of 0, fewer
/// predictions than decisions, a confidence outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::quasi::{Logged, off_policy};
/// // Logged at random among two actions; the other policy always takes the one that is rewarded.
/// let row = |rewarded: bool| Logged {
///     reward: f64::from(rewarded),
///     propensity: 0.5,
///     target: f64::from(rewarded),
///     cluster: None,
/// };
/// let found = off_policy(&[row(true), row(false), row(true), row(false)], None, 0.95).unwrap();
/// assert_eq!((found.ips.value, found.mean_weight, found.effective), (Some(1.0), 1.0, 2.0));
/// ```
pub fn off_policy(rows: &[Logged], predictions: Option<&[(f64, f64)]>, confidence: f64) -> Result<OffPolicy, Invalid> {
    if rows.is_empty() {
        return Err(Invalid("no decision"));
    }
    if !is_level(confidence) {
        return Err(Invalid("the confidence must be between 0 and 1"));
    }
    let mut weights = Vec::with_capacity(rows.len());
    let (mut sums, mut largest, mut valid, mut clustered) = (Sums::new(), 0.0_f64, true, false);
    let [mut rewards, mut targets, mut chances] = [[0.0; BLOCK]; 3];
    for block in rows.chunks(BLOCK) {
        for (at, row) in block.iter().enumerate() {
            (rewards[at], targets[at], chances[at]) = (row.reward, row.target, row.propensity);
            clustered |= row.cluster.is_some();
        }
        // Weights of 0 behind the last.
        targets[block.len()..].fill(0.0);
        for at in 0..BLOCK {
            let (chance, target) = (chances[at], targets[at]);
            let weight = target / if at < block.len() { chance } else { 1.0 };
            let shares = (chance > 0.0) & (chance <= 1.0) & (0.0..=1.0).contains(&target);
            valid &= shares & is_finite(rewards[at]) & is_finite(weight) | (at >= block.len());
            targets[at] = weight;
        }
        let [total, products, squares, most] = weighted(&targets, &rewards);
        sums.add([total, squares, products]);
        largest = largest.max(most);
        weights.extend_from_slice(&targets[..block.len()]);
    }
    if !valid {
        return Err(Invalid("rewards must be finite, propensities above 0 and at most 1, targets from 0 to 1"));
    }
    if predictions.is_some_and(|p| p.len() != rows.len() || !are_finite(p)) {
        return Err(Invalid("each decision needs two finite predictions"));
    }
    let n = rows.len() as f64;
    let [total, squares, rewards] = sums.sums();
    let mean_weight = total / n;
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let weighed = || rows.iter().zip(&weights);
    let by = |values: Vec<f64>, mean: f64| estimate(values, mean, None, clustered.then_some(rows), confidence);
    let ratio = rewards / n / mean_weight;
    let robust = |p: &[(f64, f64)]| {
        let values: Vec<f64> = weighed().zip(p).map(|((row, weight), (q, v))| v + weight * (row.reward - q)).collect();
        let mean = sum_of(&values) / n;
        by(values, mean)
    };
    Ok(OffPolicy {
        ips: by(weighed().map(|(row, weight)| weight * row.reward).collect(), rewards / n),
        snips: (mean_weight > 0.0)
            .then(|| by(weighed().map(|(row, w)| ratio + w / mean_weight * (row.reward - ratio)).collect(), ratio)),
        doubly_robust: predictions.map(robust),
        effective: share(total * total, squares),
        largest_share: share(largest, total),
        mean_weight,
    })
}

/// Whose pick an item of an interleaved list was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Team {
    /// The first ranker's.
    A,
    /// The second ranker's.
    B,
}

/// Interleaves two rankings by team draft, at most `length` items: whoever has fewer picks, or at par whom `coin` names
/// (A when true), adds its best item that is not yet in. Ends when a ranking has nothing left. O(items). Radlinski,
/// Kurup & Joachims 2008.
///
/// # Examples
/// ```
/// use assay_stats::quasi::{Team, team_draft};
/// let picks = team_draft(&["a", "b", "c"], &["b", "d", "a"], 3, || true);
/// assert_eq!(picks, [("a", Team::A), ("b", Team::B), ("c", Team::A)]);
/// ```
pub fn team_draft<T: Clone + Eq + Hash>(
    a: &[T],
    b: &[T],
    length: usize,
    mut coin: impl FnMut() -> bool,
) -> Vec<(T, Team)> {
    let mut taken = HashSet::new();
    let mut picks: Vec<(T, Team)> = Vec::new();
    let (mut left_a, mut left_b) = (a.iter().peekable(), b.iter().peekable());
    let mut lead = 0i64;
    while picks.len() < length {
        while left_a.next_if(|item| taken.contains(*item)).is_some() {}
        while left_b.next_if(|item| taken.contains(*item)).is_some() {}
        let (Some(best_a), Some(best_b)) = (left_a.peek(), left_b.peek()) else { break };
        let (item, team) = if lead < 0 || lead == 0 && coin() { (*best_a, Team::A) } else { (*best_b, Team::B) };
        lead += if team == Team::A { 1 } else { -1 };
        taken.insert(item);
        picks.push((item.clone(), team));
    }
    picks
}

/// Interleaves two rankings by turns, at most `length` items: the ranker whose turn it is, A first when `a_first`, moves one
/// place down its list and adds what it finds there unless it is in already. `a_first` should be drawn by lot for each list.
/// Ends when a ranking has nothing left. O(items). Joachims 2002.
///
/// # Examples
/// ```
/// assert_eq!(assay_stats::quasi::balanced(&["x", "y", "z"], &["y", "w", "x"], 3, true), ["x", "y", "w"]);
/// ```
pub fn balanced<T: Clone + Eq + Hash>(a: &[T], b: &[T], length: usize, a_first: bool) -> Vec<T> {
    let (mut at_a, mut at_b) = (0, 0);
    let mut taken = HashSet::new();
    let mut list = Vec::new();
    while list.len() < length && at_a < a.len() && at_b < b.len() {
        let item = if at_a < at_b || at_a == at_b && a_first {
            at_a += 1;
            &a[at_a - 1]
        } else {
            at_b += 1;
            &b[at_b - 1]
        };
        if taken.insert(item) {
            list.push(item.clone());
        }
    }
    list
}

/// Clicks that each of two rankings has in its first k, where k is as far down as the better of them has the lowest clicked
/// item of a balanced list. (0, 0) without clicks, `None` for a click on what neither ranking holds. With rankings that are
/// shifted against each other random clicks prefer one of them: the other two methods do not have this bias. O(items).
/// Joachims 2002; Chapelle et al. 2012.
///
/// # Examples
/// ```
/// use assay_stats::quasi::balanced_credit;
/// let (a, b) = (["x", "y", "z"], ["y", "w", "x"]);
/// // The lowest click is on w, second in b: y and w are in b's first two, y alone in a's.
/// assert_eq!(balanced_credit(&a, &b, &[("x", false), ("y", true), ("w", true)]), Some((1.0, 2.0)));
/// ```
pub fn balanced_credit<T: Eq>(a: &[T], b: &[T], shown: &[(T, bool)]) -> Option<(f64, f64)> {
    let place = |ranking: &[T], item: &T| ranking.iter().position(|other| other == item);
    let clicked: Vec<&T> = shown.iter().filter(|(_, clicked)| *clicked).map(|(item, _)| item).collect();
    let Some(lowest) = clicked.last() else { return Some((0.0, 0.0)) };
    let k = [place(a, lowest), place(b, lowest)].into_iter().flatten().min()?;
    if clicked.iter().any(|item| place(a, item).is_none() && place(b, item).is_none()) {
        return None;
    }
    let within = |ranking: &[T]| clicked.iter().filter(|item| place(ranking, item).is_some_and(|at| at <= k)).count();
    Some((within(a) as f64, within(b) as f64))
}

/// How fast the probability of an item falls with its rank: 1/rank³.
const DECAY: f64 = 3.0;

/// The probability that a ranking gives to each of its items among those not taken: ∝ 1/rank³, and 0 for taken ones.
fn chances<T: Eq + Hash>(ranking: &[T], taken: &HashSet<&T>) -> Vec<f64> {
    let weight = |(at, item): (usize, &T)| if taken.contains(item) { 0.0 } else { (at as f64 + 1.0).powf(-DECAY) };
    let weights: Vec<f64> = ranking.iter().enumerate().map(weight).collect();
    let total: f64 = weights.iter().sum();
    if total > 0.0 { weights.iter().map(|w| w / total).collect() } else { weights }
}

/// Interleaves two rankings at random, at most `length` items: each place goes to either ranker by lot, which draws an item
/// that is not in yet with probability ∝ 1/rank³. `random` gives numbers from [0, 1). Any order can come out, so that clicks
/// tell of more than the first places. Ends when a ranking has nothing left. O(length · items). Hofmann, Whiteson & de Rijke
/// 2011.
///
/// # Examples
/// ```
/// // A lot of 0 takes the first ranker, and its first item that is not in yet.
/// let list = assay_stats::quasi::probabilistic(&["a", "b"], &["b", "a"], 2, || 0.0);
/// assert_eq!(list, ["a", "b"]);
/// ```
pub fn probabilistic<T: Clone + Eq + Hash>(a: &[T], b: &[T], length: usize, mut random: impl FnMut() -> f64) -> Vec<T> {
    let mut taken = HashSet::new();
    let mut list = Vec::new();
    while list.len() < length {
        let (in_a, in_b) = (chances(a, &taken), chances(b, &taken));
        if in_a.iter().all(|p| *p == 0.0) || in_b.iter().all(|p| *p == 0.0) {
            break;
        }
        let (ranking, chances) = if random() < 0.5 { (a, in_a) } else { (b, in_b) };
        let mut left = random();
        let at = chances.iter().position(|p| {
            left -= p;
            left < 0.0 && *p > 0.0
        });
        // Rounding can leave a rest after the last item.
        let Some(at) = at.or_else(|| chances.iter().rposition(|p| *p > 0.0)) else { break };
        taken.insert(&ranking[at]);
        list.push(ranking[at].clone());
    }
    list
}

/// Clicks on a probabilistic list, shared by how likely each ranker is to have put the item there: P_A/(P_A + P_B) of a click
/// is A's. That is the expected credit over all assignments that could have made the list; random clicks prefer neither
/// ranking. `None` for an item that neither ranking holds. O(shown · items). Hofmann, Whiteson & de Rijke 2011.
///
/// # Examples
/// ```
/// use assay_stats::quasi::probabilistic_credit;
/// let (a, b) = (["x", "y"], ["y", "x"]);
/// // First in a: 1 against 1/8.
/// let (of_a, of_b) = probabilistic_credit(&a, &b, &[("x", true), ("y", false)]).unwrap();
/// assert!((of_a - 8.0 / 9.0).abs() < 1e-12 && (of_a + of_b - 1.0).abs() < 1e-12);
/// ```
pub fn probabilistic_credit<T: Eq + Hash>(a: &[T], b: &[T], shown: &[(T, bool)]) -> Option<(f64, f64)> {
    let mut taken = HashSet::new();
    let (mut of_a, mut of_b) = (0.0, 0.0);
    for (item, clicked) in shown {
        let chance = |ranking: &[T]| {
            ranking.iter().position(|other| other == item).map_or(0.0, |at| chances(ranking, &taken)[at])
        };
        let (p_a, p_b) = (chance(a), chance(b));
        if p_a + p_b <= 0.0 {
            return None;
        }
        if *clicked {
            of_a += p_a / (p_a + p_b);
            of_b += p_b / (p_a + p_b);
        }
        taken.insert(item);
    }
    Some((of_a, of_b))
}

/// Credit that the two rankers got for one interleaved list, such as clicks on their picks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impression {
    /// Of ranker A.
    pub a: f64,
    /// Of ranker B.
    pub b: f64,
    /// Impressions of one cluster, such as a user, are not independent; without one an impression stands alone.
    pub cluster: Option<u32>,
}

/// Which ranker is preferred.
#[derive(Clone, Debug, PartialEq)]
pub struct Interleaving {
    /// Impressions with more credit for A.
    pub wins_a: u64,
    /// Impressions with more credit for B.
    pub wins_b: u64,
    /// Impressions with equal credit, such as none.
    pub ties: u64,
    /// Δ_AB = (wins of A + ½ ties)/impressions − ½, with its CR2 interval: above 0 when A is preferred.
    pub preference: Estimate,
    /// Exact two-sided sign test of wins against wins; `None` when impressions are clustered, as it takes them for
    /// independent.
    pub p: Option<f64>,
}

/// Analyses interleaved lists. O(impressions). Chapelle et al. 2012.
///
/// # Errors
/// Credit that is not finite, a confidence outside of 0 to 1.
///
/// # Examples
/// ```
/// use assay_stats::quasi::{Impression, interleaving};
/// let click = |a, b| Impression { a, b, cluster: None };
/// let mut impressions = vec![click(1.0, 0.0); 8];
/// impressions.extend([click(0.0, 1.0), click(0.0, 0.0)]);
/// let found = interleaving(&impressions, 0.95).unwrap();
/// assert_eq!((found.wins_a, found.wins_b, found.ties), (8, 1, 1));
/// assert!((found.preference.value.unwrap() - 0.35).abs() < 1e-12 && found.p.unwrap() < 0.05);
/// ```
pub fn interleaving(impressions: &[Impression], confidence: f64) -> Result<Interleaving, Invalid> {
    if !impressions.iter().all(|impression| impression.a.is_finite() && impression.b.is_finite()) {
        return Err(Invalid("credit must be finite"));
    }
    if !is_level(confidence) {
        return Err(Invalid("the confidence must be between 0 and 1"));
    }
    let count = |won: fn(&Impression) -> bool| impressions.iter().filter(|i| won(i)).count() as u64;
    let (wins_a, wins_b) = (count(|i| i.a > i.b), count(|i| i.b > i.a));
    let score = |i: &Impression| {
        if i.a > i.b {
            0.5
        } else if i.b > i.a {
            -0.5
        } else {
            0.0
        }
    };
    let items: Vec<Item> =
        impressions.iter().map(|i| Item { value: score(i), repeats: 1, cluster: i.cluster, weight: 1.0 }).collect();
    Ok(Interleaving {
        wins_a,
        wins_b,
        ties: impressions.len() as u64 - wins_a - wins_b,
        preference: level(&items, Kind::Bounded { lo: -0.5, hi: 0.5 }, confidence),
        p: items.iter().all(|item| item.cluster.is_none()).then(|| mcnemar_exact(wins_a, wins_b)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// The mean advantage of A over lists of rankings that random clicks fall on alike.
    fn advantage(list: &mut dyn FnMut(&mut ChaCha8Rng) -> (f64, f64)) -> f64 {
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let sign = |(a, b): (f64, f64)| f64::from(u8::from(a > b)) - f64::from(u8::from(b > a));
        (0..40_000).map(|_| sign(list(&mut random))).sum::<f64>() / 40_000.0
    }

    #[test]
    fn random_clicks_prefer_a_ranking_in_balanced_lists_only() {
        // Chapelle et al. 2012: b is a with its first item moved to the end.
        let (a, b) = (["x", "y", "z", "w"], ["y", "z", "w", "x"]);
        let one_click = |list: Vec<&'static str>, random: &mut ChaCha8Rng| {
            let at = random.random_range(0..list.len());
            list.into_iter().enumerate().map(|(i, item)| (item, i == at)).collect::<Vec<_>>()
        };
        let by_turns = advantage(&mut |random| {
            let shown = one_click(balanced(&a, &b, 4, random.random()), random);
            balanced_credit(&a, &b, &shown).unwrap()
        });
        assert!(by_turns < -0.2, "{by_turns}");
        // Expected credit, not its sign, is what is unbiased.
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let total: f64 = (0..40_000)
            .map(|_| {
                let list = probabilistic(&a, &b, 4, || random.random());
                let shown = one_click(list, &mut random);
                let (of_a, of_b) = probabilistic_credit(&a, &b, &shown).unwrap();
                of_a - of_b
            })
            .sum();
        assert!((total / 40_000.0).abs() < 0.015, "{total}");
    }

    #[test]
    fn equal_rankings_share_clicks_and_strangers_are_refused() {
        let a = ["x", "y", "z"];
        assert_eq!(balanced(&a, &a, 9, false), a);
        let shown = [("x", true), ("y", false), ("z", true)];
        assert_eq!(balanced_credit(&a, &a, &shown), Some((2.0, 2.0)));
        let (of_a, of_b) = probabilistic_credit(&a, &a, &shown).unwrap();
        assert!((of_a - 1.0).abs() < 1e-12 && (of_b - 1.0).abs() < 1e-12);
        assert_eq!(balanced_credit(&a, &a, &[("x", false)]), Some((0.0, 0.0)));
        assert_eq!(balanced_credit(&a, &a, &[("stranger", true)]), None);
        assert_eq!(probabilistic_credit(&a, &a, &[("stranger", false)]), None);
    }
    use crate::online::{Arm, effect};
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * (1.0 + a.abs())
    }

    fn panel(rows: &[(bool, f64, f64)]) -> Vec<Observation> {
        let of = |(unit, (treated, before, after)): (usize, &(bool, f64, f64))| {
            [(false, *before), (true, *after)].map(|(post, outcome)| Observation {
                unit: unit as u32,
                treated: *treated,
                post,
                outcome,
            })
        };
        rows.iter().enumerate().flat_map(of).collect()
    }

    #[test]
    fn diff_in_diff_refuses_what_it_cannot_identify() {
        let good = panel(&[(true, 1.0, 2.0), (true, 2.0, 5.0), (false, 1.0, 1.5), (false, 0.0, 1.0)]);
        let got = diff_in_diff(&good, 0.95).unwrap();
        assert!(close(got.effect.value, 2.0 - 0.75) && got.units == [2, 2]);
        assert!(diff_in_diff(&[], 0.95).is_err());
        assert!(diff_in_diff(&good[2..], 0.95).is_err());
        let mut both = good.clone();
        both[0].treated = false;
        assert_eq!(diff_in_diff(&both, 0.95), Err(Invalid("a unit is in both groups")));
        let mut broken = good.clone();
        broken[0].outcome = f64::NAN;
        assert_eq!(diff_in_diff(&broken, 0.95), Err(Invalid("outcomes must be finite")));
        let constant: Vec<_> = good.iter().map(|row| Observation { outcome: 0.1, ..*row }).collect();
        assert!(diff_in_diff(&constant, 0.95).is_err());
    }

    #[test]
    fn weighting_checks_its_input() {
        let row = |treated, propensity| Assigned { treated, outcome: 1.0, propensity, cluster: None };
        let good = [row(true, 0.5), row(false, 0.5), row(true, 0.05), row(false, 0.5)];
        assert_eq!(ipw(&good, 0.1, 0.95).unwrap().overlap.trimmed, 1);
        assert!(ipw(&good, 0.5, 0.95).is_err());
        assert!(ipw(&good[2..], 0.1, 0.95).is_err());
        assert!(ipw(&[], 0.0, 0.95).is_err());
        for bad in [0.0, 1.0, f64::NAN, 1e-320] {
            assert!(ipw(&[row(true, bad), row(false, 0.5)], 0.0, 0.95).is_err());
        }
        assert!(aipw(&good, &[(0.0, 1.0)], 0.1, 0.95).is_err());
        assert!(aipw(&good, &[(0.0, f64::NAN); 4], 0.1, 0.95).is_err());
        let logged = |propensity, target| Logged { reward: 1.0, propensity, target, cluster: None };
        assert!(off_policy(&[], None, 0.95).is_err());
        for (propensity, target) in [(0.0, 0.5), (1.1, 0.5), (0.5, -0.1), (0.5, f64::NAN)] {
            assert!(off_policy(&[logged(propensity, target)], None, 0.95).is_err());
        }
        assert!(off_policy(&[logged(0.5, 0.5)], Some(&[]), 0.95).is_err());
        assert_eq!(off_policy(&[logged(0.5, 0.0), logged(0.5, 0.0)], None, 0.95).unwrap().snips, None);
    }

    #[test]
    fn team_draft_follows_its_coins() {
        let (a, b) = (["a", "b", "c", "d", "g", "h"], ["b", "e", "a", "f", "g", "h"]);
        let drafted = |coins: [bool; 3]| -> String {
            let mut coins = coins.into_iter();
            let picks = team_draft(&a, &b, 6, || coins.next().unwrap());
            picks.iter().map(|(item, team)| format!("{item}{team:?}")).collect::<Vec<_>>().join(" ")
        };
        // By hand, from the rule of Radlinski, Kurup & Joachims 2008.
        assert_eq!(drafted([true, true, true]), "aA bB cA eB dA fB");
        assert_eq!(drafted([false, true, true]), "bB aA cA eB dA fB");
        assert_eq!(drafted([true, false, false]), "aA bB eB cA fB dA");
        assert_eq!(team_draft::<u8>(&[], &[1], 5, || true), []);
    }

    #[test]
    fn random_clicks_prefer_no_ranker() {
        use rand::{RngExt, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(12);
        let impressions: Vec<Impression> = (0..4_000)
            .map(|_| {
                let mut flip = || random.random_range(0..2) == 0;
                let picks = team_draft(&[1, 2, 3, 4, 5], &[4, 2, 6, 7, 1], 4, &mut flip);
                let mut impression = Impression { a: 0.0, b: 0.0, cluster: None };
                for (_, team) in picks {
                    let click = f64::from(u8::from(flip()));
                    if team == Team::A { impression.a += click } else { impression.b += click }
                }
                impression
            })
            .collect();
        let got = interleaving(&impressions, 0.999).unwrap();
        let interval = got.preference.interval.unwrap();
        assert!(interval.lower < 0.0 && interval.upper > 0.0 && got.p.unwrap() > 0.001, "{got:?}");
        assert_eq!(got.wins_a + got.wins_b + got.ties, 4_000);
    }

    #[test]
    fn ties_alone_are_even_with_an_interval_that_knows_how_few() {
        let tie = Impression { a: 1.0, b: 1.0, cluster: None };
        let got = interleaving(&[tie; 10], 0.95).unwrap();
        assert_eq!((got.preference.value, got.p), (Some(0.0), Some(1.0)));
        assert!(got.preference.interval.unwrap().upper > 0.2);
        assert_eq!(interleaving(&[], 0.95).unwrap().preference.value, None);
        assert!(interleaving(&[Impression { a: f64::NAN, ..tie }], 0.95).is_err());
        assert_eq!(interleaving(&[Impression { cluster: Some(1), ..tie }], 0.95).unwrap().p, None);
    }

    proptest! {
        #[test]
        fn a_balanced_panel_is_welch_on_the_changes(rows in prop::collection::vec((any::<bool>(), -5.0..5.0f64, -5.0..5.0f64), 6..40)) {
            let changes = |side: bool| -> Vec<f64> { rows.iter().filter(|row| row.0 == side).map(|row| row.2 - row.1).collect() };
            let (Some(t), Some(c)) = (Arm::mean(&changes(true)), Arm::mean(&changes(false))) else { return Ok(()) };
            let want = effect(t, c, 0.95).unwrap();
            let got = diff_in_diff(&panel(&rows), 0.95).unwrap().effect;
            prop_assert!(close(got.value, want.value) && close(got.se, want.se));
            // Bell and McCaffrey's for Welch: with equal variances in mind.
            let (a, b) = (t.n as f64, c.n as f64);
            let df = (1.0 / a + 1.0 / b).powi(2) / (1.0 / (a * a * (a - 1.0)) + 1.0 / (b * b * (b - 1.0)));
            prop_assert!(close(got.df, df), "{} {df}", got.df);
        }

        #[test]
        fn a_constant_propensity_is_a_difference_of_means(rows in prop::collection::vec((any::<bool>(), -5.0..5.0f64), 6..40), e in 0.1..0.9f64) {
            let side = |side: bool| -> Vec<f64> { rows.iter().filter(|row| row.0 == side).map(|row| row.1).collect() };
            let (Some(t), Some(c)) = (Arm::mean(&side(true)), Arm::mean(&side(false))) else { return Ok(()) };
            let cases: Vec<_> = rows.iter().map(|(treated, outcome)| Assigned { treated: *treated, outcome: *outcome, propensity: e, cluster: None }).collect();
            let got = ipw(&cases, 0.0, 0.95).unwrap();
            prop_assert!(close(got.treatment, t.value) && close(got.control, c.value));
            prop_assert!(close(got.effect.value.unwrap(), t.value - c.value));
            prop_assert!(close(got.overlap.effective[0], t.n as f64) && close(got.overlap.effective[1], c.n as f64));
            // Predictions that are right leave nothing to weight.
            let right: Vec<_> = rows.iter().map(|(treated, y)| if *treated { (y - 1.0, *y) } else { (*y, y + 1.0) }).collect();
            prop_assert!(close(aipw(&cases, &right, 0.0, 0.95).unwrap().effect.value.unwrap(), 1.0));
        }

        #[test]
        fn the_logging_policy_itself_had_the_mean_reward(rewards in prop::collection::vec((0.0..3.0f64, 0.01..1.0f64), 2..40), shift in -3.0..3.0f64) {
            let own: Vec<_> = rewards.iter().map(|(reward, p)| Logged { reward: *reward, propensity: *p, target: *p, cluster: None }).collect();
            let mean = rewards.iter().map(|row| row.0).sum::<f64>() / rewards.len() as f64;
            let got = off_policy(&own, Some(&vec![(0.7, 0.7); own.len()]), 0.95).unwrap();
            for estimate in [&got.ips, got.snips.as_ref().unwrap(), got.doubly_robust.as_ref().unwrap()] {
                prop_assert!(close(estimate.value.unwrap(), mean));
            }
            prop_assert!(close(got.effective, own.len() as f64) && close(got.mean_weight, 1.0));
            // SNIPS moves with the rewards, whatever the weights.
            let other = |shift: f64| -> f64 {
                let rows: Vec<_> = own.iter().map(|row| Logged { reward: row.reward + shift, target: 0.3, ..*row }).collect();
                off_policy(&rows, None, 0.95).unwrap().snips.unwrap().value.unwrap()
            };
            prop_assert!(close(other(0.0) + shift, other(shift)));
        }

        #[test]
        fn a_draft_has_no_item_twice_and_even_teams(
            a in prop::collection::vec(0u8..20, 0..15), b in prop::collection::vec(0u8..20, 0..15), length in 0usize..12, coins in any::<u32>(),
        ) {
            let mut at = 0u32;
            let picks = team_draft(&a, &b, length, || { at += 1; coins >> (at % 32) & 1 == 1 });
            let items: HashSet<_> = picks.iter().map(|pick| pick.0).collect();
            prop_assert!(items.len() == picks.len() && picks.len() <= length);
            let of_a = picks.iter().filter(|pick| pick.1 == Team::A).count();
            prop_assert!(of_a.abs_diff(picks.len() - of_a) <= 1);
        }
    }
}
