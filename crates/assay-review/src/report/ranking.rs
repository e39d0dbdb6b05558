//! Targets ranked by the pairs that raters compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use assay_core::Drawn;
use assay_stats::Interval;
use assay_stats::arena::{Battle, NoRanking, Ranking as Fit, Ties, rank};
use serde::{Deserialize, Serialize};

use super::Figure;
use crate::outcome::Snapshot;
use crate::rubric::Criterion;
use crate::words::Rating;

/// The ranking of a `pairwise` criterion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ranking {
    /// Ratings of pairs whose two targets are known.
    pub comparisons: usize,
    /// Cases behind them: comparisons of one case are not independent.
    pub cases: usize,
    /// The targets, the strongest first; empty where there is no ranking.
    pub targets: Vec<Ranked>,
    /// Davidson's ν where there are ties: two targets of equal strength tie with the chance ν / (2 + ν).
    pub tie: Option<f64>,
    /// Somebody won or lost everything against the others: strengths are bounds, not estimates.
    pub separated: bool,
    /// Why there is no ranking.
    pub why_not: Option<String>,
}

/// A target in a ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ranked {
    /// Its name.
    pub target: String,
    /// The best and the worst rank that hold together with the confidence asked for, all pairs of targets at once.
    pub ranks: (usize, usize),
    /// Elo points: 1000 + 400 / ln 10 · log strength; strengths sum to zero. The interval is by clusters of cases.
    pub elo: Figure,
    /// Ratings in which it won.
    pub won: usize,
    /// Ratings that were ties.
    pub tied: usize,
    /// Ratings in which it lost.
    pub lost: usize,
}

/// Strengths by Bradley and Terry's model (Davidson's where there are ties) with sandwich intervals by clusters of cases. Each
/// pair counts once, however many rated it, and by the inverse of its chance where pairs were drawn with unequal chances.
/// `None` where no pair says whose answers it compares.
pub(super) fn ranking(
    snapshot: &Snapshot,
    criterion: &Criterion,
    ratings: &[&Rating],
    confidence: f64,
) -> Option<Ranking> {
    let items: HashMap<&str, &crate::Item> = snapshot.items.iter().map(|item| (item.id.as_str(), item)).collect();
    let known: Vec<(&crate::Item, (&str, &str), f64)> = ratings
        .iter()
        .filter_map(|rating| {
            let item = items.get(rating.item.as_str())?;
            Some((*item, item.targets()?, (criterion.number(&rating.value)? + 1.0) / 2.0))
        })
        .collect();
    if known.is_empty() {
        return None;
    }
    let names: Vec<&str> =
        known.iter().flat_map(|(_, (a, b), _)| [*a, *b]).collect::<BTreeSet<_>>().into_iter().collect();
    let place = |name: &str| names.binary_search(&name).unwrap_or_default();
    let mut raters: BTreeMap<&str, f64> = BTreeMap::new();
    known.iter().for_each(|(item, ..)| *raters.entry(&item.id).or_default() += 1.0);
    let chance = |item: &crate::Item| match snapshot.project.settings.drawn {
        Drawn::Random => item.chance.unwrap_or(1.0),
        Drawn::ByHand => 1.0,
    };
    let weight = |item: &crate::Item| 1.0 / (chance(item) * raters[item.id.as_str()]);
    let all: f64 = known.iter().map(|(item, ..)| weight(item)).sum();
    let mut cases: HashMap<&str, u32> = HashMap::new();
    let mut battles = Vec::with_capacity(known.len());
    for (item, (a, b), outcome) in &known {
        let next = u32::try_from(cases.len()).unwrap_or(u32::MAX);
        battles.push(Battle {
            weight: weight(item) * known.len() as f64 / all,
            cluster: Some(*cases.entry(item.case.as_deref().unwrap_or(&item.id)).or_insert(next)),
            ..Battle::new(place(a), place(b), *outcome)
        });
    }
    let mut found = Ranking { comparisons: known.len(), cases: cases.len(), ..Ranking::default() };
    let ties = if battles.iter().any(|battle| battle.outcome == 0.5) { Ties::Davidson } else { Ties::Half };
    let fit = match rank(names.len(), &battles, ties) {
        Ok(fit) => fit,
        Err(why) => {
            found.why_not = Some(words(&why, &names));
            return Some(found);
        }
    };
    let (Some(intervals), Some(ranks)) = (fit.intervals(confidence), fit.ranks(confidence)) else { return Some(found) };
    let elo = |interval: Interval| Interval { lower: Fit::elo(interval.lower), upper: Fit::elo(interval.upper) };
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|a, b| fit.strengths[*b].total_cmp(&fit.strengths[*a]));
    found.targets = order
        .into_iter()
        .map(|at| {
            let score = |battle: &&Battle| if battle.a == at { battle.outcome } else { 1.0 - battle.outcome };
            let own: Vec<f64> =
                battles.iter().filter(|battle| battle.a == at || battle.b == at).map(|b| score(&b)).collect();
            let count = |outcome: f64| own.iter().filter(|own| **own == outcome).count();
            Ranked {
                target: names[at].to_owned(),
                ranks: ranks[at],
                elo: Figure::new(Fit::elo(fit.strengths[at]), Some(elo(intervals[at]))),
                won: count(1.0),
                tied: count(0.5),
                lost: count(0.0),
            }
        })
        .collect();
    (found.tie, found.separated) = (fit.tie.filter(|_| ties == Ties::Davidson), fit.separated);
    Some(found)
}

fn words(why: &NoRanking, names: &[&str]) -> String {
    match why {
        NoRanking::Disconnected(groups) => {
            let shown: Vec<String> =
                groups.iter().map(|group| group.iter().map(|at| names[*at]).collect::<Vec<_>>().join(", ")).collect();
            format!("these targets never met: {}", shown.join(" | "))
        }
        NoRanking::NotConverged => "the fit did not settle: too few comparisons".into(),
        NoRanking::Players(_) => "there are more targets than comparisons could connect".into(),
        NoRanking::NoData | NoRanking::Invalid(_) => "no pair compares two different targets".into(),
    }
}
