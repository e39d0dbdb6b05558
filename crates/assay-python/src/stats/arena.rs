//! Rankings by pairs.

use assay_stats::arena::{self, Battle, NoRanking, Ranking, Ties};
use pyo3::prelude::*;

use crate::arrays::tables::rows;
use crate::arrays::{Names, choice, clusters, floats, is_missing, level, objects, same_length};
use crate::results::{Record, both, number, record, refused};

const TIES: [(&str, Ties); 3] = [("half", Ties::Half), ("davidson", Ties::Davidson), ("rao_kupper", Ties::RaoKupper)];

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn bradley_terry<'py>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    outcomes: &Bound<'py, PyAny>,
    ties: &str,
    weights: Option<&Bound<'py, PyAny>>,
    style: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let (ties, confidence) = (choice("ties", ties, &TIES)?, level(confidence)?);
    let mut names = Names::new(py);
    let (first, second) = (names.add("a", a)?, names.add("b", b)?);
    let outcomes = floats("winner", outcomes)?;
    same_length(("a", first.len()), ("b", second.len()))?;
    same_length(("a", first.len()), ("winner", outcomes.len()))?;
    let weights = weights.map(|weights| floats("weights", weights)).transpose()?;
    if let Some(weights) = &weights {
        same_length(("a", first.len()), ("weights", weights.len()))?;
    }
    let style = style.map(|style| rows("style", style)).transpose()?;
    if let Some(style) = &style {
        same_length(("a", first.len()), ("style", style.len()))?;
        if ties != Ties::Half {
            return Err(refused("style needs ties='half'"));
        }
    }
    let groups = clusters(groups, ("a", first.len()))?;
    let battle = |at: usize| Battle {
        a: first[at],
        b: second[at],
        outcome: outcomes[at],
        weight: weights.as_ref().map_or(1.0, |weights| weights[at]),
        cluster: groups.as_ref().map(|groups| groups[at]),
        style: style.as_ref().map_or_else(Vec::new, |style| style[at].clone()),
    };
    let battles: Vec<Battle> = (0..first.len()).map(battle).collect();
    let players = names.known.len();
    let (found, intervals, ranks) = py
        .detach(|| {
            let found = arena::rank(players, &battles, ties)?;
            let (intervals, ranks) = (found.intervals(confidence), found.ranks(confidence));
            Ok((found, intervals.unwrap_or_default(), ranks.unwrap_or_default()))
        })
        .map_err(|why| no_ranking(why, &names.known))?;
    record!(py;
        names: names.known,
        strengths: found.strengths,
        intervals: intervals.into_iter().map(both).collect::<Vec<_>>(),
        standard_error: found.se,
        ranks: ranks,
        tie: number(found.tie),
        style: found.style,
        log_likelihood: found.log_likelihood,
        separated: found.separated,
    )
}

fn no_ranking(why: NoRanking, names: &[Bound<'_, PyAny>]) -> PyErr {
    refused(match why {
        NoRanking::NoData => "there are no battles".to_owned(),
        NoRanking::Invalid(at) => format!(
            "battle {at} cannot count: two different players are needed, a weight above 0, and an outcome of 1, 0 or 0.5"
        ),
        NoRanking::Disconnected(groups) => {
            let group = |group: &Vec<usize>| {
                let some: Vec<String> = group.iter().take(3).map(|at| names[*at].to_string()).collect();
                let more = if group.len() > 3 { " …" } else { "" };
                format!("{}{more}", some.join(", "))
            };
            let groups: Vec<String> = groups.iter().take(4).map(group).collect();
            format!("these groups of players never met, rank each by itself: {}", groups.join(" | "))
        }
        NoRanking::Players(players) => format!("{players} players are too many"),
        NoRanking::NotConverged => "the fit did not settle: a style may decide every battle".to_owned(),
    })
}

/// The items of a column, `None` for missing ones.
#[pyfunction]
fn column<'py>(values: &Bound<'py, PyAny>) -> PyResult<Vec<Option<Bound<'py, PyAny>>>> {
    let items = objects("values", values)?;
    items.into_iter().map(|item| Ok((!is_missing(&item)?).then_some(item))).collect()
}

#[pyfunction]
fn elo(strength: f64) -> f64 {
    Ranking::elo(strength)
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bradley_terry, module)?)?;
    module.add_function(wrap_pyfunction!(column, module)?)?;
    module.add_function(wrap_pyfunction!(elo, module)?)
}
