//! A run over a random part of the cases, made more precise by an earlier run over all of them.
//!
//! How the earlier run fared on each case is a control variate: what it says of the cases that this run left out corrects
//! the luck of the draw. It is the same estimate as that of a judge whose word on every case is corrected by labels of a
//! part: the earlier run is the judge, this run the labels ([`corrected_level`]).

use assay_core::{Reducer, ScoreKind};
use assay_stats::{Estimate, Judged, corrected_level, level};
use serde::Serialize;

use crate::compare::Refused;
use crate::scores::{Arm, Fill, kind_of};

/// A level with the help of an earlier run.
#[derive(Clone, Debug, Serialize)]
pub struct Helped {
    /// The scorer.
    pub scorer: String,
    /// The reducer over epochs.
    pub reducer: Reducer,
    /// What kind of number it is.
    pub score: ScoreKind,
    /// The level of this run alone.
    pub alone: Estimate,
    /// The level over all cases of the earlier run, as this run would have it.
    pub helped: Estimate,
    /// Cases of this run.
    pub cases: usize,
    /// Cases of the earlier run.
    pub all: usize,
    /// How many times as many cases without help would have the same standard error; absent where it is no smaller.
    pub worth: Option<f64>,
}

/// The levels of a target helped by a target of an earlier run, and what cannot be helped, with the reason. The cases of
/// this run must be a random part of those of the earlier run, which a tier's `limit` is; that none is missing there is
/// checked.
pub fn helped(run: Arm<'_>, earlier: Arm<'_>, confidence: f64) -> (Vec<Helped>, Vec<Refused>) {
    let (own, other) = (run.scores, earlier.scores);
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    for (s, record) in own.record.scorers.iter().enumerate() {
        let Some(e) = other.record.scorers.iter().position(|known| known.name == record.name) else {
            refused.push((record.name.clone(), "the earlier run has no such scorer".to_owned()));
            continue;
        };
        for reducer in own.record.reducers.iter().filter(|reducer| other.record.reducers.contains(reducer)) {
            match judged(run, earlier, (s, e), *reducer) {
                Err(why) => refused.push((record.name.clone(), why)),
                Ok(cases) => {
                    let kind = kind_of(record, *reducer, None);
                    match corrected_level(&cases, kind, confidence, own.record.seed) {
                        Err(why) => refused.push((record.name.clone(), why.to_string())),
                        Ok(found) => {
                            let alone = level(&run.items(s, *reducer, Fill::Available, None), kind, confidence);
                            let worth = alone.se.zip(found.found.se).map(|(own, with)| (own / with).powi(2));
                            rows.push(Helped {
                                scorer: record.name.clone(),
                                reducer: *reducer,
                                score: record.score,
                                alone,
                                helped: found.found,
                                cases: found.labels,
                                all: cases.len(),
                                worth: worth.filter(|worth| worth.is_finite() && *worth > 1.0),
                            });
                        }
                    }
                }
            }
        }
    }
    (rows, refused)
}

/// Each case of the earlier run, with this run's value where it has the case.
fn judged(run: Arm<'_>, earlier: Arm<'_>, scorers: (usize, usize), reducer: Reducer) -> Result<Vec<Judged>, String> {
    let (cases, others) = (&run.scores.cases, &earlier.scores.cases);
    let mut judged = Vec::with_capacity(others.len());
    let mut found = 0;
    let mut shared = others.shared(cases, None).peekable();
    for case in 0..others.len() {
        let own = shared.next_if(|(of, _)| *of == case).map(|(_, own)| own);
        let Some((value, repeats)) = earlier.value(case, scorers.1, reducer, Fill::Available) else { continue };
        if others.weight(case) != 1.0 || own.is_some_and(|own| cases.weight(own) != 1.0) {
            return Err("cases carry weights, which this estimate does not know".to_owned());
        }
        let truth = own.and_then(|own| run.value(own, scorers.0, reducer, Fill::Available));
        found += usize::from(truth.is_some());
        judged.push(Judged {
            judge: value,
            truth: truth.map(|(value, _)| value),
            chance: None,
            cluster: others.cluster(case),
            repeats: repeats.max(truth.map_or(1, |(_, repeats)| repeats)),
        });
    }
    let scored =
        (0..cases.len()).filter(|case| run.value(*case, scorers.0, reducer, Fill::Available).is_some()).count();
    if found < scored {
        return Err(format!("{} of its {scored} cases have no value in the earlier run", scored - found));
    }
    if judged.len() == found {
        return Err("the earlier run has no case that this one left out".to_owned());
    }
    Ok(judged)
}
