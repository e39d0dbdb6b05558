//! Sealed parts with a ladder: a run is told its score only where it beats the best so far by more than the paired standard
//! error (Blum & Hardt 2015), so that many tries do not climb by luck. What was told is in the dataset's log.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use assay_analysis::{Arm, Fill, RunScores};
use assay_core::{Digest, Direction, Reducer, RunId, RunRecord};
use assay_datasets::Library;
use assay_datasets::library::{self, Event, Rung, name_and_version};
use assay_report::plain;
use assay_stats::holdout;
use serde::Serialize;

use crate::{Failure, Home};

/// The ladder that a run is on.
pub struct Ladder {
    dataset: String,
    split: String,
    version: Digest,
}

/// What a run is told of one target and scorer.
#[derive(Serialize)]
pub struct Told {
    target: String,
    scorer: String,
    /// The new best score, or the best so far; `None` where nothing was told.
    score: Option<f64>,
    improved: bool,
    /// Why nothing was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl Told {
    /// What was told, in words.
    pub fn sentence(&self) -> String {
        let who = format!("{} of {}", plain(&self.scorer, 80), plain(&self.target, 80));
        match (self.score, self.improved, &self.why) {
            (Some(score), true, _) => format!("{who}: {score}, the best so far"),
            (Some(score), false, _) => {
                format!("{who}: not told; it does not beat the best so far, {score}, by more than the standard error")
            }
            (None, _, why) => format!("{who}: not told: {}", plain(why.as_deref().unwrap_or_default(), 300)),
        }
    }
}

/// The ladder of a run, when it used a sealed part that has one.
pub fn of(library: &Library, record: &RunRecord) -> Result<Option<Ladder>, Failure> {
    for used in &record.datasets {
        let Some(split) = &used.sealed else { continue };
        let (name, _) = name_and_version(used.source.split('/').next().unwrap_or_default());
        let Some(dataset) = crate::waiting(|| library.find(name))? else { continue };
        let has_ladder = |part: &assay_datasets::split::Part| part.name == *split && part.ladder;
        if dataset.split.iter().flat_map(|plan| &plan.parts).any(has_ladder) {
            let (dataset, split) = (name.to_owned(), split.clone());
            return Ok(Some(Ladder { dataset, split, version: used.version }));
        }
    }
    Ok(None)
}

impl Ladder {
    /// What is said to somebody who wants to see all scores.
    pub fn refused(&self, record: &RunRecord) -> Failure {
        format!(
            "run {} is over `{}` of `{}`, whose scores only its ladder tells: `assay dataset show {}` has the best, \
             `assay dataset log {}` all that was told",
            record.id.short(),
            self.split,
            self.dataset,
            self.dataset,
            self.dataset
        )
        .into()
    }

    /// Compares a finished run with the best so far, writes down what is told, and tells it. A run that was told something
    /// is told the same again.
    pub async fn climb(&self, home: &Home, record: &RunRecord) -> Result<Vec<Told>, Failure> {
        let library = home.library();
        let whole = self.cases(&library)?;
        let scores = home.all_scores(record, &HashSet::new()).await?;
        let mut earlier: HashMap<RunId, RunScores> = HashMap::new();
        let mut all = Vec::new();
        for target in 0..record.targets.len() {
            for (at, scorer) in record.scorers.iter().enumerate() {
                let name = &record.targets[target].name;
                let sign = if scorer.direction == Direction::Higher { 1.0 } else { -1.0 };
                let mut told =
                    Told { target: name.clone(), scorer: scorer.name.clone(), score: None, improved: false, why: None };
                // From here to the line that is written: two runs must not both climb from the same rung.
                let held = library.hold()?;
                let known = library.dataset(&self.dataset)?;
                let (mut best, mut again) = (None, None);
                for rung in known.rungs(&self.split, self.version) {
                    // Another name for the same scorer is no other ladder, and neither is another scorer of its name.
                    if rung.scorer != scorer.name && self.measured_by(home, rung).await? != Some(scorer.fingerprint) {
                        continue;
                    }
                    if rung.improved {
                        best = Some(rung.clone());
                    }
                    if rung.run == record.id && rung.target == *name {
                        again = Some(rung.clone());
                    }
                }
                if let Some(rung) = again {
                    (told.score, told.improved) = (Some(rung.score), rung.improved);
                    all.push(told);
                    continue;
                }
                let own = values(&scores, target, at, sign);
                if record.datasets.len() > 1 || scores.cases.len() as u64 != whole || own.len() as u64 != whole {
                    told.why = Some(format!(
                        "{} of the part's {whole} cases have a score, and a ladder compares all of them",
                        own.len()
                    ));
                    all.push(told);
                    continue;
                }
                let mut ladder = holdout::Ladder::default();
                if let Some(best) = &best {
                    if let Entry::Vacant(entry) = earlier.entry(best.run) {
                        let row = home.state.find_run(&best.run.to_string()).await?;
                        entry.insert(home.all_scores(&row.record, &HashSet::new()).await?);
                    }
                    let theirs = earlier.get(&best.run).and_then(|scores| {
                        let arm = scores.arm(Some(&best.target)).or_else(|| scores.arm(None))?;
                        let at = scores.record.scorers.iter().position(|known| known.name == best.scorer)?;
                        Some((values(scores, arm.target, at, sign), scores.record.scorers[at].fingerprint))
                    });
                    match theirs {
                        Some((theirs, fingerprint))
                            if fingerprint == scorer.fingerprint && theirs.keys().eq(own.keys()) =>
                        {
                            ladder.submit(&theirs.into_values().collect::<Vec<_>>())?;
                        }
                        _ => {
                            told.why = Some(
                                "the best so far was scored by another scorer of this name, or on other cases".into(),
                            );
                            all.push(told);
                            continue;
                        }
                    }
                }
                let release = ladder.submit(&own.into_values().collect::<Vec<_>>())?;
                (told.score, told.improved) = (Some(sign * release.score), release.improved);
                let rung = Rung {
                    split: self.split.clone(),
                    version: self.version,
                    run: record.id,
                    target: name.clone(),
                    scorer: scorer.name.clone(),
                    fingerprint: Some(scorer.fingerprint),
                    score: sign * release.score,
                    improved: release.improved,
                };
                // Before it is told: what is not on record was not told.
                library.append(&held, &self.dataset, &library::who(), vec![Event::Rung(Box::new(rung))])?;
                all.push(told);
            }
        }
        Ok(all)
    }

    /// What scored a rung; told by the run where the rung does not say.
    async fn measured_by(&self, home: &Home, rung: &Rung) -> Result<Option<Digest>, Failure> {
        if rung.fingerprint.is_some() {
            return Ok(rung.fingerprint);
        }
        let row = home.state.find_run(&rung.run.to_string()).await?;
        Ok(row.record.scorer(&rung.scorer).map(|scorer| scorer.fingerprint))
    }

    /// How many cases of the part may be used.
    fn cases(&self, library: &Library) -> Result<u64, Failure> {
        let dataset = library.dataset(&self.dataset)?;
        let today = library::today();
        let mut cases = 0;
        for case in library.cases(self.version)? {
            let case = case?;
            let is_in = dataset.split.as_ref().is_some_and(|plan| plan.part_of(&case).name == self.split);
            cases += u64::from(is_in && dataset.unusable(&case, &today).is_none());
        }
        Ok(cases)
    }
}

/// The values of cases by id, higher is better.
fn values(scores: &RunScores, target: usize, scorer: usize, sign: f64) -> BTreeMap<String, f64> {
    let arm = Arm { scores, target };
    let value = |case| {
        Some((scores.cases.id(case).to_owned(), sign * arm.value(case, scorer, Reducer::Mean, Fill::Available)?.0))
    };
    (0..scores.cases.len()).filter_map(value).collect()
}
