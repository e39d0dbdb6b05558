//! Cases drawn by strata, to be labelled or judged by people.
//!
//! Within a stratum the cases with the smallest seeded digests of their ids are drawn: a simple random sample that needs
//! no order, in which a larger one of the same seed holds the smaller one (bottom-k sampling: Cohen & Kaplan 2007).

use std::collections::{BTreeMap, BinaryHeap};

use assay_core::{Case, Digest};
use assay_stats::judges::{Pool, next_labels};
use serde::Serialize;
use serde_json::json;

use crate::library::{Dataset, Library, VersionRecord, today};
use crate::version::{Chunks, Rows};
use crate::{DatasetError, metadata_texts};

/// Strata that may be told apart.
const MOST_STRATA: usize = 10_000;
/// Cases that may be drawn: they are kept by number for each stratum.
const MOST_DRAWN: u64 = 1_000_000;

/// What is drawn.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// How many cases.
    pub count: u64,
    /// Metadata keys (dotted) whose values make the strata; without any, all cases are one.
    pub by: Vec<String>,
    /// The least from each stratum, or all that it has. The rest follows the sizes of the strata.
    pub least: u64,
    /// The seed.
    pub seed: u64,
}

/// A stratum of a sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stratum {
    /// Its values.
    pub stratum: String,
    /// Cases that may be used and are not sealed.
    pub cases: u64,
    /// Cases that were drawn.
    pub drawn: u64,
}

impl Stratum {
    /// How likely each of its cases was to be drawn.
    pub fn chance(&self) -> f64 {
        self.drawn as f64 / self.cases as f64
    }
}

/// A sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The strata, by name.
    pub strata: Vec<Stratum>,
    /// Rows (from 0) that were drawn, in order, each with its stratum.
    rows: Vec<(u64, usize)>,
    seed: u64,
}

/// Cases by stratum, met one by one: of each stratum those with the smallest marks are kept. Memory is
/// strata · count · 16 bytes at most.
pub struct Strata<'a> {
    plan: &'a Plan,
    /// Keys that no case has had so far.
    missing: Vec<&'a String>,
    strata: BTreeMap<String, (u64, BinaryHeap<(u64, u64)>)>,
}

impl<'a> Strata<'a> {
    /// Without a case.
    ///
    /// # Errors
    /// A count of 0 or over a million.
    pub fn new(plan: &'a Plan) -> Result<Self, DatasetError> {
        if !(1..=MOST_DRAWN).contains(&plan.count) {
            return Err(DatasetError::new(None, "from 1 to 1,000,000 cases can be drawn"));
        }
        Ok(Self { plan, missing: plan.by.iter().collect(), strata: BTreeMap::new() })
    }

    /// Meets a case in its row.
    ///
    /// # Errors
    /// More strata than 10,000.
    pub fn meet(&mut self, case: &Case, row: u64) -> Result<(), DatasetError> {
        let texts = metadata_texts(case);
        self.missing.retain(|key| !texts.iter().any(|(known, _)| known == *key));
        let stratum = stratum_of(&texts, &self.plan.by);
        if self.strata.len() >= MOST_STRATA && !self.strata.contains_key(&stratum) {
            let keys = self.plan.by.join(", ");
            return Err(DatasetError::new(None, format!("{keys}: more than {MOST_STRATA} strata"))
                .help("draw by keys of few values, such as `language`"));
        }
        let (cases, drawn) = self.strata.entry(stratum).or_default();
        *cases += 1;
        drawn.push((Digest::of_bytes(format!("{}\n{}", self.plan.seed, case.id).as_bytes()).leading(), row));
        if drawn.len() as u64 > self.plan.count {
            drawn.pop();
        }
        Ok(())
    }

    /// How many cases were met.
    pub fn met(&self) -> u64 {
        self.strata.values().map(|(cases, _)| cases).sum()
    }

    /// Draws, or takes all where no more than the count were met.
    ///
    /// # Errors
    /// A key that no case has; a least that the count cannot give to all strata.
    pub fn draw(self) -> Result<Sample, DatasetError> {
        if let Some(key) = self.missing.first().filter(|_| self.met() > 0) {
            return Err(DatasetError::new(None, format!("no case has the metadata key `{key}`"))
                .help("`assay dataset show` shows what cases have"));
        }
        let cases: Vec<u64> = self.strata.values().map(|(cases, _)| *cases).collect();
        let counts = if self.met() <= self.plan.count { cases.clone() } else { allot(&cases, self.plan)? };
        let mut sample = Sample { strata: Vec::new(), rows: Vec::new(), seed: self.plan.seed };
        for ((stratum, (cases, drawn)), count) in self.strata.into_iter().zip(counts) {
            let rows = drawn.into_sorted_vec();
            sample.rows.extend(rows.iter().take(count as usize).map(|(_, row)| (*row, sample.strata.len())));
            sample.strata.push(Stratum { stratum, cases, drawn: count });
        }
        sample.rows.sort_unstable();
        Ok(sample)
    }
}

/// Draws from a version the cases that may be used today and are not sealed.
///
/// # Errors
/// As [`Strata`]; fewer cases than the count; a version that cannot be read.
pub fn draw(library: &Library, dataset: &Dataset, record: &VersionRecord, plan: &Plan) -> Result<Sample, DatasetError> {
    let today = today();
    let mut strata = Strata::new(plan)?;
    Chunks::new(library, record.version, None)?.each(None, &mut |row, case| {
        let sealed = dataset.split.as_ref().is_some_and(|split| split.is_sealed(&case));
        if sealed || dataset.unusable(&case, &today).is_some() { Ok(()) } else { strata.meet(&case, row) }
    })?;
    let all = strata.met();
    if all < plan.count {
        return Err(DatasetError::new(None, format!("{} cases cannot be drawn: {all} may be used", plan.count))
            .help("sealed, revoked and expired cases are not drawn"));
    }
    strata.draw()
}

/// How many of each stratum: the least, then by size.
fn allot(cases: &[u64], plan: &Plan) -> Result<Vec<u64>, DatasetError> {
    let mut counts: Vec<u64> = cases.iter().map(|cases| plan.least.min(*cases)).collect();
    let least: u64 = counts.iter().sum();
    if least > plan.count {
        let message = format!("{} of each of {} strata are {least} cases", plan.least, cases.len());
        return Err(DatasetError::new(None, message).help("draw more cases, or fewer of each stratum"));
    }
    let pools: Vec<Pool> =
        cases.iter().zip(&counts).map(|(cases, count)| Pool { cases: cases - count, sd: 1.0 }).collect();
    let more = next_labels(&pools, plan.count - least, 1.0).unwrap_or_default();
    counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
    Ok(counts)
}

fn stratum_of(texts: &[(String, String)], by: &[String]) -> String {
    if by.is_empty() {
        return "all".into();
    }
    let value = |key: &String| texts.iter().find(|(known, _)| known == key).map_or("–", |(_, value)| value.as_str());
    by.iter().map(value).collect::<Vec<_>>().join(" · ")
}

impl Sample {
    /// The rows that were drawn, in order, each with its chance.
    pub fn rows(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        self.rows.iter().map(|(row, stratum)| (*row, self.strata[*stratum].chance()))
    }

    /// Hands on the cases that were drawn, in the order of the version. Each says in its metadata which stratum it speaks
    /// for and how likely it was to be drawn, and its weight is divided by that chance, so that means over the sample
    /// speak for all cases (Horvitz & Thompson 1952).
    ///
    /// # Errors
    /// A version that cannot be read, or what `each` gives.
    pub fn cases(
        &self,
        library: &Library,
        record: &VersionRecord,
        each: &mut dyn FnMut(Case) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        let chunks = Chunks::new(library, record.version, None)?;
        let mut rows = Rows::new(chunks.rows);
        self.rows.iter().for_each(|(row, _)| rows.insert(*row));
        let mut strata = self.rows.iter().map(|(_, stratum)| &self.strata[*stratum]);
        chunks.each(Some(&rows), &mut |_, mut case| {
            let Some(stratum) = strata.next() else { return Ok(()) };
            let chance = stratum.chance();
            let sample = json!({"stratum": stratum.stratum, "chance": chance, "seed": self.seed});
            case.metadata.insert("sample".into(), sample);
            case.weight /= chance;
            each(case)
        })
    }
}
