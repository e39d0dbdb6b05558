//! The coverage map: how many cases each intent, risk, language or segment has, against how many it should have and how
//! often it occurs in production.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_core::{Case, Digest, Problem, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::library::{Dataset, Library, VersionRecord};
use crate::{DatasetError, at_line, metadata_texts, yaml_and_source};

/// Values of a key, or of a pair of keys, that are told apart.
const MOST_VALUES: usize = 10_000;

/// What a dataset should cover: a YAML file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// The least cases of every value that says nothing of its own.
    #[serde(default)]
    pub min: u64,
    /// The metadata keys, each with its values.
    pub keys: BTreeMap<String, BTreeMap<String, Wanted>>,
    /// Pairs of keys whose combinations must be covered too.
    #[serde(default)]
    pub pairs: Vec<(String, String)>,
}

/// What is wanted of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The least cases.
    #[serde(default)]
    pub min: Option<u64>,
    /// Its share in production, from 0 to 1.
    #[serde(default)]
    pub production: Option<f64>,
}

/// How a value is covered.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "CoverageCell")]
pub struct Cell {
    /// The key, or two joined by ` × `.
    pub key: String,
    /// The value, or two joined by ` × `.
    pub value: String,
    /// Its cases.
    pub cases: u64,
    /// Its share of all cases.
    pub share: f64,
    /// The least cases it should have.
    pub wanted: u64,
    /// Its share in production.
    pub production: Option<f64>,
    /// Cases that are missing.
    pub gap: u64,
    /// Why, where some are missing.
    pub why: Option<String>,
}

/// Reads a taxonomy.
///
/// # Errors
/// A file that cannot be read, an unknown key, a share that is none: with its line.
pub fn read(path: &Path) -> Result<Taxonomy, DatasetError> {
    let (taxonomy, source): (Taxonomy, _) = yaml_and_source(path)?;
    let wrong = |pointer: String, message: String| Err(at_line(&Problem::new(pointer, message), &source));
    for (key, values) in &taxonomy.keys {
        let mut sum = 0.0;
        for (value, wanted) in values {
            let share = wanted.production.unwrap_or(0.0);
            sum += share;
            if !(0.0..=1.0).contains(&share) {
                let pointer =
                    format!("/keys/{}/{}/production", problem::pointer_step(key), problem::pointer_step(value));
                return wrong(pointer, format!("a share from 0 to 1 is expected, not {share}"));
            }
        }
        if sum > 1.0 + 1e-9 {
            return wrong(format!("/keys/{}", problem::pointer_step(key)), format!("the shares add up to {sum}"));
        }
    }
    for (i, (a, b)) in taxonomy.pairs.iter().enumerate() {
        if let Some(key) = [a, b].into_iter().find(|key| !taxonomy.keys.contains_key(*key)) {
            return wrong(format!("/pairs/{i}"), format!("`{key}` is not among the keys"));
        }
    }
    Ok(taxonomy)
}

/// Counts cases by the values of keys, and by pairs of keys.
#[derive(Clone, Debug, Default)]
pub struct Map {
    keys: Vec<String>,
    pairs: Vec<(String, String)>,
    counts: BTreeMap<(String, String), u64>,
    values: BTreeMap<String, usize>,
    cases: u64,
}

/// The mark between two keys or values.
const CROSS: &str = " × ";

impl Map {
    /// A map of these keys and pairs of keys.
    pub fn new(keys: Vec<String>, pairs: Vec<(String, String)>) -> Self {
        Self { keys, pairs, ..Self::default() }
    }

    /// Counts a case. Values of a key beyond the ten thousandth are left out.
    pub fn add(&mut self, case: &Case) {
        self.cases += 1;
        let texts = metadata_texts(case);
        let value = |key: &str| texts.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        let singles = self.keys.iter().filter_map(|key| Some((key.clone(), value(key)?.to_owned())));
        let pairs = self
            .pairs
            .iter()
            .filter_map(|(a, b)| Some((format!("{a}{CROSS}{b}"), format!("{}{CROSS}{}", value(a)?, value(b)?))));
        let found: Vec<(String, String)> = singles.chain(pairs).collect();
        for at in found {
            if let Some(count) = self.counts.get_mut(&at) {
                *count += 1;
                continue;
            }
            let values = self.values.entry(at.0.clone()).or_default();
            if *values < MOST_VALUES {
                *values += 1;
                self.counts.insert(at, 1);
            }
        }
    }

    /// The map against what is wanted: every value that cases have and every one that is wanted. A value that takes less
    /// than half of its share in production is a gap too.
    pub fn cells(self, taxonomy: &Taxonomy) -> Vec<Cell> {
        let mut wanted: BTreeMap<(String, String), Wanted> = BTreeMap::new();
        for (key, values) in &taxonomy.keys {
            for (value, of) in values {
                wanted.insert((key.clone(), value.clone()), *of);
            }
        }
        for (a, b) in &taxonomy.pairs {
            for first in taxonomy.keys[a].keys() {
                for second in taxonomy.keys[b].keys() {
                    let at = (format!("{a}{CROSS}{b}"), format!("{first}{CROSS}{second}"));
                    wanted.entry(at).or_default();
                }
            }
        }
        let mut all: BTreeMap<(String, String), u64> = wanted.keys().map(|at| (at.clone(), 0)).collect();
        all.extend(self.counts);
        let total = self.cases.max(1) as f64;
        all.into_iter()
            .map(|((key, value), cases)| {
                let of = wanted.get(&(key.clone(), value.clone()));
                let least = of.map_or(0, |of| of.min.unwrap_or(taxonomy.min));
                let production = of.and_then(|of| of.production);
                // What it takes until the value has half of its share in production, the new cases counted in.
                let half = production.map_or(0, |share| {
                    let (share, cases) = (0.5 * share, cases as f64);
                    ((share * total - cases) / (1.0 - share)).ceil().max(0.0) as u64
                });
                let gap = least.saturating_sub(cases).max(half);
                let why = if gap == 0 {
                    None
                } else if cases == 0 {
                    Some("no case at all".to_owned())
                } else if least > cases {
                    Some(format!("fewer than {least}"))
                } else {
                    let share = 100.0 * production.unwrap_or_default();
                    Some(format!("{:.1}% of the cases, {share:.1}% of production", 100.0 * cases as f64 / total))
                };
                Cell { key, value, cases, share: cases as f64 / total, wanted: least, production, gap, why }
            })
            .collect()
    }
}

/// The map of a version by some keys: those of the taxonomy where none is named, else every key with few values. Two keys
/// that are named are counted together too. Sealed cases are no part of it: it shows what cases say.
///
/// # Errors
/// A version that cannot be read, no key with few values, a key that no case has.
pub fn of_version(
    library: &Library,
    dataset: &Dataset,
    record: &VersionRecord,
    mut keys: Vec<String>,
    mut taxonomy: Taxonomy,
) -> Result<Vec<Cell>, DatasetError> {
    let is_open = |case: &Case| !dataset.split.as_ref().is_some_and(|plan| plan.is_sealed(case));
    let named = !keys.is_empty();
    if keys.is_empty() {
        keys = taxonomy.keys.keys().cloned().collect();
    }
    if keys.is_empty() {
        keys = categories(library, record.version, &is_open)?;
    }
    if keys.is_empty() {
        let message = format!("no metadata key of `{}` has few values: name one with `--by`", dataset.name);
        return Err(DatasetError::new(None, message));
    }
    taxonomy.keys.retain(|key, _| keys.contains(key));
    taxonomy.pairs.retain(|(a, b)| keys.contains(a) && keys.contains(b));
    let mut once = BTreeSet::new();
    keys.retain(|key| once.insert(key.clone()));
    let mut pairs = taxonomy.pairs.clone();
    // Who names two keys wants to see how they go together.
    if let (true, true, [a, b]) = (named, pairs.is_empty(), keys.as_slice()) {
        pairs.push((a.clone(), b.clone()));
    }
    let mut map = Map::new(keys.clone(), pairs);
    for case in library.cases(record.version)? {
        let case = case?;
        if is_open(&case) {
            map.add(&case);
        }
    }
    let cells = map.cells(&taxonomy);
    match keys.iter().find(|key| !cells.iter().any(|cell| cell.key == **key)) {
        Some(key) => {
            Err(DatasetError::new(None, format!("no case of `{}` has the metadata key `{key}`", dataset.name)))
        }
        None => Ok(cells),
    }
}

/// Metadata keys whose values come again and again.
fn categories(
    library: &Library,
    version: Digest,
    is_open: &dyn Fn(&Case) -> bool,
) -> Result<Vec<String>, DatasetError> {
    const MOST: usize = 50;
    let mut values: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for case in library.cases(version)?.take(10_000) {
        let case = case?;
        if !is_open(&case) {
            continue;
        }
        for (key, value) in metadata_texts(&case) {
            let of = values.entry(key).or_default();
            if of.len() <= MOST {
                *of.entry(value).or_default() += 1;
            }
        }
    }
    let few = |of: &BTreeMap<String, u64>| of.len() <= MOST && of.values().sum::<u64>() >= 2 * of.len() as u64;
    Ok(values.into_iter().filter(|(_, of)| few(of)).map(|(key, _)| key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn case(id: u64, intent: &str, language: &str) -> Case {
        let mut case = Case { id: id.to_string(), weight: 1.0, ..Case::default() };
        case.metadata.insert("intent".into(), json!(intent));
        case.metadata.insert("language".into(), json!(language));
        case
    }

    #[test]
    fn gaps_are_what_is_missing_to_the_least_and_to_half_of_production() {
        let taxonomy: Taxonomy = serde_json::from_value(json!({
            "min": 2,
            "keys": {
                "intent": {"refund": {"production": 0.5}, "delivery": {"min": 5}, "other": {}},
                "language": {"en": {}, "de": {}},
            },
            "pairs": [["intent", "language"]],
        }))
        .unwrap();
        let mut map = Map::new(vec!["intent".into(), "language".into()], taxonomy.pairs.clone());
        for i in 0..18 {
            map.add(&case(i, "delivery", "en"));
        }
        map.add(&case(18, "refund", "en"));
        map.add(&case(19, "refund", "de"));
        let cells = map.cells(&taxonomy);
        let gap = |key: &str, value: &str| {
            let cell = cells.iter().find(|cell| cell.key == key && cell.value == value).unwrap();
            (cell.cases, cell.gap, cell.why.clone())
        };
        assert_eq!(gap("intent", "delivery"), (18, 0, None));
        // (2 + 4) / (20 + 4) is a quarter, half of what production has.
        assert_eq!(gap("intent", "refund"), (2, 4, Some("10.0% of the cases, 50.0% of production".into())));
        assert_eq!(gap("intent", "other"), (0, 2, Some("no case at all".into())));
        assert_eq!(gap("language", "de"), (1, 1, Some("fewer than 2".into())));
        assert_eq!(gap("intent × language", "delivery × de"), (0, 2, Some("no case at all".into())));
    }
}
