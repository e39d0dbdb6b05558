//! When a run may end before its last case.
//!
//! A group-sequential gate looks a few times, at equal shares of the cases or where it says. Each look waits until every trial of its
//! cases has an outcome, so that what is looked at is a prefix of the seeded random order and never what happened to
//! finish first. The boundaries are those of Lan & DeMets (1983) with O'Brien–Fleming-type spending: all looks together
//! keep the error of the gate's confidence. A run that ends shows the interval of its last look everywhere (the repeated
//! confidence interval of Jennison & Turnbull), never the naive one.

use assay_core::gate::LookSpending;
use assay_core::run::LookTaken;
use assay_core::{RunRecord, Score};
use assay_scorers::Declared;
use assay_stats::sequential::{Spending, boundaries};
use assay_stats::special::normal_cdf;
use assay_store::PlanFile;
use async_trait::async_trait;

use crate::EngineError;
use crate::gateway::Gateway;

/// Looks at a run before its first trial, and reads its gate at each look.
#[async_trait]
pub trait Referee: Send + Sync {
    /// Before the first trial: asks judges what is to be known of them before anything is spent, `most` questions each at the
    /// most, through a gateway without a cache that pays from the run's budget. Gives what the judges said, for the run's
    /// totals.
    async fn opens(&self, _run: &RunRecord, _: &[Declared], _: &Gateway, _most: u32) -> Result<Vec<Score>, String> {
        Ok(Vec::new())
    }

    /// Whether every rule is decided one way, or one is broken. The record has the cases and the confidence of the
    /// look; everything finished is in the lake.
    async fn decides(&self, at_look: &RunRecord) -> Result<bool, String>;
}

/// For runs whose gate never looks before the end.
#[derive(Clone, Copy, Debug)]
pub struct NoReferee;

#[async_trait]
impl Referee for NoReferee {
    async fn decides(&self, _: &RunRecord) -> Result<bool, String> {
        Ok(false)
    }
}

/// A part of a run, after which the gate may look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Cases from the start of the order.
    pub cases: u64,
    /// The look after it.
    pub taken: Option<LookTaken>,
}

/// The parts of a run: one, unless its gate looks more often.
pub(crate) fn planned(record: &RunRecord) -> Result<Vec<Part>, EngineError> {
    let all = record.cases;
    let cases = record.gate.looks.cases(all);
    // A run that a look has ended is only gone over again.
    if record.gate.stop.is_none() || cases.len() < 2 || !record.looks.is_empty() {
        return Ok(vec![Part { cases: all, taken: None }]);
    }
    let shares: Vec<f64> = cases.iter().map(|cases| *cases as f64 / all as f64).collect();
    let spending = match record.gate.spending {
        LookSpending::Late => Spending::OBrienFleming,
        LookSpending::Even => Spending::Pocock,
    };
    let boundaries = boundaries(&shares, 1.0 - record.gate.confidence, spending)
        .map_err(|error| EngineError::Usage(format!("`gate.looks`: {error}")))?;
    let part = |(cases, look): (&u64, &assay_stats::sequential::Look)| {
        // No interval has all of the probability.
        let confidence = (1.0 - 2.0 * normal_cdf(-look.critical)).min(1.0 - 1e-12);
        let gate = Some(record.gate.confidence);
        Part { cases: *cases, taken: Some(LookTaken { cases: *cases, of: all, confidence, decided: false, gate }) }
    };
    Ok(cases.iter().zip(&boundaries).map(part).collect())
}

/// A run as of a look.
pub(crate) fn at(record: &RunRecord, look: &LookTaken) -> RunRecord {
    let mut record = record.clone();
    record.cases = look.cases;
    record.gate.confidence = look.confidence;
    record
}

/// The order takes cases one by one, so that a look would see parts of clusters; and a run that ends early would leave
/// critical cases out, of which every one has to be seen.
pub(crate) async fn refuse(record: &RunRecord, plan: &PlanFile) -> Result<(), EngineError> {
    if record.gate.stop.is_none() {
        return Ok(());
    }
    let why = match plan.has_clusters_or_critical().await? {
        (true, _) => "`gate.stop` needs cases without clusters: an early look would see parts of clusters",
        (_, true) => "`gate.stop` needs cases that are not critical: an early end would leave critical ones out",
        (false, false) => return Ok(()),
    };
    Err(EngineError::Usage(format!("{why}. Leave out `stop`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_to_all_cases_and_confidence_falls() {
        let mut record = crate::simulator::record_of(1_000);
        assert_eq!(planned(&record).unwrap().len(), 1);
        record.gate.stop = Some(assay_core::gate::StopRule::GroupSequential);
        let parts = planned(&record).unwrap();
        let cases: Vec<u64> = parts.iter().map(|part| part.cases).collect();
        assert_eq!(cases, [200, 400, 600, 800, 1_000]);
        let confidence: Vec<f64> = parts.iter().map(|part| part.taken.unwrap().confidence).collect();
        assert!(confidence.windows(2).all(|pair| pair[0] > pair[1]));
        // statistics.md §4.3: at the fifth look the critical value is 2.031 instead of 1.960.
        let last = assay_stats::special::normal_quantile(0.5 + confidence[4] / 2.0);
        assert!((last - 2.031).abs() < 2e-3, "{last}");
        let few = crate::simulator::record_of(25);
        let few = RunRecord { gate: record.gate.clone(), ..few };
        assert_eq!(planned(&few).unwrap().iter().map(|part| part.cases).collect::<Vec<_>>(), [13, 25]);
    }

    #[test]
    fn a_run_may_begin_with_few_cases_and_be_extended() {
        let mut record = crate::simulator::record_of(1_000);
        record.gate.stop = Some(assay_core::gate::StopRule::GroupSequential);
        record.gate.looks = assay_core::gate::Looks::After(vec![300, 305, 600, 2_000]);
        let cases = |record: &RunRecord| planned(record).unwrap().iter().map(|part| part.cases).collect::<Vec<_>>();
        assert_eq!(cases(&record), [300, 600, 1_000], "looks that add next to nothing, or come too late, are left out");
        let first = |record: &RunRecord| planned(record).unwrap()[0].taken.unwrap().confidence;
        let late = first(&record);
        record.gate.spending = LookSpending::Even;
        assert!(first(&record) < late, "more of the error may be used early");
    }
}
