//! A run's scores by case.

use std::collections::{BTreeMap, HashMap};

use assay_core::row::{Missing, ScoreRow};
use assay_core::score::ScorerRecord;
use assay_core::{Digest, Direction, Reducer, RunRecord, ScoreKind, SliceDecl};
use assay_stats::passk::{pass_at_k, pass_hat_k};
use assay_stats::{Item, Kind};

use crate::cases::{Cases, positions};

/// A run's scores, by case, target, scorer and epoch.
#[derive(Clone, Debug)]
pub struct RunScores {
    /// The run.
    pub record: RunRecord,
    /// The cases that have at least one row.
    pub cases: Cases,
    /// For each target and scorer: values by case and epoch, NaN where there is none.
    values: Vec<Vec<f64>>,
    /// What corpus metrics are computed from, in the same order, for scorers that have some.
    counts: Vec<Counts>,
    missing: Vec<BTreeMap<Missing, u64>>,
    /// The epoch that showed a generation of a case and target first.
    generations: HashMap<(u32, u32, u64), u32>,
    /// Epochs left out because they repeat another epoch's generation.
    pub repeated_generations: u64,
    /// By scorer: what is known of a judge, and people's labels of the answers.
    pub calibrations: Vec<Option<crate::judged::Calibration>>,
}

/// Equally many numbers for each trial.
#[derive(Clone, Debug, Default)]
struct Counts {
    width: usize,
    numbers: Vec<f64>,
}

impl Counts {
    fn put(&mut self, at: usize, counts: &[f64]) {
        if counts.is_empty() || (self.width > 0 && self.width != counts.len()) {
            return;
        }
        self.width = counts.len();
        let (from, to) = (at * self.width, (at + 1) * self.width);
        if self.numbers.len() < to {
            self.numbers.resize(to, f64::NAN);
        }
        self.numbers[from..to].copy_from_slice(counts);
    }

    fn get(&self, at: usize) -> Option<&[f64]> {
        let counts = self.numbers.get(at * self.width..(at + 1) * self.width)?;
        counts.first().is_some_and(|first| !first.is_nan()).then_some(counts)
    }
}

/// One target of a run.
#[derive(Clone, Copy)]
pub struct Arm<'a> {
    /// The run's scores.
    pub scores: &'a RunScores,
    /// The target's position in the run.
    pub target: usize,
}

/// The scores that a run is compared with.
pub struct BaselineScores {
    /// The other run's scores; `None` for another target of the same run.
    pub scores: Option<RunScores>,
    /// Its target; the one of the same name by default.
    pub target: Option<String>,
}

impl BaselineScores {
    /// The arm that a target is compared with: the named one, else the one of the same name, else the only one.
    pub fn arm<'a>(&'a self, own: &'a RunScores, name: &str) -> Option<Arm<'a>> {
        let scores = self.scores.as_ref().unwrap_or(own);
        scores.arm(self.target.as_deref()).or_else(|| scores.arm(Some(name)))
    }
}

/// What stands in for a missing score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Nothing: only what there is counts.
    Available,
    /// The worst possible value.
    Worst,
    /// The best possible value.
    Best,
}

/// A named subset of cases.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Its name in reports.
    pub name: String,
    /// The indices of its cases, smallest first.
    pub cases: Vec<usize>,
}

impl RunScores {
    /// An empty table for a run.
    pub fn new(record: RunRecord) -> Self {
        let series = record.targets.len() * record.scorers.len();
        Self {
            record,
            cases: Cases::default(),
            values: vec![Vec::new(); series],
            counts: vec![Counts::default(); series],
            missing: vec![BTreeMap::new(); series],
            generations: HashMap::new(),
            repeated_generations: 0,
            calibrations: Vec::new(),
        }
    }

    fn series(&self, target: usize, scorer: usize) -> usize {
        target * self.record.scorers.len() + scorer
    }

    /// Adds a row; rows of unknown targets or scorers are left out.
    pub fn push(&mut self, row: &ScoreRow<'_>) {
        let Some(target) = self.record.targets.iter().position(|target| target.name == row.target) else { return };
        let Some(scorer) = self.record.scorers.iter().position(|scorer| scorer.name == row.scorer) else { return };
        // No run has such a row; one that was put together elsewhere may.
        if row.epoch >= self.record.epochs {
            return;
        }
        let case = self.cases.position(&row.case_digest).unwrap_or_else(|| self.cases.add(row));
        let (series, epochs) = (self.series(target, scorer), self.record.epochs as usize);
        if let Some(why) = row.missing {
            *self.missing[series].entry(why).or_default() += 1;
            return;
        }
        let Some(value) = row.value else { return };
        // The same answer under two epochs is one observation.
        if epochs > 1 {
            let generation = (case as u32, target as u32, Digest::of_bytes(row.generation.as_bytes()).leading());
            let first = *self.generations.entry(generation).or_insert(row.epoch);
            if first != row.epoch {
                self.repeated_generations += u64::from(scorer == 0);
                return;
            }
        }
        let at = case * epochs + row.epoch as usize;
        let values = &mut self.values[series];
        if values.len() <= at {
            values.resize((case + 1) * epochs, f64::NAN);
        }
        values[at] = value;
        if !self.record.scorers[scorer].metrics.is_empty() {
            self.counts[series].put(at, row.counts);
        }
    }

    /// The arm of a target by name; the only one when no name is given.
    pub fn arm(&self, target: Option<&str>) -> Option<Arm<'_>> {
        let target = match target {
            Some(name) => self.record.targets.iter().position(|target| target.name == name)?,
            None if self.record.targets.len() == 1 => 0,
            None => return None,
        };
        Some(Arm { scores: self, target })
    }

    /// The declared slices with their cases: one for each value of a key, one for each predicate.
    pub fn slices(&self) -> Vec<Slice> {
        let mut slices = Vec::new();
        for declared in &self.record.slices {
            match declared {
                SliceDecl::Key(key) => {
                    let mut by_value: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
                    for i in 0..self.cases.len() {
                        if let Some(value) = self.cases.tag(i, key) {
                            by_value.entry(value).or_default().push(i);
                        }
                    }
                    slices.extend(
                        by_value.into_iter().map(|(value, cases)| Slice { name: format!("{key} = {value}"), cases }),
                    );
                }
                SliceDecl::Where { name, r#where } => {
                    slices.push(Slice { name: name.clone(), cases: self.cases_of(r#where) });
                }
            }
        }
        slices
    }

    /// The positions of the cases in a slice, smallest first.
    pub fn cases_of(&self, slice: &assay_core::SliceExpr) -> Vec<usize> {
        (0..self.cases.len()).filter(|case| self.matches(*case, slice)).collect()
    }

    /// Whether a case is in a slice.
    pub fn matches(&self, case: usize, slice: &assay_core::SliceExpr) -> bool {
        slice.matches(&|key| self.cases.tag(case, key))
    }
}

impl<'a> Arm<'a> {
    /// The target's name.
    pub fn name(&self) -> &'a str {
        &self.scores.record.targets[self.target].name
    }

    /// The values of a case's epochs under a scorer that are there.
    fn epochs(&self, case: usize, scorer: usize) -> impl Iterator<Item = f64> + '_ {
        let epochs = self.scores.record.epochs as usize;
        let values = &self.scores.values[self.scores.series(self.target, scorer)];
        (case * epochs..(case + 1) * epochs).filter_map(|at| values.get(at).copied()).filter(|value| !value.is_nan())
    }

    /// What corpus metrics are computed from, of a case's epochs that have it.
    pub(crate) fn counts_of(&self, case: usize, scorer: usize) -> impl Iterator<Item = &'a [f64]> + use<'a> {
        let scores = self.scores;
        let epochs = scores.record.epochs as usize;
        let counts = &scores.counts[scores.series(self.target, scorer)];
        (case * epochs..(case + 1) * epochs).filter_map(|at| counts.get(at))
    }

    /// Why scores of a scorer are missing, with counts of trials.
    pub fn missing(&self, scorer: usize) -> &'a BTreeMap<Missing, u64> {
        &self.scores.missing[self.scores.series(self.target, scorer)]
    }

    /// Trials of a scorer that have a value, and trials that have none.
    pub fn counts(&self, scorer: usize) -> (u64, u64) {
        let values = &self.scores.values[self.scores.series(self.target, scorer)];
        let scored = values.iter().filter(|value| !value.is_nan()).count() as u64;
        (scored, self.missing(scorer).values().sum())
    }

    /// The value of a case under a reducer, with the number of epochs behind it. `None` when it is missing.
    pub fn value(&self, case: usize, scorer: usize, reducer: Reducer, fill: Fill) -> Option<(f64, u32)> {
        let record = &self.scores.record.scorers[scorer];
        let epochs = self.scores.record.epochs as usize;
        if epochs == 1 {
            // As below, without a list for each of a million cases.
            let missing = || if fill == Fill::Available { None } else { extreme(record, fill) };
            let value = self.epochs(case, scorer).next().or_else(missing)?;
            return reduce(&mut [value], record, reducer).map(|value| (value, 1));
        }
        let mut values: Vec<f64> = self.epochs(case, scorer).collect();
        if fill != Fill::Available && values.len() < epochs {
            let value = extreme(record, fill)?;
            // Repeated generations are no missing trials: fill only what has no value at all.
            if values.is_empty() {
                values.resize(epochs, value);
            }
        }
        reduce(&mut values, record, reducer).map(|value| (value, u32::try_from(values.len()).unwrap_or(u32::MAX)))
    }

    /// The cases' values as items for statistics, of all cases or of some.
    pub fn items(&self, scorer: usize, reducer: Reducer, fill: Fill, cases: Option<&[usize]>) -> Vec<Item> {
        let item = |case: usize| {
            let (value, repeats) = self.value(case, scorer, reducer, fill)?;
            let cases = &self.scores.cases;
            Some(Item { value, repeats, cluster: cases.cluster(case), weight: cases.weight(case) })
        };
        positions(self.scores.cases.len(), cases).filter_map(item).collect()
    }

    /// Failures of a case under a scorer's threshold, and its trials; a missing score is a failure.
    pub fn failures(&self, case: usize, scorer: usize) -> Option<(u32, u32)> {
        let record = &self.scores.record.scorers[scorer];
        record.threshold?;
        let epochs = self.scores.record.epochs;
        let passed = self.epochs(case, scorer).filter(|value| record.passes(*value) == Some(true)).count();
        Some((epochs - u32::try_from(passed).unwrap_or(epochs).min(epochs), epochs))
    }
}

/// The best or worst possible value of a scorer, where its range is known.
fn extreme(record: &ScorerRecord, fill: Fill) -> Option<f64> {
    let (lo, hi) = record.score.range()?;
    Some(if (record.direction == Direction::Higher) == (fill == Fill::Best) { hi } else { lo })
}

fn reduce(values: &mut [f64], record: &ScorerRecord, reducer: Reducer) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let n = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let threshold = record.threshold.unwrap_or(1.0);
    let success = |value: &&f64| match record.direction {
        Direction::Higher => **value >= threshold,
        Direction::Lower => **value <= threshold,
    };
    let successes = u32::try_from(values.iter().filter(success).count()).unwrap_or(u32::MAX);
    match reducer {
        Reducer::Mean => Some(values.iter().sum::<f64>() / f64::from(n)),
        Reducer::Median => {
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            Some(if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) })
        }
        Reducer::Mode => {
            values.sort_by(f64::total_cmp);
            let mut best = (0, values[0]);
            for run in values.chunk_by(|a, b| a == b) {
                if run.len() > best.0 {
                    best = (run.len(), run[0]);
                }
            }
            Some(best.1)
        }
        Reducer::Max => Some(match record.direction {
            Direction::Higher => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Direction::Lower => values.iter().copied().fold(f64::INFINITY, f64::min),
        }),
        Reducer::AtLeast(k) => Some(f64::from(u8::from(successes >= k))),
        Reducer::PassAt(k) => pass_at_k(n, successes, k),
        Reducer::PassHat(k) => pass_hat_k(n, successes, k),
    }
}

/// What kind of number a scorer gives after a reducer.
pub fn kind_of(record: &ScorerRecord, reducer: Reducer, quantile: Option<f64>) -> Kind {
    if let Some(q) = quantile {
        return Kind::Quantile { q };
    }
    match (reducer, record.score) {
        (Reducer::AtLeast(_), _) => Kind::Binary,
        (Reducer::PassAt(_) | Reducer::PassHat(_), _) => Kind::Bounded { lo: 0.0, hi: 1.0 },
        (_, ScoreKind::Binary) => Kind::Binary,
        (_, ScoreKind::Bounded { lo, hi }) => Kind::Bounded { lo, hi },
        (_, ScoreKind::Unbounded) => Kind::Unbounded,
    }
}
