//! Agreement of raters.

use assay_stats::agreement::{self, Chance, Level, Weights};
use assay_stats::raters;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::ratings;
use crate::arrays::tables;
use crate::arrays::{Names, choice, clusters, flags, is_missing, level, objects, same_length, wrong};
use crate::results::{Record, both, number, record, refused};

const LEVELS: [(&str, Level); 4] =
    [("nominal", Level::Nominal), ("ordinal", Level::Ordinal), ("interval", Level::Interval), ("ratio", Level::Ratio)];
const WEIGHTS: [(&str, Weights); 3] =
    [("identity", Weights::Identity), ("linear", Weights::Linear), ("quadratic", Weights::Quadratic)];
const CHANCES: [(&str, Chance); 3] =
    [("gwet", Chance::Gwet), ("fleiss", Chance::Fleiss), ("brennan_prediger", Chance::BrennanPrediger)];

/// Distances of words need an order that somebody gave.
fn ordered(needs_order: bool, words: bool, categories: bool) -> PyResult<()> {
    match needs_order && words && !categories {
        true => Err(refused("ratings are words: give `categories` in their order")),
        false => Ok(()),
    }
}

#[pyfunction]
fn krippendorff_alpha<'py>(
    py: Python<'py>,
    ratings: &Bound<'py, PyAny>,
    level: &str,
    categories: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: Option<f64>,
) -> Record<'py> {
    let level = choice("level", level, &LEVELS)?;
    let read = ratings::ratings("ratings", ratings, categories)?;
    let words = read.words.is_some();
    ordered(level == Level::Ordinal, words, categories.is_some())?;
    if words && matches!(level, Level::Interval | Level::Ratio) {
        return Err(refused("ratings are words: the interval and ratio levels need numbers"));
    }
    let rows = read.rows;
    if level == Level::Ratio && rows.iter().flatten().flatten().any(|rating| *rating < 0.0) {
        return Err(refused("ratings must not be negative on the ratio level"));
    }
    let confidence = confidence.map(crate::arrays::level).transpose()?;
    let groups = clusters(groups, ("ratings", rows.len()))?;
    let (value, found, units, n) = py.detach(|| {
        let found = confidence.and_then(|confidence| match &groups {
            Some(groups) => agreement::krippendorff_clustered(&rows, groups, level, confidence),
            None => agreement::krippendorff_interval(&rows, level, confidence),
        });
        let sizes = || rows.iter().map(|row| row.iter().flatten().count()).filter(|n| *n > 1);
        let value = found.map(|found| found.estimate).or_else(|| agreement::krippendorff(&rows, level));
        (value, found, sizes().count(), sizes().sum::<usize>())
    });
    record!(py; estimate: number(value), interval: found.map(|found| both(found.interval)), items: units, ratings: n)
}

/// The categories that ratings may have: those given, or those found.
fn possible(rows: &[Vec<Option<f64>>], words: Option<usize>, given: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<f64>> {
    if let Some(words) = words {
        return Ok((0..words).map(|place| place as f64).collect());
    }
    let mut found: Vec<f64> = Vec::new();
    // Categories are few.
    let mut note = |rating: f64| {
        if let Err(at) = found.binary_search_by(|other| other.total_cmp(&(rating + 0.0))) {
            found.insert(at, rating + 0.0);
        }
    };
    match given {
        Some(given) => crate::arrays::floats("categories", given)?.iter().for_each(|category| note(*category)),
        None => {
            rows.iter().flatten().flatten().for_each(|rating| note(*rating));
            return Ok(found);
        }
    }
    let is_listed = |rating: &f64| found.binary_search_by(|other| other.total_cmp(&(rating + 0.0))).is_ok();
    match rows.iter().position(|row| row.iter().flatten().any(|rating| !is_listed(rating))) {
        Some(at) => Err(refused(format!("ratings[{at}] has a rating that is not among the categories"))),
        None => Ok(found),
    }
}

#[pyfunction]
fn kappa<'py>(
    py: Python<'py>,
    ratings: &Bound<'py, PyAny>,
    chance: &str,
    weights: &str,
    categories: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let (chance, weights) = (choice("chance", chance, &CHANCES)?, choice("weights", weights, &WEIGHTS)?);
    let confidence = level(confidence)?;
    let read = ratings::ratings("ratings", ratings, categories)?;
    ordered(weights != Weights::Identity, read.words.is_some(), categories.is_some())?;
    let categories = possible(&read.rows, read.words.as_ref().map(Vec::len), categories)?;
    let rows = read.rows;
    let groups = clusters(groups, ("ratings", rows.len()))?;
    let (found, interval) = py.detach(|| {
        let found = agreement::kappa(&rows, &categories, chance, weights);
        let interval = match &groups {
            Some(groups) => agreement::kappa_interval(&rows, groups, &categories, chance, weights, confidence),
            None => found.and_then(|found| found.interval(confidence)),
        };
        (found, interval)
    });
    coefficient(py, found, interval)
}

fn coefficient(
    py: Python<'_>,
    found: Option<agreement::Coefficient>,
    interval: Option<assay_stats::Interval>,
) -> Record<'_> {
    record!(py;
        estimate: number(found.map(|found| found.value)),
        interval: interval.map(both),
        standard_error: number(found.and_then(|found| found.se)),
        observed: number(found.map(|found| found.observed)),
        chance: number(found.map(|found| found.chance)),
    )
}

#[pyfunction]
fn conger_kappa<'py>(
    py: Python<'py>,
    ratings: &Bound<'py, PyAny>,
    confidence: f64,
) -> PyResult<(f64, Option<(f64, f64)>)> {
    let confidence = level(confidence)?;
    let rows = ratings::ratings("ratings", ratings, None)?.rows;
    let (value, found) = py.detach(|| (raters::conger(&rows), raters::conger_interval(&rows, confidence)));
    Ok((number(value), found.map(|found| both(found.interval))))
}

/// Two raters' ratings as numbers; words as places among the categories.
fn two<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    categories: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Vec<f64>, Vec<f64>, bool)> {
    let numbers = |name: &str, value: &Bound<'py, PyAny>| crate::arrays::floats(name, value);
    if categories.is_none()
        && let (Ok(a), Ok(b)) = (numbers("a", a), numbers("b", b))
    {
        return Ok((a.to_vec(), b.to_vec(), false));
    }
    let mut names = Names::new(a.py());
    if let Some(categories) = categories {
        names.add("categories", categories)?;
    }
    let listed = names.known.len();
    let (a, b) = (names.add("a", a)?, names.add("b", b)?);
    if categories.is_some() && names.known.len() > listed {
        return Err(refused(format!("a rating is {}, which is not among the categories", names.known[listed])));
    }
    let places = if categories.is_some() { (0..listed).collect() } else { names.sort() };
    let of = |column: Vec<usize>| column.into_iter().map(|place| places[place] as f64).collect();
    Ok((of(a), of(b), true))
}

#[pyfunction]
fn cohen_kappa<'py>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    weights: &str,
    categories: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    confidence: f64,
) -> Record<'py> {
    let weights = choice("weights", weights, &WEIGHTS)?;
    let confidence = level(confidence)?;
    let (a, b, words) = two(a, b, categories)?;
    ordered(weights != Weights::Identity, words, categories.is_some())?;
    same_length(("a", a.len()), ("b", b.len()))?;
    let groups = clusters(groups, ("a", a.len()))?;
    let (found, interval) = py.detach(|| {
        let found = agreement::cohen(&a, &b, weights);
        let interval = match &groups {
            Some(groups) => agreement::cohen_interval(&a, &b, groups, weights, confidence),
            None => found.and_then(|found| found.interval(confidence)),
        };
        (found, interval)
    });
    coefficient(py, found, interval)
}

#[pyfunction]
fn raw_agreement<'py>(py: Python<'py>, a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> Record<'py> {
    let (a, b) = (flags("a", a)?, flags("b", b)?);
    same_length(("a", a.len()), ("b", b.len()))?;
    let found = py.detach(|| agreement::raw(&a, &b)).ok_or_else(|| refused("a has no items"))?;
    record!(py;
        agreement: found.agreement,
        positive: number(found.positive),
        negative: number(found.negative),
        pabak: found.pabak,
        prevalence_index: found.prevalence_index,
        bias_index: found.bias_index,
    )
}

#[pyfunction]
fn specific_agreement<'py>(
    py: Python<'py>,
    ratings: &Bound<'py, PyAny>,
    categories: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let read = ratings::ratings("ratings", ratings, categories)?;
    let possible = possible(&read.rows, read.words.as_ref().map(Vec::len), categories)?;
    let rows = read.rows;
    let found = py.detach(|| agreement::specific(&rows, &possible));
    let shares = PyDict::new(py);
    for (at, (category, share)) in possible.iter().zip(found).enumerate() {
        match &read.words {
            Some(words) => shares.set_item(&words[at], number(share))?,
            None => shares.set_item(category, number(share))?,
        }
    }
    Ok(shares)
}

/// A coefficient's name, value and interval.
type Named = (&'static str, f64, Option<(f64, f64)>);

#[pyfunction]
fn icc<'py>(py: Python<'py>, ratings: &Bound<'py, PyAny>, confidence: f64) -> PyResult<Vec<Named>> {
    let confidence = level(confidence)?;
    let rows = tables::rows("ratings", ratings)?;
    if rows.len() < 2 || rows[0].len() < 2 {
        return Err(refused("ratings must have two items and two raters or more"));
    }
    let found = py.detach(|| agreement::icc(&rows, confidence));
    let pairs = found.map(|found| [found.one_way, found.two_way_random, found.two_way_mixed]);
    let names = [("icc1", "icc1k"), ("icc2", "icc2k"), ("icc3", "icc3k")];
    let row =
        |name, one: Option<agreement::Icc>| (name, number(one.map(|one| one.value)), one.map(|one| both(one.interval)));
    Ok(names
        .iter()
        .enumerate()
        .flat_map(|(at, (single, mean))| {
            let pair = pairs.map(|pairs| pairs[at]);
            [row(*single, pair.map(|pair| pair.0)), row(*mean, pair.map(|pair| pair.1))]
        })
        .collect())
}

/// Long ratings as a table: the rows, the names of items and raters. A second rating of an item by a rater is refused.
type Table<'py> = (Vec<Vec<Option<Bound<'py, PyAny>>>>, Vec<Bound<'py, PyAny>>, Vec<Bound<'py, PyAny>>);

#[pyfunction]
fn rating_table<'py>(
    items: &Bound<'py, PyAny>,
    raters: &Bound<'py, PyAny>,
    ratings: &Bound<'py, PyAny>,
) -> PyResult<Table<'py>> {
    let mut of_items = Names::new(items.py());
    let mut of_raters = Names::new(items.py());
    let (at_items, at_raters) = (of_items.add("items", items)?, of_raters.add("raters", raters)?);
    let values = objects("ratings", ratings)?;
    same_length(("items", at_items.len()), ("raters", at_raters.len()))?;
    same_length(("items", at_items.len()), ("ratings", values.len()))?;
    if of_items.known.len().saturating_mul(of_raters.known.len()) > 1 << 28 {
        return Err(refused("the table would have more than 2²⁸ cells"));
    }
    let mut rows: Vec<Vec<Option<Bound<'py, PyAny>>>> = vec![vec![None; of_raters.known.len()]; of_items.known.len()];
    for (at, ((item, rater), value)) in at_items.iter().zip(&at_raters).zip(values).enumerate() {
        if is_missing(&value)? {
            continue;
        }
        let cell = &mut rows[*item][*rater];
        if cell.is_some() {
            let (item, rater) = (&of_items.known[*item], &of_raters.known[*rater]);
            return Err(refused(format!("ratings[{at}]: rater {rater} has rated item {item} before")));
        }
        if value.hash().is_err() {
            return Err(wrong(&format!("ratings[{at}]"), "a number or a word", &value));
        }
        *cell = Some(value);
    }
    Ok((rows, of_items.known, of_raters.known))
}

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(krippendorff_alpha, module)?)?;
    module.add_function(wrap_pyfunction!(kappa, module)?)?;
    module.add_function(wrap_pyfunction!(conger_kappa, module)?)?;
    module.add_function(wrap_pyfunction!(cohen_kappa, module)?)?;
    module.add_function(wrap_pyfunction!(raw_agreement, module)?)?;
    module.add_function(wrap_pyfunction!(specific_agreement, module)?)?;
    module.add_function(wrap_pyfunction!(icc, module)?)?;
    module.add_function(wrap_pyfunction!(rating_table, module)?)
}
