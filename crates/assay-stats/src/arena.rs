//! Ranking by pairs: Bradley–Terry, Davidson's and Rao and Kupper's models of ties, with sandwich intervals.

use std::collections::{BTreeMap, HashMap};

use crate::estimate::{Interval, is_level};
use crate::linear::Matrix;
use crate::proportion::critical;

/// One comparison of two players (models, prompts).
#[derive(Clone, Debug, PartialEq)]
pub struct Battle {
    /// The first player, from 0.
    pub a: usize,
    /// The second player.
    pub b: usize,
    /// 1 when the first won, 0 when the second did, ½ for a tie.
    pub outcome: f64,
    /// How often it counts, above 0.
    pub weight: f64,
    /// Battles of one cluster, such as a prompt, are not independent; without one a battle stands alone.
    pub cluster: Option<u32>,
    /// Differences first − second of covariates to be held equal, such as length: the same number for every battle.
    pub style: Vec<f64>,
}

impl Battle {
    /// A battle of weight 1 that stands alone.
    ///
    /// # Examples
    /// ```
    /// let battle = assay_stats::arena::Battle::new(0, 1, 0.5);
    /// assert!(battle.weight == 1.0 && battle.cluster.is_none());
    /// ```
    pub fn new(a: usize, b: usize, outcome: f64) -> Self {
        Self { a, b, outcome, weight: 1.0, cluster: None, style: Vec::new() }
    }
}

/// What a tie is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// Half a win for either side. Bradley & Terry 1952.
    Half,
    /// An outcome of its own: P(tie) ∝ ν√(π_a π_b). Davidson 1970.
    Davidson,
    /// An outcome of its own: P(a beats b) = π_a/(π_a + θ π_b). Rao & Kupper 1967.
    RaoKupper,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Log strengths that sum to zero.
    pub strengths: Vec<f64>,
    /// Sandwich standard errors of the log strengths, by cluster.
    pub se: Vec<f64>,
    /// ν or θ of the model of ties.
    pub tie: Option<f64>,
    /// Coefficients of the style covariates: how much a unit more moves the log odds.
    pub style: Vec<f64>,
    /// Log likelihood.
    pub log_likelihood: f64,
    /// True when someone never lost or never won against the others, so that a small ridge keeps strengths finite.
    pub separated: bool,
    covariance: Matrix,
}

/// Why there is no ranking.
#[derive(Clone, Debug, PartialEq)]
pub enum NoRanking {
    /// There is no battle.
    NoData,
    /// A battle's player, outcome, weight or style is not allowed; its position.
    Invalid(usize),
    /// These groups of players never met: each can be ranked by itself.
    Disconnected(Vec<Vec<usize>>),
    /// There are more than 20,000 players, or far more than battles could connect.
    Players(usize),
    /// The fit did not settle, as when a style decides every battle.
    NotConverged,
}

/// The ridge of separated data.
const RIDGE: f64 = 1e-4;

/// Fits by maximum likelihood (Fisher scoring with step halving). Style covariates need [`Ties::Half`]. O(battles) to pool
/// those of the same two players and outcome, then O(pairs that met + players³) for each of about ten steps; with styles
/// O(battles + players³).
///
/// # Errors
/// [`NoRanking`].
///
/// # Examples
/// ```
/// use assay_stats::arena::{Battle, Ties, rank};
///
/// // Two players, three wins to one: log odds ln 3.
/// let battles = [1.0, 1.0, 1.0, 0.0].map(|outcome| Battle::new(0, 1, outcome));
/// let ranking = rank(2, &battles, Ties::Half).unwrap();
/// assert!((ranking.win_rate(0, 1).unwrap() - 0.75).abs() < 1e-9);
/// ```
pub fn rank(players: usize, battles: &[Battle], ties: Ties) -> Result<Ranking, NoRanking> {
    let styles = battles.first().ok_or(NoRanking::NoData)?.style.len();
    let valid = |battle: &Battle| {
        battle.a < players
            && battle.b < players
            && battle.a != battle.b
            && (battle.outcome == 0.0 || battle.outcome == 1.0 || battle.outcome == 0.5)
            && battle.weight > 0.0
            && battle.weight.is_finite()
            && battle.style.len() == styles
            && (styles == 0 || ties == Ties::Half)
            && battle.style.iter().all(|x| x.is_finite())
    };
    if players > (2 * battles.len()).clamp(1_000, 20_000) {
        return Err(NoRanking::Players(players));
    }
    if let Some(at) = battles.iter().position(|battle| !valid(battle)) {
        return Err(NoRanking::Invalid(at));
    }
    let (pooled, places) = pool(battles, styles);
    let groups = components(players, &pooled, false);
    if groups.len() > 1 {
        return Err(NoRanking::Disconnected(groups));
    }
    let separated = components(players, &pooled, true).len() > 1;
    let extra = usize::from(ties != Ties::Half) + styles;
    let mut model = Model { players, battles: &pooled, ties, separated, parameters: vec![0.0; players + extra] };
    if ties == Ties::RaoKupper {
        model.parameters[players] = 0.5;
    }
    let mut likelihood = model.likelihood(&model.parameters);
    for _ in 0..100 {
        let (gradient, information) = model.slope();
        let Some(factor) = information.cholesky() else { return Err(NoRanking::NotConverged) };
        let step = factor.solve(&gradient);
        let mut scale = 1.0;
        loop {
            let next: Vec<f64> = model.parameters.iter().zip(&step).map(|(p, s)| p + scale * s).collect();
            let reached = model.likelihood(&next);
            if reached >= likelihood - 1e-12 * likelihood.abs() {
                (model.parameters, likelihood) = (next, reached);
                break;
            }
            scale *= 0.5;
            if scale < 1e-10 {
                break;
            }
        }
        if step.iter().map(|s| s.abs()).fold(0.0, f64::max) < 1e-11 || scale < 1e-10 {
            return Ok(model.finish(&factor.inverse(), battles, &places));
        }
    }
    Err(NoRanking::NotConverged)
}

/// Battles of the same two players with the same outcome as one of their total weight, the player of the smaller number
/// first, and where each battle went: what is fitted depends on how often two met, not on the number of battles. With
/// styles no two battles are alike.
fn pool(battles: &[Battle], styles: usize) -> (Vec<Battle>, Vec<usize>) {
    if styles > 0 {
        return (battles.to_vec(), (0..battles.len()).collect());
    }
    let mut known: HashMap<(usize, usize, u8), usize> = HashMap::new();
    let mut pooled: Vec<Battle> = Vec::new();
    let place = |battle: &Battle| {
        let turned = battle.b < battle.a;
        let (a, b) = if turned { (battle.b, battle.a) } else { (battle.a, battle.b) };
        let outcome = if turned { 1.0 - battle.outcome } else { battle.outcome };
        // Outcomes are 0, ½ and 1.
        let at = *known.entry((a, b, (2.0 * outcome) as u8)).or_insert(pooled.len());
        match pooled.get_mut(at) {
            Some(one) => one.weight += battle.weight,
            None => pooled.push(Battle { weight: battle.weight, ..Battle::new(a, b, outcome) }),
        }
        at
    };
    let places = battles.iter().map(place).collect();
    (pooled, places)
}

struct Model<'a> {
    players: usize,
    /// The pooled battles.
    battles: &'a [Battle],
    ties: Ties,
    separated: bool,
    /// Log strengths, the logarithm of ν or θ, style coefficients.
    parameters: Vec<f64>,
}

/// One outcome's probability and the gradient of its logarithm.
type Outcome = (f64, Vec<(usize, f64)>);

fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

impl Model<'_> {
    /// The outcomes of a battle: first wins, second wins and, in a model of ties, tie.
    fn outcomes(&self, battle: &Battle, parameters: &[f64]) -> Vec<Outcome> {
        let (a, b, t) = (battle.a, battle.b, self.players);
        let gap = parameters[a] - parameters[b];
        match self.ties {
            Ties::Half => {
                let style: f64 = battle.style.iter().zip(&parameters[t..]).map(|(x, c)| x * c).sum();
                let p = sigmoid(gap + style);
                let gradient = |scale: f64| {
                    let mut entries = vec![(a, scale), (b, -scale)];
                    entries.extend(battle.style.iter().enumerate().map(|(k, x)| (t + k, scale * x)));
                    entries
                };
                vec![(p, gradient(1.0 - p)), (1.0 - p, gradient(-p))]
            }
            Ties::Davidson => {
                let weights = [0.5 * gap, -0.5 * gap, parameters[t]].map(f64::exp);
                let total: f64 = weights.iter().sum();
                let [first, second, tie] = weights.map(|w| w / total);
                let lead = 0.5 * (first - second);
                [(first, 0.5 - lead, -tie), (second, -0.5 - lead, -tie), (tie, -lead, 1.0 - tie)]
                    .map(|(p, along, log_nu)| (p, vec![(a, along), (b, -along), (t, log_nu)]))
                    .to_vec()
            }
            Ties::RaoKupper => {
                let eta = parameters[t];
                let (first, second) = (sigmoid(gap - eta), sigmoid(-gap - eta));
                let tie = (1.0 - first - second).max(1e-300);
                let (df, ds) = (first * (1.0 - first), second * (1.0 - second));
                vec![
                    (first, vec![(a, 1.0 - first), (b, first - 1.0), (t, first - 1.0)]),
                    (second, vec![(a, second - 1.0), (b, 1.0 - second), (t, second - 1.0)]),
                    (tie, vec![(a, (ds - df) / tie), (b, (df - ds) / tie), (t, (df + ds) / tie)]),
                ]
            }
        }
    }

    /// How much of a battle each outcome was.
    fn shares(&self, battle: &Battle) -> [f64; 3] {
        match (self.ties, battle.outcome) {
            (Ties::Half, outcome) => [outcome, 1.0 - outcome, 0.0],
            (_, 0.5) => [0.0, 0.0, 1.0],
            (_, outcome) => [outcome, 1.0 - outcome, 0.0],
        }
    }

    fn likelihood(&self, parameters: &[f64]) -> f64 {
        if self.ties == Ties::RaoKupper && parameters[self.players] <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let of = |battle: &Battle| -> f64 {
            let outcomes = self.outcomes(battle, parameters);
            let logs = outcomes.iter().zip(self.shares(battle)).filter(|(_, share)| *share > 0.0);
            battle.weight * logs.map(|((p, _), share)| share * p.max(1e-300).ln()).sum::<f64>()
        };
        let ridge: f64 = parameters[..self.players].iter().map(|s| s * s).sum();
        self.battles.iter().map(of).sum::<f64>() - self.penalty() * 0.5 * ridge
    }

    fn penalty(&self) -> f64 {
        if self.separated { RIDGE } else { 0.0 }
    }

    fn score(&self, battle: &Battle) -> Vec<(usize, f64)> {
        // The gradients of all outcomes name the same parameters in the same order.
        let outcomes = self.outcomes(battle, &self.parameters);
        let mut total: Vec<(usize, f64)> = outcomes[0].1.iter().map(|(at, _)| (*at, 0.0)).collect();
        for ((_, gradient), share) in outcomes.iter().zip(self.shares(battle)) {
            for ((_, sum), (_, value)) in total.iter_mut().zip(gradient) {
                *sum += share * battle.weight * value;
            }
        }
        total
    }

    /// The gradient and the expected information, with the sum of strengths held at zero.
    fn slope(&self) -> (Vec<f64>, Matrix) {
        let n = self.parameters.len();
        let (mut gradient, mut information) = (vec![0.0; n], Matrix::zeros(n));
        for battle in self.battles {
            for (at, value) in self.score(battle) {
                gradient[at] += value;
            }
            for (p, entries) in self.outcomes(battle, &self.parameters) {
                information.add_outer(&entries, battle.weight * p);
            }
        }
        for (i, strength) in self.parameters[..self.players].iter().enumerate() {
            gradient[i] -= self.penalty() * strength;
            information.add(i, i, self.penalty());
            for j in 0..self.players {
                // Only the differences of strengths are known; this fixes their sum without moving them.
                information.add(i, j, 1.0 / self.players as f64);
            }
        }
        (gradient, information)
    }

    /// H⁻¹ M H⁻¹ with M the sum over clusters of the outer products of their scores.
    /// `places` says where each of `battles` is among the pooled ones.
    fn finish(self, inverse: &Matrix, battles: &[Battle], places: &[usize]) -> Ranking {
        let n = self.parameters.len();
        // The score of a battle of weight 1, for each pooled one.
        let unit = |battle: &Battle| -> Vec<(usize, f64)> {
            self.score(battle).into_iter().map(|(at, value)| (at, value / battle.weight)).collect()
        };
        let units: Vec<Vec<(usize, f64)>> = self.battles.iter().map(unit).collect();
        let mut squares = vec![0.0; units.len()];
        let mut clusters: BTreeMap<u32, BTreeMap<usize, f64>> = BTreeMap::new();
        let mut meat = Matrix::zeros(n);
        for (battle, place) in battles.iter().zip(places) {
            match battle.cluster {
                None => squares[*place] += battle.weight * battle.weight,
                Some(cluster) => {
                    let sum = clusters.entry(cluster).or_default();
                    units[*place].iter().for_each(|(at, value)| *sum.entry(*at).or_default() += battle.weight * value);
                }
            }
        }
        units.iter().zip(squares).filter(|(_, square)| *square > 0.0).for_each(|(unit, square)| {
            meat.add_outer(unit, square);
        });
        for score in clusters.into_values() {
            meat.add_outer(&score.into_iter().collect::<Vec<_>>(), 1.0);
        }
        let covariance = inverse.times(&meat).times(inverse);
        let mean = self.parameters[..self.players].iter().sum::<f64>() / self.players as f64;
        let extra = &self.parameters[self.players..];
        Ranking {
            strengths: self.parameters[..self.players].iter().map(|s| s - mean).collect(),
            se: (0..self.players).map(|i| covariance.at(i, i).max(0.0).sqrt()).collect(),
            tie: (self.ties != Ties::Half).then(|| extra[0].exp()),
            style: if self.ties == Ties::Half { extra.to_vec() } else { Vec::new() },
            log_likelihood: self.likelihood(&self.parameters),
            separated: self.separated,
            covariance,
        }
    }
}

/// Groups of players linked by battles or, with `both_ways`, by wins in both directions. Each win or tie leads from the
/// one to the other.
fn components(players: usize, battles: &[Battle], both_ways: bool) -> Vec<Vec<usize>> {
    let (mut forward, mut backward) = (vec![Vec::new(); players], vec![Vec::new(); players]);
    for battle in battles {
        for (from, to, won) in [(battle.a, battle.b, battle.outcome > 0.0), (battle.b, battle.a, battle.outcome < 1.0)]
        {
            if won || !both_ways {
                forward[from].push(to);
                backward[to].push(from);
            }
        }
    }
    let reach = |start: usize, edges: &[Vec<usize>]| {
        let mut seen = vec![false; players];
        let mut open = vec![start];
        while let Some(player) = open.pop() {
            if !std::mem::replace(&mut seen[player], true) {
                open.extend(&edges[player]);
            }
        }
        seen
    };
    let mut groups = Vec::new();
    let mut placed = vec![false; players];
    for start in 0..players {
        if !placed[start] {
            let (there, back) = (reach(start, &forward), reach(start, &backward));
            let group: Vec<usize> = (0..players).filter(|p| there[*p] && back[*p]).collect();
            group.iter().for_each(|p| placed[*p] = true);
            groups.push(group);
        }
    }
    groups
}

impl Ranking {
    /// Normal intervals of the log strengths, each by itself. `None` for a confidence outside of 0 to 1.
    ///
    /// # Examples
    /// ```
    /// # use assay_stats::arena::{Battle, Ties, rank};
    /// let battles = [1.0, 1.0, 1.0, 0.0].map(|outcome| Battle::new(0, 1, outcome));
    /// let ranking = rank(2, &battles, Ties::Half).unwrap();
    /// let intervals = ranking.intervals(0.95).unwrap();
    /// assert!((intervals[0].upper + intervals[1].lower).abs() < 1e-9);
    /// ```
    pub fn intervals(&self, confidence: f64) -> Option<Vec<Interval>> {
        let z = critical(confidence);
        let of = |(s, se): (&f64, &f64)| Interval { lower: s - z * se, upper: s + z * se };
        is_level(confidence).then(|| self.strengths.iter().zip(&self.se).map(of).collect())
    }

    /// Elo points: 1000 + 400/ln 10 · log strength. Elo 1978.
    ///
    /// # Examples
    /// ```
    /// // Ten to one on.
    /// assert!((assay_stats::arena::Ranking::elo(10f64.ln()) - 1400.0).abs() < 1e-9);
    /// ```
    pub fn elo(strength: f64) -> f64 {
        1000.0 + 400.0 / std::f64::consts::LN_10 * strength
    }

    /// The chance that the first beats the second, ties shared. `None` for a player that is none.
    ///
    /// # Examples
    /// ```
    /// # use assay_stats::arena::{Battle, Ties, rank};
    /// let ranking = rank(2, &[1.0, 1.0, 1.0, 0.0].map(|won| Battle::new(0, 1, won)), Ties::Half).unwrap();
    /// assert!((ranking.win_rate(1, 0).unwrap() - 0.25).abs() < 1e-9 && ranking.win_rate(0, 2).is_none());
    /// ```
    pub fn win_rate(&self, a: usize, b: usize) -> Option<f64> {
        Some(sigmoid(self.strengths.get(a)? - self.strengths.get(b)?))
    }

    /// For each player the best and the worst rank, from 1, that hold together with the stated confidence: a player is
    /// below another when the interval of their difference says so, with Bonferroni's correction over all pairs. `None`
    /// for a confidence outside of 0 to 1. O(players²). Mohamad, Goeman & van Zwet 2019.
    ///
    /// # Examples
    /// ```
    /// # use assay_stats::arena::{Battle, Ties, rank};
    /// let battles: Vec<Battle> = (0..60).map(|i| Battle::new(0, 1, f64::from(i % 6 > 0))).collect();
    /// assert_eq!(rank(2, &battles, Ties::Half).unwrap().ranks(0.95).unwrap(), [(1, 1), (2, 2)]);
    /// assert_eq!(rank(2, &battles[..7], Ties::Half).unwrap().ranks(0.99).unwrap(), [(1, 2), (1, 2)]);
    /// ```
    pub fn ranks(&self, confidence: f64) -> Option<Vec<(usize, usize)>> {
        if !is_level(confidence) {
            return None;
        }
        let n = self.strengths.len();
        let pairs = (n * (n - 1) / 2).max(1) as f64;
        let z = critical(1.0 - (1.0 - confidence) / pairs);
        let c = &self.covariance;
        let above = |i: usize, j: usize| {
            let se = (c.at(i, i) + c.at(j, j) - 2.0 * c.at(i, j)).max(0.0).sqrt();
            self.strengths[i] - self.strengths[j] > z * se
        };
        let places = (0..n).map(|i| {
            let better = (0..n).filter(|j| *j != i && above(*j, i)).count();
            let worse = (0..n).filter(|j| *j != i && above(i, *j)).count();
            (1 + better, n - worse)
        });
        Some(places.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden_battles() -> Vec<Battle> {
        let (xs, ys) = ("aaabbcacbcab", "bbccaabbcaca");
        let outcomes = [1.0, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.0];
        let index = |c: char| c as usize - 'a' as usize;
        xs.chars().zip(ys.chars()).zip(outcomes).map(|((x, y), w)| Battle::new(index(x), index(y), w)).collect()
    }

    fn close(got: &[f64], name: &str, tolerance: f64) {
        let want = crate::paired::golden(name);
        for (got, want) in got.iter().zip(&want) {
            assert!((got - want).abs() < tolerance, "{name}: {got} {want}");
        }
    }

    #[test]
    fn the_models_agree_with_the_golden_values() {
        let bt = rank(3, &golden_battles(), Ties::Half).unwrap();
        close(
            &bt.strengths,
            "BT xs=aaabbcacbcab ys=bbccaabbcaca w=1,1,1,1,.5,0,0,1,1,0,.5,0 loglam a,b,c (sum 0)",
            1e-7,
        );
        close(&bt.se, "BT same, sandwich se", 1e-7);
        let davidson = rank(3, &golden_battles(), Ties::Davidson).unwrap();
        let mut got = davidson.strengths.clone();
        got.extend([davidson.tie.unwrap(), davidson.log_likelihood]);
        close(&got, "Davidson same data loglam, nu, loglik", 1e-5);
        let rao = rank(3, &golden_battles(), Ties::RaoKupper).unwrap();
        let mut got = rao.strengths.clone();
        got.extend([rao.tie.unwrap(), rao.log_likelihood]);
        close(&got, "RaoKupper same data loglam, theta, loglik", 1e-5);
    }

    #[test]
    fn swapping_sides_changes_nothing_and_repeats_in_a_cluster_count_once() {
        let battles = golden_battles();
        let swapped: Vec<Battle> =
            battles.iter().map(|b| Battle { a: b.b, b: b.a, outcome: 1.0 - b.outcome, ..b.clone() }).collect();
        let (one, two) = (rank(3, &battles, Ties::Half).unwrap(), rank(3, &swapped, Ties::Half).unwrap());
        for (x, y) in one.strengths.iter().zip(&two.strengths) {
            assert!((x - y).abs() < 1e-10);
        }
        let copies: Vec<Battle> = (0..4u32)
            .flat_map(|_| battles.iter().enumerate())
            .map(|(i, b)| Battle { cluster: Some(i as u32), ..b.clone() })
            .collect();
        let repeated = rank(3, &copies, Ties::Half).unwrap();
        for (x, y) in repeated.se.iter().zip(&one.se) {
            assert!((x - y).abs() < 1e-9, "{x} {y}");
        }
    }

    #[test]
    fn style_takes_the_blame() {
        // The longer answer wins four times of five, whoever wrote it; the first player writes longer ones.
        let battles: Vec<Battle> = (0..400)
            .map(|i| {
                let longer = if i % 4 == 0 { -1.0 } else { 1.0 };
                let wins = if i % 5 == 3 { longer < 0.0 } else { longer > 0.0 };
                Battle { style: vec![longer], ..Battle::new(0, 1, f64::from(u8::from(wins))) }
            })
            .collect();
        let plain: Vec<Battle> = battles.iter().map(|b| Battle { style: Vec::new(), ..b.clone() }).collect();
        let gap = |r: &Ranking| r.strengths[0] - r.strengths[1];
        let (without, with) = (rank(2, &plain, Ties::Half).unwrap(), rank(2, &battles, Ties::Half).unwrap());
        assert!(gap(&without) > 0.6 && gap(&with).abs() < 0.2 && (with.style[0] - 4f64.ln()).abs() < 0.01, "{with:?}");
    }

    #[test]
    fn what_cannot_be_ranked_says_why() {
        assert_eq!(rank(2, &[], Ties::Half), Err(NoRanking::NoData));
        let islands = [Battle::new(0, 1, 1.0), Battle::new(2, 3, 1.0)];
        assert_eq!(rank(4, &islands, Ties::Half), Err(NoRanking::Disconnected(vec![vec![0, 1], vec![2, 3]])));
        assert_eq!(rank(2, &[Battle::new(0, 0, 1.0)], Ties::Half), Err(NoRanking::Invalid(0)));
        let unbeaten = rank(2, &[Battle::new(0, 1, 1.0), Battle::new(0, 1, 1.0)], Ties::Half).unwrap();
        assert!(unbeaten.separated && unbeaten.strengths[0] > 1.0 && unbeaten.strengths[0].is_finite());
        let ranks = rank(3, &golden_battles(), Ties::Half).unwrap().ranks(0.95);
        assert_eq!(ranks.unwrap(), [(1, 3), (1, 3), (1, 3)], "twelve battles tell little");
    }
}
